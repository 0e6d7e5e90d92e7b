"""Operations on tensors, under Keras's names: `from tinynet import ops`."""

from .activation import relu
from .conv2d import conv1d, conv2d, conv_output_size

__all__ = ["conv1d", "conv2d", "conv_output_size", "relu"]
