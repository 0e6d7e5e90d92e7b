"""Data sets that are one published file: fetched once, checked by its SHA-256 before anything in it is parsed.

Because the checksum is fixed here, a file that is read at all is the published one, byte for byte. That is why the
pickles in some of them (Python lists of word numbers, CIFAR's batches) may be loaded.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..core.errors import DataError
from ..core.types import Array
from ..utils.downloads import check_hash, download
from ..utils.files import cache_folder
from .forms import Split
from .sources import not_found

KERAS_FILES = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
KERAS_CACHE = "~/.keras/datasets"


class PublishedFile:
    """One file of a data set.

    Args:
        name: Its name, in the cache too.
        sha256: Its checksum.
        max_bytes: An upper bound of its size.
        mirrors: Addresses to which the name is appended.
    """

    def __init__(self, name: str, sha256: str, max_bytes: int, mirrors: tuple[str, ...] = (KERAS_FILES,)) -> None:
        self.name = name
        self.sha256 = sha256
        self.max_bytes = max_bytes
        self.mirrors = mirrors

    def copies(self) -> tuple[Path, Path]:
        """Return the paths where it may be on this computer: in tinynet's cache, and in Keras's."""
        return cache_folder() / "datasets" / self.name, Path(KERAS_CACHE).expanduser() / self.name

    def find(self) -> Path | None:
        """Return where it is on this computer; None if nowhere. Looks at the name, not into the file."""
        return next((path for path in self.copies() if path.is_file()), None)

    def fetch(self) -> Path:
        """Return the path of the checked file: in tinynet's cache, Keras's, or downloaded.

        Raises:
            DatasetNotFoundError: no source has it; lists what was tried and what helps.
        """
        target = self.copies()[0]
        tried = []
        for path in self.copies():
            if not path.is_file():
                tried.append(f"{path}: not there")
                continue
            try:
                check_hash(path, self.sha256)
            except (DataError, OSError) as error:
                tried.append(str(error))
            else:
                return path
        for mirror in self.mirrors:
            url = mirror + self.name
            try:
                download(url, target, max_bytes=self.max_bytes,
                               check=functools.partial(check_hash, expected=self.sha256, name=url))
            except (DataError, OSError) as error:
                tried.append(str(error))
            else:
                return target
        raise not_found(self.name, tried, (
            f"Get {self.mirrors[0]}{self.name} on another computer and put it there: {target}",
            "Work with data that comes with tinynet: tinynet.datasets.fashion_mnist_sample, tinynet.datasets.toy",
        ))


def shuffled_split(x: Array, y: Array, test_split: float, seed: int) -> Split:
    """Shuffle x and y alike and split off the last `test_split`, in the order that Keras's loaders have for this seed.

    Args:
        x, y: Arrays of equal length.
        test_split: Fraction for testing, from 0 to below 1.
        seed: Of the shuffle.

    Returns:
        `(x_train, y_train), (x_test, y_test)`.

    Raises:
        ValueError: `test_split` is out of range.

    >>> (x_train, _), (x_test, _) = shuffled_split(np.arange(5), np.arange(5), 0.2, seed=113)
    >>> len(x_train), len(x_test)
    (4, 1)
    """
    if not 0 <= test_split < 1:
        raise ValueError(f"test_split must be from 0 to below 1, got {test_split}")
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)
    boundary = int(len(x) * (1 - test_split))
    first, last = order[:boundary], order[boundary:]
    return (x[first], y[first]), (x[last], y[last])


def read_table(file: PublishedFile, rows: int | None = None) -> tuple[Array, Array]:
    """Return the arrays x and y of an .npz file of numbers.

    Args:
        file: Its description.
        rows: How many rows; all if None.
    """
    with np.load(file.fetch(), allow_pickle=False) as archive:
        return archive["x"][:rows], archive["y"][:rows]


def word_sequences(texts: Iterable[list[int]], num_words: int | None, skip_top: int, start_char: int | None,
                   oov_char: int | None, index_from: int) -> list[list[int]]:
    """Number words as Keras does: mark the start, make room for special numbers, replace rare and frequent words.

    Args:
        texts: Lists of word ranks, 1 the most frequent.
        num_words: Numbers from here on become `oov_char`; the largest number of all if None, as Keras has it.
        skip_top: Numbers below become `oov_char`.
        start_char: The first number of each text, unless None.
        oov_char: Replaces words left out; None drops them.
        index_from: Added to each rank.

    Returns:
        List of lists.

    >>> word_sequences([[1, 5]], num_words=8, skip_top=0, start_char=1, oov_char=2, index_from=3)
    [[1, 4, 2]]
    """
    start = [] if start_char is None else [start_char]
    texts = [start + [word + (index_from or 0) for word in text] for text in texts]
    if not num_words:
        num_words = max(map(max, texts))
    if oov_char is None:
        return [[word for word in text if skip_top <= word < num_words] for text in texts]
    return [[word if skip_top <= word < num_words else oov_char for word in text] for text in texts]


def as_objects(lists: list[list[int]]) -> Array:
    """Return lists of different lengths as a one-dimensional array of lists."""
    array = np.empty(len(lists), object)
    array[:] = lists
    return array
