"""A layer made of any function, and one that only adds a penalty."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import regularizers
from ..core.nest import flatten
from .base import Layer

if TYPE_CHECKING:
    from typing import Self

    from ..core.types import Config, Shape, Structure
    from ..tensor import Tensor


def _tuples(shape: Structure, first: tuple[Any, ...] = ()) -> Structure:
    """A shape, or a list, tuple or dict of shapes, each as a tuple that begins with `first`."""
    if isinstance(shape, dict):
        return {key: _tuples(part, first) for key, part in shape.items()}
    if len(shape) and isinstance(shape[0], list | tuple | dict):
        return type(shape)(_tuples(part, first) for part in shape)
    return (*first, *shape)


class Lambda(Layer):
    """A function as a layer. What the function computes must be made of `tinynet.ops` to have a gradient.

    A layer with weights is a subclass of `Layer` instead.

    Args:
        function: From a tensor (or a nested list of them) to a tensor; may also take `mask` and `training`.
        output_shape: Shape of one sample of the output (a list or dict of them for several outputs), or a function
            from the input's shape to the output's; found by calling the function if None.
        mask: The output's mask, or a function (inputs, mask) that returns it.
        arguments: Dict of further arguments for the function.

    Shapes: the function's.

    Raises:
        TypeError: `function` is no function.

    >>> Lambda(lambda x: x * 2)(np.ones((1, 2), "float32")).numpy()
    array([[2., 2.]], dtype=float32)
    """

    def __init__(self, function: Callable[..., Any], output_shape: Any = None, mask: Any = None,
                 arguments: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError(f"Lambda: expected a function, got {function!r} ({type(function).__name__})")
        self.function = function
        self.arguments = arguments or {}
        self.mask = mask
        self.supports_masking = mask is not None
        self._output_shape = output_shape if output_shape is None or callable(output_shape) else _tuples(output_shape)
        try:
            self._parameters: frozenset[str] = frozenset(inspect.signature(function).parameters)
        except ValueError:  # some built-in functions have no signature
            self._parameters = frozenset()

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        kwargs = dict(self.arguments)
        if "mask" in self._parameters:
            kwargs["mask"] = mask
        if "training" in self._parameters:
            kwargs["training"] = training
        return self.function(inputs, **kwargs)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

    def compute_output_shape(self, input_shape: Structure) -> Structure:
        if self._output_shape is None:
            return super().compute_output_shape(input_shape)
        if callable(self._output_shape):
            return _tuples(self._output_shape(input_shape))
        return _tuples(self._output_shape, (flatten(input_shape)[0],))

    def get_config(self) -> Config:
        """With the function itself: a copy has it, but no file, since tinynet's model files contain no code."""
        configuration = {**super().get_config(), "function": self.function, "arguments": self.arguments}
        for key, value in (("output_shape", self._output_shape), ("mask", self.mask)):
            if value is not None:
                configuration[key] = value
        return configuration

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """A layer from what `get_config` returned; a function of tinynet, or a registered one, may be given by name."""
        if isinstance(config["function"], dict):
            from ..serialization import deserialize_keras_object

            config = {**config, "function": deserialize_keras_object(config["function"])}
        return cls(**config)


class ActivityRegularization(Layer):
    """Return the input, and add a penalty on it to the loss: l1 sum|x| + l2 sum x^2, divided by the batch size.

    Args:
        l1: Factor of the sum of absolute values.
        l2: Factor of the sum of squares.

    Shapes: any, the same out.

    Raises:
        ValueError: a factor is no number of at least 0.

    >>> layer = ActivityRegularization(l2=0.5)
    >>> y = layer(np.array([[1.0, 3.0]]))
    >>> float(layer.losses[0])
    5.0
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.supports_masking = True
        self.l1 = l1
        self.l2 = l2

    def call(self, x: Tensor) -> Tensor:
        return x

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> Config:
        configuration = {**super().get_config(), "l1": self.l1, "l2": self.l2}
        configuration.pop("activity_regularizer", None)  # it follows from l1 and l2
        return configuration
