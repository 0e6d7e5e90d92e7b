"""First values of weights: Keras's initializers.

An initializer is called with a shape (and a dtype) and returns a Tensor. As in Keras an initializer with an int seed,
or with none, gives the same values in every call; a `random.SeedGenerator` as seed gives new ones. A seed that is not
given is drawn from the global generator when the initializer is made, so `utils.set_random_seed` makes runs repeat.

>>> he = HeNormal(seed=1)
>>> bool((he((3, 2)).numpy() == he((3, 2)).numpy()).all())
True
"""

import math

import numpy as np

from . import random
from .config import floatx
from .core.registry import by_both_names, deserialize_object, get_object, serialize_object
from .tensor import Tensor, to_array

__all__ = [
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity", "IdentityInitializer",
    "Initializer", "LecunNormal", "LecunUniform", "Ones", "Orthogonal", "OrthogonalInitializer", "RandomInitializer",
    "RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling", "Zeros", "compute_fans", "constant",
    "deserialize", "get", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "identity", "lecun_normal",
    "lecun_uniform", "ones", "orthogonal", "random_normal", "random_uniform", "serialize", "truncated_normal",
    "variance_scaling", "zeros",
]

# The standard deviation of a normal distribution that is cut at two standard deviations.
_TRUNCATED_STDDEV = 0.87962566103423978


class Initializer:
    """Base of all initializers."""

    def __call__(self, shape, dtype=None):
        """The values, a Tensor of this shape."""
        raise NotImplementedError(f"{type(self).__name__} must override __call__(shape, dtype=None)")

    def get_config(self):
        """What `from_config` needs to make this initializer again."""
        return {}

    @property
    def repeatable(self):
        """Whether it may be called later instead: every call gives the same, for any shape.

        A `Variable` then waits with its values until they are looked at. Not so with a SeedGenerator, which counts its
        calls; nor do we know it of classes derived from those of this module.
        """
        return type(self) in _REPEATABLE and not isinstance(getattr(self, "seed", None), random.SeedGenerator)

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def clone(self):
        """Another one with the same config."""
        return self.from_config(self.get_config())


class Zeros(Initializer):
    """All 0."""

    def __call__(self, shape, dtype=None):
        return Tensor.wrap(np.zeros(random.as_shape(shape), dtype or floatx()))


class Ones(Initializer):
    """All 1."""

    def __call__(self, shape, dtype=None):
        return Tensor.wrap(np.ones(random.as_shape(shape), dtype or floatx()))


class Constant(Initializer):
    """All `value`, a number or something that broadcasts to the shape."""

    def __init__(self, value=0.0):
        self.value = value

    def __call__(self, shape, dtype=None):
        return Tensor.wrap(np.full(random.as_shape(shape), to_array(self.value), dtype or floatx()))

    def get_config(self):
        value = self.value
        return {"value": to_array(value).tolist() if isinstance(value, np.ndarray | np.generic | Tensor) else value}


class Identity(Initializer):
    """`gain` on the diagonal of a matrix, 0 elsewhere."""

    def __init__(self, gain=1.0):
        self.gain = gain

    def __call__(self, shape, dtype=None):
        shape = random.as_shape(shape)
        if len(shape) != 2:
            raise ValueError(f"Identity: only matrices have an identity, got shape {shape}")
        return Tensor.wrap(np.asarray(self.gain * np.eye(*shape), dtype or floatx()))

    def get_config(self):
        return {"gain": self.gain}


class RandomInitializer(Initializer):
    """Base of those with a seed."""

    def __init__(self, seed=None):
        self._given_seed = seed
        if isinstance(seed, dict):
            seed = random.SeedGenerator(**seed["config"])
        elif seed is None:
            seed = random.make_default_seed()
        elif isinstance(seed, bool) or not isinstance(seed, int | np.integer | random.SeedGenerator):
            raise ValueError(f"{type(self).__name__}: seed must be an int, a SeedGenerator or None, got {seed!r}")
        self.seed = seed

    def get_config(self):
        return {
            "seed": serialize_object(self._given_seed, "keras.random")
            if not isinstance(self._given_seed, dict)
            else self._given_seed
        }


def _deviation(stddev, owner):
    if np.asarray(stddev).dtype.kind not in "fiu" or not np.all(np.asarray(stddev) >= 0):
        raise ValueError(f"{type(owner).__name__}: stddev must be at least 0, got {stddev!r}")
    return stddev


class RandomNormal(RandomInitializer):
    """Normally distributed."""

    def __init__(self, mean=0.0, stddev=0.05, seed=None):
        super().__init__(seed)
        self.mean = mean
        self.stddev = _deviation(stddev, self)

    def __call__(self, shape, dtype=None):
        return random.normal(shape, self.mean, self.stddev, dtype, self.seed)

    def get_config(self):
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class TruncatedNormal(RandomInitializer):
    """Normally distributed; what is more than two standard deviations away is drawn again."""

    def __init__(self, mean=0.0, stddev=0.05, seed=None):
        super().__init__(seed)
        self.mean = mean
        self.stddev = _deviation(stddev, self)

    def __call__(self, shape, dtype=None):
        return random.truncated_normal(shape, self.mean, self.stddev, dtype, self.seed)

    def get_config(self):
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class RandomUniform(RandomInitializer):
    """Equally likely anywhere in [minval, maxval)."""

    def __init__(self, minval=-0.05, maxval=0.05, seed=None):
        super().__init__(seed)
        if not np.all(np.asarray(minval) <= maxval):
            raise ValueError(f"RandomUniform: maxval must be at least minval, got minval={minval}, maxval={maxval}")
        self.minval = minval
        self.maxval = maxval

    def __call__(self, shape, dtype=None):
        return random.uniform(shape, self.minval, self.maxval, dtype, self.seed)

    def get_config(self):
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


class VarianceScaling(RandomInitializer):
    """Zero mean and the variance scale / n, so that signals keep their size from layer to layer.

    Args:
        scale: Above 0.
        mode: n is the number of inputs of a unit ('fan_in'), of outputs ('fan_out'), or their mean ('fan_avg').
        distribution: 'truncated_normal' (cut at two standard deviations and rescaled by 1 / 0.8796, so that the
            variance is as said), 'untruncated_normal', or 'uniform' in +-sqrt(3 scale / n).
        seed: int, `random.SeedGenerator`, or None.
        input_axes, output_axes: Axes of the shape that count as inputs and outputs, where `compute_fans` guesses wrong.
    """

    def __init__(
        self, scale=1.0, mode="fan_in", distribution="truncated_normal", seed=None, input_axes=None, output_axes=None
    ):
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

    def __call__(self, shape, dtype=None):
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, n)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return random.uniform(shape, -limit, limit, dtype, self.seed)
        if self.distribution == "untruncated_normal":
            return random.normal(shape, 0.0, math.sqrt(variance), dtype, self.seed)
        return random.truncated_normal(shape, 0.0, math.sqrt(variance) / _TRUNCATED_STDDEV, dtype, self.seed)

    def get_config(self):
        return {
            **super().get_config(),
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }


class _Named(VarianceScaling):
    """A variance scaling with a name of its own."""

    setting = ()

    def __init__(self, seed=None, input_axes=None, output_axes=None):
        super().__init__(*self.setting, seed, input_axes, output_axes)

    def get_config(self):
        config = super().get_config()
        return {name: config[name] for name in ("seed", "input_axes", "output_axes")}


class GlorotUniform(_Named):
    """Uniform in +-sqrt(6 / (fan_in + fan_out))  (Glorot and Bengio 2010)."""

    setting = 1.0, "fan_avg", "uniform"


class GlorotNormal(_Named):
    """Truncated normal of variance 2 / (fan_in + fan_out)  (Glorot and Bengio 2010)."""

    setting = 1.0, "fan_avg", "truncated_normal"


class HeUniform(_Named):
    """Uniform in +-sqrt(6 / fan_in)  (He et al., arXiv:1502.01852); for ReLU."""

    setting = 2.0, "fan_in", "uniform"


class HeNormal(_Named):
    """Truncated normal of variance 2 / fan_in  (He et al., arXiv:1502.01852); for ReLU."""

    setting = 2.0, "fan_in", "truncated_normal"


class LecunUniform(_Named):
    """Uniform in +-sqrt(3 / fan_in)  (LeCun et al. 1998, Klambauer et al. 2017)."""

    setting = 1.0, "fan_in", "uniform"


class LecunNormal(_Named):
    """Truncated normal of variance 1 / fan_in  (LeCun et al. 1998, Klambauer et al. 2017); for SELU."""

    setting = 1.0, "fan_in", "truncated_normal"


class Orthogonal(RandomInitializer):
    """A matrix with orthonormal rows or columns, whichever are fewer, times `gain`  (Saxe et al., arXiv:1312.6120).

    Other shapes are filled from the matrix (product of all extents but the last, last extent).
    """

    def __init__(self, gain=1.0, seed=None):
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape, dtype=None):
        shape = random.as_shape(shape)
        if len(shape) < 2:
            raise ValueError(f"Orthogonal: the shape must have two axes or more, got {shape}")
        dtype = np.dtype(dtype or floatx())
        rows, columns = math.prod(shape[:-1]), shape[-1]
        a = random.normal((max(rows, columns), min(rows, columns)), dtype=dtype, seed=self.seed).data
        q, r = np.linalg.qr(a)
        q = q * np.where(np.diag(r) < 0, -1, 1).astype(dtype)  # else the signs depend on the algorithm: not uniform
        if rows < columns:
            q = q.T
        return Tensor.wrap(np.ascontiguousarray(self.gain * q.reshape(shape), dtype))

    def get_config(self):
        return {**super().get_config(), "gain": self.gain}


def compute_fans(shape, input_axes=None, output_axes=None):
    """(inputs, outputs) of a unit with weights of this shape.

    A dense kernel has shape (in, out), a convolution (height, width, in, out): each of its taps counts.

    >>> compute_fans((3, 3, 16, 32))
    (144, 288)
    """
    shape = random.as_shape(shape)
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[axis] for axis in input_axes), math.prod(shape[axis] for axis in output_axes)
    if not shape:
        return 1, 1
    if len(shape) == 1:
        return int(shape[0]), int(shape[0])
    taps = math.prod(shape[:-2])
    return int(taps * shape[-2]), int(taps * shape[-1])


constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
identity = IdentityInitializer = Identity
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
orthogonal = OrthogonalInitializer = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros

_REPEATABLE = {
    GlorotNormal, GlorotUniform, HeNormal, HeUniform, LecunNormal, LecunUniform, Ones, RandomNormal, RandomUniform,
    TruncatedNormal, VarianceScaling, Zeros,
}

_BY_NAME = by_both_names(
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Identity,
    LecunNormal,
    LecunUniform,
    Ones,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    Zeros,
    IdentityInitializer=Identity,
    OrthogonalInitializer=Orthogonal,
    normal=RandomNormal,
    one=Ones,
    uniform=RandomUniform,
    zero=Zeros,
)


def serialize(initializer):
    """An initializer as a dict."""
    return serialize_object(initializer, "keras.initializers")


def deserialize(config, custom_objects=None):
    """The initializer that `serialize` described."""
    return deserialize_object(config, _BY_NAME, "initializer", custom_objects)


def get(identifier):
    """An initializer from a name, a dict of `serialize`, an array of the wanted values, a class, or a function.

    >>> get("he_normal").scale
    2.0

    Raises:
        ValueError: no initializer has this name; the message proposes the nearest.
    """
    if isinstance(identifier, np.ndarray | np.generic | Tensor):
        values = to_array(identifier)

        def given_values(shape, dtype=None):
            if tuple(shape) != values.shape:
                raise ValueError(f"the initial values have shape {values.shape}, shape {tuple(shape)} is needed")
            return Tensor.wrap(values.astype(dtype or floatx()))

        return given_values
    return get_object(identifier, _BY_NAME, "initializer")
