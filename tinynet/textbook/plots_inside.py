"""Pictures of what is inside a network: the demos' displays, the shift of a layer's inputs, curvature in training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.types import TensorLike
from ..plots.inside import feature_maps
from ..plots.style import TICKS, drawing
from .networks import edge_strengths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from ..models import Model
    from .curvature_monitor import CurvatureMonitor
    from .inside import LayerInputMonitor
    from .networks import Inside

KINDS = ("input", "relu", "sigmoid", "linear", "tanh")  # of nodes: each has its colour and marker


def plot_network(
    model: Model, x: TensorLike | None = None, y: TensorLike | None = None, show: str = "weight",
    ax: Axes | None = None, *, theme: str | None = None, lang: str | None = None,
) -> Axes:
    """The first demo's picture: nodes coloured by their type, edges by sign and drawn as wide as they are strong.

    An edge whose weight (or gradient) is 0 is a thin grey line.

    Args:
        model: A compiled chain of Dense layers.
        x, y: Data for gradients.
        show: 'weight' or 'gradient', as for `edge_strengths`.
        ax: Axes of matplotlib; new ones if None.
        theme, lang: See `tinynet.plots.set_style`.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: `show` is unknown, or gradients have no data.

    Source: rows 28 and 30 of the course.

    >>> from tinynet.textbook import decision_boundary_network
    >>> model = decision_boundary_network()
    >>> model.compile("sgd", "binary_crossentropy")
    >>> [text.get_text() for text in plot_network(model).get_legend().get_texts()]
    ['input', 'relu', 'sigmoid', 'weight > 0', 'weight < 0']
    """
    strengths = edge_strengths(model, x, y, show)
    layers: list[Any] = model.layers
    kinds = ["input"] + [layer.activation.__name__ for layer in layers if hasattr(layer, "units")]
    counts = [len(strengths[0])] + [strength.shape[1] for strength in strengths]
    heights = [np.arange(count) - (count - 1) / 2 for count in counts]
    with drawing("plot_network", ax, theme, lang, size=(10, 6)) as page:
        ax, look = page.ax, page.theme
        colors = {0: look.neutral, 1: look.positive, -1: look.negative}
        present = set()
        for column, strength in enumerate(strengths):
            for (i, j), value in np.ndenumerate(strength):
                sign = int(np.sign(value)) if np.isfinite(value) else 0
                present.add(sign)
                ax.plot([column, column + 1], [heights[column][i], heights[column + 1][j]], alpha=0.8, zorder=1,
                        linewidth=min(2 * abs(value), 8) + 0.8 if sign else 0.8, color=colors[sign],
                        linestyle="--" if sign < 0 else "-")
        for column, (kind, rows) in enumerate(zip(kinds, heights, strict=True)):
            index = KINDS.index(kind) if kind in KINDS else len(KINDS)
            ax.scatter(np.full(len(rows), column), rows, s=420, color=look.colors[(index + 2) % len(look.colors)],
                       marker=look.marker(index), edgecolor=look.text, linewidth=1.5,
                       label=None if kind in kinds[:column] else kind, zorder=2)
        shown = page.words(f"one_{show}")
        for sign, key in ((1, "edge_positive"), (-1, "edge_negative"), (0, "edge_zero")):
            if sign in present or sign:
                ax.plot([], [], color=colors[sign], linestyle="--" if sign < 0 else "-", linewidth=3 if sign else 1,
                        label=page.words(key, show=shown))
        page.legend(ax, markerscale=0.6)
        ax.set_axis_off()
    return ax


def plot_feature_maps(
    model: Model, image: TensorLike, layers: Sequence[str], maps: int = 8, axes: Any = None, *,
    theme: str | None = None, lang: str | None = None,
) -> Any:
    """A gallery: a row for each layer, its first feature maps of one image; see `tinynet.plots.feature_maps`.

    Args:
        model: A model whose input shape is known.
        image: One input, (height, width, channels).
        layers: Names of layers with outputs (batch, height, width, filters).
        maps: How many of each layer are drawn.
        axes: Axes, `maps` for each layer; new ones if None.
        theme, lang: See `tinynet.plots.set_style`.

    Returns:
        matplotlib's Figure.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: no such layer, or one whose output is no feature map.

    Source: row 70 of the course.

    >>> model = Sequential([Input((8, 8, 1)), Conv2D(4, 3, name="edges"), Conv2D(4, 3, name="corners")])
    >>> figure = plot_feature_maps(model, np.ones((8, 8, 1)), ["edges", "corners"], maps=4)
    >>> len(figure.axes)  # a row for each layer
    8
    """
    drawn = feature_maps(model, image, layers, maps, axes, theme=theme, lang=lang)
    return drawn[0, 0].get_figure(root=True)


def plot_inside(
    inside: Inside, axes: Any = None, bins: int = 40, *, theme: str | None = None, lang: str | None = None,
) -> Any:
    """The second demo's displays: the batch, histograms of A[1] to A[4], and which digits are classified correctly.

    Args:
        inside: Of `look_inside`, for square images.
        axes: Six axes of matplotlib: images, four histograms, outcomes; new ones if None.
        bins: Bars of a histogram.
        theme, lang: See `tinynet.plots.set_style`.

    Returns:
        Array of the axes: images, one histogram a hidden layer, outcomes.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: the images are not square.

    Source: row 33 of the course.

    >>> from tinynet.textbook import digits_network, look_inside
    >>> axes = plot_inside(look_inside(digits_network(), np.zeros((2, 784)), [3, 4]))
    >>> len(axes)
    6
    """
    pixels, count = inside.activations[0].shape
    side = round(pixels**0.5)
    if side * side != pixels:
        raise ValueError(f"plot_inside: expected square images, got {pixels} pixels")
    hidden = inside.activations[1:-1]
    columns = -(-(len(hidden) + 2) // 2)
    with drawing("plot_inside", axes, theme, lang, (4.2 * columns, 8), *((2, columns) if axes is None
                                                                        else (1, len(hidden) + 2))) as page:
        look = page.theme
        images, *histograms, outcomes = page.axes[: len(hidden) + 2]
        per_row = int(np.ceil(np.sqrt(count)))
        sheet = np.zeros((per_row * per_row, side, side))
        sheet[:count] = inside.activations[0].T.reshape(count, side, side)
        mosaic = sheet.reshape(per_row, per_row, side, side).swapaxes(1, 2).reshape(per_row * side, per_row * side)
        images.imshow(mosaic, cmap="gray")
        images.set_title(page.words("digits_input"), fontsize=TICKS + 1)
        for index, (ax, values) in enumerate(zip(histograms, hidden, strict=True)):
            ax.hist(values[np.isfinite(values)], bins, range=(-1, 1) if np.abs(values).max() <= 1 else None,
                    color=look.color(1))
            ax.set_title(f"A[{index + 1}]", fontsize=TICKS + 1)
            ax.set_yticks([])
        right = np.full(per_row * per_row, np.nan)
        right[:count] = inside.correct
        from matplotlib.colors import ListedColormap

        outcomes.imshow(right.reshape(per_row, per_row), cmap=ListedColormap([look.wrong, look.right]), vmin=0, vmax=1)
        for position in np.arange(per_row - 1) + 0.5:
            outcomes.axhline(position, color=look.background, linewidth=2)
            outcomes.axvline(position, color=look.background, linewidth=2)
        for index, correct in enumerate(inside.correct):  # a second sign than colour
            if not correct:
                outcomes.text(index % per_row, index // per_row, "x", ha="center", va="center", color=look.background,
                              fontsize=TICKS)
        outcomes.set_title(page.words("digits_outcome", wrong=inside.misclassified, count=count, cost=inside.cost),
                           fontsize=TICKS + 1)
        for ax in (images, outcomes):
            ax.set_xticks([])
            ax.set_yticks([])
        for ax in page.axes[len(hidden) + 2:]:
            ax.set_axis_off()
    return page.axes[: len(hidden) + 2]


def plot_layer_inputs(
    monitors: LayerInputMonitor | Mapping[str, LayerInputMonitor], ax: Axes | None = None, *,
    theme: str | None = None, lang: str | None = None,
) -> Axes:
    """The shift of a layer's inputs while the layers before it learn: their mean and standard deviation by epoch.

    Args:
        monitors: A `LayerInputMonitor` after training, or {name: one}, such as with and without batch normalization.
        ax: Axes of matplotlib; new ones if None.
        theme, lang: See `tinynet.plots.set_style`.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: a monitor has seen no training.

    Source: row 63 of the course.

    >>> from tinynet.textbook import LayerInputMonitor
    >>> model = Sequential([Input((1,)), Dense(3), Dense(1, name="last")])
    >>> model.compile("sgd", "mse")
    >>> x = np.array([[0.0], [1.0], [2.0]])
    >>> monitor = LayerInputMonitor("last", x)
    >>> history = model.fit(x, 2 * x, epochs=2, verbose=0, callbacks=[monitor])
    >>> ax = plot_layer_inputs(monitor)
    >>> ax.get_xlabel()
    'epoch'
    """
    named = monitors if isinstance(monitors, Mapping) else {monitors.layer: monitors}
    for name, monitor in named.items():
        if not monitor.history:
            raise ValueError(f"plot_layer_inputs: {name!r} has seen no training; pass the monitor to "
                             "fit(callbacks=[...])")
    with drawing("plot_layer_inputs", ax, theme, lang) as page:
        ax = page.ax
        for index, (name, monitor) in enumerate(named.items()):
            mean, std = np.array(monitor.history).T
            epochs, color = np.arange(len(mean)), page.theme.color(index)
            ax.fill_between(epochs, mean - std, mean + std, color=color, alpha=0.25, linewidth=0)
            ax.plot(epochs, mean, color=color, marker=page.theme.marker(index) if len(mean) <= 30 else None,
                    linestyle=("-", "--", "-.", ":")[index % 4], label=name)
        ax.set(xlabel=page.words("epoch"), title=page.words("layer_inputs"))
        ax.grid(True, linewidth=0.8)
        page.legend(ax)
    return ax


def plot_curvature(
    monitor: CurvatureMonitor, ax: Axes | None = None, *, theme: str | None = None, lang: str | None = None,
) -> Axes:
    """The largest eigenvalues of the Hessian along a training, and the bound 2 / learning rate.

    Gradient descent on a quadratic function diverges along a direction whose curvature is above the bound.

    Args:
        monitor: A `CurvatureMonitor` after training.
        ax: Axes of matplotlib; new ones if None.
        theme, lang: See `tinynet.plots.set_style`.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: the monitor has seen no training.

    >>> from tinynet.textbook import CurvatureMonitor
    >>> model = Sequential([Input((1,)), Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> x = np.array([[1.0], [3.0]])
    >>> monitor = CurvatureMonitor(x, 2 * x)
    >>> history = model.fit(x, 2 * x, epochs=2, verbose=0, callbacks=[monitor])
    >>> ax = plot_curvature(monitor)
    >>> ax.get_xlabel()
    'epoch'
    """
    if not len(monitor.eigenvalues):
        raise ValueError("plot_curvature: the monitor has seen no training; pass it to fit(callbacks=[...])")
    values = np.array(monitor.eigenvalues)
    with drawing("plot_curvature", ax, theme, lang) as page:
        ax, epochs = page.ax, np.array(monitor.epochs)
        for index, curve in enumerate(values.T):
            ax.plot(epochs, curve, color=page.theme.color(index), marker=page.theme.marker(index),
                    label=page.words("eigenvalue_number", index=index + 1))
        ax.plot(epochs, 2 / np.array(monitor.learning_rates), color=page.theme.text, linestyle=":",
                label=page.words("stable"))
        ax.set(xlabel=page.words("epoch"), ylabel=page.words("eigenvalue"))
        if values.min() > 0 and values.max() > 30 * values.min():
            ax.set_yscale("log")
        ax.grid(True, linewidth=0.8)
        page.legend(ax)
    return ax
