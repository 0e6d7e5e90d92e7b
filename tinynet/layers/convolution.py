"""Convolutional layers: filters that slide over sequences and images."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import activations, ops
from ..core.checks import choice, ints, missing_axis, positive_int
from ..core.old_names import SPATIAL, WEIGHTS, old_arguments
from ..ops.conv2d import conv1d, conv2d
from .arguments import axes_of, standard_data_format
from .base import Layer
from .weight_spec import describe_weight, make_weight, weight_config

if TYPE_CHECKING:
    from ..core.types import Config, Pair, Shape, Sizes
    from ..tensor import Tensor
    from ..variable import Variable
    from .weight_spec import ActivationLike, ConstraintLike, InitializerLike, RegularizerLike

# Activations that the convolution's kernels apply themselves.
FUSED = {activations.linear: "linear", activations.relu: "relu"}


class Convolution(Layer):
    """What all convolutional layers share: windows over `rank` axes, a bias, an activation.

    Args:
        rank: 1 for sequences, 2 for images, 3 for volumes.
        filters: Channels of the output; None where they follow from the input.
        kernel_size, strides, dilation_rate: An int, or one for each axis.
        padding: 'valid', 'same', or (not in Keras) an int: so many zeros on each side. Sequences have 'causal' too.
        data_format: 'channels_last' (batch, height, width, channels) or 'channels_first' (batch, channels, height,
            width); the process-wide setting if None.
        activation: Name or function; None for none.
        use_bias: Whether to add a bias to each channel.
        kernel_initializer, bias_initializer: Name or Initializer.
        kernel_regularizer, bias_regularizer, activity_regularizer: Penalties added to the loss.
        kernel_constraint, bias_constraint: Applied to the weights after each training step.

    Raises:
        TypeError: a size is no int.
        ValueError: a size is below 1, there are too many of them, or a name is none of those above.
    """

    kernel_name = "kernel"  # what the arguments about the kernel are called after: kernel_initializer, ...

    def __init__(self, rank: int, filters: int | None, kernel_size: Sizes, strides: Sizes = 1,
                 padding: Any = "valid", data_format: str | None = None, dilation_rate: Sizes = 1,
                 activation: ActivationLike = None, use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
                 kernel_regularizer: RegularizerLike = None, bias_regularizer: RegularizerLike = None,
                 activity_regularizer: RegularizerLike = None, kernel_constraint: ConstraintLike = None,
                 bias_constraint: ConstraintLike = None, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        owner = type(self).__name__
        self.rank = rank
        self.filters: Any = None if filters is None else positive_int(filters, owner, "filters")
        self.kernel_size = ints(kernel_size, owner, "kernel_size", rank)
        self.strides = ints(strides, owner, "strides", rank)
        self.dilation_rate = ints(dilation_rate, owner, "dilation_rate", rank)
        self.padding = padding
        if isinstance(padding, str):
            names = ("valid", "same", "causal") if rank == 1 else ("valid", "same")
            self.padding = choice(padding.lower(), owner, "padding", names)
        self.data_format = standard_data_format(data_format, owner)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        describe_weight(self, self.kernel_name, kernel_initializer, kernel_regularizer, kernel_constraint)
        describe_weight(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self.bias: Variable | None = None

    def _input_channels(self, input_shape: Shape) -> int:
        """The number of channels.

        Raises:
            ValueError: the input is no batch of images (or sequences), or its number of channels is not known.
        """
        layout = axes_of(self.rank + 2, self.data_format)
        if len(input_shape) != self.rank + 2:
            known = self._built_channels()
            remedy = missing_axis(input_shape, self.rank + 2, known) if self.data_format == "channels_last" else ""
            raise ValueError(f"expected inputs of shape {layout}, got {tuple(input_shape)}.{remedy}")
        channels = input_shape[-1] if self.data_format == "channels_last" else input_shape[1]
        if channels is None:
            raise ValueError(f"the number of channels must be known, got {tuple(input_shape)} for {layout}")
        return channels

    def _built_channels(self) -> int | None:
        """The number of channels that the layer was built for; None before that."""
        shape = self._built_input_shape
        return shape[-1] if isinstance(shape, tuple) and len(shape) == self.rank + 2 else None

    def _add_bias(self, channels: int) -> None:
        if self.use_bias:
            self.bias = make_weight(self, "bias", (channels,))

    def _finish(self, operation: Callable[..., Tensor], x: Tensor, *weights: Any, **arguments: Any) -> Tensor:
        """Call the operation with the activation inside it, if it can, or after it."""
        self._input_channels(x.shape)
        if x.dtype.kind != "f":  # pixels
            x = ops.cast(x, self.dtype)
        fused = FUSED.get(self.activation)
        y = operation(x, *weights, activation=fused or "linear", data_format=self.data_format, **arguments)
        return y if fused is not None else self.activation(y)

    def _output_shape(self, input_shape: Shape, channels: int) -> Shape:
        self._input_channels(input_shape)
        last = self.data_format == "channels_last"
        spatial = input_shape[1:-1] if last else input_shape[2:]
        sizes = tuple(None if size is None else self._output_size(axis, size) for axis, size in enumerate(spatial))
        return (input_shape[0], *sizes, channels) if last else (input_shape[0], channels, *sizes)

    def _output_size(self, axis: int, size: int) -> int:
        """The length of the output along a spatial axis."""
        padding = self.padding
        if isinstance(padding, tuple | list) and self.rank == 2:
            padding = padding[axis]
        if padding == "causal":  # zeros before the first step only: no output depends on a later step
            padding = (self.dilation_rate[0] * (self.kernel_size[0] - 1), 0)
        return ops.conv_output_size(size, self.kernel_size[axis], self.strides[axis], padding, self.dilation_rate[axis])

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            **({} if self.filters is None else {"filters": self.filters}),
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            **weight_config(self, self.kernel_name, "bias", "activity"),
        }


class GroupedConvolution(Convolution):
    """Conv1D, Conv2D, Conv3D: every filter covers all channels of its group.

    Args:
        groups: How many groups of channels; a divisor of `filters`, and of the input's channels.
        rank, filters, kernel_size, ...: As for `Convolution`.
    """

    def __init__(self, rank: int, filters: int, kernel_size: Sizes, groups: int, **kwargs: Any) -> None:
        super().__init__(rank, filters, kernel_size, **kwargs)
        self.groups = positive_int(groups, type(self).__name__, "groups")
        if self.filters % self.groups:
            raise ValueError(
                f"{type(self).__name__}: filters must be a multiple of groups, "
                f"got {self.filters} filters in {self.groups} groups"
            )
        self.kernel: Variable | None = None

    def build(self, input_shape: Shape) -> None:
        channels = self._input_channels(input_shape)
        if channels % self.groups:
            raise ValueError(
                f"the input's channels must be a multiple of groups, got {channels} channels in {self.groups} groups"
            )
        self.kernel = make_weight(self, "kernel", (*self.kernel_size, channels // self.groups, self.filters))
        self._add_bias(self.filters)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self._output_shape(input_shape, self.filters)

    def get_config(self) -> Config:
        return {**super().get_config(), "groups": self.groups}


@old_arguments(nb_filter="filters", filter_length="kernel_size", subsample_length="strides",
               border_mode="padding", **WEIGHTS)
class Conv1D(GroupedConvolution):
    """Filters that slide along a sequence.

    y[n, i, f] = activation(bias[f] + sum over p, c of x[n, i*stride + p*dilation, c] * kernel[p, c, f])

    Args:
        filters: Channels of the output.
        kernel_size: Steps in a filter.
        strides: Steps from one output to the next.
        padding: 'valid', 'same', or 'causal': zeros before the first step only, so that no output depends on a later
            step.
        dilation_rate: Steps from one tap of the filter to the next.
        data_format, groups, activation, use_bias, kernel_initializer, bias_initializer, ...: As for `Conv2D`.

    Shapes: (batch, steps, channels) -> (batch, out_steps, filters); kernel (kernel_size, channels / groups, filters).

    >>> Conv1D(8, 3, padding="causal")(np.ones((2, 10, 4))).shape
    (2, 10, 8)

    >>> Conv1D(1, 2, kernel_initializer="ones")(np.array([[[1.0], [2.0], [3.0], [4.0]]])).numpy().ravel()
    array([3., 5., 7.], dtype=float32)
    """

    def __init__(self, filters: int, kernel_size: Sizes, strides: Sizes = 1, padding: Any = "valid",
                 data_format: str | None = None, dilation_rate: Sizes = 1, groups: int = 1,
                 activation: ActivationLike = None, use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
                 **kwargs: Any) -> None:
        super().__init__(1, filters, kernel_size, groups, strides=strides, padding=padding, data_format=data_format,
                         dilation_rate=dilation_rate, activation=activation, use_bias=use_bias,
                         kernel_initializer=kernel_initializer, bias_initializer=bias_initializer, **kwargs)

    def call(self, x: Tensor) -> Tensor:
        return self._finish(conv1d, x, self.kernel, self.bias, strides=self.strides[0], padding=self.padding,
                            dilation_rate=self.dilation_rate[0], groups=self.groups)


@old_arguments(nb_filter="filters", subsample="strides", **SPATIAL, **WEIGHTS)
class Conv2D(GroupedConvolution):
    """Filters that slide over images.

    y[n, i, j, f] = activation(bias[f] + sum over p, q, c of x[n, i*s + p, j*s + q, c] * kernel[p, q, c, f])

    Args:
        filters: Channels of the output.
        kernel_size: Height and width of a filter in pixels, or an int for both.
        strides: Pixels from one output to the next.
        padding: 'valid': none. 'same': zeros such that the output has ceil(size / stride) pixels; an odd zero goes to
            the bottom or right. An int (not in Keras): so many zeros on each side.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.
        dilation_rate: Pixels from one tap of the filter to the next.
        groups: The channels are split into this many groups, each with filters of its own.
        activation: Name or function; None for none.
        use_bias: Whether to add a bias to each output channel.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
            kernel_constraint, bias_constraint: As for `Dense`.

    Shapes: (batch, height, width, channels) -> (batch, out_height, out_width, filters); kernel (height, width,
    channels / groups, filters). The output's side is (W - K + 2P)/S + 1, rounded down.

    Raises:
        TypeError: a size is no int.
        ValueError: a size is below 1, or `filters` or the input's channels are no multiple of `groups`; when called,
            the input has another number of axes or of channels, or is smaller than the filter.

    >>> Conv2D(6, 5)(np.ones((1, 32, 32, 3))).shape
    (1, 28, 28, 6)

    >>> x = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> Conv2D(1, 2, kernel_initializer="ones")(x).numpy()[0, ..., 0]  # sums of 2 x 2 pixels
    array([[ 8., 12.],
           [20., 24.]], dtype=float32)
    """

    def __init__(self, filters: int, kernel_size: int | Pair, strides: int | Pair = (1, 1), padding: Any = "valid",
                 data_format: str | None = None, dilation_rate: int | Pair = (1, 1), groups: int = 1,
                 activation: ActivationLike = None, use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
                 **kwargs: Any) -> None:
        super().__init__(2, filters, kernel_size, groups, strides=strides, padding=padding, data_format=data_format,
                         dilation_rate=dilation_rate, activation=activation, use_bias=use_bias,
                         kernel_initializer=kernel_initializer, bias_initializer=bias_initializer, **kwargs)

    def call(self, x: Tensor) -> Tensor:
        return self._finish(conv2d, x, self.kernel, self.bias, strides=self.strides, padding=self.padding,
                            dilation_rate=self.dilation_rate, groups=self.groups)


Convolution1D, Convolution2D = Conv1D, Conv2D
