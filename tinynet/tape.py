"""Automatic differentiation: a tape records each operation, and the chain rule walks the records backwards.

While a `GradientTape` is open, every operation that depends on something watched appends one node:

    (output, inputs, backward)      backward(d output) -> (d input, ...)

`tape.gradient(target, sources)` walks the nodes in reverse. That is the whole idea. With L the target, each node passes
dL/d output to its `backward`, which returns dL/d input for every input (the chain rule). Where several nodes use one
tensor, their contributions are added.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .core.nest import flatten, pack_like
from .core.types import Array, Structure, TensorLike
from .tape_conveniences import Paused, check_source, check_watched, jacobian_of, start_gradients
from .tensor import Tensor
from .variable import Variable


class _ThreadState(threading.local):
    """`state.tapes`: the open tapes of this thread. What another thread computes is not recorded on them."""

    def __init__(self) -> None:
        self.tapes: list[GradientTape] = []


state = _ThreadState()
_unplayed: set[int] = set()  # ids of tapes that hold nodes: while there are any, weights must not be changed in place


def record(data: Array, inputs: Sequence[Any], backward: Callable[[Array], Sequence[Array | None]]) -> Tensor:
    """Wrap an operation's result, and record on every open tape how to differentiate it.

    Args:
        data: The result.
        inputs: What the result was computed from: Tensors, and possibly other things, which have no gradient.
        backward: Function from the gradient of the result to a tuple of gradients, one per input, each an array of
            that input's shape, or None where there is nothing to pass on. It must keep the arrays it needs, not look
            them up as `tensor.data` later: by then a variable may have been assigned to.

    Returns:
        The result as a Tensor.
    """
    output = Tensor.wrap(data)
    for tape in state.tapes:
        tape._append(output, inputs, backward)
    return output


def is_tracked(tensor: Any) -> bool:
    """Whether an open tape will want the gradient of this tensor. An operation skips what nothing asks for."""
    for tape in state.tapes:  # noqa: SIM110, since any(...) would make a generator: 0.3 us in each operation
        if id(tensor) in tape._tracked or isinstance(tensor, Variable) and tape._tracks_variable(tensor):
            return True
    return False


def weights_may_change_in_place() -> bool:
    """False while some tape still holds nodes, whose `backward` functions read the weights as they were."""
    return not _unplayed


class GradientTape:
    """Record operations, to differentiate them.

    Trainable variables are watched by themselves, other tensors after `watch`.

    Args:
        persistent: Let `gradient` be called more than once; the tape then keeps its nodes until it is deleted.
        watch_accessed_variables: Watch each trainable `Variable` that an operation uses.

    >>> x = Variable(3.0)
    >>> with GradientTape() as tape:
    ...     y = x * x
    >>> tape.gradient(y, x).numpy()
    np.float32(6.0)
    """

    __slots__ = ("_persistent", "_watch_variables", "_nodes", "_tracked", "_played", "__weakref__")

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._watch_variables = watch_accessed_variables
        self._nodes: list[tuple[Tensor, Sequence[Any], Callable[[Array], Sequence[Array | None]]]] = []
        self._tracked: dict[int, Tensor] = {}  # by id; holding the tensor keeps its id from being used again
        self._played = False

    def __enter__(self) -> GradientTape:
        tapes = state.tapes
        if self in tapes:
            raise ValueError("GradientTape: this tape is already recording")
        self._played = False
        tapes.append(self)
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop()

    def watch(self, tensor: Structure) -> None:
        """Differentiate with respect to this tensor (or list of tensors) too.

        Raises:
            TypeError: it is no Tensor, or not of a floating-point type.
        """
        for leaf in flatten(tensor):
            check_watched(leaf)
            self._tracked[id(leaf)] = leaf

    def gradient(self, target: Structure, sources: Structure, output_gradients: TensorLike = None,
                 unconnected_gradients: str = "none") -> Any:
        """d target / d sources.

        Called inside the `with` block, it ends the recording, unless the tape is persistent.

        Args:
            target: Tensor, or a list of them, whose gradients are then added up. One that is not a scalar counts as the
                sum of its elements.
            sources: Tensor or Variable, or a list, tuple or dict of them.
            output_gradients: What to start from instead of ones, shaped as `target`.
            unconnected_gradients: 'none' gives None for a source that `target` does not depend on, 'zero' gives zeros.

        Returns:
            Tensors, in the structure of `sources`.

        Raises:
            TypeError: a target or a source is no Tensor.
            RuntimeError: a second call on a tape that is not persistent; or the target was itself computed by
                `gradient` (there are no second-order gradients).
        """
        source_list = self._check("gradient", sources, unconnected_gradients)
        targets = flatten(target)
        gradients = self._start(targets, output_gradients)
        if self._persistent:
            self._walk_back(gradients, source_list, self._nodes.copy())
        else:
            self._stop()
            self._played = True
            try:
                self._walk_back(gradients, source_list, self._nodes)
            finally:
                self._release()
        return _results(list(map(gradients.get, map(id, source_list))), targets, sources, source_list,
                        unconnected_gradients)

    def _append(self, output: Tensor, inputs: Sequence[Any], backward: Callable) -> None:
        """Keep a node if one of its inputs is tracked. Called for every operation of a training step."""
        tracked = self._tracked
        wanted = False
        for tensor in inputs:  # to the end: each variable among them has to be watched
            if id(tensor) in tracked or isinstance(tensor, Variable) and self._tracks_variable(tensor):
                wanted = True
        if not wanted or output.data.dtype.kind != "f":
            return
        if not self._nodes:
            _unplayed.add(id(self))
        tracked[id(output)] = output
        self._nodes.append((output, inputs, backward))

    def _walk_back(self, gradients: dict[int, Array], sources: list[Tensor], nodes: list) -> None:
        """The chain rule, from the last node to the first.

        Args:
            gradients: What is known of dL/d tensor so far, by the tensor's id.
            sources: Tensors whose gradients stay in `gradients` at the end.
            nodes: They are released one by one, with their arrays; a copy of the list keeps them.
        """
        tracked = self._tracked
        kept = set(map(id, sources))
        keep_nodes = nodes is not self._nodes
        while nodes:
            output, inputs, backward = nodes.pop()
            key = id(output)
            d_output = gradients.get(key) if key in kept else gradients.pop(key, None)
            if d_output is not None:
                for input_key, d_input in zip(map(id, inputs), backward(d_output), strict=True):
                    if d_input is not None and input_key in tracked:
                        if input_key in gradients:  # not added in place: several inputs may share one array
                            d_input = _sum(gradients[input_key], d_input)
                        gradients[input_key] = d_input
            if not keep_nodes:
                del tracked[key]  # no earlier node depends on it: its memory is free

    # -- beside the idea: variables watched by themselves, arguments, conveniences ------------------------------------

    def _tracks_variable(self, variable: Variable) -> bool:
        """Whether this variable is watched without a call of `watch`; if so, watch it."""
        if self._watch_variables and variable.trainable and variable.data.dtype.kind == "f":
            self._tracked[id(variable)] = variable
            return True
        return False

    def _start(self, targets: list, output_gradients: TensorLike) -> dict[int, Array]:
        """What the walk starts from: dL/d target = 1, or what the caller passes, by the target's id."""
        gradients: dict[int, Array] = {}
        for target, start in start_gradients(targets, output_gradients):
            key = id(target)
            if key in self._tracked or isinstance(target, Variable) and self._tracks_variable(target):
                gradients[key] = _sum(gradients[key], start) if key in gradients else start
        return gradients

    def _check(self, name: str, sources: Structure, unconnected_gradients: str) -> list[Tensor]:
        """The sources as a list, all of them valid; `sources` itself if it is a list of Variables."""
        if unconnected_gradients not in ("none", "zero"):
            raise ValueError(
                f"GradientTape.{name}: unconnected_gradients must be 'none' or 'zero', got {unconnected_gradients!r}"
            )
        if self._played:
            raise RuntimeError(
                f"GradientTape.{name}: this tape has been played already; make it with GradientTape(persistent=True) "
                "to play it more than once"
            )
        if type(sources) is list and set(map(type, sources)) == {Variable}:
            return sources  # as in each step of training
        source_list = flatten(sources)
        for source in source_list:
            check_source(name, source)
        return source_list

    def jacobian(self, target: Tensor, sources: Structure, unconnected_gradients: str = "none") -> Any:
        """The derivative of every element of `target`, one backward walk for each.

        Args:
            target: One Tensor.
            sources: Tensor or Variable, or a list, tuple or dict of them.
            unconnected_gradients: 'none' or 'zero', as in `gradient`.

        Returns:
            Tensors of shape target.shape + source.shape, in the structure of `sources`.

        Raises:
            TypeError: the target or a source is no Tensor.
            RuntimeError: a second call on a tape that is not persistent.

        >>> x = Variable([1.0, 2.0])
        >>> with GradientTape() as tape:
        ...     y = x * x
        >>> tape.jacobian(y, x).numpy()
        array([[2., 0.],
               [0., 4.]], dtype=float32)
        """
        source_list = self._check("jacobian", sources, unconnected_gradients)

        def gradients_from(start: Array) -> list[Array | None]:
            gradients = self._start([target], [start])
            self._walk_back(gradients, source_list, self._nodes.copy())
            return [gradients.get(id(source)) for source in source_list]

        jacobians = jacobian_of(target, source_list, gradients_from, unconnected_gradients == "zero")
        if not self._persistent:
            self._stop()
            self._played = True
            self._release()
        return _results(jacobians, [target], sources, source_list, "none")

    def watched_variables(self) -> tuple[Variable, ...]:
        """The variables this tape watches so far."""
        return tuple(tensor for tensor in self._tracked.values() if isinstance(tensor, Variable))

    def reset(self) -> None:
        """Forget everything recorded and watched so far."""
        self._release()
        self._played = False

    def stop_recording(self) -> Paused:
        """A `with` block in which nothing is recorded on this tape."""
        return Paused(self, state.tapes)

    def _stop(self) -> None:
        tapes = state.tapes
        if self in tapes:
            tapes.remove(self)

    def _release(self) -> None:
        self._nodes.clear()
        self._tracked.clear()
        _unplayed.discard(id(self))

    def __del__(self) -> None:
        _unplayed.discard(id(self))


def _sum(a: Array, b: Array) -> Array:
    y = a + b
    return y if type(y) is np.ndarray else np.asarray(y)  # NumPy makes scalars of arrays without dimensions


def _results(gradients: list, targets: list, sources: Structure, source_list: list[Tensor],
             unconnected_gradients: str) -> Any:
    """What the caller gets: Tensors, nested as `sources` is."""
    if unconnected_gradients == "zero":
        gradients = [np.zeros_like(source.data) if g is None else g
                     for g, source in zip(gradients, source_list, strict=True)]
    if state.tapes:
        tensors = [None if g is None else _not_differentiable(g, targets, source)
                   for g, source in zip(gradients, source_list, strict=True)]
    else:
        tensors = [None if g is None else Tensor.wrap(g) for g in gradients]
    if sources is source_list:
        return tensors
    return tensors[0] if isinstance(sources, Tensor) else pack_like(sources, tensors)


def _not_differentiable(gradient: Array, targets: list, source: Tensor) -> Tensor:
    """A gradient computed while another tape is open; that tape cannot differentiate it, and raises when asked to."""

    def backward(_: Array) -> Sequence[Array | None]:
        raise RuntimeError(
            "GradientTape: second-order gradients are not supported: a tape cannot differentiate what another tape's "
            "gradient() returned. Wrap it in stop_gradient(...) if it is meant as a constant."
        )

    return record(gradient, (*targets, source), backward)
