"""Steps scaled by the history of squared gradients: Adagrad, RMSprop, Adadelta."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..initializers import Constant
from ..runtime import kernels
from .base import Optimizer
from .checks import decay_rate, finite, small_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..core.types import Array
    from ..variable import Variable
    from .schedules import Rate


class Adagrad(Optimizer):
    """a += g^2, w -= learning_rate g / sqrt(a + epsilon); a starts at `initial_accumulator_value`.

    The steps of a weight become smaller the more it has moved.

    Args:
        learning_rate: See `Optimizer`.
        initial_accumulator_value: First value of a, at least 0.
        epsilon: Stands inside the root, at least 0.
        **kwargs: The other arguments of `Optimizer`.

    Raises:
        ValueError: an argument is outside its range, or unknown.

    Source: Duchi, Hazan and Singer 2011, JMLR 12.

    >>> w = Variable([1.0])
    >>> Adagrad(learning_rate=0.1, initial_accumulator_value=0.0).apply([np.array([2.0])], [w])
    >>> w.numpy().round(4)
    array([0.9], dtype=float32)
    """

    slot_names = ("accumulator",)
    hyperparameters = ("initial_accumulator_value", "epsilon")

    def __init__(
        self, learning_rate: Rate = 0.001, initial_accumulator_value: float = 0.1, epsilon: float = 1e-7, **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.initial_accumulator_value = finite(initial_accumulator_value, self, "initial_accumulator_value", 0)
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
    """s = rho s + (1 - rho) g^2, w -= learning_rate g / sqrt(s + epsilon).

    Args:
        learning_rate: See `Optimizer`.
        rho: Fraction of the mean square s that stays from step to step, from 0 to below 1.
        momentum: If above 0, v = momentum v + step and w -= v.
        epsilon: Stands inside the root, at least 0.
        centered: Whether to divide by the standard deviation of g instead of its root mean square.
        **kwargs: The other arguments of `Optimizer`.

    Raises:
        ValueError: an argument is outside its range, or unknown.

    Source: Tieleman and Hinton 2012, lecture 6e of the course "Neural Networks for Machine Learning".

    >>> w = Variable([1.0])
    >>> RMSprop(learning_rate=0.1, rho=0.0).apply([np.array([2.0])], [w])
    >>> w.numpy().round(4)
    array([0.9], dtype=float32)
    """

    hyperparameters = ("rho", "momentum", "epsilon", "centered")

    def __init__(
        self, learning_rate: Rate = 0.001, rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-7,
        centered: bool = False, **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho = decay_rate(rho, self, "rho")
        self.momentum = finite(momentum, self, "momentum", 0)
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

    w -= learning_rate d. The step has the unit of the weights; the paper's learning rate is 1.

    Args:
        learning_rate: See `Optimizer`.
        rho: Fraction of the mean squares s and u that stays from step to step, from 0 to below 1.
        epsilon: Stands inside the roots, at least 0; it sets the size of the first steps.
        **kwargs: The other arguments of `Optimizer`.

    Raises:
        ValueError: an argument is outside its range, or unknown.

    Source: Zeiler 2012, arXiv:1212.5701.

    >>> w = Variable([1.0])
    >>> Adadelta(learning_rate=1.0, rho=0.0, epsilon=0.01).apply([np.array([2.0])], [w])
    >>> w.numpy().round(4)  # 0.1 * 2 / sqrt(4.01)
    array([0.9001], dtype=float32)
    """

    slot_names = ("accumulated_grad", "accumulated_delta_var")
    hyperparameters = ("rho", "epsilon")

    def __init__(self, learning_rate: Rate = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **kwargs: Any) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho = decay_rate(rho, self, "rho")
        self.epsilon = small_number(epsilon, self)

    def update_all(
        self, weights: list[Array], gradients: list[Array], slots: list[list[Array]], learning_rate: float,
        decay: float,
    ) -> None:
        kernels.adadelta_step(weights, gradients, *slots, learning_rate, self.rho, self.epsilon, decay)
