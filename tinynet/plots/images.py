"""Sheets of images: with labels and predictions, the worst mistakes, augmentations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..augment.catalogue import PIXEL, SPATIAL, apply
from ..augment.gallery import describe, fixed_parameters, usable
from ..augment.mixing import MASKS, mix
from ..core.checks import positive_int
from ..core.types import Array, SeedLike, TensorLike
from ..tensor import to_array
from .arguments import as_classes, as_probabilities, images_to_show
from .style import PANEL, TICKS, sheet

if TYPE_CHECKING:
    from .style import Drawing

CAPTION = 10


def show_image(page: Drawing, ax: Any, image: Array, title: str = "", frame: str | None = None) -> None:
    """Draw one image on a panel of a sheet.

    Args:
        page: Of `drawing`.
        ax: The panel.
        image: Shape (height, width) or (height, width, 3 or 4), from 0 to 1.
        title: One or more lines.
        frame: Colour of its frame; none if None.
    """
    ax.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    ax.set_xticks([])
    ax.set_yticks([])
    if title:
        ax.set_title(title, fontsize=fitting_size(title, panel_width(ax), TICKS), pad=4)
    if frame:
        page.frame(ax, frame)


def panel_width(ax: Any) -> float:
    """Return how wide a panel of a sheet is with the space around it, in points.

    Args:
        ax: The panel, of a grid of panels or alone.
    """
    width = 72 * ax.get_figure(root=True).get_figwidth()
    place = ax.get_subplotspec()
    return width * ax.get_position().width if place is None else width / place.get_gridspec().ncols


def fitting_size(text: str, width: float, size: float) -> float:
    """Return the size at which the longest line of a text is at most so wide.

    Args:
        text: One or more lines.
        width: In points.
        size: The largest size, in points.

    >>> fitting_size("coat", 100, 12), fitting_size("a very long name of a class", 100, 12) < 7
    (12, True)
    """
    # a letter is 0.6 of the size wide on average, a Korean one as wide as high
    longest = max(sum(1.0 if ord(letter) > 0x1100 else 0.6 for letter in line) for line in text.split("\n"))
    return min(size, 0.97 * width / max(longest, 1))


def image_grid(
    images: TensorLike, labels: TensorLike | None = None, predictions: TensorLike | None = None,
    names: Sequence[str] | None = None, count: int = 16, axes: Any = None, *, theme: str | None = None,
    lang: str | None = None,
) -> Any:
    """Draw images with their labels and predictions.

    A wrong prediction is written 'label → prediction' under a frame of another colour.

    Args:
        images: Shape (batch, height, width) or (batch, height, width, channels).
        labels: Classes (batch,), or one-hot rows.
        predictions: Classes (batch,), or scores (batch, classes).
        names: Names of the classes.
        count: How many are drawn, the first ones.
        axes: Axes, one an image; new ones if None.
        theme, lang: See `set_style`.

    Returns:
        Array of the axes, one an image.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: no images, or not as many labels or predictions as images.

    >>> axes = image_grid(np.zeros((2, 8, 8)), labels=[0, 1], predictions=[0, 0], names=["coat", "shirt"])
    >>> [ax.get_title() for ax in axes]
    ['coat', 'shirt → coat']
    """
    caller = "plots.image_grid"
    shown = images_to_show(images, caller)
    if not len(shown):
        raise ValueError(f"{caller}: no images")
    given = {name: as_classes(values, caller, name)
             for name, values in (("labels", labels), ("predictions", predictions)) if values is not None}
    for name, values in given.items():
        if len(values) != len(shown):
            raise ValueError(f"{caller}: {len(shown)} images, but {len(values)} {name}")
    shown = shown[: positive_int(count, caller, "count")]
    classes = 1 + max((int(values.max()) for values in given.values()), default=0)
    with sheet(caller, axes, len(shown), theme, lang) as page:
        known = page.names(names, classes, caller)
        for index, (ax, image) in enumerate(zip(page.axes, shown, strict=False)):
            own = [known[values[index]] for values in given.values()]  # label, prediction, or one of them
            wrong = len(own) == 2 and own[0] != own[1]
            title = page.words("wrong", true=own[0], predicted=own[1]) if wrong else own[0] if own else ""
            show_image(page, ax, image, title, _frame(page.theme, wrong) if len(own) == 2 else None)
        return _finished(page, len(shown))


def _frame(theme, wrong):
    return theme.wrong if wrong else theme.right


def _finished(page, used):
    """Take the panels without an image away; return the others."""
    for ax in page.axes[used:]:
        ax.set_axis_off()
    return page.axes[:used]


def mistakes(
    images: TensorLike, y_true: TensorLike, y_pred: TensorLike, names: Sequence[str] | None = None, count: int = 16,
    axes: Any = None, *, theme: str | None = None, lang: str | None = None,
) -> Any:
    """Draw the worst mistakes: the wrong predictions whose true class got the least probability.

    Above each stand the true class, the predicted one, and the probability of the latter.

    Args:
        images: Shape (batch, height, width) or (batch, height, width, channels).
        y_true: Classes (batch,), or one-hot rows.
        y_pred: What `predict` returned: probabilities or logits, shape (batch, classes), or (batch, 1) for two classes.
        names: Names of the classes.
        count: How many are drawn at most.
        axes: Axes, one an image; new ones if None.
        theme, lang: See `set_style`.

    Returns:
        Array of the axes, one a mistake; one with these words if there are no mistakes.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: images, classes and scores are not as many.

    >>> axes = mistakes(np.zeros((3, 8, 8)), [0, 1, 1], [[0.9, 0.1], [0.6, 0.4], [0.8, 0.2]], names=["coat", "shirt"])
    >>> [ax.get_title() for ax in axes]
    ['shirt → coat\\n80%', 'shirt → coat\\n60%']
    """
    caller = "plots.mistakes"
    shown, true = images_to_show(images, caller), as_classes(y_true, caller, "y_true")
    p = as_probabilities(y_pred, caller)
    if not len(shown) == len(true) == len(p):
        raise ValueError(f"{caller}: {len(shown)} images, {len(true)} classes and {len(p)} scores; expected as many of "
                         "each")
    if len(true) and true.max() >= p.shape[1]:
        raise ValueError(f"{caller}: y_true has class {true.max()}, but y_pred has scores of {p.shape[1]} classes")
    predicted = p.argmax(axis=1)
    wrong = np.flatnonzero(predicted != true)
    worst = wrong[np.argsort(p[wrong, true[wrong]], kind="stable")][: positive_int(count, caller, "count")]
    with sheet(caller, axes, max(len(worst), 1), theme, lang, (PANEL + 0.3, PANEL + 0.6)) as page:
        known = page.names(names, p.shape[1], caller)
        for ax, index in zip(page.axes, worst, strict=False):
            title = page.words("wrong_sure", true=known[true[index]], predicted=known[predicted[index]],
                             share=p[index, predicted[index]])
            show_image(page, ax, shown[index], title)
        if not len(worst):
            page.ax.text(0.5, 0.5, page.words("no_mistakes"), ha="center", va="center", transform=page.ax.transAxes)
            page.ax.set_axis_off()
        return _finished(page, max(len(worst), 1))


def augmentation_sheet(
    image: TensorLike, augment: Callable[..., Any] | Sequence[str] | None = None, other: TensorLike | None = None,
    count: int = 15, seed: SeedLike = 0, axes: Any = None, *, theme: str | None = None, lang: str | None = None,
) -> Any:
    """Draw what augmentation makes of an image: each transform with its parameters, or draws of one of your own.

    Args:
        image: Shape (height, width, 1 or 3); uint8 for the transforms by name.
        augment: A layer, a model of layers or a function of a batch, of which `count` draws are shown; or names of
            `tinynet.augment`'s transforms and mixings; all of them if None.
        other: A second image of the same shape for the mixings; the first upside down if None.
        count: Draws of a layer or function.
        seed: int, SeedGenerator, NumPy Generator, or None; of the transforms by name.
        axes: Axes, one a panel, the image itself first; new ones if None.
        theme, lang: See `set_style`.

    Returns:
        Array of the axes, one a panel.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: no image, or an unknown name.

    >>> image = np.zeros((16, 16, 3), np.uint8)
    >>> axes = augmentation_sheet(image, ["rotate", "mixup"])
    >>> [ax.get_title() for ax in axes]
    ['the image', 'rotate', 'mixup']
    """
    caller = "plots.augmentation_sheet"
    array = to_array(image)
    if array.ndim != 3 or array.shape[-1] not in (1, 3):
        raise ValueError(f"{caller}: expected an image (height, width, 1 or 3 channels), got shape {array.shape}")
    if callable(augment):
        draws = range(positive_int(count, caller, "count"))
        made = [(None, to_array(_call(augment, array[None]))[0], "") for _ in draws]
    else:
        made = _by_name(array, augment, other, seed, caller)
    with sheet(caller, axes, len(made) + 1, theme, lang, (PANEL, PANEL + 0.8)) as page:
        batch = [array, *(result for _, result, _ in made)]
        bytes_or_above = array.dtype == np.uint8 or max(np.max(one) for one in batch) > 1.5
        for index, (ax, one) in enumerate(zip(page.axes, batch, strict=False)):
            title = page.words("image") if index == 0 else made[index - 1][0] or page.words("sample", index=index)
            shown = np.clip(np.asarray(one, np.float64) / (255 if bytes_or_above else 1), 0, 1)
            show_image(page, ax, shown[..., 0] if shown.shape[-1] == 1 else shown, title)
            if index:
                ax.set_xlabel(made[index - 1][2], fontsize=fitting_size(made[index - 1][2], panel_width(ax), CAPTION))
        page.keep_label_sizes()
        return _finished(page, len(batch))


def _call(augment, batch):
    """A layer or model draws in training; a function takes the batch alone."""
    return augment(batch, training=True) if hasattr(augment, "weights") else augment(batch)


def _by_name(image, names, other, seed, caller):
    """(name, image, parameters) for each transform and mixing."""
    from ..augment.batches import as_generator

    if image.dtype != np.uint8:
        raise ValueError(f"{caller}: transforms by name expect an image of uint8, got {image.dtype}")
    there = [*PIXEL, *SPATIAL, *MASKS]
    wanted = list(names) if names is not None else [name for name in there if name in MASKS or usable(name, image)]
    unknown = sorted(set(wanted) - set(there))
    if unknown:
        raise ValueError(f"{caller}: no transform {', '.join(map(repr, unknown))}; there are {', '.join(there)}")
    second = np.ascontiguousarray(image[::-1]) if other is None else to_array(other)
    if second.shape != image.shape:
        raise ValueError(f"{caller}: the images differ in shape, {image.shape} and {second.shape}")
    rng, made = as_generator(seed), []
    for name in wanted:
        if name in MASKS:
            both = np.stack([image, second])
            mixed, labels = mix(both, np.eye(2), name, seed=rng, weights=[0.6, 0.5], partners=[1, 0])
            made.append((name, np.clip(np.rint(mixed[0]), 0, 255), f"{labels[0, 0]:.2f} + {labels[0, 1]:.2f}"))
        else:
            chosen = fixed_parameters(name, image, rng)
            made.append((name, apply(name, image, rng, **chosen), describe(name, chosen)))
    return made
