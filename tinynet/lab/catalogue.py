"""All panels: found in `panels/`, where nothing but their files lists them."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from . import panels
from .panel import Panel
from .your_model import YourModel


@cache
def all_panels() -> dict[str, type[Panel]]:
    """Return {key: class} of the panels in `panels/`, in the order of the table of contents.

    `YourModel` is not among them: it is there only while a model is watched.

    >>> "descent" in all_panels()
    True
    """
    for module in pkgutil.iter_modules(panels.__path__):
        importlib.import_module(f"{panels.__name__}.{module.name}")
    found = [cls for cls in Panel.__subclasses__() if cls.__module__.startswith(panels.__name__)]
    return {cls.key: cls for cls in sorted(found, key=lambda cls: cls.order)}


@cache
def following_panels() -> dict[str, type[Panel]]:
    """Return {key: class} of the panels that follow a training elsewhere."""
    return {YourModel.key: YourModel}


def find_panel(key: str) -> type[Panel]:
    """Return the class of a panel, also of one that follows a training elsewhere.

    Raises:
        KeyError: there is none.
    """
    return (all_panels() | following_panels())[key]
