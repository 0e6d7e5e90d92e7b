"""Steps scaled by the history of squared gradients: Adagrad, RMSprop, Adadelta."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..initializers import Constant
from ..runtime import kernels
from .base import Optimizer
from .checks import number, share, small_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..core.types import Array
    from ..variable import Variable
    from .schedules import Rate


class Adagrad(Optimizer):
    """a += g^2, w -= learning_rate g / sqrt(a + epsilon); a starts at `initial_accumulator_value`.

    (Duchi, Hazan and Singer, JMLR 12, 2011.) What has moved much moves less and less.
    """

    slot_names = ("accumulator",)
    hyperparameters = ("initial_accumulator_value", "epsilon")

    def __init__(
        self, learning_rate: Rate = 0.001, initial_accumulator_value: float = 0.1, epsilon: float = 1e-7, **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.initial_accumulator_value = number(initial_accumulator_value, self, "initial_accumulator_value", 0)
        self.epsilon = small_number(epsilon, self)

    def add_slots(self, variables: Sequence[Variable]) -> None:
        start = Constant(self.initial_accumulator_value)
        self._slots = [self.add_optimizer_variables(variables, "accumulator", start)]

    def update_all(
        self, weights: list[Array], gradients: list[Array], slots: list[list[Array]], learning_rate: float,
        decay: float,
    ) -> None:
        kernels.adagrad_step(weights, gradients, slots[0], learning_rate, self.epsilon, decay)


class RMSprop(Optimizer):
    """s = rho s + (1 - rho) g^2, w -= learning_rate g / sqrt(s + epsilon)  (Hinton's lecture 6e, 2012).

    Args:
        learning_rate: See `Optimizer`, as for all arguments not named here.
        rho: How much of the mean square stays from step to step.
        momentum: If above 0, v = momentum v + step and w -= v.
        epsilon: Stands inside the root.
        centered: Divide by the standard deviation of g instead of its root mean square.
    """

    hyperparameters = ("rho", "momentum", "epsilon", "centered")

    def __init__(
        self, learning_rate: Rate = 0.001, rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-7,
        centered: bool = False, **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho = share(rho, self, "rho")
        self.momentum = number(momentum, self, "momentum", 0)
        self.epsilon = small_number(epsilon, self)
        self.centered = centered

    def add_slots(self, variables: Sequence[Variable]) -> None:
        self._slots = [self.add_optimizer_variables(variables, "velocity")]
        if self.momentum > 0:
            self._slots.append(self.add_optimizer_variables(variables, "momentum"))
        if self.centered:
            self._slots.append(self.add_optimizer_variables(variables, "average_gradient"))

    def update_all(
        self, weights: list[Array], gradients: list[Array], slots: list[list[Array]], learning_rate: float,
        decay: float,
    ) -> None:
        velocities = slots[1] if self.momentum > 0 else None
        means = slots[-1] if self.centered else None
        kernels.rmsprop_step(
            weights, gradients, slots[0], velocities, means, learning_rate, self.rho, self.momentum, self.epsilon, decay
        )


class Adadelta(Optimizer):
    """s = rho s + (1 - rho) g^2, d = sqrt(u + epsilon) / sqrt(s + epsilon) g, u = rho u + (1 - rho) d^2.

    w -= learning_rate d. (Zeiler, arXiv:1212.5701.) The step has the unit of the weights; the paper's learning rate
    is 1.
    """

    slot_names = ("accumulated_grad", "accumulated_delta_var")
    hyperparameters = ("rho", "epsilon")

    def __init__(self, learning_rate: Rate = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **kwargs: Any) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho = share(rho, self, "rho")
        self.epsilon = small_number(epsilon, self)

    def update_all(
        self, weights: list[Array], gradients: list[Array], slots: list[list[Array]], learning_rate: float,
        decay: float,
    ) -> None:
        kernels.adadelta_step(weights, gradients, *slots, learning_rate, self.rho, self.epsilon, decay)
