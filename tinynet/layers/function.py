"""A layer made of any function, and one that only adds a penalty."""

import inspect

from .. import regularizers
from ..core.nest import flatten
from .base import Layer


def _tuples(shape, first=()):
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
            from the input's shape to the output's; found out by calling the function if None.
        mask: The output's mask, or a function (inputs, mask) that returns it.
        arguments: Dict of further arguments for the function.

    >>> Lambda(lambda x: x * 2)(np.ones((1, 2), "float32")).numpy()
    array([[2., 2.]], dtype=float32)
    """

    def __init__(self, function, output_shape=None, mask=None, arguments=None, **kwargs):
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError(f"Lambda: expected a function, got {function!r} ({type(function).__name__})")
        self.function = function
        self.arguments = arguments or {}
        self.mask = mask
        self.supports_masking = mask is not None
        self._output_shape = output_shape if output_shape is None or callable(output_shape) else _tuples(output_shape)
        try:
            self._parameters = frozenset(inspect.signature(function).parameters)
        except ValueError:  # some built-in functions have no signature
            self._parameters = frozenset()

    def call(self, inputs, mask=None, training=None):
        kwargs = dict(self.arguments)
        if "mask" in self._parameters:
            kwargs["mask"] = mask
        if "training" in self._parameters:
            kwargs["training"] = training
        return self.function(inputs, **kwargs)

    def compute_mask(self, inputs, previous_mask=None):
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

    def compute_output_shape(self, input_shape):
        if self._output_shape is None:
            return super().compute_output_shape(input_shape)
        if callable(self._output_shape):
            return _tuples(self._output_shape(input_shape))
        return _tuples(self._output_shape, (flatten(input_shape)[0],))

    def get_config(self):
        """The function itself is in the configuration: it can be copied, but not be written to a file, since tinynet's
        model files contain no code.
        """
        configuration = {**super().get_config(), "function": self.function, "arguments": self.arguments}
        for key, value in (("output_shape", self._output_shape), ("mask", self.mask)):
            if value is not None:
                configuration[key] = value
        return configuration

    @classmethod
    def from_config(cls, config):
        """A layer from what `get_config` returned; a function of tinynet, or a registered one, may be there by name."""
        if isinstance(config["function"], dict):
            from ..serialization import deserialize_keras_object

            config = {**config, "function": deserialize_keras_object(config["function"])}
        return cls(**config)


class ActivityRegularization(Layer):
    """Pass the input on, and add a penalty on it to the loss: l1 sum|x| + l2 sum x^2, divided by the batch size.

    Args:
        l1: Factor of the sum of absolute values.
        l2: Factor of the sum of squares.
    """

    def __init__(self, l1=0.0, l2=0.0, **kwargs):
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.supports_masking = True
        self.l1 = l1
        self.l2 = l2

    def call(self, x):
        return x

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        configuration = {**super().get_config(), "l1": self.l1, "l2": self.l2}
        configuration.pop("activity_regularizer", None)  # it follows from l1 and l2
        return configuration
