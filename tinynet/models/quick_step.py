"""A whole training step, of `fit` or `train_on_batch`, whose loss and gradients come from a recording.

A step asks the same questions each time: is a pass under way, does a probe watch, are these the variables, which
metrics are there? `fit` asks them again only if something may have changed since the last step. What may change is
compared: the layers' attributes, the optimizer's options, the arrays of weights and states, the settings of the loss.
The calls and their results are those of `TrainingStep._train_on`, which takes every step that is not taken here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import runtime
from ..core.registry import is_builtin
from ..layers.base_weights import changes
from ..layers.context import threads
from ..metrics.base import Metric
from ..tape import state as tape_state
from ..tensor import Tensor


class QuickStep:
    """The step of one pass over batches. Made where a step of it has been run from a recording.

    Args:
        model: The model, whose last step was run from the recording.
        recording: The Recording.
        variables: The pass's trainable variables.
    """

    __slots__ = ("_changes", "_gradients", "_loss", "_loss_mean", "_metrics", "_model",
                 "_optimizer", "_recording", "_replays", "_rows", "_settings", "_variables", "_y_pred")

    def __init__(self, model: Any, recording: Any, variables: list[Any]) -> None:
        self._model, self._recording, self._variables = model, recording, variables
        self._replays = model._training_steps
        self._settings = self._replays._settings
        self._y_pred, loss, self._gradients = recording.results
        self._loss = loss.data
        self._rows = len(self._y_pred)
        self._optimizer = model.optimizer
        self._loss_mean = model._loss_tracker
        compiled = model._compiled_metrics
        self._metrics = [] if compiled is None else [(metric.update_state, weighted)
                                                     for metric, weighted, _ in compiled._built]
        self._changes = changes.count

    @classmethod
    def after(cls, model: Any, variables: Any) -> QuickStep | None:
        """The quick step of a model that has just taken a training step; None if that was no step that it may repeat.

        Args:
            model: The model.
            variables: The pass's trainable variables, or None.
        """
        recording = model._training_steps._last
        if recording is None or variables is None or recording.runs == 0 or type(recording.results[0]) is not Tensor:
            return None
        compiled = model._compiled_metrics
        if compiled is not None and (compiled._built is None or compiled.of_several or not all(
                is_builtin(type(metric)) and is_builtin(getattr(metric, "_fn", is_builtin))
                for metric, _, _ in compiled._built)):
            return None  # metrics of the user's own may keep the outputs
        if model._overrides("_train_on", "_track_loss"):
            return None
        return cls(model, recording, variables)

    def take(self, data: Any) -> bool:
        """Take the step on a batch.

        Args:
            data: (x, y) or (x, y, sample_weight).

        Returns:
            False if it has to be taken by `_train_on`: nothing has been done then.
        """
        replays, recording, optimizer = self._replays, self._recording, self._optimizer
        if (replays._last is not recording or changes.count != self._changes or optimizer.watch is not None
                or runtime._backend != "native" or threads.context.watch is not None or tape_state.tapes
                or not isinstance(data, tuple) or replays._factor != optimizer.loss_scale_factor
                or self._model.optimizer is not optimizer):
            return False
        if self._settings.changed():
            return False
        if not replays._in_use.acquire(False):
            return False
        try:
            if not recording.run([part for part in data if part is not None]):
                return False
            value = self._loss.item()
            if not math.isfinite(value):
                self._model._check_loss(data)
            optimizer.apply(self._gradients, self._variables)
            y = data[1]
            self._loss_mean._add(value * self._rows, self._rows)
            for update, weighted in self._metrics:
                update(y, self._y_pred, data[2] if weighted and len(data) == 3 else None)
        finally:
            replays._in_use.release()
        return True


class QuickBatch:
    """`train_on_batch` on a batch like the one before: a QuickStep, and the metrics of this batch alone.

    Args:
        model: The model, which has just taken a step from a recording.
        quick: Its QuickStep.
    """

    __slots__ = ("_metrics", "_names", "_order", "_quick", "_states")

    def __init__(self, model: Any, quick: QuickStep) -> None:
        self._quick = quick
        self._metrics = model.metrics
        self._names = model._names_of_metrics(self._metrics)
        self._order = list(dict.fromkeys(model.metrics_names))
        self._states = [(variable, np.zeros_like(variable.data)) for metric in self._metrics
                        for variable in metric.variables]

    @classmethod
    def after(cls, model: Any) -> QuickBatch | None:
        """The quick batch of a model that has just taken a step with one batch, or None as in `QuickStep.after`."""
        recording = model._training_steps._last
        if recording is None or recording.runs == 0 or model._overrides(
                "train_step", "compute_metrics", "get_metrics_result", "metrics", "metrics_names", "reset_metrics"):
            return None
        quick = QuickStep.after(model, model._trained_variables())
        if quick is None or any(type(metric).reset_state is not Metric.reset_state for metric in model.metrics):
            return None
        return cls(model, quick)

    def take(self, data: Any) -> dict[str, Any] | None:
        """Take the step on a batch.

        Args:
            data: As for QuickStep.take.

        Returns:
            The logs of `train_step`, in the order of `metrics_names`; None if nothing has been done but the metrics
            begun anew.
        """
        for variable, zeros in self._states:
            variable.data = zeros.copy()
        if not self._quick.take(data):
            return None
        logs: dict[str, Any] = {}
        for metric, name in zip(self._metrics, self._names, strict=True):
            value = metric.result()
            logs.update(value if isinstance(value, dict) else {name: value})
        return logs if len(logs) == 1 else {name: logs[name] for name in self._order if name in logs} | logs
