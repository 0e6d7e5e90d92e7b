"""Linear algebra of matrices: determinants, inverses and factors. X' is X transposed."""

import numpy as np

from ..tensor import Tensor, convert_to_tensor
from .arguments import as_floats
from .diagonal import tril, triu
from .formulas import binary, unary, wrap
from .matmul import matmul
from .shape import expand_dims, moveaxis, reshape


def _t(a):
    return np.swapaxes(a, -1, -2)


def _symmetric(a):
    return (a + _t(a)) / 2


def _half_tril(a):
    """The lower triangle, its diagonal halved."""
    return np.tril(a) - 0.5 * a * np.eye(a.shape[-1], dtype=a.dtype)


inv = unary("inv", "The inverse of a matrix.", np.linalg.inv, lambda dy, x, y: -_t(y) @ dy @ _t(y))
det = unary("det", "The determinant.", np.linalg.det, lambda dy, x, y: (dy * y)[..., None, None] * _t(np.linalg.inv(x)))
logdet = unary("logdet", "The logarithm of the determinant of a positive definite matrix.",
               lambda x: np.linalg.slogdet(x)[1], lambda dy, x, y: dy[..., None, None] * _t(np.linalg.inv(x)))
_cholesky = unary("cholesky", None, np.linalg.cholesky,
                  lambda dy, x, y: _symmetric(_t(np.linalg.inv(y)) @ _half_tril(_t(y) @ dy) @ np.linalg.inv(y)))


def cholesky(x, upper=False):
    """The triangular L with L L' = x, for symmetric positive definite x; L' if `upper`."""
    factor = _cholesky(x)
    return moveaxis(factor, -1, -2) if upper else factor


def cholesky_inverse(x, upper=False):
    """The inverse of a matrix whose Cholesky factor is x."""
    factor = convert_to_tensor(x)
    factor = moveaxis(factor, -1, -2) if upper else factor
    inverse = inv(factor)
    return matmul(moveaxis(inverse, -1, -2), inverse)


def solve(a, b):
    """The x with a x = b.

    db = a'^-1 dx, da = -db x'.

    Args:
        a: Square matrices, shape (..., n, n).
        b: Shape (n,) or (..., n, k).
    """
    a, b = convert_to_tensor(a), convert_to_tensor(b)
    if b.ndim == 1:
        return reshape(solve(a, expand_dims(b, 1)), (*a.shape[:-2], b.shape[0]))
    return _solve(a, b)


_solve = binary("solve", None, np.linalg.solve,
                lambda dy, a, b, y: -np.linalg.solve(_t(a), dy) @ _t(y),
                lambda dy, a, b, y: np.linalg.solve(_t(a), dy), integers="to float")


def solve_triangular(a, b, lower=False):
    """The x with a x = b, for a triangular matrix a of which only that triangle is looked at."""
    return solve(tril(a) if lower else triu(a), b)


def _tensors(parts):
    return tuple(wrap(np.ascontiguousarray(part).reshape(np.shape(part))) for part in parts)


def slogdet(x):
    """The sign of the determinant, and the logarithm of its size. The logarithm has a gradient in `logdet`."""
    return _tensors(np.linalg.slogdet(as_floats(x).data))


def qr(x, mode="reduced"):
    """Q with orthonormal columns and upper triangular R, Q R = x. No gradient."""
    return _tensors(np.linalg.qr(as_floats(x).data, mode))


def svd(x, full_matrices=True, compute_uv=True):
    """U, s, V' with U diag(s) V' = x, the singular values s from large to small;
    s alone without `compute_uv`. No gradient.
    """
    parts = np.linalg.svd(as_floats(x).data, full_matrices, compute_uv)
    return _tensors(parts) if compute_uv else wrap(parts)


def eigh(x):
    """Eigenvalues, from small to large, and eigenvectors (columns) of a symmetric matrix. No gradient."""
    return _tensors(np.linalg.eigh(as_floats(x).data))


def eig(x):
    """Eigenvalues and eigenvectors (columns) of a square matrix, if they are real. No gradient.

    Raises:
        ValueError: they are complex.
    """
    values, vectors = np.linalg.eig(as_floats(x).data)
    if values.dtype.kind == "c":
        raise ValueError("eig: the eigenvalues are complex, and tinynet has no complex tensors; use numpy.linalg.eig")
    return _tensors((values, vectors))


def pinv(x, rcond=None):
    """The pseudo-inverse. No gradient."""
    return wrap(np.ascontiguousarray(np.linalg.pinv(as_floats(x).data, rcond)))


def lstsq(a, b, rcond=None):
    """The x that makes |a x - b| smallest. No gradient."""
    return wrap(np.ascontiguousarray(np.linalg.lstsq(as_floats(a).data, as_floats(b).data, rcond)[0]))


def matrix_rank(x, tol=None):
    """The number of singular values above `tol`."""
    return Tensor(np.linalg.matrix_rank(as_floats(x).data, tol).astype(np.int32))
