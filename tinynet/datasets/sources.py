"""Data sets of four IDX files: the folders that are searched, and the download.

Order: tinynet's cache folder, folders of this computer where other programs put the same files, then the mirrors. Each
file is accepted only if the SHA-256 of its decompressed bytes is the published one; compressed files differ from copy
to copy.
"""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import DataError, DatasetNotFoundError
from ..core.types import Array
from ..utils.downloads import download
from ..utils.files import cache_folder
from .forms import Split
from .idx import read_idx


@dataclass(frozen=True)
class IdxFile:
    """One file: its name without .gz, the SHA-256 of its decompressed bytes, the shape of its array."""

    name: str
    sha256: str
    shape: tuple


@dataclass(frozen=True)
class Found:
    """Where a data set is.

    Attributes:
        place: "cache", or the program whose folder it is, such as "Debian package dataset-fashion-mnist".
        folder: The folder with the four files.
    """

    place: str
    folder: Path

    def __str__(self) -> str:
        return f"{self.folder} ({self.place})"


class IdxDataset:
    """A data set of the MNIST family.

    Args:
        name: Its name, and its folder's in the cache.
        files: Training images, training labels, test images, test labels, as `IdxFile`s.
        folders: Pairs (place, folder) to search after the cache.
        remedies: Advice for the error when nothing is found, a list of sentences; `{cache}` is the cache folder.

    Attributes:
        loaded_from: Where the last `load` found the files, as `Found`: a damaged copy is passed over. None before it.
    """

    def __init__(self, name: str, files: tuple[IdxFile, ...], folders: tuple[tuple[str, str], ...],
                 remedies: tuple[str, ...]) -> None:
        self.name = name
        self.files = files
        self.folders = folders
        self.remedies = remedies
        self.loaded_from: Found | None = None

    def cache(self) -> Path:
        """Return the folder for downloads."""
        return cache_folder() / "datasets" / self.name

    def places(self) -> list[tuple[str, Path]]:
        """Return all pairs (place, folder) that are searched, in order."""
        return [("cache", self.cache()), *((place, Path(folder).expanduser()) for place, folder in self.folders)]

    def find(self) -> Found | None:
        """Return where all four files are, as `Found`; None if no folder has them. Looks at names, not into files."""
        for place, folder in self.places():
            if all(self._locate(folder, file) for file in self.files):
                return Found(place, folder)
        return None

    def load(self, mirrors: tuple[str, ...], progress: bool = True) -> Split:
        """Return the four arrays, from this computer or else from the mirrors.

        Args:
            mirrors: Addresses to which a file's name and .gz is appended.
            progress: Whether to show the transfer.

        Returns:
            `(x_train, y_train), (x_test, y_test)`, uint8.

        Raises:
            DatasetNotFoundError: no source had the files; lists every attempt with its reason, and the remedies.
        """
        tried: list[str] = []
        for place, folder in self.places():
            arrays = self._read_folder(place, folder, tried)
            if arrays is not None:
                self.loaded_from = Found(place, folder)
                return (arrays[0], arrays[1]), (arrays[2], arrays[3])
        arrays = self._fetch(mirrors, tried, progress)
        if arrays is not None:
            self.loaded_from = Found("cache", self.cache())
            return (arrays[0], arrays[1]), (arrays[2], arrays[3])
        raise not_found(self.name, tried, [remedy.format(cache=self.cache()) for remedy in self.remedies])

    @staticmethod
    def _locate(folder, file):
        """The path of a file, compressed or not; None if it is not there."""
        for path in (folder / f"{file.name}.gz", folder / file.name):
            if path.is_file():
                return path
        return None

    @staticmethod
    def read_checked(path: Path, file: IdxFile, name: str | None = None) -> Array:
        """Return the array of one file, whose checksum is verified; messages call it `name`."""
        array = read_idx(path, max_bytes=math.prod(file.shape), sha256=file.sha256, name=name)
        if array.shape != file.shape:
            raise DataError(f"{name or path.name}: shape {array.shape}, expected {file.shape}")
        return array

    def _read_folder(self, place, folder, tried):
        """The arrays of a folder that has them all, else None and a reason in `tried`."""
        arrays = []
        for file in self.files:
            path = self._locate(folder, file)
            if path is None:
                tried.append(
                    f"{folder} ({place}): {'no such folder' if not folder.is_dir() else f'{file.name}.gz is not there'}"
                )
                return None
            try:
                arrays.append(self.read_checked(path, file))
            except (DataError, OSError) as error:
                tried.append(f"{folder} ({place}): {error}")
                return None
        return arrays

    def _fetch(self, mirrors, tried, progress):
        """Download what is not yet in the cache; the arrays, or None."""
        cache = self.cache()
        arrays = {}

        def keep(path, file, name=None):
            arrays[file] = self.read_checked(path, file, name)

        for file in self.files:  # an earlier download may have got some of them
            path = self._locate(cache, file)
            if path is not None:
                with contextlib.suppress(DataError, OSError):  # `tried` has the reason already
                    keep(path, file)
        for mirror in mirrors:
            try:
                for file in self.files:
                    if file not in arrays:
                        url = f"{mirror}{file.name}.gz"
                        download(url, cache / f"{file.name}.gz", max_bytes=_room_for(file), progress=progress,
                                       check=functools.partial(keep, file=file, name=url))
            except (DataError, OSError) as error:
                tried.append(str(error))  # and on to the next mirror with what is still missing
            if len(arrays) == len(self.files):
                return [arrays[file] for file in self.files]
        return None


def not_found(name: str, tried: Sequence[str], remedies: Sequence[str]) -> DatasetNotFoundError:
    """Return the error for a data set that no source has.

    Args:
        name: Of the data set.
        tried: What was tried, each with its reason.
        remedies: What helps, each by itself; sentences.
    """
    attempts = "\n".join(f"  - {attempt}" for attempt in tried)
    advice = "\n".join(f"  {i}. {remedy}" for i, remedy in enumerate(remedies, 1))
    return DatasetNotFoundError(f"{name}: not on this computer and not to be downloaded. Tried:\n{attempts}\n"
                                f"What helps, each by itself:\n{advice}")


def _room_for(file):
    """More than the compressed file can take: its plain size and a little."""
    return math.prod(file.shape) + 4096
