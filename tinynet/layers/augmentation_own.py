"""Augmentation layers that Keras does not have: any transform by name, cutout, shuffled patches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import augment, ops
from ..augment import boxes, catalogue, patches
from ..augment.erasing import cutout_boxes
from ..core.checks import probability as check_probability
from ..core.checks import whole
from ..data.memory import copy
from ..tape import record
from ..tensor import Tensor
from .augmentation import ImageAugmentation

if TYPE_CHECKING:
    from ..core.types import Array, Config, SeedLike, Shape
    from .augmentation import Range


class Augment(ImageAugmentation):
    """Any transform of `tinynet.augment.TRANSFORMS`, by name, with random parameters.

    One that returns images of another size ('crop', 'random_crop', 'pad', or 'transpose' of oblong ones) does so
    outside training too, with parameters in the middle of their ranges: the layers after it are made for that size.

    Args:
        transform: Its name, such as 'gamma' or 'elastic'.
        probability: That an image is changed.
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.
        parameters: Of the transform, by name: numbers, or ranges (low, high) to draw from for each image, both ends
            included where both are ints. What is left out is drawn from the catalogue's range.

    Shapes: images (batch, height, width, channels), or a single one; the same out unless the transform changes the
    size.

    Raises:
        TypeError: `probability` is no number.
        ValueError: the transform is not known, or a parameter is outside its range; when called, images that change
            their size do not fit into a batch with those left alone.

    >>> layer = Augment("gamma", probability=0.5, power=(0.5, 2.0), seed=1)
    >>> layer(np.full((2, 4, 4, 3), 100, np.uint8), training=True).shape
    (2, 4, 4, 3)
    """

    def __init__(self, transform: str, probability: float = 1.0, value_range: Range = (0, 255),
                 data_format: str | None = None, seed: SeedLike = None, **kwargs: Any) -> None:
        known = catalogue.look_up(transform).parameters
        parameters = {key: kwargs.pop(key) for key in list(kwargs) if key in known}
        super().__init__(data_format, seed, **kwargs)
        check_probability(probability, "Augment", "probability")
        catalogue.check_parameters(transform, parameters)
        self.transform_name = transform
        self.probability = probability
        self.value_range = tuple(value_range)
        self.parameters = parameters

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        return {"apply": rng.random(len(images)) < self.probability, "seed": int(rng.integers(2**63))}

    def _augmented(self, images: Any, transformation: Any, training: bool) -> Tensor:
        if training or self.probability < 1 or self.compute_output_shape(tuple(images.shape)) == tuple(images.shape):
            return super()._augmented(images, transformation, training)
        dense, restore = self._dense(images)
        name = self.transform_name
        middle = {key: (value[0] + value[1]) // 2 if all(isinstance(end, int) for end in value) else sum(value) / 2
                  for key, value in self.parameters.items() if isinstance(value, tuple | list)}
        parameters = {**self.parameters, **middle}
        if name == "random_crop":
            name = "crop"
            parameters.update({start: (size - parameters[length]) // 2 for start, size, length in zip(
                ("top", "left"), dense.shape[1:3], ("height", "width"), strict=True)})
        result = augment.apply(name, dense, 0, self.value_range, **parameters)
        return record(restore(np.ascontiguousarray(result, dense.dtype)), (images,), self._no_gradient)

    def transform(self, images: Array, transformation: Any) -> Array:
        chosen = np.flatnonzero(transformation["apply"])
        if chosen.size == 0 and len(images):
            chosen_result = images[:0]
        else:
            chosen_result = augment.apply(self.transform_name, images[chosen], transformation["seed"],
                                          self.value_range, **self.parameters)
        if chosen.size == len(images):
            return chosen_result
        if chosen.size and chosen_result.shape[1:] != images.shape[1:]:
            raise ValueError(
                f"Augment: {self.transform_name} turns images {images.shape[1:]} into {chosen_result.shape[1:]}, so "
                "that they do not fit into a batch with those left alone; use probability=1"
            )
        result = images.copy()
        result[chosen] = chosen_result
        return result

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        shape: Any = tuple(input_shape[-3:])
        if None in shape:
            return input_shape
        trial = np.zeros((1, *shape), self._dtype)
        result = self.transform_images(trial, {"apply": np.ones(1, bool), "seed": 0})
        return (*input_shape[:-3], *result.shape[1:])

    def get_config(self) -> Config:
        return {**super().get_config(), "transform": self.transform_name, "probability": self.probability,
                "value_range": self.value_range, **self.parameters}


class Cutout(ImageAugmentation):
    """Erase a square about a random pixel of each image; it may overhang the border. See `augment.cutout`.

    Args:
        size: Side of the square in pixels.
        fill_value: What is put there; the paper puts 0, the mean of normalized images.
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> Cutout(4, seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(self, size: int = 16, fill_value: float = 0.0, data_format: str | None = None, seed: SeedLike = None,
                 **kwargs: Any) -> None:
        super().__init__(data_format, seed, **kwargs)
        self.size = whole(size, "Cutout", "size", 0)
        self.fill_value = fill_value

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        return {"boxes": cutout_boxes(images.shape, self.size, rng)}

    def transform(self, images: Array, transformation: Any) -> Array:
        out = copy(images)
        boxes.fill_boxes(out, boxes.per_image_boxes(transformation["boxes"], images), float(self.fill_value))
        return out

    def get_config(self) -> Config:
        return {**super().get_config(), "size": self.size, "fill_value": self.fill_value}


class PatchShuffle(ImageAugmentation):
    """Permute the pixels within small windows, of images or of feature maps; gradients flow through.

    Args:
        size: Side of the windows.
        probability: That a window is permuted.
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> PatchShuffle(2, 0.5, seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(self, size: int = 2, probability: float = 0.05, data_format: str | None = None, seed: SeedLike = None,
                 **kwargs: Any) -> None:
        super().__init__(data_format, seed, **kwargs)
        self.size = size
        self.probability = check_probability(probability, "PatchShuffle", "probability")

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        return {"order": patches.patch_order(images.shape, self.size, self.probability, rng)}

    def transform(self, images: Array, transformation: Any) -> Array:
        return patches.permuted(images, transformation["order"])

    def _augmented(self, images: Any, transformation: Any, training: bool) -> Tensor:
        if not training or transformation is None or images.ndim == 3:
            return super()._augmented(images, transformation, training)
        images = ops.cast(images, self._dtype)
        if self.data_format == "channels_last":
            return patches.patch_shuffle_maps(images, transformation["order"])
        shuffled = patches.patch_shuffle_maps(ops.transpose(images, (0, 2, 3, 1)), transformation["order"])
        return ops.transpose(shuffled, (0, 3, 1, 2))

    def get_config(self) -> Config:
        return {**super().get_config(), "size": self.size, "probability": self.probability}
