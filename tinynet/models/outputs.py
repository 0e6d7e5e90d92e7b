"""What the user gives for each output of a model - losses, weights, metrics, targets - matched to the outputs.

For one output it is the thing itself, perhaps in a list or dict of one; for several a list in their order or a dict by
their names.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..core.nest import flatten
from ..tensor import Tensor


def leaves_of(given: Any) -> list[Any]:
    """The single things in nested lists, tuples and dicts.

    >>> leaves_of(["mse", {"a": "mae"}])
    ['mse', 'mae']
    """
    if isinstance(given, list | tuple | dict):
        return [leaf for part in (given.values() if isinstance(given, dict) else given) for leaf in leaves_of(part)]
    return [given]


def only_one(given: Any, what: str) -> Any:
    """The one thing for the one output, which may stand in a list or dict.

    Args:
        given: The thing, or a list or dict with one entry, also nested.
        what: Its name in messages, in the plural.

    Raises:
        ValueError: there are several.

    >>> only_one(["mse"], "losses")
    'mse'
    """
    while isinstance(given, (list, tuple, dict)):  # list | tuple | dict takes twice as long, in each step
        if len(given) != 1:
            raise ValueError(f"compile: {len(given)} {what} for a model with one output; give one")
        given = next(iter(given.values())) if isinstance(given, dict) else given[0]
    return given


def named_outputs(y_pred: Any, output_names: list[str] | None, what: str) -> tuple[list[Any], list[Tensor]]:
    """The outputs and their names.

    Args:
        y_pred: What the model returned.
        output_names: Of a model made of inputs and outputs; None if only `y_pred` tells.
        what: What needs them ("losses", "metrics"), for messages.

    Returns:
        (names, tensors); the names are None where there are none.

    Raises:
        TypeError: an output is not a Tensor.
    """
    tensors = flatten(y_pred) if isinstance(y_pred, list | tuple | dict) else [y_pred]
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"compile: {what} need a Tensor, but the model's call() returned "
                f"{'nothing' if tensor is None else type(tensor).__name__}"
            )
    names = list(y_pred) if isinstance(y_pred, dict) else output_names
    return names if names is not None and len(names) == len(tensors) else [None] * len(tensors), tensors


def for_outputs(given: Any, names: list[Any], what: str) -> list[Any]:
    """What was given for each output, in their order.

    Args:
        given: One thing for all outputs, a list with an entry for each, or a dict by name.
        names: The outputs' names.
        what: The argument of `compile`, for messages.

    Raises:
        ValueError: names that no output has, or another number of entries.

    >>> for_outputs({"b": "mse"}, ["a", "b"], "loss")
    [None, 'mse']
    """
    if not isinstance(given, list | tuple | dict):
        return [given] * len(names)
    if isinstance(given, dict):
        unknown = [key for key in given if key not in names]
        if unknown:
            raise ValueError(f"compile: {what} has {unknown}, but the model's outputs are named {names}")
        return [given.get(name) for name in names]
    if len(given) != len(names):
        raise ValueError(f"compile: {what} has {len(given)} entries, but the model has {len(names)} outputs {names}; "
                         "give one for each, or a dict by name")
    return list(given)


def targets_of(given: Any, names: list[Any], positions: Collection[int], shared: bool = False) -> list[Any]:
    """The targets (or sample weights) of each output, None where it has none.

    Args:
        given: In the structure of the outputs, or a dict by name; or only for the outputs at `positions`.
        names: The outputs' names.
        positions: Indices of the outputs that need targets.
        shared: One thing is meant for all outputs.

    Raises:
        ValueError: targets are missing, or there are more than outputs.

    >>> targets_of(["y"], ["a", "b"], [1])
    [None, 'y']
    """
    result = [None] * len(names)
    if isinstance(given, dict):
        missing = [names[position] for position in positions if names[position] not in given]
        if missing and not shared:
            raise ValueError(f"the model's outputs are named {names}, but the targets are {list(given)}; missing: "
                             f"{missing}")
        return [given.get(name) for name in names]
    if shared and not isinstance(given, list | tuple):
        return [given] * len(names)
    leaves = flatten(given)
    if len(leaves) == len(names):
        return leaves
    if len(leaves) != len(positions):
        raise ValueError(f"the model has {len(names)} outputs {names}, but there are {len(leaves)} targets; give one "
                         "for each, as a list in this order or as a dict by name")
    for position, leaf in zip(positions, leaves, strict=True):
        result[position] = leaf
    return result


def is_crossentropy(given: Any) -> bool:
    """Whether it is the name for the cross-entropy that fits the outputs: 'crossentropy' or 'ce'."""
    return isinstance(given, str) and given.lower() in ("crossentropy", "ce")


def is_accuracy(given: Any) -> bool:
    """Whether it is the name for the accuracy that fits the outputs: 'accuracy' or 'acc'."""
    return isinstance(given, str) and given.lower() in ("accuracy", "acc")
