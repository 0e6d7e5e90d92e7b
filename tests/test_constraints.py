"""Constraints: what they promise about norms and signs, configs."""

import numpy as np
import pytest

from tinynet import Variable, constraints

W = np.random.default_rng(0).standard_normal((3, 3, 4, 5)).astype(np.float32)


def norms(w, axis):
    return np.sqrt(np.sum(np.square(w, dtype=np.float64), axis=axis))


@pytest.mark.parametrize("axis", [0, [0, 1, 2], -1])
def test_norms(axis):
    axes = tuple(axis) if isinstance(axis, list) else axis
    before = norms(W, axes)
    limit = float(np.median(before))
    after = norms(constraints.MaxNorm(limit, axis)(W).numpy(), axes)
    np.testing.assert_allclose(after, np.minimum(before, limit), rtol=1e-5)
    np.testing.assert_allclose(norms(constraints.UnitNorm(axis)(W).numpy(), axes), 1, rtol=1e-5)
    after = norms(constraints.MinMaxNorm(limit, limit * 1.1, 0.5, axis)(W).numpy(), axes)
    np.testing.assert_allclose(after, (before + np.clip(before, limit, limit * 1.1)) / 2, rtol=1e-5)


def test_non_negative():
    np.testing.assert_array_equal(constraints.NonNeg()(Variable([-1.0, 0.0, 2.0])).numpy(), [0, 0, 2])


def test_a_zero_vector_stays_finite():
    for constraint in (constraints.MaxNorm(), constraints.UnitNorm(), constraints.MinMaxNorm(0.5, 1.0)):
        assert constraint(np.zeros((2, 2), np.float32)).numpy().tolist() == [[0, 0], [0, 0]]
        assert constraint(np.ones((2, 2), np.float32)).dtype == np.float32


def test_by_name_and_config():
    assert (
        type(constraints.get("max_norm")) is constraints.MaxNorm
        and type(constraints.get("NonNeg")) is constraints.NonNeg
    )
    assert constraints.get(None) is None
    for constraint in (
        constraints.MaxNorm(3, 1),
        constraints.MinMaxNorm(0.1, 0.2, 0.3, [0, 1]),
        constraints.NonNeg(),
        constraints.UnitNorm(1),
    ):
        assert constraints.deserialize(constraints.serialize(constraint)).get_config() == constraint.get_config()
    with pytest.raises(ValueError, match="did you mean 'unit_norm'"):
        constraints.get("unit_nrm")
