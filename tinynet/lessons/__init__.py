"""The course in lessons, Korean and English: `tinynet lessons`; its exercises: `check`.

    sources.py     one script a lesson: code once, text in both languages side by side
    notebooks.py   to a notebook of one language (extra "lessons")
    run.py         all cells of a lesson, with a time limit
    command.py     `tinynet lessons`
    checks/        exercises that know what went wrong
    grading/       submitted notebooks in a sandbox, and a table of marks: `tinynet lessons grade`

The lessons stand beside: 03_momentum.py and so on. They are read, converted and run, never imported.

>>> [lesson.number for lesson in all_lessons()][:2]
[1, 2]
>>> exercise("l2_gradient", lang="en")  # doctest: +ELLIPSIS
def my_l2_gradient(theta, lam):
    ...
"""

from ..core.absence import explainer
from .checks import Result, check, exercise
from .notebooks import to_notebook, write_notebooks
from .run import run_lesson, run_notebook
from .sources import Cell, Lesson, LessonError, all_lessons, find_lesson, read_lesson

__all__ = [
    "Cell", "Lesson", "LessonError", "Result", "all_lessons", "check", "exercise", "find_lesson", "read_lesson",
    "run_lesson", "run_notebook", "to_notebook", "write_notebooks",
]

__getattr__ = explainer(__name__)
