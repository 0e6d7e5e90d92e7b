"""Cross-entropies: native against reference within their bounds, labels of every type, gradients, clipping, errors."""

import numpy as np
import pytest
from checks import (
    BACKENDS,
    assert_gradient,
    assert_same_values,
    assert_within_bound,
    available_isas,
    gamma,
    isa,
)
from hypothesis import given
from hypothesis import strategies as st
from strategies import dtypes, in_layout, layouts, normal_arrays, positive_sizes, sizes

import tinynet as tn
from tinynet import _native, ops, reference
from tinynet.ops.softmax import log_softmax_forward, softmax_forward

LABEL_TYPES = (np.int64, np.int32, np.uint8, np.int8, np.int16, np.uint16, np.uint32, np.uint64)
EPSILON = 1e-7
LOG_ROUNDINGS = 8  # 4 units in the last place


@st.composite
def cases(draw):
    """Logits, probabilities that do not quite sum to 1, labels, soft targets, and gradients of the losses."""
    rows, classes, dtype = draw(sizes), draw(positive_sizes), draw(dtypes)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    logits = draw(normal_arrays((rows, classes), dtype, scale=4.0))
    probabilities = (softmax_forward(logits.astype(np.float64)) * rng.uniform(0.9, 1.1, (rows, 1))).astype(dtype)
    labels = rng.integers(0, classes, rows).astype(draw(st.sampled_from(LABEL_TYPES)))
    return (
        logits,
        probabilities,
        labels,
        rng.random((rows, classes)).astype(dtype),
        rng.standard_normal(rows).astype(dtype),
    )


def wide(*arrays):
    return [array.astype(np.float64) for array in arrays]


def away_from_the_clip(q):
    """Where rounding cannot move q = p / sum p across a bound: there the gradient jumps."""
    return np.all(np.abs(np.log(q / EPSILON)) > 1e-3) and np.all(np.abs(np.log((1 - q + 1e-300) / EPSILON)) > 1)


@given(cases(), layouts, st.sampled_from(available_isas()))
def test_from_logits(case, layout, isa_name):
    logits, _, labels, targets, dlosses = case
    classes, weight = logits.shape[1], np.abs(dlosses)[:, None].astype(np.float64)
    log_p = np.abs(log_softmax_forward(*wide(logits)))
    with isa(isa_name):
        losses, p = _native.sparse_softmax_cross_entropy_forward(in_layout(logits, layout), in_layout(labels, layout))
        dlogits = _native.sparse_softmax_cross_entropy_backward(in_layout(dlosses, layout), p, labels)
        dense_losses, dense_p = _native.softmax_cross_entropy_forward(in_layout(logits, layout),
                                                                      in_layout(targets, layout))
        dense_dlogits = _native.softmax_cross_entropy_backward(in_layout(dlosses, layout), dense_p, targets)
        assert_same_values(p, _native.softmax_forward(logits))
        assert_same_values(dense_p, p)
    exact, exact_p = reference.sparse_softmax_cross_entropy_forward(*wide(logits), labels)
    at_label = np.take_along_axis(log_p, labels[:, None].astype(int), 1)[:, 0]
    spread = (logits.max(axis=-1) - logits.min(axis=-1)).astype(np.float64) if logits.size else 0
    assert_within_bound(losses, exact, 1 + at_label + spread, classes + LOG_ROUNDINGS)
    # p has a relative error of (classes + 6 + spread) u.
    terms = classes + LOG_ROUNDINGS + int(np.max(spread, initial=0))
    exact = reference.sparse_softmax_cross_entropy_backward(*wide(dlosses), exact_p, labels)
    assert_within_bound(dlogits, exact, weight * (exact_p + (np.arange(classes) == labels[:, None])), terms)
    exact, _ = reference.softmax_cross_entropy_forward(*wide(logits, targets))
    magnitude = (np.abs(targets) * (1 + log_p + np.broadcast_to(spread, dlosses.shape)[:, None])).sum(axis=-1)
    assert_within_bound(dense_losses, exact, magnitude, 2 * classes + LOG_ROUNDINGS)
    exact = reference.softmax_cross_entropy_backward(*wide(dlosses), exact_p, *wide(targets))
    assert_within_bound(dense_dlogits, exact, weight * (exact_p * targets.sum(axis=-1, keepdims=True) + targets),
                        2 * terms)


@given(cases(), layouts, st.sampled_from(available_isas()))
def test_from_probabilities(case, layout, isa_name):
    _, p, labels, targets, dlosses = case
    classes, weight = p.shape[1], np.abs(dlosses)[:, None].astype(np.float64)
    total = p.astype(np.float64).sum(axis=-1, keepdims=True)
    with isa(isa_name):
        losses = _native.sparse_cross_entropy_forward(in_layout(p, layout), in_layout(labels, layout))
        dp = _native.sparse_cross_entropy_backward(in_layout(dlosses, layout), in_layout(p, layout), labels)
        dense_losses = _native.cross_entropy_forward(in_layout(p, layout), in_layout(targets, layout))
        dense_dp = _native.cross_entropy_backward(in_layout(dlosses, layout), in_layout(p, layout), targets)
    exact = reference.sparse_cross_entropy_forward(*wide(p), labels)
    # Above 1 - epsilon the bound itself is rounded: one more u absolutely.
    assert_within_bound(losses, exact, np.abs(exact) + 1, classes + LOG_ROUNDINGS)
    exact = reference.cross_entropy_forward(*wide(p, targets))
    magnitude = (targets * (1 + np.abs(np.log(np.maximum(p / total, EPSILON))))).sum(axis=-1)
    assert_within_bound(dense_losses, exact, magnitude, 2 * classes + LOG_ROUNDINGS)
    if not away_from_the_clip(p / total):
        return
    one_hot = np.arange(classes) == labels[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        exact = reference.sparse_cross_entropy_backward(*wide(dlosses, p), labels)
        assert_within_bound(dp, exact, weight * (1 / total + one_hot / p.astype(np.float64)), classes + 3)
        exact = reference.cross_entropy_backward(*wide(dlosses, p, targets))
        magnitude = weight * (targets.sum(axis=-1, keepdims=True) / total + targets / p.astype(np.float64))
    assert_within_bound(dense_dp, exact, magnitude, 2 * classes + 4)


@given(st.data(), sizes, dtypes, layouts, st.sampled_from(available_isas()))
def test_binary(data, size, dtype, layout, isa_name):
    x, dy = data.draw(normal_arrays((size, 3), dtype, scale=5.0)), data.draw(normal_arrays((size, 3), dtype))
    z = data.draw(st.sampled_from([np.round, np.asarray]))(np.random.default_rng(size).random((size, 3))).astype(dtype)
    p = (1 / (1 + np.exp(-x))).astype(dtype)
    w = np.abs(dy).astype(np.float64)
    with isa(isa_name):
        losses = _native.sigmoid_cross_entropy_forward(in_layout(x, layout), in_layout(z, layout))
        dx = _native.sigmoid_cross_entropy_backward(in_layout(dy, layout), in_layout(x, layout), z)
        p_losses = _native.binary_cross_entropy_forward(in_layout(p, layout), in_layout(z, layout))
        dp = _native.binary_cross_entropy_backward(in_layout(dy, layout), in_layout(p, layout), z)
    assert_within_bound(losses, reference.sigmoid_cross_entropy_forward(*wide(x, z)),
                        2 * np.abs(x).astype(np.float64) + 1, 2 * LOG_ROUNDINGS)
    assert_within_bound(dx, reference.sigmoid_cross_entropy_backward(*wide(dy, x, z)), w * 2, LOG_ROUNDINGS + 3)
    # The clip's bounds are those of the dtype. 1 - p is rounded, which costs the logarithm u absolutely.
    low, high = dtype(EPSILON), dtype(1 - EPSILON)
    wide_p = np.clip(p, low, high).astype(np.float64)
    exact = -(z * np.log(wide_p) + (1 - z.astype(np.float64)) * np.log1p(-wide_p))
    assert_within_bound(p_losses, exact, 2 * np.abs(exact) + 1, LOG_ROUNDINGS + 4)
    inside = (p >= low) & (p <= high)
    exact = np.where(inside, dy * ((1 - z.astype(np.float64)) / (1 - wide_p) - z / wide_p), 0)
    assert_within_bound(dp, exact, w * ((1 - z) / (1 - wide_p) + z / wide_p), 5)


def test_gradients():
    rng = np.random.default_rng(0)
    x, labels, targets = rng.standard_normal((4, 3, 5)), rng.integers(0, 5, (4, 3)), rng.random((4, 3, 5))
    for logits in (True, False):
        values = x if logits else np.exp(x)
        assert_gradient(lambda t: ops.sparse_categorical_crossentropy(labels, t, logits), values)
        assert_gradient(lambda t: ops.categorical_crossentropy(targets, t, logits), values)
        assert_gradient(lambda t: ops.binary_crossentropy(targets, t, logits),
                        values if logits else rng.uniform(0.1, 0.9, x.shape))
        moved, moved_targets = np.moveaxis(values, -1, 1), np.moveaxis(targets, -1, 1)
        assert_gradient(lambda t: ops.sparse_categorical_crossentropy(labels, t, logits, axis=1), moved)
        assert_gradient(lambda t: ops.categorical_crossentropy(moved_targets, t, logits, axis=1), moved)
        np.testing.assert_array_equal(ops.sparse_categorical_crossentropy(labels, moved, logits, axis=1).data,
                                      ops.sparse_categorical_crossentropy(labels, values, logits).data)


def test_both_backends_agree():
    rng = np.random.default_rng(0)
    x, labels, targets = rng.standard_normal((6, 5)), rng.integers(0, 5, 6), rng.random((6, 5))

    def run():
        p = np.exp(x)
        return [ops.sparse_categorical_crossentropy(labels, x, True, ignore_class=2),
                ops.sparse_categorical_crossentropy(labels, p), ops.categorical_crossentropy(targets, x, True),
                ops.categorical_crossentropy(targets, p), ops.binary_crossentropy(targets, x, True),
                ops.binary_crossentropy(targets, targets)]

    with tn.backend("numpy"):
        expected = run()
    for actual, wanted in zip(run(), expected, strict=True):
        np.testing.assert_array_less(np.abs(actual.data - wanted.data),
                                     gamma(50, np.float64) * (1 + np.abs(wanted.data)))


@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize("label_type", [np.int64, np.int32, np.int8])
def test_ignored_class(from_logits, label_type):
    x = np.exp(np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32))
    x[1] = np.nan  # whatever stands there
    labels = np.array([0, -1, 2, -1], label_type)
    variable = tn.Variable(x)
    with tn.GradientTape() as tape:
        losses = ops.sparse_categorical_crossentropy(labels, variable, from_logits, ignore_class=-1)
    dx = tape.gradient(losses, variable).data
    kept = [0, 2]
    assert_same_values(losses.data[kept], ops.sparse_categorical_crossentropy(labels[kept], x[kept], from_logits).data)
    assert not losses.data[[1, 3]].any() and not dx[[1, 3]].any() and np.all(dx[kept].any(axis=1))


def test_clipping():
    p = np.float32([[0, 1], [1, 0]])
    losses = ops.sparse_categorical_crossentropy([0, 0], p).data
    np.testing.assert_array_equal(losses, -_native.activation_forward(np.float32([1e-7, 1 - 1e-7]), "log"))
    ones = np.ones(2, np.float32)
    assert not _native.sparse_cross_entropy_backward(ones, p, np.array([0, 0])).any()
    assert not _native.cross_entropy_backward(ones, p, np.eye(2, dtype=np.float32)).any()
    assert not _native.binary_cross_entropy_backward(p, p, p).any()
    assert np.isfinite(_native.binary_cross_entropy_forward(p, 1 - p)).all()


def test_nan_shows():
    x, labels = np.float32([[np.nan, 1], [0, 1]]), np.array([1, 1])
    for losses in (_native.sparse_softmax_cross_entropy_forward(x, labels)[0],
                   _native.sparse_cross_entropy_forward(x, labels),
                   _native.softmax_cross_entropy_forward(x, np.ones_like(x))[0],
                   _native.cross_entropy_forward(x, np.ones_like(x))):
        assert np.isnan(losses[0]) and np.isfinite(losses[1])


def test_shapes_of_targets():
    p = np.full((3, 4), 0.25, np.float32)
    flat = ops.sparse_categorical_crossentropy(np.array([0, 1, 2]), p)
    assert_same_values(ops.sparse_categorical_crossentropy(np.array([[0], [1], [2]]), p).data, flat.data)
    assert_same_values(ops.sparse_categorical_crossentropy(np.float32([0, 1, 2]), p).data, flat.data)
    assert ops.sparse_categorical_crossentropy(2, p[0]).shape == ()
    assert ops.sparse_categorical_crossentropy(np.zeros(0, int), p[:0]).shape == (0,)
    assert ops.binary_crossentropy(np.array([1, 0]), np.float32([0.5, 0.5])).dtype == np.float32


def test_errors():
    p = np.full((2, 10), 0.1, np.float32)
    for backend in BACKENDS:
        with tn.backend(backend):
            for logits in (True, False):
                for labels in ([3, 10], np.array([3, 10], np.uint8)):
                    with pytest.raises(ValueError, match=r"label 10 at index 1; the model has 10 classes \(0..9\)"):
                        ops.sparse_categorical_crossentropy(labels, p, logits)
                with pytest.raises(ValueError, match=r"label -1 at index 0; .*ignore_class"):
                    ops.sparse_categorical_crossentropy([-1, 1], p, logits)
                with pytest.raises(ValueError, match="label 12 at index 1"):
                    ops.sparse_categorical_crossentropy([-1, 12], p, logits, ignore_class=-1)
    with pytest.raises(ValueError, match="one-hot"):
        ops.sparse_categorical_crossentropy(p, p)
    with pytest.raises(ValueError, match=r"Got target \(3,\), output \(2, 10\)"):
        ops.sparse_categorical_crossentropy([1, 2, 3], p)
    with pytest.raises(ValueError, match="whole numbers"):
        ops.sparse_categorical_crossentropy([0.5, 1.0], p)
    with pytest.raises(ValueError, match="class numbers"):
        ops.categorical_crossentropy([1, 2], p)
    with pytest.raises(ValueError, match="same shape"):
        ops.binary_crossentropy([1.0, 0.0], np.float32([[0.5], [0.5]]))
    with pytest.raises(ValueError, match="axis 3 does not exist"):
        ops.categorical_crossentropy(p, p, axis=3)
    with pytest.raises(ValueError, match="no classes"):
        ops.categorical_crossentropy(p[:, :0], p[:, :0])
    with pytest.raises(TypeError, match="labels"):
        _native.sparse_cross_entropy_forward(p, np.zeros(2, np.float32))


FORMULAS = {  # of probabilities or logits p, targets t and labels k
    "softmax_cross_entropy_forward": lambda p, t, k: (p, t),
    "sparse_softmax_cross_entropy_forward": lambda p, t, k: (p, k),
    "sigmoid_cross_entropy_forward": lambda p, t, k: (p, t),
    "cross_entropy_forward": lambda p, t, k: (p, t),
    "sparse_cross_entropy_forward": lambda p, t, k: (p, k),
    "binary_cross_entropy_forward": lambda p, t, k: (p, t),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e38, 0.0])
def test_a_formula_warns_of_no_number(name, value):
    """What NumPy would say of it stands in no line of the user's."""
    p = np.array([[value, 1.0, 2.0], [value, value, value]], np.float32)
    for target in (0.0, value):
        targets = np.array([[target, 0.0, 1.0], [1.0, 0.0, 0.0]], np.float32)
        getattr(reference, name)(*FORMULAS[name](p, targets, np.array([0, 1])))
