"""Operations on images for other layouts: channels second instead of last, sequences instead of images."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import ops
from ..ops import padding as resize

if TYPE_CHECKING:
    from ..tensor import Tensor


def both_data_formats(operation: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The operation with an argument `data_format`, from one for which the channels are the last axis."""

    def both(x: Tensor, *args: Any, data_format: str = "channels_last", **kwargs: Any) -> Tensor:
        if data_format == "channels_last":
            return operation(x, *args, **kwargs)
        rank = x.ndim
        y = operation(ops.transpose(x, (0, *range(2, rank), 1)), *args, **kwargs)
        return ops.transpose(y, (0, rank - 1, *range(1, rank - 1)))

    return both


def for_sequences(operation: Callable[..., Tensor], equal_strides: bool = True) -> Callable[..., Tensor]:
    """A convolution of sequences, from one of images: a sequence is an image of height 1.

    Args:
        operation: Such as `ops.depthwise_conv2d`.
        equal_strides: Whether the operation needs the same stride along both axes. With height 1 that changes nothing
            for a convolution; a transposed one would add rows, and takes 1 along the height.
    """

    @both_data_formats
    def one_dimensional(x: Tensor, kernel: Tensor, bias: Tensor | None = None, strides: tuple[int, ...] = (1,),
                        padding: Any = "valid", dilation_rate: tuple[int, ...] = (1,),
                        output_padding: tuple[int, ...] | None = None, **kwargs: Any) -> Tensor:
        if output_padding is not None:
            kwargs["output_padding"] = (0, *output_padding)
        if padding == "causal":  # zeros before the first step only
            x = resize.zero_pad(x, (((kernel.shape[0] - 1) * dilation_rate[0], 0),))
            padding = "valid"
        y = operation(ops.expand_dims(x, 1), ops.expand_dims(kernel, 0), bias,
                      strides=(strides[0] if equal_strides else 1, strides[0]), padding=padding,
                      dilation_rate=(1, dilation_rate[0]), **kwargs)
        return y[:, 0]

    return one_dimensional
