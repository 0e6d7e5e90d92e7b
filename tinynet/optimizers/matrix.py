"""Optimizers whose step depends on a whole matrix of weights: Lamb, Adafactor, Muon. In NumPy, one variable at a time.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from .adam import _TwoMoments
from .base import Optimizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..tensor import Tensor
    from ..variable import Variable
    from .schedules import Rate


def _root_mean_square(x):
    return np.sqrt(np.mean(np.square(x)))


class Lamb(_TwoMoments):
    """Adam's step, scaled for each variable by ||w|| / ||step||; for large batches.

    Args:
        learning_rate: See `Optimizer`.
        beta_1: Fraction of the mean gradient that stays from step to step, from 0 to below 1.
        beta_2: Fraction of the mean square that stays, from 0 to below 1.
        epsilon: Keeps the quotient finite, at least 0.
        **kwargs: The other arguments of `Optimizer`.

    Raises:
        ValueError: an argument is outside its range, or unknown.

    Source: You et al. 2020, arXiv:1904.00962.

    >>> w = Variable([2.0])
    >>> Lamb(learning_rate=0.1).apply([np.array([3.0])], [w])
    >>> w.numpy().round(4)  # the step is a tenth of the weight's norm
    array([1.8], dtype=float32)
    """

    slot_names = ("momentum", "velocity")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: float) -> None:
        g, w, t = gradient.data, variable.data, self._count()
        m, v = (slot[self._get_variable_index(variable)].data for slot in self._slots)
        m += (g - m) * (1 - self.beta_1)
        v += (g * g - v) * (1 - self.beta_2)
        step = m / (1 - self.beta_1**t) / (np.sqrt(v / (1 - self.beta_2**t)) + self.epsilon)
        w_norm, step_norm = np.sqrt(np.sum(w * w)), np.sqrt(np.sum(step * step))
        ratio = w_norm / step_norm if w_norm > 0 and step_norm > 0 else w.dtype.type(1)
        w -= ratio * learning_rate * step


class Adafactor(Optimizer):
    """Adam without the mean gradient; of the mean square of a matrix only the means of its rows and columns are kept.

    A matrix of n x m weights needs n + m numbers of state instead of n m. (Keras's files have the full matrix too, so
    that it is kept here as well.)

    Args:
        learning_rate: See `Optimizer`.
        beta_2_decay: beta_2 is 1 - t^beta_2_decay at step t.
        epsilon_1: Added to the squares.
        epsilon_2: Smallest scale of a variable.
        clip_threshold: Largest root mean square of a step.
        relative_step: The learning rate is at most 1 / sqrt(t).
        **kwargs: The other arguments of `Optimizer`.

    Raises:
        ValueError: an argument is unknown.

    Source: Shazeer and Stern 2018, arXiv:1804.04235.

    >>> w = Variable(np.ones((2, 2)))
    >>> Adafactor(learning_rate=0.1).apply([np.ones((2, 2))], [w])
    >>> w.numpy().round(4)[0]
    array([0.9, 0.9])
    """

    hyperparameters = ("beta_2_decay", "epsilon_1", "epsilon_2", "clip_threshold", "relative_step")

    def __init__(
        self, learning_rate: Rate = 0.001, beta_2_decay: float = -0.8, epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3, clip_threshold: float = 1.0, relative_step: bool = True, **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_2_decay = beta_2_decay
        self.epsilon_1 = epsilon_1
        self.epsilon_2 = epsilon_2
        self.clip_threshold = clip_threshold
        self.relative_step = relative_step

    def add_slots(self, variables: Sequence[Variable]) -> None:
        rows, columns, velocities = [], [], []
        for variable in variables:
            shape = variable.shape
            if len(shape) >= 2:
                rows.append(self.add_variable(shape[:-1], dtype=variable.dtype, name=variable.name))
                columns.append(self.add_variable(shape[:-2] + shape[-1:], dtype=variable.dtype, name=variable.name))
            else:  # nothing to keep; Keras's files have a zero for each
                rows.append(self._track(variable.name, np.zeros((), np.int32)))
                columns.append(self._track(variable.name, np.zeros((), np.int32)))
            velocities.append(self.add_variable_from_reference(variable, "velocity"))
        self._slots = [rows, columns, velocities]

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: float) -> None:
        g, w, t = gradient.data, variable.data, self._count()
        r, c, v = (slot[self._get_variable_index(variable)] for slot in self._slots)
        rho = min(learning_rate, 1 / math.sqrt(t))
        alpha = max(self.epsilon_2, float(_root_mean_square(w))) * rho
        square = g * g + w.dtype.type(self.epsilon_1)
        beta_2 = 1 - t**self.beta_2_decay
        if g.ndim >= 2:
            r.data[...] = beta_2 * r.data + (1 - beta_2) * square.mean(axis=-1)
            c.data[...] = beta_2 * c.data + (1 - beta_2) * square.mean(axis=-2)
            v.data[...] = (r.data / r.data.mean(axis=-1, keepdims=True))[..., None] * c.data[..., None, :]
        else:
            v.data[...] = beta_2 * v.data + (1 - beta_2) * square
        step = g / np.sqrt(v.data)
        step /= max(1.0, float(_root_mean_square(step)) / self.clip_threshold)
        w -= alpha * step


class Muon(Optimizer):
    """Momentum whose matrices are made orthogonal before the step; Adam with weight decay for all other variables.

    The singular values are driven towards 1 by `ns_steps` rounds of x <- a x + (b A + c A^2) x, A = x x^T.

    Args:
        learning_rate: See `Optimizer`.
        adam_beta_1, adam_beta_2, epsilon: Of Adam.
        adam_weight_decay, weight_decay: Decoupled decay of Adam's variables and of Muon's.
        exclude_layers: Regular expressions; variables whose path matches one of them are updated by Adam.
        exclude_embeddings: Whether variables with "embedding" in their path are updated by Adam.
        muon_a, muon_b, muon_c: Coefficients of the polynomial.
        adam_lr_ratio: Adam's learning rate, as a multiple of `learning_rate`.
        momentum: Factor of the summed gradient from step to step.
        ns_steps: Rounds of the iteration.
        nesterov: Whether the step is taken from g + momentum m instead of m.
        rms_rate: The step is scaled by sqrt(max(n, m)) rms_rate; None for no scale.
        **kwargs: The other arguments of `Optimizer`.

    Raises:
        ValueError: an argument is unknown.

    Source: Jordan et al. 2024; the scale: Liu et al. 2025, arXiv:2502.16982.

    >>> w = Variable(np.eye(3))
    >>> Muon(learning_rate=0.1, weight_decay=None).apply([2 * np.eye(3)], [w])
    >>> bool(np.allclose(w.numpy(), w.numpy()[0, 0] * np.eye(3), atol=1e-6))
    True
    """

    hyperparameters = (
        "adam_beta_1",
        "adam_beta_2",
        "epsilon",
        "exclude_layers",
        "muon_a",
        "muon_b",
        "muon_c",
        "adam_lr_ratio",
        "momentum",
        "ns_steps",
        "nesterov",
        "exclude_embeddings",
        "adam_weight_decay",
        "rms_rate",
    )

    def __init__(
        self, learning_rate: Rate = 0.001, adam_beta_1: float = 0.9, adam_beta_2: float = 0.999,
        adam_weight_decay: float = 0.004, epsilon: float = 1e-7, weight_decay: float = 0.004,
        exclude_layers: Sequence[str] | None = None, exclude_embeddings: bool = True, muon_a: float = 3.4445,
        muon_b: float = -4.775, muon_c: float = 2.0315, adam_lr_ratio: float = 1, momentum: float = 0.95,
        ns_steps: int = 5, nesterov: bool = True, rms_rate: float | None = 0.2, **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, **kwargs)
        self.adam_beta_1 = adam_beta_1
        self.adam_beta_2 = adam_beta_2
        self.adam_weight_decay = adam_weight_decay
        self.epsilon = epsilon
        self.exclude_layers = exclude_layers or []
        self.exclude_embeddings = exclude_embeddings
        self.muon_a = muon_a
        self.muon_b = muon_b
        self.muon_c = muon_c
        self.adam_lr_ratio = adam_lr_ratio
        self.momentum = momentum
        self.ns_steps = ns_steps
        self.nesterov = nesterov
        self.rms_rate = rms_rate

    def _should_use_adamw(self, variable):
        return (
            len(variable.shape) != 2
            or (self.exclude_embeddings and "embedding" in variable.path.lower())
            or any(re.search(pattern, variable.path) for pattern in self.exclude_layers)
        )

    def add_slots(self, variables: Sequence[Variable]) -> None:
        momentums, velocities = [], []
        for variable in variables:
            momentums.append(self.add_variable_from_reference(variable, "momentum"))
            adam = self._should_use_adamw(variable)
            velocities.append(self.add_variable_from_reference(variable, "velocity") if adam else None)
        self._slots = [momentums, velocities]

    def _decay(self, variables, rate):
        for variable in variables:
            decay = self.adam_weight_decay if self._should_use_adamw(variable) else self.weight_decay
            if decay is not None and not self._not_decayed(variable):
                variable.data -= variable.data * (rate * decay)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: float) -> None:
        g, w = gradient.data, variable.data
        m, v = (slot[self._get_variable_index(variable)] for slot in self._slots)
        if v is not None:
            t = self._count()
            alpha = learning_rate * self.adam_lr_ratio * math.sqrt(1 - self.adam_beta_2**t) / (1 - self.adam_beta_1**t)
            m.data += (g - m.data) * (1 - self.adam_beta_1)
            v.data += (g * g - v.data) * (1 - self.adam_beta_2)
            w -= alpha * m.data / (np.sqrt(v.data) + self.epsilon)
            return
        m.data[...] = self.momentum * m.data + g
        step = learning_rate * self._orthogonal(g + self.momentum * m.data if self.nesterov else m.data)
        if self.rms_rate is not None:
            step = step * (math.sqrt(max(step.shape)) * self.rms_rate)
        w -= step

    def _orthogonal(self, x):
        tall = x.shape[0] > x.shape[1]
        if tall:
            x = x.T
        x = x / (np.linalg.norm(x) + 1e-7)
        for _ in range(self.ns_steps):
            gram = x @ x.T
            x = self.muon_a * x + (self.muon_b * gram + self.muon_c * gram @ gram) @ x
        return x.T if tall else x
