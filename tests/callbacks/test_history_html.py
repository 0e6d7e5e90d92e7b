"""The curves that a notebook shows for a history."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers
from tinynet.callbacks import History

SVG = "{http://www.w3.org/2000/svg}"


def shown(logs):
    history = History()
    history.history = logs
    return ET.fromstring(history._repr_html_())


def panels(tree):
    return {svg.get("aria-label"): svg for svg in tree.iter(f"{SVG}svg")}


def points(svg):
    return [[tuple(map(float, point.split(","))) for point in line.get("points").split()]
            for line in svg.iter(f"{SVG}polyline")]


def test_the_curves_of_a_training():
    model = tn.Sequential([layers.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    x = np.random.default_rng(0).normal(size=(20, 2))
    history = model.fit(x, x[:, :1], epochs=4, validation_split=0.2, verbose=0)
    tree = ET.fromstring(history._repr_html_())
    assert list(panels(tree)) == ["loss", "mae"]
    train, validation = points(panels(tree)["loss"])
    assert len(train) == len(validation) == 4
    losses = np.array([history.history["loss"], history.history["val_loss"]])
    heights = np.array([[y for _, y in train], [y for _, y in validation]])
    scaled = (losses - losses.min()) / (losses.max() - losses.min())
    np.testing.assert_allclose(heights, heights.max() - scaled * (heights.max() - heights.min()), atol=0.11)
    best = int(np.argmin(history.history["val_loss"])) + 1
    assert f"in epoch {best}" in "".join(tree.itertext())


@pytest.mark.parametrize(("values", "runs", "dots"), [
    ([3.0, 2.0, np.nan, 1.0, 0.5], 2, 0), ([1.0, np.inf, 2.0], 0, 2), ([np.nan, np.nan], 0, 0), ([1.0], 0, 1),
    ([2.0, 2.0, 2.0], 1, 0), ([0.0, 0.0], 1, 0),
])
def test_values_that_are_not_finite_leave_gaps(values, runs, dots):
    svg = panels(shown({"loss": values}))["loss"]
    assert len(points(svg)) == runs and len(list(svg.iter(f"{SVG}circle"))) == dots
    assert "nan" not in ET.tostring(svg, "unicode").lower()


def test_everything_is_inside_the_panel():
    rng = np.random.default_rng(0)
    for scale in (1e-9, 1.0, 1e9):
        svg = panels(shown({"loss": list(scale * rng.normal(size=30)), "val_loss": list(scale * rng.normal(size=30))}))
        width, height = (float(svg["loss"].get(side)) for side in ("width", "height"))
        for x, y in sum(points(svg["loss"]), []):
            assert 0 < x < width and 0 < y < height


def test_order_names_and_what_is_no_number():
    tree = shown({"learning_rate": [0.1], "<script>": [1.0], "loss": [0.5], "words": ["a"], "array": [np.ones(3)]})
    assert list(panels(tree)) == ["loss", "<script>", "learning_rate"]
    assert "History of no epochs" in "".join(shown({}).itertext())
    assert not re.search(r"https?://(?!www.w3.org)", ET.tostring(tree, "unicode"))


def test_a_model_without_training_has_an_empty_history():
    assert History()._repr_html_() == "<div>History of no epochs</div>"
