"""Which variables one call of a rule takes; worked out once for a list of variables, not in every step."""


class Group:
    """Variables that one call of `update_all` takes: of one dtype, all decayed or none."""

    def __init__(self, optimizer, variables, indices, positions, decays):
        self.variables = variables
        self.positions = positions  # among the gradients of the step; None for all of them
        self.decays = decays
        self.dtype = variables[0].data.dtype
        self.slots = [[slot[i] for i in indices] for slot in optimizer._slots]


class Plan:
    """What stays the same while `apply` is called with the same variables."""

    def __init__(self, optimizer, variables):
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

    def groups(self, with_decay):
        """The variables in groups of one element type; with `with_decay` also apart by whether they decay."""
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
