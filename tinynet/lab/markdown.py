"""Markdown as safe HTML, with formulas for KaTeX and coloured Python.

HTML in a text is shown as text, and a link leads nowhere but to a page. Formulas become elements of the class `math`
with their TeX as text; the page's KaTeX draws them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

from .colours import python_as_html


def _colour(code: str, language: str, attributes: str) -> str:
    """A fenced block's HTML; '' leaves the block to markdown-it, which escapes it."""
    return python_as_html(code) if language == "python" else ""


# It refuses javascript:, vbscript:, file: and most data: addresses by itself.
_MARKDOWN = MarkdownIt("commonmark", {"html": False, "highlight": _colour}).enable("table").use(
    dollarmath_plugin, allow_labels=False, double_inline=True)


def to_html(text: str, slugs: Iterable[str] = ()) -> str:
    """Return a Markdown text as HTML.

    Args:
        text: Markdown with `$..$` and `$$..$$`.
        slugs: One is taken for each heading, as its attribute `data-slug`; an iterator goes on from text to text.

    >>> to_html("*Hello* $x<1$ <b>")
    '<p><em>Hello</em> <span class="math inline">x&lt;1</span> &lt;b&gt;</p>\\n'
    """
    tokens = _MARKDOWN.parse(text)
    slugs = iter(slugs)
    for token in tokens:
        if token.type == "heading_open" and (slug := next(slugs, "")):
            token.attrSet("data-slug", slug)
        for inner in token.children or ():
            if inner.type == "link_open" and re.match("https?:", str(inner.attrGet("href"))):
                inner.attrSet("rel", "noreferrer")
                inner.attrSet("target", "_blank")
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if before.type == "th_open" and not token.content:  # a table's empty corner is no heading
            before.tag = after.tag = "td"
    return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


def heading_slugs(text: str) -> list[str]:
    """Return a slug for each heading of a Markdown text: its words in small letters, for addresses.

    >>> heading_slugs("# Momentum\\n\\n## How fast? $1 - \\\\rho$")
    ['momentum', 'how-fast']
    """
    tokens = _MARKDOWN.parse(text)
    return [_slug(inline) for opened, inline in zip(tokens, tokens[1:], strict=False) if opened.type == "heading_open"]


def _slug(inline: Token) -> str:
    words = " ".join(one.content for one in inline.children or () if one.type in ("text", "code_inline"))
    return "-".join(re.findall(r"[a-z0-9]+", words.lower())) or "section"


def unique(slugs: Iterable[str]) -> list[str]:
    """Return the slugs, a number added to those that were there before.

    >>> unique(["a", "b", "a"])
    ['a', 'b', 'a-2']
    """
    found: list[str] = []
    for slug in slugs:
        number, name = 1, slug
        while name in found:
            number += 1
            name = f"{slug}-{number}"
        found.append(name)
    return found
