"""Penalties on weights, added to the loss: Keras's regularizers.

A regularizer is called with a Variable or Tensor and returns a scalar Tensor, which a tape differentiates.

>>> L2(0.5)(np.array([1.0, 2.0], "float32")).numpy()
np.float32(2.5)
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .config import epsilon
from .core.checks import number
from .core.recording import computed, constant
from .core.registry import by_both_names, deserialize_object, get_object, serialize_object
from .ops.discrete_elementwise import sign
from .ops.elementwise import absolute
from .ops.layer_norm import normalize
from .ops.recorded_gradients import as_it_was, composed
from .ops.reduction import sum
from .tape import record
from .tensor import convert_to_tensor

if TYPE_CHECKING:
    from typing import Self

    from .core.types import Config, TensorLike
    from .tensor import Tensor

__all__ = [
    "L1", "L1L2", "L2", "OrthogonalRegularizer", "Regularizer", "deserialize", "get", "l1", "l1_l2", "l2",
    "orthogonal_regularizer", "serialize",
]


class Regularizer:
    """Base of all regularizers. One of your own overrides `__call__`, and `get_config` to be saved.

    Any function from a Tensor to a scalar Tensor can stand for a regularizer, too.

    >>> class LargestWeight(Regularizer):
    ...     def __call__(self, x):
    ...         return 0.5 * ops.max(ops.abs(x))
    >>> LargestWeight()(Tensor([-3.0, 2.0])).item()
    1.5
    >>> layer = Dense(2, kernel_regularizer=LargestWeight())
    """

    def __call__(self, x: TensorLike) -> Any:
        """Compute the penalty.

        Args:
            x: The weight, of any shape.

        Returns:
            Scalar.
        """
        return 0.0

    def get_config(self) -> Config:
        """Return the constructor's arguments, from which `from_config` makes this regularizer again."""
        raise NotImplementedError(f"{type(self).__name__} must override get_config() to be saved")

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Make a regularizer from what `get_config` returned."""
        return cls(**config)


class L1L2(Regularizer):
    """l1 sum |x| + l2 sum x^2.

    Gradient: l1 sign(x) + 2 l2 x, with sign(0) = 0.

    Args:
        l1: Strength of the sum of absolute values, at least 0; None is 0.
        l2: Strength of the sum of squares, at least 0; None is 0.

    Raises:
        ValueError: a strength is negative or not a finite number.

    Source: Zou and Hastie 2005, the elastic net.

    >>> float(L1L2(l1=1.0, l2=0.5)(np.array([1.0, -2.0])))
    5.5
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = _strength("l1", l1, 0.0)
        self.l2 = _strength("l2", l2, 0.0)

    def __call__(self, x: TensorLike) -> Tensor:
        return _penalty(x, self.l1, self.l2)

    def get_config(self) -> Config:
        return {"l1": self.l1, "l2": self.l2}


class L1(Regularizer):
    """l1 sum |x|: drives weights to exactly 0.

    Gradient: l1 sign(x), with sign(0) = 0.

    Args:
        l1: Strength, at least 0; None is 0.01.

    Raises:
        ValueError: `l1` is negative or not a finite number.

    Source: Tibshirani 1996, the lasso.

    >>> round(float(L1(0.1)(np.array([1.0, -2.0]))), 6)
    0.3
    """

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = _strength("l1", l1, 0.01)

    def __call__(self, x: TensorLike) -> Tensor:
        return _penalty(x, self.l1, 0.0)

    def get_config(self) -> Config:
        return {"l1": self.l1}


class L2(Regularizer):
    """l2 sum x^2: keeps weights small. There is no factor 1/2, which some texts have.

    Gradient: 2 l2 x.

    Args:
        l2: Strength, at least 0; None is 0.01.

    Raises:
        ValueError: `l2` is negative or not a finite number.

    Source: Hoerl and Kennard 1970, ridge regression.

    >>> float(L2(0.5)(np.array([1.0, -2.0])))
    2.5
    """

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = _strength("l2", l2, 0.01)

    def __call__(self, x: TensorLike) -> Tensor:
        return _penalty(x, 0.0, self.l2)

    def get_config(self) -> Config:
        return {"l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    """factor times the mean |cosine| between two rows of a matrix (or columns).

    With n the rows scaled to length 1 and P = n n^T: factor / (rows (rows - 1)) sum over i != j of |P_ij|.

    Args:
        factor: Strength, at least 0; None is 0.01.
        mode: 'rows' or 'columns'.

    Raises:
        ValueError: `factor` is negative or not a finite number, or `mode` is unknown; when called: the weight is not a
            matrix.

    >>> float(OrthogonalRegularizer(1.0)(np.eye(3)))
    0.0
    """

    def __init__(self, factor: float | None = 0.01, mode: str = "rows") -> None:
        self.factor = _strength("factor", factor, 0.01)
        if mode not in ("rows", "columns"):
            raise ValueError(f"OrthogonalRegularizer: mode must be 'rows' or 'columns', got {mode!r}")
        self.mode = mode

    def __call__(self, x: TensorLike) -> Tensor:
        x = convert_to_tensor(x)
        if x.data.ndim != 2:
            raise ValueError(f"OrthogonalRegularizer: expected a matrix, got shape {x.data.shape}")
        rows = x.data if self.mode == "rows" else x.data.T
        with np.errstate(divide="ignore"):
            inverse = np.minimum(
                1 / np.sqrt(np.sum(rows * rows, axis=1, keepdims=True)), rows.dtype.type(1 / epsilon())
            )
        n = rows * inverse
        product = n @ n.T
        np.fill_diagonal(product, 0)
        pairs = len(rows) * (len(rows) - 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):  # one row: 0 / 0, NaN as in Keras
            weight = rows.dtype.type(np.float64(self.factor) / pairs)
            penalty = np.asarray(weight * np.sum(abs(product)))

        def backward(d):
            dn = 2 * d * weight * (np.sign(product) @ n)
            drows = (dn - n * np.sum(n * dn, axis=1, keepdims=True)) * inverse
            return (np.ascontiguousarray(drows if self.mode == "rows" else drows.T),)

        def formula(x):
            n = normalize(x if self.mode == "rows" else x.T, epsilon=epsilon())
            return sum(absolute(n @ n.T) * (1 - np.eye(len(rows), dtype=rows.dtype))) * weight

        return record(penalty, (x,), backward, composed(formula, (x,), (x.data,)))

    def get_config(self) -> Config:
        return {"factor": self.factor, "mode": self.mode}


def _penalty(x, l1, l2):
    x = convert_to_tensor(x)
    data = x.data
    number = data.dtype.type
    penalty: Any = constant(np.asarray(number(0)))
    if l1:
        penalty = computed(np.add, penalty, computed(np.multiply, number(l1), _sum(computed(np.abs, data))))
    if l2:
        penalty = computed(np.add, penalty, computed(np.multiply, number(l2), _sum(computed(np.square, data))))

    def backward(d):
        dx = computed(np.multiply, constant(np.asarray(d * number(2 * l2)), d), data)
        if l1:
            dx = computed(np.add, dx, computed(np.multiply, constant(np.asarray(d * number(l1)), d),
                                               computed(np.sign, data)))
        return (dx,)

    def differentiable(d, _):
        then = as_it_was(x, data)
        dx = (d * (2 * l2)) * then
        return (dx + (d * l1) * sign(then) if l1 else dx,)

    return record(np.asarray(penalty), (x,), backward, differentiable)


def _sum(array):
    return computed(np.sum, array)


def _strength(name, value, default):
    if value is None:
        return default
    if value == math.inf:
        raise ValueError(f"regularizer: {name} must be finite, got {value!r}")
    return float(number(value, "regularizer", name, 0))


l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer

_BY_NAME = by_both_names(L1, L2, L1L2, OrthogonalRegularizer, l1_l2=L1L2)


def serialize(regularizer: Any) -> Any:
    """Return a regularizer as a dict; `deserialize` makes it again.

    Args:
        regularizer: A `Regularizer`, or a function that is registered.

    Raises:
        ValueError: it is a class instead of an object, or a lambda.

    >>> serialize(L1(0.5))["config"]
    {'l1': 0.5}
    """
    return serialize_object(regularizer, "keras.regularizers")


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Make the regularizer that `serialize` described.

    Args:
        config: What `serialize` returned, or a name.
        custom_objects: {name: class or function} of further regularizers.

    Returns:
        A new regularizer, or the function.

    Raises:
        ValueError: the name is unknown, or the config is malformed.

    >>> deserialize({"class_name": "L1", "config": {"l1": 0.5}}).l1
    0.5
    """
    return deserialize_object(config, _BY_NAME, "regularizer", custom_objects)


def get(identifier: Any) -> Any:
    """Return the regularizer that is meant.

    Args:
        identifier: A name ('l2'), a dict of `serialize`, a class, or a function of a weight; None stays None.

    Raises:
        ValueError: no regularizer has this name; the message proposes the nearest.

    >>> get("l2").l2
    0.01
    """
    return get_object(identifier, _BY_NAME, "regularizer")
