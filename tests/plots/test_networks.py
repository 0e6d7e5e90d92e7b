"""Curves of a training, the inside of a network, embeddings, and what in an image a prediction comes from."""

import importlib.util
import sys

import numpy as np
import pytest

import tinynet as tn
from tinynet import Sequential, layers, plots


def curve(ax, label):
    return next(line.get_ydata() for line in ax.lines if line.get_label() == label)


def test_history_of_a_real_training():
    tn.utils.set_random_seed(0)
    model = Sequential([layers.Input((2,)), layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    x, y = tn.datasets.toy.moons(40)
    history = model.fit(x, y, validation_split=0.25, epochs=3, verbose=0)
    loss, accuracy = plots.history(history)
    assert (loss.get_title(), accuracy.get_title()) == ("loss", "accuracy")
    for ax, name in ((loss, "loss"), (accuracy, "accuracy")):
        np.testing.assert_allclose(curve(ax, "training"), history.history[name])
        np.testing.assert_allclose(curve(ax, "validation"), history.history[f"val_{name}"])
    best = int(np.argmin(history.history["val_loss"])) + 1
    assert list(curve(loss, f"best epoch: {best}")) == [0, 1]  # a line from bottom to top
    assert all(float(tick).is_integer() for tick in loss.get_xticks())


@pytest.mark.parametrize(("monitor", "best"), [(None, 2), ("loss", 3), ("val_accuracy", 1)])
def test_best_epoch(monitor, best):
    logs = {"loss": [3, 2, 1], "val_loss": [3, 1, 2], "val_accuracy": [0.9, 0.8, 0.7]}
    axes = plots.history(logs, monitor=monitor)
    assert all(any(line.get_label() == f"best epoch: {best}" for line in ax.lines) for ax in axes)


def test_history_says_where_a_curve_is_not_finite():
    (ax,) = plots.history({"loss": [1.0, np.nan, np.inf]})
    labels = [line.get_label() for line in ax.lines]
    assert "not finite from epoch 2 on" in labels and "best epoch: 1" in labels
    (ax,) = plots.history({"loss": [np.nan]})
    assert not any("best" in line.get_label() for line in ax.lines)


def test_learning_rate_is_the_last_panel_on_a_logarithmic_scale():
    axes = plots.history({"learning_rate": [0.1, 0.01], "loss": [1, 2], "mae": [1, 2]})
    assert [ax.get_title() for ax in axes] == ["loss", "mae", "learning rate"]
    assert axes[-1].get_yscale() == "log" and axes[0].get_yscale() == "linear"


def test_history_without_epochs():
    for nothing in ({}, {"loss": []}):
        with pytest.raises(ValueError, match="no epochs to draw"):
            plots.history(nothing)
    for other in ([1.0, 0.5], cnn()):
        with pytest.raises(TypeError, match="expected what fit returned, or a dict {name: values}; got (list|Seq)"):
            plots.history(other)
    with pytest.raises(ValueError, match="no 'val_loss' in the history; there are loss"):
        plots.history({"loss": [1.0]}, monitor="val_loss")


def cnn(channels=1):
    return Sequential([
        layers.Input((12, 12, channels)), layers.Conv2D(5, 3, activation="relu", name="first"),
        layers.Conv2D(3, 3, activation="relu", name="second"), layers.Flatten(), layers.Dropout(0.5),
        layers.Dense(4, name="scores", activation="softmax"),
    ])


def test_filters_are_the_kernels_on_one_scale():
    model = cnn()
    kernel = model.get_layer("first").kernel.numpy()
    axes = plots.filters(model)
    assert len(axes) == 5
    for index, ax in enumerate(axes):
        np.testing.assert_array_equal(ax.images[0].get_array(), kernel[:, :, 0, index])
        assert ax.images[0].get_clim() == pytest.approx((-np.abs(kernel).max(), np.abs(kernel).max()))
    second = plots.filters(model, "second", channel=4)
    np.testing.assert_array_equal(second[2].images[0].get_array(), model.get_layer("second").kernel.numpy()[:, :, 4, 2])
    colours = plots.filters(cnn(3), count=2)
    assert len(colours) == 2 and colours[0].images[0].get_array().shape == (3, 3, 3)
    with pytest.raises(ValueError, match="first has 1 input channels, got channel 1"):
        plots.filters(model, channel=1)
    with pytest.raises(ValueError, match=r"scores has no kernel of shape .* Convolutions: first, second"):
        plots.filters(model, "scores")


def test_feature_maps_are_the_layers_outputs():
    model, image = cnn(), np.random.default_rng(0).random((12, 12, 1), np.float32)
    axes = plots.feature_maps(model, image, maps=4)
    assert axes.shape == (2, 4)
    expected = model.layers[0](image[None]).numpy()[0]
    for index in range(4):
        np.testing.assert_allclose(axes[0, index].images[0].get_array(), expected[..., index], rtol=1e-5, atol=1e-6)
    assert not axes[1, 3].images and not axes[1, 3].axison  # three maps only
    assert axes[0, 0].get_title(loc="left") == "first: 10 x 10 x 5"
    with pytest.raises(ValueError, match=r"scores has the output shape \(1, 4\)"):
        plots.feature_maps(model, image, ["scores"])
    with pytest.raises(ValueError, match="has no two-dimensional convolution; its layers are input_layer.*, only"):
        plots.feature_maps(Sequential([layers.Input((3,)), layers.Dense(1, name="only")]), image)


def test_histograms_hold_all_numbers_of_a_layer():
    model = cnn()
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y = np.random.default_rng(0).random((6, 12, 12, 1), np.float32), np.arange(6) % 4
    axes = plots.layer_histograms(model)
    assert [ax.get_title().split("\n")[0] for ax in axes] == ["first", "second", "scores"]
    counted = [int(ax.patches[0].get_data().values.sum()) for ax in axes]
    assert counted == [layer.count_params() for layer in model.layers if layer.weights]
    activations = plots.layer_histograms(model, x, what="activation")
    assert len(activations) == 3  # not those of Flatten and Dropout, which are the same numbers again
    relu = model.layers[0](x).numpy()
    assert f"zeros {np.mean(relu == 0):.0%}" in activations[0].get_title()
    gradients = plots.layer_histograms(model, x, y, what="gradient")
    assert len(gradients) == 3 and all(ax.patches[0].get_data().values.sum() > 0 for ax in gradients)


@pytest.mark.parametrize(("arguments", "message"), [
    ({"what": "bias"}, "what must be one of 'weight', 'activation', 'gradient'; got 'bias'"),
    ({"what": "activation"}, "'activation' needs a batch, x"),
    ({"what": "gradient", "x": np.zeros((1, 12, 12, 1))}, "'gradient' needs a batch, x and y"),
])
def test_histograms_of_what_is_not_there(arguments, message):
    with pytest.raises(ValueError, match=message):
        plots.layer_histograms(cnn(), **arguments)


def test_principal_components_are_those_of_the_covariance():
    x = np.random.default_rng(0).normal(size=(50, 4)) * [5, 1, 3, 0.1]
    points, shares = plots.principal_components(x)
    values, directions = np.linalg.eigh(np.cov(x.T))
    np.testing.assert_allclose(shares, values[::-1][:2] / values.sum())
    np.testing.assert_allclose(np.abs(points), np.abs((x - x.mean(axis=0)) @ directions[:, ::-1][:, :2]))
    assert plots.principal_components(np.ones((3, 1)))[0].shape == (3, 2)


def test_embedding_of_a_layer():
    model, x = cnn(), np.random.default_rng(0).random((30, 12, 12, 1), np.float32)
    ax = plots.embedding(x, np.arange(30) % 3, ["a", "b", "c"], model=model, layer="second")
    drawn = {points.get_label(): points.get_offsets() for points in ax.collections}
    output = tn.Model(model.input, model.get_layer("second").output).predict(x, verbose=0).reshape(30, -1)
    np.testing.assert_allclose(drawn["b"], plots.principal_components(output)[0][1::3], rtol=1e-4, atol=1e-5)
    assert "of the variance" in ax.get_xlabel()


def test_names_of_an_embedding_stand_apart():
    rng = np.random.default_rng(0)
    ax = plots.embedding(rng.normal(size=(60, 2)), np.arange(60) % 6)  # all classes at the same place
    ax.get_figure().canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])


@pytest.mark.parametrize(("method", "module", "package", "extra"), [
    ("tsne", "sklearn", "scikit-learn", "sklearn"), ("umap", "umap", "umap-learn", "umap"),
])
def test_embedding_by_other_packages(method, module, package, extra, monkeypatch):
    x = np.random.default_rng(0).normal(size=(20, 5))
    if importlib.util.find_spec(module) is not None:
        ax = plots.embedding(x, np.arange(20) % 2, method=method)
        assert sum(len(points.get_offsets()) for points in ax.collections) == 20
        assert ax.get_xlabel().endswith(" 1")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf"needs {package}: pip install \"tinynet-learn\[{extra}\]\"; or use method"):
        plots.embedding(x, method=method)


def test_embedding_of_what_cannot_be_projected():
    with pytest.raises(ValueError, match="method must be one of 'pca', 'tsne', 'umap'; got 'lda'"):
        plots.embedding(np.zeros((3, 2)), method="lda")
    with pytest.raises(ValueError, match="1 of the numbers are not finite"):
        plots.embedding([[0.0, 1.0], [np.nan, 0.0]])
    with pytest.raises(ValueError, match="3 samples, but 2 labels"):
        plots.embedding(np.zeros((3, 2)), [0, 1])


# -- what in an image a prediction comes from ------------------------------------------------------------------------


def corner_detector(ending="softmax"):
    """Class 1 sees the upper left quarter alone, class 0 nothing: what the maps must show is known."""
    last = [layers.Dense(2, activation=ending, name="scores")] if ending != "layer" else [
        layers.Dense(2, name="scores"), layers.Softmax()]
    model = Sequential([layers.Input((8, 8, 1)), layers.Conv2D(1, 1, use_bias=False, name="conv"), layers.Flatten(),
                        *last])
    weights = np.zeros((8, 8, 2), np.float32)
    weights[:4, :4, 1] = 1
    model.get_layer("conv").kernel.assign(np.ones((1, 1, 1, 1)))
    model.get_layer("scores").set_weights([weights.reshape(64, 2), np.zeros(2, np.float32)])
    return model


@pytest.mark.parametrize("ending", ["softmax", "layer", "linear"])
def test_saliency_and_occlusion_find_the_pixels_that_count(ending):
    model, image = corner_detector(ending), np.ones((8, 8, 1), np.float32)
    corner = np.zeros((8, 8))
    corner[:4, :4] = 1
    # p is 1 - 1e-7 here: the gradient of the probability would be 0 nearly everywhere; that of the score is exact
    np.testing.assert_array_equal(plots.saliency_map(model, image), corner)
    fall = plots.occlusion_map(model, image, size=2, stride=2, fill=0)
    assert (fall[:4, :4] > 0).all() and np.abs(fall[4:]).max() < 1e-6 and np.abs(fall[:, 4:]).max() < 1e-6
    opposite = plots.occlusion_map(model, image, class_index=0, size=2, stride=2, fill=0)
    np.testing.assert_allclose(opposite, -fall, atol=1e-6)


def test_saliency_over_noisy_copies():
    model = corner_detector()
    smooth = plots.saliency_map(model, np.ones((8, 8, 1)), class_index=1, samples=4)
    assert smooth[:4, :4].min() > 0.99 and smooth[4:].max() == 0


def test_grad_cam_is_the_papers_formula():
    tn.utils.set_random_seed(3)
    model, image = cnn(), np.random.default_rng(0).random((12, 12, 1), np.float32)
    maps = tn.Model(model.input, model.get_layer("second").output).predict(image[None], verbose=0)
    kernel, bias = model.get_layer("scores").get_weights()
    for chosen in range(4):
        importance = kernel[:, chosen].reshape(maps.shape[1:]).mean(axis=(0, 1))  # of linear scores, the weights
        expected = np.maximum(maps[0] @ importance, 0)
        expected = expected / expected.max() if expected.max() > 0 else expected
        np.testing.assert_allclose(plots.grad_cam_map(model, image, class_index=chosen), expected, atol=1e-5)


def test_grad_cam_in_a_branched_model_and_with_one_output():
    x = layers.Input((8, 8, 3))
    a, b = layers.Conv2D(4, 3, name="a")(x), layers.Conv2D(4, 3, name="b")(x)
    y = layers.Dense(1, activation="sigmoid")(layers.GlobalAveragePooling2D()(layers.Add()([a, b])))
    model = tn.Model(x, y)
    image = np.random.default_rng(0).random((8, 8, 3), np.float32)
    for layer in ("a", "b"):
        found = [plots.grad_cam_map(model, image, layer, chosen) for chosen in (0, 1)]
        assert all(heat.shape == (6, 6) and heat.min() >= 0 and heat.max() <= 1 for heat in found)
        assert not (found[0] * found[1]).any()  # what speaks for one of two classes speaks against the other


def nested_models():
    """(model, name of the last convolution): one inside another, in a chain and in a graph; a subclass."""
    def base():
        return Sequential([layers.Input((8, 8, 3)), layers.Conv2D(4, 3, name="inner"), layers.ReLU()], name="base")

    chain = Sequential([layers.Input((8, 8, 3)), base(), layers.Flatten(), layers.Dense(3, activation="softmax")])
    x = layers.Input((8, 8, 3))
    graph = tn.Model(x, layers.Dense(3)(layers.Flatten()(base()(x))))

    class Own(tn.Model):
        def __init__(self):
            super().__init__()
            self.last = layers.Dense(3)  # made before what is called before it
            self.flat, self.convolution = layers.Flatten(), layers.Conv2D(4, 3, name="inner")

        def call(self, x):
            return self.last(self.flat(self.convolution(x)))

    own = Own()
    own(np.zeros((1, 8, 8, 3)))
    return [chain, graph, own]


@pytest.mark.parametrize("kind", range(3), ids=["chain", "graph", "subclass"])
@pytest.mark.parametrize("frozen", [False, True])
def test_models_inside_models_and_subclasses(kind, frozen):
    model = nested_models()[kind]
    model.trainable = not frozen
    image = np.random.default_rng(0).random((8, 8, 3), np.float32)
    assert plots.grad_cam_map(model, image).shape == (6, 6)
    np.testing.assert_array_equal(plots.grad_cam_map(model, image, "inner"), plots.grad_cam_map(model, image))
    if kind < 2:
        assert plots.grad_cam_map(model, image, "base").shape == (6, 6)
    assert plots.saliency_map(model, image).max() == 1 and plots.occlusion_map(model, image).shape == (8, 8)
    assert len(plots.filters(model)) == 4 and plots.feature_maps(model, image, ["inner"], maps=2).shape == (1, 2)
    assert plots.embedding(np.stack([image, 2 * image]), model=model, layer="inner").collections
    assert plots.layer_histograms(model, image[None], what="activation").size >= 2
    with pytest.raises(ValueError, match="has no layer 'outer'; there are"):
        plots.grad_cam(model, image, "outer")


def test_feature_maps_with_channels_first_are_refused():
    model = Sequential([layers.Input((1, 8, 8)), layers.Conv2D(2, 3, data_format="channels_first", name="first")])
    with pytest.raises(ValueError, match=r"first has the output shape \(1, 2, 6, 6\), channels_first"):
        plots.feature_maps(model, np.zeros((1, 8, 8)))


def test_the_map_is_drawn_over_the_whole_image():
    model, image = cnn(), np.random.default_rng(0).random((12, 12, 1), np.float32)
    ax = plots.grad_cam(model, image, class_index=2, names=["a", "b", "c", "d"])
    assert ax.get_title() == "Grad-CAM: c"
    below, above = ax.images
    np.testing.assert_allclose(below.get_array(), image[..., 0])
    assert list(above.get_extent()) == [-0.5, 11.5, 11.5, -0.5]


def test_maps_of_what_is_not_there():
    model = cnn()
    for function in (plots.grad_cam, plots.saliency, plots.occlusion):
        with pytest.raises(ValueError, match="class_index must be from 0 to 3, got 4"):
            function(model, np.zeros((12, 12, 1)), class_index=4)
        with pytest.raises(ValueError, match=r"expected one image .* got shape \(1, 12, 12, 1\)"):
            function(model, np.zeros((1, 12, 12, 1)))
    with pytest.raises(ValueError, match="a square of 13 pixels on an image of 12 x 12"):
        plots.occlusion(model, np.zeros((12, 12, 1)), size=13)


def test_the_model_is_as_before():
    model, image = cnn(), np.ones((12, 12, 1), np.float32)
    before, layers_before = model.get_weights(), list(model.layers)
    for function in (plots.grad_cam, plots.saliency, plots.occlusion):
        function(model, image)
    assert model.layers == layers_before
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
