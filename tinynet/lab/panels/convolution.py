"""Convolution and pooling: a filter slides over numbers; why it has few weights; what it does with a shifted image."""

from __future__ import annotations

from typing import Any

from ..panel import Panel
from ..parameters import Choice, Flag, Number, Picture, Rows
from ..words import Words
from .convolution_ideas import Connections, Shift
from .convolution_slide import Filter, Pooling, Volume

SCENES: dict[str, Any] = {"filter": Filter, "volume": Volume, "pooling": Pooling, "connections": Connections,
                          "shift": Shift}
SEVEN = (
    (0, 0, 0, 0, 0, 0, 0), (0, 9, 9, 9, 9, 9, 0), (0, 0, 0, 0, 9, 9, 0), (0, 0, 0, 8, 9, 0, 0), (0, 0, 7, 9, 0, 0, 0),
    (0, 0, 9, 7, 0, 0, 0), (0, 0, 0, 0, 0, 0, 0))
SLIDE_POOLING = ((8, 7, 5, 3), (12, 9, 5, 7), (13, 2, 10, 3), (9, 4, 5, 14))
DRAWING = Picture(name="drawing", label=Words("Your own image", "나만의 이미지"), default="", shape=(28, 28, 1),
                  when={"show": ("shift",)},
                  help=Words("It replaces the image above until you clear it.", "지울 때까지 위의 이미지 대신 씁니다."))


def only(*scenes: str) -> dict[str, tuple]:
    """Of a parameter that these scenes have."""
    return {"show": scenes}


class Convolution(Panel):
    """Five scenes; a step is one output of the filter, one row of a map, one window, one unit, or one pixel of shift."""

    key = "convolution"
    order = 9
    rows = "68-69, 71-75"
    speed = 5
    title = Words("Convolution and pooling", "합성곱과 풀링(convolution, pooling)")
    about = Words(
        "A filter slides over an image and computes a dot product at each place. Type your own numbers, change stride, "
        "padding and dilation, and see every product. Then see why this needs few weights, and what a shift of the image "
        "does to the map.",
        "필터(filter)가 이미지 위를 미끄러지며(slide) 자리마다 내적(dot product)을 계산합니다. 숫자를 직접 넣고 stride, padding, dilation을 "
        "바꾸면서 곱 하나하나를 확인해 보세요. 이어서 가중치가 왜 적게 드는지, 이미지를 옮기면 특징 맵(feature map)이 어떻게 되는지 살펴봅니다.")
    parameters = (
        Choice(name="show", label=Words("Show", "주제"), default="filter", options=(
            ("filter", Words("Filter over numbers", "숫자 위의 필터")),
            ("volume", Words("Filter through all channels", "모든 채널을 보는 필터")),
            ("pooling", Words("Pooling", "풀링(pooling)")),
            ("connections", Words("Sparse connections, shared weights", "희소 연결과 가중치 공유")),
            ("shift", Words("Shift the image (equivariance)", "이미지 옮기기(equivariance)")))),
        Rows(name="image", label=Words("Image", "이미지"), default=SEVEN, columns=(1, 9), rows=(1, 9), low=-99, high=99,
             when=only("filter")),
        Rows(name="filter", label=Words("Filter", "필터(filter)"), default=((1, 0, -1), (1, 0, -1), (1, 0, -1)),
             columns=(1, 5), rows=(1, 5), low=-99, high=99, when=only("filter")),
        Number(name="stride", label=Words("Stride S", "스트라이드(stride) S"), default=1, low=1, high=5, whole=True,
               when=only("filter")),
        Number(name="padding", label=Words("Padding P: zeros on each side", "패딩(padding) P: 둘레의 0"), default=0, low=0,
               high=3, whole=True, when=only("filter")),
        Number(name="dilation", label=Words("Dilation D", "팽창(dilation) D"), default=1, low=1, high=3, whole=True,
               when=only("filter"), help=Words("Distance of neighbouring taps of the filter",
                                               "필터에서 이웃한 두 칸 사이의 간격입니다")),
        Flag(name="flip", label=Words("Turn the filter by 180°", "필터를 180° 돌리기"), default=False, when=only("filter"),
             help=Words("A convolution in mathematics does; in deep learning the filter is not turned (cross-correlation).",
                        "수학의 합성곱은 필터를 돌리지만 딥러닝에서는 돌리지 않습니다(교차 상관, cross-correlation).")),
        Number(name="side", label=Words("Image: height = width W", "이미지: 높이 = 너비 W"), default=32, low=8, high=32,
               whole=True, when=only("volume")),
        Number(name="depth", label=Words("Channels of the image", "이미지의 채널(channel) 수"), default=3, low=1, high=4,
               whole=True, when=only("volume")),
        Number(name="window", label=Words("Filter: height = width K", "필터: 높이 = 너비 K"), default=5, low=1, high=9,
               whole=True, when=only("volume")),
        Number(name="filters", label=Words("Number of filters", "필터 개수"), default=1, low=1, high=8, whole=True,
               when=only("volume")),
        Number(name="volume_stride", label=Words("Stride S", "스트라이드(stride) S"), default=1, low=1, high=5, whole=True,
               when=only("volume")),
        Number(name="volume_padding", label=Words("Padding P: zeros on each side", "패딩(padding) P: 둘레의 0"), default=0,
               low=0, high=4, whole=True, when=only("volume")),
        Rows(name="pooled", label=Words("Feature map", "특징 맵(feature map)"), default=SLIDE_POOLING, columns=(1, 9),
             rows=(1, 9), low=-99, high=99, when=only("pooling")),
        Number(name="pool", label=Words("Window", "창(window)의 크기"), default=2, low=1, high=5, whole=True,
               when=only("pooling")),
        Number(name="pool_stride", label=Words("Stride S", "스트라이드(stride) S"), default=2, low=1, high=5, whole=True,
               when=only("pooling")),
        Choice(name="rule", label=Words("If the division leaves a remainder", "나누어떨어지지 않을 때"), default="floor",
               options=(("floor", Words("round down (Keras)", "내림 (Keras)")),
                        ("exact", Words("not allowed (slide)", "허용하지 않음 (슬라이드)"))),
               when=only("filter", "volume", "pooling")),
        Number(name="inputs", label=Words("Units in a layer", "한 층의 유닛(unit) 수"), default=8, low=3, high=12, whole=True,
               when=only("connections")),
        Number(name="taps", label=Words("Width of the filter", "필터의 너비"), default=3, low=1, high=5, whole=True,
               when=only("connections")),
        Number(name="layers", label=Words("Layers", "층의 수"), default=1, low=1, high=4, whole=True,
               when=only("connections"), help=Words("With each layer an output sees more of the image.",
                                                    "층이 늘어날수록 출력 하나가 이미지를 더 넓게 봅니다.")),
        Choice(name="picture", label=Words("Image", "이미지"), default="boot", when=only("shift"), options=(
            ("boot", Words("boot", "부츠")), ("trousers", Words("trousers", "바지")), ("dress", Words("dress", "원피스")),
            ("bag", Words("bag", "가방")))),
        DRAWING,
        Choice(name="detector", label=Words("Filter", "필터(filter)"), default="vertical", when=only("shift"), options=(
            ("vertical", Words("vertical edges", "세로 경계")), ("horizontal", Words("horizontal edges", "가로 경계")),
            ("outline", Words("outlines", "윤곽")), ("sharpen", Words("sharpen", "선명하게")),
            ("blur", Words("blur", "흐리게")))),
        Number(name="right", label=Words("Shift to the right, pixels", "오른쪽으로 옮길 화소 수"), default=4, low=-14, high=14,
               whole=True, when=only("shift")),
        Number(name="down", label=Words("Shift down, pixels", "아래로 옮길 화소 수"), default=2, low=-14, high=14, whole=True,
               when=only("shift")),
        Choice(name="border", label=Words("Outside the image", "이미지 바깥"), default="zeros", when=only("shift"), options=(
            ("zeros", Words("zeros", "0으로 채움")), ("wrap", Words("its other side", "반대쪽 화소")))),
        Choice(name="map_stride", label=Words("Stride of the filter", "필터의 스트라이드"), default="1", when=only("shift"),
               options=(("1", Words("1", "1")), ("2", Words("2", "2")))),
    )
    formulas = (
        (Words("Convolution layer (cross-correlation)", "합성곱층(convolution layer)"),
         r"y_{ij} = \sum_{p,q} x_{\,iS+pD,\;jS+qD}\; w_{pq}"),
        (Words("Size of the output", "출력의 크기"), r"\frac{W - K + 2P}{S} + 1"),
        (Words("Equivariance: f convolves, g shifts", "등변성(equivariance): f는 합성곱, g는 이동"), r"f(g(x)) = g(f(x))"),
    )
    words = {
        "output_shape": Words("size of the output", "출력의 크기"), "row": Words("row of the output", "출력의 행"),
        "column": Words("column of the output", "출력의 열"), "value": Words("value of this output", "이 출력의 값"),
        "does_not_fit": Words("does not fit", "맞지 않음"), "max": Words("maximum", "최댓값"),
        "average": Words("average", "평균"), "products": Words("products for one output", "출력 하나에 드는 곱셈"),
        "parameters": Words("parameters", "매개변수(parameter) 수"), "multiplications": Words("multiplications", "전체 곱셈 수"),
        "unit": Words("output looked at", "보고 있는 출력"),
        "field": Words("inputs that it sees: convolution", "출력이 보는 입력 수: 합성곱"),
        "dense_field": Words("inputs that it sees: dense", "출력이 보는 입력 수: 완전 연결"),
        "connections": Words("connections: convolution", "연결 수: 합성곱"),
        "dense_connections": Words("connections: dense", "연결 수: 완전 연결"),
        "weights": Words("different weights: convolution", "서로 다른 가중치 수: 합성곱"),
        "dense_weights": Words("different weights: dense", "서로 다른 가중치 수: 완전 연결"),
        "right": Words("shift to the right", "오른쪽 이동"), "down": Words("shift down", "아래쪽 이동"),
        "unequal": Words("values that differ", "서로 다른 값의 수"),
        "largest_difference": Words("largest difference", "가장 큰 차이"), "verdict": Words("the two ways", "두 방법의 결과"),
        "equal": Words("give the same map", "같은 맵"), "border": Words("differ where the border takes part", "테두리에서 다름"),
        "unequal_maps": Words("differ", "다름"), "not_whole": Words("map would move by half a pixel", "맵이 반 화소 움직여야 함"),
        # the scenes of sliding windows
        "input": Words("Input", "입력(input)"), "padded_input": Words("Input with padding", "패딩을 더한 입력"),
        "filter": Words("Filter", "필터(filter)"), "filter_turned": Words("Filter, turned by 180°", "180° 돌린 필터"),
        "output": Words("Output", "출력(output)"), "products_of": Words("Products of this place", "이 자리의 곱"),
        "presets": Words("Filters to try", "써 볼 필터"), "vertical": Words("vertical edges", "세로 경계"),
        "horizontal": Words("horizontal edges", "가로 경계"), "outline": Words("outlines", "윤곽"),
        "sharpen": Words("sharpen", "선명하게"), "sum": Words("sum (blur)", "합 (흐리게)"),
        "identity": Words("leave as it is", "그대로"), "size_of": Words("Size of the output", "출력의 크기"),
        "height": Words("height", "높이"), "width": Words("width", "너비"),
        "extent": Words("the dilated filter reaches over", "팽창한 필터가 덮는 길이"),
        "too_large": Words("The filter is larger than the padded input: there is no place for it. Use a smaller filter, less "
                           "dilation or more padding.",
                           "필터가 패딩을 더한 입력보다 커서 놓을 자리가 없습니다. 필터나 dilation을 줄이거나 패딩을 늘리세요."),
        "not_exact": Words("Not a whole number: by the slide this stride is not allowed. Keras rounds down.",
                           "정수가 아닙니다. 슬라이드의 식에서는 쓸 수 없는 stride이며, Keras는 내림합니다."),
        "rounded": Words("Keras rounds down. Rows or columns at the end that no window reads:",
                         "Keras는 내림합니다. 어떤 창도 읽지 않는 끝의 행이나 열의 수:"),
        "exactly": Words("A whole number: slide and Keras agree.", "정수이므로 슬라이드와 Keras의 결과가 같습니다."),
        "shrinks": Words("The map shrinks with each layer; padding prevents it.",
                         "층을 지날 때마다 맵이 작아집니다(shrink). 패딩이 이를 막습니다."),
        "keeps": Words("With this padding the size stays as it is.", "이 패딩에서는 크기가 그대로입니다."),
        "max_pooling": Words("Max pooling", "최대 풀링(max pooling)"),
        "average_pooling": Words("Average pooling", "평균 풀링(average pooling)"),
        # the volume
        "volume_of": Words("Filters slide over an image of several channels", "여러 채널의 이미지 위를 미끄러지는 필터"),
        "image": Words("image", "이미지"), "filters": Words("filter", "필터"), "maps": Words("activation map", "활성화 맵(activation map)"),
        "full_depth": Words("Filters always extend the full depth of the input; each filter gives one map.",
                            "필터는 항상 입력의 깊이(depth) 전체를 덮으며, 필터 하나가 맵 하나를 만듭니다."),
        "layouts": Words("The slide writes channels first, Keras channels last:",
                         "슬라이드는 채널을 먼저, Keras는 채널을 마지막에 씁니다."),
        "channel": Words("channel", "채널"),
        # the connections
        "dense": Words("Dense: every output sees every input, each line is a weight of its own",
                       "완전 연결(dense): 출력마다 모든 입력을 보며, 선마다 가중치가 따로 있습니다"),
        "convolution": Words("Convolution: an output sees its neighbours, equal colours are one shared weight",
                             "합성곱: 출력은 이웃만 보며, 색이 같은 선은 가중치를 공유합니다"),
        "layer_input": Words("input", "입력"), "layer_output": Words("output", "출력"), "shared": Words("weight", "가중치"),
        "counts_of": Words("Parameters of one layer, from an image to a map of its size, as the image grows",
                           "이미지와 같은 크기의 맵을 만드는 층 하나의 매개변수 수: 이미지가 커질 때"),
        "image_side": Words("side of the image, pixels", "이미지 한 변의 화소 수"),
        "dense_layer": Words("dense layer", "완전 연결층"), "conv_layer": Words("convolution", "합성곱층"),
        "pixels": Words("image", "이미지"), "times": Words("times as many", "몇 배"),
        # the shift
        "original": Words("image x", "이미지 x"), "map_of": Words("its map f(x)", "x의 맵 f(x)"),
        "moved": Words("shifted image g(x)", "옮긴 이미지 g(x)"), "first_shift": Words("shift first: f(g(x))", "먼저 이동: f(g(x))"),
        "first_map": Words("map first: g(f(x))", "먼저 합성곱: g(f(x))"),
        "difference": Words("difference f(g(x)) − g(f(x))", "차이 f(g(x)) − g(f(x))"),
        "same_everywhere": Words("Both ways give the same map, in every value: convolution is equivariant to shifts.",
                                 "어느 쪽을 먼저 하든 모든 값이 같습니다. 합성곱은 이동에 등변(equivariant)입니다."),
        "broken_at_border": Words("The maps differ only where the edge of an image takes part: there zeros stand for pixels that "
                                  "were lost or never seen. Everywhere else they are equal.",
                                  "이미지의 가장자리가 관여하는 곳에서만 두 맵이 다릅니다. 사라졌거나 본 적 없는 화소 대신 0이 들어가기 때문입니다. "
                                  "나머지는 모두 같습니다."),
        "half_pixel": Words("With stride 2 the map moves by half as much as the image. This shift is odd, and there is no half "
                            "pixel: equivariance holds for even shifts only.",
                            "stride가 2이면 맵은 이미지의 절반만큼 움직입니다. 지금은 홀수만큼 옮겼고 반 화소는 없으므로, 짝수만큼 옮길 때만 등변성이 성립합니다."),
        "unequal_everywhere": Words("The maps differ.", "두 맵이 다릅니다."),
    }

    def start(self) -> None:
        settings = self.settings | {"drawing": DRAWING.pixels(self.settings["drawing"])}
        self.scene = SCENES[self.settings["show"]](settings, self.seed)
        self.finished = self.scene.finished

    def step(self) -> None:
        self.scene.step()
        self.finished = self.scene.finished

    def state(self) -> dict[str, Any]:
        return {"scene": self.settings["show"]} | self.scene.state()

    def code(self, steps: int) -> str:
        return self.scene.code(steps)

    def proof(self) -> dict[str, Any]:
        return self.scene.proof()
