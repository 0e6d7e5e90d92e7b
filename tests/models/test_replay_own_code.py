"""Steps of models with code of the user's own are run from recordings, with the bits of ordinary steps, if their calls
can be read (tinynet/models/readable_calls.py).
"""

import copy
import sys
import threading
import types

import numpy as np
import own_models
import pytest
from own_models import MODELS, VECTOR, around
from recorded_steps import batches, compiled, ordinary, replays, same_bits, train

import tinynet as tn
from tinynet import layers, ops, tf

pytestmark = pytest.mark.skipif(tn.backend() != "native", reason="recordings are of the compiled kernels")


@pytest.mark.parametrize("name", MODELS)
def test_recorded_steps_have_the_bits_of_ordinary_ones(name):
    make, shape = MODELS[name]
    models = compiled(make), ordinary(compiled(make))
    given = batches(shape)
    assert train(models[0], given) == train(models[1], given)
    assert same_bits(*models)
    told = models[0].explain_steps()
    assert "from recordings" in told.split("\n")[0] and "from recordings" in told.split("\n")[1], told


@pytest.mark.parametrize("name", ["residual", "mlp", "shared"])
def test_fit_has_the_bits_of_ordinary_steps(name):
    make, shape = MODELS[name]
    models = compiled(make), ordinary(compiled(make))
    x, y = batches(shape, 1, batch=22)[0]
    histories = []
    for model in models:
        tn.utils.set_random_seed(7)
        histories.append(model.fit(x, y, batch_size=4, epochs=3, validation_data=(x[:9], y[:9]), verbose=0).history)
    assert histories[0] == histories[1]
    assert same_bits(*models)


def test_inputs_in_a_dict():
    models = compiled(own_models.DictModel), ordinary(compiled(own_models.DictModel))
    for x, y in batches((6,)):
        inputs = {"a": x[:, :4].copy(), "b": x[:, 4:].copy()}
        assert models[0].train_on_batch(inputs, y) == models[1].train_on_batch(inputs, y)
    assert same_bits(*models) and replays(models[0])


def test_random_numbers_of_the_session():
    model = compiled(lambda: own_models.Autoencoder(own_models.Sampling()))
    train(model, batches(VECTOR))
    assert model.explain_steps().count("the ordinary way") == 2


def my_loss(y_true, y_pred):
    return tf.reduce_mean(tf.square(tf.cast(y_true, tf.float32)[:, None] - y_pred), axis=-1)


class MyLoss(tn.losses.Loss):
    def __init__(self, weight=2.0):
        super().__init__()
        self.weight = weight

    def call(self, y_true, y_pred):
        return self.weight * my_loss(y_true, y_pred)


@pytest.mark.parametrize("loss", [my_loss, MyLoss, lambda y_true, y_pred: my_loss(y_true, y_pred) * 3.0])
def test_losses_of_the_users_own(loss):
    made = [loss() if isinstance(loss, type) else loss for _ in range(2)]
    models = [compiled(MODELS["linear"][0], one) for one in made]
    ordinary(models[1])
    for step, (x, y) in enumerate(batches(VECTOR)):
        if step == 5 and loss is MyLoss:
            made[0].weight = made[1].weight = 5.0
        assert models[0].train_on_batch(x, y) == models[1].train_on_batch(x, y)
    assert same_bits(*models)
    assert replays(models[0]) == (loss is not MyLoss or step > 5), models[0].explain_steps()


def test_run_eagerly_means_python_in_every_step():
    model = own_models.ResidualNet()
    model.compile("adam", tn.losses.SparseCategoricalCrossentropy(from_logits=True), run_eagerly=True)
    for x, y in batches(own_models.IMAGE, 4):
        model.train_on_batch(x, y)
        model(x)
    assert model.explain_steps().count("run_eagerly=True") == 2


# -- what may change between steps -----------------------------------------------------------------------------------

RATE = 2.0


def helper(x):
    return x * 3.0


def closed(factor):
    def call(self, x):
        return x * factor * RATE + self.calls + self.width + sum(self.numbers) + helper(x)

    def change(value):
        nonlocal factor
        factor = value

    return call, change


class Changing(layers.Layer):
    """A layer whose call reads these."""

    width = 1.0

    def __init__(self):
        super().__init__()
        self.calls = 0


def changed_attribute(layer, module, change):
    layer.calls = 5


def changed_list(layer, module, change):
    layer.numbers[0] = 9.0


def longer_list(layer, module, change):
    layer.numbers.append(9.0)


def changed_global(layer, module, change):
    module.RATE = 7.0


def changed_function(layer, module, change):
    module.helper = lambda x: x * 5.0


def changed_closure(layer, module, change):
    change(9.0)


def changed_class(layer, module, change):
    type(layer).width = 4.0


def own_attribute_over_that_of_the_class(layer, module, change):
    layer.width = 4.0


def other_call(layer, module, change):
    type(layer).call = lambda self, x: x * 11.0


def other_builtin(layer, module, change):
    module.sum = lambda numbers: 42.0


@pytest.mark.parametrize("way", [changed_attribute, changed_list, longer_list, changed_global, changed_function,
                                 changed_closure, changed_class, own_attribute_over_that_of_the_class, other_call,
                                 other_builtin])
def test_what_changes_between_steps_counts(way, monkeypatch):
    module, results = sys.modules[__name__], []
    for ways in (lambda model: model, ordinary):
        with monkeypatch.context() as patch:
            for name in ("RATE", "helper"):
                patch.setattr(module, name, vars(module)[name])
            patch.setattr(module, "sum", sum, raising=False)
            if way is other_builtin:
                patch.delattr(module, "sum")
            call, change = closed(2.0)

            def make(call=call):
                layer = type("Own", (Changing,), {"call": call, "width": 1.0})()
                layer.numbers = [1.0, 2.0]
                return around(layer, VECTOR)

            model = ways(compiled(make))
            was = []

            def changes(model, change=change, was=was):
                was.append(model.explain_steps())
                way(model.layers[0], module, change)

            results.append(train(model, batches(VECTOR, 12), changes))
            if ways is not ordinary:
                assert was[0].count("from recordings") == 2, was
                assert "from recordings" in model.explain_steps().split("\n")[0] or way is other_call, (
                    model.explain_steps())
            if hasattr(module, "sum") and way is other_builtin:
                del module.sum
    assert results[0] == results[1]
    assert results[0][:15] != results[0][15:]


@pytest.mark.parametrize("default", [None, False, True])
def test_training_none_and_false_are_not_the_same(default):
    class Telling(layers.Layer):
        def call(self, x, training=default):
            return x * 2.0 if training is None else x * 3.0 if training else x * 5.0

    model = compiled(lambda: around(Telling(), VECTOR))
    other = ordinary(compiled(lambda: around(Telling(), VECTOR)))
    x = batches(VECTOR, 1)[0][0]
    for _ in range(5):
        np.testing.assert_array_equal(model(x), other(x))
        np.testing.assert_array_equal(model.predict_on_batch(x), other.predict_on_batch(x))
    assert model.explain_steps().count("kernel calls") == 2


def test_an_array_that_is_changed_in_its_place():
    models = compiled(lambda: around(own_models.Kept(), VECTOR)), ordinary(compiled(
        lambda: around(own_models.Kept(), VECTOR)))
    for step, (x, y) in enumerate(batches(VECTOR, 10)):
        for model in models:
            if step == 5:
                model.layers[0].positions.data[...] *= 3.0
            if step == 8:
                model.layers[0].positions = tf.constant([7.0] * 7)
        assert models[0].train_on_batch(x, y) == models[1].train_on_batch(x, y)
        np.testing.assert_array_equal(models[0](x), models[1](x))
        if step in (4, 7):
            assert replays(models[0])


def test_copies_are_read_again():
    model = compiled(lambda: around(own_models.Gated(4), VECTOR))
    train(model, batches(VECTOR))
    twin, flat = copy.deepcopy(model), copy.copy(model.layers[0])
    twin.layers[0].linear.bias.assign(np.ones(4))
    flat.gate = layers.Dense(4)
    x = batches(VECTOR, 1)[0][0]
    for _ in range(4):
        np.testing.assert_array_equal(twin(x), ordinary(copy.deepcopy(twin))(x))
        assert not np.array_equal(twin(x), model(x)) and not np.array_equal(flat(x), model.layers[0](x))


def test_threads_predict_at_once():
    model = compiled(own_models.ResidualNet)
    given = batches(own_models.IMAGE, 4)
    model(given[0][0])
    expected, wrong = [ordinary(copy.deepcopy(model))(x).numpy() for x, _ in given], []

    def predict(x, right):
        wrong.extend(x for _ in range(20) if not np.array_equal(model(x), right))

    workers = [threading.Thread(target=predict, args=(x, right)) for (x, _), right in zip(given, expected, strict=True)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


def test_a_module_of_the_users_own():
    settings = types.ModuleType("settings")
    settings.rate = 2.0

    class Reading(layers.Layer):
        def call(self, x):
            return ops.multiply(x, settings.rate)

    model, other = compiled(lambda: around(Reading(), VECTOR)), ordinary(compiled(lambda: around(Reading(), VECTOR)))
    for step, (x, _) in enumerate(batches(VECTOR, 8)):
        settings.rate = 2.0 if step < 5 else 3.0
        np.testing.assert_array_equal(model(x), other(x))
