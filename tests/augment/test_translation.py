"""Back translation: the protocol and its errors; Apertium itself where it is installed; its stand-ins everywhere."""

import os
import random
import time

import pytest

from tinynet import augment
from tinynet.augment import ApertiumTranslator, CallableTranslator, Translator, back_translate

SENTENCES = ["The cat sat on the mat.", "line one", "He said: no!", "(see below", "no stop here", "Dr. Smith arrived",
             "the", "12 %", "...", "a [b] c", "^x$ \\ {y} @z / <b>", "*", "한국어 text", "Mr", "1.", "I *can* do"]


class Reverse:
    def translate(self, texts):
        return [text[::-1] for text in texts]


def program(folder, monkeypatch, script):
    """A stand-in for apertium at the front of the path."""
    path = folder / "apertium"
    path.write_text(f"#!/bin/sh\nif [ \"$1\" = -l ]; then echo '  eng-spa'; echo '  spa-eng'; exit; fi\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_any_object_that_translates():
    assert isinstance(Reverse(), Translator) and isinstance(CallableTranslator(str), Translator)
    assert back_translate(["ab", "c"], Reverse(), CallableTranslator(str.upper)) == ["BA", "C"]
    assert back_translate("ab", Reverse(), Reverse()) == "ab" and back_translate([], Reverse(), Reverse()) == []
    assert back_translate(("ab",), Reverse(), CallableTranslator(lambda texts: texts * 1, batched=True)) == ["ba"]


@pytest.mark.parametrize("there, error, message", [
    (str.upper, TypeError, "wrap a function: CallableTranslator"),
    (3, TypeError, "there must have a method translate.*got int"),
    (CallableTranslator(lambda texts: texts[1:], batched=True), ValueError, "there must turn 2 texts into as many"),
    (CallableTranslator(len), ValueError, "there must turn"),
])
def test_what_is_no_translator_or_gives_other_things(there, error, message):
    with pytest.raises(error, match=message):
        back_translate(["a", "b"], there, Reverse())


def test_what_is_no_text():
    with pytest.raises(TypeError, match="expected texts"):
        back_translate([b"a"], Reverse(), Reverse())
    with pytest.raises(TypeError, match="expected a function"):
        CallableTranslator("a")


def test_absent_program_or_languages(tmp_path, monkeypatch):
    program(tmp_path, monkeypatch, "cat")
    with pytest.raises(FileNotFoundError, match="no eng-kor; it has eng-spa, spa-eng. Install"):
        ApertiumTranslator("eng", "kor")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(FileNotFoundError, match="apt install apertium apertium-eng-spa"):
        ApertiumTranslator()
    with pytest.raises(ValueError, match="timeout"):
        ApertiumTranslator(timeout=0)


def test_texts_and_answers_are_paired(tmp_path, monkeypatch):
    program(tmp_path, monkeypatch, "sed 's/one/uno/'")
    texts = ["one", "", " two\n\n lines ", "1.", "one"]
    assert ApertiumTranslator().translate(texts) == ["uno", "", "two lines", "1.", "uno"]
    assert ApertiumTranslator().translate([]) == [] and ApertiumTranslator().translate([" "]) == [""]
    with pytest.raises(ValueError, match="NUL"):
        ApertiumTranslator().translate(["a\0b"])
    assert repr(ApertiumTranslator()) == "ApertiumTranslator('eng', 'spa', timeout=60.0)"


@pytest.mark.parametrize("script, message", [
    ("cat; echo; echo more; echo; echo more", "paragraphs"),
    ("sed 's/1/one/'", "paragraphs"),
    ("cat >&2; exit 3", "failed: 1. a 1."),
    ("exit 4", "failed: exit code 4"),
])
def test_a_program_that_fails(tmp_path, monkeypatch, script, message):
    program(tmp_path, monkeypatch, script)
    with pytest.raises(RuntimeError, match=message):
        ApertiumTranslator().translate(["a"])


def test_the_time_limit_ends_the_whole_pipeline(tmp_path, monkeypatch):
    program(tmp_path, monkeypatch, f"(sleep 1; touch {tmp_path / 'late'}) | cat")
    start = time.monotonic()
    with pytest.raises(TimeoutError, match="longer than 0.2 s"):
        ApertiumTranslator(timeout=0.2).translate(["a"])
    assert time.monotonic() - start < 0.9
    time.sleep(1.1)
    assert not (tmp_path / "late").exists()


def engines():
    try:
        return ApertiumTranslator("eng", "spa"), ApertiumTranslator("spa", "eng")
    except FileNotFoundError as error:
        pytest.skip(str(error))


def test_apertium_translates_there_and_back():
    there, back = engines()
    assert there.translate(["The house is red."]) == ["La casa es roja."]
    assert back_translate("The house is red.", there, back) == "The house is red."
    result = back_translate(["Where is the small house?", "", "한국어"], there, back)
    assert "small house" in result[0] and result[1:] == ["", "한국어"]


def test_apertium_translates_each_text_by_itself():
    there, _ = engines()
    alone = {text: there.translate([text])[0] for text in SENTENCES}
    for seed in range(3):
        texts = random.Random(seed).sample(SENTENCES, len(SENTENCES))
        assert there.translate(texts) == [alone[text] for text in texts]


def test_names_are_public():
    assert augment.back_translate is back_translate
