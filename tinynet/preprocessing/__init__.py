"""Keras's older way to prepare data: `keras.preprocessing.image`, `.sequence` and `.text`.

New notebooks use layers (`RandomFlip`, `TextVectorization`) and `keras.utils.image_dataset_from_directory`.
"""

from ..core.absence import explainer
from ..utils.directories import image_dataset_from_directory, text_dataset_from_directory
from ..utils.timeseries import timeseries_dataset_from_array
from . import image, sequence, text

__all__ = ["image", "image_dataset_from_directory", "sequence", "text", "text_dataset_from_directory",
           "timeseries_dataset_from_array"]

__getattr__ = explainer(__name__)
