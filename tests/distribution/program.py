"""What the tests run on 1, 2, ... processes: every case twice, with its results in a file for each rank.

    mpirun -n 2 python program.py OUT
"""

import pickle
import sys
from pathlib import Path

import numpy as np

import tinynet as tn
from tinynet.models import replay

L = tn.layers
SAMPLES, CLASSES = 46, 4


def data(seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((SAMPLES, 8, 8, 1)), rng.integers(0, CLASSES, SAMPLES), rng.random(SAMPLES)


def convolutional(synchronized=None, rate=0.3):
    def normalization():
        return [] if synchronized is None else [L.BatchNormalization(synchronized=synchronized, momentum=0.7)]

    return tn.Sequential([
        L.Input((8, 8, 1)), L.Conv2D(4, 3, use_bias=synchronized is None, kernel_regularizer="l2"), *normalization(),
        L.ReLU(), L.MaxPooling2D(), L.Dropout(rate), L.Flatten(), L.Dense(8, activity_regularizer="l2"),
        *normalization(), L.ReLU(), L.Dropout(0.2), L.Dense(CLASSES),
    ])


def compiled(model, optimizer=None, reduction="sum_over_batch_size", **options):
    loss = tn.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction)
    model.compile(optimizer or tn.optimizers.SGD(0.05, momentum=0.9), loss, metrics=["accuracy"], **options)
    return model


def fitted(model, *arguments, **options):
    return model.fit(*arguments, verbose=0, **options).history


def case_convolutional():
    """An uneven last batch, validation, penalties on weights and on activations, dropout, sample weights."""
    x, y, weight = data()
    model = compiled(convolutional())
    return model, fitted(model, x, y, sample_weight=weight, batch_size=16, epochs=2, validation_split=0.2)


def case_small_batches():
    """Three samples for four ranks: one of them has none."""
    x, y, _ = data()
    model = compiled(convolutional())
    return model, fitted(model, x[:7], y[:7], batch_size=3, epochs=2)


def case_synchronized():
    x, y, _ = data()
    model = compiled(convolutional(synchronized=True))
    return model, fitted(model, x, y, batch_size=15, epochs=2)


def case_synchronized_small():
    x, y, _ = data()
    model = compiled(convolutional(synchronized=True, rate=0.0))
    return model, fitted(model, x[:9], y[:9], batch_size=3, epochs=2)


def case_sum():
    x, y, weight = data()
    model = compiled(convolutional(), tn.optimizers.SGD(0.002), reduction="sum")
    return model, fitted(model, x, y, sample_weight=weight, batch_size=17)


def case_mean_with_sample_weight():
    x, y, weight = data()
    model = compiled(convolutional(), reduction="mean_with_sample_weight")
    return model, fitted(model, x, y, sample_weight=weight, batch_size=17)


def case_class_weight_and_batch_order():
    x, y, _ = data()
    model = compiled(convolutional())
    return model, fitted(model, x, y, class_weight={0: 2.0, 1: 0.5}, batch_size=17, shuffle="batch", epochs=2)


def case_masked():
    """A masked sequence: the loss is a mean over the steps that count, which differ from rank to rank."""
    rng = np.random.default_rng(1)
    x = rng.integers(1, 9, (20, 5))
    x[rng.random((20, 5)) < 0.4] = 0
    x[:, 0] = 1
    model = compiled(tn.Sequential([L.Input((5,), dtype="int32"), L.Embedding(9, 4, mask_zero=True),
                                    L.SimpleRNN(6, return_sequences=True), L.Dense(CLASSES)]))
    return model, fitted(model, x, rng.integers(0, CLASSES, (20, 5)), batch_size=7, epochs=2)


def case_pipeline():
    x, y, _ = data()
    model = compiled(convolutional())
    dataset = tn.data.Dataset.from_tensor_slices((x, y)).shuffle(SAMPLES).map(lambda a, b: (a * 2, b)).batch(12)
    return model, fitted(model, dataset.prefetch(2), epochs=2)


def case_generator():
    x, y, _ = data()
    model = compiled(convolutional())
    return model, fitted(model, ((x[i:i + 10], y[i:i + 10]) for i in range(0, 40, 10)), steps_per_epoch=2, epochs=2)


def case_unbuilt():
    """A model without an input shape, whose weights appear with the first batch."""
    x, y, _ = data()
    model = compiled(tn.Sequential([L.Flatten(), L.Dense(8, activation="relu"), L.Dense(CLASSES)]))
    return model, fitted(model, x, y, batch_size=16)


def plain(*normalization):
    """Nothing in it is against recordings of its steps."""
    return tn.Sequential([
        L.Input((8, 8, 1)), L.Conv2D(4, 3, kernel_regularizer="l2"), *normalization, L.ReLU(), L.MaxPooling2D(),
        L.Dropout(0.3), L.Flatten(), L.Dense(8, activation="relu"), L.Dropout(0.2), L.Dense(CLASSES),
    ])


class Steps(tn.callbacks.Callback):
    """How steps are taken at the end of an epoch."""

    def on_epoch_end(self, epoch, logs=None):
        self.of = self.model._training_steps.describe()


def fitted_in_recorded_steps(model, *arguments, **options):
    steps = Steps()
    history = fitted(model, *arguments, callbacks=[steps], **options)
    return model, history | {"recorded": [float(steps.of.startswith("from recordings"))]}


def case_recorded():
    """Whole batches, of which each rank has equal shares, and a short one; sample weights; validation between."""
    x, y, weight = data()
    return fitted_in_recorded_steps(compiled(plain()), x, y, sample_weight=weight, batch_size=8, epochs=4,
                                    validation_split=0.2)


def case_recorded_uneven():
    """Shares of a row more or less, and a last batch of one row: most ranks have none of it."""
    x, y, _ = data()
    return fitted_in_recorded_steps(compiled(plain(), tn.optimizers.Adam(0.01)), x, y, batch_size=15, epochs=4)


def case_recorded_totals():
    """Batches of 7 and of 8 rows: a rank has as many rows of both, but other ones of the whole."""
    x, y, _ = data()
    bounds = np.cumsum([0, 7, 7, 7, 8, 8, 8])
    batches = [(x[a:b], y[a:b]) for a, b in zip(bounds, bounds[1:], strict=False)]
    return fitted_in_recorded_steps(compiled(plain()), (batch for _ in range(9) for batch in batches),
                                    steps_per_epoch=6, epochs=4)


class Twice(tn.Sequential):
    """Steps twice on each batch."""

    def train_step(self, data):
        super().train_step(data)
        return super().train_step(data)


def case_twice():
    x, y, _ = data()
    model = compiled(Twice(plain().layers))
    return model, fitted(model, x, y, batch_size=12, epochs=3)


RECORDED = ["recorded", "recorded_uneven", "recorded_totals"]


class OwnStep(tn.Model):
    """A step of the user's own, with a result of its own."""

    def __init__(self):
        super().__init__()
        self.flat, self.dense = L.Flatten(), L.Dense(CLASSES)

    def call(self, x, training=False):
        return self.dense(self.flat(x))

    def train_step(self, data):
        x, y = data
        with tn.GradientTape() as tape:
            loss = self.compute_loss(x=x, y=y, y_pred=self(x, training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return {"loss": loss, "rows": float(len(x))}


def case_own_step():
    x, y, _ = data()
    model = compiled(OwnStep())
    history = fitted(model, x[:40], y[:40], batch_size=8, epochs=2)
    return model, {"loss": [0.0] * len(history["loss"])}  # each rank's own


def case_decisions():
    """Early stopping and a learning rate that falls: decided alike on all ranks."""
    x, y, _ = data()
    model = compiled(convolutional())
    callbacks = [tn.callbacks.EarlyStopping("loss", patience=1, min_delta=0.02, restore_best_weights=True),
                 tn.callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=0.5)]
    return model, fitted(model, x, y, batch_size=16, epochs=12, callbacks=callbacks)


def case_frozen_between():
    """Other variables in a second fit, and in the middle of it."""
    x, y, _ = data()
    model = compiled(convolutional())
    first = fitted(model, x, y, batch_size=16)

    class Freeze(tn.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.layers[0].trainable = epoch != 1

    second = fitted(model, x, y, batch_size=16, epochs=3, callbacks=[Freeze()])
    return model, {"loss": first["loss"] + second["loss"]}


CASES = {name.removeprefix("case_"): case for name, case in sorted(globals().items()) if name.startswith("case_")}


def results(name, strategy):
    tn.utils.set_random_seed(7)
    with strategy.scope():
        model, history = CASES[name]()
    x = data(1)[0] if name != "masked" else np.random.default_rng(2).integers(0, 9, (11, 5))
    y = data(1)[1] if name != "masked" else np.random.default_rng(2).integers(0, CLASSES, (11, 5))
    found = {"history": history, "weights": model.get_weights(),
             "optimizer": [v.numpy() for v in model.optimizer.variables],
             "predicted": model.predict(x, batch_size=5, verbose=0)}
    if name != "own_step":
        found["evaluated"] = model.evaluate(x, y, batch_size=9, verbose=0)
    return found


def local_statistics():
    """Batch normalization of each rank's share: its moving averages are means over the ranks."""
    tn.utils.set_random_seed(7)
    with tn.distribution.DataParallel().scope():
        model, history = fitted_in_recorded_steps(compiled(plain(L.BatchNormalization(momentum=0.7))), *data()[:2],
                                                  batch_size=16, epochs=4)
    return {"history": history, "weights": model.get_weights()}


def main(out, size_of_options):
    tn.config.set_floatx("float64")
    strategy = tn.distribution.DataParallel()
    found = {name: [results(name, strategy) for _ in range(2)] for name in CASES}
    for label, options in size_of_options.items():
        found[label] = [results("convolutional", tn.distribution.DataParallel(**options))]
    found["local statistics"] = [local_statistics()]
    kept, replay._GIVE_UP = replay._GIVE_UP, 0  # from here on no step is recorded
    found |= {f"{name} in ordinary steps": [results(name, strategy)] for name in RECORDED}
    found["local statistics in ordinary steps"] = [local_statistics()]
    replay._GIVE_UP = kept
    small = tn.distribution.DataParallel(bucket_bytes=64)  # several buckets, which are sent between the recorded calls
    found |= {f"{name} in small buckets": [results(name, small)] for name in RECORDED}
    for label, optimizer in (("adam", tn.optimizers.Adam), ("rmsprop", tn.optimizers.RMSprop)):
        for sharded in (False, True):
            tn.utils.set_random_seed(7)
            with tn.distribution.DataParallel(shard_optimizer=sharded).scope():
                model = compiled(convolutional(), optimizer(0.01, weight_decay=0.1))
                history = fitted(model, *data()[:2], batch_size=16, epochs=2)
                history["loss"] += fitted(model, *data()[:2], batch_size=16)["loss"]  # the states go on
            found[f"{label} sharded {sharded}"] = [{
                "history": history, "weights": model.get_weights(),
                "optimizer": [v.numpy() for v in model.optimizer.variables]}]
    Path(f"{out}.{strategy.rank}").write_bytes(pickle.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], {
        "without overlap": {"overlap": False}, "small buckets": {"bucket_bytes": 64},
        "progress thread": {"progress_thread": True}, "sharded": {"shard_optimizer": True},
    })
