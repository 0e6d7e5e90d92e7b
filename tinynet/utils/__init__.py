"""Utilities around training, under Keras's names: labels, sequences, files, seeds."""

from ..data.arrays import pack_x_y_sample_weight, unpack_x_y_sample_weight
from ..core.registry import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from .directories import image_dataset_from_directory, text_dataset_from_directory
from .downloads import get_file
from .images import array_to_img, img_to_array, load_img, save_img
from .numerical import normalize, to_categorical
from .plot_model import plot_model
from .progbar import Progbar
from ..data.py_dataset import PyDataset, Sequence
from .sequences import pad_sequences
from .session import clear_session, set_random_seed
from .split import split_dataset
from .timeseries import timeseries_dataset_from_array
from .weights_file import load_weights_npz, save_weights_npz

__all__ = [
    "CustomObjectScope", "Progbar", "PyDataset", "Sequence", "array_to_img", "clear_session", "custom_object_scope",
    "get_custom_objects", "get_file", "get_registered_name", "get_registered_object", "image_dataset_from_directory",
    "img_to_array", "load_img", "load_weights_npz", "normalize", "pack_x_y_sample_weight", "pad_sequences",
    "plot_model", "register_keras_serializable", "save_img", "save_weights_npz", "set_random_seed", "split_dataset",
    "text_dataset_from_directory", "timeseries_dataset_from_array", "to_categorical", "unpack_x_y_sample_weight",
]
