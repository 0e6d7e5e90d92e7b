"""Dropout: elements are zeroed at random while training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.checks import probability
from ..core.old_names import old_arguments
from ..ops.dropout import dropout
from ..random import SeedGenerator
from .base import Layer

if TYPE_CHECKING:
    from ..core.types import Config, SeedLike, Shape
    from ..tensor import Tensor


@old_arguments(p="rate")
class Dropout(Layer):
    """Zero each element with probability `rate` while training, and scale the rest by 1 / (1 - rate).

    The scaling ("inverted dropout") keeps the expected value, so that the output in prediction is the input itself
    (Srivastava et al. 2014).

    Args:
        rate: Probability of dropping, from 0 to 1.
        noise_shape: Shape of the mask: 1 along axes where it is shared, None for the input's length; the input's shape
            if None.
        seed: An int makes the layer's masks repeat from run to run.

    Shapes: any, the same out.

    Raises:
        TypeError: `rate` is no number.
        ValueError: `rate` is outside [0, 1].

    >>> y = Dropout(0.5, seed=1)(np.ones((1, 100)), training=True).numpy()
    >>> sorted(set(y.ravel().tolist()))
    [0.0, 2.0]
    """

    def __init__(self, rate: float, noise_shape: Shape | None = None, seed: SeedLike = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.rate = float(probability(rate, type(self).__name__, "rate"))
        self.noise_shape = tuple(noise_shape) if noise_shape is not None else None
        self.seed = seed
        self.seed_generator = SeedGenerator(seed) if rate > 0 else None

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not training or self.rate == 0:
            return x
        return dropout(x, self.rate, noise_shape=self.noise_shape, seed=self.seed_generator)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> Config:
        return {**super().get_config(), "rate": self.rate, "noise_shape": self.noise_shape, "seed": self.seed}
