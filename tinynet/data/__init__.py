"""The input pipeline: arrays, generators and data sets become shuffled batches of the right types."""

from .arrays import (
    ArrayBatches,
    class_weights_to_sample_weights,
    pack_x_y_sample_weight,
    train_validation_split,
    unpack_x_y_sample_weight,
)
from .epochs import Epochs, is_array_data, make_batches
from .iterables import IterableBatches, PyDatasetBatches
from .rows import check_finite, gather

__all__ = [
    "ArrayBatches",
    "Epochs",
    "IterableBatches",
    "PyDatasetBatches",
    "check_finite",
    "class_weights_to_sample_weights",
    "gather",
    "is_array_data",
    "make_batches",
    "pack_x_y_sample_weight",
    "train_validation_split",
    "unpack_x_y_sample_weight",
]
