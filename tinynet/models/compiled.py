"""What `compile` determines: optimizer, loss and metrics, and the results that the metrics have."""

from __future__ import annotations

from typing import Any

from .. import metrics as metrics_module
from .. import optimizers, shares
from ..callbacks.base import Logs
from ..core.tracebacks import short_traceback
from ..layers.base import Layer
from ..random import SeedGenerator
from .compiled_loss import CompiledLoss
from .compiled_metrics import CompiledMetrics


class Compiled(Layer):
    """A layer with `compile`."""

    compiled: bool = False  # before __init__, too
    _is_eager: bool = False  # whether `compile` was given run_eagerly

    _references = Layer._references | {"_compile_arguments", "_loss_tracker"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.compiled = False
        self.stop_training = False
        self.optimizer: Any = None
        self.loss: Any = None
        self.history: Any = None
        self._advised = False  # lint.py has given the advice that it has for this compile
        self._advice: list[str] = []  # its texts
        self._trained_on_scaled = False  # the first batch of the last training was in [-1, 1]
        self._loss_tracker: Any = None  # a Mean, after `compile`
        self._compiled_in: Any = None  # the distribution in whose scope `compile` was called
        self._compiled_loss: CompiledLoss | None = None
        self._compiled_metrics: CompiledMetrics | None = None
        self._compile_arguments: dict[str, Any] = {}
        # Saved models have these seeds in their files, by the attribute's name.
        self._shuffle_seeds: SeedGenerator | None = None
        self._shuffle_session: tuple = ()

    @short_traceback
    def compile(self, optimizer: Any = "rmsprop", loss: Any = None, loss_weights: Any = None, metrics: Any = None,
                weighted_metrics: Any = None, run_eagerly: bool = False, steps_per_execution: int = 1,
                jit_compile: bool | str = "auto", auto_scale_loss: bool = True) -> None:
        """Determine how the model is trained.

        Args:
            optimizer: Name or Optimizer.
            loss: Name, Loss, or function of (y_true, y_pred). A model with several outputs takes a list of them, or a
                dict by the outputs' names; None in it is an output without a loss.
            loss_weights: Number the loss is multiplied by, or a list or dict of them.
            metrics: List of names, Metrics or functions to report; for several outputs a list with such a list for
                each, or a dict by name.
            weighted_metrics: The same, taking account of sample weights.
            run_eagerly: Whether every step runs Python's code, so that a debugger may stop in `call`: no step is run
                from a recording, and a `call` of your own is not replaced by a graph of it. Results may differ in the
                last digits.
            steps_per_execution, jit_compile, auto_scale_loss: Taken for Keras's sake; they change nothing here, since
                every step runs the same compiled kernels.

        Raises:
            ValueError: an optimizer, loss or metric of that name does not exist.
            TypeError: loss weights that are no numbers.

        >>> from tinynet import Sequential, layers
        >>> model = Sequential([layers.Input((2,)), layers.Dense(1)])
        >>> model.compile("adam", "mse", metrics=["mae"])
        >>> model.compiled
        True
        """
        _ = self.name  # raises for a subclass whose __init__ does not call super().__init__()
        self.optimizer = optimizers.get(optimizer)
        self._compiled_in = shares.process.scope
        self.loss = loss
        names = self._names_of_outputs()
        self._compiled_loss = CompiledLoss(loss, loss_weights, names) if loss is not None else None
        self._compiled_metrics = (
            CompiledMetrics(metrics, weighted_metrics, names)
            if metrics is not None or weighted_metrics is not None else None
        )
        self._is_eager = run_eagerly
        self._loss_tracker = metrics_module.Mean(name="loss")
        self._compile_arguments = {
            "loss": loss, "loss_weights": loss_weights, "metrics": metrics, "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly, "steps_per_execution": steps_per_execution, "jit_compile": jit_compile,
        }
        self.stop_training = False
        self._advised = False
        self.compiled = True

    def _group(self, epochs: Any = None) -> Any:
        """What `fit`, `evaluate` and `predict` do in addition where several processes share the work; None if not.

        Args:
            epochs: The data to share; `fit` shares its own.
        """
        distribution = shares.process.scope or self._compiled_in
        group = None if distribution is None else distribution.session(self)
        if group is not None and epochs is not None:
            group.share(epochs)
        return group

    def get_compile_config(self) -> dict[str, Any] | None:
        """What `compile` was given, as plain values; None if it was not called.

        Returns:
            A dict that `compile_from_config` takes.

        Raises:
            ValueError: a loss or metric is a lambda, or another thing without a name.
        """
        if not self.compiled:
            return None
        from ..serialization import serialize_keras_object

        return {"optimizer": optimizers.serialize(self.optimizer), **serialize_keras_object(self._compile_arguments)}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as another model was compiled.

        Args:
            config: What its `get_compile_config` returned.
        """
        from ..serialization import deserialize_keras_object

        self.compile(**deserialize_keras_object(dict(config)))

    def _names_of_outputs(self) -> list[str] | None:
        """The outputs' names, of a model made of inputs and outputs; else None."""
        return None

    # -- metrics ---------------------------------------------------------------------------------------------------

    def get_metrics_result(self) -> Logs:
        """Loss and metrics so far, by name.

        Returns:
            dict of floats (or arrays).
        """
        results: Logs = {}
        metrics = self.metrics
        for metric, name in zip(metrics, self._names_of_metrics(metrics), strict=True):
            value = metric.result()
            results.update(value if isinstance(value, dict) else {name: value})
        return results

    @property
    def metrics(self) -> list:
        """The loss tracker, the compiled metrics and those of the layers."""
        own: list[Any] = [self._loss_tracker] if self._loss_tracker is not None else []
        if self._compiled_metrics is not None:
            own += self._compiled_metrics.metrics
        if self._compiled_loss is not None:
            own += self._compiled_loss.metrics
        return own + super().metrics

    @property
    def metrics_names(self) -> list[str]:
        """Their names, in the order in which `evaluate` returns them."""
        names = self._names_of_metrics(self.metrics)
        if self._compiled_metrics is not None and self._compiled_metrics.of_several:  # those come last, in Keras too
            named = set(self._compiled_metrics.result())
            names = [name for name in names if name not in named] + sorted(named)
        return names

    def _names_of_metrics(self, metrics: list[Any]) -> list[str]:
        name_of = self._compiled_metrics.name_of if self._compiled_metrics is not None else lambda metric: metric.name
        return [name_of(metric) for metric in metrics]

    def reset_metrics(self) -> None:
        """Start all metrics again."""
        for metric in self.metrics:
            metric.reset_state()
