"""Cross-entropy with the true class given by its number: -log p[label].

From logits, softmax and the logarithm are one step, exact at any size, with the gradient p - one_hot. Probabilities are
first divided by their sum and clipped to [epsilon, 1 - epsilon], as Keras does.
"""

from __future__ import annotations

import numpy as np

from .. import config
from ..core.recording import derived
from ..core.types import Array, TensorLike
from ..runtime import kernels
from ..tape import record
from ..tensor import Tensor
from .arguments import as_floats, check_axis
from .binary_cross_entropy import clipped
from .elementwise import clip, log
from .indexing import where
from .recorded_gradients import as_it_was, composed
from .reduction import sum
from .shape import broadcast_to, expand_dims
from .softmax import log_softmax_forward, softmax, softmax_forward


def _one_hot(labels, classes, ignore_negative=True):
    """One-hot rows for the labels; zeros for a negative label, which leaves its row out of everything."""
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iub":
        raise TypeError(f"labels must be an array of integers, got {labels.dtype}")
    wrong = np.flatnonzero((labels >= classes) if ignore_negative else (labels >= classes) | (labels < 0))
    if wrong.size:
        index = wrong[0]
        raise ValueError(f"label {labels.ravel()[index]} at index {index}; "
                         f"the model has {classes} classes (0..{classes - 1})")
    return (labels[..., None] == np.arange(classes)).astype(float)


def _picked(one_hot, values):
    """sum_k one_hot_k values_k, where 0 times infinity is 0."""
    return np.where(one_hot > 0, values, 0).sum(axis=-1)


def sparse_softmax_cross_entropy_forward(
    logits: Array, labels: Array, ignore_negative: bool = False
) -> tuple[Array, Array]:
    """Reference: -log softmax(logits)[label], and the probabilities.

    Args:
        logits: Shape (..., classes).
        labels: Integers, shape (...).
        ignore_negative: Whether a negative label means loss 0; else it is an error.

    Returns:
        (losses, probabilities): shapes (...) and (..., classes).

    Raises:
        TypeError: the labels are no integers.
        ValueError: a label is not the number of a class.
    """
    one_hot = _one_hot(labels, logits.shape[-1], ignore_negative)
    return -_picked(one_hot, log_softmax_forward(logits)), softmax_forward(logits)


def sparse_softmax_cross_entropy_backward(dlosses: Array, probabilities: Array, labels: Array) -> Array:
    """Reference: dlogits = dloss (p - one_hot), 0 for a negative label.

    Args:
        dlosses: Gradient of the losses.
        probabilities: The forward pass's.
        labels: As for `sparse_softmax_cross_entropy_forward`.

    Returns:
        Gradient of the logits.
    """
    one_hot = _one_hot(labels, probabilities.shape[-1]).astype(probabilities.dtype)
    counts = np.asarray(labels)[..., None] >= 0
    return np.where(counts, dlosses[..., None] * (probabilities - one_hot), 0)


def sparse_cross_entropy_forward(
    probabilities: Array, labels: Array, epsilon: float = 1e-7, ignore_negative: bool = False
) -> Array:
    """Reference: -log q[label] with q = p / sum p, clipped.

    Args:
        probabilities: p, shape (..., classes).
        labels, ignore_negative: As for `sparse_softmax_cross_entropy_forward`.
        epsilon: q is clipped to [epsilon, 1 - epsilon].

    Returns:
        Losses, shape (...).

    Raises:
        TypeError: the labels are no integers.
        ValueError: a label is not the number of a class.
    """
    one_hot = _one_hot(labels, probabilities.shape[-1], ignore_negative)
    with np.errstate(all="ignore"):
        q, _ = clipped(probabilities / probabilities.sum(axis=-1, keepdims=True), epsilon)
        return -_picked(one_hot, np.log(q))


def sparse_cross_entropy_backward(
    dlosses: Array, probabilities: Array, labels: Array, epsilon: float = 1e-7
) -> Array:
    """Reference: dp = dloss (1 / sum p - one_hot / p), 0 where the label's q was clipped.

    Args:
        dlosses: Gradient of the losses.
        probabilities, labels, epsilon: As for `sparse_cross_entropy_forward`.

    Returns:
        Gradient of the probabilities.
    """
    one_hot = _one_hot(labels, probabilities.shape[-1])
    total = probabilities.sum(axis=-1, keepdims=True)
    with np.errstate(all="ignore"):
        _, inside = clipped(probabilities / total, epsilon)
        counts = (one_hot * inside).sum(axis=-1, keepdims=True) > 0
        dp = dlosses[..., None] / total - np.where(one_hot > 0, dlosses[..., None] / probabilities, 0)
        return np.where(counts, dp, 0).astype(probabilities.dtype)


def sparse_categorical_crossentropy(
    target: TensorLike, output: TensorLike, from_logits: bool = False, axis: int = -1, ignore_class: int | None = None
) -> Tensor:
    """Cross-entropy with the true class given by its number.

    loss = -log p[target]

    Args:
        target: Integers, shape (...) or (..., 1). Floats are accepted when they are whole numbers.
        output: Tensor, shape (..., classes): probabilities, or logits.
        from_logits: Whether `output` is softmax's input, which is exact for any size, and faster.
        axis: The axis of the classes in `output`.
        ignore_class: A label (often -1 or 255) whose samples get loss 0 and no gradient; none if None.

    Returns:
        Tensor, shape (...): one loss a sample.

    Raises:
        ValueError: the shapes do not match, or a label is not the number of a class.

    >>> sparse_categorical_crossentropy([1], [[0.25, 0.75]]).numpy().round(4)
    array([0.2877], dtype=float32)
    """
    output = as_floats(output)
    data = output.data if axis == -1 else classes_last("sparse_categorical_crossentropy", output.data, axis)
    labels = target.data if hasattr(target, "data") and not isinstance(target, np.ndarray) else np.asarray(target)
    if labels.shape != data.shape[:-1] or not data.ndim:
        labels = _squeezed(labels, output.shape, data.shape, axis)
    if labels.dtype.kind not in "iub":
        labels = _whole_numbers(labels)
    if not data.shape[-1]:
        raise ValueError(f"sparse_categorical_crossentropy: output has no classes. Got output {output.shape}")
    if ignore_class is not None:
        labels = np.where(labels == ignore_class, -1, labels.astype(np.int64))
    ignores = ignore_class is not None
    try:
        if from_logits:
            losses, probabilities = kernels.sparse_softmax_cross_entropy_forward(data, labels, ignores)
        else:
            epsilon = config.epsilon()
            losses = kernels.sparse_cross_entropy_forward(data, labels, epsilon, ignores)
    except ValueError as error:
        raise _no_such_class(error) from None

    def backward(dlosses):
        if from_logits:
            doutput = kernels.sparse_softmax_cross_entropy_backward(dlosses, probabilities, labels)
        else:
            doutput = kernels.sparse_cross_entropy_backward(dlosses, data, labels, epsilon)
        return (doutput if axis == -1 else classes_back(doutput, axis),)

    output_data = output.data

    def logits_gradient(dy, y):
        probabilities = softmax(as_it_was(output, output_data), axis)
        return (_logits_gradient(dy, probabilities, labels, axis),)

    def formula(p):
        q = clip(p / sum(p, axis, keepdims=True), epsilon, 1 - epsilon)
        is_label = np.moveaxis(_one_hot(labels, data.shape[-1]), -1, axis) > 0
        return -sum(where(is_label, log(q), 0.0), axis)

    return record(losses, (output,), backward,
                  logits_gradient if from_logits else composed(formula, (output,), (output_data,)))


def _logits_gradient(dlosses, probabilities, labels, axis=-1):
    """`sparse_softmax_cross_entropy_backward` on Tensors, along any axis."""
    one_hot = np.moveaxis(_one_hot(labels, probabilities.shape[axis]), -1, axis)
    counts = np.expand_dims(np.asarray(labels) >= 0, axis)
    return expand_dims(dlosses, axis) * ((probabilities - one_hot) * counts)


def mean_sparse_softmax_cross_entropy(labels: Array, logits: Tensor) -> Tensor:
    """The mean over a batch of -log softmax(logits)[label]: what each step of training a classifier computes.

    Bit for bit the mean of `sparse_categorical_crossentropy` with `from_logits`, in one tape node.

        dlogits = dloss (p - one_hot) / batch

    Args:
        labels: Array of integers, shape (batch,), with one sample at least.
        logits: Tensor, shape (batch, classes).

    Returns:
        Tensor without dimensions.

    Raises:
        ValueError: a label is not the number of a class.

    >>> mean_sparse_softmax_cross_entropy(np.array([0, 1]), tn.Tensor([[0.0, 0.0], [0.0, 0.0]])).numpy()
    np.float32(0.6931472)
    """
    try:
        losses, probabilities = kernels.sparse_softmax_cross_entropy_forward(logits.data, labels, False)
    except ValueError as error:
        raise _no_such_class(error) from None

    count, dtype = len(losses), losses.dtype

    def equal_shares(dloss):
        dlosses = np.empty(count, dtype)  # with fill, a quarter of the time of np.full
        dlosses.fill(float(dloss) / count)
        return dlosses

    def backward(dloss):
        dlosses = derived(equal_shares, dloss)
        return (kernels.sparse_softmax_cross_entropy_backward(dlosses, probabilities, labels),)

    logits_data = logits.data

    def differentiable(dy, y):
        dlosses = broadcast_to(dy / len(losses), losses.shape)
        return (_logits_gradient(dlosses, softmax(as_it_was(logits, logits_data)), labels),)

    return record(kernels.reduce_mean(losses), (logits,), backward, differentiable)


def _no_such_class(error):
    return ValueError(f"sparse_categorical_crossentropy: {error}. To leave samples out, use ignore_class")


def _squeezed(labels, output_shape, shape, axis):
    """Labels of shape (..., 1) without their last axis. Any other shape is an error."""
    if shape and labels.ndim == len(shape):
        if labels.shape[axis] == 1 and labels.squeeze(axis).shape == shape[:-1]:
            return labels.squeeze(axis)
        if labels.shape == output_shape:
            raise ValueError(
                f"sparse_categorical_crossentropy: target has the output's shape {output_shape}, it looks one-hot. "
                "Use categorical_crossentropy, or pass target.argmax(-1)."
            )
    raise ValueError(
        "sparse_categorical_crossentropy: target must have output's shape without the axis of the classes. "
        f"Got target {labels.shape}, output {output_shape}, axis {axis}."
    )


def _whole_numbers(labels):
    whole = labels.astype(np.int64) if labels.dtype.kind == "f" and np.isfinite(labels).all() else None
    if whole is None or not np.array_equal(whole, labels):
        raise ValueError("sparse_categorical_crossentropy: labels must be whole numbers, "
                         f"got {labels.dtype} with other values. "
                         "For targets that are probabilities use categorical_crossentropy")
    return whole


def classes_last(operation: str, array: Array, axis: int) -> Array:
    """An array with the axis of the classes moved to the end.

    Raises:
        ValueError: there is no such axis.
    """
    return np.moveaxis(array, check_axis(operation, axis, array.shape), -1)


def classes_back(array: Array, axis: int) -> Array:
    """The inverse of `classes_last`, dense."""
    return np.ascontiguousarray(np.moveaxis(array, -1, axis))
