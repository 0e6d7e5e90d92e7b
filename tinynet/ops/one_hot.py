"""Classes as rows of zeros and ones."""

import numpy as np

from ..config import floatx
from ..tensor import to_array
from .arguments import check_not_sparse
from .formulas import wrap


def one_hot(x, num_classes, axis=-1, dtype=None, sparse=False):
    """1 at the place of the class, 0 elsewhere; all zeros for a class that is not in [0, num_classes).

    Args:
        x: Classes; whole numbers, also as floats.
        num_classes: How many there are: the length of the new axis.
        axis: Where the new axis goes.
        dtype: Element type; `floatx()` if None.
        sparse: There are no sparse tensors here: must be False.

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


def multi_hot(inputs, num_classes=None, axis=-1, dtype=None, sparse=False):
    """1 at the places of all classes listed along an axis, 0 elsewhere: `one_hot`, its maximum taken over that axis."""
    classes = to_array(inputs)
    axis = axis % classes.ndim
    hot = one_hot(classes, num_classes, -1, dtype, sparse).data
    return wrap(np.ascontiguousarray(hot.max(axis=axis, initial=0)))
