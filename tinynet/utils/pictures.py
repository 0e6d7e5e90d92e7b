"""Pictures as Tensors, shape (height, width, channels): decoded from files, resized, cropped, padded."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from .. import ops
from ..core.errors import PictureError
from ..core.extras import import_pillow
from ..core.reading import translated
from ..core.types import DTypeLike, TensorLike
from ..string_tensor import to_string_array
from ..tensor import Tensor, convert_to_tensor, to_array
from .images import open_picture

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def decode_image(contents: Any, channels: int = 0, dtype: DTypeLike = "uint8", name: str | None = None,
                 expand_animations: bool = True, max_bytes: int | None = None,
                 where: str = "io.decode_image") -> Tensor:
    """Decode a picture file (JPEG, PNG, BMP, GIF, ...). Needs the extra "image".

    Args:
        contents: The file's bytes, as `read_file` returns them.
        channels: 1, 3 or 4; 0 for as many as the file has.
        dtype: uint8 for 0..255, a floating point type for 0..1.
        name, expand_animations: Taken for TensorFlow's sake; of an animation only the first picture is decoded.
        max_bytes: The most that the pixels may take; the larger of 1 GiB and 10 times the contents if None.
        where: What messages call the picture, such as its path.

    Returns:
        Tensor, shape (height, width, channels).

    Raises:
        PictureError: a ValueError, and an OSError as Pillow's. The bytes are not a picture that can be read, or one
            that is too large.
    """
    import_pillow("io.decode_image")
    data = to_string_array(contents).item()
    with translated(where, PictureError, lambda: "this is not a picture that can be read"):
        picture = open_picture(io.BytesIO(data), len(data), where, max_bytes)
        picture.load()
        if channels == 0 and picture.mode not in ("L", "RGB", "RGBA"):
            picture = picture.convert("RGB")
        elif channels:
            picture = picture.convert(_MODES[channels])
        array = np.array(picture)
    array = array[:, :, None] if array.ndim == 2 else array
    return Tensor(array if np.dtype(dtype) == np.uint8 else (array / 255.0).astype(dtype))


def resize(images: TensorLike, size: Any, method: str = "bilinear", preserve_aspect_ratio: bool = False,
           antialias: bool = False, name: str | None = None) -> Tensor:
    """Resize pictures; bilinear results are float32, nearest ones keep their type.

    The centres of pixels are at half numbers: pixel i of the result lies at (i + 1/2) old / new - 1/2 of the old ones.

    Args:
        images: Shape (..., height, width, channels).
        size: (height, width).
        method: "bilinear" or "nearest".
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
    if method != "bilinear":
        raise ValueError(f"image.resize: method must be 'bilinear' or 'nearest', got {method!r}")
    images = images if images.dtype.kind == "f" else ops.cast(images, "float32")
    vertical = _triangles(height, new_height, antialias).astype(images.dtype)
    horizontal = _triangles(width, new_width, antialias).astype(images.dtype)
    return ops.einsum("...hwc,Hh,Ww->...HWc", images, vertical, horizontal) if images.ndim > 3 else ops.einsum(
        "hwc,Hh,Ww->HWc", images, vertical, horizontal)


def _triangles(old, new, antialias):
    """The matrix of linear interpolation from `old` to `new` pixels, edges repeated."""
    scale = old / new
    radius = max(scale, 1.0) if antialias else 1.0
    centres = (np.arange(new) + 0.5) * scale - 0.5
    if not antialias:
        centres = centres.clip(0, old - 1)
    weights = np.maximum(0, 1 - abs(np.arange(old)[None] - centres[:, None]) / radius)
    return weights / weights.sum(axis=1, keepdims=True)


def crop_to_bounding_box(image: TensorLike, offset_height: int, offset_width: int, target_height: int,
                         target_width: int) -> Tensor:
    """Cut out a part of pictures.

    Args:
        image: Shape (..., height, width, channels).
        offset_height, offset_width: Row and column where the part begins.
        target_height, target_width: Its size.

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

    >>> resize_with_crop_or_pad(np.arange(3).reshape(1, 3, 1), 3, 1).numpy().ravel().tolist()
    [0, 1, 0]
    """
    image = convert_to_tensor(image)
    height, width = image.shape[-3:-1]
    image = crop_to_bounding_box(image, max(0, height - target_height) // 2, max(0, width - target_width) // 2,
                                 min(height, target_height), min(width, target_width))
    return pad_to_bounding_box(image, max(0, target_height - height) // 2, max(0, target_width - width) // 2,
                               target_height, target_width)
