"""Optimizer states that are spread over the ranks: ZeRO, stage 1 (Rajbhandari et al., SC 2020).

Each rank keeps momentum and the like for its part of every bucket alone, 1 / n of the memory:

    scatter and add     as without: rank r has the gradient's sum of its part
    step                rank r changes its part of the weights
    gather              the parts of the weights, instead of those of the gradient, go to all

The bytes are the same. The rule must take each number by itself: SGD, Adam and others do; a norm of a whole gradient,
or a product of matrices, does not. Such options are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import optimizers
from ..core.types import Array
from ..variable import Variable
from .buckets import Bucket, Exchange

ELEMENTWISE = (optimizers.SGD, optimizers.Adam, optimizers.AdamW, optimizers.RMSprop, optimizers.Adagrad,
               optimizers.Adadelta, optimizers.Adamax, optimizers.Lion, optimizers.Ftrl)
REFUSED = ("clipnorm", "global_clipnorm", "use_ema", "gradient_accumulation_steps")


class Piece(NamedTuple):
    """The part of one variable that this rank steps.

    Attributes:
        whole: The variable.
        within: Which of its numbers, as one row.
        bucket: The bucket of its gradient.
        at: Where these numbers are in the bucket.
        variable: A variable of them alone.
    """

    whole: Variable
    within: slice
    bucket: Bucket
    at: slice
    variable: Variable


def check_elementwise(optimizer: Any) -> None:
    """Raise for an optimizer whose states cannot be spread.

    Args:
        optimizer: The optimizer.

    Raises:
        ValueError: its rule, or an option, needs whole gradients.
    """
    if type(optimizer) not in ELEMENTWISE:
        raise ValueError(f"DataParallel(shard_optimizer=True): {type(optimizer).__name__} may need whole gradients; "
                         f"the states of {', '.join(cls.__name__ for cls in ELEMENTWISE)} can be spread")
    for option in REFUSED:
        if getattr(optimizer, option):
            raise ValueError(f"DataParallel(shard_optimizer=True): {type(optimizer).__name__} has {option}="
                             f"{getattr(optimizer, option)!r}, which needs whole gradients; leave it out")


class ShardedOptimizer:
    """An optimizer of which this rank keeps a part.

    Args:
        optimizer: The model's.
        exchange: Sums the gradients, and does not gather them.
    """

    def __init__(self, optimizer: Any, exchange: Exchange) -> None:
        check_elementwise(optimizer)
        self._optimizer, self._exchange = optimizer, exchange
        self._pieces: list[Piece] = []
        self._order: list[Variable] = []  # of the whole optimizer
        self._excluded = optimizer._excluded
        slots = {id(variable) for slot in optimizer._slots for variable in slot}
        self._base = [variable for variable in optimizer._variables if id(variable) not in slots]

    def lay_out(self, variables: dict[int, Variable], order: Sequence[Variable]) -> None:
        """Find this rank's parts, and let the optimizer have states for them alone.

        Args:
            variables: {id: variable} of the buckets.
            order: The variables as the optimizer is given them.
        """
        before = self._whole_slots() if self._optimizer.built else {}
        self._pieces, self._order = [], list(order)
        for bucket in self._exchange.buckets:
            for key in bucket.keys:
                span = bucket.slices[key]
                start, stop = max(span.start, bucket.own.start), min(span.stop, bucket.own.stop)
                if start < stop:
                    whole, within = variables[key], slice(start - span.start, stop - span.start)
                    part = Variable(whole.data.reshape(-1)[within], name=whole.name)
                    part.path = whole.path
                    self._pieces.append(Piece(whole, within, bucket, slice(start, stop), part))
        wholes = {id(piece.variable): piece.whole for piece in self._pieces}
        excluded = self._excluded
        self._rebuild([piece.variable for piece in self._pieces],
                      excluded and (lambda variable: excluded(wholes.get(id(variable), variable))))
        for number, slots in enumerate(self._optimizer._slots):
            for slot, piece in zip(slots, self._pieces, strict=True):
                if slot.data.shape != piece.variable.data.shape:
                    raise ValueError(f"DataParallel(shard_optimizer=True): {type(self._optimizer).__name__} keeps a "
                                     f"state of shape {slot.data.shape} for weights of shape "
                                     f"{piece.variable.data.shape}; it cannot be spread")
                if before:
                    slot.data = before[number, id(piece.whole)].reshape(-1)[piece.within].copy()
        self._optimizer.save_own_variables = self._save

    def _rebuild(self, variables: list[Variable], excluded: Any) -> None:
        optimizer = self._optimizer
        optimizer._variables = list(self._base)
        optimizer.built, optimizer._plan, optimizer._excluded = False, None, excluded
        optimizer.build(variables)

    def pieces(self) -> tuple[list[Array], list[Variable]]:
        """(gradients, variables) of this rank's parts, for one step."""
        for piece in self._pieces:
            piece.variable.data = piece.whole.data.reshape(-1)[piece.within]
        return [piece.bucket.result[piece.at] for piece in self._pieces], [piece.variable for piece in self._pieces]

    def gather_weights(self) -> None:
        """After a step: bring the parts of all ranks together."""
        for piece in self._pieces:
            piece.bucket.result[piece.at] = piece.variable.data
        wholes = {id(variable): variable for variable in self._order}
        for key, array in self._gathered(wholes).items():
            variable = wholes[key]
            np.copyto(variable.data, array)
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable))

    def _gathered(self, wholes: dict[int, Variable]) -> dict[int, Array]:
        """{id of a variable: array} of what the buckets hold, of all ranks."""
        communicator = self._exchange.communicator
        pending = [communicator.all_gather(bucket.result, bucket.counts) for bucket in self._exchange.buckets]
        for one in pending:
            communicator.wait(one)
        return {key: bucket.array(key, self._exchange.shapes[key]) for bucket in self._exchange.buckets
                for key in bucket.keys if key in wholes}

    def _whole_slots(self) -> dict[tuple[int, int], Array]:
        """{(number of a state, id of a variable): array} of the whole optimizer; every rank must call it."""
        optimizer = self._optimizer
        if not self._pieces and not self._order:  # not spread yet
            return {(number, id(variable)): slot.data for number, slots in enumerate(optimizer._slots)
                    for variable, slot in zip(optimizer._trainable_variables, slots, strict=True)}
        found: dict[tuple[int, int], Array] = {}
        wholes = {id(variable): variable for variable in self._order}
        for number, slots in enumerate(optimizer._slots):
            for piece, slot in zip(self._pieces, slots, strict=True):
                piece.bucket.result[piece.at] = slot.data
            found |= {(number, key): array.copy() for key, array in self._gathered(wholes).items()}
        return found

    def _made_whole(self, optimizer: Any) -> None:
        """Give an optimizer that is built for the whole variables the gathered states."""
        found = self._whole_slots()
        for number, slots in enumerate(optimizer._slots):
            for variable, slot in zip(optimizer._trainable_variables, slots, strict=True):
                slot.data = found[number, id(variable)]

    def _save(self, store: Any) -> None:
        """`save_own_variables` of the whole optimizer; every rank must call it."""
        whole = type(self._optimizer).from_config(self._optimizer.get_config())
        whole._excluded = self._excluded
        whole.build(self._order)
        for variable, own in zip(whole._variables, self._base, strict=False):
            variable.assign(own.data)
        self._made_whole(whole)
        whole.save_own_variables(store)

    def close(self, complete: bool) -> None:
        """End the spreading.

        Args:
            complete: Whether all ranks end regularly: the optimizer is whole again, on every rank.
        """
        optimizer = self._optimizer
        optimizer.__dict__.pop("save_own_variables", None)
        if not complete or not self._order:
            return
        found = self._whole_slots()
        self._rebuild(self._order, self._excluded)
        for number, slots in enumerate(optimizer._slots):
            for variable, slot in zip(self._order, slots, strict=True):
                slot.data = found[number, id(variable)]
