"""CTC and Circle from first principles: all alignments counted, all pairs in loops; tests/judge has Keras's values."""

import itertools

import numpy as np
import pytest

import tinynet as tn

rng = np.random.default_rng(2)


def collapsed(path):
    """The labels of a path: repetitions are one, blanks are none."""
    return [label for i, label in enumerate(path) if label and (i == 0 or path[i - 1] != label)]


def ctc_by_counting(labels, scores):
    p = np.exp(scores - scores.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    losses = []
    for row, one in zip(labels, p, strict=True):
        wanted = [label for label in row if label]
        total = sum(np.prod([one[t, label] for t, label in enumerate(path)])
                    for path in itertools.product(range(one.shape[1]), repeat=len(one)) if collapsed(path) == wanted)
        losses.append(-np.log(total))
    return np.array(losses)


@pytest.mark.parametrize("labels", [[[1, 2], [2, 0]], [[1, 1], [0, 0]], [[2, 1], [2, 2]], [[1, 2, 1], [1, 0, 0]]])
def test_ctc(labels):
    scores = rng.normal(size=(2, 5, 3)) * 2
    np.testing.assert_allclose(tn.losses.ctc(labels, scores).numpy(), ctc_by_counting(labels, scores), rtol=1e-10)
    check_gradient(lambda x: tn.losses.CTC()(labels, x), scores)


def check_gradient(loss, x):
    with tn.GradientTape() as tape:
        v = tn.Variable(x, dtype="float64")
        y = loss(v)
    direction, step = rng.normal(size=x.shape), 1e-6
    difference = (float(loss(x + step * direction)) - float(loss(x - step * direction))) / (2 * step)
    np.testing.assert_allclose(np.sum(tape.gradient(y, v).numpy() * direction), difference, rtol=1e-5, atol=1e-8)


def test_ctc_refuses():
    assert tn.losses.ctc([[1, 1]], np.zeros((1, 2, 3))).item() > 1e4  # too few steps
    for labels, shape, words in (([1], (1, 2, 3), "expected labels"), ([[3]], (1, 2, 3), "3 classes"),
                                 ([[1]], (1, 3), "expected labels"), ([[-1]], (1, 2, 3), "blank")):
        with pytest.raises(ValueError, match=f"ctc: .*{words}"):
            tn.losses.ctc(labels, np.zeros(shape))


def circle_by_loops(labels, x, gamma, margin, diagonal):
    losses = []
    for i, label in enumerate(labels):
        positive, negative = [], []
        for j, other in enumerate(labels):
            d = max(1 - float(x[i] @ x[j]), 0.0)
            if label != other:
                negative.append(np.exp(gamma * max(1 + margin - d, 0) * (1 - margin - d)))
            elif i != j or diagonal:
                positive.append(np.exp(-gamma * max(margin + d, 0) * (margin - d)))
        losses.append(np.log1p(sum(positive) * sum(negative)))
    return np.array(losses)


@pytest.mark.parametrize("arguments", [{"gamma": 4.0}, {"gamma": 2.0, "margin": 0.1, "remove_diagonal": False}])
def test_circle(arguments):
    labels = np.array([0, 1, 0, 2, 1, 0])  # class 2 has no pair
    x = rng.normal(size=(6, 4))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    margin, diagonal = arguments.get("margin", 0.4), not arguments.get("remove_diagonal", True)
    expected = circle_by_loops(labels, x, arguments["gamma"], margin, diagonal)
    np.testing.assert_allclose(tn.losses.circle(labels, x, **arguments).numpy(), expected, rtol=1e-9)
    loss = tn.losses.Circle(**arguments)
    np.testing.assert_allclose(float(loss(labels[:, None], x)), expected[expected > 0].mean(), rtol=1e-6)
    check_gradient(lambda x: loss(labels, x), x)


def test_they_train():
    x, y = rng.normal(size=(8, 6, 3)).astype("float32"), rng.integers(1, 4, (8, 2))
    model = tn.Sequential([tn.Input((6, 3)), tn.layers.LSTM(8, return_sequences=True), tn.layers.Dense(4)])
    model.compile(tn.optimizers.Adam(0.05), "CTC")
    losses = model.fit(x, y, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 2
    model = tn.Sequential([tn.Input((3,)), tn.layers.Dense(4), tn.layers.UnitNormalization()])
    model.compile(tn.optimizers.Adam(0.05), tn.losses.Circle(gamma=8.0))
    losses = model.fit(x[:, 0], y[:, 0], epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
