"""The field's words: no retired word or expression stands in the sources.

The list is the glossary of CONTRIBUTING.md, with an expression that finds each retired word; the two must agree.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# What to write, what not (as in the glossary), and what finds the latter in lower case. An underscore ends a word, so
# that identifiers are searched too.
RETIRED = [
    ("backward pass, in the backward pass", "way back, on the way back", r"ways? back|on the way"),
    ("returns, selects, determines, reports", "says", r"says?|said|saying"),
    ("after, following", "behind", r"behind"),
    ("argmax indices", "places", r"places"),
    ("is_profitable, worth it", "pays", r"pays?|paid|paying"),
    ("prefetch", "asks for ahead, comes from far away", r"ask(s|ed|ing)? for ahead|(come|came|coming)s? from far away"),
    ("propagate (a mask)", "hand on", r"hand(s|ed|ing)? on"),
    ("metadata", "notes", r"notes"),
    ("sample", "first look", r"first look"),
    ("the caller, the user, a function that", "whoever, somebody", r"whoever|somebody"),
    ("residue class (row mod stride)", "rest of row", r"rest of (the |a )?rows?"),
    ("input gradient, weight gradient", "gradient going down, gradient of the weights",
     r"gradients? going down|gradients? of the weights"),
    ("running (moving) statistics", "kept averages", r"kept averages?"),
    ("spread (scatter-add over windows)", "hand out", r"hand(s|ed|ing)? out"),
    ("broadcast", "stretch", r"stretch(es|ed|ing)?"),
    ("remainder", "left over", r"left over"),
    ("spill (a register to memory)", "overflow of registers", r"overflow of registers|registers overflow"),
]

# Where a retired word means something else.
EXEMPT = {
    ("README.md", "places"): "the files that a new operation touches",
    ("tinynet/lessons/01_behind_the_scenes.py", "behind"): "the title of the course's first slide",
    ("tinynet/datasets/sources.py", "places"): "where a data set is kept",
    ("tinynet/lab/panels/scenes.py", "behind"): "the slide's title, Machine learning behind the scenes",
    ("tinynet/augment/histogram.py", "stretch"): "the histogram of an image, as the literature calls it",
    ("tinynet/augment/distortion.py", "stretch"): "an image",
    ("tinynet/layers/augmentation_geometry.py", "stretch"): "an image",
    ("tinynet/layers/augmentation_tones.py", "stretch"): "the histogram of an image",
    ("tinynet/utils/images.py", "stretch"): "the range of an image's values",
}


# Between two words: a space, an underscore, or a line's end with a comment's mark at the next line's beginning.
GAP = r"(?:[ _]|\s+(?://|#)?\s*)"


def matches(pattern, text):
    """The places where a pattern is found in a text in lower case, from a word's beginning to a word's end."""
    for match in re.finditer(pattern.replace(" ", GAP), text):
        before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
        if not before.isalpha() and not after.isalpha():
            yield match


def sources():
    """The files that are searched."""
    yield ROOT / "README.md"
    for folder, kinds in (("tinynet", ("py", "pyx", "pxd", "pyi")), ("csrc", ("h", "cpp"))):
        for kind in kinds:
            yield from sorted((ROOT / folder).rglob(f"*.{kind}"))


TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text().lower() for path in sources()}


def found(pattern):
    """File, line number and words of each match in the sources."""
    for name, text in TEXTS.items():
        for match in matches(pattern, text):
            yield name, text.count("\n", 0, match.start()) + 1, match[0]


def test_the_sources_are_searched():
    assert len(TEXTS) > 200 and "csrc/kernel_list.h" in TEXTS and "tinynet/_native.pyi" in TEXTS


@pytest.mark.parametrize(("write", "word", "pattern"), RETIRED, ids=[word for _, word, _ in RETIRED])
def test_no_source_has(write, word, pattern):
    hits = [f"{name}:{line}: {text!r}" for name, line, text in found(pattern) if (name, word) not in EXEMPT]
    assert not hits, f"write: {write}\n" + "\n".join(hits)


@pytest.mark.parametrize(("write", "word", "pattern"), RETIRED, ids=[word for _, word, _ in RETIRED])
def test_each_expression_finds_its_word(write, word, pattern):
    for one in word.split(", "):
        for text in (f"it {one} it.", f"need_{one.replace(' ', '_')}", "// it " + one.replace(" ", "\n// ") + " it."):
            assert any(matches(pattern, text)), text
    assert not any(matches(pattern, write))


def test_every_exemption_is_needed():
    patterns = {word: pattern for _, word, pattern in RETIRED}
    for name, word in EXEMPT:
        assert name in {place for place, _, _ in found(patterns[word])}, (name, word)


def test_the_glossary_is_this_list():
    text = (ROOT / "CONTRIBUTING.md").read_text().split("### Glossary", 1)[1]
    table = re.search(r"\| write \| not \|\n\|---\|---\|\n((?:\|.*\|\n)+)", text)[1]
    rows = [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in table.splitlines()]
    assert rows == [(write, word) for write, word, _ in RETIRED]
