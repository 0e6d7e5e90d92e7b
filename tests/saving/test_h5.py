"""HDF5 files: what tf.keras and Keras wrote into them years ago, and files made to harm."""

import json
import struct

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers
from tinynet.core.errors import ModelFileError
from tinynet.saving import h5, load_model

h5py = pytest.importorskip("h5py")


def dense(units, name, **more):
    """A Dense layer as tf.keras 2 describes it."""
    return {"class_name": "Dense", "config": {
        "name": name, "trainable": True, "dtype": "float32", "units": units, "activation": "linear", "use_bias": True,
        "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}},
        "bias_initializer": {"class_name": "Zeros", "config": {}}, "kernel_regularizer": None, "bias_regularizer": None,
        "activity_regularizer": None, "kernel_constraint": None, "bias_constraint": None, **more}}


NORMALIZATION = {"class_name": "BatchNormalization", "config": {
    "name": "bn", "trainable": True, "dtype": "float32", "axis": [1], "momentum": 0.9, "epsilon": 0.001, "center": True,
    "scale": True, "beta_initializer": {"class_name": "Zeros", "config": {}},
    "gamma_initializer": {"class_name": "Ones", "config": {}},
    "moving_mean_initializer": {"class_name": "Zeros", "config": {}},
    "moving_variance_initializer": {"class_name": "Ones", "config": {}},
    "beta_regularizer": None, "gamma_regularizer": None, "beta_constraint": None, "gamma_constraint": None}}

INPUT = {"class_name": "InputLayer", "config": {
    "batch_input_shape": [None, 3], "dtype": "float32", "sparse": False, "ragged": False, "name": "input_1"}}

TRAINING = {
    "loss": {"class_name": "SparseCategoricalCrossentropy", "config": {
        "reduction": "auto", "name": "sparse_categorical_crossentropy", "from_logits": True}},
    "metrics": [[{"class_name": "MeanMetricWrapper", "config": {
        "name": "accuracy", "dtype": "float32", "fn": "sparse_categorical_accuracy"}}]],
    "weighted_metrics": None, "loss_weights": None,
    "optimizer_config": {"class_name": "Adam", "config": {
        "name": "Adam", "learning_rate": 0.02, "decay": 0.0, "beta_1": 0.8, "beta_2": 0.999, "epsilon": 1e-07,
        "amsgrad": False}}}

ARRAYS = {
    "hidden": {"hidden/kernel:0": np.arange(12.0).reshape(3, 4) / 10, "hidden/bias:0": np.arange(4.0)},
    "bn": {"bn/gamma:0": np.full(4, 2.0), "bn/beta:0": np.ones(4), "bn/moving_mean:0": np.full(4, 3.0),
           "bn/moving_variance:0": np.full(4, 4.0)},
    "out": {"out/kernel:0": np.arange(8.0).reshape(4, 2), "out/bias:0": np.ones(2)},
}


def expected(x):
    hidden = x @ ARRAYS["hidden"]["hidden/kernel:0"] + ARRAYS["hidden"]["hidden/bias:0"]
    normal = 2 * (hidden - 3) / np.sqrt(4 + 0.001) + 1
    return normal @ ARRAYS["out"]["out/kernel:0"] + 1


def write(path, config, arrays=ARRAYS, training=TRAINING):
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = b"2.4.0"
        file.attrs["model_config"] = json.dumps(config).encode()
        if training:
            file.attrs["training_config"] = json.dumps(training).encode()
        write_weights(file.create_group("model_weights"), arrays)
    return path


def write_weights(group, arrays):
    group.attrs["layer_names"] = np.array([name.encode() for name in ["input_1", *arrays]])
    group.create_group("input_1").attrs["weight_names"] = np.array([], "S1")
    for layer, weights in arrays.items():
        inside = group.create_group(layer)
        inside.attrs["weight_names"] = np.array([name.encode() for name in weights])
        for name, values in weights.items():
            inside[name] = values.astype("float32")


SEQUENTIAL = {"class_name": "Sequential", "config": {
    "name": "old", "layers": [INPUT, dense(4, "hidden"), NORMALIZATION, dense(2, "out")]}}
FIRST_LAYER_KNOWS = {"class_name": "Sequential", "config": [
    dense(4, "hidden", batch_input_shape=[None, 3]), NORMALIZATION, dense(2, "out")]}


def graph():
    """The same as a graph, in the format of tf.keras 2."""
    def node(layer, before):
        return {**layer, "name": layer["config"]["name"], "inbound_nodes": [[[before, 0, 0, {}]]] if before else []}

    return {"class_name": "Functional", "config": {
        "name": "old", "layers": [node(INPUT, None), node(dense(4, "hidden"), "input_1"), node(NORMALIZATION, "hidden"),
                                  node(dense(2, "out"), "bn")],
        "input_layers": [["input_1", 0, 0]], "output_layers": [["out", 0, 0]]}}


@pytest.mark.parametrize("config", [SEQUENTIAL, FIRST_LAYER_KNOWS, graph(), {**graph(), "class_name": "Model"}],
                         ids=["sequential", "without an input layer", "graph", "Model"])
def test_files_of_tf_keras(config, tmp_path):
    model = load_model(write(tmp_path / "old.h5", config))
    x = np.random.default_rng(0).standard_normal((5, 3)).astype("float32")
    np.testing.assert_allclose(model.predict(x, verbose=0), expected(x), rtol=1e-5, atol=1e-5)
    assert model.compiled and model.optimizer.learning_rate.item() == np.float32(0.02) and model.optimizer.beta_1 == 0.8
    assert list(model.evaluate(x, np.ones(5), verbose=0, return_dict=True)) == ["accuracy", "loss"]
    assert not load_model(tmp_path / "old.h5", compile=False).compiled


def with_operations(k):
    """A graph of operations, some of which have the name of a layer (Add, Concatenate, Maximum, Multiply)."""
    x = k.Input((4, 3))
    z = k.layers.Dense(3)(x)
    y = k.ops.concatenate([z, x * 2.0, k.ops.maximum(x, z)], axis=-1)
    y = k.ops.pad(y, ((0, 0), (1, 1), (0, 0)))[:, 1:, ::2]
    y = k.ops.add(y, 1.0) - k.ops.mean(y, axis=(1, 2), keepdims=True)
    return k.Model(x, k.layers.Flatten()(k.ops.relu(y)))


def test_operations_in_a_graph(tmp_path):
    model, x = with_operations(tn), np.random.default_rng(0).random((2, 4, 3), np.float32)
    model.save(tmp_path / "old.h5")
    again = load_model(tmp_path / "old.h5")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


def test_training_that_is_not_known_gives_a_model_to_compile(tmp_path):
    for training in ({**TRAINING, "loss": "my_loss"}, {"loss": "mse"}, []):
        write(tmp_path / "old.h5", SEQUENTIAL, training=training)
        if training == []:
            assert not load_model(tmp_path / "old.h5").compiled
            continue
        with pytest.warns(UserWarning, match="the model is not compiled, since"):
            assert not load_model(tmp_path / "old.h5").compiled


def test_weights_of_tf_keras(tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        write_weights(file, ARRAYS)
    model = tn.Sequential([tn.Input((3,)), layers.Dense(4), layers.BatchNormalization(), layers.Dense(2)])
    model.load_weights(tmp_path / "w.h5")
    np.testing.assert_array_equal(model.layers[2].kernel.numpy(), ARRAYS["out"]["out/kernel:0"])
    with pytest.raises(ModelFileError, match="holds weights alone, no model"):
        load_model(tmp_path / "w.h5")


def weights_file(path, change):
    """A `.weights.h5` for `small()`, changed."""
    small().save_weights(path)
    with h5py.File(path, "a") as file:
        change(file)
    return path


def small():
    return tn.Sequential([tn.Input((3,)), layers.Dense(2)])


def relink(link):
    def change(file):
        del file["layers/dense/vars/0"]
        file["layers/dense/vars/0"] = link
    return change


def cycle(file):
    file["layers/dense/again"] = file["layers"]


def virtual(file):
    del file["layers/dense/vars/0"]
    layout = h5py.VirtualLayout((3, 2), "f4")
    layout[:] = h5py.VirtualSource("/etc/hostname", "a", (3, 2))
    file.create_virtual_dataset("layers/dense/vars/0", layout)


def external(file):
    del file["layers/dense/vars/0"]
    file.create_dataset("layers/dense/vars/0", (3, 2), "f4", external=[("/etc/passwd", 0, 24)])


def huge(file):
    del file["layers/dense/vars/0"]
    file.create_dataset("layers/dense/vars/0", (10**6, 10**6), "f4", chunks=(1000, 1000), compression="gzip")


def text(file):
    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = "hello"


@pytest.mark.parametrize(("change", "message"), [
    (relink(h5py.ExternalLink("/etc/passwd", "/a")), "'layers/dense/vars/0' is a link to /etc/passwd"),
    (relink(h5py.SoftLink("/layers/dense/vars/1")), "'layers/dense/vars/0' is a link to"),
    (cycle, "is there twice"), (virtual, "not a plain array"), (external, "not a plain array"),
    (text, "not a plain array"), (huge, r"shape \(1000000, 1000000\) in the file, \(3, 2\) in the model"),
])
def test_hostile_files(change, message, tmp_path):
    model = small()
    before = model.get_weights()
    with pytest.raises(ModelFileError, match=message):
        model.load_weights(weights_file(tmp_path / "w.weights.h5", change))
    assert all(map(np.array_equal, model.get_weights(), before))


def test_hostile_old_files(tmp_path):
    evil = {"class_name": "Sequential", "config": {"name": "old", "layers": [
        INPUT, {"class_name": "Lambda", "config": {"name": "l", "function": ["4wEAAAA=", None, None]}}]}}
    with pytest.raises(ModelFileError):
        load_model(write(tmp_path / "old.h5", evil, {}))
    wrong = {"class_name": "Sequential", "config": {"layers": [INPUT, dense("8", "hidden")]}}
    for config, message in (({"class_name": "os.system", "config": {}}, "os.system"), ([], "expected an object"),
                            (wrong, "units")):
        with pytest.raises(ModelFileError, match=message):
            load_model(write(tmp_path / "old.h5", config))
    write(tmp_path / "old.h5", SEQUENTIAL, {key: ARRAYS[key] for key in ("hidden", "bn")})
    with pytest.raises(ModelFileError, match="holds 2 layers with weights, the model has 3"):
        load_model(tmp_path / "old.h5")
    with h5py.File(write(tmp_path / "old.h5", SEQUENTIAL), "a") as file:
        file["model_weights/out"].attrs["weight_names"] = np.array([b"out/kernel:0", b"absent"])
    with pytest.raises(ModelFileError, match="'out' lists 'absent', which is not there"):
        load_model(tmp_path / "old.h5")
    with h5py.File(tmp_path / "old.h5", "a") as file:
        del file["model_weights"]
        file["model_weights"] = h5py.ExternalLink("/etc/passwd", "/")
    with pytest.raises(ModelFileError, match="'model_weights' is not a group of this file"):
        load_model(tmp_path / "old.h5")


@pytest.mark.parametrize("cut", [10, 500, 2000])
def test_damaged_files(cut, tmp_path):
    path = weights_file(tmp_path / "w.weights.h5", lambda file: None)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ModelFileError, match="damaged"):
        small().load_weights(path)


@pytest.mark.parametrize("blocks", [2**28 + 1, 2**29])
def test_a_block_of_more_than_a_gigabyte_is_refused(blocks, tmp_path):
    """HDF5 makes a whole block to read one element of it. Nothing is allocated in the file."""
    model = tn.Sequential([tn.Input((3,)), layers.Dense(2)])
    model.save_weights(tmp_path / "m.weights.h5")
    with h5py.File(tmp_path / "m.weights.h5", "a") as file:
        del file["layers/dense/vars/0"]
        file.create_dataset("layers/dense/vars/0", (blocks,), "f4", chunks=(blocks,), compression="gzip")
    with pytest.raises(ModelFileError, match=f"in blocks of {4 * blocks} bytes, at most 1073741824 are allowed"):
        model.load_weights(tmp_path / "m.weights.h5")


def test_the_limit_is_of_bytes(tmp_path):
    """1000 x 100 weights of float32 and a bias: 400,400 bytes."""
    model = tn.Sequential([tn.Input((1000,)), layers.Dense(100)])
    model.compile("sgd", "mse")
    for name in ("m.h5", "m.keras"):
        model.save(tmp_path / name)
    for load, name in ((load_model, "m.h5"), (load_model, "m.keras"), (model.load_weights, "m.keras")):
        load(tmp_path / name, max_bytes=1_000_000)
        with pytest.raises(ModelFileError, match="max_bytes"):
            load(tmp_path / name, max_bytes=200_000)


def rewritten(path, libver):
    """The bytes of a model in an old file, as another version of HDF5 writes them."""
    model = tn.Sequential([tn.Input((3,)), layers.Dense(2, name="hidden"), layers.Dense(1, name="output_layer")])
    model.compile("sgd", "mse")
    model.save(path)
    with h5py.File(path) as old, h5py.File(path.with_name("new.h5"), "w", libver=libver, track_order=True) as new:
        for name in old:
            old.copy(name, new)
        for name, value in old.attrs.items():
            new.attrs[name] = value
        for number in range(20):  # so many that newer versions keep attributes in a heap
            new["model_weights/hidden"].attrs[f"weight_names{number + 1}"] = np.array([], h5py.string_dtype())
    return bytearray(path.with_name("new.h5").read_bytes())


@pytest.mark.parametrize("libver", ["earliest", "v108", "latest"])
def test_a_text_that_is_longer_than_its_file(libver, tmp_path):
    """HDF5 takes 2 GiB for it before it finds out that the text is shorter."""
    content = rewritten(tmp_path / "m.h5", libver)
    (tmp_path / "m.h5").write_bytes(content)
    load_model(tmp_path / "m.h5").load_weights(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        texts = {name: file.attrs[name] for name in ("model_config", "training_config")}
        texts["layer_names"] = file["model_weights"].attrs["layer_names"][1]
        texts["weight_names"] = file["model_weights/hidden"].attrs["weight_names"][1]
    heaps = [at for at in range(len(content)) if content.startswith(b"GCOL", at)]
    for name, text in texts.items():
        found = [content.find(struct.pack("<IQ", len(text), heap)) for heap in heaps]
        changed = content.copy()
        for at in found:
            if at >= 0:
                changed[at : at + 4] = struct.pack("<I", 2**31)
        assert changed != content
        (tmp_path / "m.h5").write_bytes(changed)
        with pytest.raises(ModelFileError, match=rf"m.h5: {name} states a text of 2147483648 bytes, the file has"):
            load_model(tmp_path / "m.h5")


def test_many_texts_in_the_same_bytes_are_looked_at_in_a_moment():
    """1000 attributes in one another, each of which states that its elements fill the rest of the file."""
    name, size = b"weight_names\0", 1 << 20
    one = struct.pack("<BBHHH", 2, 0, len(name), 8, 12) + name + struct.pack("<BBBBI", 9, 0, 0, 0, 4)
    content = b"".join(one + struct.pack("<BBBBQ", 2, 1, 0, 1, (size - 60 * k - 100) // 4) for k in range(1000))
    with pytest.raises(ModelFileError, match="states a text"):
        h5._check_texts(content + bytes(size), "m.h5")


@pytest.mark.parametrize("element, kind", [("f8", "float64"), (h5py.vlen_dtype("f8"), "object")])
def test_names_that_are_no_texts(element, kind, tmp_path):
    rewritten(tmp_path / "m.h5", "earliest")
    with h5py.File(tmp_path / "m.h5", "a") as file:
        group = file["model_weights"]
        del group.attrs["layer_names"]
        values = np.array([np.ones(2), np.ones(3)], object) if kind == "object" else np.ones(2)
        group.attrs.create("layer_names", values, (2,), element)
    with pytest.raises(ModelFileError, match=f"m.h5: layer_names is {kind}, not a text"):
        load_model(tmp_path / "m.h5")


def test_no_names_of_any_type(tmp_path):
    """Keras writes the list of no names as an array of float64."""
    model = tn.Sequential([tn.Input((3,)), layers.ReLU(name="without"), layers.Dense(2)])
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "a") as file:
        file["model_weights/without"].attrs["weight_names"] = []
    assert np.array_equal(load_model(tmp_path / "m.h5").get_weights()[0], model.get_weights()[0])
