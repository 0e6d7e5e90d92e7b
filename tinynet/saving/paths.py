"""Names of files that users pass to the functions of this folder."""

from __future__ import annotations

import os
from pathlib import Path

from ..core.errors import ModelFileError


def output_path(filepath: str | os.PathLike[str], overwrite: bool) -> Path:
    """Return the path to write to, with `~` expanded.

    Args:
        filepath: Given by the user.
        overwrite: Whether an existing file may be replaced.

    Raises:
        IsADirectoryError: it is a folder.
        FileExistsError: it exists and is not to be replaced.
    """
    path = Path(os.fspath(filepath)).expanduser()
    if path.is_dir():
        raise IsADirectoryError(21, "Is a directory", str(path))
    if not overwrite and path.exists():
        raise FileExistsError(17, "File exists, and overwrite is False", str(path))
    return path


def input_path(filepath: str | os.PathLike[str]) -> Path:
    """Return the path to read from, with `~` expanded.

    Raises:
        ModelFileError: TensorFlow's checkpoint, or an empty file.
        IsADirectoryError: it is a folder.
    """
    path = Path(os.fspath(filepath)).expanduser()
    if path.is_dir():
        hint = "; TensorFlow's SavedModel cannot be read" if (path / "saved_model.pb").exists() else ""
        raise IsADirectoryError(21, f"Is a directory{hint}", str(path))
    if not path.exists() and path.with_name(path.name + ".index").exists():
        raise ModelFileError(f"{path}: TensorFlow's checkpoints (.index, .data-...) cannot be read; with TensorFlow, "
                             "load it and save the weights as .weights.h5")
    if path.is_file() and path.stat().st_size == 0:
        raise ModelFileError(f"{path}: the file is empty: saving or copying it was cut off, or the disk was full; save "
                             "or copy it again")
    return path


def is_hdf5(path: str | os.PathLike[str]) -> bool:
    """Report whether a file begins as HDF5 files do."""
    with open(path, "rb") as file:
        return file.read(8) == b"\x89HDF\r\n\x1a\n"
