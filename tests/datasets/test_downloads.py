"""Fashion-MNIST and MNIST from mirrors: a server on this machine that behaves, lies, stalls, or breaks off."""

import gzip
import hashlib
import http.server
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tinynet.commands import training_data
from tinynet.core.errors import DataError, DatasetNotFoundError
from tinynet.datasets import fashion_mnist, mnist, write_idx
from tinynet.datasets.sources import IdxDataset, IdxFile
from tinynet.utils import downloads, files, get_file

CONTENT = {
    "train-images-idx3-ubyte": np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3),
    "train-labels-idx1-ubyte": np.array([1, 0], np.uint8),
    "t10k-images-idx3-ubyte": np.arange(9, dtype=np.uint8).reshape(1, 3, 3),
    "t10k-labels-idx1-ubyte": np.array([4], np.uint8),
}


class Server:
    """Serves the files in `folder`; `behaviour[path]` replaces an answer by a function of the handler."""

    def __init__(self, folder):
        self.behaviour = {}
        self.requests = []
        self.closing = threading.Event()
        outer = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments):
                super().__init__(*arguments, directory=folder)

            def do_GET(self):
                outer.requests.append(self.path)
                name = self.path.rsplit("/", 1)[-1]
                if name in outer.behaviour:
                    outer.behaviour[name](self)
                else:
                    super().do_GET()

            def log_message(self, *arguments):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.closing.set()
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    for name, array in CONTENT.items():
        write_idx(folder / f"{name}.gz", array)
    server = Server(folder)
    yield server
    server.close()


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYNET_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(downloads, "READ_SECONDS", 0.3)
    return tmp_path / "home"


def plain_sha256(array):
    head = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return hashlib.sha256(head + array.tobytes()).hexdigest()


@pytest.fixture
def dataset(home, monkeypatch):
    """A small stand-in for Fashion-MNIST's four files, behind fashion_mnist.load_data."""
    small = IdxDataset(
        "fashion-mnist",
        tuple(IdxFile(name, plain_sha256(array), array.shape) for name, array in CONTENT.items()),
        folders=(),
        remedies=fashion_mnist.DATASET.remedies,
    )
    monkeypatch.setattr(fashion_mnist, "DATASET", small)
    return small


def answer(*, status=200, length=None, body=b"", wait=None):
    def respond(handler):
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        handler.wfile.write(body)
        handler.wfile.flush()
        if wait is not None:
            wait.wait(10)
    return respond


def use(monkeypatch, *mirrors):
    monkeypatch.setattr(fashion_mnist, "MIRRORS", mirrors)


def assert_is_content(data):
    (x_train, y_train), (x_test, y_test) = data
    for found, expected in zip((x_train, y_train, x_test, y_test), CONTENT.values(), strict=True):
        np.testing.assert_array_equal(found, expected)


def leftovers(folder):
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and (path.name.startswith(".") or path.name.endswith(".tmp"))
    ]


def test_downloaded_once_then_found_in_the_cache(server, dataset, home, monkeypatch, capsys):
    use(monkeypatch, server.url)
    assert fashion_mnist.find() is None
    assert_is_content(fashion_mnist.load_data())
    assert len(server.requests) == 4
    assert "Downloading train-images-idx3-ubyte.gz" in capsys.readouterr().err
    found = fashion_mnist.find()
    assert (found.place, found.folder) == ("cache", home / "datasets" / "fashion-mnist")
    assert str(found) == f"{found.folder} (cache)"
    use(monkeypatch)
    assert_is_content(fashion_mnist.load_data())
    assert len(server.requests) == 4 and not leftovers(home)
    for path in found.folder.iterdir():
        assert path.stat().st_mode & 0o400


def test_a_damaged_copy_is_passed_over_and_the_good_one_is_named(server, dataset, home, tmp_path, monkeypatch, capsys):
    use(monkeypatch)
    cache = home / "datasets" / "fashion-mnist"
    cache.mkdir(parents=True)
    for name in CONTENT:
        (cache / f"{name}.gz").write_bytes(b"\x1f\x8b damaged")
    dataset.folders = (("elsewhere", tmp_path / "served"),)
    assert_is_content(fashion_mnist.load_data())
    assert str(dataset.loaded_from) == f"{tmp_path / 'served'} (elsewhere)"
    assert training_data.load_fashion_mnist()[1].endswith(f"from {tmp_path / 'served'} (elsewhere)")


NAME = "train-labels-idx1-ubyte.gz"


@pytest.mark.parametrize(("fault", "reason"), [
    (lambda server: answer(status=404), "answered 404"),
    (lambda server: answer(status=503), "answered 503"),
    (lambda server: answer(length=500, body=b"\x1f\x8b" + bytes(20)), "the transfer ended after 22 of 500 bytes"),
    (lambda server: answer(body=gzip.compress(bytes.fromhex("00000801 00000002 0101"))), "SHA-256 of its content is"),
    (lambda server: answer(body=gzip.compress(bytes.fromhex("00000801 00000003 010101"))), "more than the limit of 2"),
    (lambda server: answer(body=b"<html>Log in to the hotel's network</html>"), "not a gzip file .* web page"),
    (lambda server: answer(length=10**9), "offers 1000000000 bytes, more than"),
    (lambda server: answer(length=500, body=b"\x1f\x8b", wait=server.closing), "no answer for 0.3 s"),
    (lambda server: lambda handler: server.closing.wait(10), "no answer for 0.3 s"),
    (lambda server: lambda handler: handler.wfile.write(b"rubbish\r\n\r\n"), "NAME"),
    (lambda server: lambda handler: handler.connection.close(), "NAME"),
])
def test_a_faulty_mirror_is_left_for_the_next(server, dataset, home, monkeypatch, tmp_path, fault, reason):
    bad = Server(tmp_path / "served")
    bad.behaviour[NAME] = fault(bad)
    try:
        use(monkeypatch, bad.url)
        with pytest.raises(DatasetNotFoundError, match=reason.replace("NAME", NAME)) as caught:
            fashion_mnist.load_data(progress=False)
        message = str(caught.value)
        assert bad.url + NAME in message and str(home) in message
        for remedy in (
            "apt install dataset-fashion-mnist",
            "Copy the four files {train,t10k}",
            "fashion_mnist_sample.load_data()",
        ):
            assert remedy in message
        cache = home / "datasets" / "fashion-mnist"
        assert not leftovers(home) and not (cache / NAME).exists()

        use(monkeypatch, bad.url, server.url)
        assert_is_content(fashion_mnist.load_data(progress=False))
        assert "/train-images-idx3-ubyte.gz" not in server.requests  # the first mirror's good file is kept
    finally:
        bad.close()


def test_a_server_that_trickles_is_given_up(server, dataset, home, monkeypatch):
    def trickle(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "4000")
        handler.end_headers()
        while not server.closing.wait(0.05):
            try:
                handler.wfile.write(b"a")
            except OSError:
                return

    monkeypatch.setattr(downloads, "TOTAL_SECONDS", 0.5)
    server.behaviour[NAME] = trickle
    use(monkeypatch, server.url)
    start = time.monotonic()
    with pytest.raises(DatasetNotFoundError, match=r"too slow, \d+ bytes in 0.5 s"):
        fashion_mnist.load_data(progress=False)
    assert time.monotonic() - start < 5 and not leftovers(home)


def test_without_a_length_the_size_is_still_limited(server, dataset, home, monkeypatch):
    def endless(handler):
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
        while not server.closing.is_set():
            try:
                handler.wfile.write(bytes(1 << 16))
            except OSError:
                return

    server.behaviour[NAME] = endless
    use(monkeypatch, server.url)
    with pytest.raises(DatasetNotFoundError, match="sent more than the 4098 bytes expected"):
        fashion_mnist.load_data(progress=False)
    assert not leftovers(home)


def test_nobody_listens(dataset, home, monkeypatch):
    use(monkeypatch, "http://127.0.0.1:9/", "ftp://example.invalid/")
    with pytest.raises(DatasetNotFoundError) as caught:
        fashion_mnist.load_data(progress=False)
    assert "refused" in str(caught.value) and "only http, https and file" in str(caught.value)
    assert isinstance(caught.value, DataError | FileNotFoundError | ValueError)


def test_a_damaged_cache_is_named_and_replaced(server, dataset, home, monkeypatch):
    use(monkeypatch, server.url)
    fashion_mnist.load_data(progress=False)
    damaged = home / "datasets" / "fashion-mnist" / NAME
    damaged.write_bytes(damaged.read_bytes()[:-3])
    server.requests.clear()
    use(monkeypatch)
    with pytest.raises(DatasetNotFoundError, match=f"{NAME}: damaged or cut off gzip data"):
        fashion_mnist.load_data(progress=False)
    use(monkeypatch, server.url)
    assert_is_content(fashion_mnist.load_data(progress=False))
    assert server.requests == [f"/{NAME}"]


def test_plain_files_in_the_cache_are_accepted(dataset, home, monkeypatch):
    use(monkeypatch)
    folder = home / "datasets" / "fashion-mnist"
    folder.mkdir(parents=True)
    for name, array in CONTENT.items():
        write_idx(folder / name, array)
    assert_is_content(fashion_mnist.load_data())


def test_a_cache_that_cannot_be_written_is_named(server, dataset, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TINYNET_HOME", str(tmp_path / "file"))
    use(monkeypatch, server.url)
    with pytest.raises(DatasetNotFoundError, match="Not a directory|File exists"):
        fashion_mnist.load_data(progress=False)


def test_mnist_says_what_it_tried(home, monkeypatch):
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(mnist, "MIRRORS", ("http://127.0.0.1:9/a/",))
    monkeypatch.setattr(mnist, "NPZ_MIRRORS", ("http://127.0.0.1:9/mnist.npz",))
    assert mnist.find() is None
    with pytest.raises(DatasetNotFoundError) as caught:
        mnist.load_data(progress=False)
    for part in (
        "http://127.0.0.1:9/a/train-images-idx3-ubyte.gz",
        "http://127.0.0.1:9/mnist.npz",
        "What helps",
        "mnist.npz, into",
    ):
        assert part in str(caught.value)


def test_mnist_from_keras_file(server, home, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(home))
    arrays = dict(zip(("x_train", "y_train", "x_test", "y_test"), CONTENT.values(), strict=True))
    np.savez(tmp_path / "served" / "mnist.npz", **arrays)
    monkeypatch.setattr(mnist, "MIRRORS", ())
    monkeypatch.setattr(mnist, "NPZ_MIRRORS", (server.url + "mnist.npz",))
    with pytest.raises(DatasetNotFoundError, match="mnist.npz: sha256 is .*, expected 731c5ac6"):
        mnist.load_data(progress=False)
    assert mnist.find() is None
    monkeypatch.setattr(mnist, "NPZ_SHA256", downloads.file_hash(tmp_path / "served" / "mnist.npz"))
    for _ in range(2):
        assert_is_content(mnist.load_data(progress=False))
    assert server.requests == ["/mnist.npz"] * 2 and mnist.find().place == "cache"


def test_get_file(server, home, tmp_path):
    url = server.url + NAME
    expected = (tmp_path / "served" / NAME).read_bytes()
    sha256 = hashlib.sha256(expected).hexdigest()
    with pytest.raises(DataError, match="sha256 is"):
        get_file(origin=url, file_hash="0" * 64)
    assert not (home / "datasets" / NAME).exists()
    for _ in range(2):
        path = get_file(origin=url, file_hash=sha256)
        assert Path(path).read_bytes() == expected and path == str(home / "datasets" / NAME)
    assert len(server.requests) == 2
    get_file(origin=url, force_download=True)
    assert len(server.requests) == 3
    Path(path).write_bytes(b"")
    assert Path(get_file(origin=url, md5_hash=hashlib.md5(expected).hexdigest())).read_bytes() == expected
    assert get_file("other", url, cache_subdir="x", cache_dir=tmp_path) == str(tmp_path / "x" / "other")
    for name in ("../up", "/etc/passwd", ".."):
        with pytest.raises(ValueError, match="plain file name"):
            get_file(name, url)
    with pytest.raises(ValueError, match="origin"):
        get_file("a")


def test_get_file_keeps_an_archive_and_its_folder_together(server, home, tmp_path, monkeypatch):
    """Ctrl-C after the unpacking and before it: a later call does not take the old folder for the new archive's."""
    served, url = tmp_path / "served" / "texts.zip", server.url + "texts.zip"

    def serve(text):
        with zipfile.ZipFile(served, "w") as archive:
            archive.writestr("a.txt", text)
        return downloads.file_hash(served)

    def read(sha256, **options):
        return (Path(get_file(origin=url, file_hash=sha256, extract=True, **options)) / "a.txt").read_text()

    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    old = serve("old")
    assert read(old) == "old"
    new = serve("new")
    for module, name in ((downloads, "unpack"), (files, "_replace")):
        with monkeypatch.context() as patched:
            patched.setattr(module, name, interrupt)
            with pytest.raises(KeyboardInterrupt):
                read(new, force_download=True)
        assert read(old) == "old" and len(server.requests) == 2 + (name == "_replace")
    assert read(new) == "new"
    served.write_bytes(b"no archive")
    with pytest.raises(DataError, match="^http.*texts.zip: not a tar or zip archive"):
        get_file(origin=url, force_download=True, extract=True)
    assert read(new) == "new"
