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
        detail: Of 'ended' and 'protocol': what happened.
    """

    def __init__(self, key: str, detail: str = "") -> None:
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
        child_question, self._question = os.pipe()
        self._answer, child_answer = os.pipe()
        passed = [child_question, child_answer]
        ends = [self._question, self._answer]
        try:
            self._start(passed, ends)
        except BaseException:
            for descriptor in ends:
                os.close(descriptor)
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)
            raise
        finally:
            for descriptor in passed:
                os.close(descriptor)
        for descriptor in (self._question, self._answer, self._output):
            os.set_blocking(descriptor, False)

    def _start(self, passed, ends):
        """Start the process; appends to `passed` the descriptors that it gets, to `ends` those that stay here."""
        command, home, info, user = [], HOME, None, None
        if self.is_isolated:
            try:
                program = system_call_filter()
            except ValueError as error:
                raise SandboxError(str(error)) from None
            filter_end, write_end = os.pipe()
            passed.append(filter_end)
            os.write(write_end, program)  # 1 kB, less than a pipe holds
            os.close(write_end)
            info, info_end = os.pipe()
            passed.append(info_end)
            command, user = sandbox_command(self.limits, filter_end, info_end)
        else:
            home = self._folder = tempfile.mkdtemp(prefix="tinynet-grade-")
        command += child_command(self.limits, passed[0], passed[1], user, self.is_isolated)
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=passed,
            env=child_environment(home), cwd="/" if self.is_isolated else home, start_new_session=True)
        self._output = self._process.stdout.fileno()
        if info is not None:
            self._open_first_process(info, passed)

    def _open_first_process(self, info, passed):
        """Keep a handle on the namespace's first process: with it, all others in the namespace end."""
        os.close(passed.pop())  # this process's copy of the end that bubblewrap writes to
        text = b""
        with open(info, "rb") as file:
            while b"}" not in text and (part := file.read1(4096)):
                text += part
        with contextlib.suppress(ValueError, KeyError, ProcessLookupError):  # bubblewrap failed; `ask` tells
            self._first = json.loads(text)["child-pid"]
            self._pidfd = os.pidfd_open(self._first)

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
        """How the process ended, such as "exit code 3"."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        code = self._process.returncode
        if code is None:
            return "it closed its pipe"
        number = -code if code < 0 else code - 128 if self.is_isolated and code > 128 else 0
        with contextlib.suppress(ValueError):
            return f"exit code {code}" if not number else signal.Signals(number).name
        return f"exit code {code}"

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
