"""New tensors of numbers in order: ranges, powers, and windows for signals."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..config import floatx
from ..core.recording import constant
from ..core.types import DTypeLike, TensorLike
from ..tensor import Tensor, to_array
from .formulas import named, wrap


def arange(start: Any, stop: Any = None, step: Any = None, dtype: DTypeLike = None) -> Tensor:
    """Numbers from start up to, but not including, stop.

    Args:
        start: The first number. If it is the only argument, it is `stop`, and the first number is 0.
        stop: The limit.
        step: The distance between neighbours; 1 if None.
        dtype: Element type; if None, `floatx()` if an argument is a float, else int32.

    Returns:
        Tensor, shape (count,).

    >>> arange(3).numpy()
    array([0, 1, 2], dtype=int32)
    """
    bounds = [v.item() if isinstance(v, (Tensor, np.ndarray, np.generic)) else v for v in (start, stop, step)]
    if dtype is None:
        dtype = floatx() if any(isinstance(v, float) for v in bounds) else "int32"
    start, stop, step = bounds
    start, stop = (0, start) if stop is None else (start, stop)
    return wrap(constant(np.arange(start, stop, 1 if step is None else step, dtype=dtype)))  # `item` tells of Tensors


def linspace(
    start: TensorLike, stop: TensorLike, num: int = 50, endpoint: bool = True, retstep: bool = False,
    dtype: DTypeLike = None, axis: int = 0,
) -> Any:
    """`num` numbers at equal distances from start to stop.

    Args:
        start, stop: Numbers or tensors.
        num: How many.
        endpoint: Whether stop is one of them.
        retstep: Also return the distance.
        dtype: Element type; `floatx()` if None, or float64 if start or stop is a Tensor of it.
        axis: Position of the new axis if start and stop are tensors.

    Returns:
        Tensor with one axis more than start and stop; with `retstep` (Tensor, distance).

    >>> linspace(0, 1, 3).numpy()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    dtype = dtype or _float_of(start, stop)
    numbers, step = np.linspace(_plain(start), _plain(stop), num, endpoint=endpoint, retstep=True, axis=axis)
    y = wrap(np.ascontiguousarray(numbers, dtype))
    return (y, Tensor(step, dtype)) if retstep else y


def logspace(
    start: TensorLike, stop: TensorLike, num: int = 50, endpoint: bool = True, base: float = 10,
    dtype: DTypeLike = None, axis: int = 0,
) -> Tensor:
    """base^`linspace(start, stop)`: numbers from base^start to base^stop, in equal ratios.

    Args:
        start, stop, num, endpoint, dtype, axis: As for `linspace`.
        base: The base of the powers.

    Returns:
        Tensor: the broadcast shape of start and stop, and an axis of length `num` more.

    >>> logspace(0, 2, 3).numpy()
    array([  1.,  10., 100.], dtype=float32)
    """
    y = np.logspace(_plain(start), _plain(stop), num, endpoint, base, axis=axis)
    return wrap(np.ascontiguousarray(y, dtype or _float_of(start, stop)))


def geomspace(
    start: TensorLike, stop: TensorLike, num: int = 50, endpoint: bool = True, dtype: DTypeLike = None, axis: int = 0
) -> Tensor:
    """`num` numbers from start to stop, in equal ratios.

    Args:
        start, stop: Numbers or tensors, none 0.
        num, endpoint, dtype, axis: As for `linspace`.

    Returns:
        Tensor: the broadcast shape of start and stop, and an axis of length `num` more.

    Raises:
        ValueError: start or stop is 0.

    >>> geomspace(1, 100, 3).numpy()
    array([  1.,  10., 100.], dtype=float32)
    """
    y = np.geomspace(_plain(start), _plain(stop), num, endpoint, axis=axis)
    return wrap(np.ascontiguousarray(y, dtype or _float_of(start, stop)))


def vander(x: TensorLike, N: int | None = None, increasing: bool = False) -> Tensor:
    """The Vandermonde matrix: row i holds the powers of x[i].

    Args:
        x: Tensor, shape (n,).
        N: Number of powers; n if None.
        increasing: Whether the powers grow from 0 to N - 1 from left to right; else they fall.

    Returns:
        Tensor, shape (n, N).

    Raises:
        ValueError: x does not have one axis.

    >>> vander([2.0, 3.0], 3).tolist()
    [[4.0, 2.0, 1.0], [9.0, 3.0, 1.0]]
    """
    return wrap(np.ascontiguousarray(np.vander(to_array(x), N, increasing), to_array(x).dtype))


def _window(name, function, rise):
    def op(x: int) -> Tensor:
        return wrap(function(int(x)).astype(floatx()))

    return named(op, name, f"""The {name.capitalize()} window.

    Args:
        x: Number of points.

    Returns:
        Tensor of `floatx()`, shape (x,).

    >>> {name}(7).numpy()[1:4].round(3)
    array({rise}, dtype=float32)
    """)


bartlett = _window("bartlett", np.bartlett, "[0.333, 0.667, 1.   ]")
blackman = _window("blackman", np.blackman, "[0.13, 0.63, 1.  ]")
hamming = _window("hamming", np.hamming, "[0.31, 0.77, 1.  ]")
hanning = _window("hanning", np.hanning, "[0.25, 0.75, 1.  ]")


def kaiser(x: int, beta: float) -> Tensor:
    """The Kaiser window.

    Args:
        x: Number of points.
        beta: Shape: 0 is a rectangle; larger ones are narrower.

    Returns:
        Tensor of `floatx()`, shape (x,).

    >>> kaiser(5, 2.0).numpy().round(3)
    array([0.439, 0.835, 1.   , 0.835, 0.439], dtype=float32)
    """
    return wrap(np.kaiser(int(x), float(beta)).astype(floatx()))


def _plain(x):
    return x if isinstance(x, (int, float)) else to_array(x).astype(np.float64)


def _float_of(*values):
    """float64 if a float64 Tensor is among them."""
    return "float64" if any(isinstance(x, Tensor) and x.dtype == np.float64 for x in values) else floatx()
