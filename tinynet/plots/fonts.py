"""Fonts: which of this machine's has Korean letters, and which letters no font has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ..core.errors import warn_user

# Nanum and Noto on Linux, then what macOS and Windows bring along. All faces of Noto CJK have the Korean letters.
KOREAN = (
    "NanumGothic", "NanumBarunGothic", "NanumSquare", "Noto Sans KR", "Noto Sans CJK KR", "Noto Sans CJK JP",
    "Apple SD Gothic Neo", "AppleGothic", "Malgun Gothic",
)
LATIN = "DejaVu Sans"  # comes with matplotlib


@cache
def korean_font() -> str | None:
    """Return the name of an installed font with Korean letters, None if there is none."""
    from matplotlib import font_manager

    manager = font_manager.fontManager
    installed = {font.name for font in manager.ttflist}
    if not installed.intersection(KOREAN):  # matplotlib's own list may be older than the fonts
        for path in font_manager.findSystemFonts():
            if Path(path).name.startswith(("NanumGothic.", "NotoSansKR", "NotoSansCJK-Regular")):
                manager.addfont(path)
        installed = {font.name for font in manager.ttflist}
    return next((name for name in KOREAN if name in installed), None)


def families(lang: str) -> list[str]:
    """Return the names of fonts to look for a letter in, in their order.

    Args:
        lang: 'en' or 'ko': whose font is the first.
    """
    korean = korean_font()
    if korean is None:
        return [LATIN]
    return [korean, LATIN] if lang == "ko" else [LATIN, korean]


@cache
def _letters(family: str) -> frozenset[int]:
    """The codes of the letters that a font has."""
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    path = font_manager.findfont(font_manager.FontProperties(family=family), fallback_to_default=False)
    return frozenset(FT2Font(path).get_charmap())


def missing_letters(text: str, fonts: Sequence[str]) -> str:
    """Return the letters of a text that none of the fonts has: matplotlib would draw boxes for them.

    Args:
        text: Any; formulas between $ are drawn with fonts of their own.
        fonts: Names of installed fonts.

    >>> missing_letters("shirt", ["DejaVu Sans"]), missing_letters("셔츠", ["DejaVu Sans"])
    ('', '셔츠')
    """
    outside = "".join(text.split("$")[::2]) if text.count("$") % 2 == 0 else text
    there: frozenset[int] = frozenset().union(*map(_letters, fonts))
    return "".join(letter for letter in outside if ord(letter) not in there and not letter.isspace())


def replace_missing(texts: Iterable[Any], fonts: Sequence[str]) -> None:
    """Write '?' for letters that no font has, and warn once about them.

    Args:
        texts: matplotlib's Text objects.
        fonts: Names of installed fonts.
    """
    missing = ""
    for text in texts:
        letters = missing_letters(text.get_text(), fonts)
        if letters:
            missing += letters
            text.set_text("".join("?" if letter in letters else letter for letter in text.get_text()))
    if missing:
        warn_missing(missing)


def warn_missing(letters: str) -> None:
    """Warn that no font has these letters, and name the remedy."""
    shown = "".join(dict.fromkeys(letters))[:20]
    warn_user(f"plots: no font on this machine has {shown!r}. Install one that has, such as Debian's fonts-nanum "
              "or fonts-noto-cjk", UserWarning)
