"""A graph that runs in the place of a `call` of the user's own changes nothing that can be seen (traced_calls.py)."""

import copy
import gc
import pickle
import threading
import weakref

import numpy as np
import own_models
import pytest
from fusing import forward_kernels
from own_models import IMAGE, ConvBlock, ConvNet, Residual, ResidualNet

import tinynet as tn
from tinynet import layers, tf


def images(batch=6, seed=0, shape=IMAGE):
    return np.random.default_rng(seed).standard_normal((batch, *shape)).astype(np.float32)


def traces(layer):
    found = vars(layer).get("_own_traces")
    return found.describe() if found is not None else ""


def test_nothing_of_it_is_seen():
    own = ResidualNet()
    own.build((None, *IMAGE))
    before = tn.layers.Add().name, own.get_config(), [layer.name for layer in own._flatten_layers()]
    lines = [], []
    own.summary(print_fn=lines[0].append)
    own(images()), own(images(), training=True)
    assert "as a graph" in traces(own)
    own.summary(print_fn=lines[1].append)
    assert lines[0] == lines[1]
    number = int(before[0].split("_")[1]) if "_" in before[0] else 0
    assert tn.layers.Add().name == f"add_{number + 1}"
    assert (own.get_config(), [layer.name for layer in own._flatten_layers()]) == before[1:]
    for layer in own._flatten_layers():
        assert not vars(layer).get("_nodes")
    with pytest.raises(AttributeError):
        _ = own.blocks[0].conv1.output
    assert own.losses == []


def test_random_numbers_and_moving_averages_of_the_first_call():
    """To find the graph, the call runs twice before. That must not be seen."""
    tn.utils.set_random_seed(3)
    own = ConvNet()
    own.build((None, *IMAGE))
    twin = copy.deepcopy(own)
    for part in twin._flatten_layers():
        part.call = part.call  # never skipped
    for _ in range(2):
        one, other = own(images(), training=True), twin(images(), training=True)
        np.testing.assert_allclose(one["out"], other["out"], rtol=1e-4, atol=1e-4)
        assert ((one["hidden"].numpy() == 0) == (other["hidden"].numpy() == 0)).mean() > 0.95
    assert own.drop.seed_generator.next_pair == twin.drop.seed_generator.next_pair
    np.testing.assert_allclose(own.first.steps[1].moving_mean, twin.first.steps[1].moving_mean, rtol=1e-5, atol=1e-6)
    assert tn.random.uniform(()).numpy() != tn.random.uniform(()).numpy()


class Printing(ConvBlock):
    def call(self, x):
        print("called")
        return super().call(x)


def test_side_effects_go_on(capsys):
    model = tn.Sequential([tn.Input(IMAGE), Printing(8)])
    capsys.readouterr()
    for _ in range(3):
        model(images())
    assert capsys.readouterr().out == "called\n" * 3
    assert "uses print" in traces(model.layers[0])


class Weighted(layers.Layer):
    """Normalizes its kernel: an operation on a weight alone."""

    def __init__(self):
        super().__init__()
        self.conv, self.relu = layers.Conv2D(4, 3), layers.ReLU()

    def build(self, input_shape):
        self.w = self.add_weight(shape=(4,), initializer="ones", name="w")

    def call(self, x):
        return self.relu(self.conv(x)) * tf.nn.softmax(self.w)


class Comparing(ConvBlock):
    def call(self, x):
        y = super().call(x)
        return y * tf.cast(y == 0.0, tf.float32) + y


class Unused(ConvBlock):
    """Normalizes what it does not return: the moving averages follow all the same."""

    def call(self, x):
        y = self.steps[0](x)
        self.steps[1](y)
        return self.steps[2](y)


class Branching(ConvBlock):
    def call(self, x):
        return super().call(x) if tf.reduce_sum(x) > 0 else x[:, 1:-1, 1:-1] * 2.0


class Shaped(ConvBlock):
    """Does something else for other shapes."""

    def call(self, x):
        y = super().call(x)
        if x.shape[0] == 2:
            return y * 2.0
        return y + float(x.shape[0])


class Nothing(ConvBlock):
    def call(self, x):
        super().call(x)
        return None


class Twice(ConvBlock):
    def call(self, x):
        conv, bn, relu = self.steps
        y = relu(bn(conv(x)))
        return relu(bn(y)) + y


class Texts(ConvBlock):
    def call(self, x):
        return [super().call(x), "text", 3]


class Drawing(ConvBlock):
    """Two draws of the session, of which the graph would take the second first."""

    def call(self, x):
        y = super().call(x)
        one, other = tf.nn.dropout(y, 0.3), tf.nn.dropout(x[:, 1:-1, 1:-1], 0.3)
        return tf.concat([other, one], axis=-1)


class Seeded(ConvBlock):
    def __init__(self, filters):
        super().__init__(filters)
        self.seeds = tn.random.SeedGenerator(3)

    def call(self, x):
        return super().call(x) + tn.random.normal((4,), seed=self.seeds)


@pytest.mark.parametrize("kind", [Weighted, Comparing, Unused, Branching, Shaped, Twice, Texts, Drawing, Seeded])
def test_calls_that_are_no_plain_graph(kind):
    """Whether they run as a graph or not: they give what they give layer by layer."""
    tn.utils.set_random_seed(1)
    own = kind(4) if kind is not Weighted else kind()
    for seed, batch in enumerate((6, 2, 6, 3, 6)):
        for sign in (1, -1):
            x = images(batch, seed) + np.float32(0.2 * sign)
            plain = copy.deepcopy(own)
            plain.call = plain.call  # never replaced by a graph
            if not own.built:
                own.build((None, *IMAGE)), plain.build((None, *IMAGE))
                plain.set_weights(own.get_weights())
            for training in (True, False):
                results = []
                for one in (own, plain):
                    tn.random.set_global_seed(batch)
                    results.append(one(x, training=training))
                parts = [one if isinstance(one, list) else [one] for one in results]
                assert [type(part) for part in parts[0]] == [type(part) for part in parts[1]]
                for one, other in zip(*parts, strict=True):
                    if isinstance(one, tn.Tensor):
                        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)
                for one, other in zip(own.weights, plain.weights, strict=True):
                    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
            if kind is Weighted:
                own.w.assign(own.w * np.float32([1, 2, 3, 4]))


def test_the_graphs_that_a_layer_keeps_are_few():
    """One for each shape, if the call reads shapes: the oldest goes, and is made again when it is needed."""
    own = Shaped(4)
    own.build((None, *IMAGE))
    for batch in (*range(3, 23), 3):
        own(images(batch))
        assert len(own._own_traces._graphs) == min(batch - 2, 16) if batch != 3 else 16
        np.testing.assert_allclose(own(images(batch)), own.call(tn.Tensor(images(batch))), rtol=1e-4, atol=1e-4)
    assert "as a graph" in traces(own)


def test_a_call_that_returns_nothing():
    own = Nothing(4)
    assert own(images()) is None and own(images()) is None
    assert "it cannot be traced" in traces(own) or "something else than tensors" in traces(own)


def test_wrong_shapes_are_refused_as_before():
    own = ResidualNet()
    own(images())
    with pytest.raises(ValueError, match=r"layer 'conv2d\w*' \(Conv2D\), called on \(6, 12, 11, 5\)"):
        own(images(shape=(12, 11, 5)))
    block = Residual(4, name="block")
    block(images(shape=(6, 5, 4)))
    with pytest.raises(ValueError, match=r"layer 'conv1' \(Conv2D\), called on \(6, 5\)"):
        block(np.ones((6, 5), "float32"))


def test_what_is_changed_counts():
    own = ResidualNet()
    x = images()
    own(x)
    block = own.blocks[0]

    def plain():
        twin = copy.deepcopy(own)
        for layer in twin._flatten_layers():
            layer.call = layer.call
        return twin(x).numpy()

    def check():
        before = own(x).numpy()
        np.testing.assert_allclose(before, plain(), rtol=1e-4, atol=1e-4)
        return before

    results = [check()]
    block.relu1 = layers.Activation("tanh")
    results.append(check())
    own.blocks.append(Residual(32, name="another"))
    results.append(check())
    own.blocks[0] = layers.Activation("sigmoid")
    results.append(check())
    own.blocks[1].shortcut[1].gamma.assign(own.blocks[1].shortcut[1].gamma * 3.0)
    results.append(check())
    own.blocks[1].bn2.activity_regularizer = tn.regularizers.L2(0.1)
    results.append(check())
    assert all((one != other).any() for one, other in zip(results[:-2], results[1:-1], strict=True))
    assert len(own.losses) == 1


def test_watchers_get_each_layers_output():
    own = ResidualNet()
    own.compile("sgd", tn.losses.SparseCategoricalCrossentropy(from_logits=True))
    probe = tn.callbacks.Probe()
    own.fit(images(), np.arange(6) % 3, verbose=0)
    seen = []
    from tinynet.layers.context import call_context

    call_context().watch = lambda layer, outputs: seen.append(layer.name)
    try:
        own(images())
    finally:
        call_context().watch = None
    assert {"bn1", "relu1", "conv2", "add"} <= set(seen)
    own.fit(images(), np.arange(6) % 3, verbose=0, callbacks=[probe])


@pytest.mark.usefixtures("nothing_folded", "ordinary_steps")
def test_run_eagerly_calls_layer_by_layer():
    own = ResidualNet()
    own.compile("sgd", "mse", run_eagerly=True)
    for _ in range(2):
        assert "conv2d_moments_forward" not in forward_kernels(own, images(), True)
    own.compile("sgd", "mse")
    own(images(), training=True)
    assert "conv2d_moments_forward" in forward_kernels(own, images(), True)


def test_copies_and_files(tmp_path):
    own = tn.Sequential([tn.Input(IMAGE), Residual(3), layers.Flatten(), layers.Dense(2)])
    x = images()
    expected = own(x).numpy()
    assert "as a graph" in traces(own.layers[0])
    twin = copy.deepcopy(own)
    np.testing.assert_array_equal(twin(x), expected)
    twin.layers[0].conv1.kernel.assign(twin.layers[0].conv1.kernel * 0.0)
    assert (twin(x).numpy() != expected).any()
    np.testing.assert_array_equal(own(x), expected)
    flat = copy.copy(own.layers[0])
    flat.relu2 = layers.Activation("tanh")
    assert (flat(x).numpy() != own.layers[0](x).numpy()).any()
    own.save(tmp_path / "model.keras")
    loaded = tn.models.load_model(tmp_path / "model.keras", custom_objects={"Residual": Residual})
    np.testing.assert_array_equal(loaded(x), expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(own))(x), expected)


def test_normalization_that_waits_for_other_processes_is_not_tried():
    own = ConvBlock(4)
    own.steps[1] = layers.BatchNormalization(synchronized=True)
    own(images(), training=True)
    assert "waits for other processes" in traces(own)


def test_threads():
    own = ResidualNet()
    own.build((None, *IMAGE))
    wrong, expected = [], residual_of(own, images())

    def predict():
        for _ in range(20):
            if not np.allclose(own(images()), expected, rtol=1e-3, atol=1e-4):
                wrong.append(1)

    workers = [threading.Thread(target=predict) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


def residual_of(own, x):
    return copy.deepcopy(own)(x).numpy()


def test_explain_steps_reports_it():
    own = ResidualNet()
    for _ in range(3):
        own(images())
    assert "residual_net" in own.explain_steps() and "as a graph" in own.explain_steps()
    model = own_models.Shared()
    model(np.ones((2, 7), "float32"))
    assert model.explain_steps().count("\n") == 1  # nothing that could be computed together


def test_a_model_is_freed_when_the_user_drops_it():
    """Its graph refers to the layers inside, not to itself."""
    own = ResidualNet()
    for _ in range(3):
        own(images())
    assert "as a graph" in traces(own)
    gone = weakref.ref(own)
    gc.disable()
    try:
        del own
        assert gone() is None
    finally:
        gc.enable()
