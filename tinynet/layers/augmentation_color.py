"""Keras's layers that change the colours of images, and the bases of all layers that change values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import augment
from ..augment import pixel
from ..augment.batches import check_range
from ..core.checks import probability
from .augmentation import ImageAugmentation, factor_range

if TYPE_CHECKING:
    from ..core.types import Array, Config, SeedLike
    from .augmentation import Factor, Range


class Valued(ImageAugmentation):
    """Base of the layers whose formula depends on what black and white are.

    Args:
        value_range: The values of black and white, such as (0, 255).
        data_format, seed: As for `ImageAugmentation`.
    """

    def __init__(self, value_range: Range, data_format: str | None, seed: SeedLike, **kwargs: Any) -> None:
        super().__init__(data_format, seed, **kwargs)
        check_range(value_range, type(self).__name__)
        self.value_range: Any = tuple(value_range)

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        return {}

    def get_config(self) -> Config:
        return {**super().get_config(), "value_range": self.value_range}


class Factored(Valued):
    """Base of those with one `factor`, a range within `bounds`; see `factor_range` for `symmetric`."""

    bounds = (-1.0, 1.0)
    symmetric = True

    def __init__(self, factor: Factor, value_range: Range, data_format: str | None, seed: SeedLike,
                 **kwargs: Any) -> None:
        super().__init__(value_range, data_format, seed, **kwargs)
        self.factor = factor_range(factor, type(self).__name__, "factor", *self.bounds, self.symmetric)

    def get_config(self) -> Config:
        return {**super().get_config(), "factor": self.factor}


class RandomBrightness(Factored):
    """Add a random share of the range to all values of an image.

    Args:
        factor: f: between -f and f; or a pair (lower, upper); within [-1, 1].
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> RandomBrightness(0.2, seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(self, factor: Factor, value_range: Range = (0, 255), seed: SeedLike = None,
                 data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        share = rng.uniform(*self.factor, (len(images), 1, 1, 1))
        return {"rgb_delta": share * (self.value_range[1] - self.value_range[0])}

    def transform(self, images: Array, transformation: Any) -> Array:
        share = np.asarray(transformation["rgb_delta"]) / (self.value_range[1] - self.value_range[0])
        return augment.brightness(images, share.ravel(), self.value_range)


class RandomContrast(Factored):
    """Move values away from the mean of their channel, or towards it.

    Args:
        factor: A pair (lower, upper): by a factor from [1 - lower, 1 + upper]. As in Keras 3.15, a number f is (0, f).
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> RandomContrast(0.2, seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    bounds, symmetric = (0.0, 1.0), False

    def __init__(self, factor: Factor, value_range: Range = (0, 255), seed: SeedLike = None,
                 data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        return {"contrast_factor": rng.uniform(1 - self.factor[0], 1 + self.factor[1], (len(images), 1, 1, 1))}

    def transform(self, images: Array, transformation: Any) -> Array:
        return augment.contrast(images, np.asarray(transformation["contrast_factor"]).ravel(), self.value_range)


class RandomHue(Factored):
    """Turn the colours on the colour circle.

    Args:
        factor: By up to half a turn times a number drawn from (lower, upper), in a random direction; f is (0, f).
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> RandomHue(0.2, seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    bounds, symmetric = (0.0, 1.0), False

    def __init__(self, factor: Factor, value_range: Range = (0, 255), data_format: str | None = None,
                 seed: SeedLike = None, **kwargs: Any) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        amount = 0.5 * rng.uniform(*self.factor, len(images))
        return {"factor": amount * rng.choice([-1.0, 1.0], len(images))}

    def transform(self, images: Array, transformation: Any) -> Array:
        return augment.hue_saturation(images, np.asarray(transformation["factor"]), 1.0, self.value_range)


class RandomSaturation(Factored):
    """Make colours stronger or weaker: with f drawn from `factor`, saturation is multiplied by f / (1 - f).

    Args:
        factor: A pair (lower, upper) in [0, 1]: 0.5 changes nothing, 0 takes all colour away, 1 makes it as strong as
            it can be. As in Keras 3.15, a number f is (-f, f), and below 0 counts as 0.
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> RandomSaturation((0.4, 0.6), seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(self, factor: Factor, value_range: Range = (0, 255), data_format: str | None = None,
                 seed: SeedLike = None, **kwargs: Any) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        share = rng.uniform(*self.factor, len(images))
        return {"factor": share / (1 - share + 1e-7)}

    def transform(self, images: Array, transformation: Any) -> Array:
        factor = np.maximum(np.asarray(transformation["factor"]), 0)
        return augment.hue_saturation(images, 0.0, factor, self.value_range)


class RandomColorDegeneration(Factored):
    """Blend with the grey image: x + factor (gray - x); 0 changes nothing, 1 is grey, below 0 makes colours stronger.

    Args:
        factor: f: between -f and f; or a pair (lower, upper); within [-1, 1].
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> RandomColorDegeneration(0.5, seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(self, factor: Factor, value_range: Range = (0, 255), data_format: str | None = None,
                 seed: SeedLike = None, **kwargs: Any) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        return {"factor": rng.uniform(*self.factor, (len(images), 1, 1, 1))}

    def transform(self, images: Array, transformation: Any) -> Array:
        return augment.color(images, 1 - np.asarray(transformation["factor"]).ravel(), self.value_range)


class RandomGrayscale(ImageAugmentation):
    """Take the colours away from an image with probability `factor`; three channels stay.

    Args:
        factor: Probability.
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> y = RandomGrayscale(1.0)(np.array([[[[200.0, 100.0, 0.0]]]]), training=True).numpy().ravel()
    >>> bool(y[0] == y[1] == y[2])
    True
    """

    def __init__(self, factor: float = 0.5, data_format: str | None = None, seed: SeedLike = None,
                 **kwargs: Any) -> None:
        super().__init__(data_format, seed, **kwargs)
        self.factor = probability(factor, "RandomGrayscale", "factor (a probability)")

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        return rng.random((len(images), 1, 1, 1)) < self.factor

    def transform(self, images: Array, transformation: Any) -> Array:
        if images.shape[-1] != 3:
            raise ValueError(f"RandomGrayscale: needs 3 channels (red, green, blue), got shape {images.shape}")
        return np.where(np.asarray(transformation), pixel.luma(images), images)

    def get_config(self) -> Config:
        return {**super().get_config(), "factor": self.factor}


class RandomColorJitter(Valued):
    """Brightness, contrast, saturation and hue, each by a random amount, in this order.

    Args:
        value_range: What black and white are.
        brightness_factor, contrast_factor, saturation_factor, hue_factor: As for the layer of that name; None leaves it
            out.
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> RandomColorJitter(hue_factor=0.1, seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    LAYERS = {"brightness_factor": RandomBrightness, "contrast_factor": RandomContrast,
              "saturation_factor": RandomSaturation, "hue_factor": RandomHue}

    def __init__(self, value_range: Range = (0, 255), brightness_factor: Factor | None = None,
                 contrast_factor: Factor | None = None, saturation_factor: Factor | None = None,
                 hue_factor: Factor | None = None, seed: SeedLike = None, data_format: str | None = None,
                 **kwargs: Any) -> None:
        super().__init__(value_range, data_format, seed, **kwargs)
        self.brightness_factor, self.contrast_factor = brightness_factor, contrast_factor
        self.saturation_factor, self.hue_factor = saturation_factor, hue_factor
        inner = {"value_range": self.value_range, "data_format": "channels_last", "dtype": self.dtype}
        self._steps = [(name, make(getattr(self, name), name=name, **inner))
                       for name, make in self.LAYERS.items() if getattr(self, name) is not None]

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        return {name: layer.draw(images, rng) for name, layer in self._steps}

    def transform(self, images: Array, transformation: Any) -> Array:
        for name, layer in self._steps:
            images = layer.transform(images, transformation[name])
        return images

    def get_config(self) -> Config:
        return {**super().get_config(), **{name: getattr(self, name) for name in self.LAYERS}}
