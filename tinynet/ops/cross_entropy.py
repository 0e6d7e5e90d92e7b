"""Cross-entropy with the truth given as probabilities, -sum_k target_k log p_k; and the other two forms by name.

From logits, softmax and the logarithm are one step, exact at any size, with the gradient p - target. Probabilities are
first divided by their sum and clipped to [epsilon, 1 - epsilon], as Keras does.
"""

from __future__ import annotations

import numpy as np

from .. import config
from ..core.types import Array, TensorLike
from ..runtime import kernels
from ..tape import record
from ..tensor import Tensor, convert_to_tensor
from .arguments import as_floats
from .binary_cross_entropy import (
    binary_cross_entropy_backward,
    binary_cross_entropy_forward,
    binary_crossentropy,
    clipped,
    sigmoid_cross_entropy_backward,
    sigmoid_cross_entropy_forward,
)
from .elementwise import clip, log
from .recorded_gradients import as_it_was, composed
from .reduction import sum
from .shape import expand_dims
from .softmax import log_softmax_forward, softmax, softmax_forward
from .sparse_cross_entropy import (
    classes_back,
    classes_last,
    mean_sparse_softmax_cross_entropy,
    sparse_categorical_crossentropy,
    sparse_cross_entropy_backward,
    sparse_cross_entropy_forward,
    sparse_softmax_cross_entropy_backward,
    sparse_softmax_cross_entropy_forward,
)

__all__ = [
    "binary_cross_entropy_backward", "binary_cross_entropy_forward", "binary_crossentropy", "categorical_crossentropy",
    "cross_entropy_backward", "cross_entropy_forward", "mean_sparse_softmax_cross_entropy",
    "sigmoid_cross_entropy_backward", "sigmoid_cross_entropy_forward", "softmax_cross_entropy_backward",
    "softmax_cross_entropy_forward", "sparse_categorical_crossentropy", "sparse_cross_entropy_backward",
    "sparse_cross_entropy_forward", "sparse_softmax_cross_entropy_backward", "sparse_softmax_cross_entropy_forward",
]


def softmax_cross_entropy_forward(logits: Array, targets: Array) -> tuple[Array, Array]:
    """Reference: -sum target log softmax(logits), and the probabilities.

    Args:
        logits: Shape (..., classes).
        targets: Probabilities, of the same shape.

    Returns:
        (losses, probabilities): shapes (...) and (..., classes).
    """
    with np.errstate(all="ignore"):
        return -(targets * log_softmax_forward(logits)).sum(axis=-1), softmax_forward(logits)


def softmax_cross_entropy_backward(dlosses: Array, probabilities: Array, targets: Array) -> Array:
    """Reference: dlogits = dloss (p sum target - target), which is dloss (p - target) when the targets sum to 1.

    Args:
        dlosses: Gradient of the losses.
        probabilities: The forward pass's.
        targets: As for `softmax_cross_entropy_forward`.

    Returns:
        Gradient of the logits.
    """
    return dlosses[..., None] * (probabilities * targets.sum(axis=-1, keepdims=True) - targets)


def cross_entropy_forward(probabilities: Array, targets: Array, epsilon: float = 1e-7) -> Array:
    """Reference: -sum target log q with q = p / sum p, clipped.

    Args:
        probabilities: p, shape (..., classes).
        targets: Probabilities, of the same shape.
        epsilon: q is clipped to [epsilon, 1 - epsilon].

    Returns:
        Losses, shape (...).
    """
    with np.errstate(all="ignore"):
        q, _ = clipped(probabilities / probabilities.sum(axis=-1, keepdims=True), epsilon)
        return -(targets * np.log(q)).sum(axis=-1)


def cross_entropy_backward(
    dlosses: Array, probabilities: Array, targets: Array, epsilon: float = 1e-7
) -> Array:
    """Reference: dp = dloss (sum target / sum p - target / p), with the targets of clipped q taken as 0.

    Args:
        dlosses: Gradient of the losses.
        probabilities, targets, epsilon: As for `cross_entropy_forward`.

    Returns:
        Gradient of the probabilities.
    """
    total = probabilities.sum(axis=-1, keepdims=True)
    with np.errstate(all="ignore"):
        _, inside = clipped(probabilities / total, epsilon)
        from_sum = np.where(inside, targets, 0).sum(axis=-1, keepdims=True) / total
        return dlosses[..., None] * (from_sum - np.where(inside, targets / probabilities, 0))


def categorical_crossentropy(
    target: TensorLike, output: TensorLike, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """Cross-entropy with the truth given as probabilities, one-hot or soft.

    loss = -sum over k of target_k log p_k

    There is no gradient for `target`.

    Args:
        target: Tensor, shaped like `output`.
        output: Tensor, shape (..., classes): probabilities, or logits.
        from_logits: Whether `output` is softmax's input, which is exact for any size, and faster.
        axis: The axis of the classes.

    Returns:
        Tensor, shape (...): one loss a sample.

    Raises:
        ValueError: the shapes do not match, or there is no such axis.

    >>> categorical_crossentropy([[0.0, 1.0]], [[0.25, 0.75]]).numpy().round(4)
    array([0.2877], dtype=float32)
    """
    output = as_floats(output)
    target = convert_to_tensor(target, output.data.dtype)
    if target.data.shape != output.data.shape or not output.data.ndim:
        raise ValueError(
            "categorical_crossentropy: target and output must have the same shape, with at least one axis. "
            f"Got target {target.shape}, output {output.shape}. "
            "For class numbers as targets use sparse_categorical_crossentropy."
        )
    data, targets = output.data, target.data
    if axis != -1:
        data = classes_last("categorical_crossentropy", output.data, axis)
        targets = np.moveaxis(targets, axis, -1)
    if not data.shape[-1]:
        raise ValueError(f"categorical_crossentropy: output has no classes. Got output {output.shape}")
    if from_logits:
        losses, probabilities = kernels.softmax_cross_entropy_forward(data, targets)
    else:
        epsilon = config.epsilon()
        losses = kernels.cross_entropy_forward(data, targets, epsilon)

    def backward(dlosses):
        if from_logits:
            doutput = kernels.softmax_cross_entropy_backward(dlosses, probabilities, targets)
        else:
            doutput = kernels.cross_entropy_backward(dlosses, data, targets, epsilon)
        return (doutput if axis == -1 else classes_back(doutput, axis),)

    def logits_gradient(dy, y):
        probabilities = softmax(as_it_was(output, output_data), axis)
        return (expand_dims(dy, axis) * (probabilities * all_targets.sum(axis=axis, keepdims=True) - all_targets),)

    def formula(p):
        q = clip(p / sum(p, axis, keepdims=True), epsilon, 1 - epsilon)
        return -sum(all_targets * log(q), axis)

    output_data, all_targets = output.data, target.data
    return record(losses, (output,), backward,
                  logits_gradient if from_logits else composed(formula, (output,), (output_data,)))
