"""An ONNX graph in the making: values, nodes, constants.

ONNX wants the channels first, (batch, channels, height, width), where tinynet has them last. A `Value` therefore knows
in which order its axes stand in the file; they are moved when a layer needs the other order, and not before.
"""

import numpy as np

from ...core.extras import import_extra

# Operator set 20 is the first with everything that layers need (Gelu); 9 is the file format that came with it.
OPSET, IR_VERSION = 20, 9


def import_onnx():
    """The module onnx.

    Raises:
        ModuleNotFoundError: it is not installed; the message names the extra.
    """
    return import_extra("onnx", "onnx", "export to ONNX")


def unsupported(part, why):
    """The error for a layer that cannot be exported."""
    return NotImplementedError(
        f"export to ONNX: layer {part.name!r} ({type(part).__name__}) cannot be written: {why}. Export the part of the "
        "model before it, Model(model.input, layer.input), or keep the model with save('name.keras')"
    )


class Value:
    """A tensor of the ONNX graph.

    Attributes:
        name: In the file.
        shape: As tinynet has it, with None for unknown lengths.
        dtype: Element type, a string.
        moved: Whether it stands in the file with the channels, tinynet's last axis, as axis 1.
    """

    def __init__(self, name, shape, dtype, moved=False):
        self.name, self.shape, self.dtype, self.moved = name, tuple(shape), dtype, moved

    @property
    def rank(self):
        return len(self.shape)

    def axis(self, axis):
        """Where one of tinynet's axes is in the file."""
        axis %= self.rank
        if not self.moved or axis == 0:
            return axis
        return 1 if axis == self.rank - 1 else axis + 1


class Writer:
    """Collects nodes and constants.

    Args:
        onnx: The module.
        write_layer: Function (writer, layer, value) that writes a layer, for activations that are layers.
    """

    def __init__(self, onnx, write_layer):
        self.onnx = onnx
        self.write_layer = write_layer
        self.nodes, self.constants = [], []
        self.scope = "model"  # what names of values begin with
        self._names = set()
        self._transposed = {}  # (name, moved): Value, so that each value is moved once

    def name(self, wanted):
        """A name that nothing has yet."""
        name, number = wanted, 1
        while name in self._names:
            name, number = f"{wanted}_{number}", number + 1
        self._names.add(name)
        return name

    def add(self, op_type, *inputs, **attributes):
        """Add a node; its inputs are names, Values, or arrays, which become constants.

        Returns:
            The name of its output.
        """
        output = self.name(f"{self.scope}/{op_type}")
        names = [self.constant(part) if hasattr(part, "__array__") else getattr(part, "name", part) for part in inputs]
        self.nodes.append(self.onnx.helper.make_node(op_type, names, [output], name=output, **attributes))
        return output

    def constant(self, array):
        """The name of a constant."""
        name = self.name(f"{self.scope}/constant")
        self.constants.append(self.onnx.numpy_helper.from_array(array, name))
        return name

    def input(self, name, tensor):
        """An input of the file, from a KerasTensor."""
        value = Value(self.name(name), tensor.shape, tensor.dtype)
        value.info = self._info(value.name, tensor)
        return value

    def output(self, name, value, tensor):
        """An output of the file."""
        name = self.name(name)
        self.nodes.append(self.onnx.helper.make_node("Identity", [self.last(value).name], [name], name=name))
        return self._info(name, tensor, value.dtype)

    def _info(self, name, tensor, dtype=None):
        helper = self.onnx.helper
        lengths = [("batch" if axis == 0 else f"{name}_{axis}") if n is None else n
                   for axis, n in enumerate(tensor.shape)]
        return helper.make_tensor_value_info(name, self.element_type(dtype or tensor.dtype), lengths)

    def element_type(self, dtype):
        """ONNX's number for an element type."""
        return self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))

    def last(self, value):
        """The value with its axes as tinynet has them."""
        return self._in_order(value, moved=False)

    def first(self, value):
        """The value with the channels as axis 1."""
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
        return self._transposed[key]

    def cast(self, value, dtype):
        """The value as another element type."""
        if value.dtype == dtype:
            return value
        return Value(self.add("Cast", value, to=self.element_type(dtype)), value.shape, dtype, value.moved)
