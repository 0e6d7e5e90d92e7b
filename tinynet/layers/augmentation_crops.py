"""Keras's layers that move whole pixels: flips and crops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import augment, ops
from ..augment import boxes
from ..core.checks import choice, whole
from ..data.memory import empty
from .augmentation import ImageAugmentation

if TYPE_CHECKING:
    from ..core.types import Array, Config, SeedLike, Shape
    from ..tensor import Tensor


class RandomFlip(ImageAugmentation):
    """Mirror each image with probability 1/2.

    Args:
        mode: 'horizontal', 'vertical', or 'horizontal_and_vertical': both at once, as in Keras 3, or none.
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> x = np.arange(3.0).reshape(1, 1, 3, 1)
    >>> drawn = [RandomFlip("horizontal", seed=seed)(x, training=True).numpy().ravel() for seed in range(20)]
    >>> np.unique(drawn, axis=0)  # some as they were, some mirrored
    array([[0., 1., 2.],
           [2., 1., 0.]], dtype=float32)
    """

    def __init__(self, mode: str = "horizontal_and_vertical", seed: SeedLike = None, data_format: str | None = None,
                 **kwargs: Any) -> None:
        super().__init__(data_format, seed, **kwargs)
        self.mode = choice(mode, "RandomFlip", "mode", ("horizontal", "vertical", "horizontal_and_vertical"))

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        return {"flips": rng.random((len(images), 1, 1, 1)) <= 0.5, "input_shape": images.shape}

    def transform(self, images: Array, transformation: Any) -> Array:
        flips = np.asarray(transformation["flips"]).reshape(-1)
        out = empty(images.shape, images.dtype)
        boxes.flip(images, boxes.flags(flips if "horizontal" in self.mode else False, images),
                   boxes.flags(flips if "vertical" in self.mode else False, images), out)
        return out

    def get_config(self) -> Config:
        return {**super().get_config(), "mode": self.mode}


class RandomCrop(ImageAugmentation):
    """A rectangle of the images at a random position, one for the whole batch.

    Outside training it is the middle one. (Keras 3.15 leaves images uncropped there, whose shape then is not the one
    the layer promises.) Images that are too small are resized first: the largest middle part with the rectangle's
    proportions is drawn in its size.

    Args:
        height, width: Of the result, in pixels.
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, any height, any width, channels), or a single one -> (batch, height, width, channels).

    Raises:
        ValueError: `height` or `width` is no int of at least 1.

    >>> RandomCrop(4, 5, seed=1)(np.ones((2, 8, 8, 3)), training=True).shape
    (2, 4, 5, 3)
    """

    def __init__(self, height: int, width: int, seed: SeedLike = None, data_format: str | None = None,
                 name: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, seed, name=name, **kwargs)
        self.height = whole(height, "RandomCrop", "height", 1)
        self.width = whole(width, "RandomCrop", "width", 1)

    def get_random_transformation(self, data: Any, training: bool = True, seed: SeedLike = None) -> Any:
        if training:
            return super().get_random_transformation(data, training, seed)
        images, _ = self._dense(data["images"] if isinstance(data, dict) else data)
        return tuple(max(0, size - own) // 2
                     for size, own in zip(images.shape[1:3], (self.height, self.width), strict=True))

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        return tuple(int(rng.integers(max(0, size - own) + 1))
                     for size, own in zip(images.shape[1:3], (self.height, self.width), strict=True))

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Array:
        return super().transform_images(images, transformation, True)

    def _augmented(self, images: Any, transformation: Any, training: bool) -> Tensor:
        shape = images.shape[-3:-1] if self.data_format == "channels_last" else images.shape[-2:]
        if shape[0] < self.height or shape[1] < self.width:
            return super()._augmented(images, transformation, True)
        top, left = map(int, transformation)
        part = slice(top, top + self.height), slice(left, left + self.width)
        images = ops.cast(images, self._dtype)  # a slice, through which gradients flow
        return images[(..., *part, slice(None)) if self.data_format == "channels_last" else (..., *part)]

    def transform(self, images: Array, transformation: Any) -> Array:
        height, width = images.shape[1:3]
        if height >= self.height and width >= self.width:
            return augment.crop(images, int(transformation[0]), int(transformation[1]), self.height, self.width)
        part_height = max(1, min(height, int(width * self.height / self.width)))
        part_width = max(1, min(width, int(height * self.width / self.height)))
        top, left = (height - part_height) // 2, (width - part_width) // 2
        return augment.resize(augment.crop(images, top, left, part_height, part_width), self.height, self.width)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if self.data_format == "channels_last":
            return (*input_shape[:-3], self.height, self.width, input_shape[-1])
        return (*input_shape[:-2], self.height, self.width)

    def get_config(self) -> Config:
        return {**super().get_config(), "height": self.height, "width": self.width}
