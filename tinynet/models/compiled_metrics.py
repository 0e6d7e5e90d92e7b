"""What `compile(metrics=...)` was given, turned into Metric objects when the first batch shows its shapes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .. import metrics as metrics_module
from ..core.naming import to_snake_case
from ..metrics import Metric
from ..tensor import Tensor
from .outputs import for_outputs, is_accuracy, is_crossentropy, leaves_of, named_outputs, only_one, targets_of


class CompiledMetrics:
    """The metrics of `compile`, under the names they have in `History`.

    Args:
        metrics: Names, Metric objects or functions; for several outputs a list with an entry for each, or a dict by
            name, whose entries are such lists.
        weighted_metrics: The same; these take account of sample weights.
        output_names: Of a model made of inputs and outputs.

    Attributes:
        of_several: Whether they belong to several outputs; each name then starts with the output's.

    Raises:
        ValueError: something is no metric.
    """

    name = "compile_metrics"

    def __init__(self, metrics: Any = None, weighted_metrics: Any = None,
                 output_names: list[str] | None = None) -> None:
        self._given = metrics, weighted_metrics
        self._output_names = output_names
        self.of_several = False
        for one in leaves_of(self._given):
            if not (one is None or is_accuracy(one) or is_crossentropy(one) or _is_metric_class(one)):
                metrics_module.get(one)  # what is no metric is an error now, not at the first batch
        self._built: list[tuple[Metric, bool, int]] | None = None  # (Metric, whether weighted, position of its output)
        self._names: list[str] = []  # of `_built`

    def name_of(self, metric: Any) -> str:
        """The name under which results of a metric appear: its own, unless another one has that already.

        Args:
            metric: One of `metrics`, or any other Metric.
        """
        for (one, _, _), name in zip(self._built or (), self._names, strict=False):
            if one is metric:
                return name
        return metric.name

    @property
    def metrics(self) -> list[Any]:
        """The Metric objects. Until the first batch shows which metrics the names mean, this object stands for all of
        them.

        A `train_step` of the user's own may thus do what Keras's guides do: update every metric of `model.metrics`.
        """
        if self._built is not None:
            return [metric for metric, _, _ in self._built]
        given = [one for one in leaves_of(self._given) if one is not None]
        return given if all(isinstance(one, Metric) for one in given) else [self]

    def result(self) -> dict[str, Any]:
        """Results so far, by name."""
        return {self.name_of(metric): metric.result() for metric, _, _ in self._built or []}

    def update_state(self, y: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take account of one more batch.

        Args:
            y, y_pred, sample_weight: Its targets, the model's outputs, and the samples' weights or None.

        Raises:
            ValueError: targets are missing, or there are more than outputs.
        """
        if isinstance(y_pred, Tensor) and self._built is not None and not self.of_several:  # not the first batch
            y, sample_weight = only_one(y, "targets"), only_one(sample_weight, "sample weights")
            for metric, weighted, _ in self._built:
                metric.update_state(y, y_pred, sample_weight if weighted else None)
            return
        names, outputs, y, built = self._matched(y, y_pred)
        sample_weights = ([only_one(sample_weight, "sample weights")] if isinstance(y_pred, Tensor) else
                          targets_of(sample_weight, names, range(len(names)), True, y_pred))
        for metric, weighted, position in built:
            metric.update_state(y[position], outputs[position], sample_weights[position] if weighted else None)

    def of_output(self, position: int, y: Any, y_pred: Any) -> list[Metric]:
        """The Metrics of one output.

        Args:
            position: Which output, from 0.
            y, y_pred: Targets and outputs of a batch, which show which metrics the names mean.
        """
        built = self._matched(y, y_pred)[-1]
        return [metric for metric, _, other in built if other == position]

    def reset_state(self) -> None:
        """Start again."""
        for metric in self.metrics:
            if metric is not self:
                metric.reset_state()

    def _matched(self, y: Any, y_pred: Any) -> tuple[list[Any], list[Tensor], list[Any], list[tuple]]:
        """Names, outputs and targets of each output, and the metrics."""
        if isinstance(y_pred, Tensor):
            names, outputs, y = [None], [y_pred], [only_one(y, "targets")]
        else:
            names, outputs = named_outputs(y_pred, self._output_names, "metrics")
            y = targets_of(y, names, self._positions(names, y_pred), y_pred=y_pred)
        if self._built is None:
            self._built = self._build(names, outputs, y, y_pred)
        return names, outputs, y, self._built

    def _positions(self, names: list[Any], y_pred: Any) -> Collection[int]:
        """Indices of the outputs that have metrics."""
        if self._built is not None:
            return sorted({position for _, _, position in self._built})
        wanted = [_of_each_output(given, names, y_pred) for given in self._given]
        return [position for position in range(len(names)) if wanted[0][position] or wanted[1][position]]

    def _build(self, names: list[Any], outputs: list[Tensor], y: list[Any],
               y_pred: Any) -> list[tuple[Metric, bool, int]]:
        self.of_several = len(outputs) > 1
        built, labels = [], []
        for given, weighted in zip(self._given, (False, True), strict=True):
            wanted = _of_each_output(given, names, y_pred) if self.of_several else [leaves_of(given)]
            for position, some in enumerate(wanted):
                for one in some:
                    if one is None:
                        continue
                    metric = _as_metric(one, y[position], outputs[position])
                    built.append((metric, weighted, position))
                    labels.append((names[position] if self.of_several else None, metric.name, weighted))
        self._names = _distinct(labels)
        return built


def _of_each_output(given: Any, names: list[Any], y_pred: Any) -> list[list[Any]]:
    """The list of metrics of each of several outputs."""
    if given is None:
        return [[] for _ in names]
    unmatched = not isinstance(given, list | tuple | dict) or isinstance(given, list | tuple) and len(given) not in (
        len(names), len(y_pred))
    if unmatched:
        raise ValueError(f"compile: the model has {len(names)} outputs {names}; metrics must be a list with an entry "
                         f"for each of them (a metric, a list of metrics, or None), or a dict by name. Got {given!r}")
    return [leaves_of(some) if some is not None else [] for some in for_outputs(given, names, "metrics", y_pred)]


def _distinct(labels: list[tuple[Any, str, bool]]) -> list[str]:
    """Keras's names for metrics: out_mae for an output's; with equal ones mae, mae_1;
    weighted_mae where `weighted_metrics` repeats one of `metrics`.

    Args:
        labels: List of (output or None, name, weighted).
    """
    counts: dict[str, int] = {}
    result = []
    for output, own, weighted in labels:
        prefix = f"{output}_" if output is not None else ""
        name = prefix + own
        if weighted and name in counts:
            name = f"{prefix}weighted_{own}"
        counts[name] = counts.get(name, 0) + 1
        result.append(name if counts[name] == 1 else f"{name}_{counts[name] - 1}")
    return result


def _is_metric_class(given: Any) -> bool:
    return isinstance(given, type) and issubclass(given, Metric)


def _as_metric(given: Any, y: Any, y_pred: Tensor) -> Any:
    """A Metric named as Keras names it: after the string, the function or the object."""
    if isinstance(given, Metric):
        return given
    if _is_metric_class(given):
        return given()
    metric: Any
    if is_accuracy(given) or is_crossentropy(given):
        fitting: Any = metrics_module.accuracy_for if is_accuracy(given) else metrics_module.crossentropy_for
        metric = fitting(y.shape, y_pred.shape)()
    else:
        metric = metrics_module.get(given)
    if not isinstance(metric, Metric):
        metric = metrics_module.MeanMetricWrapper(metric, name=getattr(metric, "name", None))  # a Loss has one
    if isinstance(given, str):
        metric.name = given
    elif not hasattr(given, "name"):
        metric.name = getattr(given, "__name__", None) or to_snake_case(type(given).__name__)
    return metric
