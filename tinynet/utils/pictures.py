"""Pictures as Tensors, shape (height, width, channels): decoded from files, resized, cropped, padded."""

from __future__ import annotations

import io
import itertools
from typing import Any

import numpy as np

from .. import ops
from ..core.errors import PictureError
from ..core.extras import import_pillow
from ..core.reading import translated
from ..core.types import DTypeLike, TensorLike
from ..ops import image as interpolation
from ..string_tensor import to_string_array
from ..tensor import Tensor, convert_to_tensor, to_array
from .images import check_pixels, is_deep, open_picture, with_bytes


def _triangle(t):
    return np.maximum(0, 1 - t)


def _gaussian(t):
    """Standard deviation 1/2 pixel."""
    return np.exp(-2 * t * t)


def _mitchell(t):
    """The cubic kernel of Mitchell and Netravali (1988) with B = C = 1/3."""
    inner = ((7 / 6 * t - 2) * t) * t + 8 / 9
    outer = ((-7 / 18 * t + 2) * t - 10 / 3) * t + 16 / 9
    return np.where(t < 1, inner, outer)


# TensorFlow's methods beside those of Keras. name: (weight of a pixel at distance t, from which distance on it is 0)
_OTHER_KERNELS = {"gaussian": (_gaussian, 1.5), "mitchellcubic": (_mitchell, 2)}
METHODS = (*interpolation.METHODS, "area", *_OTHER_KERNELS)

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_OWN_MODES = {"1": "L", "L": "L", "I;16": "L", "LA": "LA", "RGB": "RGB", "RGBA": "RGBA", "PA": "RGBA", "La": "LA",
              "RGBa": "RGBA"}  # a picture of any other mode is decoded to RGB


def decode_image(contents: Any, channels: int = 0, dtype: DTypeLike = "uint8", name: str | None = None,
                 expand_animations: bool = True, max_bytes: int | None = None,
                 where: str = "io.decode_image") -> Tensor:
    """Decode a picture file (JPEG, PNG, BMP, GIF, ...). Needs the extra "image".

    Greys of 16 bits keep all of them as uint16 and as floating point numbers, the first 8 as uint8. Of 16-bit colours
    Pillow decodes the first 8 bits. Of an animated PNG the still picture is decoded.

    Args:
        contents: The file's bytes, as `read_file` returns them.
        channels: 1 (grey), 2 (grey, opacity), 3 (red, green, blue) or 4 (with opacity); 0 for what the file has: its
            palette's colours, and their opacity if it has one.
        dtype: uint8 for 0..255, uint16 for 0..65535, a floating point type for 0..1.
        name: Taken for TensorFlow's sake and ignored.
        expand_animations: Whether all pictures of a GIF file are decoded, with an axis for them also if there is only
            one; otherwise its first is decoded.
        max_bytes: The most that the pixels may take; the larger of 1 GiB and 10 times the contents if None.
        where: What messages call the picture, such as its path.

    Returns:
        Tensor, shape (height, width, channels); of a GIF file (pictures, height, width, channels).

    Raises:
        ValueError: another `channels` or `dtype`.
        PictureError: a ValueError, and an OSError as Pillow's. The bytes are not a picture that can be read, or one
            that is too large; or uint16 is wanted of 16-bit colours.
    """
    import_pillow("io.decode_image")
    dtype = np.dtype(dtype)
    if channels not in (0, *_MODES):
        raise ValueError(f"{where}: channels must be 0, 1, 2, 3 or 4, got {channels!r}")
    if dtype not in (np.uint8, np.uint16) and dtype.kind != "f":
        raise ValueError(f"{where}: dtype must be uint8, uint16 or a floating point type, got {dtype}")
    data = to_string_array(contents).item()
    with translated(where, PictureError, lambda: "this is not a picture that can be read"):
        picture = open_picture(io.BytesIO(data), len(data), where, max_bytes)
        if picture.format == "GIF" and expand_animations:
            frames = []
            for frame in _frames(picture):
                frames.append(_pixels(frame, channels or 3, dtype, where))
                check_pixels(len(frames) * frames[0].nbytes, len(data), f"{where}: {len(frames)} pictures'", max_bytes)
            return Tensor(np.stack(frames))
        return Tensor(_pixels(picture, channels, dtype, where))


def _frames(picture):
    """The pictures of an animation, one after the other: Pillow decodes each into the same object."""
    for number in itertools.count():
        try:
            picture.seek(number)
        except EOFError:
            return
        yield picture


def _pixels(picture, channels, dtype, where):
    """The pixels as an array of `dtype`, shape (height, width, channels)."""
    deep = is_deep(picture)
    picture.load()
    own = "RGBA" if picture.mode == "P" and "transparency" in picture.info else _OWN_MODES.get(picture.mode, "RGB")
    mode = _MODES[channels] if channels else own
    if deep and picture.mode[0] == "I" and dtype != np.uint8:  # what Pillow cannot convert
        grey = np.asarray(picture).astype(np.uint16)
        opaque = np.full_like(grey, 65535)
        array = np.stack([*[grey] * (1 if mode in ("L", "LA") else 3), *[opaque] * (mode in ("LA", "RGBA"))], -1)
        return array if dtype == np.uint16 else (array / 65535).astype(dtype)
    if deep and dtype == np.uint16:
        raise PictureError(f"{where}: the picture has 16-bit colours, of which Pillow decodes 8 bits; decode it as "
                           "uint8 or as floating point numbers")
    array = np.array(with_bytes(picture, where).convert(mode))
    array = array[:, :, None] if array.ndim == 2 else array
    if dtype == np.uint8:
        return array
    return array * np.uint16(257) if dtype == np.uint16 else (array / 255).astype(dtype)  # 255 -> 65535


def resize(images: TensorLike, size: Any, method: str = "bilinear", preserve_aspect_ratio: bool = False,
           antialias: bool = False, name: str | None = None) -> Tensor:
    """Resize pictures; bilinear results are float32, nearest ones keep their type.

    The centres of pixels are at half numbers: pixel i of the result lies at (i + 1/2) old / new - 1/2 of the old ones.

    Args:
        images: Shape (..., height, width, channels).
        size: (height, width).
        method: "bilinear", "nearest", "bicubic", "lanczos3", "lanczos5", "gaussian", "mitchellcubic" or "area": the
            mean of the old pixels that a new one covers.
        preserve_aspect_ratio: Whether to make the picture only as large as fits into `size`.
        antialias: Whether to average over the area of a new pixel when making the picture smaller.
        name: Taken for TensorFlow's sake and ignored.

    Returns:
        Tensor, shape (..., new_height, new_width, channels).

    Raises:
        ValueError: an unknown method.

    >>> resize(np.arange(4.0).reshape(2, 2, 1), (1, 1)).numpy().tolist()
    [[[1.5]]]
    """
    images = convert_to_tensor(images)
    height, width = images.shape[-3:-1]
    new_height, new_width = (int(length) for length in to_array(size))
    if preserve_aspect_ratio:
        scale = min(new_height / height, new_width / width)
        new_height, new_width = max(round(height * scale), 1), max(round(width * scale), 1)
    if method == "nearest":
        rows = (np.arange(new_height) + 0.5) * height / new_height
        columns = (np.arange(new_width) + 0.5) * width / new_width
        return ops.take(ops.take(images, rows.astype(int), axis=-3), columns.astype(int), axis=-2)
    if method not in METHODS:
        raise ValueError(f"image.resize: method must be one of {', '.join(METHODS)}, got {method!r}")
    images = images if images.dtype.kind == "f" else ops.cast(images, "float32")
    if method != "bilinear" and method in interpolation.METHODS:
        return interpolation.resize(images, (new_height, new_width), method, antialias, data_format="channels_last")
    vertical = _weights(height, new_height, method, antialias).astype(images.dtype)
    horizontal = _weights(width, new_width, method, antialias).astype(images.dtype)
    return ops.einsum("...hwc,Hh,Ww->...HWc", images, vertical, horizontal) if images.ndim > 3 else ops.einsum(
        "hwc,Hh,Ww->HWc", images, vertical, horizontal)


def _weights(old, new, method, antialias):
    """The matrix of interpolation from `old` to `new` pixels along an axis; rows add up to 1."""
    edges = np.arange(new + 1) * (old / new)  # of the new pixels, in old ones
    if method == "area":
        pixels = np.arange(old)
        weights = np.minimum(pixels + 1, edges[1:, None]) - np.maximum(pixels, edges[:-1, None])
        weights = weights.clip(0)
    else:
        kernel, radius = _OTHER_KERNELS.get(method, (_triangle, 1))
        scale = max(old / new, 1.0) if antialias else 1.0
        centres = (edges[1:] + edges[:-1]) / 2 - 0.5
        distances = (np.arange(old) - centres[:, None]) / scale
        weights = np.where(abs(distances) < radius, kernel(abs(distances)), 0)
    return weights / weights.sum(axis=1, keepdims=True)


def crop_to_bounding_box(image: TensorLike, offset_height: int, offset_width: int, target_height: int,
                         target_width: int) -> Tensor:
    """Cut out a part of pictures.

    Args:
        image: Shape (..., height, width, channels).
        offset_height, offset_width: Row and column where the part begins.
        target_height, target_width: Its size.

    Returns:
        Tensor, shape (..., target_height, target_width, channels).

    Raises:
        ValueError: the part is not inside the picture.

    >>> crop_to_bounding_box(np.arange(9).reshape(3, 3, 1), 1, 0, 1, 2).numpy().ravel().tolist()
    [3, 4]
    """
    image = convert_to_tensor(image)
    height, width = image.shape[-3:-1]
    if offset_height + target_height > height or offset_width + target_width > width or min(
            offset_height, offset_width) < 0:
        raise ValueError(f"image.crop_to_bounding_box: ({target_height}, {target_width}) at ({offset_height}, "
                         f"{offset_width}) is not inside a picture of ({height}, {width})")
    return image[..., offset_height : offset_height + target_height, offset_width : offset_width + target_width, :]


def pad_to_bounding_box(image: TensorLike, offset_height: int, offset_width: int, target_height: int,
                        target_width: int) -> Tensor:
    """Surround pictures with zeros.

    Args:
        image: Shape (..., height, width, channels).
        offset_height, offset_width: Rows above and columns left of the picture.
        target_height, target_width: Size of the result.

    Returns:
        Tensor, shape (..., target_height, target_width, channels).

    Raises:
        ValueError: the picture does not fit.

    >>> pad_to_bounding_box(np.ones((1, 1, 1)), 0, 1, 1, 3).numpy().ravel().tolist()
    [0.0, 1.0, 0.0]
    """
    image = convert_to_tensor(image)
    height, width = image.shape[-3:-1]
    below, right = target_height - offset_height - height, target_width - offset_width - width
    if min(below, right, offset_height, offset_width) < 0:
        raise ValueError(f"image.pad_to_bounding_box: a picture of ({height}, {width}) at ({offset_height}, "
                         f"{offset_width}) does not fit into ({target_height}, {target_width})")
    return ops.pad(image, [(0, 0)] * (image.ndim - 3) + [(offset_height, below), (offset_width, right), (0, 0)])


def resize_with_crop_or_pad(image: TensorLike, target_height: int, target_width: int) -> Tensor:
    """Crop the middle of pictures, or surround them with zeros, to a size.

    Args:
        image: Shape (..., height, width, channels).
        target_height, target_width: Size of the result.

    Returns:
        Tensor, shape (..., target_height, target_width, channels).

    >>> resize_with_crop_or_pad(np.arange(3).reshape(1, 3, 1), 3, 1).numpy().ravel().tolist()
    [0, 1, 0]
    """
    image = convert_to_tensor(image)
    height, width = image.shape[-3:-1]
    image = crop_to_bounding_box(image, max(0, height - target_height) // 2, max(0, width - target_width) // 2,
                                 min(height, target_height), min(width, target_width))
    return pad_to_bounding_box(image, max(0, target_height - height) // 2, max(0, target_width - width) // 2,
                               target_height, target_width)


def crop_to_aspect_ratio(image: TensorLike, height: int, width: int) -> Tensor:
    """Cut out the middle of pictures, as large as possible with the proportions of height and width.

    The part has min(h, floor(w height / width)) rows and min(w, floor(h width / height)) columns of a picture of h rows
    and w columns, at least one of each.

    Args:
        image: Shape (..., height, width, channels).
        height, width: The proportions.

    >>> crop_to_aspect_ratio(np.arange(10).reshape(2, 5, 1), 6, 6).numpy()[0].ravel().tolist()
    [1, 2]
    """
    image = convert_to_tensor(image)
    rows, columns = image.shape[-3:-1]
    kept_rows = max(min(rows, columns * height // width), 1)
    kept_columns = max(min(columns, rows * width // height), 1)
    return crop_to_bounding_box(image, (rows - kept_rows) // 2, (columns - kept_columns) // 2, kept_rows, kept_columns)


def resize_with_pad(image: TensorLike, target_height: int, target_width: int, method: str = "bilinear",
                    antialias: bool = False) -> Tensor:
    """Resize pictures to as much of a size as keeps their proportions, and surround them with zeros.

    The zeros do not mix with the picture, since it is resized first.

    Args:
        image: Shape (..., height, width, channels).
        target_height, target_width: Size of the result.
        method, antialias: As for `resize`.

    Returns:
        Tensor, shape (..., target_height, target_width, channels).

    >>> resize_with_pad(np.full((2, 4, 1), 7.0), 2, 2).numpy()[..., 0].tolist()
    [[7.0, 7.0], [0.0, 0.0]]
    """
    image = convert_to_tensor(image)
    rows, columns = image.shape[-3:-1]
    ratio = max(rows / target_height, columns / target_width)  # in TensorFlow's order of rounding
    resized = resize(image, (max(int(rows / ratio), 1), max(int(columns / ratio), 1)), method, antialias=antialias)
    above, left = (target_height - rows / ratio) / 2, (target_width - columns / ratio) / 2
    return pad_to_bounding_box(resized, max(0, int(above)), max(0, int(left)), target_height, target_width)
