"""Operations element by element: beside each formula stands its derivative.

In the table, y = f(x) or y = f(a, b), with a and b the arrays of x1 and x2, and dy is the gradient of y. An operation
whose derivative is zero everywhere stands in discrete_elementwise.py.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..config import floatx
from ..core.types import DTypeLike, TensorLike
from ..tensor import Tensor, to_array
from . import both
from .formulas import binary, result_type, sum_to, unary
from .recorded_gradients import sum_like

_TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)
_whole_quotient = both.constant(np.floor_divide)
_whole_quotient_to_0 = both.constant(lambda a, b: np.trunc(a / b))
_is_between = both.constant(lambda a, low, high: (a >= low) & (a <= high))

# Arithmetic. Integers stay integers, except in a quotient.

add = binary("add", "x1 + x2, element by element.", np.add, lambda dy, a, b, y: dy, lambda dy, a, b, y: dy,
             example=("add([1, 2], 10).tolist()", "[11, 12]"))
subtract = binary("subtract", "x1 - x2, element by element.", np.subtract,
                  lambda dy, a, b, y: dy, lambda dy, a, b, y: -dy,
                  example=("subtract([5, 7], [1, 2]).tolist()", "[4, 5]"))
multiply = binary("multiply", "x1 x2, element by element.", np.multiply,
                  lambda dy, a, b, y: dy * b, lambda dy, a, b, y: dy * a,
                  example=("multiply([[1], [2]], [10, 20]).tolist()", "[[10, 20], [20, 40]]"))
divide = binary("divide", "x1 / x2, element by element.", np.true_divide,
                lambda dy, a, b, y: dy / b,
                lambda dy, a, b, y: -dy * y / b, integers="to float",
                example=("divide([1, 3], 2).tolist()", "[0.5, 1.5]"))
divide_no_nan = binary("divide_no_nan", "x1 / x2, and 0 where x2 is 0.",
                       lambda a, b: np.where(b == 0, 0, a / np.where(b == 0, 1, b)).astype(np.result_type(a, b),
                                                                                           copy=False),
                       lambda dy, a, b, y: dy * (b != 0) / both.where(b == 0, 1, b),
                       lambda dy, a, b, y: -dy * y / both.where(b == 0, 1, b), integers="to float",
                       example=("divide_no_nan([1, 3], [2, 0]).tolist()", "[0.5, 0.0]"))
mod = binary("mod", "The remainder of x1 / x2, with the sign of x2.", np.mod,
             lambda dy, a, b, y: dy, lambda dy, a, b, y: -dy * _whole_quotient(a, b),
             example=("mod([7, -7], 3).tolist()", "[1, 2]"))
fmod = binary("fmod", "The remainder of x1 / x2, with the sign of x1.", np.fmod,
              lambda dy, a, b, y: dy, lambda dy, a, b, y: -dy * _whole_quotient_to_0(a, b),
              example=("fmod([7, -7], 3).tolist()", "[1, -1]"))
power = binary("power", "x1 to the power x2.", operator.pow,  # faster for squares and roots than np.power
               lambda dy, a, b, y: dy * b * a ** _one_less(b),
               lambda dy, a, b, y: dy * y * _log_or_0(a, y),
               example=("power([2, 3], 2).tolist()", "[4, 9]"))
maximum = binary("maximum", "The larger of x1 and x2. In a tie each gets half of the gradient.", np.maximum,
                 lambda dy, a, b, y: dy * _share(a, b, y), lambda dy, a, b, y: dy * _share(b, a, y),
                 example=("maximum([1, 5], 3).tolist()", "[3, 5]"))
minimum = binary("minimum", "The smaller of x1 and x2. In a tie each gets half of the gradient.", np.minimum,
                 lambda dy, a, b, y: dy * _share(a, b, y), lambda dy, a, b, y: dy * _share(b, a, y),
                 example=("minimum([1, 5], 3).tolist()", "[1, 3]"))
fmax = binary("fmax", "The larger of x1 and x2, or the one that is not NaN.", np.fmax,
              lambda dy, a, b, y: dy * _share(a, b, y), lambda dy, a, b, y: dy * _share(b, a, y),
              example=("fmax([3.0, np.nan], 2.0).tolist()", "[3.0, 2.0]"))
fmin = binary("fmin", "The smaller of x1 and x2, or the one that is not NaN.", np.fmin,
              lambda dy, a, b, y: dy * _share(a, b, y), lambda dy, a, b, y: dy * _share(b, a, y),
              example=("fmin([1.0, np.nan], 2.0).tolist()", "[1.0, 2.0]"))
hypot = binary("hypot", "sqrt(x1² + x2²), the length of a hypotenuse.", np.hypot,
               lambda dy, a, b, y: dy * a / _nonzero(y),
               lambda dy, a, b, y: dy * b / _nonzero(y), integers="to float",
               example=("hypot([3, 5], [4, 12]).numpy().round(3)", "array([ 5., 13.], dtype=float32)"))
arctan2 = binary("arctan2", "The angle of the point (x2, x1), from -pi to pi.", np.arctan2,
                 lambda dy, a, b, y: dy * b / (both.square(a) + both.square(b)),
                 lambda dy, a, b, y: -dy * a / (both.square(a) + both.square(b)), integers="to float",
                 example=("arctan2([1, 1], [1, -1]).numpy().round(3)", "array([0.785, 2.356], dtype=float32)"))
logaddexp = binary("logaddexp", "log(e^x1 + e^x2), without overflow.", np.logaddexp,
                   lambda dy, a, b, y: dy * both.exp(a - y),
                   lambda dy, a, b, y: dy * both.exp(b - y), integers="to float",
                   example=("logaddexp([1000], 1000).numpy().round(3)", "array([1000.693], dtype=float32)"))
logaddexp2 = binary("logaddexp2", "log2(2^x1 + 2^x2), without overflow.", np.logaddexp2,
                    lambda dy, a, b, y: dy * both.exp2(a - y),
                    lambda dy, a, b, y: dy * both.exp2(b - y), integers="to float",
                    example=("logaddexp2([1000], 1000).numpy().round(3)", "array([1001.], dtype=float32)"))

absolute = unary("absolute", "|x|. The derivative at 0 is 0.", np.abs, lambda dy, x, y: dy * both.sign(x),
                 integers="keep", example=("absolute([-2, 3]).tolist()", "[2, 3]"))
negative = unary("negative", "-x.", np.negative, lambda dy, x, y: -dy, integers="keep",
                 example=("negative([2, -3]).tolist()", "[-2, 3]"))
square = unary("square", "x².", lambda x: x * x if x.dtype.kind != "b" else x.astype(np.int32),
               lambda dy, x, y: 2 * dy * x, integers="keep",
               example=("square([2, -3]).tolist()", "[4, 9]"))
reciprocal = unary("reciprocal", "1 / x.", np.reciprocal, lambda dy, x, y: -dy * both.square(y),
                   example=("reciprocal([2, 4]).tolist()", "[0.5, 0.25]"))
sqrt = unary("sqrt", "The square root.", np.sqrt, lambda dy, x, y: dy / (2 * y),
             example=("sqrt([4, 9]).tolist()", "[2.0, 3.0]"))
rsqrt = unary("rsqrt", "1 / sqrt(x).", lambda x: 1 / np.sqrt(x), lambda dy, x, y: -dy * y / (2 * x),
              example=("rsqrt([4, 16]).numpy().round(3)", "array([0.5 , 0.25], dtype=float32)"))
cbrt = unary("cbrt", "The cube root.", np.cbrt, lambda dy, x, y: dy / (3 * both.square(y)),
             example=("cbrt([8, -27]).numpy().round(3)", "array([ 2., -3.], dtype=float32)"))

# Exponentials and logarithms.

exp = unary("exp", "e^x.", np.exp, lambda dy, x, y: dy * y,
            example=("exp([0, 1]).numpy().round(3)", "array([1.   , 2.718], dtype=float32)"))
exp2 = unary("exp2", "2^x.", np.exp2, lambda dy, x, y: dy * y * math.log(2),
             example=("exp2([3, -1]).numpy().round(3)", "array([8. , 0.5], dtype=float32)"))
expm1 = unary("expm1", "e^x - 1, exact near 0.", np.expm1, lambda dy, x, y: dy * (y + 1),
              example=("expm1([1e-8]).numpy().round(10)", "array([1.e-08], dtype=float32)"))
log = unary("log", "The natural logarithm.", np.log, lambda dy, x, y: dy / x,
            example=("log([1, 10]).numpy().round(3)", "array([0.   , 2.303], dtype=float32)"))
log2 = unary("log2", "The logarithm to base 2.", np.log2, lambda dy, x, y: dy / (x * math.log(2)),
             example=("log2([8, 0.5]).numpy().round(3)", "array([ 3., -1.], dtype=float32)"))
log10 = unary("log10", "The logarithm to base 10.", np.log10, lambda dy, x, y: dy / (x * math.log(10)),
              example=("log10([1000, 0.1]).numpy().round(3)", "array([ 3., -1.], dtype=float32)"))
log1p = unary("log1p", "log(1 + x), exact near 0.", np.log1p, lambda dy, x, y: dy / (1 + x),
              example=("log1p([1e-8]).numpy().round(10)", "array([1.e-08], dtype=float32)"))
erf = unary("erf", "The error function, 2/sqrt(pi) times the integral of exp(-t²) from 0 to x.",
            lambda x: _each(math.erf, x), lambda dy, x, y: dy * _TWO_OVER_ROOT_PI * both.exp(-both.square(x)),
            example=("erf([0, 1]).numpy().round(3)", "array([0.   , 0.843], dtype=float32)"))
erfc = unary("erfc", "1 - erf(x), exact for large x.",
             lambda x: _each(math.erfc, x), lambda dy, x, y: -dy * _TWO_OVER_ROOT_PI * both.exp(-both.square(x)),
             example=("erfc([0, 1]).numpy().round(3)", "array([1.   , 0.157], dtype=float32)"))
erfinv = unary("erfinv", "The number whose `erf` is x.",
               lambda x: _inverse_erf(x), lambda dy, x, y: dy / _TWO_OVER_ROOT_PI * both.exp(both.square(y)),
               example=("erfinv([0, 0.5]).numpy().round(3)", "array([0.   , 0.477], dtype=float32)"))

# Trigonometry.

sin = unary("sin", "The sine of an angle in radians.", np.sin, lambda dy, x, y: dy * both.cos(x),
            example=("sin([0, np.pi / 6]).numpy().round(3)", "array([0. , 0.5], dtype=float32)"))
cos = unary("cos", "The cosine of an angle in radians.", np.cos, lambda dy, x, y: -dy * both.sin(x),
            example=("cos([0, np.pi / 3]).numpy().round(3)", "array([1. , 0.5], dtype=float32)"))
tan = unary("tan", "The tangent of an angle in radians.", np.tan, lambda dy, x, y: dy * (1 + both.square(y)),
            example=("tan([0, np.pi / 4]).numpy().round(3)", "array([0., 1.], dtype=float32)"))
arcsin = unary("arcsin", "The angle whose sine is x.", np.arcsin, lambda dy, x, y: dy / both.sqrt(1 - both.square(x)),
               example=("arcsin([0.5, 1]).numpy().round(3)", "array([0.524, 1.571], dtype=float32)"))
arccos = unary("arccos", "The angle whose cosine is x.", np.arccos,
               lambda dy, x, y: -dy / both.sqrt(1 - both.square(x)),
               example=("arccos([0.5, 1]).numpy().round(3)", "array([1.047, 0.   ], dtype=float32)"))
arctan = unary("arctan", "The angle whose tangent is x.", np.arctan, lambda dy, x, y: dy / (1 + both.square(x)),
               example=("arctan([0, 1]).numpy().round(3)", "array([0.   , 0.785], dtype=float32)"))
sinh = unary("sinh", "(e^x - e^-x) / 2.", np.sinh, lambda dy, x, y: dy * both.cosh(x),
             example=("sinh([0, 1]).numpy().round(3)", "array([0.   , 1.175], dtype=float32)"))
cosh = unary("cosh", "(e^x + e^-x) / 2.", np.cosh, lambda dy, x, y: dy * both.sinh(x),
             example=("cosh([0, 1]).numpy().round(3)", "array([1.   , 1.543], dtype=float32)"))
arcsinh = unary("arcsinh", "The inverse of sinh.", np.arcsinh, lambda dy, x, y: dy / both.sqrt(both.square(x) + 1),
                example=("arcsinh([0, 1]).numpy().round(3)", "array([0.   , 0.881], dtype=float32)"))
arccosh = unary("arccosh", "The inverse of cosh.", np.arccosh, lambda dy, x, y: dy / both.sqrt(both.square(x) - 1),
                example=("arccosh([1, 2]).numpy().round(3)", "array([0.   , 1.317], dtype=float32)"))
arctanh = unary("arctanh", "The inverse of tanh.", np.arctanh, lambda dy, x, y: dy / (1 - both.square(x)),
                example=("arctanh([0, 0.5]).numpy().round(3)", "array([0.   , 0.549], dtype=float32)"))
sinc = unary("sinc", "sin(pi x) / (pi x), and 1 at 0.", np.sinc,
             lambda dy, x, y: dy * both.where(x == 0, x * (-np.pi**2 / 3),  # the tangent of the derivative at 0
                                              (both.cos(np.pi * x) - y) / both.where(x == 0, 1, x)),
             example=("sinc([0, 0.5]).numpy().round(3)", "array([1.   , 0.637], dtype=float32)"))
deg2rad = unary("deg2rad", "Degrees to radians.", np.deg2rad, lambda dy, x, y: dy * (math.pi / 180),
                example=("deg2rad([90, 180]).numpy().round(3)", "array([1.571, 3.142], dtype=float32)"))
rad2deg = unary("rad2deg", "Radians to degrees.", np.rad2deg, lambda dy, x, y: dy * (180 / math.pi),
                example=("rad2deg([np.pi]).numpy().round(3)", "array([180.], dtype=float32)"))

abs = absolute
fabs = unary("fabs", "|x|, as a float.", np.abs, lambda dy, x, y: dy * both.sign(x),
             example=("fabs([-2, 3]).tolist()", "[2.0, 3.0]"))
true_divide = divide


def clip(x: TensorLike, x_min: TensorLike, x_max: TensorLike) -> Tensor:
    """x, but not below x_min and not above x_max.

    The gradient passes where x lies between them (including both), and is 0 elsewhere.

    Args:
        x: Tensor.
        x_min, x_max: Numbers, or tensors that broadcast to x's shape.

    Returns:
        Tensor of the broadcast shape.

    Raises:
        ValueError: the shapes do not broadcast.

    >>> clip(Tensor([-1.0, 0.5, 2.0]), 0, 1).numpy()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    dtype = result_type(x, x_min, x_max)
    low, high = to_array(x_min).astype(dtype), to_array(x_max).astype(dtype)
    return unary("clip", None, lambda a: np.clip(a.astype(dtype, copy=False), low, high),
                 lambda dy, a, y: _summed_to(a, dy * _is_between(a, low, high)), integers="keep", has_settings=True)(x)


def nan_to_num(
    x: TensorLike, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """x with finite numbers in place of NaN and the infinities; the gradient there is 0.

    Args:
        x: Tensor.
        nan: In place of NaN.
        posinf, neginf: In place of the infinities; the largest and the lowest number of x's type if None.

    Returns:
        Tensor, shaped like `x`.

    >>> nan_to_num([np.nan, np.inf, 1.0], posinf=9.0).tolist()
    [0.0, 9.0, 1.0]
    """
    return unary("nan_to_num", None, lambda a: np.nan_to_num(a, nan=nan, posinf=posinf, neginf=neginf),
                 lambda dy, a, y: dy * both.constant(np.isfinite)(a), integers="keep", has_settings=True)(x)


def ldexp(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 2^x2.

    Args:
        x1: Tensor of floats.
        x2: Tensor of integers.

    Returns:
        Tensor of the broadcast shape.

    >>> ldexp([3.0, 1.5], [2, -1]).numpy().round(3)
    array([12.  ,  0.75], dtype=float32)
    """
    return multiply(x1, exp2(x2))


def cast(x: TensorLike, dtype: DTypeLike) -> Tensor:
    """x with another element type. The gradient is cast back; it ends where a type is not a float.

    Args:
        x: Tensor.
        dtype: The element type; `floatx()` if None.

    Returns:
        Tensor, shaped like `x`; x itself if it has that type already.

    >>> cast(Tensor([1.7, -1.7]), "int32").numpy()
    array([ 1, -1], dtype=int32)
    """
    dtype = np.dtype(floatx() if dtype is None else dtype)
    if isinstance(x, Tensor) and x.data.dtype == dtype:
        return positive(x) if type(x) is not Tensor else x
    # Where the result is not a float, the tape records nothing.
    return unary("cast", None, lambda a: a.astype(dtype), lambda dy, a, y: dy.astype(a.dtype), integers="keep",
                 has_settings=True)(x)


def saturate_cast(x: TensorLike, dtype: DTypeLike) -> Tensor:
    """x with another element type, where a number that does not fit becomes the nearest one that does.

    Args:
        x: Tensor.
        dtype: The element type.

    Returns:
        Tensor, shaped like `x`.

    >>> saturate_cast(Tensor([-5, 300]), "uint8").numpy()
    array([  0, 255], dtype=uint8)
    """
    dtype = np.dtype(dtype)
    limits: Any
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        x = clip(x, limits.min, limits.max)
    elif dtype.kind == "f":
        limits = np.finfo(dtype)
        x = clip(x, limits.min, limits.max) if to_array(x).dtype.itemsize > dtype.itemsize else x
    return cast(x, dtype)


positive = unary("positive", "A copy of x.", np.copy, lambda dy, x, y: dy, integers="keep",
                 example=("positive([-1, 2]).tolist()", "[-1, 2]"))
copy = unary("copy", "A tensor of its own with the values of x.", np.copy, lambda dy, x, y: dy, integers="keep",
             example=("copy([-1, 2]).tolist()", "[-1, 2]"))


@both.constant
def _share(a, b, y):
    """The part of the gradient of y = max(a, b) (or min) that belongs to a: 1, 1/2 in a tie, or 0."""
    return np.where(a == b, y.dtype.type(0.5), (a == y).astype(y.dtype))


def _one_less(b):
    """b - 1, the exponent in the derivative of a^b; 1 where b is 0, since the factor b makes the derivative 0 there."""
    if isinstance(b, (int, float)):
        return b - 1 if b else 1
    return both.where(b == 0, 1, b - 1)


def _nonzero(x):
    return both.where(x == 0, 1, x)


def _log_or_0(a, y):
    """log a, in y's type, and 0 where a is not positive."""
    positive_a = both.where(np.greater(a, 0) if not isinstance(a, Tensor) else a > 0, a, 1)
    return np.log(positive_a, dtype=y.dtype) if not isinstance(positive_a, Tensor) else both.log(positive_a)



def _summed_to(like, gradient):
    return sum_like(gradient, like) if isinstance(gradient, Tensor) else sum_to(gradient, like)


def _each(function, x):
    """A function of Python floats on each element: NumPy has no error function. About 0.1 us an element."""
    return np.array([function(v) for v in x.ravel().tolist()], x.dtype).reshape(x.shape)


def _inverse_erf(x):
    """Winitzki's approximation (0.2 %), then two steps of Halley's method, each of which triples the correct digits."""
    with np.errstate(divide="ignore", invalid="ignore"):
        x64 = x.astype(np.float64)
        tail = np.log1p(-np.square(x64))
        half = 2 / (np.pi * 0.147) + tail / 2
        z = np.copysign(np.sqrt(np.sqrt(np.square(half) - tail / 0.147) - half), x64)
        for _ in range(2):
            step = (_each(math.erf, z) - x64) / (_TWO_OVER_ROOT_PI * np.exp(-np.square(z)))
            z = z - step / (1 + z * step)
        z = np.where(np.abs(x64) == 1, np.copysign(np.inf, x64), z)
    return z.astype(x.dtype)
