"""Networks with and without batch normalization on the same batches: what the panel `batchnorm` trains and measures."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ... import layers, losses, ops, optimizers
from ...core.types import Array
from ...datasets import fashion_mnist_sample
from ...models import Sequential
from ...models.population import estimate_population
from ..code import Call, make, program

UNITS = 100
LAYERS = 3
PROBE = 500  # test images on which the networks are measured
QUANTILES = (0.15, 0.5, 0.85)  # as in figure 1 of the paper
MOST_STEPS = 2000
POPULATION_EVERY = 10  # steps
WEIGHTS: dict[str, tuple[str, dict[str, Any]]] = {
    "xavier": ("textbook.XavierSlide", {}), "small": ("initializers.RandomNormal", {"stddev": 0.01}),
    "large": ("initializers.RandomNormal", {"stddev": 0.5}),
}


@cache
def data() -> tuple[Array, Array, Array, Array]:
    """Return the sample's images and labels to train on, and those to measure on."""
    (images, labels), (probe, answers) = fashion_mnist_sample.load_data()
    found = (images.reshape(-1, 784).astype("float32") / 255, labels,
             probe[:PROBE].reshape(-1, 784).astype("float32") / 255, answers[:PROBE])
    for one in found:
        one.flags.writeable = False  # all sessions share them
    return found


def look(model: Sequential, x: Any) -> tuple[list[Array], list[Array], list[tuple[Array, Array]]]:
    """Send a batch through a network as in training, but without training: its own statistics normalize it.

    Returns:
        (what the Dense layers compute, what reaches each activation, mean and variance of each batch normalization).
    """
    before, after, moments = [], [], []
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            x, mean, variance = ops.batch_norm(x, layer.gamma, layer.beta, layer.epsilon)
            moments.append((mean.numpy(), variance.numpy()))
            continue
        if isinstance(layer, layers.Activation):
            after.append(x.numpy())
        x = layer(x)
        if isinstance(layer, layers.Dense):
            before.append(x.numpy())
    return before, after, moments


HEAD = """
    import numpy as np
    import tinynet as tn
    from tinynet import batchnorm, datasets, initializers, layers, losses, ops, optimizers, textbook

    (images, labels), (probe, answers) = datasets.fashion_mnist_sample.load_data()
    images = images.reshape(-1, 784).astype("float32") / 255
    probe, answers = probe[:500].reshape(-1, 784).astype("float32") / 255, answers[:500]


    def network(normalized):
        weights = $weights
        model = tn.Sequential([layers.Input((784,))])
        for _ in range(3):
            model.add(layers.Dense(100, kernel_initializer=weights))
            if normalized:
                model.add(layers.BatchNormalization(momentum=$momentum))
            model.add(layers.Activation($activation))
        model.add(layers.Dense(10, kernel_initializer=weights))
        model.compile(optimizers.SGD($rate), losses.SparseCategoricalCrossentropy(from_logits=True))
        return model


    def batches():
        epoch = 0
        while True:
            order = np.random.default_rng([$seed, epoch]).permutation(len(images))
            yield from order[: len(images) // $m * $m].reshape(-1, $m)
            epoch += 1


    def look(model, x):
        # as in training, but without training: the batch's own statistics normalize it
        before, after, moments = [], [], []
        for layer in model.layers:
            if isinstance(layer, layers.BatchNormalization):
                x, mean, variance = ops.batch_norm(x, layer.gamma, layer.beta, layer.epsilon)
                moments.append((mean.numpy(), variance.numpy()))
                continue
            if isinstance(layer, layers.Activation):
                after.append(x.numpy())
            x = layer(x)
            if isinstance(layer, layers.Dense):
                before.append(x.numpy())
        return before, after, moments

"""


class Networks:
    """What the pictures share: the settings, the networks, the order of the batches."""

    def __init__(self, settings: dict[str, Any], seed: int) -> None:
        self.settings, self.seed = settings, seed
        self.m = settings["batch"]
        self.unit = settings["unit"]
        self.images, self.labels, self.probe, self.answers = data()
        self.count = 0
        self.finished = False

    def weights(self) -> Call:
        """The call that makes the initializer; its layers draw from one generator, one after the other."""
        cls, arguments = WEIGHTS[self.settings["weights"]]
        return Call(cls, **arguments, seed=Call("tn.random.SeedGenerator", self.seed))

    def network(self, normalized: bool) -> Sequential:
        """784-100-100-100-10, with batch normalization before each activation or without."""
        weights = make(self.weights())
        model = Sequential([layers.Input((784,))])
        for _ in range(LAYERS):
            model.add(layers.Dense(UNITS, kernel_initializer=weights))
            if normalized:
                model.add(layers.BatchNormalization(momentum=self.settings["momentum"]))
            model.add(layers.Activation(self.settings["activation"]))
        model.add(layers.Dense(10, kernel_initializer=weights))
        model.compile(optimizers.SGD(self.settings["rate"]), losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    def indices(self, count: int) -> np.ndarray:
        """Return which images the batch of this number has."""
        number = len(self.images)
        epoch, batch = divmod(count, number // self.m)
        order = np.random.default_rng([self.seed, epoch]).permutation(number)
        return order[batch * self.m : (batch + 1) * self.m]

    def head(self) -> str:
        """The code that the pictures share."""
        return program(HEAD, weights=self.weights(), momentum=self.settings["momentum"], m=self.m, seed=self.seed,
                       activation=self.settings["activation"], rate=self.settings["rate"]) + "\n"


class Shift(Networks):
    """Internal covariate shift: the inputs of one unit's activation while the layers before it learn."""

    def __init__(self, settings: dict[str, Any], seed: int) -> None:
        super().__init__(settings, seed)
        self.models = {"with": self.network(True), "without": self.network(False)}
        self.losses = {name: np.empty(MOST_STEPS) for name in self.models}
        # steps, layers, before or after the normalization, quantiles
        self.bands = {name: np.empty((MOST_STEPS + 1, LAYERS, 2, len(QUANTILES))) for name in self.models}
        self._accuracies: tuple[int, dict[str, float]] | None = None
        self._measure()

    def _measure(self) -> None:
        for name, model in self.models.items():
            before, after, _ = look(model, self.probe)
            for i in range(LAYERS):
                self.bands[name][self.count, i] = [np.quantile(x[:, self.unit], QUANTILES)
                                                   for x in (before[i], after[i])]

    def step(self) -> None:
        now = self.indices(self.count)
        with np.errstate(all="ignore"):
            for name, model in self.models.items():
                loss: Any = model.train_on_batch(self.images[now], self.labels[now])
                self.losses[name][self.count] = loss
            self.count += 1
            self._measure()
        self.finished = self.count == MOST_STEPS

    def accuracies(self) -> dict[str, float]:
        """The share of the probe's images that each network predicts correctly.

        By its moving averages, as in prediction; "batch": by the probe's own statistics, as in training.
        """
        if self._accuracies is None or self._accuracies[0] != self.count:
            outputs = {name: model(self.probe, training=False).numpy() for name, model in self.models.items()}
            outputs["batch"] = look(self.models["with"], self.probe)[0][-1]
            self._accuracies = self.count, {name: float((y.argmax(axis=1) == self.answers).mean())
                                            for name, y in outputs.items()}
        return self._accuracies[1]

    def state(self) -> dict[str, Any]:
        layer, place = int(self.settings["layer"]) - 1, int(self.settings["where"] == "after")
        numbers: dict[str, Any] = {}
        for name in self.models:
            if self.count:
                numbers[f"loss_{name}"] = float(self.losses[name][max(0, self.count - 20) : self.count].mean())
        numbers |= {f"accuracy_{name}": f"{100 * value:.1f} %" for name, value in self.accuracies().items()}
        return {"numbers": numbers,
                "bands": {name: bands[: self.count + 1, layer, place].astype(np.float32)
                          for name, bands in self.bands.items()},
                "losses": {name: one[: self.count].astype(np.float32) for name, one in self.losses.items()}}

    def snapshot(self) -> Any:
        return self.count, {name: model.get_weights() for name, model in self.models.items()}

    def restore(self, snapshot: Any) -> None:
        self.count, weights = snapshot
        for name, model in self.models.items():
            model.set_weights(weights[name])
        self._accuracies = None

    def code(self, steps: int) -> str:
        return self.head() + program("""

            def quantiles(model):
                before, after, _ = look(model, probe)
                return [[np.quantile(x[:, $unit], $quantiles) for x in layer] for layer in zip(before, after)]


            models = {"with": network(True), "without": network(False)}
            bands = {name: [quantiles(model)] for name, model in models.items()}
            losses_of = {name: [] for name in models}
            draw = batches()
            for step in range($steps):
                batch = next(draw)
                for name, model in models.items():
                    losses_of[name].append(model.train_on_batch(images[batch], labels[batch]))
                    bands[name].append(quantiles(model))

            outputs = {name: model(probe, training=False).numpy() for name, model in models.items()}
            outputs["batch"] = look(models["with"], probe)[0][-1]  # as with training=True
            accuracy = {name: float((y.argmax(axis=1) == answers).mean()) for name, y in outputs.items()}
            print("last losses:", {name: one[-1:] for name, one in losses_of.items()})
            print("accuracies: ", accuracy)
        """, unit=self.unit, quantiles=QUANTILES, steps=min(steps, MOST_STEPS))

    def proof(self) -> dict[str, Any]:
        return {"bands": {name: one[: self.count + 1] for name, one in self.bands.items()},
                "losses_of": {name: one[: self.count] for name, one in self.losses.items()},
                "accuracy": self.accuracies()}


def population_batches(m: int) -> int:
    """How many mini-batches of m images the population is estimated from: 200 images or more, 20 batches or more."""
    return max(20, 200 // m)


class Statistics(Networks):
    """Batch, moving and population statistics of one unit while the network trains."""

    def __init__(self, settings: dict[str, Any], seed: int) -> None:
        super().__init__(settings, seed)
        self.layer = int(settings["layer"]) - 1
        self.model = self.network(True)
        self.normalization = [one for one in self.model.layers if isinstance(one, layers.BatchNormalization)]
        self.batch = np.empty((MOST_STEPS, 2))  # mean and variance
        self.moving = np.empty((MOST_STEPS + 1, 2))
        self.population = np.empty((MOST_STEPS // POPULATION_EVERY + 1, 2))
        self._note()

    def _moving(self) -> list[float]:
        one = self.normalization[self.layer]
        return [float(one.moving_mean.numpy()[self.unit]), float(one.moving_variance.numpy()[self.unit])]

    def _note(self) -> None:
        """Write down the moving averages, and now and then the population's statistics, with the weights as they are."""
        self.moving[self.count] = self._moving()
        if self.count % POPULATION_EVERY == 0:
            kept = self.model.get_weights()
            used = population_batches(self.m) * self.m
            estimate_population(self.model, self.images[:used], batch_size=self.m)
            self.population[self.count // POPULATION_EVERY] = self._moving()
            self.model.set_weights(kept)

    def step(self) -> None:
        now = self.indices(self.count)
        with np.errstate(all="ignore"):
            mean, variance = look(self.model, self.images[now])[2][self.layer]
            self.batch[self.count] = mean[self.unit], variance[self.unit]
            self.model.train_on_batch(self.images[now], self.labels[now])
            self.count += 1
            self._note()
        self.finished = self.count == MOST_STEPS

    def state(self) -> dict[str, Any]:
        population = self.population[: self.count // POPULATION_EVERY + 1]
        numbers: dict[str, Any] = {"m": self.m, "correction": self.m / (self.m - 1)}
        if self.count:
            numbers |= {"batch_variance": float(self.batch[self.count - 1, 1])}
        numbers |= {"moving_variance": float(self.moving[self.count, 1]),
                    "population_variance": float(population[-1, 1])}
        return {"numbers": numbers, "batch": self.batch[: self.count].astype(np.float32),
                "moving": self.moving[: self.count + 1].astype(np.float32), "population": population,
                "every": POPULATION_EVERY, "population_batches": population_batches(self.m)}

    def snapshot(self) -> Any:
        return self.count, self.model.get_weights()

    def restore(self, snapshot: Any) -> None:
        self.count, weights = snapshot
        self.model.set_weights(weights)

    def code(self, steps: int) -> str:
        return self.head() + program("""

            def moving_statistics():
                return float(layer.moving_mean.numpy()[$unit]), float(layer.moving_variance.numpy()[$unit])


            def population_statistics():
                # Algorithm 2 with the weights as they are; it replaces the moving averages, which training needs
                kept = model.get_weights()
                batchnorm.estimate_population(model, images[:$used], batch_size=$m)
                found = moving_statistics()
                model.set_weights(kept)
                return found


            model = network(True)
            layer = [one for one in model.layers if isinstance(one, layers.BatchNormalization)][$layer]
            batch_of, moving, population = [], [moving_statistics()], [population_statistics()]
            draw = batches()
            for step in range(1, $steps + 1):
                batch = next(draw)
                mean, variance = look(model, images[batch])[2][$layer]
                batch_of.append((float(mean[$unit]), float(variance[$unit])))
                model.train_on_batch(images[batch], labels[batch])
                moving.append(moving_statistics())
                if step % $every == 0:
                    population.append(population_statistics())
            print("moving mean and variance:", moving[-1])
            print("of the population:       ", population[-1])
        """, unit=self.unit, layer=self.layer, steps=min(steps, MOST_STEPS), every=POPULATION_EVERY, m=self.m,
            used=population_batches(self.m) * self.m)

    def proof(self) -> dict[str, Any]:
        return {"batch_of": self.batch[: self.count].tolist(), "moving": self.moving[: self.count + 1],
                "population": self.population[: self.count // POPULATION_EVERY + 1]}
