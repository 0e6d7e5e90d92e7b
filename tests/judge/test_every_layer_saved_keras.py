"""Every layer, optimizer, loss and metric in Keras's file formats: Keras loads what tinynet writes, and computes the
same; what Keras does not have is refused by name when it is written.
"""

import os
import warnings

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")
pytest.importorskip("h5py")

from contracts import classes_in, variants  # noqa: E402
from layer_cases import CASES, Case, of_separate_shapes, separately  # noqa: E402
from test_contracts import LOSS_VALUES, METRIC_VALUES, ONE_CLIP, OPTIMIZER_VALUES, SCHEDULE_VALUES  # noqa: E402

import tinynet as tn  # noqa: E402
from tinynet.optimizers import schedules  # noqa: E402
from tinynet.optimizers.state import OptimizerState  # noqa: E402
from tinynet.saving.keras_limits import _OWN_LAYERS, faults_for_keras  # noqa: E402
from tinynet.serialization import serialize_keras_object  # noqa: E402

# Of Keras's layers: what Keras needs TensorFlow for, or does not do itself.
NEEDS_TENSORFLOW = ("Hashing", "Hashing multi_hot", "IntegerLookup", "StringLookup", "StringLookup tf_idf",
                    "TextVectorization", "TextVectorization count")
KERAS_FAILS = {
    "InputLayer": "is no layer to call",
    "MultiHeadAttention of three": "JAX wants values as long as keys",
    "RandomCrop": "does not crop in prediction",
}
CASES = {name: case for name, case in CASES.items() if name not in NEEDS_TENSORFLOW and name not in KERAS_FAILS}
CASES["MultiHeadAttention with a gate"] = Case(lambda: tn.layers.MultiHeadAttention(2, 3, use_gate=True),
                                               [(3, 4), (5, 2)], separately, of_separate_shapes)
FAMILIES = {"losses": (tn.losses, tn.losses.Loss), "metrics": (tn.metrics, tn.metrics.Metric)}


def randomize(model):
    rng = np.random.default_rng(1)
    for variable in model.weights:
        if variable.dtype.kind == "f":
            positive = "variance" in variable.name
            variable.assign(np.abs(rng.normal(0, 0.5, variable.shape)) + 0.1 if positive else
                            rng.normal(0, 0.5, variable.shape))


def loaded(model, path):
    """What Keras loads of the model from a file."""
    if path.name.endswith(".weights.h5"):
        model.save_weights(path)
        twin = keras.models.model_from_json(model.to_json())
        twin.load_weights(path)
        return twin
    model.save(path, **({"format": "keras"} if path.suffix == ".keras" else {}))
    return keras.models.load_model(path, safe_mode=False)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("ending", [".keras", ".h5", ".weights.h5"])
def test_layer(name, ending, tmp_path):
    case = CASES[name]
    inputs = case.symbols()
    model, path = tn.Model(inputs, case(case.make(), inputs)), tmp_path / f"m{ending}"
    randomize(model)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if faults_for_keras(serialize_keras_object(model)) and ending == ".keras":
            with pytest.raises(ValueError, match=repr(model.layers[-1].name)):
                loaded(model, path)
            assert not path.exists()
            return
        faults = faults_for_keras(serialize_keras_object(model), old=ending == ".h5")
        try:
            twin = loaded(model, path)
        except Exception:
            assert faults, name
            twin = None
    assert any("Keras will not" in str(one.message) for one in caught) == (bool(faults) and ending == ".h5")
    if faults:
        return
    x = case.arrays()
    flat = keras.tree.flatten(x)
    given = flat[0] if len(flat) == 1 else x
    actual, expected = (keras.tree.flatten(keras.tree.map_structure(np.asarray, one(given, training=False)))
                        for one in (twin, model))
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_every_layer_that_keras_lacks_is_refused():
    lacking = {name for name in tn.layers.__all__ if not hasattr(keras.layers, name)} - {"ImageAugmentation"}
    assert {name for name in lacking if isinstance(getattr(tn.layers, name), type)} == set(_OWN_LAYERS)


ROWS = np.random.default_rng(0).normal(size=(12, 4)).astype("float32")


def small(optimizer="sgd", loss="mse", metrics=None):
    model = tn.Sequential([tn.Input((4,)), tn.layers.Dense(3, "softmax"), tn.layers.Dense(2, "sigmoid")])
    model.compile(optimizer, loss, metrics=metrics)
    return model


@pytest.mark.parametrize("cls", [cls for cls in classes_in(tn.optimizers, OptimizerState)
                                 if cls not in (tn.optimizers.Optimizer, OptimizerState)], ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_optimizer(cls, ending, tmp_path):
    """With every argument off its default, after some steps: Keras goes on as tinynet does."""
    for number, arguments in enumerate(variants(cls, OPTIMIZER_VALUES, ONE_CLIP)):
        arguments = {**arguments, "loss_scale_factor": None, "exclude_layers": None}  # of mixed precision; by name
        arguments = {key: value for key, value in arguments.items() if value is not None}
        model = small(cls(**arguments))
        y = (ROWS[:, :2] > 0).astype("float32")
        model.fit(ROWS, y, epochs=2, shuffle=False, verbose=0, batch_size=4)
        if ending == ".h5" and cls is tn.optimizers.Lamb:
            with pytest.warns(UserWarning, match="Lamb"):
                model.save(tmp_path / "m.h5")
            return
        twin = loaded(model, tmp_path / f"m{number}{ending}")
        assert type(twin.optimizer).__name__ == cls.__name__
        if ending == ".keras":
            for one in (model, twin):
                one.fit(ROWS, y, epochs=2, shuffle=False, verbose=0, batch_size=4)
        np.testing.assert_allclose(twin.predict(ROWS, verbose=0), model.predict(ROWS, verbose=0), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("schedule", set(classes_in(schedules, schedules.LearningRateSchedule)) -
                         {schedules.LearningRateSchedule}, ids=lambda cls: cls.__name__)
def test_schedule(schedule, tmp_path):
    for arguments in variants(schedule, SCHEDULE_VALUES):
        model = small(tn.optimizers.SGD(schedule(**arguments)))
        twin = loaded(model, tmp_path / "m.keras")
        for step in (0, 1, 5, 20):
            ours, theirs = (one.optimizer._learning_rate(step) for one in (model, twin))
            np.testing.assert_allclose(float(theirs), float(ours), rtol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_losses_and_metrics(family, ending, tmp_path):
    module, base = FAMILIES[family]
    values = {"losses": LOSS_VALUES, "metrics": METRIC_VALUES}[family]
    for cls in classes_in(module, base):
        if cls.__name__ not in module.__all__ or not hasattr(getattr(keras, family), cls.__name__) or cls in (
                base, tn.metrics.MeanMetricWrapper):
            continue
        for arguments in variants(cls, values):
            one = cls(**arguments)
            model = small(loss=one) if family == "losses" else small(metrics=[one])
            if faults_for_keras(serialize_keras_object(model), old=ending == ".h5"):
                assert cls.__name__ == "CategoricalGeneralizedCrossEntropy"
                continue
            twin = loaded(model, tmp_path / f"m{ending}")
            assert twin.optimizer is not None, cls
            kept = twin.loss if family == "losses" else twin._compile_metrics._user_metrics[0]
            assert type(kept).__name__ == cls.__name__
