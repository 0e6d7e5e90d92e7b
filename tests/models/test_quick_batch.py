"""`train_on_batch` by a recorded step: the numbers and the weights of the ordinary way, whatever happens in between."""

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers


class Ordinary(tn.Sequential):
    """A model with a train_step of its own, which the quick way leaves alone."""

    def train_step(self, data):
        return super().train_step(data)


rng = np.random.default_rng(0)
X, Y = rng.standard_normal((24, 6, 6, 2)).astype("f"), rng.integers(0, 3, 24)


def made(cls, metrics=("accuracy",), **options):
    tn.utils.set_random_seed(4)
    model = cls([tn.Input((6, 6, 2)), layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization(),
                 layers.Dropout(0.3), layers.Flatten(), layers.Dense(3)])
    model.compile("adam", tn.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=list(metrics), **options)
    return model


def both(metrics=("accuracy",), **options):
    return made(tn.Sequential, metrics, **options), made(Ordinary, metrics, **options)


def agree(quick, ordinary, steps=6, x=X, y=Y, **options):
    for _ in range(steps):
        np.testing.assert_array_equal(quick.train_on_batch(x, y, **options), ordinary.train_on_batch(x, y, **options))
    for ours, theirs in zip(quick.get_weights(), ordinary.get_weights(), strict=True):
        assert ours.tobytes() == theirs.tobytes()


def is_quick(model):
    return model._training_steps.quick is not None


@pytest.mark.parametrize("metrics", [(), ("accuracy",), ("accuracy", "sparse_top_k_categorical_accuracy")])
def test_the_same_results(metrics):
    quick, ordinary = both(metrics)
    agree(quick, ordinary)
    assert is_quick(quick) and not is_quick(ordinary)
    dicts = [model.train_on_batch(X, Y, return_dict=True) for model in (quick, ordinary)]
    assert dicts[0] == dicts[1] and list(dicts[0]) == list(dicts[1])


def test_the_results_are_of_one_batch():
    quick, _ = both()
    for _ in range(5):
        quick.train_on_batch(X, Y)
    [loss, _] = quick.train_on_batch(X, Y)
    assert is_quick(quick) and loss == pytest.approx(float(quick.metrics[0].result()))
    assert quick.metrics[0].count.numpy() == len(X)


@pytest.mark.parametrize("change", [
    lambda model: setattr(model.optimizer, "learning_rate", 0.1),
    lambda model: setattr(model.layers[0], "trainable", False),
    lambda model: model.layers[-1].kernel.assign(model.layers[-1].kernel * 0.5),
    lambda model: model.fit(X, Y, batch_size=8, epochs=1, verbose=0, shuffle=False),
    lambda model: model.train_on_batch(X[:5], Y[:5]),
    lambda model: model.train_on_batch(X, Y, sample_weight=np.linspace(0, 1, 24)),
    lambda model: model.train_on_batch(X, Y, class_weight={0: 1.0, 1: 2.0, 2: 0.5}),
    lambda model: model.evaluate(X, Y, verbose=0),
    lambda model: model.set_weights([0.5 * array for array in model.get_weights()]),
    lambda model: model.compile("sgd", tn.losses.SparseCategoricalCrossentropy(from_logits=True),
                                metrics=["accuracy", "sparse_top_k_categorical_accuracy"]),
    lambda model: model.compile("rmsprop", "mse"),
], ids=["rate", "trainable", "assign", "fit", "shape", "sample_weight", "class_weight", "evaluate", "set_weights",
        "metrics", "loss"])
def test_after_a_change(change):
    quick, ordinary = both()
    y = Y
    agree(quick, ordinary)
    for model in (quick, ordinary):
        change(model)
    if isinstance(quick.optimizer, tn.optimizers.RMSprop):
        y = rng.standard_normal((24, 3)).astype("f")
    agree(quick, ordinary, y=y)
    assert is_quick(quick)


def test_wrong_labels_are_refused_as_ever():
    quick, _ = both()
    for _ in range(5):
        quick.train_on_batch(X, Y)
    before = [weight.numpy().copy() for weight in quick.trainable_weights]
    with pytest.raises(ValueError, match="label"):
        quick.train_on_batch(X, Y + 7)
    assert all(np.array_equal(a, b) for a, b in zip(before, quick.trainable_weights, strict=True))
    assert np.isfinite(quick.train_on_batch(X, Y)[0])


def test_outputs_with_a_mask_are_left_to_the_ordinary_way():
    """Loss and metrics leave out the steps that are masked, which no recording tells."""
    words = rng.integers(0, 5, (24, 6))
    models = []
    for cls in (tn.Sequential, Ordinary):
        tn.utils.set_random_seed(4)
        model = cls([tn.Input((6,), dtype="int32"), layers.Embedding(5, 4, mask_zero=True), layers.Dense(3)])
        model.compile("adam", tn.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
        models.append(model)
    agree(*models, x=words, y=rng.integers(0, 3, (24, 6)))
    assert models[0](words)._keras_mask is not None and not is_quick(models[0])


def test_an_output_in_a_dict():
    """The mean loss of an epoch counts rows, of which a short last batch has fewer; a dict has as many as outputs."""
    class Own(tn.Model):
        def train_step(self, data):
            return super().train_step(data)

    histories = []
    for cls in (tn.Model, Own):
        tn.utils.set_random_seed(4)
        inputs = tn.Input((2,))
        model = cls(inputs, {"a": layers.Dense(1, name="a")(inputs)})
        model.compile("sgd", "mse")
        histories.append(model.fit(X[:21, 0, 0], Y[:21, None], batch_size=8, epochs=6, verbose=0,
                                   shuffle=False).history["loss"])
    assert histories[0] == histories[1]


def test_in_a_callback_of_fit():
    """Where `fit` of the same model is under way, the step is taken the ordinary way."""
    class Trains(tn.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.train_on_batch(X[:8], Y[:8])

    models = both()
    for model in models:
        model.fit(X, Y, batch_size=8, epochs=3, verbose=0, shuffle=False, callbacks=[Trains()])
    agree(*models)


def test_a_metric_with_a_reset_of_its_own():
    class Counted(tn.metrics.SparseCategoricalAccuracy):
        resets = 0

        def reset_state(self):
            Counted.resets += 1
            super().reset_state()

    model = made(tn.Sequential, [Counted()])
    for _ in range(5):
        model.train_on_batch(X, Y)
    assert Counted.resets == 5


def test_a_recording_is_not_kept_longer_than_its_arrays_allow():
    quick, _ = both()
    for _ in range(5):
        quick.train_on_batch(X, Y)
    assert is_quick(quick)
    with quick._training_steps.freed_at_end():
        pass
    assert not is_quick(quick) and not quick._training_steps._recordings
    quick.train_on_batch(X, Y)


@pytest.mark.parametrize("weights", [None, np.linspace(0.25, 2, 24)])
def test_metrics_are_weighted_where_they_should_be(weights):
    quick, ordinary = both(metrics=(), weighted_metrics=["accuracy"])
    agree(quick, ordinary, sample_weight=weights)
    assert is_quick(quick)
