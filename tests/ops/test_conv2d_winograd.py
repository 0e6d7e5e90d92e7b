"""Winograd's algorithm: the compiled kernels within a bound that follows from its matrices."""

from typing import NamedTuple

import numpy as np
import pytest
from checks import assert_within_bound, available_isas, isa
from convolutions import ALGORITHMS, few_zeros, normal_case
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import dtypes

from tinynet import _native, reference

WINOGRAD = ALGORITHMS[1:]


def winograd_matrices(points):
    """(A^T, G, B^T) of F(m, 3), m + 2 = len(points) + 1, from its points and infinity.

    Two polynomials of m and 3 coefficients are multiplied by their values at the points: A^T and G evaluate, B^T
    interpolates (all transposed, which makes it a correlation).
    """
    count = len(points)
    m = count - 1
    evaluate_y = np.array([[p**k for p in points] + [0.0] for k in range(m)])
    evaluate_y[m - 1, -1] = 1
    scale = np.array([np.prod([p - q for q in points if q != p]) for p in points])
    evaluate_w = np.array([[p**k / s for k in range(3)] for p, s in zip(points, scale, strict=True)] + [[0, 0, 1]])
    interpolate = np.zeros((count + 1, count + 1))
    for i, p in enumerate(points):
        interpolate[i, :count] = np.poly([q for q in points if q != p])[::-1]
    interpolate[-1] = np.poly(points)[::-1]
    return evaluate_y, evaluate_w, interpolate


MATRICES = {"winograd2": winograd_matrices((0, 1, -1)),
            "winograd4": winograd_matrices((0, 5 / 8, -5 / 8, 3 / 2, -3 / 2))}
LAST = winograd_matrices((0, 5 / 8, -5 / 8))  # of winograd4 where one or two outputs are left
# Roundings on the way of one product, beside the sum over channels or tiles: at most 6 in each of the two passes of
# each of the three transforms, constants included.
TRANSFORM_ROUNDINGS = 36


class Axis(NamedTuple):
    """Rows (or columns) of tiles of one kind: outputs from `begin` on, through these matrices."""

    begin: int
    outputs: int
    matrices: tuple

    @classmethod
    def cut(cls, outputs, algorithm):
        m = len(MATRICES[algorithm][0])
        rest = outputs % m if algorithm == "winograd4" and outputs % m in (1, 2) else 0
        parts = [cls(0, outputs - rest, MATRICES[algorithm]), cls(outputs - rest, rest, LAST)]
        return [part for part in parts if part.outputs]

    def windows(self, side, pad):
        """Where the tiles begin and end in an image that has `pad` zeros before it."""
        m = len(self.matrices[0])
        return [slice(pad + i, pad + i + side) for i in range(self.begin, self.begin + self.outputs, m)]


def in_tiles(image, rows, cols, sides, top, left):
    """Tiles (batch, rows, cols, side, side, channels) with zeros around the image."""
    around = 16
    canvas = np.pad(image, ((0, 0), (around, around), (around, around), (0, 0)))
    return np.stack([np.stack([canvas[:, i, j] for j in cols.windows(sides[1], around - left)], 1)
                     for i in rows.windows(sides[0], around - top)], 1)


def winograd(image, kernel, top, left, out_height, out_width, algorithm, absolute):
    """The convolution by its Winograd formula; with `absolute`, of absolute values through absolute matrices."""
    f = np.abs if absolute else np.asarray
    y = np.empty((len(image), out_height, out_width, kernel.shape[3]))
    for rows in Axis.cut(out_height, algorithm):
        for cols in Axis.cut(out_width, algorithm):
            (at, g, bt), (at2, g2, bt2) = map(f, rows.matrices), map(f, cols.matrices)
            tiles = in_tiles(f(image), rows, cols, (len(bt), len(bt2)), top, left)
            v = np.einsum("ai,nrcijk,bj->nrcabk", bt, tiles, bt2, optimize=True)
            u = np.einsum("ap,pqkf,bq->abkf", g, f(kernel), g2, optimize=True)
            products = np.einsum("nrcabk,abkf->nrcabf", v, u, optimize=True)
            outputs = np.einsum("ia,nrcabf,jb->nricjf", at, products, at2, optimize=True)
            n, r, i, c, j, channels = outputs.shape
            outputs = outputs.reshape(n, r * i, c * j, channels)[:, : rows.outputs, : cols.outputs]
            y[:, rows.begin : rows.begin + rows.outputs, cols.begin : cols.begin + cols.outputs] = outputs
    return y


def winograd_weight_gradient(x, dy, top, left, algorithm, absolute):
    f = np.abs if absolute else np.asarray
    dkernel, count = 0, 0
    for rows in Axis.cut(dy.shape[1], algorithm):
        for cols in Axis.cut(dy.shape[2], algorithm):
            (at, g, bt), (at2, g2, bt2) = map(f, rows.matrices), map(f, cols.matrices)
            tiles = in_tiles(f(x), rows, cols, (len(bt), len(bt2)), top, left)
            v = np.einsum("ai,nrcijk,bj->nrcabk", bt, tiles, bt2, optimize=True)
            tiles = in_tiles(f(dy), rows, cols, (len(at), len(at2)), 0, 0)
            d = np.einsum("ia,nrcijf,jb->nrcabf", at, tiles, at2, optimize=True)
            products = np.einsum("nrcabk,nrcabf->abkf", v, d, optimize=True)
            dkernel = dkernel + np.einsum("ap,abkf,bq->pqkf", g, products, g2, optimize=True)
            count += d.shape[0] * d.shape[1] * d.shape[2]
    return dkernel, count


@st.composite
def winograd_cases(draw):
    isa_name = draw(st.sampled_from(available_isas()))
    dtype = draw(dtypes)
    lanes = {"baseline": 16, "avx2": 32, "avx512": 64, "amx": 64}[isa_name] // np.dtype(dtype).itemsize
    counts = st.integers(1, 3).map(lambda vectors: vectors * lanes) | st.integers(lanes, 3 * lanes)
    channels, filters = draw(counts), draw(counts)
    padding = draw(st.tuples(few_zeros, few_zeros))
    # The matrix unit computes 128 tiles or more: those of 16 images.
    size = draw(st.tuples(st.sampled_from((1, 2, 3, 16)), st.integers(1, 15), st.integers(1, 15)))
    assume(size[1] + sum(padding[0]) >= 3 and size[2] + sum(padding[1]) >= 3)
    case = normal_case(draw(st.integers(0, 2**32 - 1)), (*size, channels), (3, 3, channels, filters), padding=padding,
                       dtype=dtype, activation=draw(st.sampled_from(("linear", "relu"))))
    return isa_name, case


def check_winograd(case, algorithm):
    """All passes against float64 formulas, within gamma(roundings) times what the formula sums in absolute value."""
    (top, _), (left, _) = case.geometry[1]
    y = case.forward(_native.conv2d_forward, algorithm=algorithm)
    dy = np.random.default_rng(0).standard_normal(y.shape).astype(y.dtype)
    dx, dkernel, dbias = case.backward(_native.conv2d_backward, dy, y, algorithm=algorithm)
    exact = case.float64()
    kept = np.where(y > 0, dy, 0).astype(np.float64) if case.activation == "relu" else dy.astype(np.float64)
    out_height, out_width = y.shape[1:3]
    size = winograd(exact.x, exact.kernel, top, left, out_height, out_width, algorithm, True) + np.abs(exact.bias)
    assert_within_bound(y, exact.forward(reference.conv2d_forward), size, case.x.shape[3] + TRANSFORM_ROUNDINGS)
    expected = exact.backward(reference.conv2d_backward, dy.astype(np.float64), y)
    turned = exact.kernel[::-1, ::-1].transpose(0, 1, 3, 2)
    size = winograd(kept, turned, 2 - top, 2 - left, *case.x.shape[1:3], algorithm, True)
    assert_within_bound(dx, expected[0], size, case.kernel.shape[3] + TRANSFORM_ROUNDINGS)
    size, tiles = winograd_weight_gradient(exact.x, kept, top, left, algorithm, True)
    assert_within_bound(dkernel, expected[1], size, tiles + TRANSFORM_ROUNDINGS)
    assert_within_bound(dbias, expected[2], np.abs(kept).sum(axis=(0, 1, 2)), y.size // y.shape[3])


@given(winograd_cases(), st.sampled_from(WINOGRAD))
def test_winograd_within_bound(drawn, algorithm):
    isa_name, case = drawn
    with isa(isa_name):
        check_winograd(case, algorithm)


MANY_BLOCKS = [((2, 12, 9, 192), 192), ((20, 14, 14, 32), 64), ((1, 65, 50, 16), 48), ((70, 5, 6, 32), 32),
               ((40, 10, 7, 64), 64), ((20, 14, 14, 40), 24), ((2, 31, 30, 17), 49), ((3, 12, 9, 200), 180)]


@pytest.mark.parametrize("algorithm", WINOGRAD)
@pytest.mark.parametrize("size, filters", MANY_BLOCKS)
def test_winograd_of_many_blocks_within_bound(algorithm, size, filters):
    check_winograd(normal_case(0, size, (3, 3, size[3], filters), activation="relu"), algorithm)


@pytest.mark.parametrize("algorithm", WINOGRAD)
def test_winograd_formula_is_the_convolution(algorithm):
    """The matrices that the bounds are made of, in float64."""
    case = normal_case(1, (2, 7, 10, 3), (3, 3, 3, 4), dtype=np.float64)._replace(bias=None)
    expected = case.forward(reference.conv2d_forward)
    np.testing.assert_allclose(winograd(case.x, case.kernel, 1, 1, 7, 10, algorithm, False), expected, atol=1e-12)
    dkernel = case.backward(reference.conv2d_backward, expected, None)[1]
    np.testing.assert_allclose(winograd_weight_gradient(case.x, expected, 1, 1, algorithm, False)[0], dkernel,
                               atol=1e-11)
