"""What happened in each epoch."""

from __future__ import annotations

from typing import Any

from .base import Callback, Logs
from .history_html import history_html


class History(Callback):
    """What `fit` returns.

    Attributes:
        history: For each name in the logs, its value in every epoch: {'loss': [...], 'val_loss': [...]}.
        epoch: The epochs' numbers.
        speeds: Of a training by several processes, a `distribution.Speed` for each epoch; otherwise empty.
        params: 'verbose', 'epochs' and 'steps' of the `fit`.

    >>> model = Sequential([tn.Input((1,)), Dense(1, kernel_initializer="ones")])
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=2, verbose=0)
    >>> history.epoch, history.history["loss"]
    ([0, 1], [0.0, 0.0])
    """

    resumed_attributes = ("history", "epoch")

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []
        self.speeds: list[Any] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start with empty lists."""
        self.epoch = []
        self.history = {}
        self.speeds = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Append the epoch's results."""
        self.epoch.append(epoch)
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)
        self.model.history = self

    def _repr_html_(self) -> str:
        """The curves that a notebook shows for the history."""
        return history_html(self.history)
