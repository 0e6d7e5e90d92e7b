"""What `compile(loss=..., metrics=...)` was given, turned into objects when the first batch shows its shapes."""

from numbers import Real

from .. import losses as losses_module
from .. import metrics as metrics_module
from ..naming import to_snake_case
from ..tensor import Tensor


def _one_output(y_pred, what):
    if not isinstance(y_pred, list | tuple | dict | Tensor):
        raise TypeError(
            f"compile: {what} need a Tensor, but the model's call() returned "
            f"{'nothing' if y_pred is None else type(y_pred).__name__}"
        )
    if not isinstance(y_pred, Tensor):
        raise NotImplementedError(
            f"compile: {what} for several outputs are not there yet; the model returned {type(y_pred).__name__}. "
            "Override compute_loss(x, y, y_pred, sample_weight), or return one tensor"
        )


class CompiledLoss:
    """The loss of `compile`: a name, a Loss, or a function of (y_true, y_pred).

    Args:
        loss: As given to `compile`.
        loss_weights: A number the loss is multiplied by, or None.
    """

    def __init__(self, loss, loss_weights=None):
        if isinstance(loss, list | tuple | dict):
            if len(loss) != 1:
                raise NotImplementedError("compile: a loss for each of several outputs is not there yet; give one loss")
            loss = next(iter(loss.values())) if isinstance(loss, dict) else loss[0]
        self._given = loss
        if isinstance(loss_weights, dict):
            loss_weights = list(loss_weights.values())
        self._weight = loss_weights[0] if isinstance(loss_weights, list | tuple) else loss_weights
        if self._weight is not None and not isinstance(self._weight, Real):
            raise TypeError(
                f"compile: loss_weights must be a number, got {self._weight!r}. It is the third argument, metrics is "
                "the fourth: write metrics=[...]"
            )
        self._loss = loss if isinstance(loss, losses_module.Loss) else None
        if not _is_crossentropy(loss):
            losses_module.get(loss)  # what is no loss is an error now, not at the first batch

    def __call__(self, y, y_pred, sample_weight=None):
        """The loss of a batch, a scalar Tensor."""
        if y is None:
            raise ValueError("fit: the loss needs targets; pass y, or a dataset of (x, y) pairs")
        _one_output(y_pred, "losses")
        if self._loss is None:
            function = (
                losses_module.crossentropy_for(y.shape, y_pred.shape)
                if _is_crossentropy(self._given)
                else losses_module.get(self._given)
            )
            self._loss = (
                function if isinstance(function, losses_module.Loss) else losses_module.LossFunctionWrapper(function)
            )
        value = self._loss(y, y_pred, sample_weight=sample_weight)
        return value * self._weight if self._weight is not None else value


class CompiledMetrics:
    """The metrics of `compile`, under the names they have in `History`.

    Args:
        metrics: Names, Metric objects or functions.
        weighted_metrics: The same; these take account of sample weights.
    """

    name = "compile_metrics"

    def __init__(self, metrics=None, weighted_metrics=None):
        self._given = [(one, False) for one in _as_list(metrics)] + [(one, True) for one in _as_list(weighted_metrics)]
        for one, _ in self._given:
            if not (_is_accuracy(one) or _is_crossentropy(one) or _is_metric_class(one)):
                metrics_module.get(one)  # what is no metric is an error now, not at the first batch
        self._built = None
        self._names = {}

    def name_of(self, metric):
        """The name under which results of a metric appear: its own, unless another one has that already."""
        return self._names.get(id(metric), metric.name)

    @property
    def metrics(self):
        """The Metric objects. Until the first batch tells which metrics the names mean,
        this object stands for all of them.

        A `train_step` of the user's own may thus do what Keras's guides do: update every metric of `model.metrics`.
        """
        if self._built is not None:
            return [metric for metric, _ in self._built]
        given = [one for one, _ in self._given]
        return given if all(isinstance(one, metrics_module.Metric) for one in given) else [self]

    def result(self):
        """Results so far, by name."""
        return {self.name_of(metric): metric.result() for metric, _ in self._built or []}

    def update_state(self, y, y_pred, sample_weight=None):
        """Take account of one more batch."""
        if self._built is None:
            _one_output(y_pred, "metrics")
            self._built = [(_as_metric(one, y, y_pred), weighted) for one, weighted in self._given]
            self._names = dict(
                zip(map(id, self.metrics), _distinct([(m.name, weighted) for m, weighted in self._built]), strict=True)
            )
        for metric, weighted in self._built:
            metric.update_state(y, y_pred, sample_weight if weighted else None)

    def reset_state(self):
        """Start again."""
        for metric in [metric for metric, _ in self._built or self._given if isinstance(metric, metrics_module.Metric)]:
            metric.reset_state()


def _distinct(named):
    """Keras's names for metrics with equal ones: mae, mae_1;
    weighted_mae where `weighted_metrics` repeats one of `metrics`.

    Args:
        named: List of (name, weighted).
    """
    counts, result = {}, []
    for name, weighted in named:
        if weighted and name in counts:
            name = f"weighted_{name}"
        counts[name] = counts.get(name, 0) + 1
        result.append(name if counts[name] == 1 else f"{name}_{counts[name] - 1}")
    return result


def _is_accuracy(given):
    return isinstance(given, str) and given.lower() in ("accuracy", "acc")


def _is_crossentropy(given):
    return isinstance(given, str) and given.lower() in ("crossentropy", "ce")


def _is_metric_class(given):
    return isinstance(given, type) and issubclass(given, metrics_module.Metric)


def _as_list(metrics):
    if metrics is None:
        return []
    if isinstance(metrics, dict):
        if len(metrics) != 1:
            raise NotImplementedError("compile: metrics for each of several outputs are not there yet; give a list")
        metrics = next(iter(metrics.values()))
    if not isinstance(metrics, list | tuple):
        return [metrics]
    return [one for part in metrics for one in _as_list(part)]


def _as_metric(given, y, y_pred):
    """A Metric named as Keras names it: after the string, the function or the object."""
    if isinstance(given, metrics_module.Metric):
        return given
    if _is_metric_class(given):
        return given()
    if _is_accuracy(given):
        metric = metrics_module.accuracy_for(y.shape, y_pred.shape)()
    elif _is_crossentropy(given):
        metric = metrics_module.crossentropy_for(y.shape, y_pred.shape)()
    else:
        metric = metrics_module.get(given)
    if not isinstance(metric, metrics_module.Metric):
        metric = metrics_module.MeanMetricWrapper(metric)
    if isinstance(given, str):
        metric.name = given
    elif not hasattr(given, "name"):
        metric.name = getattr(given, "__name__", None) or to_snake_case(type(given).__name__)
    return metric
