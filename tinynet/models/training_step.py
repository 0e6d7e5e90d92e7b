"""One step of training: what `compile` says, and what happens to one batch.

`fit` calls TrainingStep._train_on for each batch, and it is what a loop of your own would do:

    with GradientTape() as tape:
        y_pred = model(x, training=True)
        loss = model.compute_loss(x, y, y_pred, sample_weight)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply(gradients, model.trainable_variables)
"""

import math

import numpy as np

from .. import metrics as metrics_module
from .. import optimizers
from ..core.nest import flatten
from ..core.old_names import OldMethods
from ..data import check_finite, unpack_x_y_sample_weight
from ..tape import GradientTape
from ..tensor import Tensor
from .compiling import CompiledLoss, CompiledMetrics
from .lint import check_first_batch


class Augmented:
    """Inputs that the augmentation layers at the model's beginning, `layers` in number, have already seen."""

    __slots__ = ("data", "layers")

    def __init__(self, data, layers):
        self.data = data
        self.layers = layers


class TrainingStep(OldMethods):
    """What a `Trainer` does with one batch."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.compiled = False
        self.stop_training = False
        self.optimizer = None
        self.loss = None
        self.history = None
        self._training = None  # the epochs of the `fit` under way
        self._validation = None  # those of its validation
        self._initial_epoch = None  # where BackupAndRestore lets it begin
        self._unchecked = True  # the next batch is the first of a `fit`
        self._advised = False  # lint.py has said what it has to say of this compile
        self._trained, self._in_epoch = None, False  # the trainable variables, within an epoch
        self._loss_tracker = None
        self._compiled_loss = None
        self._compiled_metrics = None
        self._compile_arguments = {}
        self._shuffle_seeds, self._shuffle_session = None, ()

    def compile(self, optimizer="rmsprop", loss=None, loss_weights=None, metrics=None, weighted_metrics=None,
                run_eagerly=False, steps_per_execution=1, jit_compile="auto", auto_scale_loss=True):
        """Say how the model is trained.

        Args:
            optimizer: Name or Optimizer.
            loss: Name, Loss, or function of (y_true, y_pred). A model with several outputs takes a list of them, or a
                dict by the outputs' names; None in it is an output without a loss.
            loss_weights: Number the loss is multiplied by, or a list or dict of them.
            metrics: List of names, Metrics or functions to report; for several outputs a list with such a list for
                each, or a dict by name.
            weighted_metrics: The same, taking account of sample weights.
            run_eagerly, steps_per_execution, jit_compile, auto_scale_loss: Taken for Keras's sake; they change nothing
                here, since every step runs the same compiled kernels.
        """
        self.optimizer = optimizers.get(optimizer)
        self.loss = loss
        graph = self._defining_graph()
        names = graph.output_names if graph is not None else None
        self._compiled_loss = CompiledLoss(loss, loss_weights, names) if loss is not None else None
        self._compiled_metrics = (
            CompiledMetrics(metrics, weighted_metrics, names)
            if metrics is not None or weighted_metrics is not None else None
        )
        self._loss_tracker = metrics_module.Mean(name="loss")
        self._compile_arguments = {
            "loss": loss, "loss_weights": loss_weights, "metrics": metrics, "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly, "steps_per_execution": steps_per_execution, "jit_compile": jit_compile,
        }
        self.stop_training = False
        self._unchecked, self._advised = True, False
        self.compiled = True

    def get_compile_config(self):
        """What `compile` was given, as plain values; None if it was not called.

        Raises:
            ValueError: a loss or metric is a lambda, or another thing without a name.
        """
        if not self.compiled:
            return None
        from ..serialization import serialize_keras_object

        return {"optimizer": optimizers.serialize(self.optimizer), **serialize_keras_object(self._compile_arguments)}

    def compile_from_config(self, config):
        """Compile as `get_compile_config` says."""
        from ..serialization import deserialize_keras_object

        self.compile(**deserialize_keras_object(dict(config)))

    # -- one step --------------------------------------------------------------------------------------------------

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The loss of a batch: the compiled loss plus all penalties. Override it for a loss of your own.

        Returns:
            A scalar Tensor.
        """
        total = self._compiled_loss(y, y_pred, sample_weight) if self._compiled_loss is not None else None
        for penalty in self._penalties():
            total = penalty if total is None else total + penalty
        if total is None:
            raise ValueError(
                f"{self.name}: there is no loss to train on; give loss=... to compile(), or use add_loss() in call()"
            )
        return total

    def _penalties(self):
        """`losses`, without searching the whole model in every step."""
        added = [loss for layer in self._penalized for loss in layer._added_losses] if self._penalized else []
        return added + [v.regularizer(v) for v in self._trained_variables() if v.regularizer is not None]

    def _trained_variables(self):
        """The trainable variables, looked up once an epoch: setting `layer.trainable` acts from the next epoch on."""
        if self._trained is None:
            variables = self.trainable_variables
            if not self._in_epoch:
                return variables
            self._trained = variables
        return self._trained

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Update the compiled metrics with a batch and return all results by name. Override it to report others."""
        self._update_metrics(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def _update_metrics(self, y, y_pred, sample_weight):
        if self._compiled_metrics is not None:
            self._compiled_metrics.update_state(y, y_pred, sample_weight)

    def get_metrics_result(self):
        """Loss and metrics so far, by name."""
        results = {}
        for metric, name in zip(self.metrics, self._names_of_metrics(), strict=True):
            value = metric.result()
            results.update(value if isinstance(value, dict) else {name: value})
        return results

    def train_step(self, data):
        """One step of training on a batch; override it for a step of your own.

        Args:
            data: x, (x, y) or (x, y, sample_weight).

        Returns:
            Loss and metrics so far, by name.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        return self.compute_metrics(x, y, self._train_on(x, y, sample_weight), sample_weight)

    def _train_on(self, x, y, sample_weight):
        """The step itself, which updates the weights and the mean loss; returns the outputs."""
        with GradientTape() as tape:
            y_pred = self(x, training=True) if type(x) is not Augmented else self._call_on_augmented(x)
            if self._unchecked:
                check_first_batch(self, x, y, y_pred)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
        value = float(loss.data)
        if not math.isfinite(value):
            self._blame_data(self._training, x, y)
        variables = self._trained_variables()
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        self._track_loss(value, y_pred)
        return y_pred

    def test_step(self, data):
        """One step of evaluation on a batch, like `train_step`."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        return self.compute_metrics(x, y, self._test_on(x, y, sample_weight), sample_weight)

    def _test_on(self, x, y, sample_weight):
        y_pred = self(x, training=False)
        value = float(self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False).data)
        if not math.isfinite(value) and self._validation is not None:
            self._blame_data(self._validation, x, y)
        self._track_loss(value, y_pred)
        return y_pred

    def _track_loss(self, loss, y_pred):
        # Weighted by the batch size, so that a short last batch counts as little as it should.
        first = y_pred if isinstance(y_pred, Tensor) else flatten(y_pred)[0]
        self._loss_tracker.update_state(loss, sample_weight=len(first))

    def predict_step(self, data):
        """The outputs for a batch, like `train_step`."""
        return self(unpack_x_y_sample_weight(data)[0], training=False)

    def _layers_in_order(self):
        """The layers in the order in which they are called, where that is fixed (Sequential); else None."""
        return None

    def _blame_data(self, epochs, x, y):
        """The loss is not finite: if the data is why, say so before the weights are touched.
        If training diverged, go on.
        """
        if epochs is not None:
            epochs.batches.check_finite()
        for name, part in (("x", x), ("y", y)):
            for leaf in flatten(part):
                if leaf is not None:
                    check_finite(f"this batch's {name}", np.asarray(leaf))

    # -- metrics ---------------------------------------------------------------------------------------------------

    @property
    def metrics(self):
        """The loss tracker, the compiled metrics and those of the layers."""
        own = [self._loss_tracker] if self._loss_tracker is not None else []
        if self._compiled_metrics is not None:
            own += self._compiled_metrics.metrics
        if self._compiled_loss is not None:
            own += self._compiled_loss.metrics
        return own + super().metrics

    @property
    def metrics_names(self):
        """Their names, in the order in which `evaluate` returns them."""
        names = self._names_of_metrics()
        if self._compiled_metrics is not None and self._compiled_metrics.of_several:  # those come last, in Keras too
            named = set(self._compiled_metrics.result())
            names = [name for name in names if name not in named] + sorted(named)
        return names

    def _names_of_metrics(self):
        name_of = self._compiled_metrics.name_of if self._compiled_metrics is not None else lambda metric: metric.name
        return [name_of(metric) for metric in self.metrics]

    def reset_metrics(self):
        """Start all metrics again."""
        for metric in self.metrics:
            metric.reset_state()
