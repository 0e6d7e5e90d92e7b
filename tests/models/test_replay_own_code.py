"""Steps of models with code of the user's own are run from recordings, with the bits of ordinary steps, if their calls
can be read (tinynet/models/readable_calls.py).
"""

import copy
import linecache
import sys
import threading
import types

import numpy as np
import own_models
import pytest
from own_models import MODELS, VECTOR, around

import tinynet as tn
from tinynet import layers, ops, tf

pytestmark = pytest.mark.skipif(tn.backend() != "native", reason="recordings are of the compiled kernels")


def ordinary(model):
    """Let a model take all steps the ordinary way."""
    model._training_steps._wasted = model._prediction_calls._wasted = 99
    return model


def batches(shape, count=8, batch=4):
    random = np.random.default_rng(0)
    return [(random.standard_normal((batch, *shape)).astype("float32"), random.integers(0, 3, batch))
            for _ in range(count)]


def compiled(make, loss=None):
    tn.utils.set_random_seed(3)
    model = make()
    model.compile("adam", loss or tn.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def replays(model):
    return model.explain_steps().split("\n")[0].startswith("training: from recordings")


def same_bits(a, b):
    return all(x.tobytes() == y.tobytes() for x, y in zip(a.get_weights(), b.get_weights(), strict=True))


def train(model, given, change=None, after=5):
    results = []
    for step, (x, y) in enumerate(given):
        if step == after and change is not None:
            change(model)
        results += [model.train_on_batch(x, y), model(x).numpy().tobytes(), model.predict_on_batch(x).tobytes()]
    return results


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


# -- what is refused -------------------------------------------------------------------------------------------------

COUNTS = {"calls": 0}
LIST = []
COUNTER = 0


class Helper:
    def __init__(self):
        self.factor = 2.0


HELPER = Helper()


class Calling(layers.Layer):
    """A layer whose call does what is asked for; `state` is what it may change."""

    def __init__(self):
        super().__init__()
        self.inside = layers.Dense(7, name="inside")
        self.calls, self.seen, self.table, self.helper = 0, [], {"n": 1.0}, Helper()
        self.array = np.ones(7, "float32")
        self.mean = tn.metrics.Mean()

    def build(self, input_shape):
        self.w = self.add_weight(shape=(7,), initializer="ones", name="w")
        self.state = self.add_weight(shape=(), initializer="zeros", trainable=False, name="state")


def sets_an_attribute(self, x):
    self.calls += 1
    return x * float(self.calls)


def sets_an_attribute_plainly(self, x):
    self.calls = self.calls + 1
    return x * float(self.calls)


def sets_an_element(self, x):
    self.table["n"] = self.table["n"] + 1
    return x * self.table["n"]


def sets_an_element_of_an_alias(self, x):
    table = self.table
    table["n"] = table["n"] + 1
    return x * table["n"]


def appends(self, x):
    self.seen.append(1.0)
    return x * float(len(self.seen))


def appends_to_an_alias(self, x):
    seen = self.seen
    seen.append(1.0)
    return x * float(len(seen))


def appends_in_a_method(self, x):
    def note(target):
        target.append(1.0)

    note(self.seen)
    return x * float(len(self.seen))


def extends_in_place(self, x):
    seen = self.seen
    seen += [1.0]
    return x * float(len(seen))


def changes_an_array_in_place(self, x):
    array = self.array
    array *= 2.0
    return x * array


def appends_to_a_global(self, x):
    LIST.append(1.0)
    return x * float(len(LIST))


def counts_globally(self, x):
    global COUNTER
    COUNTER += 1
    return x * float(COUNTER)


def changes_an_object(self, x):
    HELPER.factor += 1.0
    return x * HELPER.factor


def reads_an_object(self, x):
    return x * self.helper.factor


def prints(self, x):
    print("called")
    return x * 2.0


def reads_an_array(self, x):
    return x * float(self.array[0])


def assigns(self, x):
    self.state.assign_add(1.0)
    return x * self.state


def reads_numbers(self, x):
    return x * float(x.numpy().max())


def reads_data(self, x):
    return x * float(x.data.max())


def reads_an_item(self, x):
    return x * tf.reduce_max(x).item()


def branches_on_numbers(self, x):
    return x * 2.0 if tf.reduce_sum(x) > 0 else x * 3.0


def converts_a_number(self, x):
    return x * float(tf.reduce_max(x))


def counts_by_a_number(self, x):
    for _ in range(int(tf.reduce_max(x) * 3.0) % 4):
        x = x * 1.5
    return x


def compares_by_max(self, x):
    return x * max(tf.reduce_sum(x), 1.0)


def uses_numpy(self, x):
    return x * np.exp(x)


def draws_with_numpy(self, x):
    return x * np.random.default_rng().normal()


def draws_of_the_session(self, x):
    return x * tf.random.normal((7,))


def has_a_loss(self, x):
    self.add_loss(tf.reduce_sum(x) * 0.1)
    return x


def has_a_metric(self, x):
    self.mean.update_state(tf.reduce_sum(x))
    return x


def tries(self, x):
    try:
        return x * self.missing
    except AttributeError:
        return x


def loops(self, x):
    n = 0
    while n < 3:
        n += 1
        x = x * 2.0
    return x


def enters(self, x):
    with tf.device("CPU:0"):
        return x * 2.0


def imports(self, x):
    import time

    return x * time.time()


def makes_a_layer(self, x):
    return layers.Dense(7)(x)


def conditional_operation(self, x):
    return tf.cond(tf.reduce_sum(x) > 0, lambda: x * 2.0, lambda: x * 3.0)


def checks_values(self, x):
    tf.debugging.assert_less(x, 100.0)
    return x * 2.0


def prints_as_tensorflow_does(self, x):
    tf.print("called")
    return x * 2.0


def calls_what_it_was_not_given(self, x):
    return OUTSIDE(x)


def asks_the_time(self, x):
    return x * float(sys.getrecursionlimit())


def stops_gradients_of_a_tape(self, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    return tape.gradient(y, x)


def has_a_changing_default(self, x, seen=[]):  # noqa: B006
    seen.append(1.0)
    return x * float(len(seen))


def deletes(self, x):
    if hasattr(self, "extra"):
        del self.extra
    return x * 2.0


def writes_by_setattr(self, x):
    setattr(self, "calls", self.calls + 1)  # noqa: B010
    return x * float(self.calls)


def keeps_an_iterator(self, x):
    return x * float(next(ITERATOR))


def yields(self, x):
    return sum(part for part in (yield_parts(x)))


def yield_parts(x):
    yield x
    yield x * 2.0


ITERATOR = iter(range(1, 100000))
OUTSIDE = layers.Dense(7)
OUTSIDE.build((None, 7))

REFUSED = {
    sets_an_attribute: "sets self.calls", sets_an_attribute_plainly: "sets self.calls",
    sets_an_element: "sets elements of self.table", sets_an_element_of_an_alias: "sets elements of table",
    appends: "changes self.seen", appends_to_an_alias: "changes seen", appends_in_a_method: "changes target",
    extends_in_place: "changes seen in its place", changes_an_array_in_place: "an object of ndarray",
    appends_to_a_global: "changes LIST", counts_globally: "has global", changes_an_object: "sets HELPER.factor",
    reads_an_object: "an object of Helper", prints: "uses print", reads_an_array: "an object of ndarray",
    assigns: "uses .assign_add",
    reads_numbers: "uses .numpy", reads_data: "uses .data", reads_an_item: "uses .item",
    branches_on_numbers: "reads the numbers", converts_a_number: "reads the numbers",
    counts_by_a_number: "reads the numbers", compares_by_max: "reads the numbers", uses_numpy: "reads the numbers",
    draws_with_numpy: "default_rng", draws_of_the_session: "the session's generator",
    has_a_loss: "uses self.add_loss", has_a_metric: "an object of Mean", tries: "has a try block",
    loops: "has a while loop", enters: "has a with block", imports: "imports", makes_a_layer: "calls Dense",
    conditional_operation: "uses cond", checks_values: "uses assert_less", prints_as_tensorflow_does: "uses print",
    calls_what_it_was_not_given: "not inside the model", asks_the_time: "uses getrecursionlimit",
    stops_gradients_of_a_tape: "has a with block", has_a_changing_default: "default that is no plain value",
    deletes: "uses hasattr", writes_by_setattr: "uses setattr", keeps_an_iterator: "uses next",
    yields: "yield_parts is a generator",
}


def of(call):
    """A model around a layer with this call, as its class would have it."""
    return around(type("Own", (Calling,), {"call": call})(), VECTOR)


def reset():
    global COUNTER, ITERATOR
    COUNTER, ITERATOR = 0, iter(range(1, 100000))
    LIST.clear()
    HELPER.factor = 2.0
    (has_a_changing_default.__defaults__ or [None])[0].clear()
    tn.utils.set_random_seed(5)


@pytest.mark.parametrize("call", REFUSED, ids=lambda call: call.__name__)
def test_what_is_refused_runs_in_python_in_every_step(call, capsys):
    """Its effects, and results that depend on them, are those of ordinary steps."""
    if call is draws_with_numpy:
        pytest.skip("its results differ by themselves")
    results, printed = [], []
    for way in (lambda model: model, ordinary):
        model = way(compiled(lambda: of(call)))
        reset()
        capsys.readouterr()
        results.append(train(model, batches(VECTOR)))
        printed.append("".join(capsys.readouterr()))
        if len(results) == 1:
            told = model.explain_steps().split("\n")
            assert REFUSED[call] in told[0] and REFUSED[call] in told[1], told
    assert results[0] == results[1]
    assert printed[0] == printed[1] and printed[0].count("called") == (24 if "print" in call.__name__ else 0)


def test_the_reason_names_class_and_line():
    model = compiled(lambda: around(type("Own", (Calling,), {"call": appends})(), VECTOR))
    train(model, batches(VECTOR, 4))
    line = appends.__code__.co_firstlineno + 1
    assert f"is of a class of your own: appends, line {line}, changes self.seen" in model.explain_steps()


def test_code_without_a_source_or_with_another_one():
    names = {"layers": layers, "tf": tf}
    exec("class Made(layers.Layer):\n    def call(self, x):\n        return x * 2.0\n", names)
    model = compiled(lambda: around(names["Made"](), VECTOR))
    train(model, batches(VECTOR, 4))
    assert "there is no source of Made.call" in model.explain_steps()
    code = compile("def call(self, x):\n    self.calls += 1\n    return x\n", "<a cell>", "exec")
    text = "def call(self, x):\n    return x\n"
    linecache.cache["<a cell>"] = len(text), None, text.splitlines(True), "<a cell>"
    exec(code, names)
    try:
        model = compiled(lambda: of(names["call"]))
        train(model, batches(VECTOR, 4))
        assert "the source of call is not what it runs" in model.explain_steps()
    finally:
        del linecache.cache["<a cell>"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="before, they cannot be told apart")
def test_lambdas_in_one_line():
    both = (lambda: lambda x: x * 2.0)(), lambda x: print(end="") or x * 2.0
    for function in both:
        model = compiled(lambda function=function: around(layers.Lambda(function), VECTOR))
        train(model, batches(VECTOR, 6))
        assert replays(model) == (function is both[0]), model.explain_steps()
        assert ("uses print" in model.explain_steps()) == (function is both[1])


@pytest.mark.parametrize("method", ["compute_mask", "__call__", "__setattr__", "__getattribute__"])
def test_methods_that_no_class_may_replace(method):
    replaced = {"compute_mask": lambda self, inputs, mask: mask, "__call__": layers.Layer.__call__,
                "__setattr__": layers.Layer.__setattr__, "__getattribute__": object.__getattribute__}
    kind = type("Own", (Calling,), {"call": loops_not, method: replaced[method]})
    model = compiled(lambda: around(kind(), VECTOR))
    train(model, batches(VECTOR, 4))
    assert f"Own has a {method} of its own" in model.explain_steps()


def loops_not(self, x):
    return self.inside(x) + self.w


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


class Changing(Calling):
    width = 1.0


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
