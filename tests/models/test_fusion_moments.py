"""A convolution that computes the moments of its output for the batch normalization after it."""

import numpy as np
import pytest
from checks import assert_same_values
from fusing import as_made, assert_all_same, forward_kernels, step, unfused

import tinynet as tn
from tinynet import layers
from tinynet.models.population import estimate_population
from tinynet.runtime import kernels

# The folded weights of prediction have tests of their own: test_prediction.py.
pytestmark = pytest.mark.usefixtures("nothing_folded", "ordinary_steps")

SHAPE = (14, 14, 16)
AFTER = {"normalization": [], "relu": [layers.ReLU], "pool": [layers.ReLU, layers.MaxPooling2D],
         "other pool": [layers.ReLU, lambda: layers.MaxPooling2D(3, strides=2)]}


def network(after="relu", convolution=None, normalization=None, shape=SHAPE, keep=as_made):
    tn.utils.set_random_seed(3)
    model = tn.Sequential([
        tn.Input(shape), convolution() if convolution else layers.Conv2D(32, 3, padding="same"),
        normalization() if normalization else layers.BatchNormalization(), *(make() for make in AFTER[after]),
        layers.Flatten(), layers.Dense(3),
    ])
    keep(model)
    model.compile("sgd", tn.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


def images(batch=8, shape=SHAPE, dtype=np.float32, seed=0):
    return np.random.default_rng(seed).standard_normal((batch, *shape)).astype(dtype)


@pytest.fixture
def passes(monkeypatch):
    """The kernels that convolve, one for each call."""
    calls = []

    def counted(name, kernel):
        return lambda *args: calls.append(name) or kernel(*args)

    for name in ("conv2d_moments_forward", "conv2d_forward", "conv2d_batch_norm_forward", "conv2d_prepared_forward"):
        monkeypatch.setitem(vars(kernels), name, counted(name, vars(kernels)[name]))
    return calls


def assert_same_but_for_rounding(fused, plain):
    """Sums in another order: of the moments, each a few roundings (test_conv2d_moments.py), and all that follows."""
    for actual, expected in zip(fused, plain, strict=True):
        size = max(np.abs(array).max() for array in expected)
        for a, e in zip(actual, expected, strict=True):
            np.testing.assert_allclose(a, e, rtol=0, atol=64 * np.finfo(a.dtype).eps * size)


@pytest.mark.parametrize("after", AFTER)
def test_a_step_is_the_same_but_for_rounding(after, passes):
    fused, plain = network(after), network(after, keep=unfused)
    for seed in range(2):  # the second time with moving averages that differ from 0 and 1
        x = images(seed=seed)
        results = [(y[None], gradients, weights) for y, gradients, weights in
                   (step(fused, x, True), step(plain, x, True))]
        assert_same_but_for_rounding(*results)
    assert passes == ["conv2d_moments_forward", "conv2d_forward"] * 2
    assert forward_kernels(fused, x)[1:] == {
        "normalization": ["batch_norm_inference"], "relu": ["batch_norm_inference"],
        "pool": ["batch_norm_max_pool2d_inference"], "other pool": ["batch_norm_inference", "max_pool2d_forward"],
    }[after]


@pytest.mark.parametrize("after", AFTER)
@pytest.mark.parametrize("convolution, dtype", [
    (None, "float64"), (lambda: layers.Conv2D(20, 3, strides=2), "float32"),
    (lambda: layers.Conv2D(7, (1, 5), dilation_rate=2, use_bias=False), "float32"),
])
def test_the_direct_algorithm_leaves_every_bit(convolution, dtype, after, passes):
    before = tn.config.floatx()
    tn.config.set_floatx(dtype)
    try:
        models = [network(after, convolution, keep=keep) for keep in (as_made, unfused)]
    finally:
        tn.config.set_floatx(before)
    results = []
    for model in models:
        y, gradients, weights = step(model, images(dtype=dtype), True)
        if after == "pool":  # dgamma and dbeta are sums over windows there, and the convolution's gradients follow
            gradients = []
        results.append([y, *gradients, *weights])
    assert_all_same(*results)
    assert passes == ["conv2d_moments_forward", "conv2d_forward"]


@pytest.mark.parametrize("after", AFTER)
def test_prediction_and_frozen_normalization_are_the_same_bits(after, passes):
    fused, plain = network(after), network(after, keep=unfused)
    assert_same_values(fused(images()).numpy(), plain(images()).numpy())
    for model in (fused, plain):
        model.layers[1].trainable = False
    assert_same_values(fused(images(), training=True).numpy(), plain(images(), training=True).numpy())
    assert_all_same(fused.get_weights(), plain.get_weights())
    assert passes[0] in ("conv2d_forward", "conv2d_prepared_forward")  # whether a transform is kept depends on the CPU
    assert passes[1:] == ["conv2d_forward"] * 3


def test_training_uses_the_moments(passes):
    fused, plain = network("pool"), network("pool", keep=unfused)
    x, y = images(64), np.random.default_rng(1).integers(0, 3, 64)
    histories = []
    for model in (fused, plain):
        tn.utils.set_random_seed(4)
        histories.append(model.fit(x, y, batch_size=16, epochs=2, verbose=0).history)
    assert passes == ["conv2d_moments_forward"] * 8 + ["conv2d_forward"] * 8
    for name, values in histories[0].items():
        np.testing.assert_allclose(values, histories[1][name], rtol=1e-5)
    for actual, expected in zip(fused.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


def test_the_gradient_of_the_input_and_a_layer_before_it():
    results = []
    for keep in (as_made, unfused):
        tn.utils.set_random_seed(3)
        model = tn.Sequential([tn.Input(SHAPE), layers.Conv2D(16, 3), layers.Conv2D(32, 3),
                               layers.BatchNormalization(), layers.ReLU()])
        keep(model)
        x = tn.convert_to_tensor(images())
        with tn.GradientTape() as tape:
            tape.watch(x)
            y = model(x, training=True)
        results.append([[y.numpy()], [g.numpy() for g in tape.gradient(y, [x, *model.trainable_variables])]])
    assert_same_but_for_rounding(*results)


class Halved(layers.BatchNormalization):
    def call(self, x, training=None):
        return super().call(x, training) / 2


@pytest.mark.parametrize(("convolution", "normalization"), [
    (lambda: layers.Conv2D(32, 3, activation="relu"), None),
    (lambda: layers.Conv2D(32, 3, groups=2), None),
    (lambda: layers.Conv2D(32, 3, activity_regularizer="l2"), None),
    (lambda: layers.Conv2D(32, 3, dtype="float64"), None),
    (lambda: layers.Conv2D(14, 3, data_format="channels_first"), None),
    (None, lambda: layers.BatchNormalization(axis=1)),
    (None, lambda: layers.BatchNormalization(activity_regularizer="l2")),
    (None, lambda: layers.BatchNormalization(dtype="float64")),
    (None, Halved),
])
@pytest.mark.parametrize("after", ("normalization", "relu"))
def test_what_cannot_share_is_called_one_by_one(convolution, normalization, after, passes):
    outcomes = []
    for keep in (as_made, unfused):
        model = network(after, convolution, normalization, keep=keep)
        y = model(images(), training=True)
        outcomes.append([y.numpy(), *(loss.numpy() for loss in model.losses), *model.get_weights()])
    assert "conv2d_moments_forward" not in passes
    assert_all_same(*outcomes)


def test_who_looks_sees_what_the_layers_give(passes):
    model, plain, x = network("pool"), network("pool", keep=unfused), images(32)
    for one in (model, plain):
        estimate_population(one, x, batch_size=8)
    assert_all_same(model.get_weights(), plain.get_weights())
    model.fit(x, np.zeros(32), verbose=0, callbacks=[tn.callbacks.Probe()])
    convolution, seen = model.layers[0], []
    call = convolution.call
    convolution.call = lambda x: seen.append(x.shape) or call(x)
    model(x, training=True)
    assert seen == [(32, *SHAPE)] and "conv2d_moments_forward" not in passes
    del convolution.call
    model(x, training=True)
    assert passes[-1] == "conv2d_moments_forward"


def test_errors_name_the_layer():
    model = tn.Sequential([layers.Conv2D(32, 3, name="conv"), layers.BatchNormalization(name="bn")])
    model(images())
    for shape, message in (((14, 14, 8), r"layer 'conv' \(Conv2D\), called on \(8, 14, 14, 8\)"),
                           ((14, 16), r"layer 'conv' \(Conv2D\), called on \(8, 14, 16\)"),
                           ((2, 14, 16), r"layer 'conv' \(Conv2D\), called on \(8, 2, 14, 16\)")):
        with pytest.raises(ValueError, match=message):
            model(images(shape=shape), training=True)
    with pytest.raises(ValueError, match=r"layer 'bn' .*no samples"):
        model(images(0), training=True)


def test_the_references_give_the_same_bits():
    with tn.backend("numpy"):
        results = [step(network("relu", keep=keep), images(2), True) for keep in (as_made, unfused)]
    for actual, expected in zip(*results, strict=True):
        assert_all_same(*((part if isinstance(part, list) else [part]) for part in (actual, expected)))
