"""The reader of WordNet's files: on a small database written here, on broken ones, and on the real one where it is."""

import os
import re
import shutil
import subprocess

import pytest

from tinynet.augment import WordNet, wordnet
from tinynet.augment.wordnet_files import Lines
from tinynet.core.errors import DataError, DatasetNotFoundError

# (part of speech, type, words, gloss): a database in the format of wndb(5WN) is made of it.
SYNSETS = [
    ("noun", "n", ["film", "movie", "motion_picture"], "a form of entertainment"),
    ("noun", "n", ["film", "photographic_film"], "photographic material"),
    ("noun", "n", ["goose"], "a bird"),
    ("noun", "n", ["Berlin", "German_capital"], "a city"),
    ("noun", "n", ["zebra"], "an animal"),
    ("verb", "v", ["film", "shoot", "take"], "make a film"),
    ("verb", "v", ["run"], "move fast"),
    ("adj", "s", ["galore(ip)", "abounding(a)"], "in great numbers"),
    ("adj", "a", ["late"], "after the expected time"),
    ("adv", "r", ["late", "tardily"], "later than usual"),
]
EXCEPTIONS = {"noun": "geese goose\n", "verb": "ran run\n", "adj": "", "adv": ""}


def make_database(folder):
    for name, letter in (("noun", "n"), ("verb", "v"), ("adj", "a"), ("adv", "r")):
        data, index = b"  1 A licence.  \n  2 Its second line.  \n", {}
        for part, kind, words, gloss in SYNSETS:
            if part == name:
                for word in words:
                    index.setdefault(re.sub(r"\(\w+\)", "", word).lower(), []).append(len(data))
                listed = " ".join(f"{word} 0" for word in words)
                data += f"{len(data):08d} 03 {kind} {len(words):02x} {listed} 000 | {gloss}  \n".encode()
        lines = [f"{word} {letter} {len(places)} 1 @ {len(places)} 0 {' '.join(f'{place:08d}' for place in places)}  \n"
                 for word, places in sorted(index.items())]
        (folder / f"data.{name}").write_bytes(data)
        (folder / f"index.{name}").write_text("  1 A licence.  \n" + "".join(lines))
        (folder / f"{name}.exc").write_text(EXCEPTIONS[name])
    return folder


@pytest.fixture
def folder(tmp_path):
    return make_database(tmp_path)


def test_words_synsets_synonyms(folder):
    net = WordNet(folder)
    meanings = net.synsets("Film")
    assert [(synset.pos, synset.lemmas) for synset in meanings] == [
        ("n", ("film", "movie", "motion picture")), ("n", ("film", "photographic film")),
        ("v", ("film", "shoot", "take"))]
    assert meanings[0].gloss == "a form of entertainment"
    assert net.synonyms("film") == ["movie", "motion picture", "photographic film", "shoot", "take"]
    assert net.synonyms("film", pos="v") == ["shoot", "take"]
    assert net.synonyms("motion picture") == net.synonyms("MOTION_PICTURE") == ["film", "movie"]
    assert net.synonyms("berlin") == ["German capital"] and net.synonyms("zebra") == []
    assert net.synonyms("galore") == ["abounding"] and net.synsets("late")[1].pos == "r"
    assert net.synonyms("cinema") == net.synonyms("") == net.synsets("\u00e9\0") == []
    assert repr(net) == f"WordNet({str(folder)!r})"


def test_base_forms(folder):
    net = WordNet(folder)
    assert net.lemmas("geese") == ["goose"] and net.lemmas("zebras") == ["zebra"] and net.lemmas("ran") == ["run"]
    assert net.lemmas("movies") == ["movie"] and net.lemmas("filming") == ["film"] and net.lemmas("later") == ["late"]
    assert net.lemmas("filming", "n") == [] and net.lemmas("taking") == ["take"] and net.lemmas("s") == []
    assert net.synonyms("movies") == ["film", "movie", "motion picture"]


def test_where_it_is_looked_for(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("TINYNET_WORDNET", str(folder))
    assert WordNet().path == wordnet.find() == folder
    wordnet.default.cache_clear()
    assert wordnet.default() is wordnet.default()
    wordnet.default.cache_clear()
    with pytest.raises(DatasetNotFoundError, match="apt install wordnet-base.*TINYNET_WORDNET"):
        WordNet(tmp_path / "elsewhere")
    monkeypatch.delenv("TINYNET_WORDNET")
    monkeypatch.setattr(wordnet, "FOLDERS", (str(tmp_path / "a"), str(tmp_path / "b")))
    with pytest.raises(FileNotFoundError, match="/a or .*/b"):
        WordNet()


@pytest.mark.parametrize("name", ["index.adv", "data.verb", "noun.exc"])
def test_a_missing_file(folder, name):
    (folder / name).unlink()
    with pytest.raises(DatasetNotFoundError, match=f"{name} is missing"):
        WordNet(folder)


@pytest.mark.parametrize("name", ["index.noun", "data.noun"])
def test_files_cut_off_anywhere_are_refused(folder, name):
    """At every byte; also between two lines, where the rest is well formed."""
    whole = (folder / name).read_bytes()
    for size in range(len(whole)):
        (folder / name).write_bytes(whole[:size])
        with pytest.raises(DataError):
            WordNet(folder)


@pytest.mark.parametrize("name", ["index.noun", "data.noun", "noun.exc"])
def test_hostile_files_are_refused_or_harmless(folder, name):
    """Each byte replaced: what is still read is made of str, and what is not is a DataError that names a file."""
    whole = (folder / name).read_bytes()
    for place in range(0, len(whole), 3):
        for value in (b"\xff", b"\n", b"9", b"\0"):
            (folder / name).write_bytes(whole[:place] + value + whole[place + 1 :])
            try:
                net = WordNet(folder)
                for word in ("film", "geese", "zebras"):
                    assert all(isinstance(other, str) for other in net.synonyms(word))
            except DataError as error:
                assert str(folder) in str(error)


@pytest.mark.parametrize("name, content, message", [
    ("index.noun", b"", "empty"),
    ("index.noun", b"film n 1", "no end"),
    ("index.noun", b"  a licence\n", "no line but the licence"),
    ("index.noun", b"film n 9 1 @ 9 0 00000042\n", "not one of WordNet's"),
    ("index.noun", b"film n 1 -4 @ 1 0 00000042\n", "not one of WordNet's"),
    ("index.noun", b"film n 1 1 @ 1 0 99999999999999999999\n", "no synset begins at byte 9999"),
    ("index.noun", b"film " + b"x" * 70_000 + b"\n", "a line of more than 65536 bytes"),
    ("index.noun", b"zebra n 1 0 1 0 00000042\nfilm n 1 0 1 0 00000042\n", "not in order"),
    ("data.noun", b"00000000 03 n ff film 0 000 | \n", "no synset begins at byte"),
    ("noun.exc", b"geese\n", "line 1"),
    ("noun.exc", b"\xff\n", "utf-8"),
])
def test_faults_are_named(folder, name, content, message):
    (folder / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        WordNet(folder)


@pytest.mark.parametrize("count", [2, 3, 50])
def test_samples_are_spread_over_the_whole_file(tmp_path, count):
    """The licence is none of them."""
    lines = [f"{number:05} a line" for number in range(1000)]
    (tmp_path / "index").write_text("  a licence\n  of two lines\n" + "".join(f"{line}\n" for line in lines))
    found = [line.decode() for line in Lines(tmp_path / "index").samples(count)]
    numbers = [lines.index(line) for line in found]
    assert len(found) == count and (numbers[0], numbers[-1]) == (0, 999)
    assert all(abs(number - 999 * k / (count - 1)) <= 1 for k, number in enumerate(numbers))


def test_wrong_calls(folder):
    net = WordNet(folder)
    with pytest.raises(ValueError, match="pos must be one of 'n', 'v', 'a', 'r', got 'noun'"):
        net.synsets("film", "noun")
    with pytest.raises(TypeError, match="must be a str"):
        net.synonyms(3)


def real():
    try:
        return WordNet()
    except DatasetNotFoundError as error:
        pytest.skip(str(error))


def test_the_real_one():
    net = real()
    assert net.synonyms("film")[:2] == ["movie", "picture"] and net.lemmas("geese") == ["goose"]
    assert net.synsets("dog")[0].lemmas == ("dog", "domestic dog", "Canis familiaris")
    assert "happily" in net.synonyms("merrily") and net.synonyms("qqqq") == []
    assert net.lemmas("running", "v") == ["run"] and net.lemmas("axes", "n") == ["ax", "axis"]


def test_the_real_one_is_read_as_by_wordnets_own_program():
    net = real()
    if shutil.which("wn") is None:
        pytest.skip("the program wn is not installed; Debian's package is wordnet")
    options = {"n": "-synsn", "v": "-synsv", "a": "-synsa", "r": "-synsr"}
    with open(net.path / "index.noun") as nouns, open(net.path / "index.adj") as adjectives:
        words = nouns.readlines()[1000::12000] + adjectives.readlines()[500::3000]
    for word in [line.split()[0] for line in words] + ["dogs", "geese", "happily", "ran", "better", "good"]:
        for pos, option in options.items():
            shown = subprocess.run(["wn", word, "-o", option], capture_output=True, text=True, timeout=10,
                                   env={**os.environ, "WNSEARCHDIR": str(net.path)}).stdout
            # A sense is a line "{offset} word, word"; what it points to begins with an arrow.
            expected = {int(match[1]): match[2].split(", ")
                        for match in re.finditer(r"^\{(\d+)\} (.*?)\s*$", shown, re.MULTILINE)}
            found = {synset.offset: list(synset.lemmas) for synset in net.synsets(word, pos)}
            assert found.keys() == expected.keys(), (word, pos)
            for offset, lemmas in expected.items():
                assert found[offset] == [re.sub(r"\(.*?\)", "", lemma).strip() for lemma in lemmas], (word, pos)
