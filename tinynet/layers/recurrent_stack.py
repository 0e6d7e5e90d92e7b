"""Recurrent cells on top of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import ops
from .base import Layer
from .lookup import as_layer, serialize_inner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..core.types import Config, Shape
    from ..tensor import Tensor


def initial_state_of(cell: Any, batch_size: Any) -> list[Any]:
    """A cell's states before the first step: those of its `get_initial_state` if it has one, else zeros."""
    if hasattr(cell, "get_initial_state"):
        state = cell.get_initial_state(batch_size=batch_size)
        return list(state) if isinstance(state, list | tuple) else [state]
    sizes = cell.state_size if isinstance(cell.state_size, list | tuple) else [cell.state_size]
    return [ops.zeros((batch_size, size), cell.dtype) for size in sizes]


class StackedRNNCells(Layer):
    """Cells on top of each other as one cell: each gets the output of the one below.

    Args:
        cells: List of cells, the lowest first.
        dtype: That of the lowest cell if None.

    Shapes: (batch, inputs) and a list of states for each cell -> the highest cell's output, and the new states.

    Raises:
        ValueError: a cell is no layer, or has no attribute `state_size`.

    >>> from tinynet.layers import RNN
    >>> RNN(StackedRNNCells([LSTMCell(4), GRUCell(2)]))(np.ones((2, 10, 3))).shape
    (2, 2)
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        inside: list[Any] = [as_layer(cell, "StackedRNNCells") for cell in cells]
        if kwargs.get("dtype") is None and inside:
            kwargs["dtype"] = inside[0].dtype  # what the cells compute in is not rounded between them
        super().__init__(**kwargs)
        self.cells = inside
        for cell in self.cells:
            if not hasattr(cell, "state_size"):
                raise ValueError(f"StackedRNNCells: a cell needs the attribute state_size, {cell!r} has none")
        self.state_size = [cell.state_size for cell in self.cells]
        self.output_size = getattr(self.cells[-1], "output_size", None) or self.cells[-1].state_size

    def build(self, input_shape: Shape) -> None:
        for cell in self.cells:
            if not cell.built:
                cell._build_with_shape(input_shape)
            size = getattr(cell, "output_size", None) or cell.state_size
            input_shape = (input_shape[0], size[0] if isinstance(size, list | tuple) else size)

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """A list of states for each cell."""
        return [initial_state_of(cell, batch_size) for cell in self.cells]

    def reset_dropout_masks(self) -> None:
        """Let the next call draw new masks."""
        for cell in self.cells:
            if hasattr(cell, "reset_dropout_masks"):
                cell.reset_dropout_masks()

    def call(self, x: Tensor, states: Any, training: bool = False) -> Any:
        new = []
        for cell, state in zip(self.cells, states, strict=True):
            x, state = cell(x, state, training=training)
            new.append(list(state) if isinstance(state, list | tuple) else [state])
        return x, new

    def compute_output_shape(self, input_shape: Shape, states_shape: Any = None) -> tuple[Shape, list[Any]]:
        batch, states = input_shape[0], []
        for cell in self.cells:
            sizes = cell.state_size if isinstance(cell.state_size, list | tuple) else [cell.state_size]
            states.append([(batch, size) for size in sizes])
        size = self.output_size[0] if isinstance(self.output_size, list | tuple) else self.output_size
        return (batch, size), states

    def get_config(self) -> Config:
        return {**super().get_config(), "cells": [serialize_inner(cell) for cell in self.cells]}
