"""Layers that bring their inputs to mean 0 and variance 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import config, initializers, ops, shares
from ..core.checks import axis as check_axis
from ..core.checks import number
from ..ops.batch_norm import batch_norm, batch_norm_with
from ..ops.synchronized_batch_norm import synchronized_batch_norm, synchronized_sum
from ..runtime import kernels
from .base import Layer
from .weight_spec import describe_weight, make_weight, weight_config

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..core.types import Config, Shape
    from ..tensor import Tensor
    from ..variable import Variable
    from .weight_spec import ConstraintLike, InitializerLike, RegularizerLike


class _Normalization(Layer):
    """What the layers share: an axis, a scale gamma and an offset beta.

    Args:
        axis: The axis (or axes) along which each index has a gamma and a beta of its own.
        epsilon: Added to the variance, so that a constant input is no division by 0.
        center: Whether to add beta.
        scale: Whether to multiply by gamma.
        beta_initializer, gamma_initializer: Name or Initializer.
        beta_regularizer, gamma_regularizer: Penalties added to the loss.
        beta_constraint, gamma_constraint: Applied after each training step.
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
                 beta_initializer: InitializerLike = "zeros", gamma_initializer: InitializerLike = "ones",
                 beta_regularizer: RegularizerLike = None, gamma_regularizer: RegularizerLike = None,
                 beta_constraint: ConstraintLike = None, gamma_constraint: ConstraintLike = None,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.epsilon = float(number(epsilon, type(self).__name__, "epsilon", 0))
        self.center = center
        self.scale = scale
        describe_weight(self, "beta", beta_initializer, beta_regularizer, beta_constraint)
        describe_weight(self, "gamma", gamma_initializer, gamma_regularizer, gamma_constraint)
        self.supports_masking = True
        self.gamma: Variable | None = None
        self.beta: Variable | None = None

    def _add_parameters(self, shape: Shape) -> None:
        if self.scale:
            self.gamma = make_weight(self, "gamma", shape)
        if self.center:
            self.beta = make_weight(self, "beta", shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        _lengths(self, input_shape)
        return tuple(input_shape)

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **weight_config(self, "beta", "gamma"),
        }


def _lengths(layer: Any, input_shape: Shape) -> tuple[int, ...]:
    """The input's lengths along the layer's axis or axes, in increasing order of the axes.

    Raises:
        ValueError: an axis does not exist, or its length is not known.
    """
    rank = len(input_shape)
    axes = layer.axis if isinstance(layer.axis, list | tuple) else [layer.axis]
    for axis in axes:
        if not -rank <= axis < rank:
            raise ValueError(
                f"{type(layer).__name__}: axis {axis} does not exist. Got input {tuple(input_shape)}, "
                f"axis={layer.axis}."
            )
    lengths: Any = tuple(input_shape[axis] for axis in sorted(axis % rank for axis in axes))
    if None in lengths:
        raise ValueError(
            f"{type(layer).__name__}: the length of axis {layer.axis} must be known. Got input {tuple(input_shape)}."
        )
    return lengths


class BatchNormalization(_Normalization):
    """Normalize each channel: by the batch's mean and variance in training, by their moving averages otherwise.

    training:   y = gamma (x - mean) / sqrt(variance + epsilon) + beta, mean and variance over all axes but `axis`;
                moving = momentum moving + (1 - momentum) batch, the variance as it is (divided by m, not m - 1)
    otherwise:  the same formula with moving_mean and moving_variance

    (Ioffe and Szegedy, ICML 2015. The paper's own estimate for prediction, the average over many mini-batches with
    m / (m - 1), is `tinynet.batchnorm.estimate_population`.) A layer with trainable = False normalizes by the moving
    averages in training too, and leaves them alone. In prediction a model folds it into the convolution before it
    (`tinynet.config.set_fold_batch_norm`).

    Args:
        axis: The channels' axis: -1, or 1 for channels_first.
        momentum: Fraction of the moving averages that stays in each training step, from 0 to 1.
        epsilon: Added to the variance, so that a constant input is no division by 0.
        center, scale: Whether there is a beta, a gamma: one number a channel.
        beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer: Name or Initializer.
        beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: As for every weight.
        synchronized: Where several processes train one model (`tinynet.distribution`), take mean and variance over
            the whole batch instead of each process's share.
        renorm, renorm_clipping, renorm_momentum: Keras has these; tinynet does not.

    Call arguments:
        training: Whether to normalize by the batch, and to move the averages.
        mask: bool, shape of the input without the channels, the channels being last: an entry that is False does not
            count in the mean and variance of training. It is normalized like the others.

    Shapes: any with two axes or more, the same out; gamma, beta, moving_mean, moving_variance (channels,).

    Raises:
        TypeError: `axis` is no int.
        ValueError: `momentum` or `epsilon` is outside its range, or an argument is not supported; when called, the axis
            does not exist, or the input has another number of channels.

    >>> layer = BatchNormalization(momentum=0.5)
    >>> x = np.array([[1.0], [3.0]], "float32")
    >>> layer(x, training=True).numpy().round(2).ravel()
    array([-1.,  1.], dtype=float32)
    >>> layer.moving_mean.numpy(), layer.moving_variance.numpy()
    (array([1.], dtype=float32), array([1.], dtype=float32))
    """

    def __init__(self, axis: Any = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True,
                 scale: bool = True, beta_initializer: InitializerLike = "zeros",
                 gamma_initializer: InitializerLike = "ones", moving_mean_initializer: InitializerLike = "zeros",
                 moving_variance_initializer: InitializerLike = "ones", beta_regularizer: RegularizerLike = None,
                 gamma_regularizer: RegularizerLike = None, beta_constraint: ConstraintLike = None,
                 gamma_constraint: ConstraintLike = None, renorm: bool = False, renorm_clipping: Any = None,
                 renorm_momentum: float = 0.99, synchronized: bool = False, **kwargs: Any) -> None:
        if isinstance(axis, list | tuple) and len(axis) == 1:
            axis = axis[0]  # as tf.keras 2 wrote it in its configurations
        axis = check_axis(axis, "BatchNormalization", several=False)
        if renorm or renorm_clipping:
            raise ValueError("BatchNormalization: renorm (batch renormalization) is not supported; use renorm=False")
        super().__init__(axis, epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer,
                         gamma_regularizer, beta_constraint, gamma_constraint, **kwargs)
        self.momentum = float(number(momentum, "BatchNormalization", "momentum", 0, 1))
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.renorm_momentum = renorm_momentum
        self.synchronized = bool(synchronized)
        self.moving_mean: Any = None  # Variables once built
        self.moving_variance: Any = None
        self._observer: Callable[..., None] | None = None  # gets the statistics of each batch, for tinynet.batchnorm

    def build(self, input_shape: Shape) -> None:
        if len(input_shape) < 2:
            raise ValueError(
                f"BatchNormalization needs inputs of shape (batch, ..., channels), got {tuple(input_shape)}"
            )
        shape = _lengths(self, input_shape)
        self._add_parameters(shape)
        self.moving_mean = self.add_weight(shape, self.moving_mean_initializer, trainable=False, name="moving_mean")
        self.moving_variance = self.add_weight(shape, self.moving_variance_initializer, trainable=False,
                                               name="moving_variance")

    def call(self, x: Tensor, training: bool | None = None, mask: Any = None) -> Tensor:
        if self._observer is None and not (training and self._trainable):
            return batch_norm_with(x, self.moving_mean, self.moving_variance, self.gamma, self.beta, self.epsilon,
                                   self.axis)
        channels = self.moving_mean.data.shape[0]
        if x.data.shape[self.axis] != channels:
            raise ValueError(
                f"BatchNormalization was built for {channels} channels on axis {self.axis}. Got input {x.data.shape}."
            )
        if self.synchronized and shares.share() is not None:
            if mask is not None:
                mean, variance = _masked_moments(x, mask, self.axis, synchronized_sum)
                y = ops.batch_normalization(x, mean, variance, self.axis, self.beta, self.gamma, self.epsilon)
            else:
                y, mean, variance = synchronized_batch_norm(x, self.gamma, self.beta, self.epsilon, self.axis)
        elif mask is None:
            y, mean, variance = batch_norm(x, self.gamma, self.beta, self.epsilon, self.axis)
        else:
            mean, variance = _masked_moments(x, mask, self.axis)
            y = ops.batch_normalization(x, mean, variance, self.axis, self.beta, self.gamma, self.epsilon)
        if self._observer is not None:
            self._observer(self, mean.data, variance.data, x.data.size // channels)
        else:
            self.update_moving_averages(mean, variance)
        return y

    def update_moving_averages(self, mean: Tensor, variance: Tensor) -> None:
        """Move the moving averages towards the mean and the variance of a batch, Tensors of shape (channels,)."""
        for average, of_batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            # Straight to the arrays: 2 us less than assign(), in every training step.
            average.data = kernels.moving_average(average.data, of_batch.data, self.momentum)

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "moving_mean_initializer": initializers.serialize(self.moving_mean_initializer),
            "moving_variance_initializer": initializers.serialize(self.moving_variance_initializer),
            "synchronized": self.synchronized,
            "renorm": False,
            "renorm_clipping": None,
            "renorm_momentum": self.renorm_momentum,
        }


def _masked_moments(x: Tensor, mask: Any, axis: int,
                    total_of: Callable[[Tensor], Tensor] = lambda part: part) -> tuple[Tensor, Tensor]:
    """Mean and variance of each channel over the entries where the mask is True.

    Args:
        x, mask, axis: As `BatchNormalization` has them.
        total_of: Function from a sum over this process's share to that over the whole batch.

    Raises:
        ValueError: the channels are not last, or the mask has another shape.
    """
    mask = ops.convert_to_tensor(mask)
    rank = len(x.shape)
    if axis not in (-1, rank - 1) or mask.shape != x.shape[:-1]:
        raise ValueError(
            "BatchNormalization: the mask has one entry for each position, channels being last. "
            f"Got input {x.shape}, mask {mask.shape}, axis {axis}; the mask must have shape {x.shape[:-1]}."
        )
    weights = ops.expand_dims(ops.cast(ops.cast(mask, "bool"), x.dtype), -1)
    axes = tuple(range(rank - 1))
    total = total_of(ops.sum(weights)) + config.epsilon()  # without any entry, mean and variance are 0
    mean = total_of(ops.sum(x * weights, axis=axes)) / total
    variance = total_of(ops.sum(ops.square(x - mean) * weights, axis=axes)) / total
    return mean, variance


class LayerNormalization(_Normalization):
    """Normalize each sample over its features: y = gamma (x - mean) / sqrt(variance + epsilon) + beta (Ba et al. 2016).

    Args:
        axis: The normalized axis or axes; gamma and beta have their lengths.
        epsilon: Added to the variance.
        center, scale: Whether there is a beta, a gamma.
        beta_initializer, gamma_initializer: Name or Initializer.
        beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: As for every weight.

    Shapes: any, the same out.

    Raises:
        TypeError: `axis` is no int and no list of ints.
        ValueError: `epsilon` is no number of at least 0; when called, the axis does not exist.

    >>> LayerNormalization()(np.array([[1.0, 3.0]])).numpy().round(2)
    array([[-1.,  1.]], dtype=float32)
    """

    def __init__(self, axis: int | Sequence[int] = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
                 beta_initializer: InitializerLike = "zeros", gamma_initializer: InitializerLike = "ones",
                 beta_regularizer: RegularizerLike = None, gamma_regularizer: RegularizerLike = None,
                 beta_constraint: ConstraintLike = None, gamma_constraint: ConstraintLike = None,
                 **kwargs: Any) -> None:
        if kwargs.pop("rms_scaling", False):
            raise ValueError(
                "LayerNormalization: rms_scaling=True is deprecated in Keras and not supported; use RMSNormalization"
            )
        super().__init__(check_axis(axis, "LayerNormalization"), epsilon, center, scale, beta_initializer,
                         gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint,
                         **kwargs)

    def build(self, input_shape: Shape) -> None:
        self._add_parameters(_lengths(self, input_shape))

    def call(self, x: Tensor) -> Tensor:
        return ops.layer_normalization(x, self.gamma, self.beta, self.axis, self.epsilon)

    def get_config(self) -> Config:
        return {**super().get_config(), "rms_scaling": False}


class GroupNormalization(_Normalization):
    """Normalize each group of channels of each sample, over all of its pixels (Wu and He 2018).

    Args:
        groups: How many groups of neighbouring channels; 1 takes all channels together, -1 each by itself (instance
            normalization).
        axis: The channels' axis.
        epsilon: Added to the variance.
        center, scale: Whether there is a beta, a gamma: one number a channel.
        beta_initializer, gamma_initializer: Name or Initializer.
        beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: As for every weight.

    Shapes: (batch, ..., channels), the same out; gamma and beta (channels,).

    Raises:
        ValueError: `groups` is neither positive nor -1; when called, the channels do not split into so many groups.

    >>> GroupNormalization(2)(np.arange(8.0).reshape(1, 2, 4)).numpy()[0, 0].round(2)
    array([-1.21, -0.73, -1.21, -0.73], dtype=float32)
    """

    def __init__(self, groups: int = 32, axis: int = -1, epsilon: float = 1e-3, center: bool = True,
                 scale: bool = True, beta_initializer: InitializerLike = "zeros",
                 gamma_initializer: InitializerLike = "ones", beta_regularizer: RegularizerLike = None,
                 gamma_regularizer: RegularizerLike = None, beta_constraint: ConstraintLike = None,
                 gamma_constraint: ConstraintLike = None, **kwargs: Any) -> None:
        if isinstance(groups, bool) or not isinstance(groups, int) or groups <= 0 and groups != -1:
            raise ValueError(
                f"GroupNormalization: groups must be a positive int, or -1 for a group to each channel; got {groups!r}"
            )
        super().__init__(axis, epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer,
                         gamma_regularizer, beta_constraint, gamma_constraint, **kwargs)
        self.groups = groups

    def build(self, input_shape: Shape) -> None:
        (channels,) = _lengths(self, input_shape)
        if self.groups == -1:
            self.groups = channels
        if channels % self.groups:
            raise ValueError(
                f"GroupNormalization: {channels} channels do not split into {self.groups} groups. "
                f"Got input {tuple(input_shape)}, axis {self.axis}. Choose groups from the divisors of {channels}."
            )
        self._add_parameters((channels,))

    def call(self, x: Tensor) -> Tensor:
        return ops.group_normalization(x, self.groups, self.gamma, self.beta, self.axis, self.epsilon)

    def get_config(self) -> Config:
        return {**super().get_config(), "groups": self.groups}


class RMSNormalization(Layer):
    """Divide by the root of the mean of squares: y = scale x / sqrt(mean(x^2) + epsilon) (Zhang and Sennrich 2019).

    Args:
        axis: The normalized axis or axes.
        epsilon: Added to the mean of squares.

    Shapes: any, the same out; scale has the lengths of `axis`.

    Raises:
        TypeError: `axis` is no int and no list of ints.
        ValueError: `epsilon` is no number of at least 0; when called, the axis does not exist.

    >>> RMSNormalization()(np.array([[3.0, -4.0]])).numpy().round(3)
    array([[ 0.849, -1.131]], dtype=float32)
    """

    def __init__(self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = check_axis(axis, "RMSNormalization")
        self.epsilon = float(number(epsilon, type(self).__name__, "epsilon", 0))
        self.scale: Variable | None = None

    def build(self, input_shape: Shape) -> None:
        self.scale = self.add_weight(_lengths(self, input_shape), "ones", name="scale")

    def call(self, x: Tensor) -> Tensor:
        return ops.rms_normalization(x, self.scale, self.axis, self.epsilon)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        _lengths(self, input_shape)
        return tuple(input_shape)

    def get_config(self) -> Config:
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}


class UnitNormalization(Layer):
    """Divide by the length: y = x / sqrt(sum of x^2), so that vectors have length 1.

    Args:
        axis: The axis or axes along which a vector lies.

    Shapes: any, the same out.

    Raises:
        TypeError: `axis` is no int and no list of ints.
        ValueError: when called, the axis does not exist.

    >>> UnitNormalization()(np.array([[3.0, -4.0]])).numpy()
    array([[ 0.6, -0.8]], dtype=float32)
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = check_axis(axis, "UnitNormalization")
        self.supports_masking = True

    def call(self, x: Tensor) -> Tensor:
        return ops.normalize(x, self.axis, order=2, epsilon=1e-12)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        for axis in self.axis if isinstance(self.axis, list) else [self.axis]:
            if not -len(input_shape) <= axis < len(input_shape):
                raise ValueError(f"UnitNormalization: axis {axis} does not exist. Got input {tuple(input_shape)}.")
        return tuple(input_shape)

    def get_config(self) -> Config:
        return {**super().get_config(), "axis": self.axis}
