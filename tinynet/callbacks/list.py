"""CallbackList: calls the hooks of several callbacks in turn."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from .base import Callback, Logs
from .history import History
from .progress import ProgbarLogger

_BATCH_HOOKS = {
    ("train", "begin"): ("on_batch_begin", "on_train_batch_begin"),
    ("train", "end"): ("on_batch_end", "on_train_batch_end"),
    ("test", "begin"): ("on_test_batch_begin",),
    ("test", "end"): ("on_test_batch_end",),
    ("predict", "begin"): ("on_predict_batch_begin",),
    ("predict", "end"): ("on_predict_batch_end",),
}


def _defining(callbacks: list[Callback], *hooks: str) -> list[tuple[Callback, Callable[..., None]]]:
    """(callback, bound method) for those that override one of the hooks. The others cost nothing per batch."""
    return [
        (callback, getattr(callback, hook))
        for callback in callbacks
        for hook in hooks
        if getattr(type(callback), hook, None) is not getattr(Callback, hook) or hook in vars(callback)
    ]


class CallbackList:
    """Calls each hook of several callbacks in turn.

    Args:
        callbacks: A Callback, or a list of them, or None.
        add_history: Put a History among them, and set `model.history` to it.
        add_progbar: Put a ProgbarLogger among them.
        model: Told to each of them.
        params: Told to each of them (verbose, epochs, steps).

    Raises:
        TypeError: something in the list is not a Callback object.

    >>> callbacks = CallbackList([History()], epochs=2)
    >>> callbacks.callbacks[0].params
    {'epochs': 2}
    """

    def __init__(self, callbacks: Any = None, add_history: bool = False, add_progbar: bool = False, model: Any = None,
                 **params: Any) -> None:
        self.callbacks: list[Callback] = (
            list(callbacks) if isinstance(callbacks, list | tuple) else [] if callbacks is None else [callbacks]
        )
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(
                    f"callbacks: expected Callback objects, got {callback!r}"
                    + (" (a class: add parentheses)" if isinstance(callback, type) else "")
                )
        if add_progbar and not any(isinstance(callback, ProgbarLogger) for callback in self.callbacks):
            self.callbacks.append(ProgbarLogger())
        self._history = next((callback for callback in self.callbacks if isinstance(callback, History)), None)
        if add_history and self._history is None:
            self._history = History()
            self.callbacks.append(self._history)
        self.callbacks.sort(key=lambda callback: callback.comes_last)  # stable: the others keep their order
        if model is not None:
            self.set_model(model)
        self.set_params(params)
        self._batch_begin = {kind: _defining(self.callbacks, *_BATCH_HOOKS[kind, "begin"])
                             for kind in ("train", "test", "predict")}
        self._batch_end = {kind: _defining(self.callbacks, *_BATCH_HOOKS[kind, "end"])
                           for kind in ("train", "test", "predict")}

    def append(self, callback: Callback) -> None:
        """Add one more.

        Args:
            callback: Its batch hooks are not called by this list, which looks for them when it is made.
        """
        self.callbacks.append(callback)

    def set_params(self, params: dict[str, Any]) -> None:
        """Pass the parameters on to all callbacks.

        Args:
            params: dict of 'verbose', 'epochs' and 'steps'.
        """
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Pass the model on to all callbacks, and set its `history` to the History among them.

        Args:
            model: The model.
        """
        if self._history is not None:
            model.history = self._history
        for callback in self.callbacks:
            callback.set_model(model)

    @contextlib.contextmanager
    def in_run(self, training_run: Any) -> Iterator[None]:
        """A block within which every callback has a run as its `training_run`; afterwards what it had before.

        Args:
            training_run: The `TrainingRun`.
        """
        before = [(callback, callback.training_run) for callback in self.callbacks]
        try:
            for callback, _ in before:
                callback.set_training_run(training_run)
            yield
        finally:
            for callback, outer in before:
                callback.set_training_run(outer)

    def _each(self, hook: str, *args: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(*args)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Tell all callbacks that `fit` starts."""
        self._each("on_train_begin", logs or {})

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Tell all callbacks that `fit` ends."""
        self._each("on_train_end", logs or {})

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Tell all callbacks that `evaluate` starts."""
        self._each("on_test_begin", logs or {})

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Tell all callbacks that `evaluate` ends."""
        self._each("on_test_end", logs or {})

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Tell all callbacks that `predict` starts."""
        self._each("on_predict_begin", logs or {})

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Tell all callbacks that `predict` ends."""
        self._each("on_predict_end", logs or {})

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Tell all callbacks that an epoch starts."""
        self._each("on_epoch_begin", epoch, logs or {})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Tell all callbacks that an epoch ends."""
        self._each("on_epoch_end", epoch, logs or {})

    def batch_begin(self, kind: str, batch: int) -> None:
        """Call the hooks before a batch.

        Args:
            kind: 'train', 'test' or 'predict'.
            batch: Its number within the epoch, from 0.
        """
        for _, hook in self._batch_begin[kind]:
            hook(batch, {})

    def batch_end(self, kind: str, batch: int, make_logs: Callable[[], Logs]) -> None:
        """Call the hooks after a batch.

        Args:
            kind: 'train', 'test' or 'predict'.
            batch: Its number within the epoch, from 0.
            make_logs: Returns the logs. It is called only when a callback reads them.
        """
        for callback, hook in self._batch_end[kind]:
            hook(batch, make_logs if callback.takes_lazy_logs else make_logs())
