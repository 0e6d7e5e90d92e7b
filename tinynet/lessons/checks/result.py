"""What `check` returns: it prints well in a terminal and in a notebook."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import Any

from ...core.terminal import for_output
from .words import Words

PASSED = Words("{name}: right, on all {count} inputs.", "{name}: {count}가지 입력에서 모두 맞았습니다.")
UNLIMITED = Words(
    "(There was no time limit: it needs the main thread, on Linux or macOS.)",
    "(시간 제한 없이 실행했습니다. 시간 제한은 Linux나 macOS의 메인 스레드에서만 쓸 수 있습니다.)",
)
COLORS = {True: "#009E73", False: "#D55E00"}  # of the border; the text keeps the page's own colour


@dataclass(frozen=True, repr=False)
class Result:
    """The outcome of a check.

    Attributes:
        exercise: Its name.
        passed: Whether the function is right.
        message: What is to be known, in the reader's language; several lines.
        mistake: The key of the mistake that was recognized, or None.
        candidates: The keys of all mistakes that explain the results equally well; more than one is rare, and then
            `mistake` is None.
        inputs: {argument: value} of the first input with a difference; empty if passed.
        expected: The right results for it.
        got: The function's, where it returned any.

    >>> result = Result("momentum", True, "✓ momentum: right", candidates=())
    >>> bool(result), result.mistake
    (True, None)
    """

    exercise: str
    passed: bool
    message: str
    mistake: str | None = None
    candidates: tuple[str, ...] = ()
    inputs: dict[str, Any] = field(default_factory=dict)
    expected: Any = None
    got: Any = None

    def __repr__(self) -> str:
        return f"{for_output('✓' if self.passed else '✗')} {self.message}"

    def __bool__(self) -> bool:
        return self.passed

    def _repr_html_(self) -> str:
        mark = "✓" if self.passed else "✗"
        first, _, rest = self.message.partition("\n")
        more = f'<pre style="margin:4px 0 0;white-space:pre-wrap;color:inherit;background:none">{escape(rest)}</pre>'
        return (f'<div class="tinynet-check" style="border-left:4px solid {COLORS[self.passed]};padding:4px 12px">'
                f"<b>{mark} {escape(first)}</b>{more if rest else ''}</div>")
