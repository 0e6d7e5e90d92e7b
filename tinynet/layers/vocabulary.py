"""Layers that make numbers of categories, words among them: a vocabulary, learned by `adapt` or given.

Text comes as NumPy arrays of str, bytes or objects, as string tensors or Python lists; numbers go out as Tensors. With
`invert=True` text goes out as a NumPy array.
"""

from __future__ import annotations

import collections
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.checks import choice
from ..core.old_names import today
from ..core.reading import check_bytes, deserializing, open_named, translated
from ..tensor import Tensor
from .base import Layer
from .encoding import OLD_OUTPUT_MODES, encode, refuse_sparse
from .fingerprints import as_key, bucket
from .preprocessing import batches_of
from .tokens import as_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..core.types import Array, Config, Shape

OUTPUT_MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")


class _Lookup(Layer):
    """A table from tokens to indices: [mask token,] out-of-vocabulary indices, vocabulary."""

    _idf: Array | None

    def __init__(self, max_tokens: int | None = None, num_oov_indices: int = 1, mask_token: Any = None,
                 oov_token: Any = None, vocabulary: Any = None, idf_weights: Any = None, invert: bool = False,
                 output_mode: str = "int", pad_to_max_tokens: bool = False, sparse: bool = False,
                 **kwargs: Any) -> None:
        kwargs.pop("vocabulary_size", None)  # in configurations: it follows from the vocabulary
        super().__init__(**kwargs)
        owner = type(self).__name__
        refuse_sparse(sparse, owner)
        output_mode = today(output_mode, owner, "output_mode", **OLD_OUTPUT_MODES)
        choice(output_mode, owner, "output_mode", OUTPUT_MODES)
        if invert and output_mode != "int":
            raise ValueError(f"{owner}: invert=True needs output_mode='int'")
        check_bytes(8 * num_oov_indices, f"{owner}: num_oov_indices={num_oov_indices}")
        if invert and num_oov_indices > 1:
            raise ValueError(f"{owner}: invert=True needs num_oov_indices of 0 or 1")
        if max_tokens is not None and max_tokens <= 1:
            raise ValueError(f"{owner}: max_tokens must be more than 1, got {max_tokens}")
        if pad_to_max_tokens and max_tokens is None:
            raise ValueError(f"{owner}: pad_to_max_tokens=True needs max_tokens")
        if idf_weights is not None and output_mode != "tf_idf":
            raise ValueError(f"{owner}: idf_weights need output_mode='tf_idf'")
        self.max_tokens = max_tokens
        self.num_oov_indices = num_oov_indices
        self.mask_token = mask_token
        self.oov_token = oov_token
        self.invert = invert
        self.output_mode = output_mode
        self.pad_to_max_tokens = pad_to_max_tokens
        self.autocast = False
        self.input_vocabulary = vocabulary
        self.input_idf_weights = idf_weights
        self._tokens: list[Any] = []
        self._idf = None
        self.reset_state()
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    def reset_state(self) -> None:
        """Forget what `update_state` has counted, and the vocabulary unless it was given."""
        self._counts: collections.Counter[Any] = collections.Counter()
        self._documents: collections.Counter[Any] = collections.Counter()
        self._total = 0
        if self.input_vocabulary is None:
            self._set_tokens([])

    def _special(self) -> tuple[list[Any], list[Any]]:
        """The special tokens before the vocabulary: for the mask (only where the output is indices), for unknown ones.
        """
        mask = [self.mask_token] if self.mask_token is not None and self.output_mode == "int" else []
        return mask, [self.oov_token] * self.num_oov_indices

    def _set_tokens(self, tokens: Iterable[Any]) -> None:
        mask, oov = self._special()
        self._tokens = list(tokens)
        self._index = {token: i for i, token in enumerate(self._tokens, len(mask) + len(oov))}
        if mask:
            self._index[self.mask_token] = 0

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Set the vocabulary.

        Args:
            vocabulary: List of tokens, with or without the special ones in front, or the path of a text file with one
                a line.
            idf_weights: Inverse document frequencies of the tokens, for output_mode 'tf_idf'.

        Raises:
            ValueError: it is empty or too long, a token occurs twice, or a special one is inside; the weights are
                missing, or not as many; a path comes from a configuration, as of a model file.
            DataError: a ValueError. The file is no vocabulary; the message has its name, and the number of a line that
                is no token.
            OSError: the file cannot be read.
        """
        owner = type(self).__name__
        if isinstance(vocabulary, str | os.PathLike):
            tokens = self._tokens_in(vocabulary)
            with translated(os.fspath(vocabulary)):
                self.set_vocabulary(tokens, idf_weights)
            return
        vocabulary = [self._token(token) for token in np.asarray(vocabulary, object).ravel()] if len(vocabulary) else []
        if not vocabulary:
            raise ValueError(f"{owner}.set_vocabulary: the vocabulary is empty")
        mask, oov = self._special()
        special, given = [*mask, *oov], 0
        if special and vocabulary[:len(special)] == special:
            given = len(special)
        elif oov and vocabulary[:1] == oov[:1] and not mask:
            given = 1
        vocabulary = vocabulary[given:]
        repeated = [token for token, count in collections.Counter(vocabulary).items() if count > 1]
        if repeated:
            raise ValueError(f"{owner}.set_vocabulary: each token may be there once, {repeated[:5]} are there twice")
        for token in (self.mask_token, self.oov_token):
            if token is not None and token in vocabulary:
                raise ValueError(
                    f"{owner}.set_vocabulary: the special token {token!r} stands inside the vocabulary; leave the "
                    f"special tokens out, or begin with all of them: {special}"
                )
        if self.max_tokens is not None and len(vocabulary) + len(special) > self.max_tokens:
            raise ValueError(
                f"{owner}.set_vocabulary: {len(vocabulary) + len(special)} tokens, with the special ones, are more "
                f"than max_tokens={self.max_tokens}"
            )
        if self.output_mode == "tf_idf":
            if idf_weights is None:
                raise ValueError(f"{owner}.set_vocabulary: output_mode='tf_idf' needs idf_weights")
            idf_weights = np.asarray(idf_weights, np.float64)
            if len(idf_weights) == len(vocabulary) + given:
                idf_weights = idf_weights[given:]
            if len(idf_weights) != len(vocabulary):
                raise ValueError(
                    f"{owner}.set_vocabulary: {len(vocabulary)} tokens but {len(idf_weights)} idf_weights"
                )
            self._set_idf(idf_weights)
        self._set_tokens(vocabulary)

    def _tokens_in(self, path: str | os.PathLike[str]) -> list[Any]:
        """The tokens of a text file, one a line."""
        tokens: list[Any] = []
        with (open_named(path, type(self).__name__, "r", encoding="utf-8") as file,
              translated(os.fspath(path), position=lambda: f"line {len(tokens) + 1}")):
            tokens.extend(self._token(line.rstrip("\n")) for line in file)
        return tokens

    def _set_idf(self, weights: Array) -> None:
        mean = weights.mean() if len(weights) else 0.0
        self._idf = np.concatenate([np.full(self.num_oov_indices, mean), weights])

    def _token(self, value: Any) -> Any:
        """One token of the vocabulary."""
        raise NotImplementedError

    def _read(self, value: Any) -> Array:
        """The input as an array of tokens."""
        raise NotImplementedError

    def adapt(self, data: Any) -> None:
        """Count the tokens of the data and keep the most frequent ones, the most frequent first.

        Args:
            data: Array or list of tokens, or an iterable of batches of them.

        Raises:
            ValueError: the layer was given its vocabulary.
        """
        if self.input_vocabulary is not None:
            raise ValueError(f"{type(self).__name__}.adapt: this layer was given its vocabulary")
        self.reset_state()
        for batch in batches_of(data, type(self).__name__):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, batch: Any) -> None:
        """Count the tokens of a batch."""
        tokens = self._read(batch)
        for row in tokens.reshape(1, 1) if tokens.ndim == 0 else tokens.reshape(-1, 1) if tokens.ndim == 1 else tokens:
            self.count(row.ravel().tolist())

    def count(self, tokens: list[Any]) -> None:
        """Count the tokens of one document."""
        self._counts.update(tokens)
        self._documents.update(set(tokens))
        self._total += 1

    def finalize_state(self) -> None:
        """Create the vocabulary from the counts. Of equally frequent tokens the last in alphabetical order is first."""
        mask, oov = self._special()
        for token in (self.mask_token, self.oov_token):
            self._counts.pop(token, None)
        ordered = sorted(self._counts.items(), key=lambda item: (item[1], item[0]), reverse=True)
        tokens = [token for token, _ in ordered]
        if self.max_tokens is not None:
            tokens = tokens[:max(0, self.max_tokens - len(mask) - len(oov))]
        if self.output_mode == "tf_idf":
            documents = np.array([self._documents[token] for token in tokens], np.float64)
            self._set_idf(np.log1p(self._total / (1 + documents)))
        self._set_tokens(tokens)

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The tokens, in the order of their indices."""
        mask, oov = self._special()
        return [*mask, *oov, *self._tokens] if include_special_tokens else list(self._tokens)

    def vocabulary_size(self) -> int:
        """The number of indices, special ones included."""
        return len(self.get_vocabulary())

    def call(self, x: Any) -> Any:
        return self._inverse(x) if self.invert else self.encode(self.lookup(self._read(x)))

    def lookup(self, tokens: Array) -> Array:
        """The index of each token, as an array of int64.

        Raises:
            ValueError: there is no vocabulary yet, or a token is not in it and `num_oov_indices` is 0.
        """
        if not self._tokens:
            raise ValueError(f"{type(self).__name__}: there is no vocabulary yet; call adapt(data) or set_vocabulary")
        mask, oov = self._special()
        result = np.empty(tokens.shape, np.int64)
        for position in np.ndindex(tokens.shape):
            token = tokens[position]
            index = self._index.get(token)
            if index is None:
                if not oov:
                    raise ValueError(
                        f"{type(self).__name__}: {token!r} is not in the vocabulary, and num_oov_indices is 0"
                    )
                index = len(mask) + (self._oov(token) if len(oov) > 1 else 0)
            result[position] = index
        return result

    def _oov(self, token: Any) -> int:
        """Which of the indices for unknown tokens."""
        raise NotImplementedError

    def encode(self, indices: Array) -> Tensor:
        """Indices in the output mode's form: as they are, or as rows of zeros and ones, counts or frequencies."""
        if self.output_mode == "int":
            return Tensor(indices)
        depth: Any = self.max_tokens if self.pad_to_max_tokens else self.vocabulary_size()
        mode = "count" if self.output_mode == "tf_idf" else self.output_mode
        rows = encode(indices, mode, depth, self.dtype)
        if self._idf is not None and self.output_mode == "tf_idf":
            rows[..., :len(self._idf)] *= self._idf.astype(self.dtype)
        return Tensor(rows)

    def _inverse(self, x: Any) -> Any:
        vocabulary = self.get_vocabulary()
        indices = np.asarray(x.data if isinstance(x, Tensor) else x)
        known = (indices >= 0) & (indices < len(vocabulary))
        table = np.array([*vocabulary, self.oov_token], object)
        result = table[np.where(known, indices, len(vocabulary)).astype(np.int64)]
        return result if self._text_out else Tensor(result.astype(np.int64))

    _text_out = True

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if self.output_mode == "int":
            return tuple(input_shape)
        depth = self.max_tokens if self.pad_to_max_tokens else self.vocabulary_size()
        if self.output_mode == "one_hot" and input_shape[-1] != 1:
            return (*input_shape, depth)
        return (*input_shape[:-1], depth)

    @classmethod
    def from_config(cls, config: Config) -> Any:
        """Make the layer that `get_config` described; a file that the configuration names is not opened."""
        with deserializing():
            return super().from_config(config)

    def get_config(self) -> Config:
        idf = None if self._idf is None else self._idf[self.num_oov_indices:].tolist()
        return {
            **super().get_config(),
            "max_tokens": self.max_tokens, "num_oov_indices": self.num_oov_indices, "mask_token": self.mask_token,
            "oov_token": self.oov_token, "vocabulary": list(self._tokens) or None, "idf_weights": idf,
            "invert": self.invert, "output_mode": self.output_mode, "pad_to_max_tokens": self.pad_to_max_tokens,
            "sparse": False, "vocabulary_size": self.vocabulary_size(),
        }


class StringLookup(_Lookup):
    """Strings as indices of a vocabulary, or with `invert` indices as strings.

    Args:
        max_tokens: Largest size of the vocabulary, special tokens included.
        num_oov_indices: How many indices there are for strings that are not in the vocabulary.
        mask_token: The string with index 0, for padding; no index is kept for it if None.
        oov_token: The string that stands for unknown ones with `invert`.
        vocabulary: List of tokens, or the path of a file with one a line; `adapt` learns it if None.
        idf_weights: Inverse document frequencies, for 'tf_idf' with a given vocabulary.
        invert: From indices to strings.
        output_mode: 'int': the indices. 'one_hot', 'multi_hot', 'count': as in `CategoryEncoding`. 'tf_idf': counts
            times inverse document frequencies.
        pad_to_max_tokens: Make rows `max_tokens` long, even if the vocabulary is shorter.
        sparse: There are no sparse tensors here: must be False.
        encoding: Of bytes.
        salt: An int, or two: the key of SipHash, by which unknown strings are spread over several `num_oov_indices`; by
            FarmHash if None.

    Shapes: text of any shape -> the same of int64, for 'int'; (batch, n) -> (batch, vocabulary size) otherwise.

    Raises:
        ValueError: arguments contradict each other; when called, there is no vocabulary yet.
        TypeError: when called, the input is no text.

    >>> StringLookup(vocabulary=["a", "b"])([["b", "x"]]).numpy()
    array([[2, 0]])
    """

    encoding: str
    salt: Any

    def __init__(self, max_tokens: int | None = None, num_oov_indices: int = 1, mask_token: str | None = None,
                 oov_token: str = "[UNK]", vocabulary: Any = None, idf_weights: Any = None, invert: bool = False,
                 output_mode: str = "int", pad_to_max_tokens: bool = False, sparse: bool = False,
                 encoding: str = "utf-8", name: str | None = None, salt: Any = None, **kwargs: Any) -> None:
        # set_vocabulary, called below, needs them.
        self.__dict__.update(encoding=encoding, salt=as_key(salt, "StringLookup"))
        super().__init__(max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert,
                         output_mode, pad_to_max_tokens, sparse, name=name, **kwargs)

    def _token(self, value: Any) -> str:
        return value.decode(self.encoding) if isinstance(value, bytes) else str(value)

    def _read(self, value: Any) -> Array:
        return as_text(value, self.encoding)

    def _oov(self, token: Any) -> int:
        return bucket(token.encode(self.encoding), self.num_oov_indices, self.salt)

    def get_config(self) -> Config:
        return {**super().get_config(), "encoding": self.encoding, "salt": self.salt}


class IntegerLookup(_Lookup):
    """Integers of any size as indices of a vocabulary, or with `invert` indices as integers.

    Args:
        oov_token: The number that stands for unknown ones with `invert`.
        vocabulary_dtype: 'int64'.
        oov_method: How unknown numbers are spread over several `num_oov_indices`: 'floormod', n modulo them, or
            'farmhash', by a hash of the digits.
        salt: For 'farmhash', as for `StringLookup`.
        max_tokens, num_oov_indices, mask_token, vocabulary, idf_weights, invert, output_mode, sparse,
            pad_to_max_tokens: As for `StringLookup`.

    Shapes: integers of any shape -> the same of int64, for 'int'; (batch, n) -> (batch, vocabulary size) otherwise.

    Raises:
        ValueError: arguments contradict each other; when called, there is no vocabulary yet.
        TypeError: when called, the input is text.

    >>> IntegerLookup(vocabulary=[12, 36])(np.array([[36, 5]])).numpy()
    array([[2, 0]])
    """

    _text_out = False
    oov_method: str
    salt: Any

    def __init__(self, max_tokens: int | None = None, num_oov_indices: int = 1, mask_token: int | None = None,
                 oov_token: int = -1, vocabulary: Any = None, vocabulary_dtype: str = "int64", idf_weights: Any = None,
                 invert: bool = False, output_mode: str = "int", sparse: bool = False, pad_to_max_tokens: bool = False,
                 oov_method: str = "floormod", salt: Any = None, name: str | None = None, **kwargs: Any) -> None:
        choice(vocabulary_dtype, "IntegerLookup", "vocabulary_dtype", ("int64",))
        choice(oov_method, "IntegerLookup", "oov_method", ("floormod", "farmhash"))
        if salt is not None and oov_method != "farmhash":
            raise ValueError(f"IntegerLookup: salt needs oov_method='farmhash', got {oov_method!r}")
        self.__dict__.update(oov_method=oov_method, salt=as_key(salt, "IntegerLookup"))
        super().__init__(max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert,
                         output_mode, pad_to_max_tokens, sparse, name=name, **kwargs)

    def _token(self, value: Any) -> int:
        return int(value)

    def _read(self, value: Any) -> Array:
        array = np.asarray(value.data if isinstance(value, Tensor) else value)
        if array.dtype.kind not in "iufb":
            raise TypeError(f"IntegerLookup: expected integers, got an array of {array.dtype}")
        return array.astype(np.int64)

    def _oov(self, token: Any) -> int:
        if self.oov_method == "floormod":
            return int(token) % self.num_oov_indices
        return bucket(int(token), self.num_oov_indices, self.salt)

    def get_config(self) -> Config:
        return {**super().get_config(), "vocabulary_dtype": "int64", "oov_method": self.oov_method, "salt": self.salt}
