"""`tf.distribute`: what one process computes, and what several are told."""

import pytest

from tinynet import distribution
from tinynet.compat.tf import distribute
from tinynet.core.errors import NotInTinynetError


@pytest.mark.parametrize("name", ["Strategy", "MirroredStrategy", "MultiWorkerMirroredStrategy", "OneDeviceStrategy"])
def test_one_process_runs_and_reduces_as_without_a_strategy(name):
    strategy = getattr(distribute, name)()
    assert (strategy.size, strategy.num_replicas_in_sync) == (1, 1)
    assert strategy.run(lambda a, b: a - b, (5,), {"b": 2}) == 3 and strategy.run(list) == []
    assert strategy.reduce(distribute.ReduceOp.SUM, 7) == 7
    with pytest.raises(NotInTinynetError, match="reduce with tf.reduce_mean"):
        strategy.reduce("MEAN", 7, axis=0)
    assert strategy.experimental_distribute_dataset([1, 2]) == [1, 2]


@pytest.mark.parametrize("size", [2, 3])
def test_several_processes_are_told_to_use_fit(size):
    """A loop of one's own would compute the same in each of them."""
    strategy = distribute.Strategy()
    strategy.size = size
    for name, call in (("run", lambda: strategy.run(list)), ("reduce", lambda: strategy.reduce("SUM", 1))):
        with pytest.raises(NotInTinynetError, match=f"Strategy.{name} is not part of tinynet: .* call fit"):
            call()


def test_the_strategy_of_the_scope():
    assert not distribute.has_strategy() and distribute.get_strategy().size == 1
    with distribute.Strategy().scope() as strategy:
        assert distribute.has_strategy() and distribute.get_strategy() is strategy is distribution.distribution()
    assert not distribute.has_strategy()
