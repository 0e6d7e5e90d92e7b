"""What weights must satisfy after each step: Keras's constraints.

A constraint is called with a weight and returns its projection as a Tensor. Norms are taken along `axis`: 0 for the
incoming weights of each unit of a dense kernel (in, out), [0, 1, 2] for each filter of a (height, width, in, out) one.

>>> MaxNorm(1.0)(np.array([[3.0], [4.0]], "float32")).numpy().round(3)
array([[0.6],
       [0.8]], dtype=float32)
"""

import numpy as np

from .config import epsilon
from .core.checks import number
from .core.registry import by_both_names, deserialize_object, get_object, serialize_object
from .tensor import Tensor, to_array

__all__ = [
    "Constraint", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm", "deserialize", "get", "max_norm", "min_max_norm",
    "non_neg", "serialize", "unit_norm",
]


class Constraint:
    """Base of all constraints. Any function from a weight to a weight is one too."""

    def __call__(self, w):
        """The projected weight."""
        raise NotImplementedError(f"{type(self).__name__} must override __call__(w)")

    def get_config(self):
        """What `from_config` needs to make this constraint again."""
        return {}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


class MaxNorm(Constraint):
    """Norms of at most `max_value`: w min(norm, max_value) / (norm + epsilon)."""

    def __init__(self, max_value=2, axis=0):
        self.max_value = number(max_value, "MaxNorm", "max_value", 0)
        self.axis = axis

    def __call__(self, w):
        w = to_array(w)
        norms = _norms(w, self.axis)
        return Tensor.wrap(w * (np.clip(norms, 0, self.max_value) / (epsilon() + norms)))

    def get_config(self):
        return {"max_value": self.max_value, "axis": self.axis}


class MinMaxNorm(Constraint):
    """Norms from `min_value` to `max_value`; with rate < 1 only so far of the way is gone at each step."""

    def __init__(self, min_value=0.0, max_value=1.0, rate=1.0, axis=0):
        self.min_value = number(min_value, "MinMaxNorm", "min_value", 0)
        self.max_value = number(max_value, "MinMaxNorm", "max_value", 0)
        if min_value > max_value:
            raise ValueError(f"MinMaxNorm: min_value must not be above max_value, got {min_value!r} and {max_value!r}")
        self.rate = number(rate, "MinMaxNorm", "rate", 0, 1)
        self.axis = axis

    def __call__(self, w):
        w = to_array(w)
        norms = _norms(w, self.axis)
        desired = self.rate * np.clip(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        return Tensor.wrap(w * (desired / (epsilon() + norms)))

    def get_config(self):
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}


class UnitNorm(Constraint):
    """Norms of 1: w / (norm + epsilon)."""

    def __init__(self, axis=0):
        self.axis = axis

    def __call__(self, w):
        w = to_array(w)
        return Tensor.wrap(w / (epsilon() + _norms(w, self.axis)))

    def get_config(self):
        return {"axis": self.axis}


class NonNeg(Constraint):
    """No negative weights: max(w, 0)."""

    def __call__(self, w):
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


def serialize(constraint):
    """A constraint as a dict."""
    return serialize_object(constraint, "keras.constraints")


def deserialize(config, custom_objects=None):
    """The constraint that `serialize` described."""
    return deserialize_object(config, _BY_NAME, "constraint", custom_objects)


def get(identifier):
    """A constraint from a name, a dict of `serialize`, a class, or a function; None stays None.

    Raises:
        ValueError: no constraint has this name; the message proposes the nearest.
    """
    return get_object(identifier, _BY_NAME, "constraint")
