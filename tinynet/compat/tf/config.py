"""The functions of `tf.config` that notebooks call; `tinynet.config` has these names besides Keras's settings."""

from .devices import (
    experimental,
    functions_run_eagerly,
    get_visible_devices,
    list_logical_devices,
    list_physical_devices,
    run_functions_eagerly,
    set_visible_devices,
)

__all__ = [
    "experimental", "functions_run_eagerly", "get_visible_devices", "list_logical_devices", "list_physical_devices",
    "run_functions_eagerly", "set_visible_devices",
]
