"""Convolution, batch normalization and ReLU as one operation: how most deep networks for images begin.

    y[n, i, j, f] = max(0, gamma[f] (z[n, i, j, f] - mean[f]) / std[f] + beta[f])          z = conv2d(x, kernel, bias)

A first layer has few input channels, so that z takes less time to compute than to move through memory. Normalization
moves it twice in each direction, and the weight gradient once more. Here z is computed each time, and never
stored. The compiled kernel computes it once in the backward pass: csrc/kernels/conv/conv2d_batch_norm.h has the
formulas.
"""

from __future__ import annotations

from typing import Any

from ..core.types import Array, Padding2d, Pair, TensorLike
from ..runtime import kernels
from ..tape import is_tracked, record
from ..tensor import Tensor, convert_to_tensor
from .batch_norm import (
    batch_norm,
    batch_norm_backward,
    batch_norm_forward,
    batch_norm_inference,
    batch_norm_with,
    normalization,
)
from .conv2d import check_arrays, conv2d, conv2d_backward, conv2d_forward
from .recorded_gradients import composed
from .windows import as_padding, as_pair

# The references: the operations one by one.


def conv2d_batch_norm_forward(
    x: Array, kernel: Array, bias: Array | None, strides: Pair, padding: Padding2d, dilation: Pair,
    gamma: Array | None, beta: Array | None, epsilon: float, relu: bool = False,
) -> tuple[Array, Array, Array, Array]:
    """Reference: batch normalization of the convolution's result, by the statistics of this batch.

    Args:
        x, kernel, bias, strides, padding, dilation: As for `conv2d_forward`, with one group.
        gamma, beta, epsilon, relu: As for `batch_norm_forward`.

    Returns:
        y, mean, variance, 1 / sqrt(variance + epsilon)
    """
    z = conv2d_forward(x, kernel, bias, strides, padding, dilation, 1, "linear")
    return batch_norm_forward(z, gamma, beta, epsilon, relu)


def conv2d_batch_norm_inference(
    x: Array, kernel: Array, bias: Array | None, strides: Pair, padding: Padding2d, dilation: Pair,
    gamma: Array | None, beta: Array | None, mean: Array, variance: Array, epsilon: float, relu: bool = False,
) -> tuple[Array, Array]:
    """Reference: the same with given statistics.

    Args:
        x, kernel, bias, strides, padding, dilation: As for `conv2d_forward`, with one group.
        gamma, beta, mean, variance, epsilon, relu: As for `batch_norm_inference`.

    Returns:
        y, 1 / sqrt(variance + epsilon)
    """
    z = conv2d_forward(x, kernel, bias, strides, padding, dilation, 1, "linear")
    return batch_norm_inference(z, gamma, beta, mean, variance, epsilon, relu)


def conv2d_batch_norm_backward(
    dy: Array, x: Array, kernel: Array, bias: Array | None, strides: Pair, padding: Padding2d, dilation: Pair,
    gamma: Array | None, beta: Array | None, mean: Array, inverse_std: Array, relu: bool = False,
    constant: bool = False, need_dkernel: bool = True,
) -> tuple[Array | None, Array | None, Array, Array]:
    """Reference: z once more, its gradient, and from there to the weights.

    Args:
        dy: (batch, out_height, out_width, out).
        x, kernel, bias, strides, padding, dilation, gamma, beta: As for `conv2d_batch_norm_forward`.
        mean, inverse_std: The forward pass's.
        relu, constant: As for `batch_norm_backward`.
        need_dkernel: False returns None for dkernel and dbias.

    Returns:
        (dkernel, dbias, dgamma, dbeta); dbias is None if there is no bias.
    """
    z = conv2d_forward(x, kernel, bias, strides, padding, dilation, 1, "linear")
    dz, dgamma, dbeta = batch_norm_backward(dy, z, gamma, beta, mean, inverse_std, relu, constant, need_dkernel)
    if dz is None:
        return None, None, dgamma, dbeta
    _, dkernel, dbias = conv2d_backward(dz, x, kernel, None, strides, padding, dilation, 1, "linear", False, True,
                                        bias is not None)
    return dkernel, dbias, dgamma, dbeta


# What users call.


def conv2d_batch_norm(
    x: TensorLike, kernel: TensorLike, bias: TensorLike = None, gamma: TensorLike = None, beta: TensorLike = None,
    strides: Any = 1, padding: Any = "valid", dilation_rate: Any = 1, epsilon: float = 1e-3, relu: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """Slide filters over images and normalize each filter's output by the mean and the variance of this batch.

    The same as batch_norm(conv2d(x, kernel, bias, ...), gamma, beta, epsilon, relu=relu): without z in memory where
    that `is_profitable` and no tape needs the gradient of x; else these two are called.

    Args:
        x: Tensor, shape (batch, height, width, in).
        kernel: Tensor, shape (height, width, in, out).
        bias: Tensor, shape (out,), or None.
        gamma, beta: Tensors of shape (out,); None for 1 and 0.
        strides, padding, dilation_rate: As for `conv2d`.
        epsilon, relu: As for `batch_norm`.

    Returns:
        (y, mean, variance): y of shape (batch, out_height, out_width, out), the others as of `batch_norm`.

    Raises:
        ValueError: shapes do not match, the kernel is larger than the padded input, or there is no sample.
        TypeError: the element types differ.

    >>> x, kernel = np.ones((2, 28, 28, 1), "float32"), np.ones((3, 3, 1, 32), "float32")
    >>> y, mean, variance = conv2d_batch_norm(x, kernel, padding="same", relu=True)
    >>> y.shape, mean.shape
    ((2, 28, 28, 32), (32,))
    """
    call = _Call(x, kernel, bias, gamma, beta, strides, padding, dilation_rate)
    if not call.can_share():
        return batch_norm(call.convolve(), call.gamma, call.beta, epsilon, relu=relu)
    y, mean, variance, inverse_std = kernels.conv2d_batch_norm_forward(*call.arrays, *call.parameters, epsilon, relu)
    return call.record(y, mean, inverse_std, relu, epsilon), Tensor.wrap(mean), Tensor.wrap(variance)


def conv2d_batch_norm_with(
    x: TensorLike, kernel: TensorLike, mean: TensorLike, variance: TensorLike, bias: TensorLike = None,
    gamma: TensorLike = None, beta: TensorLike = None, strides: Any = 1, padding: Any = "valid",
    dilation_rate: Any = 1, epsilon: float = 1e-3, relu: bool = False,
) -> Tensor:
    """`conv2d_batch_norm` by statistics that are given as constants, as a trained network does.

    Args:
        mean, variance: Tensors of shape (out,). They have no gradient.
        x, kernel, bias, gamma, beta, strides, padding, dilation_rate, epsilon, relu: As for `conv2d_batch_norm`.

    Returns:
        Tensor, shape (batch, out_height, out_width, out).

    Raises:
        ValueError: shapes do not match, or the kernel is larger than the padded input.
        TypeError: the element types differ.
    """
    call = _Call(x, kernel, bias, gamma, beta, strides, padding, dilation_rate)
    mean, variance = convert_to_tensor(mean), convert_to_tensor(variance)
    if not call.can_share(mean, variance):
        return batch_norm_with(call.convolve(), mean, variance, call.gamma, call.beta, epsilon, relu=relu)
    mean = mean.data
    y, inverse_std = kernels.conv2d_batch_norm_inference(*call.arrays, *call.parameters, mean, variance.data, epsilon,
                                                         relu)
    return call.record(y, mean, inverse_std, relu, epsilon, (mean, variance.data))


class _Call:
    """The arguments of a call. It holds arrays: variables may be assigned to before the backward pass."""

    def __init__(self, x, kernel, bias, gamma, beta, strides, padding, dilation_rate):
        self.x, self.kernel = convert_to_tensor(x), convert_to_tensor(kernel)
        self.bias, self.gamma, self.beta = (None if value is None else convert_to_tensor(value)
                                            for value in (bias, gamma, beta))
        self.strides = as_pair(strides, "conv2d_batch_norm", "strides")
        self.dilation = as_pair(dilation_rate, "conv2d_batch_norm", "dilation_rate")
        self.padding = padding

    def convolve(self):
        return conv2d(self.x, self.kernel, self.bias, self.strides, self.padding, self.dilation)

    def can_share(self, *statistics):
        """Whether z can be left out of memory, and that is faster; the arrays are checked then."""
        x, kernel = self.x.data, self.kernel.data
        if is_tracked(self.x) or not is_profitable(x.shape, kernel.shape, self.strides, self.dilation):
            return False
        channel_wise = [tensor for tensor in (self.gamma, self.beta, *statistics) if tensor is not None]
        if any(tensor.data.shape != kernel.shape[3:] or tensor.data.dtype != x.dtype for tensor in channel_wise):
            return False  # batch_norm raises an error, or converts
        bias = None if self.bias is None else self.bias.data
        check_arrays(x, kernel, bias, 1)
        padding = as_padding("conv2d_batch_norm", self.padding, x.shape, kernel.shape, self.strides, self.dilation)
        self.arrays = (x, kernel, bias, self.strides, padding, self.dilation)
        self.parameters = tuple(None if tensor is None else tensor.data for tensor in (self.gamma, self.beta))
        return True

    def record(self, y, mean, inverse_std, relu, epsilon, statistics=None):
        constant = statistics is not None
        arrays, parameters = self.arrays, self.parameters
        inputs = (self.kernel, self.bias, self.gamma, self.beta)
        wanted = [tensor is not None for tensor in inputs]
        need_dkernel = is_tracked(self.kernel) or self.bias is not None and is_tracked(self.bias)

        def backward(dy):
            gradients = kernels.conv2d_batch_norm_backward(dy, *arrays, *parameters, mean, inverse_std, relu, constant,
                                                           need_dkernel)
            return [None, *(gradient for gradient, want in zip(gradients, wanted, strict=True) if want)]

        def formula(x, kernel, *others):
            bias = others[0] if self.bias is not None else None
            normalize = normalization(self.gamma is not None, self.beta is not None, epsilon, -1, relu, statistics)
            return normalize(conv2d(x, kernel, bias, *arrays[3:]), *others[bias is not None:])

        given = [self.x, *(tensor for tensor in inputs if tensor is not None)]
        return record(y, given, backward, composed(formula, given, [tensor.data for tensor in given]))


def is_profitable(
    x_shape: tuple[int, ...], kernel_shape: tuple[int, ...], strides: Pair = (1, 1), dilation: Pair = (1, 1)
) -> bool:
    """Whether computing the convolution again in each pass is faster than storing it, for arrays of these shapes.

    From 3x3 pixels of one channel to 32 filters it takes, forward and back, 0.4 of the time with AVX-512, 0.6 with AVX2
    and 0.9 with neither; from 3x3 of two channels 0.6, 0.9 and 1.1; from 3x3 of three channels only forward is faster.
    Few filters do not fill a vector. From 12 products a row of the kernel on the convolution alone has faster
    algorithms. Shapes that do not fit together, and empty ones, are left to the operations one by one, to refuse.
    """
    if len(x_shape) != 4 or len(kernel_shape) != 4 or x_shape[3] != kernel_shape[2] or 0 in x_shape:
        return False
    height, width, channels, filters = kernel_shape
    if not (0 < width * channels < 12 and height * width * channels <= 18 and filters >= 8):
        return False
    rows, cols = ((size - step * (kernel - 1) - 1) // stride + 1 for size, kernel, stride, step
                  in zip(x_shape[1:3], kernel_shape[:2], strides, dilation, strict=True))
    return rows > 0 and cols > 0
