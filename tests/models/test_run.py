"""One call of `fit` as a whole: what it leaves behind however it ends, and what runs in the middle of it."""

import gc
import threading
import types
import warnings
import weakref

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers
from tinynet.data import Epochs
from tinynet.models.run import Pass, TrainingRun


def blobs(samples=64, seed=0):
    """Three well separated classes in the plane."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, samples)
    x = np.array([[0, 2], [2, -1], [-2, -1]])[y] + 0.5 * rng.standard_normal((samples, 2))
    return x.astype(np.float32), y


def classifier():
    tn.utils.set_random_seed(1)
    model = tn.Sequential([tn.Input((2,)), layers.Dense(16, activation="relu"), layers.Dense(3)])
    model.compile(tn.optimizers.Adam(0.02), tn.losses.SparseCategoricalCrossentropy(from_logits=True),
                  metrics=["accuracy"])
    return model


def held_by(thing):
    """Everything that a thing refers to, directly or through others; without classes, modules and their contents."""
    found, ahead = {}, [thing]
    while ahead:
        one = ahead.pop()
        if id(one) not in found and not isinstance(one, type | types.ModuleType | types.FunctionType):
            found[id(one)] = one
            ahead += gc.get_referents(one)
    return list(found.values())


HOOKS = ["on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end", "on_test_batch_end",
         "on_epoch_end", "on_train_end"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("hook", HOOKS)
def test_an_exception_in_a_callback_leaves_the_model_usable(hook, error):
    x, y = blobs(32)

    def fail(self, *args):
        raise error("stop")

    model = classifier()
    with pytest.raises(error):
        model.fit(
            x, y, verbose=0, validation_split=0.5, callbacks=[type("Failing", (tn.callbacks.Callback,), {hook: fail})()]
        )
    other = classifier()
    other.set_weights(model.get_weights())
    model.compile(tn.optimizers.Adam(0.02), model.loss)
    other.compile(tn.optimizers.Adam(0.02), model.loss)
    assert model.fit(x, y, shuffle=False, verbose=0).history == other.fit(x, y, shuffle=False, verbose=0).history


class EndsWith(tn.callbacks.Callback):
    """Ends a `fit` by an exception in a hook, or by `stop_training`."""

    def __init__(self, hook=None, error=None):
        super().__init__()
        if hook is not None:
            setattr(self, hook, self.end)
        self.error = error

    def end(self, *args):
        if self.error is None:
            self.model.stop_training = True
        else:
            raise self.error("stop")


@pytest.mark.parametrize(("hook", "error"), [
    (None, None), ("on_train_batch_end", None), ("on_epoch_end", None),
    *[(hook, error) for hook in HOOKS for error in (KeyboardInterrupt, RuntimeError)],
])
def test_after_a_fit_the_data_is_freed(hook, error):
    """However it ends, neither the model nor a callback keeps what it was trained on."""
    model, callback = classifier(), EndsWith(hook, error)
    (x, y), (val_x, val_y) = blobs(64), blobs(40, seed=1)
    y, val_y = y.astype(np.int32), val_y.astype(np.int32)  # taken as they are: `fit` makes no copies
    try:
        model.fit(x, y, epochs=2, verbose=0, validation_data=(val_x, val_y), callbacks=[callback])
    except (KeyboardInterrupt, RuntimeError):
        assert error is not None
    held = held_by([model, callback])
    assert not {array.size for array in held if isinstance(array, np.ndarray)} & {64, 128, 40, 80}
    assert not [one for one in held if isinstance(one, TrainingRun | Pass | Epochs)] and callback.training_run is None
    arrays = [weakref.ref(array) for array in (x, y, val_x, val_y)]
    del x, y, val_x, val_y
    gc.collect()
    assert [array() for array in arrays] == [None] * 4


def test_a_second_fit_starts_clean():
    """What a stopped one has left, in model and callbacks, does not matter to the next."""
    (x, y), (other_x, other_y) = blobs(64), blobs(40, seed=1)
    stopped, fresh = classifier(), classifier()
    stopped.fit(other_x, other_y, epochs=3, verbose=0, validation_split=0.5,
                callbacks=[EndsWith("on_train_batch_end"), tn.callbacks.Probe(every=1)])
    fresh.set_weights(stopped.get_weights())
    for model in (stopped, fresh):
        model.compile(tn.optimizers.Adam(0.02), model.loss, metrics=["accuracy"])
    options = {"epochs": 3, "shuffle": False, "verbose": 0}
    assert stopped.fit(x, y, **options).history == fresh.fit(x, y, **options).history
    assert stopped.history.epoch == [0, 1, 2] and stopped.stop_training is False


def test_models_trained_in_turn_do_not_disturb_each_other():
    """A callback of one trains another: each gets the bits that it gets alone."""
    x, y = blobs(64)
    inner, alone, outer, plain = classifier(), classifier(), classifier(), classifier()

    class TrainsAnother(tn.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            inner.train_on_batch(x[:8], y[:8])
            inner.fit(x, y, shuffle=False, verbose=0)

    outer.fit(x, y, shuffle=False, verbose=0, callbacks=[TrainsAnother()])
    plain.fit(x, y, shuffle=False, verbose=0)
    for _ in range(2):
        alone.train_on_batch(x[:8], y[:8])
        alone.fit(x, y, shuffle=False, verbose=0)
    for one, other in ((inner, alone), (outer, plain)):
        for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_models_are_trained_in_threads_of_their_own():
    x, y = blobs(64)
    models = [classifier() for _ in range(4)]
    for model in models:
        model.set_weights(models[0].get_weights())
    threads = [threading.Thread(target=model.fit, args=(x, y), kwargs={"shuffle": False, "verbose": 0, "epochs": 5})
               for model in models[1:]]
    for thread in threads:
        thread.start()
    models[0].fit(x, y, shuffle=False, verbose=0, epochs=5)
    for thread in threads:
        thread.join()
    for model in models[1:]:
        assert model.history.history == models[0].history.history


@pytest.mark.parametrize("hook", ["on_train_batch_begin", "on_train_batch_end", "on_epoch_begin", "on_epoch_end"])
def test_a_callback_may_evaluate_in_the_middle_of_an_epoch(hook):
    """The training, what Probe sees of it and the batches after it are what they are without."""
    x, y = blobs(64)
    other_x, other_y = blobs(24, seed=3)

    def evaluate(self, *args):
        seen.append(self.model.evaluate(other_x, other_y, verbose=0))
        self.model.predict(other_x, verbose=0)
        self.model.test_on_batch(other_x, other_y)

    seen, runs = [], []
    for callbacks in ([], [type("Evaluate", (tn.callbacks.Callback,), {hook: evaluate})()]):
        model = classifier()
        probe = tn.callbacks.Probe(every=1, what=("gradient", "weight"))
        model.fit(x, y, shuffle=False, verbose=0, epochs=2, batch_size=16, callbacks=[*callbacks, probe],
                  validation_split=0.25)
        runs.append((model.get_weights(), [series.norm.tolist() for series in probe.series.values()]))
    assert len(seen) == (6 if "batch" in hook else 2)
    assert runs[0][1] == runs[1][1]
    for a, b in zip(runs[0][0], runs[1][0], strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_a_callback_learns_of_the_run():
    """`training_run` tells where training stands; each callback has that of its own `fit`."""
    x, y = blobs(48)
    seen, inner_runs = [], []

    class Inner(tn.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            inner_runs.append(self.training_run)

    class Notes(tn.callbacks.Callback):
        def note(self, *args):
            run = self.training_run
            seen.append((run.epoch, run.step, run.validation is not None))

        on_train_batch_end = on_test_batch_end = on_epoch_end = note

        def on_train_begin(self, logs=None):
            self.run = self.training_run
            assert self.run.model is self.model and self in self.run.callbacks.callbacks
            assert self.run.training.num_steps == 2 and self.run.epochs == 2

        def on_epoch_begin(self, epoch, logs=None):
            self.model.fit(x, y, verbose=0, callbacks=[Inner()])
            self.model.evaluate(x, y, verbose=0, callbacks=[Inner()])
            assert self.training_run is self.run is not inner_runs[-1]

    notes = Notes()
    classifier().fit(x, y, epochs=2, batch_size=16, verbose=0, validation_split=1 / 3, callbacks=[notes])
    assert seen == [(epoch, step, True) for epoch in (0, 1) for step in (0, 1, 1, 1)]
    assert notes.training_run is None and len(set(inner_runs)) == 2


@pytest.mark.parametrize("nested", ["fit", "evaluate", "predict", "train_on_batch"])
def test_backup_within_an_epoch_with_other_loops_in_the_middle(nested, tmp_path):
    """The backup is of the run that it belongs to: its place in the data, its callbacks."""
    (x, y), (other_x, other_y) = blobs(64), blobs(8, seed=1)

    class Nested(tn.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if nested == "predict":
                self.model.predict(other_x, verbose=0)
            elif nested == "train_on_batch":
                self.model.train_on_batch(other_x, other_y)
            elif nested == "evaluate":
                self.model.evaluate(other_x, other_y, verbose=0)
            else:
                self.model.fit(other_x, other_y, shuffle=False, verbose=0)

    class Crash(tn.callbacks.Callback):
        left = 6

        def on_train_batch_end(self, batch, logs=None):
            self.left -= 1
            if self.left == 0:
                raise InterruptedError

    def train(seed, *extra):
        tn.utils.set_random_seed(seed)
        model = tn.Sequential([tn.Input((2,)), layers.Dense(4, "relu"), layers.Dropout(0.3), layers.Dense(3)])
        model.compile(tn.optimizers.Adam(0.02), tn.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(x, y, batch_size=16, epochs=3, verbose=0, callbacks=[Nested(), *extra])
        return model.get_weights()

    def backup():
        return tn.callbacks.BackupAndRestore(tmp_path / "backup", save_freq=1)

    whole = train(1)
    with pytest.raises(InterruptedError):
        train(1, backup(), Crash())
    for a, b in zip(whole, train(99, backup()), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_probe_does_not_see_an_evaluation_in_the_middle_of_a_step():
    x, y = blobs(64)

    class Nested(tn.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.model.evaluate(x, y, verbose=0)
            self.model.predict(x, verbose=0)

    looks = []
    for extra in ([], [Nested()]):
        probe = tn.callbacks.Probe(every=1)
        classifier().fit(x, y, verbose=0, batch_size=16, callbacks=[probe, *extra])
        looks.append([len(series) for series in probe.series.values()])
    assert looks[0] == looks[1] == [4] * 6


def test_an_evaluation_in_a_thread_that_outlasts_the_fit_leaves_nothing():
    """What is looked up once an epoch, the trainable variables, belongs to the thread that trains."""
    x, y = blobs(32)
    model, started, ended, threads = classifier(), threading.Event(), threading.Event(), []

    def slow():
        started.set()
        ended.wait(10)
        yield x, y

    class Starts(tn.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            threads.append(threading.Thread(target=model.evaluate, args=(slow(),), kwargs={"verbose": 0}))
            threads[0].start()
            started.wait(10)

    model.fit(x, y, verbose=0, callbacks=[Starts()])
    ended.set()
    threads[0].join()
    model.layers[0].trainable = False
    before = model.get_weights()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no gradient is missed
        model.train_on_batch(x, y)
    same = [np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert same == [True, True, False, False]


def test_labels_are_checked_in_every_fit_and_advice_is_given_once():
    x, y = blobs(48)
    model = tn.Sequential([tn.Input((2,)), layers.Dense(3, "softmax")])
    model.compile("sgd", tn.losses.SparseCategoricalCrossentropy(from_logits=True))
    with pytest.raises(ValueError, match="label 7 at index 40 of y"):
        model.fit(x, np.where(np.arange(48) == 40, 7, y), verbose=0)
    with pytest.warns(tn.errors.ModelWarning, match="probabilities already"):
        model.train_on_batch(x, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(x, y, verbose=0)
    with pytest.raises(ValueError, match="label -1 at index 3 of the validation targets"):
        model.fit(x, y, verbose=0, validation_data=(x, np.where(np.arange(48) == 3, -1, y)))
