"""Docstrings as tinynet writes them, made reStructuredText: formulas stay as they are typed, marks are no markup.

A docstring is plain text that reads well in a terminal. reStructuredText would take the stars of a product for emphasis
and |x| for a substitution; a formula on lines of its own would be flowed into one. This stands between autodoc and
napoleon, which then makes the sections (Args, Returns, Raises) of what comes out here.
"""

import inspect
import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.inspect import signature, stringify_signature
from sphinx.util.nodes import make_refnode

SECTION = re.compile(r"\s*[A-Z][a-z]+( arguments)?:$")  # "Args:", "Call arguments:"; its lines are no formula
_CODE = re.compile(r"(``.+?``|`[^`]+`)")
_COLON = "\x91"  # U+0091, which no text has
_BULLET = re.compile(r"\s*[*-] ")
_NAME = re.compile(r"\w+(\.\w+)*(\(\))?")
_FORMULA = re.compile(r"[^.:`]* (=|\+=|-=|<-) ")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", _before_napoleon, priority=400)  # napoleon's is 500
    app.connect("autodoc-process-docstring", _after_napoleon, priority=600)
    app.connect("autodoc-process-signature", _signature)
    app.connect("autodoc-skip-member", _is_left_out)
    app.connect("missing-reference", _resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _before_napoleon(app: Sphinx, kind: str, name: str, item: Any, options: Any, lines: list[str]) -> None:
    lines[:] = to_restructured_text(lines)
    if kind in ("attribute", "data", "property") and lines:  # before a colon would be its type
        lines[0] = lines[0].replace(":", _COLON)


def _after_napoleon(app: Sphinx, kind: str, name: str, item: Any, options: Any, lines: list[str]) -> None:
    lines[:] = [line.replace(_COLON, ":") for line in lines]


def _signature(app: Sphinx, kind: str, name: str, item: Any, options: Any, given: str | None,
               returned: str | None) -> tuple[str, str] | None:
    """Of a class the arguments of `__init__`: layers have a `__new__`, which passes on what it gets."""
    if kind != "class" or not inspect.isfunction(item.__init__):
        return None
    return stringify_signature(signature(item.__init__, bound_method=True), show_annotation=False), ""


def _is_left_out(app: Sphinx, kind: str, name: str, item: Any, skip: bool, options: Any) -> bool | None:
    """A class that another has as an attribute is described where it is defined."""
    return True if kind == "class" and inspect.isclass(item) and "." not in item.__qualname__ else None


def to_restructured_text(lines: list[str]) -> list[str]:
    """Return a docstring's lines as reStructuredText with napoleon's sections.

    Args:
        lines: Of the docstring, without its indentation.
    """
    result: list[str] = []
    in_section = in_formula = False
    for paragraph in _paragraphs(lines):
        first = paragraph[0]
        indent = len(first) - len(first.lstrip())
        begins_section = SECTION.fullmatch(first) and len(paragraph) > 1
        if first.lstrip().startswith(">>>"):
            in_formula = False
            result += ["", *paragraph, ""]
        elif begins_section or indent and in_section:
            in_section, in_formula = True, False
            result += [first if begins_section else escape(first), *map(escape, paragraph[1:]), ""]
        elif indent or _is_formula(paragraph) or _is_table(paragraph):
            if not in_formula:  # an empty line in a formula divides nothing
                result += ["", ".. code-block:: text", "   :class: formula", ""]
            in_section, in_formula = False, True
            result += [*(f"   {line[min(indent, len(line)):]}" for line in paragraph), ""]
        else:
            in_section = in_formula = False
            result += [*map(escape, paragraph), ""]
    return result


def _paragraphs(lines: list[str]) -> list[list[str]]:
    """Lines between empty ones."""
    found: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return [paragraph for paragraph in found if paragraph]


def _is_formula(paragraph: list[str]) -> bool:
    """Whether lines are a formula of their own, not a sentence that has one."""
    return bool(_FORMULA.match(paragraph[0])) and not paragraph[-1].endswith((".", ":", ";", ","))


def _is_table(paragraph: list[str]) -> bool:
    """Whether lines are set in columns: two have wide gaps, or later ones are indented, and it is no list."""
    if _BULLET.match(paragraph[0]):
        return False
    return sum("  " in line.strip() for line in paragraph) > 1 or any(line[:1] == " " for line in paragraph[1:])


def escape(line: str) -> str:
    """Escape what reStructuredText takes for markup, outside of `names`.

    Args:
        line: Text of a docstring.
    """
    bullet = _BULLET.match(line)
    if bullet:
        return bullet[0] + escape(line[bullet.end():])
    parts = _CODE.split(line)
    for index in range(0, len(parts), 2):
        parts[index] = re.sub(r"([*|\\])", r"\\\1", parts[index])
        parts[index] = re.sub(r"(?<=\w)_(?!\w)", r"\\_", parts[index])  # grad_ would be a link
        parts[index] = parts[index].replace("`", r"\`")
    for index in range(1, len(parts), 2):
        if not parts[index].startswith("``") and not _NAME.fullmatch(parts[index][1:-1]):  # `Dense(64, use_bias=False)`
            parts[index] = f"``{parts[index][1:-1]}``"
        if re.search(r"""[^\s'"(\[{<\-/:]$""", parts[index - 1]):  # marks are marks at the edges of words only
            parts[index] = rf"\ {parts[index]}"
        if re.match(r"""[^\s'")\]}>\-/\\:.,;!?]""", parts[index + 1]):
            parts[index] += r"\ "
    return "".join(parts)


def _resolve(app: Sphinx, env: Any, node: Any, content: nodes.Element) -> nodes.Element | None:
    """Find `ops.conv2d`, `tn.ops.conv2d`, `keras.ops.conv2d` and `fit()` as a reader does."""
    if node.get("refdomain") != "py":
        return None
    name = re.sub(r"^(tn|tf\.keras|keras|tf|tinynet)\.", "", node["reftarget"]).removesuffix("()")
    objects = env.get_domain("py").objects
    for full in (f"tinynet.{name}", f"tinynet.layers.{name}", f"tinynet.models.{name}"):
        if full in objects:
            entry = objects[full]
            return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, content, full)
    return None
