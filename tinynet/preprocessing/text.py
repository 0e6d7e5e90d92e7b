"""`keras.preprocessing.text`: words as numbers, by how often they occur."""

from __future__ import annotations

import collections
import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..core.errors import DataError
from ..core.reading import translated
from ..core.types import Array, Config

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


def text_to_word_sequence(input_text: str, filters: str = FILTERS, lower: bool = True, split: str = " ") -> list[str]:
    """Return the words of a text.

    Args:
        input_text: The text.
        filters: Characters that count as spaces.
        lower: Whether to use small letters.
        split: The separator of words.

    >>> text_to_word_sequence("The cat, the mat.")
    ['the', 'cat', 'the', 'mat']
    """
    text = input_text.lower() if lower else input_text
    return [word for word in text.translate({ord(sign): split for sign in filters}).split(split) if word]


def one_hot(input_text: str, n: int, filters: str = FILTERS, lower: bool = True, split: str = " ",
            analyzer: Callable[[str], list[str]] | None = None) -> list[int]:
    """Return a number from 1 to n - 1 for each word; different words may have the same.

    Args:
        input_text: The text.
        n: Bound of the numbers.
        filters, lower, split: As for `text_to_word_sequence`.
        analyzer: Function from a text to its words, instead of these.

    >>> one_hot("the cat the", 10)[0] == one_hot("the", 10)[0]
    True
    """
    return hashing_trick(input_text, n, "md5", filters, lower, split, analyzer)


def hashing_trick(text: str, n: int, hash_function: str | Callable[[str], int] = "md5", filters: str = FILTERS,
                  lower: bool = True, split: str = " ",
                  analyzer: Callable[[str], list[str]] | None = None) -> list[int]:
    """Return a number from 1 to n - 1 for each word, from a hash: h(word) mod (n - 1) + 1.

    Args:
        text: The text.
        n: Bound of the numbers.
        hash_function: "md5" (the same in every run), or a function from a word to an int.
        filters, lower, split: As for `text_to_word_sequence`.
        analyzer: Function from a text to its words, instead of these.

    Raises:
        ValueError: another name of a hash.

    >>> hashing_trick("a bb", 10, hash_function=len)
    [2, 3]
    """
    def md5(word):
        return int(hashlib.md5(word.encode()).hexdigest(), 16)

    if isinstance(hash_function, str) and hash_function != "md5":
        raise ValueError(f"hashing_trick: hash_function must be 'md5' or a function, got {hash_function!r}")
    number_of = md5 if isinstance(hash_function, str) else hash_function
    words = analyzer(text) if analyzer is not None else text_to_word_sequence(text, filters, lower, split)
    return [number_of(word) % (n - 1) + 1 for word in words]


class Tokenizer:
    """Numbers the words of some texts, 1 for the most frequent.

    Args:
        num_words: Texts become sequences of the `num_words - 1` most frequent words only; all if None.
        filters: Characters that count as spaces.
        lower: Whether to use small letters.
        split: The separator of words.
        char_level: Whether each character is a word.
        oov_token: The word for unknown ones; it gets number 1.
        analyzer: Function from a text to its words, instead of all this.
        document_count: How many texts were counted before.

    Attributes:
        word_index: {word: number}; `index_word` the other way round.
        word_counts, word_docs: How often a word occurs, and in how many texts.

    >>> tokenizer = Tokenizer(oov_token="?")
    >>> tokenizer.fit_on_texts(["the cat", "the mat"])
    >>> tokenizer.texts_to_sequences(["the dog"])
    [[2, 1]]
    """

    def __init__(self, num_words: int | None = None, filters: str = FILTERS, lower: bool = True, split: str = " ",
                 char_level: bool = False, oov_token: str | None = None,
                 analyzer: Callable[[str], list[str]] | None = None, document_count: int = 0) -> None:
        self.num_words, self.filters, self.lower, self.split = num_words, filters, lower, split
        self.char_level, self.oov_token, self.analyzer = char_level, oov_token, analyzer
        self.document_count = document_count
        self.word_counts: dict[str, int] = collections.OrderedDict()
        self.word_docs: dict[str, int] = collections.defaultdict(int)
        self.index_docs: dict[int, int] = collections.defaultdict(int)
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}

    def _words(self, text):
        if self.analyzer is not None:
            return self.analyzer(text)
        if self.char_level or isinstance(text, list | tuple):
            return [part.lower() for part in text] if self.lower else list(text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Count the words of texts (strings, or lists of words) and number them anew."""
        for text in texts:
            self.document_count += 1
            words = self._words(text)
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            for word in set(words):
                self.word_docs[word] += 1
        frequent = sorted(self.word_counts, key=self.word_counts.__getitem__, reverse=True)
        names = frequent if self.oov_token is None else [self.oov_token, *frequent]
        self.word_index = {word: number for number, word in enumerate(names, 1)}
        self.index_word = {number: word for word, number in self.word_index.items()}
        self.index_docs = {self.word_index[word]: count for word, count in self.word_docs.items()}

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """Return the texts as lists of numbers; unknown and rare words are left out, or become `oov_token`."""
        unknown = None if self.oov_token is None else self.word_index.get(self.oov_token)
        sequences = []
        for text in texts:
            numbers = (self.word_index.get(word) for word in self._words(text))
            numbers = (unknown if number is None or self.num_words and number >= self.num_words else number
                       for number in numbers)
            sequences.append([number for number in numbers if number is not None])
        return sequences

    def sequences_to_texts(self, sequences: Iterable[Iterable[int]]) -> list[str]:
        """Return the texts of lists of numbers, the inverse of `texts_to_sequences`."""
        texts = []
        for sequence in sequences:
            words = (self.index_word.get(number) if not self.num_words or number < self.num_words else None
                     for number in sequence)
            words = (self.oov_token if word is None else word for word in words)
            texts.append(" ".join(word for word in words if word is not None))
        return texts

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> Array:
        """Return a matrix with one row a text and one column a word; see `sequences_to_matrix`."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(self, sequences: list[list[int]], mode: str = "binary") -> Array:
        """Return a matrix with one row a sequence and one column a number.

        Args:
            sequences: Lists of numbers.
            mode: "binary" (1 if it occurs), "count", "freq" (share of the sequence), or "tfidf":
                (1 + log count) log(1 + texts / (1 + texts with the word)).

        Returns:
            float64 array, shape (len(sequences), num_words).

        Raises:
            ValueError: an unknown mode, or no texts were counted.

        >>> Tokenizer(num_words=4).sequences_to_matrix([[1, 3, 3]], mode="count").tolist()
        [[0.0, 1.0, 0.0, 2.0]]
        """
        if mode not in ("binary", "count", "freq", "tfidf"):
            raise ValueError(f"Tokenizer: mode must be 'binary', 'count', 'freq' or 'tfidf', got {mode!r}")
        if not self.num_words and not self.word_index:
            raise ValueError("Tokenizer: give num_words, or call fit_on_texts first")
        if mode == "tfidf" and not self.document_count:
            raise ValueError("Tokenizer: mode 'tfidf' needs fit_on_texts first")
        matrix = np.zeros((len(sequences), self.num_words or len(self.word_index) + 1))
        for row, sequence in zip(matrix, sequences, strict=True):
            for number, count in collections.Counter(number for number in sequence if number < len(row)).items():
                if mode == "tfidf":
                    documents = 1 + self.document_count / (1 + self.index_docs.get(number, 0))
                    row[number] = (1 + np.log(count)) * np.log(documents)
                else:
                    row[number] = {"binary": 1, "count": count, "freq": count / len(sequence)}[mode]
        return matrix

    def get_config(self) -> Config:
        """Return all settings and counts, as JSON strings where they are dicts."""
        return {
            "num_words": self.num_words, "filters": self.filters, "lower": self.lower, "split": self.split,
            "char_level": self.char_level, "oov_token": self.oov_token, "document_count": self.document_count,
            "word_counts": json.dumps(self.word_counts), "word_docs": json.dumps(self.word_docs),
            "index_docs": json.dumps(self.index_docs), "index_word": json.dumps(self.index_word),
            "word_index": json.dumps(self.word_index),
        }

    def to_json(self, **kwargs: Any) -> str:
        """Return a JSON string, from which `tokenizer_from_json` makes the same tokenizer.

        Args:
            kwargs: Of `json.dumps`.
        """
        return json.dumps({"class_name": "Tokenizer", "config": self.get_config()}, **kwargs)


_LEARNED = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """Return the tokenizer of a `to_json` string.

    Args:
        json_string: What `to_json` returned.

    Raises:
        DataError: a ValueError. It is something else.

    >>> tokenizer = Tokenizer()
    >>> tokenizer.fit_on_texts(["good food", "good"])
    >>> tokenizer_from_json(tokenizer.to_json()).word_index
    {'good': 1, 'food': 2}
    """
    with translated("tokenizer_from_json", DataError):
        config = json.loads(json_string)["config"]
        learned = {key: json.loads(config.pop(key)) for key in _LEARNED}
        for key, value in learned.items():
            if not isinstance(value, dict):
                raise DataError(f"tokenizer_from_json: {key} must be an object of JSON, got {type(value).__name__}")
        tokenizer = Tokenizer(**config)
        tokenizer.word_counts = collections.OrderedDict(learned["word_counts"])
        tokenizer.word_docs, tokenizer.word_index = learned["word_docs"], learned["word_index"]
        tokenizer.index_docs = {int(key): value for key, value in learned["index_docs"].items()}
        tokenizer.index_word = {int(key): value for key, value in learned["index_word"].items()}
    return tokenizer
