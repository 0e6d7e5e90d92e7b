"""What a notebook shows for a history: its curves as SVG, without matplotlib."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

WIDTH, HEIGHT = 340, 210
LEFT, RIGHT, TOP, BOTTOM = 62, 10, 26, 34  # margins of a panel
COLORS, DASHES = ("#0072B2", "#D55E00"), ("", "6 4")  # training, validation


def history_html(history: Mapping[str, Sequence[Any]]) -> str:
    """Return the curves as HTML with SVG, for a light or a dark page: a panel for the loss and for each metric.

    The best epoch (lowest validation loss, or loss) is a dotted line. Epochs count from 1.

    Args:
        history: {name: value in each epoch}; values that are no numbers are left out.
    """
    from html import escape  # late

    curves = {name: [float(value) for value in values] for name, values in history.items()
              if all(_is_number(value) for value in values)}
    epochs = max(map(len, curves.values()), default=0)
    if not epochs:
        return "<div>History of no epochs</div>"
    names = list(dict.fromkeys(name.removeprefix("val_") for name in curves))
    names.sort(key=lambda name: (name != "loss", name in ("learning_rate", "lr")))
    monitored = next((name for name in ("val_loss", "loss") if name in curves), names[0])
    finite = [(value, index) for index, value in enumerate(curves[monitored]) if math.isfinite(value)]
    best = min(finite)[1] + 1 if finite else None
    panels = "".join(_panel(name, curves, epochs, best) for name in names)
    words = f"{epochs} epoch{'s' if epochs > 1 else ''}"
    if best is not None:
        words += f", lowest {escape(monitored)} {_text(curves[monitored][best - 1])} in epoch {best}"
    return (f'<div class="tinynet-history"><div>{words}</div><div style="display:flex;flex-wrap:wrap">{panels}</div>'
            "</div>")


def _is_number(value):
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _text(value):
    return f"{value:.4g}"


def _panel(name, curves, epochs, best):
    """One SVG: training and validation of one name."""
    from html import escape  # late

    shown = [(curves[key], color, dash, label) for key, color, dash, label in zip(
        (name, f"val_{name}"), COLORS, DASHES, ("training", "validation"), strict=True) if key in curves]
    finite = [value for values, *_ in shown for value in values if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        low, high = low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)

    def across(epoch):
        return LEFT + (WIDTH - LEFT - RIGHT) * ((epoch - 1) / (epochs - 1) if epochs > 1 else 0.5)

    def down(value):
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
             f' role="img" aria-label="{escape(name, quote=True)}" font-family="sans-serif" font-size="12"'
             f' fill="currentColor"><text x="{LEFT}" y="16" font-weight="bold">{escape(name)}</text>']
    for share in (0.0, 0.5, 1.0):
        value = low + share * (high - low)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{down(value):.1f}" y2="{down(value):.1f}" '
                     'stroke="currentColor" stroke-opacity="0.2"/>'
                     f'<text x="{LEFT - 6}" y="{down(value) + 4:.1f}" text-anchor="end">{value:.3g}</text>')
    for epoch in sorted({1, epochs}):
        anchor = "middle" if epochs == 1 else "start" if epoch == 1 else "end"
        parts.append(f'<text x="{across(epoch):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="{anchor}">{epoch}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">epoch</text>')
    if best is not None:
        parts.append(f'<line x1="{across(best):.1f}" x2="{across(best):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" '
                     'stroke="currentColor" stroke-dasharray="2 3"/>')
    for number, (values, color, dash, label) in enumerate(shown):
        for run in _finite_runs(values):
            points = " ".join(f"{across(epoch):.1f},{down(value):.1f}" for epoch, value in run)
            parts.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2.5" '
                         f'stroke-dasharray="{dash}"/>' if len(run) > 1 else
                         f'<circle cx="{across(run[0][0]):.1f}" cy="{down(run[0][1]):.1f}" r="4" fill="{color}"/>')
        x = WIDTH - RIGHT - 90 * (len(shown) - number)
        parts.append(f'<line x1="{x}" x2="{x + 20}" y1="12" y2="12" stroke="{color}" stroke-width="2.5" '
                     f'stroke-dasharray="{dash}"/><text x="{x + 24}" y="16">{label}</text>')
    return "".join([*parts, "</svg>"])


def _finite_runs(values):
    """The parts without NaN and infinity, each a list of (epoch, value)."""
    runs = [[]]
    for epoch, value in enumerate(values, 1):
        if math.isfinite(value):
            runs[-1].append((epoch, value))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]
