"""Whatever a layer has for weights is in a saved model."""

import pytest
from layer_cases import CASES

from tinynet.saving.state import gather


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_all_weights_of_a_layer_are_gathered(case):
    layer = case.make()
    case(layer, case.arrays())
    gathered = {id(array) for array in gather(layer).values()}
    assert len(gathered) >= len(layer.weights)
