"""tinynet's own exceptions. Each is also one of Python's: `except ValueError` catches a `DataError`."""

from __future__ import annotations

import sys
import warnings


class DataError(ValueError):
    """A data file that is broken, hostile, or not what its name states. The message names file and fault."""


class PictureError(DataError, OSError):
    """A picture that cannot be decoded. It is an OSError too, as Pillow's own errors are."""

    def __str__(self) -> str:  # OSError would print an errno
        return str(self.args[0]) if self.args else ""


class DatasetNotFoundError(DataError, FileNotFoundError):
    """A data set that was not found. The message lists what was tried and what helps."""

    def __str__(self) -> str:  # OSError would print an errno
        return str(self.args[0]) if self.args else ""


class ModelFileError(ValueError):
    """A saved model that is broken, hostile, or of a newer version. The message names the part of the file."""


class ModelWarning(UserWarning):
    """A model that runs, but is probably not what the user meant. The message has the reason and what to write instead.

    `warnings.simplefilter("error", tinynet.errors.ModelWarning)` turns these warnings into errors.
    """


class NotInTinynetError(AttributeError):
    """A name of Keras or TensorFlow that tinynet does not have. The message has the reason and what to use instead.

    `from tinynet.keras.layers import ...` raises an ImportError with the same message.
    """


# They call tinynet for the user: contextlib enters a context manager, sklearn's search fits an estimator.
_BETWEEN = {"joblib", "matplotlib", "numpy", "sklearn", *sys.stdlib_module_names}


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn, with the file and line of the user's own code.

    That is the innermost caller outside tinynet, the standard library and the packages that call tinynet for the user.
    If there is none, as in a thread that tinynet started, it is the innermost caller outside tinynet.

    Args:
        message: The text.
        category: The class of the warning.
    """
    between, frame = None, sys._getframe().f_back
    while frame is not None:
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        if package != "tinynet":
            if package not in _BETWEEN:
                break
            between = between or frame
        frame = frame.f_back
    caller = frame or between or sys._getframe()
    # Not warn(stacklevel=...), which does not count the calls of an import.
    names = caller.f_globals
    warnings.warn_explicit(message, category, caller.f_code.co_filename, caller.f_lineno, names.get("__name__"),
                           names.setdefault("__warningregistry__", {}))


def ignore_numpy_float_warnings() -> None:
    """Install a filter for NumPy's warnings of inf and NaN that name a line of tinynet, such as of `ops.log(0.0)`.

    The user cannot change that line, and the compiled kernels do not warn. NumPy's warnings for lines of the user stay.

    A filter costs a call nothing as long as its numbers are finite, and 0.6 us where one is not. `np.errstate` around
    each call would cost 1.1 us; the call itself takes 1 us.
    """
    warnings.filterwarnings("ignore", "(divide by zero|overflow|underflow|invalid value) encountered", RuntimeWarning,
                            r"tinynet(\.|$)")
