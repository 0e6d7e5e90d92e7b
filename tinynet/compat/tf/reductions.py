"""TensorFlow's reductions, running sums, counts and norms: `tf.reduce_mean`, `tf.cumsum`, `tf.norm`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import ops
from ...core.types import Axis, DTypeLike, TensorLike
from ...ops.arguments import as_floats
from ...symbolic import KerasTensor
from ...tape import record
from ...tensor import Tensor, convert_to_tensor, to_array
from .arguments import as_axis, check_indices


def _tensor(x):
    return x if isinstance(x, KerasTensor) else convert_to_tensor(x)


def _kind(x):
    return np.dtype(x.dtype).kind


def _reduction(name, operation, doc, example, check=None, keep_type=False):
    def reduce(input_tensor, axis=None, keepdims=False, name=None):
        x = _tensor(input_tensor)
        if check is not None:
            check(reduce.__name__, x)
        half = x.dtype == "float16"  # the kernels have float32 and float64
        y = operation(ops.cast(x, "float32") if half else x, as_axis(axis), bool(keepdims))
        return ops.cast(y, x.dtype) if (keep_type or half) and y.dtype != x.dtype else y

    reduce.__name__ = reduce.__qualname__ = name
    reduce.__doc__ = f"""{doc}

Args:
    input_tensor: Tensor.
    axis: Axis, or several; all if None.
    keepdims: Whether to keep the reduced axes, with length 1.
    name: TensorFlow's, without effect.

Returns:
    Tensor without the reduced axes, or with length 1 there.

>>> {name}({example[0]}, axis=1).tolist()
{example[1]}
"""
    return reduce


def _only_booleans(name, x):
    if _kind(x) != "b":
        raise TypeError(f"tf.{name}: expected booleans, got {x.dtype}; compare first, or use tf.cast(x, tf.bool)")


def _only_numbers(name, x):
    if _kind(x) == "b":
        raise TypeError(f"tf.{name}: expected numbers, got bool; use tf.cast(x, tf.int32) first")


def _only_floats(name, x):
    if _kind(x) != "f":
        raise TypeError(f"tf.{name}: expected floating-point numbers, got {x.dtype}; use tf.cast(x, tf.float32) first")


def _mean(x, axis, keepdims):
    """Of whole numbers a whole number: the quotient without its fraction, as TensorFlow computes it."""
    if _kind(x) == "f":
        return ops.mean(x, axis, keepdims)
    total = ops.sum(ops.cast(x, "int64"), axis, keepdims)
    number = math.prod(x.shape) // max(math.prod(total.shape), 1)
    if number == 0:
        raise ValueError(f"tf.reduce_mean: no elements of type {x.dtype} along axis {axis} of shape {tuple(x.shape)}")
    return ops.sign(total) * ops.floor_divide(ops.abs(total), number)


reduce_all = _reduction("reduce_all", ops.all, "Return whether all elements along axes are true.",
                        ("[[True, False], [True, True]]", "[False, True]"), _only_booleans)
reduce_any = _reduction("reduce_any", ops.any, "Return whether an element along axes is true.",
                        ("[[True, False], [False, False]]", "[True, False]"), _only_booleans)
reduce_max = _reduction("reduce_max", ops.max, "Return the largest element along axes.",
                        ("[[0.0, 4.0], [2.0, 2.0]]", "[4.0, 2.0]"))
reduce_min = _reduction("reduce_min", ops.min, "Return the smallest element along axes.",
                        ("[[0.0, 4.0], [2.0, 2.0]]", "[0.0, 2.0]"))
reduce_sum = _reduction("reduce_sum", ops.sum, "Return the sum along axes, in the type of the elements.",
                        ("[[0.0, 4.0], [2.0, 2.0]]", "[4.0, 4.0]"),
                        _only_numbers, keep_type=True)
reduce_prod = _reduction("reduce_prod", ops.prod, "Return the product along axes, in the type of the elements.",
                         ("[[0.0, 4.0], [2.0, 2.0]]", "[0.0, 4.0]"),
                         _only_numbers, keep_type=True)
reduce_mean = _reduction("reduce_mean", _mean, "Return the mean along axes; that of whole numbers loses its fraction.",
                         ("[[0.0, 4.0], [2.0, 2.0]]", "[2.0, 2.0]"),
                         _only_numbers, keep_type=True)
reduce_logsumexp = _reduction("reduce_logsumexp", ops.logsumexp, "Return log(sum(exp(x))) along axes.",
                              ("[[0.0, -1000.0]]", "[0.0]"), _only_floats)
reduce_std = _reduction("reduce_std", ops.std, "Return the standard deviation along axes.",
                        ("[[0.0, 4.0], [2.0, 2.0]]", "[2.0, 0.0]"), _only_floats)
reduce_variance = _reduction("reduce_variance", ops.var, "Return the variance along axes.",
                             ("[[0.0, 4.0], [2.0, 2.0]]", "[4.0, 0.0]"), _only_floats)
reduce_euclidean_norm = _reduction(
    "reduce_euclidean_norm", lambda x, axis, keepdims: ops.norm(x, None, axis, keepdims),
    "Return the root of the sum of squares along axes.",
    ("[[3.0, 4.0]]", "[5.0]"), _only_numbers, keep_type=True)


def argmax(input: TensorLike, axis: int | None = None, output_type: DTypeLike = "int64",
           name: str | None = None) -> Tensor:  # noqa: A002, as TensorFlow names it
    """Return the index of the largest element along an axis.

    Args:
        input: Tensor.
        axis: The axis; the first if None.
        output_type: Element type of the indices.
        name: TensorFlow's, without effect.

    >>> argmax([1, 3, 2]).item()
    1
    """
    return ops.cast(ops.argmax(input, 0 if axis is None else as_axis(axis)), output_type)


def argmin(input: TensorLike, axis: int | None = None, output_type: DTypeLike = "int64",
           name: str | None = None) -> Tensor:  # noqa: A002
    """Return the index of the smallest element along an axis; arguments as for `argmax`.

    Args:
        input, axis, output_type: As for `argmax`.

    >>> argmin([3, 1, 2]).item()
    1
    """
    return ops.cast(ops.argmin(input, 0 if axis is None else as_axis(axis)), output_type)


def _running(name, operation, first, x, axis, exclusive, reverse):
    x, axis = _tensor(x), as_axis(axis)
    rank = len(x.shape)
    if not -rank <= axis < rank:
        raise ValueError(f"tf.{name}: axis={axis} is not an axis of shape {tuple(x.shape)}")
    axis %= rank
    x = ops.flip(x, axis) if reverse else x
    y = ops.cast(operation(x, axis), x.dtype)
    if exclusive:  # one position later, after the neutral element
        before = [(0, 0)] * axis + [(1, 0)] + [(0, 0)] * (rank - axis - 1)
        y = ops.pad(y, before, constant_values=first)[(slice(None),) * axis + (slice(None, -1),)]
    return ops.flip(y, axis) if reverse else y


def cumsum(x: TensorLike, axis: int = 0, exclusive: bool = False, reverse: bool = False,
           name: str | None = None) -> Tensor:
    """Return the sums of all elements up to each one: y[i] = x[0] + ... + x[i].

    Args:
        x: Tensor.
        axis: Along which axis.
        exclusive: Whether to leave x[i] itself out: y[i] = x[0] + ... + x[i - 1].
        reverse: Whether to sum from the other end.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: x has no such axis.

    >>> cumsum([1, 2, 3], exclusive=True).tolist(), cumsum([1, 2, 3], reverse=True).tolist()
    ([0, 1, 3], [6, 5, 3])
    """
    return _running("cumsum", ops.cumsum, 0, x, axis, exclusive, reverse)


def cumprod(x: TensorLike, axis: int = 0, exclusive: bool = False, reverse: bool = False,
            name: str | None = None) -> Tensor:
    """Return the products of all elements up to each one: y[i] = x[0] ... x[i]; arguments as for `cumsum`.

    Args:
        x, axis, exclusive, reverse: As for `cumsum`.

    >>> cumprod([1, 2, 3]).tolist()
    [1, 2, 6]
    """
    return _running("math.cumprod", ops.cumprod, 1, x, axis, exclusive, reverse)


def count_nonzero(input: TensorLike, axis: Axis = None, keepdims: bool | None = None, dtype: DTypeLike = "int64",
                  name: str | None = None) -> Tensor:  # noqa: A002
    """Return how many elements along axes are not zero.

    Args:
        input: Tensor.
        axis: Axis, or several; all if None.
        keepdims: Whether to keep the reduced axes, with length 1.
        dtype: Element type of the result.
        name: TensorFlow's, without effect.

    >>> count_nonzero([[0, 1], [1, 1]], axis=1, keepdims=True).tolist()
    [[1], [2]]
    """
    return ops.cast(ops.sum(ops.cast(ops.not_equal(input, 0), "int64"), as_axis(axis), bool(keepdims)), dtype)


def norm(tensor: TensorLike, ord: Any = "euclidean", axis: Any = None, keepdims: bool | None = None,
         name: str | None = None) -> Tensor:  # noqa: A002
    """Return the norm of vectors, or of matrices if `axis` is a pair.

    Args:
        tensor: Tensor.
        ord: Of vectors 'euclidean', 'fro' (the same), inf or a positive number p: (sum |x|^p)^(1/p). Of matrices
            'euclidean', 'fro', 1 (largest sum of a column), 2 (largest singular value) or inf (largest sum of a row).
        axis: The axis of the vectors, or the pair of axes of the matrices; None takes all elements as one vector.
        keepdims: Whether to keep these axes, with length 1.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: another `ord`, or more than two axes.

    >>> norm([[1.0, 2.0], [3.0, 4.0]], ord=1, axis=(0, 1)).item(), norm([3.0, 4.0]).item()
    (6.0, 5.0)
    """
    x, axis, keep = _tensor(tensor), as_axis(axis), bool(keepdims)
    if isinstance(axis, tuple) and len(axis) == 1:
        axis = axis[0]
    matrices = isinstance(axis, tuple)
    known = ("euclidean", "fro", 1, 2, math.inf)
    if matrices and len(axis) != 2:
        raise ValueError(f"tf.norm: axis must be None, an int or a pair, got {axis}")
    if ord not in known and (matrices or isinstance(ord, str) or not ord > 0):
        raise ValueError(f"tf.norm: ord must be one of {known}{'' if matrices else ' or a positive number'} with "
                         f"axis={axis}, got {ord!r}")
    if ord in ("euclidean", "fro"):
        return ops.norm(x, None, axis, keep)
    if not matrices:
        if axis is None:
            y = ops.norm(ops.reshape(x, (-1,)), ord)
            return ops.reshape(y, (1,) * len(x.shape)) if keep else y
        return ops.norm(x, ord, axis, keep)
    rows, columns = (each % len(x.shape) for each in axis)
    if ord == 2:
        moved = ops.moveaxis(x, (rows, columns), (-2, -1))
        y = _largest_singular_value(moved)
        y = ops.moveaxis(y[..., None, None], (-2, -1), (rows, columns))
    else:
        summed, other = (rows, columns) if ord == 1 else (columns, rows)
        y = ops.max(ops.sum(ops.abs(x), summed, True), other, True)
    return y if keep else ops.squeeze(y, (rows, columns))


def _largest_singular_value(x):
    """s with x v = s u. Its gradient is u v^T."""
    x = as_floats(x)
    u, s, vt = np.linalg.svd(x.data, full_matrices=False)
    direction = u[..., :, :1] * vt[..., :1, :]
    return record(np.array(s[..., 0]), (x,), lambda dy: (dy[..., None, None] * direction,))


def bincount(arr: TensorLike, weights: TensorLike | None = None, minlength: int | None = None,
             maxlength: int | None = None, dtype: DTypeLike = "int32", name: str | None = None,
             axis: int | None = None, binary_output: bool = False) -> Tensor:
    """Count how often each whole number occurs.

    Args:
        arr: Whole numbers, not negative.
        weights: Added up instead of counted, in their own element type; shape of `arr`.
        minlength: The least length of the result.
        maxlength: Its largest length: greater numbers are left out.
        dtype: Element type of counts.
        name: TensorFlow's, without effect.
        axis: None or 0 for all elements together, -1 for each row.
        binary_output: Whether to return 1 for each number that occurs, instead of its count.

    Returns:
        Tensor of counts, or of sums of the weights.

    Raises:
        ValueError: negative numbers, weights of another shape or with `binary_output`, another axis.

    >>> bincount([1, 1, 3], maxlength=3).tolist(), bincount([[1, 1], [0, 1]], axis=-1).tolist()
    ([0, 2, 0], [[0, 2], [1, 1]])
    """
    numbers = to_array(arr)
    if numbers.size and (numbers.dtype.kind not in "iu" or numbers.min() < 0):
        raise ValueError("tf.math.bincount: arr must hold whole numbers that are not negative")
    if axis not in (None, 0, -1):
        raise ValueError(f"tf.math.bincount: axis must be None, 0 or -1, got {axis}")
    if weights is not None and binary_output:
        raise ValueError("tf.math.bincount: weights and binary_output=True exclude each other")
    given = None if weights is None else to_array(weights)
    if given is not None and given.shape != numbers.shape:
        raise ValueError(f"tf.math.bincount: weights must have the shape of arr, {numbers.shape}, got {given.shape}")
    length = int(numbers.max(initial=-1)) + 1
    length = max(length, 0 if minlength is None else int(minlength))
    length = length if maxlength is None else min(length, int(maxlength))
    rows = numbers if axis == -1 and numbers.ndim == 2 else numbers.reshape(1, -1)
    counts = np.zeros((len(rows), length), np.int64 if given is None else np.float64)
    for row, one in enumerate(rows):
        kept = one < length
        portions = None if given is None else given.reshape(rows.shape)[row][kept]
        counts[row] = np.bincount(one[kept].astype(np.int64), portions, length)
    counts = np.minimum(counts, 1) if binary_output else counts
    counts = counts if axis == -1 and numbers.ndim == 2 else counts[0]
    return Tensor.wrap(np.ascontiguousarray(counts.astype(dtype if given is None else given.dtype)))


def confusion_matrix(labels: TensorLike, predictions: TensorLike, num_classes: int | None = None,
                     weights: TensorLike | None = None, dtype: DTypeLike = "int32", name: str | None = None) -> Tensor:
    """Count predictions: element [i, j] is how many samples of class i were predicted to be of class j.

    Args:
        labels, predictions: Class numbers, shape (samples,).
        num_classes: Rows and columns; the largest class plus 1 if None.
        weights: What each sample counts; 1 if None.
        dtype: Element type of the result.
        name: TensorFlow's, without effect.

    Returns:
        Tensor, shape (num_classes, num_classes).

    Raises:
        ValueError: the shapes differ.
        IndexError: a class outside [0, num_classes).

    >>> confusion_matrix([1, 2, 2], [2, 2, 1]).tolist()
    [[0, 0, 0], [0, 0, 1], [0, 1, 1]]
    """
    true, predicted = (np.squeeze(to_array(part)).astype(np.int64).reshape(-1) for part in (labels, predictions))
    if true.shape != predicted.shape:
        raise ValueError(f"tf.math.confusion_matrix: labels {true.shape} and predictions {predicted.shape} must have "
                         "one shape")
    classes = int(max(true.max(initial=-1), predicted.max(initial=-1))) + 1 if num_classes is None else int(num_classes)
    check_indices("math.confusion_matrix", np.concatenate([true, predicted]), classes)
    counted = np.ones(len(true), np.dtype(dtype)) if weights is None else to_array(weights).astype(dtype)
    if counted.shape != true.shape:
        raise ValueError(f"tf.math.confusion_matrix: weights must have shape {true.shape}, got {counted.shape}")
    matrix = np.zeros((classes, classes), dtype)
    np.add.at(matrix, (true, predicted), counted)
    return Tensor.wrap(matrix)
