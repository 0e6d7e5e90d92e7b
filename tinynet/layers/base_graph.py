"""A layer in a graph: what it was called on, what it returned, and shapes without values. `Layer` builds on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..core.nest import map_structure
from ..symbolic import as_tensors, by_trial, nodes_of
from .trial import Trial

if TYPE_CHECKING:
    from ..core.types import Structure


class LayerGraph:
    """The layer's inputs and outputs in a graph, and shapes that are found by a call on zeros."""

    _built_input_shape: Any

    @property
    def input(self) -> Structure:
        """The KerasTensor (or list, or dict, of them) that the layer was first called on.

        Raises:
            AttributeError: the layer was never called on KerasTensors.
        """
        layer: Any = self
        arguments = nodes_of(layer)[0].args
        return arguments[0] if arguments else self.output

    @property
    def output(self) -> Structure:
        """The KerasTensor (or list, or dict, of them) that the layer's first call on KerasTensors returned.

        Raises:
            AttributeError: the layer was never called on KerasTensors.
        """
        layer: Any = self
        return nodes_of(layer)[0].outputs

    @property
    def input_shape(self) -> Structure:
        """Shape of the inputs of the first call on KerasTensors, or else of the first batch.

        Raises:
            AttributeError: the layer was never called.
        """
        return self._shape_of_first("input")

    @property
    def output_shape(self) -> Structure:
        """Shape of what the first call on KerasTensors returned, or else for inputs like those of the first batch.

        Raises:
            AttributeError: the layer was never called.
        """
        return self._shape_of_first("output")

    def _shape_of_first(self, what: str) -> Structure:
        try:
            return map_structure(lambda tensor: tensor.shape, getattr(self, what))
        except AttributeError:
            if self._built_input_shape is None:
                raise
        return self._built_input_shape if what == "input" else self.compute_output_shape(self._built_input_shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Shape of the output for inputs of this shape (None for axes of any length).

        Found by calling the layer on zeros, unless the layer overrides it.

        Args:
            input_shape: A tuple, or a list or dict of tuples; None for axes of any length.

        Returns:
            A tuple, or a list or dict of tuples.

        >>> Dense(3).compute_output_shape((None, 2))
        (None, 3)
        """
        return self._shape_by_trial(input_shape)

    def _knows_output_shape(self) -> bool:
        """Whether `compute_output_shape` needs no trial."""
        return type(self).compute_output_shape is not LayerGraph.compute_output_shape

    def _symbolic_structure(self, outputs: Structure) -> Structure:
        """What a call on KerasTensors returns, where a call on Tensors returned `outputs`."""
        return outputs

    def _without_trace(self, **kwargs: Any) -> Callable[..., Any]:
        """The call of the layer, with these arguments, as a function that leaves no trace; for trials on zeros."""
        layer: Any = self

        def call(*args: Any, **others: Any) -> Any:
            with Trial(layer):
                return layer(*args, **kwargs, **others)

        return call

    def _shape_by_trial(self, input_shape: Any) -> Any:
        """Call the layer on zeros of two lengths for every unknown one: where the output's lengths differ is None."""
        layer: Any = self
        outputs = by_trial(layer._without_trace(training=False), (as_tensors(input_shape, layer.dtype),), {})
        return map_structure(lambda tensor: tensor.shape, outputs)

    def _build_by_trial(self, input_shape: Any) -> None:
        """Create the weights of the layers inside by a call on zeros."""
        self._shape_by_trial(input_shape)
        self._built_input_shape = input_shape
