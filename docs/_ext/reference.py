"""The pages of the reference: one a module of Keras's layout, and one a topic where a module has many names."""

import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from docstrings import escape
from made_pages import ENGLISH_ONLY

# The modules, in the order of docs/api/index.md.
ROOMS = (
    "models", "layers", "activations", "initializers", "regularizers", "constraints", "applications",
    "losses", "metrics", "optimizers", "optimizers.schedules", "callbacks",
    "datasets", "preprocessing", "data", "augment", "utils",
    "ops", "random", "autodiff", "config",
    "saving", "wrappers", "keras.tree", "keras.mixed_precision", "keras.backend",
    "plots", "textbook", "lessons", "lessons.checks", "lab", "core.errors",
)
# Names at the top that are in no module of theirs.
TOP = ("Tensor", "Variable", "GradientTape", "convert_to_tensor", "backend", "get_num_threads", "set_num_threads",
       "show_config")
MANY = 40  # names; more of them are divided by topic


@dataclass(frozen=True)
class Entry:
    """A public name.

    Attributes:
        path: Where a reader finds it: "tinynet.layers.Dense".
        item: The object.
        home: The path under which it is described; another one if it has several.
        topic: The module that defines it.
    """

    path: str
    item: Any
    home: str
    topic: str

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]


def pages(lang: str) -> dict[str, str | bytes]:
    """Return the reference's pages, by name.

    Args:
        lang: 'en' or 'ko'; the docstrings are in English.
    """
    rooms = {room: list(_entries(room)) for room in ROOMS}
    rooms = {"tinynet": [("tinynet", name) for name in TOP], **rooms}
    homes = _homes(rooms)
    made: dict[str, str | bytes] = {}
    for room, names in rooms.items():
        made |= _room_pages(room, [_entry(module, name, homes) for module, name in names], lang)
    return made


def _homes(rooms: dict[str, list[tuple[str, str]]]) -> dict[int, str]:
    """{id of an object: the path that describes it}: in its own package and under its own name, if it can be."""
    found: dict[int, tuple[tuple[bool, bool], str]] = {}
    for room, names in rooms.items():
        for module, name in names:
            item = getattr(importlib.import_module(module), name)
            if _is_described(item):
                elsewhere = not f"{item.__module__}.".startswith(f"{_package(room)}.")
                candidate = (elsewhere, name != item.__name__), f"{module}.{name}"
                found[id(item)] = min(found.get(id(item), candidate), candidate, key=lambda pair: pair[0])
    return {key: path for key, (_, path) in found.items()}


def _package(room: str) -> str:
    return "tinynet" if room == "tinynet" else f"tinynet.{room}"


def _is_described(item: Any) -> bool:
    """Whether it has a docstring of its own; a number has only its type's."""
    return inspect.isclass(item) or inspect.isroutine(item)


def _entries(room: str) -> Iterator[tuple[str, str]]:
    """(module, name) of what a module offers, of the modules in it too."""
    module = importlib.import_module(_package(room))
    for name in public_names(module):
        item = getattr(module, name)
        if not inspect.ismodule(item):
            yield _package(room), name
        elif f"{room}.{name}" not in ROOMS:
            inner = importlib.import_module(f"{_package(room)}.{name}")
            for inner_name in public_names(inner):
                yield f"{_package(room)}.{name}", inner_name


def public_names(module: ModuleType) -> list[str]:
    """Return the names in a module's `__all__`, or what it defines with a docstring."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    return [name for name, item in vars(module).items()
            if not name.startswith("_") and _is_described(item) and item.__module__ == module.__name__]


def _entry(module: str, name: str, homes: dict[int, str]) -> Entry:
    item = getattr(importlib.import_module(module), name)
    path = f"{module}.{name}"
    if not _is_described(item):
        return Entry(path, item, path, module)
    return Entry(path, item, homes[id(item)], item.__module__)


def _room_pages(room: str, entries: list[Entry], lang: str) -> dict[str, str | bytes]:
    """The page of a module: a table of its names, and their descriptions; of many names, a page a topic has these."""
    topics: dict[str, list[Entry]] = {}
    for entry in entries:
        inner = entry.path.rpartition(".")[0]
        topics.setdefault(inner if inner != _package(room) else entry.topic, []).append(entry)
    page, note = f"api/{room}", [] if lang == "en" else [".. note::", "", f"   {ENGLISH_ONLY}", ""]
    head = [*_title(room if room == "tinynet" else room.removeprefix("core."), "="), *note]
    if room != "tinynet":
        head += [f".. automodule:: {_package(room)}", ""]
    own = [entry for entry in entries if entry.path == entry.home]
    if len(own) <= MANY:
        return {f"{page}.rst": "\n".join([*head, *_table(entries), *_descriptions(entries)])}
    made: dict[str, str | bytes] = {}
    for topic, members in sorted(topics.items(), key=lambda item: (item[0] == _package(room), item[0])):
        short = topic.removeprefix("tinynet.").removeprefix(f"{room}.")
        title, about, details = "Others", [], []
        if short == room:  # names that the package itself defines
            short = "others"
        else:
            title = topic.rpartition(".")[2].strip("_").replace("_", " ").capitalize()
            about = [escape((inspect.getdoc(importlib.import_module(topic)) or "").partition("\n")[0]), ""]
            details = [f".. automodule:: {topic}", "   :no-index:", ""]
        head += [*_title(title, "-"), *about, *_table(members)]
        if any(entry.path == entry.home for entry in members):
            text = [*_title(title, "="), *note, *details, *_descriptions(members)]
            made[f"{page}/{short}.rst"] = "\n".join(text)
    inner = [f"   {room}/{name.rpartition('/')[2].removesuffix('.rst')}" for name in made]
    made[f"{page}.rst"] = "\n".join([*head, ".. toctree::", "   :hidden:", "", *inner, ""])
    return made


def _title(text: str, mark: str) -> list[str]:
    return [text, mark * len(text), ""]


def _table(members: list[Entry]) -> list[str]:
    """The names with the first lines of their docstrings."""
    lines = [".. list-table::", "   :class: names", "   :widths: 30 70", ""]
    for entry in members:
        shown = entry.path.removeprefix("tinynet.").removeprefix("keras.").split(".", 1)[-1]
        text = escape(_first_line(entry.item))
        if entry.path != entry.home:
            target = entry.home.removeprefix("tinynet.")
            text = f"The same as :py:obj:`{target} <{entry.home}>`. {text}"
        lines += [f"   * - :py:obj:`{shown} <{entry.home}>`", f"     - {text}"]
    return [*lines, ""]


def _first_line(item: Any) -> str:
    if not _is_described(item):
        return f"{item!r}"[:80] if isinstance(item, int | str | float) else type(item).__name__
    return (inspect.getdoc(item) or "").partition("\n\n")[0].replace("\n", " ")


def _descriptions(members: list[Entry]) -> list[str]:
    lines = []
    for entry in members:
        if entry.path != entry.home:
            continue
        module, _, name = entry.path.rpartition(".")
        if not _is_described(entry.item):
            lines += [f".. py:data:: {name}", f"   :module: {module}", ""]
            continue
        others = [f"``{other.path.removeprefix('tinynet.')}``" for other in members
                  if other.home == entry.path and other is not entry]
        kind = "autoclass" if inspect.isclass(entry.item) else "autofunction"
        lines += [f".. {kind}:: {entry.path}"] + ["   :members:"] * (kind == "autoclass") + [""]
        if others:
            lines += [f"   Other names: {', '.join(others)}.", ""]
    return lines
