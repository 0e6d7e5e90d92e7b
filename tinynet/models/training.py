"""What a compiled model does with data: fit, evaluate, predict, and the same on one batch.

Read on in run.py: a `fit` is a run, a run is epochs, an epoch is steps; what a step does is in training_step.py.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from .. import random, shares
from ..callbacks import Callback, CallbackList, History, Lab
from ..callbacks.base import Logs
from ..callbacks.lab import watched
from ..core import checks
from ..core.errors import ModelWarning, warn_user
from ..core.nest import flatten, map_structure, pack_like
from ..core.terminal import is_interactive
from ..core.tracebacks import short_traceback, shorten
from ..data import Epochs, is_array_data, make_batches, train_validation_split, unpack_x_y_sample_weight
from ..data.arrays import ready_batch
from ..tape import GradientTape
from ..tensor import Tensor
from . import lint
from .augmenting import augmentation_of
from .old_methods import with_old_names
from .quick_step import QuickBatch
from .replay import KEPT_BYTES
from .run import Pass, TrainingRun, as_numbers, under_way, unwatched
from .training_step import TrainingStep
from .turns import Turns

Callbacks = CallbackList | Callback | Iterable[Callback] | None
Results = float | list[Any] | Logs


@with_old_names
class Trainer(TrainingStep):
    """What `Model` adds to `Layer`."""

    @property
    def _turns(self) -> Turns:
        return self.__dict__.get("_own_turns") or self.__dict__.setdefault("_own_turns", Turns())

    def fit(self, x: Any = None, y: Any = None, batch_size: int | None = None, epochs: int = 1,
            verbose: int | str = "auto", callbacks: Callbacks = None, validation_split: float = 0.0,
            validation_data: Any = None, shuffle: bool | str = True, class_weight: dict[int, float] | None = None,
            sample_weight: Any = None, initial_epoch: int = 0, steps_per_epoch: int | None = None,
            validation_steps: int | None = None, validation_batch_size: int | None = None,
            validation_freq: int | Collection[int] = 1) -> History:
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

        Raises:
            RuntimeError: the model is not compiled, or has no optimizer.
            ValueError: arguments that contradict each other or the data; NaN or infinity in the data; labels outside
                the classes.
            TypeError: data of which no batches can be made.

        >>> from tinynet import Sequential, layers
        >>> model = Sequential([layers.Input((2,)), layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(np.ones((8, 2)), np.ones(8), epochs=3, verbose=0)
        >>> history.epoch, sorted(history.history)
        ([0, 1, 2], ['loss'])
        """
        self._check_compiled("fit", to_train=True)
        checks.count(epochs, "fit", "epochs", 0)
        checks.count(initial_epoch, "fit", "initial_epoch", 0)
        if not isinstance(validation_freq, list | tuple | set):
            checks.count(validation_freq, "fit", "validation_freq", 1)
        if validation_split and not is_array_data(x):
            raise ValueError(
                f"fit: validation_split cuts arrays, but x is a {type(x).__name__}, which yields batches; "
                "give validation_data=..."
            )
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = train_validation_split((x, y, sample_weight), validation_split)
        training: Any = _epochs(x, y, sample_weight, batch_size, steps_per_epoch, "fit", shuffle=shuffle,
                                class_weight=class_weight, rng=self._orders() if shuffle else None)
        validation = None
        if validation_data is not None:
            validation = _validation_epochs(validation_data, validation_batch_size or batch_size, validation_steps)
            self._check_validation_targets(validation.batches)
        called = self._callback_list(callbacks, verbose, epochs, training, add_history=True)
        training.prepare = augmentation_of(self, called)
        self.stop_training = False
        run = TrainingRun(self, training, validation, called, initial_epoch, epochs, validation_freq)
        group = self._group()
        return run.train() if group is None else group.train(run)

    @short_traceback
    def evaluate(self, x: Any = None, y: Any = None, batch_size: int | None = None, verbose: int | str = "auto",
                 sample_weight: Any = None, steps: int | None = None, callbacks: Callbacks = None,
                 return_dict: bool = False, **kwargs: Any) -> Results:
        """Loss and metrics on data, without training.

        Args:
            x, y, sample_weight, batch_size, verbose, callbacks: As for `fit`.
            steps: Batches to evaluate, all if None.
            return_dict: Return the results by name.
            kwargs: Refused, with their names.

        Returns:
            The loss, or [loss, metric, ...] in the order of `metrics_names`, or a dict.

        Raises:
            RuntimeError: the model is not compiled.
            ValueError: arguments that contradict each other or the data.
            TypeError: data of which no batches can be made; an unknown argument.

        >>> model = Sequential([tn.Input((1,)), Dense(1, kernel_initializer="ones")])
        >>> model.compile(loss="mse", metrics=["mae"])
        >>> model.evaluate(np.array([[1.0], [2.0]]), np.array([1.0, 4.0]), verbose=0)  # errors 0 and 2
        [2.0, 1.0]
        """
        self._check_compiled("evaluate")
        if kwargs:
            raise TypeError(f"evaluate: unknown argument {', '.join(map(repr, kwargs))}")
        batches = _epochs(x, y, sample_weight, batch_size, steps, "evaluate")
        self._group(batches)
        logs = Pass(self, batches, self._callback_list(callbacks, verbose, 1, batches)).evaluate()
        return logs if return_dict else self._in_order(logs)

    @short_traceback
    def predict(self, x: Any, batch_size: int | None = None, verbose: int | str = "auto", steps: int | None = None,
                callbacks: Callbacks = None) -> Any:
        """The model's outputs, as ndarrays.

        Args:
            x: Inputs, as for `fit`.
            batch_size: Samples a step, 32 if None.
            verbose, callbacks: As for `fit`.
            steps: Batches to predict, all if None.

        Returns:
            An ndarray, shape (samples, ...); of a model with several outputs a list or dict of them.

        Raises:
            ValueError: no samples, or arguments that contradict each other or the data.
            TypeError: data of which no batches can be made.

        >>> model = Sequential([tn.Input((2,)), Dense(1, kernel_initializer="ones")])
        >>> model.predict(np.array([[1.0, 2.0], [3.0, 4.0]]), verbose=0)
        array([[3.],
               [7.]], dtype=float32)
        """
        batches = _epochs(x, None, None, batch_size, steps, "predict")
        called = self._callback_list(callbacks, verbose, 1, batches)
        group = self._group(batches)
        parts: list[list[np.ndarray]] = []
        totals: list[int] = []  # rows of the whole batches, where several processes share them
        outputs = None
        called.on_predict_begin()
        # Batches may come from a thread that uses the model, so it is not held while they are waited for.
        with (self._turns.taken() if is_array_data(x) else contextlib.nullcontext(), unwatched(),
              self._prediction_calls.freed_at_end(KEPT_BYTES)):
            for step, data in enumerate(batches):
                called.batch_begin("predict", step)
                if step == 0 and self._trained_on_scaled:
                    self._check_scale(unpack_x_y_sample_weight(data)[0])
                with self._turns.taken():
                    outputs = self.predict_step(data)
                leaves = [np.asarray(leaf) for leaf in flatten(outputs)]
                if group is not None:
                    totals.append(data.share.total)
                    leaves = [leaf[:0] for leaf in leaves] if data.share.is_spare else leaves
                parts = parts or [[] for _ in leaves]
                for part, leaf in zip(parts, leaves, strict=True):
                    part.append(leaf)
                make_logs = lambda leaves=leaves, outputs=outputs: {"outputs": pack_like(outputs, leaves)}  # noqa: E731
                called.batch_end("predict", step, make_logs)
        called.on_predict_end()
        if not parts:
            raise ValueError("predict: the data has no samples")
        whole = [np.concatenate(part) for part in parts]
        return pack_like(outputs, whole if group is None else group.strategy.joined(whole, totals))

    def _check_scale(self, x: Any) -> None:
        """Warn, once a training, of pixels from 0 to 255 where the model was trained on scaled ones."""
        advice = lint.unscaled_pixels(x)
        if advice is not None:
            self._trained_on_scaled = False
            warn_user(f"{self.name}.{advice}", ModelWarning)

    # -- one batch -------------------------------------------------------------------------------------------------

    def train_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None,
                       class_weight: dict[int, float] | None = None, return_dict: bool = False) -> Results:
        """One training step on one batch.

        Args:
            x, y, sample_weight, class_weight: The batch, as arrays; as for `fit`.
            return_dict: Return the results by name.

        Returns:
            The loss, or [loss, metric, ...], or a dict, of this batch alone.

        Raises:
            RuntimeError: the model is not compiled, or has no optimizer.
            ValueError: both sample_weight and class_weight, or what contradicts the data.

        >>> model = Sequential([tn.Input((1,)), Dense(1, kernel_initializer="ones")])
        >>> model.compile("sgd", "mse")
        >>> x, y = np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]])
        >>> before, after = model.train_on_batch(x, y), model.train_on_batch(x, y)
        >>> float(before), float(after) < float(before)
        (2.0, True)
        """
        try:  # no decorator: that would be another call in each step
            self._check_compiled("train_on_batch", to_train=True)
            if class_weight is not None and sample_weight is not None:
                raise ValueError("train_on_batch: give sample_weight or class_weight, not both")
            batch = _single_batch(x, y, sample_weight, class_weight, "train_on_batch")
            with self._turns.quickly():
                steps = self._training_steps
                quick = steps.quick if under_way.current is None else None
                results = quick.take(batch) if quick is not None else None
                if results is None:
                    self.reset_metrics()
                    logs = as_numbers(self.train_step(batch))
                    steps.after_batch(self, QuickBatch.after)
                    return logs if return_dict else self._in_order(logs)
            numbers = as_numbers(results)
            if return_dict:
                return numbers
            return [numbers[name] for name in results] if len(numbers) > 1 else next(iter(numbers.values()))
        except Exception as error:
            shorten(error)
            raise

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Results:
        """Loss and metrics of one batch, without training.

        Args:
            x, y, sample_weight: The batch, as arrays; as for `fit`.
            return_dict: Return the results by name.

        Returns:
            The loss, or [loss, metric, ...], or a dict.

        Raises:
            RuntimeError: the model is not compiled.

        >>> model = Sequential([tn.Input((1,)), Dense(1, kernel_initializer="ones")])
        >>> model.compile(loss="mse")
        >>> model.test_on_batch(np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]]), return_dict=True)
        {'loss': 2.0}
        """
        try:
            self._check_compiled("test_on_batch")
            batch = _single_batch(x, y, sample_weight, None, "test_on_batch")
            with self._turns.taken():
                self.reset_metrics()
                logs = as_numbers(self.test_step(batch))
            return logs if return_dict else self._in_order(logs)
        except Exception as error:
            shorten(error)
            raise

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch.

        Args:
            x: The batch's inputs.

        Returns:
            An ndarray, shape (samples, ...); of a model with several outputs a list or dict of them.

        >>> model = Sequential([tn.Input((2,)), Dense(1, kernel_initializer="ones")])
        >>> model.predict_on_batch(np.array([[1.0, 2.0]]))
        array([[3.]], dtype=float32)
        """
        try:
            with self._turns.quickly():
                y = self.predict_step((x,))
                return np.asarray(y) if type(y) is Tensor else map_structure(np.asarray, y)
        except Exception as error:
            shorten(error)
            raise

    def gradients(self, x: Any, y: Any = None, sample_weight: Any = None) -> dict[str, np.ndarray | None]:
        """The gradient of the loss on one batch with respect to each trainable weight, without training.

        Dropout is off and batch normalization uses its moving averages, as in `evaluate`.

        Args:
            x, y, sample_weight: The batch, as arrays; as for `fit`.

        Returns:
            {path of the weight: ndarray}; None for a weight that the loss does not depend on.

        Raises:
            RuntimeError: the model is not compiled.

        >>> model = Sequential([tn.Input((1,)), Dense(1, kernel_initializer="ones", name="line")])
        >>> model.compile(loss="mse")
        >>> gradients = model.gradients(np.array([[2.0]]), np.array([[5.0]]))  # the error is -3
        >>> {path: float(gradient.sum()) for path, gradient in gradients.items()}
        {'sequential/line/kernel': -12.0, 'sequential/line/bias': -6.0}
        """
        self._check_compiled("gradients")
        x, y, sample_weight = unpack_x_y_sample_weight(_single_batch(x, y, sample_weight, None, "gradients"))
        with self._turns.taken(), GradientTape() as tape:
            loss = self.compute_loss(x=x, y=y, y_pred=self(x, training=False), sample_weight=sample_weight,
                                     training=False)
            variables = self.trainable_variables
            gradients = tape.gradient(loss, variables)
        return {variable.path: None if gradient is None else np.asarray(gradient)
                for variable, gradient in zip(variables, gradients, strict=True)}

    # -- what they share -------------------------------------------------------------------------------------------

    def _callback_list(self, callbacks: Callbacks, verbose: int | str, epochs: int, batches: Epochs,
                       add_history: bool = False) -> CallbackList:
        """What a loop calls: the user's callbacks, and a progress bar unless the loop is silent."""
        verbose = _verbosity(verbose)
        if isinstance(callbacks, CallbackList):
            return callbacks
        lab = watched.get(self) if add_history else None
        if not shares.process.writes:  # one of several that train the model: the first shows and writes
            verbose, lab, own = 0, None, [callbacks] if isinstance(callbacks, Callback) else callbacks or ()
            callbacks = [one for one in own if not getattr(one, "first_process_only", False)]
        if lab is not None:
            given: list[Any] = [callbacks] if isinstance(callbacks, Callback) else list(callbacks or ())
            callbacks = given if any(isinstance(one, Lab) for one in given) else [*given, lab]
        return CallbackList(callbacks, add_history=add_history, add_progbar=verbose != 0, model=self, verbose=verbose,
                            epochs=epochs, steps=batches.num_steps)

    def _orders(self) -> random.Orders:
        """Where the random orders of the samples come from: seeds that belong to the model, are kept in its file, and
        start again when the session's seed is set.
        """
        session = random.global_seed_generator()
        if self._shuffle_seeds is None or self._shuffle_session[0] is not session:
            self._shuffle_seeds, self._shuffle_session = random.SeedGenerator(name="shuffle"), (session,)
        return random.Orders(self._shuffle_seeds)

    def _augmenting_layers(self) -> list:
        """The layers at the model's beginning that `fit` may run in a thread, one batch ahead of the others."""
        return []

    def _overrides(self, *methods: str) -> bool:
        """Whether the model's class has one of these methods of its own."""
        return any(getattr(type(self), method) is not getattr(Trainer, method) for method in methods)

    def _in_order(self, logs: Logs) -> float | list[Any]:
        """The results in the order of `metrics_names`; a single one by itself."""
        if len(logs) == 1:
            return next(iter(logs.values()))
        names = [name for name in dict.fromkeys(self.metrics_names) if name in logs]
        values = [logs[name] for name in names + [name for name in logs if name not in names]]
        return values[0] if len(values) == 1 else values

    def _check_validation_targets(self, batches: Any) -> None:
        """Raise for missing targets before the first epoch, not after it."""
        own_loss = (type(self).test_step, type(self).compute_loss) != (Trainer.test_step, Trainer.compute_loss)
        if self._compiled_loss is not None and not own_loss and getattr(batches, "y", ...) is None:
            raise ValueError(f"{self.name}.fit: validation_data has no targets; give (x, y), or a dataset of pairs")

    def _check_compiled(self, what: str, to_train: bool = False) -> None:
        if not self.compiled:
            raise RuntimeError(f"{self.name}.{what}: call compile(optimizer=..., loss=...) first")
        if to_train and self.optimizer is None:
            raise RuntimeError(
                f"{self.name}.{what}: the model was compiled with optimizer=None, which is enough for evaluate(); to "
                "train it, call compile(optimizer=\"rmsprop\", ...) or another optimizer"
            )


def _epochs(x: Any, y: Any, sample_weight: Any, batch_size: int | None, steps: int | None, where: str,
            **options: Any) -> Epochs:
    return Epochs(make_batches(x, y, sample_weight, batch_size=batch_size, steps=steps, where=where, **options), steps)


def _validation_epochs(validation_data: Any, batch_size: int | None, steps: int | None) -> Epochs:
    if not isinstance(validation_data, list | tuple):
        validation_data = (validation_data,)
    if not 1 <= len(validation_data) <= 3:
        raise ValueError(
            f"fit: validation_data must be (x, y), (x, y, sample_weight) or a dataset, got {len(validation_data)} parts"
        )
    parts = unpack_x_y_sample_weight(tuple(validation_data))
    return Epochs(make_batches(*parts, batch_size=batch_size, steps=steps, where="validation"), steps, restart=True)


def _single_batch(x: Any, y: Any, sample_weight: Any, class_weight: Any, where: str) -> Any:
    """The arrays as one batch, cast as `fit` would."""
    batch = ready_batch(x, y) if sample_weight is None and class_weight is None else None
    if batch is None:
        batch = next(iter(make_batches(x, y, sample_weight, batch_size=sys.maxsize, class_weight=class_weight,
                                       where=where)))
    return batch


def _verbosity(verbose: int | str) -> int:
    if isinstance(verbose, str) and verbose == "auto":
        return 1 if is_interactive() else 2
    if verbose not in (0, 1, 2):
        raise ValueError(
            f"verbose must be 0 (silent), 1 (progress bar), 2 (a line an epoch) or 'auto', got {verbose!r}"
        )
    return int(verbose)
