"""Looking into a network: its nodes and edges (first demo), a layer's inputs over training, feature maps (CNN part)."""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any

import numpy as np

from ..callbacks import Callback
from ..models import Model
from .networks import edge_strengths
from .plots import _axes, _pyplot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from ..core.types import Array, TensorLike

COLOURS = {"input": "tab:gray", "relu": "tab:green", "sigmoid": "tab:purple", "linear": "tab:orange"}
NEGATIVE, POSITIVE = "tab:red", "tab:blue"

LayerInputs = namedtuple("LayerInputs", "mean std")


def plot_network(
    model: Model, x: TensorLike | None = None, y: TensorLike | None = None, show: str = "weight",
    ax: Axes | None = None,
) -> Axes:
    """The first demo's picture: nodes coloured by their type, edges by sign and drawn as wide as they are strong.

    Args:
        model: A compiled chain of Dense layers.
        x, y: Data for gradients.
        show: 'weight' or 'gradient', as for `edge_strengths`.
        ax: Axes of matplotlib; new ones if None.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: `show` is unknown, or gradients have no data.

    Source: rows 28 and 30 of the course.
    """
    strengths = edge_strengths(model, x, y, show)
    ax = _axes(ax, "plot_network")
    layers: list[Any] = model.layers
    kinds = ["input"] + [layer.activation.__name__ for layer in layers if hasattr(layer, "units")]
    counts = [len(strengths[0])] + [strength.shape[1] for strength in strengths]
    heights = [np.arange(count) - (count - 1) / 2 for count in counts]
    for column, strength in enumerate(strengths):
        for (i, j), value in np.ndenumerate(strength):
            ax.plot([column, column + 1], [heights[column][i], heights[column + 1][j]], alpha=0.6, zorder=1,
                    linewidth=min(abs(value), 5) + 0.1, color=POSITIVE if value > 0 else NEGATIVE)
    for column, (kind, rows) in enumerate(zip(kinds, heights, strict=True)):
        ax.scatter(np.full(len(rows), column), rows, s=300, color=COLOURS.get(kind, "tab:brown"), edgecolor="black",
                   label=None if kind in kinds[:column] else kind, zorder=2)
    for label, colour in ((f"{show} > 0", POSITIVE), (f"{show} < 0", NEGATIVE)):
        ax.plot([], [], color=colour, label=label)
    ax.legend(loc="upper right")
    ax.set_axis_off()
    return ax


class LayerInputMonitor(Callback):
    """How the distribution of a layer's inputs moves while the layers before it learn: internal covariate shift.

    Args:
        layer: Name of a layer of the model.
        x: The batch whose inputs are measured, always the same, after each epoch and once before the first.

    Attributes:
        history: A list of LayerInputs(mean, std) over batch and units.

    Raises:
        ValueError: (when training begins) the model has no layer of this name.
    """

    def __init__(self, layer: str, x: TensorLike) -> None:
        super().__init__()
        self.layer = layer
        self.x = x
        self.history: list[LayerInputs] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._look()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._look()

    def _look(self):
        names = [layer.name for layer in self.model.layers]
        if self.layer not in names:
            raise ValueError(f"LayerInputMonitor: the model has no layer {self.layer!r}; it has {', '.join(names)}")
        before = names.index(self.layer) - 1
        inputs = self.x if before < 0 else feature_maps(self.model, self.x, names[before])
        self.history.append(LayerInputs(float(np.mean(inputs)), float(np.std(inputs))))


def feature_maps(model: Model, images: TensorLike, layer: str) -> Array:
    """The output of a layer for a batch of images: `Model(model.input, layer.output)`.

    Args:
        model: A model whose input shape is known.
        images: Batch of inputs.
        layer: Name of the layer.

    Returns:
        Array, for a convolution (batch, height, width, filters).

    Raises:
        ValueError: the model has no layer of this name.

    >>> model = Sequential([Input((3,)), Dense(5, name="hidden"), Dense(2)])
    >>> feature_maps(model, np.ones((1, 3)), "hidden").shape
    (1, 5)
    """
    return Model(model.input, model.get_layer(layer).output).predict(np.asarray(images), verbose=0)


def top_classes(scores: TensorLike, names: Sequence[str], k: int = 7) -> list[tuple[str, float]]:
    """The k most probable classes of one image, as the lecture lists them under its picture.

    Args:
        scores: Array (classes,): logits or probabilities.
        names: One name a class.
        k: How many are returned.

    Returns:
        List of (name, score), the largest first.

    Raises:
        ValueError: there are not as many scores as names.

    >>> top_classes([0.1, 0.7, 0.2], ["husky", "Samoyed", "wolf"], k=2)
    [('Samoyed', 0.7), ('wolf', 0.2)]
    """
    scores = np.asarray(scores)
    if scores.shape != (len(names),):
        raise ValueError(f"top_classes: expected one score a name, got scores {scores.shape} and {len(names)} names")
    order = np.argsort(-scores, kind="stable")[:k]
    return [(names[i], float(scores[i])) for i in order]


def plot_feature_maps(model: Model, image: TensorLike, layers: Sequence[str], maps: int = 8) -> Any:
    """A gallery: a row for each layer, its first feature maps of one image.

    Args:
        model: A model whose input shape is known.
        image: One input, (height, width, channels).
        layers: Names of layers with outputs (batch, height, width, filters).
        maps: How many of each layer are drawn.

    Returns:
        matplotlib's Figure.

    Raises:
        ImportError: matplotlib is not installed.
    """
    figure, axes = _pyplot("plot_feature_maps").subplots(len(layers), maps, squeeze=False,
                                                         figsize=(maps, 1.2 * len(layers)))
    for row, layer in zip(axes, layers, strict=True):
        shown = feature_maps(model, np.asarray(image)[None], layer)[0]
        for ax in row:
            ax.set_axis_off()
        for ax, channel in zip(row, np.moveaxis(shown, -1, 0), strict=False):
            ax.imshow(channel, cmap="gray")
        row[0].set_title(layer, loc="left", fontsize=8)
    return figure
