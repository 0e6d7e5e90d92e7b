"""`from tinynet.keras import backend as K`: the functions that notebooks used before there was `keras.ops`.

Most stand for one operation of `tinynet.ops` each; here are those whose name or arguments differ.
"""

import numpy as np

from .. import ops, random
from ..compat.tf.names import constant  # noqa: F401
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
_REDUCE = ("all", "any", "max", "mean", "min", "prod", "std", "sum", "var", "logsumexp")
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


def cast(x, dtype):
    """The values as another element type."""
    return ops.cast(convert_to_tensor(x), dtype)


def clip(x, min_value, max_value):
    """The values, cut off at both ends."""
    return ops.clip(x, min_value, max_value)


def gather(reference, indices):
    """The slices of the first axis at `indices`."""
    return ops.take(reference, indices, 0)


def argmax(x, axis=-1):
    """The index of the largest element."""
    return ops.argmax(x, axis)


def argmin(x, axis=-1):
    """The index of the smallest element."""
    return ops.argmin(x, axis)


def batch_flatten(x):
    """All axes but the first as one."""
    x = convert_to_tensor(x)
    return ops.reshape(x, (len(x), -1))


def batch_dot(x, y, axes=None):
    """The product of the samples' matrices: x[n] . y[n], over one axis of each.

    Args:
        axes: The axis of each that is summed over, counted with the batch axis; the last of x and the last but one of y
            (the last, if y has two) if None.
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


def binary_crossentropy(target, output, from_logits=False):
    """The loss of each element."""
    return ops.binary_crossentropy(target, output, from_logits)


def categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """The loss of each sample with one-hot targets."""
    return ops.categorical_crossentropy(target, output, from_logits, axis)


def sparse_categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """The loss of each sample with class numbers as targets."""
    return ops.sparse_categorical_crossentropy(target, output, from_logits, axis)


def cast_to_floatx(x):
    """An ndarray (or Tensor) of type `floatx()`."""
    return ops.cast(x, floatx()) if isinstance(x, Tensor) else np.asarray(x, floatx())


def concatenate(tensors, axis=-1):
    """One after the other along an axis."""
    return ops.concatenate(tensors, axis)


def dtype(x):
    """The name of the element type."""
    return convert_to_tensor(x).dtype.name


def eval(x):  # noqa: A001, as Keras names it
    """The values as an ndarray."""
    return to_array(x)


get_value = eval


def set_value(x, value):
    """Give a variable another value; an optimizer's learning rate may be a number too.

    Raises:
        TypeError: `x` is no variable.
    """
    if not isinstance(x, Variable):
        raise TypeError("set_value: expected a Variable, got "
                        f"{type(x).__name__}; for a learning rate write optimizer.learning_rate = ...")
    x.assign(value)


def update(x, new_x):
    """x.assign(new_x)."""
    return x.assign(new_x)


def update_add(x, increment):
    """x.assign_add(increment)."""
    return x.assign_add(increment)


def update_sub(x, decrement):
    """x.assign_sub(decrement)."""
    return x.assign_sub(decrement)


def variable(value, dtype=None, name=None, constraint=None):
    """A Variable."""
    made = Variable(value, dtype=dtype, name=name or "variable")
    made.constraint = constraint
    return made


def zeros(shape, dtype=None, name=None):
    """A Variable of zeros."""
    return Variable(np.zeros(shape, dtype or floatx()), name=name or "variable")


def ones(shape, dtype=None, name=None):
    """A Variable of ones."""
    return Variable(np.ones(shape, dtype or floatx()), name=name or "variable")


def flatten(x):
    """All elements as one vector."""
    return ops.reshape(x, (-1,))


def get_uid(prefix=""):
    """How many times this prefix has been asked for."""
    name = auto_name(prefix)
    return int(name.rpartition("_")[2]) + 1 if name != prefix and name.rpartition("_")[2].isdigit() else 1


def image_dim_ordering():
    """'tf' for channels_last, 'th' for channels_first: Keras 1's `image_data_format`."""
    return "tf" if image_data_format() == "channels_last" else "th"


def set_image_dim_ordering(dim_ordering):
    """Keras 1's `set_image_data_format`."""
    set_image_data_format({"tf": "channels_last", "th": "channels_first"}[dim_ordering])


def int_shape(x):
    """The shape as a tuple."""
    return tuple(x.shape)


def is_keras_tensor(x):
    """Whether x stands for a value in a functional model, which it has only when the model is called."""
    return type(x).__name__ == "KerasTensor"


def l2_normalize(x, axis=None):
    """x / ||x|| along an axis."""
    return ops.normalize(x, axis)


def learning_phase():
    """1 inside a call with training=True, else 0."""
    return int(bool(call_context().training))


def in_train_phase(x, alt, training=None):
    """`x` when training, else `alt`; functions are called."""
    chosen = x if (training if training is not None else learning_phase()) else alt
    return chosen() if callable(chosen) else chosen


def permute_dimensions(x, pattern):
    """Axes in another order."""
    return ops.transpose(x, pattern)


def random_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Normally distributed numbers."""
    return random.normal(shape, mean, stddev, dtype, seed)


def random_uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
    """Equally distributed numbers."""
    return random.uniform(shape, minval, maxval, dtype, seed)


def repeat_elements(x, rep, axis):
    """Each slice along an axis several times in a row."""
    return ops.repeat(x, rep, axis)


def result_type(*dtypes):
    """The element type that an operation on these types has."""
    return np.result_type(*dtypes).name


def standardize_dtype(dtype):
    """The name of an element type."""
    return floatx() if dtype is None else np.dtype(dtype).name


def switch(condition, then_expression, else_expression):
    """Element by element, one or the other; functions are called."""
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
    reduce.__doc__ = f"`ops.{name}`."
    return reduce


globals().update({name: _reduction(name) for name in _REDUCE})


def __getattr__(name):
    if name in _SAME:
        return getattr(ops, _SAME[name])
    if name in _ABSENT:
        raise NotInTinynetError(f"keras.backend.{name} is not part of tinynet: it {_ABSENT[name]}", name=name)
    raise AttributeError(unknown_name("name in keras.backend:", name, __all__))


def __dir__():
    return __all__

