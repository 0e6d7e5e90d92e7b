"""Callbacks against Keras on JAX: the same results of epochs lead to the same rates, files and ends of training."""

import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")
pytest.importorskip("jax")
if keras.backend.backend() != "jax":
    pytest.skip("the judge needs KERAS_BACKEND=jax", allow_module_level=True)

import tinynet as tn  # noqa: E402

X = np.linspace(-1, 1, 24, dtype="float32").reshape(8, 3)
Y = X.sum(axis=1, keepdims=True)


def scripted(k, values, name):
    """A callback that puts given values into the logs, ahead of the callback under test."""

    class Scripted(k.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs[name] = values[epoch]
            self.model.set_weights([np.full((3, 1), epoch, "float32"), np.zeros(1, "float32")])

    return Scripted()


def model_of(k, optimizer=None, **arguments):
    model = k.Sequential([k.Input((3,)), k.layers.Dense(1, kernel_initializer="ones")])
    model.compile(optimizer or k.optimizers.SGD(0.5), "mse", **arguments)
    return model


def run(k, make, values, name="val_loss", epochs=None):
    """History and final weights of a training with scripted results."""
    model = model_of(k)
    history = model.fit(X, Y, epochs=epochs or len(values), verbose=0, callbacks=[scripted(k, values, name), make(k)])
    return history, model.get_weights()


rng = np.random.default_rng(0)
PLATEAUS = [np.round(np.minimum(4, 8 / (1 + np.arange(14))) + 0.3 * rng.random(14), 2).tolist() for _ in range(6)]
ODD = [[np.nan, 3, 2, 2, 2, 1, 1, 1, 1], [5, np.nan, 4, np.inf, np.nan, 4, 4, 4, 3.9],
       [np.inf, np.inf, np.inf, 1, 1, 1, 1, 1, 1], [1, 1 - 1e-4, 1 - 2e-4, 1 - 3e-4, 1, 1, 1, 1, 1]]


@pytest.mark.parametrize("values", PLATEAUS + ODD)
@pytest.mark.parametrize("arguments", [
    {"patience": 1}, {"patience": 3, "restore_best_weights": True}, {"patience": 2, "min_delta": 0.2},
    {"patience": 2, "mode": "max", "restore_best_weights": True}, {"patience": 2, "baseline": 2.5},
    {"patience": 0, "start_from_epoch": 4, "restore_best_weights": True},
])
def test_early_stopping(values, arguments):
    (theirs, their_weights), (ours, our_weights) = (
        run(k, lambda k: k.callbacks.EarlyStopping(**arguments), values) for k in (keras, tn)
    )
    assert ours.epoch == theirs.epoch
    np.testing.assert_array_equal(our_weights[0], their_weights[0])


@pytest.mark.parametrize("values", PLATEAUS + ODD)
@pytest.mark.parametrize("arguments", [
    {"patience": 1}, {"patience": 2, "factor": 0.5, "cooldown": 2}, {"patience": 1, "min_delta": 0.2, "min_lr": 0.02},
    {"patience": 0, "factor": 0.3}, {"patience": 2, "mode": "max", "cooldown": 1}, {"patience": 1, "min_delta": 0},
])
def test_reduce_lr_on_plateau(values, arguments):
    theirs, ours = (run(k, lambda k: k.callbacks.ReduceLROnPlateau(**arguments), values)[0] for k in (keras, tn))
    assert ours.history["learning_rate"] == theirs.history["learning_rate"]


@pytest.mark.parametrize("schedule", [
    lambda epoch: 1.0 / (epoch + 1), lambda epoch, rate: rate * 0.9, lambda epoch, lr=0.1: lr * 0.5,
    lambda epoch, rate: np.float32(0.1) if epoch % 2 else rate,
])
def test_learning_rate_scheduler(schedule):
    theirs, ours = (
        run(k, lambda k: k.callbacks.LearningRateScheduler(schedule), [1.0] * 6)[0] for k in (keras, tn)
    )
    assert ours.history["learning_rate"] == theirs.history["learning_rate"]


@pytest.mark.parametrize("arguments", [{}, {"separator": ";"}])
@pytest.mark.parametrize("name", ["val_loss", "strange", "accuracy"])
def test_csv_logger(tmp_path, arguments, name):
    """Two trainings, the second appended to the file of the first."""
    texts = []
    for k in (keras, tn):
        path = tmp_path / f"{k.__name__}.csv"
        for append in (False, True):
            class Plain(k.callbacks.Callback):
                def on_epoch_end(self, epoch, logs=None):
                    logs["loss"] = 0.1 * epoch

            logger = k.callbacks.CSVLogger(str(path), append=append, **arguments)
            model_of(k).fit(X, Y, epochs=3, verbose=0,
                            callbacks=[Plain(), scripted(k, [1.5, np.nan, 1e-9], name), logger])
        texts.append(path.read_bytes())
    assert texts[0] == texts[1] and texts[0].count(b"\r\n") == 7


def test_csv_logger_with_validation_now_and_then(tmp_path):
    lines = []
    for k in (keras, tn):
        path = tmp_path / f"{k.__name__}.csv"
        model_of(k).fit(X, Y, epochs=4, validation_data=(X, Y), validation_freq=2, verbose=0,
                        callbacks=[k.callbacks.CSVLogger(str(path))])
        lines.append([line.split(",") for line in path.read_text().splitlines()])
    assert lines[0][0] == lines[1][0]
    for theirs, ours in zip(lines[0][1:], lines[1][1:], strict=True):
        assert [value == "NA" for value in theirs] == [value == "NA" for value in ours]
        for a, b in zip(theirs, ours, strict=True):
            assert a == b == "NA" or float(b) == pytest.approx(float(a), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("swap", [None, {"swap_on_epoch": False}, {"swap_on_epoch": True}])
def test_swapped_averages(swap):
    results = []
    for k in (keras, tn):
        seen = []

        class Spy(k.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None, seen=seen):
                seen.append(self.model.get_weights()[0].ravel())

        model = model_of(k, k.optimizers.SGD(0.02, use_ema=True, ema_momentum=0.7))
        callbacks = [k.callbacks.SwapEMAWeights(**swap)] if swap else []
        history = model.fit(X, Y + 1, batch_size=2, epochs=3, validation_data=(X, Y), shuffle=False, verbose=0,
                            callbacks=[*callbacks, Spy()]).history
        results.append([history["loss"], history["val_loss"], *seen, model.get_weights()[0].ravel()])
    for theirs, ours in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4)


def test_terminate_on_nan_ends_in_the_same_batch():
    for raises in (False, True):
        ends = []
        for k in (keras, tn):
            batches = []

            class Spy(k.callbacks.Callback):
                def on_train_batch_end(self, batch, logs=None, batches=batches):
                    batches.append(batch)

            model = model_of(k, k.optimizers.SGD(1e9))
            try:
                model.fit(X, Y + 1, batch_size=1, epochs=3, shuffle=False, verbose=0,
                          callbacks=[Spy(), k.callbacks.TerminateOnNaN(raise_error=raises)])
                assert not raises
            except RuntimeError:
                assert raises
            ends.append(batches)
        assert ends[0] == ends[1] and len(ends[0]) > 1


def test_a_diverging_model_goes_on():
    losses = []
    for k in (keras, tn):
        model = model_of(k, k.optimizers.SGD(1e9))
        losses.append(model.fit(X, Y + 1, batch_size=4, epochs=6, shuffle=False, verbose=0).history["loss"])
    assert [np.isnan(value) for value in losses[0]] == [np.isnan(value) for value in losses[1]]
    assert np.isnan(losses[1][-1]) and len(losses[1]) == 6


def test_signatures_and_defaults():
    import inspect

    for name in ("CSVLogger", "EarlyStopping", "LambdaCallback", "LearningRateScheduler", "ReduceLROnPlateau",
                 "RemoteMonitor", "SwapEMAWeights", "TensorBoard", "TerminateOnNaN", "ProgbarLogger", "History",
                 "CallbackList", "ModelCheckpoint", "BackupAndRestore"):
        theirs, ours = (
            [(p.name, p.default, p.kind) for p in inspect.signature(getattr(k.callbacks, name)).parameters.values()]
            for k in (keras, tn)
        )
        assert ours == theirs, name
