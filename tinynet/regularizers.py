"""Penalties on weights, added to the loss: Keras's regularizers.

A regularizer is called with a Variable or Tensor and returns a scalar Tensor that a tape differentiates.

>>> L2(0.5)(np.array([1.0, 2.0], "float32")).numpy()
np.float32(2.5)
"""

import math

import numpy as np

from .config import epsilon
from .core.registry import by_both_names, deserialize_object, get_object, serialize_object
from .tape import record
from .tensor import convert_to_tensor

__all__ = [
    "L1", "L1L2", "L2", "OrthogonalRegularizer", "Regularizer", "deserialize", "get", "l1", "l1_l2", "l2",
    "orthogonal_regularizer", "serialize",
]


class Regularizer:
    """Base of all regularizers. Any function from a Tensor to a scalar Tensor is one too."""

    def __call__(self, x):
        """The penalty."""
        return 0.0

    def get_config(self):
        """What `from_config` needs to make this regularizer again."""
        raise NotImplementedError(f"{type(self).__name__} must override get_config() to be saved")

    @classmethod
    def from_config(cls, config):
        return cls(**config)


class L1L2(Regularizer):
    """l1 sum |x| + l2 sum x^2. The gradient is l1 sign(x) + 2 l2 x, with sign(0) = 0."""

    def __init__(self, l1=0.0, l2=0.0):
        self.l1 = _strength("l1", l1, 0.0)
        self.l2 = _strength("l2", l2, 0.0)

    def __call__(self, x):
        return _penalty(x, self.l1, self.l2)

    def get_config(self):
        return {"l1": self.l1, "l2": self.l2}


class L1(Regularizer):
    """l1 sum |x|: drives weights to exactly 0."""

    def __init__(self, l1=0.01):
        self.l1 = _strength("l1", l1, 0.01)

    def __call__(self, x):
        return _penalty(x, self.l1, 0.0)

    def get_config(self):
        return {"l1": self.l1}


class L2(Regularizer):
    """l2 sum x^2: keeps weights small (without the factor 1/2 that some texts have)."""

    def __init__(self, l2=0.01):
        self.l2 = _strength("l2", l2, 0.01)

    def __call__(self, x):
        return _penalty(x, 0.0, self.l2)

    def get_config(self):
        return {"l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    """factor times the mean |cosine| between two rows of a matrix (or columns).

    With n the rows scaled to length 1 and P = n n^T: factor / (rows (rows - 1)) sum over i != j of |P_ij|.

    Args:
        factor: At least 0.
        mode: 'rows' or 'columns'.
    """

    def __init__(self, factor=0.01, mode="rows"):
        self.factor = _strength("factor", factor, 0.01)
        if mode not in ("rows", "columns"):
            raise ValueError(f"OrthogonalRegularizer: mode must be 'rows' or 'columns', got {mode!r}")
        self.mode = mode

    def __call__(self, x):
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

        return record(penalty, (x,), backward)

    def get_config(self):
        return {"factor": self.factor, "mode": self.mode}


def _penalty(x, l1, l2):
    x = convert_to_tensor(x)
    data = x.data
    penalty = data.dtype.type(0)
    if l1:
        penalty = penalty + data.dtype.type(l1) * np.sum(abs(data))
    if l2:
        penalty = penalty + data.dtype.type(l2) * np.sum(np.square(data))

    def backward(d):
        dx = (d * data.dtype.type(2 * l2)) * data
        if l1:
            dx += (d * data.dtype.type(l1)) * np.sign(data)
        return (dx,)

    return record(np.asarray(penalty), (x,), backward)


def _strength(name, value, default):
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating) or not 0 <= value < math.inf:
        raise ValueError(f"regularizer: {name} must be a number of at least 0, got {value!r}")
    return float(value)


l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer

_BY_NAME = by_both_names(L1, L2, L1L2, OrthogonalRegularizer, l1_l2=L1L2)


def serialize(regularizer):
    """A regularizer as a dict."""
    return serialize_object(regularizer, "keras.regularizers")


def deserialize(config, custom_objects=None):
    """The regularizer that `serialize` described."""
    return deserialize_object(config, _BY_NAME, "regularizer", custom_objects)


def get(identifier):
    """A regularizer from a name, a dict of `serialize`, a class, or a function; None stays None.

    Raises:
        ValueError: no regularizer has this name; the message proposes the nearest.
    """
    return get_object(identifier, _BY_NAME, "regularizer")
