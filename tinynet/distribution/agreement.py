"""Before the first step: do all ranks have the same program, data and model?

Each rank describes what it has in a few texts; where one differs, all ranks raise the same error, which names it.
"""

from __future__ import annotations

import hashlib
import platform
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ..core.nest import flatten
from ..core.types import Array
from ..version import __version__
from .faults import Disagreement

SAMPLED_ROWS = 64


def check_same(communicator: Any, facts: dict[str, str]) -> None:
    """Raise on all ranks if one has other facts than rank 0.

    Args:
        communicator: The ranks.
        facts: {what: text} of this rank.

    Raises:
        Disagreement: with the first difference.
    """
    everywhere = communicator.exchange(facts)
    for rank, theirs in enumerate(everywhere):
        for what in {**everywhere[0], **theirs}:
            first, other = everywhere[0].get(what, "none"), theirs.get(what, "none")
            if first != other:
                raise Disagreement(
                    f"the processes differ in {what}: rank 0 on {communicator.hosts[0]} has {first}, rank {rank} on "
                    f"{communicator.hosts[rank]} has {other}. All must run the same script, with the same version and "
                    "the same data"
                )


def facts_of_program() -> dict[str, str]:
    """What must be the same on all hosts whatever is trained."""
    script = Path(sys.argv[0]) if sys.argv and sys.argv[0] else None
    found = {"the version of tinynet": __version__, "the version of NumPy": np.__version__.rpartition(".")[0],
             "the version of Python": ".".join(platform.python_version_tuple()[:2])}
    if script is not None and script.is_file():
        found[f"the script {script.name}"] = f"the contents {hashlib.sha256(script.read_bytes()).hexdigest()[:12]}"
    return found


def facts_of_data(name: str, batches: Any) -> dict[str, str]:
    """What can be compared of data without reading all of it.

    Args:
        name: What the message calls it.
        batches: From `tinynet.data.make_batches`.
    """
    found = {f"the number of batches of {name}": str(batches.num_batches),
             f"the batch size of {name}": str(batches.batch_size)}
    for part in ("x", "y", "sample_weight"):
        for number, leaf in enumerate(flatten(getattr(batches, part, None))):
            if leaf is not None:
                found[f"{name}, {part} ({number})"] = _described(leaf)
    return found


def _described(array: Array) -> str:
    rows = np.unique(np.linspace(0, max(len(array) - 1, 0), SAMPLED_ROWS).astype(np.int64))
    sampled = np.ascontiguousarray(array[rows]) if len(array) else array
    # The bytes of an array of objects, as of texts, are addresses.
    mark = zlib.crc32(repr(sampled.tolist()).encode() if array.dtype == object else sampled.tobytes())
    return f"{array.dtype} of shape {array.shape}, rows with the check sum {mark:08x}"


def facts_of_model(model: Any) -> dict[str, str]:
    """The layers, the weights' shapes, the optimizer."""
    weights = [(tuple(weight.shape), str(weight.dtype)) for weight in model.weights] if model.built else []
    layers = [type(layer).__name__ for layer in getattr(model, "layers", [])]
    found = {"the layers": ", ".join(layers) or type(model).__name__, "the weights": str(weights)}
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None:
        config = {key: value for key, value in optimizer.get_config().items() if key != "name"}
        found["the optimizer"] = f"{type(optimizer).__name__} {config}"
    return found


def facts_of_arrays(arrays: list[tuple[str, Array]]) -> dict[str, str]:
    """The names, shapes and types of gradients, in the order in which they are sent."""
    return {"the gradients": "; ".join(f"{name} {array.shape} {array.dtype}" for name, array in arrays)}


def check_sum(array: Array) -> int:
    """A number that differs where arrays differ."""
    return zlib.crc32(np.ascontiguousarray(array).view(np.uint8).reshape(-1).data, array.size)
