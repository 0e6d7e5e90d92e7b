"""What the optimizers that led to Adam hold after each step: moments, their correction, the effective rates."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...variable import Variable

# Names of the state in which each optimizer keeps its moments.
FIRST = ("position_v", "position_moment1", "position_momentum")
SECOND = ("position_accumulator", "position_moment2", "position_velocity")


def slot(optimizer: Any, names: tuple[str, ...]) -> np.ndarray | None:
    """Return the optimizer's state of one of the names; None if it has none."""
    for one in optimizer.variables:
        if one.name in names:
            return one.numpy()
    return None


def inverse_root(matrix: np.ndarray, epsilon: float) -> np.ndarray:
    """(epsilon I + matrix)^(-1/2), symmetric.

    >>> inverse_root(np.diag([3.0, 8.0]), 1.0).round(4)
    array([[0.5   , 0.    ],
           [0.    , 0.3333]])
    """
    values, vectors = np.linalg.eigh(epsilon * np.eye(len(matrix)) + matrix)
    return vectors @ np.diag(1 / np.sqrt(np.maximum(values, epsilon))) @ vectors.T


class Racer:
    """One optimizer on its walk, with the history of each step.

    Args:
        name: A key of `RACERS` in adam.py.
        optimizer: New.
        start: The first point.
        most: The greatest number of steps.

    Attributes:
        position: The weights, a Variable.
        path: The points, the start first, shape (most + 1, 2).
        history: {what: shape (most, 2)}: gradient, first, first_hat, second, second_hat (NaN where the optimizer has no
            such moment), rate (by which the gradient or its mean is multiplied) and move.
        count: Steps made.
    """

    def __init__(self, name: str, optimizer: Any, start: tuple[float, float], most: int) -> None:
        self.name, self.optimizer, self.count = name, optimizer, 0
        self.position = Variable(np.array(start, np.float64), name="position")
        self.path = np.full((most + 1, 2), np.nan)
        self.path[0] = self.position.numpy()
        self.history = {what: np.full((most, 2), np.nan) for what in (
            "gradient", "first", "first_hat", "second", "second_hat", "rate", "move")}

    def step(self, loss: Any) -> None:
        """Make one step down `loss`, a `Surface` or a `SparseLoss`, and note what it was made of."""
        before = self.position.numpy()
        gradients = []

        def noted() -> Any:
            gradients.append(loss.gradient(self.position.numpy()))
            return loss(self.position)

        with np.errstate(all="ignore"):
            self.optimizer.minimize(noted, [self.position])
            self.path[self.count + 1] = self.position.numpy()
            self.count += 1
            self._note(before, gradients[0])

    def _note(self, before: np.ndarray, gradient: np.ndarray) -> None:
        history, optimizer, t = self.history, self.optimizer, self.count
        k = t - 1
        first, second = slot(optimizer, FIRST), slot(optimizer, SECOND)
        history["gradient"][k] = gradient
        history["move"][k] = self.position.numpy() - before
        if first is not None:
            history["first"][k] = first
        if self.name == "full":
            second = np.diag(self.outer_products())
        if second is not None:
            history["second"][k] = second
        if hasattr(optimizer, "beta_1"):  # an Adam: what the correction makes of them, or would make
            history["first_hat"][k] = first / (1 - optimizer.beta_1**t)
            history["second_hat"][k] = second / (1 - optimizer.beta_2**t)
        history["rate"][k] = self.rates(t)

    def rates(self, t: int) -> np.ndarray:
        """The effective learning rate of each weight at step t: lr / (sqrt(h) + epsilon), in the optimizer's own form."""
        optimizer, form = self.optimizer, self.name
        rate = float(optimizer.learning_rate)
        second = slot(optimizer, SECOND)
        if form == "full":
            return np.diag(self.full()[0])
        if second is None:
            return np.full(2, rate)
        if form == "form1":
            return rate / np.where(second > 0, np.sqrt(second), np.nan)
        if form == "form2":
            return rate / np.sqrt(optimizer.epsilon + second)
        if form == "adam":
            return rate / (np.sqrt(second / (1 - optimizer.beta_2**t)) + optimizer.epsilon)
        if form == "adam_keras":  # its step divides m, not the corrected m
            return rate * np.sqrt(1 - optimizer.beta_2**t) / (np.sqrt(second) + optimizer.epsilon)
        return rate / (np.sqrt(second) + optimizer.epsilon)

    def outer_products(self) -> np.ndarray:
        """G of the full matrix, after a step."""
        return slot(self.optimizer, ("outer_products",))  # type: ignore[return-value]

    def full(self) -> tuple[np.ndarray, np.ndarray]:
        """lr (epsilon I + G)^(-1/2) with all of G, and with its diagonal alone; zeros before the first step."""
        if not self.count:
            return np.zeros((2, 2)), np.zeros((2, 2))
        G = self.outer_products()
        rate, epsilon = float(self.optimizer.learning_rate), self.optimizer.epsilon
        if not np.isfinite(G).all():
            return np.full((2, 2), np.nan), np.full((2, 2), np.nan)
        return rate * inverse_root(G, epsilon), rate * np.diag(1 / np.sqrt(epsilon + np.diag(G)))


class SparseLoss:
    """The loss of one sample a step, of a line through two features of which the second is mostly 0.

    1/2 (w . x - w* . x)^2 with x = (1, 0), and (0, 1) in each `every`-th step: the second weight has a gradient only
    then. (One feature at a time, so that the picture of the mean loss has axes of its own.)

    Args:
        every: How rarely.
        target: w*.
    """

    def __init__(self, every: int, target: tuple[float, float] = (1.0, 1.0)) -> None:
        self.every, self.target, self.step = every, np.array(target), 0

    def features(self) -> np.ndarray:
        """x of the present step."""
        return np.array([0.0, 1.0]) if self.step % self.every == self.every - 1 else np.array([1.0, 0.0])

    def gradient(self, w: np.ndarray) -> np.ndarray:
        """The gradient of this step's loss."""
        x = self.features()
        return ((w - self.target) @ x) * x

    def __call__(self, w: Any) -> Any:
        """The loss of this step, a Tensor."""
        from ... import ops

        return 0.5 * ops.square(ops.sum((w - self.target) * self.features()))
