"""Batch normalization: the inputs of a layer, three kinds of statistics, and both algorithms line by line."""

from __future__ import annotations

from typing import Any

from ..panel import Panel
from ..parameters import Choice, Number, Rows
from ..words import Words
from .batchnorm_algorithms import Algorithm1, Algorithm2
from .batchnorm_networks import LAYERS, UNITS, Shift, Statistics

PARTS: dict[str, type[Shift | Statistics | Algorithm1 | Algorithm2]] = {
    "shift": Shift, "statistics": Statistics, "algorithm1": Algorithm1, "algorithm2": Algorithm2}
NETWORKS = {"what": ("shift", "statistics", "algorithm2")}
SHIFT, ALGORITHM1 = {"what": ("shift",)}, {"what": ("algorithm1",)}


class BatchNorm(Panel):
    """Networks with and without batch normalization; its statistics; Algorithms 1 and 2."""

    key = "batchnorm"
    order = 7
    rows = "63-66"
    speed = 10
    title = Words("Batch normalization", "배치 정규화(batch normalization)")
    about = Words(
        "While the layers before it learn, the inputs of a layer move: internal covariate shift. Batch normalization "
        "keeps them in place. See what it does in training, what it does in prediction, and why those differ.",
        "앞쪽 층이 학습하는 동안 뒤쪽 층이 받는 입력의 분포가 계속 바뀝니다. 이것이 내부 공변량 변화(internal covariate shift)입니다. "
        "배치 정규화는 이 분포를 붙잡아 둡니다. 학습할 때와 예측할 때 하는 일이 어떻게, 왜 다른지 보세요.")
    parameters = (
        Choice(name="what", label=Words("Picture", "그림"), default="shift", options=(
            ("shift", Words("internal covariate shift", "내부 공변량 변화")),
            ("statistics", Words("batch, moving, population", "배치·이동 평균·모집단 통계량")),
            ("algorithm1", Words("Algorithm 1, step by step", "알고리즘 1 따라가기")),
            ("algorithm2", Words("Algorithm 2, step by step", "알고리즘 2 따라가기")))),
        Rows(name="numbers", label=Words("x over a mini-batch", "미니배치(mini-batch)의 x"), default=((1.0, 2.0, 3.0, 6.0),),
             columns=(2, 8), rows=(1, 1), low=-1000, high=1000, when=ALGORITHM1, keep=True,
             help=Words("With two numbers, m / (m − 1) is 2.", "수가 두 개이면 m/(m − 1)은 2입니다.")),
        Number(name="gamma", label=Words("γ, scale", "γ (크기 조정)"), default=1.0, low=-3, high=3, step=0.1, when=ALGORITHM1,
               keep=True),
        Number(name="beta", label=Words("β, shift", "β (이동)"), default=0.0, low=-3, high=3, step=0.1, when=ALGORITHM1,
               keep=True),
        Number(name="epsilon", label=Words("ε", "ε"), default=0.001, low=1e-7, high=1, log=True, when=ALGORITHM1, keep=True,
               help=Words("Keras has 0.001, PyTorch 0.00001.", "Keras는 0.001, PyTorch는 0.00001입니다.")),
        Choice(name="layer", label=Words("Hidden layer", "은닉층(hidden layer)"), default=str(LAYERS), when=NETWORKS, keep=True,
               options=tuple((str(i), Words(str(i), str(i))) for i in range(1, LAYERS + 1))),
        Number(name="unit", label=Words("Unit of this layer", "이 층의 유닛(unit)"), default=0, low=0, high=UNITS - 1, whole=True,
               when=NETWORKS, keep=True),
        Choice(name="where", label=Words("Inputs seen", "보여 줄 입력"), default="after", view=True, when=SHIFT, options=(
            ("after", Words("of the activation", "활성화 함수의 입력")),
            ("before", Words("of the normalization", "정규화 전의 입력")))),
        Number(name="batch", label=Words("Batch size m", "배치 크기 m"), default=60, low=2, high=256, whole=True, when=NETWORKS,
               help=Words("With 2, a batch's statistics are hardly more than noise.",
                          "2이면 배치 통계량은 거의 잡음(noise)입니다.")),
        Number(name="momentum", label=Words("Momentum of the moving averages", "이동 평균(moving average)의 모멘텀"), default=0.9,
               low=0, high=0.999, step=0.001, keep=True,
               help=Words("The share of the old value that stays. Keras has 0.99; PyTorch means the share of the new one, 0.1.",
                          "이전 값이 남는 비율입니다. Keras의 기본값은 0.99입니다. PyTorch에서는 새 값의 비율이며 0.1입니다.")),
        Number(name="rate", label=Words("Learning rate", "학습률"), default=0.5, low=0.001, high=5, log=True, when=NETWORKS),
        Choice(name="activation", label=Words("Activation", "활성화 함수(activation)"), default="sigmoid", when=NETWORKS,
               options=tuple((name, Words(name, name)) for name in ("sigmoid", "tanh", "relu"))),
        Choice(name="weights", label=Words("First weights", "가중치 초깃값"), default="xavier", when=NETWORKS, options=(
            ("xavier", Words("Xavier", "Xavier")), ("small", Words("normal, std 0.01", "정규분포, 표준편차 0.01")),
            ("large", Words("normal, std 0.5", "정규분포, 표준편차 0.5")))),
    )
    formulas = (
        (Words("In training (Algorithm 1)", "학습할 때 (알고리즘 1)"),
         r"y_i = \gamma\,\frac{x_i - \mu_{\mathcal{B}}}{\sqrt{\sigma_{\mathcal{B}}^2 + \epsilon}} + \beta"),
        (Words("In prediction (Keras)", "예측할 때 (Keras)"),
         r"y = \gamma\,\frac{x - \mathrm{moving\_mean}}{\sqrt{\mathrm{moving\_var} + \epsilon}} + \beta"),
        (Words("Moving averages", "이동 평균"),
         r"\mathrm{moving} \leftarrow \mathrm{momentum}\cdot\mathrm{moving} + (1 - \mathrm{momentum})\cdot\mathrm{batch}"),
        (Words("Of the population (Algorithm 2)", "모집단 (알고리즘 2)"),
         r"E[x] = E_{\mathcal{B}}[\mu_{\mathcal{B}}],\quad \mathrm{Var}[x] = \tfrac{m}{m-1}E_{\mathcal{B}}[\sigma_{\mathcal{B}}^2]"),
    )
    words = {
        "with": Words("with batch normalization", "배치 정규화 있음"), "without": Words("without batch normalization", "배치 정규화 없음"),
        "loss_with": Words("Loss with (20 batches)", "있을 때 손실 (배치 20개)"),
        "loss_without": Words("Loss without (20 batches)", "없을 때 손실 (배치 20개)"),
        "accuracy_with": Words("Accuracy with, training=False", "있을 때 정확도, training=False"),
        "accuracy_batch": Words("Accuracy with, training=True", "있을 때 정확도, training=True"),
        "accuracy_without": Words("Accuracy without", "없을 때 정확도"),
        "bands_of": Words("One unit's inputs on 500 test images: median, and from 15% to 85% of them",
                          "테스트 이미지 500장에 대한 한 유닛의 입력: 중앙값과 15~85% 구간"),
        "losses_of": Words("Loss on the same batches", "같은 배치에 대한 손실"), "loss": Words("loss", "손실"),
        "steps": Words("updates", "갱신 횟수"), "input": Words("input", "입력"), "median": Words("median", "중앙값"),
        "band": Words("15% to 85%", "15~85% 구간"), "batches": Words("mini-batches", "미니배치 수"),
        "means_of": Words("Mean of the unit's input", "유닛 입력의 평균"),
        "variances_of": Words("Variance of the unit's input", "유닛 입력의 분산"),
        "mean": Words("mean", "평균"), "variance": Words("variance", "분산"),
        "of_batch": Words("of each batch", "배치마다"), "of_moving": Words("moving average (Keras)", "이동 평균 (Keras)"),
        "of_population": Words("population, weights as they are (Algorithm 2)", "그 시점의 가중치로 추정한 모집단 통계량 (알고리즘 2)"),
        "of_biased": Words("the same without m / (m − 1)", "m/(m − 1)을 곱하지 않은 것"),
        "of_truth": Words("all 6,000 images at once", "이미지 6,000장 전체"),
        "of_keras": Words("Keras's moving average", "Keras의 이동 평균"),
        "running": Words("average so far", "지금까지의 평균"), "corrected": Words("times m / (m − 1)", "m/(m − 1)을 곱한 것"),
        "m": Words("m", "m"), "correction": Words("m / (m − 1)", "m / (m − 1)"),
        "batch_mean": Words("mini-batch mean μ", "미니배치 평균 μ"),
        "batch_variance": Words("mini-batch variance σ²", "미니배치 분산 σ²"),
        "unbiased": Words("divided by m − 1 instead", "m − 1로 나누면"), "moving_mean": Words("moving mean", "이동 평균: 평균"),
        "moving_variance": Words("moving variance", "이동 평균: 분산"),
        "population_variance": Words("population variance Var[x]", "모집단 분산 Var[x]"),
        "expectation": Words("population mean E[x]", "모집단 평균 E[x]"),
        "difference": Words("largest difference to the layer", "층의 출력과의 최대 차이"),
        "accuracy_keras": Words("Accuracy, moving averages", "정확도: 이동 평균"),
        "accuracy_population": Words("Accuracy, population", "정확도: 모집단 통계량"),
        "updates": Words("updates", "갱신 횟수"), "line": Words("now", "현재 단계"),
        "line_input": Words("input: values of x over a mini-batch", "입력: 미니배치의 x 값"),
        "line_mean": Words("mini-batch mean", "미니배치 평균"), "line_variance": Words("mini-batch variance", "미니배치 분산"),
        "line_normalize": Words("normalize", "정규화"), "line_scale": Words("scale and shift", "크기 조정과 이동"),
        "line_moving": Words("Keras: move the moving averages", "Keras: 이동 평균 갱신"),
        "line_predict": Words("Keras: prediction, training=False", "Keras: 예측(training=False)"),
        "line_begin": Words("input: the network", "입력: 신경망"),
        "line_train": Words("lines 1–6: train with mini-batch statistics", "1~6행: 미니배치 통계량으로 학습"),
        "line_freeze": Words("line 7: freeze the parameters", "7행: 매개변수 고정"),
        "line_estimate": Words("lines 8–10: average over mini-batches", "8~10행: 여러 미니배치의 평균"),
        "line_replace": Words("line 11: replace the transform by y = a x + b", "11행: 변환을 y = ax + b로 대체"),
        "from_x_to_y": Words("From x to y", "x에서 y까지"), "centred": Words("x − μ", "x − μ"),
        "numbers_of": Words("The numbers of each line", "단계별 값"), "layers_y": Words("layer, training=True", "층, training=True"),
        "layers_prediction": Words("layer, training=False", "층, training=False"),
        "two_variances": Words("divided by m − 1: m / (m − 1) times as much", "m − 1로 나누면 m/(m − 1)배"),
        "press": Words("Press play or step", "재생이나 한 단계를 누르세요"),
        "algorithm_of": Words("Algorithm 2: training a batch-normalized network", "알고리즘 2: 배치 정규화 신경망의 학습"),
        "means_estimated": Words("E[x] from mini-batches", "미니배치로 추정한 E[x]"),
        "variances_estimated": Words("Var[x] from mini-batches", "미니배치로 추정한 Var[x]"),
        "of_mini_batch": Words("of one mini-batch", "미니배치 하나"),
    }

    def start(self) -> None:
        self.part = PARTS[self.settings["what"]](self.settings, self.seed)
        self.finished = self.part.finished

    def step(self) -> None:
        self.part.step()
        self.finished = self.part.finished

    def state(self) -> dict[str, Any]:
        return self.part.state() | {"what": self.settings["what"]}

    def view(self, settings: dict[str, Any]) -> None:
        self.settings = self.part.settings = settings

    def snapshot(self) -> Any:
        return None if isinstance(self.part, Algorithm1) else self.part.snapshot()

    def restore(self, snapshot: Any) -> None:
        assert not isinstance(self.part, Algorithm1)
        self.part.restore(snapshot)
        self.part.finished = False

    def code(self, steps: int) -> str:
        return self.part.code(steps)

    def proof(self) -> dict[str, Any]:
        return self.part.proof()
