"""The fully connected layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import activations
from ..core.checks import positive_int
from ..core.old_names import WEIGHTS, old_arguments
from ..ops.dense import dense
from .base import Layer
from .weight_spec import describe_weight, make_weight, weight_config

if TYPE_CHECKING:
    from ..core.types import Config, Shape
    from ..tensor import Tensor
    from ..variable import Variable
    from .weight_spec import ActivationLike, ConstraintLike, InitializerLike, RegularizerLike

# Activations that the dense kernel applies itself, while the result is still in the cache.
FUSED = {activations.linear: "linear", activations.relu: "relu", activations.sigmoid: "sigmoid",
         activations.tanh: "tanh"}


@old_arguments(output_dim="units", **WEIGHTS)
class Dense(Layer):
    """y = activation(x . kernel + bias), on the last axis of x.

    Args:
        units: Length of the output's last axis.
        activation: Name or function; None for none.
        use_bias: Whether to add a bias.
        kernel_initializer, bias_initializer: First values: name or Initializer.
        kernel_regularizer, bias_regularizer, activity_regularizer: Penalties added to the loss.
        kernel_constraint, bias_constraint: Applied to the weights after each training step.
        lora_rank, lora_alpha, quantization_config: Keras has these; tinynet does not.

    Shapes: (batch, ..., features) -> (batch, ..., units); kernel (features, units), bias (units,).

    Raises:
        TypeError: `units` is no int.
        ValueError: `units` is below 1, or one of the last three arguments is given; when called, the input has
            another number of features than the first one had.

    >>> Dense(10)(np.ones((2, 784))).shape
    (2, 10)

    >>> Dense(1, kernel_initializer="ones")(np.array([[1.0, 2.0, 3.0]])).numpy()
    array([[6.]], dtype=float32)
    """

    def __init__(self, units: int, activation: ActivationLike = None, use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
                 kernel_regularizer: RegularizerLike = None, bias_regularizer: RegularizerLike = None,
                 activity_regularizer: RegularizerLike = None, kernel_constraint: ConstraintLike = None,
                 bias_constraint: ConstraintLike = None, lora_rank: None = None, lora_alpha: None = None,
                 quantization_config: None = None, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.supports_masking = True
        if lora_rank is not None or lora_alpha is not None or quantization_config is not None:
            raise ValueError(
                "Dense: lora_rank, lora_alpha and quantization_config are for large pretrained models; tinynet has "
                "neither"
            )
        self.units = positive_int(units, "Dense", "units")
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        describe_weight(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        describe_weight(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self.kernel: Variable | None = None
        self.bias: Variable | None = None

    def build(self, input_shape: Shape) -> None:
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ValueError(
                f"Dense needs inputs of shape (batch, ..., features) with a known number of features, got {input_shape}"
            )
        self.kernel = make_weight(self, "kernel", (input_shape[-1], self.units))
        if self.use_bias:
            self.bias = make_weight(self, "bias", (self.units,))

    def call(self, x: Tensor) -> Tensor:
        fused = FUSED.get(self.activation)
        if fused is not None:
            return dense(x, self.kernel, self.bias, fused)
        return self.activation(dense(x, self.kernel, self.bias))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.units)

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            **weight_config(self, "kernel", "bias"),
            "quantization_config": None,
        }
