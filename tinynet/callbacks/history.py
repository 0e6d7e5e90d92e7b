"""What happened in each epoch."""

from .base import Callback


class History(Callback):
    """What `fit` returns.

    Attributes:
        history: For each name in the logs, its value in every epoch: {'loss': [...], 'val_loss': [...]}.
        epoch: The epochs' numbers.
        params: 'verbose', 'epochs' and 'steps' of the `fit`.
    """

    resumed_attributes = ("history", "epoch")

    def __init__(self):
        super().__init__()
        self.history = {}
        self.epoch = []

    def on_train_begin(self, logs=None):
        self.epoch = []
        self.history = {}

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.append(epoch)
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)
        self.model.history = self
