"""tinynet's own exceptions. Each is also one of Python's: `except ValueError` catches a `DataError`."""

from __future__ import annotations

import inspect
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


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn, with the file and line of the user's own code: of the innermost caller outside tinynet.

    Args:
        message: The text.
        category: The class of the warning.
    """
    frame, level = inspect.currentframe(), 1
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] == "tinynet":
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
