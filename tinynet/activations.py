"""Activation functions under Keras's names, to be called or given to a layer by name: `Dense(64, activation="relu")`.

>>> get("relu")([-1.0, 2.0]).numpy()
array([0., 2.], dtype=float32)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import ops as _ops
from .core.registry import is_serialized_function, look_up
from .ops import (
    celu,
    elu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    tanh,
    tanh_shrink,
    threshold,
)
from .ops.activation import exponential as _exponential
from .symbolic import takes_symbolic

if TYPE_CHECKING:
    from .core.types import TensorLike
    from .tensor import Tensor

swish = silu
hard_swish = hard_silu
exponential = takes_symbolic(_exponential)


def linear(x: TensorLike) -> Tensor:
    """Return x itself, as a Tensor: no activation.

    Args:
        x: Tensor or array of any shape.

    >>> linear([1.0, 2.0]).numpy()
    array([1., 2.], dtype=float32)
    """
    return _ops.convert_to_tensor(x)


def gelu(x: TensorLike, approximate: bool = False) -> Tensor:
    """Multiply x by the probability that a standard normal variable is below x.

    Args:
        x: Tensor or array of any shape.
        approximate: Compute with tanh instead of erf; `ops.gelu` has both formulas.

    Returns:
        Tensor, the shape of x.

    Source: Hendrycks and Gimpel 2016, arXiv:1606.08415.

    >>> gelu([-1.0, 0.0, 1.0]).numpy().round(3)
    array([-0.159,  0.   ,  0.841], dtype=float32)
    """
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


def get(identifier: Any) -> Any:
    """Return the activation function that is meant.

    Args:
        identifier: A name, a dict of `serialize`, a function (or any callable, such as a layer), or None for `linear`.

    Raises:
        ValueError: no activation has this name, or `identifier` is none of these.

    >>> get("swish") is silu
    True
    """
    if identifier is None:
        return linear
    if isinstance(identifier, str | dict):
        return deserialize(identifier)
    if callable(identifier):
        return getattr(identifier, "operation_of_tinynet", identifier)  # tf.nn.relu is `relu` with other arguments
    raise ValueError(f"activation must be a name, a function or None, got {identifier!r} ({type(identifier).__name__})")


def serialize(activation: Any) -> Any:
    """Return the name under which `get` finds a function; a dict for functions and layers of the user.

    Args:
        activation: A function or a layer.

    Raises:
        ValueError: it is a lambda, which has no name to be found by.

    >>> serialize(relu)
    'relu'
    """
    activation = getattr(activation, "operation_of_tinynet", activation)
    name: Any = getattr(activation, "__name__", None)
    if _KNOWN.get(name) is activation:
        return name
    from .serialization import serialize_keras_object

    return serialize_keras_object(activation)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the function that `serialize` described.

    Args:
        config: A name, or the dict that `serialize` returned.
        custom_objects: {name: function} of further activations.

    Raises:
        ValueError: the name is unknown, or `config` is neither a name nor such a dict.

    >>> deserialize("relu") is relu
    True
    """
    if is_serialized_function(config):
        config = config["config"]
    if isinstance(config, dict):
        if not isinstance(config.get("class_name"), str):
            raise ValueError(
                f"a serialized activation is a name, or a dict with 'class_name' and 'config', got {config!r}"
            )
        from .serialization import deserialize_keras_object

        return deserialize_keras_object(config, custom_objects)
    if not isinstance(config, str):
        raise ValueError(f"activations.deserialize: expected a name, got {config!r} ({type(config).__name__})")
    return look_up(config, {**_KNOWN, **_ALIASES}, "activation", custom_objects)
