"""Mixing: labels keep their mass, and go by what is in the picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynet import augment

methods = st.sampled_from(sorted(augment.MASKS))
shapes = st.tuples(st.integers(1, 6), st.integers(1, 12), st.integers(1, 12), st.integers(1, 3))


@given(method=methods, shape=shapes, seed=st.integers(0, 2**32 - 1), alpha=st.sampled_from([0.2, 1.0, 4.0]))
def test_label_mass_is_kept_and_pictures_stay_between_the_two(method, shape, seed, alpha):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=shape), rng.dirichlet([0.5] * 4, shape[0])
    mixed, labels = augment.mix(x, y, method, alpha, seed)
    assert mixed.shape == x.shape and labels.shape == y.shape
    np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-12)
    assert (labels >= 0).all() and mixed.min() >= x.min() - 1e-12 and mixed.max() <= x.max() + 1e-12


@given(method=methods, shape=shapes, seed=st.integers(0, 2**32 - 1))
def test_labels_say_how_much_of_each_image_is_there(method, shape, seed):
    """With images of ones and of zeros the mean of the mixture is the share of the first."""
    x = np.zeros((2, *shape[1:]))
    x[0] = 1
    mixed, labels = augment.mix(x, np.eye(2), method, seed=seed, partners=[1, 0])
    np.testing.assert_allclose(mixed[0].mean(), labels[0, 0], atol=1e-12)
    np.testing.assert_allclose(1 - mixed[1].mean(), labels[1, 1], atol=1e-12)


@given(method=methods, shape=shapes, seed=st.integers(0, 2**32 - 1))
def test_weight_one_is_the_first_image(method, shape, seed):
    if method in ("mixed_concat", "vh_mixup", "noisy_mixup"):
        return  # random fields, or noise, remain
    x = np.random.default_rng(seed).normal(size=shape)
    y = np.eye(shape[0])
    for weight, expected in ((1.0, x), (0.0, x[::-1])):
        if weight == 0 and method == "random_square":
            continue  # a square does not fill every image
        mixed, labels = augment.mix(x, y, method, seed=seed, weights=weight, partners=np.arange(shape[0])[::-1])
        np.testing.assert_array_equal(mixed, expected)
        np.testing.assert_array_equal(labels, y if weight else y[::-1])


def test_the_slides_example():
    """lambda = 0.4: 40 % cat, 60 % dog."""
    cat, dog = np.full((3, 3, 1), 200, np.uint8), np.full((3, 3, 1), 100, np.uint8)
    images, labels = augment.mixup(np.stack([cat, dog]), np.eye(2), weights=0.4, partners=[1, 0])
    np.testing.assert_allclose(images[0], 0.4 * 200 + 0.6 * 100, rtol=1e-6)
    np.testing.assert_allclose(labels, [[0.4, 0.6], [0.6, 0.4]])


@pytest.mark.parametrize(("method", "part"), [
    ("vertical_concat", np.s_[:5]), ("horizontal_concat", np.s_[:, :5]),
])
def test_concatenations(method, part):
    x = np.zeros((1, 10, 10, 1))
    x = np.concatenate([x + 1, x])
    mixed, _ = augment.mix(x, np.eye(2), method, weights=0.5, partners=[1, 0], seed=0)
    expected = np.zeros((10, 10, 1))
    expected[part] = 1
    np.testing.assert_array_equal(mixed[0], expected)


@pytest.mark.parametrize("method", ["random_rows", "random_columns", "random_pixels", "random_elements", "random_2x2"])
def test_random_parts_have_their_share(method):
    mask = augment.mixing_mask(method, (2000, 8, 8, 2), 0.3, seed=1)
    assert set(np.unique(mask)) <= {0.0, 1.0}
    means = mask.mean(axis=(1, 2, 3))
    assert abs(means.mean() - 0.3) < 5 * means.std() / np.sqrt(len(means))


def test_rectangles_have_their_area():
    for method in ("cutmix", "random_square", "row_interval", "column_interval"):
        mask = augment.mixing_mask(method, (50, 40, 40, 1), 0.64, seed=1)
        np.testing.assert_allclose(1 - mask.mean(axis=(1, 2, 3)), 0.36, atol=0.011)
        assert len({part.tobytes() for part in mask}) > 20  # at many places


def test_errors():
    x, y = np.zeros((2, 4, 4, 1)), np.eye(2)
    for call, match in ((lambda: augment.mix(x, y, "blend"), "unknown method 'blend'; known: mixup"),
                        (lambda: augment.mix(x, np.array([0, 1])), "to_categorical"),
                        (lambda: augment.mix(x[0], y), "images must have shape"),
                        (lambda: augment.mix(x, y, alpha=0), "alpha must be above 0"),
                        (lambda: augment.mix(x, y, weights=1.5), "from 0 to 1")):
        with pytest.raises(ValueError, match=match):
            call()
