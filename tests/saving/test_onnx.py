"""Models give in ONNX Runtime, or in onnx's reference evaluator, what they give here."""

import sys

import numpy as np
import pytest

import tinynet as tn
from tests.saving.onnx_runs import assert_reproduced, randomize
from tinynet import layers as L

onnx = pytest.importorskip("onnx")

IMAGE, STEPS, VOLUME, ROW = (7, 6, 4), (9, 4), (5, 6, 4, 2), (6,)
CASES = {
    "Dense": (lambda: L.Dense(5, "relu"), ROW), "Dense, sequences": (lambda: L.Dense(5, use_bias=False), STEPS),
    "Conv1D": (lambda: L.Conv1D(3, 4, strides=2, padding="same", activation="tanh"), STEPS),
    "Conv1D causal": (lambda: L.Conv1D(4, 3, padding="causal", dilation_rate=2, groups=2), STEPS),
    "Conv2D": (lambda: L.Conv2D(6, (3, 2), activation="softmax"), IMAGE),
    "Conv2D same": (lambda: L.Conv2D(4, 3, strides=(2, 3), padding="same", groups=2, use_bias=False), IMAGE),
    "Conv2D dilated": (lambda: L.Conv2D(4, 3, dilation_rate=(1, 2), padding="same", activation="relu"), IMAGE),
    "Conv2D padded": (lambda: L.Conv2D(4, 3, padding=2), IMAGE),
    "Conv2D channels_first": (lambda: L.Conv2D(3, 3, data_format="channels_first"), (4, 7, 6)),
    "Conv3D": (lambda: L.Conv3D(3, (2, 3, 2), strides=(1, 2, 1), padding="same"), VOLUME),
    "DepthwiseConv1D": (lambda: L.DepthwiseConv1D(3, depth_multiplier=2), STEPS),
    "DepthwiseConv2D": (lambda: L.DepthwiseConv2D(3, strides=2, depth_multiplier=2, padding="same"), IMAGE),
    "SeparableConv1D": (lambda: L.SeparableConv1D(3, 3, padding="same"), STEPS),
    "SeparableConv2D": (lambda: L.SeparableConv2D(5, 3, depth_multiplier=2, activation="relu"), IMAGE),
    "Conv1DTranspose": (lambda: L.Conv1DTranspose(3, 3, strides=2, padding="same"), STEPS),
    "Flatten": (lambda: L.Flatten(), IMAGE), "Flatten channels_first": (lambda: L.Flatten("channels_first"), IMAGE),
    "Reshape": (lambda: L.Reshape((-1, 12)), IMAGE), "Permute": (lambda: L.Permute((3, 1, 2)), IMAGE),
    "RepeatVector": (lambda: L.RepeatVector(3), ROW),
    "BatchNormalization": (lambda: L.BatchNormalization(epsilon=0.01), IMAGE),
    "BatchNormalization of rows": (lambda: L.BatchNormalization(scale=False), ROW),
    "BatchNormalization axis 1": (lambda: L.BatchNormalization(axis=1, center=False), IMAGE),
    "BatchNormalization axis 2": (lambda: L.BatchNormalization(axis=2), IMAGE),
    "LayerNormalization": (lambda: L.LayerNormalization(), IMAGE),
    "LayerNormalization axes": (lambda: L.LayerNormalization(axis=[1, 3], scale=False), IMAGE),
    "GroupNormalization": (lambda: L.GroupNormalization(2), IMAGE),
    "RMSNormalization": (lambda: L.RMSNormalization(), IMAGE),
    "UnitNormalization": (lambda: L.UnitNormalization(axis=1), IMAGE),
    "ZeroPadding1D": (lambda: L.ZeroPadding1D((1, 2)), STEPS),
    "ZeroPadding2D": (lambda: L.ZeroPadding2D(((1, 0), (2, 3))), IMAGE),
    "ZeroPadding3D": (lambda: L.ZeroPadding3D(), VOLUME),
    "Cropping1D": (lambda: L.Cropping1D((0, 2)), STEPS),
    "Cropping2D": (lambda: L.Cropping2D(((1, 0), (0, 2))), IMAGE),
    "Cropping3D": (lambda: L.Cropping3D((1, 1, 1)), VOLUME),
    "UpSampling1D": (lambda: L.UpSampling1D(3), STEPS), "UpSampling2D": (lambda: L.UpSampling2D((2, 3)), IMAGE),
    "UpSampling2D bilinear": (lambda: L.UpSampling2D((2, 3), interpolation="bilinear"), IMAGE),
    "UpSampling3D": (lambda: L.UpSampling3D(), VOLUME),
    "ReLU": (lambda: L.ReLU(1.5, 0.1, 0.2), ROW), "ReLU6": (lambda: L.ReLU(6), ROW),
    "LeakyReLU": (lambda: L.LeakyReLU(0.1), ROW), "ELU": (lambda: L.ELU(0.7), ROW),
    "PReLU": (lambda: L.PReLU("uniform", shared_axes=[1, 2]), IMAGE), "Softmax": (lambda: L.Softmax(1), IMAGE),
    "Softmax, two axes": (lambda: L.Softmax([1, 2]), IMAGE),
    "Rescaling": (lambda: L.Rescaling([0.5, 2.0, 1.0, 3.0], 1.0), IMAGE),
    "Normalization": (lambda: L.Normalization(mean=[1.0, 2, 3, 4], variance=[1.0, 2, 3, 4]), IMAGE),
}
for _name in [
    "Identity", "Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout",
    "ActivityRegularization", "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom", "RandomContrast",
    "RandomBrightness",
]:
    _arguments = (0.2,) if "Random" in _name or "Dropout" in _name or "Noise" in _name else ()
    if _name == "RandomFlip":
        _arguments = ()
    if _name == "RandomTranslation":
        _arguments = (0.1, 0.1)
    CASES[_name] = (lambda name=_name, arguments=_arguments: getattr(L, name)(*arguments)), IMAGE
for _rank, _shape in (("1D", STEPS), ("2D", IMAGE), ("3D", VOLUME)):
    for _kind in ("Max", "Average"):
        for _padding in ("same", "valid"):
            CASES[f"{_kind}Pooling{_rank} {_padding}"] = (
                lambda name=f"{_kind}Pooling{_rank}", padding=_padding: getattr(L, name)(3, 2, padding)), _shape
        for _keep in (False, True):
            CASES[f"Global{_kind}Pooling{_rank} {_keep}"] = (
                lambda name=f"Global{_kind}Pooling{_rank}", keep=_keep: getattr(L, name)(keepdims=keep)), _shape
for _kernel in (1, 2, 3, 4):
    for _stride in (1, 2, 3):
        for _padding in ("same", "valid"):
            CASES[f"Conv2DTranspose {_kernel} {_stride} {_padding}"] = (
                lambda kernel=_kernel, stride=_stride, padding=_padding:
                L.Conv2DTranspose(3, kernel, stride, padding, activation="relu")), IMAGE
CASES["Conv2DTranspose output_padding"] = (lambda: L.Conv2DTranspose(3, 3, 2, "same", output_padding=1)), IMAGE
for _kind in ("MaxPooling2D", "AveragePooling2D"):
    for _window, _stride in ((1, 2), (1, 3), (2, 4), (3, (5, 2))):
        CASES[f"{_kind} {_window}, windows {_stride} apart"] = (
            lambda name=_kind, window=_window, stride=_stride: getattr(L, name)(window, stride, "same")), (8, 5, 4)
CASES["Pipeline"] = (lambda: L.Pipeline([L.RandomFlip(), L.Rescaling(1 / 255), L.RandAugment(), L.MixUp()])), IMAGE
for _name in [
    "celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu",
    "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink",
    "softmax", "softplus", "softsign", "squareplus", "tanh", "tanh_shrink",
]:
    CASES[f"activation {_name}"] = (lambda name=_name: L.Activation(name)), IMAGE


@pytest.mark.parametrize("name", CASES)
def test_every_layer(name, tmp_path):
    make, shape = CASES[name]
    rng = np.random.default_rng(3)
    model = tn.Sequential([L.Input(shape), make()])
    randomize(model, rng)
    assert_reproduced(model, tmp_path / "m.onnx", rng.normal(0, 2, (3, *shape)).astype("float32"))
    # Behind a convolution-like layer the channels stand first in the file.
    rank = len(shape)
    if rank > 1:
        before = (L.MaxPooling1D, L.MaxPooling2D, L.MaxPooling3D)[rank - 2](1)
        model = tn.Sequential([L.Input(shape), before, make()])
        randomize(model, rng)
        assert_reproduced(model, tmp_path / "m.onnx", rng.normal(0, 2, (3, *shape)).astype("float32"))


@pytest.mark.parametrize("make", [L.Add, L.Subtract, L.Multiply, L.Average, L.Maximum, L.Minimum, L.Concatenate,
                                  lambda: L.Concatenate(1), lambda: L.Dot(2), lambda: L.Dot((2, 1), normalize=True)])
@pytest.mark.parametrize("behind", [(), (0,), (0, 1)])
def test_merging(make, behind, tmp_path):
    rng = np.random.default_rng(1)
    inputs = [L.Input((4, 4)), L.Input((4, 4))]
    branches = [L.Conv1D(4, 3, padding="same")(x) if i in behind else x for i, x in enumerate(inputs)]
    model = tn.Model(inputs, make()(branches))
    assert_reproduced(model, tmp_path / "m.onnx", *(rng.normal(size=(2, 4, 4)).astype("float32") for _ in inputs))


def test_fewer_axes(tmp_path):
    inputs = [L.Input((4, 3)), L.Input((3,))]
    model = tn.Model(inputs, L.Add()([L.Conv1D(3, 1)(inputs[0]), inputs[1]]))
    assert_reproduced(model, tmp_path / "m.onnx", np.ones((2, 4, 3), "float32"), np.ones((2, 3), "float32"))


def test_graph_with_shared_and_nested_models(tmp_path):
    image, row = L.Input((8, 8, 3), name="image"), L.Input((5,), name="row")
    stem = tn.Sequential([L.Conv2D(4, 3, padding="same"), L.BatchNormalization(), L.ReLU(), L.MaxPooling2D()])
    x = stem(image)
    shared = L.Conv2D(4, 3, padding="same", activation="relu")
    x = L.Add()([x, shared(shared(x))])
    x = x * 2.0 - 1.0
    x = L.Concatenate()([L.GlobalAveragePooling2D()(x), L.Dense(4)(row), tn.ops.square(row)])
    model = tn.Model([image, row], [L.Dense(2, "softmax", name="kind")(x), L.Dense(1, name="size")(x)])
    rng = np.random.default_rng(0)
    randomize(model, rng)
    assert_reproduced(model, tmp_path / "m.onnx", rng.normal(size=(2, 8, 8, 3)).astype("float32"),
                      rng.normal(size=(2, 5)).astype("float32"))
    graph = onnx.load(tmp_path / "m.onnx").graph
    assert [part.name for part in graph.input] == ["image", "row"]
    assert [part.name for part in graph.output] == ["kind", "size"]


def test_a_cnn_moves_its_axes_twice(tmp_path):
    model = tn.Sequential([L.Input((16, 16, 3)), L.Rescaling(1 / 255), L.Conv2D(4, 3), L.BatchNormalization(), L.ReLU(),
                           L.MaxPooling2D(), L.ZeroPadding2D(), L.Conv2D(8, 3, activation="relu"), L.Dropout(0.5),
                           L.Flatten(), L.Dense(10, "softmax")])
    from tinynet.saving.onnx.export import onnx_model

    assert [node.op_type for node in onnx_model(model).graph.node].count("Transpose") == 2
    assert_reproduced(model, tmp_path / "m.onnx", np.random.default_rng(0).uniform(0, 255, (2, 16, 16, 3)).astype("f"))


def test_embedding_and_pixels(tmp_path):
    words = tn.Sequential([L.Input((5,), dtype="int32"), L.Embedding(7, 3), L.GlobalAveragePooling1D()])
    assert_reproduced(words, tmp_path / "m.onnx", np.array([[0, 1, 2, 6, 5]], "int32"))
    pixels = tn.Sequential([L.Input((5, 5, 1), dtype="uint8"), L.Rescaling(1 / 255), L.Conv2D(2, 3)])
    assert_reproduced(pixels, tmp_path / "m.onnx", np.arange(25, dtype="uint8").reshape(1, 5, 5, 1))


def test_same_padding_of_any_size(tmp_path):
    """Where the lengths are not known, what can be written is; the rest says why not."""
    x = np.random.default_rng(0).normal(size=(2, 7, 9, 3)).astype("float32")
    for layer in (L.MaxPooling2D(3, 2, "same"), L.AveragePooling2D(1, 2, "same"), L.Conv2D(2, 1, 2, "same")):
        assert_reproduced(tn.Sequential([L.Input((None, None, 3)), layer]), tmp_path / "m.onnx", x)
    with pytest.raises(NotImplementedError, match="'apart'.*known lengths"):
        tn.Sequential([L.Input((None, None, 3)), L.MaxPooling2D(2, 3, "same", name="apart")]).export(
            tmp_path / "n.onnx", format="onnx")


def test_what_cannot_be_written_is_named(tmp_path):
    path = tmp_path / "m.onnx"
    for layer in (L.Lambda(lambda x: x, name="memory"),
                  L.Conv1D(2, 2, activation=lambda x: x, name="memory"), type("Mine", (L.ReLU,), {})(name="memory")):
        with pytest.raises(NotImplementedError, match="'memory'"):
            tn.Sequential([L.Input((4, 2)), layer]).export(path, format="onnx")
    inputs = L.Input((4,))
    with pytest.raises(NotImplementedError, match="ops.cumsum"):
        tn.Model(inputs, tn.ops.cumsum(inputs, axis=1)).export(path, format="onnx")
    with pytest.raises(NotImplementedError, match=r"defines call\(\)"):
        type("Own", (tn.Model,), {"call": lambda self, x: x})().export(path, format="onnx")
    with pytest.raises(NotImplementedError, match="onnx"):
        tn.Sequential([inputs, L.Dense(1)]).export(path)
    assert not path.exists()


def test_without_onnx_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "tinynet-learn\[onnx\]"'):
        tn.Sequential([L.Input((4,)), L.Dense(1)]).export(tmp_path / "m.onnx", format="onnx")
    assert not (tmp_path / "m.onnx").exists()


@pytest.mark.parametrize(("make", "shape"), [
    (lambda: L.AdaptiveAveragePooling1D(4), STEPS), (lambda: L.AdaptiveMaxPooling2D((2, 5)), IMAGE),
    (lambda: L.AdaptiveAveragePooling2D(3, data_format="channels_first"), IMAGE),
    (lambda: L.AdaptiveMaxPooling3D(2), VOLUME), (lambda: L.AdaptiveAveragePooling3D(3), VOLUME),
    (lambda: L.Conv3DTranspose(3, 2, 2, activation="relu"), VOLUME),
    (lambda: L.Resizing(4, 9), IMAGE), (lambda: L.Resizing(9, 3, "nearest"), IMAGE),
    (lambda: L.Resizing(3, 9, "bicubic", antialias=True), IMAGE),
    (lambda: L.Resizing(3, 5, "lanczos3", crop_to_aspect_ratio=True, data_format="channels_first"), IMAGE),
    (lambda: L.CenterCrop(3, 4), IMAGE), (lambda: L.CenterCrop(9, 3), IMAGE), (lambda: L.RandomCrop(3, 4), IMAGE),
    (lambda: L.Discretization([-1.0, 0.0, 1.5]), STEPS),
    (lambda: L.Discretization([-1.0, 0.0, 1.5], output_mode="count"), STEPS),
    (lambda: L.Conv3DTranspose(2, 3, (2, 1, 3), padding="same"), VOLUME),
])
def test_layers_of_given_size_and_volumes(make, shape, tmp_path):
    rng = np.random.default_rng(3)
    model = tn.Sequential([L.Input(shape), make()])
    randomize(model, rng)
    assert_reproduced(model, tmp_path / "m.onnx", rng.normal(size=(3, *shape)).astype("float32"))


def test_a_dict_goes_to_the_inputs_by_name(tmp_path):
    """In any order of its keys: a model in a model, made of a dict or of named inputs."""
    x, y = L.Input((3,), name="x"), L.Input((3,), name="y")
    for make in (lambda b, a: {"b": b, "a": a}, lambda b, a: [b, a]):
        b, a = L.Input((3,), name="b"), L.Input((3,), name="a")
        inner = tn.Model(make(b, a), L.Subtract()([b, a]))
        for given in ({"a": x, "b": y}, {"b": y, "a": x}):
            model = tn.Model([x, y], inner(given))
            assert_reproduced(model, tmp_path / "m.onnx", np.full((2, 3), 5, "float32"), np.ones((2, 3), "float32"))
            assert model([np.full((2, 3), 5.0), np.ones((2, 3))]).numpy()[0, 0] == -4
