"""How large the result of an operation can be, from shapes alone: for files that make much of little.

A file of 500 bytes can describe `tile(x, 10**9)`. Before such a call is tried, `largest_result` bounds what it makes.
The bounds may be too large by a small factor; they are compared with a limit of 1 GiB or more.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .nest import flatten

Shapes = list[tuple[int, ...]]
Rule = Callable[[Shapes, dict[str, Any]], int]


def largest_result(operation: str, tensors: Shapes, constants: Shapes, given: dict[str, Any]) -> int:
    """Return a bound of the number of elements that an operation returns.

    Args:
        operation: Its name.
        tensors: Shapes of the tensors that it is called on.
        constants: Shapes of the arrays among its other arguments.
        given: The other arguments by name.

    >>> largest_result("tile", [(2, 3)], [], {"repeats": [10, 10]})
    600
    >>> largest_result("add", [(5, 1), (1, 7)], [], {})
    35
    """
    if operation in _PRODUCTS:
        return _PRODUCTS[operation](tensors + constants, given)
    if operation in _GROWING:
        return _GROWING[operation](tensors, given)
    try:
        return math.prod(np.broadcast_shapes(*tensors, *constants))
    except ValueError:
        return _total(tensors + constants)


def _total(shapes: Shapes) -> int:
    return sum(map(math.prod, shapes))


def _numbers(value: Any) -> list[int]:
    """The sizes of the whole numbers in an argument."""
    leaves = flatten(value) if isinstance(value, list | tuple | dict) else [value]
    return [abs(int(leaf)) for leaf in leaves if isinstance(leaf, int | float) and math.isfinite(leaf)]


def _times(name: str) -> Rule:
    """All elements times the whole numbers in an argument."""
    return lambda shapes, given: _total(shapes) * math.prod(max(1, number) for number in _numbers(given.get(name)))


def _repeated(shapes: Shapes, given: dict[str, Any]) -> int:
    """Each entry is repeated; of a list of repeats the largest."""
    return _total(shapes) * max([1, *_numbers(given.get("repeats"))])


def _added(name: str) -> Rule:
    """Elements, times a number that is a length of its own."""
    return lambda shapes, given: _total(shapes) + _total(shapes) * max([0, *_numbers(given.get(name))])


def _shape(shapes: Shapes, given: dict[str, Any]) -> int:
    return math.prod(_numbers(given.get("shape")))


def _diagonal(shapes: Shapes, given: dict[str, Any]) -> int:
    side = _total(shapes) + sum(_numbers(given.get("k")))
    return side * side if len(shapes[0]) < 2 else side


def _flat_diagonal(shapes: Shapes, given: dict[str, Any]) -> int:
    return (_total(shapes) + sum(_numbers(given.get("k")))) ** 2


def _padded(shapes: Shapes, given: dict[str, Any]) -> int:
    shape, width = shapes[0], given.get("pad_width")
    if isinstance(width, list | tuple) and len(width) == len(shape) and all(isinstance(w, list | tuple) for w in width):
        return math.prod(length + sum(_numbers(pair)) for length, pair in zip(shape, width, strict=True))
    return math.prod(length + 2 * max([0, *_numbers(width)]) for length in shape)


def _parts(shapes: Shapes, given: dict[str, Any]) -> int:
    """A Tensor takes some hundred bytes even if it is empty."""
    return _total(shapes) + 128 * max([0, *_numbers(given.get("indices_or_sections"))])


def _correlations(shapes: Shapes, given: dict[str, Any]) -> int:
    return math.prod(shapes[0][:-1]) ** 2


def _pooled(shapes: Shapes, given: dict[str, Any]) -> int:
    """Windows and steps that are longer than the input are padded to."""
    longer = [number for name in ("pool_size", "strides") for number in _numbers(given.get(name))
              if number > max(shapes[0], default=1)]
    return _total(shapes) * math.prod(longer)


def _meshgrid(shapes: Shapes, given: dict[str, Any]) -> int:
    return len(shapes) * math.prod(map(math.prod, shapes))


def _pairs(shapes: Shapes, given: dict[str, Any]) -> int:
    return math.prod(map(math.prod, shapes))


def _matrix_product(shapes: Shapes, given: dict[str, Any]) -> int:
    if len(shapes) != 2 or min(map(len, shapes)) < 2:
        return _total(shapes)
    (*first, rows, _), (*second, _, columns) = shapes
    try:
        return math.prod(np.broadcast_shapes(tuple(first), tuple(second))) * rows * columns
    except ValueError:
        return _total(shapes)


def _distances(shapes: Shapes, given: dict[str, Any]) -> int:
    return _contracted(shapes, shapes[0][-1:])


def _dot(shapes: Shapes, given: dict[str, Any]) -> int:
    return _contracted(shapes, shapes[0][-1:])


def _tensordot(shapes: Shapes, given: dict[str, Any]) -> int:
    axes = given.get("axes", 2)
    if isinstance(axes, int):
        return _contracted(shapes, shapes[0][len(shapes[0]) - axes:])
    axes = axes[0] if isinstance(axes[0], list | tuple) else axes[:1]
    return _contracted(shapes, tuple(shapes[0][axis] for axis in axes))


def _contracted(shapes: Shapes, lengths: tuple[int, ...]) -> int:
    """All pairs of elements, of which those along these lengths are summed up."""
    return _pairs(shapes, {}) // max(1, math.prod(lengths)) ** 2 if len(shapes) == 2 else _total(shapes)


def _einsum(shapes: Shapes, given: dict[str, Any]) -> int:
    terms, arrow, result = str(given.get("subscripts", "")).replace(" ", "").partition("->")
    lengths: dict[str, int] = {}
    others = 1
    for term, shape in zip(terms.split(","), shapes, strict=False):
        letters = term.replace("...", "")
        if "..." in term:
            first, count = term.index("..."), max(0, len(shape) - len(letters))
            others = max(others, math.prod(shape[first : first + count]))
            shape = shape[:first] + shape[first + count :]
        for letter, length in zip(letters, shape, strict=False):
            lengths[letter] = max(lengths.get(letter, 1), length)
    return others * math.prod(lengths.get(letter, 1) for letter in (set(result) if arrow else set(lengths)))


# Several tensors, each element of one with many of another.
_PRODUCTS: dict[str, Rule] = {
    "matmul": _matrix_product, "dot": _dot, "inner": _dot, "tensordot": _tensordot, "einsum": _einsum,
    "outer": _pairs, "kron": _pairs, "meshgrid": _meshgrid, "cdist": _distances, "vdot": lambda shapes, given: 1,
}
# One tensor, and numbers that make it larger.
_GROWING: dict[str, Rule] = {
    "tile": _times("repeats"), "repeat": _repeated, "one_hot": _added("num_classes"), "multi_hot": _added("num_classes"),
    "linspace": _added("num"), "logspace": _added("num"), "geomspace": _added("num"), "bincount": _added("minlength"),
    "histogram": _added("bins"), "vander": _added("N"), "array_split": _parts,
    "split": _parts, "corrcoef": _correlations, "average_pool": _pooled, "average_pool2d": _pooled,
    "max_pool": _pooled, "max_pool2d": _pooled,
    "segment_sum": _added("num_segments"), "segment_max": _added("num_segments"),
    "segment_min": _added("num_segments"), "segment_prod": _added("num_segments"),
    "conv_transpose": _times("strides"), "conv2d_transpose": _times("strides"),
    "extract_sequences": _added("sequence_length"), "diag": _diagonal, "diagflat": _flat_diagonal,
    "broadcast_to": _shape, "scatter": _shape, "pad": _padded,
}
