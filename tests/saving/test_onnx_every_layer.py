"""Every layer, in a model of one layer: the file computes what the layer computes, or the error names the layer."""

import numpy as np
import pytest
from layer_cases import CASES, Words

import tinynet as tn
from tests.saving.onnx_runs import randomize, run
from tinynet.core.nest import flatten

pytest.importorskip("onnx")

# What has no counterpart: text, hashes, tables, layers of one's own, images drawn at random when called.
REFUSED = {
    "AutoContrast", "Augment", "EmbeddingCutout", "EmbeddingMixup",
    "GRUCell", "Hashing", "IntegerLookup", "LSTMCell", "Lambda", "Mixing", "SimpleRNNCell",
    "StackedRNNCells", "StringLookup", "TextVectorization", "WordDropout",
}


@pytest.mark.parametrize("name", [name for name, case in CASES.items()
                                  if name != "InputLayer" and not isinstance(case.inputs, Words)])
def test_reproduced_or_refused(name, tmp_path):
    case, kind = CASES[name], name.partition(" ")[0]
    inputs = case.symbols()
    layer = case.make()
    model = tn.Model(inputs, flatten(case.call(layer, inputs)))
    randomize(model, np.random.default_rng(2))
    arrays = [array.astype("int32") if array.dtype.kind == "i" else array for array in flatten(case.arrays(batch=3))]
    path = tmp_path / "m.onnx"
    if kind in REFUSED:
        with pytest.raises(NotImplementedError, match=f"{layer.name!r}.*Export the part of the model before it"):
            model.export(path, format="onnx")
        assert not path.exists()
        return
    expected = flatten(model(arrays if len(arrays) > 1 else arrays[0], training=False))
    for one, other in zip(expected, run(model, path, *arrays), strict=True):
        one = one.numpy()
        assert one.shape == other.shape and one.dtype == other.dtype
        np.testing.assert_allclose(other, one, rtol=2e-5, atol=2e-6 * max(1.0, float(np.abs(one).max())))
