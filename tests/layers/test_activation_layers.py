"""Activations as layers."""

import numpy as np
import pytest
from checks import assert_gradient

import tinynet as tn
from tinynet import layers, ops

X = np.array([[-2.0, -0.5, 0.0, 0.5, 7.0]], np.float32)


def test_relu():
    np.testing.assert_array_equal(layers.ReLU()(X).numpy(), [[0, 0, 0, 0.5, 7]])
    np.testing.assert_array_equal(layers.ReLU(6.0)(X).numpy(), [[0, 0, 0, 0.5, 6]])
    np.testing.assert_array_equal(
        layers.ReLU(max_value=6, negative_slope=0.5, threshold=1)(X).numpy(), [[-1.5, -0.75, -0.5, -0.25, 6]]
    )
    for arguments in ({"max_value": -1}, {"negative_slope": -0.1}, {"threshold": -1}, {"negative_slope": None}):
        with pytest.raises(ValueError, match=f"{next(iter(arguments))} must be a number of at least 0"):
            layers.ReLU(**arguments)


def test_leaky_relu():
    np.testing.assert_allclose(layers.LeakyReLU()(X).numpy(), [[-0.6, -0.15, 0, 0.5, 7]], rtol=1e-6)
    with pytest.warns(DeprecationWarning, match="negative_slope since Keras 3"):
        layer = layers.LeakyReLU(alpha=0.5)
    assert layer.get_config()["negative_slope"] == 0.5
    np.testing.assert_array_equal(layer(X).numpy(), [[-1, -0.25, 0, 0.5, 7]])
    with pytest.raises(ValueError, match="negative_slope must be"):
        layers.LeakyReLU(-1)


def test_elu():
    np.testing.assert_allclose(layers.ELU(2.0)(X).numpy(), np.where(X > 0, X, 2 * np.expm1(X)), rtol=1e-6)


def test_prelu():
    layer = layers.PReLU()
    np.testing.assert_array_equal(layer(X).numpy(), np.maximum(X, 0))
    assert layer.alpha.shape == (5,)
    layer.alpha.assign([0.1, 0.2, 0.3, 0.4, 0.5])
    np.testing.assert_allclose(layer(X).numpy(), np.where(X > 0, X, X * layer.alpha.numpy()), rtol=1e-6)
    images = np.random.default_rng(0).standard_normal((3, 4, 5, 2))
    shared = layers.PReLU("ones", shared_axes=[1, 2], dtype="float64")
    np.testing.assert_array_equal(shared(images).numpy(), images)
    assert shared.alpha.shape == (1, 1, 2)

    def call(x, alpha):
        return ops.relu(x) - alpha * ops.relu(-x)

    assert_gradient(call, images, np.full((1, 1, 2), 0.3))
    assert layers.PReLU(shared_axes=1)(X).shape == X.shape
    with pytest.raises(ValueError, match="shared axis 0"):
        layers.PReLU(shared_axes=[0])(X)
    with pytest.raises(ValueError, match="must be known"):
        layers.PReLU().build((None, None, 3))


@pytest.mark.parametrize("shape", [(2, 6, 6, 3), (2, 6, 4)])
def test_prelu_says_what_it_was_built_for(shape):
    layer = layers.PReLU(shared_axes=[1, 2])
    layer(np.ones((2, 6, 6, 4)))
    assert layer(np.ones((2, 5, 7, 4))).shape == (2, 5, 7, 4)
    with pytest.raises(ValueError, match=r"PReLU: built with alpha of shape \(1, 1, 4\), which does not fit"):
        layer(np.ones(shape))


def test_prelu_learns_its_slope():
    x = np.random.default_rng(0).standard_normal((64, 3)).astype(np.float32)
    model = tn.Sequential([tn.Input((3,)), layers.PReLU()])
    model.compile(tn.optimizers.SGD(0.5), "mse")
    model.fit(x, np.where(x > 0, x, -0.7 * x), epochs=60, verbose=0)
    np.testing.assert_allclose(model.layers[0].alpha.numpy(), -0.7, atol=1e-2)


def test_softmax():
    y = layers.Softmax()(X).numpy()
    np.testing.assert_allclose(y, np.exp(X) / np.exp(X).sum(), rtol=1e-5)
    images = np.random.default_rng(0).standard_normal((3, 4, 5)).astype(np.float32)
    np.testing.assert_allclose(layers.Softmax([1, 2])(images).numpy().sum(axis=(1, 2)), 1, rtol=1e-5)
    np.testing.assert_array_equal(layers.Softmax([1])(images).numpy(), layers.Softmax(1)(images).numpy())


def test_softmax_leaves_out_what_is_masked():
    mask = np.array([[True, False, True, True, False]])
    y = layers.Softmax()(X, mask=mask).numpy()
    e = np.exp(X) * mask
    np.testing.assert_allclose(y, e / e.sum(), rtol=1e-5)
    np.testing.assert_array_equal(layers.Softmax()(X, mask=mask.astype(np.float32)).numpy(), y)
    np.testing.assert_array_equal(layers.Softmax()(X, mask=np.zeros(5, bool)).numpy(), 0)
    with pytest.raises(ValueError, match=r"mask \(4,\)"):
        layers.Softmax()(X, mask=np.ones(4, bool))
