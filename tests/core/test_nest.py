"""Nested structures: three rules of what is nested, one walk."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynet.core import nest

LEAVES = st.integers() | st.text(max_size=2) | st.none()
STRUCTURES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple)
                          | st.dictionaries(st.text(max_size=2), inner, max_size=3), max_leaves=10)


class Pair(NamedTuple):
    first: object
    second: object


@given(structure=STRUCTURES)
def test_the_general_walk_agrees_with_the_fast_one(structure):
    assert nest.leaves_of(structure, nest.is_nested) == nest.flatten(structure)
    assert nest.map_structures(repr, structure) == nest.map_structure(repr, structure)
    assert nest.pack_like(structure, nest.flatten(structure)) == structure


@given(structure=STRUCTURES)
def test_several_structures_are_walked_together(structure):
    pairs = nest.map_structures(lambda *leaves: leaves, structure, nest.map_structure(repr, structure),
                                rule=nest.is_nested)
    found = nest.leaves_of(pairs, lambda value: nest.is_nested(value) and not _is_leaf_pair(value))
    assert all(text == repr(leaf) for leaf, text in (pair for pair in found if _is_leaf_pair(pair)))


def _is_leaf_pair(value):
    return type(value) is tuple and len(value) == 2 and isinstance(value[1], str) and value[1] == repr(value[0])


def test_the_rules_differ_on_lists():
    value = ([1, 2], (3, [np.zeros(2)]), {"a": [4]})
    assert nest.leaves_of(value, nest.is_element)[0] == [1, 2]
    assert nest.leaves_of(value, nest.is_nested)[:3] == [1, 2, 3]
    names = []
    nest.map_arrays(lambda leaf, name: names.append(name), value)
    assert names == ["x[0]", "x[1][0]", "x[1][1][0]", "x[2]['a']"]


def test_named_tuples_keep_their_type_and_none_stays_none():
    assert nest.map_structures(lambda x: 2 * x, Pair(1, [2])) == Pair(2, [4])
    assert isinstance(nest.map_structures(lambda x: x, Pair(1, 2)), Pair)
    assert nest.map_arrays(lambda leaf, name: 1, None) is None
    assert nest.map_arrays(lambda leaf, name: 1, {"a": None, "b": np.zeros(2)}) == {"a": None, "b": 1}


def test_structures_that_differ_are_refused():
    with pytest.raises(ValueError):
        nest.map_structures(lambda a, b: a, (1, 2), (1, 2, 3))
    with pytest.raises(KeyError):
        nest.map_structures(lambda a, b: a, {"a": 1}, {"b": 1})
    with pytest.raises(ValueError, match="3 element types for 2 inputs"):
        nest.spread(["int32"] * 3, [np.zeros(1), np.zeros(1)])


def test_spread():
    value = [np.zeros(1), {"a": np.zeros(1)}]
    assert nest.spread("floatx", value) == ["floatx", {"a": "floatx"}]
    assert nest.spread(["int32", {"a": "int64"}], value) == ["int32", {"a": "int64"}]
    assert nest.spread(["int32"], np.zeros(1)) == "int32"
