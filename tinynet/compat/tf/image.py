"""`tf.image`: pictures as tensors, shape (height, width, channels) or (batch, height, width, channels).

Whole numbers run from 0 to 255, floating point from 0 to 1, as in TensorFlow. What is random follows
`set_random_seed`, or `seed`.
"""

import numpy as np

from ... import ops, random
from ...core.absence import explainer
from ...tensor import Tensor, convert_to_tensor, to_array
from ...utils.pictures import crop_to_bounding_box, pad_to_bounding_box, resize, resize_with_crop_or_pad
from .io import decode_bmp, decode_image, decode_jpeg, decode_png, encode_jpeg, encode_png
from .random import one_seed

__all__ = [
    "ResizeMethod", "adjust_brightness", "adjust_contrast", "adjust_gamma", "adjust_hue", "adjust_saturation",
    "central_crop", "convert_image_dtype", "crop_to_bounding_box", "decode_bmp", "decode_image", "decode_jpeg",
    "decode_png", "encode_jpeg", "encode_png", "extract_patches", "flip_left_right", "flip_up_down",
    "grayscale_to_rgb", "hsv_to_rgb",
    "pad_to_bounding_box", "per_image_standardization", "random_brightness", "random_contrast", "random_crop",
    "random_flip_left_right", "random_flip_up_down", "random_hue", "random_saturation", "resize",
    "resize_with_crop_or_pad", "rgb_to_grayscale", "rgb_to_hsv", "rot90", "stateless_random_brightness",
    "stateless_random_contrast", "stateless_random_crop", "stateless_random_flip_left_right",
    "stateless_random_flip_up_down", "transpose",
]


class ResizeMethod:
    """Names of the ways to resize."""

    BILINEAR = "bilinear"
    NEAREST_NEIGHBOR = "nearest"


# -- size ----------------------------------------------------------------------------------------------------------


def central_crop(image, central_fraction):
    """The middle fraction of height and width."""
    image = convert_to_tensor(image)
    height, width = image.shape[-3:-1]
    top = int((height - height * central_fraction) / 2)
    left = int((width - width * central_fraction) / 2)
    return crop_to_bounding_box(image, top, left, height - 2 * top, width - 2 * left)


def random_crop(value, size, seed=None, name=None):
    """A part of this size (all axes) from a random place."""
    value = convert_to_tensor(value)
    size = tuple(have if want == -1 else int(want) for have, want in zip(value.shape, to_array(size), strict=True))
    if any(want > have for have, want in zip(value.shape, size, strict=True)):
        raise ValueError(f"random_crop: {size} does not fit into {value.shape}")
    rng = random.generator(seed)
    starts = [int(rng.integers(have - want + 1)) for have, want in zip(value.shape, size, strict=True)]
    return value[tuple(slice(start, start + length) for start, length in zip(starts, size, strict=True))]


def extract_patches(images, sizes, strides, rates=(1, 1, 1, 1), padding="VALID", name=None):
    """`tinynet.ops.image.extract_patches`, with lengths for all four axes: sizes=[1, height, width, 1]."""
    lengths = []
    for title, four in (("sizes", sizes), ("strides", strides), ("rates", rates)):
        four = tuple(int(length) for length in four)
        if len(four) != 4 or four[0] != 1 or four[3] != 1:
            raise ValueError(f"image.extract_patches: {title} must be [1, rows, columns, 1], got {list(four)}")
        lengths.append(four[1:3])
    return ops.image.extract_patches(images, *lengths, padding.lower(), "channels_last")


# -- turning --------------------------------------------------------------------------------------------------------


def flip_left_right(image):
    """The mirror image."""
    return ops.flip(convert_to_tensor(image), -2)


def flip_up_down(image):
    """Upside down."""
    return ops.flip(convert_to_tensor(image), -3)


def transpose(image, name=None):
    """Rows become columns."""
    return ops.swapaxes(convert_to_tensor(image), -3, -2)


def rot90(image, k=1, name=None):
    """Turned counter-clockwise by k right angles."""
    return Tensor(np.rot90(to_array(image), k, (-3, -2)))


def _random_flip(image, axis, seed):
    image = convert_to_tensor(image)
    rng = random.generator(seed)
    if image.ndim == 3:
        return ops.flip(image, axis) if rng.random() < 0.5 else image
    flipped = rng.random(len(image)) < 0.5
    return ops.where(flipped[:, None, None, None], ops.flip(image, axis), image)


def random_flip_left_right(image, seed=None):
    """Each picture mirrored with probability 1/2."""
    return _random_flip(image, -2, seed)


def random_flip_up_down(image, seed=None):
    """Each picture upside down with probability 1/2."""
    return _random_flip(image, -3, seed)


# -- colour ---------------------------------------------------------------------------------------------------------


def convert_image_dtype(image, dtype, saturate=False, name=None):
    """Another element type, with the range that goes with it: uint8 0..255, floating point 0..1."""
    image, dtype = convert_to_tensor(image), np.dtype(dtype)
    if image.dtype == dtype:
        return image
    if image.dtype.kind in "iu" and dtype.kind == "f":
        return ops.cast(image, dtype) * (1 / np.iinfo(image.dtype).max)
    if image.dtype.kind == "f" and dtype.kind in "iu":
        scaled = to_array(image).astype(np.float64) * (np.iinfo(dtype).max + 0.5)
        limits = np.iinfo(dtype)
        return Tensor((scaled.clip(limits.min, limits.max) if saturate else scaled).astype(dtype))
    return ops.cast(image, dtype)


def _in_floats(image, change):
    """`change` of a picture in 0..1, and back to its type."""
    image = convert_to_tensor(image)
    changed = change(convert_image_dtype(image, "float32") if image.dtype.kind != "f" else image)
    return convert_image_dtype(changed, image.dtype, saturate=True)


def rgb_to_grayscale(images, name=None):
    """One channel: 0.2989 red + 0.587 green + 0.114 blue."""
    return _in_floats(images, lambda x: ops.sum(x * np.array([0.2989, 0.5870, 0.1140], x.dtype), -1, keepdims=True))


def grayscale_to_rgb(images, name=None):
    """The one channel three times."""
    return ops.repeat(convert_to_tensor(images), 3, axis=-1)


def adjust_brightness(image, delta):
    """x + delta, in the range 0..1."""
    return _in_floats(image, lambda x: x + float(delta))


def adjust_contrast(images, contrast_factor):
    """(x - m) contrast_factor + m, with m the mean of each channel of each picture."""
    def change(x):
        mean = ops.mean(x, axis=(-3, -2), keepdims=True)
        return (x - mean) * float(contrast_factor) + mean

    return _in_floats(images, change)


def adjust_gamma(image, gamma=1, gain=1):
    """gain x^gamma, in the range 0..1."""
    return _in_floats(image, lambda x: gain * x**gamma)


def adjust_saturation(image, saturation_factor, name=None):
    """The saturation times a factor."""
    def change(x):
        hue, saturation, value = np.moveaxis(to_array(rgb_to_hsv(x)), -1, 0)
        return hsv_to_rgb(np.stack([hue, (saturation * float(saturation_factor)).clip(0, 1), value], -1))

    return _in_floats(image, change)


def adjust_hue(image, delta, name=None):
    """The hue, a circle of length 1, turned by delta."""
    def change(x):
        hue, saturation, value = np.moveaxis(to_array(rgb_to_hsv(x)), -1, 0)
        return hsv_to_rgb(np.stack([(hue + float(delta)) % 1, saturation, value], -1))

    return _in_floats(image, change)


def rgb_to_hsv(images, name=None):
    """Hue, saturation and value, each 0..1, of floating-point pictures."""
    x = to_array(images)
    red, green, blue = np.moveaxis(x, -1, 0)
    value = x.max(-1)
    spread = value - x.min(-1)
    divisor = np.where(spread > 0, spread, 1)
    hue = np.where(value == red, (green - blue) / divisor % 6,
                   np.where(value == green, (blue - red) / divisor + 2, (red - green) / divisor + 4)) / 6
    saturation = np.where(value > 0, spread / np.where(value > 0, value, 1), 0)
    return Tensor(np.stack([np.where(spread > 0, hue, 0), saturation, value], -1).astype(x.dtype))


def hsv_to_rgb(images, name=None):
    """The inverse of `rgb_to_hsv`."""
    x = to_array(images)
    hue, saturation, value = np.moveaxis(x, -1, 0)
    channels = []
    for offset in (5, 3, 1):
        place = (offset + hue * 6) % 6
        channels.append(value - value * saturation * np.minimum(place, 4 - place).clip(0, 1))
    return Tensor(np.stack(channels, -1).astype(x.dtype))


def per_image_standardization(image):
    """(x - mean) / max(standard deviation, 1 / sqrt(pixels)), for each picture."""
    x = ops.cast(convert_to_tensor(image), "float32")
    axes = (-3, -2, -1)
    least = 1 / np.sqrt(np.prod(x.shape[-3:]))
    return (x - ops.mean(x, axes, keepdims=True)) / ops.maximum(ops.std(x, axes, keepdims=True), float(least))


def _between(lower, upper, seed):
    if upper <= lower:
        raise ValueError(f"upper must be above lower, got {lower} and {upper}")
    return random.generator(seed).uniform(lower, upper)


def random_brightness(image, max_delta, seed=None):
    """`adjust_brightness` by something in [-max_delta, max_delta)."""
    return adjust_brightness(image, _between(-max_delta, max_delta, seed))


def random_contrast(image, lower, upper, seed=None):
    """`adjust_contrast` by a factor in [lower, upper)."""
    return adjust_contrast(image, _between(lower, upper, seed))


def random_saturation(image, lower, upper, seed=None):
    """`adjust_saturation` by a factor in [lower, upper)."""
    return adjust_saturation(image, _between(lower, upper, seed))


def random_hue(image, max_delta, seed=None):
    """`adjust_hue` by something in [-max_delta, max_delta)."""
    return adjust_hue(image, _between(-max_delta, max_delta, seed))


# -- the same, from a seed of two numbers ---------------------------------------------------------------------------


def stateless_random_flip_left_right(image, seed):
    """`random_flip_left_right`, the same for the same seed (two numbers)."""
    return random_flip_left_right(image, one_seed(seed))


def stateless_random_flip_up_down(image, seed):
    """`random_flip_up_down`, the same for the same seed (two numbers)."""
    return random_flip_up_down(image, one_seed(seed))


def stateless_random_brightness(image, max_delta, seed):
    """`random_brightness`, the same for the same seed (two numbers)."""
    return random_brightness(image, max_delta, one_seed(seed))


def stateless_random_contrast(image, lower, upper, seed):
    """`random_contrast`, the same for the same seed (two numbers)."""
    return random_contrast(image, lower, upper, one_seed(seed))


def stateless_random_crop(value, size, seed, name=None):
    """`random_crop`, the same for the same seed (two numbers)."""
    return random_crop(value, size, one_seed(seed))


__getattr__ = explainer(__name__)
