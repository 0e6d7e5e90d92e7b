"""Writers that are killed, and disks that are full: the old file stays, or the new one is there, whole."""

import os
import random
import resource
import signal
import time

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers
from tinynet.saving import load_model


def save_for_ever(path, ready):
    """What the writer does until it is killed: save models whose weights all are the same number."""
    model = tn.Sequential([tn.Input((100,)), layers.Dense(100)])
    count = 0
    while True:
        count += 1
        model.layers[0].kernel.assign(np.full((100, 100), count, "float32"))
        model.save(path)
        if count == 1:
            os.write(ready, b"!")


def test_two_hundred_kills_leave_a_loadable_file(tmp_path):
    path, chance = tmp_path / "m.keras", random.Random(0)
    for _ in range(200):
        reader, ready = os.pipe()
        writer = os.fork()
        if writer == 0:
            try:
                save_for_ever(path, ready)
            finally:
                os._exit(1)
        try:
            assert os.read(reader, 1) == b"!"
            time.sleep(chance.random() * 0.01)
        finally:
            os.kill(writer, signal.SIGKILL)
            _, status = os.waitpid(writer, 0)
            os.close(reader)
            os.close(ready)
        assert os.WTERMSIG(status) == signal.SIGKILL
        kernel = load_model(path).layers[0].kernel.numpy()
        assert (kernel == kernel[0, 0]).all() and kernel[0, 0] >= 1
    left = [name for name in os.listdir(tmp_path) if name != "m.keras"]
    tn.Sequential([tn.Input((2,)), layers.Dense(2)]).save(path)
    assert len(left) <= 1 and os.listdir(tmp_path) == ["m.keras"]  # each writer sweeps what the one before it left


@pytest.mark.parametrize("name", ["m.keras", "w.safetensors", "w.weights.h5", "m.h5"])
def test_a_full_disk_leaves_the_old_file(name, tmp_path):
    if name.endswith("h5"):
        pytest.importorskip("h5py")
    model = tn.Sequential([tn.Input((300,)), layers.Dense(300)])
    path = tmp_path / name
    path.write_bytes(b"old")
    os.chmod(path, 0o640)
    write = model.save if name.startswith("m") else model.save_weights
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        with pytest.raises(OSError, match=f"File too large: '{path}'"):
            write(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == [name]
    write(path)
    assert path.stat().st_mode & 0o777 == 0o640
    other = tn.Sequential([tn.Input((300,)), layers.Dense(300)])
    other.load_weights(path)
    np.testing.assert_array_equal(other.layers[0].kernel.numpy(), model.layers[0].kernel.numpy())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(PermissionError, match=str(tmp_path)):
        tn.Sequential([tn.Input((2,)), layers.Dense(2)]).save(tmp_path / "m.keras")
