"""Windows of a series as a data set."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import random
from ..data.dataset import AUTOTUNE, Dataset


def timeseries_dataset_from_array(data: Any, targets: Any, sequence_length: int, sequence_stride: int = 1,
                                  sampling_rate: int = 1, batch_size: int | None = 128, shuffle: bool = False,
                                  seed: int | None = None, start_index: int | None = None, end_index: int | None = None,
                                  format: str = "tf") -> Dataset:  # noqa: A002
    """Return a `Dataset` of windows data[i], data[i + r], ..., data[i + (sequence_length - 1) r], with targets[i].

    Args:
        data: Array, one time step a row.
        targets: Array, the target of the window that begins at each time step; None for windows alone.
        sequence_length: Time steps a window.
        sequence_stride: Steps between the beginnings of windows.
        sampling_rate: r, steps between the elements of a window.
        batch_size: Windows a batch; single windows if None.
        shuffle: Whether windows are in random order.
        seed: int, for the order.
        start_index, end_index: Use only the time steps in this range.
        format: "tf"; taken for Keras's sake.

    Raises:
        ValueError: a length, stride or index outside the data.

    >>> for x, y in timeseries_dataset_from_array(np.arange(5), np.arange(2, 5), sequence_length=2):
    ...     print(x.tolist(), y.tolist())
    [[0, 1], [1, 2], [2, 3]] [2, 3, 4]
    """
    where = "timeseries_dataset_from_array"
    for name, value in (("sequence_length", sequence_length), ("sequence_stride", sequence_stride),
                        ("sampling_rate", sampling_rate)):
        if not 0 < value < len(data):
            raise ValueError(f"{where}: {name} must be from 1 to {len(data) - 1}, got {value}")
    first, end = start_index or 0, len(data) if end_index is None else end_index
    if not 0 <= first < end <= len(data):
        raise ValueError(f"{where}: start_index {start_index} and end_index {end_index} do not lie in 0..{len(data)}")
    data = np.asarray(data)[first:end]
    reach = (sequence_length - 1) * sampling_rate
    windows = len(data) - reach
    if targets is not None:
        targets = np.asarray(targets)[first:end]
        windows = min(windows, len(targets))
    starts = np.arange(0, windows, sequence_stride)
    if shuffle:
        random.generator(seed).shuffle(starts)
    offsets = np.arange(0, reach + 1, sampling_rate)

    def window(start):
        i = int(start)
        return data[i + offsets] if targets is None else (data[i + offsets], targets[i])

    dataset = Dataset.from_tensor_slices(starts)
    if shuffle:
        dataset = dataset.shuffle(len(starts), seed)
    dataset = dataset.map(window)
    return (dataset if batch_size is None else dataset.batch(batch_size)).prefetch(AUTOTUNE)
