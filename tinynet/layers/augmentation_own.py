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
    """Any transform of `tinynet.augment.TRANSFORMS`, by name, with random parameters; or several, one after the other.

    One that returns images of another size ('crop', 'random_crop', 'pad', or 'transpose' of oblong ones) does so
    outside training too, with parameters in the middle of their ranges: the layers after it are made for that size.

    Args:
        transform: Its name, such as 'gamma' or 'elastic'; or a list of names, or of pairs (name, dict of parameters),
            which are applied in turn.
        probability: That an image is changed, by each of several transforms on its own.
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.
        parameters: Of the transform, by name: numbers, or ranges (low, high) to draw from for each image, both ends
            included where both are ints. What is left out is drawn from the catalogue's range.

    Shapes: images (batch, height, width, channels), or a single one; the same out unless a transform changes the
    size.

    Raises:
        TypeError: `probability` is no number; `transform` is neither a name nor a list as above; or parameters beside
            a list.
        ValueError: a transform is not known, or a parameter is outside its range; when called, images that change
            their size do not fit into a batch with those left alone.

    >>> layer = Augment("gamma", probability=0.5, power=(0.5, 2.0), seed=1)
    >>> layer(np.full((2, 4, 4, 3), 100, np.uint8), training=True).shape
    (2, 4, 4, 3)
    >>> several = Augment(["horizontal_flip", ("rotate", {"angle": (-10, 10)})], probability=0.5)
    >>> several(np.full((2, 4, 4, 3), 100, np.uint8), training=True).shape
    (2, 4, 4, 3)
    """

    def __init__(self, transform: str | list[Any], probability: float = 1.0, value_range: Range = (0, 255),
                 data_format: str | None = None, seed: SeedLike = None, **kwargs: Any) -> None:
        one = isinstance(transform, str)
        steps = [(transform, {})] if one else _named_steps(transform)
        known = {key for name, _ in steps for key in catalogue.look_up(name).parameters}
        parameters = {key: kwargs.pop(key) for key in list(kwargs) if key in known}
        if parameters and not one:
            raise TypeError(f"Augment: {sorted(parameters)} beside a list of transforms; give the parameters with the "
                            f"name they belong to: Augment([({steps[0][0]!r}, {{...}}), ...])")
        super().__init__(data_format, seed, **kwargs)
        check_probability(probability, "Augment", "probability")
        self.__dict__["_steps"] = steps = [(name, {**given, **parameters}) for name, given in steps]
        for name, given in steps:
            catalogue.check_parameters(name, given)
        self.transform_name = transform
        self.probability = probability
        self.value_range = tuple(value_range)
        self.parameters = parameters

    _steps: list[tuple[str, dict[str, Any]]]

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        drawn = [{"apply": rng.random(len(images)) < self.probability, "seed": int(rng.integers(2**63))}
                 for _ in self._steps]
        return drawn[0] if len(drawn) == 1 else {"each": drawn}

    def _augmented(self, images: Any, transformation: Any, training: bool) -> Tensor:
        if training or self.probability < 1 or self.compute_output_shape(tuple(images.shape)) == tuple(images.shape):
            return super()._augmented(images, transformation, training)
        result, restore = self._dense(images)
        for name, parameters in self._steps:
            if _output_shape(name, parameters, result.shape[1:], self._dtype) != result.shape[1:]:
                result = np.ascontiguousarray(self._in_the_middle(name, parameters, result), result.dtype)
        return record(restore(result), (images,), self._no_gradient)

    def _in_the_middle(self, name, parameters, images):
        """Images changed with the middle of each range."""
        middle = {key: (value[0] + value[1]) // 2 if all(isinstance(end, int) for end in value) else sum(value) / 2
                  for key, value in parameters.items() if isinstance(value, tuple | list)}
        parameters = {**parameters, **middle}
        if name == "random_crop":
            name = "crop"
            parameters.update({start: (size - parameters[length]) // 2 for start, size, length in zip(
                ("top", "left"), images.shape[1:3], ("height", "width"), strict=True)})
        return augment.apply(name, images, 0, self.value_range, **parameters)

    def transform(self, images: Array, transformation: Any) -> Array:
        each = transformation.get("each", [transformation])
        for (name, parameters), part in zip(self._steps, each, strict=True):
            images = self._changed(name, parameters, images, part)
        return images

    def _changed(self, name, parameters, images, transformation):
        """Images changed by one transform."""
        chosen = np.flatnonzero(transformation["apply"])
        if chosen.size == 0 and len(images):
            chosen_result = images[:0]
        else:
            chosen_result = augment.apply(name, images[chosen], transformation["seed"], self.value_range, **parameters)
        if chosen.size == len(images):
            return chosen_result
        if chosen.size and chosen_result.shape[1:] != images.shape[1:]:
            raise ValueError(
                f"Augment: {name} turns images {images.shape[1:]} into {chosen_result.shape[1:]}, so "
                "that they do not fit into a batch with those left alone; use probability=1"
            )
        result = images.copy()
        result[chosen] = chosen_result
        return result

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        shape: Any = tuple(input_shape[-3:])
        if None in shape:
            return input_shape
        first = self.data_format == "channels_first"
        shape = (*shape[1:], shape[0]) if first else shape
        for name, parameters in self._steps:
            shape = _output_shape(name, parameters, shape, self._dtype)
        return (*input_shape[:-3], *((shape[2], *shape[:2]) if first else shape))

    def get_config(self) -> Config:
        return {**super().get_config(), "transform": self.transform_name, "probability": self.probability,
                "value_range": self.value_range, **self.parameters}


def _named_steps(transforms):
    """[(name, parameters)] of a list of names and of pairs."""
    steps = [(part, {}) if isinstance(part, str) else part for part in transforms] if isinstance(
        transforms, list | tuple) else []
    if not steps or not all(isinstance(step, list | tuple) and len(step) == 2 and isinstance(step[0], str)
                            and isinstance(step[1], dict) for step in steps):
        raise TypeError("Augment: transform must be a name, or a list of names and of pairs (name, dict of parameters)"
                        f", got {transforms!r}")
    return [(name, dict(parameters)) for name, parameters in steps]


def _output_shape(name, parameters, shape, dtype):
    """The shape of one image, channels last, after a transform."""
    return augment.apply(name, np.zeros((1, *shape), dtype), 0, (0, 255), **parameters).shape[1:]


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
