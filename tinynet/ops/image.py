"""Images in another size, and patches of images.

Resizing multiplies along each axis by a matrix of interpolation weights; its gradient multiplies by the transpose.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import config
from ..core.recording import constant
from ..core.types import Array, Pair, TensorLike
from ..symbolic import takes_symbolic
from ..tensor import Tensor, convert_to_tensor
from .arguments import check_choice
from .arrangement import pad
from .formulas import moved
from .joining import concatenate
from .shape import transpose
from .windows import as_padding, as_pair, window_output_size

__all__ = ["extract_patches", "resize"]


def _triangle(t):
    return np.maximum(0, 1 - np.abs(t))


def _cubic(t):
    """Keys's cubic convolution with a = -1/2."""
    t = np.abs(t)
    inner = (1.5 * t - 2.5) * t * t + 1
    outer = ((-0.5 * t + 2.5) * t - 4) * t + 2
    return np.where(t >= 2, 0, np.where(t >= 1, outer, inner))


def _lanczos(radius):
    return lambda t: np.where(np.abs(t) < radius, np.sinc(t) * np.sinc(t / radius), 0)


# name: weight of a pixel at distance t from the sampling point
KERNELS = {"bilinear": _triangle, "bicubic": _cubic, "lanczos3": _lanczos(3), "lanczos5": _lanczos(5)}
METHODS = ("nearest", *KERNELS)


def resize_weights(size: int, new_size: int, method: str, antialias: bool) -> Array:
    """The weights of interpolation along one axis. W[i, k] is the weight of pixel k in pixel i of the resized axis.

    Pixel i's centre lies at (i + 1/2) size / new_size - 1/2. With `antialias`, an axis that shrinks is averaged over
    as many more pixels.

    Args:
        size: Number of pixels along the axis.
        new_size: That number after resizing.
        method: 'nearest', or a key of `KERNELS`.
        antialias: Whether to average when shrinking.

    Returns:
        Array (float64), shape (new_size, size).

    >>> resize_weights(4, 2, "bilinear", False)
    array([[0.5, 0.5, 0. , 0. ],
           [0. , 0. , 0.5, 0.5]])
    """
    scale = size / new_size
    if method == "nearest":
        nearest = np.floor((np.arange(new_size) + 0.5) * scale).astype(int)
        return (np.minimum(nearest, size - 1)[:, None] == np.arange(size)).astype(float)
    centre = (np.arange(new_size) + 0.5) * scale - 0.5
    weights = KERNELS[method]((centre[:, None] - np.arange(size)) / (max(scale, 1) if antialias else 1))
    total = weights.sum(axis=1, keepdims=True)
    return np.where(np.abs(total) > 1e-7, weights / np.where(total == 0, 1, total), 0)


@takes_symbolic
def resize(
    images: TensorLike, size: Pair, interpolation: str = "bilinear", antialias: bool = False,
    crop_to_aspect_ratio: bool = False, pad_to_aspect_ratio: bool = False, fill_mode: str = "constant",
    fill_value: float = 0.0, data_format: str | None = None,
) -> Tensor:
    """Resize images to another height and width.

    Args:
        images: Tensor, shape (batch, height, width, channels) or (height, width, channels).
        size: (height, width) of the result.
        interpolation: 'nearest', 'bilinear', 'bicubic', 'lanczos3' or 'lanczos5'.
        antialias: When shrinking, average over all pixels that a new one covers.
        crop_to_aspect_ratio: Crop the borders first, so that nothing is distorted.
        pad_to_aspect_ratio: Add borders first, so that nothing is distorted.
        fill_mode: 'constant'.
        fill_value: What to fill the borders with.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Returns:
        Tensor of floats, shape (batch, *size, channels); whole numbers are rounded and keep their type.

    Raises:
        ValueError: another number of axes, an unknown interpolation or fill mode, or both ways to keep the ratio.

    >>> resize(np.ones((8, 8, 3), "float32"), (4, 2)).shape
    (4, 2, 3)
    """
    x, first = _channels_last("resize", images, data_format)
    check_choice("resize", "interpolation", interpolation, METHODS)
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError("resize: only one of crop_to_aspect_ratio and pad_to_aspect_ratio can be True")
    if fill_mode != "constant":
        raise ValueError(f"resize: fill_mode must be 'constant', got {fill_mode!r}")
    height, width = size
    if crop_to_aspect_ratio or pad_to_aspect_ratio:
        x = (_crop if crop_to_aspect_ratio else _pad)(x, height, width, fill_value)
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype("float32")
    rows, columns = (constant(resize_weights(n, new, interpolation, antialias).astype(dtype))
                     for n, new in zip(x.shape[-3:-1], (height, width), strict=True))

    def along_axes(a, rows, columns):
        if method_is_copy:
            return a[..., rows.argmax(1)[:, None], columns.argmax(1)[None, :], :]
        *batch, h, w, c = a.shape
        a = rows @ a.astype(dtype, copy=False).reshape(*batch, h, w * c)
        return columns @ a.reshape(*batch, len(rows), w, c)

    method_is_copy = interpolation == "nearest" and x.dtype.kind != "f"
    y = moved(x, lambda a: along_axes(a, rows, columns), lambda dy, a: along_axes(dy, rows.T, columns.T))
    if x.dtype.kind in "iu" and not method_is_copy:
        limits = np.iinfo(x.dtype)
        y = convert_to_tensor(np.clip(np.round(y.data), limits.min, limits.max).astype(x.dtype))
    return _channels_first(y) if first else y


@takes_symbolic
def extract_patches(
    images: TensorLike, size: Any, strides: Any = None, dilation_rate: Any = 1, padding: Any = "valid",
    data_format: str | None = None,
) -> Tensor:
    """The pixels in each window, as one long vector.

    patches[n, i, j, (p kw + q) C + c] = images[n, i*s + p*d, j*s + q*d, c], for a window of kh x kw pixels

    Args:
        images: Tensor, shape (batch, height, width, channels) or (height, width, channels).
        size: Side of the window in pixels, or a pair (kh, kw).
        strides: Distance between neighbouring windows, or a pair; `size` if None, so that windows lie side by side.
        dilation_rate: Distance between neighbouring pixels of the window, or a pair.
        padding: 'valid' or 'same' (with zeros).
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Returns:
        Tensor, shape (batch, rows, columns, kh * kw * channels).

    Raises:
        ValueError: another number of axes, or the window is larger than the padded image.

    >>> extract_patches(np.arange(16.0).reshape(4, 4, 1), 2).tolist()[0]
    [[0.0, 1.0, 4.0, 5.0], [2.0, 3.0, 6.0, 7.0]]
    """
    x, first = _channels_last("extract_patches", images, data_format)
    size = as_pair(size, "extract_patches", "size")
    strides = size if strides is None else as_pair(strides, "extract_patches", "strides")
    dilation = as_pair(dilation_rate, "extract_patches", "dilation_rate")
    height, width = x.shape[-3:-1]
    frame = as_padding("extract_patches", padding, (1, height, width, 1), (*size, 1, 1), strides, dilation)
    rows, columns = map(window_output_size, (height, width), size, strides, frame, dilation)
    if any(map(any, frame)):
        x = pad(x, [(0, 0)] * (x.ndim - 3) + [*frame, (0, 0)])
    # Pixel (p, q) of all patches at once: every strides-th pixel of the image, from (p, q) on.
    pixels = [x[..., top:top + (rows - 1) * strides[0] + 1:strides[0],
                left:left + (columns - 1) * strides[1] + 1:strides[1], :]
              for top in range(0, size[0] * dilation[0], dilation[0])
              for left in range(0, size[1] * dilation[1], dilation[1])]
    y = concatenate(pixels, -1)
    return _channels_first(y) if first else y


def _channels_last(operation, images, data_format):
    """Images with channels last, and whether the caller has them first."""
    x = convert_to_tensor(images)
    if x.ndim not in (3, 4):
        raise ValueError(
            f"{operation}: images must have shape (batch, height, width, channels), or that without batch. "
            f"Got {x.shape}. Add a channel axis with x[..., None]."
        )
    first = (data_format or config.image_data_format()) == "channels_first"
    return (transpose(x, (*range(x.ndim - 3), x.ndim - 2, x.ndim - 1, x.ndim - 3)) if first else x), first


def _channels_first(x):
    return transpose(x, (*range(x.ndim - 3), x.ndim - 1, x.ndim - 3, x.ndim - 2))


def _crop(x, height, width, _):
    """The largest part in the middle with the proportions of the result."""
    h, w = x.shape[-3:-1]
    new_h, new_w = min(h, max(int(w * height / width), 1)), min(w, max(int(h * width / height), 1))
    top, left = (h - new_h) // 2, (w - new_w) // 2
    return x[..., top:top + new_h, left:left + new_w, :]


def _pad(x, height, width, fill_value):
    """The image in the middle of a frame with the proportions of the result.

    Both sides are equally wide: an odd remaining pixel is dropped, as in Keras.
    """
    h, w = x.shape[-3:-1]
    new_h, new_w = max(h, int(w * height / width)), max(w, int(h * width / height))
    top, left = (new_h - h) // 2, (new_w - w) // 2
    width_of = [(0, 0)] * (x.ndim - 3) + [(top, top), (left, left), (0, 0)]
    return pad(x, width_of, constant_values=fill_value)
