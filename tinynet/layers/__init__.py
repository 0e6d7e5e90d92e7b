"""Layers, under Keras's names."""

from .activations import ELU, LeakyReLU, PReLU, ReLU, Softmax
from .base import Layer
from .convolution import (
    Conv1D, Conv2D, Conv2DTranspose, Convolution1D, Convolution2D, Convolution2DTranspose, DepthwiseConv2D, SeparableConv2D,
    SeparableConvolution2D,
)
from .core import Activation, Identity, Input, InputLayer
from .dense import Dense
from .dropout import Dropout
from .noise import AlphaDropout, GaussianDropout, GaussianNoise, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from .normalization import (
    BatchNormalization, GroupNormalization, LayerNormalization, RMSNormalization, UnitNormalization,
)
from .reshaping import Flatten, Reshape

__all__ = [
    "Activation", "Conv1D", "Conv2D", "Conv2DTranspose", "Convolution1D", "Convolution2D", "Convolution2DTranspose", "Dense",
    "DepthwiseConv2D", "Dropout", "Flatten", "Identity", "Input", "InputLayer", "Layer", "Reshape", "SeparableConv2D",
    "SeparableConvolution2D",
    "ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax",
    "AlphaDropout", "GaussianDropout", "GaussianNoise", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D",
    "BatchNormalization", "GroupNormalization", "LayerNormalization", "RMSNormalization", "UnitNormalization",
]
