"""What the compiled module says of its functions: pybind11 writes signatures into the docstrings' first lines."""

from tinynet import _native


def native_functions():
    """The public functions of the compiled module, by name."""
    return {name: value for name, value in vars(_native).items() if callable(value) and not name.startswith("_")}


def signature_of(function):
    """([(argument, type, default or None), ...], type of the result), all of them text."""
    text = function.__doc__.splitlines()[0]
    arguments, result = text[text.index("(") + 1 :].rsplit(") -> ", 1)
    parts = []
    for part in _split(arguments):
        name, annotation = part.strip().split(": ", 1)
        annotation, _, default = annotation.partition(" = ")
        parts.append((name, annotation, default or None))
    return parts, result


def _split(text):
    """Split at the commas outside brackets."""
    parts, depth, start = [], 0, 0
    for i, character in enumerate(text):
        depth += character in "([{" and 1 or character in ")]}" and -1 or 0
        if character == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return [part for part in (*parts, text[start:]) if part.strip()]
