"""From outcomes to a result: passed, a mistake by name, or the first difference.

A mistake is named only if the results equal its variant's on all inputs, and differ from the right ones somewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import general
from .definition import ARRAY, WHOLE, Exercise
from .result import PASSED, Result
from .running import Outcome
from .words import Words

# Of the largest value of an array, far below what a mistake changes: float32 keeps beta_2 = 0.999 to 3e-8, which is 3e-5
# of 1 - beta_2.
TOLERANCE = 5e-5


def evaluate(function: Callable[..., Any], exercise: Exercise, arguments: Sequence[Any]) -> tuple[Any, ...] | None:
    """Return the outputs of the reference or of a variant, None where it cannot be computed.

    Args:
        function: The reference or a variant. It may change its arguments: it gets copies.
        exercise: Whose it is.
        arguments: Of one case.
    """
    copies = [value.copy() if isinstance(value, np.ndarray | list | dict) else value for value in arguments]
    with np.errstate(all="ignore"):
        try:
            returned = function(*copies)
        except (ArithmeticError, ValueError, IndexError):
            return None
    outputs = returned if len(exercise.outputs) > 1 else (returned,)
    return tuple(np.asarray(output) if exercise.kind == ARRAY else output for output in outputs)


def equal(a: Any, b: Any, kind: str) -> bool:
    """Whether two outputs are equal: words and numbers exactly, arrays within `TOLERANCE`.

    >>> equal(np.ones(2), np.ones(2) + 1e-9, "array"), equal(np.ones(2), np.ones((2, 1)), "array")
    (True, False)
    """
    if kind != ARRAY:
        return a == b or bool(a != a and b != b)  # NaN equals NaN
    if a.shape != b.shape:
        return False
    return bool(_near(a, b).all())


def _near(a, b):
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    finite = np.abs(b[np.isfinite(b)])
    scale = finite.max() if finite.size else 1.0
    with np.errstate(invalid="ignore"):
        return (np.abs(a - b) <= TOLERANCE * scale) | (a == b) | (np.isnan(a) & np.isnan(b))


def judge(exercise: Exercise, cases: Sequence[tuple[Any, ...]], outcomes: Sequence[Outcome], lang: str,
          repeated: Outcome | None = None) -> Result:
    """Compare what a function did with the reference and with the variants.

    Args:
        exercise: What it should be.
        cases: The inputs.
        outcomes: What it did with each; shorter if the time was up.
        lang: 'en' or 'ko'.
        repeated: What it did with the first input when called again after the others.

    Returns:
        A `Result`.

    >>> from tinynet.lessons.checks import EXERCISES, run
    >>> exercise = EXERCISES["output_size"]
    >>> outcome = run(lambda W, K, P, S: (W - K + 2 * P) // S, exercise, (7, 3, 0, 1), seconds=1)
    >>> judge(exercise, [(7, 3, 0, 1)], [outcome], "en").expected
    5
    """
    expected = [evaluate(exercise.reference, exercise, case) for case in cases]
    for index, outcome in enumerate(outcomes):
        if outcome.kind != "value" or not _all_equal(outcome, expected[index], exercise):
            break
    else:
        return _after_right_values(exercise, cases, outcomes, expected, lang, repeated)
    found, only = _recognized(exercise, cases, outcomes, expected)
    if not found and outcome.kind == "value" and _varies(outcomes[0], repeated, exercise):
        found = [general.NOT_REPEATABLE]
    words, shown = _description(exercise, outcome, expected[index], found, only)
    lines = [f"{exercise.name}: {words.of(lang)}"]
    if outcome.kind == "error" and found:
        lines.append(general.problem(outcome, exercise)[1].of(lang))
    if shown:
        lines.append(general.DIFFERENCE.format(number=index + 1, count=len(cases), difference=shown).of(lang))
    if only is not None:
        words = general.ONLY_OUTPUT if _others_are_right(exercise, outcomes, expected, only) else general.ONE_OUTPUT
        lines.append(words.format(name=exercise.outputs[only]).of(lang))
    if outcome.changed and outcome.kind != "none":
        lines.append(general.CHANGED_TOO.format(names=", ".join(outcome.changed)).of(lang))
    inputs = dict(zip(exercise.arguments, cases[index], strict=True))
    lines += general.show_inputs(inputs, lang)
    keys = tuple(mistake.key for mistake in found) or general.problem_key(outcome)
    return Result(exercise.name, False, "\n".join(lines), keys[0] if len(keys) == 1 else None, keys, inputs,
                  _plain(expected[index]), _plain(outcome.values) if outcome.values else None)


def _after_right_values(exercise, cases, outcomes, expected, lang, repeated):
    """The values are right; are the inputs whole, the types right, a second call the same?"""
    for case, outcome, right in zip(cases, outcomes, expected, strict=True):
        found = None
        if outcome.changed:
            found = general.CHANGES_INPUT, {"names": ", ".join(outcome.changed), "first": outcome.changed[0]}
        elif exercise.kind == WHOLE and any(isinstance(value, float) for value in outcome.values):
            found = general.FLOAT_NUMBER, {"value": outcome.values[0], "right": right[0]}
        if found:
            return _general_result(exercise, case, outcome, right, lang, *found)
    if repeated is not None and (repeated.kind != "value" or not _all_equal(repeated, expected[0], exercise)):
        return _general_result(exercise, cases[0], repeated, expected[0], lang, general.NOT_REPEATABLE, {})
    return Result(exercise.name, True, PASSED.format(name=exercise.name, count=len(cases)).of(lang))


def _general_result(exercise, case, outcome, right, lang, mistake, values):
    text = f"{exercise.name}: {mistake.words.format(**values).of(lang)}"
    inputs = dict(zip(exercise.arguments, case, strict=True))
    return Result(exercise.name, False, text, mistake.key, (mistake.key,), inputs, _plain(right),
                  _plain(outcome.values))


def _varies(first, repeated, exercise):
    """Whether two calls with the same inputs gave different values."""
    return (repeated is not None and first.kind == repeated.kind == "value"
            and not _all_equal(repeated, first.values, exercise))


def _all_equal(outcome, right, exercise, only=None):
    """Whether the outputs are equal; with `only`, the output of this number."""
    pairs = list(zip(outcome.values, right, strict=True))
    return all(equal(a, b, exercise.kind) for a, b in (pairs if only is None else pairs[only : only + 1]))


def _others_are_right(exercise, outcomes, expected, only):
    """Whether all outputs but one are right on all inputs."""
    others = [number for number in range(len(exercise.outputs)) if number != only]
    return all(outcome.kind == "value" and _all_equal(outcome, right, exercise, number)
               for outcome, right in zip(outcomes, expected, strict=True) for number in others)


def _recognized(exercise, cases, outcomes, expected):
    """(the mistakes whose variants give these results on all inputs, the output in which they do or None for all)

    One output alone is evidence too: two mistakes may be in two outputs. There a mistake is named only if no other one
    has that output.
    """
    if len(outcomes) < len(cases) or not any(outcome.kind == "value" for outcome in outcomes):
        return [], None
    for mistakes in (exercise.mistakes, general.variants(exercise)):  # those of the exercise tell more
        found = {mistake.key: mistake for mistake in mistakes
                 if _explains(mistake, exercise, cases, outcomes, expected)}
        if found:
            return list(found.values()), None
    for only in range(len(exercise.outputs) if len(exercise.outputs) > 1 else 0):
        alone = [mistake for mistake in exercise.mistakes
                 if _explains(mistake, exercise, cases, outcomes, expected, only)]
        if len(alone) == 1:
            return alone, only
    return [], None


def _explains(mistake, exercise, cases, outcomes, expected, only=None):
    """Whether a variant explains all outcomes, at least one of them a wrong value.

    Where the variant itself cannot be computed, an error of the function agrees with it.
    """
    differs = False
    for case, outcome, right in zip(cases, outcomes, expected, strict=True):
        values = evaluate(mistake.variant, exercise, case)
        if values is None and outcome.kind == "error":
            continue
        if values is None or outcome.kind != "value" or not _all_equal(outcome, values, exercise, only):
            return False
        differs = differs or not _all_equal(outcome, right, exercise, only)
    return differs


def _description(exercise, outcome, right, found, only):
    """(the main sentence, the first difference or None)"""
    difference = None
    if outcome.kind == "value":
        parts = list(zip(exercise.outputs, outcome.values, right, strict=True))
        parts = parts if only is None else [parts[only], *parts]  # that of the mistake, if it shows on this input
        difference = next((general.difference(name, got, wanted, exercise.kind, _near)
                           for name, got, wanted in parts if not equal(got, wanted, exercise.kind)), None)
    if len(found) == 1:
        return found[0].words, difference
    if found:
        wrong = [name for name, got, wanted in zip(exercise.outputs, outcome.values, right, strict=False)
                 if not equal(got, wanted, exercise.kind)]
        choices = Words(*(" / ".join(mistake.words.of(lang) for mistake in found) for lang in ("en", "ko")))
        return general.SEVERAL.format(names=", ".join(wrong) or exercise.outputs[0], choices=choices), difference
    if outcome.kind == "value":
        return general.wrong_value(exercise, outcome, right, equal), difference
    return general.problem(outcome, exercise)[1], None


def _plain(values):
    return values[0] if values is not None and len(values) == 1 else values
