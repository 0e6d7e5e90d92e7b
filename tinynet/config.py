"""Process-wide settings, under Keras's names."""

_floatx = "float32"
_epsilon = 1e-7
_image_data_format = "channels_last"


def floatx():
    """The element type of weights and activations unless a layer says otherwise: 'float32' or 'float64'."""
    return _floatx


def set_floatx(value):
    """Set `floatx()`; 'float64' for gradient checks."""
    global _floatx
    if value not in ("float32", "float64"):
        raise ValueError(
            f"set_floatx: expected 'float32' or 'float64', got {value!r} (the kernels have no other types)"
        )
    _floatx = value


def epsilon():
    """The small number that keeps logarithms and quotients finite, 1e-7."""
    return _epsilon


def set_epsilon(value):
    """Set `epsilon()`."""
    global _epsilon
    _epsilon = float(value)


def image_data_format():
    """'channels_last' or 'channels_first': what layers assume when `data_format` is None."""
    return _image_data_format


def set_image_data_format(data_format):
    """Set `image_data_format()`."""
    global _image_data_format
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(f"set_image_data_format: expected 'channels_last' or 'channels_first', got {data_format!r}")
    _image_data_format = data_format


def disable_traceback_filtering():
    """Nothing: tracebacks are never shortened."""


def enable_traceback_filtering():
    """Nothing: tracebacks are short enough."""


def is_traceback_filtering_enabled():
    """False."""
    return False


def backend():
    """'tinynet': what Keras calls its backend. Which kernels are in use, `tinynet.backend()` says."""
    return "tinynet"
