"""Surfaces: gradients by finite differences, minima; walks of all kinds of optimizers; batches; slices of a loss."""

import numpy as np
import pytest
from checks import assert_gradient
from hypothesis import given
from hypothesis import strategies as st

import tinynet as tn
from tinynet import optimizers, textbook
from tinynet.textbook import Descent, fit_line, surfaces

every_surface = pytest.mark.parametrize("surface", surfaces.SURFACES, ids=lambda surface: surface.name)


@every_surface
def test_gradient(surface):
    points = np.random.default_rng(0).uniform(-1.5, 1.5, (5, 2))
    assert_gradient(surface, points)
    np.testing.assert_array_equal(surface.gradient(points)[3], surface.gradient(points[3]))


@every_surface
def test_minima_and_saddles(surface):
    """The gradient is 0 there; around a minimum it only goes up, around a saddle also down."""
    ring = 0.01 * np.stack([np.cos(np.arange(64) / 10.2), np.sin(np.arange(64) / 10.2)], axis=1)
    for points, kind in ((surface.minima, "minimum"), (surface.saddles, "saddle")):
        for point in points:
            np.testing.assert_allclose(surface.gradient(point), 0, atol=1e-12)
            around = surface.formula(*(np.array(point) + ring).T) - surface.formula(*point)
            assert around.min() > 0 if kind == "minimum" else around.min() < 0 < around.max()


def test_a_point_has_two_coordinates():
    with pytest.raises(ValueError, match=r"bowl: a point has two coordinates.*\(3,\)"):
        surfaces.bowl(np.ones(3))


def test_gradient_descent_gets_stuck_where_the_gradient_is_zero():
    """Row 9: on the ridge of the saddle, and in the wrong one of two wells; momentum rolls through."""
    on_the_ridge = textbook.trace(textbook.GradientDescent(0.1), surfaces.saddle, (-1.5, 0.0), 200)
    assert np.linalg.norm(on_the_ridge.gradient[-1]) < 1e-12 and np.abs(on_the_ridge.path[-1]).max() < 1e-12
    right, left = surfaces.double_well.minima[1], surfaces.double_well.minima[0]
    stuck = textbook.trace(textbook.GradientDescent(0.1), surfaces.double_well, (1.8, 1.0), 500)
    np.testing.assert_allclose(stuck.path[-1], right, atol=1e-6)
    rolls = textbook.trace(textbook.Momentum(0.1, rho=0.9), surfaces.double_well, (1.8, 1.0), 500)
    np.testing.assert_allclose(rolls.path[-1], left, atol=1e-6)


def test_gradient_and_velocity_make_the_step():
    """Row 10: the step is -lr (gradient + rho v)."""
    walk = textbook.trace(textbook.Momentum(2**-10, rho=0.9), surfaces.rosenbrock, (-0.5, 0.5), 10)
    v = np.concatenate([np.zeros((1, 2)), walk.velocity])
    np.testing.assert_allclose(np.diff(walk.path, axis=0), -(2**-10) * (walk.gradient + 0.9 * v[:-1]), rtol=1e-9)


def test_the_sign_of_the_gradient_along_momentum_and_nesterov():
    """Row 15: where momentum overshoots and learns of it a step later, Nesterov sees it ahead, and overshoots less."""
    momentum = textbook.trace(textbook.Momentum(0.1, rho=0.9), surfaces.bowl, (-1.5, 0.0), 40)
    nesterov = textbook.trace(textbook.NesterovLookahead(0.1, rho=0.9), surfaces.bowl, (-1.5, 0.0), 40)
    first = [int(np.argmax(walk.gradient[:, 0] > 0)) for walk in (momentum, nesterov)]
    assert first[1] <= first[0] and nesterov.path[:, 0].max() < momentum.path[:, 0].max()


@pytest.mark.parametrize("make", [
    lambda: optimizers.SGD(0.01, momentum=0.9), lambda: optimizers.Adam(0.1), lambda: optimizers.RMSprop(0.01),
    lambda: optimizers.Lion(0.01), lambda: textbook.GradientDescent(0.01), lambda: textbook.AdaGradFullMatrix(0.3),
    lambda: textbook.NesterovLookahead(0.01), lambda: textbook.AdamAlmost(0.01),
])
def test_any_optimizer_can_be_traced(make):
    walk = textbook.trace(make(), surfaces.ravine, steps=60)
    assert walk.path.shape == (61, 2) and walk.gradient.shape == walk.velocity.shape == (60, 2)
    assert walk.value[-1] < walk.value[0] and walk.path.dtype == np.float64
    again = textbook.trace(make(), surfaces.ravine, steps=60)
    np.testing.assert_array_equal(walk.path, again.path)


def test_velocity_is_zero_where_none_is_kept():
    assert not textbook.trace(optimizers.RMSprop(0.01), surfaces.bowl, steps=3).velocity.any()
    assert textbook.trace(optimizers.RMSprop(0.01, momentum=0.5), surfaces.bowl, steps=3).velocity.any()
    assert textbook.trace(optimizers.SGD(0.01), surfaces.bowl, steps=0).velocity.shape == (0, 2)


def test_trace_refuses():
    optimizer = optimizers.Adam()
    textbook.trace(optimizer, surfaces.bowl, steps=1)
    with pytest.raises(ValueError, match="new one for each walk"):
        textbook.trace(optimizer, surfaces.bowl)
    with pytest.raises(ValueError, match="two coordinates"):
        textbook.trace(optimizers.Adam(), surfaces.bowl, start=(1.0,))
    with pytest.raises(ValueError, match="two coordinates"):
        textbook.trace(optimizers.Adam(), surfaces.bowl, start="origin")
    with pytest.raises(ValueError, match="steps must be a whole number of at least 0, got -1"):
        textbook.trace(optimizers.Adam(), surfaces.bowl, steps=-1)
    with pytest.raises(TypeError, match="surface must be a Surface, got 'bowl'.*surfaces.bowl, ravine, "):
        textbook.trace(optimizers.Adam(), "bowl")
    with pytest.raises(ValueError, match="did you mean 'adam'"):
        textbook.trace("adm", surfaces.bowl)


def test_an_optimizer_may_be_named():
    assert (textbook.trace("adam", surfaces.bowl).path == textbook.trace(optimizers.Adam(), surfaces.bowl).path).all()


def test_a_walk_that_leaves_goes_on():
    walk = textbook.trace(optimizers.SGD(1.0), surfaces.rosenbrock, steps=20)
    assert not np.isfinite(walk.value[-1])


# -- batch sizes -----------------------------------------------------------------------------------------------------


@given(samples=st.integers(1, 100), data=st.data())
def test_updates_an_epoch(samples, data):
    size = data.draw(st.integers(1, samples))
    for drop in (False, True):
        descent = Descent.mini_batch(samples, batch_size=size, drop_remainder=drop)
        x = np.arange(samples)
        batches = [list(batch) for batch, _ in descent.batches(x, x)]
        assert len(batches) == descent.updates_an_epoch
        seen = [i for batch in batches for i in batch]
        assert len(set(seen)) == len(seen) == (samples // size * size if drop else samples)
        assert {len(batch) for batch in batches[:-1]} <= {size}


def test_counts_of_the_slides():
    assert Descent.batch(500_000).updates_an_epoch == 1 and Descent.batch(500_000).losses_an_update == 500_000
    assert Descent.stochastic(7).updates_an_epoch == 7
    assert Descent.mini_batch(1000, batches=8).batch_size == 125
    with pytest.raises(ValueError, match="cannot be divided into 3 equal batches"):
        Descent.mini_batch(1000, batches=3)
    with pytest.raises(ValueError, match="one of them"):
        Descent.mini_batch(10, batches=2, batch_size=5)
    with pytest.raises(ValueError, match="a batch of 11 from 10"):
        Descent(10, 11)


def test_fit_makes_as_many_updates():
    x = np.random.default_rng(0).standard_normal((20, 2)).astype("float32")
    for descent, updates in ((Descent.batch(20), 1), (Descent.stochastic(20), 20),
                             (Descent.mini_batch(20, batch_size=6), 4),
                             (Descent.mini_batch(20, batch_size=6, drop_remainder=True), 3)):
        model = tn.Sequential([tn.Input((2,)), tn.layers.Dense(1)])
        model.compile(optimizer=textbook.GradientDescent(0.01), loss=textbook.HalfSquaredError())
        model.fit(descent.batches(x, x[:, :1]), epochs=2, verbose=0)
        assert int(model.optimizer.iterations) == 2 * updates
        if not descent.drop_remainder:
            model.fit(x, x[:, :1], batch_size=descent.batch_size, epochs=1, verbose=0)
            assert int(model.optimizer.iterations) == 3 * updates


def test_batch_descent_is_smooth_and_stochastic_descent_is_not():
    """Rows 6 and 8: fast at first, then noise keeps it from settling where batch descent ends."""
    samples = 64
    runs = {name: fit_line(descent, textbook.GradientDescent(0.2), epochs=60) for name, descent in (
        ("batch", Descent.batch(samples)), ("stochastic", Descent.stochastic(samples)),
        ("mini-batch", Descent.mini_batch(samples, batches=8)))}
    losses = {name: losses for name, (_, losses) in runs.items()}
    assert np.all(np.diff(losses["batch"]) < 1e-12)
    assert np.any(np.diff(losses["stochastic"]) > 0)
    assert losses["stochastic"][samples] < losses["batch"][1]  # after one epoch
    tail = {name: loss[-30:].mean() for name, loss in losses.items()}
    assert tail["batch"] < tail["mini-batch"] < tail["stochastic"]
    assert [len(path) for path, _ in runs.values()] == [61, 60 * 64 + 1, 60 * 8 + 1]


# -- slices ----------------------------------------------------------------------------------------------------------


def test_loss_slice():
    tn.utils.set_random_seed(0)
    x = np.random.default_rng(0).standard_normal((50, 3)).astype("float32")
    model = tn.Sequential([tn.Input((3,)), tn.layers.Dense(4, activation="relu"), tn.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse", metrics=["mae"])
    before = model.get_weights()
    axis, losses = textbook.loss_slice(model, x, x[:, :1], points=5)
    assert losses.shape == (5, 5) and axis.tolist() == [-1, -0.5, 0, 0.5, 1]
    assert losses[2, 2] == model.evaluate(x, x[:, :1], verbose=0)[0]
    assert len(np.unique(losses)) > 20
    line = textbook.loss_slice(model, x, x[:, :1], dimensions=1, points=5)[1]
    np.testing.assert_array_equal(line, losses[2])  # the first direction is the horizontal one
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="dimensions must be 1 or 2"):
        textbook.loss_slice(model, x, x, dimensions=3)


@pytest.mark.parametrize(("make", "share"), [
    (lambda: optimizers.SGD(0.01), 0), (lambda: textbook.GradientDescent(0.01), 0),
    (lambda: optimizers.RMSprop(0.01), 0),
    (lambda: optimizers.Adam(0.01, beta_1=0.75), 0.25), (lambda: textbook.AdamAlmost(0.01, beta_1=0.75), 0.25),
    (lambda: textbook.Momentum(0.01), 1), (lambda: optimizers.SGD(0.01, momentum=0.5), -0.01)])
def test_the_velocity_after_a_step_is_a_share_of_the_gradient(make, share):
    walk = textbook.trace(make(), surfaces.ravine, steps=1)
    np.testing.assert_allclose(walk.velocity, share * walk.gradient, rtol=1e-6)


def test_a_loss_slice_is_computed_in_silence(capsys):
    model = tn.Sequential([tn.Input((2,)), tn.layers.Dense(1)])
    model.compile("sgd", "mse")
    axis, _ = textbook.loss_slice(model, np.ones((4, 2)), np.zeros((4, 1)), extent=0.5, points=5)
    assert axis.tolist() == [-0.5, -0.25, 0, 0.25, 0.5] and capsys.readouterr().out == ""
