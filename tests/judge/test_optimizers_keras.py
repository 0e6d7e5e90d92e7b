"""Every optimizer, option and schedule against Keras itself, where it is installed.

In float64 the rules must agree to the last few digits; in float32 the bound allows what float32 arithmetic does to ten
steps, Keras's own bias correction included (1 - 0.999 loses 14 bits there).
"""

import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")

import tinynet as tn  # noqa: E402
from tinynet import constraints, initializers, optimizers, regularizers  # noqa: E402
from tinynet.optimizers import schedules  # noqa: E402

SHAPES = ((5, 3), (3,), (2, 3, 4), (4, 6))

OPTIMIZERS = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.9}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"momentum": 0.9, "centered": True}),
    ("Adagrad", {}),
    ("Adadelta", {"learning_rate": 1.0}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True}),
    ("Adam", {"learning_rate": 0.1}),
    ("AdamW", {}),
    ("Adamax", {}),
    ("Nadam", {}),
    ("Lion", {}),
    ("Lamb", {}),
    ("Adafactor", {}),
    ("Adafactor", {"relative_step": False}),
    ("Ftrl", {"learning_rate": 0.1}),
    ("Muon", {}),
    ("Muon", {"nesterov": False, "rms_rate": None, "adam_lr_ratio": 0.5}),
    (
        "Ftrl",
        {
            "learning_rate": 0.1,
            "l1_regularization_strength": 0.1,
            "l2_regularization_strength": 0.2,
            "beta": 0.3,
            "l2_shrinkage_regularization_strength": 0.05,
            "learning_rate_power": -0.4,
        },
    ),
]
OPTIONS = [
    {"weight_decay": 0.1},
    {"clipnorm": 0.5},
    {"clipvalue": 0.1},
    {"global_clipnorm": 0.5},
    {"use_ema": True},
    {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 3},
    {"loss_scale_factor": 8.0},
    {"gradient_accumulation_steps": 3},
    {"gradient_accumulation_steps": 2, "use_ema": True, "ema_overwrite_frequency": 2},
    {"weight_decay": 0.1, "global_clipnorm": 1.0},
]
CASES = [(name, settings) for name, settings in OPTIMIZERS] + [
    (name, option)
    for name in ("SGD", "Adam", "Nadam", "Lamb", "Muon")
    for option in OPTIONS
    if name != "Muon" or "weight_decay" not in option
]


def starts():
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape) for shape in SHAPES]


def run(library, variable_class, name, settings, dtype, steps=10, scheduled=False):
    rng = np.random.default_rng(0)
    variables = [
        variable_class(rng.standard_normal(shape).astype(dtype), dtype=dtype, name=f"v{i}")
        for i, shape in enumerate(SHAPES)
    ]
    settings = dict(settings)
    if scheduled:
        settings["learning_rate"] = library.schedules.CosineDecay(0.1, 7, alpha=0.1)
    optimizer = getattr(library, name)(**settings)
    for _ in range(steps):
        gradients = [rng.standard_normal(shape).astype(dtype) for shape in SHAPES]
        if library is not optimizers:
            gradients = [keras.ops.convert_to_tensor(gradient) for gradient in gradients]
        optimizer.apply(gradients, variables)
    return [
        np.asarray(keras.ops.convert_to_numpy(v) if library is not optimizers else v.numpy()) for v in variables
    ], optimizer


@pytest.fixture
def float64():
    if keras.backend.backend() == "jax":  # which computes in float32, whatever it is asked for, until told otherwise
        jax = pytest.importorskip("jax")
        before = jax.config.jax_enable_x64
        jax.config.update("jax_enable_x64", True)
    keras.config.set_floatx("float64")
    tn.config.set_floatx("float64")
    yield
    if keras.backend.backend() == "jax":
        jax.config.update("jax_enable_x64", before)
    keras.config.set_floatx("float32")
    tn.config.set_floatx("float32")


@pytest.mark.parametrize("scheduled", [False, True])
@pytest.mark.parametrize(("name", "settings"), CASES)
def test_ten_steps_in_float64(name, settings, scheduled, float64):
    expected, _ = run(keras.optimizers, keras.Variable, name, settings, "float64", scheduled=scheduled)
    actual, _ = run(optimizers, tn.Variable, name, settings, "float64", scheduled=scheduled)
    # Schedules, clipping limits and the constants of Adafactor and Muon are float32 in Keras whatever the weights are:
    # each such rounding changes the path by a factor of 1 +- 2^-24.
    rounded = scheduled or name in ("Adafactor", "Muon") or any("clip" in option for option in settings)
    for a, e, s in zip(actual, expected, starts(), strict=True):
        bound = (16 * 2.0**-24 if rounded else 1e-13) * np.abs(e - s).max() + 1e-15 * np.abs(e).max()
        assert np.abs(a - e).max() <= bound


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_ten_steps_in_float32(name, settings):
    expected, theirs = run(keras.optimizers, keras.Variable, name, settings, "float32")
    actual, ours = run(optimizers, tn.Variable, name, settings, "float32")
    u = 2.0**-24
    for a, e, s in zip(actual, expected, starts(), strict=True):
        # Ten roundings of the weight; and of the path, Keras's 1 - 0.999^t, which keeps 14 of 24 bits at t = 1.
        assert np.abs(a - e).max() <= 10 * u * np.abs(e).max() + 2.0**-15 * np.abs(e - s).max()
    if name != "Adafactor":  # whose placeholders have no counterpart
        assert len(ours.variables) == len(theirs.variables)
        assert [v.shape for v in ours.variables] == [tuple(v.shape) for v in theirs.variables]


def test_names_of_variables():
    for name in ("SGD", "Adam", "RMSprop"):
        settings = {"momentum": 0.9} if name != "Adam" else {"amsgrad": True}
        _, theirs = run(keras.optimizers, keras.Variable, name, settings, "float32", steps=1)
        _, ours = run(optimizers, tn.Variable, name, settings, "float32", steps=1)
        assert [v.name for v in ours.variables] == [v.name for v in theirs.variables]


@pytest.mark.parametrize(("name", "settings"), OPTIMIZERS)
def test_configs_are_interchangeable(name, settings):
    theirs, ours = getattr(keras.optimizers, name)(**settings), getattr(optimizers, name)(**settings)
    expected, actual = theirs.get_config(), ours.get_config()
    expected.pop("name"), actual.pop("name")
    assert actual == expected
    assert optimizers.deserialize(keras.optimizers.serialize(theirs)).get_config() == theirs.get_config()
    if name != "Lamb":  # which Keras 3.15 cannot deserialize itself
        assert keras.optimizers.deserialize(optimizers.serialize(ours)).get_config() == ours.get_config()


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9}),
        ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9, "staircase": True}),
        ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9}),
        ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9, "staircase": True}),
        ("PiecewiseConstantDecay", {"boundaries": [5, 20], "values": [1.0, 0.5, 0.1]}),
        ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 20}),
        (
            "PolynomialDecay",
            {"initial_learning_rate": 0.1, "decay_steps": 20, "power": 0.5, "end_learning_rate": 0.01, "cycle": True},
        ),
        ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 20, "alpha": 0.2}),
        ("CosineDecay", {"initial_learning_rate": 0.0, "decay_steps": 20, "warmup_target": 0.1, "warmup_steps": 5}),
        ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 5}),
        (
            "CosineDecayRestarts",
            {"initial_learning_rate": 0.1, "first_decay_steps": 5, "t_mul": 1.0, "m_mul": 0.5, "alpha": 0.1},
        ),
        ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 5, "t_mul": 3.0, "m_mul": 0.9}),
    ],
)
def test_schedules(name, settings, float64):
    theirs, ours = getattr(keras.optimizers.schedules, name)(**settings), getattr(schedules, name)(**settings)
    for step in range(60):
        expected = float(keras.ops.convert_to_numpy(theirs(step)))
        # float32 in Keras's constants: 2^-22 or so of the rate
        assert ours(step).numpy() == pytest.approx(expected, rel=2.0**-20, abs=1e-8), step
    assert ours.get_config() == theirs.get_config()
    assert schedules.deserialize(keras.optimizers.schedules.serialize(theirs)).get_config() == ours.get_config()


@pytest.mark.parametrize(
    "name",
    [
        "GlorotUniform",
        "GlorotNormal",
        "HeUniform",
        "HeNormal",
        "LecunUniform",
        "LecunNormal",
        "RandomNormal",
        "RandomUniform",
        "TruncatedNormal",
        "VarianceScaling",
        "Orthogonal",
        "Zeros",
        "Ones",
    ],
)
@pytest.mark.parametrize("shape", [(300, 400), (5, 5, 30, 60)])
def test_initializers_have_the_same_distribution(name, shape):
    expected = keras.ops.convert_to_numpy(
        getattr(keras.initializers, name)(**({} if name in ("Zeros", "Ones") else {"seed": 1}))(shape)
    )
    actual = getattr(initializers, name)(**({} if name in ("Zeros", "Ones") else {"seed": 1}))(shape).numpy()
    assert actual.dtype == expected.dtype
    spread = expected.std()
    n = expected.size
    # Means scatter by spread / sqrt(n), deviations by spread / sqrt(2 n): 6 of that for the difference of two samples.
    assert abs(actual.mean() - expected.mean()) <= 6 * np.sqrt(2 / n) * spread
    assert abs(actual.std() - spread) <= 6 / np.sqrt(n) * spread
    if "Uniform" in name or "Truncated" in name:
        assert abs(actual).max() == pytest.approx(abs(expected).max(), rel=1e-2)
    config = getattr(initializers, name)().get_config()
    assert config == getattr(keras.initializers, name)().get_config()


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("L1", {}),
        ("L2", {"l2": 0.3}),
        ("L1L2", {"l1": 0.1, "l2": 0.2}),
        ("OrthogonalRegularizer", {}),
        ("OrthogonalRegularizer", {"factor": 0.5, "mode": "columns"}),
    ],
)
def test_regularizers(name, settings):
    x = np.random.default_rng(0).standard_normal((6, 4)).astype("float32")
    theirs, ours = getattr(keras.regularizers, name)(**settings), getattr(regularizers, name)(**settings)
    expected = float(keras.ops.convert_to_numpy(theirs(keras.ops.convert_to_tensor(x))))
    assert float(ours(x)) == pytest.approx(expected, rel=1e-5)
    assert ours.get_config().keys() == theirs.get_config().keys()


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("MaxNorm", {"max_value": 1.0}),
        ("MaxNorm", {"axis": [0, 1]}),
        ("NonNeg", {}),
        ("UnitNorm", {}),
        ("MinMaxNorm", {"min_value": 0.5, "max_value": 1.5, "rate": 0.7, "axis": 1}),
    ],
)
def test_constraints(name, settings):
    w = np.random.default_rng(0).standard_normal((6, 4)).astype("float32")
    theirs, ours = getattr(keras.constraints, name)(**settings), getattr(constraints, name)(**settings)
    expected = keras.ops.convert_to_numpy(theirs(keras.ops.convert_to_tensor(w)))
    np.testing.assert_allclose(ours(w).numpy(), expected, rtol=1e-6, atol=1e-7)
    assert ours.get_config() == theirs.get_config()
