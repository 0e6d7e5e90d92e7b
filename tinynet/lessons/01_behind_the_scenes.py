# %% [markdown] lang="en"
# # Machine learning behind the scenes
#
# Course rows: 1-2 · Minutes: 30
#
# **The question.** `model.fit(x, y)` prints a loss that gets smaller. What happens between two of those numbers?
#
# Five stations, always the same ones, and after the last one it begins again:
#
# | station | in symbols | in code |
# |---|---|---|
# | 1. data | $x,\ t$ | a batch |
# | 2. model | $\hat y = f(x; W)$ | `model(x)` |
# | 3. loss | $E(W)$ | `loss(t, y)` |
# | 4. gradient | $\nabla E(W)$ | `tape.gradient` |
# | 5. update | $w^{(t+1)} = w^{(t)} - lr\,\nabla E(W)$ | `optimizer.apply` |
#
# In this lesson you compute all five by hand for one neuron, check the gradient without any calculus, and then find the
# very same numbers in tinynet.
# %% [markdown] lang="ko"
# # 머신러닝의 무대 뒤(behind the scenes)
#
# 강의 항목: 1-2 · 시간(분): 30
#
# **질문.** `model.fit(x, y)`를 실행하면 손실(loss)이 점점 작아집니다. 그런데 숫자 하나가 찍히고 다음 숫자가 찍히기까지, 그 사이에
# 무슨 일이 일어날까요?
#
# 언제나 똑같은 다섯 단계를 거치고, 끝나면 처음으로 돌아갑니다.
#
# | 단계 | 수식 | 코드 |
# |---|---|---|
# | 1. 데이터(data) | $x,\ t$ | 배치(batch) 하나 |
# | 2. 모델(model) | $\hat y = f(x; W)$ | `model(x)` |
# | 3. 손실(loss) | $E(W)$ | `loss(t, y)` |
# | 4. 기울기(gradient) | $\nabla E(W)$ | `tape.gradient` |
# | 5. 업데이트(update) | $w^{(t+1)} = w^{(t)} - lr\,\nabla E(W)$ | `optimizer.apply` |
#
# 이번 시간에는 뉴런 하나를 놓고 다섯 단계를 모두 손으로 계산해 봅시다. 기울기가 맞는지 미분 없이 확인해 보고, tinynet에서도
# 똑같은 숫자가 나오는지 살펴보겠습니다.
# %%
import numpy as np
import matplotlib.pyplot as plt

import tinynet as tn
from tinynet import plots, textbook

tn.utils.set_random_seed(0)
plt.rcParams["font.size"] = 14
# %% [markdown] lang="en"
# ## 1 and 2: data and model, by hand
#
# One sample with two inputs, $x = (0.5,\,-1)$, and its target $t = 1$. The model is one neuron with a sigmoid:
#
# $$z = w_1 x_1 + w_2 x_2 + b, \qquad \hat y = \sigma(z) = \frac{1}{1 + e^{-z}}$$
#
# The weights start at $w = (0.4,\,0.3)$, $b = 0.1$. Before you run the cell: what is $z$? What is $\hat y$?
# %% [markdown] lang="ko"
# ## 1, 2단계: 데이터와 모델을 손으로
#
# 입력이 두 개인 샘플 하나, $x = (0.5,\,-1)$과 정답 $t = 1$이 있습니다. 모델은 시그모이드(sigmoid) 뉴런 하나입니다.
#
# $$z = w_1 x_1 + w_2 x_2 + b, \qquad \hat y = \sigma(z) = \frac{1}{1 + e^{-z}}$$
#
# 가중치(weight)는 $w = (0.4,\,0.3)$, $b = 0.1$에서 출발합니다. 셀을 실행하기 전에 먼저 맞혀 보세요. $z$는 얼마일까요? $\hat y$는요?
# %%
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


x, t = np.array([0.5, -1.0]), 1.0
w, b = np.array([0.4, 0.3]), 0.1

z = w @ x + b
y = sigmoid(z)
print(f"z = {z:.4f}   y = {y:.4f}")
assert abs(z) < 1e-12 and abs(y - 0.5) < 1e-12
# %% [markdown] lang="en"
# ## 3: the loss
#
# $$E = \tfrac12 (t - \hat y)^2 = \tfrac12 \cdot 0.5^2 = 0.125$$
#
# The $\tfrac12$ is there for one reason: it cancels against the 2 that the derivative of the square brings along.
# %% [markdown] lang="ko"
# ## 3단계: 손실
#
# $$E = \tfrac12 (t - \hat y)^2 = \tfrac12 \cdot 0.5^2 = 0.125$$
#
# 앞에 $\tfrac12$을 붙이는 이유는 하나뿐입니다. 제곱을 미분할 때 나오는 2와 약분되어 식이 깔끔해지기 때문입니다.
# %%
E = 0.5 * (t - y) ** 2
print(f"E = {E:.4f}")
assert abs(E - 0.125) < 1e-12
# %% [markdown] lang="en"
# ## 4: the gradient, one factor at a time
#
# $E$ depends on $\hat y$, $\hat y$ on $z$, and $z$ on $w$. The **chain rule** multiplies the three derivatives, from the
# loss backwards:
#
# $$\frac{\partial E}{\partial w_i} =
#   \underbrace{\frac{\partial E}{\partial \hat y}}_{-(t-\hat y)} \cdot
#   \underbrace{\frac{\partial \hat y}{\partial z}}_{\hat y(1-\hat y)} \cdot
#   \underbrace{\frac{\partial z}{\partial w_i}}_{x_i}$$
#
# Look at the last factor: **the gradient of a weight is what came in through it**, times a number that all weights of
# the neuron share. An input of 0 leaves its weight alone.
# %% [markdown] lang="ko"
# ## 4단계: 기울기를 한 항씩
#
# $E$는 $\hat y$에, $\hat y$는 $z$에, $z$는 $w$에 달려 있습니다. **연쇄 법칙(chain rule)** 은 이 세 미분을 손실 쪽에서부터 거꾸로
# 곱해 나갑니다.
#
# $$\frac{\partial E}{\partial w_i} =
#   \underbrace{\frac{\partial E}{\partial \hat y}}_{-(t-\hat y)} \cdot
#   \underbrace{\frac{\partial \hat y}{\partial z}}_{\hat y(1-\hat y)} \cdot
#   \underbrace{\frac{\partial z}{\partial w_i}}_{x_i}$$
#
# 마지막 항을 눈여겨보세요. **가중치의 기울기는 그 가중치로 들어온 입력값**에, 뉴런의 모든 가중치가 함께 쓰는 숫자 하나를 곱한
# 것입니다. 그래서 입력이 0이면 그 가중치는 움직이지 않습니다.
# %%
dE_dy = -(t - y)
dy_dz = y * (1 - y)
dE_dz = dE_dy * dy_dz
dw, db = dE_dz * x, dE_dz
print(f"dE/dy = {dE_dy:+.4f}   dy/dz = {dy_dz:+.4f}   dE/dw = {dw}   dE/db = {db:+.4f}")
assert np.allclose(dw, [-0.0625, 0.125]) and np.isclose(db, -0.125)
# %% [markdown] lang="en"
# ## Is it right? Ask the loss itself
#
# A derivative is a slope: move one weight a little to each side and see how much the loss changes.
#
# $$\frac{\partial E}{\partial w_i} \approx \frac{E(w_i + h) - E(w_i - h)}{2h}$$
#
# This **numerical check** needs no calculus. It also needs two forward passes for every weight, which is why networks
# are not trained with it: a million weights, two million passes for one update. Backpropagation needs one pass forwards
# and one backwards.
# %% [markdown] lang="ko"
# ## 맞게 계산했을까? 손실에게 직접 물어보기
#
# 미분은 결국 기울어진 정도입니다. 가중치 하나를 양쪽으로 조금씩 움직여 보고 손실이 얼마나 변하는지 보면 됩니다.
#
# $$\frac{\partial E}{\partial w_i} \approx \frac{E(w_i + h) - E(w_i - h)}{2h}$$
#
# 이 **수치 미분(numerical check)** 에는 미분 공식이 필요 없습니다. 대신 가중치마다 순전파(forward pass)를 두 번씩 해야 합니다.
# 가중치가 백만 개라면 한 번 업데이트하는 데 순전파가 이백만 번 필요합니다. 그래서 학습에는 쓰지 않고, 검산에만 씁니다.
# 역전파(backpropagation)는 앞으로 한 번, 뒤로 한 번이면 충분합니다.
# %%
def loss_at(w, b):
    return 0.5 * (t - sigmoid(w @ x + b)) ** 2


h = 1e-5
numerical = np.array([(loss_at(w + h * e, b) - loss_at(w - h * e, b)) / (2 * h) for e in np.eye(2)])
print("by the chain rule ", dw)
print("by two differences", numerical)
assert np.allclose(numerical, dw, atol=1e-9)
# %% [markdown] lang="en"
# ## 5: the update
#
# $$w^{(t+1)} = w^{(t)} - lr\,\nabla E(W)$$
#
# The gradient points uphill, so we go the other way: that is all the minus sign does. With a learning rate of 1 the
# loss falls from 0.125 to about 0.0925.
# %% [markdown] lang="ko"
# ## 5단계: 업데이트
#
# $$w^{(t+1)} = w^{(t)} - lr\,\nabla E(W)$$
#
# 기울기는 오르막 방향을 가리키므로 우리는 반대쪽으로 갑니다. 빼기 부호가 하는 일은 그것뿐입니다. 학습률(learning rate)을 1로 두면
# 손실은 0.125에서 약 0.0925로 줄어듭니다.
# %%
lr = 1.0
new_w, new_b = w - lr * dw, b - lr * db
print(f"w: {w} -> {new_w}   b: {b} -> {new_b:.3f}   E: {E:.4f} -> {loss_at(new_w, new_b):.4f}")
assert abs(loss_at(new_w, new_b) - 0.0925) < 1e-4
# %% [markdown] lang="en"
# ## The same in tinynet
#
# A `GradientTape` writes down what is computed, and multiplies the derivatives from the end to the beginning, just as
# you did. `textbook.GradientDescent` is the slide's update rule; `textbook.explain` prints it.
# %% [markdown] lang="ko"
# ## tinynet으로 똑같이
#
# `GradientTape`는 계산 과정을 테이프에 적어 두었다가, 여러분이 방금 한 것처럼 끝에서부터 거꾸로 미분을 곱해 줍니다.
# `textbook.GradientDescent`는 슬라이드의 업데이트 식 그대로입니다. `textbook.explain`으로 코드를 볼 수 있습니다.
# %%
W = tn.Variable([0.4, 0.3], dtype="float64", name="w")
B = tn.Variable(0.1, dtype="float64", name="b")
optimizer = textbook.GradientDescent(learning_rate=1.0)

with tn.GradientTape() as tape:
    prediction = tn.ops.sigmoid(tn.ops.sum(W * x) + B)
    loss = 0.5 * (t - prediction) ** 2
gradients = tape.gradient(loss, [W, B])
optimizer.apply(gradients, [W, B])

print("gradients ", [g.numpy() for g in gradients])
print("weights   ", W.numpy(), B.numpy())
print(textbook.explain(optimizer))
assert np.allclose(gradients[0].numpy(), dw) and np.allclose(W.numpy(), new_w) and np.isclose(float(B), new_b)
# %% [markdown] lang="en"
# ## The same in Keras's words
#
# `fit` and `train_on_batch` go through the five stations for you. One difference is easily missed: Keras's mean squared
# error has **no** $\tfrac12$. Its gradient is twice ours, so half the learning rate makes the same step.
#
# This cell runs on Keras 3 too, if `tf` is imported from there.
# %% [markdown] lang="ko"
# ## Keras 방식으로 똑같이
#
# `fit`이나 `train_on_batch`가 다섯 단계를 대신해 줍니다. 다만 놓치기 쉬운 차이가 하나 있습니다. Keras의 평균 제곱 오차(mean squared
# error)에는 $\tfrac12$이 **없습니다**. 기울기가 두 배이므로 학습률을 절반으로 줄여야 같은 걸음이 됩니다.
#
# 이 셀은 `tf`만 바꿔 주면 Keras 3에서도 그대로 실행됩니다.
# %% tags=["keras"]
import numpy as np
import tinynet as tf

neuron = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1, activation="sigmoid")])
neuron.set_weights([np.array([[0.4], [0.3]]), np.array([0.1])])
neuron.compile(optimizer=tf.keras.optimizers.SGD(0.5), loss="mse")

mse = neuron.train_on_batch(np.array([[0.5, -1.0]]), np.array([[1.0]]))
kernel, bias = neuron.get_weights()
print("mse", float(mse), "  kernel", kernel.ravel(), "  bias", bias)
assert abs(float(mse) - 2 * 0.125) < 1e-6
assert np.allclose(kernel.ravel(), [0.4625, 0.175], atol=1e-6) and np.allclose(bias, 0.225, atol=1e-6)
# %% [markdown] lang="en"
# ## A layer more: why it is called backpropagation
#
# With a hidden layer, $\partial E/\partial z$ of the output travels **back through the weights** to the hidden neurons.
# Read the last lines of the function from top to bottom: nothing is computed twice. Each line reuses what the line above
# it has found. That is the whole idea of backpropagation.
#
# The data are two moons, 200 points; the network has 2 inputs, 8 hidden neurons (tanh) and 1 output.
# %% [markdown] lang="ko"
# ## 층을 하나 더: 왜 '역'전파일까
#
# 은닉층(hidden layer)이 있으면 출력 쪽의 $\partial E/\partial z$가 **가중치를 거꾸로 거슬러** 은닉 뉴런까지 전달됩니다. 아래 함수의
# 마지막 몇 줄을 위에서부터 읽어 보세요. 같은 계산을 두 번 하는 곳이 없습니다. 윗줄에서 구한 값을 아랫줄이 그대로 물려받아 씁니다.
# 이것이 역전파(backpropagation)의 전부입니다.
#
# 데이터는 초승달 모양(two moons)의 점 200개이고, 신경망은 입력 2개, 은닉 뉴런 8개(tanh), 출력 1개입니다.
# %%
points, labels = tn.datasets.toy.moons(200, seed=1)
points, labels = points.astype(np.float64), labels.astype(np.float64).reshape(-1, 1)

rng = np.random.default_rng(0)
W1, b1 = rng.standard_normal((2, 8)) / np.sqrt(2), np.zeros(8)
W2, b2 = rng.standard_normal((8, 1)) / np.sqrt(8), np.zeros(1)


def loss_and_gradients(W1, b1, W2, b2):
    hidden = np.tanh(points @ W1 + b1)
    y = sigmoid(hidden @ W2 + b2)
    loss = 0.5 * np.mean((labels - y) ** 2)
    dz2 = -(labels - y) * y * (1 - y) / len(points)
    dW2, db2 = hidden.T @ dz2, dz2.sum(axis=0)
    dz1 = (dz2 @ W2.T) * (1 - hidden**2)
    dW1, db1 = points.T @ dz1, dz1.sum(axis=0)
    return loss, (dW1, db1, dW2, db2)


_, by_hand = loss_and_gradients(W1, b1, W2, b2)
variables = [tn.Variable(value, dtype="float64") for value in (W1, b1, W2, b2)]
with tn.GradientTape() as tape:
    v1, c1, v2, c2 = variables
    output = tn.ops.sigmoid(tn.ops.tanh(points @ v1 + c1) @ v2 + c2)
    loss = tn.ops.mean(0.5 * (labels - output) ** 2)
for ours, tapes in zip(by_hand, tape.gradient(loss, variables), strict=True):
    assert np.allclose(ours, tapes.numpy(), atol=1e-12)
print("all", sum(g.size for g in by_hand), "derivatives agree with the tape's")
assert sum(g.size for g in by_hand) == 33
# %% [markdown] lang="en"
# Now the five stations, 2,000 times. This loop **is** training; everything else in the course makes one of the stations
# better.
# %% [markdown] lang="ko"
# 이제 다섯 단계를 2,000번 반복해 봅시다. 이 반복문이 **바로** 학습입니다. 앞으로 배울 내용은 모두 이 다섯 단계 중 어느 하나를 더
# 낫게 만드는 방법입니다.
# %%
def train(lr, steps=2000):
    weights = [W1.copy(), b1.copy(), W2.copy(), b2.copy()]
    losses = []
    for _ in range(steps):
        loss, gradients = loss_and_gradients(*weights)
        losses.append(loss)
        for weight, gradient in zip(weights, gradients, strict=True):
            weight -= lr * gradient
    return weights, np.array(losses)


trained, losses = train(lr=2.0)


def network(x, weights=trained):
    v1, c1, v2, c2 = weights
    return sigmoid(np.tanh(x @ v1 + c1) @ v2 + c2)


accuracy = float(np.mean((network(points) > 0.5) == (labels > 0.5)))
print(f"loss {losses[0]:.3f} -> {losses[-1]:.4f}, accuracy {accuracy:.3f}")
assert losses[-1] < 0.25 * losses[0] and accuracy > 0.93

before = plots.decision_boundary(lambda x: network(x, (W1, b1, W2, b2)), points, labels.ravel().astype(int))
after = plots.decision_boundary(network, points, labels.ravel().astype(int))
# %% [markdown] lang="en"
# ## Try it
#
# **Change `lr` and run again.** First guess, then look: 0.02, 2, 200. The cell below does it for you, but it is more fun
# to be wrong first.
#
# Watch the numbers of a small network, term by term, forwards and backwards, in the lab:
#
#     tinynet lab scenes
# %% [markdown] lang="ko"
# ## 실험해 봅시다
#
# **`lr`을 바꿔서 다시 실행해 보세요.** 0.02, 2, 200일 때 어떻게 될지 먼저 예상하고 확인해 봅시다. 아래 셀에 답이 있지만, 먼저 틀려
# 보는 편이 훨씬 재미있습니다.
#
# 작은 신경망의 숫자 하나하나가 앞으로, 또 뒤로 흐르는 모습은 실험실(lab)에서 볼 수 있습니다.
#
#     tinynet lab scenes
# %%
curves = {lr: train(lr)[1] for lr in (0.02, 2.0, 200.0)}
for lr, curve in curves.items():
    print(f"lr = {lr:6}: loss after 2,000 updates {curve[-1]:.4f}")

_, ax = plt.subplots(figsize=(8, 4), layout="constrained")
for (lr, curve), style in zip(curves.items(), ("-", "--", "-."), strict=True):
    ax.plot(curve, style, linewidth=2.5, label=f"lr = {lr:g}")
ax.set(xlabel="$t$", ylabel="$E(W)$", yscale="log")
legend = ax.legend()
assert curves[2.0][-1] < curves[0.02][-1] < curves[200.0][-1]
# %% [markdown] lang="en"
# Too small, and the loss hardly moves. Too large, and the first step throws the neurons far into the flat ends of their
# sigmoids, where $\hat y(1-\hat y)$ is nearly 0. Then the gradient is nearly 0 as well, and nothing brings them back.
#
# ## What goes wrong in practice
#
# * **The sign.** `w += lr * dw` climbs. If the loss rises from the first step on, look here first.
# * **A gradient check in float32.** With $h = 10^{-7}$ the two losses differ in digits that float32 does not have. The
#   cell below shows it: the check fails though the gradient is right. Check in float64, with $h \approx 10^{-5}$.
# * **Old gradients.** PyTorch adds new gradients to the old ones until `zero_grad()` is called. A tape of tinynet or
#   TensorFlow starts empty each time.
# * **Another loss than you think.** With or without $\tfrac12$, sum or mean: the direction is the same, the length of
#   the step is not. The next lesson measures it.
# %% [markdown] lang="ko"
# 너무 작으면 손실이 거의 움직이지 않습니다. 너무 크면 첫걸음에 뉴런이 시그모이드의 평평한 끝까지 밀려나는데, 그곳에서는
# $\hat y(1-\hat y)$가 거의 0입니다. 그러면 기울기도 거의 0이 되어 다시 돌아오지 못합니다.
#
# ## 실제로 자주 하는 실수
#
# * **부호.** `w += lr * dw`라고 쓰면 오르막을 올라갑니다. 첫걸음부터 손실이 커진다면 여기부터 확인하세요.
# * **float32로 수치 미분하기.** $h = 10^{-7}$이면 두 손실의 차이가 float32로는 나타낼 수 없는 자릿수에 있습니다. 아래 셀처럼
#   기울기가 맞는데도 검산이 틀렸다고 나옵니다. 검산은 float64로, $h \approx 10^{-5}$ 정도로 하세요.
# * **남아 있는 기울기.** PyTorch는 `zero_grad()`를 부를 때까지 새 기울기를 이전 기울기에 더합니다. tinynet과 TensorFlow의 테이프는
#   매번 빈 상태에서 시작합니다.
# * **생각과 다른 손실 함수.** $\tfrac12$이 있는지, 합인지 평균인지에 따라 방향은 같아도 걸음의 길이가 달라집니다. 얼마나 다른지는
#   다음 시간에 재어 보겠습니다.
# %%
def loss32(w1):
    z = np.float32(w1) * np.float32(0.5) + np.float32(0.3) * np.float32(-1.0) + np.float32(0.1)
    y = np.float32(1) / (np.float32(1) + np.exp(-z))
    return np.float32(0.5) * (np.float32(1) - y) ** 2


for h in (1e-2, 1e-3, 1e-7):
    estimate = float(loss32(0.4 + h) - loss32(0.4 - h)) / (2 * h)
    print(f"float32, h = {h:g}: {estimate:+.4f}   (right: {dw[0]:+.4f})")
assert abs(estimate - dw[0]) > 0.01
# %% [markdown] lang="en"
# ## Exercises
#
# 1. **On paper.** Do one more update of the neuron, from $w = (0.4625,\,0.175)$, $b = 0.225$. The next cell has the
#    loss that must come out.
# 2. **Another loss.** With cross-entropy $E = -\log \hat y$ (for $t = 1$) the first two factors of the chain collapse
#    into one: $\partial E/\partial z = \hat y - t$. Show it, then look: how much larger is the first step than with the
#    squared error? Why does it not get stuck at the flat ends?
# 3. **In code.** Change `tanh` to ReLU, `np.maximum(0, z)`, in `loss_and_gradients`. Which two lines change? The
#    comparison with the tape tells you whether you were right.
# %% [markdown] lang="ko"
# ## 연습 문제
#
# 1. **손으로.** $w = (0.4625,\,0.175)$, $b = 0.225$에서 업데이트를 한 번 더 해 보세요. 나와야 하는 손실은 다음 셀에 있습니다.
# 2. **다른 손실 함수.** 교차 엔트로피(cross-entropy) $E = -\log \hat y$ ($t = 1$일 때)를 쓰면 연쇄 법칙의 앞쪽 두 항이
#    $\partial E/\partial z = \hat y - t$ 하나로 합쳐집니다. 직접 보이고, 첫걸음이 제곱 오차보다 몇 배 큰지 확인해 보세요. 왜 평평한
#    끝에서도 멈추지 않을까요?
# 3. **코드로.** `loss_and_gradients`의 `tanh`를 ReLU, 즉 `np.maximum(0, z)`로 바꿔 보세요. 어느 두 줄이 바뀌어야 할까요? 테이프와
#    비교하면 맞았는지 알 수 있습니다.
# %%
second_y = sigmoid(new_w @ x + new_b)
second_dz = -(t - second_y) * second_y * (1 - second_y)
print(f"1. loss after the second update: {loss_at(new_w - second_dz * x, new_b - second_dz):.4f}")
print(f"2. squared error: dE/dz = {dE_dz:+.3f}, cross-entropy: dE/dz = {y - t:+.3f}")
assert np.isclose((y - t) / dE_dz, 4)
