"""TensorFlow's names for arguments of operations, where Keras has others: `tf.reshape(tensor, shape=[-1])`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

_PAIR = {"x": "x1", "y": "x2"}
_INPUT = {"input": "x"}
# TensorFlow's name of the operation: {its argument: the name in `ops`}
ARGUMENTS = {
    "reshape": {"tensor": "x", "shape": "newshape"}, "norm": {"tensor": "x"}, "stack": {"values": "x"},
    "unstack": {"value": "x"},
} | dict.fromkeys(("broadcast_to", "expand_dims", "ones_like", "repeat", "shape", "size", "squeeze", "zeros_like"),
                  _INPUT) | dict.fromkeys(
    ("add", "divide", "equal", "greater", "greater_equal", "less", "less_equal", "maximum", "minimum", "multiply",
     "not_equal", "subtract"), _PAIR)
_REDUCE = {"input_tensor": "x"}


@functools.cache
def with_arguments_of_tf(operation: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return the operation so that it also takes TensorFlow's arguments, and ignores its `name`.

    Args:
        operation: Of `tinynet.ops`.
        name: TensorFlow's name of it; one that is not in `ARGUMENTS` is a reduction.
    """
    renamed = ARGUMENTS.get(name, _REDUCE)

    @functools.wraps(operation)
    def renaming(*args, **kwargs):
        if kwargs:
            kwargs.pop("name", None)
            kwargs = {renamed.get(key, key): value for key, value in kwargs.items()}
        return operation(*args, **kwargs)

    return renaming
