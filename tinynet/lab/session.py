"""A session: one browser tab's panel, trained in a thread of its own.

The thread computes a picture only when the browser asks for one, at most 30 times a second, and always of the newest
step. So a slow browser never slows the training, and nothing piles up.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from ..callbacks.lab import Lab
from .catalogue import find_panel
from .code import notebook
from .frames import encode
from .messages import Message, parse_message
from .panel import Following, Panel
from .turns import Turns
from .words import LabError, Words

SESSION_THREAD = "tinynet lab session"
FRAME_SECONDS = 1 / 30
CATCHING_UP_SECONDS = 0.3  # a step back that takes less shows no picture in between
SLICE_SECONDS = 0.015  # that a session trains before others have their turn: 30 sessions wait at most half a second
SNAPSHOTS = 8
SNAPSHOT_EVERY = 25  # steps
LONGEST_REST = 1.0  # seconds between two starts of a session while others wait
MOST_WAITING = 100  # messages; a page sends a few a second
LAST_COUNTS = ("reset", "seed", "speed", "play", "pause", "resume", "export")  # of several in a row, the last one


class Session:
    """One panel and the thread that trains it.

    Args:
        turns: Shared by all sessions of a server.
        deliver: Called in the session's thread with a dict (a message) or bytes (a frame) for the browser. It may be
            replaced when another connection takes the session over.
    """

    def __init__(self, turns: Turns, deliver: Callable[[dict | bytes], None]) -> None:
        self.deliver = deliver
        self._turns = turns
        self._wake = threading.Condition()
        self._inbox: list[Message] = []
        self._ended = False
        self.panel: Panel | None = None
        self.steps = 0
        self._target = 0  # the step up to which a link or a step back trains anew
        self._playing = False
        self._speed = 0
        self._next_step = self._last_frame = self._next_start = 0.0
        self._wanted = self._changed = False
        self._code_of: Any = None
        self._holds: Lab | None = None  # whose training this session holds
        self._snapshots: dict[int, Any] = {}
        self.thread = threading.Thread(target=self._run, name=SESSION_THREAD, daemon=True)
        try:
            self.thread.start()
        except BaseException:
            self.end()  # Ctrl-C while the thread starts: nobody else would end it
            raise

    def receive(self, text: str) -> None:
        """Take a message of the browser; a wrong one is answered with its fault and changes nothing.

        Args:
            text: JSON.
        """
        try:
            message = parse_message(text)
        except LabError as error:
            self.deliver({"type": "problem", "words": error.words.as_dict()})
            return
        with self._wake:
            self._put(message)
            self._wake.notify()

    def _put(self, message: Message) -> None:
        """Let a message wait; those that it makes needless wait no longer, so that a slow panel follows a slider."""
        inbox = self._inbox
        if message.do == "ready":
            if all(one.do != "ready" for one in inbox):
                inbox.append(message)
            return
        if message.do == "open":
            inbox[:] = [one for one in inbox if one.do == "ready"]
        elif inbox and inbox[-1].do == message.do and (message.do in LAST_COUNTS or _same_controls(inbox[-1], message)):
            inbox.pop()
        if len(inbox) < MOST_WAITING:
            inbox.append(message)

    def end(self) -> None:
        """Stop the thread after its present step, and forget the panel. A training elsewhere that it holds goes on."""
        with self._wake:
            self._ended = True
            self._wake.notify()

    def unwatch(self) -> None:
        """Make no picture until one is asked for again: the browser has left."""
        self._wanted = False

    # The session's own thread ---------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._wake:
                if not self._inbox and not self._ended:
                    self._wake.wait(self._seconds_to_wait())
                inbox, self._inbox = self._inbox, []
                if self._ended:
                    if self._holds is not None:
                        self._holds.go_on()  # nobody sees any more that it is held
                    self.panel = None
                    self._snapshots.clear()
                    return
            for message in inbox:
                if not self._ended:
                    self._attempt(self._answer, message)
            if self._attempt(self._train) and self._attempt(self._publish):
                continue
            self._playing = False
            self._target = self.steps

    def _attempt(self, action: Callable[..., None], *arguments: Any) -> bool:
        """Do something and tell the browser if it fails. Returns whether it has not."""
        try:
            action(*arguments)
            return True
        except LabError as error:
            self._changed = action != self._publish  # the page draws what there is; a failing state is not tried again
            self.deliver({"type": "problem", "words": error.words.as_dict()})
        except Exception:
            traceback.print_exc()
            self._changed = action != self._publish
            self.deliver({"type": "problem", "words": Words(
                "the panel failed; the terminal of the lab shows where. Reset starts it anew",
                "화면에 오류가 났습니다. 자세한 내용은 lab을 실행한 터미널에 있습니다. 초기화하면 다시 시작합니다",
            ).as_dict()})
        return False

    def _seconds_to_wait(self) -> float | None:
        now, times = time.monotonic(), []
        if self.panel is not None and self.panel.follows:
            return FRAME_SECONDS
        if self.panel is not None and self.steps < self._target:
            return 0
        if self._playing:
            times.append(self._next_step)
        if self._wanted and self._changed:
            times.append(self._last_frame + FRAME_SECONDS)
        return max(0, min(times) - now) if times else None

    def _answer(self, message: Message) -> None:
        if message.do == "open":
            self._open(**message.values)
        elif message.do == "ready":
            self._wanted = True
        elif self.panel is not None:
            getattr(self, f"_do_{message.do}")(**message.values)

    def _start(self, key: str, settings: dict[str, Any], seed: int, step: int = 0, speed: int | None = None) -> None:
        self._wait_to_start()
        with self._turns:  # settings that do not fit together raise here, and the panel stays what it was
            began = time.monotonic()
            try:
                self.panel = find_panel(key)(settings, seed)
            finally:  # a start is not cut into slices: in a crowd, it takes a quarter of a session's time at most
                now = time.monotonic()
                self._next_start = now + min(3 * (now - began), LONGEST_REST)
        self._playing = False
        self._speed = self._speed if speed is None else speed
        self.steps, self._target = 0, step
        self._snapshots.clear()
        self._tell()

    def _wait_to_start(self) -> None:
        with self._wake:
            while self._turns.crowded and not self._ended and time.monotonic() < self._next_start:
                self._wake.wait(self._next_start - time.monotonic())

    def _open(self, panel: str, settings: dict[str, Any], seed: int, step: int) -> None:
        self.panel, speed = None, find_panel(panel).speed
        try:
            self._start(panel, settings, seed, step, speed)
        except LabError:
            # A link may ask for what this computer does not have. The page tells, and has controls that work.
            self._start(panel, find_panel(panel).parse({}), seed, speed=speed)
            raise

    def _do_set(self, settings: Any) -> None:
        assert self.panel is not None
        old = self.panel.settings
        new = self.panel.parse(old | settings if isinstance(settings, dict) else settings)
        new = self.panel.adjust(old, new)
        changed = [one for one in self.panel.parameters if new[one.name] != old[one.name]]
        if all(one.view for one in changed):
            with self._turns:
                self.panel.view(new)
            self._tell()
            return
        keep = all(one.view or one.keep for one in changed)
        playing, step = self._playing, self.steps if keep else 0
        self._start(self.panel.key, new, self.panel.seed, step)
        self._playing = playing and keep

    def _do_seed(self, seed: int) -> None:
        assert self.panel is not None
        self._start(self.panel.key, self.panel.settings, seed)

    def _do_reset(self) -> None:
        assert self.panel is not None
        self._start(self.panel.key, self.panel.settings, self.panel.seed)

    def _do_play(self) -> None:
        assert self.panel is not None
        if isinstance(self.panel, Following):
            self.panel.lab.go_on()
            return
        self._playing = not self.panel.finished
        self._next_step = time.monotonic()
        self._changed = True

    def _do_resume(self) -> None:
        self._code_of = None
        self._tell()

    def _do_leave(self) -> None:
        """The reader looks at the contents. A training elsewhere is not held for that: nothing would show it."""
        if not isinstance(self.panel, Following):
            self._do_pause()

    def _do_stop(self) -> None:
        if isinstance(self.panel, Following):
            self.panel.lab.stop()

    def _do_pause(self) -> None:
        if isinstance(self.panel, Following):
            if self.panel.lab.training:  # or the next `fit` would stand still from its start
                self._holds = self.panel.lab
                self._holds.hold()
            return
        self._playing = False
        self._target = self.steps
        self._changed = True

    def _do_speed(self, speed: int) -> None:
        self._speed = speed
        self._next_step = time.monotonic()

    def _do_step(self) -> None:
        if isinstance(self.panel, Following):
            if self.panel.lab.training:
                self._holds = self.panel.lab
                self._holds.let_one_through()
            return
        self._playing = False
        self._target = max(self.steps, self._target) + 1  # two quick presses are two steps

    def _do_back(self) -> None:
        assert self.panel is not None
        if isinstance(self.panel, Following):
            raise LabError(Words("the training of a model of your own cannot step back",
                                 "직접 만든 모델의 학습은 뒤로 되돌릴 수 없습니다"))
        self._playing = False
        target = max(self.steps - 1, 0)
        kept = max((step for step in self._snapshots if step <= target), default=None)
        with self._turns:
            if kept is None:
                self.panel = type(self.panel)(self.panel.settings, self.panel.seed)
            else:
                self.panel.restore(self._snapshots[kept])
                self.panel.finished = False
        self.steps, self._target, self._changed = kept or 0, target, True

    def _do_export(self, format: str, lang: str) -> None:
        assert self.panel is not None
        code = self.panel.code(self.steps)
        if format == "ipynb":
            code = notebook(code, getattr(self.panel.title, lang))
        self.deliver({"type": "file", "name": f"tinynet-{self.panel.key}.{format}", "text": code})

    def _train(self) -> None:
        """Make the steps that are due, for one slice of time at most."""
        if isinstance(self.panel, Following):
            self._follow(self.panel)
            return
        if self.panel is None or not (self._playing or self.steps < self._target):
            return
        end = time.monotonic() + SLICE_SECONDS
        with self._turns:
            while not self.panel.finished:
                now = time.monotonic()
                if self.steps >= self._target:
                    if not self._playing or now < self._next_step:
                        break
                    self._next_step = max(self._next_step + 1 / self._speed, now - 0.2) if self._speed else now
                self._keep_snapshot()
                self.panel.step()
                self.steps += 1
                self._changed = True
                if now > end:
                    return
        if self.panel.finished:
            self._playing, self._target = False, self.steps

    def _follow(self, panel: Following) -> None:
        """See how far a training elsewhere has come, and ask it for a sample if the browser wants a picture."""
        lab = panel.lab
        now = (id(lab), lab.version, lab.held, lab.training)
        if panel.seen != now:
            panel.seen = now
            self._changed = True
        self.steps, self._target = lab.step, 0
        self._playing = lab.training and not lab.held
        if self._wanted:
            lab.want()

    def _keep_snapshot(self) -> None:
        if self.steps % SNAPSHOT_EVERY or self.steps in self._snapshots or self.panel is None:
            return
        snapshot = self.panel.snapshot()
        if snapshot is not None:
            self._snapshots[self.steps] = snapshot
            if len(self._snapshots) > SNAPSHOTS:
                self._snapshots.pop(min(self._snapshots))

    def _publish(self) -> None:
        if self.panel is None or not (self._wanted and self._changed):
            return
        catching_up = self.steps < self._target and not self.panel.finished
        if time.monotonic() < self._last_frame + (CATCHING_UP_SECONDS if catching_up else FRAME_SECONDS):
            return
        with self._turns:
            state = self.panel.state()
        self._last_frame = time.monotonic()
        self._wanted = self._changed = False
        self.deliver(encode({"step": self.steps, "playing": self._playing, "finished": self.panel.finished,
                             "state": state}))
        if not self._playing:
            self._tell_code()

    def _tell(self) -> None:
        """Tell the browser what the panel is now, and that there is something new to draw."""
        assert self.panel is not None
        self._changed = True
        settings = self.panel.settings
        self.deliver({"type": "settings", "panel": self.panel.key, "settings": settings, "seed": self.panel.seed,
                      "speed": self._speed, "address": self.panel.address(settings)})
        self._tell_code()

    def _tell_code(self) -> None:
        assert self.panel is not None
        steps = max(self.steps, self._target)
        now = (self.panel.key, repr(self.panel.settings), self.panel.seed, steps)
        if now != self._code_of:
            self._code_of = now
            self.deliver({"type": "code", "code": self.panel.code(steps)})


def _same_controls(one: Message, other: Message) -> bool:
    """Whether two messages set the same parameters, as those of a slider under way do."""
    first, second = one.values.get("settings"), other.values.get("settings")
    return isinstance(first, dict) and isinstance(second, dict) and first.keys() == second.keys()
