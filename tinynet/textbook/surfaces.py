"""Loss surfaces over the plane to walk on, and the walk: every point, gradient and velocity of an optimizer.

>>> from tinynet.optimizers import SGD
>>> walk = trace(SGD(0.1), bowl, start=(1.0, -2.0), steps=3)
>>> walk.path.shape, walk.gradient.shape
((4, 2), (3, 2))
>>> walk.path[1].round(6).tolist()
[0.9, -1.8]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ops.recorded_gradients import composed
from ..optimizers import get as get_optimizer
from ..tape import record
from ..tensor import convert_to_tensor
from ..variable import Variable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..core.types import Array, TensorLike
    from ..tensor import Tensor


@dataclass(frozen=True, eq=False)
class Surface:
    """A function f(x, y) with its gradient. Call it with a Tensor of shape (..., 2): a tape differentiates it.

    Attributes:
        name: For titles.
        formula: Function of (x, y), arrays or numbers.
        slope: Function of (x, y) that returns (df/dx, df/dy).
        minima: The local minima.
        saddles: Points where the gradient is 0 and which are no minimum.
        start: A good point to start a walk from.
        bounds: (x from, x to, y from, y to) for pictures.

    >>> float(bowl([3.0, 4.0]))
    12.5
    """

    name: str
    formula: Callable[[Any, Any], Any]
    slope: Callable[[Any, Any], tuple[Any, Any]]
    minima: tuple[tuple[float, float], ...] = ()
    saddles: tuple[tuple[float, float], ...] = ()
    start: tuple[float, float] = (1.0, 1.0)
    bounds: tuple[float, float, float, float] = (-2.0, 2.0, -2.0, 2.0)

    def __call__(self, point: TensorLike) -> Tensor:
        """Compute f.

        Args:
            point: Tensor or array, shape (..., 2).

        Returns:
            Tensor, shape (...).

        Raises:
            ValueError: the last axis does not have two coordinates.
        """
        p = convert_to_tensor(point)
        if p.data.shape[-1:] != (2,):
            raise ValueError(f"{self.name}: a point has two coordinates on the last axis. Got shape {p.data.shape}.")
        dx, dy = self.slope(p.data[..., 0], p.data[..., 1])
        gradient = np.stack(np.broadcast_arrays(dx, dy), axis=-1).astype(p.data.dtype)
        value = np.asarray(self.formula(p.data[..., 0], p.data[..., 1]), p.data.dtype)
        return record(value, (p,), lambda d: (gradient * np.expand_dims(d, -1),),
                      composed(lambda p: self.formula(p[..., 0], p[..., 1]), (p,), (p.data,)))

    def gradient(self, point: TensorLike) -> Array:
        """The gradient as an array, shaped as `point`, (..., 2)."""
        p = np.asarray(point)
        return np.stack(np.broadcast_arrays(*self.slope(p[..., 0], p[..., 1])), axis=-1)

    def __repr__(self) -> str:
        return f"<Surface {self.name}>"


def _beale_parts(x, y):
    return 1.5 - x + x * y, 2.25 - x + x * y**2, 2.625 - x + x * y**3


def _beale_slope(x, y):
    a, b, c = _beale_parts(x, y)
    return (
        2 * a * (y - 1) + 2 * b * (y**2 - 1) + 2 * c * (y**3 - 1),
        2 * a * x + 4 * b * x * y + 6 * c * x * y**2,
    )


bowl = Surface("bowl", lambda x, y: (x**2 + y**2) / 2, lambda x, y: (x, y), minima=((0.0, 0.0),), start=(-1.5, 1.0))

ravine = Surface(  # 20 times as steep across as along
    "ravine", lambda x, y: (x**2 + 20 * y**2) / 2, lambda x, y: (x, 20 * y), minima=((0.0, 0.0),), start=(-1.8, 0.8)
)

saddle = Surface(  # no minimum: it falls for ever along y
    "saddle", lambda x, y: x**2 - y**2, lambda x, y: (2 * x, -2 * y), saddles=((0.0, 0.0),), start=(-1.5, 0.0)
)

double_well = Surface(  # x^4/4 - x^2/2 + 0.1 x has the minimum on the left lower than that on the right
    "double well",
    lambda x, y: x**4 / 4 - x**2 / 2 + 0.1 * x + y**2 / 2,
    lambda x, y: (x**3 - x + 0.1, y),
    minima=((-1.0466805318046022, 0.0), (0.94564927392359, 0.0)),
    saddles=((0.10103125788101082, 0.0),),
    start=(1.8, 1.0),
)

rosenbrock = Surface(
    "Rosenbrock",
    lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
    lambda x, y: (-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)),
    minima=((1.0, 1.0),),
    start=(-1.2, 1.0),
    bounds=(-2.0, 2.0, -1.0, 3.0),
)

beale = Surface(
    "Beale",
    lambda x, y: sum(part**2 for part in _beale_parts(x, y)),
    _beale_slope,
    minima=((3.0, 0.5),),
    saddles=((0.0, 1.0),),
    start=(1.0, 1.5),
    bounds=(-4.5, 4.5, -4.5, 4.5),
)

SURFACES = (bowl, ravine, saddle, double_well, rosenbrock, beale)


@dataclass(frozen=True, eq=False)
class Trace:
    """A walk of `steps` steps.

    Attributes:
        path: The points, the start first, shape (steps + 1, 2).
        value: The height at each of them, shape (steps + 1,).
        gradient: The gradient that each step used, shape (steps, 2); for `NesterovLookahead` that of the point ahead.
        velocity: The optimizer's memory of gradients after each step, its momentum, in its own units (the slide's v;
            -learning_rate v in Keras's SGD; Adam's first moment); 0 where there is none. Shape (steps, 2).

    >>> walk = trace("sgd", bowl, start=(1.0, -2.0), steps=3)
    >>> walk.path.shape, float(walk.value[0]), walk.gradient[0].tolist()
    ((4, 2), 2.5, [1.0, -2.0])
    """

    path: np.ndarray
    value: np.ndarray
    gradient: np.ndarray
    velocity: np.ndarray


def trace(optimizer: Any, surface: Surface, start: Sequence[float] | None = None, steps: int = 50) -> Trace:
    """Walk down a surface.

    Args:
        optimizer: A new optimizer, of `tinynet.optimizers` or of `tinynet.textbook`; or a name such as "adam".
        surface: A `Surface`.
        start: The first point; the surface's own if None.
        steps: Number of steps.

    Returns:
        A `Trace` in float64. A walk that leaves the range of numbers goes on as inf and NaN. One with a name's default
        learning rate may be too short to see: those rates are made for networks. `race` finds rates that suit.

    Raises:
        TypeError: `surface` is not a Surface.
        ValueError: the optimizer has been used before and has a state, or `start` or `steps` is impossible.

    Source: rows 9 and 25 of the course.

    >>> trace("sgd", bowl, steps=5).path.shape
    (6, 2)
    """
    if not isinstance(surface, Surface):
        raise TypeError(
            f"trace: surface must be a Surface, got {surface!r}. There are textbook.surfaces."
            f"{', '.join(name for name, one in globals().items() if isinstance(one, Surface))}; one of your own is "
            "Surface(name, formula, slope)"
        )
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 0:
        raise ValueError(f"trace: steps must be a whole number of at least 0, got {steps!r}")
    optimizer = get_optimizer(optimizer)
    if optimizer.built:
        raise ValueError(f"trace: {optimizer!r} has taken steps elsewhere; make a new one for each walk")
    try:
        first = np.array(surface.start if start is None else start, np.float64)
    except (TypeError, ValueError):
        first = np.zeros(0)
    if first.shape != (2,):
        raise ValueError(f"trace: start must be a point of two coordinates, got {start!r}")
    position = Variable(first, name="position")
    points, gradients, velocities = [position.numpy()], [], []

    def loss():
        gradients.append(surface.gradient(position.numpy()))
        return surface(position)

    with np.errstate(all="ignore"):
        for _ in range(steps):
            optimizer.minimize(loss, [position])
            points.append(position.numpy())
            velocities.append(_velocity(optimizer))
        path = np.array(points)
        value = surface.formula(path[:, 0], path[:, 1])
    return Trace(path, value, np.array(gradients).reshape(steps, 2), np.array(velocities).reshape(steps, 2))


def _velocity(optimizer):
    """The state that remembers gradients: called momentum in `tinynet.optimizers`, v or moment1 on the slides."""
    for state in optimizer.variables:
        if state.name in ("position_momentum", "position_v", "position_moment1"):
            return state.numpy()
    return np.zeros(2)
