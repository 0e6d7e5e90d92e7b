"""Texts of the exercises in both languages."""

from __future__ import annotations

from typing import NamedTuple

from ...plots.messages import LANGUAGES
from ...plots.style import set_style


class Words(NamedTuple):
    """One text in both languages.

    Attributes:
        en: English.
        ko: Korean.

    >>> Words("step", "스텝").of("ko")
    '스텝'
    """

    en: str
    ko: str

    def of(self, lang: str) -> str:
        """Return the text in 'en' or 'ko'."""
        return self[LANGUAGES.index(lang)]

    def format(self, **values: object) -> Words:
        """Return both texts with `{name}` replaced, as `str.format` does. A value that is `Words` itself is put in.

        >>> Words("{n} steps", "{n}번").format(n=2).ko
        '2번'
        """
        return Words(*(
            text.format(**{name: value.of(lang) if isinstance(value, Words) else value
                           for name, value in values.items()})
            for lang, text in zip(LANGUAGES, self, strict=True)
        ))

    def followed_by(self, more: Words) -> Words:
        """Return this text and another one, as they stand.

        >>> Words("one", "하나").followed_by(Words(" two", " 둘")).en
        'one two'
        """
        return Words(*(text + other for text, other in zip(self, more, strict=True)))


def language(lang: str | None) -> str:
    """Return the language of a message.

    Args:
        lang: 'en', 'ko', or None for that of the pictures (`plots.set_style`).

    Raises:
        ValueError: another language.

    >>> language("ko")
    'ko'
    """
    if lang is None:
        return set_style()["lang"]  # without arguments it only returns the settings
    if lang not in LANGUAGES:
        raise ValueError(f"lessons: lang must be one of {', '.join(map(repr, LANGUAGES))}; got {lang!r}")
    return lang
