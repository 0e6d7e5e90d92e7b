"""Confusion matrix, report, sheets of images: what is drawn is what was counted."""

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers, plots

TRUE = [0, 0, 0, 1, 1, 2]
PREDICTED = [0, 1, 0, 1, 1, 0]
NAMES = ["coat", "shirt", "shoe"]


def numbers(ax):
    return {(int(text.get_position()[1]), int(text.get_position()[0])): int(text.get_text()) for text in ax.texts}


@pytest.mark.parametrize("form", ["classes", "one-hot", "column"])
def test_confusion_matrix_counts(form):
    true = {"classes": TRUE, "one-hot": np.eye(3)[TRUE], "column": np.reshape(TRUE, (-1, 1))}[form]
    ax = plots.confusion_matrix(true, np.eye(3)[PREDICTED] * 0.8, NAMES)
    assert numbers(ax) == {(0, 0): 2, (0, 1): 1, (1, 1): 2, (2, 0): 1}
    np.testing.assert_allclose(ax.images[0].get_array(), [[2 / 3, 1 / 3, 0], [0, 1, 0], [1, 0, 0]])
    assert [label.get_text() for label in ax.get_yticklabels()] == NAMES
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("true class", "predicted class")
    assert ax.get_title() == "4 of 6 correct (66.7%)"


def test_classes_that_do_not_occur_are_rows_of_zeros():
    counts = plots.confusion_counts([0, 1], [1, 1], classes=4)
    assert counts.shape == (4, 4) and counts[2:].sum() == 0
    ax = plots.confusion_matrix([0, 1], [1, 1], names=["a", "b", "c", "d"])
    assert len(ax.get_yticklabels()) == 4
    ax = plots.confusion_matrix([0, 1], [[0.1, 0.7, 0.2], [0.1, 0.7, 0.2]])  # scores tell of a third class
    assert len(ax.get_yticklabels()) == 3


def test_probabilities_of_two_classes():
    ax = plots.confusion_matrix([0, 1, 1], np.array([[0.2], [0.4], [0.9]]))
    assert numbers(ax) == {(0, 0): 1, (1, 0): 1, (1, 1): 1}


def test_many_classes_have_no_numbers_and_few_letters_overlap():
    classes = np.arange(40)
    ax = plots.confusion_matrix(classes, classes)
    assert not ax.texts and ax.images[0].get_array().shape == (40, 40)


@pytest.mark.parametrize(("true", "predicted", "message"), [
    ([0, 1], [0], "y_true has 2 samples, y_pred 1"),
    ([], [], "at least one"),
    ([-1, 0], [0, 0], "classes count from 0"),
    (np.zeros((2, 2, 2)), [0, 0], r"y_true must be classes \(batch,\) or scores"),
])
def test_what_cannot_be_counted(true, predicted, message):
    for function in (plots.confusion_matrix, plots.class_report, plots.confusion_counts):
        with pytest.raises(ValueError, match=message):
            function(true, predicted)


def test_fewer_names_than_classes():
    with pytest.raises(ValueError, match="plots.confusion_matrix: 3 classes, but 2 names: coat, shirt"):
        plots.confusion_matrix(TRUE, PREDICTED, NAMES[:2])


def test_report_shows_each_score_and_leaves_out_what_does_not_exist():
    ax = plots.class_report(TRUE, PREDICTED, NAMES)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["shoe (1)", "coat (3)", "shirt (2)"]
    drawn = {points.get_label(): np.ma.filled(points.get_offsets()[:, 0].astype(float), np.nan)
             for points in ax.collections if not points.get_label().startswith("_")}
    np.testing.assert_allclose(drawn["precision"], [np.nan, 2 / 3, 2 / 3])  # the shoe was never predicted
    np.testing.assert_allclose(drawn["recall"], [0, 2 / 3, 1])
    np.testing.assert_allclose(drawn["F1"], [0, 2 / 3, 0.8])
    assert ax.get_title() == "accuracy 66.7%"


def test_report_agrees_with_tinynets_f1_score():
    rng = np.random.default_rng(0)
    true, scores = rng.integers(0, 4, 50), rng.dirichlet(np.ones(4), 50)
    f1 = plots.class_scores(plots.confusion_counts(true, scores))[2]
    metric = tn.metrics.F1Score()
    metric.update_state(np.eye(4, dtype="float32")[true], np.float32(scores))
    np.testing.assert_allclose(f1, np.asarray(metric.result()), rtol=1e-5)


def test_worst_mistakes_first():
    images = np.arange(4)[:, None, None] * np.ones((4, 5, 5)) / 4
    scores = [[0.6, 0.4, 0], [0.9, 0.1, 0], [0.2, 0.8, 0], [0.5, 0.0, 0.5]]
    axes = plots.mistakes(images, [1, 1, 1, 0], scores, NAMES)
    assert [ax.get_title() for ax in axes] == ["shirt → coat\n90%", "shirt → coat\n60%"]
    np.testing.assert_array_equal(axes[0].images[0].get_array(), images[1])
    logits = np.log(np.maximum(scores, 1e-9)) + 5
    assert [ax.get_title() for ax in plots.mistakes(images, [1, 1, 1, 0], logits, NAMES)] == [
        ax.get_title() for ax in axes]
    assert len(plots.mistakes(images, [1, 1, 1, 0], scores, NAMES, count=1)) == 1


def test_no_mistakes_is_said():
    (ax,) = plots.mistakes(np.zeros((2, 5, 5)), [0, 1], [[0.9, 0.1], [0.2, 0.8]])
    assert [text.get_text() for text in ax.texts] == ["no mistakes"]


def test_grid_marks_wrong_predictions_by_words_and_frame():
    images = np.zeros((3, 5, 5, 3), np.uint8)
    right, wrong, _ = plots.image_grid(images, [0, 1, 2], [0, 2, 2], NAMES)
    assert (right.get_title(), wrong.get_title()) == ("coat", "shirt → shoe")
    edges = [ax.spines["left"].get_edgecolor() for ax in (right, wrong)]
    assert edges[0] != edges[1]
    assert [ax.get_title() for ax in plots.image_grid(images, names=NAMES)] == ["", "", ""]
    assert [ax.get_title() for ax in plots.image_grid(images, predictions=[2, 1, 0])] == ["2", "1", "0"]


@pytest.mark.parametrize(("pixels", "expected"), [
    (np.full((1, 2, 2), 255, np.uint8), 1.0), (np.full((1, 2, 2), 51.0), 0.2), (np.full((1, 2, 2), 0.25), 0.25),
    (np.array([[[-1.0, 1.0]]]), [[0.0, 1.0]]), (np.full((1, 2, 2), 51, np.uint8), 0.2),
])
def test_pixels_of_any_range(pixels, expected):
    (ax,) = plots.image_grid(pixels)
    np.testing.assert_allclose(ax.images[0].get_array(), np.broadcast_to(expected, pixels.shape[1:]))


@pytest.mark.parametrize(("arguments", "message"), [
    ((np.zeros((5, 5)),), r"expected images .* got shape \(5, 5\)"),
    ((np.zeros((0, 5, 5)),), "no images"),
    ((np.zeros((2, 5, 5)), [0]), "2 images, but 1 labels"),
    ((np.zeros((1, 5, 5, 2)),), "1, 3 or 4 channels"),
])
def test_what_is_no_sheet(arguments, message):
    with pytest.raises(ValueError, match=message):
        plots.image_grid(*arguments)


def test_augmentation_sheet_of_a_layer_draws_it_in_training():
    image = np.float32(np.random.default_rng(0).random((8, 8, 3)))
    axes = plots.augmentation_sheet(image, layers.RandomFlip("horizontal", seed=1), count=12)
    np.testing.assert_allclose(axes[0].images[0].get_array(), image, rtol=1e-6)
    flipped = [np.allclose(ax.images[0].get_array(), image[:, ::-1]) for ax in axes[1:]]
    same = [np.allclose(ax.images[0].get_array(), image) for ax in axes[1:]]
    assert len(flipped) == 12 and any(flipped) and any(same) and all(np.add(flipped, same) == 1)


def overlapping(axes):
    """Pairs of texts of a sheet that lie on each other."""
    figure = axes[0].get_figure()
    figure.canvas.draw()
    texts = [text for ax in axes for text in (ax.title, ax.xaxis.label) if text.get_text()]
    boxes = [text.get_window_extent() for text in texts]
    return [(texts[i].get_text(), texts[j].get_text()) for i, one in enumerate(boxes) for j in range(i)
            if one.overlaps(boxes[j])]


LONG = ["T-shirt/top", "a name that nobody would choose", "Ankle boot"]


@pytest.mark.parametrize("names", [LONG, ["반팔 티셔츠", "아주아주 길고 긴 이름", "앵클부츠"]])
def test_no_title_of_a_sheet_lies_on_another(names):
    images, true = np.zeros((12, 6, 6)), np.arange(12) % 3
    scores = np.eye(3)[(true + 1) % 3] * 0.9 + 0.03
    assert not overlapping(plots.image_grid(images, true, scores, names))
    assert not overlapping(plots.mistakes(images, true, scores, names))
    assert not overlapping(plots.augmentation_sheet(np.zeros((24, 24, 3), np.uint8)))


def test_augmentation_sheet_has_every_transform():
    from tinynet.augment.catalogue import PIXEL, SPATIAL
    from tinynet.augment.mixing import MASKS

    image = np.uint8(255 * np.random.default_rng(0).random((24, 24, 3)))
    axes = plots.augmentation_sheet(image)
    assert [ax.get_title() for ax in axes[1:]] == [*PIXEL, *SPATIAL, *MASKS]
    assert all(ax.get_xlabel() for ax in axes[-3:])  # the shares of both labels
    grey = plots.augmentation_sheet(image[..., :1])
    assert "grayscale" not in [ax.get_title() for ax in grey]
    with pytest.raises(ValueError, match="no transform 'rotat'; there are brightness"):
        plots.augmentation_sheet(image, ["rotat"])
    with pytest.raises(ValueError, match="expect an image of uint8, got float64"):
        plots.augmentation_sheet(image / 255, ["rotate"])
