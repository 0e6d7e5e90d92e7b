"""The version. It stands only here: pyproject.toml reads it from this file."""

__version__ = "0.1.0"
VERSION = __version__  # tf.version.VERSION
