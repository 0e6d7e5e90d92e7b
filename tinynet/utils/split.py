"""A data set in two parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import random
from ..data.dataset import Dataset
from ..data.elements import leaves, map_leaves, stack, to_leaf
from ..tensor import Tensor


def split_dataset(dataset: Any, left_size: float | None = None, right_size: float | None = None, shuffle: bool = False,
                  seed: int | None = None, preferred_backend: str | None = None) -> tuple[Dataset, Dataset]:
    """Return two `Dataset`s, of the first elements and the others.

    Args:
        dataset: Dataset, or array, tuple or dict of arrays with one element a row, or a list of elements.
        left_size, right_size: How many elements (int) or which share (float); one may be None.
        shuffle: Whether to shuffle before.
        seed: int, for the order.
        preferred_backend: Taken for Keras's sake and ignored.

    Raises:
        ValueError: both sizes are None, or the parts are empty or too large.

    >>> left, right = split_dataset(np.arange(10), left_size=0.8)
    >>> len(left), len(right)
    (8, 2)
    """
    if left_size is None and right_size is None:
        raise ValueError("split_dataset: give left_size or right_size")
    if isinstance(dataset, Dataset):
        rows = stack(list(dataset._elements()), "split_dataset")
    elif isinstance(dataset, np.ndarray | Tensor | tuple | dict):
        rows = map_leaves(to_leaf, dataset)
    else:
        rows = stack([map_leaves(to_leaf, element) for element in dataset], "split_dataset")
    count = len(leaves(rows)[0])
    left, right = (_number(size, count) for size in (left_size, right_size))
    left = count - right if left is None else left
    right = count - left if right is None else right
    if left < 1 or right < 1 or left + right > count:
        raise ValueError(f"split_dataset: {left} and {right} elements of {count} do not make two parts")
    order = random.generator(seed).permutation(count) if shuffle else np.arange(count)
    def part(numbers):
        return Dataset.from_tensor_slices(map_leaves(lambda array: array[numbers], rows))

    return part(order[:left]), part(order[left : left + right])


def _number(size, count):
    if size is None:
        return None
    return round(size * count) if isinstance(size, float) else int(size)
