"""The exercises' checks: right solutions pass in every style, each mistake is named, nothing breaks the checker."""

import linecache
import re
import signal
import sys
import threading
import time

import numpy as np
import pytest
from lessons import solutions
from lessons.slips import SLIPS, TEXTS

import tinynet as tn
from tinynet.augment.erasing import cutout_boxes
from tinynet.lessons import check, exercise
from tinynet.lessons.checks import EXERCISES, Exercise, Mistake, draw_cases, general, run_all
from tinynet.lessons.checks.judging import equal, evaluate, judge
from tinynet.lessons.checks.words import Words

WRONG = [(name, key) for name, slips in SLIPS.items() for key in slips]


def written(name, slip=()):
    """The source of a student's function: the exercise's text with slips in it, or another text."""
    if isinstance(slip, str):
        return slip
    text = TEXTS[name]
    for right, wrong in slip:
        assert right in text, (name, right)
        text = text.replace(right, wrong)
    return text


def compiled(name, text, filename="<cell>"):
    """The function my_<name> of a text, as a notebook's cell defines it."""
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    names = {"np": np}
    exec(compile(text, filename, "exec"), names)
    return names[f"my_{name}"]


# -- the right solutions


@pytest.mark.parametrize("name", EXERCISES)
def test_the_students_own_text_is_right(name):
    assert check(name, compiled(name, written(name))).passed


@pytest.mark.parametrize(("name", "style"), [(name, style) for name in EXERCISES for style in solutions.STYLES[name]])
def test_right_solutions_pass_in_every_style(name, style):
    for seed in range(5):
        result = check(name, solutions.STYLES[name][style], seed=seed)
        assert result.passed, result
        assert result.mistake is None and result.candidates == () and result


@pytest.mark.parametrize("name", [name for name, found in EXERCISES.items() if found.kind == "array"])
def test_right_solutions_pass_in_float32_and_with_tensors(name):
    right = solutions.STYLES[name]["short"]

    def single(*arguments):
        return right(*(a.astype(np.float32) if isinstance(a, np.ndarray) and a.dtype == np.float64 else a
                       for a in arguments))

    def tensors(*arguments):
        returned = right(*arguments)
        return tuple(map(tn.constant, returned)) if isinstance(returned, tuple) else tn.constant(returned)

    for seed in range(3):
        assert check(name, single, seed=seed).passed and check(name, tensors, seed=seed).passed


def test_there_are_several_styles_of_each():
    assert set(solutions.STYLES) == set(EXERCISES)
    assert all(len(styles) >= 4 for styles in solutions.STYLES.values())


# -- the mistakes


@pytest.mark.parametrize(("name", "key"), WRONG)
def test_a_wrong_solution_gets_the_message_of_its_mistake(name, key):
    wrong = compiled(name, written(name, SLIPS[name][key]))
    for seed, lang in ((0, "en"), (1, "ko"), (2, "en")):
        result = check(name, wrong, lang=lang, seed=seed)
        assert not result.passed and result.mistake == key and result.candidates == (key,), result
        words = message_of(name, key)
        beginning = words.of(lang).partition("{")[0]
        assert result.message.startswith(f"{name}: {beginning}")


def message_of(name, key):
    """The words of a mistake."""
    every = [*EXERCISES[name].mistakes, *general.variants(EXERCISES[name]), general.FLOAT_NUMBER]
    return next(mistake.words for mistake in every if mistake.key == key)


def test_every_mistake_has_a_wrong_solution():
    missing = {(name, mistake.key) for name, found in EXERCISES.items() for mistake in found.mistakes} - set(WRONG)
    assert not missing
    used = {key for _, key in WRONG}
    assert {mistake.key for name in EXERCISES for mistake in general.variants(EXERCISES[name])} <= used
    assert sum(len(found.mistakes) for found in EXERCISES.values()) >= 60


@pytest.mark.parametrize("name", EXERCISES)
def test_keys_are_unique_and_texts_are_in_both_languages(name):
    mistakes = EXERCISES[name].mistakes
    assert len({mistake.key for mistake in mistakes}) == len(mistakes)
    for words in [EXERCISES[name].statement, *(mistake.words for mistake in mistakes)]:
        assert re.search("[가-힣]", words.ko) and not re.search("[가-힣]", words.en)
        assert words.en.rstrip().endswith(".") and words.ko.rstrip().endswith(".")


@pytest.mark.parametrize("name", EXERCISES)
def test_variants_differ_from_the_right_one_and_from_each_other(name):
    found = EXERCISES[name]
    for seed in range(5):
        cases = draw_cases(name, seed)
        right = [evaluate(found.reference, found, case) for case in cases]
        assert None not in right
        results = [("right", right)] + [
            (mistake.key, [evaluate(mistake.variant, found, case) for case in cases]) for mistake in found.mistakes]
        for index, (key, values) in enumerate(results):
            for other, others in results[:index]:
                assert not alike(values, others, found.kind), (key, other)


def alike(results, others, kind):
    """Whether two variants agree on all inputs."""
    return all((a is None) == (b is None) and (a is None or all(equal(x, y, kind) for x, y in zip(a, b, strict=True)))
               for a, b in zip(results, others, strict=True))


@pytest.mark.parametrize("name", EXERCISES)
def test_a_mistake_is_not_named_without_evidence(name):
    """A solution that is a mistake's on all inputs but one is wrong, but not that mistake."""
    found = EXERCISES[name]
    mistake = found.mistakes[0]
    calls = iter(range(100))

    def mostly(*arguments):
        count = next(calls)
        values = evaluate(mistake.variant if count != 1 else found.reference, found, arguments)
        if values is None:
            raise ArithmeticError
        if count == 1:
            values = tuple(value + 7 if found.kind != "words" else [*value, "x"] for value in values)
        return values if len(values) > 1 else values[0]

    result = check(name, mostly)
    assert not result.passed and result.mistake != mistake.key


@pytest.mark.parametrize(("name", "key", "draws"), [
    ("inverted_dropout", "one_mask_for_all", 1), ("eda", "nothing_left", 4), ("eda", "first_word_left", 4),
    ("eda", "all_left", 4)])
def test_a_draw_that_is_the_probability_itself_is_no_mistake(name, key, draws):
    """The mistake is another one: u < p and draw >= p decide in the variant as in the reference."""
    found = EXERCISES[name]
    mistake = next(mistake for mistake in found.mistakes if mistake.key == key)
    for case in draw_cases(name):
        at_the_bound = list(case)
        at_the_bound[draws] = np.full(np.shape(case[draws]), case[-1])
        outputs = [evaluate(one, found, at_the_bound) for one in (found.reference, mistake.variant)]
        assert all(equal(one, other, found.kind) for one, other in zip(*outputs, strict=True)), (outputs, case)


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_how_near_arrays_must_be_depends_on_their_largest_value(size):
    right = size * np.array([1.0, -0.5, 1e-9, 0.0])
    for offset, is_equal in ((4e-5, True), (6e-5, False)):
        for place in range(4):
            given = right.copy()
            given[place] += size * offset
            assert equal(given, right, "array") == is_equal


def test_several_mistakes_that_agree_are_all_told():
    plus = [Mistake(key, Words(f"{key}.", f"{key}, 더하기."), lambda a: a + 1.0) for key in ("one", "two")]
    made = Exercise("made", "made(a)", Words("a.", "가."), lambda a: a + 0.0, ("b",),
                    lambda rng: [(rng.normal(size=2),)], plus)
    cases = made.cases(np.random.default_rng(0))
    outcomes, again = run_all(lambda a: a + 1, made, cases, 5)
    result = judge(made, cases, outcomes, "en", again)
    assert result.mistake is None and result.candidates == ("one", "two")
    assert "share is the output b. Candidates: one. / two." in result.message


def test_two_mistakes_in_two_outputs_do_not_hide_each_other():
    slips = [*SLIPS["batch_norm_backward"]["gamma_missing"], *SLIPS["batch_norm_backward"]["dgamma_with_x"]]
    result = check("batch_norm_backward", compiled("batch_norm_backward", written("batch_norm_backward", slips)))
    assert result.mistake == "gamma_missing" and "explains the output dx; in another output" in result.message


def test_a_mistake_in_one_output_does_not_accuse_the_others():
    slip = [("np.sum(dy, axis=0)", "np.mean(dy, axis=0)")]
    result = check("batch_norm_backward", compiled("batch_norm_backward", written("batch_norm_backward", slip)))
    assert result.mistake == "parameters_averaged"
    assert "The mistake is in the output dbeta alone; the others are right." in result.message
    assert "another mistake" not in result.message


ALL_PARTS = [(name, key) for name, key in WRONG if len(EXERCISES[name].outputs) > 1 and key != "outputs_swapped"]


@pytest.mark.parametrize(("name", "key"), ALL_PARTS)
def test_with_another_output_broken_no_other_mistake_is_named(name, key):
    wrong = compiled(name, written(name, SLIPS[name][key]))

    def broken(*arguments):
        first, *others = wrong(*arguments)
        return [[*first, "x"] if EXERCISES[name].kind == "words" else first + 0.37, *others]

    result = check(name, broken)
    assert not result.passed and result.mistake in (None, key)


# -- what the function does


def test_a_changed_input_is_named():
    def slides(w, dw, v, learning_rate, rho):
        v = rho * v + dw
        w -= learning_rate * v
        return w, v

    result = check("momentum", slides)
    assert result.mistake == "changes_input" and "argument w in place" in result.message
    assert "w.copy()" in result.message


def test_a_changed_list_is_named_besides_a_mistake():
    def swap(words, synonyms, i, j, draws, p):
        words[i], words[j] = words[j], words[i]
        return words, words, words, words

    result = check("eda", swap)
    assert not result.passed and "Besides, it changes its argument words" in result.message


def test_returning_nothing_is_named():
    def in_place(h, u, p):
        h *= (u < p) / p

    result = check("inverted_dropout", in_place)
    assert result.mistake == "returns_nothing" and "changed its argument h in place" in result.message


def fails(w, dw, v, learning_rate, rho):
    velocity = rho * v + dw
    return w - rate * velocity, velocity  # noqa: F821


def test_an_exception_is_named_with_its_line():
    result = check("momentum", fails)
    line = fails.__code__.co_firstlineno + 2
    assert result.mistake == "raises" and f"NameError: name 'rate' is not defined in line {line}:" in result.message
    assert "return w - rate * velocity" in result.message


class Nasty(Exception):
    """Its message cannot be made."""

    def __str__(self):
        raise RuntimeError


@pytest.mark.parametrize("error", [SystemExit(0), RecursionError(), MemoryError(), Nasty(), GeneratorExit(),
                                   StopIteration()])
def test_no_exception_reaches_the_caller(error):
    def raises(W, K, P, S):
        raise error

    result = check("output_size", raises)
    assert result.mistake == "raises" and type(error).__name__ in result.message


def test_ctrl_c_is_the_users():
    def interrupted(W, K, P, S):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check("output_size", interrupted)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timer")
def test_endless_loops_are_stopped_and_the_alarm_of_before_is_restored():
    before, trace = signal.getsignal(signal.SIGALRM), sys.gettrace()

    def endless(W, K, P, S):
        while True:
            try:  # noqa: SIM105
                W += 1
            except:  # noqa: E722  a student's
                pass

    def stubborn(W, K, P, S):
        while True:
            try:
                while True:
                    W += 1
            except:  # noqa: E722  a student's
                pass

    begin = time.perf_counter()
    result = check("output_size", endless, seconds=0.3)
    assert result.mistake == "endless_loop" and " in line " in result.message
    assert check("output_size", stubborn, seconds=0.3).mistake == "endless_loop"
    assert time.perf_counter() - begin < 5
    assert signal.getsignal(signal.SIGALRM) is before and signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert sys.gettrace() is trace


def test_in_another_thread_there_is_no_limit_and_the_result_tells_it():
    found = []
    thread = threading.Thread(target=lambda: found.append(
        check("output_size", solutions.STYLES["output_size"]["short"], seconds=0.001)))
    thread.start()
    thread.join()
    assert found[0].passed and "no time limit" in found[0].message


@pytest.mark.parametrize(("returned", "mistake", "words"), [
    ("a word", "output_type", "got size: str"), (None, "returns_nothing", "None"), (True, "output_type", "bool"),
    ([3], "output_type", "list"), (1 + 2j, "output_type", "complex"), (np.array([1, 2]), "output_type", "ndarray"),
    (float("nan"), None, "nan"),
])
def test_wrong_types_of_a_number_are_named(returned, mistake, words):
    result = check("output_size", lambda W, K, P, S: returned)
    assert result.mistake == mistake and words in result.message


@pytest.mark.parametrize(("returned", "mistake", "words"), [
    (lambda h: h.astype(str), "output_type", "dtype <U"), (lambda h: [[1.0], [1.0, 2.0]], "output_type", "ragged"),
    (lambda h: (h,), "output_count", "A comma at the end"), (lambda h: h.astype(object), "output_type", "dtype object"),
    (lambda h: h.ravel()[:-1], None, "has the shape"), (lambda h: h * np.nan, None, "NaN"),
    (lambda h: h / 0, None, "infinite"), (lambda h: {"h": h}, "output_type", "dict"),
    (lambda h: h[None], None, "shape"),
])
def test_wrong_types_shapes_and_nan_of_an_array_are_named(returned, mistake, words):
    result = check("inverted_dropout", lambda h, u, p: returned(h + 1))
    assert result.mistake == mistake and words in result.message


def test_a_constant_factor_is_told():
    assert "is 3 times the right result" in check("inverted_dropout", lambda h, u, p: 3 * h * (u < p) / p).message


def test_of_a_single_element_no_factor_is_told():
    def wrong_for_one(w, dw, v, learning_rate, rho):
        return w - learning_rate * (rho * v + dw) - (w.size == 1), rho * v + dw

    assert "times the right result" not in check("momentum", wrong_for_one).message


@pytest.mark.parametrize("returned", [lambda w, v: w, lambda w, v: (w, v, v), lambda w, v: {"w": w, "v": v}])
def test_a_wrong_number_of_outputs_is_named(returned):
    result = check("momentum", lambda w, dw, v, learning_rate, rho: returned(w, v))
    assert result.mistake in ("output_count", "output_type") and "w, v (2)" in result.message
    assert ("comma" in result.message) == isinstance(returned(0, 0), tuple)  # only that explains a tuple


class Hostile:
    """An output that fights."""

    def __array__(self, dtype=None, copy=None):
        raise SystemExit

    def __iter__(self):
        raise RuntimeError


def test_hostile_outputs_do_not_break_the_checker():
    for name, found in EXERCISES.items():
        outputs = tuple(Hostile() for _ in found.outputs)
        result = check(name, lambda *arguments, outputs=outputs: outputs if len(outputs) > 1 else outputs[0])
        assert not result.passed and result.mistake in ("raises", "output_type")


def test_random_numbers_and_kept_state_are_named():
    rng = np.random.default_rng(0)
    assert check("xavier", lambda z: rng.normal(size=z.shape) / 2).mistake == "not_repeatable"
    assert check("inverted_dropout", lambda h, u, p: h * (rng.random(h.shape) < p) / p).mistake == "not_repeatable"
    steps = []

    def remembers(W, K, P, S):
        steps.append(W)
        return (W - K + 2 * P) // S + 1 + (len(steps) > len(draw_cases("output_size")))

    assert check("output_size", remembers).mistake == "not_repeatable"


def test_what_is_no_function_or_takes_other_arguments_is_named():
    assert check("output_size", 5).mistake == "not_a_function"
    result = check("momentum", lambda w, dw: w)
    assert result.mistake == "signature" and "momentum(w, dw, v, learning_rate, rho)" in result.message
    assert check("output_size", lambda *sizes: solutions.STYLES["output_size"]["short"](*sizes)).passed


def test_printing_is_left_alone(capsys):
    def prints(W, K, P, S):
        print("W is", W)
        return (W - K + 2 * P) // S + 1

    assert check("output_size", prints).passed
    assert capsys.readouterr().out.count("W is") == len(draw_cases("output_size")) + 1


def test_warnings_as_errors_do_not_disturb():
    with np.errstate(all="raise"):
        assert check("batch_norm_forward", solutions.STYLES["batch_norm_forward"]["short"]).passed
        no_epsilon = compiled("adagrad", written("adagrad", SLIPS["adagrad"]["no_epsilon"]))
        assert check("adagrad", no_epsilon).mistake == "no_epsilon"


def test_an_error_that_the_mistake_explains_is_named_as_the_mistake():
    """t from 0 with Python's numbers divides by zero in the first step, where NumPy's give infinity."""
    text = written("output_size", SLIPS["output_size"]["padding_and_stride_exchanged"])
    result = check("output_size", compiled("output_size", text))  # P = 0 stands for the stride: division by 0
    assert result.mistake == "padding_and_stride_exchanged" and "ZeroDivisionError" in result.message


# -- what is shown


def test_the_result_prints_well():
    wrong = compiled("momentum", written("momentum", SLIPS["momentum"]["rho_on_gradient"]))
    result = check("momentum", wrong)
    assert repr(result).startswith("✗ momentum: rho multiplies the gradient") and not result
    assert "First difference, input 1 of 5: w[0] is " in str(result) and "rho = 0.9" in str(result)
    assert set(result.inputs) == {"w", "dw", "v", "learning_rate", "rho"}
    np.testing.assert_allclose(result.expected[1], 0.9 * result.inputs["v"] + result.inputs["dw"])
    np.testing.assert_allclose(result.got[1], result.inputs["v"] + 0.9 * result.inputs["dw"])


def test_the_notebooks_form_is_escaped():
    def raises(W, K, P, S):
        raise ValueError("<script>alert(1)</script>")

    html = check("output_size", raises)._repr_html_()
    assert "<script>" not in html and "&lt;script&gt;" in html
    assert "<b>✓ output_size" in check("output_size", solutions.STYLES["output_size"]["short"])._repr_html_()


def test_the_language_is_that_of_the_pictures():
    before = tn.plots.set_style(lang="ko")
    try:
        assert "모두 맞았습니다" in check("output_size", solutions.STYLES["output_size"]["short"]).message
        assert "right" in check("output_size", solutions.STYLES["output_size"]["short"], lang="en").message
    finally:
        tn.plots.set_style(**before)


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_empty_function_can_be_run_and_is_named_as_empty(name, lang, capsys):
    exercise(name, lang)
    text = capsys.readouterr().out
    for line in text.splitlines():
        assert len(line) <= 120
    names = {}
    exec(text, names)
    assert not check(name, names[f"my_{name}"], lang=lang).passed
    assert all(argument in EXERCISES[name].statement.of(lang) for argument in EXERCISES[name].arguments)


def test_the_same_seed_gives_the_same_inputs_and_another_one_others():
    for name in EXERCISES:
        first, again, other = (repr(draw_cases(name, seed)) for seed in (3, 3, 4))
        assert first == again != other


@pytest.mark.parametrize(("arguments", "message"), [
    (("momentun", len), "Did you mean 'momentum'"), (("momentum", len, "fr"), "lang must be one of 'en', 'ko'"),
    (("momentum", len, "en", 0, 0), "seconds must be above 0"),
])
def test_what_the_teacher_gets_wrong_is_an_error(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        check(*arguments)


# -- the references are the course's


def test_the_references_give_the_slides_numbers():
    slide = np.array([[8.0, 7, 5, 3], [12, 9, 5, 7], [13, 2, 10, 3], [9, 4, 5, 14]])[..., None]
    assert EXERCISES["max_pooling"].reference(slide, 2, 2)[..., 0].tolist() == [[12, 7], [13, 14]]
    assert EXERCISES["output_size"].reference(7, 3, 0, 2) == 3 and EXERCISES["output_size"].reference(32, 5, 0, 1) == 28
    assert EXERCISES["early_stopping"].reference([1.0, 1e16, 1e34, np.inf, np.inf], 3) == 4
    x, y = EXERCISES["mixup"].reference(np.eye(2), np.eye(2), 0.4, np.array([1, 0]))  # 40 % cat, 60 % dog
    assert y.tolist() == [[0.4, 0.6], [0.6, 0.4]]


def test_the_references_agree_with_the_package():
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(5, 6, 2)), rng.normal(size=(2, 3, 2))
    with tn.GradientTape() as tape:
        pixels = tn.Variable(x[None], dtype="float64")
        loss = tn.ops.sum(tn.ops.max_pool(pixels, 2, 2) * dy[None])
    np.testing.assert_allclose(EXERCISES["max_pooling_gradient"].reference(dy, x, 2, 2),
                               tape.gradient(loss, pixels).numpy()[0])
    theta = np.array([3.0, 1.0, -2.0])
    for name, penalty in (("l1_gradient", tn.textbook.L1Slide(0.5)), ("l2_gradient", tn.textbook.L2Slide(0.5))):
        with tn.GradientTape() as tape:
            kernel = tn.Variable(theta[1:], dtype="float64")
            loss = penalty(kernel)
        np.testing.assert_allclose(EXERCISES[name].reference(theta, 0.5)[1:], tape.gradient(loss, kernel).numpy())
    image, seed = np.ones((8, 8, 1)), 5
    top, left, bottom, _ = cutout_boxes((1, 8, 8, 1), 4, seed)[0, 0]
    np.testing.assert_array_equal(EXERCISES["cutout"].reference(image, int(top) + 2, int(left) + 2, int(bottom - top)),
                                  tn.augment.cutout(image, 4, seed=seed))
    logits, labels = rng.normal(size=(6, 4)), rng.integers(0, 4, 6)
    loss = tn.losses.SparseCategoricalCrossentropy(from_logits=True)
    np.testing.assert_allclose(EXERCISES["cross_entropy"].reference(logits, labels), float(loss(labels, logits)),
                               rtol=1e-6)
    tn.utils.set_random_seed(0)
    model = tn.Sequential([
        tn.Input((6, 6, 1)), tn.layers.Conv2D(3, 3, name="conv"), tn.layers.Flatten(), tn.layers.Dense(2)])
    picture = rng.normal(size=(1, 6, 6, 1)).astype("float32")
    with tn.GradientTape() as tape:
        maps = tn.Variable(model.get_layer("conv")(picture))
        score = model.layers[-1](model.layers[-2](maps))[0, 1]
    heat = EXERCISES["grad_cam"].reference(maps.numpy()[0], tape.gradient(score, maps).numpy()[0])
    assert heat.max() == 1
    np.testing.assert_allclose(heat, tn.plots.grad_cam_map(model, picture[0], "conv", 1), atol=1e-5)
    words = ["a", "great", "film", "about", "a", "film"]
    replaced, *_ = EXERCISES["eda"].reference(words, {"film": "movie"}, 2, 0, [1.0] * 6, 0.1)
    assert replaced == tn.augment.synonym_replacement(words, 1, {"film": ["movie"]}, seed=0)
