"""Formulas by KaTeX from the site's own files, those of the lab: no page asks a server.

The pages hold TeX in elements of class "math"; docs/_static/site.js gives it to KaTeX when a page is opened.
"""

import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

VENDOR = Path(__file__).parents[2] / "tinynet" / "lab" / "static" / "vendor" / "katex"


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer("katex", (_inline, None), (_display, None))
    app.connect("build-finished", _copy)
    app.add_css_file("katex/katex.min.css")
    app.add_js_file("katex/katex.min.js")
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline(translator: Any, node: nodes.Element) -> None:
    _write(translator, node, "span", "math inline")


def _display(translator: Any, node: nodes.Element) -> None:
    _write(translator, node, "div", "math display")


def _write(translator: Any, node: nodes.Element, tag: str, classes: str) -> None:
    translator.body.append(translator.starttag(node, tag, "", CLASS=classes))
    translator.body.append(f"{translator.encode(node.astext())}</{tag}>")
    raise nodes.SkipNode


def _copy(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        shutil.copytree(VENDOR, Path(app.outdir) / "_static" / "katex", dirs_exist_ok=True)
