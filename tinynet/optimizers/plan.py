"""Which variables one call of a rule takes; computed once for a list of variables, not in every step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import runtime
from ..tape import weights_may_change_in_place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..variable import Variable
    from .state import OptimizerState


class Group:
    """Variables that one call of `update_all` takes: of one dtype, all decayed or none.

    Args:
        optimizer: Whose slots belong to them.
        variables: The variables.
        indices: Of the variables in the optimizer's slots.
        positions: Of the variables among the gradients of the step; None for all of them.
        decays: Whether weight decay applies.
    """

    def __init__(
        self, optimizer: OptimizerState, variables: Sequence[Variable], indices: list[int], positions: list[int] | None,
        decays: bool,
    ) -> None:
        self.variables = variables
        self.positions = positions  # among the gradients of the step; None for all of them
        self.decays = decays
        self.dtype = variables[0].data.dtype
        self.slots = [[slot[i] for i in indices] for slot in optimizer._slots]


class Plan:
    """What stays the same while `apply` is called with the same variables.

    Args:
        optimizer: A built optimizer.
        variables: Those of the call.

    Raises:
        ValueError: the optimizer was not built with one of the variables.
    """

    def __init__(self, optimizer: OptimizerState, variables: Sequence[Variable]) -> None:
        for variable in variables:
            if id(variable) not in optimizer._index:
                raise ValueError(
                    f"{type(optimizer).__name__}: unknown variable {getattr(variable, 'path', variable)!r}. "
                    "The optimizer was built with other variables; create a new one for this model."
                )
        self.variables = list(variables)
        self.indices = [optimizer._index[id(variable)] for variable in variables]
        self.constrained = [variable for variable in variables if getattr(variable, "constraint", None) is not None]
        self.again: Again | None = None
        self._grouped = {with_decay: self._group(optimizer, with_decay) for with_decay in (False, True)}

    def groups(self, with_decay: bool) -> list[Group]:
        """The variables in groups of one element type; with `with_decay` those that decay are in groups of their own.
        """
        return self._grouped[with_decay]

    def _group(self, optimizer, with_decay):
        kinds = {}
        for position, variable in enumerate(self.variables):
            kind = variable.data.dtype, with_decay and not optimizer._not_decayed(variable)
            kinds.setdefault(kind, []).append(position)
        return [
            Group(
                optimizer,
                [self.variables[i] for i in positions],
                [self.indices[i] for i in positions],
                None if len(kinds) == 1 else positions,
                decays,
            )
            for (_, decays), positions in kinds.items()
        ]


class Again:
    """The arguments of `update_all` in a plain step: no option changes gradients or weights besides the rule.

    A step that is run again from its recording has the same gradients' arrays, with new numbers in them. So the lists
    of arrays are those of the step before, if no weight and no state is another array by now.

    Args:
        plan: The plan of the variables.
        grads: The list of Tensors that `apply` was given.
        variables: The list of variables that it was given.
        arguments: For each group: weights, gradients, slots, and whether weight decay applies.
        exchanged: The list of arrays that `exchange` returned; None without one.

    Attributes:
        arguments, variables: As given.
        gradients: The arrays of `grads`.
        used: The list of the arrays that the rule takes: `exchanged`, or `gradients`.
    """

    __slots__ = ("arguments", "gradients", "used", "variables", "_arrays", "_grads", "_owners", "_weights")

    def __init__(self, plan: Plan, grads: list[Any], variables: Sequence[Any], arguments: list[tuple],
                 exchanged: list[Any] | None) -> None:
        self.arguments = arguments
        self._grads, self.gradients = grads, [gradient.data for gradient in grads]
        self.used = self.gradients if exchanged is None else exchanged
        self.variables, self._weights = variables, [variable.data for variable in variables]
        self._owners = [variable for grouped in plan._grouped.values() for group in grouped for slot in group.slots
                        for variable in slot]
        self._arrays = [variable.data for variable in self._owners]

    def fits(self, grads: Any, variables: Any) -> bool:
        """Whether a step has the same arrays."""
        same = runtime._native._all_data_is
        return (grads is self._grads and variables is self.variables and weights_may_change_in_place()
                and same(grads, self.gradients) and same(variables, self._weights)
                and same(self._owners, self._arrays))


def may_be_taken_again(optimizer: Any) -> bool:
    """Whether a step is its rule, and nothing else."""
    return (optimizer.watch is None and optimizer.loss_scale_factor is None
            and not (optimizer.gradient_accumulation_steps or optimizer.clipnorm or optimizer.global_clipnorm
                     or optimizer.clipvalue or optimizer.use_ema))
