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
from ..callbacks import CallbackList, Probe
from ..data import Epochs, check_finite, is_array_data, make_batches, train_validation_split, unpack_x_y_sample_weight
from ..layers.context import call_context
from ..nest import flatten, map_structure, pack_like
from ..old_names import OldMethods, old_arguments
from ..tape import GradientTape
from .compiling import CompiledLoss, CompiledMetrics
from .lint import check_first_batch


class Augmented:
    """Inputs that the augmentation layers at the model's beginning have already seen."""

    __slots__ = ("data",)

    def __init__(self, data):
        self.data = data


class Trainer(OldMethods):
    """What `Model` adds to `Layer`."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.compiled = False
        self.stop_training = False
        self.optimizer = None
        self.loss = None
        self.history = None
        self._training = None  # the epochs of the `fit` under way
        self._initial_epoch = None  # where BackupAndRestore lets it begin
        self._validation = None  # those of its validation
        self._unchecked = True  # the next batch is the first of a `fit`
        self._advised = False  # lint.py has said what it has to say of this compile
        self._trained = None
        self._in_epoch = False
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
        names = self._graph.output_names if self._graph is not None else None
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
        from ..saving.registration import serialize_keras_object

        return {"optimizer": optimizers.serialize(self.optimizer), **serialize_keras_object(self._compile_arguments)}

    def compile_from_config(self, config):
        """Compile as `get_compile_config` says."""
        from ..saving.registration import deserialize_keras_object

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
        self._train_on(*unpack_x_y_sample_weight(data))
        return self.get_metrics_result()

    def _train_on(self, x, y, sample_weight):
        with GradientTape() as tape:
            y_pred = self(x, training=True) if type(x) is not Augmented else self._call_on_augmented(x.data)
            if self._unchecked:
                check_first_batch(self, x, y, y_pred)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
        value = float(loss.data)
        if not math.isfinite(value):
            self._blame_data(self._training, x, y)
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
        if not math.isfinite(value) and self._validation is not None:
            self._blame_data(self._validation, x, y)
        self._update_metrics(value, y, y_pred, sample_weight)

    def _update_metrics(self, loss, y, y_pred, sample_weight):
        # Weighted by the batch size, so that a short last batch counts as little as it should.
        self._loss_tracker.update_state(loss, sample_weight=len(flatten(y_pred)[0]))
        if self._compiled_metrics is not None:
            self._compiled_metrics.update_state(y, y_pred, sample_weight)

    def predict_step(self, data):
        """The outputs for a batch, like `train_step`."""
        return self(unpack_x_y_sample_weight(data)[0], training=False)

    def _augmenting_layers(self):
        """The layers at the model's beginning that `fit` may run in a thread, one batch ahead of the others."""
        return []

    def _augments_ahead(self, callbacks):
        """A function that applies them to a batch; None where there are none, or somebody looks between the steps.

        A callback that saves within an epoch must find the random generators where the last step has left them.
        """
        augmenting = self._augmenting_layers()
        looks = any(isinstance(callback, Probe) or isinstance(getattr(callback, "save_freq", None), int)
                    for callback in callbacks.callbacks)
        overridden = type(self).train_step is not Trainer.train_step
        if not augmenting or looks or overridden:
            return None

        def prepare(data):
            x, y, sample_weight = unpack_x_y_sample_weight(data)
            x = self._with_last_axis(x)  # else a batch of grey images would pass for one image
            for layer in augmenting:
                x = layer(x, training=True)
            return Augmented(x), y, sample_weight

        return prepare

    def _layers_in_order(self):
        """The layers in the order in which they are called, where that is fixed (Sequential); else None."""
        return None

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

    # -- loops -----------------------------------------------------------------------------------------------------

    @old_arguments(nb_epoch="epochs", dropped=("max_queue_size", "workers", "use_multiprocessing"))
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
        self._check_compiled("fit", to_train=True)
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
                           class_weight=class_weight, rng=self._orders() if shuffle else None)
        validation = None
        if validation_data is not None:
            validation = _validation_epochs(validation_data, validation_batch_size or batch_size, validation_steps)
            self._check_validation_targets(validation.batches)
        verbose = _verbosity(verbose)
        if not isinstance(callbacks, CallbackList):
            callbacks = CallbackList(callbacks, add_history=True, add_progbar=verbose != 0, model=self,
                                     verbose=verbose, epochs=epochs, steps=training.num_steps)
        training.prepare = self._augments_ahead(callbacks)
        self.stop_training = False
        self._training, self._validation, self._initial_epoch = training, validation, None
        self._unchecked = True
        logs = {}
        try:
            callbacks.on_train_begin()
            for epoch in range(initial_epoch if self._initial_epoch is None else self._initial_epoch, epochs):
                self.reset_metrics()
                callbacks.on_epoch_begin(epoch)
                logs = self._run_epoch(training, callbacks, "train")
                if validation is not None and _validates(epoch, validation_freq):
                    logs |= {f"val_{name}": value for name, value in self._evaluate(validation, callbacks).items()}
                    logs = dict(sorted(logs.items()))
                callbacks.on_epoch_end(epoch, logs)
                if self.stop_training or training.exhausted:
                    break
            if self.optimizer.built:
                self.optimizer.finalize_variable_values(self.optimizer._trainable_variables)
            callbacks.on_train_end(logs)
        finally:
            self._training = self._validation = None
            call_context().watch = self.optimizer.watch = None  # a Probe that an error has taken by surprise
        if training.exhausted and training.steps is None and not self.stop_training and epoch + 1 < epochs:
            warnings.warn(f"fit: the generator ended in epoch {epoch + 1} of {epochs}; give fewer epochs, or data that "
                          "begins anew (a PyDataset, or an iterable that is not a generator)", stacklevel=2)
        return self.history

    def _orders(self):
        """Where the random orders of the samples come from: seeds that belong to the model, are kept in its file, and
        start again when the session's seed is set.
        """
        session = random.global_seed_generator()
        if self._shuffle_seeds is None or self._shuffle_session[0] is not session:
            self._shuffle_seeds, self._shuffle_session = random.SeedGenerator(name="shuffle"), (session,)
        return random.Orders(self._shuffle_seeds)

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
        self._check_compiled("train_on_batch", to_train=True)
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

    def gradients(self, x, y=None, sample_weight=None):
        """The gradient of the loss on one batch with respect to each trainable weight, without training.

        Dropout is off and batch normalization uses its moving averages, as in `evaluate`.

        Returns:
            {path of the weight: ndarray}; None for a weight that the loss does not depend on.
        """
        self._check_compiled("gradients")
        x, y, sample_weight = unpack_x_y_sample_weight(_single_batch(x, y, sample_weight, None, "gradients"))
        with GradientTape() as tape:
            loss = self.compute_loss(x=x, y=y, y_pred=self(x, training=False), sample_weight=sample_weight,
                                     training=False)
        variables = self.trainable_variables
        return {variable.path: None if gradient is None else np.asarray(gradient)
                for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True)}

    def _run_epoch(self, batches, callbacks, kind):
        """One pass over the batches: 'train' or 'test'. Returns the results by name."""
        step_method, fast_method = ("train_step", self._train_on) if kind == "train" else ("test_step", self._test_on)
        # A step the user has overridden returns its logs; ours are only put together when somebody looks at them.
        overridden = getattr(type(self), step_method) is not getattr(Trainer, step_method)
        own_step = getattr(self, step_method) if overridden else None
        make_logs = lambda: _as_numbers(self.get_metrics_result())  # noqa: E731
        step = batches.first_step - 1
        outer = self._trained, self._in_epoch  # a callback may evaluate in the middle of an epoch
        self._trained, self._in_epoch = None, True
        try:
            # A diverging model shows in its loss, not in warnings about single operations.
            with np.errstate(all="ignore"):
                for step, data in enumerate(batches, batches.first_step):
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
        names = [name for name in dict.fromkeys(self.metrics_names) if name in logs]
        values = [logs[name] for name in names + [name for name in logs if name not in names]]
        return values[0] if len(values) == 1 else values

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

    def _check_validation_targets(self, batches):
        """Say before the first epoch, not after it, that they are missing."""
        own_loss = (type(self).test_step, type(self).compute_loss) != (Trainer.test_step, Trainer.compute_loss)
        if self._compiled_loss is not None and not own_loss and getattr(batches, "y", ...) is None:
            raise ValueError(f"{self.name}.fit: validation_data has no targets; give (x, y), or a dataset of pairs")

    def _check_compiled(self, what, to_train=False):
        if not self.compiled:
            raise RuntimeError(f"{self.name}.{what}: call compile(optimizer=..., loss=...) first")
        if to_train and self.optimizer is None:
            raise RuntimeError(
                f"{self.name}.{what}: the model was compiled with optimizer=None, which is enough for evaluate(); to "
                "train it, call compile(optimizer=\"rmsprop\", ...) or another optimizer"
            )


def _epochs(x, y, sample_weight, batch_size, steps, where, **options):
    return Epochs(make_batches(x, y, sample_weight, batch_size=batch_size, steps=steps, where=where, **options), steps)


def _validation_epochs(validation_data, batch_size, steps):
    if not isinstance(validation_data, list | tuple):
        validation_data = (validation_data,)
    if not 1 <= len(validation_data) <= 3:
        raise ValueError(
            f"fit: validation_data must be (x, y), (x, y, sample_weight) or a dataset, got {len(validation_data)} parts"
        )
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
    """Python floats, in the order of the names; a metric with a number for each class stays an array, as in Keras."""
    arrays = {name: np.asarray(value) for name, value in sorted((logs or {}).items())}
    return {name: array.copy() if array.ndim else float(array) for name, array in arrays.items()}


def _check_count(owner, name, value, least):
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{owner}: {name} must be an int, got {value!r} ({type(value).__name__})")
    if value < least:
        raise ValueError(f"{owner}: {name} must be at least {least}, got {value}")


def _refuse(owner, unknown):
    if unknown:
        raise TypeError(f"{owner}: unknown argument {', '.join(map(repr, unknown))}")
