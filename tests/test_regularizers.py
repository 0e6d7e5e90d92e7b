"""Regularizers: values, gradients, configs."""

import checks
import numpy as np
import pytest

from tinynet import regularizers

X = np.array([[1.0, -2.0, 0.5], [3.0, 0.25, -1.0]])


def test_values():
    assert float(regularizers.L1(0.5)(X)) == 0.5 * 7.75
    assert float(regularizers.L2(0.5)(X)) == 0.5 * 15.3125
    assert float(regularizers.L1L2(0.5, 0.25)(X)) == 0.5 * 7.75 + 0.25 * 15.3125
    assert float(regularizers.L1L2()(X)) == 0
    cosine = (3 - 0.5 - 0.5) / np.sqrt(5.25 * 10.0625)
    assert float(regularizers.OrthogonalRegularizer(0.5)(X)) == pytest.approx(0.5 * cosine)
    assert float(regularizers.OrthogonalRegularizer(0.5, "columns")(X.T)) == pytest.approx(0.5 * cosine)
    assert regularizers.L2(0.1)(X.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    "regularizer",
    [
        regularizers.L1(0.3),
        regularizers.L2(0.3),
        regularizers.L1L2(0.2, 0.3),
        regularizers.OrthogonalRegularizer(0.7),
        regularizers.OrthogonalRegularizer(0.7, "columns"),
    ],
    ids=["l1", "l2", "l1l2", "rows", "columns"],
)
def test_gradient(regularizer):
    x = np.random.default_rng(0).standard_normal((5, 4))
    checks.assert_gradient(regularizer, x)


def test_l1_at_zero_has_no_gradient():
    from tinynet import GradientTape, Variable

    v = Variable([0.0, 1.0])
    with GradientTape() as tape:
        y = regularizers.L1(0.5)(v)
    assert tape.gradient(y, v).numpy().tolist() == [0, 0.5]


def test_by_name_and_config():
    assert regularizers.get("l2").l2 == 0.01
    assert type(regularizers.get("L1L2")) is regularizers.L1L2 and type(regularizers.get("l1_l2")) is regularizers.L1L2
    assert regularizers.get(None) is None
    function = abs
    assert regularizers.get(function) is function
    for regularizer in (
        regularizers.L1(0.2),
        regularizers.L2(0.3),
        regularizers.L1L2(0.1, 0.2),
        regularizers.OrthogonalRegularizer(0.1, "columns"),
    ):
        assert regularizers.deserialize(regularizers.serialize(regularizer)).get_config() == regularizer.get_config()
    with pytest.raises(ValueError, match="unknown regularizer 'l3'"):
        regularizers.get("l3")
    with pytest.raises(ValueError, match="l2 must be a number of at least 0, got -1"):
        regularizers.L2(-1)
    with pytest.raises(ValueError, match=r"expected a matrix, got shape \(3,\)"):
        regularizers.OrthogonalRegularizer()(np.ones(3))
