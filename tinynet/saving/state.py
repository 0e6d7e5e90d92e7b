"""The names of a model's state in files, how it is gathered, and how it is restored.

Names are Keras's: a layer has the name of the attribute that holds it, and within a list its class in snake case with
a number. The variables of a layer are numbered, trainable ones first.

    layers/dense/vars/0                      the kernel of the first Dense layer
    layers/dense_1/vars/1                    the bias of the second
    layers/sequential/layers/conv2d/vars/0   a layer inside a model inside the model
    optimizer/vars/0                         the optimizer's step count
    layers/dropout/seed_generator/vars/0     tinynet only: the state of a layer's random generator

Automatic names such as dense_7, which depend on the layers that the session has made before, do not matter.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.errors import ModelFileError, warn_user
from ..core.naming import to_snake_case
from ..core.types import Array
from ..layers.base import Layer
from ..optimizers import Optimizer
from ..random import SeedGenerator
from .strict_json import loads

OPTIMIZER = "optimizer"
SHUFFLE = "_shuffle_seeds/vars/0"  # the state from which the model's next random orders are drawn


class Stored:
    """An array in a file.

    Attributes:
        shape, dtype: Known before the array is read.
        read: Function that reads it.
    """

    __slots__ = ("shape", "dtype", "read")

    def __init__(self, shape: Sequence[int], dtype: np.dtype[Any], read: Callable[[], Array]) -> None:
        self.shape = tuple(shape)
        self.dtype = dtype
        self.read = read


def owners(model: Any) -> dict[str, Any]:
    """Return {path: layer, optimizer or seed generator} of everything in a model that has state, each once."""
    found, seen = {}, set()

    def visit(thing, path):
        if id(thing) in seen:
            return
        seen.add(id(thing))
        if isinstance(thing, Layer | Optimizer | SeedGenerator):
            found[path] = thing
        for name, value in _held(thing):
            visit(value, f"{path}/{name}" if path else name)

    visit(model, "")
    return found


def trained_parts(model: Any) -> dict[str, Any]:
    """Return {prefix of the names: model} of a model, "", and of those inside it, "layers/sequential/".

    Each of them can have been compiled and trained, and so have an optimizer and an order of samples of its own.
    """
    inside = {f"{path}/": part for path, part in owners(model).items() if path and hasattr(part, "compiled")}
    return {"": model, **inside}


def _held(thing):
    """(name, value) of what a layer or a container holds."""
    if isinstance(thing, dict):
        thing = list(thing.values())
    if isinstance(thing, list | tuple):
        counts = {}
        for value in thing:
            if isinstance(value, Layer | Optimizer | list | tuple | dict):
                name = "container" if isinstance(value, list | tuple | dict) else to_snake_case(type(value).__name__)
                counts[name] = counts.get(name, -1) + 1
                yield f"{name}_{counts[name]}" if counts[name] else name, value
    elif isinstance(thing, Layer):
        held = {_public_name(thing, name): value for name, value in thing._children.items()}
        if hasattr(type(thing), "layers"):
            held["layers"] = thing.layers
        held |= {name: value for name, value in vars(thing).items() if isinstance(value, Optimizer | SeedGenerator)}
        # Public names first: what is held twice gets its better name.
        yield from sorted(held.items(), key=lambda item: (item[0].startswith("_"), item[0]))


def _public_name(layer, name):
    """`query_dense` for what is kept in `_query_dense` and shown by a property."""
    public = name.lstrip("_")
    return public if isinstance(getattr(type(layer), public, None), property) else name


def _own_variables(owner):
    return owner.variables if isinstance(owner, Optimizer) else owner._own_trainable + owner._own_non_trainable


def gather(model: Any, random_state: bool = False) -> dict[str, Array]:
    """Return {name: array}, the state of a model and its optimizer.

    Args:
        model: A built model.
        random_state: Whether to include the state of random generators.

    Raises:
        ValueError: a weight belongs to no layer that can be found.
    """
    arrays: dict[str, Array] = {}
    for path, owner in owners(model).items():
        store: dict[str, Any] = {}
        if not isinstance(owner, SeedGenerator):
            owner.save_own_variables(store)
        elif random_state:
            store["0"] = owner.state
        arrays |= {_join(path, key): np.asarray(value) for key, value in store.items()}
    _check_complete(model)
    return arrays


def _named_variables(model):
    """{name in the file: Variable} of all layers."""
    return {_join(path, i): variable for path, owner in owners(model).items() if isinstance(owner, Layer)
            for i, variable in enumerate(_own_variables(owner))}


def _check_complete(model):
    known = {id(variable) for variable in _named_variables(model).values()}
    lost = [variable.path for variable in model.weights if id(variable) not in known]
    if lost:
        raise ValueError(f"{model.name}: weights {lost} belong to no layer that could be found; set the layers "
                         "that hold them as attributes")


def _join(path, key):
    return f"{path}/vars/{key}" if path else f"vars/{key}"


def optimizer_metadata(model: Any) -> dict[str, str]:
    """Return which variables the optimizer was built for and which of them do not decay, as JSON texts.

    A file keeps them beside the optimizer's arrays, and `build_optimizer` reads them.

    Returns:
        {"optimizer_variables": ..., "not_decayed": ...}; empty if the optimizer is not built.
    """
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None or not optimizer.built:
        return {}
    names = {id(variable): name for name, variable in _named_variables(model).items()}
    built_for = optimizer._trainable_variables
    if not all(id(variable) in names for variable in built_for):
        return {}
    return {
        "optimizer_variables": json.dumps([names[id(variable)] for variable in built_for]),
        "not_decayed": json.dumps([names[id(v)] for v in built_for if optimizer._not_decayed(v)]),
    }


def build_optimizer(model: Any, stored: dict[str, Stored], metadata: dict[str, str], where: str) -> None:
    """Give a new optimizer the slots for which a file has state.

    Args:
        model: The model; its optimizer is built if the file has more than its step count.
        stored: {name: Stored} of the file.
        metadata: From `optimizer_metadata`; {} if the file is Keras's.
        where: What the messages call the file.

    Raises:
        ModelFileError: the metadata names variables that the model does not have.
    """
    optimizer = model.optimizer
    count = sum(name.startswith(f"{OPTIMIZER}/vars/") for name in stored)
    if optimizer.built or count <= len(optimizer.variables):
        return  # it has not made a step yet
    if "optimizer_variables" not in metadata:
        optimizer.build(model.trainable_variables)
        return
    variables = _named_variables(model)
    chosen = {}
    for key in ("optimizer_variables", "not_decayed"):
        names = loads(metadata.get(key, "[]").encode(), f"{where}: {key}")
        if not isinstance(names, list) or not all(isinstance(name, str) and name in variables for name in names):
            raise ModelFileError(f"{where}: {key} names variables that the model does not have: {names!r:.200}")
        chosen[key] = [variables[name] for name in names]
    if chosen["not_decayed"]:
        optimizer.exclude_from_weight_decay(chosen["not_decayed"])
    optimizer.build(chosen["optimizer_variables"])


def restore(model: Any, stored: dict[str, Stored], where: str, skip_mismatch: bool = False,
            random_state: bool = False) -> None:
    """Assign the state in a file to a model; if anything does not fit, nothing is changed.

    Args:
        model: A built model.
        stored: {name: Stored}.
        where: What the messages call the file.
        skip_mismatch: Whether to leave out layers that do not fit, with a warning.
        random_state: Whether to restore the state of random generators, too.

    Raises:
        ModelFileError: missing or superfluous arrays, other shapes or kinds of numbers.
    """
    groups, faults, fitting = _by_owner(stored), [], {}
    if not random_state:
        groups = {path: given for path, given in groups.items() if path.rpartition("/")[2] != "_shuffle_seeds"}
    for path, owner in owners(model).items():
        given = groups.pop(path, {})
        if isinstance(owner, SeedGenerator) and not random_state or isinstance(owner, Optimizer) and not given:
            continue
        fault = _mismatch(path, owner, given)
        if fault is None:
            fitting[path] = owner, given
        elif isinstance(owner, Optimizer):
            warn_user(f"{where}: the optimizer's state is not loaded: {fault}", UserWarning)
        else:
            faults.append(fault)
    if groups:
        names = sorted(_join(path, key) if key else path for path, given in groups.items() for key in given)
        faults.append(f"the model has no place for {', '.join(names[:5])}{' ...' if len(names) > 5 else ''}")
    if faults and not skip_mismatch:
        more = f" (and {len(faults) - 1} more faults)" if len(faults) > 1 else ""
        raise ModelFileError(f"{where}: {faults[0]}{more}")
    for fault in faults:
        warn_user(f"{where}: {fault}; skipped", UserWarning)
    arrays = {path: {key: one.read() for key, one in given.items()} for path, (_, given) in fitting.items()}
    variables = [variable for owner in owners(model).values() if not isinstance(owner, SeedGenerator)
                 for variable in _own_variables(owner)]
    before = [variable.data for variable in variables]
    try:
        for path, (owner, _) in fitting.items():
            if isinstance(owner, SeedGenerator):
                owner.state = arrays[path]["0"]
            else:
                owner.load_own_variables(arrays[path])
    except (ValueError, KeyError, TypeError) as error:
        for variable, data in zip(variables, before, strict=True):
            variable.data = data
        raise ModelFileError(f"{where}: {path}: {error}") from error


def _by_owner(stored):
    """{path: {key: Stored}}; an array that is named otherwise has its whole name as path, and an empty key."""
    groups = {}
    for name, one in stored.items():
        path, found, key = f"/{name}".rpartition("/vars/")
        groups.setdefault(path[1:] if found else name, {})[key if found else ""] = one
    return groups


def _mismatch(path, owner, given):
    """What is wrong with the arrays for one owner, or None."""
    if isinstance(owner, SeedGenerator):
        wrong = [one for key, one in given.items() if key != "0" or one.shape != (2,) or one.dtype.kind != "u"]
        return f"{path} must be two whole numbers" if wrong or not given else None
    if type(owner).load_own_variables not in (Layer.load_own_variables, Optimizer.load_own_variables):
        return None  # the layer checks its arrays itself
    label = path if isinstance(owner, Optimizer) else f"layer {owner.name!r} ({path or 'the model itself'})"
    variables = _own_variables(owner)
    hint = "" if owner.built else "; it is not built yet: call it once, or give the model an Input"
    if set(given) != {str(i) for i in range(len(variables))}:
        missing = [i for i in range(len(variables)) if str(i) not in given]
        what = f"{_join(path, missing[0])} is missing" if missing and given else f"the file has {len(given)}"
        return f"{label} has {len(variables)} variables, {what}{hint}"
    for i, variable in enumerate(variables):
        one = given[str(i)]
        if one.shape != variable.shape:
            return f"{label}: {_join(path, i)} has shape {one.shape} in the file, {variable.shape} in the model"
        if one.dtype.kind not in _KINDS[variable.dtype.kind]:
            return f"{label}: {_join(path, i)} has element type {one.dtype} in the file, {variable.dtype} in the model"
    return None


_KINDS = {"f": "f", "i": "iu", "u": "iu", "b": "b"}
