"""First weights as in the lecture's demos, and what they do to activations: the Xavier slides.

>>> print(f"{XavierSlide(seed=1)((10_000, 100)).numpy().std():.4f}")
0.0100
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import ops, random
from ..initializers import RandomInitializer, RandomNormal, Zeros, compute_fans, get
from ..random import SeedGenerator
from ..tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..core.types import Config, DTypeLike, SeedLike, ShapeLike, TensorLike


class ScaledNormal(RandomInitializer):
    """sqrt(variance / Din) times standard normal numbers: the first demo's rule.

    Args:
        variance: 0 (zero), 0.01 (too small), 1 (appropriate) or 100 (too large) in the demo.
        seed: int, `random.SeedGenerator`, or None.

    Raises:
        ValueError: `variance` is negative or infinite.

    Source: row 29 of the course.

    >>> round(float(ScaledNormal(100.0, seed=1)((100, 100)).numpy().std()), 1)  # sqrt(100 / 100)
    1.0
    """

    def __init__(self, variance: float = 1.0, seed: SeedLike | None = None) -> None:
        super().__init__(seed)
        if not 0 <= variance < np.inf:
            raise ValueError(f"{type(self).__name__}: variance must be at least 0, got {variance!r}")
        self.variance = variance

    def __call__(self, shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
        inputs, _ = compute_fans(shape)
        return random.normal(shape, 0.0, np.sqrt(self.variance / inputs), dtype, self.seed)

    def get_config(self) -> Config:
        return {**super().get_config(), "variance": self.variance}


class XavierSlide(ScaledNormal):
    """randn(Din, Dout) / sqrt(Din). For a convolution Din is kernel_size^2 * input_channels.

    Keras's GlorotNormal has the variance 2 / (Din + Dout) and is truncated; LecunNormal has this variance, but is
    truncated; `VarianceScaling(1, "fan_in", "untruncated_normal")` is the same. PyTorch's xavier_normal_: 2 / (Din +
    Dout).

    Args:
        seed: int, `random.SeedGenerator`, or None.

    Source: rows 35 and 36 of the course.

    >>> round(float(XavierSlide(seed=1)((100, 100)).numpy().std()), 1)  # 1 / sqrt(100)
    0.1
    """

    def __init__(self, seed: SeedLike | None = None) -> None:
        super().__init__(1.0, seed)

    def get_config(self) -> Config:
        config = super().get_config()
        del config["variance"]
        return config


class UniformSlide(RandomInitializer):
    """Values that are equally likely from -1 / sqrt(Din) to 1 / sqrt(Din), the second demo's "Uniform".

    The variance is 1 / (3 Din). Keras: `VarianceScaling(1 / 3, "fan_in", "uniform")`; PyTorch's default for linear
    layers.

    Args:
        seed: int, `random.SeedGenerator`, or None.

    Source: row 32 of the course.

    >>> bool(abs(UniformSlide(seed=1)((100, 10)).numpy()).max() <= 0.1)
    True
    """

    def __call__(self, shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
        bound = 1 / np.sqrt(compute_fans(shape)[0])
        return random.uniform(shape, -bound, bound, dtype, self.seed)


# The choices of the two demos, by the words on the slides: functions of a seed.
DECISION_BOUNDARY_INITIALIZERS = {
    "zero": lambda seed: Zeros(),
    "too small": lambda seed: ScaledNormal(0.01, seed),
    "appropriate": lambda seed: ScaledNormal(1.0, seed),
    "too large": lambda seed: ScaledNormal(100.0, seed),
}
DIGITS_INITIALIZERS = {
    "zero": lambda seed: Zeros(),
    "uniform": lambda seed: UniformSlide(seed),
    "xavier": lambda seed: XavierSlide(seed),
    "standard normal": lambda seed: RandomNormal(0.0, 1.0, seed),
}


def choose(initializers: dict[str, Callable[[SeedGenerator], Any]], name: str, seed: int) -> Any:
    """One of a demo's initializers.

    Args:
        initializers: `DECISION_BOUNDARY_INITIALIZERS` or `DIGITS_INITIALIZERS`.
        name: Its name on the slide.
        seed: An int. The layers of a network that share the initializer still get different weights.

    Raises:
        ValueError: the demo has no initialization of this name.
    """
    if name not in initializers:
        raise ValueError(f"initialization must be one of {', '.join(map(repr, initializers))}, got {name!r}")
    return initializers[name](SeedGenerator(seed))


def xavier_experiment(
    dims: Sequence[int] = (4096,) * 7, samples: int = 16, initializer: Any = None,
    activation: Callable[[Tensor], Tensor] = ops.tanh, seed: int = 0,
) -> list[tuple[float, float]]:
    """The experiment of the slide: mean and standard deviation of the activations, layer by layer.

        x = np.random.randn(16, dims[0])
        for Din, Dout in zip(dims[:-1], dims[1:]):
            W = np.random.randn(Din, Dout) / np.sqrt(Din)
            x = np.tanh(x.dot(W))

    On the slide the standard deviations are .63, .49, .41, .36, .32 and .30.

    Args:
        dims: Width of the input, and of each layer.
        samples: Rows of x.
        initializer: Of each W, name or object; `XavierSlide` if None. Try RandomNormal(stddev=0.01) or (stddev=0.05).
        activation: A function of a Tensor.
        seed: Of x and W.

    Returns:
        List of (mean, standard deviation), one a layer.

    Source: row 35 of the course.

    >>> [round(deviation, 1) for _, deviation in xavier_experiment(dims=(500, 500, 500))]
    [0.6, 0.5]
    """
    seeds = SeedGenerator(seed)
    initializer = XavierSlide(seeds) if initializer is None else get(initializer)
    x = random.normal((samples, dims[0]), seed=seeds)
    statistics = []
    for Din, Dout in zip(dims[:-1], dims[1:], strict=True):
        W = initializer((Din, Dout))
        x = activation(ops.matmul(x, W))
        statistics.append((float(x.data.mean()), float(x.data.std())))
    return statistics


def variance_of_output(x: TensorLike, W: TensorLike) -> tuple[float, float, float]:
    """Both sides of the derivation of Xavier's rule for y = W x, step by step.

    Var(y_i) = Din Var(x_j w_j)                                 x and w independent of each other, all terms alike
             = Din (E[x^2] E[w^2] - E[x]^2 E[w]^2)
             = Din Var(x) Var(w)                                if x and w have mean 0

    Args:
        x: Array, shape (samples, Din).
        W: Array or Tensor, shape (Din, Dout), as Keras stores it: y = x W.

    Returns:
        (measured Var(y), the second line, the third line).

    Raises:
        ValueError: the shapes do not fit.

    Source: row 37 of the course.

    >>> rng = np.random.default_rng(0)
    >>> x, W = rng.standard_normal((1000, 100)), rng.standard_normal((100, 50)) / 10
    >>> [round(variance, 1) for variance in variance_of_output(x, W)]
    [1.0, 1.0, 1.0]
    """
    x, W = np.asarray(x, np.float64), np.asarray(W.data if isinstance(W, Tensor) else W, np.float64)
    if x.ndim != 2 or W.ndim != 2 or x.shape[1] != W.shape[0]:
        raise ValueError(f"variance_of_output: x must be (samples, Din) and W (Din, Dout); got {x.shape} and {W.shape}")
    Din = len(W)
    independent = Din * ((x**2).mean() * (W**2).mean() - x.mean() ** 2 * W.mean() ** 2)
    return float((x @ W).var()), float(independent), float(Din * x.var() * W.var())
