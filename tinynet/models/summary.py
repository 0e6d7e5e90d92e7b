"""The table that `model.summary()` prints, in Keras's look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.nest import map_structure
from ..layers.base import Layer
from ..utils.progbar import write


def readable_size(size: float) -> str:
    """A number of bytes as Keras writes it.

    >>> readable_size(407080)
    '397.54 KB'
    """
    for unit in ("B", "KB", "MB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} GB"


def print_summary(model: Any, line_length: int | None = None, positions: Sequence[float] | None = None,
                  print_fn: Callable[[str], Any] | None = None, expand_nested: bool = False,
                  show_trainable: bool = False, layer_range: Sequence[str] | None = None) -> None:
    """Write the table of a model's layers; arguments as for `Model.summary`."""
    parts = _in_range(_parts(model), layer_range)
    connections = _connections(model._defining_graph())
    header = ["Layer (type)", "Output Shape", "Param #"]
    header += (["Connected to"] if connections else []) + (["Trainable"] if show_trainable else [])
    rows = []

    def add_rows(owner, chain, shape, depth):
        for part in chain:
            shape = _output_shape(owner, part, shape)
            row = ["   " * depth + f"{part.name} ({_type_name(part)})", _shape_text(shape), _params_text(part)]
            if connections:
                row.append(connections.get(part.name, "-") if depth == 0 else "-")
            if show_trainable:
                row.append("-" if not getattr(part, "weights", None) else "Y" if part.trainable else "N")
            rows.append(row)
            if expand_nested and hasattr(part, "layers"):
                add_rows(part, _parts(part), _built_shape(part), depth + 1)

    add_rows(model, parts, _built_shape(model) if parts[:1] == _parts(model)[:1] else None, 0)
    widths = _widths(header, rows, line_length, positions)
    lines = [f'Model: "{model.name}"', _rule("┏┳┓", "━", widths), _line("┃", header, widths), _rule("┡╇┩", "━", widths)]
    for index, row in enumerate(rows):
        lines += [_line("│", part, widths) for part in _wrap(row, widths)]
        lines.append(_rule("└┴┘" if index == len(rows) - 1 else "├┼┤", "─", widths))
    if not rows:
        lines.append(_rule("└┴┘", "─", widths))
    lines += _totals(model)
    text = "\n".join(lines)
    if print_fn is not None:
        print_fn(text)
    else:
        write(text + "\n")


def _parts(model):
    """What a model consists of: its layers, or the layers and operations of its graph."""
    graph = model._defining_graph()
    return model.layers if graph is None else graph.operations


def _type_name(part):
    return type(part).__name__ if isinstance(part, Layer) else f"ops.{part.call.__name__}"


def _connections(graph):
    """Name of each layer: where its inputs come from; nothing for a chain."""
    if graph is None or graph.is_chain():
        return {}
    where, found = graph.histories(), {}
    for operation in graph.operations:
        tensors = [tensor for node in graph.nodes_of(operation) for tensor in node.inputs]
        if tensors:
            found[operation.name] = ",\n".join("{}[{}][{}]".format(*where[id(tensor)]) for tensor in tensors)
    return found


def _in_range(layers, layer_range):
    if layer_range is None:
        return layers
    names = [layer.name for layer in layers]
    try:
        first, last = names.index(layer_range[0]), names.index(layer_range[1])
    except ValueError:
        raise ValueError(
            f"summary: layer_range {tuple(layer_range)} names no layers of the model; layers: {names}"
        ) from None
    return layers[first : last + 1]


def _built_shape(layer):
    shape = layer._built_input_shape
    return shape if shape is not None else layer._known_input_shape() if hasattr(layer, "_known_input_shape") else None


def _output_shape(owner, layer, input_shape):
    graph = owner._defining_graph()
    if graph is not None:
        nodes = graph.nodes_of(layer)
        outputs = nodes[0].outputs if nodes else layer.output
        return map_structure(lambda tensor: tensor.shape, outputs)
    if layer._built_input_shape is not None:
        input_shape = layer._built_input_shape
    if input_shape is None or not layer.built:
        return None
    return layer.compute_output_shape(input_shape)


def _shape_text(shape):
    if shape is None:
        return "?"
    if isinstance(shape, dict):
        shape = list(shape.values())
    several = isinstance(shape, list) or bool(shape) and isinstance(shape[0], tuple)
    return ",\n".join(map(_shape_text, shape)) if several else str(tuple(shape))


def _params_text(layer):
    if not isinstance(layer, Layer):
        return "0"
    return f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"


def _widths(header, rows, line_length, positions):
    columns = range(len(header))
    if positions:
        total = line_length or 80
        ends = [int(p * total) if isinstance(p, float) and p <= 1 else int(p) for p in positions[: len(header)]]
        return [max(end - start - 3, 4) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    longest = [max(len(line) for row in [header, *rows] for line in row[column].split("\n")) for column in columns]
    if line_length:
        spare = line_length - 3 * len(header) - 1 - sum(longest[2:])
        return [max(spare * 55 // 100, 8), max(spare * 45 // 100, 8), *longest[2:]]
    least = (31, 22, 13, 9) if "Connected to" not in header else (19, 17, 10, 17, 9)
    return [max(width, minimum) for width, minimum in zip(longest, least, strict=False)]


def _rule(corners, dash, widths):
    left, middle, right = corners
    return left + middle.join(dash * (width + 2) for width in widths) + right


def _line(edge, cells, widths):
    aligned = [f"{cell:>{width}}" if column == 2 else f"{cell:<{width}}"
               for column, (cell, width) in enumerate(zip(cells, widths, strict=True))]
    return edge + edge.join(f" {cell} " for cell in aligned) + edge


def _wrap(row, widths):
    pieces = [[line[start : start + width] for line in cell.split("\n") for start in range(0, max(len(line), 1), width)]
              for cell, width in zip(row, widths, strict=True)]
    height = max(map(len, pieces))
    return [[column[line] if line < len(column) else "" for column in pieces] for line in range(height)]


def _totals(model):
    def count(variables):
        return sum(v.size for v in variables), sum(v.size * np.dtype(v.dtype).itemsize for v in variables)

    trainable, non_trainable = count(model.trainable_variables), count(model.non_trainable_variables)
    optimizer = getattr(model, "optimizer", None)
    state = count(optimizer.variables) if optimizer is not None and optimizer.built else (0, 0)
    total = [a + b + c for a, b, c in zip(trainable, non_trainable, state, strict=True)]
    lines = [
        f" Total params: {total[0]:,} ({readable_size(total[1])})",
        f" Trainable params: {trainable[0]:,} ({readable_size(trainable[1])})",
        f" Non-trainable params: {non_trainable[0]:,} ({readable_size(non_trainable[1])})",
    ]
    if state[0]:
        lines.append(f" Optimizer params: {state[0]:,} ({readable_size(state[1])})")
    return lines
