"""Kernels on arrays of more than 2^31 elements, where an index of 32 bits would wrap around.

The arguments are zeros of which no page has been written (all their pages are one page of zeros), with a few other
numbers on both sides of 2^31: they take no memory. What a kernel writes does; a case that needs more than is available
is left out, and counted.
"""

import time

import numpy as np

from tinynet import _native

SIDE = 46_350  # SIDE^2 is a little more than 2^31
N = SIDE * SIDE
MARKS = {0: 1.0, 2**31 - 1: 2.0, 2**31: 4.0, N - 1: 8.0}


def marked(*shape, marks=MARKS, dtype=np.float32):
    """Zeros of a shape, with the marks at their flat indices."""
    array = np.zeros(shape, dtype)
    flat = array.reshape(-1)
    for index, value in marks.items():
        flat[index] = value
    return array


def sums():
    x = marked(N)
    assert float(_native.reduce_sum(x, None, False)) == 15
    assert float(_native.reduce_mean(x, None, False)) == np.float32(15 / N)
    assert float(_native.reduce_max(x, None, False)) == 8
    lowest = marked(N, marks={2**31: -3.0})
    assert float(_native.reduce_min(lowest, None, False)) == -3
    columns = marked(N // 3, 3, marks={2**31 + 1: 5.0, 1: 2.0})  # 2^31 + 1 = 3 k
    np.testing.assert_array_equal(_native.reduce_sum(columns, 0, False), [5, 2, 0])


def products():
    a, b = marked(1, N), marked(N, 1)
    assert float(_native.matmul(a, b, False, False)[0, 0]) == 1 + 4 + 16 + 64
    assert float(_native.dense_forward(a, b, np.ones(1, np.float32), "linear")[0, 0]) == 86


def rows_of_a_table():
    indices = marked(N, marks={2**31: 1, N - 1: 2}, dtype=np.int64)
    table = _native.scatter_add(marked(N, 1), indices, 3)
    np.testing.assert_array_equal(table[:, 0], [3, 4, 8])


def labels():
    scores = marked(N // 2, 2, marks={1: 1.0, 2**31 + 1: 1.0})
    right = marked(N // 2, marks={0: 1}, dtype=np.int64)
    assert int(_native.count_correct(scores, right)) == N // 2 - 1


def pooling():
    x = marked(N // 4, 2, 2, 1, marks={0: 1.0, 2**31 + 2: 4.0})
    for pool, expected in ((_native.max_pool2d_forward(x, (2, 2), (2, 2), ((0, 0), (0, 0)), False), (1, 4)),
                           (_native.average_pool2d_forward(x, (2, 2), (2, 2), ((0, 0), (0, 0))), (0.25, 1))):
        y = np.asarray(pool[0] if isinstance(pool, tuple) else pool).reshape(-1)
        assert (y[0], y[2**29]) == expected and np.count_nonzero(y) == 2


def activations():
    y = _native.activation_forward(marked(N), "relu", 0.0, 0.0, 0.0)
    for index, value in MARKS.items():
        assert y[index] == value
    assert np.count_nonzero(y[2**31 - 1000:]) == 3


def steps():
    weights, gradients = np.zeros(N, np.float32), marked(N)
    _native.sgd_step(weights=[weights], gradients=[gradients], velocities=None, learning_rate=0.5, momentum=0.0,
                     nesterov=False, decay=0.0)
    for index, value in MARKS.items():
        assert weights[index] == -value / 2


# (what, gigabytes that it writes)
CASES = ((sums, 0), (products, 0), (rows_of_a_table, 0), (labels, 0), (pooling, 4.4), (activations, 8.7), (steps, 8.7))


def available():
    with open("/proc/meminfo") as file:
        return 1024 * int(next(line for line in file if line.startswith("MemAvailable")).split()[1])


def run(settings):
    """The part `huge` of tests/trust/run."""
    for case, gigabytes in CASES:
        if available() < (gigabytes + 2) * 1e9:
            yield case.__name__, f"left out: {gigabytes + 2:.0f} GB are not available", "-", True
            continue
        started = time.monotonic()
        try:
            case()
            wrong = ""
        except AssertionError as error:
            wrong = str(error).strip().splitlines()[0] if str(error) else "wrong"
        yield case.__name__, wrong or f"right, {time.monotonic() - started:.0f} s", "right", not wrong
