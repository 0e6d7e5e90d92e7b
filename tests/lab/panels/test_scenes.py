"""Behind the scenes: the terms of the chain rule are the tape's gradients, and the numerical ones; the walk's order."""

import ast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinynet.lab import LabError, all_panels
from tinynet.lab.panels.scenes import STAGES
from tinynet.lab.panels.scenes_terms import BACKWARD, FORWARD, WEIGHTS, make_terms

PANEL = all_panels()["scenes"]


def walk(steps, seed=0, **chosen):
    panel = PANEL(PANEL.parse(chosen), seed)
    for _ in range(steps):
        panel.step()
    return panel


@settings(max_examples=60, deadline=None)
@given(hidden=st.sampled_from(["sigmoid", "tanh", "relu", "linear"]), output=st.sampled_from(["sigmoid", "linear"]),
       loss=st.sampled_from(["half", "mse", "bce"]), batch=st.integers(1, 4), seed=st.integers(0, 200))
def test_each_term_is_the_tapes_gradient(hidden, output, loss, batch, seed):
    panel = walk(0, seed, activation=hidden, output=output, loss=loss, batch=batch)
    state = panel.state()
    tape = np.concatenate([one.numpy().ravel() for one in panel.gradients])
    # Each is a sum of at most 4 products of at most 5 factors: some roundings of float64.
    np.testing.assert_allclose(state["gradient"], tape, rtol=1e-12, atol=1e-15)
    # The kink of ReLU apart: truncation h^2 f''' / 6 and rounding eps L / h are below 1e-9.
    kinks = hidden == "relu" and any(abs(state_z).min() < 1e-4 for state_z in (
        term.values for term in terms_of(panel) if term.name in ("z1", "z2")))
    if not kinks:
        np.testing.assert_allclose(state["numerical"], tape, rtol=1e-6, atol=1e-9)


def terms_of(panel):
    chosen = panel.settings
    return make_terms(panel.x, panel.t, panel.before, chosen["activation"], panel._output(), chosen["loss"])


@pytest.mark.parametrize("loss", ["half", "mse", "bce"])
@pytest.mark.parametrize("batch", [1, 3])
def test_the_terms_end_in_the_models_output_and_loss(loss, batch):
    panel = walk(5, loss=loss, batch=batch)
    terms = {term.name: term for term in terms_of(panel)}
    assert tuple(terms) == FORWARD + BACKWARD
    np.testing.assert_allclose(terms["y"].values, panel.model(panel.x).numpy()[:, 0], rtol=1e-14)
    np.testing.assert_allclose(terms["L"].values[0], panel.losses[-1], rtol=1e-13)
    assert [len(terms[name].filled) for name in ("z1", "y", "dz")] == [batch] * 3
    assert len(terms["L"].filled) == len(terms["dw11"].filled) == 1


def test_a_formula_filled_in_has_its_value():
    """The line of z1 is arithmetic that a student can check: with first weights of one decimal it is exact."""
    panel = walk(1)
    term = panel.state()["term"]
    line = term["filled"][0].replace(r"\cdot", "*")
    value = sum(np.prod([ast.literal_eval(factor) for factor in part.split("*")]) for part in line.split(" + "))
    assert term["name"] == "z1" and value == pytest.approx(term["values"][0], abs=1e-12)


def test_one_term_a_step_then_the_update_then_the_next_sample():
    panel = walk(0)
    names, stages = [], []
    for _ in range(STAGES + 1):
        state = panel.state()
        names.append(state["term"] and state["term"]["name"])
        stages.append(state["stage"])
        panel.step()
    assert names[1 : STAGES - 1] == [*FORWARD, *BACKWARD]
    assert list(dict.fromkeys(stages)) == ["data", "model", "loss", "gradient", "update"] and stages[STAGES] == "data"
    assert panel.updates == 1 and panel.batch == 2
    np.testing.assert_array_equal(panel.x, panel.samples[1:2, :2])


def test_the_update_is_the_slides():
    """w(t+1) = w(t) - lr grad E(W); lr is a float32 in the optimizer."""
    panel = walk(STAGES - 1, rate=0.3)
    state = panel.state()
    assert state["updated"] and panel.updates == 1
    rate = np.float64(np.float32(0.3))
    np.testing.assert_allclose(state["after"], state["before"] - rate * state["gradient"], rtol=1e-14)


def test_both_paces_walk_the_same_way():
    slow, fast = walk(3 * STAGES - 1, batch=2), walk(3, batch=2, pace="update")
    for one, other in zip(slow.model.get_weights(), fast.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert slow.state()["numbers"] == fast.state()["numbers"] and fast.seen == 6


def test_it_learns_xor():
    panel = walk(2000, pace="update")
    state = panel.state()
    np.testing.assert_array_equal(state["predictions"] > 0.5, state["samples"][:, 2] > 0.5)
    assert state["numbers"]["all_loss"] < 0.05


def test_targets_that_cross_entropy_cannot_have():
    with pytest.raises(LabError, match="from 0 to 1"):
        walk(0, loss="bce", data="difference")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_network_that_diverges_is_shown_so():
    panel = walk(400, pace="update", activation="linear", output="linear", rate=10, batch=4)
    state = panel.state()
    assert not np.isfinite(state["numbers"]["all_loss"])
    assert len(state["names"]) == len(WEIGHTS) == len(state["after"])
