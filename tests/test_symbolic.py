"""Tensors without values: shapes found by trial, the graph that calls build, and what needs values and is refused.

(Models made of such graphs are tested in tests/models/test_functional.py.)
"""

import numpy as np
import pytest

import tinynet as tn
from tinynet import Tensor, layers, ops
from tinynet.symbolic import KerasTensor, as_tensors, by_trial, is_symbolic, link, nodes_of, shapes_of, unlink


def test_operators_and_operations_return_keras_tensors_and_make_nodes():
    x = KerasTensor((None, 3))
    y = ops.matmul(x + 1.0, np.ones((3, 4), np.float32))
    assert isinstance(y, KerasTensor) and y.shape == (None, 4) and y.dtype == "float32"
    assert y._node.operation.call.__name__ == "matmul"
    (total,) = y._node.inputs
    assert total._node.inputs == [x] and x._node is None
    assert [t.shape for t in ops.split(x, 3, axis=1)] == [(None, 1)] * 3
    assert (np.ones(3, np.float32) + x).shape == (None, 3)


@pytest.mark.parametrize("use", [float, bool, len, list, np.asarray, lambda x: x.numpy()])
def test_what_needs_values_is_refused(use):
    with pytest.raises(TypeError, match="has no values"):
        use(KerasTensor((None,)))


def test_an_operation_that_cannot_take_the_shapes_names_itself_and_them():
    with pytest.raises(ValueError, match=r"ops.matmul on KerasTensors of shapes \(None, 3\), \(4, 5\)"):
        ops.matmul(KerasTensor((None, 3)), KerasTensor((4, 5)))


def test_a_trial_keeps_structures_types_and_masks():
    def function(x, scale):
        masked = Tensor(x.data * scale)
        masked._keras_mask = Tensor(np.ones(x.shape[:2], bool))
        return {"a": (masked, [ops.cast(x, "int32")]), "b": ops.sum(x)}

    found = by_trial(function, (KerasTensor((None, 5, 2), "float64"),), {"scale": 2.0})
    first, (second,) = found["a"]
    assert list(found) == ["a", "b"] and type(found["a"]) is tuple
    assert (first.shape, first.dtype) == ((None, 5, 2), "float64")
    assert (first._keras_mask.shape, first._keras_mask.dtype) == ((None, 5), "bool")
    assert (second.dtype, second._keras_mask, found["b"].shape) == ("int32", None, ())


def test_a_trial_tries_longer_lengths():
    assert by_trial(lambda x: x[7], (KerasTensor((None,)),), {}).shape == ()
    with pytest.raises(IndexError):
        by_trial(lambda x: x[30], (KerasTensor((None,)),), {})
    with pytest.raises(TypeError, match="expected Tensors as results, got int"):
        by_trial(lambda x: 1, (KerasTensor((None,)),), {})


def test_shapes_and_tensors_in_structures():
    x = KerasTensor((None, 3))
    assert is_symbolic({"a": [1, (x,)]}) and not is_symbolic([1, Tensor(1.0)])
    assert shapes_of({"a": x, "b": (Tensor(np.ones((2, 4))), None)}) == {"a": (None, 3), "b": [(None, 4), None]}
    made = as_tensors({"a": (None, 3), "b": [(2,), (3, 4)]}, "int32")
    assert made["a"].shape == (None, 3) and [t.shape for t in made["b"]] == [(2,), (3, 4)]
    assert made["a"].dtype == "int32"


def test_linked_layers_have_nodes_until_they_are_unlinked():
    dense, relu = layers.Dense(4), layers.ReLU()
    with pytest.raises(AttributeError, match="has no input and output yet"):
        nodes_of(dense)
    output, nodes = link(KerasTensor((None, 3)), [dense, relu])
    assert output.shape == (None, 4) and [node.operation for node in nodes] == [dense, relu]
    assert nodes_of(dense) == nodes[:1] and dense.output is nodes[0].outputs
    unlink(nodes)
    with pytest.raises(AttributeError, match="has no input and output yet"):
        nodes_of(dense)


class MaskedAdd(layers.Add):
    def compute_mask(self, inputs, previous_mask=None):
        return tn.ops.ones(inputs[0].shape[:2], bool)


def test_merging_layers_find_shapes_by_their_rule(monkeypatch):
    """Without large zeros: EfficientNetB7 was built in seconds, most of them additions of zeros."""
    x, y = tn.Input((5, 4)), tn.Input((1, 4))
    embedded = layers.Embedding(9, 4, mask_zero=True)(tn.Input((5,)))
    assert layers.Add()([embedded, x])._keras_mask is None
    masked = layers.Add()([embedded, embedded])
    assert masked.shape == (None, 5, 4) and masked._keras_mask.shape == (None, 5)
    assert MaskedAdd()([x, y])._keras_mask.shape == (None, 5)  # its rule is its own
    monkeypatch.setattr("tinynet.symbolic.by_trial", lambda *_: pytest.fail("a trial"))
    for layer in (layers.Add(), layers.Multiply(), layers.Average(), layers.Maximum()):
        assert layer([x, y]).shape == (None, 5, 4)
    assert layers.Concatenate(1)([x, y]).shape == (None, 6, 4)
    assert layers.Dot(2)([x, y]).shape == (None, 5, 1)
    assert tn.applications.EfficientNetB0(weights=None, classes=7).output_shape == (None, 7)


def test_a_trial_is_made_with_the_training_flag_of_the_call():
    class Wider(tn.layers.Layer):
        def call(self, x, training=None):
            return ops.concatenate([x, x], axis=-1) if training else x

    x = KerasTensor((None, 3))
    shapes = [Wider()(x, **flag).shape for flag in ({}, {"training": False}, {"training": True})]
    assert shapes == [(None, 3), (None, 3), (None, 6)]
