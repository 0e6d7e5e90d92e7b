"""Automatic differentiation: a tape remembers each operation, and is played backwards.

While a `GradientTape` is open, every operation that depends on something watched appends one node:

    (output, inputs, backward)      backward(d output) -> (d input, ...)

and `tape.gradient(target, sources)` walks the nodes in reverse. That is the whole idea. With L the target, each node
hands dL/d output to its `backward`, which returns dL/d input for every input (the chain rule), and what several nodes
say about one tensor is added up.
"""

import threading

import numpy as np

from .core.nest import flatten, pack_like
from .tensor import Tensor, Variable


class _ThreadState(threading.local):
    """`state.tapes`: the open tapes of this thread. What another thread computes is not recorded on them."""

    def __init__(self):
        self.tapes = []


state = _ThreadState()
_unplayed = set()  # ids of tapes that hold nodes: while there are any, weights must not be changed in place


def record(data, inputs, backward):
    """Wrap an operation's result, and note on every open tape how to differentiate it.

    Args:
        data: The result, an ndarray.
        inputs: What the result was computed from: Tensors, and possibly other things, which have no gradient.
        backward: Function from the gradient of the result to a tuple of gradients, one per input, each an ndarray of
            that input's shape, or None where there is nothing to pass on. It must hold on to the arrays it needs, not
            look them up as `tensor.data` later: by then a variable may have been assigned to.

    Returns:
        The result as a Tensor.
    """
    output = Tensor.wrap(data)
    for tape in state.tapes:
        tape._append(output, inputs, backward)
    return output


def is_tracked(tensor):
    """Whether an open tape will want the gradient of this tensor. Lets an operation skip work nobody asks for."""
    for tape in state.tapes:  # noqa: SIM110, since any(...) would make a generator: 0.3 us in each operation
        if id(tensor) in tape._tracked or isinstance(tensor, Variable) and tape._tracks_variable(tensor):
            return True
    return False


def weights_may_change_in_place():
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

    def __init__(self, persistent=False, watch_accessed_variables=True):
        self._persistent = persistent
        self._watch_variables = watch_accessed_variables
        self._nodes = []
        self._tracked = {}  # id -> tensor; holding the tensor keeps its id from being used again
        self._played = False

    def __enter__(self):
        tapes = state.tapes
        if self in tapes:
            raise ValueError("GradientTape: this tape is already recording")
        self._played = False
        tapes.append(self)
        return self

    def __exit__(self, *exception):
        self._stop()

    def __del__(self):
        _unplayed.discard(id(self))

    def watch(self, tensor):
        """Differentiate with respect to this tensor (or list of tensors) too."""
        for leaf in flatten(tensor):
            if not isinstance(leaf, Tensor):
                raise TypeError(
                    f"GradientTape.watch: expected a Tensor, got {type(leaf).__name__}; wrap it in "
                    "convert_to_tensor(...)"
                )
            if leaf.data.dtype.kind != "f":
                raise TypeError(
                    f"GradientTape.watch: only floating-point tensors have gradients, got {leaf.data.dtype}; cast it "
                    "first"
                )
            self._tracked[id(leaf)] = leaf

    def watched_variables(self):
        """The variables this tape watches so far."""
        return tuple(tensor for tensor in self._tracked.values() if isinstance(tensor, Variable))

    def reset(self):
        """Forget everything recorded and watched so far."""
        self._release()
        self._played = False

    def stop_recording(self):
        """A `with` block in which nothing is recorded on this tape."""
        return _Paused(self)

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
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
            RuntimeError: a second call on a tape that is not persistent; or the target was itself computed by
                `gradient` (there are no second-order gradients).
        """
        source_list = self._check("gradient", sources, unconnected_gradients)
        targets = flatten(target)
        gradients = self._seed(targets, output_gradients)
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

    def jacobian(self, target, sources, unconnected_gradients="none"):
        """The derivative of every element of `target`, one walk back for each.

        Args:
            target: One Tensor.
            sources: Tensor or Variable, or a list, tuple or dict of them.
            unconnected_gradients: 'none' or 'zero', as in `gradient`.

        Returns:
            Tensors of shape target.shape + source.shape, in the structure of `sources`.

        >>> x = Variable([1.0, 2.0])
        >>> with GradientTape() as tape:
        ...     y = x * x
        >>> tape.jacobian(y, x).numpy()
        array([[2., 0.],
               [0., 4.]], dtype=float32)
        """
        source_list = self._check("jacobian", sources, unconnected_gradients)
        if not isinstance(target, Tensor):
            raise TypeError(f"GradientTape.jacobian: target must be one Tensor, got {type(target).__name__}")
        rows = []
        for i in range(target.data.size):
            start = np.zeros_like(target.data)
            start.flat[i] = 1
            gradients = self._seed([target], [start])
            self._walk_back(gradients, source_list, self._nodes.copy())
            rows.append([gradients.get(id(source)) for source in source_list])
        if not self._persistent:
            self._stop()
            self._played = True
            self._release()
        jacobians = []
        for source, column in zip(source_list, zip(*rows, strict=True) if rows else [()] * len(source_list),
                                  strict=True):
            shape, zero = target.data.shape + source.data.shape, np.zeros_like(source.data)
            connected = unconnected_gradients == "zero" or not all(row is None for row in column)
            full = [zero if row is None else row for row in column]
            jacobians.append(np.array(full, source.data.dtype).reshape(shape) if connected else None)
        return _results(jacobians, [target], sources, source_list, "none")

    def _append(self, output, inputs, backward):
        """Keep a node if one of its inputs is tracked. Called for every operation of a training step."""
        tracked = self._tracked
        wanted = False
        for tensor in inputs:  # to the end: each variable among them has to be noticed
            if id(tensor) in tracked or isinstance(tensor, Variable) and self._tracks_variable(tensor):
                wanted = True
        if not wanted or output.data.dtype.kind != "f":
            return
        if not self._nodes:
            _unplayed.add(id(self))
        tracked[id(output)] = output
        self._nodes.append((output, inputs, backward))

    def _tracks_variable(self, variable):
        """Whether this is a variable to be watched without being told to; if so, watch it."""
        if self._watch_variables and variable.trainable and variable.data.dtype.kind == "f":
            self._tracked[id(variable)] = variable
            return True
        return False

    def _check(self, name, sources, unconnected_gradients):
        """The sources as a list, all of them found good; `sources` itself if it is a list of Variables."""
        if unconnected_gradients not in ("none", "zero"):
            raise ValueError(
                f"GradientTape.{name}: unconnected_gradients must be 'none' or 'zero', got {unconnected_gradients!r}"
            )
        if self._played:
            raise RuntimeError(
                f"GradientTape.{name}: this tape has been played already; make it with GradientTape(persistent=True) "
                "to play it "
                "more than once"
            )
        if type(sources) is list and set(map(type, sources)) == {Variable}:
            return sources  # as in each step of training
        source_list = flatten(sources)
        for source in source_list:
            if not isinstance(source, Tensor):
                raise TypeError(
                    f"GradientTape.{name}: sources must be Tensors or Variables, got {type(source).__name__}"
                )
        return source_list

    def _seed(self, targets, output_gradients):
        """What the walk starts from: dL/d target = 1, or what the caller gives."""
        if output_gradients is None:
            starts = None
        else:
            starts = flatten(output_gradients)
            if len(starts) != len(targets) and len(targets) == 1:
                starts = [output_gradients]  # numbers in a list
            if len(starts) != len(targets):
                raise ValueError(f"GradientTape.gradient: {len(targets)} targets but {len(starts)} output_gradients")
        gradients = {}
        for i, target in enumerate(targets):
            if not isinstance(target, Tensor):
                hint = ("; a NumPy function, or numpy(), has taken the numbers off the tape: use tinynet.ops"
                        if isinstance(target, np.ndarray | np.generic) else "")
                raise TypeError(f"GradientTape.gradient: target must be a Tensor, got {type(target).__name__}{hint}")
            key = id(target)
            if key not in self._tracked and not (isinstance(target, Variable) and self._tracks_variable(target)):
                continue
            if starts is None or starts[i] is None:
                start = np.empty_like(target.data)  # with fill, 0.6 us less than np.ones_like
                start.fill(1)
            else:
                start = _as_gradient(starts[i], target.data)
            gradients[key] = _sum(gradients[key], start) if key in gradients else start
        return gradients

    def _walk_back(self, gradients, sources, nodes):
        """The chain rule, from the last node to the first.

        Args:
            gradients: What is known of dL/d tensor so far, by the tensor's id.
            sources: Tensors whose gradients stay in `gradients` at the end.
            nodes: They are let go of on the way, with their arrays; a copy of the list keeps them.
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
                        if input_key in gradients:  # not added in place: several inputs may have been given one array
                            d_input = _sum(gradients[input_key], d_input)
                        gradients[input_key] = d_input
            if not keep_nodes:
                del tracked[key]  # no earlier node depends on it: its memory is free

    def _stop(self):
        tapes = state.tapes
        if self in tapes:
            tapes.remove(self)

    def _release(self):
        self._nodes.clear()
        self._tracked.clear()
        _unplayed.discard(id(self))


class _Paused:
    def __init__(self, tape):
        self._tape = tape

    def __enter__(self):
        self._was_open = self._tape in state.tapes
        self._tape._stop()

    def __exit__(self, *exception):
        if self._was_open:
            state.tapes.append(self._tape)


def _sum(a, b):
    y = a + b
    return y if type(y) is np.ndarray else np.asarray(y)  # NumPy makes scalars of arrays without dimensions


def _as_gradient(value, data):
    gradient = np.asarray(value.data if isinstance(value, Tensor) else value, dtype=data.dtype)
    if gradient.shape != data.shape:
        raise ValueError(f"GradientTape.gradient: output_gradients has shape {gradient.shape}, the target {data.shape}")
    return gradient


def _results(gradients, targets, sources, source_list, unconnected_gradients):
    """What the caller gets: Tensors, nested as `sources` is."""
    if unconnected_gradients == "zero":
        gradients = [np.zeros_like(source.data) if g is None else g for g,
                     source in zip(gradients, source_list, strict=True)]
    if state.tapes:
        tensors = [None if g is None else _not_differentiable(g, targets, source) for g,
                   source in zip(gradients, source_list, strict=True)]
    else:
        tensors = [None if g is None else Tensor.wrap(g) for g in gradients]
    if sources is source_list:
        return tensors
    return tensors[0] if isinstance(sources, Tensor) else pack_like(sources, tensors)


def _not_differentiable(gradient, targets, source):
    """Another tape is open, which may want to differentiate this gradient: it is told that this is not possible."""

    def backward(_):
        raise RuntimeError(
            "GradientTape: second-order gradients are not supported: a tape cannot differentiate what another tape's "
            "gradient() "
            "returned. Wrap it in stop_gradient(...) if it is meant as a constant."
        )

    return record(gradient, (*targets, source), backward)
