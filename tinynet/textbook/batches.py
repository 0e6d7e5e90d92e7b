"""Batch, stochastic and mini-batch gradient descent: one rule, `GradientDescent`, and one choice, the batch size.

    batch          E(W)   = 1/2 sum over all N samples       1 update an epoch
    stochastic     E_n(W) = 1/2 (t - y_n)^2                  N updates
    mini-batch     E_k(W) = 1/2 sum over M = N / K samples   K updates
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..core.checks import positive_int
from ..data.py_dataset import PyDataset
from ..optimizers.base import Optimizer
from ..tape import GradientTape
from ..variable import Variable
from .descent import GradientDescent
from .losses import HalfSquaredError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from ..core.types import Array, SeedLike, TensorLike


@dataclass(frozen=True)
class Descent:
    """How samples are divided among updates; pass `batch_size` to `fit`.

    Make one with `Descent.batch`, `Descent.stochastic` or `Descent.mini_batch`.

    Attributes:
        samples: N.
        batch_size: Samples an update, M.
        drop_remainder: Whether the samples after the last full batch are left out (`batches` does it), instead of
            forming a short batch.

    Raises:
        TypeError: a number is not an int.
        ValueError: a number is below 1, or the batch is larger than the data.

    Source: rows 4 to 8 of the course.

    >>> Descent.batch(500_000).updates_an_epoch, Descent.stochastic(500_000).updates_an_epoch
    (1, 500000)
    >>> Descent.mini_batch(1000, batches=8)
    Descent(samples=1000, batch_size=125, drop_remainder=False)
    """

    samples: int
    batch_size: int
    drop_remainder: bool = False

    def __post_init__(self) -> None:
        positive_int(self.samples, "Descent", "samples")
        positive_int(self.batch_size, "Descent", "batch_size")
        if self.batch_size > self.samples:
            raise ValueError(f"Descent: a batch of {self.batch_size} from {self.samples} samples")

    @classmethod
    def batch(cls, samples: int) -> Self:
        """All samples for each update.

        Args:
            samples: N.
        """
        return cls(samples, samples)

    @classmethod
    def stochastic(cls, samples: int) -> Self:
        """An update after each sample: fast, but the noise of single samples makes it unstable.

        Args:
            samples: N.
        """
        return cls(samples, 1)

    @classmethod
    def mini_batch(
        cls, samples: int, batches: int | None = None, batch_size: int | None = None, drop_remainder: bool = False,
    ) -> Self:
        """M = N / K samples an update.

        Args:
            samples: N.
            batches: K, a divisor of N as on the slide.
            batch_size: M instead of K; the last batch may then be short, as in Keras.
            drop_remainder: Whether a short last batch is left out.

        Raises:
            ValueError: K does not divide N, or not exactly one of K and M is given.
        """
        if (batches is None) == (batch_size is None):
            raise ValueError("Descent.mini_batch: give batches (K) or batch_size (M), one of them")
        if batch_size is None:
            count = positive_int(batches, "Descent.mini_batch", "batches")
            if samples % count:
                raise ValueError(
                    f"Descent.mini_batch: {samples} samples cannot be divided into {count} equal batches. Give "
                    "batch_size; the last batch is then short, or left out with drop_remainder=True"
                )
            batch_size = samples // count
        return cls(samples, batch_size, drop_remainder)

    @property
    def updates_an_epoch(self) -> int:
        """How often the weights change while every sample is used once."""
        return self.samples // self.batch_size if self.drop_remainder else math.ceil(self.samples / self.batch_size)

    @property
    def losses_an_update(self) -> int:
        """The number of samples whose losses are computed for one update."""
        return self.batch_size

    def batches(self, x: TensorLike, y: TensorLike, seed: int = 0) -> PyDataset:
        """The arrays in batches, for `fit(descent.batches(x, y))`: in a new order each epoch.

        Args:
            x: Inputs, N samples along the first axis.
            y: Targets, N samples along the first axis.
            seed: Of the orders.

        Raises:
            ValueError: x or y does not have N samples.
        """
        return _Batches(self, np.asarray(x), np.asarray(y), seed)


class _Batches(PyDataset):
    def __init__(self, descent: Descent, x: TensorLike, y: TensorLike, seed: SeedLike) -> None:
        super().__init__()
        if not len(x) == len(y) == descent.samples:
            raise ValueError(f"Descent.batches: x has {len(x)} samples, y {len(y)}, expected {descent.samples}")
        self._descent, self._x, self._y = descent, x, y
        self._rng = np.random.default_rng(seed)
        self._order = self._rng.permutation(len(x))

    def __len__(self) -> int:
        return self._descent.updates_an_epoch

    def __getitem__(self, index: int) -> tuple[Array, Array]:
        size = self._descent.batch_size
        chosen = self._order[index * size : (index + 1) * size]
        return self._x[chosen], self._y[chosen]

    def on_epoch_end(self) -> None:
        self._order = self._rng.permutation(len(self._x))


def fit_line(
    descent: Descent, optimizer: Optimizer | None = None, epochs: int = 20, noise: float = 0.5,
    start: Sequence[float] = (-1.5, 2.0), seed: int = 0,
) -> tuple[Array, Array]:
    """Fit t = w x + b to noisy points around t = x, to see the three ways of descent on one surface (row 8).

    Every update goes down the mean of its batch's half squared errors, so that the step sizes can be compared.

    Args:
        descent: A `Descent`; its `samples` is the number of points.
        optimizer: A new optimizer; GradientDescent(0.1) if None.
        epochs: How often every point is used.
        noise: Standard deviation of t around the line.
        start: First (w, b).
        seed: Of points and order.

    Returns:
        (path, losses): (w, b) before the first update and after each, shape (updates + 1, 2), and the mean over all
        points at each of them, shape (updates + 1,).

    Raises:
        TypeError: `optimizer` is not an Optimizer.

    >>> path, losses = fit_line(Descent.batch(20), epochs=3)
    >>> path.shape, losses.shape, bool(losses[-1] < losses[0])
    ((4, 2), (4,), True)
    """
    optimizer = GradientDescent(0.1) if optimizer is None else optimizer
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"fit_line: optimizer must be an Optimizer, got {optimizer!r}")
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(descent.samples)
    t = x + noise * rng.standard_normal(descent.samples)
    half_squared_error = HalfSquaredError(reduction="sum_over_batch_size")
    w, b = Variable(start[0], dtype="float64", name="w"), Variable(start[1], dtype="float64", name="b")
    points = [(start[0], start[1])]
    data = descent.batches(x, t, seed)
    for _ in range(epochs):
        for some_x, some_t in data:
            with GradientTape() as tape:
                loss = half_squared_error(some_t, w * some_x + b)
            optimizer.apply(tape.gradient(loss, [w, b]), [w, b])
            points.append((float(w), float(b)))
        data.on_epoch_end()
    path = np.array(points)
    errors = path[:, :1] * x + path[:, 1:] - t
    return path, (errors**2).mean(axis=1) / 2
