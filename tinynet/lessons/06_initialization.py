# %% [markdown] lang="en"
# # Initialization: the first weights
#
# Course rows: 27-37 · Minutes: 40
#
# **The question.** All optimizers of the last lessons begin *somewhere*. Where? Zero looks fair. Why is it the worst
# choice there is, and why does one network learn while its twin, with weights ten times as large, does not?
# %% [markdown] lang="ko"
# # 초기화(initialization): 첫 가중치
#
# 강의 항목: 27-37 · 시간(분): 40
#
# **질문.** 지난 시간까지 배운 optimizer는 모두 *어딘가에서* 출발합니다. 어디가 좋을까요? 0이면 공평해 보이는데 왜 최악의 선택일까요?
# 그리고 똑같은 신경망인데 가중치가 열 배 크다는 이유만으로 왜 하나는 배우고 하나는 못 배울까요?
# %%
import numpy as np
import matplotlib.pyplot as plt

import tinynet as tn
from tinynet import plots, textbook

tn.utils.set_random_seed(0)
plt.rcParams["font.size"] = 14
# %% [markdown] lang="en"
# ## Demo 1: four starts
#
# The slide's first demo: points in a circle and around it, a network 2-6-3-1 (ReLU, ReLU, sigmoid), gradient descent over
# all points with a rate of 0.1. The weights are drawn from $N(0, 1) \cdot \sqrt{c / n_{in}}$, where $c$ is
#
# | choice | $c$ |
# |---|---|
# | zero | 0 |
# | too small | 0.01 |
# | appropriate | 1 |
# | too large | 100 |
#
# Guess first: which cost falls, which stays, which jumps?
# %% [markdown] lang="ko"
# ## 데모 1: 네 가지 출발점
#
# 슬라이드의 첫 번째 데모입니다. 원 안과 밖에 점이 있고, 신경망은 2-6-3-1(ReLU, ReLU, sigmoid), 학습은 모든 점을 쓰는 경사 하강법에
# 학습률 0.1입니다. 가중치는 $N(0, 1) \cdot \sqrt{c / n_{in}}$에서 뽑고, $c$는 다음과 같습니다.
#
# | 선택 | $c$ |
# |---|---|
# | Zero | 0 |
# | Too small | 0.01 |
# | Appropriate | 1 |
# | Too large | 100 |
#
# 먼저 예상해 보세요. 어느 비용(cost)이 줄고, 어느 것이 그대로이고, 어느 것이 튈까요?
# %%
x, y = tn.datasets.toy.circle(200, seed=0)
costs, networks = {}, {}
for start in ("zero", "too small", "appropriate", "too large"):
    networks[start] = textbook.decision_boundary_network(start, seed=1)
    costs[start] = networks[start].fit(x, y, batch_size=len(x), epochs=300, verbose=0).history["loss"]
    print(f"{start:<12} cost {costs[start][0]:.4f} -> {costs[start][-1]:.4f}")

_, ax = plt.subplots(figsize=(8, 4), layout="constrained")
for (start, cost), style in zip(costs.items(), (":", "--", "-", "-."), strict=True):
    ax.plot(cost, style, linewidth=2.5, label=start)
ax.set(xlabel="epoch", ylabel="cost", yscale="log")
legend = ax.legend()
boundary = plots.decision_boundary(networks["appropriate"], x, y)

assert np.allclose(costs["zero"], np.log(2), atol=1e-5)
assert costs["too small"][-1] > 0.69 and costs["appropriate"][-1] < 0.2 < 1 < costs["too large"][-1]
# %% [markdown] lang="en"
# Zero and "too small" stay at $\ln 2 = 0.693$, the cost of answering "one half" to everything. "Too large" begins far
# above and is not done after 300 epochs. Only the third one finds the circle.
#
# ## Why zero cannot work
#
# With all weights 0 every hidden neuron returns 0, so no weight of the next layer has a gradient; and the gradient that
# comes back passes through weights that are 0. **Only the output's bias ever moves.**
#
# Would another constant do? No: then all neurons of a layer compute the same, get the same gradient, and stay the same
# for ever. Six neurons do the work of one. Randomness is there to **break the symmetry**.
# %% [markdown] lang="ko"
# Zero와 Too small은 $\ln 2 = 0.693$에서 움직이지 않습니다. 모든 점에 "반반"이라고 답할 때의 비용입니다. Too large는 한참 위에서
# 시작해서 300 에폭이 지나도 끝나지 않습니다. 원을 찾아낸 것은 세 번째뿐입니다.
#
# ## 0으로 시작하면 안 되는 이유
#
# 가중치가 모두 0이면 은닉 뉴런은 모두 0을 내보내므로 다음 층의 가중치에는 기울기가 없습니다. 거꾸로 돌아오는 기울기도 0인 가중치를
# 지나면서 0이 됩니다. **움직이는 것은 출력층의 편향(bias)뿐입니다.**
#
# 0이 아닌 다른 상수라면 괜찮을까요? 아닙니다. 한 층의 뉴런이 모두 같은 값을 계산하고, 같은 기울기를 받고, 영원히 똑같이 남습니다. 뉴런
# 여섯 개가 한 개 몫밖에 못 합니다. 무작위로 뽑는 것은 **대칭을 깨기(symmetry breaking)** 위해서입니다.
# %%
zero = networks["zero"]
moved = [bool(np.abs(weight).max() > 0) for weight in zero.get_weights()]
print("kernel, bias of each layer; did it move?", moved)
assert not any(moved[:-1])

constant = tn.keras.Sequential([
    tn.keras.Input((2,)), tn.keras.layers.Dense(6, activation="tanh", kernel_initializer=tn.initializers.Constant(0.5)),
    tn.keras.layers.Dense(1, activation="sigmoid", kernel_initializer=tn.initializers.Constant(0.5)),
])
constant.compile(optimizer=tn.keras.optimizers.SGD(0.1), loss="binary_crossentropy")
constant.fit(x, y, batch_size=50, epochs=50, verbose=0)
kernel = constant.get_weights()[0]
print("the six neurons after 50 epochs:\n", kernel.round(4))
assert np.allclose(kernel, kernel[:, :1], atol=1e-6) and not np.allclose(kernel, 0.5, atol=0.01)
# %% [markdown] lang="en"
# ## Xavier: the derivation
#
# How large, then? So large that a layer's output is **as spread out as its input**. For one neuron:
#
# $$y_i = \sum_{j=1}^{D_{in}} x_j w_j$$
#
# $$\mathrm{Var}(y_i) = D_{in}\,\mathrm{Var}(x_j w_j) = D_{in}\,(E[x^2]\,E[w^2] - E[x]^2\,E[w]^2) = D_{in}\,\mathrm{Var}(x)\,\mathrm{Var}(w)$$
#
# The first equality needs terms that are alike and independent, the second $x$ and $w$ independent of each other, the
# third means of 0. So if $\mathrm{Var}(w) = 1 / D_{in}$, then $\mathrm{Var}(y) = \mathrm{Var}(x)$:
#
# $$\text{std} = 1 / \sqrt{D_{in}}$$
#
# Numbers agree, as long as the means are 0. With inputs of mean 0.5, such as pixels, the last equality breaks.
# %% [markdown] lang="ko"
# ## Xavier: 유도하기
#
# 그렇다면 얼마나 커야 할까요? 층의 출력이 **입력만큼 퍼져 있도록** 하면 됩니다. 뉴런 하나를 생각해 봅시다.
#
# $$y_i = \sum_{j=1}^{D_{in}} x_j w_j$$
#
# $$\mathrm{Var}(y_i) = D_{in}\,\mathrm{Var}(x_j w_j) = D_{in}\,(E[x^2]\,E[w^2] - E[x]^2\,E[w]^2) = D_{in}\,\mathrm{Var}(x)\,\mathrm{Var}(w)$$
#
# 첫 번째 등호에는 모든 항이 같은 분포이고 서로 독립이라는 가정이, 두 번째에는 $x$와 $w$가 서로 독립이라는 가정이, 세 번째에는 평균이
# 0이라는 가정이 필요합니다. 따라서 $\mathrm{Var}(w) = 1 / D_{in}$이면 $\mathrm{Var}(y) = \mathrm{Var}(x)$가 됩니다.
#
# $$\text{std} = 1 / \sqrt{D_{in}}$$
#
# 평균이 0이면 숫자로도 맞습니다. 픽셀처럼 평균이 0.5인 입력이라면 마지막 등호가 깨집니다.
# %%
rng = np.random.default_rng(0)
W = rng.standard_normal((400, 300)) / np.sqrt(400)
for name, inputs in {"mean 0": rng.standard_normal((500, 400)), "mean 0.5": rng.random((500, 400))}.items():
    measured, independent, zero_mean = textbook.variance_of_output(inputs, W)
    print(f"{name:<9} Var(x) {inputs.var():.3f}   Var(y) measured {measured:.3f}, "
          f"second line {independent:.3f}, third line {zero_mean:.3f}")
    if name == "mean 0":
        assert np.isclose(measured, inputs.var(), rtol=0.05) and np.isclose(zero_mean, measured, rtol=0.05)
    else:
        assert measured > 3 * zero_mean and np.isclose(independent, measured, rtol=0.1)
# %% [markdown] lang="en"
# ## The slide's experiment
#
# Six layers of 4096 neurons with tanh. The slide's code as it stands; its numbers are .63 .49 .41 .36 .32 .30.
# %% [markdown] lang="ko"
# ## 슬라이드의 실험
#
# 뉴런 4096개짜리 tanh 층이 여섯 개입니다. 슬라이드의 코드를 그대로 실행합니다. 슬라이드의 값은 .63 .49 .41 .36 .32 .30입니다.
# %%
np.random.seed(0)
dims = [4096] * 7
hs = []
x = np.random.randn(16, dims[0])
for Din, Dout in zip(dims[:-1], dims[1:]):
    W = np.random.randn(Din, Dout) / np.sqrt(Din)
    x = np.tanh(x.dot(W))
    hs.append(x)

deviations = [round(float(h.std()), 2) for h in hs]
print("mean", [round(float(h.mean()), 2) for h in hs], " std", deviations)
assert np.allclose(deviations, [0.63, 0.49, 0.41, 0.36, 0.32, 0.30], atol=0.011)
# %% [markdown] lang="en"
# And with other weights? `xavier_experiment` is the same with any initializer. Smaller layers do here, of 512 neurons.
#
# * $0.01$: the activations shrink from layer to layer, to nothing.
# * $0.3$: nearly all are at the flat ends of tanh, $-1$ or $1$, where its slope is 0.
# %% [markdown] lang="ko"
# 다른 가중치라면 어떨까요? `xavier_experiment`는 어떤 초기화 방법으로도 같은 실험을 합니다. 여기서는 뉴런 512개면 충분합니다.
#
# * $0.01$: 층을 지날수록 활성값(activation)이 쪼그라들어 사라집니다.
# * $0.3$: 거의 모두 tanh의 평평한 끝인 $-1$이나 $1$에 몰립니다. 그곳에서는 미분값이 0입니다.
# %%
def through(W_of, activation=np.tanh, width=512, layers=6):
    draw = np.random.default_rng(0)
    h, kept = draw.standard_normal((64, width)), []
    for _ in range(layers):
        h = activation(h @ W_of(draw, width))
        kept.append(h)
    return kept


starts = {
    "0.01": lambda draw, n: 0.01 * draw.standard_normal((n, n)),
    "Xavier": lambda draw, n: draw.standard_normal((n, n)) / np.sqrt(n),
    "0.3": lambda draw, n: 0.3 * draw.standard_normal((n, n)),
}
figure, axes = plt.subplots(3, 6, figsize=(14, 6), layout="constrained", sharex=True)
spread = {}
for row, (name, W_of) in zip(axes, starts.items(), strict=True):
    spread[name] = []
    for layer, (ax, h) in enumerate(zip(row, through(W_of), strict=True), 1):
        ax.hist(h.ravel(), bins=40, range=(-1, 1))
        ax.set(yticks=[], title=f"{name}, A[{layer}]")
        spread[name].append(float(h.std()))
    print(f"{name:<7}", np.round(spread[name], 4))
assert spread["0.01"][-1] < 1e-3 and min(spread["0.3"]) > 0.85 and 0.25 < spread["Xavier"][-1] < 0.35
saturated = np.mean(np.abs(through(starts["0.3"])[-1]) > 0.95)
print(f"with 0.3, {saturated:.0%} of the last layer's activations are beyond 0.95")
assert saturated > 0.7
# %% [markdown] lang="en"
# ## ReLU needs twice as much
#
# Xavier assumes an activation that is nearly the identity around 0. ReLU cuts off half of its input, and with it half of
# $E[x^2]$: after six layers of Xavier weights only $1/2^6 = 1/64$ of the mean square is left. He's rule
# $\mathrm{Var}(w) = 2 / D_{in}$ makes up for it.
# %% [markdown] lang="ko"
# ## ReLU에는 두 배가 필요하다
#
# Xavier는 0 근처에서 거의 항등 함수인 활성화 함수(activation function)를 가정합니다. ReLU는 입력의 절반을 잘라 내고, 그러면
# $E[x^2]$도 절반이 됩니다. Xavier 가중치로 여섯 층을 지나면 제곱 평균이 $1/2^6 = 1/64$만 남습니다. He의 규칙
# $\mathrm{Var}(w) = 2 / D_{in}$은 이를 보충해 줍니다.
# %%
def relu(z):
    return np.maximum(0, z)


rules = {"Xavier": starts["Xavier"], "He": lambda draw, n: draw.standard_normal((n, n)) * np.sqrt(2 / n)}
squares = {name: [float((h**2).mean()) for h in through(W_of, relu)] for name, W_of in rules.items()}
for name, values in squares.items():
    print(f"{name:<7} mean square after each ReLU layer", np.round(values, 3))
assert np.isclose(squares["Xavier"][-1], 1 / 64, rtol=0.2) and np.isclose(squares["He"][-1], 1, rtol=0.2)
# %% [markdown] lang="en"
# ## Demo 2: digits, or clothes
#
# The slide's second demo: 784-300-300-300-300-10, tanh, batches of 100, SGD with 0.1. On the slide the cost after a few
# batches is 2.30 (zero), 2.31 (uniform), 26.92 (standard normal) and 2.22 (Xavier). The slide has MNIST's digits; here
# are Fashion-MNIST's clothes, from the sample inside tinynet's wheel. The picture is the same.
#
# `look_inside` returns what the demo shows, in the slide's orientation: $X = A^{[0]}$ of shape $(784, 100)$, a column for
# each image. Keras has a **row** for each image, $(100, 784)$.
# %% [markdown] lang="ko"
# ## 데모 2: 숫자, 아니면 옷
#
# 슬라이드의 두 번째 데모입니다. 784-300-300-300-300-10, tanh, 배치 100, SGD 0.1입니다. 슬라이드에서는 몇 배치 뒤의 비용이 2.30(Zero),
# 2.31(Uniform), 26.92(Standard Normal), 2.22(Xavier)였습니다. 슬라이드는 MNIST 숫자를 썼고, 여기서는 tinynet에 들어 있는
# Fashion-MNIST 표본의 옷 사진을 씁니다. 모습은 똑같습니다.
#
# `look_inside`는 데모가 보여 주는 값을 슬라이드와 같은 방향으로 돌려줍니다. $X = A^{[0]}$의 모양은 $(784, 100)$이고 열 하나가 이미지
# 한 장입니다. Keras에서는 **행** 하나가 이미지 한 장이라서 $(100, 784)$입니다.
# %%
(train_x, train_y), _ = tn.datasets.fashion_mnist_sample.load_data()
train_x = train_x.reshape(-1, 784) / 255.0

after, outcome = {}, {}
for start in ("zero", "uniform", "xavier", "standard normal"):
    digits = textbook.digits_network(start, seed=0)
    for batch in range(12):
        chosen = slice(100 * batch, 100 * batch + 100)
        digits.train_on_batch(train_x[chosen], train_y[chosen])
    outcome[start] = textbook.look_inside(digits, train_x[:100], train_y[:100])
    after[start] = float(outcome[start].cost)
    print(f"{start:<15} cost after 12 batches {after[start]:6.2f}   standard deviation of A[1] to A[4]",
          [round(float(a.std()), 3) for a in outcome[start].activations[1:5]])

axes = textbook.plots.plot_inside(outcome["standard normal"])
assert outcome["xavier"].activations[0].shape == (784, 100)
assert abs(after["zero"] - np.log(10)) < 0.02 and 2.1 < after["uniform"] < 2.32
assert after["xavier"] < 2.0 and after["standard normal"] > 8
# %% [markdown] lang="en"
# ## What Keras does differently
#
# | name in Keras | variance | shape |
# |---|---|---|
# | `GlorotUniform`, default of `Dense` and `Conv2D` | $2/(D_{in} + D_{out})$ | uniform |
# | `GlorotNormal` | $2/(D_{in} + D_{out})$ | normal, cut at two standard deviations |
# | `LecunNormal` | $1/D_{in}$ | normal, cut |
# | `HeNormal` | $2/D_{in}$ | normal, cut |
#
# Xavier Glorot's own rule is the one with $D_{in} + D_{out}$, a compromise between forward and backward pass. The slide's
# is exactly `VarianceScaling(1, "fan_in", "untruncated_normal")`.
#
# For a convolution, $D_{in}$ is what one output sees: kernel size squared, times input channels. For a $3 \times 3$
# filter over 16 channels that is 144. This cell runs on Keras 3 too.
# %% [markdown] lang="ko"
# ## Keras는 무엇이 다를까
#
# | Keras의 이름 | 분산 | 모양 |
# |---|---|---|
# | `GlorotUniform`, `Dense`와 `Conv2D`의 기본값 | $2/(D_{in} + D_{out})$ | 균등분포 |
# | `GlorotNormal` | $2/(D_{in} + D_{out})$ | 정규분포, 표준편차 두 배에서 자름 |
# | `LecunNormal` | $1/D_{in}$ | 정규분포, 자름 |
# | `HeNormal` | $2/D_{in}$ | 정규분포, 자름 |
#
# Xavier Glorot이 직접 제안한 것은 $D_{in} + D_{out}$이 들어간 식으로, 순전파와 역전파 사이의 절충안입니다. 슬라이드의 식은 정확히
# `VarianceScaling(1, "fan_in", "untruncated_normal")`입니다.
#
# 합성곱(convolution)에서 $D_{in}$은 출력 하나가 보는 입력의 수, 즉 커널 크기의 제곱에 입력 채널 수를 곱한 것입니다. 채널 16개 위의
# $3 \times 3$ 필터라면 144입니다. 이 셀은 Keras 3에서도 실행됩니다.
# %% tags=["keras"]
import numpy as np
import tinynet as tf

initializers = {
    "glorot_normal": tf.keras.initializers.GlorotNormal(seed=0),
    "lecun_normal": tf.keras.initializers.LecunNormal(seed=0),
    "he_normal": tf.keras.initializers.HeNormal(seed=0),
    "the slide's": tf.keras.initializers.VarianceScaling(1.0, "fan_in", "untruncated_normal", seed=0),
}
variance = {}
for name, initializer in initializers.items():
    variance[name] = float(np.var(np.asarray(initializer(shape=(400, 1200)))))
    print(f"{name:<14} Var(w) * Din = {400 * variance[name]:.3f}")
assert np.isclose(400 * variance["glorot_normal"], 2 * 400 / 1600, rtol=0.02)
assert np.isclose(400 * variance["lecun_normal"], 1, rtol=0.02) and np.isclose(400 * variance["he_normal"], 2, rtol=0.02)
assert np.isclose(400 * variance["the slide's"], 1, rtol=0.02)
# %%
filters = textbook.XavierSlide(seed=0)((3, 3, 16, 200)).numpy()
print(f"3x3 filters over 16 channels: std {filters.std():.4f}, 1 / sqrt(144) = {1 / np.sqrt(144):.4f}")
assert np.isclose(filters.std(), 1 / np.sqrt(144), rtol=0.02)
# %% [markdown] lang="en"
# ## Try it
#
# 1. In the histograms, `0.05` instead of `0.3`. What is the right number for 512 neurons? (The derivation tells.)
# 2. Demo 1 with another `seed`: does "appropriate" always find the circle? ReLU neurons can die at birth.
# 3. `through(..., layers=50)`: does Xavier still hold? Then read about batch normalization, lesson 11.
#
# Both demos of the slides, to play with:
#
#     tinynet lab initialization
#
#     tinynet lab digits
# %% [markdown] lang="ko"
# ## 실험해 봅시다
#
# 1. 히스토그램에서 `0.3` 대신 `0.05`를 넣어 보세요. 뉴런 512개에 딱 맞는 값은 얼마일까요? (유도한 식에 답이 있습니다.)
# 2. 데모 1을 다른 `seed`로 실행해 보세요. Appropriate는 언제나 원을 찾아내나요? ReLU 뉴런은 태어나자마자 죽기도 합니다.
# 3. `through(..., layers=50)`이라면 Xavier도 버틸까요? 확인해 보고 나서 11강 배치 정규화(batch normalization)를 읽어 보세요.
#
# 슬라이드의 두 데모를 직접 움직여 볼 수 있습니다.
#
#     tinynet lab initialization
#
#     tinynet lab digits
# %% [markdown] lang="en"
# ## What goes wrong in practice
#
# * **$D_{out}$ instead of $D_{in}$**, or the wrong axis of the kernel: unnoticed while layers are square. The cell below
#   shows a wide layer before a narrow one.
# * **Variance taken for standard deviation:** `randn(...) / Din` instead of `/ sqrt(Din)`. The signal dies within a few layers.
# * **One initializer object for several layers with a fixed seed:** in Keras 3 each of them then draws the same numbers.
# * **Inputs that are not scaled.** Weights for a variance of 1 do not help pixels from 0 to 255: divide first.
# %% [markdown] lang="ko"
# ## 실제로 자주 하는 실수
#
# * **$D_{in}$ 대신 $D_{out}$**, 또는 커널의 축을 거꾸로 쓰기: 층이 정사각형이면 드러나지 않습니다. 아래 셀에서 넓은 층 다음에 좁은 층이
#   오는 경우를 확인해 보세요.
# * **분산을 표준편차로 착각하기:** `/ sqrt(Din)`이 아니라 `randn(...) / Din`으로 쓰면 몇 층 만에 신호가 사라집니다.
# * **시드를 고정한 초기화 객체 하나를 여러 층에 쓰기:** Keras 3에서는 층마다 똑같은 숫자를 뽑게 됩니다.
# * **크기를 맞추지 않은 입력.** 분산 1에 맞춘 가중치도 0~255 픽셀에는 소용이 없습니다. 먼저 나누세요.
# %%
draw = np.random.default_rng(0)
wide = draw.standard_normal((1000, 2000))
right = wide @ (draw.standard_normal((2000, 50)) / np.sqrt(2000))
wrong = wide @ (draw.standard_normal((2000, 50)) / np.sqrt(50))
print(f"standard deviation of the output: Din {right.std():.2f}, Dout {wrong.std():.2f}")
assert np.isclose(right.std(), 1, rtol=0.05) and np.isclose(wrong.std(), np.sqrt(2000 / 50), rtol=0.05)

one = tn.keras.initializers.GlorotNormal(seed=7)
assert np.array_equal(one((5, 5)).numpy(), one((5, 5)).numpy())
# %% [markdown] lang="en"
# ## Exercises
#
# ```python
# from tinynet import lessons
#
# lessons.check("xavier", my_xavier)
# ```
#
# On paper: weights **uniform** in $[-a, a]$ have the variance $a^2/3$. Which $a$ gives $\mathrm{Var}(w) = 1/D_{in}$? And
# which variance has the slide's "Uniform", $a = 1/\sqrt{D_{in}}$? (Look at its activations in demo 2: they shrink.)
# %% [markdown] lang="ko"
# ## 연습 문제
#
# ```python
# from tinynet import lessons
#
# lessons.check("xavier", my_xavier)
# ```
#
# 손으로 풀어 보기: $[-a, a]$에서 **균등하게** 뽑은 가중치의 분산은 $a^2/3$입니다. $\mathrm{Var}(w) = 1/D_{in}$이 되려면 $a$는 얼마여야
# 할까요? 슬라이드의 Uniform, 즉 $a = 1/\sqrt{D_{in}}$의 분산은 얼마일까요? (데모 2의 활성값을 보세요. 점점 줄어듭니다.)
# %%
uniform = textbook.UniformSlide(seed=0)((300, 3000)).numpy()
print(f"the slide's Uniform: Var(w) * Din = {300 * uniform.var():.3f}")
assert np.isclose(300 * uniform.var(), 1 / 3, rtol=0.02)
