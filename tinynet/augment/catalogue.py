"""All transforms of one image by name, with the default ranges of random parameters.

`layers.Augment`, the command line and the gallery read this list.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.types import Array, SeedLike
from . import distortion, erasing, filters, geometry, histogram, noise, patches, pixel
from .batches import as_generator, check_images


@dataclass(frozen=True)
class Transform:
    """A function, the default ranges of its parameters, and whether those may be arrays, one number an image."""

    function: Callable[..., Array]
    ranges: dict = field(default_factory=dict)
    arrays: bool = False

    @property
    def parameters(self) -> dict[str, Any]:
        """The names of the function's parameters besides the image, with their defaults."""
        parameters = list(inspect.signature(self.function).parameters.values())[1:]
        return {parameter.name: parameter.default for parameter in parameters}


PIXEL = {
    "brightness": Transform(pixel.brightness, {"delta": (-0.3, 0.3)}, True),
    "contrast": Transform(pixel.contrast, {"factor": (0.5, 1.5)}, True),
    "gamma": Transform(pixel.gamma, {"power": (0.6, 1.6)}, True),
    "hue_saturation": Transform(pixel.hue_saturation, {"hue": (-0.1, 0.1), "saturation": (0.5, 1.5)}, True),
    "color": Transform(pixel.color, {"factor": (0.0, 2.0)}, True),
    "grayscale": Transform(pixel.grayscale),
    "invert": Transform(pixel.invert),
    "solarize": Transform(pixel.solarize, {"threshold": (0.3, 0.8)}, True),
    "posterize": Transform(pixel.posterize, {"bits": (2, 6)}, True),
    "equalize": Transform(histogram.equalize),
    "auto_contrast": Transform(histogram.auto_contrast),
    "clahe": Transform(histogram.clahe, {"clip_limit": (1.5, 4.0)}),
    "sharpen": Transform(filters.sharpen, {"amount": (0.2, 2.0)}, True),
    "gaussian_blur": Transform(filters.gaussian_blur, {"sigma": (0.3, 1.5)}, True),
    "median_blur": Transform(filters.median_blur),
    "motion_blur": Transform(filters.motion_blur, {"angle": (0.0, 180.0)}),
    "gaussian_noise": Transform(noise.gaussian_noise, {"stddev": (0.02, 0.15)}, True),
    "iso_noise": Transform(noise.iso_noise, {"color": (0.01, 0.05), "intensity": (0.1, 0.6)}),
    "salt_and_pepper": Transform(noise.salt_and_pepper, {"amount": (0.01, 0.08)}),
    "jpeg": Transform(noise.jpeg, {"quality": (10, 60)}),
    "channel_shuffle": Transform(pixel.channel_shuffle),
    "rgb_shift": Transform(pixel.rgb_shift, dict.fromkeys(("red", "green", "blue"), (-0.15, 0.15)), True),
    "fog": Transform(noise.fog, {"density": (0.3, 0.7)}),
    "rain": Transform(noise.rain, {"angle": (60.0, 120.0)}),
    "snow": Transform(noise.snow, {"amount": (0.01, 0.05)}),
}
SPATIAL = {
    "horizontal_flip": Transform(geometry.horizontal_flip),
    "vertical_flip": Transform(geometry.vertical_flip),
    "transpose": Transform(geometry.transpose),
    "rotate90": Transform(geometry.rotate90),
    "rotate": Transform(geometry.rotate, {"angle": (-30.0, 30.0)}, True),
    "shift": Transform(geometry.shift, {"x": (-4.0, 4.0), "y": (-4.0, 4.0)}, True),
    "scale": Transform(geometry.scale, {"factor": (0.7, 1.4)}, True),
    "shear": Transform(geometry.shear, {"x": (-0.3, 0.3), "y": (-0.3, 0.3)}, True),
    "shift_scale_rotate": Transform(
        geometry.shift_scale_rotate,
        {"x": (-3.0, 3.0), "y": (-3.0, 3.0), "factor": (0.8, 1.2), "angle": (-20.0, 20.0)}, True),
    "affine": Transform(
        geometry.affine,
        {"angle": (-20.0, 20.0), "shift_x": (-3.0, 3.0), "shift_y": (-3.0, 3.0), "shear_x": (-0.2, 0.2)}, True),
    "perspective": Transform(geometry.perspective, {"strength": (0.05, 0.2)}),
    "crop": Transform(geometry.crop),
    "random_crop": Transform(geometry.random_crop),
    "random_resized_crop": Transform(geometry.random_resized_crop),
    "pad": Transform(geometry.pad),
    "elastic": Transform(distortion.elastic, {"alpha": (1.0, 3.0)}),
    "grid_distortion": Transform(distortion.grid_distortion, {"strength": (0.2, 0.6)}),
    "grid_shuffle": Transform(distortion.grid_shuffle),
    "cutout": Transform(erasing.cutout),
    "random_erasing": Transform(erasing.random_erasing),
    "coarse_dropout": Transform(erasing.coarse_dropout),
    "patch_shuffle": Transform(patches.patch_shuffle, {"probability": (0.3, 1.0)}),
}
TRANSFORMS = {**PIXEL, **SPATIAL}


def look_up(name: str) -> Transform:
    """Return the transform of this name.

    Raises:
        ValueError: there is none.
    """
    if name not in TRANSFORMS:
        raise ValueError(f"augment: unknown transform {name!r}; known: {', '.join(TRANSFORMS)}")
    return TRANSFORMS[name]


def check_parameters(name: str, parameters: dict[str, Any]) -> None:
    """Refuse names that the transform's function does not take, and needed ones that are missing.

    Args:
        name: Of the transform.
        parameters: {name: value}.

    Raises:
        ValueError: an unknown or missing parameter.
    """
    known = look_up(name).parameters
    for key in parameters:
        if key not in known:
            raise ValueError(f"augment: {name} has no parameter {key!r}; it takes {', '.join(known) or 'none'}")
    missing = [key for key, default in known.items() if default is inspect.Parameter.empty and key not in parameters
               and key not in look_up(name).ranges]
    if missing:
        raise ValueError(f"augment: {name} needs {', '.join(missing)}")


def draw_parameters(name: str, count: int, seed: SeedLike = None, **parameters: Any) -> dict[str, Any]:
    """Return values for `count` images: a pair (low, high), or a default range, is drawn from.

    A pair of two ints yields ints, both ends included. Parameters that are pairs by nature, such as `area`, are passed
    on as they are.

    Args:
        name: Of the transform.
        count: How many images.
        seed: int, SeedGenerator, NumPy Generator, or None.
        parameters: {name: value or (low, high)}.

    Raises:
        ValueError: an unknown or missing parameter, or a range that is not in order.
    """
    check_parameters(name, parameters)
    transform, rng = look_up(name), as_generator(seed)
    drawn = {}
    for key, value in {**transform.ranges, **parameters}.items():
        natural_pair = isinstance(transform.parameters[key], tuple) or key == "value_range"
        if not isinstance(value, tuple | list) or natural_pair:
            drawn[key] = value
        elif len(value) != 2 or not value[0] <= value[1]:
            raise ValueError(f"augment: {name}: {key} must be a number or a range (low, high), got {value!r}")
        elif all(isinstance(end, int) for end in value):
            drawn[key] = rng.integers(value[0], value[1] + 1, count)
        else:
            drawn[key] = rng.uniform(value[0], value[1], count)
    return drawn


def apply(name: str, image: Any, seed: SeedLike = None, value_range: Sequence[float] = (0, 255),
          **parameters: Any) -> Array:
    """Transform an image, or each image of a batch with its own draw of the parameters.

    Args:
        name: A key of `TRANSFORMS`.
        image: Shape (height, width, channels) or (batch, height, width, channels).
        seed: int, SeedGenerator, NumPy Generator, or None.
        value_range: The values of black and white in float images; (0, 255) for uint8.
        parameters: Of the transform: numbers, or ranges (low, high) to draw from; the catalogue's ranges by default.

    Returns:
        Array of the image's type.

    Raises:
        ValueError: an unknown transform or parameter.

    >>> apply("rotate90", np.arange(4.0).reshape(2, 2, 1))[..., 0]
    array([[1., 3.],
           [0., 2.]])
    """
    image, transform, rng = check_images(image, name), look_up(name), as_generator(seed)
    batch = image if image.ndim == 4 else image[None]
    drawn = draw_parameters(name, len(batch), rng, **parameters)
    if "value_range" in transform.parameters:
        drawn["value_range"] = value_range
    if "seed" in transform.parameters:
        drawn["seed"] = rng
    varying = [key for key, value in drawn.items() if isinstance(value, np.ndarray)]
    if transform.arrays or not varying:
        result = transform.function(batch, **drawn)
    else:
        each = [transform.function(one, **{**drawn, **{key: drawn[key][n].item() for key in varying}})
                for n, one in enumerate(batch)]
        result = np.stack(each) if each else batch.copy()
    return result if image.ndim == 4 else result[0]
