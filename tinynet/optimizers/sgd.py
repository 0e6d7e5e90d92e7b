"""Gradient descent, with momentum and Nesterov's look ahead."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any

from ..runtime import kernels
from .base import Optimizer

if TYPE_CHECKING:
    from ..core.types import Array
    from .schedules import Rate


class SGD(Optimizer):
    """w -= learning_rate g; with momentum v = momentum v - learning_rate g, w += v.

    With `nesterov`, w += momentum v - learning_rate g: the step from where the momentum will have led.

    Args:
        learning_rate: See `Optimizer`, as for all arguments not named here.
        momentum: From 0 to 1.
        nesterov: Look ahead.
    """

    hyperparameters = ("momentum", "nesterov")

    def __init__(
        self, learning_rate: Rate = 0.01, momentum: float = 0.0, nesterov: bool = False, **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        if isinstance(momentum, bool) or not isinstance(momentum, numbers.Real) or not 0 <= momentum <= 1:
            raise ValueError(f"SGD: momentum must be a float from 0 to 1, got {momentum!r}")
        self.momentum = float(momentum)
        self.nesterov = nesterov
        if momentum:
            self.slot_names = ("momentum",)

    def update_all(
        self, weights: list[Array], gradients: list[Array], slots: list[list[Array]], learning_rate: float,
        decay: float,
    ) -> None:
        kernels.sgd_step(
            weights, gradients, slots[0] if slots else None, learning_rate, self.momentum, self.nesterov, decay
        )
