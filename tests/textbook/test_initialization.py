"""The demos' initializations and networks, and the Xavier experiment with the numbers of the slides."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinynet as tn
from tinynet import initializers, layers, textbook
from tinynet.datasets import toy
from tinynet.textbook.initializers import DECISION_BOUNDARY_INITIALIZERS, DIGITS_INITIALIZERS, choose


def assert_moments(values, stddev, errors=5):
    """Mean 0 and this standard deviation, within 5 standard errors (the 4th moment of a normal distribution is 3)."""
    values = np.asarray(values, np.float64).ravel()
    assert abs(values.mean()) <= errors * stddev / np.sqrt(values.size)
    assert abs(values.var() - stddev**2) <= errors * stddev**2 * np.sqrt(2 / values.size)


def test_xavier_experiment_gives_the_slides_numbers():
    """Row 35: .63 .49 .41 .36 .32 .30, the means 0.00."""
    statistics = textbook.xavier_experiment()
    assert [round(std, 2) for _, std in statistics] == [0.63, 0.49, 0.41, 0.36, 0.32, 0.30]
    assert all(abs(mean) < 0.01 for mean, _ in statistics)


def test_xavier_experiment_with_other_weights():
    """Too small weights: all activations die; too large ones: all saturate."""
    small = textbook.xavier_experiment((500,) * 7, initializer=initializers.RandomNormal(stddev=0.01, seed=1))
    large = textbook.xavier_experiment((500,) * 7, initializer=initializers.RandomNormal(stddev=0.5, seed=1))
    assert small[-1][1] < 1e-3 and all(std > 0.9 for _, std in large)
    assert textbook.xavier_experiment((50, 20)) == textbook.xavier_experiment((50, 20))
    assert textbook.xavier_experiment((50, 20), seed=1) != textbook.xavier_experiment((50, 20))


def test_xavier_is_what_keras_calls_variance_scaling():
    assert_moments(textbook.XavierSlide(seed=1)((400, 300)).numpy(), 400**-0.5)
    scaling = initializers.VarianceScaling(1.0, "fan_in", "untruncated_normal", seed=1)
    np.testing.assert_allclose(textbook.XavierSlide(seed=1)((400, 300)).numpy(), scaling((400, 300)).numpy())
    twin = initializers.deserialize(initializers.serialize(textbook.XavierSlide(seed=1)), textbook.custom_objects)
    np.testing.assert_array_equal(twin((4, 3)).numpy(), textbook.XavierSlide(seed=1)((4, 3)).numpy())


def test_xavier_for_convolutions():
    """Row 36: Din = kernel_size^2 * input_channels."""
    layer = layers.Conv2D(64, 3, kernel_initializer=textbook.XavierSlide(seed=0))
    layer.build((None, 8, 8, 32))
    assert_moments(layer.kernel.numpy(), (9 * 32) ** -0.5)


@given(Din=st.integers(200, 400), Dout=st.integers(200, 400), x_std=st.floats(0.1, 3), w_std=st.floats(0.01, 1),
       seed=st.integers(0, 9))
def test_variance_of_the_output(Din, Dout, x_std, w_std, seed):
    """Row 37: Var(y) = Din Var(x) Var(w), and 1 / Din keeps it.

    The mean of y^2 over 200 rows and 200 columns or more of independent terms, which share x along a row and w along a
    column: a relative variance of at most 2 / 200^2 from each of four causes. 5 standard errors are 7 %.
    """
    bound = 5 * np.sqrt(8 / 200**2)
    rng = np.random.default_rng(seed)
    x, W = x_std * rng.standard_normal((200, Din)), w_std * rng.standard_normal((Din, Dout))
    measured, independent, rule = textbook.variance_of_output(x, W)
    assert measured == pytest.approx(Din * x_std**2 * w_std**2, rel=bound)
    assert measured == pytest.approx(independent, rel=bound) and measured == pytest.approx(rule, rel=bound)
    kept, _, _ = textbook.variance_of_output(x, textbook.XavierSlide(seed=seed)((Din, Dout), "float64"))
    assert kept == pytest.approx(x.var(), rel=bound)


def test_variance_needs_means_of_zero_for_the_last_line():
    rng = np.random.default_rng(0)
    x, W = 1 + rng.standard_normal((2000, 300)), rng.standard_normal((300, 300))
    _, independent, rule = textbook.variance_of_output(x, W)
    assert independent == pytest.approx(300 * (x**2).mean(), rel=0.02) and rule < 0.6 * independent
    with pytest.raises(ValueError, match="Din"):
        textbook.variance_of_output(x, W[:5])


@pytest.mark.parametrize(("name", "variance"), [("zero", 0), ("too small", 0.01), ("appropriate", 1),
                                                ("too large", 100)])
def test_four_initializations_of_the_first_demo(name, variance):
    values = choose(DECISION_BOUNDARY_INITIALIZERS, name, 1)((500, 200)).numpy()
    if variance == 0:
        assert not values.any()
    else:
        assert_moments(values, np.sqrt(variance / 500))
    model = textbook.decision_boundary_network(name)
    assert [w.shape for w in model.weights] == [(2, 6), (6,), (6, 3), (3,), (3, 1), (1,)]
    assert [layer.activation.__name__ for layer in model.layers] == ["relu", "relu", "sigmoid"]
    assert float(model.optimizer.learning_rate) == pytest.approx(0.1)


def test_four_initializations_of_the_second_demo():
    shape = (500, 200)
    values = {name: choose(DIGITS_INITIALIZERS, name, 1)(shape).numpy() for name in DIGITS_INITIALIZERS}
    assert list(values) == ["zero", "uniform", "xavier", "standard normal"]
    assert not values["zero"].any()
    assert 0.999 * 500**-0.5 < np.abs(values["uniform"]).max() <= 500**-0.5
    assert_moments(values["uniform"], (3 * 500) ** -0.5)
    assert_moments(values["xavier"], 500**-0.5)
    assert_moments(values["standard normal"], 1.0)
    with pytest.raises(ValueError, match="must be one of 'zero', 'uniform', 'xavier', 'standard normal', got 'he'"):
        textbook.digits_network("he")
    kernels = [w.numpy() for w in textbook.digits_network().weights if w.data.ndim == 2]
    assert [kernel.shape for kernel in kernels] == [(784, 300), *[(300, 300)] * 3, (300, 10)]
    assert (kernels[1] != kernels[2]).any()
    for a, b in zip(kernels, textbook.digits_network().get_weights()[::2], strict=True):
        np.testing.assert_array_equal(a, b)


def train_first_demo(name, epochs=300):
    x, y = toy.gaussians(100, seed=1)
    model = textbook.decision_boundary_network(name, seed=3)
    costs = model.fit(x, y, batch_size=100, epochs=epochs, verbose=0).history["loss"]
    return model, costs


def test_first_demo_learns_from_appropriate_weights_only():
    _, zero = train_first_demo("zero")
    _, small = train_first_demo("too small")
    model, good = train_first_demo("appropriate")
    assert zero[-1] == pytest.approx(np.log(2), abs=1e-3) and small[-1] > 0.6
    assert good[-1] < 0.1 < zero[-1]
    _, large = train_first_demo("too large", epochs=1)
    assert large[0] > 3 * np.log(2)
    xs, ys, outputs = textbook.decision_boundary(model)
    assert outputs.shape == (101, 101) and xs[0] == ys[0] == -5 and xs[-1] == pytest.approx(5)
    corner = outputs[np.ix_([0, 40, 60, 100], [0, 40, 60, 100])]
    assert corner[1, 1] < 0.5 < corner[2, 2]  # the clouds are around (-1, -1) and (1, 1)
    assert outputs[60, 40] == pytest.approx(model.predict(np.array([[-1.0, 1.0]]), verbose=0)[0, 0], abs=1e-5)
    xs, ys, outputs = textbook.decision_boundary(model, points=[[-1.0, 0.0], [1.0, 0.2]])  # over the points' range
    assert (xs[0], xs[-1], ys[0], ys[-1]) == pytest.approx((-1.5, 1.5, -0.05, 0.25)) and outputs.shape == (101, 101)
    assert outputs[0, 100] == pytest.approx(model.predict(np.array([[1.5, -0.05]]), verbose=0)[0, 0], abs=1e-5)


def test_edges_are_drawn_in_units_of_twice_their_mean():
    model = textbook.decision_boundary_network(seed=3)
    x, y = toy.moons(50)
    weights = textbook.edge_strengths(model)
    gradients = textbook.edge_strengths(model, x, y, show="gradient")
    assert [w.shape for w in weights] == [g.shape for g in gradients] == [(2, 6), (6, 3), (3, 1)]
    for values in (*weights, *gradients):
        assert np.abs(values).mean() == pytest.approx(0.5, rel=1e-5)
    assert not any(w.any() for w in textbook.edge_strengths(textbook.decision_boundary_network("zero")))
    with pytest.raises(ValueError, match="need data"):
        textbook.edge_strengths(model, show="gradient")
    with pytest.raises(ValueError, match="'weight' or 'gradient'"):
        textbook.edge_strengths(model, show="bias")


def test_second_demo_anchors():
    """Rows 32 and 33: zero stays at ln 10; standard normal starts far above; Xavier falls within a few batches."""
    (images, labels), _ = tn.datasets.fashion_mnist_sample.load_data()
    images, labels = images[:1000].reshape(-1, 784).astype("float32") / 255, labels[:1000]
    costs = {}
    for name in DIGITS_INITIALIZERS:
        model = textbook.digits_network(name, seed=1)
        start = textbook.look_inside(model, images[:100], labels[:100])
        model.fit(images, labels, batch_size=100, epochs=1, shuffle=False, verbose=0)
        costs[name] = start.cost, textbook.look_inside(model, images[:100], labels[:100]).cost
    assert costs["zero"][0] == pytest.approx(np.log(10), rel=1e-5) and costs["zero"][1] > 2.2
    assert costs["standard normal"][0] > 15
    assert costs["xavier"][1] < 1.6 < costs["uniform"][1]


def test_look_inside_has_the_slides_shapes():
    model = textbook.digits_network()
    rng = np.random.default_rng(0)
    images, labels = rng.random((100, 784)).astype("float32"), rng.integers(0, 10, 100)
    inside = textbook.look_inside(model, images, labels)
    assert [a.shape for a in inside.activations] == [(784, 100), *[(300, 100)] * 4, (10, 100)]
    np.testing.assert_allclose(inside.activations[5].sum(axis=0), 1, rtol=1e-5)
    loss, accuracy = model.evaluate(images, labels, batch_size=100, verbose=0)
    assert inside.cost == pytest.approx(loss, rel=1e-5)
    assert inside.misclassified == round(100 * (1 - accuracy)) == 100 - inside.correct.sum()
    assert str(inside) == f"Misclassified: {inside.misclassified}/100 Cost: {inside.cost:.2f}"
