"""Layers that change images at random while training: their base, and several as one.

Each layer draws the parameters of a batch in `get_random_transformation` and applies them in `transform_images`, as in
Keras, so that a draw can be looked at, and applied again:

    transformation = layer.get_random_transformation(images, training=True)
    layer.transform_images(images, transformation)

The functions that the layers call are in `tinynet.augment`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from .. import random
from ..random import SeedGenerator
from ..tape import record
from ..tensor import Tensor, to_array
from .arguments import standard_data_format
from .base import Layer
from .lookup import as_layer, serialize_inner

if TYPE_CHECKING:
    from ..core.types import Array, Config, SeedLike, Shape

Factor: TypeAlias = float | Sequence[float]  # a number, or a pair (lower, upper); see `factor_range`
Range: TypeAlias = tuple[float, float]  # what black and white are


class ImageAugmentation(Layer):
    """Base of the layers that augment images.

    Called on images, (batch, height, width, channels) or a single one, or on a dict with 'images' and perhaps 'labels',
    whose other entries pass through. Images come out in the layer's dtype. Outside training nothing happens. As in
    Keras, a direct call counts as training unless it has training=False, which `predict` and `evaluate` pass.

    No gradient flows to the images; asking for one is an error. Put these layers first in a model.

    Args:
        data_format: 'channels_last' or 'channels_first'; `image_data_format()` if None.
        seed: An int makes the draws repeat from run to run.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: when called, the input has another number of axes, or is a dict without 'images'.
        NotImplementedError: the dict has bounding boxes or masks; or a gradient is computed.

    >>> class Darker(ImageAugmentation):
    ...     def draw(self, images, rng):
    ...         return {"factor": rng.uniform(0.5, 1.0, (len(images), 1, 1, 1))}
    ...     def transform(self, images, transformation):
    ...         return images * transformation["factor"]
    >>> Darker(seed=1)(np.ones((2, 8, 8, 3)), training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(self, data_format: str | None = None, seed: SeedLike = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = standard_data_format(data_format, type(self).__name__)
        self.seed = seed
        self.generator = SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: SeedLike = None) -> Any:
        """Draw the parameters for a batch: a dict of arrays, or None where there is nothing to do.

        Args:
            data: The images (array or Tensor), or a dict with 'images'.
            training: Without training there is nothing to do.
            seed: int, SeedGenerator or None for the layer's own.
        """
        if not training:
            return None
        images, _ = self._dense(data["images"] if isinstance(data, dict) else data)
        return self.draw(images, random.generator(self.generator if seed is None else seed))

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Array:
        """Images changed by the parameters of `get_random_transformation`, as an ndarray."""
        if not training or transformation is None:
            return to_array(images)
        dense, restore = self._dense(images)
        return restore(np.ascontiguousarray(self.transform(dense, transformation), dense.dtype))

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Array:
        """Labels changed by the same parameters; only mixing does."""
        return to_array(labels)

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        """Parameters for images (batch, height, width, channels) from a NumPy Generator. Layers override it."""
        raise NotImplementedError(f"{type(self).__name__} does not define draw(self, images, rng)")

    def transform(self, images: Array, transformation: Any) -> Array:
        """The formula, on an ndarray (batch, height, width, channels). Layers override it."""
        raise NotImplementedError(f"{type(self).__name__} does not define transform(self, images, transformation)")

    def call(self, data: Any, training: bool = True) -> Any:
        if not isinstance(data, dict):
            return self._augmented(data, self.get_random_transformation(data, training), training)
        if "images" not in data:
            raise ValueError(f"{type(self).__name__}: expected images, or a dict with 'images'; got {sorted(data)}")
        for key in ("bounding_boxes", "segmentation_masks"):
            if key in data and training:
                raise NotImplementedError(
                    f"{type(self).__name__}: {key!r} cannot be transformed along with the images; tinynet's layers "
                    "change 'images' and 'labels'"
                )
        transformation = self.get_random_transformation(data, training)
        result = {**data, "images": self._augmented(data["images"], transformation, training)}
        if "labels" in data and training and transformation is not None:
            result["labels"] = Tensor.wrap(np.ascontiguousarray(
                self.transform_labels(data["labels"], transformation, training)))
        return result

    def _augmented(self, images: Any, transformation: Any, training: bool) -> Tensor:
        images = images if isinstance(images, Tensor) else Tensor(images)
        if images.data.dtype != self._dtype:
            images = Tensor.wrap(images.data.astype(self._dtype))  # whole numbers; floats were cast before
        if not training or transformation is None:
            return images
        return record(self.transform_images(images, transformation), (images,), self._no_gradient)

    def _no_gradient(self, dy: Any) -> Any:
        raise NotImplementedError(
            f"{type(self).__name__}: no gradient flows through image augmentation; put the layer before those whose "
            "weights are trained, or call it with training=False"
        )

    def _dense(self, images: Any) -> tuple[Array, Callable[[Array], Array]]:
        """Images as (batch, height, width, channels) in the layer's dtype, and the function that undoes this."""
        images = to_array(images)
        if images.ndim not in (3, 4):
            hint = "; add a channel axis with x[..., None]" if images.ndim == 2 else ""
            raise ValueError(
                f"{type(self).__name__}: expected images (batch, height, width, channels) or one image, "
                f"got shape {images.shape}{hint}"
            )
        single, first = images.ndim == 3, self.data_format == "channels_first"
        dense = images[None] if single else images
        dense = np.ascontiguousarray(dense.transpose(0, 2, 3, 1) if first else dense, self._dtype)

        def restore(result: Array) -> Array:
            result = np.ascontiguousarray(result.transpose(0, 3, 1, 2)) if first else result
            return result[0] if single else result

        return dense, restore

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> Config:
        return {**super().get_config(), "data_format": self.data_format, "seed": self.seed}


def factor_range(value: Any, owner: str, name: str = "factor", low: float = -1.0, high: float = 1.0,
                 symmetric: bool = True) -> tuple[float, float]:
    """(lower, upper) from a number or a pair; a number f means (-f, f), or (0, f) where negative ones have no meaning.

    Raises:
        ValueError: outside [low, high], or not in ascending order.
    """
    pair = value if isinstance(value, tuple | list) else None
    try:
        if pair is None:
            lower, upper = -abs(float(value)) if symmetric else max(low, 0.0), abs(float(value))
        else:
            lower, upper = map(float, pair)
    except (TypeError, ValueError):
        lower, upper = 1.0, 0.0
    if not low <= lower <= upper <= high:
        raise ValueError(
            f"{owner}: {name} must be a number or a pair (lower, upper) within [{low:g}, {high:g}], got {value!r}"
        )
    return lower, upper


class Pipeline(Layer):
    """Augmentation layers one after the other, as one layer.

    Args:
        layers: List of layers.

    Shapes: the input goes through the layers.

    Raises:
        TypeError: `layers` is no list of layers.

    >>> Pipeline([RandomFlip(seed=1), RandomZoom(0.1, seed=2)])(np.ones((2, 8, 8, 3))).shape
    (2, 8, 8, 3)
    """

    def __init__(self, layers: Any, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        if not isinstance(layers, list | tuple) or not all(isinstance(layer, Layer | dict) for layer in layers):
            raise TypeError(f"Pipeline: expected a list of layers, got {layers!r}")
        self.layers = [as_layer(layer, "Pipeline") for layer in layers]

    def call(self, data: Any, training: bool = True) -> Any:
        for layer in self.layers:
            data = layer(data, training=training)
        return data

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def get_config(self) -> Config:
        return {"name": self.name, "layers": [serialize_inner(layer) for layer in self.layers]}


def augments(layer: Any) -> bool:
    """Whether a layer augments images without a gradient: alone, or as a `Pipeline` or `Sequential` of such layers."""
    if isinstance(layer, Pipeline):
        return all(augments(part) for part in layer.layers)
    if hasattr(layer, "_layers_in_order"):  # a model
        inside = layer._layers_in_order()
        return inside is not None and all(augments(part) for part in inside)
    return isinstance(layer, ImageAugmentation) and "call" not in layer.__dict__
