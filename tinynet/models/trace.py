"""A graph of a call of the user's own: which layers and operations it calls, on what.

`call` is run once with Tensors that remember where they come from. Each layer and each operation that is called on one
computes its result as ever, and becomes a node. Layers of the user's own whose calls can be read (readable_calls.py)
are gone into. What comes out is a Graph like that of `Model(inputs, outputs)`, in which neighbours are found that share
a pass over memory (fusion.py). The layers themselves keep no trace of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import ops
from ..core.nest import flatten, map_structure
from ..layers.base import Layer
from ..layers.context import call_context
from ..seeds import SeedGenerator, session_draws
from ..symbolic import KerasTensor, Node
from ..tensor import Tensor
from ..variable import Variable
from .fusion import FusableLayers
from .graph import Graph
from .structures import leaves


class Untraceable(Exception):
    """There is no graph of a call; the text is the reason."""


class TracedTensor(KerasTensor):
    """A tensor of a call that is traced: to the user's code like a Tensor.

    Args:
        tensor: The Tensor.
        trace: The Trace.
    """

    __hash__ = object.__hash__

    def __init__(self, tensor: Tensor, trace: Trace) -> None:
        if type(tensor) is not Tensor or tensor._keras_mask is not None:
            raise Untraceable("it has masks, texts or variables as results")
        self.tensor: Any = tensor
        self.shape, self.dtype, self.name = tensor.shape, tensor.dtype, "traced"  # type: ignore[assignment]
        self._trace, self._node, self._index = trace, None, 0

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.tensor.size

    def __len__(self) -> int:  # type: ignore[override]
        return len(self.tensor)

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        return (self[i] for i in range(len(self.tensor)))

    def __eq__(self, other: Any) -> Any:
        return ops.equal(self, other)

    def __ne__(self, other: Any) -> Any:
        return ops.not_equal(self, other)


class _TracedNode(Node):
    """A node that its layer does not know of."""

    def __init__(self, operation: Any, args: Any, kwargs: Any, outputs: Any) -> None:
        self.operation, self.args, self.kwargs, self.outputs = operation, args, kwargs, outputs
        self.inputs = [leaf for leaf in flatten((args, kwargs)) if isinstance(leaf, KerasTensor)]
        for index, tensor in enumerate(flatten(outputs)):
            tensor._node, tensor._index = self, index


class _TracedOperation:
    """A function of tinynet that was called."""

    def __init__(self, function: Callable[..., Any], draws: bool) -> None:
        self.call, self.name = function, function.__name__
        self.draws = draws  # random numbers of the session


class Trace:
    """One run of a call.

    Args:
        training: Whether it is part of training.
        kept: Tensors that the call uses and that are no variables.
    """

    def __init__(self, training: bool | None, kept: list[Any]) -> None:
        self.training = training
        self._kept = {id(one) for one in kept}
        self._tensors: list[TracedTensor] = []
        self.nodes: list[_TracedNode] = []

    def inputs(self, structure: Any) -> Any:
        """The structure with Tensors that remember where they come from."""
        return map_structure(self._traced, structure)

    def _traced(self, tensor: Tensor) -> TracedTensor:
        traced = TracedTensor(tensor, self)
        self._tensors.append(traced)
        return traced

    def _real(self, leaf: Any) -> Any:
        """What an operation is called with."""
        if isinstance(leaf, TracedTensor):
            if leaf._trace is not self:
                raise Untraceable("it keeps tensors from call to call")
            return leaf.tensor
        if isinstance(leaf, slice):
            map_structure(self._real, [leaf.start, leaf.stop, leaf.step])
        elif isinstance(leaf, Tensor | np.ndarray) and not isinstance(leaf, Variable) and id(leaf) not in self._kept:
            raise Untraceable("it makes a tensor of what is none")
        elif isinstance(leaf, KerasTensor):
            raise Untraceable("it keeps tensors from call to call")
        return leaf

    def call_operation(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call an operation: symbolic.py passes it on."""
        session = session_draws()
        outputs = function(*map_structure(self._real, args), **map_structure(self._real, kwargs))
        if not any(isinstance(leaf, Tensor) for leaf in flatten(outputs)):
            return outputs  # lengths
        return self._called(_TracedOperation(function, session_draws() != session), args, kwargs, outputs)

    def call_layer(self, layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a layer on traced tensors, or go into its own call: symbolic.py passes it on."""
        others = dict(kwargs)
        training = others.pop("training", None)
        if layer._is_traced and not others:
            return self._into(layer, args, training)
        outputs = layer(*map_structure(self._real, args), training=training, **map_structure(self._real, others))
        # Most layers are called as the whole graph is: then they may be computed together. To tinynet's own layers None
        # means False.
        as_the_graph = training is self.training or not (training or self.training) and not any(
            one._is_traced for one in layer._flatten_layers())
        return self._called(layer, args, others if as_the_graph else kwargs, outputs)

    def _into(self, layer: Layer, args: tuple[Any, ...], training: bool | None) -> Any:
        """The call of a layer of the user's own, with what `Layer.__call__` does before it."""
        def converted(leaf):
            if layer.autocast and isinstance(leaf, TracedTensor) and leaf.dtype.kind == "f" and (
                    leaf.dtype != layer._dtype):
                return ops.cast(leaf, layer._dtype)
            return leaf

        context = call_context()
        outer, context.training = context.training, training
        try:
            given = {"training": training} if training is not None and layer._takes_training else {}
            return layer.call(*map_structure(converted, args), **given)
        finally:
            context.training = outer

    def _called(self, operation: Any, args: Any, kwargs: Any, outputs: Any) -> Any:
        traced = map_structure(self._traced, outputs)
        self.nodes.append(_TracedNode(operation, args, kwargs, traced))
        return traced

    def graph(self, inputs: list[TracedTensor], outputs: Any) -> TracedGraph:
        """The graph of the call that has returned `outputs`.

        Raises:
            Untraceable: it would not do what the call does.
        """
        for leaf in flatten(outputs):
            if not isinstance(leaf, TracedTensor) or leaf._trace is not self:
                raise Untraceable("it returns something else than tensors that it computes")
        graph = TracedGraph(inputs, outputs)
        computed = {id(node) for node in graph.nodes}
        if any(id(node) not in computed and isinstance(node.operation, Layer) for node in self.nodes):
            raise Untraceable("it calls a layer whose output it does not use")
        if _turns(self.nodes) != _turns(graph.nodes):
            raise Untraceable("it calls a layer several times, in an order of which random numbers or moving averages "
                              "may depend")
        for tensor in self._tensors:
            tensor.tensor = None  # the graph needs no numbers
        return graph


def _turns(nodes: list[Any]) -> dict[int, list[int]]:
    """For each layer, and each generator of random numbers, its calls in their order."""
    found: dict[int, list[int]] = {}
    for node in nodes:
        if not isinstance(node.operation, Layer):
            if node.operation.draws:
                found.setdefault(0, []).append(id(node))
        else:
            generators = [value for value in vars(node.operation).values() if isinstance(value, SeedGenerator)]
            for one in (node.operation, *generators):
                found.setdefault(id(one), []).append(id(node))
    return found


class TracedGraph(Graph):
    """A Graph whose inputs are those of a call, in a list.

    Args:
        inputs: TracedTensors.
        outputs: TracedTensors, in the structure in which the call returns Tensors.
    """

    def __init__(self, inputs: list[TracedTensor], outputs: Any) -> None:
        self.input_struct, self.output_struct = inputs, outputs
        self.inputs, self.outputs = inputs, leaves(outputs)
        self.nodes, _ = self._in_order()
        self._plan()
        self._one_output = isinstance(outputs, TracedTensor)
        slots = dict(zip(map(id, self.outputs), self._output_slots, strict=True))
        self._returned = map_structure(lambda tensor: slots[id(tensor)], outputs)

    def _input_layer(self, tensor: Any) -> Any:
        return tensor

    def _by_depth(self, nodes: Any, first_seen: Any) -> Any:
        return []

    def _input_values(self, inputs: list[Tensor]) -> list[Any]:
        return [*inputs, *[None] * (self._size - len(inputs))]

    def fused(self) -> int:
        """How many steps of it may be computed together with others."""
        return Counter(isinstance(step[0], FusableLayers) for step in self._steps)[True]
