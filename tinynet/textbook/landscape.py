"""What the loss of a real network looks like over its weight space: slices through the trained weights.

"Is the loss function really as neat as a comb-pattern pot?" A network has too many weights for a picture; a slice along
one or two random directions has not. Each direction is scaled to the weights it is added to, kernel by kernel, so that
two slices can be compared (Li et al., "Visualizing the Loss Landscape of Neural Nets", NeurIPS 2018).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..core.types import Array, TensorLike
    from ..models.model import Model


def loss_slice(
    model: Model, x: TensorLike, y: TensorLike, dimensions: int = 2, extent: float = 1.0, points: int = 21,
    seed: int = 0,
) -> tuple[Array, Array]:
    """The loss at weights + a d1 (+ b d2), d1 and d2 random directions.

    Args:
        model: A compiled and built model. Its weights are restored afterwards.
        x, y: Data, as for `evaluate`.
        dimensions: 1 or 2.
        extent: a and b go from -extent to extent; at 1 the change is as large as the weights themselves.
        points: Number of values of a, and of b; odd, so that the present weights are among them.
        seed: Of the directions.

    Returns:
        (a, losses): the values of a (and b), and the loss at each, shape (points,) or (points, points), b down.

    Raises:
        ValueError: `dimensions` is neither 1 nor 2, or the model is not built.

    Source: row 3 of the course; Li et al. 2018.

    >>> model = Sequential([Input((2,)), Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> axis, losses = loss_slice(model, np.ones((4, 2)), np.zeros((4, 1)), dimensions=1, points=5)
    >>> axis.tolist(), losses.shape
    ([-1.0, -0.5, 0.0, 0.5, 1.0], (5,))
    """
    rows = list(loss_slice_rows(model, x, y, dimensions, extent, points, seed))
    return np.linspace(-extent, extent, points), np.array(rows) if dimensions == 2 else rows[0]


def loss_slice_rows(
    model: Model, x: TensorLike, y: TensorLike, dimensions: int = 2, extent: float = 1.0, points: int = 21,
    seed: int = 0,
) -> Iterator[Array]:
    """The rows of `loss_slice`, each computed when it is asked for, from the lowest b on.

    Args:
        model, x, y, dimensions, extent, points, seed: As for `loss_slice`. The model keeps its weights between rows.

    Yields:
        The losses for all a, shape (points,).

    Raises:
        ValueError: as `loss_slice`.
    """
    if dimensions not in (1, 2):
        raise ValueError(f"loss_slice: dimensions must be 1 or 2, got {dimensions!r}")
    if not model.built:
        raise ValueError(f"loss_slice: {model.name} has no weights yet; give it an Input, or call it on a batch")
    rng = np.random.default_rng(seed)
    variables = model.trainable_variables
    centre = [variable.numpy() for variable in variables]
    directions = [[_scaled(rng.standard_normal(w.shape), w) for w in centre] for _ in range(dimensions)]
    axis = np.linspace(-extent, extent, points)
    for b in axis if dimensions == 2 else [0.0]:
        losses = np.empty(points)
        try:
            with np.errstate(all="ignore"):
                for k, a in enumerate(axis):
                    for i, (variable, w) in enumerate(zip(variables, centre, strict=True)):
                        variable.assign(w + sum(f * d[i] for f, d in zip((a, b), directions, strict=False)))
                    results: Any = model.evaluate(x, y, verbose=0, return_dict=True)
                    losses[k] = results["loss"]
        finally:
            for variable, w in zip(variables, centre, strict=True):
                variable.assign(w)
        yield losses


def _scaled(direction, w):
    """Each column (the weights of a unit) as long as the unit's own weights; 0 for biases, as in the paper."""
    if w.ndim < 2:
        return np.zeros_like(w)
    axes = tuple(range(w.ndim - 1))
    length = np.sqrt((w.astype(np.float64) ** 2).sum(axis=axes))
    return direction * length / np.sqrt((direction**2).sum(axis=axes))
