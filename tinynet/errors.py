"""tinynet's own exceptions. Each is also a built-in one, so that `except ValueError` catches it."""


class DataError(ValueError):
    """A data file that is broken, hostile, or not what its name says; the message names the file and the fault."""


class DatasetNotFoundError(DataError, FileNotFoundError):
    """A data set that is nowhere to be had; the message lists what was tried and what helps."""

    def __str__(self):  # OSError would print an errno
        return str(self.args[0]) if self.args else ""


class ModelFileError(ValueError):
    """A saved model that is broken, hostile, or from a newer version; the message says where."""
