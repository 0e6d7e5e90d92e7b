"""A split, the cross-entropy, a confusion matrix and Grad-CAM, written without seeing the detectors."""

import math
from collections import Counter

import numpy as np

import tinynet as tn

from . import right, wrong

# -- train_validation_split


@right("train_validation_split")
def split_with_slices(x, y, order, count):
    validation, training = order[:count], order[count:]
    return x[training], y[training], x[validation], y[validation]


@right("train_validation_split")
def split_after_shuffling(x, y, order, count):
    x, y = x[order], y[order]
    val_x, train_x = np.split(x, [count])
    val_y, train_y = np.split(y, [count])
    return train_x, train_y, val_x, val_y


@right("train_validation_split")
def split_with_lists(x, y, order, count):
    train_x, train_y, val_x, val_y = [], [], [], []
    for position, index in enumerate(order):
        if position < count:
            val_x.append(x[index])
            val_y.append(y[index])
        else:
            train_x.append(x[index])
            train_y.append(y[index])
    return train_x, train_y, val_x, val_y


@right("train_validation_split")
def split_with_masks(x, y, order, count):
    is_validation = np.arange(len(order)) < count
    parts = [order[~is_validation], order[is_validation]]
    return [np.take(array, part, axis=0) for part in parts for array in (x, y)]


@right("train_validation_split")
def split_with_tensors(x, y, order, count):
    x, y = tn.gather(tn.constant(x), order), tn.gather(tn.constant(y), order)
    return x[count:], y[count:], x[:count], y[:count]


@wrong("train_validation_split", "labels_not_shuffled")
def split_shuffles_the_samples_alone(x, y, order, count):
    # The labels stay in the old order.
    x = x[order]
    return x[count:], y[count:], x[:count], y[:count]


@wrong("train_validation_split", "last_ones")
def split_takes_the_validation_from_the_end(x, y, order, count):
    # The last `count` of the order are for validation.
    training, validation = order[:-count], order[-count:]
    return x[training], y[training], x[validation], y[validation]


@wrong("train_validation_split", "leak")
def split_trains_on_everything(x, y, order, count):
    # A leak: the validation samples are in the training set, too.
    return x[order], y[order], x[order[:count]], y[order[:count]]


# -- cross_entropy


@right("cross_entropy")
def cross_entropy_with_a_shift(logits, labels):
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].mean()


@right("cross_entropy")
def cross_entropy_sample_by_sample(logits, labels):
    total = 0.0
    for row, label in zip(logits, labels, strict=True):
        largest = max(row)
        total += largest + math.log(sum(math.exp(z - largest) for z in row)) - row[label]
    return total / len(labels)


@right("cross_entropy")
def cross_entropy_with_logaddexp(logits, labels):
    return np.mean(np.logaddexp.reduce(logits, axis=1) - np.take_along_axis(logits, labels[:, None], 1)[:, 0])


@right("cross_entropy")
def cross_entropy_with_one_hot(logits, labels):
    one_hot = np.eye(logits.shape[1])[labels]
    shifted = logits - np.max(logits, 1)[:, None]
    return -np.einsum("bc,bc->", one_hot, shifted - np.log(np.exp(shifted).sum(1))[:, None]) / len(logits)


@right("cross_entropy")
def cross_entropy_of_the_framework(logits, labels):
    return tn.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits)


@wrong("cross_entropy", "overflow_to_nan")
def cross_entropy_overflows(logits, labels):
    # exp(800) is infinite.
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(labels)), labels]).mean()


@wrong("cross_entropy", "summed")
def cross_entropy_is_a_sum(logits, labels):
    # The sum over the samples, not their mean.
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].sum()


@wrong("cross_entropy", "negated")
def cross_entropy_without_the_minus(logits, labels):
    # The sign: the mean of ln p.
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return log_p[np.arange(len(labels)), labels].mean()


# -- confusion_matrix


@right("confusion_matrix")
def confusion_matrix_with_a_loop(true, predicted, classes):
    counts = np.zeros((classes, classes))
    for t, p in zip(true, predicted, strict=True):
        counts[t, p] += 1
    return counts


@right("confusion_matrix")
def confusion_matrix_with_add_at(true, predicted, classes):
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (true, predicted), 1)
    return counts


@right("confusion_matrix")
def confusion_matrix_with_bincount(true, predicted, classes):
    return np.bincount(true * classes + predicted, minlength=classes**2).reshape(classes, classes)


@right("confusion_matrix")
def confusion_matrix_with_a_counter(true, predicted, classes):
    pairs = Counter(zip(true.tolist(), predicted.tolist(), strict=True))
    return [[pairs[t, p] for p in range(classes)] for t in range(classes)]


@right("confusion_matrix")
def confusion_matrix_as_a_product(true, predicted, classes):
    eye = np.eye(classes, dtype=np.float32)
    return eye[true].T @ eye[predicted]


@wrong("confusion_matrix", "rows_predicted")
def confusion_matrix_transposed(true, predicted, classes):
    # Rows are the predicted classes.
    counts = np.zeros((classes, classes))
    for t, p in zip(true, predicted, strict=True):
        counts[p, t] += 1
    return counts


@wrong("confusion_matrix", "counted_once")
def confusion_matrix_with_buffered_addition(true, predicted, classes):
    # += with arrays of indices counts each pair once.
    counts = np.zeros((classes, classes))
    counts[true, predicted] += 1
    return counts


@wrong("confusion_matrix", "shares_of_rows")
def confusion_matrix_of_rates(true, predicted, classes):
    # Rows are divided by their sums.
    counts = np.zeros((classes, classes))
    np.add.at(counts, (true, predicted), 1)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


# -- grad_cam


@right("grad_cam")
def grad_cam_as_in_the_formula(maps, gradients):
    alpha = gradients.mean(axis=(0, 1))
    heat = np.maximum((maps * alpha).sum(axis=-1), 0)
    return heat / heat.max() if heat.max() > 0 else heat


@right("grad_cam")
def grad_cam_with_loops(maps, gradients):
    height, width, depth = maps.shape
    heat = [[0.0] * width for _ in range(height)]
    for k in range(depth):
        alpha = sum(gradients[i, j, k] for i in range(height) for j in range(width)) / (height * width)
        for i in range(height):
            for j in range(width):
                heat[i][j] += alpha * maps[i, j, k]
    heat = [[max(number, 0.0) for number in row] for row in heat]
    largest = max(map(max, heat))
    return [[number / largest if largest else 0.0 for number in row] for row in heat]


@right("grad_cam")
def grad_cam_with_einsum(maps, gradients):
    heat = np.einsum("ijk,pqk->ij", maps, gradients) / maps[..., 0].size
    heat[heat < 0] = 0
    return np.divide(heat, heat.max(), out=np.zeros_like(heat), where=heat.max() > 0)


@right("grad_cam")
def grad_cam_without_the_mean(maps, gradients):
    # A positive factor of alpha does not change the heat divided by its largest value.
    heat = (maps @ gradients.sum((0, 1))).clip(0)
    return heat / (heat.max() or 1)


@right("grad_cam")
def grad_cam_with_tensors(maps, gradients):
    alpha = tn.reduce_mean(tn.constant(gradients, dtype="float32"), axis=(0, 1))
    heat = tn.nn.relu(tn.reduce_sum(alpha * tn.constant(maps, dtype="float32"), axis=-1))
    largest = float(tn.reduce_max(heat))
    return heat / largest if largest else heat


@wrong("grad_cam", "no_relu_and_any_maximum")
def grad_cam_without_relu(maps, gradients):
    # Negative values stay.
    heat = maps @ gradients.mean(axis=(0, 1))
    return heat / heat.max()


@wrong("grad_cam", "not_averaged")
def grad_cam_with_the_gradients_pixel_by_pixel(maps, gradients):
    # alpha is not averaged: gradients times maps at each position.
    heat = np.maximum((maps * gradients).sum(axis=-1), 0)
    return heat / heat.max() if heat.max() > 0 else heat


@wrong("grad_cam", "divided_by_zero")
def grad_cam_divides_by_0(maps, gradients):
    # Where nothing speaks for the class it is 0 / 0.
    heat = np.maximum(maps @ gradients.mean(axis=(0, 1)), 0)
    return heat / heat.max()
