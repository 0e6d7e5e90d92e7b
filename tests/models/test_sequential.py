"""Sequential: building, shapes, summary, changes, errors."""

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers, ops


def practical():
    return tn.Sequential(
        [tn.Input((28, 28)), layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dense(10)], name="practical"
    )


def test_input_builds_at_once():
    model = practical()
    assert model.built and model.count_params() == 101_770
    assert model.input_shape == (None, 28, 28) and model.output_shape == (None, 10)
    assert [layer.name for layer in model.layers] == [layer.name for layer in model.layers
                                                      if not isinstance(layer, layers.InputLayer)]


@pytest.mark.parametrize("first", [
    lambda: layers.Dense(4, input_shape=(3,)),
    lambda: layers.Dense(4, input_dim=3),
    lambda: layers.Dense(4, batch_input_shape=(None, 3)),
])
def test_shape_arguments_of_the_first_layer(first):
    model = tn.Sequential([first(), layers.Dense(2)])
    assert model.built and model.count_params() == 3 * 4 + 4 + 4 * 2 + 2


def test_without_input_the_first_batch_builds():
    model = tn.Sequential([layers.Flatten(), layers.Dense(2)])
    assert not model.built
    with pytest.raises(ValueError, match="has no weights yet"):
        model.count_params()
    assert model(np.ones((4, 3, 2))).shape == (4, 2)
    assert model.built and model.output_shape == (None, 2)
    assert [v.path for v in model.weights] == [f"{model.name}/{model.layers[1].name}/{name}"
                                               for name in ("kernel", "bias")]


def test_build_by_shape():
    model = tn.Sequential([layers.Dense(2)])
    model.build((None, 5))
    assert model.weights[0].shape == (5, 2)
    with pytest.raises(ValueError, match=r"starts with an Input of shape \(None, 28, 28\), got \(None, 3\)"):
        practical().build((None, 3))


def test_add_and_pop():
    model = tn.Sequential()
    model.add(tn.Input((4,)))
    model.add(layers.Dense(3))
    model.add(layers.Dense(2))
    assert model.output_shape == (None, 2)
    assert model.pop().units == 2
    assert model.output_shape == (None, 3) and len(model.weights) == 2
    model.pop()
    with pytest.raises(ValueError, match="the model has no layers"):
        model.pop()


def test_what_cannot_be_added():
    with pytest.raises(TypeError, match="expected a layer, got"):
        tn.Sequential([lambda x: x])
    with pytest.raises(ValueError, match="two layers are named 'a'"):
        tn.Sequential([layers.Dense(1, name="a"), layers.Dense(1, name="a")])
    with pytest.raises(ValueError, match="an Input can only come first"):
        tn.Sequential([layers.Dense(1), tn.Input((1,))])


def test_building_error_names_the_layer():
    with pytest.raises(
        ValueError,
        match=r"layer 'shape' \(Reshape\).*a sample of shape \(784,\) has 784 elements and does not fit \(3, 3\)",
    ):
        tn.Sequential([tn.Input((28, 28)), layers.Flatten(), layers.Reshape((3, 3), name="shape"), layers.Dense(1)])


def test_a_wrong_shape_names_the_layer_and_what_the_model_was_made_for():
    model = tn.Sequential([tn.Input((6, 6, 1)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(3, name="last")])
    made_for = r"\(.* was made for inputs \(None, 6, 6, 1\), got \(2, 8, 8, 1\)\)$"
    with pytest.raises(ValueError, match=r"^layer 'last' \(Dense\), .*" + made_for):
        model(np.ones((2, 8, 8, 1)))
    with pytest.raises(ValueError) as caught:  # the layer's own fault: nothing is said of the model's inputs
        tn.Sequential([tn.Input((4,)), layers.Lambda(lambda x: ops.reshape(x, (3, 3)))])(np.ones((2, 4)))
    assert "was made for" not in str(caught.value)


def test_nested_models():
    inner = tn.Sequential([layers.Dense(3), layers.Dense(2)])
    model = tn.Sequential([tn.Input((4,)), inner, layers.Dense(1)])
    assert len(model.weights) == 6
    assert inner.built and model(np.ones((5, 4))).shape == (5, 1)


def test_get_layer():
    model = practical()
    assert model.get_layer(index=0) is model.layers[0]
    assert model.get_layer(model.layers[2].name) is model.layers[2]
    with pytest.raises(ValueError, match="no layer is named 'nope'. Layers: "):
        model.get_layer("nope")
    with pytest.raises(ValueError, match="index 9, but the model has 3 layers"):
        model.get_layer(index=9)


def test_summary(capsys):
    tn.utils.clear_session()
    practical().summary()
    text = capsys.readouterr().out
    for part in ('Model: "practical"', "flatten (Flatten)", "(None, 784)", "dense (Dense)", "100,480",
                 "dense_1 (Dense)", "(None, 10)", "1,290",
                 " Total params: 101,770 (397.54 KB)", " Trainable params: 101,770 (397.54 KB)",
                 " Non-trainable params: 0 (0.00 B)"):
        assert part in text
    assert len({len(line) for line in text.splitlines() if line[:1] in "┏┃┡│├└"}) == 1


def test_summary_of_an_unbuilt_model_and_options():
    lines = []
    model = tn.Sequential([layers.Dense(3), tn.Sequential([layers.Dense(2)], name="inner")])
    model.summary(print_fn=lines.append)
    assert "?" in lines[0] and "unbuilt" in lines[0]
    model(np.ones((1, 4)))
    model.layers[0].trainable = False
    lines.clear()
    model.summary(print_fn=lines.append, show_trainable=True, expand_nested=True, line_length=90)
    assert "Trainable" in lines[0] and "Non-trainable params: 15" in lines[0] and lines[0].count("(Dense)") == 2


def test_subclassed_model_trains():
    class Linear(tn.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, x):
            return self.dense(x)

    tn.utils.set_random_seed(0)
    model = Linear()
    x = np.random.default_rng(0).standard_normal((64, 3)).astype(np.float32)
    y = x @ np.array([[1.0], [-2.0], [3.0]], np.float32)
    model.compile(tn.optimizers.SGD(0.1), "mse")
    history = model.fit(x, y, epochs=30, verbose=0)
    assert history.history["loss"][-1] < 1e-3
    assert model.layers == [model.dense]
