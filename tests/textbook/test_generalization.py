"""Losses and penalties with their halves, dropout of the slides, over-fitting, the gap between fit and evaluate."""

import numpy as np
import pytest
from checks import assert_gradient
from hypothesis import given
from hypothesis import strategies as st

import tinynet as tn
from tinynet import layers, losses, regularizers, textbook
from tinynet.textbook.geometry import project_to_ball


@given(n=st.integers(1, 20), seed=st.integers(0, 99))
def test_half_squared_error(n, seed):
    t, y = np.random.default_rng(seed).standard_normal((2, n, 1))
    total = float(textbook.HalfSquaredError()(t, y))
    assert total == pytest.approx(0.5 * np.sum((t - y) ** 2))
    mean = float(textbook.HalfSquaredError("sum_over_batch_size")(t, y))
    assert mean == pytest.approx(total / n)
    assert mean == pytest.approx(float(losses.MeanSquaredError()(t, y)) / 2)
    assert float(textbook.HalfSquaredError()(t[:, 0], y)) == pytest.approx(total)


def test_half_squared_error_of_several_outputs():
    t, y = np.random.default_rng(0).standard_normal((2, 4, 3))
    np.testing.assert_allclose(textbook.HalfSquaredError("none")(t, y).numpy(), ((t - y) ** 2).sum(axis=1) / 2)
    assert_gradient(lambda y: textbook.HalfSquaredError()(t, y), y)
    with pytest.raises(ValueError, match=r"\(4, 2\) for predictions of shape \(4, 3\)"):
        textbook.HalfSquaredError()(t[:, :2], y)
    with pytest.raises(ValueError, match="unknown reduction 'average'"):
        textbook.HalfSquaredError("average")
    twin = losses.deserialize(losses.serialize(textbook.HalfSquaredError("none")), textbook.custom_objects)
    assert type(twin) is textbook.HalfSquaredError and twin.reduction == "none"


def test_penalties_of_the_slides_example():
    """Row 43: w1 x = w2 x = 1; L2 prefers the weights that are spread out, L1 does not care."""
    x, w1, w2 = np.ones(4), np.array([1.0, 0, 0, 0]), np.full(4, 0.25)
    assert w1 @ x == w2 @ x == 1
    ridge, lasso = textbook.L2Slide(2.0), textbook.L1Slide(2.0)  # lambda / 2 = 1
    assert (float(ridge(w1)), float(ridge(w2))) == (1.0, 0.25)
    assert (float(lasso(w1)), float(lasso(w2))) == (1.0, 1.0)


def test_penalties_are_keras_with_half_the_strength():
    w = np.random.default_rng(0).standard_normal((3, 4))
    assert float(textbook.L1Slide(0.3)(w)) == pytest.approx(float(regularizers.L1(0.15)(w)))
    assert float(textbook.L2Slide(0.3)(w)) == pytest.approx(float(regularizers.L2(0.15)(w)))
    v = tn.Variable(w)
    with tn.GradientTape() as tape:
        penalty = textbook.L2Slide(0.3)(v)
    np.testing.assert_allclose(tape.gradient(penalty, v).numpy(), 0.3 * w)  # lambda w
    for cls in (textbook.L1Slide, textbook.L2Slide):
        twin = regularizers.deserialize(regularizers.serialize(cls(0.3)), textbook.custom_objects)
        assert type(twin) is cls and twin.strength == 0.3
        with pytest.raises(ValueError, match="at least 0, got -1"):
            cls(-1)


def test_regularized_loss_of_the_slides():
    """Rows 40 to 42: J = 1/(2m) sum (h - y)^2 + lambda / 2 sum over j >= 1 of theta^2: the bias is left out."""
    model = tn.Sequential([tn.Input((3,)), layers.Dense(1, kernel_regularizer=textbook.L2Slide(0.2),
                                                       bias_initializer="ones")])
    model.compile(loss=textbook.HalfSquaredError("sum_over_batch_size"))
    x, y = np.random.default_rng(0).standard_normal((2, 8, 3)).astype("float32")
    theta, h = model.get_weights()[0], model.predict(x, verbose=0)
    J = ((h - y[:, :1]) ** 2).sum() / 16 + 0.1 * (theta**2).sum()
    assert model.evaluate(x, y[:, :1], verbose=0) == pytest.approx(J, rel=1e-6)


@given(seed=st.integers(0, 10**6), n=st.integers(1, 6), norm=st.sampled_from([1, 2]), radius=st.floats(0.1, 5))
def test_projection_to_a_ball_is_the_nearest_point(seed, n, norm, radius):
    """w - p makes no acute angle with any way from p into the ball, which is convex."""
    rng = np.random.default_rng(seed)
    w = 3 * rng.standard_normal(n)
    p = project_to_ball(w, radius, norm)
    assert np.linalg.norm(p, norm) <= radius * (1 + 1e-12)
    others = rng.standard_normal((50, n))
    others *= radius / np.linalg.norm(others, norm, axis=1, keepdims=True)
    assert np.max((others - p) @ (w - p)) <= 1e-9 * (1 + w @ w)
    if np.linalg.norm(w, norm) <= radius:
        np.testing.assert_allclose(p, w)


def test_l1_ends_in_a_corner_and_l2_does_not():
    """Row 44: the same loss, whose least point is (2, 0.5); only L1 makes the small weight 0."""
    curvature = [[1.0, 0.2], [0.2, 1.0]]
    lasso = textbook.smallest_loss_in_ball([2.0, 0.5], 1.0, norm=1, curvature=curvature)
    ridge = textbook.smallest_loss_in_ball([2.0, 0.5], 1.0, norm=2, curvature=curvature)
    np.testing.assert_allclose(lasso, [1, 0], atol=1e-12)
    assert np.linalg.norm(ridge) == pytest.approx(1) and ridge[1] > 0.2
    slope = np.array(curvature) @ (ridge - [2.0, 0.5])  # the contour touches the circle: its normal points to 0
    assert slope[0] * ridge[1] == pytest.approx(slope[1] * ridge[0])
    np.testing.assert_allclose(textbook.smallest_loss_in_ball([0.2, 0.1], 1.0, norm=1), [0.2, 0.1])
    with pytest.raises(ValueError, match="norm must be 1 or 2"):
        project_to_ball([1.0], 1.0, 3)


# -- dropout ---------------------------------------------------------------------------------------------------------


def test_vanilla_dropout():
    x = np.random.default_rng(0).uniform(1, 2, (500, 40)).astype("float32")
    layer = textbook.VanillaDropout(0.3, seed=1)
    np.testing.assert_allclose(layer(x).numpy(), 0.7 * x, rtol=1e-6)  # predict: times p
    y = layer(x, training=True).numpy()
    assert np.all((y == 0) | (y == x))  # no division by p
    assert abs((y == 0).mean() - 0.3) < 5 * np.sqrt(0.21 / x.size)
    np.testing.assert_array_equal(textbook.VanillaDropout(0.3, seed=1)(x, training=True).numpy(), y)
    assert (layer(x, training=True).numpy() != y).any()
    for rate, factor in ((0.0, 1), (1.0, 0)):
        for training in (False, True):
            np.testing.assert_array_equal(textbook.VanillaDropout(rate)(x, training=training).numpy(), factor * x)
    twin = textbook.VanillaDropout.from_config(layer.get_config())
    assert twin.get_config() == layer.get_config() and (twin.rate, twin.seed) == (0.3, 1)
    assert layer.compute_output_shape((None, 40)) == (None, 40)
    with pytest.raises(ValueError, match="from 0 to 1"):
        textbook.VanillaDropout(1.5)


def test_gradient_passes_where_the_mask_let_it():
    x = tn.Variable(np.random.default_rng(0).uniform(1, 2, (30, 4)), dtype="float32")
    with tn.GradientTape() as tape:
        y = textbook.VanillaDropout(0.5, seed=1)(x, training=True)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), y.numpy() / x.numpy())


def test_the_slides_predict_and_train_step():
    """Rows 48 and 49: a three-layer network as the slide writes it, p the probability of keeping."""
    p, rng = 0.6, np.random.default_rng(0)
    for dropout in (textbook.VanillaDropout, layers.Dropout):
        model = tn.Sequential([tn.Input((5,)), layers.Dense(6, "relu"), dropout(1 - p), layers.Dense(4, "relu"),
                               dropout(1 - p), layers.Dense(2)])
        X = rng.standard_normal((5, 3)).astype("float32")
        weights = model.get_weights()
        (W1, b1), (W2, b2), (W3, b3) = ((w.T, b[:, None]) for w, b in zip(weights[::2], weights[1::2], strict=True))
        factor = p if dropout is textbook.VanillaDropout else 1
        H1 = np.maximum(0, np.dot(W1, X) + b1) * factor
        H2 = np.maximum(0, np.dot(W2, H1) + b2) * factor
        out = np.dot(W3, H2) + b3
        np.testing.assert_allclose(model.predict(X.T, verbose=0).T, out, rtol=1e-4, atol=1e-6)
        H1 = model.layers[0](X.T)
        U1 = model.layers[1](H1, training=True).numpy() / np.where(H1.numpy() > 0, H1.numpy(), 1)
        expected = {0, 1} if dropout is textbook.VanillaDropout else {0, np.float32(1 / p)}
        assert set(np.unique(U1.round(5))) == {np.float32(round(float(u), 5)) for u in expected}


@pytest.mark.parametrize("dropout", [textbook.VanillaDropout, layers.Dropout])
def test_the_scaled_pass_is_the_average_over_masks_of_a_linear_layer(dropout):
    """Row 47: E_z[f(x, z)]. The mean of n samples is within 5 standard errors."""
    tn.utils.set_random_seed(0)
    model = tn.Sequential([tn.Input((20,)), dropout(0.5, seed=3), layers.Dense(2)])
    x = np.random.default_rng(0).standard_normal((4, 20)).astype("float32")
    mean, deviation = textbook.monte_carlo_predict(model, x, samples=2000)
    assert np.all(np.abs(mean - model.predict(x, verbose=0)) < 5 * deviation / np.sqrt(2000))
    assert deviation.min() > 0.1


def test_monte_carlo_leaves_batch_normalization_alone():
    model = tn.Sequential([tn.Input((5,)), layers.BatchNormalization(), layers.Dropout(0.5, seed=1)])
    x = 3 + np.random.default_rng(0).standard_normal((6, 5)).astype("float32")
    before = model.get_weights()
    mean, _ = textbook.monte_carlo_predict(model, x, samples=400)
    np.testing.assert_allclose(mean, model.predict(x, verbose=0), rtol=0.4)  # by moving averages: x itself, not 0
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert model.layers[0].trainable
    with pytest.raises(ValueError, match="no dropout layer"):
        textbook.monte_carlo_predict(tn.Sequential([tn.Input((5,)), layers.Dense(1)]), x)


def test_each_mask_is_a_model():
    model = tn.Sequential([tn.Input((3,)), layers.Dense(3), layers.Dropout(0.5, seed=0), layers.Dense(2),
                           textbook.VanillaDropout(0.5, seed=1)])
    assert textbook.count_masks(model) == 2**5
    masks = tn.Sequential([tn.Input((3,)), layers.Dropout(0.5, seed=0)])
    outputs = {tuple(masks(np.ones((1, 3)), training=True).numpy()[0] > 0) for _ in range(300)}
    assert len(outputs) == textbook.count_masks(masks) == 8
    with pytest.raises(ValueError, match="does not drop single units"):
        textbook.count_masks(tn.Sequential([tn.Input((3, 4)), layers.SpatialDropout1D(0.5)]))


# -- over-fitting ----------------------------------------------------------------------------------------------------


def test_polynomials_under_and_over_fit():
    fits = textbook.fit_polynomials()
    assert np.all(np.diff(fits.train_loss) <= 1e-9)  # a larger space contains the smaller ones
    assert 3 <= fits.best_degree <= 8
    best = fits.validation_loss[fits.best_degree]
    assert fits.validation_loss[0] > 4 * best and fits.validation_loss[-1] > 4 * best
    assert fits.train_loss[-1] < best < fits.train_loss[0]
    gap = fits.validation_loss - fits.train_loss
    assert gap[-1] > 10 * gap[fits.best_degree]
    exact = textbook.fit_polynomials(degrees=[9], samples=10)
    assert exact.train_loss[0] < 1e-12  # as many coefficients as points
    np.testing.assert_array_equal(fits.train_loss, textbook.fit_polynomials().train_loss)
    with pytest.raises(ValueError, match="from 0 to below samples"):
        textbook.fit_polynomials(degrees=[20])


def test_the_slides_early_stopping_snippet():
    """Row 39: the model diverges, and exactly 4 epochs are run."""
    from tinynet import keras as tf_keras

    for seed in range(3):
        tn.utils.set_random_seed(seed)
        callback = tf_keras.callbacks.EarlyStopping(monitor="loss", patience=3)
        model = tf_keras.models.Sequential([tf_keras.layers.Dense(10)])
        model.compile(tf_keras.optimizers.SGD(), loss="mse")
        history = model.fit(np.arange(100).reshape(5, 20), np.zeros(5), epochs=10, batch_size=1,
                            callbacks=[callback], verbose=0)
        assert len(history.history["loss"]) == 4
        assert not np.isfinite(history.history["loss"][-1]) and history.history["loss"][0] > 1e6


# -- the gap ---------------------------------------------------------------------------------------------------------


def network(*middle, regularizer=None):
    tn.utils.set_random_seed(0)
    model = tn.Sequential([tn.Input((6,)), layers.Dense(16, "relu", kernel_regularizer=regularizer), *middle,
                           layers.Dense(1)])
    model.compile(optimizer=tn.optimizers.Adam(0.01), loss="mse", metrics=["mse"])
    return model


def data():
    x = np.random.default_rng(0).standard_normal((200, 6)).astype("float32")
    return x, x[:, :1] * x[:, 1:2] + x[:, 2:3]


def test_gap_is_what_fit_and_evaluate_print():
    x, y = data()
    model = network(layers.BatchNormalization(), layers.Dropout(0.5, seed=1), regularizer="l2")
    model.fit(x, y, epochs=1, verbose=0)
    state = model.get_weights(), model.optimizer.get_weights(), model.layers[2].seed_generator.state
    gap = textbook.explain_gap(model, x, y, batch_size=30, shuffle=False)
    for a, b in zip(state[0] + state[1], model.get_weights() + model.optimizer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(state[2], model.layers[2].seed_generator.state)
    printed = model.fit(x, y, epochs=1, batch_size=30, shuffle=False, verbose=0).history["loss"][0]
    loss, mse = model.evaluate(x, y, batch_size=30, verbose=0)
    assert gap.printed == pytest.approx(printed, rel=1e-6)
    assert gap.evaluated == pytest.approx(loss, rel=1e-6)
    assert gap.penalties == pytest.approx(loss - mse, rel=1e-4)
    assert gap.printed == pytest.approx(gap.evaluated + gap.updates + gap.dropout + gap.batch_statistics)
    assert gap.updates > 0 and gap.dropout > 0 and gap.batch_statistics != 0


def test_each_part_comes_from_its_cause():
    x, y = data()
    plain = textbook.explain_gap(network(), x, y)
    assert plain.updates > 0 and plain.dropout == plain.batch_statistics == plain.penalties == 0
    noisy = textbook.explain_gap(network(layers.GaussianNoise(0.5, seed=1)), x, y)
    assert noisy.dropout > 0 and noisy.batch_statistics == 0
    normal = textbook.explain_gap(network(layers.BatchNormalization()), x, y)
    assert normal.batch_statistics != 0 and normal.dropout == 0
    frozen = network(layers.BatchNormalization())
    frozen.layers[1].trainable = False
    assert textbook.explain_gap(frozen, x, y).batch_statistics == 0
    lines = str(noisy).splitlines()
    assert len(lines) == 6 and f"{noisy.dropout:.6f}" in lines[2]


def test_the_lines_of_a_gap_add_up():
    """Its table is a sum: what is printed, less three parts, is what evaluate returns."""
    gap = textbook.Gap(printed=0.75, evaluated=0.25, updates=0.125, dropout=0.25, batch_statistics=0.125,
                       penalties=0.0625)
    printed, *parts, evaluated, penalties = [float(line.split()[-1]) for line in str(gap).splitlines()]
    assert printed + sum(parts) == evaluated == 0.25 and parts == [-0.125, -0.25, -0.125]
    assert penalties == 0.0625


def test_gap_errors():
    x, y = data()
    with pytest.raises(RuntimeError, match="compile"):
        textbook.explain_gap(tn.Sequential([layers.Dense(1)]), x, y)
    with pytest.raises(ValueError, match="200 and 199"):
        textbook.explain_gap(network(), x, y[1:])
