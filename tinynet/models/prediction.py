"""What prediction computes with prepared weights: the rows of fusion.py's table that have no gradient.

In a call with training=False, or None, while no tape is open, batch normalization is folded into the convolution before
it; a residual is added, and ReLU applied, where the convolution writes its output. Kernels of Winograd's algorithm are
transformed once. The weights are prepared in the first call, kept, and prepared anew when one of them has changed, in
whichever way (ops/prepared_weights.py).

Folding rounds kernel * gamma / sqrt(variance + epsilon) once more. So outputs differ in the last digits from those of
the layers one by one, and from those of the same call under a tape. `predict`, `evaluate` and `model(x)` without a tape
agree with each other in every bit. `tinynet.config.set_fold_batch_norm(False)` turns folding off.

Dense layers stay as they are: comparing a dense kernel reads 2 numbers for each product with one sample. That costs
more than the pass over few outputs that folding saves. `models.population.fold` makes a model in which they are
folded for good.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from .. import activations, config
from ..core.types import Array
from ..layers.convolution import FUSED, Conv2D
from ..layers.convolution_depthwise import DepthwiseConv2D, SeparableConv2D
from ..ops.conv2d import check_arrays
from ..ops.conv2d_max_pool2d import is_profitable as convolve_and_pool_is_profitable
from ..ops.prepared_weights import PreparedWeights
from ..ops.windows import as_padding
from ..runtime import kernel_set, kernels
from ..tape import state
from ..tensor import Tensor

POINTWISE = (1, 1), "valid", (1, 1)  # strides, padding and dilation of the second part of a SeparableConv2D

# A transformed kernel takes 2 to 4 times the memory of the kernel. Larger ones are transformed in each call.
MAX_TRANSFORMED_BYTES = 16 << 20

# Folding saves reading and writing the output once, and reads the kernel twice to find out whether it has changed. So
# the kernel may have this many times the elements of one image's output. The rule is the same for any batch size: else
# the last digits of a sample would depend on the samples beside it.
MAX_KERNEL_PER_OUTPUT = 4


class _Kept:
    """The prepared weights of a convolution, and how it is called on images of one size."""

    __slots__ = ("call_key", "weights_key", "prepared", "kernel_shape", "geometry")

    def __init__(self, call_key: Any, weights_key: Any, prepared: Any, kernel_shape: tuple[int, ...],
                 geometry: tuple[Any, ...]) -> None:
        self.call_key, self.weights_key = call_key, weights_key
        self.prepared: PreparedWeights = prepared  # None where there is nothing to prepare
        self.kernel_shape, self.geometry = kernel_shape, geometry


_kept: WeakKeyDictionary[Any, _Kept] = WeakKeyDictionary()


def _prepared(x: Array, layer: Any, normalization: Any = None, packs: bool = True) -> _Kept:
    """The up-to-date weights of a layer, with the normalization after it folded in.

    They are kept with the normalization, or with the layer if there is none. Which layer they were made of need not be
    known: all that they depend on is compared. `packs`: whether the kernel may be packed for direct convolution.

    Raises:
        ValueError, TypeError: the shapes or the element types do not fit; the layers, called one by one, name what.
    """
    kernel, owner, epsilon = _kernel(layer), layer, 0.0
    tensors = [layer.bias, None, None, None, None]
    if normalization is not None:
        owner, epsilon = normalization, normalization.epsilon
        tensors[1:] = (normalization.gamma, normalization.beta, normalization.moving_mean,
                       normalization.moving_variance)
    vectors = [None if tensor is None else tensor.data for tensor in tensors]
    window = POINTWISE if type(layer) is SeparableConv2D else (layer.strides, layer.padding, layer.dilation_rate)
    call_key = (x.shape[1:], x.dtype, kernel.shape, kernel.dtype, window, epsilon,
                [vector is None for vector in vectors], kernel_set())
    kept = _kept.get(owner)
    if kept is None or kept.call_key != call_key:
        kept = _kept[owner] = _prepare(kept, call_key, x, kernel, vectors, type(layer) is DepthwiseConv2D, packs)
    if kept.prepared is not None:
        kept.prepared.update(kernel, vectors, epsilon)
    return kept


def _kernel(layer):
    """The kernel that normalization after the layer is folded into."""
    return (layer.pointwise_kernel if type(layer) is SeparableConv2D else layer.kernel).data


def _prepare(before: _Kept | None, call_key: Any, x: Array, kernel: Array, vectors: list[Any],
             depthwise: bool, packs: bool) -> _Kept:
    """How a layer is called, on images of a size that it was not called on before, and memory for its weights."""
    strides, padding, dilation = call_key[4]
    geometry = strides, as_padding("conv2d", padding, x.shape, kernel.shape, strides, dilation), dilation
    channels, algorithm = kernel.shape[3], "auto"
    if depthwise:
        channels *= kernel.shape[2]
        if x.ndim != 4 or x.shape[3] != kernel.shape[2] or x.dtype != kernel.dtype:
            raise ValueError(f"a depthwise kernel {kernel.shape} does not fit images {x.shape}")
    else:
        check_arrays(x, kernel, vectors[0], 1)
        chosen = kernels.conv2d_algorithm(x.shape, kernel, *geometry, 1)["forward"]
        if chosen.startswith("winograd") and kernels.prepared_size(kernel, chosen) * kernel.itemsize <= (
                MAX_TRANSFORMED_BYTES):
            algorithm = chosen
        elif (chosen == "direct" and packs and vectors[-1] is not None
              and kernel.nbytes <= MAX_TRANSFORMED_BYTES):
            algorithm = chosen  # packed, as direct convolution reads it
    weights_key = algorithm, call_key[2:4], call_key[5:]
    if before is not None and before.weights_key == weights_key:  # only the images have another size
        prepared: Any = before.prepared
    elif algorithm == "auto" and vectors[-1] is None:  # neither transformed nor folded
        prepared = None
    else:
        prepared = PreparedWeights(kernel, algorithm, sum(vector is not None for vector in vectors), channels)
    return _Kept(call_key, weights_key, prepared, kernel.shape, geometry)


# What fusion.py's rows call: functions of (x, training, *layers). An Add stands there as the Tensor that it adds.


def fold_and_convolve(x: Tensor, training: Any, convolution: Any, normalization: Any, *after: Any) -> Tensor:
    """Conv2D, BatchNormalization, then a Tensor to be added or none, then ReLU or none."""
    residual = after[0] if after and isinstance(after[0], Tensor) else None
    return _convolve(x, _prepared(x.data, convolution, normalization), residual, len(after) > (residual is not None))


def convolve(x: Tensor, training: Any, convolution: Any, *after: Any) -> Tensor:
    """Conv2D, then a Tensor to be added or none, then ReLU or none."""
    residual = after[0] if after and isinstance(after[0], Tensor) else None
    relu = len(after) > (residual is not None)
    kept = _prepared(x.data, convolution)
    if kept.prepared is None:  # another algorithm is faster
        raise ValueError("there is nothing to prepare")
    return _convolve(x, kept, residual, relu or FUSED[convolution.activation] == "relu")


def _convolve(x, kept, residual, relu):
    prepared = kept.prepared
    return Tensor.wrap(kernels.conv2d_prepared_forward(
        x.data, prepared.weights, prepared.offset, kept.kernel_shape, *kept.geometry, prepared.algorithm,
        None if residual is None else residual.data, "relu" if relu else "linear"))


def fold_and_pool(x: Tensor, training: Any, convolution: Any, normalization: Any, relu: Any, pooling: Any) -> Tensor:
    """Conv2D of few channels, BatchNormalization, ReLU, MaxPooling2D."""
    kept = _prepared(x.data, convolution, normalization, packs=False)
    return Tensor.wrap(kernels.conv2d_max_pool2d_forward(
        x.data, kept.prepared.weights, kept.prepared.offset, *kept.geometry, "relu", pooling.pool_size, False)[0])


def fold_depthwise(x: Tensor, training: Any, convolution: Any, normalization: Any, relu: Any = None) -> Tensor:
    """DepthwiseConv2D, BatchNormalization, ReLU or none."""
    kept = _prepared(x.data, convolution, normalization)
    return Tensor.wrap(kernels.depthwise_conv2d_forward(
        x.data, kept.prepared.weights, kept.prepared.offset, *kept.geometry, "linear" if relu is None else "relu"))


def fold_separable(x: Tensor, training: Any, convolution: Any, normalization: Any, relu: Any = None) -> Tensor:
    """SeparableConv2D, BatchNormalization, ReLU or none."""
    kernel = convolution.depthwise_kernel.data
    strides, dilation = convolution.strides, convolution.dilation_rate
    padding = as_padding("conv2d", convolution.padding, x.data.shape, kernel.shape, strides, dilation)
    kept = _prepared(_between(x.data, convolution), convolution, normalization)
    return _pair(x, kernel, None, (strides, padding, dilation), False, kept, relu is not None)


def fold_pair(x: Tensor, training: Any, convolution: Any, normalization: Any, *after: Any) -> Tensor:
    """DepthwiseConv2D, BatchNormalization, ReLU or none, a pointwise Conv2D, BatchNormalization, ReLU or none."""
    at, pointwise, second = _pointwise_of(after)
    first = _prepared(x.data, convolution, normalization)
    kept = _prepared(_between(x.data, convolution), pointwise, second)
    return _pair(x, first.prepared.weights, first.prepared.offset, first.geometry, at == 1, kept, len(after) > at + 2)


def _pair(x, kernel, bias, geometry, relu, pointwise, pointwise_relu):
    return Tensor.wrap(kernels.depthwise_pointwise_forward(
        x.data, kernel, bias, *geometry, "relu" if relu else "linear", pointwise.prepared.weights,
        pointwise.prepared.offset, pointwise.kernel_shape[3], "relu" if pointwise_relu else "linear",
        pointwise.prepared.algorithm))


def _pointwise_of(after):
    """(index of the Conv2D in what follows a depthwise convolution and its normalization, it, its normalization)"""
    at = 0 if type(after[0]) is Conv2D else 1
    return at, after[at], after[at + 1]


def _between(x, convolution):
    """An array of the shape of what the depthwise convolution gives, without memory for its numbers."""
    if type(convolution) is SeparableConv2D:
        multiplier = convolution.depthwise_kernel.data.shape[3]
        images = (*convolution.compute_output_shape(x.shape)[:3], x.shape[3] * multiplier)
    else:
        images = convolution.compute_output_shape(x.shape)
    return np.broadcast_to(np.empty((), x.dtype), images)


# When they apply.


def can_fold(x: Tensor, training: Any, convolution: Any, normalization: Any, *after: Any) -> bool:
    """Whether the normalization is folded: in prediction, filter by filter, with no tape to record it."""
    if training or state.tapes:
        return False
    shape, kernel = x.data.shape, _kernel(convolution).shape
    return (
        config.fold_batch_norm()
        and convolution.activation is activations.linear
        and normalization.axis in (-1, 3)
        and len(shape) == 4
        and 0 not in shape
        and (_may_be_transformed(convolution, kernel) or _products(convolution, kernel) <= MAX_KERNEL_PER_OUTPUT
             * (shape[1] // convolution.strides[0]) * (shape[2] // convolution.strides[1]))
    )


def can_fold_pair(x: Tensor, training: Any, convolution: Any, normalization: Any, *after: Any) -> bool:
    """The same for a depthwise and a pointwise convolution, if packing the second one's kernel is worth it."""
    if not can_fold(x, training, convolution, normalization):
        return False
    _, pointwise, second = _pointwise_of(after)
    kernel, shape = pointwise.kernel.data, convolution.compute_output_shape(x.data.shape)
    return (
        kernel.shape[:3] == (1, 1, shape[3])
        and pointwise.strides == (1, 1)
        and pointwise.activation is activations.linear
        and second.axis in (-1, 3)
        and kernel.shape[2] <= MAX_KERNEL_PER_OUTPUT * shape[1] * shape[2]
        and kernel.nbytes <= MAX_TRANSFORMED_BYTES
    )


def can_fold_and_pool(x: Tensor, training: Any, convolution: Any, normalization: Any, relu: Any, pooling: Any) -> bool:
    """The same where convolution and pooling are one kernel."""
    return can_fold(x, training, convolution, normalization) and convolve_and_pool_is_profitable(
        x.data.shape, convolution.kernel.data.shape, convolution.strides, convolution.dilation_rate, pooling.pool_size)


def can_transform(x: Tensor, training: Any, convolution: Any, *after: Any) -> bool:
    """Whether a kernel by itself is worth keeping: transforming it costs more than comparing it."""
    if training or state.tapes or 0 in x.data.shape or not _may_be_transformed(
            convolution, convolution.kernel.data.shape):
        return False
    kept = _kept.get(convolution)
    return kept is None or kept.prepared is not None or kept.call_key[0] != x.data.shape[1:]


def can_add(x: Tensor, training: Any, convolution: Any, *after: Any) -> bool:
    """The same where a Tensor is added before the activation."""
    return can_transform(x, training, convolution) and convolution.activation is activations.linear


def _products(convolution, kernel):
    """Weights of the kernel for each channel of the output."""
    return kernel[0] * kernel[1] * (1 if type(convolution) is DepthwiseConv2D else kernel[2])


def _may_be_transformed(convolution, kernel):
    return kernel[:2] == (3, 3) and convolution.strides == (1, 1) and type(convolution) is Conv2D and min(
        kernel[2:]) >= 16
