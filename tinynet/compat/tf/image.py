"""`tf.image`: pictures as tensors, shape (height, width, channels) or (batch, height, width, channels).

Whole numbers range from 0 to 255, floating point from 0 to 1, as in TensorFlow. Random draws follow `set_random_seed`,
or `seed`. `name` arguments are TensorFlow's and have no effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import ops, random
from ...core.absence import explainer
from ...core.types import SeedLike, TensorLike
from ...tensor import Tensor, convert_to_tensor, numbers_of, to_array
from ...utils import pictures
from ...utils.pictures import crop_to_bounding_box, pad_to_bounding_box, resize_with_crop_or_pad, resize_with_pad
from .colors import (
    adjust_brightness,
    adjust_contrast,
    adjust_gamma,
    adjust_hue,
    adjust_saturation,
    convert_image_dtype,
    grayscale_to_rgb,
    hsv_to_rgb,
    per_image_standardization,
    rgb_to_grayscale,
    rgb_to_hsv,
)
from .io import decode_bmp, decode_image, decode_jpeg, decode_png, encode_jpeg, encode_png
from .random import one_seed

__all__ = [
    "ResizeMethod", "adjust_brightness", "adjust_contrast", "adjust_gamma", "adjust_hue", "adjust_saturation",
    "central_crop", "convert_image_dtype", "crop_to_bounding_box", "decode_bmp", "decode_image", "decode_jpeg",
    "decode_png", "encode_jpeg", "encode_png", "extract_patches", "flip_left_right", "flip_up_down",
    "grayscale_to_rgb", "hsv_to_rgb",
    "pad_to_bounding_box", "per_image_standardization", "random_brightness", "random_contrast", "random_crop",
    "random_flip_left_right", "random_flip_up_down", "random_hue", "random_saturation", "resize",
    "resize_with_crop_or_pad", "resize_with_pad", "rgb_to_grayscale", "rgb_to_hsv", "rot90",
    "stateless_random_brightness",
    "stateless_random_contrast", "stateless_random_crop", "stateless_random_flip_left_right",
    "stateless_random_flip_up_down", "transpose",
]


class ResizeMethod:
    """Names of the ways to resize.

    >>> from tinynet import tf
    >>> tf.image.resize(np.ones((4, 4, 1)), (2, 2), ResizeMethod.AREA).shape
    (2, 2, 1)
    """

    AREA = "area"
    BICUBIC = "bicubic"
    BILINEAR = "bilinear"
    GAUSSIAN = "gaussian"
    LANCZOS3 = "lanczos3"
    LANCZOS5 = "lanczos5"
    MITCHELLCUBIC = "mitchellcubic"
    NEAREST_NEIGHBOR = "nearest"


# -- size ----------------------------------------------------------------------------------------------------------


def resize(images: TensorLike, size: Any, method: str = "bilinear", preserve_aspect_ratio: bool = False,
           antialias: bool = False, name: str | None = None) -> Tensor:
    """Resize pictures: `tinynet.utils.pictures.resize` has the arguments and errors.

    As in TensorFlow, pictures that have the size already are returned as they are, nearest pixels keep their type, and
    all else is float32.

    Args:
        images: Pictures, shape (..., height, width, channels).
        size: (height, width).
        method, preserve_aspect_ratio, antialias: As there.

    Returns:
        Tensor, shape (..., height, width, channels).

    >>> resize(np.full((2, 2, 1), 9, "uint8"), (4, 4), "area").numpy()[0, :, 0].tolist()
    [9.0, 9.0, 9.0, 9.0]
    """
    images = convert_to_tensor(images)
    resized = pictures.resize(images, size, method, preserve_aspect_ratio, antialias)
    if resized.shape == images.shape:
        return images
    return resized if method == "nearest" else ops.cast(resized, "float32")


def central_crop(image: TensorLike, central_fraction: float) -> Tensor:
    """Cut out the middle fraction of height and width.

    Args:
        image: Pictures.
        central_fraction: From above 0 to 1.

    Returns:
        Tensor of the part.

    >>> central_crop(np.zeros((8, 8, 3)), 0.5).shape
    (4, 4, 3)
    """
    image = convert_to_tensor(image)
    height, width = image.shape[-3:-1]
    top = int((height - height * central_fraction) / 2)
    left = int((width - width * central_fraction) / 2)
    return crop_to_bounding_box(image, top, left, height - 2 * top, width - 2 * left)


def random_crop(value: TensorLike, size: Any, seed: SeedLike = None, name: str | None = None) -> Tensor:
    """Cut out a part at a random position.

    Args:
        value: Tensor.
        size: Lengths of all axes; -1 keeps one.
        seed: int, for the position.

    Returns:
        Tensor, shape `size`.

    Raises:
        ValueError: the part does not fit into `value`.

    >>> random_crop(np.zeros((4, 4, 3)), (2, 2, 3), seed=0).shape
    (2, 2, 3)
    """
    value = convert_to_tensor(value)
    size = tuple(have if want == -1 else int(want) for have, want in zip(value.shape, numbers_of(size), strict=True))
    if any(want > have for have, want in zip(value.shape, size, strict=True)):
        raise ValueError(f"random_crop: {size} does not fit into {value.shape}")
    rng = random.generator(seed)
    starts = [int(rng.integers(have - want + 1)) for have, want in zip(value.shape, size, strict=True)]
    return value[tuple(slice(start, start + length) for start, length in zip(starts, size, strict=True))]


def extract_patches(images: TensorLike, sizes: Sequence[int], strides: Sequence[int], rates: Sequence[int],
                    padding: str, name: str | None = None) -> Tensor:
    """`tinynet.ops.image.extract_patches`, with lengths for all four axes.

    Args:
        images: Shape (batch, height, width, channels).
        sizes: Of a patch, [1, height, width, 1].
        strides: Between patches, likewise.
        rates: Dilation, likewise.
        padding: "VALID" or "SAME".

    Returns:
        Tensor, shape (batch, rows of patches, columns of patches, height * width * channels).

    Raises:
        ValueError: a length along the batch or the channels that is not 1.

    >>> extract_patches(np.zeros((1, 4, 4, 3)), [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "VALID").shape
    (1, 2, 2, 12)
    """
    lengths = []
    for title, four in (("sizes", sizes), ("strides", strides), ("rates", rates)):
        four = tuple(int(length) for length in four)
        if len(four) != 4 or four[0] != 1 or four[3] != 1:
            raise ValueError(f"image.extract_patches: {title} must be [1, rows, columns, 1], got {list(four)}")
        lengths.append(four[1:3])
    size, step, dilation = lengths
    return ops.image.extract_patches(images, size, step, dilation, padding.lower(), "channels_last")


# -- turning --------------------------------------------------------------------------------------------------------


def flip_left_right(image: TensorLike) -> Tensor:
    """Mirror pictures.

    Args:
        image: Pictures, shape (..., height, width, channels).

    Returns:
        Tensor, shaped like `image`.

    >>> flip_left_right(np.arange(3).reshape(1, 3, 1)).numpy().ravel().tolist()
    [2, 1, 0]
    """
    return ops.flip(convert_to_tensor(image), -2)


def flip_up_down(image: TensorLike) -> Tensor:
    """Turn pictures upside down.

    Args:
        image: Pictures, shape (..., height, width, channels).

    Returns:
        Tensor, shaped like `image`.

    >>> flip_up_down(np.arange(3).reshape(3, 1, 1)).numpy().ravel().tolist()
    [2, 1, 0]
    """
    return ops.flip(convert_to_tensor(image), -3)


def transpose(image: TensorLike, name: str | None = None) -> Tensor:
    """Exchange rows and columns.

    Args:
        image: Pictures, shape (..., height, width, channels).

    Returns:
        Tensor, shape (..., width, height, channels).

    >>> transpose(np.zeros((2, 3, 1))).shape
    (3, 2, 1)
    """
    return ops.swapaxes(convert_to_tensor(image), -3, -2)


def rot90(image: TensorLike, k: int = 1, name: str | None = None) -> Tensor:
    """Turn pictures counter-clockwise by k right angles.

    Args:
        image: Pictures, shape (..., height, width, channels).
        k: How many.

    Returns:
        Tensor, with height and width exchanged if k is odd.

    >>> rot90(np.array([[[1], [2]], [[3], [4]]])).numpy()[..., 0].tolist()
    [[2, 4], [1, 3]]
    """
    return Tensor(np.rot90(to_array(image), k, (-3, -2)))


def _random_flip(image, axis, seed):
    image = convert_to_tensor(image)
    rng = random.generator(seed)
    if image.ndim == 3:
        return ops.flip(image, axis) if rng.random() < 0.5 else image
    flipped = rng.random(len(image)) < 0.5
    return ops.where(flipped[:, None, None, None], ops.flip(image, axis), image)


def random_flip_left_right(image: TensorLike, seed: SeedLike = None) -> Tensor:
    """Mirror each picture with probability 1/2.

    Args:
        image: Pictures, shape (..., height, width, channels).
        seed: An int; the draws follow `set_seed` if None.

    Returns:
        Tensor, shaped like `image`.

    >>> x = np.arange(2).reshape(1, 2, 1)
    >>> drawn = {tuple(random_flip_left_right(x, seed).numpy().ravel().tolist()) for seed in range(20)}
    >>> sorted(drawn)  # some as they were, some mirrored
    [(0, 1), (1, 0)]
    """
    return _random_flip(image, -2, seed)


def random_flip_up_down(image: TensorLike, seed: SeedLike = None) -> Tensor:
    """Turn each picture upside down with probability 1/2.

    Args:
        image: Pictures, shape (..., height, width, channels).
        seed: An int; the draws follow `set_seed` if None.

    Returns:
        Tensor, shaped like `image`.

    >>> x = np.arange(2).reshape(2, 1, 1)
    >>> drawn = {tuple(random_flip_up_down(x, seed).numpy().ravel().tolist()) for seed in range(20)}
    >>> sorted(drawn)  # some as they were, some upside down
    [(0, 1), (1, 0)]
    """
    return _random_flip(image, -3, seed)


# -- colour, at random -----------------------------------------------------------------------------------------------


def _between(lower, upper, seed):
    if upper <= lower:
        raise ValueError(f"upper must be above lower, got {lower} and {upper}")
    return random.generator(seed).uniform(lower, upper)


def random_brightness(image: TensorLike, max_delta: float, seed: SeedLike = None) -> Tensor:
    """Call `adjust_brightness` with a number drawn from [-max_delta, max_delta), by `seed`.

    Args:
        image: Pictures.
        max_delta: The limit.
        seed: An int; the draws follow `set_seed` if None.

    Returns:
        Tensor, shaped like `image`.

    >>> y = random_brightness(np.full((2, 2, 1), 0.5), 0.25, seed=1).numpy()
    >>> bool(0.25 <= y.min() == y.max() < 0.75)
    True
    """
    return adjust_brightness(image, _between(-max_delta, max_delta, seed))


def random_contrast(image: TensorLike, lower: float, upper: float, seed: SeedLike = None) -> Tensor:
    """Call `adjust_contrast` with a factor drawn from [lower, upper), by `seed`.

    Args:
        image: Pictures.
        lower, upper: The limits.
        seed: An int; the draws follow `set_seed` if None.

    Returns:
        Tensor, shaped like `image`.

    >>> random_contrast(np.full((2, 2, 1), 0.5), 0.5, 2.0, seed=1).numpy().ravel()  # nothing to enlarge
    array([0.5, 0.5, 0.5, 0.5])
    """
    return adjust_contrast(image, _between(lower, upper, seed))


def random_saturation(image: TensorLike, lower: float, upper: float, seed: SeedLike = None) -> Tensor:
    """Call `adjust_saturation` with a factor drawn from [lower, upper), by `seed`.

    Args:
        image: Pictures, shape (..., height, width, 3).
        lower, upper: The limits.
        seed: An int; the draws follow `set_seed` if None.

    Returns:
        Tensor, shaped like `image`.

    >>> random_saturation(np.full((1, 1, 3), 0.5), 0.5, 2.0, seed=1).numpy().ravel().round(3)  # grey stays grey
    array([0.5, 0.5, 0.5])
    """
    return adjust_saturation(image, _between(lower, upper, seed))


def random_hue(image: TensorLike, max_delta: float, seed: SeedLike = None) -> Tensor:
    """Call `adjust_hue` with a number drawn from [-max_delta, max_delta), by `seed`.

    Args:
        image: Pictures, shape (..., height, width, 3).
        max_delta: The limit.
        seed: An int; the draws follow `set_seed` if None.

    Returns:
        Tensor, shaped like `image`.

    >>> random_hue(np.full((1, 1, 3), 0.5), 0.25, seed=1).numpy().ravel().round(3)  # grey has no hue
    array([0.5, 0.5, 0.5])
    """
    return adjust_hue(image, _between(-max_delta, max_delta, seed))


# -- the same, from a seed of two numbers ---------------------------------------------------------------------------


def stateless_random_flip_left_right(image: TensorLike, seed: TensorLike) -> Tensor:
    """`random_flip_left_right`, the same for the same seed (two numbers).

    Args:
        image: As for `random_flip_left_right`.
        seed: Two numbers.

    Returns:
        Tensor, shaped like `image`.

    >>> x = np.arange(2).reshape(1, 2, 1)
    >>> one, two = (stateless_random_flip_left_right(x, seed=(1, 2)).numpy() for _ in range(2))
    >>> np.array_equal(one, two)
    True
    """
    return random_flip_left_right(image, one_seed(seed))


def stateless_random_flip_up_down(image: TensorLike, seed: TensorLike) -> Tensor:
    """`random_flip_up_down`, the same for the same seed (two numbers).

    Args:
        image: As for `random_flip_up_down`.
        seed: Two numbers.

    Returns:
        Tensor, shaped like `image`.

    >>> x = np.arange(2).reshape(2, 1, 1)
    >>> one, two = (stateless_random_flip_up_down(x, seed=(1, 2)).numpy() for _ in range(2))
    >>> np.array_equal(one, two)
    True
    """
    return random_flip_up_down(image, one_seed(seed))


def stateless_random_brightness(image: TensorLike, max_delta: float, seed: TensorLike) -> Tensor:
    """`random_brightness`, the same for the same seed (two numbers).

    Args:
        image, max_delta: As for `random_brightness`.
        seed: Two numbers.

    Returns:
        Tensor, shaped like `image`.

    >>> x = np.zeros((2, 2, 1))
    >>> one, two = (stateless_random_brightness(x, 0.5, seed=(1, 2)).numpy() for _ in range(2))
    >>> np.array_equal(one, two)
    True
    """
    return random_brightness(image, max_delta, one_seed(seed))


def stateless_random_contrast(image: TensorLike, lower: float, upper: float, seed: TensorLike) -> Tensor:
    """`random_contrast`, the same for the same seed (two numbers).

    Args:
        image, lower, upper: As for `random_contrast`.
        seed: Two numbers.

    Returns:
        Tensor, shaped like `image`.

    >>> x = np.arange(4.0).reshape(2, 2, 1)
    >>> one, two = (stateless_random_contrast(x, 0.5, 2.0, seed=(1, 2)).numpy() for _ in range(2))
    >>> np.array_equal(one, two)
    True
    """
    return random_contrast(image, lower, upper, one_seed(seed))


def stateless_random_crop(value: TensorLike, size: Any, seed: TensorLike, name: str | None = None) -> Tensor:
    """`random_crop`, the same for the same seed (two numbers).

    Args:
        value, size: As for `random_crop`.
        seed: Two numbers.

    Returns:
        Tensor, shape `size`.

    >>> x = np.arange(16).reshape(4, 4, 1)
    >>> one, two = (stateless_random_crop(x, (2, 2, 1), seed=(1, 2)).numpy() for _ in range(2))
    >>> one.shape, np.array_equal(one, two)
    ((2, 2, 1), True)
    """
    return random_crop(value, size, one_seed(seed))


__getattr__ = explainer(__name__)
