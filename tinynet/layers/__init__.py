"""Layers, under Keras's names."""

import importlib
from typing import TYPE_CHECKING, Any

from ..core.absence import explainer
from .activations import ELU, LeakyReLU, PReLU, ReLU, Softmax
from .attention import AdditiveAttention, Attention, MultiHeadAttention
from .augmentation import ImageAugmentation, Pipeline
from .base import Layer
from .convolution import Conv1D, Conv2D, Convolution1D, Convolution2D
from .convolution_depthwise import (
    DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D, SeparableConv2D, SeparableConvolution1D, SeparableConvolution2D,
)
from .convolution_transposed import (
    Conv1DTranspose, Conv2DTranspose, Conv3DTranspose, Convolution1DTranspose, Convolution2DTranspose,
    Convolution3DTranspose,
)
from .core import Activation, Identity, Input, InputLayer
from .dense import Dense
from .dropout import Dropout
from .einsum_dense import EinsumDense
from .embedding import Embedding, Masking
from .encoding import CategoryEncoding, Discretization
from .function import ActivityRegularization, Lambda
from .hashing import Hashing
from .input_spec import InputSpec
from .lookup import deserialize, serialize
from .merging import (
    Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract, add, average, concatenate, dot, maximum,
    minimum, multiply, subtract,
)
from .noise import AlphaDropout, GaussianDropout, GaussianNoise, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from .normalization import (
    BatchNormalization, GroupNormalization, LayerNormalization, RMSNormalization, UnitNormalization,
)
from .pooling import (
    AveragePooling1D, AveragePooling2D, AvgPool1D, AvgPool2D, GlobalAveragePooling1D, GlobalAveragePooling2D,
    GlobalAvgPool1D, GlobalAvgPool2D, GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPooling1D, GlobalMaxPooling2D,
    MaxPool1D, MaxPool2D, MaxPooling1D, MaxPooling2D,
)
from .pooling_adaptive import (
    AdaptiveAveragePooling1D, AdaptiveAveragePooling2D, AdaptiveAveragePooling3D, AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D, AdaptiveMaxPooling3D,
)
from .preprocessing import Normalization, Rescaling
from .preprocessing_images import CenterCrop, Resizing
from .recurrent import GRU, LSTM, RNN, SimpleRNN
from .recurrent_cells import GRUCell, LSTMCell, SimpleRNNCell
from .recurrent_stack import StackedRNNCells
from .reshaping import Flatten, Permute, RepeatVector, Reshape
from .resizing import Cropping1D, Cropping2D, UpSampling1D, UpSampling2D, ZeroPadding1D, ZeroPadding2D
from .text import TextVectorization
from .vocabulary import IntegerLookup, StringLookup
from .volumes import (
    AveragePooling3D, AvgPool3D, Conv3D, Convolution3D, Cropping3D, GlobalAveragePooling3D, GlobalAvgPool3D,
    GlobalMaxPool3D, GlobalMaxPooling3D, MaxPool3D, MaxPooling3D, UpSampling3D, ZeroPadding3D,
)
from .wrappers import Bidirectional, SpectralNormalization, TimeDistributed, Wrapper

if TYPE_CHECKING:
    from .augmentation_color import (
        RandomBrightness, RandomColorDegeneration, RandomColorJitter, RandomContrast, RandomGrayscale, RandomHue,
        RandomSaturation,
    )
    from .augmentation_crops import RandomCrop, RandomFlip
    from .augmentation_filters import RandomErasing, RandomGaussianBlur, RandomSharpness
    from .augmentation_geometry import (
        RandomElasticTransform, RandomPerspective, RandomRotation, RandomShear, RandomTranslation, RandomZoom,
    )
    from .augmentation_mixing import AugMix, CutMix, MixUp, Mixing, RandAugment
    from .augmentation_own import Augment, Cutout, PatchShuffle
    from .augmentation_text import EmbeddingCutout, EmbeddingMixup, WordDropout
    from .augmentation_tones import AutoContrast, Equalization, RandomInvert, RandomPosterization, Solarization

__all__ = [
    "Activation", "ActivityRegularization", "AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D", "AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D",
    "Add", "AdditiveAttention", "AlphaDropout", "Attention", "AugMix",
    "Augment", "AutoContrast", "Average", "AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "AvgPool1D",
    "AvgPool2D", "AvgPool3D", "BatchNormalization", "Bidirectional", "CategoryEncoding", "CenterCrop", "Concatenate",
    "Conv1D", "Conv1DTranspose", "Conv2D", "Conv2DTranspose", "Conv3D", "Conv3DTranspose",
    "Convolution1D", "Convolution1DTranspose",
    "Convolution2D", "Convolution2DTranspose", "Convolution3D", "Convolution3DTranspose",
    "Cropping1D", "Cropping2D", "Cropping3D", "CutMix",
    "Cutout", "Dense", "DepthwiseConv1D", "DepthwiseConv2D", "Discretization", "Dot", "Dropout", "ELU", "EinsumDense",
    "Embedding", "EmbeddingCutout", "EmbeddingMixup", "Equalization", "Flatten", "GRU", "GRUCell", "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D", "GlobalAvgPool1D",
    "GlobalAvgPool2D", "GlobalAvgPool3D", "GlobalMaxPool1D", "GlobalMaxPool2D", "GlobalMaxPool3D",
    "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D", "GroupNormalization", "Hashing", "Identity",
    "ImageAugmentation", "Input", "InputLayer", "InputSpec", "IntegerLookup",
    "LSTM", "LSTMCell", "Lambda", "Layer",
    "LayerNormalization", "LeakyReLU", "Masking", "MaxPool1D", "MaxPool2D", "MaxPool3D", "MaxPooling1D",
    "MaxPooling2D", "MaxPooling3D", "Maximum", "Minimum", "MixUp", "Mixing", "MultiHeadAttention", "Multiply",
    "Normalization", "PReLU", "PatchShuffle", "Permute", "Pipeline", "RMSNormalization", "RNN", "RandAugment",
    "RandomBrightness", "RandomColorDegeneration", "RandomColorJitter", "RandomContrast", "RandomCrop",
    "RandomElasticTransform", "RandomErasing", "RandomFlip", "RandomGaussianBlur", "RandomGrayscale", "RandomHue",
    "RandomInvert", "RandomPerspective", "RandomPosterization", "RandomRotation", "RandomSaturation",
    "RandomSharpness", "RandomShear", "RandomTranslation", "RandomZoom", "ReLU", "RepeatVector", "Rescaling",
    "Reshape", "Resizing", "SeparableConv1D", "SeparableConv2D", "SeparableConvolution1D", "SeparableConvolution2D",
    "SimpleRNN", "SimpleRNNCell", "Softmax", "Solarization", "SpatialDropout1D", "SpatialDropout2D",
    "SpatialDropout3D", "SpectralNormalization", "StackedRNNCells", "StringLookup", "Subtract", "TextVectorization",
    "TimeDistributed", "UnitNormalization", "UpSampling1D", "UpSampling2D", "UpSampling3D", "Wrapper",
    "WordDropout",
    "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D", "add", "average", "concatenate", "deserialize", "dot",
    "maximum", "minimum", "multiply", "serialize", "subtract",
]

# Augmentation, by module: loaded when it is asked for, since it takes a sixth of the time of `import tinynet`.
_LATER = {
    "augmentation_color": "RandomBrightness RandomColorDegeneration RandomColorJitter "
        "RandomContrast RandomGrayscale RandomHue RandomSaturation",
    "augmentation_crops": "RandomCrop RandomFlip",
    "augmentation_filters": "RandomErasing RandomGaussianBlur RandomSharpness",
    "augmentation_geometry": "RandomElasticTransform RandomPerspective RandomRotation "
        "RandomShear RandomTranslation RandomZoom",
    "augmentation_mixing": "AugMix CutMix MixUp Mixing RandAugment",
    "augmentation_own": "Augment Cutout PatchShuffle",
    "augmentation_text": "EmbeddingCutout EmbeddingMixup WordDropout",
    "augmentation_tones": "AutoContrast Equalization RandomInvert RandomPosterization Solarization",
}
_module_of = {name: module for module, names in _LATER.items() for name in names.split()}
_explain = explainer(__name__)


def __getattr__(name: str) -> Any:
    if name not in _module_of:
        return _explain(name)
    found = globals()[name] = getattr(importlib.import_module(f"{__name__}.{_module_of[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
