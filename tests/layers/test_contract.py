"""What every layer must do, run over all of them: repeat from its config, know its output shape, train,
save its weights.
"""

import json

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers

# One or more typical instances of each layer: (how to make it, shape of one sample).
CASES = {
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
CASES |= {
    "ActivityRegularization": (lambda: layers.ActivityRegularization(0.01, 0.01), (6,)),
    "AveragePooling3D": (lambda: layers.AveragePooling3D(2, padding="same"), (3, 4, 5, 2)),
    "Bidirectional": (lambda: layers.Bidirectional(layers.GRU(3, return_sequences=True)), (5, 4)),
    "CenterCrop": (lambda: layers.CenterCrop(3, 4), (6, 5, 2)),
    "Conv1DTranspose": (lambda: layers.Conv1DTranspose(3, 4, strides=2, padding="same", activation="relu"), (5, 2)),
    "Conv3D": (lambda: layers.Conv3D(4, (2, 3, 2), strides=(1, 2, 1), padding="same", activation="tanh"), (3, 5, 4, 2)),
    "Conv3D channels_first": (lambda: layers.Conv3D(4, 2, groups=2, data_format="channels_first"), (2, 3, 4, 3)),
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
# In tests/layers/test_merging.py: layers of several inputs, and the functions of the same names.
MERGING = {"Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"}
NOT_INSTANCES = {"Input", "Layer", "Wrapper", "deserialize", "serialize", *MERGING, *map(str.lower, MERGING)}
# Not a function of one array of floats: tested by themselves, in test_sequences.py and test_preprocessing.py.
NOT_INSTANCES |= {"AdditiveAttention", "Attention", "CategoryEncoding", "Discretization", "Embedding", "GRUCell",
                  "Hashing", "IntegerLookup", "LSTMCell", "MultiHeadAttention", "SimpleRNNCell", "StackedRNNCells",
                  "StringLookup", "TextVectorization"}
NOT_INSTANCES |= {"WordDropout"}  # whole numbers: in tests/augment/test_embeddings.py
# Layers without weights that change images at random have a contract of their own, in test_augmentation.py.
AUGMENTATION = {name for name in layers.__all__ if isinstance(getattr(layers, name), type)
                and issubclass(getattr(layers, name), layers.ImageAugmentation | layers.Pipeline)}
NOT_INSTANCES |= AUGMENTATION

cases = pytest.mark.parametrize(("make", "shape"), CASES.values(), ids=CASES.keys())


def sample(shape, batch=8, dtype=np.float32):
    return np.random.default_rng(0).standard_normal((batch, *shape)).astype(dtype)


def test_every_layer_has_a_case():
    classes = {getattr(layers, name) for name in layers.__all__ if name not in NOT_INSTANCES}
    assert {getattr(layers, name.split(" ")[0]) for name in CASES} == classes
    classes = {getattr(layers, name).__name__ for name in set(layers.__all__) - NOT_INSTANCES}  # some have two names
    assert {name.split(" ")[0] for name in CASES} == classes


@cases
def test_config_round_trip(make, shape):
    layer = make()
    layer(sample(shape))
    twin = type(layer).from_config(layer.get_config())
    assert twin.get_config() == layer.get_config()
    twin(sample(shape))
    twin.set_weights(layer.get_weights())
    np.testing.assert_array_equal(twin(sample(shape)).numpy(), layer(sample(shape)).numpy())


@cases
def test_dict_round_trip(make, shape):
    layer = make()
    layer(sample(shape))
    plain = json.loads(json.dumps(layers.serialize(layer)))
    twin = layers.deserialize(plain)
    assert type(twin) is type(layer) and layers.serialize(twin) == layers.serialize(layer)
    twin.set_weights(layer.get_weights())  # built by the dict alone
    np.testing.assert_array_equal(twin(sample(shape)).numpy(), layer(sample(shape)).numpy())


@cases
def test_output_shape_is_known(make, shape):
    layer = make()
    assert layer.compute_output_shape((None, *shape))[1:] == layer(sample(shape)).shape[1:]
    assert layer.compute_output_shape((None, *shape))[0] is None


@cases
def test_empty_batch(make, shape):
    layer = make()
    full = layer(sample(shape))
    assert layer(sample(shape, batch=0)).shape == (0, *full.shape[1:])


@cases
def test_both_backends_agree(make, shape):
    layer = make()
    x = sample(shape)
    native = layer(x).numpy()
    with tn.backend("numpy"):
        reference = layer(x).numpy()
    np.testing.assert_allclose(native, reference, rtol=1e-5, atol=1e-6)


@cases
def test_gradient_with_respect_to_input_and_weights(make, shape):
    tn.config.set_floatx("float64")
    try:
        layer = make()
        x = tn.Variable(sample(shape, batch=3, dtype=np.float64))
        layer(x)
        weights = np.random.default_rng(1).standard_normal(layer(x).shape)
        variables = [x, *layer.trainable_variables]
        with tn.GradientTape() as tape:
            y = layer(x, training=False)
        gradients = tape.gradient(y, variables, output_gradients=weights)
        rng = np.random.default_rng(2)
        for variable, gradient in zip(variables, gradients, strict=True):
            direction, start, step = rng.standard_normal(variable.shape), variable.numpy(), 1e-6
            values = []
            for sign in (1, -1):
                variable.assign(start + sign * step * direction)
                values.append(float((layer(x, training=False).numpy() * weights).sum()))
            variable.assign(start)
            numeric = (values[0] - values[1]) / (2 * step)
            assert numeric == pytest.approx(float((gradient.numpy() * direction).sum()), rel=1e-3, abs=1e-5)
    finally:
        tn.config.set_floatx("float32")


@cases
def test_training_lowers_the_loss(make, shape):
    tn.utils.set_random_seed(0)
    layer = make()
    start = [] if isinstance(layer, layers.InputLayer) else [tn.Input(shape)]
    model = tn.Sequential([*start, layer, layers.Flatten(), layers.Dense(3)])
    model.compile(optimizer=tn.optimizers.SGD(0.05), loss="mse")
    x = sample(shape, batch=32)
    y = np.random.default_rng(1).standard_normal((32, 3)).astype(np.float32)
    before = model.evaluate(x, y, verbose=0)
    model.fit(x, y, epochs=10, verbose=0)
    assert model.evaluate(x, y, verbose=0) < before
