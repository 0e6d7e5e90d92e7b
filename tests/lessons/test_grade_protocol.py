"""The pipe between grader and submission: whatever comes is refused, or judged like any other answer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynet.lessons.checks import EXERCISES, draw_cases, judge, refused
from tinynet.lessons.checks.running import Outcome
from tinynet.lessons.grading import protocol
from tinynet.lessons.grading.grade import cells_shown, checked_run
from tinynet.lessons.grading.protocol import ProtocolError
from tinynet.lessons.grading.report import LONGEST, cell

HEADERS = [  # of answers that are none; 1 stands for the nonce
    b"", b"{", b"[]", b"null", b"[1]", b"\xff" * 10, b"9" * 100_000, b"NaN", b"[" * 100_000, b'{"a":' * 100_000,
    b'{"nonce": "x"}', b'{"nonce": [1]}', b'{"nonce": 1, "nonce": 1}', b'{"a": 1e999}',
]


@pytest.mark.parametrize("header", HEADERS)
def test_headers_that_are_none_are_refused(header):
    with pytest.raises(ProtocolError):
        protocol.parse_header(header, "n" * 32)


@pytest.mark.parametrize("head", [
    (b"TNY2", 2, 0), (b"TNY1", 2**32 - 1, 0), (b"TNY1", 2, 2**63), (b"\0\0\0\0", 0, 0),
    (b"TNY1", protocol.MOST_HEADER + 1, 0), (b"TNY1", 2, protocol.MOST_BODY + 1),
])
def test_lengths_are_limited(head):
    with pytest.raises(ProtocolError):
        protocol.frame_lengths(protocol.HEAD.pack(*head))


F8 = {"dtype": "<f8", "shape": [1]}
OUTCOME = {"kind": "value", "values": [{"array": 0}, {"array": 0}], "detail": "", "where": "", "changed": []}
MALFORMED = [  # (outcomes, arrays, body)
    (None, [], b""), ({}, [], b""), ([], [], b""), ([OUTCOME], [F8], bytes(8)), ([OUTCOME] * 7, [F8], bytes(8)),
    ([None] * 6, [F8], bytes(8)), ([OUTCOME] * 3 + [None], [F8], bytes(8)), ([1] * 6, [F8], bytes(8)),
    ([[]] * 6, [F8], bytes(8)), ([{}] * 6, [F8], bytes(8)), ([{**OUTCOME, "passed": True}] * 6, [F8], bytes(8)),
    *([([{**OUTCOME, key: value}] * 6, [F8], bytes(8)) for key, values in {
        "kind": ("passed", None, [], "none", "error"), "changed": (None, [{}], ["x"], "w", [1], [None]),
        "values": (None, [], [1, 2], [{"array": 1}, {"array": 0}], [{"array": -1}] * 2, [{"array": True}] * 2,
                   [{"array": 0}], [{"array": 0}] * 3, ["1", "2"], [["a"], ["b"]], [{}, {}], [{"array": [0]}] * 2),
        "detail": (None, 1, "x" * 1000), "where": (None, [], "x" * 1000)}.items() for value in values]),
    *([([OUTCOME] * 6, [array], bytes(8)) for array in (
        None, 1, {}, {"dtype": "<f8"}, {**F8, "x": 1}, {**F8, "dtype": "|O"}, {**F8, "dtype": "<f16"},
        {**F8, "dtype": ">f8"}, {**F8, "dtype": "<M8"}, {**F8, "dtype": "<f8,<f8"}, {**F8, "dtype": ["<f8"]},
        {**F8, "dtype": None}, {**F8, "shape": [-1]}, {**F8, "shape": [2]}, {**F8, "shape": [0]},
        {**F8, "shape": [True]}, {**F8, "shape": [1.0]}, {**F8, "shape": 1}, {**F8, "shape": [1] * 99},
        {**F8, "shape": [2**40, 2**40]}, {**F8, "shape": [2**62]},
        {**F8, "shape": [0, *[2**24] * 9]}, {**F8, "shape": ["1"]}, {**F8, "shape": None})]),
    ([OUTCOME] * 6, None, b""), ([OUTCOME] * 6, {}, b""), ([OUTCOME] * 6, [F8], bytes(7)),
    ([OUTCOME] * 6, [F8], bytes(9)), ([OUTCOME] * 6, [F8, F8], bytes(8)),
]


@pytest.mark.parametrize(("outcomes", "arrays", "body"), MALFORMED)
def test_answers_that_are_none_are_refused(outcomes, arrays, body):
    with pytest.raises(ProtocolError):
        protocol.read_outcomes({"outcomes": outcomes, "arrays": arrays}, body, EXERCISES["momentum"], 5)


def test_the_answer_that_they_are_made_of_is_accepted():
    outcomes, repeated = protocol.read_outcomes(
        {"outcomes": [OUTCOME] * 6, "arrays": [F8]}, np.array([1.5]).tobytes(), EXERCISES["momentum"], 5)
    assert len(outcomes) == 5 and repeated.values[0] == 1.5


plain_json = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 70) | st.floats() | st.text(max_size=3) | st.sampled_from(
        ["value", "time", "none", "error", "count", "<f8", "|b1", "w", "12", "-", "9" * 50]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["kind", "values", "detail", "where", "changed", "array", "dtype", "shape"]), inner, max_size=5), max_leaves=12)


@given(st.sampled_from(sorted(EXERCISES)), st.data())
def test_well_formed_answers_are_judged(name, data):
    """Arrays of any type and shape, numbers and words: no exception, and no mark."""
    exercise, cases = EXERCISES[name], draw_cases(name)
    values = {"array": st.sampled_from([{"array": 0}, {"array": 1}]), "whole": st.sampled_from(["-7", "9" * 40]),
              "words": st.lists(st.text(max_size=3), max_size=3)}[exercise.kind]
    kind = data.draw(st.sampled_from(protocol.KINDS))
    outcome = {"kind": kind, "values": [data.draw(values) for _ in exercise.outputs] if kind == "value" else [],
               "detail": data.draw(st.text(max_size=5)), "where": "", "changed": data.draw(st.sampled_from(
                   [[], exercise.arguments]))}
    dtypes = data.draw(st.lists(st.sampled_from(protocol.DTYPES), min_size=2, max_size=2))
    arrays = [{"dtype": dtype, "shape": data.draw(st.lists(st.integers(0, 3), max_size=4))} for dtype in dtypes]
    size = sum(int(np.prod(array["shape"])) * int(array["dtype"][2]) for array in arrays)
    body = (data.draw(st.binary(min_size=1, max_size=40)) * size)[:size]
    header = {"outcomes": [outcome] * (len(cases) + 1), "arrays": arrays}
    outcomes, repeated = protocol.read_outcomes(header, body, exercise, len(cases))
    with np.errstate(all="ignore"):
        assert not judge(exercise, cases, outcomes, "ko", repeated).passed


@given(st.sampled_from(["momentum", "eda", "output_size"]), plain_json, plain_json, st.binary(max_size=40))
def test_whatever_comes_raises_the_protocols_own_error(name, outcomes, arrays, body):
    exercise = EXERCISES[name]
    outcome = {"kind": "value", "values": [outcomes] * len(exercise.outputs), "detail": "", "where": "", "changed": []}
    for packed in (outcomes, [outcomes] * 3, [outcome] * 3):
        with pytest.raises(ProtocolError):
            protocol.read_outcomes({"outcomes": packed, "arrays": arrays}, body, exercise, 5)


some_cells = st.lists(st.tuples(st.integers(), st.text()).map(list), max_size=5)
some_functions = st.dictionaries(st.sampled_from(["momentum", "x"]), st.fixed_dictionaries({
    "untouched": st.booleans() | plain_json,
    "refused": st.none() | plain_json | st.tuples(st.sampled_from(["signature", "x"]), st.text()).map(list)}))
run_parts = st.fixed_dictionaries({"failures": st.integers() | plain_json, "failed": some_cells | plain_json,
                                   "functions": some_functions | plain_json})


@given(run_parts)
def test_what_a_run_answers_is_refused_or_told(answer):
    try:
        ran = checked_run(answer)
    except ProtocolError:
        return
    assert isinstance(cells_shown(ran, "ko"), str) and set(ran["functions"]) <= set(EXERCISES)
    for known in ran["functions"].values():
        assert known["untouched"] in (True, False)
        if known["refused"] is not None:
            assert not refused(EXERCISES["momentum"], *known["refused"], "ko").passed


def test_how_long_a_whole_number_may_be():
    """40 digits pass through the pipe as they are; one more is no answer."""
    exercise = EXERCISES["output_size"]
    for value, kind in ((10**40 - 1, "value"), (-10**40 + 1, "value"), (10**40, "type"), (-10**40, "type")):
        header, body = protocol.pack_outcomes([Outcome("value", values=(value,))], exercise)
        [packed] = header["outcomes"]
        assert packed["kind"] == kind and packed["values"] == ([str(value)] if kind == "value" else [])


@pytest.mark.parametrize("length", [0, 1, LONGEST - 1, LONGEST, LONGEST + 1, 3 * LONGEST])
def test_how_long_a_cell_of_the_table_may_be(length):
    text = "x" * length
    assert cell(text) == (text if length <= LONGEST else "x" * LONGEST + "...")


@pytest.mark.parametrize("failures", range(6))
def test_dots_stand_for_the_failed_cells_that_are_not_shown(failures):
    failed = [[number, "NameError"] for number in range(1, failures + 1)]
    shown = cells_shown({"failures": failures, "failed": failed}, "en")
    assert shown.count("NameError") == min(failures, 3) and shown.endswith("...") == (failures > 3)
