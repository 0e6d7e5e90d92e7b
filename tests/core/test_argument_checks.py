"""Arguments that cannot be meant are refused where they are given, by name, with what they may be."""

import numpy as np
import pytest

import tinynet as tn
from tinynet import callbacks, constraints, initializers, layers, losses, metrics, optimizers

SCHEDULES = optimizers.schedules
X = np.ones((4, 2), "float32")

REFUSED = {
    "EarlyStopping: patience must be a number of at least 0, got '3'": lambda: callbacks.EarlyStopping(patience="3"),
    "EarlyStopping: patience must be a number of at least 0, got -1": lambda: callbacks.EarlyStopping(patience=-1),
    "EarlyStopping: min_delta must be a number, got 'a'": lambda: callbacks.EarlyStopping(min_delta="a"),
    "EarlyStopping: baseline must be a number, got 'a'": lambda: callbacks.EarlyStopping(baseline="a"),
    "EarlyStopping: start_from_epoch must": lambda: callbacks.EarlyStopping(start_from_epoch="a"),
    "EarlyStopping: monitor must be the name of an entry": lambda: callbacks.EarlyStopping(monitor=3),
    "ReduceLROnPlateau: patience must": lambda: callbacks.ReduceLROnPlateau(patience="3"),
    "ReduceLROnPlateau: factor must be a number of at least 0": lambda: callbacks.ReduceLROnPlateau(factor="a"),
    "ReduceLROnPlateau: factor must be below 1, got 2": lambda: callbacks.ReduceLROnPlateau(factor=2),
    "ReduceLROnPlateau: cooldown must": lambda: callbacks.ReduceLROnPlateau(cooldown="a"),
    "ReduceLROnPlateau: min_lr must": lambda: callbacks.ReduceLROnPlateau(min_lr="a"),
    "MaxNorm: max_value must be a number of at least 0, got 'a'": lambda: constraints.MaxNorm("a"),
    "MaxNorm: max_value must be a number of at least 0, got -1": lambda: constraints.MaxNorm(-1),
    "MinMaxNorm: min_value must not be above max_value, got 2 and 1": lambda: constraints.MinMaxNorm(2, 1),
    "MinMaxNorm: rate must be a number from 0 to 1, got 3": lambda: constraints.MinMaxNorm(rate=3),
    "constraint: axis 5 does not exist": lambda: constraints.UnitNorm(5)(X),
    "constraint: axis 'a' does not exist": lambda: constraints.MaxNorm(axis="a")(X),
    "Huber: delta must be a number above 0, got -1": lambda: losses.Huber(delta=-1),
    "huber: delta must be a number above 0, got 0": lambda: losses.huber(X, X, delta=0),
    "BinaryCrossentropy: label_smoothing must be a number from 0 to 1, got 2":
        lambda: losses.BinaryCrossentropy(label_smoothing=2),
    "CategoricalCrossentropy: label_smoothing must": lambda: losses.CategoricalCrossentropy(label_smoothing="a"),
    "BinaryFocalCrossentropy: label_smoothing must": lambda: losses.BinaryFocalCrossentropy(label_smoothing=-1),
    "CategoricalFocalCrossentropy: label_smoothing must": lambda: losses.CategoricalFocalCrossentropy(
        label_smoothing=2),
    "binary_crossentropy: label_smoothing must": lambda: losses.binary_crossentropy(X, X, label_smoothing=2),
    "dice: axis 9 does not exist": lambda: losses.Dice(axis=9)(X, X),
    "cosine_similarity: axis 9 does not exist": lambda: losses.CosineSimilarity(axis=9)(X, X),
    "median: axis 9 does not exist": lambda: tn.ops.median(X, axis=9),
    "TopKCategoricalAccuracy: k must be an int of at least 1, got 0": lambda: metrics.TopKCategoricalAccuracy(k=0),
    "SparseTopKCategoricalAccuracy: k must": lambda: metrics.SparseTopKCategoricalAccuracy(k=1.5),
    "Precision: top_k must be an int of at least 1, got -1": lambda: metrics.Precision(top_k=-1),
    "Recall: class_id must be an int of at least 0, got 'a'": lambda: metrics.Recall(class_id="a"),
    "class_id=5 does not exist among the 2 classes": lambda: metrics.Precision(class_id=5).update_state(X, X),
    "Recall: thresholds must lie in [0, 1], got ['a']": lambda: metrics.Recall(thresholds="a"),
    "AUC: num_thresholds must be an int of at least 2, got 'a'": lambda: metrics.AUC(num_thresholds="a"),
    "BinaryAccuracy: threshold must be a number": lambda: metrics.BinaryAccuracy(threshold="a"),
    "MeanIoU: num_classes must be an int of at least 1, got 0": lambda: metrics.MeanIoU(0),
    "BatchNormalization: momentum must be a number from 0 to 1, got 'x'":
        lambda: layers.BatchNormalization(momentum="x"),
    "BatchNormalization: epsilon must be a number of at least 0, got -1": lambda: layers.BatchNormalization(epsilon=-1),
    "LayerNormalization: epsilon must": lambda: layers.LayerNormalization(epsilon=-1),
    "RMSNormalization: epsilon must": lambda: layers.RMSNormalization(epsilon="a"),
    "ELU: alpha must be a number": lambda: layers.ELU("a"),
    "RepeatVector: n must be a positive int, got 0": lambda: layers.RepeatVector(0),
    "GRUCell: dropout must be a number": lambda: layers.GRU(2, dropout="a"),
    "shape: expected ints of at least 0, as (3, 4), got 'a'": lambda: initializers.GlorotUniform()("a"),
    "shape: expected ints of at least 0, as (3, 4), got (-1, 2)": lambda: initializers.RandomNormal()((-1, 2)),
    "shape: expected ints of at least 0, as (3, 4), got (1.5, 2)": lambda: tn.random.uniform((1.5, 2)),
    "shape: expected ints of at least 0, as (3, 4), got None": lambda: initializers.Zeros()(None),
    "RandomNormal: stddev must be at least 0, got 'a'": lambda: initializers.RandomNormal(stddev="a"),
    "set_weights: expected a list of arrays, as from get_weights(), got None":
        lambda: layers.Dense(2).set_weights(None),
    "CosineDecayRestarts: t_mul must be a number above 0, got 0": lambda: SCHEDULES.CosineDecayRestarts(0.1, 10, 0),
    "with t_mul=0.5 each wave is shorter than the one before, and at step 20 no time is left":
        lambda: SCHEDULES.CosineDecayRestarts(0.1, 10, t_mul=0.5)(20),
    "optimizer 'ScheduleFreeAdamW' is not part of tinynet: it is newer": lambda: optimizers.get("ScheduleFreeAdamW"),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_refused(message):
    with pytest.raises((ValueError, TypeError)) as error:
        REFUSED[message]()
    assert message in str(error.value)


def test_what_is_taken():
    """The ends of the ranges, and NumPy's numbers."""
    callbacks.EarlyStopping(patience=np.int64(3), min_delta=np.float32(0.1), baseline=0.5)
    callbacks.ReduceLROnPlateau(factor=np.float64(0.5), patience=0)
    constraints.MinMaxNorm(1, 1, rate=1)(X)
    losses.CategoricalCrossentropy(label_smoothing=0)(X, X)
    metrics.TopKCategoricalAccuracy(k=np.int32(2))(X, X)
    metrics.Precision(top_k=1, class_id=np.int64(1)).update_state(X, X)
    layers.BatchNormalization(momentum=0, epsilon=0)
    assert SCHEDULES.CosineDecayRestarts(0.1, 10, t_mul=0.5)(19).numpy() > 0
    assert initializers.Zeros()(np.int64(3)).shape == initializers.GlorotUniform()([3]).shape == (3,)
    assert tn.random.normal((tn.shape(X)[0], 2)).shape == (4, 2)


def test_keras_names_of_arguments():
    assert losses.deserialize(name=losses.serialize(loss=losses.Huber(2.0))).delta == 2.0
    assert metrics.deserialize(config=metrics.serialize(metric=metrics.Precision(top_k=2))).top_k == 2
