"""Lion, which uses only the sign of its mean gradient, and Ftrl, for sparse linear models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..initializers import Constant
from ..runtime import kernels
from .base import Optimizer
from .checks import decay_rate, finite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..core.types import Array
    from ..variable import Variable
    from .schedules import Rate


class Lion(Optimizer):
    """w -= learning_rate sign(beta_1 m + (1 - beta_1) g), m = beta_2 m + (1 - beta_2) g.

    All weights move by the same amount: use a learning rate 3 to 10 times smaller than for Adam.

    Args:
        learning_rate: See `Optimizer`.
        beta_1: Weight of the mean gradient m in the step, above 0 and at most 1.
        beta_2: Fraction of the mean gradient m that stays from step to step, from 0 to below 1.
        **kwargs: The other arguments of `Optimizer`.

    Raises:
        ValueError: an argument is outside its range, or unknown.

    Source: Chen et al. 2023, arXiv:2302.06675.

    >>> w = Variable([1.0])
    >>> Lion(learning_rate=0.25).apply([np.array([2.0])], [w])
    >>> w.numpy()
    array([0.75], dtype=float32)
    """

    slot_names = ("momentum",)
    hyperparameters = ("beta_1", "beta_2")

    def __init__(self, learning_rate: Rate = 0.001, beta_1: float = 0.9, beta_2: float = 0.99, **kwargs: Any) -> None:
        super().__init__(learning_rate, **kwargs)
        if not 0 < finite(beta_1, self, "beta_1") <= 1:
            raise ValueError(f"Lion: beta_1 must be above 0 and at most 1, got {beta_1}")
        self.beta_1 = beta_1
        self.beta_2 = decay_rate(beta_2, self, "beta_2")

    def update_all(
        self, weights: list[Array], gradients: list[Array], slots: list[list[Array]], learning_rate: float,
        decay: float,
    ) -> None:
        kernels.lion_step(weights, gradients, slots[0], learning_rate, self.beta_1, self.beta_2, decay)


class Ftrl(Optimizer):
    """Follow the regularized leader, proximal form: L1 makes weights exactly 0.

    Args:
        learning_rate: See `Optimizer`; it must not become 0.
        learning_rate_power: At most 0; the learning rate of a weight falls as its accumulator to this power.
        initial_accumulator_value: First value of the accumulators, at least 0.
        l1_regularization_strength, l2_regularization_strength: At least 0.
        l2_shrinkage_regularization_strength: L2 on the loss instead of on the weights, at least 0.
        beta: Adds beta / (2 learning_rate) to the L2 strength.
        **kwargs: The other arguments of `Optimizer`.

    Raises:
        ValueError: an argument is outside its range, or unknown; in a step: the learning rate is 0.

    Source: McMahan et al., KDD 2013.

    >>> w = Variable([1.0])
    >>> Ftrl(learning_rate=0.1, l1_regularization_strength=20.0).apply([np.array([2.0])], [w])
    >>> w.numpy()
    array([0.], dtype=float32)
    """

    slot_names = ("accumulator", "linear")
    hyperparameters = (
        "learning_rate_power",
        "initial_accumulator_value",
        "l1_regularization_strength",
        "l2_regularization_strength",
        "l2_shrinkage_regularization_strength",
        "beta",
    )

    def __init__(
        self, learning_rate: Rate = 0.001, learning_rate_power: float = -0.5, initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0, beta: float = 0.0, **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta
        if finite(learning_rate_power, self, "learning_rate_power") > 0:
            raise ValueError(f"Ftrl: learning_rate_power must be at most 0, got {learning_rate_power}")
        for name in self.hyperparameters[1:5]:
            finite(getattr(self, name), self, name, 0)

    def add_slots(self, variables: Sequence[Variable]) -> None:
        start = [Constant(self.initial_accumulator_value), "zeros"]
        self._slots = list(self.add_optimizer_variables(variables, list(self.slot_names), start))

    def update_all(
        self, weights: list[Array], gradients: list[Array], slots: list[list[Array]], learning_rate: float,
        decay: float,
    ) -> None:
        if learning_rate == 0:
            raise ValueError("Ftrl: the learning rate is 0, but this rule divides by it; let the schedule end above 0")
        l2 = self.l2_regularization_strength + self.beta / (2 * learning_rate)
        kernels.ftrl_step(
            weights,
            gradients,
            *slots,
            learning_rate,
            self.learning_rate_power,
            self.l1_regularization_strength,
            l2,
            self.l2_shrinkage_regularization_strength,
            decay,
        )
