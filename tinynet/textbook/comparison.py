"""The optimizers side by side: the slides' table, and their code with each line's origin."""

from __future__ import annotations

import difflib
import inspect
import textwrap
from typing import TYPE_CHECKING

from .adaptive import AdaGradForm3, AdamAlgorithm1, RMSPropSlide
from .descent import GradientDescent, Momentum, NesterovChangeOfVariables, SlideOptimizer

if TYPE_CHECKING:
    from collections.abc import Sequence

COMPARED = (GradientDescent, Momentum, NesterovChangeOfVariables, AdaGradForm3, RMSPropSlide, AdamAlgorithm1)
COLUMNS = {
    "tracks_first_moments": "Tracks first moments (Momentum)",
    "tracks_second_moments": "Tracks second moments (Adaptive learning rates)",
    "leaky_second_moments": "Leaky second moments",
    "bias_correction": "Bias correction for moment estimates",
}


def comparison_table(optimizers: Sequence[type[SlideOptimizer]] = COMPARED) -> str:
    """The table "Optimization Algorithm Comparison" as Markdown, made from the classes' attributes.

    Args:
        optimizers: Subclasses of `SlideOptimizer`, one a row.

    Returns:
        The table's lines.

    Source: row 26 of the course.

    >>> print(comparison_table([Momentum]))
    | Algorithm | Tracks first moments (Momentum) | ... | Bias correction for moment estimates |
    |---|---|---|---|---|
    | SGD+Momentum | ✓ | ✗ | ✗ | ✗ |
    """
    lines = ["| " + " | ".join(["Algorithm", *COLUMNS.values()]) + " |", "|" + "---|" * (len(COLUMNS) + 1)]
    for cls in optimizers:
        marks = ["✓" if getattr(cls, column) else "✗" for column in COLUMNS]
        lines.append("| " + " | ".join([cls.label, *marks]) + " |")
    return "\n".join(lines)


NAMES = {
    "sgd": GradientDescent, "gradient descent": GradientDescent, "momentum": Momentum,
    "nesterov": NesterovChangeOfVariables, "adagrad": AdaGradForm3, "rmsprop": RMSPropSlide, "adam": AdamAlgorithm1,
}


def explain(optimizer: SlideOptimizer | type[SlideOptimizer] | str) -> str:
    """The code of one step of a textbook optimizer.

    In Adam's a comment marks the lines that are Momentum and those that are AdaGrad or RMSProp.

    Args:
        optimizer: A `SlideOptimizer`, its class, or a name: 'sgd', 'momentum', 'nesterov', 'adagrad', 'rmsprop' or
            'adam'.

    Returns:
        The lines of the method `step` (of `update_all`, for the full matrix).

    Raises:
        TypeError: it is not an optimizer of tinynet.textbook.
        ValueError: there is no optimizer of this name.

    Source: row 24 of the course.

    >>> print(explain(Momentum))
    def step(self, w, dw, learning_rate, v):
        v[...] = self.rho * v + dw
        w -= learning_rate * v
    """
    if isinstance(optimizer, str):
        optimizer = _by_name(optimizer)
    cls = optimizer if isinstance(optimizer, type) else type(optimizer)
    if not issubclass(cls, SlideOptimizer):
        raise TypeError(
            f"explain: {cls.__name__} is not of tinynet.textbook; the rules of tinynet.optimizers are in "
            "tinynet/ops/optimizer_steps.py"
        )
    rule = cls.step if cls.step is not SlideOptimizer.step else cls.update_all
    return textwrap.dedent(inspect.getsource(rule)).rstrip()


def _by_name(name):
    """The class of a name, in any case, with '_', '-' or a space between words; of a class's own name, too."""
    wanted = name.lower().replace("_", " ").replace("-", " ").strip()
    known = {**NAMES, **{cls.__name__.lower(): cls for cls in COMPARED}}
    if wanted not in known:
        near = difflib.get_close_matches(wanted, known, 1)
        raise ValueError(f"explain: there is no optimizer {name!r}"
                         + (f"; did you mean {near[0]!r}?" if near else f". Names: {', '.join(NAMES)}"))
    return known[wanted]
