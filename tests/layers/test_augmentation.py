"""Augmentation layers: active only in training, repeatable, in every format; identities; gradients of PatchShuffle."""

import json

import checks
import numpy as np
import pytest
from augmentation_layers import EVERY, MAKE

import tinynet as tn
from tinynet import augment, layers

OTHERS = {"Pipeline", "ImageAugmentation"}


def pictures(count=6):
    coarse = np.random.default_rng(0).uniform(0, 255, (count, 4, 4, 3))
    return np.rint(augment.resize(coarse, 10, 12)).astype(np.float32)


def test_every_augmentation_layer_is_here():
    classes = {name for name in layers.__all__ if isinstance(getattr(layers, name), type)
               and issubclass(getattr(layers, name), layers.ImageAugmentation | layers.Pipeline)}
    assert classes == set(EVERY) | OTHERS


@pytest.mark.parametrize("name", EVERY)
def test_only_in_training_and_repeatable(name):
    x = pictures()
    layer, random = EVERY[name](**({"seed": 1} if name in MAKE else {})), name in MAKE
    if name == "RandomCrop":
        np.testing.assert_array_equal(layer(x, training=False).numpy(), x[:, 1:8, 3:9])
    elif name != "AutoContrast":
        np.testing.assert_array_equal(layer(x, training=False).numpy(), x)
    first, second = layer(x, training=True).numpy(), layer(x, training=True).numpy()
    assert first.dtype == np.float32
    assert first.shape == tuple(layer.compute_output_shape(x.shape))
    assert name == "RandomCrop" or np.any(first != x)
    assert np.array_equal(first, second) != random
    twin = type(layer).from_config(layer.get_config())
    assert twin.get_config() == layer.get_config()
    np.testing.assert_array_equal(twin(x).numpy(), first)  # a direct call is training
    assert layer(x[:0], training=True).shape == (0, *first.shape[1:])
    assert first.min() >= 0 and first.max() <= 255


@pytest.mark.parametrize("name", EVERY)
def test_formats_types_and_single_images(name):
    make, seed = EVERY[name], {"seed": 2} if name in MAKE else {}
    x = pictures()
    last = make(**seed)(x, training=True).numpy()
    first = make(data_format="channels_first", **seed)(x.transpose(0, 3, 1, 2), training=True).numpy()
    np.testing.assert_array_equal(first.transpose(0, 2, 3, 1), last)
    np.testing.assert_array_equal(make(**seed)(x.astype(np.uint8), training=True).numpy(), last)
    wide = make(dtype="float64", **seed)(x, training=True).numpy()
    assert wide.dtype == np.float64
    if name not in ("RandomPosterization", "Equalization", "RandAugment", "AugMix"):  # rounding may change a level
        np.testing.assert_allclose(wide, last, atol=1e-2)
    assert make(**seed)(x[0], training=True).shape == last.shape[1:]


@pytest.mark.parametrize("name", EVERY)
def test_the_numpy_references_give_the_same(name, monkeypatch):
    from tinynet.augment import boxes, patches, sampling

    seed = {"seed": 3} if name in MAKE else {}
    native = EVERY[name](**seed)(pictures(), training=True).numpy()
    for module, loops in ((sampling, ("warp", "sample")), (boxes, ("flip", "fill_boxes", "paste_boxes", "permute")),
                          (patches, ("permute",)), (augment.erasing, ("fill_boxes", "paste_boxes"))):
        for loop in loops:
            monkeypatch.setattr(module, loop, getattr(sampling if loop in ("warp", "sample") else boxes,
                                                      f"{loop}_reference"))
    np.testing.assert_array_equal(EVERY[name](**seed)(pictures(), training=True).numpy(), native)


@pytest.mark.parametrize("make", [
    lambda: layers.RandomRotation(0), lambda: layers.RandomTranslation(0, 0), lambda: layers.RandomZoom(0),
    lambda: layers.RandomShear(), lambda: layers.RandomPerspective((1.0, 1.0), 0), lambda: layers.RandomBrightness(0),
    lambda: layers.RandomContrast(0), lambda: layers.RandomHue(0), lambda: layers.RandomSaturation((0.5, 0.5)),
    lambda: layers.RandomColorDegeneration(0), lambda: layers.RandomSharpness((0.5, 0.5)),
    lambda: layers.RandomInvert(0), lambda: layers.RandomPosterization((8, 8)), lambda: layers.RandomErasing(0),
    lambda: layers.RandomGaussianBlur((1.0, 1.0), 3, 0.0), lambda: layers.Solarization(0, (1, 1)),
    lambda: layers.RandomElasticTransform(1.0, 0), lambda: layers.RandAugment(num_ops=0), lambda: layers.Cutout(0),
    lambda: layers.PatchShuffle(3, 0), lambda: layers.RandomCrop(10, 12), lambda: layers.Augment("invert", 0.0),
])
def test_identity_parameters_give_the_identity(make):
    x = np.minimum(pictures(), 254)  # solarization inverts white at a threshold of white
    np.testing.assert_allclose(make()(x, training=True).numpy(), x, rtol=0, atol=255 * 8 * 2.0**-24)


def test_flips_are_whole_flips():
    x = pictures(40)
    for mode, flipped in (("horizontal", x[:, :, ::-1]), ("vertical", x[:, ::-1]),
                          ("horizontal_and_vertical", x[:, ::-1, ::-1])):
        y = layers.RandomFlip(mode, seed=1)(x, training=True).numpy()
        same, other = (y == x).all(axis=(1, 2, 3)), (y == flipped).all(axis=(1, 2, 3))
        assert (same ^ other).all() and 8 < same.sum() < 32


@pytest.mark.parametrize("scale", [0.0, 0.3, 1.0])
def test_perspective_moves_corners_of_the_image(scale):
    """From the corners, by up to scale/2 of a side: the first stays, the next two move along one edge each."""
    x, layer = pictures(50), layers.RandomPerspective((1.0, 1.0), scale, seed=1)  # 10 rows, 12 columns
    drawn = layer.get_random_transformation(x, training=True)
    start, end = np.asarray(drawn["start_points"]), np.asarray(drawn["end_points"])
    np.testing.assert_array_equal(start, np.tile(np.array([[0, 0], [11, 0], [0, 9], [11, 9]], float), (50, 1, 1)))
    moved = np.abs(end - start) / [11, 9]
    assert moved.max() <= scale / 2 and not moved[:, 0].any() and not moved[:, 1, 1].any() and not moved[:, 2, 0].any()
    assert (moved[:, [1, 2, 3, 3], [0, 1, 0, 1]].max(axis=0) >= 0.4 * scale).all()  # 50 draws reach far


def test_dicts_labels_and_what_passes_through():
    x, labels = pictures(), np.eye(6, dtype=np.float32)
    for make in (MAKE["MixUp"], MAKE["CutMix"], MAKE["Mixing"]):
        layer = make(seed=1)
        result = layer({"images": x, "labels": labels, "name": "batch"}, training=True)
        assert result["name"] == "batch" and set(result) == {"images", "labels", "name"}
        np.testing.assert_allclose(result["labels"].numpy().sum(axis=1), 1, atol=1e-6)
        assert np.any(result["labels"].numpy() != labels)
        untouched = layer({"images": x, "labels": labels}, training=False)
        np.testing.assert_array_equal(untouched["labels"], labels)
        with pytest.raises(ValueError, match="one-hot"):
            layer({"images": x, "labels": np.arange(6)}, training=True)
    flipped = layers.RandomFlip(seed=1)({"images": x, "labels": labels}, training=True)
    np.testing.assert_array_equal(flipped["labels"], labels)
    with pytest.raises(NotImplementedError, match="'bounding_boxes' cannot be transformed"):
        layers.RandomFlip()({"images": x, "bounding_boxes": np.zeros((6, 1, 4))}, training=True)
    with pytest.raises(ValueError, match="dict with 'images'"):
        layers.RandomFlip()({"image": x}, training=True)


def test_mixup_layer_is_the_formula():
    x, labels, layer = pictures(), np.eye(6, dtype=np.float32), layers.MixUp(0.8, seed=4)
    drawn = layer.get_random_transformation({"images": x, "labels": labels}, training=True)
    weight, partner = drawn["mix_weight"], drawn["permutation_order"]
    result = layer.transform_images(x, drawn), layer.transform_labels(labels, drawn)
    for i in range(6):
        np.testing.assert_allclose(result[0][i], weight[i] * x[i] + (1 - weight[i]) * x[partner[i]], rtol=1e-5)
        expected = weight[i] * labels[i] + (1 - weight[i]) * labels[partner[i]]
        np.testing.assert_allclose(result[1][i], expected, rtol=1e-5)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_patch_shuffle_of_feature_maps_has_gradients(data_format):
    shape = (2, 7, 6, 3) if data_format == "channels_last" else (2, 3, 7, 6)
    x = np.random.default_rng(0).standard_normal(shape)

    def function(x):
        return layers.PatchShuffle(3, 0.7, data_format, seed=5, dtype="float64")(x, training=True)

    assert np.any(function(x).numpy() != x)
    checks.assert_gradient(function, x)


def test_patch_shuffle_trains_between_layers():
    tn.utils.set_random_seed(0)
    model = tn.Sequential([tn.Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu"), layers.PatchShuffle(2, 0.3),
                           layers.Flatten(), layers.Dense(2)])
    model.compile(tn.optimizers.SGD(0.05), "mse")
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((32, 8, 8, 1)).astype(np.float32), rng.standard_normal((32, 2)).astype(np.float32)
    before = model.evaluate(x, y, verbose=0)
    model.fit(x, y, epochs=20, verbose=0)
    assert model.evaluate(x, y, verbose=0) < 0.9 * before


def test_asking_for_a_gradient_through_a_rotation_is_an_error():
    x = tn.Variable(pictures())
    with tn.GradientTape() as tape:
        y = layers.RandomRotation(0.1)(x, training=True)
    with pytest.raises(NotImplementedError, match="no gradient flows through image augmentation"):
        tape.gradient(y, x)
    crop = layers.RandomCrop(4, 4)
    with tn.GradientTape() as tape:
        y = crop(x, training=True)
    assert float(tape.gradient(y, x).numpy().sum()) == 6 * 4 * 4 * 3


def test_in_a_model_only_fit_augments():
    x = pictures(32) / 255
    model = tn.Sequential([tn.Input((10, 12, 3)), layers.RandomTranslation(0.5, 0.5, "constant", seed=1),
                           layers.RandomCrop(8, 8), layers.Flatten(), layers.Dense(2)])
    model.compile("sgd", "mse")
    np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(x, verbose=0))
    model.fit(x, np.zeros((32, 2)), epochs=2, verbose=0)
    assert model.predict(x, verbose=0).shape == (32, 2)


def test_pipeline():
    make = lambda: layers.Pipeline([layers.RandomFlip(seed=1), layers.RandomCrop(8, 8, seed=2),  # noqa: E731
                                    layers.Augment("gamma", power=(0.5, 2.0), seed=3)])
    x = pictures()
    pipeline = make()
    result = pipeline(x, training=True).numpy()
    expected = x
    for layer in make().layers:
        expected = layer(expected, training=True)
    np.testing.assert_array_equal(result, expected.numpy())
    np.testing.assert_array_equal(layers.Pipeline.from_config(pipeline.get_config())(x).numpy(), result)
    assert pipeline.compute_output_shape((None, 10, 12, 3)) == (None, 8, 8, 3)
    np.testing.assert_array_equal(pipeline(x, training=False).numpy(), x[:, 1:9, 2:10])
    with pytest.raises(TypeError, match="list of layers"):
        layers.Pipeline([np.sin])


def test_a_pipeline_with_a_layer_of_ones_own_is_saved(tmp_path):
    class Halve(layers.Layer):
        def call(self, x):
            return 0.5 * x

    x = pictures()
    model = tn.Sequential([tn.Input((10, 12, 3)), layers.Pipeline([layers.RandomCrop(8, 8), Halve()])])
    model.save(tmp_path / "m.keras")
    loaded = tn.models.load_model(tmp_path / "m.keras", custom_objects={"Halve": Halve})
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), 0.5 * x[:, 1:9, 2:10])
    with pytest.raises(ValueError, match="Halve"):
        tn.models.load_model(tmp_path / "m.keras")


def test_augment_takes_its_parameters_by_name():
    x = pictures(200)
    changed = (layers.Augment("invert", 0.3, seed=1)(x, training=True).numpy() != x).any(axis=(1, 2, 3))
    assert 35 < changed.sum() < 85
    layer = layers.Augment("crop", top=1, left=2, height=5, width=6)
    assert layer(x, training=True).shape == (200, 5, 6, 3) == layer.compute_output_shape(x.shape)
    with pytest.raises(ValueError, match="do not fit into a batch"):
        layers.Augment("transpose", 0.5)(x, training=True)
    with pytest.raises(ValueError, match="unknown transform 'sepia'"):
        layers.Augment("sepia")
    with pytest.raises(TypeError, match="unknown argument 'angel'"):
        layers.Augment("rotate", angel=3)


def test_several_transforms_by_name():
    x = np.random.default_rng(0).uniform(0, 255, (200, 6, 8, 3)).astype(np.float32)
    both = layers.Augment(["horizontal_flip", ("brightness", {"delta": 0.25})], seed=1)
    one_by_one = augment.apply("brightness", augment.horizontal_flip(x), delta=0.25)
    np.testing.assert_allclose(both(x, training=True).numpy(), one_by_one, rtol=1e-6)
    np.testing.assert_array_equal(both(x, training=False).numpy(), x)
    half = layers.Augment(["invert", "vertical_flip"], 0.5, seed=1)(x, training=True).numpy()
    kinds = [sum(np.allclose(y, f(image), atol=1e-3) for y, image in zip(half, x, strict=True)) for f in (
        lambda image: image, augment.invert, augment.vertical_flip, lambda image: augment.invert(image)[::-1])]
    assert sum(kinds) == 200 and all(25 <= count <= 75 for count in kinds)  # 50 each, 4 standard deviations of 6.1
    sized = layers.Augment(["transpose", ("random_crop", {"height": 4, "width": 4})])
    assert sized.compute_output_shape((None, 6, 8, 3)) == (None, 4, 4, 3)
    for training in (True, False):
        assert sized(x, training=training).shape == (200, 4, 4, 3)
    first = layers.Augment(["transpose", "invert"], data_format="channels_first")
    assert first.compute_output_shape((None, 3, 6, 8)) == (None, 3, 8, 6)
    for layer in (both, sized, first):
        again = type(layer).from_config(layer.get_config())
        assert again.get_config() == layer.get_config()
    data = json.loads(json.dumps(layers.serialize(both)))
    np.testing.assert_allclose(layers.deserialize(data)(x, training=True).numpy(), one_by_one, rtol=1e-6)
    for wrong in ([], 3, [3], [("gamma", 2)], [("gamma",)], [["gamma", "invert"]]):
        with pytest.raises(TypeError, match="must be a name, or a list of names and of pairs"):
            layers.Augment(wrong)
    with pytest.raises(TypeError, match=r"\['angle'\] beside a list of transforms"):
        layers.Augment(["rotate", "invert"], angle=(0, 3))
    with pytest.raises(ValueError, match="unknown transform 'sepia'"):
        layers.Augment(["invert", "sepia"])
    with pytest.raises(ValueError, match="rotate has no parameter 'angel'"):
        layers.Augment([("rotate", {"angel": 3})])



@pytest.mark.parametrize(("make", "match"), [
    (lambda: layers.RandomFlip("both"), "mode must be"),
    (lambda: layers.RandomRotation("a"), "factor must be a number"),
    (lambda: layers.RandomRotation((0.5, 0.1)), "pair"), (lambda: layers.RandomRotation(0.1, "mirror"), "fill_mode"),
    (lambda: layers.RandomBrightness(2), r"within \[-1, 1\], got 2"), (lambda: layers.RandomCrop(0, 3), "at least 1"),
    (lambda: layers.MixUp(0), "alpha must be"), (lambda: layers.Mixing("blend"), "unknown method"),
    (lambda: layers.RandomPosterization(9), r"\[1, 8\]"),
    (lambda: layers.Cutout(2.5), "size must be an int of at least 0, got 2.5"),
    (lambda: layers.RandomGaussianBlur(kernel_size=4), "odd"), (lambda: layers.PatchShuffle(2, 3), "probability"),
    (lambda: layers.RandAugment(num_ops=12), "from 0 to 11"), (lambda: layers.AugMix(num_chains=0), "num_chains"),
    (lambda: layers.RandomBrightness(0.1, (1, 0)), "value_range"), (lambda: layers.RandomGrayscale(2), "probability"),
    (lambda: layers.RandomFlip()(np.zeros((3, 3), np.float32)), "add a channel axis"),
    (lambda: layers.RandomHue(0.2)(np.zeros((2, 3, 3, 1), np.float32)), "needs 3 channels"),
])
def test_errors(make, match):
    with pytest.raises(ValueError, match=match):
        make()


@pytest.mark.parametrize(("depth", "lengths"), [(-1, {1, 2, 3}), (1, {1}), (2, {1, 2}), (5, {1, 2, 3, 4, 5})])
def test_how_many_operations_a_chain_of_augmix_has(depth, lengths):
    """Drawn from 1 to chain_depth; -1 is the paper's 3. One of 5 lengths is missing in 100 chains once in 10^9."""
    layer, rng = layers.AugMix(num_chains=100, chain_depth=depth), np.random.default_rng(0)
    drawn = layer.draw(pictures().astype(np.float32), rng)
    assert {len(chain) for chain in drawn["chain_transforms"]} == lengths and len(drawn["chain_transforms"]) == 100


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(("transform", "parameters", "expected"), [
    ("crop", {"top": 1, "left": 2, "height": 5, "width": 6}, lambda x: x[:, 1:6, 2:8]),
    ("crop", {"top": (0, 4), "left": (0, 2), "height": 5, "width": 6}, lambda x: x[:, 2:7, 1:7]),
    ("random_crop", {"height": 4, "width": 6}, lambda x: x[:, 3:7, 3:9]),
    ("pad", {"top": 1, "right": 2}, lambda x: np.pad(x, ((0, 0), (1, 0), (0, 2), (0, 0)))),
    ("transpose", {}, lambda x: x.transpose(0, 2, 1, 3)),
])
def test_augment_keeps_its_promised_size_outside_training(transform, parameters, expected, data_format):
    x = pictures()
    given = x if data_format == "channels_last" else x.transpose(0, 3, 1, 2)
    layer = layers.Augment(transform, data_format=data_format, seed=1, **parameters)
    y = layer(given, training=False).numpy()
    np.testing.assert_array_equal(y if data_format == "channels_last" else y.transpose(0, 2, 3, 1), expected(x))
    model = tn.Sequential([tn.Input(given.shape[1:]), layer, layers.Flatten(), layers.Dense(2)])
    model.compile("sgd", "mse")
    model.fit(given / 255, np.zeros((len(x), 2)), verbose=0)
    assert model.predict(given, verbose=0).shape == (len(x), 2)


@pytest.mark.parametrize(("factor", "bits"), [
    (0.5, (4, 8)), ((0.5, 0.75), (2, 5)), ((0.25, 0.5), (4, 7)), ((0.0, 1.0), (1, 8)), ((0.9, 1.0), (1, 2))])
def test_rand_augment_leaves_as_many_bits_as_its_factor_asks_for(factor, bits):
    operations = layers.RandAugment(factor=factor)._operations
    assert tuple(operations["random_posterization"].factor) == bits
