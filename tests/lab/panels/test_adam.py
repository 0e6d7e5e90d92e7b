"""How Adam came to be: the slides' table, first steps, corrections, forms of epsilon, the full matrix."""

import numpy as np
import pytest

from tinynet import optimizers, textbook
from tinynet.lab import all_panels
from tinynet.lab.panels.adam import RACERS
from tinynet.lab.panels.adam_code import marked, table
from tinynet.lab.panels.adam_race import SparseLoss
from tinynet.lab.panels.adam_words import CELLS

PANEL = all_panels()["adam"]
ALL = tuple(RACERS)


def race(steps, **chosen):
    panel = PANEL(PANEL.parse({"racers": ALL} | chosen), 0)
    for _ in range(steps):
        panel.step()
    return panel


def test_the_table_is_the_slides():
    lines = textbook.comparison_table().split("\n")[2:]
    cells = [[row["label"], *("✓" if cell else "✗" for cell in row["cells"])] for row in table()]
    assert ["| " + " | ".join(row) + " |" for row in cells] == lines
    assert ["".join("-+"[cell] for cell in row["cells"]) for row in table()] == [
        "----", "+---", "+---", "-+--", "-++-", "++++"]


def test_every_cell_explains_itself():
    for row in table():
        for k, cell in enumerate(row["cells"]):
            assert CELLS[f"tell_{row['key']}_{k}"].ko
            assert bool(row["lines"][k]) == cell, "a tick has its line of code, a cross has none"
    assert len(CELLS) == 24
    adam = table()[-1]["lines"]
    assert adam[0][0].startswith("m[...]") and adam[1] == adam[2] and adam[1][0].startswith("v[...]")
    assert [line.split(" ")[0] for line in adam[3]] == ["m_hat", "v_hat"]


def test_the_code_is_what_explain_prints():
    for name, (_, cls, _) in RACERS.items():
        if cls.startswith("textbook."):
            found = getattr(textbook, cls.removeprefix("textbook."))
            assert "\n".join(line for line, _ in marked(found)) == textbook.explain(found)
            assert (name == "sgd") == (not any(letter for _, letter in marked(found)))
    letters = [letter for _, letter in marked(textbook.AdamAlgorithm1) if letter]
    assert letters == ["M", "R", "B", "B", "MR"]
    assert [letter for _, letter in marked(optimizers.Adam)] == ["", "B", "M", "R", "MR"]


def test_first_steps():
    """Adam's first step is the learning rate; without correction (1 - 0.9) / sqrt(1 - 0.999) = 3.16 times as much."""
    for look, expected in (("adam", 1.0), ("adam_keras", 1.0), ("almost", 0.1 / np.sqrt(0.001)), ("form1", 1.0),
                           ("rmsprop", 1 / np.sqrt(0.1))):
        assert race(1, look=look).state()["numbers"]["first_step"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("surface", ["ravine", "turned", "sparse", "rosenbrock"])
@pytest.mark.parametrize("name", [name for name in ALL if name != "full"])
def test_the_rates_are_those_of_the_steps(name, surface):
    """Each step is -rate times the gradient, or times its (corrected) mean."""
    panel = race(30, surface=surface, look=name)
    history = panel.racers[name].history
    mean = history["first_hat"] if name in ("adam", "adam_keras") else history["first"]
    factor = history["gradient"] if name not in ("momentum", "almost", "adam", "adam_keras") else mean
    rate = np.nan_to_num(history["rate"])  # form 1 leaves a weight without gradients alone
    # The step is a difference of weights up to 5, which are rounded to 1e-15.
    np.testing.assert_allclose(history["move"][:30], (-rate * factor)[:30], rtol=1e-6, atol=1e-13)


def test_the_correction_makes_a_constant_gradient_itself():
    panel = race(5, surface="saddle", look="adam", adaptive=1e-4)
    history = panel.racers["adam"].history
    np.testing.assert_allclose(history["first_hat"][:5], history["gradient"][:5], rtol=1e-2)
    np.testing.assert_allclose(history["second_hat"][:5], history["gradient"][:5] ** 2, rtol=1e-2)
    corrections = panel.state()["corrections"]
    assert corrections[0][0] == pytest.approx(10) and corrections[1][0] == pytest.approx(1000)


def test_adagrad_gives_rare_gradients_a_large_rate_and_never_raises_one():
    panel = race(200, surface="sparse", every=20, look="form3")
    rates = panel.racers["form3"].history["rate"][:200]
    assert (np.diff(rates, axis=0) <= 0).all() and rates[-1, 1] > 2 * rates[-1, 0]
    assert (np.diff(panel.racers["rmsprop"].history["rate"][:200], axis=0) > 0).any(), "the leaky one can"


def test_the_full_matrix_turns_with_the_axes_and_the_diagonal_does_not():
    """The ravine turned by 45 degrees, from the turned start: the full matrix walks the turned path."""
    turn = np.array([[1, -1], [1, 1]]) / np.sqrt(2)
    start = np.array([-1.8, 0.8])
    straight = race(40, start=tuple(start))
    turned = race(40, surface="turned", start=tuple(turn @ start))
    for name, same in (("full", True), ("form2", False), ("form3", False), ("sgd", True)):
        expected = straight.racers[name].path[:41] @ turn.T
        # 40 steps of eigenvectors and roots of epsilon + G, whose small eigenvalue starts at 1e-7
        assert np.allclose(turned.racers[name].path[:41], expected, atol=1e-4) == same, name


def test_the_full_matrix_makes_the_step_that_it_shows():
    panel = race(3, surface="turned", look="full")
    full, history = panel.state()["full"], panel.racers["full"].history
    np.testing.assert_allclose(history["move"][2], -full["matrix"] @ full["gradient"], rtol=1e-6)
    np.testing.assert_allclose(np.diag(full["diagonal"]), 0.1 / np.sqrt(1e-7 + history["second"][2]), rtol=1e-6)


def test_sparse_gradients_are_rare():
    loss = SparseLoss(4)
    gradients = []
    for loss.step in range(8):
        gradients.append(loss.gradient(np.zeros(2)))
    np.testing.assert_array_equal(np.array(gradients)[:, 1] != 0, [False, False, False, True] * 2)


def test_the_memory_of_a_picture_stays_small():
    from tinynet.lab.frames import encode

    assert len(encode(race(500).state())) < 200_000
