"""Notebooks of the lessons: valid, the same code in both languages, never over a reader's work."""

import sys

import pytest

from tinynet.lessons import all_lessons, notebooks, read_lesson, run_notebook, to_notebook, write_notebooks
from tinynet.lessons.notebooks import language_setup

pytest.importorskip("jupytext")
nbformat = pytest.importorskip("nbformat")

LESSONS = all_lessons()


def code_of(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.name for lesson in LESSONS])
def test_both_languages_are_valid_and_have_the_same_code(lesson):
    made = {lang: to_notebook(lesson, lang) for lang in ("en", "ko")}
    for lang, notebook in made.items():
        nbformat.validate(notebook)
        assert notebook.cells[0].source.startswith(f"# {lesson.titles[lang]}")
        assert code_of(notebook)[0] == language_setup(lang)
        assert code_of(notebook)[1:] == [cell.code for cell in lesson.code_cells()]
        text = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
        assert text == [cell.texts[lang] for cell in lesson.cells if not cell.is_code]
    assert code_of(made["en"])[1:] == code_of(made["ko"])[1:]
    assert [cell.cell_type for cell in made["en"].cells] == [cell.cell_type for cell in made["ko"].cells]


def test_the_same_lesson_gives_the_same_bytes():
    assert nbformat.writes(to_notebook(LESSONS[0])) == nbformat.writes(to_notebook(LESSONS[0]))


def test_another_language_is_refused():
    with pytest.raises(ValueError, match="en, ko, got 'fr'"):
        to_notebook(LESSONS[0], "fr")


@pytest.mark.parametrize(("package", "call"), [
    ("jupytext", lambda: to_notebook(LESSONS[0])), ("nbformat", lambda: write_notebooks("nowhere")),
    ("nbclient", lambda: run_notebook(None)), ("ipykernel", lambda: run_notebook(None)),
])
def test_without_a_package_the_error_names_the_extra(monkeypatch, package, call):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModuleNotFoundError, match=r"tinynet-learn\[lessons\]"):
        call()


def test_writing_makes_the_folder_and_is_repeatable(tmp_path):
    folder = tmp_path / "new" / "course"
    written = write_notebooks(folder, "ko")
    assert [path.name for path in written] == [f"{lesson.name}.ipynb" for lesson in LESSONS]
    assert sorted(folder.iterdir()) == written
    before = [path.read_bytes() for path in written]
    assert write_notebooks(folder, "ko") == written  # the same content: nothing of a reader's to lose
    assert [path.read_bytes() for path in written] == before


def test_a_readers_work_is_not_overwritten_and_nothing_else_is_written(tmp_path):
    work = tmp_path / f"{LESSONS[-1].name}.ipynb"
    work.write_text("my own work")
    with pytest.raises(FileExistsError, match=f"{work.name} .*--force"):
        write_notebooks(tmp_path)
    assert work.read_text() == "my own work" and list(tmp_path.iterdir()) == [work]
    write_notebooks(tmp_path, force=True)
    assert nbformat.read(work, 4).cells and len(list(tmp_path.iterdir())) == len(LESSONS)


def test_folders_above_are_made(tmp_path):
    assert len(write_notebooks(tmp_path / "a" / "b" / "course")) == len(LESSONS)


@pytest.mark.parametrize("exists", [False, True])
def test_all_or_none_are_written(tmp_path, monkeypatch, exists):
    folder = tmp_path / "course"
    if exists:
        folder.mkdir()
        (folder / "mine.txt").write_text("mine")

    def full_disk(folder, texts):
        (folder / next(iter(texts))).write_text("unfinished")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(notebooks, "_write", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_notebooks(folder)
    assert [path.name for path in tmp_path.rglob("*")] == (["course", "mine.txt"] if exists else [])


def test_a_file_instead_of_a_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="names a folder"):
        write_notebooks(tmp_path / "file")


def test_a_notebook_runs_in_a_kernel_and_shows_each_of_its_pictures(tmp_path):
    """The first picture loads the notebook's backend, which switches to interactive; it must stay so for the next."""
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    pytest.importorskip("matplotlib")
    path = tmp_path / "01_short.py"
    path.write_text(LESSONS[0].path.read_text().split("# %%\n")[0] + """# %%
from tinynet import textbook

ax = textbook.plot_surface(textbook.surfaces.bowl)
# %%
ax = textbook.plot_surface(textbook.surfaces.ravine)
# %%
import matplotlib.pyplot as plt

_, ax = plt.subplots()
""")
    done = run_notebook(to_notebook(read_lesson(path), "ko"), folder=tmp_path)
    pictures = [sum("image/png" in output.get("data", {}) for output in cell.outputs)
                for cell in done.cells if cell.cell_type == "code"]
    assert pictures == [0, 1, 1, 1]
    nbformat.validate(done)
