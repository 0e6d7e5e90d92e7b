"""`keras.tree`, `keras.mixed_precision`, `keras.InputSpec`: the names, and what is refused."""

import collections

import pytest

import tinynet as tn
from tinynet import keras

Pair = collections.namedtuple("Pair", "left right")


def test_tree():
    tree = keras.tree
    nested = {"b": [1, (2, 3)], "a": Pair(4, None)}
    assert tree.flatten(nested) == [4, None, 1, 2, 3]
    assert tree.flatten_with_path(nested)[0] == (("a", "left"), 4)
    doubled = tree.map_structure(lambda part: part * 2, nested, none_is_leaf=False)
    assert doubled == {"b": [2, (4, 6)], "a": Pair(8, None)} and list(doubled) == ["b", "a"]
    assert type(doubled["a"]) is Pair
    assert tree.pack_sequence_as(nested, [1, 2, 3, 4, 5]) == {"b": [3, (4, 5)], "a": Pair(1, 2)}
    ordered = collections.OrderedDict([("z", 1), ("y", 2)])
    assert tree.flatten(ordered) == [2, 1] and type(tree.map_structure(str, ordered)) is collections.OrderedDict
    for call in (lambda: tree.map_structure(max, [1], [1, 2]), lambda: tree.assert_same_structure([1], (1,)),
                 lambda: tree.pack_sequence_as([0, 0], [1]), lambda: tree.assert_same_paths([1], {"a": 1}),
                 lambda: tree.map_structure_up_to([0], max, 1)):
        with pytest.raises(ValueError, match="match|leaves|paths"):
            call()
    for call in (lambda: tree.map_structure(3, [1]), lambda: tree.map_structure(max), lambda: tree.traverse(3, [1]),
                 lambda: tree.pack_sequence_as([0], 1)):
        with pytest.raises(TypeError):
            call()


def test_mixed_precision():
    mixed = keras.mixed_precision
    mixed.set_global_policy("float32")
    assert mixed.global_policy() == keras.DTypePolicy("float32") and mixed.dtype_policy().variable_dtype == "float32"
    mixed.set_dtype_policy(mixed.Policy("float64"))
    try:
        assert tn.layers.Dense(1).dtype == "float64" and mixed.dtype_policy().compute_dtype == "float64"
    finally:
        mixed.set_dtype_policy("float32")
    assert tn.layers.Dense(1, dtype=mixed.Policy("float64")).dtype == "float64"
    for name in ("mixed_float16", "mixed_bfloat16", "float16"):
        with pytest.raises(ValueError, match=f"{name}.*slower than float32"):
            mixed.set_global_policy(name)
    with pytest.raises(ValueError, match="is no policy"):
        mixed.Policy("fast")
    with pytest.raises(NotImplementedError, match="use the optimizer itself"):
        mixed.LossScaleOptimizer("adam")


def test_they_are_imported_as_in_keras():
    from tinynet.keras.layers import InputSpec as OfLayers

    import tinynet.keras.mixed_precision as mixed
    from tinynet.keras import InputSpec, tree
    from tinynet.keras.mixed_precision import set_global_policy
    from tinynet.keras.tree import map_structure

    assert InputSpec is OfLayers and tree.map_structure is map_structure
    assert mixed.set_global_policy is set_global_policy
