"""Operations in a graph that are computed together with layers, as if they were layers: `a + b`, and `relu(x)`.

    h = tn.ops.relu(h + shortcut)           is what          h = ReLU()(Add()([h, shortcut]))

computes, and subclassed models are often written so. `as_layer` finds such a call. What it returns stands for a layer in
fusion.py's table alone: `model.layers` and files know the operation.
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
    inputs, function = node.inputs, getattr(node.operation, "call", None)
    plain = not node.kwargs and len(inputs) == len(node.args) and all(
        isinstance(part, KerasTensor) and str(part.dtype).startswith("float") for part in node.args)
    if function is _RELU and plain and len(inputs) == 1:
        return Rectification(node.operation)
    if (function is _ADD and plain and len(inputs) == 2 and inputs[0] is not inputs[1]
            and (inputs[0].shape, inputs[0].dtype) == (inputs[1].shape, inputs[1].dtype)):
        return Sum(node.operation)
    return None
