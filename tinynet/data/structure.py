"""Nested data: `x` may be an array, or a dict, list or tuple of arrays, as models with several inputs want it."""

import numpy as np


def is_structure(value):
    """Whether `value` is a dict, or a list or tuple that contains arrays (and is not a plain list of numbers).

    >>> is_structure([[1, 2], [3, 4]]), is_structure([np.int64(1)]), is_structure({"a": [1, 2]})
    (False, False, True)
    """
    if isinstance(value, dict):
        return True
    return isinstance(value, list | tuple) and any(
        hasattr(part, "__array__") and np.ndim(part) > 0 or is_structure(part) for part in value
    )


def map_arrays(function, value, name="x"):
    """Apply `function(leaf, name)` to each array of a nested value, keeping its shape. None stays None.

    `name` says how a user would write the leaf: "x['image']", "y[1]".
    """
    if value is None:
        return None
    if isinstance(value, dict):
        return {key: map_arrays(function, part, f"{name}[{key!r}]") for key, part in value.items()}
    if is_structure(value):
        parts = [map_arrays(function, part, f"{name}[{i}]") for i, part in enumerate(value)]
        return parts if isinstance(value, list) else tuple(parts)
    return function(value, name)


def spread(dtype, value):
    """`dtype`, one or nested like `value`, in exactly the shape of `value`.

    >>> spread("float32", {"a": 1, "b": 2})
    {'a': 'float32', 'b': 'float32'}
    >>> spread({"a": "int32"}, {"a": 1, "b": 2})  # an input that is not named keeps its type
    {'a': 'int32', 'b': None}
    """
    if isinstance(value, dict):
        return {key: spread(dtype.get(key) if isinstance(dtype, dict) else dtype, part) for key, part in value.items()}
    if is_structure(value):
        if isinstance(dtype, list | tuple):
            if len(dtype) != len(value):
                raise ValueError(f"{len(dtype)} element types for {len(value)} inputs")
            return [spread(one, part) for one, part in zip(dtype, value, strict=True)]
        return [spread(dtype, part) for part in value]
    if isinstance(dtype, list | tuple) and len(dtype) == 1:
        return dtype[0]
    return dtype
