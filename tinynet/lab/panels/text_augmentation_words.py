"""Which words of a variant an operation changed, and the tables of words that a reader types.

Each word is given a mark that the operations take for punctuation, so that they draw the same and carry it along: a
letter of Unicode's private use area, which no text of a reader has (`parameters.Text` refuses it).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...augment.text import lookup
from ..words import LabError, Words

FIRST, MORE = "\ue000", "\ue001"  # mark the first word of a synonym, and its further words
NUMBERS = 0xE100  # the mark of word i of the sentence is this plus i


class Numbered(str):
    """A word with marks, equal to any with the same letters: `eda` draws a variant that equals its text again."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and plain(self) == plain(other)

    def __hash__(self) -> int:
        return hash(plain(self))


def numbered(words: list[str]) -> list[str]:
    """Return the words with the mark of their number after them."""
    return [Numbered(word + chr(NUMBERS + i)) for i, word in enumerate(words)]


def marking(synonyms: Any) -> Callable[[str], list[str]]:
    """Return the look-up of synonyms whose words are marked."""
    look_up = lookup(synonyms)

    def marked(word: str) -> list[str]:
        return [" ".join((MORE if i else FIRST) + part for i, part in enumerate(one.split())) for one in look_up(word)]

    return marked


def plain(word: str) -> str:
    """Return a word without marks."""
    return "".join(letter for letter in word if not FIRST <= letter <= "\uf8ff")  # the private use area


def traced(variant: list[str], words: list[str]) -> list[list[str]]:
    """Return [text, kind] of each part of a variant.

    Args:
        variant: Words with their marks.
        words: The sentence's.

    Returns:
        Kinds: 'same'; 'old' for a word that a synonym replaced, then 'new'; 'new' alone for one that was inserted; 'moved'
        for one at another position than in the sentence; 'gone' for one that was deleted.
    """
    numbers = [next((ord(letter) - NUMBERS for letter in word if chr(NUMBERS) <= letter <= "\uf8ff"), None) for word in variant]
    synonyms = [FIRST in word or MORE in word for word in variant]
    parts: list[list[str]] = []
    replaces = any(synonym and number is not None for synonym, number in zip(synonyms, numbers, strict=True))
    inserts = any(synonyms) and not replaces
    swaps = len(variant) == len(words) and not any(synonyms)
    expected = 0
    for position, (word, number, synonym) in enumerate(zip(variant, numbers, synonyms, strict=True)):
        if synonym:
            if replaces and FIRST in word:  # of a synonym of several words, only the last has the number
                last = next(n for n in numbers[position:] if n is not None)
                parts.append([words[last], "old"])
            parts.append([plain(word), "new"])
        elif number is not None:
            if not inserts and not swaps and not replaces:
                parts += [[words[gone], "gone"] for gone in range(expected, number)]
            parts.append([plain(word), "moved" if swaps and number != position else "same"])
        if number is not None:
            expected = number + 1
    if not inserts and not swaps and not replaces:
        parts += [[words[gone], "gone"] for gone in range(expected, len(words))]
    return parts


def operation_of(parts: list[list[str]]) -> str:
    """Return the name of the operation whose variant has these parts; '' if nothing has changed."""
    kinds = {kind for _, kind in parts}
    for kind, name in (("old", "synonym_replacement"), ("new", "random_insertion"), ("moved", "random_swap"),
                       ("gone", "random_deletion")):
        if kind in kinds:
            return name
    return ""


def parse_synonyms(text: str) -> dict[str, list[str]]:
    """Return the table that a reader typed: 'film: movie, motion picture; great: superb'.

    Raises:
        LabError: an entry has no word or no synonyms.
    """
    table: dict[str, list[str]] = {}
    for entry in filter(str.strip, text.split(";")):
        word, _, rest = entry.partition(":")
        synonyms = [" ".join(one.split()) for one in rest.split(",") if one.strip()]
        if not word.strip() or not synonyms:
            raise LabError(Words(f"synonyms: expected 'word: synonym, synonym', got {entry.strip()[:40]!r}",
                                 f"동의어: '단어: 동의어, 동의어' 꼴이어야 합니다. 받은 값: {entry.strip()[:40]!r}"))
        table.setdefault(word.strip(), []).extend(synonyms)
    return table


def parse_pivot(text: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the two tables that stand in for a translator: 'film > 영화 > movie; great > 훌륭한 > excellent'.

    Raises:
        LabError: an entry does not have three words.
    """
    there: dict[str, str] = {}
    back: dict[str, str] = {}
    for entry in filter(str.strip, text.split(";")):
        words = [part.strip() for part in entry.split(">")]
        if len(words) != 3 or not all(words) or " " in words[0] or " " in words[1]:
            raise LabError(Words(f"back translation: expected 'word > translation > word', got {entry.strip()[:40]!r}",
                                 f"역번역: '단어 > 번역 > 단어' 꼴이어야 합니다. 받은 값: {entry.strip()[:40]!r}"))
        there[words[0]], back[words[1]] = words[1], words[2]
    return there, back


def word_for_word(table: dict[str, str], text: str) -> str:
    """Return the text with each word that the table has replaced by its translation."""
    return " ".join(table.get(word, word) for word in text.split())
