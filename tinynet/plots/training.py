"""Curves of a training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .style import PANEL, drawing

RATES = ("learning_rate", "lr")
FEW = 20  # epochs: up to here each one gets a point


def history(
    run: Any, axes: Any = None, monitor: str | None = None, *, theme: str | None = None, lang: str | None = None,
) -> Any:
    """Draw the curves of a training: loss and metrics of training and validation, the best epoch, the learning rate.

    The best epoch has the lowest validation loss (loss, if there is none); it is marked in every panel. Epochs count
    from 1, as the progress bar does.

    Args:
        run: What `fit` returned, or a dict {name: values}, such as `History.history`.
        axes: Axes, one for each of loss, metrics and learning rate; new ones if None.
        monitor: The name whose lowest value makes the best epoch (the highest, for a name with 'acc', 'auc',
            'precision', 'recall' or 'f1'); 'val_loss' or 'loss' if None.
        theme, lang: See `set_style`.

    Returns:
        Array of the axes, one a panel.

    Raises:
        ImportError: matplotlib is not installed.
        TypeError: `run` is neither.
        ValueError: there are no epochs, or `monitor` is no name of the history.

    >>> axes = history({"loss": [1.0, 0.5, 0.4], "val_loss": [1.1, 0.6, 0.7]})
    >>> axes[0].get_title(), axes[0].get_xlabel()
    ('loss', 'epoch')
    """
    logs = run if isinstance(run, Mapping) else getattr(run, "history", None)
    if not isinstance(logs, Mapping):
        raise TypeError(f"plots.history: expected what fit returned, or a dict {{name: values}}; got "
                        f"{type(run).__name__}")
    curves = {name: np.asarray(values, np.float64) for name, values in logs.items() if np.ndim(values) == 1}
    if not curves or not max(map(len, curves.values())):
        raise ValueError("plots.history: no epochs to draw; pass what fit returned, or its dict `history`")
    panels = list(dict.fromkeys(name.removeprefix("val_") for name in curves))
    panels.sort(key=lambda name: (name != "loss", name in RATES))  # the loss first, the learning rate last
    best = _best_epoch(curves, monitor)
    with drawing("plots.history", axes, theme, lang, size=(3.4 * PANEL * min(len(panels), 2),
                 2.3 * PANEL * -(-len(panels) // 2)), rows=-(-len(panels) // 2), columns=min(len(panels), 2)) as page:
        for ax, name in zip(page.axes, panels, strict=False):
            _panel(page, ax, name, curves, best)
        for ax in page.axes[len(panels):]:
            ax.set_axis_off()
    return page.axes[: len(panels)]


def _best_epoch(curves, monitor):
    """Index of the best epoch, None if no value of the monitored curve is finite."""
    if monitor is None:
        monitor = next((name for name in ("val_loss", "loss") if name in curves), next(iter(curves)))
    if monitor not in curves:
        raise ValueError(f"plots.history: no {monitor!r} in the history; there are {', '.join(curves)}")
    values = curves[monitor]
    if not np.isfinite(values).any():
        return None
    high = any(part in monitor for part in ("acc", "auc", "precision", "recall", "f1"))
    return int(np.argmax(np.where(np.isfinite(values), values if high else -values, -np.inf)))


def _panel(page, ax, name, curves, best):
    from matplotlib.ticker import MaxNLocator

    theme = page.theme
    longest = 0
    for index, (key, label) in enumerate(((name, "train"), (f"val_{name}", "validation"))):
        if key not in curves:
            continue
        values = curves[key]
        epochs = np.arange(1, len(values) + 1)
        longest = max(longest, len(values))
        finite = np.isfinite(values)
        ax.plot(epochs, np.where(finite, values, np.nan), color=theme.color(index), linestyle=("-", "--")[index],
                marker=theme.marker(index) if longest <= FEW else None, label=page.words(label))
        if not finite.all():
            ax.axvline(epochs[~finite][0], color=theme.wrong, linestyle=":",
                       label=page.words("not_finite", epoch=epochs[~finite][0]))
    if best is not None:
        ax.axvline(best + 1, color=theme.text, linestyle=":", linewidth=1.5,
                   label=page.words("best_epoch", epoch=best + 1))
    title = {"loss": page.words("loss")}.get(name, page.words("learning_rate") if name in RATES else name)
    ax.set(title=title, xlabel=page.words("epoch"), xlim=(0.5, longest + 0.5))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(True, linewidth=0.8)
    if name in RATES and min(curves[name]) > 0:
        ax.set_yscale("log")
    if name not in RATES:
        ax.legend(loc="best")
