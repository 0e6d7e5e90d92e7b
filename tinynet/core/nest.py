"""Nested structures: lists, tuples and dicts of leaves, as models with several inputs or outputs take and return them.

Dicts are always nested. Which lists and tuples are depends on the caller, who passes one of three rules:

    is_nested      every list and tuple: models, layers, operations
    is_element     tuples: a list becomes one array, as in tf.data (the elements of a `Dataset`)
    holds_arrays   those that contain arrays: a list of numbers is itself an array (what `fit` and `predict` are given)

`flatten`, `map_structure` and `pack_like` follow `is_nested` without asking, since every training step calls them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .types import Structure

Rule = Callable[[Any], bool]


def is_nested(value: Any) -> bool:
    """Whether `value` is a list, a tuple or a dict.

    Args:
        value: Anything.

    Returns:
        A bool.

    >>> is_nested([1, 2]), is_nested((1, 2)), is_nested(np.arange(2))
    (True, True, False)
    """
    return isinstance(value, (list, tuple, dict))


def is_element(value: Any) -> bool:
    """Whether `value` is a tuple or a dict; a list is a leaf that becomes one array.

    >>> is_element([1, 2]), is_element((1, 2)), is_element({"a": 1})
    (False, True, True)
    """
    return isinstance(value, (tuple, dict))


def holds_arrays(value: Any) -> bool:
    """Whether `value` is a dict, or a list or tuple that contains arrays and is not a plain list of numbers.

    >>> holds_arrays([[1, 2], [3, 4]]), holds_arrays([np.int64(1)]), holds_arrays({"a": [1, 2]})
    (False, False, True)
    """
    if isinstance(value, dict):
        return True
    return isinstance(value, (list, tuple)) and any(
        hasattr(part, "__array__") and np.ndim(part) > 0 or holds_arrays(part) for part in value
    )


def flatten(structure: Structure) -> list[Any]:
    """Return the leaves from left to right; dicts in the order of their keys.

    >>> flatten({"a": 1, "b": (2, [3])})
    [1, 2, 3]
    """
    if isinstance(structure, dict):
        structure = structure.values()
    elif not isinstance(structure, (list, tuple)):
        return [structure]
    leaves: list[Any] = []
    for part in structure:
        if isinstance(part, (list, tuple, dict)):
            leaves += flatten(part)
        else:  # most of them: no call
            leaves.append(part)
    return leaves


def map_structure(function: Callable[[Any], Any], structure: Structure) -> Structure:
    """Return the same nesting with function(leaf) in place of each leaf.

    >>> map_structure(abs, {"a": -1, "b": (-2, 3)})
    {'a': 1, 'b': (2, 3)}
    """
    if isinstance(structure, dict):
        return {key: map_structure(function, part) for key, part in structure.items()}
    if not isinstance(structure, (list, tuple)):
        return function(structure)
    parts = [map_structure(function, part) for part in structure]
    return tuple(parts) if isinstance(structure, tuple) else parts


def pack_like(structure: Structure, leaves: Iterable[Any]) -> Structure:
    """Return the nesting of `structure` around other leaves, in the order of `flatten`.

    >>> pack_like(("x", ["y"]), [1, 2])
    (1, [2])
    """
    remaining = iter(leaves)
    return map_structure(lambda _: next(remaining), structure)


def map_structures(function: Callable[..., Any], structure: Structure, *others: Structure,
                   rule: Rule = is_nested) -> Structure:
    """Return the same nesting with function(leaf, ...) in place of each leaf.

    Args:
        function: Takes a leaf of `structure`, and what each of `others` has in its place.
        structure: The nesting of the result. Named tuples keep their type.
        others: Structures nested alike, or deeper.
        rule: Which lists and tuples are nested.

    Raises:
        ValueError: a list or tuple of `others` has another length.
        KeyError: a dict of `others` lacks a key.

    >>> map_structures(lambda a, b: a + b, (1, {"a": 2}), (10, {"a": 20}))
    (11, {'a': 22})
    >>> map_structures(sum, ([1, 2], [3]), rule=is_element)
    (3, 3)
    """
    if isinstance(structure, dict):
        return {key: map_structures(function, part, *(other[key] for other in others), rule=rule)
                for key, part in structure.items()}
    if rule(structure):
        return _like(structure, [map_structures(function, *parts, rule=rule)
                                 for parts in zip(structure, *others, strict=True)])
    return function(structure, *others)


def map_arrays(function: Callable[[Any, str], Any], value: Structure, name: str = "x") -> Structure:
    """Apply function(leaf, name) to each array of a nested value, keeping its nesting. None stays None.

    Args:
        function: Takes the array and the name that a user would write for it: "x['image']", "y[1]".
        value: Nested by the rule `holds_arrays`.
        name: The name of the whole.

    >>> map_arrays(lambda leaf, name: name, {"a": [1, 2], "b": None})
    {'a': "x['a']", 'b': None}
    """
    if value is None:
        return None
    if isinstance(value, dict):
        return {key: map_arrays(function, part, f"{name}[{key!r}]") for key, part in value.items()}
    if holds_arrays(value):
        return _like(value, [map_arrays(function, part, f"{name}[{i}]") for i, part in enumerate(value)])
    return function(value, name)


def leaves_of(structure: Structure, rule: Rule) -> list[Any]:
    """Return the leaves from left to right, as `flatten` does, by any rule.

    >>> leaves_of({"a": [1, 2], "b": (3, 4)}, is_element)
    [[1, 2], 3, 4]
    """
    found: list[Any] = []
    map_structures(found.append, structure, rule=rule)
    return found


def spread(one: Any, value: Structure) -> Structure:
    """Return `one`, such as an element type, in the nesting of `value`.

    Args:
        one: One for all arrays, or a list, tuple or dict nested like `value`. An input that a dict does not name
            gets None.
        value: Nested by the rule `holds_arrays`.

    Raises:
        ValueError: `one` is a list or tuple of another length.

    >>> spread("float32", {"a": 1, "b": 2})
    {'a': 'float32', 'b': 'float32'}
    >>> spread({"a": "int32"}, {"a": 1, "b": 2})
    {'a': 'int32', 'b': None}
    """
    if isinstance(value, dict):
        return {key: spread(one.get(key) if isinstance(one, dict) else one, part) for key, part in value.items()}
    if holds_arrays(value):
        if isinstance(one, (list, tuple)):
            if len(one) != len(value):
                raise ValueError(f"{len(one)} element types for {len(value)} inputs")
            return [spread(part, inner) for part, inner in zip(one, value, strict=True)]
        return [spread(one, part) for part in value]
    if isinstance(one, (list, tuple)) and len(one) == 1:
        return one[0]
    return one


def _like(structure: Structure, parts: list[Any]) -> Structure:
    """The parts as a list or tuple of the kind that `structure` is."""
    if isinstance(structure, list):
        return parts
    return type(structure)(*parts) if hasattr(structure, "_fields") else tuple(parts)
