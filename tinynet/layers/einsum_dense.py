"""A dense layer along any axes, said by Einstein's summation."""

from .. import activations, ops
from .base import Layer
from .weight_spec import describe_weight, make_weight, weight_config


class EinsumDense(Layer):
    """y = activation(einsum(equation, x, kernel) + bias).

    Args:
        equation: As for `ops.einsum`, such as 'abc,cd->abd'; '...' stands for any axes in front.
        output_shape: Shape of one sample of the output; None for lengths that the input has.
        activation: Name or function.
        bias_axes: The output's letters that the bias has, such as 'd'; no bias if None.
        kernel_initializer, bias_initializer, kernel_regularizer, ...: For the weights.

    >>> EinsumDense("abc,cd->abd", output_shape=(None, 64), bias_axes="d")(np.ones((2, 32, 128))).shape
    (2, 32, 64)
    """

    def __init__(self, equation, output_shape, activation=None, bias_axes=None, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", kernel_regularizer=None, bias_regularizer=None, kernel_constraint=None,
                 bias_constraint=None, **kwargs):
        for name in ("lora_rank", "lora_alpha", "gptq_unpacked_column_size", "quantization_config"):
            if kwargs.pop(name, None) is not None:
                raise ValueError(f"EinsumDense: {name} is for large pretrained models; tinynet does not have it")
        super().__init__(**kwargs)
        self.equation = equation.replace(" ", "")
        left, arrow, self._out = self.equation.partition("->")
        self._in, comma, self._kernel = left.partition(",")
        if not arrow or not comma or "," in self._kernel:
            raise ValueError(f"EinsumDense: the equation must look like 'ab,bc->ac', got {equation!r}")
        self.partial_output_shape = (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        self.bias_axes = bias_axes
        self.activation = activations.get(activation)
        describe_weight(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        describe_weight(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self.kernel = self.bias = None

    def _lengths(self, input_shape):
        """The length of each letter, and the output's shape."""
        def named(letters, shape):
            if "..." not in letters:
                if len(letters) != len(shape):
                    raise ValueError(
                        f"EinsumDense: {self.equation!r} gives {len(letters)} axes to a shape {tuple(shape)}"
                    )
                return dict(zip(letters, shape, strict=True)), ()
            before, after = letters.split("...")
            middle = shape[len(before):len(shape) - len(after)]
            return {**dict(zip(before, shape, strict=False)),
                    **(dict(zip(after, shape[len(shape) - len(after):], strict=True)) if after else {})}, middle

        lengths, middle = named(self._in, input_shape)
        letters = self._out.replace("...", "")
        given = self.partial_output_shape[max(0, len(self.partial_output_shape) - len(letters)):]
        letters_of_given = letters[len(letters) - len(given):]
        for letter, length in zip(letters_of_given, given, strict=True):
            known = lengths.get(letter)
            if length is not None and known is not None and known != length:
                raise ValueError(
                    f"EinsumDense: output_shape {self.partial_output_shape} says {letter} = {length}, the input "
                    f"{tuple(input_shape)} {known} ({self.equation!r})"
                )
            lengths[letter] = length if length is not None else known
        shape = []
        for part in self._out.replace("...", "."):
            shape += middle if part == "." else [lengths.get(part)]
        return lengths, tuple(shape)

    def build(self, input_shape):
        lengths, _ = self._lengths(input_shape)
        shape = tuple(lengths.get(letter) for letter in self._kernel)
        if None in shape:
            raise ValueError(
                f"EinsumDense: the kernel's shape {shape} is not known from the input {tuple(input_shape)} and "
                f"output_shape {self.partial_output_shape} ({self.equation!r})"
            )
        self.kernel = make_weight(self, "kernel", shape)
        if self.bias_axes is not None:
            letters = self._out.replace("...", "")
            unknown = set(self.bias_axes) - set(letters)
            if unknown:
                raise ValueError(f"EinsumDense: bias_axes {self.bias_axes!r} are not all in {self._out!r}")
            first = min(letters.index(letter) for letter in self.bias_axes)
            shape = tuple(lengths[letter] if letter in self.bias_axes else 1 for letter in letters[first:])
            self.bias = make_weight(self, "bias", shape)

    def call(self, x):
        y = ops.einsum(self.equation, x, self.kernel)
        return self.activation(y if self.bias is None else y + self.bias)

    def compute_output_shape(self, input_shape):
        return self._lengths(input_shape)[1]

    def get_config(self):
        return {
            **super().get_config(),
            "output_shape": self.partial_output_shape,
            "equation": self.equation,
            "activation": activations.serialize(self.activation),
            "bias_axes": self.bias_axes,
            **weight_config(self, "kernel", "bias", "activity"),
            "quantization_config": None,
        }
