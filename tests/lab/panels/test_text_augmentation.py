"""Augmentation of texts: marks on the words change no draw, and lead back to the sentence; typed text is never code."""

import ast
import io
import json
import queue
from contextlib import redirect_stdout

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynet import augment
from tinynet.lab import LabError, all_panels
from tinynet.lab.panels.text_augmentation_words import operation_of, parse_pivot, parse_synonyms
from tinynet.lab.session import Session, Turns

PANEL = all_panels()["text_augmentation"]
WORDS = ["a", "film", "film,", "(great)", "story.", "the", "well-made", "it's", "!", "Film", "plot", "영화", "good"]
TABLE = "film: movie, motion picture show; great: superb; story: plot, tale; plot: story line; 영화: 작품"


def make(steps=0, seed=0, **settings):
    panel = PANEL(PANEL.parse(settings), seed)
    for _ in range(steps):
        panel.step()
    return panel


def without(parts, *kinds):
    return [text for text, kind in parts if kind not in kinds]


def run(code):
    found = {}
    with redirect_stdout(io.StringIO()):
        exec(code, found)
    return found


sentences = st.lists(st.sampled_from(WORDS), min_size=1, max_size=14)
shares = st.sampled_from([0.0, 0.1, 0.3, 0.7, 1.0])


@given(words=sentences, seed=st.integers(0, 1000), share=shares)
def test_marked_words_are_the_variants_own(words, seed, share):
    panel = make(seed=seed, sentence=" ".join(words), synonyms=TABLE, p_rd=share, num_aug=16,
                 **dict.fromkeys(("alpha_sr", "alpha_ri", "alpha_rs"), share))
    found = {**panel.parts, **dict(enumerate(panel.variant_parts))}
    expected = {**panel.one_each, **{i: text.split() for i, text in enumerate(panel.variants[:-1])}}
    assert found.keys() == expected.keys()
    for name, parts in found.items():
        assert without(parts, "old", "gone") == expected[name], (name, parts)
        if any(kind == "moved" for _, kind in parts):
            assert sorted(without(parts)) == sorted(words)
        else:
            assert without(parts, "new") == words, (name, parts)
    for name, parts in panel.parts.items():
        assert operation_of(parts) in ("", name)


def test_synonyms_of_several_words_are_marked_as_one():
    panel = make(sentence="one long film", synonyms="film: motion picture", alpha_sr=0.1)
    assert panel.parts["synonym_replacement"] == [
        ["one", "same"], ["long", "same"], ["film", "old"], ["motion", "new"], ["picture", "new"]]


def test_defaults_are_those_of_the_authors_program():
    settings = PANEL.parse({})
    assert [settings[name] for name in ("alpha_sr", "alpha_ri", "alpha_rs", "p_rd", "num_aug")] == [0.1] * 4 + [9]
    panel = make()
    assert len(panel.variants) == 10 and panel.variants[-1] == settings["sentence"]
    assert panel.state()["numbers"]["n_sr"] == 1  # max(1, int(0.1 * 14))
    assert make(alpha_sr=0.5).state()["numbers"]["n_sr"] == 7
    assert [one["name"] for one in panel.state()["operations"]] == [
        "synonym_replacement", "random_insertion", "random_swap", "random_deletion"]


def test_an_operation_that_is_off_changes_nothing():
    panel = make(3, alpha_sr=0, alpha_ri=0, alpha_rs=0, p_rd=0)
    assert panel.variants == [panel.settings["sentence"]]
    assert all(variant == panel.tokens for variant in panel.one_each.values())
    assert run(panel.code(3))["random_swap"] == panel.tokens


@pytest.mark.parametrize("typed", [
    '"); import os; os.abort(); ("', "'''", "$seed ${synonyms} @synonym_replacement", "\\", "{x} %s"])
@pytest.mark.parametrize("part", ["eda", "embedding", "pivot"])
def test_typed_text_stays_text(typed, part):
    entry = typed.replace(";", ".").replace(":", ".").replace(",", ".").replace(">", ".").replace(" ", "")
    panel = make(part=part, sentence=f"film {typed}", other=typed, synonyms=f"film: {entry}",
                 pivot=f"film > {entry} > b")
    code = panel.code(0)
    imported = {name.name for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Import) for name in node.names}
    assert imported <= {"numpy"}
    found = run(code)
    for name, value in panel.proof().items():
        assert np.array_equal(found[name], value), name


@pytest.mark.parametrize("kind", ["span", "token", "feature"])
@pytest.mark.parametrize("share", [0, 0.3, 1])
def test_cutout_of_vectors_erases_its_share(kind, share):
    panel = make(2, part="embedding", kind=kind, share=share, dim=10)
    erased = panel.state()["erased_part"]
    words = len(panel.tokens)
    assert erased.sum() == (round(share * 10) * words if kind == "feature" else round(share * words) * 10)
    assert (panel.cut[0, :words][erased] == 0).all()
    assert np.array_equal(panel.cut[0, :words][~erased], panel.x[0, :words][~erased])


def test_mixup_of_vectors_mixes_the_labels():
    panel = make(part="embedding")
    assert panel.targets[0].tolist() == pytest.approx([0.4, 0.6])
    np.testing.assert_allclose(panel.mixed[0], 0.4 * panel.x[0] + 0.6 * panel.x[1], atol=1e-6)


def test_back_translation_by_the_table():
    panel = make(part="pivot", sentence="a film !", pivot="film > 영화 > motion picture")
    assert panel.result == "a motion picture !"
    state = panel.state()
    assert state["rows"][1] == [["a", "same"], ["영화", "new"], ["!", "same"]]
    assert panel.finished and state["numbers"]["translated"] == 1
    assert "ApertiumTranslator" in panel.code(0)


def test_tables_that_are_none():
    assert parse_synonyms("a: b,c d ; a: e;") == {"a": ["b", "c d", "e"]}
    assert parse_pivot("a>b>c d") == ({"a": "b"}, {"b": "c d"})
    for parse, wrong in ((parse_synonyms, "film"), (parse_synonyms, ": movie"), (parse_synonyms, "film: ,"),
                         (parse_pivot, "a > b"), (parse_pivot, "a b > c > d"), (parse_pivot, "a > > c")):
        with pytest.raises(LabError) as caught:
            parse(wrong)
        assert caught.value.words.ko
    for settings in ({"sentence": " "}, {"part": "embedding", "other": ""}, {"synonyms": "film"}):
        with pytest.raises(LabError):
            make(**settings)


def test_wordnet_where_it_is_found(monkeypatch):
    monkeypatch.setenv("TINYNET_WORDNET", "/nowhere")
    with pytest.raises(LabError, match="WordNet is not found here") as caught:
        make(source="wordnet")
    assert "wordnet-base" in caught.value.words.ko
    monkeypatch.setattr(augment, "WordNet", lambda: {"film": ["moving picture"]}.get)
    panel = make(source="wordnet")
    assert panel.one_each["synonym_replacement"][1:3] == ["moving", "picture"]
    code = panel.code(0)
    assert "synonyms = augment.WordNet()" in code and run(code)["variants"] == panel.variants


def test_a_refused_table_can_be_corrected():
    """The panel stays as it was until the table is right."""
    messages = queue.Queue()
    session = Session(Turns(), messages.put)

    def settings_after(**message):
        session.receive(json.dumps(message))
        while (found := messages.get(timeout=20))["type"] not in ("settings", "problem"):
            pass
        return found

    try:
        assert settings_after(do="open", panel="text_augmentation")["type"] == "settings"
        assert settings_after(do="set", settings={"synonyms": "film"})["type"] == "problem"
        corrected = settings_after(do="set", settings={"synonyms": "film: movie"})
        assert corrected["settings"]["synonyms"] == "film: movie"
    finally:
        session.end()
