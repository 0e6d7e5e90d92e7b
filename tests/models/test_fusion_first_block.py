"""A first convolution and the batch normalization after it, with ReLU or without, as one operation."""

import numpy as np
import pytest
from checks import assert_same_values
from fusing import as_made, assert_all_same, assert_same_step, forward_kernels, step, unfused
from hypothesis import given
from hypothesis import strategies as st

import tinynet as tn
from tinynet import layers
from tinynet.models.population import estimate_population, fold
from tinynet.runtime import kernels

# The folded weights of prediction have tests of their own: test_prediction.py.
pytestmark = pytest.mark.usefixtures("nothing_folded", "ordinary_steps")

SHAPE = (12, 11, 1)


def network(convolution=None, normalization=None, activation=layers.ReLU, shape=SHAPE):
    tn.utils.set_random_seed(3)
    model = tn.Sequential([
        tn.Input(shape), convolution() if convolution else layers.Conv2D(8, 3, padding="same"),
        normalization() if normalization else layers.BatchNormalization(), *([activation()] if activation else []),
        layers.Flatten(), layers.Dense(3),
    ])
    model.compile("adam", tn.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


def images(batch=7, shape=SHAPE, dtype=np.float32, seed=0):
    return np.random.default_rng(seed).standard_normal((batch, *shape)).astype(dtype)


@pytest.fixture
def passes(monkeypatch):
    """What has been computed: the kernels of shared passes, one for each call."""
    calls = []

    def counted(name, kernel):
        return lambda *args: calls.append(name) or kernel(*args)

    for name in ("forward", "inference", "backward"):
        key = f"conv2d_batch_norm_{name}"
        monkeypatch.setitem(vars(kernels), key, counted(name, vars(kernels)[key]))
    return calls


@given(filters=st.integers(7, 40), kernel_size=st.sampled_from((1, 2, 3, (5, 2))), strides=st.integers(1, 2),
       padding=st.sampled_from(("valid", "same", 1)), use_bias=st.booleans(), scale=st.booleans(), center=st.booleans(),
       activation=st.sampled_from((None, layers.ReLU, lambda: layers.Activation("relu"))), training=st.booleans(),
       batch=st.integers(1, 9), dtype=st.sampled_from(("float32", "float64")))
def test_same_bits_fused_and_not(filters, kernel_size, strides, padding, use_bias, scale, center, activation, training,
                                 batch, dtype):
    before = tn.config.floatx()
    tn.config.set_floatx(dtype)
    try:
        models = [network(lambda: layers.Conv2D(filters, kernel_size, strides, padding, use_bias=use_bias),
                          lambda: layers.BatchNormalization(scale=scale, center=center), activation)
                  for _ in range(2)]
    finally:
        tn.config.set_floatx(before)
    x = images(batch, dtype=dtype)
    unfused(models[1])
    if filters >= 8:  # with fewer it is not faster
        assert forward_kernels(models[0], x, False) == ["conv2d_batch_norm_inference"]
    assert forward_kernels(models[1], x, False) == [
        "conv2d_forward", "batch_norm_inference", *([] if activation is None else ["activation_forward"])
    ]
    for _ in range(2):  # the second time with moving averages that differ from 0 and 1
        assert_same_step(step(models[0], x, training), step(models[1], x, training))


def test_training_and_prediction_share_the_pass(passes):
    fused, plain = network(), unfused(network())
    x, y = images(64), np.random.default_rng(1).integers(0, 3, 64)
    histories = []
    for model in (fused, plain):
        model.optimizer = tn.optimizers.SGD()  # Adam makes steps of the bias's gradient, which is rounding and no more
        tn.utils.set_random_seed(4)
        histories.append(model.fit(x, y, batch_size=16, epochs=3, validation_data=(x[:20], y[:20]), verbose=0).history)
    for name, values in histories[0].items():
        np.testing.assert_allclose(values, histories[1][name], rtol=1e-5)
    assert passes.count("forward") == passes.count("backward") == 3 * 4 and passes.count("inference") == 3 * 2
    for actual, expected in zip(fused.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)
    plain.set_weights(fused.get_weights())
    passes.clear()
    assert_same_values(fused.predict(x, verbose=0), plain.predict(x, verbose=0))
    assert fused.evaluate(x, y, verbose=0) == plain.evaluate(x, y, verbose=0)
    assert set(passes) == {"inference"}


def test_who_shares_with_whom():
    conv, norm, relu, pool = (lambda: layers.Conv2D(8, 3), layers.BatchNormalization, layers.ReLU,
                              layers.MaxPooling2D)

    def computed(*kinds):
        return forward_kernels(tn.Sequential([tn.Input(SHAPE), *(kind() for kind in kinds)]), images())

    first, second = "conv2d_batch_norm_forward", ["conv2d_moments_forward", "batch_norm_inference"]
    assert computed(conv, norm) == [first]
    assert computed(conv, norm, relu) == [first]
    assert computed(conv, norm, relu, conv, norm, relu) == [first, *second]
    assert computed(conv, norm, relu, conv, norm, relu, pool) == [first, second[0], "batch_norm_max_pool2d_inference"]
    assert computed(conv, norm, relu, pool) == [first, "max_pool2d_forward"]
    assert computed(conv, norm, pool) == [first, "max_pool2d_forward"]
    assert computed(conv, pool, norm, relu) == ["conv2d_max_pool2d_forward", "batch_norm_forward"]
    assert computed(conv, relu, norm) == ["conv2d_forward", "batch_norm_forward"]


@pytest.mark.parametrize("pooling", [layers.MaxPooling2D, lambda: layers.MaxPooling2D(3, strides=2, padding="same"),
                                     lambda: layers.AveragePooling2D(2)])
@pytest.mark.parametrize("training", [False, True])
def test_pooling_after_it(pooling, training, passes):
    results = []
    for keep in (as_made, unfused):
        tn.utils.set_random_seed(3)
        model = tn.Sequential([tn.Input(SHAPE), layers.Conv2D(8, 3, padding="same"), layers.BatchNormalization(),
                               layers.ReLU(), pooling(), layers.Flatten(), layers.Dense(3)])
        results.append(step(keep(model), images(), training))
    assert_same_step(*results)
    assert passes == ["forward" if training else "inference", "backward"]


class Doubling(layers.Conv2D):
    def call(self, x):
        return 2 * super().call(x)


class Halved(layers.BatchNormalization):
    def call(self, x, training=None):
        return super().call(x, training) / 2


@pytest.mark.parametrize(("first", "second", "third"), [
    (lambda: layers.Conv2D(8, 3, activation="relu"), None, layers.ReLU),
    (lambda: layers.Conv2D(8, 3, activation="tanh"), None, None),
    (lambda: layers.Conv2D(8, 1, data_format="channels_first"), None, layers.ReLU),
    (lambda: layers.Conv2D(8, 3, activity_regularizer="l2"), None, layers.ReLU),
    (lambda: layers.Conv2D(8, 3, dtype="float64"), None, layers.ReLU),
    (lambda: Doubling(8, 3), None, layers.ReLU),
    (lambda: layers.Conv2DTranspose(8, 3), None, layers.ReLU),
    (lambda: layers.Conv2D(8, 7, padding="same"), None, layers.ReLU),  # 49 products
    (None, lambda: layers.BatchNormalization(axis=1), layers.ReLU),
    (None, lambda: layers.BatchNormalization(activity_regularizer="l2"), layers.ReLU),
    (None, lambda: layers.BatchNormalization(activity_regularizer="l2"), None),
    (None, lambda: layers.BatchNormalization(dtype="float64"), layers.ReLU),
    (None, lambda: layers.BatchNormalization(dtype="float64"), None),
    (None, Halved, layers.ReLU),
    (None, layers.LayerNormalization, layers.ReLU),
])
def test_what_cannot_share_is_called_one_by_one(first, second, third, passes):
    outcomes = []
    for keep in (as_made, unfused):
        model = network(first, second, third)
        y = keep(model)(images(), training=True)
        outcomes.append([y.numpy(), *(loss.numpy() for loss in model.losses), *model.get_weights()])
    assert passes == []
    assert_all_same(*outcomes)


@pytest.mark.parametrize("activation", [
    lambda: layers.ReLU(6.0), lambda: layers.ReLU(activity_regularizer="l2"), layers.LeakyReLU,
    lambda: layers.Activation("tanh"),
])
def test_an_activation_that_cannot_share_is_called_after_the_two(activation, passes):
    outcomes = []
    for keep in (as_made, unfused):
        model = network(activation=activation)
        y = keep(model)(images(), training=True)
        outcomes.append([y.numpy(), *(loss.numpy() for loss in model.losses), *model.get_weights()])
    assert passes == ["forward"]
    assert_all_same(*outcomes)
    assert forward_kernels(network(activation=activation), images()) == ["conv2d_batch_norm_forward",
                                                                         "activation_forward"]


def test_groups_do_not_share(passes):
    x = images(shape=(6, 5, 2))
    model = network(lambda: layers.Conv2D(8, 2, groups=2), shape=(6, 5, 2))
    fused = model(x, training=True).numpy()
    plain = unfused(network(lambda: layers.Conv2D(8, 2, groups=2), shape=(6, 5, 2)))
    assert_same_values(fused, plain(x, training=True).numpy())
    assert passes == []


def test_changes_after_the_model_is_made_count(passes):
    model, x = network(), images()
    convolution, normalization, relu = model.layers[:3]
    plain = model(x).numpy()
    assert passes == ["inference"]
    for layer in (convolution, normalization, relu):
        layer.activity_regularizer = tn.regularizers.L2(0.1)
        model(x)
        assert len(model.losses) == 1
        layer.activity_regularizer = None
        seen, call = [], layer.call
        layer.call = lambda x, seen=seen, call=call, **options: seen.append(x.shape) or call(x, **options)
        assert_same_values(model(x).numpy(), plain)
        assert seen == [(7, 12, 11, 1 if layer is convolution else 8)]
        del layer.call
    assert passes == ["inference"] * 3  # the convolution and the normalization need no ReLU
    passes.clear()
    convolution.activation = tn.activations.tanh
    assert not np.array_equal(model(x).numpy(), plain)
    convolution.activation = tn.activations.linear
    normalization._observer = lambda *statistics: None
    model(x, training=True)
    normalization._observer = None
    assert passes == []
    masked = tn.convert_to_tensor(x)
    masked._keras_mask = tn.convert_to_tensor(np.ones((7, 12, 11), bool))
    with pytest.warns(UserWarning, match="does not propagate the mask"):
        model(masked)
    assert passes == []
    assert_same_values(model(x).numpy(), plain)
    assert passes == ["inference"]


def test_frozen_normalization_and_frozen_convolution(passes):
    model = network()
    model(images(), training=True)
    model.layers[1].trainable = False
    before = model.layers[1].get_weights()
    plain = unfused(network())
    plain.set_weights(model.get_weights())
    plain.layers[1].trainable = False
    assert_same_step(step(model, images(), True), step(plain, images(), True))
    assert_all_same(before, model.layers[1].get_weights())
    for one in (model, plain):
        one.layers[0].trainable, one.layers[1].trainable = False, True
    assert_same_step(step(model, images(), True), step(plain, images(), True))
    assert passes == ["forward", "inference", "backward", "forward", "backward"]


def test_the_gradient_of_the_input(passes):
    x, results = tn.convert_to_tensor(images()), []
    for model in (network(), unfused(network())):
        with tn.GradientTape() as tape:
            tape.watch(x)
            y = model(x, training=True)
        results.append([tape.gradient(y, x).numpy(), *model.get_weights()])
    assert passes == [] and np.any(results[0][0])
    assert_all_same(*results)


def test_a_layer_before_it_learns_too():
    results = []
    for keep in (as_made, unfused):
        tn.utils.set_random_seed(3)
        model = tn.Sequential([tn.Input(SHAPE), layers.Conv2D(1, 3), layers.Conv2D(8, 3), layers.BatchNormalization()])
        y, gradients, weights = step(keep(model), images(), True)
        results.append([y, *gradients, *weights])
    assert_all_same(*results)


def test_a_model_built_by_its_first_batch_builds_all_layers(passes):
    model = tn.Sequential([layers.Conv2D(8, 3), layers.BatchNormalization(), layers.ReLU()])
    model(images())
    assert all(layer.built for layer in model.layers) and model.output_shape == (None, 10, 9, 8)
    assert passes == []
    assert_same_values(model(images()).numpy(), unfused(model)(images()).numpy())
    assert passes == ["inference"]


def test_errors_name_the_layer():
    model = tn.Sequential([layers.Conv2D(8, 3, name="conv"), layers.BatchNormalization(name="bn")])
    model(images())
    for shape, message in (((12, 11, 2), r"layer 'conv' \(Conv2D\), called on \(7, 12, 11, 2\)"),
                           ((12,), r"layer 'conv' \(Conv2D\), called on \(7, 12\)"),
                           ((2, 11, 1), r"layer 'conv' \(Conv2D\), called on \(7, 2, 11, 1\)")):
        with pytest.raises(ValueError, match=message):
            model(images(shape=shape))
    with pytest.raises(ValueError, match=r"layer 'bn' .*no samples"):
        model(images(0), training=True)
    assert model(images(0)).shape == (0, 10, 9, 8)


def test_layers_that_are_watched_or_looked_into(passes):
    model, plain, x = network(), unfused(network()), images(32)
    for one in (model, plain):
        estimate_population(one, x, batch_size=8)
    assert passes == []
    assert_all_same(model.get_weights(), plain.get_weights())
    extractor = tn.Model(model.inputs, [layer.output for layer in model.layers])
    seen = [y.numpy() for y in extractor(x)]
    assert seen[0].shape == seen[1].shape == (32, 12, 11, 8) and passes == []
    assert_same_values(seen[-1], model(x).numpy())
    assert passes == ["inference"]
    model.fit(x, np.zeros(32), verbose=0, callbacks=[tn.callbacks.Probe()])
    assert passes == ["inference"]
    np.testing.assert_allclose(fold(model)(x).numpy(), model(x).numpy(), rtol=1e-4, atol=1e-5)


def test_add_and_pop_plan_again():
    model = tn.Sequential([tn.Input(SHAPE), layers.Conv2D(8, 3)])
    for layer in (layers.BatchNormalization(), layers.ReLU()):
        model.add(layer)
        assert forward_kernels(model, images()) == ["conv2d_batch_norm_forward"]
    assert model(images()).numpy().min() == 0 and len(model.layers) == 3
    model.pop()
    assert forward_kernels(model, images()) == ["conv2d_batch_norm_forward"] and model(images()).numpy().min() < 0
    model.pop()
    assert forward_kernels(model, images()) == ["conv2d_forward"]
