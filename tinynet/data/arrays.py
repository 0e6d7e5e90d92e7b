"""Batches from arrays: shuffled every epoch, gathered and cast in one pass."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..config import floatx
from ..core import checks
from ..core.nest import holds_arrays, map_arrays, map_structure, map_structures, spread
from ..core.types import Array, Structure
from ..tensor import Tensor
from .rows import as_rows, cast_type, check_finite, slicer, taker

DEFAULT_BATCH_SIZE = 32


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Return the data of a step as `(x, y, sample_weight)`, with None for what is absent.

    Args:
        data: x, or a tuple or list of x, y and sample_weight.

    Raises:
        ValueError: more than three parts.

    >>> unpack_x_y_sample_weight(("images", "labels"))
    ('images', 'labels', None)
    """
    if type(data) is tuple and len(data) == 2:  # most batches of `fit`: half the time of the general case
        return (*data, None)
    if type(data) is tuple and len(data) == 1:  # those of `predict`
        return data[0], None, None
    if not isinstance(data, list | tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(f"expected x, (x,), (x, y) or (x, y, sample_weight), got {len(data)} parts")
    return (*data, None, None)[:3]


def pack_x_y_sample_weight(x: Structure, y: Structure = None, sample_weight: Any = None) -> Any:
    """Pack x, y and sample_weight as a step takes them, the inverse of `unpack_x_y_sample_weight`.

    Args:
        x: Inputs, nested.
        y: Targets, or None.
        sample_weight: Weights, or None.

    Returns:
        `(x, y, sample_weight)` or `(x, y)`; x alone stays x, unless it is itself a list or tuple.

    >>> pack_x_y_sample_weight("images"), pack_x_y_sample_weight("images", "labels")
    ('images', ('images', 'labels'))
    """
    if y is None and sample_weight is None:
        return (x,) if isinstance(x, list | tuple) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def common_length(named: dict[str, Structure], where: str) -> int:
    """Return the number of samples that all arrays have.

    Args:
        named: dict from "x", "y", ... to arrays, nested.
        where: The caller's name, for messages.

    Raises:
        ValueError: lengths differ, or there is no array.

    >>> common_length({"x": {"image": np.zeros((3, 8)), "text": np.zeros(3)}, "y": None}, "fit")
    3
    """
    lengths = []
    for name, value in named.items():
        map_arrays(lambda leaf, leaf_name: lengths.append((leaf_name, len(leaf))), value, name)
    if not lengths:
        raise ValueError(f"{where}: x holds no array")
    (first_name, samples), *others = lengths
    for name, length in others:
        if length != samples:
            raise ValueError(f"{where}: {first_name} has {samples} samples but {name} has {length}; "
                             "all arrays need one row for each sample")
    return samples


def class_weights_to_sample_weights(y: Any, class_weight: dict[int, float], where: str = "fit") -> Array:
    """Return the weight of each sample's class; 1 for classes that `class_weight` does not name.

    Args:
        y: Labels, shape (batch,) or (batch, 1), or one-hot rows, shape (batch, classes).
        class_weight: dict from class number to weight.
        where: The caller's name, for messages.

    Returns:
        float32 or float64 array (`floatx()`), shape (batch,).

    Raises:
        TypeError: `class_weight` is not such a dict.
        ValueError: y is None, nested, or has no label for each sample.

    >>> class_weights_to_sample_weights(np.array([0, 2, 2]), {2: 5.0}).tolist()
    [1.0, 5.0, 5.0]
    """
    if not isinstance(class_weight, dict):
        raise TypeError(
            f"{where}: class_weight must be a dict from class number to weight, got {type(class_weight).__name__}"
        )
    for label, weight in class_weight.items():
        if (
            not isinstance(label, int | np.integer)
            or isinstance(weight, bool) or not isinstance(weight, int | float | np.number)
        ):
            raise TypeError(f"{where}: class_weight must map class numbers to weights, got {{{label!r}: {weight!r}}}")
    if y is None or holds_arrays(y):
        raise ValueError(f"{where}: class_weight needs one array of labels in y; for several outputs use sample_weight")
    labels = as_rows(y, "y", where)
    if labels.ndim > 1:
        labels = labels.reshape(len(labels)) if labels.shape[1:] == (1,) else labels.argmax(axis=-1)
    if labels.ndim != 1:
        raise ValueError(f"{where}: class_weight needs one label for each sample, got y of shape {np.shape(y)}")
    classes, positions = np.unique(np.rint(labels).astype(np.int64), return_inverse=True)
    weights = np.array([class_weight.get(int(label), 1.0) for label in classes], cast_type(labels, "floatx"))
    return weights[positions.reshape(-1)]


def train_validation_split(arrays: Structure, validation_split: float,
                           where: str = "fit") -> tuple[Structure, Structure]:
    """Split nested arrays into the first part and the LAST `validation_split` of the samples, without shuffling.

    Args:
        arrays: Arrays of equal length, nested, or a tuple (x, y, sample_weight) of such; None stays None.
        validation_split: Fraction for validation, 0 < validation_split < 1.
        where: The caller's name, for messages.

    Returns:
        `(train_arrays, validation_arrays)`, views.

    Raises:
        TypeError: the fraction is not a number.
        ValueError: the fraction is out of range, or leaves one side empty.

    >>> train_validation_split(np.arange(5), 0.4)
    (array([0, 1, 2]), array([3, 4]))
    """
    if isinstance(validation_split, bool) or not isinstance(validation_split, int | float | np.number):
        raise TypeError(f"{where}: validation_split must be a number, got {validation_split!r}")
    if not 0 < validation_split < 1:
        raise ValueError(f"{where}: validation_split must be above 0 and below 1, got {validation_split}")
    if isinstance(arrays, tuple):  # (x, y, sample_weight), where x may be a plain list of numbers
        named = dict(zip(("x", "y", "sample_weight"), arrays, strict=False))
        first, last = train_validation_split(named, validation_split, where)
        return tuple(first.values()), tuple(last.values())
    named = arrays if isinstance(arrays, dict) else {"x": arrays}
    rows = {name: map_arrays(lambda leaf, leaf_name: as_rows(leaf, leaf_name, where), part, name)
            for name, part in named.items()}
    samples = common_length(rows, where)
    boundary = math.floor(samples * (1.0 - validation_split))
    if boundary in (0, samples):
        raise ValueError(
            f"{where}: validation_split={validation_split} of {samples} samples leaves {boundary} for training "
            f"and {samples - boundary} for validation; both need at least one"
        )
    first = map_arrays(lambda leaf, name: leaf[:boundary], rows)
    last = map_arrays(lambda leaf, name: leaf[boundary:], rows)
    return (first, last) if isinstance(arrays, dict) else (first["x"], last["x"])


def ready_batch(x: Any, y: Any) -> Any:
    """One batch of arrays to which nothing is to be done, as `ArrayBatches` makes it, in a tenth of its time.

    Args:
        x: Anything; a Tensor counts as its array.
        y: Likewise, or None.

    Returns:
        (x, y), or x if y is None: read-only views. None if there is something to do, or to refuse.

    >>> ready_batch(np.zeros((2, 3), "float32"), np.array([0, 1]))[1].tolist()
    [0, 1]
    >>> ready_batch([1.0, 2.0], None) is None
    True
    """
    numbers = np.dtype(floatx())
    x, y = (value.data if isinstance(value, Tensor) else value for value in (x, y))
    if type(x) is not np.ndarray or x.dtype != numbers or x.ndim == 0 or len(x) == 0 or not x.flags.c_contiguous:
        return None
    if y is not None and (type(y) is not np.ndarray or y.ndim == 0 or len(y) != len(x) or not y.flags.c_contiguous
                          or y.dtype != numbers and (y.dtype.kind not in "iu" or not y.dtype.isnative)):
        return None
    views = [array.view() for array in (x, y) if array is not None]
    for view in views:
        view.flags.writeable = False
    return views[0] if y is None else tuple(views)


class ArrayBatches:
    """Batches of arrays. Each pass over it is an epoch; the last batch may be shorter.

    A batch is `x`, `(x, y)` or `(x, y, sample_weight)`, nested as the arrays were given, in ndarrays of its own.
    (Without shuffling and casting they are read-only views.)

    Args:
        x: Array, shape (samples, ...), or dict, list, tuple of arrays; anything that NumPy converts to an array.
        y: Targets likewise, or None.
        sample_weight: Weights, shape (samples,), one array or nested like `y`.
        batch_size: Samples in a batch. If None, 32, or the size that makes `steps` batches.
        shuffle: True: a new order every epoch; "batch": only within each batch; False: as given.
        class_weight: dict from class number to weight, instead of `sample_weight`.
        rng: numpy Generator for the order; a new one if None.
        x_dtype: Element type of x's batches: "floatx" (all numbers become `floatx()`), a type, or None to keep the
            array's own (whole numbers for an Embedding). One for all inputs or nested like `x`. Floating point in `y`
            becomes `floatx()`, whole numbers stay.
        steps: With `batch_size` None, the number of batches wanted.
        where: The caller's name, for messages.

    Raises:
        ValueError: lengths that differ, a batch size below 1, both kinds of weights.
        TypeError: something that is not numbers.

    >>> batches = ArrayBatches(np.arange(5, dtype=np.uint8), np.arange(5), batch_size=2)
    >>> [x.tolist() for x, y in batches]
    [[0.0, 1.0], [2.0, 3.0], [4.0]]
    """

    def __init__(self, x: Structure, y: Structure = None, sample_weight: Any = None, *, batch_size: int | None = None,
                 shuffle: bool | str = False, class_weight: dict[int, float] | None = None, rng: Any = None,
                 x_dtype: Any = "floatx", steps: int | None = None, where: str = "fit") -> None:
        if shuffle not in (True, False, "batch"):
            raise ValueError(f"{where}: shuffle must be True, False or 'batch', got {shuffle!r}")
        if class_weight is not None:
            if sample_weight is not None:
                raise ValueError(
                    f"{where}: give class_weight or sample_weight, not both; a product of the two is a sample_weight"
                )
            sample_weight = class_weights_to_sample_weights(y, class_weight, where)
        elif sample_weight is not None and holds_arrays(y) and not holds_arrays(sample_weight):
            weights = as_rows(sample_weight, "sample_weight", where)  # one weight a sample, for every output
            sample_weight = map_arrays(lambda leaf, name: weights, y)
        self.x, self.y, self.sample_weight = (
            map_arrays(lambda leaf, leaf_name: as_rows(leaf, leaf_name, where), value, name)
            for name, value in (("x", x), ("y", y), ("sample_weight", sample_weight)))
        self.where = where
        self.num_samples = self._common_length()
        if batch_size is None:
            batch_size = (
                DEFAULT_BATCH_SIZE if steps is None
                else max(1, math.ceil(self.num_samples / checks.count(steps, where, "the number of steps")))
            )
        self.batch_size = checks.count(batch_size, where, "batch_size")
        # Nothing to predict is one empty batch, so that its result has the right shape.
        self.num_batches = max(1, math.ceil(self.num_samples / self.batch_size))
        self.shuffle = shuffle if shuffle == "batch" else bool(shuffle)
        self.rng = np.random.default_rng() if rng is None else rng
        self._is_finite = False  # not checked yet
        self._choose = self._chooser(taker if shuffle else slicer, x_dtype)

    def _common_length(self):
        samples = common_length({"x": self.x, "y": self.y, "sample_weight": self.sample_weight}, self.where)
        if samples == 0 and self.y is not None:
            raise ValueError(f"{self.where}: no samples: x and y have length 0")
        return samples

    def _chooser(self, make, x_dtype):
        """One function from indices (or a slice) to a packed batch."""

        self._leaves = []
        x = _row_chooser(self.x, spread(x_dtype, self.x), "x", make, self._leaves)
        y = _row_chooser(self.y, spread("floats", self.y), "y", make, self._leaves)
        weight = _row_chooser(
            self.sample_weight, spread("floatx", self.sample_weight), "sample_weight", make, self._leaves
        )
        if self.sample_weight is not None:
            return lambda rows: (x(rows), y(rows), weight(rows))
        if self.y is not None:
            return lambda rows: (x(rows), y(rows))
        return (lambda rows: (x(rows),)) if isinstance(self.x, list | tuple) else x

    def __len__(self) -> int:
        return self.num_batches

    def __iter__(self) -> Iterator[Structure]:
        return map(self.choose, self.rows())

    def rows(self) -> Iterator[Any]:
        """The row numbers of each batch of an epoch: an int64 array, or a slice where they are in order."""
        size, samples = self.batch_size, self.num_samples
        if self.shuffle is True:
            order = self.rng.permutation(samples)
            for start in range(0, samples, size):
                yield order[start:start + size]
        elif self.shuffle == "batch":
            for start in range(0, samples, size):
                yield start + self.rng.permutation(min(size, samples - start))
        else:
            for start in range(0, max(samples, 1), size):
                yield slice(start, min(start + size, samples))

    def choose(self, rows: Any) -> Structure:
        """The batch of these rows.

        Args:
            rows: int64 array, or a slice.

        Raises:
            ValueError: a number is too large for the batch's element type.
        """
        try:
            return self._choose(rows)
        except FloatingPointError:
            self.check_finite()  # raises an error with the position
            raise

    def check_finite(self) -> None:
        """Refuse NaN, infinities and overflow anywhere in x, y and sample_weight; see `check_finite`.

        Raises:
            ValueError: with the array's name, the count and the index of the first.
        """
        if not self._is_finite:  # one check serves all batches of a diverged model
            for name, array, dtype in self._leaves:
                check_finite(name, array, dtype, self.where)
        self._is_finite = True

    def on_epoch_begin(self) -> None:
        """Nothing to do for arrays."""

    def on_epoch_end(self) -> None:
        """Nothing to do for arrays."""


def _row_chooser(value, dtype, name, make, leaves):
    """A function from indices (or a slice) to those rows of a nested value; its arrays are appended to `leaves`.

    It holds the arrays and not the ArrayBatches: no cycle keeps the data in memory once the batches are dropped.
    """
    if value is None:
        return lambda rows: None

    def chooser(array, dtype, name):
        if array is None:
            return lambda rows: None
        dtype = cast_type(array, dtype)
        leaves.append((name, array, dtype))
        return make(array, dtype)

    choosers = map_structures(chooser, value, dtype, map_arrays(lambda _, leaf_name: leaf_name, value, name))
    if callable(choosers):  # a single array
        return choosers
    return lambda rows: map_structure(lambda choose: choose(rows), choosers)
