"""Diagonals and triangles of matrices."""

from __future__ import annotations

import numpy as np

from ..core.types import TensorLike
from ..tensor import Tensor
from .formulas import gathered, moved


def diag(x: TensorLike, k: int = 0) -> Tensor:
    """A matrix with the row x on a diagonal; or a diagonal of the matrix x.

    Args:
        x: Tensor, shape (n,) or (rows, columns).
        k: Which diagonal: 0 for the main one, above it if positive, below it if negative.

    Returns:
        Tensor, shape (n + |k|, n + |k|); or the elements of the diagonal.

    Raises:
        ValueError: x has neither one axis nor two.

    >>> diag([1, 2]).tolist(), diag([[1, 2], [3, 4]]).tolist()
    ([[1, 0], [0, 2]], [1, 4])
    """
    return gathered(x, lambda a, fill: _filled(np.diag, a, fill, k))


def diagflat(x: TensorLike, k: int = 0) -> Tensor:
    """A matrix with all elements of x on a diagonal.

    Args:
        x: Tensor of n elements.
        k: Which diagonal, as for `diag`.

    Returns:
        Tensor, shape (n + |k|, n + |k|).

    >>> diagflat([[1, 2], [3, 4]]).numpy()
    array([[1, 0, 0, 0],
           [0, 2, 0, 0],
           [0, 0, 3, 0],
           [0, 0, 0, 4]], dtype=int32)
    """
    return gathered(x, lambda a, fill: _filled(np.diagflat, a, fill, k))


def _filled(function, a, fill, k):
    """A function that fills with zeros, used to fill with another number: `a - fill` is 0 exactly where a is `fill`."""
    return function(a - fill, k) + fill if fill else function(a, k)


def diagonal(x: TensorLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The elements whose indices along two axes differ by `offset`.

    Args:
        x: Tensor of 2 axes or more.
        offset: Index along `axis2` minus index along `axis1`.
        axis1, axis2: The two axes.

    Returns:
        Tensor, shape of `x` without the two axes, and the diagonal as the last axis.

    Raises:
        ValueError: x has fewer than 2 axes.

    >>> diagonal([[1, 2, 3], [4, 5, 6]], offset=1).tolist()
    [2, 6]
    """
    return gathered(x, lambda a, fill: np.diagonal(a, offset, axis1, axis2))


def tril(x: TensorLike, k: int = 0) -> Tensor:
    """The lower triangle of matrices: 0 above diagonal k.

    Args:
        x: Tensor, shape (..., rows, columns).
        k: Which diagonal, as for `diag`.

    Returns:
        Tensor, shaped like `x`.

    >>> tril([[1, 2], [3, 4]]).tolist()
    [[1, 0], [3, 4]]
    """
    return moved(x, lambda a: np.tril(a, k), lambda dy, a: np.tril(dy, k))


def triu(x: TensorLike, k: int = 0) -> Tensor:
    """The upper triangle of matrices: 0 below diagonal k.

    Args:
        x: Tensor, shape (..., rows, columns).
        k: Which diagonal, as for `diag`.

    Returns:
        Tensor, shaped like `x`.

    >>> triu([[1, 2], [3, 4]]).tolist()
    [[1, 2], [0, 4]]
    """
    return moved(x, lambda a: np.triu(a, k), lambda dy, a: np.triu(dy, k))
