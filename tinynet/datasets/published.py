"""Data sets that are one published file: fetched once, checked by its SHA-256 before anything in it is parsed.

Because the checksum is fixed here, a file that is read at all is the published one, byte for byte. That is why the
pickles in some of them (Python lists of word numbers, CIFAR's batches) may be loaded.
"""

import numpy as np

from ..core.errors import DataError, DatasetNotFoundError
from ..utils import files

KERAS_FILES = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
KERAS_CACHE = "~/.keras/datasets"


class PublishedFile:
    """One file of a data set.

    Args:
        name: Its name, in the cache too.
        sha256: Its checksum.
        max_bytes: More than it has.
        mirrors: Addresses to which the name is appended.
    """

    def __init__(self, name, sha256, max_bytes, mirrors=(KERAS_FILES,)):
        self.name = name
        self.sha256 = sha256
        self.max_bytes = max_bytes
        self.mirrors = mirrors

    def fetch(self):
        """The path of the checked file: in tinynet's cache, Keras's, or downloaded.

        Raises:
            DatasetNotFoundError: nowhere to be had; lists what was tried and what helps.
        """
        target = files.cache_folder() / "datasets" / self.name
        tried = []
        for path in (target, files.Path(KERAS_CACHE).expanduser() / self.name):
            if not path.is_file():
                tried.append(f"{path}: not there")
                continue
            try:
                files.check_hash(path, self.sha256)
            except (DataError, OSError) as error:
                tried.append(str(error))
            else:
                return path
        for mirror in self.mirrors:
            url = mirror + self.name
            try:
                files.download(url, target, max_bytes=self.max_bytes,
                               check=lambda path, url=url: files.check_hash(path, self.sha256, name=url))
            except (DataError, OSError) as error:
                tried.append(str(error))
            else:
                return target
        attempts = "\n".join(f"  - {attempt}" for attempt in tried)
        raise DatasetNotFoundError(
            f"{self.name}: not on this computer and not to be downloaded. Tried:\n{attempts}\nWhat helps, each by "
            f"itself:\n"
            f"  1. Get {self.mirrors[0]}{self.name} on another computer and put it there: {target}\n"
            "  2. Work with data that comes with tinynet: tinynet.datasets.fashion_mnist_sample, tinynet.datasets.toy"
        )


def shuffled_split(x, y, test_split, seed):
    """Shuffle x and y alike and cut off the last `test_split`, in the order that Keras's loaders have for this seed.

    Returns:
        `(x_train, y_train), (x_test, y_test)`.
    """
    if not 0 <= test_split < 1:
        raise ValueError(f"test_split must be from 0 to below 1, got {test_split}")
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)
    boundary = int(len(x) * (1 - test_split))
    first, last = order[:boundary], order[boundary:]
    return (x[first], y[first]), (x[last], y[last])


def read_table(file, rows=None):
    """The arrays x and y of an .npz file of numbers."""
    with np.load(file.fetch(), allow_pickle=False) as archive:
        return archive["x"][:rows], archive["y"][:rows]


def word_sequences(texts, num_words, skip_top, start_char, oov_char, index_from):
    """Number words as Keras does: mark the start, make room for special numbers, replace rare and frequent words.

    Args:
        texts: Lists of word ranks, 1 the most frequent.
        num_words: Numbers from here on become `oov_char`; the largest number of all if None, as Keras has it.
        skip_top: Numbers below become `oov_char`.
        start_char: Put in front of each text, unless None.
        oov_char: Stands for words left out; None drops them.
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


def as_objects(lists):
    """Lists of different lengths as a one-dimensional array of lists."""
    array = np.empty(len(lists), object)
    array[:] = lists
    return array
