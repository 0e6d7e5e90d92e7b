"""TensorFlow's names for arguments of operations that Keras calls otherwise: `tf.reshape(tensor, shape=[-1])`."""

import functools

_PAIR = {"x": "x1", "y": "x2"}
_INPUT = {"input": "x"}
# TensorFlow's name of the operation: {its argument: the name in `ops`}
ARGUMENTS = {
    "reshape": {"tensor": "x", "shape": "newshape"}, "norm": {"tensor": "x"}, "stack": {"values": "x"},
    "unstack": {"value": "x"}, "where": _PAIR,
} | dict.fromkeys(("broadcast_to", "expand_dims", "ones_like", "repeat", "shape", "size", "squeeze", "zeros_like"),
                  _INPUT) | dict.fromkeys(
    ("add", "divide", "equal", "greater", "greater_equal", "less", "less_equal", "maximum", "minimum", "multiply",
     "not_equal", "subtract"), _PAIR)
_REDUCE = {"input_tensor": "x"}


@functools.cache
def with_arguments_of_tf(operation, name):
    """The operation, which also understands TensorFlow's arguments, and ignores its `name`.

    Args:
        operation: Of `tinynet.ops`.
        name: What TensorFlow calls it; one that is not in `ARGUMENTS` is a reduction.
    """
    renamed = ARGUMENTS.get(name, _REDUCE)

    @functools.wraps(operation)
    def renaming(*args, **kwargs):
        if kwargs:
            kwargs.pop("name", None)
            kwargs = {renamed.get(key, key): value for key, value in kwargs.items()}
        return operation(*args, **kwargs)

    return renaming
