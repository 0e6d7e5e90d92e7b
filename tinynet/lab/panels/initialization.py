"""Initialization I: a small network learns to divide the plane, or not, as its first weights allow."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..code import program
from ..panel import Panel
from ..words import LabError, Words
from .initialization_data import REGRESSION, as_in_address, features_of, plane_data, tiles
from .initialization_network import SCALES, Network, layer_calls, optimizer_call
from .initialization_words import FORMULAS, PARAMETERS, WORDS

GRID = 81  # points of the plane along each axis
MOST_STEPS = 20_000
MOST_COSTS = 600  # costs that are kept; a longer curve has every second of them, every fourth, ...
MODULES = ("datasets", "initializers", "layers", "losses", "optimizers", "regularizers", "textbook")


class Costs:
    """The cost over all steps, in a bounded number of points."""

    def __init__(self) -> None:
        self.every = 1
        self.steps: list[int] = []
        self.values: list[list[float]] = []

    def add(self, step: int, values: list[float]) -> None:
        """Keep the costs after a step, if it is one of those that are kept."""
        if step % self.every:
            return
        self.steps.append(step)
        self.values.append(values)
        if len(self.steps) > MOST_COSTS:
            self.every *= 2
            self.steps, self.values = self.steps[::2], self.values[::2]

    def copy(self) -> Costs:
        """Return a copy that further steps leave alone."""
        twin = Costs()
        twin.every, twin.steps, twin.values = self.every, list(self.steps), list(self.values)
        return twin


class Initialization(Panel):
    """One network, or the same with all four initializations; each step is one update."""

    key = "initialization"
    order = 3
    rows = "27-31"
    speed = 100
    title = Words("Initialization I", "초기화 I (initialization)")
    about = Words(
        "A small network learns to tell two classes of points apart. Choose how its first weights are drawn, press play, "
        "and observe the cost function and the decision boundary. Then change everything else.",
        "작은 신경망이 두 클래스의 점을 구별하도록 학습합니다. 첫 가중치를 뽑는 방법을 고르고 재생을 누른 다음 비용 함수(cost "
        "function)와 결정 경계(decision boundary)를 관찰하세요. 그 밖의 모든 것도 바꿔 볼 수 있습니다.")
    parameters = PARAMETERS
    words = WORDS
    formulas = FORMULAS

    def start(self) -> None:
        chosen = self.settings
        self.regression = chosen["data"] in REGRESSION
        self.data = plane_data(chosen)
        train = self.data.train
        self.x, self.y = self.data.x[:train], self.data.y[:train]
        self.x_test, self.y_test = self.data.x[train:], self.data.y[train:]
        self.batch = train if chosen["batch"] == "all" else min(int(chosen["batch"]), train)
        self.batches = -(-train // self.batch) if train else 1
        self.network = self._network(chosen["init"])
        others = [init for init in SCALES if init != chosen["init"]] if chosen["compare"] else []
        self.others = {init: self._network(init) for init in others}
        self._check_edits()
        self.count = 0  # updates made
        self.costs = Costs()
        self._edit_and_note()
        self.finished = not train

    def _network(self, init: str) -> Network:
        return Network(layer_calls(self.settings, init, self.seed, self.regression), optimizer_call(self.settings),
                       self.regression)

    def _check_edits(self) -> None:
        self.edits: dict[int, list[tuple[int, int, int, float]]] = {}
        for row in as_in_address(self.settings["edits"]):
            if any(one != int(one) or one < 0 for one in row[:4]):
                raise LabError(Words(
                    "An edited weight is (step, layer, from, to, value), the first four whole numbers of 0 or more",
                    "고친 가중치는 (단계, 층, 출발, 도착, 값)이며 앞의 네 수는 0 이상의 정수여야 합니다"))
            step, layer, source, target = map(int, row[:4])
            self.edits.setdefault(step, []).append((layer, source, target, row[4]))
        # Those of another network, with more layers or units, wait until there is such a network again.
        self.fitting = {
            step: [edit for edit in edits if self._network_has(*edit[:3])] for step, edits in self.edits.items()}

    def _network_has(self, layer: int, source: int, target: int) -> bool:
        dense = self.network.dense
        if not 1 <= layer <= len(dense):
            return False
        inputs, outputs = dense[layer - 1].kernel.shape
        return source <= inputs and 1 <= target <= outputs

    def _edit_and_note(self) -> None:
        """What follows the last update: the reader's edits at this step, then the costs."""
        for edit in self.fitting.get(self.count, ()):
            self.network.edit(*edit)
        self.cost, self.accuracy = self.network.cost(self.x, self.y)
        self.test_cost, self.test_accuracy = self.network.cost(self.x_test, self.y_test)
        self.latest = [self.cost, self.test_cost, *(one.cost(self.x, self.y)[0] for one in self.others.values())]
        self.costs.add(self.count, self.latest)

    def step(self) -> None:
        epoch, batch = divmod(self.count, self.batches)
        rows: Any = slice(None)
        if self.batches > 1:
            order = np.random.default_rng([self.seed, epoch]).permutation(len(self.x))
            rows = order[self.batch * batch : self.batch * (batch + 1)]
        x, y = self.x[rows], self.y[rows]
        with np.errstate(all="ignore"):
            for network in (self.network, *self.others.values()):
                network.train(x, y)
            self.count += 1
            self._edit_and_note()
        self.finished = self.count == MOST_STEPS

    # What is shown ----------------------------------------------------------------------------------------------------

    def extent(self) -> float:
        """Half the side of the square that is shown."""
        if self.settings["plane"] == "wide":
            return 5.0
        largest = float(np.abs(self.data.points).max()) if len(self.data.points) else 0.0
        fit = np.ceil(2.2 * largest) / 2
        return float(max(fit, 3.0 if self.settings["data"] in ("own", "own_values") else 1.0))

    def focus(self) -> tuple[int, int]:
        """The layer (0: the inputs) and the number from 0 of the neuron that is shown large; else the output."""
        layer, unit = self.settings["focus"][0]
        sizes = self.sizes()
        return (layer, unit - 1) if layer < len(sizes) and 1 <= unit <= sizes[layer] else (len(sizes) - 1, 0)

    def sizes(self) -> list[int]:
        """Neurons of each layer, from the inputs to the output."""
        return [len(self.settings["features"]), *self.settings["layers"][0], 1]

    def state(self) -> dict[str, Any]:
        with np.errstate(all="ignore"):
            return self._state()

    def _state(self) -> dict[str, Any]:
        extent, (layer, unit) = self.extent(), self.focus()
        axis = np.linspace(-extent, extent, GRID)
        grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2).astype("float32")
        outputs, before = self.network.inside(features_of(grid, self.settings["features"]))
        gradients = self.network.gradients(self.x, self.y)
        weights = [array for one in self.network.dense for array in one.get_weights()]
        shown = weights if self.settings["edges"] == "weight" else gradients
        activation = self.settings["activation"]
        steps, values = [*self.costs.steps], [*self.costs.values]
        if steps[-1] != self.count:
            steps.append(self.count)
            values.append(self.latest)
        costs = np.array(values, np.float32)
        return {
            "numbers": self._numbers(gradients, outputs), "count": self.count, "sizes": self.sizes(),
            "kinds": ["input", *[activation] * len(self.settings["layers"][0]), "linear" if self.regression else "sigmoid"],
            "extent": extent, "focus": [layer, unit], "regression": self.regression, "train": self.data.train,
            "kernels": weights[::2], "biases": weights[1::2], "kernel_gradients": gradients[::2],
            "bias_gradients": gradients[1::2], "strengths": [strength(one) for one in shown[::2]],
            **maps(outputs, not self.regression), "plane": square(outputs[-1][:, 0]), "sums": square(before[-1][:, 0]),
            "neuron": square(outputs[layer][:, unit]) if layer < len(outputs) - 1 else None,
            "neuron_sums": square(before[layer][:, unit]) if layer < len(outputs) - 1 else None, "space": self._space(layer, outputs),
            "tiles": tiles(), "points": self.data.points, "targets": self.data.y[:, 0],
            "steps": np.array(steps, np.uint32), "cost": costs[:, 0], "test_cost": costs[:, 1] if len(self.x_test) else None,
            "others": [{"init": init, "cost": costs[:, 2 + i], "plane": self._small_plane(network, grid)}
                       for i, (init, network) in enumerate(self.others.items())],
        }

    def _numbers(self, gradients: list[np.ndarray], outputs: list[np.ndarray]) -> dict[str, Any]:
        numbers: dict[str, Any] = {}
        if len(self.x):
            numbers["cost"] = self.cost
            if not self.regression:
                numbers["accuracy"] = self.accuracy
        if len(self.x_test):
            numbers["test_cost"] = self.test_cost
            if not self.regression:
                numbers["test_accuracy"] = self.test_accuracy
        if self.settings["l1"] or self.settings["l2"]:
            numbers["penalty"] = self.network.penalty()
        numbers["epoch"] = self.count // self.batches
        numbers["first_gradient"] = float(np.abs(gradients[0]).mean())
        hidden = outputs[1:-1]
        different = sum(len({column.tobytes() for column in one[::17].T}) for one in hidden)
        numbers["different"] = f"{different} / {sum(one.shape[1] for one in hidden)}"
        edits = sum(map(len, self.edits.values()))
        if edits:
            numbers["edited"] = f"{sum(map(len, self.fitting.values()))} / {edits}"
        return numbers

    def _space(self, layer: int, outputs: list[np.ndarray]) -> dict[str, Any] | None:
        """The plane and the points in the space of a layer's outputs, or along its main directions."""
        if self.settings["lens"] != "space":
            return None
        layer = min(layer, len(outputs) - 2)  # of the output there is only one: the layer before it
        lattice = outputs[layer].reshape(GRID, GRID, -1)[::4, ::4]
        points = self.network.inside(self.data.x)[0][layer] if len(self.data.x) else np.zeros((0, lattice.shape[-1]), "f4")
        kernel, bias = self.network.dense[-1].get_weights()
        normal, offset = (kernel[:, 0], float(bias[0])) if layer == len(outputs) - 2 else (None, 0.0)
        main = lattice.shape[-1] > 3 and np.isfinite(lattice).all()
        if main:
            flat = lattice.reshape(-1, lattice.shape[-1]).astype(np.float64)
            mean = flat.mean(axis=0)
            directions = np.linalg.svd(flat - mean, full_matrices=False)[2][:3]
            largest = directions[np.arange(3), np.abs(directions).argmax(axis=1)]
            directions = directions * np.sign(largest)[:, None]  # a direction's sign is free: its largest part is positive
            lattice, points = (lattice - mean) @ directions.T, (points - mean) @ directions.T
            normal = None  # the border is no plane of these three directions
        return {"layer": layer, "main": bool(main), "lattice": lattice[..., :3].astype(np.float32),
                "points": points[:, :3].astype(np.float32), "normal": normal, "offset": offset}

    def _small_plane(self, network: Network, grid: np.ndarray) -> np.ndarray:
        small = grid.reshape(GRID, GRID, 2)[::2, ::2].reshape(-1, 2)
        outputs = network.inside(features_of(small, self.settings["features"]))[0][-1]
        side = round(len(outputs) ** 0.5)
        return outputs.reshape(side, side)

    # The code -----------------------------------------------------------------------------------------------------------

    def code(self, steps: int) -> str:
        data, regression = self.data, self.regression
        calls = layer_calls(self.settings, self.settings["init"], self.seed, regression)
        loss = "MeanSquaredError" if regression else "BinaryCrossentropy"
        parts = [data.code, "\nmodel = Sequential($layers)\n",
                 f"model.compile(optimizer=$optimizer, loss=\"{'mean_squared_error' if regression else 'binary_crossentropy'}\")\n",
                 self._training(steps),
                 "weights = model.get_weights()\n"]
        if data.train:
            parts.append(f"cost = float(losses.{loss}()(y, model(x)))\nprint(f\"cost {{cost:.4f}}\")\n")
        if len(self.x_test):
            parts.append(f"test_cost = float(losses.{loss}()(y_test, model(x_test)))\n"
                         "print(f\"test cost {test_cost:.4f}\")\n")
        body = program("".join(parts), **data.values, layers=calls, optimizer=optimizer_call(self.settings),
                       steps=steps, seed=self.seed, size=self.batch, batches=self.batches,
                       edits={step: edits for step, edits in self.fitting.items() if edits and step <= steps})
        used = [name for name in MODULES if re.search(rf"\b{name}\.", body)]
        imports = f"from tinynet import {', '.join(['Sequential', *used])}\n\n"
        return ("import numpy as np\n\n" if "np." in body else "") + imports + body

    def _training(self, steps: int) -> str:
        """The lines that train, as short as the settings allow."""
        edited = any(edits for step, edits in self.fitting.items() if step <= steps)
        if not edited and self.batches == 1:
            if not self.data.train:
                return "\n"
            return "\nmodel.fit(x, y, batch_size=$size, epochs=$steps, shuffle=False, verbose=0)\n\n"
        if self.batches == 1:
            update = "    model.train_on_batch(x, y)\n"
        else:
            update = ("    epoch, batch = divmod(step, $batches)\n"
                      "    order = np.random.default_rng([$seed, epoch]).permutation($train)\n"
                      "    rows = order[$size * batch : $size * (batch + 1)]\n"
                      "    model.train_on_batch(x[rows], y[rows])\n")
        if not edited:
            return f"\nfor step in range($steps):\n{update}\n"
        return (
            "\nedits = $edits  # {step: [(layer, from, to, value)]}, from 0: the bias\n"
            "dense = [layer for layer in model.layers if isinstance(layer, layers.Dense)]\n\n\n"
            "def edit(step):\n"
            "    for layer, source, target, value in edits.get(step, []):\n"
            "        kernel, bias = dense[layer - 1].get_weights()\n"
            "        if source:\n"
            "            kernel[source - 1, target - 1] = value\n"
            "        else:\n"
            "            bias[target - 1] = value\n"
            "        dense[layer - 1].set_weights([kernel, bias])\n\n\n"
            f"for step in range($steps):\n    edit(step)\n{update}edit($steps)\n\n")

    def proof(self) -> dict[str, Any]:
        proof: dict[str, Any] = {"weights": self.network.model.get_weights()}
        if self.data.train:
            proof["cost"] = self.cost
        if len(self.x_test):
            proof["test_cost"] = self.test_cost
        return proof

    def snapshot(self) -> Any:
        return (self.count, self.costs.copy(), self.latest, (self.cost, self.accuracy, self.test_cost, self.test_accuracy),
                [one.snapshot() for one in (self.network, *self.others.values())])

    def restore(self, snapshot: Any) -> None:
        self.count, costs, self.latest, numbers, networks = snapshot
        self.costs = costs.copy()
        self.cost, self.accuracy, self.test_cost, self.test_accuracy = numbers
        for network, saved in zip((self.network, *self.others.values()), networks, strict=True):
            network.restore(saved)


def strength(values: np.ndarray) -> np.ndarray:
    """Return what an edge is drawn by: values in units of twice their mean size, as `textbook.edge_strengths` does."""
    return values / (2 * np.abs(values).mean() or 1.0)


def square(values: np.ndarray) -> np.ndarray:
    """Return values over the grid with a row for each y, from the bottom up."""
    return np.ascontiguousarray(values.reshape(GRID, GRID), np.float32)


def maps(outputs: list[np.ndarray], classes: bool) -> dict[str, Any]:
    """Return each neuron's output over the plane as a small picture.

    A byte of 128 is 0; 1 and 255 are the largest size in the layer, so that a layer's neurons can be compared.

    Args:
        outputs: Of each layer, over the grid.
        classes: Whether the last output is a probability: 128 is then 0.5, 1 and 255 are 0 and 1.
    """
    nodes = sum(one.shape[1] for one in outputs)
    every = 2 if nodes <= 24 else 4
    pictures, scales = [], []
    for one in outputs:
        small = one.reshape(GRID, GRID, -1)[::-every, ::every]
        finite = np.nan_to_num(small, nan=0.0, posinf=0.0, neginf=0.0)
        scale = float(np.abs(finite).max())
        if classes and one is outputs[-1]:
            finite, scale = 2 * finite - 1, 1.0
        pictures.append(np.moveaxis(128 + 127 * finite / (scale or 1.0), -1, 0).astype(np.uint8))
        scales.append(scale)
    return {"maps": np.concatenate(pictures), "scales": scales}
