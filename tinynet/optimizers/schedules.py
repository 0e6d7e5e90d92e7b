"""Learning rates as functions of the step: Keras's schedules.

A schedule is called with the number of steps done so far, an int or a Tensor such as `optimizer.iterations`, and
returns the learning rate as a Tensor. For an array of steps it returns a learning rate each.

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
    """Base of all schedules. One of your own overrides `__call__(self, step)`, and `get_config` to be saved.

    >>> class Halving(LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.5 ** int(step)
    >>> Halving()(3)
    0.125
    """

    def __call__(self, step: TensorLike) -> Tensor:
        """Compute the learning rate.

        Args:
            step: Number of steps done so far: an int, a Tensor, or an array of steps.

        Returns:
            Tensor, the shape of `step`.
        """
        steps = np.asarray(step, dtype=np.float64)
        if steps.ndim == 0:
            return Tensor(self.at(float(steps)))
        return Tensor(np.array([self.at(s) for s in steps.ravel().tolist()]).reshape(steps.shape).tolist())

    def at(self, step: float) -> float:
        """The learning rate, a float, after `step` steps."""
        raise NotImplementedError(f"schedule {type(self).__name__!r} must override __call__(self, step)")

    def get_config(self) -> Config:
        """Return the constructor's arguments, from which `from_config` makes this schedule again."""
        raise NotImplementedError(f"schedule {type(self).__name__!r} must override get_config() to be saved")

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Make a schedule from what `get_config` returned."""
        return cls(**config)


Rate: TypeAlias = float | LearningRateSchedule | Callable[[], Any]  # what an optimizer takes as its learning rate


class _SteadyDecay(LearningRateSchedule):
    """Base of the two that fall for ever; `fallen` is the formula."""

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

    def fallen(self, p: float) -> float:
        """The learning rate after p times `decay_steps` steps."""
        raise NotImplementedError

    def get_config(self) -> Config:
        return _attributes(self, "initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")


class ExponentialDecay(_SteadyDecay):
    """initial decay_rate^(step / decay_steps).

    Args:
        initial_learning_rate: At step 0.
        decay_steps: Steps in which the rate falls by the factor `decay_rate`, above 0.
        decay_rate: The factor.
        staircase: Whether the exponent is rounded down.
        name: For configs; the class name if None.

    Raises:
        ValueError: `decay_steps` is not above 0, or the initial rate is not a number.

    >>> [float(ExponentialDecay(1.0, 10, 0.5)(step)) for step in (0, 10, 20)]
    [1.0, 0.5, 0.25]
    """

    def fallen(self, p: float) -> float:
        return self.initial_learning_rate * self.decay_rate**p


class InverseTimeDecay(_SteadyDecay):
    """initial / (1 + decay_rate step / decay_steps).

    Args:
        initial_learning_rate: At step 0.
        decay_steps: The unit of time in steps, above 0.
        decay_rate: Factor of the time.
        staircase: Whether the quotient step / decay_steps is rounded down.
        name: For configs; the class name if None.

    Raises:
        ValueError: `decay_steps` is not above 0, or the initial rate is not a number.

    >>> [float(InverseTimeDecay(1.0, 10, 1.0)(step)) for step in (0, 10, 30)]
    [1.0, 0.5, 0.25]
    """

    def fallen(self, p: float) -> float:
        return self.initial_learning_rate / (1 + self.decay_rate * p)


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[0] up to and including step boundaries[0], values[1] up to boundaries[1], ..., values[-1] afterwards.

    Args:
        boundaries: Steps, in ascending order.
        values: Learning rates, one more than boundaries.
        name: For configs.

    Raises:
        ValueError: the numbers of boundaries and values do not fit, or the boundaries descend.

    >>> [float(PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.25])(step)) for step in (10, 11, 21)]
    [1.0, 0.5, 0.25]
    """

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

    Args:
        initial_learning_rate: At step 0.
        decay_steps: Steps until `end_learning_rate` is reached, above 0.
        end_learning_rate: The last rate.
        power: The exponent; 1 is a line.
        cycle: Whether the decay starts again when it has ended: its length is then the smallest multiple of
            `decay_steps` that is not below the step.
        name: For configs.

    Raises:
        ValueError: `decay_steps` is not above 0, or the initial rate is not a number.

    >>> [float(PolynomialDecay(1.0, 10, end_learning_rate=0.0)(step)) for step in (0, 5, 10)]
    [1.0, 0.5, 0.0]
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
    """initial ((1 - alpha)(1 + cos(pi step / decay_steps)) / 2 + alpha): a falling half wave.

    With `warmup_target` the rate first rises on a line from `initial_learning_rate` to the target, in `warmup_steps`
    steps, and decays from there.

    Args:
        initial_learning_rate: At step 0.
        decay_steps: Steps of the decay, above 0.
        alpha: The last rate, as a fraction of the highest.
        name: For configs.
        warmup_target: The highest rate; None for no warm-up.
        warmup_steps: Steps of the warm-up.

    Raises:
        ValueError: `decay_steps` is not above 0, or the initial rate is not a number.

    Source: Loshchilov and Hutter 2017, arXiv:1608.03983.

    >>> [round(float(CosineDecay(1.0, 10)(step)), 4) for step in (0, 5, 10)]
    [1.0, 0.5, 0.0]
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
    """Cosine decay that starts again: each wave is `t_mul` times as long and `m_mul` times as high as the one before.

    Args:
        initial_learning_rate: At step 0.
        first_decay_steps: Steps of the first wave, above 0.
        t_mul: Factor of the length from wave to wave, above 0.
        m_mul: Factor of the height from wave to wave.
        alpha: The last rate, as a fraction of the initial one.
        name: For configs.

    Raises:
        ValueError: an argument is outside its range; when called: with `t_mul` below 1, the step comes after all waves.

    Source: Loshchilov and Hutter 2017, arXiv:1608.03983.

    >>> [round(float(CosineDecayRestarts(1.0, 10)(step)), 4) for step in (0, 5, 10, 20)]
    [1.0, 0.5, 1.0, 0.5]
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
    """Return a schedule as a dict; `deserialize` makes it again.

    Args:
        learning_rate_schedule: A `LearningRateSchedule`.

    Raises:
        ValueError: it is a class instead of an object.

    >>> serialize(CosineDecay(0.1, 10))["config"]["decay_steps"]
    10
    """
    return serialize_object(learning_rate_schedule, "keras.optimizers.schedules")


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Make the schedule that `serialize` described.

    Args:
        config: What `serialize` returned.
        custom_objects: {name: class} of further schedules.

    Returns:
        A new schedule.

    Raises:
        ValueError: the name is unknown, or the config is malformed.

    >>> deserialize(serialize(CosineDecay(0.1, 10))).decay_steps
    10
    """
    return deserialize_object(config, _SCHEDULES, "learning-rate schedule", custom_objects)


def _attributes(schedule, *names):
    return {name: getattr(schedule, name) for name in names}


def _check_steps(steps, name="decay_steps"):
    if isinstance(steps, bool) or not isinstance(steps, numbers.Real) or steps <= 0:
        raise ValueError(f"{name} must be above 0, got {steps!r}")


def _check_rate(rate, owner):
    if isinstance(rate, bool | str) or rate is None:
        raise ValueError(f"{type(owner).__name__}: initial_learning_rate must be a number, got {rate!r}")
