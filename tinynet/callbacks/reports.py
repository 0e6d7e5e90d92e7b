"""Callbacks that write the results of the epochs elsewhere: to a CSV file, to a server."""

from __future__ import annotations

import csv
import json
import os
import urllib.parse
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from .base import Callback, Logs


class CSVLogger(Callback):
    """Write each epoch's results as a line of a CSV file: epoch, then the logs in the order of their names.

    Args:
        filename: Path.
        separator: Between the values.
        append: Go on with an existing file (a training that was resumed) instead of writing it anew.

    Every line is on the disk when its epoch ends. What an epoch has no value for (validation every second epoch) is NA.

    Raises:
        OSError: in training, when the file cannot be written.

    >>> log = CSVLogger("training.csv")
    >>> # model.fit(x, y, callbacks=[log])
    """

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
        self._needs_header = not (self.append and os.path.exists(path) and os.path.getsize(path))
        mode = "a" if self.append else "w"
        self._file = open(path, mode, newline="", encoding="utf-8")  # noqa: SIM115, closed by on_train_end
        self._writer = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the epoch's line."""
        logs = logs or {}
        if self._writer is None:
            self._start(logs)
        row = {name: _as_text(logs[name]) if name in logs else "NA" for name in self._writer.fieldnames}
        self._writer.writerow(row | {"epoch": epoch})
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
        self._file = self._writer = None

    def _start(self, logs: Logs) -> None:
        names = sorted(logs)
        if not any(name.startswith("val_") for name in names):  # validation may come in a later epoch
            names += [f"val_{name}" for name in names]
        self._writer = csv.DictWriter(self._file, ["epoch", *names], delimiter=self.separator, lineterminator="\r\n")
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
    """

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
            warnings.warn(f"RemoteMonitor: {self.root} cannot be reached ({error}); training goes on", stacklevel=2)
