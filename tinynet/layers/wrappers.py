"""Layers that hold another layer and change how it is applied."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import initializers, ops
from ..core.checks import choice, whole
from .base import Layer
from .lookup import as_layer, serialize_inner

if TYPE_CHECKING:
    from ..core.types import Array, Config, Shape
    from ..tensor import Tensor


class Wrapper(Layer):
    """Base of layers around one other layer.

    Args:
        layer: The layer inside.

    Shapes: the input goes to the layer inside.

    Raises:
        ValueError: it is no layer.

    >>> class Twice(Wrapper):
    ...     def call(self, x):
    ...         return self.layer(self.layer(x))
    >>> Twice(Dense(3))(np.ones((2, 3))).shape
    (2, 3)
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.layer: Any = as_layer(layer, type(self).__name__)

    def build(self, input_shape: Any = None) -> None:
        if not self.layer.built:
            self.layer._build_with_shape(input_shape)

    def get_config(self) -> Config:
        return {**super().get_config(), "layer": serialize_inner(self.layer)}


class TimeDistributed(Wrapper):
    """A layer applied to each step of sequences, with the same weights.

    Args:
        layer: What is applied to each step.

    Shapes: (batch, steps, ...) -> (batch, steps, ...); the layer inside turns (batch, ...) into (batch, ...).

    Raises:
        ValueError: when called, the input has fewer than three axes.

    >>> from tinynet.layers import Conv2D
    >>> TimeDistributed(Conv2D(4, 3))(np.ones((2, 10, 8, 8, 1))).shape
    (2, 10, 6, 6, 4)

    >>> TimeDistributed(Dense(1, kernel_initializer="ones"))(np.array([[[1.0, 2.0], [3.0, 4.0]]])).numpy().ravel()
    array([3., 7.], dtype=float32)
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any = None) -> None:
        if len(input_shape) < 3:
            raise ValueError(f"TimeDistributed needs inputs of shape (batch, steps, ...), got {tuple(input_shape)}")
        super().build((input_shape[0], *input_shape[2:]))

    def call(self, x: Tensor, training: bool | None = None, mask: Any = None) -> Tensor:
        """The layer inside, on all steps as one batch. The mask is propagated; Keras's files pass it by name."""
        batch, steps = x.shape[:2]
        y = self.layer(ops.reshape(x, (batch * steps, *x.shape[2:])), training=training)
        return ops.reshape(y, (batch, steps, *y.shape[1:]))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        inner = self.layer.compute_output_shape((input_shape[0], *input_shape[2:]))
        return (inner[0], input_shape[1], *inner[1:])


class Bidirectional(Layer):
    """A recurrent layer in both directions (Schuster and Paliwal 1997): two copies, one of which starts at the end.

    Args:
        layer: Recurrent layer, such as `LSTM(64)`.
        merge_mode: How to combine the two outputs: 'concat', 'sum', 'mul', 'ave', or None for a list.
        weights: Arrays to start from, the forward layer's first.
        backward_layer: Recurrent layer for the other direction, with go_backwards=True; a copy of `layer` if None.

    Call arguments:
        initial_state: List of states to start from, the forward layer's first; zeros if None.
        mask: Boolean, shape (batch, steps), False where a step is padding.

    With `return_sequences`, the outputs of both directions are in the order of the input. With `return_state`, the
    forward layer's states come first.

    Shapes: (batch, steps, inputs) -> (batch, 2 units) or (batch, steps, 2 units) for 'concat', else units.

    Raises:
        ValueError: the layer is not recurrent, `merge_mode` is none of these, or the two layers do not fit together.

    >>> from tinynet.layers import LSTM
    >>> Bidirectional(LSTM(4))(np.ones((2, 10, 3))).shape
    (2, 8)

    >>> sums = SimpleRNN(1, "linear", kernel_initializer="ones", recurrent_initializer="ones", return_sequences=True)
    >>> Bidirectional(sums)(np.array([[[1.0], [2.0], [3.0]]])).numpy()[0]  # from the first step, from the last
    array([[1., 6.],
           [3., 5.],
           [6., 3.]], dtype=float32)
    """

    def __init__(self, layer: Any, merge_mode: str | None = "concat", weights: Any = None, backward_layer: Any = None,
                 **kwargs: Any) -> None:
        super().__init__(weights=weights, **kwargs)
        layer = as_layer(layer, "Bidirectional")
        self.merge_mode = choice(merge_mode, "Bidirectional", "merge_mode", ("concat", "sum", "mul", "ave", None))
        if not hasattr(layer, "go_backwards"):
            raise ValueError("Bidirectional: expected a recurrent layer, with return_sequences, return_state and "
                             f"go_backwards, got {layer!r}")
        base = layer.name.removeprefix("forward_")
        self.forward_layer: Any = type(layer).from_config({**layer.get_config(), "name": f"forward_{base}"})
        self.backward_layer: Any
        if backward_layer is None:
            self.backward_layer = type(layer).from_config(
                {**layer.get_config(), "name": f"backward_{base}", "go_backwards": not layer.go_backwards}
            )
        else:
            self.backward_layer = as_layer(backward_layer, "Bidirectional")
        for one, other in ((self.forward_layer, self.backward_layer), (self.backward_layer, self.forward_layer)):
            for name in ("return_sequences", "return_state", "stateful"):
                if getattr(one, name) != getattr(other, name):
                    raise ValueError(f"Bidirectional: both layers need the same {name}")
            one.zero_output_for_mask = one.return_sequences
        if self.forward_layer.go_backwards == self.backward_layer.go_backwards:
            raise ValueError("Bidirectional: one of the two layers must have go_backwards=True, the other not")
        self.return_sequences, self.return_state = layer.return_sequences, layer.return_state
        self.stateful = layer.stateful
        self.supports_masking = True

    def build(self, input_shape: Any = None) -> None:
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                layer._build_with_shape(input_shape)

    def reset_state(self) -> None:
        """Start again from zeros, if the layers are stateful."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    reset_states = reset_state

    def call(self, x: Tensor, initial_state: Any = None, mask: Any = None, training: bool | None = None) -> Any:
        states: list[Any] = [None, None]
        if initial_state is not None:
            half = len(initial_state) // 2
            states = [list(initial_state[:half]), list(initial_state[half:])]
        results = [layer(x, initial_state=state, mask=mask, training=training)
                   for layer, state in zip((self.forward_layer, self.backward_layer), states, strict=True)]
        states = []
        if self.return_state:
            states = [*results[0][1:], *results[1][1:]]
            results = [result[0] for result in results]
        if self.return_sequences:
            results[1] = ops.flip(results[1], axis=1)
        y = self._merge(*results)
        if not self.return_state:
            return y
        return [*y, *states] if self.merge_mode is None else [y, *states]

    def _merge(self, forward: Tensor, backward: Tensor) -> Any:
        if self.merge_mode == "concat":
            return ops.concatenate([forward, backward], axis=-1)
        if self.merge_mode is None:
            return [forward, backward]
        if self.merge_mode == "mul":
            return forward * backward
        total = forward + backward
        return total / 2 if self.merge_mode == "ave" else total

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        mask = previous_mask[0] if isinstance(previous_mask, list | tuple) else previous_mask
        mask = mask if self.return_sequences else None
        return [mask, mask] if self.merge_mode is None else mask

    def compute_output_shape(self, input_shape: Shape) -> Any:
        shapes = [layer.compute_output_shape(input_shape) for layer in (self.forward_layer, self.backward_layer)]
        states = []
        if self.return_state:
            states = [*shapes[0][1:], *shapes[1][1:]]
            shapes = [shape[0] for shape in shapes]
        if self.merge_mode == "concat":
            y = [(*shapes[0][:-1], shapes[0][-1] + shapes[1][-1])]
        else:
            y = shapes if self.merge_mode is None else shapes[:1]
        return [*y, *states] if states or len(y) > 1 else y[0]

    def get_config(self) -> Config:
        return {**super().get_config(), "merge_mode": self.merge_mode, "layer": serialize_inner(self.forward_layer),
                "backward_layer": serialize_inner(self.backward_layer)}


class SpectralNormalization(Wrapper):
    """A layer whose kernel is divided by its largest singular value before each training step (Miyato et al. 2018).

    v = u W^T / |u W^T|,  u = v W / |v W|,  sigma = v W u^T; W is the kernel as a matrix (rest, output channels)

    Args:
        layer: Layer with `kernel` or `embeddings`.
        power_iterations: How often v and u are improved in a step.

    Shapes: those of the layer inside; vector_u (1, output channels).

    Raises:
        ValueError: `power_iterations` is no int of at least 1; when called, the layer has no kernel.

    >>> SpectralNormalization(Dense(4))(np.ones((2, 3))).shape
    (2, 4)
    """

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.power_iterations = whole(power_iterations, "SpectralNormalization", "power_iterations", 1)

    def build(self, input_shape: Any = None) -> None:
        super().build(input_shape)
        self.kernel: Any = getattr(self.layer, "kernel", None)
        if self.kernel is None:
            self.kernel = getattr(self.layer, "embeddings", None)
        if self.kernel is None:
            raise ValueError(f"SpectralNormalization: {self.layer!r} has neither kernel nor embeddings")
        self.vector_u = self.add_weight((1, self.kernel.shape[-1]), initializers.TruncatedNormal(stddev=0.02),
                                        trainable=False, name="vector_u")

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if training and self.kernel.data.any():
            self.normalize_weights()
        return self.layer(x, training=training)

    def normalize_weights(self) -> None:
        """Improve u, and divide the kernel by the estimate of its largest singular value."""
        shape = self.kernel.shape
        kernel = self.kernel.data.reshape(math.prod(shape[:-1]), shape[-1])
        u = self.vector_u.data
        for _ in range(self.power_iterations):
            v = _unit(u @ kernel.T)
            u = _unit(v @ kernel)
        self.vector_u.assign(u)
        self.kernel.assign((kernel / (v @ kernel @ u.T)).reshape(shape))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> Config:
        return {**super().get_config(), "power_iterations": self.power_iterations}


def _unit(x: Array) -> Array:
    return x / max(float(np.linalg.norm(x)), 1e-12)
