"""A race of optimizers over a surface, each with a learning rate that suits it there.

The default learning rates are made for networks: Adam's 0.001 moves a weight by at most 0.001 a step, 0.05 in 50 steps,
which on a surface 4 wide looks like a dot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .comparison import COMPARED
from .surfaces import Surface, Trace, trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .descent import SlideOptimizer

RATES = tuple(float(f"{digit}e{power}") for power in range(-5, 1) for digit in (1, 2, 5))


def race(
    surface: Surface, optimizers: Sequence[type[SlideOptimizer]] = COMPARED, steps: int = 60,
    start: Sequence[float] | None = None, rates: Sequence[float] = RATES,
) -> dict[str, Trace]:
    """Let optimizers walk down a surface, each with the best of some learning rates.

    The best is that whose walk has the lowest mean logarithm of its height above the lowest point: it comes down early,
    comes far, and does not leap to and fro. Only walks that stay in the picture (`surface.bounds`) count; if none does,
    the smallest rate is taken. Pass the result to `plot_paths` or `animate_race`.

    Args:
        surface: A `Surface`.
        optimizers: Classes of `tinynet.textbook` (or others whose first argument is the learning rate).
        steps: Number of steps.
        start: The first point; the surface's own if None.
        rates: Learning rates to try.

    Returns:
        {name: Trace}; a name has the learning rate: 'Adam, 0.2'.

    Raises:
        ValueError: no optimizers or no rates, or what `trace` does not take.

    Source: row 25 of the course.

    >>> from tinynet.textbook import GradientDescent, surfaces
    >>> {name: float(walk.value[-1].round(3)) for name, walk in race(surfaces.bowl, [GradientDescent]).items()}
    {'SGD, 1': 0.0}
    """
    if not len(optimizers) or not len(rates):
        raise ValueError("race: expected at least one optimizer and one learning rate")
    found = {}
    for cls in optimizers:
        walks = {rate: trace(cls(rate), surface, start, steps) for rate in sorted(rates)}
        inside = {rate: walk for rate, walk in walks.items() if _is_inside(walk, surface.bounds)}
        lowest = min([surface.formula(*point) for point in surface.minima]
                     or [walk.value.min() for walk in inside.values()] or [0.0])

        def mean_height(rate, inside=inside, lowest=lowest):
            height = np.maximum(inside[rate].value - lowest, 0)
            return np.log(height + 1e-4 * max(height[0], 1e-300)).mean()

        best = min(inside, key=mean_height) if inside else min(rates)
        found[f"{getattr(cls, 'label', cls.__name__)}, {best:g}"] = walks[best]
    return found


def _is_inside(walk, bounds):
    x, y = walk.path.T
    return bool(np.isfinite(walk.path).all() and (x >= bounds[0]).all() and (x <= bounds[1]).all()
                and (y >= bounds[2]).all() and (y <= bounds[3]).all())
