"""Rectangles and pixels moved as they are: flips, erased and pasted boxes, permutations.

The loops are Cython (_images.pyx); the references below produce the same bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.types import Array


def flip_reference(images: Array, horizontal: Array, vertical: Array, out: Array) -> None:
    """Reference: out[n] = images[n], mirrored left to right where horizontal[n], upside down where vertical[n]."""
    for n in range(len(images)):
        out[n] = images[n][:: -1 if vertical[n] else 1, :: -1 if horizontal[n] else 1]


def permute_reference(images: Array, order: Array, out: Array) -> None:
    """Reference: out[n, p] = images[n, order[n, p]]; axis 1 holds the pixels of an image."""
    out[...] = np.take_along_axis(images, order[..., None], axis=1)


def fill_boxes_reference(images: Array, boxes: Array, value: float) -> None:
    """Reference: images[n][top:bottom, left:right] = value for each of boxes[n] = (top, left, bottom, right)."""
    for image, own in zip(images, np.maximum(boxes, 0), strict=True):  # the part outside the image is cut off
        for top, left, bottom, right in own:
            image[top:bottom, left:right] = value


def paste_boxes_reference(images: Array, source: Array, rows: Array, boxes: Array) -> None:
    """Reference: images[n][box] = source[rows[n]][box] for each of boxes[n]."""
    for image, row, own in zip(images, rows, np.maximum(boxes, 0), strict=True):
        for top, left, bottom, right in own:
            image[top:bottom, left:right] = source[row][top:bottom, left:right]


try:
    from ._images import fill_boxes, flip, paste_boxes, permute
except ImportError:  # no compiled module: tinynet.runtime has decided whether that is allowed
    fill_boxes, flip = fill_boxes_reference, flip_reference
    paste_boxes, permute = paste_boxes_reference, permute_reference


def per_image_boxes(boxes: Any, images: Array) -> Array:
    """Return boxes of shape (4,), (k, 4) or (batch, k, 4) as int64 (batch, k, 4)."""
    boxes = np.atleast_2d(np.asarray(boxes, np.int64))
    return np.ascontiguousarray(np.broadcast_to(boxes, (len(images), *boxes.shape[-2:])))


def flags(value: Any, images: Array) -> Array:
    """Return a bool, or one an image, as uint8 for each image.

    Raises:
        ValueError: another number of values than images.
    """
    value = np.asarray(value, bool).reshape(-1)
    if value.size == 1:
        return np.full(len(images), value[0], np.uint8)
    if value.size != len(images):
        raise ValueError(f"flip: expected a bool or one an image, got {value.size} for {len(images)} images")
    return np.ascontiguousarray(value).view(np.uint8)
