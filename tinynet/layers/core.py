"""Layers without weights that start a model or apply a function."""

import numpy as np

from .. import activations, config
from ..naming import auto_name
from .base import Layer


class KerasTensor:
    """A tensor without values: what `Input` returns, the start of a model's description.

    Attributes:
        shape: With None for the batch axis and for axes of any length.
        dtype: Element type, a string.
        name: Of the input.
    """

    def __init__(self, shape, dtype="float32", name=None):
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype).name
        self.name = name or auto_name("keras_tensor")

    def __repr__(self):
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


def Input(shape=None, batch_size=None, dtype=None, batch_shape=None, name=None):  # noqa: N802 (Keras's name)
    """Say what one sample looks like, as the first entry of a Sequential model.

    Args:
        shape: Shape of one sample, without the batch axis.
        batch_size: Only if it is fixed.
        dtype: Element type; `floatx()` if None.
        batch_shape: Shape with the batch axis, instead of `shape`.
        name: Of the input.

    Returns:
        A KerasTensor.

    >>> Input((28, 28)).shape
    (None, 28, 28)
    """
    if (shape is None) == (batch_shape is None):
        raise ValueError("Input: give either shape (of one sample) or batch_shape")
    if isinstance(shape, int | np.integer):
        raise ValueError(
            f"Input: shape must be a tuple, got {shape!r}; for {shape} features write Input(shape=({shape},))"
        )
    full = tuple(batch_shape) if batch_shape is not None else (batch_size, *shape)
    for extent in full:
        if extent is not None and (isinstance(extent, bool) or not isinstance(extent, int | np.integer) or extent < 0):
            raise ValueError(f"Input: every length must be None or an int >= 0, got {extent!r} in {full}")
    return KerasTensor(full, dtype or config.floatx(), name or auto_name("input_layer"))


class InputLayer(Layer):
    """`Input` as a layer, which old code adds to a Sequential model. It computes nothing.

    Args:
        shape: Shape of one sample (input_shape= is understood too).
        batch_size, dtype, batch_shape, name: As for `Input`.
    """

    def __init__(self, shape=None, batch_size=None, dtype=None, batch_shape=None, input_shape=None, name=None,
                 **kwargs):
        super().__init__(name=name, dtype=dtype)
        if shape is None and batch_shape is None:
            shape, batch_shape = input_shape, kwargs.pop("batch_input_shape", None)
        if kwargs:
            raise TypeError(f"InputLayer: unknown argument {', '.join(map(repr, kwargs))}")
        tensor = Input(shape, batch_size, dtype, batch_shape, self.name)
        self.batch_shape = self.batch_input_shape = tensor.shape
        self.built = True

    def call(self, x):
        return x

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {"batch_shape": self.batch_shape, "dtype": self.dtype, "name": self.name}


class Activation(Layer):
    """Apply a function to every element.

    Args:
        activation: Name of an activation ('relu', 'softmax', ...) or a function of a Tensor.
    """

    def __init__(self, activation, **kwargs):
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, x):
        return self.activation(x)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


class Identity(Layer):
    """Return the input."""

    def call(self, x):
        return x

    def compute_output_shape(self, input_shape):
        return input_shape
