"""count_correct: native equal to the reference, whatever the scores, labels and layouts; what is refused."""

import numpy as np
import pytest
from checks import available_isas, isa
from hypothesis import given
from hypothesis import strategies as st
from strategies import dtypes, in_layout, layouts, sizes, special_arrays

from tinynet import _native, reference

label_types = st.sampled_from([np.int64, np.int32, np.uint8, np.int8, np.uint64, np.bool_])


@given(st.data(), st.tuples(sizes, sizes), dtypes, label_types, layouts, st.sampled_from(available_isas()))
def test_native_counts_what_the_reference_counts(data, shape, dtype, label_type, layout, isa_name):
    scores = data.draw(special_arrays(shape, dtype))  # ties, infinities, NaN
    classes = max(1, shape[1])
    labels = np.array(data.draw(st.lists(st.integers(0, classes), min_size=shape[0], max_size=shape[0])), label_type)
    with isa(isa_name):
        correct = _native.count_correct(in_layout(scores, layout), in_layout(labels, layout))
    assert type(correct) is int and correct == reference.count_correct(scores, labels)


def test_of_equal_scores_the_first_counts_and_nan_before_all():
    scores = np.array([[1, 3, 3], [np.nan, 5, np.nan], [2, np.nan, 9], [-np.inf, -np.inf, -np.inf]], np.float32)
    assert [_native.count_correct(scores, np.full(4, label)) for label in (0, 1, 2, 3, -1)] == [2, 2, 0, 0, 0]


@pytest.mark.parametrize("scores, labels, error, what", [
    (np.zeros((2, 3)), np.zeros(3, int), ValueError, r"Got \(2, 3\) and \(3,\)"),
    (np.zeros(3), np.zeros(3, int), ValueError, r"scores must have shape \(batch, classes\)"),
    (np.zeros((2, 3)), np.zeros(2), TypeError, "labels must be an array of integers, got float64"),
    (np.zeros((2, 3), np.float16), np.zeros(2, int), TypeError, "scores must be an array of float32 or float64"),
])
def test_what_does_not_fit_is_refused(scores, labels, error, what):
    with pytest.raises(error, match=what):
        _native.count_correct(scores, labels)
