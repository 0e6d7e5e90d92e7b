"""Callback hooks, History, EarlyStopping."""

import numpy as np
import pytest
from checks import warns_here

import tinynet as tn
from tinynet import layers


def model_and_data():
    tn.utils.set_random_seed(0)
    x = np.random.default_rng(0).standard_normal((40, 3)).astype(np.float32)
    y = x.sum(axis=1, keepdims=True)
    model = tn.Sequential([tn.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    return model, x, y


def test_the_slides_early_stopping_example():
    """Row 39 of the slides, word for word but for the import: the loss diverges, and 4 epochs are run."""
    import tinynet as tf

    callback = tf.keras.callbacks.EarlyStopping(monitor='loss', patience=3)  # noqa: Q000
    # This callback will stop the training when there is no improvement in
    # the loss for three consecutive epochs.
    model = tf.keras.models.Sequential([tf.keras.layers.Dense(10)])
    model.compile(tf.keras.optimizers.SGD(), loss='mse')  # noqa: Q000
    history = model.fit(np.arange(100).reshape(5, 20), np.zeros(5),
                        epochs=10, batch_size=1, callbacks=[callback],
                        verbose=0)
    assert len(history.history['loss']) == 4  # noqa: Q000


def test_hooks_are_called_in_order():
    calls = []

    class Spy(tn.callbacks.Callback):
        pass

    for hook in [name for name in dir(tn.callbacks.Callback) if name.startswith("on_")
                 and name not in ("on_batch_begin", "on_batch_end")]:
        def record(self, *args, hook=hook, **kwargs):
            calls.append(hook)
        setattr(Spy, hook, record)

    model, x, y = model_and_data()
    model.fit(x, y, batch_size=20, validation_data=(x, y), validation_batch_size=40, callbacks=[Spy()], verbose=0)
    batch = ["on_train_batch_begin", "on_train_batch_end"]
    test = ["on_test_begin", "on_test_batch_begin", "on_test_batch_end", "on_test_end"]
    assert calls == ["on_train_begin", "on_epoch_begin", *batch, *batch, *test, "on_epoch_end", "on_train_end"]
    calls.clear()
    model.predict(x, batch_size=40, callbacks=[Spy()], verbose=0)
    assert calls == ["on_predict_begin", "on_predict_batch_begin", "on_predict_batch_end", "on_predict_end"]


def test_logs_and_params_are_given():
    seen = {}

    class Spy(tn.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen["batch"] = dict(logs)

        def on_epoch_end(self, epoch, logs=None):
            seen["epoch"] = dict(logs)
            seen["params"] = self.params
            seen["model"] = self.model

    model, x, y = model_and_data()
    model.fit(x, y, validation_split=0.5, callbacks=[Spy()], verbose=0)
    assert set(seen["batch"]) == {"loss", "mae"} and set(seen["epoch"]) == {"loss", "mae", "val_loss", "val_mae"}
    assert seen["params"]["steps"] == 1 and seen["model"] is model
    assert all(isinstance(value, float) for value in seen["epoch"].values())


class Scripted(tn.callbacks.Callback):
    """Puts given values into the logs, ahead of the callback under test."""

    def __init__(self, values, name="val_loss"):
        super().__init__()
        self.values, self.name = values, name

    def on_epoch_end(self, epoch, logs=None):
        logs[self.name] = self.values[epoch]
        self.model.set_weights([np.full((3, 1), epoch), np.zeros(1)])


@pytest.mark.parametrize(("values", "arguments", "epochs"), [
    ([5, 4, 3, 2, 1], {"patience": 1}, 5),
    ([5, 4, 4, 4, 4], {"patience": 1}, 3),
    ([5, 4, 4, 4, 4], {"patience": 2}, 4),
    ([5, 4.9, 4.8, 4.7, 4.6], {"patience": 2, "min_delta": 0.5}, 3),
    ([1, 2, 3, 3, 3], {"patience": 1, "mode": "max"}, 4),
    ([5, np.nan, 4, np.inf, np.nan], {"patience": 2}, 5),
    ([np.inf, np.inf, np.inf, 1, 1], {"patience": 2}, 3),
    ([3, 2, 1, 1, 1], {"patience": 2, "baseline": 0.5}, 4),
    ([1, 2, 3, 4, 5], {"patience": 1, "start_from_epoch": 2}, 4),
])
def test_early_stopping_counts_as_keras_does(values, arguments, epochs):
    model, x, y = model_and_data()
    history = model.fit(x, y, epochs=5, verbose=0,
                        callbacks=[Scripted(values), tn.callbacks.EarlyStopping(**arguments)])
    assert len(history.epoch) == epochs


@pytest.mark.parametrize(("values", "best"), [([5, 1, 2, 3, 4], 1), ([5, 4, 3, 2, 1], 4), ([3, 2, 5, 1, 9], 3)])
def test_best_weights_come_back_however_training_ends(values, best):
    model, x, y = model_and_data()
    model.fit(x, y, epochs=5, verbose=0,
              callbacks=[Scripted(values), tn.callbacks.EarlyStopping(patience=2, restore_best_weights=True)])
    assert (model.get_weights()[0] == best).all()


def test_what_to_watch_must_exist_and_have_a_direction():
    model, x, y = model_and_data()
    with pytest.warns(UserWarning, match="no 'val_loss' in the logs; there are: loss, mae"):
        model.fit(x, y, verbose=0, callbacks=[tn.callbacks.EarlyStopping()])
    model.fit(x, y, epochs=2, verbose=0, callbacks=[tn.callbacks.EarlyStopping(monitor="mae")])
    with pytest.raises(ValueError, match="cannot tell whether 'val_strange' should grow or shrink"):
        model.fit(x, y, epochs=2, verbose=0,
                  callbacks=[Scripted([1, 2], "val_strange"), tn.callbacks.EarlyStopping(monitor="val_strange")])


def test_early_stopping_can_be_used_again():
    stopper = tn.callbacks.EarlyStopping(patience=1)
    for _ in range(2):
        model, x, y = model_and_data()
        assert len(model.fit(x, y, epochs=5, verbose=0, callbacks=[Scripted([1, 2, 3, 4, 5]), stopper]).epoch) == 2
        assert stopper.stopped_epoch == 1


def lowered(losses, **arguments):
    """The learning rate after each epoch with these losses, from 1."""
    model = tn.Sequential([tn.Input((1,)), layers.Dense(1)])
    model.compile(tn.optimizers.SGD(1.0), "mse")
    callback = tn.callbacks.ReduceLROnPlateau("loss", factor=0.5, min_delta=0.0, **arguments)
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"loss": loss})
        rates.append(float(model.optimizer.learning_rate))
    return rates


@pytest.mark.parametrize(("losses", "arguments", "expected"), [
    ([4, 4, 4, 4], {"patience": 1}, [1, 0.5, 0.25, 0.125]),
    ([4, 4, 4, 4, 4, 4], {"patience": 2}, [1, 1, 0.5, 0.5, 0.25, 0.25]),
    ([4, 4, 3, 3, 2, 2], {"patience": 2}, [1] * 6),
    ([4, 3, 2, 1], {"patience": 1}, [1] * 4),
    ([4, 4, 4, 4, 4, 4], {"patience": 1, "cooldown": 2}, [1, 0.5, 0.5, 0.25, 0.25, 0.125]),
    ([4, 4, 4, 4], {"patience": 1, "min_lr": 0.25}, [1, 0.5, 0.25, 0.25]),
    ([4, 5, 5, 5], {"patience": 1, "mode": "max"}, [1, 1, 0.5, 0.25]),
])
def test_when_the_learning_rate_is_lowered(losses, arguments, expected):
    assert lowered(losses, **arguments) == expected


@pytest.mark.parametrize("mode", ["auto", "min", "max"])
def test_known_modes_are_taken_in_silence(mode, recwarn):
    assert tn.callbacks.EarlyStopping("loss", mode=mode).mode == mode
    assert not recwarn.list
    with pytest.warns(UserWarning, match="mode 'least' is unknown"):
        assert tn.callbacks.EarlyStopping("loss", mode="least").mode == "auto"


def test_arguments_of_a_plateau_that_do_nothing_are_named(recwarn):
    tn.callbacks.ReduceLROnPlateau()
    assert not recwarn.list
    with warns_here(UserWarning, "'epsilon' has no effect"):
        tn.callbacks.ReduceLROnPlateau(epsilon=0.1)


@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_a_bar_moves_with_the_batches(verbose, monkeypatch):
    """Only verbose=1 shows what is between the beginning and the end of an epoch."""
    shown = []
    monkeypatch.setattr("tinynet.utils.progbar.Progbar.is_due", lambda bar: True)
    monkeypatch.setattr("tinynet.utils.progbar.Progbar.update",
                        lambda bar, current, values=None, finalize=None: shown.append((current, finalize)))
    model, x, y = model_and_data()
    model.fit(x, y, batch_size=10, epochs=1, verbose=verbose)
    between = [(batch, False) for batch in range(1, 5)] if verbose == 1 else []
    assert shown == [*between, *([(4, True)] if verbose else [])]
