"""Automatic differentiation: a tape records each operation, and the chain rule walks the records backwards.

While a `GradientTape` is open, every operation that depends on a watched tensor appends one node:

    (output, inputs, backward)      backward(d output) -> (d input, ...)

Here d t means dL/dt, the gradient of the target L with respect to a tensor t. `tape.gradient(target, sources)` starts
from d target = 1 and walks the nodes in reverse. For each node it calls `backward`, which applies the chain rule to one
operation. Where several nodes use one tensor, their gradients are added. That is the whole idea. By hand:

    u = x * w       node (u, (x, w), du -> (du * w, du * x))
    y = u + x       node (y, (u, x), dy -> (dy, dy))

    dy = 1    du = dy = 1    dx = dy + du * w = 1 + w    dw = du * x = x

While another tape is open during this walk, it has to record the walk's own operations: then the gradients are Tensors,
and a node's `differentiable` stands for `backward`. That makes second and higher derivatives:

    with GradientTape() as outer:
        with GradientTape() as inner:
            y = x * x * x
        dx = inner.gradient(y, x)       3 x^2, and `outer` records how it was computed
    outer.gradient(dx, x)               6 x

Read `record`, then `GradientTape` down to the line "Beside the idea": `watch`, `_append`, `gradient`, `_walk_back`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from .core.nest import flatten
from .core.recording import computed
from .core.types import Array, Structure, TensorLike
from .runtime import kernels
from .tape_conveniences import (
    Paused,
    check_source,
    check_watched,
    jacobians_of,
    refusal,
    start_gradients,
    tensors_like,
)
from .tensor import Tensor
from .variable import Variable

Backward: TypeAlias = Callable[[Array], Sequence[Array | None]]  # d output -> d input for each input
Differentiable: TypeAlias = Callable[[Tensor, Tensor], Sequence[Tensor | None]]  # (d output, output) -> the same
# Elements from which the sum of two gradients is worth several threads; below, calling NumPy takes less time.
THREADED = 1 << 15
Node: TypeAlias = tuple[Tensor, Sequence[Any], Backward, Differentiable | None]  # output, inputs, the two functions


class _ThreadState(threading.local):
    """`state.tapes`: the open tapes of this thread. Operations of other threads are not recorded on them."""

    def __init__(self) -> None:
        self.tapes: list[GradientTape] = []


state = _ThreadState()


def record(data: Array, inputs: Sequence[Any], backward: Backward,
           differentiable: Differentiable | None = None) -> Tensor:
    """Wrap an operation's result, and record on every open tape how to differentiate it.

    Args:
        data: The result.
        inputs: What the result was computed from: Tensors, and possibly other things, which have no gradient.
        backward: Function from the gradient of the result to a tuple of gradients, one per input. Each is an array of
            that input's shape, or None where the input has no gradient. The function must keep the arrays it needs. It
            must not read `tensor.data` later: by then a variable may have another value.
        differentiable: The same in recorded operations, for derivatives of the gradient: function from the gradient of
            the result and the result, both Tensors, to Tensors (or None). See ops/recorded_gradients.py. If it is None,
            a derivative of this gradient raises an error that names the operation.

    Returns:
        The result as a Tensor.

    >>> def square(x):
    ...     data = x.data
    ...     return record(data * data, inputs=(x,), backward=lambda dy: (2 * data * dy,),
    ...                   differentiable=lambda dy, y: (2 * x * dy,))
    >>> x = Variable(3.0)
    >>> with GradientTape() as tape:
    ...     y = square(x)
    >>> tape.gradient(y, x).item()
    6.0
    """
    output = Tensor.wrap(data)
    for tape in state.tapes:
        tape._append(output, inputs, backward, differentiable)
    return output


class GradientTape:
    """Record operations, to differentiate them.

    A tape watches every trainable variable that an operation uses, and other tensors after `watch`.

    Args:
        persistent: Allow several calls of `gradient`. The tape then keeps its nodes until it is deleted.
        watch_accessed_variables: Watch trainable variables without a call of `watch`.

    >>> x = Variable(3.0)
    >>> with GradientTape() as tape:
    ...     y = x * x
    >>> tape.gradient(y, x).numpy()
    np.float32(6.0)
    """

    __slots__ = ("_persistent", "_watch_variables", "_nodes", "_tracked", "_played", "on_final", "__weakref__")

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._watch_variables = watch_accessed_variables
        self._nodes: list[Node] = []
        # Watched tensors and all that was computed from them, by id. The dict holds the tensor: Python gives an id to
        # another object only when the first is gone.
        self._tracked: dict[int, Tensor] = {}
        self._played = False  # whether `gradient` has used up the nodes
        # Called with each source and its gradient as soon as that is complete, while the walk goes on.
        self.on_final: Callable[[Tensor, Any], None] | None = None

    def __enter__(self) -> GradientTape:
        tapes = state.tapes
        if self in tapes:
            raise ValueError("GradientTape: this tape is already recording")
        self._played = False
        tapes += (self,)  # no call: Python looks for Ctrl-C after calls, and nobody would close the tape
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop()

    def watch(self, tensor: Structure) -> None:
        """Differentiate with respect to this tensor too.

        Args:
            tensor: Tensor, or a list, tuple or dict of them.

        Raises:
            TypeError: it is no Tensor, or not of a floating-point type.

        >>> x = Tensor(3.0)
        >>> with GradientTape() as tape:
        ...     tape.watch(x)
        ...     y = x * x
        >>> tape.gradient(y, x).item()
        6.0
        """
        for leaf in flatten(tensor):
            check_watched(leaf)
            self._tracked[id(leaf)] = leaf

    def _append(self, output: Tensor, inputs: Sequence[Any], backward: Backward,
                differentiable: Differentiable | None) -> None:
        """Keep a node if one of its inputs is tracked; its output is tracked then too."""
        tracked = self._tracked
        wanted = False
        for tensor in inputs:  # all of them: a variable among the last ones has to be watched too
            if id(tensor) in tracked or isinstance(tensor, Variable) and self._watch_trainable(tensor):
                wanted = True
        if not wanted or output.data.dtype.kind != "f":
            return
        if not self._nodes:
            _unplayed.add(id(self))
        tracked[id(output)] = output
        self._nodes.append((output, inputs, backward, differentiable))

    def gradient(self, target: Structure, sources: Structure, output_gradients: TensorLike = None,
                 unconnected_gradients: str = "none") -> Any:
        """Return d target / d sources.

        Called inside the `with` block, it ends the recording, unless the tape is persistent. Tapes that are still open
        record how the gradients are computed, and can differentiate them again; so does a persistent tape itself.

        Args:
            target: Tensor, or a list, tuple or dict of them, whose gradients are then added. A target that is not a
                scalar counts as the sum of its elements.
            sources: Tensor or Variable, or a list, tuple or dict of them.
            output_gradients: The gradients to start from, in the structure and shapes of `target`; ones if None.
            unconnected_gradients: For a source that `target` does not depend on, 'none' returns None, 'zero' returns
                zeros.

        Returns:
            Tensors, each of its source's shape, in the structure of `sources`.

        Raises:
            TypeError: a target or a source is no Tensor.
            ValueError: `output_gradients` has another structure or shape than `target`, or `unconnected_gradients` is
                not 'none' or 'zero'.
            RuntimeError: a second call on a tape that is not persistent; or the target depends on the gradient of an
                operation whose gradient cannot be differentiated.

        >>> x = Variable(2.0)
        >>> with GradientTape() as outer:
        ...     with GradientTape() as inner:
        ...         y = x * x * x
        ...     dx = inner.gradient(y, x)
        >>> dx.item(), outer.gradient(dx, x).item()
        (12.0, 12.0)
        """
        source_list = self._check("gradient", sources, unconnected_gradients)
        targets = flatten(target)
        if not self._persistent:
            self._stop()
        recording = bool(state.tapes)
        gradients = self._start(targets, output_gradients, recording)
        if self._persistent:
            self._walk_back(gradients, source_list, self._nodes.copy(), recording)
        else:
            self._played = True
            try:
                self._walk_back(gradients, source_list, self._nodes, recording)
            finally:
                self._release()
        return _results(list(map(gradients.get, map(id, source_list))), sources, source_list,
                        unconnected_gradients, recording)

    def _walk_back(self, gradients: dict[int, Any], sources: list[Tensor], nodes: list[Node], recording: bool) -> None:
        """Apply the chain rule to each node, from the last to the first.

        When a node's turn comes, all nodes that use its output have had theirs: d output is complete.

        Args:
            gradients: {id of a tensor: the sum of its gradients so far}. It changes: at the end it holds the gradients
                of the sources.
            sources: The tensors whose gradients the caller wants.
            nodes: The tape's own list, or a copy. Each node is removed when it is done, and its arrays are freed; with
                a copy, the tape keeps them.
            recording: Whether another tape is open. Then the gradients are Tensors, else arrays.
        """
        tracked = self._tracked
        kept = set(map(id, sources))
        keep_nodes = nodes is not self._nodes
        final = {} if self.on_final is None else _first_uses(nodes, sources)
        while nodes:
            output, inputs, backward, differentiable = nodes.pop()
            key = id(output)
            d_output = gradients.get(key) if key in kept else gradients.pop(key, None)
            if d_output is not None:  # None: the target does not depend on this output
                d_inputs = (_recorded(d_output, output, inputs, backward, differentiable) if recording
                            else backward(d_output))
                for input_key, d_input in zip(map(id, inputs), d_inputs, strict=True):
                    if d_input is not None and input_key in tracked:
                        if input_key in gradients:  # not added in place: several inputs may share one array
                            d_input = _sum(gradients[input_key], d_input)
                        gradients[input_key] = d_input
            if not keep_nodes:
                del tracked[key]  # no earlier node depends on it: its memory is free
            for source in final.get(len(nodes), ()):  # no earlier node uses it
                self.on_final(source, gradients.get(id(source)))  # type: ignore[misc]

    # ---- Beside the idea: variables watched without a call, checks of arguments, conveniences -----------------------

    def _watch_trainable(self, variable: Variable) -> bool:
        """Watch a trainable variable that an operation uses. Returns whether it is watched now."""
        if self._watch_variables and variable.trainable and variable.data.dtype.kind == "f":
            self._tracked[id(variable)] = variable
            return True
        return False

    def _start(self, targets: list, output_gradients: TensorLike, recording: bool) -> dict[int, Any]:
        """{id of a target: d target}: ones, or what the caller passes. A target that is not tracked is left out."""
        gradients: dict[int, Any] = {}
        for target, start in start_gradients(targets, output_gradients, recording):
            key = id(target)
            if key in self._tracked or isinstance(target, Variable) and self._watch_trainable(target):
                gradients[key] = _sum(gradients[key], start) if key in gradients else start
        return gradients

    def _check(self, name: str, sources: Structure, unconnected_gradients: str) -> list[Tensor]:
        """Check the arguments of the method `name`. Returns the sources as a list: itself if it is one of Variables."""
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
            return sources  # each training step passes such a list
        source_list = flatten(sources)
        for source in source_list:
            check_source(name, source)
        return source_list

    def jacobian(self, target: Tensor, sources: Structure, unconnected_gradients: str = "none") -> Any:
        """Return the derivative of every element of `target`, by one backward pass for each element.

        J[i..., j...] = d target[i...] / d source[j...]

        Args:
            target: One Tensor.
            sources: Tensor or Variable, or a list, tuple or dict of them.
            unconnected_gradients: 'none' or 'zero', as in `gradient`.

        Returns:
            Tensors of shape target.shape + source.shape, in the structure of `sources`.

        Raises:
            TypeError: the target or a source is no Tensor.
            ValueError: `unconnected_gradients` is not 'none' or 'zero'.
            RuntimeError: a second call on a tape that is not persistent.

        >>> x = Variable([1.0, 2.0])
        >>> with GradientTape() as tape:
        ...     y = x * x
        >>> tape.jacobian(y, x).numpy()
        array([[2., 0.],
               [0., 4.]], dtype=float32)
        """
        source_list = self._check("jacobian", sources, unconnected_gradients)

        jacobians = self._jacobians("jacobian", target, source_list, unconnected_gradients)
        return tensors_like(sources, source_list, jacobians)

    def batch_jacobian(self, target: Tensor, source: Tensor, unconnected_gradients: str = "none") -> Any:
        """Return the Jacobian of each sample of a batch, by one backward pass for each element of one sample's target.

        J[n, i..., j...] = d target[n, i...] / d source[n, j...]

        Sample n of the target must not depend on other samples of the source; such derivatives would be added.

        Args:
            target: Tensor, shape (batch, ...).
            source: Tensor or Variable, shape (batch, ...).
            unconnected_gradients: 'none' or 'zero', as in `gradient`.

        Returns:
            Tensor of shape target.shape + source.shape[1:].

        Raises:
            TypeError: the target or the source is no Tensor.
            ValueError: the batches have different lengths, or `unconnected_gradients` is not 'none' or 'zero'.
            RuntimeError: a second call on a tape that is not persistent.

        >>> x = Variable([[1.0], [2.0]])
        >>> with GradientTape() as tape:
        ...     y = x * x
        >>> tape.batch_jacobian(y, x).numpy().ravel()
        array([2., 4.], dtype=float32)
        """
        source_list = self._check("batch_jacobian", source, unconnected_gradients)
        return self._jacobians("batch_jacobian", target, source_list, unconnected_gradients)[0]

    def _jacobians(self, name: str, target: Tensor, sources: list[Tensor], unconnected_gradients: str) -> list:
        if not self._persistent:
            self._stop()
        recording = bool(state.tapes)
        nodes = self._nodes.copy()

        def gradients_from(start: Array) -> list[Tensor | None]:
            gradients = self._start([target], [start], recording)
            self._walk_back(gradients, sources, nodes.copy(), recording)
            return _results([gradients.get(id(source)) for source in sources], sources, sources, "none", recording)

        jacobians = jacobians_of(name, target, sources, gradients_from, unconnected_gradients == "zero")
        if not self._persistent:
            self._played = True
            self._release()
        return jacobians

    def watched_variables(self) -> tuple[Variable, ...]:
        """Return the variables that this tape watches so far.

        >>> x, unused = Variable(3.0, name="x"), Variable(1.0, name="unused")
        >>> with GradientTape() as tape:
        ...     y = x * x
        >>> [variable.name for variable in tape.watched_variables()]
        ['x']
        """
        return tuple(tensor for tensor in self._tracked.values() if isinstance(tensor, Variable))

    def reset(self) -> None:
        """Forget everything recorded and watched so far.

        >>> x = Variable(3.0)
        >>> with GradientTape() as tape:
        ...     y = x * x
        ...     tape.reset()
        ...     z = 2 * x
        >>> tape.gradient(z, x).item()
        2.0
        """
        self._release()
        self._played = False

    def stop_recording(self) -> Paused:
        """Return a `with` block in which nothing is recorded on this tape.

        >>> x = Variable(3.0)
        >>> with GradientTape() as tape:
        ...     with tape.stop_recording():
        ...         y = x * x
        >>> tape.gradient(y, x) is None
        True
        """
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


_unplayed: set[int] = set()  # ids of the tapes that hold nodes


def is_tracked(tensor: Any) -> bool:
    """Whether an open tape needs the gradient of this tensor. An operation computes no other gradients."""
    for tape in state.tapes:  # noqa: SIM110, since any(...) would make a generator: 0.3 us in each operation
        if id(tensor) in tape._tracked or isinstance(tensor, Variable) and tape._watch_trainable(tensor):
            return True
    return False


def weights_may_change_in_place() -> bool:
    """False while some tape still holds nodes: their `backward` functions read the weights as they were."""
    return not _unplayed


def _recorded(d_output: Tensor, output: Tensor, inputs: Sequence[Any], backward: Backward,
              differentiable: Differentiable | None) -> Sequence[Tensor | None]:
    """One node's step of a walk that other tapes record: gradients as Tensors."""
    used = [tensor for tensor in (d_output, output, *inputs) if isinstance(tensor, Tensor)]
    wanted = any(map(is_tracked, used))
    if wanted and differentiable is not None:
        return differentiable(d_output, output)
    gradients = backward(d_output.data)
    if not wanted:  # constants for all open tapes
        return [None if gradient is None else Tensor.wrap(gradient) for gradient in gradients]
    refuse = refusal(backward)
    return [None if gradient is None else record(gradient, used, refuse) for gradient in gradients]


def _sum(a: Any, b: Any) -> Any:
    if (type(a) is np.ndarray and type(b) is np.ndarray and a.size >= THREADED and a.shape == b.shape
            and a.dtype == b.dtype and a.dtype.char in "fd"):
        return kernels.add_forward(a, b)
    y = a + b if type(a) is Tensor or type(b) is Tensor else computed(np.add, a, b)
    # NumPy makes scalars of arrays without dimensions
    return y if type(y) is np.ndarray or type(y) is Tensor else np.asarray(y)


def _first_uses(nodes: list[Node], sources: list[Tensor]) -> dict[int, list[Tensor]]:
    """{index of a node: the sources that no node before it uses}."""
    wanted = {id(source): source for source in sources}
    found: dict[int, list[Tensor]] = {}
    for index, (_, inputs, _, _) in enumerate(nodes):
        for tensor in inputs:
            source = wanted.pop(id(tensor), None)
            if source is not None:
                found.setdefault(index, []).append(source)
    return found


def _results(gradients: list, sources: Structure, source_list: list[Tensor], unconnected_gradients: str,
             recording: bool) -> Any:
    """The gradients as Tensors, in the structure of `sources`."""
    if unconnected_gradients == "zero":
        gradients = [np.zeros_like(source.data) if g is None else g
                     for g, source in zip(gradients, source_list, strict=True)]
    if recording:
        tensors = [Tensor.wrap(g) if type(g) is np.ndarray else g for g in gradients]
    else:
        tensors = [None if g is None else Tensor.wrap(g) for g in gradients]
    return tensors_like(sources, source_list, tensors)
