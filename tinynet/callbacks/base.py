"""Callback: the hooks of the training loop."""

from __future__ import annotations

from typing import Any

Logs = dict[str, Any]


class Callback:
    """Override the hooks you need; `self.model` and `self.params` are set before training starts.

    Setting `self.model.stop_training = True` ends training.

    Arguments of the hooks:
        epoch: Number of the epoch, from 0.
        batch: Number of the batch in its epoch (or in the data that is evaluated), from 0.
        logs: The loss and the metrics so far, by name: a dict, or None.

    Attributes:
        model: The model that is trained, evaluated or asked to predict; None before.
        params: dict of 'verbose', 'epochs' and 'steps'; None before.
        training_run: While a `fit` lasts, its `TrainingRun`: `epoch` and `step` at which it stands, `training` and
            `validation` data, all `callbacks`, `resume`. None before and after, and in `evaluate` and `predict`.

    >>> class Shout(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(f"epoch {epoch}: {logs['loss']:.2f}")
    >>> Shout().on_epoch_end(0, {"loss": 0.5})
    epoch 0: 0.50
    """

    takes_lazy_logs = False  # True: batch hooks get a function that makes the logs, and call it when they need them
    resumed_attributes: tuple[str, ...] = ()  # names of those that BackupAndRestore keeps: numbers, strings, arrays
    comes_last = False  # True: called after all others, to see what they have done
    # True: of several processes that train one model, the first alone has it, as it writes or shows something.
    first_process_only = False
    training_run: Any = None

    def __init__(self) -> None:
        self.params: dict[str, Any] | None = None
        self._model: Any = None

    @property
    def model(self) -> Any:
        """The model that is trained; None before."""
        return self._model

    @property
    def needs_exact_state(self) -> bool:
        """Whether it needs, between two steps, the random generators exactly as the last step has left them.

        `fit` then augments each batch within its step, instead of one batch ahead. True for a callback that saves every
        so many batches: one whose `save_freq` is a number.
        """
        return isinstance(getattr(self, "save_freq", None), int)

    def set_params(self, params: dict[str, Any]) -> None:
        """Take what the loop reports of itself.

        Args:
            params: dict of 'verbose', 'epochs' and 'steps'.
        """
        self.params = params

    def set_model(self, model: Any) -> None:
        """Take the model.

        Args:
            model: The model that is trained, evaluated or asked to predict.
        """
        self._model = model

    def set_training_run(self, training_run: Any) -> None:
        """Take the run: `fit` hands it over before `on_train_begin`, and takes it back at its end.

        Args:
            training_run: A `tinynet.models.run.TrainingRun`; None at the end.
        """
        self.training_run = training_run

    # The arguments of the hooks: `epoch` and `batch` are numbers that count from 0, a batch's within its epoch; `logs`
    # is a dict of results by name, empty in the hooks that come before.

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before each epoch of training."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After each epoch, with the validation results under `val_` names."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before each training batch."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After each training batch."""

    # tf.keras calls these two for training batches as well
    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """An older name of on_train_batch_begin."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """An older name of on_train_batch_end."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before each batch of `evaluate`, and of validation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After each batch of `evaluate`, and of validation."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before each batch of `predict`."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After each batch of `predict`; `logs` holds its 'outputs'."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """When `fit` starts."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """When `fit` ends, with the last epoch's results."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """When `evaluate`, or a validation, starts."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """When `evaluate`, or a validation, ends."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """When `predict` starts."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """When `predict` ends."""
