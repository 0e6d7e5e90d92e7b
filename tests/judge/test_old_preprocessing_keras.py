"""Pictures, texts and folders, against Keras's own older modules."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")
pytest.importorskip("scipy")
image = pytest.importorskip("keras.src.legacy.preprocessing.image")
text = pytest.importorskip("keras.src.legacy.preprocessing.text")
sequence = pytest.importorskip("keras.src.legacy.preprocessing.sequence")

from tinynet.preprocessing import image as own_image  # noqa: E402
from tinynet.preprocessing import text as own_text  # noqa: E402
from tinynet.preprocessing.affine import affine_matrix, transform  # noqa: E402
from tinynet.preprocessing.sequence import TimeseriesGenerator  # noqa: E402
from tinynet.utils import images, pictures  # noqa: E402

X = np.random.default_rng(0).uniform(0, 255, (9, 7, 3)).astype("f4")


@pytest.mark.xfail(reason="Keras 3.15.1 takes tx, of height_shift_range, for columns; here it moves rows, as the "
                          "name says")
@pytest.mark.parametrize("fill_mode", ["nearest", "reflect", "wrap", "constant"])
@pytest.mark.parametrize("moves", [
    {"theta": 30}, {"tx": 1.5, "ty": -2.25}, {"shear": 20}, {"zx": 0.7, "zy": 1.4},
    {"theta": -50, "tx": 2, "ty": 1, "shear": -10, "zx": 1.2, "zy": 0.8},
])
def test_transform(moves, fill_mode):
    moves = {"theta": 0, "tx": 0, "ty": 0, "shear": 0, "zx": 1, "zy": 1, **moves}
    expected = image.apply_affine_transform(X, row_axis=0, col_axis=1, channel_axis=2, fill_mode=fill_mode, cval=7.0,
                                            order=1, **moves)
    actual = transform(X, affine_matrix(9, 7, **moves), fill_mode, 7.0)
    if fill_mode == "wrap":  # SciPy's "wrap" interpolates across the seam with the edge pixel left out
        inside = np.isclose(actual, expected, atol=0.02).all(-1)
        assert inside.mean() > 0.5
    else:
        np.testing.assert_allclose(actual, expected, atol=0.02)


@pytest.mark.filterwarnings("ignore:This ImageDataGenerator specifies")
@pytest.mark.parametrize("samples", [20, 60])  # fewer and more than the 32 features
@pytest.mark.parametrize("options", [
    {"featurewise_center": True, "featurewise_std_normalization": True}, {"featurewise_std_normalization": True},
    {"featurewise_std_normalization": True, "rescale": 1 / 255}, {"featurewise_center": True, "rescale": 0.5},
    {"zca_whitening": True, "zca_epsilon": 1e-3}, {"zca_whitening": True, "rescale": 1 / 255},
    {"samplewise_std_normalization": True},
], ids=str)
def test_featurewise(options, samples):
    pictures = np.random.default_rng(1).uniform(0, 255, (samples, 4, 4, 2)).astype("f4")
    theirs, ours = image.ImageDataGenerator(**options), own_image.ImageDataGenerator(**options)
    theirs.fit(pictures)
    ours.fit(pictures)
    # Rounding in float32, amplified by the condition of the data, largest by smallest singular value: below 50.
    np.testing.assert_allclose(ours.standardize(pictures[0].copy()), theirs.standardize(pictures[0].copy()), atol=1e-3)


@pytest.mark.parametrize("size", [(4, 4), (3, 7), (10, 6), (1, 5)])
@pytest.mark.parametrize("shape", [(7, 8, 3), (9, 4, 1), (5, 23, 3), (2, 2, 3)])
def test_crop_in_proportion(shape, size):
    x = np.random.default_rng(0).uniform(0, 255, shape).astype("f4")
    for method in ("bilinear", "nearest", "bicubic"):
        expected = np.asarray(keras.preprocessing.image.smart_resize(x, size, method))
        cropped = pictures.crop_to_aspect_ratio(x, *size)
        np.testing.assert_allclose(pictures.resize(cropped, size, method).data, expected, rtol=1e-4, atol=1e-2)


def test_tokenizer():
    texts = ["The cat sat on the mat.", "The dog sat!", "A cat?"]
    for options in ({}, {"num_words": 4}, {"oov_token": "?", "num_words": 3}, {"char_level": True}, {"lower": False}):
        theirs, ours = text.Tokenizer(**options), own_text.Tokenizer(**options)
        for tokenizer in (theirs, ours):
            tokenizer.fit_on_texts(texts)
        assert ours.word_index == theirs.word_index
        assert dict(ours.word_counts) == dict(theirs.word_counts) and dict(ours.word_docs) == dict(theirs.word_docs)
        new = [*texts, "the bird"]
        assert ours.texts_to_sequences(new) == theirs.texts_to_sequences(new)
        assert ours.sequences_to_texts([[1, 2, 3]]) == theirs.sequences_to_texts([[1, 2, 3]])
        for mode in ("binary", "count", "freq", "tfidf"):
            np.testing.assert_allclose(ours.texts_to_matrix(texts, mode), theirs.texts_to_matrix(texts, mode))
    assert own_text.one_hot("a b c", 20) != [] and own_text.hashing_trick("a b", 9) == text.hashing_trick("a b", 9,
                                                                                                         "md5")


@pytest.mark.parametrize("options", [{}, {"stride": 2}, {"sampling_rate": 3}, {"reverse": True, "start_index": 2},
                                     {"end_index": 15}])
def test_timeseries(options):
    series = np.arange(40).reshape(20, 2)
    theirs = sequence.TimeseriesGenerator(series, np.arange(20), length=4, batch_size=3, **options)
    ours = TimeseriesGenerator(series, np.arange(20), length=4, batch_size=3, **options)
    assert len(ours) == len(theirs)
    for i in range(len(ours)):
        for a, b in zip(ours[i], theirs[i], strict=True):
            np.testing.assert_array_equal(a, b)


def test_pictures(tmp_path):
    pytest.importorskip("PIL")
    for name, extra in (("a.png", {}), ("b.png", {"scale": False})):
        keras.utils.save_img(tmp_path / name, X, **extra)
        images.save_img(tmp_path / f"own_{name}", X, **extra)
        assert (tmp_path / name).read_bytes() == (tmp_path / f"own_{name}").read_bytes()
    for options in ({}, {"color_mode": "grayscale"}, {"target_size": (5, 4), "interpolation": "bilinear"},
                    {"target_size": (4, 4), "keep_aspect_ratio": True}):
        theirs = keras.utils.img_to_array(keras.utils.load_img(tmp_path / "a.png", **options))
        ours = images.img_to_array(images.load_img(tmp_path / "a.png", **options))
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("options", [
    {}, {"classes": ["y", "x"]}, {"y_col": "several"}, {"y_col": "several", "classes": ["z", "y"]},
    {"class_mode": "binary"}, {"class_mode": "sparse", "weight_col": "weight"},
    {"class_mode": "raw", "y_col": "weight"},
    {"class_mode": "raw", "y_col": ["weight", "number"]}, {"class_mode": "multi_output", "y_col": ["weight", "number"]},
    {"class_mode": None}, {"class_mode": "input"}, {"subset": "training"}, {"subset": "validation"},
], ids=str)
def test_tables(tmp_path, options):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("PIL")
    names = [f"{i}.png" for i in range(7)]
    for i, name in enumerate(names):
        images.save_img(tmp_path / name, np.full((4, 5, 3), 20.0 * i), scale=False)
    table = pandas.DataFrame({
        "filename": [*names, "none.png"], "class": list("xyxxyyxx"), "weight": np.arange(8.0), "number": range(8),
        "several": [["x"], "y", ["z", "x"], "x", ("y", "z"), "y", "z", "x"]})
    batches = []
    for module in (image, own_image):
        generator = module.ImageDataGenerator(rescale=0.5, validation_split=0.4)
        with pytest.warns(UserWarning):  # of the file that is not there
            batches.append(generator.flow_from_dataframe(table, str(tmp_path), target_size=(3, 3), batch_size=4,
                                                         shuffle=False, **options))
    theirs, ours = batches
    assert len(theirs) == len(ours) and theirs.filenames == ours.filenames
    assert getattr(theirs, "class_indices", {}) == ours.class_indices

    def parts(batch):
        return [array for part in (batch if isinstance(batch, tuple) else (batch,))
                for array in (part if isinstance(part, list) else [part])]

    for i in range(len(ours)):
        for a, b in zip(parts(ours[i]), parts(theirs[i]), strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)
