"""Training: compile, fit, evaluate, predict.

One step of `fit` is Trainer._train_on_batch, and it is what a loop of your own would do:

    with GradientTape() as tape:
        y_pred = model(x, training=True)
        loss = model.compute_loss(x, y, y_pred, sample_weight)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply(gradients, model.trainable_variables)
"""

import math
import sys
import warnings

import numpy as np

from .. import metrics as metrics_module
from .. import optimizers, random
from ..callbacks import CallbackList
from ..data import Epochs, check_finite, is_array_data, make_batches, train_validation_split, unpack_x_y_sample_weight
from ..nest import flatten, map_structure, pack_like
from ..tape import GradientTape
from .compiling import CompiledLoss, CompiledMetrics


class Trainer:
    """What `Model` adds to `Layer`."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.compiled = False
        self.stop_training = False
        self.optimizer = None
        self.loss = None
        self.history = None
        self._training_data = None
        self._trained = None
        self._in_epoch = False
        self._loss_tracker = None
        self._compiled_loss = None
        self._compiled_metrics = None

    def compile(self, optimizer="rmsprop", loss=None, loss_weights=None, metrics=None, weighted_metrics=None,
                run_eagerly=False, steps_per_execution=1, jit_compile="auto", auto_scale_loss=True):
        """Say how the model is trained.

        Args:
            optimizer: Name or Optimizer.
            loss: Name, Loss, or function of (y_true, y_pred).
            loss_weights: Number the loss is multiplied by.
            metrics: List of names, Metrics or functions to report.
            weighted_metrics: The same, taking account of sample weights.
            run_eagerly, steps_per_execution, jit_compile, auto_scale_loss: Taken for Keras's sake; they change nothing
                here, since every step runs the same compiled kernels.
        """
        self.optimizer = optimizers.get(optimizer)
        self.loss = loss
        self._compiled_loss = CompiledLoss(loss, loss_weights) if loss is not None else None
        self._compiled_metrics = (
            CompiledMetrics(metrics, weighted_metrics) if metrics is not None or weighted_metrics is not None else None
        )
        self._loss_tracker = metrics_module.Mean(name="loss")
        self.stop_training = False
        self.compiled = True

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
        added = [loss for layer in self._penalized for loss in layer._added_losses]
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
        """Update the compiled metrics with a batch and return all results by name."""
        if self._compiled_metrics is not None:
            self._compiled_metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self):
        """Loss and metrics so far, by name."""
        results = {}
        for metric, name in zip(self.metrics, self.metrics_names, strict=True):
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
        self._train_on(*unpack_x_y_sample_weight(data))
        return self.get_metrics_result()

    def _train_on(self, x, y, sample_weight):
        with GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
        value = float(loss.data)
        if not math.isfinite(value):
            self._blame_data(x, y)
        variables = self._trained_variables()
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        self._update_metrics(value, y, y_pred, sample_weight)

    def test_step(self, data):
        """One step of evaluation on a batch, like `train_step`."""
        self._test_on(*unpack_x_y_sample_weight(data))
        return self.get_metrics_result()

    def _test_on(self, x, y, sample_weight):
        y_pred = self(x, training=False)
        value = float(self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False).data)
        self._update_metrics(value, y, y_pred, sample_weight)

    def _update_metrics(self, loss, y, y_pred, sample_weight):
        # Weighted by the batch size, so that a short last batch counts as little as it should.
        self._loss_tracker.update_state(loss, sample_weight=len(flatten(y_pred)[0]))
        if self._compiled_metrics is not None:
            self._compiled_metrics.update_state(y, y_pred, sample_weight)

    def predict_step(self, data):
        """The outputs for a batch, like `train_step`."""
        return self(unpack_x_y_sample_weight(data)[0], training=False)

    # -- metrics ---------------------------------------------------------------------------------------------------

    @property
    def metrics(self):
        """The loss tracker, the compiled metrics and those of the layers."""
        own = [self._loss_tracker] if self._loss_tracker is not None else []
        if self._compiled_metrics is not None:
            own += self._compiled_metrics.metrics
        return own + super().metrics

    @property
    def metrics_names(self):
        """Their names, in the order in which `evaluate` returns them."""
        name_of = self._compiled_metrics.name_of if self._compiled_metrics is not None else lambda metric: metric.name
        return [name_of(metric) for metric in self.metrics]

    def reset_metrics(self):
        """Start all metrics again."""
        for metric in self.metrics:
            metric.reset_state()

    # -- loops -----------------------------------------------------------------------------------------------------

    def fit(self, x=None, y=None, batch_size=None, epochs=1, verbose="auto", callbacks=None, validation_split=0.0,
            validation_data=None, shuffle=True, class_weight=None, sample_weight=None, initial_epoch=0,
            steps_per_epoch=None, validation_steps=None, validation_batch_size=None, validation_freq=1):
        """Train for a number of epochs.

        The loss shown is the mean over the epoch of the batches' losses, each taken before its own update and with
        dropout on: `evaluate` on the same data afterwards gives another, usually lower, number.

        Args:
            x: Inputs: array, list or dict of arrays, generator, `PyDataset`, or any iterable of batches.
            y: Targets, if x is arrays.
            batch_size: Samples a step, 32 if None. Only for arrays.
            epochs: The epoch to stop after.
            verbose: 0 silent, 1 progress bar, 2 a line an epoch; 'auto' is 1 on a terminal or in a notebook, 2
                elsewhere.
            callbacks: List of Callbacks.
            validation_split: Share of x and y, taken from their end, to validate on.
            validation_data: (x, y) or (x, y, sample_weight) or a dataset to validate on after each epoch.
            shuffle: Draw a new order of the samples in every epoch.
            class_weight: Weight of each class's samples in the loss, {class: weight}.
            sample_weight: Weight of each sample in the loss.
            initial_epoch: The epoch to start at.
            steps_per_epoch: Batches an epoch; needed for endless generators.
            validation_steps: Batches to validate on, all if None.
            validation_batch_size: `batch_size` if None.
            validation_freq: Validate every so many epochs, or in the epochs listed.

        Returns:
            History, with the loss and the metrics of each epoch.
        """
        self._check_compiled("fit")
        _check_count("fit", "epochs", epochs, 0)
        _check_count("fit", "initial_epoch", initial_epoch, 0)
        if not isinstance(validation_freq, list | tuple | set):
            _check_count("fit", "validation_freq", validation_freq, 1)
        if validation_split and not is_array_data(x):
            raise ValueError(
                f"fit: validation_split cuts arrays, but x is a {type(x).__name__}, which yields batches; "
                "give validation_data=..."
            )
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = train_validation_split((x, y, sample_weight), validation_split)
        training = _epochs(x, y, sample_weight, batch_size, steps_per_epoch, "fit", shuffle=shuffle,
                           class_weight=class_weight, rng=random.generator() if shuffle else None)
        validation = None
        if validation_data is not None:
            validation = _validation_epochs(validation_data, validation_batch_size or batch_size, validation_steps)
        verbose = _verbosity(verbose)
        if not isinstance(callbacks, CallbackList):
            callbacks = CallbackList(callbacks, add_history=True, add_progbar=verbose != 0, model=self,
                                     verbose=verbose, epochs=epochs, steps=training.num_steps)
        self.stop_training = False
        self._training_data = training.batches
        logs = {}
        try:
            callbacks.on_train_begin()
            for epoch in range(initial_epoch, epochs):
                self.reset_metrics()
                callbacks.on_epoch_begin(epoch)
                logs = self._run_epoch(training, callbacks, "train")
                if validation is not None and _validates(epoch, validation_freq):
                    logs |= {f"val_{name}": value for name, value in self._evaluate(validation, callbacks).items()}
                    logs = dict(sorted(logs.items()))
                callbacks.on_epoch_end(epoch, logs)
                if self.stop_training or training.exhausted:
                    break
            callbacks.on_train_end(logs)
        finally:
            self._training_data = None
        if training.exhausted and training.steps is None and not self.stop_training and epoch + 1 < epochs:
            warnings.warn(f"fit: the generator ended in epoch {epoch + 1} of {epochs}; give fewer epochs, or data that "
                          "begins anew (a PyDataset, or an iterable that is not a generator)", stacklevel=2)
        return self.history

    def evaluate(self, x=None, y=None, batch_size=None, verbose="auto", sample_weight=None, steps=None, callbacks=None,
                 return_dict=False, **kwargs):
        """Loss and metrics on data, without training.

        Args:
            x, y, sample_weight, batch_size, verbose, callbacks: As for `fit`.
            steps: Batches to look at, all if None.
            return_dict: Return the results by name.

        Returns:
            The loss, or [loss, metric, ...] in the order of `metrics_names`, or a dict.
        """
        self._check_compiled("evaluate")
        _refuse("evaluate", kwargs)
        batches = _epochs(x, y, sample_weight, batch_size, steps, "evaluate")
        verbose = _verbosity(verbose)
        if not isinstance(callbacks, CallbackList):
            callbacks = CallbackList(callbacks, add_progbar=verbose != 0, model=self, verbose=verbose, epochs=1,
                                     steps=batches.num_steps)
        logs = self._evaluate(batches, callbacks)
        return logs if return_dict else self._in_order(logs)

    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """The model's outputs, as ndarrays.

        Args:
            x: Inputs, as for `fit`.
            batch_size: Samples a step, 32 if None.
            verbose, callbacks: As for `fit`.
            steps: Batches to predict, all if None.
        """
        batches = _epochs(x, None, None, batch_size, steps, "predict")
        verbose = _verbosity(verbose)
        if not isinstance(callbacks, CallbackList):
            callbacks = CallbackList(callbacks, add_progbar=verbose != 0, model=self, verbose=verbose, epochs=1,
                                     steps=batches.num_steps)
        parts, outputs = None, None
        callbacks.on_predict_begin()
        for step, data in enumerate(batches):
            callbacks.batch_begin("predict", step)
            outputs = self.predict_step(data)
            leaves = [np.asarray(leaf) for leaf in flatten(outputs)]
            parts = parts if parts is not None else [[] for _ in leaves]
            for part, leaf in zip(parts, leaves, strict=True):
                part.append(leaf)
            make_logs = lambda leaves=leaves, outputs=outputs: {"outputs": pack_like(outputs, leaves)}  # noqa: E731
            callbacks.batch_end("predict", step, make_logs)
        callbacks.on_predict_end()
        if parts is None:
            raise ValueError("predict: the data has no samples")
        return pack_like(outputs, [np.concatenate(part) for part in parts])

    def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, return_dict=False):
        """One training step on one batch.

        Returns:
            The loss, or [loss, metric, ...], or a dict, of this batch alone.
        """
        self._check_compiled("train_on_batch")
        if class_weight is not None and sample_weight is not None:
            raise ValueError("train_on_batch: give sample_weight or class_weight, not both")
        batch = _single_batch(x, y, sample_weight, class_weight, "train_on_batch")
        self.reset_metrics()
        logs = self.train_step(batch)
        return _as_numbers(logs) if return_dict else self._in_order(_as_numbers(logs))

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
        """Loss and metrics of one batch, without training."""
        self._check_compiled("test_on_batch")
        batch = _single_batch(x, y, sample_weight, None, "test_on_batch")
        self.reset_metrics()
        logs = self.test_step(batch)
        return _as_numbers(logs) if return_dict else self._in_order(_as_numbers(logs))

    def predict_on_batch(self, x):
        """The outputs for one batch, as ndarrays."""
        return map_structure(np.asarray, self.predict_step((x,)))

    def _run_epoch(self, batches, callbacks, kind):
        """One pass over the batches: 'train' or 'test'. Returns the results by name."""
        step_method, fast_method = ("train_step", self._train_on) if kind == "train" else ("test_step", self._test_on)
        # A step the user has overridden returns its logs; ours are only put together when somebody looks at them.
        overridden = getattr(type(self), step_method) is not getattr(Trainer, step_method)
        own_step = getattr(self, step_method) if overridden else None
        make_logs = lambda: _as_numbers(self.get_metrics_result())  # noqa: E731
        step = -1
        outer = self._trained, self._in_epoch  # a callback may evaluate in the middle of an epoch
        self._trained, self._in_epoch = None, True
        try:
            # A diverging model shows in its loss, not in warnings about single operations.
            with np.errstate(all="ignore"):
                for step, data in enumerate(batches):
                    callbacks.batch_begin(kind, step)
                    if own_step is None:
                        fast_method(*unpack_x_y_sample_weight(data))
                    else:
                        logs = own_step(data)
                        make_logs = lambda logs=logs: _as_numbers(logs)  # noqa: E731
                    callbacks.batch_end(kind, step, make_logs)
                    if self.stop_training and kind == "train":
                        break
        finally:
            self._trained, self._in_epoch = outer
        if step < 0:
            raise ValueError(f"{self.name}: the data gave no batch")
        return make_logs()

    def _evaluate(self, batches, callbacks):
        self.reset_metrics()
        callbacks.on_test_begin()
        logs = self._run_epoch(batches, callbacks, "test")
        callbacks.on_test_end(logs)
        return logs

    def _in_order(self, logs):
        names = [name for name in self.metrics_names if name in logs]
        values = [logs[name] for name in names + [name for name in logs if name not in names]]
        return values[0] if len(values) == 1 else values

    def _blame_data(self, x, y):
        """The loss is not finite: if the data is why, say so before the weights are touched.
        If training diverged, go on.
        """
        if self._training_data is not None:
            self._training_data.check_finite()
        for name, part in (("x", x), ("y", y)):
            for leaf in flatten(part):
                if leaf is not None:
                    check_finite(f"this batch's {name}", np.asarray(leaf))

    def _check_compiled(self, what):
        if not self.compiled:
            raise RuntimeError(f"{self.name}.{what}: call compile(optimizer=..., loss=...) first")


def _epochs(x, y, sample_weight, batch_size, steps, where, **options):
    return Epochs(make_batches(x, y, sample_weight, batch_size=batch_size, steps=steps, where=where, **options), steps)


def _validation_epochs(validation_data, batch_size, steps):
    if not isinstance(validation_data, list | tuple):
        validation_data = (validation_data,)
    parts = unpack_x_y_sample_weight(tuple(validation_data))
    return Epochs(make_batches(*parts, batch_size=batch_size, steps=steps, where="validation"), steps, restart=True)


def _single_batch(x, y, sample_weight, class_weight, where):
    """The arrays as one batch, cast as `fit` would."""
    return next(iter(make_batches(x, y, sample_weight, batch_size=sys.maxsize, class_weight=class_weight, where=where)))


def _validates(epoch, frequency):
    if isinstance(frequency, list | tuple | set):
        return epoch + 1 in frequency
    return (epoch + 1) % frequency == 0


def _verbosity(verbose):
    if isinstance(verbose, str) and verbose == "auto":
        from ..utils.progbar import is_interactive

        return 1 if is_interactive() else 2
    if verbose not in (0, 1, 2):
        raise ValueError(
            f"verbose must be 0 (silent), 1 (progress bar), 2 (a line an epoch) or 'auto', got {verbose!r}"
        )
    return int(verbose)


def _as_numbers(logs):
    """Python floats, in the order of the names."""
    return {name: float(np.asarray(value)) for name, value in sorted((logs or {}).items())}


def _check_count(owner, name, value, least):
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{owner}: {name} must be an int, got {value!r} ({type(value).__name__})")
    if value < least:
        raise ValueError(f"{owner}: {name} must be at least {least}, got {value}")


def _refuse(owner, unknown):
    if unknown:
        raise TypeError(f"{owner}: unknown argument {', '.join(map(repr, unknown))}")
