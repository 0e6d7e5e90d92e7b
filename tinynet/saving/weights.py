"""Weights alone: `model.save_weights` and `model.load_weights`.

    name.weights.h5       Keras 3's layout, which Keras reads and tinynet reads; needs the extra "h5"
    name.safetensors      the same names in a safetensors file; needs nothing
"""

from __future__ import annotations

import functools
import os
from typing import Any, BinaryIO

from ..core.errors import ModelFileError
from ..utils.files import atomic_write
from . import h5, legacy_h5, safetensors
from .archive import KERAS_WEIGHTS, WEIGHTS, Archive
from .paths import input_path, is_hdf5, output_path
from .state import OPTIMIZER, Stored, gather, restore, trained_parts


def save_weights(model: Any, filepath: str | os.PathLike[str], overwrite: bool = True,
                 max_shard_size: Any = None) -> None:
    """Write a model's weights, and the state of its optimizer, to a file, whole or not at all.

    Args:
        model: A built model.
        filepath: Ends in `.weights.h5` (needs the extra "h5") or in `.safetensors`.
        overwrite: Whether to replace an existing file; False raises FileExistsError.
        max_shard_size: None; files in several parts are not written.

    Raises:
        ValueError: another ending, or a model that is not built.
        OSError: as raised, with the path; an old file is left as it was.

    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "w.safetensors")
    >>> first, second = Sequential([Input((3,)), Dense(2)]), Sequential([Input((3,)), Dense(2)])
    >>> save_weights(first, path)
    >>> load_weights(second, path)
    >>> bool((first.layers[0].kernel.numpy() == second.layers[0].kernel.numpy()).all())
    True
    """
    if max_shard_size is not None:
        raise NotImplementedError("save_weights: weights in several files are not supported; leave max_shard_size out")
    path = output_path(filepath, overwrite)
    if not model.built:
        raise ValueError(f"{model.name}.save_weights: the model has no weights yet; give it an Input, or call it on "
                         "a batch")
    if path.name.endswith(".weights.h5"):
        content = h5.to_bytes(model, gather(model))
        with atomic_write(path) as file:
            file.write(content)
    elif path.suffix == ".safetensors":
        safetensors.save_file(gather(model), path)
    else:
        raise ValueError("save_weights: the file's name must end in .weights.h5 (which Keras reads, too) "
                         f"or .safetensors, got {os.fspath(filepath)!r}")


def load_weights(model: Any, filepath: str | os.PathLike[str], skip_mismatch: bool = False,
                 by_name: bool = False, max_bytes: int | None = None) -> None:
    """Assign the weights of a file to a built model; if anything does not fit, nothing is changed.

    The state of the optimizer is loaded as well if the file has it and the optimizer has made a step.

    Args:
        model: A model with the same layers as the one that was saved; automatic names may differ.
        filepath: `.weights.h5` or `.keras`, of tinynet or Keras; `.safetensors`; an old `.h5` or `.hdf5` of Keras.
        skip_mismatch: Whether to leave layers that do not fit as they are, with a warning.
        by_name: Only for old `.h5` files: go by the layers' names instead of their order, and leave out layers that
            the file does not have.
        max_bytes: For `.keras` files: the most memory that the file's weights may take; the larger of 1 GiB and 10
            times the file if None. Of other files nothing is read that is larger than the model's own weights.

    Raises:
        ModelFileError: a damaged file, or one with other weights; the message has both shapes.
        ValueError: another ending.
        OSError: the file cannot be read.
    """
    path = input_path(filepath)
    legacy = path.suffix in (".h5", ".hdf5") and not path.name.endswith(".weights.h5")
    if by_name and not legacy:
        raise ValueError(f"load_weights: by_name=True is for old .h5 files; {path.name} goes by the model's structure")
    if legacy:
        legacy_h5.load_weights(model, path, skip_mismatch, by_name)
    elif path.suffix == ".h5":
        if not is_hdf5(path):
            raise ModelFileError(f"{path}: not an HDF5 file")
        with open(path, "rb") as file, h5.opened(file, str(path)) as stored:
            _restore(model, h5.of_weights(stored), str(path), skip_mismatch)
    elif path.suffix == ".safetensors":
        with open(path, "rb") as file:
            stored, _ = safetensors_stored(file, os.fstat(file.fileno()).st_size, str(path))
            _restore(model, stored, str(path), skip_mismatch)
    elif path.suffix == ".keras":
        with Archive(path, max_bytes=max_bytes) as archive:
            _from_archive(model, archive, skip_mismatch)
    else:
        raise ValueError("load_weights: the file's name must end in .weights.h5, .safetensors, .keras or .h5, "
                         f"got {os.fspath(filepath)!r}")


def safetensors_stored(file: BinaryIO, size: int, where: str) -> tuple[dict[str, Stored], dict[str, str]]:
    """Return ({name: Stored}, metadata) of an open safetensors file of `size` bytes."""
    entries, metadata = safetensors.read_header(file, size, where)
    arrays = functools.cache(lambda: safetensors.read_arrays(file, entries, where))  # all of them, at the first read

    def reader(name):
        return lambda: arrays()[name]

    return {entry.name: Stored(entry.shape, entry.dtype, reader(entry.name)) for entry in entries}, metadata


def _from_archive(model, archive, skip_mismatch):
    name = WEIGHTS if WEIGHTS in archive else KERAS_WEIGHTS
    where = f"{archive.path}: {name}"
    with archive.open(name) as file:
        if name == WEIGHTS:
            stored, _ = safetensors_stored(file, archive.size(name), where)
            _restore(model, stored, where, skip_mismatch)
        else:
            with h5.opened(file, where) as stored:
                _restore(model, h5.of_weights(stored), where, skip_mismatch)


def _restore(model, stored, where, skip_mismatch):
    for prefix, part in trained_parts(model).items():
        optimizer = getattr(part, "optimizer", None)
        if optimizer is None or not optimizer.built:
            stored = {name: one for name, one in stored.items() if not name.startswith(f"{prefix}{OPTIMIZER}/")}
    restore(model, stored, where, skip_mismatch)
