"""Exercises of the practical on a dense network: a split, the cross-entropy, a confusion matrix (row 67 of the course)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...losses import sparse_categorical_crossentropy
from ...plots.classes import confusion_counts
from .definition import Exercise, Mistake
from .words import Words


def _split(for_training, for_validation, of_labels=None):
    """A split: functions of (order, count) that select the rows; other ones for the labels if they are given."""
    def variant(x, y, order, count):
        (train, validation) = for_training(order, count), for_validation(order, count)
        train_y, val_y = (select(order, count) for select in of_labels) if of_labels else (train, validation)
        return x[train], y[train_y], x[validation], y[val_y]
    return variant


def _rest(order, count):
    return order[count:]


def _first(order, count):
    return order[:count]


_UNSHUFFLED = (lambda order, count: slice(count, None), lambda order, count: slice(count))


def _samples(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    """Samples of three features, integer labels, an order that is not its own inverse."""
    cases: list[tuple[Any, ...]] = []
    for n, count in ((5, 2), (8, 3), (12, 4), (9, 1)):
        order = rng.permutation(n)
        while np.array_equal(order, np.argsort(order)) or np.array_equal(order, np.arange(n)):
            order = rng.permutation(n)
        cases.append((rng.normal(size=(n, 3)), rng.permutation(n) + 10, order, count))
    return cases


TRAIN_VALIDATION_SPLIT = Exercise(
    name="train_validation_split",
    signature="train_validation_split(x, y, order, count)",
    statement=Words(
        """Split samples and labels into training and validation, in a random order, without an overlap.

        Gets x, shape (n, features), the labels y, shape (n,), order, a permutation of 0 to n - 1, and count. The first
        `count` samples of the order are for validation, the others for training. Returns train_x, train_y, val_x,
        val_y, each in the order of `order`.""",
        """샘플과 레이블을 무작위 순서로, 겹치지 않게 학습용과 검증용으로 나눕니다.

        모양이 (n, features)인 x, 모양이 (n,)인 레이블 y, 0부터 n - 1까지의 순열 order, 그리고 count를 받습니다. order에서 앞의 count개가
        검증용이고 나머지가 학습용입니다. train_x, train_y, val_x, val_y를 order의 순서대로 돌려줍니다."""),
    reference=_split(_rest, _first),
    outputs=("train_x", "train_y", "val_x", "val_y"),
    cases=_samples,
    mistakes=(
        Mistake("not_shuffled", Words(
            "the order is not used: these are the first rows as they stand. If the file is sorted by class, the "
            "validation has one class only.",
            "order를 쓰지 않고 앞의 행들을 그대로 떼어 냈습니다. 클래스별로 정렬된 파일이라면 검증 데이터에 클래스가 하나뿐입니다."),
            _split(*_UNSHUFFLED)),
        Mistake("labels_not_shuffled", Words(
            "the samples are shuffled, but the labels are not: each image gets the label of another one. Use the same "
            "indices for x and y.",
            "샘플만 섞고 레이블은 섞지 않았습니다. 이미지마다 다른 이미지의 레이블이 붙습니다. x와 y에 같은 인덱스를 쓰세요."),
            _split(_rest, _first, _UNSHUFFLED)),
        Mistake("samples_not_shuffled", Words(
            "the labels are shuffled, but the samples are not: each image gets the label of another one. Use the same "
            "indices for x and y.",
            "레이블만 섞고 샘플은 섞지 않았습니다. 이미지마다 다른 이미지의 레이블이 붙습니다. x와 y에 같은 인덱스를 쓰세요."),
            _split(*_UNSHUFFLED, (_rest, _first))),
        Mistake("leak", Words(
            "the training part has all samples, those of the validation too: a leak. The network is then tested on what "
            "it has learned by heart.",
            "학습용에 검증 샘플까지 모두 들어 있습니다. 데이터 누수(leakage)입니다. 외운 것으로 시험을 보는 셈입니다."),
            _split(lambda order, count: order, _first)),
        Mistake("overlap_of_one", Words(
            "one sample is in both parts: the training begins at order[count], where the validation has ended.",
            "샘플 하나가 양쪽에 다 들어 있습니다. 검증이 끝난 자리인 order[count]에서 학습용이 시작해야 합니다."),
            _split(lambda order, count: order[count - 1 :], _first)),
        Mistake("one_lost", Words(
            "one sample is in neither part: the training begins at order[count], and not after it.",
            "샘플 하나가 어느 쪽에도 없습니다. 학습용은 order[count] 다음이 아니라 order[count]부터입니다."),
            _split(lambda order, count: order[count + 1 :], _first)),
        Mistake("last_ones", Words(
            "the last `count` samples of the order are taken for validation; it should be the first ones.",
            "order의 마지막 count개를 검증용으로 떼었습니다. 앞의 count개여야 합니다."),
            _split(lambda order, count: order[:-count], lambda order, count: order[-count:])),
        Mistake("sizes_exchanged", Words(
            "the sizes are exchanged: `count` is the number of samples for validation, and not for training.",
            "크기가 서로 바뀌었습니다. count는 학습용이 아니라 검증용 샘플의 수입니다."),
            _split(_first, _rest)),
        Mistake("order_inverted", Words(
            "the order is inverted: new[order[i]] = x[i] puts sample i to position order[i]. It should be new[i] = "
            "x[order[i]].",
            "순서가 뒤집혔습니다. new[order[i]] = x[i]는 i번 샘플을 order[i] 자리로 보냅니다. new[i] = x[order[i]]여야 합니다."),
            _split(lambda order, count: np.argsort(order)[count:], lambda order, count: np.argsort(order)[:count])),
    ),
)


def _cross_entropy(logits, labels):
    return np.mean(np.asarray(sparse_categorical_crossentropy(labels, logits, from_logits=True)))


def _log_softmax(logits, axis=1):
    shifted = logits - logits.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def _of_labels(values, labels):
    return values[np.arange(len(labels)), labels]


def _overflowing(logits):
    exponentials = np.exp(logits)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def _logits(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    """Logits of several sizes; in the last case some of 800, whose exponential is infinite, for the right class."""
    cases: list[tuple[Any, ...]] = []
    for shape, scale in (((4, 3), 1.0), ((3, 5), 2.0), ((6, 4), 3.0)):
        cases.append((rng.normal(0, scale, shape), rng.integers(0, shape[1], shape[0])))
    large = np.round(rng.uniform(-20, 20, (3, 4)) * 16) / 16  # exact in float32, too
    labels = rng.integers(0, 4, 3)
    large[np.arange(3), labels] = 800.0
    large[np.arange(3), (labels + 1) % 4] = 801.5
    return [*cases, (large, labels)]


TOO_LARGE = Words(
    "exp overflows for large logits: e^800 is infinite. Subtract the largest logit of each row first; the softmax stays "
    "the same.",
    "로짓(logit)이 크면 exp가 넘칩니다. e^800은 무한대입니다. 먼저 행마다 가장 큰 로짓을 빼세요. 소프트맥스는 그대로입니다.")

CROSS_ENTROPY = Exercise(
    name="cross_entropy",
    signature="cross_entropy(logits, labels)",
    statement=Words(
        """The cross-entropy of a batch: the mean over the samples of -ln of the probability of the right class.

        Gets the logits, shape (batch, classes), and the integer labels, shape (batch,). The probabilities are the softmax
        of each row of the logits, which can be as large as 800. Returns one number.""",
        """배치의 교차 엔트로피(cross-entropy): 정답 클래스의 확률에 -ln을 취해 샘플에 대해 평균 낸 값입니다.

        모양이 (batch, classes)인 로짓 logits와 모양이 (batch,)인 정수 레이블 labels를 받습니다. 확률은 로짓의 행마다 소프트맥스(softmax)를
        취한 것이고, 로짓은 800까지 커질 수 있습니다. 숫자 하나를 돌려줍니다."""),
    reference=_cross_entropy,
    outputs=("loss",),
    cases=_logits,
    mistakes=(
        Mistake("overflow_to_nan", TOO_LARGE,
                lambda logits, labels: -np.mean(np.log(_of_labels(_overflowing(logits), labels)))),
        Mistake("overflow_to_infinity", TOO_LARGE, lambda logits, labels: np.mean(
            np.log(np.exp(logits).sum(axis=1)) - _of_labels(logits, labels))),
        Mistake("summed", Words("the losses of the samples are summed; it should be their mean.",
                                "샘플마다의 손실을 더하기만 했습니다. 평균을 내야 합니다."),
                lambda logits, labels: -_of_labels(_log_softmax(logits), labels).sum()),
        Mistake("not_averaged", Words("this is one loss a sample; their mean is missing.",
                                      "샘플마다 손실이 하나씩입니다. 평균을 내지 않았습니다."),
                lambda logits, labels: -_of_labels(_log_softmax(logits), labels)),
        Mistake("divided_by_classes", Words(
            "the mean is over the classes, too: the one-hot labels are 0 in all of them but one. Sum over the classes, "
            "and take the mean over the samples.",
            "클래스에 대해서도 평균을 냈습니다. 원-핫(one-hot) 레이블은 하나만 빼고 모두 0입니다. 클래스에 대해서는 더하고, 샘플에 대해서만 평균 내세요."),
            lambda logits, labels: _cross_entropy(logits, labels) / logits.shape[1]),
        Mistake("every_label_for_every_sample", Words(
            "log_p[:, labels] takes the labels of all samples for each sample. One a sample is "
            "log_p[np.arange(len(labels)), labels].",
            "log_p[:, labels]는 샘플마다 모든 샘플의 레이블을 골라냅니다. 하나씩 짝지으려면 log_p[np.arange(len(labels)), labels]입니다."),
            lambda logits, labels: -np.mean(_log_softmax(logits)[:, labels])),
        Mistake("all_classes", Words(
            "all classes count, the wrong ones too: the label selects one probability of each row.",
            "틀린 클래스까지 모두 셌습니다. 레이블은 행마다 확률 하나만 고릅니다."),
            lambda logits, labels: -np.mean(_log_softmax(logits).sum(axis=1))),
        Mistake("softmax_over_samples", Words(
            "the softmax is over the samples (axis 0); the probabilities of each row must sum to 1 (axis 1).",
            "소프트맥스를 샘플 방향(axis 0)으로 취했습니다. 행마다 확률의 합이 1이어야 합니다(axis 1)."),
            lambda logits, labels: -np.mean(_of_labels(_log_softmax(logits, axis=0), labels))),
        Mistake("softmax_twice", Words(
            "the softmax is taken twice: the probabilities are treated as logits once more.",
            "소프트맥스를 두 번 취했습니다. 확률을 다시 로짓으로 여긴 것입니다."),
            lambda logits, labels: _cross_entropy(np.exp(_log_softmax(logits)), labels)),
        Mistake("no_logarithm", Words(
            "the logarithm is missing: it is the mean of -ln p, and not of -p.",
            "로그가 빠졌습니다. -p가 아니라 -ln p의 평균입니다."),
            lambda logits, labels: -np.mean(np.exp(_of_labels(_log_softmax(logits), labels)))),
        Mistake("base_two", Words("the logarithm is that of base 2; it is the natural one, np.log.",
                                  "밑이 2인 로그를 썼습니다. 자연로그 np.log여야 합니다."),
                lambda logits, labels: _cross_entropy(logits, labels) / np.log(2)),
        Mistake("no_softmax", Words(
            "the softmax is missing: -ln of a logit. A logit is no probability, and the logarithm of a negative one is NaN.",
            "소프트맥스가 빠지고 로짓에 바로 -ln을 취했습니다. 로짓은 확률이 아니며, 음수의 로그는 NaN입니다."),
            lambda logits, labels: -np.mean(np.log(_of_labels(logits, labels)))),
    ),
)


def _counted(pairs):
    """A variant: counts of the pairs (row, column) that a function of (true, predicted) returns."""
    def variant(true, predicted, classes):
        counts = np.zeros((classes, classes))
        np.add.at(counts, tuple(pairs(true, predicted)), 1)
        return counts
    return variant


def _once(true, predicted, classes):
    counts = np.zeros((classes, classes))
    counts[true, predicted] += 1
    return counts


def _confusion(true, predicted, classes):
    return confusion_counts(true, predicted, classes)


def _answers(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    """Pairs that occur several times, right and wrong ones; each class occurs; sometimes the last one is never right."""
    cases: list[tuple[Any, ...]] = []
    for classes, extra in ((3, 12), (4, 20), (5, 25)):
        true = np.concatenate([np.arange(classes), rng.integers(0, classes, extra)])
        predicted = np.where(rng.random(len(true)) < 0.5, true, rng.integers(0, classes, len(true)))
        predicted[:2] = (1, 1)  # a wrong one and a right one at least
        cases.append((true, predicted, classes))
    cases.append((np.array([0, 0, 1, 1, 0]), np.array([0, 1, 1, 1, 1]), 4))  # two classes that do not occur
    return cases


CONFUSION_MATRIX = Exercise(
    name="confusion_matrix",
    signature="confusion_matrix(true, predicted, classes)",
    statement=Words(
        """The confusion matrix: how often each class was predicted as each.

        Gets the integer classes true and predicted, each of shape (samples,), and the number of classes, an int; not each
        class has to occur. Returns counts, shape (classes, classes): row the true class, column the predicted one.""",
        """혼동 행렬(confusion matrix): 각 클래스가 어떤 클래스로 몇 번 예측되었는지 셉니다.

        정수 클래스 true와 predicted(모양은 둘 다 (samples,))와 클래스 수 classes(int)를 받습니다. 나오지 않는 클래스가 있을 수 있습니다. 모양이
        (classes, classes)인 counts를 돌려줍니다. 행이 정답 클래스, 열이 예측한 클래스입니다."""),
    reference=_confusion,
    outputs=("counts",),
    cases=_answers,
    mistakes=(
        Mistake("rows_predicted", Words(
            "rows and columns are exchanged: a row is a true class, a column a predicted one.",
            "행과 열이 서로 바뀌었습니다. 행이 정답 클래스, 열이 예측한 클래스입니다."),
            _counted(lambda true, predicted: (predicted, true))),
        Mistake("counted_once", Words(
            "each pair is counted once at most: `counts[true, predicted] += 1` with arrays adds 1 once where an index is "
            "repeated. Loop over the samples, or use np.add.at.",
            "같은 쌍이 여러 번 나와도 한 번만 셌습니다. 배열로 `counts[true, predicted] += 1`을 하면 인덱스가 겹쳐도 한 번만 더해집니다. 샘플마다 "
            "반복하거나 np.add.at을 쓰세요."), _once),
        Mistake("shares_of_rows", Words(
            "each row is divided by its sum: these are shares. The matrix has counts.",
            "행마다 합으로 나누었습니다. 비율이 아니라 개수여야 합니다."),
            lambda true, predicted, classes: _confusion(true, predicted, classes) / np.maximum(
                _confusion(true, predicted, classes).sum(axis=1, keepdims=True), 1)),
        Mistake("shares_of_all", Words("it is divided by the number of samples; the matrix has counts.",
                                       "샘플 수로 나누었습니다. 비율이 아니라 개수여야 합니다."),
                lambda true, predicted, classes: _confusion(true, predicted, classes) / len(true)),
        Mistake("only_classes_that_occur", Words(
            "the matrix has only the classes that occur here; it must have `classes` rows and columns, or two such matrices "
            "cannot be compared.",
            "여기에 나오는 클래스만 있습니다. 행과 열이 classes개씩 있어야 다른 혼동 행렬과 비교할 수 있습니다."),
            lambda true, predicted, classes: confusion_counts(true, predicted)),
        Mistake("mistakes_only", Words("only the mistakes are counted: the diagonal, of the right ones, is empty.",
                                       "틀린 것만 셌습니다. 맞힌 것이 들어갈 대각선이 비어 있습니다."),
                lambda true, predicted, classes: _confusion(true, predicted, classes) * (1 - np.eye(classes))),
        Mistake("right_only", Words("only the right answers are counted: everything beside the diagonal is missing.",
                                    "맞힌 것만 셌습니다. 대각선 밖이 모두 빠졌습니다."),
                lambda true, predicted, classes: _confusion(true, predicted, classes) * np.eye(classes)),
        Mistake("both_ways", Words(
            "each sample is counted twice, at [true, predicted] and at [predicted, true].",
            "샘플마다 [true, predicted]와 [predicted, true]에 두 번씩 셌습니다."),
            lambda true, predicted, classes: _confusion(true, predicted, classes) + _confusion(predicted, true, classes)),
        Mistake("classes_from_one", Words(
            "the classes are taken from 1 on: index true - 1. They begin at 0, so class 0 gets to the last row.",
            "클래스를 1부터 셌습니다(true - 1). 클래스는 0부터이므로 0번 클래스가 마지막 행으로 갑니다."),
            _counted(lambda true, predicted: (true - 1, predicted - 1))),
    ),
)

EXERCISES = (TRAIN_VALIDATION_SPLIT, CROSS_ENTROPY, CONFUSION_MATRIX)
