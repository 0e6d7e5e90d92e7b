"""Older names of what `tinynet.data` has: `tf.data.experimental.AUTOTUNE` and the like."""

from .dataset import AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY
from .text_files import CsvDataset

__all__ = ["AUTOTUNE", "CsvDataset", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY", "cardinality"]


def cardinality(dataset):
    """`dataset.cardinality()`."""
    return dataset.cardinality()
