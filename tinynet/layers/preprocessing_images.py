"""Layers that bring images to one size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import ops
from ..core.checks import positive_int
from ..ops import image
from .arguments import standard_data_format
from .base import Layer
from .pooling import check_rank

if TYPE_CHECKING:
    from ..core.types import Config, Shape
    from ..tensor import Tensor


class _Images(Layer):
    """What works on (batch, height, width, channels) and on single images."""

    data_format: str
    height: int
    width: int

    def _sizes(self, shape: Shape) -> tuple[int, Any, Any]:
        """The axis of the height, the height, and the width."""
        if len(shape) == 3:
            check_rank(self, shape, 3, "(height, width, channels)")
        else:
            check_rank(self, shape, 4, "(batch, height, width, channels)")
        axis = len(shape) - (3 if self.data_format == "channels_last" else 2)
        return axis, shape[axis], shape[axis + 1]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        axis, _, _ = self._sizes(input_shape)
        return (*input_shape[:axis], self.height, self.width, *input_shape[axis + 2:])


class Resizing(_Images):
    """Images of another height and width; `tinynet.ops.image.resize` has the interpolations.

    Args:
        height, width: Of the output, in pixels.
        interpolation: 'bilinear', 'nearest', 'bicubic', 'lanczos3' or 'lanczos5'.
        crop_to_aspect_ratio: Cut the borders off first, so that nothing is distorted.
        pad_to_aspect_ratio: Fill borders in first, with `fill_value`.
        fill_mode: 'constant'.
        fill_value: Of the borders.
        antialias: When shrinking, average over all pixels that a new one covers.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Shapes: (batch, any height, any width, channels) -> (batch, height, width, channels); or without the batch.

    Raises:
        TypeError: `height` or `width` is no int.
        ValueError: it is below 1, or `interpolation` is none of these.

    >>> Resizing(4, 5)(np.ones((1, 8, 10, 3))).shape
    (1, 4, 5, 3)
    """

    def __init__(self, height: int, width: int, interpolation: str = "bilinear", crop_to_aspect_ratio: bool = False,
                 pad_to_aspect_ratio: bool = False, fill_mode: str = "constant", fill_value: float = 0.0,
                 antialias: bool = False, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.height = positive_int(height, "Resizing", "height")
        self.width = positive_int(width, "Resizing", "width")
        if interpolation not in image.METHODS:
            hint = "; use antialias=True with 'bilinear' to average areas" if interpolation == "area" else ""
            raise ValueError(f"Resizing: interpolation must be one of {', '.join(image.METHODS)}, got "
                             f"{interpolation!r}{hint}")
        self.interpolation = interpolation
        self.crop_to_aspect_ratio = crop_to_aspect_ratio
        self.pad_to_aspect_ratio = pad_to_aspect_ratio
        self.fill_mode = fill_mode
        self.fill_value = fill_value
        self.antialias = antialias
        self.data_format = standard_data_format(data_format, "Resizing")

    def call(self, x: Tensor) -> Tensor:
        self._sizes(x.shape)
        return image.resize(ops.cast(x, self.dtype), (self.height, self.width), self.interpolation, self.antialias,
                            self.crop_to_aspect_ratio, self.pad_to_aspect_ratio, self.fill_mode, self.fill_value,
                            self.data_format)

    def get_config(self) -> Config:
        return {
            **super().get_config(), "height": self.height, "width": self.width, "interpolation": self.interpolation,
            "crop_to_aspect_ratio": self.crop_to_aspect_ratio, "pad_to_aspect_ratio": self.pad_to_aspect_ratio,
            "fill_mode": self.fill_mode, "fill_value": self.fill_value, "antialias": self.antialias,
            "data_format": self.data_format,
        }


class CenterCrop(_Images):
    """The middle of each image; images that are too small are cut to the proportions and resized.

    Args:
        height, width: Of the output, in pixels.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Shapes: (batch, any height, any width, channels) -> (batch, height, width, channels); or without the batch.

    Raises:
        TypeError: `height` or `width` is no int.
        ValueError: it is below 1.

    >>> CenterCrop(1, 2)(np.arange(12.0).reshape(1, 3, 4, 1)).numpy().ravel()
    array([5., 6.], dtype=float32)
    """

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.height = positive_int(height, "CenterCrop", "height")
        self.width = positive_int(width, "CenterCrop", "width")
        self.data_format = standard_data_format(data_format, "CenterCrop")

    def call(self, x: Tensor) -> Tensor:
        x = ops.cast(x, self.dtype)
        axis, height, width = self._sizes(x.shape)
        if height < self.height or width < self.width:
            return image.resize(x, (self.height, self.width), crop_to_aspect_ratio=True, data_format=self.data_format)
        top, left = int((height - self.height) / 2), int((width - self.width) / 2)
        return x[(slice(None),) * axis + (slice(top, top + self.height), slice(left, left + self.width))]

    def get_config(self) -> Config:
        return {**super().get_config(), "height": self.height, "width": self.width, "data_format": self.data_format}
