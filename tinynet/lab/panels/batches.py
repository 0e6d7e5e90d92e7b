"""Batch, stochastic and mini-batch descent on one data set and one surface."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...tape import GradientTape
from ...textbook import Descent, GradientDescent, HalfSquaredError
from ...variable import Variable
from ..code import Call, make, program
from ..panel import Panel
from ..parameters import Choice, Number
from ..words import LabError, Words

START = (-1.5, 2.0)  # that of `textbook.fit_line`
GRID = 61
BOUNDS = (-2.0, 3.0, -2.0, 3.0)
MOST_UPDATES = 4000


class Batches(Panel):
    """Each step is one update of all three, or one epoch."""

    key = "batches"
    order = 1.2
    rows = "4-8"
    speed = 10
    title = Words("Batch, mini-batch, stochastic", "배치·미니배치·확률적 경사 하강")
    about = Words(
        "A line w x + b is fitted to noisy points, three times: with all samples for each update, with some of them, and "
        "with one. Count what each update costs, and see how straight each path is.",
        "잡음이 섞인 점들에 직선 w x + b를 세 가지 방법으로 맞춥니다. 한 번 갱신할 때 전체 샘플을 쓰는 배치(batch), 일부를 쓰는 미니배치(mini-batch), "
        "하나만 쓰는 확률적(stochastic) 경사 하강법입니다. 갱신 한 번의 비용과 경로의 모양을 비교하세요.")
    parameters = (
        Number(name="samples", label=Words("Samples N", "샘플 수 N"), default=60, low=4, high=200, whole=True),
        Number(name="batch", label=Words("Mini-batch M", "미니배치 크기 M"), default=10, low=1, high=200, whole=True,
               help=Words("If M does not divide N the last batch is short, as in Keras",
                          "N이 M으로 나누어떨어지지 않으면 Keras처럼 마지막 배치가 작아집니다")),
        Number(name="rate", label=Words("Learning rate", "학습률"), default=0.1, low=0.001, high=2, log=True),
        Number(name="noise", label=Words("Noise of the targets", "목푯값의 잡음"), default=0.5, low=0, high=2, step=0.05),
        Choice(name="step", label=Words("One step is", "한 단계는"), default="update", options=(
            ("update", Words("one update of each", "각각 한 번 갱신")), ("epoch", Words("one epoch of each", "각각 한 에폭")))),
    )
    formulas = (
        (Words("Batch", "배치"), r"E(W) = \tfrac12\sum_{n=1}^{N}(t_n - y_n)^2"),
        (Words("Stochastic", "확률적"), r"E_n(W) = \tfrac12 (t - y_n)^2"),
        (Words("Mini-batch", "미니배치"), r"E_k(W) = \tfrac12\sum_{m=1}^{M}(t - y_m)^2,\quad M = N/K"),
    )
    words = {
        "batch": Words("batch", "배치"), "mini": Words("mini-batch", "미니배치"), "stochastic": Words("stochastic", "확률적"),
        "picture_of": Words("Paths of (w, b) over the loss of all samples", "전체 샘플의 손실 위에서 (w, b)가 움직인 경로"),
        "losses_of": Words("Loss over all samples", "전체 샘플의 손실"), "loss": Words("loss", "손실"),
        "steps": Words("steps", "단계"), "method": Words("method", "방법"), "updates": Words("updates", "갱신"),
        "samples_used": Words("samples computed", "계산한 샘플"), "epochs": Words("epochs", "에폭"),
        "per_update": Words("samples an update", "갱신당 샘플"), "costs": Words("What it cost", "계산량"),
        "loss_batch": Words("loss, batch", "손실 (배치)"), "loss_mini": Words("loss, mini-batch", "손실 (미니배치)"),
        "loss_stochastic": Words("loss, stochastic", "손실 (확률적)"), "start_here": Words("start", "출발"),
    }

    def start(self) -> None:
        chosen = self.settings
        if chosen["batch"] > chosen["samples"]:
            raise LabError(Words("a mini-batch cannot have more samples than there are",
                                 "미니배치는 전체 샘플보다 클 수 없습니다"))
        rng = np.random.default_rng(self.seed)
        self.x = rng.standard_normal(chosen["samples"])
        self.t = self.x + chosen["noise"] * rng.standard_normal(chosen["samples"])
        self.descents: dict[str, Descent] = {name: make(call) for name, call in self._calls().items()}
        self.paths = {name: [START] for name in self.descents}
        self._walks = {name: self._walk(descent) for name, descent in self.descents.items()}
        w, b = np.meshgrid(np.linspace(*BOUNDS[:2], GRID), np.linspace(*BOUNDS[2:], GRID))
        errors = w[..., None] * self.x + b[..., None] - self.t
        self.height = ((errors**2).mean(-1) / 2).astype(np.float32)
        self.samples = np.stack([self.x, self.t], 1).astype(np.float32)
        self.count = 0

    def _calls(self) -> dict[str, Call]:
        samples = self.settings["samples"]
        return {"batch": Call("textbook.Descent.batch", samples),
                "mini": Call("textbook.Descent.mini_batch", samples, batch_size=self.settings["batch"]),
                "stochastic": Call("textbook.Descent.stochastic", samples)}

    def _walk(self, descent: Descent) -> Iterator[tuple[float, float]]:
        """(w, b) after each update, for ever: the loop of `textbook.fit_line`."""
        optimizer = GradientDescent(self.settings["rate"])
        loss_of = HalfSquaredError(reduction="sum_over_batch_size")
        w, b = Variable(START[0], dtype="float64", name="w"), Variable(START[1], dtype="float64", name="b")
        data = descent.batches(self.x, self.t, self.seed)
        while True:
            for x, t in data:
                with GradientTape() as tape:
                    loss = loss_of(t, w * x + b)
                optimizer.apply(tape.gradient(loss, [w, b]), [w, b])
                yield float(w), float(b)
            data.on_epoch_end()

    def _updates(self, name: str) -> int:
        """How many updates a step is."""
        return self.descents[name].updates_an_epoch if self.settings["step"] == "epoch" else 1

    def step(self) -> None:
        self.count += 1
        with np.errstate(all="ignore"):
            for name, walk in self._walks.items():
                self.paths[name] += [next(walk) for _ in range(self._updates(name))]
        self.finished = len(self.paths["stochastic"]) > MOST_UPDATES

    def state(self) -> dict[str, Any]:
        walks, numbers = [], {}
        for name, descent in self.descents.items():
            path = np.array(self.paths[name])
            shown = path[:: self._updates(name)]  # one point a step
            with np.errstate(all="ignore"):
                losses = ((shown[:, :1] * self.x + shown[:, 1:] - self.t) ** 2).mean(1) / 2
            updates = len(path) - 1
            walks.append({"name": name, "path": path[-1500:].astype(np.float32), "losses": losses.astype(np.float32),
                          "updates": updates, "per_update": descent.losses_an_update,
                          "samples": updates * descent.losses_an_update,
                          "epochs": updates / descent.updates_an_epoch})
            numbers[f"loss_{name}"] = float(losses[-1])
        return {"numbers": numbers, "walks": walks, "height": self.height, "bounds": list(BOUNDS), "data": self.samples}

    def code(self, steps: int) -> str:
        if self.settings["step"] == "epoch":
            return program("""
                from tinynet import textbook

                descents = $descents

                paths = {}
                for name, descent in descents.items():
                    optimizer = textbook.GradientDescent($rate)
                    paths[name], losses = textbook.fit_line(
                        descent, optimizer, epochs=$epochs, noise=$noise, start=$start, seed=$seed)
                    print(f"{name:10} {len(losses) - 1} updates, loss {losses[-1]:.4f}")
            """, descents=self._calls(), rate=self.settings["rate"], epochs=steps, noise=self.settings["noise"],
                start=START, seed=self.seed)
        return program("""
            import math

            from tinynet import textbook

            descents = $descents
            updates = $updates

            paths = {}
            for name, descent in descents.items():
                optimizer = textbook.GradientDescent($rate)
                epochs = math.ceil(updates / descent.updates_an_epoch)
                path, losses = textbook.fit_line(
                    descent, optimizer, epochs=epochs, noise=$noise, start=$start, seed=$seed)
                paths[name] = path[: updates + 1]
                print(f"{name:10} loss {losses[updates]:.4f} after {updates * descent.batch_size} samples")
        """, descents=self._calls(), rate=self.settings["rate"], updates=steps, noise=self.settings["noise"],
            start=START, seed=self.seed)

    def proof(self) -> dict[str, Any]:
        return {"paths": {name: np.array(path) for name, path in self.paths.items()}}
