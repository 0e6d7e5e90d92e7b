# %% [markdown] lang="en"
# # Gradient descent: batch, stochastic, mini-batch
#
# Course rows: 3-8 · Minutes: 40
#
# **The question.** The update rule $w \leftarrow w - lr\,\nabla E(W)$ does not tell *which samples* the loss $E$ is made
# of. All of them? One? Some? The answer changes nothing in the formula and nearly everything in practice.
#
# And a question before that: is the loss really as neat a bowl as in the drawings?
# %% [markdown] lang="ko"
# # 경사 하강법(gradient descent): 배치, 확률적, 미니배치
#
# 강의 항목: 3-8 · 시간(분): 40
#
# **질문.** 업데이트 식 $w \leftarrow w - lr\,\nabla E(W)$에는 손실 $E$를 *어떤 샘플*로 계산하는지가 나와 있지 않습니다. 전부일까요?
# 하나일까요? 몇 개씩일까요? 무엇을 고르든 식은 그대로인데, 실제 학습은 거의 모든 것이 달라집니다.
#
# 그 전에 먼저 짚고 넘어갈 것이 있습니다. 손실 함수는 정말 가중치 공간(weight space)에서 이쁜 빗살무늬토기 모양일까요?
# %%
import time

import numpy as np
import matplotlib.pyplot as plt

import tinynet as tn
from tinynet import textbook
from tinynet.textbook import Descent, HalfSquaredError, fit_line, surfaces

tn.utils.set_random_seed(0)
plt.rcParams["font.size"] = 14
# %% [markdown] lang="en"
# ## Is the loss a comb-pattern pot?
#
# For a straight line and the squared error it is: $E$ is a quadratic function of $w$ and $b$, a bowl. A network is
# another matter. It has too many weights to draw, so we cut through: we go from the trained weights into two random
# directions $d_1, d_2$ and look at $E(W + a\,d_1 + b\,d_2)$.
#
# The network: 2 inputs, two hidden layers of 8 neurons (tanh), 1 output, trained on two moons.
# %% [markdown] lang="ko"
# ## 손실 함수는 정말 빗살무늬토기일까?
#
# 직선과 제곱 오차라면 그렇습니다. $E$가 $w$와 $b$의 이차함수이므로 매끈한 그릇 모양입니다. 하지만 신경망은 이야기가 다릅니다. 가중치가
# 너무 많아 그림으로 그릴 수 없으니 단면을 잘라 봅시다. 학습된 가중치에서 무작위 방향 $d_1, d_2$로 움직이면서
# $E(W + a\,d_1 + b\,d_2)$가 어떻게 변하는지 보는 것입니다.
#
# 신경망은 입력 2개, 뉴런 8개짜리 은닉층 두 개(tanh), 출력 1개이고, 초승달 두 개(two moons) 데이터로 학습했습니다.
# %%
x, y = tn.datasets.toy.moons(200, seed=1)
network = tn.keras.Sequential([
    tn.keras.Input((2,)),
    tn.keras.layers.Dense(8, activation="tanh"),
    tn.keras.layers.Dense(8, activation="tanh"),
    tn.keras.layers.Dense(1, activation="sigmoid"),
])
network.compile(optimizer=tn.keras.optimizers.Adam(0.02), loss="binary_crossentropy")
network.fit(x, y, epochs=60, batch_size=50, verbose=0)
axis, losses = textbook.loss_slice(network, x, y, extent=2.0, points=25, seed=3)

pot = textbook.plots.plot_surface(surfaces.bowl)
real = textbook.plots.plot_loss_slice(axis, losses)

bends_down = (np.diff(losses, n=2, axis=0) < 0).mean()
print(f"the slice bends downwards at {bends_down:.0%} of its points; a bowl does so nowhere")
assert bends_down > 0.1 and losses.min() < 0.2 < 1.0 < losses.max()
# %% [markdown] lang="en"
# A pot bends upwards everywhere: from any point the way down leads to the one lowest place. The real slice has ridges,
# plateaus and bends. Descent on it still works surprisingly well, but *where you come from* and *how you step* begin to
# matter. That is what the next four lessons are about.
#
# ## Batch gradient descent
#
# $$E(W) = \frac12 \sum_{n=1}^{N} (t - \hat y_n)^2$$
#
# 1. Compute the loss of **all** data.
# 2. Add the losses and divide by their number (take the mean).
# 3. Compute the gradient with respect to the weights.
# 4. Update the weights, **once**.
#
# Look closely: the formula has a **sum**, step 2 has a **mean**. They differ by the factor $N$, and so do the learning
# rates that suit them. `HalfSquaredError` has both.
# %% [markdown] lang="ko"
# 토기라면 어디서든 위로 휘어 있어서, 어느 점에서 내려가도 가장 낮은 곳 하나로 모입니다. 그런데 실제 단면에는 능선도 있고, 평평한 곳도
# 있고, 아래로 휜 곳도 있습니다. 그런데도 경사 하강법은 놀랄 만큼 잘 됩니다. 다만 *어디서 출발하는지*, *어떻게 걷는지*가 중요해집니다.
# 앞으로 네 시간 동안 배울 내용이 바로 이것입니다.
#
# ## 배치 경사 하강법(Batch Gradient Descent)
#
# $$E(W) = \frac12 \sum_{n=1}^{N} (t - \hat y_n)^2$$
#
# 1. **모든** data에 대해서 loss를 다 구한다.
# 2. 구한 loss를 모두 더하여 데이터 개수로 나눠 준다. (평균을 구한다.)
# 3. Weight에 대한 gradient를 구한다.
# 4. Weight가 **한 번** update된다.
#
# 여기서 잘 보세요. 식에는 **합**이 있는데 2번에서는 **평균**을 구합니다. 둘은 $N$배 차이가 나고, 그만큼 알맞은 학습률(learning rate)도
# 달라집니다. `HalfSquaredError`에는 두 가지가 다 있습니다.
# %%
N = 60
rng = np.random.default_rng(0)
inputs = rng.standard_normal(N)
targets = inputs + 0.5 * rng.standard_normal(N)

total = float(HalfSquaredError("sum")(targets, 0.0 * inputs))
mean = float(HalfSquaredError("sum_over_batch_size")(targets, 0.0 * inputs))
print(f"sum {total:.2f}, mean {mean:.4f}, ratio {total / mean:.1f}")
assert np.isclose(total / mean, N, rtol=1e-5)
# %% [markdown] lang="en"
# The slide's four steps as a loop, for the line $\hat y = w x + b$:
# %% [markdown] lang="ko"
# 슬라이드의 네 단계를 반복문으로 써 봅시다. 모델은 직선 $\hat y = w x + b$입니다.
# %%
def compute_gradient(w, b, inputs, targets):
    error = w * inputs + b - targets
    return (error * inputs).mean(), error.mean()


def descend(batch_size, epochs, lr=0.1, seed=1):
    order = np.random.default_rng(seed)
    w, b, path = -1.5, 2.0, [(-1.5, 2.0)]
    for _ in range(epochs):
        shuffled = order.permutation(N)
        for first in range(0, N, batch_size):
            chosen = shuffled[first : first + batch_size]
            dw, db = compute_gradient(w, b, inputs[chosen], targets[chosen])
            w, b = w - lr * dw, b - lr * db
            path.append((w, b))
    return np.array(path)


batch = descend(batch_size=N, epochs=20)
print(len(batch) - 1, "updates in 20 epochs; w, b =", batch[-1].round(3))
assert len(batch) - 1 == 20
# %% [markdown] lang="en"
# **And with 500,000 samples?** Then 500,000 losses are computed before the weights move once.
# %% [markdown] lang="ko"
# **만약, 데이터가 50만 개라면?** 50만 번의 계산을 해야 가중치가 한 번 update됩니다.
# %%
half_a_million = Descent.batch(500_000)
print(half_a_million.losses_an_update, "losses for an update,", half_a_million.updates_an_epoch, "update an epoch")
assert (half_a_million.losses_an_update, half_a_million.updates_an_epoch) == (500_000, 1)
# %% [markdown] lang="en"
# ## Stochastic gradient descent
#
# $$E_n(W) = \frac12 (t - \hat y_n)^2, \qquad n = 1 \dots N$$
#
# Update after **every single sample**, then take the next one: $N$ updates in the time of one. It is the same function
# with `batch_size=1`.
#
# ## Mini-batch gradient descent
#
# $$E_k(W) = \frac12 \sum_{m=1}^{M} (t - \hat y_m)^2, \qquad k = 1 \dots K, \qquad M = N / K$$
#
# The compromise: $K$ mini-batches of $M$ samples. The slide's $M = N/K$ takes for granted that $K$ divides $N$. Keras
# does not: its last batch is simply shorter.
# %% [markdown] lang="ko"
# ## 확률적 경사 하강법(Stochastic Gradient Descent, SGD)
#
# $$E_n(W) = \frac12 (t - \hat y_n)^2, \qquad n = 1 \dots N$$
#
# **샘플 하나마다** 업데이트하고 다음 샘플로 넘어갑니다. 배치 경사 하강법이 한 번 업데이트할 시간에 $N$번 업데이트하는 셈입니다. 코드는
# 같은 함수에 `batch_size=1`만 넣으면 됩니다.
#
# ## 미니배치 경사 하강법(Mini-Batch Gradient Descent)
#
# $$E_k(W) = \frac12 \sum_{m=1}^{M} (t - \hat y_m)^2, \qquad k = 1 \dots K, \qquad M = N / K$$
#
# 둘 사이의 절충안입니다. 샘플 $M$개짜리 미니배치 $K$개로 나눕니다. 슬라이드의 $M = N/K$는 $K$가 $N$을 나누어떨어지게 한다고 보는데,
# Keras에서는 그렇지 않아도 됩니다. 마지막 배치가 그냥 짧아집니다.
# %%
stochastic = descend(batch_size=1, epochs=20)
mini = descend(batch_size=10, epochs=20)
for name, path in {"batch": batch, "mini-batch": mini, "stochastic": stochastic}.items():
    print(f"{name:<11} {len(path) - 1:>5} updates, ends at w, b = {path[-1].round(3)}")

print("60 samples in batches of 16:", Descent.mini_batch(60, batch_size=16).updates_an_epoch, "updates,",
      "without the short one:", Descent.mini_batch(60, batch_size=16, drop_remainder=True).updates_an_epoch)
assert len(stochastic) - 1 == 1200 and len(mini) - 1 == 120
assert Descent.mini_batch(60, batch_size=16).updates_an_epoch == 4
assert Descent.mini_batch(60, batch_size=16, drop_remainder=True).updates_an_epoch == 3
# %% [markdown] lang="en"
# ## Put all GDs together
#
# `fit_line` does the same with tinynet's tape and optimizers, and returns the loss over **all** points after each
# update, so that the three can be compared.
# %% [markdown] lang="ko"
# ## Put all GDs together
#
# `fit_line`은 같은 일을 tinynet의 테이프(tape)와 최적화 함수(optimizer)로 합니다. 업데이트할 때마다 **전체** 점에 대한 손실을
# 돌려주므로 셋을 나란히 비교할 수 있습니다.
# %%
ways = {
    "batch": Descent.batch(60),
    "mini-batch": Descent.mini_batch(60, batches=6),
    "stochastic": Descent.stochastic(60),
}
runs = {name: fit_line(way, epochs=20) for name, way in ways.items()}
ax = textbook.plots.plot_descents(runs)

_, ax = plt.subplots(figsize=(8, 4), layout="constrained")
for (name, (_, losses)), style in zip(runs.items(), ("o-", "-", ":"), strict=True):
    ax.plot(np.linspace(0, 20, len(losses)), losses, style, linewidth=2, label=name)
ax.set(xlabel="epoch", ylabel="$E(W)$", yscale="log")
legend = ax.legend()
# %% [markdown] lang="en"
# ## "Fast, but unstable, and it performs worse than BGD": is it true?
#
# The slide makes three claims about stochastic descent. Let us measure each one:
#
# | claim | measure |
# |---|---|
# | fast | the loss after **one** epoch |
# | unstable | the share of updates after which the loss over all points is **higher** than before |
# | worse than BGD | the mean loss over the last epoch, once batch descent, too, has converged |
# %% [markdown] lang="ko"
# ## "속도는 빠르지만 학습이 불안정하고 BGD보다 성능이 떨어진다": 정말일까?
#
# 슬라이드는 확률적 경사 하강법에 대해 세 가지를 주장합니다. 하나씩 재어 봅시다.
#
# | 주장 | 재는 방법 |
# |---|---|
# | 빠르다 | **한** 에폭(epoch) 뒤의 손실 |
# | 불안정하다 | 업데이트 뒤에 전체 손실이 오히려 **커진** 비율 |
# | BGD보다 성능이 떨어진다 | 배치 경사 하강법까지 충분히 수렴한 뒤, 마지막 에폭의 평균 손실 |
# %%
print(f"{'':<11} after 1 epoch   rising updates   last of 200 epochs")
after_one, rising, at_the_end = {}, {}, {}
for name, way in ways.items():
    losses = fit_line(way, epochs=200)[1]
    after_one[name] = losses[way.updates_an_epoch]
    rising[name] = (np.diff(losses[: 20 * way.updates_an_epoch + 1]) > 0).mean()
    at_the_end[name] = losses[-way.updates_an_epoch :].mean()
    print(f"{name:<11} {after_one[name]:>13.3f}   {rising[name]:>14.0%}   {at_the_end[name]:>18.4f}")

assert after_one["stochastic"] < 0.1 * after_one["batch"]
assert rising["batch"] == 0 and rising["stochastic"] > 0.4
assert at_the_end["batch"] < at_the_end["mini-batch"] < at_the_end["stochastic"]
# %% [markdown] lang="en"
# All three hold here. Batch descent never goes uphill; for stochastic descent about every second update does. After one
# epoch, though, it is far ahead. And at the end it does not settle: at a constant learning rate it wanders around the
# minimum for ever, since the gradient of a single sample is not 0 there.
#
# **But** that last claim is about a constant rate. Let the rate fall, and the wandering stops:
# %% [markdown] lang="ko"
# 여기서는 세 주장이 모두 맞습니다. 배치 경사 하강법은 한 번도 오르막을 오르지 않는데, 확률적 경사 하강법은 두 번에 한 번꼴로 오릅니다.
# 그래도 한 에폭이 지난 뒤에는 훨씬 앞서 있습니다. 그리고 끝에 가서도 멈추지 않습니다. 최솟값에서도 샘플 하나의 기울기는 0이 아니기
# 때문에, 학습률이 일정하면 그 주변을 영원히 맴돕니다.
#
# **하지만** 마지막 주장은 학습률이 일정할 때의 이야기입니다. 학습률을 점점 줄이면 맴도는 것도 멈춥니다.
# %%
falling = tn.keras.optimizers.schedules.CosineDecay(0.1, decay_steps=200 * 60)
settled = fit_line(ways["stochastic"], textbook.GradientDescent(falling), epochs=200)[1]
lowest = at_the_end["batch"]
print(f"above the minimum: constant rate {at_the_end['stochastic'] - lowest:.5f}, "
      f"falling rate {settled[-60:].mean() - lowest:.7f}")
assert settled[-60:].mean() - lowest < 0.01 * (at_the_end["stochastic"] - lowest)
# %% [markdown] lang="en"
# ## In Keras: one argument
#
# All three are `fit` with another `batch_size`. This cell runs on Keras 3 too, with `tf` taken from there. The number of
# updates is counted by the optimizer itself.
# %% [markdown] lang="ko"
# ## Keras에서는 인자 하나로
#
# 셋 다 `fit`이고 `batch_size`만 다릅니다. 이 셀은 `tf`만 바꿔 주면 Keras 3에서도 실행됩니다. 업데이트 횟수는 optimizer가 직접 세고
# 있습니다.
# %% tags=["keras"]
import numpy as np
import tinynet as tf

rng = np.random.default_rng(0)
samples = rng.standard_normal((60, 1)).astype("float32")
wanted = samples + 0.5 * rng.standard_normal((60, 1)).astype("float32")

updates = {}
for batch_size in (60, 10, 1):
    line = tf.keras.Sequential([tf.keras.Input((1,)), tf.keras.layers.Dense(1)])
    line.compile(optimizer=tf.keras.optimizers.SGD(0.05), loss="mse")
    line.fit(samples, wanted, batch_size=batch_size, epochs=5, verbose=0)
    updates[batch_size] = int(line.optimizer.iterations)
    print(f"batch_size={batch_size:<3} {updates[batch_size]:>4} updates in 5 epochs")
assert updates == {60: 5, 10: 30, 1: 300}
# %% [markdown] lang="en"
# ## On real images
#
# 2,000 images of Fashion-MNIST (from the sample inside tinynet's wheel), a network with 32 hidden neurons, **three
# epochs** each. Guess first: which batch size has the best accuracy? Which is the fastest?
# %% [markdown] lang="ko"
# ## 진짜 이미지로
#
# Fashion-MNIST 이미지 2,000장(tinynet에 들어 있는 표본)으로 은닉 뉴런 32개짜리 신경망을 **세 에폭**씩 학습합니다. 먼저 예상해 보세요.
# 정확도가 가장 높은 배치 크기는 무엇일까요? 가장 빠른 것은요?
# %%
(train_x, train_y), (test_x, test_y) = tn.datasets.fashion_mnist_sample.load_data()
train_x, train_y, test_x = train_x[:2000] / 255.0, train_y[:2000], test_x / 255.0

accuracy, seconds = {}, {}
for batch_size, rate in ((2000, 0.1), (32, 0.1), (1, 0.01), (1, 0.1)):
    tn.utils.set_random_seed(0)
    model = tn.keras.Sequential([
        tn.keras.Input((28, 28)), tn.keras.layers.Flatten(),
        tn.keras.layers.Dense(32, activation="relu"), tn.keras.layers.Dense(10),
    ])
    model.compile(optimizer=tn.keras.optimizers.SGD(rate), metrics=["accuracy"],
                  loss=tn.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    began = time.perf_counter()
    model.fit(train_x, train_y, batch_size=batch_size, epochs=3, verbose=0)
    seconds[batch_size, rate] = time.perf_counter() - began
    accuracy[batch_size, rate] = model.evaluate(test_x, test_y, verbose=0)[1]
    print(f"batch {batch_size:>4}, rate {rate:<5} accuracy {accuracy[batch_size, rate]:.3f}, "
          f"{seconds[batch_size, rate]:.2f} s")

assert accuracy[2000, 0.1] < 0.4 < 0.65 < min(accuracy[32, 0.1], accuracy[1, 0.01])
assert accuracy[1, 0.1] < 0.4
assert seconds[1, 0.01] > 2 * seconds[32, 0.1]
# %% [markdown] lang="en"
# Three updates are too few; 6,000 are plenty, but they take many times as long, since a processor is made for many
# multiplications at once and a batch of one leaves it idle. And a single sample with the rate of the batch of 32
# destroys the network. So in practice, mini-batches: 32 to 256.
#
# ## Try it
#
# 1. In `descend`, set `lr=1.0`, then `lr=2.5`. Which of the three breaks first, and why not batch descent?
# 2. In the last experiment, a batch of 8, 128, 512. Where does the accuracy after three epochs begin to fall?
#
# Watch the three walk over one surface, sample by sample:
#
#     tinynet lab 'batches?samples=60&batch=10'
#
# and cut through a network's loss yourself:
#
#     tinynet lab landscape
# %% [markdown] lang="ko"
# 업데이트 세 번은 너무 적고, 6,000번이면 충분하지만 시간이 몇 배나 걸립니다. 프로세서는 곱셈을 한꺼번에 많이 하도록 만들어졌는데,
# 샘플을 하나씩 주면 놀게 되기 때문입니다. 또 배치 32에 맞던 학습률을 샘플 하나에 그대로 쓰면 신경망이 망가집니다. 그래서 실전에서는
# 32~256개짜리 미니배치를 씁니다.
#
# ## 실험해 봅시다
#
# 1. `descend`에서 `lr=1.0`, 그다음 `lr=2.5`로 바꿔 보세요. 셋 중 무엇이 먼저 무너질까요? 배치 경사 하강법은 왜 버틸까요?
# 2. 마지막 실험에서 배치 크기를 8, 128, 512로 바꿔 보세요. 세 에폭 뒤의 정확도는 어디서부터 떨어지기 시작하나요?
#
# 셋이 한 곡면 위를 샘플 하나하나마다 어떻게 걷는지는 실험실(lab)에서 볼 수 있습니다.
#
#     tinynet lab 'batches?samples=60&batch=10'
#
# 신경망의 손실 단면도 직접 잘라 볼 수 있습니다.
#
#     tinynet lab landscape
# %% [markdown] lang="en"
# ## What goes wrong in practice
#
# * **No shuffling.** `fit` shuffles each epoch. Write your own loop, read a file sorted by class, and every batch pulls
#   towards one class. The cell below shows what it costs.
# * **A new batch size, the old learning rate.** With the *mean* loss a larger batch has less noise and stands a larger
#   rate; doubling both is a good first try. With the *sum* it is the other way round: twice the samples, twice the step.
# * **The short last batch.** 60 samples in batches of 16 leave 12. Each of these 12 counts for more in its update than
#   the others do. Mostly harmless; with batch normalization a last batch of one sample is not. Then `drop_remainder`.
# * **"SGD" has two meanings.** On the slide: one sample an update. In Keras, `SGD` is the update *rule*; how many samples
#   it sees is `fit`'s business.
# %% [markdown] lang="ko"
# ## 실제로 자주 하는 실수
#
# * **섞지 않기.** `fit`은 에폭마다 데이터를 섞습니다. 그런데 반복문을 직접 쓰면서 클래스별로 정렬된 파일을 그대로 읽으면, 배치마다 한
#   클래스 쪽으로만 끌려갑니다. 얼마나 손해인지 아래 셀에서 확인해 보세요.
# * **배치 크기는 바꾸고 학습률은 그대로.** 손실이 *평균*이면 배치가 클수록 잡음이 적어 더 큰 학습률도 견딥니다. 둘 다 두 배로 늘리는
#   것이 좋은 출발점입니다. 손실이 *합*이면 반대입니다. 샘플이 두 배면 걸음도 두 배가 됩니다.
# * **짧은 마지막 배치.** 60개를 16개씩 나누면 12개가 남습니다. 이 12개는 다른 샘플보다 업데이트에서 더 큰 몫을 차지합니다. 대개는
#   괜찮지만, 배치 정규화(batch normalization)를 쓰는데 마지막 배치가 1개라면 문제가 됩니다. 그럴 때 `drop_remainder`를 씁니다.
# * **"SGD"의 두 가지 뜻.** 슬라이드에서는 샘플 하나마다 업데이트하는 방법입니다. Keras의 `SGD`는 업데이트 *식*이고, 샘플을 몇 개씩
#   볼지는 `fit`이 정합니다.
# %%
by_class = np.argsort(train_y, kind="stable")
reached = {}
for shuffle in (True, False):
    tn.utils.set_random_seed(0)
    model = tn.keras.Sequential([
        tn.keras.Input((28, 28)), tn.keras.layers.Flatten(),
        tn.keras.layers.Dense(32, activation="relu"), tn.keras.layers.Dense(10),
    ])
    model.compile(optimizer=tn.keras.optimizers.SGD(0.1), metrics=["accuracy"],
                  loss=tn.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(train_x[by_class], train_y[by_class], batch_size=32, epochs=3, shuffle=shuffle, verbose=0)
    reached[shuffle] = model.evaluate(test_x, test_y, verbose=0)[1]
print(f"shuffled {reached[True]:.3f}, sorted by class {reached[False]:.3f}")
assert reached[True] > reached[False] + 0.25
# %% [markdown] lang="en"
# ## Exercises
#
# 1. How many updates does Keras make in an epoch of 60,000 samples with `batch_size=128`? How long is the last batch?
#    Compute it on paper; the cell checks it.
# 2. Write `descend` so that it uses the **sum** instead of the mean. Which learning rate makes batch descent walk the
#    same path as before?
# 3. The gradient of a mini-batch is an estimate of the gradient over all data. How does its scatter shrink with $M$?
#    Measure it: the cell below has the first half of the answer.
# %% [markdown] lang="ko"
# ## 연습 문제
#
# 1. 샘플 60,000개를 `batch_size=128`로 학습하면 Keras는 한 에폭에 몇 번 업데이트할까요? 마지막 배치는 몇 개일까요? 손으로 먼저
#    계산해 보세요. 답은 아래 셀에 있습니다.
# 2. `descend`를 평균이 아니라 **합**을 쓰도록 고쳐 보세요. 학습률을 얼마로 해야 배치 경사 하강법이 아까와 똑같은 길을 걸을까요?
# 3. 미니배치의 기울기는 전체 데이터의 기울기를 어림한 값입니다. 흩어진 정도는 $M$이 커질수록 어떻게 줄어들까요? 직접 재어 보세요.
#    답의 절반은 아래 셀에 있습니다.
# %%
assert Descent.mini_batch(60_000, batch_size=128).updates_an_epoch == 469
assert 60_000 - 468 * 128 == 96

draws = np.random.default_rng(0)
scatter = {}
for M in (1, 4, 16):
    picks = draws.integers(0, N, (20_000, M))
    error = -1.5 * inputs[picks] + 2.0 - targets[picks]
    scatter[M] = (error * inputs[picks]).mean(axis=1).std()
    print(f"M = {M:>2}: standard deviation of dE/dw {scatter[M]:.3f}")
assert np.isclose(scatter[1] / scatter[4], 2, rtol=0.05) and np.isclose(scatter[4] / scatter[16], 2, rtol=0.05)
