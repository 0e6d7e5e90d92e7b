"""Mistakes that any exercise can have, and the sentences around a mistake."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from .definition import ARRAY, WHOLE, Exercise, Mistake
from .running import Outcome
from .words import Words

SMALL = 12  # elements of an input that is shown in full

DIFFERENCE = Words("First difference, input {number} of {count}: {difference}",
                   "처음 다른 곳 ({count}가지 입력 중 {number}번째): {difference}")
SEVERAL = Words(
    "several mistakes would give exactly these results; what they share is the output {names}. Candidates: {choices}",
    "여러 실수가 똑같은 결과를 냅니다. 공통점은 출력 {names}이(가) 다르다는 것입니다. 후보: {choices}")
CHANGED_TOO = Words("Besides, it changes its argument {names} in place.", "그리고 인수 {names}의 내용을 바꿔 버립니다.")
ONE_OUTPUT = Words(
    "This explains the output {name}; in another output there is another mistake.",
    "출력 {name}은(는) 이 실수로 설명됩니다. 다른 출력에는 다른 실수가 있습니다.")
ONLY_OUTPUT = Words("The mistake is in the output {name} alone; the others are right.",
                    "실수는 출력 {name}에만 있습니다. 나머지 출력은 맞습니다.")
INPUTS = Words("Inputs: {shown}", "입력: {shown}")
NO_MISTAKE = Words(
    "the results differ from the right ones, and it is none of the mistakes that are known. Compute the value of the first "
    "difference by hand.",
    "결과가 정답과 다르지만, 알려진 실수 가운데에는 없습니다. 처음 다른 곳의 값을 손으로 계산해 보세요.")


def _none(*arguments: Any) -> Any:
    """The variant of a mistake that is not recognized by its values."""
    raise ValueError


CHANGES_INPUT = Mistake("changes_input", Words(
    "the results are right, but the function changes its argument {names} in place: for the caller it is not what it "
    "was. `{first} -= ...`, `{first}[...] = ...` and methods such as `{first}.sort()` write into it. Begin with "
    "`{first} = {first}.copy()`.",
    "결과는 맞지만, 함수가 인수 {names}의 내용을 제자리에서(in place) 바꿉니다. `{first} -= ...`, `{first}[...] = ...`, "
    "`{first}.sort()` 같은 코드는 함수를 부른 쪽의 값까지 바꿉니다. 먼저 `{first} = {first}.copy()`를 하세요."), _none)
FLOAT_NUMBER = Mistake("float_number", Words(
    "the value is right, but it is the float {value!r}, and a size or a count must be a whole number: "
    "`np.zeros({value!r})` fails. Divide with `//`, or use `int(...)`.",
    "값은 맞지만 실수 {value!r}을(를) 돌려줍니다. 크기나 개수는 정수여야 합니다(`np.zeros({value!r})`은 오류). `//`로 나누거나 "
    "`int(...)`를 쓰세요."), _none)
NOT_REPEATABLE = Mistake("not_repeatable", Words(
    "called again with the first inputs, it returns something else: it draws random numbers of its own, or it keeps "
    "something between two calls (a global variable, a default argument such as `v=[]`). Use the arguments alone.",
    "첫 번째 입력으로 다시 부르면 다른 결과가 나옵니다. 함수 안에서 난수를 새로 뽑거나, 호출 사이에 값을 남겨 두고 있습니다(전역 변수, "
    "`v=[]` 같은 기본 인수). 인수로 받은 값만 쓰세요."), _none)

OUTPUTS_SWAPPED = Words("the values are right, but they are returned in another order; it should be {names}.",
                        "값은 맞지만 돌려주는 순서가 다릅니다. {names} 순서여야 합니다.")
NEGATED = Words("each value has the wrong sign: it is minus the right one.", "모든 값의 부호가 반대입니다.")
TRANSPOSED = Words("the values are right, but the result is transposed: its axes are in reverse order.",
                   "값은 맞지만 결과가 전치(transpose)되어 있습니다. 축의 순서가 거꾸로입니다.")
WHOLE_NUMBERS = Words(
    "all digits after the point are lost: the result was written into an array of integers. Make it with "
    "`np.zeros(shape)`, which is of floats, instead of `zeros_like` of integers or `dtype=int`.",
    "소수점 아래가 모두 사라졌습니다. 결과를 정수 배열에 썼기 때문입니다. 정수의 `zeros_like`나 `dtype=int` 대신 실수 배열인 "
    "`np.zeros(shape)`를 쓰세요.")
KEPT_AXIS = Words("the values are right, but the result has an axis of length 1 too many or too few.",
                  "값은 맞지만 길이 1인 축이 하나 더 있거나 모자랍니다.")


def variants(exercise: Exercise) -> list[Mistake]:
    """Return the mistakes that are made from the right result of any exercise.

    Args:
        exercise: An exercise.
    """
    def changed(change: Callable[[Any], Any]) -> Callable[..., Any]:
        def variant(*arguments: Any) -> Any:
            returned = exercise.reference(*arguments)
            return tuple(map(change, returned)) if len(exercise.outputs) > 1 else change(returned)
        return variant

    def permuted(order: tuple[int, ...]) -> Callable[..., Any]:
        def variant(*arguments: Any) -> Any:
            returned = exercise.reference(*arguments)
            return tuple(returned[i] for i in order)
        return variant

    names = ", ".join(exercise.outputs)
    orders = list(itertools.permutations(range(len(exercise.outputs))))[1:] if len(exercise.outputs) < 5 else []
    found = [Mistake("outputs_swapped", OUTPUTS_SWAPPED.format(names=names), permuted(order)) for order in orders]
    if exercise.kind == ARRAY:
        found += [
            Mistake("whole_numbers", WHOLE_NUMBERS, changed(np.trunc)),
            Mistake("transposed", TRANSPOSED, changed(np.transpose)),
            Mistake("kept_axis", KEPT_AXIS, changed(lambda a: np.asarray(a)[None])),
            Mistake("kept_axis", KEPT_AXIS, changed(lambda a: np.asarray(a)[..., None])),
        ]
    if exercise.kind == ARRAY and len(exercise.outputs) == 1:
        found.append(Mistake("negated", NEGATED, changed(np.negative)))
    return found


# What went wrong before there was a value to compare: {kind of outcome: (key, words)}.
PROBLEMS = {
    "none": ("returns_nothing", Words(
        "it returns nothing (None). Is `return {outputs}` missing at its end, or is the `return` within an `if` or a "
        "loop that is not reached?",
        "아무것도 돌려주지 않습니다(None). 끝에 `return {outputs}`이(가) 빠졌거나, 실행되지 않는 `if`나 반복문 안에 `return`이 "
        "있지 않나요?")),
    "count": ("output_count", Words(
        "it should return {outputs} ({number}), got {detail}.",
        "{outputs}을(를) 돌려주어야 합니다({number}개). 받은 것: {detail}.")),
    "type": ("output_type", Words(
        "an output is not of the right type. Expected {wanted}, got {detail}.",
        "출력의 자료형이 맞지 않습니다. 필요한 것: {wanted}. 받은 것: {detail}.")),
    "error": ("raises", Words("it stops with {detail}{where}", "오류로 멈춥니다. {detail}{where}")),
    "time": ("endless_loop", Words(
        "it did not end within the time limit and was stopped{where}. Does the loop end? Does `while` change what it "
        "tests?",
        "제한 시간 안에 끝나지 않아 멈췄습니다{where}. 반복문이 끝나나요? `while`의 조건에 쓰인 값이 반복문 안에서 바뀌나요?")),
}
COMMA = Words(" A comma at the end of a line makes a tuple.", " 줄 끝의 쉼표는 튜플(tuple)을 만듭니다.")
CHANGED_INSTEAD = Words(" It changed its argument {names} in place; results must be returned instead.",
                        " 대신 인수 {names}의 내용을 바꾸었습니다. 결과는 return으로 돌려주어야 합니다.")
WHERE = Words(" in line {where}", " (줄 {where})")
WANTED = {
    ARRAY: Words("numbers or arrays of numbers", "숫자 또는 숫자 배열"),
    WHOLE: Words("a whole number (int)", "정수(int)"),
    "words": Words("a list of words (str)", "단어(str)의 리스트"),
}


def problem(outcome: Outcome, exercise: Exercise) -> tuple[str, Words]:
    """Return (key, words) of what went wrong before there was a value.

    Args:
        outcome: Of another kind than 'value'.
        exercise: Whose it is.
    """
    key, words = PROBLEMS[outcome.kind]
    where = WHERE.format(where=outcome.where) if outcome.where else Words("", "")
    words = words.format(outputs=", ".join(exercise.outputs), number=len(exercise.outputs), detail=outcome.detail,
                         wanted=WANTED[exercise.kind], where=where)
    if outcome.kind == "none" and outcome.changed:
        words = words.followed_by(CHANGED_INSTEAD.format(names=", ".join(outcome.changed)))
    if outcome.kind == "count" and outcome.detail.startswith("tuple"):
        words = words.followed_by(COMMA)
    return key, words


def problem_key(outcome: Outcome) -> tuple[str, ...]:
    """Return the key of a problem without a value, alone in a tuple; an empty one for an unknown wrong value.

    Args:
        outcome: Of the first input with a difference.
    """
    if outcome.kind != "value":
        return (PROBLEMS[outcome.kind][0],)
    return ()


SHAPE = Words(
    "{name} has the shape {got}, expected {wanted}.",
    "{name}의 모양(shape)이 {got}입니다. {wanted}이어야 합니다.")
NOT_A_NUMBER = Words(
    "{name} has NaN (not a number), where the right result is finite: 0/0, the root or logarithm of a negative number, "
    "or infinity minus infinity.",
    "정답은 유한한데 {name}에 NaN(숫자가 아님)이 있습니다. 0/0이거나, 음수의 제곱근이나 로그이거나, 무한대에서 무한대를 뺀 것입니다.")
INFINITE = Words("{name} has an infinite value, where the right result is finite: is there a division by 0?",
                 "정답은 유한한데 {name}에 무한대가 있습니다. 0으로 나누고 있지 않나요?")
MULTIPLE = Words("{name} is {factor:.6g} times the right result, in each of its elements on this input.",
                 "이 입력에서 {name}의 모든 원소가 정답의 {factor:.6g}배입니다.")


def wrong_value(exercise: Exercise, outcome: Outcome, right: tuple[Any, ...],
                equal: Callable[[Any, Any, str], bool]) -> Words:
    """Return what can be told about a wrong value that is no known mistake: shape, NaN, infinity, a common factor.

    Args:
        exercise: Whose it is.
        outcome: Of the first input with a difference.
        right: The right outputs for it.
        equal: Function of two outputs and their kind.
    """
    for name, got, wanted in zip(exercise.outputs, outcome.values, right, strict=True):
        if exercise.kind != ARRAY or equal(got, wanted, exercise.kind):
            continue
        if got.shape != wanted.shape:
            return SHAPE.format(name=name, got=got.shape, wanted=wanted.shape)
        if np.isnan(got).any() and not np.isnan(wanted).any():
            return NOT_A_NUMBER.format(name=name)
        if np.isinf(got).any() and not np.isinf(wanted).any():
            return INFINITE.format(name=name)
        factor = float(np.vdot(got, wanted) / (np.vdot(wanted, wanted) or 1))
        if factor and wanted.size > 1 and equal(got, factor * wanted, exercise.kind):
            return MULTIPLE.format(name=name, factor=factor)
        break
    return NO_MISTAKE


VALUE = Words("{place} is {got}, expected {wanted}", "{place} = {got}, 정답은 {wanted}")


def difference(name: str, got: Any, wanted: Any, kind: str, near: Callable[[Any, Any], Any]) -> Words:
    """Return the first element that differs, such as "w[0, 2] is 0.5, expected 0.4".

    Args:
        name: Of the output.
        got, wanted: The output, and the right one.
        kind: Of the outputs.
        near: Function of two arrays: where they are equal.
    """
    if kind != ARRAY:
        return VALUE.format(place=name, got=repr(got), wanted=repr(wanted))
    if got.shape != wanted.shape:
        return VALUE.format(place=f"{name}.shape", got=got.shape, wanted=wanted.shape)
    index = tuple(int(i) for i in np.argwhere(~near(got, wanted))[0])
    place = f"{name}[{', '.join(map(str, index))}]" if index else name
    return VALUE.format(place=place, got=f"{float(got[index]):.6g}", wanted=f"{float(wanted[index]):.6g}")


def show_inputs(inputs: dict[str, Any], lang: str) -> list[str]:
    """Return a line with the inputs, large arrays by their shape.

    Args:
        inputs: {argument: value}.
        lang: 'en' or 'ko'.
    """
    shown = []
    for name, value in inputs.items():
        if isinstance(value, np.ndarray):
            text = np.array2string(value, precision=4, separator=", ")
            text = " ".join(text.split()).replace("[ ", "[")
            shown.append(f"{name} = {text}" if value.size <= SMALL else f"{name}: {value.shape}")
        elif isinstance(value, list) and all(isinstance(number, float) for number in value):
            shown.append(f"{name} = [{', '.join(f'{number:.4g}' for number in value)}]")
        else:
            shown.append(f"{name} = {value!r}")
    return [INPUTS.format(shown="; ".join(shown)).of(lang)]
