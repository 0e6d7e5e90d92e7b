"""What a call of the user's own may use so that its steps can be recorded: the lists of readable_calls.py."""

from __future__ import annotations

import builtins
import math
import types
from typing import Any, NamedTuple

import numpy as np

from .. import config, ops
from ..core.registry import is_builtin
from ..core.tensor_shape import TensorShape
from ..layers.base import Layer
from ..seeds import SeedGenerator
from ..tensor import Tensor
from ..variable import Variable


class Fixed:
    """An object that a name or an attribute stands for at present."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Super(NamedTuple):
    """What `super()` stands for in a method."""

    cls: type
    bound: Any


# Kinds of other values. FRESH: made by the call itself and in no other hands, such as the result of an operation. OWN:
# a list or dict that the call has made. ANY: all else.
FRESH, OWN, ANY = "fresh", "own", "any"

# Modules whose public functions do nothing but compute. What they read of a Tensor's numbers in Python ends a recording
# (core/recording.py).
_OPERATIONS = ("tinynet.ops.", "tinynet.activations", "tinynet.compat.tf.", "tinynet.losses.", "tinynet.random")
_NO_OPERATIONS = frozenset((
    "tinynet.ops.control", "tinynet.compat.tf.config", "tinynet.compat.tf.control", "tinynet.compat.tf.debugging",
    "tinynet.compat.tf.devices", "tinynet.compat.tf.distribute", "tinynet.compat.tf.io", "tinynet.compat.tf.strings",
    "tinynet.compat.tf.structures", "tinynet.compat.tf.summary", "tinynet.compat.tf.train"))
_NO_COMPUTING = frozenset((  # names in these modules that do something else
    "convert_to_numpy", "set_global_seed", "set_seed", "get", "serialize", "deserialize", "register", "shuffle",
    "global_seed_generator", "make_default_seed", "numpy_function", "py_function", "get_logger"))

# Functions of Python.
MAKES_CONTAINERS = (list, dict, set)
CALLABLE = (range, len, zip, enumerate, reversed, tuple, isinstance, min, max, sum, int, float, bool, str, abs, round,
            all, any, slice, divmod, sorted, callable, config.floatx)
_TYPES = (int, float, bool, str, list, tuple, dict, set)

# Attributes of values that are known only when the call runs: of Tensors, shapes, lists, dicts, texts.
OF_SHAPES = frozenset(("shape", "ndim", "size", "rank", "get_shape", "as_list", "num_elements"))
OF_VALUES = OF_SHAPES | frozenset((
    "dtype", "T", "astype", "reshape", "set_shape", "value", "read_value", "real", "items", "keys", "values", "get",
    "index", "count", "format", "join", "split", "startswith", "endswith", "lower", "upper", "replace",
    "strip", "name"))
CHANGES_A_CONTAINER = frozenset(("append", "extend", "insert", "pop", "update", "setdefault", "reverse"))
GIVES_PARTS = frozenset(("get", "pop", "setdefault", "items", "values"))
# Attributes of a Layer that are properties, and methods that a call may use.
PROPERTIES = frozenset(("dtype", "compute_dtype", "variable_dtype"))
METHODS = frozenset(("call", "__call__"))
REFUSED_METHODS = frozenset(("__call__", "__getattribute__", "__getattr__", "__setattr__", "__delattr__", "__del__",
                             "compute_mask", "__slots__"))
# What a class may replace without an effect on its calls.
NOT_IN_A_STEP = frozenset((
    "__init__", "__new__", "__init_subclass__", "__repr__", "__str__", "__eq__", "__hash__", "__reduce__",
    "__reduce_ex__", "__copy__", "__deepcopy__", "build", "get_config", "from_config", "compute_output_shape",
    "compute_output_spec", "get_build_config", "build_from_config", "get_compile_config", "compile_from_config",
    "save", "save_weights", "load_weights", "save_own_variables", "load_own_variables", "summary", "export", "to_json",
    "compile", "fit", "evaluate", "predict", "train_step", "test_step", "predict_step", "train_on_batch",
    "test_on_batch", "predict_on_batch", "compute_loss", "compute_metrics", "get_metrics_result", "reset_metrics",
    "metrics", "metrics_names", "gradients", "count_params", "explain_steps", "lab", "get_layer", "__module__"))
HOOKS = ("get_initial_state",)  # of cells, which no class of tinynet's has for them


def is_tinynets(item: Any) -> bool:
    """Whether a class, a function or a module is tinynet's own."""
    if isinstance(item, types.ModuleType):
        return item.__name__.split(".")[0] == __name__.split(".")[0]
    return is_builtin(item)


def is_namespace(item: Any) -> bool:
    """Whether its attributes are names: a module, or one of TensorFlow's namespaces."""
    return isinstance(item, types.ModuleType) or type(item).__name__ == "Namespace" and is_builtin(type(item))


def is_operation(item: Any) -> bool:
    """Whether a function does nothing but compute its result."""
    if isinstance(item, np.ufunc):
        return True  # of a Tensor, NumPy would read the numbers: that ends a recording
    if any(item is one for one in CALLABLE):
        return True
    if isinstance(item, types.BuiltinFunctionType):
        return getattr(math, item.__name__, None) is item
    if not isinstance(item, types.FunctionType) or item.__name__.startswith("_"):
        return False
    module, name = item.__module__ or "", item.__name__
    if module == "tinynet.tensor":
        return name == "convert_to_tensor"
    if module == "tinynet.keras.backend":
        return name in ops.__all__ and name not in _NO_COMPUTING
    return module.startswith(_OPERATIONS) and module not in _NO_OPERATIONS and name not in _NO_COMPUTING


def is_plain(value: Any) -> bool:
    """Whether it is a number, a text, a type of elements, or a tuple of such: nothing that changes."""
    if isinstance(value, tuple):
        return type(value) in (tuple, TensorShape) and all(map(is_plain, value))
    return (type(value) in (int, float, complex, bool, str, bytes, type(None), type(...), slice)
            or isinstance(value, np.generic | np.dtype)
            or isinstance(value, type) and (issubclass(value, np.generic) or value in _TYPES))


def is_kept(value: Any) -> bool:
    """Whether it is a Tensor that is no variable. (Python may read the numbers of an ndarray, unseen.)"""
    return type(value) is Tensor


def may_be_used(value: Any) -> bool:
    """Whether a call may use an object of this kind at all."""
    return (is_plain(value) or isinstance(value, Variable | SeedGenerator | np.ufunc) or is_namespace(value)
            or is_operation(value) or value is builtins.super or any(value is one for one in MAKES_CONTAINERS)
            or isinstance(value, type) and issubclass(value, BaseException | Layer))


def name_of(value: Any) -> str:
    """The name of a function or class, for messages."""
    return str(getattr(value, "__qualname__", None) or getattr(value, "__name__", type(value).__name__))
