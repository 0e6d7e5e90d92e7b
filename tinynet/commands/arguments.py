"""What several commands take: numbers within bounds, names of files to write."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def number(kind: type, least: float, most: float = float("inf"), open_below: bool = False) -> Callable[[str], Any]:
    """Return an argparse type: a number within bounds, refused with the bounds in the message.

    Args:
        kind: int or float.
        least, most: The bounds.
        open_below: Whether `least` itself is refused.

    >>> number(int, 1)("3")
    3
    """

    def convert(text):
        wanted = f"{'a whole number' if kind is int else 'a number'} {'above' if open_below else 'from'} {least}"
        wanted += f" to {most}" if most != float("inf") else "" if open_below else " on"
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}") from None
        if not (least < value if open_below else least <= value) or not value <= most or value == float("inf"):
            raise argparse.ArgumentTypeError(f"{text} is not {wanted}")
        return value

    return convert


def output_file(*endings: str) -> Callable[[str], Path]:
    """Return an argparse type: a file that can be written, which is better known before the work than after it.

    Args:
        *endings: What its name may end in, each with what that means: ".npz (weights alone)".
    """
    known = [ending.partition(" ")[0] for ending in endings]

    def convert(text):
        path = Path(text).expanduser()
        if path.suffix.lower() not in known:
            raise argparse.ArgumentTypeError(f"{text!r} must end in {' or '.join(endings)}")
        if not path.parent.is_dir():
            raise argparse.ArgumentTypeError(f"the folder of {text!r} does not exist")
        if path.is_dir() or not os.access(path.parent, os.W_OK):
            raise argparse.ArgumentTypeError(f"{text!r} cannot be written")
        return path

    return convert


def size(text: str) -> tuple[int, int]:
    """An argparse type: '64' -> (64, 64), '48x64' -> (48, 64); height before width.

    >>> size("48x64")
    (48, 64)
    """
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(part.isdecimal() and 8 <= int(part) <= 1024 for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size: 64, or HEIGHTxWIDTH such as 48x64, from 8 to 1024")
    return int(parts[0]), int(parts[-1])
