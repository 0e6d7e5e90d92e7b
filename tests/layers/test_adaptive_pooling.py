"""Adaptive pooling and Conv3DTranspose from first principles; tests/judge compares them with Keras."""

import itertools

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers

rng = np.random.default_rng(0)


def numbers(*shape):
    return rng.normal(size=shape)


def directional(function, x, gradient):
    """The gradient's product with a random direction against a central difference, in float64."""
    direction = numbers(*x.shape)
    step = 1e-6
    difference = (function(x + step * direction) - function(x - step * direction)) / (2 * step)
    np.testing.assert_allclose(np.sum(gradient * direction), difference, rtol=1e-6, atol=1e-8)


def loss_and_gradient(layer, x, weights):
    with tn.GradientTape() as tape:
        v = tn.Variable(x, dtype="float64")
        loss = tn.ops.sum(layer(v) * weights)
    return tape.gradient(loss, v).numpy()


@pytest.mark.parametrize("kind", ["Average", "Max"])
@pytest.mark.parametrize(("rank", "size"), [(1, 3), (1, 9), (2, (2, 3)), (3, (1, 2, 4))])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_adaptive_pooling(kind, rank, size, data_format):
    """Each output is the mean or maximum from floor(i n / size) to ceil((i + 1) n / size) along each axis."""
    x = numbers(2, *(7, 5, 4)[:rank], 3)
    layer = getattr(layers, f"Adaptive{kind}Pooling{rank}D")(size, data_format=data_format, dtype="float64")
    sizes = layer.output_size
    expected = np.empty((2, *sizes, 3))
    for at in itertools.product(*map(range, sizes)):
        window = tuple(slice(int(np.floor(i * n / m)), int(np.ceil((i + 1) * n / m)))
                       for i, n, m in zip(at, x.shape[1:-1], sizes, strict=True))
        part = x[(slice(None), *window)]
        axes = tuple(range(1, rank + 1))
        expected[(slice(None), *at)] = part.mean(axes) if kind == "Average" else part.max(axes)
    given = x if data_format == "channels_last" else np.moveaxis(x, -1, 1)
    y = layer(given).numpy()
    np.testing.assert_allclose(y if data_format == "channels_last" else np.moveaxis(y, 1, -1), expected, rtol=1e-12)
    weights = numbers(*y.shape)
    directional(lambda x: float((layer(x).numpy() * weights).sum()), given, loss_and_gradient(layer, given, weights))


def test_adaptive_pooling_of_any_length():
    x = layers.Input((None, 3))
    model = tn.Model(x, layers.AdaptiveAveragePooling1D(2)(x))
    assert model.output_shape == (None, 2, 3)
    for length in (1, 2, 7):
        assert model(np.ones((4, length, 3))).shape == (4, 2, 3)
    with pytest.raises(ValueError, match="nothing to pool"):
        layers.AdaptiveMaxPooling1D(2)(np.ones((1, 0, 3)))
    with pytest.raises(ValueError, match="expected 4 axes"):
        layers.AdaptiveMaxPooling2D(2)(np.ones((1, 4, 3)))


@pytest.mark.parametrize(("kernel", "stride", "padding", "extra", "dilation"), [
    (3, 1, "valid", None, 1), (2, 3, "valid", None, 1), ((3, 2, 4), (1, 3, 2), "same", None, 1),
    (1, 2, "same", None, 1), (3, 2, "valid", 1, 1), (3, 2, "same", 1, 1), (2, 1, "valid", None, 2),
    (3, (2, 1, 2), "same", None, 1),
])
def test_conv3d_transpose(kernel, stride, padding, extra, dilation):
    """It is the input gradient of Conv3D with the same kernel, where that gives back the size."""
    x = numbers(2, 3, 2, 4, 2)
    layer = layers.Conv3DTranspose(3, kernel, stride, padding, output_padding=extra, dilation_rate=dilation,
                                   dtype="float64", kernel_initializer="random_normal")
    y = layer(x).numpy()
    weights = numbers(*y.shape)
    directional(lambda x: float((layer(x).numpy() * weights).sum()), x, loss_and_gradient(layer, x, weights))
    back = layers.Conv3D(2, kernel, stride, padding, dilation_rate=dilation, use_bias=False, dtype="float64")
    image = tn.Variable(numbers(*y.shape), dtype="float64")
    with tn.GradientTape() as tape:
        back.build(y.shape)
        back.kernel.assign(layer.kernel)
        z = back(image)
        assert z.shape == x.shape
        loss = tn.ops.sum(z * x)
    np.testing.assert_allclose(tape.gradient(loss, image).numpy(), y, rtol=1e-9, atol=1e-12)


def test_input_spec():
    class Own(layers.Layer):
        def __init__(self):
            super().__init__(name="own")
            self.input_spec = layers.InputSpec(ndim=3, axes={-1: 4})

        def call(self, x):
            return x

    assert Own()(np.ones((2, 3, 4))).shape == (2, 3, 4)
    assert Own()(layers.Input((None, 4))).shape == (None, None, 4)
    for given, words in ((np.ones((2, 4)), "expected ndim=3"), (layers.Input((4,)), "expected ndim=3"),
                         (np.ones((2, 3, 5)), "expected axis -1 to have length 4"),
                         ([np.ones((2, 3, 4))] * 2, "expected 1 inputs, got 2")):
        with pytest.raises(ValueError, match=f"'own'.*{words}"):
            Own()(given)

    class Fixed(layers.Layer):
        input_spec = layers.InputSpec(shape=(5, 3))

        def call(self, x):
            return x * 2

    assert Fixed()(layers.Input(batch_shape=(5, 3))).shape[1] == 3  # the trial's batch is no input
    with pytest.raises(ValueError, match="expected shape"):
        Fixed()(np.ones((4, 3)))
