"""The command line's part for texts: `tinynet augment-text FILE --operations random_swap --out FILE`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..core.errors import DataError
from .batches import as_generator
from .command import existing_path
from .text import eda
from .translation import ApertiumTranslator, back_translate

# The parameter of `eda` that switches each operation off.
OPERATIONS = {"synonym_replacement": "alpha_sr", "random_insertion": "alpha_ri", "random_swap": "alpha_rs",
              "random_deletion": "p_rd"}


def add_parser(commands: Any, number: Callable[..., Callable[[str], Any]]) -> argparse.ArgumentParser:
    """Add the `augment-text` command to the subparsers.

    Args:
        commands: argparse's subparsers.
        number: Function that makes argparse types of bounded numbers.
    """
    parser = commands.add_parser(
        "augment-text", help="write variants of sentences (EDA, back translation)",
        description="Write variants of each line of a file, and the line itself after them. In a line with a tab, what "
        "is before the last tab is a label, which the variants keep.")
    parser.add_argument("source", type=existing_path, metavar="FILE", help="a text a line, in UTF-8")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the result goes")
    parser.add_argument("--operations", nargs="+", choices=[*OPERATIONS, "back_translation"], default=list(OPERATIONS),
                        metavar="NAME", help=f"some of {', '.join(OPERATIONS)} (these if left out), back_translation "
                        "(English, by way of Spanish; needs apertium and apertium-eng-spa)")
    parser.add_argument("--copies", type=number(int, 1), default=9, metavar="N",
                        help="variants of a line by the operations of EDA (default: %(default)s)")
    parser.add_argument("--share", type=number(float, 0, 1, open_below=True), default=0.1, metavar="F",
                        help="share of the words that an operation changes (default: %(default)s)")
    parser.add_argument("--synonyms", type=existing_path, metavar="FILE",
                        help="a word a line and its synonyms, with tabs between; WordNet if left out")
    parser.add_argument("--seed", type=number(int, 0, 2**32 - 1), default=0, metavar="N",
                        help="repeats a run exactly (default: %(default)s)")
    parser.set_defaults(run=run)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Read, change and write the texts; returns the exit code."""
    rows = [line.rpartition("\t") for line in read_lines(arguments.source) if line.strip()]
    texts = [text for _, _, text in rows]
    chosen = {parameter: arguments.share for name, parameter in OPERATIONS.items() if name in arguments.operations}
    variants = [[text] for text in texts]
    if chosen:
        synonyms = read_synonyms(arguments.synonyms) if arguments.synonyms else None
        off = dict.fromkeys(OPERATIONS.values(), 0)
        rng = as_generator(arguments.seed)
        variants = [eda(text, synonyms, **{**off, **chosen}, num_aug=arguments.copies, seed=rng)
                    for text in texts]
    if "back_translation" in arguments.operations:
        there, back = ApertiumTranslator("eng", "spa"), ApertiumTranslator("spa", "eng")
        for start in range(0, len(texts), 200):  # so that a call stays within its time
            for number, text in enumerate(back_translate(texts[start : start + 200], there, back), start):
                variants[number].insert(-1, text)
    written = [f"{label}{tab}{text}" for (label, tab, _), of_line in zip(rows, variants, strict=True)
               for text in of_line]
    arguments.out.write_text("".join(line + "\n" for line in written), encoding="utf-8")
    print(f"{len(written)} lines written to {arguments.out}")
    return 0


def read_synonyms(path: Path) -> dict[str, list[str]]:
    """Return {word: synonyms} of a file of lines with tabs.

    Raises:
        DataError: a line has no word, or no synonyms.
    """
    table: dict[str, list[str]] = {}
    for number, line in enumerate(read_lines(path), 1):
        word, *synonyms = (part.strip() for part in line.split("\t"))
        if not line.strip():
            continue
        if not word or not all(synonyms) or not synonyms:
            raise DataError(f"{path}, line {number}: expected a word, a tab and its synonyms, got {line[:60]!r}")
        table.setdefault(word, []).extend(synonyms)
    return table


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file, without the mark that some editors put before the first (a byte order mark).

    Raises:
        DataError: it is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not text in UTF-8: {error}") from None
