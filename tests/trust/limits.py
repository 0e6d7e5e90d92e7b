"""The part `limits` of tests/trust/run: the system refuses. Every writer raises an error that names what it could not
do, and leaves the old file whole and nothing beside it.

Each case runs in a process of its own, whose limits do not return.
"""

import contextlib
import ctypes
import errno
import os
import resource
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

import numpy as np

import tinynet as tn
from tinynet import callbacks, layers
from tinynet.core.errors import DataError, ModelFileError
from tinynet.datasets import write_idx
from tinynet.utils import save_img, save_weights_npz

UNITS = 300  # a kernel of 360 kB


def model(units=UNITS):
    one = tn.Sequential([tn.Input((UNITS,)), layers.Dense(units)])
    one.compile("sgd", "mse")
    return one


def fitted(make):
    def write(path):
        one = model()
        one.fit(np.zeros((2, UNITS)), np.zeros((2, UNITS)), epochs=2, verbose=0, callbacks=[make(path)])
    return write


WRITERS = {
    "m.keras": lambda path: model().save(path),
    "m.h5": lambda path: model().save(path),
    "w.safetensors": lambda path: model().save_weights(path),
    "w.weights.h5": lambda path: model().save_weights(path),
    "w.npz": lambda path: save_weights_npz(model(), path),
    "c.keras": fitted(lambda path: callbacks.ModelCheckpoint(path)),
    "x.idx": lambda path: write_idx(path, np.zeros((400, 400), np.float32)),
    "p.bmp": lambda path: save_img(path, np.zeros((400, 400, 3)), scale=False),
}
READERS = {
    "m.keras": tn.models.load_model, "m.h5": tn.models.load_model, "c.keras": tn.models.load_model,
    "w.safetensors": lambda path: model().load_weights(path), "w.weights.h5": lambda path: model().load_weights(path),
    "w.npz": lambda path: tn.utils.load_weights_npz(model(), path),
}


def full_disk(path, write):
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    refused(path, write, errno.EFBIG)


def full_file_system(path, write):
    """A file system in memory with 200 kB, where this process may mount one."""
    small = path.parent / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode != 0:
        return "left out: may not mount a file system"
    try:
        (small / path.name).write_bytes(b"old")
        refused(small / path.name, write, errno.ENOSPC)
    finally:
        subprocess.run(["umount", "-l", str(small)], capture_output=True)
    return None


def read_only_folder(path, write):
    path.parent.chmod(0o555)
    if os.geteuid() == 0:
        obey_modes()
    refused(path, write, errno.EACCES)


def obey_modes():
    """Give up what root may beside its files' modes. Another user might not even read Python's own modules."""
    version, no_capabilities = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert ctypes.CDLL(None).capset(version, no_capabilities) == 0, "capabilities stay"


def missing_folder(path, write):
    try:
        write(path.parent / "absent" / path.name)
    except OSError as error:
        assert error.errno == errno.ENOENT and "absent" in str(error), repr(error)
    else:
        assert "c.keras" in path.name, "no error"  # a checkpoint makes its folder


def no_file_handles(path, write):
    opened = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    write(path.with_name("before-" + path.name))  # modules are imported now, which takes handles too
    (path.with_name("before-" + path.name)).unlink()
    with contextlib.suppress(OSError):
        while True:
            opened.append(open("/dev/null"))  # noqa: SIM115
    try:
        write(path)
    except OSError as error:
        assert error.errno == errno.EMFILE, repr(error)
    else:
        raise AssertionError("no error")
    finally:
        for file in opened:
            file.close()
    whole(path)


def refused(path, write, number):
    try:
        write(path)
    except OSError as error:
        assert error.errno == number, f"another error: {error!r}"
        assert path.name in str(error), f"does not name the file: {error!r}"
    else:
        raise AssertionError("no error")
    whole(path)


def whole(path):
    assert path.read_bytes() == b"old", "the old file is gone"
    left = [name for name in os.listdir(path.parent) if name.endswith(".tmp")]
    assert not left, f"left: {left}"


def little_memory(path, write):
    """Reading takes less memory than there is, or ends with an error that tells so; the process lives on."""
    write(path)
    read = READERS.get(path.name)
    if read is None:
        return "left out: no reader of models"
    read(path)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGESIZE")
    for more in (1 << 16, 1 << 18, 1 << 20, 1 << 22):
        resource.setrlimit(resource.RLIMIT_AS, (used + more, resource.RLIM_INFINITY))
        try:
            read(path)
        except MemoryError:
            pass
        except (ModelFileError, DataError) as error:
            assert "memory" in str(error).lower() or "allocate" in str(error).lower(), repr(error)
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    read(path)
    return None


CASES = {"full disk": full_disk, "full file system": full_file_system, "read-only folder": read_only_folder,
         "missing folder": missing_folder, "no file handles": no_file_handles, "little memory": little_memory}


def in_a_process(case, name, folder):
    """Run one case in a fork. Return what is wrong, or why it was left out."""
    path = Path(folder) / name
    path.write_bytes(b"old")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            told = CASES[case](path, WRITERS[name]) or ""
        except BaseException as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            told = f"{type(error).__name__}: {error} (line {last.lineno})"
        os.write(writer, told.encode()[:4000])
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as file:
        told = file.read().decode()
    _, status = os.waitpid(child, 0)
    os.chmod(folder, 0o755)
    return told if status == 0 else f"the process has ended with {status}: {told}"


def check(case, name):
    """What is wrong with one case, "" if nothing."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        told = in_a_process(case, name, folder)
    return "" if told.startswith("left out") else told


def run(settings):
    sys.stdout.flush()
    for case in CASES:
        if settings.wants(case):
            wrong = {name: told for name in WRITERS if (told := check(case, name))}
            yield case, f"{len(WRITERS)} writers, {len(wrong)} faults", "clear errors, old file whole", not wrong
            for name, told in wrong.items():
                print(f"    {name}: {told}")
