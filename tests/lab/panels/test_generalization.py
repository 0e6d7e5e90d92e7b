"""Anchors of the panels on over-fitting, early stopping, L1 and L2."""

import numpy as np
import pytest

from tinynet import textbook
from tinynet.lab import all_panels


def run(key, steps, **settings):
    cls = all_panels()[key]
    panel = cls(cls.parse(settings), 0)
    for _ in range(steps):
        if panel.finished:
            break
        panel.step()
    return panel


def test_polynomials_under_and_over_fit():
    losses = np.array(run("overfitting", 19).losses)
    assert (np.diff(losses[:, 0]) <= 1e-12).all(), "the training loss only falls"
    best = losses[:, 1].argmin()
    assert 2 < best < 10 and losses[0, 1] > 3 * losses[best, 1] < losses[-1, 1]
    assert run("overfitting", 0).state()["numbers"]["verdict"] == "under"
    assert run("overfitting", 19).state()["numbers"]["verdict"] == "over"


def test_points_of_the_readers_own():
    panel = run("overfitting", 9, points=[[-1, 0], [0, 1], [1, 0]])
    assert panel.finished and panel.degree == 2 and panel.losses[-1][0] < 1e-20


@pytest.mark.parametrize("seed", range(3))
def test_the_slides_snippet_runs_four_epochs(seed):
    cls = all_panels()["early_stopping"]
    panel = cls(cls.parse({"what": "slide"}), seed)
    while not panel.finished:
        panel.step()
    numbers = panel.state()["numbers"]
    assert numbers["epochs"] == 4 and numbers["stopped"] == "yes" and numbers["best"] == 1


def test_early_stopping_restores_the_best_epoch():
    panel = run("early_stopping", 3000, patience=60)
    numbers = panel.state()["numbers"]
    assert panel.finished and numbers["stopped"] == "yes" and numbers["waited"] == 60
    x, y = panel.validation
    restored = float(np.mean((panel.model(x).numpy() - y) ** 2))
    assert restored == pytest.approx(min(panel.validation_losses), rel=1e-5) and restored < panel.validation_losses[-1]


@pytest.mark.parametrize("angle", [0, 30, 140])
def test_l1_ends_in_a_corner_and_l2_does_not(angle):
    corner, round_ = run("penalties", 57, norm="1", angle=angle), run("penalties", 57, norm="2", angle=angle)
    assert corner.state()["numbers"]["zeros"] == 1 and round_.state()["numbers"]["zeros"] == 0


@pytest.mark.parametrize(("norm", "penalty"), [("1", textbook.L1Slide), ("2", textbook.L2Slide)])
def test_lambda_is_that_of_the_slides_loss(norm, penalty):
    """At the solution the slide's J = loss + penalty(lambda) has its minimum: all neighbours are higher."""
    panel = run("penalties", 15, norm=norm)
    w, strength = panel.path[-1], panel.state()["numbers"]["slide"]

    def slide_loss(w):
        difference = w - panel.centre
        return difference @ panel.curvature @ difference / 2 + float(penalty(strength)(w.astype("float32")))

    rng = np.random.default_rng(0)
    here = slide_loss(w)
    assert all(slide_loss(w + 0.03 * rng.standard_normal(2)) > here - 1e-6 for _ in range(200))


def test_l2_prefers_weights_that_are_spread_out():
    rows = run("penalties", 0).state()["example"]
    assert [row[2:] for row in rows] == [[1.0, 1.0, 1.0], [1.0, 1.0, 0.25]]
