"""Diagonals and triangles of matrices."""

import numpy as np

from .formulas import gathered, moved


def diag(x, k=0):
    """A matrix with the row x on its diagonal k; or the diagonal of a matrix."""
    return gathered(x, lambda a, fill: _filled(np.diag, a, fill, k))


def diagflat(x, k=0):
    """A matrix with all elements of x on its diagonal k."""
    return gathered(x, lambda a, fill: _filled(np.diagflat, a, fill, k))


def _filled(function, a, fill, k):
    """A function that fills with zeros made to fill with something else: `a - fill` is 0 exactly where fill was."""
    return function(a - fill, k) + fill if fill else function(a, k)


def diagonal(x, offset=0, axis1=0, axis2=1):
    """The elements whose indices along two axes differ by `offset`, as the last axis."""
    return gathered(x, lambda a, fill: np.diagonal(a, offset, axis1, axis2))


def tril(x, k=0):
    """The lower triangle: 0 above diagonal k."""
    return moved(x, lambda a: np.tril(a, k), lambda dy, a: np.tril(dy, k))


def triu(x, k=0):
    """The upper triangle: 0 below diagonal k."""
    return moved(x, lambda a: np.triu(a, k), lambda dy, a: np.triu(dy, k))
