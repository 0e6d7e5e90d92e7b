"""The network of the panel "initialization": its layers as calls, its training, and what its neurons compute."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...layers import Activation, BatchNormalization, Dense, Dropout
from ...losses import BinaryCrossentropy, MeanSquaredError
from ...models import Sequential
from ...reference import activation_forward
from ...tape import GradientTape
from ..code import Call, make

# The slide's four choices: the variance of a weight, times the number of its neuron's inputs.
SCALES = {"zero": 0.0, "small": 0.01, "appropriate": 1.0, "large": 100.0}

OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("optimizers.SGD", {}),
    "momentum": ("optimizers.SGD", {"momentum": 0.9}),
    "nesterov": ("optimizers.SGD", {"momentum": 0.9, "nesterov": True}),
    "adagrad": ("optimizers.Adagrad", {}),
    "rmsprop": ("optimizers.RMSprop", {}),
    "adam": ("optimizers.Adam", {}),
}


def initializer_call(rule: str, init: str, seed: int) -> Call:
    """Return the call of a layer's initializer.

    Args:
        rule: 'slide' (variance 1 / n_in), 'he' (2 / n_in) or 'glorot' (2 / (n_in + n_out)).
        init: One of `SCALES`, which multiplies the variance.
        seed: Of this layer alone.
    """
    scale = SCALES[init]
    if scale == 0:
        return Call("initializers.Zeros")
    if rule == "slide":
        return Call("textbook.ScaledNormal", scale, seed=seed)
    if rule == "he":
        return Call("initializers.VarianceScaling", 2 * scale, "fan_in", "untruncated_normal", seed=seed)
    return Call("initializers.VarianceScaling", scale, "fan_avg", "untruncated_normal", seed=seed)


def layer_calls(settings: dict[str, Any], init: str, seed: int, regression: bool) -> list[Call]:
    """Return the calls of all layers, from the input to the output."""
    calls = [Call("layers.Input", (len(settings["features"]),))]
    more: dict[str, Any] = {}
    if settings["l1"] or settings["l2"]:
        more["kernel_regularizer"] = Call("regularizers.L1L2", l1=settings["l1"], l2=settings["l2"])
    widths = settings["layers"][0]
    # Each layer has a seed of its own. With those from 1100 on, the slide's network learns all five data sets; with others
    # it now and then finds no way, as everywhere.
    seed = 100 * (seed + 11)
    for i, units in enumerate((*widths, 1)):
        weights = {"kernel_initializer": initializer_call(settings["rule"], init, seed + i), **more}
        if i == len(widths):
            calls.append(Call("layers.Dense", 1, activation="linear" if regression else "sigmoid", **weights))
            break
        if settings["normalize"]:
            calls += [Call("layers.Dense", units, **weights), Call("layers.BatchNormalization"),
                      Call("layers.Activation", settings["activation"])]
        else:
            calls.append(Call("layers.Dense", units, activation=settings["activation"], **weights))
        if settings["dropout"]:
            calls.append(Call("layers.Dropout", settings["dropout"], seed=seed + 50 + i))
    return calls


def optimizer_call(settings: dict[str, Any]) -> Call:
    """Return the call of the optimizer."""
    name, more = OPTIMIZERS[settings["optimizer"]]
    return Call(name, settings["rate"], **more)


# Points of the plane that pass through the network at once: so few, and by the NumPy reference, that no threads are used.
# A picture that is due 30 times a second should not wait for a busy core.
SERIAL = 2000
SLOPES = {"leaky_relu": 0.2, "elu": 1.0}  # Keras's defaults of the activations that have a parameter


def _activate(x: np.ndarray, name: str) -> np.ndarray:
    return activation_forward(x, name, SLOPES.get(name, 0.0))


class Network:
    """A compiled model with what the panel does to it.

    Args:
        calls: Of its layers.
        optimizer: Call of its optimizer.
        regression: Whether it learns numbers instead of two classes.

    Attributes:
        model: The model.
        dense: Its layers with weights that can be edited, in order.
    """

    def __init__(self, calls: list[Call], optimizer: Call, regression: bool) -> None:
        self.model = Sequential([make(call) for call in calls])
        self.model.compile(optimizer=make(optimizer), loss="mean_squared_error" if regression else "binary_crossentropy")
        self.model.optimizer.build(self.model.trainable_variables)  # so that all snapshots have the same variables
        self._loss = MeanSquaredError() if regression else BinaryCrossentropy()
        self.dense: list[Any] = [layer for layer in self.model.layers if isinstance(layer, Dense)]
        self._dropouts: list[Any] = [layer for layer in self.model.layers if isinstance(layer, Dropout)]

    def train(self, x: np.ndarray, y: np.ndarray) -> None:
        """Make one update, on one batch: what `Model.train_on_batch` does."""
        model = self.model
        with GradientTape() as tape:
            loss = model.compute_loss(x, y, model(x, training=True))
        variables = model.trainable_variables
        model.optimizer.apply(tape.gradient(loss, variables), variables)

    def cost(self, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
        """Return the cost without penalties, NaN for no points, and the share of points in the right class."""
        if not len(x):
            return float("nan"), float("nan")
        outputs = self.model(x)
        return float(self._loss(y, outputs)), float(((outputs.numpy() > 0.5) == (y > 0.5)).mean())

    def penalty(self) -> float:
        """Return what L1 and L2 add to the cost."""
        return float(sum(float(one) for one in self.model.losses))

    def edit(self, layer: int, source: int, target: int, value: float) -> bool:
        """Set one weight, all numbers counted from 1; source 0 is the bias. Return whether there is such a weight."""
        if not 1 <= layer <= len(self.dense):
            return False
        kernel, bias = self.dense[layer - 1].get_weights()
        if not (0 <= source <= kernel.shape[0] and 1 <= target <= kernel.shape[1]):
            return False
        if source:
            kernel[source - 1, target - 1] = value
        else:
            bias[target - 1] = value
        self.dense[layer - 1].set_weights([kernel, bias])
        return True

    def gradients(self, x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
        """Return the gradient of the cost for [kernel, bias, kernel, ...], over all points and without dropout."""
        variables = [variable for layer in self.dense for variable in (layer.kernel, layer.bias)]
        if not len(x):
            return [np.zeros(variable.shape, np.float32) for variable in variables]
        with GradientTape() as tape:
            loss = self.model.compute_loss(x, y, self.model(x))
        return [gradient.numpy() for gradient in tape.gradient(loss, variables)]

    def inside(self, x: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return the outputs of the input and of each layer of neurons, and the same before the activation."""
        parts = [self._inside(x[i : i + SERIAL]) for i in range(0, max(len(x), 1), SERIAL)]
        outputs, before = ([np.concatenate(layer) for layer in zip(*one, strict=True)] for one in zip(*parts, strict=True))
        return outputs, before

    def _inside(self, x: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        outputs, before = [x], [x]
        for layer in self.model.layers:
            if isinstance(layer, Dense):
                kernel, bias = layer.get_weights()
                sums = outputs[-1] @ kernel + bias
                before.append(sums)
                outputs.append(_activate(sums, layer.activation.__name__))
            elif isinstance(layer, BatchNormalization):
                gamma, beta, mean, variance = layer.get_weights()
                before[-1] = outputs[-1] = (before[-1] - mean) / np.sqrt(variance + layer.epsilon) * gamma + beta
            elif isinstance(layer, Activation):
                outputs[-1] = _activate(before[-1], layer.activation.__name__)
        return outputs, before

    def snapshot(self) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
        """Return copies of the weights, of the optimizer's variables and of the states of the dropout layers."""
        return (self.model.get_weights(), [np.array(one.numpy()) for one in self.model.optimizer.variables],
                [layer.seed_generator.state for layer in self._dropouts])

    def restore(self, snapshot: tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]) -> None:
        """Go back to a snapshot."""
        weights, optimizer, states = snapshot
        self.model.set_weights([np.array(one) for one in weights])
        for variable, value in zip(self.model.optimizer.variables, optimizer, strict=True):
            variable.assign(value)
        for layer, state in zip(self._dropouts, states, strict=True):
            layer.seed_generator.state = state
