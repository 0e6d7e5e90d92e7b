"""A graph with two inputs and two outputs against Keras on JAX: outputs, gradients through training, History.

Bounds as in test_training_keras.py.
"""

import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")

import tinynet as tn  # noqa: E402

N = 45  # 2 * 16 + 13: a short last batch
rng = np.random.default_rng(0)
IMAGES = rng.standard_normal((N, 6, 6, 1)).astype("float32")
NUMBERS = rng.standard_normal((N, 3)).astype("float32")
LABELS = rng.integers(0, 4, N)
REAL = rng.standard_normal((N, 1)).astype("float32")
WEIGHT = rng.random(N).astype("float32") * 2


def two_by_two(k, outputs=list):
    images, numbers = k.Input((6, 6, 1), name="images"), k.Input((3,), name="numbers")
    x = k.layers.Conv2D(4, 3, padding="same", activation="relu", name="conv")(images)
    x = k.layers.Add(name="residual")([x, k.layers.Conv2D(4, 3, padding="same", name="conv2")(x)])
    x = k.layers.GlobalAveragePooling2D(name="pool")(x)
    shared = k.layers.Dense(4, "tanh", kernel_regularizer="l2", name="shared")
    x = k.layers.Concatenate(name="cat")([shared(x), shared(k.layers.Dense(4, name="first")(numbers)), x * 0.5])
    label, real = k.layers.Dense(4, "softmax", name="label")(x), k.layers.Dense(1, name="real")(x)
    return k.Model([images, numbers], {"label": label, "real": real} if outputs is dict else outputs([label, real]))


LOSSES = {"label": "sparse_categorical_crossentropy", "real": "mse"}
CASES = {
    "lists": (list, {"loss": list(LOSSES.values()), "loss_weights": [0.3, 2.0],
                     "metrics": [["accuracy"], ["mae", "mse"]]}),
    "dicts": (list, {"loss": LOSSES, "loss_weights": {"label": 0.3, "real": 2.0},
                     "metrics": {"real": ["mae"], "label": "accuracy"}}),
    "dict outputs": (dict, {"loss": LOSSES, "metrics": {"label": ["accuracy"]}}),
    "weighted": (list, {"loss": LOSSES, "metrics": [[], ["mae"]], "weighted_metrics": [["accuracy"], ["mae"]]}),
    "without a loss": (dict, {"loss": {"real": "mae"}}),
}


@pytest.mark.parametrize("case", CASES)
def test_history(case):
    outputs, arguments = CASES[case]
    results = []
    weights = None
    keras.utils.set_random_seed(0)
    for k in (keras, tn):
        model = two_by_two(k, outputs)
        if weights is None:
            weights = model.get_weights()
        model.set_weights(weights)
        # Small steps: a training that diverges, as with 0.1 from some weights, makes roundings a thousand times larger.
        model.compile(k.optimizers.SGD(0.01, momentum=0.9), **arguments)
        x = {"images": IMAGES, "numbers": NUMBERS}
        y = {"label": LABELS, "real": REAL} if "dict" in case or outputs is dict else [LABELS, REAL]
        sample_weight = [WEIGHT, 2 - WEIGHT] if case == "weighted" else None
        history = model.fit(x, y, epochs=3, batch_size=16, shuffle=False, verbose=0, sample_weight=sample_weight,
                            validation_data=([IMAGES, NUMBERS], y)).history
        results.append((history, model.evaluate(x, y, verbose=0), model.get_weights(), model.predict(x, verbose=0)))
    theirs, ours = results
    assert list(ours[0]) == list(theirs[0])
    for name in theirs[0]:
        np.testing.assert_allclose(ours[0][name], theirs[0][name], rtol=1e-4, err_msg=name)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-4)
    for one, other in zip(ours[2], theirs[2], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
    for one, other in zip(keras.tree.flatten(ours[3]), keras.tree.flatten(theirs[3]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_merging_layers():
    for name, arguments, shapes in [
        *((name, {}, [(3, 4), (3, 1)]) for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")),
        ("Add", {}, [(2, 5), (5,)]), ("Concatenate", {"axis": 1}, [(3, 4), (2, 4)]), ("Dot", {"axes": 1}, [(4,), (4,)]),
        ("Dot", {"axes": (2, 1)}, [(3, 4), (4, 5)]), ("Dot", {"axes": (1, 2), "normalize": True}, [(4, 3), (5, 4)]),
    ]:
        inputs = [rng.standard_normal((2, *shape)).astype("float32") for shape in shapes]
        expected = np.asarray(getattr(keras.layers, name)(**arguments)(inputs))
        actual = getattr(tn.layers, name)(**arguments)(inputs).numpy()
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6, err_msg=name)
        ours = getattr(tn.layers, name)(**arguments).compute_output_shape([(None, *shape) for shape in shapes])
        theirs = getattr(keras.layers, name)(**arguments).compute_output_shape([(None, *shape) for shape in shapes])
        assert ours == tuple(theirs)


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_operations_in_a_graph(ending, tmp_path):
    pytest.importorskip("h5py")
    from saving.test_h5 import with_operations

    ours, path = with_operations(tn), tmp_path / f"m.{ending}"
    ours.save(path, **({"format": "keras"} if ending == "keras" else {}))
    x = rng.random((2, 4, 3), np.float32)
    expected = ours.predict(x, verbose=0)
    for theirs in (keras.saving.load_model(path), tn.saving.load_model(path)):
        np.testing.assert_allclose(theirs.predict(x, verbose=0), expected, rtol=1e-5, atol=1e-5)
