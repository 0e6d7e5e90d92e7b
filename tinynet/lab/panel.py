"""What a panel is: a small class that trains one step at a time and shows its state.

A panel is two files: a module in `panels/` with one subclass of `Panel`, and an ES module of the same name in
`static/panels/` that draws its states. Nothing else lists panels: catalogue.py finds them. README.md beside this file
shows how to write one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from ..callbacks.lab import Lab
from .parameters import Parameter, parse_settings
from .words import Words


class Panel:
    """Base of all panels. A new one is made for each start, with checked settings.

    Attributes:
        key: Its name in addresses, and of its ES module.
        order: Its place in the table of contents.
        rows: The rows of the course that it shows.
        title, about: What it is called, and what can be seen in it, in one or two sentences.
        parameters: What the reader can set.
        words: Further texts that its ES module shows, {name: Words}.
        formulas: TeX of the formulas that it is about, each with its name.
        speed: Steps a second at first, one of `messages.SPEEDS`; 0: as fast as possible.
        settings: This panel's values of the parameters.
        seed: Of all that is random in it. Panels pass it on explicitly and never set a global seed, since several
            sessions train side by side.
        follows: Whether the training runs elsewhere and the panel only follows it, as in your_model.py.
        finished: Set by `step` once nothing is left to do.

    Args:
        settings: The values of the parameters, as `parse` returns them.
        seed: Of all that is random in it.

    >>> class Halving(Panel):
    ...     def start(self):
    ...         self.value = self.settings["value"]
    ...     def step(self):
    ...         self.value /= 2
    ...     def state(self):
    ...         return {"numbers": {"value": self.value}}
    >>> panel = Halving({"value": 8.0}, seed=0)
    >>> panel.step()
    >>> panel.state()
    {'numbers': {'value': 4.0}}
    """

    key: ClassVar[str]
    order: ClassVar[float]
    rows: ClassVar[str]
    title: ClassVar[Words]
    about: ClassVar[Words]
    parameters: ClassVar[Sequence[Parameter]] = ()
    words: ClassVar[Mapping[str, Words]] = {}
    formulas: ClassVar[Sequence[tuple[Words, str]]] = ()
    speed: ClassVar[int] = 0
    follows: ClassVar[bool] = False

    def __init__(self, settings: dict[str, Any], seed: int) -> None:
        self.settings = settings
        self.seed = seed
        self.finished = False
        self.start()

    def start(self) -> None:
        """Make what the first picture needs, from `self.settings` and `self.seed` alone.

        Raises:
            LabError: settings that do not fit together; the page shows the reason.
        """

    def step(self) -> None:
        """Make one step of training, or of what else moves here. It must take less than 0.1 s."""
        self.finished = True

    def state(self) -> dict[str, Any]:
        """Return what the ES module draws: numbers, texts, lists, dicts and NumPy arrays.

        `numbers`, {name: number or text}, is shown by the page itself, under the names in `words`; a text that is a
        name in `words` too is shown as that.
        """
        raise NotImplementedError(f"{type(self).__name__} must override state()")

    def view(self, settings: dict[str, Any]) -> None:
        """Take new values of the parameters that only change what is shown."""
        self.settings = settings

    def snapshot(self) -> Any:
        """Return a copy of all that `step` changes, for `restore`; None if starting anew is as quick.

        A step back starts from the last snapshot before it.
        """
        return None

    def restore(self, snapshot: Any) -> None:
        """Go back to a snapshot, which must stay as it is: it may be restored again."""
        raise NotImplementedError(f"{type(self).__name__} must override restore(snapshot) beside snapshot()")

    def code(self, steps: int) -> str:
        """Return the Python that does the same with tinynet: `steps` steps from the settings and the seed.

        It is made by `code.program`, which prints parsed values only.
        """
        raise NotImplementedError(f"{type(self).__name__} must override code(steps)")

    def proof(self) -> dict[str, Any]:
        """Return {name of a variable in `code`: the panel's own value}: equal to the last bit, as a test checks."""
        raise NotImplementedError(f"{type(self).__name__} must override proof()")

    @classmethod
    def parse(cls, raw: Any) -> dict[str, Any]:
        """Return the values of all parameters; see `parse_settings`."""
        return parse_settings(cls.parameters, raw)

    @classmethod
    def adjust(cls, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        """Return the settings that follow from a reader's change; for settings that belong together.

        Args:
            old, new: All settings before and after the change.
        """
        return new

    @classmethod
    def address(cls, settings: dict[str, Any]) -> str:
        """Return the part of an address that stands for these settings: 'surface=bowl&rate=0.1', no defaults."""
        return "&".join(
            f"{one.name}={quote(one.format(settings[one.name]), safe=',;.')}"
            for one in cls.parameters if settings[one.name] != one.default
        )

    @classmethod
    def describe(cls) -> dict[str, Any]:
        """Return what the page needs to know of this panel, ready for JSON."""
        return {
            "key": cls.key, "order": cls.order, "rows": cls.rows, "title": cls.title.as_dict(),
            "about": cls.about.as_dict(), "parameters": [one.describe() for one in cls.parameters],
            "words": {name: words.as_dict() for name, words in cls.words.items()},
            "formulas": [[words.as_dict(), tex] for words, tex in cls.formulas], "speed": cls.speed,
            "follows": cls.follows,
        }


class Following(Panel):
    """Base of panels that follow a training elsewhere.

    Attributes:
        seen: What of it the last picture showed.
    """

    follows = True
    seen: Any = None

    @property
    def lab(self) -> Lab:
        """The callback that watches the training."""
        raise NotImplementedError(f"{type(self).__name__} must override lab")
