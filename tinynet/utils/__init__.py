"""Utilities around training, under Keras's names: labels, sequences, files, seeds."""

from ..data.arrays import pack_x_y_sample_weight, unpack_x_y_sample_weight
from .files import get_file
from .numerical import normalize, to_categorical
from .progbar import Progbar
from .py_dataset import PyDataset, Sequence
from .sequences import pad_sequences
from .session import clear_session, set_random_seed
from .weights_file import load_weights_npz, save_weights_npz

__all__ = [
    "Progbar", "PyDataset", "Sequence", "clear_session", "get_file", "load_weights_npz", "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences", "save_weights_npz", "set_random_seed", "to_categorical", "unpack_x_y_sample_weight",
]
