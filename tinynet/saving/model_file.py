"""Whole models in one file: configuration, weights, what they were compiled with, and the state of training.

A `.keras` file of tinynet is a zip archive of

    metadata.json        {"format": "tinynet", "format_version": 1, "tinynet_version": ..., "card": the model's card}
    config.json          the model, its shapes and what it was compiled with, in the format of Keras 3
    model.safetensors    weights, the optimizer's state, and the state of the random generators

It holds no code and no pickles, and loading imports nothing by name. Keras cannot read it, since it reads weights from
HDF5 only: `format="keras"` writes what Keras reads (with the extra "h5").
"""

from __future__ import annotations

import io
import json
import os
from typing import Any

from ..core.errors import ModelFileError
from ..core.reading import allowed_bytes
from ..core.tracebacks import short_traceback
from ..serialization import serialize_keras_object, shared_layers
from ..utils.files import atomic_write
from ..version import __version__
from . import h5, legacy_h5, safetensors
from .archive import CONFIG, KERAS_WEIGHTS, METADATA, WEIGHTS, Archive, write_archive
from .building import build_model, undisturbed_session
from .foreign import without_foreign_arguments
from .keras_limits import faults_for_keras
from .paths import input_path, is_hdf5, output_path
from .state import OPTIMIZER, SHUFFLE, build_optimizer, gather, optimizer_metadata, restore, trained_parts
from .weights import safetensors_stored

FORMAT_VERSION = 1
KERAS_VERSION = "3.15.1"  # whose format `format="keras"` follows


@short_traceback
def save_model(model: Any, filepath: str | os.PathLike[str], overwrite: bool = True, zipped: bool | None = None,
               format: str | None = None) -> None:
    """Write a model to a file, whole or not at all.

    A model that is loaded and trained further gets the same bits as one that was never interrupted: the file has the
    weights, the optimizer's state, and the state of the random generators of dropout and shuffling. It does not have
    the state of metrics.

    Args:
        model: A built model.
        filepath: Ends in `.keras`; or in `.h5`, the old format of Keras, which needs the extra "h5".
        overwrite: Whether to replace an existing file; False raises FileExistsError.
        zipped: None or True; folders are not written.
        format: "tinynet" (the same as None), or "keras" for a file that Keras 3 reads, too (needs the extra "h5"; it
            lacks the state of random generators).

    Raises:
        ValueError: another ending, or a model that cannot be described, such as one with a lambda inside; with
            format="keras", a layer or optimizer that Keras does not have.
        OSError: as raised, with the path; an old file is left as it was.

    >>> import tempfile, os
    >>> path = os.path.join(tempfile.mkdtemp(), "model.keras")
    >>> save_model(Sequential([Input((3,)), Dense(2, name="last")]), path)
    >>> load_model(path).layers[-1].name
    'last'
    """
    path = output_path(filepath, overwrite)
    if not hasattr(model, "fit"):  # models are above this module
        raise TypeError(f"save_model: expected a model, got {model!r}")
    if zipped is False:
        raise NotImplementedError("save_model: zipped=False (a folder, not a file) is not supported; leave it out")
    if format not in (None, "tinynet", "keras"):
        raise ValueError(f"save_model: format must be 'tinynet' or 'keras', got {format!r}")
    if path.suffix in (".h5", ".hdf5"):
        legacy_h5.save(model, path)
        return
    if path.suffix != ".keras":
        raise ValueError(
            f"save_model: the file's name must end in .keras, got {os.fspath(filepath)!r}. Folders in TensorFlow's "
            "SavedModel format are not written."
        )
    members = _members(model, format)
    with atomic_write(path) as file:
        write_archive(file, members)


def model_to_bytes(model: Any) -> bytes:
    """Return the content that `save_model` writes into a `.keras` file; pickles of estimators hold it."""
    file = io.BytesIO()
    write_archive(file, _members(model))
    return file.getvalue()


def model_from_bytes(data: bytes, name: str = "<bytes>") -> Any:
    """Return the model that `model_to_bytes` wrote, compiled as it was.

    Args:
        data: The bytes.
        name: What messages call them.

    Raises:
        ModelFileError: as `load_model` does.
    """
    with undisturbed_session():
        return load_archive(name, None, True, io.BytesIO(data))


def _members(model, format=None):
    """{name: content} of a model's archive."""
    arrays = gather(model, random_state=format != "keras")
    with shared_layers():
        config = serialize_keras_object(model)
    members = {CONFIG: to_json(config)}
    card = getattr(model, "card", None)
    card = {"card": card} if card and isinstance(card, dict) else {}  # a model's own class may call something else so
    if format == "keras":
        faults = faults_for_keras(config)
        if faults:
            raise ValueError(f"save_model: format='keras' writes for Keras, which will not read {'; '.join(faults)}. "
                             "Leave out format= for a file of tinynet")
        content = h5.to_bytes(model, arrays)
        members = {METADATA: to_json({"keras_version": KERAS_VERSION, "date_saved": "", **card}), **members,
                   KERAS_WEIGHTS: lambda file: file.write(content)}
    else:
        about_optimizer = optimizer_metadata(model)
        members = {METADATA: to_json({"format": "tinynet", "format_version": FORMAT_VERSION,
                                      "tinynet_version": __version__, **card}), **members,
                   WEIGHTS: lambda file: safetensors.write(file, arrays, about_optimizer)}
    return members


@short_traceback
def load_model(filepath: str | os.PathLike[str], custom_objects: dict[str, Any] | None = None, compile: bool = True,
               safe_mode: bool = True, max_bytes: int | None = None) -> Any:
    """Return a model from a file of `save_model`, or of Keras (with the extra "h5"): `.keras`, and the old `.h5`.

    Args:
        filepath: Of the file.
        custom_objects: {name: class or function} of your own that the model is made of.
        compile: Whether to compile the model as it was, with the optimizer's state.
        safe_mode: Taken for Keras's sake; code inside a file is never run, and no file that it names is opened.
        max_bytes: The most memory that the weights, and any tensor that is made to find shapes, may take; the larger
            of 1 GiB and 10 times the file if None.

    Raises:
        ModelFileError: a damaged or hostile file, one of a newer version, one that would take more memory than allowed,
            or one with classes that are not known; the message has the path in the file.
        OSError: the file cannot be read.

    >>> Sequential([tn.Input((2,)), Dense(1)]).save("model.keras")
    >>> load_model("model.keras").count_params()
    3
    """
    path = input_path(filepath)
    with undisturbed_session():
        if is_hdf5(path):
            return legacy_h5.load(path, custom_objects, compile, max_bytes)
        return load_archive(path, custom_objects, compile, max_bytes=max_bytes)


def load_archive(path: Any, custom_objects: dict[str, Any] | None, compile: bool, file: Any = None,
                 max_bytes: int | None = None) -> Any:
    """Return the model of a `.keras` file.

    Args:
        path, custom_objects, compile, max_bytes: As for `load_model`.
        file: The file, open for reading, if it is not to be opened here; `path` is then its name in messages.
    """
    with Archive(path, file, max_bytes) as archive:
        allowed = allowed_bytes(archive.size_bytes, max_bytes)
        metadata = archive.read_json(METADATA)
        by_keras = isinstance(metadata, dict) and "keras_version" in metadata
        if not by_keras:
            _check_version(metadata, f"{path}: {METADATA}")
        config = archive.read_json(CONFIG)
        where = f"{path}: {CONFIG}"
        name = KERAS_WEIGHTS if by_keras else WEIGHTS
        with archive.open(name) as file:
            member = f"{path}: {name}"
            if by_keras:
                with h5.opened(file, member) as stored:
                    model = build_model(without_foreign_arguments(config), where, custom_objects, compile,
                                        h5.total_bytes(stored, member, archive.size_bytes, max_bytes), allowed)
                    _fill(model, h5.of_weights(stored), {}, member)
            else:
                model = build_model(config, where, custom_objects, compile, archive.size(name), allowed)
                _fill(model, *safetensors_stored(file, archive.size(name), member), member, random_state=True)
    card = metadata.get("card")
    if card is not None:
        if not isinstance(card, dict):
            raise ModelFileError(f"{path}: {METADATA}: the card must be a dict, got {card!r:.80}")
        model.card = card
    return model


def _fill(model, stored, metadata, where, random_state=False):
    for prefix, part in trained_parts(model).items():
        if part.compiled and part.optimizer is not None:
            own = {name.removeprefix(prefix): one for name, one in stored.items() if name.startswith(prefix)}
            build_optimizer(part, own, {} if prefix else metadata, where)
        else:
            stored = {name: one for name, one in stored.items() if not name.startswith(f"{prefix}{OPTIMIZER}/")}
        if random_state and f"{prefix}{SHUFFLE}" in stored:
            part._orders()
    restore(model, stored, where, random_state=random_state)


def _check_version(metadata, where):
    version = metadata.get("format_version") if isinstance(metadata, dict) else None
    if not isinstance(metadata, dict) or metadata.get("format") != "tinynet" or type(version) is not int:
        raise ModelFileError(f"{where}: neither tinynet's nor Keras's: {metadata!r:.80}")
    if not 1 <= version <= FORMAT_VERSION:
        raise ModelFileError(
            f"{where}: saved by format {version}, this tinynet ({__version__}) reads 1-{FORMAT_VERSION}; "
            "upgrade tinynet"
        )


def to_json(tree: Any) -> bytes:
    """Return a tree of plain values as bytes.

    Raises:
        ValueError: it has NaN or infinities, which JSON does not have.
    """
    try:
        return json.dumps(tree, indent=1, allow_nan=False).encode()
    except ValueError as error:
        raise ValueError(f"save_model: the model's configuration cannot be written as JSON: {error}") from None
