"""The networks of the lecture's two demos of initialization, and what the demos show of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .. import ops
from ..layers import Dense, Input
from ..losses import SparseCategoricalCrossentropy
from ..models import Sequential
from ..tape import GradientTape
from .descent import GradientDescent
from .initializers import DECISION_BOUNDARY_INITIALIZERS, DIGITS_INITIALIZERS, choose

if TYPE_CHECKING:
    from ..core.types import Array, TensorLike
    from ..models.model import Model


def decision_boundary_network(initialization: str = "appropriate", seed: int = 0) -> Sequential:
    """The first demo: 2-6-3-1, ReLU, ReLU, sigmoid; gradient descent with rate 0.1 over all points; biases 0.

    Train it on a set of `datasets.toy` with `fit(x, y, batch_size=len(x))`, and plot it with
    `tinynet.plots.decision_boundary`.

    Args:
        initialization: 'zero', 'too small', 'appropriate' or 'too large'.
        seed: Of the weights.

    Returns:
        A compiled model.

    Raises:
        ValueError: `initialization` is unknown.

    Source: rows 29 and 31 of the course.

    >>> decision_boundary_network().count_params()
    43
    """
    initializer = choose(DECISION_BOUNDARY_INITIALIZERS, initialization, seed)
    model = Sequential([
        Input((2,)),
        Dense(6, activation="relu", kernel_initializer=initializer),
        Dense(3, activation="relu", kernel_initializer=initializer),
        Dense(1, activation="sigmoid", kernel_initializer=initializer),
    ])
    model.compile(optimizer=GradientDescent(0.1), loss="binary_crossentropy", metrics=["accuracy"])
    return model


def decision_boundary(
    model: Model, extent: float = 5.0, step: float = 0.1, points: TensorLike | None = None,
) -> tuple[Array, Array, Array]:
    """The model's output over the square [-extent, extent]^2, or over the range of some points.

    `tinynet.plots.decision_boundary` draws it together with the points.

    Args:
        model: A model of two inputs and one output.
        extent: Half the side of the square.
        step: Distance between two points of the grid.
        points: Shape (n, 2); the range is theirs and a quarter of it on each side, in 101 steps, instead of the square.

    Returns:
        (xs, ys, outputs): coordinates and outputs[row of y, column of x].

    >>> decision_boundary(decision_boundary_network(), step=1.0)[2].shape
    (11, 11)
    """
    if points is None:
        xs = ys = np.arange(round(2 * extent / step) + 1) * step - extent
    else:
        low, high = np.min(points, axis=0), np.max(points, axis=0)
        xs, ys = np.linspace(low - 0.25 * (high - low), high + 0.25 * (high - low), 101).T
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2).astype("float32")
    outputs = model.predict(grid, batch_size=4096, verbose=0)
    return xs, ys, outputs.reshape(len(ys), len(xs))


def edge_strengths(
    model: Model, x: TensorLike | None = None, y: TensorLike | None = None, show: str = "weight",
) -> list[Array]:
    """What the first demo draws along the edges: each kernel, or its gradient, in units of twice its mean size.

    Args:
        model: A compiled model.
        x, y: Data for the gradient.
        show: 'weight' or 'gradient'.

    Returns:
        One array a kernel, its values divided by 2 mean |value| (by 1 if all are 0).

    Raises:
        ValueError: `show` is unknown, or gradients have no data.

    Source: row 30 of the course.

    >>> [strength.shape for strength in edge_strengths(decision_boundary_network())]
    [(2, 6), (6, 3), (3, 1)]
    """
    if show not in ("weight", "gradient"):
        raise ValueError(f"edge_strengths: show must be 'weight' or 'gradient', got {show!r}")
    kernels = [variable for variable in model.trainable_variables if variable.data.ndim > 1]
    if show == "weight":
        values = [kernel.numpy() for kernel in kernels]
    else:
        if x is None or y is None:
            raise ValueError("edge_strengths: gradients need data, x and y")
        with GradientTape() as tape:
            loss = model.compute_loss(x, y, model(x, training=True))
        values = [gradient.numpy() for gradient in tape.gradient(loss, kernels)]
    return [value / (2 * np.abs(value).mean() or 1.0) for value in values]


def digits_network(initialization: str = "xavier", seed: int = 0) -> Sequential:
    """The second demo: 784-300-300-300-300-10, tanh, softmax; SGD with rate 0.1, to be trained in batches of 100.

    The last layer returns logits; `look_inside` has the softmax. Biases are 0.

    Args:
        initialization: 'zero', 'uniform', 'xavier' or 'standard normal'.
        seed: Of the weights.

    Returns:
        A compiled model for images of shape (batch, 784).

    Raises:
        ValueError: `initialization` is unknown.

    Source: rows 32 and 33 of the course.

    >>> digits_network().count_params()
    509410
    """
    initializer = choose(DIGITS_INITIALIZERS, initialization, seed)
    hidden = [Dense(300, activation="tanh", kernel_initializer=initializer) for _ in range(4)]
    model = Sequential([Input((784,)), *hidden, Dense(10, kernel_initializer=initializer)])
    model.compile(optimizer=GradientDescent(0.1), loss=SparseCategoricalCrossentropy(from_logits=True),
                  metrics=["accuracy"])
    return model


@dataclass(frozen=True, eq=False)
class Inside:
    """What the second demo shows of a batch.

    Attributes:
        activations: A[0], the images, to A[5], the probabilities y^, as on the slide: shape (features, batch).
        correct: Which images are classified correctly (blue squares; the others are red).
        cost: The cross-entropy.
    """

    activations: list[Array]
    correct: np.ndarray
    cost: float

    @property
    def misclassified(self) -> int:
        """The number of images that are not classified correctly."""
        return int(np.count_nonzero(~self.correct))

    def __str__(self) -> str:
        return f"Misclassified: {self.misclassified}/{len(self.correct)} Cost: {self.cost:.2f}"


def look_inside(model: Model, images: TensorLike, labels: TensorLike) -> Inside:
    """Run a batch through a `digits_network` and keep all activations.

    The slides write a batch as columns, X.shape = (784, 100) and W X; Keras as rows, (100, 784) and x kernel. This
    function takes rows, and returns columns.

    Args:
        model: A Sequential model that ends in logits.
        images: Shape (batch, 784).
        labels: Classes, shape (batch,).

    Returns:
        An `Inside`.

    Source: rows 33 and 34 of the course.

    >>> inside = look_inside(digits_network(), np.zeros((2, 784)), [3, 4])
    >>> [a.shape for a in inside.activations][:2], round(inside.cost, 2)
    ([(784, 2), (300, 2)], 2.3)
    """
    x = ops.convert_to_tensor(np.asarray(images, model.dtype))
    activations = [x]
    for layer in model.layers:
        x = layer(x)
        activations.append(x)
    logits, labels = activations.pop(), np.asarray(labels)
    activations.append(ops.softmax(logits))
    cost = SparseCategoricalCrossentropy(from_logits=True)(labels, logits)
    return Inside([a.numpy().T for a in activations], logits.numpy().argmax(axis=1) == labels, float(cost))
