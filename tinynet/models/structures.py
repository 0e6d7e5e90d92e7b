"""The nesting of a model's inputs and outputs, as Keras treats it.

Leaves are counted with a dict's keys in sorted order. A list or tuple with one entry stands for the entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def leaves(structure: Any) -> list[Any]:
    """The leaves from left to right; those of a dict in the order of its sorted keys.

    >>> leaves({"b": 1, "a": (2, [3])})
    [2, 3, 1]
    """
    return [leaf for _, leaf in with_paths(structure)]


def with_paths(structure: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """(path, leaf) of each leaf; a path consists of keys and indices.

    >>> list(with_paths([1, {"b": 2, "a": 3}]))
    [((0,), 1), ((1, 'a'), 3), ((1, 'b'), 2)]
    """
    if isinstance(structure, dict):
        for key in sorted_keys(structure):
            yield from with_paths(structure[key], (*path, key))
    elif isinstance(structure, list | tuple):
        for index, part in enumerate(structure):
            yield from with_paths(part, (*path, index))
    else:
        yield path, structure


def sorted_keys(structure: dict) -> list[Any]:
    """The keys in sorted order; in the order they were given if they cannot be compared."""
    try:
        return sorted(structure)
    except TypeError:
        return list(structure)


def is_flat(structure: Any) -> bool:
    """Whether no list, tuple or dict is inside another.

    >>> is_flat({"a": 1}), is_flat([1, [2]])
    (True, False)
    """
    parts = structure.values() if isinstance(structure, dict) else structure
    return not any(isinstance(part, list | tuple | dict) for part in parts)


def unpacked(structure: Any) -> Any:
    """The entry of a list or tuple that has one; anything else as it is.

    >>> unpacked([3]), unpacked({"a": 3}), unpacked([[3, 4]])
    (3, {'a': 3}, [3, 4])
    """
    return structure[0] if isinstance(structure, list | tuple) and len(structure) == 1 else structure


def flat_shapes(structure: Any) -> list[Any]:
    """The shapes in a structure, in the order of `leaves`; a tuple of lengths is one shape.

    >>> flat_shapes([(None, 2), {"b": (None, 3), "a": (None, 4)}])
    [(None, 2), (None, 4), (None, 3)]
    """
    if isinstance(structure, dict):
        return [shape for key in sorted_keys(structure) for shape in flat_shapes(structure[key])]
    if isinstance(structure, list | tuple) and any(isinstance(part, list | tuple | dict) for part in structure):
        return [shape for part in structure for shape in flat_shapes(part)]
    return [tuple(structure) if isinstance(structure, list) else structure]


def names_of_leaves(structure: Any, names: list[Any] | None) -> list[Any]:
    """The names of a model's outputs, as its losses and metrics have them.

    A dict's key, or else the layer that the output comes from; in nested structures after the keys and indices that
    lead there, with slashes between: 'heads/label', '1/label'.

    Args:
        structure: The outputs.
        names: The layers' names, in the order of `leaves`; None where they are not known.

    >>> names_of_leaves([0, {"b": 0, "a": 0}], ["x", "y", "z"])
    ['x', '1/a', '1/b']
    """
    found = list(with_paths(structure))
    known = names if names is not None and len(names) == len(found) else [None] * len(found)
    result = []
    for (path, _), name in zip(found, known, strict=True):
        own = path[-1] if path and isinstance(path[-1], str) else name
        result.append("/".join(map(str, (*path[:-1], own))) if own is not None else None)
    return result


def for_leaves_of(given: Any, structure: Any) -> list[Any] | None:
    """What was given for each leaf of a nested structure, if it is nested like it.

    Args:
        given: Nested like `structure`, at least as far as its own nesting goes: one thing for a list stands for all in
            the list. A dict may lack keys.
        structure: The outputs.

    Returns:
        A list in the order of `leaves`, None where nothing is given; None if the two are not nested alike.

    >>> for_leaves_of({"x": ["mse", "mae"]}, {"x": [0, 0], "y": 0})
    ['mse', 'mae', None]
    >>> for_leaves_of(["mse", "mae"], {"x": [0, 0]})
    """
    if not isinstance(structure, list | tuple | dict):
        return [given]
    if given is None:
        return [None] * len(leaves(structure))
    result: list[Any] = []
    if isinstance(structure, dict):
        if not isinstance(given, dict) or any(key not in structure for key in given):
            return None
        parts = [(given.get(key), structure[key]) for key in sorted_keys(structure)]
    else:
        if not isinstance(given, list | tuple) or len(given) != len(structure):
            return None
        parts = list(zip(given, structure, strict=True))
    for one, part in parts:
        inner = for_leaves_of(one, part)
        if inner is None:
            if isinstance(one, list | tuple | dict):
                return None
            inner = [one] * len(leaves(part))
        result += inner
    return result
