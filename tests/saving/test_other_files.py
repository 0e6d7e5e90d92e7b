"""A configuration makes tinynet open nothing: no file, no device, no address, whatever class and argument names it."""

import contextlib
import inspect
import json
import sys
import threading
import zipfile

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers
from tinynet.core.errors import ModelFileError
from tinynet.core.registry import families
from tinynet.serialization import deserialize_keras_object

_opened, _watching = [], threading.local()


def _audit(event, arguments):
    if getattr(_watching, "on", False) and event in ("open", "socket.connect", "socket.getaddrinfo", "urllib.Request",
                                                     "os.listdir", "os.scandir", "subprocess.Popen", "os.system"):
        _opened.append((event, str(arguments[0]) if arguments else ""))


sys.addaudithook(_audit)


@pytest.fixture
def watched():
    """A list of what was opened in this test."""
    _opened.clear()
    _watching.on = True
    yield _opened
    _watching.on = False


LOOKUPS = ["StringLookup", "IntegerLookup", "TextVectorization"]
CLASSES = sorted({(module, name) for module, package in families().items() for name, item in vars(package).items()
                  if isinstance(item, type) and name[:1] != "_" and hasattr(item, "from_config")})


def configurations(cls, path):
    """Configurations with the path as each argument, others as their defaults or as something that may fit."""
    parameters = [one for one in inspect.signature(cls.__init__).parameters.values()
                  if one.name != "self" and one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    required = [one.name for one in parameters if one.default is one.empty]
    for name in [*(one.name for one in parameters), "weights", "path", "filename"]:
        for other in (1, "relu", (2, 2)):
            yield {**dict.fromkeys(required, other), name: path}
            if not required:
                break


@pytest.mark.parametrize(("module", "name"), CLASSES, ids=[f"{m}.{n}" for m, n in CLASSES])
def test_no_class_opens_what_an_argument_names(module, name, tmp_path, watched):
    path = tmp_path / "canary.txt"
    path.write_text("1\n2\n")
    watched.clear()
    cls = getattr(families()[module], name)
    for named in (str(path), "/dev/zero", "http://canary.invalid/x", f"file://{path}"):
        for config in configurations(cls, named):
            with contextlib.suppress(Exception):
                deserialize_keras_object({"module": module, "class_name": name, "config": config})
    assert not [what for what in watched if "canary" in what[1] or "/dev/" in what[1] or what[0] != "open"]


@pytest.mark.parametrize("name", LOOKUPS)
def test_a_vocabulary_is_not_read_from_the_file_that_a_model_names(name, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("7\nthe password is tulip\n")
    config = {"class_name": name, "module": "keras.layers", "config": {"vocabulary": str(secret)}}
    model = {"class_name": "Sequential", "module": "keras", "config": {"layers": [config]}}
    with pytest.raises(ValueError, match="must not make tinynet open another") as caught:
        layers.deserialize(config)
    assert "tulip" not in str(caught.value)
    with pytest.raises(ModelFileError, match=r"config.layers\[0\].*must not make tinynet open another"):
        tn.models.model_from_json(json.dumps(model))
    with pytest.raises(ValueError, match="must not make tinynet open another"):
        getattr(layers, name).from_config(config["config"])
    path = tmp_path / "m.keras"
    tn.Sequential([tn.Input((2,)), layers.Dense(1)]).save(path)
    with zipfile.ZipFile(path) as file:
        members = {one: file.read(one) for one in file.namelist()}
    members["config.json"] = json.dumps(model)
    with zipfile.ZipFile(path, "w") as file:
        for one, content in members.items():
            file.writestr(one, content)
    with pytest.raises(ModelFileError, match="must not make tinynet open another") as caught:
        tn.models.load_model(path)
    assert "tulip" not in str(caught.value)


def test_in_an_old_file(tmp_path):
    h5py = pytest.importorskip("h5py")
    model = {"class_name": "Sequential", "config": {"name": "m", "layers": [
        {"class_name": "StringLookup", "config": {"name": "l", "vocabulary": "/dev/zero"}}]}}
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(model)
        file.create_group("model_weights").attrs["layer_names"] = np.array([], h5py.string_dtype())
    with pytest.raises(ModelFileError, match="must not make tinynet open another"):
        tn.models.load_model(tmp_path / "m.h5")


@pytest.mark.parametrize("name", LOOKUPS)
def test_the_user_may_name_a_file(name, tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("7\n9\n")
    layer = getattr(layers, name)(vocabulary=str(path))
    assert [str(token) for token in layer.get_vocabulary()[-2:]] == ["7", "9"]
    twin = type(layer).from_config(layer.get_config())
    assert twin.get_vocabulary() == layer.get_vocabulary()
    layer.set_vocabulary(str(path))


def test_a_vocabulary_that_is_no_text_is_named_with_its_line(tmp_path):
    (tmp_path / "words.txt").write_bytes(b"7\n\xff\n")
    with pytest.raises(ValueError, match=r"words.txt: line \d: byte 0xff at offset \d is not UTF-8"):
        layers.StringLookup(vocabulary=str(tmp_path / "words.txt"))
    (tmp_path / "words.txt").write_text("7\nx\n")
    with pytest.raises(ValueError, match="words.txt: line 2: invalid literal"):
        layers.IntegerLookup(vocabulary=str(tmp_path / "words.txt"))
