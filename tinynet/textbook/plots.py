"""The slides' pictures, drawn from real runs, in the style of `tinynet.plots`.

They need the extra "plot" (matplotlib); without it, ImportError. Each function draws on the axes passed to it, or on
new ones, and returns them. `theme` and `lang` are those of `tinynet.plots.set_style`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.types import TensorLike
from ..plots.planes import contour_levels, draw_paths, draw_surface, fitting_bounds
from ..plots.style import drawing
from .geometry import smallest_loss_in_ball
from .overfitting import truth
from .plots_inside import plot_curvature, plot_feature_maps, plot_inside, plot_layer_inputs, plot_network
from .plots_surfaces import animate_race, plot_gradient_signs, plot_loss_slice, plot_paths, plot_step, plot_surface

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from .overfitting import PolynomialFits

__all__ = [
    "animate_race", "plot_ball", "plot_curvature", "plot_descents", "plot_feature_maps", "plot_gradient_signs",
    "plot_inside", "plot_layer_inputs", "plot_loss_slice", "plot_network", "plot_paths", "plot_polynomials",
    "plot_step", "plot_surface",
]


def plot_descents(
    paths: Any, ax: Axes | None = None, *, theme: str | None = None, lang: str | None = None,
) -> Axes:
    """The paths (w, b) of batch, stochastic and mini-batch descent in one picture.

    Where the losses are given, too, the contours of the loss are drawn: it is a quadratic function of w and b, which
    six points on it determine.

    Args:
        paths: {name: what `fit_line` returned, or its path alone}; or what one `fit_line` returned.
        ax: Axes of matplotlib; new ones if None.
        theme, lang: See `tinynet.plots.set_style`.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: a path has another shape.

    Source: row 8 of the course.

    >>> from tinynet.textbook import Descent, fit_line
    >>> ax = plot_descents({"batch": fit_line(Descent.batch(20)), "stochastic": fit_line(Descent.stochastic(20))})
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('weight w', 'bias b')
    """
    named = paths if isinstance(paths, Mapping) else {"": paths}
    walks, losses = {}, {}
    for name, given in named.items():
        if isinstance(given, tuple) and len(given) == 2 and np.ndim(given[0]) == 2:
            given, losses[name] = given
        walks[name] = np.asarray(given, np.float64)
        if walks[name].ndim != 2 or walks[name].shape[1] != 2:
            raise ValueError(f"plot_descents: expected (path, losses) of fit_line, or a path (points, 2); got shape "
                             f"{walks[name].shape} for {name!r}")
    with drawing("plot_descents", ax, theme, lang, size=(9.5, 6)) as page:
        ax = page.ax
        bounds = fitting_bounds(list(walks.values()))
        known = [name for name in walks if name in losses]
        quadratic = _quadratic(np.concatenate([walks[name] for name in known]),
                               np.concatenate([losses[name] for name in known])) if known else None
        if quadratic is not None:
            formula, lowest = quadratic
            bounds = fitting_bounds([*walks.values(), lowest[None]])
            draw_surface(page, ax, formula, bounds, 14, {"minimum": [lowest]})
        draw_paths(page, ax, walks, bounds)
        ax.set(xlabel=page.words("weight_w"), ylabel=page.words("bias_b"), xlim=bounds[:2], ylim=bounds[2:])
        page.legend(ax)
    return ax


def _quadratic(points, losses):
    """The quadratic function through points with these losses, and its minimum; None if they do not determine one."""
    w, b = points.T
    terms = np.stack([np.ones_like(w), w, b, w * w, w * b, b * b], axis=1)
    if not np.isfinite(terms).all() or not np.isfinite(losses).all() or np.linalg.matrix_rank(terms, 1e-9) < 6:
        return None
    c = np.linalg.lstsq(terms, losses, rcond=None)[0]
    second = np.array([[2 * c[3], c[4]], [c[4], 2 * c[5]]])
    if np.linalg.eigvalsh(second)[0] <= 0 or not np.allclose(terms @ c, losses, rtol=1e-4, atol=1e-6):
        return None
    lowest = np.linalg.solve(second, -c[1:3])
    return (lambda w, b: c[0] + c[1] * w + c[2] * b + c[3] * w * w + c[4] * w * b + c[5] * b * b), lowest


def plot_polynomials(
    fits: PolynomialFits, degrees: Sequence[int] = (1, 3, 14), axes: Sequence[Axes] | None = None, *,
    theme: str | None = None, lang: str | None = None,
) -> Sequence[Axes]:
    """Two pictures of over-fitting: the curves through the points, and both losses by degree.

    Args:
        fits: `PolynomialFits`.
        degrees: Which curves to draw.
        axes: Two axes of matplotlib; new ones if None.
        theme, lang: See `tinynet.plots.set_style`.

    Returns:
        The two axes.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: a degree is not among those of the fits.

    Source: row 38 of the course.

    >>> from tinynet.textbook import fit_polynomials
    >>> curves, losses = plot_polynomials(fit_polynomials(), degrees=(1, 14))
    >>> losses.get_xlabel()
    'degree of the polynomial'
    """
    unknown = set(degrees) - set(map(int, fits.degrees))
    if unknown:
        raise ValueError(f"plot_polynomials: the fits have the degrees {fits.degrees.tolist()}, not {sorted(unknown)}")
    with drawing("plot_polynomials", axes, theme, lang, (13, 5), columns=2) as page:
        left, right = page.axes[:2]
        x = np.linspace(-1, 1, 300)
        for index, degree in enumerate(degrees):
            left.plot(x, fits.polynomials[list(fits.degrees).index(degree)](x), color=page.theme.color(index),
                      linestyle=("-", "--", "-.", ":")[index % 4], label=page.words("degree", degree=degree))
        left.plot(x, truth(x), color=page.theme.neutral, linewidth=1.5, zorder=1, label=page.words("truth"))
        left.scatter(*fits.train, color=page.theme.text, s=36, zorder=3, label=page.words("points"))
        left.set(ylim=(-2, 2), xlim=(-1.03, 1.03), xlabel="x", ylabel="y")
        for index, (key, losses) in enumerate((("train", fits.train_loss), ("validation", fits.validation_loss))):
            right.plot(fits.degrees, losses, color=page.theme.color(index), marker=page.theme.marker(index),
                       linestyle=("-", "--")[index], label=page.words(key))
        right.axvline(fits.best_degree, color=page.theme.text, linestyle=":", linewidth=1.5,
                      label=page.words("best_degree", degree=fits.best_degree))
        right.set(xlabel=page.words("degrees"), ylabel=page.words("mean_squared_error"), yscale="log")
        left.legend(loc="lower right", ncols=2)
        right.legend(loc="best")
    return page.axes[:2]


def plot_ball(
    centre: TensorLike = (1.5, 0.7), radius: float = 1.0, norm: int = 1, curvature: TensorLike | None = None,
    ax: Axes | None = None, *, theme: str | None = None, lang: str | None = None,
) -> Axes:
    """The slides' picture of L1 and L2: contours of a loss around `centre`, the ball, and the least loss in it.

    The contour that touches the ball is drawn thick. With the defaults it touches that of L1 in its corner, where
    w1 = 0, and that of L2 beside it.

    Args:
        centre, radius, norm: As for `geometry.smallest_loss_in_ball`, in two dimensions.
        curvature: As there; ((1, 0.3), (0.3, 0.5)) if None.
        ax: Axes of matplotlib; new ones if None.
        theme, lang: See `tinynet.plots.set_style`.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: `norm` is neither 1 nor 2.

    Source: row 44 of the course.

    >>> plot_ball(norm=1).lines[0].get_xydata().round(3).tolist()
    [[1.0, 0.0]]
    """
    optimum = np.asarray(centre, np.float64)
    H = np.array([[1.0, 0.3], [0.3, 0.5]]) if curvature is None else np.asarray(curvature, np.float64)
    touching = smallest_loss_in_ball(optimum, radius, norm, H)

    def loss(x, y):
        away = np.stack([x, y], axis=-1) - optimum
        return np.einsum("...i,ij,...j", away, H, away) / 2

    with drawing("plot_ball", ax, theme, lang, size=(9, 6), layout="compressed") as page:
        ax, look = page.ax, page.theme
        points = np.array([optimum, [radius, radius], [-radius, -radius]])
        left, right, bottom, top = fitting_bounds([points], 0.25)
        x, y = np.meshgrid(np.linspace(left, right, 300), np.linspace(bottom, top, 300))
        height = loss(x, y)
        ax.contour(x, y, height, contour_levels(height, 12), colors=look.contour, linewidths=1.2)
        least = float(loss(*touching))
        if least > 0:
            ax.contour(x, y, height, [least], colors=look.wrong, linewidths=3.5)
        ax.fill(*_ball(radius, norm), facecolor=look.color(0), alpha=0.3)
        ax.fill(*_ball(radius, norm), fill=False, edgecolor=look.color(0), linewidth=3,
                label=page.words("ball", norm=norm, radius=radius))
        ax.hlines(0, left, right, color=look.neutral, linewidth=1, zorder=0)
        ax.vlines(0, bottom, top, color=look.neutral, linewidth=1, zorder=0)
        ax.plot(*touching, marker="o", color=look.wrong, markersize=13, markeredgecolor=look.background,
                linestyle="none", zorder=5, label=page.words("least_in_ball"))
        ax.plot(*optimum, marker="*", color=look.text, markersize=18, linestyle="none", label=page.words("least_loss"))
        ax.set(title=f"L{norm}", aspect="equal", xlim=(left, right), ylim=(bottom, top), xlabel=page.words("w0"),
               ylabel=page.words("w1"))
        page.legend(ax)
    return ax


def _ball(radius, norm):
    """The outline of a ball, (x, y)."""
    if norm == 1:
        return radius * np.array([1.0, 0.0, -1.0, 0.0]), radius * np.array([0.0, 1.0, 0.0, -1.0])
    angle = np.linspace(0, 2 * np.pi, 200)
    return radius * np.cos(angle), radius * np.sin(angle)
