"""Softmax, cross-entropies and hits: kernels along the rows of (rows, classes), and binary ones."""

import numpy as np

from kernel_calls.base import Kernel, equal
from kernel_calls.elementwise import FLAT
from tinynet import reference

ROWS = {
    "small": [(1, 1), (3, 2), (1, 5), (7, 8), (33, 10), (2, 17), (31, 64), (5, 65), (2, 130)],
    "large": [(5000, 10), (700, 64), (301, 100), (3, 30_001), (25_001, 2)],
}

# Logits so far apart that e^x is infinite: the largest of a row must be subtracted.
FAR_APART = 3000.0
LOGITS = {**ROWS, "small": [*ROWS["small"], (33, 10, FAR_APART), (120, 130, FAR_APART)]}

NO_ROWS = {"empty": [(0, 5)]}

NO_ROWS_OR_CLASSES = {"empty": [(0, 5), (5, 0)]}

NO_ROWS_BUT_CLASSES = {"empty": [(0, 5)], "refused": [(5, 0)]}


def spread(x):
    """How far the elements of a row lie apart: x - max is rounded, which in the exponent counts times its size."""
    return x.max(axis=-1, keepdims=True) - x.min(axis=-1, keepdims=True) if x.size else np.zeros((len(x), 1))


def softmax_bound(a, results, g):
    x = a.x if hasattr(a, "x") else a.logits
    return [g(1) * (x.shape[1] + 6 + spread(x)) * results[-1]]


def log_softmax_bound(a, results, g):
    return [g(a.x.shape[1] + 7) * (1 + np.abs(results[0]))]


def softmax_gradient_arguments(forward):
    def arguments(numbers, rows, classes):
        dy, y = numbers(rows, classes), forward(numbers(rows, classes))
        return {"dy": dy, "y": y}
    return arguments


def softmax_gradient_bound(a, results, g):
    return [g(a.y.shape[1] + 5) * a.y * (np.abs(a.dy) + (np.abs(a.dy) * a.y).sum(axis=-1, keepdims=True))]


def log_softmax_gradient_bound(a, results, g):
    magnitude = np.abs(a.dy) + np.exp(a.y) * np.abs(a.dy).sum(axis=-1, keepdims=True)
    return [g(a.y.shape[1] + 11) * magnitude]


def probabilities_of(numbers, rows, classes):
    """Rows that do not quite sum to 1, away from the bounds of clipping."""
    return numbers.cast(numbers.between(0.5, 1.5, rows, classes) / max(classes, 1))[0]


def logits_of(numbers, rows, classes, factor=1.0):
    return numbers(rows, classes) * numbers.dtype.type(factor)


def logits_arguments(numbers, *shape):
    return {"x": logits_of(numbers, *shape)}


def losses_of(output, target, gradient=False):
    """Arguments of a cross-entropy of `output` ('logits' or 'probabilities') to `target` ('labels' or 'targets')."""
    def arguments(numbers, rows, classes, factor=1.0):
        made = {"dlosses": numbers(rows)} if gradient else {}
        logits = output == "logits"
        made[output] = logits_of(numbers, rows, classes, factor) if logits else probabilities_of(numbers, rows, classes)
        if target == "labels":
            made[target] = numbers.labels(rows, classes)
            made[target][2::3] = -1  # of samples that do not count, the last of 3 and of 33 rows too
            if not gradient:
                made["ignore_negative"] = True
        else:
            made[target] = numbers.between(0.1, 1, rows, classes)
        return made
    return arguments


def one_hot(labels, classes):
    return (np.arange(classes) == labels[:, None]).astype(float)


def sparse_softmax_loss_bound(a, results, g):
    loss = g(a.logits.shape[1] + 9) * (1 + np.abs(results[0]) + spread(a.logits)[:, 0])
    return [loss, *softmax_bound(a, results, g)]


def sparse_softmax_loss_gradient_bound(a, results, g):
    return [g(3) * np.abs(a.dlosses)[:, None] * (a.probabilities + one_hot(a.labels, a.probabilities.shape[1]))]


def softmax_loss_bound(a, results, g):
    log_p = np.abs(reference.log_softmax_forward(a.logits))
    loss = (a.targets * (1 + log_p + spread(a.logits))).sum(axis=-1)
    return [g(2 * a.logits.shape[1] + 9) * loss, *softmax_bound(a, results, g)]


def softmax_loss_gradient_bound(a, results, g):
    magnitude = a.probabilities * a.targets.sum(axis=-1, keepdims=True) + a.targets
    return [g(a.targets.shape[1] + 4) * np.abs(a.dlosses)[:, None] * magnitude]


def sparse_loss_bound(a, results, g):
    return [g(a.probabilities.shape[1] + 9) * (np.abs(results[0]) + 1)]  # 1: the bound of clipping is rounded


def sparse_loss_gradient_bound(a, results, g):
    p = a.probabilities
    magnitude = 1 / p.sum(axis=-1, keepdims=True) + one_hot(a.labels, p.shape[1]) / p
    return [g(p.shape[1] + 4) * np.abs(a.dlosses)[:, None] * magnitude]


def loss_bound(a, results, g):
    q = a.probabilities / a.probabilities.sum(axis=-1, keepdims=True)
    return [g(2 * q.shape[1] + 9) * (a.targets * (1 + np.abs(np.log(q)))).sum(axis=-1)]


def loss_gradient_bound(a, results, g):
    p, total = a.probabilities, a.probabilities.sum(axis=-1, keepdims=True)
    magnitude = a.targets.sum(axis=-1, keepdims=True) / total + a.targets / p
    return [g(2 * p.shape[1] + 5) * np.abs(a.dlosses)[:, None] * magnitude]


def binary_arguments(output, gradient=False):
    def arguments(numbers, *shape):
        made = {"dlosses": numbers(*shape)} if gradient else {}
        made[output] = numbers(*shape) if output == "logits" else numbers.between(0.05, 0.95, *shape)
        return {**made, "targets": numbers.between(0, 1, *shape)}
    return arguments


def sigmoid_loss_bound(a, results, g):
    return [g(17) * (2 * np.abs(a.logits) + 1)]


def sigmoid_loss_gradient_bound(a, results, g):
    return [g(12) * 2 * np.abs(a.dlosses)]


def binary_loss_bound(a, results, g):
    return [g(13) * (2 * np.abs(results[0]) + 1)]


def binary_loss_gradient_bound(a, results, g):
    p, z = a.probabilities, a.targets
    return [g(6) * np.abs(a.dlosses) * ((1 - z) / (1 - p) + z / p)]


def scores_arguments(numbers, rows, classes):
    return {"scores": numbers(rows, classes), "labels": numbers.labels(rows, classes)}


KERNELS = {
    "softmax_forward": Kernel(logits_arguments, softmax_bound, **LOGITS, **NO_ROWS_OR_CLASSES),
    "log_softmax_forward": Kernel(logits_arguments, log_softmax_bound, **LOGITS, **NO_ROWS_OR_CLASSES),
    "softmax_backward": Kernel(softmax_gradient_arguments(reference.softmax_forward), softmax_gradient_bound, **ROWS,
                               **NO_ROWS_OR_CLASSES),
    "log_softmax_backward": Kernel(softmax_gradient_arguments(reference.log_softmax_forward),
                                   log_softmax_gradient_bound, **ROWS, **NO_ROWS_OR_CLASSES),
    "count_correct": Kernel(scores_arguments, equal, **ROWS, **NO_ROWS_OR_CLASSES),
    "sparse_softmax_cross_entropy_forward": Kernel(losses_of("logits", "labels"), sparse_softmax_loss_bound,
                                                   **LOGITS, **NO_ROWS),
    "sparse_softmax_cross_entropy_backward": Kernel(losses_of("probabilities", "labels", True),
                                                    sparse_softmax_loss_gradient_bound, **ROWS, **NO_ROWS),
    "softmax_cross_entropy_forward": Kernel(losses_of("logits", "targets"), softmax_loss_bound, **LOGITS,
                                            **NO_ROWS_BUT_CLASSES),
    "softmax_cross_entropy_backward": Kernel(losses_of("probabilities", "targets", True), softmax_loss_gradient_bound,
                                             **ROWS, **NO_ROWS_BUT_CLASSES),
    "sigmoid_cross_entropy_forward": Kernel(binary_arguments("logits"), sigmoid_loss_bound, **FLAT),
    "sigmoid_cross_entropy_backward": Kernel(binary_arguments("logits", True), sigmoid_loss_gradient_bound, **FLAT),
    "sparse_cross_entropy_forward": Kernel(losses_of("probabilities", "labels"), sparse_loss_bound, **ROWS, **NO_ROWS),
    "sparse_cross_entropy_backward": Kernel(losses_of("probabilities", "labels", True), sparse_loss_gradient_bound,
                                            **ROWS, **NO_ROWS),
    "cross_entropy_forward": Kernel(losses_of("probabilities", "targets"), loss_bound, **ROWS, **NO_ROWS_BUT_CLASSES),
    "cross_entropy_backward": Kernel(losses_of("probabilities", "targets", True), loss_gradient_bound, **ROWS,
                                     **NO_ROWS_BUT_CLASSES),
    "binary_cross_entropy_forward": Kernel(binary_arguments("probabilities"), binary_loss_bound, **FLAT),
    "binary_cross_entropy_backward": Kernel(binary_arguments("probabilities", True), binary_loss_gradient_bound,
                                            **FLAT),
}
