"""Surfaces with paths, slices of a loss, decision boundaries, races that move."""

import re

import numpy as np
import pytest

from tinynet import plots
from tinynet.plots.planes import contour_levels, fitting_bounds
from tinynet.textbook import surfaces


def bowl(x, y):
    return x**2 + y**2


def grid(bounds, points=200):
    return np.meshgrid(np.linspace(*bounds[:2], points), np.linspace(*bounds[2:], points))


@pytest.mark.parametrize("surface", surfaces.SURFACES, ids=lambda surface: surface.name)
def test_lines_are_spread_over_every_surface(surface):
    """No fifth of the heights' ranks is without a line, and the lowest line is near the minimum."""
    height = surface.formula(*grid(surface.bounds))
    lines = contour_levels(height, 14)
    assert len(lines) == 13 and (np.diff(lines) > 0).all()
    ranks = np.searchsorted(np.sort(height.ravel()), lines) / height.size
    assert ranks[0] < 0.01 and ranks[-1] > 0.8 and np.diff(ranks).max() < 0.2


def test_lines_of_a_surface_with_holes_and_of_a_flat_one():
    assert np.isfinite(contour_levels(np.array([[np.nan, 1.0], [np.inf, 2.0]]), 5)).all()
    plots.contour_paths(lambda x, y: 0 * x)
    plots.loss_surface([-1, 0, 1], np.ones((3, 3)))


def test_paths_their_starts_and_their_order():
    walks = {"first": np.array([[1.0, 1.0], [0.5, 0.2]]), "second": np.array([[-1.0, 1.0], [0.1, 0.1]])}
    ax = plots.contour_paths(bowl, walks, bounds=(-2, 2, -2, 2), minima=[(0, 0)], saddles=[(1, 0)])
    drawn = {line.get_label(): line.get_xydata() for line in ax.lines}
    for name, walk in walks.items():
        np.testing.assert_array_equal(drawn[name], walk)
    np.testing.assert_array_equal(drawn["start"], [[1, 1]])
    assert sum(line.get_marker() == "o" and line.get_markersize() == 15 for line in ax.lines) == 2  # both starts
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["minimum", "saddle", "start", "first", "second"]
    assert ax.get_xlabel() and ax.get_ylabel()


def test_the_legend_covers_nothing():
    ax = plots.contour_paths(bowl, {"walk": np.array([[1.0, 1.0], [0.5, 0.2]])})
    ax.get_figure().canvas.draw()
    assert not ax.get_legend().get_window_extent().overlaps(ax.get_window_extent())


@pytest.mark.parametrize(("walk", "note"), [
    ([[1.0, 1.0], [0.99, 1.0], [0.98, 1.0]], "walk moved only 0.02 in 2 steps:\nits learning rate is too small"),
    ([[1.0, 1.0], [9.0, 1.0]], "walk leaves the picture"),
    ([[1.0, 1.0], [np.inf, np.nan]], "walk leaves the picture"),
    ([[1.0, 1.0], [0.5, 0.5], [0.1, 0.1]], None),
])
def test_a_path_that_cannot_be_seen_is_explained(walk, note):
    ax = plots.contour_paths(bowl, {"walk": walk}, bounds=(-2, 2, -2, 2))
    found = [text.get_text() for text in ax.texts]
    assert found == [] if note is None else len(found) == 1 and found[0].startswith(note)
    assert ax.get_xlim() == (-2, 2)


def test_bounds_around_the_paths():
    ax = plots.contour_paths(bowl, {"walk": [[10.0, 1.0], [20.0, 3.0]]}, minima=[(0, 0)])
    assert ax.get_xlim() == (-3, 23) and ax.get_ylim() == pytest.approx((-0.45, 3.45))
    assert fitting_bounds([np.array([[np.nan, 1.0]])]) == (-1, 1, -1, 1)
    with pytest.raises(ValueError, match=r"the path 'walk' must have the shape \(points, 2\), got \(3,\)"):
        plots.contour_paths(bowl, {"walk": [1, 2, 3]})


def test_slices_of_a_loss_mark_the_trained_weights(pyplot):
    axis = np.linspace(-1, 1, 5)
    line = plots.loss_surface(axis, axis**2 + 1)
    assert (line.get_xlabel(), line.get_ylabel()) == ("along direction 1", "loss")
    marked = next(one for one in line.lines if one.get_label() == "trained weights")
    assert marked.get_xydata().tolist() == [[0, 1]]
    square = plots.loss_surface(axis, np.add.outer(axis**2, axis**2))
    assert (square.get_xlabel(), square.get_ylabel()) == ("along direction 1", "along direction 2")
    assert square.get_figure().axes[1].get_ylabel() == "loss"  # the colour bar
    solid = plots.loss_surface(axis, np.add.outer(axis**2, axis**2), pyplot.figure().add_subplot(projection="3d"))
    assert solid.get_zlabel() == "loss" and solid.collections
    with pytest.raises(ValueError, match=r"expected losses \(5,\) or \(5, 5\)"):
        plots.loss_surface(axis, np.zeros((4, 4)))


def test_the_boundarys_range_fits_the_points():
    points = np.array([[-1.5, 0.0], [1.5, 0.5], [0.0, 1.0]])
    ax = plots.decision_boundary(lambda x: x[:, :1] - 0.2, points, [0, 1, 0], ["left", "right"])
    assert ax.get_xlim() == pytest.approx((-2.25, 2.25)) and ax.get_ylim() == pytest.approx((-0.25, 1.25))
    drawn = {dots.get_label(): np.asarray(dots.get_offsets()) for dots in ax.collections if dots.get_label() in
             ("left", "right")}
    np.testing.assert_allclose(drawn["left"], points[[0, 2]])
    (boundary,) = [line for line in ax.collections if hasattr(line, "levels")]
    assert boundary.levels.tolist() == [0]  # some outputs are below 0: logits
    np.testing.assert_allclose(boundary.get_paths()[0].vertices[:, 0], 0.2, atol=1e-6)


def test_probabilities_change_class_at_one_half_and_several_outputs_at_the_highest():
    points = np.array([[0.0, 0.0], [1.0, 1.0]])
    ax = plots.decision_boundary(lambda x: 1 / (1 + np.exp(-x[:, :1])), points, [0, 1])
    (boundary,) = [line for line in ax.collections if hasattr(line, "levels")]
    assert boundary.levels.tolist() == [0.5]
    ax = plots.decision_boundary(lambda x: np.stack([x[:, 0], x[:, 1], 0 * x[:, 0]], axis=1), points * 2 - 1)
    regions = ax.collections[0].get_array()
    assert set(np.unique(regions)) == {0, 1, 2}
    with pytest.raises(ValueError, match=r"expected points of two numbers"):
        plots.decision_boundary(None, [[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match="2 points, but 1 classes"):
        plots.decision_boundary(None, points, [0])


WALKS = {"SGD": np.array([[1.0, 1.0], [0.5, 0.5], [0.25, 0.25], [0.1, 0.1]]), "</script>": np.array([[1.0, -1.0]] * 2)}


def test_a_race_as_gif(tmp_path):
    image = pytest.importorskip("PIL.Image")
    path = plots.animate_paths(tmp_path / "race.gif", bowl, WALKS, bounds=(-2, 2, -2, 2), seconds=2)
    with image.open(path) as moving:
        assert moving.n_frames == 4
        times, frames = [], []
        for frame in range(4):
            moving.seek(frame)
            times.append(moving.info["duration"])
            frames.append(np.asarray(moving.convert("RGB")).astype(int))
    assert times[:3] == [500] * 3 and times[3] > 1000
    assert all((one != other).any() for one, other in zip(frames, frames[1:], strict=False))
    assert (np.abs(frames[-1] - [0, 114, 178]).sum(axis=-1) < 12).sum() > 100  # the first line has its own colour


def test_a_race_as_a_page_that_needs_no_other_file(tmp_path):
    path = plots.animate_paths(tmp_path / "race.html", bowl, WALKS, bounds=(-2, 2, -2, 2), theme="dark")
    text = path.read_text()
    assert not re.search(r"(src|href)=\"(?!data:)|https?://|@[A-Z]+@", text)
    assert text.count("</script>") == 1
    assert '"steps": [0, 1, 2, 3]' in text and '"color": "#56B4E9"' in text


def test_what_does_not_move(tmp_path):
    with pytest.raises(ValueError, match=r"must end in .gif or .html, got 'race.mp4'"):
        plots.animate_paths(tmp_path / "race.mp4", bowl, WALKS)
    with pytest.raises(ValueError, match="no paths"):
        plots.animate_paths(tmp_path / "race.gif", bowl, {})
    assert not list(tmp_path.iterdir())
