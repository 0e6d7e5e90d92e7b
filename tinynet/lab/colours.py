"""Python with colours, by Python's own tokenizer."""

from __future__ import annotations

import io
import itertools
import keyword
import tokenize
from html import escape

_KINDS = {tokenize.STRING: "string", tokenize.COMMENT: "comment", tokenize.NUMBER: "number"}


def python_as_html(code: str) -> str:
    """Return Python as HTML: keywords, strings, comments, numbers and defined names in elements of a class each.

    What is no Python, such as a piece with an ellipsis in the wrong line, is returned without colours.

    Args:
        code: Any text; all of it is escaped.

    >>> python_as_html("if x < 1:")
    '<span class="py-keyword">if</span> x &lt; <span class="py-number">1</span>:'
    """
    begins = [0, *itertools.accumulate(len(line) + 1 for line in code.split("\n"))]
    parts, at, before = [], 0, ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            kind = _kind(token, before)
            before = token.string if token.type == tokenize.NAME else ""
            if kind:
                begin, end = (begins[row - 1] + column for row, column in (token.start, token.end))
                parts += [escape(code[at:begin], quote=False),
                          f'<span class="py-{kind}">{escape(code[begin:end], quote=False)}</span>']
                at = end
    except (tokenize.TokenError, SyntaxError):  # IndentationError is a SyntaxError
        return escape(code, quote=False)
    return "".join(parts) + escape(code[at:], quote=False)


def _kind(token: tokenize.TokenInfo, before: str) -> str:
    """The class of a token; '' if it has none."""
    if token.type == tokenize.NAME:
        if keyword.iskeyword(token.string):
            return "keyword"
        return "name" if before in ("def", "class") else ""
    if tokenize.tok_name[token.type].startswith("FSTRING"):  # Python 3.12: the pieces of an f-string
        return "string"
    return _KINDS.get(token.type, "")
