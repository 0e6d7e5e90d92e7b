"""Curvature: the Hessian, whose eigenvalues tell a minimum from a saddle, and Newton's step, which uses it.

At a point where the gradient is 0, all eigenvalues are positive at a minimum, all negative at a maximum, and of both
signs at a saddle. Their ratio at a minimum is how many times as steep the steepest direction is as the flattest: the
reason for gradient descent's zigzag. Newton's step divides each direction by its own curvature.

Beside row 9 of the course (local minima, saddle points). The slides do not have Newton's step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.checks import number
from ..tape import GradientTape
from ..tensor import Tensor, to_array

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.types import Array, TensorLike


def hessian(function: Callable[[Tensor], Tensor], point: TensorLike) -> Array:
    """Compute all second derivatives of a function: the Jacobian of its gradient, from two tapes.

    H[i, j] = d^2 f / dx_i dx_j

    Args:
        function: Function of a Tensor of shape (n,) that returns a number, such as a `Surface`.
        point: Shape (n,).

    Returns:
        Array, shape (n, n), symmetric; float64.

    >>> from tinynet.textbook import surfaces
    >>> hessian(surfaces.saddle, [0.0, 0.0])
    array([[ 2.,  0.],
           [ 0., -2.]])
    """
    return _gradient_and_hessian(function, point)[1]


def curvature(function: Callable[[Tensor], Tensor], point: TensorLike) -> tuple[Array, Array]:
    """Find the directions in which a function curves, and how much: the eigenvectors of its Hessian.

    Args:
        function, point: As for `hessian`.

    Returns:
        (eigenvalues, directions): shape (n,), from the lowest to the highest; and (n, n), of which column i is a vector
        of length 1 that belongs to eigenvalue i.

    >>> from tinynet.textbook import surfaces
    >>> for surface, point in [(surfaces.saddle, surfaces.saddle.saddles[0]),
    ...                        (surfaces.ravine, surfaces.ravine.minima[0])]:
    ...     print(surface.name, curvature(surface, point)[0])
    saddle [-2.  2.]
    ravine [ 1. 20.]
    """
    eigenvalues, directions = np.linalg.eigh(hessian(function, point))
    return eigenvalues, directions


def newton_step(function: Callable[[Tensor], Tensor], point: TensorLike, learning_rate: float = 1.0) -> Array:
    """Make Newton's step: w - lr H^-1 dw, beside gradient descent's w - lr dw.

    With learning rate 1 it goes to the point at which the gradient of the quadratic function with the same gradient and
    Hessian is 0: to the minimum of the bowl and of the ravine in one step. Where H has negative eigenvalues that point
    is no minimum: Newton's step is drawn to saddles, from which gradient descent runs away. And H has n^2 numbers for n
    weights, 10^12 for a million, which is why networks are not trained with it.

    Args:
        function, point: As for `hessian`.
        learning_rate: lr, above 0.

    Returns:
        The next point, shape (n,).

    Raises:
        ValueError: `learning_rate` is not above 0.
        LinAlgError: the Hessian has no inverse: the function is flat along some direction.

    >>> from tinynet.textbook import surfaces
    >>> newton_step(surfaces.ravine, [-1.8, 0.8])
    array([0., 0.])
    """
    number(learning_rate, "newton_step", "learning_rate", 0, above=True)
    gradient, second = _gradient_and_hessian(function, point)
    return to_array(point, np.float64) - learning_rate * np.linalg.solve(second, gradient)


def _gradient_and_hessian(function, point):
    x = Tensor(to_array(point, np.float64))
    with GradientTape() as outer:
        outer.watch(x)
        with GradientTape() as inner:
            inner.watch(x)
            y = function(x)
        gradient = inner.gradient(y, x, unconnected_gradients="zero")
    return gradient.numpy(), outer.jacobian(gradient, x, unconnected_gradients="zero").numpy()
