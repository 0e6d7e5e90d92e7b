"""Operations in a graph that are computed together with layers, as if they were layers: `a + b`, and `relu(x)`.

    h = tn.ops.relu(h + shortcut)           is what          h = ReLU()(Add()([h, shortcut]))

computes, and subclassed models are often written so. `as_layer` finds such a call. What it returns stands for a layer
in fusion.py's table alone: `model.layers` and files know the operation.
"""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

from .. import ops
from ..core.types import TensorLike
from ..symbolic import KerasTensor, Node
from ..tensor import Tensor


class _AsLayer:
    """What fusion.py asks a layer.

    Args:
        operation: The graph's.
    """

    built, activity_regularizer = True, None
    _dtype: ClassVar[Any] = None  # it takes its input as it is

    def __init__(self, operation: Any) -> None:
        self.name = operation.name
        self._function = operation.call


class Rectification(_AsLayer):
    """relu(x)"""

    def __call__(self, x: TensorLike, training: bool | None = None) -> Tensor:
        return self._function(x)


class Sum(_AsLayer):
    """a + b, of two tensors of one shape"""

    def __call__(self, pair: list[TensorLike], training: bool | None = None) -> Tensor:
        return self._function(*pair)


_RELU, _ADD = inspect.unwrap(ops.relu), inspect.unwrap(ops.add)  # as nodes of graphs name them


def as_layer(node: Node) -> Rectification | Sum | None:
    """What stands for a node's operation among layers; None for any other node."""
    function = getattr(node.operation, "call", None)
    if function not in (_RELU, _ADD):
        return None
    signature = inspect.signature(function)
    given = signature.bind(*node.args, **node.kwargs).arguments
    tensors = [given.pop(name) for name in list(given)[:len(node.inputs)]]  # the first arguments
    first = tensors[0]
    if not (all(isinstance(tensor, KerasTensor) and (tensor.shape, tensor.dtype) == (first.shape, first.dtype)
                for tensor in tensors)
            and str(first.dtype).startswith("float")
            and all(type(value) in (int, float, type(None)) and value == signature.parameters[name].default
                    for name, value in given.items())):
        return None
    if function is _RELU:
        return Rectification(node.operation)
    return Sum(node.operation) if len(tensors) == 2 and tensors[0] is not tensors[1] else None
