"""Functions of two numbers: a surface with the paths of optimizers, slices of a loss, a classifier's regions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.types import Array, TensorLike
from ..tensor import to_array
from .arguments import as_classes
from .style import Drawing, drawing
from .themes import heights, signs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GRID = 240  # points a side
HARDLY = 0.03  # of the picture's diagonal: a path that is shorter looks like a dot


def contour_levels(height: Array, levels: int) -> Array:
    """Choose the heights of contour lines so that they are spread over the picture and around its minimum.

    Equal steps of height put all lines on the steep walls. Here each line encloses a share of the picture's area,
    (k / levels)^2: around the minimum of a round bowl the lines have equal distances.

    Args:
        height: Heights over a grid; those that are not finite are left out.
        levels: How many lines.

    Returns:
        The heights, increasing.

    >>> x, y = np.meshgrid(np.linspace(-1, 1, 101), np.linspace(-1, 1, 101))
    >>> np.sqrt(contour_levels(x**2 + y**2, 4)).round(2).tolist()
    [0.28, 0.57, 0.85]
    """
    finite = height[np.isfinite(height)]
    if not finite.size:
        return np.array([0.0, 1.0])
    return np.unique(np.quantile(finite, (np.arange(1, levels) / levels) ** 2))


def draw_surface(page: Drawing, ax: Any, formula: Callable[[Any, Any], Any], bounds: Sequence[float], levels: int,
                 points: Mapping[str, Any]) -> None:
    """Draw heights, contour lines, and marked points.

    Args:
        page: Of `drawing`.
        ax: The axes.
        formula: Function of (x, y), arrays.
        bounds: (x from, x to, y from, y to).
        levels: How many lines.
        points: {'minimum': points, 'saddle': points}.
    """
    left, right, bottom, top = map(float, bounds)
    x, y = np.meshgrid(np.linspace(left, right, GRID), np.linspace(bottom, top, GRID))
    with np.errstate(all="ignore"):
        height = np.asarray(formula(x, y), np.float64)
    lines = contour_levels(height, levels)
    rank = np.searchsorted(lines, height) / max(len(lines), 1)
    ax.pcolormesh(x, y, rank, cmap=heights(page.theme), vmin=0, vmax=1, shading="gouraud", rasterized=True)
    ax.contour(x, y, height, lines, colors=page.theme.contour, linewidths=1.2, linestyles="solid")
    for kind, marker in (("minimum", "*"), ("saddle", "X")):
        for index, point in enumerate(points.get(kind, ())):
            ax.plot(*point, marker=marker, markersize=18 if marker == "*" else 12, color=page.theme.text,
                    markeredgecolor=page.theme.background, linestyle="none", zorder=6,
                    label=None if index else page.words(kind))
    ax.set(xlim=(left, right), ylim=(bottom, top))


def fitting_bounds(paths: Sequence[Array], margin: float = 0.15) -> tuple[float, float, float, float]:
    """Return bounds around all finite points of some paths.

    Args:
        paths: Arrays (points, 2).
        margin: Space around them, as a share of their extent.

    >>> fitting_bounds([np.array([[0.0, 0.0], [2.0, 4.0]])], margin=0.5)
    (-1.0, 3.0, -2.0, 6.0)
    """
    points = np.concatenate([np.asarray(path, np.float64).reshape(-1, 2) for path in paths])
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return -1.0, 1.0, -1.0, 1.0
    low, high = points.min(axis=0), points.max(axis=0)
    space = np.where(high > low, margin * (high - low), 1.0)
    left, right, bottom, top = low[0] - space[0], high[0] + space[0], low[1] - space[1], high[1] + space[1]
    return float(left), float(right), float(bottom), float(top)


def contour_paths(
    formula: Callable[[Any, Any], Any], paths: Mapping[str, TensorLike] | None = None,
    bounds: Sequence[float] | None = None, minima: Sequence[Any] = (), saddles: Sequence[Any] = (), levels: int = 14,
    title: str = "", ax: Axes | None = None, *, theme: str | None = None, lang: str | None = None,
) -> Axes:
    """Draw a surface by contours, and paths over it: where they start, every step, which is which.

    A path that looks like a dot, or leaves the picture, gets a line under the picture that explains it.

    Args:
        formula: Function of (x, y), arrays of one shape.
        paths: {name: points}, each of shape (points, 2), the start first.
        bounds: (x from, x to, y from, y to); around the paths if None.
        minima, saddles: Points to mark.
        levels: Number of contour lines.
        title: Over the picture.
        ax: Axes; new ones if None.
        theme, lang: See `set_style`.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: a path has another shape.

    >>> walk = np.array([[1.0, 1.0], [0.5, 0.8], [0.2, 0.6]])
    >>> ax = contour_paths(lambda x, y: x**2 + y**2, {"descent": walk}, minima=[(0, 0)])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['minimum', 'start', 'descent']
    """
    caller = "plots.contour_paths"
    walks = {name: to_array(path).astype(np.float64) for name, path in (paths or {}).items()}
    for name, walk in walks.items():
        if walk.ndim != 2 or walk.shape[1] != 2 or not len(walk):
            raise ValueError(f"{caller}: the path {name!r} must have the shape (points, 2), got {walk.shape}")
    if bounds is None:
        marked = np.reshape([*minima, *saddles], (-1, 2))
        bounds = fitting_bounds([*walks.values(), marked]) if walks else (-2, 2, -2, 2)
    with drawing(caller, ax, theme, lang, size=(9.5, 6)) as page:
        ax = page.ax
        draw_surface(page, ax, formula, bounds, levels, {"minimum": minima, "saddle": saddles})
        remarks = draw_paths(page, ax, walks, bounds)
        ax.set(xlabel=page.words("w0"), ylabel=page.words("w1"), title=title)
        if ax.get_legend_handles_labels()[0]:
            page.legend(ax)
        if remarks:
            page.remark(ax, "\n".join(remarks))
    return ax


def draw_paths(page: Drawing, ax: Any, walks: Mapping[str, Array], bounds: Sequence[float]) -> list[str]:
    """Draw paths with their starts.

    Args:
        page: Of `drawing`.
        ax: The axes.
        walks: {name: points}.
        bounds: Of the picture.

    Returns:
        Sentences about paths that cannot be seen.
    """
    from matplotlib.patheffects import Normal, Stroke

    outline = [Stroke(linewidth=4.5, foreground=page.theme.background), Normal()]
    starts = list(dict.fromkeys(tuple(walk[0]) for walk in walks.values()))
    for index, start in enumerate(starts):
        ax.plot(*start, marker="o", markersize=15, markerfacecolor="none", markeredgecolor=page.theme.text,
                markeredgewidth=2.5, linestyle="none", zorder=5, label=None if index else page.words("start"))
    remarks, diagonal = [], np.hypot(bounds[1] - bounds[0], bounds[3] - bounds[2])
    for index, (name, walk) in enumerate(walks.items()):
        finite = walk[np.isfinite(walk).all(axis=1)]
        ax.plot(*finite.T, color=page.theme.color(index), marker=page.theme.marker(index), markersize=5,
                markevery=max(1, len(finite) // 25), path_effects=outline, label=name, zorder=4)
        length = float(np.linalg.norm(np.diff(finite, axis=0), axis=1).sum())
        inside = ((finite >= [bounds[0], bounds[2]]) & (finite <= [bounds[1], bounds[3]])).all()
        if not inside or len(finite) < len(walk):
            remarks.append(page.words("leaves", name=name))
        elif len(walk) > 1 and length < HARDLY * diagonal:
            remarks.append(page.words("hardly_moved", name=name, length=length, steps=len(walk) - 1))
    return remarks


def loss_surface(
    axis: TensorLike, losses: TensorLike, ax: Any = None, levels: int = 14, *, theme: str | None = None,
    lang: str | None = None,
) -> Any:
    """Draw a slice of a network's loss: a line for one direction, contours for two; the trained weights are marked.

    Args:
        axis: Distances from the trained weights, shape (points,); see `textbook.loss_slice`.
        losses: The loss at each, shape (points,) or (points, points): second direction down, first across.
        ax: Axes; axes with projection="3d" get a surface; new ones if None.
        levels: Number of contour lines.
        theme, lang: See `set_style`.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: the shapes do not fit.

    >>> axis = np.linspace(-1, 1, 5)
    >>> loss_surface(axis, axis**2).get_ylabel()
    'loss'
    """
    caller = "plots.loss_surface"
    a, height = to_array(axis).astype(np.float64), to_array(losses).astype(np.float64)
    if a.ndim != 1 or height.shape not in ((len(a),), (len(a), len(a))):
        raise ValueError(f"{caller}: expected losses ({len(a)},) or ({len(a)}, {len(a)}) for an axis {a.shape}, got "
                         f"{height.shape}")
    with drawing(caller, ax, theme, lang, size=(8.5, 6)) as page:
        from matplotlib.colors import BoundaryNorm

        ax, theme_ = page.ax, page.theme
        centre = int(np.argmin(np.abs(a)))
        ax.set_xlabel(page.words("direction1"))
        mark = {"marker": "*", "color": theme_.wrong, "markersize": 18, "linestyle": "none", "zorder": 5,
                "markeredgecolor": theme_.background, "label": page.words("trained")}
        if height.ndim == 1:
            ax.plot(a, height, color=theme_.color(0))
            ax.plot(a[centre], height[centre], **mark)
            ax.set_ylabel(page.words("loss"))
            ax.grid(True, linewidth=0.8)
            ax.legend(loc="best")
        elif hasattr(ax, "plot_surface"):
            ax.plot_surface(*np.meshgrid(a, a), height, cmap=theme_.sequential)
            ax.plot([a[centre]], [a[centre]], [height[centre, centre]], **mark)
            ax.set_ylabel(page.words("direction2"))
            ax.set_zlabel(page.words("loss"))
        else:
            lines = contour_levels(height, levels)
            edges = np.unique([np.nanmin(height), *lines, np.nanmax(height)])
            if len(edges) < 2:  # the same loss everywhere
                edges = np.array([edges[0] - 0.5, edges[0] + 0.5])
            drawn = ax.contourf(a, a, height, edges, cmap=theme_.sequential, norm=BoundaryNorm(edges, 256))
            ax.contour(a, a, height, lines, colors=theme_.background, linewidths=1)
            ax.plot(a[centre], a[centre], **mark)
            page.colorbar(ax, drawn, page.words("loss"))
            ax.set_ylabel(page.words("direction2"))
            ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.01), borderaxespad=0.0)
    return ax


def decision_boundary(
    model: Any, x: TensorLike, y: TensorLike | None = None, names: Sequence[str] | None = None, margin: float = 0.25,
    ax: Axes | None = None, *, theme: str | None = None, lang: str | None = None,
) -> Axes:
    """Draw the regions of a classifier of two numbers and the points, over a range that fits the points.

    Args:
        model: A model of two inputs, or a function of an array (points, 2) that returns outputs: (points, 1), of which
            0.5 is the boundary (0, if some are outside 0 to 1: logits); or (points, classes), of which the highest
            counts.
        x: The points, shape (points, 2).
        y: Their classes; not told apart if None.
        names: Names of the classes.
        margin: Space around the points, as a share of their extent.
        ax: Axes; new ones if None.
        theme, lang: See `set_style`.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: the points are not of two numbers, or not as many as classes.

    >>> ax = decision_boundary(lambda x: x[:, :1], [[0.0, 0.0], [1.0, 1.0]], [0, 1], margin=0.5)
    >>> ax.get_xlim()
    (np.float64(-0.5), np.float64(1.5))
    """
    caller = "plots.decision_boundary"
    points = to_array(x).astype(np.float32)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ValueError(f"{caller}: expected points of two numbers, (points, 2), got shape {points.shape}")
    classes = np.zeros(len(points), np.int64) if y is None else as_classes(y, caller, "y")
    if len(classes) != len(points):
        raise ValueError(f"{caller}: {len(points)} points, but {len(classes)} classes")
    left, right, bottom, top = fitting_bounds([points], margin)
    xs, ys = np.linspace(left, right, GRID), np.linspace(bottom, top, GRID)
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2).astype(np.float32)
    outputs = to_array(model.predict(grid, batch_size=4096, verbose=0) if hasattr(model, "predict") else model(grid))
    outputs = outputs.reshape(GRID, GRID, -1).astype(np.float64)
    count = max(outputs.shape[-1], 2, int(classes.max()) + 1)
    with drawing(caller, ax, theme, lang, size=(8.5, 6)) as page:
        ax, look = page.ax, page.theme
        if outputs.shape[-1] == 1:
            _two_regions(page, ax, xs, ys, outputs[..., 0])
        else:
            _regions(page, ax, xs, ys, outputs.argmax(axis=-1), count)
        known = page.names(names, count, caller)
        colors = [look.negative, look.positive] if outputs.shape[-1] == 1 else look.colors
        for index in np.unique(classes):
            own = points[classes == index]
            ax.scatter(own[:, 0], own[:, 1], s=60, color=colors[index % len(colors)], marker=look.marker(index),
                       edgecolor=look.text, linewidth=1.0, zorder=3, label=known[index] if y is not None else None)
        ax.set(xlim=(left, right), ylim=(bottom, top), xlabel=page.words("x1"), ylabel=page.words("x2"))
        if y is not None:
            ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.01), borderaxespad=0.0, ncols=min(len(known), 6))
    return ax


def _two_regions(page, ax, xs, ys, output):
    """One output: its value as a colour, and the line where the class changes."""
    probability = np.nanmin(output) >= 0 and np.nanmax(output) <= 1
    middle = 0.5 if probability else 0.0
    reach = 0.5 if probability else max(float(np.nanmax(np.abs(output))), 1e-12)
    drawn = ax.pcolormesh(xs, ys, output, cmap=signs(page.theme), vmin=middle - reach, vmax=middle + reach, alpha=0.75,
                          rasterized=True, linewidth=0)
    if np.nanmin(output) < middle < np.nanmax(output):
        ax.contour(xs, ys, output, [middle], colors=page.theme.text, linewidths=3)
    page.colorbar(ax, drawn, page.words("output"))


def _regions(page, ax, xs, ys, winner, count):
    """Several outputs: the winner's colour, pale, and lines between the regions."""
    from matplotlib.colors import ListedColormap, to_rgb

    background = np.array(to_rgb(page.theme.background))
    pale = [0.65 * background + 0.35 * np.array(to_rgb(page.theme.color(index))) for index in range(count)]
    ax.pcolormesh(xs, ys, winner, cmap=ListedColormap(pale), vmin=-0.5, vmax=count - 0.5, rasterized=True)
    for index in np.unique(winner):
        if (winner != index).any():
            ax.contour(xs, ys, winner == index, [0.5], colors=page.theme.text, linewidths=1.5)
