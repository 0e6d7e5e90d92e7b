"""The part `kills` of tests/trust/run: writers are ended by kill -9 at random moments; what they leave is whole.

A writer is a fork of this process that writes for ever, in such a way that a file made of two versions would show: all
its numbers are equal. The moment is drawn over two turns of the writer. After each kill the file is the old one or the
new one, and at the end nothing else is left than what the next writer sweeps.
"""

import contextlib
import http.server
import os
import random
import signal
import tempfile
import threading
import time
import warnings
from pathlib import Path

import numpy as np

import tinynet as tn
from tinynet import callbacks, layers
from tinynet.commands import bundle, bundle_wheels
from tinynet.utils import get_file, load_weights_npz, save_weights_npz
from tinynet.utils.downloads import check_hash, unpack

KILLS = 300  # of all writers together


def model(units=100):
    one = tn.Sequential([tn.Input((100,)), layers.Dense(units, kernel_initializer="ones")])
    one.compile("sgd", "mse")
    return one


def equal_numbers(array):
    array = np.asarray(array)
    assert array.size and (array == array.flat[0]).all(), "the file holds parts of two versions"


def numbered(one, turn):
    one.layers[0].kernel.assign(np.full((100, 100), turn, "float32"))


class Saves:
    """`Model.save` in one of its formats."""

    def __init__(self, folder, name):
        self.model, self.path = model(), folder / name

    def write(self, turn):
        numbered(self.model, turn)
        self.model.save(self.path)

    def check(self):
        equal_numbers(tn.models.load_model(self.path).layers[0].kernel)


class Weights(Saves):
    def write(self, turn):
        numbered(self.model, turn)
        save_weights_npz(self.model, self.path) if self.path.suffix == ".npz" else self.model.save_weights(self.path)

    def check(self):
        one = model()
        load_weights_npz(one, self.path) if self.path.suffix == ".npz" else one.load_weights(self.path)
        equal_numbers(one.layers[0].kernel)


X, Y = np.zeros((2, 100), "f"), np.zeros((2, 100), "f")  # no gradient of the kernel: it stays as it was set


class Checkpoints(Saves):
    """`ModelCheckpoint` in `fit`."""

    def write(self, turn):
        numbered(self.model, turn)
        self.model.fit(X, Y, epochs=2, verbose=0, callbacks=[callbacks.ModelCheckpoint(self.path)])


class Backups(Saves):
    """`BackupAndRestore` in `fit`: what is restored is a state that was saved. The end of `fit` removes it."""

    def write(self, turn):
        numbered(self.model, turn)
        self.model.fit(X, Y, epochs=3, verbose=0, callbacks=[callbacks.BackupAndRestore(self.path, save_freq=1)])

    def check(self):
        one = model()
        one.fit(X, Y, epochs=3, verbose=0, callbacks=[callbacks.BackupAndRestore(self.path)])
        equal_numbers(one.layers[0].kernel)


class Downloads:
    """`get_file` from a server of this process, unpacked."""

    def __init__(self, folder, name):
        import tarfile

        self.folder, served = folder, folder / "served"
        served.mkdir()
        (folder / "content").mkdir()
        for number in range(20):
            (folder / "content" / str(number)).write_bytes(bytes([7]) * 20_000)
        with tarfile.open(served / name, "w:gz") as archive:
            archive.add(folder / "content", "content")

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments):
                super().__init__(*arguments, directory=served)

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *arguments):  # its clients are killed
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.url, self.name = f"http://127.0.0.1:{self.server.server_port}/{name}", name
        self.cache = folder / "cache"

    def write(self, turn):
        get_file(origin=self.url, cache_dir=self.cache, force_download=True, extract=True)

    def check(self):
        archive = self.cache / "datasets" / self.name
        if archive.exists():
            unpack(archive, self.folder / "again")
        unpacked = get_file(origin=self.url, cache_dir=self.cache, extract=True)  # what is there; else made again
        sizes = [file.stat().st_size for file in Path(unpacked, "content").iterdir()]
        assert sizes == [20_000] * 20, "a folder that is not whole"


class Bundles:
    """The folder that `tinynet bundle` makes, without the downloads of wheels: a killed call leaves a `.partial`."""

    def __init__(self, folder, name):
        self.path = folder / name
        (folder / "data").mkdir()
        for number in range(20):
            (folder / "data" / f"{number}.gz").write_bytes(bytes([number]) * 20_000)

    def write(self, turn):
        work = self.path.with_name(f"{self.path.name}.partial")
        bundle_wheels.copy_files(sorted((self.path.parent / "data").iterdir()), work / "data")
        (work / "README.txt").write_text(f"{turn}\n" * 1000)
        bundle.write_sums(work)
        bundle.publish(work, self.path)

    def check(self):
        if not self.path.exists():  # between two renames: the next call goes on
            self.write(0)
        lines = (self.path / bundle.SUMS).read_text().splitlines()
        assert len(lines) == 21, "a folder that is not whole"
        for line in lines:
            check_hash(self.path / line[66:], line[:64])


WRITERS = {
    "m.keras": Saves, "w.safetensors": Weights, "w.npz": Weights, "m.h5": Saves, "w.weights.h5": Weights,
    "checkpoint.keras": Checkpoints, "backup": Backups, "a.tar.gz": Downloads,
    "stick": Bundles,
}


def write_for_ever(writer, ready):
    turn = 0
    while True:
        turn += 1
        writer.write(turn)
        if turn == 2:
            os.write(ready, b"!")


def kill_one(writer, seconds, draw, folder):
    """Start a writer, end it at a random moment, and check what it leaves; whether that includes an unfinished file."""
    reader, ready = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside the server's thread
        child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            write_for_ever(writer, ready)
        os._exit(1)
    try:
        assert os.read(reader, 1) == b"!", "the writer has failed"
        time.sleep(draw.random() * 2 * seconds)
    finally:
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        os.close(reader)
        os.close(ready)
    assert os.WTERMSIG(status) == signal.SIGKILL, "the writer has ended by itself"
    unfinished = any(folder.rglob("*.tinynet.tmp"))
    writer.check()
    return unfinished


def kill_many(name, count, seed, folder):
    """Kill a kind of writer. Return the faults, and how many kills left an unfinished file."""
    folder = Path(folder)
    writer, draw, faults, unfinished = WRITERS[name](folder, name), random.Random(f"{name} {seed}"), [], 0
    started = time.monotonic()
    for turn in (1, 2, 3):
        writer.write(turn)
    seconds = (time.monotonic() - started) / 3
    for number in range(count):
        try:
            unfinished += kill_one(writer, seconds, draw, folder)
        except Exception as error:
            faults.append(f"kill {number}: {type(error).__name__}: {error}")
    writer.write(1)  # sweeps
    left = list(folder.rglob("*.tinynet.tmp"))
    if left:
        faults.append(f"left for ever: {left[0].name}")
    if hasattr(writer, "server"):
        writer.server.shutdown()
        writer.server.server_close()
    return faults, unfinished


def run(settings):
    names = [name for name in WRITERS if settings.wants(name)]
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            count = settings.count(KILLS / len(WRITERS))
            faults, unfinished = kill_many(name, count, settings.seed, folder)
            yield (name, f"{count} kills, {unfinished} during a write, {len(faults)} bad files", "0 bad files",
                   not faults)
            for fault in faults[:5]:
                print(f"    {fault}")
