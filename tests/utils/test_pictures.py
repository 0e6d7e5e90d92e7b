"""Pictures of every kind: what a file holds becomes an array of the same channels and greys, or an error names it."""

import io
import struct
import zlib

import numpy as np
import pytest

import tinynet as tn
from tinynet.core.errors import DataError, PictureError
from tinynet.preprocessing.image import ImageDataGenerator
from tinynet.utils import array_to_img, image_dataset_from_directory, images, img_to_array, load_img, save_img
from tinynet.utils.pictures import crop_to_aspect_ratio, decode_image, resize, resize_with_pad

Image = pytest.importorskip("PIL.Image")
RNG = np.random.default_rng(0)
GREYS = RNG.integers(0, 65536, (5, 4)).astype(np.uint16)


def encoded(picture, file_format="PNG", **options):
    file = io.BytesIO()
    picture.save(file, file_format, **options)
    return file.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour, rows, *others):
    """The bytes of a PNG file; `rows` are the bytes of each row."""
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
            + b"".join(others) + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
            + chunk(b"IEND", b""))


# -- 16 bits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [encoded(Image.fromarray(GREYS)), encoded(Image.fromarray(GREYS), "TIFF")],
                         ids=["png", "tiff"])
def test_sixteen_bit_greys(data):
    for channels in (0, 1, 3):
        many = max(channels, 1)
        decoded = decode_image(data, channels)
        assert decoded.dtype == np.uint8 and decoded.shape == (5, 4, many)
        np.testing.assert_array_equal(decoded.data, np.repeat(GREYS[..., None] >> 8, many, -1))
        wide = decode_image(data, channels, "uint16")
        assert wide.dtype == np.uint16
        np.testing.assert_array_equal(wide.data, np.repeat(GREYS[..., None], many, -1))
        shares = decode_image(data, channels, "float32")
        np.testing.assert_allclose(shares.data, np.repeat(GREYS[..., None] / 65535, many, -1), rtol=1e-6)
    with_opacity = decode_image(data, 4, "uint16").data
    np.testing.assert_array_equal(with_opacity[..., 2], GREYS)
    assert (with_opacity[..., 3] == 65535).all()


def test_sixteen_bit_colours():
    colours = RNG.integers(0, 65536, (3, 2, 3)).astype(">u2")
    data = png(2, 3, 16, 2, [row.tobytes() for row in colours])
    np.testing.assert_array_equal(decode_image(data).data, colours >> 8)
    np.testing.assert_allclose(decode_image(data, dtype="float32").data, colours / 65535, atol=1 / 255)
    with pytest.raises(PictureError, match="here.png: the picture has 16-bit colours"):
        decode_image(data, dtype="uint16", where="here.png")


def test_eight_bits_as_other_types():
    data = encoded(Image.fromarray(np.array([[0, 1, 255]], np.uint8)))
    assert decode_image(data, dtype="uint16").data.ravel().tolist() == [0, 257, 65535]
    assert decode_image(data, dtype="float64").data.ravel().tolist() == [0, 1 / 255, 1]
    with pytest.raises(ValueError, match="dtype must be uint8, uint16 or a floating point type, got int32"):
        decode_image(data, dtype="int32")
    with pytest.raises(ValueError, match="channels must be 0, 1, 2, 3 or 4, got 5"):
        decode_image(data, 5)


def test_sixteen_bits_from_files(tmp_path):
    (tmp_path / "a").mkdir()
    path = tmp_path / "a" / "deep.png"
    path.write_bytes(encoded(Image.fromarray(GREYS)))
    for mode, channels in (("rgb", 3), ("rgba", 4)):
        array = img_to_array(load_img(path, mode))
        np.testing.assert_array_equal(array[..., :3], np.repeat(GREYS[..., None] >> 8, 3, -1))
        assert array.shape == (5, 4, channels)
    np.testing.assert_array_equal(img_to_array(load_img(path, "grayscale"))[..., 0], GREYS)  # as in Keras
    for mode in ("rgb", "grayscale"):
        batch, _ = next(iter(image_dataset_from_directory(tmp_path, color_mode=mode, image_size=(5, 4), verbose=False)))
        np.testing.assert_array_equal(batch.data[0, ..., 0], GREYS >> 8)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "hamming", "box", "lanczos"])
def test_sixteen_bits_are_written_and_resized(tmp_path, interpolation):
    path = tmp_path / "deep.png"
    save_img(path, GREYS[..., None], scale=False)
    np.testing.assert_array_equal(img_to_array(load_img(path, "grayscale"))[..., 0], GREYS)
    flat = np.full((6, 6, 1), 40000.0)
    save_img(path, flat, scale=False)
    for aspect in (False, True):
        small = load_img(path, "grayscale", (3, 4), interpolation, keep_aspect_ratio=aspect)
        np.testing.assert_allclose(img_to_array(small), 40000, atol=1)
    assert array_to_img(np.full((2, 2, 1), 70000.0), scale=False).mode == "I"


def test_thirty_two_bits_are_refused_by_name(tmp_path):
    for array in (GREYS.astype(np.int32), GREYS.astype(np.float32)):
        path = tmp_path / "numbers.tif"
        Image.fromarray(array).save(path)
        with pytest.raises(PictureError, match=r"numbers.tif: the pixels are 32-bit numbers \(mode [IF]\)"):
            load_img(path)
        with pytest.raises(PictureError, match="32-bit numbers"):
            decode_image(path.read_bytes())
    Image.fromarray(GREYS.astype(np.int32)).save(path)
    np.testing.assert_array_equal(img_to_array(load_img(path, "grayscale"))[..., 0], GREYS)


# -- the file's own channels -------------------------------------------------------------------------------------------


def indexed(transparent):
    picture = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8)).convert("P")
    picture.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    return encoded(picture, **({"transparency": b"\xff\x00\x80"} if transparent else {}))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("data", "expected"), [
    (png(3, 1, 1, 0, [b"\xa0"]), [[255], [0], [255]]),
    (png(2, 1, 2, 0, [b"\x60"]), [[85], [170]]),
    (png(2, 1, 4, 0, [b"\xf1"]), [[255], [17]]),
    (png(1, 1, 8, 4, [b"\x09\x07"]), [[9, 7]]),
    (png(1, 1, 8, 2, [b"\x01\x02\x03"]), [[1, 2, 3]]),
    (png(1, 1, 8, 6, [b"\x01\x02\x03\x04"]), [[1, 2, 3, 4]]),
    (indexed(False), [[255, 0, 0], [0, 255, 0], [0, 0, 255], [0, 255, 0]]),
    (indexed(True), [[255, 0, 0, 255], [0, 255, 0, 0], [0, 0, 255, 128], [0, 255, 0, 0]]),
    (encoded(Image.new("CMYK", (1, 1), (0, 255, 255, 0)), "TIFF"), [[255, 0, 0]]),
], ids=["1 bit", "2 bits", "4 bits", "grey+alpha", "rgb", "rgba", "palette", "palette+alpha", "cmyk"])
def test_channels_of_the_file(data, expected):
    decoded = decode_image(data).data
    assert decoded.dtype == np.uint8
    assert decoded.reshape(-1, decoded.shape[-1]).tolist() == expected
    for channels in (1, 2, 3, 4):
        asked = decode_image(data, channels).data
        assert asked.shape == (*decoded.shape[:2], channels)
        if decoded.shape[-1] in (1, 3) and channels in (2, 4):
            assert (asked[..., -1] == 255).all()


# -- animations --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hidden", [False, True], ids=["still is first frame", "still is no frame"])
@pytest.mark.parametrize("blend", [0, 1])
@pytest.mark.parametrize("disposal", [0, 1, 2])
@pytest.mark.parametrize(("colour", "depth"), [(0, 1), (0, 8), (0, 16), (2, 8), (3, 8), (4, 8), (6, 8), (6, 16)])
def test_an_animated_png_is_its_still_picture(colour, depth, disposal, blend, hidden):
    def frame(number, sequence):
        size = (5, 6) if number == 0 else (2, 3)
        return chunk(b"fcTL", struct.pack(">IIIIIHHBB", sequence, *size, 0, 0, 1, 10, disposal, blend))

    length = -(-5 * depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour] // 8)
    rows = [RNG.integers(0, 4, length, np.uint8).tobytes() for _ in range(6)]
    palette = [chunk(b"PLTE", bytes(range(12))), chunk(b"tRNS", b"\x00\x80")] * (colour == 3)
    still = png(5, 6, depth, colour, rows, *palette)
    animation = chunk(b"acTL", struct.pack(">II", 2, 0)) + (b"" if hidden else frame(0, 0))
    later = frame(1 if not hidden else 0, 1) + chunk(b"fdAT", b"\0\0\0\2" + zlib.compress(b"\0" * (length + 1) * 6))
    start, end = still.index(b"IDAT") - 4, len(still) - 12
    animated = still[:start] + animation + still[start:end] + later + still[end:]
    assert Image.open(io.BytesIO(animated)).is_animated
    for channels in (0, 1, 3, 4):
        np.testing.assert_array_equal(decode_image(animated, channels).data, decode_image(still, channels).data)


def test_animated_gif():
    greys = [np.full((4, 3), value, np.uint8) for value in (10, 200, 90)]
    frames = [Image.fromarray(grey) for grey in greys]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    decoded = decode_image(data)
    assert decoded.shape == (3, 4, 3, 3) and decoded.data[:, 0, 0, 0].tolist() == [10, 200, 90]
    assert decode_image(encoded(frames[0], "GIF")).shape == (1, 4, 3, 3)  # as TensorFlow's
    first = decode_image(data, 3, expand_animations=False)
    assert first.shape == (4, 3, 3) and (first.data == 10).all()
    with pytest.raises(PictureError, match="2 pictures' pixels take 72 bytes, more than the 60 allowed"):
        decode_image(data, max_bytes=60)


# -- proportions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("height", "width", "size"), [(7, 5, (4, 4)), (5, 7, (4, 4)), (9, 4, (3, 5)), (3, 11, (7, 2)),
                                                       (1, 9, (5, 1)), (6, 6, (3, 3))])
def test_crop_and_pad_in_proportion(height, width, size):
    picture = RNG.uniform(1, 255, (height, width, 2)).astype(np.float32)
    rows, columns = min(height, width * size[0] // size[1]), min(width, height * size[1] // size[0])
    rows, columns = max(rows, 1), max(columns, 1)
    top, left = (height - rows) // 2, (width - columns) // 2
    np.testing.assert_array_equal(crop_to_aspect_ratio(picture, *size).data,
                                  picture[top:top + rows, left:left + columns])
    padded = resize_with_pad(picture, *size, "nearest").data
    assert padded.shape == (*size, 2)
    inside = padded.any(-1)  # a full rectangle in the middle, which touches two opposite sides
    filled = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    assert inside[np.ix_(*filled)].all() and (len(filled[0]) == size[0] or len(filled[1]) == size[1])
    for positions, length in zip(filled, size, strict=True):
        # TensorFlow rounds down both the picture's size and the border before it: one pixel each.
        assert 0 <= length - 1 - positions[-1] - positions[0] <= 2
    smooth = resize_with_pad(picture, *size).data  # zeros around it do not darken the picture
    assert ((smooth == 0) | (smooth >= picture.min() - 1e-3)).all()


def test_folders_keep_proportions(tmp_path):
    Image.fromarray(np.full((4, 8), 200, np.uint8)).save(tmp_path / "wide.png")

    def one(**options):
        return next(iter(image_dataset_from_directory(tmp_path, labels=None, image_size=(4, 4), verbose=False,
                                                      color_mode="grayscale", **options))).data[0, ..., 0]

    assert (one(crop_to_aspect_ratio=True) == 200).all()
    np.testing.assert_array_equal(one(pad_to_aspect_ratio=True), [[0] * 4, [200] * 4, [200] * 4, [0] * 4])
    assert (one(interpolation="bicubic").round(3) == 200).all()
    with pytest.raises(ValueError, match="only one of"):
        one(crop_to_aspect_ratio=True, pad_to_aspect_ratio=True)


def test_methods_of_resize():
    picture = RNG.uniform(0, 1, (6, 5, 2)).astype(np.float32)
    for method in ("bicubic", "lanczos3", "lanczos5"):
        expected = tn.ops.image.resize(picture, (3, 7), method, data_format="channels_last")
        np.testing.assert_array_equal(resize(picture, (3, 7), method).data, expected.data)
    with pytest.raises(ValueError, match="method must be one of nearest, bilinear"):
        resize(picture, (2, 2), "cubic")


def by_definition(row, new, kernel, radius, antialias):
    """A row of pixels resized with a kernel, pixel by pixel, from 0 where the picture ends."""
    scale = len(row) / new
    stretch = max(scale, 1) if antialias else 1
    result = []
    for i in range(new):
        centre = (i + 0.5) * scale
        weights = {k: kernel(abs(k + 0.5 - centre) / stretch) for k in range(len(row))
                   if abs(k + 0.5 - centre) / stretch < radius}
        result.append(sum(weight * row[k] for k, weight in weights.items()) / sum(weights.values()))
    return result


def mitchell(t, b=1 / 3, c=1 / 3):
    """The paper's formula, with its two parameters."""
    if t < 1:
        return ((12 - 9 * b - 6 * c) * t**3 + (-18 + 12 * b + 6 * c) * t**2 + 6 - 2 * b) / 6
    return ((-b - 6 * c) * t**3 + (6 * b + 30 * c) * t**2 + (-12 * b - 48 * c) * t + 8 * b + 24 * c) / 6


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("new", [1, 3, 7, 11])
@pytest.mark.parametrize(("method", "kernel", "radius"), [
    ("bilinear", lambda t: 1 - t, 1), ("gaussian", lambda t: np.exp(-t * t / (2 * 0.5**2)), 1.5),
    ("mitchellcubic", mitchell, 2),
])
def test_kernels_of_resize(method, kernel, radius, new, antialias):
    row = RNG.uniform(0, 1, 7)
    expected = by_definition(row, new, kernel, radius, antialias)
    np.testing.assert_allclose(resize(row[None, :, None], (1, new), method, antialias=antialias).data[0, :, 0],
                               expected, rtol=1e-12)
    np.testing.assert_allclose(resize(row[:, None, None], (new, 1), method, antialias=antialias).data[:, 0, 0],
                               expected, rtol=1e-12)


def test_area_is_the_mean_of_what_a_pixel_covers():
    picture = RNG.uniform(0, 1, (6, 4, 2))
    np.testing.assert_allclose(resize(picture, (2, 2), "area").data,
                               picture.reshape(2, 3, 2, 2, 2).mean((1, 3)), rtol=1e-12)
    np.testing.assert_allclose(resize([[[3.0], [6.0], [9.0]]], (1, 2), "area").data.ravel(), [4, 8], rtol=1e-6)
    np.testing.assert_array_equal(resize(picture, (12, 8), "area").data, picture.repeat(2, 0).repeat(2, 1))


# -- files that are no pictures ----------------------------------------------------------------------------------------

GOOD = encoded(Image.fromarray(RNG.integers(0, 256, (40, 30, 3)).astype(np.uint8)))
BAD = {
    "empty": b"", "text": b"hello", "cut": GOOD[: len(GOOD) // 2], "header": GOOD[:20], "signature": GOOD[:8],
    "no pixels": png(2, 2, 8, 0, []), "no width": png(0, 2, 8, 0, [b""]), "colour type": png(2, 2, 8, 7, [b"ab"] * 2),
    "checksum": GOOD[:40] + bytes([GOOD[40] ^ 255]) + GOOD[41:], "bomb": png(60000, 60000, 8, 0, [b""]),
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_picture_is_named(tmp_path, kind):
    from tinynet.augment.command import read_image

    (tmp_path / "cats").mkdir()
    path = tmp_path / "cats" / "bad one.png"
    path.write_bytes(BAD[kind])
    readers = [lambda: load_img(path), lambda: list(image_dataset_from_directory(tmp_path, verbose=False)),
               lambda: next(ImageDataGenerator().flow_from_directory(tmp_path)), lambda: read_image(path)]
    for reader in readers:
        with pytest.raises(DataError, match="bad one.png"):
            reader()


def test_a_picture_that_takes_just_what_is_allowed():
    images.check_pixels(10, 1, "a picture's", max_bytes=10)
    with pytest.raises(PictureError, match="a picture's pixels take 11 bytes, more than the 10 allowed"):
        images.check_pixels(11, 1, "a picture's", max_bytes=10)
    images.check_pixels(1 << 30, 1, "a picture's")
    with pytest.raises(PictureError):
        images.check_pixels((1 << 30) + 1, 1, "a picture's")
