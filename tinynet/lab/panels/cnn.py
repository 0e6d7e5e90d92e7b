"""A convolutional network trains, an image goes through it, and VGG-16 as blocks to walk through."""

from __future__ import annotations

from typing import Any

from ..panel import Panel
from ..parameters import Choice, Flag, Number, Picture
from ..words import Words
from .cnn_training import Training
from .cnn_vgg import Vgg

SCENES: dict[str, Any] = {"training": Training, "vgg": Vgg}
TRAINING: dict[str, tuple] = {"show": ("training",)}
DRAWING = Picture(
    name="drawing", label=Words("Your own image", "나만의 이미지"), default="", shape=(28, 28, 1), view=True, when=TRAINING,
    help=Words("Bright clothes on black, as in the data. Clear it to come back to the test images.",
               "데이터처럼 검은 바탕에 밝은 옷을 그리세요. 지우면 다시 테스트 이미지를 씁니다."))


class Cnn(Panel):
    """A step is one batch of training, or one layer of VGG-16."""

    key = "cnn"
    order = 10
    rows = "70, 76-77"
    speed = 10
    title = Words("A convolutional network", "합성곱 신경망(CNN)")
    about = Words(
        "A small network learns to tell clothes apart, one batch of 64 images a step, while its filters and feature maps "
        "move. Choose a test image or draw one, and follow it through the layers to its scores. Then walk through VGG-16.",
        "작은 신경망이 한 단계에 이미지 64장(배치 하나)씩 배우며 옷을 구별합니다. 그동안 필터와 특징 맵(feature map)이 변하는 모습을 보세요. "
        "테스트 이미지를 고르거나 직접 그려서 층마다 따라가며 클래스 점수까지 확인하고, VGG-16도 층별로 살펴봅니다.")
    parameters = (
        Choice(name="show", label=Words("Show", "주제"), default="training", options=(
            ("training", Words("A small CNN on Fashion-MNIST", "Fashion-MNIST를 배우는 작은 CNN")),
            ("vgg", Words("VGG-16, layer by layer", "VGG-16의 층")))),
        Number(name="index", label=Words("Test image", "테스트 이미지 번호"), default=0, low=0, high=999, whole=True, view=True,
               when=TRAINING),
        DRAWING,
        Flag(name="invert", label=Words("Swap black and white in it", "내 이미지의 흑백 뒤집기"), default=False, view=True,
             when=TRAINING, help=Words("For photos on a white ground", "흰 바탕의 사진에 씁니다")),
        Choice(name="layer", label=Words("Look closer at a map of", "자세히 볼 맵의 층"), default="conv1", view=True,
               when=TRAINING, options=(("conv1", Words("conv1", "conv1")), ("pool1", Words("pool1", "pool1")),
                                       ("conv2", Words("conv2", "conv2")), ("pool2", Words("pool2", "pool2")))),
        Number(name="map", label=Words("Map", "맵 번호"), default=0, low=0, high=31, whole=True, view=True, when=TRAINING),
        Number(name="rate", label=Words("Learning rate", "학습률(learning rate)"), default=0.003, low=1e-4, high=1, log=True,
               when=TRAINING),
        Choice(name="optimizer", label=Words("Optimizer", "최적화 알고리즘(optimizer)"), default="adam", when=TRAINING, options=(
            ("sgd", Words("SGD", "SGD")), ("momentum", Words("Momentum", "모멘텀")), ("adam", Words("Adam", "Adam")))),
        Number(name="filters1", label=Words("Filters of conv1", "conv1의 필터 개수"), default=8, low=1, high=16, whole=True,
               when=TRAINING),
        Number(name="filters2", label=Words("Filters of conv2", "conv2의 필터 개수"), default=16, low=1, high=32, whole=True,
               when=TRAINING),
        Choice(name="size", label=Words("Size of a filter", "필터의 크기"), default="3", when=TRAINING, options=(
            ("3", Words("3×3", "3×3")), ("5", Words("5×5", "5×5")))),
        Choice(name="pooling", label=Words("Pooling", "풀링(pooling)"), default="max", when=TRAINING, options=(
            ("max", Words("max", "최대")), ("average", Words("average", "평균")))),
        Choice(name="images", label=Words("Training images", "학습 이미지 수"), default="3000", when=TRAINING, options=(
            ("1000", Words("1,000", "1,000")), ("3000", Words("3,000", "3,000")), ("6000", Words("6,000", "6,000")))),
    )
    formulas = (
        (Words("Feature map k of a convolution layer", "합성곱층의 k번째 특징 맵"),
         r"y_{ijk} = \mathrm{ReLU}\Big(b_k + \sum_{p,q,c} x_{i+p,\,j+q,\,c}\; w_{pqck}\Big)"),
        (Words("Softmax", "소프트맥스(softmax)"), r"p_k = \frac{e^{z_k}}{\sum_{j} e^{z_j}}"),
        (Words("Parameters of a convolution layer", "합성곱층의 매개변수 수"), r"K \cdot K \cdot C_{in} \cdot C_{out} + C_{out}"),
    )
    words = {
        "epoch": Words("epoch", "에폭(epoch)"), "loss": Words("loss of the batch", "배치의 손실(loss)"),
        "accuracy": Words("accuracy in the batch", "배치의 정확도(accuracy)"),
        "test_loss": Words("test loss", "테스트 손실"), "test_accuracy": Words("test accuracy", "테스트 정확도"),
        "prediction": Words("prediction for this image", "이 이미지의 예측"), "score": Words("its score", "예측의 점수"),
        "class0": Words("T-shirt", "티셔츠"), "class1": Words("trousers", "바지"), "class2": Words("pullover", "풀오버"),
        "class3": Words("dress", "원피스"), "class4": Words("coat", "코트"), "class5": Words("sandal", "샌들"),
        "class6": Words("shirt", "셔츠"), "class7": Words("sneaker", "운동화"), "class8": Words("bag", "가방"),
        "class9": Words("ankle boot", "앵클부츠"),
        "image": Words("The image", "이미지"), "your_image": Words("your image", "나만의 이미지"),
        "label_is": Words("label", "정답"), "right": Words("right", "맞음"), "wrong": Words("wrong", "틀림"),
        "scores_of": Words("Its seven highest scores", "점수가 높은 클래스 7개"), "class": Words("class", "클래스"),
        "logit": Words("logit z", "로짓(logit) z"), "exponential": Words("eᶻ", "eᶻ"), "probability": Words("score p", "점수 p"),
        "softmax_of": Words("Softmax with the numbers of this image", "이 이미지의 값을 넣은 소프트맥스"),
        "percent": Words("In percent, as the slide writes them:", "슬라이드처럼 퍼센트로 쓰면:"),
        "examples": Words("Test images to try", "써 볼 테스트 이미지"),
        "maps_of": Words("feature maps", "특징 맵(feature map)"), "filters_of": Words("filters", "필터(filter)"),
        "map_number": Words("map", "맵"), "filter_number": Words("filter", "필터"), "closer": Words("Closer", "자세히 보기"),
        "filter_of_map": Words("Its filter", "이 맵의 필터"), "per_input": Words("one sheet for each input map", "입력 맵마다 한 장"),
        "bias": Words("bias b", "편향(bias) b"),
        "bright": Words("Maps: bright is large, black is 0, each from 0 to its maximum. "
                        "Filters: orange is positive, blue negative.",
                        "맵: 밝을수록 큰 값, 검은색은 0(맵마다 0부터 최댓값까지). 필터: 주황은 양수, 파랑은 음수입니다."),
        "pointed": Words("Point at a pixel to read its value.", "화소를 가리키면 값이 나옵니다."),
        "curves_loss": Words("Loss", "손실"), "curves_accuracy": Words("Accuracy", "정확도"), "steps": Words("step", "단계"),
        "batch": Words("batch of 64", "배치 64장"), "test": Words("256 test images", "테스트 256장"),
        "dead": Words("all zero: this map does not see anything here", "모두 0: 이 맵은 여기서 아무것도 보지 못합니다"),
        # VGG-16
        "layer_name": Words("layer", "층"), "output_shape": Words("output", "출력"),
        "layer_parameters": Words("its parameters", "이 층의 매개변수"), "total": Words("sum so far", "지금까지의 합"),
        "whole": Words("whole network", "전체"), "vgg_of": Words("VGG-16 as blocks", "블록으로 보는 VGG-16"),
        "vgg_rule": Words("CONV = 3×3 filter, stride 1, same padding. POOL = 2×2, stride 2. Height and width fall, channels rise. "
                          "Below each block: the height and width that leave it. The boxes' heights are compressed.",
                          "CONV = 3×3 필터, stride 1, same. POOL = 2×2, stride 2. 높이와 너비는 줄고 채널 수는 늘어납니다. "
                          "블록 아래는 블록을 나갈 때의 높이와 너비이며, 상자의 높이는 줄여서 그렸습니다."),
        "layers_of": Words("Layers and parameters", "층과 매개변수"), "parameters": Words("parameters", "매개변수(parameter)"),
        "how": Words("how they are counted", "계산"),
        "shares_of": Words("Where the parameters are", "매개변수가 있는 곳"),
    }

    def start(self) -> None:
        self.scene = SCENES[self.settings["show"]](self._with_pixels(self.settings), self.seed)
        self.finished = self.scene.finished

    def _with_pixels(self, settings: dict[str, Any]) -> dict[str, Any]:
        return settings | {"drawing": DRAWING.pixels(settings["drawing"])}

    def view(self, settings: dict[str, Any]) -> None:
        super().view(settings)
        self.scene.view(self._with_pixels(settings))

    def step(self) -> None:
        self.scene.step()
        self.finished = self.scene.finished

    def state(self) -> dict[str, Any]:
        return {"scene": self.settings["show"]} | self.scene.state()

    def snapshot(self) -> Any:
        return self.scene.snapshot()

    def restore(self, snapshot: Any) -> None:
        self.scene.restore(snapshot)
        self.finished = self.scene.finished

    def code(self, steps: int) -> str:
        return self.scene.code(steps)

    def proof(self) -> dict[str, Any]:
        return self.scene.proof()
