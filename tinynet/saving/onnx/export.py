"""Models as ONNX files, which ONNX Runtime and many other programs run: `model.export("m.onnx", format="onnx")`."""

from __future__ import annotations

import os
from typing import Any

from ...core.nest import flatten, map_structure
from ...layers.core import InputLayer
from ...symbolic import KerasTensor, Operation
from ...utils.files import atomic_write
from ..paths import output_path
from .functions import write_operation
from .layers import write_layer
from .writer import IR_VERSION, OPSET, Value, Writer, import_onnx, unsupported


def export_onnx(model: Any, filepath: str | os.PathLike[str]) -> None:
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


def onnx_model(model: Any) -> Any:
    """Return the model as an `onnx.ModelProto`, checked by onnx.

    Args:
        model: Sequential or functional, with known input shapes.

    Raises:
        NotImplementedError, ModuleNotFoundError: as for `export_onnx`.
    """
    onnx = import_onnx()
    graph = _graph_of(model)
    for name, tensor in zip(graph.input_names, graph.inputs, strict=True):
        if tensor.dtype == "string":
            raise unsupported(model, f"its input {name!r} is text; export a model that begins after the layer which "
                                     "makes numbers of it")
    writer = Writer(onnx, write_part)
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


def write_model(writer: Writer, model: Any, inputs: list[Value]) -> list[Value]:
    """Add the nodes of a model's graph.

    Args:
        writer: Writer.
        model: Sequential or functional.
        inputs: List of Values.

    Returns:
        List of Values, one for each of the model's outputs.
    """
    graph = _graph_of(model)
    values = {id(tensor): value for tensor, value in zip(graph.inputs, inputs, strict=True)}
    for node in graph.nodes:
        operation = node.operation
        if isinstance(operation, Operation):
            results = [write_operation(writer, node, lambda tensor: values[id(tensor)])]
        elif isinstance(operation, InputLayer):
            continue
        else:
            args, kwargs = map_structure(
                lambda leaf: values[id(leaf)] if isinstance(leaf, KerasTensor) else leaf, (node.args, node.kwargs))
            results = flatten(write_part(writer, operation, *args, **kwargs))
        for tensor, value in zip(flatten(node.outputs), results, strict=True):
            values[id(tensor)] = value
    return [values[id(tensor)] for tensor in graph.outputs]


def write_part(writer: Writer, part: Any, *args: Any, **kwargs: Any) -> Any:
    """Write a call of a layer, or of a model inside the model; arguments and result are those of `write_layer`."""
    if not hasattr(part, "_linked"):
        return write_layer(writer, part, *args, **kwargs)
    if kwargs.get("training"):
        raise unsupported(part, "it is called with training=True, and a file computes what the model predicts")
    further = flatten((args[1:], {key: value for key, value in kwargs.items() if key != "training"}))
    if any(isinstance(value, Value) for value in further):
        raise unsupported(part, "it is called on several tensors that are not one list")
    results = write_model(writer, part, _in_order(part, args[0]))
    return results if len(results) > 1 else results[0]


def _in_order(model, given):
    """What a model is called on, as a list in the order of its inputs; a dict by its keys or the inputs' names."""
    if not isinstance(given, dict):
        return flatten(given)
    graph = _graph_of(model)
    if isinstance(graph.input_struct, dict):
        keys = {id(tensor): key for key, tensor in graph.input_struct.items()}
        names = [keys.get(id(tensor)) for tensor in graph.inputs]
    else:
        names = graph.input_names
    if not all(isinstance(given.get(name), Value) for name in names):
        raise unsupported(model, f"it is called on a nested dict of inputs, {list(given)}")
    return [given[name] for name in names]


def _graph_of(model):
    """The model's graph; a Sequential is one too.

    Raises:
        NotImplementedError: a subclass with a `call` of its own.
    """
    graph = model._computed_graph()
    if graph is None:
        raise unsupported(model, "it defines call() in Python, which does not show what it consists of; make it "
                                 "of Model(inputs, outputs)")
    return graph
