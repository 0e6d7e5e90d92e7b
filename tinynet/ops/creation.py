"""New tensors of equal numbers, simple matrices, and conversions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..config import floatx
from ..core.recording import constant
from ..core.types import Array, DTypeLike, ShapeLike, TensorLike
from ..tensor import Tensor, convert_to_tensor, to_array
from .formulas import wrap
from .shape import as_shape


def zeros(shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
    """A Tensor of zeros.

    Args:
        shape: Its shape.
        dtype: Its element type; `floatx()` if None.

    Returns:
        Tensor of that shape.

    >>> zeros((2, 3)).numpy()
    array([[0., 0., 0.],
           [0., 0., 0.]], dtype=float32)
    """
    return wrap(constant(np.zeros(as_shape(shape), dtype or floatx())))


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
    return wrap(constant(np.ones(as_shape(shape), dtype or floatx())))


def empty(shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
    """A Tensor of zeros: uninitialized memory would make a forgotten assignment hard to find.

    Args:
        shape: Its shape.
        dtype: Its element type; `floatx()` if None.

    Returns:
        Tensor of that shape.

    >>> empty((2,)).numpy()
    array([0., 0.], dtype=float32)
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

    >>> full((2, 2), [1, 2]).tolist()
    [[1.0, 2.0], [1.0, 2.0]]
    """
    value = to_array(fill_value)
    return wrap(constant(np.full(as_shape(shape), value, dtype or floatx()), value))


def zeros_like(x: TensorLike, dtype: DTypeLike = None) -> Tensor:
    """Zeros in the shape of x.

    Args:
        x: Tensor.
        dtype: The element type; that of x if None.

    Returns:
        Tensor, shaped like `x`.

    >>> zeros_like([1, 2]).numpy()
    array([0, 0], dtype=int32)
    """
    return wrap(constant(np.zeros_like(to_array(x), dtype=dtype)))


def ones_like(x: TensorLike, dtype: DTypeLike = None) -> Tensor:
    """Ones in the shape of x.

    Args:
        x: Tensor.
        dtype: The element type; that of x if None.

    Returns:
        Tensor, shaped like `x`.

    >>> ones_like([5.0, 7.0]).numpy()
    array([1., 1.], dtype=float32)
    """
    return wrap(constant(np.ones_like(to_array(x), dtype=dtype)))


def empty_like(x: TensorLike, dtype: DTypeLike = None) -> Tensor:
    """Zeros in the shape of x; see `empty`.

    Args:
        x: Tensor.
        dtype: The element type; that of x if None.

    Returns:
        Tensor, shaped like `x`.

    >>> empty_like([1, 2]).numpy()
    array([0, 0], dtype=int32)
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

    >>> full_like([1, 2], 7).numpy()
    array([7, 7], dtype=int32)
    """
    value = to_array(fill_value)
    return wrap(constant(np.full_like(to_array(x), value, dtype=dtype), value))


def eye(N: int, M: int | None = None, k: int = 0, dtype: DTypeLike = None) -> Tensor:
    """A matrix with ones on a diagonal, zeros elsewhere.

    Args:
        N: Number of rows.
        M: Number of columns; N if None.
        k: Which diagonal: 0 for the main one, above it if positive, below it if negative.
        dtype: Element type; `floatx()` if None.

    Returns:
        Tensor, shape (N, M).

    >>> eye(2, 3, k=1).numpy()
    array([[0., 1., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    return wrap(constant(np.eye(N, M, k, dtype or floatx())))


def identity(n: int, dtype: DTypeLike = None) -> Tensor:
    """The identity matrix.

    Args:
        n: Number of rows and columns.
        dtype: Element type; `floatx()` if None.

    Returns:
        Tensor, shape (n, n).

    >>> identity(2).numpy()
    array([[1., 0.],
           [0., 1.]], dtype=float32)
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
    return wrap(constant(np.tri(N, M, k, dtype or floatx())))


def array(x: TensorLike, dtype: DTypeLike = None) -> Tensor:
    """`x` as a Tensor: another name for `convert_to_tensor`.

    Args:
        x: Numbers, nested lists of them, an array or a Tensor.
        dtype: Element type; chosen by the values if None.

    Returns:
        Tensor, with a shape from the nesting of the lists.

    >>> array([[1, 2], [3, 4]]).shape
    (2, 2)
    """
    return convert_to_tensor(x, dtype)


def convert_to_numpy(x: TensorLike) -> Array:
    """The values as an ndarray, a copy.

    Args:
        x: Tensor.

    Returns:
        ndarray, shaped like `x`.

    >>> convert_to_numpy(Tensor([1.0, 2.0]))
    array([1., 2.], dtype=float32)
    """
    return np.array(to_array(x))


def is_tensor(x: Any) -> bool:
    """Whether x is a Tensor (or Variable).

    Args:
        x: Anything.

    Returns:
        A bool.

    >>> is_tensor(Tensor([1.0])), is_tensor(np.array([1.0]))
    (True, False)
    """
    return isinstance(x, Tensor)


def dtype(x: TensorLike) -> str:
    """The name of the element type.

    Args:
        x: Tensor.

    Returns:
        A string such as 'float32'.

    >>> dtype(Tensor([1.0])), dtype(np.array([True]))
    ('float32', 'bool')
    """
    return to_array(x).dtype.name


def view(x: TensorLike, dtype: DTypeLike = None) -> Tensor:
    """The same bytes read as another element type.

    Args:
        x: Tensor.
        dtype: The element type; `floatx()` if None.

    Returns:
        Tensor, shape of `x`; the last axis is longer or shorter where the types differ in size.

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

    >>> x = Variable(3.0)
    >>> with GradientTape() as tape:
    ...     y = x * stop_gradient(x)
    >>> float(tape.gradient(y, x))  # of x * x it would be 6
    3.0
    """
    x = convert_to_tensor(variable)
    return wrap(x.data.copy() if type(x) is not Tensor else x.data)
