"""tinynet's own exceptions. Each is also a built-in one, so that `except ValueError` catches it."""

import inspect
import warnings


class DataError(ValueError):
    """A data file that is broken, hostile, or not what its name says; the message names the file and the fault."""


class DatasetNotFoundError(DataError, FileNotFoundError):
    """A data set that was not found; the message lists what was tried and what helps."""

    def __str__(self) -> str:  # OSError would print an errno
        return str(self.args[0]) if self.args else ""


class ModelFileError(ValueError):
    """A saved model that is broken, hostile, or from a newer version; the message names the place in the file."""


class ModelWarning(UserWarning):
    """A model that runs, but is hardly what was meant; the message has the reason and what to write instead.

    `warnings.simplefilter("error", tinynet.errors.ModelWarning)` makes errors of them, for a class that wants it
    strict.
    """


class NotInTinynetError(AttributeError):
    """A name of Keras or TensorFlow that tinynet does not have; the message has the reason, and what to use.

    `from tinynet.keras.layers import ...` raises the same text as an ImportError.
    """


def warn_user(message: str, category: type[Warning]) -> None:
    """A warning that is shown with the line of the user's own code, however deep inside tinynet it is noticed."""
    frame, level = inspect.currentframe(), 1
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] == "tinynet":
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
