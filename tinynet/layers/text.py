"""The layer that makes numbers of whole texts: standardized, split into words, and looked up in a vocabulary."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.checks import choice
from ..core.old_names import today
from ..core.reading import check_bytes, deserializing
from ..tensor import Tensor
from .base import Layer
from .encoding import OLD_OUTPUT_MODES, refuse_sparse
from .preprocessing import batches_of
from .tokens import as_text, words_of
from .tokens import lower as small_letters
from .vocabulary import StringLookup

if TYPE_CHECKING:
    from ..core.types import Array, Config, Shape

_TEXTS_AT_ONCE = 256  # that a user's function is given
PUNCTUATION = re.compile(r"""[!"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~\']""")


class TextVectorization(Layer):
    """Sentences as sequences of word indices, or as rows of counts.

    Each is standardized, split into words, joined to n-grams, and looked up in a vocabulary. As in Keras, small letters
    replace A to Z alone (É stays É), and only spaces, tabs and ends of lines separate words.

    Args:
        max_tokens: Largest size of the vocabulary, special tokens included.
        standardize: 'lower_and_strip_punctuation', 'lower', 'strip_punctuation', None, or a function of an array of
            strings, of any number of texts, that returns a changed one for each.
        split: 'whitespace', 'character', None, or a function of an array of strings that returns the list of words of
            each, such as `lambda texts: tf.strings.split(texts, ",")`. It is given one text at a time, shape (1,).
        ngrams: n for all n-grams of up to n words, or a tuple of the lengths wanted.
        output_mode: 'int': indices, 0 for padding and 1 for unknown words. 'multi_hot', 'count', 'tf_idf': one row a
            sentence.
        output_sequence_length: Pad or cut every sentence to this length; to the batch's longest if None. For 'int'.
        pad_to_max_tokens: Make rows `max_tokens` long, even if the vocabulary is shorter.
        vocabulary, idf_weights: As for `StringLookup`.
        sparse, ragged: There are no such tensors here: must be False.
        encoding: Of bytes.

    Shapes: (batch,) or (batch, 1) of text -> (batch, length) of int64, or (batch, vocabulary size).

    Raises:
        ValueError: an argument is none of these, or two contradict each other; when called, there is no vocabulary yet.
        TypeError: when called, the input is no text.

    >>> layer = TextVectorization(output_sequence_length=4)
    >>> layer.adapt(["the cat sat", "the dog"])
    >>> layer.get_vocabulary()
    ['', '[UNK]', 'the', 'sat', 'dog', 'cat']
    >>> layer(["The dog, the bird!"]).numpy()
    array([[2, 4, 2, 1]])
    """

    def __init__(self, max_tokens: int | None = None,
                 standardize: str | Callable[..., Any] | None = "lower_and_strip_punctuation",
                 split: str | Callable[..., Any] | None = "whitespace", ngrams: int | tuple[int, ...] | None = None,
                 output_mode: str = "int", output_sequence_length: int | None = None, pad_to_max_tokens: bool = False,
                 vocabulary: Any = None, idf_weights: Any = None, sparse: bool = False, ragged: bool = False,
                 encoding: str = "utf-8", name: str | None = None, **kwargs: Any) -> None:
        kwargs.pop("vocabulary_size", None)  # in configurations: it follows from the vocabulary
        super().__init__(name=name, **kwargs)
        refuse_sparse(sparse, "TextVectorization")
        if ragged:
            raise ValueError("TextVectorization: tinynet has no ragged tensors; give output_sequence_length instead")
        known: Any
        for argument, value, known in (
            ("standardize", standardize, (None, "lower_and_strip_punctuation", "lower", "strip_punctuation")),
            ("split", split, (None, "whitespace", "character")),
        ):
            if value not in known and not callable(value):
                raise ValueError(f"TextVectorization: {argument} must be one of {known} or a function, got {value!r}")
        output_mode = today(output_mode, "TextVectorization", "output_mode", **OLD_OUTPUT_MODES)
        choice(output_mode, "TextVectorization", "output_mode", ("int", "multi_hot", "count", "tf_idf"))
        if output_sequence_length is not None and output_mode != "int":
            raise ValueError("TextVectorization: output_sequence_length needs output_mode='int'")
        self.max_tokens = max_tokens
        self.standardize: Any = standardize
        self.split: Any = split
        self.ngrams = ngrams
        if isinstance(ngrams, int):
            check_bytes(40 * ngrams, f"TextVectorization: ngrams={ngrams}")
        lengths: Any = range(1, ngrams + 1) if isinstance(ngrams, int) else ngrams
        self._lengths = None if lengths is None else tuple(lengths)
        self.output_mode = output_mode
        self.output_sequence_length = output_sequence_length
        self.pad_to_max_tokens = pad_to_max_tokens
        self.encoding = encoding
        self.autocast = False
        self._lookup_layer = StringLookup(max_tokens, 1, "" if output_mode == "int" else None, vocabulary=vocabulary,
                                          idf_weights=idf_weights, output_mode=output_mode,
                                          pad_to_max_tokens=pad_to_max_tokens, encoding=encoding)

    def words(self, text: Any) -> list[list[str]]:
        """The list of words (and n-grams) of each sentence.

        Args:
            text: Array or list of strings or bytes, shape (batch,) or (batch, 1).
        """
        text = as_text(text, self.encoding)
        if text.ndim == 2 and text.shape[1] == 1 and self.split is not None:
            text = text[:, 0]
        if callable(self.standardize):
            text = self._standardized(text)
        elif self.standardize is not None:
            lower, strip = "lower" in self.standardize, "strip" in self.standardize
            text = np.array([_standard(one, lower, strip) for one in text.ravel()] + [None], object)[:-1].reshape(
                text.shape)
        if callable(self.split):
            rows = [self._split(text[i:i + 1]) for i in range(len(text))]
        elif self.split is None:
            rows = text.reshape(len(text), -1).tolist()
        elif text.ndim != 1:
            raise ValueError(
                f"TextVectorization: expected one text a sample, shape (batch,) or (batch, 1), got {text.shape}"
            )
        else:
            rows = [words_of(one) if self.split == "whitespace" else list(one) for one in text]
        if self._lengths is None:
            return rows
        return [[" ".join(row[i:i + n]) for n in self._lengths for i in range(len(row) - n + 1)] for row in rows]

    def _standardized(self, text: Array) -> Array:
        """What the user's function makes of texts.

        NumPy's arrays of text give each the space of the longest: not all texts at once.
        """
        result = text.copy()
        for start in range(0, len(text), _TEXTS_AT_ONCE):
            part = text[start:start + _TEXTS_AT_ONCE]
            changed = as_text(self.standardize(part.astype(str)), self.encoding)
            if changed.shape != part.shape:
                raise ValueError("TextVectorization: standardize must return a text for each that it is given, got "
                                 f"shape {changed.shape} for {part.shape}")
            result[start:start + _TEXTS_AT_ONCE] = changed
        return result

    def _split(self, text: Array) -> list[str]:
        """The words that the user's function makes of one text, shape (1,)."""
        rows = self.split(text.astype(str))
        try:
            words = as_text(rows[0], self.encoding)
        except (TypeError, IndexError, KeyError):
            words = None
        if words is None or words.ndim != 1 or len(rows) != 1:
            raise ValueError("TextVectorization: split must return a list of the words of each text, such as "
                             f"[['a', 'b']] for one text, got {rows!r:.200}")
        return list(words)

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learn the vocabulary: count the words of the data and keep the most frequent ones.

        Args:
            data: Array or list of texts, or an iterable of batches of them.
            batch_size: Accepted for Keras's signature; it changes nothing here.
            steps: How many batches to count; all if None.

        Raises:
            ValueError: the layer was given its vocabulary.
        """
        if self._lookup_layer.input_vocabulary is not None:
            raise ValueError("TextVectorization.adapt: this layer was given its vocabulary")
        self._lookup_layer.reset_state()
        for step, batch in enumerate(batches_of(data, "TextVectorization")):
            if step == steps:
                break
            for row in self.words(np.atleast_1d(batch)):
                self._lookup_layer.count(row)
        self._lookup_layer.finalize_state()

    def _build_symbolically(self, shapes: Any) -> None:
        self._build_with_shape(shapes)  # without a trial on numbers: the vocabulary is the same whatever the shape

    def call(self, x: Any) -> Tensor:
        text = as_text(x, self.encoding)
        single = text.ndim == 0
        rows = self.words(np.atleast_1d(text))
        indices = [self._lookup_layer.lookup(np.array([*row, None], object)[:-1]) for row in rows]
        if self.output_mode == "int":
            length = self.output_sequence_length or max(map(len, indices), default=0)
            result = np.zeros((len(rows), length), np.int64)
            for row, found in zip(result, indices, strict=True):
                row[:len(found)] = found[:length]
            return Tensor(result[0] if single else result)
        encoded = [self._lookup_layer.encode(row).data for row in indices]
        if not encoded:
            return Tensor(np.zeros((0, self._row_length()), self._lookup_layer.dtype))
        return Tensor(encoded[0] if single else np.stack(encoded))

    def _row_length(self) -> Any:
        """Length of a row of counts."""
        return self.max_tokens if self.pad_to_max_tokens else self.vocabulary_size()

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The words, in the order of their indices."""
        return self._lookup_layer.get_vocabulary(include_special_tokens)

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Set the vocabulary, as for `StringLookup`."""
        self._lookup_layer.set_vocabulary(vocabulary, idf_weights)

    def vocabulary_size(self) -> int:
        """The number of indices, special ones included."""
        return self._lookup_layer.vocabulary_size()

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if self.output_mode == "int":
            return (input_shape[0], self.output_sequence_length)
        return (input_shape[0], self._row_length())

    @classmethod
    def from_config(cls, config: Config) -> Any:
        """Make the layer that `get_config` described; a file that the configuration names is not opened."""
        with deserializing():
            return super().from_config(config)

    def get_config(self) -> Config:
        lookup = self._lookup_layer.get_config()
        return {
            **super().get_config(),
            "max_tokens": self.max_tokens, "standardize": self.standardize, "split": self.split, "ngrams": self.ngrams,
            "output_mode": self.output_mode, "output_sequence_length": self.output_sequence_length,
            "pad_to_max_tokens": self.pad_to_max_tokens, "sparse": False, "ragged": False,
            "vocabulary": lookup["vocabulary"], "idf_weights": lookup["idf_weights"], "encoding": self.encoding,
            "vocabulary_size": self.vocabulary_size(),
        }


def _standard(text: str, lower: bool, strip: bool) -> str:
    text = small_letters(text) if lower else text
    return PUNCTUATION.sub("", text) if strip else text
