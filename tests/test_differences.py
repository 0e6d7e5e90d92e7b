"""docs/differences.md: every name in it exists, every row is complete, and tinynet does what its column tells."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import tinynet as tn
from tinynet import keras, layers, tf

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "docs" / "differences.md"
if not TABLE.exists():
    pytest.skip("the documentation is not part of the wheel", allow_module_level=True)

ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")]
        for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
NAMES = [cells[0].strip("`| ") for cells in ROWS]


def found(name):
    thing = tn
    for part in name.split("."):
        thing = getattr(thing, part)
    return thing


def refuses(text, call, kind=ValueError):
    with pytest.raises(kind, match=text):
        call()


def compiled(*chain, loss="mse", **options):
    model = tn.Sequential(chain)
    model.compile("sgd", loss, **options)
    return model


# -- an error in place of a wrong number ---------------------------------------------------------------------------


def embedding():
    refuses(r"index 5 is outside \[0, 3\)", lambda: layers.Embedding(3, 2)(np.array([[5]])))


def take():
    refuses("index 7", lambda: tn.ops.take(np.ones(3), [7]), IndexError)


def labels():
    model = compiled(layers.Dense(3, activation="softmax"), loss="sparse_categorical_crossentropy")
    refuses("label 7 at index 1", lambda: model.fit(np.ones((2, 2)), np.array([0, 7]), verbose=0))


def fit():
    model = compiled(layers.Dense(1, kernel_initializer="ones"))
    refuses(r"x\[1, 0\]", lambda: model.fit(np.array([[1.0], [np.nan]]), np.ones(2), verbose=0))
    assert model.get_weights()[0] == 1


def overflow():
    refuses("overflow", lambda: layers.Dense(1)(np.full((1, 2), 1e300)))


def sparsemax():
    near(tn.ops.sparsemax(np.array([[1.0, 0.9, 0.8]])).numpy().sum(), 1)


def gather():
    refuses("index 3 is outside", lambda: tf.gather([1, 2], [3]), IndexError)


def near(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-6)


# -- numbers -----------------------------------------------------------------------------------------------------------


def seeds():
    draws = []
    for _ in range(2):
        tn.utils.set_random_seed(5)
        draws.append(tn.random.normal((3,)).numpy())
    np.testing.assert_array_equal(*draws)


def element_types():
    refuses("float32.*float64", lambda: layers.Dense(1, dtype="float16"))
    refuses("mixed_float16", lambda: keras.mixed_precision.set_global_policy("mixed_float16"))


def float64():
    assert tn.losses.MeanSquaredError()(np.ones(3), np.zeros(3)).dtype == "float64"


def equalization():
    images = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 1)).astype("float32")
    images[1] /= 4
    np.testing.assert_array_equal(layers.Equalization()(images)[:1], layers.Equalization()(images[:1]))


def random_crop():
    images = np.arange(16.0).reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(layers.RandomCrop(2, 2)(images, training=False), images[:, 1:3, 1:3])


def solarization():
    layer = layers.Solarization(0.0, (0.5, 0.5), value_range=(0, 255))
    image = np.array([[[100.0], [200.0]]], "float32")
    near(layer(image, training=True).numpy().ravel(), [100, 55])  # above 0.5 * 255: the negative


def rand_augment():
    """A greater factor keeps fewer of the eight bits."""
    images = np.full((4, 8, 8, 3), 100.0, "float32")
    lost = []
    for factor in (0.1, 0.9):
        drawn = layers.RandAugment(num_ops=11, factor=(factor, factor), seed=1).get_random_transformation(images)
        lost.append(np.max(drawn["transforms"]["random_posterization"]["shift_factor"]))
    assert lost[0] <= 2 and lost[1] >= 6


def saturation():
    image = np.random.default_rng(0).uniform(0, 255, (1, 8, 8, 3)).astype("float32")
    result = layers.RandomSaturation((1.0, 1.0))(image, training=True).numpy()
    assert result.min() >= 0 and result.max() <= 255


def height_shift():
    from tinynet.preprocessing.image import ImageDataGenerator
    image = np.zeros((4, 4, 1), "float32")
    image[1, 2] = 1
    moved = ImageDataGenerator(fill_mode="constant").apply_transform(image, {"tx": 1})
    assert moved[0, 2] == 1 and moved.sum() == 1


def efficientnet():
    names = [type(layer).__name__ for layer in tn.applications.EfficientNetB0(weights=None).layers[:4]]
    assert names[:3] == ["InputLayer", "Rescaling", "Normalization"]


# -- models and files -------------------------------------------------------------------------------------------------


def save(tmp_path):
    import zipfile
    compiled(layers.Input((2,)), layers.Dense(1)).save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        assert not any(name.endswith(".h5") for name in archive.namelist())


def lambdas(tmp_path):
    model = compiled(layers.Input((2,)), layers.Lambda(lambda x: x))
    refuses("cannot serialize a lambda", lambda: model.save(tmp_path / "m.keras"))


def load_model(tmp_path):
    (tmp_path / "words.txt").write_text("a\n")
    layer = layers.StringLookup(vocabulary=["a"])
    config = layer.get_config() | {"vocabulary": str(tmp_path / "words.txt")}
    refuses("words.txt", lambda: layers.StringLookup.from_config(config))
    assert layers.StringLookup(vocabulary=str(tmp_path / "words.txt")).vocabulary_size() == 2


def export(tmp_path):
    model = compiled(layers.Input((2,)), layers.Dense(1))
    refuses("tf_saved_model", lambda: model.export(tmp_path / "m"), NotImplementedError)


def imagenet(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    refuses("would need a download", lambda: tn.applications.VGG16(weights="imagenet"))


def padding():
    assert layers.Conv2D(1, 3, padding=1)(np.ones((1, 4, 4, 1))).shape == (1, 4, 4, 1)


def rms_scaling():
    refuses("RMSNormalization", lambda: layers.LayerNormalization(rms_scaling=True))


def dense_inputs():
    for option in ("sparse", "ragged"):
        refuses(f"{option}=True is not supported", lambda option=option: tn.Input((3,), **{option: True}))


def text_vectorization():
    refuses("no ragged tensors", lambda: layers.TextVectorization(ragged=True))
    refuses("no vocabulary yet", lambda: layers.TextVectorization()(tn.Input((1,), dtype="string")))


def backup(tmp_path):
    def weights(stops):
        tn.random.set_global_seed(3)
        model = compiled(layers.Input((2,)), layers.Dropout(0.5), layers.Dense(1, kernel_initializer="ones"))
        x, y = np.arange(12.0).reshape(6, 2) / 12, np.arange(6.0)
        stop = tn.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs=None: stops and epoch == 1 and 1 / 0)
        kept = tn.callbacks.BackupAndRestore(tmp_path / f"backup{stops}")
        if stops:
            with pytest.raises(ZeroDivisionError):
                model.fit(x, y, batch_size=2, epochs=3, callbacks=[kept, stop], verbose=0)
            model.set_weights([w + 1 for w in model.get_weights()])
        model.fit(x, y, batch_size=2, epochs=3, callbacks=[kept], verbose=0)
        return model.get_weights()

    for whole, resumed in zip(weights(False), weights(True), strict=True):
        np.testing.assert_array_equal(resumed, whole)


def generator_statistics():
    x = np.random.default_rng(0).uniform(0, 255, (20, 4, 4, 1))
    generator = keras.preprocessing.image.ImageDataGenerator(rescale=1 / 255, featurewise_center=True)
    generator.fit(x)
    assert abs(next(generator.flow(x, batch_size=20)).mean()) < 1e-5


# -- training ----------------------------------------------------------------------------------------------------------


def advice():
    model = compiled(layers.Dense(3, activation="softmax"),
                     loss=tn.losses.SparseCategoricalCrossentropy(from_logits=True))
    with pytest.warns(tn.errors.ModelWarning, match="from_logits"):
        model.fit(np.ones((4, 2)), np.zeros(4, int), verbose=0)


def unscaled():
    pixels = np.random.default_rng(0).integers(0, 256, (64, 16))
    model = compiled(layers.Dense(1))
    model.fit(pixels / 255, np.zeros(64), verbose=0)
    with pytest.warns(tn.errors.ModelWarning, match="Scale them as in training"):
        model.predict(pixels, verbose=0)


def column():
    metric = tn.metrics.BinaryCrossentropy()
    near(metric(np.array([1.0, 1.0]), np.array([[0.5], [0.5]])), np.log(2))


def py_dataset():
    with pytest.warns(UserWarning, match="workers=3"):
        tn.utils.PyDataset(workers=3)


# -- TensorFlow's names ------------------------------------------------------------------------------------------------


def function():
    calls = []
    square = tf.function(lambda x: calls.append(1) or x * x)
    assert [float(square(tf.constant(3.0))) for _ in range(2)] == [9, 9] and len(calls) == 2


def convert():
    assert tf.convert_to_tensor(tf.constant(1), "float32").dtype == "float32"


def split():
    assert tf.strings.split("a b").shape == (2,) and tf.strings.split(["a b"]).shape == (1, 2)
    refuses("one text at a time", lambda: tf.strings.split(["a b", "c"]))


def unicode_split():
    assert tf.strings.unicode_split(["ab"], "UTF-8").shape == (1, 2)
    refuses("one text at a time", lambda: tf.strings.unicode_split(["ab", "c"], "UTF-8"))


def patterns():
    assert tf.strings.regex_replace("ab ac", "a(?=c)", "x").numpy() == b"ab xc"


def jpeg():
    pytest.importorskip("PIL")
    picture = np.full((8, 8, 3), 100, "uint8")
    assert abs(tf.io.decode_jpeg(tf.io.encode_jpeg(picture)).numpy().astype(int) - 100).max() <= 3


def from_generator():
    assert tf.data.Dataset.from_generator(lambda: iter([1.5])).element_spec.dtype == "float32"


def cache(tmp_path):
    with pytest.warns(UserWarning, match="nothing is written"):
        assert len(list(tf.data.Dataset.range(3).cache(str(tmp_path / "kept")))) == 3
    assert not list(tmp_path.iterdir())


def checkpoint(tmp_path):
    tf.train.Checkpoint(v=tf.Variable(1.0)).save(str(tmp_path / "c"))
    assert [path.suffix for path in sorted(tmp_path.iterdir())] == [".safetensors", ".json"]
    assert json.loads((tmp_path / "checkpoint.json").read_text())


def generators():
    assert tf.random.Generator.from_seed(1).normal((2,)).shape == (2,)
    refuses("threefry", lambda: tf.random.Generator.from_seed(1, alg="threefry"))


def map_fn():
    assert tf.map_fn(lambda x: x * 2, [1, 2]).tolist() == [2, 4]


CLAIMS = {
    "layers.Embedding": embedding, "ops.take": take, "losses.sparse_categorical_crossentropy": labels, "Model.fit": fit,
    "layers.Layer": overflow, "ops.sparsemax": sparsemax, "tf.gather": gather, "utils.set_random_seed": seeds,
    "layers.Dense": element_types, "losses.MeanSquaredError": float64, "layers.Equalization": equalization,
    "layers.RandomCrop": random_crop, "layers.Solarization": solarization, "layers.RandAugment": rand_augment,
    "layers.RandomSaturation": saturation, "preprocessing.image.ImageDataGenerator": height_shift,
    "applications.EfficientNetB0": efficientnet, "Model.save": save, "layers.Lambda": lambdas,
    "models.load_model": load_model, "layers.StringLookup": load_model, "Model.export": export,
    "applications.VGG16": imagenet, "layers.Conv2D": padding, "layers.LayerNormalization": rms_scaling,
    "Input": dense_inputs, "layers.TextVectorization": text_vectorization, "callbacks.BackupAndRestore": backup,
    "keras.preprocessing.image.ImageDataGenerator": generator_statistics, "Model.compile": advice,
    "Model.predict": unscaled, "metrics.BinaryCrossentropy": column, "utils.PyDataset": py_dataset,
    "tf.function": function, "tf.convert_to_tensor": convert, "tf.strings.split": split,
    "tf.strings.unicode_split": unicode_split, "tf.strings.regex_replace": patterns, "tf.io.decode_jpeg": jpeg,
    "tf.data.Dataset.from_generator": from_generator, "tf.data.Dataset.cache": cache, "tf.train.Checkpoint": checkpoint,
    "tf.random.Generator": generators, "tf.map_fn": map_fn,
}


def test_the_table_is_whole():
    assert len(ROWS) > 40 and len(set(NAMES)) == len(NAMES)
    for cells in ROWS:
        assert len(cells) == 4 and all(len(cell) > 2 for cell in cells), cells
    assert set(NAMES) == set(CLAIMS)
    assert "docs/differences.md" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_the_name_exists(name):
    assert found(name) is not None


@pytest.mark.parametrize("name", CLAIMS)
def test_tinynet_does_what_the_table_tells(name, tmp_path, monkeypatch):
    given = {"tmp_path": tmp_path, "monkeypatch": monkeypatch}
    claim = CLAIMS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        claim(**{key: given[key] for key in claim.__code__.co_varnames[:claim.__code__.co_argcount]})
