"""TensorFlow's spellings of operations, for notebooks that say `tf.reduce_mean(...)`.

Only names that stand for one operation of `tinynet.ops` each. `math` and `nn` group them as `tf.math` and `tf.nn` do.
"""

import numpy as np

from ... import ops
from ...core.absence import known_absent
from ...core.naming import unknown_name
from ...string_tensor import StringTensor, is_text
from ...tensor import Tensor, to_array
from .arguments import ARGUMENTS, with_arguments_of_tf


def constant(value, dtype=None, shape=None, name=None):
    """A Tensor of `value`, reshaped to `shape`, or repeated to fill it if it is a single number. Text is text.

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


def gather(params, indices, axis=0, name=None):
    """The slices at `indices`: `ops.take`."""
    return ops.take(params, indices, axis)


def boolean_mask(tensor, mask, name=None):
    """The elements, or rows, where the mask is true: `tensor[mask]`."""
    return ops.get_item(ops.convert_to_tensor(tensor), to_array(mask).astype(bool))


def fill(dims, value, name=None):
    """All `value`, whose type the tensor has: `ops.full`."""
    return ops.full(dims, value, to_array(value).dtype)


def argmax(input, axis=0, output_type="int64", name=None):  # noqa: A002, as TensorFlow names it
    """The index of the largest element along an axis (axis 0 if none is given)."""
    return ops.cast(ops.argmax(input, axis), output_type)


def argmin(input, axis=0, output_type="int64", name=None):  # noqa: A002
    """The index of the smallest element along an axis (axis 0 if none is given)."""
    return ops.cast(ops.argmin(input, axis), output_type)


def cumsum(x, axis=0):
    """Sums of all elements up to each one."""
    return ops.cumsum(x, axis)


def one_hot(indices, depth, on_value=1, off_value=0, axis=-1, dtype=None, name=None):
    """`on_value` at the place of the class, `off_value` elsewhere: `ops.one_hot`."""
    hot = ops.one_hot(indices, depth, axis, dtype)
    return hot if (on_value, off_value) == (1, 0) else hot * (on_value - off_value) + off_value


def transpose(a, perm=None, name=None):
    """Axes in another order: `ops.transpose`."""
    return ops.transpose(a, perm)


def matmul(a, b, transpose_a=False, transpose_b=False, name=None):
    """The matrix product, of transposed matrices if so wished: `ops.matmul`."""
    a = ops.swapaxes(a, -1, -2) if transpose_a else a
    return ops.matmul(a, ops.swapaxes(b, -1, -2) if transpose_b else b)


def split(value, num_or_size_splits, axis=0, name=None):
    """Cut into equal parts, or into parts of the given lengths (`ops.split` wants the places to cut at)."""
    sizes = num_or_size_splits
    return ops.split(value, sizes if isinstance(sizes, int) else np.cumsum(sizes)[:-1].tolist(), axis)


def pad(tensor, paddings, mode="CONSTANT", constant_values=0, name=None):
    """More elements before and after: `ops.pad`."""
    return ops.pad(tensor, paddings, mode.lower(), constant_values if mode.lower() == "constant" else None)


def tile(input, multiples, name=None):  # noqa: A002
    """The whole tensor several times in a row, along each axis: `ops.tile`."""
    return ops.tile(input, multiples)


def clip_by_value(t, clip_value_min, clip_value_max, name=None):
    """`ops.clip`."""
    return ops.clip(t, clip_value_min, clip_value_max)


def concat(values, axis, name=None):
    """One after the other along an axis: `ops.concatenate`."""
    return ops.concatenate(values, axis)


def squared_difference(x, y, name=None):
    """(x - y)^2."""
    return ops.square(ops.subtract(x, y))


def scatter_nd(indices, updates, shape, name=None):
    """Zeros of `shape`, with the updates added at the indices: `ops.scatter`."""
    return ops.scatter(indices, updates, shape)


def tensor_scatter_nd_update(tensor, indices, updates, name=None):
    """A copy with the updates in place of what is at the indices: `ops.scatter_update`."""
    return ops.scatter_update(tensor, indices, updates)


def tensor_scatter_nd_add(tensor, indices, updates, name=None):
    """A copy with the updates added at the indices."""
    return ops.add(tensor, ops.scatter(indices, updates, ops.shape(tensor)))


def ensure_shape(x, shape, name=None):
    """x, if it has this shape (None: any length).

    Raises:
        ValueError: it has not.
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
    "tan", "tanh", "tensordot", "unstack", "where", "zeros", "zeros_like",
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
    "tensor_scatter_nd_update", "tile", "transpose",
)

__all__ = sorted([*_TOP_LEVEL, *_TYPES, *_OWN, "linalg", "math", "nn"])


class Namespace:
    """Names that stand for operations of `ops`, looked up when they are used."""

    def __init__(self, title, names):
        self._title = title
        self._names = names

    def __getattr__(self, name):
        if name not in self._names:
            if name[:2] != "__":
                known_absent(self._title, name)
            raise AttributeError(unknown_name(f"name in {self._title}:", name, self._names))
        found = self._names[name]
        return getattr(ops, found) if isinstance(found, str) else found

    def __dir__(self):
        return sorted(self._names)


math = Namespace("tf.math", _REDUCE | {name: name for name in (
    "abs", "add", "ceil", "cos", "cosh", "divide", "divide_no_nan", "equal", "erf", "exp", "expm1", "floor", "greater",
    "less", "log",
    "log1p", "maximum", "minimum", "mod", "multiply", "negative", "not_equal", "reciprocal", "round", "rsqrt",
    "sigmoid", "sign", "sin",
    "sinh", "softplus", "sqrt", "square", "subtract", "tan", "tanh", "logical_and", "logical_not", "logical_or",
    "segment_sum", "count_nonzero", "cumprod", "greater_equal", "less_equal", "log_sigmoid",
    "log_softmax", "logical_xor", "softmax", "softsign", "bincount", "erfinv",
)} | {
    "add_n": lambda inputs, name=None: add_n(inputs), "accumulate_n": lambda inputs, name=None: add_n(inputs),
    "squared_difference": squared_difference, "truediv": "divide", "multiply_no_nan": lambda x, y, name=None: ops.where(
        ops.equal(y, 0), 0.0, ops.multiply(x, y)), "reduce_euclidean_norm": "norm", "acosh": "arccosh",
    "asinh": "arcsinh", "atanh": "arctanh", "unsorted_segment_sum": "segment_sum",
    "acos": "arccos", "asin": "arcsin", "atan": "arctan", "atan2": "arctan2", "argmax": argmax, "argmin": argmin,
    "cumsum": cumsum,
    "floordiv": "floor_divide", "floormod": "mod", "in_top_k": "in_top_k", "is_finite": "isfinite", "is_inf": "isinf",
    "is_nan": "isnan",
    "l2_normalize": "normalize", "pow": "power", "reduce_std": "std", "reduce_variance": "var", "top_k": "top_k",
})


def _leaky_relu(features, alpha=0.2, name=None):
    return ops.leaky_relu(features, alpha)


def _softmax_cross_entropy(labels, logits, axis=-1, name=None):
    return ops.categorical_crossentropy(labels, logits, from_logits=True, axis=axis)


def _sparse_softmax_cross_entropy(labels, logits, name=None):
    return ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)


def _sigmoid_cross_entropy(labels=None, logits=None, name=None):
    return ops.binary_crossentropy(labels, logits, from_logits=True)


def _l2_loss(t, name=None):
    """Half of the sum of squares."""
    return 0.5 * ops.vdot(t, t)


def _one_length(name, lengths):
    """The two spatial lengths of what TensorFlow also takes as [1, height, width, 1]."""
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
    "elu", "gelu", "log_softmax", "moments", "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softplus",
    "softsign", "swish", "tanh",
    "in_top_k", "top_k",
)} | {
    "avg_pool": _pooling(ops.average_pool2d), "avg_pool2d": _pooling(ops.average_pool2d),
    "batch_normalization": _batch_normalization, "bias_add": _bias_add, "conv2d": _conv2d, "dropout": _dropout,
    "embedding_lookup": _embedding_lookup, "max_pool": _pooling(ops.max_pool2d), "max_pool2d": _pooling(ops.max_pool2d),
    "l2_loss": _l2_loss, "l2_normalize": "normalize", "leaky_relu": _leaky_relu,
    "sigmoid_cross_entropy_with_logits": _sigmoid_cross_entropy,
    "softmax_cross_entropy_with_logits": _softmax_cross_entropy,
    "sparse_softmax_cross_entropy_with_logits": _sparse_softmax_cross_entropy,
})


linalg = Namespace("tf.linalg", {name: name for name in (
    "cholesky", "det", "diag", "eigh", "einsum", "eye", "inv", "lstsq", "matmul", "norm", "pinv", "qr", "slogdet",
    "solve", "svd", "tensordot", "trace", "trapezoid",
) if hasattr(ops, name)} | {"diag_part": "diagonal", "matmul": matmul, "matrix_transpose": "transpose",
                            "matvec": lambda a, b, name=None: ops.squeeze(ops.matmul(a, ops.expand_dims(b, -1)), -1),
                            "l2_normalize": "normalize"})


def identity(input, name=None):  # noqa: A002
    """A copy."""
    return ops.copy(ops.convert_to_tensor(input))


def add_n(inputs, name=None):
    """The sum of a list of tensors."""
    return sum(inputs[1:], inputs[0])


def gather_nd(params, indices, batch_dims=0, name=None):
    """The elements, or slices, at the places that the last axis of `indices` names."""
    places = to_array(indices)
    return ops.get_item(ops.convert_to_tensor(params), tuple(np.moveaxis(places, -1, 0)))


def map_fn(fn, elems, dtype=None, fn_output_signature=None, name=None):
    """fn(element) for each along the first axis, stacked."""
    return ops.stack([ops.convert_to_tensor(fn(element)) for element in ops.convert_to_tensor(elems)])


def sort(values, axis=-1, direction="ASCENDING", name=None):
    """In ascending or descending order along an axis."""
    ordered = ops.sort(values, axis)
    return ordered if direction == "ASCENDING" else ops.flip(ordered, axis)


def argsort(values, axis=-1, direction="ASCENDING", stable=False, name=None):
    """The places that the elements of the sorted tensor have; equal elements keep their order."""
    return ops.argsort(values if direction == "ASCENDING" else ops.negative(values), axis)


def sequence_mask(lengths, maxlen=None, dtype="bool", name=None):
    """True at the first `lengths` places of a new last axis, which has `maxlen` places; False after them.

    >>> sequence_mask([1, 3]).tolist()
    [[True, False, False], [True, True, True]]
    """
    lengths = to_array(lengths)
    places = np.arange(int(lengths.max(initial=0) if maxlen is None else to_array(maxlen)))
    return Tensor.wrap((places < lengths[..., None]).astype(dtype))


def TensorShape(dims):  # noqa: N802
    """A shape, which here is a tuple: of ints, and None where any length will do."""
    return tuple(dims)


class UnconnectedGradients:
    """What `GradientTape.gradient` gives for a source that the target does not depend on."""

    NONE = "none"
    ZERO = "zero"


def __getattr__(name):
    if name in _TYPES:
        return _TYPES[name]
    if name in _TOP_LEVEL:
        operation = getattr(ops, _TOP_LEVEL[name])
        return with_arguments_of_tf(operation, name) if name in ARGUMENTS or name in _REDUCE else operation
    raise AttributeError(f"module 'tinynet.tf_names' has no attribute {name!r}")


def __dir__():
    return __all__
