"""Model files that are damaged or made to harm: each is refused with a message, and nothing else happens."""

import contextlib
import io
import json
import stat
import struct
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinynet as tn
from tinynet import layers
from tinynet.core.errors import ModelFileError
from tinynet.saving import archive, load_model, safetensors
from tinynet.saving.building import build_model


def small_model():
    model = tn.Sequential([tn.Input((3,)), layers.Dense(4, "relu", name="first"), layers.Dense(2, name="second")])
    model.compile("adam", "mse")
    return model


@pytest.fixture(scope="module")
def members(tmp_path_factory):
    """The members of a correct file."""
    path = tmp_path_factory.mktemp("models") / "m.keras"
    small_model().save(path)
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def write(path, members):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def refused(path, message):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ModelFileError, match=message) as caught:
            load_model(path)
    assert str(path) in str(caught.value) and isinstance(caught.value, ValueError)


def test_a_correct_file_is_read(members, tmp_path):
    assert load_model(write(tmp_path / "m.keras", members)).compiled


@pytest.mark.parametrize("content", [b"hello", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), bytes(5000)])
def test_no_zip_file(content, tmp_path):
    (tmp_path / "m.keras").write_bytes(content)
    refused(tmp_path / "m.keras", "not a zip file|has no member 'metadata.json'")


@pytest.mark.parametrize(("name", "message"), [
    ("/etc/passwd", "member '/etc/passwd' leads out of the archive"),
    ("../config.json", "leads out"), ("a/../../b", "leads out"), ("..\\config.json", "leads out"),
    ("C:\\x", "leads out"),
    ("notes.txt", "unknown member 'notes.txt'; a saved model has metadata.json, config.json"),
    ("config.json/", "unknown member"), ("CONFIG.JSON", "unknown member"),
])
def test_names_of_members(name, message, members, tmp_path):
    refused(write(tmp_path / "m.keras", {**members, name: b"x"}), message.replace("\\", "\\\\"))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_twice(members, tmp_path):
    write(tmp_path / "m.keras", members)
    with zipfile.ZipFile(tmp_path / "m.keras", "a") as file:
        file.writestr("config.json", b"{}")
    refused(tmp_path / "m.keras", "member 'config.json' is there twice")


def test_a_link(members, tmp_path):
    link = zipfile.ZipInfo("config.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as file:
        file.writestr(link, "/etc/passwd")
    refused(tmp_path / "m.keras", "member 'config.json' is a symbolic link")


def test_encrypted(members, tmp_path):
    data = bytearray(write(tmp_path / "m.keras", members).read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(signature)
        data[place + offset] |= 1
    (tmp_path / "m.keras").write_bytes(data)
    refused(tmp_path / "m.keras", "is encrypted")


def test_other_compressions(members, tmp_path):
    with zipfile.ZipFile(tmp_path / "m.keras", "w", zipfile.ZIP_BZIP2) as file:
        file.writestr("config.json", members["config.json"])
    refused(tmp_path / "m.keras", "is compressed by method 12; stored and deflated members can be read")


@pytest.mark.parametrize(("name", "declared", "message"), [
    ("config.json", 11 << 20, "declares 11534336 bytes, more than the 10485760 allowed"),
    ("model.safetensors", (4 << 30) - 2, "declares 4294967294 bytes, made from "),
])
def test_declared_sizes(name, declared, message, members, tmp_path):
    data = bytearray(write(tmp_path / "m.keras", members).read_bytes())
    directory = data.find(b"PK\x01\x02")
    while data[directory + 46 : directory + 46 + len(name)] != name.encode():
        directory = data.find(b"PK\x01\x02", directory + 4)
    struct.pack_into("<I", data, directory + 24, declared)
    (tmp_path / "m.keras").write_bytes(data)
    refused(tmp_path / "m.keras", message)


def test_more_than_4_gib(members, tmp_path, monkeypatch):
    monkeypatch.setitem(archive.LIMITS, "model.safetensors", 100)
    refused(write(tmp_path / "m.keras", members), "more than the 100 allowed")
    assert archive.LIMITS["model.weights.h5"] == 4 << 30


def test_a_bomb(members, tmp_path):
    with zipfile.ZipFile(tmp_path / "m.keras", "w", zipfile.ZIP_DEFLATED) as file:
        for name in ("metadata.json", "config.json"):
            file.writestr(name, members[name])
        file.writestr("model.safetensors", bytes(20 << 20))
    refused(tmp_path / "m.keras", "declares 20971520 bytes, made from 2")


def test_a_flipped_bit(members, tmp_path):
    data = bytearray(write(tmp_path / "m.keras", members).read_bytes())
    data[data.find(members["model.safetensors"]) + len(members["model.safetensors"]) - 2] ^= 4
    (tmp_path / "m.keras").write_bytes(data)
    refused(tmp_path / "m.keras", "member 'model.safetensors' is damaged: Bad CRC-32")


@pytest.mark.parametrize("name", ["metadata.json", "config.json", "model.safetensors"])
def test_a_missing_member(name, members, tmp_path):
    refused(write(tmp_path / "m.keras", {k: v for k, v in members.items() if k != name}), f"has no member '{name}'")


@pytest.mark.parametrize(("metadata", "message"), [
    ({"format": "tinynet", "format_version": 4}, r"saved by format 4, this tinynet \(.*\) reads 1-1; upgrade"),
    ({"format": "tinynet", "format_version": 0}, "saved by format 0"),
    ({"format": "tinynet", "format_version": "1"}, "neither tinynet's nor Keras's"),
    ({"format": "tinynet", "format_version": True}, "neither"), ({"format": "other", "format_version": 1}, "neither"),
    ({}, "neither"), ([], "neither"), (None, "neither"), (3, "neither"),
])
def test_versions(metadata, message, members, tmp_path):
    refused(write(tmp_path / "m.keras", {**members, "metadata.json": json.dumps(metadata)}), message)


@pytest.mark.parametrize(("text", "message"), [
    (b"[" * 200_000, "nested too deeply"),
    (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "nested too deeply"),
    (b'{"config": {"layers": [1' + b"0" * 10_000 + b"]}}", r"config.layers\[0\]: an integer of 10001 digits"),
    (b'{"config": {"rate": NaN}}', "config.rate: NaN is not JSON"),
    (b'{"config": {"rate": [-Infinity]}}', r"config.rate\[0\]: -Infinity is not JSON"),
    (b'{"config": {"rate": 1e999}}', "config.rate: 1e999 is too large"),
    (b'{"config": {"units": 1, "units": 2}}', "config.units: the key is given twice"),
    (b'{"config"', "not JSON: Expecting ':' delimiter in line 1, column 10"), (b"", "not JSON"),
    (b'{"\xff": 1}', "not UTF-8"), (b"\xef\xbb\xbf{}", "not JSON"),
    (b"[]", "expected an object that describes a model"),
    (b"{}", "describes a dict, not a model"), (b'{"class_name": "Sequential"}', "describes a dict, not a model"),
    (b'{"class_name": "Dense", "config": {"units": 3}}', "describes a Dense, not a model"),
    (b'{"class_name": "Adam", "config": {}}', "describes a Adam, not a model"),
    (b'{"class_name": "Sequential", "config": []}', "'config'"),
    (b'{"class_name": 3, "config": {}}', "class_name"),
    (b'{"class_name": "Sequential", "config": {}}', "the key 'layers' is missing"),
    (b'{"class_name": "Sequential", "config": {"layers": 3}}', "TypeError"),
])
def test_json(text, message, members, tmp_path):
    refused(write(tmp_path / "m.keras", {**members, "config.json": text}), message)


def layer(config):
    """The first Dense layer in a configuration."""
    return next(one for one in config["config"]["layers"] if one["class_name"] == "Dense")


def changed(change):
    return lambda config: change(layer(config))


@pytest.mark.parametrize(("change", "message"), [
    (changed(lambda d: d["config"].update(units="8")), r"config\.layers\[1\]\.config\.units: .*'8'"),
    (changed(lambda d: d["config"].update(units=-1)), r"config\.layers\[1\]\.config\.units"),
    (changed(lambda d: d["config"].update(units=None)), r"config\.layers\[1\]\.config\.units"),
    (changed(lambda d: d["config"].update(units=2.5)), r"config\.layers\[1\]\.config\.units"),
    (changed(lambda d: d["config"].update(size=3)), r"config\.layers\[1\]\.config\.size: .*unknown argument 'size'"),
    (changed(lambda d: d["config"].update(kernel_initializer={"class_name": "Evil", "config": {}})),
     r"config\.layers\[1\].*Evil"),
    (changed(lambda d: d["config"].update(activation="evil")), r"config\.layers\[1\].*'evil'"),
    (changed(lambda d: d["config"].update(name=["a"])), r"config\.layers\[1\]\.config\.name"),
    (changed(lambda d: d["config"].update(dtype="object")), r"config\.layers\[1\]\.config\.dtype"),
    (changed(lambda d: d.update(module="os", class_name="system", config={"command": "touch /tmp/evil"})),
     r"config\.layers\[1\]: class 'os.system' is not one of tinynet's; .* custom_objects=\{'system': ...\}"),
    (changed(lambda d: d.update(module="builtins", class_name="eval", config={})), "class 'builtins.eval' is not one"),
    (changed(lambda d: d.update(module="tinynet.utils", class_name="get_file", config={})), "get_file"),
    (changed(lambda d: d.update(class_name="__lambda__", config={"code": "4wEAAAA="})), "lambda.*does not run"),
    (changed(lambda d: d["config"].update(activation={"class_name": "__lambda__", "config": {"code": "4wE="}})),
     "lambda"),
    (changed(lambda d: d["config"].update(activation={"class_name": "function", "config": "system", "module": "os"})),
     "'system'"),
    (changed(lambda d: d.update(class_name="__class__", config={})), "__class__"),
    (changed(lambda d: d.update(build_config={"input_shape": "all"})), "config.json"),
    (changed(lambda d: d.update(build_config=[1])), "config.json"),
    (lambda c: c["config"].update(build_input_shape=[None, 7]), "config.json"),
    (lambda c: c["compile_config"].update(optimizer={"class_name": "Evil", "config": {}}), "Evil"),
    (lambda c: c["compile_config"].update(loss="evil"), "evil"),
    (lambda c: c["compile_config"].update(surprise=1), "surprise"),
    (lambda c: c["config"]["layers"].append({**c["config"]["layers"][1], "shared_object_id": 99}), "first"),
])
def test_configurations(change, message, members, tmp_path):
    config = json.loads(members["config.json"])
    change(config)
    refused(write(tmp_path / "m.keras", {**members, "config.json": json.dumps(config)}), message)


@pytest.mark.parametrize("units", [10**6, 10**9, 2**62])
def test_weights_larger_than_the_file_are_not_made(units, members, tmp_path):
    config = json.loads(members["config.json"])
    layer(config)["config"]["units"] = units
    refused(write(tmp_path / "m.keras", {**members, "config.json": json.dumps(config)}),
            "weights take .* bytes or more, the file holds")


@pytest.mark.parametrize("weights_bytes", [0, 64])
def test_how_much_more_than_the_file_holds_may_be_made(weights_bytes):
    """Twice the file's bytes and 1 MB: a byte more is refused."""
    def build(values):
        model = tn.Sequential([tn.Input((1,)), tn.layers.Dense(values, use_bias=False)])
        return build_model(tn.layers.serialize(model), "m.keras", weights_bytes=weights_bytes)

    most = (2 * weights_bytes + 2**20) // 4
    assert build(most).count_params() == most
    with pytest.raises(ModelFileError, match=f"take {4 * most + 4} bytes or more, the file holds {weights_bytes}"):
        build(most + 1)


def with_arrays(members, change):
    file = io.BytesIO(members["model.safetensors"])
    entries, metadata = safetensors.read_header(file, len(members["model.safetensors"]), "")
    arrays = safetensors.read_arrays(file, entries, "")
    change(arrays)
    out = io.BytesIO()
    safetensors.write(out, arrays, metadata)
    return {**members, "model.safetensors": out.getvalue()}


@pytest.mark.parametrize(("change", "message"), [
    (lambda a: a.pop("layers/dense/vars/0"),
     r"layer 'first' \(layers/dense\) has 2 variables, layers/dense/vars/0 is missing"),
    (lambda a: [a.pop(f"layers/dense_1/vars/{i}") for i in range(2)], "layer 'second' .* the file has 0"),
    (lambda a: a.update({"layers/dense_2/vars/0": np.ones(3)}), "no place for layers/dense_2/vars/0"),
    (lambda a: a.update({"evil": np.ones(3)}), "no place for"),
    (lambda a: a.update({"layers/dense/vars/2": np.ones(3)}), "has 2 variables, the file has 3"),
    (lambda a: a.update({"layers/dense/vars/0": np.ones((4, 3), "f")}),
     r"layers/dense/vars/0 has shape \(4, 3\) in the file, \(3, 4\) in the model"),
    (lambda a: a.update({"layers/dense/vars/0": np.ones((3, 4), "i4")}), "element type int32 in the file, float32"),
])
def test_weights(change, message, members, tmp_path):
    refused(write(tmp_path / "m.keras", with_arrays(members, change)), message)


def test_notes_about_the_optimizer(members, tmp_path):
    model = small_model()
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as file:
        members = {name: file.read(name) for name in file.namelist()}
    data = members["model.safetensors"]
    assert b'\\"layers/dense/vars/0\\"' in data
    changed = data.replace(b'\\"layers/dense/vars/0\\"', b'\\"layers/dense/vars/9\\"')
    refused(write(tmp_path / "m.keras", {**members, "model.safetensors": changed}), "names variables that the model")


@given(data=st.data())
def test_damaged_files_never_do_worse(data, members, tmp_path_factory):
    """Any change of some bytes gives a model or a ModelFileError, whatever the change."""
    path = tmp_path_factory.getbasetemp() / "fuzz.keras"
    whole = bytearray(write(path, members).read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(whole) - 1))
        length = data.draw(st.sampled_from([0, 1, 1, 1, 4, 100]))
        whole[place : place + length] = data.draw(st.binary(max_size=4))
    path.write_bytes(whole)
    with contextlib.suppress(ModelFileError):
        load_model(path)


@given(data=st.data())
def test_changed_configurations_never_do_worse(data, members, tmp_path_factory):
    """Any value of the configuration replaced by any other gives a model or a ModelFileError."""
    config = json.loads(members["config.json"])
    place = config
    while True:
        keys = list(place.keys()) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.integers(0, 5)) == 0:
            break
        place = place[key]
    place[key] = data.draw(st.sampled_from([
        None, True, 0, -1, 2**63, 1e300, "", "dense", "os.system", [], [[]], {}, [None], [3, 3],
        {"class_name": "Dense"},
        {"class_name": "Dense", "config": {"units": 3}}, {"class_name": "__numpy__", "config": {}},
    ]))
    path = write(tmp_path_factory.getbasetemp() / "fuzz.keras", {**members, "config.json": json.dumps(config)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(ModelFileError):
            assert isinstance(load_model(path), tn.Model)


@pytest.mark.parametrize("ending", ["hdf5", "h5", "keras", "weights.h5", "safetensors"])
def test_an_empty_file_is_called_empty(tmp_path, ending):
    path = tmp_path / f"model.{ending}"
    path.write_bytes(b"")
    model = tn.Sequential([tn.Input((2,)), tn.layers.Dense(1)])
    with pytest.raises(ModelFileError, match=f"model.{ending}: the file is empty"):
        model.load_weights(path)
    if ending in ("hdf5", "h5", "keras"):
        with pytest.raises(ModelFileError, match=f"model.{ending}: the file is empty"):
            tn.models.load_model(path)
