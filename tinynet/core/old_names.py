"""Arguments and methods under the names of Keras 1 and 2. They work, with a warning that has today's name."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

from .errors import warn_user


def note(message: str) -> None:
    """Warn with a DeprecationWarning of one line, with the file and line of the user's own code."""
    warn_user(message, DeprecationWarning)


def old_arguments(converted: dict[str, Callable[[Any], dict[str, Any]]] | None = None, dropped: Iterable[str] = (),
                  **renamed: str) -> Callable[[Any], Any]:
    """Decorate a function so that it takes old keyword arguments too. A class is decorated for its `__init__`.

    Args:
        converted: {old name: function from the old value to {new name: new value}}.
        dropped: Names of arguments that have no effect any more.
        renamed: {old name: new name}, as keyword arguments.

    Returns:
        The decorator. The decorated function raises a TypeError if an argument is passed under both names.

    >>> @old_arguments(nb_epoch="epochs")
    ... def fit(x, epochs=1):
    ...     return epochs
    >>> fit(None, nb_epoch=3)
    3
    """
    converted = converted or {}

    def decorate(target: Any) -> Any:
        function = target.__init__ if isinstance(target, type) else target  # type: ignore[misc]  # the class's own
        owner = target.__name__

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            for old in [name for name in kwargs if name in renamed or name in converted or name in dropped]:
                value = kwargs.pop(old)
                if old in dropped:
                    note(f"{owner}: {old}= is Keras 1's and has no effect any more; leave it out")
                    continue
                new = {renamed[old]: value} if old in renamed else converted[old](value)
                clash = [name for name in new if name in kwargs and old in renamed]
                if clash:
                    raise TypeError(f"{owner}: {old} is the old name of {clash[0]}; give only {clash[0]}")
                shown = ", ".join(f"{name}={inner!r}" for name, inner in new.items())
                note(f"{owner}: {old}= is an old name; write {shown if len(shown) < 60 else ', '.join(new) + '='}")
                kwargs.update(new)
            return function(*args, **kwargs)

        if isinstance(target, type):
            target.__init__ = wrapper  # type: ignore[misc]  # the class keeps its identity: isinstance, pickles
            return target
        return wrapper

    return decorate


WEIGHTS = {
    "init": "kernel_initializer", "W_regularizer": "kernel_regularizer", "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint", "b_constraint": "bias_constraint", "bias": "use_bias",
}


def _data_format(dim_ordering: str) -> dict[str, Any]:
    names = {"tf": "channels_last", "th": "channels_first", "default": None}
    if dim_ordering not in names:
        raise ValueError(f"dim_ordering must be 'tf' or 'th', got {dim_ordering!r}; today data_format='channels_last'")
    return {"data_format": names[dim_ordering]}


SPATIAL = {"converted": {"dim_ordering": _data_format}, "border_mode": "padding"}


class OldMethods:
    """Methods of a model that Keras 3 has no more."""

    @old_arguments(nb_epoch="epochs", nb_worker="workers", max_q_size="max_queue_size",
                   pickle_safe="use_multiprocessing")
    def fit_generator(self, generator, steps_per_epoch=None, epochs=1, verbose="auto", callbacks=None,
                      validation_data=None, validation_steps=None, validation_freq=1, class_weight=None,
                      max_queue_size=10, workers=1, use_multiprocessing=False, shuffle=True, initial_epoch=0):
        """`fit`."""
        note("fit_generator is an old name; fit takes generators too")
        return self.fit(generator, steps_per_epoch=steps_per_epoch, epochs=epochs, verbose=verbose,
                        callbacks=callbacks, validation_data=validation_data, validation_steps=validation_steps,
                        validation_freq=validation_freq, class_weight=class_weight, shuffle=shuffle,
                        initial_epoch=initial_epoch)

    def evaluate_generator(self, generator, steps=None, callbacks=None, max_queue_size=10, workers=1,
                           use_multiprocessing=False, verbose=0):
        """`evaluate`."""
        note("evaluate_generator is an old name; evaluate takes generators too")
        return self.evaluate(generator, steps=steps, callbacks=callbacks, verbose=verbose)

    def predict_generator(self, generator, steps=None, callbacks=None, max_queue_size=10, workers=1,
                          use_multiprocessing=False, verbose=0):
        """`predict`."""
        note("predict_generator is an old name; predict takes generators too")
        return self.predict(generator, steps=steps, callbacks=callbacks, verbose=verbose)

    def predict_proba(self, x, batch_size=None, verbose=0):
        """`predict`."""
        note("predict_proba is an old name; write predict(x)")
        return self.predict(x, batch_size=batch_size, verbose=verbose)

    def predict_classes(self, x, batch_size=None, verbose=0):
        """The most likely class of each sample; with a single output, whether it is above 1/2."""
        note("predict_classes is an old name; write predict(x).argmax(axis=-1), or predict(x) > 0.5 for one output")
        probabilities = self.predict(x, batch_size=batch_size, verbose=verbose)
        return probabilities.argmax(axis=-1) if probabilities.shape[-1] > 1 else (probabilities > 0.5).astype("int32")

    @property
    def compiled_loss(self):
        """The compiled loss as train steps of tf.keras 2 call it: loss(y, y_pred, sample_weight, penalties)."""
        note("compiled_loss is an old name; write self.compute_loss(x, y, y_pred, sample_weight)")

        def loss(y, y_pred, sample_weight=None, regularization_losses=None):
            total = self._compiled_loss(y, y_pred, sample_weight)
            for penalty in regularization_losses or ():
                total = total + penalty
            self._loss_tracker.update_state(float(total.data), sample_weight=len(y_pred))
            return total

        return loss

    @property
    def compiled_metrics(self):
        """The compiled metrics, for `compiled_metrics.update_state(y, y_pred)`."""
        note("compiled_metrics is an old name; update each of self.metrics but the first, which is the loss")
        return self._compiled_metrics if self._compiled_metrics is not None else _NoMetrics()


class _NoMetrics:
    def update_state(self, y_true, y_pred, sample_weight=None):
        """Nothing: `compile` was given no metrics."""
