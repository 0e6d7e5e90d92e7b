"""Clipping gradients by their norm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..core.types import Array


def norm(gradient: Array) -> Any:
    """The L2 norm, sqrt(sum g^2), of one array."""
    return np.sqrt(np.sum(np.square(gradient)))


def clip_each_by_norm(gradients: Sequence[Array], limit: float) -> list[Array]:
    """g limit / max(||g||, limit), for each gradient alone.

    Args:
        gradients: Arrays.
        limit: Largest norm, above 0.

    Returns:
        Arrays of the same shapes.
    """
    return [
        np.asarray(gradient * gradient.dtype.type(limit) / np.maximum(norm(gradient), gradient.dtype.type(limit)))
        for gradient in gradients
    ]


def clip_together_by_norm(gradients: Sequence[Array], limit: float) -> list[Array]:
    """g limit / max(||all g||, limit). A norm that is infinite or NaN makes all gradients NaN, as in Keras.

    Args:
        gradients: Arrays.
        limit: Largest common norm, above 0.

    Returns:
        Arrays of the same shapes.
    """
    total = np.sqrt(sum(np.sum(np.square(gradient)) for gradient in gradients))
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = limit * np.minimum(1 / total, 1 / limit) + (total - total)
    return [np.asarray(gradient * gradient.dtype.type(scale)) for gradient in gradients]
