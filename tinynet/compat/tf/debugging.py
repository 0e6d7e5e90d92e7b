"""`tf.debugging` and `tf.print`: assertions about tensors, and showing them."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ...core.absence import explainer
from ...core.types import TensorLike
from ...tensor import Tensor, to_array


def _fail(message, condition):
    raise ValueError(f"{message or 'assertion failed'}: {condition}")


def _shown(array, summarize):
    """The first elements of an array; `summarize` of them, 3 if None and all if -1."""
    elements = np.ravel(array)
    number = 3 if summarize is None else len(elements) if summarize < 0 else summarize
    more = "..." if number < len(elements) else ""
    return f"{elements[:number]}{more} of shape {np.shape(array)}" if np.ndim(array) else str(array)


def _compare(name, holds, relation, example, message_first=True):
    def compare(x, y, message, summarize):
        a, b = to_array(x), to_array(y)
        if not np.all(holds(a, b)):
            _fail(message, f"{check.__name__} does not hold for {_shown(a, summarize)} and {_shown(b, summarize)}")

    def message_before(x, y, message=None, summarize=None, name=None):
        compare(x, y, message, summarize)

    def message_after(x, y, summarize=None, message=None, name=None):
        compare(x, y, message, summarize)

    check = message_before if message_first else message_after

    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"""Raise ValueError unless every element of x is {relation} that of y.

Args:
    x, y: Tensors or arrays that broadcast.
    message: The beginning of the error's text.
    summarize: How many elements of each it shows; 3 if None, all if -1.
    name: TensorFlow's, without effect.

Raises:
    ValueError: an element is not.

>>> {name}({example})
"""
    return check


assert_equal = _compare("assert_equal", np.equal, "equal to", "[1, 2], [1, 2]")
assert_none_equal = _compare("assert_none_equal", np.not_equal, "different from", "[1, 2], 3", message_first=False)
assert_less = _compare("assert_less", np.less, "less than", "[1, 2], 3")
assert_less_equal = _compare("assert_less_equal", np.less_equal, "at most", "[1, 3], 3")
assert_greater = _compare("assert_greater", np.greater, "greater than", "[4, 5], 3")
assert_greater_equal = _compare("assert_greater_equal", np.greater_equal, "at least", "[3, 5], 3")


def assert_near(x: TensorLike, y: TensorLike, rtol: TensorLike | None = None, atol: TensorLike | None = None,
                message: str | None = None, summarize: int | None = None, name: str | None = None) -> None:
    """Raise ValueError unless |x - y| < atol + rtol |y|.

    Args:
        x, y: Tensors or arrays.
        rtol, atol: Relative and absolute tolerance; ten units in the last place if None.
        message: The beginning of the error's text.
        summarize: How many elements of each it shows; 3 if None, all if -1.
        name: TensorFlow's, without effect.

    >>> assert_near([1.0], [1.0 + 1e-16])
    """
    a, b = to_array(x), to_array(y)
    unit = 10 * np.finfo(a.dtype if a.dtype.kind == "f" else np.float64).eps
    absolute, relative = (unit if part is None else to_array(part) for part in (atol, rtol))
    if not np.all(abs(a - b) < absolute + relative * abs(b)):
        _fail(message, f"{_shown(a, summarize)} is not near {_shown(b, summarize)}")


def assert_rank(x: TensorLike, rank: int, message: str | None = None, name: str | None = None) -> None:
    """Raise ValueError unless x has `rank` axes; `message` begins the error's text.

    Args:
        x: Tensor or array.
        rank: How many axes.
        message: The beginning of the error's text.

    Raises:
        ValueError: it has another number.

    >>> assert_rank([[1, 2], [3, 4]], 2)
    """
    if np.ndim(to_array(x)) != int(to_array(rank)):
        _fail(message, f"expected {rank} axes, got shape {to_array(x).shape}")


def assert_non_negative(x: TensorLike, message: str | None = None, summarize: int | None = None,
                        name: str | None = None) -> None:
    """Raise ValueError if an element of x is negative; other arguments as for `assert_near`.

    Args:
        x: Tensor or array.
        message, summarize: As for `assert_near`.

    Raises:
        ValueError: an element is negative.

    >>> assert_non_negative([0, 1])
    """
    assert_greater_equal(x, 0, message, summarize)


def assert_positive(x: TensorLike, message: str | None = None, summarize: int | None = None,
                    name: str | None = None) -> None:
    """Raise ValueError unless all elements of x are above 0; other arguments as for `assert_near`.

    Args:
        x: Tensor or array.
        message, summarize: As for `assert_near`.

    Raises:
        ValueError: an element is 0 or negative.

    >>> assert_positive([2, 1])
    """
    assert_greater(x, 0, message, summarize)


def check_numerics(tensor: TensorLike, message: str, name: str | None = None) -> TensorLike:
    """Return `tensor`; raise ValueError if it has NaN or infinite elements.

    Args:
        tensor: Tensor or array.
        message: The beginning of the error's text.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: an element is NaN or infinite.

    >>> check_numerics([1.0, 2.0], "the loss")
    [1.0, 2.0]
    >>> check_numerics([1.0, np.nan], "the loss")
    Traceback (most recent call last):
    ValueError: the loss: ...
    """
    if not np.isfinite(to_array(tensor)).all():
        _fail(message, "the tensor has NaN or infinite elements")
    return tensor


def print_tensors(*inputs: Any, output_stream: Any = None, summarize: int = 3, sep: str = " ", end: str = "\n",
                  name: str | None = None) -> None:
    """Print values as `tf.print` does, without the word Tensor.

    Args:
        inputs: Tensors, arrays, texts.
        output_stream: A file; "file://" and a path, to whose end it is written; standard error if None.
        summarize: How many elements to show at each end of an axis; all if -1.
        sep, end: As of Python's `print`.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: `output_stream` is another text.

    >>> print_tensors(Tensor([1, 2]), "done", output_stream=sys.stdout)
    [1 2] done
    """
    most: dict[str, Any] = {"threshold": sys.maxsize}
    if summarize >= 0:
        most = {"edgeitems": summarize, "threshold": 2 * summarize}
    shown = [np.array2string(value.data, **most) if isinstance(value, Tensor) else str(value) for value in inputs]
    if not isinstance(output_stream, str):
        print(*shown, sep=sep, end=end, file=sys.stderr if output_stream is None else output_stream)
        return
    if not output_stream.startswith("file://"):
        raise ValueError(f"tf.print: output_stream must be a file or 'file://path', got {output_stream!r}")
    with open(output_stream.removeprefix("file://"), "a", encoding="utf-8") as file:
        print(*shown, sep=sep, end=end, file=file)


__getattr__ = explainer(__name__)
