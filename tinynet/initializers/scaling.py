"""First values whose variance follows from the shape of the weight: Glorot, He, LeCun."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .. import random
from .base import RandomInitializer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..core.types import Config, DTypeLike, SeedLike, ShapeLike
    from ..tensor import Tensor

# The standard deviation of a standard normal distribution that is truncated at two standard deviations.
_TRUNCATED_STDDEV = 0.87962566103423978


def compute_fans(
    shape: ShapeLike, input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None,
) -> tuple[int, int]:
    """Count the inputs and the outputs of a unit from the shape of its weights.

    A dense kernel has the shape (in, out). A convolution has (height, width, in, out), and each of its height x width
    positions counts.

    Args:
        shape: Of the weight.
        input_axes: Axes that count as inputs; used only together with `output_axes`.
        output_axes: Axes that count as outputs.

    Returns:
        (fan_in, fan_out).

    >>> compute_fans((3, 3, 16, 32))
    (144, 288)
    """
    extents = random.as_shape(shape)
    if input_axes is not None and output_axes is not None:
        return math.prod(extents[axis] for axis in input_axes), math.prod(extents[axis] for axis in output_axes)
    if not extents:
        return 1, 1
    if len(extents) == 1:
        return int(extents[0]), int(extents[0])
    taps = math.prod(extents[:-2])
    return int(taps * extents[-2]), int(taps * extents[-1])


class VarianceScaling(RandomInitializer):
    """Values of mean 0 and variance scale / n, so that signals keep their size from layer to layer.

    Args:
        scale: Above 0.
        mode: n is the number of inputs of a unit ('fan_in'), of its outputs ('fan_out'), or their mean ('fan_avg').
        distribution: 'truncated_normal' (truncated at two standard deviations, and divided by 0.8796, so that the
            variance is scale / n), 'untruncated_normal', or 'uniform' in +-sqrt(3 scale / n).
        seed: See `RandomInitializer`.
        input_axes, output_axes: Axes of the shape that count as inputs and outputs; by `compute_fans` if None.

    Raises:
        ValueError: `scale` is not above 0, or `mode` or `distribution` is unknown.

    Source: He et al. 2015, arXiv:1502.01852.

    >>> values = VarianceScaling(2.0, seed=1)((200, 100)).numpy()  # variance 2 / 200
    >>> round(float(values.var()), 3)
    0.01
    """

    _repeats = True

    def __init__(
        self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal", seed: SeedLike = None,
        input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(seed)
        distribution = {"normal": "truncated_normal"}.get(distribution.lower(), distribution.lower())
        if scale <= 0:
            raise ValueError(f"VarianceScaling: scale must be above 0, got {scale}")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f"VarianceScaling: mode must be 'fan_in', 'fan_out' or 'fan_avg', got {mode!r}")
        if distribution not in ("uniform", "truncated_normal", "untruncated_normal"):
            raise ValueError(
                "VarianceScaling: distribution must be 'uniform', 'truncated_normal' or 'untruncated_normal', "
                f"got {distribution!r}"
            )
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.input_axes = input_axes
        self.output_axes = output_axes

    def __call__(self, shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, n)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return random.uniform(shape, -limit, limit, dtype, self.seed)
        if self.distribution == "untruncated_normal":
            return random.normal(shape, 0.0, math.sqrt(variance), dtype, self.seed)
        return random.truncated_normal(shape, 0.0, math.sqrt(variance) / _TRUNCATED_STDDEV, dtype, self.seed)

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }


class _Named(VarianceScaling):
    """A variance scaling whose scale, mode and distribution have a name.

    Args:
        seed: See `RandomInitializer`.
        input_axes, output_axes: Axes of the shape that count as inputs and outputs; by `compute_fans` if None.
    """

    setting: tuple[float, str, str]  # scale, mode, distribution

    def __init__(
        self, seed: SeedLike = None, input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(*self.setting, seed, input_axes, output_axes)

    def get_config(self) -> Config:
        config = super().get_config()
        return {name: config[name] for name in ("seed", "input_axes", "output_axes")}


class GlorotUniform(_Named):
    """Values that are equally likely in +-sqrt(6 / (fan_in + fan_out)); the default of most layers.

    Args:
        seed: See `RandomInitializer`.
        input_axes, output_axes: Axes of the shape that count as inputs and outputs; by `compute_fans` if None.

    Source: Glorot and Bengio, AISTATS 2010.

    >>> values = GlorotUniform(seed=1)((100, 50)).numpy()
    >>> bool(abs(values).max() <= np.sqrt(6 / 150))
    True
    """

    _repeats = True
    setting = 1.0, "fan_avg", "uniform"


class GlorotNormal(_Named):
    """Truncated normal values of variance 2 / (fan_in + fan_out).

    Args:
        seed: See `RandomInitializer`.
        input_axes, output_axes: Axes of the shape that count as inputs and outputs; by `compute_fans` if None.

    Source: Glorot and Bengio, AISTATS 2010.

    >>> values = GlorotNormal(seed=1)((1000, 500)).numpy()
    >>> round(float(values.var()), 4)
    0.0013
    """

    _repeats = True
    setting = 1.0, "fan_avg", "truncated_normal"


class HeUniform(_Named):
    """Values that are equally likely in +-sqrt(6 / fan_in); for ReLU.

    Args:
        seed: See `RandomInitializer`.
        input_axes, output_axes: Axes of the shape that count as inputs and outputs; by `compute_fans` if None.

    Source: He et al. 2015, arXiv:1502.01852.

    >>> values = HeUniform(seed=1)((100, 50)).numpy()
    >>> bool(abs(values).max() <= np.sqrt(6 / 100))
    True
    """

    _repeats = True
    setting = 2.0, "fan_in", "uniform"


class HeNormal(_Named):
    """Truncated normal values of variance 2 / fan_in; for ReLU.

    Args:
        seed: See `RandomInitializer`.
        input_axes, output_axes: Axes of the shape that count as inputs and outputs; by `compute_fans` if None.

    Source: He et al. 2015, arXiv:1502.01852.

    >>> values = HeNormal(seed=1)((1000, 500)).numpy()
    >>> round(float(values.var()), 4)
    0.002
    """

    _repeats = True
    setting = 2.0, "fan_in", "truncated_normal"


class LecunUniform(_Named):
    """Values that are equally likely in +-sqrt(3 / fan_in).

    Args:
        seed: See `RandomInitializer`.
        input_axes, output_axes: Axes of the shape that count as inputs and outputs; by `compute_fans` if None.

    Source: LeCun et al. 1998; Klambauer et al. 2017, arXiv:1706.02515.

    >>> values = LecunUniform(seed=1)((100, 50)).numpy()
    >>> bool(abs(values).max() <= np.sqrt(3 / 100))
    True
    """

    _repeats = True
    setting = 1.0, "fan_in", "uniform"


class LecunNormal(_Named):
    """Truncated normal values of variance 1 / fan_in; for SELU.

    Args:
        seed: See `RandomInitializer`.
        input_axes, output_axes: Axes of the shape that count as inputs and outputs; by `compute_fans` if None.

    Source: LeCun et al. 1998; Klambauer et al. 2017, arXiv:1706.02515.

    >>> values = LecunNormal(seed=1)((1000, 500)).numpy()
    >>> round(float(values.var()), 4)
    0.001
    """

    _repeats = True
    setting = 1.0, "fan_in", "truncated_normal"
