"""A teacher's file."""

import pytest

from tinynet.lab.lesson import read_lesson
from tinynet.lab.messages import MOST_STEPS

GOOD = """
title = { en = "Ravines", ko = "골짜기" }

[[part]]
panel = "descent"
seed = 1
step = 20
settings = { surface = "bowl", rate = 0.1, racers = ["sgd", "adam"], start = [1.0, -1.0] }
hidden = ["adaptive", "seed"]
words = { en = "Press play.", ko = "재생을 누르세요." }

[[part]]
panel = "descent"
words = "Both languages"
"""


def write(tmp_path, text):
    path = tmp_path / "lesson.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_lesson(tmp_path):
    lesson = read_lesson(write(tmp_path, GOOD))
    assert lesson["title"]["ko"] == "골짜기"
    first, second = lesson["parts"]
    assert first["address"] == "surface=bowl&racers=sgd.adam&start=1,-1&rate=0.1&seed=1&step=20"
    assert first["hidden"] == ["adaptive", "seed"]
    assert second["address"] == "" and second["words"] == {"en": "Both languages", "ko": "Both languages"}


@pytest.mark.parametrize(("old", "new", "message"), [
    ('panel = "descent"\nseed', 'panel = "x"\nseed', "part 1: panel must be one of "),
    ('"bowl"', '"lake"', "part 1: settings: Surface: must be one of"), ("rate = 0.1", "rte = 0.1", "no setting 'rte'"),
    ("seed = 1", "seed = -1", "part 1: seed must be a whole number"), ("step = 20", "step = 1e9", "step must be"),
    ('"adaptive"', '"adptive"', "hidden must be a list of"), ("title =", "titel =", "there is no 'titel'"),
    ('words = "Both', 'words = 3 # "Both', "part 2: words: must be"), ("[[part]]", "[[prat]]", "there is no 'prat'"),
    ("seed = 1", "seed 1", "is no TOML file"), ('ko = "골짜기"', 'fr = "x"', "there is no 'fr'"),
])
def test_faults_are_named(tmp_path, old, new, message):
    with pytest.raises(ValueError, match=message) as caught:
        read_lesson(write(tmp_path, GOOD.replace(old, new)))
    assert "lesson.toml" in str(caught.value)


def test_the_largest_seed_and_step(tmp_path):
    largest = GOOD.replace("seed = 1", f"seed = {2**31 - 1}").replace("step = 20", f"step = {MOST_STEPS}")
    assert f"seed={2**31 - 1}&step={MOST_STEPS}" in read_lesson(write(tmp_path, largest))["parts"][0]["address"]
    for name, most in (("seed", 2**31 - 1), ("step", MOST_STEPS)):
        with pytest.raises(ValueError, match=f"{name} must be a whole number from 0 to {most}, got {most + 1}"):
            read_lesson(write(tmp_path, largest.replace(f"{name} = {most}", f"{name} = {most + 1}")))


def test_what_is_no_lesson(tmp_path):
    with pytest.raises(ValueError, match="at most 100000 bytes"):
        read_lesson(write(tmp_path, "#" * 100_001))
    with pytest.raises(ValueError, match="needs 1 to 50"):
        read_lesson(write(tmp_path, "title = 'x'"))
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="no TOML"):
        read_lesson(tmp_path / "b.toml")
    with pytest.raises(OSError, match="missing"):
        read_lesson(tmp_path / "missing.toml")


@pytest.mark.parametrize(("old", "new", "message"), [
    ('panel = "descent"\nseed', "panel = []\nseed", r"part 1: panel must be one of .*, got \[\]"),
    ('panel = "descent"\nseed', "panel = { a = 1 }\nseed", "part 1: panel must be one of"),
    ("seed = 1", f"seed = {'9' * 4000}", r"seed must be .* got 9{97}\.\.\.$"),
    ("seed = 1", f"seed = {'9' * 5000}", "is no TOML file"), ("seed = 1", "seed = 1979-05-27", "seed must be"),
    ("rate = 0.1", "rate = nan", "settings: .*must be a number"), ("rate = 0.1", "rate = 2024-02-30", "no TOML"),
    ("rate = 0.1", "rate = 12:30:00", "must be a number"), ("step = 20", "step = true", "step must be"),
    ("rate = 0.1", "rate = " + "[" * 5000 + "]" * 5000, "is no TOML file|must be a number"),
    ("rate = 0.1", f"rate = {'[' * 200}{']' * 200}", "must be a number"),
    ("seed = 1", "__proto__ = 1", "there is no '__proto__'"),
    ("seed = 1", f"{'a' * 9000} = 1", r"there is no 'a+\.\.\.;"),
    ('hidden = ["adaptive", "seed"]', "hidden = [['seed']]", "hidden must be"), ('"Press play."', '"\x07"', "TOML"),
])
def test_hostile_files_are_refused_in_one_short_line(tmp_path, old, new, message):
    with pytest.raises(ValueError, match=message) as caught:
        read_lesson(write(tmp_path, GOOD.replace(old, new)))
    assert len(str(caught.value)) < 1200 and "\n" not in str(caught.value)
