"""Methods of a model that Keras 1 and 2 had and Keras 3 has no more: understood, with a warning that names today's.

`with_old_names` puts them into a class; the class itself knows none of them. Today's methods do the work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ..core.old_names import note, old_arguments
from ..core.tracebacks import short_traceback

Class = TypeVar("Class", bound=type)


def with_old_names(cls: Class) -> Class:
    """Decorate a class that has today's methods, so that it understands the old ones, too.

    Args:
        cls: Has `fit`, `evaluate`, `predict`, `compute_loss`.

    Returns:
        The same class. `fit` takes `nb_epoch=` and ignores the arguments about worker processes.
    """
    setattr(cls, "fit", short_traceback(_fit_arguments(cls.fit)))  # type: ignore[attr-defined]  # noqa: B010
    for name, method in OLD_METHODS.items():
        setattr(cls, name, method)
    return cls


_fit_arguments = old_arguments(nb_epoch="epochs", dropped=("max_queue_size", "workers", "use_multiprocessing"))


@old_arguments(nb_epoch="epochs", nb_worker="workers", max_q_size="max_queue_size", pickle_safe="use_multiprocessing")
def fit_generator(self: Any, generator: Any, steps_per_epoch: int | None = None, epochs: int = 1,
                  verbose: int | str = "auto", callbacks: Any = None, validation_data: Any = None,
                  validation_steps: int | None = None, validation_freq: Any = 1, class_weight: Any = None,
                  max_queue_size: int = 10, workers: int = 1, use_multiprocessing: bool = False, shuffle: bool = True,
                  initial_epoch: int = 0) -> Any:
    """`fit`.

    Args:
        generator: Yields batches; `fit` takes it as `x`.
        max_queue_size, workers, use_multiprocessing: No effect.
        steps_per_epoch, epochs, verbose, callbacks, validation_data, validation_steps, validation_freq, class_weight,
            shuffle, initial_epoch: As for `fit`.

    Returns:
        History.
    """
    note("fit_generator is an old name; fit takes generators too")
    return self.fit(generator, steps_per_epoch=steps_per_epoch, epochs=epochs, verbose=verbose,
                    callbacks=callbacks, validation_data=validation_data, validation_steps=validation_steps,
                    validation_freq=validation_freq, class_weight=class_weight, shuffle=shuffle,
                    initial_epoch=initial_epoch)


def evaluate_generator(self: Any, generator: Any, steps: int | None = None, callbacks: Any = None,
                       max_queue_size: int = 10, workers: int = 1, use_multiprocessing: bool = False,
                       verbose: int | str = 0) -> Any:
    """`evaluate`.

    Args:
        generator: Yields batches; `evaluate` takes it as `x`.
        max_queue_size, workers, use_multiprocessing: No effect.
        steps, callbacks, verbose: As for `evaluate`.

    Returns:
        The loss, or [loss, metric, ...].
    """
    note("evaluate_generator is an old name; evaluate takes generators too")
    return self.evaluate(generator, steps=steps, callbacks=callbacks, verbose=verbose)


def predict_generator(self: Any, generator: Any, steps: int | None = None, callbacks: Any = None,
                      max_queue_size: int = 10, workers: int = 1, use_multiprocessing: bool = False,
                      verbose: int | str = 0) -> Any:
    """`predict`.

    Args:
        generator: Yields batches; `predict` takes it as `x`.
        max_queue_size, workers, use_multiprocessing: No effect.
        steps, callbacks, verbose: As for `predict`.

    Returns:
        The outputs, as ndarrays.
    """
    note("predict_generator is an old name; predict takes generators too")
    return self.predict(generator, steps=steps, callbacks=callbacks, verbose=verbose)


def predict_proba(self: Any, x: Any, batch_size: int | None = None, verbose: int | str = 0) -> Any:
    """`predict`.

    Args:
        x, batch_size, verbose: As for `predict`.

    Returns:
        The outputs, as ndarrays.
    """
    note("predict_proba is an old name; write predict(x)")
    return self.predict(x, batch_size=batch_size, verbose=verbose)


def predict_classes(self: Any, x: Any, batch_size: int | None = None, verbose: int | str = 0) -> np.ndarray:
    """The most likely class of each sample; with a single output, whether it is above 1/2.

    Args:
        x, batch_size, verbose: As for `predict`.

    Returns:
        Class numbers, shape (samples,); with a single output 0 and 1, shape (samples, 1).
    """
    note("predict_classes is an old name; write predict(x).argmax(axis=-1), or predict(x) > 0.5 for one output")
    probabilities = self.predict(x, batch_size=batch_size, verbose=verbose)
    return probabilities.argmax(axis=-1) if probabilities.shape[-1] > 1 else (probabilities > 0.5).astype("int32")


def compiled_loss(self: Any) -> Callable[..., Any]:
    """The compiled loss as train steps of tf.keras 2 call it: loss(y, y_pred, sample_weight, penalties)."""
    note("compiled_loss is an old name; write self.compute_loss(x, y, y_pred, sample_weight)")

    def loss(y: Any, y_pred: Any, sample_weight: Any = None, regularization_losses: Any = None) -> Any:
        total = self._compiled_loss(y, y_pred, sample_weight)
        for penalty in regularization_losses or ():
            total = total + penalty
        self._loss_tracker.update_state(float(total.data), sample_weight=len(y_pred))
        return total

    return loss


def compiled_metrics(self: Any) -> Any:
    """The compiled metrics, for `compiled_metrics.update_state(y, y_pred)`."""
    note("compiled_metrics is an old name; update each of self.metrics but the first, which is the loss")
    return self._compiled_metrics if self._compiled_metrics is not None else _NoMetrics()


class _NoMetrics:
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Nothing: `compile` was given no metrics."""


OLD_METHODS: dict[str, Any] = {
    "fit_generator": fit_generator, "evaluate_generator": evaluate_generator, "predict_generator": predict_generator,
    "predict_proba": predict_proba, "predict_classes": predict_classes, "compiled_loss": property(compiled_loss),
    "compiled_metrics": property(compiled_metrics),
}
