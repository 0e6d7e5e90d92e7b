"""TensorFlow's names of operations, for notebooks that call `tf.reduce_mean(...)`, with TensorFlow's arguments.

`math`, `nn`, `linalg` and `dtypes` group them as `tf.math`, `tf.nn`, `tf.linalg` and `tf.dtypes` do. `name` arguments
are TensorFlow's and have no effect. A name stands in the module of its subject: arrays.py, indexing.py, nn.py, ...
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...core.absence import known_absent
from ...core.naming import unknown_name
from ...core.tensor_shape import TensorShape as _Lengths
from . import arrays, clipping, control, indexing, reductions, sorting, strings, structures
from . import linalg as _linalg
from . import math as _math
from . import nn as _nn
from .arguments import as_tf, keeping_text
from .arrays import add_n, constant  # noqa: F401
from .linalg import l2_normalize  # noqa: F401


class Namespace:
    """Some of TensorFlow's names.

    Args:
        title: The namespace, for messages.
        names: {TensorFlow's name: what it is}.
    """

    def __init__(self, title: str, names: dict[str, Any]) -> None:
        self._title = title
        self._names = names

    def __getattr__(self, name: str) -> Any:
        if name not in self._names:
            if name[:2] != "__":
                known_absent(self._title, name)
            raise AttributeError(unknown_name(f"name in {self._title}:", name, self._names))
        return self._names[name]

    def __dir__(self) -> list[str]:
        return sorted(self._names)


def TensorShape(dims: Any) -> _Lengths:  # noqa: N802
    """Return a shape, a tuple of ints, and None for any length, with TensorFlow's methods.

    Args:
        dims: The lengths.

    Raises:
        TypeError: `dims` is None (tinynet has no tensors of unknown rank), or a length is neither an int nor None.

    >>> TensorShape([None, 3]).as_list()
    [None, 3]
    """
    return _Lengths.checked(dims)


class UnconnectedGradients:
    """What `GradientTape.gradient` returns for a source that the target does not depend on.

    >>> x, unused = Variable(3.0), Variable(1.0)
    >>> with GradientTape() as tape:
    ...     y = x * x
    >>> tape.gradient(y, unused, unconnected_gradients=UnconnectedGradients.ZERO).item()
    0.0
    """

    NONE = "none"
    ZERO = "zero"


def as_dtype(type_value: Any) -> np.dtype[Any]:
    """Return an element type by its name, or of NumPy's type, as NumPy has it.

    Args:
        type_value: A name, or a type of NumPy.

    >>> as_dtype("float32") == np.float32
    True
    """
    return np.dtype(type_value)


def custom_gradient(f: Any = None) -> Any:
    """Decorate a function that defines its own derivative: `ops.custom_gradient`.

    Args:
        f: Function of Tensors that returns (y, grad); None for a decorator with parentheses.

    Returns:
        The function of Tensors that returns y.

    >>> @custom_gradient
    ... def straight_through(x):
    ...     return Tensor(np.sign(x.data)), lambda dy: dy
    >>> x = Variable([-0.5, 2.0])
    >>> with GradientTape() as tape:
    ...     y = straight_through(x)
    >>> tape.gradient(y, x).numpy()
    array([1., 1.], dtype=float32)
    """
    return ops.custom_gradient if f is None else ops.custom_gradient(f)


def _of(module, names):
    """{TensorFlow's name: what the module has under it}; "its name=the module's" where they differ."""
    pairs = [name.partition("=")[::2] for name in names.split()]
    return {name: getattr(module, own or name) for name, own in pairs}


_TYPES = {name: np.dtype(name) for name in (
    "bool", "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
)} | {"double": np.dtype("float64"), "half": np.dtype("float16"), "string": np.dtype(object)}
_REDUCTIONS = _of(reductions, "reduce_all reduce_any reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod "
                              "reduce_sum argmax argmin cumsum")
_NAMES: dict[str, Any] = _TYPES | _REDUCTIONS | {name: _math.ELEMENTWISE[name] for name in (
    "abs", "acos", "acosh", "add", "asin", "asinh", "atan", "atan2", "atanh", "cos", "cosh", "equal", "exp",
    "floor", "greater", "greater_equal", "less", "less_equal", "logical_and", "logical_not", "logical_or",
    "maximum", "minimum", "multiply", "negative", "not_equal", "pow", "round", "sigmoid", "sign", "sin", "sinh",
    "sqrt", "square", "subtract", "tan", "tanh",
)
} | _of(arrays, "add_n concat constant convert_to_tensor ensure_shape fill identity linspace meshgrid one_hot ones pad "
                "range rank repeat reverse roll sequence_mask shape size split squeeze stack tile transpose unstack "
                "zeros",
) | _of(indexing, "boolean_mask gather gather_nd scatter_nd slice=slice_of strided_slice tensor_scatter_nd_add "
                  "tensor_scatter_nd_max tensor_scatter_nd_min tensor_scatter_nd_sub tensor_scatter_nd_update where",
) | _of(sorting, "argsort searchsorted sort unique unique_with_counts",
) | _of(control, "case cond foldl foldr map_fn scan switch_case vectorized_map while_loop",
) | _of(clipping, "clip_by_global_norm clip_by_norm clip_by_value",
) | _of(structures, "IndexedSlices Module TensorArray",
) | _of(_math, "cast divide truediv",
) | _of(_linalg, "einsum eye matmul tensordot",
) | {
    "DType": np.dtype, "TensorShape": TensorShape, "UnconnectedGradients": UnconnectedGradients, "as_dtype": as_dtype,
    "as_string": strings.as_string, "custom_gradient": custom_gradient, "norm": reductions.norm,
    "broadcast_to": as_tf("broadcast_to", ops.broadcast_to, "input", "shape"),
    "expand_dims": as_tf("expand_dims", ops.expand_dims, "input", "axis"),
    "is_tensor": ops.is_tensor, "ones_like": as_tf("ones_like", ops.ones_like, "input", dtype=None),
    "reshape": as_tf("reshape", ops.reshape, "tensor", "shape"),
    "stop_gradient": as_tf("stop_gradient", ops.stop_gradient, "input"),
    "zeros_like": as_tf("zeros_like", ops.zeros_like, "input", dtype=None),
}

_MOVING = (
    "boolean_mask", "broadcast_to", "concat", "expand_dims", "gather", "gather_nd", "identity", "repeat", "reshape",
    "reverse", "roll", "slice", "sort", "split", "squeeze", "stack", "tile", "transpose", "unstack", "where",
)
_NAMES |= {name: keeping_text(_NAMES[name]) for name in _MOVING}

math = Namespace("tf.math", _math.ELEMENTWISE | _REDUCTIONS | _of(
    _math, "accumulate_n divide divide_no_nan multiply_no_nan squared_difference truediv",
) | _of(reductions, "bincount confusion_matrix count_nonzero cumprod reduce_euclidean_norm reduce_std reduce_variance",
) | _of(indexing, "segment_sum unsorted_segment_sum") | _of(_nn, "log_softmax softmax top_k") | {
    "add_n": add_n, "l2_normalize": l2_normalize})

nn = Namespace("tf.nn", _of(
    _nn, "avg_pool avg_pool2d batch_normalization bias_add conv2d conv2d_transpose dropout elu embedding_lookup gelu "
         "in_top_k l2_loss leaky_relu log_softmax max_pool max_pool2d moments relu relu6 selu sigmoid "
         "sigmoid_cross_entropy_with_logits silu softmax softmax_cross_entropy_with_logits softplus softsign "
         "sparse_softmax_cross_entropy_with_logits swish tanh top_k weighted_cross_entropy_with_logits",
) | {"l2_normalize": l2_normalize})

linalg = Namespace("tf.linalg", _of(
    _linalg, "band_part cholesky cross det diag diag_part eigh einsum eye inv l2_normalize logdet lstsq matmul "
             "matrix_transpose matvec pinv qr slogdet solve svd tensordot trace triangular_solve",
) | {"global_norm": clipping.global_norm, "norm": reductions.norm})

dtypes = Namespace("tf.dtypes", _TYPES | _of(_math, "cast") | {"DType": np.dtype, "as_dtype": as_dtype})

_NAMES |= {"dtypes": dtypes, "linalg": linalg, "math": math, "nn": nn}
# TensorFlow 2 has these in tf.math alone; notebooks for version 1 have them here.
_NAMES |= {name: getattr(math, name) for name in ("bincount", "floordiv", "squared_difference")}

__all__ = sorted(_NAMES)


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return _NAMES[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
