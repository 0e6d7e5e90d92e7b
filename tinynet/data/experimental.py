"""Older names of what `tinynet.data` has: `tf.data.experimental.AUTOTUNE` and the like."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..core.absence import explainer
from .dataset import AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Dataset
from .text_files import CsvDataset

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["AUTOTUNE", "Counter", "CsvDataset", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY", "cardinality",
           "bucket_by_sequence_length", "choose_from_datasets", "sample_from_datasets"]

Counter = Dataset.counter
sample_from_datasets = Dataset.sample_from_datasets


def cardinality(dataset: Dataset) -> Tensor:
    """Return `dataset.cardinality()`."""
    return dataset.cardinality()


def choose_from_datasets(datasets: list[Dataset], choice_dataset: Dataset,
                         stop_on_empty_dataset: bool = False) -> Dataset:
    """Return `Dataset.choose_from_datasets` of these; here it goes on after a data set has ended."""
    return Dataset.choose_from_datasets(datasets, choice_dataset, stop_on_empty_dataset)


def bucket_by_sequence_length(element_length_func: Callable[..., Any], bucket_boundaries: list[int],
                              bucket_batch_sizes: list[int], *args: Any, **kwargs: Any) -> Callable[[Dataset], Dataset]:
    """Return a function for `Dataset.apply`, which does what the method of this name does; its arguments are these.

    >>> rows = Dataset.from_tensor_slices([1, 2]).map(lambda n: np.ones(int(n), int))
    >>> [x.shape for x in rows.apply(bucket_by_sequence_length(len, [3], [2, 2]))]
    [(2, 2)]
    """
    return lambda dataset: dataset.bucket_by_sequence_length(element_length_func, bucket_boundaries,
                                                             bucket_batch_sizes, *args, **kwargs)


__getattr__ = explainer(__name__)
