"""Errors about names that do not exist: near ones first, and never hundreds."""

import pytest

import tinynet as tn
from tinynet import layers
from tinynet.core.naming import unknown_name


def test_few_names_are_all_listed():
    known = ["red", "blue"]
    assert unknown_name("colour", "rad", known) == "unknown colour 'rad'; did you mean 'red'? known: blue, red"
    assert unknown_name("colour", "x", known) == "unknown colour 'x'; known: blue, red"


@pytest.mark.parametrize(("namespace", "name", "near"), [
    (tn.ops, "reduce_sum", "'sum'"), (tn.ops, "soft_max", "'softmax'"), (tn.ops, "segment", "'segment_max'"),
    (tn.layers, "Maxpool2d", "'MaxPool2D'"), (tn.layers, "conv2d", "'Conv2D'"), (tn, "reducemean", "'reduce_mean'"),
])
def test_of_hundreds_of_names_the_near_ones_are_shown(namespace, name, near):
    with pytest.raises(AttributeError, match="did you mean .*names are known") as caught:
        getattr(namespace, name)
    assert near in str(caught.value) and len(str(caught.value)) < 200


def test_of_hundreds_of_names_none_is_shown_if_none_is_near():
    with pytest.raises(AttributeError, match="none of the [0-9]+ names that are known resembles it"):
        tn.ops.qqqqqq  # noqa: B018


@pytest.mark.parametrize(("get", "name", "near"), [
    (tn.optimizers.get, "adma", "adam"), (tn.optimizers.get, "rmsprpo", "rmsprop"),
    (tn.losses.get, "sparse_crossentropy", "sparse_categorical_crossentropy"),
    (tn.losses.get, "SparseCrossentropy", "SparseCategoricalCrossentropy"), (tn.activations.get, "rleu", "relu"),
    (tn.metrics.get, "sparse_accuracy", "sparse_categorical_accuracy"), (tn.metrics.get, "accuarcy", "accuracy"),
])
def test_exchanged_letters_and_missing_words_lead_to_the_name(get, name, near):
    with pytest.raises(ValueError, match=f"{name}'; did you mean '{near}'"):
        get(name)


def test_exchanged_letters_come_before_a_longer_name():
    assert "did you mean 'sgd'?" in unknown_name("optimizer", "gsd", ["gsde", "sgd"])
    assert "did you mean 'adam'?" in unknown_name("optimizer", "adma", ["adamax", "adam", "admax"])


def test_names_of_the_textbook_are_explained(tmp_path):
    book = tn.textbook
    network = tn.Sequential([layers.Input((3,)), book.VanillaDropout(0.5),
                             layers.Dense(1, kernel_initializer=book.XavierSlide())])
    network.compile(book.Momentum(0.1), book.HalfSquaredError())
    remedy = r"there is tinynet\.textbook\.VanillaDropout: .*custom_objects=textbook\.custom_objects"
    for ending in ("keras", "h5"):
        path = tmp_path / f"network.{ending}"
        network.save(path)
        with pytest.raises(ValueError, match=remedy):
            tn.models.load_model(path)
        assert tn.models.load_model(path, custom_objects=book.custom_objects).count_params() == 4
    with pytest.raises(ValueError, match=remedy):
        tn.models.model_from_json(network.to_json())
    with pytest.raises(ValueError, match=r"unknown optimizer 'Momentum'; there is tinynet\.textbook\.Momentum"):
        tn.optimizers.get("Momentum")
    with pytest.raises(AttributeError, match=r"there is tinynet\.textbook\.HalfSquaredError"):
        tn.losses.HalfSquaredError  # noqa: B018
