"""The container of a saved model: a zip file with a few members of known names.

Members are read by name, into memory, within limits on what the file declares; nothing is ever extracted to the disk.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from ..core.errors import ModelFileError
from ..core.reading import allowed_bytes, translated
from .strict_json import loads

METADATA, CONFIG, WEIGHTS, KERAS_WEIGHTS = "metadata.json", "config.json", "model.safetensors", "model.weights.h5"
MEGABYTE = 1 << 20
LIMITS = {METADATA: MEGABYTE, CONFIG: 10 * MEGABYTE, WEIGHTS: 4096 * MEGABYTE, KERAS_WEIGHTS: 4096 * MEGABYTE}
MAX_RATIO = 1000  # deflate's limit is 1032 : 1, which no weights reach


class Archive:
    """A saved model, open for reading. Use it with `with`.

    Args:
        path: Of the file.
        file: The same, open for reading, if it is not to be opened here; `path` is then its name in messages.
        max_bytes: The most that a member may take in memory, instead of the larger of 1 GiB and 10 times the file (and
            at most 4 GiB).

    Attributes:
        size_bytes: Size of the file.

    Raises:
        ModelFileError: not a zip file, or one with members that a saved model does not have.
        OSError: the file cannot be read.
    """

    def __init__(self, path: Any, file: BinaryIO | None = None, max_bytes: int | None = None) -> None:
        import zipfile  # late

        self.path = path
        self._max_bytes = max_bytes
        self._file = open(path, "rb") if file is None else file  # noqa: SIM115, closed by __exit__
        try:
            with self._zip_errors():
                self._zip = zipfile.ZipFile(self._file)
                self._members = self._checked_members()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: Any) -> None:
        self._zip.close()
        self._file.close()

    def __contains__(self, name: object) -> bool:
        return name in self._members

    def refuse(self, text: str) -> ModelFileError:
        """Return the exception for a fault of this file."""
        return ModelFileError(f"{self.path}: {text}")

    def size(self, name: str) -> int:
        """Return how many bytes a member has."""
        return self._members[name].file_size

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[Any]:
        """Open a member for reading.

        Raises:
            ModelFileError: there is no such member, or reading it shows that the zip file is damaged.
        """
        if name not in self._members:
            raise self.refuse(f"has no member {name!r}; it is not a saved model, or an incomplete one")
        with self._zip_errors(name), self._zip.open(self._members[name]) as file:
            yield file

    def read_json(self, name: str) -> Any:
        """Return the value of a JSON member.

        Raises:
            ModelFileError: there is no such member, or it is not plain JSON.
        """
        with self.open(name) as file:
            data = file.read(self.size(name) + 1)
        return loads(data, f"{self.path}: {name}")

    def _zip_errors(self, name=None):
        what = f"member {name!r} is damaged" if name else "not a zip file, or a damaged one"
        return translated(self.path, ModelFileError, lambda: what)

    def _checked_members(self):
        import zipfile  # late

        members, size = {}, self._file.seek(0, os.SEEK_END)
        self.size_bytes = size
        allowed = allowed_bytes(size, self._max_bytes)
        for info in self._zip.infolist():
            name = info.filename
            if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or name[1:2] == ":":
                raise self.refuse(f"member {name!r} leads out of the archive")
            if stat.S_ISLNK(info.external_attr >> 16):
                raise self.refuse(f"member {name!r} is a symbolic link")
            if name not in LIMITS:
                raise self.refuse(f"unknown member {name!r}; a saved model has {', '.join(LIMITS)}")
            if name in members:
                raise self.refuse(f"member {name!r} is there twice")
            if info.flag_bits & 1:
                raise self.refuse(f"member {name!r} is encrypted")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise self.refuse(f"member {name!r} is compressed by method {info.compress_type}; "
                                  "stored and deflated members can be read")
            is_text = name in (METADATA, CONFIG)
            if info.file_size > LIMITS[name] and (is_text or self._max_bytes is None):
                raise self.refuse(f"member {name!r} declares {info.file_size} bytes, "
                                  f"more than the {LIMITS[name]} allowed")
            if info.compress_size > size or info.file_size > MAX_RATIO * max(info.compress_size, 1):
                raise self.refuse(f"member {name!r} declares {info.file_size} bytes, made from {info.compress_size} "
                                  f"of a file of {size}; that cannot be a saved model")
            if info.file_size > allowed and not is_text:
                raise self.refuse(f"member {name!r} declares {info.file_size} bytes, more than the {allowed} allowed "
                                  f"for a file of {size}; pass max_bytes=... if it is meant")
            members[name] = info
        return members


def write_archive(file: BinaryIO, members: dict[str, bytes | Callable[[Any], Any]]) -> None:
    """Write a saved model to an open binary file.

    Args:
        file: Open for writing.
        members: {name: bytes, or a function that writes the member to an open file}.
    """
    import zipfile  # late

    archive = zipfile.ZipFile(file, "w")  # noqa: SIM115, closed below
    try:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)  # a fixed date: the same model has the same bytes
            info.external_attr = 0o644 << 16
            if isinstance(content, bytes):
                archive.writestr(info, content, zipfile.ZIP_DEFLATED)
            else:  # weights are nearly random bits, which deflate does not make smaller
                with archive.open(info, "w", force_zip64=True) as member:
                    content(member)
        archive.close()
    except BaseException:
        # Closing would write the table of contents of a file that is thrown away, and fails in the middle of a member:
        # Ctrl-C would come to the user as a fault of the file.
        archive.fp = None
        raise
