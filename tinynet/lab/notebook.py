"""A panel as a widget in a notebook: where the kernel runs elsewhere, and no browser reaches its loopback.

The pictures and controls are those of the page. They travel in the notebook's own messages. While a cell trains, the
kernel answers no messages: the widget shows the training, and its buttons act when the cell has ended, or if `fit` runs
in a thread.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

from ..core.extras import import_extra
from .catalogue import find_panel
from .common_words import COMMON
from .session import Session
from .turns import Turns
from .words import LANGUAGES

STATIC = Path(__file__).parent / "static"
IMPORT = re.compile(r'^import (\{[^}]*\}|\w+) from "([^"]+)";$', re.M)
EXPORT = re.compile(r"^export (default )?(?:async )?(?:function|class|const|let) (\w+)", re.M)
PICTURE_SECONDS = 0.1  # a notebook's messages are slower than a websocket


def script(panel: str) -> str:
    """Return the widget's ES module: the page's own modules, joined into one.

    Args:
        panel: The key of the panel.

    Raises:
        ValueError: an import or export has a form that this does not join.
    """
    parts: dict[Path, str] = {}

    def join(path: Path) -> str:
        """Put a module after those that it imports, as a function's scope of its own. Returns its variable's name."""
        if path in parts:
            return f"module{list(parts).index(path)}"
        text = path.read_text("utf-8").replace("PANEL.js", f"{panel}.js")

        def imported(match: re.Match) -> str:
            names, source = match.groups()
            module = join((path.parent / source).resolve())
            return f"const {names if names.startswith('{') else f'{{ default: {names} }}'} = {module};"

        text = IMPORT.sub(imported, text)
        exported = [f"default: {name}" if default else name for default, name in EXPORT.findall(text)]
        text = re.sub(r"^export (default )?(?=function|class|const|let|async)", "", text, flags=re.M)
        if re.search(r"^import |^export | as \w+ \}", text, re.M):
            raise ValueError(f"{path.name}: an import or export that cannot be joined")
        parts[path] = f"(() => {{\n{text}\nreturn {{ {', '.join(exported)} }};\n}})();"
        return f"module{len(parts) - 1}"

    widget = join(STATIC / "widget.js")
    plot = (STATIC / "vendor/uplot/uPlot.iife.min.js").read_text("utf-8")
    modules = "\n".join(f"const module{i} = {text}" for i, text in enumerate(parts.values()))
    return f"{plot}\n{modules}\nexport default {{ render: {widget}.render }};\n"


def style() -> str:
    """Return the style sheet for the widget's own root, so that it does not touch the notebook around it."""
    css = (STATIC / "lab.css").read_text("utf-8") + (STATIC / "vendor/uplot/uPlot.min.css").read_text("utf-8")
    return css.replace(':root[data-theme="dark"]', '.widget[data-theme="dark"]').replace(":root", ".widget").replace(
        "\nbody {", "\n.widget {")


class Conversation:
    """What a widget has of a session: messages in, messages and pictures out.

    Args:
        panel: The key of the panel.
        settings: Of its parameters.
        send: Function of (message, buffers) to the front end.
    """

    def __init__(self, panel: str, settings: dict[str, Any], send: Any) -> None:
        self._send = send
        self._panel, self._settings = panel, settings
        self._last = 0.0
        self._views = 0  # of the widget that are on the page of the notebook
        self.session = Session(Turns(), self._deliver)

    def receive(self, message: Any) -> None:
        """Take a message of the front end.

        Args:
            message: A dict; checked as those of the page are.
        """
        do = message.get("do") if isinstance(message, dict) else None
        if do == "closed":
            self._views -= 1
            if self._views <= 0:
                self.close()
            return
        if do == "opened":
            self._views += 1
            if self._views == 1:  # the first one, or the output was cleared and is shown again
                self.close()
                self.session = Session(Turns(), self._deliver)
            message = {"do": "open", "panel": self._panel, "settings": self._settings}
            self.session.receive(json.dumps(message))
            message = {"do": "ready"}
        try:
            text = json.dumps(message)
        except (TypeError, ValueError):
            text = ""
        self.session.receive(text)

    def _deliver(self, message: dict | bytes) -> None:  # in the session's thread
        if isinstance(message, dict):
            self._send(message, None)
            return
        time.sleep(max(0.0, self._last + PICTURE_SECONDS - time.monotonic()))
        self._last = time.monotonic()
        self._send({"type": "frame"}, [message])
        self.session.receive('{"do": "ready"}')

    def close(self) -> None:
        """End the session."""
        self.session.end()


def widget(panel: str = "model", language: str = "en", **settings: Any) -> Any:
    """Return a panel as a notebook's widget; the last line of a cell shows it.

    Args:
        panel: The key of a panel; "model" follows the `fit` of a model on which `model.lab()` was called.
        language: 'en' or 'ko'.
        **settings: Of the panel's parameters.

    Returns:
        An anywidget.

    Raises:
        ValueError: there is no such panel or language, or a setting is refused.
        ModuleNotFoundError: the extra `notebook` is not installed.

    >>> descent = widget("descent", surface="bowl")
    >>> type(descent).__name__
    'LabWidget'
    """
    try:
        cls = find_panel(panel)
    except KeyError:
        raise ValueError(f"widget: there is no panel {panel!r}") from None
    if language not in LANGUAGES:
        raise ValueError(f"widget: language must be one of {', '.join(LANGUAGES)}, got {language!r}")
    cls.parse(settings)
    base: Any = import_extra("anywidget", "notebook", "widget").AnyWidget
    traitlets = import_extra("traitlets", "notebook", "widget")

    class LabWidget(base):
        _esm = script(panel)
        about = traitlets.Dict().tag(sync=True)

    shown = LabWidget(about={"panel": json.loads(json.dumps(cls.describe())), "language": language, "css": style(),
                             "words": {name: words.as_dict() for name, words in COMMON.items()}})
    conversation = Conversation(panel, settings, lambda message, buffers: shown.send(message, buffers))
    shown.observe(lambda change: conversation.close() if change["new"] is None else None, "comm")  # it was closed
    shown.on_msg(lambda _, message, buffers: conversation.receive(message))
    shown.conversation = conversation
    return shown
