"""Nested lists, tuples and dicts of arrays, as models with several inputs or outputs take and return them."""


def flatten(structure):
    """The leaves from left to right; dicts in the order of their keys."""
    if isinstance(structure, list | tuple):
        return [leaf for part in structure for leaf in flatten(part)]
    if isinstance(structure, dict):
        return [leaf for key in structure for leaf in flatten(structure[key])]
    return [structure]


def map_structure(function, structure):
    """The same nesting with function(leaf) in place of each leaf."""
    if isinstance(structure, list | tuple):
        return type(structure)(map_structure(function, part) for part in structure)
    if isinstance(structure, dict):
        return {key: map_structure(function, structure[key]) for key in structure}
    return function(structure)


def pack_like(structure, leaves):
    """The nesting of `structure` around other leaves."""
    remaining = iter(leaves)
    return map_structure(lambda _: next(remaining), structure)
