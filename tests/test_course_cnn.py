"""The slides on convolutional networks and batch normalization, sentence by sentence.

Each test says what a slide says and lets tinynet prove it. The sizes W, K, P and S are the slides' names: width of the
input, width of the filter, padding, stride.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinynet as tn
from tinynet import layers, ops
from tinynet.models.population import estimate_population, fold
from tinynet.ops import conv_output_size
from tinynet.ops.batch_norm import batch_norm_forward
from tinynet.textbook import practicals


def images(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


# --- why not a multi-layer perceptron? --------------------------------------------------------------------------------


def test_an_mlp_grows_with_the_image_and_a_convolution_does_not():
    def parameters(layer, side):
        return tn.Sequential([tn.Input((side, side, 3)), *layer]).count_params()

    def dense(side):
        return parameters([layers.Flatten(), layers.Dense(16)], side)

    def convolution(side):
        return parameters([layers.Conv2D(16, 3)], side)

    assert dense(32) == 32 * 32 * 3 * 16 + 16 == 49_168
    assert dense(224) == 224 * 224 * 3 * 16 + 16 == 2_408_464
    assert convolution(32) == convolution(224) == 3 * 3 * 3 * 16 + 16 == 448


def test_an_mlp_does_not_see_the_spatial_structure():
    # Shuffle the pixels of all images alike, and the rows of the weights with them: an MLP notices nothing.
    x, order = images(4, 36), np.random.default_rng(1).permutation(36)
    kernel = images(36, 5, seed=2)
    np.testing.assert_allclose(ops.matmul(x[:, order], kernel[order]).numpy(), x @ kernel, rtol=1e-10, atol=1e-10)


def test_sparse_interactions():
    # One pixel of the input reaches the 3x3 outputs around it, and no other.
    x = np.zeros((1, 9, 9, 1), np.float32)
    x[0, 4, 4, 0] = 1
    y = ops.conv2d(x, np.ones((3, 3, 1, 1), np.float32), padding="same").numpy()[0, :, :, 0]
    expected = np.zeros((9, 9))
    expected[3:6, 3:6] = 1
    np.testing.assert_allclose(y, expected, atol=1e-6)


def test_parameter_sharing():
    # The same filter everywhere: an image that is the same everywhere gives a map that is.
    y = ops.conv2d(np.ones((1, 9, 9, 3)), images(5, 5, 3, 2)).numpy()
    np.testing.assert_allclose(y, np.broadcast_to(y[:, :1, :1], y.shape), rtol=1e-10)


@given(down=st.integers(0, 4), right=st.integers(0, 4), side=st.integers(1, 5), seed=st.integers(0, 99))
def test_equivariance_to_translation(down, right, side, seed):
    # conv(shift x) = shift conv(x): what moves in the image moves in the feature map.
    x, kernel = images(1, 12, 13, 2, seed=seed), images(side, side, 2, 3, seed=seed + 1)
    shifted = np.zeros_like(x)
    shifted[:, down:, right:] = x[:, : 12 - down, : 13 - right]
    y, y_shifted = ops.conv2d(x, kernel).numpy(), ops.conv2d(shifted, kernel).numpy()
    np.testing.assert_allclose(y_shifted[:, down:, right:], y[:, : y.shape[1] - down, : y.shape[2] - right], atol=1e-10)


# --- the convolution layer --------------------------------------------------------------------------------------------


def test_a_3x32x32_image_and_a_3x5x5_filter_give_a_1x28x28_map():
    # The slide writes channels first.
    image = images(1, 3, 32, 32).astype(np.float32)
    layer = layers.Conv2D(1, 5, data_format="channels_first")
    y = layer(image).numpy()
    assert y.shape == (1, 1, 28, 28)
    assert layer.kernel.shape == (5, 5, 3, 1)  # as deep as the image
    # Each number is a dot product of the filter and a 3x5x5 piece of the image, plus the bias.
    filter3x5x5 = layer.kernel.numpy()[:, :, :, 0].transpose(2, 0, 1)
    np.testing.assert_allclose(y[0, 0, 10, 20], np.sum(image[0, :, 10:15, 20:25] * filter3x5x5), rtol=1e-4, atol=1e-5)


def test_stride():
    assert conv_output_size(7, 3, stride=2, strict=True) == 3
    assert layers.Conv2D(1, 3, strides=2)(np.ones((1, 7, 7, 1))).shape == (1, 3, 3, 1)


@given(W=st.integers(1, 30), K=st.integers(1, 7), P=st.integers(0, 3), S=st.integers(1, 4))
def test_the_formula_of_the_output_size(W, K, P, S):  # noqa: N803
    if W - K + 2 * P < 0:
        with pytest.raises(ValueError, match=f"a window of {K} does not fit an input of {W}"):
            conv_output_size(W, K, S, P)
        return
    size = conv_output_size(W, K, S, P)
    assert ops.conv2d(np.ones((1, W, W, 1)), np.ones((K, K, 1, 1)), strides=S, padding=P).shape == (1, size, size, 1)
    exact = (W - K + 2 * P) / S + 1
    if exact == int(exact):
        assert conv_output_size(W, K, S, P, strict=True) == size == exact
    else:  # the slide's division must leave no rest; libraries round down
        with pytest.raises(ValueError, match="not a whole number"):
            conv_output_size(W, K, S, P, strict=True)
        assert size == int(exact)


def test_an_illegal_size_is_explained():
    with pytest.raises(ValueError, match=r"a window of 3 does not fit 7 \+ 0 zeros in steps of 3.*"
                                         r"\(W - K \+ 2P\)/S \+ 1 = \(7 - 3 \+ 0\)/3 \+ 1 = 2.333, not a whole number.*"
                                         r"Change the padding, the stride or the window"):
        conv_output_size(7, 3, stride=3, strict=True)


@pytest.mark.parametrize(("sizes", "error", "message"), [
    ((7, 0), ValueError, "kernel must be a positive int, got 0"),
    ((7, 3, 0), ValueError, "stride must be a positive int"),
    ((7, 3, 1, 0, 0), ValueError, "dilation must be"), ((-1, 3), ValueError, "size must be"),
    ((7.5, 3), TypeError, "size must be a positive int, got 7.5"), (("7", 3), TypeError, "size must be"),
])
def test_sizes_that_are_none(sizes, error, message):
    with pytest.raises(error, match=f"conv_output_size: {message}"):
        conv_output_size(*sizes)


def test_without_padding_maps_shrink_with_each_layer():
    assert conv_output_size(7, 3) == 7 - 3 + 1 == 5
    model = tn.Sequential([tn.Input((7, 7, 1)), layers.Conv2D(1, 3), layers.Conv2D(1, 3), layers.Conv2D(1, 3)])
    sides, shape = [], (None, 7, 7, 1)
    for layer in model.layers:
        shape = layer.compute_output_shape(shape)
        sides.append(shape[1])
    assert sides == [5, 3, 1]


def test_padding_keeps_the_size():
    # A 7x7 image with a border of zeros is 9x9, and a 3x3 filter gives 7x7 again.
    x, kernel = images(1, 7, 7, 1), images(3, 3, 1, 1, seed=1)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    assert padded.shape == (1, 9, 9, 1) and conv_output_size(7, 3, padding=1) == 7
    y = ops.conv2d(x, kernel, padding=1).numpy()
    assert y.shape == x.shape
    np.testing.assert_allclose(y, ops.conv2d(padded, kernel).numpy(), atol=1e-10)
    np.testing.assert_allclose(y, ops.conv2d(x, kernel, padding="same").numpy(), atol=1e-10)


# --- pooling ----------------------------------------------------------------------------------------------------------


def test_pooling_2x2_with_stride_2():
    x = np.array([[8, 7, 5, 3], [12, 9, 5, 7], [13, 2, 10, 3], [9, 4, 5, 14]], np.float32).reshape(1, 4, 4, 1)
    assert layers.MaxPooling2D(2, strides=2)(x).numpy()[0, :, :, 0].tolist() == [[12, 7], [13, 14]]
    assert layers.AveragePooling2D(2, strides=2)(x).numpy()[0, :, :, 0].tolist() == [[9, 5], [7, 8]]


# --- VGG-16 -----------------------------------------------------------------------------------------------------------


def test_vgg_16():
    model = tn.applications.VGG16(weights=None)
    convolutions = [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]
    poolings = [layer for layer in model.layers if isinstance(layer, layers.MaxPooling2D)]
    assert all((c.kernel_size, c.strides, c.padding) == ((3, 3), (1, 1), "same") for c in convolutions)
    assert all((p.pool_size, p.strides) == ((2, 2), (2, 2)) for p in poolings)
    assert [c.filters for c in convolutions] == [64] * 2 + [128] * 2 + [256] * 3 + [512] * 3 + [512] * 3
    dense = [layer for layer in model.layers if isinstance(layer, layers.Dense)]
    assert [layer.units for layer in dense] == [4096, 4096, 1000]
    assert len(convolutions) + len(dense) == 16
    assert model.count_params() == 138_357_544  # "~138M"


# --- batch normalization ----------------------------------------------------------------------------------------------


def test_batch_normalization_algorithm_1():
    # Values of x over a mini-batch, and the parameters to be learned: gamma, beta.
    x, gamma, beta, epsilon = images(6, 2) * 3 + 1, np.array([2.0, 0.5]), np.array([0.1, -1.0]), 1e-3
    m = len(x)
    mu = sum(x) / m
    variance = sum((x - mu) ** 2) / m
    x_hat = (x - mu) / np.sqrt(variance + epsilon)
    y = gamma * x_hat + beta

    reference = batch_norm_forward(x, gamma, beta, epsilon)
    operation = ops.batch_norm(x, gamma, beta, epsilon)
    for actual, expected in ((reference, (y, mu, variance)), (operation, (y, mu, variance))):
        for a, e in zip(actual, expected, strict=False):
            np.testing.assert_allclose(np.asarray(a), e, rtol=1e-10, atol=1e-12)


def test_batch_normalization_algorithm_2():
    # Freeze the network, process several mini-batches B of size m, and average:
    # E[x] = E_B[mu_B],  Var[x] = m / (m - 1) E_B[var_B]
    epsilon, m = 1e-3, 8
    model = tn.Sequential([tn.Input((2,)), layers.BatchNormalization(epsilon=epsilon)])
    layer = model.layers[0]
    gamma, beta = np.array([2.0, 0.5], np.float32), np.array([0.1, -1.0], np.float32)
    layer.gamma.assign(gamma)
    layer.beta.assign(beta)
    x = (images(40, 2) * 3 + 1).astype(np.float32)
    assert estimate_population(model, x, batch_size=m) == 5
    batches = x.reshape(5, m, 2)
    mean = batches.mean(axis=1).mean(axis=0)
    variance = m / (m - 1) * batches.var(axis=1).mean(axis=0)
    np.testing.assert_allclose(layer.moving_mean.numpy(), mean, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance.numpy(), variance, rtol=1e-5)
    # Inference: y = gamma / sqrt(Var[x] + epsilon) x + (beta - gamma E[x] / sqrt(Var[x] + epsilon))
    scale = gamma / np.sqrt(variance + epsilon)
    np.testing.assert_allclose(model(x).numpy(), scale * x + (beta - scale * mean), rtol=1e-4, atol=1e-5)


def test_the_last_line_of_algorithm_2_vanishes_into_the_convolution():
    model = tn.Sequential([tn.Input((8, 8, 3)), layers.Conv2D(4, 3, use_bias=False), layers.BatchNormalization(),
                           layers.ReLU()])
    x = (images(32, 8, 8, 3) + 1).astype(np.float32)
    estimate_population(model, x, batch_size=8)
    folded = fold(model)
    assert [type(layer).__name__ for layer in folded.layers] == ["Conv2D", "ReLU"]
    np.testing.assert_allclose(folded(x).numpy(), model(x).numpy(), rtol=1e-4, atol=1e-5)


def test_batch_normalization_as_keras_has_it():
    # moving_mean = moving_mean * momentum + mean(batch) * (1 - momentum), the variance alike, in training only;
    # (batch - moving_mean) / sqrt(moving_var + epsilon) * gamma + beta by default
    layer = layers.BatchNormalization()
    assert (layer.momentum, layer.epsilon) == (0.99, 0.001)
    x = (images(16, 3) * 2 + 5).astype(np.float32)
    layer(x)
    assert layer.moving_mean.numpy().tolist() == [0, 0, 0] and layer.moving_variance.numpy().tolist() == [1, 1, 1]
    layer(x, training=True)
    mean, variance = 0.01 * x.mean(axis=0), 0.99 + 0.01 * x.var(axis=0)
    np.testing.assert_allclose(layer.moving_mean.numpy(), mean, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance.numpy(), variance, rtol=1e-5)
    np.testing.assert_allclose(layer(x).numpy(), (x - mean) / np.sqrt(variance + 0.001), rtol=1e-4)
    assert [weight.name for weight in layer.non_trainable_weights] == ["moving_mean", "moving_variance"]


# --- the practical ----------------------------------------------------------------------------------------------------


def test_the_practical_has_maps_that_shrink_and_channels_that_rise():
    for name, sizes in (("cnn", [(14, 32), (7, 64)]), ("vgg", [(14, 32), (7, 64), (3, 128)])):
        model = practicals.MODELS[name].build()
        shape, found = model.input_shape, []
        assert shape == (None, 28, 28, 1) and model.output_shape == (None, 10)
        for layer in model.layers:
            shape = layer.compute_output_shape(shape)
            if isinstance(layer, layers.MaxPooling2D):
                found.append((shape[1], shape[3]))
        assert found == sizes
