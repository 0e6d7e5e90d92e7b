"""Weights in NumPy's own file format, written whole or not at all."""

import os
import tempfile
from pathlib import Path

import numpy as np


def save_weights_npz(model, path):
    """Write a model's weights to a .npz file, under the names 0, 1, ... in the order of `model.weights`.

    The file is written beside its destination and moved there when it is complete, so that a crash leaves the old one.

    Args:
        model: A built model.
        path: Ends in .npz.
    """
    path = Path(os.fspath(path)).expanduser()
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            np.savez(file, **{str(index): values for index, values in enumerate(model.get_weights())})
            file.flush()
            os.fsync(file.fileno())
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def load_weights_npz(model, path):
    """Set a model's weights from a file of `save_weights_npz`.

    Raises:
        ValueError: the file holds other shapes than the model; nothing is changed then.
    """
    with np.load(Path(os.fspath(path)).expanduser(), allow_pickle=False) as file:
        model.set_weights([file[str(index)] for index in range(len(file.files))])


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
