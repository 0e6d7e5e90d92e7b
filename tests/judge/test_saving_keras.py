"""Files exchanged with Keras: what one writes, the other reads, and both then compute the same."""

import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")
pytest.importorskip("h5py")

import tinynet as tn  # noqa: E402
from tinynet.saving import load_model  # noqa: E402

rng = np.random.default_rng(0)
IMAGES = rng.standard_normal((20, 8, 8, 3)).astype("float32")
ROWS = rng.standard_normal((20, 6)).astype("float32")
LABELS = rng.integers(0, 4, 20)


def cnn(k):
    return k.Sequential([
        k.Input((8, 8, 3)), k.layers.Conv2D(4, 3, padding="same", use_bias=False), k.layers.BatchNormalization(),
        k.layers.ReLU(), k.layers.MaxPooling2D(), k.layers.Conv2D(5, 3, activation="relu", name="second"),
        k.layers.Dropout(0.3), k.layers.Flatten(), k.layers.Dense(4),
    ])


def dense(k):
    return k.Sequential([
        k.Input((6,)), k.layers.Dense(8, "relu", kernel_regularizer=k.regularizers.L2(1e-3)), k.layers.Dropout(0.5),
        k.layers.LayerNormalization(), k.layers.Dense(4, kernel_constraint="max_norm", name="logits"),
    ])


def nested(k):
    return k.Sequential([
        k.Input((6,)), k.layers.Dense(5),
        k.Sequential([k.layers.Dense(7, "tanh"), k.layers.Dropout(0.1), k.Sequential([k.layers.Dense(3)])]),
        k.layers.Dense(4),
    ])


def many_kinds(k):
    return k.Sequential([
        k.Input((8, 8, 3)), k.layers.SeparableConv2D(4, 3), k.layers.DepthwiseConv2D(3, padding="same"),
        k.layers.GroupNormalization(2), k.layers.PReLU(shared_axes=[1, 2]), k.layers.Conv2DTranspose(3, 2, strides=2),
        k.layers.AveragePooling2D(2), k.layers.ZeroPadding2D(1), k.layers.UpSampling2D(),
        k.layers.SpatialDropout2D(0.1),
        k.layers.GlobalAveragePooling2D(), k.layers.GaussianNoise(0.1), k.layers.LeakyReLU(0.1), k.layers.ELU(),
        k.layers.Activation("gelu"), k.layers.Dense(4), k.layers.Softmax(),
    ])


def residual(k):
    inputs = k.Input((8, 8, 3))
    x = k.layers.Conv2D(4, 3, padding="same")(inputs)
    y = k.layers.BatchNormalization()(x)
    shared = k.layers.Conv2D(4, 1)
    x = k.layers.Add()([shared(x), shared(y)])
    x = k.layers.Concatenate()([x, y])
    inner_in = k.Input((8, 8, 8))
    inner = k.Model(inner_in, k.layers.Dense(3)(k.layers.Conv2D(2, 3)(inner_in)))
    x = k.layers.Flatten()(inner(x))
    return k.Model(inputs, k.layers.Dense(4)(x))


MODELS = {"cnn": (cnn, IMAGES), "dense": (dense, ROWS), "nested": (nested, ROWS), "many kinds": (many_kinds, IMAGES)}
if hasattr(tn.models, "Functional"):
    MODELS["residual"] = (residual, IMAGES)
models = pytest.mark.parametrize(("build", "x"), MODELS.values(), ids=MODELS.keys())


def compiled(k, build, x, epochs=0, optimizer=None, seed=1):
    k.utils.set_random_seed(seed)
    model = build(k)
    model.compile(optimizer(k) if optimizer else k.optimizers.Adam(1e-2),
                  k.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    if epochs:
        model.fit(x, LABELS, epochs=epochs, verbose=0)
    return model


def assert_same_outputs(model, other, x):
    np.testing.assert_allclose(other.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-4, atol=1e-5)


def assert_trains_alike(theirs, ours, x):
    """The same further training: the optimizers' state, too, came through. Without dropout's random numbers."""
    for model in (theirs, ours):
        for layer in model._flatten_layers():
            for name in ("rate", "stddev"):
                if getattr(layer, name, None):
                    setattr(layer, name, 0.0)
    for model in (theirs, ours):
        model.fit(x, LABELS, epochs=3, verbose=0, shuffle=False)
    assert_same_outputs(theirs, ours, x)


@models
def test_tinynet_reads_keras(build, x, tmp_path):
    theirs = compiled(keras, build, x, epochs=1)
    theirs.save(tmp_path / "m.keras")
    theirs.save(tmp_path / "m.h5")
    theirs.save_weights(tmp_path / "m.weights.h5")
    old = load_model(tmp_path / "m.h5")
    assert_same_outputs(theirs, old, x)
    for name in ("m.weights.h5", "m.keras", "m.h5"):
        ours = compiled(tn, build, x)
        ours.load_weights(tmp_path / name)
        assert_same_outputs(theirs, ours, x)
    ours = load_model(tmp_path / "m.keras")
    assert ours.name == theirs.name and [v.shape for v in ours.weights] == [v.shape for v in theirs.weights]
    assert_same_outputs(theirs, ours, x)
    assert_trains_alike(keras.models.load_model(tmp_path / "m.keras"), ours, x)
    old = load_model(tmp_path / "m.h5")
    assert old.optimizer.iterations.item() == 1
    assert len(old.evaluate(x, LABELS, verbose=0)) == 2


@models
def test_keras_reads_tinynet(build, x, tmp_path):
    ours = compiled(tn, build, x, epochs=1)
    ours.save_weights(tmp_path / "m.weights.h5")
    ours.save(tmp_path / "m.keras", format="keras")
    ours.save(tmp_path / "m.h5")
    assert_same_outputs(ours, keras.models.load_model(tmp_path / "m.h5"), x)
    theirs = compiled(keras, build, x)
    theirs.load_weights(tmp_path / "m.weights.h5")
    assert_same_outputs(ours, theirs, x)
    theirs = keras.models.load_model(tmp_path / "m.keras")
    assert_same_outputs(ours, theirs, x)
    assert_trains_alike(theirs, ours, x)


OPTIMIZERS = {
    "SGD": lambda k: k.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "RMSprop": lambda k: k.optimizers.RMSprop(1e-3, momentum=0.5, centered=True),
    "AdamW": lambda k: k.optimizers.AdamW(k.optimizers.schedules.CosineDecay(1e-2, 50)),
    "amsgrad": lambda k: k.optimizers.Adam(1e-2, amsgrad=True, global_clipnorm=1.0),
    "averaging": lambda k: k.optimizers.Adam(1e-2, use_ema=True, ema_overwrite_frequency=2),
    "accumulating": lambda k: k.optimizers.SGD(1e-2, gradient_accumulation_steps=2),
    "Nadam": lambda k: k.optimizers.Nadam(1e-2),
    "Adafactor": lambda k: k.optimizers.Adafactor(1e-2),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_the_state_of_optimizers(optimizer, tmp_path):
    theirs = compiled(keras, dense, ROWS, 3, optimizer)
    theirs.save(tmp_path / "theirs.keras")
    ours = load_model(tmp_path / "theirs.keras")
    assert [v.shape for v in ours.optimizer.variables] == [v.shape for v in theirs.optimizer.variables]
    assert_trains_alike(keras.models.load_model(tmp_path / "theirs.keras"), ours, ROWS)
    ours = compiled(tn, dense, ROWS, 3, optimizer)
    ours.save(tmp_path / "ours.keras", format="keras")
    assert_trains_alike(keras.models.load_model(tmp_path / "ours.keras"), ours, ROWS)


def test_subclassed_models_exchange_weights(tmp_path):
    def build(k):
        class Net(k.Model):
            def __init__(self):
                super().__init__()
                self.hidden = [k.layers.Dense(3), k.layers.Dense(4, "relu"), k.layers.Dropout(0.1)]
                self.zed = k.layers.Dense(2)
                self.by_name = {"a": k.layers.Dense(4), "b": [k.layers.Dense(5)]}

            def call(self, x):
                for layer in self.hidden:
                    x = layer(x)
                return self.by_name["b"][0](self.by_name["a"](self.zed(x)))

        model = Net()
        model(ROWS)
        return model

    theirs, ours = build(keras), build(tn)
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    ours.load_weights(tmp_path / "theirs.weights.h5")
    assert_same_outputs(theirs, ours, ROWS)
    other = build(tn)
    other.save_weights(tmp_path / "ours.weights.h5")
    theirs.load_weights(tmp_path / "ours.weights.h5")
    assert_same_outputs(theirs, other, ROWS)


def test_same_endings_are_refused(tmp_path):
    theirs, ours = compiled(keras, dense, ROWS), compiled(tn, dense, ROWS)
    for call in (lambda m: m.save(tmp_path / "m"), lambda m: m.save(tmp_path / "m.npz"),
                 lambda m: m.save_weights(tmp_path / "m"), lambda m: m.save_weights(tmp_path / "m.h5"),
                 lambda m: m.load_weights(tmp_path / "m.txt")):
        for model in (theirs, ours):
            with pytest.raises(ValueError):
                call(model)


def test_masks_in_files_of_keras(tmp_path):
    """Keras writes a mask as an argument of the call, from the operation that makes it."""
    x = keras.Input((5,), dtype="int32")
    y = keras.layers.Embedding(9, 4, mask_zero=True)(x)
    y = keras.layers.Bidirectional(keras.layers.LSTM(3, return_sequences=True))(y)
    y = keras.layers.Concatenate()([y, keras.layers.MultiHeadAttention(2, 3)(y, y)])
    theirs = keras.Model(x, keras.layers.GRU(3)(keras.layers.TimeDistributed(keras.layers.Dense(2))(y)))
    theirs.save(tmp_path / "m.keras")
    words = np.array([[1, 2, 3, 0, 0], [4, 0, 0, 0, 0]])
    ours = tn.models.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(ours.predict(words, verbose=0), theirs.predict(words, verbose=0), rtol=1e-5, atol=1e-6)
    ours.save(tmp_path / "back.keras", format="keras")
    back = keras.models.load_model(tmp_path / "back.keras")
    np.testing.assert_allclose(back.predict(words, verbose=0), theirs.predict(words, verbose=0), rtol=1e-5, atol=1e-6)
