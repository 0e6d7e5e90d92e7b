"""Pictures of surfaces and of walks over them, in the style of `tinynet.plots`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..core.types import Array
from ..plots import animate_paths, contour_paths, loss_surface
from ..plots.planes import draw_surface
from ..plots.style import drawing

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from matplotlib.axes import Axes

    from .surfaces import Surface, Trace


def plot_surface(
    surface: Surface, ax: Axes | None = None, levels: int = 14, *, theme: str | None = None, lang: str | None = None,
) -> Axes:
    """Contours of a surface with its minima (stars) and saddles (crosses).

    Args:
        surface: A `Surface`.
        ax: Axes of matplotlib; new ones if None.
        levels: Number of contours.
        theme, lang: See `tinynet.plots.set_style`.

    Returns:
        The axes.

    >>> from tinynet.textbook import surfaces
    >>> plot_surface(surfaces.double_well).get_title()
    'double well'
    """
    return contour_paths(surface.formula, {}, surface.bounds, surface.minima, surface.saddles, levels, surface.name, ax,
                         theme=theme, lang=lang)


def plot_paths(
    surface: Surface, traces: Mapping[str, Trace], ax: Axes | None = None, *, theme: str | None = None,
    lang: str | None = None,
) -> Axes:
    """Several optimizers on one surface; a line under the picture tells which of them cannot be seen, and why.

    Args:
        surface: A `Surface`.
        traces: {name: Trace}, of `race`, or of `trace` one by one.
        ax: Axes of matplotlib; new ones if None.
        theme, lang: See `tinynet.plots.set_style`.

    Returns:
        The axes.

    Source: row 25 of the course.

    >>> from tinynet.textbook import GradientDescent, Momentum, race, surfaces
    >>> ax = plot_paths(surfaces.bowl, race(surfaces.bowl, [GradientDescent, Momentum], steps=10))
    >>> len(ax.get_legend().get_texts())
    4
    """
    paths = {name: trace.path for name, trace in traces.items()}
    return contour_paths(surface.formula, paths, surface.bounds, surface.minima, surface.saddles, title=surface.name,
                         ax=ax, theme=theme, lang=lang)


def animate_race(
    to: str | os.PathLike[str], surface: Surface, traces: Mapping[str, Trace], seconds: float = 6.0, *,
    theme: str | None = None, lang: str | None = None,
) -> Path:
    """Write a race of optimizers that moves, as a GIF or as an HTML page.

    Args:
        to: A file that ends in .gif or .html.
        surface: A `Surface`.
        traces: {name: Trace}, of `race`.
        seconds: How long it takes.
        theme, lang: See `tinynet.plots.set_style`.

    Returns:
        The file's path.

    Raises:
        ImportError: matplotlib, or for a GIF Pillow, is not installed.
        ValueError: another ending, or no traces.

    Source: row 25 of the course.

    >>> from tinynet.textbook import GradientDescent, race, surfaces
    >>> traces = race(surfaces.bowl, [GradientDescent], steps=3)
    >>> animate_race("race.html", surfaces.bowl, traces, seconds=0.2).name
    'race.html'
    """
    paths = {name: trace.path for name, trace in traces.items()}
    return animate_paths(to, surface.formula, paths, surface.bounds, surface.minima, surface.saddles, surface.name,
                         seconds=seconds, theme=theme, lang=lang)


def plot_gradient_signs(
    surface: Surface, trace: Trace, coordinate: int = 0, ax: Axes | None = None, *, theme: str | None = None,
    lang: str | None = None,
) -> Axes:
    """A path with each step coloured by the sign of dL/dw at it.

    Args:
        surface: A `Surface`.
        trace: Of `surfaces.trace`.
        coordinate: Which w: 0 or 1.
        ax: Axes of matplotlib; new ones if None.
        theme, lang: See `tinynet.plots.set_style`.

    Returns:
        The axes.

    Source: row 15 of the course.

    >>> from tinynet.textbook import surfaces, trace
    >>> ax = plot_gradient_signs(surfaces.ravine, trace("sgd", surfaces.ravine, steps=5))
    >>> ax.get_title()
    'ravine'
    """
    with drawing("plot_gradient_signs", ax, theme, lang, size=(9.5, 6)) as page:
        ax, look = page.ax, page.theme
        draw_surface(page, ax, surface.formula, surface.bounds, 14,
                     {"minimum": surface.minima, "saddle": surface.saddles})
        ax.plot(*trace.path.T, color=look.neutral, linewidth=1.5)
        ax.plot(*trace.path[0], marker="o", markersize=18, markerfacecolor="none", markeredgecolor=look.text,
                markeredgewidth=2.5, linestyle="none", label=page.words("start"))
        sign = np.sign(trace.gradient[:, coordinate])
        for value, color, marker, key in ((-1, look.negative, "v", "negative"), (1, look.positive, "^", "positive")):
            x, y = trace.path[:-1][sign == value].T
            ax.scatter(x, y, color=color, s=60, marker=marker, edgecolor=look.background, linewidth=0.8, zorder=5,
                       label=page.words(key))
        ax.set(xlabel=page.words("w0"), ylabel=page.words("w1"), title=surface.name)
        page.legend(ax, title=page.words("sign", coordinate=coordinate))
    return ax


def plot_step(
    surface: Surface, trace: Trace, step: int, learning_rate: float | None = None, ax: Axes | None = None, *,
    theme: str | None = None, lang: str | None = None,
) -> Axes:
    """Gradient + velocity = the step actually taken, as arrows at one point of a path, enlarged.

    The velocity's arrow begins where the gradient's ends. Where all three lie on one line they are drawn side by side.

    Args:
        surface: A `Surface`.
        trace: Of `surfaces.trace`.
        step: Which one, from 0.
        learning_rate: Length of the gradient's arrow; what the step took of it if None.
        ax: Axes of matplotlib; new ones if None.
        theme, lang: See `tinynet.plots.set_style`.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        IndexError: the path has no such step.

    Source: row 10 of the course.

    >>> from tinynet.textbook import Momentum, surfaces, trace
    >>> ax = plot_step(surfaces.ravine, trace(Momentum(0.02), surfaces.ravine, steps=5), step=3)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['gradient', 'velocity', 'step']
    """
    if not 0 <= step < len(trace.gradient):
        raise IndexError(f"plot_step: step must be from 0 to {len(trace.gradient) - 1}, got {step}")
    point, moved = trace.path[step], trace.path[step + 1] - trace.path[step]
    downhill = -trace.gradient[step]
    if learning_rate is None:
        before = trace.path[step] - trace.path[step - 1] if step else np.zeros(2)
        parts = np.linalg.lstsq(np.stack([downhill, before], axis=1), moved, rcond=None)[0]
        learning_rate = parts[0]
    gradient = learning_rate * downhill
    velocity = moved - gradient
    corners = np.array([point, point + gradient, point + moved])
    reach = max(float(np.ptp(corners, axis=0).max()), 1e-12)
    middle = (corners.min(axis=0) + corners.max(axis=0)) / 2
    with drawing("plot_step", ax, theme, lang, size=(9.5, 6), layout="compressed") as page:
        ax, look = page.ax, page.theme
        bounds = (middle[0] - reach, middle[0] + reach, middle[1] - 0.75 * reach, middle[1] + 0.75 * reach)
        draw_surface(page, ax, surface.formula, bounds, 14, {})
        ax.plot(*trace.path.T, color=look.neutral, marker="o", markersize=5, linewidth=1.5, zorder=3)
        ax.plot(*point, marker="o", markersize=12, color=look.text, linestyle="none", zorder=6)
        aside = _aside(gradient, velocity, moved, reach)
        for index, (start, vector, key) in enumerate((
            (point - aside, gradient, "step_gradient"), (point + gradient - aside, velocity, "step_velocity"),
            (point + aside, moved, "step_taken"),
        )):
            if np.linalg.norm(vector) > 0:
                ax.quiver(*start, *vector, color=look.color(index), angles="xy", scale_units="xy", scale=1,
                          width=0.009, zorder=5, label=page.words(key))
        ax.set(xlabel=page.words("w0"), ylabel=page.words("w1"), title=surface.name, aspect="equal", xlim=bounds[:2],
               ylim=bounds[2:])
        page.legend(ax)
    return ax


def _aside(gradient, velocity, moved, reach):
    """How far the parts' arrows and the step's are moved apart: not at all where they form a triangle."""
    length = float(np.linalg.norm(moved))
    sizes = float(np.linalg.norm(gradient) * np.linalg.norm(velocity))
    if length == 0 or sizes > 0 and abs(gradient[0] * velocity[1] - gradient[1] * velocity[0]) > 0.15 * sizes:
        return np.zeros(2)
    return 0.02 * reach * np.array([-moved[1], moved[0]]) / length


def plot_loss_slice(
    axis: Array, losses: Array, ax: Axes | None = None, *, theme: str | None = None, lang: str | None = None,
) -> Axes:
    """A slice of `loss_slice`: a line for one dimension, contours for two; see `tinynet.plots.loss_surface`.

    Args:
        axis, losses: What `loss_slice` returned.
        ax: Axes of matplotlib; new ones if None.
        theme, lang: See `tinynet.plots.set_style`.

    Returns:
        The axes.

    Source: row 3 of the course.

    >>> from tinynet.textbook import loss_slice
    >>> model = Sequential([Input((2,)), Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> ax = plot_loss_slice(*loss_slice(model, np.ones((4, 2)), np.zeros((4, 1)), dimensions=1, points=5))
    >>> ax.get_ylabel()
    'loss'
    """
    return loss_surface(axis, losses, ax, theme=theme, lang=lang)
