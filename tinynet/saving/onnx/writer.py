"""An ONNX graph in the making: values, nodes, constants.

ONNX has the channels first, (batch, channels, height, width), where tinynet has them last. A `Value` therefore records
the order of its axes in the file; they are moved when a layer needs the other order, and not before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.extras import import_extra
from ...core.types import Array, Shape
from ...symbolic import KerasTensor

# Operator set 20 is the first with everything that layers need (Gelu); 9 is the file format that came with it.
OPSET, IR_VERSION = 20, 9


def import_onnx() -> Any:
    """Import the module onnx.

    Raises:
        ModuleNotFoundError: it is not installed; the message names the extra.
    """
    return import_extra("onnx", "onnx", "export to ONNX")


def unsupported(part: Any, why: str) -> NotImplementedError:
    """Return the error for a layer that cannot be exported.

    Args:
        part: The layer or model.
        why: The reason, a clause.
    """
    return NotImplementedError(
        f"export to ONNX: layer {part.name!r} ({type(part).__name__}) cannot be written: {why}. Export the part of "
        "the model before it, Model(model.input, layer.input), or keep the model with save('name.keras')"
    )


class Value:
    """A tensor of the ONNX graph.

    Attributes:
        name: In the file.
        shape: As tinynet has it, with None for unknown lengths.
        dtype: Element type, a string.
        moved: Whether the channels, tinynet's last axis, are axis 1 in the file.
        mask: Which steps count, a boolean Value of shape (batch, steps), or None; see `masks.py`.
        info: onnx's description, if it is an input of the graph.
    """

    def __init__(self, name: str, shape: Shape, dtype: str, moved: bool = False, mask: Value | None = None) -> None:
        self.name, self.shape, self.dtype, self.moved, self.mask = name, tuple(shape), dtype, moved, mask
        self.info: Any = None  # onnx's description, of an input

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def masked(self, mask: Value | None) -> Value:
        """Return the value with another mask."""
        return Value(self.name, self.shape, self.dtype, self.moved, mask)

    def axis(self, axis: int) -> int:
        """Return the number in the file of one of tinynet's axes."""
        axis %= self.rank
        if not self.moved or axis == 0:
            return axis
        return 1 if axis == self.rank - 1 else axis + 1


class Writer:
    """Collects nodes and constants.

    Args:
        onnx: The module.
        write_layer: Function (writer, layer, *args, **kwargs) that writes a layer or model, for those inside others.

    Attributes:
        nodes, constants: Of the graph, in order.
        scope: The prefix of values' names: the layer's name.
    """

    def __init__(self, onnx: Any, write_layer: Callable[..., Any]) -> None:
        self.onnx = onnx
        self.write_layer = write_layer
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.scope = "model"  # the prefix of values' names
        self._names: set[str] = set()
        self._transposed: dict[tuple[str, bool], Value] = {}  # by (name, moved), so that each value is moved once

    def name(self, wanted: str) -> str:
        """Return a name that nothing has yet: `wanted`, or with a number."""
        name, number = wanted, 1
        while name in self._names:
            name, number = f"{wanted}_{number}", number + 1
        self._names.add(name)
        return name

    def add(self, op_type: str, *inputs: Any, **attributes: Any) -> str:
        """Add a node.

        Args:
            op_type: ONNX's operator.
            inputs: Names, Values, or arrays, which become constants.
            attributes: Of the operator.

        Returns:
            The name of its output.
        """
        output = self.name(f"{self.scope}/{op_type}")
        names = [self.constant(part) if hasattr(part, "__array__") else getattr(part, "name", part) for part in inputs]
        self.nodes.append(self.onnx.helper.make_node(op_type, names, [output], name=output, **attributes))
        return output

    def constant(self, array: Array) -> str:
        """Add a constant and return its name."""
        name = self.name(f"{self.scope}/constant")
        self.constants.append(self.onnx.numpy_helper.from_array(array, name))
        return name

    def input(self, name: str, tensor: KerasTensor) -> Value:
        """Add an input of the graph, from a KerasTensor."""
        value = Value(self.name(name), tensor.shape, tensor.dtype)
        value.info = self._info(value.name, tensor)
        return value

    def output(self, name: str, value: Value, tensor: KerasTensor) -> Any:
        """Add an output of the graph.

        Args:
            name: Its name.
            value: Value.
            tensor: The model's KerasTensor, for the shape.

        Returns:
            onnx's description of it.
        """
        name = self.name(name)
        self.nodes.append(self.onnx.helper.make_node("Identity", [self.last(value).name], [name], name=name))
        return self._info(name, tensor, value.dtype)

    def _info(self, name, tensor, dtype=None):
        helper = self.onnx.helper
        lengths = [("batch" if axis == 0 else f"{name}_{axis}") if n is None else n
                   for axis, n in enumerate(tensor.shape)]
        return helper.make_tensor_value_info(name, self.element_type(dtype or tensor.dtype), lengths)

    def element_type(self, dtype: str) -> int:
        """Return ONNX's number for an element type."""
        return self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))

    def last(self, value: Value) -> Value:
        """Return the value with its axes in tinynet's order."""
        return self._in_order(value, moved=False)

    def first(self, value: Value) -> Value:
        """Return the value with the channels as axis 1."""
        return self._in_order(value, moved=value.rank > 2)

    def _in_order(self, value, moved):
        if value.moved == moved:
            return value
        key = value.name, moved
        if key not in self._transposed:
            rank = value.rank
            order = (0, rank - 1, *range(1, rank - 1)) if moved else (0, *range(2, rank), 1)
            self._transposed[key] = Value(self.add("Transpose", value, perm=order), value.shape, value.dtype, moved)
            self._transposed[self._transposed[key].name, not moved] = value
        return self._transposed[key].masked(value.mask)

    def cast(self, value: Value, dtype: str) -> Value:
        """Return the value as another element type."""
        if value.dtype == dtype:
            return value
        name = self.add("Cast", value, to=self.element_type(dtype))
        return Value(name, value.shape, dtype, value.moved, value.mask)
