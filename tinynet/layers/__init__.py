"""Layers, under Keras's names."""

from .base import Layer
from .core import Activation, Identity, Input, InputLayer
from .dense import Dense
from .dropout import Dropout
from .reshaping import Flatten, Reshape

__all__ = ["Activation", "Dense", "Dropout", "Flatten", "Identity", "Input", "InputLayer", "Layer", "Reshape"]
