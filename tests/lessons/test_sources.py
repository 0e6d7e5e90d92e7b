"""Reading a lesson's source: what it has, and what is refused, with file and line."""

import pytest

from tinynet.lessons import LessonError, all_lessons, find_lesson, read_lesson

HEAD = """# %% [markdown] lang="en"
# # Momentum
#
# Course rows: 9-15 · Minutes: 40
# %% [markdown] lang="ko"
# # 모멘텀(momentum)
#
# 강의 항목: 9-15 · 시간(분): 40
"""


def write(folder, text, name="03_momentum.py"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_what_a_lesson_has(tmp_path):
    lesson = read_lesson(write(tmp_path, HEAD + '# %%\nx = 1\n\n\ny = x\n\n# %% tags=["long"]\nx = 2\n'))
    assert (lesson.name, lesson.number, lesson.key) == ("03_momentum", 3, "momentum")
    assert lesson.titles == {"en": "Momentum", "ko": "모멘텀(momentum)"}
    assert (lesson.rows, lesson.minutes) == ("9-15", 40)
    text, code, long = lesson.cells
    assert not text.is_code and text.texts["ko"].startswith("# 모멘텀") and "#\n" not in text.texts["en"]
    assert code.code == "x = 1\n\n\ny = x" and code.tags == () and long.tags == ("long",)
    assert lesson.code_cells() == [code] and lesson.code_cells(long=True) == [code, long]


@pytest.mark.parametrize("rows", ["67", "9-15", "-"])
def test_rows_are_one_several_or_none(tmp_path, rows):
    assert read_lesson(write(tmp_path, HEAD.replace("9-15", rows))).rows == rows


def test_the_scripts_lines_stand_where_they_stand_in_the_source(tmp_path):
    source = HEAD + '# %%\nx = 1\n# %% tags=["long"]\nx = 2\n# %%\nassert x == 1\n'
    lesson = read_lesson(write(tmp_path, source))
    for long in (False, True):
        for line, original in zip(lesson.script(long).splitlines(), source.splitlines(), strict=True):
            assert line in ("", original)
    assert "x = 2" not in lesson.script() and "x = 2" in lesson.script(long=True)


EN, KO = '# %% [markdown] lang="en"\n# a\n', '# %% [markdown] lang="ko"\n# 가\n'


@pytest.mark.parametrize(("added", "line", "words"), [
    (EN, 9, "no partner in 'ko'"),
    (EN + "# %%\nx = 1\n", 9, "no partner in 'ko'"),
    (EN + EN + KO, 9, "no partner in 'ko'"),
    (KO, 9, "no partner in 'en'"),
    (EN + KO + KO, 13, "no partner in 'en'"),
    ('# %% [markdown] lang="fr"\n# a\n', 9, "lang"),
    ("# %% [markdown]\n# a\n", 9, "lang"),
    ('# %% tags=["lnog"]\nx = 1\n', 9, "tags are of"),
    ("# %% tags=[long]\nx = 1\n", 9, "tags are of"),
    ("# %%\n\n", 10, "empty code cell"),
    (EN + '# %% [markdown] lang="ko"\n#\n', 12, "empty text cell"),
    (EN + '# %% [markdown] lang="ko"\nx = 1\n', 12, "begins with '# '"),
])
def test_a_fault_is_named_with_file_and_line(tmp_path, added, line, words):
    path = write(tmp_path, HEAD + added)
    with pytest.raises(LessonError) as caught:
        read_lesson(path)
    assert str(caught.value).startswith(f"{path}:{line}: ") and words in str(caught.value)


@pytest.mark.parametrize(("text", "words"), [
    ("x = 1\n" + HEAD, "stands before the first"),
    ("# %%\nx = 1\n" + HEAD, "begins with a text cell"),
    ("", "begins with a text cell"),
    (HEAD.replace("# # Momentum", "# Momentum"), "must be '# Title'"),
    (HEAD.replace("Course rows: 9-15", "Rows: 9-15"), "no line such as"),
    (HEAD.replace("Course rows: 9-15", "Course rows: 9to15"), "no line such as"),
    (HEAD.replace("시간(분): 40", "시간(분): 30"), "differ between the languages"),
])
def test_the_head_is_checked(tmp_path, text, words):
    with pytest.raises(LessonError, match=words.replace("(", r"\(")):
        read_lesson(write(tmp_path, text))


@pytest.mark.parametrize("name", ["momentum.py", "3_momentum.py", "03_Momentum.py", "03_momentum.md"])
def test_the_name_is_checked(tmp_path, name):
    with pytest.raises(LessonError, match="named NN_name.py"):
        read_lesson(write(tmp_path, HEAD, name))


def test_a_lesson_is_found_by_name_and_number():
    first = all_lessons()[0]
    assert {find_lesson(name) for name in (first.name, first.key, "01", "1")} == {first}
    with pytest.raises(ValueError, match=f"there are .*{first.name}"):
        find_lesson("nothing")
