"""How each layer is made, and what it is called on: typical instances of every layer, for tests that all must pass.

A new layer gets an entry in one of the tables here; `test_every_layer_has_a_case` fails without.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
from augmentation_layers import EVERY

import tinynet as tn
from tinynet import layers


@dataclasses.dataclass
class Whole:
    """An input of whole numbers from 0 to below `below`."""

    shape: tuple
    below: int


@dataclasses.dataclass
class Words:
    """An input of text."""

    shape: tuple


@dataclasses.dataclass
class Case:
    """How a layer is made, what it is called on, and how.

    Args:
        make: Function without arguments that returns the layer.
        inputs: Shape of a sample of floats, or `Whole`, or `Words`; or a nested list of these.
        call: (layer, inputs, **kwargs) -> outputs.
        output_shape: (layer, shapes) -> the shape of the (first) output.
        has_gradient: Whether floats go in and out, so that it can be trained and have layers before it.
        several_outputs: Whether the layer returns a list, of which the first is looked at.
    """

    make: Callable
    inputs: object
    call: Callable = lambda layer, inputs, **kwargs: layer(inputs, **kwargs)
    output_shape: Callable = lambda layer, shapes: layer.compute_output_shape(shapes)
    has_gradient: bool = True
    several_outputs: bool = False

    def __call__(self, layer, inputs, **kwargs):
        """The (first) output."""
        outputs = self.call(layer, inputs, **kwargs)
        while isinstance(outputs, list | tuple):
            outputs = outputs[0]
        return outputs

    def arrays(self, batch=8, dtype=np.float32):
        """A batch of random inputs."""
        count = iter(range(100))

        def one(spec):
            if isinstance(spec, list):
                return [one(part) for part in spec]
            rng = np.random.default_rng(next(count))
            if isinstance(spec, Whole):
                return rng.integers(0, spec.below, (batch, *spec.shape))
            if isinstance(spec, Words):
                return np.array(["a", "b", "a c", "d a"])[rng.integers(0, 4, (batch, *spec.shape))]
            return rng.standard_normal((batch, *spec)).astype(dtype)

        return one(self.inputs)

    def map(self, function, spec=None):
        """`function` of each entry of `inputs`, in the same structure."""
        spec = self.inputs if spec is None else spec
        return [self.map(function, part) for part in spec] if isinstance(spec, list) else function(spec)

    def shapes(self):
        """The shapes of the inputs, None for the batch axis."""
        return self.map(lambda spec: (None, *getattr(spec, "shape", spec)))

    def symbols(self):
        """KerasTensors for the inputs."""
        return self.map(lambda spec: tn.Input(getattr(spec, "shape", spec),
                                              dtype="int32" if isinstance(spec, Whole) else None))


def separately(layer, inputs, **kwargs):
    """The inputs as arguments of their own."""
    return layer(*inputs, **kwargs)


def of_separate_shapes(layer, shapes):
    return layer.compute_output_shape(*shapes)


def cell_shape(layer, shapes):
    return layer.compute_output_shape(shapes[0])[0]


def cell(make, units, states):
    """A case of a cell: a step of an input of 3 features, and its states."""
    return Case(make, [(3,), [(units,)] * states], separately, cell_shape)


def adapted(layer, *data):
    layer.adapt(*data)
    return layer


# One or more typical instances of each layer that has one input of floats: (how to make it, shape of one sample).
SINGLE = {
    "Activation": (lambda: layers.Activation("tanh"), (6,)),
    "Conv1D": (lambda: layers.Conv1D(3, 4, strides=2, padding="causal", activation="relu"), (9, 2)),
    "Conv1D dilated": (lambda: layers.Conv1D(4, 3, dilation_rate=2, groups=2, padding="same", activation="tanh"),
                       (9, 2)),
    "Conv2D": (lambda: layers.Conv2D(4, 3, activation="relu", kernel_regularizer="l2"), (7, 6, 2)),
    "Conv2D strided": (lambda: layers.Conv2D(4, (3, 2), strides=2, padding="same", groups=2, use_bias=False,
                                             activation="gelu"), (7, 6, 2)),
    "Conv2D padded": (lambda: layers.Conv2D(2, 3, padding=2, dilation_rate=2), (7, 6, 1)),
    "Conv2D channels_first": (lambda: layers.Conv2D(4, 3, data_format="channels_first"), (2, 7, 6)),
    "Conv2DTranspose": (lambda: layers.Conv2DTranspose(3, 3, strides=2, padding="same", activation="relu"), (4, 5, 2)),
    "Conv2DTranspose padded": (lambda: layers.Conv2DTranspose(3, (2, 3), strides=2, output_padding=1), (4, 5, 2)),
    "DepthwiseConv2D": (lambda: layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same", activation="relu"),
                        (6, 5, 3)),
    "SeparableConv2D": (lambda: layers.SeparableConv2D(4, 3, strides=2, depth_multiplier=2), (7, 6, 3)),
    "AveragePooling1D": (lambda: layers.AveragePooling1D(3, strides=2, padding="same"), (8, 3)),
    "AveragePooling2D": (lambda: layers.AveragePooling2D(2), (6, 5, 3)),
    "Cropping1D": (lambda: layers.Cropping1D((1, 2)), (8, 3)),
    "Cropping2D": (lambda: layers.Cropping2D(((1, 0), (0, 2))), (5, 6, 3)),
    "Dense": (lambda: layers.Dense(4, activation="relu", kernel_regularizer="l2"), (6,)),
    "Dense on sequences": (lambda: layers.Dense(4, use_bias=False, activation="gelu"), (5, 6)),
    "Dropout": (lambda: layers.Dropout(0.4, seed=3), (6,)),
    "Flatten": (lambda: layers.Flatten(), (3, 4, 2)),
    "GlobalAveragePooling1D": (lambda: layers.GlobalAveragePooling1D(), (5, 6)),
    "GlobalAveragePooling2D": (lambda: layers.GlobalAveragePooling2D(keepdims=True), (3, 4, 6)),
    "GlobalMaxPooling1D": (lambda: layers.GlobalMaxPooling1D(), (5, 6)),
    "GlobalMaxPooling2D": (lambda: layers.GlobalMaxPooling2D(data_format="channels_first"), (6, 3, 4)),
    "Identity": (lambda: layers.Identity(), (6,)),
    "InputLayer": (lambda: layers.InputLayer(shape=(6,)), (6,)),
    "MaxPooling1D": (lambda: layers.MaxPooling1D(), (8, 3)),
    "MaxPooling2D": (lambda: layers.MaxPooling2D(), (6, 5, 3)),
    "MaxPooling2D overlapping": (lambda: layers.MaxPooling2D(3, 2, "same"), (4, 4, 3)),
    "Reshape": (lambda: layers.Reshape((3, -1)), (6,)),
    "ELU": (lambda: layers.ELU(0.7), (6,)),
    "LeakyReLU": (lambda: layers.LeakyReLU(0.1), (6,)),
    "PReLU": (lambda: layers.PReLU("uniform", alpha_regularizer="l2", shared_axes=[1]), (5, 6)),
    "ReLU": (lambda: layers.ReLU(max_value=1.5, negative_slope=0.1, threshold=0.1), (6,)),
    "Softmax": (lambda: layers.Softmax(), (6,)),
    "Softmax over two axes": (lambda: layers.Softmax([1, 2]), (3, 4)),
    "AlphaDropout": (lambda: layers.AlphaDropout(0.2, seed=3), (6,)),
    "GaussianDropout": (lambda: layers.GaussianDropout(0.2, seed=3), (6,)),
    "GaussianNoise": (lambda: layers.GaussianNoise(0.2, seed=3), (6,)),
    "SpatialDropout1D": (lambda: layers.SpatialDropout1D(0.3, seed=3), (5, 6)),
    "SpatialDropout2D": (lambda: layers.SpatialDropout2D(0.3, seed=3), (4, 4, 6)),
    "SpatialDropout3D": (lambda: layers.SpatialDropout3D(0.3, seed=3), (3, 2, 2, 6)),
    "BatchNormalization": (lambda: layers.BatchNormalization(momentum=0.8, gamma_regularizer="l2"), (6,)),
    "BatchNormalization of images": (lambda: layers.BatchNormalization(axis=1, momentum=0.8, scale=False), (3, 4, 4)),
    "GroupNormalization": (lambda: layers.GroupNormalization(2), (3, 3, 6)),
    "LayerNormalization": (lambda: layers.LayerNormalization(), (6,)),
    "LayerNormalization of two axes": (lambda: layers.LayerNormalization([1, 2], center=False), (4, 6)),
    "RMSNormalization": (lambda: layers.RMSNormalization(), (5, 6)),
    "UnitNormalization": (lambda: layers.UnitNormalization(), (6,)),
    "UpSampling1D": (lambda: layers.UpSampling1D(3), (4, 3)),
    "UpSampling2D": (lambda: layers.UpSampling2D((2, 3), interpolation="bilinear"), (3, 4, 2)),
    "ZeroPadding1D": (lambda: layers.ZeroPadding1D(2), (4, 3)),
    "ZeroPadding2D": (lambda: layers.ZeroPadding2D(((1, 0), (2, 3))), (3, 4, 2)),
}
SINGLE |= {
    "ActivityRegularization": (lambda: layers.ActivityRegularization(0.01, 0.01), (6,)),
    "AdaptiveAveragePooling1D": (lambda: layers.AdaptiveAveragePooling1D(3), (7, 2)),
    "AdaptiveAveragePooling2D": (lambda: layers.AdaptiveAveragePooling2D((2, 4)), (5, 6, 2)),
    "AdaptiveAveragePooling3D": (lambda: layers.AdaptiveAveragePooling3D(2), (3, 5, 4, 2)),
    "AdaptiveMaxPooling1D": (lambda: layers.AdaptiveMaxPooling1D(3, data_format="channels_first"), (2, 7)),
    "AdaptiveMaxPooling2D": (lambda: layers.AdaptiveMaxPooling2D(3), (5, 6, 2)),
    "AdaptiveMaxPooling3D": (lambda: layers.AdaptiveMaxPooling3D((1, 2, 3)), (3, 5, 4, 2)),
    "AveragePooling3D": (lambda: layers.AveragePooling3D(2, padding="same"), (3, 4, 5, 2)),
    "Bidirectional": (lambda: layers.Bidirectional(layers.GRU(3, return_sequences=True)), (5, 4)),
    "CenterCrop": (lambda: layers.CenterCrop(3, 4), (6, 5, 2)),
    "Conv1DTranspose": (lambda: layers.Conv1DTranspose(3, 4, strides=2, padding="same", activation="relu"), (5, 2)),
    "Conv3D": (lambda: layers.Conv3D(4, (2, 3, 2), strides=(1, 2, 1), padding="same", activation="tanh"), (3, 5, 4, 2)),
    "Conv3D channels_first": (lambda: layers.Conv3D(4, 2, groups=2, data_format="channels_first"), (2, 3, 4, 3)),
    "Conv3DTranspose": (lambda: layers.Conv3DTranspose(3, (2, 3, 2), strides=(2, 1, 2), padding="same",
                                                       activation="relu"), (2, 3, 4, 2)),
    "Conv3DTranspose padded": (lambda: layers.Conv3DTranspose(2, 2, strides=3, output_padding=1,
                                                              data_format="channels_first"), (2, 2, 3, 2)),
    "Cropping3D": (lambda: layers.Cropping3D(((1, 0), (0, 1), (1, 1))), (4, 3, 4, 2)),
    "DepthwiseConv1D": (lambda: layers.DepthwiseConv1D(3, depth_multiplier=2, strides=2), (7, 3)),
    "EmbeddingCutout": (lambda: layers.EmbeddingCutout(0.3, seed=3), (5, 6)),
    "EmbeddingMixup": (lambda: layers.EmbeddingMixup(0.2, seed=3), (5, 6)),
    "EinsumDense": (lambda: layers.EinsumDense("abc,cd->abd", (None, 4), "relu", "d"), (5, 3)),
    "GRU": (lambda: layers.GRU(4, return_sequences=True, dropout=0.1, recurrent_dropout=0.1, seed=1), (5, 3)),
    "GRU reset before": (lambda: layers.GRU(4, reset_after=False), (5, 3)),
    "GlobalAveragePooling3D": (lambda: layers.GlobalAveragePooling3D(), (3, 2, 4, 6)),
    "GlobalMaxPooling3D": (lambda: layers.GlobalMaxPooling3D(keepdims=True), (3, 2, 4, 6)),
    "LSTM": (lambda: layers.LSTM(4, kernel_regularizer="l2"), (5, 3)),
    "LSTM of other activations": (lambda: layers.LSTM(4, "softsign", "softsign", go_backwards=True), (5, 3)),
    "Lambda": (lambda: layers.Lambda(tn.ops.tanh), (6,)),
    "Masking": (lambda: layers.Masking(), (5, 3)),
    "MaxPooling3D": (lambda: layers.MaxPooling3D(2, strides=1), (3, 4, 3, 2)),
    "Normalization": (lambda: layers.Normalization(mean=0.5, variance=2.0), (6,)),
    "Permute": (lambda: layers.Permute((2, 1)), (5, 3)),
    "RNN": (lambda: layers.RNN([layers.LSTMCell(4), layers.GRUCell(3)], return_sequences=True), (5, 3)),
    "RepeatVector": (lambda: layers.RepeatVector(3), (6,)),
    "Rescaling": (lambda: layers.Rescaling(0.5, 1.0), (6,)),
    "Resizing": (lambda: layers.Resizing(4, 5, antialias=True), (6, 7, 2)),
    "SeparableConv1D": (lambda: layers.SeparableConv1D(4, 3, depth_multiplier=2, padding="same"), (7, 3)),
    "SimpleRNN": (lambda: layers.SimpleRNN(4, return_sequences=True), (5, 3)),
    "SpectralNormalization": (lambda: layers.SpectralNormalization(layers.Dense(4)), (6,)),
    "TimeDistributed": (lambda: layers.TimeDistributed(layers.Dense(4, activation="tanh")), (5, 3)),
    "UpSampling3D": (lambda: layers.UpSampling3D((1, 2, 2)), (3, 2, 2, 2)),
    "ZeroPadding3D": (lambda: layers.ZeroPadding3D(1), (3, 2, 2, 2)),
}

CASES = {name: Case(make, shape) for name, (make, shape) in SINGLE.items()}
SEQUENCES = [(5, 4), (5, 4)]
CASES |= {
    "AdditiveAttention": Case(lambda: layers.AdditiveAttention(), [(3, 4), (5, 4)]),
    "Attention": Case(lambda: layers.Attention(use_scale=True), [(3, 4), (5, 2), (5, 4)]),
    "Attention by sums": Case(lambda: layers.Attention(score_mode="concat", use_scale=True), SEQUENCES),
    "MultiHeadAttention": Case(lambda: layers.MultiHeadAttention(2, 3, kernel_regularizer="l2"), SEQUENCES, separately,
                               of_separate_shapes),
    "MultiHeadAttention of three": Case(
        lambda: layers.MultiHeadAttention(3, 2, value_dim=4, output_shape=6, use_gate=True, use_bias=False),
        [(3, 4), (5, 2), (5, 3)], separately, of_separate_shapes),
    "GRUCell": cell(lambda: layers.GRUCell(4, bias_initializer="uniform"), 4, 1),
    "GRUCell reset before": cell(lambda: layers.GRUCell(4, reset_after=False), 4, 1),
    "LSTMCell": cell(lambda: layers.LSTMCell(4, kernel_regularizer="l2", recurrent_constraint="max_norm"), 4, 2),
    "LSTMCell of other activations": cell(lambda: layers.LSTMCell(4, "softsign", "softsign"), 4, 2),
    "SimpleRNNCell": cell(lambda: layers.SimpleRNNCell(4, use_bias=False), 4, 1),
    "StackedRNNCells": Case(lambda: layers.StackedRNNCells([layers.LSTMCell(4), layers.GRUCell(2)]),
                            [(3,), [[(4,), (4,)], [(2,)]]], separately, cell_shape),
    "RNN with states": Case(lambda: layers.RNN(layers.SimpleRNNCell(4), return_state=True), (5, 3),
                            output_shape=lambda layer, shapes: layer.compute_output_shape(shapes)[0],
                            several_outputs=True),
    "LSTM backwards": Case(lambda: layers.LSTM(4, go_backwards=True, return_sequences=True, unroll=True), (5, 3)),
    "Bidirectional sum": Case(lambda: layers.Bidirectional(layers.LSTM(3), merge_mode="sum"), (5, 4)),
    "TimeDistributed images": Case(lambda: layers.TimeDistributed(layers.Conv2D(2, 2)), (3, 4, 4, 1)),
    "Add": Case(lambda: layers.Add(), [(5, 4), (5, 4), (1, 4)]),
    "Average": Case(lambda: layers.Average(), SEQUENCES),
    "Concatenate": Case(lambda: layers.Concatenate(axis=1), [(5, 4), (2, 4)]),
    "Dot": Case(lambda: layers.Dot(axes=(2, 1), normalize=True), [(5, 4), (4, 3)]),
    "Maximum": Case(lambda: layers.Maximum(), SEQUENCES),
    "Minimum": Case(lambda: layers.Minimum(), SEQUENCES),
    "Multiply": Case(lambda: layers.Multiply(), SEQUENCES),
    "Subtract": Case(lambda: layers.Subtract(), SEQUENCES),
    "Embedding": Case(lambda: layers.Embedding(10, 4, embeddings_regularizer="l2", mask_zero=True), Whole((5,), 10)),
    "CategoryEncoding": Case(lambda: layers.CategoryEncoding(4, "count"), Whole((3,), 4), has_gradient=False),
    "CategoryEncoding one_hot": Case(lambda: layers.CategoryEncoding(4, "one_hot"), Whole((1,), 4),
                                     has_gradient=False),
    "Discretization": Case(lambda: layers.Discretization([-0.5, 0.0, 0.5]), (3,), has_gradient=False),
    "Discretization one_hot": Case(lambda: layers.Discretization([0.0, 0.5], output_mode="one_hot"), (1,),
                                   has_gradient=False),
    "Hashing": Case(lambda: layers.Hashing(7, salt=3), Whole((3,), 100), has_gradient=False),
    "Hashing multi_hot": Case(lambda: layers.Hashing(7, output_mode="multi_hot"), Words((3,)), has_gradient=False),
    "IntegerLookup": Case(lambda: layers.IntegerLookup(vocabulary=[5, 3, 1]), Whole((3,), 7), has_gradient=False),
    "StringLookup": Case(lambda: layers.StringLookup(vocabulary=["a", "b"], mask_token=""), Words((2,)),
                         has_gradient=False),
    "StringLookup tf_idf": Case(lambda: adapted(layers.StringLookup(output_mode="tf_idf"), [["a", "b"], ["a", "d"]]),
                                Words((2,)), has_gradient=False),
    "TextVectorization": Case(lambda: adapted(layers.TextVectorization(output_sequence_length=3), ["a b", "a c a"]),
                              Words(()), has_gradient=False),
    "TextVectorization count": Case(lambda: adapted(layers.TextVectorization(output_mode="count"), ["a b", "a c a"]),
                                    Words((1,)), has_gradient=False),
    "WordDropout": Case(lambda: layers.WordDropout(0.5, seed=3), Whole((5,), 10), has_gradient=False),
    "Pipeline": Case(lambda: layers.Pipeline([layers.RandomFlip(seed=1), layers.RandomZoom(0.1, seed=2)]), (7, 6, 3),
                     has_gradient=False),
}
# Layers that change images at random while training. Their own contract is in test_augmentation.py; here they are
# called as in prediction, when they change nothing (RandomCrop takes the middle, AutoContrast works always).
CASES |= {name: Case(make, (12, 9, 3), has_gradient=False) for name, make in EVERY.items()}


def model_around(case):
    """A model of the layer and a dense one."""
    layer = case.make()
    if isinstance(case.inputs, list) or case.several_outputs:
        inputs = case.symbols()
        y = layers.Dense(3)(layers.Flatten()(case(layer, inputs)))
        return tn.Model(tn.core.nest.flatten(inputs), y)
    start = [] if isinstance(layer, layers.InputLayer) else [case.symbols()]
    return tn.Sequential([*start, layer, layers.Flatten(), layers.Dense(3)])
