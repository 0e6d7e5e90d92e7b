"""Gradient descent, with momentum and Nesterov's look ahead."""

import numbers

from ..runtime import kernels
from .base import Optimizer


class SGD(Optimizer):
    """w -= learning_rate g; with momentum v = momentum v - learning_rate g, w += v.

    With `nesterov`, w += momentum v - learning_rate g: the step from where the momentum will have led.

    Args:
        learning_rate: See `Optimizer`, as for all arguments not named here.
        momentum: From 0 to 1.
        nesterov: Look ahead.
    """

    hyperparameters = ("momentum", "nesterov")

    def __init__(self, learning_rate=0.01, momentum=0.0, nesterov=False, **kwargs):
        super().__init__(learning_rate, **kwargs)
        if isinstance(momentum, bool) or not isinstance(momentum, numbers.Real) or not 0 <= momentum <= 1:
            raise ValueError(f"SGD: momentum must be a float from 0 to 1, got {momentum!r}")
        self.momentum = float(momentum)
        self.nesterov = nesterov
        if momentum:
            self.slot_names = ("momentum",)

    def update_all(self, weights, gradients, slots, learning_rate, decay):
        kernels.sgd_step(
            weights, gradients, slots[0] if slots else None, learning_rate, self.momentum, self.nesterov, decay
        )
