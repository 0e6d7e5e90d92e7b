"""Masks: which steps of padded sequences count.

A mask is a boolean tensor, shape (batch, steps), False where a step is padding. `Embedding(mask_zero=True)` and
`Masking` attach one to their output, as `tensor._keras_mask`. Every layer hands it on to its own output, if it
supports masking, and layers that can make use of it get it as the argument `mask` of `call`. At the end the loss
leaves masked steps out.
"""

import warnings

from ..core.nest import flatten, map_structure
from ..tensor import Tensor


def get_mask(value):
    """The mask of a tensor, or None."""
    return getattr(value, "_keras_mask", None)


def set_mask(tensor, mask):
    """Attach a mask to a tensor, if there is one. Returns the tensor."""
    if mask is not None:
        tensor._keras_mask = mask
    return tensor


def masks_of(inputs):
    """The masks of a nested list of tensors, nested alike; None if there is none at all."""
    if isinstance(inputs, list | tuple | dict):
        masks = map_structure(get_mask, inputs)
        return masks if any(mask is not None for mask in flatten(masks)) else None
    return get_mask(inputs)


def propagate(layer, inputs, outputs, mask):
    """Attach what `layer.compute_mask` says to the outputs. Warns if the layer lets a mask get lost."""
    if not layer.supports_masking:
        if mask is not None:
            warnings.warn(
                f"layer {layer.name!r} ({type(layer).__name__}) does not hand on the mask of its input: the layers "
                "after it will treat padding like data",
                stacklevel=4,
            )
        return
    mask = layer.compute_mask(inputs, mask)
    if mask is None:
        return
    for output, one in zip(flatten(outputs), flatten(mask), strict=False):
        if isinstance(output, Tensor) and get_mask(output) is None:
            set_mask(output, one)
