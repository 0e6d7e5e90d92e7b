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


def _compare(name, holds):
    def check(x, y, message=None, summarize=None, name=None):
        a, b = to_array(x), to_array(y)
        if not np.all(holds(a, b)):
            _fail(message, f"{check.__name__} does not hold for {a} and {b}")

    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"Raise ValueError unless every element of x is {name.removeprefix('assert_')} y."
    return check


assert_equal = _compare("assert_equal", np.equal)
assert_none_equal = _compare("assert_none_equal", np.not_equal)
assert_less = _compare("assert_less", np.less)
assert_less_equal = _compare("assert_less_equal", np.less_equal)
assert_greater = _compare("assert_greater", np.greater)
assert_greater_equal = _compare("assert_greater_equal", np.greater_equal)


def assert_near(x: TensorLike, y: TensorLike, rtol: float | None = None, atol: float | None = None,
                message: str | None = None, summarize: int | None = None, name: str | None = None) -> None:
    """Raise ValueError unless |x - y| <= atol + rtol |y|.

    Args:
        x, y: Tensors or arrays.
        rtol, atol: Relative and absolute tolerance; ten units in the last place if None.
        message: The beginning of the error's text.
        summarize, name: Taken for TensorFlow's sake and ignored.

    >>> assert_near([1.0], [1.0 + 1e-16])
    """
    a, b = to_array(x), to_array(y)
    unit = 10 * np.finfo(a.dtype if a.dtype.kind == "f" else np.float64).eps
    if not np.all(abs(a - b) <= (unit if atol is None else atol) + (unit if rtol is None else rtol) * abs(b)):
        _fail(message, f"{a} is not near {b}")


def assert_rank(x: TensorLike, rank: int, message: str | None = None, name: str | None = None) -> None:
    """Raise ValueError unless x has `rank` axes."""
    if to_array(x).ndim != rank:
        _fail(message, f"expected {rank} axes, got shape {to_array(x).shape}")


def assert_non_negative(x: TensorLike, message: str | None = None, summarize: int | None = None,
                        name: str | None = None) -> None:
    """Raise ValueError if an element of x is negative."""
    assert_greater_equal(x, 0, message)


def assert_positive(x: TensorLike, message: str | None = None, summarize: int | None = None,
                    name: str | None = None) -> None:
    """Raise ValueError unless all elements of x are above 0."""
    assert_greater(x, 0, message)


def check_numerics(tensor: TensorLike, message: str, name: str | None = None) -> TensorLike:
    """Return `tensor`; raise ValueError if it has NaN or infinite elements.

    Args:
        tensor: Tensor or array.
        message: The beginning of the error's text.
    """
    if not np.isfinite(to_array(tensor)).all():
        _fail(message, "the tensor has NaN or infinite elements")
    return tensor


def print_tensors(*inputs: Any, output_stream: Any = sys.stderr, summarize: int = 3, sep: str = " ", end: str = "\n",
                  name: str | None = None) -> None:
    """Print values as `tf.print` does, without the word Tensor.

    Args:
        inputs: Tensors, arrays, texts.
        output_stream: A file; standard error if None.
        summarize: How many elements to show at each end of an axis.
        sep, end: As of Python's `print`.

    >>> print_tensors(Tensor([1, 2]), "done", output_stream=sys.stdout)
    [1 2] done
    """
    shown = [np.array2string(value.data, edgeitems=summarize, threshold=2 * summarize) if isinstance(value, Tensor)
             else str(value) for value in inputs]
    print(*shown, sep=sep, end=end, file=sys.stderr if output_stream is None else output_stream)


__getattr__ = explainer(__name__)
