"""Callbacks that set the learning rate between epochs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.checks import number
from ..core.errors import warn_user
from .base import Callback, Logs
from .monitor import MonitorCallback


def _rate_of(callback: Callback) -> float:
    """The optimizer's present learning rate, as a Python float."""
    optimizer = callback.model.optimizer
    if optimizer is None:
        raise ValueError(f"{type(callback).__name__}: the model has no optimizer; pass one to compile()")
    return float(np.asarray(optimizer.learning_rate))


class LearningRateScheduler(Callback):
    """Set before every epoch the learning rate that a function returns; the logs have it as 'learning_rate'.

    Args:
        schedule: Function of (epoch, present rate), or of (epoch) alone, that returns a float. Epochs count from 0.
        verbose: 1 prints what was set.

    Raises:
        ValueError: in training, when the function returns something else.
        TypeError: schedule is no function; in training, when the optimizer's own rate follows a schedule.

    >>> model = Sequential([tn.Input((1,)), Dense(1)])
    >>> model.compile(tn.optimizers.SGD(0.5), "mse")
    >>> x = np.array([[1.0], [2.0]])
    >>> halved = LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch % 2 == 1 else rate)
    >>> model.fit(x, x, epochs=4, verbose=0, callbacks=[halved]).history["learning_rate"]
    [0.5, 0.25, 0.25, 0.125]
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise TypeError(f"LearningRateScheduler: schedule must be a function of (epoch, rate), got {schedule!r}")
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the epoch's rate."""
        present = _rate_of(self)
        rate = self.schedule(epoch, present) if self._takes_the_rate() else self.schedule(epoch)
        if not isinstance(rate, float | np.floating):
            raise ValueError(
                f"LearningRateScheduler: the schedule must return a float, got {rate!r} ({type(rate).__name__}) for "
                f"epoch {epoch}; write float(...) around it"
            )
        self.model.optimizer.learning_rate = float(rate)
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler sets the learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Put the rate into the logs."""
        if logs is not None:
            logs["learning_rate"] = _rate_of(self)

    def _takes_the_rate(self) -> bool:
        """Whether the schedule has a place for the second argument.

        Trying it out instead would hide a TypeError raised within the schedule.
        """
        try:
            inspect.signature(self.schedule).bind(0, 0.0)
        except TypeError:
            return False
        except ValueError:  # a built-in function without a signature
            return True
        return True


class ReduceLROnPlateau(MonitorCallback):
    """Lower the learning rate when a number has not got better for some epochs.

    Args:
        monitor: Entry of the logs to watch.
        factor: The new rate is factor times the old one; below 1.
        patience: Epochs without improvement after which the rate is lowered.
        verbose: 1 prints when.
        mode: 'min', 'max' or 'auto'.
        min_delta: A smaller change does not count as better.
        cooldown: Epochs after a change in which nothing is counted.
        min_lr: The rate does not go below this.

    The rate with which an epoch was trained is in the logs as 'learning_rate'.

    Raises:
        ValueError: a factor of 1 or more, or a negative number.

    >>> model = Sequential([tn.Input((1,)), Dense(1, kernel_initializer="ones")])
    >>> model.compile(tn.optimizers.SGD(0.5), "mse")
    >>> x = np.array([[1.0], [2.0]])
    >>> slower = ReduceLROnPlateau("loss", factor=0.5, patience=2)
    >>> model.fit(x, x, epochs=6, verbose=0, callbacks=[slower]).history["learning_rate"]
    [0.5, 0.5, 0.5, 0.25, 0.25, 0.125]
    """

    resumed_attributes = ("best", "wait", "cooldown_counter")

    def __init__(self, monitor: str = "val_loss", factor: float = 0.1, patience: float = 10, verbose: int = 0,
                 mode: str = "auto", min_delta: float = 1e-4, cooldown: float = 0, min_lr: float = 0.0,
                 **kwargs: Any) -> None:
        super().__init__(monitor, mode, min_delta)
        if number(factor, "ReduceLROnPlateau", "factor", 0) >= 1.0:
            raise ValueError(f"ReduceLROnPlateau: factor must be below 1, got {factor}")
        if kwargs:
            warn_user(
                f"ReduceLROnPlateau: {', '.join(map(repr, kwargs))} has no effect; it takes monitor, factor, patience, "
                "verbose, mode, min_delta, cooldown and min_lr",
                UserWarning,
            )
        self.factor = factor
        self.patience = number(patience, "ReduceLROnPlateau", "patience", 0)
        self.verbose = verbose
        self.cooldown = number(cooldown, "ReduceLROnPlateau", "cooldown", 0)
        self.min_lr = number(min_lr, "ReduceLROnPlateau", "min_lr", 0)
        self.on_train_begin()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start again, as if no epoch had been."""
        self.best = None
        self.wait = 0
        self.cooldown_counter = 0

    def in_cooldown(self) -> bool:
        """Whether the rate was lowered less than `cooldown` epochs ago."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare, and lower the rate if it has not got better for `patience` epochs."""
        rate = _rate_of(self)
        if logs is not None:
            logs["learning_rate"] = rate
        current = self.value_in(logs)
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_better(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and rate > np.float32(self.min_lr):
                rate = max(rate * self.factor, self.min_lr)
                self.model.optimizer.learning_rate = rate
                if self.verbose > 0:
                    print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau lowers the learning rate to {rate}.")
                self.cooldown_counter = self.cooldown
                self.wait = 0
