"""Weights in NumPy's own file format, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from .files import atomic_write


def save_weights_npz(model: Any, path: str | os.PathLike[str]) -> None:
    """Write a model's weights to a .npz file, under the names 0, 1, ... in the order of `model.weights`.

    A crash while writing leaves the old file.

    Args:
        model: A built model.
        path: Ends in .npz.
    """
    with atomic_write(Path(os.fspath(path)).expanduser()) as file:
        np.savez(file, **{str(index): values for index, values in enumerate(model.get_weights())})


def load_weights_npz(model: Any, path: str | os.PathLike[str]) -> None:
    """Set a model's weights from a file of `save_weights_npz`.

    Args:
        model: A built model.
        path: Of the file.

    Raises:
        ValueError: the file holds other shapes than the model; nothing is changed then.
    """
    with np.load(Path(os.fspath(path)).expanduser(), allow_pickle=False) as file:
        model.set_weights([file[str(index)] for index in range(len(file.files))])
