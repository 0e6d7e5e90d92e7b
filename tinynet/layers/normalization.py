"""Layers that bring their inputs to mean 0 and variance 1."""

from .. import config, constraints, initializers, ops, regularizers
from ..core.checks import number
from .base import Layer


class _Normalization(Layer):
    """What the layers share: an axis, a scale gamma and an offset beta.

    Args:
        axis: What has a gamma and a beta of its own.
        epsilon: Added to the variance.
        center: Whether to add beta.
        scale: Whether to multiply by gamma.
        beta_initializer, gamma_initializer: Name or Initializer.
        beta_regularizer, gamma_regularizer: Penalties added to the loss.
        beta_constraint, gamma_constraint: Applied after each training step.
    """

    def __init__(self, axis=-1, epsilon=1e-3, center=True, scale=True, beta_initializer="zeros",
                 gamma_initializer="ones", beta_regularizer=None, gamma_regularizer=None, beta_constraint=None,
                 gamma_constraint=None, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis
        self.epsilon = float(number(epsilon, type(self).__name__, "epsilon", 0))
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.supports_masking = True
        self.gamma = self.beta = None

    def _add_parameters(self, shape):
        if self.scale:
            self.gamma = self.add_weight(shape, self.gamma_initializer, name="gamma",
                                         regularizer=self.gamma_regularizer, constraint=self.gamma_constraint)
        if self.center:
            self.beta = self.add_weight(shape, self.beta_initializer, name="beta", regularizer=self.beta_regularizer,
                                        constraint=self.beta_constraint)

    def compute_output_shape(self, input_shape):
        _lengths(self, input_shape)
        return tuple(input_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            "beta_regularizer": regularizers.serialize(self.beta_regularizer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
            "beta_constraint": constraints.serialize(self.beta_constraint),
            "gamma_constraint": constraints.serialize(self.gamma_constraint),
        }


def _lengths(layer, input_shape):
    """The input's lengths along the layer's axis or axes, in increasing order of the axes."""
    rank = len(input_shape)
    axes = layer.axis if isinstance(layer.axis, list | tuple) else [layer.axis]
    for axis in axes:
        if not -rank <= axis < rank:
            raise ValueError(
                f"{type(layer).__name__}: axis {axis} does not exist. Got input {tuple(input_shape)}, "
                f"axis={layer.axis}."
            )
    lengths = tuple(input_shape[axis] for axis in sorted(axis % rank for axis in axes))
    if None in lengths:
        raise ValueError(
            f"{type(layer).__name__}: the length of axis {layer.axis} must be known. Got input {tuple(input_shape)}."
        )
    return lengths


def _axis_argument(axis, owner):
    if isinstance(axis, list | tuple):
        return list(axis)
    if isinstance(axis, bool) or not hasattr(axis, "__index__"):
        raise TypeError(f"{owner}: axis must be an int or a list of ints, got {axis!r}")
    return int(axis)


class BatchNormalization(_Normalization):
    """Normalize each channel: by the batch's mean and variance in training, by their moving averages otherwise.

    training:   y = gamma (x - mean) / sqrt(variance + epsilon) + beta, mean and variance over all axes but `axis`;
                moving = momentum moving + (1 - momentum) batch, the variance as it is (divided by m, not m - 1)
    otherwise:  the same formula with moving_mean and moving_variance

    (Ioffe and Szegedy, ICML 2015. The paper's own estimate for prediction, the average over many mini-batches with
    m / (m - 1), is `tinynet.batchnorm.estimate_population`.) A layer with trainable = False normalizes by the moving
    averages in training too, and leaves them alone.

    Args:
        axis: The channels' axis: -1, or 1 for channels_first.
        momentum: How much of the moving averages stays in each training step.
        epsilon, center, scale, ...: See the other normalizations; beta and gamma have one number a channel.
        moving_mean_initializer, moving_variance_initializer: Name or Initializer.
        renorm, synchronized: Not supported.

    Call arguments:
        mask: bool, shape of the input without the channels, the channels being last: what is False does not count in
            the mean and variance of training. It is normalized like the rest.

    Shapes: any with two axes or more, the same out; gamma, beta, moving_mean, moving_variance (channels,).

    >>> layer = BatchNormalization(momentum=0.5)
    >>> x = np.array([[1.0], [3.0]], "float32")
    >>> layer(x, training=True).numpy().round(2).ravel()
    array([-1.,  1.], dtype=float32)
    >>> layer.moving_mean.numpy(), layer.moving_variance.numpy()
    (array([1.], dtype=float32), array([1.], dtype=float32))
    """

    def __init__(self, axis=-1, momentum=0.99, epsilon=1e-3, center=True, scale=True, beta_initializer="zeros",
                 gamma_initializer="ones", moving_mean_initializer="zeros", moving_variance_initializer="ones",
                 beta_regularizer=None, gamma_regularizer=None, beta_constraint=None, gamma_constraint=None,
                 renorm=False, renorm_clipping=None, renorm_momentum=0.99, synchronized=False, **kwargs):
        if isinstance(axis, list | tuple) and len(axis) == 1:
            axis = axis[0]  # as tf.keras 2 wrote it in its configurations
        if isinstance(axis, bool) or not hasattr(axis, "__index__"):
            raise TypeError(f"BatchNormalization: axis must be an int, the channels' axis; got {axis!r}")
        if renorm or renorm_clipping:
            raise ValueError("BatchNormalization: renorm (batch renormalization) is not supported; use renorm=False")
        if synchronized:
            raise ValueError(
                "BatchNormalization: synchronized=True is for training on several devices; tinynet uses one"
            )
        super().__init__(int(axis), epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer,
                         gamma_regularizer, beta_constraint, gamma_constraint, **kwargs)
        self.momentum = float(number(momentum, "BatchNormalization", "momentum", 0, 1))
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.renorm_momentum = renorm_momentum
        self.moving_mean = self.moving_variance = None
        self._observer = None  # tinynet.batchnorm looks at the batches' statistics through it

    def build(self, input_shape):
        if len(input_shape) < 2:
            raise ValueError(
                f"BatchNormalization needs inputs of shape (batch, ..., channels), got {tuple(input_shape)}"
            )
        shape = _lengths(self, input_shape)
        self._add_parameters(shape)
        self.moving_mean = self.add_weight(shape, self.moving_mean_initializer, trainable=False, name="moving_mean")
        self.moving_variance = self.add_weight(shape, self.moving_variance_initializer, trainable=False,
                                               name="moving_variance")

    def call(self, x, training=None, mask=None):
        if self._observer is None and not (training and self._trainable):
            return ops.batch_norm_with(x, self.moving_mean, self.moving_variance, self.gamma, self.beta, self.epsilon,
                                       self.axis)
        channels = self.moving_mean.data.shape[0]
        if x.data.shape[self.axis] != channels:
            raise ValueError(
                f"BatchNormalization was built for {channels} channels on axis {self.axis}. Got input {x.data.shape}."
            )
        if mask is None:
            y, mean, variance = ops.batch_norm(x, self.gamma, self.beta, self.epsilon, self.axis)
        else:
            mean, variance = _masked_moments(x, mask, self.axis)
            y = ops.batch_normalization(x, mean, variance, self.axis, self.beta, self.gamma, self.epsilon)
        if self._observer is not None:
            self._observer(self, mean.data, variance.data, x.data.size // channels)
        else:
            self.update_moving_averages(mean, variance)
        return y

    def update_moving_averages(self, mean, variance):
        """Move the moving averages towards the mean and the variance of a batch, Tensors of shape (channels,)."""
        new = 1.0 - self.momentum  # straight to the arrays: 2 us less than assign(), in every training step
        self.moving_mean.data = self.momentum * self.moving_mean.data + new * mean.data
        self.moving_variance.data = self.momentum * self.moving_variance.data + new * variance.data

    def get_config(self):
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "moving_mean_initializer": initializers.serialize(self.moving_mean_initializer),
            "moving_variance_initializer": initializers.serialize(self.moving_variance_initializer),
            "synchronized": False,
            "renorm": False,
            "renorm_clipping": None,
            "renorm_momentum": self.renorm_momentum,
        }


def _masked_moments(x, mask, axis):
    """Mean and variance of each channel over the places where the mask is True."""
    mask = ops.convert_to_tensor(mask)
    rank = len(x.shape)
    if axis not in (-1, rank - 1) or mask.shape != x.shape[:-1]:
        raise ValueError(
            "BatchNormalization: the mask has one entry for each place, channels being last. Got input "
            f"{x.shape}, mask {mask.shape}, "
            f"axis {axis}; the mask must have shape {x.shape[:-1]}."
        )
    weights = ops.expand_dims(ops.cast(ops.cast(mask, "bool"), x.dtype), -1)
    axes = tuple(range(rank - 1))
    total = ops.sum(weights) + config.epsilon()  # of no place at all, mean and variance are 0
    mean = ops.sum(x * weights, axis=axes) / total
    variance = ops.sum(ops.square(x - mean) * weights, axis=axes) / total
    return mean, variance


class LayerNormalization(_Normalization):
    """Normalize each sample over its features: y = gamma (x - mean) / sqrt(variance + epsilon) + beta (Ba et al. 2016).

    Args:
        axis: The normalized axis or axes, which gamma and beta have the shape of.
        epsilon: Added to the variance.
        center, scale: Whether there is a beta, a gamma.
        beta_initializer, gamma_initializer: Name or Initializer.
        beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: As for every weight.

    Shapes: any, the same out.
    """

    def __init__(self, axis=-1, epsilon=1e-3, center=True, scale=True, beta_initializer="zeros",
                 gamma_initializer="ones", beta_regularizer=None, gamma_regularizer=None, beta_constraint=None,
                 gamma_constraint=None, **kwargs):
        if kwargs.pop("rms_scaling", False):
            raise ValueError(
                "LayerNormalization: rms_scaling=True is deprecated in Keras and not supported; use RMSNormalization"
            )
        super().__init__(_axis_argument(axis, "LayerNormalization"), epsilon, center, scale, beta_initializer,
                         gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint,
                         **kwargs)

    def build(self, input_shape):
        self._add_parameters(_lengths(self, input_shape))

    def call(self, x):
        return ops.layer_normalization(x, self.gamma, self.beta, self.axis, self.epsilon)

    def get_config(self):
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

    Shapes: (batch, ..., channels), the same out.
    """

    def __init__(self, groups=32, axis=-1, epsilon=1e-3, center=True, scale=True, beta_initializer="zeros",
                 gamma_initializer="ones", beta_regularizer=None, gamma_regularizer=None, beta_constraint=None,
                 gamma_constraint=None, **kwargs):
        if isinstance(groups, bool) or not isinstance(groups, int) or groups <= 0 and groups != -1:
            raise ValueError(
                f"GroupNormalization: groups must be a positive int, or -1 for a group to each channel; got {groups!r}"
            )
        super().__init__(axis, epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer,
                         gamma_regularizer, beta_constraint, gamma_constraint, **kwargs)
        self.groups = groups

    def build(self, input_shape):
        (channels,) = _lengths(self, input_shape)
        if self.groups == -1:
            self.groups = channels
        if channels % self.groups:
            raise ValueError(
                f"GroupNormalization: {channels} channels do not split into {self.groups} groups. Got input "
                f"{tuple(input_shape)}, "
                f"axis {self.axis}. Choose groups from the divisors of {channels}."
            )
        self._add_parameters((channels,))

    def call(self, x):
        return ops.group_normalization(x, self.groups, self.gamma, self.beta, self.axis, self.epsilon)

    def get_config(self):
        return {**super().get_config(), "groups": self.groups}


class RMSNormalization(Layer):
    """Divide by the root of the mean of squares: y = scale x / sqrt(mean(x^2) + epsilon) (Zhang and Sennrich 2019).

    Args:
        axis: The normalized axis or axes.
        epsilon: Added to the mean of squares.

    Shapes: any, the same out.
    """

    def __init__(self, axis=-1, epsilon=1e-6, **kwargs):
        super().__init__(**kwargs)
        self.axis = _axis_argument(axis, "RMSNormalization")
        self.epsilon = float(number(epsilon, type(self).__name__, "epsilon", 0))
        self.scale = None

    def build(self, input_shape):
        self.scale = self.add_weight(_lengths(self, input_shape), "ones", name="scale")

    def call(self, x):
        return ops.rms_normalization(x, self.scale, self.axis, self.epsilon)

    def compute_output_shape(self, input_shape):
        _lengths(self, input_shape)
        return tuple(input_shape)

    def get_config(self):
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}


class UnitNormalization(Layer):
    """Divide by the length: y = x / sqrt(sum of x^2), so that vectors have length 1.

    Args:
        axis: The axis or axes along which a vector lies.

    Shapes: any, the same out.
    """

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.axis = _axis_argument(axis, "UnitNormalization")
        self.supports_masking = True

    def call(self, x):
        return ops.normalize(x, self.axis, order=2, epsilon=1e-12)

    def compute_output_shape(self, input_shape):
        for axis in self.axis if isinstance(self.axis, list) else [self.axis]:
            if not -len(input_shape) <= axis < len(input_shape):
                raise ValueError(f"UnitNormalization: axis {axis} does not exist. Got input {tuple(input_shape)}.")
        return tuple(input_shape)

    def get_config(self):
        return {**super().get_config(), "axis": self.axis}
