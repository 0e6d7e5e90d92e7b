# %% [markdown] lang="en"
# # The CNN practical: Fashion-MNIST with convolutions, and the course on one page
#
# Course rows: 77-78 · Minutes: 70
#
# **The question.** The dense network of lesson 12 takes a picture for 784 numbers in any order. A convolution knows that pixels
# have neighbours. How much is that worth with the *same* number of parameters, what does it cost, and what has the network
# learned to look at?
# %% [markdown] lang="ko"
# # CNN 실습: 합성곱으로 다시 푸는 Fashion-MNIST, 그리고 한 장으로 보는 강의
#
# 강의 항목: 77-78 · 시간(분): 70
#
# **질문.** 12강의 완전 연결 신경망(dense network)에게 사진은 순서 없는 숫자 784개일 뿐입니다. 합성곱(convolution)은 픽셀에 이웃이 있다는
# 것을 압니다. 매개변수(parameter) 수가 *같다면* 이 지식은 얼마나 값질까요? 대가는 무엇일까요? 그리고 신경망은 사진의 어디를 보도록
# 배웠을까요?
# %%
import re
import tempfile
import time
from pathlib import Path

import numpy as np
import matplotlib.pyplot as plt

import tinynet as tn
from tinynet import lessons, plots
from tinynet.textbook import practicals

tn.utils.set_random_seed(0)
plt.rcParams["font.size"] = 14
layers = tn.keras.layers
class_names = tn.datasets.fashion_mnist.CLASS_NAMES
# %% [markdown] lang="en"
# ## The data: one axis more
#
# A convolution wants (height, width, **channels**). Grey has one channel: `[..., None]` turns (28, 28) into (28, 28, 1). The
# split is that of lesson 12: 5,000 images for training, 100 of each class for validation. We do not touch the test set at all
# before the end.
# %% [markdown] lang="ko"
# ## 데이터: 축이 하나 더 필요하다
#
# 합성곱층은 (높이, 너비, **채널(channel)**)을 받습니다. 흑백은 채널이 하나이므로 `[..., None]`으로 (28, 28)을 (28, 28, 1)로 바꿉니다. 나누는
# 방법은 12강과 같습니다. 학습에 5,000장, 검증에 클래스마다 100장입니다. 테스트 데이터는 끝날 때까지 손대지 않습니다.
# %%
(pixels, labels), (test_pixels, test_y) = tn.datasets.fashion_mnist_sample.load_data()
labels, test_y = labels.astype(int), test_y.astype(int)
rng = np.random.default_rng(0)
for_validation = np.concatenate([rng.permutation(np.flatnonzero(labels == c))[:100] for c in range(10)])
for_training = np.setdiff1d(np.arange(len(labels)), for_validation)
x, y = pixels[for_training, ..., None] / 255.0, labels[for_training]
val_x, val_y = pixels[for_validation, ..., None] / 255.0, labels[for_validation]
print("training", x.shape, " validation", val_x.shape)
assert x.shape == (5000, 28, 28, 1) and not set(for_training) & set(for_validation)
# %% [markdown] lang="en"
# ## The network: maps shrink, channels grow
#
# Twice convolution and pooling, then one dense layer. A convolution has
#
# $$\text{parameters} = K \cdot K \cdot C_{in} \cdot C_{out} + C_{out}, \qquad \text{multiplications} = H \cdot W \cdot K \cdot K \cdot C_{in} \cdot C_{out}$$
#
# The parameters do not depend on the size of the image; the work does. Count on paper, then compare.
# %% [markdown] lang="ko"
# ## 신경망: 맵은 작아지고 채널은 늘어난다
#
# 합성곱과 풀링(pooling)을 두 번 하고 완전 연결층을 하나 둡니다. 합성곱층 하나의 매개변수 수와 곱셈 수는 다음과 같습니다.
#
# $$\text{parameters} = K \cdot K \cdot C_{in} \cdot C_{out} + C_{out}, \qquad \text{multiplications} = H \cdot W \cdot K \cdot K \cdot C_{in} \cdot C_{out}$$
#
# 매개변수 수는 이미지 크기와 상관없습니다. 계산량은 이미지가 클수록 늘어납니다. 손으로 먼저 세어 보고 비교해 보세요.
# %%
def network(*parts):
    model = tn.keras.Sequential([tn.keras.Input((28, 28, 1)), *parts])
    model.compile(optimizer="adam", metrics=["accuracy"],
                  loss=tn.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def stack(normalized=False, dropout=0.0, momentum=0.9):
    """Two convolutions, each followed by pooling, and a dense layer."""
    parts = []
    for number, filters in enumerate((16, 32), 1):
        name = f"conv{number}"
        if normalized:
            parts.append(layers.Conv2D(filters, 3, padding="same", use_bias=False, name=name))
            parts += [layers.BatchNormalization(momentum=momentum), layers.ReLU()]
        else:
            parts.append(layers.Conv2D(filters, 3, padding="same", activation="relu", name=name))
        parts.append(layers.MaxPooling2D(2))
    return [*parts, layers.Flatten(), *([layers.Dropout(dropout)] if dropout else []), layers.Dense(10)]


tn.utils.set_random_seed(0)
cnn = network(*stack())
cnn.summary()
first, second, last = 3 * 3 * 1 * 16 + 16, 3 * 3 * 16 * 32 + 32, 7 * 7 * 32 * 10 + 10
products = 28 * 28 * 3 * 3 * 16 + 14 * 14 * 3 * 3 * 16 * 32 + 7 * 7 * 32 * 10
print(f"{first} + {second:,} + {last:,} = {first + second + last:,} parameters, {products:,} multiplications an image")
assert cnn.count_params() == first + second + last == 20_490 and products == 1_031_744
# %% [markdown] lang="en"
# ## Beside a dense network of the same size
#
# A dense network with $h$ hidden units has $785 h + 10 (h + 1)$ parameters; $h = 26$ makes 20,680. Both see the same 5,000
# images. A third one is the convolutional network again, but on images whose 784 pixels are shuffled, in **one** order for all: no
# information is lost, only the neighbours are. And each is tested on images moved by two pixels.
# %% [markdown] lang="ko"
# ## 같은 크기의 완전 연결 신경망과 나란히
#
# 은닉 뉴런이 $h$개인 완전 연결 신경망의 매개변수는 $785 h + 10 (h + 1)$개이고, $h = 26$이면 20,680개입니다. 둘 다 같은 이미지 5,000장을 봅니다.
# 세 번째는 다시 합성곱 신경망인데, 픽셀 784개를 모든 이미지에서 **똑같은** 순서로 뒤섞은 데이터를 줍니다. 정보는 하나도 잃지 않았고 이웃만
# 사라졌습니다. 그리고 2픽셀 옮긴 이미지로도 시험합니다.
# %%
order = rng.permutation(784)


def shuffled(images):
    return images.reshape(len(images), 784)[:, order].reshape(images.shape)


tn.utils.set_random_seed(0)
dense = network(layers.Flatten(), layers.Dense(26, activation="relu"), layers.Dense(10))
without_neighbours = network(*stack())
loss, accuracy, moved = {}, {}, {}
for name, model, change, epochs in (("dense", dense, np.array, 8), ("cnn", cnn, np.array, 8),
                                    ("cnn, shuffled pixels", without_neighbours, shuffled, 5)):
    began = time.process_time()
    run = model.fit(change(x), y, epochs=epochs, validation_data=(change(val_x), val_y), verbose=0)
    seconds = time.process_time() - began
    loss[name], accuracy[name] = min(run.history["val_loss"]), run.history["val_accuracy"][-1]
    moved[name] = model.evaluate(change(np.roll(val_x, (2, 2), axis=(1, 2))), val_y, verbose=0)[1]
    print(f"{name:<20} {model.count_params():,} parameters, {seconds / epochs:.2f} s an epoch; lowest validation loss {loss[name]:.3f}, "
          f"accuracy {accuracy[name]:.3f}, moved {moved[name]:.3f}")
assert dense.count_params() == 785 * 26 + 10 * 27 == 20_680 and round(products / (784 * 26 + 26 * 10)) == 50
assert loss["cnn"] < min(loss["dense"], loss["cnn, shuffled pixels"]) - 0.01
assert moved["cnn"] > moved["dense"] + 0.04 and accuracy["cnn"] > 0.82
# %% [markdown] lang="en"
# With the same number of parameters the convolutional network is better; without neighbours the advantage is gone. So it is the
# **structure**, not the size. The bill: fifty times as many multiplications. And when the image moves, it is hurt less, but it
# is hurt: why, we shall see.
#
# ## Where does it gain?
#
# Recall by class, beside the dense network, and the worst mistakes that remain.
# %% [markdown] lang="ko"
# 매개변수 수가 같은데도 합성곱 신경망이 낫고, 이웃을 없애면 그 이점도 사라집니다. 그러니까 크기가 아니라 **구조** 덕분입니다. 대신 곱셈이 50배쯤
# 듭니다. 이미지가 옮겨지면 덜 다치지만 다치기는 합니다. 왜 그런지는 곧 봅니다.
#
# ## 어디서 나아졌을까?
#
# 클래스별 재현율(recall)을 완전 연결 신경망과 나란히 놓고, 아직도 가장 크게 틀리는 이미지를 봅시다.
# %%
logits = {"dense": dense.predict(val_x, verbose=0), "cnn": cnn.predict(val_x, verbose=0)}
recall = {name: plots.class_scores(plots.confusion_counts(val_y, z))[1] for name, z in logits.items()}
for c in np.argsort(recall["dense"] - recall["cnn"]):
    print(f"{class_names[c]:<12} dense {recall['dense'][c]:.2f}  cnn {recall['cnn'][c]:.2f}")
axes = plots.mistakes(val_x, val_y, logits["cnn"], names=class_names, count=12)
predicted = {name: z.argmax(axis=1) for name, z in logits.items()}
both = ((predicted["dense"] != val_y) & (predicted["cnn"] != val_y)).sum()
wrong = {name: int((p != val_y).sum()) for name, p in predicted.items()}
print(f"wrong: dense {wrong['dense']}, cnn {wrong['cnn']}, both of them {both}")
assert both > 0.5 * wrong["cnn"] and recall["cnn"][[1, 8]].min() > recall["cnn"][6]
# %% [markdown] lang="en"
# Most of what the one gets wrong, the other gets wrong too: those images are hard, or their labels are wrong.
#
# ## Look inside: filters and feature maps
#
# The filters of the first layer are $3 \times 3$ numbers, each sign with a colour. Many of them are edges. The maps show
# where each filter answers; after pooling and a second convolution they are coarser, and there are more.
# %% [markdown] lang="ko"
# 한쪽이 틀리는 것은 대부분 다른 쪽도 틀립니다. 어려운 이미지이거나, 레이블이 잘못된 것입니다.
#
# ## 안을 들여다보기: 필터와 특징 맵
#
# 첫 층의 필터(filter)는 $3 \times 3$개의 숫자입니다. 두 가지 색이 양수와 음수이고, 가장자리(edge)를 찾는 것이 많습니다. 특징 맵(feature map)은
# 필터가 어디에서 반응하는지 보여 줍니다. 풀링과 두 번째 합성곱을 지나면 맵은 더 거칠어지고 개수는 늘어납니다.
# %%
axes = plots.filters(cnn, "conv1", count=16)
boot = val_x[np.argmax(val_y == 9)]
axes = plots.feature_maps(cnn, boot, ["conv1", "conv2"], maps=8)
kernel = cnn.get_layer("conv1").get_weights()[0]
both_signs = ((kernel > 0).any(axis=(0, 1, 2)) & (kernel < 0).any(axis=(0, 1, 2))).mean()
print(f"filters with weights of both signs: {both_signs:.0%}")
assert kernel.shape == (3, 3, 1, 16) and both_signs > 0.7 and axes.shape == (2, 8)
# %% [markdown] lang="en"
# ## A head without positions
#
# The moved images failed at the end: `Flatten` gives each of the $7 \times 7$ positions weights of its own. **Global average
# pooling** takes the mean of each map instead; the dense layer then only knows *how much* of a feature there is, and not where.
# A third convolution, of 64 filters, and batch normalization make up for the weights that are gone.
# %% [markdown] lang="ko"
# ## 위치를 모르는 헤드(head)
#
# 옮긴 이미지는 맨 끝에서 실패했습니다. `Flatten`을 쓰면 $7 \times 7$ 위치마다 가중치가 따로 있기 때문입니다. **전역 평균 풀링(global average
# pooling)** 은 그 대신 맵마다 평균을 냅니다. 그러면 완전 연결층은 어떤 특징이 *얼마나* 있는지만 알고 어디에 있는지는 모릅니다. 사라진 가중치를
# 메우려고 필터 64개짜리 세 번째 합성곱과 배치 정규화를 넣습니다.
# %%
def averaging():
    """Three convolutions, global average pooling, a dense layer."""
    parts = []
    for number, filters in enumerate((16, 32, 64), 1):
        parts.append(layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"conv{number}"))
        parts += [layers.BatchNormalization(momentum=0.9), layers.ReLU()]
        parts.append(layers.MaxPooling2D(2) if number < 3 else layers.GlobalAveragePooling2D())
    return [*parts, layers.Dense(10)]


tn.utils.set_random_seed(0)
averaged = network(*averaging())
averaged.fit(x, y, epochs=7, verbose=0)
accuracy["average"] = averaged.evaluate(val_x, val_y, verbose=0)[1]
moved["average"] = averaged.evaluate(np.roll(val_x, (2, 2), axis=(1, 2)), val_y, verbose=0)[1]
print(f"{averaged.count_params():,} parameters, validation {accuracy['average']:.3f} (flatten {accuracy['cnn']:.3f}), "
      f"moved {moved['average']:.3f} (flatten {moved['cnn']:.3f})")
assert averaged.count_params() == 24_282 and accuracy["average"] < accuracy["cnn"]
assert accuracy["average"] - moved["average"] < accuracy["cnn"] - moved["cnn"] - 0.05
# %% [markdown] lang="en"
# After 7 epochs it is not as good on images as they are: it has to learn without looking at positions, and these clothes are all
# centred. But moving them hurts it much less. As with augmentation, you get the invariance that you ask for.
#
# ## Grad-CAM: where does the answer come from?
#
# $$\alpha_k = \frac{1}{H W} \sum_{i, j} \frac{\partial z_c}{\partial A^k_{ij}}, \qquad L = \mathrm{ReLU}\Big(\sum_k \alpha_k A^k\Big)$$
#
# $A^k$ are the feature maps of the last convolution, $z_c$ the logit of the class. Each map counts as much as the logit rises with
# it, on **average** over the positions. Is the picture true, or only pretty? **Test it:** cover a patch where the map is hottest,
# and one where it is coldest, both on the garment. Which one costs the class more probability?
# %% [markdown] lang="ko"
# 7 에폭 뒤, 원래 이미지에서는 `Flatten`을 쓴 쪽에 못 미칩니다. 위치를 보지 않고 배워야 하는데, 이 옷들은 모두 한가운데에 있기 때문입니다. 하지만 옮겨도 훨씬 덜
# 다칩니다. 증강에서 보았듯이, 여러분이 요구한 불변성(invariance)을 얻게 됩니다.
#
# ## Grad-CAM: 답은 어디에서 나왔을까?
#
# $$\alpha_k = \frac{1}{H W} \sum_{i, j} \frac{\partial z_c}{\partial A^k_{ij}}, \qquad L = \mathrm{ReLU}\Big(\sum_k \alpha_k A^k\Big)$$
#
# $A^k$는 마지막 합성곱층의 특징 맵이고 $z_c$는 그 클래스의 로짓(logit)입니다. 맵이 커질 때 로짓이 얼마나 커지는지를 모든 위치에서 **평균** 내어
# 그 맵의 가중치로 씁니다. 그런데 이 그림은 참일까요, 아니면 보기에만 그럴듯할까요? **시험해 봅시다.** 옷 위에서 가장 뜨거운 곳과 가장 차가운 곳의 조각을
# 하나씩 가려 봅니다. 어느 쪽을 가릴 때 확률이 더 떨어질까요?
# %%
examples = [int(np.argmax(val_y == c)) for c in (9, 8, 1, 3)]
_, axes = plt.subplots(1, 4, figsize=(13, 3.6), layout="constrained")
for ax, index in zip(axes, examples, strict=True):
    plots.grad_cam(averaged, val_x[index], layer="conv3", names=class_names, ax=ax)


def patch_means(values):
    return np.lib.stride_tricks.sliding_window_view(values, (8, 8)).mean(axis=(2, 3))


def probability(model, images, c):
    return np.asarray(tn.keras.activations.softmax(model.predict(images, verbose=0)))[:, c]


answers = averaged.predict(val_x, verbose=0).argmax(axis=1)
right = rng.permutation(np.flatnonzero(answers == val_y))[:100]
falls = []
for index in right:
    image, c = val_x[index], int(val_y[index])
    heat = np.kron(plots.grad_cam_map(averaged, image, "conv3", c), np.ones((4, 4)))  # from 7 x 7 to 28 x 28
    patches, on_garment = patch_means(heat), patch_means(image[..., 0]) > 0.3
    covered = np.stack([image] * 3)
    for copy, position in zip(covered[1:], (np.where(on_garment, patches, -1).argmax(), np.where(on_garment, patches, 2).argmin()), strict=True):
        row, column = np.unravel_index(position, patches.shape)
        copy[row : row + 8, column : column + 8] = 0
    p = probability(averaged, covered, c)
    falls.append(p[0] - p[1:])
hottest, coldest = np.mean(falls, axis=0)
empty = {name: sum(not plots.grad_cam_map(model, val_x[i], layer, int(val_y[i])).any() for i in right)
         for name, model, layer in (("average", averaged, "conv3"), ("flatten", cnn, "conv2"))}
print(f"mean fall of the probability: hottest patch covered {hottest:.3f}, coldest {coldest:.3f}; empty maps {empty}")
assert len(right) == 100 and hottest > 0.1 and hottest > coldest + 0.05
assert empty["flatten"] > 30 > 10 > empty["average"]
# %% [markdown] lang="en"
# The hot patch matters more. But look at the last number: for the network with `Flatten` most maps are **empty**. There a feature
# speaks for the class in one position and against it in another, and the average over positions cancels. Grad-CAM suits networks
# that end in global average pooling (for the maps that are averaged, $\alpha_k$ is simply the dense layer's weight over $H W$); for
# others, cover and measure: `plots.occlusion`. And the map has only $7 \times 7$ points: a region, not an outline.
#
# ## One thing at a time
#
# 500 images, 20 epochs, **one** seed each. After lesson 12 you know what that means: only differences of more than two
# standard errors (0.024) count.
# %% [markdown] lang="ko"
# 뜨거운 조각이 더 중요합니다. 그런데 마지막 숫자를 보세요. `Flatten`을 쓴 신경망에서는 맵이 대부분 **비어 있습니다**. 같은 특징이 어떤 위치에서는
# 그 클래스를 지지하고 다른 위치에서는 반대해서, 위치에 대해 평균 내면 사라지기 때문입니다. Grad-CAM은 전역 평균 풀링으로 끝나는 신경망에 맞는
# 방법입니다(평균 내는 맵이라면 $\alpha_k$는 완전 연결층의 가중치를 $H W$로 나눈 값입니다). 다른 신경망이라면 `plots.occlusion`처럼 가려 보고 재세요. 그리고
# 맵의 점은 $7 \times 7$개뿐이니 윤곽이 아니라 대략의 영역으로 읽으세요.
#
# ## 한 번에 하나씩
#
# 이미지 500장, 20 에폭, 시드는 **하나**씩입니다. 12강을 들은 여러분은 이것이 무슨 뜻인지 압니다. 표준 오차의 두 배(0.024)를 넘는 차이만
# 의미가 있습니다.
# %%
def augmentation():
    return [layers.RandomFlip("horizontal", seed=0),
            layers.RandomTranslation(2 / 28, 2 / 28, fill_mode="constant", interpolation="nearest", seed=1)]


remedies = {
    "nothing": lambda: stack(),
    "dropout, 0.5": lambda: stack(dropout=0.5),
    "batch norm.": lambda: stack(normalized=True),
    "augmentation": lambda: [*augmentation(), *stack()],
    "all three": lambda: [*augmentation(), *stack(normalized=True, dropout=0.3)],
}
table = {}
print(f"{'':<13} training  validation  moved by two")
for name, build in remedies.items():
    tn.utils.set_random_seed(0)
    model = network(*build())
    model.fit(x[:500], y[:500], epochs=20, verbose=0)
    table[name] = [model.evaluate(images, classes, verbose=0)[1] for images, classes in
                   ((x[:500], y[:500]), (val_x, val_y), (np.roll(val_x, (2, 2), axis=(1, 2)), val_y))]
    print(f"{name:<13} {table[name][0]:.3f}     {table[name][1]:.3f}       {table[name][2]:.3f}")
gap = {name: train - validation for name, (train, validation, _) in table.items()}
print("gap between training and validation:", {name: round(float(value), 3) for name, value in gap.items()})
assert 2 * np.sqrt(0.82 * 0.18 / 1000) < 0.0245
assert table["batch norm."][0] > 0.96 and gap["augmentation"] < gap["nothing"] - 0.02
assert min(table["augmentation"][2], table["all three"][2]) > table["nothing"][2] + 0.06
assert max(validation for _, validation, _ in table.values()) < table["nothing"][1] + 0.04
# %% [markdown] lang="en"
# Batch normalization learns fastest, down to the last of the 500 images. Augmentation closes the gap and buys what it claims: moved
# images. On images as they are, none is clearly ahead of "nothing"; augmentation, the harder task, is even a little lower after 20
# epochs. Together they are the recipe for **long** training with many images, as in the next section.
#
# ## Deeper: VGG's idea at 28 x 28
#
# Two $3 \times 3$ convolutions see as far as one of $5 \times 5$, with fewer parameters ($18 C^2$ instead of $25 C^2$) and one
# more ReLU. `practicals.build_vgg` has three blocks of two, with batch normalization and dropout.
# %% [markdown] lang="ko"
# 배치 정규화가 가장 빨리 배웁니다. 500장을 마지막 한 장까지 외웁니다. 증강은 틈을 좁히고, 약속한 것, 곧 옮긴 이미지에서의 정확도를 줍니다. 원래
# 이미지에서는 "nothing"을 뚜렷이 앞서는 것이 없고, 더 어려운 문제를 푸는 증강은 20 에폭 뒤에 오히려 조금 낮습니다. 셋을 함께 쓰는 조합은
# 많은 이미지로 **오래** 학습할 때 힘을 냅니다. 다음 절에서 봅니다.
#
# ## 더 깊게: 28 x 28에 옮긴 VGG의 생각
#
# $3 \times 3$ 합성곱 두 개는 $5 \times 5$ 하나와 같은 넓이를 보면서 매개변수는 적고($25 C^2$ 대신 $18 C^2$) ReLU가 하나 더 들어갑니다.
# `practicals.build_vgg`는 두 개씩 세 블록이고, 배치 정규화와 드롭아웃이 들어 있습니다.
# %%
vgg = practicals.build_vgg()
maps = [layer.output.shape[1:] for layer in vgg.layers if isinstance(layer, layers.Conv2D | layers.MaxPooling2D)]
print(*(" x ".join(map(str, shape)) for shape in maps), sep="  ->  ")
print(f"{vgg.count_params():,} parameters")
assert [shape[0] for shape in maps] == [28, 28, 14, 14, 14, 7, 7, 7, 3]
assert [shape[-1] for shape in maps[::3]] == [32, 64, 128] and vgg.count_params() == 436_650
# %% [markdown] lang="en"
# Trained with augmentation on our 5,000 images (a "long" cell: some minutes). On all 60,000, with its schedule and its table by
# class: `tinynet train fashion-mnist --model vgg --augment`.
# %% [markdown] lang="ko"
# 우리의 5,000장에 증강을 넣어 학습합니다("long" 셀: 몇 분 걸립니다). 60,000장 전부를 학습률 스케줄과 클래스별 표까지 갖춰 돌리려면
# `tinynet train fashion-mnist --model vgg --augment`입니다.
# %% tags=["long"]
epochs, batch_size = 20, 64
tn.utils.set_random_seed(0)
deep = practicals.augmented(practicals.build_vgg(block_dropout=0.1, dense_dropout=0.3), cut=6)
schedule = tn.keras.optimizers.schedules.CosineDecay(1e-3, epochs * -(-len(x) // batch_size))
deep.compile(optimizer=tn.keras.optimizers.AdamW(schedule, weight_decay=0.05), metrics=["accuracy"],
             loss=tn.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
run = deep.fit(x, y, batch_size=batch_size, epochs=epochs, validation_data=(val_x, val_y), verbose=2)
axes = plots.history(run)
print(f"small network: lowest validation loss {loss['cnn']:.3f}, accuracy {accuracy['cnn']:.3f}; "
      f"VGG-like: {run.history['val_loss'][-1]:.3f}, {run.history['val_accuracy'][-1]:.3f}")
assert run.history["val_loss"][-1] < loss["cnn"] - 0.04
# %% [markdown] lang="en"
# ## How fast is it?
#
# A single image spends most of its time on preparations; a batch shares them. The same model on tinynet's NumPy reference gives the
# same answers, slowly. (Lesson 11 folds batch normalization into the convolution before it.)
# %% [markdown] lang="ko"
# ## 얼마나 빠를까?
#
# 이미지를 한 장씩 넣으면 시간의 대부분을 준비하는 데 씁니다. 배치로 넣으면 그 시간을 나눠 갖습니다. 같은 모델을 tinynet의 NumPy 참조 구현으로
# 돌리면 답은 같고 속도만 느립니다. (배치 정규화를 앞 층에 접어 넣는 방법은 11강에 있습니다.)
# %%
def per_image(model, images, repeat=15):
    """Microseconds an image, the fastest of several runs: the others were disturbed."""
    taken = []
    for _ in range(repeat):
        began = time.perf_counter()
        model.predict_on_batch(images)
        taken.append(time.perf_counter() - began)
    return min(taken) / len(images) * 1e6


batch = val_x[:256].astype(np.float32)
by_size = {size: per_image(cnn, batch[:size]) for size in (1, 16, 256)}
print("microseconds an image:", {f"batch of {size}": round(value) for size, value in by_size.items()})
native = cnn.predict_on_batch(batch)
with tn.backend("numpy"):
    reference = cnn.predict_on_batch(batch)
    print(f"NumPy reference {per_image(cnn, batch, repeat=2):.0f}")
assert min(by_size[16], by_size[256]) < 0.8 * by_size[1]
assert np.allclose(native, reference, atol=1e-3)
# %% [markdown] lang="en"
# ## Save it, and the test set, once
#
# As in lesson 12: raw pixels in, probabilities out. The file is little more than 4 bytes a parameter.
# %% [markdown] lang="ko"
# ## 저장하기, 그리고 테스트 데이터는 단 한 번
#
# 12강처럼 원래 픽셀을 받아 확률을 돌려주게 만듭니다. 파일 크기는 매개변수 하나에 4바이트를 조금 넘습니다.
# %%
complete = tn.keras.Sequential([tn.keras.Input((28, 28)), layers.Reshape((28, 28, 1)), layers.Rescaling(1 / 255),
                                *cnn.layers, layers.Softmax()])
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "clothes.keras"
    complete.save(path)
    size = path.stat().st_size
    loaded = tn.keras.models.load_model(path)
answers = loaded.predict(test_pixels, verbose=0)
final = (answers.argmax(axis=1) == test_y).mean()
margin = 1.96 * np.sqrt(final * (1 - final) / len(test_y))
print(f"{size / 1024:.0f} KB for {cnn.count_params():,} parameters; test accuracy {final:.3f} ± {margin:.3f}")
assert np.array_equal(answers, complete.predict(test_pixels, verbose=0))
assert 4 * cnn.count_params() < size < 6 * cnn.count_params() and 0.8 < final < 0.92
# %% [markdown] lang="en"
# ## In Keras's words
#
# One convolution by hand, beside the layer; and how the sizes change. `padding="valid"` loses a border; pooling drops what does
# not fill a window: 11 becomes 5. This cell runs on Keras 3 too.
# %% [markdown] lang="ko"
# ## Keras 방식으로
#
# 합성곱 하나를 손으로 계산해 층과 비교하고, 크기가 어떻게 변하는지도 봅니다. `padding="valid"`는 테두리를 잃고, 풀링은 창을 채우지 못한 나머지를
# 버립니다. 11은 5가 됩니다. 이 셀은 Keras 3에서도 실행됩니다.
# %% tags=["keras"]
import numpy as np
import tinynet as tf

image = np.random.default_rng(0).normal(size=(1, 28, 28, 1)).astype("float32")
convolution = tf.keras.layers.Conv2D(4, 3, activation="relu")
output = np.asarray(convolution(image))
kernel, bias = (np.asarray(weight) for weight in convolution.get_weights())
windows = np.lib.stride_tricks.sliding_window_view(image[0, ..., 0], (3, 3))
by_hand = np.maximum(np.einsum("ijpq,pqk->ijk", windows, kernel[:, :, 0]) + bias, 0)
small = tf.keras.Sequential([
    tf.keras.Input((28, 28, 1)),
    tf.keras.layers.Conv2D(4, 3), tf.keras.layers.MaxPooling2D(), tf.keras.layers.Conv2D(8, 3), tf.keras.layers.MaxPooling2D(),
    tf.keras.layers.Flatten(), tf.keras.layers.Dense(10),
])
sizes = [tuple(layer.output.shape[1:]) for layer in small.layers]
print(*sizes)
assert output.shape == (1, 26, 26, 4) and np.allclose(output[0], by_hand, atol=1e-5)
assert sizes == [(26, 26, 4), (13, 13, 4), (11, 11, 8), (5, 5, 8), (200,), (10,)]
# %% [markdown] lang="en"
# ## Try it
#
# 1. Train `averaging()` for 25 epochs, with `augmentation()` before it: does it catch up on the images as they are?
# 2. Filters of $5 \times 5$, or three blocks: count the parameters first, then train.
# 3. `plots.occlusion(averaged, boot)` and `plots.saliency(averaged, boot, samples=20)`: do the three methods agree?
# 4. The network `cheat` of the next section has learned from a white dot. `plots.occlusion(cheat, ...)`: does the map show it?
#
# Train one live and look at its maps; draw your own garment:
#
#     tinynet lab cnn
#
#     tinynet lab convolution
# %% [markdown] lang="ko"
# ## 실험해 봅시다
#
# 1. `averaging()` 앞에 `augmentation()`을 두고 25 에폭 학습하면 원래 이미지에서도 따라잡을까요?
# 2. 필터를 $5 \times 5$로, 또는 블록을 세 개로 바꿔 보세요. 매개변수를 먼저 세고 나서 학습하세요.
# 3. `plots.occlusion(averaged, boot)`과 `plots.saliency(averaged, boot, samples=20)`를 그려 보세요. 세 가지 방법이 같은 곳을 가리키나요?
# 4. 다음 절의 신경망 `cheat`는 흰 점을 보고 배웠습니다. `plots.occlusion(cheat, ...)`에 그것이 드러나나요?
#
# 실험실에서 직접 학습하고 특징 맵을 보세요. 여러분이 그린 옷도 넣을 수 있습니다.
#
#     tinynet lab cnn
#
#     tinynet lab convolution
# %% [markdown] lang="en"
# ## What goes wrong in practice
#
# * **A shortcut.** Whatever tells the classes apart is learned: the hospital's mark on the X-ray, the snow under the wolf. In the
#   cell below each T-shirt of the training images has a white dot in its corner. The training accuracy is fine.
# * **The channels' axis.** PyTorch has it first, (1, 28, 28), Keras last. Here the first layer refuses it, see below; where the sizes
#   happen to fit, a network trains on nonsense. A missing axis of length 1 is added for you.
# * **Batch normalization after few steps.** Keras's `momentum=0.99` needs hundreds of steps; until then `evaluate` looks broken while
#   `fit` looks fine. The cell has one epoch with 0.99 and one with 0.9.
# * **Pooling too often.** 28, 14, 7, 3, 1: after the third one there is hardly a picture left.
# * **Grad-CAM taken for a proof.** It shows where, on a coarse grid, and not why; and sometimes nothing. Cover and measure, as above.
# * **A flip that lies.** Upside down, a boot is no boot; left and right, a "b" is a "d".
# %% [markdown] lang="ko"
# ## 실제로 자주 하는 실수
#
# * **지름길(shortcut).** 클래스를 가르는 것이면 무엇이든 배웁니다. X선 사진에 찍힌 병원 표시, 늑대 발밑의 눈 같은 것입니다. 아래 셀에서는 학습
#   이미지의 모든 티셔츠 구석에 흰 점을 찍었습니다. 학습 정확도는 멀쩡합니다.
# * **채널 축의 위치.** PyTorch는 (1, 28, 28)처럼 채널이 앞에 오고 Keras는 뒤에 옵니다. 여기서는 첫 층이 거부하지만(아래 셀), 크기가 우연히 맞으면
#   엉뚱한 것을 배우면서 그냥 돌아갑니다. 길이가 1인 축이 없을 때는 알아서 붙여 줍니다.
# * **몇 걸음 가지 않은 배치 정규화.** Keras의 `momentum=0.99`는 수백 걸음이 필요합니다. 그 전에는 `fit`은 멀쩡한데 `evaluate`가 망가진 것처럼
#   보입니다. 아래 셀에서 0.99와 0.9로 한 에폭씩 돌려 봅니다.
# * **풀링을 너무 많이 하기.** 28, 14, 7, 3, 1. 세 번이면 남는 그림이 거의 없습니다.
# * **Grad-CAM을 증거로 여기기.** 거친 격자 위에서 어디인지를 보여 줄 뿐 왜인지는 말해 주지 않고, 때로는 아무것도 보여 주지 않습니다. 위에서처럼
#   가려 보고 재세요.
# * **거짓말하는 뒤집기.** 위아래로 뒤집은 부츠는 부츠가 아니고, 좌우로 뒤집은 "b"는 "d"입니다.
# %%
tn.utils.set_random_seed(0)
marked_x, marked_y = x[:1000].copy(), y[:1000]
marked_x[marked_y == 0, :3, :3] = 1.0  # a white dot on each T-shirt
cheat = network(*stack())
cheat.fit(marked_x, marked_y, epochs=12, verbose=0)
shirts, t_shirts = val_x[val_y == 6], val_x[val_y == 0]
dotted = shirts.copy()
dotted[:, :3, :3] = 1.0
as_t_shirt = {name: float((cheat.predict(images, verbose=0).argmax(axis=1) == 0).mean()) for name, images in
              {"T-shirts without the dot": t_shirts, "shirts": shirts, "shirts with the dot": dotted}.items()}
print("training accuracy", round(cheat.evaluate(marked_x, marked_y, verbose=0)[1], 3), " taken for T-shirts:", as_t_shirt)
assert as_t_shirt["T-shirts without the dot"] < 0.2 and as_t_shirt["shirts with the dot"] > 0.6
assert cheat.evaluate(marked_x, marked_y, verbose=0)[1] > 0.8

channels_first = val_x.transpose(0, 3, 1, 2)
refused = ""
try:
    cnn.predict(channels_first, verbose=0)
except ValueError as error:
    refused = str(error)
print("channels first:", refused)
assert channels_first.shape == (1000, 1, 28, 28) and "28 channels but kernel expects 1" in refused
assert np.array_equal(cnn.predict(val_x[..., 0], verbose=0), cnn.predict(val_x, verbose=0))

early = {}
for momentum in (0.99, 0.9):
    tn.utils.set_random_seed(0)
    young = network(*stack(normalized=True, momentum=momentum))
    young.fit(x[:2000], y[:2000], epochs=1, verbose=0)
    early[momentum] = young.evaluate(val_x, val_y, verbose=0)
    print(f"one epoch, momentum {momentum}: validation loss {early[momentum][0]:.2f}, accuracy {early[momentum][1]:.2f}")
assert early[0.99][0] > 1.5 * early[0.9][0]
# %% [markdown] lang="en"
# ## The course on one page
#
# | | what to do | lesson |
# |---|---|---|
# | 1 | Look at the data, split it without a leak, lock the test set away | 12 |
# | 2 | A baseline, and the standard error of your measure | 12 |
# | 3 | A small network; first loss $\ln 10$; learn one batch by heart | 12 |
# | 4 | First weights by He or Xavier, ReLU; batch normalization when it is deep | 6, 11 |
# | 5 | Adam with 0.001, batches of 32 to 128; then the rate up and down by factors of 3 | 2-5 |
# | 6 | For images: convolutions, pooling; maps shrink, channels grow | 13, 14 |
# | 7 | Over-fit first. Then: more data, augmentation, early stopping, dropout, L2; one at a time | 7-10 |
# | 8 | Where is it wrong, and how sure? Confusion matrix, mistakes, calibration, Grad-CAM | 12, 14 |
# | 9 | Save it with its scaling; the test set once; a number with its margin | 12, 14 |
#
# ## The live lecture, as a map
#
# The lecture was live: a word, a picture that moves, code to run, a question to the class. Here are its parts:
#
# * **Lessons** are the words and the code: `tinynet lessons --lang ko --out course` writes them as notebooks, `tinynet lessons run 14`
#   runs one in the terminal.
# * **Labs** are the pictures that move: `tinynet lab` opens them in the browser. For a class: `tinynet lab --host 0.0.0.0`.
# * **Exercises** are the questions: `lessons.check("convolution", my_convolution)` names the mistake.
#
# The cell makes the map out of the lessons themselves.
# %% [markdown] lang="ko"
# ## 한 장으로 보는 강의
#
# | | 할 일 | 강 |
# |---|---|---|
# | 1 | 데이터를 눈으로 보고, 새지 않게 나누고, 테스트 데이터는 잠가 두기 | 12 |
# | 2 | 기준 모델, 그리고 측정값의 표준 오차 구하기 | 12 |
# | 3 | 작은 신경망부터. 첫 손실이 $\ln 10$인지, 배치 하나를 외우는지 확인하기 | 12 |
# | 4 | 첫 가중치는 He나 Xavier, 활성화 함수는 ReLU. 깊으면 배치 정규화 | 6, 11 |
# | 5 | Adam에 학습률 0.001, 배치 크기 32~128. 그다음 학습률을 세 배씩 올리고 내려 보기 | 2-5 |
# | 6 | 이미지라면 합성곱과 풀링. 맵은 작아지고 채널은 늘어나게 | 13, 14 |
# | 7 | 먼저 과적합시키고, 그다음 데이터 더 모으기, 증강, 조기 종료, 드롭아웃, L2를 한 번에 하나씩 | 7-10 |
# | 8 | 어디서 틀리고 얼마나 확신하는가? 혼동 행렬, 틀린 이미지, 보정, Grad-CAM | 12, 14 |
# | 9 | 나누기까지 넣어 저장하고, 테스트는 한 번. 숫자에는 오차 범위를 함께 | 12, 14 |
#
# ## 라이브 강의를 지도로
#
# 이 강의는 라이브였습니다. 설명을 듣고, 움직이는 그림을 보고, 코드를 돌리고, 질문을 받았지요. 그 부분들은 여기에 있습니다.
#
# * **강의 노트**가 설명과 코드입니다. `tinynet lessons --lang ko --out course`로 노트북을 받고, `tinynet lessons run 14`로 터미널에서 돌립니다.
# * **실험실**이 움직이는 그림입니다. `tinynet lab`을 실행하면 브라우저에 열립니다. 수업에서는 `tinynet lab --host 0.0.0.0`을 쓰세요.
# * **연습 문제**가 질문입니다. `lessons.check("convolution", my_convolution)`은 어떤 실수인지 이름을 짚어 줍니다.
#
# 아래 셀은 강의 노트들에서 직접 지도를 만듭니다.
# %%
lang = plots.set_style()["lang"]
opened, rows_covered = set(), set()
for lesson in lessons.all_lessons():
    text = "\n".join(cell.texts[lang] for cell in lesson.cells if not cell.is_code)
    labs = list(dict.fromkeys(re.findall(r"^ {4}tinynet lab '?(\w+)", text, re.MULTILINE)))
    exercises = re.findall(r'^lessons\.check\("(\w+)"', text, re.MULTILINE)
    low, _, high = lesson.rows.partition("-")
    rows_covered |= set(range(int(low), int(high or low) + 1)) if low else set()
    opened |= set(labs)
    print(f"{lesson.number:>2}  {lesson.rows:>5}  {lesson.titles[lang]}\n      lab: {', '.join(labs)}; exercises: {', '.join(exercises)}")
print(len(opened), "labs,", len(rows_covered), "rows of the course")
assert {67, 77, 78} <= rows_covered and {"cnn", "early_stopping", "dropout"} <= opened
# %% [markdown] lang="en"
# ## Exercises
#
# ```python
# from tinynet import lessons
#
# lessons.check("output_size", my_output_size)
# lessons.check("convolution", my_convolution)
# lessons.check("grad_cam", my_grad_cam)
# ```
#
# On paper: images of $28 \times 28 \times 1$, two convolutions of $5 \times 5$ with 6 and 16 filters, `valid`, each followed by a
# pooling of 2, then dense layers of 120, 84 and 10. How many parameters? (It is nearly LeNet-5, of 1998.)
# %% [markdown] lang="ko"
# ## 연습 문제
#
# ```python
# from tinynet import lessons
#
# lessons.check("output_size", my_output_size)
# lessons.check("convolution", my_convolution)
# lessons.check("grad_cam", my_grad_cam)
# ```
#
# 손으로 풀어 보기: $28 \times 28 \times 1$ 이미지에 필터 6개와 16개짜리 $5 \times 5$ `valid` 합성곱을 두 번, 각각 뒤에 2짜리 풀링을 두고,
# 완전 연결층 120, 84, 10을 잇습니다. 매개변수는 모두 몇 개일까요? (1998년의 LeNet-5와 거의 같습니다.)
# %%
lenet = network(layers.Conv2D(6, 5), layers.MaxPooling2D(), layers.Conv2D(16, 5), layers.MaxPooling2D(), layers.Flatten(),
                layers.Dense(120), layers.Dense(84), layers.Dense(10))
by_paper = (25 * 6 + 6) + (25 * 6 * 16 + 16) + (4 * 4 * 16 * 120 + 120) + (120 * 84 + 84) + (84 * 10 + 10)
print(f"{lenet.count_params():,} parameters")
assert lenet.count_params() == by_paper == 44_426
