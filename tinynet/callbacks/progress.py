"""The progress bar of fit, evaluate and predict."""

from ..utils.progbar import Progbar
from .base import Callback


class ProgbarLogger(Callback):
    """Shows a bar for each epoch (verbose=1), or a line (verbose=2)."""

    takes_lazy_logs = True

    def __init__(self):
        super().__init__()
        self._bar = None
        self._seen = 0
        self._in_fit = False

    def set_params(self, params):
        super().set_params(params)
        self._verbose = params.get("verbose", 1)
        self._epochs = params.get("epochs", 1)
        self._target = params.get("steps")

    def on_train_begin(self, logs=None):
        self._in_fit = True

    def on_epoch_begin(self, epoch, logs=None):
        self._start()
        if self._verbose and self._epochs > 1:
            print(f"Epoch {epoch + 1}/{self._epochs}")

    def on_train_batch_end(self, batch, logs=None):
        self._show(batch, logs)

    def on_epoch_end(self, epoch, logs=None):
        self._finish(logs)

    def on_test_begin(self, logs=None):
        if not self._in_fit:
            self._start()

    def on_test_batch_end(self, batch, logs=None):
        if not self._in_fit:
            self._show(batch, logs)

    def on_test_end(self, logs=None):
        if not self._in_fit:
            self._finish(logs)

    def on_predict_begin(self, logs=None):
        self._start()

    def on_predict_batch_end(self, batch, logs=None):
        self._show(batch, dict)

    def on_predict_end(self, logs=None):
        self._finish({})

    def _start(self):
        self._seen = 0
        self._bar = Progbar(self._target, verbose=self._verbose, stateless_metrics=())

    def _show(self, batch, make_logs):
        self._seen = batch + 1
        if self._verbose == 1 and self._bar.is_due():
            self._bar.update(self._seen, list(make_logs().items()), finalize=False)

    def _finish(self, logs):
        if self._target is None:
            self._target = self._bar.target = self._seen
        self._bar.update(self._target, list((logs or {}).items()), finalize=True)
