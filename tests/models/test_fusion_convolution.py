"""A convolution and the max pooling after it give in one pass what they give one by one."""

import numpy as np
import pytest
from checks import assert_same_values, assert_within_bound
from fusing import as_made, forward_kernels, unfused
from hypothesis import given
from hypothesis import strategies as st

import tinynet as tn
from tinynet import layers
from tinynet.runtime import kernels

# The folded weights of prediction have tests of their own: test_prediction.py.
pytestmark = pytest.mark.usefixtures("nothing_folded", "ordinary_steps")


# Of two channels: with one, the sums of the weights' gradient have another order (tests/ops/test_conv2d_max_pool2d.py).
def network(convolution=None, pooling=None, shape=(12, 11, 2)):
    tn.utils.set_random_seed(3)
    model = tn.Sequential([tn.Input(shape), convolution() if convolution else layers.Conv2D(6, 3, activation="relu"),
                           pooling() if pooling else layers.MaxPooling2D(), layers.Flatten(), layers.Dense(3)])
    model.compile("adam", tn.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


def images(batch=7, shape=(12, 11, 2), dtype=np.float32, seed=0):
    return np.random.default_rng(seed).standard_normal((batch, *shape)).astype(dtype)


@pytest.fixture
def passes(monkeypatch):
    """What has been computed: the names of the kernels of shared passes, one for each call."""
    calls = []

    def counted(name, kernel):
        return lambda *args: calls.append(name) or kernel(*args)

    for name in ("conv2d_max_pool2d_forward", "conv2d_max_pool2d_backward"):
        monkeypatch.setitem(vars(kernels), name, counted(name, vars(kernels)[name]))
    return calls


@given(filters=st.integers(1, 40), kernel_size=st.sampled_from((1, 2, 3, (5, 2))),
       padding=st.sampled_from(("valid", "same")), activation=st.sampled_from((None, "relu")), use_bias=st.booleans(),
       pool_size=st.sampled_from((2, 3, (1, 4))), channels=st.integers(2, 3), batch=st.integers(1, 9),
       dtype=st.sampled_from(("float32", "float64")))
def test_same_bits_fused_and_not(filters, kernel_size, padding, activation, use_bias, pool_size, channels, batch,
                                 dtype):
    shape = (12, 11, channels)
    before = tn.config.floatx()
    tn.config.set_floatx(dtype)
    try:
        models = [network(lambda: layers.Conv2D(filters, kernel_size, padding=padding, activation=activation,
                                                use_bias=use_bias), lambda: layers.MaxPooling2D(pool_size), shape)
                  for _ in range(2)]
    finally:
        tn.config.set_floatx(before)
    unfused(models[1])
    x = images(batch, shape, dtype)
    assert forward_kernels(models[0], x) == ["conv2d_max_pool2d_forward"]
    assert forward_kernels(models[1], x) == ["conv2d_forward", "max_pool2d_forward"]
    results = []
    for model in models:
        with tn.GradientTape() as tape:
            y = model(x, training=True)
            loss = tn.ops.sum(y * y)
        results.append([t.numpy() for t in (y, *tape.gradient(loss, model.trainable_variables))])
    names = ["y", *(variable.name for variable in models[0].layers[0].trainable_variables), "kernel", "bias"]
    for i, (name, actual, expected) in enumerate(zip(names, *results, strict=True)):
        if i == 2 and name == "bias":  # the convolution's: a sum in another order
            y, kernel = results[0][0], models[0].layers[-1].kernel.numpy()
            reaching = (np.abs(2 * y) @ np.abs(kernel).T).reshape(-1, filters)  # each sum's terms, at most
            assert_within_bound(actual, expected, reaching.sum(axis=0), 2 * len(reaching))
        else:
            assert_same_values(actual, expected)


def test_training_and_prediction_share_the_pass(passes):
    fused, plain = network(), unfused(network())
    x, y = images(64), np.random.default_rng(1).integers(0, 3, 64)
    histories = []
    for model in (fused, plain):
        tn.utils.set_random_seed(4)
        histories.append(model.fit(x, y, batch_size=16, epochs=3, validation_data=(x[:20], y[:20]), verbose=0).history)
    assert histories[0] == histories[1]
    assert passes.count("conv2d_max_pool2d_backward") == 3 * 4
    for actual, expected in zip(fused.get_weights(), plain.get_weights(), strict=True):
        assert_same_values(actual, expected)
    passes.clear()
    assert_same_values(fused.predict(x, verbose=0), plain.predict(x, verbose=0))
    assert fused.evaluate(x, y, verbose=0) == plain.evaluate(x, y, verbose=0)
    assert set(passes) == {"conv2d_max_pool2d_forward"}


class Doubling(layers.Conv2D):
    def call(self, x):
        return 2 * super().call(x)


class Shifted(layers.MaxPooling2D):
    def call(self, x):
        return super().call(x) + 1


@pytest.mark.parametrize(("first", "second"), [
    (lambda: layers.Conv2D(6, 3, activation="tanh"), None),
    (lambda: layers.Conv2D(6, 3, groups=2), None),
    (lambda: layers.Conv2D(6, 1, data_format="channels_first"), None),
    (None, lambda: layers.MaxPooling2D(data_format="channels_first")),
    (lambda: layers.Conv2D(6, 3, activity_regularizer="l2"), None),
    (lambda: layers.Conv2D(6, 3, dtype="float64"), None),
    (lambda: layers.Conv2D(6, (3, 6)), None),
    (lambda: Doubling(6, 3), None),
    (lambda: layers.Conv2DTranspose(6, 3), None),
    (None, lambda: layers.MaxPooling2D(2, strides=1)),
    (None, lambda: layers.MaxPooling2D(padding="same")),
    (None, lambda: layers.MaxPooling2D(5)),
    (None, lambda: layers.MaxPooling2D(activity_regularizer="l2")),
    (None, lambda: layers.MaxPooling2D(dtype="float64")),
    (None, lambda: layers.AveragePooling2D(2)),
    (None, Shifted),
])
def test_what_cannot_share_is_called_one_by_one(first, second, passes):
    outcomes = []
    for keep in (as_made, unfused):
        model = network(first, second, (14, 14, 2))
        y = keep(model)(images(shape=(14, 14, 2)), training=True)
        outcomes.append([y.numpy(), *(loss.numpy() for loss in model.losses), *model.get_weights()])
    assert passes == []
    for actual, expected in zip(*outcomes, strict=True):
        assert_same_values(actual, expected)


def test_changes_after_the_model_is_made_count(passes):
    model, x = network(), images()
    convolution, pooling = model.layers[:2]
    plain = model(x).numpy()
    assert len(passes) == 1
    convolution.activity_regularizer = tn.regularizers.L2(0.1)
    model(x, training=True)
    assert len(model.losses) == 1
    convolution.activity_regularizer = None
    seen, call = [], pooling.call
    pooling.call = lambda x: seen.append(x.shape) or call(x)
    assert_same_values(model(x).numpy(), plain)
    assert seen == [(7, 10, 9, 6)]
    del pooling.call
    convolution.activation = tn.activations.tanh
    assert not np.array_equal(model(x).numpy(), plain)
    assert len(passes) == 1


def test_the_gradient_of_the_input(passes):
    x, results = tn.convert_to_tensor(images()), []
    for model in (network(), unfused(network())):
        with tn.GradientTape() as tape:
            tape.watch(x)
            y = model(x)
        results.append(tape.gradient(y, x).numpy())
    assert passes == [] and np.any(results[0])
    assert_same_values(*results)


def test_a_layer_before_it_learns_too():
    results = []
    for keep in (as_made, unfused):
        tn.utils.set_random_seed(3)
        model = tn.Sequential([tn.Input((12, 11, 2)), layers.Conv2D(2, 3), layers.Conv2D(6, 3), layers.MaxPooling2D()])
        keep(model)
        with tn.GradientTape() as tape:
            y = model(images())
        results.append([g.numpy() for g in tape.gradient(y, model.trainable_variables)])
    for actual, expected in zip(*results, strict=True):
        assert_same_values(actual, expected)


def test_frozen_convolution_needs_no_argmax(passes):
    model = network()
    model.layers[0].trainable = False
    with tn.GradientTape() as tape:
        y = model(images(), training=True)
    gradients = tape.gradient(y, model.trainable_variables)
    assert passes == ["conv2d_max_pool2d_forward"] and len(gradients) == 2


def test_a_model_built_by_its_first_batch_builds_both_layers(passes):
    model = tn.Sequential([layers.Conv2D(4, 3), layers.MaxPooling2D()])
    model(images())
    assert all(layer.built for layer in model.layers) and model.output_shape == (None, 5, 4, 4)
    assert passes == []
    assert_same_values(model(images()).numpy(), unfused(model)(images()).numpy())
    assert len(passes) == 1


def test_errors_name_the_layer():
    model = tn.Sequential([layers.Conv2D(4, 3, name="conv"), layers.MaxPooling2D(name="pool")])
    model(images())
    for shape, message in (((12, 11, 1), r"layer 'conv' \(Conv2D\), called on \(7, 12, 11, 1\)"),
                           ((12, 11), r"layer 'conv' \(Conv2D\), called on \(7, 12, 11\)"),
                           ((2, 11, 2), r"layer 'conv' \(Conv2D\), called on \(7, 2, 11, 2\)"),
                           ((3, 11, 2), r"layer 'pool' \(MaxPooling2D\), called on \(7, 1, 9, 4\)")):
        with pytest.raises(ValueError, match=message):
            model(images(shape=shape))


def test_layers_that_are_watched_or_looked_into(passes):
    model, x = network(), images()
    extractor = tn.Model(model.inputs, [layer.output for layer in model.layers])
    seen = [y.numpy() for y in extractor(x)]
    assert seen[0].shape == (7, 10, 9, 6) and passes == []
    assert_same_values(seen[-1], model(x).numpy())
    assert len(passes) == 1
    probe = tn.callbacks.Probe()
    model.fit(x, np.zeros(7), verbose=0, callbacks=[probe])
    assert len(passes) == 1


def test_add_and_pop_plan_again():
    model = tn.Sequential([tn.Input((12, 11, 2)), layers.Conv2D(6, 3)])
    assert forward_kernels(model, images()) == ["conv2d_forward"]
    model.add(layers.MaxPooling2D())
    assert forward_kernels(model, images()) == ["conv2d_max_pool2d_forward"] and len(model.layers) == 2
    assert model(images()).shape == (7, 5, 4, 6)
    model.pop()
    assert forward_kernels(model, images()) == ["conv2d_forward"]
    assert model(images()).shape == (7, 10, 9, 6)
