"""Callbacks that watch one number and ask whether it got better."""

from __future__ import annotations

from typing import Any

from ..core.checks import number
from ..core.errors import warn_user
from .base import Callback, Logs


class MonitorCallback(Callback):
    """Base of callbacks that watch an entry of the logs.

    Args:
        monitor: Its name, such as 'val_loss' or 'accuracy'.
        mode: 'min', 'max', or 'auto' to tell from the name and the model's metrics.
        min_delta: A smaller change does not count as better.

    Attributes:
        best: The best value so far; None before the first.

    Raises:
        TypeError: monitor is no string, or min_delta no number.

    >>> watched = MonitorCallback("val_loss", mode="min", min_delta=0.1)
    >>> watched.is_better(0.5, None), watched.is_better(0.45, 0.5), watched.is_better(0.3, 0.5)
    (True, False, True)
    """

    def __init__(self, monitor: str = "val_loss", mode: str = "auto", min_delta: float = 0) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            warn_user(f"{type(self).__name__}: mode {mode!r} is unknown; using 'auto'", UserWarning)
            mode = "auto"
        if not isinstance(monitor, str):
            raise TypeError(f"{type(self).__name__}: monitor must be the name of an entry of the logs, got {monitor!r}")
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(number(min_delta, type(self).__name__, "min_delta"))
        self.best: Any = None

    def _direction(self) -> str:
        """'min' or 'max'."""
        if self.mode != "auto":
            return self.mode
        name = self.monitor.removeprefix("val_")
        if name == "loss":
            return "min"
        for metric in self.model.metrics:
            if metric.name == name and getattr(metric, "_direction", None) in ("up", "down"):
                return "max" if metric._direction == "up" else "min"
        raise ValueError(
            f"{type(self).__name__}: cannot tell whether {self.monitor!r} should grow or shrink; pass mode='max' or "
            "mode='min'"
        )

    def is_better(self, value: Any, reference: Any) -> bool:
        """Whether a value beats a reference by more than min_delta. NaN and infinity never beat a finite number.

        Args:
            value: A number.
            reference: A number; None is beaten by every value.

        Raises:
            TypeError: value is an array.
            ValueError: with mode='auto', it is not known whether more or less is better.
        """
        if getattr(value, "ndim", 0):
            raise TypeError(
                f"{type(self).__name__}: {self.monitor!r} is an array of shape {value.shape}, which is neither better "
                "nor worse; watch a single number, such as that of F1Score(average='macro')"
            )
        if reference is None:
            return True
        if self._direction() == "min":
            return value + self.min_delta < reference
        return value - self.min_delta > reference

    def value_in(self, logs: Logs | None) -> Any:
        """The watched number, or None (with a warning that lists what there is).

        Args:
            logs: Results by name.
        """
        value = (logs or {}).get(self.monitor)
        if value is None:
            warn_user(
                f"{type(self).__name__}: there is no {self.monitor!r} in the logs; there are: {', '.join(logs or {})}",
                UserWarning,
            )
        return value


class EarlyStopping(MonitorCallback):
    """Stop training when a number has not got better for some epochs.

    Args:
        monitor: Entry of the logs to watch.
        min_delta: A smaller change does not count as better.
        patience: Epochs without improvement after which to stop.
        verbose: 1 prints when it stops.
        mode: 'min', 'max' or 'auto'.
        baseline: Value that must be beaten for the waiting to start again.
        restore_best_weights: At the end of training, go back to the weights of the best epoch.
        start_from_epoch: Epochs at the start that do not count.

    Attributes:
        stopped_epoch: The epoch it stopped in, 0 if it did not.
        best, best_epoch, best_weights: The best value, its epoch, and with `restore_best_weights` the weights then.
        wait: Epochs since the last improvement.

    Raises:
        ValueError: `patience` or `start_from_epoch` is no number of at least 0.

    >>> model = Sequential([tn.Input((1,)), Dense(1, kernel_initializer="ones")])
    >>> model.compile("sgd", "mse")
    >>> x = np.array([[1.0], [2.0]])
    >>> history = model.fit(x, x, epochs=100, verbose=0, callbacks=[EarlyStopping("loss", patience=2)])
    >>> history.epoch  # the loss is 0 from the first epoch on
    [0, 1, 2]
    """

    resumed_attributes = ("wait", "stopped_epoch", "best", "best_weights", "best_epoch")

    def __init__(self, monitor: str = "val_loss", min_delta: float = 0, patience: float = 0, verbose: int = 0,
                 mode: str = "auto", baseline: float | None = None, restore_best_weights: bool = False,
                 start_from_epoch: float = 0) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = number(patience, "EarlyStopping", "patience", 0)
        self.verbose = verbose
        self.baseline = baseline if baseline is None else number(baseline, "EarlyStopping", "baseline")
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = number(start_from_epoch, "EarlyStopping", "start_from_epoch", 0)
        self.on_train_begin()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start again, as if no epoch had been."""
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_weights: Any = None
        self.best_epoch = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare, and stop if it has not got better for `patience` epochs."""
        current = self.value_in(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self.is_better(current, self.best):
            self.best, self.best_epoch = current, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.is_better(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """With `restore_best_weights`, put the best epoch's weights into the model."""
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                print(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)
