"""Probe: what the numbers inside a network look like while it is trained."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from ..layers.base import Layer
from ..layers.context import call_context
from ..layers.core import InputLayer
from ..tensor import Tensor
from .base import Callback, Logs

KINDS = ("activation", "gradient", "weight")
STATISTICS = ("mean", "std", "min", "max", "zeros", "norm")


def statistics(values: Any) -> dict[str, Any]:
    """The numbers of `STATISTICS`, of an array.

    Args:
        values: Array of any shape.

    Returns:
        {name: number}: `zeros` is the fraction of zeros, `norm` the Euclidean length; all NaN for an empty array.

    >>> {name: float(value) for name, value in statistics(np.array([0.0, 3.0, 0.0, 4.0])).items() if name != "std"}
    {'mean': 1.75, 'min': 0.0, 'max': 4.0, 'zeros': 0.5, 'norm': 5.0}
    """
    values = np.asarray(values)
    if values.size == 0:
        return dict.fromkeys(STATISTICS, np.nan)
    with np.errstate(all="ignore"):  # the numbers of a diverging model are recorded as well
        return {
            "mean": values.mean(dtype=np.float64), "std": values.std(dtype=np.float64), "min": values.min(),
            "max": values.max(), "zeros": 1 - np.count_nonzero(values) / values.size,
            "norm": np.sqrt(np.square(values, dtype=np.float64).sum()),
        }


def histogram(values: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """How often the finite values fall into equal intervals.

    Args:
        values: Array of any shape.
        bins: Number of intervals.

    Returns:
        (counts, edges), shapes (bins,) and (bins + 1,); edges of NaN if there are no finite values.

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
    """What a Probe has recorded of one layer's activations, gradients or weights.

    Attributes:
        steps: The training steps (batches since the first `fit` began, from 0) that were recorded; array.
        mean, std, min, max, zeros, norm: Arrays as long.
        counts, edges: Histograms, shapes (samples, bins) and (samples, bins + 1).
    """

    def __init__(self) -> None:
        self._rows: list[list[Any]] = []
        self._counts: list[np.ndarray] = []
        self._edges: list[np.ndarray] = []
        self._steps: list[int] = []

    def _append(self, step: int, values: np.ndarray, bins: int) -> dict[str, Any]:
        row = statistics(values)
        self._steps.append(step)
        self._rows.append([row[name] for name in STATISTICS])
        counts, edges = histogram(values, bins)
        self._counts.append(counts)
        self._edges.append(edges)
        return row

    @property
    def steps(self) -> np.ndarray:
        """The training steps that were recorded."""
        return np.array(self._steps, np.int64)

    @property
    def counts(self) -> np.ndarray:
        """Counts of the histograms, shape (samples, bins)."""
        return np.array(self._counts)

    @property
    def edges(self) -> np.ndarray:
        """Edges of the histograms, shape (samples, bins + 1)."""
        return np.array(self._edges)

    def __getattr__(self, name: str) -> np.ndarray:
        if name not in STATISTICS:
            raise AttributeError(f"a probe's series has {', '.join(('steps', *STATISTICS, 'counts', 'edges'))}; "
                                 f"not {name!r}")
        return np.array([row[STATISTICS.index(name)] for row in self._rows])

    def __len__(self) -> int:
        return len(self._steps)


class Probe(Callback):
    """Record activations, gradients and weights of each layer while the model is trained.

    Recording changes nothing: the training is the same, to the last bit, with and without. A batch that is recorded
    takes about twice its time; the others cost nothing.

    Args:
        layers: Names of layers, or layers, to record; all that hold no other layers if None.
        what: Of "activation" (the layer's output), "gradient" (of the loss with respect to its weights) and "weight"
            (before the step).
        every: Record every so many-th batch; or "epoch": the first batch of each epoch.
        bins: Number of intervals of the histograms.
        csv: Path of a file to write the numbers to as well, a line for each batch, layer and kind.

    Attributes:
        series: {(layer's name, kind): Series}.

    Raises:
        ValueError: another kind or another `every`; in training, a layer that the model has not.

    >>> model = Sequential([tn.Input((1,)), Dense(3, name="hidden"), Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> x = np.arange(8.0).reshape(8, 1)
    >>> probe = Probe(every=2)
    >>> history = model.fit(x, x, batch_size=2, epochs=2, verbose=0, callbacks=[probe])
    >>> probe["hidden", "gradient"].norm.shape  # of every second of eight batches
    (4,)
    """

    first_process_only = True

    def __init__(self, layers: Any = None, what: str | tuple[str, ...] = KINDS, every: int | str = 100, bins: int = 30,
                 csv: str | os.PathLike | None = None) -> None:
        super().__init__()
        self.what = (what,) if isinstance(what, str) else tuple(what)
        unknown = [kind for kind in self.what if kind not in KINDS]
        if unknown or not self.what:
            raise ValueError(f"Probe: what must be of {', '.join(map(repr, KINDS))}, got {what!r}")
        if every != "epoch" and (isinstance(every, bool) or not isinstance(every, int) or every < 1):
            raise ValueError(f"Probe: every must be a number of batches or 'epoch', got {every!r}")
        self.layers = [layers] if isinstance(layers, str | Layer) else layers
        self.every: Any = every
        self.bins = bins
        self.csv = csv
        self.series: dict[tuple[str, str], Series] = {}
        self._step = -1
        self._chosen: Any = None  # the layers to record; None until the first batch
        self._watching = False
        self._file: Any = None
        self._writer: Any = None

    @property
    def needs_exact_state(self) -> bool:
        """True: it records the augmentation layers' outputs, too, which they must compute within the step."""
        return True

    def __getitem__(self, key: tuple[str, str]) -> Series:
        if key not in self.series:
            seen = ", ".join(map(str, self.series)) or "nothing yet; was `fit` called with the probe?"
            raise KeyError(f"the probe has seen no {key!r}; there are: {seen}")
        return self.series[key]

    # -- hooks ---------------------------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Open the CSV file."""
        import csv  # late

        self._chosen = None
        if self.csv is not None:
            path = os.path.expanduser(os.fspath(self.csv))
            self._file = open(path, "w", newline="", encoding="utf-8")  # noqa: SIM115, closed by on_train_end
            self._writer = csv.writer(self._file, lineterminator="\n")
            self._writer.writerow(["step", "layer", "what", *STATISTICS])

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Record the weights, and begin to watch, if it is this batch's turn."""
        self._step += 1
        if batch if self.every == "epoch" else self._step % self.every:
            return
        if self._chosen is None or not self.model.built:
            self._chosen = self._choose()
        self._watching = True
        if "weight" in self.what:
            for layer in self._chosen:
                self._record_variables(layer, "weight", [variable.data for variable in layer._own_trainable])
        if "activation" in self.what:
            call_context().watch = self._record_output
        if "gradient" in self.what:
            self.model.optimizer.watch = self._record_gradients

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Watch no longer."""
        if self._watching:
            self._stop_watching()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the CSV file."""
        self._stop_watching()
        if self._file is not None:
            self._file.close()
        self._file = self._writer = None

    # A callback that evaluates or predicts within a batch is not the training.
    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Watch no longer."""
        self._stop_watching()

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Watch no longer."""
        self._stop_watching()

    def _stop_watching(self) -> None:
        self._watching = False
        call_context().watch = None
        if self.model.optimizer is not None:
            self.model.optimizer.watch = None

    # -- recording -----------------------------------------------------------------------------------------------------

    def _choose(self) -> list[Layer]:
        """The layers to record."""
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

    def _record_output(self, layer: Layer, output: Any) -> None:
        if not any(layer is one for one in self._chosen):
            return
        for part in output if isinstance(output, list | tuple) else [output]:
            if isinstance(part, Tensor) and part.data.dtype.kind == "f":
                self._record(layer, "activation", part.data)

    def _record_gradients(self, gradients: Any, variables: Any) -> None:
        by_variable = {id(variable): gradient for gradient, variable in zip(gradients, variables, strict=True)}
        for layer in self._chosen:
            own = [by_variable.get(id(variable)) for variable in layer._own_trainable]
            self._record_variables(layer, "gradient", [np.asarray(one) for one in own if one is not None])

    def _record_variables(self, layer: Layer, kind: str, arrays: list[np.ndarray]) -> None:
        """Record a layer's kernel and bias together."""
        if arrays:
            self._record(layer, kind, np.concatenate([array.reshape(-1) for array in arrays]))

    def _record(self, layer: Layer, kind: str, values: np.ndarray) -> None:
        series = self.series.setdefault((layer.name, kind), Series())
        row = series._append(self._step, values, self.bins)
        if self._writer is not None:
            self._writer.writerow([self._step, layer.name, kind, *(f"{row[name]:.7g}" for name in STATISTICS)])
            self._file.flush()

    def summary(self, print_fn: Callable[[str], Any] = print) -> None:
        """Print a table of what was recorded last: a line for each layer and kind.

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
