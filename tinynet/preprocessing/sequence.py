"""`keras.preprocessing.sequence`: sequences of equal length, and windows of a series."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import random
from ..core.types import Array
from ..data.py_dataset import PyDataset
from ..utils.sequences import pad_sequences

__all__ = ["TimeseriesGenerator", "pad_sequences"]


class TimeseriesGenerator(PyDataset):
    """Batches of windows of a series, each with the target that follows it.

    Args:
        data: Array, one time step a row.
        targets: Array, one target a time step.
        length: Time steps of a window.
        sampling_rate: Take every so many steps of a window.
        stride: Steps between windows.
        start_index, end_index: Use only the time steps in this range.
        shuffle: Whether to draw windows at random.
        reverse: Whether to reverse windows in time.
        batch_size: Windows a batch.

    Raises:
        ValueError: unequal lengths, or no window fits into the range.

    >>> series = TimeseriesGenerator(np.arange(6), np.arange(6), length=2, batch_size=2)
    >>> x, y = series[0]
    >>> x.tolist(), y.tolist()
    ([[0, 1], [1, 2]], [2, 3])
    """

    def __init__(self, data: Any, targets: Any, length: int, sampling_rate: int = 1, stride: int = 1,
                 start_index: int = 0, end_index: int | None = None, shuffle: bool = False, reverse: bool = False,
                 batch_size: int = 128) -> None:
        super().__init__()
        self.data, self.targets = np.asarray(data), np.asarray(targets)
        if len(self.data) != len(self.targets):
            raise ValueError(f"TimeseriesGenerator: {len(self.data)} time steps but {len(self.targets)} targets")
        self.length, self.sampling_rate, self.stride = length, sampling_rate, stride
        self.start_index = start_index + length
        self.end_index = len(self.data) - 1 if end_index is None else end_index
        self.shuffle, self.reverse, self.batch_size = shuffle, reverse, batch_size
        if self.start_index > self.end_index:
            raise ValueError(f"TimeseriesGenerator: no window of {length} steps fits between {start_index} and "
                             f"{self.end_index}")

    def __len__(self) -> int:
        return math.ceil((self.end_index - self.start_index + 1) / (self.batch_size * self.stride))

    def __getitem__(self, index: int) -> tuple[Array, Array]:
        if self.shuffle:
            ends = random.generator().integers(self.start_index, self.end_index + 1, self.batch_size)
        else:
            first = self.start_index + self.batch_size * self.stride * index
            ends = np.arange(first, min(first + self.batch_size * self.stride, self.end_index + 1), self.stride)
        x = np.stack([self.data[end - self.length : end : self.sampling_rate] for end in ends])
        y = self.targets[ends]
        return (x[:, ::-1] if self.reverse else x), y
