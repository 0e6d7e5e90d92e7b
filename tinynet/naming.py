"""Names that users see: automatic layer names, and suggestions for misspelt ones."""

import difflib
import re

_counts = {}


def to_snake_case(name):
    """`Conv2D` -> `conv2d`, `MaxPooling2D` -> `max_pooling2d`, as Keras names layers."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def auto_name(prefix):
    """`dense`, then `dense_1`, `dense_2`, ..."""
    prefix = to_snake_case(prefix)
    count = _counts.get(prefix, 0)
    _counts[prefix] = count + 1
    return f"{prefix}_{count}" if count else prefix


def get_uid(prefix=""):
    """The next number for this prefix, from 1 on."""
    _counts[prefix] = _counts.get(prefix, 0) + 1
    return _counts[prefix]


def reset_names():
    """Start all automatic names again, as `clear_session` does."""
    _counts.clear()


def unknown_name(kind, name, known):
    """The text of an error about a name that does not exist: what was meant, perhaps, and what there is.

    >>> unknown_name("optimizer", "adm", ["sgd", "adam"])
    "unknown optimizer 'adm'; did you mean 'adam'? known: adam, sgd"
    """
    name = str(name)
    near = difflib.get_close_matches(name, known, n=1) or difflib.get_close_matches(name.lower(), known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    # Of a name in two spellings, such as 'GlorotUniform' and 'glorot_uniform', one is enough.
    listed = sorted(key for key in known if to_snake_case(key) == key or to_snake_case(key) not in known)
    return f"unknown {kind} {name!r}; {hint}known: {', '.join(listed)}"
