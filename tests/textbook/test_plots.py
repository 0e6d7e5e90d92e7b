"""The slides' pictures: what is drawn is what was computed. tests/plots has what holds for every picture."""

import sys

import numpy as np
import pytest

from tinynet import textbook
from tinynet.textbook import Descent, fit_line, plots, surfaces


@pytest.fixture(autouse=True)
def pyplot():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot

    yield matplotlib.pyplot
    matplotlib.pyplot.close("all")


def lines(ax):
    return {line.get_label(): line.get_xydata() for line in ax.lines}


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_paths_of_several_optimizers(pyplot):
    traces = {"SGD": textbook.trace(textbook.GradientDescent(0.05), surfaces.ravine),
              "momentum": textbook.trace(textbook.Momentum(0.02), surfaces.ravine)}
    ax = plots.plot_paths(surfaces.ravine, traces)
    for name, trace in traces.items():
        np.testing.assert_array_equal(lines(ax)[name], trace.path)
    assert legend(ax) == ["minimum", "start", "SGD", "momentum"]
    other = pyplot.subplots()[1]
    assert plots.plot_surface(surfaces.beale, other) is other and other.get_title() == "Beale"
    np.testing.assert_array_equal(lines(other)["saddle"], surfaces.beale.saddles)


def test_a_walk_with_a_default_rate_looks_like_a_dot_and_the_picture_says_why():
    ax = plots.plot_paths(surfaces.ravine, {"adam": textbook.trace("adam", surfaces.ravine)})
    (note,) = [text.get_text() for text in ax.texts]
    assert note.startswith("adam moved only 0.0") and "learning rate is too small" in note


@pytest.mark.parametrize("surface", surfaces.SURFACES, ids=lambda surface: surface.name)
def test_a_race_can_be_seen(surface):
    """Every optimizer moves visibly, stays in the picture, and comes lower than it began."""
    start = (-1.5, 0.05) if surface is surfaces.saddle else None  # from its ridge nothing falls
    walks = textbook.race(surface, start=start)
    assert len(walks) == 6 and all("," in name for name in walks)
    assert not plots.plot_paths(surface, walks).texts  # no note
    for walk in walks.values():
        assert walk.value[-1] < 0.7 * walk.value[0] or surface is surfaces.saddle and walk.value[-1] < walk.value[0]


def test_a_race_takes_the_best_of_the_rates():
    walks = textbook.race(surfaces.bowl, [textbook.GradientDescent], rates=(0.1, 0.9, 5.0))
    assert list(walks) == ["SGD, 0.9"]
    assert list(textbook.race(surfaces.bowl, [textbook.GradientDescent], rates=(5.0, 9.0))) == ["SGD, 5"]
    with pytest.raises(ValueError, match="at least one optimizer and one learning rate"):
        textbook.race(surfaces.bowl, [])


def test_a_race_that_moves(tmp_path):
    pytest.importorskip("PIL")
    walks = textbook.race(surfaces.bowl, [textbook.GradientDescent], steps=3)
    for ending in ("gif", "html"):
        assert plots.animate_race(tmp_path / f"race.{ending}", surfaces.bowl, walks).stat().st_size > 1000


def test_steps_are_coloured_by_the_gradients_sign():
    trace = textbook.trace(textbook.Momentum(0.1), surfaces.bowl, steps=20)
    ax = plots.plot_gradient_signs(surfaces.bowl, trace)
    drawn = {points.get_label(): np.asarray(points.get_offsets()) for points in ax.collections
             if points.get_label() in ("Negative (-)", "Positive (+)")}
    negative = trace.path[:-1][trace.gradient[:, 0] < 0]
    np.testing.assert_array_equal(drawn["Negative (-)"], negative)
    assert len(drawn["Negative (-)"]) + len(drawn["Positive (+)"]) == 20 and 0 < len(negative) < 20


def arrows(ax):
    """{label: (where it begins, vector)}."""
    return {a.get_label(): (a.XY[0], np.array([a.U[0], a.V[0]])) for a in ax.collections if hasattr(a, "U")}


def test_arrows_of_a_step_add_up():
    trace = textbook.trace(textbook.Momentum(0.05), surfaces.ravine, steps=5)
    ax = plots.plot_step(surfaces.ravine, trace, 3)
    drawn = arrows(ax)
    np.testing.assert_allclose(drawn["gradient"][1] + drawn["velocity"][1], drawn["step"][1])
    np.testing.assert_allclose(drawn["gradient"][1], -0.05 * trace.gradient[3], rtol=1e-5)
    np.testing.assert_allclose(drawn["step"][1], trace.path[4] - trace.path[3])
    with pytest.raises(IndexError, match="step must be from 0 to 4, got 5"):
        plots.plot_step(surfaces.ravine, trace, 5)


@pytest.mark.parametrize(("surface", "step"), [(surfaces.ravine, 3), (surfaces.bowl, 3), (surfaces.bowl, 0)])
def test_no_arrow_of_a_step_lies_on_another(surface, step):
    """The velocity begins where the gradient ends; where all lie on one line, the step lies beside them."""
    trace = textbook.trace(textbook.Momentum(0.05), surface, steps=5)
    ax = plots.plot_step(surface, trace, step)
    drawn = arrows(ax)
    if "velocity" in drawn:
        np.testing.assert_allclose(drawn["velocity"][0], drawn["gradient"][0] + drawn["gradient"][1])
    start, vector = drawn["step"]
    along = vector / np.linalg.norm(vector)
    tip = drawn["gradient"][0] + drawn["gradient"][1] - start
    assert abs(tip[0] * along[1] - tip[1] * along[0]) > 0.02 * np.linalg.norm(vector)  # its distance from the line
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    for begin, vector in drawn.values():  # enlarged, and all of it seen
        for x, y in (begin, begin + vector):
            assert left < x < right and bottom < y < top
    assert right - left < 4 * np.abs(drawn["step"][1]).max()


PATHS = {str(d.batch_size): fit_line(d, epochs=3) for d in (Descent.batch(8), Descent.stochastic(8))}


def test_descents_of_fit_line():
    ax = plots.plot_descents(PATHS)
    for name, (path, _) in PATHS.items():
        np.testing.assert_array_equal(lines(ax)[name], path)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("weight w", "bias b")
    one = plots.plot_descents(PATHS["1"])
    np.testing.assert_array_equal(lines(one)[""] if "" in lines(one) else one.lines[-1].get_xydata(), PATHS["1"][0])
    alone = plots.plot_descents({name: path for name, (path, _) in PATHS.items()})
    assert "minimum" in legend(ax) and "minimum" not in legend(alone)  # without losses no surface
    with pytest.raises(ValueError, match=r"expected \(path, losses\) of fit_line"):
        plots.plot_descents({"x": [1, 2, 3]})


def test_the_surface_under_the_descents_is_that_of_the_points():
    """The loss at the marked minimum is the least that least squares reaches on the points of `fit_line`."""
    ax = plots.plot_descents(PATHS)
    rng = np.random.default_rng(0)
    x = rng.standard_normal(8)
    t = x + 0.5 * rng.standard_normal(8)
    expected = np.linalg.lstsq(np.stack([x, np.ones(8)], axis=1), t, rcond=None)[0]
    np.testing.assert_allclose(np.ravel(lines(ax)["minimum"]), expected, rtol=1e-3)


def test_polynomials():
    fits = textbook.fit_polynomials()
    left, right = plots.plot_polynomials(fits)
    np.testing.assert_array_equal(lines(right)["validation"][:, 1], fits.validation_loss)
    np.testing.assert_array_equal(lines(right)["training"][:, 1], fits.train_loss)
    assert {"degree 1", "degree 3", "degree 14", "truth"} <= set(lines(left))
    assert f"best degree: {fits.best_degree}" in lines(right)
    with pytest.raises(ValueError, match=r"the fits have the degrees \[0, 1\], not \[3\]"):
        plots.plot_polynomials(textbook.fit_polynomials(range(2)), [1, 3])


@pytest.mark.parametrize("arguments", [{}, {"centre": [2.0, 0.5], "radius": 0.7, "curvature": np.eye(2)}])
def test_the_ball_of_l1_is_touched_in_its_corner_that_of_l2_is_not(arguments):
    for norm in (1, 2):
        ax = plots.plot_ball(norm=norm, **arguments)
        point = lines(ax)["least loss\nin the ball"][0]
        radius = arguments.get("radius", 1)
        expected = textbook.smallest_loss_in_ball(
            arguments.get("centre", (1.5, 0.7)), radius, norm, arguments.get("curvature", [[1, 0.3], [0.3, 0.5]]))
        np.testing.assert_allclose(point, expected, atol=1e-9)
        assert (abs(point[1]) < 1e-6) == (norm == 1)
        assert np.linalg.norm(point, norm) == pytest.approx(radius)
        assert "least loss" in legend(ax) and legend(ax)[0] == f"L{norm} ball,\nradius {radius:g}"


def test_a_slice_of_a_loss_has_labels():
    axis = np.linspace(-1, 1, 5)
    assert plots.plot_loss_slice(axis, axis**2).get_ylabel() == "loss"
    assert plots.plot_loss_slice(axis, np.outer(axis, axis)).get_ylabel() == "along direction 2"


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    for draw in (lambda: plots.plot_paths(surfaces.bowl, {}), lambda: plots.plot_ball(),
                 lambda: plots.plot_polynomials(textbook.fit_polynomials())):
        with pytest.raises(ImportError, match=r'pip install "tinynet-learn\[plot\]"'):
            draw()
