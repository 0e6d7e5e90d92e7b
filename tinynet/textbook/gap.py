"""Why the loss that `fit` prints is not the one that `evaluate` returns on the same data.

The printed loss is the mean over the epoch of each batch's loss before its own update, with dropout on and with batch
normalization by the batch. `evaluate` uses the weights of the end of the epoch, dropout off, and batch normalization by
its moving averages. (A frequent question: keras-team/keras #503, #6977, #7265.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..layers.normalization import BatchNormalization
from ..tape import GradientTape

if TYPE_CHECKING:
    from ..core.types import TensorLike
    from ..models.model import Model


@dataclass(frozen=True)
class Gap:
    """The loss printed for an epoch, the loss of `evaluate`, and the parts of the difference; print it for a table.

    printed = evaluated + updates + dropout + batch_statistics

    Attributes:
        printed: What `fit` shows for the epoch.
        evaluated: What `evaluate` returns on the same data afterwards.
        updates: The weights were worse at the beginning of the epoch than at its end.
        dropout: Dropout and other noise, which only training has.
        batch_statistics: Normalization by each batch instead of by moving averages.
        penalties: The part of `evaluated` that is penalties on weights and activities. It is in both losses, but in no
            metric, and so not in a metric of the same name.

    >>> print(Gap(printed=0.5, evaluated=0.3, updates=0.15, dropout=0.05, batch_statistics=0.0, penalties=0.01))
    printed by fit for the epoch                          0.500000
    - weights of before each batch's update              -0.150000
    - dropout and other noise                            -0.050000
    - statistics of each batch (batch normalization)     -0.000000
    = evaluate on the same data                           0.300000
      of which penalties, which no metric has             0.010000
    """

    printed: float
    evaluated: float
    updates: float
    dropout: float
    batch_statistics: float
    penalties: float

    def __str__(self) -> str:
        rows = [
            ("printed by fit for the epoch", self.printed),
            ("- weights of before each batch's update", -self.updates),
            ("- dropout and other noise", -self.dropout),
            ("- statistics of each batch (batch normalization)", -self.batch_statistics),
            ("= evaluate on the same data", self.evaluated),
            ("  of which penalties, which no metric has", self.penalties),
        ]
        return "\n".join(f"{text:<50}{value:>12.6f}" for text, value in rows)


def explain_gap(
    model: Model, x: TensorLike, y: TensorLike, batch_size: int = 32, shuffle: bool = True, seed: int = 0,
) -> Gap:
    """Train for one epoch, and measure each part of the gap between its printed loss and `evaluate`.

    The same batches are run four times: while training; with the last weights, still as in training; without dropout
    and noise; as `evaluate` runs them. What changes from one to the next is one part. Afterwards the model and its
    optimizer are as they were before.

    Args:
        model: A compiled model.
        x, y: Arrays, samples along the first axis.
        batch_size: Samples an update.
        shuffle: Whether the samples are in a random order, as in `fit`.
        seed: Of that order.

    Returns:
        A `Gap`. The masks of dropout differ between the first two runs, so that a small part of `updates` is chance.

    Raises:
        RuntimeError: the model is not compiled.
        ValueError: x and y are not of one length, or empty.

    >>> model = Sequential([Input((2,)), Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> gap = explain_gap(model, np.ones((8, 2)), np.zeros((8, 1)), batch_size=4)
    >>> gap.dropout == gap.batch_statistics == 0
    True
    """
    if not model.compiled:
        raise RuntimeError("explain_gap: call compile(optimizer=..., loss=...) first")
    x, y = np.asarray(x), np.asarray(y)
    if len(x) != len(y) or len(x) == 0:
        raise ValueError(f"explain_gap: x and y must have equally many samples, got {len(x)} and {len(y)}")
    x = x.astype(model.dtype) if x.dtype.kind == "f" else x
    order = np.random.default_rng(seed).permutation(len(x)) if shuffle else np.arange(len(x))
    batches = [order[start : start + batch_size] for start in range(0, len(x), batch_size)]
    model(x[batches[0]], training=False)  # builds it, if it is not built
    optimizer = model.optimizer
    optimizer.build(model.trainable_variables)
    layers = model._flatten_layers()
    normalizing = [layer for layer in layers if isinstance(layer, BatchNormalization) and layer.trainable]
    generators = [generator for layer in layers
                  if (generator := getattr(layer, "seed_generator", None)) is not None]
    weights, state, seeds = model.get_weights(), optimizer.get_weights(), [g.state for g in generators]

    def mean_loss(loss_of):
        return float(np.average([loss_of(x[batch], y[batch]) for batch in batches], weights=list(map(len, batches))))

    def loss_of(some_x, some_y, training):
        return float(model.compute_loss(some_x, some_y, model(some_x, training=training), training=training))

    def train(some_x, some_y):
        with GradientTape() as tape:
            loss = model.compute_loss(some_x, some_y, model(some_x, training=True))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return float(loss)

    def penalty(some_x, some_y):
        model(some_x, training=False)
        return sum(float(loss) for loss in model.losses)

    try:
        printed = mean_loss(train)
        trained = model.get_weights()
        noisy = mean_loss(lambda a, b: loss_of(a, b, training=True))
        model.set_weights(trained)  # the moving averages went on
        for layer in normalizing:
            layer._observer = lambda *statistics: None  # who observes wants each batch normalized by itself
        quiet = mean_loss(lambda a, b: loss_of(a, b, training=False))
        for layer in normalizing:
            layer._observer = None
        evaluated = mean_loss(lambda a, b: loss_of(a, b, training=False))
        penalties = mean_loss(penalty)
    finally:
        for layer in normalizing:
            layer._observer = None
        model.set_weights(weights)
        optimizer.set_weights(state)
        for generator, seed_state in zip(generators, seeds, strict=True):
            generator.state = seed_state
    return Gap(printed, evaluated, printed - noisy, noisy - quiet, quiet - evaluated, penalties)
