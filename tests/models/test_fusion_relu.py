"""A convolution or dense layer and the ReLU after it are one kernel, with the same bits as in turn."""

import numpy as np
import pytest
from checks import assert_same_values
from fusing import as_made, kernels_called, step, unfused
from hypothesis import given
from hypothesis import strategies as st

import tinynet as tn
from tinynet import layers

RELUS = {"ReLU": layers.ReLU, "Activation": lambda: layers.Activation("relu")}
KERNELS = ("conv2d", "dense", "activation", "max_pool2d")


def network(first, relu, shape, pooling=None):
    tn.utils.set_random_seed(2)
    return tn.Sequential([tn.Input(shape), first(), relu(), *([pooling()] if pooling else []), layers.Flatten(),
                          layers.Dense(3)])


def values(batch, shape, seed=0):
    return np.random.default_rng(seed).standard_normal((batch, *shape)).astype(np.float32)


@given(filters=st.integers(1, 20), size=st.sampled_from([1, 3, (2, 5)]), strides=st.integers(1, 2),
       padding=st.sampled_from(["valid", "same"]), activation=st.sampled_from([None, "relu"]), bias=st.booleans(),
       relu=st.sampled_from(sorted(RELUS)), batch=st.integers(1, 5), training=st.booleans())
def test_a_convolution_and_relu_have_the_same_bits(filters, size, strides, padding, activation, bias, relu, batch,
                                                   training):
    shape, results, called = (9, 7, 3), [], []
    for keep in (as_made, unfused):
        model = keep(network(lambda: layers.Conv2D(filters, size, strides, padding, activation=activation,
                                                   use_bias=bias), RELUS[relu], shape))
        with kernels_called(*KERNELS) as calls:
            y, gradients, weights = step(model, values(batch, shape), training)
        results.append([y, *gradients, *weights])
        called.append([name for name in calls if name.endswith("_forward")])
    assert called == [["conv2d_forward", "dense_forward"], ["conv2d_forward", "activation_forward", "dense_forward"]]
    for actual, expected in zip(*results, strict=True):
        assert_same_values(actual, expected)


@given(units=st.integers(1, 40), inputs=st.integers(1, 30), activation=st.sampled_from([None, "relu"]),
       relu=st.sampled_from(sorted(RELUS)), batch=st.integers(1, 9), steps=st.integers(0, 3))
def test_a_dense_layer_and_relu_have_the_same_bits(units, inputs, activation, relu, batch, steps):
    shape, results, called = (*([steps] if steps else []), inputs), [], []
    for keep in (as_made, unfused):
        model = keep(network(lambda: layers.Dense(units, activation), RELUS[relu], shape))
        with kernels_called(*KERNELS) as calls:
            y, gradients, weights = step(model, values(batch, shape), True)
        results.append([y, *gradients, *weights])
        called.append([name for name in calls if name.endswith("_forward")])
    assert called == [["dense_forward"] * 2, ["dense_forward", "activation_forward", "dense_forward"]]
    for actual, expected in zip(*results, strict=True):
        assert_same_values(actual, expected)


def test_a_convolution_relu_and_pooling_are_one_pass():
    results, shape = [], (12, 11, 2)
    for keep in (as_made, unfused):
        model = keep(network(lambda: layers.Conv2D(6, 3), layers.ReLU, shape, layers.MaxPooling2D))
        with kernels_called(*KERNELS) as calls:
            results.append(model(values(7, shape), training=True).numpy())
        if keep is as_made:
            assert calls[0] == "conv2d_max_pool2d_forward" and "max_pool2d_forward" not in calls
    assert_same_values(*results)


@pytest.mark.parametrize(("first", "relu"), [
    (lambda: layers.Conv2D(6, 3, activation="tanh"), layers.ReLU),
    (lambda: layers.Conv2D(6, 3, groups=3), layers.ReLU),
    (lambda: layers.Conv2D(6, 3), lambda: layers.ReLU(max_value=6)),
    (lambda: layers.Conv2D(6, 3), lambda: layers.ReLU(negative_slope=0.1)),
    (lambda: layers.Conv2D(6, 3), lambda: layers.Activation("tanh")),
    (lambda: layers.Conv2D(6, 3, activity_regularizer="l2"), layers.ReLU),
    (lambda: layers.Dense(6, "sigmoid"), layers.ReLU),
    (lambda: layers.Dense(6, activity_regularizer="l2"), layers.ReLU),
])
def test_other_settings_are_called_one_by_one(first, relu):
    results, shape = [], (9, 7, 3)
    for keep in (as_made, unfused):
        model = keep(network(first, relu, shape))
        results.append(step(model, values(4, shape), True))
    for actual, expected in zip(*results, strict=True):
        for one, other in zip(np.atleast_1d(actual) if isinstance(actual, np.ndarray) else actual,
                              np.atleast_1d(expected) if isinstance(expected, np.ndarray) else expected, strict=True):
            assert_same_values(one, other)
