"""`from tinynet.keras import backend as K`: the functions that notebooks used before there was `keras.ops`.

Most are one operation of `tinynet.ops` each; defined here are those whose name or arguments differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import ops, random
from ..compat.tf.names import constant, l2_normalize  # noqa: F401
from ..config import (  # noqa: F401
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from ..core.errors import NotInTinynetError
from ..core.naming import auto_name, unknown_name
from ..core.types import Array, DTypeLike, SeedLike, Shape, ShapeLike, TensorLike
from ..layers.context import call_context
from ..tensor import Tensor, convert_to_tensor, to_array
from ..utils import clear_session  # noqa: F401
from ..variable import Variable

_SAME = {name: name for name in (
    "abs", "cos", "dot", "elu", "equal", "exp", "expand_dims", "eye", "greater", "greater_equal", "hard_sigmoid",
    "less", "less_equal", "log", "logsumexp", "maximum", "minimum", "ndim", "not_equal", "one_hot", "ones_like",
    "relu", "reshape", "round", "shape", "sigmoid", "sign", "sin", "softmax", "softplus", "softsign", "sqrt", "square",
    "squeeze", "stack", "stop_gradient", "tanh", "tile", "transpose", "zeros_like", "arange",
)} | {"pow": "power", "cumsum": "cumsum", "cumprod": "cumprod", "is_tensor": "is_tensor"}
# {reduction: what its example, below, shows}
_REDUCE = {
    "all": "[False,  True]", "any": "[ True,  True]", "max": "[4., 2.]", "mean": "[2., 2.]", "min": "[0., 2.]",
    "prod": "[0., 4.]", "std": "[2., 0.]", "sum": "[4., 4.]", "var": "[4., 0.]", "logsumexp": "[4.018, 2.693]",
}
_OWN = (
    "argmax", "argmin", "backend", "batch_dot", "batch_flatten", "binary_crossentropy", "cast", "cast_to_floatx",
    "categorical_crossentropy", "clear_session", "clip", "concatenate", "constant", "dtype", "epsilon", "eval",
    "flatten", "floatx", "gather", "get_uid", "get_value", "image_data_format", "image_dim_ordering",
    "in_train_phase", "int_shape", "is_keras_tensor", "l2_normalize", "learning_phase", "ones",
    "permute_dimensions", "random_normal", "random_uniform", "repeat_elements", "result_type", "set_epsilon",
    "set_floatx", "set_image_data_format", "set_image_dim_ordering", "set_value", "sparse_categorical_crossentropy",
    "standardize_dtype", "switch", "update", "update_add", "update_sub", "variable", "zeros",
)
__all__ = sorted({*_SAME, *_REDUCE, *_OWN})

_ABSENT = dict.fromkeys(("function", "gradients", "get_session", "set_session", "placeholder", "manual_variable_init"),
                        "belongs to TensorFlow 1's graphs; every line runs at once here: call the layers, and use "
                        "GradientTape for gradients") | {
    "set_learning_phase": "set the mode of all layers at once; call model(x, training=True) or training=False",
    "ctc_batch_cost": "aligns sequences, which is outside its scope",
    "rnn": "is the loop inside recurrent layers; use keras.layers.RNN, or a loop of Python",
}


def cast(x: TensorLike, dtype: DTypeLike) -> Tensor:
    """Return the values as another element type.

    Args:
        x: Tensor.
        dtype: The element type.

    >>> cast([1.7, -1.7], "int32").tolist()
    [1, -1]
    """
    return ops.cast(convert_to_tensor(x), dtype)


def clip(x: TensorLike, min_value: float, max_value: float) -> Tensor:
    """Limit the values to the range from `min_value` to `max_value`.

    Args:
        x: Tensor.
        min_value, max_value: Numbers.

    Returns:
        Tensor, shaped like `x`.

    >>> clip([-1.0, 0.5, 2.0], 0, 1).numpy()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    return ops.clip(x, min_value, max_value)


def gather(reference: TensorLike, indices: TensorLike) -> Tensor:
    """Return the slices of the first axis of `reference` at `indices`.

    Args:
        reference: Tensor.
        indices: Integers of any shape.

    >>> gather([10, 20, 30], [2, 0]).tolist()
    [30, 10]
    """
    return ops.take(reference, indices, 0)


def argmax(x: TensorLike, axis: int = -1) -> Tensor:
    """Return the index of the largest element along an axis.

    Args:
        x: Tensor of any shape.
        axis: The axis.

    >>> argmax([[0.1, 0.7, 0.2]]).tolist()
    [1]
    """
    return ops.argmax(x, axis)


def argmin(x: TensorLike, axis: int = -1) -> Tensor:
    """Return the index of the smallest element along an axis.

    Args:
        x: Tensor of any shape.
        axis: The axis.

    >>> argmin([[0.1, 0.7, 0.2]]).tolist()
    [0]
    """
    return ops.argmin(x, axis)


def batch_flatten(x: TensorLike) -> Tensor:
    """Join all axes but the first: (batch, a, b) -> (batch, a b).

    Args:
        x: Tensor, shape (batch, ...).

    Returns:
        Tensor, shape (batch, product of the other lengths).

    >>> batch_flatten(np.zeros((2, 3, 4))).shape
    (2, 12)
    """
    x = convert_to_tensor(x)
    return ops.reshape(x, (len(x), -1))


def batch_dot(x: TensorLike, y: TensorLike, axes: int | tuple[int, int] | None = None) -> Tensor:
    """Return the product of the samples' matrices: x[n] . y[n], over one axis of each.

    Args:
        x, y: Tensors, shape (batch, ...).
        axes: The axis of each that is summed over, counted with the batch axis; if None, the last of x and the last but
            one of y (the last, if y has two).

    >>> batch_dot(np.ones((2, 3, 4)), np.ones((2, 4, 5))).shape
    (2, 3, 5)
    """
    x, y = convert_to_tensor(x), convert_to_tensor(y)
    if axes is None:
        axes = (x.ndim - 1, y.ndim - 2 if y.ndim > 2 else y.ndim - 1)
    first, second = (axes, axes) if isinstance(axes, int) else axes
    letters = "abcdefghijklm"
    x_axes, y_axes = ["n", *letters[: x.ndim - 1]], ["n", *letters[x.ndim - 1 : x.ndim + y.ndim - 2]]
    y_axes[second] = x_axes[first] = "z"
    kept = [letter for letter in x_axes + y_axes[1:] if letter != "z"]
    product = ops.einsum(f"{''.join(x_axes)},{''.join(y_axes)}->{''.join(kept)}", x, y)
    return ops.expand_dims(product, 1) if product.ndim == 1 else product


def binary_crossentropy(target: TensorLike, output: TensorLike, from_logits: bool = False) -> Tensor:
    """Return the loss of each element: -target log(output) - (1 - target) log(1 - output).

    Args:
        target: 0 or 1.
        output: Probabilities, or logits with `from_logits`.
        from_logits: Whether to apply the sigmoid first.

    >>> binary_crossentropy([1.0, 0.0], [0.5, 0.5]).numpy().round(3)
    array([0.693, 0.693], dtype=float32)
    """
    return ops.binary_crossentropy(target, output, from_logits)


def categorical_crossentropy(target: TensorLike, output: TensorLike, from_logits: bool = False,
                             axis: int = -1) -> Tensor:
    """Return the loss of each sample: minus the sum of target log(output) over the classes.

    Args:
        target: One-hot labels, shape (batch, ..., classes).
        output: Probabilities, or logits with `from_logits`, the same shape.
        from_logits: Whether to apply the softmax first.
        axis: The axis of classes.

    >>> categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(3)
    array([0.693], dtype=float32)
    """
    return ops.categorical_crossentropy(target, output, from_logits, axis)


def sparse_categorical_crossentropy(target: TensorLike, output: TensorLike, from_logits: bool = False,
                                    axis: int = -1) -> Tensor:
    """Return the loss of each sample: minus log(output of its class).

    Args:
        target: Class numbers, shape (batch, ...).
        output: Probabilities, or logits with `from_logits`, shape (batch, ..., classes).
        from_logits: Whether to apply the softmax first.
        axis: The axis of classes.

    >>> sparse_categorical_crossentropy([1], [[0.5, 0.5]]).numpy().round(3)
    array([0.693], dtype=float32)
    """
    return ops.sparse_categorical_crossentropy(target, output, from_logits, axis)


def cast_to_floatx(x: TensorLike) -> Tensor | Array:
    """Return an ndarray (or Tensor) of type `floatx()`.

    Args:
        x: Array, or Tensor.

    >>> cast_to_floatx([1, 2])
    array([1., 2.], dtype=float32)
    """
    return ops.cast(x, floatx()) if isinstance(x, Tensor) else np.asarray(x, floatx())


def concatenate(tensors: Sequence[TensorLike], axis: int = -1) -> Tensor:
    """Concatenate tensors along an axis.

    Args:
        tensors: List of tensors of shapes that are equal but for `axis`.
        axis: The axis.

    Returns:
        Tensor, with the sum of the lengths along `axis`.

    >>> concatenate([[[1, 2]], [[3]]]).tolist()
    [[1, 2, 3]]
    """
    return ops.concatenate(tensors, axis)


def dtype(x: TensorLike) -> str:
    """Return the name of the element type.

    Args:
        x: Tensor.

    >>> dtype(Variable(1.0))
    'float32'
    """
    return convert_to_tensor(x).dtype.name


def eval(x: TensorLike) -> Array:  # noqa: A001, as Keras names it
    """Return the values as an ndarray.

    Args:
        x: Tensor, or what becomes one.

    >>> eval(Variable([1.0, 2.0]))
    array([1., 2.], dtype=float32)
    """
    return to_array(x)


get_value = eval


def set_value(x: Variable, value: TensorLike) -> None:
    """Assign a new value to a variable.

    Args:
        x: Variable.
        value: The new value, in the variable's shape.

    Raises:
        TypeError: `x` is no variable.

    >>> weight = Variable([1.0, 2.0])
    >>> set_value(weight, [3.0, 4.0])
    >>> weight.numpy()
    array([3., 4.], dtype=float32)
    """
    if not isinstance(x, Variable):
        raise TypeError("set_value: expected a Variable, "
                        f"got {type(x).__name__}; for a learning rate write optimizer.learning_rate = ...")
    x.assign(value)


def update(x: Variable, new_x: TensorLike) -> Variable:
    """Return x.assign(new_x).

    Args:
        x: Variable.
        new_x: The new value.

    >>> update(Variable(1.0), 5.0).item()
    5.0
    """
    return x.assign(new_x)


def update_add(x: Variable, increment: TensorLike) -> Variable:
    """Return x.assign_add(increment).

    Args:
        x: Variable.
        increment: What is added.

    >>> update_add(Variable(1.0), 5.0).item()
    6.0
    """
    return x.assign_add(increment)


def update_sub(x: Variable, decrement: TensorLike) -> Variable:
    """Return x.assign_sub(decrement).

    Args:
        x: Variable.
        decrement: What is subtracted.

    >>> update_sub(Variable(1.0), 5.0).item()
    -4.0
    """
    return x.assign_sub(decrement)


def variable(value: TensorLike, dtype: DTypeLike = None, name: str | None = None, constraint: Any = None) -> Variable:
    """Return a Variable.

    Args:
        value: Its first value.
        dtype: Element type; that of `value` if None.
        name: Its name.
        constraint: Function that an optimizer applies after each step.

    >>> variable([1.0, 2.0], name="weight").numpy()
    array([1., 2.], dtype=float32)
    """
    made = Variable(value, dtype=dtype, name=name or "variable")
    made.constraint = constraint
    return made


def zeros(shape: ShapeLike, dtype: DTypeLike = None, name: str | None = None) -> Variable:
    """Return a Variable of zeros.

    Args:
        shape: Tuple of ints.
        dtype: Element type; `floatx()` if None.
        name: Its name.

    >>> zeros((2,)).numpy()
    array([0., 0.], dtype=float32)
    """
    return Variable(np.zeros(shape, dtype or floatx()), name=name or "variable")


def ones(shape: ShapeLike, dtype: DTypeLike = None, name: str | None = None) -> Variable:
    """Return a Variable of ones.

    Args:
        shape: Tuple of ints.
        dtype: Element type; `floatx()` if None.
        name: Its name.

    >>> ones((2,)).numpy()
    array([1., 1.], dtype=float32)
    """
    return Variable(np.ones(shape, dtype or floatx()), name=name or "variable")


def flatten(x: TensorLike) -> Tensor:
    """Return all elements as one vector.

    Args:
        x: Tensor of any shape.

    >>> flatten([[1, 2], [3, 4]]).tolist()
    [1, 2, 3, 4]
    """
    return ops.reshape(x, (-1,))


def get_uid(prefix: str = "") -> int:
    """Return how many times this function was called with this prefix.

    Args:
        prefix: The prefix.

    >>> get_uid("reading"), get_uid("reading")
    (1, 2)
    """
    name = auto_name(prefix)
    return int(name.rpartition("_")[2]) + 1 if name != prefix and name.rpartition("_")[2].isdigit() else 1


def image_dim_ordering() -> str:
    """Return 'tf' for channels_last, 'th' for channels_first: Keras 1's `image_data_format`.

    >>> image_dim_ordering()
    'tf'
    """
    return "tf" if image_data_format() == "channels_last" else "th"


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Set the data format by Keras 1's name, 'tf' or 'th'.

    Args:
        dim_ordering: 'tf' for channels_last, 'th' for channels_first.

    Raises:
        ValueError: it is another word.

    >>> set_image_dim_ordering("tf")
    >>> image_data_format()
    'channels_last'
    """
    formats = {"tf": "channels_last", "th": "channels_first"}
    if dim_ordering not in formats:
        raise ValueError(f"set_image_dim_ordering: expected 'tf' or 'th', got {dim_ordering!r}")
    set_image_data_format(formats[dim_ordering])


def int_shape(x: Any) -> Shape:
    """Return the shape as a tuple.

    Args:
        x: Tensor or KerasTensor.

    >>> int_shape(tn.Input((28, 28)))
    (None, 28, 28)
    """
    return tuple(x.shape)


def is_keras_tensor(x: Any) -> bool:
    """Report whether x is a KerasTensor of a functional model, which has no values before the model is called.

    Args:
        x: Anything.

    Returns:
        A bool.

    >>> is_keras_tensor(tn.Input((2,))), is_keras_tensor(Tensor([1.0]))
    (True, False)
    """
    return type(x).__name__ == "KerasTensor"


def learning_phase() -> int:
    """Return 1 inside a call with training=True, else 0.

    >>> learning_phase()
    0
    """
    return int(bool(call_context().training))


def in_train_phase(x: Any, alt: Any, training: bool | None = None) -> Any:
    """Return `x` when training, else `alt`; functions are called.

    Args:
        x, alt: Values, or functions without arguments that return them.
        training: Whether in training; that of the layer's call around this one if None.

    >>> in_train_phase("noisy", lambda: "plain")
    'plain'
    """
    chosen = x if (training if training is not None else learning_phase()) else alt
    return chosen() if callable(chosen) else chosen


def permute_dimensions(x: TensorLike, pattern: Sequence[int]) -> Tensor:
    """Return x with its axes in the order `pattern`.

    Args:
        x: Tensor.
        pattern: The old number of each new axis.

    >>> permute_dimensions(np.zeros((2, 3, 4)), (2, 0, 1)).shape
    (4, 2, 3)
    """
    return ops.transpose(x, pattern)


def random_normal(shape: ShapeLike, mean: float = 0.0, stddev: float = 1.0, dtype: DTypeLike = None,
                  seed: SeedLike = None) -> Tensor:
    """Return normally distributed numbers.

    Args:
        shape, mean, stddev, dtype, seed: As for `tinynet.random.normal`.

    >>> random_normal((2, 3), seed=1).shape
    (2, 3)
    """
    return random.normal(shape, mean, stddev, dtype, seed)


def random_uniform(shape: ShapeLike, minval: float = 0.0, maxval: float = 1.0, dtype: DTypeLike = None,
                   seed: SeedLike = None) -> Tensor:
    """Return uniformly distributed numbers in [minval, maxval).

    Args:
        shape, minval, maxval, dtype, seed: As for `tinynet.random.uniform`.

    >>> drawn = random_uniform((100,), 2.0, 3.0, seed=1).numpy()
    >>> bool(2 <= drawn.min() and drawn.max() < 3)
    True
    """
    return random.uniform(shape, minval, maxval, dtype, seed)


def repeat_elements(x: TensorLike, rep: int, axis: int) -> Tensor:
    """Repeat each slice along an axis `rep` times.

    Args:
        x: Tensor.
        rep: How many times.
        axis: The axis.

    Returns:
        Tensor, `rep` times as long along `axis`.

    >>> repeat_elements([1, 2], 2, axis=0).tolist()
    [1, 1, 2, 2]
    """
    return ops.repeat(x, rep, axis)


def result_type(*dtypes: DTypeLike) -> str:
    """Return the element type of an operation on these types.

    Args:
        dtypes: Element types.

    >>> result_type("float32", "float64")
    'float64'
    """
    return np.result_type(*dtypes).name


def standardize_dtype(dtype: DTypeLike) -> str:
    """Return the name of an element type, `floatx()` for None.

    Args:
        dtype: An element type, its name, or None.

    >>> standardize_dtype(np.int8), standardize_dtype(None)
    ('int8', 'float32')
    """
    return floatx() if dtype is None else np.dtype(dtype).name


def switch(condition: TensorLike, then_expression: Any, else_expression: Any) -> Tensor:
    """Select then_expression where the condition is true, else_expression elsewhere; functions are called.

    Args:
        condition: Tensor of booleans, or a bool.
        then_expression, else_expression: Tensors or numbers, or functions without arguments that return them.

    Returns:
        Tensor of the broadcast shape.

    >>> switch([True, False], 1.0, 2.0).tolist()
    [1.0, 2.0]
    """
    then = then_expression() if callable(then_expression) else then_expression
    other = else_expression() if callable(else_expression) else else_expression
    return ops.where(condition, then, other)


def _reduction(name):
    operation = getattr(ops, name)

    def reduce(x, axis=None, keepdims=False):
        x = convert_to_tensor(x)
        if name in ("mean", "std", "var") and x.dtype.kind == "b":
            x = cast(x, floatx())  # K.mean(K.equal(...)) is an accuracy
        return operation(x, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims)

    reduce.__name__ = reduce.__qualname__ = name
    reduce.__doc__ = f"""`ops.{name}`, with a list of axes too.

    Args:
        x: Tensor of any shape.
        axis: The axis, or a list or tuple of them; all if None.
        keepdims: Whether to leave the reduced axes with length 1.

    Returns:
        Tensor.

    >>> {name}([[0.0, 4.0], [2.0, 2.0]], axis=1).numpy(){"" if name in ("all", "any") else ".round(3)"}
    array({_REDUCE[name]}{'' if name in ('all', 'any') else ', dtype=float32'})
    """
    return reduce


globals().update({name: _reduction(name) for name in _REDUCE})


def __getattr__(name: str) -> Any:
    if name in _SAME:
        return getattr(ops, _SAME[name])
    if name in _ABSENT:
        raise NotInTinynetError(f"keras.backend.{name} is not part of tinynet: it {_ABSENT[name]}", name=name)
    raise AttributeError(unknown_name("name in keras.backend:", name, __all__))


def __dir__() -> list[str]:
    return __all__

