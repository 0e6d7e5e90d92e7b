"""Nested lists, tuples and dicts of arrays, as models with several inputs or outputs take and return them.

Anything else is a leaf. (The data pipeline, where a list of numbers is an array, has its own: data/structure.py.)
"""


def flatten(structure):
    """The leaves from left to right; dicts in the order of their keys.

    >>> flatten({"a": 1, "b": (2, [3])})
    [1, 2, 3]
    """
    if isinstance(structure, dict):
        structure = structure.values()
    elif not isinstance(structure, (list, tuple)):
        return [structure]
    leaves = []
    for part in structure:
        if isinstance(part, (list, tuple, dict)):
            leaves += flatten(part)
        else:  # most of them: no call
            leaves.append(part)
    return leaves


def map_structure(function, structure):
    """The same nesting with function(leaf) in place of each leaf.

    >>> map_structure(abs, {"a": -1, "b": (-2, 3)})
    {'a': 1, 'b': (2, 3)}
    """
    if isinstance(structure, dict):
        return {key: map_structure(function, part) for key, part in structure.items()}
    if not isinstance(structure, (list, tuple)):
        return function(structure)
    parts = [map_structure(function, part) for part in structure]
    return tuple(parts) if isinstance(structure, tuple) else parts


def pack_like(structure, leaves):
    """The nesting of `structure` around other leaves, in the order of `flatten`.

    >>> pack_like(("x", ["y"]), [1, 2])
    (1, [2])
    """
    remaining = iter(leaves)
    return map_structure(lambda _: next(remaining), structure)
