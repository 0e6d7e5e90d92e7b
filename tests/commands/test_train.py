"""`tinynet train` on MNIST, CIFAR-10, folders of images and CSV files."""

import re
import sys

import numpy as np
import pytest

from tinynet import cli
from tinynet.commands import training_data
from tinynet.commands.image_files import list_folder
from tinynet.core.errors import DatasetNotFoundError
from tinynet.datasets import cifar10, mnist
from tinynet.models import load_model

PIL = pytest.importorskip("PIL.Image")


@pytest.fixture
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_images(folder, counts, size=(20, 24), seed=0):
    """Images of one brightness a class, so that a few epochs separate them."""
    rng = np.random.default_rng(seed)
    for number, (name, count) in enumerate(counts.items()):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            image = rng.integers(0, 40, (*size, 3)) + 200 * number // max(len(counts) - 1, 1)
            PIL.fromarray(image.astype(np.uint8)).save(folder / name / f"{i}.{('png', 'jpg', 'bmp')[i % 3]}")


def small(shape, seed=0, classes=10):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, shape[0])
    return (labels.reshape(-1, *[1] * (len(shape) - 1)) * 20 + rng.integers(0, 40, shape)).astype(np.uint8), labels


def test_mnist(work, monkeypatch, capsys):
    monkeypatch.setattr(mnist, "load_data", lambda: (small((400, 28, 28)), small((80, 28, 28), 1)))
    assert cli.main(["train", "mnist", "--epochs", "2", "--save", "m.keras"]) == 0
    text = capsys.readouterr().out
    assert "MNIST: 400 + 80 images" in text and "test accuracy" in text and 'Model: "dnn"' in text
    card = load_model("m.keras").card
    assert card["class_names"] == list("0123456789") and card["largest_pixel"] == 1 and card["trained_on"] == "MNIST"


@pytest.mark.parametrize("model", ["dnn", "cnn", "vgg"])
def test_cifar10(model, work, monkeypatch, capsys):
    def data():
        x, y = small((120, 32, 32, 3))
        return (x, y[:, None].astype(np.uint8)), (x[:40], y[:40, None].astype(np.uint8))

    monkeypatch.setattr(cifar10, "load_data", data)
    assert cli.main(["train", "cifar10", "--model", model, "--epochs", "1", "--save", "c.keras"]) == 0
    assert "CIFAR-10: 120 + 40 images" in capsys.readouterr().out
    model = load_model("c.keras")
    assert model.layers[0].name == "pixels" and model.output_shape == (None, 10)  # it takes pixels as they are
    assert model.card["class_names"] == list(cifar10.CLASS_NAMES) and model.card["largest_pixel"] == 255


def test_a_data_set_that_is_not_here(work, monkeypatch, capsys):
    def nothing():
        raise DatasetNotFoundError("cifar10: Tried:\n  - a mirror")

    monkeypatch.setattr(cifar10, "load_data", nothing)
    assert cli.main(["train", "cifar10"]) == 2
    assert capsys.readouterr().err == "tinynet: cifar10: Tried:\n  - a mirror\n"  # a list keeps its lines


def test_a_folder_of_images(work, capsys):
    write_images(work / "photos", {"dark": 30, "밝음": 30})
    assert cli.main(["train", "photos", "--epochs", "8", "--batch-size", "8", "--image-size", "16x24",
                     "--save", "p.keras"]) == 0
    text = capsys.readouterr().out
    assert "photos: 60 images of 2 classes; 12 of them, drawn at random from each class" in text
    assert "밝음" in text and float(re.search(r"test accuracy: (\S+)", text)[1]) > 0.9
    assert "val_accuracy" in text
    model = load_model("p.keras")
    assert model.input_shape == (None, 16, 24, 3) and model.card["class_names"] == ["dark", "밝음"]


def test_folders_for_training_and_testing(work, capsys):
    write_images(work / "photos" / "Train", {"a": 8, "b": 8})
    write_images(work / "photos" / "val", {"a": 3, "b": 2}, seed=1)
    assert cli.main(["train", "photos", "--epochs", "1", "--model", "dnn"]) == 0
    assert "21 images of 2 classes; 5 images in val to test on" in capsys.readouterr().out


def test_the_split_takes_each_class_and_each_image_once(work):
    write_images(work / "photos", {"few": 2, "many": 21})
    found = list_folder(work / "photos", 0.2, seed=3)
    test = [label for _, label in found.test]
    assert sorted(test) == [0] + [1] * 5
    assert len({path for path, _ in found.train + found.test}) == 23
    assert {path.parent.name for path, label in found.train if label == 1} == {"many"}
    assert list_folder(work / "photos", 0.2, seed=3).train == found.train
    assert list_folder(work / "photos", 0.2, seed=4).train != found.train


@pytest.mark.parametrize(("counts", "message"), [
    ({}, "found 0: none"),
    ({"one": 3}, "found 1: one"),
    ({"one": 3, "two": 1}, "two has a single image"),
])
def test_folders_that_cannot_be_trained_on(counts, message, work, capsys):
    (work / "photos").mkdir()
    write_images(work / "photos", counts)
    assert cli.main(["train", "photos"]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_a_damaged_image_is_named(work, capsys):
    write_images(work / "photos", {"a": 4, "b": 4})
    (work / "photos" / "a" / "broken.png").write_bytes(b"no image")
    assert cli.main(["train", "photos"]) == 2
    assert "broken.png: cannot be read as an image" in capsys.readouterr().err


def test_too_many_images_for_the_memory(work, monkeypatch, capsys):
    write_images(work / "photos", {"a": 4, "b": 4})
    monkeypatch.setattr("tinynet.commands.image_files.MOST_BYTES", 50_000)
    assert cli.main(["train", "photos"]) == 2
    assert "choose a smaller --image-size" in capsys.readouterr().err


def write_houses(path, rows=300, separator=",", encoding="utf-8"):
    rng = np.random.default_rng(0)
    lines = [["id", "면적", "district", "constant", "price"]]
    for i in range(rows):
        area, district = int(rng.integers(30, 120)), i % 3
        price = 100 + 3 * area + 40 * district + rng.normal() * 3
        lines.append([f"house {i}", "" if i % 50 == 7 else str(area), ("north", "south", "port")[district], "x",
                      f"{price:.2f}".replace(".", "," if separator == ";" else ".")])
    path.write_text("\n".join(separator.join(line) for line in lines) + "\n", encoding=encoding)


@pytest.mark.parametrize(("separator", "encoding"), [(",", "utf-8"), (";", "cp949"), ("\t", "utf-8-sig")])
def test_a_table_with_a_quantity(separator, encoding, work, capsys):
    write_houses(work / "houses.csv", separator=separator, encoding=encoding)
    assert cli.main(["train", "houses.csv", "--epochs", "30", "--save", "h.keras"]) == 0
    text = capsys.readouterr().out
    assert "300 rows, columns: 1 of numbers, 1 of words; 60 rows" in text
    assert "column 'id' is left out: 240 different words in 240 rows" in text
    assert "column 'constant' is left out: it has one value only, 'x'" in text
    assert "target 'price': regression, a quantity from" in text
    assert float(re.search(r"test R2: (\S+)", text)[1]) > 0.8
    model = load_model("h.keras")
    assert [column["name"] for column in model.card["columns"]] == ["면적", "district"]
    rows = {"면적": np.array([[50.0], [100.0]], np.float32), "district": np.array([["north"], ["port"]])}
    found = model.predict(rows, verbose=0)[:, 0]  # raw rows in, dollars out
    assert abs(found[0] - 250) < 40 and abs(found[1] - 480) < 40


def write_flowers(path, names=("setosa", "virginica"), rows=120):
    rng = np.random.default_rng(0)
    lines = ["length,width,kind"] + [f"{rng.normal() + 4 * (i % 2):.3f},{rng.normal():.3f},{names[i % 2]}"
                                     for i in range(rows)]
    path.write_text("\n".join(lines), encoding="utf-8")


def test_a_table_with_classes(work, capsys):
    write_flowers(work / "flowers.csv")
    assert cli.main(["train", "flowers.csv", "--epochs", "20", "--save", "f.keras"]) == 0
    text = capsys.readouterr().out
    assert "target 'kind': classification, 2 classes" in text and "rows" in text
    assert float(re.search(r"test accuracy: (\S+)", text)[1]) > 0.9
    assert load_model("f.keras").card["class_names"] == ["setosa", "virginica"]


def test_the_target_and_the_task_can_be_chosen(work, capsys):
    write_flowers(work / "flowers.csv", names=("2", "10"))
    assert cli.main(["train", "flowers.csv", "--epochs", "1", "--save", "f.keras"]) == 0
    assert load_model("f.keras").card["class_names"] == ["2", "10"]  # in the order of numbers
    assert cli.main(["train", "flowers.csv", "--epochs", "1", "--task", "regression"]) == 0
    assert cli.main(["train", "flowers.csv", "--epochs", "1", "--target", "width", "--drop", "length"]) == 0
    text = capsys.readouterr().out
    assert "target 'kind': regression, a quantity from 2 to 10" in text and "target 'width': regression" in text


@pytest.mark.parametrize(("content", "options", "message"), [
    ("a,b\n" + "1,2\n" * 5, [], "5 rows; at least 10"),
    ("a,b\n", [], "no rows"),
    ("a,a\n1,2\n", [], "a name for each column"),
    ("a,b\n1,2\n1,2,3\n", [], "line 3 has 3 fields, the first line 2"),
    ("a,b\n" + "1,2\n3,\n" * 9, [], "9 rows have no value in the target column 'b'"),
    ("a,b\n" + "1,2\n" * 12, [], "the target column 'b' has a single value"),
    ("a,b\n" + "1,2\n1,3\n" * 12, [], "no column is left"),
    ("a,b\n" + "1,2\n2,3\n" * 12, ["--target", "bb"], "unknown column 'bb'; did you mean 'b'"),
    ("a,b\n" + "1,2\n2,3\n" * 12, ["--drop", "c"], "unknown column 'c'"),
    ("a,b\n" + "1,x\n2,y\n" * 12, ["--task", "regression"], "regression needs numbers"),
    ("a,b\n" + "1,2\n2,3\n" * 12, ["--model", "cnn"], "--model cnn is for images"),
    ("a,b\n" + "1,2\n2,3\n" * 12, ["--augment"], "--augment is for images"),
    ("a,b\n" + "1,2\n2,3\n" * 12, ["--image-size", "32"], "--image-size is for a folder of images"),
    ("a,b\n\0\n", [], "not a text file"),
])
def test_tables_that_cannot_be_trained_on(content, options, message, work, capsys):
    (work / "t.csv").write_text(content)
    assert cli.main(["train", "t.csv", *options]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_options_of_tables_are_refused_elsewhere(work, capsys):
    assert cli.main(["train", "mnist", "--target", "a"]) == 2
    assert "--target is for a CSV file" in capsys.readouterr().err


@pytest.mark.parametrize("size", ["7", "2000", "8x", "axb", "8x8x8"])
def test_sizes_that_are_none(size, work, capsys):
    write_images(work / "photos", {"a": 2, "b": 2})
    assert cli.main(["train", "photos", "--image-size", size]) == 2
    assert "is not a size" in capsys.readouterr().err


def test_a_plot(work, capsys):
    pytest.importorskip("matplotlib")
    write_flowers(work / "flowers.csv")
    assert cli.main(["train", "flowers.csv", "--epochs", "3", "--plot", "curves.png"]) == 0
    assert "curves drawn in curves.png" in capsys.readouterr().out
    picture = np.asarray(PIL.open("curves.png").convert("L"))
    assert picture.shape[1] > 1000 and picture.std() > 20  # not an empty page
    assert cli.main(["train", "flowers.csv", "--plot", "curves.gif"]) == 2
    assert "must end in .png" in capsys.readouterr().err


def test_a_plot_without_matplotlib_is_refused_before_the_training(work, monkeypatch, capsys):
    write_flowers(work / "flowers.csv")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert cli.main(["train", "flowers.csv", "--plot", "curves.png"]) == 1
    captured = capsys.readouterr()
    assert "--plot needs matplotlib" in captured.err and "plot]" in captured.err and captured.out == ""


def test_what_is_no_data(work, capsys):
    for name in ("nowhere", "nowhere.csv"):
        assert cli.main(["train", name]) == 2
    assert capsys.readouterr().err.count("no folder of images and no CSV file here") == 2
    assert training_data.kind_of("mnist") == "name"
