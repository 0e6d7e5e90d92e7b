"""What happens in a training step: one network, its numbers, and the chain rule one term at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...models import Sequential
from ...tape import GradientTape
from ..code import Call, make, program
from ..panel import Panel
from ..parameters import Choice, Number, Rows
from ..words import LabError, Words
from .scenes_terms import BACKWARD, FORWARD, WEIGHTS, make_terms
from .scenes_words import WORDS

DATA = {  # x1, x2 and the target
    "xor": ((1.0, 1.0, 0.0), (0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (0.0, 0.0, 0.0)),
    "and": ((1.0, 1.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
    "difference": ((1.0, 0.5, 0.5), (0.5, 1.0, -0.5), (-1.0, 0.5, -1.5), (0.5, -0.5, 1.0)),
}
LOSSES = {
    "half": Call("textbook.HalfSquaredError"), "mse": Call("losses.MeanSquaredError"),
    "bce": Call("losses.BinaryCrossentropy"),
}
STAGES = len(FORWARD) + len(BACKWARD) + 2  # data, the terms, the update
MOST_UPDATES = 5000
H = 1e-5  # of the numerical gradient
SIDE = 25  # points of the picture of the plane along each axis


class Scenes(Panel):
    """A step is one stage of the walk, or one update."""

    key = "scenes"
    order = 0
    rows = "1-2"
    speed = 2
    title = Words("Behind the scenes", "머신 러닝의 뒷모습(behind the scenes)")
    about = Words(
        "Data, model, loss, gradient, update: what happens in one training step of a small network, with all its "
        "numbers. Go through the chain rule one term at a time, then let it train.",
        "데이터, 모델, 손실(loss), 기울기(gradient), 가중치 갱신(update). 작은 신경망이 한 번 학습하는 동안 일어나는 일을 모든 숫자와 함께 "
        "보여 줍니다. 연쇄 법칙(chain rule)을 한 항씩 따라간 다음, 실제 속도로 학습시켜 보세요.")
    parameters = (
        Choice(name="pace", label=Words("A step is", "한 단계"), default="term", options=(
            ("term", Words("one term", "한 항씩")), ("update", Words("one update", "갱신 한 번씩"))),
            help=Words("With updates, raise the speed below the picture: the same at the speed of training",
                       "갱신 한 번씩일 때는 그림 아래의 속도를 높이세요. 같은 일을 학습 속도로 볼 수 있습니다")),
        Choice(name="data", label=Words("Data", "데이터"), default="xor", options=(
            ("xor", Words("XOR", "XOR")), ("and", Words("AND", "AND")),
            ("difference", Words("x₁ − x₂", "x₁ − x₂")), ("own", Words("your own", "직접 입력")))),
        Rows(name="samples", label=Words("x₁, x₂, target t", "x₁, x₂, 정답 t"), default=((0.5, -1.0, 1.0), (1.0, 0.5, 0.0)),
             columns=(3, 3), rows=(1, 6), low=-5, high=5, when={"data": ("own",)}),
        Number(name="batch", label=Words("Samples in a batch", "배치 크기(batch size)"), default=1, low=1, high=4, whole=True),
        Choice(name="activation", label=Words("Hidden activation", "은닉층의 활성화 함수"), default="sigmoid", options=(
            ("sigmoid", Words("sigmoid", "시그모이드(sigmoid)")), ("tanh", Words("tanh", "tanh")),
            ("relu", Words("ReLU", "ReLU")), ("linear", Words("linear", "선형")))),
        Choice(name="loss", label=Words("Loss", "손실 함수"), default="half", options=(
            ("half", Words("½ (t − ŷ)², the slides'", "½ (t − ŷ)², 슬라이드")),
            ("mse", Words("mean squared error", "평균 제곱 오차(MSE)")),
            ("bce", Words("binary cross-entropy", "이진 교차 엔트로피(binary cross-entropy)")))),
        Choice(name="output", label=Words("Output activation", "출력층의 활성화 함수"), default="sigmoid", options=(
            ("sigmoid", Words("sigmoid", "시그모이드(sigmoid)")), ("linear", Words("linear", "선형"))),
            when={"loss": ("half", "mse")}),
        Number(name="rate", label=Words("Learning rate", "학습률"), default=2.0, low=0.001, high=10, log=True),
        Number(name="sample", label=Words("Sample shown in the network", "신경망에 표시할 샘플"), default=1, low=1, high=4, whole=True,
               view=True, help=Words("Of a batch; the formulas show all of them", "배치 가운데 하나. 수식에는 모두 나옵니다")),
    )
    formulas = (
        (Words("Weight update", "가중치 갱신(weight update)"), r"w^{(t+1)} = w^{(t)} - lr\,\nabla E(W)"),
        (Words("Chain rule", "연쇄 법칙(chain rule)"),
         r"\frac{\partial L}{\partial w} = \frac{\partial L}{\partial \hat y}\cdot\frac{\partial \hat y}{\partial z}"
         r"\cdot\frac{\partial z}{\partial a}\cdots\frac{\partial z_j}{\partial w}"),
        (Words("Numerical check", "수치 미분(numerical gradient)으로 확인"),
         r"\frac{\partial L}{\partial w} \approx \frac{L(w+h) - L(w-h)}{2h},\quad h = 10^{-5}"),
    )
    words = WORDS

    def start(self) -> None:
        chosen = self.settings
        self.samples = np.array(chosen["samples"] if chosen["data"] == "own" else DATA[chosen["data"]])
        targets = self.samples[:, 2]
        if chosen["loss"] == "bce" and ((targets < 0) | (targets > 1)).any():
            raise LabError(Words("Binary cross-entropy needs targets from 0 to 1; choose another loss or other data",
                                 "이진 교차 엔트로피의 정답은 0과 1 사이여야 합니다. 다른 손실 함수나 데이터를 고르세요"))
        self.batches = [self.samples[i : i + chosen["batch"]] for i in range(0, len(self.samples), chosen["batch"])]
        self.first = self._first_weights()
        self.model, self.twin = (Sequential([make(call) for call in self._layer_calls()]) for _ in range(2))
        self.model.set_weights([np.array(one) for one in self.first])
        self.loss_of = make(LOSSES[chosen["loss"]])
        self.optimizer = make(self._optimizer_call())
        self.updates = self.seen = self.position = self.batch = 0
        self.losses: list[float] = []
        self._begin()

    def _output(self) -> str:
        return "sigmoid" if self.settings["loss"] == "bce" else self.settings["output"]

    def _first_weights(self) -> list[list]:
        """Of one decimal, so that students can check the sums; never 0."""
        rng = np.random.default_rng(self.seed + 7)  # so that seed 0 learns XOR; many others stop at a worse minimum
        numbers = rng.choice([-1, 1], 9) * rng.integers(2, 11, 9) / 10
        return [numbers[:4].reshape(2, 2).tolist(), numbers[4:6].tolist(), numbers[6:8].reshape(2, 1).tolist(),
                numbers[8:].tolist()]

    def _layer_calls(self) -> list[Call]:
        return [Call("layers.Input", (2,), dtype="float64"),
                Call("layers.Dense", 2, activation=self.settings["activation"], dtype="float64"),
                Call("layers.Dense", 1, activation=self._output(), dtype="float64")]

    def _optimizer_call(self) -> Call:
        return Call("textbook.GradientDescent", self.settings["rate"])

    def _begin(self) -> None:
        """Take the next batch: the loss, its gradients by the tape, and the walk's terms at the present weights."""
        rows = self.batches[self.batch % len(self.batches)]
        self.x, self.t = rows[:, :2], rows[:, 2:]
        self.before = self.model.get_weights()
        with np.errstate(all="ignore"):
            with GradientTape() as tape:
                loss = self.loss_of(self.t, self.model(self.x))
            gradients = tape.gradient(loss, self.model.trainable_variables)
        self.losses.append(float(loss))
        self.gradients = gradients
        self.batch += 1
        self._numerical: list[float] | None = None

    def _update(self) -> None:
        with np.errstate(all="ignore"):
            self.optimizer.apply_gradients(zip(self.gradients, self.model.trainable_variables, strict=True))
        self.updates += 1
        self.seen += len(self.x)

    def step(self) -> None:
        if self.settings["pace"] == "update":
            if self.updates:
                self._begin()
            self._update()
            self.position = STAGES - 1
        elif self.position == STAGES - 1:
            self._begin()
            self.position = 0
        else:
            self.position += 1
            if self.position == STAGES - 1:
                self._update()
        self.finished = self.updates == MOST_UPDATES

    def numerical(self) -> list[float]:
        """(L(w + h) - L(w - h)) / 2h for each weight, at the weights before the update."""
        if self._numerical is None:
            with np.errstate(all="ignore"):
                self._numerical = [(self._loss_at(k, i, H) - self._loss_at(k, i, -H)) / (2 * H)
                                   for k, w in enumerate(self.before) for i in np.ndindex(w.shape)]
        return self._numerical

    def _loss_at(self, k: int, i: tuple[int, ...], change: float) -> float:
        moved = [one.copy() for one in self.before]
        moved[k][i] += change
        self.twin.set_weights(moved)
        return float(self.loss_of(self.t, self.twin(self.x)))

    def state(self) -> dict[str, Any]:
        chosen, position = self.settings, self.position
        terms = make_terms(self.x, self.t, self.before, chosen["activation"], self._output(), chosen["loss"])
        known = {"x1": self.x[:, 0], "x2": self.x[:, 1], "t": self.t[:, 0]}
        known |= {term.name: term.values for term in terms[: min(position, len(terms))]}
        after = [one.numpy() for one in self.model.trainable_variables]
        current, stage = None, "data"
        if 0 < position < STAGES - 1:
            term = terms[position - 1]
            current = {"name": term.name, "uses": term.uses, "tex": term.tex, "filled": term.filled, "values": term.values}
            stage = "loss" if term.name == "L" else "gradient" if term.name in BACKWARD else "model"
        elif position:
            stage = "update"
        with np.errstate(all="ignore"):
            numbers: dict[str, Any] = {"updates": self.updates, "seen": self.seen, "loss": self.losses[-1],
                "all_loss": float(self.loss_of(self.samples[:, 2:], self.model(self.samples[:, :2])))}
            by_terms = [float(term.values[0]) for name in WEIGHTS for term in terms if term.name == f"d{name}"]
            numerical = self.numerical()
            errors = [relative_error(a, b) for a, b in zip(by_terms, numerical, strict=True)]
            numbers["check"] = float(np.max(errors))
            numbers["tape"] = float(np.max(np.abs(np.array(by_terms) - flat([one.numpy() for one in self.gradients]))))
            predictions = self.model(self.samples[:, :2]).numpy()[:, 0]
        low, high = self.samples[:, :2].min(axis=0) - 0.5, self.samples[:, :2].max(axis=0) + 0.5
        return {
            "numbers": numbers, "position": position, "stage": stage, "term": current, "known": known, "names": list(WEIGHTS),
            "before": flat(self.before), "after": flat(after), "updated": stage == "update", "gradient": np.array(by_terms),
            "numerical": np.array(numerical), "errors": np.array(errors), "rate": chosen["rate"],
            "losses": np.array(self.losses if position >= len(FORWARD) else self.losses[:-1]), "samples": self.samples, "epoch": len(self.batches),
            "predictions": predictions, "batch_start": (self.batch - 1) % len(self.batches) * chosen["batch"],
            "plane": self._plane(low, high), "bounds": [low[0], high[0], low[1], high[1]],
            "activation": chosen["activation"], "output": self._output(),
        }

    def _plane(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """The model's output over the plane of the inputs, the first row at the bottom."""
        x, y = np.meshgrid(np.linspace(low[0], high[0], SIDE), np.linspace(low[1], high[1], SIDE))
        with np.errstate(all="ignore"):
            return self.model(np.stack([x.ravel(), y.ravel()], axis=1)).numpy().reshape(SIDE, SIDE).astype(np.float32)

    def snapshot(self) -> Any:
        return (self.updates, self.seen, self.position, self.batch, list(self.losses), self.x, self.t, self.before,
                self.gradients, self.model.get_weights())

    def restore(self, snapshot: Any) -> None:
        (self.updates, self.seen, self.position, self.batch, losses, self.x, self.t, self.before, self.gradients,
         weights) = snapshot
        self.losses = list(losses)
        self.model.set_weights(weights)
        self._numerical = None

    def code(self, steps: int) -> str:
        if self.settings["pace"] == "update":
            batches, updates = max(steps, 1), steps
        else:
            batches, updates = steps // STAGES + 1, (steps + 1) // STAGES
        return program("""
            import numpy as np
            import tinynet as tn
            from tinynet import layers, losses, textbook

            samples = np.array($samples)  # x1, x2, target
            batches = [samples[i : i + $size] for i in range(0, len(samples), $size)]
            model = tn.Sequential($layers)
            model.set_weights([np.array(one) for one in $weights])
            loss_of = $loss
            optimizer = $optimizer

            history = []
            for k in range($batches):
                rows = batches[k % len(batches)]  # data
                x, t = rows[:, :2], rows[:, 2:]
                before = model.get_weights()
                with tn.GradientTape() as tape:
                    y = model(x)  # model
                    loss = loss_of(t, y)  # loss
                gradients = tape.gradient(loss, model.trainable_variables)  # gradient
                history.append(float(loss))
                if k < $updates:
                    optimizer.apply_gradients(zip(gradients, model.trainable_variables))  # update
            after = model.get_weights()
            gradient = [one.numpy() for one in gradients]

            def loss_at(k, i, change):  # the loss with one weight moved
                moved = [one.copy() for one in before]
                moved[k][i] += change
                model.set_weights(moved)
                return float(loss_of(t, model(x)))

            h = $h
            numerical = [(loss_at(k, i, h) - loss_at(k, i, -h)) / (2 * h)
                         for k, w in enumerate(before) for i in np.ndindex(w.shape)]
            model.set_weights(after)
            print("loss", history[-1])
            print("gradient ", np.concatenate([one.ravel() for one in gradient]))
            print("numerical", np.array(numerical))
        """, samples=self.samples.tolist(), size=self.settings["batch"], layers=self._layer_calls(), weights=self.first,
            loss=LOSSES[self.settings["loss"]], optimizer=self._optimizer_call(), batches=batches, updates=updates, h=H)

    def proof(self) -> dict[str, Any]:
        return {"history": self.losses, "before": self.before, "after": self.model.get_weights(),
                "gradient": [one.numpy() for one in self.gradients], "numerical": self.numerical()}


def flat(weights: list[np.ndarray]) -> np.ndarray:
    """All weights in one row, in the order of WEIGHTS."""
    return np.concatenate([one.ravel() for one in weights]).astype(np.float64)


def relative_error(a: float, b: float) -> float:
    """|a - b| / max(|a|, |b|); 0 where both are 0.

    >>> relative_error(2.0, 1.0), relative_error(0.0, 0.0)
    (0.5, 0.0)
    """
    size = max(abs(a), abs(b))
    return abs(a - b) / size if size else 0.0
