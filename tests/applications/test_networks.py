"""All networks: parameters, shapes, names, what they refuse, transfer learning, files of weights."""

import subprocess
import sys

import numpy as np
import pytest
from checks import PEAK_MEGABYTES

import tinynet as tn
from tinynet import applications
from tinynet.applications import frame
from tinynet.core.errors import ModelFileError
from tinynet.layers import Dense, Input, Rescaling

# name: parameters with and without the classifier (as published), channels of the features, model name, first weight
# layer, last layer without the classifier
NETWORKS = {
    "VGG16": (138_357_544, 14_714_688, 512, "vgg16", "block1_conv1", "block5_pool"),
    "VGG19": (143_667_240, 20_024_384, 512, "vgg19", "block1_conv1", "block5_pool"),
    "ResNet50": (25_636_712, 23_587_712, 2048, "resnet50", "conv1_conv", "conv5_block3_out"),
    "ResNet101": (44_707_176, 42_658_176, 2048, "resnet101", "conv1_conv", "conv5_block3_out"),
    "ResNet152": (60_419_944, 58_370_944, 2048, "resnet152", "conv1_conv", "conv5_block3_out"),
    "ResNet50V2": (25_613_800, 23_564_800, 2048, "resnet50v2", "conv1_conv", "post_relu"),
    "ResNet101V2": (44_675_560, 42_626_560, 2048, "resnet101v2", "conv1_conv", "post_relu"),
    "ResNet152V2": (60_380_648, 58_331_648, 2048, "resnet152v2", "conv1_conv", "post_relu"),
    "MobileNet": (4_253_864, 3_228_864, 1024, "mobilenet_1.00_{}", "conv1", "conv_pw_13_relu"),
    "MobileNetV2": (3_538_984, 2_257_984, 1280, "mobilenetv2_1.00_{}", "Conv1", "out_relu"),
    "EfficientNetB0": (5_330_571, 4_049_571, 1280, "efficientnetb0", "normalization", "top_activation"),
    "EfficientNetB1": (7_856_239, 6_575_239, 1280, "efficientnetb1", "normalization", "top_activation"),
    "EfficientNetB2": (9_177_569, 7_768_569, 1408, "efficientnetb2", "normalization", "top_activation"),
    "EfficientNetB3": (12_320_535, 10_783_535, 1536, "efficientnetb3", "normalization", "top_activation"),
    "EfficientNetB4": (19_466_823, 17_673_823, 1792, "efficientnetb4", "normalization", "top_activation"),
    "EfficientNetB5": (30_562_527, 28_513_527, 2048, "efficientnetb5", "normalization", "top_activation"),
    "EfficientNetB6": (43_265_143, 40_960_143, 2304, "efficientnetb6", "normalization", "top_activation"),
    "EfficientNetB7": (66_658_687, 64_097_687, 2560, "efficientnetb7", "normalization", "top_activation"),
    "InceptionV3": (23_851_784, 21_802_784, 2048, "inception_v3", "conv2d", "mixed10"),
    "Xception": (22_910_480, 20_861_480, 2048, "xception", "block1_conv1", "block14_sepconv2_act"),
    "DenseNet121": (8_062_504, 7_037_504, 1024, "densenet121", "conv1_conv", "relu"),
    "DenseNet169": (14_307_880, 12_642_880, 1664, "densenet169", "conv1_conv", "relu"),
    "DenseNet201": (20_242_984, 18_321_984, 1920, "densenet201", "conv1_conv", "relu"),
}
SIZES = {"InceptionV3": 299, "Xception": 299, "EfficientNetB1": 240, "EfficientNetB2": 260, "EfficientNetB3": 300,
         "EfficientNetB4": 380, "EfficientNetB5": 456, "EfficientNetB6": 528, "EfficientNetB7": 600}
SMALLEST = {"InceptionV3": 75, "Xception": 71}
EACH_FAMILY = ["VGG19", "ResNet50", "ResNet50V2", "MobileNet", "MobileNetV2", "EfficientNetB0", "InceptionV3",
               "Xception", "DenseNet121"]


@pytest.mark.parametrize("network", NETWORKS)
def test_published_parameters_shapes_and_names(network):
    with_top, without, channels, name, first, last = NETWORKS[network]
    tn.utils.clear_session()
    make, size = getattr(applications, network), SIZES.get(network, 224)
    model = make(weights=None)
    assert model.count_params() == with_top
    assert model.input_shape == (None, size, size, 3) and model.output_shape == (None, 1000)
    assert model.name == name.format(224)
    assert model.layers[0].name == "input_layer" and model.layers[-1].name == "predictions"
    assert next(layer.name for layer in model.layers if layer.weights) == first
    features = make(include_top=False, weights=None)
    assert features.count_params() == without and features.output_shape == (None, None, None, channels)
    assert features.layers[-1].name == last and features.name == name.format(None)


@pytest.mark.parametrize("network", EACH_FAMILY)
def test_variants_and_refusals(network):
    make, smallest, channels = getattr(applications, network), SMALLEST.get(network, 32), NETWORKS[network][2]
    for pooling in ("avg", "max"):
        pooled = make(include_top=False, weights=None, input_shape=(96, 128, 3), pooling=pooling)
        assert pooled.output_shape == (None, channels)
    model = make(weights=None, input_shape=(96, 96, 1), classes=7, classifier_activation=None, name="mine")
    assert model.output_shape == (None, 7) and model.name == "mine"
    assert model.get_layer("predictions").activation is tn.activations.linear
    image = Input((96, 96, 3))
    scaled = make(include_top=False, weights=None, input_tensor=Rescaling(1 / 255)(image))
    assert scaled.input is image and isinstance(scaled.layers[1], Rescaling)
    for arguments, message in [
        ({"input_shape": (smallest - 1, smallest, 3)}, f"{network}: images must be {smallest}x{smallest} or larger"),
        ({"input_shape": (None, None, 3)}, "need images of a known size"),
        ({"input_shape": (96, 96)}, r"must be \(height, width, channels\)"),
        ({"pooling": "sum"}, "pooling must be None, 'avg' or 'max'"),
        ({"weights": "missing.weights.h5"}, "there is no file 'missing.weights.h5'"),
        ({"weights": "imagenet", "classes": 5}, "for 1000 classes, got classes=5"),
    ]:
        with pytest.raises(ValueError, match=message):
            make(**{"weights": None, **arguments})
    with pytest.raises(TypeError, match=r"input_tensor must be an Input\(...\)"):
        make(weights=None, input_tensor=3)


@pytest.mark.parametrize(("arguments", "name", "parameters"), [
    ({"alpha": 0.35}, "mobilenetv2_0.35_96", 1_691_208),
    ({"alpha": 1.4}, "mobilenetv2_1.40_96", 6_156_712),
])
def test_widths_of_mobilenet_v2(arguments, name, parameters):
    model = applications.MobileNetV2((96, 96, 3), weights=None, **arguments)
    assert model.name == name and model.count_params() == parameters


def test_width_and_filters_of_mobilenet():
    model = applications.MobileNet((96, 96, 3), 0.25, 2, 0.1, weights=None)
    assert model.name == "mobilenet_0.25_96" and model.count_params() == 687_888
    assert model.get_layer("dropout").rate == 0.1


WATCHED = PEAK_MEGABYTES + """
import tracemalloc
import tinynet as tn

before = peak_megabytes()
tracemalloc.start()
for network in (tn.applications.ResNet50, tn.applications.InceptionV3):
    model = network(weights=None)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    model.summary()
print("MEGABYTES", peak_megabytes() - before, tracemalloc.get_traced_memory()[1] / 2**20)
"""


def test_summary_does_not_allocate_the_weights():
    result = subprocess.run([sys.executable, "-P", "-c", WATCHED], capture_output=True, text=True, timeout=60,
                            check=True)
    assert "25,636,712 (97.80 MB)" in result.stdout and "23,851,784 (90.99 MB)" in result.stdout
    resident, traced = map(float, result.stdout.split("MEGABYTES")[1].split())
    assert resident < 60 and traced < 60, "the weights alone are 189 MB"


@pytest.mark.parametrize("network", ["MobileNetV2", "EfficientNetB0"])
def test_transfer_learning(network):
    base = getattr(applications, network)(include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg")
    base.trainable = False
    image = Input((32, 32, 3))
    model = tn.Model(image, Dense(2, activation="softmax")(base(image, training=False)))
    model.compile(tn.optimizers.Adam(1e-2), "sparse_categorical_crossentropy", metrics=["accuracy"])
    assert len(model.trainable_variables) == 2
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, 255, (8, 32, 32, 3)).astype("float32"), rng.integers(0, 2, 8)
    frozen, head = base.get_weights(), model.layers[-1].get_weights()
    model.fit(x, y, epochs=1, batch_size=4, verbose=0)
    for before, after in zip(frozen, base.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    assert not np.array_equal(head[0], model.layers[-1].get_weights()[0])
    base.trainable = True
    for layer in base.layers[:-6]:
        layer.trainable = False
    model.compile(tn.optimizers.SGD(1e-3), "sparse_categorical_crossentropy")
    assert 2 < len(model.trainable_variables) < 10
    model.fit(x, y, epochs=1, verbose=0)


def test_preprocessing_inside_a_model():
    image = Input((32, 32, 3))
    x = applications.mobilenet_v2.preprocess_input(image)
    base = applications.MobileNetV2((32, 32, 3), include_top=False, weights=None, pooling="avg")
    model = tn.Model(image, base(x))
    pictures = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype("float32")
    outside = base(applications.mobilenet_v2.preprocess_input(pictures))
    np.testing.assert_allclose(model(pictures).numpy(), outside.numpy(), rtol=1e-5, atol=1e-6)


def shaken(model, seed=0):
    """The same model with every weight random: batch normalization's statistics too. Variances stay positive."""
    rng = np.random.default_rng(seed)
    model.set_weights([rng.uniform(0.5, 1.5, w.shape).astype(w.dtype) if w.ndim < 2
                       else w + 0.01 * rng.standard_normal(w.shape).astype(w.dtype) for w in model.get_weights()])
    return model


def make(network, **arguments):
    size = SMALLEST.get(network, 32)
    return getattr(applications, network)(**{"include_top": False, "weights": None, "input_shape": (size, size, 3),
                                             **arguments})


@pytest.mark.parametrize(("network", "ending"), [
    ("MobileNetV2", ".weights.h5"), ("MobileNetV2", ".h5"), ("MobileNetV2", ".safetensors"), ("MobileNetV2", ".npz"),
    ("EfficientNetB0", ".safetensors"), ("InceptionV3", ".npz"),
])
def test_weights_from_a_file(network, ending, tmp_path):
    if ending.endswith("h5"):
        pytest.importorskip("h5py")
    first, path = shaken(make(network)), tmp_path / f"file{ending}"
    if ending == ".npz":
        tn.utils.save_weights_npz(first, path)
    elif ending == ".h5":
        first.save(path)
    else:
        first.save_weights(path)
    second = make(network, weights=path)
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_weights_of_another_network_are_refused(tmp_path):
    pytest.importorskip("h5py")
    with_top, path = shaken(make("MobileNetV2", include_top=True, classes=4)), tmp_path / "top.h5"
    with_top.save(path)
    with pytest.raises(ModelFileError, match="The file must be of MobileNetV2 with the same include_top"):
        make("MobileNetV2", weights=path)
    features = make("MobileNetV2")
    features.load_weights(path, by_name=True)
    for layer in features.layers:
        for a, b in zip(layer.get_weights(), with_top.get_layer(layer.name).get_weights()
                        if layer.weights else [], strict=True):
            np.testing.assert_array_equal(a, b)
    other = make("MobileNetV2", include_top=True, classes=9)
    with pytest.warns(UserWarning, match="skipped"):
        other.load_weights(path, by_name=True, skip_mismatch=True)


@pytest.mark.parametrize(("network", "arguments", "file"), [
    ("MobileNetV2", {}, "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"),
    ("MobileNetV2", {"input_shape": (96, 96, 3), "alpha": 0.35},
     "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_96_no_top.h5"),
    ("MobileNet", {"alpha": 0.5}, "mobilenet_5_0_224_tf_no_top.h5"),
    ("EfficientNetB0", {}, "efficientnetb0_notop.h5"),
    ("ResNet50", {}, "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"),
    ("ResNet50V2", {"include_top": True}, "resnet50v2_weights_tf_dim_ordering_tf_kernels.h5"),
    ("InceptionV3", {"input_shape": (75, 75, 3)}, "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"),
    ("DenseNet121", {}, "densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5"),
])
def test_imagenet_is_explained(network, arguments, file, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ValueError, match="would need a download") as caught:
        make(network, **{"weights": "imagenet", **arguments})
    assert file in str(caught.value) and network in str(caught.value)


def test_imagenet_from_keras_own_folder(tmp_path, monkeypatch):
    pytest.importorskip("h5py")
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".keras" / "models"
    folder.mkdir(parents=True)
    first = shaken(make("MobileNetV2"))
    first.save(folder / "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5")
    second = make("MobileNetV2", weights="imagenet")
    assert second.name == "mobilenetv2_1.00_224"
    np.testing.assert_array_equal(first.get_weights()[-1], second.get_weights()[-1])


def test_variances_of_published_efficientnets_are_corrected(tmp_path):
    model = make("EfficientNetB0")
    deviations = np.array([0.229, 0.224, 0.225], "float32")
    model.layers[2].set_weights([np.array([0.485, 0.456, 0.406]), deviations, 0])
    model.save_weights(tmp_path / "published.safetensors")
    loaded = make("EfficientNetB0", weights=tmp_path / "published.safetensors").layers[2]
    np.testing.assert_allclose(loaded.get_weights()[1], deviations**2, rtol=1e-6)
    pixels = np.full((1, 32, 32, 3), 255, "float32") * np.array([0.485, 0.456, 0.406], "float32") + 255 * deviations
    np.testing.assert_allclose(loaded(pixels / 255).numpy(), 1, rtol=1e-5)


@pytest.mark.parametrize("network", ["MobileNet", "EfficientNetB0", "DenseNet121"])
def test_channels_first(network):
    x = np.random.default_rng(0).uniform(0, 1, (1, 32, 32, 3)).astype("float32")
    last = shaken(make(network, include_top=True, classes=5))
    try:
        tn.config.set_image_data_format("channels_first")
        first = make(network, include_top=True, classes=5, input_shape=(3, 32, 32))
        first.set_weights(last.get_weights())
        y = first(np.moveaxis(x, -1, 1)).numpy()
    finally:
        tn.config.set_image_data_format("channels_last")
    np.testing.assert_allclose(y, last(x).numpy(), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("channels", "rounded"), [
    (1, 8), (8, 8), (11, 16), (12, 16), (20, 24), (80 / 9, 8), (8.9, 16), (160 / 9, 16), (17.9, 24),
    (1280 * 1.4, 1792)])
def test_channels_are_rounded_to_8_and_lose_at_most_a_tenth(channels, rounded):
    assert frame.divisible(channels) == rounded
