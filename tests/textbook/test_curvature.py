"""Hessians of the slides' surfaces, and Newton's step beside gradient descent."""

import numpy as np
import pytest

import tinynet as tn
from tinynet.textbook import curvature, hessian, newton_step, surfaces


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
