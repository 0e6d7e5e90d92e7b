"""One step of the recurrent layers: from an input and the states to an output and the new states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import activations, initializers, ops
from ..core.checks import number, positive_int
from ..core.recording import constant
from ..ops.dropout import dropout
from ..random import SeedGenerator
from .base import Layer
from .weight_spec import describe_weight, make_weight, weight_config

if TYPE_CHECKING:
    from ..core.types import Array, Config, SeedLike, Shape
    from ..tensor import Tensor
    from ..variable import Variable
    from .weight_spec import ActivationLike, ConstraintLike, InitializerLike, RegularizerLike

# Activations that the operations on whole sequences know.
FUSED = {activations.tanh: "tanh", activations.sigmoid: "sigmoid", activations.relu: "relu",
         activations.linear: "linear", activations.hard_sigmoid: "hard_sigmoid"}


class RecurrentCell(Layer):
    """What the three cells share: two kernels and a bias, for all gates side by side, and dropout.

    Args:
        units: Length of the output.
        activation: Name or function.
        use_bias: Whether to add a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: For the product with the input, the product with
            the state, and the bias; regularizers and constraints likewise.
        dropout: Probability of dropping an element of the input; the mask is the same in every step of a sequence.
        recurrent_dropout: The same for the state.
        seed: An int makes the masks repeat from run to run.
    """

    gates = 1  # how many kernels stand side by side
    states = 1  # how many states, each (batch, units)
    bias_initializer: Any

    def __init__(self, units: int, activation: ActivationLike = "tanh", use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform",
                 recurrent_initializer: InitializerLike = "orthogonal", bias_initializer: InitializerLike = "zeros",
                 kernel_regularizer: RegularizerLike = None, recurrent_regularizer: RegularizerLike = None,
                 bias_regularizer: RegularizerLike = None, kernel_constraint: ConstraintLike = None,
                 recurrent_constraint: ConstraintLike = None, bias_constraint: ConstraintLike = None,
                 dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: SeedLike = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.units = positive_int(units, owner, "units")
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        describe_weight(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        describe_weight(self, "recurrent", recurrent_initializer, recurrent_regularizer, recurrent_constraint)
        describe_weight(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self.dropout = min(1.0, max(0.0, number(dropout, owner, "dropout")))
        self.recurrent_dropout = min(1.0, max(0.0, number(recurrent_dropout, owner, "recurrent_dropout")))
        self.seed = seed
        self.seed_generator = SeedGenerator(seed) if self.dropout or self.recurrent_dropout else None
        self.state_size: Any = self.units if self.states == 1 else [self.units] * self.states
        self.output_size = self.units
        self.kernel: Variable | None = None
        self.recurrent_kernel: Variable | None = None
        self.bias: Any = None  # a Variable, if `use_bias`, once built
        self._dropout_masks: tuple[Any, Any, int] | None = None

    def build(self, input_shape: Shape) -> None:
        columns = self.gates * self.units
        self.kernel = make_weight(self, "kernel", (input_shape[-1], columns))
        self.recurrent_kernel = make_weight(self, "recurrent", (self.units, columns), "recurrent_kernel")
        if self.use_bias:
            self.bias = make_weight(self, "bias", self._bias_shape(), initializer=self._bias_initializer())

    def _bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    def _bias_initializer(self) -> Any:
        return self.bias_initializer

    def dropout_masks(self, x: Tensor, training: bool) -> tuple[Any, Any]:
        """(input_mask, recurrent_mask), each (gates, batch, n) or None, the same until `reset_dropout_masks`."""
        if not training or self.seed_generator is None:
            return None, None
        masks = self._dropout_masks
        if masks is None or masks[2] != len(x.data):
            batch = len(x.data)
            masks = (self._draw(self.dropout, batch, x.shape[-1], x.dtype),
                     self._draw(self.recurrent_dropout, batch, self.units, x.dtype), batch)
            vars(self)["_dropout_masks"] = masks  # no setting of the layer: recorded steps stay valid
        return masks[:2]

    def _draw(self, rate: float, batch: int, length: int, dtype: Any) -> Array | None:
        if not rate:
            return None
        ones = constant(np.ones((self.gates, batch, length), dtype))
        return dropout(ones, rate, seed=self.seed_generator).data

    def reset_dropout_masks(self) -> None:
        """Let the next call draw new masks."""
        vars(self)["_dropout_masks"] = None

    def get_initial_state(self, batch_size: Any = None) -> list[Tensor]:
        """Zeros for each state, (batch_size, units)."""
        return [ops.zeros((batch_size, self.units), self.dtype) for _ in range(self.states)]

    def fused(self) -> dict[str, str] | None:
        """The names of the activations, if the operation on whole sequences knows them, else None."""
        name = FUSED.get(self.activation)
        return None if name is None else {"activation": name}

    def call(self, x: Tensor, states: Any, training: bool = False) -> Any:
        """One step.

        Args:
            x: Tensor, shape (batch, inputs).
            states: List of tensors, each (batch, units).

        Returns:
            The output, (batch, units), and the list of new states.
        """
        states = list(states) if isinstance(states, list | tuple) else [states]
        fused = self.fused()
        if fused is not None:  # a sequence of one step
            return self.sequence(ops.expand_dims(x, 1), states, None, training, return_state=True, **fused)
        input_mask, recurrent_mask = self.dropout_masks(x, training)
        return self.step(x, states, self._masked(x, input_mask), self._masked(states[0], recurrent_mask))

    def _masked(self, x: Tensor, mask: Any) -> list[Tensor]:
        """x for each gate."""
        return [x] * self.gates if mask is None else [x * part for part in mask]

    def sequence(self, x: Tensor, states: Any, mask: Any, training: bool, **arguments: Any) -> Any:
        """All steps in one operation.

        Args:
            x: Tensor, shape (batch, steps, inputs).
            states: List of initial states; zeros if None.
            mask: Boolean, shape (batch, steps), or None.
            training: Whether to apply dropout.
            arguments: Further ones of the operation: activations, return_sequences, return_state.

        Returns:
            The output, and the list of final states or None.
        """
        raise NotImplementedError

    def step(self, x: Tensor, states: list[Tensor], inputs: list[Tensor],
             hidden: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """`call` in small operations, for any activation; `inputs` and `hidden` are x and the state for each gate."""
        raise NotImplementedError

    def _products(self, rows: list[Tensor], kernel: Any) -> list[Tensor]:
        """Each gate's product."""
        parts = ops.split(kernel, self.gates, axis=1) if self.gates > 1 else [kernel]
        return [ops.matmul(row, part) for row, part in zip(rows, parts, strict=True)]

    def compute_output_shape(self, input_shape: Shape, states_shape: Any = None) -> tuple[Shape, list[Shape]]:
        shape: Shape = (input_shape[0], self.units)
        return shape, [shape] * self.states

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            **weight_config(self, "kernel", "recurrent", "bias"),
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "seed": self.seed,
        }


class SimpleRNNCell(RecurrentCell):
    """One step of a simple recurrent layer: h_t = activation(x_t kernel + h_(t-1) recurrent_kernel + bias).

    Args:
        units: Length of the output and of the state.
        activation, use_bias, dropout, recurrent_dropout, seed: As for `SimpleRNN`.
        kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer, recurrent_regularizer,
            bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint: For the weights, as for
            `SimpleRNN`.

    Shapes: (batch, inputs) and a state (batch, units) -> the new state, and a list of it; kernel (inputs, units),
    recurrent_kernel (units, units), bias (units,).

    >>> y, states = SimpleRNNCell(4)(np.ones((2, 3)), [np.zeros((2, 4))])
    >>> y.shape
    (2, 4)
    """

    def sequence(self, x: Tensor, states: Any, mask: Any, training: bool, **arguments: Any) -> Any:
        return ops.simple_rnn(x, self.kernel, self.recurrent_kernel, self.bias, states, mask,
                              *self.dropout_masks(x, training), **arguments)

    def step(self, x: Tensor, states: list[Tensor], inputs: list[Tensor],
             hidden: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        z = self._products(inputs, self.kernel)[0] + self._products(hidden, self.recurrent_kernel)[0]
        h = self.activation(z if self.bias is None else z + self.bias)
        return h, [h]


class _GatedCell(RecurrentCell):
    """A cell whose gates have an activation of their own."""

    def __init__(self, units: int, activation: ActivationLike, recurrent_activation: ActivationLike,
                 **kwargs: Any) -> None:
        super().__init__(units, activation, **kwargs)
        self.recurrent_activation = activations.get(recurrent_activation)

    def fused(self) -> dict[str, Any] | None:
        names = FUSED.get(self.activation), FUSED.get(self.recurrent_activation)
        return None if None in names else {"activation": names[0], "recurrent_activation": names[1]}

    def get_config(self) -> Config:
        return {**super().get_config(), "recurrent_activation": activations.serialize(self.recurrent_activation)}


class LSTMCell(_GatedCell):
    """One step of a long short-term memory; `tinynet.ops.lstm` has the equations.

    Args:
        units: Length of the output, and of each of the two states.
        activation, recurrent_activation, use_bias, unit_forget_bias: As for `LSTM`.
        kernel_initializer, recurrent_initializer, bias_initializer, dropout, ...: As for `SimpleRNN`.

    Shapes: (batch, inputs) and states [h, c], each (batch, units) -> h and [h, c]; kernel (inputs, 4 units),
    recurrent_kernel (units, 4 units), bias (4 units,).

    >>> y, (h, c) = LSTMCell(4)(np.ones((2, 3)), [np.zeros((2, 4)), np.zeros((2, 4))])
    >>> y.shape, c.shape
    ((2, 4), (2, 4))
    """

    gates, states = 4, 2

    def __init__(self, units: int, activation: ActivationLike = "tanh",
                 recurrent_activation: ActivationLike = "sigmoid", use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform",
                 recurrent_initializer: InitializerLike = "orthogonal", bias_initializer: InitializerLike = "zeros",
                 unit_forget_bias: bool = True, **kwargs: Any) -> None:
        super().__init__(units, activation, recurrent_activation, use_bias=use_bias,
                         kernel_initializer=kernel_initializer, recurrent_initializer=recurrent_initializer,
                         bias_initializer=bias_initializer, **kwargs)
        self.unit_forget_bias = unit_forget_bias

    def _bias_initializer(self) -> Any:
        if not self.unit_forget_bias:
            return self.bias_initializer

        def forget_nothing(shape: Any, dtype: Any = None) -> Array:
            value = np.array(initializers.get(self.bias_initializer)(shape, dtype))
            value[self.units:2 * self.units] = 1
            return value

        return forget_nothing

    def sequence(self, x: Tensor, states: Any, mask: Any, training: bool, **arguments: Any) -> Any:
        return ops.lstm(x, self.kernel, self.recurrent_kernel, self.bias, states, mask,
                        *self.dropout_masks(x, training), **arguments)

    def step(self, x: Tensor, states: list[Tensor], inputs: list[Tensor],
             hidden: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        biases = [0.0] * 4 if self.bias is None else ops.split(self.bias, 4)
        products = zip(self._products(inputs, self.kernel), self._products(hidden, self.recurrent_kernel), biases,
                       strict=True)
        i, f, g, o = (a + b + bias for a, b, bias in products)
        s = self.recurrent_activation
        c = s(f) * states[1] + s(i) * self.activation(g)
        h = s(o) * self.activation(c)
        return h, [h, c]

    def get_config(self) -> Config:
        return {**super().get_config(), "unit_forget_bias": self.unit_forget_bias}


class GRUCell(_GatedCell):
    """One step of a gated recurrent unit; `tinynet.ops.gru` has the equations.

    Args:
        units: Length of the output and of the state.
        activation, recurrent_activation, use_bias, reset_after, dropout, recurrent_dropout: As for `GRU`.
        kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer, recurrent_regularizer,
            bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint: For the weights, as for
            `SimpleRNN`.

    Shapes: (batch, inputs) and a state (batch, units) -> the new state, and a list of it; kernel (inputs, 3 units),
    recurrent_kernel (units, 3 units), bias (2, 3 units), or (3 units,) without `reset_after`.

    >>> y, states = GRUCell(4)(np.ones((2, 3)), [np.zeros((2, 4))])
    >>> y.shape
    (2, 4)
    """

    gates = 3

    def __init__(self, units: int, activation: ActivationLike = "tanh",
                 recurrent_activation: ActivationLike = "sigmoid", use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform",
                 recurrent_initializer: InitializerLike = "orthogonal", bias_initializer: InitializerLike = "zeros",
                 kernel_regularizer: RegularizerLike = None, recurrent_regularizer: RegularizerLike = None,
                 bias_regularizer: RegularizerLike = None, kernel_constraint: ConstraintLike = None,
                 recurrent_constraint: ConstraintLike = None, bias_constraint: ConstraintLike = None,
                 dropout: float = 0.0, recurrent_dropout: float = 0.0, reset_after: bool = True,
                 **kwargs: Any) -> None:
        super().__init__(units, activation, recurrent_activation, use_bias=use_bias,
                         kernel_initializer=kernel_initializer, recurrent_initializer=recurrent_initializer,
                         bias_initializer=bias_initializer, kernel_regularizer=kernel_regularizer,
                         recurrent_regularizer=recurrent_regularizer, bias_regularizer=bias_regularizer,
                         kernel_constraint=kernel_constraint, recurrent_constraint=recurrent_constraint,
                         bias_constraint=bias_constraint, dropout=dropout, recurrent_dropout=recurrent_dropout,
                         **kwargs)
        self.reset_after = reset_after

    def _bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def sequence(self, x: Tensor, states: Any, mask: Any, training: bool, **arguments: Any) -> Any:
        return ops.gru(x, self.kernel, self.recurrent_kernel, self.bias, states, mask,
                       *self.dropout_masks(x, training), reset_after=self.reset_after, **arguments)

    def step(self, x: Tensor, states: list[Tensor], inputs: list[Tensor],
             hidden: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        of_x = self._products(inputs, self.kernel)
        recurrent = ops.split(self.recurrent_kernel, 3, axis=1)
        of_h = [ops.matmul(row, part) for row, part in zip(hidden[:2], recurrent[:2], strict=True)]
        if self.bias is not None:
            bias = ops.split(self.bias[0] if self.reset_after else self.bias, 3)
            of_x = [part + b for part, b in zip(of_x, bias, strict=True)]
        recurrent_bias = ops.split(self.bias[1], 3) if self.bias is not None and self.reset_after else [0.0] * 3
        z, r = (self.recurrent_activation(a + b + bias) for a, b, bias in zip(of_x, of_h, recurrent_bias, strict=False))
        if self.reset_after:
            g = self.activation(of_x[2] + r * (ops.matmul(hidden[2], recurrent[2]) + recurrent_bias[2]))
        else:
            g = self.activation(of_x[2] + ops.matmul(r * hidden[2], recurrent[2]))
        h = z * states[0] + (1 - z) * g
        return h, [h]

    def get_config(self) -> Config:
        return {**super().get_config(), "reset_after": self.reset_after}
