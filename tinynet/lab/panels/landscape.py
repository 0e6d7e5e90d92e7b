"""The loss surface of a real network: a slice through its weights, before and after training."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import textbook
from ...textbook.landscape import loss_slice_rows
from ..code import Call, make, program
from ..panel import Panel
from ..parameters import Choice, Number
from ..words import Words

POINTS = 41  # a side; each step computes a row

DATA = {
    "circle": Words("circle", "원"), "moons": Words("moons", "두 반달"), "spiral": Words("spiral", "나선"),
    "checkerboard": Words("checkerboard", "체커판"), "gaussians": Words("two Gaussians", "두 가우시안"),
}
INITIALIZATIONS = {"zero": Words("zero", "0"), "too small": Words("too small", "너무 작게"),
                   "appropriate": Words("appropriate", "적절하게"), "too large": Words("too large", "너무 크게")}


class Landscape(Panel):
    """Each step computes one row of the slice."""

    key = "landscape"
    order = 1.4
    rows = "3"
    speed = 0
    title = Words("Is the loss really a neat bowl?", "손실 함수는 정말 매끈한 그릇일까?")
    about = Words(
        "The loss of the small network of the first demo, along two random directions through its weights. Press play: "
        "row after row is computed. Compare it before and after training, and with other initializations.",
        "첫 번째 데모의 작은 신경망에서, 가중치를 지나는 두 개의 무작위 방향을 따라 손실(loss)을 그립니다. 재생을 누르면 한 줄씩 계산합니다. "
        "학습 전과 후, 그리고 초기화 방법에 따라 모양이 어떻게 다른지 비교해 보세요.")
    parameters = (
        Choice(name="data", label=Words("Data", "데이터"), default="moons", options=tuple(DATA.items())),
        Choice(name="weights", label=Words("Initialization", "초기화"), default="appropriate",
               options=tuple(INITIALIZATIONS.items())),
        Number(name="epochs", label=Words("Epochs trained before the slice", "단면을 그리기 전의 학습 에폭(epoch) 수"),
               default=0, low=0, high=500, step=10, whole=True),
        Number(name="extent", label=Words("How far, in sizes of the weights", "범위 (가중치 크기의 배수)"), default=1.0,
               low=0.1, high=5, step=0.1),
        Choice(name="picture", label=Words("Picture", "그림"), default="height", view=True, options=(
            ("height", Words("height", "높이")), ("contours", Words("contours", "등고선")))),
    )
    formulas = ((Words("The slice", "단면"), r"f(a, b) = L(W + a\,d_1 + b\,d_2)"),)
    words = {
        "centre": Words("loss at the weights", "현재 가중치의 손실"), "lowest": Words("lowest in the slice", "단면에서 가장 낮은 손실"),
        "highest": Words("highest in the slice", "단면에서 가장 높은 손실"), "rows": Words("rows computed", "계산한 줄"),
        "picture_of": Words("The loss along two directions through the weights", "가중치를 지나는 두 방향의 손실"),
        "loss": Words("loss", "손실"), "here": Words("the weights", "현재 가중치"),
        "press_play": Words("Press play to compute the slice", "재생을 누르면 단면을 계산합니다"),
    }

    def start(self) -> None:
        chosen = self.settings
        self.x, self.y = make(self._data())
        self.model = textbook.decision_boundary_network(chosen["weights"], seed=self.seed)
        self.model.fit(self.x, self.y, batch_size=100, epochs=chosen["epochs"], shuffle=False, verbose=0)
        results: Any = self.model.evaluate(self.x, self.y, verbose=0, return_dict=True)
        self.centre = float(results["loss"])
        self.losses = np.full((POINTS, POINTS), np.nan)
        self.count = 0
        self._rows = loss_slice_rows(self.model, self.x, self.y, extent=chosen["extent"], points=POINTS, seed=self.seed)

    def _data(self) -> Call:
        return Call(f"datasets.toy.{self.settings['data']}", 100, seed=self.seed)

    def step(self) -> None:
        self.losses[self.count] = next(self._rows)
        self.count += 1
        self.finished = self.count == POINTS

    def state(self) -> dict[str, Any]:
        known = self.losses[np.isfinite(self.losses)]
        numbers: dict[str, Any] = {"centre": self.centre, "rows": self.count}
        if known.size:
            numbers |= {"lowest": float(known.min()), "highest": float(known.max())}
        return {"numbers": numbers, "losses": self.losses.astype(np.float32), "extent": self.settings["extent"]}

    def code(self, steps: int) -> str:
        chosen = self.settings
        return program("""
            from tinynet import datasets, textbook

            x, y = $data
            model = textbook.decision_boundary_network($weights, seed=$seed)
            model.fit(x, y, batch_size=100, epochs=$epochs, shuffle=False, verbose=0)

            axis, losses = textbook.loss_slice(model, x, y, extent=$extent, points=$points, seed=$seed)
            losses = losses[:$rows]
        """, data=self._data(), weights=chosen["weights"], seed=self.seed, epochs=chosen["epochs"],
            extent=chosen["extent"], points=POINTS, rows=self.count)

    def proof(self) -> dict[str, Any]:
        return {"losses": self.losses[: self.count]}
