"""The detectors on functions whose authors had not seen them: right ones pass, wrong ones get their mistake's name."""

import pytest
from lessons.blind import RIGHT, WRONG

from tinynet.lessons import check
from tinynet.lessons.checks import EXERCISES

RIGHT_ONES = [pytest.param(name, function, id=function.__name__)
              for name, functions in RIGHT.items() for function in functions]
WRONG_ONES = [pytest.param(name, function, expected, id=function.__name__)
              for name, functions in WRONG.items() for function, expected in functions]


def test_each_exercise_has_five_right_and_three_wrong_ones():
    assert set(RIGHT) == set(WRONG) == set(EXERCISES)
    assert all(len(functions) >= 5 for functions in RIGHT.values())
    assert all(len(functions) >= 3 for functions in WRONG.values())


@pytest.mark.parametrize(("name", "function"), RIGHT_ONES)
def test_right_ones_pass(name, function):
    for seed in range(3):
        result = check(name, function, seed=seed)
        assert result.passed, result.message


@pytest.mark.parametrize(("name", "function", "expected"), WRONG_ONES)
def test_wrong_ones_get_the_name_of_their_mistake(name, function, expected):
    for seed, lang in ((0, "en"), (1, "ko"), (2, "ko")):
        result = check(name, function, seed=seed, lang=lang)
        assert not result.passed and result.mistake in expected, result.message


def test_most_mistakes_are_named():
    named = [expected != (None,) for functions in WRONG.values() for _, expected in functions]
    assert sum(named) >= 0.9 * len(named)
