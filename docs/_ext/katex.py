"""Formulas by KaTeX from files of the site: the copy that the lab has, so that no page asks a server.

Sphinx writes TeX between \\( and \\); docs/_static/site.js gives it to KaTeX when a page is opened.
"""

import shutil
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

VENDOR = Path(__file__).parents[2] / "tinynet" / "lab" / "static" / "vendor" / "katex"


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer("katex", (_inline, None), (_display, None))
    app.connect("build-finished", _copy)
    app.add_css_file("katex/katex.min.css")
    app.add_js_file("katex/katex.min.js")
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline(translator, node: nodes.Element) -> None:
    translator.body.append(translator.starttag(node, "span", "", CLASS="math inline"))
    translator.body.append(translator.encode(node.astext()) + "</span>")
    raise nodes.SkipNode


def _display(translator, node: nodes.Element) -> None:
    translator.body.append(translator.starttag(node, "div", "", CLASS="math display"))
    translator.body.append(translator.encode(node.astext()) + "</div>")
    raise nodes.SkipNode


def _copy(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        shutil.copytree(VENDOR, Path(app.outdir) / "_static" / "katex", dirs_exist_ok=True)
