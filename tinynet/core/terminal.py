"""What the program's output can show: how wide its terminal is, whether it has colours, which characters."""

from __future__ import annotations

import codecs
import contextlib
import os
import sys
from typing import Any

# On a console with one of these, lines and bars are two columns wide, and tables of them fall apart.
_WIDE = {"cp932", "cp936", "cp949", "cp950", "shift_jis", "euc_jp", "euc_kr", "johab", "gb2312", "gbk", "gb18030",
         "big5"}
_LINES = {**dict.fromkeys("━─", "-"), **dict.fromkeys("┃│", "|"), **dict.fromkeys("┏┳┓┡╇┩├┼┤└┴┘", "+")}
_ASCII = str.maketrans({**_LINES, "█": "#", "✓": "v", "✗": "x", "…": "...", "—": "-", "–": "-", "→": "->", "×": "x",
                        "·": "-", "’": "'", "“": '"', "”": '"'})


def is_terminal(stream: Any = None) -> bool:
    """Report whether a stream, standard output if None, is a terminal: neither a file, a pipe nor a notebook."""
    stream = sys.stdout if stream is None else stream
    return stream is not None and not getattr(stream, "closed", False) and bool(
        getattr(stream, "isatty", lambda: False)())


def is_interactive() -> bool:
    """Report whether standard output is a terminal or a notebook, where a bar can move."""
    # The OutStream of a notebook; other programs may have imported the package.
    return is_terminal() or type(sys.stdout).__module__.startswith("ipykernel.")


def has_colours() -> bool:
    """Report whether standard output is a terminal or a notebook that shows colours.

    The environment variable NO_COLOR, with any text in it, and TERM=dumb switch them off (https://no-color.org).
    """
    if not is_interactive() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    # Windows' old console prints the codes of colours as they are; the newer programs around it set one of these.
    return sys.platform != "win32" or not is_terminal() or any(
        name in os.environ for name in ("WT_SESSION", "TERM_PROGRAM", "ANSICON", "ConEmuANSI", "PYCHARM_HOSTED"))


def columns(stream: Any = None) -> int | None:
    """Return how many characters a line of a terminal has now; None where the stream is none.

    80 where the terminal does not tell.

    Args:
        stream: Standard output if None.
    """
    if not is_terminal(stream):
        return None
    import shutil  # late, as unicodedata below: most programs print to no terminal

    if stream is not None and "COLUMNS" not in os.environ:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            return os.get_terminal_size(stream.fileno()).columns or 80
    return shutil.get_terminal_size().columns or 80


def display_width(text: str) -> int:
    """Return how many columns of a terminal a text takes: a Korean letter has two.

    >>> display_width("손실"), display_width("loss")
    (4, 4)
    """
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def shown(text: str, encoding: str | None) -> str:
    """Return a text as an output of this encoding can show it.

    Where a character is missing, or a line of a table would be two columns wide, all lines, bars and marks become
    ASCII; what has no such form becomes '?'.

    >>> shown("✓ ├──┤ 0.5 — 손실", "cp949")
    'v +--+ 0.5 - 손실'
    >>> shown("━━ 손실", "ascii")
    '-- ??'
    """
    if text.isascii() or encoding is None:
        return text
    name = encoding.lower().replace("-", "_")
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        pass
    else:
        if name not in _WIDE or not any(character in _LINES for character in text):
            return text
    text = text.translate(_ASCII)
    try:
        return text.encode(encoding, "replace").decode(encoding)
    except LookupError:  # an encoding of the stream's own
        return text.encode("ascii", "replace").decode("ascii")


def can_show(text: str) -> bool:
    """Report whether standard output shows a text as it is, in the columns that it has elsewhere."""
    return for_output(text) == text


def for_output(text: str) -> str:
    """Return a text as standard output can show it: '✓' becomes 'v' where there is no such character."""
    return shown(text, getattr(sys.stdout, "encoding", None))


def never_fail(*streams: Any) -> None:
    """Let text streams write ASCII, or '?', for characters that their encoding lacks, instead of raising an error.

    Args:
        *streams: Such as sys.stdout; what is no stream of this kind is left as it is.
    """
    codecs.register_error("tinynet", _replaced)
    for stream in streams:
        if getattr(stream, "errors", None) == "strict" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="tinynet")


def _replaced(error):
    """Of codecs.register_error: what is written in place of characters, and where writing goes on."""
    text = error.object[error.start : error.end].translate(_ASCII)
    return text.encode("ascii", "replace").decode("ascii"), error.end


def write(text: str) -> None:
    """Write to standard output at once, as its encoding can show it.

    A program without a standard output (a service, pythonw), or one that has closed it, shows nothing.
    """
    if sys.stdout is None or getattr(sys.stdout, "closed", False):
        return
    sys.stdout.write(for_output(text))
    sys.stdout.flush()
