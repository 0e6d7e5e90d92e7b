"""`callbacks.Lab` and `model.lab()`: looked into without a change, held, let through, stopped."""

import threading
import time
import urllib.request

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers
from tinynet.callbacks import Lab
from tinynet.lab import LabError, background
from tinynet.lab.frames import encode
from tinynet.lab.your_model import YourModel, watching


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return rng.random((96, 8, 8, 1), np.float32), rng.integers(0, 3, 96)


def make_model():
    model = tn.Sequential([
        tn.Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu", kernel_initializer=tn.initializers.HeNormal(1)),
        layers.BatchNormalization(), layers.Flatten(), layers.Dropout(0.2, seed=3),
        layers.Dense(3, activation="softmax", kernel_initializer=tn.initializers.HeNormal(2)),
    ])
    model.compile(tn.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture
def offline(monkeypatch):
    """The callback without its server."""
    monkeypatch.setattr(Lab, "opener", staticmethod(lambda lab, port, browser: "http://nowhere"))


def fit(model, data, callbacks=(), **options):
    return model.fit(*data, batch_size=8, shuffle=False, verbose=0, callbacks=list(callbacks), **options)


class Asking(tn.callbacks.Callback):
    """Asks the lab for a sample of every batch, as an open page does."""

    def __init__(self, lab):
        super().__init__()
        self.lab = lab

    def on_train_batch_begin(self, batch, logs=None):
        self.lab.want()


def test_looking_changes_nothing(offline, data, monkeypatch):
    monkeypatch.setattr("tinynet.callbacks.lab.SHARE", 1e9)
    plain, looked = make_model(), make_model()
    lab = Lab(open_browser=False)
    fit(plain, data, epochs=2)
    fit(looked, data, [Asking(lab), lab], epochs=2)
    assert len(lab.sample_steps) >= 22
    for one, other in zip(plain.get_weights(), looked.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_with_nobody_looking_nothing_is_sampled(offline, data):
    lab = Lab(open_browser=False)
    fit(make_model(), data, [lab], epochs=3)
    assert lab.step == 36 and not lab.samples and not lab.sample_steps


def test_samples_are_the_layers_own_numbers(offline, data, monkeypatch):
    monkeypatch.setattr("tinynet.callbacks.lab.SHARE", 1e9)
    model, lab, probe = make_model(), Lab(open_browser=False), tn.callbacks.Probe(every=1)
    fit(model, data, [Asking(lab), lab], epochs=1)
    again = make_model()
    fit(again, data, [probe], epochs=1)
    for kind in ("activation", "gradient", "weight"):
        seen = [one["mean"] for one in lab.samples[model.layers[0].name, kind]]
        expected = probe[again.layers[0].name, kind].mean
        np.testing.assert_array_equal(seen, expected[-len(seen):] if len(seen) < len(expected) else expected)


def test_a_page_shows_mistakes_and_counts(offline, data, monkeypatch):
    monkeypatch.setattr("tinynet.callbacks.lab.SHARE", 1e9)
    model, lab = make_model(), Lab(open_browser=False)
    watching.append(lab)
    try:
        lab.chosen = "conv2d"
        fit(model, data, [Asking(lab), lab], epochs=2, validation_split=0.25)
        panel = YourModel(YourModel.parse({}), 0)
        panel.state()  # chooses the first layer
        fit(model, data, [Asking(lab), lab], epochs=1, validation_split=0.25)
        state = panel.state()
    finally:
        watching.remove(lab)
    assert encode(state)
    report = state["report"]
    predicted = model.predict(data[0][72:], verbose=0).argmax(1)
    expected = np.zeros((3, 3), int)
    np.add.at(expected, (data[1][72:], predicted), 1)
    np.testing.assert_array_equal(report["confusion"], expected)
    assert report["of"] == "validation" and report["count"] == 24
    assert all(one["label"] != one["predicted"] and one["picture"].shape == (8, 8, 1) for one in report["worst"])
    assert [row["name"] for row in state["layers"]] == [layer.name for layer in model.layers]
    assert sum(row["parameters"] for row in state["layers"]) == model.count_params() == state["numbers"]["parameters"]
    assert state["maps"].shape == (4, 6, 6) and state["ridges"]["counts"].shape[1] == 32
    assert len(state["epochs"]) == 3 and set(state["epochs"][0]) >= {"loss", "val_loss", "accuracy", "learning_rate"}
    assert state["numbers"]["loss"] > 0 and set(state["numbers"]) <= set(YourModel.words)


def test_held_let_through_and_stopped(offline, data):
    model, lab = make_model(), Lab(open_browser=False)
    lab.hold()
    thread = threading.Thread(target=fit, args=(model, data, [lab]), kwargs={"epochs": 5})
    thread.start()

    def wait_for(condition):
        end = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.005)

    wait_for(lambda: lab.training)
    time.sleep(0.1)
    assert lab.step == 0
    for step in (1, 2):
        lab.let_one_through()
        wait_for(lambda step=step: lab.step == step)
        time.sleep(0.05)
        assert lab.step == step and lab.held
    lab.stop()
    thread.join(10)
    assert not thread.is_alive() and lab.step <= 4 and not lab.training


def test_a_model_without_classes_has_no_report(offline):
    lab = Lab(open_browser=False)
    model = tn.Sequential([tn.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 3)), np.ones(8), callbacks=[Asking(lab), lab], verbose=0)
    assert lab.report is None and lab.epoch_logs


def test_the_lab_opens_on_the_loopback_and_watches_each_fit(data):
    model = make_model()
    with pytest.raises(RuntimeError, match="compile"):
        tn.Sequential([layers.Dense(1)]).lab()
    try:
        link = model.lab(open_browser=False, port=0)
        assert link.startswith("http://127.0.0.1:") and link.endswith("#/model") and model.lab() == link
        with urllib.request.urlopen(link.split("#")[0]) as page:  # the cookie is not kept: the redirect is refused
            assert page.status == 200
    except urllib.error.HTTPError as error:
        assert error.code == 403
    finally:
        fit(model, data)
        lab = watching[-1]
        assert lab.step == 12 and lab.model is model
        fit(model, data, [lab])
        assert lab.step == 24, "it is called once a batch though it was given too"
        background.close()
    copy = tn.models.clone_model(model)
    assert copy is not model


def test_without_a_watched_model_the_page_explains(monkeypatch):
    monkeypatch.setattr("tinynet.lab.your_model.watching", [])
    with pytest.raises(LabError, match="model.lab"):
        YourModel(YourModel.parse({}), 0)
