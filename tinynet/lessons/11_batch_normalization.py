# %% [markdown] lang="en"
# # Batch normalization
#
# Course rows: 63-66 · Minutes: 40
#
# **The question.** Lesson 6 set the first weights so that every layer's inputs are well spread. After one update they are
# not any more. Why not *keep* them so, in every step? And what is "the mean of the batch" when only one image is asked for?
# %% [markdown] lang="ko"
# # 배치 정규화(batch normalization)
#
# 강의 항목: 63-66 · 시간(분): 40
#
# **질문.** 6강에서는 모든 층의 입력이 알맞게 퍼지도록 첫 가중치를 정했습니다. 그런데 한 번만 업데이트해도 다시 흐트러집니다. 그렇다면 매
# 걸음마다 그렇게 *유지*하면 되지 않을까요? 그리고 예측할 이미지가 한 장뿐이라면 "배치의 평균"은 무엇일까요?
# %%
import numpy as np
import matplotlib.pyplot as plt

import tinynet as tn
from tinynet import textbook
from tinynet.models import population

tn.utils.set_random_seed(0)
plt.rcParams["font.size"] = 14
# %% [markdown] lang="en"
# ## Internal covariate shift
#
# *Covariate shift*: the inputs in use are distributed otherwise than those of the training. *Internal* covariate shift: the
# same happens **inside** a network. Every layer learns from the outputs of the layers before it, and these move with each
# update.
#
# Five hidden layers of 64 (tanh) on 3,000 images of Fashion-MNIST (from the sample inside tinynet's wheel). We watch the
# inputs of the last layer, with a learning rate of 0.1 and with one of 1.
# %% [markdown] lang="ko"
# ## 내부 공변량 변화(Internal Covariate Shift)
#
# *공변량 변화(covariate shift)* 는 실제로 쓸 때의 입력 분포가 학습할 때와 다른 것입니다. *내부* 공변량 변화는 같은 일이 신경망 **안에서**
# 일어나는 것입니다. 층마다 앞 층의 출력을 보고 배우는데, 그 출력이 업데이트할 때마다 움직입니다.
#
# Fashion-MNIST 이미지 3,000장(tinynet에 들어 있는 표본)을 64개짜리 은닉층 다섯 개(tanh)로 학습하면서 마지막 층의 입력을 지켜봅시다.
# 학습률은 0.1과 1, 두 가지입니다.
# %%
(train_x, train_y), (new_x, new_y) = tn.datasets.fashion_mnist_sample.load_data()
train_x, train_y = train_x[:3000].reshape(-1, 784) / 255.0, train_y[:3000]
new_x = new_x.reshape(-1, 784) / 255.0
layers = tn.keras.layers


def deep(normalized, rate):
    tn.utils.set_random_seed(0)
    stack = [tn.keras.Input((784,))]
    for _ in range(5):
        stack.append(layers.Dense(64, use_bias=not normalized))
        stack += [layers.BatchNormalization(momentum=0.9)] if normalized else []
        stack.append(layers.Activation("tanh"))
    model = tn.keras.Sequential([*stack, layers.Dense(10, name="last")])
    model.compile(optimizer=tn.keras.optimizers.SGD(rate), metrics=["accuracy"],
                  loss=tn.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


trained, accuracy, monitors = {}, {}, {}
for rate in (0.1, 1.0):
    for normalized in (False, True):
        model = deep(normalized, rate)
        before_tanh = model.layers[-2].name
        monitor = textbook.LayerInputMonitor(before_tanh, train_x[:200])
        losses = model.fit(train_x, train_y, batch_size=100, epochs=5, verbose=0, callbacks=[monitor]).history["loss"]
        name = ("with" if normalized else "without") + f", lr = {rate}"
        trained[name], monitors[name] = model, monitor
        accuracy[name] = model.evaluate(new_x, new_y, verbose=0)[1]
        print(f"{name:<18} loss {losses[0]:6.3f} -> {losses[-1]:6.3f}, accuracy {accuracy[name]:.3f}, spread of the last "
              f"tanh's inputs {monitor.history[0].std:.2f} -> {monitor.history[-1].std:.2f}")
ax = textbook.plots.plot_layer_inputs({name: monitors[name] for name in ("without, lr = 1.0", "with, lr = 1.0")})

assert accuracy["with, lr = 0.1"] > accuracy["without, lr = 0.1"] + 0.02
assert accuracy["without, lr = 1.0"] < 0.3 and accuracy["with, lr = 1.0"] > 0.75
assert monitors["without, lr = 1.0"].history[-1].std > 5 > 1.5 > monitors["with, lr = 1.0"].history[-1].std
# %% [markdown] lang="en"
# With a rate of 0.1 normalization learns faster; with 1.0 the plain network drives its tanh into the flat ends and is lost,
# and the normalized one just learns. That is what it is used for: larger rates, less care with the first weights.
#
# ## Algorithm 1
#
# For each unit, over a mini-batch $\mathcal{B} = \{x_{1 \dots m}\}$:
#
# $$\mu_{\mathcal{B}} \leftarrow \frac{1}{m} \sum_{i=1}^{m} x_i$$
#
# $$\sigma_{\mathcal{B}}^2 \leftarrow \frac{1}{m} \sum_{i=1}^{m} (x_i - \mu_{\mathcal{B}})^2$$
#
# $$\hat{x}_i \leftarrow \frac{x_i - \mu_{\mathcal{B}}}{\sqrt{\sigma_{\mathcal{B}}^2 + \epsilon}}$$
#
# $$y_i \leftarrow \gamma \hat{x}_i + \beta$$
#
# $\gamma$ and $\beta$ are learned. If the network wants its old mean and spread back, it can have them.
# %% [markdown] lang="ko"
# 학습률이 0.1이면 정규화한 쪽이 더 빨리 배웁니다. 1.0이면 그냥 신경망은 tanh의 평평한 끝으로 밀려나 헤어나지 못하는데, 정규화한 쪽은
# 아무렇지 않게 배웁니다. 이것이 배치 정규화를 쓰는 이유입니다. 더 큰 학습률을 쓸 수 있고, 첫 가중치에 덜 신경 써도 됩니다.
#
# ## Algorithm 1
#
# 뉴런마다, 미니배치 $\mathcal{B} = \{x_{1 \dots m}\}$에 대해 계산합니다.
#
# $$\mu_{\mathcal{B}} \leftarrow \frac{1}{m} \sum_{i=1}^{m} x_i$$
#
# $$\sigma_{\mathcal{B}}^2 \leftarrow \frac{1}{m} \sum_{i=1}^{m} (x_i - \mu_{\mathcal{B}})^2$$
#
# $$\hat{x}_i \leftarrow \frac{x_i - \mu_{\mathcal{B}}}{\sqrt{\sigma_{\mathcal{B}}^2 + \epsilon}}$$
#
# $$y_i \leftarrow \gamma \hat{x}_i + \beta$$
#
# $\gamma$와 $\beta$는 학습됩니다. 신경망이 원래의 평균과 퍼짐을 되찾고 싶다면 그렇게 할 수 있습니다.
# %%
def batch_norm(x, gamma, beta, epsilon=1e-3):
    mean = x.mean(axis=0)
    variance = ((x - mean) ** 2).mean(axis=0)
    x_hat = (x - mean) / np.sqrt(variance + epsilon)
    return gamma * x_hat + beta


rng = np.random.default_rng(0)
x = rng.normal(5.0, 3.0, (100, 2))
ours = batch_norm(x, gamma=np.ones(2), beta=np.zeros(2))
tinynets = layers.BatchNormalization(dtype="float64")(x, training=True).numpy()
print("before: mean", x.mean(axis=0).round(2), "std", x.std(axis=0).round(2))
print("after:  mean", ours.mean(axis=0).round(2) + 0.0, "std", ours.std(axis=0).round(2))
assert np.allclose(ours, tinynets, atol=1e-6) and np.allclose(ours.mean(axis=0), 0, atol=1e-9)
assert np.allclose(batch_norm(x, x.std(axis=0), x.mean(axis=0), epsilon=0.0), x)
# %% [markdown] lang="en"
# ## The backward pass
#
# Mean and variance depend on **every** sample of the batch, so the gradient of one sample has a part from all others:
#
# $$\frac{\partial L}{\partial x_i} = \frac{\gamma}{\sqrt{\sigma_{\mathcal{B}}^2 + \epsilon}} \left( dy_i - \frac{1}{m}\sum_j dy_j - \hat{x}_i\,\frac{1}{m} \sum_j dy_j\,\hat{x}_j \right)$$
#
# Two things are taken away: the mean of the gradients, and their part along $\hat{x}$. A shift of the input, or another
# scale, changes nothing in the output, so there can be no gradient along them.
# %% [markdown] lang="ko"
# ## 역전파
#
# 평균과 분산은 배치의 **모든** 샘플에 달려 있으므로, 샘플 하나의 기울기에는 다른 모든 샘플에서 온 몫이 들어 있습니다.
#
# $$\frac{\partial L}{\partial x_i} = \frac{\gamma}{\sqrt{\sigma_{\mathcal{B}}^2 + \epsilon}} \left( dy_i - \frac{1}{m}\sum_j dy_j - \hat{x}_i\,\frac{1}{m} \sum_j dy_j\,\hat{x}_j \right)$$
#
# 두 가지를 빼 줍니다. 기울기의 평균, 그리고 $\hat{x}$ 방향의 성분입니다. 입력을 통째로 옮기거나 크기를 바꿔도 출력이 달라지지 않으니, 그
# 방향의 기울기는 있을 수 없습니다.
# %%
gamma, dy = np.array([1.5, 0.5]), rng.standard_normal((100, 2))
scale = np.sqrt(x.var(axis=0) + 1e-3)
x_hat = (x - x.mean(axis=0)) / scale
dx = gamma / scale * (dy - dy.mean(axis=0) - x_hat * (dy * x_hat).mean(axis=0))

layer = layers.BatchNormalization(dtype="float64", gamma_initializer=tn.initializers.Constant(1.5), axis=-1)
_ = layer(x)
layer.gamma.assign(gamma)
inputs = tn.Variable(x, dtype="float64")
with tn.GradientTape() as tape:
    loss = tn.ops.sum(layer(inputs, training=True) * dy)
by_tape = tape.gradient(loss, inputs).numpy()
print("largest difference between formula and tape:", f"{np.abs(dx - by_tape).max():.1e}")
assert np.allclose(dx, by_tape, atol=1e-8) and np.allclose(dx.sum(axis=0), 0, atol=1e-9)
# %% [markdown] lang="en"
# ## Algorithm 2: and for a single image?
#
# With a batch of one, $x - \mu = 0$: every answer would be $\beta$. So after the training the paper freezes the network,
# runs over many mini-batches, and keeps the averages:
#
# $$E[x] \leftarrow E_{\mathcal{B}}[\mu_{\mathcal{B}}], \qquad \mathrm{Var}[x] \leftarrow \frac{m}{m-1} E_{\mathcal{B}}[\sigma_{\mathcal{B}}^2]$$
#
# $$y = \frac{\gamma}{\sqrt{\mathrm{Var}[x] + \epsilon}} \cdot x + \left( \beta - \frac{\gamma\,E[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}} \right)$$
#
# The $\frac{m}{m-1}$ is there because the variance within a batch of $m$ is too small on average: its mean is fitted to
# the same $m$ numbers. For a batch of 2 by one half!
# %% [markdown] lang="ko"
# ## Algorithm 2: 이미지가 한 장뿐이라면?
#
# 배치가 하나라면 $x - \mu = 0$이라서 답이 언제나 $\beta$가 됩니다. 그래서 논문에서는 학습이 끝난 뒤 신경망을 고정하고, 여러 미니배치를
# 흘려보내며 평균을 구해 둡니다.
#
# $$E[x] \leftarrow E_{\mathcal{B}}[\mu_{\mathcal{B}}], \qquad \mathrm{Var}[x] \leftarrow \frac{m}{m-1} E_{\mathcal{B}}[\sigma_{\mathcal{B}}^2]$$
#
# $$y = \frac{\gamma}{\sqrt{\mathrm{Var}[x] + \epsilon}} \cdot x + \left( \beta - \frac{\gamma\,E[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}} \right)$$
#
# $\frac{m}{m-1}$을 곱하는 이유는, $m$개짜리 배치 안에서 잰 분산이 평균적으로 너무 작기 때문입니다. 평균을 바로 그 $m$개로 구했으니까요.
# 배치가 2개라면 절반밖에 되지 않습니다!
# %%
samples = rng.normal(5.0, 2.0, (6400, 1)).astype("float32")
for m in (2, 32):
    within = samples.reshape(-1, m).var(axis=1).mean()
    frozen = tn.keras.Sequential([tn.keras.Input((1,)), layers.BatchNormalization()])
    population.estimate_population(frozen, samples, batch_size=m)
    estimated = float(frozen.layers[-1].moving_variance.numpy()[0])
    print(f"batches of {m:>2}: mean variance within a batch {within:.3f}, times m/(m-1) {estimated:.3f}, of all {samples.var():.3f}")
    assert np.isclose(estimated, within * m / (m - 1), rtol=1e-3) and np.isclose(estimated, samples.var(), rtol=0.1)
# %% [markdown] lang="en"
# The last line of Algorithm 2 is a straight line in $x$. So after training it can be **folded** into the layer before it:
# no cost at all in use.
# %% [markdown] lang="ko"
# Algorithm 2의 마지막 식은 $x$의 일차식입니다. 그래서 학습이 끝나면 앞 층의 가중치에 **접어 넣을(fold)** 수 있습니다. 실제로 쓸 때는
# 비용이 전혀 들지 않습니다.
# %%
model = trained["with, lr = 0.1"]
folded = population.fold(model)
difference = np.abs(folded.predict(new_x, verbose=0) - model.predict(new_x, verbose=0)).max()
print(f"{len(model.layers)} layers -> {len(folded.layers)}, largest difference of a logit {difference:.1e}")
assert len(folded.layers) == len(model.layers) - 5 and difference < 1e-3
# %% [markdown] lang="en"
# ## Batch normalization in Keras
#
# Keras never makes that second pass. It keeps **moving averages** while training:
#
# * `moving_mean = moving_mean * momentum + mean(batch) * (1 - momentum)`
# * `moving_var = moving_var * momentum + var(batch) * (1 - momentum)`
#
# and uses them when `training=False`, the default. `momentum` is 0.99: after 100 steps $0.99^{100} = 37\,\%$ of the first
# values (0 and 1) is still in them. PyTorch's `momentum` is the share of the *new* batch, 0.1; and it stores the variance
# with $m/(m-1)$. This cell runs on Keras 3 too.
# %% [markdown] lang="ko"
# ## Keras의 배치 정규화
#
# Keras는 그렇게 두 번째로 훑지 않습니다. 학습하는 동안 **이동 평균(moving average)** 을 구해 둡니다.
#
# * `moving_mean = moving_mean * momentum + mean(batch) * (1 - momentum)`
# * `moving_var = moving_var * momentum + var(batch) * (1 - momentum)`
#
# 그리고 `training=False`(기본값)일 때 이 값을 씁니다. `momentum`은 0.99이므로 100걸음 뒤에도 $0.99^{100} = 37\,\%$는 처음 값(0과 1)
# 그대로입니다. PyTorch의 `momentum`은 *새* 배치의 몫으로 0.1이고, 분산은 $m/(m-1)$을 곱해 저장합니다. 이 셀은 Keras 3에서도 실행됩니다.
# %% tags=["keras"]
import numpy as np
import tinynet as tf

bn = tf.keras.layers.BatchNormalization(momentum=0.9)
batch = np.array([[1.0], [3.0]], dtype="float32")
for step in range(1, 4):
    out = np.asarray(bn(batch, training=True))
    mean, variance = float(np.asarray(bn.moving_mean)[0]), float(np.asarray(bn.moving_variance)[0])
    print(f"step {step}: out {out.ravel().round(3)}, moving mean {mean:.3f}, moving variance {variance:.3f}")
    assert np.isclose(mean, 2 * (1 - 0.9**step), atol=1e-5) and np.isclose(variance, 1, atol=1e-5)
inference = np.asarray(bn(batch))
print("training=False:", inference.ravel().round(3))
assert np.allclose(inference.ravel(), (batch.ravel() - mean) / np.sqrt(variance + 1e-3), atol=1e-4)
assert len(bn.trainable_variables) == 2 and len(bn.non_trainable_variables) == 2
# %%
print(f"0.99^100 = {0.99**100:.2f}")
assert round(0.99**100, 2) == 0.37
# %% [markdown] lang="en"
# ## Try it
#
# 1. `rate` 1.0 without normalization: from which rate on is the network lost?
# 2. `momentum=0.999` and 5 epochs: training accuracy is fine, `evaluate` is not. Why?
# 3. `batch_size=2` with normalization: what happens to the loss?
#
# Batch, moving and population statistics over training:
#
#     tinynet lab batchnorm
# %% [markdown] lang="ko"
# ## 실험해 봅시다
#
# 1. 정규화 없이 `rate`가 1.0이면 망가졌습니다. 어느 학습률부터 망가질까요?
# 2. `momentum=0.999`로 5 에폭만 학습해 보세요. 학습 정확도는 멀쩡한데 `evaluate`는 그렇지 않습니다. 왜 그럴까요?
# 3. 정규화를 켠 채 `batch_size=2`로 학습하면 손실이 어떻게 되나요?
#
# 학습하는 동안의 배치·이동·모집단 통계를 실험실에서 보세요.
#
#     tinynet lab batchnorm
# %%
slow = tn.keras.Sequential([tn.keras.Input((1,)), layers.BatchNormalization(momentum=0.999)])
for _ in range(150):
    _ = slow(samples[:100], training=True)
kept = float(slow.layers[-1].moving_mean.numpy()[0])
print(f"momentum 0.999, 150 steps: moving mean {kept:.2f} where the batches have {samples[:100].mean():.2f}")
assert kept < 0.2 * samples[:100].mean()
# %% [markdown] lang="en"
# ## What goes wrong in practice
#
# * **`training=True` while predicting** (a loop of your own): the answer for an image depends on the others in its batch.
# * **Too few steps for the moving averages:** high training accuracy, nonsense in `evaluate`. See the cell above.
# * **Tiny batches.** With 2 samples $\hat{x}$ is $\pm 1$, whatever they are: see the step cell above. Then layer or group
#   normalization.
# * **A bias before it.** It is subtracted with the mean; `use_bias=False` saves it.
# * **Fine-tuning.** In Keras `trainable = False` also switches to the moving averages. In PyTorch it does not: `eval()` does.
# * **Biased or unbiased.** $m$ or $m - 1$: one number in the tests, none in the accuracy.
# %% [markdown] lang="ko"
# ## 실제로 자주 하는 실수
#
# * **예측할 때 `training=True`**(직접 쓴 반복문): 이미지 한 장의 답이 같은 배치의 다른 이미지에 따라 달라집니다.
# * **이동 평균이 따라오기에는 너무 적은 걸음:** 학습 정확도는 높은데 `evaluate`는 엉터리입니다. 위의 셀을 보세요.
# * **아주 작은 배치.** 샘플이 2개면 무엇이 들어와도 $\hat{x}$는 $\pm 1$입니다. 그럴 때는 층 정규화나 그룹 정규화를 쓰세요.
# * **바로 앞의 편향(bias).** 평균을 뺄 때 함께 사라집니다. `use_bias=False`로 아끼세요.
# * **미세 조정(fine-tuning).** Keras에서는 `trainable = False`로 두면 이동 평균을 쓰게 됩니다. PyTorch에서는 그렇지 않고 `eval()`이 그
#   일을 합니다.
# * **$m$인가 $m - 1$인가.** 검산할 때는 다른 숫자가 나오지만 정확도에는 차이가 없습니다.
# %%
model = trained["with, lr = 0.1"]
alone = [int(np.asarray(model(new_x[:count], training=True))[0].argmax()) for count in (2, 10, 50, 200)]
fixed = [int(np.asarray(model(new_x[:count]))[0].argmax()) for count in (2, 10, 50, 200)]
print("the first image's class among 2, 10, 50, 200 images: training=True", alone, " training=False", fixed)
assert len(set(fixed)) == 1 and len(set(alone)) > 1

two = batch_norm(np.array([[3.0], [700.0]]), 1.0, 0.0, epsilon=0.0)
print("a batch of two:", two.ravel())
assert np.allclose(two.ravel(), [-1, 1])
# %% [markdown] lang="en"
# ## Exercises
#
# ```python
# from tinynet import lessons
#
# lessons.check("batch_norm_forward", my_batch_norm_forward)
# lessons.check("batch_norm_backward", my_batch_norm_backward)
# ```
#
# On paper: $x = (1, 2, 3)$, $\gamma = 2$, $\beta = 1$, $\epsilon = 0$. What is $y$?
# %% [markdown] lang="ko"
# ## 연습 문제
#
# ```python
# from tinynet import lessons
#
# lessons.check("batch_norm_forward", my_batch_norm_forward)
# lessons.check("batch_norm_backward", my_batch_norm_backward)
# ```
#
# 손으로 풀어 보기: $x = (1, 2, 3)$, $\gamma = 2$, $\beta = 1$, $\epsilon = 0$입니다. $y$는 얼마일까요?
# %%
answer = batch_norm(np.array([[1.0], [2.0], [3.0]]), 2.0, 1.0, epsilon=0.0).ravel()
print(answer.round(3))
assert np.allclose(answer, [1 - 2 * np.sqrt(1.5), 1, 1 + 2 * np.sqrt(1.5)])
