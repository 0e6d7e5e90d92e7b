"""Causes of messages about shapes, element types, labels, and what is not learned."""

import numpy as np

import tinynet as tn
from tinynet import keras, layers, losses, ops

from .common import BINARY, CLASSES, IMAGES, RNG, ROWS, dense, fitted, flat, under

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
    fitted(model, ROWS, ROWS[:, 0], "mse", tn.optimizers.SGD(1e20), epochs=20,
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
