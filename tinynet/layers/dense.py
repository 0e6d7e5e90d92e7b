"""The fully connected layer."""

import numpy as np

from .. import activations, constraints, initializers, ops, regularizers
from ..core.old_names import WEIGHTS, old_arguments
from ..tensor import Tensor
from .base import Layer

# Activations that the dense kernel applies itself, while the result is still in the cache.
FUSED = {activations.linear: "linear", activations.relu: "relu", activations.sigmoid: "sigmoid",
         activations.tanh: "tanh"}


def positive_int(value, owner, argument):
    """`value`, an int or a Tensor of one (`tf.reduce_prod(shape)`), as an int.

    Raises:
        TypeError, ValueError: it is not a positive whole number.
    """
    value = value.data if isinstance(value, Tensor) else value
    whole = isinstance(value, int | np.integer) or isinstance(value, np.ndarray) and value.shape == ()
    if isinstance(value, bool) or not whole or np.asarray(value).dtype.kind not in "iu":
        raise TypeError(f"{owner}: {argument} must be a positive int, got {value!r} ({type(value).__name__})")
    if value <= 0:
        raise ValueError(f"{owner}: {argument} must be a positive int, got {value}")
    return int(value)


@old_arguments(output_dim="units", **WEIGHTS)
class Dense(Layer):
    """y = activation(x . kernel + bias), on the last axis of x.

    Args:
        units: Length of the output's last axis.
        activation: Name or function; None for none.
        use_bias: Whether to add a bias.
        kernel_initializer, bias_initializer: Name or Initializer.
        kernel_regularizer, bias_regularizer, activity_regularizer: Penalties added to the loss.
        kernel_constraint, bias_constraint: Applied to the weights after each training step.

    Shapes: (batch, ..., features) -> (batch, ..., units); kernel (features, units), bias (units,).

    >>> Dense(10)(np.ones((2, 784))).shape
    (2, 10)
    """

    def __init__(self, units, activation=None, use_bias=True, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 kernel_constraint=None, bias_constraint=None, lora_rank=None, lora_alpha=None,
                 quantization_config=None, **kwargs):
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
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.kernel = self.bias = None

    def build(self, input_shape):
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ValueError(
                f"Dense needs inputs of shape (batch, ..., features) with a known number of features, got {input_shape}"
            )
        self.kernel = self.add_weight((input_shape[-1], self.units), self.kernel_initializer, name="kernel",
                                      regularizer=self.kernel_regularizer, constraint=self.kernel_constraint)
        if self.use_bias:
            self.bias = self.add_weight((self.units,), self.bias_initializer, name="bias",
                                        regularizer=self.bias_regularizer, constraint=self.bias_constraint)

    def call(self, x):
        fused = FUSED.get(self.activation)
        if fused is not None:
            return ops.dense(x, self.kernel, self.bias, fused)
        return self.activation(ops.dense(x, self.kernel, self.bias))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
            "quantization_config": None,
        }
