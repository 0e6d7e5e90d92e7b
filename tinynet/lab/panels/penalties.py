"""L1 and L2: where the contours of the loss meet the ball of the penalty."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...textbook import smallest_loss_in_ball
from ..code import program
from ..panel import Panel
from ..parameters import Choice, Number, Place
from ..words import Words

STEPS = 60


class Penalties(Panel):
    """Each step makes the ball smaller, as a growing lambda does."""

    key = "penalties"
    order = 5.4
    rows = "40-44"
    speed = 10
    title = Words("L1 and L2", "L1과 L2 규제(regularization)")
    about = Words(
        "To minimize loss + λR(w) is to minimize the loss within a ball. Press play: λ grows, the ball shrinks, and the "
        "solution moves. With L1 it ends in a corner, where a weight is exactly 0. Drag the loss's minimum.",
        "손실 + λR(w)를 최소화하는 것은 공(ball) 안에서 손실을 최소화하는 것과 같습니다. 재생을 누르면 λ가 커지고 공이 작아지면서 해가 움직입니다. "
        "L1에서는 꼭짓점에 닿아 가중치 하나가 정확히 0이 됩니다. 손실의 최솟점을 끌어 옮겨 보세요.")
    parameters = (
        Choice(name="norm", label=Words("Penalty", "규제"), default="1", options=(
            ("1", Words("L1 (Lasso)", "L1 (Lasso)")), ("2", Words("L2 (Ridge)", "L2 (Ridge)")))),
        Place(name="centre", label=Words("Minimum of the loss alone", "손실만의 최솟점"), default=(1.4, 0.6), bounds=(-2, 2, -2, 2)),
        Number(name="steepness", label=Words("How many times as steep across", "가파른 방향이 완만한 방향의 몇 배"), default=3.0, low=1, high=20, step=0.5),
        Number(name="angle", label=Words("Turn of the contours, in degrees", "등고선의 회전 (도)"), default=30.0, low=0, high=180, step=5),
    )
    formulas = (
        (Words("L1 (slide)", "L1 (슬라이드)"), r"J = \tfrac{1}{2m}\sum (h_\theta(x) - y)^2 + \tfrac{\lambda}{2}\sum_j |\theta_j|"),
        (Words("L2 (slide)", "L2 (슬라이드)"), r"J = \tfrac{1}{2m}\sum (h_\theta(x) - y)^2 + \tfrac{\lambda}{2}\sum_j \theta_j^2"),
        (Words("Keras: L1(l1), L2(l2)", "Keras의 L1(l1), L2(l2)"), r"l_1 \sum |w|,\quad l_2 \sum w^2,\qquad l = \lambda / 2"),
    )
    words = {
        "radius": Words("radius of the ball", "공의 반지름"), "w0": Words("w₀", "w₀"), "w1": Words("w₁", "w₁"),
        "loss": Words("loss at the solution", "해에서의 손실"), "penalty": Words("R(w)", "R(w)"),
        "slide": Words("λ of the slide", "슬라이드의 λ"), "keras": Words("l1 or l2 of Keras, λ/2", "Keras의 l1 또는 l2, λ/2"),
        "zeros": Words("weights that are exactly 0", "정확히 0인 가중치"), "minimum": Words("minimum of the loss", "손실의 최솟점"),
        "solution": Words("solution", "해"), "picture_of": Words("Contours of the loss, the ball, and the path of the solution", "손실의 등고선과 공, 해의 경로"),
        "path": Words("path of the solution as λ grows", "λ가 커질 때 해의 경로"), "ball": Words("ball of the penalty", "규제의 공"),
        "example": Words("The slide's example: both give the same output", "슬라이드의 예: 출력은 같습니다"),
        "weights": Words("weights", "가중치"), "output": Words("w·x", "w·x"),
    }

    def start(self) -> None:
        angle = np.deg2rad(self.settings["angle"])
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        self.curvature = turn @ np.diag([1.0, self.settings["steepness"]]) @ turn.T
        self.centre = np.array(self.settings["centre"])
        self.norm = int(self.settings["norm"])
        whole = np.abs(self.centre).sum() if self.norm == 1 else np.linalg.norm(self.centre)
        self.radii = np.linspace(max(whole, 1e-3), 0.0, STEPS + 1)
        self.path: list[np.ndarray] = []
        self._solve()

    def _solve(self) -> None:
        radius = float(self.radii[len(self.path)])
        self.path.append(smallest_loss_in_ball(self.centre, radius, self.norm, self.curvature))

    def step(self) -> None:
        self._solve()
        self.finished = len(self.path) == STEPS  # the last ball is a point

    def _strength(self, w: np.ndarray) -> float:
        """The slide's lambda whose penalty balances the loss's gradient at the solution."""
        gradient = self.curvature @ (w - self.centre)
        if self.norm == 1:
            return float(2 * np.abs(gradient).max())  # lambda / 2 sign(w)
        return float(np.linalg.norm(gradient)) / max(float(np.linalg.norm(w)), 1e-12)  # lambda w

    def state(self) -> dict[str, Any]:
        w = self.path[-1]
        difference = w - self.centre
        strength = self._strength(w)
        numbers = {"w0": float(w[0]), "w1": float(w[1]), "radius": float(self.radii[len(self.path) - 1]),
                   "loss": float(difference @ self.curvature @ difference / 2),
                   "penalty": float(np.abs(w).sum() if self.norm == 1 else w @ w), "slide": strength,
                   "keras": strength / 2, "zeros": int((w == 0).sum())}
        example = {name: np.array(weights) for name, weights in (("w1", [1.0, 0, 0, 0]), ("w2", [0.25] * 4))}
        return {"numbers": numbers, "path": np.array(self.path), "curvature": self.curvature, "norm": self.norm,
                "example": [[name, one.tolist(), float(one.sum()), float(np.abs(one).sum()), float(one @ one)]
                            for name, one in example.items()]}

    def code(self, steps: int) -> str:
        return program("""
            import numpy as np

            from tinynet import textbook

            angle = np.deg2rad($angle)
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            curvature = turn @ np.diag([1.0, $steepness]) @ turn.T
            centre = np.array($centre)
            whole = np.linalg.norm(centre, ord=$norm)

            radii = np.linspace(max(whole, 1e-3), 0.0, $parts)[:$radii]
            path = [textbook.smallest_loss_in_ball(centre, radius, $norm, curvature) for radius in radii]
            print(path[-1])
        """, angle=self.settings["angle"], steepness=self.settings["steepness"], centre=self.settings["centre"],
            norm=self.norm, parts=STEPS + 1, radii=len(self.path))

    def proof(self) -> dict[str, Any]:
        return {"path": self.path}
