"""`tinynet augment` and the gallery."""

from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest

from tinynet import augment, cli
from tinynet.core.errors import DataError

pytest.importorskip("PIL")


@pytest.fixture
def folder(tmp_path):
    from tinynet.augment.command import write_image

    rng = np.random.default_rng(0)
    (tmp_path / "in").mkdir()
    for name, channels in (("a", 3), ("b", 1)):
        coarse = rng.uniform(0, 255, (4, 4, channels))
        write_image(tmp_path / "in" / f"{name}.png", np.rint(augment.resize(coarse, 24, 20)).astype(np.uint8))
    return tmp_path


def read(path):
    from tinynet.augment.command import read_image

    return read_image(path)


def test_operations_copies_and_seed(folder, capsys):
    arguments = ["augment", str(folder / "in"), "--op", "rotate:angle=-30..30,fill_mode=wrap",
                 "--op", "horizontal_flip", "--copies", "2", "--out"]
    for out in ("first", "again"):
        assert cli.main([*arguments, str(folder / out)]) == 0
    assert capsys.readouterr().out == "".join(f"4 images written to {folder / out}\n" for out in ("first", "again"))
    names = sorted(path.name for path in (folder / "first").iterdir())
    assert names == ["a-0.png", "a-1.png", "b-0.png", "b-1.png"]
    for name in names:
        assert (folder / "first" / name).read_bytes() == (folder / "again" / name).read_bytes()
    assert read(folder / "first/a-0.png").shape == (24, 20, 3) and read(folder / "first/b-0.png").shape == (24, 20, 1)
    assert np.any(read(folder / "first/a-0.png") != read(folder / "first/a-1.png"))


def test_one_image_is_flipped_and_the_source_stays(folder):
    source = folder / "in" / "a.png"
    before = source.read_bytes()
    assert cli.main(["augment", str(source), "--op", "vertical_flip", "--out", str(folder / "in")]) == 0
    np.testing.assert_array_equal(read(folder / "in" / "a-0.png"), read(source)[::-1])
    assert source.read_bytes() == before


def test_class_folders(folder):
    from tinynet.augment.command import write_image

    for number, name in enumerate(("cats/young", "dogs", ".hidden", "empty")):
        (folder / "in" / name).mkdir(parents=True)
        if name != "empty":
            write_image(folder / "in" / name / "a.png", np.full((3, 3, 1), number, np.uint8))
    out = folder / "in" / "out"  # within the source: its images are results of the run before
    for _ in range(2):
        assert cli.main(["augment", str(folder / "in"), "--op", "invert", "--out", str(out)]) == 0
        found = sorted(str(path.relative_to(out)) for path in out.rglob("*.png"))
        assert found == ["a-0.png", "b-0.png", "cats/young/a-0.png", "dogs/a-0.png"]
    assert read(out / "dogs" / "a-0.png")[0, 0, 0] == 254 and read(out / "cats/young/a-0.png")[0, 0, 0] == 255


def test_photos_stand_as_they_were_held(tmp_path):
    from PIL import Image

    rng = np.random.default_rng(0)
    picture = Image.fromarray(np.rint(augment.resize(rng.uniform(0, 255, (4, 4, 3)), 24, 16)).astype(np.uint8))
    notes = picture.getexif()
    notes[0x0112] = 6  # the orientation: the camera was turned by a quarter
    picture.save(tmp_path / "a.png", exif=notes)
    np.testing.assert_array_equal(read(tmp_path / "a.png"), augment.rotate90(np.asarray(picture), -1))


def test_sixteen_bits_become_eight(tmp_path):
    from PIL import Image

    levels = np.arange(0, 65536, 257, dtype=np.uint16).reshape(16, 16)
    Image.fromarray(levels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read(tmp_path / "a.png")[..., 0], np.arange(256).reshape(16, 16))
    Image.fromarray(levels.astype(np.float32)).save(tmp_path / "b.tif")
    with pytest.raises(DataError, match="b.tif has 32-bit pixels"):
        read(tmp_path / "b.tif")


def test_captions_name_all_that_shapes_the_picture():
    from tinynet.augment.gallery import describe

    assert describe("median_blur", {}) == "size 3"
    assert describe("rotate", {"angle": 12.34567}) == "angle 12.3"
    assert describe("rain", {"angle": 90.0}) == "amount 0.02\nlength 9\nangle 90"
    assert describe("random_resized_crop", {}) == "area 0.5 to 1\nratio 0.75 to 1.33"
    assert describe("affine", {"angle": 3.0}).split("\n")[0] == "angle 3, shift_x 0"


@pytest.mark.parametrize("channels", [1, 3])
def test_gallery_shows_every_transform(channels):
    pytest.importorskip("matplotlib")
    image = np.random.default_rng(0).integers(0, 256, (20, 16, channels), np.uint8)
    figure = augment.gallery(image, image[::-1], ("cat", "dog"))
    titles = {axis.get_title() for panel in figure.subfigs for axis in panel.axes}
    wanted = set(augment.TRANSFORMS) | set(augment.MASKS)
    if channels == 1:
        wanted -= {"hue_saturation", "color", "grayscale", "iso_noise", "rgb_shift"}
    assert wanted <= titles
    bars = [inset for panel in figure.subfigs for axis in panel.axes for inset in axis.child_axes]
    assert len(bars) == len(augment.MASKS)
    for inset in bars:
        assert sum(patch.get_width() for patch in inset.patches) == pytest.approx(1)


def test_gallery_is_written(folder, capsys):
    pytest.importorskip("matplotlib")
    assert cli.main(["augment", str(folder / "in"), "--gallery", "--out", str(folder / "out")]) == 0
    assert read(folder / "out" / "gallery.png").shape[0] > 1000
    assert [path.name for path in (folder / "out").iterdir()] == ["gallery.png"]


def test_the_gallery_of_a_photo_is_drawn_small(folder, monkeypatch):
    from tinynet.augment import command

    gallery = import_module("tinynet.augment.gallery")  # the package's name is the function
    command.write_image(folder / "photo.png", np.zeros((300, 900, 1), np.uint8))
    shapes = []
    monkeypatch.setattr(gallery, "gallery", lambda image, other, *rest: shapes.extend([image.shape, other.shape])
                        or SimpleNamespace(savefig=lambda *target, **options: None))
    command.write_gallery([folder / "photo.png", folder / "in/a.png"], folder / "sheet.png", 0)
    assert shapes == [(85, 256, 1), (85, 256, 1)]
    image = read(folder / "in/a.png")
    np.testing.assert_array_equal(command.shrunk(image, 256), image)


@pytest.mark.parametrize(("arguments", "code", "message"), [
    (["{}", "--out", "{}/o"], 2, "nothing to do"),
    (["{}", "--op", "sepia", "--out", "{}/o"], 2, "unknown transform 'sepia'"),
    (["{}", "--op", "rotate:angel=3", "--out", "{}/o"], 2, "rotate has no parameter 'angel'"),
    (["{}", "--op", "rotate:30", "--out", "{}/o"], 2, "'30' in 'rotate:30' is not name=value"),
    (["{}", "--op", "rotate:angle=fast", "--out", "{}/o"], 2, "rotate: angle must be a number, or a range low..high"),
    (["{}", "--op", "rotate:angle=1..", "--out", "{}/o"], 2, "rotate: angle must be a number, or a range low..high"),
    (["{}", "--op", "rotate:angle=nan", "--out", "{}/o"], 2, "rotate: angle must be a number, or a range low..high"),
    (["{}", "--op", "fog:seed=3", "--out", "{}/o"], 2, "seed is no parameter here"),
    (["{}", "--op", "fog:value_range=0..1", "--out", "{}/o"], 2, "value_range is no parameter here"),
    (["{}/none", "--op", "invert", "--out", "{}/o"], 2, "does not exist"),
    (["{}", "--op", "invert", "--out", "{}/in"], 2, "no images in"),
    (["{}/in/text.png", "--op", "invert", "--out", "{}/o"], 2, "cannot be read as an image"),
    (["{}/in", "--op", "invert"], 2, "--out"),
])
def test_errors_are_one_line(folder, capsys, arguments, code, message):
    (folder / "in" / "text.png").write_text("no image")
    assert cli.main(["augment", *(text.format(folder) for text in arguments)]) == code
    captured = capsys.readouterr()
    assert message in captured.err and captured.err.count("\n") == 1


def test_missing_extras_are_named(folder, monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    assert cli.main(["augment", str(folder / "in"), "--op", "invert", "--out", str(folder / "o")]) == 1
    assert 'pip install "tinynet-learn[image]"' in capsys.readouterr().err
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"tinynet-learn\[plot\]"):
        augment.gallery(np.zeros((8, 8, 1), np.uint8))
