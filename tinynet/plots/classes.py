"""What a classifier confuses: confusion matrix and report by class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..core.types import Array, TensorLike
from .arguments import as_classes
from .style import TICKS, drawing
from .themes import shares, text_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_NUMBERS = 20  # classes: beyond it numbers in the cells are too small to read


def _pairs(y_true, y_pred, caller):
    """Both as classes, and the number of classes."""
    true, predicted = as_classes(y_true, caller, "y_true"), as_classes(y_pred, caller, "y_pred")
    if len(true) != len(predicted) or not len(true):
        raise ValueError(f"{caller}: y_true has {len(true)} samples, y_pred {len(predicted)}; expected as many, at "
                         "least one")
    widths = [np.shape(values)[1] for values in (y_true, y_pred) if np.ndim(values) == 2 and np.shape(values)[1] > 1]
    return true, predicted, max(int(max(true.max(), predicted.max())) + 1, *widths, 2)


def confusion_counts(y_true: TensorLike, y_pred: TensorLike, classes: int | None = None) -> Array:
    """Count how often each class was predicted as each.

    Args:
        y_true: Classes (batch,), or one-hot rows (batch, classes).
        y_pred: Classes (batch,), or scores (batch, classes), of which the highest counts.
        classes: Number of classes; as many as occur if None.

    Returns:
        Array of int, shape (classes, classes): row true, column predicted.

    Raises:
        ValueError: different numbers of samples, none, or a class beyond `classes`.

    >>> confusion_counts([0, 0, 1], [0, 1, 1])
    array([[1, 1],
           [0, 1]])
    """
    true, predicted, count = _pairs(y_true, y_pred, "plots.confusion_counts")
    if classes is not None and classes < count:
        raise ValueError(f"plots.confusion_counts: {classes} classes, but there is class {count - 1}")
    counts = np.zeros((classes or count,) * 2, np.int64)
    np.add.at(counts, (true, predicted), 1)
    return counts


def confusion_matrix(
    y_true: TensorLike, y_pred: TensorLike, names: Sequence[str] | None = None, ax: Axes | None = None, *,
    theme: str | None = None, lang: str | None = None,
) -> Axes:
    """Draw how often each class was predicted as each; colours show the share of the true class.

    Args:
        y_true: Classes (batch,), or one-hot rows (batch, classes).
        y_pred: Classes (batch,), or scores (batch, classes), of which the highest counts.
        names: Names of the classes.
        ax: Axes; new ones if None.
        theme, lang: See `set_style`.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: different numbers of samples, none, or fewer names than classes.

    >>> confusion_matrix([0, 0, 1], [0, 1, 1], names=["cat", "dog"]).get_title()
    '2 of 3 correct (66.7%)'
    """
    count = _pairs(y_true, y_pred, "plots.confusion_matrix")[2]
    counts = confusion_counts(y_true, y_pred, max(count, len(names or ())))
    size = len(counts)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(max(0.72 * size, 5.5), 11)
    with drawing("plots.confusion_matrix", ax, theme, lang, size=(side + 1.5, side)) as page:
        ax, cells = page.ax, shares(page.theme)
        ax.imshow(share, cmap=cells, vmin=0, vmax=1)
        labels = page.names(names, size, "plots.confusion_matrix")
        steep = size > 5 and max(map(len, labels)) > 3
        ax.set_xticks(range(size), labels, rotation=45 if steep else 0, ha="right" if steep else "center",
                      rotation_mode="anchor" if steep else None)
        ax.set_yticks(range(size), labels)
        if size <= MOST_NUMBERS:
            for (row, column), number in np.ndenumerate(counts):
                if number:
                    ax.text(column, row, f"{number}", ha="center", va="center", fontsize=TICKS if size <= 12 else 9,
                            color=text_on(cells(share[row, column])))
        for index in range(size):  # the diagonal is found at once
            ax.add_patch(_cell(index, page.theme.text))
        right = int(np.trace(counts))
        ax.set(xlabel=page.words("predicted_class"), ylabel=page.words("true_class"),
               title=page.words("confusion", correct=right, count=int(counts.sum()), share=right / counts.sum()))
    return ax


def _cell(index, color):
    from matplotlib.patches import Rectangle

    return Rectangle((index - 0.5, index - 0.5), 1, 1, fill=False, edgecolor=color, linewidth=1)


def class_scores(counts: Array) -> tuple[Array, Array, Array]:
    """Compute precision, recall and F1 of each class.

    precision = right / predicted as the class, recall = right / of the class, F1 = their harmonic mean

    Args:
        counts: Of `confusion_counts`.

    Returns:
        (precision, recall, f1), shape (classes,); NaN where the class was never predicted, or does not occur.

    >>> [scores.round(2).tolist() for scores in class_scores(np.array([[1, 1], [0, 2]]))]
    [[1.0, 0.67], [0.5, 1.0], [0.67, 0.8]]
    """
    right = np.diagonal(counts).astype(np.float64)
    with np.errstate(invalid="ignore"):
        precision, recall = right / counts.sum(axis=0), right / counts.sum(axis=1)
        return precision, recall, 2 * right / (counts.sum(axis=0) + counts.sum(axis=1))


def class_report(
    y_true: TensorLike, y_pred: TensorLike, names: Sequence[str] | None = None, ax: Axes | None = None, *,
    theme: str | None = None, lang: str | None = None,
) -> Axes:
    """Draw precision, recall and F1 of each class, the class with the lowest F1 at the top.

    A score that does not exist has no mark: the precision of a class that was never predicted, the recall of one that
    does not occur. The number beside a name is how many samples the class has.

    Args:
        y_true, y_pred, names: As for `confusion_matrix`.
        ax: Axes; new ones if None.
        theme, lang: See `set_style`.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: different numbers of samples, none, or fewer names than classes.

    >>> ax = class_report([0, 0, 1, 1], [0, 1, 1, 1], names=["cat", "dog"])
    >>> [label.get_text() for label in ax.get_yticklabels()], ax.get_title()
    (['cat (2)', 'dog (2)'], 'accuracy 75.0%')
    """
    count = _pairs(y_true, y_pred, "plots.class_report")[2]
    counts = confusion_counts(y_true, y_pred, max(count, len(names or ())))
    scores = class_scores(counts)
    order = np.argsort(np.where(np.isnan(scores[2]), 2, scores[2]), kind="stable")
    with drawing("plots.class_report", ax, theme, lang, size=(9, min(max(1.8 + 0.5 * len(counts), 4), 14))) as page:
        ax, rows = page.ax, np.arange(len(counts))
        labels = page.names(names, len(counts), "plots.class_report")
        lowest, highest = np.nanmin(scores, axis=0), np.nanmax(scores, axis=0)
        ax.hlines(rows, lowest[order], highest[order], color=page.theme.neutral, linewidth=3, zorder=1)
        for index, (key, values) in enumerate(zip(("precision", "recall", "f1"), scores, strict=True)):
            ax.scatter(values[order], rows, s=110, color=page.theme.color(index), marker=page.theme.marker(index),
                       label=page.words(key), zorder=2)
        ax.set_yticks(rows, [page.words("support", name=labels[i], count=int(counts[i].sum())) for i in order])
        ax.set(xlim=(np.floor(10 * np.nanmin(lowest)) / 10 - 0.03, 1.03), ylim=(len(counts) - 0.5, -0.5),
               xlabel=page.words("score"), title=page.words("accuracy", value=np.trace(counts) / counts.sum()))
        ax.grid(True, axis="x", linewidth=0.8)
        page.legend(ax)
    return ax
