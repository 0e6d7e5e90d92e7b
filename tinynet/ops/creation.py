"""New tensors: zeros, ones, ranges; and conversions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..config import floatx
from ..core.types import Array, DTypeLike, ShapeLike, TensorLike
from ..tensor import Tensor, convert_to_tensor, to_array
from .formulas import named, wrap
from .shape import as_shape


def zeros(shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
    """A Tensor of zeros.

    Args:
        shape: Its shape.
        dtype: Its element type; `floatx()` if None.

    Returns:
        Tensor of that shape.
    """
    return wrap(np.zeros(as_shape(shape), dtype or floatx()))


def ones(shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
    """A Tensor of ones.

    Args:
        shape: Its shape.
        dtype: Its element type; `floatx()` if None.

    Returns:
        Tensor of that shape.

    >>> ones((1, 2)).numpy()
    array([[1., 1.]], dtype=float32)
    """
    return wrap(np.ones(as_shape(shape), dtype or floatx()))


def empty(shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
    """A Tensor of zeros: uninitialized memory would make a forgotten assignment hard to find.

    Args:
        shape: Its shape.
        dtype: Its element type; `floatx()` if None.

    Returns:
        Tensor of that shape.
    """
    return zeros(shape, dtype)


def full(shape: ShapeLike, fill_value: TensorLike, dtype: DTypeLike = None) -> Tensor:
    """A Tensor whose elements are all `fill_value`.

    Args:
        shape: Its shape.
        fill_value: A number, or what broadcasts to the shape.
        dtype: Its element type; `floatx()` if None.

    Returns:
        Tensor of that shape.

    Raises:
        ValueError: `fill_value` does not broadcast to the shape.
    """
    return wrap(np.full(as_shape(shape), to_array(fill_value), dtype or floatx()))


def zeros_like(x: TensorLike, dtype: DTypeLike = None) -> Tensor:
    """Zeros in the shape of x.

    Args:
        x: Tensor.
        dtype: The element type; that of x if None.

    Returns:
        Tensor, shaped like `x`.
    """
    return wrap(np.zeros_like(to_array(x), dtype=dtype))


def ones_like(x: TensorLike, dtype: DTypeLike = None) -> Tensor:
    """Ones in the shape of x.

    Args:
        x: Tensor.
        dtype: The element type; that of x if None.

    Returns:
        Tensor, shaped like `x`.
    """
    return wrap(np.ones_like(to_array(x), dtype=dtype))


def empty_like(x: TensorLike, dtype: DTypeLike = None) -> Tensor:
    """Zeros in the shape of x; see `empty`.

    Args:
        x: Tensor.
        dtype: The element type; that of x if None.

    Returns:
        Tensor, shaped like `x`.
    """
    return zeros_like(x, dtype)


def full_like(x: TensorLike, fill_value: TensorLike, dtype: DTypeLike = None) -> Tensor:
    """A Tensor in the shape of x whose elements are all `fill_value`.

    Args:
        x: Tensor.
        fill_value: A number, or what broadcasts to the shape.
        dtype: The element type; that of x if None.

    Returns:
        Tensor, shaped like `x`.

    Raises:
        ValueError: `fill_value` does not broadcast to the shape.
    """
    return wrap(np.full_like(to_array(x), to_array(fill_value), dtype=dtype))


def arange(start: Any, stop: Any = None, step: Any = None, dtype: DTypeLike = None) -> Tensor:
    """Numbers from start up to, but not including, stop.

    Args:
        start: The first number. If it is the only argument, it is `stop`, and the first number is 0.
        stop: The limit.
        step: The distance between neighbours; 1 if None.
        dtype: Element type; if None, `floatx()` if an argument is a float, else int32.

    Returns:
        Tensor with one axis.

    >>> arange(3).numpy()
    array([0, 1, 2], dtype=int32)
    """
    bounds = [v.item() if isinstance(v, (Tensor, np.ndarray, np.generic)) else v for v in (start, stop, step)]
    if dtype is None:
        dtype = floatx() if any(isinstance(v, float) for v in bounds) else "int32"
    start, stop, step = bounds
    start, stop = (0, start) if stop is None else (start, stop)
    return wrap(np.arange(start, stop, 1 if step is None else step, dtype=dtype))


def eye(N: int, M: int | None = None, k: int = 0, dtype: DTypeLike = None) -> Tensor:
    """A matrix with ones on a diagonal, zeros elsewhere.

    Args:
        N: Number of rows.
        M: Number of columns; N if None.
        k: Which diagonal: 0 for the main one, above it if positive, below it if negative.
        dtype: Element type; `floatx()` if None.

    Returns:
        Tensor, shape (N, M).
    """
    return wrap(np.eye(N, M, k, dtype or floatx()))


def identity(n: int, dtype: DTypeLike = None) -> Tensor:
    """The identity matrix.

    Args:
        n: Number of rows and columns.
        dtype: Element type; `floatx()` if None.

    Returns:
        Tensor, shape (n, n).
    """
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: DTypeLike = None) -> Tensor:
    """A matrix with ones on a diagonal and below it, zeros above.

    Args:
        N: Number of rows.
        M: Number of columns; N if None.
        k: Which diagonal, as for `eye`.
        dtype: Element type; `floatx()` if None.

    Returns:
        Tensor, shape (N, M).

    >>> tri(2).tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    return wrap(np.tri(N, M, k, dtype or floatx()))


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
    y, step = np.linspace(_plain(start), _plain(stop), num, endpoint, True, axis=axis)
    y = wrap(np.ascontiguousarray(y, dtype))
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
        Tensor with one axis more than start and stop.

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
        Tensor with one axis more than start and stop.

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


def _window(name, function):
    def op(x: int) -> Tensor:
        return wrap(function(int(x)).astype(floatx()))

    return named(op, name, f"""The {name.capitalize()} window.

    Args:
        x: Number of points.

    Returns:
        Tensor of `floatx()`, shape (x,).
    """)


bartlett = _window("bartlett", np.bartlett)
blackman = _window("blackman", np.blackman)
hamming = _window("hamming", np.hamming)
hanning = _window("hanning", np.hanning)


def kaiser(x: int, beta: float) -> Tensor:
    """The Kaiser window.

    Args:
        x: Number of points.
        beta: Shape: 0 is a rectangle; larger ones are narrower.

    Returns:
        Tensor of `floatx()`, shape (x,).
    """
    return wrap(np.kaiser(int(x), float(beta)).astype(floatx()))


def array(x: TensorLike, dtype: DTypeLike = None) -> Tensor:
    """`x` as a Tensor: another name for `convert_to_tensor`.

    Args:
        x: Numbers, nested lists of them, an array or a Tensor.
        dtype: Element type; chosen by the values if None.

    Returns:
        Tensor.
    """
    return convert_to_tensor(x, dtype)


def convert_to_numpy(x: TensorLike) -> Array:
    """The values as an ndarray, a copy.

    Args:
        x: Tensor.

    Returns:
        ndarray, shaped like `x`.
    """
    return np.array(to_array(x))


def is_tensor(x: Any) -> bool:
    """Whether x is a Tensor (or Variable).

    Args:
        x: Anything.

    Returns:
        A bool.
    """
    return isinstance(x, Tensor)


def dtype(x: TensorLike) -> str:
    """The name of the element type.

    Args:
        x: Tensor.

    Returns:
        A string such as 'float32'.
    """
    return to_array(x).dtype.name


def view(x: TensorLike, dtype: DTypeLike = None) -> Tensor:
    """The same bytes read as another element type.

    Args:
        x: Tensor.
        dtype: The element type; `floatx()` if None.

    Returns:
        Tensor, whose last axis is longer or shorter where the types differ in size.

    Raises:
        ValueError: the bytes of the last axis are not whole elements of that type.

    >>> view(np.float32([1.0]), "int32").numpy()
    array([1065353216], dtype=int32)
    """
    return wrap(to_array(x).view(dtype or floatx()).copy())


def stop_gradient(variable: TensorLike) -> Tensor:
    """The same values as a constant: no gradient flows through.

    Args:
        variable: Tensor or Variable.

    Returns:
        Tensor, shaped like `variable`.
    """
    x = convert_to_tensor(variable)
    return wrap(x.data.copy() if type(x) is not Tensor else x.data)


def _plain(x):
    return x if isinstance(x, (int, float)) else to_array(x).astype(np.float64)


def _float_of(*values):
    """float64 if a float64 Tensor is among them."""
    return "float64" if any(isinstance(x, Tensor) and x.dtype == np.float64 for x in values) else floatx()
