"""A sheet of pictures: every transform on one image with its parameters, every mixing with its labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.extras import import_extra
from ..core.types import Array, SeedLike
from .batches import as_generator, check_images
from .catalogue import PIXEL, SPATIAL, apply, draw_parameters, look_up
from .mixing import MASKS, mix

COLUMNS = 8
UNSHOWN = ("seed", "value_range", "fill_mode", "interpolation", "fill_value")  # the same for all transforms


def needed_parameters(name: str, size: Sequence[int]) -> dict[str, Any]:
    """Return parameters that fit an image of this size, for the transforms whose sizes have no default or depend on
    it.
    """
    height, width = size
    return {
        "crop": {"top": height // 8, "left": width // 8, "height": height * 3 // 4, "width": width * 3 // 4},
        "random_crop": {"height": max(1, height * 3 // 4), "width": max(1, width * 3 // 4)},
        "pad": {side: max(1, height // 8) for side in ("top", "left", "bottom", "right")},
        "cutout": {"size": max(1, min(size) // 3)},
        "coarse_dropout": {"size": max(1, min(size) // 7)},
        "patch_shuffle": {"size": max(1, min(size) // 10)},
        "clahe": {"tiles": max(1, min(8, *size))},
        "grid_shuffle": {"grid": max(1, min(3, *size))},
    }.get(name, {})


def usable(name: str, image: Array) -> bool:
    """Report whether the transform exists for this number of channels."""
    needs_colour = ("hue_saturation", "color", "grayscale", "iso_noise", "rgb_shift")
    if name == "jpeg":
        return image.shape[-1] in (1, 3)
    return image.shape[-1] == 3 or name not in needs_colour


def fixed_parameters(name: str, image: Array, seed: SeedLike) -> dict[str, Any]:
    """Return one draw of a transform's parameters for this image, as plain numbers."""
    drawn = draw_parameters(name, 1, seed, **needed_parameters(name, image.shape[:2]))
    return {key: value.item() if isinstance(value, np.ndarray) else value for key, value in drawn.items()}


def describe(name: str, parameters: dict[str, Any]) -> str:
    """Return the parameters of a transform, defaults included, as lines of one or two: 'angle 12'."""
    shown = {key: value for key, value in {**look_up(name).parameters, **parameters}.items()
             if key not in UNSHOWN and value is not None}
    entries = [f"{key} {_rounded(value)}" for key, value in shown.items()]
    step = 1 if len(entries) <= 3 else 2
    return "\n".join(", ".join(entries[start : start + step]) for start in range(0, len(entries), step))


def _rounded(value):
    if isinstance(value, tuple):
        return " to ".join(map(_rounded, value))
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def gallery(image: Any, other: Any = None, names: tuple[str, str] = ("first", "second"), seed: SeedLike = 0) -> Any:
    """Draw the sheet.

    Args:
        image: shape (height, width, 1 or 3), uint8.
        other: A second image of the same shape, to mix with; the first upside down if None.
        names: What the two images are called in the label bars.
        seed: int, SeedGenerator, NumPy Generator, or None.

    Returns:
        matplotlib Figure; `figure.savefig(path)` writes it.

    Raises:
        ImportError: matplotlib is missing.
        ValueError: the image is not one, or the two differ in shape.

    >>> figure = gallery(np.zeros((16, 16, 3), np.uint8))
    >>> [panel.get_suptitle() for panel in figure.subfigs]
    ['Pixel-level transforms', 'Spatial-level transforms', 'Mixing two images']
    """
    figures = import_extra("matplotlib.figure", "plot", "augment.gallery")
    image = check_images(image, "gallery")
    other = np.ascontiguousarray(image[::-1]) if other is None else check_images(other, "gallery")
    if image.ndim != 3 or image.dtype != np.uint8 or image.shape[-1] not in (1, 3) or other.shape != image.shape:
        raise ValueError(
            f"gallery: expected uint8 images (height, width, 1 or 3) of one shape, got {image.dtype} {image.shape} "
            f"and {other.dtype} {other.shape}"
        )
    rng = as_generator(seed)
    sections = [(f"{title}-level transforms", [name for name in table if usable(name, image)])
                for title, table in (("Pixel", PIXEL), ("Spatial", SPATIAL))] + [("Mixing two images", list(MASKS))]
    rows = [-(-(len(entries) + 1) // COLUMNS) for _, entries in sections]
    figure = figures.Figure(figsize=(1.75 * COLUMNS, 2.15 * sum(rows) + 0.5 * len(sections)), layout="constrained")
    panels = figure.subfigures(len(sections), 1, height_ratios=rows)
    for panel, (title, entries), count in zip(panels, sections, rows, strict=True):
        panel.suptitle(title, fontsize=12, fontweight="bold")
        axes = panel.subplots(count, COLUMNS, squeeze=False).ravel()
        for axis in axes:
            axis.set_axis_off()
        if entries and entries[0] in MASKS:
            _draw_mixing(axes, image, other, names, rng)
            continue
        _show(axes[0], image, "the image", "")
        for axis, name in zip(axes[1:], entries, strict=False):
            parameters = fixed_parameters(name, image, rng)
            _show(axis, apply(name, image, rng, **parameters), name, describe(name, parameters))
    return figure


def _draw_mixing(axes, image, other, names, rng):
    batch = np.stack([image, other])
    for axis, method in zip(axes, MASKS, strict=False):
        mixed, labels = mix(batch, np.eye(2), method, seed=rng, weights=[0.6, 0.5], partners=[1, 0])
        _show(axis, np.clip(np.rint(mixed[0]), 0, 255).astype(np.uint8), method, "")
        bars = axis.inset_axes([0.0, -0.28, 1.0, 0.24])
        bars.barh([1, 0], labels[0], color=["lightskyblue", "orange"])  # light: names are drawn on them
        bars.set_xlim(0, 1)
        texts = [f"{name} {share:.2f}" for name, share in zip(names, labels[0], strict=True)]
        bars.set_yticks([1, 0], texts, fontsize=6)
        bars.tick_params(axis="y", length=0, pad=-2, direction="in")
        for label in bars.get_yticklabels():
            label.set_horizontalalignment("left")
        bars.set_xticks([])


def _show(axis, image, title, caption):
    axis.imshow(image.squeeze(-1) if image.shape[-1] == 1 else image, cmap="gray", vmin=0, vmax=255,
                interpolation="nearest")
    axis.set_title(title, fontsize=8, pad=3)
    axis.text(0.5, -0.03, caption, transform=axis.transAxes, ha="center", va="top", fontsize=6)

