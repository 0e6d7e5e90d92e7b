"""How Adam came to be: the optimizers that led to it, and what they hold, on one race."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..code import Call, Name, make, program
from ..panel import Panel
from ..parameters import Choice, Number, Place, Several
from ..words import Words
from .adam_code import marked, table
from .adam_race import FIRST, Racer, SparseLoss, slot
from .adam_words import WORDS

TURNED = "((x + y)**2 + 20*(y - x)**2) / 4"  # the ravine, turned by 45 degrees
TARGET = (1.0, 1.0)  # of the sparse features
GRID = 81
MOST_STEPS = 500

# name: (label, class, its own arguments: {argument: setting})
RACERS: dict[str, tuple[Words, str, dict[str, str]]] = {
    "sgd": (Words("SGD", "SGD"), "textbook.GradientDescent", {}),
    "momentum": (Words("SGD+Momentum", "SGD+모멘텀"), "textbook.Momentum", {"rho": "beta1"}),
    "form1": (Words("AdaGrad, form 1", "AdaGrad 식 1"), "textbook.AdaGradForm1", {}),
    "form2": (Words("AdaGrad, form 2 (ε in the root)", "AdaGrad 식 2 (ε이 근호 안)"), "textbook.AdaGradForm2", {}),
    "form3": (Words("AdaGrad, form 3 (code)", "AdaGrad 식 3 (코드)"), "textbook.AdaGradForm3", {}),
    "full": (Words("AdaGrad, full matrix", "AdaGrad 전체 행렬"), "textbook.AdaGradFullMatrix", {}),
    "rmsprop": (Words("RMSProp", "RMSProp"), "textbook.RMSPropSlide", {"decay_rate": "decay"}),
    "almost": (Words("Adam (almost)", "Adam (almost)"), "textbook.AdamAlmost", {"beta_1": "beta1", "beta_2": "beta2"}),
    "adam": (Words("Adam, Algorithm 1", "Adam, Algorithm 1"), "textbook.AdamAlgorithm1", {"beta_1": "beta1", "beta_2": "beta2"}),
    "adam_keras": (Words("Adam (Keras)", "Adam (Keras)"), "optimizers.Adam", {"beta_1": "beta1", "beta_2": "beta2"}),
}
OPTIONS = tuple((name, words) for name, (words, _, _) in RACERS.items())


class HowAdam(Panel):
    """Each step is one update of each racer."""

    key = "adam"
    order = 2
    rows = "16-24, 26"
    speed = 10
    title = Words("How Adam came to be", "Adam이 만들어지기까지")
    about = Words(
        "Momentum remembers gradients, AdaGrad their squares, RMSProp forgets old squares, Adam does both and corrects "
        "the start. See on one race what each of them holds for each weight, and which line of its code does it.",
        "모멘텀은 기울기를, AdaGrad는 기울기의 제곱을 기억하고, RMSProp은 오래된 제곱을 잊습니다. Adam은 이 둘을 합치고 시작을 보정합니다. "
        "같은 경주에서 각 알고리즘이 가중치마다 무엇을 기억하는지, 코드의 어느 줄이 그 일을 하는지 보세요.")
    parameters = (
        Choice(name="surface", label=Words("Surface", "곡면"), default="ravine", options=(
            ("ravine", Words("Ravine", "골짜기")), ("turned", Words("Ravine, turned by 45°", "45° 돌린 골짜기")),
            ("sparse", Words("Sparse gradients", "희소한 기울기")), ("bowl", Words("Bowl", "그릇")),
            ("saddle", Words("Saddle point", "안장점")), ("double_well", Words("Two minima", "두 개의 최솟값")),
            ("rosenbrock", Words("Rosenbrock's banana", "로젠브록(Rosenbrock)")))),
        Number(name="every", label=Words("w₁ has a gradient in each n-th step", "w₁은 n단계마다 한 번 기울기가 생김"), default=10,
               low=2, high=50, whole=True, when={"surface": ("sparse",)}),
        Choice(name="look", label=Words("In depth", "자세히 볼 알고리즘"), default="adam", options=OPTIONS, keep=True),
        Several(name="racers", label=Words("In the race too", "함께 경주할 알고리즘"), options=OPTIONS,
                default=("momentum", "form3", "rmsprop", "almost", "adam"), keep=True),
        Choice(name="compare", label=Words("Compare, weight by weight", "가중치별로 비교할 값"), default="rate", view=True, options=(
            ("rate", Words("effective rate", "유효 학습률")), ("move", Words("step |Δw|", "이동량 |Δw|")),
            ("first", Words("first moment", "1차 모멘트")), ("second", Words("second moment", "2차 모멘트")))),
        Place(name="start", label=Words("Start (drag it in the picture)", "출발점 (그림에서 끌 수 있습니다)"),
              default=(-1.8, 0.8), bounds=(-5, 5, -5, 5)),
        Number(name="adaptive", label=Words("Learning rate: AdaGrad, RMSProp, Adam", "학습률: AdaGrad, RMSProp, Adam"),
               default=0.1, low=1e-4, high=2, log=True),
        Number(name="rate", label=Words("Learning rate: SGD, Momentum", "학습률: SGD, 모멘텀"),
               default=0.02, low=1e-4, high=2, log=True),
        Number(name="beta1", label=Words("Momentum ρ, Adam's β₁", "모멘텀 ρ, Adam의 β₁"), default=0.9, low=0, high=0.999,
               step=0.001),
        Number(name="beta2", label=Words("Adam's β₂", "Adam의 β₂"), default=0.999, low=0, high=0.9999, step=0.001),
        Number(name="decay", label=Words("RMSProp's decay", "RMSProp의 decay"), default=0.9, low=0, high=0.9999, step=0.001),
    )
    formulas = (
        (Words("AdaGrad, form 1", "AdaGrad 식 1"), r"h \leftarrow h + g \odot g,\quad W \leftarrow W - lr\,\tfrac{1}{\sqrt h}\,g"),
        (Words("AdaGrad, form 2", "AdaGrad 식 2"), r"\theta_{t+1} = \theta_t - \tfrac{\eta}{\sqrt{\varepsilon I + \mathrm{diag}(G_t)}}\cdot g_t"),
        (Words("Full matrix", "전체 행렬"), r"G_t = \sum_{\tau=1}^{t} g_\tau g_\tau^\top,\quad \theta_{t+1} = \theta_t - \eta\,(\varepsilon I + G_t)^{-1/2} g_t"),
        (Words("RMSProp", "RMSProp"), r"v \leftarrow \gamma v + (1-\gamma)\,g^2,\quad w \leftarrow w - lr\,\tfrac{g}{\sqrt v + 10^{-7}}"),
        (Words("Adam, Algorithm 1", "Adam, Algorithm 1"),
         r"\hat m_t = \tfrac{m_t}{1-\beta_1^t},\quad \hat v_t = \tfrac{v_t}{1-\beta_2^t},\quad"
         r"\theta_t = \theta_{t-1} - \alpha\,\tfrac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}"),
    )
    words = WORDS

    @classmethod
    def adjust(cls, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        """Rosenbrock's gradients are large: gradient descent needs its own rate there, unless the reader chose one."""
        if new["surface"] != old["surface"]:
            was, now = (0.0005 if one["surface"] == "rosenbrock" else 0.02 for one in (old, new))
            if new["rate"] == was:
                return new | {"rate": now}
        return new

    def start(self) -> None:
        chosen = self.settings
        self.sparse = chosen["surface"] == "sparse"
        self.names = [name for name in RACERS if name in chosen["racers"] or name == chosen["look"]]
        self.surface = None if self.sparse else make(self._surface())
        self.racers = {name: Racer(name, make(self._call(name)), chosen["start"], MOST_STEPS) for name in self.names}
        self.count = 0
        self.bounds: tuple[float, ...] = self.surface.bounds if self.surface else (-2.5, 2.5, -2.5, 2.5)
        x = np.linspace(self.bounds[0], self.bounds[1], GRID)
        y = np.linspace(self.bounds[2], self.bounds[3], GRID)
        height = self._height(*np.meshgrid(x, y))
        # Heights differ by powers of ten: the lines stand at equal steps of log(1 + height - lowest).
        self.height = np.log1p(height - height.min()).astype(np.float32)
        self.table = table()
        shown = dict.fromkeys(["momentum", "rmsprop", "almost" if chosen["look"] in ("momentum", "rmsprop") else chosen["look"]])
        self.lines = [{"name": name, "lines": marked(make(Name(RACERS[name][1])))} for name in shown]

    def _surface(self) -> Call:
        name = self.settings["surface"]
        return Call("textbook.surface_of", TURNED) if name == "turned" else Name(f"textbook.surfaces.{name}")

    def _call(self, name: str) -> Call:
        """The call that makes an optimizer."""
        _, cls, arguments = RACERS[name]
        rate = self.settings["rate" if name in ("sgd", "momentum") else "adaptive"]
        return Call(cls, rate, **{argument: self.settings[setting] for argument, setting in arguments.items()})

    def _height(self, x: Any, y: Any) -> Any:
        """The loss: of the surface, or for sparse gradients the mean over the steps."""
        if self.surface:
            return self.surface.formula(x, y)
        share = 1 / self.settings["every"]
        return ((1 - share) * (x - TARGET[0]) ** 2 + share * (y - TARGET[1]) ** 2) / 2

    def step(self) -> None:
        loss: Any = self.surface
        if self.sparse:
            loss = SparseLoss(self.settings["every"], TARGET)
            loss.step = self.count
        for racer in self.racers.values():
            racer.step(loss)
        self.count += 1
        self.finished = self.count == MOST_STEPS

    def state(self) -> dict[str, Any]:
        chosen, count = self.settings, self.count
        look = self.racers[chosen["look"]]
        x, y = look.path[count]
        with np.errstate(all="ignore"):
            numbers: dict[str, Any] = {"loss": float(self._height(x, y))}
        if count:
            numbers |= {"rate_0": float(look.history["rate"][count - 1, 0]), "rate_1": float(look.history["rate"][count - 1, 1]),
                        "first_step": float(abs(look.history["move"][0, 0])) / float(look.optimizer.learning_rate)}
        corrections = None
        if hasattr(look.optimizer, "beta_1"):
            steps = np.arange(1, count + 1)
            corrections = [(1 / (1 - beta**steps)).astype(np.float32)
                           for beta in (look.optimizer.beta_1, look.optimizer.beta_2)]
            if count:
                numbers |= {"correction_1": float(corrections[0][-1]), "correction_2": float(corrections[1][-1])}
        if chosen["surface"] == "turned":
            minima = [[0.0, 0.0]]
        else:
            minima = [list(TARGET)] if self.sparse else [list(one) for one in self.surface.minima]  # type: ignore[union-attr]
        with np.errstate(over="ignore"):  # a racer that diverges is infinite in float32 before it is in float64
            return self._picture(numbers, minima, corrections, look)

    def _picture(self, numbers: dict[str, Any], minima: list[list[float]], corrections: list[np.ndarray] | None,
                 look: Racer) -> dict[str, Any]:
        chosen, count = self.settings, self.count
        full = self.racers.get("full")
        return {
            "numbers": numbers, "height": self.height, "bounds": list(self.bounds), "minima": minima,
            "racers": [{"name": name, "path": one.path[: count + 1].astype(np.float32),
                        "values": one.history[chosen["compare"]][:count].astype(np.float32)} for name, one in self.racers.items()],
            "history": {what: values[:count].astype(np.float32) for what, values in look.history.items()},
            "corrections": corrections, "corrects": chosen["look"] in ("adam", "adam_keras"),
            "full": full and self._full(full), "code": self.lines, "table": self.table,
        }

    def _full(self, racer: Racer) -> dict[str, Any]:
        matrix, diagonal = racer.full()
        gradient = racer.history["gradient"][self.count - 1] if self.count else np.zeros(2)
        return {"matrix": matrix, "diagonal": diagonal, "gradient": gradient}

    def code(self, steps: int) -> str:
        race = {name: self._call(name) for name in self.names}
        values = {"race": race, "start": self.settings["start"], "steps": steps}
        if self.sparse:
            return program("""
                import numpy as np
                import tinynet as tn
                from tinynet import optimizers, textbook

                race = $race
                target = np.array($target)

                paths, memories = {}, {}
                for name, optimizer in race.items():
                    w = tn.Variable(np.array($start, np.float64), name="position")
                    path = [w.numpy()]
                    for step in range($steps):
                        # The second feature is there in each $every-th step only, and so is its weight's gradient.
                        x = np.array([0.0, 1.0] if step % $every == $every - 1 else [1.0, 0.0])
                        optimizer.minimize(lambda: 0.5 * tn.ops.square(tn.ops.sum((w - target) * x)), [w])
                        path.append(w.numpy())
                    paths[name] = np.array(path)
                    memories[name] = [one.numpy() for one in optimizer.variables[2:]]
                    print(f"{name:10} ends at {path[-1]}, remembers {memories[name]}")
            """, target=TARGET, every=self.settings["every"], **values)
        return program("""
            from tinynet import optimizers, textbook

            surface = $surface
            race = $race

            paths, memories, moments = {}, {}, {}
            for name, optimizer in race.items():
                walk = textbook.trace(optimizer, surface, start=$start, steps=$steps)
                paths[name] = walk.path
                moments[name] = walk.velocity
                memories[name] = [one.numpy() for one in optimizer.variables[2:]]  # after t and the rate
                print(f"{name:10} ends at {walk.path[-1]}, remembers {memories[name]}")

            print(textbook.comparison_table())
        """, surface=self._surface(), **values)

    def proof(self) -> dict[str, Any]:
        proof: dict[str, Any] = {
            "paths": {name: one.path[: self.count + 1] for name, one in self.racers.items()},
            "memories": {name: [state.numpy() for state in one.optimizer.variables[2:]] for name, one in self.racers.items()},
        }
        if not self.sparse:
            # `trace` has 0 for those without a first moment.
            proof["moments"] = {name: one.history["first"][: self.count] if slot(one.optimizer, FIRST) is not None
                                else np.zeros((self.count, 2)) for name, one in self.racers.items()}
        return proof
