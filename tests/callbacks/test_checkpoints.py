"""ModelCheckpoint and BackupAndRestore: whole files, and trainings that go on as if they had not been interrupted."""

import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from checks import warns_here
from hypothesis import given, settings
from hypothesis import strategies as st

import tinynet as tn
from tinynet import callbacks, layers
from tinynet.core.errors import ModelFileError

rng = np.random.default_rng(0)
X = rng.standard_normal((50, 6)).astype("float32")
Y = (X[:, 0] > 0).astype("int64") + (X[:, 1] > 0)


def new_model(with_input=True, optimizer=None):
    model = tn.Sequential([
        *([tn.Input((6,))] if with_input else []),
        layers.Dense(8, "relu"), layers.BatchNormalization(), layers.Dropout(0.4), layers.Dense(3),
    ])
    model.compile(optimizer or tn.optimizers.Adam(0.03), tn.losses.SparseCategoricalCrossentropy(from_logits=True),
                  metrics=["accuracy"])
    return model


class Crash(callbacks.Callback):
    """Ends the training in the middle, as a power cut would, after so many batches."""

    def __init__(self, batches):
        super().__init__()
        self.left = batches

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left < 0:
            raise InterruptedError


def watchers():
    return [callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=0.05, factor=0.5, cooldown=1),
            callbacks.EarlyStopping("val_loss", patience=3, restore_best_weights=True)]


def train(seed, extra=(), data=None, **options):
    options = {"epochs": 5, "batch_size": 16, "verbose": 0, "validation_data": (X[:20], Y[:20]), **options}
    tn.utils.set_random_seed(seed)
    model = new_model(options.pop("with_input", True), options.pop("optimizer", None))
    history = model.fit(*(data or (X, Y)), callbacks=[*extra, *watchers()], **options)
    history = {**history.history, "epoch": history.epoch}
    weights = model.get_weights() + model.optimizer.get_weights()
    # The last two say whether random numbers go on in the same way.
    later = model.fit(X, Y, batch_size=16, epochs=2, verbose=0).history
    return history, weights, later, tn.random.uniform((2,)).numpy()


def assert_same_training(first, second):
    assert first[0] == second[0] and first[2] == second[2]
    for a, b in zip([*first[1], first[3]], [*second[1], second[3]], strict=True):
        np.testing.assert_array_equal(a, b)


def interrupted_and_resumed(folder, batches, save_freq="epoch", **options):
    with pytest.raises(InterruptedError):
        train(1, [callbacks.BackupAndRestore(folder, save_freq), Crash(batches)], **options)
    # Another process would have other seeds and other first weights.
    return train(99, [callbacks.BackupAndRestore(folder, save_freq)], **options)


@settings(max_examples=15)
@given(batches=st.integers(0, 18), save_freq=st.sampled_from(["epoch", 1, 3, 4]), with_input=st.booleans())
def test_a_resumed_training_equals_an_uninterrupted_one(tmp_path_factory, batches, save_freq, with_input):
    folder = tmp_path_factory.mktemp("backup") / "deeper"
    if not folder.exists() and batches < (4 if save_freq == "epoch" else save_freq):
        return  # nothing was saved: the second run begins anew, with its own seed
    resumed = interrupted_and_resumed(folder, batches, save_freq, with_input=with_input)
    assert_same_training(train(1, with_input=with_input), resumed)
    assert not folder.exists()


@pytest.mark.parametrize("options", [
    {"steps_per_epoch": 3},  # epochs that are no whole passes
    {"shuffle": False}, {"shuffle": "batch"},
    {"optimizer": tn.optimizers.SGD(0.1, momentum=0.9, use_ema=True, gradient_accumulation_steps=2)},
    {"class_weight": {0: 2.0, 1: 0.5}},
])
@pytest.mark.parametrize("save_freq", ["epoch", 2])
def test_resuming_with_other_ways_to_train(tmp_path, options, save_freq):
    def fresh():
        given = options.get("optimizer")
        return {**options, **({"optimizer": type(given).from_config(given.get_config())} if given else {})}

    runs = []
    for folder in (None, tmp_path / "b"):
        if folder is not None:
            with pytest.raises(InterruptedError):
                train(1, [callbacks.BackupAndRestore(folder, save_freq), Crash(9)], **fresh())
        extra = [] if folder is None else [callbacks.BackupAndRestore(folder, save_freq)]
        runs.append(train(1 if folder is None else 99, extra, **fresh()))
    assert_same_training(*runs)


def test_generators_and_data_sets(tmp_path):
    class Rows(tn.utils.PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, i):
            return X[12 * i:12 * i + 12], Y[12 * i:12 * i + 12]

    def endless():
        while True:
            for i in range(4):
                yield X[12 * i:12 * i + 12], Y[12 * i:12 * i + 12]

    for make, options in ((Rows, {}), (endless, {"steps_per_epoch": 3})):
        options["batch_size"] = None
        runs = [train(1, data=(make(),), **options)]
        with pytest.raises(InterruptedError):
            train(1, [callbacks.BackupAndRestore(tmp_path, 2), Crash(8)], (make(),), **options)
        runs.append(train(99, [callbacks.BackupAndRestore(tmp_path, 2)], (make(),), **options))
        assert_same_training(*runs)


def test_a_training_that_was_about_to_stop_stops(tmp_path):
    class CrashAtTheEnd(callbacks.Callback):
        def on_train_end(self, logs=None):
            raise InterruptedError

    options = {"epochs": 40, "validation_data": (X[:20], 2 - Y[:20])}  # it gets worse soon
    whole = train(1, **options)
    assert len(whole[0]["epoch"]) < 40
    with pytest.raises(InterruptedError):
        train(1, [CrashAtTheEnd(), callbacks.BackupAndRestore(tmp_path)], **options)
    assert_same_training(whole, train(99, [callbacks.BackupAndRestore(tmp_path)], **options))


def test_killed_process(tmp_path):
    """SIGKILL at any time, again and again, until the program gets through: the weights are those of one run."""
    program = textwrap.dedent("""
        import sys, numpy as np, tinynet as tn
        from tinynet import callbacks, layers
        tn.utils.set_random_seed(int(sys.argv[2]))
        model = tn.Sequential([tn.Input((6,)), layers.Dense(16, "relu"), layers.Dropout(0.5), layers.Dense(1)])
        model.compile("adam", "mse")
        x = np.linspace(-1, 1, 600, dtype="float32").reshape(100, 6)
        class Die(callbacks.Callback):
            batches = 0
            def on_train_batch_end(self, batch, logs=None):
                self.batches += 1
                if self.batches == int(sys.argv[3]):
                    import os, signal
                    os.kill(os.getpid(), signal.SIGKILL)
        model.fit(x, x.sum(1), epochs=4, batch_size=10, verbose=0,
                  callbacks=[callbacks.BackupAndRestore(sys.argv[1], save_freq=3), Die()])
        np.savez(sys.argv[4], *model.get_weights())
    """)

    def run(folder, seed, batches, target):
        return subprocess.run([sys.executable, "-P", "-c", program, str(folder), str(seed), str(batches), str(target)],
                              env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}).returncode

    assert run(tmp_path / "a", 5, 0, tmp_path / "whole.npz") == 0
    for seed, batches in ((5, 17), (6, 8)):
        assert run(tmp_path / "b", seed, batches, tmp_path / "parts.npz") == -signal.SIGKILL
    assert run(tmp_path / "b", 7, 0, tmp_path / "parts.npz") == 0
    with np.load(tmp_path / "whole.npz") as whole, np.load(tmp_path / "parts.npz") as parts:
        for name in whole.files:
            np.testing.assert_array_equal(whole[name], parts[name])


def test_a_damaged_backup_is_named_and_the_one_before_is_used(tmp_path):
    for double in (False, True):
        folder = tmp_path / str(double)
        with pytest.raises(InterruptedError):
            train(1, [callbacks.BackupAndRestore(folder, double_checkpoint=double), Crash(9)])
        latest = folder / "latest.safetensors"
        latest.write_bytes(latest.read_bytes()[:-7])
        backup = callbacks.BackupAndRestore(folder, double_checkpoint=double)
        if double:
            with warns_here(UserWarning, "going on from the backup before it"):
                resumed = train(99, [backup])
            assert_same_training(train(1), resumed)
        else:
            with pytest.raises(ModelFileError, match="latest.safetensors"):
                train(99, [backup])


def test_a_backup_of_another_training_is_refused(tmp_path):
    with pytest.raises(InterruptedError):
        train(1, [callbacks.BackupAndRestore(tmp_path), Crash(6)])
    model = tn.Sequential([tn.Input((6,)), layers.Dense(9)])
    model.compile("sgd", "mse")
    with pytest.raises(ModelFileError, match="latest.safetensors"):
        model.fit(X, Y, callbacks=[callbacks.BackupAndRestore(tmp_path)], verbose=0)
    with pytest.raises(ModelFileError, match="made with the callbacks"):
        new_model().fit(X, Y, callbacks=[callbacks.BackupAndRestore(tmp_path)], verbose=0)


@pytest.mark.parametrize("arguments", [{"backup_dir": ""}, {"backup_dir": "b", "save_freq": "often"},
                                       {"backup_dir": "b", "save_freq": 0}])
def test_backup_refuses_wrong_arguments(arguments):
    with pytest.raises(ValueError, match="BackupAndRestore"):
        callbacks.BackupAndRestore(**arguments)


# -- ModelCheckpoint ---------------------------------------------------------------------------------------------------


class Scripted(callbacks.Callback):
    def __init__(self, values):
        super().__init__()
        self.values = values

    def on_epoch_end(self, epoch, logs=None):
        logs["val_loss"] = self.values[epoch]


def checkpoints(tmp_path, name, values=(3, 2, 2.5, 1), **arguments):
    model = new_model()
    model.fit(X, Y, batch_size=16, epochs=len(values), verbose=0,
              callbacks=[Scripted(values), callbacks.ModelCheckpoint(tmp_path / name, **arguments)])
    return model, sorted(os.listdir(tmp_path))


def test_every_epoch(tmp_path):
    model, files = checkpoints(tmp_path, "m{epoch:02d}-{val_loss:.1f}.keras")
    assert files == ["m01-3.0.keras", "m02-2.0.keras", "m03-2.5.keras", "m04-1.0.keras"]
    loaded = tn.models.load_model(tmp_path / files[-1])
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_only_the_best(tmp_path, capsys):
    _, files = checkpoints(tmp_path, "m{epoch}.keras", save_best_only=True, verbose=1)
    assert files == ["m1.keras", "m2.keras", "m4.keras"]
    text = capsys.readouterr().out
    assert "Epoch 2: val_loss got better, from 3.00000 to 2.00000; saving the model to" in text
    assert "Epoch 3: val_loss did not get better than 2.00000" in text


def test_threshold_direction_and_weights_alone(tmp_path):
    _, files = checkpoints(tmp_path, "w{epoch}.safetensors", save_best_only=True, save_weights_only=True, mode="max",
                           initial_value_threshold=2.9, values=(1, 2, 3, 2))
    assert files == ["w3.safetensors"]


def test_every_few_batches(tmp_path):
    _, files = checkpoints(tmp_path / "new" / "folder", "m-{epoch}-{batch}.keras", save_freq=3, values=(1, 1))
    assert files == ["m-1-3.keras", "m-2-2.keras"]  # 4 batches an epoch, counted on


def test_a_training_from_a_checkpoint_goes_on_as_the_first_did(tmp_path):
    tn.utils.set_random_seed(3)
    model = new_model()
    model.fit(X, Y, batch_size=16, epochs=2, verbose=0, callbacks=[callbacks.ModelCheckpoint(tmp_path / "m.keras")])
    history = model.fit(X, Y, batch_size=16, verbose=0).history
    tn.utils.set_random_seed(4)
    loaded = tn.models.load_model(tmp_path / "m.keras")
    assert loaded.fit(X, Y, batch_size=16, verbose=0).history == history


@pytest.mark.parametrize("arguments", [
    {"filepath": "m.tar"}, {"filepath": "m.keras", "save_weights_only": True}, {"filepath": "m.weights.h5x"},
    {"filepath": "m.keras", "save_freq": "sometimes"}, {"filepath": "m.keras", "save_freq": 0},
])
def test_checkpoint_refuses_wrong_arguments(arguments):
    with pytest.raises(ValueError, match="ModelCheckpoint"):
        callbacks.ModelCheckpoint(**arguments)


def test_names_that_are_not_in_the_logs(tmp_path):
    with pytest.raises(KeyError, match="names 'f1', which is not in the logs; there are: accuracy, loss"):
        checkpoints(tmp_path, "m{f1}.keras")
    with warns_here(UserWarning, "there is no 'val_f1' in the logs"):
        _, files = checkpoints(tmp_path, "m.keras", monitor="val_f1", save_best_only=True)
    assert files == ["m.keras"]


def test_the_old_period_counts_epochs(tmp_path):
    with pytest.warns(DeprecationWarning, match=r"period= is an old name; write save_freq=2 \* steps_per_epoch"):
        checkpoint = callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras", period=2)
    new_model().fit(X, Y, epochs=5, verbose=0, callbacks=[checkpoint])
    assert sorted(os.listdir(tmp_path)) == ["2.keras", "4.keras"]
    with pytest.raises(ValueError, match="period must be a number of epochs, got 0"):
        callbacks.ModelCheckpoint("m.keras", period=0)
