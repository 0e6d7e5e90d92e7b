"""Names that users see: automatic names of layers, and suggestions for misspelt names."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable

_counts: dict[str, int] = {}


def to_snake_case(name: str) -> str:
    """Return a class name in snake case, as Keras names layers.

    >>> to_snake_case("MaxPooling2D")
    'max_pooling2d'
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def auto_name(prefix: str) -> str:
    """Return a new name for an object of this kind: 'dense', then 'dense_1', 'dense_2', ...

    Args:
        prefix: The kind, such as a class name; it is converted to snake case.
    """
    prefix = to_snake_case(prefix)
    count = _counts.get(prefix, 0)
    _counts[prefix] = count + 1
    return f"{prefix}_{count}" if count else prefix


def get_uid(prefix: str = "") -> int:
    """Return the next number for this prefix, from 1 on."""
    _counts[prefix] = _counts.get(prefix, 0) + 1
    return _counts[prefix]


def reset_names() -> None:
    """Start all automatic names and numbers again; `clear_session` calls this."""
    _counts.clear()


# (names, the module that has them, how a file that names one is loaded)
_elsewhere: list[tuple[Callable[[], Container[str]], str, str]] = []


def install_elsewhere(names: Callable[[], Container[str]], where: str, remedy: str) -> None:
    """Let errors about unknown names report where these are. The package's `__init__` calls this.

    Args:
        names: Function that returns the names of one module's classes, none of which is a name of a family. It is
            called when a name is unknown: the module need not be loaded before.
        where: The module.
        remedy: How a file that holds such a name is loaded.
    """
    _elsewhere.append((names, where, remedy))


_MANY = 40  # an error lists at most so many names: about six lines


def unknown_name(kind: str, name: object, known: Iterable[str]) -> str:
    """Return the message of an error about a name that does not exist.

    It proposes the nearest names. It lists all names where there are at most 40. Of a name that another module has
    (`install_elsewhere`) it tells where.

    Args:
        kind: The kind of object: 'optimizer', 'layer'.
        name: What the user wrote.
        known: The names that exist.

    >>> unknown_name("optimizer", "adm", ["sgd", "adam"])
    "unknown optimizer 'adm'; did you mean 'adam'? known: adam, sgd"
    """
    name, known = str(name), list(known)
    for names, where, remedy in _elsewhere:
        if name not in known and name in names():
            return f"unknown {kind} {name!r}; there is {where}.{name}: {remedy}"
    # A name in two spellings, such as 'GlorotUniform' and 'glorot_uniform', is listed once.
    listed = sorted(key for key in known if to_snake_case(key) == key or to_snake_case(key) not in known)
    near = _near(name, known)
    if len(listed) <= _MANY:
        hint = f"did you mean {near[0]!r}? " if near else ""
        return f"unknown {kind} {name!r}; {hint}known: {', '.join(listed)}"
    if not near:
        return f"unknown {kind} {name!r}; none of the {len(listed)} names that are known resembles it"
    meant = " or ".join([", ".join(map(repr, near[:-1])), repr(near[-1])][len(near) == 1:])
    return f"unknown {kind} {name!r}; did you mean {meant}? ({len(listed)} names are known)"


def _near(name: str, known: list[str]) -> list[str]:
    """Up to three known names, the nearest first.

    Those that are `name` with two letters exchanged, with further words, spelled almost like it, containing it, or
    contained in it.

    >>> _near("adma", ["adamax", "adam"]), _near("loss_of_k", ["loss_of_m", "loss_of_all_k"])
    (['adam', 'adamax'], ['loss_of_all_k', 'loss_of_m'])
    """
    plain: dict[str, str] = {}
    alike = name == to_snake_case(name)
    for key in sorted(known, key=lambda key: ((key == to_snake_case(key)) != alike, key)):  # in the user's spelling
        plain.setdefault(key.lower().replace("_", ""), key)
    short = name.lower().replace("_", "")
    swapped = {short[:i] + short[i + 1] + short[i] + short[i + 2:] for i in range(len(short) - 1)}
    near = [key for text, key in plain.items() if text in swapped]
    words = set(to_snake_case(name).split("_"))
    near += [key for key in plain.values() if len(words) > 1 and words < set(to_snake_case(key).split("_"))]
    import difflib  # late

    near += difflib.get_close_matches(name, known, n=3)
    near += [plain[key] for key in difflib.get_close_matches(short, plain, n=3)]
    near += [key for text, key in plain.items() if len(short) > 2 and short in text]
    near += [plain[text] for text in sorted(plain, key=len, reverse=True) if len(text) > 2 and text in short]
    return list(dict.fromkeys(near))[:3]
