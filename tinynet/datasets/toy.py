"""Points in the plane, in classes that no straight line, or just one, divides.

Each function returns `(x, y)`: x float32, shape (samples, 2); y int64, shape (samples,). The sizes of the
classes differ by at most one sample. The same seed returns the same points.
"""

from __future__ import annotations

import numpy as np

from ..core import checks
from .forms import Points

__all__ = ["checkerboard", "circle", "gaussians", "moons", "spiral"]


def _check(samples, noise, name):
    checks.whole(samples, name, "samples", 1)
    if not 0 <= noise < np.inf:
        raise ValueError(f"{name}: noise, a standard deviation, must be 0 or more, got {noise!r}")


def _finish(x, y, noise, rng):
    order = rng.permutation(len(y))
    return (x + noise * rng.standard_normal(x.shape)).astype(np.float32)[order], y[order]


def circle(samples: int = 500, noise: float = 0.1, seed: int = 0) -> Points:
    """A disc of radius 0.5 (class 0) in a ring of radius 1 to 1.5 (class 1), both evenly filled.

    Args:
        samples: Number of points.
        noise: Standard deviation of what is added to each coordinate.
        seed: int.

    Returns:
        `(x, y)`, shapes (samples, 2) and (samples,).

    Raises:
        ValueError: fewer than 1 sample, or a negative noise.

    >>> x, y = circle(100, noise=0)
    >>> bool(((x**2).sum(axis=1) < 0.75**2).astype(int).tolist() == (1 - y).tolist())
    True
    """
    _check(samples, noise, "circle")
    rng = np.random.default_rng(seed)
    y = np.arange(samples) % 2
    # Area grows with the square of the radius: an even filling needs the root.
    squared = rng.uniform(size=samples)
    radius = np.sqrt(np.where(y == 0, 0.25 * squared, 1.0 + 1.25 * squared))
    angle = rng.uniform(0, 2 * np.pi, samples)
    return _finish(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), y, noise, rng)


def moons(samples: int = 500, noise: float = 0.1, seed: int = 0) -> Points:
    """Two half circles of radius 1, one hooked into the other.

    Args:
        samples: Number of points.
        noise: Standard deviation of what is added to each coordinate.
        seed: int.

    Returns:
        `(x, y)`, shapes (samples, 2) and (samples,).

    Raises:
        ValueError: fewer than 1 sample, or a negative noise.

    >>> x, y = moons(100)
    >>> x.shape, np.bincount(y).tolist()
    ((100, 2), [50, 50])
    """
    _check(samples, noise, "moons")
    rng = np.random.default_rng(seed)
    y = np.arange(samples) % 2
    angle = rng.uniform(0, np.pi, samples)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
    return _finish(np.where(y[:, None] == 0, upper, lower), y, noise, rng)


def checkerboard(samples: int = 500, noise: float = 0.0, seed: int = 0, squares: int = 4) -> Points:
    """A board of squares x squares fields over [-1, 1] x [-1, 1]; neighbours differ in class.

    Args:
        samples: Number of points.
        noise: Standard deviation of what is added to each coordinate.
        seed: int.
        squares: Fields in a row, 2 or more; 2 is XOR.

    Returns:
        `(x, y)`, shapes (samples, 2) and (samples,).

    Raises:
        ValueError: fewer than 1 sample or 2 squares, or a negative noise.

    >>> x, y = checkerboard(100, squares=2)
    >>> bool(((x[:, 0] > 0) == (x[:, 1] > 0)).tolist() == (y == 0).tolist())
    True
    """
    _check(samples, noise, "checkerboard")
    if squares < 2:
        raise ValueError(f"checkerboard: squares must be 2 or more, got {squares!r}")
    rng = np.random.default_rng(seed)
    y = np.arange(samples) % 2
    row = rng.integers(0, squares, samples)
    # In each row, the columns of the wanted class: every other one.
    count = (squares + 1 - (row + y) % 2) // 2
    column = 2 * (rng.random(samples) * count).astype(np.int64) + (row + y) % 2
    corner = np.stack([column, row], axis=1)
    return _finish(2 * (corner + rng.random((samples, 2))) / squares - 1, y, noise, rng)


def gaussians(samples: int = 500, noise: float = 0.5, seed: int = 0) -> Points:
    """Two round clouds around (-1, -1) and (1, 1).

    Args:
        samples: Number of points.
        noise: Standard deviation of the clouds.
        seed: int.

    Returns:
        `(x, y)`, shapes (samples, 2) and (samples,).

    Raises:
        ValueError: fewer than 1 sample, or a negative noise.

    >>> x, y = gaussians(100, noise=0)
    >>> np.unique(x).tolist()
    [-1.0, 1.0]
    """
    _check(samples, noise, "gaussians")
    rng = np.random.default_rng(seed)
    y = np.arange(samples) % 2
    return _finish(np.repeat(2.0 * y[:, None] - 1.0, 2, axis=1), y, noise, rng)


def spiral(samples: int = 500, noise: float = 0.05, seed: int = 0, classes: int = 2, turns: float = 1.0) -> Points:
    """Arms that wind around the origin, out to radius 1.

    Args:
        samples: Number of points.
        noise: Standard deviation of what is added to each coordinate.
        seed: int.
        classes: Number of arms, 2 or more.
        turns: How often an arm winds around the origin.

    Returns:
        `(x, y)`, shapes (samples, 2) and (samples,).

    Raises:
        ValueError: fewer than 1 sample or 2 classes, or a negative noise.

    >>> x, y = spiral(90, classes=3)
    >>> np.bincount(y).tolist()
    [30, 30, 30]
    """
    _check(samples, noise, "spiral")
    if classes < 2:
        raise ValueError(f"spiral: classes must be 2 or more, got {classes!r}")
    rng = np.random.default_rng(seed)
    y = np.arange(samples) % classes
    radius = np.sqrt(rng.uniform(size=samples))
    angle = 2 * np.pi * (turns * radius + y / classes)
    return _finish(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), y, noise, rng)
