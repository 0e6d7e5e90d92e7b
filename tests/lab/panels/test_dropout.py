"""The dropout panel's anchors: 2^n masks, and the expectation that test time approximates."""

import numpy as np
import pytest

from tinynet import Input, Sequential, layers
from tinynet.lab import all_panels
from tinynet.textbook import count_masks

PANEL = all_panels()["dropout"]


def draw(steps, **settings):
    panel = PANEL(PANEL.parse(settings), 1)
    for _ in range(steps):
        panel.step()
    return panel


def test_each_mask_is_a_model_of_two_to_the_n():
    hidden = [layer for units in (5, 4) for layer in (layers.Dense(units), layers.Dropout(0.5))]
    model = Sequential([Input((3,)), *hidden, layers.Dense(2)])
    assert draw(0).state()["numbers"]["masks"] == 2**9 == count_masks(model)
    panel = draw(400, hidden=[[2]])
    numbers = panel.state()["numbers"]
    assert numbers["masks"] == numbers["seen"] == 4


@pytest.mark.parametrize("form", ["plain", "inverted"])
def test_the_average_of_a_linear_network_is_the_scaled_pass(form):
    """By the central limit theorem: within 5 standard errors."""
    outputs = []
    panel = draw(0, activation="linear")
    for _ in range(2000):
        panel.step()
        outputs.append(panel.units[form][-1][0, 0])
    error = abs(np.mean(outputs) - panel.test[form][-1][0, 0])
    assert error < 5 * np.std(outputs) / np.sqrt(len(outputs))


def test_plain_and_inverted_differ_by_p_for_each_hidden_layer():
    panel = draw(3, activation="relu", drop=0.25)
    np.testing.assert_allclose(panel.units["plain"][0], panel.units["inverted"][0] * 0.75, rtol=1e-6)
    dropped = panel.masks[0][0] == 0
    assert (panel.units["plain"][0][0, dropped] == 0).all()
    assert panel.state()["numbers"]["dropped_now"] == sum(int((mask == 0).sum()) for mask in panel.masks)
