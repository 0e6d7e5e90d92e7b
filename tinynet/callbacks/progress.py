"""The progress bar of fit, evaluate and predict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.terminal import write
from ..utils.progbar import Progbar
from .base import Callback, Logs


class ProgbarLogger(Callback):
    """Shows a bar for each epoch (verbose=1), or a line (verbose=2).

    Its batch hooks take a function that makes the logs, since most batches are not shown.

    `fit`, `evaluate` and `predict` add one by themselves, unless verbose=0.

    >>> logger = ProgbarLogger()
    >>> logger.set_params({"verbose": 2, "epochs": 3, "steps": 1})
    >>> logger.on_train_begin()
    >>> logger.on_epoch_begin(0)
    Epoch 1/3
    """

    first_process_only = True
    takes_lazy_logs = True

    def __init__(self) -> None:
        super().__init__()
        self._bar: Any = None
        self._seen = 0
        self._in_fit = False

    def set_params(self, params: dict[str, Any]) -> None:
        """Take verbosity, number of epochs and steps of the loop."""
        super().set_params(params)
        self._verbose = params.get("verbose", 1)
        self._epochs = params.get("epochs", 1)
        self._target = params.get("steps")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Remember that evaluations from now on are validations, which have no bar of their own."""
        self._in_fit = True

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Start the epoch's bar."""
        self._start()
        if self._verbose and self._epochs > 1:
            write(f"Epoch {epoch + 1}/{self._epochs}\n")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the bar."""
        self._show(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Complete the bar."""
        self._finish(logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Start the bar of an `evaluate`."""
        if not self._in_fit:
            self._start()

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the bar of an `evaluate`."""
        if not self._in_fit:
            self._show(batch, logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Complete the bar of an `evaluate`."""
        if not self._in_fit:
            self._finish(logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Start the bar of a `predict`."""
        self._start()

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the bar of a `predict`."""
        self._show(batch, dict)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Complete the bar of a `predict`."""
        self._finish({})

    def _start(self) -> None:
        self._seen = 0
        self._bar = Progbar(self._target, verbose=self._verbose, stateless_metrics=())

    def _show(self, batch: int, make_logs: Callable[[], Logs]) -> None:
        self._seen = batch + 1
        if self._verbose == 1 and self._bar.is_due():
            self._bar.update(self._seen, list(make_logs().items()), finalize=False)

    def _finish(self, logs: Logs | None) -> None:
        if self._target is None:
            self._target = self._bar.target = self._seen
        self._bar.update(self._target, list((logs or {}).items()), finalize=True)
