"""Points in the plane, in classes that no straight line, or just one, divides.

Each function returns `(x, y)`: x float32, shape (samples, 2); y int64, shape (samples,), classes in turn before the
shuffle, so that they are equally large to one sample. The same seed gives the same points.
"""

import numpy as np

__all__ = ["checkerboard", "circle", "gaussians", "moons", "spiral"]


def _check(samples, noise, name):
    if isinstance(samples, bool) or not isinstance(samples, int | np.integer) or samples < 1:
        raise ValueError(f"{name}: samples must be an int of 1 or more, got {samples!r}")
    if not 0 <= noise < np.inf:
        raise ValueError(f"{name}: noise, a standard deviation, must be 0 or more, got {noise!r}")


def _finish(x, y, noise, rng):
    order = rng.permutation(len(y))
    return (x + noise * rng.standard_normal(x.shape)).astype(np.float32)[order], y[order]


def circle(samples=500, noise=0.1, seed=0):
    """A disc of radius 0.5 (class 0) in a ring of radius 1 to 1.5 (class 1), both evenly filled.

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


def moons(samples=500, noise=0.1, seed=0):
    """Two half circles of radius 1, one hooked into the other."""
    _check(samples, noise, "moons")
    rng = np.random.default_rng(seed)
    y = np.arange(samples) % 2
    angle = rng.uniform(0, np.pi, samples)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
    return _finish(np.where(y[:, None] == 0, upper, lower), y, noise, rng)


def checkerboard(samples=500, noise=0.0, seed=0, squares=4):
    """A board of squares x squares fields over [-1, 1] x [-1, 1]; neighbours differ in class. `squares=2` is XOR."""
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


def gaussians(samples=500, noise=0.5, seed=0):
    """Two round clouds of standard deviation `noise` around (-1, -1) and (1, 1)."""
    _check(samples, noise, "gaussians")
    rng = np.random.default_rng(seed)
    y = np.arange(samples) % 2
    return _finish(np.repeat(2.0 * y[:, None] - 1.0, 2, axis=1), y, noise, rng)


def spiral(samples=500, noise=0.05, seed=0, classes=2, turns=1.0):
    """`classes` arms that wind `turns` times around the origin, out to radius 1."""
    _check(samples, noise, "spiral")
    if classes < 2:
        raise ValueError(f"spiral: classes must be 2 or more, got {classes!r}")
    rng = np.random.default_rng(seed)
    y = np.arange(samples) % classes
    radius = np.sqrt(rng.uniform(size=samples))
    angle = 2 * np.pi * (turns * radius + y / classes)
    return _finish(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), y, noise, rng)
