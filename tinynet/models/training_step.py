"""One step of training: what happens to one batch.

`fit` calls TrainingStep._train_on for each batch, and it is what a loop of your own would do:

    with GradientTape() as tape:
        y_pred = model(x, training=True)
        loss = optimizer.scale_loss(model.compute_loss(x, y, y_pred, sample_weight))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply(gradients, model.trainable_variables)
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..callbacks.base import Logs
from ..core.errors import ModelWarning, warn_user
from ..core.nest import flatten
from ..core.recording import in_between
from ..data import Epochs, check_finite, unpack_x_y_sample_weight
from ..layers.base import Layer
from ..tape import GradientTape
from ..tensor import Tensor
from ..variable import Variable
from . import lint, order
from .augmenting import Augmented
from .compiled import Compiled
from .replay import Replays
from .run import TrainingRun, pass_of


class TrainingStep(Compiled):
    """What a `Trainer` does with one batch."""

    @property
    def _training_steps(self) -> Replays:
        return self.__dict__.get("_own_training_steps") or self.__dict__.setdefault(
            "_own_training_steps", Replays(training=True, kept=2))

    @property
    def _prediction_calls(self) -> Replays:
        return self.__dict__.get("_own_prediction_calls") or self.__dict__.setdefault(
            "_own_prediction_calls", Replays(training=False, kept=2))

    def _compiled_loss_is_known(self) -> bool:
        loss = self._compiled_loss
        return loss is None or loss._loss is not None or loss._parts is not None

    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None,
                     training: bool = True) -> Tensor:
        """The loss of a batch: the compiled loss plus all penalties. Override it for a loss of your own.

        Args:
            x: The batch's inputs.
            y: Its targets.
            y_pred: The model's outputs for it.
            sample_weight: The weights of its samples, or None.
            training: Whether it is a training step; the loss is the same.

        Returns:
            A scalar Tensor.

        Raises:
            ValueError: there is neither a loss nor a penalty, or the loss needs targets and there are none.
        """
        total = self._compiled_loss(y, y_pred, sample_weight) if self._compiled_loss is not None else None
        for penalty in self._penalties():
            total = penalty if total is None else total + penalty
        if total is None:
            raise ValueError(
                f"{self.name}: there is no loss to train on; give loss=... to compile(), or use add_loss() in call()"
            )
        return total

    def _penalties(self) -> list[Tensor]:
        """`losses`, without searching the whole model in every step."""
        added = [loss for layer in self._penalized for loss in layer._added_losses] if self._penalized else []
        variables: list[Any] = self._trained_variables()
        return added + [v.regularizer(v) for v in variables if v.regularizer is not None]

    def _trained_variables(self) -> list[Variable]:
        """The trainable variables, looked up once an epoch: setting `layer.trainable` acts from the next epoch on."""
        current = pass_of(self)
        if current is None:
            return self.trainable_variables
        if current.variables is None:
            current.variables = self.trainable_variables
        return current.variables

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Logs:
        """Update the compiled metrics with a batch. Override it to report others.

        Args:
            x, y, y_pred, sample_weight: As for `compute_loss`.

        Returns:
            All results so far, by name.
        """
        self._update_metrics(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def _update_metrics(self, y: Any, y_pred: Any, sample_weight: Any) -> None:
        if self._compiled_metrics is not None:
            self._compiled_metrics.update_state(y, y_pred, sample_weight)

    def train_step(self, data: Any) -> Logs:
        """One step of training on a batch; override it for a step of your own.

        Args:
            data: x, (x, y) or (x, y, sample_weight).

        Returns:
            Loss and metrics so far, by name.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        return self.compute_metrics(x, y, self._train_on(x, y, sample_weight), sample_weight)

    def _train_on(self, x: Any, y: Any, sample_weight: Any) -> Any:
        """The step itself, which updates the weights and the mean loss; returns the outputs."""
        current = pass_of(self)
        run = current.run if current is not None else None
        group = current.epochs.group if current is not None else None
        variables = self._trained_variables() if self.built else None

        def differentiate():
            with GradientTape() as tape:
                y_pred = self(x, training=True) if type(x) is not Augmented else self._call_on_augmented(x)
                if not (self._advised if run is None else run.first_batch_checked):
                    self._check_first_batch(run, x, y, y_pred)
                loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
                scaled = self.optimizer.scale_loss(loss)  # `apply` divides the gradients by the same factor
            if group is not None and group.sends_early:
                tape.on_final = functools.partial(in_between, group.gradient_is_final)
            return y_pred, loss, tape.gradient(scaled, self._trained_variables())

        if variables is not None and self.optimizer.watch is None:
            y_pred, loss, gradients = self._training_steps.take(
                self, differentiate, (x, y, sample_weight), variables, self.optimizer.loss_scale_factor)
        else:
            y_pred, loss, gradients = differentiate()
        value = float(loss.data)
        if not math.isfinite(value):
            self._check_loss((x, y))
        self.optimizer.apply(gradients, variables if variables is not None else self._trained_variables())
        self._track_loss(value, y_pred)
        return y_pred

    def _check_loss(self, data: Any) -> None:
        """The loss of a training step is not finite."""
        current = pass_of(self)
        run = current.run if current is not None else None
        self._check_data(run.training if run is not None else None, data[0], data[1])

    def test_step(self, data: Any) -> Logs:
        """One step of evaluation on a batch; override it for a step of your own.

        Args:
            data: x, (x, y) or (x, y, sample_weight).

        Returns:
            Loss and metrics so far, by name.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        return self.compute_metrics(x, y, self._test_on(x, y, sample_weight), sample_weight)

    def _test_on(self, x: Any, y: Any, sample_weight: Any) -> Any:
        y_pred = self(x, training=False)
        value = float(self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False).data)
        if not math.isfinite(value):
            current = pass_of(self)
            if current is not None and current.run is not None and not current.trains:  # a validation
                self._check_data(current.epochs, x, y)
        self._track_loss(value, y_pred)
        return y_pred

    def _track_loss(self, loss: float, y_pred: Any) -> None:
        # Weighted by the batch size, so that a short last batch counts as little as it should.
        first = y_pred if isinstance(y_pred, Tensor) else flatten(y_pred)[0]
        self._loss_tracker.update_state(loss, sample_weight=len(first))

    def predict_step(self, data: Any) -> Any:
        """The outputs for a batch; override it for a step of your own.

        Args:
            data: x, (x, y) or (x, y, sample_weight).

        Returns:
            The model's outputs.
        """
        return self(unpack_x_y_sample_weight(data)[0], training=False)

    # -- what can be wrong -----------------------------------------------------------------------------------------

    def _check_first_batch(self, run: TrainingRun | None, x: Any, y: Any, y_pred: Any) -> None:
        """Before the first loss is computed: raise for labels outside the classes, once a run; warn of what can hardly
        be meant, once a `compile`.
        """
        if run is not None:
            run.first_batch_checked = True
        self._trained_on_scaled = lint.is_scaled(x)
        if self._compiled_loss is None or y is None or type(self).compute_loss is not TrainingStep.compute_loss:
            return
        if not all(isinstance(part, Tensor) and part.shape for part in flatten(y_pred)):
            return
        outputs = self._compiled_loss.compared(y, y_pred)
        lint.check_targets(outputs, run.targets() if run is not None else {})
        if self._advised:
            return
        self._advised = True
        metrics = self._compiled_metrics
        metrics_of = (lambda position: metrics.of_output(position, y, y_pred)) if metrics is not None else None
        self._advice = lint.advice(outputs, x, order.layers_of(self),
                                   lambda position: order.last_layer(self, position), metrics_of)
        for text in self._advice:
            warn_user(f"{self.name}: {text}", ModelWarning)

    def _check_data(self, epochs: Epochs | None, x: Any, y: Any) -> None:
        """The loss is not finite: raise if the data is why, before the weights are touched; if training has diverged,
        go on.
        """
        if epochs is not None:
            epochs.batches.check_finite()
        for name, part in (("x", x), ("y", y)):
            for leaf in flatten(part):
                if leaf is not None:
                    check_finite(f"this batch's {name}", np.asarray(leaf))

    # -- what kinds of models answer differently -------------------------------------------------------------------

    def _layers_in_order(self) -> list[Layer] | None:
        """The layers in the order in which they are called, where that is fixed (Sequential); else None."""
        return None

    def _call_on_augmented(self, batch: Augmented) -> Any:
        """The outputs in training for inputs to which the first layers have been applied already."""
        raise NotImplementedError
