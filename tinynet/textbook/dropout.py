"""Dropout before the scaling moved into training, and the average over masks that both approximate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import random
from ..layers.dropout import Dropout
from ..layers.normalization import BatchNormalization
from ..ops import cast

if TYPE_CHECKING:
    from ..core.types import Array, Config, SeedLike, TensorLike
    from ..models import Sequential
    from ..models.model import Model
    from ..tensor import Tensor


class VanillaDropout(Dropout):
    """Zero each element with probability `rate` while training; multiply by p = 1 - rate when predicting.

    training     H *= rand < p
    predicting   H *= p                    (the slide's predict: H = max(0, W X + b) * p)

    p is the probability of keeping an element. Keras's `Dropout` and PyTorch's divide by p while training (the slide's
    "inverted dropout"), and do nothing when predicting: both have the same expectation, scaled by p here.

    Args:
        rate: Probability of dropping, from 0 to 1.
        seed: An int makes the layer's masks repeat from run to run.
        **kwargs: See `layers.Layer`.

    Shapes: any -> the same.

    >>> VanillaDropout(0.25)(np.ones((1, 4))).numpy()
    array([[0.75, 0.75, 0.75, 0.75]], dtype=float32)
    """

    def __init__(self, rate: float, seed: SeedLike | None = None, **kwargs: Any) -> None:
        super().__init__(rate, None, seed, **kwargs)

    def call(self, x: TensorLike, training: bool = False) -> Tensor:
        p = 1 - self.rate
        if not training or self.rate == 0:
            return x * p
        return x * cast(random.uniform(x.shape, seed=self.seed_generator) < p, x.dtype)

    def get_config(self) -> Config:
        config = super().get_config()
        del config["noise_shape"]
        return config


def monte_carlo_predict(model: Model, x: TensorLike, samples: int = 100) -> tuple[Array, Array]:
    """y = E_z[f(x, z)]: the mean of the model's outputs over random masks z, instead of one scaled forward pass.

    Each pass calls the model as in training, which is when dropout is random; batch normalization keeps to its moving
    averages. For a network that is linear after its dropout the two agree in the limit.

    Args:
        model: A built model with dropout layers.
        x: Inputs of one batch.
        samples: Number of masks, at least 1.

    Returns:
        (mean, standard deviation), arrays of the outputs' shape. The deviation measures how unsure the ensemble is.

    Raises:
        ValueError: the model has nothing random in it, or `samples` is below 1.

    >>> model = Sequential([Input((4,)), VanillaDropout(0.5)])
    >>> mean, deviation = monte_carlo_predict(model, np.ones((1, 4)), samples=10)
    >>> mean.shape, deviation.shape
    ((1, 4), (1, 4))
    """
    if samples < 1:
        raise ValueError(f"monte_carlo_predict: samples must be 1 or more, got {samples!r}")
    if not any(getattr(layer, "seed_generator", None) is not None for layer in model._flatten_layers()):
        raise ValueError(f"monte_carlo_predict: {model.name} has no dropout layer, so that all passes would be equal")
    normalizing = [layer for layer in model._flatten_layers() if isinstance(layer, BatchNormalization)]
    were_trainable = [layer.trainable for layer in normalizing]
    try:
        for layer in normalizing:
            layer.trainable = False  # not trainable means moving averages, also with training=True
        outputs = np.stack([np.asarray(model(x, training=True)) for _ in range(samples)])
    finally:
        for layer, trainable in zip(normalizing, were_trainable, strict=True):
            layer.trainable = trainable
    return outputs.mean(axis=0), outputs.std(axis=0)


def count_masks(model: Sequential | Model) -> int:
    """The number of models in the ensemble that share these weights: 2^n, n the number of units that dropout may zero.

    Args:
        model: A built `Sequential` model, or one whose dropout layers have been called.

    Returns:
        An int.

    Raises:
        ValueError: a dropout layer has not been called, or drops whole feature maps.

    >>> count_masks(Sequential([Input((784,)), Dense(10), VanillaDropout(0.5), Dense(10)]))
    1024
    """
    units = 0
    for layer in model._flatten_layers():
        if isinstance(layer, Dropout) and 0 < layer.rate < 1:
            shape = layer._built_input_shape
            if shape is None:
                raise ValueError(f"count_masks: {layer.name} has not seen an input yet; call the model once")
            if type(layer) not in (Dropout, VanillaDropout) or layer.noise_shape is not None:
                raise ValueError(f"count_masks: {layer.name} ({type(layer).__name__}) does not drop single units")
            units += int(np.prod(shape[1:]))
    return 2**units
