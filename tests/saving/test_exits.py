"""What is opened, started or made is freed on every way out: an end, an error, Ctrl-C, a kill, a full disk."""

import contextlib
import gzip
import io
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time

import numpy as np
import pytest

import tinynet as tn
from tinynet import callbacks, layers
from tinynet.core.errors import DataError
from tinynet.data import streams
from tinynet.data.ahead import one_ahead
from tinynet.utils import files, save_img
from tinynet.utils.downloads import unpack

X, Y = np.ones((4, 3), "f"), np.ones((4, 2), "f")


def model():
    one = tn.Sequential([tn.Input((3,)), layers.Dense(2)])
    one.compile("sgd", "mse")
    return one


def threads(name):
    return [thread for thread in threading.enumerate() if thread.name.startswith(name)]


def wait_for_end(name):
    deadline = time.monotonic() + 5
    while threads(name) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not threads(name)


class Interrupt(callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        raise KeyboardInterrupt


# -- threads -----------------------------------------------------------------------------------------------------------

def test_ctrl_c_while_the_prefetch_thread_starts(monkeypatch):
    start = threading.Thread.start

    def interrupted(self):
        start(self)
        if self.name == "tinynet-prefetch":
            raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        next(streams.prefetched(lambda: iter(range(1000)), 1))
    assert wait_for_end("tinynet-prefetch")


@pytest.mark.parametrize("way", ["end", "close", "error", "interrupt"])
def test_prefetch_threads_end(way):
    stream = streams.prefetched(lambda: iter(range(1000)), 2)
    with contextlib.suppress(KeyboardInterrupt, ZeroDivisionError):
        if way == "end":
            list(stream)
        else:
            next(stream)
            if way != "close":
                stream.throw({"error": ZeroDivisionError, "interrupt": KeyboardInterrupt}[way])
    stream.close()
    assert wait_for_end("tinynet-prefetch")


def test_ctrl_c_while_the_prefetch_thread_is_told_to_end(monkeypatch):
    stream = streams.prefetched(lambda: iter(range(1000)), 1)
    next(stream)

    def interrupted(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Event, "set", interrupted)
    with contextlib.suppress(KeyboardInterrupt):
        stream.close()
    assert wait_for_end("tinynet-prefetch")


def test_prefetch_threads_end_at_once():
    """Not up to 0.1 s later: of loops that take a few batches each, thirty threads were alive at a time."""
    data = tn.data.Dataset.from_tensor_slices((X, Y)).batch(1).repeat().prefetch(1)
    most = 0
    for _ in range(100):
        stream = iter(data)
        next(stream)
        time.sleep(0.001)  # the thread waits to put the next one
        stream.close()
        most = max(most, sum(thread.name == "tinynet-prefetch" for thread in threading.enumerate()))
    assert most < 10


def test_the_thread_that_prepares_ends():
    stream = one_ahead(iter(range(10)), lambda batch: batch)
    next(stream)
    with pytest.raises(KeyboardInterrupt):
        stream.throw(KeyboardInterrupt)
    assert wait_for_end("tinynet-ahead")


def test_fit_that_is_interrupted_leaves_no_thread():
    data = tn.data.Dataset.from_tensor_slices((X, Y)).batch(1).prefetch(2)
    with pytest.raises(KeyboardInterrupt):
        model().fit(data, verbose=0, callbacks=[Interrupt()])
    assert wait_for_end("tinynet-prefetch")


# -- files and folders -------------------------------------------------------------------------------------------------

def test_a_killed_writer_of_one_epoch_is_swept_by_that_of_the_next(tmp_path):
    script = ("import os, signal, sys\nfrom tinynet.utils import files\n"
              "with files.atomic_write(sys.argv[1]) as file:\n"
              "    file.write(b'x'); file.flush(); os.kill(os.getpid(), signal.SIGKILL)\n")
    killed = subprocess.run([sys.executable, "-P", "-c", script, str(tmp_path / "model-01.keras")])
    assert killed.returncode == -signal.SIGKILL and len(list(tmp_path.iterdir())) == 1
    (tmp_path / ".other.tmp").write_bytes(b"not ours")
    (tmp_path / ".folder.0123456789ab.tinynet.tmp").mkdir()
    (tmp_path / ".folder.0123456789ab.tinynet.tmp" / "x").write_bytes(b"x")
    with files.atomic_write(tmp_path / "model-02.keras") as file:
        with files.atomic_folder(tmp_path / "data") as folder:
            (folder / "y").write_bytes(b"y")
        assert os.path.exists(file.name) and os.listdir(tmp_path / "data") == ["y"]
        file.write(b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other.tmp", "data", "model-02.keras"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupted_writer_leaves_the_old(tmp_path, error):
    (tmp_path / "f").write_bytes(b"old")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "old").write_bytes(b"")
    with pytest.raises(error), files.atomic_write(tmp_path / "f") as file:
        file.write(b"new")
        raise error
    with pytest.raises(error), files.atomic_folder(tmp_path / "d") as folder:
        (folder / "new").write_bytes(b"")
        raise error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d", "f"] and os.listdir(tmp_path / "d") == ["old"]
    assert (tmp_path / "f").read_bytes() == b"old"


def test_a_killed_writer_leaves_no_part_of_the_old_folder(tmp_path):
    """It is renamed before it is removed: a folder of which a kill had left a part was once taken for a whole one."""
    script = ("import os, pathlib, signal, sys\nfrom tinynet.utils import files\n"
              "def killed(path):\n"
              "    (pathlib.Path(path) / 'a').unlink(missing_ok=True); os.kill(os.getpid(), signal.SIGKILL)\n"
              "files._remove = killed\n"
              "with files.atomic_folder(sys.argv[1]) as folder:\n    (folder / 'new').write_bytes(b'')\n")
    folder = tmp_path / "d"
    folder.mkdir()
    for name in "ab":
        (folder / name).write_bytes(b"")
    killed = subprocess.run([sys.executable, "-P", "-c", script, str(folder)])
    assert killed.returncode == -signal.SIGKILL and os.listdir(folder) == ["new"]
    files.sweep_leftovers(folder)
    assert os.listdir(tmp_path) == ["d"]


def test_a_folder_that_is_a_link_keeps_its_target(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "old").write_bytes(b"")
    (tmp_path / "link").symlink_to("there")
    with files.atomic_folder(tmp_path / "link") as folder:
        (folder / "new").write_bytes(b"")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "there"]
    assert os.listdir(tmp_path / "there") == ["new"]


def test_a_new_folder_that_gets_no_name_leaves_the_old(tmp_path, monkeypatch):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "old").write_bytes(b"")
    replace = files._replace

    def refused(temporary, path):
        if os.path.exists(os.path.join(temporary, "new")):
            raise PermissionError("another program has it open")
        replace(temporary, path)

    monkeypatch.setattr(files, "_replace", refused)
    with pytest.raises(PermissionError), files.atomic_folder(tmp_path / "d") as folder:
        (folder / "new").write_bytes(b"")
    assert os.listdir(tmp_path) == ["d"] and os.listdir(tmp_path / "d") == ["old"]


def test_the_backup_folder_is_gone_after_a_regular_end(tmp_path):
    folder = tmp_path / "backup"
    for double in (False, True):
        folder.mkdir()
        (folder / ".latest.safetensors.0123456789ab.tinynet.tmp").write_bytes(b"of a killed process")
        model().fit(X, Y, epochs=2, verbose=0, callbacks=[callbacks.BackupAndRestore(folder, 1, double)])
        assert not folder.exists()


@pytest.mark.parametrize("make", [lambda folder: callbacks.CSVLogger(folder / "log.csv"),
                                  lambda folder: callbacks.TensorBoard(folder)], ids=["CSVLogger", "TensorBoard"])
@pytest.mark.parametrize("way", ["end", "interrupt"])
def test_log_files_are_closed(make, way, tmp_path):
    if make(tmp_path).__class__.__name__ == "TensorBoard":
        pytest.importorskip("tensorboardX")
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    log = make(tmp_path)
    with contextlib.suppress(KeyboardInterrupt):
        model().fit(X, Y, epochs=2, verbose=0, callbacks=[log, *([Interrupt()] if way == "interrupt" else [])])
    opened = [os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")] if before else []
    assert not [path for path in opened if str(tmp_path) in path]


class Full(io.FileIO):
    """A file on a disk with room for so many bytes more."""

    room = 60

    def write(self, data):
        if len(data) > self.room:
            kept = super().write(data[:self.room])
            self.room -= kept
            if not kept:
                raise OSError(28, "No space left on device")
            return kept
        self.room -= len(data)
        return super().write(data)


@pytest.mark.parametrize(("room", "left"), [(10, None), (60, b"epoch,loss,val_loss\r\n0,")])
def test_a_full_disk_while_logging(room, left, tmp_path, monkeypatch):
    def opened(path, mode, buffering=-1):
        file = Full(path, mode.replace("b", ""))
        file.room = room
        return file

    monkeypatch.setattr("tinynet.callbacks.reports.open", opened, raising=False)
    log = callbacks.CSVLogger(tmp_path / "log.csv")
    with pytest.raises(OSError, match="No space left") as caught:
        model().fit(X, Y, epochs=9, verbose=0, callbacks=[log])
    assert caught.value.filename == str(tmp_path / "log.csv") and log._file is None
    if left is None:
        assert not (tmp_path / "log.csv").exists()
    else:
        content = (tmp_path / "log.csv").read_bytes()
        assert content.startswith(left) and content.endswith(b"\r\n")


def test_a_full_disk_while_a_picture_is_written(tmp_path, monkeypatch):
    pytest.importorskip("PIL")
    path = tmp_path / "a.png"
    save_img(path, np.zeros((4, 4, 3)))
    old = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        save_img(path, np.ones((4, 4, 3)))
    assert caught.value.filename == str(path) and path.read_bytes() == old and os.listdir(tmp_path) == ["a.png"]


def test_endings_of_pictures(tmp_path):
    pytest.importorskip("PIL")
    for name in ("a.jpg", "a.JPEG", "a.png", "a.bmp", "a.tiff"):
        save_img(tmp_path / name, np.random.default_rng(0).random((4, 4, 3)))
        assert tn.utils.load_img(tmp_path / name).size == (4, 4)
    save_img(tmp_path / "b", np.ones((4, 4, 3)), file_format="jpg")
    file = io.BytesIO()
    save_img(file, np.ones((4, 4, 3)), file_format="png")
    assert file.getvalue().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="is that of no picture format"):
        save_img(tmp_path / "a.xyz", np.ones((4, 4, 3)))


@pytest.mark.parametrize("close", ["sys.stdout = None", "sys.stdout.close()"])
def test_fit_without_standard_output(close):
    script = ("import sys\nimport numpy as np\nimport tinynet as tn\n" + close + "\n"
              "model = tn.Sequential([tn.Input((3,)), tn.layers.Dense(2)])\nmodel.compile('sgd', 'mse')\n"
              "for verbose in ('auto', 1, 2):\n"
              "    model.fit(np.ones((4, 3)), np.ones((4, 2)), epochs=2, verbose=verbose)\n"
              "model.evaluate(np.ones((4, 3)), np.ones((4, 2)))\nmodel.predict(np.ones((4, 3)))\n"
              "sys.stderr.write('done')\n")
    run = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True)
    assert run.stderr.endswith("done"), run.stderr


# -- archives ----------------------------------------------------------------------------------------------------------

def tar():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name in ("a", "b"):
            info = tarfile.TarInfo(name)
            info.size = 4
            archive.addfile(info, io.BytesIO(b"data"))
    return bytearray(file.getvalue())


def test_a_corrupt_gzip_member_does_not_unpack(tmp_path):
    data = bytearray(gzip.compress(tar()))
    data[-6] ^= 1  # of the checksum, which stands after the archive's end
    (tmp_path / "a.tar.gz").write_bytes(data)
    with pytest.raises(DataError, match="a.tar.gz: CRC check failed"):
        unpack(tmp_path / "a.tar.gz", tmp_path / "out")
    assert os.listdir(tmp_path) == ["a.tar.gz"]


def test_a_damaged_header_is_not_the_end(tmp_path):
    data = tar()
    data[1024 + 3] ^= 1  # in the name of the second member
    (tmp_path / "a.tar").write_bytes(data)
    with pytest.raises(DataError, match="a.tar: the header at offset 1024 is damaged"):
        unpack(tmp_path / "a.tar", tmp_path / "out")
    assert os.listdir(tmp_path) == ["a.tar"]
