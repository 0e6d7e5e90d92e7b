# %% [markdown] lang="en"
# # AdaGrad and RMSProp: a learning rate for each weight
#
# Course rows: 16-20 · Minutes: 40
#
# **The question.** In the ravine, one learning rate was too large across and too small along. Momentum let the *steps*
# add up. There is another way out: why should all weights share **one** learning rate at all?
# %% [markdown] lang="ko"
# # AdaGrad와 RMSProp: 가중치마다 다른 학습률
#
# 강의 항목: 16-20 · 시간(분): 40
#
# **질문.** 골짜기에서 학습률은 하나뿐인데 가로지르는 방향으로는 너무 크고, 따라가는 방향으로는 너무 작았습니다. 모멘텀은 *걸음*을 쌓아서
# 해결했습니다. 다른 길도 있습니다. 애초에 왜 모든 가중치가 **하나의** 학습률을 나눠 써야 할까요?
# %%
import numpy as np
import matplotlib.pyplot as plt

import tinynet as tn
from tinynet import textbook
from tinynet.textbook import (
    AdaGradForm1, AdaGradForm2, AdaGradForm3, AdaGradFullMatrix, GradientDescent, RMSPropSlide, surfaces, trace,
)

tn.utils.set_random_seed(0)
plt.rcParams["font.size"] = 14


def steps_of(optimizer, gradients):
    """The steps that an optimizer makes of a sequence of gradients."""
    w = tn.Variable(np.zeros_like(np.atleast_1d(gradients[0])), dtype="float64")
    steps = []
    for g in gradients:
        before = w.numpy()
        optimizer.apply([np.atleast_1d(np.asarray(g, dtype=np.float64))], [w])
        steps.append(before - w.numpy())
    return np.array(steps)
# %% [markdown] lang="en"
# ## AdaGrad, form 1: two lines
#
# $$h \leftarrow h + \frac{\partial L}{\partial W} \odot \frac{\partial L}{\partial W}$$
#
# $$W \leftarrow W - lr\,\frac{1}{\sqrt{h}}\,\frac{\partial L}{\partial W}$$
#
# $\odot$ multiplies element by element: **every weight has an $h$ of its own**, the sum of its squared gradients so far.
# A weight that has had large gradients gets a small rate, one that has had small gradients a large rate.
#
# The first step shows it best: there $h = g^2$, so the step is $lr \cdot g / |g|$. Only the sign of the gradient counts.
# %% [markdown] lang="ko"
# ## AdaGrad 첫 번째 형태: 단 두 줄
#
# $$h \leftarrow h + \frac{\partial L}{\partial W} \odot \frac{\partial L}{\partial W}$$
#
# $$W \leftarrow W - lr\,\frac{1}{\sqrt{h}}\,\frac{\partial L}{\partial W}$$
#
# $\odot$는 원소끼리 곱한다는 뜻입니다. **가중치마다 자기만의 $h$가 있고**, 거기에 지금까지의 기울기 제곱이 쌓입니다. 기울기가 컸던
# 가중치는 학습률이 작아지고, 작았던 가중치는 커집니다.
#
# 첫걸음을 보면 가장 잘 드러납니다. 이때는 $h = g^2$이므로 걸음이 $lr \cdot g / |g|$가 됩니다. 기울기의 부호만 남는 것입니다.
# %%
first = steps_of(AdaGradForm1(0.1), [np.array([1000.0, 1.0, -0.001])])[0]
print("gradients 1000, 1, -0.001 -> first steps", first.round(6))
assert np.allclose(first, [0.1, 0.1, -0.1])
# %% [markdown] lang="en"
# ## Form 2: the same with matrices
#
# $$\theta_{t+1} = \theta_t - \frac{\eta}{\sqrt{\varepsilon I + \mathrm{diag}(G_t)}} \cdot g_t, \qquad G_t = \sum_{\tau=1}^{t} g_\tau g_\tau^{\top}$$
#
# It looks frightening and is not: $g g^\top$ is a table of all products $g_i g_j$, and $\mathrm{diag}$ keeps only
# $g_i g_i$, which is $g \odot g$ again. New is only the $\varepsilon$, **inside** the root.
#
# ## Form 3: the code
#
# Here $\varepsilon = 10^{-7}$ stands **outside** the root. The slide's loop as it stands, in the ravine:
# %% [markdown] lang="ko"
# ## 두 번째 형태: 행렬로 쓰면
#
# $$\theta_{t+1} = \theta_t - \frac{\eta}{\sqrt{\varepsilon I + \mathrm{diag}(G_t)}} \cdot g_t, \qquad G_t = \sum_{\tau=1}^{t} g_\tau g_\tau^{\top}$$
#
# 어려워 보이지만 그렇지 않습니다. $g g^\top$은 모든 곱 $g_i g_j$를 적어 놓은 표이고, $\mathrm{diag}$는 그중 $g_i g_i$만 남깁니다. 결국
# $g \odot g$와 같습니다. 새로 생긴 것은 제곱근 **안에** 있는 $\varepsilon$뿐입니다.
#
# ## 세 번째 형태: 코드
#
# 여기서는 $\varepsilon = 10^{-7}$이 제곱근 **밖에** 있습니다. 슬라이드의 반복문을 골짜기에서 그대로 실행해 봅시다.
# %%
compute_gradient = surfaces.ravine.gradient
num_steps, learning_rate = 60, 0.5
w = np.array([-1.8, 0.8])
path = [w.copy()]

grad_squared = 0
for t in range(num_steps):
    dw = compute_gradient(w)
    grad_squared += dw * dw
    w -= learning_rate * dw / (np.sqrt(grad_squared) + 1e-7)
    path.append(w.copy())

walks = {
    "SGD, lr = 0.09": trace(GradientDescent(0.09), surfaces.ravine, steps=60),
    "AdaGrad, lr = 0.5": trace(AdaGradForm3(0.5), surfaces.ravine, steps=60),
}
print("height after 5, 20, 60 steps:")
for name, walk in walks.items():
    print(f"  {name:<18}", walk.value[[5, 20, 60]])
ax = textbook.plots.plot_paths(surfaces.ravine, walks)

assert np.allclose(path, walks["AdaGrad, lr = 0.5"].path, atol=1e-6)
assert walks["AdaGrad, lr = 0.5"].value[60] < 1e-6 < walks["SGD, lr = 0.09"].value[60]
others = [trace(cls(0.5), surfaces.ravine, steps=60).path for cls in (AdaGradForm1, AdaGradForm2)]
assert np.allclose(others[0], path, atol=1e-5) and np.allclose(others[1], path, atol=1e-5)
# %% [markdown] lang="en"
# No zigzag: across and along it walks at the same pace. And all three forms walk one path here. So where does it matter
# where $\varepsilon$ stands?
#
# ## Where epsilon stands
#
# Where the gradient has nearly always been 0. Then $\sqrt{h}$ is nearly 0, too, and $\varepsilon$ is all that is left:
#
# $$\frac{1}{0 + 10^{-7}} = 10{,}000{,}000 \qquad\qquad \frac{1}{\sqrt{0 + 10^{-7}}} \approx 3162$$
#
# Form 1 has no $\varepsilon$ at all: it divides 0 by 0 for a weight that never had a gradient, such as that of an image
# pixel that is always black.
# %% [markdown] lang="ko"
# 지그재그가 사라졌습니다. 가로지르는 방향과 따라가는 방향의 걸음이 같아졌기 때문입니다. 그리고 여기서는 세 형태가 모두 같은 길을
# 걷습니다. 그렇다면 $\varepsilon$의 위치는 언제 중요할까요?
#
# ## 엡실론(epsilon)의 위치
#
# 기울기가 거의 언제나 0이었던 곳에서 중요합니다. 그런 곳에서는 $\sqrt{h}$도 거의 0이라서 남는 것은 $\varepsilon$뿐입니다.
#
# $$\frac{1}{0 + 10^{-7}} = 10{,}000{,}000 \qquad\qquad \frac{1}{\sqrt{0 + 10^{-7}}} \approx 3162$$
#
# 첫 번째 형태에는 $\varepsilon$이 아예 없습니다. 기울기가 한 번도 없었던 가중치, 예를 들어 늘 검은색인 픽셀의 가중치에서는 0을 0으로
# 나누게 됩니다.
# %%
outside, inside = 1 / (0 + 1e-7), 1 / np.sqrt(0 + 1e-7)
print(f"outside {outside:,.0f}, inside {inside:,.0f}")
assert np.isclose(outside, 1e7) and round(inside) == 3162

tiny = [np.array([1e-6])]
print("a first gradient of 1e-6, steps in units of lr:",
      {cls.__name__: round(float(steps_of(cls(1.0), tiny)[0, 0]), 4) for cls in (AdaGradForm1, AdaGradForm2, AdaGradForm3)})
assert steps_of(AdaGradForm1(1.0), [np.array([0.0])])[0, 0] == 0
assert steps_of(AdaGradForm2(1.0), tiny)[0, 0] < 0.01 < 0.9 < steps_of(AdaGradForm3(1.0), tiny)[0, 0] < 1
# %% [markdown] lang="en"
# tinynet's form 1 leaves such a weight where it is; its docstring tells so. Form 3 makes a full step of a gradient
# of a millionth, form 2 nearly none. Neither is wrong; they are different optimizers for weights that see little.
#
# ## Where AdaGrad is at its best: rare features
#
# Two inputs. The first one is there in every sample, the second one in 1 of 50. Both should get the weight 1. Plain
# descent gives the rare one the same rate, though it has hardly had a chance to learn. AdaGrad remembers that, and takes
# large steps when it finally comes. That is why it was a success with words, of which most are rare.
# %% [markdown] lang="ko"
# tinynet의 첫 번째 형태는 그런 가중치를 그대로 둡니다(docstring에 적혀 있습니다). 기울기가 백만분의 일일 때 세 번째 형태는 온전한 한
# 걸음을 내딛고, 두 번째 형태는 거의 움직이지 않습니다. 어느 쪽이 틀린 것은 아닙니다. 기울기를 거의 받지 못하는 가중치에게는 서로 다른
# optimizer인 셈입니다.
#
# ## AdaGrad가 가장 빛나는 곳: 드문 특성(rare feature)
#
# 입력이 두 개 있습니다. 첫 번째는 모든 샘플에 나오고, 두 번째는 50개 중 하나에만 나옵니다. 정답은 둘 다 가중치 1입니다. 경사 하강법은
# 배울 기회가 거의 없었던 두 번째에도 똑같은 학습률을 씁니다. AdaGrad는 그 사실을 기억했다가 드디어 나왔을 때 크게 움직입니다. 그래서
# 대부분이 드물게 나오는 단어를 다룰 때 크게 성공했습니다.
# %%
def learn(optimizer, samples=250):
    w = tn.Variable(np.zeros(2), dtype="float64")
    for n in range(samples):
        x = np.array([1.0 if n % 2 else -1.0, 1.0 if n % 50 == 0 else 0.0])
        error = w.numpy() @ x - x.sum()
        optimizer.apply([error * x], [w])
    return w.numpy()


plain, adaptive = learn(GradientDescent(0.1)), learn(AdaGradForm3(0.5))
print("after 250 samples, 5 of them with the rare input (right: 1, 1)")
print("  SGD    ", plain.round(3), "\n  AdaGrad", adaptive.round(3))
assert plain[0] > 0.95 and adaptive[0] > 0.95
assert plain[1] < 0.6 and adaptive[1] > 0.75
# %% [markdown] lang="en"
# ## The price: it never forgets
#
# $h$ only grows. With a gradient that stays at 1, $h = t$ and the rate is $lr/\sqrt{t}$: after 100 steps a tenth, after
# 10,000 a hundredth. In a long training AdaGrad falls asleep.
#
# ## RMSProp: "Leaky AdaGrad"
#
# One line is different. Old squares leak away:
#
# ```python
# grad_squared += dw * dw                                                     # AdaGrad
# grad_squared = decay_rate * grad_squared + (1 - decay_rate) * dw * dw       # RMSProp
# ```
#
# So $\sqrt{h}$ is the size of the *recent* gradients, not of all that there ever were. The slide gives no number for
# `decay_rate`; 0.9 and 0.99 are usual.
# %% [markdown] lang="ko"
# ## 대가: 절대 잊지 않는다
#
# $h$는 커지기만 합니다. 기울기가 계속 1이면 $h = t$이고 학습률은 $lr/\sqrt{t}$가 됩니다. 100걸음 뒤에는 10분의 1, 10,000걸음 뒤에는
# 100분의 1입니다. 오래 학습하면 AdaGrad는 잠들어 버립니다.
#
# ## RMSProp: "새는 AdaGrad(Leaky AdaGrad)"
#
# 단 한 줄이 다릅니다. 오래된 제곱이 조금씩 새어 나갑니다.
#
# ```python
# grad_squared += dw * dw                                                     # AdaGrad
# grad_squared = decay_rate * grad_squared + (1 - decay_rate) * dw * dw       # RMSProp
# ```
#
# 그래서 $\sqrt{h}$는 지금까지 모든 기울기가 아니라 *최근* 기울기의 크기가 됩니다. 슬라이드에는 `decay_rate` 값이 나와 있지 않은데, 보통
# 0.9나 0.99를 씁니다.
# %%
sleepy = steps_of(AdaGradForm3(1.0), np.ones((10_000, 1)))[:, 0]
print("AdaGrad, gradient 1: step 1, 100, 10,000:", sleepy[[0, 99, 9999]].round(4))
assert np.allclose(sleepy[[0, 99, 9999]], [1, 0.1, 0.01], rtol=1e-4)

gradients = np.r_[np.ones(100), np.full(200, 0.01)].reshape(-1, 1)
steps = {"AdaGrad": steps_of(AdaGradForm3(1.0), gradients)[:, 0],
         "RMSProp": steps_of(RMSPropSlide(1.0, decay_rate=0.9), gradients)[:, 0]}
_, ax = plt.subplots(figsize=(8, 4), layout="constrained")
for (name, taken), style in zip(steps.items(), ("-", "--"), strict=True):
    ax.plot(np.arange(1, 301), taken, style, linewidth=2.5, label=name)
ax.axvline(100, color="gray", linestyle=":", label="$g$: 1 → 0.01")
ax.set(xlabel="$t$", ylabel="$|\\Delta w| / lr$", yscale="log")
legend = ax.legend()
print("the last of 200 steps with a gradient of 0.01:", {name: round(float(taken[-1]), 4) for name, taken in steps.items()})
assert steps["AdaGrad"][-1] < 0.002 and steps["RMSProp"][130] < 0.1 and steps["RMSProp"][200] > 0.85
# %% [markdown] lang="en"
# The picture tells two things. When the gradients become 100 times as small, AdaGrad's steps do, too, and stay so.
# RMSProp adapts within some 100 steps and walks on at full pace.
#
# And look at RMSProp's **first** step: it is 3.2 times the learning rate. $h$ starts at 0, so after one step it holds
# only a tenth of $g^2$, and $1/\sqrt{0.1} = 3.16$. Keep that in mind: Adam's "bias correction" is the cure.
#
# The slide's RMSProp as it stands:
# %% [markdown] lang="ko"
# 그림에서 두 가지를 알 수 있습니다. 기울기가 100분의 1로 줄면 AdaGrad의 걸음도 함께 줄어서 그대로 머뭅니다. RMSProp은 100걸음쯤이면
# 적응해서 다시 원래 속도로 걷습니다.
#
# 그리고 RMSProp의 **첫걸음**을 보세요. 학습률의 3.2배입니다. $h$가 0에서 출발하므로 한 걸음 뒤에는 $g^2$의 10분의 1만 담겨 있고,
# $1/\sqrt{0.1} = 3.16$이기 때문입니다. 기억해 두세요. 이것을 바로잡는 것이 Adam의 편향 보정(bias correction)입니다.
#
# 슬라이드의 RMSProp을 그대로 실행해 봅시다.
# %%
w, decay_rate, learning_rate = np.array([-1.8, 0.8]), 0.9, 0.02

grad_squared = 0
for t in range(200):
    dw = compute_gradient(w)
    grad_squared = decay_rate * grad_squared + (1 - decay_rate) * dw * dw
    w -= learning_rate * dw / (np.sqrt(grad_squared) + 1e-7)

leaky = trace(RMSPropSlide(0.02, decay_rate=0.9), surfaces.ravine, steps=200)
first = steps_of(RMSPropSlide(1.0, decay_rate=0.9), [np.array([5.0])])[0, 0]
print("ends at", w.round(4), " tinynet:", leaky.path[-1].round(4), f" first step: {first:.2f} lr")
print(textbook.explain(RMSPropSlide))
assert np.abs(w - leaky.path[-1]).max() < 0.03 and np.abs(w).max() < 0.05
assert np.isclose(first, 1 / np.sqrt(0.1), rtol=1e-5)
# %% [markdown] lang="en"
# ## What the full matrix would do
#
# $G_t$ is written as a full sum of outer products, and then only its diagonal is used. What is lost? **Rotate the ravine
# by 45°.** Now both weights have about the same gradients, the diagonal sees no difference, and AdaGrad crawls. The full
# matrix $G^{-1/2}$ knows which *direction* is steep, and its path does not change at all.
#
# For a million weights the matrix has $10^{12}$ numbers. So the diagonal it is.
# %% [markdown] lang="ko"
# ## 행렬 전체를 쓴다면
#
# $G_t$는 외적(outer product)을 모두 더한 행렬로 써 놓고, 정작 대각선만 씁니다. 무엇을 잃었을까요? **골짜기를 45° 돌려 봅시다.** 이제
# 두 가중치의 기울기가 비슷해져서 대각선으로는 차이를 알 수 없고, AdaGrad는 기어가게 됩니다. 전체 행렬 $G^{-1/2}$는 어느 *방향*이
# 가파른지 알기 때문에 걷는 길이 전혀 달라지지 않습니다.
#
# 하지만 가중치가 백만 개면 행렬에는 숫자가 $10^{12}$개 들어갑니다. 그래서 대각선만 쓰는 것입니다.
# %%
c = float(np.sqrt(0.5))
turn = np.array([[c, -c], [c, c]])
turned = textbook.surface_of(f"(({c} * x + {c} * y)**2 + 20 * ({c} * y - {c} * x)**2) / 2")
straight_start = np.array([-1.8, 0.8])

height = {}
for cls in (AdaGradForm3, AdaGradFullMatrix):
    straight = trace(cls(0.5), surfaces.ravine, straight_start, steps=20)
    rotated = trace(cls(0.5), turned, turn @ straight_start, steps=20)
    height[cls.__name__] = straight.value[-1], rotated.value[-1]
    if cls is AdaGradFullMatrix:
        assert np.allclose(rotated.path, straight.path @ turn.T, atol=1e-4)
    print(f"{cls.__name__:<18} height after 20 steps: straight {straight.value[-1]:.5f}, turned {rotated.value[-1]:.5f}")
assert height["AdaGradForm3"][1] > 100 * height["AdaGradForm3"][0]
assert np.isclose(*height["AdaGradFullMatrix"], rtol=1e-2)
# %% [markdown] lang="en"
# ## What Keras does differently
#
# | | slide (code) | Keras | PyTorch |
# |---|---|---|---|
# | AdaGrad: $h$ starts at | 0 | **0.1** | 0 |
# | AdaGrad: $\varepsilon$ | outside, $10^{-7}$ | **inside**, $10^{-7}$ | outside, $10^{-10}$ |
# | RMSProp: decay | not given | 0.9 | **0.99** |
# | RMSProp: $\varepsilon$ | outside, $10^{-7}$ | **inside**, $10^{-7}$ | outside, $10^{-8}$ |
#
# Keras's 0.1 brakes the first steps: with a first gradient of 0.01 it makes a step of 0.03 $lr$, where the slide makes a
# whole one. This cell runs on Keras 3 too.
# %% [markdown] lang="ko"
# ## Keras는 무엇이 다를까
#
# | | 슬라이드(코드) | Keras | PyTorch |
# |---|---|---|---|
# | AdaGrad: $h$의 처음 값 | 0 | **0.1** | 0 |
# | AdaGrad: $\varepsilon$ | 밖, $10^{-7}$ | **안**, $10^{-7}$ | 밖, $10^{-10}$ |
# | RMSProp: decay | 없음 | 0.9 | **0.99** |
# | RMSProp: $\varepsilon$ | 밖, $10^{-7}$ | **안**, $10^{-7}$ | 밖, $10^{-8}$ |
#
# Keras의 0.1은 첫걸음을 늦춥니다. 첫 기울기가 0.01이면 슬라이드는 온전한 한 걸음을 내딛지만 Keras는 0.03 $lr$만큼만 움직입니다. 이 셀은
# Keras 3에서도 실행됩니다.
# %% tags=["keras"]
import numpy as np
import tinynet as tf

moved = {}
for name, optimizer in {
    "Adagrad": tf.keras.optimizers.Adagrad(learning_rate=1.0),
    "RMSprop": tf.keras.optimizers.RMSprop(learning_rate=1.0, rho=0.9),
}.items():
    for g in (0.01, 1e-7):
        unit = tf.keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
        unit.build((None, 1))
        optimizer = type(optimizer).from_config(optimizer.get_config())
        optimizer.apply_gradients([(np.array([[g]], dtype="float32"), unit.trainable_variables[0])])
        moved[name, g] = abs(float(np.ravel(unit.get_weights()[0])[0]))
        print(f"{name}: a first gradient of {g:g} moves the weight by {moved[name, g]:.6f} lr")
assert abs(moved["Adagrad", 0.01] - 0.0316) < 1e-3
assert abs(moved["RMSprop", 0.01] - 3.16) < 0.02 and moved["RMSprop", 1e-7] < 1e-3
# %%
outside = steps_of(RMSPropSlide(1.0, decay_rate=0.9), [np.array([1e-7])])[0, 0]
print(f"the slide's RMSProp makes {outside:.2f} lr of a gradient of 1e-7, Keras's {moved['RMSprop', 1e-7]:.5f} lr")
assert outside > 0.7
# %% [markdown] lang="en"
# ## Try it
#
# 1. In the rare-feature cell: let the rare input come in 1 of 10, then 1 of 100 samples (`samples=500`).
# 2. `decay_rate=0.999` in the picture of the steps: how long does RMSProp now take to adapt?
# 3. RMSProp in the ravine with `learning_rate=0.2`: it comes close and then trembles around the minimum. Why does it
#    never stop? (What does $g/\sqrt{h}$ become when $g$ gets small?)
#
# The rate of each weight over time, on the ravine, straight and turned:
#
#     tinynet lab 'adam?surface=turned&compare=rate'
# %% [markdown] lang="ko"
# ## 실험해 봅시다
#
# 1. 드문 특성 셀에서 두 번째 입력이 10개 중 하나, 또 100개 중 하나에만 나오게 바꿔 보세요(`samples=500`).
# 2. 걸음 그림에서 `decay_rate=0.999`로 바꾸면 RMSProp이 적응하는 데 얼마나 걸리나요?
# 3. 골짜기에서 RMSProp을 `learning_rate=0.2`로 실행하면 최솟값 근처까지 와서 계속 떱니다. 왜 멈추지 않을까요? ($g$가 작아질 때
#    $g/\sqrt{h}$는 어떻게 될까요?)
#
# 골짜기를 그대로, 또 돌려 놓고 가중치마다 학습률이 어떻게 변하는지 실험실에서 보세요.
#
#     tinynet lab 'adam?surface=turned&compare=rate'
# %%
trembling = trace(RMSPropSlide(0.2, decay_rate=0.9), surfaces.ravine, steps=300)
last = np.linalg.norm(np.diff(trembling.path[-51:], axis=0), axis=1)
print(f"RMSProp, lr = 0.2: the last 50 steps are still {last.mean():.2f} long")
assert last.mean() > 0.05
# %% [markdown] lang="en"
# ## What goes wrong in practice
#
# * **$\varepsilon$ inside or outside?** A rate tuned in one framework may behave oddly in another: the table above tells
#   why. With gradients far above $3 \cdot 10^{-4}$ it makes no difference.
# * **Summing the gradients, not their squares.** `h += dw` lets signs cancel; then $\sqrt{h}$ may be of a negative number.
# * **$(1 - \rho)$ forgotten.** `gs = decay * gs + dw * dw` settles at 10 times the mean square (for 0.9): the steps are
#   $\sqrt{10}$ times too short, which looks like a learning rate that is too small.
# * **A rate from SGD.** Adaptive steps are about as long as the learning rate itself, whatever the gradient. RMSProp
#   starts at 0.001, not at 0.1.
# %% [markdown] lang="ko"
# ## 실제로 자주 하는 실수
#
# * **$\varepsilon$이 안인가 밖인가?** 한 프레임워크에서 맞춘 학습률이 다른 곳에서는 이상하게 움직일 수 있습니다. 이유는 위의 표에
#   있습니다. 기울기가 $3 \cdot 10^{-4}$보다 훨씬 크면 차이가 없습니다.
# * **제곱이 아니라 기울기를 더하기.** `h += dw`라고 쓰면 부호가 서로 지워지고, 음수의 제곱근을 구하게 될 수도 있습니다.
# * **$(1 - \rho)$를 빼먹기.** `gs = decay * gs + dw * dw`는 제곱 평균의 10배(0.9일 때)로 수렴합니다. 걸음이 $\sqrt{10}$배 짧아져서
#   학습률이 너무 작은 것처럼 보입니다.
# * **SGD에서 쓰던 학습률.** 적응형(adaptive) 방법은 기울기 크기와 관계없이 걸음이 학습률만큼입니다. RMSProp은 0.1이 아니라 0.001에서
#   시작하세요.
# %%
settled = 0.0
for _ in range(500):
    settled = 0.9 * settled + 1.0
print("without (1 - decay) the average of 1 settles at", round(settled, 4))
assert np.isclose(settled, 10)
# %% [markdown] lang="en"
# ## Exercises
#
# ```python
# from tinynet import lessons
#
# lessons.check("adagrad", my_adagrad)
# lessons.check("rmsprop", my_rmsprop)
# ```
#
# On paper: gradients 3, 4, 12. What are AdaGrad's three steps, in units of $lr$? (The squares add up to something nice.)
# %% [markdown] lang="ko"
# ## 연습 문제
#
# ```python
# from tinynet import lessons
#
# lessons.check("adagrad", my_adagrad)
# lessons.check("rmsprop", my_rmsprop)
# ```
#
# 손으로 풀어 보기: 기울기가 차례로 3, 4, 12일 때 AdaGrad의 세 걸음은 각각 $lr$의 몇 배일까요? (제곱을 더하면 딱 떨어집니다.)
# %%
print(steps_of(AdaGradForm1(1.0), [[3.0], [4.0], [12.0]])[:, 0].round(4))
assert np.allclose(steps_of(AdaGradForm1(1.0), [[3.0], [4.0], [12.0]])[:, 0], [3 / 3, 4 / 5, 12 / 13], atol=1e-6)
