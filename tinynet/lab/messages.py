"""What a browser may ask: each message is checked here, before anything acts on it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .catalogue import all_panels, find_panel, following_panels
from .words import LANGUAGES, LabError, Words

LONGEST = 200_000  # characters of a message: a picture of 128 x 128 x 3 is 65,536
MOST_STEPS = 20_000  # that a link may ask to be trained anew
SPEEDS = (1, 2, 5, 10, 30, 100, 0)  # steps a second; 0: as fast as possible
ACTIONS = ("play", "pause", "step", "back", "reset", "ready", "resume", "stop", "leave")


@dataclass(frozen=True)
class Message:
    """One checked message.

    Attributes:
        do: 'open', 'set', 'seed', 'speed', 'export', or one of `ACTIONS`.
        values: What belongs to it, checked.
    """

    do: str
    values: dict[str, Any]


def _whole(given: dict[str, Any], name: str, most: int) -> int:
    value = given.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise LabError(Words(f"{name} must be a whole number from 0 to {most}",
                             f"{name}: 0부터 {most}까지의 정수여야 합니다"))
    return value


def parse_message(text: str) -> Message:
    """Return the message that a text of JSON stands for.

    The settings of 'set' are not checked here, since that needs the panel; `Panel.parse` does.

    Raises:
        LabError: the text is no message of the lab.
    """
    wrong = LabError(Words("the page sent what the lab does not understand; reload it",
                           "페이지가 이해할 수 없는 요청을 보냈습니다. 새로 고치세요"))
    if len(text) > LONGEST:
        raise LabError(Words(f"the message has more than {LONGEST} characters",
                             f"요청이 {LONGEST}자보다 깁니다"))
    try:
        given = json.loads(text, parse_constant=lambda name: None)
    except (ValueError, RecursionError):
        raise wrong from None
    if not isinstance(given, dict) or not isinstance(given.get("do"), str):
        raise wrong
    do = given["do"]
    if do in ACTIONS:
        return Message(do, {})
    if do == "open":
        key = given.get("panel")
        if not isinstance(key, str) or key not in all_panels() | following_panels():
            raise LabError(Words(f"there is no panel {str(key)[:40]!r}; there are {', '.join(all_panels())}",
                                 f"{str(key)[:40]!r}(이)라는 화면은 없습니다. 있는 화면: {', '.join(all_panels())}"))
        settings = find_panel(key).parse(given.get("settings", {}))
        return Message(do, {"panel": key, "settings": settings, "seed": _whole(given, "seed", 2**31 - 1),
                            "step": _whole(given, "step", MOST_STEPS)})
    if do == "set":
        return Message(do, {"settings": given.get("settings", {})})
    if do == "seed":
        return Message(do, {"seed": _whole(given, "seed", 2**31 - 1)})
    if do == "speed" and given.get("speed") in SPEEDS and not isinstance(given["speed"], bool | float):
        return Message(do, {"speed": given["speed"]})
    if do == "export" and given.get("format") in ("py", "ipynb") and given.get("lang") in LANGUAGES:
        return Message(do, {"format": given["format"], "lang": given["lang"]})
    raise wrong
