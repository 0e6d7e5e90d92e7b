"""`tf.nn`: convolutions, pooling, activations and losses."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ... import ops
from ...core.types import Axis, DTypeLike, TensorLike
from ...tensor import Tensor, convert_to_tensor, numbers_of, to_array
from .arguments import as_axis, as_tf, check_choice, check_indices
from .clipping import clip_by_norm
from .reductions import _tensor

# -- convolutions and pooling ---------------------------------------------------------------------------------------


def _lengths(title, argument, lengths, channels_first):
    """The two spatial lengths of an argument that TensorFlow also takes as a number, a pair, or one an axis."""
    parts = [int(n) for n in np.atleast_1d(numbers_of(lengths))]
    if len(parts) == 4:
        outer = (parts[0], parts[1]) if channels_first else (parts[0], parts[3])
        if outer != (1, 1):
            raise ValueError(f"tf.nn.{title}: {argument} must be 1 along the batch and the channels, got {parts}")
        parts = parts[2:] if channels_first else parts[1:3]
    if len(parts) not in (1, 2):
        raise ValueError(f"tf.nn.{title}: {argument} must be 1, 2 or 4 whole numbers, got {parts}")
    return tuple(parts * 2 if len(parts) == 1 else parts)


def _layout(title, data_format):
    """Whether channels come first."""
    known = ("NHWC", "NCHW")
    return check_choice(title, "data_format", "NHWC" if data_format is None else data_format, known) == "NCHW"


def _padding(title, padding, channels_first):
    """'valid', 'same', or ((top, bottom), (left, right)) of a list with a pair for each axis."""
    if isinstance(padding, str):
        return check_choice(title, "padding", padding, ("VALID", "SAME")).lower()
    pairs = to_array(padding).tolist()
    if np.shape(pairs) != (4, 2):
        raise ValueError(f"tf.nn.{title}: padding must be 'VALID', 'SAME' or four pairs, one an axis, got {padding!r}")
    outer, inner = ((0, 1), (2, 3)) if channels_first else ((0, 3), (1, 2))
    if any(pairs[axis] != [0, 0] for axis in outer):
        raise ValueError(f"tf.nn.{title}: padding must be 0 along the batch and the channels, got {pairs}")
    return tuple(tuple(pairs[axis]) for axis in inner)


def conv2d(input: TensorLike, filters: TensorLike, strides: Any, padding: Any, data_format: str = "NHWC",
           dilations: Any = None, name: str | None = None) -> Tensor:  # noqa: A002
    """Slide filters over images: `ops.conv2d`.

    Args:
        input: Shape (batch, height, width, in), or (batch, in, height, width) for 'NCHW'.
        filters: Shape (height, width, in, out). With fewer channels than the input, they work on groups of channels.
        strides: An int, (vertical, horizontal), or one an axis.
        padding: 'VALID', 'SAME', or [[0, 0], [top, bottom], [left, right], [0, 0]], in the order of the axes.
        data_format: 'NHWC' or 'NCHW'.
        dilations: As strides; 1 if None.
        name: TensorFlow's, without effect.

    Returns:
        Tensor, shape (batch, out_height, out_width, out).

    Raises:
        ValueError: shapes do not match, or an argument is none of these.

    >>> conv2d(np.ones((1, 4, 4, 1)), np.ones((3, 3, 1, 1)), 1, [[0, 0], [1, 0], [0, 0], [0, 0]]).shape
    (1, 3, 2, 1)
    """
    first = _layout("conv2d", data_format)
    x, kernel = _tensor(input), _tensor(filters)
    groups = max(x.shape[1 if first else -1] // max(kernel.shape[2], 1), 1)
    return ops.conv2d(x, kernel, None, _lengths("conv2d", "strides", strides, first),
                      _padding("conv2d", padding, first),
                      _lengths("conv2d", "dilations", 1 if dilations is None else dilations, first), groups,
                      data_format="channels_first" if first else "channels_last")


def conv2d_transpose(input: TensorLike, filters: TensorLike, output_shape: TensorLike, strides: Any,
                     padding: Any = "SAME", data_format: str = "NHWC", dilations: Any = None,
                     name: str | None = None) -> Tensor:  # noqa: A002
    """Spread each pixel over a window, and add up where windows overlap: the input gradient of `conv2d`.

    Args:
        input: Shape (batch, height, width, in), or (batch, in, height, width) for 'NCHW'.
        filters: Shape (height, width, out, in).
        output_shape: Of the result, which `conv2d` with these arguments would make an image of the input's size.
        strides, padding, data_format, dilations: Those of that `conv2d`.
        name: TensorFlow's, without effect.

    Returns:
        Tensor, shape `output_shape`.

    Raises:
        ValueError: `conv2d` makes another size of `output_shape`, or shapes do not match.

    >>> conv2d_transpose(np.ones((1, 2, 2, 1)), np.ones((2, 2, 1, 1)), [1, 4, 4, 1], 2).shape
    (1, 4, 4, 1)
    """
    title = "conv2d_transpose"
    first = _layout(title, data_format)
    x, kernel = convert_to_tensor(input), convert_to_tensor(filters)
    x = ops.transpose(x, (0, 2, 3, 1)) if first else x
    steps, frame = _lengths(title, "strides", strides, first), _padding(title, padding, first)
    spread = _lengths(title, "dilations", 1 if dilations is None else dilations, first)
    wanted = [int(n) for n in to_array(output_shape)]
    wanted = [wanted[0], *wanted[2:], wanted[1]] if first and len(wanted) == 4 else wanted
    if len(wanted) != 4 or [wanted[0], wanted[3]] != [x.shape[0], kernel.shape[2]]:
        raise ValueError(f"tf.nn.{title}: output_shape must have the batch {x.shape[0]}, the channels "
                         f"{kernel.shape[2]} of the filters, height and width, got {to_array(output_shape).tolist()}")
    # All windows whole; then what stands where `conv2d` would pad is cut off.
    y = ops.conv2d_transpose(x, kernel, None, steps, "valid", None, spread)
    for axis in (1, 2):
        size, have, step = wanted[axis], x.shape[axis], steps[axis - 1]
        window = (kernel.shape[axis - 1] - 1) * spread[axis - 1] + 1
        total = max((have - 1) * step + window - size, 0)
        before, after = {"same": (total // 2, total - total // 2), "valid": (0, 0)}[frame] if isinstance(
            frame, str) else frame[axis - 1]
        if (-(-size // step) if frame == "same" else (size + before + after - window) // step + 1) != have:
            raise ValueError(f"tf.nn.{title}: output_shape has length {size} along an axis where the input has {have}; "
                             f"a convolution with strides {steps} and padding {padding!r} does not make this of it")
        missing = [(0, max(before + size - y.shape[axis], 0)) if each == axis else (0, 0) for each in range(4)]
        y = ops.pad(y, missing)[(slice(None),) * axis + (slice(before, before + size),)]
    return ops.transpose(y, (0, 3, 1, 2)) if first else y


def _pooling(title, operation, border):
    def run(input, ksize, strides, padding, data_format):  # noqa: A002
        first = _layout(title, data_format)
        size, steps = _lengths(title, "ksize", ksize, first), _lengths(title, "strides", strides, first)
        frame, x = _padding(title, padding, first), _tensor(input)
        if not isinstance(frame, str):
            if border is None:
                raise ValueError(f"tf.nn.{title}: padding must be 'VALID' or 'SAME', got {padding!r}")
            x, frame = ops.pad(x, to_array(padding).tolist(), constant_values=border), "valid"
        return operation(x, size, steps, frame, "channels_first" if first else "channels_last")

    if title.endswith("2d"):
        def pool(input, ksize, strides, padding, data_format="NHWC", name=None):  # noqa: A002
            return run(input, ksize, strides, padding, data_format)
    else:  # TensorFlow's is for other numbers of axes too
        def pool(input, ksize, strides, padding, data_format=None, name=None):  # noqa: A002
            return run(input, ksize, strides, padding, data_format)

    pool.__name__ = pool.__qualname__ = title
    pool.__doc__ = f"""`ops.{operation.__name__}` of images.

Args:
    input: Shape (batch, height, width, channels), or (batch, channels, height, width) for 'NCHW'.
    ksize, strides: Window and step: an int, (vertical, horizontal), or one an axis.
    padding: 'VALID' or 'SAME'{"" if border is None else ", or four pairs, one an axis"}.
    data_format: 'NHWC' or 'NCHW'.
    name: TensorFlow's, without effect.

Returns:
    Tensor, shape (batch, out_height, out_width, channels).

>>> {title}(np.array([1.0, 3.0, 5.0, 7.0]).reshape(1, 2, 2, 1), 2, 2, "VALID").numpy().ravel()
array([{"4." if border is None else "7."}])
"""
    return pool


max_pool2d = _pooling("max_pool2d", ops.max_pool2d, -np.inf)
max_pool = _pooling("max_pool", ops.max_pool2d, -np.inf)
avg_pool2d = _pooling("avg_pool2d", ops.average_pool2d, None)
avg_pool = _pooling("avg_pool", ops.average_pool2d, None)


def bias_add(value: TensorLike, bias: TensorLike, data_format: str | None = None, name: str | None = None) -> Tensor:
    """Add one number to each channel.

    Args:
        value: Tensor with channels last, or in axis 1 if `data_format` begins with 'NC'.
        bias: Shape (channels,).
        data_format: 'N...C' or 'NC...', or one such as 'NHWC', 'NCHW'; channels are last if None.
        name: TensorFlow's, without effect.

    Returns:
        Tensor, shaped like `value`.

    Raises:
        ValueError: `bias` has another length, or `data_format` is none of these.

    >>> bias_add([[1.0, 2.0], [3.0, 4.0]], [10.0, 20.0]).tolist()
    [[11.0, 22.0], [13.0, 24.0]]
    """
    if data_format is not None and not (data_format[:1] == "N" and "C" in (data_format[1:2], data_format[-1:])):
        raise ValueError(f"tf.nn.bias_add: data_format must be 'N...C' or 'NC...', got {data_format!r}")
    first = data_format is not None and data_format[1] == "C"
    value, bias = _tensor(value), _tensor(bias)
    if tuple(bias.shape) != (value.shape[1 if first else -1],):
        raise ValueError(f"tf.nn.bias_add: bias has shape {tuple(bias.shape)}, value {tuple(value.shape)} has "
                         f"{value.shape[1 if first else -1]} channels")
    return ops.add(value, ops.reshape(bias, (-1, *[1] * (len(value.shape) - 2))) if first else bias)


# -- normalization, noise, tables -----------------------------------------------------------------------------------


def batch_normalization(x: TensorLike, mean: TensorLike, variance: TensorLike, offset: TensorLike | None,
                        scale: TensorLike | None, variance_epsilon: float, name: str | None = None) -> Tensor:
    """Return (x - mean) / sqrt(variance + variance_epsilon) scale + offset; a scale or offset of None is left out.

    Args:
        x: Tensor.
        mean, variance, offset, scale: Tensors that broadcast to its shape; None for an offset of 0, a scale of 1.
        variance_epsilon: Added to the variance.

    >>> batch_normalization([[1.0], [3.0]], [2.0], [1.0], [10.0], [5.0], 0.0).numpy().round(3)
    array([[ 5.],
           [15.]], dtype=float32)
    """
    normal = (_tensor(x) - mean) * ops.rsqrt(_tensor(variance) + variance_epsilon)
    normal = normal if scale is None else normal * scale
    return normal if offset is None else normal + offset


def moments(x: TensorLike, axes: Axis, shift: Any = None, keepdims: bool = False,
            name: str | None = None) -> tuple[Tensor, Tensor]:
    """Return (mean, variance) along axes.

    Args:
        x: Tensor.
        axes: The axes.
        shift: Not used, in TensorFlow neither.
        keepdims: Whether to keep the axes, with length 1.
        name: TensorFlow's, without effect.

    >>> [part.item() for part in moments([1.0, 3.0], [0])]
    [2.0, 1.0]
    """
    return ops.moments(x, as_axis(axes), bool(keepdims))


def dropout(x: TensorLike, rate: float, noise_shape: Any = None, seed: Any = None, name: str | None = None) -> Tensor:
    """Set elements to 0 with probability `rate`, and scale the others by 1 / (1 - rate): `ops.dropout`.

    Args:
        x: Tensor.
        rate: The probability.
        noise_shape: Shape of what is drawn; 1 where an axis shares it. That of x if None.
        seed: int, of the draw.
        name: TensorFlow's, without effect.

    Returns:
        Tensor, shaped like `x`.

    >>> kept = dropout(np.ones(1000), 0.75, seed=1).numpy()
    >>> np.unique(kept).tolist()  # dropped, or divided by 1 - 0.75
    [0.0, 4.0]
    """
    return ops.dropout(x, float(to_array(rate)), None if noise_shape is None else tuple(
        have if want is None else int(want) for want, have in zip(noise_shape, np.shape(x), strict=True)), seed)


def embedding_lookup(params: TensorLike, ids: TensorLike, max_norm: float | None = None,
                     name: str | None = None) -> Tensor:
    """Return the rows of `params` at `ids`.

    Args:
        params: Tensor, shape (rows, ...).
        ids: Whole numbers.
        max_norm: Rows with a larger norm are scaled down to it.
        name: TensorFlow's, without effect.

    Raises:
        IndexError: a row does not exist.
        ValueError: `params` is a list of tables, which tinynet does not join.

    >>> embedding_lookup(Tensor([[3.0, 4.0], [0.0, 1.0]]), [0], max_norm=1.0).numpy().round(3)
    array([[0.6, 0.8]], dtype=float32)
    """
    if isinstance(params, list | tuple) and params and isinstance(params[0], Tensor):
        raise ValueError("tf.nn.embedding_lookup: params is a list of tables; join them with tf.concat(params, 0)")
    params = convert_to_tensor(params)
    rows = ops.take(params, check_indices("nn.embedding_lookup", ids, params.shape[0]), 0)
    return rows if max_norm is None else clip_by_norm(rows, max_norm, tuple(range(np.ndim(to_array(ids)), rows.ndim)))


class TopKV2(NamedTuple):
    """What `tf.math.top_k` returns."""

    values: Tensor
    indices: Tensor


def top_k(input: TensorLike, k: TensorLike = 1, sorted: bool = True, index_type: DTypeLike = "int32",
          name: str | None = None) -> TopKV2:  # noqa: A002
    """Return the k largest elements along the last axis, and their indices; of equal ones the first.

    Args:
        input: Tensor, shape (..., n).
        k: How many.
        sorted: Whether the largest must be first; it always is.
        index_type: Element type of the indices.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: k is negative or above n.

    >>> top_k([1.0, 3.0, 2.0], k=2).values.tolist()
    [3.0, 2.0]
    """
    values, indices = ops.top_k(input, int(numbers_of(k)))
    return TopKV2(values, ops.cast(indices, index_type))


# -- activations ----------------------------------------------------------------------------------------------------

relu = as_tf("nn.relu", ops.relu, "features")
relu6 = as_tf("nn.relu6", ops.relu6, "features")
elu = as_tf("nn.elu", ops.elu, "features")
selu = as_tf("nn.selu", ops.selu, "features")
softplus = as_tf("nn.softplus", ops.softplus, "features")
softsign = as_tf("nn.softsign", ops.softsign, "features")
sigmoid = as_tf("nn.sigmoid", ops.sigmoid, "x")
tanh = as_tf("nn.tanh", ops.tanh, "x")
in_top_k = as_tf("nn.in_top_k", ops.in_top_k, "targets", "predictions", "k")
leaky_relu = as_tf("nn.leaky_relu", ops.leaky_relu, "features", alpha=0.2)
gelu = as_tf("nn.gelu", ops.gelu, "features", approximate=False)


def silu(features: TensorLike, beta: TensorLike = 1.0) -> Tensor:
    """Return features sigmoid(beta features).

    Args:
        features: Tensor.
        beta: Factor inside the sigmoid.

    >>> silu([0.0, 2.0], beta=0.5).numpy().round(3)
    array([0.   , 1.462], dtype=float32)
    """
    if isinstance(beta, float | int) and beta == 1:
        return ops.silu(features)
    return ops.multiply(features, ops.sigmoid(ops.multiply(features, beta)))


swish = silu


def softmax(logits: TensorLike, axis: int | None = None, name: str | None = None) -> Tensor:
    """Return exp(x) / sum(exp(x)) along an axis, the last if None: `ops.softmax`.

    Args:
        logits: Tensor.
        axis: The axis of classes.

    >>> softmax([0.0, 0.0, -1000.0]).numpy().round(3)
    array([0.5, 0.5, 0. ], dtype=float32)
    """
    return ops.softmax(logits, -1 if axis is None else as_axis(axis))


def log_softmax(logits: TensorLike, axis: int | None = None, name: str | None = None) -> Tensor:
    """Return x - log(sum(exp(x))) along an axis, the last if None: `ops.log_softmax`.

    Args:
        logits: Tensor.
        axis: The axis of classes.

    >>> log_softmax([0.0, 0.0]).numpy().round(3)
    array([-0.693, -0.693], dtype=float32)
    """
    return ops.log_softmax(logits, -1 if axis is None else as_axis(axis))


_function: Any
for _function in (silu, softmax, log_softmax):  # as those of `as_tf`: see tinynet/activations.py
    _function.operation_of_tinynet = getattr(ops, _function.__name__)

# -- losses ---------------------------------------------------------------------------------------------------------


def _logits_and_labels(title, labels, logits):
    if labels is None or logits is None:
        raise ValueError(f"tf.nn.{title}: labels and logits must both be given")
    return _tensor(labels), _tensor(logits)


def softmax_cross_entropy_with_logits(labels: TensorLike, logits: TensorLike, axis: int = -1,
                                      name: str | None = None) -> Tensor:
    """Return -sum(labels log(softmax(logits))) along an axis.

    Args:
        labels: Probabilities of the classes, shape of the logits.
        logits: The network's outputs.
        axis: That of the classes.
        name: TensorFlow's, without effect.

    >>> softmax_cross_entropy_with_logits([[0.0, 1.0]], [[0.0, 0.0]]).numpy().round(3)
    array([0.693], dtype=float32)
    """
    labels, logits = _logits_and_labels("softmax_cross_entropy_with_logits", labels, logits)
    return -ops.sum(ops.cast(labels, logits.dtype) * ops.log_softmax(logits, as_axis(axis)), as_axis(axis))


def sparse_softmax_cross_entropy_with_logits(labels: TensorLike, logits: TensorLike,
                                             name: str | None = None) -> Tensor:
    """Return -log(softmax(logits)[label]) of the last axis.

    Args:
        labels: Class numbers, shape of the logits without the last axis.
        logits: The network's outputs.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: the labels have another shape, or one is no class.

    >>> sparse_softmax_cross_entropy_with_logits([1], [[0.0, 0.0]]).numpy().round(3)
    array([0.693], dtype=float32)
    """
    labels, logits = _logits_and_labels("sparse_softmax_cross_entropy_with_logits", labels, logits)
    if tuple(labels.shape) != tuple(logits.shape[:-1]):
        raise ValueError(f"tf.nn.sparse_softmax_cross_entropy_with_logits: labels must have shape "
                         f"{tuple(logits.shape[:-1])}, got {tuple(labels.shape)}")
    return ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)


def sigmoid_cross_entropy_with_logits(labels: TensorLike | None = None, logits: TensorLike | None = None,
                                      name: str | None = None) -> Tensor:
    """Return -labels log(sigmoid(logits)) - (1 - labels) log(1 - sigmoid(logits)), element by element.

    Args:
        labels: Probabilities, shape of the logits.
        logits: The network's outputs.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: the shapes differ, or one is missing.

    >>> sigmoid_cross_entropy_with_logits([1.0, 0.0], [0.0, 0.0]).numpy().round(3)
    array([0.693, 0.693], dtype=float32)
    """
    labels, logits = _logits_and_labels("sigmoid_cross_entropy_with_logits", labels, logits)
    return _sigmoid_loss("sigmoid_cross_entropy_with_logits", labels, logits, 1.0)


def weighted_cross_entropy_with_logits(labels: TensorLike, logits: TensorLike, pos_weight: TensorLike,
                                       name: str | None = None) -> Tensor:
    """Return -pos_weight labels log(sigmoid(logits)) - (1 - labels) log(1 - sigmoid(logits)), element by element.

    Args:
        labels: Probabilities, shape of the logits.
        logits: The network's outputs.
        pos_weight: What positive samples count: above 1 finds more of them, below 1 raises fewer false alarms.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: the shapes differ.

    >>> weighted_cross_entropy_with_logits([1.0, 0.0], [0.0, 0.0], 2.0).numpy().round(3)
    array([1.386, 0.693], dtype=float32)
    """
    labels, logits = _logits_and_labels("weighted_cross_entropy_with_logits", labels, logits)
    return _sigmoid_loss("weighted_cross_entropy_with_logits", labels, logits, pos_weight)


def _sigmoid_loss(title, labels, logits, pos_weight):
    """(1 - z) x + (1 + (q - 1) z) softplus(-x), which does not overflow."""
    if tuple(labels.shape) != tuple(logits.shape):
        raise ValueError(f"tf.nn.{title}: labels {tuple(labels.shape)} and logits {tuple(logits.shape)} must have one "
                         "shape")
    labels = ops.cast(labels, logits.dtype)
    return (1 - labels) * logits + (1 + (pos_weight - 1) * labels) * ops.softplus(-logits)


def l2_loss(t: TensorLike, name: str | None = None) -> Tensor:
    """Return half of the sum of squares.

    Args:
        t: Tensor.

    >>> l2_loss([3.0, 4.0]).item()
    12.5
    """
    return ops.sum(ops.square(t)) * 0.5
