"""`fit` runs the augmentation layers at a model's beginning one batch ahead, in a thread."""

import threading
import traceback
import tracemalloc

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers
from tinynet.callbacks import Callback
from tinynet.data.ahead import one_ahead


class Follows(layers.RandomTranslation):
    """Notes in which threads it ran."""

    threads = ()

    def transform(self, images, transformation):
        self.threads = {*self.threads, threading.current_thread().name}
        return super().transform(images, transformation)


class Breaks(layers.RandomFlip):
    def transform(self, images, transformation):
        raise ZeroDivisionError("in the worker")


class Saves(Callback):
    """Looks like one that saves within an epoch."""

    save_freq = 1


def model(first):
    tn.utils.set_random_seed(3)
    made = tn.Sequential([layers.Input((8, 8, 1)), first, layers.Cutout(3, seed=2), layers.Flatten(), layers.Dense(2)])
    made.compile("sgd", tn.losses.SparseCategoricalCrossentropy(from_logits=True))
    return made


def data(count=40):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, 8, 8, 1), np.uint8), rng.integers(0, 2, count)


@pytest.mark.parametrize("steps", [None, 3])
def test_weights_are_those_of_augmentation_in_turn(steps):
    weights = []
    for callbacks in ([], [Saves()]):
        made = model(Follows(0.3, 0.3, seed=1))
        made.fit(*data(), batch_size=8, epochs=3, steps_per_epoch=steps, verbose=0, callbacks=callbacks)
        weights.append(made.get_weights())
        in_thread = made.layers[0].threads == {"tinynet-ahead_0"}
        assert in_thread is (not callbacks)
    for ahead, in_turn in zip(*weights, strict=True):
        np.testing.assert_array_equal(ahead, in_turn)


def test_which_layers_run_ahead_is_found_out_once():
    class Counts(layers.RandomFlip):
        asked = 0

        def compute_output_shape(self, input_shape):
            self.asked += 1
            return super().compute_output_shape(input_shape)

    made = model(Counts(seed=1))
    asked = []
    for steps in (1, 5):
        before = made.layers[0].asked
        made.fit(*data(), batch_size=8, epochs=1, steps_per_epoch=steps, verbose=0)
        asked.append(made.layers[0].asked - before)
    assert asked[0] == asked[1]


def test_augmentation_as_a_model_of_its_own_runs_ahead_too():
    """As in Keras's tutorials: data_augmentation = Sequential([...]) is the first layer."""
    weights = []
    for nest in (False, True):
        follows = Follows(0.3, 0.3, seed=1)
        made = model(tn.Sequential([follows, layers.RandomFlip(seed=4)]) if nest
                     else layers.Pipeline([follows, layers.RandomFlip(seed=4)]))
        made.fit(*data(), batch_size=8, epochs=2, verbose=0)
        assert follows.threads == {"tinynet-ahead_0"}
        weights.append(made.get_weights())
    for pipeline, nested in zip(*weights, strict=True):
        np.testing.assert_array_equal(pipeline, nested)


def test_a_model_with_other_layers_does_not_run_ahead():
    follows = Follows(0.3, 0.3, seed=1)
    made = model(tn.Sequential([follows, layers.Rescaling(1 / 255)]))
    made.fit(*data(), batch_size=8, verbose=0)
    assert follows.threads == {"MainThread"}


def test_grey_images_without_their_channel_axis_are_a_batch():
    images, labels = data()
    weights = []
    for given in (images, images[..., 0]):
        made = model(layers.RandomTranslation(0.3, 0.3, seed=1))
        made.fit(given, labels, batch_size=8, verbose=0)
        weights.append(made.get_weights())
    for first, second in zip(*weights, strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_any_number_of_threads_gives_the_same_weights(threads):
    before, found = tn.get_num_threads(), []
    try:
        for number in (1, threads):
            tn.set_num_threads(number)
            made = model(layers.RandomTranslation(0.3, 0.3, seed=1))
            made.fit(*data(), batch_size=16, verbose=0)
            found.append(made.get_weights())
    finally:
        tn.set_num_threads(before)
    for one, several in zip(*found, strict=True):
        np.testing.assert_array_equal(one, several)


def test_an_exception_keeps_the_place_where_it_happened():
    with pytest.raises(ZeroDivisionError, match="in the worker") as caught:
        model(Breaks(seed=1)).fit(*data(), verbose=0)
    assert "transform" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]


def test_outside_fit_nothing_is_skipped():
    made = model(layers.RandomTranslation(0.3, 0.3, fill_mode="constant", seed=1))
    images, labels = data()
    made.fit(images, labels, verbose=0)
    assert made.evaluate(images, labels, verbose=0) == made.evaluate(images, labels, verbose=0)
    assert (made(images, training=True).numpy() != made(images, training=False).numpy()).any()


def test_at_most_one_batch_waits():
    made, most = [], []

    def prepare(batch):
        made.append(batch)
        return batch

    for used, _ in enumerate(one_ahead(iter(range(50)), prepare), start=1):
        most.append(len(made) - used)
    assert len(made) == 50 and max(most) <= 1


def test_stopping_early_ends_the_thread():
    batches = one_ahead(iter(range(50)), lambda batch: batch)
    assert next(batches) == 0
    batches.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("tinynet-ahead")]


def test_memory_stays_flat_over_an_epoch():
    peaks = []
    for batches in (5, 50):
        made = model(layers.RandomTranslation(0.3, 0.3, seed=1))
        images, labels = data(64 * batches)
        made.fit(images[:64], labels[:64], batch_size=64, verbose=0)
        tracemalloc.start()
        made.fit(images, labels, batch_size=64, verbose=0)
        peaks.append(tracemalloc.get_traced_memory()[1] - 16 * len(images))  # less the order and the labels
        tracemalloc.stop()
    batch = 64 * 8 * 8 * 4
    assert peaks[1] < peaks[0] + 4 * batch  # 45 batches more are there


@pytest.mark.parametrize("parallel", [None, 4])
def test_data_sets_augment_in_their_prefetching_thread(parallel):
    images, labels = data()

    def batches():
        layer = Follows(0.3, 0.3, seed=1)
        made = tn.data.Dataset.from_tensor_slices((images, labels)).shuffle(40, seed=5).batch(8)
        return layer, made.map(lambda x, y: (layer(x, training=True), y), num_parallel_calls=parallel)

    (_, plain), (layer, prefetched) = batches(), batches()
    for (x, y), (same_x, same_y) in zip(plain, prefetched.prefetch(2), strict=True):
        np.testing.assert_array_equal(x, same_x)
        np.testing.assert_array_equal(y, same_y)
    assert layer.threads == {"tinynet-prefetch"}
