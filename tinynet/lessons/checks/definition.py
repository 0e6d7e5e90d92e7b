"""What an exercise is: a reference, inputs for it, and wrong variants of it, each with a name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .words import Words

ARRAY, WHOLE, WORDS = "array", "whole", "words"  # kinds of results: arrays of floats, whole numbers, lists of words


@dataclass(frozen=True)
class Mistake:
    """A typical mistake: a wrong variant of the reference, recognized by equal results.

    Attributes:
        key: Its name: "rho_on_gradient".
        words: What went wrong and what is right, in the course's terms; a sentence or two.
        variant: Function of the exercise's arguments. It computes what the mistake computes.

    >>> squared = Mistake("squared", Words("2 x is wanted, this is x².", "2x가 아니라 x²을 계산했습니다."), lambda x: x**2)
    >>> squared.variant(3.0)
    9.0
    """

    key: str
    words: Words
    variant: Callable[..., Any]


@dataclass(frozen=True)
class Exercise:
    """An exercise.

    Attributes:
        name: "momentum".
        signature: "momentum(w, dw, v, learning_rate, rho)".
        statement: What the function gets and what it returns.
        reference: The right function.
        outputs: Names of what it returns; more than one for a tuple.
        cases: Function of a NumPy Generator: list of tuples of arguments.
        mistakes: The typical ones.
        kind: Of each output: ARRAY, WHOLE or WORDS.

    >>> doubled = Exercise("doubled", "doubled(x)", Words("x as an array; returns 2 x.", "배열 x를 받아 2x를 반환합니다."),
    ...                    lambda x: 2 * x, ["y"], lambda rng: [(rng.normal(size=3),)], mistakes=[])
    >>> doubled.arguments
    ['x']
    >>> doubled.template("en").splitlines()[0]
    'def my_doubled(x):'
    """

    name: str
    signature: str
    statement: Words
    reference: Callable[..., Any]
    outputs: Sequence[str]
    cases: Callable[[np.random.Generator], list[tuple[Any, ...]]]
    mistakes: Sequence[Mistake]
    kind: str = ARRAY

    @property
    def arguments(self) -> list[str]:
        """The names of the arguments."""
        return self.signature.partition("(")[2].rstrip(")").split(", ")

    def template(self, lang: str) -> str:
        """Return the function to fill in, as text, with the statement in its docstring."""
        lines = inspect.cleandoc(self.statement.of(lang)).splitlines()
        body = "\n".join(f"    {line}".rstrip() for line in lines)
        returned = ", ".join(self.outputs)
        return f'def my_{self.signature}:\n    """\n{body}\n    """\n    ...\n    return {returned}\n'
