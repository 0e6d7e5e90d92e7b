"""The panel of a CNN in training and of VGG-16: the slides' anchors, and the textbook's feature maps and scores."""

import base64
import contextlib
import io

import numpy as np
import pytest

import tinynet as tn
from tinynet import textbook
from tinynet.lab import all_panels
from tinynet.lab.frames import encode
from tinynet.lab.panels.cnn_training import SHOWN, data

PANEL = all_panels()["cnn"]


def test_the_scenes_ask_for_words_that_there_are():
    import re
    from pathlib import Path

    import tinynet.lab

    modules = sorted((Path(tinynet.lab.__file__).parent / "static" / "panels").glob("cnn_*.js"))
    assert len(modules) >= 2
    for module in modules:
        text = module.read_text("utf-8")
        asked = set(re.findall(r'\bt\("(\w+)"\)', text))
        assert asked and asked <= set(PANEL.words), (module.name, asked - set(PANEL.words))
        assert not re.findall(r'(?:text|label|xlabel|ylabel): *"[^"]*[A-Za-z가-힣]{2}', text), module.name


def opened(steps=0, seed=0, **settings):
    panel = PANEL(PANEL.parse(settings), seed)
    for _ in range(steps):
        panel.step()
    return panel


def drawing(seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (28, 28, 1), dtype=np.uint8)
    return pixels, base64.urlsafe_b64encode(pixels.tobytes()).decode()


def test_vgg_adds_up_to_the_slides_number():
    panel = opened(show="vgg")
    totals = []
    while not panel.finished:
        panel.step()
        totals.append(panel.state()["numbers"]["total"])
    assert totals[-1] == 138_357_544 == tn.applications.VGG16(weights=None).count_params()
    assert totals == sorted(totals)
    layers = panel.state()["layers"]
    assert len(layers) == 23 and sum(one["parameters"] for one in layers) == 138_357_544
    for one in layers:  # how the parameters are counted is what they are
        if one["count"]:
            assert eval(one["count"].replace("·", "*").replace(",", "")) == one["parameters"]
        else:
            assert one["parameters"] == 0
    assert [one["shape"] for one in layers if one["name"].endswith("pool")] == [
        [112, 112, 64], [56, 56, 128], [28, 28, 256], [14, 14, 512], [7, 7, 512]]


@pytest.mark.parametrize("settings", [
    {}, {"index": 7}, {"index": 999, "filters1": 3, "filters2": 5, "size": "5", "pooling": "average"},
])
def test_maps_and_scores_are_those_of_the_model(settings):
    panel = opened(12, **settings)
    state, model = panel.state(), panel.scene.model
    image = data()[2][panel.settings["index"]][None]
    for name in SHOWN:
        assert np.array_equal(state["maps"][name], textbook.feature_maps(model, image, name)[0])
    logits = model.predict(image, verbose=0)
    assert np.array_equal(state["logits"], logits[0])
    scores = tn.ops.softmax(logits).numpy()[0]
    assert np.array_equal(state["scores"], scores)
    names = tn.datasets.fashion_mnist_sample.CLASS_NAMES
    top = textbook.top_classes(scores, names, k=7)
    assert [(names[k], float(state["scores"][k])) for k in state["top"]] == top
    assert state["numbers"]["score"] == top[0][1]
    # The formula that the page fills in gives the same numbers.
    powers = np.exp(logits[0].astype(float))
    np.testing.assert_allclose(scores, powers / powers.sum(), rtol=1e-5)


@pytest.mark.parametrize("own", [False, True])
def test_the_code_sends_the_same_image_through(own):
    settings = {"drawing": drawing()[1], "invert": True} if own else {"index": 30}
    panel = opened(3, seed=5, **settings)
    found = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(panel.code(3), found)
    expected = panel.scene.seen_by_code()
    assert np.array_equal(found["scores"], expected["scores"])
    assert found["top"] == expected["top"] and len(found["top"]) == 7
    for name in SHOWN:
        assert np.array_equal(found["maps"][name], expected["maps"][name])


def test_a_drawing_can_be_inverted_and_has_no_label():
    pixels, text = drawing(1)
    assert np.array_equal(opened(drawing=text).state()["image"], pixels[:, :, 0])
    state = opened(drawing=text, invert=True).state()
    assert np.array_equal(state["image"], 255 - pixels[:, :, 0]) and state["label"] is None


def test_another_image_needs_no_training_anew():
    panel = opened(3)
    before = panel.scene.model.get_weights()
    first = panel.state()
    panel.view(panel.settings | {"index": 9})
    second = panel.state()
    assert not np.array_equal(first["maps"]["conv1"], second["maps"]["conv1"])
    assert all(map(np.array_equal, before, panel.scene.model.get_weights()))
    assert np.array_equal(first["losses"], second["losses"])


def test_it_learns():
    panel = opened(60)
    state = panel.state()
    assert state["losses"][-10:].mean() < 0.6 * state["losses"][0]
    assert state["numbers"]["test_accuracy"] > 0.6  # ten classes: guessing gives 0.1
    assert len(state["tests"]) == 7


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_training_goes_on_from_a_snapshot_as_if_nothing_had_been(optimizer):
    panel = opened(13, optimizer=optimizer, rate=0.01, images="1000")  # 15 batches an epoch: the order changes between
    snapshot = panel.snapshot()
    for _ in range(7):
        panel.step()
    expected = encode(panel.state())
    for _ in range(2):
        panel.restore(snapshot)
        for _ in range(7):
            panel.step()
        assert encode(panel.state()) == expected


@pytest.mark.parametrize("steps", [0, 1, 15])  # before the optimizer has moved anything; before an epoch begins
def test_snapshots_at_the_edges(steps):
    panel = opened(steps, images="1000")
    snapshot = panel.snapshot()
    panel.step()
    expected = encode(panel.state())
    panel.restore(snapshot)
    panel.step()
    assert encode(panel.state()) == expected


def test_a_picture_stays_small():
    assert len(encode(opened(3, filters1=16, filters2=32, size="5").state())) < 200_000
    assert len(encode(opened(3).state())) < 100_000
