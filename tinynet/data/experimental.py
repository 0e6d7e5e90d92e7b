"""Older names of what `tinynet.data` has: `tf.data.experimental.AUTOTUNE` and the like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.absence import explainer
from .dataset import AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Dataset
from .text_files import CsvDataset

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["AUTOTUNE", "Counter", "CsvDataset", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY", "cardinality",
           "sample_from_datasets"]

Counter = Dataset.counter
sample_from_datasets = Dataset.sample_from_datasets


def cardinality(dataset: Dataset) -> Tensor:
    """Return `dataset.cardinality()`."""
    return dataset.cardinality()


__getattr__ = explainer(__name__)
