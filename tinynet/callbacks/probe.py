"""Probe: what the numbers inside a network look like while it is trained."""

import csv
import os

import numpy as np

from ..layers.base import Layer
from ..layers.context import call_context
from ..layers.core import InputLayer
from ..tensor import Tensor
from .base import Callback

KINDS = ("activation", "gradient", "weight")
STATISTICS = ("mean", "std", "min", "max", "zeros", "norm")


def statistics(values):
    """The numbers of `STATISTICS`, of an array: `zeros` is the share of zeros, `norm` the Euclidean length.

    >>> {name: float(value) for name, value in statistics(np.array([0.0, 3.0, 0.0, 4.0])).items() if name != "std"}
    {'mean': 1.75, 'min': 0.0, 'max': 4.0, 'zeros': 0.5, 'norm': 5.0}
    """
    values = np.asarray(values)
    if values.size == 0:
        return dict.fromkeys(STATISTICS, np.nan)
    with np.errstate(all="ignore"):  # a diverging model is looked at as well
        return {
            "mean": values.mean(dtype=np.float64), "std": values.std(dtype=np.float64), "min": values.min(),
            "max": values.max(), "zeros": 1 - np.count_nonzero(values) / values.size,
            "norm": np.sqrt(np.square(values, dtype=np.float64).sum()),
        }


def histogram(values, bins):
    """Counts and edges of the finite values; edges of NaN if there are none.

    >>> histogram(np.array([0.0, 1.0, 1.0, np.nan]), 2)
    (array([1, 2]), array([0. , 0.5, 1. ]))
    """
    values = values[np.isfinite(values)].astype(np.float64)
    if not values.size:
        return np.zeros(bins, np.int64), np.full(bins + 1, np.nan)
    low, high = values.min(), values.max()
    size = max(abs(low), abs(high))
    if high - low <= 1e-6 * size:  # all equal, or too near to each other for edges between them
        low, high = low - 0.5 * max(size, 1), high + 0.5 * max(size, 1)
    return np.histogram(values, bins, (low, high))


class Series:
    """What was seen of one layer's activations, gradients or weights.

    Attributes:
        steps: The training steps (batches since the first `fit` began, from 0) that were looked at; array.
        mean, std, min, max, zeros, norm: Arrays as long.
        counts, edges: Histograms, shapes (samples, bins) and (samples, bins + 1).
    """

    def __init__(self):
        self._rows, self._counts, self._edges, self._steps = [], [], [], []

    def _append(self, step, values, bins):
        row = statistics(values)
        self._steps.append(step)
        self._rows.append([row[name] for name in STATISTICS])
        counts, edges = histogram(values, bins)
        self._counts.append(counts)
        self._edges.append(edges)
        return row

    @property
    def steps(self):
        return np.array(self._steps, np.int64)

    @property
    def counts(self):
        return np.array(self._counts)

    @property
    def edges(self):
        return np.array(self._edges)

    def __getattr__(self, name):
        if name not in STATISTICS:
            raise AttributeError(f"a probe's series has {', '.join(('steps', *STATISTICS, 'counts', 'edges'))}; "
                                 f"not {name!r}")
        return np.array([row[STATISTICS.index(name)] for row in self._rows])

    def __len__(self):
        return len(self._steps)


class Probe(Callback):
    """Look at activations, gradients and weights of each layer while the model is trained.

    Looking changes nothing: the training is the same, to the last bit, with and without. Between the looks it costs
    nothing; a look costs about as much as the batch it looks at.

    Args:
        layers: Names of layers, or layers, to look at; all that hold no other layers if None.
        what: Of "activation" (the layer's output), "gradient" (of the loss with respect to its weights) and "weight"
            (before the step).
        every: Look at every so many-th batch; or "epoch": at the first batch of each epoch.
        bins: Of the histograms.
        csv: Path of a file to write the numbers to as well, a line a look, layer and kind.

    >>> probe = Probe(every=100)
    >>> # model.fit(x, y, callbacks=[probe])
    >>> # probe["dense", "gradient"].norm
    """

    def __init__(self, layers=None, what=KINDS, every=100, bins=30, csv=None):
        super().__init__()
        self.what = (what,) if isinstance(what, str) else tuple(what)
        unknown = [kind for kind in self.what if kind not in KINDS]
        if unknown or not self.what:
            raise ValueError(f"Probe: what must be of {', '.join(map(repr, KINDS))}, got {what!r}")
        if every != "epoch" and (isinstance(every, bool) or not isinstance(every, int) or every < 1):
            raise ValueError(f"Probe: every must be a number of batches or 'epoch', got {every!r}")
        self.layers = [layers] if isinstance(layers, str | Layer) else layers
        self.every = every
        self.bins = bins
        self.csv = csv
        self.series = {}  # {(layer's name, kind): Series}
        self._step = -1
        self._chosen = None
        self._looking = False
        self._file = self._writer = None

    def __getitem__(self, key):
        if key not in self.series:
            seen = ", ".join(map(str, self.series)) or "nothing yet; was `fit` called with the probe?"
            raise KeyError(f"the probe has seen no {key!r}; there are: {seen}")
        return self.series[key]

    # -- hooks ---------------------------------------------------------------------------------------------------------

    def on_train_begin(self, logs=None):
        self._chosen = None
        if self.csv is not None:
            path = os.path.expanduser(os.fspath(self.csv))
            self._file = open(path, "w", newline="", encoding="utf-8")  # noqa: SIM115, closed by on_train_end
            self._writer = csv.writer(self._file, lineterminator="\n")
            self._writer.writerow(["step", "layer", "what", *STATISTICS])

    def on_train_batch_begin(self, batch, logs=None):
        self._step += 1
        if batch if self.every == "epoch" else self._step % self.every:
            return
        if self._chosen is None or not self.model.built:
            self._chosen = self._choose()
        self._looking = True
        if "weight" in self.what:
            for layer in self._chosen:
                self._record_variables(layer, "weight", [variable.data for variable in layer._own_trainable])
        if "activation" in self.what:
            call_context().watch = self._see_output
        if "gradient" in self.what:
            self.model.optimizer.watch = self._see_gradients

    def on_train_batch_end(self, batch, logs=None):
        if self._looking:
            self._look_away()

    def on_train_end(self, logs=None):
        self._look_away()
        if self._file is not None:
            self._file.close()
        self._file = self._writer = None

    # A callback that evaluates or predicts within a batch is not the training.
    def on_test_begin(self, logs=None):
        self._look_away()

    def on_predict_begin(self, logs=None):
        self._look_away()

    def _look_away(self):
        self._looking = False
        call_context().watch = None
        if self.model.optimizer is not None:
            self.model.optimizer.watch = None

    # -- looking -------------------------------------------------------------------------------------------------------

    def _choose(self):
        """The layers to look at."""
        there = [layer for layer in self.model._flatten_layers()
                 if layer is not self.model and not isinstance(layer, InputLayer)]
        if self.layers is None:
            return [layer for layer in there if not layer._sublayers()]
        chosen = []
        for wanted in self.layers:
            found = [layer for layer in there if layer is wanted or layer.name == wanted]
            if not found:
                raise ValueError(f"Probe: the model has no layer {wanted!r}. Layers: {[layer.name for layer in there]}")
            chosen += found
        return chosen

    def _see_output(self, layer, output):
        if not any(layer is one for one in self._chosen):
            return
        for part in output if isinstance(output, list | tuple) else [output]:
            if isinstance(part, Tensor) and part.data.dtype.kind == "f":
                self._record(layer, "activation", part.data)

    def _see_gradients(self, gradients, variables):
        by_variable = {id(variable): gradient for gradient, variable in zip(gradients, variables, strict=True)}
        for layer in self._chosen:
            own = [by_variable.get(id(variable)) for variable in layer._own_trainable]
            self._record_variables(layer, "gradient", [np.asarray(one) for one in own if one is not None])

    def _record_variables(self, layer, kind, arrays):
        """A layer's kernel and bias are looked at together."""
        if arrays:
            self._record(layer, kind, np.concatenate([array.reshape(-1) for array in arrays]))

    def _record(self, layer, kind, values):
        series = self.series.setdefault((layer.name, kind), Series())
        row = series._append(self._step, values, self.bins)
        if self._writer is not None:
            self._writer.writerow([self._step, layer.name, kind, *(f"{row[name]:.7g}" for name in STATISTICS)])
            self._file.flush()

    def summary(self, print_fn=print):
        """Print a table of the last look: a line a layer and kind.

        Args:
            print_fn: Called with each line.
        """
        if not self.series:
            print_fn("Probe: nothing was looked at yet")
            return
        width = max(len(name) for name, _ in self.series)
        print_fn(f"{'layer':<{width}}  {'what':<10}  {'step':>6}" + "".join(f"  {name:>10}" for name in STATISTICS))
        for kind in self.what:
            for (name, its_kind), series in self.series.items():
                if its_kind == kind:
                    numbers = "".join(f"  {getattr(series, statistic)[-1]:>10.3g}" for statistic in STATISTICS)
                    print_fn(f"{name:<{width}}  {kind:<10}  {series.steps[-1]:>6}{numbers}")
