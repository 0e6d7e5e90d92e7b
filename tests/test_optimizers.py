"""Optimizers: the frame around the rules (tests/ops/test_optimizer_steps.py), options, state, configs, errors."""

import collections
import math
import warnings

import numpy as np
import pytest

import tinynet as tn
from tinynet import ops, optimizers
from tinynet.optimizers import schedules
from tinynet.tensor import Tensor
from tinynet.variable import Variable

NAMES = sorted(cls.__name__ for cls in optimizers._CLASSES)


def variables(dtype="float32"):
    rng = np.random.default_rng(0)
    return [
        Variable(rng.standard_normal(shape), dtype=dtype, name=name)
        for shape, name in (((4, 3), "kernel"), ((3,), "bias"))
    ]


def gradients(seed=1, dtype="float32"):
    rng = np.random.default_rng(seed)
    return [Tensor(rng.standard_normal(shape).astype(dtype)) for shape in ((4, 3), (3,))]


def values(variables):
    return [variable.numpy() for variable in variables]


def assert_equal(a, b):
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y)


def after(optimizer, steps=3, dtype="float32"):
    """The weights after some steps with fixed gradients."""
    v = variables(dtype)
    for step in range(steps):
        optimizer.apply(gradients(step, dtype), v)
    return values(v)


@pytest.mark.parametrize("name", NAMES)
def test_it_goes_downhill(name):
    """(w - 3)^2 from w = 1, in matrices and vectors."""
    v = [Variable(np.ones((3, 4), np.float32), name="kernel"), Variable(np.ones(4, np.float32), name="bias")]
    optimizer = getattr(optimizers, name)(learning_rate=1.0 if name == "Adadelta" else 0.05)
    for _ in range(100):
        optimizer.apply([Tensor(2 * (w.data - 3)) for w in v], v)
    for w in v:
        assert np.mean((w.numpy() - 3) ** 2) < 0.9 * 4


@pytest.mark.parametrize("name", NAMES)
def test_native_and_reference_backends_agree(name):
    native = after(getattr(optimizers, name)(), dtype="float64")
    with tn.backend("numpy"):
        reference = after(getattr(optimizers, name)(), dtype="float64")
    for a, b in zip(native, reference, strict=True):
        assert np.abs(a - b).max() <= 3 * 64 * 2.0**-53 * np.abs(b).max()


@pytest.mark.parametrize("name", NAMES)
def test_state_and_config_make_a_copy(name):
    v = variables()
    optimizer = getattr(optimizers, name)(learning_rate=0.02, clipnorm=1.0)
    for step in range(3):
        optimizer.apply(gradients(step), v)
    store = {}
    optimizer.save_own_variables(store)
    other = optimizers.deserialize(optimizers.serialize(optimizer))
    assert other.get_config() == optimizer.get_config()
    w = [Variable(value, name=variable.name) for value, variable in zip(values(v), v, strict=True)]
    other.build(w)
    other.load_own_variables(store)
    assert int(other.iterations) == 3
    optimizer.apply(gradients(9), v)
    other.apply(gradients(9), w)
    assert_equal(values(v), values(w))


def test_get():
    assert type(optimizers.get("adam")) is optimizers.Adam
    assert type(optimizers.get("RMSprop")) is optimizers.RMSprop
    assert optimizers.get({"class_name": "SGD", "config": {"momentum": 0.5}}).momentum == 0.5
    adam = optimizers.Adam()
    assert optimizers.get(adam) is adam
    with pytest.raises(ValueError, match="unknown optimizer 'adm'; did you mean 'adam'"):
        optimizers.get("adm")
    with pytest.raises(ValueError, match="got 3"):
        optimizers.get(3)


def test_learning_rate():
    optimizer = optimizers.SGD(0.5)
    assert float(optimizer.learning_rate) == 0.5
    optimizer.learning_rate = 0.25
    assert float(optimizer.lr) == 0.25
    optimizer.learning_rate.assign(1.0)
    v = [Variable([1.0])]
    optimizer.apply([np.ones(1, np.float32)], v)
    assert v[0].numpy() == 0
    optimizer.learning_rate = schedules.PiecewiseConstantDecay([1], [1.0, 2.0])
    optimizer.apply([np.ones(1, np.float32)], v)
    optimizer.apply([np.ones(1, np.float32)], v)
    assert v[0].numpy() == -3
    with pytest.raises(TypeError, match="PiecewiseConstantDecay"):
        optimizer.learning_rate = 0.1
    optimizer.learning_rate = lambda: 0.5
    optimizer.apply([np.ones(1, np.float32)], v)
    assert v[0].numpy() == -3.5
    with pytest.raises(ValueError, match="learning_rate must be a float"):
        optimizers.SGD("fast")


def test_a_schedule_of_ones_own():
    class Halving(schedules.LearningRateSchedule):
        def __call__(self, step):
            return 0.5 ** int(step)

    v = [Variable([0.0])]
    optimizer = optimizers.SGD(Halving())
    for _ in range(3):
        optimizer.apply([np.ones(1, np.float32)], v)
    assert v[0].numpy() == -1.75
    assert optimizer.learning_rate == 0.125


def test_old_spellings():
    with pytest.warns(DeprecationWarning, match="learning_rate"):
        assert float(optimizers.Adam(lr=0.5).learning_rate) == 0.5
    with pytest.warns(DeprecationWarning, match="InverseTimeDecay"):
        optimizer = optimizers.SGD(1.0, decay=1.0)
    v = [Variable([0.0])]
    for _ in range(3):
        optimizer.apply([np.ones(1, np.float32)], v)
    assert v[0].numpy() == pytest.approx(-(1 + 1 / 2 + 1 / 3))
    with pytest.raises(ValueError, match="unknown argument 'momentun'"):
        optimizers.SGD(momentun=0.9)


def test_weight_decay_and_its_exceptions():
    v = variables()
    before = values(v)
    optimizer = optimizers.SGD(0.5, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.apply([np.zeros((4, 3), np.float32), np.zeros(3, np.float32)], v)
    assert_equal(values(v), [before[0] * np.float32(0.75), before[1]])
    with pytest.raises(ValueError, match="before the first step"):
        optimizer.exclude_from_weight_decay(var_list=v)


def test_clipping():
    zero = [Variable(np.zeros(2, np.float32)), Variable(np.zeros(1, np.float32))]
    grads = [np.array([3, 4], np.float32), np.array([12], np.float32)]

    def step(**option):
        optimizers.SGD(1.0, **option).apply(grads, zero)
        result = values(zero)
        for variable in zero:
            variable.assign(np.zeros_like(variable.data))
        return [-r for r in result]

    assert_equal(step(clipvalue=3.5), [[3, 3.5], [3.5]])
    np.testing.assert_allclose(np.concatenate(step(clipnorm=1)), [0.6, 0.8, 1], rtol=1e-6)
    np.testing.assert_allclose(np.concatenate(step(global_clipnorm=6.5)), [1.5, 2, 6], rtol=1e-6)
    np.testing.assert_allclose(np.concatenate(step(global_clipnorm=65.0)), [3, 4, 12], rtol=1e-6)
    grads[0][1] = np.inf  # no direction is left of such a gradient; 0 would hide it
    with np.errstate(all="ignore"):
        assert all(np.isnan(result).all() for result in step(global_clipnorm=6.5))
    with pytest.raises(ValueError, match="only one of"):
        optimizers.SGD(clipnorm=1.0, clipvalue=1.0)


def test_accumulation_steps_with_the_mean():
    v, w = variables(), variables()
    collecting, plain = optimizers.Adam(gradient_accumulation_steps=2), optimizers.Adam()
    start = values(v)
    collecting.apply(gradients(1), v)
    assert_equal(values(v), start)
    collecting.apply(gradients(2), v)
    plain.apply([Tensor((a.data + b.data) / 2) for a, b in zip(gradients(1), gradients(2), strict=True)], w)
    assert_equal(values(v), values(w))
    assert int(collecting.iterations) == 1


def test_moving_average():
    v = [Variable([0.0])]
    optimizer = optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    for _ in range(3):  # weights -1, -2, -3; averages -1, -1.5, -2.25
        optimizer.apply([np.ones(1, np.float32)], v)
    assert v[0].numpy() == -3
    optimizer.finalize_variable_values(v)
    assert v[0].numpy() == -2.25


def test_loss_scale():
    v = [Variable([0.0])]
    optimizer = optimizers.SGD(1.0, loss_scale_factor=8.0)
    optimizer.apply([np.full(1, 8, np.float32)], v)
    assert v[0].numpy() == -1


@pytest.mark.parametrize("options", [{"clipnorm": 0.5}, {"clipvalue": 0.5}, {"global_clipnorm": 0.5},
                                     {"loss_scale_factor": 2.0}, {"gradient_accumulation_steps": 2}, {"use_ema": True}])
@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_a_weight_without_axes(name, options):
    """NumPy makes scalars of arrays without axes wherever it computes with them."""
    scalar, vector = Variable(2.0), Variable([2.0])
    one, other = (optimizers.get({"class_name": name, "config": {"learning_rate": 0.5, **options}}) for _ in range(2))
    for _ in range(3):
        one.apply([np.array(3.0, np.float32)], [scalar])
        other.apply([np.array([3.0], np.float32)], [vector])
    one.finalize_variable_values([scalar])
    other.finalize_variable_values([vector])
    assert scalar.numpy().tolist() == vector.numpy()[0] != 2.0


def test_loss_scale_is_a_pair():
    """What divides the gradients has multiplied the loss: with a power of 2 every step has the same bits as without."""
    def by_fit(optimizer):
        model = tn.Sequential([tn.layers.Input((3,)), tn.layers.Dense(2, kernel_initializer="ones")])
        model.compile(optimizer, "mse")
        history = model.fit(np.eye(3), np.ones((3, 2)), epochs=3, verbose=0).history
        return [history["loss"], *model.get_weights()]

    def by_train_on_batch(optimizer):
        model = tn.Sequential([tn.layers.Input((3,)), tn.layers.Dense(2, kernel_initializer="ones")])
        model.compile(optimizer, "mse")
        return [model.train_on_batch(np.eye(3), np.zeros((3, 2))), *model.get_weights()]

    def by_minimize(optimizer):
        w = Variable([1.0, 2.0])
        optimizer.minimize(lambda: ops.sum(w * w), [w])
        return [w.numpy()]

    def by_minimize_with_a_tape(optimizer):
        w = Variable([1.0, 2.0])
        with tn.GradientTape() as tape:
            loss = ops.sum(w * w)
        optimizer.minimize(loss, [w], tape=tape)
        return [w.numpy()]

    for steps in (by_fit, by_train_on_batch, by_minimize, by_minimize_with_a_tape):
        expected, actual = (steps(optimizers.SGD(0.125, loss_scale_factor=factor)) for factor in (None, 1024.0))
        for a, b in zip(actual, expected, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_watcher_gets_the_gradients_of_the_loss():
    v, seen = [Variable([0.0])], []
    optimizer = optimizers.SGD(1.0, loss_scale_factor=8.0)
    optimizer.watch = lambda gradients, variables: seen.append(gradients[0].tolist())
    optimizer.apply([np.full(1, 8, np.float32)], v)
    assert seen == [[1.0]]


def test_constraint_comes_after_the_step():
    v = [Variable([1.0, 2.0])]
    v[0].constraint = lambda w: np.maximum(w.data, 0)
    optimizers.SGD(1.5).apply([np.ones(2, np.float32)], v)
    assert v[0].numpy().tolist() == [0, 0.5]


def test_missing_gradients():
    v = variables()
    before = values(v)
    optimizer = optimizers.SGD()
    with pytest.warns(UserWarning, match=r"Gradients do not exist for variables \['bias'\]"):
        optimizer.apply([gradients()[0], None], v)
    np.testing.assert_array_equal(v[1].numpy(), before[1])
    assert (v[0].numpy() != before[0]).any()
    with pytest.raises(ValueError, match="No gradients provided"):
        optimizer.apply([None, None], v)


def test_errors_of_apply():
    v = variables()
    optimizer = optimizers.SGD()
    with pytest.raises(ValueError, match="call build"):
        optimizer.apply(gradients())
    optimizer.build(v)
    with pytest.raises(ValueError, match="1 gradients for 2 variables"):
        optimizer.apply(gradients()[:1])
    with pytest.raises(ValueError, match="unknown variable 'stranger'"):
        optimizer.apply([np.ones(1, np.float32)], [Variable([1.0], name="stranger")])
    with pytest.raises(ValueError, match="shape"):
        optimizer.apply(gradients()[::-1], v)


def test_a_subset_of_the_variables():
    v = variables()
    before = values(v)
    optimizer = optimizers.Adam()
    optimizer.build(v)
    optimizer.apply_gradients([(gradients()[1], v[1])])
    np.testing.assert_array_equal(v[0].numpy(), before[0])
    assert (v[1].numpy() != before[1]).all()


def test_gradients_are_cast_and_types_mix():
    v = [Variable([1.0, 2.0], dtype="float32"), Variable([1.0], dtype="float64")]
    optimizers.SGD(1.0).apply([np.ones(2), np.ones(1, np.float32)], v)
    assert v[0].numpy().tolist() == [0, 1] and v[1].numpy().tolist() == [0]
    assert v[0].dtype == np.float32 and v[1].dtype == np.float64


def test_an_unplayed_tape_keeps_the_old_weights():
    v = Variable([2.0])
    with tn.GradientTape() as tape:
        y = tn.ops.relu(v)
    held = v.data
    optimizers.SGD(1.0).apply([np.ones(1, np.float32)], [v])
    assert held.tolist() == [2] and v.data.tolist() == [1]
    assert tape.gradient(y, v).numpy().tolist() == [1]
    held = v.data
    optimizers.SGD(1.0).apply([np.ones(1, np.float32)], [v])
    assert v.data is held


def test_a_rule_of_ones_own():
    class Halver(optimizers.Optimizer):
        def build(self, variables):
            super().build(variables)
            self.counts = self.add_optimizer_variables(variables, "count")

        def update_step(self, gradient, variable, learning_rate):
            count = self.counts[self._get_variable_index(variable)]
            self.assign_add(count, np.ones(variable.shape))
            self.assign_sub(variable, gradient.data * learning_rate / 2)

    v = [Variable([1.0], name="w")]
    optimizer = Halver(1.0, weight_decay=0.5)
    optimizer.apply([np.ones(1, np.float32)], v)
    assert v[0].numpy() == 0
    assert [state.name for state in optimizer.variables] == ["iteration", "learning_rate", "w_count"]
    assert optimizer.variables[2].numpy() == 1

    class Odd(optimizers.Adam):
        def update_step(self, gradient, variable, learning_rate):
            self.assign(variable, np.full(variable.shape, 7.0))

    Odd().apply([np.ones(1, np.float32)], v)
    assert v[0].numpy() == 7


def test_minimize():
    v = Variable([2.0])
    optimizer = optimizers.SGD(0.5)
    optimizer.minimize(lambda: tn.ops.relu(v), [v])
    assert v.numpy() == 1.5 and int(optimizer.iterations) == 1


def test_no_warnings_in_a_plain_step():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        after(optimizers.Adam())


def test_schedules():
    assert schedules.ExponentialDecay(0.1, 100, 0.5)(50).numpy() == pytest.approx(0.1 * math.sqrt(0.5))
    assert schedules.PolynomialDecay(1.0, 10, 0.0, power=2)(5).numpy() == pytest.approx(0.25)
    assert schedules.CosineDecay(1.0, 10)(5).numpy() == pytest.approx(0.5)
    steps = schedules.PiecewiseConstantDecay([1, 3], [1.0, 0.5, 0.25])(np.arange(5))
    assert steps.numpy().tolist() == [1, 1, 0.5, 0.5, 0.25]
    # each wave of a restart begins at the top, to the step
    restarts = schedules.CosineDecayRestarts(1.0, 10)
    assert [float(restarts(step)) for step in (0, 10, 30, 70, 150, 310, 630, 1270)] == [1.0] * 8
    schedule = schedules.CosineDecay(0.1, 20, warmup_target=1.0, warmup_steps=5)
    assert schedules.deserialize(schedules.serialize(schedule)).get_config() == schedule.get_config()
    with pytest.raises(ValueError, match="decay_steps must be above 0"):
        schedules.CosineDecay(0.1, 0)
    with pytest.raises(ValueError, match="2 boundaries need 3 values, got 2"):
        schedules.PiecewiseConstantDecay([1, 2], [1.0, 2.0])


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("Adam", {"learnin_rate": 0.1}, "Adam: unknown argument 'learnin_rate'; did you mean 'learning_rate'?"),
        ("Adam", {"beta_1": 1.5}, "Adam: beta_1 must be a number from 0 to below 1, got 1.5"),
        ("Nadam", {"beta_2": "0.9"}, "Nadam: beta_2 must be a number from 0 to below 1, got '0.9'"),
        ("Lamb", {"epsilon": -1}, "Lamb: epsilon must be a number of at least 0, got -1"),
        ("RMSprop", {"rho": 2}, "RMSprop: rho must be a number from 0 to below 1, got 2"),
        ("RMSprop", {"momentum": "a"}, "RMSprop: momentum must be a number of at least 0, got 'a'"),
        ("Adagrad", {"initial_accumulator_value": -1}, "initial_accumulator_value must be a number of at least 0"),
        ("Lion", {"beta_2": None}, "Lion: beta_2 must be a number from 0 to below 1, got None"),
        ("Ftrl", {"l1_regularization_strength": "a"}, "l1_regularization_strength must be a number of at least 0"),
        ("SGD", {"clipnorm": "1"}, "SGD: clipnorm must be a number, got '1'"),
        ("SGD", {"weight_decay": True}, "SGD: weight_decay must be a number, got True"),
        ("SGD", {"gradient_accumulation_steps": 2.5}, "must be an int of 2 or more, got 2.5"),
        ("SGD", {"gradient_accumulation_steps": "2"}, "must be an int of 2 or more, got '2'"),
    ],
)
def test_wrong_arguments_are_named_at_once(name, arguments, words):
    with pytest.raises(ValueError) as error:
        getattr(optimizers, name)(**arguments)
    assert words in str(error.value)


def test_numbers_of_numpy_and_the_old_epsilon():
    assert optimizers.SGD(momentum=np.float32(0.5)).get_config()["momentum"] == 0.5
    assert optimizers.Adam(beta_1=np.float32(0.5)).name == "adam"
    with pytest.warns(DeprecationWarning, match="epsilon=None is an old spelling"):
        assert optimizers.Adam(epsilon=None).epsilon == 1e-7


@pytest.mark.parametrize(
    ("pairs", "error", "words"),
    [
        (lambda grads, weights: grads, TypeError, "expected pairs (gradient, variable), as zip(gradients, "),
        (lambda grads, weights: zip(weights, grads, strict=True), TypeError, "got (Variable, Tensor)"),
        (lambda grads, weights: [], ValueError, "got no pairs (gradient, variable)"),
    ],
)
def test_what_is_not_pairs_of_gradient_and_variable(pairs, error, words):
    with pytest.raises(error) as info:
        optimizers.SGD().apply_gradients(pairs(gradients(), variables()))
    assert words in str(info.value)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: schedules.ExponentialDecay("x", 10, 0.9), "initial_learning_rate must be a number, got 'x'"),
        (lambda: schedules.CosineDecay(0.1, "10"), "decay_steps must be above 0, got '10'"),
        (lambda: schedules.CosineDecayRestarts(0.1, 0), "first_decay_steps must be above 0, got 0"),
        (lambda: schedules.PiecewiseConstantDecay([2, 1], [1.0, 0.5, 0.1]), r"boundaries must grow, got \[2, 1\]"),
        (lambda: schedules.PiecewiseConstantDecay(5, [1.0, 0.5]), "boundaries and values must be lists"),
    ],
)
def test_wrong_arguments_of_schedules(make, words):
    with pytest.raises(ValueError, match=words):
        make()


RATE, EPSILON, DECAY = 0.125, 1e-3, 0.015625  # float32 has the first and the last
FORMULAS = {}


def formula_of(name, **arguments):
    """Keeps a function (w, g, t, s) as the rule of an optimizer: weights, gradients, step from 1, its own numbers."""
    def keep(rule):
        FORMULAS[f"{name} {rule.__name__}"] = name, arguments, rule
        return rule
    return keep


@formula_of("SGD", momentum=0.6)
def momentum(w, g, t, s):
    s["v"] = 0.6 * s["v"] - RATE * g
    return w + s["v"]


@formula_of("SGD", momentum=0.6, nesterov=True)
def nesterov(w, g, t, s):
    s["v"] = 0.6 * s["v"] - RATE * g
    return w + 0.6 * s["v"] - RATE * g


def moments(g, s):
    s["m"], s["v"] = 0.8 * s["m"] + 0.2 * g, 0.95 * s["v"] + 0.05 * g**2
    return s["m"], s["v"]


@formula_of("Adam", beta_1=0.8, beta_2=0.95, epsilon=EPSILON)
@formula_of("AdamW", beta_1=0.8, beta_2=0.95, epsilon=EPSILON)
def adam(w, g, t, s):
    m, v = moments(g, s)
    return w - RATE * np.sqrt(1 - 0.95**t) / (1 - 0.8**t) * m / (np.sqrt(v) + EPSILON)


@formula_of("Adam", beta_1=0.8, beta_2=0.95, epsilon=EPSILON, amsgrad=True)
def amsgrad(w, g, t, s):
    m, v = moments(g, s)
    s["largest"] = np.maximum(s["largest"], v)
    return w - RATE * np.sqrt(1 - 0.95**t) / (1 - 0.8**t) * m / (np.sqrt(s["largest"]) + EPSILON)


@formula_of("Adamax", beta_1=0.8, beta_2=0.95, epsilon=EPSILON)
def adamax(w, g, t, s):
    s["m"], s["u"] = 0.8 * s["m"] + 0.2 * g, np.maximum(0.95 * s["u"], abs(g))
    return w - RATE / (1 - 0.8**t) * s["m"] / (s["u"] + EPSILON)


@formula_of("Nadam", beta_1=0.8, beta_2=0.95, epsilon=EPSILON)
def nadam(w, g, t, s):
    """Dozat, 2016, with Keras's schedule of beta_1."""
    now, following = (0.8 * (1 - 0.5 * 0.96**step) for step in (t, t + 1))
    s["product"] = now * (s["product"] if t > 1 else 1)
    m, v = moments(g, s)
    mean = following * m / (1 - s["product"] * following) + (1 - now) * g / (1 - s["product"])
    return w - RATE * mean / (np.sqrt(v / (1 - 0.95**t)) + EPSILON)


@formula_of("RMSprop", rho=0.8, momentum=0.6, epsilon=EPSILON)
def rmsprop(w, g, t, s):
    s["v"] = 0.8 * s["v"] + 0.2 * g**2
    s["momentum"] = 0.6 * s["momentum"] + RATE * g / np.sqrt(s["v"] + EPSILON)
    return w - s["momentum"]


@formula_of("RMSprop", rho=0.8, epsilon=EPSILON, centered=True)
def centered(w, g, t, s):
    s["v"], s["mean"] = 0.8 * s["v"] + 0.2 * g**2, 0.8 * s["mean"] + 0.2 * g
    return w - RATE * g / np.sqrt(s["v"] - s["mean"] ** 2 + EPSILON)


@formula_of("Adagrad", initial_accumulator_value=0.25, epsilon=EPSILON)
def adagrad(w, g, t, s):
    s["a"] = (s["a"] if t > 1 else 0.25) + g**2
    return w - RATE * g / np.sqrt(s["a"] + EPSILON)


@formula_of("Adadelta", rho=0.8, epsilon=EPSILON)
def adadelta(w, g, t, s):
    s["a"] = 0.8 * s["a"] + 0.2 * g**2
    step = np.sqrt(s["x"] + EPSILON) / np.sqrt(s["a"] + EPSILON) * g
    s["x"] = 0.8 * s["x"] + 0.2 * step**2
    return w - RATE * step


@formula_of("Lion", beta_1=0.8, beta_2=0.95)
def lion(w, g, t, s):
    step = np.sign(0.8 * s["m"] + 0.2 * g)
    s["m"] = 0.95 * s["m"] + 0.05 * g
    return w - RATE * step


@formula_of("Ftrl", learning_rate_power=-0.6, initial_accumulator_value=0.25, l1_regularization_strength=0.4,
            l2_regularization_strength=0.05, l2_shrinkage_regularization_strength=0.07, beta=0.3)
def ftrl(w, g, t, s):
    before = s["a"] if t > 1 else 0.25
    s["a"] = before + g**2
    s["z"] = s["z"] + g + 2 * 0.07 * w - (s["a"] ** 0.6 - before**0.6) / RATE * w
    return (np.clip(s["z"], -0.4, 0.4) - s["z"]) / (s["a"] ** 0.6 / RATE + 2 * (0.05 + 0.3 / (2 * RATE)))


@pytest.mark.parametrize("decay", [0.0, DECAY])
@pytest.mark.parametrize("case", FORMULAS)
def test_five_steps_are_those_of_the_formula(case, decay):
    """With every hyperparameter off its default; weight decay comes before the step, learning rate times decay."""
    name, arguments, rule = FORMULAS[case]
    optimizer = getattr(optimizers, name)(learning_rate=RATE, weight_decay=decay, **arguments)
    generator = np.random.default_rng(6)
    w = generator.standard_normal(50)
    variable, state = Variable(w.copy(), dtype="float64"), collections.defaultdict(float)
    for t in range(1, 6):
        g = generator.standard_normal(50)
        optimizer.apply([g], [variable])
        w = rule(w * (1 - RATE * decay), g, t, state)
        np.testing.assert_allclose(variable.numpy(), w, rtol=1e-10, atol=1e-12)


def cosine(part):
    return 0.5 * (1 + math.cos(math.pi * part))


SCHEDULES = {  # (schedule, its formula of the step)
    "exponential": (schedules.ExponentialDecay(0.5, 4, 0.25), lambda t: 0.5 * 0.25 ** (t / 4)),
    "exponential stairs": (schedules.ExponentialDecay(0.5, 4, 0.25, staircase=True), lambda t: 0.5 * 0.25 ** (t // 4)),
    "inverse time": (schedules.InverseTimeDecay(0.5, 4, 0.75), lambda t: 0.5 / (1 + 0.75 * t / 4)),
    "inverse time stairs": (schedules.InverseTimeDecay(0.5, 4, 0.75, staircase=True),
                            lambda t: 0.5 / (1 + 0.75 * (t // 4))),
    "pieces": (schedules.PiecewiseConstantDecay([3, 7], [0.5, 0.25, 0.125]),
               lambda t: 0.5 if t <= 3 else 0.25 if t <= 7 else 0.125),
    "polynomial": (schedules.PolynomialDecay(0.5, 6, 0.125, power=2.0),
                   lambda t: 0.375 * (1 - min(t, 6) / 6) ** 2 + 0.125),
    "polynomial cycles": (schedules.PolynomialDecay(0.5, 6, 0.125, power=2.0, cycle=True),
                          lambda t: 0.375 * (1 - t / (6 * max(math.ceil(t / 6), 1))) ** 2 + 0.125),
    "cosine": (schedules.CosineDecay(0.5, 6, alpha=0.25), lambda t: 0.5 * (0.75 * cosine(min(t, 6) / 6) + 0.25)),
    "cosine after warming up": (
        schedules.CosineDecay(0.125, 6, alpha=0.25, warmup_target=0.5, warmup_steps=4),
        lambda t: 0.125 + 0.375 * t / 4 if t < 4 else 0.5 * (0.75 * cosine(min(t - 4, 6) / 6) + 0.25)),
    "restarts": (schedules.CosineDecayRestarts(0.5, 4, t_mul=1.0, m_mul=0.5, alpha=0.25),
                 lambda t: 0.5 * (0.75 * 0.5 ** (t // 4) * cosine(t % 4 / 4) + 0.25)),
    "longer restarts": (  # waves of 4, 8 and 16 steps
        schedules.CosineDecayRestarts(0.5, 4, t_mul=2.0, m_mul=0.5, alpha=0.25),
        lambda t: 0.5 * (0.75 * (cosine(t / 4) if t < 4 else 0.5 * cosine((t - 4) / 8) if t < 12
                                 else 0.25 * cosine((t - 12) / 16)) + 0.25)),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_are_their_formulas(name):
    schedule, formula = SCHEDULES[name]
    for step in range(28):
        assert float(schedule(step)) == pytest.approx(formula(step), rel=1e-6), step


def test_a_power_of_0_keeps_ftrls_rate_and_one_above_is_refused():
    assert optimizers.Ftrl(learning_rate_power=0.0).learning_rate_power == 0
    with pytest.raises(ValueError, match="learning_rate_power must be at most 0"):
        optimizers.Ftrl(learning_rate_power=0.01)


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Adagrad"])
@pytest.mark.parametrize("again", [True, False])
def test_every_step_is_counted(name, again):
    """Also one that is taken again, with the arguments of the step before."""
    optimizer, weights = getattr(tn.optimizers, name)(0.1), [tn.Variable(np.ones(3, np.float32)) for _ in range(2)]
    gradients = [tn.convert_to_tensor(np.ones(3, np.float32)) for _ in range(2)]
    for step in range(1, 6):
        optimizer.apply(gradients if again else list(gradients), weights)
        assert int(optimizer.iterations) == step


@pytest.mark.parametrize("optimizer", [tn.textbook.AdaGradForm2, tn.textbook.RMSPropSlide, tn.textbook.AdamAlgorithm1])
def test_an_epsilon_that_must_be_above_0_may_not_be_0(optimizer):
    with pytest.raises(ValueError, match="epsilon must be a number above 0, got 0"):
        optimizer(epsilon=0)
