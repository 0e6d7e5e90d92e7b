"""Layers that make numbers of categories, words among them: a vocabulary, learned by `adapt` or given, or a hash.

Text comes as NumPy arrays of str, bytes or objects, as string tensors or Python lists; numbers go out as Tensors. With
`invert=True` text goes out as a NumPy array.
"""

import collections
import hashlib

import numpy as np

from ..tensor import Tensor
from .base import Layer
from .preprocessing import batches_of, encode, refuse_sparse

OUTPUT_MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")


def as_text(value, encoding="utf-8"):
    """An array of Python strings from strings, bytes, or lists of them."""
    array = np.asarray(value.data if isinstance(value, Tensor) else value)
    if array.dtype.kind not in "USO":
        raise TypeError(f"expected text, got an array of {array.dtype}")
    result = np.empty(array.shape, object)
    for place in np.ndindex(array.shape):
        one = array[place]
        if not isinstance(one, str | bytes):
            raise TypeError(f"expected text, got {one!r} ({type(one).__name__}) in an array of objects")
        result[place] = one.decode(encoding) if isinstance(one, bytes) else str(one)
    return result


def stable_hash(value, salt=None):
    """A 64-bit hash of a string, the same in every process."""
    key = b"" if salt is None else repr(salt).encode()
    return int.from_bytes(hashlib.blake2b(str(value).encode(), digest_size=8, key=key[:64]).digest(), "little")


class _Lookup(Layer):
    """A table from tokens to indices: [mask token,] out-of-vocabulary indices, vocabulary."""

    def __init__(self, max_tokens=None, num_oov_indices=1, mask_token=None, oov_token=None, vocabulary=None,
                 idf_weights=None, invert=False, output_mode="int", pad_to_max_tokens=False, sparse=False, **kwargs):
        kwargs.pop("vocabulary_size", None)  # in configurations: it follows from the vocabulary
        super().__init__(**kwargs)
        owner = type(self).__name__
        refuse_sparse(sparse, owner)
        if output_mode not in OUTPUT_MODES:
            raise ValueError(f"{owner}: output_mode must be one of {', '.join(OUTPUT_MODES)}; got {output_mode!r}")
        if invert and output_mode != "int":
            raise ValueError(f"{owner}: invert=True needs output_mode='int'")
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
        self._tokens = []
        self._idf = None
        self.reset_state()
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    def reset_state(self):
        """Forget what `update_state` has counted, and the vocabulary unless it was given."""
        self._counts, self._documents, self._total = collections.Counter(), collections.Counter(), 0
        if self.input_vocabulary is None:
            self._set_tokens([])

    def _special(self):
        """What stands before the vocabulary. The mask's place is only there for indices."""
        mask = [self.mask_token] if self.mask_token is not None and self.output_mode == "int" else []
        return mask, [self.oov_token] * self.num_oov_indices

    def _set_tokens(self, tokens):
        mask, oov = self._special()
        self._tokens = list(tokens)
        self._index = {token: i for i, token in enumerate(self._tokens, len(mask) + len(oov))}
        if mask:
            self._index[self.mask_token] = 0

    def set_vocabulary(self, vocabulary, idf_weights=None):
        """Set the vocabulary: a list of tokens, with or without the special ones in front, or the path of a text file
        with one a line.
        """
        owner = type(self).__name__
        if isinstance(vocabulary, str):
            with open(vocabulary, encoding="utf-8") as file:
                vocabulary = [self._token(line.rstrip("\n")) for line in file]
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

    def _set_idf(self, weights):
        mean = weights.mean() if len(weights) else 0.0
        self._idf = np.concatenate([np.full(self.num_oov_indices, mean), weights])

    def _token(self, value):
        raise NotImplementedError

    def _read(self, value):
        """The input as an array of tokens."""
        raise NotImplementedError

    def adapt(self, data):
        """Count the tokens of the data and keep the most frequent ones, the most frequent first.

        Args:
            data: Array or list of tokens, or an iterable of batches of them.
        """
        if self.input_vocabulary is not None:
            raise ValueError(f"{type(self).__name__}.adapt: this layer was given its vocabulary")
        self.reset_state()
        for batch in batches_of(data, type(self).__name__):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, batch):
        """Count the tokens of a batch."""
        tokens = self._read(batch)
        for row in tokens.reshape(1, 1) if tokens.ndim == 0 else tokens.reshape(-1, 1) if tokens.ndim == 1 else tokens:
            self.count(row.ravel().tolist())

    def count(self, tokens):
        """Count the tokens of one document."""
        self._counts.update(tokens)
        self._documents.update(set(tokens))
        self._total += 1

    def finalize_state(self):
        """Make the vocabulary of what was counted. Of equally frequent tokens the last in alphabetical order is first.
        """
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

    def get_vocabulary(self, include_special_tokens=True):
        """The tokens, in the order of their indices."""
        mask, oov = self._special()
        return [*mask, *oov, *self._tokens] if include_special_tokens else list(self._tokens)

    def vocabulary_size(self):
        """The number of indices, special ones included."""
        return len(self.get_vocabulary())

    def call(self, x):
        return self._inverse(x) if self.invert else self.encode(self.lookup(self._read(x)))

    def lookup(self, tokens):
        """The index of each token."""
        if not self._tokens:
            raise ValueError(f"{type(self).__name__}: there is no vocabulary yet; call adapt(data) or set_vocabulary")
        mask, oov = self._special()
        result = np.empty(tokens.shape, np.int64)
        for place in np.ndindex(tokens.shape):
            token = tokens[place]
            index = self._index.get(token)
            if index is None:
                if not oov:
                    raise ValueError(
                        f"{type(self).__name__}: {token!r} is not in the vocabulary, and num_oov_indices is 0"
                    )
                index = len(mask) + (self._oov(token) if len(oov) > 1 else 0)
            result[place] = index
        return result

    def _oov(self, token):
        return stable_hash(token) % self.num_oov_indices

    def encode(self, indices):
        """Indices as the output mode says, as a Tensor."""
        if self.output_mode == "int":
            return Tensor(indices)
        depth = self.max_tokens if self.pad_to_max_tokens else self.vocabulary_size()
        mode = "count" if self.output_mode == "tf_idf" else self.output_mode
        rows = encode(indices, mode, depth, self.dtype)
        if self.output_mode == "tf_idf":
            rows[..., :len(self._idf)] *= self._idf.astype(self.dtype)
        return Tensor(rows)

    def _inverse(self, x):
        vocabulary = self.get_vocabulary()
        indices = np.asarray(x.data if isinstance(x, Tensor) else x)
        known = (indices >= 0) & (indices < len(vocabulary))
        table = np.array([*vocabulary, self.oov_token], object)
        result = table[np.where(known, indices, len(vocabulary)).astype(np.int64)]
        return result if self._text_out else Tensor(result.astype(np.int64))

    _text_out = True

    def compute_output_shape(self, input_shape):
        if self.output_mode == "int":
            return tuple(input_shape)
        depth = self.max_tokens if self.pad_to_max_tokens else self.vocabulary_size()
        if self.output_mode == "one_hot" and input_shape[-1] != 1:
            return (*input_shape, depth)
        return (*input_shape[:-1], depth)

    def get_config(self):
        idf = None if self._idf is None else self._idf[self.num_oov_indices:].tolist()
        return {
            **super().get_config(),
            "max_tokens": self.max_tokens, "num_oov_indices": self.num_oov_indices, "mask_token": self.mask_token,
            "oov_token": self.oov_token, "vocabulary": list(self._tokens) or None, "idf_weights": idf,
            "invert": self.invert, "output_mode": self.output_mode, "pad_to_max_tokens": self.pad_to_max_tokens,
            "sparse": False, "vocabulary_size": self.vocabulary_size(),
        }


class StringLookup(_Lookup):
    """Strings as indices of a vocabulary (or the way back).

    Args:
        max_tokens: Largest size of the vocabulary, special tokens included.
        num_oov_indices: How many indices what is not in the vocabulary shares.
        mask_token: Has index 0.
        oov_token: What an index of the above stands for in the way back.
        vocabulary: List of tokens, or the path of a file with one a line; `adapt` learns it if None.
        idf_weights: Inverse document frequencies, for 'tf_idf' with a given vocabulary.
        invert: From indices to strings.
        output_mode: 'int': the indices. 'one_hot', 'multi_hot', 'count': as in `CategoryEncoding`. 'tf_idf': counts
            times inverse document frequencies.
        pad_to_max_tokens: Make rows `max_tokens` long, even if the vocabulary is shorter.
        encoding: Of bytes.

    With several `num_oov_indices` the hash is not TensorFlow's: an unknown string may get another of these indices.

    >>> StringLookup(vocabulary=["a", "b"])([["b", "x"]]).numpy()
    array([[2, 0]])
    """

    def __init__(self, max_tokens=None, num_oov_indices=1, mask_token=None, oov_token="[UNK]", vocabulary=None,
                 idf_weights=None, invert=False, output_mode="int", pad_to_max_tokens=False, sparse=False,
                 encoding="utf-8", name=None, salt=None, **kwargs):
        self.__dict__.update(encoding=encoding, salt=salt)  # set_vocabulary, called below, needs them
        super().__init__(max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert,
                         output_mode, pad_to_max_tokens, sparse, name=name, **kwargs)

    def _token(self, value):
        return value.decode(self.encoding) if isinstance(value, bytes) else str(value)

    def _read(self, value):
        return as_text(value, self.encoding)

    def get_config(self):
        return {**super().get_config(), "encoding": self.encoding, "salt": self.salt}


class IntegerLookup(_Lookup):
    """Integers of any size as indices of a vocabulary (or the way back). Arguments as for `StringLookup`.

    Args:
        oov_token: The number that unknown indices stand for in the way back.
        oov_method: 'floormod': with several `num_oov_indices`, unknown n has index n modulo them.

    >>> IntegerLookup(vocabulary=[12, 36])(np.array([[36, 5]])).numpy()
    array([[2, 0]])
    """

    _text_out = False

    def __init__(self, max_tokens=None, num_oov_indices=1, mask_token=None, oov_token=-1, vocabulary=None,
                 vocabulary_dtype="int64", idf_weights=None, invert=False, output_mode="int", sparse=False,
                 pad_to_max_tokens=False, oov_method="floormod", salt=None, name=None, **kwargs):
        if vocabulary_dtype != "int64":
            raise ValueError(f"IntegerLookup: vocabulary_dtype must be 'int64', got {vocabulary_dtype!r}")
        if oov_method != "floormod":
            raise ValueError(f"IntegerLookup: oov_method must be 'floormod', got {oov_method!r}")
        super().__init__(max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert,
                         output_mode, pad_to_max_tokens, sparse, name=name, **kwargs)
        self.salt = salt

    def _token(self, value):
        return int(value)

    def _read(self, value):
        array = np.asarray(value.data if isinstance(value, Tensor) else value)
        if array.dtype.kind not in "iufb":
            raise TypeError(f"IntegerLookup: expected integers, got an array of {array.dtype}")
        return array.astype(np.int64)

    def _oov(self, token):
        return int(token) % self.num_oov_indices

    def get_config(self):
        return {**super().get_config(), "vocabulary_dtype": "int64", "oov_method": "floormod", "salt": self.salt}


class Hashing(Layer):
    """Any string or integer as one of `num_bins` numbers, without a vocabulary. Different values may share a number.

    The hash is stable, but not TensorFlow's: the numbers differ from Keras's.

    Args:
        num_bins: How many numbers.
        mask_value: This value has the number 0, and no other has.
        salt: Another salt gives another hash.
        output_mode: 'int', 'one_hot', 'multi_hot' or 'count'.
    """

    def __init__(self, num_bins, mask_value=None, salt=None, output_mode="int", sparse=False, **kwargs):
        super().__init__(**kwargs)
        refuse_sparse(sparse, "Hashing")
        if isinstance(num_bins, bool) or not isinstance(num_bins, int) or num_bins < 1:
            raise ValueError(f"Hashing: num_bins must be a positive int, got {num_bins!r}")
        if output_mode not in ("int", "one_hot", "multi_hot", "count"):
            raise ValueError(
                f"Hashing: output_mode must be 'int', 'one_hot', 'multi_hot' or 'count', got {output_mode!r}"
            )
        self.num_bins = num_bins
        self.mask_value = mask_value
        self.salt = salt
        self.output_mode = output_mode
        self.autocast = False

    def call(self, x):
        array = np.asarray(x.data if isinstance(x, Tensor) else x)
        tokens = as_text(array) if array.dtype.kind in "USO" else array.astype(np.int64)
        masked = self.mask_value is not None
        bins = np.empty(tokens.shape, np.int64)
        for place in np.ndindex(tokens.shape):
            token = tokens[place]
            if masked and token == self.mask_value:
                bins[place] = 0
            else:
                bins[place] = stable_hash(token, self.salt) % max(self.num_bins - masked, 1) + masked
        return Tensor(encode(bins, self.output_mode, self.num_bins, self.dtype))

    def compute_output_shape(self, input_shape):
        if self.output_mode == "int":
            return tuple(input_shape)
        if self.output_mode == "one_hot" and input_shape[-1] != 1:
            return (*input_shape, self.num_bins)
        return (*input_shape[:-1], self.num_bins)

    def get_config(self):
        return {**super().get_config(), "num_bins": self.num_bins, "mask_value": self.mask_value, "salt": self.salt,
                "output_mode": self.output_mode, "sparse": False}
