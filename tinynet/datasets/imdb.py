"""IMDB: 25,000 + 25,000 film reviews as word numbers, praising (1) or not (0).

Source: A. L. Maas et al., "Learning Word Vectors for Sentiment Analysis", ACL 2011.
"""

from __future__ import annotations

import numpy as np

from .forms import Split
from .published import PublishedFile, as_objects, word_sequences

FILE = PublishedFile("imdb.npz", "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f", 50_000_000)


def load_data(path: str = "imdb.npz", num_words: int | None = None, skip_top: int = 0, maxlen: int | None = None,
              seed: int = 113, start_char: int | None = 1, oov_char: int | None = 2, index_from: int = 3) -> Split:
    """Return the reviews. A number is a word's rank by frequency, plus `index_from`.

    Args:
        path: Accepted so that Keras code runs; the name in the cache is fixed.
        num_words: Rarer words (numbers from here on) become `oov_char`; all are kept if None.
        skip_top: Numbers below become `oov_char`.
        maxlen: Leave out reviews of this length or more; None keeps all.
        seed: Of the shuffle.
        start_char: The first number of each review; None for no such number.
        oov_char: Number of words left out; None drops them.
        index_from: Added to each rank, to make room for 0 (padding), 1 (start), 2 (left out).

    Returns:
        `(x_train, y_train), (x_test, y_test)`: arrays of lists, and int64 labels.

    Raises:
        ValueError: no review is shorter than `maxlen`.
        DatasetNotFoundError: the file is not on this computer and cannot be downloaded.

    >>> (x_train, y_train), (x_test, y_test) = load_data(num_words=10000)
    >>> len(x_train), max(max(review) for review in x_train)
    (25000, 9999)
    """
    with np.load(FILE.fetch(), allow_pickle=True) as archive:  # the checksum is verified
        arrays = {name: archive[name] for name in ("x_train", "y_train", "x_test", "y_test")}
    generator = np.random.RandomState(seed)
    texts, labels = [], []
    for part in ("train", "test"):
        order = np.arange(len(arrays[f"x_{part}"]))
        generator.shuffle(order)
        x, y = arrays[f"x_{part}"][order], arrays[f"y_{part}"][order]
        if maxlen:
            short = np.array([len(text) + (start_char is not None) < maxlen for text in x], bool)
            if not short.any():
                raise ValueError(f"imdb: no review of the {part} part is shorter than maxlen={maxlen}")
            x, y = x[short], y[short]
        texts.append(list(x))
        labels.append(y)
    numbers = word_sequences(texts[0] + texts[1], num_words, skip_top, start_char, oov_char, index_from)
    boundary = len(texts[0])
    return (as_objects(numbers[:boundary]), labels[0]), (as_objects(numbers[boundary:]), labels[1])
