"""ModelCheckpoint: save the model while it is trained."""

from __future__ import annotations

import os
from typing import Any

from ..core.errors import warn_user
from ..core.old_names import old_arguments
from .base import Logs
from .monitor import MonitorCallback


class _Epochs:
    """What `period` means: every so many epochs. Its repr is what to write instead."""

    def __init__(self, epochs: Any) -> None:
        if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
            raise ValueError(f"ModelCheckpoint: period must be a number of epochs, got {epochs!r}")
        self.epochs = epochs

    def __repr__(self) -> str:
        return "'epoch'" if self.epochs == 1 else f"{self.epochs} * steps_per_epoch"


@old_arguments(converted={"period": lambda epochs: {"save_freq": _Epochs(epochs)}})
class ModelCheckpoint(MonitorCallback):
    """Save the model, or its weights, after every epoch or every so many batches; or only when it got better.

    A file appears under its name when it is complete: a training that is killed leaves whole files.

    Args:
        filepath: Where to; may hold the epoch (from 1), the batch and entries of the logs in braces:
            "model-{epoch:02d}-{val_loss:.2f}.keras". Ends in `.keras`; with `save_weights_only` in `.weights.h5` or
            `.safetensors`. Folders are made.
        monitor: Entry of the logs to watch, for `save_best_only`.
        verbose: 1 prints what is saved.
        save_best_only: Save only when `monitor` got better.
        save_weights_only: `model.save_weights` instead of `model.save`.
        mode: 'min', 'max' or 'auto'.
        save_freq: 'epoch', or a number of batches (counted on across epochs).
        initial_value_threshold: With `save_best_only`, what the first file must beat.

    Old spelling: `period`, a number of epochs, of Keras 1 and 2.

    Raises:
        ValueError: another ending, or another save_freq.
        KeyError: in training, when braces name what is not in the logs.
        OSError: in training, when the file cannot be written.

    >>> model = Sequential([tn.Input((1,)), Dense(1, kernel_initializer="ones")])
    >>> model.compile("sgd", "mse")
    >>> x = np.array([[1.0], [2.0]])
    >>> save = ModelCheckpoint("model-{epoch:02d}.keras", monitor="loss", save_best_only=True)
    >>> history = model.fit(x, x, epochs=3, verbose=0, callbacks=[save])
    >>> sorted(os.listdir())  # the loss is 0 from the first epoch on
    ['model-01.keras']
    """

    resumed_attributes = ("best", "_batches", "_epochs")

    def __init__(self, filepath: str | os.PathLike, monitor: str = "val_loss", verbose: int = 0,
                 save_best_only: bool = False, save_weights_only: bool = False, mode: str = "auto",
                 save_freq: Any = "epoch", initial_value_threshold: float | None = None) -> None:
        super().__init__(monitor, mode)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self._period = save_freq.epochs if isinstance(save_freq, _Epochs) else 1
        save_freq = "epoch" if isinstance(save_freq, _Epochs) else save_freq
        self.save_freq: Any = save_freq
        self.initial_value_threshold = initial_value_threshold
        self.best = initial_value_threshold
        if save_freq != "epoch" and (isinstance(save_freq, bool) or not isinstance(save_freq, int) or save_freq < 1):
            raise ValueError(f"ModelCheckpoint: save_freq must be 'epoch' or a number of batches, got {save_freq!r}")
        self._epochs = 0  # since the last file
        endings = (".weights.h5", ".safetensors") if save_weights_only else (".keras", ".h5")
        if not self.filepath.endswith(endings):
            raise ValueError(
                f"ModelCheckpoint: with save_weights_only={save_weights_only} the filepath must end in "
                f"{' or '.join(endings)}, got {self.filepath!r}"
            )
        self._batches = 0  # since the last file
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Remember the epoch, for the file's name."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """With a number as `save_freq`, save after every so many batches."""
        if self.save_freq == "epoch":
            return
        self._batches += 1
        if self._batches >= self.save_freq:
            self._batches = 0
            self._save(self._epoch, batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """With save_freq='epoch', save."""
        self._epochs += 1
        if self.save_freq == "epoch" and self._epochs >= self._period:
            self._epochs = 0
            self._save(epoch, None, logs)

    def _save(self, epoch: int, batch: int | None, logs: Logs | None) -> None:
        logs = logs or {}
        path = self._path(epoch, batch, logs)
        where = f"\nEpoch {epoch + 1}: "
        if self.save_best_only:
            current = logs.get(self.monitor)
            if current is None:
                warn_user(
                    f"ModelCheckpoint: there is no {self.monitor!r} in the logs, so the model is saved whether it got "
                    f"better or not; there are: {', '.join(logs)}", UserWarning)
            elif self.is_better(current, self.best):
                if self.verbose:
                    before = "nothing" if self.best is None else f"{self.best:.5f}"
                    where += f"{self.monitor} got better, from {before} to {current:.5f}; "
                self.best = current
            else:
                if self.verbose:
                    print(f"{where}{self.monitor} did not get better than {self.best:.5f}")
                return
        if self.verbose:
            print(f"{where}saving the {'weights' if self.save_weights_only else 'model'} to {path}")
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)

    def _path(self, epoch: int, batch: int | None, logs: Logs) -> str:
        values = {**logs, "epoch": epoch + 1} | ({"batch": batch + 1} if batch is not None else {})
        try:
            return os.path.expanduser(self.filepath.format(**values))
        except KeyError as error:
            raise KeyError(
                f"ModelCheckpoint: filepath {self.filepath!r} names {error.args[0]!r}, which is not in the logs; there "
                f"are: {', '.join(values)}"
            ) from None
