# %% [markdown] lang="en"
# # Image augmentation
#
# Course rows: 50-55 · Minutes: 40
#
# **The question.** The best remedy against over-fitting is more data. Can we *make* it? A mirrored shoe is a shoe. But is a
# mirrored "b" a "b"? Every augmentation is a claim about the world, and some of the claims are wrong.
# %% [markdown] lang="ko"
# # 이미지 데이터 증강(image augmentation)
#
# 강의 항목: 50-55 · 시간(분): 40
#
# **질문.** 과적합(over-fitting)에 가장 좋은 약은 더 많은 데이터입니다. 그렇다면 *만들어* 내면 되지 않을까요? 좌우로 뒤집은 신발은
# 여전히 신발입니다. 그런데 뒤집은 "b"도 "b"일까요? 증강 하나하나가 세상에 대한 주장이고, 그중에는 틀린 주장도 있습니다.
# %%
import numpy as np
import matplotlib.pyplot as plt

import tinynet as tn
from tinynet import augment, plots

tn.utils.set_random_seed(0)
plt.rcParams["font.size"] = 14

(train_x, train_y), (new_x, new_y) = tn.datasets.fashion_mnist_sample.load_data()
names = tn.datasets.fashion_mnist.CLASS_NAMES


def large(image):
    """A picture in one tint of orange, four times as large: the colour transforms have something to change."""
    return (np.kron(image, np.ones((4, 4)))[..., None] * [1.0, 0.75, 0.5]).astype(np.uint8)


shirt, boot = large(train_x[np.argmax(train_y == 6)]), large(train_x[np.argmax(train_y == 9)])
print("the images:", names[6], "and", names[9], shirt.shape)
# %% [markdown] lang="en"
# ## Pixel-level transforms
#
# They change the values and leave every pixel where it is: light, contrast, colour, blur, noise, compression, weather. The
# label stays; so do boxes and masks of objects.
# %% [markdown] lang="ko"
# ## 픽셀 수준 변환(Pixel-Level Transforms)
#
# 픽셀의 값만 바꾸고 위치는 그대로 둡니다. 밝기, 대비, 색, 흐림, 잡음, 압축, 날씨 같은 것들입니다. 레이블(label)이 그대로이고, 물체를
# 표시한 상자나 마스크도 그대로 쓸 수 있습니다.
# %%
axes = plots.augmentation_sheet(boot, list(augment.PIXEL), other=shirt)
print(len(augment.PIXEL), "pixel-level transforms:", *augment.PIXEL)

brighter = augment.apply("brightness", boot, delta=0.2)
assert len(augment.PIXEL) == 25 and brighter.shape == boot.shape
assert abs(brighter[:4, :4].astype(int).mean() - boot[:4, :4].mean() - 0.2 * 255) < 1.5
# %% [markdown] lang="en"
# ## Spatial-level transforms
#
# They move the pixels: flips, rotations, shifts, crops, perspective, elastic distortion. What stands at a position changes,
# so boxes and masks must move along.
# %% [markdown] lang="ko"
# ## 공간 수준 변환(Spatial-Level Transforms)
#
# 픽셀의 위치를 옮깁니다. 뒤집기, 회전, 이동, 자르기, 원근, 탄성 왜곡 같은 것들입니다. 위치가 달라지므로 상자나 마스크도 함께 옮겨야
# 합니다.
# %%
axes = plots.augmentation_sheet(boot, list(augment.SPATIAL), other=shirt)
flipped = augment.apply("horizontal_flip", boot)
assert np.array_equal(flipped, boot[:, ::-1]) and np.array_equal(augment.apply("horizontal_flip", flipped), boot)
# %% [markdown] lang="en"
# ## PatchShuffle
#
# *Pixels in an $n \times n$ window are randomly shifted with a probability parameter $p$.* Within a window the pixels trade
# positions, so the window keeps its values; only the fine order is lost. The paper takes $n = 2$, $p = 0.05$.
# %% [markdown] lang="ko"
# ## PatchShuffle
#
# *$n \times n$ 창 안의 픽셀을 확률 $p$로 무작위로 뒤섞습니다.* 창 안에서 자리만 바뀌므로 값은 그대로 남고 세밀한 순서만 사라집니다.
# 논문에서는 $n = 2$, $p = 0.05$를 씁니다.
# %%
shuffled = augment.patch_shuffle(boot, size=8, probability=1.0, seed=0)
window, mixed_up = boot[48:56, 48:56].reshape(64, 3), shuffled[48:56, 48:56].reshape(64, 3)
print("a window's values, sorted, are the same:", np.array_equal(np.sort(window, axis=0), np.sort(mixed_up, axis=0)))
assert np.array_equal(np.sort(window, axis=0), np.sort(mixed_up, axis=0)) and not np.array_equal(window, mixed_up)

noise = np.random.default_rng(0).random((300, 32, 32, 1))
changed = (augment.patch_shuffle(noise, size=2, probability=0.05, seed=0) != noise).reshape(300, 16, 2, 16, 2).any(axis=(2, 4))
print(f"share of the windows that p = 0.05 changes: {changed.mean():.4f}; one order of 24 changes nothing: {0.05 * 23 / 24:.4f}")
assert np.isclose(changed.mean(), 0.05 * 23 / 24, rtol=0.05)
# %% [markdown] lang="en"
# ## Cutout
#
# Erase a square at a random place. The **centre** is drawn anywhere in the image, so the square may hang over the border
# and erase less. That is on purpose: some images should stay nearly whole. The paper: side 16 on CIFAR-10's $32 \times 32$.
# %% [markdown] lang="ko"
# ## Cutout
#
# 무작위 위치의 정사각형을 지웁니다. **중심**을 이미지 어디서나 뽑기 때문에 정사각형이 테두리 밖으로 나가 덜 지워질 수도 있습니다. 일부러
# 그렇게 한 것입니다. 거의 온전한 이미지도 섞여 있어야 하기 때문입니다. 논문에서는 CIFAR-10의 $32 \times 32$ 이미지에 한 변이 16인
# 정사각형을 썼습니다.
# %%
white = np.ones((5000, 32, 32, 1))
erased = (augment.cutout(white, size=16, seed=0) == 0).mean(axis=(1, 2, 3))
print(f"share erased: mean {erased.mean():.3f}, at most {erased.max():.3f}, at least {erased.min():.4f}")
assert erased.max() == 0.25 and erased.min() == 1 / 16 and erased.mean() < 0.2
axes = plots.image_grid([augment.cutout(boot, size=56, seed=seed) for seed in range(8)])
# %% [markdown] lang="en"
# A quarter at most; a corner of $8 \times 8$ at least, a sixteenth. Keras's `RandomErasing` is another one: random
# rectangles that lie inside.
#
# ## mixup
#
# $$\tilde{x} = \lambda x_i + (1 - \lambda) x_j$$
#
# $$\tilde{y} = \lambda y_i + (1 - \lambda) y_j$$
#
# $x$ are raw inputs, $y$ one-hot labels. An image that is 40 % cat and 60 % dog has the label $(0.4,\,0.6)$. The slide has
# no law for $\lambda$; the paper draws it from $\mathrm{Beta}(\alpha, \alpha)$.
# %% [markdown] lang="ko"
# 많아야 4분의 1이고, 적으면 모서리의 $8 \times 8$, 즉 16분의 1입니다. Keras의 `RandomErasing`은 다릅니다. 이미지 안에 들어가는 임의의
# 직사각형을 지웁니다.
#
# ## mixup
#
# $$\tilde{x} = \lambda x_i + (1 - \lambda) x_j$$
#
# $$\tilde{y} = \lambda y_i + (1 - \lambda) y_j$$
#
# $x$는 입력 그대로이고 $y$는 원-핫(one-hot) 레이블입니다. 고양이 40 %, 개 60 %를 섞은 이미지의 레이블은 $(0.4,\,0.6)$입니다. 슬라이드에는
# $\lambda$를 어떻게 정하는지 나와 있지 않은데, 논문에서는 $\mathrm{Beta}(\alpha, \alpha)$에서 뽑습니다.
# %%
pair, labels = np.stack([shirt, boot]).astype(np.float32), np.eye(2)
x, y = augment.mixup(pair, labels, weights=0.4, partners=[1, 0])
print("labels:", y.tolist())
assert np.allclose(x[0], 0.4 * pair[0] + 0.6 * pair[1], atol=1e-3) and np.allclose(y, [[0.4, 0.6], [0.6, 0.4]])

draw = np.random.default_rng(0)
visibly = {}
for alpha in (0.2, 1.0):
    drawn = draw.beta(alpha, alpha, 100_000)
    visibly[alpha] = ((drawn > 0.1) & (drawn < 0.9)).mean()
    print(f"alpha = {alpha}: {visibly[alpha]:.0%} of the images are mixed by more than a tenth")
assert abs(visibly[0.2] - 0.33) < 0.02 and abs(visibly[1.0] - 0.8) < 0.01
# %% [markdown] lang="en"
# ## Non-linear mixing
#
# Why a sum? The halves of two images, rows, columns, random pixels, squares work as well; the label has the shares of the
# **area**. `augment.mix` has 15 methods; all of them keep the labels' sum at 1.
# %% [markdown] lang="ko"
# ## 비선형으로 섞기(Non-linearly mixing images)
#
# 꼭 더해야만 할까요? 두 이미지를 반씩 붙이거나, 행이나 열, 무작위 픽셀, 정사각형 단위로 섞어도 됩니다. 이때 레이블은 차지한 **넓이**의
# 비율을 따릅니다. `augment.mix`에는 15가지 방법이 있고, 어느 것이든 레이블의 합은 1입니다.
# %%
mixtures = {}
for method in sorted(augment.MASKS):
    mixed, shares = augment.mix(pair, labels, method=method, weights=0.5, partners=[1, 0], seed=0)
    mixtures[method] = mixed[0].clip(0, 255).astype(np.uint8)
    assert np.allclose(shares.sum(axis=1), 1)
print(len(mixtures), "methods:", *mixtures)
axes = plots.augmentation_sheet(shirt, sorted(augment.MASKS), other=boot)
assert len(mixtures) == 15
# %% [markdown] lang="en"
# ## Does it help? Ask the right question
#
# 1,000 images, a small convolutional network (lesson 13), 25 epochs, without augmentation and with mirroring and shifts.
# Then three tests: new images as they are, the same mirrored, the same moved by three pixels.
# %% [markdown] lang="ko"
# ## 도움이 될까? 제대로 물어보기
#
# 이미지 1,000장, 작은 합성곱 신경망(13강), 25 에폭입니다. 증강 없이, 그리고 뒤집기와 이동을 넣어서 학습합니다. 그다음 세 가지로 시험해
# 봅시다. 새 이미지 그대로, 좌우로 뒤집어서, 3픽셀 옮겨서.
# %%
small_x, small_y = train_x[:1000, ..., None] / 255.0, train_y[:1000]
test_x = new_x[..., None] / 255.0
tests = {
    "as they are": test_x,
    "mirrored": test_x[:, :, ::-1],
    "moved": np.stack([augment.apply("shift", image, value_range=(0, 1), x=3.0, y=3.0) for image in test_x]),
}
layers = tn.keras.layers
accuracy = {}
for name, augmentation in {
    "without": [],
    "with": [layers.RandomFlip("horizontal", seed=0), layers.RandomTranslation(0.1, 0.1, fill_mode="constant", seed=0)],
}.items():
    tn.utils.set_random_seed(0)
    model = tn.keras.Sequential([
        tn.keras.Input((28, 28, 1)), *augmentation,
        layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(10),
    ])
    model.compile(optimizer="adam", metrics=["accuracy"],
                  loss=tn.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(small_x, small_y, batch_size=50, epochs=25, verbose=0)
    accuracy[name] = {test: model.evaluate(images, new_y, verbose=0)[1] for test, images in tests.items()}
    print(f"{name:<8}", {test: round(float(value), 3) for test, value in accuracy[name].items()})

assert accuracy["with"]["moved"] > accuracy["without"]["moved"] + 0.2
assert accuracy["with"]["mirrored"] > accuracy["without"]["mirrored"] + 0.08
assert accuracy["with"]["as they are"] < accuracy["without"]["as they are"]
# %% [markdown] lang="en"
# Surprised? On images like those it was trained on, the augmented network is **worse** after 25 epochs: it has to learn a
# harder task, and all shoes of Fashion-MNIST point to the left and stand in the middle anyway. But move the image by three
# pixels, and the other one fails. Augmentation buys **the invariance that you put in**. Put in what varies in your data.
#
# ## In Keras's words
#
# Layers that work in training only. This cell runs on Keras 3 too.
# %% [markdown] lang="ko"
# 놀랐나요? 학습 때와 비슷한 이미지에서는 25 에폭 뒤에 증강한 쪽이 오히려 **나쁩니다**. 더 어려운 문제를 배워야 하는데, Fashion-MNIST의
# 신발은 어차피 모두 왼쪽을 향하고 한가운데에 있기 때문입니다. 하지만 이미지를 3픽셀만 옮기면 다른 쪽은 무너집니다. 증강으로 얻는 것은
# **여러분이 넣은 불변성(invariance)** 입니다. 여러분의 데이터에서 실제로 달라지는 것을 넣으세요.
#
# ## Keras 방식으로
#
# 학습할 때만 작동하는 층입니다. 이 셀은 Keras 3에서도 실행됩니다.
# %% tags=["keras"]
import numpy as np
import tinynet as tf

images = np.arange(2 * 8 * 8, dtype="float32").reshape(2, 8, 8, 1)
flip = tf.keras.layers.RandomFlip("horizontal", seed=3)
predicted = np.asarray(flip(images, training=False))
trained = np.stack([np.asarray(flip(images, training=True)) for _ in range(40)])
mirrored = [np.array_equal(one[0], images[0, :, ::-1]) for one in trained]
kept = [np.array_equal(one[0], images[0]) for one in trained]
print("of 40 passes the first image was mirrored in", sum(mirrored), "and left in", sum(kept))
assert np.array_equal(predicted, images)
assert sum(mirrored) + sum(kept) == 40 and 8 < sum(mirrored) < 32
# %% [markdown] lang="en"
# ## Try it
#
# 1. Train the augmented network for 60 epochs: does it catch up on the images as they are?
# 2. Add `layers.RandomRotation(0.5)`: a trouser upside down. Which of the three tests suffers?
# 3. A sheet of your own picture: `plots.augmentation_sheet(picture)`; on the command line
#    `tinynet augment FOLDER --gallery --out SHEETS`.
#
# Every transform with sliders, also on your own image:
#
#     tinynet lab augmentation
# %% [markdown] lang="ko"
# ## 실험해 봅시다
#
# 1. 증강한 신경망을 60 에폭까지 학습하면 원래 이미지에서도 따라잡을까요?
# 2. `layers.RandomRotation(0.5)`를 더해 보세요. 바지가 거꾸로 섭니다. 세 가지 시험 중 어느 것이 나빠질까요?
# 3. 여러분의 사진으로 시트를 만들어 보세요: `plots.augmentation_sheet(picture)`. 명령줄에서는
#    `tinynet augment FOLDER --gallery --out SHEETS`입니다.
#
# 변환 하나하나를 슬라이더로 움직여 볼 수 있습니다. 여러분의 이미지도 넣어 보세요.
#
#     tinynet lab augmentation
# %% [markdown] lang="en"
# ## What goes wrong in practice
#
# * **Augmenting validation and test images.** They must be as in real use. Keras's layers know (`training=False`); your own
#   function in a pipeline does not.
# * **A claim that is wrong.** Mirrored text and digits, traffic signs, left and right hands, hearts on X-rays.
# * **The same draw for all.** One random number for the whole batch, or a seed set anew in each epoch: the network sees the
#   same "random" images again and again.
# * **mixup with integer labels.** There is no class 3.4; labels must be one-hot first.
# * **Values out of range.** Pixels from 0 to 1, and `brightness` for 0 to 255: nothing seems to happen, or all is white.
#   Look at a sheet of your pipeline's **output** before you train.
# %% [markdown] lang="ko"
# ## 실제로 자주 하는 실수
#
# * **검증이나 테스트 이미지까지 증강하기.** 실제로 쓸 때와 같은 이미지여야 합니다. Keras의 층은 알아서 꺼지지만(`training=False`),
#   파이프라인에 직접 넣은 함수는 그렇지 않습니다.
# * **틀린 주장.** 글자와 숫자, 교통 표지판, 왼손과 오른손, X선 사진 속 심장은 뒤집으면 다른 것이 됩니다.
# * **모두에게 같은 난수.** 배치 전체에 난수 하나를 쓰거나 에폭마다 시드를 다시 정하면, 신경망은 똑같은 "무작위" 이미지를 보고 또 보게
#   됩니다.
# * **정수 레이블로 mixup 하기.** 3.4번 클래스는 없습니다. 먼저 원-핫으로 바꿔야 합니다.
# * **값의 범위.** 픽셀은 0~1인데 `brightness`는 0~255에 맞춰져 있으면, 아무 일도 없거나 온통 하얘집니다. 학습하기 전에 파이프라인의
#   **출력**을 시트로 그려 꼭 눈으로 확인하세요.
# %%
unit = boot / 255.0
wrong = augment.apply("brightness", unit, delta=0.2)  # taken for 0 to 255
right = augment.apply("brightness", unit, value_range=(0, 1), delta=0.2)
print(f"mean {unit.mean():.3f}; for 0 to 255: {wrong.mean():.3f}, for 0 to 1: {right.mean():.3f}")
assert wrong.mean() > 10 and 0.1 < right.mean() - unit.mean() < 0.21
# %% [markdown] lang="en"
# ## Exercises
#
# ```python
# from tinynet import lessons
#
# lessons.check("mixup", my_mixup)
# lessons.check("cutout", my_cutout)
# ```
#
# On paper: Cutout with side 16 on $32 \times 32$, the centre drawn evenly. What share is erased on average? (Per axis, the
# square covers 16 pixels in the middle, fewer near the border.) The mean above is the answer.
# %% [markdown] lang="ko"
# ## 연습 문제
#
# ```python
# from tinynet import lessons
#
# lessons.check("mixup", my_mixup)
# lessons.check("cutout", my_cutout)
# ```
#
# 손으로 풀어 보기: $32 \times 32$ 이미지에 한 변이 16인 Cutout을 쓰고 중심은 고르게 뽑습니다. 평균적으로 얼마만큼 지워질까요? (한 축만
# 보면 가운데에서는 16픽셀을 덮고, 테두리 근처에서는 덜 덮습니다.) 답은 위에서 구한 평균입니다.
# %%
covered = np.mean([min(32, centre + 8) - max(0, centre - 8) for centre in range(32)]) / 32
print(f"per axis {covered:.4f}, of the area {covered**2:.4f}; measured {erased.mean():.4f}")
assert np.isclose(covered**2, erased.mean(), rtol=0.02)
