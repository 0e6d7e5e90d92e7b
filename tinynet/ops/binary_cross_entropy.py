"""Binary cross-entropy: the loss of yes-or-no questions, -z log p - (1 - z) log(1 - p) for each element.

From logits, the sigmoid and the logarithm are one step, exact at any size, with the gradient p - z. Probabilities are
clipped to [epsilon, 1 - epsilon] first, as Keras does.
"""

from __future__ import annotations

import numpy as np

from .. import config
from ..core.types import Array, TensorLike
from ..runtime import kernels
from ..tape import record
from ..tensor import Tensor, convert_to_tensor
from .activation_formulas import elementwise, log_one_plus_exp, sigma
from .arguments import as_floats
from .elementwise import clip, log
from .recorded_gradients import as_it_was, composed


def clipped(q: Array, epsilon: float) -> tuple[Array, Array]:
    """q clipped to [epsilon, 1 - epsilon], and booleans that are True where q lay inside."""
    low, high = q.dtype.type(epsilon), q.dtype.type(1 - epsilon)
    return np.clip(q, low, high), ~((q < low) | (q > high))


def sigmoid_cross_entropy_forward(logits: Array, targets: Array) -> Array:
    """Reference: -z log s(x) - (1 - z) log(1 - s(x)), written so that nothing overflows.

    Args:
        logits: x, array of any shape.
        targets: z, of the same shape.

    Returns:
        Losses, of the same shape.
    """
    with np.errstate(all="ignore"):
        return np.maximum(logits, 0) - logits * targets + log_one_plus_exp(-np.abs(logits))


def sigmoid_cross_entropy_backward(dlosses: Array, logits: Array, targets: Array) -> Array:
    """Reference: dlogits = dloss (s(x) - z).

    Args:
        dlosses: Gradient of the losses.
        logits, targets: As for `sigmoid_cross_entropy_forward`.

    Returns:
        Gradient of the logits.
    """
    with np.errstate(all="ignore"):
        return dlosses * (sigma(logits) - targets)


def binary_cross_entropy_forward(probabilities: Array, targets: Array, epsilon: float = 1e-7) -> Array:
    """Reference: -z log p - (1 - z) log(1 - p), with p clipped.

    Args:
        probabilities: p, array of any shape.
        targets: z, of the same shape.
        epsilon: p is clipped to [epsilon, 1 - epsilon].

    Returns:
        Losses, of the same shape.
    """
    with np.errstate(all="ignore"):
        p, _ = clipped(probabilities, epsilon)
        return -(targets * np.log(p) + (1 - targets) * np.log(1 - p))


def binary_cross_entropy_backward(
    dlosses: Array, probabilities: Array, targets: Array, epsilon: float = 1e-7
) -> Array:
    """Reference: dp = dloss ((1 - z) / (1 - p) - z / p), 0 where p was clipped.

    Args:
        dlosses: Gradient of the losses.
        probabilities, targets, epsilon: As for `binary_cross_entropy_forward`.

    Returns:
        Gradient of the probabilities.
    """
    with np.errstate(all="ignore"):
        _, inside = clipped(probabilities, epsilon)
        return np.where(inside, dlosses * ((1 - targets) / (1 - probabilities) - targets / probabilities), 0)


def binary_crossentropy(target: TensorLike, output: TensorLike, from_logits: bool = False) -> Tensor:
    """Cross-entropy of yes-or-no questions, element by element.

    loss = -target log p - (1 - target) log(1 - p)

    There is no gradient for `target`.

    Args:
        target: Tensor of 0 and 1 (or anything between), shaped like `output`.
        output: Tensor: the probability of 1, or with `from_logits` the sigmoid's input.
        from_logits: Whether `output` is the sigmoid's input, which is exact for any size.

    Returns:
        Tensor, shaped like `output`.

    Raises:
        ValueError: the shapes differ.

    >>> binary_crossentropy([1.0, 0.0], [0.75, 0.25]).numpy().round(4)
    array([0.2877, 0.2877], dtype=float32)
    """
    output = as_floats(output)
    targets = convert_to_tensor(target, output.data.dtype).data
    data = output.data
    if targets.shape != data.shape:
        raise ValueError("binary_crossentropy: target and output must have the same shape. "
                         f"Got target {targets.shape}, output {data.shape}. Reshape target to the output's shape")
    if from_logits:
        losses = kernels.sigmoid_cross_entropy_forward(data, targets)
    else:
        epsilon = config.epsilon()
        losses = kernels.binary_cross_entropy_forward(data, targets, epsilon)

    def backward(dlosses):
        if from_logits:
            return (kernels.sigmoid_cross_entropy_backward(dlosses, data, targets),)
        return (kernels.binary_cross_entropy_backward(dlosses, data, targets, epsilon),)

    def logits_gradient(dy, y):
        return (dy * (elementwise(as_it_was(output, data), "sigmoid") - targets),)

    def formula(p):
        p = clip(p, epsilon, 1 - epsilon)
        return -(targets * log(p) + (1 - targets) * log(1 - p))

    return record(losses, (output,), backward,
                  logits_gradient if from_logits else composed(formula, (output,), (data,)))
