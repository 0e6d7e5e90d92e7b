"""The NumPy references of all kernels, under the kernels' names: what `backend("numpy")` runs on.

Each is defined beside its operation, in tinynet/ops/; this file only lists them.
"""

from .ops.activation import activation_backward, activation_forward
from .ops.conv2d import conv2d_algorithm, conv2d_backward, conv2d_forward
from .ops.depthwise_conv2d import depthwise_conv2d_backward, depthwise_conv2d_forward

__all__ = [
    "activation_backward", "activation_forward", "conv2d_algorithm", "conv2d_backward", "conv2d_forward",
    "depthwise_conv2d_backward", "depthwise_conv2d_forward",
]
