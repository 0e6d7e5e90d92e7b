"""A submission's process, as the grader sees it: questions, answers, limits, and its end."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from typing import Any

from ..checks.words import Words
from .messages import CLOSED, EXIT_CODE
from .protocol import HEAD, ProtocolError, frame, frame_lengths, parse_header
from .sandbox import HOME, MEGABYTE, Limits, SandboxError, child_command, child_environment, sandbox_command
from .system_calls import system_call_filter
from .watch import usage

TURN = 0.1  # seconds between two looks at what the processes use
START_SECONDS = 60.0  # for Python and tinynet to be there, and to read a notebook
END_SECONDS = 10.0
MOST_KEPT = 2000  # bytes of the first output, which has the reason when the sandbox itself fails


class Ended(Exception):
    """The process was ended, or ended by itself, before it had answered.

    Attributes:
        key: 'time_limit', 'memory_limit', 'process_limit', 'file_limit', 'output_limit', 'ended', 'protocol'.
        detail: Of 'ended' and 'protocol': what happened, a str or `Words`.
    """

    def __init__(self, key: str, detail: str | Words = "") -> None:
        super().__init__(key, detail)
        self.key, self.detail = key, detail


class Process:
    """Use as a context manager; at its end, all of the submission's processes have ended and its files are gone.

    Args:
        limits: Of the submission.
        is_isolated: False for a process without the sandbox: it has limits and a folder of its own, and can reach all
            that the user can.

    Raises:
        SandboxError: the sandbox cannot be made.
    """

    def __init__(self, limits: Limits, is_isolated: bool = True) -> None:
        self.limits, self.is_isolated = limits, is_isolated
        self.first_output = b""
        self._printed = 0
        self._output_open = True
        self._last_look = 0.0
        self._has_ended = False
        self._pidfd: int | None = None
        self._first = 0  # the namespace's first process
        self._has_answered = False
        self._folder: str | None = None
        with contextlib.ExitStack() as on_failure, contextlib.ExitStack() as after_start:
            child_question, self._question = os.pipe()
            self._answer, child_answer = os.pipe()
            for descriptor in (self._question, self._answer):
                on_failure.callback(os.close, descriptor)
            for descriptor in (child_question, child_answer):
                after_start.callback(os.close, descriptor)
            if is_isolated:
                self._start_isolated(child_question, child_answer, after_start)
            else:
                self._folder = tempfile.mkdtemp(prefix="tinynet-grade-")
                on_failure.callback(shutil.rmtree, self._folder, ignore_errors=True)
                command = child_command(limits, child_question, child_answer, None, False)
                self._popen(command, [child_question, child_answer], self._folder, self._folder)
            on_failure.pop_all()
        for descriptor in (self._question, self._answer, self._output):
            os.set_blocking(descriptor, False)

    def _start_isolated(self, question, answer, after_start):
        try:
            program = system_call_filter()
        except ValueError as error:
            raise SandboxError(str(error)) from None
        filter_end, write_end = os.pipe()
        after_start.callback(os.close, filter_end)
        os.write(write_end, program)  # 1 kB, less than a pipe holds
        os.close(write_end)
        info, info_end = os.pipe()
        with open(info, "rb") as file, open(info_end, "wb") as inherited:
            command, user = sandbox_command(self.limits, filter_end, info_end)
            command += child_command(self.limits, question, answer, user, True)
            self._popen(command, [question, answer, filter_end, info_end], HOME, "/")
            inherited.close()  # this process's copy, so that the pipe ends if bubblewrap does
            text = b""
            while b"}" not in text and (part := file.read1(4096)):
                text += part
        with contextlib.suppress(ValueError, KeyError, ProcessLookupError):  # bubblewrap failed; `ask` tells
            self._first = json.loads(text)["child-pid"]
            self._pidfd = os.pidfd_open(self._first)  # with this process, all others in the namespace end

    def _popen(self, command, passed, home, folder):
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=passed,
            env=child_environment(home), cwd=folder, start_new_session=True)
        self._output = self._process.stdout.fileno()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *exception: object) -> None:
        self.end()

    def ask(self, header: dict[str, Any], body: bytes = b"", seconds: float = START_SECONDS) \
            -> tuple[dict[str, Any], bytes]:
        """Ask a question and wait for the answer.

        Args:
            header, body: The question.
            seconds: How long the answer may take.

        Returns:
            (header, body) of the answer.

        Raises:
            Ended: there was none. All processes have been ended.
        """
        nonce = secrets.token_hex(16)
        try:
            head, answer = self._exchange(frame({**header, "nonce": nonce}, body), time.monotonic() + seconds)
            header = parse_header(head, nonce)
            self._has_answered = True
            return header, answer
        except ProtocolError as error:
            self.end()
            raise Ended("protocol", str(error)) from None
        except Ended:
            self.end()
            raise

    def _exchange(self, question, deadline):
        """Write the question and read (header, body), while limits are watched."""
        unsent, received, lengths = memoryview(question), bytearray(), None
        with selectors.DefaultSelector() as selector:
            selector.register(self._answer, selectors.EVENT_READ)
            selector.register(self._question, selectors.EVENT_WRITE)
            if self._output_open:
                selector.register(self._output, selectors.EVENT_READ)
            while True:
                has_ended = self._process.poll() is not None  # known before the last of its answers are read
                for key, _ in selector.select(0 if has_ended else TURN):
                    if key.fd == self._question:
                        unsent = self._send(unsent)
                        if not unsent:
                            selector.unregister(key.fd)
                    elif key.fd == self._output and not self._drain():
                        selector.unregister(key.fd)
                    elif key.fd == self._answer:
                        part = os.read(key.fd, 1 << 16)
                        received += part
                        if not part:
                            selector.unregister(key.fd)
                            has_ended = True
                if lengths is None and len(received) >= HEAD.size:
                    lengths = frame_lengths(bytes(received[: HEAD.size]))
                if lengths is not None and len(received) >= HEAD.size + sum(lengths):
                    if len(received) > HEAD.size + sum(lengths):
                        raise ProtocolError("more than one answer to a question")
                    middle = HEAD.size + lengths[0]
                    return bytes(received[HEAD.size : middle]), bytes(received[middle:])
                if has_ended:
                    raise Ended("ended", self._how())
                self._watch(deadline)

    def _send(self, unsent):
        try:
            return unsent[os.write(self._question, unsent) :]
        except BlockingIOError:
            return unsent
        except BrokenPipeError:  # it reads no more; that it has ended shows elsewhere
            return memoryview(b"")

    def _drain(self):
        """Read what the notebook prints; False at its end. Only the first of it is kept."""
        try:
            part = os.read(self._output, 1 << 16)
        except BlockingIOError:
            return True
        self.first_output += part[: MOST_KEPT - len(self.first_output)] if len(self.first_output) < MOST_KEPT else b""
        self._printed += len(part)
        if self._printed > self.limits.output * MEGABYTE:
            raise Ended("output_limit")
        self._output_open = bool(part)
        return self._output_open

    def _watch(self, deadline):
        now = time.monotonic()
        if now > deadline:
            raise Ended("time_limit")
        if now - self._last_look < TURN:
            return
        self._last_look = now
        used = usage(self._process.pid, self.limits.memory * MEGABYTE)
        if used.memory > self.limits.memory * MEGABYTE:
            raise Ended("memory_limit")
        if used.tasks > self.limits.processes + 3:  # and bubblewrap's own
            raise Ended("process_limit")
        # Until the first answer, bubblewrap may still be building, and these folders be the machine's own.
        if self._pidfd is not None and self._has_answered and self.files() > self.limits.files:
            raise Ended("file_limit")

    def files(self) -> int:
        """Return how many files the sandbox's folders in memory have.

        Raises:
            OSError: the system does not show them.
        """
        count = 0
        for folder in ("/tmp", "/dev/shm"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                found = os.statvfs(f"/proc/{self._first}/root{folder}")
                count += found.f_files - found.f_ffree
        return count

    def _how(self):
        """How the process ended, such as "exit code 3" or "SIGSEGV"."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        code = self._process.returncode
        if code is None:
            return CLOSED
        number = -code if code < 0 else code - 128 if self.is_isolated and code > 128 else 0
        with contextlib.suppress(ValueError):
            return signal.Signals(number).name
        return EXIT_CODE.format(code=code)

    def end(self) -> None:
        """End all of the submission's processes, wait until they are gone, and remove its folder."""
        if self._has_ended:
            return
        self._has_ended = True
        if self._pidfd is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            with selectors.DefaultSelector() as selector:  # readable once the whole namespace is gone
                selector.register(self._pidfd, selectors.EVENT_READ)
                selector.select(END_SECONDS)
            os.close(self._pidfd)
        else:
            self._kill_group()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for descriptor in (self._question, self._answer):
            os.close(descriptor)
        self._process.stdout.close()
        if self._folder is not None:
            with contextlib.suppress(RecursionError):  # folders within folders, as deep as a program can make them
                shutil.rmtree(self._folder, ignore_errors=True)

    def _kill_group(self):
        """Without a namespace: the process, its descendants, and its group."""
        descendants = usage(self._process.pid, 1 << 62).processes if self._process.poll() is None else ()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for pid in descendants:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
