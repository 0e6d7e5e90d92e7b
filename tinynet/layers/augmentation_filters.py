"""Keras's layers that sharpen, blur and erase."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import augment
from ..augment.filters import smooth
from ..augment.mixing import random_boxes
from .augmentation import factor_range
from .augmentation_color import Factored

if TYPE_CHECKING:
    from ..core.types import Array, Config, Pair, SeedLike
    from .augmentation import Factor, Range


class RandomSharpness(Factored):
    """Blur or sharpen: smooth + 2 factor (x - smooth); 0 blurs, 0.5 changes nothing, 1 sharpens.

    Args:
        factor: A pair (lower, upper) in [0, 1]; a number f is (0, f).
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> RandomSharpness(0.8, seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    bounds, symmetric = (0.0, 1.0), False

    def __init__(self, factor: Factor, value_range: Range = (0, 255), data_format: str | None = None,
                 seed: SeedLike = None, **kwargs: Any) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        return {"factor": rng.uniform(*self.factor, len(images))}

    def transform(self, images: Array, transformation: Any) -> Array:
        amount = 2 * np.asarray(transformation["factor"], images.dtype).reshape(-1, 1, 1, 1) - 1
        return np.clip(images + amount * (images - smooth(images)), *self.value_range)


class RandomGaussianBlur(Factored):
    """Blur an image, with a probability drawn from `factor`.

    Args:
        factor: f: the probability is drawn from [0, f]; or a pair (lower, upper).
        kernel_size: Side of the window, odd, or (width, height).
        sigma: Standard deviation in pixels, drawn from [0, sigma] or a pair within [0, 1], once a batch for each axis.
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> RandomGaussianBlur(1.0, kernel_size=3, seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    bounds, symmetric = (0.0, 1.0), False

    def __init__(self, factor: Factor = 1.0, kernel_size: int | Pair = 3, sigma: Factor = 1.0,
                 value_range: Range = (0, 255), data_format: str | None = None, seed: SeedLike = None,
                 **kwargs: Any) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)
        pair: Any = tuple(kernel_size) if isinstance(kernel_size, tuple | list) else (kernel_size, kernel_size)
        if len(pair) != 2 or not all(isinstance(n, int) and n > 0 and n % 2 for n in pair):
            raise ValueError(
                f"RandomGaussianBlur: kernel_size must be an odd int, or a pair (width, height), got {kernel_size!r}"
            )
        self.kernel_size = pair
        self.sigma = factor_range(sigma, "RandomGaussianBlur", "sigma", 0.0, 1.0, False)

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        return {"should_apply_blur": rng.random(len(images)) < rng.uniform(*self.factor, len(images)),
                "blur_factor": rng.uniform(*self.sigma, 2)}

    def transform(self, images: Array, transformation: Any) -> Array:
        result = images.copy()
        chosen = np.flatnonzero(transformation["should_apply_blur"])
        if chosen.size:
            across, down = map(float, transformation["blur_factor"])
            part = images[chosen]
            for sigma, size in (((0.0, across), self.kernel_size[0]), ((down, 0.0), self.kernel_size[1])):
                part = augment.gaussian_blur(part, sigma, size, "constant", self.value_range)
            result[chosen] = part
        return result

    def get_config(self) -> Config:
        return {**super().get_config(), "kernel_size": self.kernel_size, "sigma": self.sigma}


class RandomErasing(Factored):
    """Erase a rectangle inside the image, with a probability drawn from `factor`.

    Args:
        factor: f: the probability is drawn from [0, f]; or a pair (lower, upper).
        scale: Height and width are shares sqrt(u) of the image's, with u drawn for each from this pair; s is (0, s).
        fill_value: A number; None for normal noise of mean 0 and standard deviation value_range[1], kept in the range.
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> RandomErasing(1.0, seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    bounds, symmetric = (0.0, 1.0), False

    def __init__(self, factor: Factor = 1.0, scale: Factor = (0.02, 0.33), fill_value: float | None = None,
                 value_range: Range = (0, 255), seed: SeedLike = None, data_format: str | None = None,
                 **kwargs: Any) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)
        self.scale = factor_range(scale, "RandomErasing", "scale", 0.0, 1.0, False)
        self.fill_value = fill_value

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        count = len(images)
        apply = rng.random(count) < rng.uniform(*self.factor, count)
        heights, widths = np.sqrt(rng.uniform(*self.scale, (2, count)))
        fill: Any = self.fill_value
        if fill is None:
            fill = np.clip(rng.standard_normal(images.shape, np.float32) * self.value_range[1], *self.value_range)
        return {"apply_erasing": apply, "boxes": random_boxes(images.shape, heights, widths, rng), "fill_value": fill}

    def transform(self, images: Array, transformation: Any) -> Array:
        boxes = np.where(np.asarray(transformation["apply_erasing"])[:, None, None], transformation["boxes"], 0)
        fill = transformation["fill_value"]
        if np.ndim(fill) == 0:
            return augment.erase(images, boxes, fill)
        return augment.paste(images, np.asarray(fill, images.dtype), boxes)

    def get_config(self) -> Config:
        return {**super().get_config(), "scale": self.scale, "fill_value": self.fill_value}
