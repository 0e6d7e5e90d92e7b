"""The code of a step with the origin of each line, and the slides' comparison table with the lines that its ticks mean."""

from __future__ import annotations

import inspect
import textwrap
from typing import Any

from ... import optimizers, textbook
from ...ops.optimizer_steps import adam_step
from ...textbook.comparison import COLUMNS, COMPARED

# Letters: M Momentum, R AdaGrad or RMSProp, B bias correction, MR the step that both make.
COMMENTS = {"# Momentum's step": "MR", "# Momentum": "M", "# AdaGrad": "R", "# bias correction": "B"}
WHOLE = {"Momentum": "M", "NesterovChangeOfVariables": "M", "AdaGradForm1": "R", "AdaGradForm2": "R", "AdaGradForm3": "R",
         "RMSPropSlide": "R"}
FULL = ("G +=", "values", "change")  # of the full matrix, the lines of the rule
ROWS = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam")  # of the table, as COMPARED
UPDATES = ("w -=", "theta -=")


def marked(cls: Any) -> list[list[str]]:
    """Return [line, letter] of each line of an optimizer's step, as `textbook.explain` prints it.

    Args:
        cls: A `SlideOptimizer`, or `optimizers.Adam`.

    >>> marked(textbook.Momentum)[1]
    ['    v[...] = self.rho * v + dw', 'M']
    """
    if cls is optimizers.Adam:
        return _keras_adam()
    inside, found = False, []
    for line in textbook.explain(cls).split("\n"):
        letter = next((letter for comment, letter in COMMENTS.items() if comment in line), "")
        if inside and not letter:
            letter = WHOLE.get(cls.__name__, "R" if line.strip().startswith(FULL) else "")
        inside = inside or line.rstrip().endswith(":")  # the first lines are the signature
        found.append([line, letter])
    return found


def _keras_adam() -> list[list[str]]:
    """The lines of `optimizers.Adam` and of the rule that it calls; without AMSGrad, decay and lists."""
    wanted = {"t = ": "", "step_size = ": "B", "m += ": "M", "v += ": "R", "w -= step_size": "MR"}
    source = inspect.getsource(optimizers.Adam.update_all) + inspect.getsource(adam_step)
    lines = [line.strip() for line in textwrap.dedent(source).split("\n")]
    return [[line, letter] for start, letter in wanted.items() for line in lines if line.startswith(start)]


def table() -> list[dict[str, Any]]:
    """Return the rows of the slides' comparison table, from the classes' attributes.

    Each has a `key`, the `label` of the slides, `cells` (bool) and `lines` (the line of code that a tick means).
    """
    rows = []
    compared: tuple[Any, ...] = COMPARED
    for key, cls in zip(ROWS, compared, strict=True):
        code = marked(cls)
        cells = [bool(getattr(cls, column)) for column in COLUMNS]
        lines = [_lines(code, letter) if cell else [] for cell, letter in zip(cells, "MRRB", strict=True)]
        rows.append({"key": key, "label": cls.label, "cells": cells, "lines": lines})
    return rows


def _lines(code: list[list[str]], letter: str) -> list[str]:
    """The lines of a letter that change a state, not the weights."""
    return [line.strip().split("  #")[0] for line, one in code
            if one == letter and "=" in line and not line.strip().startswith((*UPDATES, "old_v"))]
