"""The attacks on Keras that have a number (CVE), 2024 to 2026: each file is made here, and refused by tinynet.

Refused: an error of tinynet's own, before anything that the file names is imported, called, opened, started or
downloaded, with `safe_mode=False` too.
"""

import base64
import contextlib
import io
import json
import marshal
import os
import pickle
import sys
import tarfile
import threading
import zipfile

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers
from tinynet.core.errors import DataError, ModelFileError
from tinynet.saving import load_model
from tinynet.utils import downloads, get_file, load_weights_npz

EVENTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.connect",
          "socket.getaddrinfo", "urllib.Request", "pickle.find_class", "marshal.loads", "ctypes.dlopen")
_seen, _watching = [], threading.local()


def _audit(event, arguments):
    if not getattr(_watching, "folder", None):
        return
    if event == "marshal.loads" and b"<evil>" not in bytes(arguments[0]):
        return  # a compiled module that is imported now
    if event in EVENTS or event == "open" and str(arguments[0]).startswith(("/etc/", "/dev/", _watching.folder)):
        _seen.append((event, str(arguments[:1])))


sys.addaudithook(_audit)


@contextlib.contextmanager
def nothing_happens(tmp_path):
    """Nothing is started, loaded, or opened, in /etc, /dev or the folder "victim"; nothing is written into it."""
    victim = tmp_path / "victim"
    victim.mkdir(exist_ok=True)
    (victim / "secret.txt").write_text("tulip\n")
    _seen.clear()
    _watching.folder = str(victim)
    try:
        yield victim
    finally:
        _watching.folder = None
    assert not _seen
    assert os.listdir(victim) == ["secret.txt"] and (victim / "secret.txt").read_text() == "tulip\n"


def marshalled(victim):
    """A function's code, as `Lambda` stores it, that would write into the folder."""
    code = compile(f"lambda x: open({str(victim / 'owned')!r}, 'w')", "<evil>", "eval").co_consts[0]
    return base64.b64encode(marshal.dumps(code)).decode()


class Evil:
    """An object whose pickle writes into a folder when it is loaded."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.system, (f"touch {self.folder}/owned",)


def sequential(*entries, **compiled):
    """The configuration of a model with these layers."""
    first = {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [None, 3], "name": "i"}}
    return {"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": [first, *entries]},
            **compiled}


def layer(class_name, config, module="keras.layers", **more):
    return {"module": module, "class_name": class_name, "config": {"name": "evil", **config}, **more}


def keras_file(path, config, members=None):
    """A `.keras` file, as Keras writes it, with this configuration."""
    good = tn.Sequential([tn.Input((3,)), layers.Dense(4)])
    good.save(path, format="keras")
    with zipfile.ZipFile(path) as file:
        content = {name: file.read(name) for name in file.namelist()}
    if config is not None:
        content["config.json"] = json.dumps(config)
    content.update(members or {})
    with zipfile.ZipFile(path, "w") as file:
        for name, data in content.items():
            file.writestr(name, data)
    return path


CONFIGURATIONS = {
    # Code in the file itself.
    "CVE-2024-3660 Lambda with code": lambda v: sequential(layer("Lambda", {
        "function": {"class_name": "__lambda__",
                     "config": {"code": marshalled(v), "defaults": None, "closure": None}}})),
    "CVE-2024-3660 Lambda with code of Keras 2": lambda v: sequential(layer("Lambda", {
        "function": [marshalled(v), None, None], "function_type": "lambda", "module": "os"})),
    # Any class or function that can be imported.
    "CVE-2025-1550 class": lambda v: sequential(layer("Popen", {"args": ["touch", f"{v}/owned"]}, "subprocess")),
    "CVE-2025-1550 registered name": lambda v: sequential(layer("Popen", {"args": ["touch", f"{v}/owned"]},
                                                                registered_name="subprocess>Popen")),
    "CVE-2025-1550 function": lambda v: sequential(layer("Dense", {"units": 1, "activation": {
        "module": "os", "class_name": "function", "config": "system", "registered_name": "system"}})),
    "CVE-2025-1550 builtin": lambda v: sequential(layer("Lambda", {"function": {
        "module": "builtins", "class_name": "function", "config": "exec", "registered_name": "function"},
        "arguments": {"globals": {}}})),
    "CVE-2025-1550 loss": lambda v: sequential(layer("Dense", {"units": 1}), compile_config={
        "optimizer": "adam", "loss": {"module": "subprocess", "class_name": "function", "config": "run"}}),
    "CVE-2025-1550 optimizer": lambda v: sequential(layer("Dense", {"units": 1}), compile_config={
        "optimizer": {"module": "subprocess", "class_name": "Popen", "config": {"args": ["touch", f"{v}/owned"]}},
        "loss": "mse"}),
    # The library's own functions as tools.
    "CVE-2025-8747 get_file": lambda v: sequential(layer("Lambda", {"function": {
        "module": "keras.utils", "class_name": "function", "config": "get_file", "registered_name": "get_file"},
        "arguments": {"fname": "owned", "origin": f"file://{v}/secret.txt", "cache_dir": str(v)}})),
    "CVE-2025-8747 get_file as a class": lambda v: sequential(layer("get_file", {
        "origin": "http://127.0.0.1:9/x", "cache_dir": str(v)}, "keras.utils")),
    "CVE-2025-8747 load_model": lambda v: sequential(layer("Lambda", {"function": {
        "module": "keras.models", "class_name": "function", "config": "load_model", "registered_name": "load_model"},
        "arguments": {"filepath": f"{v}/secret.txt", "safe_mode": False}})),
    "CVE-2025-9906 enable_unsafe_deserialization": lambda v: sequential(
        layer("Lambda", {"function": {"module": "keras.config", "class_name": "function",
                                      "config": "enable_unsafe_deserialization", "registered_name": "function"}}),
        layer("Lambda", {"function": {"class_name": "__lambda__", "config": {"code": marshalled(v)}}})),
    "CVE-2025-9906 as a class": lambda v: sequential(
        layer("enable_unsafe_deserialization", {}, "keras.src.config"),
        layer("Lambda", {"function": {"class_name": "__lambda__", "config": {"code": marshalled(v)}}})),
    # Files and addresses that a layer would open.
    **{f"CVE-2025-12058 {name} {what}": (lambda v, name=name, path=path: sequential(layer(name, {
        "vocabulary": path.format(v), "dtype": "string" if name != "IntegerLookup" else "int64"})))
       for name in ("StringLookup", "IntegerLookup", "TextVectorization")
       for what, path in (("file", "{}/secret.txt"), ("address", "http://127.0.0.1:9/{}"), ("device", "/dev/zero"))},
    "CVE-2025-49655 TorchModuleWrapper": lambda v: sequential(layer("TorchModuleWrapper", {
        "module": base64.b64encode(pickle.dumps(Evil(v))).decode()})),
    "CVE-2026-1462 TFSMLayer": lambda v: sequential(layer("TFSMLayer", {"filepath": str(v), "call_endpoint": "serve"})),
}


@pytest.mark.parametrize("safe_mode", [True, False])
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_configurations(name, safe_mode, tmp_path):
    pytest.importorskip("h5py")
    (tmp_path / "victim").mkdir()
    config = CONFIGURATIONS[name](tmp_path / "victim")
    path = keras_file(tmp_path / "evil.keras", config)
    with nothing_happens(tmp_path), pytest.raises(ModelFileError) as caught:
        load_model(path, safe_mode=safe_mode)
    assert "evil.keras" in str(caught.value) and "tulip" not in str(caught.value)
    with nothing_happens(tmp_path), pytest.raises(ModelFileError):
        tn.models.model_from_json(json.dumps(config))
    for entry in config["config"]["layers"][1:]:
        if entry["class_name"] != "Dense":
            with nothing_happens(tmp_path), pytest.raises((ValueError, TypeError)):
                layers.deserialize(entry)


@pytest.mark.parametrize("name", [name for name in CONFIGURATIONS if "loss" not in name and "optimizer" not in name])
def test_in_an_old_file(name, tmp_path):
    """CVE-2025-9905: `safe_mode` did not hold for .h5 files."""
    h5py = pytest.importorskip("h5py")
    (tmp_path / "victim").mkdir()
    with h5py.File(tmp_path / "evil.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(CONFIGURATIONS[name](tmp_path / "victim"))
        file.create_group("model_weights").attrs["layer_names"] = np.array([], h5py.string_dtype())
    for safe_mode in (True, False):
        with nothing_happens(tmp_path), pytest.raises(ModelFileError, match="evil.h5"):
            load_model(tmp_path / "evil.h5", safe_mode=safe_mode)


# --- weights --------------------------------------------------------------------------------------------------------


def weights(change):
    """The bytes of a model.weights.h5 for `keras_file`'s model, changed."""
    h5py = pytest.importorskip("h5py")
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["layers/dense/vars/0"] = np.ones((3, 4), "f4")
        file["layers/dense/vars/1"] = np.ones(4, "f4")
        change(h5py, file)
    return content.getvalue()


def replaced(make):
    def change(h5py, file):
        del file["layers/dense/vars/0"]
        make(h5py, file)
    return change


def virtual(h5py, file):
    layout = h5py.VirtualLayout((3, 4), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "a", (3, 4))
    file.create_virtual_dataset("layers/dense/vars/0", layout)


def linked(h5py, file):
    file["layers/dense/vars/0"] = h5py.ExternalLink("/etc/passwd", "/a")


WEIGHTS = {
    "CVE-2026-0897 shape bomb": replaced(lambda h5py, file: file.create_dataset(
        "layers/dense/vars/0", (10**6, 10**6), "f4", chunks=(100, 100), compression="gzip")),
    "CVE-2026-12570 shape bomb without chunks": replaced(lambda h5py, file: file.create_dataset(
        "layers/dense/vars/0", (2**40,), "f4")),
    "CVE-2026-12570 one chunk": replaced(lambda h5py, file: file.create_dataset(
        "layers/dense/vars/0", (2**31,), "f4", chunks=(2**29,), compression="gzip")),
    "CVE-2026-1669 external storage": replaced(lambda h5py, file: file.create_dataset(
        "layers/dense/vars/0", (3, 4), "f4", external=[("/etc/passwd", 0, 48)])),
    "CVE-2026-1669 external link": replaced(linked),
    "CVE-2026-1669 virtual dataset": replaced(virtual),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights(name, tmp_path):
    data = weights(WEIGHTS[name])
    path = keras_file(tmp_path / "evil.keras", None, {"model.weights.h5": data})
    with nothing_happens(tmp_path), pytest.raises(ModelFileError, match="evil.keras"):
        load_model(path)
    (tmp_path / "evil.weights.h5").write_bytes(data)
    model = tn.Sequential([tn.Input((3,)), layers.Dense(4)])
    before = model.get_weights()
    with nothing_happens(tmp_path), pytest.raises(ModelFileError, match="evil.weights.h5"):
        model.load_weights(tmp_path / "evil.weights.h5")
    assert all(map(np.array_equal, model.get_weights(), before))


def test_pickles_in_npz_files(tmp_path):
    """CVE-2019-6446, NumPy's; Keras's loaders of data sets had the same."""
    (tmp_path / "victim").mkdir()
    np.savez(tmp_path / "w.npz", **{"0": np.array([Evil(tmp_path / "victim")], object)})
    with nothing_happens(tmp_path), pytest.raises(ModelFileError, match="w.npz: member '0.npy': holds Python objects"):
        load_weights_npz(tn.Sequential([tn.Input((3,)), layers.Dense(4)]), tmp_path / "w.npz")


@pytest.mark.parametrize("name", ["../../evil", "/tmp/tinynet-evil", "a/../../../evil", ".."])
def test_names_of_layers_are_no_paths(name, tmp_path):
    """CVE-2026-12479: a layer's name led a writer out of its folder."""
    pytest.importorskip("h5py")
    (tmp_path / "a" / "b").mkdir(parents=True)
    before = sorted(os.listdir(tmp_path))
    for file in ("m.keras", "m.h5", "m.weights.h5", "m.safetensors"):
        path = tmp_path / "a" / "b" / file
        with contextlib.suppress(ValueError):
            model = tn.Sequential([tn.Input((3,)), layers.Dense(2, name=name)])
            model.save(path) if file in ("m.keras", "m.h5") else model.save_weights(path)
            if path.exists():
                model.load_weights(path)
        assert sorted(os.listdir(tmp_path)) == before and os.listdir(tmp_path / "a") == ["b"]
        assert set(os.listdir(tmp_path / "a" / "b")) <= {"m.keras", "m.h5", "m.weights.h5", "m.safetensors"}
    assert not os.path.exists("/tmp/tinynet-evil")


# --- archives -------------------------------------------------------------------------------------------------------


def entry(name, kind=tarfile.REGTYPE, link="", content=b""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, len(content)
    return info, content


def long_chain():
    """CVE-2025-4517 of Python, the way of CVE-2025-12060: links through folders with long names, whose resolved path is
    longer than the system allows, so that a check of the path stops half way.
    """
    part, steps = "d" * 247, "abcdefghijklmnop"
    path = ""
    for step in steps:
        yield entry(os.path.join(path, part), tarfile.DIRTYPE)
        yield entry(os.path.join(path, step), tarfile.SYMTYPE, part)
        path = os.path.join(path, part)
    chain = "/".join(steps)
    link = os.path.join(chain, "l" * 254)
    yield entry(link, tarfile.SYMTYPE, "../" * len(steps))
    yield entry("escape", tarfile.SYMTYPE, link + "/../victim")
    yield entry("escape/owned", content=b"owned")


ARCHIVES = {
    "CVE-2024-55459 a name with ..": lambda v: [entry("../victim/owned", content=b"x")],
    "CVE-2025-12638 an absolute name": lambda v: [entry(f"{v}/owned", content=b"x")],
    "CVE-2025-12060 a link to a folder": lambda v: [entry("d", tarfile.SYMTYPE, str(v)),
                                                    entry("d/owned", content=b"x")],
    "CVE-2025-12060 a relative link": lambda v: [entry("d", tarfile.SYMTYPE, "../victim"),
                                                 entry("d/owned", content=b"x")],
    "CVE-2025-12060 a link through a link": lambda v: [entry("a", tarfile.SYMTYPE, "."), entry("b", tarfile.SYMTYPE,
                                                       "a/../../victim"), entry("b/owned", content=b"x")],
    "CVE-2025-12060 a hard link": lambda v: [entry("d", tarfile.LNKTYPE, f"{v}/secret.txt"), entry("d", content=b"x")],
    "CVE-2025-12060 a long chain": lambda v: list(long_chain()),
    "GHSA-hqp4-2352-xf5r a link inside": lambda v: [entry("x/y", tarfile.DIRTYPE), entry("l", tarfile.SYMTYPE, "x/y"),
                                                    entry("l/../../../victim/owned", content=b"x")],
    "a device": lambda v: [entry("null", tarfile.CHRTYPE)], "a pipe": lambda v: [entry("pipe", tarfile.FIFOTYPE)],
    "a link to a file inside": lambda v: [entry("f", content=b"x"), entry("l", tarfile.SYMTYPE, "f")],
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_tar_archives(name, tmp_path, monkeypatch):
    (tmp_path / "victim").mkdir()
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as archive:
        for info, content in ARCHIVES[name](tmp_path / "victim"):
            archive.addfile(info, io.BytesIO(content))
    for folder in (tmp_path, "/"):  # a check that depends on the current folder is none
        monkeypatch.chdir(folder)
        with nothing_happens(tmp_path):
            # An absolute name is made a relative one, as tar does.
            expected = contextlib.nullcontext() if "absolute" in name else pytest.raises(DataError, match="evil.tar.gz")
            with expected:
                downloads.unpack(tmp_path / "evil.tar.gz", tmp_path / "out")
        assert not os.path.lexists(tmp_path / "owned") and not list(tmp_path.glob("**/*.tinynet.tmp"))
    expected = contextlib.nullcontext() if "absolute" in name else pytest.raises(DataError, match="evil.tar.gz")
    with expected:
        get_file(origin=(tmp_path / "evil.tar.gz").as_uri(), cache_dir=tmp_path / "cache", extract=True)
    assert os.listdir(tmp_path / "victim") == ["secret.txt"]


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "..", "a/../../b", ""])
def test_get_file_writes_into_its_folder_only(name, tmp_path):
    """CVE-2024-55459 and others: the name of the file."""
    with nothing_happens(tmp_path), pytest.raises(ValueError):
        get_file(name, origin="http://127.0.0.1:9/", cache_dir=tmp_path / "cache")


def test_zip_bombs(tmp_path):
    """A small archive that unpacks to much."""
    with zipfile.ZipFile(tmp_path / "evil.keras", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("metadata.json", json.dumps({"keras_version": "3.10.0"}))
        file.writestr("config.json", b'{"class_name": "' + b"a" * (64 << 20) + b'"}')
    with nothing_happens(tmp_path), pytest.raises(ModelFileError, match="evil.keras"):
        load_model(tmp_path / "evil.keras")
