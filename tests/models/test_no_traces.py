"""Building a model and finding shapes leave no trace: the first step is as if nothing had been computed before."""

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers, ops

X, Y = np.ones((4, 3), "float32"), np.zeros((4, 1), "float32")


class Tracing(layers.Layer):
    """Does in `call` all that could reach a later step."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.calls, self.generator, self.mean = 0, tn.random.SeedGenerator(3), tn.metrics.Mean()

    def build(self, input_shape):
        self.scale = 5
        self.average = self.add_weight((), "ones", trainable=False, name="average")

    def call(self, x):
        self.calls += 1
        self.scale += 1
        self.average.assign(self.average * 0.5)
        self.mean.update_state(3.0)
        self.drawn = [tn.random.uniform((), seed=self.generator), tn.random.uniform(())]
        self.add_loss(0.5 * ops.mean(ops.ones_like(x)))
        return x


class Around(layers.Layer):
    """Makes the layer inside only when it is called."""

    inside = None

    def call(self, x):
        if self.inside is None:
            self.inside = Tracing()
        return self.inside(x)


def chain(traced):
    return tn.Sequential([tn.Input((3,)), traced, layers.Dense(1, use_bias=False, kernel_initializer="ones")])


def late_chain(traced):
    return tn.Sequential(chain(traced).layers)


def graph(traced):
    inputs = tn.Input((3,))
    return tn.Model(inputs, layers.Dense(1, use_bias=False, kernel_initializer="ones")(traced(inputs)))


def nested(traced):
    inputs = tn.Input((3,))
    return tn.Model(inputs, tn.Sequential(late_chain(traced).layers)(inputs))


def subclass(traced):
    class Own(tn.Model):
        def __init__(self):
            super().__init__()
            self.traced, self.dense = traced, layers.Dense(1, use_bias=False, kernel_initializer="ones")

        def call(self, x):
            return self.dense(self.traced(x))

    return Own()


def built_subclass(traced):
    model = subclass(traced)
    model.build((None, 3))
    return model


@pytest.mark.parametrize("build", [chain, late_chain, graph, nested, subclass, built_subclass])
@pytest.mark.parametrize("traced", [Tracing, Around])
@pytest.mark.parametrize("before", ["nothing", "shapes", "summary", "losses", "outputs", "clone"])
def test_the_first_step(build, traced, before):
    tn.utils.set_random_seed(1)
    traced = traced()
    model = build(traced)
    drawn = tn.random.uniform(()).numpy() if before == "nothing" else None
    if before == "shapes":
        model.compute_output_shape((None, 3))
        traced.compute_output_shape((2, 3))
    elif before == "summary":
        model.summary(print_fn=lambda *_: None)
    elif before == "losses":
        assert model.losses == []
    elif before == "outputs" and build in (chain, graph, nested):
        assert model.layers[-1].output.shape == (None, 1)
    elif before == "clone" and build in (chain, late_chain, graph, nested):
        tn.models.clone_model(model)
    model.compile("sgd", "mse")
    assert model.train_on_batch(X, Y) == [9.5, 3.0]  # the loss, and the metric of the layer
    assert [loss.numpy() for loss in model.losses] == [0.5]
    inside = traced if isinstance(traced, Tracing) else traced.inside
    assert inside.average.numpy() == 0.5 and inside.mean.result().numpy() == 3.0
    assert inside.mean.count.numpy() == 1
    if traced is inside:
        assert (traced.calls, traced.scale) == (1, 6)
    assert inside.drawn[0].numpy() == tn.random.uniform((), seed=tn.random.SeedGenerator(3)).numpy()
    if drawn is not None:  # two global draws in a row, of which the layer's was the second
        tn.utils.set_random_seed(1)
        rebuilt = Tracing() if traced is inside else Around()
        build(rebuilt)
        assert drawn == tn.random.uniform(()).numpy()


def test_layers_made_in_a_trial_have_seeds_of_their_own():
    class Two(layers.Layer):
        parts = None

        def call(self, x):
            if self.parts is None:
                self.parts = [layers.Dense(3), layers.Dense(3)]
            return self.parts[0](x) + self.parts[1](x)

    layer = Two()
    layer(tn.Input((3,)))
    first, second = (part.kernel.numpy() for part in layer.parts)
    assert (first != second).any()


def test_a_trial_within_a_call_keeps_the_penalties_of_the_call():
    class Asking(layers.Layer):
        def __init__(self):
            super().__init__()
            self.traced = Tracing()

        def call(self, x):
            y = self.traced(x)
            self.traced.compute_output_shape((None, 3))
            return y

    model = tn.Sequential([Asking(), layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    assert model.train_on_batch(X, Y) == [9.5, 3.0]  # the loss, and the metric of the layer
    assert len(model.losses) == 1
