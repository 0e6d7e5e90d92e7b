"""The controls, words and formulas of the panel "initialization"."""

from __future__ import annotations

from ..parameters import Choice, Flag, Number, Rows, Several
from ..words import Words
from .initialization_data import FEATURES, OWN, SURFACES, TOYS

GENERATED = (*TOYS, *SURFACES)

OWN_POINTS = tuple((x, y, float(x * y < 0)) for x, y in (
    (-1.5, -1.5), (-1.5, 1.5), (1.5, -1.5), (1.5, 1.5), (-0.8, -1.8), (-1.8, 0.8), (0.8, -1.8), (1.8, 0.8),
    (-1.0, -0.6), (-0.6, 1.0), (0.6, -1.0), (1.0, 0.6)))

PARAMETERS = (
    Choice(name="group", label=Words("Which settings", "설정 종류"), default="slide", view=True, options=(
        ("slide", Words("Slide", "슬라이드")), ("data", Words("Data", "데이터")),
        ("network", Words("Network", "신경망")), ("training", Words("Training", "학습")))),

    Choice(name="data", label=Words("1. Input data set", "1. 입력 데이터셋 (input dataset)"), default="circle", options=(
        ("circle", Words("Circle", "원(circle)")), ("moons", Words("Moons", "반달(moons)")),
        ("spiral", Words("Spiral", "나선(spiral)")), ("checkerboard", Words("Checkerboard", "체커보드(checkerboard)")),
        ("gaussians", Words("Two Gaussians", "두 가우시안(Gaussian)")),
        ("own", Words("Your points", "직접 찍은 점")),
        ("plane", Words("Regression: a plane", "회귀: 평면")), ("bump", Words("Regression: a bump", "회귀: 봉우리")),
        ("own_values", Words("Regression: your values", "회귀: 직접 찍은 값"))),
        when={"group": ("slide", "data")}),
    Rows(name="points", label=Words("Your points: x, y, class or value", "직접 찍은 점: x, y, 클래스 또는 값"), default=OWN_POINTS,
         columns=(3, 3), rows=(0, 200), low=-10, high=10, look="points", keep=True, when={"data": OWN},
         help=Words("Click into the picture of the plane, or open a CSV file: in each line x, y and the class (0 or 1), for a "
                    "regression the value.",
                    "평면 그림을 클릭하거나, 줄마다 x, y, 클래스(0 또는 1)가 있는 CSV 파일을 여세요. 회귀에서는 클래스 대신 값을 씁니다.")),
    Choice(name="init", label=Words("2. Initialization", "2. 초기화 방법 (initialization)"), default="appropriate", options=(
        ("zero", Words("Zero", "0으로 (zero)")), ("small", Words("Too small", "너무 작게")),
        ("appropriate", Words("Appropriate", "적절하게")), ("large", Words("Too large", "너무 크게"))),
        when={"group": ("slide", "network")}),
    Flag(name="compare", label=Words("All four side by side", "네 가지를 나란히 비교"), default=False, keep=True,
         when={"group": ("slide",)}),
    Choice(name="edges", label=Words("Edges show", "연결선 표시"), default="weight", view=True, options=(
        ("weight", Words("Weight", "가중치(weight)")), ("gradient", Words("Gradient", "기울기(gradient)"))),
        when={"group": ("slide",)}),

    Number(name="samples", label=Words("Number of points", "점의 개수"), default=100, low=10, high=500, whole=True,
           when={"group": ("data",), "data": GENERATED}),
    Number(name="noise", label=Words("Noise (%)", "잡음(noise) (%)"), default=20, low=0, high=100, whole=True,
           when={"group": ("data",), "data": GENERATED}),
    Number(name="squares", label=Words("Squares in a row", "한 줄의 칸 수"), default=2, low=2, high=6, whole=True,
           when={"group": ("data",), "data": ("checkerboard",)}),
    Number(name="share", label=Words("Share of training points (%)", "학습에 쓰는 점의 비율 (%)"), default=100, low=10,
           high=100, whole=True, when={"group": ("data",)},
           help=Words("The others are the test set.", "나머지는 테스트 데이터(test set)입니다.")),
    Number(name="draw", label=Words("Seed of the points", "점을 뽑는 시드(seed)"), default=0, low=0, high=999, whole=True,
           when={"group": ("data",)}),
    Several(name="features", label=Words("Input features", "입력 특성(feature)"), default=("x", "y"),
            options=tuple((name, words) for name, (words, _, _) in FEATURES.items()), when={"group": ("data",)}),

    Rows(name="layers", label=Words("Neurons of the hidden layers", "은닉층(hidden layer)의 뉴런 수"), default=((6, 3),),
         columns=(1, 6), rows=(1, 1), low=1, high=10, whole=True, look="list", when={"group": ("network",)}),
    Choice(name="activation", label=Words("Activation", "활성화 함수(activation)"), default="relu", options=(
        ("relu", Words("ReLU", "ReLU")), ("tanh", Words("tanh", "tanh")), ("sigmoid", Words("Sigmoid", "Sigmoid")),
        ("leaky_relu", Words("Leaky ReLU", "Leaky ReLU")), ("elu", Words("ELU", "ELU")), ("silu", Words("SiLU", "SiLU")),
        ("linear", Words("Linear", "선형(linear)"))), when={"group": ("network",)}),
    Choice(name="rule", label=Words("Variance of a weight", "가중치의 분산"), default="slide", options=(
        ("slide", Words("1/n (slide)", "1/n (슬라이드)")), ("he", Words("2/n (He)", "2/n (He)")),
        ("glorot", Words("2/(n + m) (Glorot)", "2/(n + m) (Glorot)"))), when={"group": ("network",)},
        help=Words("n inputs and m outputs of the layer; times 0, 0.01, 1 or 100.",
                   "층의 입력이 n개, 출력이 m개일 때입니다. 여기에 0, 0.01, 1 또는 100을 곱합니다.")),
    Number(name="dropout", label=Words("Dropout rate", "드롭아웃(dropout) 비율"), default=0, low=0, high=0.9, step=0.05,
           when={"group": ("network",)}),
    Flag(name="normalize", label=Words("Batch normalization", "배치 정규화(batch normalization)"), default=False,
         when={"group": ("network",)}),

    Choice(name="optimizer", label=Words("Optimizer", "최적화 알고리즘(optimizer)"), default="sgd", options=(
        ("sgd", Words("Gradient descent", "경사 하강법")), ("momentum", Words("Momentum 0.9", "모멘텀 0.9")),
        ("nesterov", Words("Nesterov 0.9", "네스테로프 0.9")), ("adagrad", Words("AdaGrad", "AdaGrad")),
        ("rmsprop", Words("RMSProp", "RMSProp")), ("adam", Words("Adam", "Adam"))), when={"group": ("training",)}),
    Number(name="rate", label=Words("Learning rate", "학습률(learning rate)"), default=0.1, low=1e-4, high=10, log=True,
           when={"group": ("training",)}),
    Choice(name="batch", label=Words("Batch size", "배치 크기(batch size)"), default="all", options=(
        ("all", Words("all points (full batch)", "모든 점 (full batch)")),
        *((size, Words(size, size)) for size in ("1", "2", "4", "8", "16", "32", "64"))), when={"group": ("training",)}),
    Number(name="l1", label=Words("L1", "L1"), default=0, low=0, high=0.1, step=0.001, when={"group": ("training",)}),
    Number(name="l2", label=Words("L2", "L2"), default=0, low=0, high=0.1, step=0.001, when={"group": ("training",)}),

    Choice(name="lens", label=Words("Lower picture", "아래 그림"), default="neuron", view=True, options=(
        ("neuron", Words("One neuron", "뉴런 하나")), ("space", Words("Plane as transformed", "변환된 평면"))),
        help=Words("Select a neuron in the network, or in the list below this picture.", "신경망 그림이나 아래 그림 밑의 목록에서 뉴런을 고르세요.")),
    Choice(name="plane", label=Words("Part of the plane", "평면의 범위"), default="fit", view=True, options=(
        ("fit", Words("around the points", "점 주변")), ("wide", Words("−5 to 5 (slide)", "−5 ~ 5 (슬라이드)")))),
    Rows(name="focus", label=Words("Selected neuron", "선택한 뉴런"), default=((0, 0),), columns=(2, 2), rows=(1, 1), low=0,
         high=10, whole=True, view=True, shown=False),
    Rows(name="edits", label=Words("Edited weights", "고친 가중치"), default=(), columns=(5, 5), rows=(0, 50), low=-20_000,
         high=20_000, keep=True, shown=False),
)

FORMULAS = (
    (Words("First weights of a layer with n inputs; v = 0, 0.01, 1 or 100", "입력이 n개인 층의 첫 가중치 (v = 0, 0.01, 1, 100)"),
     r"W \sim \sqrt{v/n}\;\mathcal{N}(0, 1),\quad b = 0"),
    (Words("Cost of m points", "점 m개의 비용(cost)"),
     r"J = -\frac{1}{m}\sum_{i=1}^{m}\left[y_i\log\hat y_i + (1 - y_i)\log(1 - \hat y_i)\right]"),
    (Words("Gradient descent", "경사 하강법(gradient descent)"),
     r"W \leftarrow W - \eta\,\frac{\partial J}{\partial W}"),
)

WORDS = {
    "cost": Words("cost", "비용(cost)"), "accuracy": Words("accuracy", "정확도(accuracy)"),
    "test_cost": Words("test cost", "테스트 비용"), "test_accuracy": Words("test accuracy", "테스트 정확도"),
    "penalty": Words("penalty of L1 and L2", "L1·L2 벌점"), "epoch": Words("epochs", "에폭(epoch)"),
    "first_gradient": Words("mean |gradient| of the first layer", "첫째 층 기울기 크기의 평균"),
    "different": Words("different hidden neurons", "서로 다른 은닉 뉴런"),
    "edited": Words("edited weights in use", "적용된 고친 가중치"),

    "network_of": Words("Network", "신경망(neural network)"),
    "plane_of": Words("Decision boundary", "결정 경계(decision boundary)"),
    "surface_of": Words("Prediction", "예측"),
    "cost_of": Words("Cost function", "비용 함수(cost function)"),
    "neuron_of": Words("Output of the selected neuron", "선택한 뉴런의 출력"),
    "space_of": Words("The plane as a layer transforms it", "층이 변환한 평면"),
    "compare_of": Words("Decision boundary of each initialization", "초기화 방법별 결정 경계"),
    "steps": Words("updates", "갱신 횟수"),

    "input": Words("Input", "Input"), "relu": Words("ReLU", "ReLU"), "sigmoid": Words("Sigmoid", "Sigmoid"),
    "tanh": Words("tanh", "tanh"), "leaky_relu": Words("Leaky ReLU", "Leaky ReLU"), "elu": Words("ELU", "ELU"),
    "silu": Words("SiLU", "SiLU"), "linear": Words("Linear", "선형(linear)"),
    "node_type": Words("Node type", "노드 종류(node type)"),
    "positive": Words("positive", "양수"), "negative": Words("negative", "음수"),
    "unit_of_width": Words("full colour: twice the layer's mean size", "가장 진한 색: 층 평균 크기의 2배"),
    "class0": Words("class 0", "클래스 0"), "class1": Words("class 1", "클래스 1"),
    "test_points": Words("hollow: test point", "속이 빈 점: 테스트 데이터"),
    "boundary": Words("boundary", "경계"), "training_cost": Words("training", "학습"),
    "test_curve": Words("test", "테스트"),
    "zero_line": Words("where the neuron's sum is 0", "뉴런의 합이 0인 곳"),
    "next_plane": Words("where the output neuron's sum is 0", "출력 뉴런의 합이 0인 곳"),

    "layer": Words("layer", "층"), "neuron": Words("neuron", "뉴런"), "output": Words("output", "출력"),
    "input_neuron": Words("input", "입력"), "hidden": Words("hidden layer", "은닉층"), "bias": Words("bias", "편향(bias)"),
    "weight": Words("weight", "가중치"), "gradient": Words("gradient", "기울기"), "sum": Words("sum", "합"),
    "select_neuron": Words("Neuron", "뉴런"), "select_input": Words("its input", "입력"),
    "edit_weight": Words("weight (edit it)", "가중치 (고칠 수 있음)"), "undo": Words("Undo the last edit", "마지막 수정 취소"),
    "undo_all": Words("Undo all edits", "모든 수정 취소"),
    "guessing": Words("guessing, ln 2", "찍기, ln 2"),
    "choose_data": Words("Choose input data set", "입력 데이터셋 고르기"),
    "training_point": Words("training point", "학습 데이터"), "test_point": Words("test point", "테스트 데이터"),
    "class": Words("class", "클래스"),
    "story_zero": Words(
        "Zero: all neurons of a layer compute the same and get the same gradient, so they stay alike. Only the output's bias "
        "can move, and no boundary forms.",
        "0: 한 층의 뉴런이 모두 같은 값을 계산하고 같은 기울기를 받으므로 계속 똑같습니다. 출력의 편향만 움직일 수 있어서 경계가 생기지 않습니다."),
    "story_small": Words(
        "Too small: outputs and gradients shrink from layer to layer, so learning hardly starts.",
        "너무 작게: 층을 지날 때마다 출력과 기울기가 줄어들어 학습이 좀처럼 시작되지 않습니다."),
    "story_appropriate": Words(
        "Appropriate: with a variance of about 1/n, outputs keep their size from layer to layer, and gradients are large enough to "
        "learn from.",
        "적절하게: 분산이 1/n 정도이면 층을 지나도 출력의 크기가 유지되고, 기울기도 학습할 만큼 큽니다."),
    "story_large": Words(
        "Too large: the sums are huge, the first cost is high, and gradients explode or, where a neuron is saturated or "
        "dead, vanish.",
        "너무 크게: 합이 매우 커서 첫 비용이 높고, 기울기가 폭발하거나, 뉴런이 포화되거나 죽은 곳에서는 사라집니다."),
    "hover": Words(
        "Each square is a neuron's output over the plane. Point at a neuron, an edge or the plane to read its numbers.",
        "네모 하나가 평면 위에서 한 뉴런의 출력입니다. 뉴런, 연결선, 평면을 가리키면 수치가 나옵니다."),
    "main_directions": Words("main directions (PCA) of its neurons", "뉴런들의 주성분(PCA) 방향"),
    "turn": Words("drag or use the arrow keys to turn it", "끌거나 화살표 키로 돌릴 수 있습니다"),
    "put": Words("A click puts", "클릭하면 찍히는 점"), "erase": Words("erase", "지우기"),
    "value": Words("value", "값"), "put_by_keys": Words("arrow keys move, Enter puts a point", "화살표 키로 움직이고 Enter로 찍습니다"),
    "no_points": Words("Click here to put points", "여기를 클릭해 점을 찍으세요"),
    "target": Words("target", "목표값"),
}
