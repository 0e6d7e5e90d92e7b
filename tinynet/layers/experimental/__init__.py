"""Where TensorFlow 2.0 to 2.5 had the preprocessing layers, which are in `tinynet.layers` now."""

from . import preprocessing

__all__ = ["preprocessing"]
