"""A run: what one call of `fit` does, from its first epoch to its last.

    fit -> TrainingRun.train -> an epoch: a Pass over the batches -> a step for each batch
                             -> validation: a Pass over other batches

The run holds everything that belongs to one `fit`: the data, where training stands, the callbacks. It is handed to the
callbacks and to the steps, and it is gone when `fit` returns: the model keeps its weights and `history`.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np

from ..callbacks import CallbackList, History
from ..callbacks.base import Logs
from ..core.errors import warn_user
from ..data import Epochs, unpack_x_y_sample_weight
from ..layers.context import call_context
from ..tape import state as tape_state
from ..variable import Variable
from .quick_step import QuickStep
from .replay import KEPT_BYTES


class TrainingRun:
    """One call of `fit`.

    Args:
        model: The compiled model that is trained.
        training: What it is trained on.
        validation: What it is validated on; None without validation.
        callbacks: Called between the steps. Each has the run as `training_run` while it lasts.
        first_epoch: The number of the first epoch, from 0.
        epochs: The epoch to stop before.
        validation_freq: Validate every so many epochs, or in the epochs listed (from 1).

    Attributes:
        epoch: Number of the epoch under way, from 0; `first_epoch` before the first one.
        step: Number of the step under way in this epoch, from 0; after the epoch, that of its last step.
        first_batch_checked: Whether `lint` has checked the first batch of this run.
    """

    def __init__(self, model: Any, training: Epochs, validation: Epochs | None, callbacks: CallbackList,
                 first_epoch: int = 0, epochs: int = 1, validation_freq: int | Collection[int] = 1) -> None:
        self.model = model
        self.training = training
        self.validation = validation
        self.callbacks = callbacks
        self.first_epoch = self.epoch = first_epoch
        self.epochs = epochs
        self.validation_freq = validation_freq
        self.first_batch_checked = False
        self.step = 0

    def train(self) -> History:
        """Train until the last epoch, until a callback sets `model.stop_training`, or until the data has ended.

        Returns:
            The model's History.
        """
        model, training, logs = self.model, self.training, {}
        with self.callbacks.in_run(self), unwatched(model.optimizer), model._training_steps.freed_at_end():
            self.callbacks.on_train_begin()  # BackupAndRestore may call `resume`
            for epoch in range(self.first_epoch, self.epochs):
                logs = self._run_epoch(epoch)
                stop = model.stop_training or training.exhausted
                if stop if training.group is None else training.group.any(stop):
                    break
            if model.optimizer.built:
                with model._turns.taken():
                    model.optimizer.finalize_variable_values(model.optimizer._trainable_variables)
            self.callbacks.on_train_end(logs)
        ended = training.exhausted and training.steps is None and not model.stop_training
        if ended and self.epoch + 1 < self.epochs:
            warn_user(f"fit: the generator ended in epoch {self.epoch + 1} of {self.epochs}; give fewer epochs, or "
                      "data that begins anew (a PyDataset, or an iterable that is not a generator)", UserWarning)
        return model.history

    def _run_epoch(self, epoch: int) -> Logs:
        """Train for one epoch and validate. Returns the results by name."""
        self.epoch, self.step = epoch, self.training.first_step
        self.model.reset_metrics()
        self.callbacks.on_epoch_begin(epoch)
        logs = Pass(self.model, self.training, self.callbacks, self).train()
        if self.validation is not None and self._validates():
            validated = Pass(self.model, self.validation, self.callbacks, self).evaluate()
            logs |= {f"val_{name}": value for name, value in validated.items()}
            logs = dict(sorted(logs.items()))
        self.callbacks.on_epoch_end(epoch, logs)
        return logs

    def _validates(self) -> bool:
        if isinstance(self.validation_freq, int | np.integer):
            return (self.epoch + 1) % self.validation_freq == 0
        return self.epoch + 1 in self.validation_freq

    @property
    def position(self) -> dict[str, Any]:
        """Where in the data training stands, as plain values that `resume` takes."""
        return self.training.position

    def resume(self, epoch: int, step: int, position: dict[str, Any]) -> None:
        """Begin where another run was interrupted. Called before the first epoch, in `on_train_begin`.

        Args:
            epoch: Number of the epoch that was under way, from 0; `epochs` to do no more steps.
            step: Number of its steps that were done.
            position: The other run's `position` at that moment.
        """
        self.first_epoch = self.epoch = epoch
        self.training.go_on_from(position, step)

    def targets(self) -> dict[str, Any]:
        """The targets of training and validation by what messages call them; None where the data yields batches."""
        named = {"y": self.training, "the validation targets": self.validation}
        return {name: getattr(epochs.batches, "y", None) for name, epochs in named.items() if epochs is not None}


class Pass:
    """One pass of a model over batches: an epoch of training, or an evaluation.

    Args:
        model: The model.
        epochs: The batches; an iteration over it is one epoch.
        callbacks: Called before and after each batch.
        run: The run it belongs to; None for an `evaluate` of its own.

    Attributes:
        variables: The model's trainable variables; None until they are first needed, after the first batch has built
            the model. They are looked up once a pass, which saves several microseconds a step.
        trains: Whether its steps change the weights.
    """

    __slots__ = ("model", "epochs", "callbacks", "run", "variables", "trains")

    def __init__(self, model: Any, epochs: Epochs, callbacks: CallbackList, run: TrainingRun | None = None) -> None:
        self.model = model
        self.epochs = epochs
        self.callbacks = callbacks
        self.run = run
        self.variables: list[Variable] | None = None
        self.trains = False

    def train(self) -> Logs:
        """Take a training step on every batch. Returns the results by name."""
        self.trains = True
        return self._each_batch("train", "train_step", self.model._train_on)

    def evaluate(self) -> Logs:
        """Compute loss and metrics over all batches, with the callbacks' test hooks. Returns the results by name."""
        self.model.reset_metrics()
        self.callbacks.on_test_begin()
        with unwatched(), self.model._prediction_calls.freed_at_end(KEPT_BYTES):
            logs = self._each_batch("test", "test_step", self.model._test_on)
        self.callbacks.on_test_end(logs)
        return logs

    def _each_batch(self, kind: str, step_method: str, outputs_of: Callable[..., Any]) -> Logs:
        """The loop over the batches.

        Args:
            kind: 'train' or 'test', for the callbacks.
            step_method: Name of the model's public step. It is called where the user has overridden it.
            outputs_of: The model's own step, function of (x, y, sample_weight). It makes no logs: those of our own step
                are put together only when a callback reads them.
        """
        model, callbacks, epochs, turns = self.model, self.callbacks, self.epochs, self.model._turns
        own_step = getattr(model, step_method) if model._overrides(step_method, "compute_metrics") else None
        own_logs = make_logs = lambda: as_numbers(model.get_metrics_result())  # noqa: E731
        quick = None  # what takes the step, once one has been run from a recording
        before, after = callbacks._batch_begin[kind], callbacks._batch_end[kind]
        run = self.run if self.trains else None
        group = epochs.group
        step = epochs.first_step - 1
        outer, under_way.current = under_way.current, self  # a callback may evaluate in the middle of an epoch
        try:
            # A diverging model shows in its loss, not in warnings about single operations.
            with np.errstate(all="ignore"):
                if group is not None:
                    group.begin_pass(self)
                for step, data in enumerate(epochs, epochs.first_step):
                    if run is not None:
                        run.step = step
                    if group is not None and not group.begin(self, step, data):
                        break
                    if before:
                        callbacks.batch_begin(kind, step)
                    with turns.quickly():
                        if quick is not None and quick.take(data):
                            pass
                        elif own_step is None:
                            x, y, sample_weight = unpack_x_y_sample_weight(data)
                            model._update_metrics(y, outputs_of(x, y, sample_weight), sample_weight)
                            if self.trains:
                                quick = QuickStep.after(model, self.variables)
                        else:
                            logs = own_step(data)
                            make_logs = lambda logs=logs: as_numbers(logs)  # type: ignore[misc]  # noqa: E731
                    own_logs = make_logs
                    if group is not None:
                        make_logs = group.end(self, own_logs)
                    if after:
                        callbacks.batch_end(kind, step, make_logs)
                    if self.trains and model.stop_training:
                        break
        finally:
            under_way.current = outer
        if step < 0:
            raise ValueError(f"{model.name}: the data gave no batch")
        return make_logs() if group is None else group.finish(self, own_logs)


class _UnderWay(threading.local):
    """The pass that this thread is in the middle of; of nested ones the innermost."""

    current: Pass | None = None


under_way = _UnderWay()


def pass_of(model: Any) -> Pass | None:
    """The pass over batches that this thread is in the middle of with a model; None outside `fit` and `evaluate`.

    A step takes no argument for it, since users override `train_step(data)` and `compute_loss(x, y, ...)`.
    """
    current = under_way.current
    return current if current is not None and current.model is model else None


@contextlib.contextmanager
def unwatched(optimizer: Any = None) -> Iterator[None]:
    """A block within which nothing watches layers or gradients, unless it begins to in the block; afterwards the
    former watchers watch again, and the tapes that were open are open.

    `Probe` watches a training step. An evaluation, or another `fit`, in the middle of that step is not part of it. An
    error in a step leaves no watcher, Ctrl-C no open tape: it may come before the first line of a tape's `__exit__`.
    """
    context = call_context()
    watchers = [(owner, owner.watch) for owner in (context, optimizer) if owner is not None]
    tapes, open_before = tape_state.tapes, list(tape_state.tapes)
    for owner, _ in watchers:
        owner.watch = None
    try:
        yield
    finally:
        for owner, watch in watchers:
            owner.watch = watch
        tapes[:] = open_before


def as_numbers(logs: Logs | None) -> Logs:
    """Python floats, in the order of the names; a metric with a number for each class stays an array, as in Keras."""
    arrays = {name: np.asarray(value) for name, value in sorted((logs or {}).items())}
    return {name: array.copy() if array.ndim else float(array) for name, array in arrays.items()}
