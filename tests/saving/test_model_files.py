"""Models in files: what is loaded is what was saved, and trains on as if nothing had happened."""

import json
import os
import zipfile

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers, optimizers
from tinynet.core.errors import ModelFileError
from tinynet.saving import load_model, save_model
from tinynet.utils import set_random_seed

rng = np.random.default_rng(0)
IMAGES = rng.standard_normal((50, 6, 6, 2)).astype("float32")
LABELS = rng.integers(0, 3, 50)


def build():
    return tn.Sequential([
        tn.Input((6, 6, 2)), layers.Conv2D(3, 3), layers.BatchNormalization(), layers.Dropout(0.5), layers.Flatten(),
        tn.Sequential([layers.Dense(6, "relu", kernel_regularizer="l2"), layers.GaussianNoise(0.1)]), layers.Dense(3),
    ])


def compiled(optimizer="adam", model=None):
    model = model or build()
    model.compile(optimizer, tn.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


def assert_same(model, other):
    assert [v.numpy().tobytes() for v in model.weights] == [v.numpy().tobytes() for v in other.weights]
    assert ([v.numpy().tobytes() for v in model.optimizer.variables]
            == [v.numpy().tobytes() for v in other.optimizer.variables])


# No averages of weights among them: a `fit` ends by making them the weights, so three short ones are not one long one.
OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.05, momentum=0.9),
    "schedule": lambda: optimizers.AdamW(optimizers.schedules.CosineDecay(1e-2, 20)),
    "accumulating": lambda: optimizers.Adam(1e-2, gradient_accumulation_steps=3, amsgrad=True),
    "nadam": lambda: optimizers.Nadam(1e-2, clipnorm=1.0),
    "adafactor": lambda: optimizers.Adafactor(1e-2),
    "muon": lambda: optimizers.Muon(1e-2),
}


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_training_goes_on_bit_for_bit(make, tmp_path):
    """With shuffling, dropout and noise, against training that was never interrupted."""
    set_random_seed(5)
    straight = compiled(make())
    history = straight.fit(IMAGES, LABELS, batch_size=8, epochs=3, verbose=0).history
    set_random_seed(5)
    first = compiled(make())
    first.fit(IMAGES, LABELS, batch_size=8, epochs=1, verbose=0)
    first.save(tmp_path / "m.keras")
    set_random_seed(99)  # the session is another one
    second = load_model(tmp_path / "m.keras")
    assert_same(first, second)
    resumed = second.fit(IMAGES, LABELS, batch_size=8, epochs=3, initial_epoch=1, verbose=0).history
    assert_same(straight, second)
    assert resumed["loss"] == history["loss"][1:] and resumed["accuracy"] == history["accuracy"][1:]


def test_setting_the_seed_still_decides(tmp_path):
    compiled().save(tmp_path / "m.keras")
    weights = []
    for _ in range(2):
        model = load_model(tmp_path / "m.keras")
        model.get_layer(index=2).rate = model.get_layer(index=4).layers[1].stddev = 0.0
        set_random_seed(1)
        model.fit(IMAGES, LABELS, verbose=0)
        weights.append(model.get_weights())
    assert all(map(np.array_equal, *weights))


def test_loading_leaves_the_session_alone(tmp_path):
    compiled().save(tmp_path / "m.keras")
    set_random_seed(3)
    expected = tn.random.normal((3,)).tolist()
    set_random_seed(3)
    load_model(tmp_path / "m.keras")
    assert tn.random.normal((3,)).tolist() == expected


def test_what_is_in_a_file(tmp_path):
    model = compiled()
    model.fit(IMAGES, LABELS, verbose=0)
    model.save(tmp_path / "m.keras")
    other = load_model(tmp_path / "m.keras")
    assert type(other) is tn.Sequential and other.name == model.name and other.get_config() == model.get_config()
    assert other.get_compile_config() == model.get_compile_config()
    assert [w.name for w in other.weights] == [w.name for w in model.weights]
    np.testing.assert_array_equal(other.predict(IMAGES, verbose=0), model.predict(IMAGES, verbose=0))
    assert other.evaluate(IMAGES, LABELS, verbose=0) == model.evaluate(IMAGES, LABELS, verbose=0)
    with zipfile.ZipFile(tmp_path / "m.keras") as file:
        assert file.namelist() == ["metadata.json", "config.json", "model.safetensors"] and file.testzip() is None
        assert json.loads(file.read("metadata.json"))["format_version"] == 1
        package = pytest.importorskip("safetensors.numpy")
        arrays = package.load(file.read("model.safetensors"))
    np.testing.assert_array_equal(arrays["layers/conv2d/vars/0"], model.layers[0].kernel.numpy())
    np.testing.assert_array_equal(arrays["layers/sequential/layers/dense/vars/0"],
                                  model.layers[4].layers[0].kernel.numpy())
    assert arrays["optimizer/vars/0"] == model.optimizer.iterations.item()


def test_the_same_model_gives_the_same_bytes(tmp_path):
    model = compiled()
    for name in ("a.keras", "b.keras"):
        model.save(tmp_path / name)
    assert (tmp_path / "a.keras").read_bytes() == (tmp_path / "b.keras").read_bytes()


def test_compile_false_and_not_compiled(tmp_path):
    model = compiled()
    model.fit(IMAGES, LABELS, verbose=0)
    model.save(tmp_path / "m.keras")
    other = load_model(tmp_path / "m.keras", compile=False)
    assert not other.compiled and all(map(np.array_equal, other.get_weights(), model.get_weights()))
    build().save(tmp_path / "m.keras")
    assert not load_model(tmp_path / "m.keras").compiled
    compiled().save(tmp_path / "m.keras")  # compiled, but not trained
    assert load_model(tmp_path / "m.keras").optimizer.iterations.item() == 0


def test_a_model_without_weights_yet(tmp_path):
    compiled(model=tn.Sequential([layers.Dense(3)])).save(tmp_path / "m.keras")
    model = load_model(tmp_path / "m.keras")
    assert not model.built and model.compiled
    model.fit(IMAGES[:, 0, 0], LABELS, verbose=0)


def test_layers_frozen_after_the_first_steps(tmp_path):
    model = compiled()
    model.fit(IMAGES, LABELS, verbose=0)
    model.layers[0].trainable = False
    model.save(tmp_path / "m.keras")
    other = load_model(tmp_path / "m.keras")
    assert_same(model, other)
    kernel = other.layers[0].kernel.numpy()
    for one in (model, other):
        one.fit(IMAGES, LABELS, verbose=0)
    assert_same(model, other)
    np.testing.assert_array_equal(other.layers[0].kernel.numpy(), kernel)


def test_what_does_not_decay_is_remembered(tmp_path):
    models = []
    for _ in range(2):
        set_random_seed(2)
        optimizer = optimizers.AdamW(1e-2, weight_decay=0.5)
        optimizer.exclude_from_weight_decay(var_names=["bias"])
        models.append(compiled(optimizer))
        models[-1].fit(IMAGES, LABELS, verbose=0)
    models[0].save(tmp_path / "m.keras")
    models[0] = load_model(tmp_path / "m.keras")
    for model in models:
        model.fit(IMAGES, LABELS, verbose=0)
    assert_same(*models)


def test_float64_and_a_changed_learning_rate(tmp_path):
    model = tn.Sequential([tn.Input((3,)), layers.Dense(2, dtype="float64")])
    model.compile(optimizers.SGD(0.5), "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    model.optimizer.learning_rate = 0.123
    model.save(tmp_path / "m.keras")
    other = load_model(tmp_path / "m.keras")
    assert other.weights[0].dtype == np.float64 and other.optimizer.learning_rate.item() == np.float32(0.123)
    assert_same(model, other)


def two_inputs_two_outputs():
    image, number = tn.Input((6, 6, 2), name="image"), tn.Input((3,), name="number")
    x = layers.Conv2D(3, 3, activation="relu")(image)
    shortcut = x
    x = layers.BatchNormalization()(layers.Conv2D(3, 3, padding="same")(x))
    x = layers.Flatten()(layers.Add()([x, shortcut]))
    shared = layers.Dense(4)
    inner_input = tn.Input((3,))
    inner = tn.Model(inner_input, layers.Dense(3, "tanh")(inner_input), name="inner")
    x = layers.Concatenate()([shared(layers.Dropout(0.2)(inner(number))), shared(inner(inner(number))), x])
    return tn.Model({"image": image, "number": number},
                    [layers.Dense(3, name="kind")(x), layers.Dense(1, name="size")(x * 0.5)])


def test_graphs(tmp_path):
    set_random_seed(0)
    model = two_inputs_two_outputs()
    model.compile("adam", [tn.losses.SparseCategoricalCrossentropy(from_logits=True), "mse"], loss_weights=[1, 0.5],
                  metrics=[["accuracy"], ["mae"]])
    x = {"image": IMAGES, "number": IMAGES[:, 0, :3, 0]}
    y = [LABELS, LABELS / 3.0]
    model.fit(x, y, epochs=1, verbose=0)
    model.save(tmp_path / "m.keras")
    other = load_model(tmp_path / "m.keras")
    assert_same(model, other)
    histories = [one.fit(x, y, epochs=2, verbose=0).history for one in (model, other)]
    assert histories[0] == histories[1]
    assert_same(model, other)


def test_a_trained_model_inside_another(tmp_path):
    """Its optimizer and its order of samples are its own: the tutorial's softmax on top of a trained network."""
    def build_outer():
        inner = compiled()
        return inner, tn.Sequential([tn.Input((6, 6, 2)), inner, layers.Softmax()])

    inner, outer = build_outer()
    inner.fit(IMAGES, LABELS, batch_size=8, epochs=1, verbose=0)
    outer.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded.predict(IMAGES, verbose=0), outer.predict(IMAGES, verbose=0))
    assert_same(inner, loaded.layers[0])
    for model in (inner, loaded.layers[0]):  # as if nothing had happened
        model.fit(IMAGES, LABELS, batch_size=8, epochs=1, verbose=0)
    assert_same(inner, loaded.layers[0])

    _, other = build_outer()
    other.load_weights(tmp_path / "m.keras")
    assert [v.numpy().tobytes() for v in other.weights] == [
        v.numpy().tobytes() for v in load_model(tmp_path / "m.keras", compile=False).weights]


def test_a_layer_held_twice_is_one_layer_again(tmp_path):
    inputs = tn.Input((3,))
    first = layers.Dense(4, "relu")
    encoder = tn.Model(inputs, first(inputs), name="encoder")
    model = tn.Model(inputs, [layers.Dense(2)(encoder(inputs)), first(inputs * 2.0)])
    model.compile("adam", ["mse", "mse"])
    x, y = IMAGES[:, 0, 0].repeat(2, 1)[:, :3], [LABELS[:, None] + [0, 1], LABELS[:, None] + [0, 1, 2, 3]]
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "m.keras")
    other = load_model(tmp_path / "m.keras")
    assert other.get_layer("encoder").get_layer(first.name) is other.get_layer(first.name)
    for one in (model, other):
        one.fit(x, y, verbose=0)
    assert_same(model, other)


class Scale(layers.Layer):
    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape):
        self.scale = self.add_weight((input_shape[-1],), "ones", name="scale")

    def call(self, x):
        return x * self.scale * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


def my_loss(y_true, y_pred):
    return tn.ops.mean(tn.ops.square(y_true - y_pred), axis=-1)


def test_custom_objects(tmp_path):
    model = tn.Sequential([tn.Input((3,)), Scale(2.0), layers.Dense(2)])
    model.compile("sgd", my_loss, metrics=[my_loss])
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    model.save(tmp_path / "m.keras")
    with pytest.raises(ModelFileError, match=r"config\.layers\[1\]: class 'Scale' is not one of tinynet's; .*custom_"):
        load_model(tmp_path / "m.keras")
    with pytest.raises(ModelFileError, match="my_loss"):
        load_model(tmp_path / "m.keras", {"Scale": Scale})
    for other in (load_model(tmp_path / "m.keras", {"Scale": Scale, "my_loss": my_loss}),
                  load_model(tmp_path / "m.keras", {"Scale": Scale}, compile=False)):
        assert type(other.layers[0]) is Scale and other.layers[0].factor == 2.0
        assert all(map(np.array_equal, other.get_weights(), model.get_weights()))


def test_wrapped_functions(tmp_path):
    model = tn.Sequential([tn.Input((3,)), layers.Dense(2)])
    model.compile("sgd", tn.losses.Huber(0.3),
                  metrics=[tn.metrics.MeanMetricWrapper(tn.metrics.mean_squared_error, name="error")])
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    model.save(tmp_path / "m.keras")
    other = load_model(tmp_path / "m.keras")
    for one in (model, other):
        one.evaluate(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    assert other.metrics_names == ["loss", "error"] and other.get_metrics_result() == model.get_metrics_result()


class Net(tn.Model):
    def __init__(self, units=4, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.hidden = [layers.Dense(units, "relu"), layers.Dropout(0.5)]
        self.head = layers.Dense(2)

    def call(self, x):
        for layer in self.hidden:
            x = layer(x)
        return self.head(x)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def test_subclassed_models(tmp_path):
    set_random_seed(1)
    model = Net(5)
    model.compile("adam", "mse")
    x, y = np.ones((8, 3), "float32"), np.ones((8, 2), "float32")
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "m.keras")
    other = load_model(tmp_path / "m.keras", {"Net": Net})
    assert_same(model, other)
    for one in (model, other):
        one.fit(x, y, verbose=0)
    assert_same(model, other)


class Counter(layers.Layer):
    """State that is not in `weights`."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.calls = 0

    def call(self, x):
        self.calls += 1
        return x

    def save_own_variables(self, store):
        store["calls"] = np.array(self.calls)

    def load_own_variables(self, store):
        self.calls = int(store["calls"])


def test_state_of_ones_own(tmp_path):
    model = tn.Sequential([tn.Input((3,)), Counter(), layers.Dense(2)])
    model.layers[0].calls = 7
    model.save(tmp_path / "m.keras")
    assert load_model(tmp_path / "m.keras", {"Counter": Counter}).layers[0].calls == 7
    model.save_weights(tmp_path / "m.safetensors")
    model.layers[0].calls = 0
    model.load_weights(tmp_path / "m.safetensors")
    assert model.layers[0].calls == 7


def test_where_files_may_go(tmp_path, monkeypatch):
    model = build()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    model.save("~/home.keras")
    save_model(model, "text.keras")
    tn.models.save_model(model, tmp_path / "path.keras")
    assert sorted(os.listdir()) == ["home.keras", "path.keras", "text.keras"]
    before = (tmp_path / "path.keras").stat().st_mtime_ns
    with pytest.raises(FileExistsError, match="path.keras"):
        model.save("path.keras", overwrite=False)
    assert (tmp_path / "path.keras").stat().st_mtime_ns == before
    for name in ("model", "model.npz", "model.tf", ".keras"):
        with pytest.raises(ValueError, match="must end in .keras"):
            model.save(name)
    with pytest.raises(FileNotFoundError, match="absent/m.keras'"):
        model.save("absent/m.keras")
    os.mkdir("folder.keras")
    with pytest.raises(IsADirectoryError, match="folder.keras"):
        model.save("folder.keras")
    with pytest.raises(IsADirectoryError, match="folder.keras"):
        load_model("folder.keras")
    with pytest.raises(FileNotFoundError, match="absent.keras"):
        load_model("absent.keras")
    with pytest.raises(NotImplementedError, match="zipped=False"):
        model.save("m.keras", zipped=False)
    with pytest.raises(ValueError, match="format must be"):
        model.save("m.keras", format="h5")
    with pytest.raises(TypeError, match="expected a model"):
        save_model(layers.Dense(3), "m.keras")
    with pytest.raises(NotImplementedError, match="does not write 'tf_saved_model'"):
        model.export("folder")


def test_what_cannot_be_saved(tmp_path):
    (tmp_path / "m.keras").write_bytes(b"old")
    infinite = tn.Sequential([tn.Input((3,)), layers.ReLU(max_value=1e308), layers.Dense(2)])
    infinite.layers[0].max_value = float("inf")
    for model, error, message in (
        (infinite, ValueError, "cannot be written as JSON"),
        (tn.Sequential([tn.Input((3,)), layers.Activation(lambda x: x)]), ValueError, "lambda"),
    ):
        with pytest.raises(error, match=message):
            model.save(tmp_path / "m.keras")
        assert os.listdir(tmp_path) == ["m.keras"] and (tmp_path / "m.keras").read_bytes() == b"old"


def test_attention_has_its_weights_in_the_file(tmp_path):
    x = tn.Input((5, 4))
    model = tn.Model(x, layers.MultiHeadAttention(2, 3)(x, x))
    model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")
    assert len(loaded.weights) == 8
    for old, new in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
