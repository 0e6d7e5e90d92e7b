"""Neighbouring layers that share one pass over memory: batch normalization and the ReLU behind it, a convolution of
few channels and the max pooling behind it.

They mostly stream their inputs through the processor, so one pass takes half the time of two or less. The layers stay
what they are, in `model.layers`, in summaries and files; a model merely calls them together.
"""

from .. import activations
from ..layers.activations import ReLU
from ..layers.context import call_context
from ..layers.convolution import FUSED, Conv2D
from ..layers.core import Activation
from ..layers.normalization import BatchNormalization
from ..layers.pooling import MaxPooling2D
from ..ops.conv2d_max_pool2d import conv2d_max_pool2d, pays
from ..tensor import Tensor


def plan_steps(layers):
    """What to call, one after the other, for a chain of layers.

    Args:
        layers: Each takes the output of the one before it, which nobody else takes.

    Returns:
        Callables step(x, training=None): the layers, and a `NormalizeAndReLU` or a `ConvolutionAndPooling` in the place
        of each pair that it fits.

    >>> plan_steps([BatchNormalization(name="bn"), ReLU(name="relu"), ReLU(6.0, name="relu6")])
    [<NormalizeAndReLU bn, relu>, <ReLU name=relu6, built=False>]
    """
    steps = []
    for layer in layers:
        for pair in (NormalizeAndReLU, ConvolutionAndPooling):
            if steps and pair.fits(steps[-1], layer):
                steps[-1] = pair(steps[-1], layer)
                break
        else:
            steps.append(layer)
    return steps


class NormalizeAndReLU:
    """Two layers as one step. The result is the same, bit for bit, as calling them in turn."""

    __slots__ = ("normalization", "activation")

    def __init__(self, normalization, activation):
        self.normalization = normalization
        self.activation = activation

    @staticmethod
    def fits(first, second):
        """Whether the two are of the kinds that can share a pass; subclasses, which may do something else, are not."""
        return type(first) is BatchNormalization and (
            type(second) is ReLU or type(second) is Activation and second.activation is activations.relu
        )

    def __call__(self, x, training=None):
        if self._can_share(x):
            return self.normalization(x, training=training, relu=True)
        return self.activation(self.normalization(x, training=training), training=training)

    def _can_share(self, x):
        """Whether a shared pass does all that the two calls would do, as the layers are set at this moment."""
        first, second = self.normalization, self.activation
        if type(second) is ReLU:
            plain = second.max_value is None and second.negative_slope == 0 and second.threshold == 0
        else:
            plain = second.activation is activations.relu
        return (
            plain
            and second.built  # by a first call of its own
            and call_context().watch is None  # nobody looks at what the layers give
            and first.activity_regularizer is None  # it penalizes what stands between the two
            and second.activity_regularizer is None
            and "call" not in first.__dict__  # replaced on this one object, to look at what comes by
            and "call" not in second.__dict__
            and isinstance(x, Tensor)
            and x.data.dtype == first._dtype == second._dtype  # otherwise they convert
        )

    def __repr__(self):
        return f"<NormalizeAndReLU {self.normalization.name}, {self.activation.name}>"


class ConvolutionAndPooling:
    """Two layers as one step. The result is the same, bit for bit, as calling them in turn.

    So are the gradients, except that of a kernel over one channel, whose sums may take another order.
    """

    __slots__ = ("convolution", "pooling")

    def __init__(self, convolution, pooling):
        self.convolution = convolution
        self.pooling = pooling

    @staticmethod
    def fits(first, second):
        """Whether the two are of the kinds that can share a pass; subclasses, which may do something else, are not."""
        return type(first) is Conv2D and type(second) is MaxPooling2D

    def __call__(self, x, training=None):
        first, second = self.convolution, self.pooling
        if self._can_share(x):
            return conv2d_max_pool2d(x, first.kernel, first.bias, first.strides, first.padding, first.dilation_rate,
                                     FUSED[first.activation], second.pool_size)
        return second(first(x, training=training), training=training)

    def _can_share(self, x):
        """Whether a shared pass does all that the two calls would do, as the layers are set at this moment."""
        first, second = self.convolution, self.pooling
        return (
            first.built
            and second.built  # by first calls of their own
            and first.activation in FUSED
            and first.groups == 1
            and second.padding == "valid"
            and second.strides == second.pool_size
            and first.data_format == second.data_format == "channels_last"
            and call_context().watch is None  # nobody looks at what the layers give
            and first.activity_regularizer is None  # it penalizes what stands between the two
            and second.activity_regularizer is None
            and "call" not in first.__dict__  # replaced on this one object, to look at what comes by
            and "call" not in second.__dict__
            and type(x) is Tensor
            and getattr(x, "_keras_mask", None) is None
            and x.data.dtype == first._dtype == second._dtype  # otherwise they convert
            and pays(x.data.shape, first.kernel.shape, first.strides, first.dilation_rate, second.pool_size)
        )

    def __repr__(self):
        return f"<ConvolutionAndPooling {self.convolution.name}, {self.pooling.name}>"
