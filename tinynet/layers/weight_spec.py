"""The three arguments that describe a weight: how it starts, what penalizes it, what is done to it after a step.

A layer takes them under Keras's names, such as `kernel_initializer`, `kernel_regularizer` and `kernel_constraint` for
its kernel. `describe_weight` keeps them as attributes of these names, `make_weight` creates the variable from what the
attributes hold by then, and `weight_config` writes them to the configuration:

    class Scale(Layer):
        def __init__(self, scale_initializer="ones", scale_regularizer=None, scale_constraint=None, **kwargs):
            super().__init__(**kwargs)
            describe_weight(self, "scale", scale_initializer, scale_regularizer, scale_constraint)

        def build(self, input_shape):
            self.scale = make_weight(self, "scale", (input_shape[-1],))

        def call(self, x):
            return x * self.scale

        def get_config(self):
            return {**super().get_config(), **weight_config(self, "scale")}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from .. import constraints, initializers, regularizers

if TYPE_CHECKING:
    from ..core.types import Config, Shape
    from ..variable import Variable
    from .base import Layer

InitializerLike: TypeAlias = Any  # a name, an Initializer, its configuration, or an array of the first values
RegularizerLike: TypeAlias = Any  # a name, a Regularizer, its configuration, a function from a tensor to a number, None
ConstraintLike: TypeAlias = Any  # a name, a Constraint, its configuration, a function from a tensor to a tensor, None
ActivationLike: TypeAlias = Any  # a name, a function from a tensor to a tensor, or None for none

# In the order in which Keras writes them to configurations.
FAMILIES = {"initializer": initializers, "regularizer": regularizers, "constraint": constraints}


def describe_weight(layer: Layer, weight: str, initializer: InitializerLike, regularizer: RegularizerLike = None,
                    constraint: ConstraintLike = None) -> None:
    """Keep the description of a weight, as attributes of the layer: `kernel_initializer` and so on.

    Args:
        layer: Whose weight it is.
        weight: What the arguments are called after, such as 'kernel'.
        initializer: Of the first values.
        regularizer: Penalty added to the loss.
        constraint: Function applied to the weight after each training step.

    Raises:
        ValueError: a name is not known; the message proposes the nearest.
    """
    for (kind, family), value in zip(FAMILIES.items(), (initializer, regularizer, constraint), strict=True):
        setattr(layer, f"{weight}_{kind}", family.get(value))


def weight_arguments(layer: Layer, *weights: str) -> dict[str, Any]:
    """The arguments that describe these weights, by name: for a layer inside that has equal ones.

    All initializers come first, then all regularizers, then all constraints. What a layer does not have is left out,
    so that 'activity' stands for `activity_regularizer` alone.
    """
    names = [f"{weight}_{kind}" for kind in FAMILIES for weight in weights]
    return {name: getattr(layer, name) for name in names if hasattr(layer, name)}


def weight_config(layer: Layer, *weights: str) -> Config:
    """`weight_arguments` as plain values, for `get_config`."""
    return {name: FAMILIES[name.rpartition("_")[2]].serialize(value)
            for name, value in weight_arguments(layer, *weights).items()}


def make_weight(layer: Layer, weight: str, shape: Shape, name: str | None = None,
                initializer: InitializerLike = None) -> Variable:
    """Create the weight that `describe_weight` described.

    Args:
        layer: Whose weight it is.
        weight: What its arguments are called after, such as 'recurrent'.
        shape: Its shape, of known lengths.
        name: Name of the variable, such as 'recurrent_kernel'; `weight` if None.
        initializer: Used instead of the layer's; the layer's if None.

    Returns:
        The Variable. The layer trains it and saves it.
    """
    described = weight_arguments(layer, weight)
    if initializer is None:
        initializer = described[f"{weight}_initializer"]
    return layer.add_weight(shape, initializer, name=name or weight, regularizer=described[f"{weight}_regularizer"],
                            constraint=described[f"{weight}_constraint"])
