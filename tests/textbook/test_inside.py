"""Pictures of what is inside a network, and what they are drawn from."""

import numpy as np
import pytest

from tinynet import Sequential, datasets, layers, textbook, utils
from tinynet.plots import themes
from tinynet.textbook import inside, plots


@pytest.fixture
def pyplot():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


def small_cnn():
    return Sequential([
        layers.Input((8, 8, 1)),
        layers.Conv2D(3, 3, activation="relu", name="conv"),
        layers.MaxPooling2D(name="pool"),
        layers.Flatten(),
        layers.Dense(4, name="scores"),
    ])


def test_network_of_the_first_demo_and_its_legend(pyplot):
    x, y = datasets.toy.moons(40)
    model = textbook.decision_boundary_network()
    for show, data in (("weight", (None, None)), ("gradient", (x, y))):
        ax = plots.plot_network(model, *data, show=show)
        labels = [text.get_text() for text in ax.get_legend().get_texts()]
        zeros = any((one == 0).any() for one in textbook.edge_strengths(model, *data, show=show))  # units that are off
        signs = {f"{show} > 0", f"{show} < 0"} | ({f"{show} = 0"} if zeros else set())
        assert set(labels) == {"input", "relu", "sigmoid"} | signs
        assert len(ax.lines) == 2 * 6 + 6 * 3 + 3 * 1 + len(signs)  # and one a sign for the legend
        assert sum(len(dots.get_offsets()) for dots in ax.collections) == 2 + 6 + 3 + 1
    strengths = textbook.edge_strengths(model)
    ax = plots.plot_network(model)
    light = themes.THEMES["light"]
    for line, value in zip(ax.lines, np.concatenate([np.ravel(one) for one in strengths]), strict=False):
        assert line.get_color() == (light.positive if value > 0 else light.negative)


def test_weights_of_zero_have_no_sign(pyplot):
    """The demo's "zero" is neither all positive nor all negative."""
    ax = plots.plot_network(textbook.decision_boundary_network("zero"))
    light = themes.THEMES["light"]
    assert {line.get_color() for line in ax.lines[: 2 * 6 + 6 * 3 + 3]} == {light.neutral}
    assert "weight = 0" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_feature_maps_are_the_layers_outputs(pyplot):
    model, images = small_cnn(), np.random.default_rng(0).random((2, 8, 8, 1), np.float32)
    maps = inside.feature_maps(model, images, "conv")
    np.testing.assert_array_equal(maps, model.layers[0](images).numpy())
    figure = textbook.plot_feature_maps(model, images[0], ["conv", "pool"], maps=4)
    shown = [ax.images[0].get_array() for ax in figure.axes if ax.images]
    assert len(shown) == 3 + 3
    np.testing.assert_array_equal(shown[1], maps[0, ..., 1])


def test_displays_of_the_second_demo(pyplot):
    rng = np.random.default_rng(0)
    images, labels = rng.random((10, 784)), rng.integers(0, 10, 10)
    inside_now = textbook.look_inside(textbook.digits_network(), images, labels)
    batch, *histograms, outcomes = textbook.plot_inside(inside_now)
    mosaic = batch.images[0].get_array()
    assert mosaic.shape == (4 * 28, 4 * 28)
    np.testing.assert_allclose(mosaic[28:56, :28], images[4].reshape(28, 28), rtol=1e-6)
    assert [ax.get_title() for ax in histograms] == ["A[1]", "A[2]", "A[3]", "A[4]"]
    for ax in histograms:
        assert sum(bar.get_height() for bar in ax.patches) == 300 * 10
    shown = outcomes.images[0].get_array()
    np.testing.assert_array_equal(np.ma.filled(shown, np.nan).ravel()[:10], inside_now.correct)
    assert len(outcomes.texts) == inside_now.misclassified
    assert outcomes.get_title() == f"Misclassified: {inside_now.misclassified}/10  Cost: {inside_now.cost:.2f}"


def test_top_classes_of_the_lecture():
    names = ["Papillon", "Samoyed", "Pomeranian", "Arctic fox", "Eskimo dog", "white wolf", "Siberian husky", "tabby"]
    scores = [5.7, 16, 2.7, 1.0, 0.6, 0.4, 0.4, 0.1]
    listed = inside.top_classes(scores, names)
    assert [name for name, _ in listed] == ["Samoyed", "Papillon", "Pomeranian", "Arctic fox", "Eskimo dog",
                                            "white wolf", "Siberian husky"]
    with pytest.raises(ValueError, match="one score a name"):
        inside.top_classes([scores], names)


def test_inputs_of_a_layer_shift_and_batch_normalization_holds_them():
    """The layer behind a batch normalization sees mean 0 and variance 1; without one, what it sees moves."""
    utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = rng.normal(3, 2, (256, 5)).astype(np.float32)
    y = x @ rng.normal(size=(5, 1)).astype(np.float32)
    spread = {}
    for normalized in (False, True):
        middle = [layers.BatchNormalization(momentum=0.5, name="middle")] if normalized else [
            layers.Activation("linear", name="middle")]
        model = Sequential([layers.Input((5,)), layers.Dense(8), *middle, layers.Dense(1, name="last")])
        model.compile("adam", "mse")
        monitor = inside.LayerInputMonitor("last", x)
        model.fit(x, y, epochs=5, batch_size=32, verbose=0, callbacks=[monitor])
        assert len(monitor.history) == 6
        spread[normalized] = np.std([seen.std for seen in monitor.history[1:]])
        if normalized:
            assert abs(monitor.history[-1].mean) < 0.2 and abs(monitor.history[-1].std - 1) < 0.1
    assert spread[True] < spread[False]
    with pytest.raises(ValueError, match="no layer 'first'"):
        model.fit(x, y, epochs=1, verbose=0, callbacks=[inside.LayerInputMonitor("first", x)])


def test_the_shift_of_a_layers_inputs_is_drawn(pyplot):
    x, y = np.ones((8, 3), np.float32), np.ones((8, 1), np.float32)
    model = Sequential([layers.Input((3,)), layers.Dense(4), layers.Dense(1, name="last")])
    model.compile("sgd", "mse")
    monitor = inside.LayerInputMonitor("last", x)
    with pytest.raises(ValueError, match="'last' has seen no training"):
        textbook.plot_layer_inputs(monitor)
    model.fit(x, y, epochs=3, verbose=0, callbacks=[monitor])
    ax = textbook.plot_layer_inputs({"without": monitor})
    (line,) = ax.lines
    np.testing.assert_allclose(line.get_xydata(), [[epoch, seen.mean] for epoch, seen in enumerate(monitor.history)])
    band = ax.collections[0].get_paths()[0].vertices
    first = monitor.history[0]
    assert {(0, round(first.mean - first.std, 5)), (0, round(first.mean + first.std, 5))} <= {
        (x, round(y, 5)) for x, y in band}


def test_the_inputs_of_a_layer_are_what_the_one_before_it_returns():
    x = np.random.default_rng(0).normal(3, 2, (16, 5)).astype(np.float32)
    model = Sequential([layers.Input((5,)), layers.Dense(8, name="first"), layers.Activation("tanh", name="second"),
                        layers.Dense(1, name="third")])
    model.compile("sgd", "mse")
    seen = {}
    for name in ("first", "second", "third"):
        monitor = inside.LayerInputMonitor(name, x)
        monitor.set_model(model)
        monitor.on_train_begin()
        seen[name] = monitor.history[0]
    inputs = [x, model.layers[0](x).numpy(), model.layers[1](model.layers[0](x)).numpy()]
    for (mean, std), array in zip(seen.values(), inputs, strict=True):
        assert (mean, std) == (pytest.approx(array.mean(), rel=1e-4), pytest.approx(array.std(), rel=1e-4))


def test_classes_with_one_score_are_named_in_their_order():
    names = [f"class {i}" for i in range(100)]
    assert inside.top_classes(np.tile([0.0, 1.0], 50), names, 60) == [
        *((name, 1.0) for name in names[1::2]), *((name, 0.0) for name in names[:20:2])]
