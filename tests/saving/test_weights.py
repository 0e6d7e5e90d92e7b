"""Weights alone, in and out of files."""

import sys
import zipfile

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers
from tinynet.core.errors import ModelFileError


def build(units=4, more=False, inputs=True):
    return tn.Sequential([
        *([tn.Input((3,))] if inputs else []), layers.Dense(units, "relu"), layers.BatchNormalization(),
        layers.Dense(2), *([layers.Dense(2)] if more else []),
    ])


def trained(optimizer="adam"):
    model = build()
    model.compile(optimizer, "mse")
    rng = np.random.default_rng(0)
    model.fit(rng.standard_normal((20, 3)), rng.standard_normal((20, 2)), verbose=0)
    return model


FILES = ["w.safetensors", "w.weights.safetensors", "m.keras", "w.weights.h5", "m.h5", "theirs.keras"]


def write(model, path):
    if path.suffix in (".h5", ".keras") and ".weights" not in path.name:
        model.save(path, format="keras" if path.name == "theirs.keras" else None)
    else:
        model.save_weights(path)
    return path


@pytest.fixture(params=FILES)
def name(request):
    if "h5" in request.param or request.param == "theirs.keras":
        pytest.importorskip("h5py")
    return request.param


def test_round_trip(name, tmp_path):
    model, other = trained(), build()
    write(model, tmp_path / name)
    other.load_weights(tmp_path / name)
    assert all(map(np.array_equal, other.get_weights(), model.get_weights()))
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_optimizer_comes_along_once_it_has_made_a_step(tmp_path):
    model, other = trained(), trained()
    model.save_weights(tmp_path / "w.safetensors")
    other.optimizer.set_weights([0 * value for value in other.optimizer.get_weights()])
    other.load_weights(tmp_path / "w.safetensors")
    assert all(map(np.array_equal, other.optimizer.get_weights(), model.optimizer.get_weights()))
    other = build()
    other.compile("adam", "mse")
    other.load_weights(tmp_path / "w.safetensors")
    assert not other.optimizer.built and all(map(np.array_equal, other.get_weights(), model.get_weights()))
    other = trained("sgd")
    with pytest.warns(UserWarning, match="the optimizer's state is not loaded: optimizer has 2 variables"):
        other.load_weights(tmp_path / "w.safetensors")


def test_other_shapes_change_nothing(name, tmp_path):
    write(trained(), tmp_path / name)
    for other, message in ((build(5), r"shape \(3, 4\) in the file, \(3, 5\) in the model"),
                           (build(more=True), "has 2 variables, the file has 0|holds 3 layers .*, the model has 4"),
                           (build(inputs=False), "not built yet"),
                           (tn.Sequential(build().layers[:2]), "no place for|holds 3 layers")):
        before = other.get_weights()
        with pytest.raises(ModelFileError, match=message):
            other.load_weights(tmp_path / name)
        assert all(map(np.array_equal, other.get_weights(), before))


def test_skip_mismatch(name, tmp_path):
    model, other = trained(), tn.Sequential([tn.Input((3,)), *build().layers[:2], layers.Dense(7)])
    write(model, tmp_path / name)
    before = other.layers[2].get_weights()
    with pytest.warns(UserWarning, match=r"has shape \(4, 2\) in the file, \(4, 7\) in the model; skipped"):
        other.load_weights(tmp_path / name, skip_mismatch=True)
    for layer, saved in zip(other.layers[:2], model.layers[:2], strict=True):
        assert all(map(np.array_equal, layer.get_weights(), saved.get_weights()))
    assert all(map(np.array_equal, other.layers[2].get_weights(), before))


def test_by_name(tmp_path):
    pytest.importorskip("h5py")
    model = trained()
    model.save(tmp_path / "m.h5")
    other = tn.Sequential([tn.Input((3,)), layers.Dense(4, name=model.layers[0].name), layers.Dense(7, name="new")])
    before = other.layers[1].get_weights()
    other.load_weights(tmp_path / "m.h5", by_name=True)
    assert all(map(np.array_equal, other.layers[0].get_weights(), model.layers[0].get_weights()))
    assert all(map(np.array_equal, other.layers[1].get_weights(), before))
    with pytest.raises(ValueError, match="old .h5 files"):
        other.load_weights(tmp_path / "m.weights.h5", by_name=True)


def test_names_of_files(tmp_path):
    model = trained()
    for name in ("w", "w.h5", "w.keras", "w.npz", "w.ckpt"):
        with pytest.raises(ValueError, match=r"must end in \.weights\.h5 .* or \.safetensors"):
            model.save_weights(tmp_path / name)
    with pytest.raises(ValueError, match="must end in"):
        model.load_weights(tmp_path / "w.txt")
    (tmp_path / "ckpt.index").write_bytes(b"")
    with pytest.raises(ModelFileError, match="TensorFlow's checkpoints"):
        model.load_weights(tmp_path / "ckpt")
    for name in ("w.weights.h5", "w.safetensors", "w.keras", "w.h5"):
        with pytest.raises(FileNotFoundError, match=name):
            model.load_weights(tmp_path / name)
        (tmp_path / name).write_bytes(b"hello")
        with pytest.raises(ModelFileError, match=name):
            model.load_weights(tmp_path / name)
    model.save_weights(tmp_path / "v.safetensors")
    with pytest.raises(FileExistsError):
        model.save_weights(tmp_path / "v.safetensors", overwrite=False)
    with pytest.raises(ValueError, match="no weights yet"):
        build(inputs=False).save_weights(tmp_path / "v.safetensors")
    with pytest.raises(NotImplementedError, match="max_shard_size"):
        model.save_weights(tmp_path / "v.weights.h5", max_shard_size=1)


def test_without_h5py_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "w.weights.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    model = trained()
    for call in (lambda: model.save_weights(tmp_path / "v.weights.h5"), lambda: model.save(tmp_path / "m.h5"),
                 lambda: model.save(tmp_path / "m.keras", format="keras"),
                 lambda: model.load_weights(tmp_path / "w.weights.h5"),
                 lambda: tn.models.load_model(tmp_path / "w.weights.h5")):
        with pytest.raises(ModuleNotFoundError, match=r'pip install "tinynet-learn\[h5\]"'):
            call()
    model.save(tmp_path / "m.keras")
    assert tn.models.load_model(tmp_path / "m.keras").built


@pytest.mark.parametrize("format", ["tinynet", "keras"])
def test_weights_larger_than_an_ordinary_zip_holds(tmp_path, monkeypatch, format):
    """A member of unknown length must be announced as one of up to 2^64 bytes; the limit is lowered from 2 GB here."""
    model = build(units=100)
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 500)
    model.save(tmp_path / "m.keras", format=format)
    monkeypatch.undo()
    loaded = tn.models.load_model(tmp_path / "m.keras")
    for one, other in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(one, other)
