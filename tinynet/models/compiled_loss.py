"""What `compile(loss=...)` was given, turned into Loss objects when the first batch shows its shapes."""

from __future__ import annotations

from numbers import Real
from typing import Any, NamedTuple

from .. import losses as losses_module
from .. import metrics as metrics_module
from ..core.recording import followed_by
from ..tensor import Tensor
from .outputs import for_outputs, is_crossentropy, leaves_of, named_outputs, only_one, targets_of


class Compared(NamedTuple):
    """What is compared with what: one output of a model in one batch, and its targets.

    Attributes:
        position: Which output, from 0.
        name: Its name, or None.
        of: The number of the model's outputs.
        loss: Its Loss.
        targets: What the user gave.
        outputs: What the model returned.
    """

    position: int
    name: str | None
    of: int
    loss: Any
    targets: Any
    outputs: Tensor


class _Part(NamedTuple):
    """The loss of one of several outputs."""

    position: int
    loss: Any
    weight: Any
    mean: Any  # a Mean of this loss, if several outputs have one


class CompiledLoss:
    """The loss of `compile`: for one output, or for several.

    Args:
        loss: A name, a Loss, or a function of (y_true, y_pred); for several outputs also a list in their order or a
            dict by their names, with None for outputs without a loss.
        loss_weights: A number the loss is multiplied by, or a list or dict of them, or None.
        output_names: Of a model made of inputs and outputs; None if only its results will tell.

    Attributes:
        metrics: A Mean of each output's loss, if several have one.

    Raises:
        ValueError: something is no loss.
        TypeError: something is no weight.
    """

    def __init__(self, loss: Any, loss_weights: Any = None, output_names: list[str] | None = None) -> None:
        self.metrics: list[metrics_module.Metric] = []
        self._given, self._output_names = loss, output_names
        for one in leaves_of(loss):
            if one is not None and not is_crossentropy(one):
                losses_module.get(one)  # what is no loss is an error now, not at the first batch
        for weight in leaves_of(loss_weights):
            if weight is not None and not isinstance(weight, Real):
                raise TypeError(
                    f"compile: loss_weights must be numbers, got {weight!r}. It is the third argument, metrics is "
                    "the fourth: write metrics=[...]"
                )
        self._given_weights = loss_weights
        self._loss: Any = None  # of a single output
        self._weight: Any = None
        self._parts: list[_Part] | None = None  # of several

    def __call__(self, y: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The loss of a batch, a scalar Tensor."""
        if y is None:
            raise ValueError("the loss needs targets; pass y, or a dataset of (x, y) pairs")
        if not isinstance(y_pred, Tensor):
            return self._of_several(y, y_pred, sample_weight)
        y, sample_weight = only_one(y, "targets"), only_one(sample_weight, "sample weights")
        value = self.resolve(y, y_pred)(y, y_pred, sample_weight=sample_weight)
        return value * self._weight if self._weight is not None else value

    def resolve(self, y: Any, y_pred: Tensor) -> Any:
        """The Loss of a single output.

        Args:
            y, y_pred: Targets and outputs of a batch; their shapes determine which one 'crossentropy' means.
        """
        if self._loss is None:
            self._loss = _as_loss(only_one(self._given, "losses"), y, y_pred)
            self._weight = only_one(self._given_weights, "loss_weights")
        return self._loss

    def compared(self, y: Any, y_pred: Any) -> list[Compared]:
        """Which outputs are compared with which targets.

        Args:
            y, y_pred: Targets and outputs of a batch.

        Returns:
            One `Compared` for each output that has a loss.
        """
        if isinstance(y_pred, Tensor):
            y = only_one(y, "targets")
            return [Compared(0, None, 1, self.resolve(y, y_pred), y, y_pred)]
        names, outputs, y, parts = self._matched(y, y_pred)
        return [Compared(position, names[position], len(outputs), loss, y[position], outputs[position])
                for position, loss, _, _ in parts]

    def _matched(self, y: Any, y_pred: Any) -> tuple[list[Any], list[Tensor], list[Any], list[_Part]]:
        """Names, outputs, targets and parts of several outputs; the first batch determines the parts."""
        names, outputs = named_outputs(y_pred, self._output_names, "losses")
        if self._parts is not None:
            y = targets_of(y, names, [part.position for part in self._parts], y_pred=y_pred)
            return names, outputs, y, self._parts
        losses = for_outputs(self._given, names, "loss", y_pred)
        positions = [position for position, loss in enumerate(losses) if loss is not None]
        y = targets_of(y, names, positions, y_pred=y_pred)
        weights = for_outputs(self._given_weights, names, "loss_weights", y_pred)
        self._parts = []
        for position in positions:
            loss = _as_loss(losses[position], y[position], outputs[position])
            name = names[position] if names[position] is not None else loss.name
            mean = metrics_module.Mean(name=f"{name}_loss") if len(positions) > 1 else None
            self._parts.append(_Part(position, loss, weights[position], mean))
        self.metrics = [part.mean for part in self._parts if part.mean is not None]
        return names, outputs, y, self._parts

    def _of_several(self, y: Any, y_pred: Any, sample_weight: Any) -> Any:
        names, outputs, y, parts = self._matched(y, y_pred)
        sample_weights = targets_of(sample_weight, names, [part.position for part in parts], True, y_pred)
        total = None
        for position, loss, weight, mean in parts:
            value = loss(y[position], outputs[position], sample_weight=sample_weights[position])
            if mean is not None:  # before its weight is applied, as in Keras
                followed_by(_add_to_mean, mean, value, len(outputs[position]))
            value = value * weight if weight is not None else value
            total = value if total is None else total + value
        return total


def _add_to_mean(mean: metrics_module.Metric, value: Tensor, weight: int) -> None:
    mean.update_state(float(value.data), sample_weight=weight)


def _as_loss(given: Any, y: Any, y_pred: Tensor) -> Any:
    """A Loss from a name, a function or a Loss."""
    found = (losses_module.crossentropy_for(y.shape, y_pred.shape) if is_crossentropy(given)
             else losses_module.get(given))
    return found if isinstance(found, losses_module.Loss) else losses_module.LossFunctionWrapper(found)
