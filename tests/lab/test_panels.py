"""The contract of all panels: settings, seed and steps determine the state; the printed code finds the same bits."""

import ast
import contextlib
import io
import json
import math
import random

import numpy as np
import pytest

from tinynet.lab import LabError, Words, all_panels
from tinynet.lab.code import notebook
from tinynet.lab.frames import encode
from tinynet.lab.parameters import Choice, Flag, Number, Picture, Place, Rows, Several, Text, parse_settings

PANELS = list(all_panels().values())
SETTINGS = 12  # random settings of each panel
STEPS = 4


def random_value(parameter, rng):
    """A value that the parameter accepts; at times its default or a bound."""
    if rng.random() < 0.4:
        return parameter.default
    if isinstance(parameter, Several):
        return tuple(value for value, _ in parameter.options if rng.random() < 0.4)
    if isinstance(parameter, Choice):
        return rng.choice([value for value, _ in parameter.options])
    if isinstance(parameter, Flag):
        return rng.random() < 0.5
    if isinstance(parameter, Number):
        low, high = parameter.low, parameter.high
        value = math.exp(rng.uniform(math.log(low), math.log(high))) if parameter.log else rng.uniform(low, high)
        value = rng.choice([value, low, high]) if rng.random() < 0.3 else value
        return round(value) if parameter.whole else value
    if isinstance(parameter, Place):
        return tuple(rng.uniform(*parameter.bounds[i : i + 2]) for i in (0, 2))
    if isinstance(parameter, Rows):
        columns, rows = rng.randint(*parameter.columns), rng.randint(*parameter.rows)
        low, high = max(parameter.low, -5), min(parameter.high, 5)
        number = (lambda: rng.randint(math.ceil(low), math.floor(high))) if parameter.whole else (
            lambda: round(rng.uniform(low, high), 3))
        return tuple(tuple(number() for _ in range(columns)) for _ in range(min(rows, 20)))
    assert isinstance(parameter, Text | Picture)
    return parameter.default


def random_panels(panel, count=SETTINGS, seed=0):
    """Panels of random settings; those that do not fit together are left out."""
    rng = random.Random(f"{panel.key} {seed}")
    made = []
    for i in range(10 * count):
        settings = {} if i == 0 else {one.name: random_value(one, rng) for one in panel.parameters}
        try:
            made.append(panel(panel.parse(settings), 0 if i == 0 else rng.randrange(1000)))
        except LabError as error:
            assert error.words.ko
            continue
        if len(made) == count:
            break
    assert len(made) >= min(count, 3), "hardly any settings of this panel fit together"
    return made


def equal(one, other):
    """Whether two values are the same to the last bit; NaN is equal to itself."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    one, other = np.asarray(one), np.asarray(other)
    return one.shape == other.shape and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.key)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
class TestPanel:
    def test_the_printed_code_finds_the_panels_numbers(self, panel):
        for one in random_panels(panel):
            steps = 0
            while steps < STEPS and not one.finished:
                one.step()
                steps += 1
            code = one.code(steps)
            ast.parse(code)
            found = {}
            with contextlib.redirect_stdout(io.StringIO()):
                exec(code, found)
            proof = one.proof()
            assert proof, "a proof of nothing"
            for name, value in proof.items():
                assert equal(value, found[name]), f"{name} differs, settings {one.settings}\n{code}"
            json.loads(notebook(code, "title"))

    def test_settings_and_seed_determine_the_state(self, panel):
        for one in random_panels(panel, 4):
            again = panel(dict(one.settings), one.seed)
            for _ in range(STEPS):
                if not one.finished:
                    one.step()
                    again.step()
            assert encode(one.state()) == encode(again.state())

    def test_addresses_read_back(self, panel):
        from urllib.parse import parse_qsl

        for one in random_panels(panel):
            address = panel.address(one.settings)
            settings = panel.parse(dict(parse_qsl(address, keep_blank_values=True, max_num_fields=100)))
            assert panel.address(settings) == address
        assert panel.address(panel.parse({})) == ""

    def test_a_snapshot_leads_back(self, panel):
        for steps in (0, 2):
            one = random_panels(panel, 1)[0]
            for _ in range(steps):
                if not one.finished:
                    one.step()
            snapshot = one.snapshot()
            if snapshot is None:
                pytest.skip("starts anew instead")
            before, after = encode(one.state()), None
            for _ in range(2):
                for _ in range(3):
                    if not one.finished:
                        one.step()
                assert after in (None, encode(one.state())), "another way from the same snapshot"
                after = encode(one.state())
                one.restore(snapshot)
                one.finished = False
                assert encode(one.state()) == before

    def test_views_change_no_number(self, panel):
        rng = random.Random(panel.key)
        views = [one for one in panel.parameters if one.view]
        one = panel(panel.parse({}), 0)
        for _ in range(2):
            if not one.finished:
                one.step()
        proof = one.proof()
        for _ in range(10):
            one.view(one.settings | {view.name: random_value(view, rng) for view in views})
            encode(one.state())
            assert equal(proof, one.proof())

    def test_defaults_are_accepted_and_survive_json(self, panel):
        raw = json.loads(json.dumps(panel.parse({})))
        assert panel.parse(raw) == panel.parse({}) == {one.name: one.parse(one.default) for one in panel.parameters}
        json.dumps(panel.describe())

    def test_every_number_has_a_name(self, panel):
        for one in random_panels(panel, 5):
            for _ in range(2):
                if not one.finished:
                    one.step()
            numbers = one.state()["numbers"]
            assert set(numbers) <= set(panel.words), "a number without a name in `words`"

    def test_the_es_module_asks_for_words_that_there_are(self, panel):
        import re
        from pathlib import Path

        import tinynet.lab

        text = (Path(tinynet.lab.__file__).parent / "static" / "panels" / f"{panel.key}.js").read_text("utf-8")
        asked = set(re.findall(r'\bt\("(\w+)"\)', text)) | set(re.findall(r'lab\.t\("(\w+)"\)', text))
        assert asked <= set(panel.words), asked - set(panel.words)
        visible = re.findall(r'(?:text|label|xlabel|ylabel|caption):\s*"([^"]*[A-Za-z가-힣]{2}[^"]*)"', text)
        assert not visible, f"texts in the script, in one language: {visible}"


def test_korean_is_korean():
    """Each text has Korean letters, unless it is a name or a formula that both languages write alike."""
    for panel in PANELS:
        texts = [panel.title, panel.about, *panel.words.values(), *(name for name, _ in panel.formulas)]
        for one in panel.parameters:
            texts += [one.label, *([one.help] if one.help else [])]
            texts += [words for _, words in getattr(one, "options", ())]
        for words in texts:
            assert isinstance(words, Words)
            korean = any("가" <= letter <= "힣" for letter in words.ko)
            assert korean or words.ko == words.en or not any(map(str.isalpha, words.ko)), (panel.key, words)


def test_what_is_out_of_bounds_is_refused():
    parameters = [
        Number(name="n", label=Words("n", "n"), default=1, low=0, high=5, whole=True),
        Choice(name="c", label=Words("c", "c"), default="a", options=(("a", Words("a", "a")), ("b", Words("b", "b")))),
        Flag(name="f", label=Words("f", "f"), default=False), Text(name="t", label=Words("t", "t"), default="", most=5),
        Rows(name="r", label=Words("r", "r"), default=(), columns=(2, 2), rows=(0, 3), low=-1, high=1),
        Place(name="p", label=Words("p", "p"), default=(0.0, 0.0), bounds=(-1, 1, -1, 1)),
        Picture(name="i", label=Words("i", "i"), default="", shape=(2, 2, 1)),
        Several(name="s", label=Words("s", "s"), default=(), options=(("a", Words("a", "a")),)),
    ]
    wrong = [
        {"n": 6}, {"n": 1.5}, {"n": "nan"}, {"n": True}, {"n": None}, {"n": [1]}, {"n": "1" * 50},
        {"n": "inf"}, {"c": "d"}, {"c": ["a"]}, {"c": None}, {"f": "yes"}, {"f": 2}, {"f": 1.0},
        {"t": "too long"}, {"t": "a\nb"}, {"t": 3}, {"r": [[1]]}, {"r": [[1, 2]]}, {"r": [[0, 0]] * 4},
        {"r": "1"}, {"r": [[0, 0], [0]]}, {"r": 3}, {"r": [["x", 0]]}, {"p": [0]}, {"p": "2,0"},
        {"p": [0, None]}, {"i": "AAA="}, {"i": "AAAA" * 99}, {"i": 3}, {"i": "é"}, {"s": ["b"]}, {"s": "a.b"},
        {"s": 3}, {"x": 1}, {3: 1}, [], None, "n=1",
    ]
    for raw in wrong:
        with pytest.raises(LabError) as caught:
            parse_settings(parameters, raw)
        assert caught.value.words.en and caught.value.words.ko
    good = parse_settings(parameters, {"n": "3", "c": "b", "f": "1", "t": "abc", "r": "0,1;1,0", "p": "0.5,-1",
                                       "i": "AAECAw==", "s": "a"})
    assert good == {"n": 3, "c": "b", "f": True, "t": "abc", "r": ((0.0, 1.0), (1.0, 0.0)), "p": (0.5, -1.0),
                    "i": "AAECAw==", "s": ("a",)}
    assert parameters[6].pixels("AAECAw==").ravel().tolist() == [0, 1, 2, 3]
