"""The curvature of a network's loss while it is trained: the largest eigenvalues of its Hessian.

A network with n weights has a Hessian of n^2 numbers. Its product with a vector needs two backward passes, no matrix:

    H v = d (g . v) / dw,   g = dL/dw

and Lanczos's method finds the largest eigenvalues from a few such products.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import ops
from ..callbacks import Callback
from ..core.checks import positive_int
from ..tape import GradientTape
from ..tensor import convert_to_tensor, to_array

if TYPE_CHECKING:
    from ..core.types import Array, TensorLike
    from ..models import Model


def largest_eigenvalues(
    model: Model, x: TensorLike, y: TensorLike, count: int = 1, iterations: int = 30, seed: int = 0,
) -> Array:
    """Find the largest eigenvalues of the Hessian of a model's loss over its trainable weights.

    Args:
        model: A compiled model with weights.
        x, y: The batch over which the loss is taken, in prediction (no dropout).
        count: How many eigenvalues.
        iterations: Products with the Hessian at most; more for more exact values.
        seed: Of the first vector.

    Returns:
        Array (count,), the largest first.

    Raises:
        ValueError: the model has fewer weights than `count`, or `count` is above `iterations`.

    Source: Lanczos 1950; Pearlmutter, "Fast Exact Multiplication by the Hessian", 1994.

    >>> model = Sequential([Input((1,)), Dense(1, use_bias=False)])
    >>> model.compile("sgd", "mse")
    >>> largest_eigenvalues(model, np.array([[1.0], [3.0]]), np.zeros((2, 1))).round(3).tolist()  # 2 * mean of x^2
    [10.0]
    """
    variables = model.trainable_variables
    size = sum(variable.size for variable in variables)
    most = min(positive_int(iterations, "largest_eigenvalues", "iterations"), size)
    if positive_int(count, "largest_eigenvalues", "count") > most:
        raise ValueError(f"largest_eigenvalues: {count} eigenvalues of {size} weights in {iterations} iterations")
    inputs, targets = convert_to_tensor(x), convert_to_tensor(y)

    def product(vector):
        parts, start = [], 0
        for variable in variables:
            parts.append(vector[start : start + variable.size].reshape(variable.shape).astype(variable.dtype))
            start += variable.size
        with GradientTape() as outer:
            with GradientTape() as inner:
                loss = model.compute_loss(inputs, targets, model(inputs, training=False))
            gradients = inner.gradient(loss, variables, unconnected_gradients="zero")
            along = sum(ops.sum(g * part) for g, part in zip(gradients, parts, strict=True))
        second = outer.gradient(along, variables, unconnected_gradients="zero")
        return np.concatenate([np.ravel(to_array(part)).astype(np.float64) for part in second])

    return lanczos(product, size, most, seed)[:count]


def lanczos(product: Any, size: int, iterations: int, seed: int = 0) -> Array:
    """Find eigenvalues of a symmetric matrix that is only known by its products with vectors.

    Args:
        product: Function of a vector (size,) that returns the matrix times the vector.
        size: Length of a vector.
        iterations: Products at most.
        seed: Of the first vector.

    Returns:
        Array of at most `iterations` values, the largest first; its ends are near the matrix's extreme eigenvalues.

    >>> lanczos(lambda v: np.array([3.0, 1.0, -2.0]) * v, 3, 3).round(6).tolist()
    [3.0, 1.0, -2.0]
    """
    vector = np.random.default_rng(seed).standard_normal(size)
    basis = [vector / np.linalg.norm(vector)]
    diagonal: list[float] = []
    beside: list[float] = []
    for _ in range(iterations):
        image = product(basis[-1])
        diagonal.append(float(image @ basis[-1]))
        for _ in range(2):  # twice, for rounding makes the basis forget that it is orthogonal
            for one in basis:
                image = image - (image @ one) * one
        length = float(np.linalg.norm(image))
        if len(diagonal) == iterations or not length > 1e-6 * max(1e-30, np.abs(diagonal).max()):
            break
        beside.append(length)
        basis.append(image / length)
    matrix = np.diag(diagonal) + np.diag(beside[: len(diagonal) - 1], 1) + np.diag(beside[: len(diagonal) - 1], -1)
    if not np.isfinite(matrix).all():
        return np.full(iterations, np.nan)
    found = np.linalg.eigvalsh(matrix)[::-1]
    return np.concatenate([found, np.zeros(iterations - len(found))])


class CurvatureMonitor(Callback):
    """Record the largest eigenvalues of the Hessian before the training and after each epoch; see `plot_curvature`.

    Training with a larger learning rate ends where the curvature is smaller: above 2 / learning rate gradient descent
    on a quadratic function diverges.

    Args:
        x, y: The batch over which the loss is taken, always the same.
        count: How many eigenvalues.
        iterations: As for `largest_eigenvalues`.
        every: Epochs between two records.

    Attributes:
        epochs: Number of epochs before each record.
        eigenvalues: A list of arrays (count,), the largest first.
        learning_rates: The optimizer's learning rate at each record.

    Source: Cohen et al., "Gradient Descent on Neural Networks Typically Occurs at the Edge of Stability", ICLR 2021.

    Raises:
        TypeError: `every` is no int.
        ValueError: it is below 1.

    >>> model = Sequential([Input((1,)), Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> x = np.array([[1.0], [3.0]])
    >>> monitor = CurvatureMonitor(x, 2 * x)
    >>> history = model.fit(x, 2 * x, epochs=2, verbose=0, callbacks=[monitor])
    >>> monitor.epochs, len(monitor.eigenvalues)
    ([0, 1, 2], 3)
    """

    def __init__(self, x: TensorLike, y: TensorLike, count: int = 1, iterations: int = 30, every: int = 1) -> None:
        super().__init__()
        self.x, self.y = x, y
        self.count = count
        self.iterations = iterations
        self.every = positive_int(every, "CurvatureMonitor", "every")
        self.epochs: list[int] = []
        self.eigenvalues: list[Array] = []
        self.learning_rates: list[float] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Record the untrained weights."""
        self._record(self.epochs[-1] if self.epochs else 0)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Record, if it is this epoch's turn."""
        if (epoch + 1) % self.every == 0:
            self._record(epoch + 1)

    def _record(self, epoch):
        if epoch in self.epochs:  # a second `fit` begins where the first ended
            return
        self.epochs.append(epoch)
        self.eigenvalues.append(largest_eigenvalues(self.model, self.x, self.y, self.count, self.iterations))
        self.learning_rates.append(float(to_array(self.model.optimizer.learning_rate)))
