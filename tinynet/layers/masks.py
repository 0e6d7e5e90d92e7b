"""Masks: which steps of padded sequences count.

A mask is a boolean tensor, shape (batch, steps), False where a step is padding. `Embedding(mask_zero=True)` and
`Masking` attach one to their output, as `tensor._keras_mask`. Every layer that supports masking propagates it to its
own output, and layers that can make use of it get it as the argument `mask` of `call`. At the end the loss leaves
masked steps out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.errors import warn_user
from ..core.nest import flatten, map_structure
from ..tensor import Tensor

if TYPE_CHECKING:
    from ..core.types import Structure
    from .base import Layer


def get_mask(value: Any) -> Any:
    """The mask of a tensor, or None."""
    return getattr(value, "_keras_mask", None)


def set_mask(tensor: Any, mask: Any) -> Any:
    """Attach a mask to a tensor, if there is one. Returns the tensor."""
    if mask is not None:
        tensor._keras_mask = mask
    return tensor


def masks_of(inputs: Structure) -> Any:
    """The masks of nested tensors, nested alike; None if there is none at all."""
    if isinstance(inputs, list | tuple | dict):
        masks = map_structure(get_mask, inputs)
        return masks if any(mask is not None for mask in flatten(masks)) else None
    return get_mask(inputs)


def propagate(layer: Layer, inputs: Structure, outputs: Structure, mask: Any) -> None:
    """Attach what `layer.compute_mask` returns to the outputs. Warns if the layer does not propagate a mask."""
    if not layer.supports_masking:
        if mask is not None:
            warn_user(
                f"layer {layer.name!r} ({type(layer).__name__}) does not propagate the mask of its input: the layers "
                "after it will treat padding like data",
                UserWarning,
            )
        return
    mask = layer.compute_mask(inputs, mask)
    if mask is None:
        return
    for output, one in zip(flatten(outputs), flatten(mask), strict=False):
        if isinstance(output, Tensor) and get_mask(output) is None:
            set_mask(output, one)
