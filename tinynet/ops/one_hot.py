"""Classes as rows of zeros and ones."""

from __future__ import annotations

import numpy as np

from ..config import floatx
from ..core.types import DTypeLike, TensorLike
from ..tensor import Tensor, to_array
from .arguments import check_not_sparse
from .formulas import wrap


def one_hot(
    x: TensorLike, num_classes: int, axis: int = -1, dtype: DTypeLike = None, sparse: bool = False
) -> Tensor:
    """1 at the index of the class, 0 elsewhere; all zeros for a class that is not in [0, num_classes).

    Args:
        x: Classes; whole numbers, also as floats.
        num_classes: The length of the new axis.
        axis: Position of the new axis in the result.
        dtype: Element type; `floatx()` if None.
        sparse: Must be False: there are no sparse tensors.

    Returns:
        Tensor: the shape of `x`, and a further axis of length `num_classes`.

    Raises:
        ValueError: `sparse` is true.
        TypeError: a class is not a whole number.

    >>> one_hot([0, 2], 3).numpy()
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    check_not_sparse("one_hot", sparse)
    classes = to_array(x)
    if classes.dtype.kind not in "iub" and not (classes.dtype.kind == "f" and (classes == np.floor(classes)).all()):
        raise TypeError(f"one_hot: classes must be whole numbers, got {classes.dtype}; use cast(x, 'int32')")
    y = np.expand_dims(classes, -1) == np.arange(num_classes)
    return wrap(np.ascontiguousarray(np.moveaxis(y, -1, axis), dtype or floatx()))


def multi_hot(
    inputs: TensorLike, num_classes: int | None = None, axis: int = -1, dtype: DTypeLike = None, sparse: bool = False
) -> Tensor:
    """1 at the indices of all classes that are listed along an axis, 0 elsewhere.

    Args:
        inputs: Classes; whole numbers.
        num_classes: The length of the result's last axis.
        axis: Along which the classes of one sample are listed.
        dtype: Element type; `floatx()` if None.
        sparse: Must be False: there are no sparse tensors.

    Returns:
        Tensor: the shape of `inputs` without `axis`, then `num_classes`.

    Raises:
        ValueError: `sparse` is true.
        TypeError: a class is not a whole number.

    >>> multi_hot([[0, 2]], 4).numpy()
    array([[1., 0., 1., 0.]], dtype=float32)
    """
    if num_classes is None:
        raise TypeError("multi_hot: num_classes is missing, the length of the result's last axis")
    classes = to_array(inputs)
    axis = axis % classes.ndim
    hot = one_hot(classes, num_classes, -1, dtype, sparse).data
    return wrap(np.ascontiguousarray(hot.max(axis=axis, initial=0)))
