"""Neighbouring layers that one operation computes together.

Most layers of a convolutional network read and write arrays larger than the processor's caches. One pass over memory
for several of them takes half the time or less. `PATTERNS` lists what can be computed so: which layers follow each
other, under which conditions, and what computes them. The layers know nothing of it. In `model.layers`, in summaries
and in files they stay what they are.

A new pattern takes four steps:
1. an operation in ops/ that gives what the layers give in turn;
2. a function here that calls it with the weights and settings of the layers, and one that returns whether it applies;
3. a row in `PATTERNS`;
4. for a type of layer that takes part for the first time, a row in `SETTINGS`.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .. import activations, shares
from ..layers.activations import ReLU
from ..layers.base import Layer
from ..layers.context import call_context
from ..layers.convolution import FUSED, Conv2D
from ..layers.convolution_depthwise import DepthwiseConv2D, SeparableConv2D
from ..layers.core import Activation
from ..layers.dense import Dense
from ..layers.dropout import Dropout
from ..layers.merging import Add
from ..layers.normalization import BatchNormalization
from ..layers.pooling import MaxPooling2D
from ..ops.add_relu import add_relu
from ..ops.batch_norm import batch_norm, batch_norm_with
from ..ops.batch_norm_depthwise_conv2d import batch_norm_depthwise_conv2d
from ..ops.batch_norm_max_pool2d import batch_norm_max_pool2d, batch_norm_max_pool2d_with
from ..ops.batch_norm_max_pool2d import is_profitable as normalize_and_pool_is_profitable
from ..ops.conv2d import conv2d
from ..ops.conv2d_batch_norm import conv2d_batch_norm, conv2d_batch_norm_with
from ..ops.conv2d_batch_norm import is_profitable as convolve_and_normalize_is_profitable
from ..ops.conv2d_max_pool2d import conv2d_max_pool2d
from ..ops.conv2d_max_pool2d import is_profitable as convolve_and_pool_is_profitable
from ..ops.conv2d_moments import conv2d_moments
from ..ops.dense import dense
from ..tensor import Tensor
from .operations import Rectification, Sum
from .prediction import (
    can_add,
    can_fold,
    can_fold_and_pool,
    can_fold_pair,
    can_transform,
    convolve,
    fold_and_convolve,
    fold_and_pool,
    fold_depthwise,
    fold_pair,
    fold_separable,
)

# What each type of layer must be set to, whatever its neighbours are. Other settings are computed by the layer itself.
SETTINGS: dict[type, Callable[[Any], bool]] = {
    Conv2D: lambda layer: (layer.groups == 1 and layer.data_format == "channels_last"
                           and layer.activation in FUSED),  # linear or ReLU
    DepthwiseConv2D: lambda layer: layer.data_format == "channels_last" and layer.activation is activations.linear,
    SeparableConv2D: lambda layer: layer.data_format == "channels_last" and layer.activation is activations.linear,
    # An observer is given the statistics of each batch; a synchronized layer takes those of all processes.
    BatchNormalization: lambda layer: (layer._observer is None
                                       and not (layer.synchronized and shares.share() is not None)),
    ReLU: lambda layer: layer.max_value is None and layer.negative_slope == 0 and layer.threshold == 0,
    Activation: lambda layer: layer.activation is activations.relu,
    MaxPooling2D: lambda layer: (layer.strides == layer.pool_size and layer.padding == "valid"
                                 and layer.data_format == "channels_last"),
    Dense: lambda layer: layer.activation in (activations.linear, activations.relu),
    Add: lambda layer: True,
    Sum: lambda layer: True,
    Rectification: lambda layer: True,
    Dropout: lambda layer: (0 <= layer.rate <= 1 and layer.noise_shape is None
                            and shares.share() is None),  # a share's masks begin at its own first element
}


def count_eligible(layers: Sequence[Layer], x: Any, added: Sequence[Any] = ()) -> int:
    """How many layers, from the first on, an operation may compute together, as they are set at this moment.

    Together they give one output. A layer takes part only if a call of its own would do nothing else that can be seen.
    The answer stays right while they are called one by one: each gives a Tensor of x's type without a mask.

    Args:
        layers: Of types in `SETTINGS`; each takes the output of the one before it.
        x: What the first of them is called on.
        added: What each Add among them adds to that, in their order.
    """
    if not _is_plain(x) or call_context().watch is not None:
        return 0  # a watcher, such as callbacks.Probe, is given the output of each layer
    dtype, others = x.data.dtype, iter(added)
    for count, layer in enumerate(layers):
        if not (
            layer.built  # by a first call of its own
            and (layer._dtype is None or layer._dtype == dtype)  # else it converts its input
            and layer.activity_regularizer is None  # it penalizes the output of this layer
            and "call" not in layer.__dict__  # set on this one layer, by a user who wants it called
            and SETTINGS[type(layer)](layer)
            and (type(layer) not in ADD or _is_plain(other := next(others)) and other.data.dtype == dtype)
        ):
            return count
    return len(layers)


def _is_plain(x):
    """Whether it is a Tensor without a mask."""
    return type(x) is Tensor and getattr(x, "_keras_mask", None) is None


# What computes them: functions of (x, training, *layers) that return the output of the last layer. Where an Add stands,
# or a sum that is written as an operation (operations.py), they get the Tensor that it adds. Shapes that do not fit are
# refused with a TypeError or a ValueError; the layers are then called in turn, and the error names the layer.


def _normalize(x, training, layer, relu=None, pooling=None, dropout=None, moments=None):
    """Batch normalization and the layers after it; `moments` of x, if the convolution before it has computed them."""
    parameters = (layer.gamma, layer.beta, layer.epsilon)
    together = (layer.axis, relu is not None)
    if pooling is not None:
        together = (pooling.pool_size,) if dropout is None else (pooling.pool_size, dropout.rate,
                                                                 dropout.seed_generator)
    if not (training and layer._trainable):
        normalize = batch_norm_with if pooling is None else batch_norm_max_pool2d_with
        return normalize(x, layer.moving_mean, layer.moving_variance, *parameters, *together)
    normalize = batch_norm if pooling is None else batch_norm_max_pool2d
    y, mean, variance = normalize(x, *parameters, *together, moments=moments)
    layer.update_moving_averages(mean, variance)
    return y


def _convolve_for_moments(x, training, convolution, normalization, relu=None, pooling=None, dropout=None):
    z, *moments = conv2d_moments(x, convolution.kernel, convolution.bias, convolution.strides, convolution.padding,
                                 convolution.dilation_rate)
    if pooling is not None and not normalize_and_pool_is_profitable(z.data.shape, pooling.pool_size):
        raise ValueError(f"the window is larger than the image. Got image {z.data.shape}, window {pooling.pool_size}")
    return _normalize(z, training, normalization, relu, pooling, dropout, moments)


def _convolve_for_depthwise(x, training, convolution, normalization, relu, depthwise):
    z, *moments = conv2d_moments(x, convolution.kernel, convolution.bias, convolution.strides, convolution.padding,
                                 convolution.dilation_rate)
    y = batch_norm_depthwise_conv2d(
        z, depthwise.kernel, moments, depthwise.bias, normalization.gamma, normalization.beta, depthwise.strides,
        depthwise.padding, depthwise.dilation_rate, normalization.epsilon, relu=True)
    normalization.update_moving_averages(*moments)
    return y


def _convolve_and_normalize(x, training, convolution, normalization, relu=None):
    weights = (convolution.bias, normalization.gamma, normalization.beta, convolution.strides, convolution.padding,
               convolution.dilation_rate, normalization.epsilon, relu is not None)
    if not (training and normalization._trainable):
        return conv2d_batch_norm_with(x, convolution.kernel, normalization.moving_mean, normalization.moving_variance,
                                      *weights)
    y, mean, variance = conv2d_batch_norm(x, convolution.kernel, *weights)
    normalization.update_moving_averages(mean, variance)
    return y


def _convolve_and_pool(x, training, convolution, pooling):
    return conv2d_max_pool2d(x, convolution.kernel, convolution.bias, convolution.strides, convolution.padding,
                             convolution.dilation_rate, FUSED[convolution.activation], pooling.pool_size)


def _convolve_and_pool_positive(x, training, convolution, relu, pooling):
    return conv2d_max_pool2d(x, convolution.kernel, convolution.bias, convolution.strides, convolution.padding,
                             convolution.dilation_rate, "relu", pooling.pool_size)


def _convolve_positive(x, training, convolution, relu):
    return conv2d(x, convolution.kernel, convolution.bias, convolution.strides, convolution.padding,
                  convolution.dilation_rate, activation="relu")


def _add_positive(x, training, other, relu):
    return add_relu(x, other)


def _multiply_positive(x, training, layer, relu):
    return dense(x, layer.kernel, layer.bias, "relu")


# When they apply: functions of the same arguments. They look at shapes, and at settings that count in one pattern only.


def _fits_normalization(x, training, normalization, relu):
    return x.data.shape[normalization.axis] == normalization.moving_mean.data.shape[0]


def _pools_after(shape, normalization, pooling, dropout, training):
    """Whether normalization, ReLU, pooling and dropout of an array of this shape are faster together."""
    return (
        normalization.axis in (-1, 3)
        and normalize_and_pool_is_profitable(shape, pooling.pool_size)
        and shape[3] == normalization.moving_mean.data.shape[0]
        and (dropout is None or bool(training))
    )


def _fits_pooling(x, training, normalization, relu, pooling, dropout=None):
    return _pools_after(x.data.shape, normalization, pooling, dropout, training)


def _can_normalize(convolution, normalization):
    """Whether the normalization takes what the convolution gives, as it is and filter by filter."""
    return (
        convolution.activation is activations.linear
        and normalization.axis in (-1, 3)
        and convolution.kernel.data.shape[3] == normalization.moving_mean.data.shape[0]
    )


def _has_few_channels(x, training, convolution, normalization, relu=None):
    return _can_normalize(convolution, normalization) and convolve_and_normalize_is_profitable(
        x.data.shape, convolution.kernel.data.shape, convolution.strides, convolution.dilation_rate)


def _needs_moments(x, training, convolution, normalization, relu=None):
    return training and normalization._trainable and _can_normalize(convolution, normalization)


def _needs_moments_and_depthwise(x, training, convolution, normalization, relu, depthwise):
    return _needs_moments(x, training, convolution, normalization) and depthwise.kernel.data.shape[3] == 1


def _needs_moments_and_pools(x, training, convolution, normalization, relu, pooling, dropout=None):
    window = (1, *pooling.pool_size, convolution.kernel.data.shape[3])  # the smallest image that is pooled
    return (_needs_moments(x, training, convolution, normalization)
            and _pools_after(window, normalization, pooling, dropout, training))


def _always(x, training, *layers):
    return True


def _pools_few_positive_channels(x, training, convolution, relu, pooling):
    return _pools_few_channels(x, training, convolution, pooling)


def _pools_few_channels(x, training, convolution, pooling):
    return convolve_and_pool_is_profitable(x.data.shape, convolution.kernel.data.shape, convolution.strides,
                                           convolution.dilation_rate, pooling.pool_size)


class Pattern(NamedTuple):
    """A row of the table.

    Attributes:
        layers: The types of the layers, in order; a tuple of types where several will do. Subclasses, which may compute
            something else, do not match. ADD stands for one of two inputs.
        applies: Function of (x, training, *layers) that returns whether `compute` gives what they give, and is faster.
        compute: Function of (x, training, *layers) that returns what the last of them gives.
    """

    layers: tuple[type | tuple[type, ...], ...]
    applies: Callable[..., bool]
    compute: Callable[..., Tensor]


RELU = (ReLU, Activation, Rectification)
ADD = (Add, Sum)

# The first row that applies is taken.
PATTERNS = (
    # Prediction (prediction.py): batch normalization is folded into the convolution's weights, a residual added to what
    # it writes. Outputs differ from those of the layers in turn in the last digits: the folded weights are rounded, and
    # the products with them added up as before. The pass of normalization takes 15% of a prediction of 64 images of
    # 32x32 by a residual network of 13 convolutions, 27% by one of depthwise separable convolutions.
    Pattern((Conv2D, BatchNormalization, ADD, RELU), can_fold, fold_and_convolve),
    Pattern((Conv2D, BatchNormalization, ADD), can_fold, fold_and_convolve),
    Pattern((Conv2D, BatchNormalization, RELU, MaxPooling2D), can_fold_and_pool, fold_and_pool),
    Pattern((Conv2D, BatchNormalization, RELU), can_fold, fold_and_convolve),
    Pattern((Conv2D, BatchNormalization), can_fold, fold_and_convolve),
    # A depthwise and a pointwise convolution, whose input is never stored (csrc/kernels/conv/depthwise_pointwise.h).
    *(Pattern((DepthwiseConv2D, BatchNormalization, *first, Conv2D, BatchNormalization, *second), can_fold_pair,
              fold_pair) for first in ((RELU,), ()) for second in ((RELU,), ())),
    Pattern((DepthwiseConv2D, BatchNormalization, RELU), can_fold, fold_depthwise),
    Pattern((DepthwiseConv2D, BatchNormalization), can_fold, fold_depthwise),
    Pattern((SeparableConv2D, BatchNormalization, RELU), can_fold, fold_separable),
    Pattern((SeparableConv2D, BatchNormalization), can_fold, fold_separable),
    # Prediction: a kernel that is transformed once. The same bits in everything.
    Pattern((Conv2D, ADD, RELU), can_add, convolve),
    Pattern((Conv2D, ADD), can_add, convolve),
    Pattern((Conv2D, RELU), can_transform, convolve),
    Pattern((Conv2D,), can_transform, convolve),
    # A convolution of few channels: its output is computed in each pass, and never stored (ops/conv2d_batch_norm.py).
    # The same bits in outputs and moving averages; the gradients are the same sums in another order. These rows come
    # first because storing the output costs more than pooling in a pass of its own: forward 1.8 instead of 2.5 ms,
    # backward 2.1 instead of 2.3, for 128 images of 28x28.
    Pattern((Conv2D, BatchNormalization, RELU), _has_few_channels, _convolve_and_normalize),
    Pattern((Conv2D, BatchNormalization), _has_few_channels, _convolve_and_normalize),
    # Other convolutions, in training: they sum up the moments of what they write, and normalization does not read it
    # again for them. That takes 0.4 ms less for 128 images of 28x28 and 32 filters. With the direct algorithm every bit
    # is the same. Winograd's algorithm adds the moments up in another order: outputs and gradients differ in the last
    # digits.
    # A depthwise convolution after them normalizes what it reads (csrc/kernels/conv/batch_norm_depthwise_conv2d.h).
    Pattern((Conv2D, BatchNormalization, RELU, DepthwiseConv2D), _needs_moments_and_depthwise, _convolve_for_depthwise),
    Pattern((Conv2D, BatchNormalization, RELU, MaxPooling2D, Dropout), _needs_moments_and_pools, _convolve_for_moments),
    Pattern((Conv2D, BatchNormalization, RELU, MaxPooling2D), _needs_moments_and_pools, _convolve_for_moments),
    Pattern((Conv2D, BatchNormalization, RELU), _needs_moments, _convolve_for_moments),
    Pattern((Conv2D, BatchNormalization), _needs_moments, _convolve_for_moments),
    # Pooling in the pass of normalization: the same bits in outputs and moving averages. dgamma and dbeta are sums
    # without the zeros of pixels that are no maxima; they, and gradients that depend on them, are rounded differently.
    # Dropout draws the same numbers as by itself. In that pass, for 128 images of 28x28x32, forward takes 0.81 ms
    # instead of 0.97, backward 0.88 instead of 1.07 (two threads).
    Pattern((BatchNormalization, RELU, MaxPooling2D, Dropout), _fits_pooling, _normalize),
    Pattern((BatchNormalization, RELU, MaxPooling2D), _fits_pooling, _normalize),
    # The same bits in everything.
    Pattern((BatchNormalization, RELU), _fits_normalization, _normalize),
    # The same bits in outputs and gradients, except those of the bias and of a kernel over one channel: sums in another
    # order.
    Pattern((Conv2D, MaxPooling2D), _pools_few_channels, _convolve_and_pool),
    Pattern((Conv2D, RELU, MaxPooling2D), _pools_few_positive_channels, _convolve_and_pool_positive),
    # ReLU on a tile that is still in registers, as with `activation="relu"`: the same bits in everything. By itself
    # ReLU reads and writes the whole output once more, which takes twice as long as a convolution of one channel.
    Pattern((Conv2D, RELU), _always, _convolve_positive),
    Pattern((Dense, RELU), _always, _multiply_positive),
    # The end of a residual block, in one pass on all threads. The same bits in everything.
    Pattern((ADD, RELU), _always, _add_positive),
)


def plan_steps(layers: Sequence[Layer], continued: Sequence[int] = ()) -> list[tuple[Any, int]]:
    """What to call, one after the other, for a chain of layers.

    Args:
        layers: Each takes the output of the one before it, which nothing else takes. An Add takes another tensor too.
        continued: For each Add, in order, which of its two inputs is the output of the layer before it: 0 or 1.

    Returns:
        List of (step, number of layers that it stands for). A step is called as step(x, training=None): a layer, or
        `FusableLayers` where neighbours match a pattern. `FusableLayers` with an Add take `added` too.

    >>> plan_steps([BatchNormalization(name="bn"), ReLU(name="relu"), ReLU(6.0, name="relu6")])
    [(<FusableLayers bn, relu>, 2), (<ReLU name=relu6, built=False>, 1)]
    """
    matching = [_matching(layers[position:]) for position in range(len(layers))]
    sides = iter(continued)
    side = [next(sides, 0) if type(layer) in ADD else 0 for layer in layers]
    steps, start = [], 0
    while start < len(layers):
        position, end = start, start + 1
        while position < end:  # a pattern that begins inside may reach further
            end = max([end, *(position + len(pattern.layers) for pattern in matching[position])])
            position += 1
        together = layers[start:end]
        fusable = len(together) > 1 or matching[start]
        step = FusableLayers(together, matching[start:end], side[start:end]) if fusable else together[0]
        steps.append((step, len(together)))
        start = end
    return steps


def _matching(layers):
    """The patterns that these layers, from the first on, match by their types."""
    return [pattern for pattern in PATTERNS if len(pattern.layers) <= len(layers) and all(
        type(layer) in kind if isinstance(kind, tuple) else type(layer) is kind
        for layer, kind in zip(layers, pattern.layers, strict=False))]


class FusableLayers:
    """Neighbours that match a pattern by their types, called like one layer.

    Users change layers after a model is made. So each call finds out anew which patterns apply; a layer that none
    applies to is called by itself.

    Args:
        layers: In order.
        matching: For each of them, the patterns that begin with it.
        continued: For each of them, which input of an Add the layer before it gives: 0 or 1.
    """

    __slots__ = ("layers", "continued", "_options", "_adds")

    def __init__(self, layers: Sequence[Layer], matching: list[list[Pattern]], continued: Sequence[int]) -> None:
        self.layers = tuple(layers)
        self.continued = tuple(continued)
        self._adds = [position for position, layer in enumerate(layers) if type(layer) in ADD]
        # For each layer: (index after the pattern's last layer, pattern, its layers).
        self._options: list[list[tuple[int, Pattern, tuple[Layer, ...]]]] = []
        for start, patterns in enumerate(matching):
            stops = [start + len(pattern.layers) for pattern in patterns]
            self._options.append([(stop, pattern, self.layers[start:stop])
                                  for stop, pattern in zip(stops, patterns, strict=True)])

    def __call__(self, x: Any, training: bool | None = None, added: Sequence[Any] = ()) -> Tensor:
        if training is None:
            training = call_context().training
        position = eligible = 0  # layers up to the index `eligible` may be computed together
        while position < len(self.layers):
            others = added if not added else [other for at, other in zip(self._adds, added, strict=True)
                                              if at >= position]
            if position >= eligible:
                eligible = position + count_eligible(self.layers[position:], x, others)
            x, position = self._next(position, eligible, x, training, others)
        return x

    def _next(self, position, eligible, x, training, added):
        """(the output of the layer at this position, or of several from there on; the index after the last of them)"""
        try:
            for stop, pattern, layers in self._options[position]:
                if stop <= eligible:
                    if added:
                        others = iter(added)
                        layers = [next(others) if type(layer) in ADD else layer for layer in layers]
                    if pattern.applies(x, training, *layers):
                        return pattern.compute(x, training, *layers), stop
        except (TypeError, ValueError):
            pass  # a layer refuses it too, below, and that error names the layer
        layer = self.layers[position]
        if type(layer) in ADD:
            x = [added[0], x] if self.continued[position] else [x, added[0]]
        return layer(x, training=training), position + 1

    def __repr__(self):
        return f"<FusableLayers {', '.join(layer.name for layer in self.layers)}>"
