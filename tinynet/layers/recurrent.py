"""Recurrent layers: a cell applied to each step of a sequence in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import ops, regularizers
from ..core.nest import flatten, map_structure, pack_like
from ..tensor import Tensor
from .base import Layer
from .lookup import as_layer, serialize_inner
from .recurrent_cells import GRUCell, LSTMCell, RecurrentCell, SimpleRNNCell
from .recurrent_stack import StackedRNNCells, initial_state_of

if TYPE_CHECKING:
    from ..core.types import Config, Shape
    from .weight_spec import ActivationLike, InitializerLike


class RNN(Layer):
    """A cell applied to each step of a sequence; each step starts from the states that the step before returned.

    Args:
        cell: Layer whose `call(x, states)` returns (output, new states), with the attribute `state_size` (and
            `output_size`, if the output is not as long as the first state); or a list of such, which are stacked.
        return_sequences: Return the output of every step, (batch, steps, units), not only the last, (batch, units).
        return_state: Return [output, *final states].
        go_backwards: From the last step to the first; so is the order of the outputs.
        stateful: Start each batch with the final states of the one before, until `reset_state()`.
        unroll: Accepted for Keras's signature; it changes nothing here.
        zero_output_for_mask: The output of a masked step is 0, not that of the step before.

    Call arguments:
        initial_state: List of states to start from; zeros if None.
        mask: Boolean, shape (batch, steps): a step that is False changes neither states nor output.

    Shapes: (batch, steps, inputs) -> (batch, units) or (batch, steps, units).

    Raises:
        ValueError: the cell is no layer, or has no attribute `state_size`; when called, the input has not three axes,
            or a stateful layer gets a batch of another size.

    >>> RNN(LSTMCell(4), return_sequences=True)(np.ones((2, 10, 3))).shape
    (2, 10, 4)
    """

    def __init__(self, cell: Any, return_sequences: bool = False, return_state: bool = False,
                 go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
                 zero_output_for_mask: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.cell: Any = StackedRNNCells(cell) if isinstance(cell, list | tuple) else as_layer(cell, owner)
        if not hasattr(self.cell, "state_size"):
            raise ValueError(f"{owner}: the cell needs the attribute state_size, {self.cell!r} has none")
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.supports_masking = True
        self._last_states: Any = None

    @property
    def states(self) -> Any:
        """The states that the next batch starts from, if `stateful`; None before the first."""
        return self._last_states

    def build(self, input_shape: Shape) -> None:
        if len(input_shape) != 3 or input_shape[-1] is None:
            raise ValueError(
                f"{type(self).__name__} needs inputs of shape (batch, steps, inputs) with a known number of inputs, "
                f"got {tuple(input_shape)}"
            )
        if not self.cell.built:
            self.cell._build_with_shape((input_shape[0], input_shape[2]))

    def reset_state(self) -> None:
        """Start again from zeros, if `stateful`."""
        self._last_states = None

    reset_states = reset_state

    def get_initial_state(self, batch_size: int) -> list[Any]:
        """The states before the first step, for a batch of this size."""
        return initial_state_of(self.cell, batch_size)

    def call(self, x: Tensor, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        if x.ndim != 3:
            raise ValueError(
                f"{type(self).__name__}: expected inputs of shape (batch, steps, inputs), got {x.shape}. "
                "Add an axis with x[..., None] if each step is one number."
            )
        mask = mask[0] if isinstance(mask, list | tuple) else mask
        if initial_state is None and self.stateful:
            initial_state = self._last_states
            if initial_state is not None and flatten(initial_state)[0].shape[0] != x.shape[0]:
                raise ValueError(
                    f"{self.name} is stateful: every batch needs as many samples as the one before, "
                    f"{flatten(initial_state)[0].shape[0]}. Got input {x.shape}. Call reset_state() to start again."
                )
        if initial_state is not None:
            initial_state = initial_state if isinstance(initial_state, list | tuple) else [initial_state]
            initial_state = map_structure(ops.convert_to_tensor, list(initial_state))
        if self.go_backwards:
            x = ops.flip(x, axis=1)
            mask = None if mask is None else ops.flip(mask, axis=1)
        if hasattr(self.cell, "reset_dropout_masks"):
            self.cell.reset_dropout_masks()
        y, states = self._run(x, initial_state, mask, training)
        if self.zero_output_for_mask and mask is not None:
            y = ops.where(mask[..., None] if self.return_sequences else mask[:, -1:], y, 0.0)
        if self.stateful:
            self._last_states = map_structure(lambda state: Tensor(state.data.copy()), states)
        return [y, *states] if self.return_state else y

    def _run(self, x: Tensor, states: Any, mask: Any, training: bool) -> tuple[Tensor, Any]:
        """The output, of all steps or the last, and the final states: step by step, with any cell."""
        states = self.get_initial_state(x.shape[0]) if states is None else states
        y: Any = None
        outputs = []
        for t in range(x.shape[1]):
            new_y, new = self.cell(x[:, t], states, training=training)
            new = list(new) if isinstance(new, list | tuple) else [new]
            if mask is not None:
                kept = mask[:, t, None]
                first = flatten(states)[0]
                before = y if y is not None else first if first.shape == new_y.shape else ops.zeros_like(new_y)
                new_y = ops.where(kept, new_y, before)
                pairs = zip(flatten(new), flatten(states), strict=True)
                new = pack_like(new, [ops.where(kept, state, old) for state, old in pairs])
            y, states = new_y, new
            outputs.append(y)
        return ops.stack(outputs, axis=1) if self.return_sequences else y, states

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        mask = previous_mask[0] if isinstance(previous_mask, list | tuple) else previous_mask
        mask = mask if self.return_sequences else None
        return [mask, *(None for _ in flatten(self.cell.state_size))] if self.return_state else mask

    def compute_output_shape(self, input_shape: Shape) -> Any:
        batch, steps, _ = input_shape
        size = getattr(self.cell, "output_size", None) or self.cell.state_size
        size = size[0] if isinstance(size, list | tuple) else size
        y: Shape = (batch, steps, size) if self.return_sequences else (batch, size)
        if not self.return_state:
            return y
        sizes = self.cell.state_size if isinstance(self.cell.state_size, list | tuple) else [self.cell.state_size]
        return [y, *map_structure(lambda size: (batch, size), list(sizes))]

    def _own_config(self) -> Config:
        return {
            **super().get_config(),
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "go_backwards": self.go_backwards,
            "stateful": self.stateful,
            "unroll": self.unroll,
            "zero_output_for_mask": self.zero_output_for_mask,
        }

    def get_config(self) -> Config:
        return {**self._own_config(), "cell": serialize_inner(self.cell)}


def _of_cell(name: str) -> property:
    def attribute(self: Any) -> Any:
        return getattr(self.cell, name)

    return property(attribute, doc=f"The cell's `{name}`.")


class _CellLayer(RNN):
    """An RNN with a cell of tinynet's: the whole sequence in one operation."""

    cell_class: type[RecurrentCell]
    _cell_arguments: list[str]

    def __init__(self, units: int, **kwargs: Any) -> None:
        kwargs.pop("use_cudnn", None)  # Keras's: there is no GPU here
        kwargs.pop("implementation", None)  # Keras 2's: there is one
        arguments = {key: kwargs.pop(key) for key in self._cell_arguments if key in kwargs}
        common = {key: kwargs[key] for key in ("dtype", "trainable") if key in kwargs}
        super().__init__(self.cell_class(units, **arguments, **common), **kwargs)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        configuration = cls.cell_class(1, name="cell").get_config()
        cls._cell_arguments = [name for name in configuration if name not in ("name", "trainable", "dtype", "units")]
        for name in ("units", *cls._cell_arguments):
            if name != "seed":
                setattr(cls, name, _of_cell(name))

    def _run(self, x: Tensor, states: Any, mask: Any, training: bool) -> tuple[Tensor, Any]:
        fused = self.cell.fused()
        if fused is None:
            return super()._run(x, states, mask, training)
        if states is not None and len(states) != self.cell.states:
            count = self.cell.states
            raise ValueError(f"{self.name}: initial_state needs {count} tensors, got {len(states)}")
        return self.cell.sequence(x, states, mask, training, return_sequences=self.return_sequences,
                                  return_state=self.return_state or self.stateful, **fused)

    def get_config(self) -> Config:
        cell = self.cell.get_config()
        return {**self._own_config(), "units": self.cell.units, **{name: cell[name] for name in self._cell_arguments},
                "activity_regularizer": regularizers.serialize(self.activity_regularizer)}


class SimpleRNN(_CellLayer):
    """A simple recurrent layer: h_t = activation(x_t kernel + h_(t-1) recurrent_kernel + bias), for each step t.

    Args:
        units: Length of the output.
        activation: Name or function.
        use_bias: Whether to add a bias.
        kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer, recurrent_regularizer,
            bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint: For the weights.
        dropout, recurrent_dropout: Probability of dropping an element of the input, of the state; the same mask in
            every step of a sequence.
        seed: An int makes the masks repeat from run to run.
        return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask: As for `RNN`.

    Shapes: (batch, steps, inputs) -> (batch, units) or (batch, steps, units); kernel (inputs, units), recurrent_kernel
    (units, units), bias (units,).

    >>> SimpleRNN(4)(np.ones((2, 10, 3))).shape
    (2, 4)

    >>> sums = SimpleRNN(1, "linear", kernel_initializer="ones", recurrent_initializer="ones", return_sequences=True)
    >>> sums(np.array([[[1.0], [2.0], [3.0]]])).numpy().ravel()
    array([1., 3., 6.], dtype=float32)
    """

    cell_class = SimpleRNNCell

    def __init__(self, units: int, activation: ActivationLike = "tanh", use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform",
                 recurrent_initializer: InitializerLike = "orthogonal", bias_initializer: InitializerLike = "zeros",
                 **kwargs: Any) -> None:
        super().__init__(units, activation=activation, use_bias=use_bias, kernel_initializer=kernel_initializer,
                         recurrent_initializer=recurrent_initializer, bias_initializer=bias_initializer, **kwargs)


class LSTM(_CellLayer):
    """Long short-term memory (Hochreiter and Schmidhuber 1997); `tinynet.ops.lstm` has the equations.

    Args:
        units: Length of the output, and of each of the two states h and c.
        activation: For the candidate and for the output: name or function.
        recurrent_activation: For the gates.
        unit_forget_bias: Start the bias of the forget gate at 1: at first, remember.
        use_bias, kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer, ...: For the weights,
            as for `SimpleRNN`.
        dropout, recurrent_dropout: As for `SimpleRNN`, with a mask of its own for each gate.
        return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask: As for `RNN`.

    Shapes: (batch, steps, inputs) -> (batch, units) or (batch, steps, units); kernel (inputs, 4 units),
    recurrent_kernel (units, 4 units), bias (4 units,), the gates' order being input, forget, candidate, output.

    >>> y, h, c = LSTM(4, return_sequences=True, return_state=True)(np.ones((2, 10, 3)))
    >>> y.shape, h.shape, c.shape
    ((2, 10, 4), (2, 4), (2, 4))
    """

    cell_class = LSTMCell

    def __init__(self, units: int, activation: ActivationLike = "tanh",
                 recurrent_activation: ActivationLike = "sigmoid", use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform",
                 recurrent_initializer: InitializerLike = "orthogonal", bias_initializer: InitializerLike = "zeros",
                 unit_forget_bias: bool = True, **kwargs: Any) -> None:
        super().__init__(units, activation=activation, recurrent_activation=recurrent_activation, use_bias=use_bias,
                         kernel_initializer=kernel_initializer, recurrent_initializer=recurrent_initializer,
                         bias_initializer=bias_initializer, unit_forget_bias=unit_forget_bias, **kwargs)


class GRU(_CellLayer):
    """Gated recurrent units (Cho et al. 2014); `tinynet.ops.gru` has the equations.

    Args:
        units: Length of the output.
        activation: For the candidate: name or function.
        recurrent_activation: For the gates.
        reset_after: The reset gate after the product with the state (as cuDNN does), or before (as the paper does).
        use_bias, kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer, ...: For the weights,
            as for `SimpleRNN`.
        dropout, recurrent_dropout: As for `SimpleRNN`, with a mask of its own for each gate.
        return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask: As for `RNN`.

    Shapes: (batch, steps, inputs) -> (batch, units) or (batch, steps, units); kernel (inputs, 3 units),
    recurrent_kernel (units, 3 units), bias (2, 3 units), or (3 units,) without `reset_after`; the gates' order is
    update, reset, candidate.

    >>> GRU(4)(np.ones((2, 10, 3))).shape
    (2, 4)
    """

    cell_class = GRUCell

    def __init__(self, units: int, activation: ActivationLike = "tanh",
                 recurrent_activation: ActivationLike = "sigmoid", use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform",
                 recurrent_initializer: InitializerLike = "orthogonal", bias_initializer: InitializerLike = "zeros",
                 **kwargs: Any) -> None:
        super().__init__(units, activation=activation, recurrent_activation=recurrent_activation, use_bias=use_bias,
                         kernel_initializer=kernel_initializer, recurrent_initializer=recurrent_initializer,
                         bias_initializer=bias_initializer, **kwargs)
