"""AdaGrad, RMSProp and Adam of the slides: the formulas written out, and their relation to Keras's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynet import Variable, optimizers, textbook
from tinynet.textbook import surfaces

# Rates below are sums of powers of two where results are compared exactly: optimizers keep the rate in float32.
gradients = st.lists(st.floats(-10, 10).filter(lambda g: g == 0 or abs(g) > 1e-3), min_size=1, max_size=12)


def walk(optimizer, gradients, start=1.0):
    """The weight after each step."""
    w, path = Variable([start], dtype="float64"), []
    for gradient in gradients:
        optimizer.apply([np.array([float(gradient)])], [w])
        path.append(float(w.numpy()[0]))
    return np.array(path)


@given(gradients)
def test_adagrad_forms(g):
    h = np.cumsum(np.square(g))
    with np.errstate(invalid="ignore"):
        form_1 = np.where(h > 0, 0.125 * np.array(g) / np.sqrt(h), 0)
    np.testing.assert_allclose(walk(textbook.AdaGradForm1(0.125), g), 1 - np.cumsum(form_1), rtol=1e-12)
    form_2 = 0.125 / np.sqrt(1e-7 + h) * np.array(g)
    np.testing.assert_allclose(walk(textbook.AdaGradForm2(0.125), g), 1 - np.cumsum(form_2), rtol=1e-12, atol=1e-12)
    form_3 = 0.125 * np.array(g) / (np.sqrt(h) + 1e-7)
    np.testing.assert_allclose(walk(textbook.AdaGradForm3(0.125), g), 1 - np.cumsum(form_3), rtol=1e-12, atol=1e-12)


@given(gradients)
def test_adagrad_form_2_is_keras_with_an_empty_accumulator(g):
    np.testing.assert_allclose(walk(textbook.AdaGradForm2(0.125, epsilon=1e-5), g), walk(
        optimizers.Adagrad(0.125, initial_accumulator_value=0.0, epsilon=1e-5), g), rtol=1e-12, atol=1e-12)


def test_adagrad_form_1_leaves_a_weight_without_gradient():
    w = Variable([1.0, 1.0])
    textbook.AdaGradForm1(0.5).apply([np.array([0.0, 3.0])], [w])
    assert w.numpy().tolist() == [1.0, 0.5]


def test_full_matrix_does_not_see_a_rotation():
    """The diagonal's path depends on the axes, the full matrix's does not; on one weight they are the same."""
    A, c, s = np.diag([1.0, 9.0]), np.cos(0.7), np.sin(0.7)
    R = np.array([[c, -s], [s, c]])

    def path(optimizer, H, start):
        w, points = Variable(start, dtype="float64"), []
        for _ in range(15):
            optimizer.apply([H @ w.numpy()], [w])
            points.append(w.numpy())
        return np.array(points)

    start = np.array([1.0, -0.5])
    plain = path(textbook.AdaGradFullMatrix(0.3), A, start)
    turned = path(textbook.AdaGradFullMatrix(0.3), R @ A @ R.T, R @ start)
    np.testing.assert_allclose(turned, plain @ R.T, atol=1e-9)
    diagonal = path(textbook.AdaGradForm2(0.3), A, start)
    turned = path(textbook.AdaGradForm2(0.3), R @ A @ R.T, R @ start)
    assert np.abs(turned - diagonal @ R.T).max() > 0.05
    g = [1.0, -2.0, 0.5]
    np.testing.assert_allclose(walk(textbook.AdaGradFullMatrix(0.125), g), walk(textbook.AdaGradForm2(0.125), g))


def test_full_matrix_is_the_inverse_root():
    w = [Variable(np.ones((2, 2)), dtype="float64"), Variable(np.ones(1), dtype="float64")]
    optimizer, G = textbook.AdaGradFullMatrix(0.125, epsilon=0.01), np.zeros((5, 5))
    rng, theta = np.random.default_rng(0), np.ones(5)
    for _ in range(7):
        g = rng.standard_normal(5)
        optimizer.apply([g[:4].reshape(2, 2), g[4:]], w)
        G += np.outer(g, g)
        values, vectors = np.linalg.eigh(0.01 * np.eye(5) + G)
        theta -= 0.125 * vectors @ np.diag(values**-0.5) @ vectors.T @ g
        np.testing.assert_allclose(np.concatenate([v.numpy().ravel() for v in w]), theta, rtol=1e-10)


def test_full_matrix_is_for_tiny_models():
    with pytest.raises(ValueError, match="1001 x 1001.*AdaGradForm2"):
        textbook.AdaGradFullMatrix().build([Variable(np.ones(1001))])
    w = [Variable([1.0]), Variable([1.0])]
    optimizer = textbook.AdaGradFullMatrix()
    optimizer.build(w)
    with pytest.raises(ValueError, match="all weights"):
        optimizer.apply([np.ones(1)], w[:1])


@given(gradients)
def test_rmsprop(g):
    mean, steps = 0.0, []
    for dw in g:
        mean = 0.8 * mean + (1 - 0.8) * dw * dw
        steps.append(0.125 * dw / (np.sqrt(mean) + 1e-7))
    np.testing.assert_allclose(walk(textbook.RMSPropSlide(0.125, 0.8), g), 1 - np.cumsum(steps), rtol=1e-12, atol=1e-12)


def test_rmsprop_divides_by_another_number_than_keras_where_there_is_no_gradient():
    """At a gradient near 0 the slide divides by 1e-7, Keras by sqrt(1e-7) = 3.2e-4."""
    tiny = 1e-12
    slide = 1 - walk(textbook.RMSPropSlide(1.0), [tiny])[0]
    keras = 1 - walk(optimizers.RMSprop(1.0), [tiny])[0]
    assert slide == pytest.approx(tiny / 1e-7, rel=1e-3) and keras == pytest.approx(tiny / 3.16e-4, rel=1e-1)


@given(g=gradients, epsilon=st.floats(1e-9, 1e-2))
def test_adam_algorithm_1(g, epsilon):
    m = v = 0.0
    steps = []
    for t, gradient in enumerate(g, 1):
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
        steps.append(0.125 * m_hat / (np.sqrt(v_hat) + epsilon))
    np.testing.assert_allclose(walk(textbook.AdamAlgorithm1(0.125, epsilon=epsilon), g), 1 - np.cumsum(steps),
                               rtol=1e-9, atol=1e-9)


@given(g=st.floats(-10, 10).filter(lambda g: abs(g) > 1e-6), epsilon=st.floats(1e-9, 1e-2), t=st.integers(1, 20))
def test_adam_algorithm_1_is_keras_with_another_epsilon(g, epsilon, t):
    """Keras's form after t steps equals Algorithm 1 with epsilon / sqrt(1 - beta_2^t): 31.6 times it at t = 1."""
    def last_step(optimizer):
        path = np.concatenate([[1.0], walk(optimizer, [g] * t)])
        return path[-2] - path[-1]

    assert 1 / np.sqrt(1 - 0.999) == pytest.approx(31.6, rel=1e-3)
    keras = last_step(optimizers.Adam(0.1, epsilon=epsilon))
    paper = last_step(textbook.AdamAlgorithm1(0.1, epsilon=epsilon / np.sqrt(1 - 0.999**t)))
    assert keras == pytest.approx(paper, rel=1e-9, abs=1e-12)


def test_adam_almost_is_rmsprop_with_momentum_and_starts_with_huge_steps():
    path = 1 - walk(textbook.AdamAlmost(0.1), [1.0] * 3)
    m, v, total = 0.0, 0.0, 0.0
    for k in range(3):
        m, v = 0.9 * m + 0.1, 0.999 * v + 0.001
        total += 0.1 * m / (np.sqrt(v) + 1e-7)
        assert path[k] == pytest.approx(total)
    assert path[0] == pytest.approx(0.1 * 0.1 / np.sqrt(0.001), rel=1e-5)  # 3.2 learning rates
    assert path[1] - path[0] > path[0]
    assert 1 - walk(textbook.AdamAlgorithm1(0.1), [1.0])[0] == pytest.approx(0.1)


def test_all_find_the_bottom_of_the_ravine():
    cases = [(textbook.AdaGradForm1, 0.5), (textbook.AdaGradForm2, 0.5), (textbook.AdaGradForm3, 0.5),
             (textbook.AdaGradFullMatrix, 0.5), (textbook.RMSPropSlide, 0.01), (textbook.AdamAlgorithm1, 0.05),
             (textbook.AdamAlmost, 0.02)]
    for cls, rate in cases:
        assert textbook.trace(cls(rate), surfaces.ravine, steps=400).value[-1] < 0.01, cls


@pytest.mark.parametrize("cls", [textbook.AdaGradForm2, textbook.AdaGradForm3, textbook.AdaGradFullMatrix])
def test_epsilon_is_above_0(cls):
    assert cls(epsilon=1e-30).epsilon == 1e-30
    for wrong in (0, -1e-7):
        with pytest.raises(ValueError, match="epsilon"):
            cls(epsilon=wrong)
