"""compile, fit, evaluate, predict: results, History, every way to give data, errors."""

import gc
import re
import sys
import warnings

import numpy as np
import pytest
from checks import needs_native

import tinynet as tn
from tinynet import layers
from tinynet.tensor import Tensor


def blobs(samples=96, seed=0):
    """Three well separated classes in the plane."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, samples)
    x = np.array([[0, 2], [2, -1], [-2, -1]])[y] + 0.5 * rng.standard_normal((samples, 2))
    return x.astype(np.float32), y


def classifier(**compile_arguments):
    tn.utils.set_random_seed(1)
    model = tn.Sequential([tn.Input((2,)), layers.Dense(16, activation="relu"), layers.Dense(3)])
    arguments = {"optimizer": tn.optimizers.Adam(0.02),
                 "loss": tn.losses.SparseCategoricalCrossentropy(from_logits=True), "metrics": ["accuracy"]}
    model.compile(**{**arguments, **compile_arguments})
    return model


@pytest.mark.parametrize("call", ["fit", "evaluate"])
def test_a_loss_that_is_infinite_is_not_a_warning_of_an_operation(call):
    """The loss shows it, and an epoch has thousands of operations."""
    model = classifier(loss=lambda y_true, y_pred: tn.ops.log(0.0 * y_pred[:, 0]), optimizer="sgd", metrics=[])
    x, y = blobs(8)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        result = getattr(model, call)(x, y, verbose=0)
    assert (result.history["loss"][0] if call == "fit" else result) == -np.inf


def test_learns_and_reports():
    x, y = blobs()
    model = classifier()
    history = model.fit(x, y, epochs=20, validation_split=0.25, verbose=0)
    assert list(history.history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert history.epoch == list(range(20)) and model.history is history
    assert history.params == {"verbose": 0, "epochs": 20, "steps": 3}
    loss, accuracy = model.evaluate(x, y, verbose=0)
    assert accuracy > 0.95 and loss < 0.3
    assert model.metrics_names == ["loss", "accuracy"]
    assert model.evaluate(x, y, verbose=0, return_dict=True) == {"accuracy": accuracy, "loss": loss}
    predicted = model.predict(x, verbose=0)
    assert isinstance(predicted, np.ndarray) and predicted.shape == (96, 3)
    assert (predicted.argmax(-1) == y).mean() == pytest.approx(accuracy)


def test_loss_is_the_mean_over_the_samples_also_with_a_short_last_batch():
    x, y = blobs(50)
    model = classifier(optimizer=tn.optimizers.SGD(0.0))
    whole = model.evaluate(x, y, batch_size=50, verbose=0)
    parts = model.evaluate(x, y, batch_size=32, verbose=0)
    assert parts == pytest.approx(whole, rel=1e-5)
    assert model.fit(x, y, batch_size=32, verbose=0).history["loss"][0] == pytest.approx(whole[0], rel=1e-5)


def test_the_same_seed_gives_the_same_bits_on_any_number_of_threads():
    x, y = blobs()
    results = []
    before = tn.get_num_threads()
    try:
        for threads in (1, 2, 4):
            tn.set_num_threads(threads)
            model = classifier()
            model.add(layers.Dropout(0.2))
            history = model.fit(x, y, epochs=3, verbose=0)
            results.append((history.history["loss"], [w.tobytes() for w in model.get_weights()]))
    finally:
        tn.set_num_threads(before)
    assert results[0] == results[1] == results[2]


def test_both_backends_walk_the_same_curve():
    x, y = blobs()
    curves = []
    for name in ("native", "numpy"):
        with tn.backend(name):
            curves.append(classifier().fit(x, y, epochs=5, verbose=0).history["loss"])
    np.testing.assert_allclose(curves[0], curves[1], rtol=1e-4)


def test_validation_split_takes_the_last_samples():
    x, y = blobs(40)
    seen = []

    class Spy(tn.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(3)

        def call(self, x, training=False):
            if not training:
                seen.append(x.numpy().copy())
            return self.dense(x)

    model = Spy()
    model.compile("sgd", tn.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, y, validation_split=0.25, batch_size=64, verbose=0)
    np.testing.assert_array_equal(np.concatenate(seen), x[30:])


def test_validation_steps_look_at_the_same_samples_in_every_epoch():
    x, y = blobs(64)
    model = classifier(optimizer=tn.optimizers.SGD(0.0))
    expected = model.evaluate(x[:20], y[:20], verbose=0, return_dict=True)
    history = model.fit(
        x, y, epochs=4, validation_data=(x, y), validation_steps=2, validation_batch_size=10, verbose=0
    ).history
    assert history["val_loss"] == pytest.approx([expected["loss"]] * 4) and len(set(history["val_loss"])) == 1


def test_weights_of_samples_and_classes_agree():
    x, y = blobs()
    weight = {0: 1.0, 1: 3.0, 2: 0.5}
    by_class, by_sample = classifier(), classifier()
    by_class.fit(x, y, epochs=2, class_weight=weight, shuffle=False, verbose=0)
    by_sample.fit(x, y, epochs=2, sample_weight=np.array([weight[c] for c in y]), shuffle=False, verbose=0)
    for a, b in zip(by_class.get_weights(), by_sample.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_generator_needs_steps_and_equals_arrays():
    x, y = blobs(64)

    def endless():
        while True:
            for start in range(0, 64, 16):
                yield x[start : start + 16], y[start : start + 16]

    from_arrays, from_generator = classifier(), classifier()
    a = from_arrays.fit(x, y, batch_size=16, epochs=3, shuffle=False, verbose=0).history
    b = from_generator.fit(endless(), steps_per_epoch=4, epochs=3, verbose=0).history
    assert a == b


def test_sequences_and_iterables():
    x, y = blobs(64)

    class Batches(tn.utils.PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            return x[16 * index : 16 * index + 16], y[16 * index : 16 * index + 16]

    model = classifier()
    model.fit(Batches(), epochs=2, verbose=0, validation_data=(x, y))
    assert model.evaluate([(x, y)] and Batches(), verbose=0) == pytest.approx(model.evaluate(x, y, verbose=0), rel=1e-5)
    assert model.predict(Batches(), verbose=0).shape == (64, 3)


def test_lists_and_tensors_are_data():
    x, y = blobs(32)
    model = classifier()
    model.fit(x.tolist(), y.tolist(), verbose=0)
    model.fit(Tensor(x), Tensor(y), verbose=0)


def test_train_on_batch():
    x, y = blobs(32)
    model = classifier()
    first = model.train_on_batch(x, y)
    assert len(first) == 2
    for _ in range(20):
        model.train_on_batch(x, y)
    # Each call tells of its own batch: nothing is left of the calls before.
    assert model.test_on_batch(x, y) == pytest.approx(model.evaluate(x, y, verbose=0))
    assert model.test_on_batch(x, y, return_dict=True)["loss"] < first[0]
    assert model.test_on_batch(x.tolist(), y.tolist()) == model.test_on_batch(x, y)
    np.testing.assert_array_equal(model.predict_on_batch(x), model.predict(x, verbose=0))
    with pytest.raises(TypeError, match="cannot make batches of a int"):
        model.train_on_batch(3, 4)


def test_own_train_step_and_metrics():
    x, y = blobs(32)

    class Own(tn.Sequential):
        def __init__(self, layers):
            super().__init__(layers)
            self.tracker = tn.metrics.Mean(name="own_loss")

        def train_step(self, data):
            features, labels = data
            with tn.GradientTape() as tape:
                loss = tn.ops.mean(tn.losses.sparse_categorical_crossentropy(labels, self(features, training=True),
                                                                             from_logits=True))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            self.tracker.update_state(loss)
            return {"own_loss": self.tracker.result()}

        @property
        def metrics(self):
            return [self.tracker]

    model = Own([tn.Input((2,)), layers.Dense(3)])
    model.compile(optimizer="adam")
    history = model.fit(x, y, epochs=5, verbose=0).history
    assert list(history) == ["own_loss"] and history["own_loss"][-1] < history["own_loss"][0]


def test_custom_loop():
    x, y = blobs(64)
    model = classifier()
    loss_function, optimizer = tn.losses.SparseCategoricalCrossentropy(from_logits=True), tn.optimizers.Adam(0.02)
    values = []
    for _ in range(30):
        with tn.GradientTape() as tape:
            loss = loss_function(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        values.append(float(loss))
    assert values[-1] < 0.5 * values[0]


def test_regularization_is_part_of_the_loss():
    x, y = blobs(32)
    plain = classifier(optimizer=tn.optimizers.SGD(0.0), metrics=None)
    expected = plain.evaluate(x, y, verbose=0)
    penalized = tn.Sequential([tn.Input((2,)), layers.Dense(16, "relu", kernel_regularizer=tn.regularizers.L2(0.1)),
                               layers.Dense(3)])
    penalized.compile("sgd", tn.losses.SparseCategoricalCrossentropy(from_logits=True))
    penalized.set_weights(plain.get_weights())
    penalty = 0.1 * (plain.get_weights()[0] ** 2).sum()
    assert penalized.evaluate(x, y, verbose=0) == pytest.approx(expected + penalty, rel=1e-5)


def test_stop_training_inside_an_epoch():
    x, y = blobs(64)

    class Stop(tn.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                self.model.stop_training = True

    model = classifier()
    model.fit(x, y, batch_size=8, epochs=5, callbacks=[Stop()], verbose=0)
    assert int(model.optimizer.iterations) == 2


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda m, x, y: m.fit(x, y[:-1]), ValueError, "31"),
    (lambda m, x, y: m.fit(x, y, batch_size=0), ValueError, "batch_size"),
    (lambda m, x, y: m.fit(x, y, epochs=-1), ValueError, "epochs must be at least 0, got -1"),
    (lambda m, x, y: m.fit(x, y, epochs=1.5), TypeError, "epochs must be an int"),
    (lambda m, x, y: m.fit(x, y, validation_split=1.0), ValueError, "validation_split"),
    (lambda m, x, y: m.fit(x, None), ValueError, "targets"),
    (lambda m, x, y: m.fit(x[:0], y[:0]), ValueError, "no samples"),
    (lambda m, x, y: m.fit(x, np.where(np.arange(32) == 23, 10, y)), ValueError, "label 10"),
    (lambda m, x, y: m.compile(optimizer="adm"), ValueError, "did you mean 'adam'"),
    (lambda m, x, y: m.compile(loss="msee"), ValueError, "did you mean 'mse'"),
    (lambda m, x, y: m.compile(metrics=["acuracy_"]), ValueError, "acuracy_"),
    (lambda m, x, y: m.fit(x, y, callbacks=[tn.callbacks.EarlyStopping]), TypeError, "a class: add parentheses"),
    (lambda m, x, y: m.fit(x, y, verbose="on"), ValueError, "verbose must be 0"),
    (lambda m, x, y: m.fit(x, y, verbose=3), ValueError, "verbose must be 0"),
    (lambda m, x, y: m.fit(x, y, validation_freq=0), ValueError, "validation_freq must be at least 1, got 0"),
    (lambda m, x, y: m.fit(((x, y) for _ in "ab"), validation_split=0.2), ValueError, "x is a generator"),
    (lambda m, x, y: m.fit(x, y, class_weight={"0": 1.0}), TypeError, "class_weight must map class numbers"),
    (lambda m, x, y: m.fit(x, y, steps_per_epoch="all"), TypeError, "the number of steps must be an int, got 'all'"),
    (lambda m, x, y: m.fit(x, y, steps_per_epoch=0), ValueError, "the number of steps must be at least 1"),
    (lambda m, x, y: m.fit(x, y, validation_data=x), ValueError, "validation_data has no targets"),
    (lambda m, x, y: m.fit(x, y, validation_data=(x, y, y, y)), ValueError, "validation_data must be .* got 4 parts"),
    (lambda m, x, y: m.fit(x, np.where(np.arange(32) == 23, np.nan, y)), ValueError, r"1 NaN.*is y\[23\]"),
    (lambda m, x, y: m.fit(x, y, validation_data=(x, y * np.nan)), ValueError, r"y of validation_data has 32 of 32"),
    (lambda m, x, y: m.predict(np.full(x.shape, 1e300)), ValueError, "predict: x has .* beyond the largest float32"),
    (lambda m, x, y: m.evaluate(np.full(x.shape, 1e300), y), ValueError, "evaluate: x .* beyond the largest float32"),
    (lambda m, x, y: m.compile(loss=3), ValueError, "cannot make a loss of 3"),
    (lambda m, x, y: m.compile(metrics=[3]), ValueError, "cannot make a metric of 3"),
    (lambda m, x, y: tn.Sequential(layers.Dense(3), layers.Dense(2)), TypeError, r"write Sequential\(\[layer, ...\]\)"),
    (lambda m, x, y: tn.Sequential([layers.Dense]), TypeError, "a class: add parentheses"),
    (lambda m, x, y: layers.Reshape((-2, 2)), ValueError, "got \\(-2, 2\\)"),
    (lambda m, x, y: layers.Reshape(2.5), ValueError, "Reshape: every length must be an int"),
    (lambda m, x, y: layers.Softmax("last"), TypeError, "Softmax: axis must be an int or a list of ints, got 'last'"),
    (lambda m, x, y: tn.Sequential(name="empty").predict(x), ValueError, r"empty has no layers yet; .*add\(...\)"),
    (lambda m, x, y: layers.Dense(3)(None), TypeError, "expected numbers, in an array or a Tensor, got None"),
])
def test_wrong_calls_say_what_is_wrong(call, error, message):
    x, y = blobs(32)
    with pytest.raises(error, match=message):
        call(classifier(), x, y)


def test_a_subclass_that_forgets_its_part_hears_of_it():
    class NoInit(tn.Model):
        def __init__(self):
            self.dense = layers.Dense(1)

    class NoReturn(tn.Model):
        def call(self, x):
            x * 2.0

    for use in (lambda model: model(np.ones((2, 1))), lambda model: model.compile("sgd", "mse")):
        with pytest.raises(RuntimeError, match=r"NoInit: call super\(\).__init__\(\) in __init__"):
            use(NoInit())
    model = NoReturn()
    model.compile("sgd", "mse")
    with pytest.raises(TypeError, match=r"call\(\) returned nothing"):
        model.fit(np.ones((2, 1)), np.ones((2, 1)), verbose=0)
    assert not hasattr(model, "no_such_thing")


def test_numpy_numbers_are_numbers():
    x, y = blobs(32)
    classifier().fit(list(map(list, x)), list(y), epochs=np.int64(1), batch_size=np.int32(8), shuffle=1, verbose=False)
    assert layers.Dropout(np.float32(0.5)).rate == 0.5
    assert layers.Reshape(np.int64(4))(np.ones((1, 2, 2))).shape == (1, 4)


def test_not_compiled():
    model = tn.Sequential([layers.Dense(1)])
    for call in (model.fit, model.evaluate, model.train_on_batch):
        with pytest.raises(RuntimeError, match=r"call compile\(optimizer=..., loss=...\) first"):
            call(np.ones((2, 2)), np.ones((2, 1)))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_bad_data_is_found_before_the_weights_are_touched(value):
    x, y = blobs(64)
    x[37, 1] = value
    model = classifier(optimizer="sgd")
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"x "):
        model.fit(x, y, batch_size=64, verbose=0)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_interactive_output(capsys):
    x, y = blobs(64)
    model = classifier()
    model.fit(x, y, epochs=2, verbose=2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Epoch 1/2" and len(lines) == 4
    assert re.fullmatch(r"2/2 - \d+s - \d+(s|ms|us)/step - accuracy: \d\.\d{4} - loss: \d\.\d{4}", lines[1])
    model.fit(x, y, epochs=1, verbose=0)
    assert capsys.readouterr().out == ""
    model.evaluate(x, y, verbose=1)
    assert "━" in capsys.readouterr().out


def test_no_step_leaves_a_cycle_behind():
    """Cycles keep a batch's data in memory until the collector comes by."""
    x, y = blobs(32)
    model = classifier()
    model.fit(x, y, verbose=0)
    calls = [model.train_on_batch, model.test_on_batch, lambda x, y: model.predict(x, verbose=0),
             lambda x, y: model.fit(x, y, verbose=0), lambda x, y: model.evaluate(x, y, verbose=0)]
    gc.collect()
    gc.disable()
    try:
        for call in calls:
            call(x, y)
            assert gc.collect() == 0, call
    finally:
        gc.enable()


def test_freezing_acts_on_the_next_step_whatever_ran_before():
    x, y = blobs(32)
    for run in (lambda m: m.fit(x, y, verbose=0), lambda m: m.evaluate(x, y, verbose=0)):
        model = classifier()
        run(model)
        model.layers[0].trainable = False
        before = model.get_weights()
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # no gradient is missed
            model.train_on_batch(x, y)
        assert [
            np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)
        ] == [True, True, False, False]


def test_a_generator_that_ends_before_the_last_epoch_says_so():
    x, y = blobs(32)
    model = classifier()
    with pytest.warns(UserWarning, match="the generator ended in epoch 1 of 3"):
        assert model.fit(((x, y) for _ in range(2)), epochs=3, verbose=0).epoch == [0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(((x, y) for _ in range(2)), verbose=0)


def test_a_loss_as_a_metric_keeps_its_name():
    model = tn.Sequential([layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[tn.losses.MeanAbsoluteError(), tn.losses.Huber(name="robust")])
    assert set(model.fit(np.ones((4, 2)), np.ones(4), verbose=0).history) == {"loss", "mean_absolute_error", "robust"}


def test_metrics_with_one_name_are_told_apart():
    x, y = blobs(32)
    model = tn.Sequential([tn.Input((2,)), layers.Dense(1)])
    mae = tn.metrics.MeanAbsoluteError
    model.compile("sgd", "mse", metrics=["mae", "mae", mae, mae()], weighted_metrics=["mae", mae()])
    names = ["loss", "mae", "mae_1", "mean_absolute_error", "mean_absolute_error_1", "weighted_mae",
             "weighted_mean_absolute_error"]
    model.fit(x, y, sample_weight=np.arange(32.0), verbose=0)
    assert sorted(model.history.history) == model.metrics_names == names
    weighted = model.evaluate(x, y, sample_weight=np.arange(32.0), verbose=0)
    assert weighted[1] == weighted[2] == weighted[3] == weighted[4] != weighted[5] == weighted[6]
    tn.utils.clear_session()
    model.compile("sgd", "mse", metrics=[tn.metrics.AUC])
    model.fit(x, y, verbose=0)
    assert model.metrics_names == ["loss", "auc"]


def test_own_train_step_updates_compiled_metrics():
    """The loop of Keras's guide to writing a train_step."""
    x, y = blobs(32)

    class Own(tn.Sequential):
        def train_step(self, data):
            features, labels = data
            with tn.GradientTape() as tape:
                predicted = self(features, training=True)
                loss = self.compute_loss(y=labels, y_pred=predicted)
            self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
                else:
                    metric.update_state(labels, predicted)
            return {metric.name: metric.result() for metric in self.metrics}

    own, plain = Own(classifier().layers), classifier()
    own.compile(tn.optimizers.Adam(0.02), plain.loss, metrics=["accuracy"])
    histories = [model.fit(x, y, epochs=3, batch_size=16, shuffle=False, verbose=0).history for model in (own, plain)]
    assert histories[0] == histories[1]


def test_metrics_given_as_loss_weights_are_noticed():
    with pytest.raises(TypeError, match="write metrics="):
        classifier().compile("adam", "mse", ["accuracy"])


def test_metrics_of_a_model_inside_do_not_count():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 3)).astype("f4"), rng.integers(0, 2, 20)
    inner = tn.Sequential([tn.layers.Dense(1)])
    inner.compile(loss=tn.losses.BinaryCrossentropy(from_logits=True), metrics=[tn.metrics.BinaryAccuracy(threshold=0)])
    inner.fit(x, y, verbose=0)
    expected = inner.evaluate(x, y, verbose=0)
    outer = tn.Sequential([inner, tn.layers.Activation("sigmoid")])
    outer.compile(loss="binary_crossentropy", metrics=["accuracy"])
    loss, accuracy = outer.evaluate(x, y, verbose=0)
    assert loss == pytest.approx(expected[0], rel=1e-5) and accuracy == pytest.approx(expected[1])
    assert list(outer.fit(x, y, verbose=0).history) == ["accuracy", "loss"]


def test_own_compute_metrics_is_what_is_reported():
    class Largest(tn.Sequential):
        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            return {**super().compute_metrics(x, y, y_pred, sample_weight), "largest_x": np.max(x)}

    x, y = np.linspace(-1, 2, 8, dtype="float32")[:, None], np.ones((8, 1), "float32")
    model = Largest([tn.layers.RandomFlip(), tn.layers.Flatten(), tn.layers.Dense(1)])
    images = x[:, :, None, None]
    model.compile("sgd", "mse", metrics=["mae"])
    history = model.fit(images, y, validation_data=(images[:4], y[:4]), verbose=0, shuffle=False).history
    assert history["largest_x"] == [2.0] and history["val_largest_x"] == [images[3].item()]
    assert {"loss", "mae", "val_loss", "val_mae"} <= set(history)
    assert model.evaluate(images, y, verbose=0, return_dict=True)["largest_x"] == 2.0
    assert model.train_on_batch(images, y, return_dict=True)["largest_x"] == 2.0


@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_a_metric_with_a_number_for_each_class(verbose, tmp_path, capsys):
    """F1Score's default; the bar shows the mean, History and the logs have the array, as in Keras."""
    x, y = np.random.default_rng(0).normal(size=(40, 6)), np.eye(3)[np.arange(40) % 3]
    model = tn.Sequential([tn.Input((6,)), tn.layers.Dense(3, "softmax")])
    model.compile("sgd", "categorical_crossentropy", metrics=[tn.metrics.F1Score()])
    history = model.fit(x, y, verbose=verbose, epochs=2, validation_data=(x, y),
                        callbacks=[tn.callbacks.CSVLogger(tmp_path / "log.csv")]).history
    assert [value.shape for value in history["f1_score"]] == [(3,), (3,)]
    loss, score = model.evaluate(x, y, verbose=0)
    np.testing.assert_array_equal(score, history["val_f1_score"][1])
    np.testing.assert_array_equal(score, model.test_on_batch(x, y, return_dict=True)["f1_score"])
    assert "f1_score" in (tmp_path / "log.csv").read_text()
    assert verbose == 0 or f"val_f1_score: {score.mean():.4f} - val_loss: {loss:.4f}" in capsys.readouterr().out
    with pytest.raises(TypeError, match=r"'val_f1_score' is an array of shape \(3,\).*average='macro'"):
        model.fit(x, y, verbose=0, validation_data=(x, y),
                  callbacks=[tn.callbacks.EarlyStopping("val_f1_score", mode="max")])


@needs_native  # where NumPy computes, the kernels are Python functions
def test_a_step_of_fit_makes_few_calls():
    """With a small network the calls of Python functions, at 0.2 us and more each, are half of the time of a step."""
    x, y = np.zeros((40, 3, 2), np.float32), np.zeros(40, np.int64)
    model = tn.Sequential([layers.Input((3, 2)), layers.Flatten(), layers.Dense(4, "relu"), layers.Dense(3)])
    model.compile("adam", tn.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])

    def calls(steps):
        """Of Python functions, in an epoch of this many steps."""
        counted = 0

        def count(frame, event, argument):
            nonlocal counted
            counted += event == "call"

        sys.setprofile(count)
        try:
            model.fit(x[:steps], y[:steps], batch_size=1, verbose=0)
        finally:
            sys.setprofile(None)
        return counted

    calls(1)
    # Without the short ways for one output, a pair (x, y) and a list of variables, for `reshape` and `dense`: 188.
    assert (calls(40) - calls(10)) / 30 <= 128
