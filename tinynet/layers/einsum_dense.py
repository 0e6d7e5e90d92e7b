"""A dense layer along any axes, written in Einstein's summation convention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import activations, ops
from ..ops.dense import dense_over_axes, product_axes
from .base import Layer
from .dense import FUSED
from .weight_spec import describe_weight, make_weight, weight_config

if TYPE_CHECKING:
    from ..core.types import Config, Shape
    from ..tensor import Tensor
    from ..variable import Variable
    from .weight_spec import ActivationLike, ConstraintLike, InitializerLike, RegularizerLike


class EinsumDense(Layer):
    """y = activation(einsum(equation, x, kernel) + bias).

    Args:
        equation: As for `ops.einsum`, such as 'abc,cd->abd'; '...' stands for any axes in front.
        output_shape: Shape of one sample of the output; None for lengths that the input has.
        activation: Name or function; None for none.
        bias_axes: The output's letters that the bias has, such as 'd'; no bias if None.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
            kernel_constraint, bias_constraint: As for `Dense`.

    Shapes: the first letters of the equation -> its last; kernel: the letters after the comma.

    Raises:
        ValueError: the equation has another form; when called, a length is not known, or contradicts the input's.

    >>> EinsumDense("abc,cd->abd", output_shape=(None, 64), bias_axes="d")(np.ones((2, 32, 128))).shape
    (2, 32, 64)
    """

    def __init__(self, equation: str, output_shape: int | Shape, activation: ActivationLike = None,
                 bias_axes: str | None = None, kernel_initializer: InitializerLike = "glorot_uniform",
                 bias_initializer: InitializerLike = "zeros", kernel_regularizer: RegularizerLike = None,
                 bias_regularizer: RegularizerLike = None, kernel_constraint: ConstraintLike = None,
                 bias_constraint: ConstraintLike = None, **kwargs: Any) -> None:
        for name in ("lora_rank", "lora_alpha", "gptq_unpacked_column_size", "quantization_config"):
            if kwargs.pop(name, None) is not None:
                raise ValueError(f"EinsumDense: {name} is for large pretrained models; tinynet does not have it")
        super().__init__(**kwargs)
        self.equation = equation.replace(" ", "")
        left, arrow, self._out = self.equation.partition("->")
        self._in, comma, self._kernel = left.partition(",")
        if not arrow or not comma or "," in self._kernel:
            raise ValueError(f"EinsumDense: the equation must look like 'ab,bc->ac', got {equation!r}")
        self._axes = product_axes(self._in, self._kernel, self._out)  # None if it is more than one matrix product
        self.partial_output_shape = (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        self.bias_axes = bias_axes
        self.activation = activations.get(activation)
        describe_weight(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        describe_weight(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self.kernel: Variable | None = None
        self.bias: Variable | None = None

    def _lengths(self, input_shape: Shape) -> tuple[dict[str, int | None], Shape]:
        """The length of each letter, and the output's shape."""
        lengths, middle = self._named(self._in, input_shape)
        letters = self._out.replace("...", "")
        given = self.partial_output_shape[max(0, len(self.partial_output_shape) - len(letters)):]
        letters_of_given = letters[len(letters) - len(given):]
        for letter, length in zip(letters_of_given, given, strict=True):
            known = lengths.get(letter)
            if length is not None and known is not None and known != length:
                raise ValueError(f"EinsumDense: output_shape {self.partial_output_shape} has {letter} = {length}, "
                                 f"the input {tuple(input_shape)} has {known} ({self.equation!r})")
            lengths[letter] = length if length is not None else known
        shape: list[int | None] = []
        for part in self._out.replace("...", "."):
            shape += middle if part == "." else [lengths.get(part)]
        return lengths, tuple(shape)

    def _named(self, letters: str, shape: Shape) -> tuple[dict[str, int | None], Shape]:
        """The length of each letter, and of the axes that '...' stands for."""
        if "..." not in letters:
            if len(letters) != len(shape):
                raise ValueError(f"EinsumDense: {self.equation!r} has {len(letters)} axes for a shape {tuple(shape)}")
            return dict(zip(letters, shape, strict=True)), ()
        before, after = letters.split("...")
        end = len(shape) - len(after)
        lengths = dict(zip(before, shape, strict=False))
        if after:
            lengths.update(zip(after, shape[end:], strict=True))
        return lengths, shape[len(before):end]

    def build(self, input_shape: Shape) -> None:
        lengths, _ = self._lengths(input_shape)
        shape: Any = tuple(lengths.get(letter) for letter in self._kernel)
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

    def call(self, x: Tensor) -> Tensor:
        kernel: Any = self.kernel
        bias, axes = self.bias, self._axes
        if (axes and (bias is None or bias.data.shape == kernel.data.shape[axes:])
                and x.data.shape[-axes:] == kernel.data.shape[:axes] and x.data.dtype == kernel.data.dtype):
            fused = FUSED.get(self.activation)
            y = dense_over_axes(x, kernel, bias, fused or "linear", axes)
            return y if fused else self.activation(y)
        y = ops.einsum(self.equation, x, kernel)
        return self.activation(y if bias is None else y + bias)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self._lengths(input_shape)[1]

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "output_shape": self.partial_output_shape,
            "equation": self.equation,
            "activation": activations.serialize(self.activation),
            "bias_axes": self.bias_axes,
            **weight_config(self, "kernel", "bias", "activity"),
            "quantization_config": None,
        }
