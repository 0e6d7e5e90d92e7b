"""Why L1 makes weights 0 and L2 does not: the contours of the loss meet the ball of the penalty.

To minimize loss + lambda R(w) is to minimize the loss where R(w) is at most some radius, which falls as lambda grows.
The ball of L1 has corners on the axes, and contours touch it there; that of L2 is round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..core.types import Array, TensorLike


def project_to_ball(w: TensorLike, radius: float, norm: int) -> Array:
    """The point of the ball nearest to w.

    Args:
        w: Vector.
        radius: Of the ball: norm 1, sum |w| <= radius; norm 2, sum w^2 <= radius^2.
        norm: 1 or 2.

    Returns:
        Vector of the same length.

    Raises:
        ValueError: `norm` is neither.

    >>> project_to_ball(np.array([3.0, 1.0]), 1.0, norm=1).tolist()
    [1.0, 0.0]
    """
    w = np.asarray(w, np.float64)
    if norm not in (1, 2):
        raise ValueError(f"project_to_ball: norm must be 1 or 2, got {norm!r}")
    if norm == 2:
        return w * min(1.0, radius / max(np.linalg.norm(w), np.finfo(float).tiny))
    if np.abs(w).sum() <= radius:
        return w.copy()
    # Take the same amount off every |w_j|, and stop at 0: what is left must sum to the radius.
    falling = np.sort(np.abs(w))[::-1]
    excess = (np.cumsum(falling) - radius) / np.arange(1, len(w) + 1)
    amount = excess[np.flatnonzero(falling > excess)[-1]]
    return np.sign(w) * np.maximum(np.abs(w) - amount, 0)


def smallest_loss_in_ball(
    centre: TensorLike, radius: float, norm: int, curvature: TensorLike | None = None, steps: int = 2000,
) -> Array:
    """The weights of least loss 1/2 (w - centre)^T curvature (w - centre) in a ball, by projected gradient descent.

    Args:
        centre: Where the loss alone is least, a vector.
        radius, norm: Of the ball, see `project_to_ball`.
        curvature: Positive definite matrix; the unit matrix (round contours) if None.
        steps: Of the descent.

    Returns:
        The weights, a vector.

    Raises:
        ValueError: `norm` is neither 1 nor 2.

    >>> smallest_loss_in_ball([2.0, 0.5], 1.0, norm=1).tolist()
    [1.0, 0.0]
    """
    centre = np.asarray(centre, np.float64)
    H = np.eye(len(centre)) if curvature is None else np.asarray(curvature, np.float64)
    rate = 1 / np.linalg.eigvalsh(H)[-1]
    w = np.zeros_like(centre)
    for _ in range(steps):
        w = project_to_ball(w - rate * H @ (w - centre), radius, norm)
    return w
