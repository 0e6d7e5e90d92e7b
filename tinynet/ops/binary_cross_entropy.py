"""Binary cross-entropy: the loss of yes-or-no questions, -z log p - (1 - z) log(1 - p) for each element.

From logits, the sigmoid and the logarithm are one step, exact at any size, with the gradient p - z. Probabilities are
clipped to [epsilon, 1 - epsilon] first, as Keras does.
"""

import numpy as np

from .. import config
from ..runtime import kernels
from ..tape import record
from ..tensor import convert_to_tensor
from .activation_formulas import log_one_plus_exp, sigma
from .arguments import as_floats


def clipped(q, epsilon):
    """q held between epsilon and 1 - epsilon, and where it lay inside."""
    low, high = q.dtype.type(epsilon), q.dtype.type(1 - epsilon)
    return np.clip(q, low, high), ~((q < low) | (q > high))


def sigmoid_cross_entropy_forward(logits, targets):
    """Reference: -z log s(x) - (1 - z) log(1 - s(x)), written so that nothing overflows."""
    with np.errstate(all="ignore"):
        return np.maximum(logits, 0) - logits * targets + log_one_plus_exp(-np.abs(logits))


def sigmoid_cross_entropy_backward(dlosses, logits, targets):
    """Reference: dlogits = dloss (s(x) - z)."""
    with np.errstate(all="ignore"):
        return dlosses * (sigma(logits) - targets)


def binary_cross_entropy_forward(probabilities, targets, epsilon=1e-7):
    """Reference: -z log p - (1 - z) log(1 - p), with p clipped."""
    with np.errstate(all="ignore"):
        p, _ = clipped(probabilities, epsilon)
        return -(targets * np.log(p) + (1 - targets) * np.log(1 - p))


def binary_cross_entropy_backward(dlosses, probabilities, targets, epsilon=1e-7):
    """Reference: dp = dloss ((1 - z) / (1 - p) - z / p), 0 where p was clipped."""
    with np.errstate(all="ignore"):
        _, inside = clipped(probabilities, epsilon)
        return np.where(inside, dlosses * ((1 - targets) / (1 - probabilities) - targets / probabilities), 0)


def binary_crossentropy(target, output, from_logits=False):
    """Cross-entropy of yes-or-no questions, element by element.

    loss = -target log p - (1 - target) log(1 - p)

    There is no gradient for `target`.

    Args:
        target: Tensor of 0 and 1 (or anything between), shaped like `output`.
        output: Tensor: the probability of 1, or with `from_logits` what goes into the sigmoid.
        from_logits: Whether `output` is what goes into the sigmoid; exact.

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

    return record(losses, (output,), backward)
