"""What the constructors of all layers take, in Keras's spellings of three generations."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import config
from ..core.checks import choice

if TYPE_CHECKING:
    from ..core.types import Config, Shape, Structure

# Keyword arguments that every layer takes besides its own.
COMMON_ARGUMENTS = ("input_shape", "input_dim", "batch_input_shape", "batch_size", "weights", "build_config")


def name_may_come_first(add_weight: Callable[..., Any]) -> Callable[..., Any]:
    """As in tf.keras 2: add_weight("kernel", shape=..., initializer=...), add_weight("kernel", (3, 4))."""

    @functools.wraps(add_weight)
    def add(self: Any, *args: Any, **kwargs: Any) -> Any:
        if args and isinstance(args[0], str):
            kwargs["name"], args = args[0], args[1:]
        return add_weight(self, *args, **kwargs)

    return add


def standard_dtype(dtype: Any, owner: str) -> np.dtype[Any]:
    """A layer's dtype from a name, a type or a config; `floatx()` if None.

    Raises:
        ValueError: there are no kernels for it.
    """
    if dtype is None:
        return np.dtype(config.floatx())
    if isinstance(dtype, dict):  # as in a config
        dtype = dtype.get("config", {}).get("name")
    result: np.dtype[Any] | None
    try:
        result = np.dtype(dtype if not hasattr(dtype, "name") else dtype.name)
    except TypeError:
        result = None
    if result is None or result not in (np.dtype("float32"), np.dtype("float64")):  # to NumPy, None == float64
        if result is not None and result.kind in "iub":
            return result
        reason = "the kernels have no other floating-point types"
        if result is not None and result.kind in "OUS" or dtype == "string":
            reason = ("text becomes numbers in a StringLookup or TextVectorization layer, in front of this one or in "
                      "dataset.map(...)")
        raise ValueError(f"{owner}: dtype must be 'float32' or 'float64', got {dtype!r}; {reason}")
    return result


def standard_data_format(data_format: str | None, owner: str) -> str:
    """`data_format` checked; the process-wide setting if None.

    Raises:
        ValueError: it is none of the two.
    """
    data_format = data_format or config.image_data_format()
    return choice(data_format, owner, "data_format", ("channels_last", "channels_first"))


def axes_of(rank: int, data_format: str) -> str:
    """The axes of an input with `rank` axes, in words.

    >>> axes_of(4, "channels_last")
    '(batch, height, width, channels)'
    """
    spatial = {3: "steps", 4: "height, width", 5: "depth, height, width"}[rank]
    return f"(batch, {spatial}, channels)" if data_format == "channels_last" else f"(batch, channels, {spatial})"


def dtype_policy(dtype: np.dtype[Any]) -> Config:
    """A dtype as Keras writes it in configs."""
    return {"module": "keras", "class_name": "DTypePolicy", "config": {"name": dtype.name}, "registered_name": None}


def is_plain(value: Any) -> bool:
    """Whether a config may hold it as it is: numbers, text, None, and lists and dicts of these."""
    if isinstance(value, list | tuple):
        return all(map(is_plain, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_plain(part) for key, part in value.items())
    return value is None or isinstance(value, str | bool | int | float)


def as_shapes(value: Any) -> Structure:
    """Shapes from JSON, where tuples have become lists."""
    if isinstance(value, dict):
        return {key: as_shapes(part) for key, part in value.items()}
    if value is None or all(extent is None or isinstance(extent, int) for extent in value):
        return tuple(value) if value is not None else None
    return [as_shapes(part) for part in value]


def input_shape_from(arguments: dict[str, Any], owner: str) -> Shape | None:
    """The batch shape from input_shape=, input_dim= or batch_input_shape=; None if there is none of them.

    Raises:
        ValueError: input_shape is an int.
    """
    if arguments.get("batch_input_shape") is not None:
        return tuple(arguments["batch_input_shape"])
    shape = arguments.get("input_shape")
    if shape is None and arguments.get("input_dim") is not None:
        shape = (arguments["input_dim"],)
    if shape is None:
        return None
    if isinstance(shape, int | np.integer):
        raise ValueError(
            f"{owner}: input_shape must be a tuple, got {shape!r}; for {shape} features write input_shape=({shape},)"
        )
    return (arguments.get("batch_size"), *shape)


def arguments_of(cls: type[Any]) -> str:
    """What a class's constructor takes, as the end of an error message."""
    names = [name for name in inspect.signature(cls.__init__).parameters if name not in ("self", "kwargs")]
    return f"{cls.__name__} takes {', '.join(names)}" if names else f"{cls.__name__} takes no arguments of its own"
