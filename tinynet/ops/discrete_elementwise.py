"""Operations element by element whose result changes in steps, such as a rounded number or a truth value: none has a
gradient.
"""

from __future__ import annotations

import numpy as np

from ..core.types import TensorLike
from ..tensor import Tensor
from .formulas import binary, unary

# Rounding and parts of a number.

ceil = unary("ceil", "The smallest integer not below x.", np.ceil,
             example=("ceil([1.2, -1.2]).tolist()", "[2.0, -1.0]"))
floor = unary("floor", "The largest integer not above x.", np.floor,
              example=("floor([1.2, -1.2]).tolist()", "[1.0, -2.0]"))
trunc = unary("trunc", "x without its fraction.", np.trunc, integers="keep",
              example=("trunc([1.2, -1.2]).tolist()", "[1.0, -1.0]"))
floor_divide = binary("floor_divide", "The largest integer that is not above x1 / x2.", np.floor_divide,
                      example=("floor_divide([7, -7], 2).tolist()", "[3, -4]"))
sign = unary("sign", "-1, 0 or 1: the sign of x.", np.sign, integers="keep",
             example=("sign([-3, 0, 5]).tolist()", "[-1, 0, 1]"))
signbit = unary("signbit", "Whether x is negative, or -0.0.", np.signbit, integers="keep",
                example=("signbit([-1.0, -0.0, 0.0]).tolist()", "[True, True, False]"))
heaviside = binary("heaviside", "0 where x1 < 0, 1 where x1 > 0, x2 where x1 is 0.", np.heaviside, integers="to float",
                   example=("heaviside([-1, 0, 2], 0.5).tolist()", "[0.0, 0.5, 1.0]"))
nextafter = binary("nextafter", "The next float after x1 in the direction of x2.", np.nextafter, integers="to float",
                   example=("nextafter([1], 2).numpy()", "array([1.0000001], dtype=float32)"))
gcd = binary("gcd", "The greatest common divisor of integers.", np.gcd, example=("gcd([12, 7], 8).tolist()", "[4, 1]"))
lcm = binary("lcm", "The least common multiple of integers.", np.lcm, example=("lcm([4, 3], 6).tolist()", "[12, 6]"))

# Comparisons and logic: booleans.

equal = binary("equal", "Whether x1 = x2.", np.equal, example=("equal([1, 2], [1, 3]).tolist()", "[True, False]"))
not_equal = binary("not_equal", "Whether x1 ≠ x2.", np.not_equal,
                   example=("not_equal([1, 2], [1, 3]).tolist()", "[False, True]"))
greater = binary("greater", "Whether x1 > x2.", np.greater,
                 example=("greater([1, 2, 3], 2).tolist()", "[False, False, True]"))
greater_equal = binary("greater_equal", "Whether x1 >= x2.", np.greater_equal,
                       example=("greater_equal([1, 2, 3], 2).tolist()", "[False, True, True]"))
less = binary("less", "Whether x1 < x2.", np.less, example=("less([1, 2, 3], 2).tolist()", "[True, False, False]"))
less_equal = binary("less_equal", "Whether x1 <= x2.", np.less_equal,
                    example=("less_equal([1, 2, 3], 2).tolist()", "[True, True, False]"))
logical_and = binary("logical_and", "Whether both are true (not 0).", np.logical_and,
                     example=("logical_and([0, 3], [1, 2]).tolist()", "[False, True]"))
logical_or = binary("logical_or", "Whether at least one is true (not 0).", np.logical_or,
                    example=("logical_or([0, 3], [0, 0]).tolist()", "[False, True]"))
logical_xor = binary("logical_xor", "Whether exactly one is true (not 0).", np.logical_xor,
                     example=("logical_xor([0, 3], [1, 2]).tolist()", "[True, False]"))
logical_not = unary("logical_not", "Whether x is false (0).", np.logical_not, integers="keep",
                    example=("logical_not([0, 3]).tolist()", "[True, False]"))
isnan = unary("isnan", "Whether x is not a number.", np.isnan, integers="keep",
              example=("isnan([1, np.nan]).tolist()", "[False, True]"))
isinf = unary("isinf", "Whether x is infinite, of either sign.", np.isinf, integers="keep",
              example=("isinf([-np.inf, 0, np.nan]).tolist()", "[True, False, False]"))
isfinite = unary("isfinite", "Whether x is neither infinite nor NaN.", np.isfinite, integers="keep",
                 example=("isfinite([-np.inf, 0, np.nan]).tolist()", "[False, True, False]"))
isposinf = unary("isposinf", "Whether x is +infinity.", np.isposinf, integers="keep",
                 example=("isposinf([-np.inf, 0, np.inf]).tolist()", "[False, False, True]"))
isneginf = unary("isneginf", "Whether x is -infinity.", np.isneginf, integers="keep",
                 example=("isneginf([-np.inf, 0, np.inf]).tolist()", "[True, False, False]"))
isreal = unary("isreal", "True: there are no complex tensors.", lambda x: np.ones(x.shape, bool), integers="keep",
               example=("isreal([1, 2]).tolist()", "[True, True]"))

# Bits of integers.

bitwise_and = binary("bitwise_and", "The bits that x1 and x2 both have.", np.bitwise_and,
                     example=("bitwise_and([0b110], 0b011).tolist()", "[2]"))
bitwise_or = binary("bitwise_or", "The bits that x1 or x2 has.", np.bitwise_or,
                    example=("bitwise_or([0b110], 0b011).tolist()", "[7]"))
bitwise_xor = binary("bitwise_xor", "The bits that exactly one of x1 and x2 has.", np.bitwise_xor,
                     example=("bitwise_xor([0b110], 0b011).tolist()", "[5]"))
bitwise_not = unary("bitwise_not", "Every bit of x inverted.", np.invert, integers="keep",
                    example=("bitwise_not([5, -6]).tolist()", "[-6, 5]"))
left_shift = binary("left_shift", "x1 2^x2, for integers.", np.left_shift,
                    example=("left_shift([3, 5], 2).tolist()", "[12, 20]"))
right_shift = binary("right_shift", "x1 / 2^x2 rounded down, for integers.", np.right_shift,
                     example=("right_shift([13, -13], 2).tolist()", "[3, -4]"))
bitwise_invert = bitwise_not
bitwise_left_shift = left_shift
bitwise_right_shift = right_shift


def round(x: TensorLike, decimals: int = 0) -> Tensor:
    """x rounded to `decimals` digits after the point; halves go to the even neighbour.

    Args:
        x: Tensor; integers keep their type.
        decimals: Number of digits; a negative one rounds to tens, hundreds, ...

    Returns:
        Tensor, shaped like `x`, without a gradient.

    >>> round(Tensor([0.5, 1.5, 2.25]), 1).numpy()
    array([0.5, 1.5, 2.2], dtype=float32)
    """
    return unary("round", None, lambda a: np.round(a, decimals), integers="keep", has_settings=True)(x)


def isclose(
    x1: TensorLike, x2: TensorLike, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether |x1 - x2| <= atol + rtol |x2|, element by element.

    Args:
        x1, x2: Tensors, which are broadcast against each other.
        rtol: Relative tolerance.
        atol: Absolute tolerance.
        equal_nan: Whether NaN counts as close to NaN.

    Returns:
        Tensor of booleans, of the broadcast shape.

    >>> isclose([1.0, 2.0], [1.000001, 2.1]).tolist()
    [True, False]
    """
    return binary("isclose", None, lambda a, b: np.isclose(a, b, rtol, atol, equal_nan), has_settings=True)(x1, x2)


def allclose(
    x1: TensorLike, x2: TensorLike, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether all elements are close.

    Args:
        x1, x2, rtol, atol, equal_nan: As for `isclose`.

    Returns:
        A boolean Tensor, shape ().

    >>> bool(allclose([1.0, 2.0], [1.000001, 2.1]))
    False
    """
    return Tensor(isclose(x1, x2, rtol, atol, equal_nan).data.all())
