"""ResNet-50 under Keras's older name for its module; `resnet.py` has the network."""

from ..core.absence import import_explainer
from .resnet import ResNet50, decode_predictions, preprocess_input

__all__ = ["ResNet50", "decode_predictions", "preprocess_input"]

__getattr__ = import_explainer(__name__)
