# %% [markdown] lang="en"
# # The DNN practical: Fashion-MNIST, from a tutorial to a number that you can defend
#
# Course rows: 67 · Minutes: 70
#
# **The question.** TensorFlow's tutorial trains a network on pictures of clothes in 20 lines and prints an accuracy. Is it a
# good one? Would you promise it to a customer? What does a practitioner do before and after these 20 lines?
# %% [markdown] lang="ko"
# # DNN 실습: Fashion-MNIST, 튜토리얼에서 믿을 수 있는 숫자까지
#
# 강의 항목: 67 · 시간(분): 70
#
# **질문.** TensorFlow 튜토리얼은 20줄로 옷 사진을 분류하는 신경망을 학습하고 정확도를 출력합니다. 이 정확도는 좋은 걸까요? 고객에게
# 약속해도 될까요? 실무에서는 이 20줄의 앞과 뒤에서 무엇을 할까요?
# %%
import tempfile
import warnings
from pathlib import Path

import numpy as np
import matplotlib.pyplot as plt

import tinynet as tn
from tinynet import plots

tn.utils.set_random_seed(0)
plt.rcParams["font.size"] = 14
# %% [markdown] lang="en"
# ## The tutorial
#
# Load, divide by 255, `Flatten` - `Dense` - `Dense`, compile, fit for 10 epochs, evaluate, softmax on top, predict. One
# line differs: here 6,000 + 1,000 images come with tinynet; the comment has the line for all 70,000.
# %% [markdown] lang="ko"
# ## 튜토리얼 그대로
#
# 데이터를 불러와 255로 나누고, `Flatten` - `Dense` - `Dense`를 쌓아 compile, 10 에폭 fit, evaluate 한 다음, 소프트맥스(softmax)를 얹어
# predict 합니다. 한 줄만 다릅니다. 여기서는 tinynet에 들어 있는 6,000 + 1,000장을 씁니다. 70,000장을 모두 쓰는 줄은 주석에 있습니다.
# %%
import tinynet as tf

fashion_mnist = tf.datasets.fashion_mnist_sample  # all images: tf.keras.datasets.fashion_mnist
(train_images, train_labels), (test_images, test_labels) = fashion_mnist.load_data()
class_names = fashion_mnist.CLASS_NAMES

train_images = train_images / 255.0
test_images = test_images / 255.0

model = tf.keras.Sequential([
    tf.keras.layers.Flatten(input_shape=(28, 28)),
    tf.keras.layers.Dense(128, activation='relu'),
    tf.keras.layers.Dense(10),
])
model.compile(optimizer='adam', metrics=['accuracy'],
              loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(train_images, train_labels, epochs=10, verbose=2)
test_loss, test_acc = model.evaluate(test_images, test_labels, verbose=2)

probability_model = tf.keras.Sequential([model, tf.keras.layers.Softmax()])
predictions = probability_model.predict(test_images, verbose=0)
print(f"test accuracy {test_acc:.3f}; the first image: {class_names[predictions[0].argmax()]}, "
      f"p = {predictions[0].max():.2f}; it is: {class_names[test_labels[0]]}")
assert model.count_params() == 784 * 128 + 128 + 128 * 10 + 10 == 101_770
assert 0.80 < test_acc < 0.90 and np.allclose(predictions.sum(axis=1), 1, atol=1e-5)
# %% [markdown] lang="en"
# A number. Now the work begins. From here on the test set is **locked away** until the last section.
#
# ## Look at the data before the network
#
# Shape, type, range, how many of each class, the same image twice. And look at the pictures: could you tell them apart?
# %% [markdown] lang="ko"
# 숫자가 하나 나왔습니다. 일은 이제부터입니다. 테스트 데이터는 마지막 절까지 **잠가 둡니다**.
#
# ## 신경망보다 데이터를 먼저 보기
#
# 모양, 자료형, 값의 범위, 클래스별 개수, 겹치는 이미지를 확인합니다. 그리고 사진을 직접 보세요. 여러분은 구별할 수 있나요?
# %%
(pixels, labels), (test_pixels, test_y) = tn.datasets.fashion_mnist_sample.load_data()
labels, test_y = labels.astype(int), test_y.astype(int)
per_class = np.bincount(labels)
last_tenth = np.bincount(labels[-600:], minlength=10)
different = len({image.tobytes() for image in pixels})
print("images", pixels.shape, pixels.dtype, "from", pixels.min(), "to", pixels.max(), "mean", round(float(pixels.mean()), 1))
print("per class", per_class, " different images", different)
print("per class among the last tenth", last_tenth)
axes = plots.image_grid(pixels, labels, names=class_names, count=24)
means = np.stack([pixels[labels == c].mean(axis=0) for c in range(10)])
axes = plots.image_grid(means.astype(np.uint8), np.arange(10), names=class_names)
assert pixels.dtype == np.uint8 and (per_class == 600).all() and different == len(pixels)
assert last_tenth.min() == 12 and last_tenth.max() == 103
# %% [markdown] lang="en"
# Balanced, whole numbers from 0 to 255, no image twice. But look at the last line: this file is **not** in random order, its
# last tenth has 103 T-shirts and 12 trousers. Keras's `validation_split=0.1` takes the *last* tenth, without shuffling.
#
# ## Split without a leak
#
# Three parts: **training** for the weights, **validation** for everything that you choose (layers, epochs, rates), **test** for
# one number at the end. We draw 100 of each class at random for validation.
# %% [markdown] lang="ko"
# 클래스마다 개수가 같고, 0부터 255까지의 정수이고, 겹치는 이미지는 없습니다. 그런데 마지막 줄을 보세요. 이 파일은 무작위 순서가
# **아닙니다**. 마지막 10분의 1에는 티셔츠가 103장인데 바지는 12장뿐입니다. Keras의 `validation_split=0.1`은 섞지 않고 *마지막* 10분의
# 1을 떼어 냅니다.
#
# ## 새지 않게 나누기
#
# 세 부분으로 나눕니다. **학습** 데이터는 가중치를, **검증** 데이터는 여러분이 고르는 모든 것(층, 에폭, 학습률)을 정하는 데 쓰고, **테스트**
# 데이터는 마지막에 숫자 하나를 얻는 데만 씁니다. 검증용으로 클래스마다 100장씩 무작위로 뽑습니다.
# %%
rng = np.random.default_rng(0)
for_validation = np.concatenate([rng.permutation(np.flatnonzero(labels == c))[:100] for c in range(10)])
for_training = np.setdiff1d(np.arange(len(labels)), for_validation)
x, y = pixels[for_training] / 255.0, labels[for_training]
val_x, val_y = pixels[for_validation] / 255.0, labels[for_validation]
print("training", x.shape, " validation", val_x.shape)
assert len(x) == 5000 and len(val_x) == 1000 and not set(for_training) & set(for_validation)
assert (np.bincount(val_y) == 100).all()
# %% [markdown] lang="en"
# How a leak looks: five slightly moved copies are made of each image first, "for more data", and the split comes afterwards.
# Each validation image then has near twins in the training part, and the network is asked what it has learned by heart.
# %% [markdown] lang="ko"
# 데이터 누수(leakage)는 이렇게 생깁니다. "데이터를 늘리려고" 이미지마다 조금씩 옮긴 사본을 다섯 장 먼저 만들고, 그다음에 나누는 것입니다. 그러면
# 검증 이미지마다 거의 똑같은 쌍둥이가 학습 데이터에 들어 있습니다. 외운 것을 다시 물어보는 셈이지요.
# %%
layers = tn.keras.layers


def compiled(*hidden, before=()):
    model = tn.keras.Sequential([tn.keras.Input((28, 28)), *before, layers.Flatten(), *hidden, layers.Dense(10)])
    model.compile(optimizer="adam", metrics=["accuracy"],
                  loss=tn.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def with_copies(images, classes, copies=5):
    moved = [np.stack([np.roll(image, rng.integers(-1, 2, 2), axis=(0, 1)) for image in images]) for _ in range(copies)]
    return np.concatenate(moved), np.tile(classes, copies)


def accuracies(train, held_out):
    tn.utils.set_random_seed(0)
    model = compiled(layers.Dense(128, activation="relu"))
    model.fit(*train, epochs=12, verbose=0)
    return model.evaluate(*held_out, verbose=0)[1], model.evaluate(val_x, val_y, verbose=0)[1]


copied_x, copied_y = with_copies(x[:1000], y[:1000])
order = rng.permutation(len(copied_x))
leaking = accuracies((copied_x[order[1000:]], copied_y[order[1000:]]), (copied_x[order[:1000]], copied_y[order[:1000]]))
clean = accuracies(with_copies(x[:800], y[:800]), (x[800:1000], y[800:1000]))
print(f"copied, then split: measured {leaking[0]:.3f}, in truth {leaking[1]:.3f}")
print(f"split, then copied: measured {clean[0]:.3f}, in truth {clean[1]:.3f}")
assert leaking[0] > leaking[1] + 0.02 and abs(clean[0] - clean[1]) < 0.06
# %% [markdown] lang="en"
# In both cases "in truth" is on 1,000 images that neither has seen. The leak promises points that do not exist.
#
# ## What would a poor result be?
#
# An accuracy means nothing without a **baseline**. Always the same class; the class whose mean picture is nearest; the class of
# the nearest training image; a network without a hidden layer.
# %% [markdown] lang="ko"
# 두 경우 모두 "in truth"는 어느 쪽도 본 적 없는 이미지 1,000장에서 잰 값입니다. 누수가 있으면 있지도 않은 점수를 약속하게 됩니다.
#
# ## 나쁜 결과란 얼마일까?
#
# **기준 모델(baseline)** 이 없으면 정확도는 아무 뜻이 없습니다. 늘 같은 클래스로 답하기, 평균 이미지가 가장 가까운 클래스, 가장 가까운 학습
# 이미지의 클래스, 그리고 은닉층이 없는 신경망과 견주어 봅시다.
# %%
flat, val_flat = x.reshape(-1, 784), val_x.reshape(-1, 784)
centres = np.stack([flat[y == c].mean(axis=0) for c in range(10)])
to_centres = ((val_flat[:, None] - centres) ** 2).sum(axis=2)
to_images = (flat**2).sum(axis=1) - 2 * val_flat @ flat.T  # the squared distance, but for a number of each row
result = {
    "always class 0": (val_y == 0).mean(),
    "nearest mean image": (to_centres.argmin(axis=1) == val_y).mean(),
    "nearest image": (y[to_images.argmin(axis=1)] == val_y).mean(),
}
for name, between in {"no hidden layer": [], "the tutorial's": [layers.Dense(128, activation="relu")]}.items():
    tn.utils.set_random_seed(0)
    model = compiled(*between)
    model.fit(x, y, epochs=10, verbose=0)
    result[name] = model.evaluate(val_x, val_y, verbose=0)[1]
error = np.sqrt(0.86 * 0.14 / len(val_x))
print({name: round(float(value), 3) for name, value in result.items()}, f" standard error {error:.3f}")
assert result["always class 0"] == 0.1 and 0.6 < result["nearest mean image"] < 0.75 < result["nearest image"]
assert abs(result["the tutorial's"] - result["no hidden layer"]) < 0.05 and 0.0105 < error < 0.0115
# %% [markdown] lang="en"
# Two sobering facts. First, a hidden layer of 100,000 weights beats none by very little on these 5,000 images. Second, an
# accuracy measured on $n$ images is itself uncertain:
#
# $$\text{standard error} = \sqrt{\frac{p\,(1 - p)}{n}}$$
#
# With $p = 0.86$ and $n = 1000$ that is 0.011. On another 1,000 images the same network may be two points better or worse.
#
# ## Two checks before the long run
#
# **The first loss.** Ten classes and no knowledge: $-\ln \frac{1}{10} = 2.30$. A first loss far from it means inputs not
# scaled, or a wrong loss. **One batch.** Any sound network can learn 32 images by heart. If the loss of one batch does not go
# to 0, look for the bug now, and not after an hour.
# %% [markdown] lang="ko"
# 정신이 번쩍 드는 사실이 두 가지 있습니다. 첫째, 이 5,000장에서는 가중치 10만 개짜리 은닉층이 있으나 없으나 별 차이가 없습니다. 둘째,
# 이미지 $n$장에서 잰 정확도는 그 자체가 흔들립니다.
#
# $$\text{standard error} = \sqrt{\frac{p\,(1 - p)}{n}}$$
#
# $p = 0.86$, $n = 1000$이면 표준 오차(standard error)는 0.011입니다. 똑같은 신경망도 다른 1,000장으로 재면 2%포인트쯤 오르내릴 수 있습니다.
#
# ## 길게 돌리기 전에 두 가지만
#
# **첫 손실.** 클래스가 열 개이고 아는 것이 없으면 $-\ln \frac{1}{10} = 2.30$입니다. 첫 손실이 이보다 훨씬 크면 입력을 나누지 않았거나 손실
# 함수를 잘못 쓴 것입니다. **배치 하나.** 멀쩡한 신경망이라면 이미지 32장쯤은 외울 수 있어야 합니다. 배치 하나의 손실이 0으로 가지 않으면,
# 한 시간 뒤가 아니라 지금 버그를 찾으세요.
# %%
tn.utils.set_random_seed(0)
model = compiled(layers.Dense(128, activation="relu"))
first = model.evaluate(x, y, verbose=0)[0]
unscaled = model.evaluate(pixels[for_training].astype(np.float32), y, verbose=0)[0]
one_batch = model.fit(x[:32], y[:32], epochs=100, verbose=0).history["loss"][-1]
print(f"first loss {first:.2f} (ln 10 = {np.log(10):.2f}), with pixels from 0 to 255 {unscaled:.0f}; one batch {one_batch:.3f}")
assert abs(first - np.log(10)) < 0.7 and unscaled > 30 and one_batch < 0.05
# %% [markdown] lang="en"
# ## Learning curves
#
# Two kinds. Over the **epochs**: when does validation turn? Over the **number of images**: is it worth collecting more?
# %% [markdown] lang="ko"
# ## 학습 곡선(learning curve) 두 가지
#
# **에폭**에 따른 곡선은 검증이 언제 돌아서는지 알려 줍니다. **이미지 수**에 따른 곡선은 데이터를 더 모을 가치가 있는지 알려 줍니다.
# %%
tn.utils.set_random_seed(0)
long_trained = compiled(layers.Dense(128, activation="relu"))
run = long_trained.fit(x, y, epochs=40, validation_data=(val_x, val_y), verbose=0)
axes = plots.history(run)
turn = int(np.argmin(run.history["val_loss"]))
print(f"val_loss: lowest {run.history['val_loss'][turn]:.3f} in epoch {turn + 1}, at the end {run.history['val_loss'][-1]:.3f}")

counts, seen, unseen = (250, 500, 1000, 2500, 5000), [], []
for count in counts:
    tn.utils.set_random_seed(0)
    model = compiled(layers.Dense(128, activation="relu"))
    model.fit(x[:count], y[:count], epochs=12, verbose=0)
    seen.append(model.evaluate(x[:count], y[:count], verbose=0)[1])
    unseen.append(model.evaluate(val_x, val_y, verbose=0)[1])
_, ax = plt.subplots(figsize=(8, 4), layout="constrained")
ax.semilogx(counts, seen, "o-", linewidth=2.5, label="accuracy")
ax.semilogx(counts, unseen, "s--", linewidth=2.5, label="val_accuracy")
ax.set(xlabel="number of images", xticks=counts, xticklabels=counts)
ax.minorticks_off()
legend = ax.legend()
print("images", counts, " validation", np.round(unseen, 3))
assert turn < 30 and run.history["val_loss"][-1] > 1.15 * run.history["val_loss"][turn]
assert unseen[-1] > unseen[0] + 0.05 and seen[0] - unseen[0] > seen[-1] - unseen[-1]
# %% [markdown] lang="en"
# From 250 to 5,000 images validation gains more than five points, and the two curves have not met: more images would help more
# than another layer.
#
# ## Where is it wrong?
#
# One number hides ten. The confusion matrix: row = true, column = predicted. Then the worst mistakes, one by one. Some
# of them are mistakes of the labels.
# %% [markdown] lang="ko"
# 250장에서 5,000장까지 검증 정확도가 5%포인트 넘게 오르고, 두 곡선은 아직 만나지 않았습니다. 층을 하나 더 쌓는 것보다 이미지를 더 모으는 편이
# 낫습니다.
#
# ## 어디서 틀릴까?
#
# 숫자 하나에 열 개가 숨어 있습니다. 혼동 행렬(confusion matrix)에서 행은 정답, 열은 예측입니다. 그다음에는 가장 크게 틀린 것들을 하나씩
# 보세요. 그중에는 레이블이 잘못된 것도 있습니다.
# %%
logits = long_trained.predict(val_x, verbose=0)
ax = plots.confusion_matrix(val_y, logits, names=class_names)
axes = plots.mistakes(val_x, val_y, logits, names=class_names, count=12)
recall = plots.class_scores(plots.confusion_counts(val_y, logits))[1]
print("recall", dict(zip(class_names, recall.round(2).tolist(), strict=True)))
wrong = np.flatnonzero(logits.argmax(axis=1) != val_y)
tops = [0, 2, 4, 6]  # T-shirt, pullover, coat, shirt
among_tops = np.mean([val_y[i] in tops and logits[i].argmax() in tops for i in wrong])
print(f"{len(wrong)} mistakes, {among_tops:.0%} of them among {', '.join(class_names[c] for c in tops)}")
assert np.isclose(recall.mean(), (logits.argmax(axis=1) == val_y).mean())  # since all classes are as many
assert among_tops > 0.5 and recall[tops].mean() < 0.87 < recall[[1, 5, 7, 8, 9]].mean()
# %% [markdown] lang="en"
# Trousers, shoes and bags are nearly solved; more than half of the mistakes are among the four tops. If shirts are what you
# sell, "86 %" is the wrong number to read.
# %% [markdown] lang="ko"
# 바지, 신발, 가방은 거의 다 맞힙니다. 틀린 것의 절반 이상이 윗옷 네 가지 사이에서 나옵니다. 여러분이 셔츠를 파는 사람이라면 "86%"는 엉뚱한
# 숫자입니다.
# %% [markdown] lang="en"
# ## How sure is it?
#
# The network's outputs $z$ are **logits**, any numbers. Softmax on top makes probabilities of them:
#
# $$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}$$
#
# The order stays, so for the class `argmax` of the logits is enough. But may you believe such a percentage? Collect all answers with
# about 90 %: nine of ten should be right. If fewer are, the network is **over-confident**. The remedy costs one number, the
# **temperature** $T$ in $\mathrm{softmax}(z / T)$, chosen on validation images. We choose it on one half, and measure on the
# other. Points below the diagonal: surer than right; the larger a point, the more images it stands for.
# %% [markdown] lang="ko"
# ## 얼마나 확신할까?
#
# 신경망의 출력 $z$는 **로짓(logit)**, 즉 아무 값이나 될 수 있는 숫자입니다. 소프트맥스를 얹으면 확률이 됩니다.
#
# $$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}$$
#
# 순서는 그대로이므로 클래스만 알면 될 때는 로짓의 `argmax`로 충분합니다. 그런데 이 확률을 믿어도 될까요? 90%쯤 확신한 답을 모아 보면
# 열에 아홉은 맞아야 합니다. 그보다 적게 맞으면 신경망이 **과신(over-confident)** 하는 것입니다. 고치는 데는 숫자 하나면 됩니다.
# $\mathrm{softmax}(z / T)$의 **온도(temperature)** $T$를 검증 이미지로 고르는 것입니다. 여기서는 절반으로 고르고 나머지 절반으로 잽니다.
# 그림에서 점이 대각선 아래에 있으면 맞는 것보다 더 확신한다는 뜻이고, 점이 클수록 그만큼 이미지가 많습니다.
# %%
def softmax(z):
    exponentials = np.exp(z - z.max(axis=1, keepdims=True))  # without the shift, e^1000 is infinite
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def calibration(p, truth, bins=10):
    """Confidence, accuracy and share of each bin, and their mean distance: the expected calibration error."""
    confidence, right = p.max(axis=1), p.argmax(axis=1) == truth
    in_bin = np.minimum((confidence * bins).astype(int), bins - 1)
    rows = np.array([(confidence[in_bin == b].mean(), right[in_bin == b].mean(), (in_bin == b).mean())
                     for b in np.unique(in_bin)])
    return rows, (np.abs(rows[:, 0] - rows[:, 1]) * rows[:, 2]).sum()


cross_entropy = tn.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
half, other = np.arange(0, 1000, 2), np.arange(1, 1000, 2)
temperatures = np.arange(0.5, 5, 0.05)
T = min(temperatures, key=lambda t: float(cross_entropy(val_y[half], logits[half] / t)))
_, ax = plt.subplots(figsize=(5, 4.5), layout="constrained")
ax.plot([0, 1], [0, 1], ":", color="gray")
calibration_error = {}
for name, t, marker in (("T = 1", 1.0, "o"), (f"T = {T:.2f}", T, "s")):
    p = softmax(logits[other] / t)
    rows, calibration_error[t] = calibration(p, val_y[other])
    ax.scatter(rows[:, 0], rows[:, 1], s=20 + 500 * rows[:, 2], marker=marker, alpha=0.7, label=name)
    print(f"{name}: mean confidence {p.max(axis=1).mean():.3f}, accuracy {(p.argmax(axis=1) == val_y[other]).mean():.3f}, "
          f"calibration error {calibration_error[t]:.3f}, loss {float(cross_entropy(val_y[other], logits[other] / t)):.3f}")
ax.set(xlabel="confidence", ylabel="accuracy", xlim=(0.2, 1.06), ylim=(0, 1.06))
legend = ax.legend(markerscale=0.5)
assert np.allclose(softmax(logits), tn.keras.layers.Softmax()(logits).numpy(), atol=1e-5)
assert T > 1.2 and calibration_error[T] < 0.8 * calibration_error[1.0]
# %% [markdown] lang="en"
# The accuracy is the same to the last digit: a temperature moves no answer. Only the promises become honest.
#
# ## One remedy at a time
#
# The remedies of lessons 7, 8, 9 and 11 on 500 images, 40 epochs. One change at a time, three seeds each, and the loss **without** the
# penalty, or L2 could not be compared.
# %% [markdown] lang="ko"
# 정확도는 끝자리까지 똑같습니다. 온도는 답을 하나도 바꾸지 않습니다. 약속만 정직해질 뿐입니다.
#
# ## 처방은 한 번에 하나씩
#
# 7, 8, 9, 11강에서 배운 처방을 이미지 500장, 40 에폭에 써 봅시다. 한 번에 하나만 바꾸고, 시드를 세 개씩 쓰고, 손실은 벌점을 **빼고** 잽니다. 그러지
# 않으면 L2와 비교할 수 없습니다.
# %%
def hidden(**options):
    return layers.Dense(128, activation="relu", **options)


moves = layers.RandomTranslation(1 / 28, 1 / 28, fill_mode="constant", interpolation="nearest", seed=0)
remedies = {
    "nothing": lambda: compiled(hidden()),
    "L2, 0.001": lambda: compiled(hidden(kernel_regularizer=tn.keras.regularizers.L2(1e-3))),
    "dropout, 0.5": lambda: compiled(hidden(), layers.Dropout(0.5)),
    "batch norm.": lambda: compiled(layers.Dense(128, use_bias=False), layers.BatchNormalization(momentum=0.9), layers.ReLU()),
    "moved by 1": lambda: compiled(hidden(), before=(layers.Reshape((28, 28, 1)), moves)),
}
accuracy, loss = {}, {}
print(f"{'':<13} on the training images, on validation (lowest - highest), loss on validation")
for name, build in remedies.items():
    on_training, on_validation, losses = [], [], []
    for seed in range(3):
        tn.utils.set_random_seed(seed)
        model = build()
        model.fit(x[:500], y[:500], epochs=40, verbose=0)
        z = model.predict(val_x, verbose=0)
        on_training.append(model.evaluate(x[:500], y[:500], verbose=0)[1])
        on_validation.append((z.argmax(axis=1) == val_y).mean())
        losses.append(float(cross_entropy(val_y, z)))
    accuracy[name], loss[name] = np.mean(on_validation), np.mean(losses)
    print(f"{name:<13} {np.mean(on_training):.3f}, {accuracy[name]:.3f} ({min(on_validation):.3f} - {max(on_validation):.3f}), "
          f"{loss[name]:.3f}")
assert max(accuracy.values()) - accuracy["nothing"] < 0.04 and unseen[-1] > max(accuracy.values()) + 0.02
assert max(loss["dropout, 0.5"], loss["moved by 1"]) < loss["nothing"] - 0.03
# %% [markdown] lang="en"
# In accuracy all of them are within what another seed or other validation images would change. Dropout and small shifts make the
# network less sure where it is wrong, so the loss is clearly lower. Batch normalization lets this small network learn its 500
# images by heart even faster. And the learning curve above told you where the points are: 5,000 images instead of 500 gave
# more than any of these. With one seed each, we would have chosen luck.
#
# ## Choose, stop, save
#
# Our choice: all 5,000 images, dropout, early stopping on the **validation** loss. And what we save takes **raw pixels** and
# returns **probabilities**: scaling and softmax are in the file, so nobody can forget them.
# %% [markdown] lang="ko"
# 정확도 차이는 모두 시드나 검증 이미지가 달라지면 뒤집힐 만한 크기입니다. 드롭아웃과 작은 이동을 쓰면 틀릴 때 덜 확신하므로 손실은 확실히
# 작아집니다. 배치 정규화를 쓰면 이 작은 신경망이 500장을 더 빨리 외워 버립니다. 그리고 점수가 어디에 있는지는 위의 학습 곡선이 이미 알려
# 주었습니다. 500장 대신 5,000장을 쓴 효과가 어느 처방보다 큽니다. 시드를 하나씩만 돌려 보고 골랐다면, 운을 고른 셈이었을 겁니다.
#
# ## 고르고, 멈추고, 저장하기
#
# 우리의 선택은 5,000장 전부, 드롭아웃, **검증** 손실에 건 조기 종료(early stopping)입니다. 저장하는 모델은 **원래 픽셀**을 받아서 **확률**을
# 돌려주게 만듭니다. 나누기와 소프트맥스가 파일 안에 들어 있으니 아무도 잊어버릴 수 없습니다.
# %%
tn.utils.set_random_seed(0)
chosen = compiled(hidden(), layers.Dropout(0.5))
stopping = tn.keras.callbacks.EarlyStopping(monitor="val_loss", patience=5, restore_best_weights=True)
run = chosen.fit(x, y, epochs=100, validation_data=(val_x, val_y), verbose=0, callbacks=[stopping])
print(f"{len(run.history['loss'])} epochs; validation loss and accuracy", np.round(chosen.evaluate(val_x, val_y, verbose=0), 3))

complete = tn.keras.Sequential([tn.keras.Input((28, 28)), layers.Rescaling(1 / 255), chosen, layers.Softmax()])
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "clothes.keras"
    complete.save(path)
    print("size of the file:", path.stat().st_size // 1024, "KB")
    loaded = tn.keras.models.load_model(path)
raw = pixels[for_validation]
answers = loaded.predict(raw, verbose=0)
assert np.array_equal(answers, complete.predict(raw, verbose=0))
assert np.allclose(answers, softmax(chosen.predict(val_x, verbose=0)), atol=1e-5)
assert len(run.history["loss"]) < 100 and loss["nothing"] > min(run.history["val_loss"])
# %% [markdown] lang="en"
# ## The test set, once
#
# Now, and not earlier: the 1,000 test images, with their uncertainty. $\pm 1.96$ standard errors hold the true accuracy in 95 of
# 100 such measurements.
# %% [markdown] lang="ko"
# ## 테스트 데이터는 단 한 번
#
# 이제야 테스트 이미지 1,000장을 꺼냅니다. 불확실한 정도도 함께 적습니다. 이렇게 100번 재면 95번은 참값이 표준 오차의 $\pm 1.96$배 안에
# 들어옵니다.
# %%
answers = loaded.predict(test_pixels, verbose=0)
final = (answers.argmax(axis=1) == test_y).mean()
margin = 1.96 * np.sqrt(final * (1 - final) / len(test_y))
tested = calibration(answers, test_y)[1]
print(f"test accuracy {final:.3f} ± {margin:.3f}, calibration error {tested:.3f}")
assert 0.82 < final < 0.90 and 0.018 < margin < 0.024 and tested < calibration_error[1.0]
# %% [markdown] lang="en"
# Why only once? Take 100 networks that are all **exactly as good**, 86 %, measure each on the same kind of test set, and report
# the best. No network is needed to see what happens, only coins:
# %% [markdown] lang="ko"
# 왜 한 번뿐일까요? 실력이 **똑같이** 86%인 신경망 100개를 이런 테스트 데이터로 재고 가장 좋은 것을 보고한다고 합시다. 어떻게 되는지 보는 데는
# 신경망도 필요 없습니다. 동전이면 됩니다.
# %%
measured = rng.binomial(1000, 0.86, size=(2000, 100)) / 1000
best = measured.max(axis=1).mean()
print(f"one network {measured[:, 0].mean():.3f}; the best of 100 {best:.3f}; all of them really have 0.860")
assert abs(measured[:, 0].mean() - 0.86) < 0.002 and 0.882 < best < 0.892
# %% [markdown] lang="en"
# ## All 70,000 images
#
# The tutorial and our choice on the full data set (a "long" cell: `tinynet lessons run 12 --long`). The same from the command
# line: `tinynet train fashion-mnist --model dnn`.
# %% [markdown] lang="ko"
# ## 70,000장 전부
#
# 튜토리얼과 우리의 선택을 전체 데이터로 학습합니다("long" 셀: `tinynet lessons run 12 --long`). 명령줄에서는
# `tinynet train fashion-mnist --model dnn`으로 같은 일을 할 수 있습니다.
# %% tags=["long"]
(all_x, all_y), (all_test_x, all_test_y) = tn.datasets.fashion_mnist.load_data()
all_x, all_test_x = all_x / 255.0, all_test_x / 255.0
order = np.random.default_rng(0).permutation(len(all_x))
kept, held_out = order[6000:], order[:6000]
for name, model, callbacks in (("the tutorial", compiled(hidden()), []), ("our choice", compiled(hidden(), layers.Dropout(0.5)), [stopping])):
    tn.utils.set_random_seed(0)
    run = model.fit(all_x[kept], all_y[kept], epochs=50 if callbacks else 10, verbose=0, callbacks=callbacks,
                    validation_data=(all_x[held_out], all_y[held_out]))
    p = softmax(model.predict(all_test_x, verbose=0))
    right = (p.argmax(axis=1) == all_test_y).mean()
    print(f"{name:<12} {len(run.history['loss'])} epochs, test accuracy {right:.4f}, calibration error {calibration(p, all_test_y)[1]:.3f}")
    assert right > 0.86
# %% [markdown] lang="en"
# ## In Keras's words: three names of one loss
#
# Integer labels: `SparseCategoricalCrossentropy`. One-hot labels: `CategoricalCrossentropy`. Logits: `from_logits=True`;
# probabilities: without. All give the same number. **Softmax twice** does not: a softmax layer and `from_logits=True`. Then
# even a perfect answer, 1 for the right class and 0 for nine others, has a loss of $-\ln \frac{e}{e + 9} = 1.46$. This cell
# runs on Keras 3 too.
# %% [markdown] lang="ko"
# ## Keras 방식으로: 손실 하나, 이름 셋
#
# 정수 레이블이면 `SparseCategoricalCrossentropy`, 원-핫(one-hot) 레이블이면 `CategoricalCrossentropy`입니다. 로짓이면
# `from_logits=True`를 쓰고, 확률이면 쓰지 않습니다. 모두 같은 값입니다. 그런데 **소프트맥스를 두 번** 쓰면 다릅니다. 소프트맥스 층을 두고
# `from_logits=True`까지 쓰는 경우입니다. 그러면 맞는 클래스에 1, 나머지 아홉에 0을 준 완벽한 답도 손실이
# $-\ln \frac{e}{e + 9} = 1.46$입니다. 이 셀은 Keras 3에서도 실행됩니다.
# %% tags=["keras"]
import numpy as np
import tinynet as tf

logits = np.array([[4.0, 1.0, -2.0], [0.0, 3.0, 2.5]], dtype="float32")
integer, one_hot = np.array([0, 2]), np.array([[1.0, 0, 0], [0, 0, 1.0]], dtype="float32")
probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
by_hand = -np.log(probabilities[[0, 1], integer]).mean()
losses = tf.keras.losses
same = [losses.SparseCategoricalCrossentropy(from_logits=True)(integer, logits),
        losses.SparseCategoricalCrossentropy()(integer, probabilities),
        losses.CategoricalCrossentropy(from_logits=True)(one_hot, logits)]
print("by hand", round(float(by_hand), 4), " three ways", [round(float(value), 4) for value in same])
perfect = np.eye(10, dtype="float32")
twice = float(losses.SparseCategoricalCrossentropy(from_logits=True)(np.arange(10), perfect))
print("softmax twice, a perfect answer:", round(twice, 3))
assert np.allclose([float(value) for value in same], by_hand, atol=1e-5)
assert np.isclose(twice, -np.log(np.e / (np.e + 9)), atol=1e-5)
# %% [markdown] lang="en"
# ## Try it
#
# 1. Two hidden layers, or 512 units instead of 128: more than the noise of three seeds? (Look at validation, not at test.)
# 2. Double `patience`, halve the learning rate: which of the curves changes?
# 3. Remove all shirts from the data. How many points does the accuracy rise, and what does this tell about "accuracy"?
# 4. Watch the training live: `chosen.lab()` before `fit`.
#
# What over-fitting looks like, and where early stopping returns to:
#
#     tinynet lab overfitting
#
#     tinynet lab early_stopping
# %% [markdown] lang="ko"
# ## 실험해 봅시다
#
# 1. 은닉층을 두 개로 하거나 뉴런을 128개 대신 512개로 하면 시드 세 개의 흔들림보다 더 좋아질까요? (테스트가 아니라 검증 데이터로 보세요.)
# 2. `patience`를 두 배로, 학습률을 절반으로 바꿔 보세요. 어느 곡선이 달라지나요?
# 3. 데이터에서 셔츠를 모두 빼면 정확도가 얼마나 오를까요? 그것은 "정확도"에 대해 무엇을 말해 줄까요?
# 4. `fit` 앞에 `chosen.lab()`을 쓰면 학습을 실시간으로 볼 수 있습니다.
#
# 과적합이 어떤 모습인지, 조기 종료가 어디로 되돌아가는지 실험실에서 보세요.
#
#     tinynet lab overfitting
#
#     tinynet lab early_stopping
# %% [markdown] lang="en"
# ## What goes wrong in practice
#
# * **Scaled in training, raw in use** (or scaled twice). The cell below shows both. Raw pixels are the more dangerous: most
#   answers stay right, but each one is 100 % sure. Put the scaling into the model.
# * **`validation_split` on sorted data.** It takes the last rows, before any shuffling: perhaps all of one class.
# * **Copies on both sides of the split.** Augmented images, frames of one film, several pictures of one patient. Split by the
#   film, by the patient.
# * **Choosing by the test set**, even by looking at it every evening.
# * **A point more with one seed.** Compare with the standard error before you believe it.
# * **Accuracy where classes are not balanced.** With 99 % healthy people, "healthy" is right in 99 %.
# %% [markdown] lang="ko"
# ## 실제로 자주 하는 실수
#
# * **학습할 때는 나누고 쓸 때는 그대로 넣기**(또는 두 번 나누기). 아래 셀에서 둘 다 확인합니다. 나누지 않은 쪽이 더 위험합니다. 답은 대부분
#   맞는데 모든 답을 100% 확신하기 때문입니다. 나누기를 모델 안에 넣으세요.
# * **정렬된 데이터에 `validation_split`.** 섞기 전에 마지막 행들을 떼어 냅니다. 클래스 하나만 들어 있을 수도 있습니다.
# * **나눈 양쪽에 사본이 있기.** 증강한 이미지, 한 영상의 프레임들, 한 환자의 사진 여러 장. 영상별, 환자별로 나누세요.
# * **테스트 데이터로 고르기.** 저녁마다 한 번씩 들여다보는 것도 마찬가지입니다.
# * **시드 하나로 1%포인트 올랐다고 믿기.** 먼저 표준 오차와 비교하세요.
# * **클래스가 치우친 데이터의 정확도.** 100명 중 99명이 건강하다면 모두 "건강"이라고 해도 99%가 맞습니다.
# %%
found = {}
with warnings.catch_warnings(record=True) as advice:
    warnings.simplefilter("always")
    for name, images in {"scaled as in training": val_x, "not scaled": raw, "scaled twice": val_x / 255}.items():
        p = softmax(chosen.predict(images, verbose=0))
        found[name] = (p.argmax(axis=1) == val_y).mean(), p.max(axis=1).mean()
        print(f"{name:<22} accuracy {found[name][0]:.3f}, mean confidence {found[name][1]:.3f}")
print("tinynet warns:", advice[0].message)

by_class = np.argsort(labels, kind="stable")
last = labels[by_class][-600:]
print("sorted by class, the last tenth is", {class_names[c] for c in last})
assert found["not scaled"][1] > 0.99 > found["not scaled"][0] + 0.05 and len(advice) == 1
assert found["scaled twice"][0] < found["scaled as in training"][0] - 0.2 and set(last) == {9}
# %% [markdown] lang="en"
# ## Exercises
#
# ```python
# from tinynet import lessons
#
# lessons.check("train_validation_split", my_train_validation_split)
# lessons.check("cross_entropy", my_cross_entropy)
# lessons.check("confusion_matrix", my_confusion_matrix)
# ```
#
# On paper: you want to tell 86 % from 87 % with a standard error of a quarter of a point. How many test images do you need?
# %% [markdown] lang="ko"
# ## 연습 문제
#
# ```python
# from tinynet import lessons
#
# lessons.check("train_validation_split", my_train_validation_split)
# lessons.check("cross_entropy", my_cross_entropy)
# lessons.check("confusion_matrix", my_confusion_matrix)
# ```
#
# 손으로 풀어 보기: 86%와 87%를 구별하려고 표준 오차를 0.25%포인트로 줄이고 싶습니다. 테스트 이미지가 몇 장 필요할까요?
# %%
needed = 0.86 * 0.14 / 0.0025**2
print(f"{needed:,.0f} images")
assert round(needed, -2) == 19_300
