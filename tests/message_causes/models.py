"""Causes of messages about models that are built and trained, and about names."""

import numpy as np

import tinynet as tn
from tinynet import keras, layers

from .common import CLASSES, ROWS, dense, fitted, under

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
