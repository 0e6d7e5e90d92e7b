"""Loaders of published files, on small stand-ins of the same form: the real ones are too large to keep here."""

import io
import pickle
import tarfile

import numpy as np
import pytest

from tinynet import config
from tinynet.core.errors import DatasetNotFoundError
from tinynet.datasets import boston_housing, california_housing, cifar10, cifar100, imdb
from tinynet.utils import downloads


@pytest.fixture
def publish(tmp_path, monkeypatch):
    """Put a stand-in behind a module's FILE, at a file:// mirror."""
    monkeypatch.setenv("TINYNET_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", str(tmp_path))
    served = tmp_path / "served"
    served.mkdir()

    def put(module, content):
        path = served / module.FILE.name
        path.write_bytes(content)
        monkeypatch.setattr(module.FILE, "mirrors", (served.as_uri() + "/",))
        monkeypatch.setattr(module.FILE, "sha256", downloads.file_hash(path))
        return path

    return put


def npz(**arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


@pytest.mark.parametrize("module", [boston_housing, california_housing])
def test_housing(publish, module):
    x = np.arange(1000.0)[:, None] * [1, 2]
    path = publish(module, npz(x=x, y=x[:, 0]))
    (x_train, y_train), (x_test, y_test) = module.load_data()
    assert (len(x_train), len(x_test)) == (800, 200)
    np.testing.assert_array_equal(np.sort(np.concatenate([y_train, y_test])), x[:, 0])
    np.testing.assert_array_equal(x_test[:, 1], 2 * y_test)
    path.unlink()
    np.testing.assert_array_equal(module.load_data(seed=113)[0][1], y_train)  # from the cache, in the same order
    assert not np.array_equal(module.load_data(seed=1)[0][1], y_train)
    assert len(module.load_data(test_split=0)[1][0]) == 0
    with pytest.raises(ValueError, match="test_split"):
        module.load_data(test_split=1)


def test_california_versions(publish):
    publish(california_housing, npz(x=np.zeros((1000, 8)), y=np.arange(1000)))
    (_, y_train), (_, y_test) = california_housing.load_data("small")
    assert len(y_train) == 480 and max(y_train.max(), y_test.max()) == 599
    with pytest.raises(ValueError, match="'large' or 'small', got 'tiny'"):
        california_housing.load_data("tiny")


def archive(members):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, batch in members.items():
            content = pickle.dumps(batch, protocol=2)
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def test_cifar10(publish):
    pixels = np.arange(6 * 2 * 3072).astype(np.uint8).reshape(6, 2, 3072)
    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    publish(cifar10, archive({f"cifar-10-batches-py/{name}": {b"data": pixels[i], b"labels": [i, 9 - i]}
                              for i, name in enumerate(names)}))
    (x_train, y_train), (x_test, y_test) = cifar10.load_data()
    assert (x_train.shape, y_train.shape, x_test.shape) == ((10, 32, 32, 3), (10, 1), (2, 32, 32, 3))
    assert y_train[:, 0].tolist() == [0, 9, 1, 8, 2, 7, 3, 6, 4, 5] and y_test[:, 0].tolist() == [5, 4]
    assert x_train[3, 7, 11, 2] == pixels[1, 1].reshape(3, 32, 32)[2, 7, 11]
    assert x_train.dtype == y_train.dtype == np.uint8
    config.set_image_data_format("channels_first")
    try:
        np.testing.assert_array_equal(cifar10.load_data()[1][0].transpose(0, 2, 3, 1), x_test)
    finally:
        config.set_image_data_format("channels_last")


def test_cifar100(publish):
    batch = {b"data": np.zeros((2, 3072), np.uint8), b"fine_labels": [99, 1], b"coarse_labels": [19, 0]}
    publish(cifar100, archive({"cifar-100-python/train": batch, "cifar-100-python/test": batch}))
    assert cifar100.load_data()[0][1][:, 0].tolist() == [99, 1]
    assert cifar100.load_data("coarse")[1][1][:, 0].tolist() == [19, 0]
    with pytest.raises(ValueError, match="'fine' or 'coarse'"):
        cifar100.load_data("both")


def test_imdb(publish):
    texts = np.empty(4, object)
    texts[:] = [[1, 2], [3], [7, 1, 1, 1], [2, 2, 5]]
    publish(imdb, npz(x_train=texts, y_train=np.array([0, 1, 0, 1]), x_test=texts[:2], y_test=np.array([0, 1])))
    (x_train, y_train), (x_test, _) = imdb.load_data()
    # Without num_words the largest number itself, 7 + 3, falls out, as in Keras.
    wanted = {(1, 4, 5): 0, (1, 6): 1, (1, 2, 4, 4, 4): 0, (1, 5, 5, 8): 1}
    assert {tuple(text): label for text, label in zip(x_train, y_train, strict=True)} == wanted
    assert sorted(map(len, x_test)) == [2, 3]
    assert sorted(map(tuple, imdb.load_data(num_words=6, maxlen=4)[0][0])) == [(1, 2), (1, 4, 5)]
    assert sorted(map(tuple, imdb.load_data(num_words=6, start_char=None, oov_char=None)[1][0])) == [(), (4, 5)]
    with pytest.raises(ValueError, match="shorter than maxlen=1"):
        imdb.load_data(maxlen=1)


def test_another_file_is_never_parsed(publish, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "executed"), "w"))

    path = publish(cifar10, archive({"cifar-10-batches-py/data_batch_1": Bomb()}))
    cifar10.FILE.sha256 = "0" * 64
    with pytest.raises(
        DatasetNotFoundError, match=r"sha256 is [0-9a-f]+, expected 000(.|\n)*put it there: .*/home/datasets/cifar-10"
    ):
        cifar10.load_data()
    assert not (tmp_path / "executed").exists() and path.exists() and not list((tmp_path / "home").rglob("*tar*"))
