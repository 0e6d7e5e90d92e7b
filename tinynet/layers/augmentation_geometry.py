"""Keras's layers that sample between pixels: rotations, shifts, zooms, shears, perspective, elastic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import augment
from ..augment import distortion, geometry
from ..augment.sampling import check_sampling, warped
from ..core.checks import probability as check_probability
from .augmentation import ImageAugmentation, factor_range

if TYPE_CHECKING:
    from ..core.types import Array, Config, SeedLike
    from .augmentation import Factor, Range


class _Sampled(ImageAugmentation):
    """What the layers that sample between pixels share: how, and what lies outside the image."""

    def __init__(self, fill_mode: str, interpolation: str, fill_value: float, data_format: str | None, seed: SeedLike,
                 **kwargs: Any) -> None:
        super().__init__(data_format, seed, **kwargs)
        check_sampling(fill_mode, interpolation, type(self).__name__)
        self.fill_mode = fill_mode
        self.interpolation = interpolation
        self.fill_value = fill_value

    def sampled(self, images: Any, transforms: Array) -> Array:
        return warped(images, transforms, self.fill_mode, self.interpolation, self.fill_value)

    def get_config(self) -> Config:
        return {**super().get_config(), "fill_mode": self.fill_mode, "interpolation": self.interpolation,
                "fill_value": self.fill_value}


class RandomRotation(_Sampled):
    """Turn each image by a random angle about its middle, counter-clockwise for positive ones.

    Args:
        factor: Share of a full turn: f means between -f and f, a pair (lower, upper) between these.
        fill_mode: 'reflect', 'wrap', 'constant' or 'nearest'.
        interpolation: 'bilinear' or 'nearest'.
        fill_value: For fill_mode 'constant'.
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> RandomRotation(0.1, seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(self, factor: Factor, fill_mode: str = "reflect", interpolation: str = "bilinear",
                 seed: SeedLike = None, fill_value: float = 0.0, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(fill_mode, interpolation, fill_value, data_format, seed, **kwargs)
        self.factor = factor_range(factor, "RandomRotation")

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        angle = rng.uniform(*self.factor, len(images)) * 360
        return {"angle": angle, "rotation_matrix": geometry.rotation_matrix(images.shape[1:3], angle)}

    def transform(self, images: Array, transformation: Any) -> Array:
        return self.sampled(images, transformation["rotation_matrix"])

    def get_config(self) -> Config:
        return {**super().get_config(), "factor": self.factor}


class RandomTranslation(_Sampled):
    """Move each image by a random share of its height and width.

    Args:
        height_factor: Share of the height, positive is down: f means between -f and f, or a pair (lower, upper).
        width_factor: The same for the width, positive is to the right.
        fill_mode, interpolation, fill_value, data_format, seed: As for `RandomRotation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> RandomTranslation(0.1, 0.1, seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(self, height_factor: Factor, width_factor: Factor, fill_mode: str = "reflect",
                 interpolation: str = "bilinear", seed: SeedLike = None, fill_value: float = 0.0,
                 data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(fill_mode, interpolation, fill_value, data_format, seed, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._height = factor_range(height_factor, "RandomTranslation", "height_factor")
        self._width = factor_range(width_factor, "RandomTranslation", "width_factor")

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        x = rng.uniform(*self._width, len(images)) * images.shape[2]
        y = rng.uniform(*self._height, len(images)) * images.shape[1]
        return {"translations": np.stack([x, y], axis=-1), "input_shape": images.shape}

    def transform(self, images: Array, transformation: Any) -> Array:
        # Millionths of a pixel are left out: then a whole row has the same weights, which `warp` makes use of.
        x, y = np.rint(np.asarray(transformation["translations"], np.float64).T * 2**20) / 2**20
        transforms = np.zeros((len(images), 8))
        transforms[:, [0, 4]], transforms[:, 2], transforms[:, 5] = 1, -x, -y
        return self.sampled(images, transforms)

    def get_config(self) -> Config:
        return {**super().get_config(), "height_factor": self.height_factor, "width_factor": self.width_factor}


class RandomZoom(_Sampled):
    """Zoom each image by a random factor about its middle; the size stays.

    Args:
        height_factor: f means between -f and f, or a pair (lower, upper); 0.2 shows 20 % more of the height (zooming
            out), -0.2 shows 20 % less.
        width_factor: The same for the width; the proportions stay if None.
        fill_mode, interpolation, fill_value, data_format, seed: As for `RandomRotation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> RandomZoom(0.2, seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(self, height_factor: Factor, width_factor: Factor | None = None, fill_mode: str = "reflect",
                 interpolation: str = "bilinear", seed: SeedLike = None, fill_value: float = 0.0,
                 data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(fill_mode, interpolation, fill_value, data_format, seed, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._height = factor_range(height_factor, "RandomZoom", "height_factor")
        self._width = None if width_factor is None else factor_range(width_factor, "RandomZoom", "width_factor")

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        height = 1 + rng.uniform(*self._height, (len(images), 1))
        width = height if self._width is None else 1 + rng.uniform(*self._width, (len(images), 1))
        return {"height_zoom": height, "width_zoom": width, "input_shape": images.shape}

    def transform(self, images: Array, transformation: Any) -> Array:
        y, x = (np.asarray(transformation[key], np.float64).reshape(-1) for key in ("height_zoom", "width_zoom"))
        zero = np.zeros_like(x)
        middle_x, middle_y = (images.shape[2] - 1) / 2, (images.shape[1] - 1) / 2
        return self.sampled(images, np.stack(
            [x, zero, (1 - x) * middle_x, zero, y, (1 - y) * middle_y, zero, zero], axis=-1))

    def get_config(self) -> Config:
        return {**super().get_config(), "height_factor": self.height_factor, "width_factor": self.width_factor}


class RandomShear(_Sampled):
    """Shear each image by a random amount, from its upper left corner.

    Args:
        x_factor: Pixels a row is moved by, per row from the top: f means between -f and f; a pair (lower, upper) gives
            the amount, in a random one of the two directions.
        y_factor: The same for columns.
        interpolation, fill_mode, fill_value, data_format, seed: As for `RandomRotation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> RandomShear(0.2, 0.1, seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(self, x_factor: Factor = 0.0, y_factor: Factor = 0.0, interpolation: str = "bilinear",
                 fill_mode: str = "reflect", fill_value: float = 0.0, data_format: str | None = None,
                 seed: SeedLike = None, **kwargs: Any) -> None:
        super().__init__(fill_mode, interpolation, fill_value, data_format, seed, **kwargs)
        self.x_factor = factor_range(x_factor, "RandomShear", "x_factor")
        self.y_factor = factor_range(y_factor, "RandomShear", "y_factor")

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        amounts = [rng.uniform(*self.x_factor, len(images)), rng.uniform(*self.y_factor, len(images))]
        directions = rng.choice([-1.0, 1.0], (len(images), 2))
        return {"shear_factor": np.stack(amounts, axis=-1) * directions, "input_shape": images.shape}

    def transform(self, images: Array, transformation: Any) -> Array:
        x, y = np.asarray(transformation["shear_factor"], np.float64).T
        zero, one = np.zeros_like(x), np.ones_like(x)
        return self.sampled(images, np.stack([one, x, zero, y, one, zero, zero, zero], axis=-1))

    def get_config(self) -> Config:
        factors = {"x_factor": self.x_factor, "y_factor": self.y_factor}
        # Keras's class takes no negative numbers: a symmetric range goes into files as one number.
        return {**super().get_config(), **{name: upper if lower == -upper else (lower, upper)
                                           for name, (lower, upper) in factors.items()}}


class RandomPerspective(_Sampled):
    """Draw images as if viewed from the side: three corners are moved, and the image is stretched between them.

    Args:
        factor: f: each image is changed with a probability drawn from [0, f]; or a pair (lower, upper).
        scale: How far corners move: up to scale/2 of the image's sides.
        interpolation: 'bilinear' or 'nearest'.
        fill_value: What lies outside the image.
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> RandomPerspective(1.0, 0.3, seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(self, factor: Factor = 1.0, scale: float = 1.0, interpolation: str = "bilinear",
                 fill_value: float = 0.0, seed: SeedLike = None, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__("constant", interpolation, fill_value, data_format, seed, **kwargs)
        self.factor = factor_range(factor, "RandomPerspective", low=0.0, symmetric=False)
        self.scale = check_probability(scale, "RandomPerspective", "scale")

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        count, (height, width) = len(images), images.shape[1:3]
        right, bottom = width - 1.0, height - 1.0
        start = np.array([[0, 0], [right, 0], [0, bottom], [right, bottom]])  # (x, y)
        end = np.tile(start, (count, 1, 1))
        # The upper left corner stays; those beside it move along their edge.
        moves = rng.uniform(-self.scale / 2, self.scale / 2, (count, 4)) * [right, bottom, right, bottom]
        end[:, 1, 0] += moves[:, 0]
        end[:, 2, 1] += moves[:, 1]
        end[:, 3] += moves[:, 2:]
        return {"apply_perspective": rng.random(count) < rng.uniform(*self.factor, count),
                "start_points": np.tile(start, (count, 1, 1)), "end_points": end, "input_shape": images.shape}

    def transform(self, images: Array, transformation: Any) -> Array:
        result = images.copy()
        chosen = np.flatnonzero(transformation["apply_perspective"])
        if chosen.size:
            start, end = (np.asarray(transformation[key])[chosen] for key in ("start_points", "end_points"))
            result[chosen] = self.sampled(images[chosen], geometry.perspective_matrix(start, end))
        return result

    def get_config(self) -> Config:
        configuration = {**super().get_config(), "factor": self.factor, "scale": self.scale}
        del configuration["fill_mode"]
        return configuration


class RandomElasticTransform(_Sampled):
    """Displace pixels by a smooth random field (Simard et al. 2003).

    With the distortion s drawn from `scale`, the field is normal noise, blurred by sigma = 0.05 s pixels per pixel of
    the shorter side, times sigma and times 0.1 s pixels per pixel of the longer side.

    Args:
        factor: f: each image is changed with a probability drawn from [0, f]; or a pair (lower, upper).
        scale: s is drawn from [0, scale], or from a pair (lower, upper); one draw a batch.
        interpolation, fill_mode, fill_value, data_format, seed: As for `RandomRotation`.
        value_range: Accepted for Keras's signature; no value is changed.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> RandomElasticTransform(1.0, 0.5, seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(self, factor: Factor = 1.0, scale: Factor = 1.0, interpolation: str = "bilinear",
                 fill_mode: str = "reflect", fill_value: float = 0.0, value_range: Range = (0, 255),
                 seed: SeedLike = None, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(fill_mode, interpolation, fill_value, data_format, seed, **kwargs)
        self.factor = factor_range(factor, "RandomElasticTransform", low=0.0, symmetric=False)
        self.scale = factor_range(scale, "RandomElasticTransform", "scale", low=0.0, symmetric=False)
        self.value_range = tuple(value_range)

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        apply = rng.random(len(images)) < rng.uniform(*self.factor, len(images))
        return {"apply_transform": apply, "distortion_factor": rng.uniform(*self.scale),
                "seed": int(rng.integers(2**63))}

    def transform(self, images: Array, transformation: Any) -> Array:
        chosen = np.flatnonzero(transformation["apply_transform"])
        distortion_factor = float(transformation["distortion_factor"])
        if chosen.size == 0 or distortion_factor == 0:
            return images
        sides = images.shape[1:3]
        sigma = 0.05 * distortion_factor * min(sides)
        alpha = 0.1 * distortion_factor * max(sides) * sigma * distortion.blur_gain(sigma)
        result = images.copy()
        result[chosen] = augment.elastic(images[chosen], alpha, sigma, transformation["seed"], self.fill_mode,
                                         self.interpolation, self.fill_value)
        return result

    def get_config(self) -> Config:
        return {**super().get_config(), "factor": self.factor, "scale": self.scale, "value_range": self.value_range}
