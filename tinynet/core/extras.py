"""Packages that tinynet uses and does not need: an extra of its distribution installs each of them."""

from __future__ import annotations

import importlib
from typing import Any

# The name on the package index, where `tinynet` is another project. The import name is tinynet.
DISTRIBUTION = "tinynet-learn"


def install_hint(extra: str) -> str:
    """Return the command that installs an extra.

    Args:
        extra: A name of `[project.optional-dependencies]` in pyproject.toml: "plot", "image", "h5", ...

    >>> install_hint("image")
    'pip install "tinynet-learn[image]"'
    """
    return f'pip install "{DISTRIBUTION}[{extra}]"'


def import_extra(module: str, extra: str, user: str, package: str | None = None, remedy: str = "") -> Any:
    """Import a module of a package that an extra installs.

    Args:
        module: Its full name: "PIL.Image".
        extra: The extra that installs the package.
        user: What needs it, the subject of the message: "plot_model".
        package: The package's name on the index; the module's first name if None.
        remedy: What helps without the package, a phrase that follows the command.

    Returns:
        The module.

    Raises:
        ModuleNotFoundError: the package is not installed; the message names the extra.
        ImportError: it is installed and cannot be imported; the message has the reason too.
    """
    top = module.partition(".")[0]
    try:
        importlib.import_module(top)  # a package that is blocked in sys.modules blocks its submodules
        return importlib.import_module(module)
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError)
        reason = "" if missing else f" (it is installed, but importing it failed: {error})"
        kind = ModuleNotFoundError if missing else ImportError
        raise kind(f"{user} needs {package or top}: {install_hint(extra)}{remedy}{reason}", name=top) from error


def import_pillow(user: str) -> Any:
    """Import the module PIL.Image.

    Args:
        user: What needs it, the subject of the message.

    Raises:
        ModuleNotFoundError: pillow is not installed; the message names the extra.
    """
    return import_extra("PIL.Image", "image", user, "pillow")
