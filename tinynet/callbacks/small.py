"""Callbacks of a few lines: functions as hooks, stopping at NaN, averaged weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .base import Callback, Logs

Hook = Callable[..., Any] | None


class LambdaCallback(Callback):
    """A callback made of functions.

    Args:
        on_epoch_begin, on_epoch_end: Functions of (epoch, logs).
        on_train_begin, on_train_end: Functions of (logs).
        on_train_batch_begin, on_train_batch_end: Functions of (batch, logs).
        kwargs: Further hooks of `Callback`, by name, or any other attribute.

    Raises:
        TypeError: a name that begins with `on_` and is no hook.

    >>> model = Sequential([tn.Input((1,)), Dense(1, kernel_initializer="ones")])
    >>> model.compile("sgd", "mse")
    >>> x = np.array([[1.0], [2.0]])
    >>> show = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
    >>> history = model.fit(x, x, epochs=2, verbose=0, callbacks=[show])
    0 0.0
    1 0.0
    """

    def __init__(self, on_epoch_begin: Hook = None, on_epoch_end: Hook = None, on_train_begin: Hook = None,
                 on_train_end: Hook = None, on_train_batch_begin: Hook = None, on_train_batch_end: Hook = None,
                 **kwargs: Any) -> None:
        super().__init__()
        given = {"on_epoch_begin": on_epoch_begin, "on_epoch_end": on_epoch_end, "on_train_begin": on_train_begin,
                 "on_train_end": on_train_end, "on_train_batch_begin": on_train_batch_begin,
                 "on_train_batch_end": on_train_batch_end, **kwargs}
        for name, value in given.items():
            if name.startswith("on_"):
                if not hasattr(Callback, name):
                    hooks = ", ".join(hook for hook in dir(Callback) if hook.startswith("on_"))
                    raise TypeError(f"LambdaCallback: there is no hook {name!r}; there are {hooks}")
                if value is None:
                    continue
            setattr(self, name, value)


class TerminateOnNaN(Callback):
    """Stop training when the loss is NaN or infinite.

    Args:
        raise_error: Raise a RuntimeError instead, which also ends the program that called `fit`.

    Raises:
        RuntimeError: in training, with `raise_error`.

    >>> from tinynet import Sequential, layers
    >>> model = Sequential([layers.Input((1,)), layers.Dense(1)])
    >>> model.compile(tn.optimizers.SGD(1e30), "mse")
    >>> history = model.fit(np.ones((4, 1)), np.ones(4), epochs=9, verbose=0, callbacks=[TerminateOnNaN()])
    Epoch 2, batch 0: the loss is inf; training stops
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Remember the epoch, for the message."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Stop if the loss is not finite."""
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(f"the loss is {loss} in epoch {self._epoch + 1}, batch {batch}; training was stopped. "
                               "A lower learning rate, clipnorm=1.0 or scaled inputs may keep it finite")
        print(f"Epoch {self._epoch + 1}, batch {batch}: the loss is {loss}; training stops")
        self.model.stop_training = True


class SwapEMAWeights(Callback):
    """Evaluate with the optimizer's moving averages of the weights, train with the weights themselves.

    For an optimizer with `use_ema=True`. The averages stand in the model during each evaluation and prediction.

    Args:
        swap_on_epoch: Also from the end of every epoch to the beginning of the next, so that the callbacks after this
            one (ModelCheckpoint) save the averages.

    Raises:
        ValueError: in training, when the optimizer keeps no averages.

    >>> model = Sequential([tn.Input((1,)), Dense(1)])
    >>> model.compile(tn.optimizers.SGD(use_ema=True), "mse")
    >>> history = model.fit(np.ones((4, 1)), np.ones(4), validation_split=0.5, callbacks=[SwapEMAWeights()], verbose=0)
    >>> sorted(history.history)  # val_loss is that of the averages
    ['loss', 'val_loss']
    """

    resumed_attributes = ("_own",)

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._own: list[np.ndarray] | None = None  # the weights themselves, while the averages stand in their place

    def _use_averages(self) -> None:
        optimizer = self.model.optimizer
        if not getattr(optimizer, "use_ema", False):
            raise ValueError(
                "SwapEMAWeights: the optimizer keeps no averages of the weights; create it with use_ema=True. Got "
                f"{optimizer!r}"
            )
        if self._own is not None or not optimizer.built:  # without a step there are no averages yet
            return
        self._own = [variable.numpy() for variable in optimizer._trainable_variables]
        optimizer.finalize_variable_values(optimizer._trainable_variables)

    def _use_own(self) -> None:
        if self._own is not None:
            for variable, values in zip(self.model.optimizer._trainable_variables, self._own, strict=True):
                variable.assign(values)
        self._own = None

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """With `swap_on_epoch`, put the weights themselves back."""
        if self.swap_on_epoch:
            self._use_own()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """With `swap_on_epoch`, put the averages into the model."""
        if self.swap_on_epoch:
            self._use_averages()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Leave in the model the averages that `fit` has put there."""
        self._own = None

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Put the averages into the model."""
        self._use_averages()

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Put the weights themselves back."""
        self._use_own()

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Put the averages into the model."""
        self._use_averages()

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Put the weights themselves back."""
        self._use_own()
