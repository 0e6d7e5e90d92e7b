"""What beginners do first: save with old arguments, predict one sample, use a layer twice, predict unscaled pixels."""

import warnings

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers
from tinynet.core.errors import ModelWarning

rng = np.random.default_rng(0)


def images():
    model = tn.Sequential([tn.Input((4, 4)), layers.Flatten(), layers.Dense(2)])
    model.compile("sgd", "mse")
    return model


def test_one_sample_is_told_to_be_made_a_batch():
    late = tn.Sequential([layers.Flatten(), layers.Dense(2)])
    late(np.ones((2, 4, 4)))
    inputs = tn.Input((4, 4))
    for model in (images(), late, tn.Model(inputs, layers.Dense(2)(layers.Flatten()(inputs)))):
        with pytest.raises(ValueError, match=r"this is one sample: add a batch axis, x\[None\]"):
            model.predict(np.ones((4, 4)), verbose=0)
        assert model.predict(np.ones((4, 4))[None], verbose=0).shape == (1, 2)


class Subclassed(tn.Model):
    def __init__(self):
        super().__init__()
        self.conv, self.flat = layers.Conv2D(2, 3), layers.Flatten()

    def call(self, x):
        return self.flat(self.conv(x))


def test_one_picture_is_told_to_be_made_a_batch():
    inputs = tn.Input((5, 5, 1))
    sequential = tn.Sequential([tn.Input((5, 5, 1)), layers.Conv2D(2, 3)])
    for model in (sequential, Subclassed(), tn.Model(inputs, layers.Conv2D(2, 3)(inputs))):
        model.predict(np.ones((2, 5, 5, 1)), verbose=0)
        with pytest.raises(ValueError, match=r"his is one sample: add a batch axis, x\[None\]") as caught:
            model.predict(np.ones((5, 5, 1)), verbose=0)
        assert "channel axis" not in str(caught.value)  # not two remedies, of which one is wrong
        if type(model) is not Subclassed:  # which does not know that there is one channel axis
            with pytest.raises(ValueError, match=r"add a batch axis and a channel axis, x\[None, ..., None\]"):
                model.predict(np.ones((5, 5)), verbose=0)
            assert len(model.predict(np.ones((3, 5, 5)), verbose=0)) == 3  # as in Keras


def test_numbers_after_a_fit_on_a_column():
    for model in (tn.Sequential([layers.Dense(1)]), tn.Sequential([tn.Input((1,)), layers.Dense(1)])):
        model.compile("sgd", "mse")
        x = np.arange(5.0)
        model.fit(x[:, None], x, verbose=0)
        np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(x[:, None], verbose=0))


def test_a_layer_twice_in_a_chain(tmp_path):
    """As in Keras: it has its weights once; only two different layers must differ in name."""
    shared, relu = layers.Dense(3), layers.ReLU()
    model = tn.Sequential([tn.Input((3,)), shared, relu, shared, relu, layers.Dense(1)])
    assert [layer is shared for layer in model.layers] == [True, False, True, False, False]
    assert len(model.weights) == 4 and model.count_params() == 16
    x = rng.standard_normal((4, 3)).astype("float32")
    expected = model.layers[-1](relu(shared(relu(shared(x)))))
    model.compile("sgd", "mse")
    model.save(tmp_path / "m.keras")
    pytest.importorskip("h5py")
    model.save(tmp_path / "m.h5")
    model.summary(print_fn=lambda *_: None)
    for twin in (model, tn.models.clone_model(model), tn.Sequential.from_config(model.get_config()),
                 tn.models.model_from_json(model.to_json()), tn.models.load_model(tmp_path / "m.keras"),
                 tn.models.load_model(tmp_path / "m.h5")):
        twin.set_weights(model.get_weights())
        assert twin.layers[0] is twin.layers[2]
        np.testing.assert_array_equal(twin.predict(x, verbose=0), expected)
    assert model.outputs[0].shape == (None, 1)
    model.fit(x, np.ones(4), verbose=0)
    with pytest.raises(ValueError, match="two layers are named"):
        model.add(layers.Dense(1, name=shared.name))


def test_attributes_before_the_constructor_of_the_base():
    class Early(tn.Model):
        def __init__(self):
            self.units = 3
            self.dense = layers.Dense(3)
            self.more = [layers.Dense(2)]
            super().__init__()
            self.last = layers.Dense(1)

        def call(self, x):
            return self.last(self.more[0](self.dense(x)))

    model = Early()
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 2)), np.ones(4), verbose=0)
    assert [layer.units for layer in model.layers] == [3, 2, 1] and len(model.trainable_weights) == 6


def test_the_constructor_of_the_base_is_needed():
    class Without(layers.Layer):
        def __init__(self):
            self.units = 3

        def call(self, x):
            return x

    for x in (np.ones((2, 3)), tn.Tensor(np.ones((2, 3))), tn.Input((3,))):
        with pytest.raises(RuntimeError, match=r"Without: call super\(\).__init__\(\) in __init__"):
            Without()(x)


def test_unscaled_pixels_after_training_on_scaled_ones():
    pixels = rng.integers(0, 256, (8, 4, 4))
    model = images()
    model.fit(pixels / 255, np.zeros((8, 2)), verbose=0)
    with pytest.warns(ModelWarning, match=r"whole numbers up to 255, but .* from -1 to 1. Scale them as in training"):
        model.predict(pixels.astype("float32"), verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict(pixels, verbose=0)  # once
        model.fit(pixels / 255, np.zeros((8, 2)), verbose=0)
        for x in (pixels / 255, pixels / 255 * 2 - 1, rng.standard_normal((8, 4, 4)) * 200):
            model.predict(x, verbose=0)
        model.fit(pixels, np.zeros((8, 2)), verbose=0)
        model.predict(pixels, verbose=0)
        images().predict(pixels, verbose=0)


def test_old_arguments_of_save(tmp_path):
    model = images()
    model.fit(np.ones((2, 4, 4)), np.ones((2, 2)), verbose=0)
    model.save(tmp_path / "a.keras", include_optimizer=False)
    assert model.compiled and not tn.models.load_model(tmp_path / "a.keras").compiled
    model.save(tmp_path / "b", save_format="keras")
    assert tn.models.load_model(tmp_path / "b.keras").compiled
    with pytest.raises(ValueError, match="save_format='h5', but the file's name ends in .keras"):
        model.save(tmp_path / "c.keras", save_format="h5")
    with pytest.raises(NotImplementedError, match="SavedModel"):
        model.save(tmp_path / "c", save_format="tf")


def test_no_warning_where_a_mask_is_used():
    inputs = tn.Input((4,))
    x = layers.Embedding(5, 8, mask_zero=True)(inputs)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = layers.LayerNormalization()(layers.Add()([x, layers.MultiHeadAttention(2, 4)(x, x)]))
        model = tn.Model(inputs, layers.GlobalAveragePooling1D()(y))
        model.predict(np.array([[1, 2, 0, 0], [3, 0, 0, 0]]), verbose=0)
