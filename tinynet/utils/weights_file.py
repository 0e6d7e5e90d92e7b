"""Weights in NumPy's own file format, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import ModelFileError
from ..core.reading import translated
from .files import atomic_write
from .npz import read_npz


def save_weights_npz(model: Any, path: str | os.PathLike[str]) -> None:
    """Write a model's weights to a .npz file, under the names 0, 1, ... in the order of `model.weights`.

    A crash while writing leaves the old file.

    Args:
        model: A built model.
        path: Ends in .npz.

    >>> save_weights_npz(Sequential([tn.Input((2,)), Dense(1)]), "line.npz")
    >>> [array.shape for array in np.load("line.npz").values()]
    [(2, 1), (1,)]
    """
    with atomic_write(Path(os.fspath(path)).expanduser()) as file:
        np.savez(file, **{str(index): values for index, values in enumerate(model.get_weights())})


def load_weights_npz(model: Any, path: str | os.PathLike[str], max_bytes: int | None = None) -> None:
    """Set a model's weights from a file of `save_weights_npz`.

    Args:
        model: A built model.
        path: Of the file.
        max_bytes: The most that the arrays may take; the larger of 1 GiB and 10 times the file if None.

    Raises:
        ModelFileError: a ValueError. The file is damaged, would take more memory than allowed, or holds other shapes
            than the model; nothing is changed then.
        OSError: it cannot be read.

    >>> from tinynet.utils import save_weights_npz
    >>> one, other = Sequential([tn.Input((2,)), Dense(1)]), Sequential([tn.Input((2,)), Dense(1)])
    >>> save_weights_npz(one, "line.npz")
    >>> load_weights_npz(other, "line.npz")
    >>> np.array_equal(one.get_weights()[0], other.get_weights()[0])
    True
    """
    arrays = read_npz(path, max_bytes, ModelFileError)
    missing = [index for index in range(len(arrays)) if str(index) not in arrays]
    if missing:
        raise ModelFileError(f"{path}: has no array '{missing[0]}'; it was not written by save_weights_npz")
    with translated(path, ModelFileError):
        model.set_weights([arrays[str(index)] for index in range(len(arrays))])
