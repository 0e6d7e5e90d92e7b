# %% [markdown] lang="en"
# # Adam, and the table of all optimizers
#
# Course rows: 21-26 · Minutes: 40
#
# **The question.** Momentum remembers gradients, RMSProp their squares. Why not both? It nearly works at once. The
# interesting part of Adam is the word *nearly*.
# %% [markdown] lang="ko"
# # Adam, 그리고 최적화 함수 비교표
#
# 강의 항목: 21-26 · 시간(분): 40
#
# **질문.** 모멘텀(momentum)은 기울기를 기억하고 RMSProp은 기울기의 제곱을 기억합니다. 둘 다 하면 안 될까요? 해 보면 거의 바로
# 됩니다. Adam에서 재미있는 부분은 바로 이 *거의*라는 말에 있습니다.
# %%
import numpy as np
import matplotlib.pyplot as plt

import tinynet as tn
from tinynet import textbook
from tinynet.textbook import (
    AdamAlgorithm1, AdamAlmost, RMSPropSlide, comparison_table, explain, race, surfaces, trace,
)
from tinynet.textbook.comparison import COMPARED

tn.utils.set_random_seed(0)
plt.rcParams["font.size"] = 14


def steps_of(optimizer, gradients):
    """The steps that an optimizer makes of a sequence of gradients of one weight."""
    w = tn.Variable([0.0], dtype="float64")
    steps = []
    for g in gradients:
        before = float(w.numpy()[0])
        optimizer.apply([np.array([float(g)])], [w])
        steps.append(before - float(w.numpy()[0]))
    return np.array(steps)
# %% [markdown] lang="en"
# ## Adam (almost): RMSProp + Momentum
#
# The slide's loop, as it stands. Which line do you know from momentum, which from RMSProp?
# %% [markdown] lang="ko"
# ## Adam (almost): RMSProp + Momentum
#
# 슬라이드의 반복문을 그대로 실행해 봅시다. 어느 줄이 모멘텀에서 왔고, 어느 줄이 RMSProp에서 왔을까요?
# %%
compute_gradient = surfaces.ravine.gradient
num_steps, learning_rate, beta1, beta2 = 60, 0.3, 0.9, 0.999
w = np.array([-1.8, 0.8])

moment1 = 0
moment2 = 0
for t in range(num_steps):
    dw = compute_gradient(w)
    moment1 = beta1 * moment1 + (1 - beta1) * dw
    moment2 = beta2 * moment2 + (1 - beta2) * dw * dw
    w -= learning_rate * moment1 / (np.sqrt(moment2) + 1e-7)

almost = trace(AdamAlmost(0.3), surfaces.ravine, steps=60)
print("ends at", w.round(4), " tinynet's AdamAlmost:", almost.path[-1].round(4))
assert np.allclose(w, almost.path[-1], atol=1e-4)
# %% [markdown] lang="en"
# ## What is wrong with it: the first steps
#
# Both moments start at 0 and take a while to fill: $m$ about $1/(1-\beta_1) = 10$ steps, $v$ about
# $1/(1-\beta_2) = 1000$. So at first **$\sqrt v$ is far too small**, and we divide by it. In the first step:
#
# $$\frac{(1-\beta_1)\,g}{\sqrt{(1-\beta_2)\,g^2}} = \frac{0.1}{\sqrt{0.001}} = 3.16$$
#
# and it gets worse before it gets better, since $m$ fills faster than $v$.
#
# ## The cure: bias correction
#
# After $t$ steps with a constant gradient, $m_t = (1 - \beta_1^t)\,g$. The factor is known, so divide by it:
#
# $$\hat m_t = \frac{m_t}{1 - \beta_1^t}, \qquad \hat v_t = \frac{v_t}{1 - \beta_2^t}$$
#
# Then the first step is exactly $lr$ long, and so are the next ones.
# %% [markdown] lang="ko"
# ## 무엇이 문제일까: 첫 몇 걸음
#
# 두 모멘트(moment) 모두 0에서 출발해서 차오르는 데 시간이 걸립니다. $m$은 $1/(1-\beta_1) = 10$걸음쯤, $v$는
# $1/(1-\beta_2) = 1000$걸음쯤 걸립니다. 그래서 처음에는 **$\sqrt v$가 너무 작은데**, 하필 그것으로 나눕니다. 첫걸음은 이렇습니다.
#
# $$\frac{(1-\beta_1)\,g}{\sqrt{(1-\beta_2)\,g^2}} = \frac{0.1}{\sqrt{0.001}} = 3.16$$
#
# 게다가 $m$이 $v$보다 빨리 차기 때문에 한동안은 더 나빠집니다.
#
# ## 해결책: 편향 보정(bias correction)
#
# 기울기가 일정하다면 $t$걸음 뒤에 $m_t = (1 - \beta_1^t)\,g$입니다. 얼마나 모자란지 알고 있으니 그만큼 나눠 주면 됩니다.
#
# $$\hat m_t = \frac{m_t}{1 - \beta_1^t}, \qquad \hat v_t = \frac{v_t}{1 - \beta_2^t}$$
#
# 그러면 첫걸음의 길이가 정확히 $lr$이 되고, 다음 걸음들도 마찬가지입니다.
# %%
ones = np.ones(400)
without, corrected = steps_of(AdamAlmost(1.0), ones), steps_of(AdamAlgorithm1(1.0), ones)
print(f"almost:      step 1 {without[0]:.2f} lr, largest {without.max():.2f} lr at step {without.argmax() + 1}")
print(f"Algorithm 1: step 1 {corrected[0]:.2f} lr, largest {corrected.max():.2f} lr")

_, ax = plt.subplots(figsize=(8, 4), layout="constrained")
ax.plot(np.arange(1, 401), without, "--", linewidth=2.5, label="Adam (almost)")
ax.plot(np.arange(1, 401), corrected, "-", linewidth=2.5, label="Adam")
ax.set(xlabel="$t$", ylabel="$|\\Delta w| / lr$", xscale="log", ylim=(0, 7))
legend = ax.legend()
assert np.isclose(without[0], 0.1 / np.sqrt(0.001), rtol=1e-4) and without.argmax() + 1 == 12
assert 6.5 < without.max() < 6.6 and np.allclose(corrected, 1, rtol=1e-6)
# %% [markdown] lang="en"
# ## Algorithm 1, line by line
#
# The paper's algorithm (Kingma and Ba 2015). Good default settings: $\alpha = 0.001$, $\beta_1 = 0.9$,
# $\beta_2 = 0.999$, $\epsilon = 10^{-8}$.
#
# $$m_t \leftarrow \beta_1 m_{t-1} + (1 - \beta_1)\, g_t, \qquad v_t \leftarrow \beta_2 v_{t-1} + (1 - \beta_2)\, g_t^2$$
#
# $$\theta_t \leftarrow \theta_{t-1} - \alpha \cdot \hat m_t / (\sqrt{\hat v_t} + \epsilon)$$
#
# Note that $t$ begins at 1. With $t = 0$ the correction divides by $1 - \beta^0 = 0$.
# %% [markdown] lang="ko"
# ## Algorithm 1을 한 줄씩
#
# 논문(Kingma and Ba 2015)의 알고리즘입니다. 권장 기본값은 $\alpha = 0.001$, $\beta_1 = 0.9$, $\beta_2 = 0.999$,
# $\epsilon = 10^{-8}$입니다.
#
# $$m_t \leftarrow \beta_1 m_{t-1} + (1 - \beta_1)\, g_t, \qquad v_t \leftarrow \beta_2 v_{t-1} + (1 - \beta_2)\, g_t^2$$
#
# $$\theta_t \leftarrow \theta_{t-1} - \alpha \cdot \hat m_t / (\sqrt{\hat v_t} + \epsilon)$$
#
# $t$가 1부터 시작한다는 점에 주의하세요. $t = 0$이면 $1 - \beta^0 = 0$으로 나누게 됩니다.
# %%
theta, alpha, epsilon = np.array([-1.8, 0.8]), 0.3, 1e-8
m, v, t = 0, 0, 0
while t < 60:
    t = t + 1
    g = compute_gradient(theta)
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    theta = theta - alpha * m_hat / (np.sqrt(v_hat) + epsilon)

adam = trace(AdamAlgorithm1(0.3), surfaces.ravine, steps=60)
print("ends at", theta.round(4), " tinynet's AdamAlgorithm1:", adam.path[-1].round(4))
ax = textbook.plots.plot_paths(surfaces.ravine, {"Adam (almost)": almost, "Adam": adam})
assert np.allclose(theta, adam.path[-1], atol=1e-4)
assert adam.value[20] < 0.2 * almost.value[20]
# %% [markdown] lang="en"
# ## Whose line is it?
#
# The code of one step, with the origin of each line. Set $\beta_1 = 0$ and Adam (almost) **is** RMSProp: a test of
# your understanding that a computer can do.
# %% [markdown] lang="ko"
# ## 누구의 줄일까?
#
# 한 걸음의 코드를 줄마다 출처와 함께 봅시다. $\beta_1 = 0$으로 두면 Adam (almost)은 그대로 RMSProp이 **됩니다**. 제대로 이해했는지
# 컴퓨터로 확인해 볼 수 있습니다.
# %%
print(explain(AdamAlgorithm1))
rng = np.random.default_rng(0)
noisy = rng.standard_normal(50)
assert np.allclose(steps_of(AdamAlmost(0.1, beta_1=0.0, beta_2=0.9), noisy),
                   steps_of(RMSPropSlide(0.1, decay_rate=0.9), noisy), atol=1e-6)
assert "# Momentum" in explain(AdamAlgorithm1) and "# AdaGrad / RMSProp" in explain(AdamAlgorithm1)
# %% [markdown] lang="en"
# ## The size of the gradient does not matter
#
# Multiply the loss by 1000: plain descent explodes, Adam walks **the same path**, since $\hat m$ and $\sqrt{\hat v}$ grow
# by the same factor. That is why one default, 0.001, fits so many networks. And it is why Adam's learning rate means
# something else than SGD's: it is about the length of a step.
# %% [markdown] lang="ko"
# ## 기울기의 크기는 상관없다
#
# 손실에 1000을 곱해 봅시다. 경사 하강법은 폭발하지만 Adam은 **똑같은 길**을 걷습니다. $\hat m$과 $\sqrt{\hat v}$가 같은 배수로 커지기
# 때문입니다. 그래서 기본값 0.001 하나가 그토록 많은 신경망에 통합니다. 그리고 그래서 Adam의 학습률은 SGD의 학습률과 뜻이 다릅니다.
# Adam에서는 대략 한 걸음의 길이입니다.
# %%
paths = [trace(AdamAlgorithm1(0.1), textbook.surface_of(f"{scale} * (x**2 + 20 * y**2)", start=(-1.8, 0.8)), steps=50).path
         for scale in (0.5, 500)]
print("largest difference between the two paths:", f"{np.abs(paths[0] - paths[1]).max():.1e}")
assert np.allclose(*paths, atol=1e-6)
# %% [markdown] lang="en"
# ## What Keras does differently
#
# The paper mentions "a slightly more efficient, but less clear order of computation". Keras uses it:
#
# $$\alpha_t = \alpha \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}, \qquad \theta_t \leftarrow \theta_{t-1} - \alpha_t \frac{m_t}{\sqrt{v_t} + \hat\epsilon}$$
#
# The same, but for one thing: $\hat\epsilon$ is now added to the **uncorrected** $\sqrt{v}$. It equals Algorithm 1 with
# $\epsilon = \hat\epsilon / \sqrt{1 - \beta_2^t}$, in the first step 31.6 times as large; and Keras's default is
# $10^{-7}$, ten times the paper's. For gradients of usual size nobody notices. For one of $10^{-7}$: see the next two
# cells. PyTorch is Algorithm 1.
#
# The cell tagged for Keras runs there too.
# %% [markdown] lang="ko"
# ## Keras는 무엇이 다를까
#
# 논문에는 "조금 더 효율적이지만 덜 명확한 계산 순서"가 있다고 나옵니다. Keras가 바로 그 순서를 씁니다.
#
# $$\alpha_t = \alpha \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}, \qquad \theta_t \leftarrow \theta_{t-1} - \alpha_t \frac{m_t}{\sqrt{v_t} + \hat\epsilon}$$
#
# 한 가지만 빼면 같습니다. $\hat\epsilon$을 **보정하지 않은** $\sqrt{v}$에 더한다는 점입니다. Algorithm 1에서
# $\epsilon = \hat\epsilon / \sqrt{1 - \beta_2^t}$로 둔 것과 같고, 첫걸음에서는 31.6배가 됩니다. 게다가 Keras의 기본값은 $10^{-7}$로
# 논문의 열 배입니다. 보통 크기의 기울기에서는 아무도 눈치채지 못합니다. 기울기가 $10^{-7}$이라면 어떨까요? 다음 두 셀을 보세요.
# PyTorch는 Algorithm 1 그대로입니다.
#
# Keras용 셀은 Keras 3에서도 실행됩니다.
# %% tags=["keras"]
import numpy as np
import tinynet as tf

moved = {}
for g in (1.0, 1e-7):
    unit = tf.keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
    unit.build((None, 1))
    optimizer = tf.keras.optimizers.Adam(learning_rate=1.0)
    optimizer.apply_gradients([(np.array([[g]], dtype="float32"), unit.trainable_variables[0])])
    moved[g] = abs(float(np.ravel(unit.get_weights()[0])[0]))
    print(f"Keras's Adam: a first gradient of {g:g} moves the weight by {moved[g]:.4f} lr")
assert abs(moved[1.0] - 1) < 1e-3 and abs(moved[1e-7] - 0.0307) < 1e-3
# %%
paper = steps_of(AdamAlgorithm1(1.0), [1e-7])[0]
as_keras = steps_of(AdamAlgorithm1(1.0, epsilon=1e-7 / np.sqrt(1 - 0.999)), [1e-7])[0]
print(f"Algorithm 1: {paper:.4f} lr; with Keras's epsilon times {1 / np.sqrt(0.001):.1f}: {as_keras:.4f} lr")
assert np.isclose(paper, 1e-7 / (1e-7 + 1e-8), rtol=1e-4) and np.isclose(as_keras, moved[1e-7], rtol=1e-2)
assert round(1 / np.sqrt(0.001), 1) == 31.6
# %% [markdown] lang="en"
# ## The race
#
# All six from one start, each with the best of the rates 0.00001, 0.00002, 0.00005, ... 5: `race` tries them all. First
# the ravine, then Rosenbrock's banana.
# %% [markdown] lang="ko"
# ## 경주
#
# 여섯 가지 모두 같은 점에서 출발합니다. 학습률은 0.00001, 0.00002, 0.00005, ... 5 중에서 저마다 가장 좋은 것을 `race`가 골라 줍니다.
# 먼저 골짜기, 그다음은 로젠브록(Rosenbrock)의 바나나입니다.
# %%
in_ravine = race(surfaces.ravine, steps=60)
in_banana = race(surfaces.rosenbrock, steps=150)
for surface, walks in (("ravine", in_ravine), ("Rosenbrock", in_banana)):
    print(surface)
    for name, walk in sorted(walks.items(), key=lambda item: item[1].value[-1]):
        print(f"  {name:<20} height at the end {walk.value[-1]:.2e}")
one = textbook.plots.plot_paths(surfaces.ravine, in_ravine)
two = textbook.plots.plot_paths(surfaces.rosenbrock, in_banana)

ranks = [[name.split(",")[0] for name, _ in sorted(walks.items(), key=lambda item: item[1].value[-1])]
         for walks in (in_ravine, in_banana)]
assert ranks[0][0] == ranks[1][-1] == "AdaGrad"
# %% [markdown] lang="en"
# The winner of the first race, AdaGrad, is the last of the second. **There is no best optimizer**, only one that suits a
# surface, a rate and a number of steps. To see the race move, write it to a file:
# `textbook.animate_race("race.gif", surfaces.ravine, in_ravine)`.
#
# ## The table
#
# It is made from the classes' own attributes. But do they do what the table tells? Let us test each column by what the
# optimizer *does*:
#
# | column | experiment |
# |---|---|
# | first moments | a gradient of 1, then of 0: does it move on without a gradient? |
# | second moments | a gradient 100 times as large: is the first step the same? |
# | leaky | gradients of 1, then of 0.01: do the steps recover? |
# | bias correction | leaky, and yet the first step is exactly $lr$ |
# %% [markdown] lang="ko"
# 첫 경주의 우승자 AdaGrad가 두 번째 경주에서는 꼴찌입니다. **가장 좋은 optimizer란 없습니다.** 곡면과 학습률과 걸음 수에 어울리는 것이
# 있을 뿐입니다. 경주를 움직이는 그림으로 보려면 파일로 저장하세요:
# `textbook.animate_race("race.gif", surfaces.ravine, in_ravine)`.
#
# ## 비교표
#
# 이 표는 클래스의 속성으로 만든 것입니다. 그런데 정말 표에 적힌 대로 움직일까요? optimizer가 실제로 *하는 일*을 보고 열마다 시험해
# 봅시다.
#
# | 열 | 실험 |
# |---|---|
# | 1차 모멘트(first moments) | 기울기 1 다음에 0: 기울기가 없어도 계속 움직이는가? |
# | 2차 모멘트(second moments) | 기울기가 100배: 첫걸음이 그대로인가? |
# | leaky | 기울기 1이 이어지다가 0.01: 걸음이 회복되는가? |
# | 편향 보정(bias correction) | leaky이면서도 첫걸음이 정확히 $lr$인가? |
# %%
print(comparison_table())


def observed(cls):
    fast = {"beta_2": 0.9} if cls is AdamAlgorithm1 else {}
    keeps_moving = abs(steps_of(cls(1.0, **fast), [1, 0])[1]) > 0.01
    same_first_step = np.isclose(steps_of(cls(1.0, **fast), [1])[0], steps_of(cls(1.0, **fast), [100])[0], rtol=1e-3)
    taken = steps_of(cls(1.0, **fast), np.r_[np.ones(100), np.full(300, 0.01)])
    recovers = bool(same_first_step) and taken[-1] > 0.5 * taken[99]
    exact = recovers and np.isclose(taken[0], 1, rtol=1e-3)
    return [bool(keeps_moving), bool(same_first_step), bool(recovers), bool(exact)]


for cls in COMPARED:
    claimed = [cls.tracks_first_moments, cls.tracks_second_moments, cls.leaky_second_moments, cls.bias_correction]
    print(f"{cls.label:<13}", *("✓" if seen else "✗" for seen in observed(cls)))
    assert observed(cls) == claimed, cls.label
# %% [markdown] lang="en"
# ## On real images
#
# 6,000 images of Fashion-MNIST, 64 hidden neurons, three epochs, each optimizer with a usual learning rate. The last two
# rows are a warning.
# %% [markdown] lang="ko"
# ## 진짜 이미지로
#
# Fashion-MNIST 이미지 6,000장, 은닉 뉴런 64개, 세 에폭입니다. optimizer마다 흔히 쓰는 학습률을 주었습니다. 마지막 두 줄은 경고입니다.
# %%
found = tn.datasets.fashion_mnist.find()
source = tn.datasets.fashion_mnist if found else tn.datasets.fashion_mnist_sample
(train_x, train_y), (test_x, test_y) = source.load_data()
print("images:", "the full Fashion-MNIST" if found else "the sample inside tinynet's wheel")
train_x, train_y, test_x, test_y = train_x[:6000] / 255.0, train_y[:6000], test_x[:1000] / 255.0, test_y[:1000]

optimizers = tn.keras.optimizers
candidates = {
    "SGD, 0.1": optimizers.SGD(0.1),
    "SGD+Momentum, 0.01": optimizers.SGD(0.01, momentum=0.9),
    "Nesterov, 0.01": optimizers.SGD(0.01, momentum=0.9, nesterov=True),
    "AdaGrad, 0.01": optimizers.Adagrad(0.01),
    "RMSProp, 0.001": optimizers.RMSprop(0.001),
    "Adam, 0.001": optimizers.Adam(0.001),
    "AdaGrad, 0.001": optimizers.Adagrad(0.001),
    "Adam, 0.1": optimizers.Adam(0.1),
}
accuracy = {}
for name, optimizer in candidates.items():
    tn.utils.set_random_seed(0)
    model = tn.keras.Sequential([
        tn.keras.Input((28, 28)), tn.keras.layers.Flatten(),
        tn.keras.layers.Dense(64, activation="relu"), tn.keras.layers.Dense(10),
    ])
    model.compile(optimizer=optimizer, metrics=["accuracy"],
                  loss=tn.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    losses = model.fit(train_x, train_y, batch_size=32, epochs=3, verbose=0).history["loss"]
    accuracy[name] = model.evaluate(test_x, test_y, verbose=0)[1]
    print(f"{name:<20} loss {losses[0]:.3f} -> {losses[-1]:.3f}, accuracy on new images {accuracy[name]:.3f}")

good = list(accuracy.values())[:6]
assert min(good) > 0.75 and max(good) - min(good) < 0.08
assert accuracy["AdaGrad, 0.001"] < min(good) - 0.05 and accuracy["Adam, 0.1"] < min(good) - 0.05
# %% [markdown] lang="en"
# With a rate that suits it, each of the six is good: all are within 8 points of each other. With one that does not, each
# can fail: Keras's default 0.001 is too small for AdaGrad, and 0.1, fine for SGD, is a
# hundred times too large for Adam. **Tune the learning rate before you change the optimizer.**
# %% [markdown] lang="ko"
# 알맞은 학습률을 주면 여섯 가지 모두 좋고, 정확도 차이는 8%포인트 안쪽입니다. 맞지 않는 학습률을 주면 무엇이든 실패할 수 있습니다. Keras의 기본값 0.001은 AdaGrad에는 너무 작고, SGD에 알맞은 0.1은 Adam에는 백 배나 큽니다.
# **optimizer를 바꾸기 전에 학습률부터 맞춰 보세요.**
# %% tags=["long"]
(train_x, train_y), (test_x, test_y) = source.load_data()
for name, make in {"SGD, 0.1": lambda: optimizers.SGD(0.1), "Adam, 0.001": lambda: optimizers.Adam(0.001)}.items():
    tn.utils.set_random_seed(0)
    model = tn.keras.Sequential([
        tn.keras.Input((28, 28)), tn.keras.layers.Flatten(),
        tn.keras.layers.Dense(128, activation="relu"), tn.keras.layers.Dense(10),
    ])
    model.compile(optimizer=make(), metrics=["accuracy"],
                  loss=tn.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(train_x / 255.0, train_y, batch_size=32, epochs=20, verbose=0)
    print(name, "after 20 epochs over all images:", model.evaluate(test_x / 255.0, test_y, verbose=0)[1])
# %% [markdown] lang="en"
# ## Try it
#
# 1. `beta_2=0.9` in the picture of the first steps: how large is the largest step of "almost" now? Why is the
#    correction less important there?
# 2. Give `race` a start of your own, `start=(-0.5, 1.9)`: who wins?
# 3. Change the seed of the last experiment to 1 and 2. Does the order of the first six stay?
#
# See what each optimizer holds for each weight, and which line of its code does it:
#
#     tinynet lab 'adam?surface=ravine&compare=move'
# %% [markdown] lang="ko"
# ## 실험해 봅시다
#
# 1. 첫걸음 그림에서 `beta_2=0.9`로 바꾸면 "almost"의 가장 큰 걸음은 얼마인가요? 이때는 왜 보정이 덜 중요할까요?
# 2. `race`에 `start=(-0.5, 1.9)`처럼 출발점을 직접 정해 주면 누가 이기나요?
# 3. 마지막 실험의 난수 시드(seed)를 1과 2로 바꿔 보세요. 앞의 여섯 가지의 순서가 그대로인가요?
#
# 저마다 가중치별로 무엇을 기억하는지, 코드의 어느 줄이 그 일을 하는지 실험실에서 보세요.
#
#     tinynet lab 'adam?surface=ravine&compare=move'
# %% [markdown] lang="en"
# ## What goes wrong in practice
#
# * **$t$ starts at 0**, or is not increased: the correction divides by 0, or corrects for ever.
# * **The moments swapped:** $\beta_1$ belongs to $g$, $\beta_2$ to $g^2$.
# * **Weight decay as an L2 penalty.** In Adam the penalty's gradient is divided by $\sqrt{\hat v}$ like all others, so
#   weights with large gradients are hardly decayed. `AdamW` decays beside the update; the cell shows the difference.
# * **Memory.** Adam holds two more numbers for each weight: three times the memory of SGD.
# * **A model loaded without its optimizer** starts with empty moments, and its loss jumps at first. Save the whole model.
# %% [markdown] lang="ko"
# ## 실제로 자주 하는 실수
#
# * **$t$가 0부터 시작하거나** 늘지 않는 경우: 0으로 나누거나 끝없이 보정합니다.
# * **모멘트를 바꿔 쓰기:** $\beta_1$은 $g$에, $\beta_2$는 $g^2$에 씁니다.
# * **가중치 감쇠(weight decay)를 L2 벌점으로 넣기.** Adam에서는 벌점의 기울기도 $\sqrt{\hat v}$로 나뉘므로, 기울기가 큰 가중치는 거의
#   줄어들지 않습니다. `AdamW`는 업데이트와 따로 가중치를 줄입니다. 아래 셀에서 차이를 확인해 보세요.
# * **메모리.** Adam은 가중치마다 숫자를 두 개씩 더 기억합니다. SGD의 세 배입니다.
# * **optimizer 없이 불러온 모델**은 모멘트가 비어 있어서 처음에 손실이 튑니다. 모델 전체를 저장하세요.
# %%
held = sum(variable.numpy().size for variable in model.optimizer.variables)
print(f"{model.count_params():,} weights, Adam holds {held:,} numbers")
assert 2 * model.count_params() <= held <= 2 * model.count_params() + 5

left = {}
for size in (1.0, 100.0):
    noise = size * np.random.default_rng(0).standard_normal(2000)
    penalty, decoupled = (tn.Variable([1.0], dtype="float64") for _ in range(2))
    adam, adamw = optimizers.Adam(0.001), optimizers.AdamW(0.001, weight_decay=0.1)
    for g in noise:
        adam.apply([np.array([g + 0.1 * float(penalty.numpy()[0])])], [penalty])
        adamw.apply([np.array([g])], [decoupled])
    left[size] = float(penalty.numpy()[0]), float(decoupled.numpy()[0])
    print(f"gradients of about {size:g}: L2 in Adam leaves {left[size][0]:.3f}, AdamW {left[size][1]:.3f}")
assert abs(left[100.0][1] - left[1.0][1]) < 0.01 and left[100.0][0] > left[1.0][0] + 0.05
# %% [markdown] lang="en"
# ## Exercises
#
# ```python
# from tinynet import lessons
#
# lessons.check("adam", my_adam)
# ```
#
# On paper: two gradients, 1 and then -1, $\beta_1 = 0.9$. What is $m_2$, what is $\hat m_2$? Why is it not 0?
# %% [markdown] lang="ko"
# ## 연습 문제
#
# ```python
# from tinynet import lessons
#
# lessons.check("adam", my_adam)
# ```
#
# 손으로 풀어 보기: 기울기가 1 다음에 -1이고 $\beta_1 = 0.9$입니다. $m_2$와 $\hat m_2$는 얼마일까요? 왜 0이 아닐까요?
# %%
m2 = 0.9 * 0.1 * 1 + 0.1 * -1
print(f"m_2 = {m2:.3f}, corrected {m2 / (1 - 0.9**2):.4f}: the newer gradient counts for more")
assert np.isclose(m2, -0.01) and np.isclose(m2 / (1 - 0.9**2), -0.0526, atol=1e-4)
