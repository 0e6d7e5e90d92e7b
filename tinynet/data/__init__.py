"""The input pipeline: arrays, generators and data sets become shuffled batches of the right types."""

from .arrays import (
    ArrayBatches,
    class_weights_to_sample_weights,
    pack_x_y_sample_weight,
    train_validation_split,
    unpack_x_y_sample_weight,
)
from .dataset import AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Dataset
from .epochs import Epochs, is_array_data, make_batches
from .iterables import IterableBatches, PyDatasetBatches
from .rows import check_finite, gather
from .text_files import TextLineDataset

__all__ = [
    "AUTOTUNE",
    "ArrayBatches",
    "Dataset",
    "Epochs",
    "INFINITE_CARDINALITY",
    "IterableBatches",
    "PyDatasetBatches",
    "TextLineDataset",
    "UNKNOWN_CARDINALITY",
    "check_finite",
    "class_weights_to_sample_weights",
    "gather",
    "is_array_data",
    "make_batches",
    "pack_x_y_sample_weight",
    "train_validation_split",
    "unpack_x_y_sample_weight",
]
