"""What the user gives for each output of a model - losses, weights, metrics, targets - matched to the outputs.

For one output it is the thing itself, perhaps in a list or dict of one; for several a list in their order or a dict by
their names.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..tensor import Tensor
from .structures import for_leaves_of, is_flat, leaves, names_of_leaves


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
        output_names: The layers that the outputs of a model made of inputs and outputs come from; None if only `y_pred`
            tells.
        what: What needs them ("losses", "metrics"), for messages.

    Returns:
        (names, tensors); the names are None where there are none.

    Raises:
        TypeError: an output is not a Tensor.
    """
    tensors = leaves(y_pred)
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"compile: {what} need a Tensor, but the model's call() returned "
                f"{'nothing' if tensor is None else type(tensor).__name__}"
            )
    return names_of_leaves(y_pred, output_names), tensors


def for_outputs(given: Any, names: list[Any], what: str, y_pred: Any = None) -> list[Any]:
    """What was given for each output, in their order.

    Args:
        given: One thing for all outputs, a list with an entry for each, or a dict by name.
        names: The outputs' names.
        what: The argument of `compile`, for messages.
        y_pred: The outputs; where lists or dicts are inside others, `given` may be nested like them.

    Raises:
        ValueError: names that no output has, or another number of entries.

    >>> for_outputs({"b": "mse"}, ["a", "b"], "loss")
    [None, 'mse']
    """
    if not isinstance(given, list | tuple | dict):
        return [given] * len(names)
    placed = _nested_alike(given, y_pred)
    if placed is not None:
        return placed
    if isinstance(given, dict):
        unknown = [key for key in given if key not in names]
        if unknown:
            raise ValueError(f"compile: {what} has {unknown}, but the model's outputs are named {names}")
        return [given.get(name) for name in names]
    if len(given) != len(names):
        raise ValueError(f"compile: {what} has {len(given)} entries, but the model has {len(names)} outputs {names}; "
                         "give one for each, or a dict by name")
    return list(given)


def targets_of(given: Any, names: list[Any], positions: Collection[int], shared: bool = False,
               y_pred: Any = None) -> list[Any]:
    """The targets (or sample weights) of each output, None where it has none.

    Args:
        given: In the structure of the outputs, or a dict by name; or only for the outputs at `positions`.
        names: The outputs' names.
        positions: Indices of the outputs that need targets.
        shared: One thing is meant for all outputs.
        y_pred: The outputs, as for `for_outputs`.

    Raises:
        ValueError: targets are missing, or there are more than outputs.

    >>> targets_of(["y"], ["a", "b"], [1])
    [None, 'y']
    """
    result = [None] * len(names)
    placed = _nested_alike(given, y_pred)
    if placed is not None and (shared or all(placed[position] is not None for position in positions)):
        return placed
    if isinstance(given, dict) and is_flat(given):
        missing = [names[position] for position in positions if names[position] not in given]
        if missing and not shared:
            raise ValueError(f"the model's outputs are named {names}, but the targets are {list(given)}; missing: "
                             f"{missing}")
        return [given.get(name) for name in names]
    if shared and not isinstance(given, list | tuple):
        return [given] * len(names)
    targets = leaves(given)
    if len(targets) == len(names):
        return targets
    if len(targets) != len(positions):
        raise ValueError(f"the model has {len(names)} outputs {names}, but there are {len(targets)} targets; give one "
                         "for each, as a list in this order or as a dict by name")
    for position, leaf in zip(positions, targets, strict=True):
        result[position] = leaf
    return result


def _nested_alike(given: Any, y_pred: Any) -> list[Any] | None:
    """What was given for each of the outputs, if these are nested more than one level deep, and it is nested alike."""
    if not isinstance(y_pred, list | tuple | dict) or is_flat(y_pred):
        return None
    return for_leaves_of(given, y_pred)


def is_crossentropy(given: Any) -> bool:
    """Whether it is the name for the cross-entropy that fits the outputs: 'crossentropy' or 'ce'."""
    return isinstance(given, str) and given.lower() in ("crossentropy", "ce")


def is_accuracy(given: Any) -> bool:
    """Whether it is the name for the accuracy that fits the outputs: 'accuracy' or 'acc'."""
    return isinstance(given, str) and given.lower() in ("accuracy", "acc")
