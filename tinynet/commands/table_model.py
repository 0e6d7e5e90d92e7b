"""A model that takes the rows of a table as they are: its first layers scale the numbers and number the words."""

from __future__ import annotations

import numpy as np

from .. import layers
from ..core.types import Array
from ..models import Model
from .table import Column

UNITS = (64, 64)


def build_table_model(inputs: dict[str, Array], columns: list[Column], outputs: int,
                      targets: Array | None = None) -> Model:
    """Return a model of two hidden layers.

    Numbers go through a `Normalization`, words through a `StringLookup` each, which has learned the words and has one
    more output for others.

    Args:
        inputs: The training rows, {column: array}, shape (rows, 1).
        columns: What they are.
        outputs: How many classes, whose logits the model returns; 1 for a quantity.
        targets: The training rows' quantities; the last layer then brings the output to their mean and spread.

    Returns:
        A model of inputs {column: (rows, 1)}.
    """
    tensors = {column.name: layers.Input((1,), dtype="float32" if column.kind == "number" else "string",
                                         name=f"column_{number}") for number, column in enumerate(columns)}
    numbers = [column.name for column in columns if column.kind == "number"]
    parts = []
    if numbers:
        scale = layers.Normalization(name="scale")
        scale.adapt(np.concatenate([inputs[name] for name in numbers], axis=1))
        parts.append(scale(_joined([tensors[name] for name in numbers])))
    for number, column in enumerate(columns):
        if column.kind == "word":
            words = layers.StringLookup(vocabulary=column.words, output_mode="one_hot", name=f"words_{number}")
            parts.append(words(tensors[column.name]))
    x = _joined(parts)
    for number, units in enumerate(UNITS):
        x = layers.Dense(units, activation="relu", name=f"hidden_{number}")(x)
    y = layers.Dense(outputs, name="outputs")(x)
    if targets is not None:
        y = layers.Rescaling(float(targets.std()), float(targets.mean()), name="quantity")(y)
    return Model(tensors, y, name="table")


def _joined(tensors):
    return tensors[0] if len(tensors) == 1 else layers.Concatenate()(tensors)
