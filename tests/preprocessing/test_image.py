"""`ImageDataGenerator` and pictures in files."""

import os

import numpy as np
import pytest
from checks import warns_here

import tinynet as tn
from tinynet.preprocessing.affine import affine_matrix, transform
from tinynet.preprocessing.image import (
    ImageDataGenerator,
    array_to_img,
    img_to_array,
    load_img,
    save_img,
    whitening_matrix,
)

X = np.random.default_rng(0).uniform(0, 255, (10, 8, 8, 3)).astype("f4")
Y = np.arange(10)


@pytest.mark.parametrize("fill_mode", ["nearest", "reflect", "wrap", "constant"])
def test_turning_by_right_angles(fill_mode):
    for quarter in range(4):
        turned = transform(X[0], affine_matrix(8, 8, theta=90 * quarter), fill_mode)
        np.testing.assert_allclose(turned, np.rot90(X[0], -quarter), atol=1e-3)


def test_moving_and_what_comes_in():
    row = np.arange(4.0)[None, :, None]

    def moved(columns, fill_mode):
        return transform(row, affine_matrix(1, 4, ty=columns), fill_mode, cval=9)[0, :, 0].tolist()

    assert moved(-1, "nearest") == [0, 0, 1, 2] and moved(1, "nearest") == [1, 2, 3, 3]
    assert moved(-2, "reflect") == [1, 0, 0, 1] and moved(-1, "wrap") == [3, 0, 1, 2]
    assert moved(-1, "constant") == [9, 0, 1, 2] and moved(0.5, "nearest") == [0.5, 1.5, 2.5, 3]
    zoomed = transform(np.arange(16.0).reshape(4, 4, 1), affine_matrix(4, 4, zx=0.5, zy=0.5))
    assert zoomed[:, :, 0].mean() == pytest.approx(7.5) and zoomed.max() < 12
    with pytest.raises(ValueError, match="fill_mode must be one of"):
        moved(1, "nowhere")


@pytest.mark.parametrize("given", [3, "ab", (1, 2, 3)])
def test_a_range_of_brightness_is_a_pair(given):
    with pytest.raises(ValueError, match="brightness_range must be a pair of factors, got"):
        ImageDataGenerator(brightness_range=given)


def test_flow_gives_each_picture_once_an_epoch():
    batches = ImageDataGenerator().flow(X, Y, batch_size=4, seed=1)
    assert len(batches) == 3 and batches.n == 10
    seen = np.concatenate([next(batches)[1] for _ in range(3)])
    assert sorted(seen) == Y.tolist() and seen.tolist() != Y.tolist()
    x, y = batches.next()
    np.testing.assert_array_equal(x, X[y])
    again = ImageDataGenerator(rotation_range=30).flow(X, batch_size=10, seed=5)
    other = ImageDataGenerator(rotation_range=30).flow(X, batch_size=10, seed=5)
    np.testing.assert_array_equal(next(again), next(other))
    assert not np.array_equal(next(again), next(other)[::-1])


def test_normalising():
    samplewise = ImageDataGenerator(samplewise_center=True, samplewise_std_normalization=True, rescale=1 / 255)
    picture = samplewise.standardize(X[0])
    assert abs(picture.mean()) < 1e-5 and picture.std() == pytest.approx(1, abs=1e-4)
    featurewise = ImageDataGenerator(featurewise_center=True, featurewise_std_normalization=True)
    with warns_here(UserWarning, "before fit"):
        featurewise.standardize(X[0])
    featurewise.fit(X)
    batch = np.stack([featurewise.standardize(x) for x in X])
    np.testing.assert_allclose(batch.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(batch.std((0, 1, 2)), 1, atol=1e-4)


def test_statistics_are_of_what_they_normalise():
    def halved(picture):
        return picture / 2 - 7

    for options in ({"rescale": 1 / 255}, {"preprocessing_function": halved}, {"samplewise_std_normalization": True},
                    {"preprocessing_function": halved, "rescale": 3}):
        generator = ImageDataGenerator(featurewise_std_normalization=True, **options)
        generator.fit(X)
        batch = next(generator.flow(X, batch_size=10))
        # 640 float32 values a channel; the 1e-6 that is added to deviations of 0.3 and more
        np.testing.assert_allclose(batch.mean((0, 1, 2)), 0, atol=1e-4)
        np.testing.assert_allclose(batch.std((0, 1, 2)), 1, atol=1e-4)


def test_options_that_others_need():
    for options in ({"featurewise_std_normalization": True}, {"zca_whitening": True}):
        assert ImageDataGenerator(**options).featurewise_center
    assert ImageDataGenerator(samplewise_std_normalization=True).samplewise_center
    with warns_here(UserWarning, "featurewise_std_normalization=True is ignored"):
        both = ImageDataGenerator(zca_whitening=True, featurewise_std_normalization=True)
    assert both.zca_whitening and not both.featurewise_std_normalization


def test_whitening():
    rng = np.random.default_rng(1)
    white = ImageDataGenerator(zca_whitening=True, zca_epsilon=1e-6)
    many = rng.normal(size=(500, 2, 2, 1)) @ np.ones((1, 1))
    white.fit(many)
    flat = np.stack([white.standardize(x) for x in many.astype("f4")]).reshape(500, 4)
    np.testing.assert_allclose(flat.T @ flat / 500, np.eye(4), atol=1e-3)

    few = rng.normal(size=(3, 8))  # three pictures span three directions of eight
    matrix = whitening_matrix(few)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-9)
    np.testing.assert_allclose(np.linalg.svd(few @ matrix)[1], np.sqrt(3), atol=1e-4)
    outside = np.linalg.svd(few)[2][3:]
    np.testing.assert_allclose(outside @ matrix, 0, atol=1e-9)
    np.testing.assert_allclose(whitening_matrix(few, 0.5) @ np.linalg.svd(few)[2][0], np.linalg.svd(few)[2][0]
                               * np.sqrt(3) / (np.linalg.svd(few)[1][0] + 0.5), atol=1e-9)
    assert not whitening_matrix(np.zeros((4, 2))).any()
    with pytest.raises(ValueError, match=r"got shape \(0, 2, 2, 1\)"):
        white.fit(np.zeros((0, 2, 2, 1)))


def test_changes():
    generator = ImageDataGenerator(horizontal_flip=True, vertical_flip=True, brightness_range=(0.5, 0.5),
                                   preprocessing_function=lambda x: x + 1)
    np.testing.assert_array_equal(generator.apply_transform(X[0], {"flip_horizontal": True}), X[0][:, ::-1])
    np.testing.assert_allclose(generator.apply_transform(X[0], {"brightness": 0.5}), X[0] / 2)
    shifted = generator.apply_transform(X[0], {"channel_shift_intensity": 300})
    assert shifted.max() == X[0].max() and shifted.min() == shifted.max()
    flips = [generator.get_random_transform((8, 8, 3), seed)["flip_horizontal"] for seed in range(50)]
    assert 10 < sum(flips) < 40
    moves = [ImageDataGenerator(width_shift_range=0.25).get_random_transform((8, 8, 3), seed) for seed in range(50)]
    assert max(abs(move["ty"]) for move in moves) <= 2 and all(move["tx"] == 0 for move in moves)
    first = ImageDataGenerator(data_format="channels_first")
    np.testing.assert_allclose(first.apply_transform(X[0].transpose(2, 0, 1), {"theta": 90}),
                               np.rot90(X[0], -1).transpose(2, 0, 1), atol=1e-3)


def test_splits_and_training():
    generator = ImageDataGenerator(validation_split=0.3, rescale=1 / 255)
    assert generator.flow(X, Y, subset="validation").n == 3 and generator.flow(X, Y, subset="training").n == 7
    with pytest.raises(ValueError, match="validation_split"):
        ImageDataGenerator().flow(X, Y, subset="training")
    with pytest.raises(ValueError, match=r"x\[..., None\]"):
        ImageDataGenerator().flow(X[..., 0])
    model = tn.Sequential([tn.layers.Flatten(), tn.layers.Dense(10, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    history = model.fit(generator.flow(X, Y, batch_size=5), epochs=3, verbose=0)
    assert len(history.history["loss"]) == 3 and history.params["steps"] == 2
    model.fit(generator.flow(X, Y, batch_size=5), steps_per_epoch=5, epochs=1, verbose=0)


# -- with pillow -------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    pytest.importorskip("PIL")
    for c, name in enumerate(("cats", "dogs")):
        (tmp_path / name).mkdir()
        for i in range(5):
            save_img(tmp_path / name / f"{i}.png", np.full((6, 4, 3), 50 * c + i, "f4"), scale=False)
    return tmp_path


def test_files(folder):
    picture = load_img(folder / "dogs" / "3.png")
    assert picture.size == (4, 6) and img_to_array(picture).dtype == np.float32 and img_to_array(picture)[0, 0, 0] == 53
    small = load_img(folder / "dogs" / "3.png", color_mode="grayscale", target_size=(2, 3))
    assert img_to_array(small).shape == (2, 3, 1)
    assert array_to_img(np.arange(12.0).reshape(2, 2, 3)).getpixel((1, 1))[2] == 255
    with pytest.raises(ValueError, match="color_mode"):
        load_img(folder / "dogs" / "3.png", color_mode="blue")
    with pytest.raises(ValueError, match="expected 1, 3 or 4 channels"):
        array_to_img(np.zeros((2, 2, 2)))
    decoded = tn.io.decode_png(tn.io.read_file(str(folder / "cats" / "2.png")))
    assert decoded.shape == (6, 4, 3) and decoded.dtype == np.uint8 and decoded.data.max() == 2
    np.testing.assert_array_equal(tn.io.decode_image(tn.io.encode_png(decoded)), decoded)
    with pytest.raises(ValueError, match="not a picture"):
        tn.io.decode_image(b"nothing")


def test_flow_from_directory(folder, capsys):
    batches = ImageDataGenerator(validation_split=0.4).flow_from_directory(
        folder, target_size=(3, 3), class_mode="binary", batch_size=4, shuffle=False, subset="training")
    assert capsys.readouterr().out == "Found 6 images belonging to 2 classes.\n"
    assert batches.class_indices == {"cats": 0, "dogs": 1} and batches.classes.tolist() == [0, 0, 0, 1, 1, 1]
    x, y = batches[0]
    assert x.shape == (4, 3, 3, 3) and y.tolist() == [0, 0, 0, 1] and x[0, 0, 0, 0] == 2
    x, y = ImageDataGenerator().flow_from_directory(folder, (3, 3), color_mode="grayscale", batch_size=20)[0]
    assert x.shape == (10, 3, 3, 1) and y.shape == (10, 2)


def paths_of(folder, count=4):
    return [os.path.join("cats" if i % 2 == 0 else "dogs", f"{i}.png") for i in range(count)]


def test_flow_from_dataframe(folder, capsys):
    table = dict(filename=paths_of(folder), **{"class": ["b", "a", "b", "a"]}, weight=[1.0, 2, 3, 4], n=[5, 6, 7, 8],
                  m=[0.5, 1.5, 2.5, 3.5])
    options = {"directory": str(folder), "target_size": (3, 3), "shuffle": False, "batch_size": 3}

    def batches(**more):
        return ImageDataGenerator(validation_split=0.5).flow_from_dataframe(table, **{**options, **more})

    x, y = batches()[0]
    assert capsys.readouterr().out == "Found 4 validated image filenames belonging to 2 classes.\n"
    assert x.shape == (3, 3, 3, 3) and x[:, 0, 0, 0].tolist() == [0, 51, 2] and y.tolist() == [[0, 1], [1, 0], [0, 1]]
    assert batches(class_mode="sparse", classes=["b", "a"])[0][1].tolist() == [0, 1, 0]
    assert batches(class_mode="binary", subset="validation")[0][1].tolist() == [1, 0]
    x, y, weight = batches(class_mode="raw", y_col="n", weight_col="weight")[1]
    assert (y.tolist(), weight.tolist()) == ([8], [4])
    assert batches(class_mode="raw", y_col=["n", "m"])[0][1].tolist() == [[5, 0.5], [6, 1.5], [7, 2.5]]
    first, second = batches(class_mode="multi_output", y_col=["n", "m"])[0][1]
    assert first.tolist() == [5, 6, 7] and second.tolist() == [0.5, 1.5, 2.5]
    assert batches(class_mode=None, y_col=None)[0].shape == (3, 3, 3, 3)
    x, y = batches(class_mode="input")[0]
    np.testing.assert_array_equal(x, y)
    only_b = batches(classes=["b"])
    assert only_b.n == 2 and only_b.filenames == table["filename"][::2] and only_b.class_indices == {"b": 0}
    absolute = {"filename": [str(folder / name) for name in table["filename"]]}
    assert ImageDataGenerator().flow_from_dataframe(absolute, class_mode=None).n == 4
    assert not capsys.readouterr().out.endswith("classes.\n")


def test_several_classes_a_picture(folder):
    table = {"filename": paths_of(folder), "class": [["x", "y"], "z", ("y",), ["w", "z"]]}
    generator = ImageDataGenerator()
    batches = generator.flow_from_dataframe(table, str(folder), shuffle=False)
    assert batches.class_indices == {"w": 0, "x": 1, "y": 2, "z": 3}
    assert batches[0][1].tolist() == [[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 1, 0], [1, 0, 0, 1]]
    some = generator.flow_from_dataframe(table, str(folder), shuffle=False, classes=["z", "x"])
    assert some[0][1].tolist() == [[0, 1], [1, 0], [1, 0]]  # the third has none of them
    with pytest.raises(TypeError, match=r"class_mode='sparse' needs text in y_col='class', got \['x', 'y'\]"):
        generator.flow_from_dataframe(table, str(folder), class_mode="sparse")


def test_training_on_two_outputs_of_a_table(folder):
    table = {"filename": paths_of(folder), "a": [0.0, 1, 0, 1], "b": [[1.0, 2], [2, 1], [1, 2], [2, 1]]}
    batches = ImageDataGenerator().flow_from_dataframe(table, str(folder), y_col=["a", "b"], class_mode="multi_output",
                                                       target_size=(3, 3))
    x = tn.Input((3, 3, 3))
    flat = tn.layers.Flatten()(x)
    model = tn.Model(x, [tn.layers.Dense(1)(flat), tn.layers.Dense(2)(flat)])
    model.compile("sgd", ["mse", "mse"])
    assert np.isfinite(model.fit(batches, verbose=0).history["loss"][0])


def test_tables_with_faults(folder, capsys):
    names = [*paths_of(folder), "cats/none.png", "notes.txt"]
    (folder / "notes.txt").write_text("")
    table = dict(filename=names, **{"class": list("ababab")}, n=[1, 2] * 3, gap=["a", None, "b", "a", "b", "a"])
    generator = ImageDataGenerator()

    def flow(**more):
        return generator.flow_from_dataframe(table, str(folder), **more)

    with pytest.warns(UserWarning, match="2 of 6 file names in x_col='filename' are left out.*none.png'"):
        assert flow().n == 4
    everything = flow(validate_filenames=False, shuffle=False)
    assert everything.n == 6 and "Found 6 non-validated image" in capsys.readouterr().out
    with pytest.raises(FileNotFoundError, match="none.png"):
        everything[0]
    for column, got in (("n", "got 1"), ("gap", "got None")):
        with pytest.raises(TypeError, match=f"needs text in y_col='{column}'.*{got}"):
            flow(y_col=column, validate_filenames=False)
    with pytest.raises(TypeError, match="x_col='n' must hold file names, got 1"):
        flow(x_col="n")
    with pytest.raises(TypeError, match="weight_col='class' must hold numbers"):
        flow(weight_col="class", validate_filenames=False)
    with pytest.raises(TypeError, match="needs y_col as a list"):
        flow(class_mode="multi_output", y_col="n", validate_filenames=False)
    with pytest.raises(ValueError, match=r"'binary' needs two classes, got 1: \['a'\]"):
        flow(class_mode="binary", classes=["a"], validate_filenames=False)
    with pytest.raises(KeyError, match="no column 'label'; it has"):
        flow(y_col="label", validate_filenames=False)
    with pytest.raises(ValueError, match="class_mode must be one of"):
        flow(class_mode="dense")
    with pytest.raises(TypeError, match="unknown argument 'batchsize'"):
        flow(batchsize=3)
    with pytest.warns(UserWarning, match="classes has no effect with class_mode='raw'"):
        flow(class_mode="raw", y_col="n", classes=["a"], validate_filenames=False)
    with warns_here(DeprecationWarning, "has_ext has no effect"):
        flow(has_ext=True, class_mode=None, validate_filenames=False)
    with warns_here(DeprecationWarning, "is now called 'raw'"):
        flow(class_mode="other", y_col="n", validate_filenames=False)


def test_image_dataset_from_directory(folder, capsys):
    both = tn.utils.image_dataset_from_directory(folder, image_size=(3, 3), batch_size=4, validation_split=0.2, seed=1,
                                                 subset="both")
    assert capsys.readouterr().out == (
        "Found 10 files belonging to 2 classes.\nUsing 8 files for training.\nUsing 2 files for validation.\n")
    train, validation = both
    assert train.class_names == ["cats", "dogs"] and not set(train.file_paths) & set(validation.file_paths)
    x, y = next(iter(train))
    assert x.shape == (4, 3, 3, 3) and x.dtype == np.float32 and y.dtype == np.int32
    assert ((x.data[:, 0, 0, 0] >= 50) == y.data).all()
    single = tn.utils.image_dataset_from_directory(folder, label_mode="categorical", color_mode="grayscale",
                                                   batch_size=None, image_size=(2, 2), shuffle=False, verbose=False)
    assert [part.shape for part in next(iter(single))] == [(2, 2, 1), (2,)]
    unlabelled = tn.utils.image_dataset_from_directory(folder, labels=None, image_size=(2, 2), verbose=False)
    assert next(iter(unlabelled)).shape == (10, 2, 2, 3)
    with pytest.raises(ValueError, match="needs seed"):
        tn.utils.image_dataset_from_directory(folder, validation_split=0.2, subset="training")
    with pytest.raises(NotADirectoryError):
        tn.utils.image_dataset_from_directory(folder / "none")
    with pytest.raises(ValueError, match="no files"):
        tn.utils.text_dataset_from_directory(folder)


def test_the_validation_half_of_both_keeps_the_order_of_its_paths(tmp_path):
    for number in range(40):
        tn.utils.save_img(tmp_path / f"{number:02}.png", np.full((2, 2, 1), number), scale=False)
    train, validation = tn.utils.image_dataset_from_directory(
        tmp_path, labels=None, image_size=(2, 2), batch_size=40, color_mode="grayscale", validation_split=0.5, seed=3,
        subset="both", verbose=False)

    def order(part):
        return [int(number) for number in next(iter(part)).numpy()[:, 0, 0, 0]]

    def paths(part):
        return [int(path[-6:-4]) for path in part.file_paths]

    assert order(validation) == paths(validation) == order(validation)
    assert order(train) != paths(train) and sorted(order(train)) == sorted(paths(train))


def test_pictures_are_taken_as_the_file_has_them(tmp_path):
    pillow = pytest.importorskip("PIL.Image")
    turned = pillow.Exif()
    turned[0x0112] = 6  # the orientation of a camera that was held upright: viewers turn the picture by 90 degrees
    pixels = np.arange(4, dtype=np.uint8).reshape(2, 2)
    pillow.fromarray(pixels).save(tmp_path / "a.png", exif=turned)
    clear = np.dstack([pixels, pixels, pixels, np.zeros_like(pixels)])
    pillow.fromarray(clear).save(tmp_path / "b.png")
    loaded = tn.utils.image_dataset_from_directory(tmp_path, labels=None, image_size=(2, 2), shuffle=False,
                                                   verbose=False)
    for picture in next(iter(loaded)).numpy():
        np.testing.assert_array_equal(picture, np.dstack([pixels] * 3))
    np.testing.assert_array_equal(tn.utils.load_img(tmp_path / "a.png", "grayscale"), pixels)


def test_class_names_are_some_of_the_folders_in_their_own_order(folder):
    (folder / "__MACOSX").mkdir()

    def names_and_labels(class_names):
        loaded = tn.utils.image_dataset_from_directory(folder, class_names=class_names, image_size=(2, 2),
                                                       shuffle=False, verbose=False)
        return loaded.class_names, next(iter(loaded))[1].numpy().tolist(), os.path.dirname(loaded.file_paths[0])

    assert names_and_labels(None)[0] == ["__MACOSX", "cats", "dogs"]
    names, labels, first = names_and_labels(["dogs", "cats"])  # the files come in the order of the names, as in Keras
    assert names == ["dogs", "cats"] and labels == sorted(labels) and set(labels) == {0, 1}
    assert os.path.basename(first) == "dogs"
    assert set(names_and_labels(["cats"])[1]) == {0}
    with pytest.raises(ValueError, match="class_names are .'cat'., the subfolders .*'cats'.*must be a subfolder"):
        names_and_labels(["cat"])
