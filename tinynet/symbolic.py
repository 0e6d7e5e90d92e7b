"""Tensors without values, and the graph that calls on them leave behind.

`Input` gives a KerasTensor: a shape and an element type. A layer or an operation of `tinynet.ops` that is given one
computes nothing. It returns KerasTensors again, and leaves a `Node`: what was called, on what, and what came out.
`Model(inputs, outputs)` follows the nodes back from its outputs.
"""

import functools
import inspect
import weakref

import numpy as np

from .core.naming import auto_name
from .core.nest import flatten, map_structure
from .tensor import Operators, Tensor


class KerasTensor(Operators):
    """A tensor that has a shape and an element type but no values yet.

    Attributes:
        shape: With None for the batch axis and for axes of any length.
        dtype: Element type, a string.
        name: Of the input it is, or chosen automatically.
    """

    _keras_mask = None  # the KerasTensor of its mask, if it has one: see tinynet/layers/masks.py
    __array_ufunc__ = None  # so that ndarray + KerasTensor asks KerasTensor.__radd__

    def __init__(self, shape, dtype="float32", name=None):
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype).name
        self.name = name or auto_name("keras_tensor")
        self._node = None  # the call that it is a result of
        self._index = 0  # among the node's outputs

    @property
    def _keras_history(self):
        """(layer or Operation, which of its nodes, which of the node's outputs)"""
        return self._node.operation, self._node.operation._nodes.index(self._node), self._index

    @property
    def ndim(self):
        return len(self.shape)

    def _no_values(self, *args, **kwargs):
        raise TypeError(
            f"{self!r} has no values: it stands for what a model will compute. Use it with layers and operations of "
            "tinynet.ops, and pass arrays to the model; a loop or an `if` over values belongs into call() of a layer"
        )

    __array__ = __bool__ = __iter__ = __len__ = __int__ = __float__ = __index__ = numpy = _no_values

    def __repr__(self):
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


class Node:
    """One call on KerasTensors.

    Args:
        operation: The layer, or the Operation, that was called.
        args, kwargs: What it was given, KerasTensors and other things.
        outputs: The KerasTensors it returned: one, or a list, tuple or dict of them.

    Attributes:
        inputs: The KerasTensors among the arguments, in order.
    """

    def __init__(self, operation, args, kwargs, outputs):
        self.operation, self.args, self.kwargs, self.outputs = operation, args, kwargs, outputs
        self.inputs = [leaf for leaf in flatten((args, kwargs)) if isinstance(leaf, KerasTensor)]
        for index, tensor in enumerate(flatten(outputs)):
            tensor._node, tensor._index = self, index
        operation.__dict__.setdefault("_nodes", []).append(self)


class Operation:
    """A function of `tinynet.ops` as a part of a model.

    Args:
        function: The function.
        name: Chosen automatically if None.
    """

    def __init__(self, function, name=None):
        self.call = function
        self.name = name or auto_name(function.__name__)

    def __call__(self, *args, **kwargs):
        """Leave a node; the shape of the result is found by a trial on zeros."""
        try:
            outputs = by_trial(self.call, args, kwargs)
        except (TypeError, ValueError, IndexError) as error:
            shapes = ", ".join(str(leaf.shape) for leaf in flatten((args, kwargs)) if isinstance(leaf, KerasTensor))
            raise type(error)(f"ops.{self.call.__name__} on KerasTensors of shapes {shapes} (tried with lengths for "
                              f"None): {error}") from error
        Node(self, args, kwargs, outputs)
        return outputs

    def arguments_of(self, node):
        """The arguments of a call, by the function's names for them."""
        bound = inspect.signature(self.call).bind(*node.args, **node.kwargs)
        return dict(bound.arguments)

    def __repr__(self):
        return f"<Operation {self.call.__name__}, name={self.name}>"


def is_symbolic(structure):
    """Whether there is a KerasTensor in it."""
    if isinstance(structure, list | tuple | dict):
        return any(isinstance(leaf, KerasTensor) for leaf in flatten(structure))
    return isinstance(structure, KerasTensor)


def takes_symbolic(function):
    """Let an operation be called on KerasTensors too.

    They have no values, so that the function fails on them; only then are the arguments looked at, so that other calls
    do not pay for it.
    """

    @functools.wraps(function)
    def operation(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except Exception:
            return call_symbolically(function, args, kwargs)

    operation.takes_symbolic = True
    return operation


def call_symbolically(function, args, kwargs):
    """The KerasTensors that an operation on KerasTensors returns; if there are none among its arguments, the exception
    at hand is raised again.
    """
    if not is_symbolic((args, kwargs)):
        raise  # noqa: PLE0704, called while an exception is handled
    return Operation(function)(*args, **kwargs)


# What stands for None in trials: two lengths, to see which lengths of the result depend on it; the second pair for
# functions that need more elements, or a length that many numbers divide.
_TRIAL_LENGTHS = (2, 3), (12, 24)


def by_trial(function, args, kwargs):
    """The KerasTensors that a function returns, found by calling it on zeros.

    Args:
        function: Of Tensors.
        args, kwargs: Its arguments, with KerasTensors among them.
    """
    for attempt in _TRIAL_LENGTHS:
        try:
            with np.errstate(all="ignore"):
                first, second = (function(*_zeros(args, length), **_zeros(kwargs, length)) for length in attempt)
            break
        except Exception:
            if attempt is _TRIAL_LENGTHS[-1]:
                raise
    seconds = iter(flatten(second))

    def symbol(one):
        other = next(seconds)
        if not isinstance(one, Tensor):
            raise TypeError(f"expected Tensors as results, got {type(one).__name__}")
        result = KerasTensor([a if a == b else None for a, b in zip(one.shape, other.shape, strict=True)], one.dtype)
        mask, other_mask = getattr(one, "_keras_mask", None), getattr(other, "_keras_mask", None)
        if mask is not None:
            lengths = [a if a == b else None for a, b in zip(mask.shape, other_mask.shape, strict=True)]
            result._keras_mask = KerasTensor(lengths, "bool")
        return result

    return map_structure(symbol, first)


def _zeros(structure, length):
    def values(leaf):
        if not isinstance(leaf, KerasTensor):
            return leaf
        zeros = Tensor.wrap(np.zeros(_lengths(leaf, length), leaf.dtype))
        if leaf._keras_mask is not None:  # layers of the user may count on it
            zeros._keras_mask = Tensor.wrap(np.ones(_lengths(leaf._keras_mask, length), bool))
        return zeros

    return map_structure(values, structure)


def _lengths(tensor, length):
    return [length if extent is None else extent for extent in tensor.shape]


def call_layer(layer, args, kwargs):
    """What a layer returns for KerasTensors: build it, find the shapes of its outputs, leave a node."""
    inputs = args[0] if args else next(iter(kwargs.values()))
    shapes = shapes_of(inputs)
    try:
        if not layer.built:
            layer._build_symbolically(shapes)
        outputs = _outputs_of(layer, args, kwargs, shapes)
    except (TypeError, ValueError) as error:
        if not getattr(error, "_names_a_layer", False):
            error.args = (f"layer {layer.name!r} ({type(layer).__name__}), called on KerasTensors of shapes {shapes}: "
                          f"{error}",)
            error._names_a_layer = True
        raise
    Node(layer, args, kwargs, outputs)
    return outputs


def _outputs_of(layer, args, kwargs, shapes):
    tensors = [leaf for leaf in flatten((args, kwargs)) if isinstance(leaf, KerasTensor)]
    alone = len(args) == 1 and not any(is_symbolic(value) for value in kwargs.values())
    floating = all(np.dtype(tensor.dtype).kind == "f" for tensor in tensors)
    if alone and floating and not layer._makes_mask and layer._knows_output_shape():
        outputs = as_tensors(layer.compute_output_shape(shapes), layer.dtype)
        if isinstance(args[0], KerasTensor) and isinstance(outputs, KerasTensor) and layer.supports_masking:
            outputs._keras_mask = args[0]._keras_mask
        return outputs
    return by_trial(functools.partial(layer, training=kwargs.get("training", False)), args,
                    {key: value for key, value in kwargs.items() if key != "training"})


def shapes_of(inputs):
    """Shapes in the structure of the inputs, None for the batch axis."""
    if isinstance(inputs, Tensor):
        return (None, *inputs.shape[1:]) if inputs.shape else ()
    if isinstance(inputs, KerasTensor):
        return inputs.shape
    if isinstance(inputs, list | tuple):
        return [shapes_of(part) for part in inputs]
    if isinstance(inputs, dict):
        return {key: shapes_of(part) for key, part in inputs.items()}
    return None


def as_tensors(shapes, dtype):
    """KerasTensors of these shapes: a tuple of lengths, or a list or dict of such."""
    if isinstance(shapes, dict):
        return {key: as_tensors(shape, dtype) for key, shape in shapes.items()}
    if isinstance(shapes, list) or shapes and isinstance(shapes[0], list | tuple | dict):
        return type(shapes)(as_tensors(shape, dtype) for shape in shapes)
    return KerasTensor(shapes, dtype)


# Which Sequential model holds a layer: asked when a layer that was never called on KerasTensors is asked for its
# `output`. Weak on both sides: a model is freed when the user drops it.
_owners = weakref.WeakKeyDictionary()


def set_owner(layer, model):
    """Remember that a Sequential model holds this layer."""
    _owners[layer] = weakref.ref(model)


def nodes_of(layer):
    """The nodes that calls of this layer on KerasTensors have left; for a layer of a Sequential model, the model's.

    Raises:
        AttributeError: there are none.
    """
    owner = _owners.get(layer)
    model = owner() if owner is not None else None
    if model is not None:
        model._link()
    nodes = layer.__dict__.get("_nodes")
    if not nodes:
        raise AttributeError(
            f"layer {layer.name!r} has no input and output yet: it was never called on the output of Input(...), nor "
            "is it in a Sequential model that knows its input shape; `layer(x)` on a batch leaves no graph"
        )
    return nodes


def link(tensor, layers):
    """Call layers one after the other on a KerasTensor.

    Returns:
        The last one's output, and the nodes. Each is its layer's first node, which `layer.output` speaks of.
    """
    nodes = []
    for layer in layers:
        tensor = layer(tensor)
        nodes.append(layer._nodes.pop())
        layer._nodes.insert(0, nodes[-1])
    return tensor, nodes


def unlink(nodes):
    """Undo `link`."""
    for node in nodes:
        node.operation._nodes.remove(node)
