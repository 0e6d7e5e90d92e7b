"""Hessians of the slides' surfaces, and Newton's step beside gradient descent."""

import numpy as np
import pytest

import tinynet as tn
from tinynet.textbook import CurvatureMonitor, curvature, hessian, largest_eigenvalues, newton_step, surfaces
from tinynet.textbook.curvature_monitor import lanczos


@pytest.mark.parametrize("surface", surfaces.SURFACES, ids=lambda surface: surface.name)
def test_eigenvalues_tell_minima_from_saddles(surface):
    for point in surface.minima:
        assert curvature(surface, point)[0].min() > 0
    for point in surface.saddles:
        eigenvalues = curvature(surface, point)[0]
        assert eigenvalues[0] < 0 < eigenvalues[1]


@pytest.mark.parametrize("surface", surfaces.SURFACES, ids=lambda surface: surface.name)
def test_the_hessian_is_the_slope_of_the_gradient(surface):
    point = np.array(surface.start) + 0.1
    step = 1e-5
    expected = [(surface.gradient(point + step * unit) - surface.gradient(point - step * unit)) / (2 * step)
                for unit in np.eye(2)]
    found = hessian(surface, point)
    assert np.allclose(found, expected, rtol=1e-6, atol=1e-6)
    assert np.allclose(found, found.T, rtol=1e-12)
    eigenvalues, directions = curvature(surface, point)
    assert np.allclose(directions @ np.diag(eigenvalues) @ directions.T, found)


def test_newton_needs_one_step_where_descent_zigzags():
    for surface in (surfaces.bowl, surfaces.ravine):
        assert np.allclose(newton_step(surface, surface.start), surface.minima[0], atol=1e-12)
    descent = surfaces.trace(tn.textbook.GradientDescent(0.09), surfaces.ravine, steps=20)
    assert (np.diff(np.sign(descent.path[:, 1])) != 0).all()  # from one side to the other in each step
    assert np.linalg.norm(descent.path[-1]) > 0.1
    assert np.allclose(newton_step(surfaces.ravine, (1.0, 1.0), learning_rate=0.25), (0.75, 0.75))


def test_newton_converges_quadratically_and_is_drawn_to_saddles():
    point = np.array([1.2, 1.2])
    errors = []
    for _ in range(6):
        point = newton_step(surfaces.rosenbrock, point)
        errors.append(np.linalg.norm(point - 1))
    assert errors[-1] < 1e-12
    assert np.allclose(newton_step(surfaces.saddle, (-1.5, 0.5)), (0.0, 0.0), atol=1e-12)


def test_arguments():
    with pytest.raises(ValueError, match="learning_rate"):
        newton_step(surfaces.bowl, (1.0, 1.0), learning_rate=0)
    with pytest.raises(np.linalg.LinAlgError):
        newton_step(lambda x: x[0] ** 2, (1.0, 1.0))


# -- along a training ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 12])
def test_lanczos_finds_the_eigenvalues_of_a_matrix(size):
    rng = np.random.default_rng(size)
    matrix = rng.normal(size=(size, size))
    matrix = matrix + matrix.T
    found = lanczos(lambda v: matrix @ v, size, size)
    assert np.allclose(found, np.linalg.eigvalsh(matrix)[::-1], atol=1e-8)


def test_lanczos_stops_where_nothing_is_left():
    assert np.allclose(lanczos(lambda v: 3 * v, 6, 4), [3, 0, 0, 0])  # one eigenvalue in one step
    assert np.allclose(lanczos(lambda v: 0 * v, 3, 2), [0, 0])
    assert np.isnan(lanczos(lambda v: np.nan * v, 3, 2)).all()


def small_network(seed=0):
    tn.utils.set_random_seed(seed)
    model = tn.Sequential([tn.layers.Input((2,)), tn.layers.Dense(4, activation="tanh"), tn.layers.Dense(1)])
    model.compile(tn.textbook.GradientDescent(0.1), "mse")
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(30, 2)).astype("float32")
    return model, x, np.sin(x[:, :1]).astype("float32")


def full_hessian(model, x, y):
    """All second derivatives, by differences of gradients in the weights."""
    shapes = [v.shape for v in model.trainable_variables]
    sizes = [int(np.prod(shape)) for shape in shapes]
    start = np.concatenate([np.ravel(v.numpy()) for v in model.trainable_variables]).astype(np.float64)

    def gradient(flat):
        parts = np.split(flat, np.cumsum(sizes)[:-1])
        for variable, part, shape in zip(model.trainable_variables, parts, shapes, strict=True):
            variable.assign(part.reshape(shape))
        with tn.GradientTape() as tape:
            loss = model.compute_loss(x, y, model(x, training=False))
        return np.concatenate([np.ravel(g.numpy()) for g in tape.gradient(loss, model.trainable_variables)])

    step = 1e-2
    rows = [(gradient(start + step * unit) - gradient(start - step * unit)) / (2 * step) for unit in np.eye(len(start))]
    gradient(start)
    return np.array(rows, np.float64)


def test_largest_eigenvalues_are_those_of_the_whole_hessian():
    model, x, y = small_network()
    expected = np.linalg.eigvalsh(full_hessian(model, x, y))[::-1][:3]
    found = largest_eigenvalues(model, x, y, count=3)
    assert np.allclose(found, expected, rtol=1e-2, atol=1e-2)
    with pytest.raises(ValueError, match="18 eigenvalues of 17 weights"):
        largest_eigenvalues(model, x, y, count=18)


def test_curvature_along_a_training():
    model, x, y = small_network()
    before = model.get_weights()
    at_first = largest_eigenvalues(model, x, y, count=2)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    monitor = CurvatureMonitor(x, y, count=2, every=5)
    model.fit(x, y, batch_size=30, epochs=10, verbose=0, callbacks=[monitor])
    assert monitor.epochs == [0, 5, 10] and np.allclose(monitor.learning_rates, 0.1)
    assert np.allclose(monitor.eigenvalues[0], at_first)
    assert np.allclose(monitor.eigenvalues[-1], largest_eigenvalues(model, x, y, count=2))
    pytest.importorskip("matplotlib").use("Agg")
    ax = tn.textbook.plot_curvature(monitor)
    assert [line.get_label() for line in ax.lines] == ["number 1", "number 2", "2 / learning rate"]
    assert np.allclose(ax.lines[0].get_ydata(), [one[0] for one in monitor.eigenvalues])
    assert np.allclose(ax.lines[2].get_ydata(), 20)
    with pytest.raises(ValueError, match="has seen no training"):
        tn.textbook.plot_curvature(CurvatureMonitor(x, y))


def test_descent_diverges_where_the_curvature_is_above_two_over_the_rate():
    """The line that `plot_curvature` draws, on a loss that is quadratic: w x with one weight, Hessian 2 mean(x^2)."""
    model = tn.Sequential([tn.layers.Input((1,)), tn.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    x, y = np.array([[1.0], [2.0]], np.float32), np.zeros((2, 1), np.float32)
    bound = 2 / largest_eigenvalues(model, x, y)[0]
    for rate, grows in ((0.9 * bound, False), (1.1 * bound, True)):
        model.set_weights([np.ones((1, 1))])
        model.compile(tn.textbook.GradientDescent(rate), "mse")
        loss = model.fit(x, y, epochs=20, verbose=0).history["loss"]
        assert (loss[-1] > loss[0]) == grows


def test_a_weight_that_the_loss_does_not_depend_on_has_curvature_0():
    class Unused(tn.layers.Layer):
        def build(self, input_shape):
            self.kernel = self.add_weight((input_shape[-1], 1), "ones")
            self.unused = self.add_weight((2,), "ones")

        def call(self, x):
            return x @ self.kernel

    model = tn.Sequential([tn.Input((1,)), Unused()])
    model.compile("sgd", "mse")
    found = largest_eigenvalues(model, np.array([[1.0], [3.0]]), np.zeros((2, 1)), count=2)
    np.testing.assert_allclose(found, [10, 0], atol=1e-5)
