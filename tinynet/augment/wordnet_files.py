"""WordNet's files: sorted lines found by bisection in memory pages, and the lists of irregular forms."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from pathlib import Path

from ..core.errors import DataError, DatasetNotFoundError

LONGEST_LINE = 1 << 16  # the longest of WordNet 3.0 has 12,972 bytes


class Lines:
    """A sorted text file in memory pages: its lines by their first word, or by the byte at which they begin.

    Args:
        path: Of the file.

    Raises:
        DatasetNotFoundError: it is missing.
        DataError: it is empty or cut off.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with open(path, "rb") as file:
                self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except FileNotFoundError:
            raise DatasetNotFoundError(
                f"{path} is missing; WordNet needs index., data. and .exc files of nouns, verbs, adjectives and adverbs"
            ) from None
        except ValueError:  # mmap's, for a file without a byte
            raise DataError(f"{path}: the file is empty") from None
        if self._bytes[-1:] != b"\n":
            raise DataError(f"{path}: the last line has no end; the file is cut off")
        self._start = 0  # of what follows the licence, whose lines begin with a space
        while self._bytes[self._start : self._start + 1] == b" ":
            self._start = self._bytes.find(b"\n", self._start) + 1
        if self._start == len(self._bytes):
            raise DataError(f"{path}: no line but the licence; the file is cut off")

    def line_at(self, start: int) -> bytes:
        """Return the line that begins at a byte; empty beyond the file.

        Raises:
            DataError: the line is too long.
        """
        if start >= len(self._bytes):
            return b""
        end = self._bytes.find(b"\n", start, start + LONGEST_LINE)
        if end < 0:
            raise DataError(f"{self.path}: a line of more than {LONGEST_LINE} bytes, at byte {start}")
        return self._bytes[start:end]

    def find(self, key: bytes) -> bytes | None:
        """Return the line whose first word is `key`, or None."""
        low, high = self._start, len(self._bytes)  # both begin lines (or end the file)
        while low < high:
            start = self._line_start((low + high) // 2, low)
            line = self.line_at(start)
            word = line.split(b" ", 1)[0]
            if word == key:
                return line
            if word < key:
                low = start + len(line) + 1
            else:
                high = start
        return None

    def samples(self, count: int = 50) -> list[bytes]:
        """Return `count` lines from the whole file, the first and the last among them."""
        last = len(self._bytes) - 1
        return [self.line_at(self._line_start(self._start + (last - self._start) * k // (count - 1), self._start))
                for k in range(count)]

    def _line_start(self, position, lowest):
        end = self._bytes.rfind(b"\n", max(lowest, position - LONGEST_LINE), position)
        return end + 1 if end >= 0 else lowest


def read_exceptions(path: Path) -> dict[str, list[str]]:
    """Return {inflected form: [base forms]} of a .exc file.

    Raises:
        DatasetNotFoundError: it is missing.
        DataError: a line has no base form, or the file is not text.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DatasetNotFoundError(f"{path} is missing; it has the irregular forms") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: {error}") from None
    exceptions = {}
    for number, line in enumerate(text.splitlines(), 1):
        form, *bases = line.split()[:20] or [""]
        if not bases:
            raise DataError(f"{path}, line {number}: expected a form and its base forms, got {line[:60]!r}")
        exceptions[form] = bases
    return exceptions


def decoded(word: bytes, path: Path) -> str:
    """Return a word as text.

    Raises:
        DataError: it is not UTF-8.
    """
    try:
        return word.decode()
    except UnicodeDecodeError:
        raise DataError(f"{path}: not text, got {shown([word])}") from None


def shown(fields: Sequence[bytes]) -> str:
    """Return the beginning of a line, for messages."""
    return repr(b" ".join(fields[:8])[:80].decode("utf-8", "replace"))
