"""How large the result of an operation can be, from shapes alone: for files that make much of little.

A file of 500 bytes can describe `tile(x, 10**9)`. Before such a call is tried, `largest_result` bounds what it makes.
The bounds may be too large by a small factor; they are compared with a limit of 1 GiB or more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
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
        broadcast = math.prod(np.broadcast_shapes(*tensors, *constants))
    except ValueError:
        broadcast = 0
    return max(broadcast, _total(tensors + constants))  # the sum is for those that join tensors


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


def _images_and_kernels(shapes: Shapes, given: dict[str, Any]) -> Iterator[tuple[int, tuple[int, ...], int, Any]]:
    """(batch, lengths of the axes of pixels, channels, shape of the kernel), for each pair that could be one."""
    for i, image in enumerate(shapes):
        for j, kernel in enumerate(shapes):
            if i != j and len(image) == len(kernel) > 2:
                first = given.get("data_format") == "channels_first"
                yield (image[0], image[2:] if first else image[1:-1], image[1 if first else -1], kernel)


def _convolved(depthwise: bool) -> Rule:
    """Padding makes an image larger, and a kernel makes other channels."""
    def rule(shapes: Shapes, given: dict[str, Any]) -> int:
        padded = 2 * max([0, *_numbers(given.get("padding"))])
        return _total(shapes) + max((
            batch * math.prod(length + padded for length in pixels) * kernel[-1] * (channels if depthwise else 1)
            for batch, pixels, channels, kernel in _images_and_kernels(shapes, given)), default=0)

    return rule


def _transposed(shapes: Shapes, given: dict[str, Any]) -> int:
    """Each pixel gives a window of pixels; windows lie a stride apart."""
    stride, dilation, more = (max([1, *_numbers(given.get(name))])
                              for name in ("strides", "dilation_rate", "output_padding"))
    return _total(shapes) + max((
        batch * kernel[-2] * math.prod(length * stride + window * dilation + more
                                       for length, window in zip(pixels, kernel, strict=False))
        for batch, pixels, _, kernel in _images_and_kernels(shapes, given)), default=0)


def _rows_times_columns(shapes: Shapes, given: dict[str, Any]) -> int:
    """A layer of neurons, and what is made of such."""
    return _total(shapes) + max((
        math.prod(x[:-1]) * kernel[1] for i, x in enumerate(shapes) for j, kernel in enumerate(shapes)
        if i != j and len(kernel) == 2 and x[-1:] == kernel[:1]), default=0)


def _attention(shapes: Shapes, given: dict[str, Any]) -> int:
    """The scores have an element for each query, head and key."""
    tensors = iter(shapes)
    query, key = (np.shape(given[name]) if name in given else next(tensors, ()) for name in ("query", "key"))
    return _total(shapes) + (math.prod(query[:-1]) * key[1] if len(query) == len(key) == 4 else 0)


def _taken(shapes: Shapes, given: dict[str, Any]) -> int:
    """For each index a part of x."""
    x, count = (np.shape(given["x"]), _total(shapes)) if "x" in given else \
        (shapes[0], _total(shapes[1:]) + np.size(given.get("indices", ())))
    axis = given.get("axis")
    if not isinstance(axis, int) or not -len(x) <= axis < len(x):
        return count + math.prod(x)
    return count * math.prod(x) // max(1, x[axis])


def _unstacked(shapes: Shapes, given: dict[str, Any]) -> int:
    axis = given.get("axis", 0)
    return _total(shapes) + 128 * (shapes[0][axis] if isinstance(axis, int) and -len(shapes[0]) <= axis < len(shapes[0])
                                   else 0)


def _quantiles(shapes: Shapes, given: dict[str, Any]) -> int:
    return _total(shapes) * max(1, np.size(given.get("q", 0)))


def _factors(name: str, wide: Any, default: Any) -> Rule:
    """Factors of a matrix are square if an argument has the value `wide`, which makes much of a narrow one."""
    return lambda shapes, given: _total(shapes) + (
        math.prod(shapes[0][:-2]) * sum(n * n for n in shapes[0][-2:]) if given.get(name, default) == wide else 0)


def _filled(shapes: Shapes, given: dict[str, Any]) -> int:
    return _total(shapes) + _shape(shapes, given)


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
    **dict.fromkeys(("conv", "conv1d", "conv2d", "conv2d_max_pool2d"), _convolved(depthwise=False)),
    **dict.fromkeys(("depthwise_conv", "depthwise_conv2d", "separable_conv"), _convolved(depthwise=True)),
    "conv_transpose": _transposed, "conv2d_transpose": _transposed,
    **dict.fromkeys(("dense", "gru", "lstm", "simple_rnn"), _rows_times_columns),
    "dot_product_attention": _attention, "take": _taken,
    "outer": _pairs, "kron": _pairs, "meshgrid": _meshgrid, "cdist": _distances, "vdot": lambda shapes, given: 1,
}
# One tensor, and numbers that make it larger.
_GROWING: dict[str, Rule] = {
    "tile": _times("repeats"), "repeat": _repeated, "one_hot": _added("num_classes"),
    "multi_hot": _added("num_classes"),
    "linspace": _added("num"), "logspace": _added("num"), "geomspace": _added("num"), "bincount": _added("minlength"),
    "histogram": _added("bins"), "vander": _added("N"), "array_split": _parts,
    "split": _parts, "corrcoef": _correlations, "average_pool": _pooled, "average_pool2d": _pooled,
    "max_pool": _pooled, "max_pool2d": _pooled,
    "segment_sum": _added("num_segments"), "segment_max": _added("num_segments"),
    "segment_min": _added("num_segments"), "segment_prod": _added("num_segments"),
    "unique": _added("size"), "unstack": _unstacked,
    "dsplit": _parts, "hsplit": _parts, "vsplit": _parts, "qr": _factors("mode", "complete", "reduced"),
    "svd": _factors("full_matrices", True, True),
    "full": _filled,
    **dict.fromkeys(("nanpercentile", "nanquantile", "percentile", "quantile"), _quantiles),
    "extract_sequences": _added("sequence_length"), "diag": _diagonal, "diagflat": _flat_diagonal,
    "broadcast_to": _shape, "scatter": _shape, "pad": _padded,
}
