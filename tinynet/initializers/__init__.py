"""First values of weights: Keras's initializers.

    base.py           Initializer, RandomInitializer
    constants.py      zeros, ones, a constant, the identity
    distributions.py  normal, truncated normal, uniform, orthogonal
    scaling.py        variances that follow from the shape: Glorot, He, LeCun

An initializer is called with a shape (and a dtype) and returns a Tensor. As in Keras an initializer with an int as
seed, or without a seed, returns the same values in every call; with a `random.SeedGenerator` it returns new ones. A
seed that is None is drawn from the global generator when the initializer is made, so that `utils.set_random_seed` makes
runs repeat.

>>> he = HeNormal(seed=1)
>>> bool((he((3, 2)).numpy() == he((3, 2)).numpy()).all())
True
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..config import floatx
from ..core.registry import by_both_names, deserialize_object, get_object, serialize_object
from ..core.types import DTypeLike, ShapeLike
from ..tensor import Tensor, to_array
from .base import Initializer, RandomInitializer
from .constants import Constant, Identity, Ones, Zeros
from .distributions import Orthogonal, RandomNormal, RandomUniform, TruncatedNormal
from .scaling import (
    GlorotNormal, GlorotUniform, HeNormal, HeUniform, LecunNormal, LecunUniform, VarianceScaling, compute_fans,
)

__all__ = [
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity", "IdentityInitializer",
    "Initializer", "LecunNormal", "LecunUniform", "Ones", "Orthogonal", "OrthogonalInitializer", "RandomInitializer",
    "RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling", "Zeros", "compute_fans", "constant",
    "deserialize", "get", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "identity", "lecun_normal",
    "lecun_uniform", "ones", "orthogonal", "random_normal", "random_uniform", "serialize", "truncated_normal",
    "variance_scaling", "zeros",
]

constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
identity = IdentityInitializer = Identity
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
orthogonal = OrthogonalInitializer = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros

_BY_NAME = by_both_names(
    Constant, GlorotNormal, GlorotUniform, HeNormal, HeUniform, Identity, LecunNormal, LecunUniform, Ones, Orthogonal,
    RandomNormal, RandomUniform, TruncatedNormal, VarianceScaling, Zeros,
    IdentityInitializer=Identity, OrthogonalInitializer=Orthogonal, normal=RandomNormal, one=Ones,
    uniform=RandomUniform, zero=Zeros,
)


def serialize(initializer: Any) -> Any:
    """Return an initializer as a dict; `deserialize` makes it again.

    Args:
        initializer: An `Initializer`, or a function that is registered.

    Raises:
        ValueError: it is a class instead of an object, or a lambda.

    >>> serialize(Constant(2.0))["config"]
    {'value': 2.0}
    """
    return serialize_object(initializer, "keras.initializers")


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Make the initializer that `serialize` described.

    Args:
        config: What `serialize` returned, or a name.
        custom_objects: {name: class or function} of further initializers.

    Returns:
        A new initializer.

    Raises:
        ValueError: the name is unknown, or the config is malformed.

    >>> deserialize({"class_name": "Constant", "config": {"value": 2.0}}).value
    2.0
    """
    return deserialize_object(config, _BY_NAME, "initializer", custom_objects)


def get(identifier: Any) -> Any:
    """Return the initializer that is meant.

    Args:
        identifier: A name ('he_normal' or 'HeNormal'), a dict of `serialize`, an array of the wanted values, a class,
            or a function of (shape, dtype); None stays None.

    Raises:
        ValueError: no initializer has this name; the message proposes the nearest. An array's shape is compared with
            the weight's when the weight is made.

    >>> get("he_normal").scale
    2.0
    """
    if isinstance(identifier, np.ndarray | np.generic | Tensor):
        values = to_array(identifier)

        def given_values(shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
            shape = (shape,) if isinstance(shape, int) else tuple(shape)
            if shape != values.shape:
                raise ValueError(f"the initial values have shape {values.shape}, shape {shape} is needed")
            return Tensor.wrap(values.astype(dtype or floatx()))

        return given_values
    return get_object(identifier, _BY_NAME, "initializer")
