"""Labels, sequences, and files that are never half written."""

import io
import os
import random
import re
import shutil
import sys
import tarfile
import types
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinynet as tn
from tinynet.core.errors import DataError
from tinynet.core.terminal import is_interactive
from tinynet.utils import downloads, files, normalize, pad_sequences, to_categorical


@given(labels=st.lists(st.integers(0, 9), max_size=50), dtype=st.sampled_from(["uint8", "int64", "float32"]))
def test_to_categorical(labels, dtype):
    rows = to_categorical(np.array(labels, dtype), 10)
    assert rows.shape == (len(labels), 10) and rows.dtype == np.float64
    np.testing.assert_array_equal(rows, np.eye(10)[np.array(labels, int)])
    np.testing.assert_array_equal(to_categorical(np.array(labels, dtype)[:, None], 10), rows)


def test_to_categorical_shapes_and_faults():
    assert to_categorical([[0, 1], [2, 2]]).shape == (2, 2, 3)
    assert to_categorical(1, 3).tolist() == [0, 1, 0]
    for labels, classes, match in (
        ([0, -1], None, "label -1 at position 1"),
        ([0, 3], 3, r"label 3 at position 1 is not in 0..2"),
        ([0.5], None, "whole numbers, got 0.5"),
        ([], None, "no labels"),
        ([np.nan], 2, "whole"),
    ):
        with pytest.raises(ValueError, match=match), np.errstate(invalid="ignore"):
            to_categorical(labels, classes)
    with pytest.raises(TypeError, match="must be numbers"):
        to_categorical(["a"])


@pytest.mark.parametrize("axis", [0, 1, -1, None])
@pytest.mark.parametrize("order", [1, 2, np.inf])
def test_normalize(axis, order):
    x = np.array([[3, -4, 0], [0, 1, 0]])
    y = normalize(x, axis, order)
    norms = np.linalg.norm(y.reshape(-1) if axis is None else y, order, axis)
    np.testing.assert_allclose(norms[np.any(x, axis=axis)] if axis is not None else norms, 1, rtol=8 * 2**-53)
    assert np.isfinite(y).all() and (np.sign(y) == np.sign(x)).all()


def test_pad_sequences():
    sequences = [[1], [2, 3], [4, 5, 6], []]
    assert pad_sequences(sequences).tolist() == [[0, 0, 1], [0, 2, 3], [4, 5, 6], [0, 0, 0]]
    assert pad_sequences(sequences, padding="post", value=-1).tolist() == [[1, -1, -1], [2, 3, -1], [4, 5, 6], [-1] * 3]
    assert pad_sequences(sequences, 2).tolist() == [[0, 1], [2, 3], [5, 6], [0, 0]]
    assert pad_sequences(sequences, 2, truncating="post").tolist() == [[0, 1], [2, 3], [4, 5], [0, 0]]
    assert pad_sequences(sequences, 0).shape == (4, 0) and pad_sequences([]).shape == (0, 0)
    assert pad_sequences([[[1, 2]], [[3, 4], [5, 6]]], dtype="float32").shape == (2, 2, 2)
    assert pad_sequences([["a"]], 2, dtype=object, value="").tolist() == [["", "a"]]
    for arguments, match in (
        ({"sequences": [1, 2]}, "element 0 is 1"),
        ({"sequences": iter([])}, "list"),
        ({"sequences": [[1]], "padding": "left"}, "padding"),
        ({"sequences": [[1]], "truncating": ""}, "trunc"),
        ({"sequences": [[1]], "value": "a"}, "text"),
        ({"sequences": [[[1, 2]], [[1]]]}, "shape"),
        ({"sequences": [[1]], "maxlen": -1}, "maxlen"),
    ):
        with pytest.raises(ValueError, match=match):
            pad_sequences(**arguments)


def test_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("TINYNET_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert files.cache_folder() == tmp_path / ".cache" / "tinynet"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/invalid")
    assert files.cache_folder() == tmp_path / ".cache" / "tinynet"
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert str(files.cache_folder()) == "/xdg/tinynet"
    monkeypatch.setenv("TINYNET_HOME", "~/mine")
    assert files.cache_folder() == tmp_path / "mine"


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "file"
    with files.atomic_write(path) as file:
        file.write(b"old")
        assert not path.exists()
    assert path.read_bytes() == b"old"
    os.chmod(path, 0o640)
    with pytest.raises(RuntimeError), files.atomic_write(path) as file:
        file.write(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]
    with files.atomic_write(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new" and path.stat().st_mode & 0o777 == 0o640
    with pytest.raises(FileNotFoundError, match="absent"), files.atomic_write(tmp_path / "absent" / "file"):
        pass


def test_leftovers_of_killed_writers_are_swept(tmp_path):
    dead, other = tmp_path / ".file.aa.tmp", tmp_path / ".other.cc.tmp"
    for path in (dead, other):
        path.write_bytes(b"x")
    with files.atomic_write(tmp_path / "file") as living:
        living.write(b"first")
        with files.atomic_write(tmp_path / "file") as second:
            second.write(b"second")
        assert os.path.exists(living.name)  # its writer lives
    assert (tmp_path / "file").read_bytes() == b"first"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other.cc.tmp", "file"]


def test_without_locks_leftovers_are_swept_after_a_day(tmp_path, monkeypatch):
    def no_locks(file, operation):
        raise OSError(95, "Operation not supported")
    monkeypatch.setattr(files.fcntl, "flock", no_locks)
    old, young = tmp_path / ".file.aa.tmp", tmp_path / ".file.bb.tmp"
    for path in (old, young):
        path.write_bytes(b"x")
    os.utime(old, (0, 0))
    with files.atomic_write(tmp_path / "file"):
        pass
    assert not old.exists() and young.exists()


def test_a_link_goes_on_pointing_where_it_did(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "file")
    with files.atomic_write(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "folder" / "file").read_bytes() == b"new"


def test_the_file_is_on_the_disk_before_its_name(tmp_path, monkeypatch):
    order = []

    def log(name, real):
        def logged(*arguments):
            order.append(name)
            return real(*arguments)
        monkeypatch.setattr(files.os, name, logged)

    log("fsync", os.fsync)
    log("replace", os.replace)
    with files.atomic_write(tmp_path / "file"):
        pass
    assert order == ["fsync", "replace", "fsync"]


def test_a_full_disk_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(OSError), files.atomic_write(path) as file, open("/dev/full", "wb", buffering=0) as full:
        file.write(b"new")
        full.write(b"x")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def make_tar(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            if content is None:
                member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
            else:
                member.size = len(content)
            archive.addfile(member, io.BytesIO(content or b""))


def make_zip(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_archives(tmp_path, make):
    make(tmp_path / "a", {"folder/one.txt": b"1", "two.txt": b"2"})
    downloads.unpack(tmp_path / "a", tmp_path / "out")
    assert (tmp_path / "out" / "folder" / "one.txt").read_bytes() == b"1"
    make(tmp_path / "a", {"three.txt": b"3"})
    downloads.unpack(tmp_path / "a", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["three.txt"]
    for name in ("../escaped", "/tmp/escaped-absolute-name"):
        make(tmp_path / "hostile", {name: b"x"})
        try:
            downloads.unpack(tmp_path / "hostile", tmp_path / "out2")
        except DataError:
            assert not (tmp_path / "out2").exists()
        else:  # tarfile makes an absolute name relative
            assert make is make_tar and name.startswith("/")
        assert not (tmp_path / "escaped").exists() and not os.path.exists("/tmp/escaped-absolute-name")


def test_hostile_archives(tmp_path):
    make_tar(tmp_path / "link", {"link": None})
    with pytest.raises(DataError, match="link"):
        downloads.unpack(tmp_path / "link", tmp_path / "out")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(DataError, match="not a tar or zip archive"):
        downloads.unpack(tmp_path / "text", tmp_path / "out")
    with pytest.raises(DataError, match="not a zip archive"):
        downloads.unpack(tmp_path / "link", tmp_path / "out", "zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "text"]


def test_an_archive_larger_than_the_disk(tmp_path, monkeypatch):
    make_zip(tmp_path / "a.zip", {"a": bytes(1000)})
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: type("usage", (), {"free": 999}))
    with pytest.raises(DataError, match="unpacks to 1000 bytes, the disk has 999 free"):
        downloads.unpack(tmp_path / "a.zip", tmp_path / "out")


def test_bar_and_summary_on_a_terminal_without_their_characters(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    monkeypatch.setattr(sys, "stdout", stream)
    model = tn.Sequential([tn.Input((2,)), tn.layers.Dense(1, name="last")])
    model.summary()
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 2)), np.ones(4), verbose=1)
    stream.flush()
    text = stream.buffer.getvalue().decode("latin-1")
    assert "| last (Dense)" in text and "Total params: 3" in text and "1/1 ====" in text and "loss: " in text
    assert "?" not in text


def test_only_a_notebooks_own_output_is_one(monkeypatch):
    """Not any process that has imported ipykernel, as one that runs notebooks has."""
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert not is_interactive()
    out = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})
    monkeypatch.setattr(sys, "stdout", out())
    assert is_interactive()


def test_the_bar_moves_in_one_line_of_a_terminal(monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stdout", terminal)
    bar = tn.utils.Progbar(4, interval=0, stateful_metrics=["loss"])
    for step in range(1, 5):
        bar.update(step, [("loss", 1 / step)])
    text = terminal.getvalue()
    assert text.count("\n") == 1 and text.endswith("\n") and text.count("\r") == 4
    drawn = [re.sub(r"\x1b\[\d+m", "", part).rstrip() for part in text.strip("\r\n").split("\r")]
    assert all(
        re.fullmatch(rf"{step}/4 ━{{20}} \d+s \d+(s|ms|us)/step - loss: {1 / step:.4f}", line)
        for step, line in enumerate(drawn, 1)
    ), drawn
    done = [part.split("\x1b[32m")[1].split("\x1b[0m")[0] for part in text.strip("\r\n").split("\r")]
    assert [len(bar) for bar in done] == [5, 10, 15, 20]
    assert text.startswith("\r\x1b[1m1/4\x1b[0m \x1b[32m")


def test_the_seeds_that_there_are():
    """Those that NumPy's own generator takes, which is seeded too."""
    draws = []
    for seed in (0, 1, 2**32 - 1, np.int64(5)):
        for _ in range(2):
            tn.utils.set_random_seed(seed)
            draws.append((tn.random.normal((2,)).numpy().tobytes(), np.random.rand(), random.random()))
    assert draws[::2] == draws[1::2] and all(len(set(kind)) == 4 for kind in zip(*draws, strict=True))
    for bad in (-1, 2**32, 2**32 + 1, 2**64, 1.0, True, None, "1"):
        with pytest.raises(ValueError, match=r"set_random_seed: seed must be an int from 0 to 2\*\*32 - 1"):
            tn.utils.set_random_seed(bad)
