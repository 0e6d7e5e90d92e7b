"""Words in the lab's two languages, and the faults that it explains in both."""

from __future__ import annotations

from dataclasses import dataclass

LANGUAGES = ("en", "ko")


@dataclass(frozen=True)
class Words:
    """One text in both languages.

    Attributes:
        en: English.
        ko: Korean. A field term stands with its English in brackets at its first use on a page.

    >>> Words("rate", "학습률").as_dict()
    {'en': 'rate', 'ko': '학습률'}
    """

    en: str
    ko: str

    def __post_init__(self) -> None:
        if not (self.en.strip() and self.ko.strip()):
            raise ValueError(f"Words: both languages must be given, got {self.en!r} and {self.ko!r}")

    def as_dict(self) -> dict[str, str]:
        """Return {language: text}."""
        return {"en": self.en, "ko": self.ko}

    def format(self, **values: object) -> Words:
        """Return both texts with `{name}` replaced, as `str.format` does.

        >>> Words("{n} layers", "{n}개 층").format(n=2).ko
        '2개 층'
        """
        return Words(self.en.format(**values), self.ko.format(**values))


class LabError(ValueError):
    """A setting, a message or a file that the lab refuses. The page shows the reason in the reader's language.

    Attributes:
        words: The reason, in both languages.

    Args:
        words: The reason, in both languages.

    >>> str(LabError(Words("too many layers", "층이 너무 많습니다")))
    'too many layers'
    """

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words
