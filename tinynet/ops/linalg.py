"""Linear algebra of matrices: determinants, inverses and factors. X' is X transposed."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.types import TensorLike
from ..tensor import Tensor, convert_to_tensor
from . import both
from .arguments import as_floats
from .diagonal import tril, triu
from .formulas import binary, unary, wrap
from .matmul import matmul
from .shape import expand_dims, moveaxis, reshape


def _t(a):
    return both.swapaxes(a, -1, -2)


def _symmetric(a):
    return (a + _t(a)) / 2


def _half_tril(a):
    """The lower triangle, its diagonal halved."""
    return both.tril(a) - 0.5 * a * np.eye(a.shape[-1], dtype=a.dtype)


_MATRICES = """

    Args:
        x: Square matrices, shape (..., n, n); integers become `floatx()`.

    Returns:
        Tensor, shape """

inv = unary("inv", "The inverse of matrices." + _MATRICES + """(..., n, n).

    Raises:
        LinAlgError: a matrix is singular.

    >>> inv([[2, 1], [1, 1]]).numpy().round(3)
    array([[ 1., -1.],
           [-1.,  2.]], dtype=float32)
    """, np.linalg.inv, lambda dy, x, y: -_t(y) @ dy @ _t(y))
det = unary("det", "The determinant of matrices." + _MATRICES + """(...).

    >>> round(float(det([[1, 2], [3, 4]])), 3)
    -2.0
    """, np.linalg.det, lambda dy, x, y: (dy * y)[..., None, None] * _t(both.inv(x)))
logdet = unary("logdet", "The logarithm of the determinant of positive definite matrices." + _MATRICES + """(...).

    >>> round(float(logdet([[2, 0], [0, 3]])), 3)  # log 6
    1.792
    """, lambda x: np.linalg.slogdet(x)[1], lambda dy, x, y: dy[..., None, None] * _t(both.inv(x)))
_cholesky = unary("cholesky", None, np.linalg.cholesky,
                  lambda dy, x, y: _symmetric(_t(both.inv(y)) @ _half_tril(_t(y) @ dy) @ both.inv(y)))


def cholesky(x: TensorLike, upper: bool = False) -> Tensor:
    """The triangular L with L L' = x.

    Args:
        x: Tensor of symmetric positive definite matrices, shape (..., n, n); integers become `floatx()`.
        upper: Return L' instead.

    Returns:
        Tensor, shaped like `x`.

    Raises:
        LinAlgError: a matrix is not positive definite.

    >>> cholesky([[4.0, 2.0], [2.0, 2.0]]).numpy()
    array([[2., 0.],
           [1., 1.]], dtype=float32)
    """
    factor = _cholesky(x)
    return moveaxis(factor, -1, -2) if upper else factor


def cholesky_inverse(x: TensorLike, upper: bool = False) -> Tensor:
    """The inverse of a matrix that is given by its Cholesky factor.

    Args:
        x: Tensor, shape (..., n, n): the factor L.
        upper: Whether x is L'.

    Returns:
        Tensor, shape (..., n, n): the inverse of L L'.

    Raises:
        LinAlgError: the factor is singular.

    >>> cholesky_inverse([[2.0, 0.0], [1.0, 1.0]]).numpy()
    array([[ 0.5, -0.5],
           [-0.5,  1. ]], dtype=float32)
    """
    factor = convert_to_tensor(x)
    factor = moveaxis(factor, -1, -2) if upper else factor
    inverse = inv(factor)
    return matmul(moveaxis(inverse, -1, -2), inverse)


def solve(a: TensorLike, b: TensorLike) -> Tensor:
    """The x with a x = b.

    db = a'^-1 dx, da = -db x'.

    Args:
        a: Square matrices, shape (..., n, n).
        b: Shape (n,) or (..., n, k).

    Returns:
        Tensor, shaped like `b`.

    Raises:
        LinAlgError: a matrix is singular.

    >>> solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0]).numpy()
    array([1. , 0.5], dtype=float32)
    """
    a, b = convert_to_tensor(a), convert_to_tensor(b)
    if b.ndim == 1:
        return reshape(solve(a, expand_dims(b, 1)), (*a.shape[:-2], b.shape[0]))
    return _solve(a, b)


_solve = binary("solve", None, np.linalg.solve,
                lambda dy, a, b, y: -both.solve(_t(a), dy) @ _t(y),
                lambda dy, a, b, y: both.solve(_t(a), dy), integers="to float")


def solve_triangular(a: TensorLike, b: TensorLike, lower: bool = False) -> Tensor:
    """The x with a x = b for triangular matrices.

    Args:
        a: Square matrices, shape (..., n, n), of which only one triangle is used.
        b: Shape (n,) or (..., n, k).
        lower: Whether that is the lower triangle, not the upper one.

    Returns:
        Tensor, shaped like `b`.

    Raises:
        LinAlgError: a matrix is singular.

    >>> solve_triangular([[2.0, 0.0], [1.0, 1.0]], [2.0, 3.0], lower=True).numpy()
    array([1., 2.], dtype=float32)
    """
    return solve(tril(a) if lower else triu(a), b)


def _tensors(parts):
    return tuple(wrap(np.ascontiguousarray(part).reshape(np.shape(part))) for part in parts)


def slogdet(x: TensorLike) -> tuple[Tensor, Tensor]:
    """The sign of the determinant, and the logarithm of its size. No gradient; `logdet` has one.

    Args:
        x: Square matrices, shape (..., n, n).

    Returns:
        (sign, logarithm), Tensors of shape (...).

    Raises:
        LinAlgError: a matrix is not square.

    >>> sign, logarithm = slogdet([[0.0, 2.0], [3.0, 0.0]])  # the determinant is -6
    >>> float(sign), round(float(logarithm), 3)
    (-1.0, 1.792)
    """
    return _tensors(np.linalg.slogdet(as_floats(x).data))


def qr(x: TensorLike, mode: str = "reduced") -> tuple[Tensor, Tensor]:
    """Q with orthonormal columns and upper triangular R, Q R = x. No gradient.

    Args:
        x: Matrices, shape (..., m, n); k is the smaller of m and n.
        mode: 'reduced', or 'complete' for a square Q.

    Returns:
        (Q, R), shapes (..., m, k) and (..., k, n); (..., m, m) and (..., m, n) if complete.

    >>> q, r = qr([[0.0, 2.0], [1.0, 0.0], [0.0, 0.0]])
    >>> q.shape, r.shape, np.abs(r.numpy()).round(3).tolist()
    ((3, 2), (2, 2), [[1.0, 0.0], [0.0, 2.0]])
    """
    return _tensors(np.linalg.qr(as_floats(x).data, mode))  # type: ignore[call-overload]  # hints list the modes


def svd(x: TensorLike, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """The singular value decomposition: U diag(s) V' = x. No gradient.

    Args:
        x: Matrices, shape (..., m, n); k is the smaller of m and n.
        full_matrices: Whether U and V' are square; else they have k columns and rows.
        compute_uv: Whether to return U and V' too.

    Returns:
        (U, s, V'), or s alone: the singular values from large to small, shape (..., k).

    >>> svd([[0.0, 2.0], [1.0, 0.0]], compute_uv=False).numpy().round(3)
    array([2., 1.], dtype=float32)
    """
    # NumPy's hints want True or False, not a bool.
    parts = np.linalg.svd(as_floats(x).data, full_matrices, compute_uv)  # type: ignore[call-overload]
    return _tensors(parts) if compute_uv else wrap(parts)


def eigh(x: TensorLike) -> tuple[Tensor, Tensor]:
    """Eigenvalues and eigenvectors of symmetric matrices. No gradient.

    Args:
        x: Symmetric matrices, shape (..., n, n).

    Returns:
        (values, vectors): the eigenvalues from small to large, shape (..., n), and the eigenvectors as columns, shape
        (..., n, n).

    Raises:
        LinAlgError: a matrix is not square.

    >>> eigh([[2.0, 0.0], [0.0, 1.0]])[0].numpy()
    array([1., 2.], dtype=float32)
    """
    return _tensors(np.linalg.eigh(as_floats(x).data))


def eig(x: TensorLike) -> tuple[Tensor, Tensor]:
    """Eigenvalues and eigenvectors of square matrices, if they are real. No gradient.

    Args:
        x: Square matrices, shape (..., n, n).

    Returns:
        (values, vectors): shapes (..., n) and (..., n, n), the eigenvectors as columns.

    Raises:
        ValueError: the eigenvalues are complex.
        LinAlgError: a matrix is not square.

    >>> eig([[2.0, 1.0], [0.0, 3.0]])[0].numpy().round(3)
    array([2., 3.], dtype=float32)
    """
    values, vectors = np.linalg.eig(as_floats(x).data)
    if values.dtype.kind == "c":
        raise ValueError("eig: the eigenvalues are complex, and tinynet has no complex tensors; use numpy.linalg.eig")
    return _tensors((values, vectors))


def pinv(x: TensorLike, rcond: float | None = None) -> Tensor:
    """The pseudo-inverse. No gradient.

    Args:
        x: Matrices, shape (..., m, n).
        rcond: Singular values below this fraction of the largest one count as 0; NumPy's choice if None.

    Returns:
        Tensor, shape (..., n, m).

    >>> pinv([[1.0], [1.0]]).numpy().round(3)
    array([[0.5, 0.5]], dtype=float32)
    """
    return wrap(np.ascontiguousarray(np.linalg.pinv(as_floats(x).data, rcond)))


def lstsq(a: TensorLike, b: TensorLike, rcond: float | None = None) -> Tensor:
    """The x that makes |a x - b| smallest. No gradient.

    Args:
        a: Matrix, shape (m, n).
        b: Shape (m,) or (m, k).
        rcond: Singular values below this fraction of the largest one count as 0; NumPy's choice if None.

    Returns:
        Tensor, shape (n,) or (n, k).

    Raises:
        LinAlgError: the shapes do not fit.

    >>> lstsq([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]], [1.0, 3.0, 5.0]).numpy().round(3)  # the line 1 + 2 x
    array([1., 2.], dtype=float32)
    """
    return wrap(np.ascontiguousarray(np.linalg.lstsq(as_floats(a).data, as_floats(b).data, rcond)[0]))


def matrix_rank(x: TensorLike, tol: float | None = None) -> Tensor:
    """The number of singular values above a limit.

    Args:
        x: Matrices, shape (..., m, n).
        tol: The limit; NumPy's choice if None.

    Returns:
        Tensor (int32), shape (...).

    >>> int(matrix_rank([[1.0, 2.0], [2.0, 4.0]]))
    1
    """
    return Tensor(np.linalg.matrix_rank(as_floats(x).data, tol).astype(np.int32))
