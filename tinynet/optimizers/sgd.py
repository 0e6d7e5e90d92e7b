"""Gradient descent, with momentum and Nesterov's change to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.checks import number
from ..runtime import kernels
from .base import Optimizer

if TYPE_CHECKING:
    from ..core.types import Array
    from .schedules import Rate


class SGD(Optimizer):
    """w -= learning_rate g; with momentum v = momentum v - learning_rate g, w += v.

    With `nesterov`, w += momentum v - learning_rate g: the step from the point to which the momentum leads.

    Args:
        learning_rate: See `Optimizer`.
        momentum: Fraction of the velocity v that stays from step to step, from 0 to 1.
        nesterov: Whether to use Nesterov's form.
        **kwargs: The other arguments of `Optimizer`.

    Raises:
        ValueError: an argument is outside its range, or unknown.

    Source: Sutskever et al. 2013, for momentum and Nesterov's form.

    >>> w = Variable([1.0])
    >>> SGD(learning_rate=0.25).apply([np.array([2.0])], [w])
    >>> w.numpy()
    array([0.5], dtype=float32)
    """

    hyperparameters = ("momentum", "nesterov")

    def __init__(
        self, learning_rate: Rate = 0.01, momentum: float = 0.0, nesterov: bool = False, **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.momentum = float(number(momentum, type(self).__name__, "momentum", 0, 1))
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
