"""Operations element by element: beside each formula stands its derivative.

In the table, y = f(x) or y = f(a, b), and dy is the gradient of y. What has no derivative (or one that is zero
everywhere) has none in the table: such operations are not recorded, and give no gradient.
"""

import math
import operator

import numpy as np

from ..config import floatx
from ..tensor import Tensor, to_array
from .formulas import binary, result_type, sum_to, unary

# Arithmetic. Integers stay integers, except in a quotient.

add = binary("add", "a + b.", np.add, lambda dy, a, b, y: dy, lambda dy, a, b, y: dy)
subtract = binary("subtract", "a - b.", np.subtract, lambda dy, a, b, y: dy, lambda dy, a, b, y: -dy)
multiply = binary("multiply", "a b.", np.multiply, lambda dy, a, b, y: dy * b, lambda dy, a, b, y: dy * a)
divide = binary("divide", "a / b. Integers give floats.", np.true_divide,
                lambda dy, a, b, y: dy / b,
                lambda dy, a, b, y: -dy * y / b, integers="to float")
divide_no_nan = binary("divide_no_nan", "a / b, and 0 where b is 0.",
                       lambda a, b: np.where(b == 0, 0, a / np.where(b == 0, 1, b)).astype(np.result_type(a, b),
                                                                                           copy=False),
                       lambda dy, a, b, y: dy * (b != 0) / np.where(b == 0, 1, b),
                       lambda dy, a, b, y: -dy * y / np.where(b == 0, 1, b), integers="to float")
floor_divide = binary("floor_divide", "The largest integer that is not above a / b.", np.floor_divide)
mod = binary("mod", "What is left of a after division by b, with the sign of b.", np.mod,
             lambda dy, a, b, y: dy, lambda dy, a, b, y: -dy * np.floor_divide(a, b))
fmod = binary("fmod", "What is left of a after division by b, with the sign of a.", np.fmod,
              lambda dy, a, b, y: dy, lambda dy, a, b, y: -dy * np.trunc(a / b))
power = binary("power", "a to the power b.", operator.pow,  # which knows squares and roots, unlike np.power
               lambda dy, a, b, y: dy * b * a ** _one_less(b),
               lambda dy, a, b, y: dy * y * np.log(np.where(np.greater(a, 0), a, 1), dtype=y.dtype))
maximum = binary("maximum", "The larger one. In a tie each gets half of the gradient.", np.maximum,
                 lambda dy, a, b, y: dy * _share(a, b, y), lambda dy, a, b, y: dy * _share(b, a, y))
minimum = binary("minimum", "The smaller one. In a tie each gets half of the gradient.", np.minimum,
                 lambda dy, a, b, y: dy * _share(a, b, y), lambda dy, a, b, y: dy * _share(b, a, y))
fmax = binary("fmax", "The larger one, or the one that is not NaN.", np.fmax,
              lambda dy, a, b, y: dy * _share(a, b, y), lambda dy, a, b, y: dy * _share(b, a, y))
fmin = binary("fmin", "The smaller one, or the one that is not NaN.", np.fmin,
              lambda dy, a, b, y: dy * _share(a, b, y), lambda dy, a, b, y: dy * _share(b, a, y))
hypot = binary("hypot", "sqrt(a² + b²).", np.hypot,
               lambda dy, a, b, y: dy * a / _nonzero(y),
               lambda dy, a, b, y: dy * b / _nonzero(y), integers="to float")
arctan2 = binary("arctan2", "The angle of the point (b, a), from -pi to pi.", np.arctan2,
                 lambda dy, a, b, y: dy * b / (np.square(a) + np.square(b)),
                 lambda dy, a, b, y: -dy * a / (np.square(a) + np.square(b)), integers="to float")
logaddexp = binary("logaddexp", "log(e^a + e^b), without overflow.", np.logaddexp,
                   lambda dy, a, b, y: dy * np.exp(a - y),
                   lambda dy, a, b, y: dy * np.exp(b - y), integers="to float")
logaddexp2 = binary("logaddexp2", "log2(2^a + 2^b), without overflow.", np.logaddexp2,
                    lambda dy, a, b, y: dy * np.exp2(a - y),
                    lambda dy, a, b, y: dy * np.exp2(b - y), integers="to float")

absolute = unary("absolute", "|x|. The derivative at 0 is 0.", np.abs, lambda dy, x, y: dy * np.sign(x),
                 integers="keep")
negative = unary("negative", "-x.", np.negative, lambda dy, x, y: -dy, integers="keep")
square = unary("square", "x².", lambda x: x * x if x.dtype.kind != "b" else x.astype(np.int32),
               lambda dy, x, y: 2 * dy * x, integers="keep")
reciprocal = unary("reciprocal", "1 / x.", np.reciprocal, lambda dy, x, y: -dy * np.square(y))
sqrt = unary("sqrt", "The square root.", np.sqrt, lambda dy, x, y: dy / (2 * y))
rsqrt = unary("rsqrt", "1 / sqrt(x).", lambda x: 1 / np.sqrt(x), lambda dy, x, y: -dy * y / (2 * x))
cbrt = unary("cbrt", "The cube root.", np.cbrt, lambda dy, x, y: dy / (3 * np.square(y)))

# Exponentials and logarithms.

exp = unary("exp", "e^x.", np.exp, lambda dy, x, y: dy * y)
exp2 = unary("exp2", "2^x.", np.exp2, lambda dy, x, y: dy * y * math.log(2))
expm1 = unary("expm1", "e^x - 1, exact near 0.", np.expm1, lambda dy, x, y: dy * (y + 1))
log = unary("log", "The natural logarithm.", np.log, lambda dy, x, y: dy / x)
log2 = unary("log2", "The logarithm to base 2.", np.log2, lambda dy, x, y: dy / (x * math.log(2)))
log10 = unary("log10", "The logarithm to base 10.", np.log10, lambda dy, x, y: dy / (x * math.log(10)))
log1p = unary("log1p", "log(1 + x), exact near 0.", np.log1p, lambda dy, x, y: dy / (1 + x))
erf = unary("erf", "The error function, 2/sqrt(pi) times the integral of exp(-t²) from 0 to x.",
            lambda x: _each(math.erf, x), lambda dy, x, y: dy * _TWO_OVER_ROOT_PI * np.exp(-np.square(x)))
erfc = unary("erfc", "1 - erf(x), exact for large x.",
             lambda x: _each(math.erfc, x), lambda dy, x, y: -dy * _TWO_OVER_ROOT_PI * np.exp(-np.square(x)))
erfinv = unary("erfinv", "The number whose `erf` is x.",
               lambda x: _inverse_erf(x), lambda dy, x, y: dy / _TWO_OVER_ROOT_PI * np.exp(np.square(y)))

# Trigonometry.

sin = unary("sin", "The sine of an angle in radians.", np.sin, lambda dy, x, y: dy * np.cos(x))
cos = unary("cos", "The cosine of an angle in radians.", np.cos, lambda dy, x, y: -dy * np.sin(x))
tan = unary("tan", "The tangent of an angle in radians.", np.tan, lambda dy, x, y: dy * (1 + np.square(y)))
arcsin = unary("arcsin", "The angle whose sine is x.", np.arcsin, lambda dy, x, y: dy / np.sqrt(1 - np.square(x)))
arccos = unary("arccos", "The angle whose cosine is x.", np.arccos, lambda dy, x, y: -dy / np.sqrt(1 - np.square(x)))
arctan = unary("arctan", "The angle whose tangent is x.", np.arctan, lambda dy, x, y: dy / (1 + np.square(x)))
sinh = unary("sinh", "(e^x - e^-x) / 2.", np.sinh, lambda dy, x, y: dy * np.cosh(x))
cosh = unary("cosh", "(e^x + e^-x) / 2.", np.cosh, lambda dy, x, y: dy * np.sinh(x))
arcsinh = unary("arcsinh", "The inverse of sinh.", np.arcsinh, lambda dy, x, y: dy / np.sqrt(np.square(x) + 1))
arccosh = unary("arccosh", "The inverse of cosh.", np.arccosh, lambda dy, x, y: dy / np.sqrt(np.square(x) - 1))
arctanh = unary("arctanh", "The inverse of tanh.", np.arctanh, lambda dy, x, y: dy / (1 - np.square(x)))
sinc = unary("sinc", "sin(pi x) / (pi x), and 1 at 0.", np.sinc,
             lambda dy, x, y: dy * np.where(x == 0, 0, (np.cos(np.pi * x) - y) / np.where(x == 0, 1, x)))
deg2rad = unary("deg2rad", "Degrees to radians.", np.deg2rad, lambda dy, x, y: dy * (math.pi / 180))
rad2deg = unary("rad2deg", "Radians to degrees.", np.rad2deg, lambda dy, x, y: dy * (180 / math.pi))

# Rounding and parts of a number: no derivatives.

ceil = unary("ceil", "The smallest integer not below x.", np.ceil)
floor = unary("floor", "The largest integer not above x.", np.floor)
trunc = unary("trunc", "x without its fraction.", np.trunc, integers="keep")
sign = unary("sign", "-1, 0 or 1.", np.sign, integers="keep")
signbit = unary("signbit", "Whether x is negative, or -0.0.", np.signbit, integers="keep")
heaviside = binary("heaviside", "0 where a < 0, 1 where a > 0, b where a = 0.", np.heaviside, integers="to float")
nextafter = binary("nextafter", "The next float after a on the way to b.", np.nextafter, integers="to float")
gcd = binary("gcd", "The greatest common divisor.", np.gcd)
lcm = binary("lcm", "The least common multiple.", np.lcm)

# Comparisons and logic: booleans.

equal = binary("equal", "a = b.", np.equal)
not_equal = binary("not_equal", "a ≠ b.", np.not_equal)
greater = binary("greater", "a > b.", np.greater)
greater_equal = binary("greater_equal", "a >= b.", np.greater_equal)
less = binary("less", "a < b.", np.less)
less_equal = binary("less_equal", "a <= b.", np.less_equal)
logical_and = binary("logical_and", "Both are true (not 0).", np.logical_and)
logical_or = binary("logical_or", "At least one is true.", np.logical_or)
logical_xor = binary("logical_xor", "Exactly one is true.", np.logical_xor)
logical_not = unary("logical_not", "Not true: 0.", np.logical_not, integers="keep")
isnan = unary("isnan", "Whether x is not a number.", np.isnan, integers="keep")
isinf = unary("isinf", "Whether x is infinite, of either sign.", np.isinf, integers="keep")
isfinite = unary("isfinite", "Whether x is neither infinite nor NaN.", np.isfinite, integers="keep")
isposinf = unary("isposinf", "Whether x is +infinity.", np.isposinf, integers="keep")
isneginf = unary("isneginf", "Whether x is -infinity.", np.isneginf, integers="keep")
isreal = unary("isreal", "True: there are no complex tensors.", lambda x: np.ones(x.shape, bool), integers="keep")

# Bits of integers.

bitwise_and = binary("bitwise_and", "The bits that both have.", np.bitwise_and)
bitwise_or = binary("bitwise_or", "The bits that one of them has.", np.bitwise_or)
bitwise_xor = binary("bitwise_xor", "The bits that exactly one has.", np.bitwise_xor)
bitwise_not = unary("bitwise_not", "All bits turned over.", np.invert, integers="keep")
left_shift = binary("left_shift", "a 2^b.", np.left_shift)
right_shift = binary("right_shift", "The integer part of a / 2^b.", np.right_shift)

abs = absolute  # noqa: A001, as Keras names it
fabs = unary("fabs", "|x|, as a float.", np.abs, lambda dy, x, y: dy * np.sign(x))
true_divide = divide
bitwise_invert = bitwise_not
bitwise_left_shift = left_shift
bitwise_right_shift = right_shift

_TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)


def clip(x, x_min, x_max):
    """x, but not below x_min nor above x_max. The gradient passes where x lies between them.

    >>> clip(Tensor([-1.0, 0.5, 2.0]), 0, 1).numpy()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    dtype = result_type(x, x_min, x_max)
    low, high = to_array(x_min).astype(dtype), to_array(x_max).astype(dtype)
    return unary("clip", None, lambda a: np.clip(a.astype(dtype, copy=False), low, high),
                 lambda dy, a, y: sum_to(dy * ((a >= low) & (a <= high)), a), integers="keep")(x)


def round(x, decimals=0):  # noqa: A001, as Keras names it
    """x rounded to `decimals` places after the point; halves go to the even neighbour."""
    return unary("round", None, lambda a: np.round(a, decimals), integers="keep")(x)


def nan_to_num(x, nan=0.0, posinf=None, neginf=None):
    """x with finite numbers in the place of NaN and infinities (the largest there are, if `posinf`,
    `neginf` are None).
    """
    return unary("nan_to_num", None, lambda a: np.nan_to_num(a, nan=nan, posinf=posinf, neginf=neginf),
                 lambda dy, a, y: dy * np.isfinite(a), integers="keep")(x)


def ldexp(x1, x2):
    """x1 2^x2, with integers x2."""
    return multiply(x1, exp2(x2))


def isclose(x1, x2, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether |x1 - x2| <= atol + rtol |x2|, element by element."""
    return binary("isclose", None, lambda a, b: np.isclose(a, b, rtol, atol, equal_nan))(x1, x2)


def allclose(x1, x2, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether all elements are close, as by `isclose`; a boolean tensor without dimensions."""
    return Tensor(isclose(x1, x2, rtol, atol, equal_nan).data.all())


def cast(x, dtype):
    """x with another element type. The gradient is cast back; it ends where the type is not a float.

    >>> cast(Tensor([1.7, -1.7]), "int32").numpy()
    array([ 1, -1], dtype=int32)
    """
    dtype = np.dtype(floatx() if dtype is None else dtype)
    if isinstance(x, Tensor) and x.data.dtype == dtype:
        return positive(x) if type(x) is not Tensor else x
    # `unary` records nothing where the result is not a float: the tape sees to that
    return unary("cast", None, lambda a: a.astype(dtype), lambda dy, a, y: dy.astype(a.dtype), integers="keep")(x)


def saturate_cast(x, dtype):
    """x with another element type; what does not fit becomes the nearest value that does."""
    dtype = np.dtype(dtype)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        x = clip(x, limits.min, limits.max)
    elif dtype.kind == "f":
        limits = np.finfo(dtype)
        x = clip(x, limits.min, limits.max) if to_array(x).dtype.itemsize > dtype.itemsize else x
    return cast(x, dtype)


positive = unary("positive", "+x, a copy.", np.copy, lambda dy, x, y: dy, integers="keep")
copy = unary("copy", "A tensor of its own with the values of x.", np.copy, lambda dy, x, y: dy, integers="keep")


def _share(a, b, y):
    """The part of the gradient of y = max(a, b) (or min) that belongs to a: all, half in a tie, or nothing."""
    return np.where(a == b, y.dtype.type(0.5), (a == y).astype(y.dtype))


def _one_less(b):
    """The exponent of the derivative; where b is 0, the derivative is 0 whatever it is, but must not divide by zero."""
    if isinstance(b, (int, float)):
        return b - 1 if b else 1
    return np.where(b == 0, 1, b - 1)


def _nonzero(x):
    return np.where(x == 0, 1, x)


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
