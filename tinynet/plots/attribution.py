"""What in an image a classifier looks at: Grad-CAM, saliency, occlusion.

Each has a function that computes the map and one that draws it over the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .. import ops
from ..core.checks import positive_int
from ..core.types import Array, TensorLike
from ..models import Model
from ..tape import GradientTape
from ..tensor import convert_to_tensor, to_array
from .arguments import as_probabilities, call_watching, check_maps, convolutions, find_layer, images_to_show, scores_of
from .images import show_image
from .style import SIZE, drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEAT = "inferno"


def _one_image(image, caller):
    x = to_array(image)
    if x.ndim != 3:
        raise ValueError(f"{caller}: expected one image (height, width, channels), got shape {x.shape}")
    return x[None].astype(np.float32) if x.dtype.kind != "f" else x[None]


def _chosen_class(model, x, class_index, caller):
    """The class to explain: the predicted one if None; and the number of classes."""
    p = as_probabilities(model.predict(x, verbose=0), caller)
    if class_index is None:
        return int(p[0].argmax()), p.shape[1]
    if not 0 <= class_index < p.shape[1]:
        raise ValueError(f"{caller}: class_index must be from 0 to {p.shape[1] - 1}, got {class_index}")
    return int(class_index), p.shape[1]


def _score(scores, class_index):
    """The class's score; with one output (two classes) class 0 has the negative score."""
    if scores.shape[-1] == 1:
        return ops.sum(scores) * (1.0 if class_index == 1 else -1.0)
    return ops.sum(scores[:, class_index])


def grad_cam_map(model: Model, image: TensorLike, layer: str | None = None, class_index: int | None = None) -> Array:
    """Compute where a convolution's output speaks for a class.

    map = relu(sum over k of a_k A_k),  a_k = mean over the picture of d score / d A_k

    A_k are the feature maps; the score is taken before softmax or sigmoid.

    Args:
        model: Any model, with weights.
        image: Shape (height, width, channels).
        layer: Name of the convolution, also of one in a model inside; the last one that is called if None.
        class_index: Whose score; that of the predicted class if None.

    Returns:
        Array (height, width) of the layer's output, from 0 to 1; all 0 where nothing speaks for the class.

    Raises:
        ValueError: no such layer or class, or no image.

    Source: Selvaraju et al., "Grad-CAM", ICCV 2017, equations 1 and 2.

    >>> model = Sequential([Input((8, 8, 1)), Conv2D(4, 3), Flatten(), Dense(2, activation="softmax")])
    >>> grad_cam_map(model, np.ones((8, 8, 1))).shape
    (6, 6)
    """
    caller = "plots.grad_cam"
    x = _one_image(image, caller)
    chosen = _chosen_class(model, x, class_index, caller)[0]
    candidates = convolutions(model, caller) if layer is None else [find_layer(model, layer, caller)]
    before, scores = scores_of(model)
    pixels = convert_to_tensor(x)
    with GradientTape() as tape:
        tape.watch(pixels)  # or a model whose weights are all frozen would record nothing
        last, seen = call_watching(before, pixels)
        score = _score(scores(last), chosen)
    called = [(one, output) for one, output in seen if any(one is candidate for candidate in candidates)]
    if not called:
        raise ValueError(f"{caller}: {candidates[0].name} is not called before the last layer of {model.name}")
    found, maps = called[-1]
    check_maps(found, maps, caller)
    gradient = to_array(tape.gradient(score, maps))[0]
    importance = gradient.mean(axis=(0, 1))
    return _to_one(np.maximum(to_array(maps)[0] @ importance, 0))


def _to_one(values):
    values = values.astype(np.float64)
    return values / values.max() if values.max() > 0 else values


def saliency_map(
    model: Model, image: TensorLike, class_index: int | None = None, samples: int = 1, noise: float = 0.1,
    seed: int = 0,
) -> Array:
    """Compute how much each pixel moves a class's score: |d score / d pixel|, the largest over the channels.

    Args:
        model: Any model, with weights.
        image: Shape (height, width, channels).
        class_index: Whose score; that of the predicted class if None.
        samples: Over how many noisy copies of the image the gradient is averaged (SmoothGrad); 1 for the image alone.
        noise: Standard deviation of that noise, as a share of the image's range.
        seed: Of the noise.

    Returns:
        Array (height, width), from 0 to 1.

    Raises:
        ValueError: no such class, or no image.

    Source: Simonyan et al., "Deep Inside Convolutional Networks", 2014; Smilkov et al., "SmoothGrad", 2017.

    >>> model = Sequential([Input((4, 4, 1)), Flatten(), Dense(2)])
    >>> saliency_map(model, np.ones((4, 4, 1))).shape
    (4, 4)
    """
    caller = "plots.saliency"
    x = _one_image(image, caller)
    chosen = _chosen_class(model, x, class_index, caller)[0]
    if positive_int(samples, caller, "samples") > 1:
        spread = noise * float(x.max() - x.min())
        copies = x + spread * np.random.default_rng(seed).standard_normal((samples, *x.shape[1:]))
        x = copies.astype(x.dtype)
    before, scores = scores_of(model)
    pixels = convert_to_tensor(x)
    with GradientTape() as tape:
        tape.watch(pixels)
        score = _score(scores(before(pixels, training=False)), chosen)
    gradient = to_array(tape.gradient(score, pixels)).mean(axis=0)
    return _to_one(np.abs(gradient).max(axis=-1))


def occlusion_map(
    model: Model, image: TensorLike, class_index: int | None = None, size: int | None = None, stride: int | None = None,
    fill: float | None = None,
) -> Array:
    """Compute how much the probability of a class falls when a square around each pixel is covered.

    Args:
        model: A model.
        image: Shape (height, width, channels).
        class_index: Whose probability; that of the predicted class if None.
        size: Side of the square; a quarter of the image's shorter side if None.
        stride: Pixels between two squares; a quarter of `size` if None.
        fill: The value that covers; the image's mean if None.

    Returns:
        Array (height, width): the mean fall over the squares that cover the pixel; below 0 where covering helps.

    Raises:
        ValueError: no such class, no image, or a square larger than the image.

    Source: Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014.

    >>> model = Sequential([Input((8, 8, 1)), Flatten(), Dense(2, activation="softmax")])
    >>> occlusion_map(model, np.ones((8, 8, 1))).shape
    (8, 8)
    """
    caller = "plots.occlusion"
    x = _one_image(image, caller)
    chosen = _chosen_class(model, x, class_index, caller)[0]
    height, width = x.shape[1:3]
    side = positive_int(size if size is not None else max(1, min(height, width) // 4), caller, "size")
    step = positive_int(stride if stride is not None else max(1, side // 4), caller, "stride")
    if side > min(height, width):
        raise ValueError(f"{caller}: a square of {side} pixels on an image of {height} x {width}")
    corners = [(top, left) for top in _positions(height, side, step) for left in _positions(width, side, step)]
    covered = np.repeat(x, len(corners) + 1, axis=0)
    for copy, (top, left) in zip(covered, corners, strict=False):  # the last one stays as it is
        copy[top : top + side, left : left + side] = x.mean() if fill is None else fill
    p = as_probabilities(model.predict(covered, verbose=0), caller)[:, chosen]
    total, times = np.zeros((height, width)), np.zeros((height, width))
    for (top, left), probability in zip(corners, p[:-1], strict=True):
        total[top : top + side, left : left + side] += p[-1] - probability
        times[top : top + side, left : left + side] += 1
    return total / times


def _positions(length, side, step):
    """Where squares begin, so that every pixel is covered."""
    return sorted({*range(0, length - side + 1, step), length - side})


def grad_cam(
    model: Model, image: TensorLike, layer: str | None = None, class_index: int | None = None,
    names: Sequence[str] | None = None, ax: Axes | None = None, *, theme: str | None = None, lang: str | None = None,
) -> Axes:
    """Draw where a convolution's output speaks for a class, over the image; see `grad_cam_map`.

    Args:
        model, image, layer, class_index: As for `grad_cam_map`.
        names: Names of the classes.
        ax: Axes; new ones if None.
        theme, lang: See `set_style`.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: no such layer or class, or no image.

    >>> model = Sequential([Input((8, 8, 1)), Conv2D(4, 3), Flatten(), Dense(2, activation="softmax")])
    >>> grad_cam(model, np.ones((8, 8, 1)), class_index=1, names=["coat", "shirt"]).get_title()
    'Grad-CAM: shirt'
    """
    heat = grad_cam_map(model, image, layer, class_index)
    return _over_image("grad_cam", model, image, heat, class_index, names, ax, theme, lang)


def saliency(
    model: Model, image: TensorLike, class_index: int | None = None, names: Sequence[str] | None = None,
    samples: int = 1, ax: Axes | None = None, *, theme: str | None = None, lang: str | None = None,
) -> Axes:
    """Draw how much each pixel moves a class's score, over the image; see `saliency_map`.

    Args:
        model, image, class_index, samples: As for `saliency_map`.
        names: Names of the classes.
        ax: Axes; new ones if None.
        theme, lang: See `set_style`.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: no such class, or no image.

    >>> model = Sequential([Input((4, 4, 1)), Flatten(), Dense(2)])
    >>> saliency(model, np.ones((4, 4, 1)), class_index=0).get_title()
    'saliency: 0'
    """
    heat = saliency_map(model, image, class_index, samples)
    return _over_image("saliency", model, image, heat, class_index, names, ax, theme, lang)


def occlusion(
    model: Model, image: TensorLike, class_index: int | None = None, names: Sequence[str] | None = None,
    size: int | None = None, ax: Axes | None = None, *, theme: str | None = None, lang: str | None = None,
) -> Axes:
    """Draw how much a class's probability falls when parts of the image are covered; see `occlusion_map`.

    Args:
        model, image, class_index, size: As for `occlusion_map`.
        names: Names of the classes.
        ax: Axes; new ones if None.
        theme, lang: See `set_style`.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: no such class, no image, or a square larger than the image.

    >>> model = Sequential([Input((8, 8, 1)), Flatten(), Dense(2, activation="softmax")])
    >>> occlusion(model, np.ones((8, 8, 1)), class_index=0).get_title()
    'occlusion: 0'
    """
    heat = occlusion_map(model, image, class_index, size)
    return _over_image("occlusion", model, image, heat, class_index, names, ax, theme, lang)


def _over_image(kind, model, image, heat, class_index, names, ax, theme, lang):
    """The image in grey, the map over it, as opaque as it is large."""
    caller = f"plots.{kind}"
    x = _one_image(image, caller)
    chosen, count = _chosen_class(model, x, class_index, caller)
    shown = images_to_show(x, caller)[0]
    grey = shown if shown.ndim == 2 else shown[..., :3] @ np.array([0.299, 0.587, 0.114])
    height, width = grey.shape
    with drawing(caller, ax, theme, lang, size=SIZE) as page:
        ax = page.ax
        name = page.names(names, count, caller)[chosen]
        show_image(page, ax, grey)
        low, high = (float(heat.min()), float(heat.max())) if kind == "occlusion" else (0.0, 1.0)
        opacity = np.clip(heat / max(high, 1e-12), 0, 1)
        drawn = ax.imshow(heat, cmap=HEAT, vmin=min(low, 0.0), vmax=max(high, 1e-12), alpha=0.75 * opacity,
                          extent=(-0.5, width - 0.5, height - 0.5, -0.5),
                          interpolation="bilinear" if kind == "grad_cam" else "nearest")
        if kind == "occlusion":
            page.colorbar(ax, drawn, page.words("occlusion_bar"))
        ax.set_title(page.words(kind, name=name))
    return ax
