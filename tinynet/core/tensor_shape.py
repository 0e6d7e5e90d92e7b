"""TensorShape: the lengths of a tensor's axes, a tuple with TensorFlow's methods."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NoReturn


def _fits(one, other):
    return len(one) == len(other) and all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))


class TensorShape(tuple[Any, ...]):
    """The lengths of a tensor's axes: ints, and None for any length.

    It is a tuple. It also equals a list of the same lengths, and has the methods of TensorFlow's class.

    Args:
        dims: The lengths. tinynet has no tensors of unknown rank, so None is an error.

    Raises:
        TypeError: a length is neither an int nor None, or there are no lengths.

    >>> shape = TensorShape([2, 3])
    >>> shape, shape.as_list(), shape.rank, shape == (2, 3)
    ((2, 3), [2, 3], 2, True)
    """

    __slots__ = ()

    @classmethod
    def checked(cls, dims: Any) -> TensorShape:
        """Return the shape that a caller writes: a list, a tuple, an array, a Tensor of whole numbers or one number."""
        if dims is None:
            raise TypeError("TensorShape(None) is a tensor of unknown rank, which tinynet does not have; "
                            "write None for each axis: TensorShape([None, None])")
        if hasattr(dims, "tolist"):
            dims = dims.tolist()
        if not isinstance(dims, Iterable):
            dims = [dims]
        return cls(None if length is None else _length(length) for length in dims)

    def __getitem__(self, key: Any) -> Any:
        part = tuple.__getitem__(self, key)
        return TensorShape(part) if type(key) is slice else part

    def __add__(self, other: Any) -> TensorShape:
        return TensorShape(tuple.__add__(self, tuple(other)))

    def __radd__(self, other: Any) -> TensorShape:
        return TensorShape((*other, *self))

    def __eq__(self, other: Any) -> bool:
        return tuple.__eq__(self, tuple(other) if isinstance(other, list) else other)

    def __ne__(self, other: Any) -> bool:
        return tuple.__ne__(self, tuple(other) if isinstance(other, list) else other)

    __hash__ = tuple.__hash__

    def as_list(self) -> list[int | None]:
        """Return the lengths as a list."""
        return list(self)

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self)

    ndims = rank

    @property
    def dims(self) -> list[int | None]:
        """The lengths as a list."""
        return list(self)

    def num_elements(self) -> int | None:
        """Return the number of elements; None if a length is not known.

        >>> TensorShape((2, 3)).num_elements(), TensorShape((None, 3)).num_elements()
        (6, None)
        """
        return None if None in self else math.prod(self)

    def is_fully_defined(self) -> bool:
        """Return whether all lengths are known."""
        return None not in self

    def is_compatible_with(self, other: Any) -> bool:
        """Return whether a tensor may have both shapes: None fits any length.

        >>> TensorShape((None, 3)).is_compatible_with([2, 3])
        True
        """
        return _fits(self, tuple(other))

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raise ValueError unless a tensor may have both shapes."""
        if not _fits(self, tuple(other)):
            raise ValueError(f"Shapes {tuple(self)} and {tuple(other)} are incompatible")

    def assert_has_rank(self, rank: int) -> None:
        """Raise ValueError unless there are `rank` axes."""
        if len(self) != rank:
            raise ValueError(f"Shape {tuple(self)} must have rank {rank}")

    def assert_is_fully_defined(self) -> None:
        """Raise ValueError if a length is not known."""
        if None in self:
            raise ValueError(f"Shape {tuple(self)} is not fully defined")

    def with_rank(self, rank: int) -> TensorShape:
        """Return the shape itself; raise ValueError unless it has `rank` axes."""
        self.assert_has_rank(rank)
        return self

    def concatenate(self, other: Any) -> TensorShape:
        """Return the lengths of this shape, followed by those of another."""
        return self + tuple(other)

    def merge_with(self, other: Any) -> TensorShape:
        """Return the shape with what either of two compatible shapes knows.

        >>> TensorShape((None, 3)).merge_with((2, None))
        (2, 3)
        """
        self.assert_is_compatible_with(other)
        return TensorShape(b if a is None else a for a, b in zip(self, other, strict=True))


def _length(length: Any) -> int | NoReturn:
    try:
        return length.__index__()
    except AttributeError:
        raise TypeError(f"TensorShape: a length is an int or None, got {length!r} ({type(length).__name__})") from None
