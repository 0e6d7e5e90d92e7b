"""Descent: optimizers race over a surface from one start."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import textbook
from ...textbook.formula import surface_of
from ...variable import Variable
from ..code import Call, Name, make, program
from ..panel import Panel
from ..parameters import Choice, Flag, Number, Place, Several, Text
from ..words import LabError, Words

SURFACES = {surface.name.lower().replace(" ", "_"): surface for surface in textbook.surfaces.SURFACES}
GRID = 101  # points of the picture along each axis
EXTENT = 3.0  # of the picture of a typed formula: -3 to 3
MOST_STEPS = 2000

# name: (label, class, its own arguments: {argument: setting})
RACERS: dict[str, tuple[Words, str, dict[str, str]]] = {
    "sgd": (Words("Gradient descent", "경사 하강법"), "textbook.GradientDescent", {}),
    "momentum": (Words("Momentum (slide)", "모멘텀 (슬라이드)"), "textbook.Momentum", {"rho": "rho"}),
    "momentum_keras": (Words("Momentum (Keras)", "모멘텀 (Keras)"), "optimizers.SGD", {"momentum": "rho"}),
    "nesterov": (Words("Nesterov (slide)", "네스테로프 (슬라이드)"), "textbook.NesterovChangeOfVariables", {"rho": "rho"}),
    "lookahead": (Words("Nesterov, look-ahead", "네스테로프 (미리 보기)"), "textbook.NesterovLookahead", {"rho": "rho"}),
    "adagrad": (Words("AdaGrad (slide)", "AdaGrad (슬라이드)"), "textbook.AdaGradForm3", {}),
    "adagrad_keras": (Words("AdaGrad (Keras)", "AdaGrad (Keras)"), "optimizers.Adagrad", {}),
    "rmsprop": (Words("RMSProp (slide)", "RMSProp (슬라이드)"), "textbook.RMSPropSlide", {"decay_rate": "decay"}),
    "rmsprop_keras": (Words("RMSProp (Keras)", "RMSProp (Keras)"), "optimizers.RMSprop", {"rho": "decay"}),
    "adam": (Words("Adam (paper)", "Adam (논문)"), "textbook.AdamAlgorithm1", {"beta_1": "rho", "beta_2": "beta2"}),
    "adam_keras": (Words("Adam (Keras)", "Adam (Keras)"), "optimizers.Adam", {"beta_1": "rho", "beta_2": "beta2"}),
    "adam_almost": (Words("Adam (almost)", "Adam (almost)"), "textbook.AdamAlmost", {"beta_1": "rho", "beta_2": "beta2"}),
}
ADAPTIVE = {"adagrad", "adagrad_keras", "rmsprop", "rmsprop_keras", "adam", "adam_keras", "adam_almost"}

# What a surface is walked on with at first: gradient descent must neither crawl nor leave.
FIRST = {name: {"start": surface.start, "rate": {"rosenbrock": 0.0005, "beale": 0.002}.get(name, 0.02)}
         for name, surface in SURFACES.items()} | {"formula": {"start": (-1.8, 0.8), "rate": 0.02}}


def spectral_radius(rate: np.ndarray, rho: np.ndarray, curvature: float) -> np.ndarray:
    """By which factor momentum shrinks the error along a direction of this curvature, step by step.

    v' = rho v + c w, w' = w - rate v' is a matrix; its eigenvalues solve r^2 - (1 + rho - rate c) r + rho = 0.
    """
    half = (1 + rho - rate * curvature) / 2
    root = np.sqrt((half * half - rho).astype(complex))
    return np.maximum(abs(half + root), abs(half - root))


class Descent(Panel):
    """Optimizers race from one start; each step is one update of each of them."""

    key = "descent"
    order = 1
    rows = "3-15, 25"
    speed = 30
    title = Words("Descent", "경사 하강(gradient descent)")
    about = Words(
        "Optimizers race over a loss surface from one start. Drag the start, change rates and momentum, and watch where "
        "each of them goes: through a ravine, past a saddle point, into the wrong valley.",
        "여러 최적화 알고리즘(optimizer)이 손실 곡면 위의 같은 점에서 출발해 경주합니다. 출발점을 끌어 옮기고 학습률과 모멘텀을 바꾸면서 "
        "골짜기, 안장점(saddle point), 지역 최솟값에서 각각 어떻게 움직이는지 보세요.")
    parameters = (
        Choice(name="surface", label=Words("Surface", "곡면"), default="ravine", options=(
            ("bowl", Words("Bowl", "그릇")), ("ravine", Words("Ravine", "골짜기")),
            ("saddle", Words("Saddle point", "안장점")), ("double_well", Words("Two minima", "두 개의 최솟값")),
            ("rosenbrock", Words("Rosenbrock's banana", "로젠브록(Rosenbrock)")), ("beale", Words("Beale", "빌(Beale)")),
            ("formula", Words("Your formula", "직접 쓴 수식")))),
        Text(name="formula", label=Words("f(x, y) =", "f(x, y) ="), default="x**2 / 4 + sin(3*x) / 2 + y**2",
             when={"surface": ("formula",)},
             help=Words("x, y, numbers, + - * / **, sin cos exp log sqrt tanh abs",
                        "x, y, 숫자, + - * / **, sin cos exp log sqrt tanh abs를 쓸 수 있습니다")),
        Several(name="racers", label=Words("Optimizers", "최적화 알고리즘"),
                options=tuple((name, words) for name, (words, _, _) in RACERS.items()),
                default=("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam")),
        Place(name="start", label=Words("Start (drag it in the picture)", "출발점 (그림에서 끌 수 있습니다)"),
              default=(-1.8, 0.8), bounds=(-5, 5, -5, 5)),
        Number(name="rate", label=Words("Learning rate: descent, momentum, Nesterov", "학습률: 경사 하강, 모멘텀, 네스테로프"),
               default=0.02, low=1e-5, high=2, log=True),
        Number(name="adaptive", label=Words("Learning rate: AdaGrad, RMSProp, Adam", "학습률: AdaGrad, RMSProp, Adam"),
               default=0.1, low=1e-5, high=2, log=True),
        Number(name="rho", label=Words("Momentum ρ, Adam's β₁", "모멘텀 ρ, Adam의 β₁"), default=0.9, low=0, high=0.999,
               step=0.001),
        Number(name="decay", label=Words("RMSProp's decay", "RMSProp의 decay"), default=0.9, low=0, high=0.9999, step=0.001),
        Number(name="beta2", label=Words("Adam's β₂", "Adam의 β₂"), default=0.999, low=0, high=0.9999, step=0.001),
        Choice(name="schedule", label=Words("Learning rate over time", "학습률 변화"), default="constant", options=(
            ("constant", Words("constant", "일정")), ("cosine", Words("cosine to 0", "코사인으로 0까지")),
            ("halving", Words("half every 50 steps", "50단계마다 절반")))),
        Choice(name="picture", label=Words("Picture", "그림"), default="contours", view=True, options=(
            ("contours", Words("contours", "등고선")), ("height", Words("height", "높이")),
            ("diagram", Words("rate and momentum", "학습률과 모멘텀")))),
        Choice(name="mark", label=Words("On the paths", "경로 표시"), default="none", view=True, options=(
            ("none", Words("nothing", "없음")), ("arrows", Words("gradient, velocity, step", "기울기·속도·이동")),
            ("signs", Words("sign of ∂L/∂w₀", "∂L/∂w₀의 부호")))),
        Flag(name="hessian", label=Words("Hessian at the first racer", "첫째 경로의 헤시안(Hessian)"), default=False, view=True,
             help=Words("Both eigenvalues above 0: a minimum. Of both signs: a saddle.",
                        "고윳값이 모두 양수이면 극소, 부호가 다르면 안장점입니다.")),
    )
    formulas = (
        (Words("Gradient descent", "경사 하강법"), r"w \leftarrow w - \eta\,\nabla L(w)"),
        (Words("Momentum", "모멘텀"), r"v \leftarrow \rho v + \nabla L(w),\quad w \leftarrow w - \eta v"),
        (Words("Nesterov", "네스테로프"),
         r"v \leftarrow \rho v - \eta\,\nabla L(w + \rho v),\quad w \leftarrow w + v"),
    )
    words = {
        "lowest": Words("lowest loss now", "현재 가장 낮은 손실"),
        "gradient": Words("gradient norm, first racer", "첫째 경로의 기울기 크기"),
        "hessian_low": Words("smaller eigenvalue", "작은 고윳값"), "hessian_high": Words("larger eigenvalue", "큰 고윳값"),
        "kind": Words("at this point", "이 점의 곡률"), "minimum": Words("as at a minimum", "극소점과 같음"),
        "saddle": Words("as at a saddle", "안장점과 같음"), "maximum": Words("as at a maximum", "극대점과 같음"),
        "loss": Words("loss", "손실"), "steps": Words("updates", "갱신 횟수"),
        "picture_of": Words("Paths over the surface", "곡면 위의 경로"), "start_here": Words("start", "출발"),
        "losses_of": Words("Loss of each optimizer", "알고리즘별 손실"), "left": Words("left the picture", "그림을 벗어남"),
        "gradient_arrow": Words("−gradient", "−기울기"), "velocity_arrow": Words("velocity", "속도"),
        "step_arrow": Words("step actually taken", "실제 이동"), "negative": Words("negative", "음"),
        "positive": Words("positive", "양"), "rate": Words("learning rate", "학습률"), "momentum": Words("momentum ρ", "모멘텀 ρ"),
        "diagram_of": Words("Factor by which momentum shrinks the error in a step; 1 and above diverges",
                            "모멘텀이 한 단계에 오차를 줄이는 비율. 1 이상이면 발산합니다"),
        "no_diagram": Words("This surface has no minimum to converge to", "이 곡면에는 수렴할 최솟값이 없습니다"),
    }

    @classmethod
    def adjust(cls, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        """Another surface has its own start and its own rate, unless the reader has chosen others."""
        if new["surface"] == old["surface"]:
            return new
        was, now = FIRST.get(old["surface"], FIRST["formula"]), FIRST.get(new["surface"], FIRST["formula"])
        return new | {name: now[name] for name in now if new[name] == was[name]}

    def start(self) -> None:
        chosen = self.settings
        if chosen["surface"] == "formula":
            try:
                self.surface = surface_of(chosen["formula"])
            except ValueError as error:
                raise LabError(Words(str(error), f"수식을 읽을 수 없습니다 ({error})")) from None
            self.bounds: tuple[float, ...] = (-EXTENT, EXTENT, -EXTENT, EXTENT)
        else:
            self.surface = SURFACES[chosen["surface"]]
            self.bounds = self.surface.bounds
        self.optimizers = {name: make(self._call(name)) for name in chosen["racers"]}
        self.positions = {name: Variable(np.array(chosen["start"], np.float64), name="position")
                          for name in chosen["racers"]}
        self.count = 0  # updates made
        self.paths = {name: np.empty((MOST_STEPS + 1, 2)) for name in chosen["racers"]}
        self.losses = {name: np.empty(MOST_STEPS + 1) for name in chosen["racers"]}
        self.gradients = {name: np.empty((MOST_STEPS, 2)) for name in chosen["racers"]}
        for name in chosen["racers"]:
            self._note(name)
        self._draw_surface()
        self.finished = not self.optimizers

    def _call(self, name: str) -> Call:
        """The call that makes an optimizer."""
        chosen = self.settings
        _, cls, arguments = RACERS[name]
        rate: float | Call = chosen["adaptive"] if name in ADAPTIVE else chosen["rate"]
        if chosen["schedule"] == "cosine":
            rate = Call("optimizers.schedules.CosineDecay", rate, decay_steps=300)
        elif chosen["schedule"] == "halving":
            rate = Call("optimizers.schedules.ExponentialDecay", rate, decay_steps=50, decay_rate=0.5, staircase=True)
        return Call(cls, rate, **{argument: chosen[setting] for argument, setting in arguments.items()})

    def _draw_surface(self) -> None:
        x = np.linspace(self.bounds[0], self.bounds[1], GRID)
        y = np.linspace(self.bounds[2], self.bounds[3], GRID)
        with np.errstate(all="ignore"):
            height = self.surface.formula(*np.meshgrid(x, y))
        height = np.broadcast_to(np.asarray(height, np.float64), (GRID, GRID))
        finite = height[np.isfinite(height)]
        low = float(finite.min()) if finite.size else 0.0
        # Heights differ by powers of ten: the lines stand at equal steps of log(1 + height - lowest).
        self.height = np.log1p(np.maximum(height - low, 0)).astype(np.float32)
        self.diagram = self._diagram()

    def _diagram(self) -> np.ndarray | None:
        if not self.surface.minima:
            return None
        curvatures, _ = textbook.curvature(self.surface, self.surface.minima[0])
        rate, rho = np.meshgrid(np.geomspace(1e-4, 2, 61), np.linspace(0, 0.999, 61))
        return np.maximum(*(spectral_radius(rate, rho, one) for one in curvatures)).astype(np.float32)

    def _note(self, name: str) -> None:
        """Write down where a racer stands now."""
        point = self.positions[name].numpy()
        self.paths[name][self.count] = point
        self.losses[name][self.count] = self.surface.formula(point[0], point[1])

    def step(self) -> None:
        self.count += 1
        with np.errstate(all="ignore"):
            for name, optimizer in self.optimizers.items():
                position, gradients = self.positions[name], self.gradients[name]

                def loss(position=position, gradients=gradients):
                    gradients[self.count - 1] = self.surface.gradient(position.numpy())
                    return self.surface(position)

                optimizer.minimize(loss, [position])
                self._note(name)
        self.finished = self.count == MOST_STEPS

    def state(self) -> dict[str, Any]:
        racers = [{"name": name, "path": self.paths[name][: self.count + 1], "losses": self.losses[name][: self.count + 1],
                   "gradients": self.gradients[name][: self.count]} for name in self.optimizers]
        numbers: dict[str, Any] = {}
        if racers:
            first = self.positions[racers[0]["name"]].numpy()
            numbers["lowest"] = min(float(self.losses[name][self.count]) for name in self.optimizers)
            with np.errstate(all="ignore"):
                numbers["gradient"] = float(np.linalg.norm(self.surface.gradient(first)))
                if self.settings["hessian"] and np.isfinite(first).all():
                    low, high = textbook.curvature(self.surface, first)[0].tolist()
                    numbers |= {"hessian_low": low, "hessian_high": high,
                                "kind": "minimum" if low > 0 else "maximum" if high < 0 else "saddle"}
        return {"numbers": numbers, "racers": racers, "height": self.height, "bounds": list(self.bounds),
                "diagram": self.diagram, "minima": [list(one) for one in self.surface.minima],
                "saddles": [list(one) for one in self.surface.saddles]}

    def code(self, steps: int) -> str:
        chosen = self.settings
        race = {name: self._call(name) for name in chosen["racers"]}
        surface = (Call("textbook.surface_of", self.surface.name) if chosen["surface"] == "formula"
                   else Name(f"textbook.surfaces.{chosen['surface']}"))
        return program("""
            from tinynet import optimizers, textbook

            surface = $surface
            race = $race

            paths = {}
            for name, optimizer in race.items():
                walk = textbook.trace(optimizer, surface, start=$start, steps=$steps)
                paths[name] = walk.path
                print(f"{name:15} ends at {walk.path[-1]} with loss {walk.value[-1]:.6f}")
        """, surface=surface, race=race, start=chosen["start"], steps=steps)

    def proof(self) -> dict[str, Any]:
        return {"paths": {name: self.paths[name][: self.count + 1] for name in self.optimizers}}
