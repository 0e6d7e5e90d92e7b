"""TensorFlow's functions about devices and modes of running: there is one CPU, and everything runs eagerly."""

from __future__ import annotations

import contextlib
import functools
import inspect
import logging
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ...core.errors import NotInTinynetError
from ...core.tensor_shape import TensorShape
from ...tensor import Tensor, convert_to_tensor


class PhysicalDevice(NamedTuple):
    """One device of the machine."""

    name: str
    device_type: str


_CPU = PhysicalDevice("/physical_device:CPU:0", "CPU")


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """Return the devices of a type: the CPU, or an empty list for 'GPU' and 'TPU'.

    >>> list_physical_devices("GPU")
    []
    """
    return [_CPU] if device_type in (None, "CPU") else []


list_logical_devices = get_visible_devices = list_physical_devices


def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Do nothing: there is one device.

    Args:
        devices: A device, or a list of them.
        device_type: Their type: an empty list hides all devices of a type.

    Raises:
        ValueError: a device that is not the CPU, or the CPU is to be hidden.
    """
    if not devices and device_type in (None, "CPU"):
        raise ValueError(f"set_visible_devices: devices is empty for device_type={device_type!r}, but the CPU cannot "
                         "be hidden; there is no other device")
    _only_cpu("set_visible_devices", devices if isinstance(devices, list | tuple) else [devices])


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Do nothing: functions always run eagerly."""


def functions_run_eagerly() -> bool:
    """Return True."""
    return True


def executing_eagerly() -> bool:
    """Return True."""
    return True


def _enable_op_determinism():
    """Do nothing: the same seed always produces the same bits."""


def _set_memory_growth(device, enable):
    _only_cpu("set_memory_growth", [device])


def _only_cpu(where, devices):
    for device in devices:
        if device is not None and "CPU" not in str(device):
            raise ValueError(f"{where}: tinynet runs on the CPU; there is no device {device!r}. Leave this line out")


class experimental:  # noqa: N801, it represents the module tf.config.experimental
    """Older names."""

    list_physical_devices = staticmethod(list_physical_devices)
    list_logical_devices = staticmethod(list_logical_devices)
    set_visible_devices = staticmethod(set_visible_devices)
    enable_op_determinism = staticmethod(_enable_op_determinism)
    set_memory_growth = staticmethod(_set_memory_growth)


class test:  # noqa: N801
    """`tf.test`, with the functions by which notebooks look for a GPU."""

    @staticmethod
    def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
        """Return False, whatever the GPU should be able to do."""
        return False

    @staticmethod
    def gpu_device_name() -> str:
        """Return ''."""
        return ""

    @staticmethod
    def is_built_with_cuda() -> bool:
        """Return False."""
        return False


class autograph:  # noqa: N801
    """`tf.autograph`, which has nothing to set here."""

    @staticmethod
    def set_verbosity(level: int, alsologtostdout: bool = False) -> None:
        """Do nothing."""


@contextlib.contextmanager
def device(device_name: str | None) -> Iterator[None]:
    """Context manager that changes nothing.

    Raises:
        ValueError: a device that is not the CPU.
    """
    _only_cpu("device", [str(device_name).upper()] if device_name is not None else [])
    yield


def function(func: Callable[..., Any] | None = None, input_signature: Any = None, autograph: bool = True,
             jit_compile: bool | None = None, reduce_retracing: bool = False, experimental_implements: Any = None,
             experimental_autograph_options: Any = None, experimental_attributes: Any = None,
             experimental_relax_shapes: bool | None = None, experimental_compile: bool | None = None,
             experimental_follow_type_hints: bool | None = None) -> Any:
    """Return the function itself: nothing is traced or compiled, every call runs the Python code.

    Args:
        func: The function; None returns a decorator.
        input_signature: A `tf.TensorSpec` for each argument, in lists, tuples and dicts as the arguments are. Arguments
            become Tensors of these element types, and their shapes are checked. The function takes them as they are
            if it is None.
        autograph, jit_compile, reduce_retracing, experimental_implements, experimental_autograph_options,
            experimental_attributes, experimental_relax_shapes, experimental_compile, experimental_follow_type_hints:
            TensorFlow's choices of how graphs are made, without effect: there are none.

    Raises (in a call of the function):
        TypeError: an argument has another element type or shape than `input_signature`, or there are not as many.

    >>> @function
    ... def double(x):
    ...     return 2 * x
    >>> double(3)
    6
    """
    if func is None:
        return functools.partial(function, input_signature=input_signature)
    return func if input_signature is None else _with_signature(func, input_signature)


def _with_signature(func, signature):
    methods = "self" in list(inspect.signature(func).parameters)[:1]

    @functools.wraps(func)
    def checked(*args, **kwargs):
        own, given = args[:methods], args[methods:]
        names = list(inspect.signature(func).parameters)[methods:]
        given += tuple(kwargs.pop(name) for name in names[len(given):len(signature)] if name in kwargs)
        if kwargs or len(given) != len(signature):
            raise TypeError(f"{func.__name__}: input_signature has {len(signature)} arguments, got {len(given)}"
                            + (f" and {', '.join(kwargs)}" if kwargs else ""))
        return func(*own, *(_matched(func, value, spec) for value, spec in zip(given, signature, strict=True)))

    return checked


def _matched(func, value, spec):
    """The argument as Tensors of the element types of its specification."""
    if isinstance(spec, dict):
        return {key: _matched(func, value[key], part) for key, part in spec.items()}
    if isinstance(spec, list | tuple):
        return type(spec)(_matched(func, one, part) for one, part in zip(value, spec, strict=True))
    tensor = convert_to_tensor(value, None if isinstance(value, Tensor) else spec.dtype)
    if tensor.dtype != np.dtype(spec.dtype) or not TensorShape.checked(spec.shape).is_compatible_with(tensor.shape):
        raise TypeError(f"{func.__name__}: input_signature has {np.dtype(spec.dtype)} of shape {tuple(spec.shape)}, "
                        f"got {tensor.dtype} of shape {tuple(tensor.shape)}")
    return tensor


def get_logger() -> logging.Logger:
    """Return the logger of the package."""
    return logging.getLogger("tinynet")


class _ExplainsMissing(type):
    """Explains the names that a class, which represents a module, does not have: they are TensorFlow 1's."""

    def __getattr__(cls, name):
        if name.startswith("_"):
            raise AttributeError(name)
        raise NotInTinynetError(f"tf.compat.v1.{name} is not part of tinynet: it belongs to TensorFlow 1's graphs "
                                "and sessions; use the names of TensorFlow 2", name=name)


class compat:  # noqa: N801
    """`tf.compat`: text as bytes and back; of TensorFlow 1's names, those about logging and seeds."""

    @staticmethod
    def as_bytes(bytes_or_text: str | bytes, encoding: str = "utf-8") -> bytes:
        """Return text as bytes."""
        return bytes_or_text.encode(encoding) if isinstance(bytes_or_text, str) else bytes(bytes_or_text)

    @staticmethod
    def as_text(bytes_or_text: str | bytes, encoding: str = "utf-8") -> str:
        """Return bytes as text."""
        return bytes_or_text if isinstance(bytes_or_text, str) else bytes(bytes_or_text).decode(encoding)

    as_str = as_text

    class v1(metaclass=_ExplainsMissing):  # noqa: N801
        """`tf.compat.v1`."""

        class logging:  # noqa: N801
            """`tf.compat.v1.logging`."""

            DEBUG, INFO, WARN, ERROR, FATAL = logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.FATAL

            @staticmethod
            def set_verbosity(level: int) -> None:
                """Set the level of the package's logger."""
                get_logger().setLevel(level)

        @staticmethod
        def set_random_seed(seed: int) -> None:
            """Call `tf.random.set_seed`."""
            from ...random import set_global_seed

            set_global_seed(seed)

        @staticmethod
        def enable_eager_execution() -> None:
            """Do nothing: execution is always eager."""
