"""Looking into a network: a layer's inputs over training, feature maps, the classes of an image (CNN part)."""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any

import numpy as np

from ..callbacks import Callback
from ..models import Model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..core.types import Array, TensorLike

LayerInputs = namedtuple("LayerInputs", "mean std")


class LayerInputMonitor(Callback):
    """How the distribution of a layer's inputs moves while the layers before it learn: internal covariate shift.

    `plot_layer_inputs` draws it.

    Args:
        layer: Name of a layer of the model.
        x: The batch whose inputs are measured, always the same, after each epoch and once before the first.

    Attributes:
        history: A list of LayerInputs(mean, std) over batch and units.

    Raises:
        ValueError: (when training begins) the model has no layer of this name.

    >>> model = Sequential([Input((1,)), Dense(3, activation="relu"), Dense(1, name="last")])
    >>> model.compile("sgd", "mse")
    >>> x = np.array([[0.0], [1.0], [2.0]])
    >>> monitor = LayerInputMonitor("last", x)
    >>> history = model.fit(x, 2 * x, epochs=2, verbose=0, callbacks=[monitor])
    >>> len(monitor.history), monitor.history[0]._fields
    (3, ('mean', 'std'))
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
