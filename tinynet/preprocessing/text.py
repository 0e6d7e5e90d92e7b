"""`keras.preprocessing.text`: words as numbers, by how often they occur."""

import collections
import hashlib
import json

import numpy as np

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


def text_to_word_sequence(input_text, filters=FILTERS, lower=True, split=" "):
    """The words of a text.

    >>> text_to_word_sequence("The cat, the mat.")
    ['the', 'cat', 'the', 'mat']
    """
    text = input_text.lower() if lower else input_text
    return [word for word in text.translate({ord(sign): split for sign in filters}).split(split) if word]


def one_hot(input_text, n, filters=FILTERS, lower=True, split=" ", analyzer=None):
    """A number from 1 to n - 1 for each word; different words may share one."""
    return hashing_trick(input_text, n, "md5", filters, lower, split, analyzer)


def hashing_trick(text, n, hash_function="md5", filters=FILTERS, lower=True, split=" ", analyzer=None):
    """A number from 1 to n - 1 for each word, from a hash: md5 (the same in every run), or a function of a word."""
    if hash_function == "md5":
        def hash_function(word):
            return int(hashlib.md5(word.encode()).hexdigest(), 16)

    words = analyzer(text) if analyzer is not None else text_to_word_sequence(text, filters, lower, split)
    return [hash_function(word) % (n - 1) + 1 for word in words]


class Tokenizer:
    """Gives each word of some texts a number, 1 for the most frequent.

    Args:
        num_words: Texts become sequences of the `num_words - 1` most frequent words only; all if None.
        filters: Signs that count as spaces.
        lower: Whether to use small letters.
        split: What stands between words.
        char_level: Whether each character is a word.
        oov_token: The word that stands for unknown ones; it gets number 1.
        analyzer: Function from a text to its words, instead of all this.

    Attributes:
        word_index: {word: number}; `index_word` the other way round.
        word_counts, word_docs: How often a word occurs, and in how many texts.

    >>> tokenizer = Tokenizer(oov_token="?")
    >>> tokenizer.fit_on_texts(["the cat", "the mat"])
    >>> tokenizer.texts_to_sequences(["the dog"])
    [[2, 1]]
    """

    def __init__(self, num_words=None, filters=FILTERS, lower=True, split=" ", char_level=False, oov_token=None,
                 analyzer=None, document_count=0):
        self.num_words, self.filters, self.lower, self.split = num_words, filters, lower, split
        self.char_level, self.oov_token, self.analyzer = char_level, oov_token, analyzer
        self.document_count = document_count
        self.word_counts = collections.OrderedDict()
        self.word_docs = collections.defaultdict(int)
        self.index_docs = collections.defaultdict(int)
        self.word_index, self.index_word = {}, {}

    def _words(self, text):
        if self.analyzer is not None:
            return self.analyzer(text)
        if self.char_level or isinstance(text, list | tuple):
            return [part.lower() for part in text] if self.lower else list(text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def fit_on_texts(self, texts):
        """Count the words of texts (strings, or lists of words) and number them anew."""
        for text in texts:
            self.document_count += 1
            words = self._words(text)
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            for word in set(words):
                self.word_docs[word] += 1
        frequent = sorted(self.word_counts, key=self.word_counts.get, reverse=True)
        names = frequent if self.oov_token is None else [self.oov_token, *frequent]
        self.word_index = {word: number for number, word in enumerate(names, 1)}
        self.index_word = {number: word for word, number in self.word_index.items()}
        self.index_docs = {self.word_index[word]: count for word, count in self.word_docs.items()}

    def texts_to_sequences(self, texts):
        """The texts as lists of numbers; unknown and rare words are left out, or get the number of `oov_token`."""
        unknown = self.word_index.get(self.oov_token)
        sequences = []
        for text in texts:
            numbers = (self.word_index.get(word) for word in self._words(text))
            numbers = (unknown if number is None or self.num_words and number >= self.num_words else number
                       for number in numbers)
            sequences.append([number for number in numbers if number is not None])
        return sequences

    def sequences_to_texts(self, sequences):
        """The other way round."""
        texts = []
        for sequence in sequences:
            words = (self.index_word.get(number) if not self.num_words or number < self.num_words else None
                     for number in sequence)
            words = (self.oov_token if word is None else word for word in words)
            texts.append(" ".join(word for word in words if word is not None))
        return texts

    def texts_to_matrix(self, texts, mode="binary"):
        """One row a text, one column a word; see `sequences_to_matrix`."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(self, sequences, mode="binary"):
        """One row a sequence, one column a number.

        Args:
            mode: "binary" (1 if it occurs), "count", "freq" (share of the sequence), or "tfidf":
                (1 + log count) log(1 + texts / (1 + texts with the word)).
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

    def get_config(self):
        """All that was learned, as JSON strings where it is a dict."""
        return {
            "num_words": self.num_words, "filters": self.filters, "lower": self.lower, "split": self.split,
            "char_level": self.char_level, "oov_token": self.oov_token, "document_count": self.document_count,
            "word_counts": json.dumps(self.word_counts), "word_docs": json.dumps(self.word_docs),
            "index_docs": json.dumps(self.index_docs), "index_word": json.dumps(self.index_word),
            "word_index": json.dumps(self.word_index),
        }

    def to_json(self, **kwargs):
        """A JSON string, from which `tokenizer_from_json` makes the same tokenizer."""
        return json.dumps({"class_name": "Tokenizer", "config": self.get_config()}, **kwargs)


def tokenizer_from_json(json_string):
    """The tokenizer of a `to_json` string."""
    config = json.loads(json_string)["config"]
    learned = {key: json.loads(config.pop(key)) for key in
               ("word_counts", "word_docs", "index_docs", "index_word", "word_index")}
    tokenizer = Tokenizer(**config)
    tokenizer.word_counts = collections.OrderedDict(learned["word_counts"])
    tokenizer.word_docs, tokenizer.word_index = learned["word_docs"], learned["word_index"]
    tokenizer.index_docs = {int(key): value for key, value in learned["index_docs"].items()}
    tokenizer.index_word = {int(key): value for key, value in learned["index_word"].items()}
    return tokenizer
