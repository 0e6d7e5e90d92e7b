"""Layers that disturb the input while training, and pass it through otherwise."""

import numpy as np

from .. import ops
from ..core.old_names import old_arguments
from ..random import SeedGenerator
from .base import Layer


@old_arguments(p="rate")
class Dropout(Layer):
    """Zero each element with probability `rate` while training, and scale the rest by 1 / (1 - rate).

    The scaling ("inverted dropout") keeps the expected value, so that nothing is to be done at test time.

    Args:
        rate: Probability of dropping, from 0 to 1.
        noise_shape: Shape of the mask where it is to be shared along some axes (1 or None there); the input's if None.
        seed: An int makes the layer's masks repeat from run to run.
    """

    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        if isinstance(rate, bool) or not isinstance(rate, int | float | np.floating):
            raise TypeError(f"Dropout: rate must be a number from 0 to 1, got {rate!r} ({type(rate).__name__})")
        if not 0 <= rate <= 1:
            raise ValueError(f"Dropout: rate is the probability of dropping an element, from 0 to 1; got {rate}")
        self.rate = float(rate)
        self.noise_shape = tuple(noise_shape) if noise_shape is not None else None
        self.seed = seed
        self.seed_generator = SeedGenerator(seed) if rate > 0 else None

    def call(self, x, training=False):
        if not training or self.rate == 0:
            return x
        return ops.dropout(x, self.rate, noise_shape=self.noise_shape, seed=self.seed_generator)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "noise_shape": self.noise_shape, "seed": self.seed}
