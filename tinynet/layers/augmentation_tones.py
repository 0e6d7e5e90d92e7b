"""Keras's layers that map the values of images to others: negatives, fewer levels, the whole range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import augment
from .augmentation import factor_range
from .augmentation_color import Factored, Valued

if TYPE_CHECKING:
    from ..core.types import Array, Config, SeedLike
    from .augmentation import Factor, Range


class RandomInvert(Factored):
    """Turn an image into its negative, with a probability drawn from `factor`.

    Args:
        factor: f: the probability is drawn from [0, f]; or a pair (lower, upper).
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> always = RandomInvert((1.0, 1.0))
    >>> always(np.array([[[[0.0, 100.0, 255.0]]]]), training=True).numpy().ravel()
    array([255., 155.,   0.], dtype=float32)
    """

    bounds, symmetric = (0.0, 1.0), False

    def __init__(self, factor: Factor = 1.0, value_range: Range = (0, 255), seed: SeedLike = None,
                 data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        return {"apply_inversion": rng.random(len(images)) < rng.uniform(*self.factor, len(images))}

    def transform(self, images: Array, transformation: Any) -> Array:
        chosen = np.asarray(transformation["apply_inversion"]).reshape(-1, 1, 1, 1)
        return np.where(chosen, augment.invert(images, self.value_range), images)


class RandomPosterization(Factored):
    """Keep a random number of the eight bits of each value.

    Args:
        factor: A pair (lower, upper) of bits from 1 to 8; draws are from lower to upper - 1. As in Keras, a number f is
            (1, f).
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> RandomPosterization(4, seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    bounds, symmetric = (1.0, 8.0), False

    def __init__(self, factor: Factor, value_range: Range = (0, 255), data_format: str | None = None,
                 seed: SeedLike = None, **kwargs: Any) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)
        lower, upper = map(int, self.factor)
        self.factor = lower, upper

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        lower, upper = map(int, self.factor)
        return {"shift_factor": 8 - rng.integers(lower, max(upper, lower + 1), len(images))}

    def transform(self, images: Array, transformation: Any) -> Array:
        bits = 8 - np.asarray(transformation["shift_factor"]).astype(int)
        return augment.posterize(images, bits, self.value_range)


class Solarization(Valued):
    """Add a random amount, then turn values from a random threshold on into their negatives.

    Args:
        addition_factor: What is added is a share of the range drawn from [0, addition_factor], or from a pair.
        threshold_factor: The threshold, likewise. (For a pair, Keras 3.15 forgets to scale the lower end; here both are
            shares of the range.)
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> Solarization(0.1, 0.5, seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(self, addition_factor: Factor = 0.0, threshold_factor: Factor = 0.0, value_range: Range = (0, 255),
                 seed: SeedLike = None, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(value_range, data_format, seed, **kwargs)
        self.addition_factor = factor_range(addition_factor, "Solarization", "addition_factor", 0.0, 1.0, False)
        self.threshold_factor = factor_range(threshold_factor, "Solarization", "threshold_factor", 0.0, 1.0, False)

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        shape = (len(images), 1, 1, 1)
        return {"additions": 255 * rng.uniform(*self.addition_factor, shape),
                "thresholds": 255 * rng.uniform(*self.threshold_factor, shape)}

    def transform(self, images: Array, transformation: Any) -> Array:
        addition, threshold = (np.asarray(transformation[key]).ravel() / 255 for key in ("additions", "thresholds"))
        return augment.solarize(images, threshold, addition, self.value_range)

    def get_config(self) -> Config:
        return {**super().get_config(), "addition_factor": self.addition_factor,
                "threshold_factor": self.threshold_factor}


class Equalization(Valued):
    """Make all levels of each channel of each image equally frequent. See `augment.equalize`.

    (Keras 3.15 counts the levels of the whole batch together, so that an image's result depends on its neighbours.)

    Args:
        value_range: What black and white are.
        bins: How many levels are told apart.
        data_format: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    >>> Equalization()(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(self, value_range: Range = (0, 255), bins: int = 256, data_format: str | None = None,
                 **kwargs: Any) -> None:
        super().__init__(value_range, data_format, None, **kwargs)
        self.bins = bins

    def transform(self, images: Array, transformation: Any) -> Array:
        return augment.equalize(images, self.bins, self.value_range)

    def get_config(self) -> Config:
        configuration = {**super().get_config(), "bins": self.bins}
        del configuration["seed"]
        return configuration


class AutoContrast(Valued):
    """Stretch each channel to the whole range, in training or not. See `augment.auto_contrast`.

    Args:
        value_range: What black and white are.
        data_format: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    >>> AutoContrast()(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(self, value_range: Range = (0, 255), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(value_range, data_format, None, **kwargs)

    def call(self, data: Any, training: bool = True) -> Any:
        return super().call(data, True)  # as in Keras: nothing about it is random

    def transform(self, images: Array, transformation: Any) -> Array:
        return augment.auto_contrast(images, self.value_range)

    def get_config(self) -> Config:
        configuration = super().get_config()
        del configuration["seed"]
        return configuration
