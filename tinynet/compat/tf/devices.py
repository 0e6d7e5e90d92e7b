"""TensorFlow's functions about devices and modes of running: there is one CPU, and everything runs eagerly."""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ...core.errors import NotInTinynetError


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
        device_type: Their type.

    Raises:
        ValueError: a device that is not the CPU.
    """
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
    def is_gpu_available(*args: Any, **kwargs: Any) -> bool:
        """Return False."""
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
             jit_compile: bool | None = None, reduce_retracing: bool = False, **kwargs: Any) -> Any:
    """Return the function itself: nothing is traced or compiled, every call runs the Python code.

    Args:
        func: The function; None returns a decorator.
        Others: Taken for TensorFlow's sake and ignored.

    >>> @function
    ... def double(x):
    ...     return 2 * x
    >>> double(3)
    6
    """
    return func if func is not None else functools.partial(function, input_signature=input_signature)


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
