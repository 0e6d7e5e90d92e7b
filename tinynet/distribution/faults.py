"""When a process fails, all end, with one message.

    a process raises an error       it sends the message to the others; rank 0 prints it and ends the job
    all raise the same error        rank 0 prints its own
    a process is killed             mpirun notices it and ends the others
    a process is stopped, or its    its heartbeat is missing; the next rank reports it after `SILENCE` seconds
    host vanishes
    a process ends its program      it tells the others, who fail if they still wait for it

A thread of each process sends a heartbeat to the next rank, and listens. The time in which a process stands still
itself, with its whole machine or after Ctrl-Z, is no silence of another one.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
import traceback
from typing import Any

BEAT, FAILURE, BYE = 1, 2, 3  # tags of the messages
PAUSE = 0.1  # seconds between two looks at what has arrived
BEAT_EVERY = 1.0
SILENCE = 15.0  # seconds without a heartbeat after which a process counts as lost
GRACE = 5.0  # seconds in which what a process sent before its end may still arrive
PATIENCE = 12.0  # seconds for which a failed process waits for rank 0 to end the job


class RankFailed(RuntimeError):
    """Another process of the job has failed, or does not answer.

    The message has its rank, its host and its error.

    >>> raise RankFailed("rank 1 of 2 on host pc7 has not answered for 15 seconds")
    Traceback (most recent call last):
    tinynet.distribution.faults.RankFailed: rank 1 of 2 on host pc7 has not answered for 15 seconds
    """


class Disagreement(ValueError):
    """The processes of a job do not compute the same thing: other code, data, versions or shapes.

    All of them raise it, with the same message.

    >>> issubclass(Disagreement, ValueError)
    True
    """


class Watch:
    """Tells this process of failures of the others, and the others of its own.

    Args:
        mpi: The module mpi4py.MPI.
        communicator: An MPI communicator for these messages alone.
        hosts: The host of each rank.
    """

    def __init__(self, mpi: Any, communicator: Any, hosts: list[str]) -> None:
        self._mpi, self._communicator, self._hosts = mpi, communicator, hosts
        self._rank, self._size = communicator.Get_rank(), communicator.Get_size()
        self.failure: str | None = None  # what has failed, once something has
        self._gone: dict[int, float] = {}  # rank: when it ended its program
        self._heard = self._looked = time.monotonic()
        self._sent = 0.0
        self._unsent: list[Any] = []
        self._ending = False
        self._lock = threading.Lock()
        # Where MPI may not be called by several threads, the waiting process itself looks.
        self._threaded = mpi.Query_thread() == mpi.THREAD_MULTIPLE
        if self._threaded:
            threading.Thread(target=self._run, name="tinynet-watch", daemon=True).start()
        self._previous_hook = sys.excepthook
        sys.excepthook = self._on_uncaught
        atexit.register(self._at_exit)

    def name(self, rank: int) -> str:
        """'rank 2 of 4 on host pc7'"""
        return f"rank {rank} of {self._size} on host {self._hosts[rank]}"

    def check(self) -> None:
        """Raise if another process has failed.

        Raises:
            RankFailed: it has.
        """
        if not self._threaded:
            self._look()
        if self.failure is not None:
            raise RankFailed(self.failure)
        for rank, when in self._gone.items():
            if time.monotonic() - when > GRACE:
                raise RankFailed(f"{self.name(rank)} has ended its program while the others still train. Each process "
                                 "must run the same script to its end")

    def _run(self) -> None:
        while not self._ending and self.failure is None:
            self._look()
            time.sleep(PAUSE)

    def _look(self) -> None:
        """Send a heartbeat if it is due, and take what has arrived."""
        if self._size == 1 or self._ending:
            return
        with self._lock:
            now = time.monotonic()
            if now - self._looked > BEAT_EVERY:
                self._heard += now - self._looked
            self._looked = now
            if now - self._sent > BEAT_EVERY:
                self._sent = now
                self._send((self._rank + 1) % self._size, BEAT, b"")
            status = self._mpi.Status()
            while self._communicator.Iprobe(self._mpi.ANY_SOURCE, self._mpi.ANY_TAG, status):
                text = bytearray(status.Get_count(self._mpi.BYTE))
                source, tag = status.Get_source(), status.Get_tag()
                self._communicator.Recv([text, self._mpi.BYTE], source, tag)
                if tag == BEAT:
                    self._heard = now
                elif tag == BYE:
                    self._gone[source] = now
                elif self.failure is None:
                    self.failure = text.decode(errors="replace")
            before = (self._rank - 1) % self._size
            silent = now - self._heard
            if silent > SILENCE and before not in self._gone and self.failure is None:
                self.failure = (f"{self.name(before)} has not answered for {silent:.0f} seconds: it is stopped, or its "
                                "host or its network is gone")
                self._tell_all(self.failure)

    def _send(self, rank: int, tag: int, text: bytes) -> None:
        self._unsent = [request for request in self._unsent if not request.Test()]
        self._unsent.append(self._communicator.Isend([text, self._mpi.BYTE], rank, tag))

    def _tell_all(self, text: str, tag: int = FAILURE) -> None:
        for rank in range(self._size):
            if rank != self._rank:
                self._send(rank, tag, text.encode()[:20_000])

    def report(self, error: BaseException) -> None:
        """Tell the other processes of an error of this one; all end.

        Rank 0 returns, so that its caller may show the error, and ends the job when it exits. Other ranks do not
        return.

        Args:
            error: The error.
        """
        if isinstance(error, SystemExit) and not error.code:
            return
        told = isinstance(error, RankFailed | Disagreement | KeyboardInterrupt)  # the others know it
        if not told:
            lines = traceback.format_exception(error)
            with self._lock:
                self._tell_all(f"{''.join(lines)}{self.name(self._rank)} failed: {type(error).__name__}: {error}")
        self.failure = self.failure or str(error)
        if self._rank == 0:
            atexit.register(self._abort)  # after the caller has shown the error
            return
        sys.stdout.flush()
        time.sleep(PATIENCE)  # rank 0 shows the error and ends the job
        print(f"tinynet.distribution: {self.name(self._rank)}: {type(error).__name__}: {error}", file=sys.stderr,
              flush=True)
        self._abort()

    def _on_uncaught(self, kind: Any, error: BaseException, trace: Any) -> None:
        """In place of Python's own function for errors that nothing catches."""
        self.report(error)
        if isinstance(error, RankFailed | Disagreement | KeyboardInterrupt):
            print(f"tinynet.distribution: {error}", file=sys.stderr, flush=True)
        else:
            self._previous_hook(kind, error, trace)
        self._abort(130 if isinstance(error, KeyboardInterrupt) else 1)

    def _abort(self, code: int = 1) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        self._communicator.Abort(code)
        os._exit(code)

    def _at_exit(self) -> None:
        if self.failure is None and not self._ending:
            with self._lock:
                self._tell_all("", BYE)
            deadline = time.monotonic() + 1.0
            while self._unsent and time.monotonic() < deadline:
                self._unsent = [request for request in self._unsent if not request.Test()]
        self._ending = True
