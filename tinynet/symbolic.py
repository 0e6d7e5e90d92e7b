"""Tensors without values, and the graph that calls on them build.

`Input` returns a KerasTensor: a shape and an element type, without values. A layer, or an operation of `tinynet.ops`,
that is called on one computes nothing. It returns KerasTensors too, and makes a `Node`: what was called, its arguments,
its results. `Model(inputs, outputs)` follows the nodes from its outputs back to its inputs.
"""

from __future__ import annotations

import functools
import inspect
import math
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import numpy as np

from .core.naming import auto_name
from .core.nest import flatten, map_structure, pack_like
from .core.reading import check_bytes, is_deserializing
from .core.result_sizes import largest_result
from .core.tensor_shape import TensorShape
from .core.tracebacks import shorten
from .core.types import DTypeLike, Shape, Structure
from .seeds import undrawn
from .string_tensor import StringTensor, is_text_type
from .tensor import Operators, Tensor

if TYPE_CHECKING:
    from .layers.base import Layer
    from .models.sequential import Sequential

Function = TypeVar("Function", bound=Callable[..., Any])


class KerasTensor(Operators):
    """A tensor that has a shape and an element type but no values.

    Operators and operations on it return KerasTensors. What needs values, such as `float(x)`, `if x:` or `x.numpy()`,
    raises a TypeError.

    Args:
        shape: The lengths of the axes; None for the batch axis and for others of any length.
        dtype: Element type.
        name: The input's name; chosen automatically if None.

    Attributes:
        shape: As a tuple, with TensorFlow's methods.
        dtype: As a string; 'string' for text.

    >>> x = KerasTensor((None, 3))
    >>> (x + 1).shape
    (None, 3)
    """

    _trace: Any = None  # what makes a graph of a call of the user's own, see models/trace.py
    _keras_mask: KerasTensor | None = None  # its mask, if it has one: see tinynet/layers/masks.py
    __array_ufunc__ = None  # so that ndarray + KerasTensor calls KerasTensor.__radd__

    def __init__(self, shape: Sequence[int | None], dtype: DTypeLike = "float32", name: str | None = None) -> None:
        self.shape: Shape = TensorShape(shape)
        self.dtype = "string" if is_text_type(dtype) else np.dtype(dtype).name
        self.name = name or auto_name("keras_tensor")
        self._node: Node | None = None  # the call that returned it
        self._index = 0  # its position among the node's outputs

    @property
    def _keras_history(self):
        """(layer or Operation, index among its nodes, index among the node's outputs)"""
        return self._node.operation, self._node.operation._nodes.index(self._node), self._index

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def _no_values(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(
            f"{self!r} has no values: it stands for what a model will compute. "
            "Use it with layers and operations of tinynet.ops, and pass arrays to the model; "
            "a loop or an `if` over values belongs into call() of a layer"
        )

    __array__ = __bool__ = __iter__ = __len__ = __int__ = __float__ = __index__ = numpy = _no_values

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


class Node:
    """One call on KerasTensors: a node of the graph.

    Args:
        operation: The layer, or the Operation, that was called.
        args, kwargs: The arguments of the call: KerasTensors and other things.
        outputs: The KerasTensors it returned: one, or a list, tuple or dict of them.

    Attributes:
        inputs: The KerasTensors among the arguments, in order.
    """

    def __init__(self, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: Structure) -> None:
        self.operation, self.args, self.kwargs, self.outputs = operation, args, kwargs, outputs
        self.inputs = _keras_tensors(args, kwargs)
        for index, tensor in enumerate(flatten(outputs)):
            tensor._node, tensor._index = self, index
        operation.__dict__.setdefault("_nodes", []).append(self)


class Operation:
    """A function of `tinynet.ops` as a part of a model.

    Args:
        function: The function.
        name: Chosen automatically if None.
    """

    def __init__(self, function: Callable[..., Any], name: str | None = None) -> None:
        self.call = function
        self.name = name or auto_name(function.__name__)

    def __call__(self, *args: Any, **kwargs: Any) -> Structure:
        """Make a node of a call on KerasTensors. A trial on zeros finds the shapes of the results.

        Returns:
            KerasTensors: one, or a list, tuple or dict of them, as the function returns Tensors.

        Raises:
            TypeError, ValueError, IndexError: the function raises it for Tensors of these shapes.
        """
        if is_deserializing():
            self._check_size(args, kwargs)
        try:
            outputs = by_trial(self.call, args, kwargs)
        except (TypeError, ValueError, IndexError) as error:
            shapes = ", ".join(str(tensor.shape) for tensor in _keras_tensors(args, kwargs))
            raise type(error)(f"ops.{self.call.__name__} on KerasTensors of shapes {shapes} (tried with lengths for "
                              f"None): {error}") from error
        Node(self, args, kwargs, outputs)
        return outputs

    def _check_size(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Refuse a call in a file that makes much of little, such as `tile(x, 10**9)`, before it is tried."""
        if not _keras_tensors(args, kwargs):
            raise ValueError(f"ops.{self.call.__name__} is called on no tensor, which no model that was saved does")
        check_bytes(_largest_bytes(self.call, args, kwargs), f"the result of ops.{self.call.__name__}")

    def arguments_of(self, node: Node) -> dict[str, Any]:
        """Return the arguments of a call as {the function's name for it: value}."""
        bound = inspect.signature(self.call).bind(*node.args, **node.kwargs)
        return dict(bound.arguments)

    def __repr__(self) -> str:
        return f"<Operation {self.call.__name__}, name={self.name}>"


# NumPy raises them of shapes and indices that a user has passed.
EXPLAINED = (ValueError, IndexError)


def is_symbolic(structure: Structure) -> bool:
    """Whether there is a KerasTensor in a structure.

    >>> is_symbolic([1, {"x": KerasTensor((None, 2))}]), is_symbolic([1, 2])
    (True, False)
    """
    if isinstance(structure, list | tuple | dict):
        return any(isinstance(leaf, KerasTensor) for leaf in flatten(structure))
    return isinstance(structure, KerasTensor)


def _keras_tensors(args: Structure, kwargs: Structure) -> list[KerasTensor]:
    """The KerasTensors among the arguments of a call, in order."""
    return [leaf for leaf in flatten((args, kwargs)) if isinstance(leaf, KerasTensor)]


def takes_symbolic(function: Function) -> Function:
    """Decorate an operation on Tensors, so that it can be called on KerasTensors too.

    KerasTensors have no values, so the function raises an error on them. Only after an error are the arguments
    searched for KerasTensors: calls on Tensors lose no time. Nor do they for the short traceback of an error.

    Args:
        function: The operation.

    Returns:
        The decorated function.
    """

    @functools.wraps(function)
    def operation(*args, **kwargs):
        try:
            try:
                return function(*args, **kwargs)
            except Exception:
                return call_symbolically(function, args, kwargs)
        except Exception as error:
            shorten(error, EXPLAINED)
            raise

    operation.takes_symbolic = True  # type: ignore[attr-defined]  # a mark on the function, which ops/__init__ reads
    return operation  # type: ignore[return-value]  # functools.wraps: it has the function's own signature


def call_symbolically(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Structure:
    """Call an operation on KerasTensors, after it has raised an error. Call this in its `except` clause.

    Args:
        function: The operation.
        args, kwargs: The arguments with which it raised the error.

    Returns:
        KerasTensors, in the structure in which the operation returns Tensors.

    Raises:
        Exception: the operation's own error, if there is no KerasTensor among its arguments.
    """
    tensors = _keras_tensors(args, kwargs)
    if not tensors:
        raise  # noqa: PLE0704, called while an exception is handled
    if tensors[0]._trace is not None:
        return tensors[0]._trace.call_operation(function, args, kwargs)
    return Operation(function)(*args, **kwargs)


# Lengths that replace None in trials. Two of them show which lengths of the result depend on it. The second pair is for
# functions that need more elements, or a length that many numbers divide.
_TRIAL_LENGTHS = (2, 3), (12, 24)


def by_trial(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Structure:
    """Find the KerasTensors that a function returns, by calling it on zeros.

    Large zeros are one zero with strides of 0: they take no memory as long as the function only looks at them. While a
    model is deserialized, what they stand for must not be larger than the file may make (`core.reading.check_bytes`).

    Args:
        function: Function of Tensors.
        args, kwargs: Its arguments, with KerasTensors among them.

    Returns:
        KerasTensors, in the structure in which the function returns Tensors. A length that changes with the length put
        for None is None.

    Raises:
        TypeError: the function returns something else than Tensors.
        Exception: the function's own error, if it raises one for all lengths tried.

    >>> by_trial(lambda x: x.reshape(-1), (KerasTensor((None, 4)),), {}).shape
    (None,)
    """
    for attempt in _TRIAL_LENGTHS:
        try:
            with np.errstate(all="ignore"), undrawn():
                first, second = (function(*_zeros(args, length), **_zeros(kwargs, length)) for length in attempt)
            break
        except Exception:
            if attempt is _TRIAL_LENGTHS[-1]:
                raise
    return pack_like(first, list(map(_from_trials, flatten(first), flatten(second))))


def _from_trials(one: Tensor, other: Tensor) -> KerasTensor:
    """The KerasTensor of which two trials computed these values."""
    if not isinstance(one, Tensor):
        raise TypeError(f"expected Tensors as results, got {type(one).__name__}")
    result = KerasTensor(_common_lengths(one, other), one.dtype)
    if one._keras_mask is not None and other._keras_mask is not None:
        result._keras_mask = KerasTensor(_common_lengths(one._keras_mask, other._keras_mask), "bool")
    return result


def _common_lengths(one: Tensor, other: Tensor) -> list[int | None]:
    """The lengths of the axes; None where two trials differ."""
    return [a if a == b else None for a, b in zip(one.shape, other.shape, strict=True)]


def _zeros(structure: Structure, length: int) -> Structure:
    """The structure with zeros instead of KerasTensors, `length` instead of None."""

    def values(leaf):
        if not isinstance(leaf, KerasTensor):
            return leaf
        if leaf.dtype == "string":
            return StringTensor.wrap(np.full(_lengths(leaf, length), b"", object))
        zeros = Tensor.wrap(_zero_array(_lengths(leaf, length), leaf.dtype))
        if leaf._keras_mask is not None:  # a user's layer may need it
            zeros._keras_mask = Tensor.wrap(np.ones(_lengths(leaf._keras_mask, length), bool))
        return zeros

    return map_structure(values, structure)


_SMALL_BYTES = 1 << 20  # zeros that are cheap to make, so that functions may write into them


def _zero_array(lengths: list[int], dtype: str) -> np.ndarray:
    """Zeros of this shape; read-only ones that take no memory if they are large."""
    needed = math.prod(lengths) * np.dtype(dtype).itemsize
    check_bytes(needed, f"a tensor of shape {tuple(lengths)}")
    if needed <= _SMALL_BYTES:
        return np.zeros(lengths, dtype)
    return np.broadcast_to(np.zeros((), dtype), lengths)


def _largest_bytes(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
    """A bound of the bytes of what an operation makes of KerasTensors, with 2 put for None."""
    try:
        given = dict(inspect.signature(function).bind(*args, **kwargs).arguments)
    except TypeError:
        return 0  # the call will raise it
    tensors = _keras_tensors(args, kwargs)
    operands = [np.shape(leaf) for leaf in given.values() if isinstance(leaf, np.ndarray | Tensor)]
    shapes = [tuple(_lengths(tensor, _TRIAL_LENGTHS[0][0])) for tensor in tensors]
    others = {key: value for key, value in given.items() if not is_symbolic(value)}
    elements = largest_result(function.__name__, shapes, operands, others)
    return elements * max(4, 8 if "64" in str(others.get("dtype")) else 0,  # pixels become float32
                          *(np.dtype(tensor.dtype).itemsize for tensor in tensors))


def _lengths(tensor: KerasTensor, length: int) -> list[int]:
    return [length if extent is None else extent for extent in tensor.shape]


def call_layer(layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Structure:
    """Call a layer on KerasTensors: build it, find the shapes of its outputs, make a node.

    Args:
        layer: The layer.
        args, kwargs: The arguments of the call, with KerasTensors among them.

    Returns:
        KerasTensors, in the structure of the layer's outputs.

    Raises:
        TypeError, ValueError: the layer cannot be called on these shapes; the message names the layer.
    """
    tensors = _keras_tensors(args, kwargs)
    if tensors[0]._trace is not None:
        return tensors[0]._trace.call_layer(layer, args, kwargs)
    inputs = args[0] if args else next(iter(kwargs.values()))
    shapes = shapes_of(inputs)
    try:
        if not layer.built and not _has_text(inputs):  # on texts, the trial call builds it
            layer._build_symbolically(shapes)
        outputs = _outputs_of(layer, args, kwargs, shapes)
    except (TypeError, ValueError) as error:
        if not getattr(error, "_names_a_layer", False):  # of layers within layers, the innermost is named
            error.args = (f"layer {layer.name!r} ({type(layer).__name__}), called on KerasTensors of shapes {shapes}: "
                          f"{error}",)
            error._names_a_layer = True  # type: ignore[union-attr]  # a mark on the error
        raise
    Node(layer, args, kwargs, outputs)
    return outputs


def _outputs_of(layer, args, kwargs, shapes):
    """What a layer returns for KerasTensors: by its own `compute_output_shape` where that determines all, or by trial.
    """
    alone = len(args) == 1 and not any(is_symbolic(value) for value in kwargs.values())
    tensors = _keras_tensors(args, kwargs)
    floating = all(tensor.dtype.startswith("float") for tensor in tensors)
    makes_mask = layer._makes_mask and not (
        layer._needs_masks and all(tensor._keras_mask is None for tensor in tensors))
    if alone and floating and not makes_mask and layer._knows_output_shape():
        outputs = as_tensors(layer.compute_output_shape(shapes), layer.dtype)
        if isinstance(args[0], KerasTensor) and isinstance(outputs, KerasTensor) and layer.supports_masking:
            outputs._keras_mask = args[0]._keras_mask
        return outputs
    if is_deserializing() and alone and layer._knows_output_shape():
        _check_output_shapes(layer, shapes)
    outputs = by_trial(layer._without_trace(training=kwargs.get("training", False)), args,
                       {key: value for key, value in kwargs.items() if key != "training"})
    if _has_text(tensors) and alone and isinstance(outputs, KerasTensor) and 0 in outputs.shape:
        # The trial's texts are empty, and so are its rows of words.
        outputs.shape = TensorShape(layer.compute_output_shape(shapes))
    return layer._symbolic_structure(outputs)


def _has_text(structure):
    return any(tensor.dtype == "string" for tensor in flatten(structure) if isinstance(tensor, KerasTensor))


def _check_output_shapes(layer: Layer, shapes: Any) -> None:
    """Refuse a layer of a file that makes much of little, such as a RepeatVector(10**9), before it is tried."""
    try:
        outputs = flatten(as_tensors(layer.compute_output_shape(shapes), layer.dtype))
    except Exception:
        return  # the trial reports what is wrong
    for tensor in outputs:
        check_bytes(math.prod(_lengths(tensor, _TRIAL_LENGTHS[0][0])) * np.dtype(tensor.dtype).itemsize,
                    f"the output of layer {layer.name!r}")


def shapes_of(inputs: Structure) -> Any:
    """Return the shapes of a model's or layer's inputs.

    Args:
        inputs: Tensors or KerasTensors, in a structure.

    Returns:
        Shapes in the same structure, but with lists for tuples, since a tuple of lengths is a shape. The batch axis is
        None. None for something else than tensors.

    >>> shapes_of((Tensor([[1.0, 2.0]]), KerasTensor((None, 3))))
    [(None, 2), (None, 3)]
    """
    if isinstance(inputs, Tensor):
        return (None, *inputs.shape[1:]) if inputs.shape else ()
    if isinstance(inputs, KerasTensor):
        return inputs.shape
    if isinstance(inputs, list | tuple):
        return [shapes_of(part) for part in inputs]
    if isinstance(inputs, dict):
        return {key: shapes_of(part) for key, part in inputs.items()}
    return None


def as_tensors(shapes: Any, dtype: DTypeLike) -> Structure:
    """Return KerasTensors of these shapes.

    Args:
        shapes: A tuple of lengths, or a list, tuple or dict of such.
        dtype: Element type.

    >>> as_tensors([(None, 2), (None, 3)], "float32")[1].shape
    (None, 3)
    """
    if isinstance(shapes, dict):
        return {key: as_tensors(shape, dtype) for key, shape in shapes.items()}
    if isinstance(shapes, list) or shapes and isinstance(shapes[0], list | tuple | dict):
        return type(shapes)(as_tensors(shape, dtype) for shape in shapes)
    return KerasTensor(shapes, dtype)


# {layer: the Sequential model that holds it}, for `layer.output` of a layer that was never called on KerasTensors. Keys
# and values are weak references: a model is freed when the user drops it.
_owners: weakref.WeakKeyDictionary[Layer, weakref.ref[Sequential]] = weakref.WeakKeyDictionary()


def set_owner(layer: Layer, model: Sequential) -> None:
    """Store that a Sequential model holds this layer."""
    _owners[layer] = weakref.ref(model)


def nodes_of(layer: Layer) -> list[Node]:
    """Return the nodes of the calls of a layer on KerasTensors. For a layer of a Sequential model, the model makes one.

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
            f"layer {layer.name!r} has no input and output yet: it was never called on the output of Input(...), "
            "nor is it in a Sequential model that knows its input shape; `layer(x)` on a batch builds no graph"
        )
    return nodes


def link(tensor: KerasTensor, layers: Sequence[Any]) -> tuple[Any, list[Node]]:
    """Call layers one after the other on a KerasTensor.

    Args:
        tensor: The input of the first layer.
        layers: Each is called on the output of the one before.

    Returns:
        (output of the last layer, nodes). Each node becomes the first of its layer: `layer.output` is its output.
    """
    nodes = []
    for layer in layers:
        tensor = layer(tensor)
        nodes.append(layer._nodes.pop())
        layer._nodes.insert(0, nodes[-1])
    return tensor, nodes


def unlink(nodes: Sequence[Node]) -> None:
    """Undo `link`, which returned these nodes."""
    for node in nodes:
        node.operation._nodes.remove(node)
