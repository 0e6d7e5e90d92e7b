"""What `compile(loss=..., metrics=...)` was given, turned into objects when the first batch shows its shapes."""

from numbers import Real

from .. import losses as losses_module
from .. import metrics as metrics_module
from ..core.naming import to_snake_case
from ..core.nest import flatten
from ..tensor import Tensor


class CompiledLoss:
    """The loss of `compile`: for one output, or for several.

    Args:
        loss: A name, a Loss, or a function of (y_true, y_pred); for several outputs also a list in their order or a
            dict by their names, with None for outputs without a loss.
        loss_weights: A number the loss is multiplied by, or a list or dict of them, or None.
        output_names: Of a model made of inputs and outputs; None if only its results will tell.

    Attributes:
        metrics: A Mean of each output's loss, if several have one.
    """

    def __init__(self, loss, loss_weights=None, output_names=None):
        self.metrics = []
        self._given, self._output_names = loss, output_names
        for one in _leaves(loss):
            if one is not None and not _is_crossentropy(one):
                losses_module.get(one)  # what is no loss is an error now, not at the first batch
        for weight in _leaves(loss_weights):
            if weight is not None and not isinstance(weight, Real):
                raise TypeError(
                    f"compile: loss_weights must be numbers, got {weight!r}. It is the third argument, metrics is "
                    "the fourth: write metrics=[...]"
                )
        self._given_weights = loss_weights
        self._loss = self._weight = None  # of a single output
        self._parts = None  # of several: [(place among the outputs, loss, weight, Mean), ...]

    def __call__(self, y, y_pred, sample_weight=None):
        """The loss of a batch, a scalar Tensor."""
        if y is None:
            raise ValueError("the loss needs targets; pass y, or a dataset of (x, y) pairs")
        if not isinstance(y_pred, Tensor):
            return self._of_several(y, y_pred, sample_weight)
        y, sample_weight = _only(y, "targets"), _only(sample_weight, "sample weights")
        value = self.resolve(y, y_pred)(y, y_pred, sample_weight=sample_weight)
        return value * self._weight if self._weight is not None else value

    def resolve(self, y, y_pred):
        """The Loss of a single output; which one 'crossentropy' means, the shapes of the first batch tell."""
        if self._loss is None:
            self._loss = _as_loss(_only(self._given, "losses"), y, y_pred)
            self._weight = _only(self._given_weights, "loss_weights")
        return self._loss

    def pairs(self, y, y_pred):
        """What is compared with what: [(place of the output, its name or None, Loss, targets, outputs), ...]."""
        if isinstance(y_pred, Tensor):
            y = _only(y, "targets")
            return [(0, None, self.resolve(y, y_pred), y, y_pred)]
        names, outputs, y = self._matched(y, y_pred)
        return [(place, names[place], loss, y[place], outputs[place]) for place, loss, _, _ in self._parts]

    def _matched(self, y, y_pred):
        """Names, outputs and targets of each of several outputs; the first batch tells what `_parts` are."""
        names, outputs = _outputs(y_pred, self._output_names, "losses")
        if self._parts is not None:
            return names, outputs, _targets(y, names, y_pred, [place for place, _, _, _ in self._parts])
        losses = _for_outputs(self._given, names, y_pred, "loss")
        places = [place for place, loss in enumerate(losses) if loss is not None]
        y = _targets(y, names, y_pred, places)
        weights = _for_outputs(self._given_weights, names, y_pred, "loss_weights")
        self._parts = []
        for place in places:
            loss = _as_loss(losses[place], y[place], outputs[place])
            name = names[place] if names[place] is not None else loss.name
            mean = metrics_module.Mean(name=f"{name}_loss") if len(places) > 1 else None
            self._parts.append((place, loss, weights[place], mean))
        self.metrics = [mean for _, _, _, mean in self._parts if mean is not None]
        return names, outputs, y

    def _of_several(self, y, y_pred, sample_weight):
        names, outputs, y = self._matched(y, y_pred)
        places = [place for place, _, _, _ in self._parts]
        sample_weights = _targets(sample_weight, names, y_pred, places, shared=True)
        total = None
        for place, loss, weight, mean in self._parts:
            value = loss(y[place], outputs[place], sample_weight=sample_weights[place])
            if mean is not None:  # before its weight is applied, as in Keras
                mean.update_state(float(value.data), sample_weight=len(outputs[place]))
            value = value * weight if weight is not None else value
            total = value if total is None else total + value
        return total


def _as_loss(given, y, y_pred):
    """A Loss from a name, a function or a Loss."""
    found = (losses_module.crossentropy_for(y.shape, y_pred.shape) if _is_crossentropy(given)
             else losses_module.get(given))
    return found if isinstance(found, losses_module.Loss) else losses_module.LossFunctionWrapper(found)


# --- several outputs ------------------------------------------------------------------------------------------------


def _leaves(given):
    if isinstance(given, list | tuple | dict):
        return [leaf for part in (given.values() if isinstance(given, dict) else given) for leaf in _leaves(part)]
    return [given]


def _only(given, what):
    """The one thing for the one output, which may stand in a list or dict."""
    while isinstance(given, (list, tuple, dict)):  # list | tuple | dict takes twice as long, in each step
        if len(given) != 1:
            raise ValueError(f"compile: {len(given)} {what} for a model with one output; give one")
        given = next(iter(given.values())) if isinstance(given, dict) else given[0]
    return given


def _outputs(y_pred, output_names, what):
    """(names, tensors) of a model's outputs; names are None where there are none."""
    tensors = flatten(y_pred) if isinstance(y_pred, list | tuple | dict) else [y_pred]
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"compile: {what} need a Tensor, but the model's call() returned "
                f"{'nothing' if tensor is None else type(tensor).__name__}"
            )
    names = list(y_pred) if isinstance(y_pred, dict) else output_names
    return names if names is not None and len(names) == len(tensors) else [None] * len(tensors), tensors


def _for_outputs(given, names, y_pred, what):
    """What was given for each output, in their order: one for all, a list, or a dict by name."""
    if not isinstance(given, list | tuple | dict):
        return [given] * len(names)
    if isinstance(given, dict):
        unknown = [key for key in given if key not in names]
        if unknown:
            raise ValueError(f"compile: {what} has {unknown}, but the model's outputs are named {names}")
        return [given.get(name) for name in names]
    if len(given) != len(names):
        raise ValueError(f"compile: {what} has {len(given)} entries, but the model has {len(names)} outputs {names}; "
                         "give one for each, or a dict by name")
    return list(given)


def _targets(given, names, y_pred, places, shared=False):
    """The targets (or sample weights) of each output, None where it has none.

    Args:
        given: In the structure of the outputs, or a dict by name; or only for the outputs at `places`.
        shared: One thing is meant for all outputs.
    """
    result = [None] * len(names)
    if isinstance(given, dict):
        missing = [names[place] for place in places if names[place] not in given]
        if missing and not shared:
            raise ValueError(f"the model's outputs are named {names}, but the targets are {list(given)}; missing: "
                             f"{missing}")
        return [given.get(name) for name in names]
    if shared and not isinstance(given, list | tuple):
        return [given] * len(names)
    leaves = flatten(given)
    if len(leaves) == len(names):
        return leaves
    if len(leaves) != len(places):
        raise ValueError(f"the model has {len(names)} outputs {names}, but there are {len(leaves)} targets; give one "
                         "for each, as a list in this order or as a dict by name")
    for place, leaf in zip(places, leaves, strict=True):
        result[place] = leaf
    return result


class CompiledMetrics:
    """The metrics of `compile`, under the names they have in `History`.

    Args:
        metrics: Names, Metric objects or functions; for several outputs a list with an entry for each, or a dict by
            name, whose entries are such lists.
        weighted_metrics: The same; these take account of sample weights.
        output_names: Of a model made of inputs and outputs.

    Attributes:
        of_several: Whether they belong to several outputs; each name then starts with the output's.
    """

    name = "compile_metrics"

    def __init__(self, metrics=None, weighted_metrics=None, output_names=None):
        self._given = metrics, weighted_metrics
        self._output_names = output_names
        self.of_several = False
        for one in _leaves(self._given):
            if not (one is None or _is_accuracy(one) or _is_crossentropy(one) or _is_metric_class(one)):
                metrics_module.get(one)  # what is no metric is an error now, not at the first batch
        self._built = None  # [(Metric, whether it is weighted, place of its output), ...]
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
            return [metric for metric, _, _ in self._built]
        given = [one for one in _leaves(self._given) if one is not None]
        return given if all(isinstance(one, metrics_module.Metric) for one in given) else [self]

    def result(self):
        """Results so far, by name."""
        return {self.name_of(metric): metric.result() for metric, _, _ in self._built or []}

    def update_state(self, y, y_pred, sample_weight=None):
        """Take account of one more batch."""
        if isinstance(y_pred, Tensor) and self._built is not None and not self.of_several:  # not the first batch
            y, sample_weight = _only(y, "targets"), _only(sample_weight, "sample weights")
            for metric, weighted, _ in self._built:
                metric.update_state(y, y_pred, sample_weight if weighted else None)
            return
        names, outputs, y = self._matched(y, y_pred)
        sample_weights = ([_only(sample_weight, "sample weights")] if isinstance(y_pred, Tensor) else
                          _targets(sample_weight, names, y_pred, range(len(names)), shared=True))
        for metric, weighted, place in self._built:
            metric.update_state(y[place], outputs[place], sample_weights[place] if weighted else None)

    def of_output(self, place, y, y_pred):
        """The Metrics of the output at a place, from a batch that tells which they are."""
        self._matched(y, y_pred)
        return [metric for metric, _, other in self._built if other == place]

    def _matched(self, y, y_pred):
        """Names, outputs and targets of each output."""
        if isinstance(y_pred, Tensor):
            names, outputs, y = [None], [y_pred], [_only(y, "targets")]
        else:
            names, outputs = _outputs(y_pred, self._output_names, "metrics")
            places = None if self._built is None else sorted({place for _, _, place in self._built})
            y = self._targets(y, names, y_pred, places)
        if self._built is None:
            self._build(names, outputs, y, y_pred)
        return names, outputs, y

    def _targets(self, y, names, y_pred, places):
        if places is None:
            wanted = [_of_each_output(given, names, y_pred) for given in self._given]
            places = [place for place in range(len(names)) if wanted[0][place] or wanted[1][place]]
        return _targets(y, names, y_pred, places)

    def _build(self, names, outputs, y, y_pred):
        self.of_several = len(outputs) > 1
        self._built, labels = [], []
        for given, weighted in zip(self._given, (False, True), strict=True):
            wanted = _of_each_output(given, names, y_pred) if self.of_several else [_leaves(given)]
            for place, some in enumerate(wanted):
                for one in some:
                    if one is None:
                        continue
                    metric = _as_metric(one, y[place], outputs[place])
                    self._built.append((metric, weighted, place))
                    labels.append((names[place] if self.of_several else None, metric.name, weighted))
        self._names = dict(zip(map(id, self.metrics), _distinct(labels), strict=True))

    def reset_state(self):
        """Start again."""
        for metric in self.metrics:
            if metric is not self:
                metric.reset_state()


def _of_each_output(given, names, y_pred):
    """The list of metrics of each of several outputs."""
    if given is None:
        return [[] for _ in names]
    if not isinstance(given, list | tuple | dict) or isinstance(given, list | tuple) and len(given) != len(names):
        raise ValueError(f"compile: the model has {len(names)} outputs {names}; metrics must be a list with an entry "
                         f"for each of them (a metric, a list of metrics, or None), or a dict by name. Got {given!r}")
    return [_leaves(some) if some is not None else [] for some in _for_outputs(given, names, y_pred, "metrics")]


def _distinct(labels):
    """Keras's names for metrics: out_mae for an output's; with equal ones mae, mae_1;
    weighted_mae where `weighted_metrics` repeats one of `metrics`.

    Args:
        labels: List of (output or None, name, weighted).
    """
    counts, result = {}, []
    for output, own, weighted in labels:
        prefix = f"{output}_" if output is not None else ""
        name = prefix + own
        if weighted and name in counts:
            name = f"{prefix}weighted_{own}"
        counts[name] = counts.get(name, 0) + 1
        result.append(name if counts[name] == 1 else f"{name}_{counts[name] - 1}")
    return result


def _is_accuracy(given):
    return isinstance(given, str) and given.lower() in ("accuracy", "acc")


def _is_crossentropy(given):
    return isinstance(given, str) and given.lower() in ("crossentropy", "ce")


def _is_metric_class(given):
    return isinstance(given, type) and issubclass(given, metrics_module.Metric)


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
        metric = metrics_module.MeanMetricWrapper(metric, name=getattr(metric, "name", None))  # a Loss has one
    if isinstance(given, str):
        metric.name = given
    elif not hasattr(given, "name"):
        metric.name = getattr(given, "__name__", None) or to_snake_case(type(given).__name__)
    return metric
