"""One thread trains a model, others use it: each call sees the weights as they are between two steps."""

import contextlib
import copy
import threading
import time

import numpy as np
import pytest

import tinynet as tn
from tinynet import callbacks, layers
from tinynet.models.turns import Turns


class Until(callbacks.Callback):
    """Trains until the others have ended, or for a minute. `started`: a step has been taken."""

    def __init__(self, others):
        super().__init__()
        self.others, self.deadline, self.started = others, time.monotonic() + 60, threading.Event()

    def on_train_batch_end(self, batch, logs=None):
        self.started.set()
        if not any(other.is_alive() for other in self.others) or time.monotonic() > self.deadline:
            self.model.stop_training = True


def in_threads(count, function):
    """Threads that have been started, and the list of what goes wrong in them."""
    errors = []

    def run():
        try:
            function()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, errors


def equal_weights_model(units=256, inputs=2048):
    """All weights are equal, before and after every step: a prediction for the unit vectors shows them all."""
    model = tn.Sequential([tn.Input((inputs,)), layers.Dense(units, use_bias=False, kernel_initializer="zeros")])
    model.compile(tn.optimizers.SGD(0.25), lambda y, y_pred: tn.ops.sum(y_pred))
    return model, np.ones((1, inputs), "f"), np.zeros((1, units), "f"), np.eye(inputs, dtype="f")


@pytest.mark.parametrize("use", ["predict", "predict_on_batch", "get_weights"])
def test_no_call_sees_half_a_step(use):
    model, x, y, units = equal_weights_model()
    until = Until([])
    arguments, seen = {"predict": (units, 512), "predict_on_batch": (units,), "get_weights": ()}[use], []

    def look():
        until.started.wait(60)
        while len(seen) < 20 or len(set(seen)) < 5 and time.monotonic() < until.deadline:
            values = getattr(model, use)(*arguments)
            seen.append((np.min(values), np.max(values)))

    until.others, errors = in_threads(2, look)
    model.fit(x, y, epochs=10**9, verbose=0, callbacks=[until])
    assert not errors and not any(thread.is_alive() for thread in until.others)
    assert all(low == high for low, high in seen) and len(set(seen)) >= 5


def test_half_a_step_would_be_seen(monkeypatch):
    """Without the turns the test above fails."""
    monkeypatch.setattr(Turns, "taken", contextlib.nullcontext)
    with pytest.raises(AssertionError):
        for _ in range(10):
            test_no_call_sees_half_a_step("predict")


def small_network():
    tn.utils.set_random_seed(0)
    model = tn.Sequential([
        tn.Input((8, 8, 1)), layers.Conv2D(8, 3), layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D(),
        layers.Flatten(), layers.Dropout(0.2), layers.Dense(3, activation="softmax", kernel_regularizer="l2"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    rng = np.random.default_rng(0)
    return model, rng.standard_normal((64, 8, 8, 1)).astype("f"), rng.integers(3, size=64)


def test_predictions_are_those_of_a_step_and_do_not_change_the_training():
    model, x, y = small_network()
    model.fit(x, y, batch_size=16, epochs=30, verbose=0)
    alone = model.get_weights()

    model, x, y = small_network()
    steps, seen = [model.predict(x, verbose=0)], []
    recording = callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: steps.append(model.predict(x, verbose=0)))
    looking, errors = in_threads(2, lambda: seen.extend(model.predict(x, verbose=0) for _ in range(60)))
    model.fit(x, y, batch_size=16, epochs=30, verbose=0, callbacks=[recording])
    for thread in looking:
        thread.join()
    assert not errors
    assert {values.tobytes() for values in seen} <= {values.tobytes() for values in steps}
    for weight, expected in zip(model.get_weights(), alone, strict=True):
        np.testing.assert_array_equal(weight, expected)


def test_threads_that_build_a_model_at_the_same_time():
    model, seen, start = tn.Sequential([layers.Dense(64), layers.Dense(64)]), [], threading.Barrier(4)
    x = np.random.default_rng(0).standard_normal((16, 300)).astype("f")

    def look():
        start.wait()
        seen.append(model.predict(x, verbose=0))

    looking, errors = in_threads(4, look)
    for thread in looking:
        thread.join()
    assert not errors and len(model.weights) == 4 and len({values.tobytes() for values in seen}) == 1


def test_weights_may_be_set_while_another_thread_predicts():
    model, x, y, units = equal_weights_model()
    deadline, seen = time.monotonic() + 60, []

    def assign():
        value = 0
        while len(seen) < 20 and time.monotonic() < deadline:
            value += 1
            model.set_weights([np.full((2048, 256), value, "f")])

    assigning, errors = in_threads(1, assign)
    for _ in range(20):
        seen.append(model.predict(units, batch_size=512, verbose=0))
        assert np.ptp(seen[-1]) == 0
    assigning[0].join()
    assert not errors


def test_batches_may_come_from_a_thread_that_uses_the_model():
    model, x, _ = small_network()
    data = tn.data.Dataset.from_tensor_slices(x).batch(16).map(
        lambda batch: batch + 0 * model.predict_on_batch(batch).sum()).prefetch(1)
    done = threading.Event()
    looking, errors = in_threads(1, lambda: model.predict(data, verbose=0).sum() and done.set())
    looking[0].join(30)
    assert not errors and done.is_set()


def test_ctrl_c_leaves_the_turn_to_others():
    turns, taken = Turns(), threading.Event()
    with pytest.raises(KeyboardInterrupt), turns.taken(), turns.taken():
        raise KeyboardInterrupt

    def take():
        with turns.taken():
            taken.set()

    in_threads(1, take)
    assert taken.wait(10)


def test_a_copy_has_turns_of_its_own():
    model, *_ = equal_weights_model()
    twin = copy.deepcopy(model)
    with model._turns.taken():
        threads, errors = in_threads(1, lambda: twin.get_weights())
        threads[0].join(10)
        assert not threads[0].is_alive() and not errors
