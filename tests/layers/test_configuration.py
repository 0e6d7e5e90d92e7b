"""Every argument of every layer is in its saved configuration: each is set off its default, one at a time.

The layers are found by walking through the modules. For an argument whose other value cannot be guessed from its
default, VALUES has one; the test of a new layer fails until it does. `tests/layers/test_contract.py` checks what the
layers compute after a round trip.
"""

import json

import pytest
from contracts import REQUIRED, arguments_of, classes_in, off_default, plain

from tinynet import layers, ops
from tinynet.layers.base import Layer

# Arguments that a class passes to the constructor of its base, and that users do not pass.
PASSED_UPWARDS = {
    "GRU": {"cell"}, "LSTM": {"cell"}, "SimpleRNN": {"cell"},
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "SeparableConv1D",
                     "SeparableConv2D"), {"rank", "kernel_initializer", "kernel_regularizer", "kernel_constraint"}),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), {
        "rank", "filters", "groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"}),
    # As in Keras, whose spatial dropout takes neither of the last two.
    **dict.fromkeys(("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"), {
        "noise_shape", "trainable", "activity_regularizer"}),
    # As in Keras: the score of additive attention is fixed, and a file has no more of these.
    "AdditiveAttention": {"score_mode"}, "Discretization": {"trainable", "activity_regularizer"},
    "Pipeline": {"trainable", "activity_regularizer", "dtype"},
    "AutoContrast": {"seed"}, "Equalization": {"seed"}, "RandomPerspective": {"fill_mode"},
    "ActivityRegularization": {"activity_regularizer"}, "InputLayer": {"activity_regularizer", "trainable"},
}
PASSED_UPWARDS["SpatialDropout1D"] = {*PASSED_UPWARDS["SpatialDropout1D"], "data_format"}
for plain_convolution in ("Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"):
    PASSED_UPWARDS[plain_convolution] = {"rank"}

# Layers that pass **kwargs to a second object: its arguments are theirs too.
SECOND = {"GRU": layers.GRUCell, "LSTM": layers.LSTMCell, "SimpleRNN": layers.SimpleRNNCell}

# Arguments of Keras that have no effect here, or are refused whenever they are not the default.
UNSAVED = {
    "autocast", "ragged", "sparse", "lora_rank", "lora_alpha", "quantization_config", "flash_attention", "renorm",
    "renorm_clipping", "renorm_momentum", "synchronized", "optional", "vocabulary_dtype", "oov_method",
    "sliding_window",
    # All in batch_shape.
    "InputLayer.input_tensor", "InputLayer.input_shape", "InputLayer.shape", "InputLayer.batch_size",
    # First values; a file has the weights themselves.
    "Embedding.weights", "Bidirectional.weights",
}

# Arguments that must be passed, and (as "with ARGUMENT") what else must be passed to set an argument.
REQUIRED_VALUES = {
    "Activation": {"activation": "tanh"}, "Bidirectional": {"layer": layers.LSTM(2)}, "Dot": {"axes": 1},
    "Augment": {"transform": "invert"}, "CategoryEncoding": {"num_tokens": 5},
    "Discretization": {"bin_boundaries": [0.0, 1.0], "with num_bins": {"bin_boundaries": None, "num_bins": 4}},
    "EinsumDense": {"equation": "ab,bc->ac", "output_shape": 3}, "Embedding": {"input_dim": 7, "output_dim": 3},
    "Hashing": {"num_bins": 7}, "InputLayer": {"batch_shape": (None, 3)},
    "Lambda": {"function": ops.tanh}, "MultiHeadAttention": {"num_heads": 2, "key_dim": 3}, "Permute": {"dims": (2, 1)},
    "Normalization": dict.fromkeys(("with mean", "with variance"), {"mean": 0.0, "variance": 1.0}),
    "Pipeline": {"layers": [layers.Dense(2)]}, "RandomPosterization": {"factor": 4},
    "RandomTranslation": {"height_factor": 0.5, "width_factor": 0.5}, "RandomZoom": {"height_factor": 0.5},
    **dict.fromkeys(("StringLookup", "TextVectorization"), {
        "with pad_to_max_tokens": {"max_tokens": 9, "output_mode": "multi_hot"},
        "with idf_weights": {"vocabulary": ["a", "b"], "output_mode": "tf_idf", "idf_weights": [2.0, 3.0]}}),
    "IntegerLookup": {
        "with salt": {"oov_method": "farmhash"},
        "with pad_to_max_tokens": {"max_tokens": 9, "output_mode": "multi_hot"},
        "with idf_weights": {"vocabulary": [3, 5], "output_mode": "tf_idf", "idf_weights": [2.0, 3.0]}},
    **dict.fromkeys(("RandomBrightness", "RandomColorDegeneration", "RandomContrast", "RandomHue", "RandomRotation",
                     "RandomSaturation", "RandomSharpness"), {"factor": 0.5}),
    "RNN": {"cell": layers.LSTMCell(2)}, "RepeatVector": {"n": 2}, "Rescaling": {"scale": 0.5},
    "Reshape": {"target_shape": (2, 3)}, "SpectralNormalization": {"layer": layers.Dense(2)},
    "StackedRNNCells": {"cells": [layers.LSTMCell(2)]}, "TimeDistributed": {"layer": layers.Dense(2)},
    "Wrapper": {"layer": layers.Dense(2)},
    **{f"{kind}Conv{rank}D{transpose}": {"filters": 4, "kernel_size": 2} for kind, rank, transpose in (
        ("", 1, ""), ("", 2, ""), ("", 3, ""), ("", 1, "Transpose"), ("", 2, "Transpose"), ("", 3, "Transpose"),
        ("Separable", 1, ""), ("Separable", 2, ""))},
    **{f"Adaptive{kind}Pooling{rank}D": {"output_size": 2} for kind in ("Average", "Max") for rank in (1, 2, 3)},
    "DepthwiseConv1D": {"kernel_size": 2}, "DepthwiseConv2D": {"kernel_size": 2},
    **dict.fromkeys(("Dense", "GRU", "GRUCell", "LSTM", "LSTMCell", "SimpleRNN", "SimpleRNNCell"), {"units": 3}),
    **dict.fromkeys(("AveragePooling1D", "AveragePooling2D"), {"pool_size": 2}),
    **dict.fromkeys(("AlphaDropout", "Dropout", "GaussianDropout", "SpatialDropout1D", "SpatialDropout2D",
                     "SpatialDropout3D"), {"rate": 0.5}),
    "GaussianNoise": {"stddev": 0.5},
    **dict.fromkeys(("CenterCrop", "RandomCrop", "Resizing"), {"height": 4, "width": 4}),
}

VALUES = {
    "name": "other", "dtype": "float64", "trainable": False, "activity_regularizer": "l2", "seed": 7,
    "data_format": "channels_first", "units": 5, "filters": 8, "activation": "relu", "padding": "same",
    "attention_axes": [1], "backward_layer": layers.LSTM(2, go_backwards=True, name="back"), "batch_shape": (None, 4),
    "bias_axes": "c", "bin_boundaries": [0.5, 2.0], "num_bins": 5, "Hashing.num_bins": 8, "brightness_factor": 0.5,
    "contrast_factor": 0.5, "saturation_factor": 0.5, "hue_factor": 0.5, "cell": layers.GRUCell(3),
    "cells": [layers.GRUCell(3), layers.LSTMCell(2)], "Cropping1D.cropping": (2, 3),
    "Cropping2D.cropping": ((1, 2), (3, 4)), "Cropping3D.cropping": ((1, 2), (3, 4), (5, 6)), "dims": (1, 2),
    "encoding": "latin-1", "equation": "ab,bd->ad", "factor": 0.25, "RandomPosterization.factor": 5,
    "fill_mode": "nearest", "Resizing.fill_mode": "reflect", "RandomErasing.fill_value": 0.5, "function": ops.relu,
    "height_factor": 0.25, "width_factor": 0.25, "idf_weights": [0.5, 1.0], "interpolation": "nearest",
    "UpSampling2D.interpolation": "bilinear", "keep": (0, 3), "kind": "token", "layer": layers.Dense(3),
    "Bidirectional.layer": layers.GRU(3), "layers": [layers.Dense(3)], "mask": ops.relu, "mask_token": "mask",
    "IntegerLookup.mask_token": 0, "Hashing.mask_value": "", "max_tokens": 9, "max_value": 2.0, "mean": 0.5,
    "variance": 2.0, "merge_mode": "sum", "method": "cutmix", "mode": "vertical", "ngrams": 2, "noise_shape": (None, 1),
    "num_tokens": 7, "oov_token": "[new]", "IntegerLookup.oov_token": -2,
    "output_mode": "multi_hot", "CategoryEncoding.output_mode": "count", "output_padding": 1, "output_size": 3,
    "output_sequence_length": 4, "EinsumDense.output_shape": 4, "MultiHeadAttention.output_shape": 4,
    "Lambda.output_shape": (3,), "arguments": {"alpha": 2}, "salt": 3, "RandomErasing.scale": (0.1, 0.2),
    "Rescaling.scale": 2.0, "score_mode": "concat", "shared_axes": [1], "UpSampling2D.size": (3, 2),
    "UpSampling3D.size": (3, 2, 1), "split": "character", "standardize": "lower",
    "target_shape": (3, 2), "transform": "gamma", "value_dim": 4, "value_range": (0.0, 1.0), "vocabulary": ["a", "b"],
    "IntegerLookup.vocabulary": [3, 5], "RandomGaussianBlur.kernel_size": 5,
    "AveragePooling1D.strides": 3, "AveragePooling2D.strides": 3, "AveragePooling3D.strides": 3,
    "MaxPooling1D.strides": 3, "MaxPooling2D.strides": 3, "MaxPooling3D.strides": 3, "ZeroPadding1D.padding": 2,
    "ZeroPadding2D.padding": (2, 3), "ZeroPadding3D.padding": (2, 3, 4),
    "recurrent_activation": "relu", "kernel_size": 3, "strides": 2, "dilation_rate": 2, "pool_size": 3, "rate": 0.25,
    **{f"{weight}_{part}": value for weight in (
        "kernel", "bias", "depthwise", "pointwise", "recurrent", "alpha", "beta", "gamma", "embeddings", "moving_mean",
        "moving_variance")
       for part, value in (("initializer", "random_normal"), ("regularizer", "l1"), ("constraint", "non_neg"))},
}


def layer_classes():
    """The layers of `layers.__all__`; bases of several layers are tested with those."""
    return [cls for cls in classes_in(layers, Layer) if cls.__name__ in layers.__all__]


def problems_of(cls):
    """What is wrong with the configuration of a layer: a list of sentences."""
    name, problems = cls.__name__, []
    required = REQUIRED_VALUES.get(name, {})
    every = {**(arguments_of(SECOND[name]) if name in SECOND else {}), **arguments_of(cls)}
    arguments = {argument: default for argument, default in every.items()
                 if argument not in PASSED_UPWARDS.get(name, ()) and argument not in UNSAVED
                 and f"{name}.{argument}" not in UNSAVED}
    base = {argument: value for argument, value in required.items() if not argument.startswith("with ")}
    for argument, default in arguments.items():
        present = base.get(argument, default)
        try:
            value = off_default(cls, argument, present, VALUES)
        except AssertionError as error:
            problems.append(str(error))
            continue
        try:
            extra = required.get(f"with {argument}", {})
            layer = cls(**{**base, **extra, argument: value})
            usual = plain(cls(**{**base, **extra}).get_config())
            config = plain(layer.get_config())
            if argument not in config:
                problems.append(f"get_config() does not hold {argument!r}")
            elif config[argument] == usual.get(argument, REQUIRED):
                problems.append(f"get_config() holds {argument}={config[argument]!r}, it was made with {value!r}")
            saved = json.loads(json.dumps(layers.serialize(layer)))
            for copy in (cls.from_config(layer.get_config()), layers.deserialize(saved)):
                if plain(copy.get_config()) != config:
                    problems.append(f"a copy has another configuration than the layer with {argument}={value!r}")
        except Exception as error:
            problems.append(f"{argument}={value!r}: {type(error).__name__}: {error}")
    return problems


@pytest.mark.parametrize("cls", layer_classes(), ids=lambda cls: cls.__name__)
def test_every_argument_is_saved(cls):
    problems = problems_of(cls)
    assert not problems, "\n".join([f"{cls.__name__}:", *problems])


def test_a_layer_of_ones_own_has_all_its_arguments_in_its_configuration():
    """Without a get_config: by position, by name, keyword-only, and their defaults."""
    class Own(layers.Layer):
        def __init__(self, units, rate=0.5, *, flag=True, **kwargs):
            super().__init__(**kwargs)
            self.given = units, rate, flag

    for layer, given in ((Own(3), (3, 0.5, True)), (Own(3, 0.25, flag=False, name="own"), (3, 0.25, False)),
                         (Own(rate=0.75, units=4), (4, 0.75, True))):
        config = layer.get_config()
        assert tuple(config[key] for key in ("units", "rate", "flag")) == given and config["name"] == layer.name
        assert Own.from_config(config).given == given
