"""Causes of messages about files."""

import json
import zipfile

import tinynet as tn
from tinynet import keras, layers, tf
from tinynet.datasets import fashion_mnist
from tinynet.datasets.sources import IdxDataset

from .common import dense, under


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
