"""Activations and operations of `tinynet.ops` in terms of ONNX's operators; see `export.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import activations
from ...layers.base import Layer
from ...symbolic import KerasTensor, Node
from .axes import same_shape
from .masks import any_along
from .writer import Value, Writer, unsupported


def _one(op_type, **attributes):
    return lambda w, x, number: w.add(op_type, x, **attributes)


def _silu(w, x, number):
    return w.add("Mul", x, w.add("Sigmoid", x))


def _log_sigmoid(w, x, number):
    return w.add("Neg", w.add("Softplus", w.add("Neg", x)))


def _clip(low, high):
    return lambda w, x, number: w.add("Clip", x, number(low), number(high))


def _squareplus(w, x, number):
    root = w.add("Sqrt", w.add("Add", w.add("Mul", x, x), number(4)))
    return w.add("Mul", w.add("Add", x, root), number(0.5))


def _tanh_shrink(w, x, number):
    return w.add("Sub", x, w.add("Tanh", x))


def _hard_silu(w, x, number):
    return w.add("Mul", x, w.add("HardSigmoid", x, alpha=1 / 6, beta=0.5))


# {name: function (writer, name of the input, constant maker) -> name of the output}, of elementwise functions.
ELEMENTWISE = {
    "relu": _one("Relu"), "relu6": _clip(0, 6), "leaky_relu": _one("LeakyRelu", alpha=0.2), "elu": _one("Elu"),
    "celu": _one("Celu"), "selu": _one("Selu"), "gelu": _one("Gelu"), "sigmoid": _one("Sigmoid"),
    "hard_sigmoid": _one("HardSigmoid", alpha=1 / 6, beta=0.5), "log_sigmoid": _log_sigmoid, "silu": _silu,
    "hard_silu": _hard_silu, "tanh": _one("Tanh"), "hard_tanh": _clip(-1, 1), "tanh_shrink": _tanh_shrink,
    "hard_shrink": _one("Shrink", lambd=0.5), "soft_shrink": _one("Shrink", lambd=0.5, bias=0.5),
    "softplus": _one("Softplus"), "softsign": _one("Softsign"), "mish": _one("Mish"), "exponential": _one("Exp"),
    "squareplus": _squareplus, "linear": lambda w, x, number: x,
}
_OPERATIONS = {
    "relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softplus": "Softplus", "softsign": "Softsign", "exp": "Exp",
    "log": "Log", "sqrt": "Sqrt", "absolute": "Abs", "abs": "Abs", "negative": "Neg", "square": None,
}
_BINARY = {
    "add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div", "true_divide": "Div", "power": "Pow",
    "maximum": "Max", "minimum": "Min",
}

_COMPARISONS = {"equal": "Equal", "not_equal": "Equal", "less": "Less", "less_equal": "LessOrEqual",
                "greater": "Greater", "greater_equal": "GreaterOrEqual"}
_LOGICAL = {"logical_and": "And", "logical_or": "Or", "logical_xor": "Xor", "logical_not": "Not"}


def write_activation(w: Writer, function: Any, value: Value, owner: Layer) -> Value:
    """Apply an activation.

    Args:
        w: Writer.
        function: Of `tinynet.activations`, or a layer.
        value: Its input.
        owner: The layer that has it, for the message.

    Raises:
        NotImplementedError: the function has no counterpart in ONNX.
    """
    if isinstance(function, Layer):
        return w.write_layer(w, function, value)
    name = getattr(function, "__name__", repr(function))
    if getattr(activations, name, None) is not function:
        raise unsupported(owner, f"its activation {name!r} is a function of your own")
    if name in ("softmax", "log_softmax"):
        op_type = "Softmax" if name == "softmax" else "LogSoftmax"
        return same_shape(value, w.add(op_type, value, axis=value.axis(-1)))
    if name not in ELEMENTWISE:
        raise unsupported(owner, f"its activation {name!r} has no counterpart in ONNX")
    return same_shape(value, ELEMENTWISE[name](w, value.name, lambda n: np.array(n, value.dtype)))


def write_operation(w: Writer, node: Node, value_of: Callable[[KerasTensor], Value]) -> Value:
    """Write an operation of `tinynet.ops` in a functional model: arithmetic and simple functions.

    Args:
        w: Writer.
        node: Its call.
        value_of: Function from KerasTensors to Values.

    Raises:
        NotImplementedError: for other operations; the message names it.
    """
    name = node.operation.call.__name__
    w.scope = node.operation.name
    dtype, shape = node.outputs.dtype, node.outputs.shape
    arguments = list(node.operation.arguments_of(node).values())

    def operand(part):
        if isinstance(part, KerasTensor):
            return w.cast(w.last(value_of(part)), dtype)
        return np.asarray(part, dtype)

    if name in _BINARY and len(arguments) == 2:
        return Value(w.add(_BINARY[name], *map(operand, arguments)), shape, dtype)
    if len(arguments) == 1 and isinstance(arguments[0], KerasTensor) and name in _OPERATIONS:
        x = w.cast(value_of(arguments[0]), dtype)
        op_type = _OPERATIONS[name]
        return same_shape(x, w.add("Mul", x, x) if op_type is None else w.add(op_type, x))
    if name in _COMPARISONS and len(arguments) == 2:
        kinds = [part.dtype for part in arguments if isinstance(part, KerasTensor)]
        common = np.result_type(*kinds).name
        operands = [w.cast(w.last(value_of(part)), common) if isinstance(part, KerasTensor) else
                    np.asarray(part, common) for part in arguments]
        y = w.add(_COMPARISONS[name], *operands)
        return Value(w.add("Not", y) if name == "not_equal" else y, shape, dtype)
    if name in _LOGICAL:
        masks = [w.cast(w.last(value_of(part)), "bool") for part in arguments]
        return Value(w.add(_LOGICAL[name], *masks), shape, dtype)
    if name == "any" and len(arguments) > 1 and isinstance(arguments[1], int):
        x = w.cast(w.last(value_of(arguments[0])), "bool")
        return Value(any_along(w, x, arguments[1], keepdims=len(shape) == x.rank), shape, dtype)
    if name == "reshape" and None not in shape[1:]:
        x = w.last(value_of(arguments[0]))
        return Value(w.add("Reshape", x, np.array([-1 if n is None else n for n in shape])), shape, dtype)
    raise NotImplementedError(
        f"export to ONNX: operation {node.operation.name!r} (ops.{name}) cannot be written; arithmetic, comparisons, "
        f"reshape and {', '.join(sorted(_OPERATIONS))} can. Use a layer instead, or keep the model with "
        "save('name.keras')"
    )
