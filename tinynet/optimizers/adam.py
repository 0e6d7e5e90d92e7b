"""Adam and its variants: steps scaled by running means of the gradient and of its square."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..runtime import kernels
from .base import Optimizer
from .checks import decay_rate, small_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..core.types import Array
    from ..variable import Variable
    from .schedules import Rate


class _TwoMoments(Optimizer):
    """Running means of the gradient (decay rate beta_1) and of its square or size (beta_2), and an epsilon."""

    hyperparameters: tuple[str, ...] = ("beta_1", "beta_2", "epsilon")

    def __init__(
        self, learning_rate: Rate = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float | None = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1 = decay_rate(beta_1, self, "beta_1")
        self.beta_2 = decay_rate(beta_2, self, "beta_2")
        self.epsilon = small_number(epsilon, self)


class Adam(_TwoMoments):
    """m += (1 - beta_1)(g - m), v += (1 - beta_2)(g^2 - v), w -= alpha m / (sqrt(v) + epsilon).

    alpha = learning_rate sqrt(1 - beta_2^t) / (1 - beta_1^t) at step t. This is the form of section 2 of the paper,
    whose epsilon is sqrt(1 - beta_2^t) times the epsilon of Algorithm 1.

    Args:
        learning_rate: See `Optimizer`.
        beta_1: Fraction of the mean gradient m that stays from step to step, from 0 to below 1.
        beta_2: Fraction of the mean square v that stays, from 0 to below 1.
        epsilon: Keeps the quotient finite, at least 0.
        amsgrad: Whether to divide by the largest v so far (Reddi, Kale and Kumar, arXiv:1904.09237).
        **kwargs: The other arguments of `Optimizer`.

    Raises:
        ValueError: an argument is outside its range, or unknown.

    Source: Kingma and Ba 2015, arXiv:1412.6980.

    >>> w = Variable([1.0])
    >>> Adam(learning_rate=0.1).apply([np.array([2.0])], [w])
    >>> w.numpy().round(4)  # the first step is learning_rate, whatever the size of the gradient
    array([0.9], dtype=float32)
    """

    slot_names = ("momentum", "velocity")
    hyperparameters = ("beta_1", "beta_2", "epsilon", "amsgrad")

    def __init__(
        self, learning_rate: Rate = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        amsgrad: bool = False, **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **kwargs)
        self.amsgrad = amsgrad

    def add_slots(self, variables: Sequence[Variable]) -> None:
        super().add_slots(variables)
        if self.amsgrad:
            self._slots.append(self.add_optimizer_variables(variables, "velocity_hat"))

    def update_all(
        self, weights: list[Array], gradients: list[Array], slots: list[list[Array]], learning_rate: float,
        decay: float,
    ) -> None:
        t = self._count()
        step_size = learning_rate * math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        kernels.adam_step(
            weights,
            gradients,
            slots[0],
            slots[1],
            slots[2] if self.amsgrad else None,
            step_size,
            self.beta_1,
            self.beta_2,
            self.epsilon,
            decay,
        )


class AdamW(Adam):
    """Adam with decoupled weight decay: w -= learning_rate weight_decay w before each step.

    Args:
        learning_rate, beta_1, beta_2, epsilon, amsgrad: See `Adam`.
        weight_decay: Strength of the decay.
        **kwargs: The other arguments of `Optimizer`.

    Raises:
        ValueError: `weight_decay` is None, or an argument is outside its range, or unknown.

    Source: Loshchilov and Hutter 2019, arXiv:1711.05101.

    >>> w = Variable([1.0])
    >>> AdamW(learning_rate=0.1, weight_decay=0.5).apply([np.array([2.0])], [w])
    >>> w.numpy().round(4)  # 1 - 0.1 * 0.5 - 0.1
    array([0.85], dtype=float32)
    """

    def __init__(
        self, learning_rate: Rate = 0.001, weight_decay: float = 0.004, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-7, amsgrad: bool = False, **kwargs: Any,
    ) -> None:
        if weight_decay is None:
            raise ValueError("AdamW: weight_decay must be a float, got None; Adam has none")
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **kwargs)


class Adamax(_TwoMoments):
    """m as in Adam, u = max(beta_2 u, |g|), w -= learning_rate / (1 - beta_1^t) m / (u + epsilon).

    It is Adam with the maximum norm instead of the mean square.

    Args:
        learning_rate: See `Optimizer`.
        beta_1: Fraction of the mean gradient m that stays from step to step, from 0 to below 1.
        beta_2: Factor of the largest gradient u, from 0 to below 1.
        epsilon: Keeps the quotient finite, at least 0.
        **kwargs: The other arguments of `Optimizer`.

    Raises:
        ValueError: an argument is outside its range, or unknown.

    Source: Kingma and Ba 2015, arXiv:1412.6980, section 7.1.

    >>> w = Variable([1.0])
    >>> Adamax(learning_rate=0.1).apply([np.array([2.0])], [w])
    >>> w.numpy().round(4)
    array([0.9], dtype=float32)
    """

    slot_names = ("momentum", "norm")

    def update_all(
        self, weights: list[Array], gradients: list[Array], slots: list[list[Array]], learning_rate: float,
        decay: float,
    ) -> None:
        step_size = learning_rate / (1 - self.beta_1 ** self._count())
        kernels.adamax_step(weights, gradients, *slots, step_size, self.beta_1, self.beta_2, self.epsilon, decay)


class Nadam(_TwoMoments):
    """Adam with Nesterov momentum.

    With u_t = beta_1 (1 - 0.96^t / 2) and P_t = u_1 ... u_t:

    w -= learning_rate (u_{t+1} m / (1 - P_{t+1}) + (1 - u_t) g / (1 - P_t)) / (sqrt(v / (1 - beta_2^t)) + epsilon)

    Args:
        learning_rate: See `Optimizer`.
        beta_1: Fraction of the mean gradient m that stays from step to step, from 0 to below 1.
        beta_2: Fraction of the mean square v that stays, from 0 to below 1.
        epsilon: Keeps the quotient finite, at least 0.
        **kwargs: The other arguments of `Optimizer`.

    Raises:
        ValueError: an argument is outside its range, or unknown.

    Source: Dozat 2016.

    >>> w = Variable([1.0])
    >>> Nadam(learning_rate=0.1).apply([np.array([2.0])], [w])
    >>> bool(w.numpy() < 1)
    True
    """

    slot_names = ("momentum", "velocity")

    def add_slots(self, variables: Sequence[Variable]) -> None:
        super().add_slots(variables)
        self._product = self.add_variable((), "ones", variables[0].dtype if variables else None, "u_product")

    def _update(self, plan, gradients, rate):
        # Once a step, however many groups there are.
        self._product.data = self._product.data * self._momentum(self._count())
        super()._update(plan, gradients, rate)

    def _momentum(self, t):
        return self.beta_1 * (1 - 0.5 * 0.96**t)

    def update_all(
        self, weights: list[Array], gradients: list[Array], slots: list[list[Array]], learning_rate: float,
        decay: float,
    ) -> None:
        t, product = self._count(), self._product.data.item()
        now, ahead = self._momentum(t), self._momentum(t + 1)
        kernels.nadam_step(
            weights,
            gradients,
            *slots,
            learning_rate,
            ahead / (1 - product * ahead),
            (1 - now) / (1 - product),
            1 / (1 - self.beta_2**t),
            self.beta_1,
            self.beta_2,
            self.epsilon,
            decay,
        )
