"""Pictures: drawn without a screen from real runs; without matplotlib they say what to install."""

import sys

import numpy as np
import pytest

from tinynet import textbook
from tinynet.textbook import Descent, fit_line, plots, surfaces


@pytest.fixture
def pyplot():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot

    yield matplotlib.pyplot
    matplotlib.pyplot.close("all")


def test_paths_of_several_optimizers(pyplot):
    traces = {"SGD": textbook.trace(textbook.GradientDescent(0.05), surfaces.ravine),
              "momentum": textbook.trace(textbook.Momentum(0.02), surfaces.ravine)}
    ax = plots.plot_paths(surfaces.ravine, traces)
    for line, (name, trace) in zip(ax.lines, traces.items(), strict=True):
        assert line.get_label() == name
        np.testing.assert_array_equal(np.stack(line.get_data(), axis=1), trace.path)
    other = pyplot.subplots()[1]
    assert plots.plot_surface(surfaces.beale, other) is other and other.get_title() == "Beale"


def test_steps_are_coloured_by_the_gradients_sign(pyplot):
    trace = textbook.trace(textbook.Momentum(0.1), surfaces.bowl, steps=20)
    ax = plots.plot_gradient_signs(surfaces.bowl, trace)
    drawn = {points.get_label(): np.asarray(points.get_offsets()) for points in ax.collections}
    negative = trace.path[:-1][trace.gradient[:, 0] < 0]
    np.testing.assert_array_equal(drawn["Negative (-)"], negative)
    assert len(drawn["Negative (-)"]) + len(drawn["Positive (+)"]) == 20 and 0 < len(negative) < 20


def test_arrows_of_a_step_add_up(pyplot):
    trace = textbook.trace(textbook.Momentum(0.05), surfaces.ravine, steps=5)
    ax = plots.plot_step(surfaces.ravine, trace, 3)
    arrows = {a.get_label(): np.array([a.U[0], a.V[0]]) for a in ax.collections if hasattr(a, "U")}
    np.testing.assert_allclose(arrows["gradient"] + arrows["velocity"], arrows["step"])
    np.testing.assert_allclose(arrows["gradient"], -0.05 * trace.gradient[3], rtol=1e-5)
    np.testing.assert_allclose(arrows["step"], trace.path[4] - trace.path[3])


def test_the_other_pictures(pyplot):
    paths = {str(d.batch_size): fit_line(d, epochs=2)[0] for d in (Descent.batch(8), Descent.stochastic(8))}
    assert len(plots.plot_descents(paths).lines) == 2
    fits = textbook.fit_polynomials()
    left, right = plots.plot_polynomials(fits)
    np.testing.assert_array_equal(right.lines[1].get_ydata(), fits.validation_loss)
    assert len(left.lines) == 3
    point = plots.plot_ball([2.0, 0.5], 1.0, norm=1).lines[0].get_data()
    np.testing.assert_allclose(np.ravel(point), [1, 0], atol=1e-9)
    axis = np.linspace(-1, 1, 5)
    assert plots.plot_loss_slice(axis, axis**2).lines
    assert plots.plot_loss_slice(axis, np.outer(axis, axis)).collections


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    for draw in (lambda: plots.plot_paths(surfaces.bowl, {}),
                 lambda: plots.plot_polynomials(textbook.fit_polynomials(range(2)))):
        with pytest.raises(ImportError, match=r'pip install "tinynet-learn\[plot\]"'):
            draw()
