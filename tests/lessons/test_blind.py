"""The detectors on functions whose authors had not seen them: right ones pass, wrong ones fail."""

import warnings

import pytest
from lessons.blind import RIGHT, WRONG

from tinynet.lessons import check
from tinynet.lessons.checks import EXERCISES


def each(functions):
    """Parameters (exercise, function), with the function's name as the id."""
    return [pytest.param(name, function, id=function.__name__) for name in functions for function in functions[name]]


def test_each_exercise_has_five_right_and_three_wrong_ones():
    assert set(RIGHT) == set(WRONG) == set(EXERCISES)
    assert all(len(functions) >= 5 for functions in RIGHT.values())
    assert all(len(functions) >= 3 for functions in WRONG.values())


@pytest.mark.parametrize(("name", "function"), each(RIGHT))
def test_right_ones_pass(name, function):
    for seed in range(3):
        result = check(name, function, seed=seed)
        assert result.passed, result.message


@pytest.mark.parametrize(("name", "function"), each(WRONG))
def test_wrong_ones_fail(name, function):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # roots of negative numbers
        assert not check(name, function).passed
