"""The panel `batchnorm`: the formulas of rows 63 to 66 against the layer, and what the pictures tell."""

import random

import numpy as np
import pytest

from tinynet import batchnorm, layers
from tinynet.lab.frames import encode
from tinynet.lab.panels.batchnorm import PARTS, BatchNorm
from tinynet.lab.panels.batchnorm_algorithms import FREEZE, MINI_BATCHES, REPLACE
from tinynet.lab.panels.batchnorm_networks import look


def run(steps, seed=0, **settings):
    """The panel after some steps."""
    panel = BatchNorm(BatchNorm.parse(settings), seed)
    for _ in range(steps):
        panel.step()
    return panel


def test_the_formulas_numbers_are_the_layers():
    """Row 64, for random batches: within float32's rounding of a sum of m terms, a division and a product."""
    rng = random.Random(0)
    for _ in range(50):
        m = rng.randint(2, 8)
        numbers = [[round(rng.uniform(-20, 20), 2) for _ in range(m)]]
        gamma, beta = rng.uniform(-3, 3), rng.uniform(-3, 3)
        part = run(6, what="algorithm1", numbers=numbers, gamma=gamma, beta=beta).part
        x = np.array(numbers[0], np.float32).astype(np.float64)
        assert part.mu == pytest.approx(x.mean()) and part.variance == pytest.approx(x.var())
        size = abs(gamma) * (abs(x).max() + abs(part.mu)) / np.sqrt(part.variance + 0.001)
        size *= 1 + part.mu**2 / part.variance  # what the rounding of x - mu does to the variance
        bound = (m + 8) * 2.0**-24 * (size + abs(beta) + 1)
        assert abs(part.y - part.in_training).max() <= bound
        # Row 66: the moving averages, and training=False.
        assert part.moving == pytest.approx((0.1 * part.mu, 0.9 + 0.1 * part.variance), rel=1e-5)
        expected = gamma * (x - part.moving[0]) / np.sqrt(part.moving[1] + 0.001) + beta
        np.testing.assert_allclose(part.in_prediction, expected, rtol=1e-4, atol=1e-4)


def test_an_example_by_hand():
    state = run(4, what="algorithm1", numbers=[[1, 2, 3, 6]]).state()
    assert state["numbers"]["batch_mean"] == 3 and state["numbers"]["batch_variance"] == 3.5
    assert state["numbers"]["difference"] < 1e-6
    np.testing.assert_allclose(state["y"], np.array([-2, -1, 0, 3]) / np.sqrt(3.501))


def test_a_batch_of_two_has_half_the_variance():
    numbers = run(2, what="algorithm1", numbers=[[1.5, 4.0]]).state()["numbers"]
    assert numbers["unbiased"] == 2 * numbers["batch_variance"] == np.var([1.5, 4.0], ddof=1)


def test_the_lines_come_one_after_the_other():
    panel = run(0, what="algorithm1")
    seen = [panel.state()["numbers"]["line"]]
    while not panel.finished:
        panel.step()
        seen.append(panel.state()["numbers"]["line"])
    assert len(seen) == 7 == len(set(seen)) and set(seen) <= set(BatchNorm.words)


class TestShift:
    def test_batch_normalization_keeps_the_inputs_in_place_and_learns_sooner(self):
        """At layer 3 the median moves by several times the spread without, by less than it with."""
        part = run(50).part
        bands = {name: one[: part.count + 1, 2, 1] for name, one in part.bands.items()}
        spread = {name: one[:, 2] - one[:, 0] for name, one in bands.items()}
        moved = {name: np.ptp(one[:, 1]) / np.median(spread[name]) for name, one in bands.items()}
        assert moved["with"] < 0.5 and moved["without"] > 3
        # That of the standard normal distribution is 2.07.
        assert spread["with"].min() > 1.4 and spread["with"].max() < 3
        last = {name: one[30:50].mean() for name, one in part.losses.items()}
        assert last["with"] < 1.4 and last["without"] > 2
        assert part.accuracies()["with"] > 0.6 > 0.4 > part.accuracies()["without"]

    def test_before_the_normalization_the_inputs_still_move(self):
        """The normalization takes mean and variance of `before` to 0 and 1, to beta and gamma as they have become."""
        part = run(0).part
        before, after = part.bands["with"][0, 2]
        assert abs(after).max() < 3 and np.ptp(after) > 5 * np.ptp(before)
        np.testing.assert_array_equal(*part.bands["without"][0, 2])

    def test_both_networks_start_from_the_same_weights(self):
        part = run(0).part
        kernels = {name: [w for w in model.get_weights() if w.ndim == 2] for name, model in part.models.items()}
        for one, other in zip(kernels["with"], kernels["without"], strict=True):
            np.testing.assert_array_equal(one, other)


class TestStatistics:
    @pytest.mark.parametrize("momentum", [0.5, 0.9])
    def test_moving_averages_follow_the_slide(self, momentum):
        """Row 66: moving = moving momentum + batch (1 - momentum), from 0 and 1."""
        part = run(12, what="statistics", momentum=momentum, layer="2", unit=7).part
        assert part.moving[0].tolist() == [0, 1]
        for k in range(12):
            expected = momentum * part.moving[k] + (1 - momentum) * part.batch[k]
            np.testing.assert_allclose(part.moving[k + 1], expected, rtol=1e-4, atol=1e-6)

    def test_keras_forgets_the_correction_which_is_a_factor_2_for_batches_of_2(self):
        """Weights that hardly move: the moving variance nears E[var_B], half of the population's."""
        ratio = {}
        for m in (2, 64):
            part = run(250, what="statistics", layer="1", batch=m, rate=0.001).part
            population = part.population[1:26, 1].mean()
            ratio[m] = part.moving[50:251, 1].mean() / population
            assert part.state()["numbers"]["correction"] == m / (m - 1)
        # 250 variances of one degree of freedom: a relative standard error of sqrt(2 / 250) = 9 %, of the 100 batches
        # of the population 14 %.
        assert ratio[2] == pytest.approx(0.5, abs=0.2) and ratio[64] == pytest.approx(1, abs=0.1)

    def test_small_batches_are_noisy(self):
        """The standard deviation of a batch's mean falls with 1 / sqrt(m)."""
        parts = {m: run(100, what="statistics", layer="1", batch=m, rate=0.001).part for m in (2, 32)}
        noise = {m: part.batch[:100, 0].std() for m, part in parts.items()}
        assert noise[2] / noise[32] == pytest.approx(4, rel=0.3)

    def test_the_populations_statistics_leave_the_training_alone(self):
        one, other = run(10, what="statistics"), run(10)
        for a, b in zip(one.part.model.get_weights(), other.part.models["with"].get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


class TestAlgorithm2:
    @pytest.mark.parametrize("layer", ["1", "3"])
    def test_it_is_the_librarys_estimate(self, layer):
        panel = run(FREEZE + MINI_BATCHES, what="algorithm2", layer=layer, batch=16)
        part, index = panel.part, int(layer) - 1
        kept = part.model.get_weights()
        used = np.concatenate([part.batch(k) for k in range(MINI_BATCHES)])
        batchnorm.estimate_population(part.model, used, batch_size=16)
        assert part.estimates() == pytest.approx(part._moving(), rel=1e-5, abs=1e-6)
        part.model.set_weights(kept)
        panel.step()
        assert panel.finished and panel.state()["numbers"]["line"] == "line_replace"
        # Line 11: y = a x + b is what the layer now computes.
        a, b = part.linear()
        one = [one for one in part.model.layers if isinstance(one, layers.BatchNormalization)][index]
        x = np.linspace(-2, 2, 9, dtype="float32")[:, None] * np.ones((1, 100), "float32")
        np.testing.assert_allclose(one(x, training=False).numpy()[:, 0], a * x[:, 0] + b, rtol=1e-4, atol=1e-5)

    def test_the_correction_is_right(self):
        """m = 2: with m / (m - 1) the estimates of all units are about the population's variance, without it half."""
        part = run(FREEZE + MINI_BATCHES, what="algorithm2", layer="1", batch=2, rate=0.001).part
        assert part.estimates()[1] == pytest.approx(2 * np.mean([variance for _, variance in part.moments]))
        truth = look(part.model, part.images)[0][0].var(axis=0)
        assert truth[0] == pytest.approx(part.truth[1], rel=1e-4)
        estimates = 2 * np.mean([look(part.model, part.batch(k))[2][0][1] for k in range(MINI_BATCHES)], axis=0)
        # The 100 units' estimates share 30 batches: a relative standard error of at most sqrt(2 / 30) = 26 %.
        assert 0.7 < np.mean(estimates / truth) < 1.4

    def test_it_ends_with_the_replacement(self):
        part = run(REPLACE, what="algorithm2", batch=8).part
        assert part.finished and part.state()["numbers"]["accuracy_population"].endswith("%")


@pytest.mark.parametrize("what", [name for name in PARTS if name != "algorithm1"])
def test_snapshots_lead_back(what):
    panel = run(9, what=what, batch=8)
    snapshot = panel.snapshot()
    before = encode(panel.state())
    for _ in range(2):
        for _ in range(4):
            panel.step()
        assert encode(panel.state()) != before
        panel.restore(snapshot)
        assert encode(panel.state()) == before


def test_the_helper_scripts_ask_for_words_that_there_are():
    import re
    from pathlib import Path

    import tinynet.lab

    for script in (Path(tinynet.lab.__file__).parent / "static" / "panels").glob("batchnorm*.js"):
        text = script.read_text("utf-8")
        assert set(re.findall(r'\bt\("(\w+)"\)', text)) <= set(BatchNorm.words), script.name
