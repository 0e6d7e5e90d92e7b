"""What weights must satisfy after each step: Keras's constraints.

A constraint is called with a weight and returns its projection as a Tensor. Norms are taken along `axis`: 0 for the
incoming weights of each unit of a dense kernel (in, out), [0, 1, 2] for each filter of a convolution's kernel (height,
width, in, out).

>>> MaxNorm(1.0)(np.array([[3.0], [4.0]], "float32")).numpy().round(3)
array([[0.6],
       [0.8]], dtype=float32)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .config import epsilon
from .core.checks import number
from .core.registry import by_both_names, deserialize_object, get_object, serialize_object
from .tensor import Tensor, to_array

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from .core.types import Config, TensorLike

__all__ = [
    "Constraint", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm", "deserialize", "get", "max_norm", "min_max_norm",
    "non_neg", "serialize", "unit_norm",
]


class Constraint:
    """Base of all constraints. One of your own overrides `__call__`, and `get_config` if it has arguments.

    Any function from a weight to a weight can stand for a constraint, too.

    >>> class AtMostOne(Constraint):
    ...     def __call__(self, w):
    ...         return ops.clip(w, -1, 1)
    >>> AtMostOne()(Tensor([-3.0, 0.5])).numpy()
    array([-1. ,  0.5], dtype=float32)
    >>> layer = Dense(2, kernel_constraint=AtMostOne())
    """

    def __call__(self, w: TensorLike) -> Tensor:
        """Project a weight.

        Args:
            w: Variable, Tensor or array.

        Returns:
            Tensor, the shape of w.
        """
        raise NotImplementedError(f"{type(self).__name__} must override __call__(w)")

    def get_config(self) -> Config:
        """Return the constructor's arguments, from which `from_config` makes this constraint again."""
        return {}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Make a constraint from what `get_config` returned."""
        return cls(**config)


class MaxNorm(Constraint):
    """Norms of at most `max_value`: w min(norm, max_value) / (norm + epsilon).

    Args:
        max_value: Largest norm, at least 0.
        axis: Axis or axes along which the norm is taken; None for all.

    Raises:
        ValueError: `max_value` is negative or not a number; when called: the weight does not have the axis.

    Source: Srivastava et al. 2014, the paper on dropout.

    >>> MaxNorm(5.0)(np.array([[3.0], [4.0]])).numpy().round(3).tolist()  # short enough
    [[3.0], [4.0]]
    """

    def __init__(self, max_value: float = 2, axis: int | Sequence[int] | None = 0) -> None:
        self.max_value = number(max_value, "MaxNorm", "max_value", 0)
        self.axis = axis

    def __call__(self, w: TensorLike) -> Tensor:
        w = to_array(w)
        norms = _norms(w, self.axis)
        return Tensor.wrap(w * (np.clip(norms, 0, self.max_value) / (epsilon() + norms)))

    def get_config(self) -> Config:
        return {"max_value": self.max_value, "axis": self.axis}


class MinMaxNorm(Constraint):
    """Norms from `min_value` to `max_value`: w d / (norm + epsilon).

    d = rate clip(norm, min_value, max_value) + (1 - rate) norm

    Args:
        min_value: Smallest norm, at least 0.
        max_value: Largest norm, at least `min_value`.
        rate: Fraction of the correction that one step makes, from 0 to 1.
        axis: Axis or axes along which the norm is taken; None for all.

    Raises:
        ValueError: a number is outside its range; when called: the weight does not have the axis.

    >>> MinMaxNorm(1.0, 2.0)(np.array([[0.3], [0.4]])).numpy().round(3).tolist()
    [[0.6], [0.8]]
    """

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: int | Sequence[int] | None = 0,
    ) -> None:
        self.min_value = number(min_value, "MinMaxNorm", "min_value", 0)
        self.max_value = number(max_value, "MinMaxNorm", "max_value", 0)
        if min_value > max_value:
            raise ValueError(f"MinMaxNorm: min_value must not be above max_value, got {min_value!r} and {max_value!r}")
        self.rate = number(rate, "MinMaxNorm", "rate", 0, 1)
        self.axis = axis

    def __call__(self, w: TensorLike) -> Tensor:
        w = to_array(w)
        norms = _norms(w, self.axis)
        desired = self.rate * np.clip(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        return Tensor.wrap(w * (desired / (epsilon() + norms)))

    def get_config(self) -> Config:
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}


class UnitNorm(Constraint):
    """Norms of 1: w / (norm + epsilon).

    Args:
        axis: Axis or axes along which the norm is taken; None for all.

    Raises:
        ValueError: (when called) the weight does not have the axis.

    >>> UnitNorm()(np.array([[3.0], [4.0]])).numpy().round(3).tolist()
    [[0.6], [0.8]]
    """

    def __init__(self, axis: int | Sequence[int] | None = 0) -> None:
        self.axis = axis

    def __call__(self, w: TensorLike) -> Tensor:
        w = to_array(w)
        return Tensor.wrap(w / (epsilon() + _norms(w, self.axis)))

    def get_config(self) -> Config:
        return {"axis": self.axis}


class NonNeg(Constraint):
    """No negative weights: max(w, 0).

    >>> NonNeg()(np.array([-1.0, 2.0])).numpy().tolist()
    [0.0, 2.0]
    """

    def __call__(self, w: TensorLike) -> Tensor:
        return Tensor.wrap(np.maximum(to_array(w), 0))


def _norms(w, axis):
    for one in axis if isinstance(axis, list | tuple) else [axis]:
        if one is not None and not (hasattr(one, "__index__") and -w.ndim <= one < w.ndim):
            raise ValueError(f"constraint: axis {one!r} does not exist. Got a weight of shape {w.shape}, axis={axis!r}")
    return np.sqrt(np.sum(np.square(w), axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=True))


max_norm = MaxNorm
min_max_norm = MinMaxNorm
non_neg = NonNeg
unit_norm = UnitNorm

_BY_NAME = by_both_names(MaxNorm, MinMaxNorm, NonNeg, UnitNorm)


def serialize(constraint: Any) -> Any:
    """Return a constraint as a dict; `deserialize` makes it again.

    Args:
        constraint: A `Constraint`, or a function that is registered.

    Raises:
        ValueError: it is a class instead of an object, or a lambda.

    >>> serialize(UnitNorm())["config"]
    {'axis': 0}
    """
    return serialize_object(constraint, "keras.constraints")


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Make the constraint that `serialize` described.

    Args:
        config: What `serialize` returned, or a name.
        custom_objects: {name: class or function} of further constraints.

    Returns:
        A new constraint, or the function.

    Raises:
        ValueError: the name is unknown, or the config is malformed.

    >>> deserialize({"class_name": "MaxNorm", "config": {"max_value": 3}}).max_value
    3
    """
    return deserialize_object(config, _BY_NAME, "constraint", custom_objects)


def get(identifier: Any) -> Any:
    """Return the constraint that is meant.

    Args:
        identifier: A name ('non_neg'), a dict of `serialize`, a class, or a function of a weight; None stays None.

    Raises:
        ValueError: no constraint has this name; the message proposes the nearest.

    >>> get("unit_norm").axis
    0
    """
    return get_object(identifier, _BY_NAME, "constraint")
