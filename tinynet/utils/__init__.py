"""Utilities around training: labels, sequences, files, data sets."""

from ..data.arrays import pack_x_y_sample_weight, unpack_x_y_sample_weight
from .files import get_file
from .numerical import normalize, to_categorical
from .py_dataset import PyDataset, Sequence
from .sequences import pad_sequences

__all__ = [
    "PyDataset", "Sequence", "get_file", "normalize", "pack_x_y_sample_weight", "pad_sequences", "to_categorical",
    "unpack_x_y_sample_weight",
]
