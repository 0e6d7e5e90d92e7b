"""Calls that Hypothesis writes: recorded, run as graphs or neither, their steps are the ordinary ones."""

import itertools
import linecache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinynet as tn
from tinynet import layers, tf  # noqa: F401, the code that is drawn uses it

pytestmark = pytest.mark.skipif(tn.backend() != "native", reason="recordings are of the compiled kernels")

# Statements on images x of shape (batch, 6, 5, 4), and an earlier y of the same shape.
HARMLESS = [
    "x = self.conv(x)", "x = self.bn(x)", "x = self.bn(x, training=training)", "x = self.relu(x)", "x = tf.nn.relu(x)",
    "x = self.add([x, y])", "x = self.relu(self.add([y, x]))", "y = x", "x, y = y, x", "x = x * self.scale",
    "x += self.w", "x = x + y", "x = tf.concat([x, y], axis=-1)[..., :4]", "x = self.drop(x, training=training)",
    "x = self.relu(self.bn2(self.conv2(x), training=training))", "y = self.bn2(self.conv2(x))",
    "x = x * 1.5 if training else x", "for part in self.parts:\n            x = part(x)",
    "x = tf.reshape(x, (tf.shape(x)[0], 6, 5, 4))", "x = x / float(x.shape[0])", "x = sum([x, y])",
    "parts = [x, y]\n        parts.append(x)\n        x = tf.add_n(parts)", "x = self.twice(x)", "x = rate(x)",
    "y = tf.stop_gradient(x)", "x = x * tf.nn.softmax(self.w)", "x = tf.where(x > 0.0, x, 0.1 * x)",
]
HARMFUL = [
    "self.calls += 1\n        x = x * float(self.calls)", "seen.append(1.0)\n        x = x * float(len(seen))",
    "x = x * 0.5 if tf.reduce_sum(x) > 0 else x", "x = x * float(tf.reduce_max(x))",
    "self.table['n'] = self.table['n'] + 1.0\n        x = x * self.table['n']",
    "x = x * tf.random.uniform((), 1.0, 2.0)", "self.count.assign_add(1.0)\n        x = x * self.count",
]
SOURCE = """
class Drawn(Base):
    def call(self, x, training=None):
        y = x
        {}
        return x
"""
numbers = itertools.count()
seen = []


def rate(x):
    return x * 0.25 + 0.5


class Base(layers.Layer):
    def __init__(self):
        super().__init__()
        self.conv, self.conv2 = (layers.Conv2D(4, 3, padding="same", kernel_initializer="he_normal") for _ in range(2))
        self.bn, self.bn2, self.relu, self.add = (kind() for kind in (
            layers.BatchNormalization, layers.BatchNormalization, layers.ReLU, layers.Add))
        self.drop, self.parts = layers.Dropout(0.3, seed=2), [layers.DepthwiseConv2D(3, padding="same"), layers.ReLU()]
        self.scale, self.calls, self.table = 0.75, 0, {"n": 0.0}

    def build(self, input_shape):
        self.w = self.add_weight(shape=(4,), initializer="ones", name="w")
        self.count = self.add_weight(shape=(), initializer="zeros", trainable=False, name="count")

    def twice(self, x):
        """A method that the call calls."""
        return self.relu(x) * 2.0


def drawn(body):
    """The class whose call has these statements, with a source that can be read."""
    text, name = SOURCE.format("\n        ".join(body)), f"<drawn {next(numbers)}>"
    linecache.cache[name] = len(text), None, text.splitlines(True), name
    exec(compile(text, name, "exec"), globals())
    return globals()["Drawn"]


def trained(kind, eagerly):
    """Losses, outputs and weights of some steps; and how they ran."""
    tn.utils.set_random_seed(4)
    seen.clear()
    model = tn.Sequential([tn.Input((6, 5, 4)), kind(), layers.GlobalAveragePooling2D(), layers.Dense(2)])
    model.compile(tn.optimizers.SGD(0.01), "mse", run_eagerly=eagerly)
    random, results = np.random.default_rng(0), []
    for step in range(6):
        x = random.standard_normal((2 if step == 4 else 3, 6, 5, 4)).astype("float32")
        results += [model.train_on_batch(x, x[:, 0, 0, :2]), model(x).numpy(), model.predict_on_batch(x)]
    return [*results, *model.get_weights()], model.explain_steps()


@settings(max_examples=60)
@given(st.lists(st.sampled_from(HARMLESS), min_size=1, max_size=7), st.lists(st.sampled_from(HARMFUL), max_size=1),
       st.integers(0, 7))
def test_any_call(body, harmful, position):
    for one in harmful:
        body.insert(position, one)
    kind = drawn(body)
    actual, told = trained(kind, False)
    expected, _ = trained(kind, True)
    assert not harmful or "training: from recordings" not in told, told
    for one, right in zip(actual, expected, strict=True):  # as a graph, sums are in another order
        np.testing.assert_allclose(one, right, rtol=2e-3, atol=2e-3)


@settings(max_examples=30)
@given(st.lists(st.sampled_from(HARMLESS), min_size=1, max_size=7))
def test_recordings_of_any_call_have_its_bits(body):
    kind = drawn(body)
    from tinynet.models import replay

    actual, _ = trained(kind, False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replay, "reason_against", lambda model, training: "a test asks for ordinary steps")
        expected, _ = trained(kind, False)
    for one, right in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(one, right)


def test_harmless_statements_are_recorded():
    """One by one; else nothing would be tested above."""
    for statement in HARMLESS:
        told = trained(drawn([statement]), False)[1]
        assert told.count("from recordings") == 2, (statement, told)


