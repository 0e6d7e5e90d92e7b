"""Nested structures of anything: `keras.tree.map_structure`, `flatten` and others.

Lists, tuples, named tuples and dicts are nested; everything else is a leaf, None too. Dicts are gone through in the
order of their sorted keys, as in Keras (inside tinynet, `core/nest.py` keeps their own order).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..core.nest import is_nested

__all__ = [
    "MAP_TO_NONE", "assert_same_paths", "assert_same_structure", "flatten", "flatten_with_path", "is_nested",
    "lists_to_tuples", "map_shape_structure", "map_structure", "map_structure_up_to", "pack_sequence_as", "traverse",
]


class MAP_TO_NONE:  # noqa: N801 - Keras's name
    """What the function of `traverse` returns for "None takes this place"; None itself means "go on below".

    >>> traverse(lambda part: MAP_TO_NONE if part == 2 else None, [1, 2])
    [1, None]
    """


def _children(structure: Any) -> list[tuple[Any, Any]]:
    """(key, part) of a nested structure, in order."""
    if isinstance(structure, dict):
        try:
            keys = sorted(structure)
        except TypeError:  # keys of several kinds
            keys = list(structure)
        return [(key, structure[key]) for key in keys]
    return list(enumerate(structure))


def _like(structure: Any, parts: dict[Any, Any]) -> Any:
    """The kind of structure that `structure` is, with other parts by key."""
    if isinstance(structure, dict):
        made = {key: parts[key] for key in structure}
        return made if type(structure) is dict else type(structure)(made)
    values = [parts[i] for i in range(len(structure))]
    if hasattr(structure, "_fields"):
        return type(structure)(*values)
    return values if type(structure) is list else type(structure)(values)


def flatten(structure: Any) -> list[Any]:
    """Return the leaves from left to right; dicts by their sorted keys.

    Args:
        structure: Nested, or a leaf.

    >>> flatten({"b": 1, "a": [2, (3,)]})
    [2, 3, 1]
    """
    return [leaf for _, leaf in flatten_with_path(structure)]


def flatten_with_path(structure: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """Return (path, leaf) of all leaves; a path is the keys and numbers that lead there.

    Args:
        structure: Nested, or a leaf.

    >>> flatten_with_path({"a": [1, 2]})
    [(('a', 0), 1), (('a', 1), 2)]
    """
    if not is_nested(structure):
        return [((), structure)]
    return [((_name(structure, key), *path), leaf) for key, part in _children(structure)
            for path, leaf in flatten_with_path(part)]


def _name(structure, key):
    """The field of a named tuple, else the key or number."""
    return structure._fields[key] if hasattr(structure, "_fields") else key


def map_structure(func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """Return the nesting of the first structure with func(leaf, ...) in place of each leaf.

    Args:
        func: Takes one leaf of each structure.
        structures: Nested alike.
        none_is_leaf: Whether `func` is called with None, too; otherwise None stays None.

    Raises:
        TypeError: `func` is no function, or there are no structures.
        ValueError: the structures are nested in different ways.

    >>> map_structure(lambda a, b: a + b, {"x": 1, "y": (2,)}, {"x": 10, "y": (20,)})
    {'x': 11, 'y': (22,)}
    """
    if not callable(func):
        raise TypeError(f"map_structure: func must be callable, got {func!r}")
    if not structures:
        raise TypeError("map_structure: expected at least one structure")
    for other in structures[1:]:
        assert_same_structure(structures[0], other)
    if not none_is_leaf:
        given = func
        func = lambda *leaves: None if all(leaf is None for leaf in leaves) else given(*leaves)  # noqa: E731
    return map_structure_up_to(structures[0], func, *structures)


def map_structure_up_to(shallow_structure: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """Return the nesting of `shallow_structure` with func(part, ...) in place of its leaves.

    Args:
        shallow_structure: How deep to go.
        func: Takes what stands in that place in each of `structures`.
        structures: Nested like the shallow one, or deeper.

    Raises:
        ValueError: a structure is not nested where the shallow one is, or has other keys.

    >>> map_structure_up_to((0, 0), len, ([1, 2], [3]))
    (2, 1)
    """
    if not is_nested(shallow_structure):
        return func(*structures)
    keys = [key for key, _ in _children(shallow_structure)]
    inside = []
    for structure in structures:
        parts = dict(_children(structure)) if is_nested(structure) else None
        if parts is None or set(parts) != set(keys):
            raise ValueError(f"the structures do not match: {shallow_structure!r:.100} and {structure!r:.100}")
        inside.append(parts)
    shallow = dict(_children(shallow_structure))
    return _like(shallow_structure, {key: map_structure_up_to(shallow[key], func, *(parts[key] for parts in inside))
                                     for key in keys})


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """Return the nesting with func(shape) in place of each shape: a list or tuple of numbers and None is a leaf.

    Args:
        func: Takes a shape, as a tuple.
        structure: Nested shapes.

    Raises:
        ValueError: a leaf is no shape.

    >>> map_shape_structure(len, {"a": (None, 3), "b": [(2,)]})
    {'a': 2, 'b': [1]}
    """
    if isinstance(structure, list | tuple) and all(part is None or isinstance(part, int) for part in structure):
        return func(tuple(structure))
    if not is_nested(structure):
        raise ValueError(f"map_shape_structure: expected shapes, got {structure!r}")
    return _like(structure, {key: map_shape_structure(func, part) for key, part in _children(structure)})


def pack_sequence_as(structure: Any, flat_sequence: Iterable[Any]) -> Any:
    """Return the nesting of `structure` around other leaves, in the order of `flatten`.

    Args:
        structure: Nested, or a leaf.
        flat_sequence: The leaves.

    Raises:
        TypeError: `flat_sequence` is no list or tuple of leaves.
        ValueError: it has another length than the structure has leaves.

    >>> pack_sequence_as({"b": 0, "a": [0, 0]}, [1, 2, 3])
    {'b': 3, 'a': [1, 2]}
    """
    if not is_nested(flat_sequence):
        raise TypeError(f"pack_sequence_as: expected a list of leaves, got {flat_sequence!r}")
    leaves = list(flat_sequence)
    count = len(flatten(structure))
    if len(leaves) != count:
        raise ValueError(f"pack_sequence_as: the structure has {count} leaves, got {len(leaves)}")
    rest = iter(leaves)

    def packed(part: Any) -> Any:
        if not is_nested(part):
            return next(rest)
        return _like(part, {key: packed(inner) for key, inner in _children(part)})

    return packed(structure)


def lists_to_tuples(structure: Any) -> Any:
    """Return the structure with tuples for its lists.

    Args:
        structure: Nested, or a leaf.

    >>> lists_to_tuples([1, {"a": [2]}])
    (1, {'a': (2,)})
    """
    if not is_nested(structure):
        return structure
    made = _like(structure, {key: lists_to_tuples(part) for key, part in _children(structure)})
    return tuple(made) if isinstance(made, list) else made


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """Apply a function to every part, nested or not; what it returns takes the part's place.

    Args:
        func: Takes a part; None means "leave it and go on", `MAP_TO_NONE` means None.
        structure: Nested, or a leaf.
        top_down: Whether a part comes before what is inside it, which is left out if the function replaced the part.

    Returns:
        The new nesting.

    Raises:
        TypeError: `func` cannot be called.

    >>> traverse(lambda part: tuple(part) if isinstance(part, list) else None, [1, [2]], top_down=False)
    (1, (2,))
    """
    if not callable(func):
        raise TypeError(f"traverse: func must be callable, got {func!r}")

    def replaced(part: Any) -> Any:
        made = func(part)
        return part if made is None else None if made is MAP_TO_NONE else made

    if top_down:
        made = func(structure)
        if made is not None:
            return None if made is MAP_TO_NONE else made
    if is_nested(structure):
        structure = _like(structure, {key: traverse(func, part, top_down) for key, part in _children(structure)})
    return structure if top_down else replaced(structure)


def assert_same_structure(a: Any, b: Any, check_types: Any = None) -> None:
    """Refuse structures that are nested in different ways.

    Args:
        a, b: Nested, or leaves.
        check_types: Accepted for older code; kinds of lists, tuples and dicts are always compared.

    Raises:
        ValueError: they differ.

    >>> assert_same_structure([1, (2,)], [3, (4,)])
    """
    if is_nested(a) != is_nested(b) or is_nested(a) and (
            type(a) is not type(b) or [key for key, _ in _children(a)] != [key for key, _ in _children(b)]):
        raise ValueError(f"the structures do not match: {a!r:.200} and {b!r:.200}")
    if is_nested(a):
        for (_, one), (_, other) in zip(_children(a), _children(b), strict=True):
            assert_same_structure(one, other)


def assert_same_paths(a: Any, b: Any) -> None:
    """Refuse structures whose leaves have other paths; a list and a tuple may stand for each other.

    Args:
        a, b: Nested, or leaves.

    Raises:
        ValueError: they differ.

    >>> assert_same_paths([1, 2], (3, 4))
    """
    ours, theirs = ({path for path, _ in flatten_with_path(part)} for part in (a, b))
    if ours != theirs:
        raise ValueError(f"the structures have other paths: {sorted(map(str, ours ^ theirs))[:5]}")
