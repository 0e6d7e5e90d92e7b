"""Learning rates as functions of the step: Keras's schedules.

A schedule is called with the number of steps done so far (an int, or a Tensor such as `optimizer.iterations`; an array
of steps gives an array) and returns the learning rate as a Tensor.

>>> schedule = ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)
>>> schedule(200).numpy()
np.float32(0.025)
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..core.checks import number
from ..core.registry import deserialize_object, serialize_object
from ..tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from ..core.types import Config, TensorLike

__all__ = [
    "CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay", "LearningRateSchedule",
    "PiecewiseConstantDecay", "PolynomialDecay", "deserialize", "serialize",
]


class LearningRateSchedule:
    """Base of all schedules. Your own overrides `__call__(self, step)`, and `get_config` to be saved."""

    def __call__(self, step: TensorLike) -> Tensor:
        steps = np.asarray(step, dtype=np.float64)
        if steps.ndim == 0:
            return Tensor(self.at(float(steps)))
        return Tensor(np.array([self.at(s) for s in steps.ravel().tolist()]).reshape(steps.shape).tolist())

    def at(self, step: float) -> float:
        """The learning rate, a float, after `step` steps."""
        raise NotImplementedError(f"schedule {type(self).__name__!r} must override __call__(self, step)")

    def get_config(self) -> Config:
        """What `from_config` needs to make this schedule again."""
        raise NotImplementedError(f"schedule {type(self).__name__!r} must override get_config() to be saved")

    @classmethod
    def from_config(cls, config: Config) -> Self:
        return cls(**config)


Rate: TypeAlias = float | LearningRateSchedule | Callable[[], Any]  # what an optimizer takes as its learning rate


class _SteadyDecay(LearningRateSchedule):
    """What the two that fall for ever share. A subclass says how, in `fallen`."""

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False,
        name: str | None = None,
    ) -> None:
        _check_rate(initial_learning_rate, self)
        _check_steps(decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name if name is not None else type(self).__name__

    def at(self, step: float) -> float:
        p = step / self.decay_steps
        return self.fallen(math.floor(p) if self.staircase else p)

    def get_config(self) -> Config:
        return _attributes(self, "initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")


class ExponentialDecay(_SteadyDecay):
    """initial decay_rate^(step / decay_steps); with `staircase` the exponent is rounded down."""

    def fallen(self, p: float) -> float:
        return self.initial_learning_rate * self.decay_rate**p


class InverseTimeDecay(_SteadyDecay):
    """initial / (1 + decay_rate step / decay_steps); with `staircase` the quotient is rounded down."""

    def fallen(self, p: float) -> float:
        return self.initial_learning_rate / (1 + self.decay_rate * p)


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[0] up to and including step boundaries[0], values[1] up to boundaries[1], ..., values[-1] afterwards."""

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        if not hasattr(boundaries, "__len__") or not hasattr(values, "__len__"):
            raise ValueError(
                f"PiecewiseConstantDecay: boundaries and values must be lists, got {boundaries!r} and {values!r}"
            )
        if any(boundaries[i] > boundaries[i + 1] for i in range(len(boundaries) - 1)):
            raise ValueError(f"PiecewiseConstantDecay: boundaries must grow, got {list(boundaries)}")
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                f"PiecewiseConstantDecay: {len(boundaries)} boundaries need {len(boundaries) + 1} values, "
                f"got {len(values)}"
            )
        self.boundaries = boundaries
        self.values = values
        self.name = name

    def at(self, step: float) -> float:
        for boundary, value in zip(self.boundaries, self.values, strict=False):
            if step <= boundary:
                return float(value)
        return float(self.values[-1])

    def get_config(self) -> Config:
        return _attributes(self, "boundaries", "values", "name")


class PolynomialDecay(LearningRateSchedule):
    """(initial - end)(1 - step / decay_steps)^power + end, and `end` after decay_steps.

    With `cycle` the decay starts again from where it would be with the next multiple of `decay_steps`.
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, end_learning_rate: float = 0.0001, power: float = 1.0,
        cycle: bool = False, name: str = "PolynomialDecay",
    ) -> None:
        _check_rate(initial_learning_rate, self)
        _check_steps(decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def at(self, step: float) -> float:
        length = self.decay_steps
        if self.cycle:
            length *= 1 if step == 0 else math.ceil(step / length)
        else:
            step = min(step, length)
        return (self.initial_learning_rate - self.end_learning_rate) * (
            1 - step / length
        ) ** self.power + self.end_learning_rate

    def get_config(self) -> Config:
        return _attributes(self, "initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle", "name")


class CosineDecay(LearningRateSchedule):
    """initial ((1 - alpha)(1 + cos(pi step / decay_steps)) / 2 + alpha), a falling half wave (arXiv:1608.03983).

    With `warmup_target` the rate first climbs on a line from `initial_learning_rate` to the target in `warmup_steps`
    steps, and decays from there.
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, alpha: float = 0.0, name: str = "CosineDecay",
        warmup_target: float | None = None, warmup_steps: int = 0,
    ) -> None:
        _check_rate(initial_learning_rate, self)
        _check_steps(decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def at(self, step: float) -> float:
        start = self.initial_learning_rate
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return (self.warmup_target - start) * (step / self.warmup_steps) + start
            start = self.warmup_target
            step -= self.warmup_steps
        wave = 0.5 * (1 + math.cos(math.pi * min(step, self.decay_steps) / self.decay_steps))
        return start * ((1 - self.alpha) * wave + self.alpha)

    def get_config(self) -> Config:
        return _attributes(
            self, "initial_learning_rate", "decay_steps", "alpha", "name", "warmup_target", "warmup_steps"
        )


class CosineDecayRestarts(LearningRateSchedule):
    """Cosine decay that starts again: each wave is `t_mul` times longer and `m_mul` times as high as the one before.

    (Loshchilov and Hutter, SGDR, arXiv:1608.03983.) The first wave takes `first_decay_steps`.
    """

    def __init__(
        self, initial_learning_rate: float, first_decay_steps: float, t_mul: float = 2.0, m_mul: float = 1.0,
        alpha: float = 0.0, name: str = "SGDRDecay",
    ) -> None:
        _check_rate(initial_learning_rate, self)
        _check_steps(first_decay_steps, "first_decay_steps")
        number(t_mul, "CosineDecayRestarts", "t_mul", 0, above=True)
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = first_decay_steps
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def at(self, step: float) -> float:
        if self.t_mul < 1 and step >= (end := self.first_decay_steps / (1 - self.t_mul)):
            raise ValueError(f"CosineDecayRestarts: with t_mul={self.t_mul} each wave is shorter than the one before, "
                             f"and at step {end:g} no time is left for another; got step {step}. Use a t_mul of at "
                             "least 1, or longer first_decay_steps")
        waves = step / self.first_decay_steps  # the time, in lengths of the first wave
        if self.t_mul == 1.0:
            restarts = math.floor(waves)
            fraction = waves - restarts
        else:
            # n waves take 1 + t + ... + t^(n-1) = (1 - t^n) / (1 - t) lengths. The small number is for
            # the very step of a restart, where the quotient of logarithms may come out below the integer
            restarts = math.floor(math.log(1 - waves * (1 - self.t_mul)) / math.log(self.t_mul) + 1e-12)
            before = (1 - self.t_mul**restarts) / (1 - self.t_mul)
            fraction = (waves - before) / self.t_mul**restarts
        wave = 0.5 * self.m_mul**restarts * (1 + math.cos(math.pi * fraction))
        return self.initial_learning_rate * ((1 - self.alpha) * wave + self.alpha)

    def get_config(self) -> Config:
        return _attributes(self, "initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha", "name")


_SCHEDULES = {
    cls.__name__: cls
    for cls in (
        CosineDecay,
        CosineDecayRestarts,
        ExponentialDecay,
        InverseTimeDecay,
        PiecewiseConstantDecay,
        PolynomialDecay,
    )
}


def serialize(learning_rate_schedule: Any) -> Any:
    """A schedule as a dict."""
    return serialize_object(learning_rate_schedule, "keras.optimizers.schedules")


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The schedule that `serialize` described."""
    return deserialize_object(config, _SCHEDULES, "learning-rate schedule", custom_objects)


def _attributes(schedule, *names):
    return {name: getattr(schedule, name) for name in names}


def _check_steps(steps, name="decay_steps"):
    if isinstance(steps, bool) or not isinstance(steps, numbers.Real) or steps <= 0:
        raise ValueError(f"{name} must be above 0, got {steps!r}")


def _check_rate(rate, owner):
    if isinstance(rate, bool | str) or rate is None:
        raise ValueError(f"{type(owner).__name__}: initial_learning_rate must be a number, got {rate!r}")
