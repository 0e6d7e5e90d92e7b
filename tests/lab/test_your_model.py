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


def wait_for(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


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
    assert len(lab.running) >= 22
    for one, other in zip(plain.get_weights(), looked.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_with_nobody_looking_nothing_is_sampled(offline, data):
    lab = Lab(open_browser=False)
    fit(make_model(), data, [lab], epochs=3)
    assert lab.step == 36 and not lab.samples and not lab.running


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
        assert link.startswith("http://127.0.0.1:") and link.endswith("#/model")
        assert model.lab(open_browser=False) == link
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


# What goes wrong ------------------------------------------------------------------------------------------------------


def test_an_error_in_fit_leaves_nothing_behind(offline, data, monkeypatch):
    """No watcher, no run that never ends, no hold: the next training is as if nothing had been."""
    from tinynet.layers.context import call_context

    monkeypatch.setattr("tinynet.callbacks.lab.SHARE", 1e9)
    model, lab = make_model(), Lab(open_browser=False)

    class Failing(layers.Layer):
        def call(self, x):
            if lab._watching:
                raise KeyboardInterrupt
            return x

    broken = tn.Sequential([tn.Input((8, 8, 1)), layers.Flatten(), Failing(), layers.Dense(3, activation="softmax")])
    broken.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(KeyboardInterrupt):
        fit(broken, data, [Asking(lab), lab])
    assert not lab.training and not lab._watching and not lab.held
    assert call_context().watch is None and broken.optimizer.watch is None
    plain = make_model()
    fit(plain, data)
    fit(model, data, [lab])
    assert len(lab.running) == 0, "the sample that was under way is not taken for one"
    for one, other in zip(plain.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_ctrl_c_while_held_does_not_hold_the_next_fit(offline, data):
    class Interrupted(threading.Condition().__class__):
        def wait(self, timeout=None):
            raise KeyboardInterrupt

    model, lab = make_model(), Lab(open_browser=False)
    lab.hold()
    lab._gate = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        fit(model, data, [lab])
    assert not lab.held and not lab.training
    fit(model, data, [lab])
    assert lab.step == 12


def test_a_hold_ends_with_its_fit(offline, data):
    model, lab = make_model(), Lab(open_browser=False)

    class HoldsAtTheEnd(tn.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            lab.hold()

    fit(model, data, [lab, HoldsAtTheEnd()])
    fit(model, data, [lab])
    assert lab.step == 24


def test_a_hold_ends_with_the_page(offline, data):
    """A closed browser holds no training for ever, and the contents page does not either."""
    from tinynet.lab.session import Session
    from tinynet.lab.turns import Turns

    model, lab, said = make_model(), Lab(open_browser=False), []
    lab.set_model(model)
    watching.append(lab)
    session = Session(Turns(), said.append)
    try:
        session.receive('{"do": "open", "panel": "model"}')
        session.receive('{"do": "leave"}')
        time.sleep(0.2)
        session.receive('{"do": "pause"}')
        session.receive('{"do": "step"}')
        time.sleep(0.2)
        assert not lab.held and lab._let_through == 0, "before a training there is nothing to hold"
        for other in (False, True):
            lab.hold()  # until the page holds it
            thread = threading.Thread(target=fit, args=(model, data, [lab]))
            thread.start()
            wait_for(lambda: lab.training)
            session.receive('{"do": "step"}')
            wait_for(lambda: lab.step % 12 == 1)
            if other:
                session.receive('{"do": "open", "panel": "descent"}')  # and it ends looking at something else
            time.sleep(0.2)
            assert thread.is_alive() and lab.held
            session.end()
            thread.join(10)
            assert not thread.is_alive() and lab.step % 12 == 0
            session = Session(Turns(), said.append)
            session.receive('{"do": "open", "panel": "model"}')
    finally:
        lab.stop()
        session.end()
        watching.remove(lab)


def test_a_probe_beside_it_records_the_same(offline, data, monkeypatch):
    monkeypatch.setattr("tinynet.callbacks.lab.SHARE", 1e9)
    for reverse in (False, True):
        alone, lab, beside = tn.callbacks.Probe(every=1), Lab(open_browser=False), tn.callbacks.Probe(every=1)
        fit(make_model(), data, [alone])
        fit(make_model(), data, [Asking(lab), *((lab, beside) if reverse else (beside, lab))])
        assert len(lab.running) == 12
        for (_, kind), other in zip(alone.series, beside.series.values(), strict=True):
            one = list(alone.series.values())[list(beside.series.values()).index(other)]
            np.testing.assert_array_equal(one.mean, other.mean, kind)
        assert {kind for _, kind in lab.samples} == {"activation", "gradient", "weight"}


def test_a_model_is_not_kept_alive(data, monkeypatch):
    import gc
    import weakref

    from tinynet.callbacks.lab import watched

    model = make_model()
    try:
        model.lab(open_browser=False, port=0)
        fit(model, data)
        reference = weakref.ref(model)
        del model
        gc.collect()
        assert reference() is None and not watched
        panel = YourModel(YourModel.parse({}), 0)
        assert encode(panel.state()) and panel.state()["layers"] == []
        for _ in range(3):
            make_model().lab(open_browser=False)
        gc.collect()
        assert len(watching) <= 2, "and what was seen of it is not kept either"
    finally:
        background.close()


def test_the_page_shows_the_model_that_was_opened_or_trained_last(data):
    first, second = make_model(), make_model()
    try:
        first.lab(open_browser=False, port=0)
        second.lab(open_browser=False)
        panel = YourModel(YourModel.parse({}), 0)
        assert panel.lab.model is second
        first.lab(open_browser=False)
        assert panel.lab.model is first
        fit(second, data)
        assert panel.lab.model is second and panel.lab.step == 12
        del second
        import gc

        gc.collect()
        assert panel.lab.model is first
    finally:
        background.close()


def test_a_model_with_an_open_lab_is_copied_and_saved(data, tmp_path):
    import copy
    import pickle

    model = make_model()
    try:
        model.lab(open_browser=False, port=0)
        fit(model, data)
        expected = model.predict(data[0], verbose=0)
        model.save(tmp_path / "m.keras")
        copies = pickle.loads(pickle.dumps(model)), copy.deepcopy(model), tn.models.load_model(tmp_path / "m.keras")
        for other in copies:
            np.testing.assert_array_equal(other.predict(data[0], verbose=0), expected)
    finally:
        background.close()


def test_evaluate_and_predict_work_while_it_is_held(offline, data):
    model, lab = make_model(), Lab(open_browser=False)
    lab.hold()
    thread = threading.Thread(target=fit, args=(model, data, [lab]))
    thread.start()
    time.sleep(0.2)
    assert model.predict(data[0], verbose=0).shape == (96, 3) and np.isfinite(model.evaluate(*data, verbose=0)).all()
    assert thread.is_alive() and lab.held
    lab.go_on()
    thread.join(10)
    assert lab.step == 12


@pytest.mark.parametrize(("units", "y", "counted"), [
    (3, np.eye(3)[np.arange(96) % 3], True), (3, np.random.default_rng(0).random((96, 3)), False),
    (3, (np.random.default_rng(0).random((96, 3)) > 0.5) * 1.0, False),
    (2, np.linspace(-1, 1, 192).reshape(96, 2), False), (3, np.arange(96)[:, None] % 3, True),
])
def test_only_classes_are_counted(offline, data, units, y, counted):
    lab = Lab(open_browser=False)
    model = tn.Sequential([tn.Input((8, 8, 1)), layers.Flatten(), layers.Dense(units)])
    model.compile("sgd", tn.losses.SparseCategoricalCrossentropy(from_logits=True) if y.shape[1] == 1 else "mse")
    model.fit(data[0], y, callbacks=[Asking(lab), lab], verbose=0)
    assert (lab.report is not None) == counted


def test_a_process_that_was_forked_starts_a_server_of_its_own(data):
    import multiprocessing

    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("no fork here")
    model = make_model()
    try:
        link = model.lab(open_browser=False, port=0)
        context = multiprocessing.get_context("fork")
        inbox = context.SimpleQueue()
        child = context.Process(target=lambda: inbox.put((dict(background._running), model.lab(open_browser=False))))
        child.start()
        child.join(20)
        running, others = inbox.get()
        assert child.exitcode == 0 and running == {} and others != link
    finally:
        background.close()


def test_without_the_extra_the_error_names_it(monkeypatch, data):
    import sys

    background.close()
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(ModuleNotFoundError, match=r"\[lab\]"):
        make_model().lab()
    with pytest.raises(ModuleNotFoundError, match=r"\[lab\]"):
        fit(make_model(), data, [Lab()])


def test_a_widget_whose_output_is_cleared_ends_its_session():
    from tinynet.lab.notebook import Conversation

    said = []
    conversation = Conversation("descent", {}, lambda message, buffers: said.append(message["type"]))
    conversation.receive({"do": "opened"})
    first = conversation.session
    conversation.receive({"do": "opened"})  # a second view of it
    conversation.receive({"do": "closed"})
    wait_for(lambda: "frame" in said)
    assert first.thread.is_alive()
    conversation.receive({"do": "closed"})
    first.thread.join(10)
    assert not first.thread.is_alive()
    said.clear()
    conversation.receive({"do": "opened"})  # shown again
    wait_for(lambda: "frame" in said)
    for odd in (None, [], "x", {"do": []}, {"do": "open", "panel": object()}, {"do": "seed", "seed": float("nan")}):
        conversation.receive(odd)
    wait_for(lambda: said.count("problem") == 6)
    conversation.close()
    conversation.session.thread.join(10)


def test_nobody_looks_once_the_page_is_gone(offline, data):
    from tinynet.lab.server import Sessions

    model, lab, sessions = make_model(), Lab(open_browser=False), Sessions()
    lab.set_model(model)
    watching.append(lab)
    try:
        session, _ = sessions.take("browser", "tab", print)
        session.receive('{"do": "open", "panel": "model"}')
        session.receive('{"do": "ready"}')
        wait_for(lambda: lab._wanted or lab.version)
        sessions.leave("browser", "tab", session, print)
        time.sleep(0.1)
        lab._wanted = False
        fit(model, data, [lab], epochs=3)
        assert not lab.running
    finally:
        sessions.end_all()
        watching.remove(lab)


def test_a_widget_that_is_closed_ends_its_session():
    pytest.importorskip("anywidget")
    shown = tn.lab.widget("descent", surface="bowl")
    thread = shown.conversation.session.thread
    assert thread.is_alive()
    shown.close()
    thread.join(10)
    assert not thread.is_alive()
