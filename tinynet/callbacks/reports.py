"""Callbacks that write the results of the epochs elsewhere: to a CSV file, to a server."""

from __future__ import annotations

import contextlib
import io
import json
import os
import urllib.parse
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.errors import warn_user
from .base import Callback, Logs


class CSVLogger(Callback):
    """Write each epoch's results as a line of a CSV file: epoch, then the logs in the order of their names.

    Args:
        filename: Path.
        separator: Between the values.
        append: Go on with an existing file (a training that was resumed) instead of writing it anew.

    Every line is on the disk when its epoch ends; one that does not fit on the disk is taken back. What an epoch has no
    value for (validation every second epoch) is NA.

    Raises:
        OSError: in training, when the file cannot be written; it has the path.

    >>> model = Sequential([tn.Input((1,)), Dense(1, kernel_initializer="ones")])
    >>> model.compile("sgd", "mse")
    >>> x = np.array([[1.0], [2.0]])
    >>> history = model.fit(x, x, epochs=2, verbose=0, callbacks=[CSVLogger("training.csv")])
    >>> with open("training.csv") as file:
    ...     print(file.read(), end="")
    epoch,loss,val_loss
    0,0.0,NA
    1,0.0,NA
    """

    first_process_only = True

    def __init__(self, filename: str | os.PathLike, separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.separator = separator
        self.append = append
        self._file: Any = None
        self._writer: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Open the file."""
        path = os.path.expanduser(self.filename)
        self._close()
        self._needs_header = not (self.append and os.path.exists(path) and os.path.getsize(path))
        # Without a buffer, so that what cannot be written is not tried again by close(). set_training_run closes it.
        self._file = open(path, "ab" if self.append else "wb", buffering=0)  # noqa: SIM115
        self._line = io.StringIO(newline="")
        self._writer = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the epoch's line."""
        logs = logs or {}
        if self._writer is None:
            self._start(logs)
        row = {name: _as_text(logs[name]) if name in logs else "NA" for name in self._writer.fieldnames}
        self._writer.writerow(row | {"epoch": epoch})
        self._write(self._line.getvalue().encode())
        self._line.seek(0)
        self._line.truncate()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the file."""
        self._close()

    def set_training_run(self, training_run: Any) -> None:
        """Take the run under way; None when it has ended, regularly or not: the file is closed then."""
        super().set_training_run(training_run)
        if training_run is None:
            self._close()

    def _close(self) -> None:
        file, self._file, self._writer = self._file, None, None
        if file is not None:
            file.close()

    def _write(self, data: bytes) -> None:
        """Write whole lines, or nothing."""
        path = os.path.expanduser(self.filename)
        before = os.fstat(self._file.fileno()).st_size
        try:
            written = 0
            while written < len(data):
                written += self._file.write(data[written:])
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(before)  # raises for what is no regular file
                if before == 0 and os.path.isfile(path):
                    os.unlink(path)
            error.filename = path
            raise

    def _start(self, logs: Logs) -> None:
        import csv  # late

        names = sorted(logs)
        if not any(name.startswith("val_") for name in names):  # validation may come in a later epoch
            names += [f"val_{name}" for name in names]
        self._writer = csv.DictWriter(self._line, ["epoch", *names], delimiter=self.separator, lineterminator="\r\n")
        if self._needs_header:
            self._writer.writeheader()


def _as_text(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return value.item()
    if isinstance(value, Iterable):
        return f"[{', '.join(map(str, value))}]"
    return value


class RemoteMonitor(Callback):
    """Send each epoch's results to a server, by HTTP POST.

    Args:
        root: The server, "http://localhost:9000".
        path: Where on the server.
        field: Name of the form field that holds the JSON; not used with `send_as_json`.
        headers: dict of further HTTP headers.
        send_as_json: Send the JSON itself (application/json) instead of a form.

    A server that does not answer is a warning: training goes on.

    Raises:
        ValueError: root begins with neither http:// nor https://.

    >>> monitor = RemoteMonitor("http://localhost:9000", headers={"X-Course": "cnn"})
    >>> monitor.root + monitor.path  # where fit(..., callbacks=[monitor]) posts
    'http://localhost:9000/publish/epoch/end/'
    """

    first_process_only = True

    seconds = 10  # that the server may take

    def __init__(self, root: str = "http://localhost:9000", path: str = "/publish/epoch/end/", field: str = "data",
                 headers: dict[str, str] | None = None, send_as_json: bool = False) -> None:
        super().__init__()
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json
        scheme = urllib.parse.urlsplit(root).scheme
        if scheme not in ("http", "https"):
            raise ValueError(f"RemoteMonitor: root must begin with http:// or https://, got {root!r}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Send the epoch's results."""
        import urllib.request  # here: it loads ssl, which `import tinynet` need not wait for

        report: dict[str, Any] = {"epoch": epoch}
        for name, value in (logs or {}).items():
            report[name] = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
        text = json.dumps(report)
        if self.send_as_json:
            body, kind = text, "application/json"
        else:
            body, kind = urllib.parse.urlencode({self.field: text}), "application/x-www-form-urlencoded"
        request = urllib.request.Request(self.root + self.path, body.encode(), {"Content-Type": kind,
                                                                                 **(self.headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=self.seconds):
                pass
        except OSError as error:
            warn_user(f"RemoteMonitor: {self.root} cannot be reached ({error}); training goes on", UserWarning)
