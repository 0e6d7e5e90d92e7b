"""docs/differences.md: what its column about Keras tells, asked of Keras on JAX."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")
pytest.importorskip("jax")

layers = keras.layers


def fitted(x, y, loss="mse", units=1):
    model = keras.Sequential([layers.Dense(units, activation="softmax" if loss != "mse" else None)])
    model.compile("sgd", loss)
    model.fit(x, y, verbose=0)
    return model


def test_nan_instead_of_an_error():
    assert np.isnan(np.asarray(layers.Embedding(3, 2)(np.array([[5]])))).all()
    assert np.isnan(np.asarray(keras.ops.take(np.ones(3, "float32"), [7]))).all()
    weights = fitted(np.array([[1.0], [np.nan]]), np.ones(2)).get_weights()
    assert np.isnan(weights[0]).all()
    assert not np.isfinite(np.asarray(layers.Dense(1)(np.full((1, 2), 1e300)))).any()
    fitted(np.ones((2, 2)), np.array([0, 7]), "sparse_categorical_crossentropy", 3)  # no error


def test_sparsemax_does_not_sum_to_one():
    assert abs(float(np.sum(keras.ops.sparsemax(np.array([[1.0, 0.9, 0.8]], "float32")))) - 1) > 0.5


def test_element_types():
    assert layers.Dense(1, dtype="float16")(np.ones((1, 1))).dtype == "float16"
    assert keras.losses.MeanSquaredError()(np.ones(3), np.zeros(3)).dtype == "float32"


def test_augmentation():
    images = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 1)).astype("float32")
    images[1] /= 4
    alone, both = (np.asarray(layers.Equalization()(part)) for part in (images[:1], images))
    assert not np.allclose(alone, both[:1])
    assert layers.RandomCrop(2, 2)(np.ones((1, 4, 4, 1)), training=False).shape == (1, 4, 4, 1)
    levels = {part: layers.RandAugment(factor=part).random_posterization.factor for part in (0.1, 0.9)}
    assert max(levels[0.1]) < max(levels[0.9])  # bits that are kept: a smaller factor keeps fewer
    drawn = layers.Solarization(0.0, (0.5, 0.5)).get_random_transformation(images)
    assert np.min(drawn["thresholds"]) < 127  # from 0.5 to 127.5, and not 127.5 alone


def test_layers_and_metrics():
    with pytest.raises((AttributeError, TypeError, ValueError)):
        layers.Conv2D(1, 3, padding=1)
    layers.LayerNormalization(rms_scaling=True)
    keras.Input((3,), sparse=True)
    with pytest.raises(ValueError, match="same shape"):
        keras.metrics.BinaryCrossentropy()(np.array([1.0, 1.0]), np.array([[0.5], [0.5]]))


def test_a_lambda_is_written_as_code(tmp_path):
    keras.Sequential([keras.Input((2,)), layers.Lambda(lambda x: x)]).save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match="safe_mode"):
        keras.models.load_model(tmp_path / "m.keras")
    keras.models.load_model(tmp_path / "m.keras", safe_mode=False)


def test_rows_move_by_the_first_number(tmp_path):
    image = np.zeros((4, 4, 1), "float32")
    image[1, 2] = 1
    generator = keras.src.legacy.preprocessing.image.ImageDataGenerator(fill_mode="constant")
    moved = generator.apply_transform(image, {"tx": 1})
    assert moved[1, 1] == 1  # a column, though height_shift_range draws it
