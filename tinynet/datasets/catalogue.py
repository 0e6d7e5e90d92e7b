"""All data sets that are files: where each is looked for, and where it comes from."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import DataError, DatasetNotFoundError
from ..core.naming import unknown_name
from ..utils.downloads import check_hash
from ..utils.files import atomic_write, cache_folder
from . import boston_housing, california_housing, cifar10, cifar100, fashion_mnist, imdb, mnist
from .published import PublishedFile
from .sources import IdxDataset


@dataclass(frozen=True)
class Entry:
    """A data set that is a file, or four.

    Attributes:
        name: In the command line.
        title: What it is, in a line.
        megabytes: Of its files.
        source: The `PublishedFile` or `IdxDataset`.
        mirrors: Addresses to which a file's name is appended.
        get: Function that finds or downloads it.
        package: The package of Debian and Ubuntu that has it, if there is one.
    """

    name: str
    title: str
    megabytes: float
    source: Any
    mirrors: tuple[str, ...]
    get: Callable[[], Any]
    package: str | None = None

    def file_names(self) -> list[str]:
        """Return the names of its files."""
        if isinstance(self.source, PublishedFile):
            return [self.source.name]
        return [f"{file.name}.gz" for file in self.source.files]

    def target(self) -> Path:
        """Return the folder where its files are put."""
        return self.source.cache() if isinstance(self.source, IdxDataset) else cache_folder() / "datasets"

    def find(self) -> Path | None:
        """Return the folder where it is on this computer, None if nowhere. Looks at names, not into files."""
        if isinstance(self.source, PublishedFile):
            path = self.source.find()
            return None if path is None else path.parent
        found = mnist.find() if self.name == "mnist" else self.source.find()
        return None if found is None else found.folder

    def files(self) -> list[Path]:
        """Return the paths of its files on this computer; none if it is not there."""
        folder = self.find()
        return [] if folder is None else _files_in(self, folder)

    def fetch(self) -> Path:
        """Find or download it, check its files, and return the folder where it is.

        Raises:
            DatasetNotFoundError: no source has it; the message lists what was tried, and which file to put where.
        """
        self.get()
        found = self.find()
        if found is None:
            raise DatasetNotFoundError(f"{self.name}: was loaded, and is not where it should be, in {self.target()}")
        return found

    def copy_from(self, folder: Path) -> bool:
        """Copy its files into the cache from a folder, such as a memory stick, in which they lie anywhere.

        Returns:
            Whether they were there.

        Raises:
            DataError: a file is damaged.
            OSError: one cannot be read or written.
        """
        fault = None
        names = {names[0] for names in _alternatives(self)}
        for parent in sorted({path.parent for name in names for path in folder.rglob(name)}):
            files = _files_in(self, parent)
            try:
                if files:
                    self._copy(files)
                    return True
            except DataError as error:  # MNIST's files and Fashion-MNIST's have the same names
                if not isinstance(self.source, IdxDataset) or parent.name == self.name:
                    fault = error
        if fault is not None:
            raise fault
        return False

    def _copy(self, files):
        self.target().mkdir(parents=True, exist_ok=True)
        for path in files:
            with atomic_write(self.target() / path.name) as out, open(path, "rb") as file:
                shutil.copyfileobj(file, out, 1 << 20)
                out.flush()
                self._check(Path(out.name), path)

    def _check(self, copy, original):
        if isinstance(self.source, PublishedFile):
            check_hash(copy, self.source.sha256, name=str(original))
        elif original.name == "mnist.npz":
            check_hash(copy, mnist.NPZ_SHA256, name=str(original))
        else:
            file = next(one for one in self.source.files if original.name.removesuffix(".gz") == one.name)
            self.source.read_checked(copy, file, str(original))


def _alternatives(entry):
    """The sets of names that its files may have."""
    if isinstance(entry.source, PublishedFile):
        return [[entry.source.name]]
    names = [file.name for file in entry.source.files]
    return [[f"{name}.gz" for name in names], names, *([["mnist.npz"]] if entry.name == "mnist" else [])]


def _files_in(entry, folder):
    """The paths of its files in a folder, if all are there."""
    for names in _alternatives(entry):
        if all((folder / name).is_file() for name in names):
            return [folder / name for name in names]
    return []


def _published(name, title, megabytes, module):
    return Entry(name, title, megabytes, module.FILE, module.FILE.mirrors, module.FILE.fetch)


CATALOGUE = (
    Entry("fashion-mnist", "70,000 pictures of clothes in ten classes, 28 x 28, grey", 30.9, fashion_mnist.DATASET,
          fashion_mnist.MIRRORS, fashion_mnist.load_data, "dataset-fashion-mnist"),
    Entry("mnist", "70,000 handwritten digits, 28 x 28, grey", 11.6, mnist.DATASET, mnist.MIRRORS, mnist.load_data),
    _published("cifar10", "60,000 colour pictures in ten classes, 32 x 32", 170.5, cifar10),
    _published("cifar100", "60,000 colour pictures in a hundred classes, 32 x 32", 169.0, cifar100),
    _published("imdb", "50,000 film reviews as word numbers, praising or not", 17.5, imdb),
    _published("california-housing", "20,640 districts of California and their house prices", 0.7, california_housing),
    _published("boston-housing", "506 districts of Boston and their house prices", 0.1, boston_housing),
)


def entry_of(name: str) -> Entry:
    """Return the entry of a data set.

    Raises:
        ValueError: there is none of this name.

    >>> entry_of("cifar10").file_names()
    ['cifar-10-python.tar.gz']
    """
    for entry in CATALOGUE:
        if name.replace("_", "-") == entry.name:
            return entry
    raise ValueError(unknown_name("data set", name, [entry.name for entry in CATALOGUE]))
