# %% [markdown] lang="en"
# # Convolution
#
# Course rows: 68-76 · Minutes: 50
#
# **The question.** Shuffle the pixels of all images, each in the same way. You cannot read one of them any more. A dense
# network learns from them exactly as well as before. What does it fail to use, and what does that cost?
# %% [markdown] lang="ko"
# # 합성곱(convolution)
#
# 강의 항목: 68-76 · 시간(분): 50
#
# **질문.** 모든 이미지의 픽셀을 똑같은 순서로 뒤섞어 봅시다. 사람은 한 장도 알아볼 수 없습니다. 그런데 완전 연결 신경망(MLP)은 전과
# 똑같이 잘 배웁니다. MLP는 무엇을 이용하지 못하는 것이고, 그 대가는 무엇일까요?
# %%
import numpy as np
import matplotlib.pyplot as plt

import tinynet as tn
from tinynet import ops, plots, textbook

tn.utils.set_random_seed(0)
plt.rcParams["font.size"] = 14
layers = tn.keras.layers

(train_x, train_y), (new_x, new_y) = tn.datasets.fashion_mnist_sample.load_data()
names = tn.datasets.fashion_mnist.CLASS_NAMES
rng = np.random.default_rng(0)


def anywhere(images, side=40):
    """Each image at a random position on a black ground, as an object in a photo."""
    placed = np.zeros((len(images), side, side, 1), np.float32)
    for ground, image, (top, left) in zip(placed, images / 255.0, rng.integers(0, side - 27, (len(images), 2))):
        ground[top : top + 28, left : left + 28, 0] = image
    return placed


train_x, train_y = anywhere(train_x[:3000]), train_y[:3000]
new_x = anywhere(new_x)
order = rng.permutation(40 * 40)


def shuffled(images):
    return images.reshape(-1, 40 * 40)[:, order].reshape(images.shape)


axes = plots.image_grid(np.concatenate([train_x[:6], shuffled(train_x[:6])]), labels=[*train_y[:6]] * 2, names=names, count=12)
# %% [markdown] lang="en"
# ## Why not a multi-layer perceptron?
#
# **1. It cannot use the spatial structure of an image.** `Dense` computes $xW$. Shuffle the columns of $x$, and the rows of
# $W$ alike: the same sum. Neighbours mean nothing to it. We train both kinds of network on both kinds of image.
# %% [markdown] lang="ko"
# ## MLP로는 왜 안 될까?
#
# **1. Image의 공간적 특성을 학습에 이용하지 못합니다.** `Dense`는 $xW$를 계산합니다. $x$의 열을 뒤섞고 $W$의 행을 똑같이 뒤섞으면 합은
# 그대로입니다. 어느 픽셀이 이웃인지는 아무 상관이 없습니다. 두 신경망을 두 종류의 이미지로 학습해 봅시다.
# %%
x, W = train_x[:5].reshape(5, -1), rng.standard_normal((1600, 3))
assert np.allclose(x[:, order] @ W[order], x @ W)


def mlp():
    return [layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dense(10)]


def cnn():
    return [
        layers.Conv2D(16, 3, activation="relu", name="conv1"), layers.MaxPooling2D(name="pool1"),
        layers.Conv2D(32, 3, activation="relu", name="conv2"), layers.MaxPooling2D(name="pool2"),
        layers.Flatten(), layers.Dense(10),
    ]


accuracy, networks = {}, {}
for build in (mlp, cnn):
    for look in (np.asarray, shuffled):
        tn.utils.set_random_seed(0)
        model = tn.keras.Sequential([tn.keras.Input((40, 40, 1)), *build()])
        model.compile(optimizer="adam", metrics=["accuracy"],
                      loss=tn.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(look(train_x), train_y, batch_size=50, epochs=8, verbose=0)
        accuracy[build, look] = model.evaluate(look(new_x), new_y, verbose=0)[1]
        print(f"{build.__name__} {'shuffled' if look is shuffled else 'as it is':<9} accuracy {accuracy[build, look]:.3f}, "
              f"{model.count_params():,} parameters")
        networks[build, look] = model

assert abs(accuracy[mlp, shuffled] - accuracy[mlp, np.asarray]) < 0.06
assert accuracy[cnn, np.asarray] > accuracy[cnn, shuffled] + 0.04
assert accuracy[cnn, np.asarray] > accuracy[mlp, np.asarray] + 0.03
assert networks[cnn, shuffled].count_params() < networks[mlp, shuffled].count_params() / 4
# %% [markdown] lang="en"
# Without the neighbours the convolutional network loses about ten points; the MLP has nothing to lose. And the
# convolutional one has a quarter of the parameters.
#
# **2. The parameters grow with the size of the data.** Sixteen units or sixteen filters, for a small image and for one of
# ImageNet's usual size:
# %% [markdown] lang="ko"
# 이웃이 사라지자 합성곱 신경망은 정확도가 10 %p쯤 떨어지지만, MLP는 잃을 것이 없습니다. 게다가 합성곱 신경망의 매개변수(parameter)는
# 4분의 1뿐입니다.
#
# **2. data의 크기가 커짐에 따라 parameters의 수가 매우 커집니다.** 유닛 16개와 필터 16개를, 작은 이미지와
# ImageNet에서 흔히 쓰는 크기의 이미지에 써 봅시다.
# %%
counts = {}
for side in (32, 224):
    for name, layer in {"Dense": [layers.Flatten(), layers.Dense(16)], "Conv2D": [layers.Conv2D(16, 3)]}.items():
        counts[name, side] = tn.keras.Sequential([tn.keras.Input((side, side, 3)), *layer]).count_params()
        print(f"{side:>3} x {side:<3} {name:<6} {counts[name, side]:>9,} parameters")
assert counts["Dense", 32] == 32 * 32 * 3 * 16 + 16 == 49_168 and counts["Dense", 224] == 2_408_464
assert counts["Conv2D", 32] == counts["Conv2D", 224] == 3 * 3 * 3 * 16 + 16 == 448
# %% [markdown] lang="en"
# ## Motivation: three ideas
#
# **Sparse interactions:** an output sees a few neighbours only. **Parameter sharing:** the same few weights at every
# position. Both can be seen in one picture. A convolution is linear, so it *is* a dense layer, whose matrix has a row for
# each output and a column for each input pixel. We get the matrix from a batch of 49 images with one bright pixel each.
# %% [markdown] lang="ko"
# ## Motivation: 세 가지 아이디어
#
# **희소 상호작용(sparse interactions):** 출력 하나는 이웃 몇 개만 봅니다. **매개변수 공유(parameter sharing):** 모든 위치에서 같은
# 가중치를 씁니다. 그림 한 장으로 둘 다 볼 수 있습니다. 합성곱은 선형이므로 사실 완전 연결 층의 *한 종류*입니다. 출력마다 행 하나, 입력
# 픽셀마다 열 하나인 행렬로 쓸 수 있습니다. 픽셀 하나만 켠 이미지 49장을 배치로 넣으면 이 행렬이 나옵니다.
# %%
kernel = np.arange(1.0, 10.0).reshape(3, 3, 1, 1)
unit_images = np.eye(49).reshape(49, 7, 7, 1)
matrix = ops.conv2d(unit_images, kernel).numpy().reshape(49, 25).T

image = rng.standard_normal((7, 7))
assert np.allclose(matrix @ image.ravel(), ops.conv2d(image[None, ..., None], kernel).numpy().ravel())
print(f"matrix {matrix.shape}: {matrix.size} numbers, {np.count_nonzero(matrix)} are not 0, "
      f"{len(np.unique(matrix)) - 1} of them differ")
assert np.count_nonzero(matrix) == 25 * 9 and len(np.unique(matrix)) == 9 + 1

_, axes = plt.subplots(1, 2, figsize=(12, 4), layout="constrained")
all_differ = 1 + rng.permutation(matrix.size).reshape(matrix.shape)
for ax, (name, numbers) in zip(axes, {"Dense(25)": all_differ, "Conv2D(1, 3)": matrix}.items()):
    _ = ax.imshow(np.where(numbers == 0, np.nan, numbers), cmap="viridis")
    ax.set(title=name, xlabel="7 × 7 = 49", ylabel="5 × 5 = 25", xticks=[], yticks=[])
# %% [markdown] lang="en"
# On the left 1,225 weights, on the right 9. Empty is zero: the interactions that are missing.
#
# **Equivariant representations:** shift the image, and the map shifts along, $f(g(x)) = g(f(x))$. Nobody has to teach the
# network that a shoe on the left is a shoe.
# %% [markdown] lang="ko"
# 왼쪽에는 가중치가 1,225개, 오른쪽에는 9개입니다. 빈칸은 0, 즉 연결이 없는 곳입니다.
#
# **등변 표현(equivariant representations):** 이미지를 옮기면 맵도 똑같이 따라 옮겨집니다. $f(g(x)) = g(f(x))$입니다. 왼쪽에 있는 신발도
# 신발이라고 따로 가르칠 필요가 없습니다.
# %%
vertical = np.array([[1.0, 0, -1], [1, 0, -1], [1, 0, -1]])


def f(image, stride=1):
    """The map of vertical edges."""
    return ops.conv2d(image[None, ..., None], vertical[..., None, None], strides=stride).numpy()[0, ..., 0]


def g(image, down, right):
    """Shift; the ground is black, so that what comes in on the other side is zero."""
    return np.roll(image, (down, right), axis=(0, 1))


boot = np.zeros((40, 40))
boot[6:34, 4:32] = tn.datasets.fashion_mnist_sample.load_data()[1][0][np.argmax(new_y == 9)] / 255.0
shown = {"x": boot, "f(x)": f(boot), "g(x)": g(boot, -4, 6), "f(g(x)) = g(f(x))": f(g(boot, -4, 6))}
_, axes = plt.subplots(1, 4, figsize=(12, 3.6), layout="constrained")
for ax, (name, picture) in zip(axes, shown.items()):
    _ = ax.imshow(picture, cmap="gray")
    ax.set(title=name, xticks=[], yticks=[])

assert np.allclose(f(g(boot, -4, 6)), g(f(boot), -4, 6))
assert np.allclose(f(g(boot, -4, 6), stride=2), g(f(boot, stride=2), -2, 3))
turned = np.abs(f(np.rot90(boot)) - np.rot90(f(boot))).max()
print(f"shifted: no difference. Turned by 90°: difference up to {turned:.1f}")
assert turned > 1
# %% [markdown] lang="en"
# Shifts only: a rotated image does **not** give the rotated map. And with stride 2 only even shifts have an equal: there is
# no half pixel to move the map by.
#
# ## The picture of the feature maps
#
# The slide has the maps of a Samoyed in a large network (LeCun, Bengio, Hinton 2015) and under them *Samoyed (16); Papillon
# (5.7); Pomeranian (2.7); Arctic fox (1.0); ...* Ours has learned clothes; here are one image, its maps and its scores.
# %% [markdown] lang="ko"
# 이동만 그렇습니다. 돌린 이미지에서 돌린 맵이 나오지는 **않습니다**. 그리고 스트라이드(stride)가 2이면 짝수만큼 옮길 때만 성립합니다.
# 맵을 반 픽셀 옮길 수는 없으니까요.
#
# ## 특징 맵(feature map) 그림
#
# 슬라이드에는 큰 신경망에 사모예드 사진을 넣었을 때의 특징 맵이 있고(LeCun, Bengio, Hinton 2015), 아래에 *Samoyed (16); Papillon (5.7);
# Pomeranian (2.7); Arctic fox (1.0); ...* 라고 적혀 있습니다. 우리 신경망은 옷을 배웠으니 옷 사진 한 장을 넣고 특징 맵과 점수를 봅시다.
# %%
trained = networks[cnn, np.asarray]
right = trained.predict(new_x, verbose=0).argmax(axis=1) == new_y
index = int(np.argmax(right & (new_y == 9)))
figure = textbook.plot_feature_maps(trained, new_x[index], ["conv1", "pool1", "conv2", "pool2"], maps=8)

logits = trained.predict(new_x[index : index + 1], verbose=0)[0]
probabilities = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
print("; ".join(f"{name} ({100 * p:.1f})" for name, p in textbook.top_classes(probabilities, names)))

slide = np.array([16, 5.7, 2.7, 1.0, 0.6, 0.4, 0.4])
as_logits = np.exp(slide) / (np.exp(slide).sum() + 993)
print(f"the slide's numbers: as percent they sum to {slide.sum():.1f} %; as logits the Samoyed has {as_logits[0]:.2%}")
assert np.isclose(probabilities.sum(), 1, atol=1e-5) and np.isclose(slide.sum(), 26.8) and as_logits[0] > 0.999
# %% [markdown] lang="en"
# The slide has no unit. As percent the seven leave 73 % to the other 993 classes, a network that is not sure. As logits
# (and 0 for the others) it is sure to 99.99 %. Write the unit under your own pictures.
#
# ## Convolution layer
#
# *A $3 \times 32 \times 32$ image, a $3 \times 5 \times 5$ filter. Slide over the image spatially, computing dot products.
# Filters always extend the full depth of the input volume.* One filter gives one $1 \times 28 \times 28$ activation map.
#
# $$y_{ijf} = b_f + \sum_{p,\,q,\,c} x_{i+p,\;j+q,\;c}\; w_{p,\,q,\,c,\,f}$$
#
# The slide writes channels first, as PyTorch does; Keras writes them last. Nothing is flipped: mathematics calls this
# cross-correlation.
# %% [markdown] lang="ko"
# 슬라이드의 숫자에는 단위가 없습니다. 퍼센트라면 일곱 개를 뺀 나머지 993개 클래스에 73 %가 남으니, 별로 확신하지 못하는 신경망입니다.
# 로짓(logit)이고 나머지가 0이라면 99.99 % 확신하는 신경망입니다. 여러분이 그림을 그릴 때는 단위를 꼭 적으세요.
#
# ## 합성곱 층(convolution layer)
#
# *$3 \times 32 \times 32$ 이미지와 $3 \times 5 \times 5$ 필터(filter)가 있습니다. 필터를 이미지 위에서 미끄러뜨리며(slide) 내적(dot
# product)을 계산합니다. 필터는 항상 입력의 깊이(depth) 전체를 덮습니다.* 필터 하나가 $1 \times 28 \times 28$ 활성화 맵(activation map)
# 하나를 만듭니다.
#
# $$y_{ijf} = b_f + \sum_{p,\,q,\,c} x_{i+p,\;j+q,\;c}\; w_{p,\,q,\,c,\,f}$$
#
# 슬라이드는 PyTorch처럼 채널(channel)을 앞에 쓰고, Keras는 뒤에 씁니다. 필터는 뒤집지 않습니다. 수학에서는 이것을 교차
# 상관(cross-correlation)이라고 부릅니다.
# %%
def convolution(x, kernel, bias):
    height, width, _ = x.shape
    size, _, _, filters = kernel.shape
    y = np.zeros((height - size + 1, width - size + 1, filters))
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            window = x[i : i + size, j : j + size, :, None]
            y[i, j] = (window * kernel).sum(axis=(0, 1, 2)) + bias
    return y


photo = rng.standard_normal((32, 32, 3))
layer = layers.Conv2D(6, 5, dtype="float64", bias_initializer="ones")
by_tinynet = layer(photo[None]).numpy()[0]
ours = convolution(photo, layer.kernel.numpy(), layer.bias.numpy())
print("channels last: ", photo.shape, "->", by_tinynet.shape, " kernel", layer.kernel.shape)
assert np.allclose(ours, by_tinynet)

slides_layer = layers.Conv2D(1, 5, data_format="channels_first")
activation_map = slides_layer(photo.transpose(2, 0, 1)[None])
print("channels first:", (3, 32, 32), "->", activation_map.shape[1:], " parameters 3*5*5 + 1 =", slides_layer.count_params())
assert activation_map.shape == (1, 1, 28, 28) and slides_layer.count_params() == 76
# %% [markdown] lang="en"
# What can nine numbers see? Before networks learned them, people wrote filters by hand:
# %% [markdown] lang="ko"
# 숫자 아홉 개로 무엇을 볼 수 있을까요? 신경망이 필터를 배우기 전에는 사람이 손으로 만들었습니다.
# %%
by_hand = {"vertical": vertical, "horizontal": vertical.T, "outline": np.array([[-1.0, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
           "blur": np.full((3, 3), 1 / 9)}
_, axes = plt.subplots(1, 4, figsize=(12, 3.6), layout="constrained")
for ax, (name, numbers) in zip(axes, by_hand.items()):
    _ = ax.imshow(ops.conv2d(boot[None, ..., None], numbers[..., None, None]).numpy()[0, ..., 0], cmap="gray")
    ax.set(title=name, xticks=[], yticks=[])
flat = np.ones((1, 9, 9, 1))
answers = {name: float(ops.conv2d(flat, numbers[..., None, None]).numpy()[0, 0, 0, 0]) for name, numbers in by_hand.items()}
print("on a flat grey wall:", {name: round(answer, 6) for name, answer in answers.items()})
assert answers["vertical"] == answers["horizontal"] == answers["outline"] == 0 and np.isclose(answers["blur"], 1)
# %% [markdown] lang="en"
# ## Stride, output size, padding
#
# Input $W$, filter $K$, padding $P$, stride $S$:
#
# $$\text{output} = \frac{W - K + 2P}{S} + 1$$
#
# *Input 7×7, filter 3×3, stride 2: output 3×3.* Without padding and with stride 1: $W - K + 1$, and the feature maps shrink
# with each layer. Solution: add zeros around the input, 9×9 from 7×7.
#
# The slide's division must come out even. Keras and PyTorch round down: the last window that does not fit is left out, and
# some pixels are never read.
# %% [markdown] lang="ko"
# ## 스트라이드(stride), 출력 크기, 패딩(padding)
#
# 입력 $W$, 필터 $K$, 패딩 $P$, 스트라이드 $S$일 때 출력의 크기는 다음과 같습니다.
#
# $$\text{output} = \frac{W - K + 2P}{S} + 1$$
#
# *입력 7×7, 필터 3×3, 스트라이드 2: 출력 3×3.* 패딩이 없고 스트라이드가 1이면 $W - K + 1$이므로, 층을 지날 때마다 특징 맵이
# 줄어듭니다(shrink). 해결책은 입력 둘레에 0을 붙이는 것입니다. 7×7이 9×9가 됩니다.
#
# 슬라이드의 나눗셈은 나누어떨어져야 합니다. Keras와 PyTorch는 내림합니다. 들어가지 않는 마지막 창은 버리므로, 한 번도 읽히지 않는 픽셀이
# 생깁니다.
# %%
for W, K, P, S in ((7, 3, 0, 2), (7, 3, 0, 1), (7, 3, 1, 1), (32, 5, 0, 1), (7, 3, 0, 3)):
    exact = (W - K + 2 * P) / S + 1
    print(f"W={W} K={K} P={P} S={S}: {exact:.4g}, and Keras has {ops.conv_output_size(W, K, stride=S, padding=P)}")
assert ops.conv_output_size(7, 3, stride=2) == 3 and ops.conv_output_size(7, 3) == 5 == 7 - 3 + 1
assert ops.conv_output_size(7, 3, padding=1) == 7 and np.pad(np.ones((7, 7)), 1).shape == (9, 9)
try:
    ops.conv_output_size(7, 3, stride=3, strict=True)
    refused = ""
except ValueError as error:
    refused = str(error)
print("strict=True:", refused)
assert "not a whole number" in refused

sides = [7]
while sides[-1] >= 3:
    sides.append(ops.conv_output_size(sides[-1], 3))
print("without padding, layer after layer:", *sides)
assert sides == [7, 5, 3, 1]
# %% [markdown] lang="en"
# ## Pooling
#
# *2×2 pooling, stride 2.* Nothing is learned here: the largest value of each window, or the mean. The maximum asks "is
# the feature there?" and forgets by a pixel where. This cell runs on Keras 3 too.
# %% [markdown] lang="ko"
# ## 풀링(pooling)
#
# *2×2 풀링, 스트라이드 2.* 배우는 것이 하나도 없습니다. 창마다 가장 큰 값, 또는 평균을 가져올 뿐입니다. 최댓값은 "이 특징이 있는가?"만
# 묻고 어디에 있는지는 한 픽셀쯤 잊어버립니다. 이 셀은 Keras 3에서도 실행됩니다.
# %% tags=["keras"]
import numpy as np
import tinynet as tf

numbers = np.array([[8, 7, 5, 3], [12, 9, 5, 7], [13, 2, 10, 3], [9, 4, 5, 14]], dtype="float32").reshape(1, 4, 4, 1)
largest = np.asarray(tf.keras.layers.MaxPooling2D(pool_size=2, strides=2)(numbers))[0, ..., 0]
mean = np.asarray(tf.keras.layers.AveragePooling2D(pool_size=2, strides=2)(numbers))[0, ..., 0]
print("max", largest.tolist(), "average", mean.tolist())
assert largest.tolist() == [[12, 7], [13, 14]] and mean.tolist() == [[9, 5], [7, 8]]

images = np.zeros((1, 7, 7, 3), dtype="float32")
for strides, padding, side in ((1, "valid", 5), (2, "valid", 3), (1, "same", 7), (2, "same", 4)):
    shape = tuple(tf.keras.layers.Conv2D(8, 3, strides=strides, padding=padding)(images).shape)
    print(f"strides={strides}, padding={padding!r}: {shape}")
    assert shape == (1, side, side, 8)
# %% [markdown] lang="en"
# ## VGG-16
#
# *CONV = 3×3 filter, s = 1, same; MAX-POOL = 2×2, s = 2.* Nothing else, five times over. Height and width fall, channels
# rise ($n_h, n_w \downarrow$, $n_c \uparrow$). The slide: "~138M parameters". We count.
# %% [markdown] lang="ko"
# ## VGG-16
#
# *CONV = 3×3 필터, s = 1, same; MAX-POOL = 2×2, s = 2.* 이것뿐입니다. 이것을 다섯 번 되풀이합니다. 높이와 너비는 줄고 채널은
# 늘어납니다($n_h, n_w \downarrow$, $n_c \uparrow$). 슬라이드에는 "~138M parameters"라고 되어 있는데, 직접 세어 봅시다.
# %%
side, channels, parameters, products = 224, 3, {}, {}
for block, (filters, repeats) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)), 1):
    for number in range(1, repeats + 1):
        name = f"block{block}_conv{number}"
        parameters[name] = 3 * 3 * channels * filters + filters
        products[name] = side * side * 3 * 3 * channels * filters
        channels = filters
    side //= 2  # MAX-POOL
    print(f"[CONV {filters}] x {repeats}, POOL -> {side} x {side} x {channels}")
for name, inputs, outputs in (("fc1", side * side * channels, 4096), ("fc2", 4096, 4096), ("predictions", 4096, 1000)):
    parameters[name], products[name] = inputs * outputs + outputs, inputs * outputs
total = sum(parameters.values())
convolutions = [name for name in parameters if name.startswith("block")]
print(f"{total:,} parameters; the first FC alone {parameters['fc1'] / total:.0%}, all convolutions "
      f"{sum(parameters[name] for name in convolutions) / total:.0%}")
print(f"{sum(products.values()) / 1e9:.1f} billion multiplications for one image, in convolutions "
      f"{sum(products[name] for name in convolutions) / sum(products.values()):.0%}")

vgg = tn.applications.VGG16(weights=None)  # its 550 MB are taken when they are used, not before
assert total == vgg.count_params() == 138_357_544 and parameters["fc1"] == 102_764_544
assert {layer.name: layer.count_params() for layer in vgg.layers if layer.count_params()} == parameters
assert sum(products[name] for name in convolutions) > 0.99 * sum(products.values())

_, axes = plt.subplots(1, 2, figsize=(12, 5), layout="constrained", sharey=True)
for ax, (title, values, unit) in zip(axes, (("parameters (M)", parameters, 1e6), ("multiplications (G)", products, 1e9))):
    _ = ax.barh(list(values), np.array(list(values.values())) / unit, color="tab:blue" if unit == 1e6 else "tab:orange")
    ax.set(title=title)
axes[0].invert_yaxis()
axes[0].tick_params(axis="y", labelsize=10)
# %% [markdown] lang="en"
# The memory is in the dense layers, the time in the convolutions. That is why later networks (ResNet, Xception) have no
# `fc1`: they take the mean of each map.
#
# Why 3×3 only? Two of them see 5×5, three see 7×7, with fewer weights ($2 \cdot 9 C^2 < 25 C^2$) and a ReLU between.
# But without the ReLU, two convolutions are one:
# %% [markdown] lang="ko"
# 메모리는 완전 연결 층이, 시간은 합성곱 층이 차지합니다. 그래서 나중에 나온 신경망(ResNet, Xception)에는 `fc1`이 없고, 그 대신 맵마다
# 평균을 냅니다.
#
# 왜 3×3만 쓸까요? 두 번 쌓으면 5×5를, 세 번 쌓으면 7×7을 봅니다. 가중치는 더 적고($2 \cdot 9 C^2 < 25 C^2$) 사이에 ReLU도 들어갑니다.
# 하지만 ReLU가 없으면 합성곱 두 개는 하나나 마찬가지입니다.
# %%
one_pixel = np.zeros((1, 9, 9, 1))
one_pixel[0, 4, 4, 0] = 1
a, b = rng.standard_normal((2, 3, 3, 1, 1))
twice = ops.conv2d(ops.conv2d(one_pixel, a, padding=1), b, padding=1).numpy()[0, ..., 0]
print("pixels that one pixel reaches through two 3 x 3 layers:", np.count_nonzero(twice))
assert np.count_nonzero(twice) == 25

merged = twice[2:7, 2:7][::-1, ::-1, None, None]  # the answer to one pixel is the filter, turned by 180°
map_x = rng.standard_normal((1, 12, 12, 1))
assert np.allclose(ops.conv2d(ops.conv2d(map_x, a), b), ops.conv2d(map_x, merged))
# %% [markdown] lang="en"
# ## What Keras, PyTorch and the papers do differently
#
# * Keras knows `padding="valid"` and `"same"`, and "same" puts an odd zero **below and to the right**. PyTorch's
#   `padding=1` has one on each side. With stride 2 these are other windows: weights carried over give other numbers (see
#   the cell).
# * VGG's paper trains the dense layers with dropout 0.5; Keras's `VGG16`, and tinynet's, has no dropout inside.
# * Keras starts every filter with Glorot, not with He (lesson 6).
# %% [markdown] lang="ko"
# ## Keras, PyTorch, 논문의 차이
#
# * Keras에는 `padding="valid"`와 `"same"`이 있는데, "same"은 0의 개수가 홀수이면 남는 하나를 **아래와 오른쪽**에 붙입니다. PyTorch의
#   `padding=1`은 양쪽에 하나씩 붙입니다. 스트라이드가 2이면 창의 위치가 달라지므로, 가중치를 그대로 옮기면 다른 값이 나옵니다(아래 셀).
# * VGG 논문은 완전 연결 층에 드롭아웃 0.5를 걸고 학습합니다. Keras와 tinynet의 `VGG16`에는 드롭아웃이 들어 있지 않습니다.
# * Keras는 필터를 He가 아니라 Glorot으로 초기화합니다(6강).
# %%
eight = np.arange(64.0).reshape(1, 8, 8, 1)
same, one_each = (ops.conv2d(eight, np.ones((3, 3, 1, 1)), strides=2, padding=padding).numpy() for padding in ("same", 1))
print("both", same.shape[1:3], "but the first values are", same[0, 0, 0, 0], "and", one_each[0, 0, 0, 0])
assert same.shape == one_each.shape and not np.isclose(same, one_each).any()
assert not any(isinstance(layer, layers.Dropout) for layer in vgg.layers)
# %% [markdown] lang="en"
# ## Try it
#
# 1. Replace `Flatten` in `cnn` by `GlobalAveragePooling2D` and train for 20 epochs: how many parameters, how accurate?
# 2. Stride 2 in both convolutions instead of pooling. What is faster, what is better?
# 3. VGG-16 for $448 \times 448$ images: which numbers of the count change?
#    (`VGG16(weights=None, input_shape=(448, 448, 3))`)
#
# Every product of a filter, with your own numbers; the shift; VGG-16 as blocks:
#
#     tinynet lab convolution
#     tinynet lab 'convolution?show=shift'
#     tinynet lab 'cnn?show=vgg'
# %% [markdown] lang="ko"
# ## 실험해 봅시다
#
# 1. `cnn`의 `Flatten`을 `GlobalAveragePooling2D`로 바꾸고 20 에폭 학습해 보세요. 매개변수는 몇 개이고, 정확도는 어떤가요?
# 2. 풀링 대신 두 합성곱 층의 스트라이드를 2로 해 보세요. 무엇이 빨라지고, 무엇이 나아지나요?
# 3. VGG-16에 $448 \times 448$ 이미지를 넣으면 어느 숫자가 달라질까요? (`VGG16(weights=None, input_shape=(448, 448, 3))`)
#
# 필터의 곱 하나하나(숫자도 직접 넣을 수 있습니다), 이미지 옮기기, 블록으로 보는 VGG-16을 실험실에서 보세요.
#
#     tinynet lab convolution
#     tinynet lab 'convolution?show=shift'
#     tinynet lab 'cnn?show=vgg'
# %% [markdown] lang="en"
# ## What goes wrong in practice
#
# * **No channel axis.** Grey images of shape `(n, 28, 28)`: add it with `x[..., None]`. The message below tells you.
# * **Channels first into channels last.** Often no error at all: `(n, 3, 32, 32)` is taken for images 3 pixels high with 32
#   channels. Look at the output's shape.
# * **Too many poolings.** 28 → 14 → 7 → 3 → 1, and then nothing is left to pool. Count before you build.
# * **Twice the side, four times the `Dense` after `Flatten`.** The convolutions do not grow, it does.
# * **A forgotten activation.** Two layers, the power of one: see above.
# %% [markdown] lang="ko"
# ## 실제로 자주 하는 실수
#
# * **채널 축이 없음.** 흑백 이미지의 모양이 `(n, 28, 28)`이면 `x[..., None]`으로 채널 축을 붙여야 합니다. 아래 셀의 오류
#   메시지가 바로 이 말입니다.
# * **채널이 앞에 있는 이미지를 그대로 넣기.** 오류가 나지 않을 때가 많습니다. `(n, 3, 32, 32)`는 높이 3픽셀에 채널 32개인 이미지로
#   읽힙니다. 출력의 모양을 꼭 보세요.
# * **너무 많은 풀링.** 28 → 14 → 7 → 3 → 1, 그다음에는 줄일 것이 없습니다. 만들기 전에 세어 보세요.
# * **한 변을 두 배로 하면 `Flatten` 뒤의 `Dense`는 네 배.** 합성곱 층은 그대로이지만 이 층은 커집니다.
# * **활성화 함수를 잊기.** 층은 둘인데 힘은 하나입니다. 위에서 보았습니다.
# %%
try:
    layers.Conv2D(4, 3)(np.zeros((5, 28, 28)))
    refused = ""
except ValueError as error:
    refused = str(error)
print(refused)
silent = layers.Conv2D(4, 3)(np.zeros((5, 3, 32, 32)))
print("no error, but the map is", silent.shape[1:3])
assert "x[..., None]" in refused and silent.shape == (5, 1, 30, 4)

side, poolings = 28, []
while side > 1:
    side = ops.conv_output_size(side, 2, stride=2)
    poolings.append(side)
after_flatten = {side: (side // 4) ** 2 * 32 * 10 for side in (40, 80)}
print("poolings of 28:", *poolings, " weights after Flatten:", after_flatten)
assert poolings == [14, 7, 3, 1] and after_flatten[80] == 4 * after_flatten[40]
# %% [markdown] lang="en"
# ## Exercises
#
# ```python
# from tinynet import lessons
#
# lessons.check("output_size", my_output_size)
# lessons.check("convolution", my_convolution)
# lessons.check("max_pooling", my_max_pooling)
# lessons.check("max_pooling_gradient", my_max_pooling_gradient)
# ```
#
# On paper: a 3×3 convolution from 64 to 128 channels, with bias. How many parameters? Its image is $112 \times 112$,
# padding "same". How many multiplications?
# %% [markdown] lang="ko"
# ## 연습 문제
#
# ```python
# from tinynet import lessons
#
# lessons.check("output_size", my_output_size)
# lessons.check("convolution", my_convolution)
# lessons.check("max_pooling", my_max_pooling)
# lessons.check("max_pooling_gradient", my_max_pooling_gradient)
# ```
#
# 손으로 풀어 보기: 채널 64개를 128개로 만드는 3×3 합성곱(편향 있음)의 매개변수는 몇 개일까요? 이미지가 $112 \times 112$이고 패딩이
# "same"이면 곱셈은 몇 번일까요?
# %%
print(f"{3 * 3 * 64 * 128 + 128:,} parameters, {112 * 112 * 3 * 3 * 64 * 128:,} multiplications")
assert parameters["block2_conv1"] == 73_856 and products["block2_conv1"] == 924_844_032
