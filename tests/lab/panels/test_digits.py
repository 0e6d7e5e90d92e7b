"""The panel `digits`: the anchors of rows 32 to 37 on every data set of this computer."""

import numpy as np
import pytest

import tinynet as tn
from tinynet import textbook
from tinynet.lab import LabError
from tinynet.lab.panels import digits_data
from tinynet.lab.panels.digits import Digits
from tinynet.lab.panels.digits_layers import INITIALIZERS

LN10 = np.log(10)


def run(steps, seed=0, **settings):
    """The panel after some steps, and its state after each of them."""
    panel = Digits(Digits.parse(settings), seed)
    states = [panel.state()]
    for _ in range(steps):
        panel.step()
        states.append(panel.state())
    return panel, states


def costs(states):
    return np.array([state["numbers"]["cost"] for state in states])


@pytest.mark.parametrize("data", digits_data.available())
class TestTheSlidesNumbers:
    """Row 33: Zero 2.30 at batch 6; Uniform 2.31 at 3; Standard Normal 26.92 at 11; Xavier 2.22 at 6."""

    def test_zero_stays_at_guessing(self, data):
        _, states = run(12, data=data, initialization="zero")
        assert states[0]["numbers"]["cost"] == pytest.approx(LN10, abs=1e-6)
        assert [round(cost, 1) for cost in costs(states)] == [2.3] * 13
        assert abs(costs(states) - LN10).max() < 0.02
        assert not np.array(states[-1]["moments"]).any(), "activations of weights 0 are 0"

    def test_uniform_is_near_guessing_at_first(self, data):
        _, states = run(3, data=data, initialization="uniform")
        assert abs(costs(states) - LN10).max() < 0.06

    def test_standard_normal_is_far_above_and_saturated(self, data):
        _, states = run(11, data=data, initialization="normal")
        assert costs(states).min() > 3 * LN10 and costs(states)[0] > 15
        assert min(saturated for _, _, saturated in states[0]["moments"]) > 0.7

    def test_xavier_falls_below_guessing_within_few_batches(self, data):
        _, states = run(8, data=data, initialization="xavier")
        assert (costs(states)[3:] < 2.30).all()
        assert int(states[-1]["numbers"]["misclassified"].split("/")[0]) < 75

    def test_the_panel_names_the_data(self, data):
        panel, states = run(0, data=data)
        assert states[0]["numbers"]["data"] == f"data_{data}"
        assert len(panel.part.images) == (7000 if data == "sample" else 10_000)
        assert {"mnist": "datasets.mnist.", "fashion": "datasets.fashion_mnist.",
                "sample": "datasets.fashion_mnist_sample."}[data] in panel.code(0)


def test_the_best_data_set_is_taken():
    panel, _ = run(0)
    assert panel.part.data == digits_data.available()[0]
    assert digits_data.available()[-1] == "sample"


def test_a_damaged_copy_is_passed_over_and_nothing_is_downloaded(tmp_path, monkeypatch):
    def no_network(*args, **kwargs):
        raise AssertionError("the lab asked the network")

    folder = tmp_path / "datasets" / "mnist"
    folder.mkdir(parents=True)
    (folder / "mnist.npz").write_bytes(b"damaged")
    monkeypatch.setenv("TINYNET_HOME", str(tmp_path))
    monkeypatch.setattr("tinynet.datasets.sources.download", no_network)
    monkeypatch.setattr("tinynet.datasets.mnist.download", no_network)
    digits_data.load.cache_clear()
    digits_data.available.cache_clear()
    try:
        assert tn.datasets.mnist.find() is not None
        assert "mnist" not in digits_data.available() and "sample" in digits_data.available()
        with pytest.raises(LabError, match="cannot be read"):
            run(0, data="mnist")
    finally:
        digits_data.load.cache_clear()
        digits_data.available.cache_clear()


def test_keras_file_of_mnist_is_found_and_the_code_reads_the_same(tmp_path, monkeypatch):
    """The digits themselves are not on every computer: here their file holds other images."""
    import contextlib
    import hashlib
    import io

    images, labels = digits_data.load("sample")
    folder = tmp_path / "datasets" / "mnist"
    folder.mkdir(parents=True)
    np.savez(folder / "mnist.npz", x_train=images[:100], y_train=labels[:100], x_test=images[:300], y_test=labels[:300])
    monkeypatch.setenv("TINYNET_HOME", str(tmp_path))
    monkeypatch.setattr("tinynet.datasets.mnist.NPZ_SHA256",
                        hashlib.sha256((folder / "mnist.npz").read_bytes()).hexdigest())
    caches = digits_data.load, digits_data.available, digits_data.inputs
    for one in caches:
        one.cache_clear()
    try:
        panel, states = run(4, data="found")
        assert panel.part.data == "mnist" and states[0]["digits"] and states[-1]["numbers"]["epoch"] == 1
        found = {}
        with contextlib.redirect_stdout(io.StringIO()):
            exec(panel.code(4), found)
        assert found["costs"] == panel.proof()["costs"]
        np.testing.assert_array_equal(found["correct"], panel.proof()["correct"])
    finally:
        for one in caches:
            one.cache_clear()


def test_the_grid_shows_the_batch_that_is_judged():
    panel, states = run(2, data="sample")
    state, now = states[-1], panel.part.now
    images, labels = digits_data.load("sample")
    np.testing.assert_array_equal(state["images"], images[now])
    np.testing.assert_array_equal(state["labels"], labels[now])
    np.testing.assert_array_equal(state["correct"], state["predicted"] == labels[now])
    wrong = 100 - int(state["correct"].sum())
    assert state["numbers"]["misclassified"] == f"{wrong}/100"
    assert state["counts"].shape == (4, 40) and (state["counts"].sum(axis=1) == 300 * 100).all()
    assert not images.flags.writeable
    # The cost that is shown is the loss of the next training step, to float32's rounding.
    before = state["numbers"]["cost"]
    panel.step()
    assert panel.part.costs["xavier"][-1] == pytest.approx(before, rel=1e-5)


def test_an_epoch_shows_each_image_once():
    panel, _ = run(0, data="sample")
    seen = []
    for count in range(70):
        panel.part.count = count
        seen.append(panel.part.now)
    np.testing.assert_array_equal(np.sort(np.concatenate(seen)), np.arange(7000))
    panel.part.count = 70
    numbers = panel.state()["numbers"]
    assert (numbers["epoch"], numbers["batch"]) == (1, 0)
    assert (panel.part.now != seen[0]).any()


def test_compared_networks_are_those_alone():
    together, _ = run(2, data="sample", compare=True, initialization="uniform")
    assert list(together.part.costs) == ["uniform", "zero", "xavier", "normal"]
    for name, found in together.part.costs.items():
        alone, _ = run(2, data="sample", initialization=name)
        assert alone.part.costs[name] == found


def deviations(panel):
    return [layer["std"] for layer in panel.state()["layers"]]


@pytest.mark.parametrize(("width", "error"), [("4096", 0.01), ("512", 0.02)])
def test_xavier_experiment_gives_the_slides_deviations(width, error):
    """Row 35: .63 .49 .41 .36 .32 .30."""
    panel, states = run(6 * max(1, int(width) // 512), what="experiment", width=width)
    assert panel.finished and len(states[-1]["layers"]) == 6
    assert deviations(panel) == pytest.approx([0.63, 0.49, 0.41, 0.36, 0.32, 0.30], abs=error)
    assert all(abs(layer["mean"]) < 2 * error for layer in states[-1]["layers"])


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_the_experiment_is_the_textbooks(activation):
    panel, states = run(6, what="experiment", width="128", activation=activation, seed=3)
    expected = textbook.xavier_experiment(
        (128,) * 7, initializer=textbook.XavierSlide(tn.random.SeedGenerator(4)),
        activation=getattr(tn.ops, activation), seed=3)
    assert [(layer["mean"], layer["std"]) for layer in states[-1]["layers"]] == expected


def test_a_wide_layer_is_computed_in_blocks():
    """A step computes 512 units, so that it takes less than 0.1 s; the layer is the same as at once."""
    panel, states = run(5, what="experiment", width="1024", weights="glorot")
    assert [[layer["units"] for layer in state["layers"]] for state in states] == [
        [], [512], [1024], [1024, 512], [1024, 1024], [1024, 1024, 512]]
    assert [h.shape for h in panel.part.hs] == [(16, 1024)] * 2
    at_once, _ = run(2, what="experiment", width="512", weights="glorot")
    assert deviations(panel)[:2] == pytest.approx(deviations(at_once), abs=0.03)


def test_the_helper_scripts_ask_for_words_that_there_are():
    import re
    from pathlib import Path

    import tinynet.lab

    for script in (Path(tinynet.lab.__file__).parent / "static" / "panels").glob("digits*.js"):
        text = script.read_text("utf-8")
        assert set(re.findall(r'\bt\("(\w+)"\)', text)) <= set(Digits.words), script.name


def test_small_weights_die_and_large_ones_saturate():
    small, _ = run(6, what="experiment", weights="small", width="256")
    large, _ = run(6, what="experiment", weights="normal", width="256")
    assert deviations(small)[-1] < 1e-4 and min(deviations(large)) > 0.95


def test_variances_of_linear_layers_follow_the_rule():
    """Row 37: Var(y) = Din Var(x) Var(w); with 1 / Din it stays."""
    panel, _ = run(1, what="variance", activation="linear", compared=list(INITIALIZERS), units=512)
    for name, ((before, of_w, measured, independent, rule, after),) in panel.part.variances.items():
        assert rule == pytest.approx(512 * before * of_w, rel=1e-5)
        # 100 x 512 sums of 512 terms: relative standard errors of sqrt(2 / 51200) and less; means of 0 within 1 %.
        assert measured == pytest.approx(rule, rel=0.05) and independent == pytest.approx(rule, rel=0.01), name
        assert after == pytest.approx(measured, rel=1e-4)
    kept = panel.part.variances["xavier"][0]
    assert kept[2] == pytest.approx(kept[0], rel=0.05)


def test_relu_breaks_the_assumption_of_mean_zero_and_he_mends_it():
    panel, _ = run(20, what="variance", activation="relu", compared=["xavier", "he"], units=512)
    assert panel.finished
    for rows in panel.part.variances.values():
        _, _, measured, independent, rule, _ = rows[-1]
        assert independent == pytest.approx(measured, rel=0.25) and rule < 0.8 * measured
    last = {name: rows[-1][2] for name, rows in panel.part.variances.items()}
    assert last["xavier"] < 1e-4 and 0.2 < last["he"] < 5


def test_overflow_is_shown_as_such():
    panel, states = run(50, what="variance", activation="linear", compared=["normal"], units=512, depth=50)
    assert not np.isfinite(panel.part.variances["normal"][-1][-1])
    assert panel.finished and states[-1]["rows"][0]["variances"].shape == (50, 6)
