"""Dropout: masks on the picture of a network, plain and inverted side by side, and the average over masks."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...layers import Dense, Dropout
from ..code import Call, make, program
from ..panel import Panel
from ..parameters import Choice, Number, Rows
from ..words import Words

INPUTS, OUTPUTS = 3, 2
KEPT = 600  # draws whose averages are drawn
MOST_DRAWS = 20_000


class DropoutPanel(Panel):
    """Each step is one forward pass with new masks."""

    key = "dropout"
    order = 6
    rows = "45-49"
    speed = 5
    title = Words("Dropout", "드롭아웃(dropout)")
    about = Words(
        "In each forward pass of training some units are set to zero at random: each mask is a model of its own, and all "
        "share their weights. Draw masks, and see how the average over them compares with the one pass at test time.",
        "학습할 때는 순전파(forward pass)마다 뉴런 일부를 무작위로 0으로 만듭니다. 마스크(mask) 하나하나가 가중치를 공유하는 서로 다른 모델입니다. "
        "마스크를 계속 뽑으면서, 그 평균이 테스트 때의 한 번 계산과 얼마나 가까운지 보세요.")
    parameters = (
        Number(name="drop", label=Words("Drop probability", "버릴 확률"), default=0.5, low=0, high=0.95, step=0.05,
               help=Words("The slides' p in the code is the probability to keep: 1 minus this",
                          "슬라이드 코드의 p는 남길 확률, 즉 1에서 이 값을 뺀 것입니다")),
        Rows(name="hidden", label=Words("Units of the hidden layers", "은닉층의 뉴런 수"), default=((5, 4),), rows=(1, 1),
             columns=(1, 3), low=1, high=8, whole=True, look="list"),
        Choice(name="activation", label=Words("Activation", "활성화 함수"), default="relu", options=(
            ("relu", Words("ReLU", "ReLU")), ("linear", Words("linear", "선형")), ("tanh", Words("tanh", "tanh"))),
            help=Words("With linear units the average over masks is exactly the scaled pass",
                       "선형이면 마스크에 대한 평균이 스케일한 한 번의 계산과 정확히 같습니다")),
        Choice(name="pass_", label=Words("Show", "보기"), default="training", view=True, options=(
            ("training", Words("training: a mask", "학습: 마스크 적용")), ("test", Words("test: all units", "테스트: 모든 뉴런")))),
    )
    formulas = (
        (Words("Plain, training and test", "기본 방식: 학습과 테스트"), r"H = \max(0, Wx + b) \odot U,\qquad H_{test} = \max(0, Wx + b)\,p"),
        (Words("Inverted, training and test", "역 드롭아웃: 학습과 테스트"), r"H = \max(0, Wx + b) \odot \tfrac{U}{p},\qquad H_{test} = \max(0, Wx + b)"),
        (Words("What test time approximates", "테스트가 근사하는 값"), r"y = E_z[f(x, z)] = \int p(z)\, f(x, z)\, dz"),
    )
    words = {
        "plain": Words("Plain: scaled at test time by p", "기본: 테스트 때 p를 곱함"),
        "inverted": Words("Inverted: scaled in training by 1/p", "역 드롭아웃(inverted): 학습 때 1/p를 곱함"),
        "masks": Words("possible masks, 2ⁿ", "가능한 마스크 수 2ⁿ"), "seen": Words("different masks drawn", "뽑은 서로 다른 마스크"),
        "average_plain": Words("average output, plain", "출력 평균 (기본)"), "test_plain": Words("test output, plain", "테스트 출력 (기본)"),
        "average_inverted": Words("average output, inverted", "출력 평균 (역)"),
        "test_inverted": Words("test output, inverted", "테스트 출력 (역)"),
        "averages": Words("Average of the first output over the masks so far, and the one pass at test time",
                          "지금까지 뽑은 마스크에 대한 첫째 출력의 평균과, 테스트 때 한 번 계산한 값"),
        "draws": Words("masks drawn", "뽑은 마스크"), "output": Words("first output", "첫째 출력"), "input": Words("input", "입력"),
        "hidden": Words("hidden", "은닉층"), "out": Words("output", "출력"), "dropped": Words("dropped", "버려짐"),
        "dropped_now": Words("dropped in this pass", "이번에 버려진 뉴런"),
    }

    def start(self) -> None:
        self.keep = 1 - self.settings["drop"]
        self.x = np.random.default_rng(self.seed).standard_normal((1, INPUTS)).astype(np.float32)
        self.dense: list[Dense] = [make(call) for call in self._dense_calls()]
        self.drops: list[Dropout] = [make(call) for call in self._drop_calls()]
        self.hidden = self.settings["hidden"][0]
        ones = [np.ones((1, units), np.float32) for units in self.hidden]
        self.units: dict[str, list[np.ndarray]] = {
            "plain": self._forward(ones, 1.0), "inverted": self._forward(ones, 1.0)}
        # At test time: all units; the plain form multiplies each hidden layer by p.
        self.test = {"plain": self._forward(ones, self.keep), "inverted": self._forward(ones, 1.0)}
        self.masks = ones
        self.sums = {name: np.zeros((1, OUTPUTS)) for name in self.units}
        self.averages: dict[str, list[float]] = {name: [] for name in self.units}
        self.seen: set[bytes] = set()
        self.count = 0

    def _dense_calls(self) -> list[Call]:
        sizes = [*self.settings["hidden"][0], OUTPUTS]
        activations = [self.settings["activation"]] * (len(sizes) - 1) + [None]
        return [Call("layers.Dense", units, activation=activation,
                     kernel_initializer=Call("initializers.RandomNormal", stddev=0.8, seed=self.seed + i),
                     bias_initializer=Call("initializers.Constant", 0.3))
                for i, (units, activation) in enumerate(zip(sizes, activations, strict=True))]

    def _drop_calls(self) -> list[Call]:
        return [Call("layers.Dropout", self.settings["drop"], seed=self.seed + i)
                for i in range(len(self.settings["hidden"][0]))]

    def _forward(self, masks: list[np.ndarray], scale: float) -> list[np.ndarray]:
        """The units of all layers, each hidden layer times its mask times a number."""
        h, found = self.x, []
        for layer, mask in zip(self.dense, [*masks, None], strict=True):
            h = layer(h).numpy()
            if mask is not None:
                h = h * mask * np.float32(scale)
            found.append(h)
        return found

    def step(self) -> None:
        # A Dropout layer on ones gives its mask, already divided by p.
        masks = [drop(np.ones((1, units), np.float32), training=True).numpy()
                 for drop, units in zip(self.drops, self.hidden, strict=True)]
        self.units = {"plain": self._forward(masks, self.keep), "inverted": self._forward(masks, 1.0)}
        self.masks = masks
        self.count += 1
        self.seen.add(np.concatenate([mask[0] > 0 for mask in masks]).tobytes())
        for name, units in self.units.items():
            self.sums[name] = self.sums[name] + units[-1]
            self.averages[name] = [*self.averages[name][-KEPT + 1:], float(self.sums[name][0, 0] / self.count)]
        self.finished = self.count == MOST_DRAWS

    def state(self) -> dict[str, Any]:
        shown = self.units if self.settings["pass_"] == "training" else self.test
        kept = [mask[0] > 0 for mask in self.masks] if self.settings["pass_"] == "training" else [
            np.ones(units, bool) for units in self.hidden]
        numbers: dict[str, Any] = {"masks": 2 ** sum(self.hidden) if self.settings["drop"] else 1,
                                   "seen": len(self.seen), "dropped_now": int(sum((~one).sum() for one in kept))}
        for name in self.units:
            if self.count:
                numbers[f"average_{name}"] = self.averages[name][-1]
            numbers[f"test_{name}"] = float(self.test[name][-1][0, 0])
        return {
            "numbers": numbers, "x": self.x[0], "kept": [one.astype(np.uint8) for one in kept],
            "kernels": [layer.get_weights()[0] for layer in self.dense], "first": self.count - len(self.averages["plain"]) + 1,
            "units": {name: [one[0].astype(np.float32) for one in units] for name, units in shown.items()},
            "averages": {name: np.array(values) for name, values in self.averages.items()},
            "tests": {name: float(units[-1][0, 0]) for name, units in self.test.items()},
        }

    def code(self, steps: int) -> str:
        return program("""
            import numpy as np

            from tinynet import initializers, layers

            p = $keep  # the probability to keep a unit
            x = np.random.default_rng($seed).standard_normal((1, $inputs)).astype("float32")
            dense = $dense
            dropout = $dropout

            def forward(masks, scale):
                h = x
                for layer, mask in zip(dense[:-1], masks):
                    h = layer(h).numpy() * mask * np.float32(scale)
                return dense[-1](h).numpy()

            average_plain = average_inverted = np.zeros((1, $outputs))
            for _ in range($steps):  # training: a Dropout layer divides its mask by p
                masks = [drop(np.ones((1, units), "float32"), training=True).numpy()
                         for drop, units in zip(dropout, $hidden)]
                average_plain = average_plain + forward(masks, p)
                average_inverted = average_inverted + forward(masks, 1)

            ones = [np.ones((1, units), "float32") for units in $hidden]
            test_plain = forward(ones, p)
            test_inverted = forward(ones, 1)
            print("plain   ", average_plain / max($steps, 1), "at test time", test_plain)
            print("inverted", average_inverted / max($steps, 1), "at test time", test_inverted)
        """, keep=self.keep, seed=self.seed, inputs=INPUTS, outputs=OUTPUTS, dense=self._dense_calls(), dropout=self._drop_calls(),
            steps=steps, hidden=self.hidden)

    def proof(self) -> dict[str, Any]:
        proof = {f"test_{name}": units[-1] for name, units in self.test.items()}
        return proof | {f"average_{name}": total for name, total in self.sums.items()}
