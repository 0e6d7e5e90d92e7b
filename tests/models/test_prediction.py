"""Prediction with prepared weights: within rounding of the layers one by one, and right after any change."""

import gc
import threading

import numpy as np
import pytest
from checks import assert_same_rows, assert_same_values, needs_native, unit_roundoff
from fusing import as_made, forward_kernels, unfused
from hypothesis import given
from hypothesis import strategies as st

import tinynet as tn
from tinynet import layers
from tinynet.models import fusion, prediction
from tinynet.models.fusion import plan_steps

PREPARED = ["conv2d_prepared_forward"]


def images(shape=(12, 11, 3), batch=5, seed=0):
    return np.random.default_rng(seed).standard_normal((batch, *shape)).astype(np.float32)


def trained(model, seed=1):
    """With statistics and parameters that differ from 0 and 1."""
    rng = np.random.default_rng(seed)
    for layer in model._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            size = layer.moving_mean.shape[0]
            for variable, value in ((layer.gamma, rng.uniform(0.5, 1.5, size)), (layer.beta, rng.normal(0, 1, size)),
                                    (layer.moving_mean, rng.normal(0, 1, size)),
                                    (layer.moving_variance, rng.uniform(0.5, 2, size))):
                if variable is not None:
                    variable.assign(value)
        if getattr(layer, "bias", None) is not None:
            layer.bias.assign(rng.normal(0, 1, layer.bias.shape))
    return model


def chain(make, after=(), shape=(12, 11, 3), **settings):
    tn.utils.set_random_seed(3)
    return trained(tn.Sequential([tn.Input(shape), make(), layers.BatchNormalization(**settings), *after]))


def unfused_result(model, x):
    """What the layers give in turn."""
    for layer in model.layers:
        x = layer(x, training=False)
    return x.numpy()


def conv(filters=8, size=3, **settings):
    return lambda: layers.Conv2D(filters, size, padding=settings.pop("padding", "same"), **settings)


def assert_folded(model, x):
    """Within the bound of a folded convolution: each product has two roundings more, each offset three.

    In units of the sum of absolute values |x| |kernel| s + (|bias| + |mean|) s + |beta|; a Winograd kernel of 4x4
    makes up to 1e-6 of it, 17 roundings, more in its transforms.
    """
    convolution, normalization = model.layers[:2]
    s = 1 / np.sqrt(normalization.moving_variance.numpy().astype(np.float64) + normalization.epsilon)
    s = s if normalization.gamma is None else s * np.abs(normalization.gamma.numpy())
    absolute = tn.Sequential([tn.Input(model.input_shape[1:]), type(convolution).from_config({
        **convolution.get_config(), "use_bias": False, "dtype": "float64"})])
    absolute.layers[0].set_weights([np.abs(convolution.kernel.numpy())])
    terms = np.abs(normalization.moving_mean.numpy()) + (
        0 if convolution.bias is None else np.abs(convolution.bias.numpy()))
    magnitude = absolute(np.abs(x).astype(np.float64)).numpy() * s + terms * s + (
        0 if normalization.beta is None else np.abs(normalization.beta.numpy()))
    y, expected = model(x).numpy(), unfused_result(model, x)
    assert y.shape == expected.shape and y.dtype == expected.dtype
    roundings = 2 * np.prod(convolution.kernel.shape[:3]) + 40
    assert (np.abs(y - expected) <= roundings * unit_roundoff(y.dtype) * magnitude).all()
    assert np.abs(expected).max() > 0


@given(filters=st.sampled_from([1, 7, 8, 16, 32]), channels=st.sampled_from([1, 3, 16]), size=st.integers(1, 4),
       strides=st.integers(1, 2), bias=st.booleans(), scale=st.booleans(), center=st.booleans(), relu=st.booleans(),
       seed=st.integers(0, 9))
def test_folded_within_rounding(filters, channels, size, strides, bias, scale, center, relu, seed):
    shape = (12, 11, channels)
    model = chain(conv(filters, size, strides=strides, use_bias=bias), [layers.ReLU()] * relu, shape, scale=scale,
                  center=center)
    if size * size * channels <= 4 * (12 // strides) * (11 // strides):  # else comparing the kernel costs more
        assert forward_kernels(model, images(shape), False) == PREPARED
    assert_folded(model, images(shape, seed=seed))


@given(multiplier=st.integers(1, 2), channels=st.sampled_from([1, 3, 16]), strides=st.integers(1, 2),
       bias=st.booleans(), relu=st.booleans())
def test_depthwise_folded_within_rounding(multiplier, channels, strides, bias, relu):
    shape = (12, 11, channels)
    model = chain(lambda: layers.DepthwiseConv2D(3, strides, padding="same", depth_multiplier=multiplier,
                                                 use_bias=bias), [layers.ReLU()] * relu, shape)
    tn.utils.set_random_seed(0)
    assert_folded(model, images(shape))


@pytest.mark.parametrize(("make", "after", "shape", "kernels"), [
    (conv(8), [layers.ReLU], (12, 11, 3), PREPARED),
    (conv(32), [layers.ReLU], (12, 11, 16), PREPARED),
    (conv(32), [lambda: layers.Activation("relu")], (12, 11, 1), PREPARED),
    (conv(8), [layers.ReLU, layers.MaxPooling2D], (12, 11, 1), ["conv2d_max_pool2d_forward"]),
    (conv(32), [layers.ReLU, layers.MaxPooling2D], (12, 11, 16), [*PREPARED, "max_pool2d_forward"]),
    (lambda: layers.DepthwiseConv2D(3), [layers.ReLU], (12, 11, 16), ["depthwise_conv2d_forward"]),
    (lambda: layers.SeparableConv2D(8, 3, 2, depth_multiplier=2), [layers.ReLU], (12, 11, 16),
     ["depthwise_pointwise_forward"]),
    (lambda: layers.SeparableConv2D(8, 3), [], (12, 11, 3), ["depthwise_pointwise_forward"]),
    (conv(8), [lambda: layers.ReLU(6.0)], (12, 11, 3), [*PREPARED, "activation_forward"]),
    (conv(8, activation="relu"), [], (12, 11, 3), ["conv2d_forward", "batch_norm_inference"]),
    (lambda: layers.Conv2D(9, 3, groups=3), [], (12, 11, 3),
     ["conv2d_forward", "batch_norm_inference"]),
    (lambda: layers.Conv2D(512, 1), [], (2, 2, 512), ["conv2d_forward", "batch_norm_inference"]),  # costs more
])
def test_which_kernels_run(make, after, shape, kernels):
    model = chain(make, [part() for part in after], shape)
    assert forward_kernels(model, images(shape), False) == kernels
    np.testing.assert_allclose(model(images(shape)).numpy(), unfused_result(model, images(shape)), rtol=1e-3, atol=1e-4)


def pair(first=(), second=(), keep=as_made, shape=(12, 11, 16), multiplier=1, **settings):
    tn.utils.set_random_seed(3)
    settings = {"filters": 24, "kernel_size": 1, **settings}
    return keep(trained(tn.Sequential([
        tn.Input(shape), layers.DepthwiseConv2D(3, padding="same", depth_multiplier=multiplier),
        layers.BatchNormalization(), *[make() for make in first], layers.Conv2D(**settings),
        layers.BatchNormalization(), *[make() for make in second]])))


@pytest.mark.parametrize("multiplier", [1, 2])
@pytest.mark.parametrize("second", [(), (layers.ReLU,)])
@pytest.mark.parametrize("first", [(), (layers.ReLU,)])
def test_a_depthwise_and_a_pointwise_convolution_are_one_kernel(first, second, multiplier, monkeypatch):
    model, x = pair(first, second, multiplier=multiplier), images((12, 11, 16))
    assert forward_kernels(model, x, False) == ["depthwise_pointwise_forward"]
    y = model(x).numpy()
    np.testing.assert_allclose(y, unfused_result(model, x), rtol=1e-3, atol=1e-4)
    monkeypatch.setattr(fusion, "PATTERNS", [row for row in fusion.PATTERNS if row.compute is not prediction.fold_pair])
    apart = pair(first, second, multiplier=multiplier)
    assert forward_kernels(apart, x, False) == ["depthwise_conv2d_forward", *PREPARED]
    assert_same_values(apart(x).numpy(), y)


@pytest.mark.parametrize("settings", [
    {"kernel_size": 2}, {"strides": 2}, {"activation": "relu"}, {"groups": 2}, {"filters": 600, "shape": (1, 1, 600)}])
def test_pairs_that_are_two_kernels(settings):
    model = pair([layers.ReLU], [layers.ReLU], **settings)
    x = images(settings.get("shape", (12, 11, 16)))
    assert "depthwise_pointwise_forward" not in forward_kernels(model, x, False)
    np.testing.assert_allclose(model(x).numpy(), unfused_result(model, x), rtol=1e-3, atol=1e-4)


def test_every_change_of_a_pair_counts():
    model, x = pair([layers.ReLU]), images((12, 11, 16))
    before = model(x).numpy()
    for variable in model.variables:
        if variable.dtype == "float32":
            variable.assign(variable + 0.5)
            y = model(x).numpy()
            assert np.abs(y - before).max() > 1e-4, variable.path
            np.testing.assert_allclose(y, unfused_result(model, x), rtol=1e-3, atol=1e-4)
            before = y


def changes():
    """name: function that changes one of the layers' weights."""
    def in_place(model):
        model.layers[0].kernel.data[0, 0] *= 3

    def one_element(model):
        model.layers[0].kernel[0, 0, 0, 0].assign(9.0)

    def training_step(model):
        model.compile("sgd", "mse")
        model.fit(images(), np.ones((5, 12, 11, 8), np.float32), verbose=0)

    def adam_step(model):
        model.compile(tn.optimizers.Adam(0.1), "mse")
        model.train_on_batch(images(), np.ones((5, 12, 11, 8), np.float32))

    return {
        "assign": lambda model: model.layers[0].kernel.assign(model.layers[0].kernel * 2),
        "in place": in_place,
        "one element": one_element,
        "gamma": lambda model: model.layers[1].gamma.assign(model.layers[1].gamma * 2),
        "beta in place": lambda model: model.layers[1].beta.data.__setitem__(0, 5.0),
        "moving mean": lambda model: model.layers[1].moving_mean.assign_add(np.ones(8)),
        "moving variance": lambda model: model.layers[1].moving_variance.assign(np.full(8, 7.0)),
        "bias": lambda model: model.layers[0].bias.assign(np.ones(8)),
        "epsilon": lambda model: setattr(model.layers[1], "epsilon", 0.5),
        "set_weights": lambda model: model.set_weights([weight + 1 for weight in model.get_weights()]),
        "a step of SGD": training_step,
        "a step of Adam": adam_step,
        "a step of training without a tape": lambda model: model(images(seed=2), training=True),
    }


@pytest.mark.parametrize("name", changes())
def test_every_change_of_the_weights_counts(name):
    model, x = chain(conv(8)), images()
    before = model(x).numpy()
    changes()[name](model)
    y = model(x).numpy()
    assert np.abs(y - before).max() > 1e-3
    np.testing.assert_allclose(y, unfused_result(model, x), rtol=1e-3, atol=1e-4)


def test_settings_that_change_count():
    model, x = chain(conv(16), [layers.ReLU()], (12, 11, 16)), images((12, 11, 16))
    model(x)
    convolution, normalization, relu = model.layers
    convolution.strides = (2, 2)
    np.testing.assert_allclose(model(x).numpy(), unfused_result(model, x), rtol=1e-3, atol=1e-4)
    convolution.strides, convolution.padding = (1, 1), "valid"
    np.testing.assert_allclose(model(x).numpy(), unfused_result(model, x), rtol=1e-3, atol=1e-4)
    relu.max_value = 1.0
    np.testing.assert_allclose(model(x).numpy(), unfused_result(model, x), rtol=1e-3, atol=1e-4)
    assert model(x).numpy().max() == 1
    seen = []
    normalization.call = lambda x, training=None: seen.append(1) or x
    assert_same_values(model(x).numpy(), relu(convolution(x)).numpy())
    assert seen


def test_images_of_another_size_and_an_empty_batch():
    model = trained(tn.Sequential([tn.Input((None, None, 16)), layers.Conv2D(16, 3), layers.BatchNormalization()]))
    for shape in ((12, 11, 16), (5, 7, 16), (3, 3, 16), (12, 11, 16)):
        x = images(shape)
        np.testing.assert_allclose(model(x).numpy(), unfused_result(model, x), rtol=1e-3, atol=1e-4)
    assert model(images((12, 11, 16), batch=0)).shape == (0, 10, 9, 16)
    with pytest.raises(ValueError, match=r"layer 'conv2d\w*' .*larger than the padded input"):
        model(images((2, 11, 16)))


def residual(keep=as_made, projection=False, swapped=False, filters=16):
    tn.utils.set_random_seed(3)
    inputs = tn.Input((12, 11, 16))
    y = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same")(inputs)))
    y = layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same")(y))
    x = layers.BatchNormalization()(layers.Conv2D(filters, 1)(inputs)) if projection else inputs
    return keep(trained(tn.Model(inputs, layers.ReLU()(layers.Add()([y, x] if swapped else [x, y])))))


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("projection", [False, True])
def test_a_residual_is_added_where_the_convolution_writes(projection, swapped):
    x = images((12, 11, 16))
    model, plain = residual(as_made, projection, swapped), residual(unfused, projection, swapped)
    assert forward_kernels(model, x, False) == PREPARED * (3 if projection else 2)
    np.testing.assert_allclose(model(x).numpy(), plain(x).numpy(), rtol=1e-4, atol=1e-4)
    with tn.GradientTape():  # the same bits as the layers one by one
        assert_same_values(model(x).numpy(), plain(x).numpy())


def test_a_sum_and_relu_in_training():
    outcomes = []
    for keep in (as_made, unfused):
        model, x = residual(keep), images((12, 11, 16))
        with tn.GradientTape() as tape:
            y = model(x, training=True)
            loss = tn.ops.sum(y * y)
        gradients = tape.gradient(loss, model.trainable_variables)
        outcomes.append([y.numpy(), *(gradient.numpy() for gradient in gradients), *model.get_weights()])
    kernels = forward_kernels(residual(), x)
    assert "activation_forward" not in kernels
    # Winograd's algorithm adds the moments in another order. The gradient of a bias before batch normalization is 0 but
    # for the rounding of its sums, which are as large as those of the other gradients.
    largest = max(1, *(np.abs(expected).max() for expected in outcomes[1]))
    for actual, expected in zip(*outcomes, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=0, atol=2e-4 * largest)


def test_sums_that_do_not_fit_are_left_to_the_layers():
    """Broadcast, of three, of one tensor twice, with a mask; an Add with a call of its own."""
    x = images((6, 6, 4))
    for build in (lambda x: layers.Add()([layers.Conv2D(4, 3, padding="same")(x), layers.Conv2D(1, 1)(x)]),
                  lambda x: layers.Add()([x, layers.Conv2D(4, 1)(x), x]),
                  lambda x: layers.Add()([x, x]),
                  lambda x: layers.Add()([layers.Conv2D(4, 1)(x), x])):
        tn.utils.set_random_seed(0)
        inputs = tn.Input((6, 6, 4))
        model = tn.Model(inputs, layers.ReLU()(build(inputs)))
        y = model(x).numpy()
        assert_same_values(y, unfused(model)(x).numpy())
    inputs = tn.Input((6, 6, 4))
    add = layers.Add()
    model = tn.Model(inputs, layers.ReLU()(add([layers.Conv2D(4, 1)(inputs), inputs])))
    seen = []
    add.call = lambda parts: seen.append([part.shape for part in parts]) or parts[0]
    model(x)
    assert seen == [[(5, 6, 6, 4)] * 2]
    value = tn.convert_to_tensor(x)
    value._keras_mask = tn.convert_to_tensor(np.ones((5, 6, 6), bool))
    del add.call
    assert model(value)._keras_mask is None


def test_predict_evaluate_and_a_call_agree():
    model, x = residual(), images((12, 11, 16))
    model.compile("sgd", "mse")
    y = model(x).numpy()
    assert_same_values(model.predict(x, verbose=0), y)
    assert_same_rows(model.predict(x, batch_size=2, verbose=0), y, terms=512)
    assert_same_rows(model(x[:1]).numpy(), y[:1], terms=512)
    assert_same_values(model.predict_on_batch(x), y)
    assert model.evaluate(x, y, verbose=0) == 0


def test_without_folding_the_bits_are_those_of_the_layers():
    model, x = residual(), images((12, 11, 16))
    tn.config.set_fold_batch_norm(False)
    try:
        assert "fold" in tn.runtime.configuration()["batch norm"]
        y = model(x).numpy()
    finally:
        tn.config.set_fold_batch_norm(True)
    assert_same_values(y, residual(unfused)(x).numpy())
    with pytest.raises(TypeError, match="True or False"):
        tn.config.set_fold_batch_norm("no")


@needs_native  # NumPy transforms no kernel
def test_a_transformed_kernel_changes_no_bit():
    # From 32 channels on, every instruction set takes Winograd's algorithm.
    for build in (lambda: [layers.Conv2D(32, 3, activation="relu")], lambda: [layers.Conv2D(32, 3), layers.ReLU()],
                  lambda: [layers.Conv2D(32, 3)]):
        tn.utils.set_random_seed(0)
        model, x = tn.Sequential([tn.Input((12, 11, 32)), *build()]), images((12, 11, 32))
        assert forward_kernels(model, x, False) == PREPARED
        y = model(x).numpy()
        with tn.GradientTape():
            assert_same_values(model(x).numpy(), y)
        assert_same_values(unfused(model)(x).numpy(), y)
        del model.layers[0].call
        model.layers[0].kernel.data[...] *= 2
        y = model(x).numpy()
        assert_same_values(unfused(model)(x).numpy(), y)


def test_training_folds_nothing():
    model, x = chain(conv(8)), images()
    model.layers[1].trainable = False
    assert forward_kernels(model, x, True) == ["conv2d_forward", "batch_norm_inference"]
    with tn.GradientTape():
        assert forward_kernels(model, x, False) == ["conv2d_forward", "batch_norm_inference"]


def test_both_backends_in_turn():
    model, x = residual(), images((12, 11, 16))
    y = model(x).numpy()
    with tn.backend("numpy"):
        np.testing.assert_allclose(model(x).numpy(), y, rtol=1e-4, atol=1e-4)
    assert_same_values(model(x).numpy(), y)


def test_threads_that_predict_with_one_model():
    model, x = residual(), images((12, 11, 16))
    expected, results = residual()(x).numpy(), []
    threads = [threading.Thread(target=lambda: results.append(model(x).numpy())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    for result in results:
        assert_same_values(result, expected)


def test_prepared_weights_go_with_the_model():
    gc.collect()
    before = len(prediction._kept)
    model = chain(conv(8))
    model(images())
    assert len(prediction._kept) == before + 1
    del model
    gc.collect()
    assert len(prediction._kept) == before


def test_an_add_takes_what_is_added():
    add, relu = layers.Add(name="add"), layers.ReLU(name="relu")
    inputs = tn.Input((3,))
    relu(add([inputs, inputs]))
    [(step, count)] = plan_steps([add, relu], [1])
    assert count == 2 and repr(step) == "<FusableLayers add, relu>"
    x = tn.convert_to_tensor(np.array([[-2.0, 1.0, 3.0]], np.float32))
    assert_same_values(step(x, added=[x]).numpy(), np.array([[0, 2, 6]], np.float32))


@pytest.mark.parametrize("filters", [1, 2, 3])
def test_normalization_is_folded_into_any_number_of_filters(filters):
    tn.utils.set_random_seed(2)
    x = np.random.default_rng(0).standard_normal((4, 6, 6, 2)).astype("float32")
    model = tn.Sequential([tn.Input((6, 6, 2)), layers.Conv2D(filters, 3, use_bias=False), layers.BatchNormalization()])
    model.layers[-1].set_weights([np.random.default_rng(i).uniform(0.5, 2, filters) for i in range(4)])
    folded = model.predict(x, verbose=0)
    tn.config.set_fold_batch_norm(False)
    try:
        np.testing.assert_allclose(folded, model.predict(x, verbose=0), rtol=1e-4, atol=1e-5)
    finally:
        tn.config.set_fold_batch_norm(True)
