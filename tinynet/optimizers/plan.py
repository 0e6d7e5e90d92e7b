"""Which variables one call of a rule takes; computed once for a list of variables, not in every step."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
