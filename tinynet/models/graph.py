"""Graphs of layers: what `Model(inputs, outputs)` computes.

A Graph is planned once: the nodes that the outputs depend on become a flat list of steps, each with the numbers of the
slots it reads and writes. A call fills the slots of the inputs and goes through the list.
"""

from collections import Counter
from typing import Any

from ..core.nest import flatten, map_structure
from ..layers.base import Layer
from ..layers.core import InputLayer
from ..layers.merging import Add
from ..string_tensor import StringTensor, to_string_array
from ..symbolic import KerasTensor, Node
from ..tensor import Tensor, convert_to_tensor
from .fusion import FusableLayers, plan_steps
from .operations import Rectification, Sum, as_layer
from .structures import flat_shapes, for_leaves_of, leaves, names_of_leaves, sorted_keys, unpacked


class Graph:
    """The nodes between inputs and outputs, in the order in which they are computed.

    Args:
        inputs, outputs: KerasTensors, or lists, tuples or dicts of them.

    Attributes:
        nodes: In order of computation, without the inputs' own.
        operations: Layers and Operations in Keras's order, each once, the InputLayers included.
        layers: The layers among them.
    """

    def __init__(self, inputs: Any, outputs: Any) -> None:
        self.input_struct, self.output_struct = inputs, outputs
        self.inputs, self.outputs = leaves(inputs), leaves(outputs)
        for what, tensors in (("inputs", self.inputs), ("outputs", self.outputs)):
            for tensor in tensors:
                if not isinstance(tensor, KerasTensor):
                    raise ValueError(f"Model: {what} must be KerasTensors, that is, Input(...) or what layers return "
                                     f"for them; got {tensor!r} ({type(tensor).__name__})")
            if not tensors:
                raise ValueError(f"Model: {what} must hold at least one KerasTensor, got {tensors!r}")
        if len({id(tensor) for tensor in self.inputs}) < len(self.inputs):
            raise ValueError(f"Model: the same input is listed twice: {[tensor.name for tensor in self.inputs]}")
        # An input that is another layer's output gets a layer that stands for it.
        self.input_layers = [
            tensor._node.operation if isinstance(tensor._node.operation, InputLayer)
            else InputLayer(batch_shape=tensor.shape, dtype=tensor.dtype, name=tensor.name)
            for tensor in self.inputs
        ]
        self.nodes, self.operations = self._in_order()
        self.layers = [operation for operation in self.operations if isinstance(operation, Layer)]
        names = [operation.name for operation in self.operations]
        doubles = sorted({name for name in names if names.count(name) > 1})
        if doubles:
            raise ValueError(f"Model: names of layers must differ, but several are named {', '.join(doubles)}")
        self._plan()

    def _in_order(self):
        """Nodes and operations: those farthest from the outputs first, as Keras sorts them."""
        inputs = {id(tensor) for tensor in self.inputs}
        finished, begun, first_seen = [], {}, {}
        # Depth first, parents before children, without recursion: (tensor, whether its parents are done).
        stack = [(tensor, False) for tensor in reversed(self.outputs)]
        while stack:
            tensor, parents_done = stack.pop()
            if id(tensor) in inputs:
                first_seen.setdefault(id(self._input_layer(tensor)), len(first_seen))
                continue
            node, operation = tensor._node, tensor._node.operation
            if parents_done:
                finished.append(node)
            elif id(node) not in begun:
                if isinstance(operation, InputLayer):
                    raise ValueError(f"Model: the outputs depend on input {operation.name!r}, which is not among the "
                                     f"inputs {[tensor.name for tensor in self.inputs]}; add it")
                begun[id(node)] = node
                first_seen.setdefault(id(operation), len(first_seen))
                stack.append((tensor, True))
                stack += [(parent, False) for parent in reversed(node.inputs)]
        return finished, self._by_depth(finished, first_seen)

    def _by_depth(self, nodes, first_seen):
        depth, of_operation, by_id = {}, {}, {}
        inputs = {id(tensor) for tensor in self.inputs}
        input_depth = {}
        for node in reversed(nodes):
            here = max(depth.get(id(node), 0), of_operation.get(id(node.operation), 0))
            of_operation[id(node.operation)], by_id[id(node.operation)] = here, node.operation
            for tensor in node.inputs:
                if id(tensor) in inputs:
                    input_depth[id(tensor)] = max(input_depth.get(id(tensor), 0), here + 1)
                else:
                    parent = id(tensor._node)
                    depth[parent] = max(depth.get(parent, 0), here + 1)
        for layer, tensor in zip(self.input_layers, self.inputs, strict=True):
            of_operation[id(layer)], by_id[id(layer)] = input_depth.get(id(tensor), 0), layer
        order = sorted(by_id, key=lambda key: (-of_operation[key], first_seen.get(key, -1)))
        return [by_id[key] for key in order]

    def _input_layer(self, tensor):
        return next(layer for layer, other in zip(self.input_layers, self.inputs, strict=True) if other is tensor)

    def _plan(self):
        """Number the tensors that are stored, and write down the steps."""
        slots = {id(tensor): slot for slot, tensor in enumerate(self.inputs)}
        steps = [step for chain in self._chains() for step in _steps_of(chain)]
        last_use = {}
        for index, (_, nodes) in enumerate(steps):
            for tensor in flatten(nodes[-1].outputs):
                slots.setdefault(id(tensor), len(slots))
            for tensor in (tensor for node in nodes for tensor in node.inputs if id(tensor) in slots):
                last_use[slots[id(tensor)]] = index
        self._output_slots = [slots[id(tensor)] for tensor in self.outputs]
        returned = unpacked(self.output_struct)
        self._one_output = isinstance(returned, KerasTensor)
        self._returned = map_structure(lambda tensor: slots[id(tensor)], returned)
        dead = [[] for _ in steps]
        for slot, index in last_use.items():
            if slot not in self._output_slots:
                dead[index].append(slot)
        self._steps = [_step(*step, slots, dead[index]) for index, step in enumerate(steps)]
        self._size = len(slots)
        self._checks = [(tensor.shape[1:], None if tensor.dtype == "string" else tensor.dtype)
                        for tensor in self.inputs]

    def _chains(self):
        """The nodes in order, cut into chains: each node but the first takes the output of the one before it, which
        nothing else takes and the model does not return. A sum of two tensors takes another one too.

        Such nodes follow each other in `nodes`, since a tensor that is used once is computed right before its use. A
        layer that the graph calls several times is in no chain with others.
        """
        uses = Counter(id(tensor) for node in self.nodes for tensor in node.inputs)
        uses.update(id(tensor) for tensor in self.outputs)
        calls = Counter(id(node.operation) for node in self.nodes)
        chains, before = [], None
        for node in self.nodes:
            alone = calls[id(node.operation)] == 1 and (_takes_one_tensor(node) or _is_sum_of_two(node))
            if alone and before is not None and uses[id(before.outputs)] == 1 and any(
                    tensor is before.outputs for tensor in node.inputs):
                chains[-1].append(node)
            else:
                chains.append([node])
            before = node if alone else None
        return chains

    def run(self, inputs: Any, training: bool | None) -> Any:
        """The outputs for Tensors, in the structure of the model's outputs."""
        values = self._input_values(inputs)
        for call, is_layer, source, arguments, target, dead in self._steps:
            if arguments is None:  # a layer on one tensor
                result = call(values[source], training=training)
            else:
                args, kwargs = arguments(values)
                if is_layer:
                    kwargs.setdefault("training", training)
                result = call(*args, **kwargs)
            if type(target) is int:
                values[target] = result
            else:
                for slot, part in zip(target, flatten(result), strict=True):
                    values[slot] = part
            for slot in dead:
                values[slot] = None
        if self._one_output:
            return values[self._output_slots[0]]
        return map_structure(values.__getitem__, self._returned)

    def _input_values(self, inputs):
        """A list with the inputs in their slots."""
        given = [inputs] if isinstance(inputs, Tensor) else self._match(inputs)
        if len(given) != len(self.inputs):
            raise ValueError(f"the model has {len(self.inputs)} inputs {self.input_names}, got {len(given)}; pass them "
                             "as a list in this order, or as a dict by name")
        values = [None] * self._size
        for slot, (value, (shape, dtype)) in enumerate(zip(given, self._checks, strict=True)):
            if dtype is None:
                value = self._text(value, slot)
            else:
                if not isinstance(value, Tensor) or value.data.dtype != dtype:
                    value = convert_to_tensor(value, dtype)
                if value.data.shape[1:] != shape:
                    value = self._fitting(value, slot)
            values[slot] = value
        return values

    def _match(self, inputs):
        """The leaves of the inputs, in the order of the model's."""
        if not isinstance(inputs, dict):
            keys = list(self.input_struct) if isinstance(self.input_struct, dict) else []
            if len(keys) > 1 and keys != sorted_keys(self.input_struct):
                raise ValueError(f"the model's inputs are a dict with the keys {keys}; a {type(inputs).__name__} does "
                                 "not tell which of its entries belongs to which: pass a dict")
            return leaves(inputs)
        if isinstance(self.input_struct, dict) and all(key in inputs for key in self.input_struct):
            parts = {key: inputs[key] for key in self.input_struct}
            placed = for_leaves_of(parts, self.input_struct)
            return placed if placed is not None else leaves(parts)
        missing = [name for name in self.input_names if name not in inputs]
        if missing:
            named = isinstance(self.input_struct, dict)
            names = list(self.input_struct) if named else self.input_names
            missing = [name for name in names if name not in inputs] if named else missing
            raise ValueError(f"the model's inputs are named {names}, but the data has {list(inputs)}; "
                             f"missing: {missing}")
        return [inputs[name] for name in self.input_names]

    def _text(self, value, slot):
        """The texts of an input, as a StringTensor of its shape."""
        expected = self.inputs[slot].shape
        try:
            texts = to_string_array(value)
        except TypeError as error:
            raise ValueError(f"input {self.input_names[slot]!r} takes text (dtype='string'): {error}") from None
        if texts.ndim == len(expected) + 1 and texts.shape[-1] == 1:
            texts = texts[..., 0]
        elif texts.ndim == len(expected) - 1 and expected[-1] == 1 and texts.ndim:
            texts = texts[..., None]
        return self._fitting(StringTensor.wrap(texts), slot)

    def _fitting(self, value, slot):
        """The value if it fits the input's shape, with a last axis of length 1 added or taken away if that helps."""
        shape, expected = value.data.shape, self.inputs[slot].shape
        if len(shape) == len(expected) + 1 and shape[-1] == 1:
            value = value.reshape(shape[:-1])
        elif len(shape) == len(expected) - 1 and expected[-1] == 1 and not batch_axis_hint(expected, shape):
            value = value.reshape((*shape, 1))
        actual = value.data.shape
        if len(actual) != len(expected) or any(want not in (None, have) for want, have
                                               in zip(expected[1:], actual[1:], strict=True)):
            raise ValueError(f"input {self.input_names[slot]!r} has shape {expected} (None stands for any length), got "
                             f"{shape}{batch_axis_hint(expected, shape)}")
        return value

    @property
    def input_names(self) -> list[str]:
        return [layer.name for layer in self.input_layers]

    @property
    def output_names(self) -> list[str]:
        """What losses, metrics and files call the outputs: the dict's keys, or the layers they come from."""
        return names_of_leaves(unpacked(self.output_struct), self.output_layer_names)

    @property
    def output_layer_names(self) -> list[str]:
        """The names of the layers that the outputs come from."""
        return [self._input_layer(tensor).name if any(tensor is other for other in self.inputs)
                else tensor._node.operation.name for tensor in self.outputs]

    def nodes_of(self, operation: Any) -> list[Node]:
        """The calls of a layer in this graph, in the order in which they were made."""
        return sorted((node for node in self.nodes if node.operation is operation), key=operation._nodes.index)

    def histories(self) -> dict[int, tuple[str, int, int]]:
        """id of each tensor: (layer's name, which of its calls in this graph, which of the call's outputs)."""
        where = {}
        for operation in self.operations:
            for call, node in enumerate(self.nodes_of(operation)):
                for index, tensor in enumerate(flatten(node.outputs)):
                    where[id(tensor)] = operation.name, call, index
        for layer, tensor in zip(self.input_layers, self.inputs, strict=True):
            where[id(tensor)] = layer.name, 0, 0
        return where

    def is_chain(self) -> bool:
        """Whether each layer's output is just the next one's input."""
        return (len(self.inputs) == len(self.outputs) == 1 and len(self.nodes) == len(self.operations) - 1
                and all(len(node.inputs) == 1 for node in self.nodes))

    def output_shapes(self, input_shape: Any) -> Any:
        """The shapes of the outputs for these input shapes if they are the declared ones, else None."""
        if flat_shapes(input_shape) != [tensor.shape for tensor in self.inputs]:
            return None
        return map_structure(lambda tensor: tensor.shape, self.output_struct)

    def input_shapes(self) -> Any:
        """The shapes of the inputs, in their structure."""
        return map_structure(lambda tensor: tensor.shape, self.input_struct)


def batch_axis_hint(expected: tuple[int | None, ...], shape: tuple[int, ...]) -> str:
    """What to add to an error about a shape: how to make a batch of one sample.

    >>> batch_axis_hint((None, 28, 28), (28, 28))
    '; this is one sample: add a batch axis, x[None], for a batch of one'
    >>> batch_axis_hint((None, 28, 28), (5, 28))
    ''
    >>> batch_axis_hint((None, 1), (1,))  # a batch of numbers
    ''
    >>> batch_axis_hint((None, 28, 28, 1), (28, 28))
    '; this is one sample: add a batch axis and a channel axis, x[None, ..., None], for a batch of one'
    """
    if expected[-1] == 1 and len(shape) == len(expected) - 2 and len(shape) > 1 and batch_axis_hint(
            expected[:-1], shape):
        return "; this is one sample: add a batch axis and a channel axis, x[None, ..., None], for a batch of one"
    fits = len(shape) == len(expected) - 1 and expected[1:] != (1,) and all(
        want in (None, have) for want, have in zip(expected[1:], shape, strict=True))
    return "; this is one sample: add a batch axis, x[None], for a batch of one" if fits else ""


def _takes_one_tensor(node):
    """Whether it is called as layer(tensor), without other arguments, or as relu(tensor)."""
    if not isinstance(node.operation, Layer):
        return isinstance(as_layer(node), Rectification)
    return len(node.args) == 1 and not node.kwargs and isinstance(node.args[0], KerasTensor)


def _is_sum_of_two(node):
    """Whether it is called as Add()([a, b]), or as a + b."""
    if not isinstance(node.operation, Layer):
        return isinstance(as_layer(node), Sum)
    return (type(node.operation) is Add and len(node.args) == 1 and not node.kwargs and isinstance(node.args[0], list)
            and len(node.args[0]) == 2 and all(isinstance(tensor, KerasTensor) for tensor in node.args[0])
            and node.args[0][0] is not node.args[0][1])


def _steps_of(chain):
    """For each step of a chain of nodes: (what is called, its nodes)."""
    if len(chain) == 1 and not _takes_one_tensor(chain[0]):
        return [(_own_call(chain[0]), chain)]
    continued = [int(position > 0 and node.inputs[1] is chain[position - 1].outputs)
                 for position, node in enumerate(chain) if _is_sum_of_two(node)]
    steps, first = [], 0
    for call, count in plan_steps([as_layer(node) or node.operation for node in chain], continued):
        nodes = chain[first : first + count]
        steps.append((call if isinstance(call, FusableLayers) else _own_call(nodes[0]), nodes))
        first += count
    return steps


def _own_call(node):
    """What a node calls by itself."""
    return node.operation if isinstance(node.operation, Layer) else node.operation.call


def _step(call, nodes, slots, dead):
    """(what is called, whether it is a layer, slot of the only input, or None and how to put the arguments together,
    slots of the outputs, slots not needed afterwards).
    """
    first, last = nodes[0], nodes[-1]
    target = slots[id(last.outputs)] if isinstance(last.outputs, KerasTensor) else [
        slots[id(tensor)] for tensor in flatten(last.outputs)]
    source = arguments = None
    is_layer = isinstance(call, Layer | FusableLayers)
    if isinstance(call, FusableLayers) and any(_is_sum_of_two(node) for node in nodes):
        arguments = _filler_of_sums(call, nodes, slots)
    elif is_layer and _takes_one_tensor(first):
        source = slots[id(first.inputs[0])]
    else:
        arguments = _filler(first.args, first.kwargs, slots)
    return call, is_layer, source, arguments, target, tuple(dead)


def _filler_of_sums(call, nodes, slots):
    """A function that puts together the arguments of `FusableLayers` with a sum: the input, and what is added."""
    chain = nodes[0].inputs[call.continued[0]]
    source, others = slots[id(chain)], []
    for node, side in zip(nodes, call.continued, strict=True):
        if _is_sum_of_two(node):
            others.append(slots[id(node.inputs[1 - side])])
    return lambda values: ((values[source],), {"added": [values[other] for other in others]})


def _filler(args, kwargs, slots):
    """A function that puts values in the place of KerasTensors."""
    if not kwargs and all(isinstance(part, KerasTensor) for part in args):
        sources = [slots[id(part)] for part in args]
        return lambda values: ([values[source] for source in sources], {})
    if not kwargs and len(args) == 1 and isinstance(args[0], list) and all(isinstance(x, KerasTensor) for x in args[0]):
        sources = [slots[id(part)] for part in args[0]]
        return lambda values: (([values[source] for source in sources],), {})

    def fill(values):
        def value_of(leaf):
            return values[slots[id(leaf)]] if isinstance(leaf, KerasTensor) else leaf

        return map_structure(value_of, args), map_structure(value_of, kwargs)

    return fill
