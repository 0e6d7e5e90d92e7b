"""TensorFlow's names of operations, for notebooks that call `tf.reduce_mean(...)`.

Each name is one operation of `tinynet.ops`. `math`, `nn` and `linalg` group them as `tf.math`, `tf.nn` and `tf.linalg`
do. `name` arguments are TensorFlow's and have no effect.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import ops
from ...core.absence import known_absent
from ...core.naming import unknown_name
from ...core.types import Axis, DTypeLike, Shape, ShapeLike, TensorLike
from ...string_tensor import StringTensor, is_text
from ...tensor import Tensor, to_array
from .arguments import ARGUMENTS, with_arguments_of_tf


def constant(value: Any, dtype: DTypeLike = None, shape: ShapeLike | None = None, name: str | None = None) -> Tensor:
    """Return a Tensor of `value`.

    Args:
        value: Numbers or text.
        dtype: Element type; that of `value` if None.
        shape: `value` is reshaped to it, or repeated to fill it if it is a single number.

    >>> constant([1, 2, 3, 4], shape=(2, 2)).numpy()
    array([[1, 2],
           [3, 4]], dtype=int32)
    """
    if is_text(value):
        return StringTensor(value)
    array = to_array(value, dtype)
    if shape is not None:
        array = np.full(shape, array, array.dtype) if array.size == 1 else array.reshape(shape)
    return Tensor(np.array(array))


def gather(params: TensorLike, indices: TensorLike, axis: int = 0, name: str | None = None) -> Tensor:
    """Return the slices of `params` at `indices` along an axis: `ops.take`.

    >>> gather([10, 20, 30], [2, 0]).tolist()
    [30, 10]
    """
    return ops.take(params, indices, axis)


def boolean_mask(tensor: TensorLike, mask: TensorLike, name: str | None = None) -> Tensor:
    """Return the elements, or rows, where the mask is true: `tensor[mask]`.

    >>> boolean_mask([1, 2, 3], [True, False, True]).tolist()
    [1, 3]
    """
    return ops.get_item(ops.convert_to_tensor(tensor), to_array(mask).astype(bool))


def fill(dims: ShapeLike, value: TensorLike, name: str | None = None) -> Tensor:
    """Return a tensor of shape `dims` with all elements `value`, in its type: `ops.full`."""
    return ops.full(dims, value, to_array(value).dtype)


def argmax(input: TensorLike, axis: int | None = 0, output_type: DTypeLike = "int64",
           name: str | None = None) -> Tensor:  # noqa: A002, as TensorFlow names it
    """Return the index of the largest element along an axis.

    Args:
        input: Tensor.
        axis: The axis; the first by default.
        output_type: Element type of the indices.

    >>> argmax([1, 3, 2]).item()
    1
    """
    return ops.cast(ops.argmax(input, axis), output_type)


def argmin(input: TensorLike, axis: int | None = 0, output_type: DTypeLike = "int64",
           name: str | None = None) -> Tensor:  # noqa: A002
    """Return the index of the smallest element along an axis; arguments as for `argmax`."""
    return ops.cast(ops.argmin(input, axis), output_type)


def cumsum(x: TensorLike, axis: int = 0) -> Tensor:
    """Return the sums of all elements up to each one: y[i] = x[0] + ... + x[i]."""
    return ops.cumsum(x, axis)


def cumprod(x: TensorLike, axis: int = 0) -> Tensor:
    """Return the products of all elements up to each one: y[i] = x[0] ... x[i].

    >>> cumprod([1, 2, 3]).tolist()
    [1, 2, 6]
    """
    return ops.cumprod(x, axis)


def where(condition: TensorLike, x: TensorLike | None = None, y: TensorLike | None = None,
          name: str | None = None) -> Tensor:
    """Select x where the condition is true, else y; of a condition alone, return the indices of its true elements.

    Args:
        condition: bool, any shape.
        x, y: Tensors that broadcast with it, or neither.

    Returns:
        Tensor of the broadcast shape; or int64 indices, shape (true elements, axes of the condition).

    Raises:
        ValueError: only one of x and y.

    >>> where([True, False], 1.0, 2.0).tolist(), where([False, True]).tolist()
    ([1.0, 2.0], [[1]])
    """
    if (x is None) != (y is None):
        raise ValueError("where: pass both x and y, or neither")
    return Tensor.wrap(np.argwhere(to_array(condition))) if x is None else ops.where(condition, x, y)


def one_hot(indices: TensorLike, depth: int, on_value: float = 1, off_value: float = 0, axis: int = -1,
            dtype: DTypeLike = None, name: str | None = None) -> Tensor:
    """Return `on_value` at the index of the class, `off_value` elsewhere: `ops.one_hot`.

    Args:
        indices: Class numbers, any shape.
        depth: Length of the new axis.
        on_value, off_value: The two values.
        axis: Where the new axis is.
        dtype: Element type; `floatx()` if None.

    >>> one_hot([1], depth=2).tolist()
    [[0.0, 1.0]]
    """
    hot = ops.one_hot(indices, depth, axis, dtype)
    return hot if (on_value, off_value) == (1, 0) else hot * (on_value - off_value) + off_value


def transpose(a: TensorLike, perm: Sequence[int] | None = None, name: str | None = None) -> Tensor:
    """Return `a` with its axes in another order, reversed if `perm` is None: `ops.transpose`."""
    return ops.transpose(a, perm)


def matmul(a: TensorLike, b: TensorLike, transpose_a: bool = False, transpose_b: bool = False,
           name: str | None = None) -> Tensor:
    """Return the matrix product, of transposed matrices where the arguments are true: `ops.matmul`.

    >>> matmul([[1.0, 2.0]], [[3.0, 4.0]], transpose_b=True).tolist()
    [[11.0]]
    """
    a = ops.swapaxes(a, -1, -2) if transpose_a else a
    return ops.matmul(a, ops.swapaxes(b, -1, -2) if transpose_b else b)


def split(value: TensorLike, num_or_size_splits: Any, axis: int = 0, name: str | None = None) -> list[Tensor]:
    """Cut into equal parts, or into parts of the given lengths (`ops.split` takes the indices of the cuts).

    Args:
        value: Tensor.
        num_or_size_splits: int, the number of parts, or a list of lengths.
        axis: The axis that is cut.

    >>> [part.tolist() for part in split([1, 2, 3], [1, 2])]
    [[1], [2, 3]]
    """
    sizes = num_or_size_splits
    return ops.split(value, sizes if isinstance(sizes, int) else np.cumsum(sizes)[:-1].tolist(), axis)


def pad(tensor: TensorLike, paddings: Any, mode: str = "CONSTANT", constant_values: float = 0,
        name: str | None = None) -> Tensor:
    """Add elements before and after: `ops.pad`.

    Args:
        tensor: Tensor.
        paddings: (before, after) for each axis.
        mode: "CONSTANT", "REFLECT" or "SYMMETRIC".
        constant_values: What "CONSTANT" adds.

    >>> pad([1, 2], [[1, 0]]).tolist()
    [0, 1, 2]
    """
    return ops.pad(tensor, paddings, mode.lower(), constant_values if mode.lower() == "constant" else None)


def tile(input: TensorLike, multiples: Sequence[int], name: str | None = None) -> Tensor:  # noqa: A002
    """Repeat the whole tensor along each axis: `ops.tile`."""
    return ops.tile(input, multiples)


def clip_by_value(t: TensorLike, clip_value_min: TensorLike, clip_value_max: TensorLike,
                  name: str | None = None) -> Tensor:
    """Limit the elements of `t` to a range: `ops.clip`."""
    return ops.clip(t, clip_value_min, clip_value_max)


def concat(values: Sequence[TensorLike], axis: int, name: str | None = None) -> Tensor:
    """Concatenate tensors along an axis: `ops.concatenate`."""
    return ops.concatenate(values, axis)


def squared_difference(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return (x - y)^2.

    >>> squared_difference([3.0], [1.0]).tolist()
    [4.0]
    """
    return ops.square(ops.subtract(x, y))


def scatter_nd(indices: TensorLike, updates: TensorLike, shape: ShapeLike, name: str | None = None) -> Tensor:
    """Return zeros of `shape`, with the updates added at the indices: `ops.scatter`.

    >>> scatter_nd([[1]], [5.0], (3,)).tolist()
    [0.0, 5.0, 0.0]
    """
    return ops.scatter(indices, updates, shape)


def tensor_scatter_nd_update(tensor: TensorLike, indices: TensorLike, updates: TensorLike,
                             name: str | None = None) -> Tensor:
    """Return a copy of `tensor` with the updates at the indices: `ops.scatter_update`.

    >>> tensor_scatter_nd_update([1.0, 2.0], [[1]], [5.0]).tolist()
    [1.0, 5.0]
    """
    return ops.scatter_update(tensor, indices, updates)


def tensor_scatter_nd_add(tensor: TensorLike, indices: TensorLike, updates: TensorLike,
                          name: str | None = None) -> Tensor:
    """Return a copy of `tensor` with the updates added at the indices.

    >>> tensor_scatter_nd_add([1.0, 2.0], [[1]], [5.0]).tolist()
    [1.0, 7.0]
    """
    return ops.add(tensor, ops.scatter(indices, updates, ops.shape(tensor)))


def ensure_shape(x: TensorLike, shape: Shape, name: str | None = None) -> Tensor:
    """Return x, if it has this shape (None: any length).

    Raises:
        ValueError: it has another.
    """
    x = ops.convert_to_tensor(x)
    if len(shape) != len(x.shape) or any(want not in (None, have) for want, have in zip(shape, x.shape, strict=True)):
        raise ValueError(f"ensure_shape: expected shape {tuple(shape)}, got {x.shape}")
    return x


# TensorFlow's name: the name in `ops`, where nothing else differs.
_SAME = {name: name for name in (
    "abs", "add", "bincount", "broadcast_to", "cast", "convert_to_tensor", "cos", "cosh", "custom_gradient", "divide",
    "einsum",
    "equal", "exp", "expand_dims", "eye", "floor", "greater", "greater_equal", "is_tensor", "less", "less_equal",
    "linspace", "logical_and", "logical_not", "logical_or", "maximum", "meshgrid", "minimum", "multiply",
    "negative", "norm", "not_equal", "ones", "ones_like", "repeat", "reshape", "roll", "round", "searchsorted",
    "shape", "sigmoid", "sign", "sin", "sinh", "size", "slice", "sqrt", "square", "squeeze", "stack", "stop_gradient",
    "subtract",
    "tan", "tanh", "tensordot", "unstack", "zeros", "zeros_like",
)}
_REDUCE = {
    "reduce_all": "all", "reduce_any": "any", "reduce_max": "max", "reduce_mean": "mean", "reduce_min": "min",
    "reduce_prod": "prod",
    "reduce_sum": "sum", "reduce_logsumexp": "logsumexp",
}
_TOP_LEVEL = _SAME | _REDUCE | {"pow": "power", "range": "arange", "rank": "ndim", "reverse": "flip",
                                "truediv": "divide", "floordiv": "floor_divide", "acos": "arccos", "asin": "arcsin",
                                "atan": "arctan", "atan2": "arctan2", "vectorized_map": "vectorized_map"}
_TYPES = {name: np.dtype(name) for name in (
    "bool", "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
)} | {"double": np.dtype("float64"), "half": np.dtype("float16"), "string": np.dtype(object)}
_OWN = (
    "TensorShape", "UnconnectedGradients", "add_n", "argmax", "argmin", "argsort", "boolean_mask", "clip_by_value",
    "concat", "constant", "cumsum", "ensure_shape", "fill", "gather", "gather_nd", "identity", "map_fn", "matmul",
    "one_hot", "pad", "scatter_nd", "sequence_mask", "sort", "split", "squared_difference", "tensor_scatter_nd_add",
    "tensor_scatter_nd_update", "tile", "transpose", "where",
)

__all__ = sorted([*_TOP_LEVEL, *_TYPES, *_OWN, "linalg", "math", "nn"])


def l2_normalize(x: TensorLike, axis: Axis = None, epsilon: float = 1e-12, name: str | None = None) -> Tensor:
    """Return x / sqrt(max(sum(x^2), epsilon)), with the sum over some axes, or over all if `axis` is None.

    >>> l2_normalize(np.array([3.0, 4.0])).numpy().round(3).tolist()
    [0.6, 0.8]
    """
    x = ops.convert_to_tensor(x)
    squares = ops.sum(ops.square(x), tuple(axis) if isinstance(axis, list) else axis, keepdims=True)
    return x * ops.rsqrt(ops.maximum(squares, epsilon))


class Namespace:
    """TensorFlow's names of operations of `ops`, looked up at their use.

    Args:
        title: The namespace, for messages.
        names: {TensorFlow's name: the name in `ops`, or a function}.
    """

    def __init__(self, title: str, names: dict[str, Any]) -> None:
        self._title = title
        self._names = names

    def __getattr__(self, name: str) -> Any:
        if name not in self._names:
            if name[:2] != "__":
                known_absent(self._title, name)
            raise AttributeError(unknown_name(f"name in {self._title}:", name, self._names))
        found = self._names[name]
        return getattr(ops, found) if isinstance(found, str) else found

    def __dir__(self) -> list[str]:
        return sorted(self._names)


math = Namespace("tf.math", _REDUCE | {name: name for name in (
    "abs", "add", "ceil", "cos", "cosh", "divide", "divide_no_nan", "equal", "erf", "exp", "expm1", "floor", "greater",
    "less", "log",
    "log1p", "maximum", "minimum", "mod", "multiply", "negative", "not_equal", "reciprocal", "round", "rsqrt",
    "sigmoid", "sign", "sin",
    "sinh", "softplus", "sqrt", "square", "subtract", "tan", "tanh", "logical_and", "logical_not", "logical_or",
    "segment_sum", "count_nonzero", "greater_equal", "less_equal", "log_sigmoid",
    "log_softmax", "logical_xor", "softmax", "softsign", "bincount", "erfinv",
)} | {
    "add_n": lambda inputs, name=None: add_n(inputs), "accumulate_n": lambda inputs, name=None: add_n(inputs),
    "squared_difference": squared_difference, "truediv": "divide", "multiply_no_nan": lambda x, y, name=None: ops.where(
        ops.equal(y, 0), 0.0, ops.multiply(x, y)), "reduce_euclidean_norm": "norm", "acosh": "arccosh",
    "asinh": "arcsinh", "atanh": "arctanh", "unsorted_segment_sum": "segment_sum",
    "acos": "arccos", "asin": "arcsin", "atan": "arctan", "atan2": "arctan2", "argmax": argmax, "argmin": argmin,
    "cumprod": cumprod, "cumsum": cumsum,
    "floordiv": "floor_divide", "floormod": "mod", "in_top_k": "in_top_k", "is_finite": "isfinite", "is_inf": "isinf",
    "is_nan": "isnan",
    "l2_normalize": l2_normalize, "pow": "power", "reduce_std": "std", "reduce_variance": "var", "top_k": "top_k",
})


def _leaky_relu(features, alpha=0.2, name=None):
    return ops.leaky_relu(features, alpha)


def _softmax_cross_entropy(labels, logits, axis=-1, name=None):
    return ops.categorical_crossentropy(labels, logits, from_logits=True, axis=axis)


def _sparse_softmax_cross_entropy(labels, logits, name=None):
    return ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)


def _sigmoid_cross_entropy(labels=None, logits=None, name=None):
    return ops.binary_crossentropy(labels, logits, from_logits=True)


def _gelu(features, approximate=False, name=None):
    return ops.gelu(features, approximate)


def _l2_loss(t, name=None):
    """Half of the sum of squares."""
    return 0.5 * ops.vdot(t, t)


def _one_length(name, lengths):
    """The two spatial lengths of an argument that TensorFlow also takes as [1, height, width, 1]."""
    if not isinstance(lengths, list | tuple):
        return lengths
    lengths = list(lengths)
    if len(lengths) == 4:
        if lengths[0] != 1 or lengths[3] != 1:
            raise ValueError(f"tf.nn: {name} must be 1 along the batch and the channels, got {lengths}")
        lengths = lengths[1:3]
    return tuple(lengths * 2 if len(lengths) == 1 else lengths)


def _data_format(data_format):
    return {"NHWC": "channels_last", "NCHW": "channels_first"}[data_format]


def _conv2d(input, filters, strides, padding, data_format="NHWC", dilations=1, name=None):  # noqa: A002
    return ops.conv2d(input, filters, strides=_one_length("strides", strides), padding=padding.lower(),
                      dilation_rate=_one_length("dilations", dilations or 1), data_format=_data_format(data_format))


def _pooling(operation):
    def pool(input, ksize, strides, padding, data_format="NHWC", name=None):  # noqa: A002
        return operation(input, _one_length("ksize", ksize), _one_length("strides", strides), padding.lower(),
                         _data_format(data_format))

    return pool


def _dropout(x, rate, noise_shape=None, seed=None, name=None):
    return ops.dropout(x, rate, noise_shape, seed)


def _bias_add(value, bias, data_format=None, name=None):
    return ops.add(value, bias)


def _batch_normalization(x, mean, variance, offset, scale, variance_epsilon, name=None):
    normal = (x - mean) * ops.rsqrt(variance + variance_epsilon)
    normal = normal if scale is None else normal * scale
    return normal if offset is None else normal + offset


def _embedding_lookup(params, ids, max_norm=None, name=None):
    return ops.take(params, ids, 0)


nn = Namespace("tf.nn", {name: name for name in (
    "elu", "log_softmax", "moments", "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softplus",
    "softsign", "swish", "tanh",
    "in_top_k", "top_k",
)} | {
    "avg_pool": _pooling(ops.average_pool2d), "avg_pool2d": _pooling(ops.average_pool2d),
    "batch_normalization": _batch_normalization, "bias_add": _bias_add, "conv2d": _conv2d, "dropout": _dropout,
    "embedding_lookup": _embedding_lookup, "max_pool": _pooling(ops.max_pool2d), "max_pool2d": _pooling(ops.max_pool2d),
    "gelu": _gelu, "l2_loss": _l2_loss, "l2_normalize": l2_normalize, "leaky_relu": _leaky_relu,
    "sigmoid_cross_entropy_with_logits": _sigmoid_cross_entropy,
    "softmax_cross_entropy_with_logits": _softmax_cross_entropy,
    "sparse_softmax_cross_entropy_with_logits": _sparse_softmax_cross_entropy,
})


def _svd(tensor, full_matrices=False, compute_uv=True, name=None):
    """(s, u, v), where NumPy has (u, s, v^T); s alone unless `compute_uv`."""
    if not compute_uv:
        return ops.svd(tensor, full_matrices, False)
    u, s, vh = ops.svd(tensor, full_matrices)
    return s, u, ops.swapaxes(vh, -2, -1)


def _diag(diagonal, name=None):
    diagonal = ops.convert_to_tensor(diagonal)
    return ops.expand_dims(diagonal, -1) * np.eye(diagonal.shape[-1], dtype=diagonal.dtype)


def _diag_part(input, name=None):  # noqa: A002
    return ops.diagonal(input, axis1=-2, axis2=-1)


def _trace(x, name=None):
    return ops.trace(x, axis1=-2, axis2=-1)


def _matrix_transpose(a, name=None):
    return ops.swapaxes(a, -2, -1)


def _matvec(a, b, name=None):
    return ops.squeeze(ops.matmul(a, ops.expand_dims(b, -1)), -1)


linalg = Namespace("tf.linalg", {name: name for name in (
    "cholesky", "det", "eigh", "einsum", "eye", "inv", "lstsq", "norm", "pinv", "qr", "slogdet", "solve", "tensordot",
    "trapezoid",
)} | {
    "diag": _diag, "diag_part": _diag_part, "l2_normalize": l2_normalize, "matmul": matmul,
    "matrix_transpose": _matrix_transpose, "matvec": _matvec, "svd": _svd, "trace": _trace,
})


def identity(input: TensorLike, name: str | None = None) -> Tensor:  # noqa: A002
    """Return a copy."""
    return ops.copy(ops.convert_to_tensor(input))


def add_n(inputs: Sequence[Any], name: str | None = None) -> Any:
    """Return the sum of a list of tensors.

    >>> add_n([constant([1.0]), constant([2.0])]).tolist()
    [3.0]
    """
    return sum(inputs[1:], inputs[0])


def gather_nd(params: TensorLike, indices: TensorLike, batch_dims: int = 0, name: str | None = None) -> Tensor:
    """Return the elements, or slices, at the indices along the last axis of `indices`.

    Args:
        params: Tensor.
        indices: Whole numbers, shape (..., axes that are indexed).
        batch_dims: 0; no others are supported.

    >>> gather_nd([[1, 2], [3, 4]], [[0, 1], [1, 0]]).tolist()
    [2, 3]
    """
    return ops.get_item(ops.convert_to_tensor(params), tuple(np.moveaxis(to_array(indices), -1, 0)))


def map_fn(fn: Callable[[Tensor], Any], elems: TensorLike, dtype: DTypeLike = None, fn_output_signature: Any = None,
           name: str | None = None) -> Tensor:
    """Return fn(element) for each element along the first axis, stacked.

    Args:
        fn: Function of a tensor.
        elems: Tensor.
        dtype, fn_output_signature: Taken for TensorFlow's sake and ignored.

    >>> map_fn(lambda x: 2 * x, [1, 2]).tolist()
    [2, 4]
    """
    return ops.stack([ops.convert_to_tensor(fn(element)) for element in ops.convert_to_tensor(elems)])


def sort(values: TensorLike, axis: int = -1, direction: str = "ASCENDING", name: str | None = None) -> Tensor:
    """Sort along an axis.

    Args:
        values: Tensor.
        axis: The axis.
        direction: "ASCENDING" or "DESCENDING".

    >>> sort([2, 3, 1], direction="DESCENDING").tolist()
    [3, 2, 1]
    """
    ordered = ops.sort(values, axis)
    return ordered if direction == "ASCENDING" else ops.flip(ordered, axis)


def argsort(values: TensorLike, axis: int = -1, direction: str = "ASCENDING", stable: bool = False,
            name: str | None = None) -> Tensor:
    """Return the indices of the elements in sorted order along an axis; equal elements keep their order.

    Args:
        values: Tensor.
        axis: The axis.
        direction: "ASCENDING" or "DESCENDING".
        stable: Taken for TensorFlow's sake; the order is always stable.

    >>> argsort([2, 3, 1]).tolist()
    [2, 0, 1]
    """
    return ops.argsort(values if direction == "ASCENDING" else ops.negative(values), axis)


def sequence_mask(lengths: TensorLike, maxlen: int | None = None, dtype: DTypeLike = "bool",
                  name: str | None = None) -> Tensor:
    """Return True at the first `lengths` positions of a new last axis of length `maxlen`, False after them.

    Args:
        lengths: Whole numbers, any shape.
        maxlen: Length of the new axis; the largest of `lengths` if None.
        dtype: Element type.

    >>> sequence_mask([1, 3]).tolist()
    [[True, False, False], [True, True, True]]
    """
    lengths = to_array(lengths)
    positions = np.arange(int(lengths.max(initial=0) if maxlen is None else to_array(maxlen)))
    return Tensor.wrap((positions < lengths[..., None]).astype(dtype))


def TensorShape(dims: Sequence[int | None]) -> Shape:  # noqa: N802
    """Return a shape, which here is a tuple: of ints, and None for any length."""
    return tuple(dims)


class UnconnectedGradients:
    """What `GradientTape.gradient` returns for a source that the target does not depend on."""

    NONE = "none"
    ZERO = "zero"


def __getattr__(name: str) -> Any:
    if name in _TYPES:
        return _TYPES[name]
    if name in _TOP_LEVEL:
        operation = getattr(ops, _TOP_LEVEL[name])
        return with_arguments_of_tf(operation, name) if name in ARGUMENTS or name in _REDUCE else operation
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
