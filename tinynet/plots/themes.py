"""Colours: a light and a dark theme, and what is computed from colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Theme:
    """Colours.

    Attributes:
        name: 'light' or 'dark'.
        background, text, grid: Of the picture, of letters and frames, of lines that only help to read.
        colors: For curves and classes, in their order. Neighbours stay apart for colour-blind eyes too, and each has
            a contrast of 3 to the background.
        markers: For points, one a colour, so that no two classes differ in colour alone.
        negative, positive, neutral: For signs.
        right, wrong: For predictions.
        sequential: matplotlib's name of the colour map from little to much.
        heights: Colours of a surface, from low to high.
        contour: Colour of contour lines.
    """

    name: str
    background: str
    text: str
    grid: str
    colors: tuple[str, ...]
    negative: str
    positive: str
    neutral: str
    right: str
    wrong: str
    sequential: str
    heights: tuple[str, str]
    contour: str
    markers: tuple[str, ...] = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p")

    def color(self, index: int) -> str:
        """Return the colour of the curve or class with this number."""
        return self.colors[index % len(self.colors)]

    def marker(self, index: int) -> str:
        """Return the marker of the class with this number."""
        return self.markers[index % len(self.markers)]


THEMES = {
    "light": Theme(
        "light", background="#FFFFFF", text="#1A1A1A", grid="#D0D0D0",
        colors=("#0072B2", "#D55E00", "#009E73", "#AA3377", "#332288", "#661100"),
        negative="#D55E00", positive="#0072B2", neutral="#9A9A9A", right="#0072B2", wrong="#D55E00",
        sequential="viridis", heights=("#C6D4E1", "#FAFAFA"), contour="#5F6B77",
    ),
    "dark": Theme(
        "dark", background="#15181C", text="#F2F2F2", grid="#41464D",
        colors=("#56B4E9", "#E69F00", "#E0559A", "#9BE564", "#B07BFF", "#FFD1E8"),
        negative="#E69F00", positive="#56B4E9", neutral="#8A8F96", right="#56B4E9", wrong="#E69F00",
        sequential="viridis", heights=("#3A4A5C", "#1B2026"), contour="#93A1B0",
    ),
}


def text_on(color: Any) -> str:
    """Return black or white, whichever is easier to read on a colour.

    >>> text_on("#FFFFFF"), text_on("#15181C")
    ('black', 'white')
    """
    from matplotlib.colors import to_rgb

    return "black" if luminance(to_rgb(color)) > 0.18 else "white"  # 0.18: the same contrast to both


def luminance(rgb: Sequence[float]) -> float:
    """Return the relative luminance of a colour, 0 for black to 1 for white (WCAG 2.1).

    Args:
        rgb: Red, green and blue from 0 to 1.
    """
    values = np.asarray(rgb[:3], np.float64)
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return float(linear @ np.array([0.2126, 0.7152, 0.0722]))


def contrast(one: Any, other: Any) -> float:
    """Return the contrast of two colours, 1 to 21 (WCAG 2.1).

    >>> round(contrast("white", "black"))
    21
    """
    from matplotlib.colors import to_rgb

    low, high = sorted((luminance(to_rgb(one)), luminance(to_rgb(other))))
    return (high + 0.05) / (low + 0.05)


def signs(theme: Theme) -> Any:
    """Return the colour map from negative over the background to positive."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("signs", [theme.negative, theme.background, theme.positive])


def heights(theme: Theme) -> Any:
    """Return the colour map of a surface's heights: quiet, so that lines are seen on it."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("heights", theme.heights)


def shares(theme: Theme) -> Any:
    """Return the colour map of shares, from the background to the first colour."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("shares", [theme.background, theme.colors[0]])
