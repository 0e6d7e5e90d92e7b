"""Functions of `tinynet.ops` under TensorFlow's names of arguments: `tf.reshape(tensor=x, shape=[-1])`."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import ops
from ...core.tracebacks import shorten
from ...core.types import TensorLike
from ...string_tensor import StringTensor
from ...symbolic import EXPLAINED
from ...tensor import Tensor, numbers_of, to_array


def as_tf(title: str, operation: Callable[..., Any], *parameters: str, **defaults: Any) -> Callable[..., Any]:
    """Return an operation as a function with TensorFlow's arguments, and `name`, which has no effect.

    Args:
        title: TensorFlow's name of the function, for messages and its `__name__`: 'math.abs'.
        operation: Function of `tinynet.ops` that takes the arguments in the same order.
        parameters: TensorFlow's names of the arguments that have no default.
        defaults: Those that have one, with it.

    >>> as_tf("square", ops.square, "x")(x=Tensor(3.0), name="nine").item()
    9.0
    """
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    given = [inspect.Parameter(parameter, kind) for parameter in parameters]
    given += [inspect.Parameter(key, kind, default=value) for key, value in (*defaults.items(), ("name", None))]
    signature = inspect.Signature(given)
    number = len(given) - 1

    def function(*args, **kwargs):
        try:
            if kwargs or len(args) != number:
                for key in kwargs:
                    if key not in signature.parameters:
                        raise TypeError(f"tf.{title}{signature}: got an unexpected keyword argument {key!r}")
                try:
                    bound = signature.bind(*args, **kwargs)
                except TypeError as error:
                    raise TypeError(f"tf.{title}{signature}: {error}") from None
                bound.apply_defaults()
                args = bound.args[:-1]
            return operation(*args)
        except Exception as error:
            shorten(error, EXPLAINED)
            raise

    function.__name__ = function.__qualname__ = title.rpartition(".")[2]
    function.__doc__ = _docstring(function.__name__, operation, (*parameters, *defaults))
    function.__signature__ = signature  # type: ignore[attr-defined]
    function.operation_of_tinynet = operation  # type: ignore[attr-defined]  # see tinynet/activations.py
    return function


def _docstring(name, operation, parameters):
    """The operation's docstring with TensorFlow's names of the function and of its arguments."""
    own = inspect.signature(operation).parameters
    renamed = dict(zip(own, parameters, strict=False))
    fixed = ", ".join(f"{key}={value.default!r}" for key, value in own.items() if key not in renamed)
    word = re.compile(rf"\b({'|'.join(renamed)})\b|\b{operation.__name__}(?=\()")
    doc = word.sub(lambda found: renamed.get(found[0], name), inspect.cleandoc(operation.__doc__))
    text, entries, rest = re.fullmatch(r"(.*?)Args:\n((?:    [^\n]*\n)*)(.*)", doc, re.DOTALL).groups()
    described = ""
    for names, words in re.findall(r"^    (\w[\w, ]*): (.*\n(?:     .*\n)*)", entries, re.MULTILINE):
        kept = [one for one in names.split(", ") if one in parameters]
        described += f"    {', '.join(kept)}: {words}" if kept else ""
    returned, _, raised = rest.partition("Raises:\n")
    if not raised:
        returned, prompt, raised = returned.partition(">>>")
        raised = f"\n{prompt}{raised}"
    return (f"{text}`ops.{operation.__name__.lstrip('_')}` with TensorFlow's arguments{fixed and f', and {fixed}'}.\n\n"
            f"Args:\n{described}    name: Without effect.\n{returned}"
            f"Raises:\n    TypeError: an argument is missing or unknown.\n{raised}")


def keeping_text(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that moves elements as one whose results are StringTensors where it was given those.

    >>> keeping_text(ops.flip)(StringTensor(["a", "b"])).numpy().tolist()
    [b'b', b'a']
    """

    def as_text(result):
        if isinstance(result, list | tuple):
            return type(result)(map(as_text, result))
        text = isinstance(result, Tensor) and result.data.dtype.kind == "O"
        return StringTensor.wrap(result.data) if text else result

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return as_text(function(*args, **kwargs))

    return wrapper


def as_axis(axis: Any) -> Any:
    """Return an axis, or several, that a caller may write as a list, an array or a Tensor.

    >>> as_axis([0, 1]), as_axis(Tensor(1)), as_axis(None)
    ((0, 1), 1, None)
    """
    if axis is None or isinstance(axis, int):
        return axis
    axes = numbers_of(axis)
    if axes.dtype.kind not in "iu" and axes.size:
        raise TypeError(f"axis must be whole numbers, got {axes.dtype}")
    return tuple(int(each) for each in axes) if axes.ndim else int(axes)


def check_choice(title: str, argument: str, value: Any, choices: tuple[str, ...]) -> str:
    """Return `value` if it is one of the choices.

    Raises:
        ValueError: it is not; the message names the argument.
    """
    if value not in choices:
        raise ValueError(f"tf.{title}: {argument} must be {' or '.join(map(repr, choices))}, got {value!r}")
    return value


def refuse(title: str, remedy: str, **arguments: tuple[Any, Any]) -> None:
    """Raise an error for arguments that tinynet does not have.

    Args:
        title: TensorFlow's name of the function.
        remedy: What to do instead.
        arguments: (value, TensorFlow's default) of each.

    Raises:
        NotImplementedError: a value is not the default.
    """
    for argument, (value, default) in arguments.items():
        if value is not default and value != default:
            raise NotImplementedError(f"tf.{title}: {argument}={value!r} is not part of tinynet; {remedy}")


def check_indices(title: str, indices: TensorLike, lengths: tuple[int, ...] | int) -> Any:
    """Return whole numbers that are positions along axes, as an array.

    Args:
        title: TensorFlow's name of the function.
        indices: The positions; with several lengths, one position an axis along the last axis.
        lengths: Of the axis, or of several.

    Raises:
        TypeError: they are no whole numbers.
        IndexError: one is outside its axis. TensorFlow does not count negative ones from the end.
    """
    array = to_array(indices)
    if array.dtype.kind not in "iu":
        if array.size:
            raise TypeError(f"tf.{title}: indices must be whole numbers, got {array.dtype}")
        array = array.astype(np.int64)
    outside = (array < 0) | (array >= np.array(lengths, np.int64))
    if outside.any():
        raise IndexError(f"tf.{title}: index {array[outside][0]} is outside an axis; the lengths are {lengths}, "
                         "and negative indices do not count from the end")
    return array


def of_type(x: Tensor, dtype: Any) -> Tensor:
    """Return x as another element type, or as it is if `dtype` is None."""
    return x if dtype is None else ops.cast(x, dtype)
