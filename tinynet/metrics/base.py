"""Metric, the base class, and the metrics that are a sum or a mean.

    metric.update_state(y_true, y_pred)     once a batch
    metric.result()                         of all batches since the last reset
    metric.reset_state()                    at the start of an epoch

States are summed in float64: in float32 the 60,000 additions of an epoch would lose three digits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..config import floatx
from ..core.naming import auto_name
from ..losses.base import apply_mask
from ..losses.elements import squeeze_or_expand_to_same_rank
from ..runtime import kernels
from ..tensor import Tensor, to_array
from ..variable import Variable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from ..core.types import Array, Config, DTypeLike, TensorLike


class Metric:
    """Base class of metrics. Subclasses override `update_state` and `result`.

    Args:
        dtype: Element type of the result; `floatx()` if None.
        name: For logs; made from the class name if None.

    >>> class Largest(Metric):
    ...     def __init__(self, name="largest"):
    ...         super().__init__(name=name)
    ...         self.largest = self.add_variable((), name="largest")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.largest.assign(max(float(self.largest), y_pred.max()))
    ...     def result(self):
    ...         return self.largest.value
    >>> float(Largest()(None, np.array([1.0, 3.0])))
    3.0
    """

    is_metric = True  # read by modules below this one: a layer tracks its metrics
    _direction: str | None = None  # 'up' or 'down': what is better, for callbacks with mode='auto'

    def __init__(self, dtype: DTypeLike = None, name: str | None = None) -> None:
        self.name = name or auto_name(type(self).__name__)
        self._dtype = np.dtype(getattr(dtype, "compute_dtype", dtype) or floatx())
        self._variables: list[Variable] = []

    @property
    def dtype(self) -> str:
        """The name of the result's element type."""
        return self._dtype.name

    def add_variable(
        self, shape: Sequence[int] = (), initializer: Any = None, dtype: DTypeLike = None, aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """Add a state: a Variable that no tape watches.

        Args:
            shape: Its shape.
            initializer: A number, a function from a shape, or the name of an initializer; zeros if None.
            dtype: Element type; the metric's if None.
            aggregation: Accepted as in Keras; there are no replicas to aggregate over.
            name: For files.

        Returns:
            The Variable.

        Raises:
            RuntimeError: `super().__init__()` has not been called.
        """
        if "_variables" not in vars(self):
            raise RuntimeError(f"{type(self).__name__}: call super().__init__() first in __init__")
        if isinstance(initializer, str):
            from .. import initializers

            initializer = initializers.get(initializer)
        shape, dtype = tuple(shape), np.dtype(dtype or self._dtype)
        if initializer is None:
            initializer = np.zeros(shape, dtype)
        elif not callable(initializer):
            initializer = np.full(shape, initializer, dtype)
        variable = Variable(initializer, shape=shape, dtype=dtype, trainable=False, name=name or "variable")
        self._variables.append(variable)
        return variable

    def add_weight(
        self, shape: Sequence[int] = (), initializer: Any = None, dtype: DTypeLike = None, name: str | None = None,
    ) -> Variable:
        """`add_variable` under its older name.

        Args:
            shape, initializer, dtype, name: As for `add_variable`.

        Returns:
            The state, a Variable.
        """
        return self.add_variable(shape, initializer, dtype, name=name)

    def _add_total(self, name, shape=()):
        """A state of the built-in metrics, in float64; they add to its `data` in place."""
        return self.add_variable(shape, dtype="float64", name=name)

    @property
    def variables(self) -> list[Variable]:
        """The states, those of metrics in attributes included."""
        nested = [part for value in vars(self).values()
                  for part in (value if isinstance(value, list | tuple) else (value,))]
        return self._variables + [variable for part in nested if isinstance(part, Metric)
                                  for variable in part.variables]

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Add a batch to the states.

        Args:
            *args: y_true and y_pred, or values.
            **kwargs: sample_weight.

        Raises:
            NotImplementedError: the metric does not override it.

        >>> metric = tn.metrics.Mean()
        >>> metric.update_state([1.0, 2.0])
        >>> metric.update_state([6.0])  # the next batch
        >>> metric.result().item()
        3.0
        """
        raise NotImplementedError(
            f"{type(self).__name__} must implement update_state(y_true, y_pred, sample_weight=None)"
        )

    def result(self) -> Tensor:
        """Compute the metric of everything since the last reset.

        Returns:
            Tensor, a scalar unless the metric's documentation names another shape.

        Raises:
            NotImplementedError: the metric does not override it.

        >>> metric = tn.metrics.BinaryAccuracy()
        >>> metric.update_state([[1.0], [0.0]], [[0.9], [0.6]])
        >>> metric.result().item()
        0.5
        """
        raise NotImplementedError(f"{type(self).__name__} must implement result()")

    def reset_state(self) -> None:
        """Set all states to 0.

        >>> metric = tn.metrics.Mean()
        >>> metric.update_state([1.0, 3.0])
        >>> metric.reset_state()
        >>> metric.update_state(5.0)
        >>> metric.result().item()
        5.0
        """
        for variable in self.variables:
            variable.data = np.zeros_like(variable.data)

    reset_states = reset_state  # the name until TensorFlow 2.4

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:
        """Add a batch and return the result so far; the arguments are those of `update_state`."""
        self.update_state(*args, **kwargs)
        return self.result()

    def _as_result(self, value):
        return Tensor.wrap(np.asarray(value, self._dtype))

    def get_config(self) -> Config:
        """Return the constructor's arguments, from which `from_config` makes this metric again."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Make a metric from what `get_config` returned.

        Args:
            config: The dict.

        Returns:
            A new metric.
        """
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def divide_no_nan(a: Any, b: Any) -> Array:
    """a / b, and 0 where b is 0."""
    b = np.asarray(b)
    return np.where(b == 0, 0, a / np.where(b == 0, 1, b))


def same_rank(a: Array, b: Array, expand_rank_1: bool = True) -> tuple[Array, Array]:
    """`squeeze_or_expand_to_same_rank` for arrays."""
    if a.ndim == b.ndim:
        return a, b
    first, second = squeeze_or_expand_to_same_rank(Tensor.wrap(a), Tensor.wrap(b), expand_rank_1)
    return first.data, second.data


def arrays(y_true: TensorLike, y_pred: TensorLike, dtype: DTypeLike = None) -> tuple[Array, Array]:
    """Targets and predictions as arrays of one type, that of y_pred if `dtype` is None."""
    y_pred = to_array(y_pred, dtype)
    return to_array(y_true, y_pred.dtype), y_pred


def broadcast_weights(weights: Array, shape: tuple[int, ...], what: str, given: tuple[int, ...] | None = None) -> Array:
    """Sample weights in the shape of the values they belong to.

    Args:
        weights: Array.
        shape: Of the values.
        what: What the values are, for the message.
        given: The shape of the weights that the user passed, for the message; that of `weights` if None.

    Raises:
        ValueError: they do not broadcast.
    """
    try:
        return np.broadcast_to(weights, shape)
    except ValueError:
        given = weights.shape if given is None else given
        raise ValueError(
            f"sample_weight of shape {given} does not fit {what} of shape {shape}: "
            "pass one weight a sample, or one a value."
        ) from None


def _samplewise(values, weights, reduce):
    """Weighted values, one a sample, and the weights, one a sample; `reduce` is np.mean or np.sum."""
    values, weights = same_rank(values, weights)
    rank = weights.ndim
    if values.ndim > rank:
        values = reduce(values, axis=tuple(range(rank, values.ndim)))
    weights = broadcast_weights(weights, values.shape, "values")
    values = values * weights
    if rank > 1:
        weights = reduce(weights, axis=tuple(range(1, rank)))
    if values.ndim > 1:
        values = reduce(values, axis=tuple(range(1, values.ndim)))
    return values, weights


class Sum(Metric):
    """Sum of all values.

    Args:
        name, dtype: See `Metric`.

    >>> metric = Sum()
    >>> metric.update_state([1, 3, 5, 7])
    >>> float(metric.result())
    16.0
    """

    def __init__(self, name: str = "sum", dtype: DTypeLike = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self._add_total("total")

    def update_state(self, values: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Add values.

        Args:
            values: Tensor or array of any shape.
            sample_weight: Weights that broadcast against the values.

        Raises:
            ValueError: the weights do not fit.
        """
        values = to_array(values, self._dtype)
        if sample_weight is not None:
            values, _ = _samplewise(values, to_array(sample_weight, self._dtype), np.sum)
        self.total.data[()] += np.sum(values, dtype=np.float64)

    def result(self) -> Tensor:
        return self._as_result(self.total.data)


class Mean(Metric):
    """Weighted mean of all values; a sample counts once however many values it has.

    Args:
        name, dtype: See `Metric`.

    >>> metric = Mean()
    >>> metric.update_state([1, 3, 5, 7])
    >>> float(metric.result())
    4.0
    """

    def __init__(self, name: str | None = "mean", dtype: DTypeLike = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self._add_total("total")
        self.count = self._add_total("count")

    def update_state(self, values: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Add values to the mean.

        Args:
            values: Tensor or array, samples along the first axis; or a scalar.
            sample_weight: One weight a sample, or weights that broadcast against the values.

        Raises:
            ValueError: the weights do not fit.
        """
        if type(values) is float and (sample_weight is None
                                      or type(sample_weight) is int):  # the loss of each training step
            weight = 1 if sample_weight is None else sample_weight
            self._add(values * weight, weight)
            return
        values = to_array(values, self._dtype)
        if not values.ndim and (sample_weight is None or isinstance(sample_weight, int | float)):  # the loss of a batch
            total, count = float(values), 1.0
            if sample_weight is not None:
                total, count = total * sample_weight, sample_weight
        elif sample_weight is None:
            total, count = float(kernels.reduce_sum(values)), values.shape[0]
            if values.ndim > 1:
                total *= count / max(values.size, 1)
        else:
            values, weights = _samplewise(values, to_array(sample_weight, self._dtype), np.mean)
            total, count = np.sum(values, dtype=np.float64), np.sum(weights, dtype=np.float64)
        self._add(total, count)

    def _add(self, total, count):
        # As Python numbers, a tenth of the time of `data += x`, whose left side is an array without axes.
        data = self.total.data
        data[()] = data.item() + total
        data = self.count.data
        data[()] = data.item() + count

    def result(self) -> Tensor:
        count = self.count.data
        return self._as_result(self.total.data / count if count else 0)


class MeanMetricWrapper(Mean):
    """Mean of a function `fn(y_true, y_pred, **kwargs)` of tensors.

    The built-in metrics of this kind are subclasses; `kwargs` are then attributes and part of the config.

    Args:
        fn: Function that returns values, samples along the first axis.
        name: The function's name if None.
        dtype: See `Metric`.
        **kwargs: Further arguments of `fn`.

    >>> metric = MeanMetricWrapper(lambda y_true, y_pred: ops.abs(y_pred - y_true), name="distance")
    >>> float(metric([1.0, 2.0], [2.0, 4.0]))
    1.5
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: DTypeLike = None, **kwargs: Any) -> None:
        super().__init__(name=name or getattr(fn, "__name__", None), dtype=dtype)
        self._fn = fn
        self._fn_kwargs = kwargs
        for key, value in kwargs.items():
            setattr(self, key, value)

    def update_state(  # type: ignore[override]  # of targets and predictions instead of values, as in Keras
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None,
    ) -> None:
        """Add a batch to the mean.

        Args:
            y_true: Targets, shape (batch, ...).
            y_pred: Predictions, shape (batch, ...).
            sample_weight: One weight a sample, or weights that broadcast against the values.

        Raises:
            ValueError: the shapes do not match.
        """
        mask = getattr(y_pred, "_keras_mask", None)
        # Tensors of its own: a tape that watches y_pred need not record a metric.
        values = self._fn(Tensor.wrap(to_array(y_true)), Tensor.wrap(to_array(y_pred)), **self._fn_kwargs)
        weights = None if sample_weight is None else to_array(sample_weight, self._dtype)
        for part in (mask, getattr(values, "_keras_mask", None)):
            if part is not None:
                weights = apply_mask(weights, part, "sum")
        super().update_state(values, weights)

    def get_config(self) -> Config:
        config = {**super().get_config(), **self._fn_kwargs}
        return {**config, "fn": self._fn} if type(self) is MeanMetricWrapper else config
