# %% [markdown] lang="en"
# # Many computers, one network
#
# Course rows: - · Minutes: 60
#
# **The question.** Your network trains all night. The computer room has 15 more machines that do nothing. Can they train
# *one* network together? What must they tell each other after each step? And why is the result sometimes worse than
# yours, though everybody worked?
# %% [markdown] lang="ko"
# # 여러 대가 함께 학습하기
#
# 강의 항목: - · 시간(분): 60
#
# **질문.** 신경망 하나를 학습하는 데 밤을 꼬박 새웁니다. 그런데 실습실에는 노는 컴퓨터가 15대나 있습니다. 이 컴퓨터들이 신경망 *하나*를
# 함께 학습할 수 있을까요? 한 걸음마다 서로 무엇을 알려 줘야 할까요? 그리고 모두가 열심히 일했는데도 혼자 학습할 때보다 결과가 나빠지는 것은
# 왜일까요?
# %%
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import matplotlib.pyplot as plt

import tinynet as tn
tn.utils.set_random_seed(0)
plt.rcParams["font.size"] = 14
layers = tn.keras.layers

found = tn.datasets.fashion_mnist.find()
source = tn.datasets.fashion_mnist if found else tn.datasets.fashion_mnist_sample
(train_x, train_y), (test_x, test_y) = source.load_data()
print("images:", "the full Fashion-MNIST" if found else "the sample inside tinynet's wheel")
train_x, train_y = (train_x[:6000] / 255).astype("float32"), train_y[:6000]
test_x, test_y = (test_x[:1000] / 255).astype("float32"), test_y[:1000]
loss_of = tn.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def clothes(seed=0):
    tn.utils.set_random_seed(seed)
    return tn.keras.Sequential([
        tn.keras.Input((28, 28)), layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dense(10),
    ])


def gradient(model, x, y):
    """The gradient of the mean loss over some images: one array for each weight array."""
    with tn.GradientTape() as tape:
        loss = loss_of(y, model(x, training=True))
    return [np.asarray(one) for one in tape.gradient(loss, model.trainable_variables)]
# %% [markdown] lang="en"
# ## Four ranks, one batch
#
# Every machine gets the whole network, with the same weights, and a **part of each batch**. This is called
# *data-parallel* training. The processes are numbered; a process's number is its **rank**: 0, 1, 2, 3.
#
# The loss of a batch is a mean over its samples. So its gradient is a mean as well, and a mean of 128 numbers is the mean
# of four means of 32:
#
# $$\nabla L = \frac{1}{128} \sum_{i=1}^{128} \nabla L_i = \frac{1}{4} \sum_{r=0}^{3} \Big( \frac{1}{32} \sum_{i \in r} \nabla L_i \Big)$$
#
# Look at three of the 50,890 numbers. The ranks do not agree at all, and yet their mean is exactly the gradient that one
# machine computes of the whole batch.
# %% [markdown] lang="ko"
# ## 랭크 넷, 배치 하나
#
# 컴퓨터마다 같은 가중치를 가진 신경망 전체를 두고, **배치의 일부**만 맡깁니다. 이것을 *데이터 병렬*(data-parallel) 학습이라고 합니다.
# 프로세스에는 번호가 붙는데, 이 번호를 **랭크**(rank)라고 부릅니다. 0, 1, 2, 3입니다.
#
# 배치의 손실은 샘플들의 평균입니다. 그러니 기울기도 평균이고, 수 128개의 평균은 32개씩 낸 평균 넷의 평균과 같습니다.
#
# $$\nabla L = \frac{1}{128} \sum_{i=1}^{128} \nabla L_i = \frac{1}{4} \sum_{r=0}^{3} \Big( \frac{1}{32} \sum_{i \in r} \nabla L_i \Big)$$
#
# 기울기를 이루는 수 50,890개 중에서 세 개만 봅시다. 랭크마다 값이 전혀 다른데도, 평균을 내면 컴퓨터 한 대가 배치 전체로 계산한 기울기와
# 똑같습니다.
# %%
model = clothes()
x, y = train_x[:128], train_y[:128]
whole = gradient(model, x, y)
parts = [gradient(model, *part) for part in zip(np.split(x, 4), np.split(y, 4))]
mean = [sum(arrays) / 4 for arrays in zip(*parts)]

for rank, part in enumerate(parts):
    print(f"rank {rank}       ", part[-1][:3].round(4))
print("their mean   ", mean[-1][:3].round(4))
print("whole batch  ", whole[-1][:3].round(4))
largest = max(np.abs(a - b).max() for a, b in zip(mean, whole))
print(f"largest difference among all {model.count_params():,} numbers: {largest:.1e}")
assert model.count_params() == 50_890 and largest < 1e-6
assert np.abs(parts[0][-1] - parts[1][-1]).max() > 0.01
# %% [markdown] lang="en"
# "Exactly" up to rounding: the same numbers are added in another order.
#
# What if the batch cannot be cut evenly? Ten samples on four ranks are 3, 3, 2 and 2. Then the plain mean is **wrong**:
# the samples of a rank with two of them would count more than others. Each rank's gradient gets the weight
# $n_r / n$, its part of the samples.
# %% [markdown] lang="ko"
# 여기서 "똑같다"는 반올림 오차를 뺀 이야기입니다. 같은 수들을 다른 순서로 더하기 때문입니다.
#
# 배치가 똑같이 나누어지지 않으면 어떻게 될까요? 샘플 10개를 네 랭크에 나누면 3, 3, 2, 2개입니다. 이때 그냥 평균을 내면 **틀립니다**. 두
# 개만 맡은 랭크의 샘플이 더 무겁게 셈해지기 때문입니다. 랭크마다 자기가 맡은 샘플의 비율 $n_r / n$을 가중치로 주어야 합니다.
# %%
ten, parts = gradient(model, x[:10], y[:10]), []
for xs, ys in zip(np.array_split(x[:10], 4), np.array_split(y[:10], 4)):
    parts.append((len(xs), gradient(model, xs, ys)))
plain = sum(part[-1] for _, part in parts) / 4
weighted = sum(count / 10 * part[-1] for count, part in parts)
print("samples of the ranks:", [count for count, _ in parts])
print(f"error of the plain mean {np.abs(plain - ten[-1]).max():.1e}, of the weighted one {np.abs(weighted - ten[-1]).max():.1e}")
assert [count for count, _ in parts] == [3, 3, 2, 2]
assert np.abs(weighted - ten[-1]).max() < 1e-6 < 1e-3 < np.abs(plain - ten[-1]).max()
# %% [markdown] lang="en"
# ## All-reduce: everybody has an array, everybody wants the sum
#
# That is the whole conversation of the ranks, once a step. It has a name: **all-reduce**. Three ways to do it, with an
# array of $S$ bytes on $n$ ranks:
#
# * **Star.** All send their arrays to rank 0. It adds them and sends the sum back to each. Everything goes through one cable.
# * **Tree.** Ranks pair up: 1 sends to 0, 3 to 2; then 2 to 0; and back the same way. Few steps, whole arrays.
# * **Ring.** Each array is cut into $n$ pieces. In each step each rank sends *one* piece to its neighbour on the right. After
#   $n - 1$ steps each rank has one piece complete; after $n - 1$ more, all pieces.
#
# We play all three and count the bytes that each rank sends and receives.
# %% [markdown] lang="ko"
# ## 올리듀스(all-reduce): 모두가 배열을 하나씩 갖고, 모두가 그 합을 원한다
#
# 랭크들이 한 걸음마다 나누는 대화는 이것이 전부입니다. 이름도 있습니다. **올리듀스**입니다. 랭크가 $n$개, 배열이 $S$바이트일 때 세 가지
# 방법을 봅시다.
#
# * **별(star).** 모두가 배열을 랭크 0에 보냅니다. 랭크 0이 더해서 모두에게 돌려줍니다. 모든 것이 선 하나를 지나갑니다.
# * **나무(tree).** 둘씩 짝을 짓습니다. 1이 0에, 3이 2에 보내고, 그다음 2가 0에 보냅니다. 돌려줄 때는 거꾸로 갑니다. 단계는 적지만 매번
#   배열 전체를 보냅니다.
# * **고리(ring).** 배열을 $n$조각으로 나눕니다. 단계마다 모든 랭크가 오른쪽 이웃에게 *한* 조각만 보냅니다. $n - 1$단계가 지나면 랭크마다
#   한 조각이 완성되고, 다시 $n - 1$단계가 지나면 모든 조각이 완성됩니다.
#
# 셋 다 직접 해 보고, 랭크마다 보내고 받은 바이트를 세어 봅시다.
# %%
class Network:
    """Counts what goes over each rank's cable, and the steps: messages of one step travel at the same time."""

    def __init__(self, ranks):
        self.bytes, self.steps = np.zeros(ranks, int), 0

    def send(self, source, target, array):
        self.bytes[[source, target]] += array.nbytes
        return array.copy()


def star(arrays):
    n, network = len(arrays), Network(len(arrays))
    total = arrays[0].copy()
    for rank in range(1, n):
        total += network.send(rank, 0, arrays[rank])
        network.steps += 1
    results = [total]
    for rank in range(1, n):
        results.append(network.send(0, rank, total))
        network.steps += 1
    return results, network


def tree(arrays):
    n, network, results = len(arrays), Network(len(arrays)), [one.copy() for one in arrays]
    distances = [2**k for k in range(int(np.ceil(np.log2(n))))]
    for distance in distances:
        for rank in range(0, n - distance, 2 * distance):
            results[rank] += network.send(rank + distance, rank, results[rank + distance])
        network.steps += 1
    for distance in reversed(distances):
        for rank in range(0, n - distance, 2 * distance):
            results[rank + distance] = network.send(rank, rank + distance, results[rank])
        network.steps += 1
    return results, network


def ring(arrays, watch=None):
    n, network = len(arrays), Network(len(arrays))
    pieces = [np.array_split(one.copy(), n) for one in arrays]
    holds = np.ones((n, n), int)  # how many ranks' numbers are in piece c of rank r
    for adds in (True, False):
        for step in range(n - 1):
            if watch is not None:
                watch.append(holds.copy())
            for rank in range(n):
                c, right = (rank - step + (not adds)) % n, (rank + 1) % n
                came = network.send(rank, right, pieces[rank][c])
                pieces[right][c] = pieces[right][c] + came if adds else came
                holds[right, c] = holds[right, c] + holds[rank, c] if adds else holds[rank, c]
            network.steps += 1
    if watch is not None:
        watch.append(holds.copy())
    return [np.concatenate(one) for one in pieces], network


rng = np.random.default_rng(0)
print("ranks  way    steps  bytes over the busiest cable, in arrays   over all cables")
for n in (2, 4, 16):
    arrays = [rng.normal(size=960).astype("float32") for _ in range(n)]
    for way in (star, tree, ring):
        results, network = way(arrays)
        size = arrays[0].nbytes
        print(f"{n:5}  {way.__name__:<5}  {network.steps:5}  {network.bytes.max() / size:24.2f}  {network.bytes.sum() / size:32.2f}")
        assert all(np.allclose(one, sum(arrays), atol=1e-5) for one in results)
        if way is ring:
            assert network.steps == 2 * (n - 1) and network.bytes.max() == 4 * (n - 1) * size // n
        elif way is star:
            assert network.bytes.max() == 2 * (n - 1) * size
        else:
            assert network.steps == 2 * np.log2(n) and network.bytes.max() == 2 * np.log2(n) * size
# %% [markdown] lang="en"
# All three move the same bytes in total. But in the ring **nobody has more to do than anybody else**: each rank sends
#
# $$2\,\frac{n-1}{n}\,S$$
#
# bytes and receives as many: less than two arrays, *however many ranks there are*. (The table counts both directions of a
# cable.) Here is the ring at work. Each picture is one moment; a row is a rank, a column a piece, and the number counts
# the ranks whose numbers are in it already.
# %% [markdown] lang="ko"
# 전체로 오간 바이트는 셋 다 같습니다. 하지만 고리에서는 **아무도 남보다 더 일하지 않습니다**. 랭크마다
#
# $$2\,\frac{n-1}{n}\,S$$
#
# 바이트를 보내고 그만큼 받습니다. 랭크가 *아무리 많아도* 배열 두 개를 넘지 않습니다. (표는 선의 양방향을 모두 센 것입니다.) 고리가 일하는
# 모습을 봅시다. 그림 하나가 한 순간이고, 행은 랭크, 열은 조각입니다. 숫자는 그 조각에 이미 몇 개 랭크의 수가 더해졌는지를 나타냅니다.
# %%
moments = []
ring([rng.normal(size=960).astype("float32") for _ in range(4)], moments)
figure, axes = plt.subplots(1, len(moments), figsize=(14, 2.6), layout="constrained")
for step, (ax, holds) in enumerate(zip(axes, moments)):
    ax.imshow(holds, vmin=0, vmax=5, cmap="Blues")
    for (rank, piece), count in np.ndenumerate(holds):
        ax.text(piece, rank, count, ha="center", va="center", color="white" if count > 2 else "black")
    ax.set(title=f"{step}", xticks=[], yticks=range(4) if not step else [])
assert len(moments) == 7 and (moments[0] == 1).all() and (moments[-1] == 4).all()
assert ((moments[3] == 4).sum(axis=1) == 1).all()  # halfway, each rank has one piece complete
# %% [markdown] lang="en"
# Which way is the fastest? A message takes a fixed time $\alpha$, however small it is, and then its bytes at the rate $R$
# of the cable:
#
# $$t_{\text{ring}} = 2(n-1)\Big(\alpha + \frac{S}{nR}\Big), \qquad t_{\text{tree}} = 2 \log_2 n\,\Big(\alpha + \frac{S}{R}\Big)$$
#
# With 16 ranks, $\alpha = 0.1$ ms and 1 Gb/s:
# %% [markdown] lang="ko"
# 어느 방법이 가장 빠를까요? 메시지 하나를 보내는 데는 아무리 작아도 일정한 시간 $\alpha$가 들고, 그다음에 바이트가 선의 속도 $R$로
# 지나갑니다.
#
# $$t_{\text{ring}} = 2(n-1)\Big(\alpha + \frac{S}{nR}\Big), \qquad t_{\text{tree}} = 2 \log_2 n\,\Big(\alpha + \frac{S}{R}\Big)$$
#
# 랭크 16개, $\alpha = 0.1$ ms, 1 Gb/s일 때입니다.
# %%
def seconds_of(way, n, size, alpha=1e-4, rate=125e6):
    if way == "ring":
        return 2 * (n - 1) * (alpha + size / n / rate)
    steps = 2 * np.log2(n) if way == "tree" else 2 * (n - 1)
    return steps * (alpha + size / rate)


sizes = np.logspace(2, 9, 100)
_, ax = plt.subplots(figsize=(8, 4), layout="constrained")
for way, style in (("star", ":"), ("tree", "--"), ("ring", "-")):
    ax.loglog(sizes, seconds_of(way, 16, sizes), style, linewidth=2.5, label=way)
ax.set(xlabel="$S$ (bytes)", ylabel="$t$ (s)")
legend = ax.legend()
small, ours, vgg = 1_000, 4 * model.count_params(), 553_000_000
for name, size in (("1,000 bytes", small), ("our network", ours), ("VGG-16", vgg)):
    print(f"{name:<12} " + ", ".join(f"{way} {1000 * seconds_of(way, 16, size):.3g} ms" for way in ("star", "tree", "ring")))
assert seconds_of("tree", 16, small) < seconds_of("ring", 16, small)
assert seconds_of("ring", 16, ours) < seconds_of("tree", 16, ours) and seconds_of("ring", 16, vgg) > 8
# %% [markdown] lang="en"
# Small arrays want few steps, large ones want little to send: MPI, the system that connects the ranks, chooses by size.
# And look at VGG-16: its gradients alone take over 8 seconds **a step** on such a network. Data-parallel training wants
# networks that compute much with few weights, or a fast cable.
#
# ### The same sum, other bits
#
# Float32 rounds after every addition, so the order of the additions matters:
# %% [markdown] lang="ko"
# 작은 배열에는 단계가 적은 쪽이, 큰 배열에는 적게 보내는 쪽이 좋습니다. 랭크들을 이어 주는 시스템인 MPI는 크기를 보고 고릅니다. 그리고
# VGG-16을 보세요. 이런 네트워크에서는 기울기를 주고받는 데만 **한 걸음에** 8초가 넘게 걸립니다. 데이터 병렬 학습에는 가중치에 비해 계산이
# 많은 신경망, 아니면 빠른 선이 필요합니다.
#
# ### 같은 합, 다른 비트
#
# float32는 더할 때마다 반올림하므로 더하는 순서에 따라 결과가 달라집니다.
# %%
arrays = [rng.normal(size=960).astype("float32") for _ in range(4)]
by_tree, by_ring, by_star = tree(arrays)[0], ring(arrays)[0], star(arrays)[0]
differ = (by_tree[0] != by_ring[0]).mean()
print(f"tree and ring differ in {differ:.0%} of the sums, by {np.abs(by_tree[0] - by_ring[0]).max():.0e} at most")
assert 0 < differ < 1 and np.allclose(by_tree[0], by_ring[0], atol=1e-5)
assert all(np.array_equal(one, by_ring[0]) for one in by_ring)  # all ranks have the same bits
ordered = ((arrays[0] + arrays[1]) + arrays[2]) + arrays[3]
assert np.array_equal(ordered, by_star[0])
# %% [markdown] lang="en"
# That all ranks have the *same* bits is essential: they never compare their weights again. `tinynet.distribution` sends
# as little as the ring, but each piece is added in the order of the ranks 0, 1, 2, ...: so every run gives the same bits,
# with any MPI.
#
# ## On real machines
#
# A script for one machine needs two lines more:
#
# ```python
# strategy = tn.distribution.DataParallel()
# with strategy.scope():
#     model = build_and_compile()
# model.fit(x, y, batch_size=128)
# ```
#
# ```sh
# python script.py                                  # alone
# mpirun -n 2 python script.py                      # two processes on this machine
# mpirun -n 16 --hostfile hosts python script.py    # on all machines in the file hosts
# ```
#
# `batch_size` is that of the **whole** batch: with two ranks, each computes 64 samples. Rank 0 prints, and writes files.
#
# In a notebook there is one process, so from here on our ranks are **simulated**: `train_together` computes the parts of
# all ranks one after the other, averages as an all-reduce would, and makes one step. Its numbers are those of real ranks,
# up to rounding. Its *time* is not: nothing is faster here. First the proof that it does the same as `fit`:
# %% [markdown] lang="ko"
# 모든 랭크가 *같은* 비트를 가져야 한다는 점은 아주 중요합니다. 가중치를 다시는 비교하지 않기 때문입니다. `tinynet.distribution`은 고리만큼
# 적게 보내면서도, 조각마다 랭크 0, 1, 2, ... 순서로 더합니다. 그래서 어떤 MPI를 쓰든 실행할 때마다 비트까지 같은 결과가 나옵니다.
#
# ## 진짜 컴퓨터에서
#
# 컴퓨터 한 대에서 돌리던 스크립트에 두 줄만 더하면 됩니다.
#
# ```python
# strategy = tn.distribution.DataParallel()
# with strategy.scope():
#     model = build_and_compile()
# model.fit(x, y, batch_size=128)
# ```
#
# ```sh
# python script.py                                  # alone
# mpirun -n 2 python script.py                      # two processes on this machine
# mpirun -n 16 --hostfile hosts python script.py    # on all machines in the file hosts
# ```
#
# `batch_size`는 배치 **전체**의 크기입니다. 랭크가 둘이면 각자 샘플 64개를 계산합니다. 화면에 출력하고 파일을 쓰는 것은 랭크 0입니다.
#
# 노트북에는 프로세스가 하나뿐이므로, 지금부터 나오는 랭크는 **흉내 낸 것**입니다. `train_together`는 모든 랭크의 몫을 차례로 계산하고,
# 올리듀스처럼 평균을 낸 다음 한 걸음을 갑니다. 나오는 수는 반올림 오차를 빼면 진짜 랭크들의 것과 같습니다. 하지만 걸리는 *시간*은 다릅니다.
# 여기서는 조금도 빨라지지 않습니다. 먼저 `fit`과 같은 일을 한다는 것부터 확인합시다.
# %%
def train_together(model, x, y, ranks, batch, rate, epochs, momentum=0.9, shuffle=True):
    """Simulated ranks: one process computes the parts of all of them. Returns the training loss of each epoch."""
    optimizer, losses = tn.keras.optimizers.SGD(rate, momentum=momentum), []
    optimizer.build(model.trainable_variables)
    order = np.random.default_rng(0)
    for _ in range(epochs):
        indices, total = order.permutation(len(x)) if shuffle else np.arange(len(x)), 0.0
        for start in range(0, len(x), batch):
            chosen = indices[start : start + batch]
            averaged = 0
            for own in np.array_split(chosen, ranks):  # each rank's part
                if len(own):
                    with tn.GradientTape() as tape:
                        loss = loss_of(y[own], model(x[own], training=True))
                    share = len(own) / len(chosen)
                    found = tape.gradient(loss, model.trainable_variables)
                    averaged = [share * np.asarray(one) for one in found] if averaged == 0 else [
                        before + share * np.asarray(one) for before, one in zip(averaged, found)]
                    total += len(own) * float(loss)
            optimizer.apply([g.astype("float32") for g in averaged], model.trainable_variables)
        losses.append(total / len(x))
    return losses


alone, together = clothes(), clothes()
alone.compile(tn.keras.optimizers.SGD(0.01, momentum=0.9), loss_of)
expected = alone.fit(train_x[:1000], train_y[:1000], batch_size=128, epochs=3, shuffle=False, verbose=0).history["loss"]
got = train_together(together, train_x[:1000], train_y[:1000], 4, 128, 0.01, 3, shuffle=False)
largest = max(np.abs(a - b).max() for a, b in zip(alone.get_weights(), together.get_weights()))
print("one machine:", np.round(expected, 6))
print("four ranks: ", np.round(got, 6), f" largest difference of a weight: {largest:.0e}")
assert np.allclose(expected, got, rtol=1e-3) and largest < 1e-2
# %% [markdown] lang="en"
# And real ranks? This cell writes the script to a file and starts it with `mpirun -n 2`, if there is one and mpi4py works
# with it. If not, it reports what is missing, and the simulation stands alone.
# %% [markdown] lang="ko"
# 진짜 랭크라면 어떨까요? 이 셀은 스크립트를 파일에 쓰고 `mpirun -n 2`로 실행합니다. `mpirun`이 있고 mpi4py와 함께 동작할 때만입니다. 그렇지
# 않으면 무엇이 없는지 알려 주고, 흉내 낸 결과만 남습니다.
# %%
script = """
import numpy as np
import tinynet as tn

data = np.load("data.npz")
strategy = tn.distribution.DataParallel()
with strategy.scope():
    tn.utils.set_random_seed(0)
    layers = tn.keras.layers
    model = tn.keras.Sequential([
        tn.keras.Input((28, 28)), layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dense(10)])
    model.compile(tn.keras.optimizers.SGD(0.01, momentum=0.9),
                  tn.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
history = model.fit(data["x"], data["y"], batch_size=128, epochs=3, shuffle=False, verbose=0)
if strategy.rank == 0:
    print("ranks:", strategy.size)
    print("losses:", *history.history["loss"])
    print(f"waiting for communication: {history.speeds[-1].waiting:.0%} of the time")
"""


def by_mpirun(ranks, seconds=60):
    """What the script prints on real ranks; or why there are none."""
    launcher = shutil.which("mpirun", path=os.path.dirname(sys.executable)) or shutil.which("mpirun")
    if launcher is None:
        return None, "there is no mpirun here (the guide on distribution shows how to install one)"
    settings = {"OMP_NUM_THREADS": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1",
                "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
                "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    path = os.pathsep.join(filter(None, [str(Path(tn.__file__).parents[1]), os.environ.get("PYTHONPATH")]))
    with tempfile.TemporaryDirectory(prefix="ranks-") as folder:
        (Path(folder) / "script.py").write_text(script)
        np.savez(Path(folder) / "data.npz", x=train_x[:1000], y=train_y[:1000])
        process = subprocess.Popen([launcher, "-n", str(ranks), sys.executable, "script.py"], cwd=folder, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                   env={**os.environ, **settings, "PYTHONPATH": path})
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.terminate()  # mpirun ends its processes
            process.communicate()
            return None, f"mpirun had not ended after {seconds} seconds"
    if process.returncode or f"ranks: {ranks}" not in output:
        return None, f"mpirun and mpi4py do not work together here: {output.strip()[-200:]}"
    return output, None


printed, reason = by_mpirun(2)
print(printed or f"simulated ranks only: {reason}")
if printed:
    losses = [float(loss) for loss in printed.partition("losses:")[2].splitlines()[0].split()]
    assert np.allclose(losses, expected, rtol=1e-3)
# %% [markdown] lang="en"
# ## The temptation: a larger batch
#
# With the same batch, four ranks give the same network as one machine. But each rank computes only a quarter of it, while
# the all-reduce costs the same: soon the ranks mostly talk. So everybody is tempted to keep **32 samples a rank** and let
# the batch grow: 32, 64, 128. Fewer steps an epoch, each with more work in it. What does that do to the learning?
# %% [markdown] lang="ko"
# ## 유혹: 배치를 키우자
#
# 배치가 그대로면 랭크 넷이 만드는 신경망은 한 대가 만드는 것과 같습니다. 하지만 랭크마다 계산은 4분의 1로 줄어드는데 올리듀스에 드는 비용은
# 그대로입니다. 머지않아 랭크들은 일보다 대화를 더 많이 하게 됩니다. 그래서 누구나 **랭크마다 샘플 32개**를 유지하고 배치를 32, 64, 128로
# 키우고 싶어집니다. 한 에폭의 걸음 수는 줄고, 한 걸음에 하는 일은 늘어납니다. 학습에는 어떤 영향이 있을까요?
# %%
epochs, per_rank, base = 8, 32, 0.01
curves = {}
for ranks in (1, 2, 4):
    for rule in ("same rate", "linear rule"):
        rate = base * ranks if rule == "linear rule" else base
        model = clothes()
        curves[ranks, rule] = train_together(model, train_x, train_y, ranks, per_rank * ranks, rate, epochs)
        accuracy = (model.predict(test_x, verbose=0).argmax(axis=1) == test_y).mean()
        steps = -(-len(train_x) // (per_rank * ranks))
        print(f"{ranks} ranks, batch {per_rank * ranks:3}, {steps:3} steps an epoch, {rule} {rate:.2f}: "
              f"training loss {curves[ranks, rule][-1]:.3f}, accuracy {accuracy:.3f}")
_, ax = plt.subplots(figsize=(8, 4), layout="constrained")
for (ranks, rule), losses in curves.items():
    if ranks > 1 or rule == "same rate":
        ax.plot(range(1, epochs + 1), losses, "--" if rule == "linear rule" else "-", color=f"C{ranks // 2}", linewidth=2.5,
                label=f"n = {ranks}" + (f", {ranks} · lr" if rule == "linear rule" else ""))
ax.set(xlabel="epoch", ylabel="loss")
legend = ax.legend()
last = {key: losses[-1] for key, losses in curves.items()}
assert last[1, "same rate"] < last[2, "same rate"] < last[4, "same rate"]
assert last[4, "linear rule"] < last[4, "same rate"] - 0.04 and last[4, "linear rule"] < 1.15 * last[1, "same rate"]
# %% [markdown] lang="en"
# With the same learning rate, every rank that we add makes the training *slower* per epoch: four ranks make a quarter of the
# steps, each as long as before. With $n$ times the rate they are nearly back on the curve of one rank.
#
# ## The linear scaling rule
#
# *When the batch is $k$ times as large, multiply the learning rate by $k$* (Goyal et al. 2017). Why? $k$ steps with small
# batches $B_j$ move the weights by
#
# $$w_{t+k} = w_t - \eta \sum_{j=1}^{k} \nabla L_{B_j}(w_{t+j-1})$$
#
# and one step with all of them together, at the rate $\eta'$, by
#
# $$w'_{t+1} = w_t - \eta'\,\frac{1}{k} \sum_{j=1}^{k} \nabla L_{B_j}(w_t)$$
#
# If the gradient changes little within $k$ steps, the two sums are about equal, and $\eta' = k\,\eta$ makes the steps equal.
# That "if" is everything. Test it: $k$ small steps and one large one from the same weights. How far from each other do
# they end?
# %% [markdown] lang="ko"
# 학습률을 그대로 두면 랭크를 더할수록 에폭당 학습이 오히려 *느려집니다*. 랭크 넷이면 걸음 수가 4분의 1인데 보폭은 그대로이기 때문입니다.
# 학습률을 $n$배로 하면 랭크 하나의 곡선에 거의 다시 올라섭니다.
#
# ## 선형 스케일링 규칙(linear scaling rule)
#
# *배치가 $k$배 커지면 학습률도 $k$배로 하라*(Goyal et al. 2017). 왜 그럴까요? 작은 배치 $B_j$로 $k$걸음을 가면 가중치는 이렇게 움직입니다.
#
# $$w_{t+k} = w_t - \eta \sum_{j=1}^{k} \nabla L_{B_j}(w_{t+j-1})$$
#
# 이 배치들을 한데 모아 학습률 $\eta'$으로 한 걸음을 가면 이렇게 움직입니다.
#
# $$w'_{t+1} = w_t - \eta'\,\frac{1}{k} \sum_{j=1}^{k} \nabla L_{B_j}(w_t)$$
#
# $k$걸음을 가는 동안 기울기가 거의 변하지 않는다면 두 합은 비슷하고, $\eta' = k\,\eta$일 때 두 움직임이 같아집니다. 이 "않는다면"이 전부를
# 좌우합니다. 시험해 봅시다. 같은 가중치에서 출발해 작은 걸음 $k$번과 큰 걸음 한 번을 가면, 도착한 두 곳은 얼마나 떨어져 있을까요?
# %%
def apart(model, k, rate):
    """How far k small steps and one large step end from each other, as a fraction of the way of the small ones."""
    start, images = model.get_weights(), np.random.default_rng(1).permutation(len(train_x))[: k * per_rank]
    ends = []
    for count, own_rate in ((k, rate), (1, k * rate)):
        model.set_weights(start)
        for part in np.split(images, count):
            for variable, g in zip(model.trainable_variables, gradient(model, train_x[part], train_y[part])):
                variable.assign_sub(own_rate * g)
        ends.append(np.concatenate([w.ravel() for w in model.get_weights()]))
    model.set_weights(start)
    before = np.concatenate([w.ravel() for w in start])
    return np.linalg.norm(ends[0] - ends[1]) / np.linalg.norm(ends[0] - before)


model = clothes()
distance = {k: apart(model, k, base) for k in (2, 4, 16, 64)}
print("apart, as a fraction of the way:", ", ".join(f"k = {k}: {d:.0%}" for k, d in distance.items()))
assert distance[2] < distance[4] < 0.3 < distance[16] < distance[64] and distance[64] > 1
# %% [markdown] lang="en"
# For a few steps it holds; for 64 it does not at all.
#
# ## Warm-up
#
# The rule is most wrong at the start, where the weights move the most (Goyal et al.). The remedy: begin with $\eta$, the
# rate of the small batch, and let it rise linearly to $k\,\eta$ over the first epochs.
#
# With four ranks nobody needs it. Look at 64 ranks, a batch of 2048. The network gets a batch normalization, as most have
# that are trained this way. And from here on we use `fit` with the large `batch_size` in place of simulated ranks: the
# same numbers, as we have seen, with normalization over the whole batch (`synchronized=True` on real ranks).
# %% [markdown] lang="ko"
# 몇 걸음까지는 잘 맞지만, 64걸음이면 전혀 맞지 않습니다.
#
# ## 웜업(warm-up)
#
# 이 규칙은 가중치가 가장 많이 움직이는 학습 초반에 가장 크게 어긋납니다(Goyal et al.). 해결책은 이렇습니다. 작은 배치의 학습률
# $\eta$로 시작해서, 처음 몇 에폭 동안 $k\,\eta$까지 일정하게 키웁니다.
#
# 랭크가 넷이면 웜업이 필요 없습니다. 랭크가 64개, 곧 배치가 2048일 때를 봅시다. 이렇게 학습하는 신경망이 대개 그렇듯 배치 정규화를
# 넣습니다. 그리고 지금부터는 랭크를 흉내 내는 대신 `fit`에 큰 `batch_size`를 줍니다. 앞에서 본 것처럼 나오는 수는 같습니다. 정규화는 배치
# 전체로 합니다(진짜 랭크에서는 `synchronized=True`).
# %%
class WarmUp(tn.keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, rate, factor, steps):
        self.rate, self.factor, self.steps = rate, factor, steps

    def __call__(self, step):
        return self.rate * (1 + (self.factor - 1) * np.minimum(np.asarray(step, "float32") / self.steps, 1))

    def get_config(self):
        return {"rate": self.rate, "factor": self.factor, "steps": self.steps}


def train(batch, rule, seed=1):
    """(training loss of each epoch, accuracy on the test images)"""
    factor, steps = batch / per_rank, -(-len(train_x) // batch)
    rate = {"same rate": base, "linear rule": factor * base, "with warm-up": WarmUp(base, factor, 2 * steps)}[rule]
    tn.utils.set_random_seed(seed)
    model = tn.keras.Sequential([
        tn.keras.Input((28, 28)), layers.Flatten(), layers.Dense(64, use_bias=False),
        layers.BatchNormalization(momentum=0.8), layers.ReLU(), layers.Dense(10),
    ])
    model.compile(tn.keras.optimizers.SGD(rate, momentum=0.9), loss_of, metrics=["accuracy"])
    losses = model.fit(train_x, train_y, batch_size=batch, epochs=epochs, verbose=0).history["loss"]
    return losses, model.evaluate(test_x, test_y, batch_size=1000, verbose=0)[1]


rules = ("same rate", "linear rule", "with warm-up")
large = {rule: train(2048, rule)[0] for rule in rules}
_, ax = plt.subplots(figsize=(8, 4), layout="constrained")
for rule, style in zip(rules, ("-", "--", ":")):
    ax.plot(range(1, epochs + 1), large[rule], style, linewidth=2.5, label=rule)
    print(f"batch 2048, {rule:<12} loss", np.round(large[rule], 2))
ax.set(xlabel="epoch", ylabel="loss")
legend = ax.legend()
assert large["with warm-up"][0] > large["linear rule"][0]
assert large["with warm-up"][-1] < large["linear rule"][-1] < large["same rate"][-1]
# %% [markdown] lang="en"
# With warm-up the first epochs are slower, and the end is better.
#
# ## Where large batches begin to hurt
#
# The same 8 epochs, with batches from 32 to 2048, two seeds each: as if 1 to 64 ranks had 32 samples each.
# %% [markdown] lang="ko"
# 웜업을 하면 처음 몇 에폭은 느리지만 끝은 더 좋습니다.
#
# ## 큰 배치는 어디서부터 해로울까
#
# 똑같이 8 에폭씩, 배치를 32부터 2048까지 바꾸어 가며 시드(seed) 두 개로 학습합니다. 랭크 1개부터 64개까지가 샘플을 32개씩 맡은 셈입니다.
# %%
batches = (32, 128, 512, 1024, 2048)
measured = {rule: [] for rule in rules}
for batch in batches:
    for rule in rules:
        if batch == per_rank and rule != "same rate":
            measured[rule].append(measured["same rate"][0])  # for one rank all rules are the same
            continue
        measured[rule].append(np.mean([train(batch, rule, seed)[1] for seed in (1, 2)]))
print("batch       ", *(f"{batch:6}" for batch in batches))
_, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
for rule, style in zip(rules, ("o-", "s--", "^:")):
    print(f"{rule:<12}", *(f"{accuracy:6.3f}" for accuracy in measured[rule]))
    ax.plot(batches, measured[rule], style, linewidth=2.5, label=rule)
ax.set_xscale("log", base=2)
ax.set(xlabel="batch", ylabel="accuracy", xticks=batches, xticklabels=batches)
legend = ax.legend()
at = {rule: dict(zip(batches, values)) for rule, values in measured.items()}
assert epochs * -(-len(train_x) // 32) == 1504 and epochs * -(-len(train_x) // 2048) == 24
assert at["same rate"][32] - at["same rate"][2048] > 0.08
assert at["linear rule"][512] > at["same rate"][512] and at["linear rule"][512] > at["linear rule"][32] - 0.03
assert at["same rate"][2048] + 0.05 < at["linear rule"][2048] < at["linear rule"][512] - 0.01
assert at["with warm-up"][2048] > at["same rate"][2048] + 0.08
# %% [markdown] lang="en"
# Four things in one picture:
#
# 1. **The same rate** loses more with each doubling. Such a network is not worse, it is *not there yet*: 64 ranks make 24
#    steps where one makes 1504. More epochs would help, but then what have we gained?
# 2. **The linear rule** keeps the accuracy up to 16 times the batch, here. It costs nothing: use it.
# 3. **Then it begins to hurt.** A batch of 2048 is a third of these 6,000 images. Its gradient is hardly better than that of
#    1024, and the step that the rule demands is longer than the surface allows.
# 4. **Warm-up** moves the end further out: nearly to 64 times. It does not abolish it. (For ImageNet, with 1.28 million
#    images, the end is at about 8,000.)
#
# So measure **time to an accuracy**, not samples a second: 64 ranks can be 60 times as fast and yet not get there.
#
# ## In Keras's words
#
# The mean of the parts, without a gradient in sight. One SGD step is linear in the gradient: so one step with the whole
# batch ends at the mean of the weights that the two halves lead to. This cell runs on Keras 3 too.
# %% [markdown] lang="ko"
# 그림 하나에서 네 가지를 배웁니다.
#
# 1. **같은 학습률**로는 배치를 두 배로 할 때마다 더 손해를 봅니다. 신경망이 나빠졌다기보다 *아직 덜 간* 것입니다. 한 대가 1504걸음을 가는
#    동안 64대는 24걸음밖에 못 갑니다. 에폭을 늘리면 나아지겠지만, 그러면 여럿이 나눠서 얻은 것이 없습니다.
# 2. **선형 규칙**을 쓰면 여기서는 배치를 16배로 키워도 정확도가 유지됩니다. 공짜이니 쓰세요.
# 3. **그다음부터는 해롭습니다.** 2048장은 전체 이미지 6,000장의 3분의 1입니다. 1024장으로 구한 기울기보다 나을 것이 거의 없는데, 규칙이
#    요구하는 보폭은 곡면이 허락하는 것보다 깁니다.
# 4. **웜업**은 그 한계를 64배 가까이까지 밀어냅니다. 없애지는 못합니다. (이미지가 128만 장인 ImageNet에서는 8,000쯤이 한계입니다.)
#
# 그러니 초당 샘플 수가 아니라 **목표 정확도까지 걸린 시간**을 재세요. 64대가 60배 빠른데도 그 정확도에는 이르지 못할 수 있습니다.
#
# ## Keras 방식으로
#
# 기울기를 직접 보지 않고도 나누어 평균 내기를 확인할 수 있습니다. SGD의 한 걸음은 기울기에 대해 선형입니다. 그래서 배치 전체로 한 걸음 간
# 곳은, 절반씩으로 각각 한 걸음 간 두 가중치의 평균입니다. 이 셀은 Keras 3에서도 실행됩니다.
# %% tags=["keras"]
import numpy as np
import tinynet as tf

rng = np.random.default_rng(0)
images, labels = rng.normal(size=(64, 20)).astype("float32"), rng.integers(0, 3, 64)
line = tf.keras.Sequential([tf.keras.Input((20,)), tf.keras.layers.Dense(8, activation="relu"), tf.keras.layers.Dense(3)])
line.compile(tf.keras.optimizers.SGD(0.1), tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
start, ends = line.get_weights(), []
for rows in (slice(0, 64), slice(0, 32), slice(32, 64)):
    line.set_weights(start)
    line.train_on_batch(images[rows], labels[rows])
    ends.append(line.get_weights())
error = max(float(np.abs(w - (a + b) / 2).max()) for w, a, b in zip(*ends))
print(f"the step of the whole batch and the mean of the steps of its halves differ by {error:.0e}")
assert error < 1e-5
# %% [markdown] lang="en"
# `batch_size` is the whole batch in Keras and tinynet. PyTorch's `DistributedDataParallel` is different: there it is
# each **process's** batch, and the gradients' mean is a plain one.
#
# ## Try it
#
# 1. Save the script above as `script.py` with more epochs and start it with `mpirun -n 2`. After each epoch, rank 0 prints
#    samples a second, the time that was spent waiting, and the slowest rank. `model.lab()` shows the same in the browser.
# 2. `base = 0.003`, and again the curve over batch sizes. How far does the linear rule carry now? And without
#    `BatchNormalization`?
# 3. Adam instead of SGD. Its steps hardly depend on the gradient's size: which rule would you guess? Many use $\sqrt{k}$.
#
# What the batch size does on one machine, to play with:
#
#     tinynet lab batches
# %% [markdown] lang="ko"
# Keras와 tinynet의 `batch_size`는 배치 전체의 크기입니다. PyTorch의 `DistributedDataParallel`은 다릅니다. 거기서는 **프로세스 하나**의
# 배치이고, 기울기도 가중치 없이 그냥 평균을 냅니다.
#
# ## 실험해 봅시다
#
# 1. 위의 스크립트를 에폭을 늘려 `script.py`로 저장하고 `mpirun -n 2`로 실행해 보세요. 에폭이 끝날 때마다 랭크 0이 초당 샘플 수, 기다린
#    시간의 비율, 가장 느린 랭크를 출력합니다. `model.lab()`을 쓰면 브라우저에서도 볼 수 있습니다.
# 2. `base = 0.003`으로 바꾸고 배치 크기별 곡선을 다시 그려 보세요. 선형 규칙이 이번에는 어디까지 통하나요?
#    `BatchNormalization`을 빼면요?
# 3. SGD 대신 Adam을 써 보세요. Adam의 보폭은 기울기의 크기와 거의 상관이 없습니다. 어떤 규칙이 맞을까요? $\sqrt{k}$를 쓰는 사람이 많습니다.
#
# 한 대에서 배치 크기가 하는 일은 여기서 만져 볼 수 있습니다.
#
#     tinynet lab batches
# %% [markdown] lang="en"
# ## What goes wrong in practice
#
# * **All ranks read the same samples.** Each shuffles for itself with the same seed and takes the first 32. All work, all
#   agree, and nothing is gained: the next cell. (`fit` cuts each batch for you.)
# * **Ranks begin with different weights.** The gradient's mean is then that of different networks. `fit` sends rank 0's
#   weights to all before the first step.
# * **More ranks, the same learning rate.** The curve per epoch gets worse, and the network is blamed.
# * **The plain mean** of uneven parts, most often in the last batch of an epoch.
# * **Batch normalization** of 8 samples a rank is noisy; `BatchNormalization(synchronized=True)` uses the whole batch.
# * **Every rank writes the same file**, or prints. Put it under `if strategy.rank == 0:`.
# %% [markdown] lang="ko"
# ## 실제로 자주 하는 실수
#
# * **모든 랭크가 같은 샘플을 읽기.** 저마다 같은 시드로 섞어서 앞의 32개를 가져가면, 모두 일하고 모두 의견이 같은데 얻은 것이 없습니다. 다음
#   셀에서 확인해 보세요. (`fit`은 배치를 알아서 나눕니다.)
# * **서로 다른 가중치로 시작하기.** 그러면 서로 다른 신경망의 기울기를 평균 내게 됩니다. `fit`은 첫 걸음 전에 랭크 0의 가중치를 모두에게
#   보냅니다.
# * **랭크만 늘리고 학습률은 그대로 두기.** 에폭당 곡선이 나빠지고, 애꿎은 신경망 탓을 하게 됩니다.
# * **똑같이 나누어지지 않았는데 그냥 평균 내기.** 에폭의 마지막 배치에서 가장 자주 일어납니다.
# * **랭크마다 샘플 8개로 배치 정규화하기.** 통계가 심하게 흔들립니다. `BatchNormalization(synchronized=True)`는 배치 전체를 씁니다.
# * **모든 랭크가 같은 파일에 쓰거나 화면에 출력하기.** `if strategy.rank == 0:` 아래에 두세요.
# %%
model = clothes()
full = gradient(model, train_x, train_y)[0]


def error_of(indices):
    return np.linalg.norm(gradient(model, train_x[indices], train_y[indices])[0] - full) / np.linalg.norm(full)


draws = [np.random.default_rng(seed).permutation(len(train_x)) for seed in range(20)]
shared = np.mean([error_of(np.tile(order[:32], 4)) for order in draws])  # four ranks, the same 32 samples
own = np.mean([error_of(order[:128]) for order in draws])  # four ranks, 32 samples each
one = np.mean([error_of(order[:32]) for order in draws])
print(f"error of the gradient: one rank {one:.2f}, four with the same samples {shared:.2f}, four with their own {own:.2f}")
assert np.isclose(one, shared, rtol=1e-3) and own < 0.7 * one
# %% [markdown] lang="en"
# Four times the samples, half the error: $1/\sqrt{4}$.
#
# ## Exercises
#
# ```python
# from tinynet import lessons
#
# lessons.check("batch_gradient", my_batch_gradient)
# lessons.check("ring_step", my_ring_step)
# lessons.check("warm_up", my_warm_up)
# ```
#
# On paper: a network has 25 million weights in float32. Four ranks use a ring at 1 Gb/s, 125 million bytes a second. How
# many bytes does each rank send in a step, and how long does that take? One step computes for 0.4 s. What part of the time
# is left for computing, if nothing overlaps?
# %% [markdown] lang="ko"
# 샘플이 네 배면 오차는 절반입니다. $1/\sqrt{4}$이기 때문입니다.
#
# ## 연습 문제
#
# ```python
# from tinynet import lessons
#
# lessons.check("batch_gradient", my_batch_gradient)
# lessons.check("ring_step", my_ring_step)
# lessons.check("warm_up", my_warm_up)
# ```
#
# 손으로 풀어 보기: 어떤 신경망의 가중치가 float32로 2,500만 개입니다. 랭크 넷이 1 Gb/s, 곧 초당 1억 2,500만 바이트의 고리로 이어져 있습니다.
# 한 걸음에 랭크마다 몇 바이트를 보낼까요? 시간은 얼마나 걸릴까요? 계산은 한 걸음에 0.4초 걸립니다. 계산과 통신이 겹치지 않는다면 전체 시간
# 중 계산하는 시간은 얼마나 될까요?
# %%
size, n, rate, computing = 25e6 * 4, 4, 125e6, 0.4
sent = 2 * (n - 1) / n * size
print(f"{sent / 1e6:.0f} million bytes, {sent / rate:.1f} s; computing {computing / (computing + sent / rate):.0%} of the time")
assert sent == 150e6 and sent / rate == 1.2 and np.isclose(computing / (computing + 1.2), 0.25)
