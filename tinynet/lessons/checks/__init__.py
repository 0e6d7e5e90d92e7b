"""Exercises that know what went wrong: `check("momentum", my_momentum)`.

    definition.py  what an exercise is
    running.py     one call of a student's function, so that nothing it does reaches the checker
    judging.py     from what it returned to a result
    general.py     mistakes that any exercise can have, and the sentences around a mistake
    result.py      what is shown
    words.py       texts in both languages

The exercises, by topic: descent, adaptive, adam, initialization, regularization, stopping, dropout, normalization,
convolution, pooling, pooling_gradient, augmentation, text_augmentation, practical, attribution, parallel. The solutions are in tinynet's repository,
tests/lessons/solutions.py.
"""

from __future__ import annotations

import difflib
import inspect
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from . import (
    adam, adaptive, attribution, augmentation, convolution, descent, dropout, initialization, normalization, parallel,
    pooling, pooling_gradient, practical, regularization, stopping, text_augmentation,
)
from .definition import Exercise, Mistake
from .judging import judge
from .result import UNLIMITED, Result
from .running import Outcome, can_limit, run
from .words import Words, language

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for topic in (descent, adaptive, adam, initialization, regularization, stopping, dropout, normalization, practical, convolution,
                  pooling, pooling_gradient, attribution, augmentation, text_augmentation, parallel)
    for exercise in topic.EXERCISES
}

__all__ = ["EXERCISES", "Exercise", "Mistake", "Outcome", "Result", "check", "draw_cases", "exercise", "judge", "run"]

NOT_A_FUNCTION = Words(
    "{name}: pass the function itself, check(\"{name}\", my_{name}), not what it returns; got {got}.",
    "{name}: 함수의 결과가 아니라 함수 자체를 넘겨 주세요. check(\"{name}\", my_{name}). 받은 것: {got}.")
SIGNATURE = Words(
    "{name}: the function must take the arguments of {wanted}, in this order; it takes {got}.",
    "{name}: 함수는 {wanted}의 인수를 이 순서대로 받아야 합니다. 지금은 {got}입니다.")


def find_exercise(name: str) -> Exercise:
    """Return an exercise.

    Args:
        name: A key of `EXERCISES`.

    Raises:
        ValueError: there is none of this name; the message has the names.

    >>> find_exercise("momentum").outputs
    ('w', 'v')
    """
    if name in EXERCISES:
        return EXERCISES[name]
    near = difflib.get_close_matches(str(name), EXERCISES, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"lessons: there is no exercise {name!r}.{hint} There are {', '.join(EXERCISES)}")


def draw_cases(name: str, seed: int = 0) -> list[tuple[Any, ...]]:
    """Return inputs for an exercise, drawn at random.

    Args:
        name: A key of `EXERCISES`.
        seed: The same seed gives the same inputs.

    Returns:
        A list of tuples of arguments.

    Raises:
        ValueError: there is no such exercise.

    >>> len(draw_cases("output_size")) > 5
    True
    """
    return find_exercise(name).cases(np.random.default_rng(seed))


def check(name: str, function: Callable[..., Any], lang: str | None = None, seed: int = 0,
          seconds: float = 10.0) -> Result:
    """Compare your function with the reference on generated inputs, and name the first difference.

    Your function gets copies of the inputs. Exceptions, wrong shapes and types, NaN and changed inputs are named; what
    it prints is printed. It is stopped after `seconds` in the main thread on Linux and macOS (the result has a line about it
    where there is no limit).

    Args:
        name: Of the exercise: "momentum". `exercise(name)` prints what the function gets and returns.
        function: Yours.
        lang: 'en' or 'ko'; None for the language of the pictures (`plots.set_style`).
        seed: Of the inputs.
        seconds: Time limit for all calls together.

    Returns:
        A `Result` that prints its message; it is true if the function is right.

    Raises:
        ValueError: there is no such exercise or language, or `seconds` is not above 0.

    >>> check("output_size", lambda W, K, P, S: (W - K + 2 * P) // S)
    ✗ output_size: the "+ 1" is missing: the window also has its first position.
    First difference, input 1 of 12: size is 4, expected 5
    Inputs: W = 7; K = 3; P = 0; S = 1
    >>> check("output_size", lambda W, K, P, S: (W - K + 2 * P) // S + 1).passed
    True
    """
    found, lang = find_exercise(name), language(lang)
    if not seconds > 0:
        raise ValueError(f"lessons.check: seconds must be above 0, got {seconds!r}")
    problem = refusal(found, function)
    if problem is not None:
        return refused(found, *problem, lang)
    cases = draw_cases(name, seed)
    outcomes, repeated = run_all(function, found, cases, seconds)
    result = judge(found, cases, outcomes, lang, repeated)
    if can_limit():
        return result
    return Result(**{**vars(result), "message": f"{result.message}\n{UNLIMITED.of(lang)}"})


def run_all(function: Callable[..., Any], exercise: Exercise, cases: list[tuple[Any, ...]],
            seconds: float) -> tuple[list[Outcome], Outcome | None]:
    """Call a function with each case, and with the first one again.

    Args:
        function: The student's.
        exercise: What it should be.
        cases: The inputs.
        seconds: Time limit for all calls together. After it, no further call is made.

    Returns:
        (outcomes, the outcome of the repeated call or None)
    """
    begin = time.perf_counter()
    outcomes: list[Outcome] = []
    for case in [*cases, cases[0]]:
        rest = seconds - (time.perf_counter() - begin)
        outcomes.append(run(function, exercise, case, max(rest, 0.001)))
        if outcomes[-1].kind == "time":
            return outcomes[: len(cases)], None
    return outcomes[:-1], outcomes[-1]


def refusal(exercise: Exercise, function: Any) -> tuple[str, str] | None:
    """Return (the mistake's key, what came) of an object that cannot be called with the arguments; None if it can.

    Args:
        exercise: What it should be.
        function: The student's.
    """
    if not callable(function):
        return "not_a_function", type(function).__name__
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # a compiled function without one
        return None
    try:
        signature.bind(*exercise.arguments)
    except TypeError:
        return "signature", str(signature)
    return None


def refused(exercise: Exercise, key: str, got: str, lang: str) -> Result:
    """Return the result for what `refusal` found.

    Args:
        exercise: What it should be.
        key: "not_a_function" or "signature".
        got: What came.
        lang: 'en' or 'ko'.
    """
    words = {"not_a_function": NOT_A_FUNCTION, "signature": SIGNATURE}[key]
    text = words.format(name=exercise.name, wanted=exercise.signature, got=got).of(lang)
    return Result(exercise.name, False, text, key, (key,))


def exercise(name: str, lang: str | None = None) -> None:
    """Print what the function of an exercise gets and returns, as an empty function to fill in.

    Args:
        name: A key of `EXERCISES`.
        lang: 'en' or 'ko'; None for the language of the pictures.

    Raises:
        ValueError: there is no such exercise or language.

    >>> exercise("output_size")  # doctest: +ELLIPSIS
    def my_output_size(W, K, P, S):
        ...
    """
    found = find_exercise(name)
    print(found.template(language(lang)), end="")
