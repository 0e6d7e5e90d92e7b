"""Lab: watch a model in the browser while `fit` trains it; hold it, let single batches through, stop it."""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from ..layers.base import Layer
from ..layers.context import call_context
from ..layers.core import InputLayer
from ..shares import process
from ..tensor import Tensor
from .base import Callback, Logs
from .probe import histogram, statistics

SHARE = 0.05  # of the time of training that watching may take, while a page is open
BINS = 32
SAMPLES = 120  # samples of the past that are kept for each layer
EXAMPLES = 256  # samples that the confusion matrix counts
MAPS = 16  # feature maps of the chosen layer
KINDS = ("activation", "gradient", "weight")


class Lab(Callback):
    """Open the lab's page on the model that `fit` trains: graph, losses, histograms of each layer, worst mistakes.

    While no page is open it costs nothing. With a browser open, single batches are looked into, which takes about twice
    their time: as many as 5% of the time of training allow. The training is the same, to the last bit.

    Where several processes train the model, the first one has the page. Losses, metrics and gradients on it are those
    of the whole batch; activations and feature maps are those of the first process's samples.

    Args:
        open_browser: Whether to open the page in the browser; its link is printed in any case.
        port: The first port to try on this machine; 0 for any.

    Raises:
        ModuleNotFoundError: the extra `lab` is not installed; when `fit` begins.

    >>> model = Sequential([tn.Input((1,)), Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> x = np.array([[1.0], [2.0]])
    >>> history = model.fit(x, x, epochs=2, verbose=0, callbacks=[Lab(open_browser=False, port=0)])
    tinynet lab: http://127.0.0.1:.../?token=...#/model
    """

    first_process_only = True

    # What opens the page: a function of (lab, port, open_browser) that returns the link. The package sets it, since the
    # server stands in a higher room.
    opener: Callable[[Any, int, bool], str]
    takes_lazy_logs = True  # the loss is put together only for the batches that are looked into
    comes_last = True  # after a Probe, which watches the same batch

    def __init__(self, open_browser: bool = True, port: int = 8707) -> None:
        super().__init__()
        self.open_browser, self.port = open_browser, port
        self.link: str | None = None
        self.version = 0  # grows with each sample
        self.step = 0  # batches since the first `fit` began
        self.epoch = 0
        self.training = False
        self.epoch_logs: list[Logs] = []
        self.samples: dict[tuple[str, str], deque] = {}
        self.running: deque[tuple[int, float]] = deque(maxlen=600)  # (step, loss so far in its epoch)
        self.maps: np.ndarray | None = None  # (height, width, maps) of the first sample in the batch
        self.maps_of = ""  # the layer that made them
        self.chosen = ""  # the layer whose maps are kept
        self.report: dict[str, Any] | None = None
        self.step_seconds = float("nan")
        self.strategy: Any = None  # the DataParallel, where several processes train the model
        self._gate = threading.Condition()
        self._held = False
        self._let_through = 0
        self._wanted = False
        self._watching = False
        self._own_seconds = self._began = 0.0
        self._last_begin: tuple[int, float] | None = None

    # -- what the page asks for, in its own thread -------------------------------------------------------------------

    def set_model(self, model: Any) -> None:
        """Take the model. It is not kept alive: a notebook makes many, and the page stays open.

        Args:
            model: The model that is trained.
        """
        self._model = weakref.ref(model)

    @property
    def model(self) -> Any:
        """The model that is watched; None before, and once nobody else has it any more."""
        return self._model and self._model()

    def open(self) -> str:
        """Start the server if it does not run yet, show this model on its page, and return the page's link.

        Of several processes that train one model, the first does so; on the others the link is an empty text.
        """
        if not process.writes:
            self.link = ""
            return self.link
        self.link = type(self).opener(self, self.port, self.open_browser)
        print(f"tinynet lab: {self.link}", flush=True)
        return self.link

    def want(self) -> None:
        """Ask for a sample of the next batch."""
        self._wanted = True

    def hold(self) -> None:
        """Hold the training before its next batch."""
        self._held = True

    def go_on(self) -> None:
        """Let the training go on."""
        with self._gate:
            self._held = False
            self._gate.notify_all()

    def let_one_through(self) -> None:
        """Let one batch be trained on, and hold again."""
        with self._gate:
            self._held = True
            self._let_through += 1
            self._gate.notify_all()

    def stop(self) -> None:
        """End the training after its present batch, as `model.stop_training` does."""
        model = self.model
        if model is not None:
            model.stop_training = True
        self.go_on()

    @property
    def held(self) -> bool:
        """Whether the training waits."""
        return self._held

    # -- hooks, in the thread of `fit` -------------------------------------------------------------------------------

    @property
    def needs_exact_state(self) -> bool:
        """True: it looks at the augmentation layers' outputs, too, which they must compute within the step."""
        return True

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Open the page, or show this model on it."""
        if self.link is None:
            self.open()
        else:
            self.link = type(self).opener(self, self.port, False)
        group = self._group()
        self.strategy = None if group is None else group.strategy
        self.training = True
        self._own_seconds, self._began, self._last_begin = 0.0, time.perf_counter(), None
        self.version += 1

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Note the epoch."""
        self.epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Wait while the training is held; look into this batch if the page wants a sample and there is time for it."""
        if self._held:
            self._wait()
        self.step += 1
        if self._wanted:
            self._begin_sample()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Keep what was seen of the batch, if it was looked into."""
        if self._watching:
            self._end_sample(logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Watch no longer."""
        self._end()

    def set_training_run(self, training_run: Any) -> None:
        """Take the run; without one, the training has ended, be it by an error or by Ctrl-C.

        Args:
            training_run: A `tinynet.models.run.TrainingRun`; None at the end.
        """
        super().set_training_run(training_run)
        if training_run is None:
            self._end()

    def _end(self) -> None:
        self._stop_watching()
        self.training = False
        self._held, self._let_through = False, 0  # or the next `fit` would wait, perhaps with no page to let it go on
        self.version += 1

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Keep the results; count mistakes if a page is open."""
        rate = float(self.model.optimizer.learning_rate)
        self.epoch_logs.append({**(logs or {}), "learning_rate": rate})
        if self._wanted or self.report is None and self.version:
            began = time.perf_counter()
            self.report = self._count_mistakes()
            self._own_seconds += time.perf_counter() - began
        self.version += 1

    # A callback that evaluates or predicts within a batch is not the training.
    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Watch no longer."""
        self._stop_watching()

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Watch no longer."""
        self._stop_watching()

    def _stop_watching(self) -> None:
        if not self._watching:
            return
        self._watching = False
        call_context().watch = None
        if self.model is not None and self.model.optimizer is not None:
            self.model.optimizer.watch = None

    def _group(self) -> Any:
        """What `fit` does in addition where several processes train the model; None where one does."""
        return self.training_run.training.group if self.training_run is not None else None

    def _wait(self) -> None:
        self.version += 1
        group = self._group()
        with self._gate:
            while self._held and not self._let_through and not self.model.stop_training:
                if group is not None and not group.goes_on_waiting():
                    break
                self._gate.wait(0.2)  # so that Ctrl-C gets through
            self._let_through = max(self._let_through - 1, 0)
        self._last_begin = None
        self._began = time.perf_counter() - self._own_seconds / SHARE  # waiting is no training

    def _begin_sample(self) -> None:
        now = time.perf_counter()
        if self._last_begin is not None and self.step > self._last_begin[0]:
            self.step_seconds = (now - self._last_begin[1]) / (self.step - self._last_begin[0])
        if not self._held and self._own_seconds > SHARE * (now - self._began):
            return
        self._wanted = False
        self._watching = True
        self._fresh: dict[tuple[str, str], dict[str, Any]] = {}
        for layer in self._layers():
            self._note(layer, "weight", [variable.data for variable in layer._own_trainable])
        context, optimizer = call_context(), self.model.optimizer
        context.watch = _both(context.watch, self._note_output)
        optimizer.watch = _both(optimizer.watch, self._note_gradients)
        self._own_seconds += time.perf_counter() - now

    def _end_sample(self, make_logs: Callable[[], Logs]) -> None:
        began = time.perf_counter()
        self._stop_watching()
        for key, value in self._fresh.items():
            self.samples.setdefault(key, deque(maxlen=SAMPLES)).append(value)
        self.running.append((self.step, float(make_logs().get("loss", np.nan))))
        # The batch that was looked into took longer by about its own time.
        if np.isfinite(self.step_seconds):
            self._own_seconds += self.step_seconds
        self._last_begin = (self.step + 1, time.perf_counter())  # the next batch begins
        self._own_seconds += time.perf_counter() - began
        self.version += 1

    def _layers(self) -> list[Layer]:
        return [layer for layer in self.model._flatten_layers()
                if layer is not self.model and not isinstance(layer, InputLayer) and not layer._sublayers()]

    def _note_output(self, layer: Layer, output: Any) -> None:
        if isinstance(output, Tensor) and output.data.dtype.kind == "f" and not layer._sublayers():
            self._note(layer, "activation", [output.data])
            if layer.name == self.chosen and output.data.ndim == 4:
                self.maps, self.maps_of = np.array(output.data[0, :, :, :MAPS], np.float32), layer.name

    def _note_gradients(self, gradients: Any, variables: Any) -> None:
        by_variable = {id(variable): gradient for gradient, variable in zip(gradients, variables, strict=True)}
        for layer in self._layers():
            found = [by_variable.get(id(variable)) for variable in layer._own_trainable]
            self._note(layer, "gradient", [np.asarray(one) for one in found if one is not None])

    def _note(self, layer: Layer, kind: str, arrays: list[np.ndarray]) -> None:
        if not arrays:
            return
        # 20,000 values are enough for a picture: every so many-th of a large array.
        values = np.concatenate([array.reshape(-1)[:: max(1, array.size // 20_000)] for array in arrays])
        counts, edges = histogram(values, BINS)
        self._fresh[layer.name, kind] = {**statistics(values), "counts": counts, "low": edges[0], "high": edges[-1]}

    def _count_mistakes(self) -> dict[str, Any] | None:
        """Confusion matrix and worst mistakes on validation data, else on training data; None if it has no classes."""
        run = self.training_run
        epochs = (run.validation or run.training) if run is not None else None
        batches = getattr(epochs, "batches", None)
        x, y = getattr(batches, "x", None), getattr(batches, "y", None)
        if not isinstance(x, np.ndarray) or not isinstance(y, np.ndarray) or len(x) != len(y):
            return None
        x, y = x[:EXAMPLES], y[:EXAMPLES]
        output = self.model(x, training=False)
        if not isinstance(output, Tensor) or output.data.ndim != 2 or output.data.shape[1] < 2:
            return None
        scores = output.data
        labels, classes = _labels(y, scores.shape), scores.shape[1]
        if labels is None or labels.min() < 0 or labels.max() >= classes or classes > 100:
            return None
        predicted = scores.argmax(1)
        confusion = np.zeros((classes, classes), np.int32)
        np.add.at(confusion, (labels, predicted), 1)
        probabilities = scores
        if (scores < 0).any() or abs(scores.sum(1) - 1).max() > 1e-3:  # logits
            with np.errstate(all="ignore"):  # of a diverged model they are NaN
                probabilities = np.exp(scores - scores.max(1, keepdims=True))
                probabilities /= probabilities.sum(1, keepdims=True)
        wrong = np.flatnonzero(predicted != labels)
        worst = wrong[np.argsort(probabilities[wrong, labels[wrong]], kind="stable")[:12]]
        return {"confusion": confusion, "of": "validation" if run.validation else "training", "count": len(labels),
                "worst": [{"label": int(labels[i]), "predicted": int(predicted[i]),
                           "probability": float(probabilities[i, predicted[i]]), "picture": _as_picture(x[i])}
                          for i in worst]}


def _both(first: Callable[..., None] | None, second: Callable[..., None]) -> Callable[..., None]:
    """A watcher that calls the one that there is, and another one."""
    if first is None:
        return second

    def watch(*arguments: Any) -> None:
        first(*arguments)
        second(*arguments)

    return watch


def _labels(y: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """The classes that targets stand for: numbers, or rows whose sum is 1; None for targets of another kind."""
    if y.dtype.kind not in "biuf":
        return None
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim == 2 and y.shape == shape and (y >= 0).all() and abs(y.sum(1) - 1).max() < 1e-3:
        return y.argmax(1)
    return y.astype(int) if y.ndim == 1 and np.array_equal(y, np.round(y)) else None


def _as_picture(x: np.ndarray) -> np.ndarray | None:
    """A sample as bytes, (height, width, 1 or 3); None if it is no picture."""
    x = x[..., None] if x.ndim == 2 else x
    if x.ndim != 3 or x.shape[2] not in (1, 3) or max(x.shape[:2]) > 128:
        return None
    low, high = float(x.min()), float(x.max())
    return ((x - low) * (255 / (high - low or 1))).astype(np.uint8)


# The models on which the lab was opened with `model.lab()`: each `fit` of theirs is watched.
watched: weakref.WeakKeyDictionary[Any, Lab] = weakref.WeakKeyDictionary()
