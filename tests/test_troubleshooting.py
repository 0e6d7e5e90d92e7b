"""docs/guides/troubleshooting.md: every message that it quotes is what tinynet reports today.

A quoted message is a block of the language `text`. In it `…` stands for any words, and a line's end for a space. Each
message has an entry in `CAUSES`: the heading that it stands under, and what causes it. Messages of other programs are in
`FOREIGN`, by a part of their text.
"""

import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import tinynet as tn
from tinynet import keras, layers, losses, ops

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "guides" / "troubleshooting.md"
if not GUIDE.exists():
    pytest.skip("the documentation is not part of the wheel", allow_module_level=True)

RNG = np.random.default_rng(1)
IMAGES = RNG.random((32, 28, 28)).astype("float32")
ROWS = RNG.random((32, 4)).astype("float32")
CLASSES = np.arange(32) % 10

# What pip, a compiler, Python and Jupyter report, which no test of tinynet's can cause.
FOREIGN = ["error: command 'g++' failed", "fatal error: Python.h", "No matching distribution found", "Illegal instruction",
           "No module named 'tinynet'", "Address already in use", "UnicodeDecodeError: 'cp949'", "Killed"]


def dense(units=10, activation=None, name="classifier", shape=(4,)):
    return tn.Sequential([tn.Input(shape), layers.Dense(units, activation, name="dense")], name=name)


def fitted(model, x=ROWS, y=CLASSES, loss="sparse_categorical_crossentropy", optimizer="sgd", **options):
    model.compile(optimizer, loss)
    model.fit(x, y, verbose=0, **options)


def python(code, *arguments, **environment):
    """The standard error of a new Python."""
    return subprocess.run([sys.executable, "-P", "-c", code, *arguments], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT), **environment}).stderr.strip().splitlines()[-1]


def raised(*arguments, **environment):
    raise Reported(python(*arguments, **environment))


class Reported(Exception):
    """What another process has reported, with the kind of the error."""


# -- installing and importing ------------------------------------------------------------------------------------------


def without_compiled_module():
    raised("import sys; sys.modules['tinynet._native'] = None; import tinynet")


def missing_extra():
    raised("import sys; sys.modules['matplotlib'] = None; import tinynet as tn; tn.plots.history({'loss': [1.0]})")


def wrong_instruction_set():
    raised("import tinynet", TINYNET_ISA="avx1024")


def wrong_number_of_threads():
    raised("import tinynet", OMP_NUM_THREADS="all")


# -- shapes ------------------------------------------------------------------------------------------------------------


def no_channels():
    tn.Sequential([layers.Conv2D(8, 3, name="conv2d")])(IMAGES)


def other_channels():
    model = tn.Sequential([tn.Input((28, 28, 1)), layers.Conv2D(8, 3, name="conv2d")], name="classifier")
    model(RNG.random((32, 28, 28, 3)))


def one_sample():
    dense().predict(ROWS[0], verbose=0)


def other_length():
    dense()(RNG.random((32, 5)))


def different_lengths():
    fitted(dense(), ROWS, CLASSES[:30])


def targets_and_outputs():
    losses.mean_squared_error(np.zeros((32, 3)), np.zeros((32, 10)))


def too_small():
    model = tn.Sequential([tn.Input((4, 4, 1)), layers.Conv2D(8, 3, name="conv2d"),
                           layers.Conv2D(8, 3, name="conv2d_1")])
    return model


def no_flatten():
    model = tn.Sequential([layers.Conv2D(8, 3, name="conv2d"), layers.Dense(10, "softmax", name="dense")])
    fitted(model, IMAGES[..., None], CLASSES)


def set_weights():
    dense().layers[0].set_weights([np.zeros((4, 10))])


# -- element types -----------------------------------------------------------------------------------------------------


def text_column():
    fitted(dense(), np.array([["12", "red", "3", "4"]] * 32))


def object_rows():
    fitted(dense(), [[1.0, 2.0], [3.0]], CLASSES[:2])


def kernel_types():
    ops.dense(np.zeros((2, 3), "float32"), np.zeros((3, 4), "float64"), np.zeros(4, "float64"))


def class_as_text():
    fitted(dense(), ROWS, np.array(["shirt", "bag"] * 16))


# -- labels and loss ---------------------------------------------------------------------------------------------------


def label_outside():
    fitted(dense(units=9, activation="softmax"))


def class_numbers():
    fitted(dense(activation="softmax"), loss="categorical_crossentropy")


def one_hot_for_sparse():
    fitted(dense(activation="softmax"), ROWS, tn.utils.to_categorical(CLASSES, 10))


def one_hot_for_one_output():
    fitted(dense(1, "sigmoid"), ROWS, tn.utils.to_categorical(CLASSES % 2, 2), loss="binary_crossentropy")


def logits_twice():
    fitted(dense(activation="softmax"), loss=losses.SparseCategoricalCrossentropy(from_logits=True))


def scores_for_probabilities():
    fitted(dense())


def one_softmax():
    fitted(dense(1, "softmax"), ROWS, CLASSES % 2, loss="binary_crossentropy")


def broadcast_targets():
    fitted(tn.Sequential([tn.Input((4,)), layers.Dense(1), layers.Reshape(())], name="regression"), ROWS,
           ROWS[:, :1], loss="mse")


def several_outputs_one_target():
    fitted(dense(10), ROWS, ROWS[:, 0], loss="mse")


def to_categorical_outside():
    tn.utils.to_categorical([1, 2, 3], 3)


# -- NaN and training --------------------------------------------------------------------------------------------------


def nan_in_data():
    x = ROWS.copy()
    x[3, 2] = np.nan
    fitted(dense(activation="softmax"), x)


def unscaled_pixels():
    model = tn.Sequential([layers.Flatten(), layers.Dense(10, "softmax")], name="classifier")
    fitted(model, np.rint(IMAGES * 255))


def predicted_unscaled():
    model = tn.Sequential([layers.Flatten(), layers.Dense(10, "softmax")], name="classifier")
    fitted(model, IMAGES)
    model.predict(np.rint(IMAGES * 255), verbose=0)


def diverged():
    model = tn.Sequential([tn.Input((4,)), layers.Dense(1)], name="regression")
    model.compile(tn.optimizers.SGD(1e6), "mse")
    model.fit(ROWS, ROWS[:, 0], epochs=20, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()])


def not_compiled():
    dense().fit(ROWS, CLASSES)


def not_built():
    tn.Sequential([layers.Dense(10)], name="classifier").summary()


def no_gradient():
    weight = tn.Variable(1.0, name="weight")
    with tn.GradientTape() as tape:
        loss = tn.convert_to_tensor(3.0)
    tn.optimizers.SGD().apply_gradients([(tape.gradient(loss, weight), weight)])


def tape_played_twice():
    weight = tn.Variable(1.0)
    with tn.GradientTape() as tape:
        loss = weight * weight
    tape.gradient(loss, weight)
    tape.gradient(loss, weight)


def optimizer_of_another_model():
    optimizer = tn.optimizers.Adam()
    fitted(dense(activation="softmax"), optimizer=optimizer)
    fitted(dense(activation="softmax"), optimizer=optimizer)


def monitor_without_validation():
    fitted(dense(activation="softmax"), callbacks=[keras.callbacks.EarlyStopping("val_loss")])


def symbolic_value():
    x = tn.Input((4,))
    if x[0, 0] > 0:
        pass


# -- names -------------------------------------------------------------------------------------------------------------


def absent_name():
    keras.layers.ConvLSTM2D  # noqa: B018


def misspelt_name():
    keras.layers.Conv2d  # noqa: B018


def unknown_argument():
    layers.Dense(10, activaton="relu")


def misspelt_optimizer():
    dense().compile("adamm", "mse")


def misspelt_layer_class():
    keras.models.Sequential([keras.layers.Dense])


# -- files and data ----------------------------------------------------------------------------------------------------


def damaged_model(folder):
    dense().save(folder / "m.keras")
    whole = (folder / "m.keras").read_bytes()
    (folder / "m.keras").write_bytes(whole[: len(whole) // 2])
    tn.models.load_model(folder / "m.keras")


def empty_model(folder):
    (folder / "m.keras").touch()
    tn.models.load_model(folder / "m.keras")


def folder_as_model(folder):
    dense().save(folder / "m")


def own_class(folder):
    class Gate(layers.Layer):
        def call(self, x):
            return x

    tn.Sequential([tn.Input((4,)), Gate()]).save(folder / "m.keras")
    tn.models.load_model(folder / "m.keras")


def lambda_in_file(folder):
    tn.Sequential([tn.Input((4,)), layers.Lambda(lambda x: 2 * x, name="lambda")]).save(folder / "m.keras")


def other_weights(folder):
    dense(units=9).save_weights(folder / "m.safetensors")
    dense(units=10).load_weights(folder / "m.safetensors")


def newer_file(folder):
    import json
    import zipfile

    dense().save(folder / "m.keras")
    with zipfile.ZipFile(folder / "m.keras") as old, zipfile.ZipFile(folder / "n.keras", "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "metadata.json":
                data = json.dumps({**json.loads(data), "format_version": 99}).encode()
            new.writestr(name, data)
    tn.models.load_model(folder / "n.keras")


def no_pictures(folder):
    keras.utils.image_dataset_from_directory(folder / "pictures")
