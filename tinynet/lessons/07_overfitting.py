# %% [markdown] lang="en"
# # Over-fitting, early stopping, L1 and L2
#
# Course rows: 38-44 · Minutes: 40
#
# **The question.** The training loss falls and falls, and the network gets *worse* on images that it has not seen. How
# can that be, how do you notice, and what can you do about it?
# %% [markdown] lang="ko"
# # 과적합(over-fitting), 조기 종료(early stopping), L1과 L2
#
# 강의 항목: 38-44 · 시간(분): 40
#
# **질문.** 학습 손실은 계속 줄어드는데, 처음 보는 이미지에서는 오히려 *나빠집니다*. 어떻게 그럴 수 있을까요? 어떻게 알아차리고, 무엇을
# 할 수 있을까요?
# %%
import warnings

import numpy as np
import matplotlib.pyplot as plt

import tinynet as tn
from tinynet import plots, textbook

tn.utils.set_random_seed(0)
plt.rcParams["font.size"] = 14
# %% [markdown] lang="en"
# ## Under-fitting and over-fitting
#
# Twenty noisy points on a sine curve, and polynomials through them. Degree 1 cannot bend: it **under-fits**. Degree 14
# has 15 numbers for 20 points: it runs after the noise, it **over-fits**. The training loss never rises with the degree.
# The loss on 200 **other** points does, and that is the only one that tells.
# %% [markdown] lang="ko"
# ## 과소적합(under-fitting)과 과적합(over-fitting)
#
# 사인 곡선 위에 잡음 섞인 점 20개가 있고, 여기에 다항식을 맞춰 봅시다. 1차식은 휘어질 수 없어 **과소적합**입니다. 14차식은 점 20개에
# 숫자를 15개나 써서 잡음까지 따라갑니다. **과적합**입니다. 학습 손실은 차수가 높아져도 절대 커지지 않습니다. 하지만 **다른** 점 200개에
# 대한 손실은 커집니다. 진실을 알려 주는 것은 이쪽뿐입니다.
# %%
fits = textbook.fit_polynomials()
for degree in (1, 5, 14):
    print(f"degree {degree:>2}: training loss {fits.train_loss[degree]:.4f}, on new points {fits.validation_loss[degree]:.4f}")
axes = textbook.plots.plot_polynomials(fits, degrees=(1, 5, 14))
assert (np.diff(fits.train_loss) < 1e-9).all() and fits.best_degree == 5
assert fits.validation_loss[14] > 10 * fits.validation_loss[5] and fits.validation_loss[1] > 4 * fits.validation_loss[5]
# %% [markdown] lang="en"
# ## The same with a network
#
# 600 images of Fashion-MNIST (from the sample inside tinynet's wheel) for a network of 101,770 weights. Look at both
# curves, training and validation, and where the second one turns.
# %% [markdown] lang="ko"
# ## 신경망에서도 똑같이
#
# Fashion-MNIST 이미지 600장(tinynet에 들어 있는 표본)을 가중치 101,770개짜리 신경망으로 학습합니다. 학습과 검증(validation) 두 곡선을
# 보고, 검증 곡선이 어디서 돌아서는지 찾아보세요.
# %%
(train_x, train_y), (new_x, new_y) = tn.datasets.fashion_mnist_sample.load_data()
train_x, train_y, new_x = train_x[:600] / 255.0, train_y[:600], new_x / 255.0


def clothes(regularizer=None):
    tn.utils.set_random_seed(0)
    model = tn.keras.Sequential([
        tn.keras.Input((28, 28)), tn.keras.layers.Flatten(),
        tn.keras.layers.Dense(128, activation="relu", kernel_regularizer=regularizer), tn.keras.layers.Dense(10),
    ])
    model.compile(optimizer="adam", metrics=["accuracy"],
                  loss=tn.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


model = clothes()
run = model.fit(train_x, train_y, epochs=60, batch_size=32, validation_data=(new_x, new_y), verbose=0)
axes = plots.history(run)

loss, new_loss = run.history["loss"], run.history["val_loss"]
best = int(np.argmin(new_loss))
print(f"{model.count_params():,} weights; training loss {loss[0]:.3f} -> {loss[-1]:.3f}")
print(f"on new images: lowest {new_loss[best]:.3f} in epoch {best + 1}, at the end {new_loss[-1]:.3f}")
print(f"accuracy on new images: {run.history['val_accuracy'][best]:.3f} then, {run.history['val_accuracy'][-1]:.3f} now")
assert model.count_params() == 101_770 and loss[-1] < 0.05
assert best < 40 and new_loss[-1] > 1.15 * new_loss[best]
assert abs(run.history["val_accuracy"][best] - run.history["val_accuracy"][-1]) < 0.03
# %% [markdown] lang="en"
# The accuracy hardly changes while the loss rises: the network makes the same mistakes, but is more and more *sure* of
# them.
#
# ## Early stopping
#
# The simplest remedy: stop when it no longer gets better. The example of the slide, as it stands. It runs 4 of 10 epochs.
# Why 4, with a patience of 3?
# %% [markdown] lang="ko"
# 손실은 커지는데 정확도는 거의 그대로입니다. 틀리는 것은 똑같은데 점점 더 *확신*하면서 틀리기 때문입니다.
#
# ## 조기 종료(Early Stopping)
#
# 가장 간단한 방법은 더 나아지지 않을 때 멈추는 것입니다. 슬라이드의 예제를 그대로 실행해 봅시다. 10 에폭 중 4 에폭만 돌고 멈춥니다.
# patience가 3인데 왜 4일까요?
# %%
warnings.simplefilter("ignore")  # tinynet warns of targets of shape (5,) for ten outputs
import tinynet as tf

callback = tf.keras.callbacks.EarlyStopping(monitor='loss', patience=3)
# This callback will stop the training when there is no improvement in
# the loss for three consecutive epochs.
model = tf.keras.models.Sequential([tf.keras.layers.Dense(10)])
model.compile(tf.keras.optimizers.SGD(), loss='mse')
history = model.fit(np.arange(100).reshape(5, 20), np.zeros(5),
                    epochs=10, batch_size=1, callbacks=[callback],
                    verbose=0)
print(len(history.history['loss']), "epochs:", history.history['loss'])  # Only 4 epochs are run.
assert len(history.history['loss']) == 4
warnings.simplefilter("default")
# %% [markdown] lang="en"
# Look at the losses: it does not stop because it has learned, it **diverges**. Inputs up to 99 with a rate of 0.01 are
# too much. The first epoch is the best one, then come three without improvement: $1 + 3 = 4$. (`inf` is never an
# improvement.) The example shows the callback and nothing else.
#
# On real data you want three things: monitor the **validation** loss, some patience, and the **best** weights back.
# Without `restore_best_weights` you keep those of the last epoch.
# %% [markdown] lang="ko"
# 손실을 잘 보세요. 다 배워서 멈춘 것이 아니라 **발산**한 것입니다. 최대 99나 되는 입력에 학습률 0.01은 너무 큽니다. 첫 에폭이 가장
# 좋았고 그 뒤로 세 번 나아지지 않아서 $1 + 3 = 4$입니다. (`inf`는 결코 나아진 것이 아닙니다.) 콜백(callback)의 사용법만 보여 주는
# 예제입니다.
#
# 실제 데이터에서는 세 가지를 챙겨야 합니다. **검증** 손실을 지켜볼 것, 어느 정도 참을성(patience)을 줄 것, 그리고 **가장 좋았던** 가중치로
# 되돌릴 것. `restore_best_weights`가 없으면 마지막 에폭의 가중치가 남습니다.
# %%
stopping = tn.keras.callbacks.EarlyStopping(monitor="val_loss", patience=5, restore_best_weights=True)
model = clothes()
stopped = model.fit(train_x, train_y, epochs=60, batch_size=32, validation_data=(new_x, new_y), verbose=0,
                    callbacks=[stopping])
kept = model.evaluate(new_x, new_y, verbose=0)[0]
epochs = len(stopped.history["loss"])
print(f"stopped after {epochs} epochs; loss on new images with the restored weights {kept:.3f}")
assert epochs == int(np.argmin(stopped.history["val_loss"])) + 1 + 5 and epochs < 60
assert abs(kept - min(stopped.history["val_loss"])) < 1e-3 < new_loss[-1] - kept
# %% [markdown] lang="en"
# ## Regularization: a price for large weights
#
# $$L(W) = \underbrace{\frac{1}{N} \sum_{i=1}^{N} L_i(f(x_i, W), y_i)}_{\text{data loss}} + \underbrace{\lambda R(W)}_{\text{regularization}}$$
#
# *Data loss*: predictions should match the training data. *Regularization*: prevent the model from doing **too well** on
# it. $\lambda$ is a hyperparameter, the strength.
#
# $$\text{L1 (Lasso)}: \quad J(\theta) = \frac{1}{2m} \sum_{i=1}^{m} (h_\theta(x^{(i)}) - y^{(i)})^2 + \frac{\lambda}{2} \sum_{j=1}^{n} |\theta_j|$$
#
# $$\text{L2 (Ridge)}: \quad J(\theta) = \frac{1}{2m} \sum_{i=1}^{m} (h_\theta(x^{(i)}) - y^{(i)})^2 + \frac{\lambda}{2} \sum_{j=1}^{n} \theta_j^2$$
#
# The sums begin at $j = 1$: the bias $\theta_0$ is not punished.
#
# Back to the polynomial of degree 14. With the squared error, L2 has a solution in closed form,
# $\theta = (X^\top X + m \lambda I)^{-1} X^\top y$. The degree stays; only $\lambda$ grows:
# %% [markdown] lang="ko"
# ## 규제(regularization): 큰 가중치에 값을 매기기
#
# $$L(W) = \underbrace{\frac{1}{N} \sum_{i=1}^{N} L_i(f(x_i, W), y_i)}_{\text{data loss}} + \underbrace{\lambda R(W)}_{\text{regularization}}$$
#
# *Data loss*: 예측이 학습 데이터와 맞아야 합니다. *Regularization*: 학습 데이터에 **너무 잘** 맞지 않도록 막습니다. $\lambda$는 규제의
# 세기를 정하는 하이퍼파라미터(hyperparameter)입니다.
#
# $$\text{L1 (Lasso)}: \quad J(\theta) = \frac{1}{2m} \sum_{i=1}^{m} (h_\theta(x^{(i)}) - y^{(i)})^2 + \frac{\lambda}{2} \sum_{j=1}^{n} |\theta_j|$$
#
# $$\text{L2 (Ridge)}: \quad J(\theta) = \frac{1}{2m} \sum_{i=1}^{m} (h_\theta(x^{(i)}) - y^{(i)})^2 + \frac{\lambda}{2} \sum_{j=1}^{n} \theta_j^2$$
#
# 합이 $j = 1$부터 시작하는 것에 주의하세요. 편향(bias) $\theta_0$에는 벌점을 주지 않습니다.
#
# 14차 다항식으로 돌아가 봅시다. 제곱 오차라면 L2의 해는 $\theta = (X^\top X + m \lambda I)^{-1} X^\top y$로 바로 구할 수 있습니다.
# 차수는 그대로 두고 $\lambda$만 키워 봅시다.
# %%
def features(x):
    return np.polynomial.chebyshev.chebvander(x, 14)


(x, y), (other_x, other_y) = fits.train, fits.validation
X, m = features(x), len(x)
free_bias = np.diag([0.0] + [1.0] * 14)
ridge = {}
for strength in (0.0, 1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1.0):
    theta = np.linalg.solve(X.T @ X + m * strength * free_bias, X.T @ y)
    ridge[strength] = np.mean((X @ theta - y) ** 2), np.mean((features(other_x) @ theta - other_y) ** 2)
    print(f"lambda {strength:<7g} training {ridge[strength][0]:.4f}, new points {ridge[strength][1]:.4f}, "
          f"largest weight {np.abs(theta[1:]).max():.2f}")
assert min(ridge, key=lambda strength: ridge[strength][1]) not in (0.0, 1.0)
assert min(new for _, new in ridge.values()) < 0.1 * ridge[0.0][1]
assert np.isclose(ridge[0.0][1], fits.validation_loss[14], rtol=0.05)
# %% [markdown] lang="en"
# The penalty turns a very bad polynomial into one nearly as good as degree 5, without anyone choosing a degree. Too much
# of it, and even the sine is too bold.
#
# ## L2 prefers weights that are spread out
#
# The slide's example: $x = [1, 1, 1, 1]$, $w_1 = [1, 0, 0, 0]$, $w_2 = [0.25, 0.25, 0.25, 0.25]$. Both predict
# $w^\top x = 1$, so the data loss is the same. Which one does L1 prefer, which one L2?
# %% [markdown] lang="ko"
# 벌점을 주었더니 아주 나쁘던 다항식이 5차식에 가깝게 좋아졌습니다. 아무도 차수를 고르지 않았는데 말입니다. 너무 세게 주면 사인 곡선마저
# 지나치다고 여깁니다.
#
# ## L2는 골고루 퍼진 가중치를 좋아한다
#
# 슬라이드의 예제입니다. $x = [1, 1, 1, 1]$, $w_1 = [1, 0, 0, 0]$, $w_2 = [0.25, 0.25, 0.25, 0.25]$. 둘 다 $w^\top x = 1$이므로 데이터
# 손실은 같습니다. L1은 어느 쪽을, L2는 어느 쪽을 좋아할까요?
# %%
ones, w1, w2 = np.ones(4), np.array([1.0, 0, 0, 0]), np.full(4, 0.25)
for name, penalty in {"L1": textbook.L1Slide(2.0), "L2": textbook.L2Slide(2.0)}.items():
    print(f"{name}: w1 {float(penalty(w1)):.2f}, w2 {float(penalty(w2)):.2f}")
assert w1 @ ones == w2 @ ones == 1
assert float(textbook.L1Slide(2.0)(w1)) == float(textbook.L1Slide(2.0)(w2)) == 1
assert float(textbook.L2Slide(2.0)(w1)) == 1 and float(textbook.L2Slide(2.0)(w2)) == 0.25
# %% [markdown] lang="en"
# L1 does not care, L2 takes the spread one, at a quarter of the price.
#
# ## The picture: contours and a ball
#
# A penalty is like a limit: the best weights within a ball. L2's ball is round, L1's is a square on its corner. The
# contour of the loss touches the round one *somewhere*; it touches the square mostly **in a corner**, where a weight is
# exactly 0.
# %% [markdown] lang="ko"
# L1에는 아무 차이가 없고, L2는 4분의 1 값인 골고루 퍼진 쪽을 고릅니다.
#
# ## 그림으로 보기: 등고선과 공
#
# 벌점은 한계를 정하는 것과 같습니다. 정해진 공 안에서 가장 좋은 가중치를 찾는 것입니다. L2의 공은 둥글고, L1의 공은 모서리로 선
# 정사각형입니다. 손실의 등고선이 둥근 공에는 *아무 데서나* 닿지만, 정사각형에는 대개 **꼭짓점에서** 닿습니다. 그곳에서는 가중치 하나가
# 정확히 0입니다.
# %%
curved = [[1.0, 0.3], [0.3, 0.5]]
touch = {norm: textbook.smallest_loss_in_ball((1.5, 0.7), 1.0, norm, curved) for norm in (1, 2)}
one = textbook.plots.plot_ball(norm=1)
two = textbook.plots.plot_ball(norm=2)
print("L1 touches at", np.round(touch[1], 3), " L2 at", np.round(touch[2], 3))
assert np.allclose(touch[1], [1, 0], atol=1e-6) and min(touch[2]) > 0.3
# %% [markdown] lang="en"
# The reason is in the gradient. L2's, $\lambda\theta$, fades as the weight shrinks; L1's, $\frac{\lambda}{2}\,\mathrm{sign}(\theta)$,
# pushes with the same force down to 0. In the network of clothes:
# %% [markdown] lang="ko"
# 이유는 기울기에 있습니다. L2의 기울기 $\lambda\theta$는 가중치가 작아지면 함께 약해지지만, L1의 기울기
# $\frac{\lambda}{2}\,\mathrm{sign}(\theta)$는 0이 될 때까지 같은 힘으로 밀어붙입니다. 옷 사진 신경망에서 확인해 봅시다.
# %%
regularizers = tn.keras.regularizers
tiny, gap = {}, {}
for name, regularizer in {"none": None, "L2, 0.001": regularizers.L2(1e-3), "L1, 0.001": regularizers.L1(1e-3)}.items():
    model = clothes(regularizer)
    model.fit(train_x, train_y, epochs=60, batch_size=32, verbose=0)
    kernel = model.get_weights()[0]
    tiny[name] = (np.abs(kernel) < 1e-3).mean()
    train_accuracy, new_accuracy = (model.evaluate(*data, verbose=0)[1] for data in ((train_x, train_y), (new_x, new_y)))
    gap[name] = train_accuracy - new_accuracy
    print(f"{name:<10} weights below 0.001: {tiny[name]:.0%}; accuracy {train_accuracy:.3f} on training images, "
          f"{new_accuracy:.3f} on new ones")
assert tiny["none"] < 0.05 < tiny["L2, 0.001"] < tiny["L1, 0.001"] and tiny["L1, 0.001"] > 0.6
assert gap["L1, 0.001"] < gap["none"]
# %% [markdown] lang="en"
# L1 leaves most weights at nearly 0: it *selects* inputs. Do not expect wonders of accuracy from either: with 600 images
# the real remedy is **more images**, or made-up ones: augmentation, lesson 9.
#
# ## What Keras does differently
#
# Keras's `L2(l2)` is $l2 \sum w^2$, **without** the $\frac12$: so $l2 = \lambda / 2$ gives the slide's penalty. And its
# `mse` is twice the slide's data term. A $\lambda$ out of a book is easily wrong by a factor of 2 or 4. This cell runs on
# Keras 3 too.
# %% [markdown] lang="ko"
# L1은 대부분의 가중치를 거의 0으로 만듭니다. 입력을 *골라내는* 셈입니다. 다만 어느 쪽이든 정확도가 크게 오르리라 기대하지는 마세요.
# 이미지가 600장뿐이라면 진짜 해결책은 **더 많은 이미지**, 또는 만들어 낸 이미지입니다. 9강 데이터 증강(augmentation)에서 다룹니다.
#
# ## Keras는 무엇이 다를까
#
# Keras의 `L2(l2)`는 $l2 \sum w^2$로, $\frac12$이 **없습니다**. 그래서 $l2 = \lambda / 2$로 두어야 슬라이드의 벌점과 같아집니다. 게다가
# `mse`는 슬라이드의 데이터 항의 두 배입니다. 책에서 본 $\lambda$를 그대로 쓰면 두 배나 네 배쯤 어긋나기 쉽습니다. 이 셀은 Keras 3에서도
# 실행됩니다.
# %% tags=["keras"]
import numpy as np
import tinynet as tf

strength = 0.5
w = np.array([[1.0], [-3.0]], dtype="float32")
penalties = {"L1": float(tf.keras.regularizers.L1(strength / 2)(w)), "L2": float(tf.keras.regularizers.L2(strength / 2)(w))}
print("lambda = 0.5:", penalties)
assert np.isclose(penalties["L1"], 0.5 / 2 * (1 + 3)) and np.isclose(penalties["L2"], 0.5 / 2 * (1 + 9))

line = tf.keras.Sequential([
    tf.keras.Input((2,)), tf.keras.layers.Dense(1, use_bias=False, kernel_regularizer=tf.keras.regularizers.L2(strength / 2)),
])
line.set_weights([w])
line.compile(optimizer=tf.keras.optimizers.SGD(0.1), loss="mse")
print("loss with the penalty:", float(line.evaluate(np.zeros((4, 2)), np.zeros((4, 1)), verbose=0)))
line.train_on_batch(np.zeros((4, 2)), np.zeros((4, 1)))
shrunk = line.get_weights()[0]
print("one step without data: w", w.ravel(), "->", shrunk.ravel())
assert np.allclose(shrunk, (1 - 0.1 * strength) * w, atol=1e-6)
# %% [markdown] lang="en"
# ## Try it
#
# 1. `fit_polynomials(samples=100)`: what does more data do to degree 14?
# 2. Early stopping with `patience=0`, then 20. What do you risk with either?
# 3. `plot_ball(centre=(1.5, 1.4), norm=1)`: does the contour still touch in a corner?
#
# Points to click, $\lambda$ to move, the epoch that is restored:
#
#     tinynet lab overfitting
#
#     tinynet lab penalties
#
#     tinynet lab early_stopping
# %% [markdown] lang="ko"
# ## 실험해 봅시다
#
# 1. `fit_polynomials(samples=100)`처럼 데이터를 늘리면 14차식은 어떻게 될까요?
# 2. 조기 종료에서 `patience=0`, 그리고 20으로 바꿔 보세요. 각각 어떤 위험이 있을까요?
# 3. `plot_ball(centre=(1.5, 1.4), norm=1)`이라면 여전히 꼭짓점에서 닿을까요?
#
# 점을 찍어 보고, $\lambda$를 움직여 보고, 어느 에폭으로 되돌아가는지도 보세요.
#
#     tinynet lab overfitting
#
#     tinynet lab penalties
#
#     tinynet lab early_stopping
# %%
more = textbook.fit_polynomials(samples=100)
print(f"degree 14 on new points: 20 points {fits.validation_loss[14]:.3f}, 100 points {more.validation_loss[14]:.3f}")
assert more.validation_loss[14] < 0.1 * fits.validation_loss[14]
# %% [markdown] lang="en"
# ## What goes wrong in practice
#
# * **Early stopping on `loss`.** The training loss nearly always improves; the callback never stops.
# * **Without `restore_best_weights`.** You keep the weights of `patience` epochs too late.
# * **Choosing by the test set.** Stop, choose $\lambda$ and compare models on *validation* data; touch the test set once.
# * **Comparing `loss` with and without a penalty.** Keras's `loss` and `val_loss` contain $\lambda R(W)$. Compare accuracies, or
#   the data loss alone.
# * **Penalizing biases and batch normalization's $\gamma$.** Use `kernel_regularizer`, and leave the others alone.
# %% [markdown] lang="ko"
# ## 실제로 자주 하는 실수
#
# * **`loss`로 조기 종료하기.** 학습 손실은 거의 언제나 나아지므로 콜백이 멈추지 않습니다.
# * **`restore_best_weights`를 빼먹기.** `patience` 에폭만큼 늦은 가중치가 남습니다.
# * **테스트 데이터로 고르기.** 멈추기, $\lambda$ 고르기, 모델 비교는 *검증* 데이터로 하고, 테스트 데이터는 마지막에 한 번만 쓰세요.
# * **벌점이 있는 `loss`와 없는 `loss`를 비교하기.** Keras의 `loss`와 `val_loss`에는 $\lambda R(W)$가 들어 있습니다. 정확도나 데이터
#   손실만 비교하세요.
# * **편향과 배치 정규화의 $\gamma$에도 벌점 주기.** `kernel_regularizer`만 쓰고 나머지는 그대로 두세요.
# %%
model = clothes(regularizers.L2(1e-2))
model.fit(train_x, train_y, epochs=5, batch_size=32, verbose=0)
with_penalty = model.evaluate(train_x, train_y, verbose=0)[0]
data_loss = float(tn.keras.losses.SparseCategoricalCrossentropy(from_logits=True)(train_y, model.predict(train_x, verbose=0)))
price = 1e-2 * float((model.get_weights()[0] ** 2).sum())
print(f"loss {with_penalty:.3f} = data loss {data_loss:.3f} + penalty {price:.3f}")
assert np.isclose(with_penalty, data_loss + price, rtol=1e-3) and price > 0.1
# %% [markdown] lang="en"
# ## Exercises
#
# ```python
# from tinynet import lessons
#
# lessons.check("early_stopping", my_early_stopping)
# lessons.check("l1_gradient", my_l1_gradient)
# lessons.check("l2_gradient", my_l2_gradient)
# ```
#
# On paper: what does one step of gradient descent do to a weight that has no gradient from the data, with L2? With L1?
# After how many steps is it 0?
# %% [markdown] lang="ko"
# ## 연습 문제
#
# ```python
# from tinynet import lessons
#
# lessons.check("early_stopping", my_early_stopping)
# lessons.check("l1_gradient", my_l1_gradient)
# lessons.check("l2_gradient", my_l2_gradient)
# ```
#
# 손으로 풀어 보기: 데이터에서 오는 기울기가 없는 가중치는 경사 하강법 한 걸음에 L2라면 어떻게 될까요? L1이라면요? 몇 걸음 만에 0이
# 될까요?
# %%
lr, strength, by_l2, by_l1, steps = 0.1, 0.5, 1.0, 1.0, 0
while by_l1 > 1e-12:
    by_l2, by_l1, steps = by_l2 - lr * strength * by_l2, by_l1 - lr * strength / 2, steps + 1
print(f"after {steps} steps: L1 {abs(by_l1):.3f}, L2 {by_l2:.3f}, which never gets to 0")
assert steps == 40 and np.isclose(by_l2, 0.95**40)
