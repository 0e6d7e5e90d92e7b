"""Formulas that a reader types: each is a surface, or refused with its fault; none fails later."""

import math
import random

import numpy as np
import pytest

from tinynet.textbook.formula import parse_formula, surface_of


@pytest.mark.parametrize("part", [
    "1/0", "0**-1", "(-1)**0.5", "(999999999**20)**20", "exp(exp(9))", "log(0)", "sqrt(-1)", "log(-1)*0", "-(1/0)",
    "1/(1-1)", "1/(pi-pi)",
])
def test_a_part_without_value_is_named(part):
    with pytest.raises(ValueError, match="no finite real number"):
        parse_formula(f"x + {part}")


@pytest.mark.parametrize(("text", "value", "slope"), [
    ("abs(-1) + x", 4.0, (1, 0)), ("sin(1) + cos(pi)", math.sin(1) - 1, (0, 0)), ("0**0.5 * x", 0.0, (0, 0)),
    ("e**2 + y", math.e**2 + 1, (0, 1)), ("x * sqrt(4)", 6.0, (2, 0)), ("x / -2", -1.5, (-0.5, 0)), ("7", 7.0, (0, 0)),
    ("x**-1 + 1/3", 2 / 3, (-1 / 9, 0)), ("-x^2", -9.0, (-6, 0)),
])
def test_parts_without_x_and_y_are_numbers(text, value, slope):
    surface = surface_of(text)
    assert float(surface([3.0, 1.0])) == pytest.approx(value, rel=1e-6)
    np.testing.assert_allclose(surface.gradient([3.0, 1.0]), slope, rtol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_random_texts_are_surfaces_or_refused():
    rng = random.Random(16)
    pieces = ["x", "y", "0", "1", "-1", "20", "1e8", "0.5", "pi", "e", "+", "-", "*", "/", "**", "^", "(", ")", "sin(",
              "log(", "sqrt(", "abs(", "exp(", ",", "$", "{0}", "'", "lambda:", "__import__", "\u2028",
              "\ud800", "\uff58"]
    accepted = 0
    for _ in range(6000):
        text = "".join(rng.choices(pieces, [4] * 20 + [1] * 12, k=rng.randint(1, 7)))
        try:
            surface = surface_of(text)
        except ValueError:
            continue
        accepted += 1
        assert np.shape(surface([0.3, -0.7])) == () and np.shape(surface.gradient([0.3, -0.7])) == (2,)
    assert accepted > 200


@pytest.mark.parametrize("text", ["(" * 150 + "x" + ")" * 40, "-" * 199 + "x", "x" + "**2" * 60, "9" * 200, "x" * 201])
def test_deep_long_and_huge_ones_are_refused(text):
    with pytest.raises(ValueError, match="formula"):
        surface_of(text)
