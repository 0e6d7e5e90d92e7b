"""A small file takes little memory: what it declares is compared with a bound before anything is made."""

import gzip
import io
import struct
import subprocess
import sys
import textwrap
import zipfile

import numpy as np
import pytest
from checks import PEAK_MEGABYTES

import tinynet as tn
from tinynet import layers, ops
from tinynet.core.errors import DataError, ModelFileError
from tinynet.core.reading import allowed_bytes
from tinynet.core.result_sizes import largest_result
from tinynet.models import load_model, model_from_json
from tinynet.symbolic import KerasTensor, by_trial
from tinynet.tensor import Tensor
from tinynet.utils import load_weights_npz
from tinynet.utils.pictures import decode_image

# One input "i", one layer or operation "l" on it.
GRAPH = """
import json, resource, sys
import tinynet as tn
from tinynet.core.errors import ModelFileError

def graph(name, config, shape, module="keras.layers", dtype="float32", twice=False):
    tensor = {"class_name": "__keras_tensor__",
              "config": {"shape": shape, "dtype": dtype, "keras_history": ["i", 0, 0]}}
    return json.dumps({"class_name": "Functional", "module": "keras.src.models.functional", "config": {
        "name": "f", "input_layers": ["i", 0, 0], "output_layers": ["l", 0, 0], "layers": [
            {"class_name": "InputLayer", "module": "keras.layers", "name": "i", "inbound_nodes": [],
             "config": {"batch_shape": shape, "dtype": dtype, "name": "i"}},
            {"class_name": name, "module": module, "name": "l", "config": {**config, "name": "l"},
             "inbound_nodes": [{"args": [tensor] * (1 + twice), "kwargs": {}}]}]}})
"""
exec(GRAPH)  # noqa: S102, the same text runs in a process of its own below


def test_a_model_of_570_bytes_takes_no_5_gigabytes():
    """In a process that may have 3 GB: none of these may try to allocate more."""
    run = subprocess.run([sys.executable, "-P", "-c", PEAK_MEGABYTES + GRAPH + textwrap.dedent("""
        resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
        OPS = "keras.src.ops.numpy"
        for case in (
            ("Masking", {}, [None, 10**4, 10**5]), ("Masking", {}, [None, 10**10]),
            ("Embedding", {"input_dim": 5, "output_dim": 10**5}, [None, 10**5], "keras.layers", "int32"),
            ("Dense", {"units": 10**10}, [None, 8]), ("RepeatVector", {"n": 10**10}, [None, 8]),
            ("RepeatVector", {"n": 10**10}, [None, 8], "keras.layers", "int32"),
            ("ZeroPadding1D", {"padding": 10**10}, [None, 8, 2], "keras.layers", "int32"),
            ("CategoryEncoding", {"num_tokens": 10**10}, [None, 8], "keras.layers", "int32"),
            ("StringLookup", {"num_oov_indices": 10**10}, [None, 8]),
            ("TextVectorization", {"ngrams": 10**9}, [None, 1]),
            ("Tile", {"repeats": [10**5, 10**5]}, [None, 8], OPS), ("Repeat", {"repeats": 10**10}, [None, 8], OPS),
            ("Pad", {"pad_width": 10**5}, [None, 8, 8], OPS), ("OneHot", {"num_classes": 10**10}, [None, 8], OPS),
            ("BroadcastTo", {"shape": [10**5, 10**5]}, [1, 1], OPS), ("Outer", {}, [10**6], OPS, "float32", True),
            ("Diag", {}, [10**6], OPS), ("Corrcoef", {}, [10**5, 1], OPS), ("Zeros", {"shape": [10**10]}, [8], OPS),
            ("Conv", {"padding": 10**5}, [8, 8, 8, 8], OPS, "float32", True),
            ("Conv1d", {"padding": 10**9}, [8, 8, 8], OPS, "float32", True),
            ("Conv2dMaxPool2d", {"padding": 10**5}, [8, 8, 8, 8], OPS, "float32", True),
            ("DepthwiseConv", {"padding": 10**5}, [8, 8, 8, 8], OPS, "float32", True),
            ("ConvTranspose", {"strides": 20_000}, [8, 8, 8, 8], OPS, "float32", True),
            ("Conv2dTranspose", {"dilation_rate": 10**5}, [8, 8, 8, 8], OPS, "float32", True),
            ("Take", {"axis": 0}, [10**4, 10**4], OPS, "int32", True),
            ("Take", {"indices": [0] * 100, "axis": 0}, [2, 10**8], OPS),
            ("DotProductAttention", {}, [1, 10**5, 1, 8], OPS, "float32", True),
            ("Qr", {"mode": "complete"}, [10**5, 1], OPS), ("Svd", {}, [10**5, 1], OPS),
            ("Unstack", {}, [10**8], OPS), ("Vsplit", {"indices_or_sections": 10**8}, [10**8, 1], OPS),
            ("Unique", {"size": 10**10}, [8], OPS), ("Cast", {"dtype": "float64"}, [10**9], OPS, "uint8"),
            ("Full", {"shape": [10**10]}, [], OPS), ("Quantile", {"q": [0.5] * 100, "axis": 1}, [10**8, 1], OPS),
            ("Dense", {}, [40_000, 40_000], OPS, "float32", True),
        ):
            try:
                tn.models.model_from_json(graph(*case))
                print("built", case)
            except ModelFileError as error:
                text = str(error)
                if any(word in text for word in ("Unable to allocate", "MemoryError", "bad_alloc", "more memory")):
                    print(case, text)
        print("peak", peak_megabytes())
        """)], capture_output=True, text=True, timeout=120)
    lines = run.stdout.splitlines()
    assert run.returncode == 0, run.stderr
    assert [line for line in lines if not line.startswith(("peak", "built"))] == []
    assert float(lines[-1].split()[1]) < 1024


def test_who_means_it_passes_max_bytes():
    text = graph("RepeatVector", {"n": 10**6}, [None, 8], dtype="int32")  # noqa: F821, of GRAPH
    assert model_from_json(text).output_shape == (None, 10**6, 8)
    with pytest.raises(ModelFileError, match="the output of layer 'l' takes 64000000 bytes, more than the 1000000"):
        model_from_json(text, max_bytes=10**6)
    dense = tn.Sequential([tn.Input((300,)), layers.Dense(300)]).to_json()
    with pytest.raises(ModelFileError, match="with the weights made so far, takes 360000 bytes, more than the 100000"):
        model_from_json(dense, max_bytes=100_000)


def test_the_bound():
    assert allowed_bytes(570) == 1 << 30 and allowed_bytes(1 << 28) == 10 << 28 and allowed_bytes(1 << 40, 7) == 7


def test_shapes_of_large_tensors_are_found_without_their_data():
    big = KerasTensor((None, 50_000, 50_000))  # 10 GB a sample

    def corner(x):
        assert x.data.strides == (0, 0, 0)
        return Tensor.wrap(x.data[:, :2, :3].copy())

    assert by_trial(corner, (big,), {}).shape == (None, 2, 3)


@pytest.mark.parametrize(("operation", "call", "shapes", "given"), [
    ("tile", lambda x: ops.tile(x, (3, 2)), [(4, 5)], {"repeats": (3, 2)}),
    ("repeat", lambda x: ops.repeat(x, 3, axis=0), [(4, 5)], {"repeats": 3}),
    ("pad", lambda x: ops.pad(x, ((1, 2), (3, 4))), [(4, 5)], {"pad_width": ((1, 2), (3, 4))}),
    ("matmul", ops.matmul, [(7, 4, 5), (5, 6)], {}), ("dot", ops.dot, [(4, 5), (5, 6)], {}),
    ("tensordot", lambda x, y: ops.tensordot(x, y, 1), [(4, 5), (5, 6)], {"axes": 1}),
    ("einsum", lambda x, y: ops.einsum("...ij,jk->...ik", x, y), [(7, 4, 5), (5, 6)],
     {"subscripts": "...ij,jk->...ik"}),
    ("outer", ops.outer, [(4,), (6,)], {}), ("kron", ops.kron, [(2, 3), (4, 5)], {}),
    ("add", ops.add, [(4, 1), (1, 6)], {}), ("one_hot", lambda x: ops.one_hot(x, 9), [(4,)], {"num_classes": 9}),
    ("diag", ops.diag, [(4,)], {"k": 0}), ("diag", lambda x: ops.diag(x, -5), [(4,)], {"k": -5}),
    ("diag", ops.diag, [(8, 9)], {"k": 0}), ("corrcoef", ops.corrcoef, [(4, 6)], {}),
    ("conv2d", lambda x, k: ops.conv2d(x, k, padding=3), [(2, 9, 8, 3), (3, 3, 3, 5)], {"padding": 3}),
    ("conv", lambda x, k: ops.conv(x, k, data_format="channels_first"), [(2, 3, 9), (3, 3, 5)],
     {"data_format": "channels_first"}),
    ("depthwise_conv2d", ops.depthwise_conv2d, [(2, 9, 8, 3), (3, 3, 3, 5)], {}),
    ("conv2d_transpose", lambda x, k: ops.conv2d_transpose(x, k, strides=3, dilation_rate=1),
     [(2, 9, 8, 3), (3, 3, 5, 3)], {"strides": 3}),
    ("conv2d_transpose", lambda x, k: ops.conv2d_transpose(x, k, dilation_rate=4),
     [(2, 9, 8, 3), (3, 3, 5, 3)], {"dilation_rate": 4}),
    ("dense", ops.dense, [(2, 3, 40), (40, 70)], {}), ("dense", ops.dense, [(2, 40), (40, 7)], {}),
    ("take", lambda x, i: ops.take(x, np.zeros_like(i, int), 1), [(4, 5, 6), (7, 2)], {"axis": 1}),
    ("take", lambda x: ops.take(x, [0] * 9, -1), [(4, 5)], {"axis": -1, "indices": [0] * 9}),
    ("dot_product_attention", ops.dot_product_attention, [(2, 5, 2, 3), (2, 9, 2, 3), (2, 9, 2, 3)], {}),
    ("svd", lambda x: ops.svd(x)[0], [(20, 3)], {}), ("qr", lambda x: ops.qr(x)[0], [(20, 3)], {"mode": "reduced"}),
    ("concatenate", lambda x, y, z: ops.concatenate([x, y, z]), [(4, 5)] * 3, {}),
    ("quantile", lambda x: ops.quantile(x, [0.5] * 7, 1), [(9, 1)], {"q": [0.5] * 7, "axis": 1}),
    ("broadcast_to", lambda x: ops.broadcast_to(x, (9, 4)), [(1, 4)], {"shape": (9, 4)}),
])
def test_bounds_of_results(operation, call, shapes, given):
    actual = np.asarray(call(*(np.ones(shape, "f") for shape in shapes))).size
    assert actual <= largest_result(operation, shapes, [], given) <= 20 * actual + 100


def test_archives_and_arrays(tmp_path):
    path = tmp_path / "m.keras"
    tn.Sequential([tn.Input((30,)), layers.Dense(40)]).save(path)
    with pytest.raises(ModelFileError, match="member 'model.safetensors' declares .* allowed for a file of .*max_b"):
        load_model(path, max_bytes=1000)
    model = tn.Sequential([tn.Input((3,)), layers.Dense(4)])
    with pytest.raises(ModelFileError, match="more than the 1000 allowed"):
        tn.saving.load_weights(model, path, max_bytes=1000)
    with pytest.raises(ModelFileError, match="more than the 1000 allowed"):
        model.load_weights(path, max_bytes=1000)
    assert load_model(path, max_bytes=10**6).built
    np.savez_compressed(tmp_path / "w.npz", **{"0": np.zeros((3000, 100))})
    with pytest.raises(ModelFileError, match="w.npz: declares 2400.* bytes of arrays, more than the 1000 allowed"):
        load_weights_npz(model, tmp_path / "w.npz", max_bytes=1000)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
    with zipfile.ZipFile(tmp_path / "w.npz", "w") as archive:
        archive.writestr("0.npy", header.getvalue())
    with pytest.raises(ModelFileError, match=r"w.npz: member '0.npy': declares shape \(1000000000000,\) of float64"):
        load_weights_npz(model, tmp_path / "w.npz")


def test_hdf5_that_declares_much(tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "m.keras"
    tn.Sequential([tn.Input((3,)), layers.Dense(4)]).save(path, format="keras")
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.create_dataset("layers/dense/vars/0", (10**5, 10**5), "f4", chunks=(100, 100), compression="gzip")
    members["model.weights.h5"] = content.getvalue()
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)
    with pytest.raises(ModelFileError, match="declares 40000000000 bytes of arrays, more than the 1073741824 allowed"):
        load_model(path)


def test_a_picture_that_declares_many_pixels():
    pytest.importorskip("PIL")
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def png(side):
        return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0))
                + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""))

    with pytest.raises(DataError, match="io.decode_image: 3000 x 3000 pixels take 36000000 bytes, more than the 1000"):
        decode_image(png(3000), max_bytes=1000)
    with pytest.raises(DataError, match="exceeds limit|takes? .* bytes"):
        decode_image(png(10**6))


def test_a_line_without_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr("tinynet.data.text_files.allowed_bytes", lambda size: 10_000)
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"one\n" + b"x" * 10**6))
    lines = iter(tn.data.TextLineDataset(tmp_path / "a.gz", "GZIP"))
    next(lines)
    with pytest.raises(DataError, match="a.gz: line 2 has more than the 10000 bytes allowed"):
        next(lines)


