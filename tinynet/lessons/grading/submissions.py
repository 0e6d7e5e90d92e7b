"""The notebooks of a folder, read without trust: no links are followed, no devices opened, no large files read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from .messages import NOT_A_FILE
from .sandbox import MEGABYTE, Limits


class Unreadable(Exception):
    """A submission that is not read.

    Attributes:
        key: Of `messages.REASONS`.
        detail: For the message: a str or `Words`.
    """

    def __init__(self, key: str, detail: object) -> None:
        super().__init__(key, detail)
        self.key, self.detail = key, detail


def find_submissions(folder: Path) -> list[Path]:
    """Return everything below a folder whose name ends in .ipynb, in the order of the names.

    Args:
        folder: Its subfolders are searched too, except links to folders. Hidden files and folders, such as
            .ipynb_checkpoints, are left out.

    Raises:
        NotADirectoryError: it is no folder.
        FileNotFoundError: there is none, or no notebook in it.
        PermissionError: one of the folders cannot be read.
    """
    if not folder.exists():
        raise FileNotFoundError(f"grade: there is no folder {folder}")
    if not folder.is_dir():
        raise NotADirectoryError(f"grade: {folder} is a file; name the folder with the notebooks")
    found = []
    for where, folders, files in os.walk(folder, onerror=_fail):
        folders[:] = [name for name in folders if name[0] != "."]
        named = [name for name in [*files, *folders] if name[0] != "." and name.lower().endswith(".ipynb")]
        found += [Path(where, name) for name in named]
        folders[:] = [name for name in folders if name not in named]
    if not found:
        raise FileNotFoundError(f"grade: there is no file *.ipynb in {folder}")
    return sorted(found, key=os.fsencode)


def _fail(error):
    raise error  # a folder that cannot be read has submissions that would be missing in the table


def read_submission(path: Path, limits: Limits) -> bytes:
    """Return a submission's bytes.

    Args:
        path: Its file.
        limits: Of which `notebook` counts.

    Raises:
        Unreadable: it is a link, a folder, a device, too large, or may not be read.
    """
    try:
        # Without O_NONBLOCK, a pipe that is called kim.ipynb would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # check_system: not on Windows
    except OSError as error:
        if path.is_symlink():
            raise Unreadable("not_a_file", NOT_A_FILE["link"]) from None
        raise Unreadable("unreadable", error.strerror or str(error)) from None
    try:
        kind = os.fstat(descriptor)
        if not stat.S_ISREG(kind.st_mode):
            raise Unreadable("not_a_file", NOT_A_FILE["folder" if stat.S_ISDIR(kind.st_mode) else "other"])
        if kind.st_size > limits.notebook * MEGABYTE:
            raise Unreadable("too_large", f"{kind.st_size / MEGABYTE:.0f}")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(limits.notebook * MEGABYTE)
    finally:
        os.close(descriptor)
