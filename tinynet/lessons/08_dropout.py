# %% [markdown] lang="en"
# # Dropout
#
# Course rows: 45-49 · Minutes: 35
#
# **The question.** In each forward pass, set some neurons to zero at random. It sounds like sabotage. Why does the network
# get *better* on new images, and what has to be done when it is asked for a prediction?
# %% [markdown] lang="ko"
# # 드롭아웃(dropout)
#
# 강의 항목: 45-49 · 시간(분): 35
#
# **질문.** 순전파(forward pass)를 할 때마다 뉴런 몇 개를 무작위로 0으로 만듭니다. 방해 공작처럼 들립니다. 그런데 왜 처음 보는
# 이미지에서 더 *잘* 할까요? 그리고 예측할 때는 무엇을 해 주어야 할까요?
# %%
import itertools

import numpy as np
import matplotlib.pyplot as plt

import tinynet as tn
from tinynet.textbook import VanillaDropout, count_masks, monte_carlo_predict

tn.utils.set_random_seed(0)
plt.rcParams["font.size"] = 14
# %% [markdown] lang="en"
# ## The idea
#
# *In each forward pass, randomly set some neurons to zero. The probability of dropping is a hyperparameter; 0.5 is common.*
#
# No neuron can rely on a certain other one, since that one may be missing. So each has to be useful by itself.
#
# Careful with the letter $p$. The sentence above is about the probability of **dropping**. In the slide's code, `p` is
# the probability of **keeping**. Keras's `Dropout(rate)` is about dropping: `rate = 1 - p`.
# %% [markdown] lang="ko"
# ## 아이디어
#
# *순전파를 할 때마다 뉴런 몇 개를 무작위로 0으로 만듭니다. 버릴 확률은 하이퍼파라미터(hyperparameter)이고, 보통 0.5를 씁니다.*
#
# 옆의 뉴런이 언제 사라질지 모르니 특정한 뉴런에 기댈 수가 없습니다. 그래서 저마다 혼자서도 쓸모가 있어야 합니다.
#
# 글자 $p$에 주의하세요. 위의 문장은 **버릴** 확률을 말합니다. 그런데 슬라이드의 코드에 나오는 `p`는 **남길** 확률입니다. Keras의
# `Dropout(rate)`는 버릴 확률이므로 `rate = 1 - p`입니다.
# %%
rng = np.random.default_rng(0)
H, p = np.ones((4, 100_000)), 0.8
mask = rng.random(H.shape) < p
print(f"p = {p}: {mask.mean():.3f} of the neurons are kept")
assert abs(mask.mean() - p) < 0.005
# %% [markdown] lang="en"
# ## Another interpretation: an ensemble
#
# *Dropout is training a large ensemble of models that share parameters. Each binary mask is one model.*
#
# With $n$ neurons there are $2^n$ masks. For two hidden layers of 256 neurons that is $2^{512}$, a number of 155 digits;
# the universe has about $10^{80}$ atoms. Each step of training picks one of these models and improves it a little.
# %% [markdown] lang="ko"
# ## 또 다른 해석: 앙상블(ensemble)
#
# *드롭아웃은 매개변수(parameter)를 공유하는 수많은 모델의 앙상블을 학습하는 것입니다. 이진 마스크(mask) 하나가 모델 하나입니다.*
#
# 뉴런이 $n$개면 마스크는 $2^n$개입니다. 뉴런 256개짜리 은닉층 두 개라면 $2^{512}$개로, 155자리 숫자입니다. 우주에 있는 원자가
# $10^{80}$개쯤 됩니다. 학습 한 걸음마다 이 많은 모델 중 하나를 골라 조금 낫게 만드는 셈입니다.
# %%
model = tn.keras.Sequential([
    tn.keras.Input((784,)),
    tn.keras.layers.Dense(256, activation="relu"), tn.keras.layers.Dropout(0.5),
    tn.keras.layers.Dense(256, activation="relu"), tn.keras.layers.Dropout(0.5),
    tn.keras.layers.Dense(10),
])
masks = count_masks(model)
print("models in the ensemble: 2^512 =", f"{masks:.2e}", "with", len(str(masks)), "digits")
assert masks == 2**512 and len(str(masks)) == 155
# %% [markdown] lang="en"
# ## Test time: average out the randomness
#
# Dropout makes the output random: $y = f_W(x, z)$ with a random mask $z$. A prediction should be the average over all masks:
#
# $$y = f(x) = E_z[f(x, z)] = \int p(z)\,f(x, z)\,dz$$
#
# With 4 neurons there are only 16 masks: we can compute all of them. And compare with a shortcut: one pass **without** a
# mask, every activation multiplied by $p$.
# %% [markdown] lang="ko"
# ## 테스트할 때: 무작위성을 평균 내기
#
# 드롭아웃 때문에 출력이 무작위가 됩니다. 무작위 마스크 $z$에 대해 $y = f_W(x, z)$입니다. 예측은 모든 마스크에 대한 평균이어야 합니다.
#
# $$y = f(x) = E_z[f(x, z)] = \int p(z)\,f(x, z)\,dz$$
#
# 뉴런이 4개라면 마스크가 16개뿐이라 전부 계산해 볼 수 있습니다. 그리고 지름길과 비교해 봅시다. 마스크 **없이** 한 번만 계산하면서
# 활성값(activation)마다 $p$를 곱하는 것입니다.
# %%
hidden, to_output, p = np.array([1.0, -2.0, 0.5, 3.0]), np.array([0.5, 1.0, -1.0, 0.25]), 0.7
average = 0.0
for z in itertools.product((0, 1), repeat=4):
    probability = np.prod([p if kept else 1 - p for kept in z])
    average += probability * (hidden * z) @ to_output
shortcut = (hidden * p) @ to_output
print(f"average over 16 masks {average:.6f}, one scaled pass {shortcut:.6f}")
assert np.isclose(average, shortcut)
# %% [markdown] lang="en"
# Equal: for a **linear** layer after the mask the expectation passes through. With another ReLU in between it does not;
# then the scaled pass is an approximation: a rough one with 4 neurons, a good one with hundreds, as you will see below.
# %% [markdown] lang="ko"
# 똑같습니다. 마스크 뒤의 층이 **선형**이면 기댓값이 그대로 통과하기 때문입니다. 그 사이에 ReLU가 또 있으면 같지 않습니다. 그때는 $p$를
# 곱하는 것이 근삿값이 됩니다. 뉴런이 4개면 꽤 거칠지만, 수백 개라면 아래에서 보듯이 좋은 근사입니다.
# %%
W2, W3 = rng.standard_normal((3, 4)), rng.standard_normal(3)
exact = sum(
    np.prod([p if kept else 1 - p for kept in z]) * W3 @ np.maximum(0, W2 @ (hidden * z))
    for z in itertools.product((0, 1), repeat=4))
scaled = W3 @ np.maximum(0, W2 @ (hidden * p))
print(f"with a ReLU between: average {exact:.4f}, one scaled pass {scaled:.4f}")
assert not np.isclose(exact, scaled, rtol=0.05)
# %% [markdown] lang="en"
# ## The slide's two ways, in code
#
# **Plain dropout** drops while training and scales by $p$ at test time. **Inverted dropout** divides by $p$ while
# training, and then `predict` needs nothing at all. The slide's code as it stands; columns are samples, $W x$:
# %% [markdown] lang="ko"
# ## 슬라이드의 두 가지 방법을 코드로
#
# **기본 드롭아웃** 은 학습할 때 버리고, 테스트할 때 $p$를 곱합니다. **역드롭아웃(inverted dropout)** 은 학습할 때 미리 $p$로 나눠 둡니다.
# 그러면 `predict`에서는 아무것도 할 필요가 없습니다. 슬라이드의 코드를 그대로 실행합니다. 열 하나가 샘플 하나이고 $W x$입니다.
# %%
np.random.seed(0)
W1, b1 = np.random.randn(64, 20) / np.sqrt(20), np.zeros((64, 1))
W2, b2 = np.random.randn(64, 64) / np.sqrt(64), np.zeros((64, 1))
W3, b3 = np.random.randn(3, 64) / np.sqrt(64), np.zeros((3, 1))
p = 0.5


def predict(X):
    # ensembled forward pass
    H1 = np.maximum(0, np.dot(W1, X) + b1) * p # NOTE: scale the activations
    H2 = np.maximum(0, np.dot(W2, H1) + b2) * p # NOTE: scale the activations
    out = np.dot(W3, H2) + b3
    return out


def train_step(X):
    # forward pass for example 3-layer neural network
    H1 = np.maximum(0, np.dot(W1, X) + b1)
    U1 = (np.random.rand(*H1.shape) < p) / p # first dropout mask. Notice /p!
    H1 *= U1 # drop!
    H2 = np.maximum(0, np.dot(W2, H1) + b2)
    U2 = (np.random.rand(*H2.shape) < p) / p # second dropout mask. Notice /p!
    H2 *= U2 # drop!
    out = np.dot(W3, H2) + b3
    return out


X = np.random.randn(20, 1)
plain = np.dot(W3, np.maximum(0, np.dot(W2, np.maximum(0, np.dot(W1, X) + b1)) + b2)) + b3
passes = np.stack([train_step(X) for _ in range(4000)])
print("no dropout at all       ", plain.ravel().round(3))
print("train_step, mean of 4000", passes.mean(axis=0).ravel().round(3), " standard deviation", passes.std(axis=0).ravel().round(2))
print("predict, scaled by p    ", predict(X).ravel().round(3), "= p^2 times the first line")
assert np.allclose(predict(X), p**2 * plain) and np.allclose(passes.mean(axis=0), plain, atol=0.15)
# %% [markdown] lang="en"
# Look closely: the two functions do **not** belong to one network. `predict` scales by $p$ at each layer, `train_step`
# has already divided by $p$. Mix them and all outputs are $p^2 = 1/4$ of what they should be. With `train_step` goes the
# plain forward pass; with `predict` goes a training without `/ p`.
#
# In tinynet: `Dropout` is the inverted one, as in Keras, and `textbook.VanillaDropout` the plain one.
# %% [markdown] lang="ko"
# 잘 보세요. 두 함수는 **같은 신경망의 짝이 아닙니다**. `predict`는 층마다 $p$를 곱하는데, `train_step`은 이미 $p$로 나눴습니다. 둘을
# 섞어 쓰면 출력이 원래의 $p^2 = 1/4$이 됩니다. `train_step`의 짝은 아무것도 곱하지 않는 순전파이고, `predict`의 짝은 `/ p`가 없는
# 학습입니다.
#
# tinynet에서 `Dropout`은 Keras와 같은 역드롭아웃이고, `textbook.VanillaDropout`이 기본 드롭아웃입니다.
# %%
batch = np.ones((1000, 200), np.float32)
for layer in (tn.keras.layers.Dropout(0.3, seed=0), VanillaDropout(0.3, seed=0)):
    training, predicting = layer(batch, training=True).numpy(), layer(batch).numpy()
    print(f"{type(layer).__name__:<15} training: values {np.unique(training).round(3)}, mean {training.mean():.3f}; "
          f"predicting: {predicting[0, 0]:.3f}")
    assert abs(training.mean() - predicting.mean()) < 0.01
# %% [markdown] lang="en"
# ## In Keras's words
#
# `rate` is the probability of dropping. This cell runs on Keras 3 too.
# %% [markdown] lang="ko"
# ## Keras 방식으로
#
# `rate`는 버릴 확률입니다. 이 셀은 Keras 3에서도 실행됩니다.
# %% tags=["keras"]
import numpy as np
import tinynet as tf

drop = tf.keras.layers.Dropout(0.2, seed=1)
activations = np.ones((500, 200), dtype="float32")
training = np.asarray(drop(activations, training=True))
print("values in training:", np.unique(training), " share of zeros:", round(float((training == 0).mean()), 3))
assert np.allclose(np.unique(training), [0, 1 / 0.8]) and abs((training == 0).mean() - 0.2) < 0.01
assert np.array_equal(np.asarray(drop(activations, training=False)), activations)
assert np.array_equal(np.asarray(drop(activations)), activations)
# %% [markdown] lang="en"
# ## Does it help?
#
# 1,000 images of Fashion-MNIST (from the sample inside tinynet's wheel), two hidden layers of 256, 40 epochs, at several
# rates. Look at the last two columns together.
# %% [markdown] lang="ko"
# ## 정말 도움이 될까?
#
# Fashion-MNIST 이미지 1,000장(tinynet에 들어 있는 표본), 은닉층 256개씩 두 개, 40 에폭을 여러 비율로 학습합니다. 마지막 두 열을 함께
# 보세요.
# %%
(train_x, train_y), (new_x, new_y) = tn.datasets.fashion_mnist_sample.load_data()
train_x, train_y = train_x[:1000].reshape(-1, 784) / 255.0, train_y[:1000]
new_x = new_x.reshape(-1, 784) / 255.0

trained, runs = {}, {}
for rate in (0.0, 0.5, 0.9):
    tn.utils.set_random_seed(0)
    model = tn.keras.Sequential([
        tn.keras.Input((784,)),
        tn.keras.layers.Dense(256, activation="relu"), tn.keras.layers.Dropout(rate),
        tn.keras.layers.Dense(256, activation="relu"), tn.keras.layers.Dropout(rate),
        tn.keras.layers.Dense(10),
    ])
    model.compile(optimizer="adam", metrics=["accuracy"],
                  loss=tn.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    runs[rate] = model.fit(train_x, train_y, epochs=40, batch_size=50, validation_data=(new_x, new_y), verbose=0).history
    trained[rate] = model
    print(f"rate {rate}: accuracy on training images {model.evaluate(train_x, train_y, verbose=0)[1]:.3f}, "
          f"on new ones {runs[rate]['val_accuracy'][-1]:.3f}, loss on new ones {runs[rate]['val_loss'][-1]:.3f}")

_, ax = plt.subplots(figsize=(8, 4), layout="constrained")
for rate, style in ((0.0, "-"), (0.5, "--"), (0.9, ":")):
    ax.plot(np.arange(1, 41), runs[rate]["val_loss"], style, linewidth=2.5, label=f"rate = {rate}")
ax.set(xlabel="epoch", ylabel="val_loss")
legend = ax.legend()
assert runs[0.5]["val_loss"][-1] < 0.8 * runs[0.0]["val_loss"][-1]
assert runs[0.5]["val_accuracy"][-1] > runs[0.0]["val_accuracy"][-1] - 0.03
assert runs[0.9]["val_accuracy"][-1] < runs[0.5]["val_accuracy"][-1] - 0.1
# %% [markdown] lang="en"
# With 0.5 the accuracy is about the same, but the network is far less sure where it is wrong: the loss no longer runs
# away. With 0.9 so little is left that it cannot learn.
#
# ## How sure is the ensemble?
#
# Keep the masks on while predicting, and ask 30 of the $2^{512}$ models: `monte_carlo_predict` averages their answers.
# And where they **disagree**, the network is more often wrong.
# %% [markdown] lang="ko"
# 0.5에서는 정확도가 거의 같지만, 틀릴 때 훨씬 덜 확신합니다. 그래서 손실이 치솟지 않습니다. 0.9에서는 남는 뉴런이 너무 적어 배우지
# 못합니다.
#
# ## 앙상블은 얼마나 확신할까?
#
# 예측할 때도 마스크를 켜 두고 $2^{512}$개의 모델 중 30개에게 물어봅시다. `monte_carlo_predict`가 답을 평균 내 줍니다. 답이 서로
# **엇갈리는** 곳에서는 신경망이 틀릴 때가 더 많습니다.
# %%
model = trained[0.5]
answer = model.predict(new_x, verbose=0).argmax(axis=1)
mean, deviation = monte_carlo_predict(model, new_x, samples=30)
votes = np.stack([np.asarray(model(new_x, training=True)).argmax(axis=1) for _ in range(30)])
agreement = (votes == answer).mean(axis=0)
right = answer == new_y
print(f"accuracy: one scaled pass {right.mean():.3f}, average of 30 masks {(mean.argmax(axis=1) == new_y).mean():.3f}")
print(f"share of the 30 models that agree: {agreement[right].mean():.2f} where it is right, {agreement[~right].mean():.2f} where it is wrong")
assert abs((mean.argmax(axis=1) == new_y).mean() - right.mean()) < 0.02
assert agreement[right].mean() > agreement[~right].mean() + 0.1
# %% [markdown] lang="en"
# ## Try it
#
# 1. `p = 0.9` in `train_step`: how does the standard deviation of the output change?
# 2. Dropout on the **input** (a `Dropout(0.2)` before the first `Dense`): better or worse?
# 3. Train with 0.5, but only 50 images: does dropout still help?
#
# Masks on the network picture, counted, plain and inverted side by side:
#
#     tinynet lab dropout
# %% [markdown] lang="ko"
# ## 실험해 봅시다
#
# 1. `train_step`에서 `p = 0.9`로 바꾸면 출력의 표준편차가 어떻게 달라지나요?
# 2. **입력**에 드롭아웃을 걸어 보세요(첫 `Dense` 앞에 `Dropout(0.2)`). 나아지나요, 나빠지나요?
# 3. 0.5로 두고 이미지를 50장만 써서 학습하면 드롭아웃이 여전히 도움이 되나요?
#
# 신경망 그림 위의 마스크, 마스크의 개수, 기본과 역드롭아웃의 비교를 실험실에서 보세요.
#
#     tinynet lab dropout
# %% [markdown] lang="en"
# ## What goes wrong in practice
#
# * **Keep or drop?** `Dropout(0.8)` meant as "keep 80 %" drops 80 %. PyTorch's `p` and Keras's `rate` drop; the slide's
#   and the old TensorFlow's `keep_prob` keep.
# * **No scaling.** Drop without `/ p` and predict without `* p`: the next layer sees sums twice as large as in training.
# * **Left on while predicting.** `model(x, training=True)` in a loop of your own; PyTorch's forgotten `model.eval()`.
# * **"The validation loss is lower than the training loss, there must be a mistake."** No: the training loss is measured with
#   dropout on. The cell below measures both on the same images.
# * **After the last layer**, on the logits: with it, answers themselves are erased.
# %% [markdown] lang="ko"
# ## 실제로 자주 하는 실수
#
# * **남길 확률인가, 버릴 확률인가?** "80% 남기기"라고 생각하고 `Dropout(0.8)`을 쓰면 80%를 버립니다. PyTorch의 `p`와 Keras의 `rate`는
#   버릴 확률이고, 슬라이드와 옛 TensorFlow의 `keep_prob`는 남길 확률입니다.
# * **크기를 맞추지 않기.** `/ p` 없이 버리고 `* p` 없이 예측하면, 다음 층이 학습 때보다 두 배 큰 합을 보게 됩니다.
# * **예측할 때 켜 두기.** 직접 쓴 반복문의 `model(x, training=True)`, 또는 PyTorch에서 `model.eval()`을 잊은 경우입니다.
# * **"검증 손실이 학습 손실보다 작으니 뭔가 틀렸다."** 아닙니다. 학습 손실은 드롭아웃을 켠 채로 잰 값입니다. 아래 셀에서 같은 이미지로
#   둘 다 재어 봅시다.
# * **마지막 층 뒤에 걸기.** 로짓(logit)에 걸면 답 자체가 지워집니다.
# %%
logged, measured = runs[0.5]["loss"][-1], model.evaluate(train_x, train_y, verbose=0)[0]
print(f"the same training images: fit's loss {logged:.3f} with dropout on, evaluate's {measured:.3f} without")
assert logged > 1.5 * measured

kept, right_sum = rng.random((10_000, 100)) < 0.5, 100.0
print(f"sum of 100 ones: training without / p {kept.sum(axis=1).mean():.1f}, predicting {right_sum:.1f}")
assert abs(kept.sum(axis=1).mean() - 50) < 0.5
# %% [markdown] lang="en"
# ## Exercises
#
# ```python
# from tinynet import lessons
#
# lessons.check("inverted_dropout", my_inverted_dropout)
# ```
#
# On paper: a neuron's activation is 1 and $p = 0.5$. What are mean and variance of $1 \cdot U$ with inverted dropout? And
# with a general $p$?
# %% [markdown] lang="ko"
# ## 연습 문제
#
# ```python
# from tinynet import lessons
#
# lessons.check("inverted_dropout", my_inverted_dropout)
# ```
#
# 손으로 풀어 보기: 뉴런의 활성값이 1이고 $p = 0.5$일 때, 역드롭아웃을 건 $1 \cdot U$의 평균과 분산은 얼마일까요? $p$가 일반적인 값이라면
# 어떨까요?
# %%
for p in (0.5, 0.8):
    U = (rng.random(1_000_000) < p) / p
    print(f"p = {p}: mean {U.mean():.3f}, variance {U.var():.3f}, (1 - p) / p = {(1 - p) / p:.3f}")
    assert abs(U.mean() - 1) < 0.01 and abs(U.var() - (1 - p) / p) < 0.01
