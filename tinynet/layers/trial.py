"""A call of a layer that leaves no trace: it finds shapes, or lets the layers inside build themselves, by zeros.

What such a call computes must not reach a step of training: penalties, metrics, random draws, moving averages, counts
of calls. The weights that it creates stay, with the values that they were created with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..seeds import SeedGenerator, undrawn
from .context import call_context

if TYPE_CHECKING:
    from .base import Layer


class Trial:
    """Use it with `with` around one call of a layer.

    Args:
        layer: The layer that is called.
    """

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self._before: dict[int, _State] = {}  # by id of the layer
        self._outer: Trial | None = None
        self._context: tuple[Any, Any] = (None, None)
        self._seeds = undrawn()

    def __enter__(self) -> Trial:
        context = call_context()
        self._outer, context.trial = context.trial, self
        self._context = context.outermost, context.watch
        context.outermost = context.watch = None
        for layer in self._layer._flatten_layers():
            self.record(layer)
        self._seeds.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._seeds.__exit__(*error)
        context = call_context()
        context.trial = self._outer
        context.outermost, context.watch = self._context
        for layer in self._layer._flatten_layers():
            state = self._before.get(id(layer))
            if state is not None:
                state.restore()
            else:  # made by the call itself
                layer._added_losses, layer._penalized = [], []

    def record(self, layer: Any) -> None:
        """Store a layer's state: at the beginning, and again when the layer has been built."""
        self._before[id(layer)] = _State(layer)
        if self._outer is not None:
            self._outer.record(layer)


class _State:
    """What a call may change in a layer, apart from the layers inside."""

    def __init__(self, layer: Any) -> None:
        own = vars(layer)
        self.layer = layer
        self.numbers = {name: value for name, value in own.items() if type(value) in (int, float)}
        self.lists = layer._added_losses, layer._penalized
        self.generators = [(value, value.state) for value in own.values() if isinstance(value, SeedGenerator)]
        variables = list(layer._own_non_trainable)
        for metric in layer._own_metrics():
            variables += metric.variables
        self.values = [(variable, variable.data.copy()) for variable in variables]

    def restore(self) -> None:
        vars(self.layer).update(self.numbers)
        self.layer._added_losses, self.layer._penalized = self.lists
        for generator, state in self.generators:
            generator.state = state
        for variable, value in self.values:
            variable.data = value
