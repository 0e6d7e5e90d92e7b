"""Every class of every family: its names, and its saved configuration with all arguments off their defaults.

The classes are found by walking through the modules, so that a new one is tested without being listed here. If its
arguments cannot be guessed from their defaults, the test fails until VALUES has a value for them.
"""

import numpy as np
import pytest
from contracts import (
    arguments_of,
    assert_config_holds,
    assert_findable,
    assert_same_behaviour,
    classes_in,
    copies_of,
    off_default,
    variants,
)

from tinynet import constraints, initializers, losses, metrics, ops, optimizers, regularizers, textbook
from tinynet.optimizers import schedules
from tinynet.optimizers.state import OptimizerState
from tinynet.random import SeedGenerator
from tinynet.tape import GradientTape
from tinynet.variable import Variable

rng = np.random.default_rng(0)


def cases(package, base, without=()):
    """A parametrization over the classes of a family."""
    return pytest.mark.parametrize("cls", [cls for cls in classes_in(package, base) if cls not in without],
                                   ids=lambda cls: cls.__name__)


# --- optimizers -----------------------------------------------------------------------------------------------------

OPTIMIZER_VALUES = {
    "name": "other", "learning_rate": 0.125, "weight_decay": 0.25, "clipnorm": 0.5, "clipvalue": 0.5,
    "global_clipnorm": 0.5, "ema_overwrite_frequency": 2, "loss_scale_factor": 2.0, "gradient_accumulation_steps": 2,
    "learning_rate_power": -0.25, "beta_2_decay": -0.5, "exclude_layers": ["bias"],
}
ONE_CLIP = [("clipnorm", "clipvalue", "global_clipnorm")]
RULES = (optimizers.Optimizer, OptimizerState, textbook.SlideOptimizer)  # bases without a rule


def make_variables():
    start = np.random.default_rng(1)
    return [Variable(start.standard_normal(shape).astype(np.float32), name=name)
            for shape, name in (((4, 3), "kernel"), ((3,), "bias"), ((3, 5), "embedding"))]


def step(optimizer, weights, count, seed=2):
    """Some steps with gradients that are drawn from a seed."""
    draw = np.random.default_rng(seed)
    for _ in range(count):
        gradients = [draw.standard_normal(w.shape).astype(np.float32) for w in weights]
        if isinstance(optimizer, textbook.NesterovLookahead):
            def loss(gradients=gradients):
                products = [ops.sum(w * g) for w, g in zip(weights, gradients, strict=True)]
                return products[0] + products[1] + products[2]
            optimizer.minimize(loss, weights)
        else:
            optimizer.apply(gradients, weights)


def trained(optimizer, count=5):
    weights = make_variables()
    step(optimizer, weights, count)
    return [w.numpy() for w in weights] + optimizer.get_weights()


@cases(optimizers, OptimizerState, without=(OptimizerState,))
def test_optimizer_names(cls):
    table = None if cls is optimizers.Optimizer else optimizers._BY_NAME
    assert_findable(cls, optimizers, table)


@cases(optimizers, OptimizerState, without=RULES)
def test_optimizer_configuration(cls):
    check_optimizer(cls)


@cases(textbook, OptimizerState, without=RULES)
def test_optimizer_configuration_of_the_textbook(cls):
    assert_findable(cls, textbook, textbook.custom_objects)
    check_optimizer(cls, textbook.custom_objects)


def check_optimizer(cls, custom_objects=None):
    for arguments in variants(cls, OPTIMIZER_VALUES, ONE_CLIP):
        original = cls(**arguments)
        assert_config_holds(original, arguments)
        assert_same_behaviour(original, copies_of(original, optimizers, custom_objects), trained)


@pytest.mark.parametrize("schedule", [schedules.ExponentialDecay(0.5, 3, 0.25, staircase=True, name="falling")],
                         ids=["schedule"])
@cases(optimizers, OptimizerState, without=RULES)
def test_optimizer_with_a_schedule(cls, schedule):
    original = cls(schedule)
    assert_same_behaviour(original, copies_of(original, optimizers), trained)


def check_state(cls):
    """After saving and loading the state, original and copy go on alike."""
    for arguments in variants(cls, OPTIMIZER_VALUES, ONE_CLIP):
        original, weights, store = cls(**arguments), make_variables(), {}
        step(original, weights, 3)
        original.save_own_variables(store)
        copy = cls.from_config(original.get_config())
        copied = make_variables()
        for variable, weight in zip(copied, weights, strict=True):
            variable.assign(weight)
        copy.build(copied)
        copy.load_own_variables(store)
        for optimizer, those in ((original, weights), (copy, copied)):
            step(optimizer, those, 3, seed=3)
        for a, b in zip(weights + original.variables, copied + copy.variables, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())


@cases(optimizers, OptimizerState, without=RULES)
def test_optimizer_state(cls):
    check_state(cls)


@cases(textbook, OptimizerState, without=RULES)
def test_optimizer_state_of_the_textbook(cls):
    check_state(cls)


# --- schedules ------------------------------------------------------------------------------------------------------

SCHEDULE_VALUES = {
    "name": "other", "initial_learning_rate": 0.5, "decay_steps": 7, "first_decay_steps": 5, "decay_rate": 0.5,
    "boundaries": [3, 9], "values": [1.0, 0.5, 0.25], "warmup_target": 0.75, "warmup_steps": 4, "t_mul": 1.5,
}


@cases(schedules, schedules.LearningRateSchedule)
def test_schedule(cls):
    if cls is schedules.LearningRateSchedule:
        return
    assert schedules._SCHEDULES.get(cls.__name__) is cls
    arguments, = variants(cls, SCHEDULE_VALUES)
    original = cls(**arguments)
    assert_config_holds(original, arguments)
    assert_same_behaviour(original, copies_of(original, schedules), lambda schedule: [schedule(np.arange(40))])


# --- losses ---------------------------------------------------------------------------------------------------------

PROBABILITIES = rng.uniform(0.05, 0.95, (6, 4, 3)).astype(np.float32)
BINARY = rng.integers(0, 2, (6, 4, 3))
LOSS_VALUES = {
    "name": "other", "reduction": "sum", "dtype": "float64", "ignore_class": 1, "axis": 1, "fn": losses.log_cosh,
    "Dice.axis": [1], "Tversky.axis": [1],  # lists: JSON has no tuples
    "CategoricalGeneralizedCrossEntropy.q": 0.25, "HalfSquaredError.reduction": "none",
}
CLASS_NUMBERS = {  # losses of class numbers: the labels
    "SparseCategoricalCrossentropy": rng.integers(0, 3, (6, 3)), "CategoricalGeneralizedCrossEntropy":
    rng.integers(0, 3, (6, 4)), "CTC": rng.integers(1, 3, (6, 2)), "Circle": rng.integers(0, 2, 6),
}
PREDICTIONS = {"Circle": ops.normalize(PROBABILITIES[:, 0], axis=-1).numpy()}  # embeddings; others have PROBABILITIES


def losses_of(loss):
    labels = CLASS_NUMBERS.get(type(loss).__name__, BINARY)
    predictions = PREDICTIONS.get(type(loss).__name__, PROBABILITIES)
    weights = np.linspace(0.5, 2.0, 6, dtype=np.float32).reshape(6, 1)
    weights = weights[:, 0] if type(loss).__name__ in ("CTC", "Circle") else weights  # a loss a sample
    with GradientTape() as tape:
        p = Variable(predictions)
        value = loss(labels, p)
    return [value, np.asarray(value).dtype.name, tape.gradient(value, p), loss(labels, predictions, weights)]


def check_loss(cls, package, custom_objects=None):
    for arguments in variants(cls, LOSS_VALUES):
        original = cls(**arguments)
        assert_config_holds(original, arguments)
        copies = copies_of(original, losses, custom_objects)
        if cls is not losses.Loss:
            assert_same_behaviour(original, copies, losses_of)


@cases(losses, losses.Loss)
def test_loss(cls):
    if cls is not losses.LossFunctionWrapper:  # importable, but not in `__all__`, as in Keras
        assert_findable(cls, losses, losses._lookup.by_name)
    check_loss(cls, losses)


@cases(textbook, losses.Loss)
def test_loss_of_the_textbook(cls):
    assert_findable(cls, textbook, textbook.custom_objects)
    check_loss(cls, textbook, textbook.custom_objects)


# --- metrics --------------------------------------------------------------------------------------------------------

METRIC_VALUES = {
    "name": "other", "dtype": "float64", "fn": losses.log_cosh, "axis": 1, "ignore_class": 1, "num_classes": 3,
    "target_class_ids": [1, 2], "curve": "PR", "summation_method": "minoring", "thresholds": [0.25, 0.75],
    "num_labels": 4, "label_weights": [1.0, 2.0, 3.0, 4.0], "class_id": 1, "top_k": 2, "average": "weighted",
    "BinaryIoU.target_class_ids": [1], "FBetaScore.threshold": 0.25, "F1Score.threshold": 0.25,
    "class_aggregation": "variance_weighted_average", "specificity": 0.25, "sensitivity": 0.25, "recall": 0.25,
    "precision": 0.25, "num_thresholds": 11, "threshold": 0.25, "label_smoothing": 0.25, "k": 2,
}
ONE_KIND_OF_THRESHOLDS = [("thresholds", "num_thresholds")]
SCORES = PROBABILITIES[:, :, 0]  # (6, 4)
METRIC_DATA = {  # (labels, predictions), where (6, 4) zeros and ones for (6, 4) probabilities do not do
    "Mean": (SCORES,), "Sum": (SCORES,),
    "SparseCategoricalAccuracy": (rng.integers(0, 4, 6), SCORES),
    "SparseTopKCategoricalAccuracy": (rng.integers(0, 4, 6), np.argsort(-SCORES)),
    "SparseCategoricalCrossentropy": (rng.integers(0, 4, 6), SCORES),
    # With `sparse_y_true` and `sparse_y_pred` off their defaults, and the classes on axis 1:
    "IoU": (PROBABILITIES.transpose(0, 2, 1), PROBABILITIES[::-1].transpose(0, 2, 1)),
    "MeanIoU": (PROBABILITIES.transpose(0, 2, 1), PROBABILITIES[::-1].transpose(0, 2, 1)),
    "OneHotIoU": (PROBABILITIES.transpose(0, 2, 1), rng.integers(0, 3, (6, 4))),
    "OneHotMeanIoU": (PROBABILITIES.transpose(0, 2, 1), rng.integers(0, 3, (6, 4))),
}


def results_of(metric):
    data = METRIC_DATA.get(type(metric).__name__, (BINARY[:, :, 0], SCORES))
    metric.reset_state()
    results = []
    for part in (slice(0, 4), slice(4, 6)):
        metric.update_state(*(array[part] for array in data))
        results.append(metric.result().numpy())
    return [*results, metric.result().dtype.name]


@cases(metrics, metrics.Metric)
def test_metric(cls):
    if cls is metrics.confusion.ConfusionMetric:  # a base of others: its arguments are not saved
        return
    assert_findable(cls, metrics, metrics._lookup.by_name)
    for arguments in variants(cls, METRIC_VALUES, ONE_KIND_OF_THRESHOLDS):
        original = cls(**arguments)
        assert_config_holds(original, arguments)
        copies = copies_of(original, metrics)
        if cls is not metrics.Metric:
            assert_same_behaviour(original, copies, results_of)


# --- initializers, regularizers, constraints ------------------------------------------------------------------------

WEIGHT_VALUES = {
    "seed": 7, "mode": "fan_out", "distribution": "uniform", "input_axes": [0], "output_axes": [0, 1], "maxval": 2.0,
    "OrthogonalRegularizer.mode": "columns",
}
WEIGHT = rng.standard_normal((4, 3)).astype(np.float32)


def first_values(initializer):
    return [initializer((4, 3)), initializer((4, 3), dtype="float64")]


def penalty_and_gradient(regularizer):
    with GradientTape() as tape:
        w = Variable(WEIGHT)
        penalty = regularizer(w)
    return [penalty, tape.gradient(penalty, w)]


BASES = (initializers.Initializer, initializers.RandomInitializer, regularizers.Regularizer, constraints.Constraint)


@pytest.mark.parametrize("family, package, cls, behaviour", [
    pytest.param(family, package, cls, behaviour, id=f"{package.__name__.removeprefix('tinynet.')}-{cls.__name__}")
    for family, base, behaviour in (
        (initializers, initializers.Initializer, first_values),
        (regularizers, regularizers.Regularizer, penalty_and_gradient),
        (constraints, constraints.Constraint, lambda constraint: [constraint(WEIGHT)]),
    )
    for package in (family, textbook) for cls in classes_in(package, base)
])
def test_what_belongs_to_a_weight(family, package, cls, behaviour):
    custom_objects = textbook.custom_objects if package is textbook else None
    assert_findable(cls, package, None if cls in BASES else custom_objects or family._BY_NAME)
    if cls in BASES:
        return
    for arguments in variants(cls, WEIGHT_VALUES):
        original = cls(**arguments)
        assert_config_holds(original, arguments)
        assert_same_behaviour(original, copies_of(original, family, custom_objects), behaviour)


@pytest.mark.parametrize("cls", [cls for package in (initializers, textbook)
                                 for cls in classes_in(package, initializers.RandomInitializer) if cls not in BASES],
                         ids=lambda cls: cls.__name__)
def test_an_initializer_with_a_generator_as_seed(cls):
    custom_objects = textbook.custom_objects if cls.__module__.startswith("tinynet.textbook") else None
    arguments, = variants(cls, WEIGHT_VALUES)
    original = cls(**{**arguments, "seed": SeedGenerator(3)})
    assert_same_behaviour(original, copies_of(original, initializers, custom_objects), first_values)


# --- the helper itself ----------------------------------------------------------------------------------------------


class Example:
    def __init__(self, units, rate=0.25, mode="a", **kwargs):
        pass


class Forgetful(Example):
    def __init__(self, units=1, **kwargs):
        super().__init__(units, **kwargs)
        self.units = units

    def get_config(self):
        return {"units": 1}


def test_arguments_are_found_through_kwargs():
    assert arguments_of(Forgetful) == {"units": 1, "rate": 0.25, "mode": "a"}


def test_an_argument_without_a_value_is_reported():
    with pytest.raises(AssertionError, match="no value is known for the argument 'mode'"):
        variants(Forgetful, {})
    with pytest.raises(AssertionError, match="is the default"):
        off_default(Forgetful, "mode", "a", {"mode": "a"})


def test_a_configuration_that_forgets_is_reported():
    with pytest.raises(AssertionError, match="holds units=1, it was made with 2"):
        assert_config_holds(Forgetful(units=2), {"units": 2})
    with pytest.raises(AssertionError, match="does not hold the argument 'rate'"):
        assert_config_holds(Forgetful(), {"rate": 0.5})


def test_exclusive_arguments_are_set_one_at_a_time():
    assert variants(Forgetful, {"mode": "b"}, [("rate", "mode")]) == [
        {"units": 2, "rate": 0.5}, {"units": 2, "mode": "b"}]
