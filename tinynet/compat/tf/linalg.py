"""`tf.linalg`: matrices, in the last two axes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ... import ops
from ...core.types import Axis, DTypeLike, ShapeLike, TensorLike
from ...ops.shape import as_shape
from ...tensor import Tensor, convert_to_tensor, numbers_of
from .arguments import as_axis, as_tf, of_type, refuse
from .reductions import _tensor


def matmul(a: TensorLike, b: TensorLike, transpose_a: bool = False, transpose_b: bool = False, adjoint_a: bool = False,
           adjoint_b: bool = False, a_is_sparse: bool = False, b_is_sparse: bool = False,
           output_type: DTypeLike = None, grad_a: bool = False, grad_b: bool = False,
           name: str | None = None) -> Tensor:
    """Return the matrix product, of transposed matrices where the arguments are true: `ops.matmul`.

    Args:
        a, b: Matrices, shape (..., rows, columns).
        transpose_a, transpose_b: Whether to transpose them first.
        adjoint_a, adjoint_b: The same, for real numbers.
        a_is_sparse, b_is_sparse, grad_a, grad_b, name: Hints to TensorFlow, without effect.
        output_type: Element type of the result; that of the matrices if None.

    Raises:
        ValueError: a matrix is to be transposed and to be adjoint, or the shapes do not fit.

    >>> matmul([[1.0, 2.0]], [[3.0, 4.0]], transpose_b=True).tolist()
    [[11.0]]
    """
    a = _turned("matmul", "a", a, transpose_a, adjoint_a)
    return of_type(ops.matmul(a, _turned("matmul", "b", b, transpose_b, adjoint_b)), output_type)


def _turned(title, argument, matrix, transpose, adjoint):
    if transpose and adjoint:
        raise ValueError(f"tf.linalg.{title}: only one of transpose_{argument} and adjoint_{argument} can be True")
    return ops.swapaxes(matrix, -1, -2) if transpose or adjoint else matrix


def matvec(a: TensorLike, b: TensorLike, transpose_a: bool = False, adjoint_a: bool = False, a_is_sparse: bool = False,
           b_is_sparse: bool = False, name: str | None = None) -> Tensor:
    """Return the product of matrices (..., rows, columns) and vectors (..., columns); arguments as for `matmul`.

    Args:
        a: Matrices, shape (..., rows, columns).
        b: Vectors, shape (..., columns).
        transpose_a, adjoint_a: Whether to transpose the matrices first.
        a_is_sparse, b_is_sparse: Without effect.

    >>> matvec([[1.0, 2.0], [3.0, 4.0]], [10.0, 1.0]).tolist()
    [12.0, 34.0]
    """
    a = _turned("matvec", "a", a, transpose_a, adjoint_a)
    return ops.squeeze(ops.matmul(a, ops.expand_dims(b, -1)), -1)


def matrix_transpose(a: TensorLike, name: str = "matrix_transpose", conjugate: bool = False) -> Tensor:
    """Exchange the last two axes.

    Args:
        a: Tensor.
        name: TensorFlow's, without effect.
        conjugate: Makes no difference for real numbers.

    Returns:
        Tensor, shape (..., columns, rows).

    >>> matrix_transpose([[1, 2], [3, 4]]).tolist()
    [[1, 3], [2, 4]]
    """
    return ops.swapaxes(a, -2, -1)


def eye(num_rows: int, num_columns: int | None = None, batch_shape: ShapeLike | None = None,
        dtype: DTypeLike = "float32", name: str | None = None) -> Tensor:
    """Return a matrix with ones on the main diagonal, zeros elsewhere.

    Args:
        num_rows, num_columns: Its shape; as many columns as rows if None.
        batch_shape: As many such matrices, in the leading axes.
        dtype: Element type.
        name: TensorFlow's, without effect.

    >>> eye(2, batch_shape=[3]).shape
    (3, 2, 2)
    """
    matrix = ops.eye(int(num_rows), None if num_columns is None else int(num_columns), dtype=dtype)
    return matrix if batch_shape is None else ops.broadcast_to(matrix, (*as_shape(batch_shape), *matrix.shape))


def band_part(input: TensorLike, num_lower: int, num_upper: int, name: str | None = None) -> Tensor:  # noqa: A002
    """Keep a band around the main diagonal, and set all other elements to 0.

    Args:
        input: Matrices, shape (..., rows, columns).
        num_lower: How many diagonals below it to keep; all if negative.
        num_upper: How many above it; all if negative.
        name: TensorFlow's, without effect.

    Returns:
        Tensor, shaped like `input`.

    >>> band_part([[1, 2, 3], [4, 5, 6], [7, 8, 9]], 0, 1).tolist()
    [[1, 2, 0], [0, 5, 6], [0, 0, 9]]
    """
    x = _tensor(input)
    down = np.arange(x.shape[-2])[:, None] - np.arange(x.shape[-1])
    lower, upper = int(numbers_of(num_lower)), int(numbers_of(num_upper))
    kept = ((lower < 0) | (down <= lower)) & ((upper < 0) | (-down <= upper))
    return ops.where(kept, x, np.zeros((), x.dtype))


def diag(diagonal: TensorLike, name: str = "diag", k: int = 0, num_rows: int = -1, num_cols: int = -1,
         padding_value: float = 0, align: str = "RIGHT_LEFT") -> Tensor:
    """Return square matrices with the given elements on one diagonal.

    Args:
        diagonal: Shape (..., length).
        name: TensorFlow's, without effect.
        k: Which diagonal: 0 the main one, positive above it.
        num_rows, num_cols, align: Must be as they are.
        padding_value: The other elements.

    Raises:
        NotImplementedError: several diagonals, or one of the arguments that must be as they are.

    >>> diag([1, 2]).tolist()
    [[1, 0], [0, 2]]
    """
    refuse("linalg.diag", "write the matrix with tf.pad", num_rows=(num_rows, -1), num_cols=(num_cols, -1),
           align=(align, "RIGHT_LEFT"))
    k, x = _one_diagonal("diag", k), _tensor(diagonal)
    size = x.shape[-1] + abs(k)
    on = np.eye(size, k=k, dtype=bool)
    moved = ops.pad(x, [(0, 0)] * (len(x.shape) - 1) + [(max(-k, 0), max(k, 0))])
    return ops.where(on, ops.expand_dims(moved, -1), np.asarray(padding_value, x.dtype))


def _one_diagonal(title, k):
    k = numbers_of(k)
    if k.size != 1:
        raise NotImplementedError(f"tf.linalg.{title}: k={k.tolist()} means several diagonals; pass one number")
    return int(k.reshape(()))


def diag_part(input: TensorLike, name: str = "diag_part", k: int = 0, padding_value: float = 0,
              align: str = "RIGHT_LEFT") -> Tensor:  # noqa: A002
    """Return a diagonal of matrices.

    Args:
        input: Shape (..., rows, columns).
        name: TensorFlow's, without effect.
        k: Which diagonal: 0 the main one, positive above it.
        padding_value, align: For several diagonals, which tinynet does not have: they must be as they are.

    Raises:
        NotImplementedError: several diagonals, or one of the arguments that must be as they are.

    >>> diag_part([[1, 2], [3, 4]]).tolist(), diag_part([[1, 2], [3, 4]], k=1).tolist()
    ([1, 4], [2])
    """
    refuse("linalg.diag_part", "one diagonal needs no filling", padding_value=(padding_value, 0),
           align=(align, "RIGHT_LEFT"))
    return ops.diagonal(input, _one_diagonal("diag_part", k), -2, -1)


def inv(input: TensorLike, adjoint: bool = False, name: str | None = None) -> Tensor:  # noqa: A002
    """Return the inverse of square matrices, transposed if `adjoint`.

    Args:
        input: Square matrices, shape (..., n, n).
        adjoint: Whether to transpose them first.

    >>> inv([[2.0, 0.0], [0.0, 4.0]]).numpy()
    array([[0.5 , 0.  ],
           [0.  , 0.25]], dtype=float32)
    """
    return ops.inv(_turned("inv", "input", input, adjoint, False))


def solve(matrix: TensorLike, rhs: TensorLike, adjoint: bool = False, name: str | None = None) -> Tensor:
    """Return x of matrix x = rhs, or of matrix^T x = rhs if `adjoint`.

    Args:
        matrix: Square matrices, shape (..., n, n).
        rhs: Shape (..., n, columns).
        adjoint: Whether to transpose the matrices first.

    >>> solve([[2.0, 0.0], [0.0, 4.0]], [[2.0], [8.0]]).tolist()
    [[1.0], [2.0]]
    """
    return ops.solve(_turned("solve", "matrix", matrix, adjoint, False), rhs)


def triangular_solve(matrix: TensorLike, rhs: TensorLike, lower: bool = True, adjoint: bool = False,
                     name: str | None = None) -> Tensor:
    """Return x of matrix x = rhs, of a triangular matrix.

    Args:
        matrix: Shape (..., n, n).
        rhs: Shape (..., n, columns).
        lower: Whether the lower triangle is used, else the upper one.
        adjoint: Whether to solve matrix^T x = rhs.
        name: TensorFlow's, without effect.

    >>> triangular_solve([[2.0, 9.0], [0.0, 4.0]], [[2.0], [4.0]]).tolist()
    [[1.0], [1.0]]
    """
    x = _tensor(matrix)
    x = band_part(x, -1, 0) if lower else band_part(x, 0, -1)
    return ops.solve(ops.swapaxes(x, -2, -1) if adjoint else x, rhs)


def lstsq(matrix: TensorLike, rhs: TensorLike, l2_regularizer: float = 0.0, fast: bool = True,
          name: str | None = None) -> Tensor:
    """Return x with the least |matrix x - rhs|^2 + l2_regularizer |x|^2.

    Args:
        matrix: Shape (rows, columns); with a regularizer also (..., rows, columns).
        rhs: Shape (rows, right-hand sides).
        l2_regularizer: Weight of the penalty.
        fast: TensorFlow's choice of the algorithm, without effect.
        name: TensorFlow's, without effect.

    >>> lstsq([[1.0], [1.0]], [[1.0], [3.0]]).tolist(), lstsq([[1.0], [1.0]], [[1.0], [3.0]], 2.0).tolist()
    ([[2.0]], [[1.0]])
    """
    if not l2_regularizer:
        return ops.lstsq(matrix, rhs)
    a = convert_to_tensor(matrix)
    turned = ops.swapaxes(a, -2, -1)
    penalty = np.eye(a.shape[-1], dtype=a.dtype) * a.dtype.type(l2_regularizer)
    return ops.solve(ops.matmul(turned, a) + penalty, ops.matmul(turned, rhs))


def pinv(a: TensorLike, rcond: float | None = None, validate_args: bool = False, name: str | None = None) -> Tensor:
    """Return the pseudo-inverse of matrices.

    Args:
        a: Shape (..., rows, columns).
        rcond: Singular values up to this fraction of the largest count as 0.
        validate_args: Whether to check the shape; it is always checked.
        name: TensorFlow's, without effect.

    >>> pinv([[2.0, 0.0], [0.0, 0.0]]).numpy().round(3)
    array([[0.5, 0. ],
           [0. , 0. ]], dtype=float32)
    """
    return ops.pinv(a, rcond)


def qr(input: TensorLike, full_matrices: bool = False, name: str | None = None) -> tuple[Tensor, Tensor]:  # noqa: A002
    """Return (q, r) with input = q r; q is square if `full_matrices`.

    Args:
        input: Matrices, shape (..., rows, columns).
        full_matrices: Whether q is square.

    >>> q, r = qr([[3.0, 1.0], [4.0, 2.0]])
    >>> (q @ r).numpy().round(3)
    array([[3., 1.],
           [4., 2.]], dtype=float32)
    """
    return ops.qr(input, "complete" if full_matrices else "reduced")


def svd(tensor: TensorLike, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None) -> Any:
    """Return (s, u, v), where NumPy has (u, s, v^T); s alone unless `compute_uv`.

    Args:
        tensor: Matrices, shape (..., rows, columns).
        full_matrices: Whether u and v are square.
        compute_uv: Whether to return them too.

    >>> s, u, v = svd([[3.0, 0.0], [0.0, -4.0]])
    >>> s.numpy().round(3)
    array([4., 3.], dtype=float32)
    """
    if not compute_uv:
        return ops.svd(tensor, full_matrices, False)
    u, s, vh = ops.svd(tensor, full_matrices)
    return s, u, ops.swapaxes(vh, -2, -1)


class LogDet(NamedTuple):
    """What `tf.linalg.slogdet` returns."""

    sign: Tensor
    log_abs_determinant: Tensor


def slogdet(input: TensorLike, name: str | None = None) -> LogDet:  # noqa: A002
    """Return the sign of the determinant, and the logarithm of its absolute value.

    Args:
        input: Square matrices, shape (..., n, n).

    >>> slogdet([[0.0, 2.0], [3.0, 0.0]]).sign.item()  # the determinant is -6
    -1.0
    """
    return LogDet(*ops.slogdet(input))


def trace(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the sum of the main diagonal of matrices (..., rows, columns).

    Args:
        x: Matrices, shape (..., rows, columns).

    >>> trace([[1, 2], [3, 4]]).item()
    5
    """
    return ops.trace(x, 0, -2, -1)


def einsum(equation: str, *inputs: TensorLike, **kwargs: Any) -> Tensor:
    """Sum products of elements over the axes that the result does not name: `ops.einsum`.

    Args:
        equation: Such as "ij,jk->ik".
        inputs: Tensors.
        kwargs: TensorFlow's `optimize` and `name`, without effect.

    Returns:
        Tensor.

    Raises:
        TypeError: another keyword.

    >>> einsum("ij,j->i", [[1.0, 2.0], [3.0, 4.0]], [10.0, 1.0]).tolist()
    [12.0, 34.0]
    """
    unknown = set(kwargs) - {"optimize", "name"}
    if unknown:
        raise TypeError(f"tf.einsum: unknown argument {sorted(unknown)[0]!r}; known are optimize and name")
    return ops.einsum(equation, *inputs)


def l2_normalize(x: TensorLike, axis: Axis = None, epsilon: float = 1e-12, name: str | None = None) -> Tensor:
    """Return x / sqrt(max(sum(x^2), epsilon)), with the sum over some axes, or over all if `axis` is None.

    Args:
        x: Tensor.
        axis: The axis of the vectors, or several.
        epsilon: The smallest squared length that is divided by.
        name: Without effect.

    >>> l2_normalize(np.array([3.0, 4.0])).numpy().round(3).tolist()
    [0.6, 0.8]
    """
    x = _tensor(x)
    squares = ops.sum(ops.square(x), as_axis(axis), keepdims=True)
    return x * ops.rsqrt(ops.maximum(squares, epsilon))


cholesky = as_tf("linalg.cholesky", ops.cholesky, "input")
cross = as_tf("linalg.cross", ops.cross, "a", "b")
det = as_tf("linalg.det", ops.det, "input")
eigh = as_tf("linalg.eigh", ops.eigh, "tensor")
logdet = as_tf("linalg.logdet", ops.logdet, "matrix")
tensordot = as_tf("tensordot", ops.tensordot, "a", "b", "axes")
