"""Process-wide settings, under Keras's names."""

from __future__ import annotations

from .core import tracebacks

_floatx = "float32"
_epsilon = 1e-7
_image_data_format = "channels_last"
_fold_batch_norm = True


def floatx() -> str:
    """Return the element type of weights and activations, where a layer has none of its own: 'float32' or 'float64'.

    >>> floatx()
    'float32'
    """
    return _floatx


def set_floatx(value: str) -> None:
    """Set `floatx()`.

    Args:
        value: 'float32', or 'float64', as gradient checks need it.

    Raises:
        ValueError: it is another type.

    >>> set_floatx("float64")
    >>> tn.ops.ones(2).dtype
    dtype('float64')
    >>> set_floatx("float32")
    """
    global _floatx
    if value not in ("float32", "float64"):
        raise ValueError(
            f"set_floatx: expected 'float32' or 'float64', got {value!r} (the kernels have no other types)"
        )
    _floatx = value


def epsilon() -> float:
    """Return the small number that keeps logarithms and quotients finite, 1e-7 unless set otherwise.

    >>> epsilon()
    1e-07
    """
    return _epsilon


def set_epsilon(value: float) -> None:
    """Set `epsilon()`.

    Args:
        value: A positive float.

    >>> set_epsilon(1e-5)
    >>> epsilon()
    1e-05
    >>> set_epsilon(1e-7)
    """
    global _epsilon
    _epsilon = float(value)


def image_data_format() -> str:
    """Return what layers assume when their `data_format` is None: 'channels_last' or 'channels_first'.

    >>> image_data_format()
    'channels_last'
    """
    return _image_data_format


def set_image_data_format(data_format: str) -> None:
    """Set `image_data_format()`.

    Args:
        data_format: 'channels_last', images of (height, width, channels), or 'channels_first', (channels, height,
            width).

    Raises:
        ValueError: it is another word.

    >>> set_image_data_format("channels_first")
    >>> Conv2D(4, 3)(np.ones((1, 3, 8, 8))).shape  # 3 channels of 8 x 8 pixels
    (1, 4, 6, 6)
    >>> set_image_data_format("channels_last")
    """
    global _image_data_format
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(f"set_image_data_format: expected 'channels_last' or 'channels_first', got {data_format!r}")
    _image_data_format = data_format


def fold_batch_norm() -> bool:
    """Return whether prediction folds batch normalization into the convolution before it. True unless set otherwise.

    >>> fold_batch_norm()
    True
    """
    return _fold_batch_norm


def set_fold_batch_norm(enabled: bool) -> None:
    """Set `fold_batch_norm()`.

    Folded weights are rounded once more. `predict`, `evaluate` and `model(x)` without a tape agree with each other in
    every bit, and with the same call under a `GradientTape` within rounding. Without folding those agree in every bit
    too, and prediction reads and writes the output of each convolution once more.

    Args:
        enabled: Whether to fold.

    Raises:
        TypeError: it is no bool.

    >>> set_fold_batch_norm(False)
    >>> fold_batch_norm()
    False
    >>> set_fold_batch_norm(True)
    """
    global _fold_batch_norm
    if not isinstance(enabled, bool):
        raise TypeError(f"set_fold_batch_norm: expected True or False, got {enabled!r} ({type(enabled).__name__})")
    _fold_batch_norm = enabled


def disable_traceback_filtering() -> None:
    """Show the calls inside tinynet in the tracebacks of errors, too: to find a fault of tinynet itself.

    >>> disable_traceback_filtering()
    >>> is_traceback_filtering_enabled()
    False
    >>> enable_traceback_filtering()
    """
    tracebacks.enabled = False


def enable_traceback_filtering() -> None:
    """Let the traceback of a wrong call end at the user's line, as at the start.

    What explains itself is shortened: an error that tinynet raises on purpose, and one in the user's own code (a
    callback, a layer), whose lines stay. An unexpected error inside tinynet keeps its whole traceback.

    >>> enable_traceback_filtering()
    """
    tracebacks.enabled = True


def is_traceback_filtering_enabled() -> bool:
    """Return whether tracebacks leave out the calls inside tinynet.

    >>> is_traceback_filtering_enabled()
    True
    """
    return tracebacks.enabled


def backend() -> str:
    """Return 'tinynet': the name of what computes, in Keras's sense.

    `tinynet.backend()` returns which kernels are in use.

    >>> backend()
    'tinynet'
    """
    return "tinynet"
