"""The name of the module with `to_categorical` until Keras 2.13: `from tinynet.keras.utils import np_utils`."""

from .numerical import normalize, to_categorical

__all__ = ["normalize", "to_categorical"]
