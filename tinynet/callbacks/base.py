"""Callback, the hooks of the training loop, and the list that calls them."""


class Callback:
    """Override the hooks you need; `self.model` and `self.params` are set before training starts.

    `logs` holds the loss and the metrics so far, by name. Setting `self.model.stop_training = True` ends training.
    """

    takes_lazy_logs = False  # True: batch hooks get a function that makes the logs, and call it when they need them
    resumed_attributes = ()  # names of the attributes that BackupAndRestore keeps: numbers, strings, lists of arrays
    comes_last = False  # True: called after all others, to see what they have done

    def __init__(self):
        self.params = None
        self._model = None

    @property
    def model(self):
        """The model that is trained; None before."""
        return self._model

    def set_params(self, params):
        """What the loop tells of itself: epochs, steps, verbosity."""
        self.params = params

    def set_model(self, model):
        """The model that is trained."""
        self._model = model

    def on_epoch_begin(self, epoch, logs=None):
        """Before each epoch of training."""

    def on_epoch_end(self, epoch, logs=None):
        """After each epoch, with the validation results under `val_` names."""

    def on_train_batch_begin(self, batch, logs=None):
        """Before each training batch."""

    def on_train_batch_end(self, batch, logs=None):
        """After each training batch."""

    # tf.keras calls these two for training batches as well
    def on_batch_begin(self, batch, logs=None):
        """An older name of on_train_batch_begin."""

    def on_batch_end(self, batch, logs=None):
        """An older name of on_train_batch_end."""

    def on_test_batch_begin(self, batch, logs=None):
        """Before each batch of `evaluate`, and of validation."""

    def on_test_batch_end(self, batch, logs=None):
        """After each batch of `evaluate`, and of validation."""

    def on_predict_batch_begin(self, batch, logs=None):
        """Before each batch of `predict`."""

    def on_predict_batch_end(self, batch, logs=None):
        """After each batch of `predict`."""

    def on_train_begin(self, logs=None):
        """When `fit` starts."""

    def on_train_end(self, logs=None):
        """When `fit` ends."""

    def on_test_begin(self, logs=None):
        """When `evaluate`, or a validation, starts."""

    def on_test_end(self, logs=None):
        """When `evaluate`, or a validation, ends."""

    def on_predict_begin(self, logs=None):
        """When `predict` starts."""

    def on_predict_end(self, logs=None):
        """When `predict` ends."""


def _defining(callbacks, *hooks):
    """(callback, bound method) for those that override one of the hooks. The others cost nothing per batch."""
    return [
        (callback, getattr(callback, hook))
        for callback in callbacks
        for hook in hooks
        if getattr(type(callback), hook, None) is not getattr(Callback, hook) or hook in vars(callback)
    ]


class CallbackList:
    """Calls each hook of several callbacks in turn.

    Args:
        callbacks: List of Callback objects.
        add_history: Put a History among them, and set `model.history` to it.
        add_progbar: Put a ProgbarLogger among them.
        model: Told to each of them.
        params: Told to each of them (verbose, epochs, steps).
    """

    def __init__(self, callbacks=None, add_history=False, add_progbar=False, model=None, **params):
        from .history import History
        from .progress import ProgbarLogger

        self.callbacks = (
            list(callbacks) if isinstance(callbacks, list | tuple) else [] if callbacks is None else [callbacks]
        )
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(
                    f"callbacks: expected Callback objects, got {callback!r}"
                    + (" (a class: add parentheses)" if isinstance(callback, type) else "")
                )
        if add_progbar and not any(isinstance(callback, ProgbarLogger) for callback in self.callbacks):
            self.callbacks.append(ProgbarLogger())
        self._history = next((callback for callback in self.callbacks if isinstance(callback, History)), None)
        if add_history and self._history is None:
            self._history = History()
            self.callbacks.append(self._history)
        self.callbacks.sort(key=lambda callback: callback.comes_last)  # stable: the others keep their order
        if model is not None:
            self.set_model(model)
        self.set_params(params)
        self._batch_begin = {kind: _defining(self.callbacks, *_BATCH_HOOKS[kind, "begin"])
                             for kind in ("train", "test", "predict")}
        self._batch_end = {kind: _defining(self.callbacks, *_BATCH_HOOKS[kind, "end"])
                           for kind in ("train", "test", "predict")}

    def append(self, callback):
        """Add one more."""
        self.callbacks.append(callback)

    def set_params(self, params):
        """Pass the parameters on to all callbacks."""
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model):
        """Pass the model on to all callbacks."""
        model._callbacks = self.callbacks
        if self._history is not None:
            model.history = self._history
        for callback in self.callbacks:
            callback.set_model(model)

    def _each(self, hook, *args):
        for callback in self.callbacks:
            getattr(callback, hook)(*args)

    def on_train_begin(self, logs=None):
        """Tell all callbacks that `fit` starts."""
        self._each("on_train_begin", logs or {})

    def on_train_end(self, logs=None):
        """Tell all callbacks that `fit` ends."""
        self._each("on_train_end", logs or {})

    def on_test_begin(self, logs=None):
        """Tell all callbacks that `evaluate` starts."""
        self._each("on_test_begin", logs or {})

    def on_test_end(self, logs=None):
        """Tell all callbacks that `evaluate` ends."""
        self._each("on_test_end", logs or {})

    def on_predict_begin(self, logs=None):
        """Tell all callbacks that `predict` starts."""
        self._each("on_predict_begin", logs or {})

    def on_predict_end(self, logs=None):
        """Tell all callbacks that `predict` ends."""
        self._each("on_predict_end", logs or {})

    def on_epoch_begin(self, epoch, logs=None):
        """Tell all callbacks that an epoch starts."""
        self._each("on_epoch_begin", epoch, logs or {})

    def on_epoch_end(self, epoch, logs=None):
        """Tell all callbacks that an epoch ends."""
        self._each("on_epoch_end", epoch, logs or {})

    def batch_begin(self, kind, batch):
        """Call the hooks before a batch; kind is 'train', 'test' or 'predict'."""
        for _, hook in self._batch_begin[kind]:
            hook(batch, {})

    def batch_end(self, kind, batch, make_logs):
        """Call the hooks after a batch. `make_logs()` is only called when somebody looks at the logs."""
        for callback, hook in self._batch_end[kind]:
            hook(batch, make_logs if callback.takes_lazy_logs else make_logs())


_BATCH_HOOKS = {
    ("train", "begin"): ("on_batch_begin", "on_train_batch_begin"),
    ("train", "end"): ("on_batch_end", "on_train_batch_end"),
    ("test", "begin"): ("on_test_batch_begin",),
    ("test", "end"): ("on_test_batch_end",),
    ("predict", "begin"): ("on_predict_batch_begin",),
    ("predict", "end"): ("on_predict_batch_end",),
}
