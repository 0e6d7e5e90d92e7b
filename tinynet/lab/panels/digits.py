"""Initialization II: first weights decide whether a deep network learns."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import textbook
from ...datasets import fashion_mnist
from ..code import Call, make, program
from ..panel import Panel
from ..parameters import Choice, Flag, Number, Several
from ..words import Words
from . import digits_data
from .digits_layers import ACTIVATIONS, INITIALIZERS, Experiment, Variances, histogram

BATCH = 100
MOST_STEPS = 3000
# The slide's words, in its order.
INITIALIZATIONS = {
    "zero": Words("Zero", "모두 0(Zero)"), "uniform": Words("Uniform", "균등분포(Uniform)"),
    "xavier": Words("Xavier", "Xavier"), "normal": Words("Standard Normal", "표준정규분포(Standard Normal)"),
}
GARMENTS = ("티셔츠", "바지", "풀오버", "드레스", "코트", "샌들", "셔츠", "운동화", "가방", "앵클부츠")


def slide_name(initialization: str) -> str:
    """Return the name that `textbook.digits_network` takes."""
    return "standard normal" if initialization == "normal" else initialization


class Training:
    """The demo of the slide: each step trains on the batch that is shown, and takes the next one."""

    def __init__(self, settings: dict[str, Any], seed: int) -> None:
        self.settings, self.seed = settings, seed
        self.data = digits_data.choose(settings["data"])
        self.pictures, self.labels = digits_data.load(self.data)
        self.images = digits_data.inputs(self.data)
        others = [name for name in INITIALIZATIONS if name != settings["initialization"]] if settings["compare"] else []
        self.names = [settings["initialization"], *others]
        self.models = {name: make(self._call(name)) for name in self.names}
        self.costs: dict[str, list[float]] = {name: [] for name in self.names}
        self.count = 0
        self.finished = False
        self._inside: tuple[int, textbook.networks.Inside] | None = None

    def _call(self, name: str) -> Call:
        return Call("textbook.digits_network", slide_name(name), seed=self.seed)

    @property
    def now(self) -> np.ndarray:
        """The indices of the present batch."""
        epoch, batch = divmod(self.count, len(self.images) // BATCH)
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self.images))
        return order.reshape(-1, BATCH)[batch]

    def inside(self) -> textbook.networks.Inside:
        """What the chosen network makes of the present batch, before it is trained on it."""
        if self._inside is None or self._inside[0] != self.count:
            model, now = self.models[self.names[0]], self.now
            self._inside = self.count, textbook.look_inside(model, self.images[now], self.labels[now])
        return self._inside[1]

    def step(self) -> None:
        now = self.now
        with np.errstate(all="ignore"):
            for name, model in self.models.items():
                self.costs[name].append(model.train_on_batch(self.images[now], self.labels[now])[0])
        self.count += 1
        self.finished = self.count == MOST_STEPS

    def state(self) -> dict[str, Any]:
        inside, now = self.inside(), self.now
        epoch, batch = divmod(self.count, len(self.images) // BATCH)
        hidden = inside.activations[1:5]
        return {
            "numbers": {"data": f"data_{self.data}", "misclassified": f"{inside.misclassified}/{BATCH}",
                        "cost": inside.cost, "batch": batch, "epoch": epoch},
            "digits": self.data == "mnist", "images": self.pictures[now],
            "labels": self.labels[now].astype(np.uint8), "correct": inside.correct.astype(np.uint8),
            "predicted": inside.activations[5].argmax(axis=0).astype(np.uint8),
            "counts": np.array([histogram(a, (-1, 1))[0] for a in hidden]),
            "moments": [[float(a.mean()), float(a.std()), float((abs(a) > 0.99).mean())] for a in hidden],
            "costs": {name: np.array(costs, np.float32) for name, costs in self.costs.items()},
        }

    def snapshot(self) -> Any:
        if len(self.models) > 1 and self.count % 200:
            return None  # 8 MB
        return self.count, {name: model.get_weights() for name, model in self.models.items()}, {
            name: list(costs) for name, costs in self.costs.items()}

    def restore(self, snapshot: Any) -> None:
        self.count, weights, costs = snapshot
        for name, model in self.models.items():
            model.set_weights(weights[name])
        self.costs = {name: list(one) for name, one in costs.items()}
        self._inside = None
        self.finished = False

    def code(self, steps: int) -> str:
        names = [slide_name(name) for name in self.names]
        return (program("""
            from itertools import count

            import numpy as np
            from tinynet import datasets, textbook

        """) + "\n" + digits_data.CODE[self.data] + program("""
            images = images.reshape(-1, 784).astype("float32") / 255


            def batches():
                for epoch in count():
                    order = np.random.default_rng([$seed, epoch]).permutation(len(images))
                    yield from order.reshape(-1, $batch)


            models = {name: textbook.digits_network(name, seed=$seed) for name in $names}
            costs = {name: [] for name in models}
            draw = batches()
            batch = next(draw)
            for step in range($steps):
                for name, model in models.items():
                    cost, accuracy = model.train_on_batch(images[batch], labels[batch])
                    costs[name].append(cost)
                batch = next(draw)

            inside = textbook.look_inside(models[$first], images[batch], labels[batch])
            print(inside)
            for i, a in enumerate(inside.activations[1:5], 1):
                print(f"A[{i}]: mean={a.mean():.2f} std={a.std():.2f}")
            correct, cost = inside.correct, inside.cost
            weights = models[$first].get_weights()
        """, seed=self.seed, batch=BATCH, names=names, first=names[0], steps=min(steps, MOST_STEPS)))

    def proof(self) -> dict[str, Any]:
        inside = self.inside()
        return {"costs": {slide_name(name): costs for name, costs in self.costs.items()}, "correct": inside.correct,
                "cost": inside.cost, "weights": self.models[self.names[0]].get_weights()}


PARTS: dict[str, type[Training | Experiment | Variances]] = {
    "train": Training, "experiment": Experiment, "variance": Variances}
TRAIN, EXPERIMENT, VARIANCE = ({"what": (name,)} for name in PARTS)
LAYERS = {"what": ("experiment", "variance")}


class Digits(Panel):
    """The demo of the slide, the Xavier experiment, and the variance of each layer."""

    key = "digits"
    order = 4
    rows = "32-37"
    speed = 5
    title = Words("Initialization II", "초기화 II(initialization)")
    about = Words(
        "A network of five layers sees 10,000 images. Its first weights decide what reaches its last layers: only zeros, "
        "only −1 and 1, or a signal that it can learn from.",
        "층이 다섯 개인 신경망이 이미지 10,000장을 학습합니다. 가중치의 초깃값에 따라 각 층이 다음 층에 전달하는 값이 달라집니다. 0만 "
        "전달하거나, −1과 1에 포화(saturation)되거나, 학습할 수 있는 신호를 전달합니다.")
    parameters = (
        Choice(name="what", label=Words("Picture", "그림"), default="train", options=(
            ("train", Words("train on images", "이미지로 학습")),
            ("experiment", Words("Xavier experiment", "Xavier 실험")),
            ("variance", Words("variance of each layer", "층별 분산(variance)")))),
        Choice(name="initialization", label=Words("Initialization method", "초기화 방법"), default="xavier", when=TRAIN,
               options=tuple(INITIALIZATIONS.items())),
        Flag(name="compare", label=Words("Train all four on the same batches", "네 가지를 같은 배치로 함께 학습"), default=False,
             when=TRAIN, help=Words("Their costs are drawn side by side; each step takes four times as long.",
                                    "비용을 나란히 그립니다. 한 단계에 네 배의 시간이 걸립니다.")),
        Choice(name="data", label=Words("Images", "이미지 데이터셋"), default="found", when=TRAIN, options=(
            ("found", Words("the best of these on this computer", "이 컴퓨터에 있는 데이터셋 가운데 첫 번째")),
            ("mnist", Words("MNIST: 10,000 digits", "MNIST: 손글씨 숫자 10,000장")),
            ("fashion", Words("Fashion-MNIST: 10,000 garments", "Fashion-MNIST: 의류 이미지 10,000장")),
            ("sample", Words("tinynet's sample: 7,000 garments", "tinynet에 포함된 의류 이미지 7,000장"))),
            help=Words("Nothing is downloaded.", "아무것도 내려받지 않습니다.")),
        Choice(name="weights", label=Words("Weights", "가중치"), default="xavier", when=EXPERIMENT,
               options=tuple((name, words) for name, (words, _, _) in INITIALIZERS.items())),
        Several(name="compared", label=Words("Weights", "가중치"), default=("xavier", "small", "normal", "he"),
                when=VARIANCE, options=tuple((name, words) for name, (words, _, _) in INITIALIZERS.items())),
        Choice(name="activation", label=Words("Activation", "활성화 함수(activation)"), default="tanh", when=LAYERS,
               options=tuple((name, Words(name, name)) for name in ACTIVATIONS)),
        Choice(name="width", label=Words("Din = Dout", "Din = Dout"), default="512", when=EXPERIMENT, options=(
            *((str(n), Words(str(n), str(n))) for n in (64, 128, 256, 512, 1024, 2048)),
            ("4096", Words("4096, as on the slide", "4096 (슬라이드와 같음)"))),
            help=Words("A step computes one layer, or 512 units of it.",
                       "한 단계에 한 층, 또는 한 층의 유닛 512개를 계산합니다.")),
        Number(name="units", label=Words("Din = Dout", "Din = Dout"), default=256, low=16, high=512, whole=True,
               when=VARIANCE),
        Number(name="depth", label=Words("Layers", "층의 수"), default=20, low=1, high=50, whole=True, when=VARIANCE),
    )
    formulas = (
        (Words("Xavier (slide)", "Xavier (슬라이드)"), r"W_{jk} \sim N\left(0, \tfrac{1}{D_{in}}\right)"),
        (Words("Derivation", "유도"),
         r"\mathrm{Var}(y_i) = D_{in}\,\mathrm{Var}(x_i w_i) = D_{in}\left(E[x_i^2]E[w_i^2] - E[x_i]^2E[w_i]^2\right)"
         r" = D_{in}\,\mathrm{Var}(x_i)\,\mathrm{Var}(w_i)"),
        (Words("For convolutions", "합성곱층(convolution)에서는"),
         r"D_{in} = \mathrm{kernel\_size}^2 \cdot \mathrm{input\_channels}"),
        (Words("Cost of guessing", "무작위로 추측할 때의 비용"), r"-\ln\tfrac{1}{10} = 2.30"),
    )
    words = {
        "data": Words("images", "이미지"), "data_mnist": Words("MNIST", "MNIST"),
        "data_fashion": Words("Fashion-MNIST", "Fashion-MNIST"),
        "data_sample": Words("Fashion-MNIST sample of 7,000", "Fashion-MNIST 표본 7,000장"),
        "misclassified": Words("Misclassified", "오분류(misclassified)"), "cost": Words("Cost", "비용(cost)"),
        "batch": Words("Batch", "배치(batch)"), "epoch": Words("Epoch", "에폭(epoch)"),
        "input_of": Words("Input batch of 100 images", "입력 배치: 이미지 100장"),
        "output_of": Words("Output predictions of 100 images", "이미지 100장의 예측 결과"),
        "right": Words("correct", "정답"), "wrong": Words("misclassified", "오분류"),
        "point": Words("Point at an image, or press the arrow keys in a grid: what it is, and what the network takes it for.",
                       "이미지를 가리키거나 격자에서 화살표 키를 누르면 실제 클래스와 예측한 클래스가 나옵니다."),
        "shapes": Words("X = A[0] has shape (784, 100) and ŷ = A[5] (10, 100) on the slides, an image in each column. "
                        "tinynet, like Keras, has an image in each row.",
                        "슬라이드에서는 X = A[0]의 형태가 (784, 100), ŷ = A[5]의 형태가 (10, 100)이고 열마다 이미지가 하나입니다. "
                        "tinynet은 Keras처럼 행마다 이미지가 하나입니다."),
        "is": Words("is", "실제"), "taken_for": Words("predicted", "예측"),
        "activations_of": Words("Activations of the hidden layers", "은닉층의 활성값(activation)"),
        "costs_of": Words("Cost of each batch before it is trained on", "각 배치로 학습하기 직전의 비용"),
        "guessing": Words("guessing: ln 10 = 2.30", "무작위 추측: ln 10 = 2.30"), "batches": Words("batches", "배치 수"),
        "value": Words("value", "값"), "share": Words("share", "비율"), "mean": Words("mean", "평균"),
        "std": Words("standard deviation", "표준편차"), "saturated": Words("|a| > 0.99", "|a| > 0.99"),
        "layer": Words("Layer", "층(layer)"), "width": Words("Din", "Din"),
        "experiment_of": Words("16 random vectors through six layers: x = f(x W)", "무작위 벡터 16개가 여섯 층을 지납니다: x = f(x W)"),
        "units": Words("units", "유닛"), "slide_std": Words("on the slide", "슬라이드"), "press": Words("Press play or step", "재생이나 한 단계를 누르세요"),
        "not_finite": Words("too large for float32", "float32로 나타낼 수 없음"),
        "variances_of": Words("Variance of each layer's output", "층별 출력의 분산"), "variance": Words("variance", "분산"),
        "input": Words("input", "입력"), "table_of": Words("The newest layer, line by line", "마지막 층의 분산, 식 단계별"),
        "init": Words("weights", "가중치"), "measured": Words("measured Var(y)", "측정한 Var(y)"),
        "first_measured": Words("Var(y), first weights", "Var(y), 첫째 가중치"),
        "first_rule": Words("Din Var(x) Var(w), first weights", "Din Var(x) Var(w), 첫째 가중치"),
        "after": Words("after the activation", "활성화 함수 뒤"),
        "nothing": Words("Choose weights to compare", "비교할 가중치를 고르세요"),
        **{f"class{i}": Words(fashion_mnist.CLASS_NAMES[i], GARMENTS[i]) for i in range(10)},
    }

    def start(self) -> None:
        self.part = PARTS[self.settings["what"]](self.settings, self.seed)
        self.finished = self.part.finished

    def step(self) -> None:
        self.part.step()
        self.finished = self.part.finished

    def state(self) -> dict[str, Any]:
        return self.part.state() | {"what": self.settings["what"]}

    def snapshot(self) -> Any:
        return self.part.snapshot() if isinstance(self.part, Training) else None

    def restore(self, snapshot: Any) -> None:
        assert isinstance(self.part, Training)
        self.part.restore(snapshot)

    def code(self, steps: int) -> str:
        return self.part.code(steps)

    def proof(self) -> dict[str, Any]:
        return self.part.proof()
