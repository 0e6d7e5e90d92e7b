"""Old arguments are understood, and a note names the new one."""

import warnings

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers


@pytest.mark.parametrize("make, attribute, value", [
    (lambda: layers.Dense(output_dim=3), "units", 3),
    (lambda: layers.Dense(3, bias=False), "use_bias", False),
    (lambda: layers.Conv2D(4, 3, border_mode="same"), "padding", "same"),
    (lambda: layers.Conv2D(nb_filter=4, kernel_size=3, subsample=(2, 2)), "strides", (2, 2)),
    (lambda: layers.Conv2D(4, 3, dim_ordering="tf"), "data_format", "channels_last"),
    (lambda: layers.MaxPooling2D(border_mode="same"), "padding", "same"),
    (lambda: layers.MaxPooling1D(pool_length=3), "pool_size", (3,)),
    (lambda: layers.Dropout(p=0.25), "rate", 0.25),
])
def test_layers(make, attribute, value):
    with pytest.warns(DeprecationWarning, match="is an old name; write ") as notes:
        layer = make()
    assert getattr(layer, attribute) == value and all(note.filename == __file__ for note in notes)
    assert "\n" not in str(notes[0].message)


def test_clashes_and_unknown_names():
    with pytest.raises(TypeError, match="output_dim is the old name of units"):
        layers.Dense(units=3, output_dim=3)
    with pytest.raises(ValueError, match="dim_ordering must be"):
        layers.Conv2D(3, 3, dim_ordering="xy")
    with pytest.raises(TypeError, match="nonsense"):
        layers.Dense(3, nonsense=1)


@pytest.fixture
def model():
    made = tn.Sequential([tn.Input((2,)), layers.Dense(3, activation="softmax")])
    made.compile("sgd", "sparse_categorical_crossentropy", metrics=["acc"])
    return made


X, Y = np.eye(2, dtype="f4").repeat(3, 0), np.array([0, 1, 2, 0, 1, 2])


def test_methods(model):
    def generator():
        while True:
            yield X, Y

    with pytest.warns(DeprecationWarning, match="nb_epoch= is an old name; write epochs=2"):
        history = model.fit(X, Y, nb_epoch=2, verbose=0)
    assert list(history.history) == ["acc", "loss"] and len(history.epoch) == 2
    with pytest.warns(DeprecationWarning, match="fit takes generators"):
        assert len(model.fit_generator(generator(), steps_per_epoch=2, epochs=3, verbose=0).epoch) == 3
        assert len(model.fit_generator(generator(), steps_per_epoch=2, nb_epoch=3, nb_worker=2, verbose=0).epoch) == 3
    with pytest.warns(DeprecationWarning, match="evaluate takes"):
        assert model.evaluate_generator(generator(), steps=1) == pytest.approx(model.evaluate(X, Y, verbose=0))
    with pytest.warns(DeprecationWarning):
        np.testing.assert_array_equal(model.predict_generator(iter([(X,)])), model.predict_proba(X))
    with pytest.warns(DeprecationWarning, match="argmax"):
        assert model.predict_classes(X).tolist() == model.predict(X, verbose=0).argmax(-1).tolist()


def test_one_output():
    model = tn.Sequential([tn.Input((2,)), layers.Dense(1, activation="sigmoid")])
    with pytest.warns(DeprecationWarning):
        classes = model.predict_classes(X)
    assert classes.shape == (6, 1) and classes.dtype == np.int32


def test_numbers_for_an_input_of_one():
    model = tn.Sequential([layers.Dense(1, input_shape=[1])])
    model.compile("sgd", "mse")
    model.fit(np.arange(4.0), np.arange(4.0), verbose=0)
    assert model.predict(np.array([10.0]), verbose=0).shape == (1, 1)


def test_names_of_weights_may_come_first():
    class Own(layers.Layer):
        def build(self, input_shape):
            self.kernel = self.add_weight("kernel", shape=[input_shape[-1], 2], initializer="zeros")
            self.bias = self.add_weight("bias", (2,), initializer="ones")

        def call(self, x):
            return x @ self.kernel + self.bias

    layer = Own()
    assert layer(np.ones((1, 3), "f4")).tolist() == [[1, 1]] and [w.name for w in layer.weights] == ["kernel", "bias"]


def test_a_train_step_of_tf_keras_2():
    class Own(tn.Sequential):
        def train_step(self, data):
            x, y = data
            with tn.GradientTape() as tape:
                y_pred = self(x, training=True)
                loss = self.compiled_loss(y, y_pred, regularization_losses=self.losses)
            variables = self.trainable_variables
            self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
            self.compiled_metrics.update_state(y, y_pred)
            return {metric.name: metric.result() for metric in self.metrics}

    histories = []
    for kind in (tn.Sequential, Own):
        tn.utils.set_random_seed(1)
        model = kind([tn.Input((2,)), layers.Dense(3, activation="softmax", kernel_regularizer="l2")])
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            histories.append(model.fit(X, Y, epochs=2, batch_size=4, shuffle=False, verbose=0).history)
    assert histories[0].keys() == histories[1].keys()
    for name in histories[0]:
        np.testing.assert_allclose(histories[1][name], histories[0][name], rtol=1e-6)


def test_layers_from_where_keras_2_had_them():
    from tinynet.keras.layers.core import Dense, Dropout, Flatten

    assert (Dense, Dropout, Flatten) == (tn.layers.Dense, tn.layers.Dropout, tn.layers.Flatten)
    with pytest.raises(ImportError, match="Dens"):
        from tinynet.layers.core import Dens  # noqa: F401


def test_the_old_compiled_loss_adds_penalties_and_weighs_samples():
    model = tn.Sequential([tn.Input((2,)), tn.layers.Dense(1)])
    model.compile("sgd", "mse")
    y, y_pred = tn.Tensor([[1.0], [3.0]]), tn.Tensor([[0.0], [0.0]])
    with pytest.warns(DeprecationWarning, match="compiled_loss is an old name"):
        loss = model.compiled_loss
    assert float(loss(y, y_pred)) == 5
    assert float(loss(y, y_pred, regularization_losses=[tn.Tensor(0.25), tn.Tensor(0.5)])) == 5.75
    assert float(loss(y, y_pred, np.array([1.0, 0.0]))) == 0.5
