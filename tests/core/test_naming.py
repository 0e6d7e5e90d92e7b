"""Errors about names that do not exist: near ones first, and never hundreds."""

import pytest

import tinynet as tn
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
