"""Layers without weights that start a model or apply a function."""

import numpy as np

from .. import activations
from ..core.absence import explainer
from ..core.naming import auto_name
from ..symbolic import KerasTensor, Node
from .base import Layer


def Input(shape=None, batch_size=None, dtype=None, sparse=None, ragged=None, batch_shape=None,  # noqa: N802
          name=None, tensor=None, optional=False):
    """The start of a model: what one sample looks like.

    Args:
        shape: Shape of one sample, without the batch axis.
        batch_size: Only if it is fixed.
        dtype: Element type; `floatx()` if None.
        sparse, ragged, tensor, optional: Keras has these; tinynet has not, and says so.
        batch_shape: Shape with the batch axis, instead of `shape`.
        name: Of the input.

    Returns:
        A KerasTensor: the first entry of a Sequential model, or what layers are called on to make a graph.

    >>> Input((28, 28)).shape
    (None, 28, 28)
    """
    layer = InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name)
    return layer.output


def _batch_shape(shape, batch_size, batch_shape):
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
    return full


class InputLayer(Layer):
    """`Input` as a layer, which old code adds to a Sequential model. It computes nothing.

    Args:
        shape: Shape of one sample (input_shape= is understood too).
        batch_size, dtype, batch_shape, name: As for `Input`.
    """

    def __init__(self, shape=None, batch_size=None, dtype=None, sparse=False, ragged=False, batch_shape=None,
                 input_tensor=None, optional=False, name=None, input_shape=None, **kwargs):
        super().__init__(name=name or auto_name("input_layer"), dtype=dtype)
        for argument, given, instead in (
            ("sparse", sparse, "tinynet has no sparse tensors; pass dense arrays"),
            ("ragged", ragged, "tinynet has no ragged tensors; pad the sequences (utils.pad_sequences)"),
            ("tensor", input_tensor is not None, "call the layers on that tensor itself"),
            ("optional", optional, "every input of a model must be given; pass zeros and a flag for what is missing"),
        ):
            if given:
                raise ValueError(f"Input: {argument}={given!r} is not supported: {instead}")
        if shape is None and batch_shape is None:
            shape, batch_shape = input_shape, kwargs.pop("batch_input_shape", None)
        if kwargs:
            raise TypeError(f"InputLayer: unknown argument {', '.join(map(repr, kwargs))}")
        self.batch_shape = self.batch_input_shape = _batch_shape(shape, batch_size, batch_shape)
        self.built = True
        self.supports_masking = True
        Node(self, (), {}, KerasTensor(self.batch_shape, self.dtype, self.name))

    def call(self, x):
        return x

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {"batch_shape": self.batch_shape, "dtype": self.dtype, "sparse": False, "ragged": False,
                "name": self.name, "optional": False}


class Activation(Layer):
    """Apply a function to every element.

    Args:
        activation: Name of an activation ('relu', 'softmax', ...) or a function of a Tensor.
    """

    def __init__(self, activation, **kwargs):
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.supports_masking = True

    def call(self, x):
        return self.activation(x)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


class Identity(Layer):
    """Return the input."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, x):
        return x

    def compute_output_shape(self, input_shape):
        return input_shape


__getattr__ = explainer(__name__)  # `from tinynet.keras.layers.core import Dense`, where Keras 2 had it
