"""Activation functions under Keras's names, to be called or given to a layer by name: `Dense(64, activation="relu")`.

>>> get("relu")([-1.0, 2.0]).numpy()
array([0., 2.], dtype=float32)
"""

from .ops import activation as _ops
from .ops.activation import (
    celu,
    elu,
    exponential,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    squareplus,
    tanh,
    tanh_shrink,
    threshold,
)
from .ops.softmax import glu, log_softmax, softmax, sparsemax
from .registry import look_up
from .tensor import convert_to_tensor

swish = silu
hard_swish = hard_silu


def linear(x):
    """x itself."""
    return convert_to_tensor(x)


def gelu(x, approximate=False):
    """x times the probability that a standard normal variable is below x. `ops.gelu` has the formulas."""
    return _ops.gelu(x, approximate)


_KNOWN = {
    function.__name__: function
    for function in (
        celu, elu, exponential, gelu, glu, hard_shrink, hard_sigmoid, hard_silu, hard_tanh, leaky_relu, linear,
        log_sigmoid, log_softmax, mish, relu, relu6, selu, sigmoid, silu, soft_shrink, softmax, softplus, softsign,
        sparse_plus, sparse_sigmoid, sparsemax, squareplus, tanh, tanh_shrink, threshold,
    )
}
_ALIASES = {"swish": silu, "hard_swish": hard_silu}

__all__ = [*_KNOWN, *_ALIASES, "deserialize", "get", "serialize"]


def get(identifier):
    """The activation function that is meant.

    Args:
        identifier: A name, a function (or any callable, such as a layer), or None for `linear`.

    Raises:
        ValueError: no activation has this name.

    >>> get("swish") is silu
    True
    """
    if identifier is None:
        return linear
    if isinstance(identifier, str):
        return look_up(identifier, {**_KNOWN, **_ALIASES}, "activation")
    if callable(identifier):
        return identifier
    raise ValueError(f"activation must be a name, a function or None, got {identifier!r} ({type(identifier).__name__})")


def serialize(activation):
    """The name under which `get` finds a function again.

    Raises:
        ValueError: it is not one of tinynet's.
    """
    name = getattr(activation, "__name__", None)
    if _KNOWN.get(name) is not activation:
        raise ValueError(f"activations.serialize: {activation!r} is not one of tinynet's activations, so a name would "
                         "not find it again; pass it as custom_objects={name: function} when the configuration is read")
    return name


def deserialize(config, custom_objects=None):
    """The function that a name from `serialize` stands for.

    Args:
        config: The name.
        custom_objects: Dict of further names and their functions.
    """
    if not isinstance(config, str):
        raise ValueError(f"activations.deserialize: expected a name, got {config!r} ({type(config).__name__})")
    return look_up(config, {**_KNOWN, **_ALIASES}, "activation", custom_objects)
