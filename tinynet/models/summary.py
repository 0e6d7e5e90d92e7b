"""The table that `model.summary()` prints, in Keras's look."""

import numpy as np


def readable_size(size):
    """Bytes as Keras writes them: 397.54 KB."""
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            return f"{size:.2f} {unit}"
        size /= 1024


def print_summary(model, line_length=None, positions=None, print_fn=None, expand_nested=False, show_trainable=False,
                  layer_range=None):
    """Write the table of a model's layers; see `Model.summary`."""
    layers = _in_range(model.layers, layer_range)
    header = ["Layer (type)", "Output Shape", "Param #"] + (["Trainable"] if show_trainable else [])
    rows, depths = [], []

    def add_rows(chain, shape, depth):
        for layer in chain:
            shape = _output_shape(layer, shape)
            row = ["   " * depth + f"{layer.name} ({type(layer).__name__})", _shape_text(shape), _params_text(layer)]
            rows.append(
                row + (["-" if not layer.weights else "Y" if layer.trainable else "N"] if show_trainable else [])
            )
            depths.append(depth)
            if expand_nested and hasattr(layer, "layers"):
                add_rows(layer.layers, _built_shape(layer), depth + 1)

    add_rows(layers, _built_shape(model) if layers[:1] == model.layers[:1] else None, 0)
    widths = _widths(header, rows, line_length, positions)
    lines = [f'Model: "{model.name}"', _rule("┏┳┓", "━", widths), _line("┃", header, widths), _rule("┡╇┩", "━", widths)]
    for index, row in enumerate(rows):
        lines += [_line("│", part, widths) for part in _wrap(row, widths)]
        lines.append(_rule("└┴┘" if index == len(rows) - 1 else "├┼┤", "─", widths))
    if not rows:
        lines.append(_rule("└┴┘", "─", widths))
    lines += _totals(model)
    (print_fn or print)("\n".join(lines))


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


def _output_shape(layer, input_shape):
    if layer._built_input_shape is not None:
        input_shape = layer._built_input_shape
    if input_shape is None or not layer.built:
        return None
    return layer.compute_output_shape(input_shape)


def _shape_text(shape):
    if shape is None:
        return "?"
    return str(tuple(shape)) if isinstance(shape, tuple) else ", ".join(map(_shape_text, shape))


def _params_text(layer):
    return f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"


def _widths(header, rows, line_length, positions):
    columns = range(len(header))
    if positions:
        total = line_length or 80
        ends = [int(p * total) if isinstance(p, float) and p <= 1 else int(p) for p in positions[: len(header)]]
        return [max(end - start - 3, 4) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    longest = [max(len(row[column]) for row in [header, *rows]) for column in columns]
    if line_length:
        spare = line_length - 3 * len(header) - 1 - sum(longest[2:])
        return [max(spare * 55 // 100, 8), max(spare * 45 // 100, 8), *longest[2:]]
    return [max(width, least) for width, least in zip(longest, (31, 22, 13, 9), strict=False)]


def _rule(corners, dash, widths):
    left, middle, right = corners
    return left + middle.join(dash * (width + 2) for width in widths) + right


def _line(edge, cells, widths):
    aligned = [f"{cell:>{width}}" if column == 2 else f"{cell:<{width}}"
               for column, (cell, width) in enumerate(zip(cells, widths, strict=True))]
    return edge + edge.join(f" {cell} " for cell in aligned) + edge


def _wrap(row, widths):
    pieces = [[cell[start : start + width] for start in range(0, max(len(cell), 1), width)] for cell,
              width in zip(row, widths, strict=True)]
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
