"""Over-fitting: polynomials of growing degree through a few points."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.polynomial import Chebyshev

from ...textbook import fit_polynomials
from ...textbook.overfitting import truth
from ..code import program
from ..panel import Panel
from ..parameters import Number, Rows
from ..words import Words

CURVE = np.linspace(-1, 1, 201)


class OverFitting(Panel):
    """Each step raises the degree by one."""

    key = "overfitting"
    order = 5
    rows = "38"
    speed = 2
    title = Words("Over-fitting", "과적합(over-fitting)")
    about = Words(
        "A polynomial is fitted to a few noisy points; each step raises its degree by one. The loss of the points that it "
        "was fitted to only falls. The loss of other points falls, and rises again. Click into the picture to add points.",
        "잡음이 섞인 몇 개의 점에 다항식을 맞춥니다. 단계마다 차수가 하나씩 올라갑니다. 맞춘 점들의 손실은 계속 줄어들지만, 보지 않은 점들의 손실은 "
        "줄어들다가 다시 커집니다. 그림을 눌러 점을 더해 보세요.")
    parameters = (
        Number(name="samples", label=Words("Training points", "학습 점의 수"), default=20, low=4, high=60, whole=True),
        Number(name="noise", label=Words("Noise", "잡음"), default=0.2, low=0, high=1, step=0.05),
        Rows(name="points", label=Words("Your points, instead of these", "직접 찍은 점 (주어진 점 대신)"), default=(), rows=(0, 60),
             columns=(2, 2), low=-3, high=3, look="points",
             help=Words("x from -1 to 1; at least 3", "x는 -1부터 1까지, 3개 이상")),
    )
    formulas = (
        (Words("Polynomial of degree d", "d차 다항식"), r"f(x) = \sum_{k=0}^{d} w_k x^k"),
        (Words("Loss", "손실"), r"L = \tfrac1N \sum_i (f(x_i) - y_i)^2"),
    )
    words = {
        "degree": Words("degree", "차수"), "train": Words("training loss", "학습 손실"), "validation": Words("validation loss", "검증 손실"),
        "best": Words("degree with the least validation loss", "검증 손실이 가장 작은 차수"),
        "fit_of": Words("The polynomial, its points, and the curve that they come from", "다항식과 점들, 그리고 점들이 나온 원래 곡선"),
        "losses_of": Words("Loss by degree", "차수별 손실"), "loss": Words("loss", "손실"), "truth": Words("true curve", "원래 곡선"),
        "points_train": Words("training points", "학습 점"), "points_validation": Words("validation points", "검증 점"),
        "polynomial": Words("polynomial", "다항식"), "verdict": Words("this fit", "이 적합"), "under": Words("under-fits", "과소적합"),
        "over": Words("over-fits", "과적합"), "right": Words("about right", "알맞음"),
    }

    def start(self) -> None:
        self.degree = 0
        own = [point for point in self.settings["points"] if abs(point[0]) <= 1]
        if len(own) >= 3:
            self.train: tuple[Any, Any] = (np.array(own)[:, 0], np.array(own)[:, 1])
            rng = np.random.default_rng(self.seed)
            # Points of the reader have no truth to validate on: others near them stand in.
            near = rng.integers(len(own), size=200)
            self.validation: tuple[Any, Any] = (self.train[0][near], self.train[1][near] + 0.1 * rng.standard_normal(200))
            self.own = True
        else:
            fits = fit_polynomials([0], self.settings["samples"], noise=self.settings["noise"], seed=self.seed)
            self.train, self.validation, self.own = fits.train, fits.validation, False
        self.polynomials: list[Any] = []
        self.losses: list[tuple[float, float]] = []
        self._fit()

    def _fit(self) -> None:
        polynomial = Chebyshev.fit(*self.train, deg=self.degree, domain=[-1, 1])
        self.polynomials.append(polynomial)
        self.losses.append((float(np.mean((polynomial(self.train[0]) - self.train[1]) ** 2)),
                            float(np.mean((polynomial(self.validation[0]) - self.validation[1]) ** 2))))
        self.finished = self.degree + 1 >= len(self.train[0])

    def step(self) -> None:
        self.degree += 1
        self._fit()

    def state(self) -> dict[str, Any]:
        losses = np.array(self.losses)
        best = int(losses[:, 1].argmin())
        verdict = "under" if self.degree < 2 or best == self.degree and self.degree < 3 else (
            "over" if self.degree > best and losses[-1, 1] > 1.2 * losses[best, 1] else "right")
        numbers = {"degree": self.degree, "train": self.losses[-1][0], "validation": self.losses[-1][1], "best": best,
                   "verdict": verdict}
        return {"numbers": numbers, "curve": np.clip(self.polynomials[-1](CURVE), -1e6, 1e6), "x": CURVE,
                "truth": None if self.own else truth(CURVE), "losses": losses,
                "train": np.stack(self.train, 1), "validation": np.stack(self.validation, 1)[:60]}

    def code(self, steps: int) -> str:
        if self.own:
            points = tuple(point for point in self.settings["points"] if abs(point[0]) <= 1)
            return program("""
                import numpy as np
                from numpy.polynomial import Chebyshev

                x, y = np.array($points).T
                train_loss = []
                for degree in range($degrees):
                    polynomial = Chebyshev.fit(x, y, deg=degree, domain=[-1, 1])
                    train_loss.append(np.mean((polynomial(x) - y) ** 2))
                print(train_loss)
            """, points=points, degrees=self.degree + 1)
        return program("""
            from tinynet import textbook

            fits = textbook.fit_polynomials(range($degrees), samples=$samples, noise=$noise, seed=$seed)
            train_loss, validation_loss = fits.train_loss, fits.validation_loss
            print("the best degree is", fits.best_degree)
        """, degrees=self.degree + 1, samples=self.settings["samples"], noise=self.settings["noise"], seed=self.seed)

    def proof(self) -> dict[str, Any]:
        losses = np.array(self.losses)
        return {"train_loss": losses[:, 0]} | ({} if self.own else {"validation_loss": losses[:, 1]})
