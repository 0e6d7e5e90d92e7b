"""`tf.distribute`: TensorFlow's strategies, which are all `tinynet.distribution.DataParallel` here.

Strategies differ by which devices they spread the work over. Here it is the processes that mpirun has started; without
mpirun the notebook runs alone.
"""

from __future__ import annotations

from typing import Any

from ...core.absence import explainer
from ...core.errors import NotInTinynetError
from ...distribution import DataParallel

_LOOP = ("belongs to loops of one's own over replicas; compile the model within scope() and call fit, which cuts the "
         "batches, sums the gradients and keeps the metrics of the whole")


class Strategy(DataParallel):
    """A `DataParallel` with the names of TensorFlow's strategies.

    Args:
        devices, cross_device_ops, cluster_resolver, communication_options: TensorFlow's arguments, without effect: the
            processes are mpirun's.

    >>> with MirroredStrategy().scope() as strategy:
    ...     strategy.num_replicas_in_sync
    1
    """

    def __init__(self, devices: Any = None, cross_device_ops: Any = None, cluster_resolver: Any = None,
                 communication_options: Any = None) -> None:
        super().__init__()

    def experimental_distribute_dataset(self, dataset: Any, options: Any = None) -> Any:
        """Return the data set: `fit` cuts its batches.

        Args:
            dataset: The data set.
            options: Without effect.
        """
        return dataset

    def run(self, fn: Any, args: Any = (), kwargs: Any = None, options: Any = None) -> Any:
        """Call a function, where there is one process.

        Args:
            fn, args, kwargs: The function and its arguments.
            options: Without effect.

        Raises:
            NotInTinynetError: there are several processes.
        """
        self._alone("run")
        return fn(*args, **(kwargs or {}))

    def reduce(self, reduce_op: Any, value: Any, axis: int | None = None) -> Any:
        """Return the value, where there is one process.

        Args:
            reduce_op: 'SUM' or 'MEAN'.
            value: The value.
            axis: An axis to reduce, too; None for none.

        Raises:
            NotInTinynetError: there are several processes, or an axis is to be reduced.
        """
        self._alone("reduce")
        if axis is not None:
            raise NotInTinynetError("Strategy.reduce: axis is not supported; reduce with tf.reduce_mean or "
                                    "tf.reduce_sum first", name="reduce")
        return value

    def _alone(self, name: str) -> None:
        if self.size > 1:
            raise NotInTinynetError(f"Strategy.{name} is not part of tinynet: it {_LOOP}", name=name)


MirroredStrategy = MultiWorkerMirroredStrategy = OneDeviceStrategy = Strategy


class experimental:  # noqa: N801, it represents the module tf.distribute.experimental
    """Older names."""

    MultiWorkerMirroredStrategy = Strategy
    CentralStorageStrategy = Strategy


class ReduceOp:
    """How `Strategy.reduce` reduces."""

    SUM = "SUM"
    MEAN = "MEAN"


def get_strategy() -> DataParallel:
    """The strategy in whose scope the program is; outside of one, a new one.

    >>> get_strategy().size
    1
    """
    from ... import distribution

    return distribution.distribution() or Strategy()


def has_strategy() -> bool:
    """Whether the program is in the scope of a strategy.

    >>> has_strategy()
    False
    """
    from ... import distribution

    return distribution.distribution() is not None


__getattr__ = explainer(__name__)
