"""Inside a network: the filters of a convolution, what layers make of an image, histograms of each layer's numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.checks import positive_int
from ..core.types import TensorLike
from ..layers.core import InputLayer
from ..layers.dropout import Dropout
from ..layers.reshaping import Flatten, Reshape
from ..tape import GradientTape
from ..tensor import to_array
from .arguments import check_maps, convolutions, find_layer, outputs_of
from .images import show_image
from .style import PANEL, TICKS, drawing, sheet
from .themes import signs

if TYPE_CHECKING:
    from ..models import Model

SAME_NUMBERS = (InputLayer, Flatten, Reshape, Dropout)  # in prediction their outputs are their inputs
KINDS = ("weight", "activation", "gradient")


def filters(
    model: Model, layer: str | None = None, channel: int | None = None, count: int = 32, axes: Any = None, *,
    theme: str | None = None, lang: str | None = None,
) -> Any:
    """Draw the kernels of a convolution, one a panel.

    The kernels of three input channels are shown as colours, grey is 0; of others one input channel is shown, with
    negative weights in one colour, positive ones in another. All panels have the same scale.

    Args:
        model: A model with weights.
        layer: Name of a two-dimensional convolution; the first one if None.
        channel: Which input channel; if None, colours where there are three, else the first.
        count: How many are drawn at most.
        axes: Axes, one a filter; new ones if None.
        theme, lang: See `set_style`.

    Returns:
        Array of the axes, one a filter.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: no such layer, no such channel, or a layer that is no convolution.

    >>> model = Sequential([Input((8, 8, 1)), Conv2D(4, 3, name="conv"), Flatten(), Dense(2)])
    >>> len(filters(model))
    4
    """
    caller = "plots.filters"
    found: Any = convolutions(model, caller)[0] if layer is None else find_layer(model, layer, caller)
    kernel = getattr(found, "kernel", None)
    if kernel is None or len(kernel.shape) != 4:
        raise ValueError(f"{caller}: {found.name} has no kernel of shape (height, width, in, out). Convolutions: "
                         f"{', '.join(one.name for one in convolutions(model, caller))}")
    weights = kernel.numpy()[..., : positive_int(count, caller, "count")]
    channels = weights.shape[2]
    if channel is not None and not 0 <= channel < channels:
        raise ValueError(f"{caller}: {found.name} has {channels} input channels, got channel {channel}")
    largest = float(np.abs(weights).max()) or 1.0
    with sheet(caller, axes, weights.shape[3], theme, lang, (1.2, 1.25)) as page:
        for ax, each in zip(page.axes, np.moveaxis(weights, -1, 0), strict=False):
            if channels == 3 and channel is None:
                show_image(page, ax, 0.5 + each / (2 * largest))
            else:
                show_image(page, ax, each[..., channel or 0])
                ax.images[0].set(cmap=signs(page.theme), clim=(-largest, largest))
        for ax in page.axes[weights.shape[3]:]:
            ax.set_axis_off()
        page.heading(axes, page.words("filters", layer=found.name, shape=" x ".join(map(str, kernel.shape))))
    return page.axes[: weights.shape[3]]


def feature_maps(
    model: Model, image: TensorLike, layers: Sequence[str] | None = None, maps: int = 8, axes: Any = None, *,
    theme: str | None = None, lang: str | None = None,
) -> Any:
    """Draw what layers make of an image: a row a layer, its first feature maps, on one scale a row.

    Args:
        model: Any model, with weights.
        image: One input, shape (height, width, channels).
        layers: Names of layers with outputs (batch, height, width, filters); the convolutions if None.
        maps: How many of each layer are drawn.
        axes: Axes, `maps` for each layer; new ones if None.
        theme, lang: See `set_style`.

    Returns:
        Array of the axes, shape (layers, maps).

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: no such layer, or one whose output is no feature map.

    >>> model = Sequential([Input((8, 8, 1)), Conv2D(4, 3, name="conv"), Flatten(), Dense(2)])
    >>> feature_maps(model, np.ones((8, 8, 1)), maps=3).shape
    (1, 3)
    """
    caller = "plots.feature_maps"
    names = [layer.name for layer in convolutions(model, caller)] if layers is None else list(layers)
    positive_int(maps, caller, "maps")
    shown = outputs_of(model, names, to_array(image)[None], caller)
    for name, output in zip(names, shown, strict=True):
        check_maps(find_layer(model, name, caller), output, caller)
    with drawing(caller, axes, theme, lang, (1.35 * maps, 1.7 * len(names)), len(names), maps) as page:
        grid = page.axes[: len(names) * maps].reshape(len(names), maps)
        for row, name, (output,) in zip(grid, names, shown, strict=True):
            low, high = output.min(), output.max()
            for ax, each in zip(row, np.moveaxis(output, -1, 0), strict=False):
                show_image(page, ax, each)
                ax.images[0].set(cmap=page.theme.sequential, clim=(low, max(high, low + 1e-12)))
            for ax in row[output.shape[-1]:]:
                ax.set_axis_off()
            row[0].set_title(f"{name}: {' x '.join(map(str, output.shape))}", loc="left", fontsize=TICKS)
            row[0].title.set_in_layout(False)
    return grid


def layer_histograms(
    model: Model, x: TensorLike | None = None, y: TensorLike | None = None, what: str = "weight", bins: int = 41,
    axes: Any = None, *, theme: str | None = None, lang: str | None = None,
) -> Any:
    """Draw a histogram of each layer's weights, activations or gradients: do they vanish, explode, die?

    Args:
        model: A model with weights; a compiled one for gradients.
        x, y: A batch; x for activations, both for gradients.
        what: 'weight' (kernel and bias together), 'activation' (the layer's output for x) or 'gradient' (of the loss
            with respect to the weights).
        bins: Number of bars.
        axes: Axes, one a layer; new ones if None.
        theme, lang: See `set_style`.

    Returns:
        Array of the axes, one a layer.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: an unknown kind, no data for it, or no layer that has such numbers.

    >>> model = Sequential([Input((3,)), Dense(5, name="hidden"), Dense(2, name="scores")])
    >>> [ax.get_title().split(chr(10))[0] for ax in layer_histograms(model)]
    ['hidden', 'scores']
    """
    caller = "plots.layer_histograms"
    values = layer_values(model, x, y, what, caller)
    with sheet(caller, axes, len(values), theme, lang, (2 * PANEL, 1.5 * PANEL)) as page:
        color = page.theme.color(KINDS.index(what))
        for index, (ax, (name, numbers)) in enumerate(zip(page.axes, values.items(), strict=False)):
            finite = numbers[np.isfinite(numbers)].astype(np.float64)
            mean, std, zeros = (finite.mean(), finite.std(), np.mean(finite == 0)) if finite.size else (np.nan,) * 3
            reach = np.abs(finite).max() if finite.size else 0.0
            low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
            if high - low <= 1e-6 * reach or reach == 0:  # all equal: a bar of its own
                low, high = low - 0.5 * (reach or 1), high + 0.5 * (reach or 1)
            counts, edges = np.histogram(finite, bins, (low, high))
            ax.stairs(counts, edges, fill=True, color=color)
            ax.axvline(0, color=page.theme.neutral, linewidth=1)
            title = page.words("histogram", layer=name, mean=mean, std=std)
            ax.set_title(title + (page.words("zeros", zeros=zeros) if zeros > 0 else ""), fontsize=TICKS)
            ax.set_yticks([])
            ax.locator_params(axis="x", nbins=5)
            if index == 0 or axes is not None:
                ax.set_xlabel(page.words(what))
        for ax in page.axes[len(values):]:
            ax.set_axis_off()
    return page.axes[: len(values)]


def layer_values(model: Any, x: Any, y: Any, what: str, caller: str) -> dict[str, np.ndarray]:
    """Return {layer's name: numbers, flat}.

    Args:
        model, x, y, what: As for `layer_histograms`.
        caller: Subject of the error.

    Raises:
        ValueError: as for `layer_histograms`.
    """
    if what not in KINDS:
        raise ValueError(f"{caller}: what must be one of {', '.join(map(repr, KINDS))}; got {what!r}")
    if what != "weight" and x is None or what == "gradient" and y is None:
        raise ValueError(f"{caller}: {what!r} needs a batch, x{' and y' if what == 'gradient' else ''}")
    if what == "activation":
        names = [layer.name for layer in model.layers if not isinstance(layer, SAME_NUMBERS)]
        return {name: np.ravel(output) for name, output in zip(names, outputs_of(model, names, x, caller), strict=True)}
    variables = {layer.name: layer.trainable_variables for layer in model.layers if layer.trainable_variables}
    if not variables:
        raise ValueError(f"{caller}: {model.name} has no trainable weights; give it an Input, or call it on a batch")
    if what == "weight":
        return {name: np.concatenate([np.ravel(v.numpy()) for v in own]) for name, own in variables.items()}
    with GradientTape() as tape:
        loss = model.compute_loss(x, y, model(to_array(x), training=True))
    gradients = tape.gradient(loss, variables)
    return {name: np.concatenate([np.ravel(to_array(g)) for g in own if g is not None] or [np.zeros(0)])
            for name, own in gradients.items()}
