"""The compiled loops against their references, bit for bit, and against SciPy's samplers."""

import checks
import numpy as np
import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

from tinynet import augment
from tinynet.augment import boxes, geometry, sampling

FILL_MODES = tuple(sampling.FILL_MODES)
PIXELS = ("uint8", "float32", "float64")


@st.composite
def batches(draw, dtypes=PIXELS):
    shape = (draw(st.integers(0, 3)), *(draw(st.integers(1, 9)) for _ in range(2)), draw(st.integers(1, 4)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng.uniform(0, 255, shape).astype(draw(st.sampled_from(dtypes))), rng


@given(case=batches(), fill_mode=st.sampled_from(FILL_MODES), bilinear=st.booleans(), perspective=st.booleans(),
       size=st.tuples(st.integers(0, 9), st.integers(0, 9)))
@settings(max_examples=200)
def test_warp_is_the_reference_bit_for_bit(case, fill_mode, bilinear, perspective, size):
    images, rng = case
    transforms = rng.normal(0, 1, (len(images), 8)) * [1, 1, 9, 1, 1, 9, 0.1, 0.1]
    transforms[:, 6:] *= perspective
    transforms = np.where(rng.random(transforms.shape) < 0.2, np.rint(transforms * 2) / 2, transforms)  # half-way
    out, expected = (np.full((len(images), *size, images.shape[-1]), 7, images.dtype) for _ in range(2))
    arguments = sampling.FILL_MODES[fill_mode], bilinear, 31.0
    sampling.warp(images, transforms, out, *arguments)
    sampling.warp_reference(images, transforms, expected, *arguments)
    np.testing.assert_array_equal(out, expected)


@given(size=st.tuples(st.integers(1, 40), st.sampled_from([1, 15, 16, 17, 28, 63, 64, 65, 130])),
       channels=st.integers(1, 3), dtype=st.sampled_from(PIXELS), fill_mode=st.sampled_from(FILL_MODES),
       kind=st.sampled_from(["turn", "shift", "half shift", "whole shift", "zoom", "shrink", "far"]),
       bilinear=st.booleans(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=300)
def test_whole_vectors_windows_and_moves_are_the_reference_bit_for_bit(size, channels, dtype, fill_mode, kind, bilinear,
                                                                       seed):
    rng = np.random.default_rng(seed)
    images = rng.uniform(0, 255, (2, *size, channels)).astype(dtype)
    angles, x, y = rng.uniform(-180, 180, 2), *rng.uniform(-1.2, 1.2, (2, 2)) * np.array([[size[1]], [size[0]]])
    transforms = {
        "turn": lambda: geometry.affine_matrix(size, angles, x, y),
        "shift": lambda: geometry.affine_matrix(size, 0.0, np.rint(x * 2**20) / 2**20, y),
        "half shift": lambda: geometry.affine_matrix(size, 0.0, np.rint(2 * x) / 2, np.rint(2 * y) / 2),
        "whole shift": lambda: geometry.affine_matrix(size, 0.0, np.rint(x), np.rint(y)),
        "zoom": lambda: geometry.affine_matrix(size, 0.0, x, y, scale_x=rng.uniform(-2, 2, 2),
                                               scale_y=rng.uniform(-2, 2, 2)),
        "shrink": lambda: geometry.affine_matrix(size, angles, scale_x=rng.uniform(0.01, 1, 2), scale_y=0.3),
        "far": lambda: geometry.affine_matrix(size, angles, x * [1e3, 1e12]),
    }[kind]()
    out, expected = (np.full_like(images, 7) for _ in range(2))
    arguments = sampling.FILL_MODES[fill_mode], bilinear, 31.0
    sampling.warp(images, transforms, out, *arguments)
    sampling.warp_reference(images, transforms, expected, *arguments)
    np.testing.assert_array_equal(out, expected)
    if kind == "whole shift" or not bilinear:
        assert np.isin(out, [*images.reshape(-1), 31]).all()


@given(case=batches(dtypes=("float32",)), fill_mode=st.sampled_from(FILL_MODES), perspective=st.booleans())
def test_float32_is_float64_within_its_bound(case, fill_mode, perspective):
    """The bound of sampling.py: 2^-20 of the largest |value|, for pixels of either sign."""
    images, rng = case
    images -= 127
    transforms = rng.normal(0, 1, (len(images), 8)) * [1, 1, 9, 1, 1, 9, 0.1, 0.1]
    transforms[:, 6:] *= perspective
    arguments = {"fill_mode": fill_mode, "fill_value": -128.0}
    actual = sampling.projective_transform(images, transforms, **arguments)
    expected = sampling.projective_transform(images.astype(np.float64), transforms, **arguments)
    assert actual.dtype == np.float32
    np.testing.assert_allclose(actual, expected, rtol=0, atol=128 * 2.0**-20)


@given(case=batches(), fill_mode=st.sampled_from(FILL_MODES), bilinear=st.booleans())
@settings(max_examples=200)
def test_sample_is_the_reference_bit_for_bit(case, fill_mode, bilinear):
    images, rng = case
    positions = rng.normal(3, 9, (len(images), 5, 4, 2))
    positions[rng.random(positions.shape) < 0.1] = rng.choice([np.nan, np.inf, -np.inf, 1e300, 0.0, -0.5, 1.5])
    out, expected = (np.full((len(images), 5, 4, images.shape[-1]), 7, images.dtype) for _ in range(2))
    arguments = sampling.FILL_MODES[fill_mode], bilinear, 31.0
    sampling.sample(images, positions, out, *arguments)
    sampling.sample_reference(images, positions, expected, *arguments)
    np.testing.assert_array_equal(out, expected)


@given(case=batches())
def test_flips_permutations_and_boxes_are_the_references(case):
    images, rng = case
    count, height, width, channels = images.shape
    flips = [np.ascontiguousarray(rng.integers(0, 2, count), np.uint8) for _ in range(2)]
    order = rng.permuted(np.tile(np.arange(height * width, dtype=np.int32), (count, 1)), axis=1)
    rectangles = rng.integers(-4, 12, (count, 3, 4))
    rows = rng.integers(0, max(count, 1), count)
    flat = images.reshape(count, height * width, channels)
    for name, arguments, out in (("flip", (images, *flips), images), ("permute", (flat, order), flat)):
        actual, expected = np.zeros_like(out), np.zeros_like(out)
        getattr(boxes, name)(*arguments, actual)
        getattr(boxes, f"{name}_reference")(*arguments, expected)
        np.testing.assert_array_equal(actual, expected)
    source = images[::-1].copy()
    for name, arguments in (("fill_boxes", (rectangles, 5.0)), ("paste_boxes", (source, rows, rectangles))):
        actual, expected = images.copy(), images.copy()
        getattr(boxes, name)(actual, *arguments)
        getattr(boxes, f"{name}_reference")(expected, *arguments)
        np.testing.assert_array_equal(actual, expected)


@checks.needs_native
def test_the_compiled_loops_are_in_use():
    for module, names in ((sampling, ("warp", "sample")), (boxes, ("flip", "permute", "fill_boxes", "paste_boxes"))):
        for name in names:
            assert getattr(module, name) is not getattr(module, f"{name}_reference")


def test_same_bits_on_any_threads(monkeypatch):
    images = np.random.default_rng(0).uniform(0, 255, (9, 20, 20, 3)).astype(np.float32)
    monkeypatch.setattr(sampling, "PIXELS_A_THREAD", 100)
    checks.assert_same_bits_on_any_threads(lambda: augment.rotate(images, np.arange(9) * 11.0))
    checks.assert_same_bits_on_any_threads(lambda: augment.elastic(images, seed=1))


SCIPY_MODES = {"constant": "grid-constant", "nearest": "nearest", "reflect": "reflect", "wrap": "grid-wrap"}


@pytest.mark.parametrize("fill_mode", FILL_MODES)
def test_remap_is_scipy_map_coordinates(fill_mode):
    """In float64: 8 products and sums of numbers up to 255, on both sides: 16 * 2^-53 * 255 = 5e-13."""
    ndimage = pytest.importorskip("scipy.ndimage")
    rng = np.random.default_rng(0)
    image, positions = rng.uniform(0, 255, (7, 9)), rng.uniform(-20, 30, (50, 40, 2))
    expected = ndimage.map_coordinates(image, np.moveaxis(positions, -1, 0), order=1, mode=SCIPY_MODES[fill_mode],
                                       cval=4.0)
    actual = augment.remap(image[..., None], positions, fill_mode, fill_value=4.0)[..., 0]
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize("fill_mode", FILL_MODES)
def test_rotation_is_scipy_rotate(fill_mode):
    ndimage = pytest.importorskip("scipy.ndimage")
    image = np.random.default_rng(0).uniform(0, 255, (8, 11))
    expected = ndimage.rotate(image, 25, reshape=False, order=1, mode=SCIPY_MODES[fill_mode], cval=4.0)
    actual = augment.rotate(image[..., None], 25, fill_mode, fill_value=4.0)[..., 0]
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("size", [(4, 6), (16, 24), (13, 5)])
def test_resize_by_whole_factors_is_the_mean_or_torchs_rule(size):
    """Enlarging interpolates between pixel centres: checked against np.interp along each axis."""
    image = np.random.default_rng(0).uniform(0, 255, (8, 12))
    expected = image
    for axis, (old, new) in enumerate(zip(image.shape, size, strict=True)):
        places = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
        expected = np.apply_along_axis(lambda v, at=places: np.interp(at, np.arange(len(v)), v), axis, expected)
    np.testing.assert_allclose(augment.resize(image[..., None], *size)[..., 0], expected, atol=1e-10)


@given(layout=strategies.layouts, dtype=st.sampled_from(PIXELS))
def test_any_layout_gives_the_same(layout, dtype):
    images = np.arange(2 * 5 * 4 * 3).reshape(2, 5, 4, 3).astype(dtype)
    np.testing.assert_array_equal(augment.rotate(strategies.in_layout(images, layout), 33),
                                  augment.rotate(images, 33))


def test_rotations_are_affine_transforms():
    angles = np.linspace(-200, 200, 9)
    np.testing.assert_allclose(geometry.rotation_matrix((7, 12), angles), geometry.affine_matrix((7, 12), angles),
                               rtol=0, atol=1e-13)


def test_errors():
    image = np.zeros((4, 4, 1), np.float32)
    for call, kind, match in (
        (lambda: augment.rotate(image[..., 0], 3), ValueError, r"add a channel axis"),
        (lambda: augment.rotate(image.astype(int), 3), TypeError, "uint8, float32 or float64, got int64"),
        (lambda: augment.rotate(image, 3, "mirror"), ValueError, "fill_mode must be one of constant, nearest"),
        (lambda: augment.rotate(image, 3, interpolation="cubic"), ValueError, "'nearest' or 'bilinear'"),
        (lambda: augment.projective_transform(image, np.zeros((2, 8))), ValueError, r"\(8,\) or \(1, 8\)"),
        (lambda: augment.remap(image, np.zeros((3, 4, 4, 2))), ValueError, "positions must have shape"),
        (lambda: augment.affine(image, scale_x=0), ValueError, "scale of 0"),
        (lambda: augment.crop(image, 2, 2, 3, 1), ValueError, "do not lie inside"),
        (lambda: augment.flip(image, [True, False]), ValueError, "got 2 for 1 images"),
        (lambda: augment.perspective(image[:1]), ValueError, "no four corners"),
    ):
        with pytest.raises(kind, match=match):
            call()


def test_boxes_for_all_images_or_for_each():
    """(4,), (k, 4) and (batch, k, 4): the same rectangles in every image, or its own."""
    images = np.ones((3, 4, 5, 1), np.uint8)
    one, two = (0, 1, 2, 3), [(0, 1, 2, 3), (3, 0, 4, 5)]
    own = [two, [(1, 1, 2, 2), (0, 0, 0, 0)], [(0, 0, 4, 5), (0, 0, 1, 1)]]
    for given_boxes, lists in ((one, [[one]] * 3), (two, [two] * 3), ([two], [two] * 3), (own, own)):
        expected = images.copy()
        for image, rectangles in zip(expected, lists, strict=True):
            for top, left, bottom, right in rectangles:
                image[top:bottom, left:right] = 0
        np.testing.assert_array_equal(augment.erase(images, given_boxes), expected)
        np.testing.assert_array_equal(augment.paste(images, np.zeros_like(images), given_boxes), expected)
