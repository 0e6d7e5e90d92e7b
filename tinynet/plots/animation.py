"""A race of optimizers that moves: a GIF by Pillow, or an HTML page that needs nothing else."""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..core.checks import positive_int
from ..core.extras import import_extra, import_pillow
from ..core.types import TensorLike
from ..tensor import to_array
from .planes import draw_surface, fitting_bounds
from .style import drawing

WIDTH, HEIGHT, DPI = 9.5, 6.0, 80


def animate_paths(
    to: str | os.PathLike[str], formula: Callable[[Any, Any], Any], paths: Mapping[str, TensorLike],
    bounds: Sequence[float] | None = None, minima: Sequence[Any] = (), saddles: Sequence[Any] = (), title: str = "",
    frames: int = 60, seconds: float = 6.0, *, theme: str | None = None, lang: str | None = None,
) -> Path:
    """Write an animation of paths over a surface: all start together and take their steps at the same time.

    Args:
        to: A file that ends in .gif, or in .html for a page with a slider and a button, without any link.
        formula, paths, bounds, minima, saddles, title: As for `contour_paths`.
        frames: Number of pictures at most; the longest path decides which steps they show.
        seconds: How long it takes. After it comes the beginning again.
        theme, lang: See `set_style`.

    Returns:
        The file's path.

    Raises:
        ImportError: matplotlib, or for a GIF Pillow, is not installed.
        ValueError: another ending, no paths, or one of another shape.

    >>> import tempfile
    >>> walk = np.array([[1.0, 1.0], [0.5, 0.5], [0.2, 0.2]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     animate_paths(folder + "/race.gif", lambda x, y: x**2 + y**2, {"descent": walk}).name
    'race.gif'
    """
    caller = "plots.animate_paths"
    target = Path(to).expanduser()
    if target.suffix not in (".gif", ".html"):
        raise ValueError(f"{caller}: the file must end in .gif or .html, got {target.name!r}")
    walks = {name: to_array(path).astype(np.float64) for name, path in paths.items()}
    if not walks:
        raise ValueError(f"{caller}: no paths")
    for name, walk in walks.items():
        if walk.ndim != 2 or walk.shape[1] != 2 or not len(walk):
            raise ValueError(f"{caller}: the path {name!r} must have the shape (points, 2), got {walk.shape}")
    limits = fitting_bounds(list(walks.values())) if bounds is None else tuple(map(float, bounds))
    longest = max(map(len, walks.values()))
    steps = np.unique(np.linspace(0, longest - 1, min(positive_int(frames, caller, "frames"), longest)).round())
    figures = import_extra("matplotlib.figure", "plot", caller)
    import_extra("matplotlib.backends.backend_agg", "plot", caller)
    figure = figures.Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, layout="constrained")
    with drawing(caller, figure.add_subplot(), theme, lang) as page:
        ax = page.ax
        draw_surface(page, ax, formula, limits, 14, {"minimum": minima, "saddle": saddles})
        ax.set(xlabel=page.words("w0"), ylabel=page.words("w1"), title=title)
        lines = [ax.plot([], [], color=page.theme.color(i), label=name)[0] for i, name in enumerate(walks)]
        heads = [ax.plot([], [], color=page.theme.color(i), marker=page.theme.marker(i), markersize=11,
                         markeredgecolor=page.theme.background)[0] for i in range(len(walks))]
        counter = ax.text(0.02, 0.97, "", transform=ax.transAxes, va="top")
        page.legend(ax)
        page.dress()
        if target.suffix == ".gif":
            _write_gif(target, page, walks, steps, lines, heads, counter, seconds)
        else:
            _write_html(target, page, walks, steps, seconds)
    return target


def _pixels(figure):
    """The figure as an array of bytes (height, width, 3)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _write_gif(target, page, walks, steps, lines, heads, counter, seconds):
    pillow = import_pillow("plots.animate_paths")
    surface = _pixels(page.figure)  # settles the layout
    page.figure.set_layout_engine("none")
    palette = _palette(pillow, surface, [page.theme.color(index) for index in range(len(walks))])
    pictures = []
    for step in steps.astype(int):
        for walk, line, head in zip(walks.values(), lines, heads, strict=True):
            line.set_data(*walk[: step + 1].T)
            head.set_data(*walk[: step + 1][-1:].T)
        counter.set_text(f"{page.words('step')} {step}")
        pictures.append(pillow.fromarray(_pixels(page.figure)).quantize(palette=palette, dither=pillow.Dither.NONE))
    time = max(20, round(1000 * seconds / len(pictures)))  # GIF counts in steps of 10 ms; viewers slow down below 20
    pictures[0].save(target, save_all=True, append_images=pictures[1:], loop=0, optimize=True,
                     duration=[time] * (len(pictures) - 1) + [time + 1200])


def _palette(pillow, surface, colors):
    """256 colours for all frames: those of the surface, and of the lines, which cover too little to be chosen alone."""
    from matplotlib.colors import to_rgb

    height, width = surface.shape[:2]
    swatches = np.empty((max(height // 4, len(colors)), width, 3), np.uint8)
    for rows, color in zip(np.array_split(swatches, len(colors)), colors, strict=True):
        rows[...] = np.rint(255 * np.array(to_rgb(color)))
    return pillow.fromarray(np.concatenate([surface, swatches])).quantize(256, method=pillow.Quantize.MEDIANCUT)


def _write_html(target, page, walks, steps, seconds):
    """The surface as one picture, the paths as numbers in pixels, and a few lines of JavaScript."""
    background = _pixels(page.figure)
    height, width = background.shape[:2]
    transform = page.ax.transData.transform
    box = page.ax.get_window_extent()
    paths = []
    for index, walk in enumerate(walks.values()):
        points = np.full(walk.shape, np.nan)
        finite = np.isfinite(walk).all(axis=1)
        points[finite] = np.clip(transform(walk[finite]), -1e6, 1e6)
        drawn = [None if np.isnan(x) else [round(float(x), 1), round(float(height - y), 1)] for x, y in points]
        paths.append({"color": page.theme.color(index), "points": drawn})
    data = {"paths": paths, "steps": [int(step) for step in steps], "time": max(20, 1000 * seconds / len(steps)),
            "box": [box.x0, height - box.y1, box.width, box.height], "step": page.words("step"),
            "text": page.theme.text, "edge": page.theme.background}
    png = io.BytesIO()
    page.figure.savefig(png, format="png", dpi=DPI)
    encoded = base64.b64encode(png.getvalue()).decode("ascii")
    text = PAGE
    for key, value in (("@LANG@", page.lang), ("@BACK@", page.theme.background), ("@TEXT@", page.theme.text),
                       ("@WIDTH@", str(width)), ("@HEIGHT@", str(height)), ("@PNG@", encoded),
                       ("@DATA@", json.dumps(data).replace("<", "\\u003c"))):
        text = text.replace(key, value)
    target.write_text(text, encoding="utf-8")


PAGE = """<!DOCTYPE html>
<html lang="@LANG@"><head><meta charset="utf-8"><title>tinynet</title>
<style>body{margin:8px;background:@BACK@;color:@TEXT@;font:16px sans-serif}canvas{max-width:100%}
.bar{display:flex;gap:12px;align-items:center;max-width:@WIDTH@px}input{flex:1}button{font-size:18px;width:48px}</style>
</head><body><canvas width="@WIDTH@" height="@HEIGHT@"></canvas>
<div class="bar"><button aria-label="play">||</button><input type="range" min="0" value="0" aria-label="step">
<output></output></div>
<script>
const data = @DATA@, canvas = document.querySelector("canvas"), pen = canvas.getContext("2d");
const slider = document.querySelector("input"), button = document.querySelector("button");
const surface = new Image(), shown = document.querySelector("output");
let frame = 0, timer = null;
slider.max = data.steps.length - 1;
function draw() {
  pen.drawImage(surface, 0, 0, canvas.width, canvas.height);
  pen.save(); pen.beginPath(); pen.rect(...data.box); pen.clip();
  for (const path of data.paths) {
    const points = path.points.slice(0, data.steps[frame] + 1).filter(point => point);
    pen.strokeStyle = pen.fillStyle = path.color; pen.lineWidth = 3; pen.beginPath();
    points.forEach((point, i) => i ? pen.lineTo(...point) : pen.moveTo(...point));
    pen.stroke();
    if (points.length) {
      pen.beginPath(); pen.arc(...points[points.length - 1], 7, 0, 7); pen.fill();
      pen.strokeStyle = data.edge; pen.lineWidth = 1.5; pen.stroke();
    }
  }
  pen.restore();
  slider.value = frame; shown.textContent = `${data.step} ${data.steps[frame]}`;
}
function stop() { clearInterval(timer); timer = null; button.textContent = ">"; }
function play() {
  button.textContent = "||";
  timer = setInterval(() => { frame = (frame + 1) % data.steps.length; draw(); }, data.time);
}
button.onclick = () => timer === null ? play() : stop();
slider.oninput = () => { stop(); frame = +slider.value; draw(); };
surface.onload = () => { draw(); play(); };
surface.src = "data:image/png;base64,@PNG@";
</script></body></html>
"""
