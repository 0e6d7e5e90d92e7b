"""The slides' pictures, drawn from real runs. They need the extra "plot" (matplotlib); without it, ImportError.

Each function draws on the axes passed to it, or on new ones, and returns them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.extras import import_extra
from .geometry import smallest_loss_in_ball

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from ..core.types import Array, TensorLike
    from .overfitting import PolynomialFits
    from .surfaces import Surface, Trace


def _pyplot(name):
    return import_extra("matplotlib.pyplot", "plot", name)


def _axes(ax, name):
    return ax if ax is not None else _pyplot(name).subplots(figsize=(6, 5))[1]


def plot_surface(surface: Surface, ax: Axes | None = None, levels: int = 30) -> Axes:
    """Contours of a surface with its minima (stars) and saddles (crosses).

    Args:
        surface: A `Surface`.
        ax: Axes of matplotlib; new ones if None.
        levels: Number of contours.

    Returns:
        The axes.
    """
    ax = _axes(ax, "plot_surface")
    left, right, bottom, top = surface.bounds
    x, y = np.meshgrid(np.linspace(left, right, 200), np.linspace(bottom, top, 200))
    height = surface.formula(x, y)
    if height.max() > 100 * np.median(abs(height - height.min())):  # steep walls would take all lines
        height = np.log1p(height - height.min())
    ax.contour(x, y, height, levels, cmap="Greys", linewidths=0.7, alpha=0.7)
    for points, marker in ((surface.minima, "*"), (surface.saddles, "x")):
        if points:
            ax.scatter(*zip(*points, strict=True), marker=marker, color="black", zorder=3)
    ax.set(title=surface.name, xlim=(left, right), ylim=(bottom, top))
    return ax


def plot_paths(surface: Surface, traces: dict[str, Trace], ax: Axes | None = None) -> Axes:
    """Several optimizers on one surface.

    Args:
        surface: A `Surface`.
        traces: {name: Trace}, of `surfaces.trace`.
        ax: Axes of matplotlib; new ones if None.

    Returns:
        The axes.

    Source: row 25 of the course.
    """
    ax = plot_surface(surface, _axes(ax, "plot_paths"))
    for name, trace in traces.items():
        ax.plot(*trace.path.T, marker=".", markersize=4, linewidth=1, label=name)
    ax.legend()
    return ax


def plot_gradient_signs(surface: Surface, trace: Trace, coordinate: int = 0, ax: Axes | None = None) -> Axes:
    """A path with each step coloured by the sign of dL/dw at it: red negative, blue positive.

    Args:
        surface: A `Surface`.
        trace: Of `surfaces.trace`.
        coordinate: Which w: 0 or 1.
        ax: Axes of matplotlib; new ones if None.

    Returns:
        The axes.

    Source: row 15 of the course.
    """
    ax = plot_surface(surface, _axes(ax, "plot_gradient_signs"))
    ax.plot(*trace.path.T, color="grey", linewidth=1)
    sign = np.sign(trace.gradient[:, coordinate])
    for value, color, label in ((-1, "tab:red", "Negative (-)"), (1, "tab:blue", "Positive (+)")):
        x, y = trace.path[:-1][sign == value].T
        ax.scatter(x, y, color=color, s=16, zorder=3, label=label)
    ax.legend(title=f"dL/dw{coordinate}")
    return ax


def plot_step(
    surface: Surface, trace: Trace, step: int, learning_rate: float | None = None, ax: Axes | None = None,
) -> Axes:
    """Gradient + velocity = the step actually taken, as arrows at one point of a path.

    Args:
        surface: A `Surface`.
        trace: Of `surfaces.trace`.
        step: Which one, from 0.
        learning_rate: Length of the gradient's arrow; what the step took of it if None.
        ax: Axes of matplotlib; new ones if None.

    Returns:
        The axes.

    Source: row 10 of the course.
    """
    ax = plot_surface(surface, _axes(ax, "plot_step"))
    point, moved = trace.path[step], trace.path[step + 1] - trace.path[step]
    downhill = -trace.gradient[step]
    if learning_rate is None:
        before = trace.path[step] - trace.path[step - 1] if step else np.zeros(2)
        parts = np.linalg.lstsq(np.stack([downhill, before], axis=1), moved, rcond=None)[0]
        learning_rate = parts[0]
    arrows = ((learning_rate * downhill, "tab:red", "gradient"),
              (moved - learning_rate * downhill, "tab:green", "velocity"), (moved, "tab:blue", "step"))
    for vector, color, label in arrows:
        ax.quiver(*point, *vector, color=color, angles="xy", scale_units="xy", scale=1, width=0.006, label=label)
    ax.legend()
    return ax


def plot_descents(paths: dict[str, TensorLike], ax: Axes | None = None) -> Axes:
    """The paths (w, b) of batch, stochastic and mini-batch descent in one picture.

    Args:
        paths: {name: path}, of `fit_line`.
        ax: Axes of matplotlib; new ones if None.

    Returns:
        The axes.

    Source: row 8 of the course.
    """
    ax = _axes(ax, "plot_descents")
    for name, path in paths.items():
        ax.plot(*np.asarray(path).T, linewidth=1, label=name)
    ax.set(xlabel="w", ylabel="b")
    ax.legend()
    return ax


def plot_polynomials(
    fits: PolynomialFits, degrees: Sequence[int] = (1, 3, 14), axes: Sequence[Axes] | None = None,
) -> Sequence[Axes]:
    """Two pictures of over-fitting: the curves through the points, and both losses by degree.

    Args:
        fits: `PolynomialFits`.
        degrees: Which curves to draw.
        axes: Two axes of matplotlib; new ones if None.

    Returns:
        The two axes.

    Source: row 38 of the course.
    """
    if axes is None:
        axes = _pyplot("plot_polynomials").subplots(1, 2, figsize=(11, 4))[1]
    x = np.linspace(-1, 1, 300)
    axes[0].scatter(fits.train[0], fits.train[1], color="black", s=12)
    for degree in degrees:
        axes[0].plot(x, fits.polynomials[list(fits.degrees).index(degree)](x), label=f"degree {degree}")
    axes[0].set(ylim=(-2, 2))
    axes[1].plot(fits.degrees, fits.train_loss, label="train")
    axes[1].plot(fits.degrees, fits.validation_loss, label="validation")
    axes[1].set(xlabel="degree", ylabel="mean squared error", yscale="log")
    for ax in axes:
        ax.legend()
    return axes


def plot_ball(
    centre: TensorLike, radius: float, norm: int, curvature: TensorLike | None = None, ax: Axes | None = None,
) -> Axes:
    """The slides' picture of L1 and L2: contours of a loss around `centre`, the ball, and the least loss in it.

    Args:
        centre, radius, norm, curvature: As for `geometry.smallest_loss_in_ball`, in two dimensions.
        ax: Axes of matplotlib; new ones if None.

    Returns:
        The axes.
    """
    ax = _axes(ax, "plot_ball")
    centre = np.asarray(centre, np.float64)
    H = np.eye(2) if curvature is None else np.asarray(curvature, np.float64)
    reach = 1.5 * max(radius, np.abs(centre).max())
    x, y = np.meshgrid(np.linspace(-reach, reach, 200), np.linspace(-reach, reach, 200))
    away = np.stack([x, y], axis=-1) - centre
    ax.contour(x, y, np.einsum("...i,ij,...j", away, H, away) / 2, 15, cmap="Greys", linewidths=0.7)
    ax.contour(x, y, np.abs(x) + np.abs(y) if norm == 1 else np.hypot(x, y), [radius], colors="tab:blue")
    ax.plot(*smallest_loss_in_ball(centre, radius, norm, H), marker="o", color="tab:red")
    ax.set(title=f"L{norm}", aspect="equal")
    return ax


def plot_loss_slice(axis: Array, losses: Array, ax: Axes | None = None) -> Axes:
    """A slice of `loss_slice`: a line for one dimension, contours for two.

    Args:
        axis, losses: What `loss_slice` returned.
        ax: Axes of matplotlib; new ones if None.

    Returns:
        The axes.

    Source: row 3 of the course.
    """
    ax = _axes(ax, "plot_loss_slice")
    if losses.ndim == 1:
        ax.plot(axis, losses)
    else:
        ax.contourf(axis, axis, losses, 30)
    return ax
