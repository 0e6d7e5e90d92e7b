"""Types of arguments and results, for annotations.

Those that are `Any` still tell the reader what is meant; their exact types would need modules above this one.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]  # of any element type
FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]  # float32 or float64
TensorLike: TypeAlias = Any  # what to_array takes: a Tensor, KerasTensor, ndarray, number, or nested lists of them
Shape: TypeAlias = tuple[int | None, ...]  # None for an axis of any length
ShapeLike: TypeAlias = Sequence[int]
Sizes: TypeAlias = int | Sequence[int]  # one for all spatial axes, or one for each
Axis: TypeAlias = int | Sequence[int] | None
Pair: TypeAlias = tuple[int, int]
Padding2d: TypeAlias = tuple[Pair, Pair]  # (top, bottom), (left, right)
DTypeLike: TypeAlias = str | np.dtype[Any] | type | None  # None for floatx()
SeedLike: TypeAlias = Any  # an int, a SeedGenerator, or None for the global generator
Structure: TypeAlias = Any  # one leaf, or lists, tuples and dicts of them
Config: TypeAlias = dict[str, Any]  # what get_config returns
