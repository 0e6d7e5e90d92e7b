"""Activations as layers: those that have settings, or weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import ops
from ..core.checks import axis as check_axis
from ..core.checks import number
from ..core.errors import warn_user
from .base import Layer
from .weight_spec import describe_weight, make_weight, weight_config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..core.types import Config, Shape
    from ..tensor import Tensor
    from ..variable import Variable
    from .weight_spec import ConstraintLike, InitializerLike, RegularizerLike


class _ActivationLayer(Layer):
    """What the activations share: the output has the shape of the input, and its mask."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return tuple(input_shape)


class ReLU(_ActivationLayer):
    """x above the threshold, negative_slope (x - threshold) below it, at most max_value; max(0, x) with the defaults.

    Args:
        max_value: The largest output; None for no limit.
        negative_slope: The slope below the threshold.
        threshold: The input below which the slope is `negative_slope`.

    Shapes: any, the same out.

    Raises:
        ValueError: an argument is no number of at least 0.

    >>> ReLU(max_value=6)(np.array([-1.0, 2.0, 9.0], "float32")).numpy()
    array([0., 2., 6.], dtype=float32)
    """

    def __init__(self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else number(max_value, "ReLU", "max_value", 0)
        self.negative_slope = number(negative_slope, "ReLU", "negative_slope", 0)
        self.threshold = number(threshold, "ReLU", "threshold", 0)

    def call(self, x: Tensor) -> Tensor:
        return ops.relu(x, self.negative_slope, self.max_value, self.threshold)

    def get_config(self) -> Config:
        return {**super().get_config(), "max_value": self.max_value, "negative_slope": self.negative_slope,
                "threshold": self.threshold}


class LeakyReLU(_ActivationLayer):
    """x for x > 0, negative_slope x below (Maas et al. 2013).

    Args:
        negative_slope: The slope below 0. Old code calls it `alpha`, which is understood with a warning.

    Shapes: any, the same out.

    Raises:
        ValueError: `negative_slope` is no number of at least 0.

    >>> LeakyReLU(0.1)(np.array([-1.0, 2.0], "float32")).numpy()
    array([-0.1,  2. ], dtype=float32)
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        if "alpha" in kwargs:
            message = "LeakyReLU: alpha is called negative_slope since Keras 3; it is taken as that"
            warn_user(message, DeprecationWarning)
            negative_slope = kwargs.pop("alpha")
        super().__init__(**kwargs)
        self.negative_slope = number(negative_slope, "LeakyReLU", "negative_slope", 0)

    def call(self, x: Tensor) -> Tensor:
        return ops.leaky_relu(x, self.negative_slope)

    def get_config(self) -> Config:
        return {**super().get_config(), "negative_slope": self.negative_slope}


class ELU(_ActivationLayer):
    """x for x > 0, alpha (e^x - 1) below (Clevert et al. 2015).

    Args:
        alpha: Minus the limit for large negative inputs.

    Shapes: any, the same out.

    Raises:
        ValueError: `alpha` is no number.

    >>> ELU()(np.array([-1.0, 2.0], "float32")).numpy().round(3)
    array([-0.632,  2.   ], dtype=float32)
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = number(alpha, "ELU", "alpha")

    def call(self, x: Tensor) -> Tensor:
        return ops.elu(x, self.alpha)

    def get_config(self) -> Config:
        return {**super().get_config(), "alpha": self.alpha}


class PReLU(_ActivationLayer):
    """x for x > 0, alpha x below, with a learned alpha (He et al. 2015).

    Args:
        alpha_initializer: Name or Initializer of the slopes.
        alpha_regularizer, alpha_constraint: As for every weight.
        shared_axes: Axes along which there is one alpha, such as [1, 2] to have one for each channel of an image;
            otherwise each feature has its own.

    Shapes: any with known lengths, the same out; alpha has the shape of a sample, with 1 along the shared axes.

    Raises:
        ValueError: when called, a shared axis does not exist, or the length of another is not known.

    >>> PReLU(alpha_initializer="ones")(np.array([[-1.0, 2.0]])).numpy()
    array([[-1.,  2.]], dtype=float32)
    """

    def __init__(self, alpha_initializer: InitializerLike = "Zeros", alpha_regularizer: RegularizerLike = None,
                 alpha_constraint: ConstraintLike = None, shared_axes: int | Sequence[int] | None = None,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        describe_weight(self, "alpha", alpha_initializer, alpha_regularizer, alpha_constraint)
        self.shared_axes: Any = shared_axes
        if shared_axes is not None:
            self.shared_axes = list(shared_axes) if isinstance(shared_axes, list | tuple) else [shared_axes]
        self.alpha: Variable | None = None

    def build(self, input_shape: Shape) -> None:
        shape: list[Any] = list(input_shape[1:])
        for axis in self.shared_axes or ():
            if not 1 <= axis < len(input_shape):
                raise ValueError(f"PReLU: shared axis {axis} is none of a sample's axes, 1 to {len(input_shape) - 1}. "
                                 f"Got input {tuple(input_shape)}.")
            shape[axis - 1] = 1
        if None in shape:
            raise ValueError("PReLU: the lengths of all axes that are not shared must be known. "
                             f"Got input {tuple(input_shape)}.")
        self.alpha = make_weight(self, "alpha", tuple(shape))

    def call(self, x: Tensor) -> Tensor:
        weight: Any = self.alpha
        alpha, sample = weight.shape, x.shape[1:]
        if len(alpha) != len(sample) or any(one not in (1, length) for one, length in zip(alpha, sample, strict=True)):
            raise ValueError(f"PReLU: built with alpha of shape {alpha}, which does not fit input {x.shape}.")
        return ops.relu(x) - weight * ops.relu(-x)

    def get_config(self) -> Config:
        return {**super().get_config(), **weight_config(self, "alpha"), "shared_axes": self.shared_axes}


class Softmax(_ActivationLayer):
    """e^x / sum of e^x: positive numbers that sum to 1.

    Args:
        axis: int, or list of ints, along which they sum to 1.

    Call arguments:
        mask: bool, to be broadcast to the inputs: where it is False the result is 0, and the others sum to 1.

    Shapes: any, the same out.

    Raises:
        TypeError: `axis` is no int and no list of ints.
        ValueError: when called, the mask does not broadcast to the input.

    >>> Softmax()(np.zeros((1, 4), "float32"), mask=np.array([True, True, False, True])).numpy().round(3)
    array([[0.333, 0.333, 0.   , 0.333]], dtype=float32)
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = check_axis(axis, "Softmax")

    def call(self, x: Tensor, mask: Any = None) -> Tensor:
        if mask is not None:
            mask = _mask_for(x, mask)
            x = ops.where(mask, x, -1e9)  # finite, so that a row without any True is not NaN
        axis = self.axis
        if isinstance(axis, list) and len(axis) == 1:
            axis = axis[0]
        if isinstance(axis, list):
            y = ops.exp(x - ops.logsumexp(x, axis=tuple(axis), keepdims=True))
        else:
            y = ops.softmax(x, axis=axis)
        return y if mask is None else ops.where(mask, y, 0.0)

    def get_config(self) -> Config:
        return {**super().get_config(), "axis": self.axis}


def _mask_for(x: Tensor, mask: Any) -> Tensor:
    """The mask as bool: True, or more than 0.5.

    Raises:
        ValueError: it does not broadcast to x.
    """
    mask = ops.convert_to_tensor(mask)
    shape = mask.shape
    if len(shape) > len(x.shape) or any(m not in (1, n) for m, n in zip(shape[::-1], x.shape[::-1], strict=False)):
        raise ValueError(f"Softmax: the mask must broadcast to the input. Got input {x.shape}, mask {shape}.")
    return mask if mask.data.dtype == bool else mask > 0.5
