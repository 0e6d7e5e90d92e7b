"""Layers in a graph are computed together where Sequential would do it, and nowhere else.

What each operation computes is tested with Sequential (test_fusion_*.py); here it is which layers of a graph take part.
"""

import numpy as np
import pytest
from fusing import as_made, assert_all_same, assert_same_step, forward_kernels, kernels_called, step, unfused

import tinynet as tn
from tinynet import layers, tf

# The folded weights of prediction have tests of their own: test_prediction.py.
pytestmark = pytest.mark.usefixtures("nothing_folded", "ordinary_steps")

SHAPE = (12, 11, 3)
FIRST = (12, 11, 1)


def images(shape=SHAPE, batch=7, seed=0):
    return np.random.default_rng(seed).standard_normal((batch, *shape)).astype(np.float32)


def called(parts, x):
    for part in parts:
        x = part(x)
    return x


def both(parts, shape):
    """The same layers as a graph and as Sequential, with the same weights."""
    models = []
    for functional in (True, False):
        tn.utils.set_random_seed(3)
        chain = [make() for make in parts]
        x = tn.Input(shape)
        models.append(tn.Model(x, called(chain, x)) if functional else tn.Sequential([
            tn.Input(shape), *(layers.ReLU() if part is tn.ops.relu else part for part in chain)]))
    return models


def conv(filters=8):
    return layers.Conv2D(filters, 3, padding="same")


def bn():
    return layers.BatchNormalization()


def relu():
    return layers.ReLU()


def pool():
    return layers.MaxPooling2D()


def drop():
    return layers.Dropout(0.3)


CHAINS = {
    "conv bn relu, few channels": ([conv, bn, relu], FIRST, ["conv2d_batch_norm_forward"],
                                   ["conv2d_batch_norm_inference"]),
    "conv bn, few channels": ([conv, bn], FIRST, ["conv2d_batch_norm_forward"], ["conv2d_batch_norm_inference"]),
    "conv bn relu": ([conv, bn, relu], SHAPE, ["conv2d_moments_forward", "batch_norm_inference"],
                     ["conv2d_forward", "batch_norm_inference"]),
    "conv bn": ([conv, bn], SHAPE, ["conv2d_moments_forward", "batch_norm_inference"],
                ["conv2d_forward", "batch_norm_inference"]),
    "conv bn relu pool": ([conv, bn, relu, pool], SHAPE,
                          ["conv2d_moments_forward", "batch_norm_max_pool2d_inference"],
                          ["conv2d_forward", "batch_norm_max_pool2d_inference"]),
    "conv bn relu pool drop": ([conv, bn, relu, pool, drop], SHAPE,
                               ["conv2d_moments_forward", "batch_norm_max_pool2d_inference"],
                               ["conv2d_forward", "batch_norm_max_pool2d_inference"]),
    "bn relu pool drop": ([bn, relu, pool, drop], (12, 11, 8), ["batch_norm_max_pool2d_forward"],
                          ["batch_norm_max_pool2d_inference"]),
    "bn relu pool": ([bn, relu, pool], (12, 11, 8), ["batch_norm_max_pool2d_forward"],
                     ["batch_norm_max_pool2d_inference"]),
    "bn relu": ([bn, relu], SHAPE, ["batch_norm_forward"], ["batch_norm_inference"]),
    "bn activation": ([bn, lambda: layers.Activation("relu")], SHAPE, ["batch_norm_forward"],
                      ["batch_norm_inference"]),
    "bn relu as an operation": ([bn, lambda: tn.ops.relu], SHAPE, ["batch_norm_forward"], ["batch_norm_inference"]),
    "conv pool": ([conv, pool], FIRST, ["conv2d_max_pool2d_forward"], ["conv2d_max_pool2d_forward"]),
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", CHAINS)
def test_a_graph_is_fused_like_sequential(name, training):
    parts, shape, *kernels = CHAINS[name]
    graph, chain = both([*parts, layers.Flatten, lambda: layers.Dense(3)], shape)
    _, plain = both([*parts, layers.Flatten, lambda: layers.Dense(3)], shape)
    unfused(plain)
    for seed in range(2):  # the second time with moving averages that differ from 0 and 1
        x = images(shape, seed=seed)
        with kernels_called("conv2d", "batch_norm", "activation", "max_pool2d", "dropout") as calls:
            y, gradients, weights = step(graph, x, training)
        assert [call for call in calls if not call.endswith("backward")] == kernels[0 if training else 1]
        other, others, same = step(chain, x, training)
        assert_all_same([y, *gradients, *weights], [other, *others, *same])
        assert_same_step((y, gradients, weights), step(plain, x, training))


def residual(filters=16, keep=as_made):
    """A residual network (He et al. 2015) of two blocks: the second halves the image and doubles the channels."""
    tn.utils.set_random_seed(3)
    inputs = tn.Input(SHAPE)
    x = called([conv(filters), bn(), relu()], inputs)
    y = called([conv(filters), bn(), relu(), conv(filters), bn()], x)
    x = layers.ReLU()(layers.Add()([x, y]))
    y = called([layers.Conv2D(2 * filters, 3, 2, "same"), bn(), relu(), conv(2 * filters), bn()], x)
    x = called([layers.Conv2D(2 * filters, 1, 2), bn()], x)
    x = called([relu(), layers.GlobalAveragePooling2D(), layers.Dense(3)], layers.Add()([x, y]))
    return keep(tn.Model(inputs, x))


def test_a_residual_network():
    x, pairs = images(), ["conv2d_moments_forward", "batch_norm_inference"]
    computed = forward_kernels(residual(), x)
    assert computed == [*pairs * 3, "add_forward", *pairs * 3, "add_forward"]
    in_turn = forward_kernels(residual(keep=unfused), x)
    assert in_turn.count("activation_forward") == 5 and in_turn.count("batch_norm_forward") == 6
    for training in (True, False):
        y, gradients, weights = step(residual(), x, training)
        plain_y, plain_gradients, plain_weights = step(residual(keep=unfused), x, training)
        # In training Winograd's algorithm sums the moments in another order; the rest follows.
        for actual, expected in ((y, plain_y), *zip(weights, plain_weights, strict=True)):
            np.testing.assert_allclose(actual, expected, rtol=0, atol=64 * np.finfo(np.float32).eps
                                       * max(1, np.abs(expected).max()))
        size = max(np.abs(gradient).max() for gradient in plain_gradients)
        for actual, expected in zip(gradients, plain_gradients, strict=True):
            np.testing.assert_allclose(actual, expected, rtol=0, atol=256 * np.finfo(np.float32).eps * size)


WRITTEN = {"functions": lambda a, b: tn.ops.relu(tn.ops.add(a, b)), "operators": lambda a, b: tn.ops.relu(a + b),
           "tf": lambda a, b: tf.nn.relu(tf.add(a, b)), "activation": lambda a, b: tn.activations.relu(a + b)}


def with_operations(add_relu):
    """residual(), with operations in the place of layers without weights."""
    tn.utils.set_random_seed(3)
    inputs = tn.Input(SHAPE)
    x = tn.ops.relu(called([conv(16), bn()], inputs))
    y = called([conv(16), bn(), tn.ops.relu, conv(16), bn()], x)
    x = add_relu(x, y)
    y = called([layers.Conv2D(32, 3, 2, "same"), bn(), tn.ops.relu, conv(32), bn()], x)
    x = called([layers.Conv2D(32, 1, 2), bn()], x)
    return tn.Model(inputs, called([layers.GlobalAveragePooling2D(), layers.Dense(3)], add_relu(x, y)))


@pytest.mark.parametrize("written", WRITTEN)
def test_sums_and_relu_as_operations(written):
    """They are computed with their neighbours as layers are, with the same bits."""
    x = images()
    for training in (True, False):
        ours, with_layers = with_operations(WRITTEN[written]), residual()
        assert forward_kernels(ours, x, training) == forward_kernels(with_layers, x, training)
        assert_same_step(step(ours, x, training), step(with_layers, x, training))
    assert [type(layer) for layer in ours.layers] == [
        type(layer) for layer in with_layers.layers if not isinstance(layer, layers.ReLU | layers.Add)]


def test_operations_in_a_graph_that_is_saved(tmp_path):
    model, x = with_operations(WRITTEN["operators"]), images()
    model.save(tmp_path / "m.keras")
    again = tn.models.load_model(tmp_path / "m.keras")
    assert forward_kernels(again, x) == forward_kernels(residual(), x)


@pytest.mark.parametrize("shape", [(7, 1, 8), (1, 1, 8), (7, 5, 8)])
def test_shapes_that_meet_in_a_sum_when_it_is_computed(shape):
    """(None, None, 8) may be any two lengths: NumPy's rules hold."""
    a, b = tn.Input((None, 8)), tn.Input((None, 8))
    model = tn.Model([a, b], tn.ops.relu(a + b))
    one, other = images((5, 8)), images(shape[1:], shape[0], 1)
    np.testing.assert_array_equal(model([one, other]), np.maximum(one + other, 0))


def test_integers_are_no_floats():
    a, b = tn.Input((3,), dtype="int32"), tn.Input((3,), dtype="int32")
    model = tn.Model([a, b], tn.ops.relu(a + b))
    assert model([np.array([[1, -2, 3]]), np.array([[0, 1, 4]])]).numpy().tolist() == [[1, 0, 7]]


def test_training_a_residual_network():
    x, y = images(batch=32), np.arange(32) % 3
    models = [residual(), residual(keep=unfused)]
    for model in models:
        model.compile("sgd", tn.losses.SparseCategoricalCrossentropy(from_logits=True))
        with kernels_called("conv2d_moments") as calls:
            model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
        assert len(calls) == (8 * 6 if model is models[0] else 0)
    for actual, expected in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)
    assert models[0].predict(x, verbose=0).shape == (32, 3)


class Halved(layers.BatchNormalization):
    def call(self, x, training=None):
        return super().call(x, training) / 2


def two_consumers(x):
    y = called([conv(), bn()], x)
    return layers.Add()([y, relu()(y)])


def output_in_between(x):
    y = called([conv(), bn()], x)
    return [y, relu()(y)]


def taken_twice(x):
    y = called([conv(), bn()], x)
    return layers.Add()([y, y])


def convolution_is_an_output(x):
    y = conv()(x)
    return [y, called([bn(), relu()], y)]


def shared_normalization(x):
    shared = bn()
    return layers.Add()([relu()(shared(x)), relu()(shared(2 * x))])


def shared_convolution(x):
    shared = conv()
    return layers.Add()([bn()(shared(x)), bn()(shared(2 * x))])


def with_arguments(x):
    return relu()(bn()(conv()(x), training=True))


PAIR, IN_TURN = ["conv2d_moments_forward", "batch_norm_inference"], ["conv2d_forward", "batch_norm_forward"]


@pytest.mark.parametrize(("build", "kernels"), [
    (two_consumers, [*PAIR, "activation_forward"]),
    (output_in_between, [*PAIR, "activation_forward"]),
    (taken_twice, PAIR),
    (convolution_is_an_output, IN_TURN),
    (shared_normalization, ["batch_norm_forward", "activation_forward"] * 2),
    (shared_convolution, IN_TURN * 2),
    (with_arguments, [*IN_TURN, "activation_forward"]),
    (lambda x: relu()(Halved()(conv()(x))), [*IN_TURN, "activation_forward"]),
    (lambda x: relu()(layers.BatchNormalization(activity_regularizer="l2")(conv()(x))),
     [*IN_TURN, "activation_forward"]),
    (lambda x: layers.ReLU(6.0)(bn()(conv()(x))), [*PAIR, "activation_forward"]),
    (lambda x: relu()(bn()(layers.Conv2D(8, 3, activation="tanh")(x))),
     ["conv2d_forward", "activation_forward", "batch_norm_forward"]),
    (lambda x: tn.ops.relu(bn()(conv()(x)), 0.1), [*PAIR, "activation_forward"]),
    (lambda x: tn.ops.relu(bn()(conv()(x))) + 1.0, PAIR),
    (lambda x: tn.ops.relu(bn()(conv()(x)) + bn()(x)[..., :1]), [*PAIR, "batch_norm_forward", "activation_forward"]),
    (lambda x: tn.ops.relu(tn.ops.relu(x) + x), ["activation_forward", "add_forward"]),
    (lambda x: tn.ops.relu(x + x), ["activation_forward"]),
    (lambda x: tn.ops.relu(bn()(conv()(x)) + np.ones(8, "float32")), [*PAIR, "activation_forward"]),
    (lambda x: tn.ops.relu(1.0 + bn()(conv()(x))), [*PAIR, "activation_forward"]),
    (lambda x: tn.ops.relu(x=bn()(conv()(x)), threshold=0.0), PAIR),
    (lambda x: conv()(tn.ops.relu(x=tn.ops.add(x2=x, x1=bn()(x)))),
     ["batch_norm_forward", "add_forward", "conv2d_forward"]),
    (lambda x: bn()(tn.ops.relu(x=x)), ["activation_forward", "batch_norm_forward"]),
])
def test_what_else_is_asked_for_is_computed_too(build, kernels):
    outcomes = []
    for keep in (as_made, unfused):
        tn.utils.set_random_seed(3)
        x = tn.Input(SHAPE)
        model = tn.Model(x, build(x))
        computed = forward_kernels(keep(model), images())
        if keep is as_made:
            assert computed == kernels
        y = model(images(seed=1), training=True)
        y = y if isinstance(y, list) else [y]
        outcomes.append([*(part.numpy() for part in y), *(loss.numpy() for loss in model.losses),
                         *model.get_weights()])
    for actual, expected in zip(*outcomes, strict=True):  # the moments may be sums in another order
        np.testing.assert_allclose(actual, expected, rtol=0, atol=64 * np.finfo(np.float32).eps
                                   * max(1, np.abs(expected).max()))


def test_changes_after_the_model_is_made_count():
    x = tn.Input(SHAPE)
    model, value = tn.Model(x, called([conv(), bn(), relu(), pool()], x)), images()
    _, convolution, normalization, activation, pooling = model.layers
    together = ["conv2d_moments_forward", "batch_norm_max_pool2d_inference"]
    assert forward_kernels(model, value) == together
    normalization.activity_regularizer = tn.regularizers.L2(0.1)
    assert forward_kernels(model, value) == [*IN_TURN, "activation_forward", "max_pool2d_forward"]
    assert len(model.losses) == 1
    normalization.activity_regularizer = None
    seen, call = [], activation.call
    activation.call = lambda x: seen.append(x.shape) or call(x)
    assert forward_kernels(model, value) == [*PAIR, "activation_forward", "max_pool2d_forward"]
    assert seen == [(7, 12, 11, 8)]
    del activation.call
    pooling.strides = (1, 1)
    assert forward_kernels(model, value) == [*PAIR, "max_pool2d_forward"]
    pooling.strides = (2, 2)
    convolution.activation = tn.activations.relu
    assert forward_kernels(model, value) == ["conv2d_forward", "batch_norm_max_pool2d_forward"]
    convolution.activation = tn.activations.linear
    normalization.trainable = False
    assert forward_kernels(model, value) == ["conv2d_forward", "batch_norm_max_pool2d_inference"]
    normalization.trainable = True
    assert forward_kernels(model, value) == together


def test_a_probe_is_given_the_output_of_each_layer():
    x = tn.Input(SHAPE)
    model = tn.Model(x, called([conv(), bn(), relu(), layers.Flatten(), layers.Dense(3)], x))
    model.compile("sgd", tn.losses.SparseCategoricalCrossentropy(from_logits=True))
    with kernels_called("conv2d", "batch_norm", "activation") as calls:
        model.fit(images(), np.zeros(7), verbose=0, callbacks=[tn.callbacks.Probe()])
    assert calls[:3] == [*IN_TURN, "activation_forward"]


def test_masks_are_propagated_by_the_layers():
    x = tn.Input(SHAPE)
    model, value = tn.Model(x, called([bn(), relu()], x)), tn.convert_to_tensor(images())
    mask = value._keras_mask = tn.convert_to_tensor(np.ones((7, 12, 11), bool))
    with kernels_called("batch_norm", "activation") as calls:
        assert model(value)._keras_mask is mask
    assert calls == ["batch_norm_inference", "activation_forward"]


def test_errors_name_the_layer():
    x = tn.Input((None, None, 3))
    model = tn.Model(x, called([layers.Conv2D(8, 3, name="conv"), layers.BatchNormalization(name="bn"), relu(),
                                layers.MaxPooling2D(name="pool")], x))
    for shape, message in (((2, 11, 3), r"layer 'conv' \(Conv2D\), called on \(7, 2, 11, 3\)"),
                           ((3, 11, 3), r"layer 'pool' \(MaxPooling2D\), called on \(7, 1, 9, 8\)")):
        with pytest.raises(ValueError, match=message):
            model(images(shape), training=True)
    with pytest.raises(ValueError, match=r"layer 'bn' .*no samples"):
        model(images(batch=0), training=True)


def test_layers_of_another_model_are_looked_into():
    """What another graph of the same layers asks for is computed, and does not change the first."""
    x = tn.Input(SHAPE)
    model, value = tn.Model(x, called([conv(), bn(), relu()], x)), images()
    inside = tn.Model(model.inputs, [layer.output for layer in model.layers[1:]])
    assert forward_kernels(inside, value) == [*IN_TURN, "activation_forward"]
    assert forward_kernels(model, value) == PAIR
    np.testing.assert_array_equal(inside(value)[-1].numpy(), model(value).numpy())
    half = tn.Model(model.layers[1].output, model.output)
    assert forward_kernels(half, images((12, 11, 8))) == ["batch_norm_forward"]


def test_models_inside_a_model():
    tn.utils.set_random_seed(0)
    inner = tn.Sequential([conv(), bn(), relu()])
    x = tn.Input(SHAPE)
    y = inner(x)
    model = tn.Model(x, pool()(layers.Add()([y, called([conv(), bn(), relu()], y)])))
    assert forward_kernels(model, images()) == [*PAIR * 2, "max_pool2d_forward"]


def test_a_subclass_with_inputs_and_outputs():
    class Own(tn.Model):
        pass

    x = tn.Input(SHAPE)
    assert forward_kernels(Own(x, called([conv(), bn(), relu()], x)), images()) == PAIR
