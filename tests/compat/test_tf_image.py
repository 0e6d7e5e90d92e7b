"""`tf.image`: colours and sizes against their formulas, random ones from seeds, and both ranges of values."""

import numpy as np
import pytest

import tinynet as tf

RNG = np.random.default_rng(0)
FLOATS = RNG.random((5, 6, 3)).astype(np.float32)
BYTES = RNG.integers(0, 256, (5, 6, 3)).astype(np.uint8)
BOUND = 32 * np.finfo(np.float32).eps  # each formula has fewer than 32 roundings of numbers up to 1


def near(found, expected):
    np.testing.assert_allclose(np.asarray(found), expected, rtol=BOUND, atol=BOUND)


def test_colours():
    image = tf.image
    near(image.rgb_to_grayscale(FLOATS), (FLOATS * [0.2989, 0.587, 0.114]).sum(-1, keepdims=True))
    near(image.grayscale_to_rgb(FLOATS[..., :1]), np.repeat(FLOATS[..., :1], 3, -1))
    near(image.adjust_brightness(FLOATS, 0.2), FLOATS + 0.2)
    mean = FLOATS.mean((0, 1))
    near(image.adjust_contrast(FLOATS, 2.0), (FLOATS - mean) * 2 + mean)
    near(image.adjust_gamma(FLOATS, 2.0, 0.5), 0.5 * FLOATS**2)
    near(image.hsv_to_rgb(image.rgb_to_hsv(FLOATS)), FLOATS)
    near(image.adjust_hue(FLOATS, 0.0), FLOATS)
    near(image.adjust_hue(image.adjust_hue(FLOATS, 0.3), 0.7), FLOATS)
    near(image.adjust_saturation(FLOATS, 0.0), np.repeat(FLOATS.max(-1, keepdims=True), 3, -1))
    standard = image.per_image_standardization(FLOATS).numpy()
    near(standard.mean(), 0)
    near(standard.std(), 1)


@pytest.mark.parametrize(("colour", "hsv"), [((1, 0, 0), (0, 1, 1)), ((0, 0, 0.5), (2 / 3, 1, 0.5)),
                                             ((0.5, 0.5, 0.5), (0, 0, 0.5)), ((1, 1, 0), (1 / 6, 1, 1))])
def test_hues(colour, hsv):
    near(tf.image.rgb_to_hsv(np.array(colour, np.float32)[None, None])[0, 0], hsv)


def test_whole_numbers_keep_their_type_and_range():
    brighter = tf.image.adjust_brightness(BYTES, 0.5).numpy()
    assert brighter.dtype == np.uint8 and (brighter >= BYTES).all() and brighter.max() == 255
    floats = tf.image.convert_image_dtype(BYTES, "float32")
    assert (tf.image.convert_image_dtype(floats, "uint8").numpy() == BYTES).all()


def test_sizes_and_turns():
    image = tf.image
    for found, expected in ((image.flip_left_right(BYTES), BYTES[:, ::-1]), (image.flip_up_down(BYTES), BYTES[::-1]),
                            (image.transpose(BYTES), BYTES.swapaxes(0, 1)), (image.rot90(BYTES), np.rot90(BYTES)),
                            (image.central_crop(BYTES, 0.6), BYTES[1:4, 1:5]),
                            (image.crop_to_bounding_box(BYTES, 1, 2, 3, 4), BYTES[1:4, 2:6]),
                            (image.pad_to_bounding_box(BYTES, 1, 0, 6, 6), np.pad(BYTES, ((1, 0), (0, 0), (0, 0))))):
        np.testing.assert_array_equal(found.numpy(), expected)
    assert image.extract_patches(BYTES[None], [1, 2, 2, 1], [1, 2, 2, 1], [1] * 4, "VALID").shape == (1, 2, 3, 12)
    with pytest.raises(ValueError, match=r"extract_patches: sizes must be \[1, rows, columns, 1\]"):
        image.extract_patches(BYTES[None], [2, 2, 2, 1], [1, 1, 1, 1], [1] * 4, "SAME")


def test_random_ones_are_the_plain_ones_with_drawn_numbers():
    seed = (1, 2)
    for name, arguments in (("flip_left_right", ()), ("flip_up_down", ()), ("brightness", (0.3,)),
                            ("contrast", (0.5, 1.5)), ("crop", ((2, 3, 3),))):
        stateless = getattr(tf.image, f"stateless_random_{name}")
        assert stateless(FLOATS, *arguments, seed).tolist() == stateless(FLOATS, *arguments, seed).tolist()
        assert len({str(stateless(FLOATS, *arguments, (i, 0)).tolist()) for i in range(20)}) > 1
    shift = tf.image.random_brightness(FLOATS, 0.3, seed=1).numpy() - FLOATS
    near(shift, np.full(FLOATS.shape, shift.flat[0]))
    assert abs(shift).max() <= 0.3
    crop = tf.image.random_crop(BYTES, (2, 3, 3), seed=1).numpy()
    assert any((BYTES[i:i + 2, j:j + 3] == crop).all() for i in range(4) for j in range(4))


@pytest.mark.parametrize("method", [value for name, value in vars(tf.image.ResizeMethod).items() if name.isupper()])
def test_resize_has_the_types_that_tensorflow_documents(method):
    for picture in (BYTES, FLOATS, FLOATS.astype("float64")):
        resized = tf.image.resize(picture, (3, 4), method)
        assert resized.shape == (3, 4, 3) and resized.dtype == (picture.dtype if method == "nearest" else "float32")
        same = tf.image.resize(picture, (5, 6), method)
        assert same.dtype == picture.dtype
        np.testing.assert_array_equal(same, picture)
    flat = tf.image.resize(np.full((1, 8, 8, 3), 9.0, "float32"), (5, 11), method, antialias=True)
    near(flat, np.full((1, 5, 11, 3), 9.0))


def test_resize_with_pad():
    padded = tf.image.resize_with_pad(np.full((2, 4, 1), 200, "uint8"), 4, 4, method="area")
    assert padded.numpy()[..., 0].tolist() == [[0] * 4, [200] * 4, [200] * 4, [0] * 4]


@pytest.mark.parametrize(("values", "old", "new", "expected"), [
    ([0, 1, 255], "uint8", "uint16", [0, 256, 65280]), ([0, 255, 256, 65535], "uint16", "uint8", [0, 0, 1, 255]),
    ([0, 127], "int8", "uint8", [0, 254]), ([0, 1, 254, 255], "uint8", "int8", [0, 0, 127, 127]),
    ([0, 127, -128], "int8", "int16", [0, 32512, -32768]), ([1], "uint8", "int32", [2**23]),
])
def test_pictures_of_whole_numbers_in_other_whole_numbers(values, old, new, expected):
    """The rule that TensorFlow documents: a power of 2 between the ranges, so that there and back changes nothing."""
    for saturate in (False, True):
        converted = tf.image.convert_image_dtype(np.array(values, old), new, saturate)
        assert converted.dtype == new and converted.tolist() == expected
    assert tf.image.convert_image_dtype(np.array([-3], "int8"), "uint8", saturate=True).tolist() == [0]
