"""A progress bar in Keras's look."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.terminal import can_show, columns, display_width, has_colours, is_interactive, write

LEAST_WIDTH = 5  # characters of a bar that still shows something


class Progbar:
    """Shows the progress of a loop, its time and its numbers.

    On a terminal, or in a notebook, the bar moves; elsewhere (a file, a pipe) nothing is shown until it is complete.
    On a terminal it never takes more than a line while it moves, also when the window is made narrower: the bar becomes
    shorter, and the last numbers are left out until the end.

    Args:
        target: Number of steps; None if unknown.
        width: Of the bar, in characters; less where the terminal is narrow.
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
        moves = self.verbose == 1 and self._moves
        head = [self._count(current), *self._timing(current, now, finalize)]
        numbers = [f"{name}: {_number(total / max(count, 1))}" for name, (total, count) in self._sums.items()]
        limit = columns() if moves else None
        if self.verbose == 1 and self.target:
            text = f"{head[0]} {_HOLE * min(self.width, LEAST_WIDTH)} {' '.join(head[1:])}"
        else:
            text = (" - " if self.verbose == 2 else " ").join(head)
        lines = self._fitted([text, *numbers], finalize, limit)
        if _HOLE in text:  # the bar takes what the numbers leave
            spare = self.width if limit is None else limit - 1 - display_width(lines[0])
            lines[0] = lines[0].replace(_HOLE, _HOLE * (1 + max(min(spare, self.width - LEAST_WIDTH), 0)), 1)
        visible = display_width(lines[-1])
        if moves:  # what an earlier, longer text has left is covered, but never beyond the line's end
            cover = min(self._drawn_width, limit - 1 if limit else self._drawn_width) - display_width(lines[0])
            lines[0] = "\r" + lines[0] + " " * cover
            self._drawn_width = visible
        write(self._painted("\n".join(lines), current, head, moves and has_colours()) + ("\n" if finalize else ""))

    @staticmethod
    def _fitted(parts, finalize, limit):
        """The parts in a line; where that is too long as many as fit, and at the end the others below."""
        lines, line = [], parts[0]
        for part in parts[1:]:
            longer = f"{line} - {part}"
            # One column stays free: with a full line some terminals begin the next one.
            if limit is None or display_width(longer) < limit:
                line = longer
            elif finalize:
                lines.append(line)
                line = f"    {part}"
            else:
                break
        if limit is not None and not finalize:
            line = line[: limit - 1]
        return [*lines, line]

    def _painted(self, text, current, head, colours):
        """The text with its bar, and in colours."""
        width = text.count(_HOLE)
        if width:
            done = int(width * min(current / self.target, 1)) if self._moves else width
            full, empty = ("━", "━" if colours else "─") if can_show("━") else ("=", ".")
            bar = full * done, empty * (width - done)
            left = _GREEN + bar[0] + _RESET, _GREY + bar[1] + _RESET
            text = text.replace(_HOLE * width, "".join(left if colours else bar))
        if colours:
            for part in head[:2]:
                text = text.replace(part, f"{_BOLD}{part}{_RESET}", 1)
        return text

    def _take(self, name, value, current, finalize):
        averaged = name in self._stateless if self._stateless is not None else name not in (self._stateful or ())
        if not averaged or finalize:
            self._sums[name] = [value, 1]
        else:
            steps = max(current - self._seen, 1)
            total = self._sums.setdefault(name, [0.0, 0])
            total[0] += value * steps
            total[1] += steps

    def _count(self, current):
        return f"{current:{len(str(self.target))}d}/{self.target}" if self.target else f"{current:7d}/Unknown"

    def _timing(self, current, now, finalize):
        per_step = self._seconds_per_step(current, now)
        if self.target and not finalize:
            left = _clock(per_step * (self.target - current))
        else:
            left = f"{now - self._start:.0f}s"
        return left, f"{_duration(per_step)}/{self.unit_name}"

    def _seconds_per_step(self, current, now):
        """Without the first step, which prepares what the others use."""
        if self._first_step_end is not None and current > self._first_step_end[1]:
            return (now - self._first_step_end[0]) / (current - self._first_step_end[1])
        return (now - self._start) / max(current, 1)


_BOLD, _GREEN, _GREY, _RESET = "\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m"
_HOLE = "\0"  # where the bar goes, once its width is known


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
