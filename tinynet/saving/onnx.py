"""Models as ONNX files, which ONNX Runtime and many other programs run: `model.export("m.onnx", format="onnx")`.

ONNX wants the channels first, (batch, channels, height, width), where tinynet has them last. A `Value` therefore knows
in which order its axes stand in the file; they are moved when a layer needs the other order, and not before.
"""

from ..layers.core import InputLayer
from ..nest import flatten
from ..symbolic import KerasTensor, Operation
from ..utils.files import atomic_write
from .paths import output_path

# Operator set 20 is the first with everything that layers need (Gelu); 9 is the file format that came with it.
OPSET, IR_VERSION = 20, 9


def import_onnx():
    """The module onnx.

    Raises:
        ModuleNotFoundError: it is not installed; the message names the extra.
    """
    try:
        import onnx
    except ModuleNotFoundError:
        raise ModuleNotFoundError('export to ONNX needs onnx: pip install "tinynet[onnx]"', name="onnx") from None
    return onnx


def export_onnx(model, filepath):
    """Write a model as it predicts (training=False) to an ONNX file.

    Args:
        model: Sequential or functional, with known input shapes; models inside it may be, too.
        filepath: Where to; replaced in one step, if it exists.

    Raises:
        NotImplementedError: a layer has no counterpart in ONNX; the message names it.
        ModuleNotFoundError: the package onnx is missing.
    """
    content = onnx_model(model).SerializeToString()
    with atomic_write(output_path(filepath, overwrite=True)) as file:
        file.write(content)


def onnx_model(model):
    """The model as an `onnx.ModelProto`, checked by onnx; arguments and errors as for `export_onnx`."""
    onnx = import_onnx()
    graph = _graph_of(model)
    writer = Writer(onnx)
    inputs = [writer.input(name, tensor) for name, tensor in zip(graph.input_names, graph.inputs, strict=True)]
    results = write_model(writer, model, inputs)
    outputs = []
    for name, value, tensor in zip(graph.output_names, results, graph.outputs, strict=True):
        outputs.append(writer.output(name, value, tensor))
    proto = onnx.helper.make_model(
        onnx.helper.make_graph(writer.nodes, model.name, [value.info for value in inputs], outputs, writer.constants),
        producer_name="tinynet", ir_version=IR_VERSION, opset_imports=[onnx.helper.make_opsetid("", OPSET)],
    )
    onnx.checker.check_model(proto, full_check=True)
    return proto


def write_model(writer, model, inputs):
    """Add the nodes of a model's graph.

    Args:
        writer: Writer.
        model: Sequential or functional.
        inputs: List of Values.

    Returns:
        List of Values, one for each of the model's outputs.
    """
    from .onnx_layers import write_layer, write_operation

    graph = _graph_of(model)
    values = {id(tensor): value for tensor, value in zip(graph.inputs, inputs, strict=True)}
    for node in graph.nodes:
        operation = node.operation
        if isinstance(operation, Operation):
            results = [write_operation(writer, node, lambda tensor: values[id(tensor)])]
        elif isinstance(operation, InputLayer):
            continue
        else:
            extra = [leaf for leaf in flatten((node.args[1:], node.kwargs)) if isinstance(leaf, KerasTensor)]
            if extra:
                raise unsupported(operation, "it is called on several tensors that are not one list")
            given = [values[id(tensor)] for tensor in node.inputs]
            if hasattr(operation, "_linked"):
                results = write_model(writer, operation, given)
            else:
                one = isinstance(node.args[0], KerasTensor)
                results = [write_layer(writer, operation, given[0] if one else given)]
        for tensor, value in zip(flatten(node.outputs), results, strict=True):
            values[id(tensor)] = value
    return [values[id(tensor)] for tensor in graph.outputs]


def unsupported(part, why):
    """The error for a layer that cannot be exported."""
    return NotImplementedError(
        f"export to ONNX: layer {part.name!r} ({type(part).__name__}) cannot be written: {why}. Export the part of the "
        "model before it, Model(model.input, layer.input), or keep the model with save('name.keras')"
    )


def _graph_of(model):
    """The model's graph; a Sequential is one too.

    Raises:
        NotImplementedError: a subclass with a `call` of its own.
    """
    graph = model._computed_graph()
    if graph is None:
        raise unsupported(model, "it defines call() in Python, which does not say what it consists of; make it of "
                                 "Model(inputs, outputs)")
    return graph


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
    """

    def __init__(self, onnx):
        self.onnx = onnx
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
        import numpy as np

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
