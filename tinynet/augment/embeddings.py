"""Augmentation of images, applied to sentences: mixup and cutout on the vectors of words.

A batch of sentences is an array (batch, length, dim), one vector a word. `layers.EmbeddingMixup` and
`layers.EmbeddingCutout` do the same in a model, with gradients to the vectors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.types import Array, SeedLike
from .batches import as_generator
from .mixing import blend

CUTOUTS = ("span", "token", "feature")


def word_mixup(embeddings: Any, labels: Any, alpha: float = 1.0, seed: SeedLike = None, weights: Any = None,
               partners: Any = None) -> tuple[Array, Array]:
    """Mix sentences word by word: x~ = lambda x_i + (1 - lambda) x_j, y~ = lambda y_i + (1 - lambda) y_j.

    Shorter sentences must be padded with zero vectors.

    Source: wordMixup of Guo et al., "Augmenting Data with Mixup for Sentence Classification: An Empirical Study", 2019.

    Args:
        embeddings: Floats, shape (batch, length, dim).
        labels: Shape (batch, classes), one-hot or any shares.
        alpha: lambda is drawn from Beta(alpha, alpha) for each sentence; 1 is uniform.
        seed: int, SeedGenerator, NumPy Generator, or None.
        weights: The lambdas themselves, instead of a draw.
        partners: For each sentence the index of the other; a random permutation if None.

    Returns:
        (embeddings, labels)

    Raises:
        ValueError: other shapes or types, or weights outside [0, 1].

    >>> x = np.zeros((2, 3, 4)); x[1] = 1
    >>> mixed, labels = word_mixup(x, np.eye(2), weights=0.4, partners=[1, 0])
    >>> mixed[0, 0], labels[0]
    (array([0.6, 0.6, 0.6, 0.6]), array([0.4, 0.6]))
    """
    return _mixup(embeddings, labels, 3, "word_mixup", alpha, seed, weights, partners)


def sentence_mixup(encodings: Any, labels: Any, alpha: float = 1.0, seed: SeedLike = None, weights: Any = None,
                   partners: Any = None) -> tuple[Array, Array]:
    """Mix the encodings of whole sentences, before the last layers: senMixup. See `word_mixup`.

    Args:
        encodings: Floats, shape (batch, dim).
        labels, alpha, seed, weights, partners: As for `word_mixup`.

    Returns:
        (encodings, labels), of their shapes.

    >>> sentence_mixup(np.eye(2), np.eye(2), weights=0.75, partners=[1, 0])[0]
    array([[0.75, 0.25],
           [0.25, 0.75]])
    """
    return _mixup(encodings, labels, 2, "sentence_mixup", alpha, seed, weights, partners)


def embedding_cutout(embeddings: Any, share: float = 0.1, kind: str = "span", seed: SeedLike = None,
                     mask: Any = None) -> Array:
    """Set a part of each sentence's vectors to zero.

    Source: Shen et al., "A Simple but Tough-to-Beat Data Augmentation Approach for Natural Language Understanding and
    Generation", 2020, under the name cutoff.

    Args:
        embeddings: Floats, shape (batch, length, dim).
        share: Of the words, or of the features, that are erased; to the nearest whole number.
        kind: 'span' for neighbouring words, 'token' for single ones, 'feature' for components of all words.
        seed: int, SeedGenerator, NumPy Generator, or None.
        mask: bools, shape (batch, length), False for padding, which is neither counted nor chosen; none if None.

    Returns:
        Array of the shape and type of `embeddings`.

    Raises:
        ValueError: another kind, a share outside [0, 1], or other shapes.

    >>> embedding_cutout(np.ones((1, 6, 1)), 0.5, "span", seed=0)[0, :, 0]
    array([1., 1., 0., 0., 0., 1.])
    """
    x = _floats(embeddings, 3, "embedding_cutout")
    keep = kept(x.shape, share, kind, seed, mask)
    return np.where(keep, x, x.dtype.type(0))


def kept(shape: tuple[int, int, int], share: float = 0.1, kind: str = "span", seed: SeedLike = None,
         mask: Any = None) -> Array:
    """Return which parts `embedding_cutout` keeps: bools, shape (batch, length, 1), or (batch, 1, dim) for features.

    Args:
        shape: (batch, length, dim).
        share, kind, seed, mask: As for `embedding_cutout`.

    Raises:
        ValueError: as for `embedding_cutout`.
    """
    batch, length, dim = shape
    if kind not in CUTOUTS:
        raise ValueError(f"embedding_cutout: kind must be one of {', '.join(map(repr, CUTOUTS))}, got {kind!r}")
    if not 0 <= share <= 1:
        raise ValueError(f"embedding_cutout: share must be from 0 to 1, got {share!r}")
    words = np.ones((batch, length), bool) if mask is None else np.asarray(mask)
    if words.shape != (batch, length) or words.dtype != bool:
        raise ValueError(
            f"embedding_cutout: mask must be bools of shape {(batch, length)}, got {words.dtype} {words.shape}"
        )
    rng = as_generator(seed)
    if kind == "feature":
        order = rng.random((batch, dim)).argsort(axis=1)
        return order[:, None, :] >= np.rint(share * dim)
    lengths = words.sum(axis=1, keepdims=True)
    count = np.rint(share * lengths).astype(np.int64)
    number = words.cumsum(axis=1) - 1  # of each word in its sentence
    if kind == "token":
        draws = np.where(words, rng.random((batch, length)), 2.0)  # padding comes last in their order
        return (draws.argsort(axis=1).argsort(axis=1) >= count)[:, :, None]
    start = rng.integers(0, lengths - count + 1)
    return (~words | (number < start) | (number >= start + count))[:, :, None]


def draw_mixup(count: int, alpha: float, seed: SeedLike = None) -> tuple[Array, Array]:
    """Return (weights, partners) for a batch: lambda ~ Beta(alpha, alpha), and a random permutation.

    Args:
        count: Sentences in the batch.
        alpha: Above 0.
        seed: int, SeedGenerator, NumPy Generator, or None.

    Raises:
        ValueError: alpha is not above 0.
    """
    if not alpha > 0:
        raise ValueError(f"mixup: alpha must be above 0, got {alpha!r}")
    rng = as_generator(seed)
    return rng.beta(alpha, alpha, count), rng.permutation(count)


def _mixup(x, labels, rank, where, alpha, seed, weights, partners):
    x, labels = _floats(x, rank, where), np.asarray(labels)
    if labels.ndim != 2 or len(labels) != len(x):
        raise ValueError(
            f"{where}: labels must be one-hot, shape ({len(x)}, classes), got {labels.shape}; see "
            "tinynet.utils.to_categorical"
        )
    labels = labels if labels.dtype.kind == "f" else labels.astype(x.dtype)
    drawn = draw_mixup(len(x), alpha, seed)
    weights = np.broadcast_to(drawn[0] if weights is None else np.asarray(weights, np.float64), (len(x),))
    if not ((weights >= 0) & (weights <= 1)).all():
        raise ValueError(f"{where}: weights must be from 0 to 1, got {weights}")
    partners = drawn[1] if partners is None else np.asarray(partners)
    return tuple(blend(part, part[partners], weights.astype(part.dtype).reshape(-1, *[1] * (part.ndim - 1)))
                 for part in (x, labels))


def _floats(x, rank, where):
    x = np.asarray(x)
    if x.ndim != rank or x.dtype.kind != "f":
        raise ValueError(
            f"{where}: expected floats of shape {'(batch, length, dim)' if rank == 3 else '(batch, dim)'}, "
            f"got {x.dtype} {x.shape}"
        )
    return x
