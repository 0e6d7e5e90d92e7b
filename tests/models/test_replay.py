"""Steps that are run again from their kernel calls are the ordinary steps, bit for bit."""

import copy
import threading

import numpy as np
import pytest
from layer_cases import CASES, Words, model_around

import tinynet as tn
from tinynet import layers, runtime
from tinynet.core import recording
from tinynet.models import replayable
from tinynet.models.replay import Recording

pytestmark = pytest.mark.skipif(tn.backend() != "native", reason="recordings are of the compiled kernels")

IMAGE, VECTOR = (6, 5, 4), (7,)

# What models of other tests here are made of.
BUILT = {
    layers.Dense: (VECTOR, lambda x: layers.Dense(4, activation="tanh")(layers.Dense(8, activation="relu")(x))),
    layers.Conv2D: (IMAGE, lambda x: layers.Conv2D(3, 3, activation="relu")(layers.Conv2D(4, 2)(x))),
    layers.BatchNormalization: (IMAGE, lambda x: layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 3)(x)))),
    layers.DepthwiseConv2D: (IMAGE, lambda x: layers.DepthwiseConv2D(2)(
        layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 3)(x))))),
}
NORMALIZED = (layers.BatchNormalization, layers.DepthwiseConv2D)
# Instances that run the ordinary way though others of their class are recorded.
ORDINARY_CASES = {"Softmax over two axes": "an array that no kernel has computed"}


def made(case, optimizer="adam", penalty=None):
    tn.utils.set_random_seed(5)
    shape, build = BUILT[case]
    inputs = layers.Input(shape)
    features = layers.Flatten()(build(inputs))
    model = tn.Model(inputs, layers.Dense(3, kernel_regularizer=penalty)(features))
    model.compile(optimizer, tn.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


def ordinary(model):
    """Let a model take all steps the ordinary way."""
    model._training_steps._wasted = model._prediction_calls._wasted = 99
    return model


def batches(shape, count, batch=4, seed=0):
    random = np.random.default_rng(seed)
    return [(random.standard_normal((batch, *shape)).astype("float32"), random.integers(0, 3, batch))
            for _ in range(count)]


def replays(model):
    return model._training_steps.describe().startswith("from recordings")


def same_bits(a, b):
    return all(x.tobytes() == y.tobytes() for x, y in zip(a.get_weights(), b.get_weights(), strict=True))


def model_of(case, recorded):
    tn.utils.set_random_seed(0)
    model = model_around(case)
    model.compile("adam", "mse", metrics=["mae"])
    return model if recorded else ordinary(model)


def batches_of(case, count, batch):
    """Other numbers in each batch, of the shapes that the model of a case takes."""
    x, random = case.arrays(batch=batch), np.random.default_rng(1)
    for step in range(count):
        parts = [part * np.float32(1 + step / 8) if part.dtype.kind == "f" else np.roll(part, step, 0).copy()
                 for part in tn.core.nest.flatten(x)]
        yield (parts if isinstance(x, list) else parts[0]), random.standard_normal((batch, 3)).astype("float32")


def may_be_recorded(name, training):
    kind = type(CASES[name].make())
    listed = replayable.ORDINARY | (replayable.ORDINARY_IN_TRAINING if training else {})
    return (name not in ORDINARY_CASES and not issubclass(kind, tuple(listed))
            and not hasattr(kind, "_ordinary_because"))


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.has_gradient])
def test_training_and_evaluation_have_the_bits_of_ordinary_steps(name):
    by_calls, by_python = model_of(CASES[name], True), model_of(CASES[name], False)
    for x, y in batches_of(CASES[name], 6, 4):
        assert by_calls.train_on_batch(x, y) == by_python.train_on_batch(x, y)
        assert by_calls.test_on_batch(x, y) == by_python.test_on_batch(x, y)
    assert same_bits(by_calls, by_python)
    assert not replays(by_python)
    told = by_calls._training_steps.describe()
    assert replays(by_calls) == may_be_recorded(name, True), told
    assert ORDINARY_CASES.get(name, "") in told


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.has_gradient])
def test_outputs_have_the_bits_of_ordinary_calls(name, batch):
    by_calls, by_python = model_of(CASES[name], True), model_of(CASES[name], False)
    for x, _ in batches_of(CASES[name], 5, batch):
        np.testing.assert_array_equal(by_calls(x), by_python(x))
        np.testing.assert_array_equal(by_calls.predict_on_batch(x), by_python.predict_on_batch(x))
    told = by_calls._prediction_calls.describe()
    assert told.startswith("from recordings") == may_be_recorded(name, False), told


@pytest.mark.parametrize("name", [name for name, case in CASES.items()
                                  if not case.has_gradient and not isinstance(case.inputs, Words)])
def test_layers_without_gradients_predict_the_same(name):
    """Whether from a recording or not. Few of them are: most compute with NumPy what no recording is told of."""
    layer = CASES[name].make()
    model = tn.Model(inputs := CASES[name].symbols(), CASES[name](layer, inputs))
    for x, _ in batches_of(CASES[name], 5, 4):
        expected = CASES[name](layer, x, training=False)
        actual = model.predict_on_batch(x)
        np.testing.assert_array_equal(np.asarray(actual), np.asarray(expected))


@pytest.mark.parametrize("kind", [*replayable.ORDINARY, *replayable.ORDINARY_IN_TRAINING, tn.layers.WordDropout],
                         ids=lambda kind: kind.__name__)
def test_a_class_that_stays_ordinary_has_a_reason(kind):
    assert replayable._reason_of_kind(kind, True)


def test_a_stateful_layer_keeps_its_states():
    models = []
    for way in (lambda model: model, ordinary):
        tn.utils.set_random_seed(3)
        model = way(tn.Sequential([layers.Input((5, 3), batch_size=4), layers.LSTM(4, stateful=True),
                                   layers.Dense(3)]))
        model.compile("adam", tn.losses.SparseCategoricalCrossentropy(from_logits=True))
        for x, y in batches((5, 3), 5):
            model.train_on_batch(x, y)
        models.append(model)
    assert same_bits(*models)
    assert "stateful" in models[0].explain_steps()


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adamw", "nadam", "lion", "adafactor"])
@pytest.mark.parametrize("loss", ["mse", "mae", "binary_crossentropy", "categorical_crossentropy"])
def test_optimizers_and_losses(optimizer, loss):
    models = []
    for way in (lambda model: model, ordinary):
        tn.utils.set_random_seed(2)
        model = way(tn.Sequential([layers.Input((4,)), layers.Dense(6, activation="relu"),
                                   layers.Dense(2, activation="sigmoid")]))
        model.compile(optimizer, loss, metrics=["mae"])
        for x, y in batches((4,), 5):
            model.train_on_batch(x, np.eye(3, dtype="float32")[y][:, :2])
        models.append(model)
    assert same_bits(*models)


@pytest.mark.parametrize("loss", [
    "mean_absolute_percentage_error", "mean_squared_logarithmic_error", "huber", "log_cosh", "cosine_similarity",
    "kl_divergence", "poisson", "hinge", "squared_hinge", "categorical_hinge", "categorical_focal_crossentropy",
    "binary_focal_crossentropy", "dice", "tversky"])
def test_every_loss_with_labels_of_another_kind_later(loss):
    """A loss that looks at the labels in Python, as hinge losses do, must not be recorded with its decision."""
    models = []
    for way in (lambda model: model, ordinary):
        tn.utils.set_random_seed(2)
        model = way(tn.Sequential([layers.Input((4,)), layers.Dense(3, activation="sigmoid")]))
        model.compile("sgd", loss)
        for step, (x, y) in enumerate(batches((4,), 9)):
            one_hot = np.eye(3, dtype="float32")[y]
            model.train_on_batch(x, one_hot if step > 5 else 2 * one_hot - 1 if "hinge" in loss else one_hot * 0.75)
        models.append(model)
    assert same_bits(*models)


@pytest.mark.parametrize("penalty", ["l1", "l2", "l1_l2"])
def test_penalties_and_sample_weights(penalty):
    by_calls, by_python = made(layers.Dense, penalty=penalty), ordinary(made(layers.Dense, penalty=penalty))
    for x, y in batches(VECTOR, 6):
        weights = np.abs(x[:, 0])
        assert by_calls.train_on_batch(x, y, weights) == by_python.train_on_batch(x, y, weights)
    assert same_bits(by_calls, by_python)
    assert replays(by_calls)


@pytest.mark.parametrize("case", NORMALIZED)
def test_fit_and_evaluate_with_a_short_last_batch_and_several_epochs(case):
    x, y = batches(IMAGE, 1, batch=22)[0]
    by_calls, by_python = made(case), ordinary(made(case))
    histories = []
    for model in (by_calls, by_python):
        tn.utils.set_random_seed(7)
        histories.append(model.fit(x, y, batch_size=4, epochs=3, validation_data=(x[:9], y[:9]), verbose=0).history)
    assert histories[0] == histories[1]
    assert same_bits(by_calls, by_python)
    np.testing.assert_array_equal(by_calls.predict(x, batch_size=4, verbose=0),
                                  by_python.predict(x, batch_size=4, verbose=0))


def changed_weight(model):
    model.layers[-1].kernel.assign(model.layers[-1].kernel * 0.5)


def changed_average(model):
    model.layers[2].moving_mean.assign(model.layers[2].moving_mean + 1.0)


def changed_rate(model):
    model.optimizer.learning_rate = 0.1


def changed_momentum(model):
    model.layers[2].momentum = 0.5


def frozen(model):
    model.layers[1].trainable = False


def changed_in_place(model):
    model.layers[-1].kernel.data[...] *= 2


@pytest.mark.parametrize("change", [changed_weight, changed_average, changed_rate, changed_momentum, frozen,
                                    changed_in_place])
@pytest.mark.parametrize("case", NORMALIZED)
def test_what_the_user_changes_between_steps_counts(change, case):
    models = [made(case), ordinary(made(case))]
    for model in models:
        given = batches(IMAGE, 8)
        for position, (x, y) in enumerate(given):
            if position == 4:
                change(model)
            model.train_on_batch(x, y)
    assert same_bits(*models)
    assert replays(models[0])


def test_a_changed_strength_of_a_penalty_counts():
    models = [made(layers.Dense, penalty=tn.regularizers.L2(0.01)) for _ in range(2)]
    ordinary(models[1])
    for model in models:
        for position, (x, y) in enumerate(batches(VECTOR, 8)):
            if position == 4:
                model.layers[-1].kernel.regularizer.l2 = 0.5
            model.train_on_batch(x, y)
    assert same_bits(*models)


def test_generators_with_one_seed():
    """Two layers with one seed draw equal numbers: the calls do not tell whose they are."""
    def model():
        tn.utils.set_random_seed(1)
        result = tn.Sequential([layers.Input((5,)), layers.Dropout(0.5, seed=3), layers.Dense(5),
                                layers.Dropout(0.5, seed=3), layers.Dense(3)])
        result.compile("sgd", tn.losses.SparseCategoricalCrossentropy(from_logits=True))
        return result

    models = [model(), ordinary(model())]
    for one in models:
        for position, (x, y) in enumerate(batches((5,), 8)):
            if position == 4:
                one.layers[2].seed_generator.next()  # from here on they differ
            one.train_on_batch(x, y)
    assert same_bits(*models)


def test_results_are_arrays_of_their_own():
    model = made(layers.Dense)
    given = batches(VECTOR, 5)
    results = [model(x) for x, _ in given]
    expected = [ordinary(copy.deepcopy(model))(x).numpy() for x, _ in given]
    for result, right in zip(results, expected, strict=True):
        np.testing.assert_array_equal(result, right)


def test_threads_predict_at_once():
    model = made(layers.Conv2D)
    given = batches(IMAGE, 6)
    expected = [ordinary(copy.deepcopy(model))(x).numpy() for x, _ in given]
    wrong = []

    def predict(x, right):
        for _ in range(50):
            if not np.array_equal(model(x), right):
                wrong.append(x)

    workers = [threading.Thread(target=predict, args=(x, right)) for (x, _), right in zip(given, expected, strict=True)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


def test_a_label_that_is_no_class_is_refused_in_a_step_from_a_recording():
    model = made(layers.Dense)
    for x, y in batches(VECTOR, 4):
        model.train_on_batch(x, y)
    assert replays(model)
    before = model.get_weights()
    with pytest.raises(ValueError, match="sparse_categorical_crossentropy: label 7 at index 0.*use ignore_class"):
        model.train_on_batch(x, np.array([7, 0, 0, 0]))
    assert all(a.tobytes() == b.tobytes() for a, b in zip(before, model.get_weights(), strict=True))
    for _ in range(3):
        model.train_on_batch(x, y)
    assert replays(model)


class Doubled(layers.Layer):
    def call(self, x):
        self.calls = 1
        return x * 2.0


@pytest.mark.parametrize(("model", "why"), [
    (lambda: tn.Sequential([layers.Input((4,)), Doubled(), layers.Dense(3)]), "Doubled"),
    (lambda: tn.Sequential([layers.Input((4,)), layers.Dense(3, activation=lambda x: print(end="") or x * 2)]),
     "of your own as activation: <lambda>, line"),
    (lambda: tn.Sequential([layers.Input((4,)), layers.Dense(3, activity_regularizer="l2")]), "activity_regularizer"),
])
def test_models_with_code_of_the_user_take_the_ordinary_way_and_say_why(model, why):
    model = model()
    model.compile("sgd", tn.losses.SparseCategoricalCrossentropy(from_logits=True))
    for x, y in batches((4,), 4):
        model.train_on_batch(x, y)
    assert why in model.explain_steps()


def test_a_watcher_and_a_tape_see_ordinary_steps():
    model = made(layers.Dense)
    for x, y in batches(VECTOR, 4):
        model.train_on_batch(x, y)
    before = next(iter(model._training_steps._recordings.values())).runs
    probe = tn.callbacks.Probe()
    model.fit(x, y, epochs=2, callbacks=[probe], verbose=0)
    with tn.GradientTape() as tape:
        y_pred = model(x)
    assert tape.gradient(y_pred, model.trainable_variables)[0] is not None
    assert before > 0


def test_the_numpy_backend_takes_ordinary_steps():
    model = made(layers.Dense)
    given = batches(VECTOR, 6)
    for x, y in given[:4]:
        model.train_on_batch(x, y)
    with tn.backend("numpy"):
        loss = model.test_on_batch(*given[4])
    assert np.allclose(loss, model.test_on_batch(*given[4]), rtol=1e-5)


def test_explain_steps_names_shapes_and_calls():
    model = made(layers.Dense)
    assert "not recorded yet" in model.explain_steps() or "not taken a step" in model.explain_steps()
    for x, y in batches(VECTOR, 4):
        model.train_on_batch(x, y)
    assert "kernel calls" in model.explain_steps()
    assert "(4, 7)" in model.explain_steps()
    with tn.backend("numpy"):
        assert model.explain_steps().count("the ordinary way, since the NumPy references") == 2


def test_copies_have_recordings_of_their_own():
    model = made(layers.Dense)
    for x, y in batches(VECTOR, 4):
        model.train_on_batch(x, y)
    other = copy.deepcopy(model)
    assert not other._training_steps._recordings
    model.train_on_batch(x, y)
    other.train_on_batch(x, y)
    assert same_bits(model, other)


def test_outputs_that_are_the_inputs_are_not_recorded():
    """Such an array is another one in each call."""
    model = tn.Sequential([layers.Input((4,)), layers.Identity()])
    for x, _ in batches((4,), 5):
        np.testing.assert_array_equal(model.predict_on_batch(x), x)
    assert "not computed by kernels" in model.explain_steps()


def trained_by_fit(optimizer, quick, callbacks=(), metrics=("accuracy",), sample_weight=False, loss=None):
    """A model and its History after a `fit` with a short last batch."""
    tn.utils.set_random_seed(4)
    model = tn.Sequential([layers.Input((6,)), layers.Dense(8, activation="relu", kernel_regularizer="l2"),
                           layers.Dropout(0.2), layers.Dense(3)])
    loss = loss or tn.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer(), loss, metrics=list(metrics))
    if not quick:
        ordinary(model)
    x, y = batches((6,), 1, batch=70)[0]
    weights = np.abs(x[:, 0]) if sample_weight else None
    history = model.fit(x, y, batch_size=8, epochs=3, verbose=0, callbacks=[make() for make in callbacks],
                        sample_weight=weights)
    return model, history.history


OPTIMIZERS = {
    "sgd": lambda: tn.optimizers.SGD(0.1, momentum=0.9),
    "adam": lambda: tn.optimizers.Adam(0.01),
    "adam, decaying": lambda: tn.optimizers.Adam(tn.optimizers.schedules.ExponentialDecay(0.01, 4, 0.5)),
    "adamw": lambda: tn.optimizers.AdamW(0.01),
    "nadam": lambda: tn.optimizers.Nadam(0.01),
    "rmsprop": lambda: tn.optimizers.RMSprop(0.01),
    "lion": lambda: tn.optimizers.Lion(0.01),
    "clipped": lambda: tn.optimizers.Adam(0.01, clipnorm=0.1),
    "accumulating": lambda: tn.optimizers.SGD(0.1, gradient_accumulation_steps=2),
    "averaging": lambda: tn.optimizers.Adam(0.01, use_ema=True, ema_overwrite_frequency=5),
    "scaled": lambda: tn.optimizers.Adam(0.01, loss_scale_factor=8.0),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
@pytest.mark.parametrize("sample_weight", [False, True])
def test_fit_has_the_bits_of_ordinary_steps(optimizer, sample_weight):
    models, histories = zip(*(trained_by_fit(optimizer, quick, sample_weight=sample_weight)
                              for quick in (True, False)), strict=True)
    assert histories[0] == histories[1]
    assert same_bits(*models)
    for one, other in zip(models[0].optimizer.variables, models[1].optimizer.variables, strict=True):
        np.testing.assert_array_equal(one, other)


class Changing(tn.callbacks.Callback):
    """Changes a model between two steps of `fit`."""

    def __init__(self, change):
        super().__init__()
        self.change = change

    def on_train_batch_begin(self, batch, logs=None):
        if batch == 4:
            self.change(self.model)


def other_state(model):
    model.optimizer.variables[-1].assign(np.ones(model.optimizer.variables[-1].shape, "float32"))


def with_clipping(model):
    model.optimizer.clipvalue = 0.001


def other_penalty(model):
    model.layers[0].kernel.regularizer.l2 = 0.5


def assigned(model):
    model.layers[0].kernel.assign(model.layers[0].kernel * 0.5)


@pytest.mark.parametrize("change", [other_state, with_clipping, other_penalty, changed_rate, assigned, frozen])
def test_what_a_callback_changes_between_steps_of_fit_counts(change):
    change_it = (lambda: Changing(change),)
    models, histories = zip(*(trained_by_fit(OPTIMIZERS["adam"], quick, change_it) for quick in (True, False)),
                            strict=True)
    assert histories[0] == histories[1]
    assert same_bits(*models)


def test_fit_takes_quick_steps(monkeypatch):
    """Else the tests above would hold ordinary steps to ordinary steps."""
    from tinynet.models.quick_step import QuickStep

    taken, take = [], QuickStep.take
    monkeypatch.setattr(QuickStep, "take", lambda self, data: taken.append(take(self, data)) or taken[-1])
    trained_by_fit(OPTIMIZERS["adam"], True)
    assert taken.count(True) >= 18  # of 27: four begin a recording, and each epoch begins and ends with another step
    taken.clear()
    trained_by_fit(OPTIMIZERS["adam"], False)
    assert not any(taken)


def test_a_loss_that_is_not_finite_leaves_the_weights(monkeypatch):
    model = tn.Sequential([layers.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((40, 2), "float32"), np.ones(40, "float32")
    x[35] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        model.fit(x, y, batch_size=4, shuffle=False, verbose=0)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


def two_outputs():
    tn.utils.set_random_seed(6)
    first, second = layers.Input((4,)), layers.Input((3,))
    x = layers.Concatenate()([layers.Dense(5, activation="relu")(first), second])
    model = tn.Model([first, second], [layers.Dense(2, name="a")(x), layers.Dense(1, name="b")(x)])
    model.compile("adam", ["mse", "mae"], loss_weights=[1.0, 0.5], metrics=[["mae"], ["mse"]])
    return model


def test_several_inputs_outputs_and_losses():
    models = [two_outputs(), ordinary(two_outputs())]
    random = np.random.default_rng(0)
    for _ in range(6):
        x = [random.standard_normal((8, n)).astype("float32") for n in (4, 3)]
        y = [random.standard_normal((8, n)).astype("float32") for n in (2, 1)]
        results = [model.train_on_batch(x, y, return_dict=True) for model in models]
        assert results[0] == results[1]
    assert same_bits(*models)
    assert replays(models[0]), models[0].explain_steps()


# -- the recording itself --------------------------------------------------------------------------------------------


def recorded(inputs, living, calls):
    one = runtime._native._Recording()
    one.start(inputs, living)
    recording.state.active = recording.Recorder(one)
    try:
        result = calls()
    finally:
        recording.state.active = None
        one.stop()
    return one, result


def test_an_array_that_nothing_recorded_has_computed_is_a_problem():
    x, w = np.ones((2, 3), "float32"), np.ones((3, 4), "float32")
    dense = runtime.kernels.dense_forward
    assert recorded([x], [w], lambda: dense(x, w, None, "linear"))[0].problem == ""
    assert "no kernel has computed" in recorded([x], [w], lambda: dense(x + 1, w, None, "linear"))[0].problem
    assert "no kernel has computed" in recorded([x], [], lambda: dense(x, w, None, "linear"))[0].problem
    assert recorded([x], [w], lambda: dense(recording.computed(np.add, x, 1), w, None, "linear"))[0].problem == ""
    assert "same memory" in recorded([x, x], [w], lambda: dense(x, w, None, "linear"))[0].problem


def test_an_array_that_numpy_changes_in_its_place_is_found():
    x = tn.Tensor(np.ones((2, 3), "float32"))

    def step():
        y = runtime.kernels.activation_forward(x.data, "relu")
        y *= 3
        return tn.Tensor.wrap(runtime.kernels.activation_forward(y, "relu"))

    recorded = Recording(step, [x.data], [])
    assert "other numbers" in recorded.problem
    np.testing.assert_array_equal(recorded.results, np.full((2, 3), 3))  # those of the step


def test_a_part_of_a_known_array_is_copied_again_in_each_run():
    x = np.arange(12, dtype="float32").reshape(3, 4)
    doubled = lambda: runtime.kernels.activation_forward(runtime.kernels.activation_forward(x, "relu").T, "relu")  # noqa: E731
    one, y = recorded([x], [], doubled)
    assert one.problem == ""
    one.run([x + 1], [])
    np.testing.assert_array_equal(y, (x + 1).T)


@pytest.mark.parametrize(("depth", "problem"), [(8, ""), (9, "keeps objects within objects")])
def test_how_deep_what_a_function_keeps_is_looked_at(depth, problem):
    x, kept = np.ones((2, 3), "float32"), 1.0
    for _ in range(depth):
        kept = [kept]
    one, _ = recorded([x], [], lambda: recording.repeated(lambda a: a + len(kept), x))
    assert problem in one.problem and bool(problem) is bool(one.problem)


def test_functions_of_python_are_called_again():
    x, kept = np.ones((2, 3), "float32"), np.full((2, 3), 5, "float32")
    one, y = recorded([x], [], lambda: recording.repeated(lambda a: np.flip(a, 1) * 2, x))
    one.run([np.arange(6, dtype="float32").reshape(2, 3)], [])
    np.testing.assert_array_equal(y, [[4, 2, 0], [10, 8, 6]])
    one, y = recorded([x], [], lambda: recording.repeated(lambda part: part + 1, x[1]))
    one.run([x * 8], [])
    np.testing.assert_array_equal(y, [9, 9, 9])  # a part of an input
    one, _ = recorded([x], [], lambda: recording.repeated(lambda a: a + kept, x))
    assert "keeps an array" in one.problem
    one, _ = recorded([x], [], lambda: recording.repeated(np.add, x, x + 1))
    assert "nothing recorded has computed" in one.problem


def test_a_broadcast_constant_makes_no_other_memory_known():
    x = np.ones((64, 64), "float32")
    one, _ = recorded([x], [], lambda: recording.constant(np.broadcast_to(np.float32(0), (1 << 20,))))
    assert not any(one.is_known(np.ones(n, "float32")) for n in range(1, 2000, 7))


def test_a_strided_input_is_a_problem():
    x, w = np.ones((4, 6), "float32")[::2], np.ones((6, 4), "float32")
    assert recorded([x], [w], lambda: runtime.kernels.dense_forward(x, w, None, "linear"))[0].problem


def test_running_again_reads_the_new_input_and_the_moved_weight():
    x, w = np.ones((2, 3), "float32"), np.ones((3, 4), "float32")
    owner = tn.Variable(w)
    one, y = recorded([x], [owner.data], lambda: runtime.kernels.dense_forward(x, owner.data, None, "linear"))
    one.set_owners([(0, owner)])
    one.run([x * 2], [])
    np.testing.assert_array_equal(y, np.full((2, 4), 6, "float32"))
    owner.assign(w * 10)
    assert one.follow()
    one.run([x * 2], [])
    np.testing.assert_array_equal(y, np.full((2, 4), 60, "float32"))


def test_inputs_of_another_shape_or_type_do_not_fit():
    x, w = np.ones((2, 3), "float32"), np.ones((3, 4), "float32")
    one, _ = recorded([x], [w], lambda: runtime.kernels.dense_forward(x, w, None, "linear"))
    assert one.fits([x])
    for other in (x[:1], x.astype("float64"), x[::-1], x.astype(">f4"), "x", np.ones((2, 6), "float32")[:, ::2]):
        assert not one.fits([other])
        with pytest.raises(ValueError, match="types or shapes"):
            one.run([other], [])
    assert not one.fits([])


def test_memory_of_a_recording_is_used_again_within_it_only():
    x = np.ones((64, 64), "float32")

    def calls():
        y = x
        for _ in range(20):
            y = runtime.kernels.activation_forward(y, "relu")
        return y

    one, y = recorded([x], [], calls)
    assert one.bytes == 2 * x.nbytes  # of 20 results two are alive at a time
    other = [runtime.kernels.activation_forward(x, "relu") for _ in range(8)]
    assert not any(np.may_share_memory(y, array) for array in other)
    one.run([x * 3], [])
    np.testing.assert_array_equal(y, x * 3)
    np.testing.assert_array_equal(other[0], x)
    del one
    np.testing.assert_array_equal(y, x * 3)  # the array keeps its memory


def test_a_step_of_large_arrays_is_not_recorded():
    x = np.ones(1 << 24, "float32")  # 64 MB
    one, results = recorded([x], [], lambda: [runtime.kernels.activation_forward(x, "relu") for _ in range(5)])
    assert "MB" in one.problem
    assert all(result[0] == 1 for result in results)
    with pytest.raises(ValueError, match="cannot be run again"):
        one.run([x], [])


def test_another_instruction_set_has_other_calls():
    x, before = np.ones((2, 3), "float32"), runtime._native.isa()
    one, _ = recorded([x], [], lambda: runtime.kernels.activation_forward(x, "relu"))
    other = next((isa for isa in runtime._native.built_isas() if isa != before), None)
    if other is None:
        pytest.skip("built for one instruction set")
    runtime._native.select_isa(other)
    try:
        assert not one.fits([x])
    finally:
        runtime._native.select_isa(before)
    assert one.fits([x])


def test_recordings_of_large_batches_are_freed_after_predict():
    model = made(layers.Conv2D)
    x = np.ones((8192, *IMAGE), "float32")
    model.predict(x, batch_size=2048, verbose=0)
    assert not any(one.size[1] > 1 << 24 for one in model._prediction_calls._recordings.values())
    for _ in range(3):
        model(x[:1])
    assert model._prediction_calls._recordings
