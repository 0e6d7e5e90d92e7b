"""What causes each message that docs/guides/troubleshooting.md quotes.

`CAUSES` has, for each heading, a function for each message under it, in order. A function that takes an argument is
given an empty folder.
"""

import ast
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

import tinynet as tn
from tinynet import keras, layers, losses, ops, tf
from tinynet.core.threads import warn_without_thread
from tinynet.datasets import fashion_mnist
from tinynet.datasets.sources import IdxDataset

ROOT = Path(__file__).parents[1]
CAUSES = {}

RNG = np.random.default_rng(1)
IMAGES = RNG.random((32, 28, 28)).astype("float32")
ROWS = RNG.random((32, 4)).astype("float32")
CLASSES = np.arange(32) % 10
SPARSE, BINARY = "sparse_categorical_crossentropy", "binary_crossentropy"


class Reported(Exception):
    """What is not raised in this process: its text is the whole message, with the kind of the error."""


def under(heading):
    """Add the function to the causes under a heading."""
    def add(function):
        CAUSES.setdefault(heading, []).append(function)
        return function
    return add


def dense(units=10, activation=None):
    return tn.Sequential([tn.Input((4,)), layers.Dense(units, activation, name="dense")], name="classifier")


def fitted(model, x=ROWS, y=CLASSES, loss=SPARSE, optimizer="sgd", metrics=None, **options):
    model.compile(optimizer, loss, metrics=metrics)
    model.fit(x, y, verbose=0, **options)


def flat():
    return tn.Sequential([layers.Flatten(), layers.Dense(10, "softmax")], name="classifier")


def in_new_python(code, **environment):
    """Raise the last line that a new Python reports, which imports the tinynet that is tested."""
    result = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True,
                            env={**os.environ, "PYTHONPATH": str(Path(tn.__file__).parents[1]), **environment})
    raise Reported(result.stderr.strip().splitlines()[-1])


@contextlib.contextmanager
def not_installed(package):
    """Within the block the package cannot be imported. What else is imported in it stays, unlike by mock.patch.dict."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, package, None)
        yield


# -- installing and importing ------------------------------------------------------------------------------------------


@under("tinynet is imported from its source folder")
def without_compiled_module():
    in_new_python("import sys; sys.modules['tinynet._native'] = None; import tinynet")


def check_tools_of_setup(commands, folders):
    """Call `check_tools` of setup.py, which builds when it is imported."""
    tree = ast.parse((ROOT / "setup.py").read_text())
    names = {"Path": Path, "shutil": shutil, "sys": sys}
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "check_tools")
    exec(compile(ast.Module([function], []), "setup.py", "exec"), names)
    try:
        names["check_tools"](commands, folders)
    except SystemExit as stop:
        raise Reported(stop.code) from None


@under("No compiler")
def no_compiler(folder):
    (folder / "Python.h").touch()
    check_tools_of_setup([sys.executable], [str(folder)])  # is content where both are there
    check_tools_of_setup([sys.executable, "g++-that-is-not-there"], [str(folder)])


@under("No compiler")
def no_headers(folder):
    check_tools_of_setup([sys.executable], [str(folder / "include")])


@under("A package is missing")
def missing_extra():
    with not_installed("matplotlib"):
        tn.plots.history({"loss": [1.0]})


@under("A package is missing")
def missing_h5(folder):
    with not_installed("h5py"):
        dense().save_weights(folder / "m.weights.h5")


@under("A package is missing")
def missing_lab():
    in_new_python("import sys; sys.modules['starlette'] = None; from tinynet.cli import main; main(['lab'])")


@under("A setting of the environment")
def wrong_number_of_threads():
    in_new_python("import tinynet", OMP_NUM_THREADS="all")


@under("A setting of the environment")
def wrong_instruction_set():
    in_new_python("import tinynet", TINYNET_ISA="avx1024")


# -- shapes ------------------------------------------------------------------------------------------------------------


@under("The axis of the channels is missing")
def no_channels():
    tn.Sequential([layers.Conv2D(8, 3, name="conv2d")])(IMAGES)


@under("Another number of channels")
def other_channels():
    tn.Sequential([tn.Input((28, 28, 1)), layers.Conv2D(8, 3, name="conv2d")])(RNG.random((32, 28, 28, 3)))


@under("One sample in place of a batch")
def one_sample():
    dense().predict(ROWS[0], verbose=0)


@under("Another length of the last axis")
def other_length():
    dense()(RNG.random((32, 5)))


@under("Different numbers of samples")
def different_numbers():
    fitted(dense(), ROWS, CLASSES[:30])


@under("The targets do not have the shape of the outputs")
def other_targets():
    losses.mean_squared_error(np.zeros((32, 3)), np.zeros((32, 10)))


@under("The targets do not have the shape of the outputs")
def no_flatten():
    fitted(tn.Sequential([layers.Conv2D(8, 3), layers.Dense(10, "softmax")]), IMAGES[..., None])


@under("The image has become too small")
def too_small():
    tn.Sequential([tn.Input((4, 4, 1)), layers.Conv2D(8, 3, name="conv2d"),
                   layers.Conv2D(8, 3, name="conv2d_1")])


# -- element types -----------------------------------------------------------------------------------------------------


@under("Text where numbers are needed")
def labels_as_text():
    fitted(dense(), ROWS, np.array(["shirt", "bag"] * 16))


@under("Text where numbers are needed")
def table_as_text():
    fitted(dense(), np.array([["12", "red", "3", "4"]] * 32))


@under("Rows of different lengths")
def different_lengths():
    fitted(dense(), [[1.0, 2.0], [3.0]], CLASSES[:2])


@under("float32 and float64 in one operation")
def two_types():
    ops.dense(np.zeros((2, 3), "float32"), np.zeros((3, 4)), np.zeros(4))


@under("A number beyond float32")
def overflow():
    dense()(np.full((2, 4), 1e300))


# -- labels and loss ---------------------------------------------------------------------------------------------------


@under("A label is outside the classes")
def nine_units():
    fitted(dense(9, "softmax"))


@under("A label is outside the classes")
def labels_from_one():
    tn.utils.to_categorical([1, 2, 3], 3)


@under("Class numbers with the loss for one-hot rows")
def class_numbers():
    fitted(dense(10, "softmax"), loss="categorical_crossentropy")


@under("One-hot rows with the loss for class numbers")
def one_hot():
    fitted(dense(10, "softmax"), ROWS, tn.utils.to_categorical(CLASSES, 10))


@under("One-hot rows with the loss for class numbers")
def one_hot_for_one_output():
    fitted(dense(1, "sigmoid"), ROWS, tn.utils.to_categorical(CLASSES % 2, 2), BINARY)


@under("Softmax twice")
def softmax_twice():
    fitted(dense(10, "softmax"), loss=losses.SparseCategoricalCrossentropy(from_logits=True))


@under("Scores taken for probabilities")
def scores():
    fitted(dense())


@under("Scores taken for probabilities")
def scores_in_a_metric():
    fitted(dense(1), ROWS, CLASSES % 2, losses.BinaryCrossentropy(from_logits=True), metrics=["accuracy"])


@under("Softmax over one output")
def softmax_of_one():
    fitted(dense(1, "softmax"), ROWS, CLASSES % 2, BINARY)


@under("An index outside the embedding")
def index_outside():
    tn.Sequential([layers.Embedding(100, 4, name="embedding")])(np.array([[3, 100]]))


# -- nothing is learned ------------------------------------------------------------------------------------------------


@under("The data have NaN")
def nan_in_data():
    x = ROWS.copy()
    x[3, 2] = np.nan
    fitted(dense(10, "softmax"), x)


@under("Training diverges")
def diverging():
    model = tn.Sequential([tn.Input((4,)), layers.Dense(1)])
    fitted(model, ROWS, ROWS[:, 0], "mse", tn.optimizers.SGD(1e6), epochs=20,
           callbacks=[keras.callbacks.TerminateOnNaN(raise_error=True)])


@under("Unscaled pixels")
def unscaled():
    fitted(flat(), np.rint(IMAGES * 255))


@under("Unscaled pixels")
def unscaled_in_predict():
    model = flat()
    fitted(model, IMAGES)
    pixels = np.rint(IMAGES * 255)
    pixels[0, 0, 0] = 255
    model.predict(pixels, verbose=0)


@under("No gradient")
def outside_the_tape():
    weight = tn.Variable(1.0)
    with tn.GradientTape() as tape:
        loss = tn.convert_to_tensor(3.0)
    tn.optimizers.SGD().apply_gradients([(tape.gradient(loss, weight), weight)])


@under("No gradient")
def unused_variable():
    variables = [tn.Variable(1.0, name="used"), tn.Variable(1.0, name="unused")]
    with tn.GradientTape() as tape:
        loss = variables[0] * variables[0]
    tn.optimizers.SGD().apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))


@under("A tape is used twice")
def tape_twice():
    weight = tn.Variable(1.0)
    with tn.GradientTape() as tape:
        loss = weight * weight
    for _ in range(2):
        tape.gradient(loss, weight)


# -- models ------------------------------------------------------------------------------------------------------------


@under("The model is not compiled")
def not_compiled():
    dense().fit(ROWS, CLASSES)


@under("The model has no weights yet")
def no_weights(folder):
    tn.Sequential([layers.Dense(10)], name="classifier").save_weights(folder / "m.safetensors")


@under("An optimizer of another model")
def optimizer_of_another():
    optimizer = tn.optimizers.Adam()
    for _ in range(2):
        fitted(dense(10, "softmax"), optimizer=optimizer)


@under("A callback watches what is not there")
def no_validation():
    fitted(dense(10, "softmax"), callbacks=[keras.callbacks.EarlyStopping("val_loss")])


@under("A tensor without values")
def condition_on_a_plan():
    assert tn.Input((4,))[0, 0] > 0


@under("A tensor without values")
def numpy_on_a_plan():
    np.exp(tn.Input((4,)))


# -- names -------------------------------------------------------------------------------------------------------------


@under("tinynet does not have a name")
def absent():
    keras.layers.ConvLSTM2D  # noqa: B018


@under("A name is misspelt")
def misspelt():
    keras.layers.Conv2d  # noqa: B018


@under("A name is misspelt")
def misspelt_argument():
    layers.Dense(10, activaton="relu")


@under("A name is misspelt")
def misspelt_in_a_string():
    dense().compile("adamm", "mse")


@under("A class in place of an object")
def class_for_object():
    tn.Sequential([layers.Dense])


# -- files -------------------------------------------------------------------------------------------------------------


@under("A model file is damaged")
def half_a_file(folder):
    dense().save(folder / "m.keras")
    data = (folder / "m.keras").read_bytes()
    (folder / "m.keras").write_bytes(data[: len(data) // 2])
    tn.models.load_model(folder / "m.keras")


@under("A model file is damaged")
def empty_file(folder):
    (folder / "m.keras").touch()
    tn.models.load_model(folder / "m.keras")


@under("A file of a newer version")
def newer(folder):
    dense().save(folder / "m.keras")
    with zipfile.ZipFile(folder / "m.keras") as old, zipfile.ZipFile(folder / "n.keras", "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "metadata.json":
                data = json.dumps({**json.loads(data), "format_version": 99}).encode()
            new.writestr(name, data)
    tn.models.load_model(folder / "n.keras")


@under("TensorFlow's folders and checkpoints")
def saved_as_a_folder(folder):
    dense().save(folder / "m")


@under("TensorFlow's folders and checkpoints")
def checkpoint(folder):
    dense().save_weights(folder / "cp.ckpt")


class Gate(layers.Layer):
    def call(self, x):
        return x


class Scale(layers.Layer):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, x):
        return self.function(x)


@under("A class of your own in a file")
def own_class(folder):
    tn.Sequential([tn.Input((4,)), Gate()]).save(folder / "m.keras")
    tn.models.load_model(folder / "m.keras")


@under("A class of your own in a file")
def no_configuration(folder):
    tn.Sequential([tn.Input((4,)), Scale(lambda x: x)]).save(folder / "m.keras")


@under("A class of your own in a file")
def a_lambda(folder):
    tn.Sequential([tn.Input((4,)), layers.Lambda(lambda x: x, name="lambda")]).save(folder / "m.keras")


@under("The weights are of another model")
def other_weights(folder):
    dense(9).save_weights(folder / "m.safetensors")
    dense(10).load_weights(folder / "m.safetensors")


@under("A data set is not there")
def no_data_set():
    IdxDataset("fashion-mnist", fashion_mnist.DATASET.files, (("a package", "/nowhere"),),
               fashion_mnist.DATASET.remedies).load(mirrors=())


@under("A file in the folder is no picture")
def no_picture(folder):
    for name in ("a/x.jpg", "b/y.jpg"):
        (folder / name).parent.mkdir()
        (folder / name).write_bytes(b"<html>")
    list(keras.utils.image_dataset_from_directory(folder, shuffle=False, verbose=False))


@under("Text that is not UTF-8")
def korean_file(folder):
    (folder / "texts.csv").write_bytes("좋아요,1\n".encode("cp949"))
    list(tf.data.experimental.CsvDataset(str(folder / "texts.csv"), [tf.string, tf.int32]))


@under("Text that is not UTF-8")
def korean_bytes():
    layers.TextVectorization().adapt(["좋아요".encode("cp949")])


# -- the computer ------------------------------------------------------------------------------------------------------


@under("No more threads")
def no_threads():
    warn_without_thread("batches are prepared between the steps, not while they run")


@under("The port is in use")
def port_in_use():
    from tinynet.lab.server import listen

    for first in range(20_000, 60_000, 10):  # ten ports in a row that are free, which then are not
        with contextlib.ExitStack() as taken:
            try:
                for port in range(first, first + 10):
                    taken.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            listen("127.0.0.1", first)


@under("The page asks for the link")
def without_key():
    from tinynet.lab.server import REFUSED

    raise Reported(re.sub("<[^>]*>", "", re.search(r"<p>(.*)</p>", REFUSED)[1]))


@under("Boxes or question marks in place of Korean letters")
def no_korean_font():
    with mock.patch("tinynet.plots.style.korean_font", lambda: None):
        tn.plots.history({"loss": [1.0, 0.5]}, lang="ko")


@under("A terminal that is not UTF-8")
def emoji():
    "\U0001f642".encode("cp949")
