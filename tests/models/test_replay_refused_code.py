"""Calls of the user's own that must run in Python in every step, and the reasons that `explain_steps` gives."""

import linecache
import sys

import numpy as np
import pytest
from own_models import VECTOR, around
from recorded_steps import batches, compiled, ordinary, replays, train

import tinynet as tn
from tinynet import layers, tf

pytestmark = pytest.mark.skipif(tn.backend() != "native", reason="recordings are of the compiled kernels")

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


def test_lambdas_in_one_line():
    both = (lambda: lambda x: x * 2.0)(), lambda x: print(end="") or x * 2.0
    for function in both:
        model = compiled(lambda function=function: around(layers.Lambda(function), VECTOR))
        train(model, batches(VECTOR, 6))
        assert replays(model) == (function is both[0]), model.explain_steps()
        assert ("uses print" in model.explain_steps()) == (function is both[1])


def link(inner):
    def function(x):
        return inner(x)

    return function


def twice(x):
    return x * 2.0


@pytest.mark.parametrize("count", [11, 12])
def test_how_many_functions_may_call_each_other(count):
    """12, the call with them: one more is not read, in whatever depth a function that calls itself would end."""
    function = twice
    for _ in range(count - 1):
        function = link(function)

    def call(self, x):
        return function(self.inside(x) + self.w)

    model = compiled(lambda: around(type("Own", (Calling,), {"call": call})(), VECTOR))
    train(model, batches(VECTOR, 4))
    assert replays(model) == (count == 11), model.explain_steps()
    assert ("is one of many functions that call each other" in model.explain_steps()) == (count == 12)


@pytest.mark.parametrize(("depth", "length", "is_read"), [(7, 1, True), (8, 1, False), (1, 10_000, True),
                                                          (1, 10_001, False)])
def test_how_deep_and_large_a_structure_may_be(depth, length, is_read):
    table = [1.0] * length
    for _ in range(depth - 1):
        table = [table]

    def call(self, x):
        return (self.inside(x) + self.w) * float(len(table))

    model = compiled(lambda: around(type("Own", (Calling,), {"call": call})(), VECTOR))
    train(model, batches(VECTOR, 4))
    assert replays(model) == is_read, model.explain_steps()
    assert ("uses table, a large or deep structure" in model.explain_steps()) != is_read


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
