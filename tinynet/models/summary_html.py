"""What a notebook shows for a model: the table of its layers, with bars for where the parameters are."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..layers.base import Layer
from .summary import readable_size, shape_text, type_name, walk_layers

TRAINED, FROZEN = "#0072B2", "#9A9A9A"
CELL = "text-align:left;padding:2px 12px 2px 0;white-space:nowrap"
NUMBER = "text-align:right;padding:2px 12px 2px 0;white-space:nowrap"


def model_html(model: Any) -> str:
    """Return the table of a model's layers as HTML, for a light or a dark page.

    A bar's length is the layer's share of the model's parameters; the grey part of it are those that training leaves as
    they are.

    Args:
        model: Any model, with weights or without.
    """
    from html import escape  # late

    rows = walk_layers(model)
    counts = [_counts(part) for part, _, _ in rows]
    most = max((sum(count) for count in counts if count), default=0)
    lines = [f'<div class="tinynet-model"><div><b>{escape(type(model).__name__)}</b> {escape(model.name)}</div>',
             '<table style="border-collapse:collapse;color:inherit;font-size:13px"><thead><tr>',
             *(f'<th style="{style}">{title}</th>' for title, style in (
                 ("Layer", CELL), ("Type", CELL), ("Output shape", CELL), ("Parameters", NUMBER), ("", CELL))),
             "</tr></thead><tbody>"]
    for (part, shape, _), count in zip(rows, counts, strict=True):
        number = "not built" if count is None else f"{sum(count):,}"
        lines.append(
            f'<tr><td style="{CELL}">{escape(part.name)}</td><td style="{CELL}">{escape(type_name(part))}</td>'
            f'<td style="{CELL}">{escape(shape_text(shape)).replace(chr(10), "<br>")}</td>'
            f'<td style="{NUMBER}">{number}</td><td style="{CELL}">{_bar(count, most)}</td></tr>'
        )
    lines.append(f"</tbody></table><div>{escape(_total(model))}</div></div>")
    return "".join(lines)


def _counts(part):
    """(trained, frozen) numbers of weights, None for a layer without weights yet."""
    if not isinstance(part, Layer):
        return 0, 0
    if not part.built:
        return None
    trained = sum(variable.size for variable in part.trainable_variables)
    return trained, part.count_params() - trained


def _bar(count, most):
    if not count or not sum(count):
        return ""
    parts = [(share, color) for share, color in zip(count, (TRAINED, FROZEN), strict=True) if share]
    return "".join(f'<span style="display:inline-block;height:10px;width:{max(160 * share / most, 1):.1f}px;'
                   f'background:{color}"></span>' for share, color in parts)


def _total(model):
    variables = model.trainable_variables + model.non_trainable_variables
    total, trained = sum(v.size for v in variables), sum(v.size for v in model.trainable_variables)
    size = sum(v.size * np.dtype(v.dtype).itemsize for v in variables)
    return f"{total:,} parameters ({readable_size(size)}), {trained:,} of them trainable"
