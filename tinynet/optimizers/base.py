"""The optimizer's step: clipping, weight decay, averages, accumulation. The rules are elsewhere, the state in state.py.

`apply` collects the arrays of all variables and passes them to `update_all`, which for the optimizers of this package
is one compiled call over all of them (tinynet/ops/optimizer_steps.py). An optimizer of your own overrides
`update_step`, which is called for one variable at a time, as in Keras.
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import runtime
from ..core.errors import warn_user
from ..tape import GradientTape, weights_may_change_in_place
from ..tensor import Tensor, to_array
from ..variable import Variable, aligned_copy
from .clipping import clip_each_by_norm, clip_together_by_norm
from .plan import Again, Plan, may_be_taken_again
from .state import OptimizerState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..core.types import Array, TensorLike

# For `map`, which takes half the time of a list comprehension.
_data_of, _dtype_of = operator.attrgetter("data"), operator.attrgetter("dtype")


class Optimizer(OptimizerState):
    """Base of all optimizers.

    Args:
        learning_rate: Float, a `schedules.LearningRateSchedule`, or a function without arguments.
        weight_decay: Before each step, w -= learning_rate weight_decay w (decoupled: it is not part of the gradient).
        clipnorm: The gradient of each variable is scaled to at most this L2 norm.
        clipvalue: The elements of the gradients are clipped to [-clipvalue, clipvalue].
        global_clipnorm: All gradients are scaled by one factor, so that their common L2 norm is at most this.
        use_ema: Whether an exponential moving average of the weights is kept.
        ema_momentum: average = ema_momentum average + (1 - ema_momentum) w.
        ema_overwrite_frequency: Number of steps after which the weights are set to their averages; None for only at the
            end of training, by `finalize_variable_values`.
        loss_scale_factor: `scale_loss` multiplies the loss by it, `apply` divides the gradients by it. `fit` and
            `minimize` call both; a loop of your own that calls `apply` must call `scale_loss` too.
        gradient_accumulation_steps: Number of calls whose gradients are collected; the step is made with their mean.
        name: For variables and configs; made from the class name if None.
        **kwargs: Old spellings: `lr` means `learning_rate`; `decay` means learning_rate / (1 + decay t) after t steps.

    Raises:
        ValueError: an argument is outside its range, or unknown, or more than one of the three clippings is set.

    >>> class SignDescent(Optimizer):
    ...     def update_step(self, gradient, variable, learning_rate):
    ...         self.assign_sub(variable, learning_rate * ops.sign(gradient))
    >>> w = Variable([1.0, -1.0])
    >>> SignDescent(0.25).apply([np.array([3.0, -0.5])], [w])
    >>> w.numpy()
    array([ 0.75, -0.75], dtype=float32)
    """

    watch: Callable[[list[Array], Sequence[Variable]], None] | None = None  # called before each step, for callbacks
    # Called before each step with the gradients of this process's share of the batch and their variables; returns the
    # gradients of the whole batch and the variables to step. Set by tinynet.distribution.
    exchange: Callable[[list[Array], Sequence[Variable]], tuple[list[Array], Sequence[Variable]]] | None = None
    _plan: Plan | None = None
    _excluded: Callable[[Variable], bool] | None = None  # which variables `weight_decay` leaves alone
    _one_by_one = False  # whether the rule is written for one variable

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._one_by_one = _overrides_update_step(cls)

    def _not_decayed(self, variable):
        return self._excluded is not None and self._excluded(variable)

    # -- a step --------------------------------------------------------------------------------------------------------

    def apply_gradients(self, grads_and_vars: Iterable[tuple[TensorLike, Variable]]) -> Variable:
        """Make one step from pairs (gradient, variable).

        Args:
            grads_and_vars: Pairs, as `zip(gradients, model.trainable_variables)` makes them.

        Returns:
            The step count, a Variable.

        Raises:
            TypeError: something is not such a pair.
            ValueError: there are no pairs, no gradient at all, or a variable that the optimizer was not built with.

        >>> weight, optimizer = Variable(3.0), tn.optimizers.SGD(0.25)
        >>> with GradientTape() as tape:
        ...     loss = weight * weight
        >>> optimizer.apply_gradients([(tape.gradient(loss, weight), weight)]).item()  # the first step
        1
        >>> weight.item()  # 3 - 0.25 * 6
        1.5
        """
        pairs = list(grads_and_vars)
        for pair in pairs:
            if not isinstance(pair, tuple | list) or len(pair) != 2 or not isinstance(pair[1], Variable):
                raise TypeError(
                    f"{type(self).__name__}.apply_gradients: expected pairs (gradient, variable), as zip(gradients, "
                    f"model.trainable_variables) makes them; got {_kind(pair)}"
                )
        if not pairs:
            raise ValueError(
                f"{type(self).__name__}.apply_gradients: got no pairs (gradient, variable). "
                "Is the model built? A zip can be used once only"
            )
        grads, variables = zip(*pairs, strict=True)
        self.apply(grads, variables)
        return self._iterations

    def minimize(
        self, loss: TensorLike | Callable[[], TensorLike],
        var_list: Sequence[Variable] | Callable[[], Sequence[Variable]], tape: GradientTape | None = None,
    ) -> Variable:
        """Make one step down a loss.

        Args:
            loss: A function without arguments, or a Tensor computed under `tape`.
            var_list: The variables, or a function that returns them.
            tape: The tape of a loss that is a Tensor.

        Returns:
            The step count, a Variable.

        Raises:
            ValueError: `loss` is a Tensor and `tape` is None.

        >>> w = Variable([1.0])
        >>> from tinynet.optimizers import SGD
        >>> _ = SGD(0.25).minimize(lambda: ops.sum(w * w), [w])
        >>> w.numpy()
        array([0.5], dtype=float32)
        """
        variables = var_list() if callable(var_list) else var_list
        if callable(loss):
            with tape or GradientTape() as tape:
                loss = self.scale_loss(loss())
        elif tape is None:
            raise ValueError(
                "minimize: a loss that is a Tensor needs the tape it was computed under: "
                "minimize(loss, variables, tape=tape)"
            )
        elif self.loss_scale_factor is not None:
            with tape:
                loss = self.scale_loss(loss)
        self.apply(tape.gradient(loss, variables), variables)
        return self._iterations

    def apply(self, grads: Sequence[TensorLike], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Make one step.

        Args:
            grads: Tensors or arrays, one a variable; None where there is none.
            trainable_variables: The variables, in the same order; those the optimizer was built with if None.

        Raises:
            ValueError: there is no gradient at all, or a variable that the optimizer was not built with.

        >>> weight, optimizer = Variable([1.0, 2.0]), tn.optimizers.SGD(0.5)
        >>> optimizer.apply([Tensor([2.0, -2.0])], [weight])
        >>> weight.numpy()
        array([0., 3.], dtype=float32)
        """
        plan = self._plan
        again = plan.again if plan is not None and may_be_taken_again(self) else None
        if again is not None and again.fits(grads, trainable_variables):
            gradients, variables = again.gradients, again.variables
            if self.exchange is not None:
                gradients, variables = self.exchange(gradients, variables)
            if gradients is again.used:
                rate = self._current_rate()
                decay = rate * self.weight_decay if self.weight_decay else 0.0
                for weights, arrays, slots, decays in again.arguments:
                    self.update_all(weights, arrays, slots, rate, decay if decays else 0.0)
                iterations = self._iterations
                iterations.data = iterations.data + 1
                return
        elif len(grads) == 0:
            return
        else:
            variables = self._trainable_variables if trainable_variables is None else trainable_variables
            if set(map(type, grads)) == {Tensor}:  # as a tape returns them
                gradients = list(map(_data_of, grads))
            else:
                gradients = [grad.data if isinstance(grad, Tensor) else grad for grad in grads]
            if set(map(type, gradients)) != {np.ndarray} or len(gradients) != len(variables) or not self.built:
                gradients, variables = self._sort_out(gradients, variables)
            if self.exchange is not None:
                gradients, variables = self.exchange(gradients, variables)
        exchanged = None if self.exchange is None else gradients
        if self.loss_scale_factor is not None:
            gradients = [np.asarray(gradient / self.loss_scale_factor) for gradient in gradients]
        if self.watch is not None:
            self.watch(gradients, variables)
        plan = self._plan
        if (
            plan is None
            or len(plan.variables) != len(variables)
            or not all(map(operator.is_, plan.variables, variables))
        ):
            plan = self._plan = Plan(self, variables)
        if not weights_may_change_in_place():
            for variable in plan.variables:  # a tape that is still to be played needs the old values
                variable.data = aligned_copy(variable.data)
        if self.gradient_accumulation_steps:
            gradients = self._accumulate(plan, gradients)
        if gradients is not None:
            if self.clipnorm or self.global_clipnorm or self.clipvalue:
                gradients = self._clip(gradients)
            arguments = self._update(plan, gradients, self._current_rate())
            if (arguments is not None and type(grads) is list and variables is trainable_variables
                    and not plan.constrained and runtime._backend == "native" and may_be_taken_again(self)):
                plan.again = Again(plan, grads, variables, arguments, exchanged)
        if self.use_ema:
            self._average()
        for variable in plan.constrained:
            constraint = variable.constraint
            if constraint is not None:
                variable.assign(constraint(variable))
        iterations = self._iterations
        iterations.data = iterations.data + 1

    def update_all(
        self, weights: list[Array], gradients: list[Array], slots: list[list[Array]], learning_rate: float,
        decay: float,
    ) -> None:
        """The rule: change weights and slots in place.

        Args:
            weights: Arrays of one dtype.
            gradients: Arrays of the same shapes.
            slots: One list of arrays a name in `slot_names`.
            learning_rate: A float.
            decay: learning_rate * weight_decay; the rule begins with w -= decay * w.

        Raises:
            NotImplementedError: the optimizer defines neither this nor `update_step`.
        """
        raise NotImplementedError(f"{type(self).__name__} must override update_step(gradient, variable, learning_rate)")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: float) -> None:
        """The rule for one variable, for optimizers of your own: use `assign`, `assign_add` and `assign_sub`.

        Args:
            gradient: Tensor, the shape of the variable.
            variable: The Variable to change.
            learning_rate: A float.

        Raises:
            NotImplementedError: the optimizer does not override it.
        """
        raise NotImplementedError(f"{type(self).__name__} must override update_step(gradient, variable, learning_rate)")

    def assign(self, variable: Variable, value: TensorLike) -> None:
        """variable = value, in place; for `update_step`.

        Args:
            variable: Of the optimizer or the model.
            value: Tensor or array that broadcasts to it.
        """
        np.copyto(variable.data, to_array(value, variable.data.dtype))

    def assign_add(self, variable: Variable, value: TensorLike) -> None:
        """Add to a variable, in place; see `assign`.

        Args:
            variable: The Variable.
            value: What is added, in the variable's shape.
        """
        np.add(variable.data, to_array(value, variable.data.dtype), out=variable.data)

    def assign_sub(self, variable: Variable, value: TensorLike) -> None:
        """Subtract from a variable, in place; see `assign`.

        Args:
            variable: The Variable.
            value: What is subtracted, in the variable's shape.
        """
        np.subtract(variable.data, to_array(value, variable.data.dtype), out=variable.data)

    def _update(self, plan, gradients, rate):
        if self._one_by_one:
            self._decay(plan.variables, rate)
            for gradient, variable in zip(gradients, plan.variables, strict=True):
                self.update_step(Tensor.wrap(gradient.astype(variable.data.dtype, copy=False)), variable, rate)
            return None
        decay = rate * self.weight_decay if self.weight_decay else 0.0
        arguments: list[tuple] | None = []
        for group in plan.groups(self.weight_decay is not None):
            weights = list(map(_data_of, group.variables))
            chosen = gradients if group.positions is None else [gradients[i] for i in group.positions]
            if set(map(_dtype_of, chosen)) != {group.dtype}:
                chosen, arguments = [gradient.astype(group.dtype, copy=False) for gradient in chosen], None
            slots = [list(map(_data_of, slot)) for slot in group.slots]
            self.update_all(weights, chosen, slots, rate, decay if group.decays else 0.0)
            if arguments is not None:
                arguments.append((weights, chosen, slots, group.decays))
        return arguments

    def _sort_out(self, gradients, variables):
        """The unusual: nothing built yet, other lengths, missing gradients, lists instead of arrays."""
        variables = list(variables)
        if not self.built:
            if not variables:
                raise ValueError(
                    f"{type(self).__name__}.apply: give the variables too, or call build(trainable_variables) first"
                )
            self.build(variables)
        if len(gradients) != len(variables):
            raise ValueError(f"{type(self).__name__}.apply: {len(gradients)} gradients for {len(variables)} variables")
        missing = [variable.path for gradient, variable in zip(gradients, variables, strict=True) if gradient is None]
        if len(missing) == len(variables):
            raise ValueError(
                "No gradients provided for any variable: "
                "the loss does not depend on them, or was computed outside the tape"
            )
        if missing:
            warn_user(
                f"Gradients do not exist for variables {missing} when minimizing the loss. If using `model.compile()`, "
                "did you forget to provide a `loss` argument?",
                UserWarning,
            )
        pairs = [
            (gradient, variable)
            for gradient, variable in zip(gradients, variables, strict=True)
            if gradient is not None
        ]
        return [to_array(gradient, variable.data.dtype) for gradient, variable in pairs], [
            variable for _, variable in pairs
        ]

    # -- options -------------------------------------------------------------------------------------------------------

    def _accumulate(self, plan, gradients):
        """Add to what was collected. The mean when enough is there, else None."""
        sums = [self._accumulated[i] for i in plan.indices]
        for total, gradient in zip(sums, gradients, strict=True):
            total.data += gradient
        steps = self.gradient_accumulation_steps
        if (self._iterations.data.item() + 1) % steps:
            return None
        means = [np.asarray(total.data / total.data.dtype.type(steps)) for total in sums]
        for total in self._accumulated:
            total.data[...] = 0
        return means

    def _clip(self, gradients):
        if self.clipnorm and self.clipnorm > 0:
            return clip_each_by_norm(gradients, self.clipnorm)
        if self.global_clipnorm and self.global_clipnorm > 0:
            return clip_together_by_norm(gradients, self.global_clipnorm)
        if self.clipvalue and self.clipvalue > 0:
            return [np.asarray(np.clip(gradient, -self.clipvalue, self.clipvalue)) for gradient in gradients]
        return gradients

    def _decay(self, variables, rate):
        if self.weight_decay is None:
            return
        for variable in variables:
            if not self._not_decayed(variable):
                variable.data -= variable.data * (rate * self.weight_decay)

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Sequence[str] | None = None,
    ) -> None:
        """Name variables that `weight_decay` leaves alone, before the optimizer is built.

        Args:
            var_list: Variables.
            var_names: Regular expressions; variables in whose name one of them is found.

        Raises:
            ValueError: the optimizer is built.

        >>> kernel, bias = Variable([1.0], name="kernel"), Variable([1.0], name="bias")
        >>> optimizer = tn.optimizers.SGD(0.5, weight_decay=0.5)
        >>> optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        >>> optimizer.apply([Tensor([0.0]), Tensor([0.0])], [kernel, bias])
        >>> kernel.item(), bias.item()
        (0.75, 1.0)
        """
        if self.built:
            raise ValueError(
                f"{type(self).__name__}.exclude_from_weight_decay: call it before the first step (or build)"
            )
        listed = list(var_list or ())
        pattern = re.compile("|".join(sorted(set(var_names)))) if var_names else None
        self._excluded = _Excluded(listed, pattern)

    def _average(self):
        first = self._count() == 1
        momentum = 0.0 if first else self.ema_momentum
        for variable, average in zip(self._trainable_variables, self._averages, strict=True):
            average.data = np.asarray(momentum * average.data + (1 - momentum) * variable.data)
        if self.ema_overwrite_frequency and self._count() % self.ema_overwrite_frequency == 0:
            self.finalize_variable_values(self._trainable_variables)

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """Set the weights to their moving averages, if `use_ema`; called at the end of training.

        Args:
            var_list: The variables to set.
        """
        if self.use_ema:
            for variable in var_list:
                variable.assign(self._averages[self._index[id(variable)]])

    def scale_loss(self, loss: Any) -> Any:
        """Multiply the loss by `loss_scale_factor`.

        Args:
            loss: Tensor or number.

        Returns:
            The same kind; `loss` itself if there is no factor.
        """
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor


class _Excluded:
    """Which variables do not decay. An object, so that copies and pickles of the optimizer have it."""

    def __init__(self, listed, pattern):
        self.listed, self.pattern = listed, pattern

    def __call__(self, variable):
        return any(variable is one for one in self.listed) or bool(self.pattern and self.pattern.search(variable.name))


def _kind(pair):
    if isinstance(pair, tuple | list):
        return f"({', '.join(type(part).__name__ for part in pair)})"
    return type(pair).__name__


def _overrides_update_step(cls):
    """Whether a class brings a rule for one variable; the nearest of `update_all` and `update_step` counts."""
    for base in cls.__mro__:
        if "update_all" in vars(base):
            return False
        if "update_step" in vars(base):
            return True
    return False
