"""NumPy's functions for arrays and for Tensors: on Tensors each is the recorded operation of that name.

With them one formula of a derivative serves both levels: first derivatives are computed on arrays, at NumPy's speed,
and derivatives of derivatives on Tensors.

>>> square(3.0), square(Tensor(3.0)).item()
(np.float64(9.0), 9.0)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import tensor as engine  # whose `ops` are the operations
from ..core.types import Array
from ..tensor import Tensor


def _both(name: str, own: Callable[..., Any] | None = None) -> Callable[..., Any]:
    of_arrays = getattr(np, name) if own is None else own

    def function(*args):
        for arg in args:
            if isinstance(arg, Tensor):
                return getattr(engine.ops, name)(*args)
        return of_arrays(*args)

    function.__name__ = function.__qualname__ = name
    return function


abs = _both("abs")
clip = _both("clip")
cos = _both("cos")
cosh = _both("cosh")
cross = _both("cross")
exp = _both("exp")
exp2 = _both("exp2")
inv = _both("inv", np.linalg.inv)
log = _both("log")
minimum = _both("minimum")
sign = _both("sign")
sin = _both("sin")
sinh = _both("sinh")
solve = _both("solve", np.linalg.solve)
sqrt = _both("sqrt")
square = _both("square")
swapaxes = _both("swapaxes")
tanh = _both("tanh")
tril = _both("tril")


def where(condition: Any, x1: Any, x2: Any) -> Any:
    """x1 where the condition is true, else x2. Of two numbers an array of float64, which takes the type of a Tensor
    that it is multiplied with.
    """
    if isinstance(x1, Tensor) or isinstance(x2, Tensor):
        return engine.ops.where(condition, x1, x2)
    return np.where(condition.data if isinstance(condition, Tensor) else condition, x1, x2)


def constant(function: Callable[..., Array]) -> Callable[..., Any]:
    """A function of arrays that changes in steps, for Tensors too: its derivative is 0, and nothing is recorded."""

    def either(*args):
        if not any(isinstance(arg, Tensor) for arg in args):
            return function(*args)
        return Tensor.wrap(np.asarray(function(*(arg.data if isinstance(arg, Tensor) else arg for arg in args))))

    return either
