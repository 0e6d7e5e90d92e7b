"""A progress bar in Keras's look."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import Any

import numpy as np


class Progbar:
    """Shows the progress of a loop, its time and its numbers.

    On a terminal, or in a notebook, the bar moves; elsewhere (a file, a pipe) nothing is shown until it is complete.

    Args:
        target: Number of steps; None if unknown.
        width: Of the bar, in characters.
        verbose: 0 silent, 1 bar, 2 one line at the end.
        interval: Seconds between two drawings.
        stateful_metrics: Names whose values are shown as they are; the others are averaged over the steps.
        stateless_metrics: The reverse: names to average, the others are shown as they are.
        unit_name: The word for a step.

    Raises:
        ValueError: both stateful and stateless metrics.

    >>> bar = Progbar(2, verbose=2)
    >>> bar.update(1, [("loss", 4.0)])
    >>> bar.update(2, [("loss", 2.0)])  # at the end the last values are shown
    2/2 - 0s - ...s/step - loss: 2.0000
    """

    def __init__(self, target: int | None, width: int = 20, verbose: int = 1, interval: float = 0.05,
                 stateful_metrics: Iterable[str] | None = None, stateless_metrics: Iterable[str] | None = None,
                 unit_name: str = "step") -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError("Progbar: give stateful_metrics or stateless_metrics, not both")
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self._stateful = stateful_metrics
        self._stateless = stateless_metrics
        self._sums: dict[str, list[float]] = {}  # {name: [sum, steps]}
        self._seen = 0
        self._start = time.perf_counter()
        self._drawn_at = -1.0
        self._first_step_end: tuple[float, int] | None = None  # (time, steps)
        self._drawn_width = 0
        self._moves = is_interactive()

    def is_due(self) -> bool:
        """Report whether the bar would be drawn now; this costs less than collecting the numbers to show."""
        return self._first_step_end is None or self._moves and time.perf_counter() - self._drawn_at >= self.interval

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Report another n steps as done; see `update`."""
        self.update(self._seen + n, values)

    def update(self, current: int, values: Iterable[tuple[str, Any]] | None = None,
               finalize: bool | None = None) -> None:
        """Report step `current` as done.

        Args:
            current: Number of steps done in all.
            values: List of (name, value) to show; of an array the mean.
            finalize: Whether this is the end; current >= target if None.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        for name, value in values or []:
            self._take(name, float(np.mean(value)), current, finalize)
        self._seen = current
        now = time.perf_counter()
        if self._first_step_end is None and current > 0:
            self._first_step_end = (now, current)
        if not self.verbose or not finalize and (self.verbose == 2 or not self._moves
                                                 or now - self._drawn_at < self.interval):
            return
        self._drawn_at = now
        colours = self.verbose == 1 and self._moves
        parts = (
            self._count(current, colours), self._bar(current, colours), *self._timing(current, now, finalize, colours)
        )
        text = (" - " if self.verbose == 2 else " ").join(part for part in parts if part)
        text += "".join(f" - {name}: {_number(total / max(count, 1))}" for name, (total, count) in self._sums.items())
        visible = len(text) - sum(len(code) * text.count(code) for code in _COLOURS)
        if colours:
            text = "\r" + text + " " * (self._drawn_width - visible)
            self._drawn_width = visible
        write(text + ("\n" if finalize else ""))

    def _take(self, name, value, current, finalize):
        averaged = name in self._stateless if self._stateless is not None else name not in (self._stateful or ())
        if not averaged or finalize:
            self._sums[name] = [value, 1]
        else:
            steps = max(current - self._seen, 1)
            total = self._sums.setdefault(name, [0.0, 0])
            total[0] += value * steps
            total[1] += steps

    def _count(self, current, colours):
        if not self.target:
            return f"{current:7d}/Unknown"
        count = f"{current:{len(str(self.target))}d}/{self.target}"
        return f"{_BOLD}{count}{_RESET}" if colours else count

    def _bar(self, current, colours):
        if self.verbose != 1 or not self.target:
            return ""
        done = int(self.width * min(current / self.target, 1))
        if not colours:
            return "━" * self.width
        return f"{_GREEN}{'━' * done}{_RESET}{_GREY}{'━' * (self.width - done)}{_RESET}"

    def _timing(self, current, now, finalize, colours):
        per_step = self._seconds_per_step(current, now)
        if self.target and not finalize:
            left = _clock(per_step * (self.target - current))
        else:
            left = f"{now - self._start:.0f}s"
        if colours:
            left = f"{_BOLD}{left}{_RESET}"
        return left, f"{_duration(per_step)}/{self.unit_name}"

    def _seconds_per_step(self, current, now):
        """Without the first step, which prepares what the others use."""
        if self._first_step_end is not None and current > self._first_step_end[1]:
            return (now - self._first_step_end[0]) / (current - self._first_step_end[1])
        return (now - self._start) / max(current, 1)


_BOLD, _GREEN, _GREY, _RESET = _COLOURS = ("\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m")


def write(text: str) -> None:
    """Write to standard output; a character that its encoding does not have, such as the bar's, becomes '?'.

    A program without a standard output (a service, pythonw), or one that has closed it, shows nothing.
    """
    if sys.stdout is None or getattr(sys.stdout, "closed", False):
        return
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()


def is_interactive() -> bool:
    """Report whether standard output is a terminal or a notebook, where a bar can move."""
    closed = sys.stdout is None or getattr(sys.stdout, "closed", False)
    if not closed and bool(getattr(sys.stdout, "isatty", lambda: False)()):
        return True
    return type(sys.stdout).__module__.startswith("ipykernel.")  # its OutStream; others may have imported the package


def _number(value):
    return f"{value:.4f}" if abs(value) > 1e-3 else f"{value:.4e}"


def _clock(seconds):
    if seconds > 3600:
        return f"{seconds // 3600:.0f}:{seconds % 3600 // 60:02.0f}:{seconds % 60:02.0f}"
    return f"{seconds // 60:.0f}:{seconds % 60:02.0f}" if seconds > 60 else f"{seconds:.0f}s"


def _duration(seconds):
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s"
    return f"{seconds * 1e3:.0f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"
