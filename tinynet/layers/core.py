"""Layers without weights that start a model or apply a function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import activations
from ..core.absence import explainer
from ..core.naming import auto_name
from ..string_tensor import is_text_type
from ..symbolic import KerasTensor, Node
from .base import Layer

if TYPE_CHECKING:
    from ..core.types import Config, DTypeLike, Shape, Structure
    from ..tensor import Tensor
    from .weight_spec import ActivationLike


def Input(shape: Shape | None = None, batch_size: int | None = None, dtype: DTypeLike = None,  # noqa: N802
          sparse: bool | None = None, ragged: bool | None = None, batch_shape: Shape | None = None,
          name: str | None = None, tensor: Any = None, optional: bool = False) -> KerasTensor:
    """The start of a model: what one sample looks like.

    Args:
        shape: Shape of one sample, without the batch axis; None for an axis of any length.
        batch_size: Only if it is fixed.
        dtype: Element type; `floatx()` if None; 'string' for text, of which TextVectorization or StringLookup make
            numbers.
        sparse, ragged, tensor, optional: Keras has these; tinynet does not, and raises an error with a remedy.
        batch_shape: Shape with the batch axis, instead of `shape`.
        name: Of the input.

    Returns:
        A KerasTensor: the first entry of a Sequential model, or what layers are called on to make a graph.

    Raises:
        ValueError: there is neither `shape` nor `batch_shape`, or both; a length is no int of at least 0.
    >>> Input((28, 28)).shape
    (None, 28, 28)
    """
    layer = InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name)
    return layer.output


def _batch_shape(shape: Any, batch_size: int | None, batch_shape: Any) -> Shape:
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
        shape, input_shape: Shape of one sample, under the new name or the old one.
        batch_size, dtype, batch_shape, name: As for `Input`.
        sparse, ragged, input_tensor, optional: Keras has these; tinynet does not.

    Shapes: the batch, the same out.

    Raises:
        TypeError: an argument is not known.
        ValueError: as for `Input`.

    >>> Sequential([InputLayer(shape=(4,)), Dense(2)]).output_shape
    (None, 2)
    """

    def __init__(self, shape: Shape | None = None, batch_size: int | None = None, dtype: DTypeLike = None,
                 sparse: bool | None = False, ragged: bool | None = False, batch_shape: Shape | None = None,
                 input_tensor: Any = None, optional: bool = False, name: str | None = None,
                 input_shape: Shape | None = None, **kwargs: Any) -> None:
        super().__init__(name=name or auto_name("input_layer"), dtype=None if is_text_type(dtype) else dtype)
        if is_text_type(dtype):
            self._dtype = np.dtype(object)
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

    @property
    def dtype(self) -> str:
        """Element type of the input, such as 'float32'; 'string' for text."""
        return "string" if is_text_type(self._dtype) else self._dtype.name

    def call(self, x: Tensor) -> Tensor:
        return x

    def compute_output_shape(self, input_shape: Structure) -> Structure:
        return input_shape

    def get_config(self) -> Config:
        return {"batch_shape": self.batch_shape, "dtype": self.dtype, "sparse": False, "ragged": False,
                "name": self.name, "optional": False}


class Activation(Layer):
    """Apply a function to every element.

    Args:
        activation: Name of an activation ('relu', 'softmax', ...) or a function of a Tensor.

    Shapes: any, the same out.

    Raises:
        ValueError: no activation has this name; the message proposes the nearest.

    >>> Activation("relu")(np.array([-1.0, 2.0])).numpy()
    array([0., 2.], dtype=float32)
    """

    def __init__(self, activation: ActivationLike, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.supports_masking = True

    def call(self, x: Tensor) -> Tensor:
        return self.activation(x)

    def compute_output_shape(self, input_shape: Structure) -> Structure:
        return input_shape

    def get_config(self) -> Config:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


class Identity(Layer):
    """Return the input.

    Shapes: any, the same out.

    >>> Identity()(np.array([1.0, 2.0])).numpy()
    array([1., 2.], dtype=float32)
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, x: Tensor) -> Tensor:
        return x

    def compute_output_shape(self, input_shape: Structure) -> Structure:
        return input_shape


__getattr__ = explainer(__name__)  # `from tinynet.keras.layers.core import Dense`, where Keras 2 had it
