"""A model as a picture: boxes for its layers, arrows for their tensors. SVG, written here; needs no other program."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import Any

from ..core.extras import import_extra
from ..core.nest import flatten
from ..layers.base import Layer
from ..layers.core import InputLayer
from .files import atomic_write
from .layered_layout import PADDING, Box, Layout

_RANKDIRS = ("TB", "BT", "LR", "RL")
_BY_MATPLOTLIB = (".png", ".pdf", ".jpg", ".jpeg")
_LINE, _LETTER, _MARGIN, _ARROW = 17, 7.4, 10, 7  # pixels: height of a line, width of a bold letter of 12, ...
_PER_INCH = 96  # SVG's pixels
_LONGEST_SIDE = 2**16  # pixels of a picture that matplotlib draws
_FONT = "Helvetica, Arial, sans-serif"
_FILL, _INPUT_FILL, _FRAME_FILL, _INK = "#eef3fa", "#e6f4e6", "#fafafa", "#333333"


def plot_model(model: Any, to_file: str | os.PathLike[str] | None = "model.svg", show_shapes: bool = False,
               show_dtype: bool = False, show_layer_names: bool = False, rankdir: str = "TB",
               expand_nested: bool = False, dpi: int = 200, show_layer_activations: bool = False,
               show_trainable: bool = False, **old: Any) -> ModelPicture:
    """Draw a model's layers and their connections.

    A model of a class of your own has no graph, since its `call` can do anything: its layers are drawn without arrows.

    Args:
        model: A built Model.
        to_file: Path that ends in .svg; .png, .pdf and .jpg need the extra "plot". None writes no file.
        show_shapes: Whether boxes show the shapes of inputs and outputs.
        show_dtype: Whether boxes show the outputs' element types.
        show_layer_names: Whether boxes show the layers' names beside their classes.
        rankdir: The direction of arrows: "TB" is from top to bottom, "LR" from left to right, "BT" and "RL" backwards.
        expand_nested: Whether models within the model are drawn with their layers, in a frame.
        dpi: Pixels per inch of a .png or .jpg. An .svg has no pixels.
        show_layer_activations: Whether boxes show activation functions.
        show_trainable: Whether boxes show if training changes the layer.
        old: Arguments of older versions; they are refused with a remedy.

    Returns:
        A `ModelPicture`, which notebooks show.

    Raises:
        TypeError: `model` is not a model, or an argument is unknown.
        ValueError: the model is not built, or an argument is none of the above.
        ImportError: the file's kind needs matplotlib, which is not installed.

    >>> import tinynet as tn
    >>> model = tn.Sequential([tn.Input((4,)), tn.layers.Dense(3), tn.layers.Dense(1)])
    >>> plot_model(model, to_file=None, show_shapes=True)
    <ModelPicture: 2 boxes, 1 arrows, ... x ... pixels>
    """
    if old:
        raise TypeError(f"plot_model: unknown or outdated argument {', '.join(old)}; leave it out. "
                        "`splines` and the like are for graphviz, which is not used; Keras 3 has no layer_range")
    if rankdir not in _RANKDIRS:
        raise ValueError(f"plot_model: rankdir must be one of {', '.join(_RANKDIRS)}, got {rankdir!r}")
    suffix = Path(to_file).suffix.lower() if to_file is not None else ".svg"
    if suffix not in (".svg", *_BY_MATPLOTLIB):
        raise ValueError(f"plot_model: to_file must end in .svg, or in {', '.join(_BY_MATPLOTLIB)} with matplotlib; "
                         f"got {str(to_file)!r}")
    if not isinstance(model, Layer) or not hasattr(model, "layers"):
        raise TypeError(f"plot_model: expected a Model, got {model!r} ({type(model).__name__})")
    if not model.built:
        raise ValueError(f"plot_model: model {model.name!r} is not built yet, so its connections and shapes are "
                         "unknown; start it with an Input, call build(), or call it on a batch")
    show = {"shapes": show_shapes, "dtype": show_dtype, "names": show_layer_names, "nested": expand_nested,
            "activations": show_layer_activations, "trainable": show_trainable, "flat": rankdir in ("LR", "RL")}
    picture = ModelPicture(_layout(model, show), rankdir)
    if to_file is not None:
        content = picture.to_svg().encode() if suffix == ".svg" else picture.by_matplotlib(suffix[1:], dpi)
        with atomic_write(to_file) as file:
            file.write(content)
    return picture


class _Label:
    """The text in a box or over a frame; `name` is the layer's."""

    def __init__(self, part, lines):
        self.name, self.lines = part.name, [_printable(line) for line in lines]
        self.fill = _INPUT_FILL if isinstance(part, InputLayer) else _FILL

    def size(self, flat):
        width = max(map(_columns, self.lines)) * _LETTER + 16
        height = len(self.lines) * _LINE + 10
        return (height, width) if flat else (width, height)


def _printable(text):
    """The text without the control characters that XML cannot hold."""
    return re.sub(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", str(text))


def _columns(text):
    import unicodedata  # late

    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _graph_of(model):
    """The Graph of a model, None for a subclass, whose connections only its `call` knows."""
    try:
        return model._linked()
    except AttributeError:
        return None


def _layout(model, show, nested=False):
    graph = _graph_of(model)
    if graph is None:
        return _without_arrows(model, show)
    # As in Keras, a Sequential is drawn without its Input.
    hidden = graph.input_layers if model._defining_graph() is None and len(graph.operations) > 1 else []
    boxes = {part: _box(part, graph, show) for part in graph.operations if part not in hidden}
    input_layers = {id(tensor): layer for layer, tensor in zip(graph.input_layers, graph.inputs, strict=True)}

    def source(tensor):
        if id(tensor) in input_layers:
            return input_layers[id(tensor)], 0
        part = tensor._node.operation
        return part, tensor._index if boxes[part].inner else 0

    edges, entries = [], [] if hidden else [(boxes[layer], 0) for layer in graph.input_layers]
    for node in graph.nodes:
        target = boxes[node.operation]
        for index, tensor in enumerate(_inputs_of(node, target)):
            part, output = source(tensor)
            into = index if target.inner else 0
            if part in hidden:
                entries.append((target, into))
            else:
                edges.append((boxes[part], output, target, into))
    outputs = [(boxes[part], index) for part, index in map(source, graph.outputs)] if nested else []
    return Layout(list(boxes.values()), edges, entries, outputs)


def _inputs_of(node, target):
    """The KerasTensors of a call: of a model in a frame, in the order of its own inputs."""
    if target.inner is None:
        return node.inputs
    return _graph_of(node.operation)._match((node.args or tuple(node.kwargs.values()))[0])


def _box(part, graph, show):
    if show["nested"] and hasattr(part, "layers") and _graph_of(part) is not None:
        label = _Label(part, [f"{part.name} ({type(part).__name__})"])
        return Box(label, label.size(show["flat"]), inner=_layout(part, show, nested=True))
    calls = [(node.inputs, flatten(node.outputs)) for node in graph.nodes_of(part)]
    calls += [([], [tensor]) for layer, tensor in zip(graph.input_layers, graph.inputs, strict=True) if layer is part]
    label = _Label(part, _lines(part, show, calls))
    return Box(label, label.size(show["flat"]))


def _without_arrows(model, show):
    parts = model.layers or [model]
    labels = [_Label(part, _lines(part, show, [])) for part in parts]
    return Layout([Box(label, label.size(show["flat"])) for label in labels], [])


def _lines(part, show, calls):
    """The lines of a box; `calls` has the KerasTensors (inputs, outputs) of each call of the layer."""
    kind = type(part).__name__ if isinstance(part, Layer) else f"ops.{part.call.__name__}"
    lines = [f"{part.name} ({kind})" if show["names"] else kind]
    activation = getattr(part, "activation", None)
    if show["activations"] and activation is not None:
        lines.append(f"Activation: {getattr(activation, '__name__', type(activation).__name__)}")
    if show["shapes"]:
        lines += _differing("Input shape", [[tensor.shape for tensor in inputs] for inputs, _ in calls if inputs])
        lines += _differing("Output shape", [[tensor.shape for tensor in outputs] for _, outputs in calls])
    if show["dtype"]:
        lines += _differing("Output dtype", [[tensor.dtype for tensor in outputs] for _, outputs in calls])
    if show["trainable"] and isinstance(part, Layer) and part.weights:
        lines.append(f"Trainable: {part.trainable}")
    return lines


def _differing(title, values_of_calls):
    """One line for each different value among the calls of a shared layer."""
    return [f"{title}: {text}" for text in dict.fromkeys(", ".join(map(str, values)) for values in values_of_calls)]


class ModelPicture:
    """Boxes, frames and arrows with their positions. Notebooks show it; `to_svg` is its text.

    Attributes:
        width, height: In pixels.
        boxes, frames: (label, (left, top, right, bottom)); a label has a `name` and `lines`.
        arrows: (name of the source layer, of the target layer, curve, arrowhead). A curve is a list of
            SVG's commands ("M", "L" or "C", points); an arrowhead has three corners.
    """

    def __init__(self, layout: Layout, rankdir: str) -> None:
        self._rankdir = rankdir
        self._across, self._along = (extent + 2 * _MARGIN for extent in layout.size)
        flat = rankdir in ("LR", "RL")
        self.width, self.height = (self._along, self._across) if flat else (self._across, self._along)
        self.boxes: list[Any] = []
        self.frames: list[Any] = []
        self.arrows: list[Any] = []
        for kind, *thing in layout.everything(_MARGIN, _MARGIN):
            if kind == "line":
                source, target, points = thing
                self.arrows.append((source.name, target.name, *self._arrow(points)))
            else:
                label, corners = thing
                (x0, y0), (x1, y1) = map(self._turn, corners)
                corners = min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
                (self.boxes if kind == "box" else self.frames).append((label, corners))

    def _turn(self, point):
        """(across, along) to (x, y)."""
        across, along = point
        if self._rankdir in ("BT", "RL"):
            along = self._along - along
        return (across, along) if self._rankdir in ("TB", "BT") else (along, across)

    def _arrow(self, points):
        curve = [("M", [self._turn(points[0])])]
        tip = points[-1]
        for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
            bend = [] if x0 == x1 or y0 == y1 else [(x0, (y0 + y1) / 2), (x1, (y0 + y1) / 2)]
            curve.append(("C" if bend else "L", [self._turn(point) for point in (*bend, (x1, y1))]))
        head = [tip, (tip[0] - _ARROW / 2, tip[1] - _ARROW), (tip[0] + _ARROW / 2, tip[1] - _ARROW)]
        return curve, [self._turn(point) for point in head]

    def _texts(self):
        """(text, x of the middle, y of the baseline, whether bold)"""
        for label, (left, top, right, _) in self.boxes:
            for index, line in enumerate(label.lines):
                yield line, (left + right) / 2, top + 5 + _LINE * (index + 0.75), index == 0
        for label, (left, top, *_) in self.frames:
            yield label.lines[0], left + 8 + _columns(label.lines[0]) * _LETTER / 2, top + PADDING / 2, True

    def to_svg(self) -> str:
        """Return the picture as an SVG document."""
        from html import escape  # late

        lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width:.0f}" height="{self.height:.0f}" '
                 f'viewBox="0 0 {self.width:.1f} {self.height:.1f}" font-family="{_FONT}" font-size="12">',
                 '<rect width="100%" height="100%" fill="white"/>']
        for kind, things in (("frame", self.frames), ("layer", self.boxes)):
            for label, (left, top, right, bottom) in things:
                fill, dashes = (_FRAME_FILL, ' stroke-dasharray="4"') if kind == "frame" else (label.fill, "")
                lines.append(f'<rect class="{kind}" data-name="{escape(_printable(label.name))}" x="{left:.1f}" '
                             f'y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" rx="3" '
                             f'fill="{fill}" stroke="{_INK}"{dashes}/>')
        for source, target, curve, head in self.arrows:
            path = " ".join(command + " ".join(f"{x:.1f},{y:.1f}" for x, y in points) for command, points in curve)
            corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in head)
            lines.append(f'<path class="arrow" data-from="{escape(_printable(source))}" '
                         f'data-to="{escape(_printable(target))}" d="{path}" fill="none" stroke="{_INK}"/>')
            lines.append(f'<polygon points="{corners}" fill="{_INK}"/>')
        for text, x, y, bold in self._texts():
            weight = ' font-weight="bold"' if bold else ""
            lines.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle"{weight}>{escape(text)}</text>')
        return "\n".join([*lines, "</svg>", ""])

    _repr_svg_ = to_svg

    def by_matplotlib(self, kind: str, dpi: int) -> bytes:
        """Return the bytes of a picture that matplotlib draws.

        Args:
            kind: "png", "pdf" or "jpg".
            dpi: Pixels per inch.

        Raises:
            ModuleNotFoundError: matplotlib is not installed; the message names the extra.
            ValueError: the picture would have 2^16 pixels or more on a side.
        """
        figures, patches, paths = (
            import_extra(f"matplotlib.{part}", "plot", f"plot_model: a .{kind} picture",
                         remedy="; a to_file that ends in .svg needs nothing")
            for part in ("figure", "patches", "path"))
        curve_type = paths.Path
        longest = max(self.width, self.height) * dpi / _PER_INCH
        if kind != "pdf" and longest >= _LONGEST_SIDE:
            raise ValueError(f"plot_model: the picture would be {longest:.0f} pixels long, matplotlib draws at most "
                             f"{_LONGEST_SIDE}; use .svg, or a dpi below {dpi}")
        figure = figures.Figure(figsize=(self.width / _PER_INCH, self.height / _PER_INCH))
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, self.width), ylim=(self.height, 0))
        axes.set_axis_off()
        for things, fill, dash in ((self.frames, _FRAME_FILL, "--"), (self.boxes, None, "-")):
            for label, (left, top, right, bottom) in things:
                axes.add_patch(patches.Rectangle((left, top), right - left, bottom - top, facecolor=fill or label.fill,
                                         edgecolor=_INK, linestyle=dash, linewidth=0.75))
        codes = {"M": [curve_type.MOVETO], "L": [curve_type.LINETO], "C": [curve_type.CURVE4] * 3}
        for *_, curve, head in self.arrows:
            path = curve_type([point for _, points in curve for point in points],
                              [code for command, _ in curve for code in codes[command]])
            axes.add_patch(patches.PathPatch(path, fill=False, edgecolor=_INK, linewidth=0.75))
            axes.add_patch(patches.Polygon(head, color=_INK, linewidth=0))
        for text, x, y, bold in self._texts():
            axes.text(x, y, text, ha="center", va="baseline", size=12 * 72 / _PER_INCH, parse_math=False,
                      weight="bold" if bold else "normal")
        content = io.BytesIO()
        figure.savefig(content, format=kind, dpi=dpi)
        return content.getvalue()

    def __repr__(self) -> str:
        return (f"<ModelPicture: {len(self.boxes)} boxes, {len(self.arrows)} arrows, {self.width:.0f} x "
                f"{self.height:.0f} pixels>")
