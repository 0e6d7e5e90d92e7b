"""A teacher's file: which panel, with which settings, which controls hidden, under which words.

    title = { en = "Zero weights", ko = "0으로 초기화" }

    [[part]]
    panel = "initialization"
    seed = 1
    step = 20
    settings = { weights = "zero" }
    hidden = ["optimizer", "seed"]
    words = { en = "Press play. Why does nothing move?", ko = "재생을 누르세요. 왜 아무것도 움직이지 않을까요?" }
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from .catalogue import all_panels
from .messages import MOST_STEPS
from .words import LANGUAGES, LabError

LARGEST = 100_000  # bytes


def read_lesson(path: str | Path) -> dict[str, Any]:
    """Read a teacher's file.

    Args:
        path: Of a TOML file; see the head of this module.

    Returns:
        {"title": {language: text}, "parts": [{"panel", "address", "hidden", "words"}]}, ready for JSON.

    Raises:
        ValueError: the file is no lesson; the message names file, part and fault.
        OSError: it cannot be read.
    """
    path = Path(path)
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path}: a lesson has at most {LARGEST} bytes, this file has {path.stat().st_size}")
    try:
        given = tomllib.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:  # TOMLDecodeError; also numbers of more digits than Python reads
        raise ValueError(f"{path}: is no TOML file: {error}") from None
    _only(given, {"title", "part"}, str(path))
    parts = given.get("part")
    if not isinstance(parts, list) or not 1 <= len(parts) <= 50:
        raise ValueError(f"{path}: a lesson needs 1 to 50 [[part]] tables")
    return {"title": _words(given.get("title"), f"{path}: title"),
            "parts": [_part(part, f"{path}: part {number}") for number, part in enumerate(parts, 1)]}


def _only(table: Any, names: set[str], where: str) -> None:
    if not isinstance(table, dict):
        raise ValueError(f"{where}: must be a table, got {type(table).__name__}")
    for name in table:
        if name not in names:
            raise ValueError(f"{where}: there is no {_short(name)}; there are {', '.join(sorted(names))}")


def _short(value: Any) -> str:
    """A value as Python writes it, on a line of the terminal."""
    text = repr(value)
    return text if len(text) <= 100 else text[:97] + "..."


def _words(given: Any, where: str) -> dict[str, str]:
    """{language: text}; one text stands for both languages."""
    if isinstance(given, str):
        given = dict.fromkeys(LANGUAGES, given)
    _only(given, set(LANGUAGES), where)
    texts = [text for text in given.values() if isinstance(text, str) and text.strip() and len(text) <= 5000]
    if not given or len(texts) != len(given):
        raise ValueError(f"{where}: must be a text, or one for each of {', '.join(LANGUAGES)}")
    return {language: given.get(language, texts[0]) for language in LANGUAGES}


def _part(given: Any, where: str) -> dict[str, Any]:
    _only(given, {"panel", "settings", "seed", "step", "hidden", "words"}, where)
    key = given.get("panel")
    panel = all_panels().get(key) if isinstance(key, str) else None
    if panel is None:
        raise ValueError(f"{where}: panel must be one of {', '.join(all_panels())}, got {_short(key)}")
    try:
        settings = panel.parse(given.get("settings", {}))
    except LabError as error:
        raise ValueError(f"{where}: settings: {error}") from None
    address = [panel.address(settings)]
    for name, most in (("seed", 2**31 - 1), ("step", MOST_STEPS)):
        value = given.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
            raise ValueError(f"{where}: {name} must be a whole number from 0 to {most}, got {_short(value)}")
        address += [f"{name}={value}"] if value else []
    hidden = given.get("hidden", [])
    known = {one.name for one in panel.parameters} | {"seed", "speed", "code"}
    if not isinstance(hidden, list) or not set(map(str, hidden)) <= known:
        raise ValueError(f"{where}: hidden must be a list of {', '.join(sorted(known))}; got {_short(hidden)}")
    return {"panel": panel.key, "address": "&".join(filter(None, address)), "hidden": [str(one) for one in hidden],
            "words": _words(given["words"], f"{where}: words") if "words" in given else None}
