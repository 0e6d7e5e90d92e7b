"""`tinynet data`: the list, what a data set needs, copies from a stick, fetches that fail."""

import gzip
import hashlib

import numpy as np
import pytest

from tinynet import cli, datasets
from tinynet.commands import data
from tinynet.datasets import catalogue, write_idx
from tinynet.datasets.catalogue import CATALOGUE, entry_of
from tinynet.datasets.published import PublishedFile
from tinynet.datasets.sources import IdxDataset, IdxFile

CONTENT = {"train-images-idx3-ubyte": np.arange(18, dtype=np.uint8).reshape(2, 3, 3),
           "train-labels-idx1-ubyte": np.array([1, 0], np.uint8),
           "t10k-images-idx3-ubyte": np.arange(9, dtype=np.uint8).reshape(1, 3, 3),
           "t10k-labels-idx1-ubyte": np.array([4], np.uint8)}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A computer without any data set, and without a network."""
    monkeypatch.setenv("TINYNET_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("tinynet.datasets.published.KERAS_CACHE", str(tmp_path / "keras"))
    monkeypatch.setattr(datasets.fashion_mnist.DATASET, "folders", ())
    monkeypatch.setattr(datasets.mnist, "_npz_files",
                        lambda: (("cache", datasets.mnist.DATASET.cache() / "mnist.npz"),))

    def offline(url, *args, **kwargs):
        raise OSError(f"{url}: no network")

    monkeypatch.setattr("tinynet.datasets.published.download", offline)
    monkeypatch.setattr("tinynet.datasets.sources.download", offline)
    monkeypatch.setattr("tinynet.datasets.mnist.download", offline)
    return tmp_path / "home"


@pytest.fixture
def small(home, monkeypatch):
    """The catalogue with two small data sets: one of one file, one of four."""
    content = b"rows"
    one = PublishedFile("one.npz", hashlib.sha256(content).hexdigest(), 100, ("https://nowhere/",))
    files = tuple(IdxFile(name, hashlib.sha256(raw(array)).hexdigest(), array.shape) for name, array in CONTENT.items())
    four = IdxDataset("four", files, (), ("Copy the files into {cache}",))
    entries = (catalogue.Entry("one", "a table", 0.1, one, one.mirrors, one.fetch),
               catalogue.Entry("four", "images", 0.2, four, ("https://nowhere/",), lambda: four.load(("https://nowhere/",)),
                               "dataset-four"))
    monkeypatch.setattr(catalogue, "CATALOGUE", entries)
    monkeypatch.setattr("tinynet.commands.data.CATALOGUE", entries)
    return home


def raw(array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return header + array.tobytes()


def write_four(folder):
    folder.mkdir(parents=True)
    for name, array in CONTENT.items():
        write_idx(folder / f"{name}.gz", array)


def test_the_list(home, capsys):
    assert cli.main(["data"]) == 0
    text = capsys.readouterr().out
    for entry in CATALOGUE:
        assert entry.name in text
    assert text.count("not here") == len(CATALOGUE)


def test_the_catalogue_has_all_data_sets_that_are_files():
    names = {entry.name.replace("-", "_") for entry in CATALOGUE}
    modules = {name for name in datasets.__all__ if hasattr(getattr(datasets, name), "load_data")}
    assert names == modules - {"fashion_mnist_sample"}


def test_the_list_names_where_it_is(small, capsys):
    write_four(small / "datasets" / "four")
    assert cli.main(["data"]) == 0
    text = capsys.readouterr().out
    assert f"in {small / 'datasets' / 'four'}" in text and text.count("not here") == 1


def test_the_list_fits_a_narrow_terminal(home, capsys, monkeypatch):
    monkeypatch.setattr(data, "columns", lambda: 60)
    assert cli.main(["data"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 60


def test_show(small, capsys):
    assert cli.main(["data", "show", "four", "one"]) == 0
    text = capsys.readouterr().out
    assert "https://nowhere/t10k-labels-idx1-ubyte.gz" in text and str(small / "datasets" / "four") in text
    assert "apt install dataset-four" in text and "put it into" in text
    assert cli.main(["data", "show", "five"]) == 2
    assert "unknown data set 'five'" in capsys.readouterr().err


@pytest.mark.parametrize("name", [entry.name for entry in CATALOGUE])
def test_a_fetch_that_fails_tells_which_file_to_put_where(name, home, capsys):
    entry = entry_of(name)
    assert cli.main(["data", "fetch", name]) == 1
    error = capsys.readouterr().err
    assert "no network" in error and str(entry.target()) in error and f"tinynet data show {name}" in error
    assert not any(home.rglob("*.gz"))


def test_copies_from_a_stick(small, tmp_path, capsys):
    stick = tmp_path / "stick"
    write_four(stick / "data" / "somewhere")
    (stick / "data" / "one.npz").write_bytes(b"rows")
    assert cli.main(["data", "fetch", "all", "--from", str(stick)]) == 0
    assert capsys.readouterr().out.count("copied to") == 2
    assert entry_of("one").find() == small / "datasets" and entry_of("four").find() == small / "datasets" / "four"
    (x, y), _ = entry_of("four").source.load(())
    np.testing.assert_array_equal(x, CONTENT["train-images-idx3-ubyte"])


def test_a_stick_without_the_files(small, tmp_path, capsys):
    (tmp_path / "stick").mkdir()
    assert cli.main(["data", "fetch", "one", "--from", str(tmp_path / "stick")]) == 1
    assert "do not have all of one.npz" in capsys.readouterr().err
    assert cli.main(["data", "fetch", "all", "--from", str(tmp_path / "stick")]) == 0  # what there is


@pytest.mark.parametrize("name", ["one.npz", "four/train-labels-idx1-ubyte.gz"])
def test_damaged_files_on_a_stick_are_refused(name, small, tmp_path, capsys):
    stick = tmp_path / "stick"
    write_four(stick / "four")
    (stick / "one.npz").write_bytes(b"rows")
    (stick / name).write_bytes(gzip.compress(raw(np.array([9, 9], np.uint8))))
    which = "one" if name == "one.npz" else "four"
    assert cli.main(["data", "fetch", which, "--from", str(stick)]) == 1
    error = capsys.readouterr().err
    assert name in error and ("sha256" in error or "SHA-256" in error)
    assert entry_of(which).find() is None


def test_files_of_the_same_names_are_told_apart_by_their_content(small, tmp_path, capsys):
    """MNIST and Fashion-MNIST have the same file names."""
    stick = tmp_path / "stick"
    (stick / "another").mkdir(parents=True)
    for name, array in CONTENT.items():
        write_idx(stick / "another" / f"{name}.gz", array + np.uint8(1))
    write_four(stick / "later")
    assert cli.main(["data", "fetch", "four", "--from", str(stick)]) == 0
    (x, _), _ = entry_of("four").source.load(())
    np.testing.assert_array_equal(x, CONTENT["train-images-idx3-ubyte"])
