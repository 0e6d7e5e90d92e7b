"""Optimizer steps: native against reference within rounding; lists of any lengths, layouts, errors, ISAs.

Gradients and means have the same sign, and the centred mean square is well above the squared mean, so that no rule
cancels: then each element is within 3u (|old| + |new|) + 16u |new - old|, the roundings of the element itself and of
its change. Ftrl computes weights anew from sums that do cancel: its bound takes their terms, among them
sigma w = (a'^p - a^p) / learning_rate w, each at its largest for the values drawn here.
"""

import checks
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import dtypes, in_layout, layouts

from tinynet import _native, reference

# Rule: (kernel, number of states, which of them are None, arguments)
RULES = {
    "sgd": ("sgd_step", (None,), (0.1,)),
    "sgd momentum": ("sgd_step", ("velocity",), (0.1, 0.9)),
    "sgd nesterov": ("sgd_step", ("velocity",), (0.1, 0.9, True)),
    "adam": ("adam_step", ("mean", "square", None), (0.01, 0.9, 0.999, 1e-7)),
    "adam amsgrad": ("adam_step", ("mean", "square", "square"), (0.01, 0.9, 0.999, 1e-7)),
    "adamax": ("adamax_step", ("mean", "square"), (0.01, 0.9, 0.999, 1e-7)),
    "nadam": ("nadam_step", ("mean", "square"), (0.01, 0.9, 0.4, 1.5, 0.9, 0.999, 1e-7)),
    "rmsprop": ("rmsprop_step", ("square", None, None), (0.01, 0.9, 0.0, 1e-7)),
    "rmsprop momentum": ("rmsprop_step", ("square", "mean", None), (0.01, 0.9, 0.5, 1e-7)),
    "rmsprop centered": ("rmsprop_step", ("square", None, "mean"), (0.01, 0.9, 0.0, 1e-7)),
    "rmsprop both": ("rmsprop_step", ("square", "mean", "mean"), (0.01, 0.9, 0.5, 1e-7)),
    "adagrad": ("adagrad_step", ("square",), (0.01, 1e-7)),
    "adadelta": ("adadelta_step", ("square", "square"), (0.1, 0.95, 1e-7)),
    "lion": ("lion_step", ("mean",), (0.01, 0.9, 0.99)),
    "ftrl": ("ftrl_step", ("square", "mean"), (0.1, -0.5, 0.01, 0.02, 0.03)),
    "ftrl power": ("ftrl_step", ("square", "mean"), (0.1, -0.4, 0.0, 0.0, 0.0)),
}

shapes = st.lists(
    st.one_of(st.tuples(st.integers(0, 70)), st.tuples(st.integers(0, 5), st.integers(1, 40))), min_size=0, max_size=5
)


def arrays(rule, shapes, dtype, seed=0):
    """(weights, gradients, states), as lists of arrays."""
    rng = np.random.default_rng(seed)
    sign = [np.where(rng.random(shape) < 0.5, -1, 1) for shape in shapes]
    weights = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
    gradients = [(s * rng.uniform(0.1, 0.5, s.shape)).astype(dtype) for s in sign]
    states = []
    for kind in RULES[rule][1]:
        if kind is None:
            states.append(None)
        elif kind in ("mean", "velocity"):  # a velocity points down the gradient
            direction = 1 if kind == "mean" else -1
            states.append([(direction * s * rng.uniform(0.1, 0.5, s.shape)).astype(dtype) for s in sign])
        else:
            states.append([rng.uniform(0.5, 1.5, shape).astype(dtype) for shape in shapes])
    return weights, gradients, states


def copied(lists, dtype=None):
    return [None if arrays is None else [array.astype(dtype or array.dtype) for array in arrays] for arrays in lists]


def run(module, rule, weights, gradients, states, decay):
    kernel, _, arguments = RULES[rule]
    getattr(module, kernel)(weights, gradients, *states, *arguments, decay=decay)
    return [weights, *[state for state in states if state is not None]]


def assert_close(rule, actual, expected, before, dtype):
    u = checks.unit_roundoff(dtype)
    for k, (news, exacts, olds) in enumerate(zip(actual, expected, before, strict=True)):
        for new, exact, old, w in zip(news, exacts, olds, before[0], strict=True):
            assert new.dtype == dtype
            bound = 3 * u * (abs(old) + abs(exact)) + 16 * u * abs(exact - old)
            if rule.startswith("ftrl") and k == 0:  # (z + g + sigma w) learning_rate / a'^p, where a'^p is 0.7 to 1.4
                bound = 16 * u * (abs(exact) + 3 * abs(w) + 0.15)
            elif rule.startswith("ftrl") and k == 2:
                bound = 16 * u * (abs(old) + 0.5 + 2 * 14 * abs(w))
            assert np.all(abs(new - exact) <= bound), f"{np.max(abs(new - exact) / bound):.1f} times the bound"


@pytest.mark.parametrize("rule", RULES)
@given(shapes=shapes, dtype=dtypes, layout=layouts, seed=st.integers(0, 2**32 - 1), decay=st.sampled_from([0.0, 0.01]))
def test_native_matches_reference(rule, shapes, dtype, layout, seed, decay):
    weights, gradients, states = arrays(rule, shapes, dtype, seed)
    before = copied([weights, *[state for state in states if state is not None]], np.float64)
    wide = np.float64 if dtype == np.float32 else np.longdouble
    expected = run(reference, rule, *copied([weights, gradients], wide), copied(states, wide), decay)
    actual = run(_native, rule, weights, [in_layout(gradient, layout) for gradient in gradients], states, decay)
    assert_close(rule, actual, expected, before, dtype)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("isa", checks.available_isas())
def test_every_instruction_set(rule, isa):
    shapes = [(200, 100), (0,), (1,), (17, 3)]
    weights, gradients, states = arrays(rule, shapes, np.float32)
    before = copied([weights, *[state for state in states if state is not None]], np.float64)
    expected = run(reference, rule, *copied([weights, gradients], np.float64), copied(states, np.float64), 0.001)
    with checks.isa(isa):
        actual = run(_native, rule, weights, gradients, states, 0.001)
    assert_close(rule, actual, expected, before, np.float32)


@pytest.mark.parametrize("module", [_native, reference])
def test_lion_takes_the_sign_of_the_mean_and_the_gradient_together(module):
    """Where they differ: 0.9 m + 0.1 g has the sign of m for |g| < 9 |m|, of g above. It is 0 for 0."""
    mean, gradient = np.float32([0.1, -0.1, 0.1, -0.1, 0]), np.float32([-0.8, 0.8, -1, 1, 0])
    weights = [np.ones(5, np.float32)]
    module.lion_step(weights, [gradient], [mean], 0.25, 0.9, 0.99)
    np.testing.assert_array_equal(weights[0], np.float32([0.75, 1.25, 1.25, 0.75, 1]))
    np.testing.assert_allclose(mean, 0.99 * np.float32([0.1, -0.1, 0.1, -0.1, 0]) + 0.01 * gradient, rtol=1e-6)


def test_every_element_is_updated_once():
    """Whole numbers, and sizes around the blocks: each element loses exactly 1, wherever it lies."""
    for total in (2047, 2048, 2049, 16384, 16385, 18432, 18433, 524288, 524289, 600_000):
        for cuts in ([], [1], [total // 2], [2048], [total - 1]):
            weights = [
                part.copy()
                for part in np.split(np.arange(total, dtype=np.float32), [cut for cut in cuts if cut < total])
            ]
            _native.sgd_step(weights, [np.ones_like(w) for w in weights], None, 1.0)
            np.testing.assert_array_equal(np.concatenate(weights), np.arange(total) - 1.0)


def test_not_a_number_spreads_to_its_element_only():
    for rule in RULES:
        weights, gradients, states = arrays(rule, [(40,)], np.float32)
        gradients[0][13] = np.nan
        run(_native, rule, weights, gradients, states, 0.0)
        assert np.isnan(weights[0]).nonzero()[0].tolist() == [13], rule


def test_infinite_weights_stay_without_decay():
    weights = [np.array([np.inf, 1], np.float32)]
    _native.sgd_step(weights, [np.zeros(2, np.float32)], None, 1.0)
    assert weights[0].tolist() == [np.inf, 1]


def zeros(*shape, dtype=np.float32):
    return np.zeros(shape, dtype)


@pytest.mark.parametrize("layout", ["reversed", "strided", "read-only", "misaligned", "byte-swapped"])
def test_what_is_changed_in_place_must_be_dense_and_writable(layout):
    bad = in_layout(np.ones((4, 4), np.float32), layout)
    before = bad.copy()
    good = [zeros(4, 4) for _ in range(4)]
    with pytest.raises(ValueError, match=r"adam_step: weights\[0\] is changed in place and must be a writable"):
        _native.adam_step([bad], [good[0]], [good[1]], [good[2]], None, 0.1, 0.9, 0.999, 1e-7)
    with pytest.raises(ValueError, match=r"variances\[0\]"):
        _native.adam_step([good[3]], [good[0]], [good[1]], [bad], None, 0.1, 0.9, 0.999, 1e-7)
    np.testing.assert_array_equal(bad, before)


def test_errors():
    with pytest.raises(ValueError, match="sgd_step: 1 weights but 2 gradients"):
        _native.sgd_step([zeros(2)], [zeros(2), zeros(2)], None, 0.1)
    with pytest.raises(ValueError, match=r"gradients\[1\] has shape \(3,\), the weights have \(2,\)"):
        _native.sgd_step([zeros(2), zeros(2)], [zeros(2), zeros(3)], None, 0.1)
    with pytest.raises(TypeError, match=r"gradients\[0\] has dtype float64, weights\[0\] has float32"):
        _native.sgd_step([zeros(2)], [zeros(2, dtype=np.float64)], None, 0.1)
    with pytest.raises(TypeError, match="float32 or float64, got int64"):
        _native.sgd_step([zeros(2, dtype=np.int64)], [zeros(2, dtype=np.int64)], None, 0.1)
    with pytest.raises(TypeError, match=r"gradients\[0\] must be an array"):
        _native.sgd_step([zeros(2)], [None], None, 0.1)
    with pytest.raises(ValueError, match="shape"):
        reference.sgd_step([zeros(2)], [zeros(3)], None, 0.1)


@pytest.mark.parametrize("size", [3, 40_000])  # on one thread, and on several
def test_means_too_small_for_a_full_mantissa_become_zero(size):
    """They would slow the step down a hundredfold on many CPUs. Outside of it such numbers are what they were."""
    smallest = np.finfo(np.float32).smallest_normal
    weights, gradients = np.ones(size, np.float32), np.zeros(size, np.float32)
    mean, square = np.full(size, 1e-40, np.float32), np.ones(size, np.float32)
    mean[::2] = 2e-38  # 1.06e-38 after six steps; without fused multiply-adds its change, 2e-39, is zero already
    for _ in range(6):
        _native.adam_step([weights], [gradients], [mean], [square], None, 0.01, 0.9, 0.999, 1e-7)
    assert (mean[1::2] == 0).all() and ((mean == 0) | (mean >= smallest)).all() and (weights == 1).all()
    assert np.float32(1e-40) * np.float32(0.5) > 0
