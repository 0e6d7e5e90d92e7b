"""`tinynet predict`: images of any kind, rows of CSV files, models of others."""

import csv
import json
import zipfile

import numpy as np
import pytest

import tinynet as tn
from tinynet import cli, layers
from tinynet.commands.image_files import read_image
from tinynet.commands.predict import probabilities

PIL = pytest.importorskip("PIL.Image")


@pytest.fixture
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def brightness_model(shape=(8, 8, 3), card=None, scaled=True):
    """Three classes: dark, middle, light; the logits are a parabola around each class's brightness."""
    mean = [layers.GlobalAveragePooling2D(keepdims=True), layers.Flatten()] if len(shape) == 3 else [layers.Flatten()]
    model = tn.Sequential([layers.Input(shape), *([layers.Rescaling(1 / 255)] if scaled else []), *mean,
                           layers.Dense(3, name="last")])
    size = model.layers[-1].kernel.shape[0]
    centres = np.array([0, 0.5, 1])
    model.layers[-1].set_weights([np.tile(80 * centres, (size, 1)) / size, -40 * centres**2])
    model.card = card
    return model


CARD = {"inputs": "image", "task": "classification", "outputs": "logits", "class_names": ["dark", "middle", "light"],
        "trained_on": "photos", "largest_pixel": 255}


def save_image(path, level, mode="RGB", size=(30, 20)):
    PIL.new("L", size, level).convert(mode).save(path)


def test_top_three_with_probabilities(work, capsys):
    brightness_model(card=CARD).save("m.keras")
    save_image("a.png", 255)
    save_image("b.jpg", 0)
    assert cli.main(["predict", "m.keras", "a.png", "b.jpg"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == "a.png: light 100.0%, middle 0.0%, dark 0.0%" and second.startswith("b.jpg: dark ")
    assert cli.main(["predict", "m.keras", "a.png", "--top", "1"]) == 0
    assert capsys.readouterr().out == "a.png: light 100.0%\n"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I", "F", "I;16"])
@pytest.mark.parametrize("channels", [1, 3])
def test_images_of_any_kind(mode, channels, work):
    path = work / ("a.tif" if mode in ("CMYK", "F", "I") else "a.png")
    if mode == "I;16":
        PIL.fromarray(np.full((20, 30), 65535, np.uint16)).save(path)
    else:
        save_image(path, 255, mode)
    image = read_image(path, (10, 12), channels)
    assert image.shape == (10, 12, channels) and image.dtype == np.uint8 and (image > 250).all()


def test_images_are_turned_and_stand_on_white(work):
    array = np.zeros((20, 40, 3), np.uint8)
    array[:, 20:] = 255  # light on the right
    exif = PIL.Exif()
    exif[0x0112] = 3  # upside down: turned by 180 degrees it is light on the left
    PIL.fromarray(array).save("turned.png", exif=exif)
    image = read_image(work / "turned.png", (8, 8), 1)[..., 0]
    assert (image[:, :3] > 200).all() and (image[:, 5:] < 50).all()
    PIL.fromarray(np.zeros((9, 9, 4), np.uint8)).save("clear.png")
    assert (read_image(work / "clear.png", (8, 8), 3) == 255).all()


def test_folders_and_damaged_files(work, capsys):
    brightness_model(card=CARD).save("m.keras")
    (work / "photos" / "below").mkdir(parents=True)
    save_image("photos/a.png", 255)
    save_image("photos/below/b.png", 0)
    (work / "photos" / "c.png").write_bytes(b"no image")
    assert cli.main(["predict", "m.keras", "photos", "--out", "found.csv"]) == 1
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 2 and "c.png: cannot be read as an image" in captured.err
    with open("found.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["image", "class 1", "probability 1", "class 2", "probability 2", "class 3", "probability 3"]
    assert [row[1] for row in rows[1:]] == ["light", "dark"] and float(rows[1][2]) > 0.99


def test_a_model_of_others(work, capsys):
    brightness_model((8, 8), scaled=False).save("m.keras")
    save_image("a.png", 250)
    assert cli.main(["predict", "m.keras", "a.png"]) == 0
    assert capsys.readouterr().out.startswith("a.png: class 2 ")
    assert cli.main(["predict", "m.keras", "a.png", "--names", "x, y, z", "--invert"]) == 0
    assert capsys.readouterr().out.startswith("a.png: x ")
    assert cli.main(["predict", "m.keras", "a.png", "--names", "x,y"]) == 2
    assert "2 names of classes, but the model has 3" in capsys.readouterr().err
    brightness_model((8, 8)).save("scaled.keras")  # it has a Rescaling: it takes 0..255
    assert cli.main(["predict", "scaled.keras", "a.png"]) == 0
    assert capsys.readouterr().out.startswith("a.png: class 2 ")
    assert cli.main(["predict", "scaled.keras", "a.png", "--largest-pixel", "1"]) == 0
    assert capsys.readouterr().out.startswith("a.png: class 0 ")


def test_dark_on_light_is_noticed(work, capsys):
    brightness_model((8, 8), {**CARD, "largest_pixel": 1, "is_light_on_dark": True}, scaled=False).save("m.keras")
    save_image("a.png", 255)
    assert cli.main(["predict", "m.keras", "a.png"]) == 0
    assert "try --invert" in capsys.readouterr().err
    assert cli.main(["predict", "m.keras", "a.png", "--invert"]) == 0
    captured = capsys.readouterr()
    assert captured.err == "" and captured.out.startswith("a.png: dark ")


def test_models_that_take_no_images(work, capsys):
    tn.Sequential([layers.Input((4,)), layers.Dense(2)]).save("m.keras")
    save_image("a.png", 0)
    assert cli.main(["predict", "m.keras", "a.png"]) == 2
    assert "the model takes inputs (None, 4)" in capsys.readouterr().err


@pytest.mark.parametrize("card", [
    {"class_names": "ab"}, {"class_names": [1, 2]}, {"largest_pixel": "x"}, {"largest_pixel": 0},
    {"columns": [1]}, {"columns": [{"name": "a"}]}, {"inputs": "table", "columns": "abc"},
])
def test_hostile_cards(card, work, capsys):
    brightness_model(card=card).save("m.keras")
    save_image("a.png", 0)
    assert cli.main(["predict", "m.keras", "a.png"]) == 2
    error = capsys.readouterr().err
    assert "the card in its metadata.json is not one of tinynet's" in error and error.count("\n") == 1


def test_a_card_that_is_no_dict(work, capsys):
    brightness_model(card=CARD).save("m.keras")
    with zipfile.ZipFile("m.keras") as old, zipfile.ZipFile("n.keras", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "metadata.json":
                content = json.dumps({**json.loads(content), "card": [1]})
            new.writestr(name, content)
    save_image("a.png", 0)
    assert cli.main(["predict", "n.keras", "a.png"]) == 2
    assert "the card must be a dict" in capsys.readouterr().err


def test_names_cannot_steer_the_terminal(work, capsys):
    brightness_model(card={**CARD, "class_names": ["a\x1b[2J", "b\n", "c"]}).save("m.keras")
    save_image("a.png", 0)
    assert cli.main(["predict", "m.keras", "a.png"]) == 0
    text = capsys.readouterr().out
    assert "\x1b" not in text and text.count("\n") == 1


@pytest.mark.parametrize("format", [None, "keras"])
def test_the_card_is_kept(format, work):
    if format:
        pytest.importorskip("h5py")
    brightness_model(card=CARD).save("m.keras", format=format)
    model = tn.models.load_model("m.keras")
    assert model.card == CARD
    model.save("again.keras")
    assert tn.models.load_model("again.keras").card == CARD
    model.card = None
    model.save("without.keras")
    assert tn.models.load_model("without.keras").card is None


def test_probabilities():
    logits = np.array([[0.0, np.log(3)], [1000.0, 0.0]])
    np.testing.assert_allclose(probabilities(logits, {}), [[0.25, 0.75], [1, 0]])
    np.testing.assert_allclose(probabilities(np.array([[0.2, 0.8]]), {}), [[0.2, 0.8]])
    np.testing.assert_allclose(probabilities(np.array([[0.2, 0.8]]), {"outputs": "logits"})[0, 0],
                               1 / (1 + np.exp(0.6)))
    np.testing.assert_allclose(probabilities(np.array([[0.3]]), {}), [[0.7, 0.3]])
    np.testing.assert_allclose(probabilities(np.array([[0.0]]), {"outputs": "logits"}), [[0.5, 0.5]])


def write_table(path, lines):
    path.write_text("\n".join(["size,colour,kind", *lines]), encoding="utf-8")


@pytest.fixture
def table_model(work, capsys):
    write_table(work / "t.csv", [f"{i % 7 + 10 * (i % 2)},{'red' if i % 2 else 'blue'},{'big' if i % 2 else 'small'}"
                                 for i in range(80)])
    assert cli.main(["train", "t.csv", "--epochs", "20", "--save", "t.keras"]) == 0
    capsys.readouterr()
    return work


def test_rows(table_model, capsys):
    write_table(table_model / "new.csv", ["15,red,big", ",blue,small", "2,green,small"])  # a gap, an unknown word
    assert cli.main(["predict", "t.keras", "new.csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("row 1: big ") and lines[1].startswith("row 2: small") and len(lines) == 4
    assert lines[3].endswith("of the rows have this in their column kind")


def test_rows_without_the_target_into_a_file(table_model, capsys):
    (table_model / "new.csv").write_text("colour,extra,size\nred,1,15\nblue,2,1\n")
    assert cli.main(["predict", "t.keras", "new.csv", "--out", "out.csv"]) == 0
    assert capsys.readouterr().out == "2 rows written to out.csv\n"
    with open("out.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["colour", "extra", "size", "predicted kind", "probability"]
    assert [row[3] for row in rows[1:]] == ["big", "small"]


@pytest.mark.parametrize(("content", "message"), [
    ("size,kind\n1,big\n", "no column 'colour', which the model was trained with; there are size, kind"),
    ("size,colour\n1,red\nlarge,red\n", "column 'size' has 'large' in row 2, expected a number"),
])
def test_rows_that_do_not_fit(content, message, table_model, capsys):
    (table_model / "new.csv").write_text(content)
    assert cli.main(["predict", "t.keras", "new.csv"]) == 2
    assert message in capsys.readouterr().err


def test_options_that_do_not_fit(table_model, capsys):
    assert cli.main(["predict", "t.keras", "t.csv", "t.csv"]) == 2
    assert cli.main(["predict", "t.keras", "t.csv", "--invert"]) == 2
    assert cli.main(["predict", "nowhere.keras", "t.csv"]) == 2
    assert capsys.readouterr().err.count("\n") == 3


def test_a_damaged_model(work, capsys):
    (work / "m.keras").write_bytes(b"PK nothing")
    save_image("a.png", 0)
    assert cli.main(["predict", "m.keras", "a.png"]) == 2
    assert "m.keras" in capsys.readouterr().err
