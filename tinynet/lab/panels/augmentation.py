"""Augmentation of images: every transform of the catalogue with its parameters, sheets of draws, and mixed pictures."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from ... import augment
from ...augment.batches import as_generator
from ...augment.catalogue import TRANSFORMS, draw_parameters
from ..code import program
from ..panel import Panel
from ..parameters import Choice, Number
from ..words import LabError, Words
from . import augmentation_pictures as pictures
from .augmentation_controls import GROUPS, adjusted, all_controls, ranges_of, values_of
from .augmentation_words import name_of, sentence_of

DRAWS = 12
NUMBERS = 8  # side of the matrix on which PatchShuffle shows its windows


def refused(call: Callable[[], Any]) -> Any:
    """Return what `call` returns; what the operation refuses becomes a problem that the page shows."""
    try:
        return call()
    except (ValueError, ImportError) as error:
        raise LabError(Words(str(error), f"이 설정으로는 계산할 수 없습니다: {error}")) from None


class AugmentationPanel(Panel):
    """Each step draws a new sheet: in training, each epoch gets other pictures."""

    key = "augmentation"
    order = 8
    rows = "50-55"
    speed = 2
    title = Words("Data augmentation", "데이터 증강(data augmentation)")
    about = Words(
        "One picture becomes many, and the label stays, or is mixed with it. Choose a transform and move its parameters; "
        "below, each draw has its own seed. A step draws a new sheet, as each epoch of training gets other pictures.",
        "그림 한 장으로 여러 장을 만듭니다. 라벨은 그대로이거나 그림과 함께 섞입니다. 변환을 고르고 매개변수를 움직여 보세요. "
        "아래의 그림은 저마다 시드(seed)가 다릅니다. 한 단계마다 새로 뽑으며, 학습에서도 에폭마다 다른 그림이 들어갑니다.")
    parameters = (
        Choice(name="group", label=Words("Kind", "종류"), default="pixel", options=(
            ("pixel", Words("Pixel-level", "픽셀 수준")), ("spatial", Words("Spatial-level", "공간 수준")),
            ("patches", Words("PatchShuffle, Cutout", "PatchShuffle, Cutout")), ("mixing", Words("Mixing", "그림 섞기")))),
        Choice(name="picture", label=Words("Picture", "그림"), default="cat", options=pictures.KINDS),
        Number(name="garment", label=Words("Garment number", "옷 번호"), default=0, low=0, high=999, whole=True,
               when={"picture": ("fashion",)}),
        pictures.PHOTO,
        Choice(name="sheet", label=Words("Below", "아래 그림"), default="draws", options=(
            ("draws", Words("draws of one", "하나를 여러 번 뽑기")), ("all", Words("all of this kind", "이 종류 모두")))),
        *all_controls(),
        Choice(name="mixing", label=Words("Mixing", "섞는 방법"), default="mixup", when={"group": ("mixing",)},
               options=tuple((name, name_of(name)) for name in augment.MASKS)),
        Choice(name="partner", label=Words("Second picture", "둘째 그림"), default="dog", options=pictures.KINDS[:-1],
               when={"group": ("mixing",)}),
        Number(name="partner_garment", label=Words("Garment number of the second", "둘째 옷 번호"), default=1, low=0, high=999,
               whole=True, when={"group": ("mixing",), "partner": ("fashion",)}),
        Number(name="weight", label=Words("λ: share of the first picture", "λ: 첫째 그림의 비율"), default=0.4, low=0, high=1,
               when={"group": ("mixing",)}),
        Number(name="alpha", label=Words("α of the draws: λ ~ Beta(α, α)", "뽑을 때의 α: λ ~ Beta(α, α)"), default=1.0,
               low=0.05, high=10, log=True, when={"group": ("mixing",), "sheet": ("draws",)},
               help=Words("The slide gives no law for λ; the paper draws it from this. Keras's MixUp has α = 0.2",
                          "슬라이드에는 λ의 분포가 없습니다. 논문은 이 분포에서 뽑으며, Keras의 MixUp은 α = 0.2입니다")),
        Choice(name="draws", label=Words("The draws take", "뽑을 매개변수"), default="catalogue", options=(
            ("catalogue", Words("the catalogue's ranges", "기본 범위")), ("around", Words("around the sliders", "슬라이더 값 주변")),
            ("fixed", Words("just the sliders", "슬라이더 값 그대로"))), when={"group": tuple(GROUPS), "sheet": ("draws",)},
            help=Words("Parameters without a range of their own stay at the slider's value",
                       "범위가 없는 매개변수는 슬라이더 값을 씁니다")),
        Number(name="spread", label=Words("How far around, a share of the slider", "주변의 너비(슬라이더의 비율)"), default=0.2,
               low=0, high=1, step=0.05, when={"group": tuple(GROUPS), "sheet": ("draws",), "draws": ("around",)}),
        Number(name="chance", label=Words("Probability of a transform", "변환할 확률"), default=1.0, low=0, high=1, step=0.05,
               when={"group": tuple(GROUPS), "sheet": ("draws",)},
               help=Words("A flip with probability 1 gives one new picture; with 1/2 the network gets both",
                          "뒤집기를 확률 1로 하면 한 장이 다른 한 장이 될 뿐입니다. 1/2이면 두 그림이 모두 학습에 쓰입니다")),
    )
    formulas = (
        (Words("Pixel-level: the values change", "픽셀 수준: 값이 바뀝니다"), r"\tilde{x}_{ij} = f(x_{ij})"),
        (Words("Spatial-level: the positions change", "공간 수준: 위치가 바뀝니다"), r"\tilde{x}(p) = x(A^{-1} p)"),
        (Words("PatchShuffle: each n × n window b, with probability p", "PatchShuffle: n×n 창 b마다 확률 p로"),
         r"\tilde{X}_b = P_b X_b,\quad P_b \text{: permutation}"),
        (Words("mixup", "mixup"), r"\tilde{x} = \lambda x_i + (1-\lambda) x_j,\quad \tilde{y} = \lambda y_i + (1-\lambda) y_j"),
        (Words("Non-linear mixing, with a mask M", "마스크 M으로 비선형으로 섞기"),
         r"\tilde{x} = M \odot x_i + (1-M) \odot x_j,\quad \tilde{y} = \overline{M} y_i + (1-\overline{M}) y_j"),
    )
    words = {
        "original": Words("original", "원본"), "result": Words("result", "결과"), "second": Words("second picture", "둘째 그림"),
        "mask": Words("M: white is the first picture", "M: 흰 곳은 첫째 그림"), "label": Words("label", "라벨"),
        "kept_label": Words("the label stays", "라벨은 그대로"), "target": Words("Target label", "목표 라벨(target label)"),
        "draws_of": Words("Draws, each with its own seed", "뽑은 그림들(저마다 다른 시드)"), "seed": Words("seed", "시드"),
        "all_of": Words("All of this kind, with the sliders' values", "이 종류의 모든 방법(슬라이더 값으로)"),
        "left_alone": Words("not transformed", "변환 안 함"), "different": Words("different pictures of 12", "12장 가운데 서로 다른 그림"),
        "changed": Words("pixels changed, %", "바뀐 화소(%)"), "mean_before": Words("mean value, original", "평균값(원본)"),
        "mean_after": Words("mean value, result", "평균값(결과)"), "size": Words("size of the result", "결과의 크기"),
        "share_first": Words("share of the first label", "첫째 라벨의 비율"),
        "share_second": Words("share of the second label", "둘째 라벨의 비율"),
        "mean_share": Words("mean share of the first, draws", "첫째 비율의 평균(뽑은 그림)"),
        "histogram_of": Words("How often each value occurs", "값의 히스토그램"), "value": Words("value", "값"),
        "pixels": Words("pixels", "화소 수"), "red": Words("red", "빨강"), "green": Words("green", "초록"), "blue": Words("blue", "파랑"),
        "grid_of": Words("The same transform on a grid", "격자에 같은 변환을 하면"),
        "numbers_of": Words("The same on the numbers 0 to 63: a moved number has the colour of its window",
                            "0부터 63까지의 수에 같은 일을 하면: 움직인 수에는 창의 색을 칠했습니다"),
        "density_of": Words("Beta(α, α), and the λ drawn", "Beta(α, α)의 밀도와 뽑은 λ"), "density": Words("density", "밀도"),
        "lambda": Words("λ", "λ"),
        **{f"about_{name}": sentence_of(name) for name in (*TRANSFORMS, *augment.MASKS)},
        **{f"label_{name}": words for name, words in pictures.LABELS.items()},
    }

    @classmethod
    def adjust(cls, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        return adjusted(old, new)

    def start(self) -> None:
        chosen = self.settings
        self.picture, self.label = pictures.picture(chosen["picture"], chosen["garment"], chosen["own"])
        self.partner, self.partner_label = pictures.picture(chosen["partner"], chosen["partner_garment"], chosen["own"])
        self.mixes = chosen["group"] == "mixing"
        self.name = chosen[chosen["group"]]
        self.values: dict[str, Any] = {} if self.mixes else values_of(self.name, chosen)
        self.ranges: dict[str, Any] = {} if self.mixes else ranges_of(self.name, chosen, chosen["draws"], chosen["spread"])
        self.shows_all = chosen["sheet"] == "all"
        self.all: dict[str, np.ndarray] = {}
        self.sheet: list[np.ndarray] = []
        self.count = 0
        refused(self._draw)

    def step(self) -> None:
        self.count += 1
        self._draw()

    def _seeds(self, steps: int) -> range:
        return range(self.seed + DRAWS * steps, self.seed + DRAWS * (steps + 1))

    def _draw(self) -> None:
        """The result and the sheet of this step."""
        self.seeds = self._seeds(self.count)
        if self.mixes:
            batch, one_hot = np.stack([self.picture, self.partner]), np.eye(2)
            self.result, self.target = self._mixed(batch, one_hot, self.name, self.seeds[0], weights=self.settings["weight"])
            if self.shows_all:
                found = {name: self._mixed(batch, one_hot, name, self.seeds[0], weights=self.settings["weight"])
                         for name in augment.MASKS}
                self.all = {name: mixed for name, (mixed, _) in found.items()}
                self.targets = [label for _, label in found.values()]
                return
            drawn = [self._mixed(batch, one_hot, self.name, seed, alpha=self.settings["alpha"]) for seed in self.seeds]
            self.sheet, self.targets = [one for one, _ in drawn], [target for _, target in drawn]
            return
        self.result = augment.apply(self.name, self.picture, seed=self.seeds[0], **self.values)
        if self.shows_all:
            self.all = {name: augment.apply(name, self.picture, seed=self.seeds[0], **values)
                        for name, values in self._all_values().items()}
            return
        self.chosen = np.random.default_rng([self.seed, self.count]).random(DRAWS) < self.settings["chance"]
        self.sheet = [one if chosen else self.picture for one, chosen in zip(self._draws(), self.chosen, strict=True)]

    def _draws(self) -> list[np.ndarray]:
        """The sheet's draws; one that is the same for all seeds is computed once, as `median_blur` takes 10 ms."""
        transform = TRANSFORMS[self.name]
        if "seed" not in transform.parameters and not (transform.ranges and self.settings["draws"] != "fixed"):
            return DRAWS * [augment.apply(self.name, self.picture, seed=self.seeds[0], **self.ranges)]
        return [augment.apply(self.name, self.picture, seed=seed, **self.ranges) for seed in self.seeds]

    def _all_values(self) -> dict[str, dict[str, Any]]:
        """{transform of this kind: its values}; without JPEG where pillow is missing."""
        return {name: values_of(name, self.settings) for name in GROUPS[self.settings["group"]]
                if name != "jpeg" or find_spec("PIL")}

    @staticmethod
    def _mixed(batch: np.ndarray, one_hot: np.ndarray, name: str, seed: int, **how: Any) -> tuple[np.ndarray, np.ndarray]:
        mixed, labels = augment.mix(batch, one_hot, name, seed=seed, partners=[1, 0], **how)
        return mixed[0], labels[0]

    def state(self) -> dict[str, Any]:
        state = {"name": self.name, "original": self.picture, "label": self.label, "result": pictures.as_bytes(self.result),
                 "sheet": [pictures.as_bytes(one) for one in self.all.values() or self.sheet], "names": list(self.all),
                 "seeds": list(self.seeds)}
        return state | (self._mixing_state() if self.mixes else self._transform_state())

    def _mixing_state(self) -> dict[str, Any]:
        mask = augment.mixing_mask(self.name, (2, *self.picture.shape), self.settings["weight"], self.seeds[0])[0]
        alpha = self.settings["alpha"]
        numbers = {"share_first": float(self.target[0]), "share_second": float(self.target[1])}
        state = {"numbers": numbers, "partner": self.partner, "partner_label": self.partner_label,
                 "mask": pictures.as_bytes(255 * mask), "target": self.target, "targets": np.stack(self.targets)}
        if not self.shows_all:
            # mix draws the shares first: these are the λ of the sheet.
            lambdas = [as_generator(seed).beta(alpha, alpha, 2)[0] for seed in self.seeds]
            numbers["mean_share"] = float(np.mean([target[0] for target in self.targets]))
            state |= {"lambdas": np.array(lambdas, np.float32), "density": pictures.beta_density(alpha)}
        return state

    def _transform_state(self) -> dict[str, Any]:
        same = self.result.shape == self.picture.shape
        numbers: dict[str, Any] = {"size": " × ".join(map(str, self.result.shape[:2]))}
        if same:
            numbers["changed"] = float(100 * (self.result != self.picture).any(-1).mean())
        numbers |= {"mean_before": float(self.picture.mean()), "mean_after": float(self.result.mean())}
        state: dict[str, Any] = {"numbers": numbers}
        if not self.shows_all:
            numbers["different"] = len({one.tobytes() for one in self.sheet})
            state |= {"chosen": self.chosen, "drawn": [
                self._drawn(seed) if chosen else {} for seed, chosen in zip(self.seeds, self.chosen, strict=True)]}
        if self.settings["group"] == "pixel":
            state["histograms"] = np.stack([pictures.histogram(self.picture), pictures.histogram(self.result)])
        elif self.settings["group"] == "spatial":
            state["grid"] = augment.apply(self.name, pictures.grid_picture(), seed=self.seeds[0], **self.values)
        elif self.name == "patch_shuffle" and self.values["size"] <= NUMBERS:
            numbers_before = np.arange(NUMBERS**2, dtype=np.float64).reshape(NUMBERS, NUMBERS, 1)
            state["moved"] = augment.apply(self.name, numbers_before, seed=self.seeds[0], **self.values)[..., 0]
            state["window"] = self.values["size"]
        return state

    def _drawn(self, seed: int) -> dict[str, float]:
        """The parameters that a draw took from its ranges: `augment.apply` draws them first."""
        drawn = draw_parameters(self.name, 1, as_generator(seed), **self.ranges)
        return {key: value.item() for key, value in drawn.items() if isinstance(value, np.ndarray)}

    def code(self, steps: int) -> str:
        chosen, seeds = self.settings, self._seeds(steps)
        lines, values = pictures.code_of("picture", chosen["picture"], chosen["garment"], chosen["own"])
        if self.mixes:
            more, others = pictures.code_of("partner", chosen["partner"], chosen["partner_garment"], chosen["own"],
                                            helpers="def paint" not in lines)
            lines, values = f"{lines}\n{more}", values | others
            body = MIXING_CODE + (ALL_MIXING_CODE if self.shows_all else MIXING_DRAWS_CODE)
        else:
            body = RESULT_CODE + (ALL_CODE if self.shows_all else DRAWS_CODE if chosen["chance"] == 1 else CHANCE_CODE)
            values["all"] = self._all_values() if self.shows_all else {}
            for which, given in (("values", self.values), ("ranges", {} if self.shows_all else self.ranges)):
                short = len(given) <= 3
                arguments = "".join(f", {key}=${which}_{key}" for key in given) if short else f", **{which}"
                body = body.replace(f"@{which}", arguments)
                values |= {f"{which}_{key}": value for key, value in given.items()}
                if not short:
                    body, values = f"{which} = ${which}\n{body}", values | {which: given}
        imports = "from tinynet import augment" + (", datasets" if "datasets." in lines else "")
        base64 = "import base64\n\n" if "base64." in lines else ""
        template = f"{base64}import numpy as np\n\n{imports}\n\n{lines}\n\n{body}"
        return program(template, **values, name=self.name, first=seeds[0], last=seeds[-1] + 1, seed=self.seed, steps=steps,
                       weight=chosen["weight"], alpha=chosen["alpha"], chance=chosen["chance"])

    def proof(self) -> dict[str, Any]:
        proof: dict[str, Any] = {"picture": self.picture, "result": self.result, "sheet": self.all or self.sheet}
        return proof | ({"target": self.target, "targets": self.targets} if self.mixes else {})


RESULT_CODE = """seeds = range($first, $last)
result = augment.apply($name, picture, seed=seeds[0]@values)
"""
DRAWS_CODE = """sheet = [augment.apply($name, picture, seed=seed@ranges) for seed in seeds]

print(len({one.tobytes() for one in sheet}), "different draws")
"""
CHANCE_CODE = """
# Each draw is transformed with this probability.
chosen = np.random.default_rng([$seed, $steps]).random(len(seeds)) < $chance
sheet = [augment.apply($name, picture, seed=seed@ranges) if one else picture
         for seed, one in zip(seeds, chosen)]
print(len({one.tobytes() for one in sheet}), "different draws")
"""
ALL_CODE = """
settings = $all
sheet = {name: augment.apply(name, picture, seed=seeds[0], **values) for name, values in settings.items()}
for name, one in sheet.items():
    print(f"{name:20} mean {one.mean():.1f}")
"""
MIXING_CODE = """batch = np.stack([picture, partner])
one_hot = np.eye(2)
seeds = range($first, $last)

def mix(name, seed, **how):  # the first picture with the second
    mixed, targets = augment.mix(batch, one_hot, name, seed=seed, partners=[1, 0], **how)
    return mixed[0], targets[0]

result, target = mix($name, seeds[0], weights=$weight)
print("target label", target)
"""
MIXING_DRAWS_CODE = """
draws = [mix($name, seed, alpha=$alpha) for seed in seeds]  # shares from Beta(alpha, alpha)
sheet = [mixed for mixed, _ in draws]
targets = [label for _, label in draws]
"""
ALL_MIXING_CODE = """
every = {name: mix(name, seeds[0], weights=$weight) for name in augment.MASKS}
sheet = {name: mixed for name, (mixed, _) in every.items()}
targets = [label for _, label in every.values()]
for name, (_, label) in every.items():
    print(f"{name:20}", label)
"""
