"""Operations on tensors, under Keras's names: `from tinynet import ops`."""

from .activation import relu
from .conv2d import conv1d, conv2d, conv_output_size
from .conv2d_transpose import conv2d_transpose, conv_transpose_output_size
from .depthwise_conv2d import depthwise_conv2d

__all__ = [
    "conv1d", "conv2d", "conv2d_transpose", "conv_output_size", "conv_transpose_output_size", "depthwise_conv2d", "relu",
]
