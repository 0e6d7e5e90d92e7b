"""Algorithms 1 and 2 of batch normalization, a line at a time, for the panel `batchnorm`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import layers
from ...models.population import estimate_population
from ..code import Call, make, program
from .batchnorm_networks import LAYERS, Networks, look

STAGES = ("input", "mean", "variance", "normalize", "scale", "moving", "predict")
TRAIN_STEPS = 10  # steps of training, of TRAIN_UPDATES updates each
TRAIN_UPDATES = 15
MINI_BATCHES = 30
# Steps of Algorithm 2: training, freezing, the mini-batches, the replacement.
FREEZE = TRAIN_STEPS + 1
REPLACE = FREEZE + MINI_BATCHES + 1


class Algorithm1:
    """The transform of one small batch; each step is one line."""

    def __init__(self, settings: dict[str, Any], seed: int) -> None:
        self.settings = settings
        self.count = 0
        self.finished = False
        x = np.array(settings["numbers"][0], np.float32)
        self.m = len(x)
        wide = x.astype(np.float64)
        gamma, beta, epsilon = settings["gamma"], settings["beta"], settings["epsilon"]
        self.mu = wide.sum() / self.m
        self.variance = ((wide - self.mu) ** 2).sum() / self.m
        self.hat = (wide - self.mu) / np.sqrt(self.variance + epsilon)
        self.y = gamma * self.hat + beta
        self.unbiased = self.m / (self.m - 1) * self.variance
        layer = make(self._layer())
        self.in_training = layer(x[:, None], training=True).numpy()[:, 0]
        self.moving = float(layer.moving_mean.numpy()[0]), float(layer.moving_variance.numpy()[0])
        self.in_prediction = layer(x[:, None], training=False).numpy()[:, 0]
        self.x = x

    def _layer(self) -> Call:
        chosen = self.settings
        return Call("layers.BatchNormalization", momentum=chosen["momentum"], epsilon=chosen["epsilon"],
                    gamma_initializer=Call("initializers.Constant", chosen["gamma"]),
                    beta_initializer=Call("initializers.Constant", chosen["beta"]))

    def step(self) -> None:
        self.count += 1
        self.finished = self.count == len(STAGES) - 1

    def state(self) -> dict[str, Any]:
        numbers: dict[str, Any] = {"line": f"line_{STAGES[self.count]}", "m": self.m}
        if self.count >= 1:
            numbers["batch_mean"] = float(self.mu)
        if self.count >= 2:
            numbers |= {"batch_variance": float(self.variance), "unbiased": float(self.unbiased)}
        if self.count >= 4:
            numbers["difference"] = float(abs(self.y - self.in_training).max())
        if self.count >= 5:
            numbers |= {"moving_mean": self.moving[0], "moving_variance": self.moving[1]}
        return {"numbers": numbers, "stage": self.count, "x": self.x, "hat": self.hat, "y": self.y,
                "mu": float(self.mu), "variance": float(self.variance), "unbiased": float(self.unbiased),
                "in_training": self.in_training, "in_prediction": self.in_prediction, "moving": list(self.moving)}

    def code(self, steps: int) -> str:
        chosen = self.settings
        return program("""
            import numpy as np
            from tinynet import initializers, layers

            x = np.array($x, "float32")
            gamma, beta, epsilon = $gamma, $beta, $epsilon

            # Algorithm 1, with 64 bits
            m, wide = len(x), x.astype("float64")
            mu = wide.sum() / m
            variance = ((wide - mu) ** 2).sum() / m
            hat = (wide - mu) / np.sqrt(variance + epsilon)
            y = gamma * hat + beta
            print("mini-batch mean    ", mu)
            print("mini-batch variance", variance, "- divided by m - 1:", m / (m - 1) * variance)
            print("normalized         ", hat)
            print("scaled and shifted ", y)

            # the layer, with 32 bits
            layer = $layer
            in_training = layer(x[:, None], training=True).numpy()[:, 0]
            moving = float(layer.moving_mean.numpy()[0]), float(layer.moving_variance.numpy()[0])
            in_prediction = layer(x[:, None], training=False).numpy()[:, 0]
            print("training=True      ", in_training)
            print("moving mean and variance", moving)
            print("training=False     ", in_prediction)
        """, x=list(chosen["numbers"][0]), gamma=chosen["gamma"], beta=chosen["beta"], epsilon=chosen["epsilon"],
            layer=self._layer())

    def proof(self) -> dict[str, Any]:
        return {"mu": self.mu, "variance": self.variance, "hat": self.hat, "y": self.y, "moving": self.moving,
                "in_training": self.in_training, "in_prediction": self.in_prediction}


class Algorithm2(Networks):
    """Training, then the population's statistics from mini-batches of the frozen network, then the linear form."""

    def __init__(self, settings: dict[str, Any], seed: int) -> None:
        super().__init__(settings, seed)
        self.layer = int(settings["layer"]) - 1
        self.model = self.network(True)
        self.normalization = [one for one in self.model.layers if isinstance(one, layers.BatchNormalization)]
        assert len(self.normalization) == LAYERS
        self.updates = 0
        self.moments: list[tuple[float, float]] = []  # mu_B and var_B of the unit
        self.truth: tuple[float, float] | None = None
        self.keras: tuple[float, float] | None = None  # the moving averages at the end of training
        self.accuracy: dict[str, float] = {}

    def _moving(self) -> tuple[float, float]:
        one = self.normalization[self.layer]
        return float(one.moving_mean.numpy()[self.unit]), float(one.moving_variance.numpy()[self.unit])

    def _accuracy(self) -> float:
        outputs = self.model(self.probe, training=False).numpy()
        return float((outputs.argmax(axis=1) == self.answers).mean())

    def batch(self, k: int) -> np.ndarray:
        """The k-th mini-batch after training."""
        return self.images[self.indices(TRAIN_STEPS * TRAIN_UPDATES + k)]

    def step(self) -> None:
        self.count += 1
        with np.errstate(all="ignore"):
            if self.count <= TRAIN_STEPS:
                for _ in range(TRAIN_UPDATES):
                    now = self.indices(self.updates)
                    self.model.train_on_batch(self.images[now], self.labels[now])
                    self.updates += 1
            elif self.count == FREEZE:
                values = look(self.model, self.images)[0][self.layer][:, self.unit].astype(np.float64)
                self.truth = float(values.mean()), float(values.var())
                self.keras = self._moving()
                self.accuracy["keras"] = self._accuracy()
            elif self.count < REPLACE:
                mean, variance = look(self.model, self.batch(len(self.moments)))[2][self.layer]
                self.moments.append((float(mean[self.unit]), float(variance[self.unit])))
            else:
                used = np.concatenate([self.batch(k) for k in range(MINI_BATCHES)])
                estimate_population(self.model, used, batch_size=self.m)
                self.accuracy["population"] = self._accuracy()
        self.finished = self.count == REPLACE

    def estimates(self) -> tuple[float, float]:
        """E[x] and Var[x] from the mini-batches so far."""
        means, variances = zip(*self.moments, strict=True)
        return float(np.mean(means)), float(self.m / (self.m - 1) * np.mean(variances))

    def linear(self) -> tuple[float, float]:
        """(a, b) of y = a x + b, line 11."""
        mean, variance = self.estimates()
        gamma, beta = self._scale_and_shift()
        a = gamma / np.sqrt(variance + self.normalization[self.layer].epsilon)
        return float(a), float(beta - a * mean)

    def _scale_and_shift(self) -> tuple[float, float]:
        one = self.normalization[self.layer]
        assert one.gamma is not None and one.beta is not None
        return float(one.gamma.numpy()[self.unit]), float(one.beta.numpy()[self.unit])

    def line(self) -> str:
        """The name of the lines of Algorithm 2 that have just been done."""
        return ("begin" if not self.count else "train" if self.count <= TRAIN_STEPS else "freeze" if self.count == FREEZE
                else "estimate" if self.count < REPLACE else "replace")

    def state(self) -> dict[str, Any]:
        gamma, beta = self._scale_and_shift()
        numbers: dict[str, Any] = {"line": f"line_{self.line()}", "updates": self.updates, "m": self.m,
                                   "correction": self.m / (self.m - 1)}
        found: dict[str, Any] = {
            "stage": self.line(), "mini_batches": MINI_BATCHES, "truth": self.truth and list(self.truth),
            "keras": self.keras and list(self.keras), "gamma": gamma, "beta": beta,
            "epsilon": self.normalization[self.layer].epsilon, "linear": None,
            "moments": np.array(self.moments).reshape(-1, 2)}
        if self.moments:
            mean, variance = self.estimates()
            numbers |= {"expectation": mean, "population_variance": variance}
        if self.finished:
            found["linear"] = list(self.linear())
        for name, value in self.accuracy.items():
            numbers[f"accuracy_{name}"] = f"{100 * value:.1f} %"
        return {"numbers": numbers} | found

    def snapshot(self) -> Any:
        return (self.count, self.updates, list(self.moments), self.truth, self.keras, dict(self.accuracy),
                self.model.get_weights())

    def restore(self, snapshot: Any) -> None:
        self.count, self.updates, moments, self.truth, self.keras, accuracy, weights = snapshot
        self.moments, self.accuracy = list(moments), dict(accuracy)
        self.model.set_weights(weights)

    def code(self, steps: int) -> str:
        mini_batches = max(0, min(steps - FREEZE, MINI_BATCHES))
        text = self.head() + program("""

            model = network(True)
            layer = [one for one in model.layers if isinstance(one, layers.BatchNormalization)][$layer]
            draw = batches()
            for step in range($updates):  # lines 1 to 6
                batch = next(draw)
                model.train_on_batch(images[batch], labels[batch])
            moving = float(layer.moving_mean.numpy()[$unit]), float(layer.moving_variance.numpy()[$unit])
            print("moving mean and variance:", moving)
        """, layer=self.layer, unit=self.unit, updates=min(steps, TRAIN_STEPS) * TRAIN_UPDATES)
        if mini_batches:
            text += program("""

                # lines 7 to 10: the weights are frozen
                mini_batches = [images[next(draw)] for _ in range($count)]
                moments = [look(model, x)[2][$layer] for x in mini_batches]
                E = float(np.mean([float(mean[$unit]) for mean, variance in moments]))
                Var = float($m / ($m - 1) * np.mean([float(variance[$unit]) for mean, variance in moments]))
                print("of the population:       ", (E, Var))
            """, count=mini_batches, layer=self.layer, unit=self.unit, m=self.m)
        if steps >= REPLACE:
            text += program("""

                # line 11: y = a x + b; the library does the same for all units
                gamma, beta = float(layer.gamma.numpy()[$unit]), float(layer.beta.numpy()[$unit])
                a = float(gamma / np.sqrt(Var + layer.epsilon))
                b = float(beta - a * E)
                print("y =", a, "x +", b)
                batchnorm.estimate_population(model, np.concatenate(mini_batches), batch_size=$m)
                replaced = float(layer.moving_mean.numpy()[$unit]), float(layer.moving_variance.numpy()[$unit])
                print("tinynet's estimate:      ", replaced)
            """, unit=self.unit, m=self.m)
        return text

    def proof(self) -> dict[str, Any]:
        proof: dict[str, Any] = {"moving": self.keras or self._moving()}
        if self.moments:
            proof["E"], proof["Var"] = self.estimates()
        if self.finished:
            proof["a"], proof["b"] = self.linear()
            proof["replaced"] = self._moving()
        return proof
