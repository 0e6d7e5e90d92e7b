"""Training loops over batches: fit, evaluate, predict. What they do with each is in training_step.py."""

import sys
import warnings

import numpy as np

from .. import random
from ..callbacks import CallbackList, Probe
from ..core.nest import flatten, map_structure, pack_like
from ..core.old_names import old_arguments
from ..data import Epochs, is_array_data, make_batches, train_validation_split, unpack_x_y_sample_weight
from ..data.arrays import check_count
from ..layers.context import call_context
from ..tape import GradientTape
from .training_step import Augmented, TrainingStep


class Trainer(TrainingStep):
    """What `Model` adds to `Layer`."""

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
        check_count("fit", "epochs", epochs, 0)
        check_count("fit", "initial_epoch", initial_epoch, 0)
        if not isinstance(validation_freq, list | tuple | set):
            check_count("fit", "validation_freq", validation_freq, 1)
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
        overridden = self._overrides("train_step", "compute_metrics")
        if not augmenting or looks or overridden:
            return None

        def prepare(data):
            x, y, sample_weight = unpack_x_y_sample_weight(data)
            x = self._with_last_axis(x)  # else a batch of grey images would pass for one image
            for layer in augmenting:
                x = layer(x, training=True)
            return Augmented(x, len(augmenting)), y, sample_weight

        return prepare

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
        own_step = getattr(self, step_method) if self._overrides(step_method, "compute_metrics") else None
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
                        x, y, sample_weight = unpack_x_y_sample_weight(data)
                        self._update_metrics(y, fast_method(x, y, sample_weight), sample_weight)
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

    def _overrides(self, *methods):
        """Whether the model's class has one of these methods of its own."""
        return any(getattr(type(self), method) is not getattr(Trainer, method) for method in methods)

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


def _refuse(owner, unknown):
    if unknown:
        raise TypeError(f"{owner}: unknown argument {', '.join(map(repr, unknown))}")
