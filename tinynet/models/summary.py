"""The table that `model.summary()` prints, in Keras's look."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.nest import map_structure
from ..core.terminal import columns, display_width, has_colours, write
from ..layers.base import Layer


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
    """Write the table of a model's layers; arguments as for `Model.summary`.

    On a terminal the table is as wide as that at most, and in colour; elsewhere it is plain text in Keras's widths.
    """
    connections = _connections(model._defining_graph())
    header = ["Layer (type)", "Output Shape", "Param #"]
    header += (["Connected to"] if connections else []) + (["Trainable"] if show_trainable else [])
    rows = []
    for part, shape, depth in walk_layers(model, layer_range, expand_nested):
        row = ["   " * depth + f"{part.name} ({type_name(part)})", shape_text(shape), params_text(part)]
        if connections:
            row.append(connections.get(part.name, "-") if depth == 0 else "-")
        if show_trainable:
            row.append("-" if not getattr(part, "weights", None) else "Y" if part.trainable else "N")
        rows.append(row)
    terminal = columns() if print_fn is None else None
    widths = _widths(header, rows, line_length, positions, terminal)
    paint = _paint if terminal and has_colours() else _plain
    limit = max(terminal, sum(widths) + 3 * len(widths) + 1) if terminal else None
    lines = [*(paint(None, line) for line in _broken(f'Model: "{model.name}"', limit)), _rule("┏┳┓", "━", widths)]
    lines += [_line("┃", part, widths, lambda column, cell: paint(None, cell)) for part in _wrap(header, widths)]
    lines.append(_rule("┡╇┩", "━", widths))
    for index, row in enumerate(rows):
        lines += [_line("│", part, widths, paint) for part in _wrap(row, widths)]
        lines.append(_rule("└┴┘" if index == len(rows) - 1 else "├┼┤", "─", widths))
    if not rows:
        lines.append(_rule("└┴┘", "─", widths))
    lines += [line for total in _totals(model) for line in _broken(total, limit)]
    text = "\n".join(lines)
    if print_fn is not None:
        print_fn(text)
    else:
        write(text + "\n")


def walk_layers(model: Any, layer_range: Sequence[str] | None = None, expand_nested: bool = False) -> list[Any]:
    """List what a model consists of, in the order of the table.

    Args:
        model: The model.
        layer_range: First and last layer name.
        expand_nested: Whether the layers of models inside follow these.

    Returns:
        List of (layer or operation, output shape or None, depth).

    Raises:
        ValueError: `layer_range` names no layers.
    """
    found: list[Any] = []

    def add(owner, chain, shape, depth):
        for part in chain:
            shape = _output_shape(owner, part, shape)
            found.append((part, shape, depth))
            if expand_nested and hasattr(part, "layers"):
                add(part, _parts(part), _built_shape(part), depth + 1)

    parts = _in_range(_parts(model), layer_range)
    add(model, parts, _built_shape(model) if parts[:1] == _parts(model)[:1] else None, 0)
    return found


BOLD, GREEN, CYAN, RESET = "\x1b[1m", "\x1b[32m", "\x1b[36m", "\x1b[0m"


def _plain(column, cell):
    return cell


def _paint(column, cell):
    """A cell with codes for a terminal: headings bold, types cyan, numbers of weights green."""
    if column is None:
        return f"{BOLD}{cell}{RESET}"
    if column == 0:
        return re.sub(r"\([\w.]+\)", lambda match: f"{CYAN}{match[0]}{RESET}", cell)
    return f"{GREEN}{cell}{RESET}" if column == 2 and cell.strip() not in ("", "0") else cell


def _parts(model):
    """What a model consists of: its layers, or the layers and operations of its graph."""
    graph = model._defining_graph()
    return model.layers if graph is None else graph.operations


def type_name(part: Any) -> str:
    """Return the class of a layer, or the name of an operation."""
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


def shape_text(shape: Any) -> str:
    """Return an output shape as text, '?' if it is not known; of several outputs a line each."""
    if shape is None:
        return "?"
    if isinstance(shape, dict):
        shape = list(shape.values())
    several = isinstance(shape, list) or bool(shape) and isinstance(shape[0], tuple)
    return ",\n".join(map(shape_text, shape)) if several else str(tuple(shape))


def params_text(layer: Any) -> str:
    """Return a layer's number of weights as text."""
    if not isinstance(layer, Layer):
        return "0"
    return f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"


LEAST = 8  # characters of a column that is wrapped


def _widths(header, rows, line_length, positions, terminal=None):
    if positions:
        total = line_length or 80
        ends = [int(p * total) if isinstance(p, float) and p <= 1 else int(p) for p in positions[: len(header)]]
        return [max(end - start - 3, 4) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    longest = [max(display_width(line) for row in [header, *rows] for line in row[column].split("\n"))
               for column in range(len(header))]
    if line_length:
        spare = line_length - 3 * len(header) - 1 - sum(longest[2:])
        if spare >= 2 * LEAST:
            return [max(spare * 55 // 100, LEAST), max(spare * 45 // 100, LEAST), *longest[2:]]
        return _narrowed(header, longest, line_length)
    least = (31, 22, 13, 9) if "Connected to" not in header else (19, 17, 10, 17, 9)
    wide = [max(width, minimum) for width, minimum in zip(longest, least, strict=False)]
    fits = terminal is None or sum(wide) + 3 * len(header) + 1 <= terminal
    return wide if fits else _narrowed(header, longest, terminal)


def _narrowed(header, longest, limit):
    """Widths that fit into a line: the widest columns are wrapped, numbers are not.

    A column of text keeps LEAST characters if that is possible at all.
    """
    widths = list(longest)
    for least, fixed in ((LEAST, ("Param #", "Trainable")), (LEAST // 2, ("Param #",))):
        wrapped = [column for column, title in enumerate(header) if title not in fixed]
        while sum(widths) + 3 * len(widths) + 1 > limit:
            widest = max(wrapped, key=lambda column: widths[column])
            if widths[widest] <= least:
                break
            widths[widest] -= 1
    return widths


def _rule(corners, dash, widths):
    left, middle, right = corners
    return left + middle.join(dash * (width + 2) for width in widths) + right


def _line(edge, cells, widths, paint):
    blanks = [" " * (width - display_width(cell)) for cell, width in zip(cells, widths, strict=True)]
    aligned = [paint(column, blank + cell if column == 2 else cell + blank)
               for column, (cell, blank) in enumerate(zip(cells, blanks, strict=True))]
    return edge + edge.join(f" {cell} " for cell in aligned) + edge


def _wrap(row, widths):
    pieces = [[piece for line in cell.split("\n") for piece in _broken(line, width)]
              for cell, width in zip(row, widths, strict=True)]
    height = max(map(len, pieces))
    return [[column[line] if line < len(column) else "" for column in pieces] for line in range(height)]


def _broken(line, width):
    """A line in pieces of at most so many columns, broken where there is one after ' ', ',', '_', or before '['.

    Whole if `width` is None.
    """
    pieces = []
    while width is not None and display_width(line) > width:
        most = len(line)
        while display_width(line[:most]) > width:
            most -= 1
        end = max(*(line.rfind(mark, 1, most) + 1 for mark in " ,_"), line.find("[", 1, most + 1))
        if line[most] == " " or end <= most // 3:  # a blank follows, or the piece would be too short
            end = most
        pieces.append(line[:end].rstrip())
        line = line[end:].lstrip()
    return [*pieces, line]


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
