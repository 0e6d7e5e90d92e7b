"""New tensors: zeros, ones, ranges; and conversions."""

import numpy as np

from ..config import floatx
from ..tensor import Tensor, convert_to_tensor, to_array
from .formulas import wrap
from .shape import as_shape


def zeros(shape, dtype=None):
    """All zeros, of `floatx()` if dtype is None."""
    return wrap(np.zeros(as_shape(shape), dtype or floatx()))


def ones(shape, dtype=None):
    """All ones, of `floatx()` if dtype is None."""
    return wrap(np.ones(as_shape(shape), dtype or floatx()))


def empty(shape, dtype=None):
    """Zeros: uninitialized memory would make a forgotten assignment hard to find."""
    return zeros(shape, dtype)


def full(shape, fill_value, dtype=None):
    """All `fill_value`, of `floatx()` if dtype is None."""
    return wrap(np.full(as_shape(shape), to_array(fill_value), dtype or floatx()))


def zeros_like(x, dtype=None):
    """Zeros of the shape and element type of x."""
    return wrap(np.zeros_like(to_array(x), dtype=dtype))


def ones_like(x, dtype=None):
    """Ones of the shape and element type of x."""
    return wrap(np.ones_like(to_array(x), dtype=dtype))


def empty_like(x, dtype=None):
    """Zeros of the shape and element type of x; see `empty`."""
    return zeros_like(x, dtype)


def full_like(x, fill_value, dtype=None):
    """All `fill_value`, in the shape and element type of x."""
    return wrap(np.full_like(to_array(x), to_array(fill_value), dtype=dtype))


def arange(start, stop=None, step=None, dtype=None):
    """Numbers from start (0 if only one number is given) up to, but not including, stop.

    >>> arange(3).numpy()
    array([0, 1, 2], dtype=int32)
    """
    bounds = [v.item() if isinstance(v, (Tensor, np.ndarray, np.generic)) else v for v in (start, stop, step)]
    if dtype is None:
        dtype = floatx() if any(isinstance(v, float) for v in bounds) else "int32"
    start, stop, step = bounds
    start, stop = (0, start) if stop is None else (start, stop)
    return wrap(np.arange(start, stop, 1 if step is None else step, dtype=dtype))


def eye(N, M=None, k=0, dtype=None):
    """N rows and M columns (N if None) with ones on diagonal k, zeros elsewhere."""
    return wrap(np.eye(N, M, k, dtype or floatx()))


def identity(n, dtype=None):
    """The identity matrix."""
    return eye(n, dtype=dtype)


def tri(N, M=None, k=0, dtype=None):
    """Ones on diagonal k and below, zeros above."""
    return wrap(np.tri(N, M, k, dtype or floatx()))


def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
    """`num` numbers at equal distances from start to stop.

    Args:
        start, stop: Numbers or tensors.
        num: How many.
        endpoint: Whether stop is one of them.
        retstep: Also return the distance.
        dtype: Element type; `floatx()` if None.
        axis: Where the new axis goes if start and stop are tensors.
    """
    dtype = dtype or _float_of(start, stop)
    y, step = np.linspace(_plain(start), _plain(stop), num, endpoint, True, axis=axis)
    y = wrap(np.ascontiguousarray(y, dtype))
    return (y, Tensor(step, dtype)) if retstep else y


def logspace(start, stop, num=50, endpoint=True, base=10, dtype=None, axis=0):
    """base^`linspace(start, stop)`."""
    y = np.logspace(_plain(start), _plain(stop), num, endpoint, base, axis=axis)
    return wrap(np.ascontiguousarray(y, dtype or _float_of(start, stop)))


def geomspace(start, stop, num=50, endpoint=True, dtype=None, axis=0):
    """`num` numbers from start to stop, each the same multiple of the one before."""
    y = np.geomspace(_plain(start), _plain(stop), num, endpoint, axis=axis)
    return wrap(np.ascontiguousarray(y, dtype or _float_of(start, stop)))


def vander(x, N=None, increasing=False):
    """The Vandermonde matrix: row i holds the powers of x[i] from N - 1 down to 0, or upwards."""
    return wrap(np.ascontiguousarray(np.vander(to_array(x), N, increasing), to_array(x).dtype))


def _window(name, function):
    def op(x):
        return wrap(function(int(x)).astype(floatx()))

    op.__name__ = op.__qualname__ = name
    op.__doc__ = f"The {name.capitalize()} window of x points."
    return op


bartlett = _window("bartlett", np.bartlett)
blackman = _window("blackman", np.blackman)
hamming = _window("hamming", np.hamming)
hanning = _window("hanning", np.hanning)


def kaiser(x, beta):
    """The Kaiser window of x points."""
    return wrap(np.kaiser(int(x), float(beta)).astype(floatx()))


def array(x, dtype=None):
    """`x` as a Tensor: another name for `convert_to_tensor`."""
    return convert_to_tensor(x, dtype)


def convert_to_numpy(x):
    """The values as an ndarray."""
    return np.array(to_array(x))


def is_tensor(x):
    """Whether x is a Tensor (or Variable)."""
    return isinstance(x, Tensor)


def dtype(x):
    """The name of the element type, as 'float32'."""
    return to_array(x).dtype.name


def view(x, dtype=None):
    """The same bytes read as another element type."""
    return wrap(to_array(x).view(dtype or floatx()).copy())


def stop_gradient(variable):
    """The same values, as a constant: no gradient flows through."""
    x = convert_to_tensor(variable)
    return wrap(x.data.copy() if type(x) is not Tensor else x.data)


def _plain(x):
    return x if isinstance(x, (int, float)) else to_array(x).astype(np.float64)


def _float_of(*values):
    """float64 if a float64 Tensor is among them."""
    return "float64" if any(isinstance(x, Tensor) and x.dtype == np.float64 for x in values) else floatx()
