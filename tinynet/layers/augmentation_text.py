"""Layers that augment sentences while training: word dropout on numbers of words, mixup and cutout on their vectors.

They are part of a model, and return their input unless training=True, as Dropout does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import ops, random
from ..augment import embeddings
from ..core.checks import probability
from ..random import SeedGenerator
from ..tensor import Tensor, to_array
from .base import Layer
from .masks import get_mask, set_mask

if TYPE_CHECKING:
    from ..core.types import Array, Config, SeedLike, Structure


class _TextAugmentation(Layer):
    """What the layers of this file share: a generator of random numbers; the output has the shape of the input."""

    _ordinary_because = "it draws in Python what it changes"  # see models/replayable.py

    def __init__(self, seed: SeedLike = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.generator = SeedGenerator(seed)
        self.supports_masking = True

    def compute_output_shape(self, input_shape: Structure) -> Structure:
        return input_shape

    def get_config(self) -> Config:
        return {**super().get_config(), "seed": self.seed}


class WordDropout(_TextAugmentation):
    """Replace the numbers of random words by that of the unknown word.

    Bowman et al., "Generating Sentences from a Continuous Space", CoNLL 2016. Vectors of words are dropped by
    Dropout(rate, noise_shape=(None, None, 1)).

    Args:
        rate: Probability of a word's replacement, from 0 to 1.
        unknown: The number that replaces a word.
        keep: Numbers that are left alone, such as the padding's.
        seed: An int makes the draws repeat from run to run.

    Shapes: whole numbers of any shape, the same out.

    Raises:
        TypeError: `rate` is no number.
        ValueError: `rate` is outside [0, 1]; when called, a number is not whole.

    >>> WordDropout(1.0, unknown=1)(np.array([[5, 7, 0, 0]]), training=True).numpy()
    array([[1, 1, 0, 0]])
    """

    def __init__(self, rate: float = 0.1, unknown: int = 1, keep: Iterable[int] = (0,), seed: SeedLike = None,
                 **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self.rate = probability(rate, "WordDropout", "rate")
        self.unknown = unknown
        self.keep = tuple(keep)

    def call(self, words: Any, training: bool = False) -> Any:
        numbers = to_array(words)
        if numbers.dtype.kind not in "iu" and np.any(numbers % 1):  # `fit` may pass whole numbers as floats
            raise ValueError(
                f"WordDropout: expected numbers of words (whole numbers), got {numbers.dtype} of other values; on "
                "vectors use Dropout(rate, noise_shape=(None, None, 1))"
            )
        if not training or self.rate == 0:
            return Tensor.wrap(numbers)
        dropped = random.generator(self.generator).random(numbers.shape) < self.rate
        return Tensor.wrap(np.where(dropped & ~np.isin(numbers, self.keep), numbers.dtype.type(self.unknown), numbers))

    def get_config(self) -> Config:
        return {**super().get_config(), "rate": self.rate, "unknown": self.unknown, "keep": list(self.keep)}


class EmbeddingMixup(_TextAugmentation):
    """mixup of sentences within a model: of the vectors of their words, or of what was made of whole sentences.

    x~ = lambda x_i + (1 - lambda) x_j, y~ = lambda y_i + (1 - lambda) y_j, lambda ~ Beta(alpha, alpha) a sentence: see
    `augment.word_mixup`. Gradients flow to both sentences.

    Call it on a dict with 'embeddings' and 'labels' (one-hot): both are mixed, other entries are returned as they are.
    On an array alone it mixes without labels, for tasks that have none. The padding of masked sentences counts as
    zeros, and the mixed sentence is as long as the longer one.

    Args:
        alpha: Above 0; small numbers change most sentences little.
        seed: An int makes the draws repeat from run to run.

    Shapes: embeddings (batch, length, dim) or (batch, dim), labels (batch, classes); the same out.

    Raises:
        ValueError: `alpha` is not above 0; when called, there are no embeddings of floats, or labels are not one-hot.

    >>> EmbeddingMixup(0.2, seed=1)(np.ones((2, 5, 4)), training=True).shape
    (2, 5, 4)
    """

    def __init__(self, alpha: float = 1.0, seed: SeedLike = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        if not alpha > 0:
            raise ValueError(f"EmbeddingMixup: alpha must be above 0, got {alpha!r}")
        self.alpha = alpha

    def call(self, data: Any, training: bool = False) -> Any:
        single = not isinstance(data, dict)
        data = {"embeddings": data} if single else data
        x = _embeddings(data, "EmbeddingMixup", (2, 3))
        if training:
            weights, partners = embeddings.draw_mixup(x.shape[0], self.alpha, self.generator)
            mask = get_mask(x)
            if mask is None:
                mixed = self._mixed(x, weights, partners)
            else:  # the shorter sentence is continued with zeros
                words = to_array(mask)
                mixed = self._mixed(ops.where(words[:, :, None], x, x.dtype.type(0)), weights, partners)
                set_mask(mixed, Tensor.wrap(words | words[partners]))
            data = {**data, "embeddings": mixed}
            if "labels" in data:
                labels = ops.convert_to_tensor(data["labels"])
                if len(labels.shape) != 2 or labels.shape[0] != x.shape[0]:
                    raise ValueError(
                        f"EmbeddingMixup: labels must be one-hot, shape ({x.shape[0]}, classes), got {labels.shape}; "
                        "see tinynet.utils.to_categorical"
                    )
                labels = labels if labels.dtype.kind == "f" else ops.cast(labels, self.dtype)
                data["labels"] = self._mixed(labels, weights, partners)
        return data["embeddings"] if single else data

    @staticmethod
    def _mixed(x: Any, weights: Array, partners: Array) -> Any:
        weights = weights.astype(x.dtype).reshape(-1, *[1] * (len(x.shape) - 1))
        return embeddings.blend(x, ops.take(x, partners, axis=0), weights)

    def get_config(self) -> Config:
        return {**super().get_config(), "alpha": self.alpha}


class EmbeddingCutout(_TextAugmentation):
    """Set a part of each sentence's vectors to zero: see `augment.embedding_cutout`. Gradients flow to the others.

    Padding, according to the mask, is neither counted nor chosen.

    Args:
        share: Fraction of the words, or of the features, that are erased.
        kind: 'span', 'token' or 'feature'.
        seed: An int makes the draws repeat from run to run.

    Shapes: (batch, length, dim), the same out.

    Raises:
        ValueError: `share` is outside [0, 1], or `kind` is none of these; when called, the input is no batch of
            sequences of vectors.

    >>> EmbeddingCutout(0.5, "token", seed=1)(np.ones((1, 4, 2)), training=True).numpy().sum()
    np.float32(4.0)
    """

    def __init__(self, share: float = 0.1, kind: str = "span", seed: SeedLike = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        embeddings.kept((1, 1, 1), share, kind, seed=0)  # which checks them
        self.share = share
        self.kind = kind

    def call(self, x: Any, training: bool = False, mask: Any = None) -> Any:
        x = _embeddings({"embeddings": x}, "EmbeddingCutout", (3,))
        if not training:
            return x
        mask = None if mask is None else to_array(mask)
        return ops.where(embeddings.kept(x.shape, self.share, self.kind, self.generator, mask), x, x.dtype.type(0))

    def get_config(self) -> Config:
        return {**super().get_config(), "share": self.share, "kind": self.kind}


def _embeddings(data: Any, where: str, ranks: tuple[int, ...]) -> Tensor:
    if "embeddings" not in data:
        raise ValueError(f"{where}: expected an array, or a dict with 'embeddings'; got {sorted(data)}")
    x = ops.convert_to_tensor(data["embeddings"])
    if len(x.shape) not in ranks or x.dtype.kind != "f":
        shapes = " or ".join({2: "(batch, dim)", 3: "(batch, length, dim)"}[rank] for rank in ranks)
        raise ValueError(f"{where}: expected floats of shape {shapes}, got {x.dtype} {x.shape}")
    return x
