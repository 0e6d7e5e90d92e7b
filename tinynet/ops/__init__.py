"""Operations on tensors, under Keras's names: `from tinynet import ops`."""

from .activation import relu
from .reduction import (
    all, amax, amin, any, argmax, argmin, count_nonzero, cumprod, cumsum, logsumexp, max, mean, min, moments, norm, prod, std, sum, var,
)

__all__ = [
    "relu",
    "all", "amax", "amin", "any", "argmax", "argmin", "count_nonzero", "cumprod", "cumsum", "logsumexp", "max", "mean", "min", "moments",
    "norm", "prod", "std", "sum", "var",
]
