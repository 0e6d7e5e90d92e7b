"""The transforms of the catalogue: identities, inverses, independent judges, types, and what they must keep."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynet import augment
from tinynet.augment import catalogue
from tinynet.augment.patches import patch_order

NEEDED = {"crop": {"top": 1, "left": 2, "height": 5, "width": 6}, "random_crop": {"height": 5, "width": 4},
          "pad": {"top": 2, "right": 3}}
# Parameters that must change nothing.
IDENTITIES = {
    "brightness": {"delta": 0.0}, "contrast": {"factor": 1.0}, "gamma": {"power": 1.0},
    "hue_saturation": {"hue": 0.0, "saturation": 1.0}, "color": {"factor": 1.0}, "solarize": {"threshold": 2.0},
    "posterize": {"bits": 8}, "sharpen": {"amount": 0.0}, "gaussian_blur": {"sigma": 0.0}, "median_blur": {"size": 1},
    "motion_blur": {"size": 1, "angle": 30.0}, "gaussian_noise": {"stddev": 0.0},
    "iso_noise": {"color": 0.0, "intensity": 0.0}, "salt_and_pepper": {"amount": 0.0},
    "rgb_shift": {"red": 0.0, "green": 0.0, "blue": 0.0}, "fog": {"density": 0.0},
    "rain": {"amount": 0.0, "angle": 70.0}, "snow": {"amount": 0.0}, "rotate90": {"turns": 4},
    "rotate": {"angle": 0.0}, "shift": {"x": 0.0, "y": 0.0}, "scale": {"factor": 1.0}, "shear": {"x": 0.0, "y": 0.0},
    "shift_scale_rotate": {"x": 0.0, "y": 0.0, "factor": 1.0, "angle": 0.0},
    "affine": {"angle": 0.0, "shift_x": 0.0, "shift_y": 0.0, "shear_x": 0.0}, "perspective": {"strength": 0.0},
    "crop": {"top": 0, "left": 0, "height": 12, "width": 10}, "random_crop": {"height": 12, "width": 10}, "pad": {},
    "random_resized_crop": {"area": (1.0, 1.0), "ratio": (10 / 12, 10 / 12)}, "elastic": {"alpha": 0.0},
    "grid_distortion": {"strength": 0.0}, "grid_shuffle": {"grid": 1}, "cutout": {"size": 0},
    "random_erasing": {"area": (0.0, 0.0)}, "coarse_dropout": {"holes": 0}, "patch_shuffle": {"probability": 0.0},
}


def picture(dtype="uint8", count=3, shape=(12, 10, 3), seed=0):
    rng = np.random.default_rng(seed)
    return (rng.uniform(0, 255, (count, *shape)).astype(np.uint8)).astype(dtype)


@pytest.mark.parametrize("name", catalogue.TRANSFORMS)
def test_types_ranges_seeds_and_single_images(name):
    if name == "jpeg":
        pytest.importorskip("PIL")
    needed = NEEDED.get(name, {})
    for dtype in catalogue.check_images.__globals__["PIXEL_TYPES"]:
        images = picture(dtype)
        before = images.copy()
        result = augment.apply(name, images, seed=1, **needed)
        np.testing.assert_array_equal(images, before)  # the input is left alone
        np.testing.assert_array_equal(augment.apply(name, images, seed=1, **needed), result)
        assert result.dtype == images.dtype and result.ndim == 4 and result.min() >= 0 and result.max() <= 255
        assert result.shape != images.shape or np.any(result != images)
        single = augment.apply(name, images[0], seed=1, **needed)
        assert single.shape == result.shape[1:]
        assert augment.apply(name, images[:0], seed=1, **needed).shape[0] == 0


@pytest.mark.parametrize("name", IDENTITIES)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_identity_parameters_give_the_identity(name, dtype):
    images = picture(dtype)
    result = augment.apply(name, images, seed=1, **IDENTITIES[name])
    if dtype == "uint8" or name not in ("contrast", "color", "perspective", "random_resized_crop", "grid_distortion"):
        np.testing.assert_array_equal(result, images)
    else:  # a few roundings of numbers up to 255
        np.testing.assert_allclose(result, images, rtol=0, atol=255 * 8 * 2.0**-24)


@pytest.mark.parametrize("name", sorted(set(catalogue.PIXEL) - {"jpeg", "iso_noise"}))
def test_value_range_is_only_a_scale(name):
    """A transform of x in [0, 255] and of x / 127.5 - 1 in [-1, 1] is the same, up to roundings."""
    images = picture("float64")
    first = augment.apply(name, images, seed=3)
    second = augment.apply(name, images / 127.5 - 1, seed=3, value_range=(-1, 1)) * 127.5 + 127.5
    # The weights of red, green and blue sum to 0.9999: a grey is off by 0.0001 of the distance from 0.
    different = np.abs(first - second) > (0.03 if name in ("grayscale", "color") else 1e-6)
    # Where levels are counted, or half-way values compared, a rounding may put one on the other side of a step;
    # what lies outside the image is 0 in both, which is grey in the second.
    if name == "sharpen":
        different = different[:, 1:-1, 1:-1]
    assert different.mean() < (0.05 if name in ("equalize", "posterize", "solarize", "clahe") else 1e-9)


@given(seed=st.integers(0, 2**32 - 1))
def test_twice_is_once_or_nothing(seed):
    images = picture(seed=seed)
    for twice in (augment.horizontal_flip, augment.vertical_flip, augment.transpose, augment.invert,
                  lambda x: augment.rotate90(x, 2)):
        np.testing.assert_array_equal(twice(twice(images)), images)
    np.testing.assert_array_equal(augment.rotate90(augment.rotate90(images, 1), -1), images)
    np.testing.assert_array_equal(augment.horizontal_flip(augment.vertical_flip(images)), augment.rotate90(images, 2))
    for once in (augment.grayscale, augment.posterize, augment.auto_contrast):
        np.testing.assert_allclose(once(once(images)).astype(int), once(images), atol=1)
    x, y = np.random.default_rng(seed).integers(-9, 10, 2)
    moved = augment.shift(augment.shift(images, x, y, "wrap"), -x, -y, "wrap")
    np.testing.assert_array_equal(moved, images)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_rotation_by_right_angles_is_rot90(turns):
    images = picture("float64", shape=(9, 9, 3))
    np.testing.assert_allclose(augment.rotate(images, 90 * turns), augment.rotate90(images, turns), atol=1e-10)


@given(seed=st.integers(0, 2**32 - 1), size=st.integers(1, 5), probability=st.floats(0, 1), grid=st.integers(1, 5))
def test_shuffles_keep_every_pixel(seed, size, probability, grid):
    images = np.arange(2 * 12 * 10 * 3, dtype=np.float32).reshape(2, 12, 10, 3)
    shuffled = augment.patch_shuffle(images, size, probability, seed)
    rows, columns = 12 // size * size, 10 // size * size

    def windows(x):
        parts = x[:, :rows, :columns].reshape(2, rows // size, size, columns // size, size, 3)
        return np.sort(parts.transpose(0, 1, 3, 2, 4, 5).reshape(2, rows // size, columns // size, size**2, 3), axis=3)

    np.testing.assert_array_equal(windows(shuffled), windows(images))  # no pixel leaves its window
    np.testing.assert_array_equal(shuffled[:, rows:], images[:, rows:])
    for result in (shuffled, augment.grid_shuffle(images, grid, seed)):
        np.testing.assert_array_equal(np.sort(result.reshape(2, -1, 3), axis=1), images.reshape(2, -1, 3))


def test_patch_shuffle_permutes_windows_with_its_probability():
    order = patch_order((50, 20, 20), 4, 0.3, seed=0).reshape(50, 5, 4, 5, 4).transpose(0, 1, 3, 2, 4).reshape(-1, 16)
    still = np.arange(400).reshape(5, 4, 5, 4).transpose(0, 2, 1, 3).reshape(1, 25, 16)
    changed = np.any(order.reshape(50, 25, 16) != still, axis=-1).mean()
    assert abs(changed - 0.3) < 5 * np.sqrt(0.3 * 0.7 / 1250)


@given(seed=st.integers(0, 2**32 - 1), size=st.integers(1, 20))
def test_cutout_is_a_square_that_may_overhang(seed, size):
    erased = augment.cutout(np.ones((40, 14, 11, 2), np.float32), size, 0.0, seed) == 0
    np.testing.assert_array_equal(erased[..., 0], erased[..., 1])
    for mask in erased[..., 0]:
        rows, columns = mask.any(axis=1), mask.any(axis=0)
        assert 1 <= rows.sum() <= min(size, 14) and 1 <= columns.sum() <= min(size, 11)
        np.testing.assert_array_equal(mask, rows[:, None] & columns)
        top, left = rows.argmax(), columns.argmax()
        assert mask[top : top + rows.sum(), left : left + columns.sum()].all()


@pytest.mark.parametrize("size", [2, 5, 8])
def test_cutout_centres_are_everywhere_alike(size):
    """A pixel is erased with the probability that a random centre is near enough, less at the border: the square
    overhangs there, and is not moved inside.
    """
    count = 4000
    share = (augment.cutout(np.ones((count, 14, 11, 1), np.float32), size, seed=1) == 0).mean(axis=0)[..., 0]

    def along(side):  # squares of even side reach one pixel further up and left of their centres
        centre, place = np.arange(side), np.arange(side)[:, None]
        return ((centre - size // 2 <= place) & (place < centre - size // 2 + size)).mean(axis=1)

    expected = along(14)[:, None] * along(11)
    assert (np.abs(share - expected) < 5.5 * np.sqrt(expected * (1 - expected) / count)).all()


def test_erasing_keeps_its_promises():
    images = np.full((200, 20, 30, 3), 9, np.float32)
    for area in (0.1, 0.3):
        mask = augment.random_erasing(images, (area, area), (0.5, 2.0), 0.0, seed=1)[..., 0] == 0
        assert abs(mask.mean() - area) < 0.01
    holes = (augment.coarse_dropout(images, 1, 5, seed=1)[..., 0] == 0).sum(axis=(1, 2))
    assert (holes == 25).all()
    noise = augment.random_erasing(images, (0.3, 0.3), seed=1)
    assert np.unique(noise).size > 1000 and noise.min() >= 0 and noise.max() <= 255


def test_pixel_transforms_are_pillows():
    """Pillow rounds in its own places: at most one level apart."""
    Image = pytest.importorskip("PIL.Image")
    ImageOps, ImageEnhance = pytest.importorskip("PIL.ImageOps"), pytest.importorskip("PIL.ImageEnhance")
    smooth = augment.resize(picture(count=1, shape=(5, 6, 3))[0].astype(np.float64), 32, 40)
    image = np.rint(smooth).astype(np.uint8)
    pillow = Image.fromarray(image)
    ImageFilter = pytest.importorskip("PIL.ImageFilter")
    cases = [
        (augment.invert(image), ImageOps.invert(pillow), 0), (augment.solarize(image, 128 / 255),
                                                              ImageOps.solarize(pillow, 128), 0),
        (augment.posterize(image, 3), ImageOps.posterize(pillow, 3), 0),
        (augment.auto_contrast(image), ImageOps.autocontrast(pillow), 1),
        (augment.color(image, 0.3), ImageEnhance.Color(pillow).enhance(0.3), 1),
        (augment.color(image, 1.7), ImageEnhance.Color(pillow).enhance(1.7), 2),
        (augment.grayscale(image), ImageOps.grayscale(pillow).convert("RGB"), 1),
        (augment.median_blur(image)[1:-1, 1:-1], np.asarray(pillow.filter(ImageFilter.MedianFilter(3)))[1:-1, 1:-1], 0),
        (augment.sharpen(image, 0.8)[1:-1, 1:-1],
         np.asarray(ImageEnhance.Sharpness(pillow).enhance(1.8))[1:-1, 1:-1], 1),
        (augment.sharpen(image, -1.0)[1:-1, 1:-1], np.asarray(pillow.filter(ImageFilter.SMOOTH))[1:-1, 1:-1], 1),
    ]
    for number, (actual, expected, levels) in enumerate(cases):
        difference = np.abs(actual.astype(int) - np.asarray(expected).astype(int)).max()
        assert difference <= levels, f"case {number}: {difference} levels apart"


@pytest.mark.parametrize("sigma", [0.4, 1.0, 2.3])
@pytest.mark.parametrize("fill_mode", ["reflect", "nearest", "wrap", "constant"])
def test_gaussian_blur_is_scipys(sigma, fill_mode):
    ndimage = pytest.importorskip("scipy.ndimage")
    image = picture("float64", count=1)[0]
    expected = ndimage.gaussian_filter(image, (sigma, sigma, 0), mode=fill_mode)
    np.testing.assert_allclose(augment.gaussian_blur(image, sigma, fill_mode=fill_mode), expected, atol=1e-10)
    np.testing.assert_allclose(augment.median_blur(image, 5), ndimage.median_filter(image, (5, 5, 1)), atol=0)


def test_hue_and_saturation_are_colorsys():
    import colorsys

    rgb = np.random.default_rng(0).random((1, 40, 3))
    actual = augment.hue_saturation(rgb, 0.3, 0.5, value_range=(0, 1))
    for given_, got in zip(rgb[0], actual[0], strict=True):
        h, s, v = colorsys.rgb_to_hsv(*given_)
        np.testing.assert_allclose(got, colorsys.hsv_to_rgb((h + 0.3) % 1, s * 0.5, v), atol=1e-12)


def test_equalize_and_clahe_flatten_histograms():
    rng = np.random.default_rng(0)
    dark = np.clip(rng.normal(60, 10, (2, 64, 64, 2)), 0, 255).astype(np.uint8)
    equal = augment.equalize(dark)
    for result in (equal, augment.clahe(dark, 40.0, 1)):
        assert result.astype(float).std() > 4 * dark.astype(float).std()
    share = np.bincount(equal[0, ..., 0].ravel() // 32, minlength=8) / 64**2
    assert share.min() > 0.05 and share.max() < 0.25
    ranks = np.argsort(dark[0, ..., 0].ravel(), kind="stable")
    assert (np.diff(equal[0, ..., 0].ravel()[ranks].astype(int)) >= 0).all()  # the order of levels is kept
    limited = augment.clahe(dark, 1.0, 4).astype(float)
    assert limited.std() < 2 * dark.astype(float).std()
    flat = np.full((1, 16, 16, 1), 9, np.uint8)
    np.testing.assert_array_equal(augment.equalize(flat), flat)
    np.testing.assert_array_equal(augment.auto_contrast(flat), flat)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", sorted(catalogue.TRANSFORMS))
def test_nan_becomes_no_number_and_breaks_nothing(name):
    """A cast of NaN to an integer makes an arbitrary one."""
    clean = np.random.default_rng(0).uniform(0, 255, (1, 12, 12, 3)).astype(np.float32)
    gap = clean.copy()
    gap[0, 3, 4, 1] = np.nan
    sizes = {"crop": {"top": 1, "left": 1}, "random_crop": {}}
    parameters = {"height": 8, "width": 8, **sizes[name]} if name in sizes else {}
    if name == "jpeg":
        pytest.importorskip("PIL")
        with pytest.raises(ValueError, match="1 values are NaN, which a JPEG cannot have"):
            augment.apply(name, gap, 1)
        return
    result, expected = (augment.apply(name, image, 1, **parameters) for image in (gap, clean))
    numbers = ~np.isnan(result)
    if name in ("equalize", "clahe", "auto_contrast"):  # the gap is not counted: others move by its share
        assert (~numbers).sum() == 1 and np.isnan(result[0, 3, 4, 1])
        return
    if name == "iso_noise":  # the number of random numbers that a Poisson draw takes depends on its mean
        assert np.argwhere(~numbers).tolist() == [[0, 3, 4, channel] for channel in range(3)]
        return
    np.testing.assert_allclose(result[numbers], expected[numbers], rtol=1e-5, atol=1e-4)


def test_histograms_do_not_count_nan():
    levels = np.array([10.0, 20, 20, 200], np.float32).reshape(1, 2, 2, 1)
    with_gaps = np.concatenate([levels, np.full((1, 2, 2, 1), np.nan, np.float32)], 2)
    for function in (augment.equalize, augment.auto_contrast):
        result = function(with_gaps)
        np.testing.assert_array_equal(result[:, :, :2], function(levels))
        assert np.isnan(result[:, :, 2:]).all()
    nothing = np.full((2, 8, 8, 1), np.nan, np.float32)
    for function in (augment.equalize, augment.auto_contrast, augment.clahe):
        with np.errstate(all="raise"):
            assert np.isnan(function(nothing)).all()
    half = np.random.default_rng(0).uniform(0, 255, (1, 16, 16, 1)).astype(np.float32)
    whole = augment.clahe(half, tiles=2)
    half[:, 8:, 8:] = np.nan  # a whole tile
    result = augment.clahe(half, tiles=2)
    assert (np.isnan(result) == np.isnan(half)).all()
    np.testing.assert_array_equal(result[:, :4, :4], whole[:, :4, :4])  # what no tile but their own decides


def test_noises_have_their_size():
    gray = np.full((4, 64, 64, 3), 128, np.float32)
    noise = augment.gaussian_noise(gray, 0.05, seed=1) - 128
    assert abs(noise.mean()) < 5 * 12.75 / np.sqrt(noise.size) and abs(noise.std() / 12.75 - 1) < 0.02
    hit = np.any(augment.salt_and_pepper(gray, 0.1, 0.25, seed=1) != gray, axis=-1)
    white = np.all(augment.salt_and_pepper(gray, 0.1, 0.25, seed=1) == 255, axis=-1)
    assert abs(hit.mean() - 0.1) < 5 * np.sqrt(0.09 / hit.size) and abs(white.mean() - 0.025) < 5 * 0.16 / hit.size**0.5
    weak, strong = (augment.iso_noise(gray, 0.0, strength, seed=1).std() for strength in (0.1, 0.4))
    assert strong == pytest.approx(2 * weak, rel=0.1)  # photon noise goes with the square root


def test_elastic_displacements_have_their_standard_deviation():
    ramp = np.broadcast_to(np.arange(64.0)[:, None, None], (20, 64, 64, 1)).copy()
    moved = augment.elastic(ramp, 2.0, 3.0, seed=1, fill_mode="nearest") - ramp
    assert moved[:, 16:-16].std() == pytest.approx(2.0, rel=0.1)


def test_jpeg_needs_pillow_and_gets_worse(monkeypatch):
    pytest.importorskip("PIL")
    image = augment.resize(picture(count=1, shape=(5, 6, 3))[0].astype(np.float64), 32, 32)
    errors = [np.abs(augment.jpeg(image, quality) - image).mean() for quality in (95, 40, 5)]
    assert errors[0] < errors[1] < errors[2]
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(ImportError, match=r"tinynet-learn\[image\]"):
        augment.jpeg(image)


def test_parameters_are_drawn_and_checked():
    drawn = catalogue.draw_parameters("affine", 500, 1, angle=(10.0, 20.0), shift_x=(1, 3), shift_y=2)
    assert drawn["angle"].min() >= 10 and drawn["angle"].max() <= 20 and set(drawn["shift_x"]) == {1, 2, 3}
    assert drawn["shift_y"] == 2
    for call, match in (
        (lambda: augment.apply("sepia", picture()), "unknown transform 'sepia'; known: brightness"),
        (lambda: augment.apply("rotate", picture(), turns=2), "rotate has no parameter 'turns'; it takes angle"),
        (lambda: augment.apply("crop", picture()), "crop needs top, left, height, width"),
        (lambda: augment.apply("rotate", picture(), angle=(3, 1)), "number or a range"),
        (lambda: augment.brightness(picture(), [0.1, 0.2]), "one number an image"),
        (lambda: augment.brightness(picture("float32"), value_range=(1, 0)), "low < high"),
        (lambda: augment.grayscale(picture()[..., :1]), "needs 3 channels"),
        (lambda: augment.posterize(picture(), 0), "from 1 to 8"),
        (lambda: augment.gamma(picture(), 0), "above 0"),
        (lambda: augment.gaussian_blur(picture(), -1.0), "at least 0"),
        (lambda: augment.median_blur(picture(), 4), "odd"),
        (lambda: augment.clahe(picture(), 0.5), "clip_limit"),
        (lambda: augment.patch_shuffle(picture(), 99), "size must be"),
        (lambda: augment.cutout(picture(), -1), "size must be an int of at least 0"),
        (lambda: augment.coarse_dropout(picture(), 1, 99), "size from 0"),
        (lambda: augment.fog(picture(), 2), "density"),
        (lambda: augment.grid_distortion(picture(), 0), "at least 1 step"),
        (lambda: augment.random_erasing(picture(), (0.5, 0.1)), "area"),
    ):
        with pytest.raises(ValueError, match=match):
            call()


SHARE = ((0.0, 1.0), (-0.01, 1.01, float("nan")))
# (transform, parameter): (values at its bounds, values just beyond them), of images of 12 x 10 pixels.
BOUNDS = {
    ("gamma", "power"): ((1e-3,), (0.0, -1.0)), ("posterize", "bits"): ((1, 8), (0, 9, 1.5)),
    ("gaussian_blur", "sigma"): ((0.0,), (-0.01,)), ("median_blur", "size"): ((1, 3), (-1, 0, 2)),
    ("motion_blur", "size"): ((1, 3), (-1, 0, 2)), ("iso_noise", "color"): ((0.0,), (-0.01,)),
    ("iso_noise", "intensity"): ((0.0,), (-0.01,)), ("salt_and_pepper", "amount"): SHARE,
    ("salt_and_pepper", "salt"): SHARE, ("fog", "density"): SHARE, ("rain", "amount"): SHARE,
    ("snow", "amount"): SHARE, ("patch_shuffle", "probability"): SHARE, ("patch_shuffle", "size"): ((1, 10), (0, 11)),
    ("grid_distortion", "strength"): ((0.0, 0.99), (-0.01, 1.0)), ("grid_distortion", "steps"): ((1, 2), (0,)),
    ("grid_shuffle", "grid"): ((1, 10), (0, 11)), ("elastic", "alpha"): ((0.0,), (-0.01,)),
    ("elastic", "sigma"): ((0.0,), (-0.01,)), ("perspective", "strength"): ((0.0, 0.49), (-0.01, 0.5)),
    ("cutout", "size"): ((0,), (-1,)), ("coarse_dropout", "holes"): ((0,), (-1,)),
    ("coarse_dropout", "size"): ((0, 10), (-1, 11)),
    ("random_erasing", "area"): (((0.0, 0.0), (1.0, 1.0)), ((-0.01, 0.5), (0.5, 1.01), (0.5, 0.4))),
    ("random_resized_crop", "area"): (((1.0, 1.0), (0.1, 0.1)), ((0.0, 1.0), (0.5, 1.01), (0.5, 0.4))),
    ("clahe", "clip_limit"): ((1.0,), (0.99,)), ("clahe", "tiles"): ((1, 10), (0, 11)),
    ("equalize", "bins"): ((2,), (1,)), ("pad", "top"): ((0, 1), (-1,)),
    ("random_crop", "height"): ((1, 12), (0, 13)), ("random_crop", "width"): ((1, 10), (0, 11)),
}


@pytest.mark.parametrize(("name", "parameter"), BOUNDS, ids=" ".join)
def test_parameters_are_accepted_up_to_their_bounds_and_no_further(name, parameter):
    accepted, refused = BOUNDS[name, parameter]
    others = {**NEEDED.get(name, {}), **({"size": 2} if name == "coarse_dropout" else {})}
    function = getattr(augment, name)
    for value in accepted:
        function(picture(), **{**others, parameter: value})
    for value in refused:
        with pytest.raises(ValueError, match=name if name != "median_blur" else "blur"):
            function(picture(), **{**others, parameter: value})


@pytest.mark.parametrize(("name", "parameters"), [
    ("brightness", {"delta": 0.1}), ("contrast", {"factor": 0.7}), ("gamma", {"power": 1.3}),
    ("color", {"factor": 0.4}), ("sharpen", {"amount": 0.3}), ("gaussian_blur", {"sigma": 0.8}), ("grayscale", {}),
    ("rgb_shift", {"red": 0.1, "green": 0.02, "blue": -0.03})])
def test_whole_values_are_the_nearest_to_those_of_floats(name, parameters):
    images = picture()
    floats = getattr(augment, name)(images.astype("float32"), **parameters, value_range=(0, 255))
    whole = getattr(augment, name)(images, **parameters)
    assert whole.dtype == np.uint8 and len(np.unique(floats % 1)) > 1
    np.testing.assert_array_equal(whole, np.floor(np.clip(floats, 0, 255) + 0.5))


@pytest.mark.parametrize(("area", "ratio", "sides"), [
    (0.25, 1.0, (20, 20)), (0.25, 4.0, (40, 10)), (0.25, 0.25, (10, 40)), (0.01, 1.0, (4, 4)), (0.04, 4.0, (16, 4))])
def test_an_erased_rectangle_has_its_area_and_its_ratio(area, ratio, sides):
    """Ratio: height over width."""
    image = np.ones((40, 40, 1), "float32")
    erased = augment.random_erasing(image, (area, area), (ratio, ratio), fill_value=0, seed=2)[..., 0] == 0
    assert (erased.any(axis=1).sum(), erased.any(axis=0).sum()) == sides and erased.sum() == sides[0] * sides[1]


@pytest.mark.parametrize("axis", [1, 2])
def test_crops_lie_anywhere_in_the_image_up_to_its_borders(axis):
    """Half of each side of a ramp from 0 to 9: its first pixel shows 0.25 before where the crop begins."""
    ramp = np.arange(10.0) if axis == 2 else np.arange(10.0)[:, None]
    images = np.broadcast_to(ramp[..., None], (400, 10, 10, 1)).astype(np.float32)
    result = augment.random_resized_crop(images, area=(0.25, 0.25), ratio=(1.0, 1.0), seed=1)
    firsts, lasts = np.take(result, 0, axis).min(), np.take(result, -1, axis).max()
    assert firsts == 0 and lasts == 9 and abs(result.mean() - 4.5) < 0.2
