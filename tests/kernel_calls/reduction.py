"""Sums, means and extremes over axes."""

import numpy as np

from kernel_calls.base import Kernel, equal
from tinynet import reference

REDUCTIONS = {
    "small": [((1,), None), ((), None), ((33,), None), ((5, 17), 1), ((17, 5), 0), ((3, 4, 9), (0, 2)), ((1, 7), ()),
              ((40, 3), (0,)), ((2, 1, 65), 2)],
    "large": [((300_007,), None), ((70_001, 3), 0), ((3, 120_001), 1), ((9, 4_001, 7), (0, 2)), ((25_003, 40), 0),
              ((3_001, 64), 0), ((12, 3_000), 0), ((100, 1_000), 1)],
}


def reduction_arguments(numbers, shape, axes):
    return {"x": numbers(*shape), "axes": axes, "keepdims": len(shape) == 2}


def sum_bound(a, results, g):
    return [g(a.x.size // max(results[0].size, 1) + 1) * reference.reduce_sum(np.abs(a.x), a.axes, a.keepdims)]


def mean_bound(a, results, g):
    return [g(a.x.size // max(results[0].size, 1) + 2) * reference.reduce_mean(np.abs(a.x), a.axes, a.keepdims)]


def scatter_arguments(numbers, count, table_rows, size):
    return {"rows": numbers(count, size), "indices": numbers.labels(count, table_rows), "table_rows": table_rows}


def scatter_bound(a, results, g):
    largest = np.bincount(a.indices, minlength=1).max() if a.indices.size else 0
    return [g(largest + 1) * reference.scatter_add(np.abs(a.rows), a.indices, a.table_rows)]


KERNELS = {
    "reduce_sum": Kernel(reduction_arguments, sum_bound, **REDUCTIONS,
                         empty=[((0, 3), 0), ((0, 3), 1), ((3, 0), 1), ((0,), None)]),
    "reduce_mean": Kernel(reduction_arguments, mean_bound, **REDUCTIONS,
                          empty=[((0, 3), 1), ((0,), None), ((3, 0), 1)]),
    "reduce_max": Kernel(reduction_arguments, equal, **REDUCTIONS, empty=[((0, 3), 1)],
                         refused=[((0, 3), 0), ((0,), None)]),
    "scatter_add": Kernel(scatter_arguments, scatter_bound,
                          small=[(1, 1, 1), (9, 4, 17), (33, 5, 8), (3, 40, 9)],
                          large=[(3_200, 5_000, 32), (20_000, 7, 40)], empty=[(0, 3, 4), (3, 2, 0), (0, 0, 3)]),
    "reduce_min": Kernel(reduction_arguments, equal, **REDUCTIONS, empty=[((0, 3), 1)],
                         refused=[((0, 3), 0), ((0,), None)]),
}
