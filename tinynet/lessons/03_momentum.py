# %% [markdown] lang="en"
# # Momentum and Nesterov
#
# Course rows: 9-15 · Minutes: 40
#
# **The question.** Gradient descent looks at nothing but the slope under its feet. Where the ground is flat it stops,
# even on a saddle; in a ravine it zigzags from wall to wall. What if it had *mass*: if it kept some of its speed?
# %% [markdown] lang="ko"
# # 모멘텀(momentum)과 네스테로프(Nesterov)
#
# 강의 항목: 9-15 · 시간(분): 40
#
# **질문.** 경사 하강법은 발밑의 기울기만 봅니다. 그래서 땅이 평평하면 안장점(saddle point)에서도 멈춰 버리고, 골짜기에서는 벽과 벽
# 사이를 지그재그로 왔다 갔다 합니다. 만약 *무게*가 있어서 지금까지의 속도를 어느 정도 이어 간다면 어떨까요?
# %%
import numpy as np
import matplotlib.pyplot as plt

import tinynet as tn
from tinynet import textbook
from tinynet.textbook import (
    GradientDescent, Momentum, NesterovChangeOfVariables, NesterovLookahead, curvature, surfaces, trace,
)

tn.utils.set_random_seed(0)
plt.rcParams["font.size"] = 14
# %% [markdown] lang="en"
# ## Problems with SGD
#
# *What if the loss function has a local minimum or a saddle point?* Zero gradient: gradient descent gets stuck.
#
# On the surface $x^2 - y^2$ we start exactly on the ridge. The walk ends at $(0, 0)$, where the gradient is 0. Is that a
# minimum? The gradient cannot tell. The eigenvalues of the Hessian can: one is below 0, so there is a way down.
# %% [markdown] lang="ko"
# ## SGD의 문제점
#
# *손실 함수에 지역 최솟값(local minimum)이나 안장점이 있다면 어떻게 될까요?* 기울기가 0이므로 경사 하강법은 그 자리에 갇힙니다.
#
# 곡면 $x^2 - y^2$에서 정확히 능선 위에서 출발해 봅시다. 걸음은 기울기가 0인 $(0, 0)$에서 끝납니다. 여기가 최솟값일까요? 기울기만
# 봐서는 알 수 없습니다. 헤시안(Hessian)의 고윳값(eigenvalue)을 보면 알 수 있습니다. 하나가 음수이므로 아직 내려갈 길이 있습니다.
# %%
on_ridge = trace(GradientDescent(0.1), surfaces.saddle, start=(-1.5, 0.0), steps=100)
beside = trace(GradientDescent(0.1), surfaces.saddle, start=(-1.5, 1e-6), steps=80)
print("from the ridge, after 100 steps: ", on_ridge.path[-1].round(6))
print("eigenvalues of the Hessian there:", curvature(surfaces.saddle, on_ridge.path[-1])[0])
print("from a millionth beside it, after 50, 70, 80 steps: y =", beside.path[[50, 70, 80], 1].round(4))

assert np.abs(on_ridge.path[-1]).max() < 1e-6
assert np.allclose(curvature(surfaces.saddle, on_ridge.path[-1])[0], [-2, 2])
assert abs(beside.path[50, 1]) < 0.01 and beside.path[80, 1] > 2
# %% [markdown] lang="en"
# A millionth beside the ridge is enough to escape, but it takes 70 steps in which hardly anything happens. In training,
# that looks like a plateau of the loss.
#
# ## The ravine
#
# $E = \tfrac12 (x^2 + 20\,y^2)$ is 20 times as steep across as along. The learning rate must suit the steep walls
# (above $2/20 = 0.1$ descent diverges), and so it is too small for the valley.
# %% [markdown] lang="ko"
# 능선에서 백만분의 일만 벗어나도 빠져나올 수는 있습니다. 하지만 70걸음이나 거의 제자리입니다. 실제 학습에서는 손실이 한동안 줄지 않고
# 평평하게 이어지는 구간(plateau)으로 나타납니다.
#
# ## 골짜기(ravine)
#
# $E = \tfrac12 (x^2 + 20\,y^2)$는 가로지르는 방향이 골짜기를 따라가는 방향보다 20배 가파릅니다. 학습률은 가파른 벽에 맞춰야 하므로
# ($2/20 = 0.1$을 넘으면 발산합니다) 골짜기 방향으로는 너무 작아집니다.
# %%
plain = trace(GradientDescent(0.09), surfaces.ravine, steps=40)
turns = (np.diff(np.sign(plain.gradient[:, 1])) != 0).sum()
print(f"the slope across changes its sign in {turns} of 39 steps, that along the valley in "
      f"{(np.diff(np.sign(plain.gradient[:, 0])) != 0).sum()}")
diverging = trace(GradientDescent(0.101), surfaces.ravine, steps=500)
ax = textbook.plots.plot_paths(surfaces.ravine, {"SGD, lr = 0.09": plain})
assert turns == 39 and abs(diverging.path[-1, 1]) > 100
# %% [markdown] lang="en"
# ## SGD + Momentum
#
# $$v_{t+1} = \rho v_t + \nabla f(x_t)$$
#
# $$x_{t+1} = x_t - \alpha v_{t+1}$$
#
# * $v$ builds up a "velocity", a running sum of gradients.
# * $\rho$ gives "friction": typically 0.9 or 0.99.
#
# Across the ravine the gradients change their sign and cancel in the sum; along it they agree and add up. The slide's
# code, as it stands:
# %% [markdown] lang="ko"
# ## SGD + Momentum
#
# $$v_{t+1} = \rho v_t + \nabla f(x_t)$$
#
# $$x_{t+1} = x_t - \alpha v_{t+1}$$
#
# * $v$는 기울기를 계속 쌓아 가는 "속도(velocity)"입니다.
# * $\rho$는 "마찰(friction)" 역할을 합니다. 보통 0.9나 0.99를 씁니다.
#
# 골짜기를 가로지르는 방향의 기울기는 부호가 번갈아 바뀌어 더하면 서로 지워지고, 골짜기를 따라가는 방향은 부호가 같아 점점 쌓입니다.
# 슬라이드의 코드를 그대로 실행해 봅시다.
# %%
compute_gradient = surfaces.ravine.gradient
num_steps, learning_rate, rho = 40, 0.02, 0.9
w = np.array([-1.8, 0.8])
path = [w.copy()]

v = 0
for t in range(num_steps):
    dw = compute_gradient(w)
    v = rho * v + dw
    w -= learning_rate * v
    path.append(w.copy())

rolling = trace(Momentum(0.02, rho=0.9), surfaces.ravine, steps=40)
print("the slide's loop ends at", w.round(4), " tinynet's Momentum at", rolling.path[-1].round(4))
print(textbook.explain(Momentum))
assert np.allclose(path, rolling.path, atol=1e-6)  # tinynet keeps the rate in float32
# %% [markdown] lang="en"
# ## Gradient + velocity = the step
#
# The step actually taken is the gradient's share plus what is left of the old velocity:
#
# $$x_{t+1} - x_t = \underbrace{-\alpha \nabla f(x_t)}_{\text{gradient}} + \underbrace{(-\alpha \rho v_t)}_{\text{velocity}}$$
# %% [markdown] lang="ko"
# ## 기울기 + 속도 = 실제 걸음
#
# 실제로 내딛는 걸음은 기울기의 몫에, 이전 속도에서 남은 몫을 더한 것입니다.
#
# $$x_{t+1} - x_t = \underbrace{-\alpha \nabla f(x_t)}_{\text{gradient}} + \underbrace{(-\alpha \rho v_t)}_{\text{velocity}}$$
# %%
k = 4
step = rolling.path[k + 1] - rolling.path[k]
parts = -0.02 * rolling.gradient[k], -0.02 * 0.9 * rolling.velocity[k - 1]
print("gradient", parts[0].round(3), "+ velocity", parts[1].round(3), "= step", step.round(3))
assert np.allclose(parts[0] + parts[1], step, atol=1e-6)
ax = textbook.plots.plot_step(surfaces.ravine, rolling, k, learning_rate=0.02)
# %% [markdown] lang="en"
# ## How fast does it get? What is $1 - \rho$?
#
# On a slope that never changes, $v$ grows towards $g + \rho g + \rho^2 g + \dots = g / (1 - \rho)$. With $\rho = 0.9$ the
# steps become **10 times** as long, with 0.99 **100 times**. That is why a learning rate that suited plain descent is
# usually too large with momentum.
# %% [markdown] lang="ko"
# ## 얼마나 빨라질까? $1 - \rho$의 의미
#
# 경사가 일정한 비탈에서 $v$는 $g + \rho g + \rho^2 g + \dots = g / (1 - \rho)$에 다가갑니다. $\rho = 0.9$이면 걸음이 **10배**,
# 0.99이면 **100배**까지 길어집니다. 그래서 모멘텀 없이 쓰던 학습률을 그대로 쓰면 대개 너무 큽니다.
# %%
for rho, expected in ((0.5, 2), (0.9, 10), (0.99, 100)):
    v = 0.0
    for _ in range(1500):
        v = rho * v + 1.0
    print(f"rho = {rho}: velocity {v:.3f} on a slope of 1")
    assert np.isclose(v, expected, rtol=1e-5)
# %% [markdown] lang="en"
# ## Does it help?
#
# A fair race gives each its best setting. For a ravine whose walls are $\kappa$ times as steep as its floor these are
# known: plain descent needs a number of steps in proportion to $\kappa$, momentum to $\sqrt{\kappa}$. From 20 to 400
# that is 20 times as many for the one, and about 5 times as many for the other.
#
# The cell counts the steps until the walk stays within 0.001 of the minimum.
# %% [markdown] lang="ko"
# ## 정말 도움이 될까?
#
# 공정한 경주라면 저마다 가장 좋은 설정으로 달려야 합니다. 벽이 바닥보다 $\kappa$배 가파른 골짜기에서는 그 값이 알려져 있습니다.
# 경사 하강법은 걸음 수가 $\kappa$에 비례하고, 모멘텀은 $\sqrt{\kappa}$에 비례합니다. $\kappa$가 20에서 400으로 커지면 앞의 것은
# 20배, 뒤의 것은 5배쯤 늘어납니다.
#
# 최솟값에서 0.001 안으로 들어가 다시 나오지 않을 때까지 몇 걸음이 걸리는지 세어 봅시다.
# %%
def steps_needed(walk, close=1e-3):
    far = np.nonzero(np.linalg.norm(walk.path, axis=1) > close)[0]
    return int(far[-1]) + 1


counted = {}
for kappa in (20, 400):
    valley = textbook.surface_of(f"(x**2 + {kappa} * y**2) / 2", start=(-1.8, 0.8))
    root = np.sqrt(kappa)
    best = {
        "SGD": GradientDescent(2 / (1 + kappa)),
        "Momentum": Momentum((2 / (1 + root)) ** 2, rho=((root - 1) / (root + 1)) ** 2),
    }
    for name, optimizer in best.items():
        counted[name, kappa] = steps_needed(trace(optimizer, valley, steps=2500))
    print(f"kappa = {kappa:>3}: SGD {counted['SGD', kappa]:>4} steps, Momentum {counted['Momentum', kappa]:>3}")

assert counted["SGD", 400] / counted["SGD", 20] > 15 and counted["Momentum", 400] / counted["Momentum", 20] < 7
assert counted["Momentum", 400] < 0.1 * counted["SGD", 400]
# %% [markdown] lang="en"
# ## Over the hill
#
# Two wells, the left one deeper. Both start on the right. Plain descent rolls into the nearer well and stays there.
# Momentum arrives with speed and rolls over the hill.
#
# Do not make a law of it: with another start momentum rolls *past* the good minimum just as well. What it reliably does
# is to get across flat ground and along ravines.
# %% [markdown] lang="ko"
# ## 언덕 너머로
#
# 우물이 두 개 있고 왼쪽이 더 깊습니다. 둘 다 오른쪽에서 출발합니다. 경사 하강법은 가까운 우물에 빠져 그대로 멈추지만, 모멘텀은 속도가
# 붙은 채 들어와서 언덕을 넘어갑니다.
#
# 그렇다고 법칙처럼 외우면 안 됩니다. 출발점이 다르면 좋은 최솟값을 *지나쳐* 버리기도 합니다. 모멘텀이 확실히 잘하는 일은 평평한 곳을
# 건너고 골짜기를 따라 달리는 것입니다.
# %%
stuck = trace(GradientDescent(0.1), surfaces.double_well, steps=300)
over = trace(Momentum(0.1, rho=0.9), surfaces.double_well, steps=300)
print(f"SGD ends at x = {stuck.path[-1, 0]:+.3f}, height {stuck.value[-1]:.3f}; "
      f"Momentum at x = {over.path[-1, 0]:+.3f}, height {over.value[-1]:.3f}")
ax = textbook.plots.plot_paths(surfaces.double_well, {"SGD": stuck, "Momentum": over})
assert stuck.path[-1, 0] > 0.9 and over.path[-1, 0] < -1.0 and over.value[-1] < stuck.value[-1]
# %% [markdown] lang="en"
# ## Nesterov momentum: look ahead
#
# The velocity will carry us to $x_t + \rho v_t$ anyway. So why take the gradient *here*? Take it **there**:
#
# $$v_{t+1} = \rho v_t - \alpha \nabla f(x_t + \rho v_t)$$
#
# $$x_{t+1} = x_t + v_{t+1}$$
#
# If the velocity leads beyond the minimum, the gradient there already points back, and the step brakes one step
# *earlier*. On the slide: (a) Momentum sees the sign of $\partial L/\partial w_0$ change from negative to positive; (b)
# Nesterov stays negative for longer.
# %% [markdown] lang="ko"
# ## 네스테로프 모멘텀: 한 걸음 앞을 미리 보기(look ahead)
#
# 어차피 속도 때문에 $x_t + \rho v_t$까지는 갈 것입니다. 그렇다면 굳이 *여기*에서 기울기를 구할 이유가 있을까요? **그곳**에서
# 구합시다.
#
# $$v_{t+1} = \rho v_t - \alpha \nabla f(x_t + \rho v_t)$$
#
# $$x_{t+1} = x_t + v_{t+1}$$
#
# 속도가 최솟값 너머로 데려간다면 그곳의 기울기는 이미 되돌아오는 방향을 가리킵니다. 그래서 한 걸음 *먼저* 브레이크를 밟게 됩니다.
# 슬라이드의 그림에서 (a) 모멘텀은 $\partial L/\partial w_0$의 부호가 음수에서 양수로 바뀌고, (b) 네스테로프는 더 오래 음수로
# 남아 있습니다.
# %%
start, lr, rho = (-1.8, 0.8), 0.03, 0.9
momentum = trace(Momentum(lr, rho), surfaces.bowl, start, steps=60)
lookahead = trace(NesterovLookahead(lr, rho), surfaces.bowl, start, steps=60)
beyond = {name: walk.path[:, 0].max() for name, walk in (("Momentum", momentum), ("Nesterov", lookahead))}
print({name: f"{x:.2f} beyond the minimum" for name, x in beyond.items()})

a = textbook.plots.plot_gradient_signs(surfaces.bowl, momentum)
b = textbook.plots.plot_gradient_signs(surfaces.bowl, lookahead)
assert beyond["Nesterov"] < 0.8 * beyond["Momentum"]
# %% [markdown] lang="en"
# ## The change of variables
#
# *Annoying, usually we want the update in terms of $x_t, \nabla f(x_t)$*: `fit` computes the gradient at the weights that
# are there, not somewhere ahead. The trick is to **store the point ahead**, $\tilde x_t = x_t + \rho v_t$, as the weights:
#
# $$v_{t+1} = \rho v_t - \alpha \nabla f(\tilde x_t)$$
#
# $$\tilde x_{t+1} = \tilde x_t - \rho v_t + (1 + \rho) v_{t+1} = \tilde x_t + v_{t+1} + \rho (v_{t+1} - v_t)$$
#
# The slide's code, and the check that it walks the same path, shifted by $\rho v$:
# %% [markdown] lang="ko"
# ## 변수 치환(change of variables)
#
# *그런데 불편합니다. 보통은 $x_t, \nabla f(x_t)$로 업데이트하고 싶기 때문입니다.* `fit`은 지금 가중치에서 기울기를 구하지, 앞쪽
# 어딘가에서 구해 주지 않습니다. 그래서 꾀를 냅니다. **미리 본 점** $\tilde x_t = x_t + \rho v_t$를 아예 가중치로 저장하는 것입니다.
#
# $$v_{t+1} = \rho v_t - \alpha \nabla f(\tilde x_t)$$
#
# $$\tilde x_{t+1} = \tilde x_t - \rho v_t + (1 + \rho) v_{t+1} = \tilde x_t + v_{t+1} + \rho (v_{t+1} - v_t)$$
#
# 슬라이드의 코드를 실행하고, $\rho v$만큼 옮겨진 같은 길을 걷는지 확인해 봅시다.
# %%
compute_gradient = surfaces.bowl.gradient
w, learning_rate = np.array(start), lr
ahead = [w.copy()]

v = 0
for t in range(60):
    dw = compute_gradient(w)
    old_v = v
    v = rho * v - learning_rate * dw
    w -= rho * old_v - (1 + rho) * v
    ahead.append(w.copy())

changed = trace(NesterovChangeOfVariables(lr, rho), surfaces.bowl, start, steps=60)
keras = trace(tn.keras.optimizers.SGD(lr, momentum=rho, nesterov=True), surfaces.bowl, start, steps=60)
assert np.allclose(ahead, changed.path, atol=1e-6)
assert np.allclose(lookahead.path[1:] + rho * lookahead.velocity, changed.path[1:], atol=1e-6)
assert np.allclose(keras.path, changed.path, atol=1e-6)
print("look-ahead, change of variables, the slide's code, Keras's nesterov=True: one path")
# %% [markdown] lang="en"
# ## What Keras does differently
#
# | | velocity | update |
# |---|---|---|
# | slide, PyTorch | $v = \rho v + g$ | $w \leftarrow w - lr\,v$ |
# | Keras | $m = \rho m - lr\,g$ | $w \leftarrow w + m$ |
#
# While the learning rate stays the same, $m = -lr\,v$ and the paths are equal. **When it changes they part**: Keras's
# $m$ still has the old rate inside. Drop the rate to a tenth at step 20: the slide's form slows down at once, Keras's
# needs some ten steps to brake.
# %% [markdown] lang="ko"
# ## Keras는 무엇이 다를까
#
# | | 속도 | 업데이트 |
# |---|---|---|
# | 슬라이드, PyTorch | $v = \rho v + g$ | $w \leftarrow w - lr\,v$ |
# | Keras | $m = \rho m - lr\,g$ | $w \leftarrow w + m$ |
#
# 학습률이 일정하면 $m = -lr\,v$이므로 같은 길을 걷습니다. **학습률이 바뀌는 순간 길이 갈라집니다.** Keras의 $m$에는 이전 학습률이
# 그대로 들어 있기 때문입니다. 20번째 걸음에서 학습률을 10분의 1로 줄이면, 슬라이드의 식은 바로 느려지지만 Keras는 멈추는 데
# 열 걸음쯤 걸립니다.
# %%
constant = [trace(optimizer, surfaces.bowl, start, steps=20).path for optimizer in (
    Momentum(0.01, 0.9), tn.keras.optimizers.SGD(0.01, momentum=0.9))]
dropping = tn.keras.optimizers.schedules.PiecewiseConstantDecay([19], [0.01, 0.001])
slide, keras = (trace(optimizer, surfaces.bowl, start, steps=24).path for optimizer in (
    Momentum(dropping, 0.9), tn.keras.optimizers.SGD(dropping, momentum=0.9)))
length = {name: np.linalg.norm(np.diff(path, axis=0), axis=1) for name, path in (("slide", slide), ("Keras", keras))}
print("steps 19 to 23, slide:", length["slide"][18:23].round(4), " Keras:", length["Keras"][18:23].round(4))
assert np.allclose(*constant, atol=1e-6) and np.allclose(slide[:20], keras[:20], atol=1e-6)
assert length["slide"][20] < 0.15 * length["slide"][19] and length["Keras"][20] > 0.8 * length["Keras"][19]
# %% [markdown] lang="en"
# ## In Keras's words
#
# The same network on 60 points with and without momentum, 30 epochs each. This cell runs on Keras 3 too, with `tf` taken
# from there.
# %% [markdown] lang="ko"
# ## Keras 방식으로
#
# 점 60개를 같은 신경망으로, 모멘텀 없이 그리고 모멘텀과 함께 30 에폭씩 학습해 봅시다. 이 셀은 `tf`만 바꿔 주면 Keras 3에서도
# 실행됩니다.
# %% tags=["keras"]
import numpy as np
import tinynet as tf

rng = np.random.default_rng(0)
features = (rng.standard_normal((60, 2)) * [1.0, 0.2]).astype("float32")
wanted = features @ np.array([[1.0], [3.0]], dtype="float32")

final = {}
for name, optimizer in {
    "SGD": tf.keras.optimizers.SGD(0.02),
    "momentum": tf.keras.optimizers.SGD(0.02, momentum=0.9),
    "nesterov": tf.keras.optimizers.SGD(0.02, momentum=0.9, nesterov=True),
}.items():
    line = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1, kernel_initializer="zeros")])
    line.compile(optimizer=optimizer, loss="mse")
    final[name] = line.fit(features, wanted, batch_size=20, epochs=30, shuffle=False, verbose=0).history["loss"][-1]
    print(f"{name:<9} loss after 30 epochs {final[name]:.6f}")
assert final["momentum"] < 0.1 * final["SGD"] and final["nesterov"] < 0.1 * final["SGD"]
# %% [markdown] lang="en"
# ## Try it
#
# 1. In the ravine: `rho=0.99`. How many steps does it need now? More friction or less: what would you change first when
#    the loss swings up and down?
# 2. Start the double well at `start=(1.2, 1.0)`. Who ends where now?
#
# Drag the start yourself, and switch on the arrows of gradient, velocity and step:
#
#     tinynet lab 'descent?surface=ravine&mark=arrows'
# %% [markdown] lang="ko"
# ## 실험해 봅시다
#
# 1. 골짜기에서 `rho=0.99`로 바꿔 보세요. 이제 몇 걸음이 걸리나요? 손실이 위아래로 출렁거린다면 마찰을 늘려야 할까요, 줄여야 할까요?
# 2. 두 우물에서 `start=(1.2, 1.0)`으로 출발해 보세요. 이번에는 누가 어디에서 멈추나요?
#
# 출발점을 직접 끌어 보고, 기울기·속도·걸음의 화살표도 켜 보세요.
#
#     tinynet lab 'descent?surface=ravine&mark=arrows'
# %%
for rho in (0.5, 0.8, 0.9, 0.99):
    walk = trace(Momentum(0.05, rho), surfaces.ravine, steps=3000)
    print(f"rho = {rho:<4}: {steps_needed(walk):>4} steps")
    counted[rho] = steps_needed(walk)
assert counted[0.99] > 10 * counted[0.9] > 10 * counted[0.8]
# %% [markdown] lang="en"
# ## What goes wrong in practice
#
# * **$\rho$ on the gradient.** `v = v + rho * dw` never forgets anything: a sum that only grows. $\rho$ belongs to the
#   **old velocity**.
# * **Turning momentum on and keeping the rate.** From 0 to 0.9 the steps become up to ten times as long. Divide the
#   learning rate by up to $1/(1-\rho)$ at first.
# * **Two conventions.** Some texts write $v = \rho v + (1-\rho) g$, an average instead of a sum. Their learning rate is
#   $1/(1-\rho)$ times as large for the same path. Adam's first moment is of this kind.
# * **A velocity that belongs to the past.** After loading other weights, or a jump in the data, $v$ still points where
#   the old loss went down. Compile again, or make a new optimizer.
# %% [markdown] lang="ko"
# ## 실제로 자주 하는 실수
#
# * **$\rho$를 기울기에 곱하기.** `v = v + rho * dw`는 아무것도 잊지 않고 끝없이 쌓이기만 합니다. $\rho$는 **이전 속도**에 곱해야
#   합니다.
# * **모멘텀만 켜고 학습률은 그대로.** 0에서 0.9로 바꾸면 걸음이 최대 열 배까지 길어집니다. 우선 학습률을 최대 $1/(1-\rho)$로 나눠
#   시작하세요.
# * **두 가지 표기법.** 합이 아니라 평균인 $v = \rho v + (1-\rho) g$로 쓰는 책도 있습니다. 같은 길을 걸으려면 학습률이
#   $1/(1-\rho)$배여야 합니다. Adam의 1차 모멘트(first moment)가 이 방식입니다.
# * **옛날 속도.** 다른 가중치를 불러오거나 데이터가 갑자기 바뀌어도 $v$는 여전히 예전 손실이 줄던 방향을 가리킵니다. 다시
#   `compile`하거나 optimizer를 새로 만드세요.
# %%
w, m = np.array(start), np.zeros(2)
for _ in range(30):
    m = 0.9 * m + (1 - 0.9) * surfaces.bowl.gradient(w)
    w = w - 0.3 * m
assert np.allclose(w, trace(Momentum(0.03, 0.9), surfaces.bowl, start, steps=30).path[-1], atol=1e-6)
print("an average with lr = 0.3 walks where the sum with lr = 0.03 walks")
# %% [markdown] lang="en"
# ## Exercises
#
# Write the two rules yourself and let tinynet compare them with the reference, on inputs that it draws. It tells you
# *what* is different, not only that something is:
#
# ```python
# from tinynet import lessons
#
# lessons.check("momentum", my_momentum)
# lessons.check("nesterov", my_nesterov)
# ```
#
# On paper: on a slope of 1, how many steps does $v$ take to reach half of its final speed with $\rho = 0.9$? The last
# cell has the answer.
# %% [markdown] lang="ko"
# ## 연습 문제
#
# 두 식을 직접 써 보고, tinynet이 무작위로 만든 입력에서 정답과 비교하게 해 봅시다. 틀렸다는 것만이 아니라 *무엇이* 다른지도 알려 줍니다.
#
# ```python
# from tinynet import lessons
#
# lessons.check("momentum", my_momentum)
# lessons.check("nesterov", my_nesterov)
# ```
#
# 손으로 풀어 보기: 경사가 1인 비탈에서 $\rho = 0.9$일 때, $v$가 최종 속도의 절반에 이르려면 몇 걸음이 걸릴까요? 답은 마지막 셀에
# 있습니다.
# %%
v, steps = 0.0, 0
while v < 0.5 / (1 - 0.9):
    v, steps = 0.9 * v + 1.0, steps + 1
print(steps, "steps")
assert steps == 7
