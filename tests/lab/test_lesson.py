"""A teacher's file."""

import pytest

from tinynet.lab.lesson import read_lesson

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
