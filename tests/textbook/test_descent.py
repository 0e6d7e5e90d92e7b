"""The slides' descent and momentum: the loops of the slides word for word, and their relation to Keras's forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinynet as tn
from tinynet import Variable, ops, optimizers, textbook
from tinynet.optimizers import schedules
from tinynet.textbook import surfaces

# (class, arguments): one or more of each. The look-ahead is apart, since it needs a closure.
CASES = [
    (textbook.GradientDescent, {}), (textbook.Momentum, {"rho": 0.8}),
    (textbook.NesterovChangeOfVariables, {"rho": 0.8}), (textbook.AdaGradForm1, {}), (textbook.AdaGradForm2, {}),
    (textbook.AdaGradForm3, {"epsilon": 1e-3}), (textbook.AdaGradFullMatrix, {"limit": 20}),
    (textbook.RMSPropSlide, {"decay_rate": 0.8}), (textbook.AdamAlgorithm1, {"beta_2": 0.99}),
    (textbook.AdamAlmost, {}),
]
LOOKAHEAD = (textbook.NesterovLookahead, {"rho": 0.7})
ids = [cls.__name__ for cls, _ in CASES]
U = 2.0**-53
RATE = 2.0**-6  # optimizers keep the rate in float32

rates = st.floats(1e-4, 0.1)
frictions = st.floats(0, 0.99)
starts = st.tuples(st.floats(-2, 2), st.floats(-2, 2))
shapes = st.sampled_from([surfaces.bowl, surfaces.ravine, surfaces.double_well])


def path(optimizer, surface, start, steps=30):
    return textbook.trace(optimizer, surface, start, steps).path


def assert_same_path(a, b, steps=30):
    """Equal up to rounding: some ten roundings a step, which the surfaces enlarge, but less than 100 times."""
    scale = max(1.0, np.abs(a).max())
    np.testing.assert_allclose(a, b, rtol=0, atol=1000 * steps * U * scale)


# -- the loops on the slides --------------------------------------------------------------------------------------


def slide_loop(update, surface, start, steps, states):
    """for t in range(num_steps): dw = compute_gradient(w); ..."""
    w, state, result = np.array(start, float), [np.zeros(2) for _ in range(states)], [np.array(start, float)]
    for t in range(1, steps + 1):
        w, *state = update(w, surface.gradient(w), t, *state)
        result.append(w.copy())
    return np.array(result)


def test_gradient_descent_is_the_weight_update():
    expected = slide_loop(lambda w, dw, t: [w - RATE * dw], surfaces.ravine, (1, 1), 20, 0)
    np.testing.assert_array_equal(path(textbook.GradientDescent(RATE), surfaces.ravine, (1, 1), 20), expected)


def test_momentum_is_the_slides_loop():
    def update(w, dw, t, v):
        v = 0.9 * v + dw
        return w - RATE * v, v

    expected = slide_loop(update, surfaces.ravine, (1, 1.5), 20, 1)
    np.testing.assert_array_equal(path(textbook.Momentum(RATE), surfaces.ravine, (1, 1.5), 20), expected)


def test_nesterov_is_the_slides_code():
    def update(w, dw, t, v):
        old_v = v
        v = 0.9 * v - RATE * dw
        return w - (0.9 * old_v - (1 + 0.9) * v), v

    expected = slide_loop(update, surfaces.ravine, (1, 1.5), 20, 1)
    np.testing.assert_array_equal(
        path(textbook.NesterovChangeOfVariables(RATE), surfaces.ravine, (1, 1.5), 20), expected
    )


# -- Nesterov in all its forms -------------------------------------------------------------------------------------


@given(rate=rates, rho=frictions, start=starts, surface=shapes)
def test_lookahead_and_change_of_variables_walk_the_same_path(rate, rho, start, surface):
    """x~ = x + rho v: the points looked ahead to are those the other form stands on."""
    rate = min(rate, 0.04)  # below 1 / steepness of the ravine, where no path leaves
    ahead = textbook.trace(textbook.NesterovLookahead(rate, rho), surface, start, 30)
    x, v = ahead.path, np.concatenate([np.zeros((1, 2)), ahead.velocity])
    changed = textbook.trace(textbook.NesterovChangeOfVariables(rate, rho), surface, start, 30)
    assert_same_path(changed.path, x + rho * v)
    np.testing.assert_allclose(changed.gradient, ahead.gradient, atol=1e5 * U)
    np.testing.assert_allclose(changed.velocity, ahead.velocity, atol=1e5 * U)


@given(rate=rates, rho=frictions, start=starts, surface=shapes)
def test_change_of_variables_is_keras_nesterov(rate, rho, start, surface):
    rate = min(rate, 0.04)
    assert_same_path(path(textbook.NesterovChangeOfVariables(rate, rho), surface, start),
                     path(optimizers.SGD(rate, momentum=rho, nesterov=bool(rho)), surface, start))


@given(rho=frictions, rate=rates, start=starts)
def test_the_equations_of_the_change_of_variables(rho, rate, start):
    """Row 13: x~' = x~ - rho v + (1 + rho) v' = x~ + v' + rho (v' - v)."""
    rate = min(rate, 0.04)
    walk = textbook.trace(textbook.NesterovChangeOfVariables(rate, rho), surfaces.ravine, start, 10)
    v = np.concatenate([np.zeros((1, 2)), walk.velocity])
    assert_same_path(walk.path[1:], walk.path[:-1] - rho * v[:-1] + (1 + rho) * v[1:])
    assert_same_path(walk.path[1:], walk.path[:-1] + v[1:] + rho * (v[1:] - v[:-1]))


def test_lookahead_needs_a_closure():
    optimizer, w = textbook.NesterovLookahead(0.1), Variable([1.0, 2.0])
    with pytest.raises(ValueError, match="minimize"):
        optimizer.apply([np.ones(2)], [w])
    with tn.GradientTape() as tape:
        loss = surfaces.bowl(w)
    with pytest.raises(ValueError, match="must be a function"):
        optimizer.minimize(loss, [w], tape=tape)
    model = tn.Sequential([tn.Input((2,)), tn.layers.Dense(1)])
    model.compile(optimizer=optimizer, loss="mse")
    with pytest.raises(ValueError, match="NesterovChangeOfVariables"):
        model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)


def test_lookahead_puts_the_weights_back_after_an_error():
    optimizer, w = textbook.NesterovLookahead(0.1), Variable([1.0, 2.0])
    optimizer.minimize(lambda: surfaces.bowl(w), [w])
    before = w.numpy()
    with pytest.raises(ZeroDivisionError):
        optimizer.minimize(lambda: 1 / 0, [w])
    np.testing.assert_array_equal(w.numpy(), before)


def test_lookahead_in_a_train_step():
    class Ahead(tn.Sequential):
        def train_step(self, data):
            x, y = data
            self.optimizer.minimize(lambda: self.compute_loss(x, y, self(x, training=True)), self.trainable_variables)
            return {"loss": self.compute_loss(x, y, self(x))}

    tn.utils.set_random_seed(0)
    model = Ahead([tn.Input((2,)), tn.layers.Dense(1)])
    model.compile(optimizer=textbook.NesterovLookahead(0.02), loss="mse")
    x = np.random.default_rng(0).standard_normal((64, 2)).astype("float32")
    history = model.fit(x, x @ [[1.0], [-2.0]], epochs=10, verbose=0).history["loss"]
    assert history[-1] < 0.1 * history[0]


# -- momentum against Keras's ---------------------------------------------------------------------------------------


@given(rate=rates, rho=frictions, start=starts, surface=shapes)
def test_momentum_agrees_with_keras_at_constant_rate(rate, rho, start, surface):
    rate = min(rate, 0.04)
    slide = textbook.trace(textbook.Momentum(rate, rho), surface, start, 30)
    keras = textbook.trace(optimizers.SGD(rate, momentum=rho), surface, start, 30)
    assert_same_path(slide.path, keras.path)
    if rho:  # without, Keras's keeps none
        np.testing.assert_allclose(keras.velocity, -rate * slide.velocity, atol=1e5 * U)


def test_momentum_parts_from_keras_when_the_rate_decays():
    """After the drop to a tenth Keras still takes the old rate's steps: 0.9 * 0.1 * 1 against 0.01 * 0.9."""
    decay = lambda: schedules.PiecewiseConstantDecay([0], [0.1, 0.01])  # noqa: E731
    slide, keras = Variable([0.0], dtype="float64"), Variable([0.0], dtype="float64")
    ours, theirs = textbook.Momentum(decay(), 0.9), optimizers.SGD(decay(), momentum=0.9)
    for gradient in (1.0, 0.0):
        ours.apply([np.array([gradient])], [slide])
        theirs.apply([np.array([gradient])], [keras])
    assert slide.numpy() == pytest.approx(-0.1 - 0.01 * 0.9)
    assert keras.numpy() == pytest.approx(-0.1 - 0.1 * 0.9)


# -- all of them ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cls", "arguments"), CASES, ids=ids)
def test_trains_a_model_in_compile(cls, arguments):
    tn.utils.set_random_seed(0)
    model = tn.Sequential([tn.Input((3,)), tn.layers.Dense(4, activation="tanh"), tn.layers.Dense(1)])
    if cls is textbook.AdaGradFullMatrix:
        arguments = {"learning_rate": 0.1}
    model.compile(optimizer=cls(**{"learning_rate": 0.02, **arguments}), loss="mse")
    x = np.random.default_rng(0).standard_normal((64, 3)).astype("float32")
    losses = model.fit(x, x[:, :1], epochs=5, verbose=0).history["loss"]
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize(("cls", "arguments"), [*CASES, LOOKAHEAD], ids=[*ids, "NesterovLookahead"])
def test_config_round_trip_and_no_mix_up_with_keras(cls, arguments):
    optimizer = cls(0.02, clipnorm=1.0, **arguments)
    described = optimizers.serialize(optimizer)
    twin = optimizers.deserialize(described, custom_objects=textbook.custom_objects)
    assert type(twin) is cls and twin.get_config() == optimizer.get_config()
    with pytest.raises(ValueError, match="unknown optimizer"):  # never another class of the same name
        optimizers.deserialize(described)


@pytest.mark.parametrize(("cls", "arguments"), CASES, ids=ids)
def test_state_is_saved_and_restored(cls, arguments):
    def step(optimizer, w, seed):
        rng = np.random.default_rng(seed)
        optimizer.apply([rng.standard_normal(v.shape) for v in w], w)

    w = [Variable(np.ones((2, 3)), dtype="float64", name="kernel"), Variable(1.0, dtype="float64", name="scale")]
    optimizer = cls(0.02, **arguments)
    step(optimizer, w, 1)
    store = {}
    optimizer.save_own_variables(store)
    twin, v = cls(0.02, **arguments), [Variable(x.numpy(), dtype="float64", name=x.name) for x in w]
    twin.build(v)
    twin.load_own_variables(store)
    step(optimizer, w, 2)
    step(twin, v, 2)
    for a, b in zip(w, v, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


@pytest.mark.parametrize(("cls", "arguments"), CASES, ids=ids)
def test_dtype_stays_and_weights_decay(cls, arguments):
    w = Variable(np.full(3, 2.0), dtype="float32")
    optimizer = cls(0.5, weight_decay=0.5, **arguments)
    optimizer.apply([np.zeros(3)], [w])
    assert w.data.dtype == np.float32
    np.testing.assert_array_equal(w.numpy(), np.float32(1.5))  # 2 - 0.5 * 0.5 * 2, and no step without a gradient


def test_wrong_arguments():
    with pytest.raises(ValueError, match="rho must be a number from 0 to 1, got 1.5"):
        textbook.Momentum(rho=1.5)
    with pytest.raises(ValueError, match="epsilon must be a number above 0"):
        textbook.AdaGradForm3(epsilon=0)
    with pytest.raises(ValueError, match="below 1"):
        textbook.AdamAlgorithm1(beta_2=1.0)
    with pytest.raises(NotImplementedError, match="override step"):
        type("Mine", (textbook.SlideOptimizer,), {})(0.1).apply([np.ones(1)], [Variable([1.0])])


# -- the table ------------------------------------------------------------------------------------------------------


def test_the_slides_comparison_table():
    rows = [line.split("|")[1:-1] for line in textbook.comparison_table().splitlines()[2:]]
    assert {row[0].strip(): "".join(cell.strip() for cell in row[1:]) for row in rows} == {
        "SGD": "✗✗✗✗", "SGD+Momentum": "✓✗✗✗", "Nesterov": "✓✗✗✗", "AdaGrad": "✗✓✗✗", "RMSProp": "✗✓✓✗", "Adam": "✓✓✓✓",
    }


@pytest.mark.parametrize(("cls", "arguments"), [*CASES, LOOKAHEAD], ids=[*ids, "NesterovLookahead"])
def test_the_columns_are_what_the_classes_do(cls, arguments):
    """Measured on one weight: what a step is after a gradient of 1, of 100, and of 1 and then 0."""
    def steps(*gradients):
        w, optimizer, taken = Variable([0.0], dtype="float64"), cls(0.125, **arguments), []
        for gradient in gradients:
            before = float(w[0])
            optimizer.minimize(lambda gradient=gradient: gradient * ops.sum(w), [w])
            taken.append(before - float(w[0]))
        return taken, optimizer

    assert cls.tracks_first_moments == (steps(1.0, 0.0)[0][1] != 0)  # it goes on without a gradient
    (one,), (hundred,) = steps(1.0)[0], steps(100.0)[0]
    assert cls.tracks_second_moments == (hundred < 2 * one)  # the size of the gradient does not matter
    if cls.tracks_second_moments:  # a sum only grows, a leaky mean falls
        second = [optimizer.variables[-1].numpy().item() for _, optimizer in (steps(1.0), steps(1.0, 0.0))]
        assert cls.leaky_second_moments == (second[1] < second[0])
    assert cls.bias_correction == (cls.leaky_second_moments and one == pytest.approx(0.125, rel=0.01))


def test_explain_shows_the_code_and_where_adam_comes_from():
    adam = textbook.explain(textbook.AdamAlmost())
    origin = {line.split("=")[0].strip(): line.split("#")[1].strip() for line in adam.splitlines()[1:3]}
    assert origin == {"moment1[...]": "Momentum", "moment2[...]": "AdaGrad / RMSProp"}
    assert "np.outer(g, g)" in textbook.explain(textbook.AdaGradFullMatrix)
    with pytest.raises(TypeError, match="not of tinynet.textbook"):
        textbook.explain(optimizers.Adam())


@pytest.mark.parametrize(("name", "cls"), [
    ("adam", textbook.AdamAlgorithm1), ("Adam", textbook.AdamAlgorithm1), ("sgd", textbook.GradientDescent),
    ("momentum", textbook.Momentum), ("nesterov", textbook.NesterovChangeOfVariables),
    ("adagrad", textbook.AdaGradForm3), ("RMSProp", textbook.RMSPropSlide), ("rmsprop", textbook.RMSPropSlide),
    ("gradient_descent", textbook.GradientDescent), ("AdamAlgorithm1", textbook.AdamAlgorithm1),
])
def test_explain_by_name(name, cls):
    assert textbook.explain(name) == textbook.explain(cls)


@pytest.mark.parametrize(("name", "message"), [("adma", "'adma'; did you mean 'adam'"), ("xyz", "Names: sgd, ")])
def test_explain_of_an_unknown_name(name, message):
    with pytest.raises(ValueError, match=message):
        textbook.explain(name)
