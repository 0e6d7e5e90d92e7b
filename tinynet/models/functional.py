"""Functional: a model made of a graph of layers."""

from typing import Any

from ..core.nest import map_structure
from .configuration import graph_config, graph_from_config
from .graph import Graph
from .model import Model
from .structures import leaves, unpacked


class Functional(Model):
    """What `Model(inputs, outputs)` returns. `Model` has the documentation.

    A subclass of Model that passes inputs and outputs to `super().__init__` becomes a subclass of this class.
    """

    def _make_graph(self, inputs, outputs):
        self._graph = Graph(inputs, outputs)
        self.built = True
        self._built_input_shape = self._graph.input_shapes()

    def build(self, input_shape: Any = None) -> None:
        """Nothing is left to do: the layers have got their weights when they were called on KerasTensors."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The outputs, in the structure that `Model(inputs, outputs)` was given."""
        return self._graph.run(inputs, training)

    _only_calls_layers = True  # see replayable.py

    def _frozen_inside(self):
        return [] if type(self).get_config is Functional.get_config else super()._frozen_inside()

    def _sublayers(self):
        held = super()._sublayers()  # a subclass may hold more than the graph has
        return self._graph.layers + [layer for layer in held if not any(layer is one for one in self._graph.layers)]

    def _linked(self):
        return self._graph

    def _defining_graph(self):
        return self._graph

    def _names_of_outputs(self):
        return self._graph.output_layer_names

    def _computed_graph(self):
        return self._graph if type(self).call is Functional.call else None

    @property
    def input(self) -> Any:
        """The inputs, as `Model(inputs, outputs)` was given them."""
        return self._graph.input_struct

    @property
    def output(self) -> Any:
        """The outputs, as `Model(inputs, outputs)` was given them."""
        return self._graph.output_struct

    @property
    def input_shape(self) -> Any:
        """Shape of the input; of several inputs a list of them, in the order of `inputs`."""
        return unpacked([tensor.shape for tensor in self._graph.inputs])

    @property
    def output_shape(self) -> Any:
        """Shape of the output; of several outputs a list of them, in the order of `outputs`."""
        return unpacked([tensor.shape for tensor in self._graph.outputs])

    def compute_output_shape(self, input_shape: Any) -> Any:
        shapes = self._graph.output_shapes(input_shape)
        return shapes if shapes is not None else super().compute_output_shape(input_shape)

    def _symbolic_structure(self, outputs):
        """In its own structure, as in Keras: only a call on Tensors takes a single output out of its list."""
        if type(self).call is not Functional.call:
            return outputs
        found = iter(leaves(outputs))
        replaced = {id(tensor): next(found) for tensor in self._graph.outputs}
        return map_structure(lambda tensor: replaced[id(tensor)], self._graph.output_struct)

    def _knows_output_shape(self):
        return True

    def get_config(self) -> dict[str, Any]:
        """The layers and how they are connected; of a subclass, what its constructor was called with."""
        if type(self).__init__ is Model.__init__:
            return graph_config(self)
        return self._config(type(self).get_config is Functional.get_config)

    _restore = staticmethod(graph_from_config)  # for Model.from_config
