"""Automatic differentiation: a tape remembers each operation, and is played backwards.

While a `GradientTape` is open, every operation that depends on something watched appends one node:

    (output, inputs, backward)      backward(d output) -> (d input, ...)

and `tape.gradient(target, sources)` walks the nodes in reverse. That is the whole idea. With L the target, each node
hands dL/d output to its `backward`, which returns dL/d input for every input (the chain rule), and what several nodes
say about one tensor is added up.
"""

import threading

import numpy as np

from .tensor import Tensor, Variable


class _State(threading.local):
    def __init__(self):
        self.tapes = []


_state = _State()
_unplayed = 0  # tapes that hold nodes: while there are any, weights must not be changed in place


def record(data, inputs, backward):
    """Wrap an operation's result, and note on every open tape how to differentiate it.

    Args:
        data: The result, an ndarray.
        inputs: Tensors that the result was computed from.
        backward: Function from the gradient of the result to a tuple of gradients, one per input, each an ndarray of
            that input's shape, or None where there is nothing to pass on.

    Returns:
        The result as a Tensor.
    """
    output = Tensor.wrap(data)
    for tape in _state.tapes:
        tape._append(output, inputs, backward)
    return output


def is_tracked(tensor):
    """Whether an open tape will want the gradient of this tensor. Lets an operation skip work nobody asks for."""
    return any(tape._tracks(tensor) for tape in _state.tapes)


def weights_may_change_in_place():
    """False while some tape still holds nodes, whose `backward` functions read the weights as they were."""
    return _unplayed == 0


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
    array(6., dtype=float32)
    """

    def __init__(self, persistent=False, watch_accessed_variables=True):
        self._persistent = persistent
        self._watch_variables = watch_accessed_variables
        self._nodes = []
        self._tracked = {}  # id -> tensor; holding the tensor keeps its id from being used again
        self._played = False
        self._counted = False

    def __enter__(self):
        if self in _state.tapes:
            raise ValueError("GradientTape: this tape is already recording")
        self._played = False
        _state.tapes.append(self)
        return self

    def __exit__(self, *exception):
        _state.tapes.remove(self)

    def __del__(self):
        self._release()

    def watch(self, tensor):
        """Differentiate with respect to this tensor (or list of tensors) too."""
        for leaf in _flatten(tensor):
            if not isinstance(leaf, Tensor):
                raise TypeError(f"GradientTape.watch: expected a Tensor, got {type(leaf).__name__}; wrap it in tinynet.constant(...)")
            if leaf.data.dtype.kind != "f":
                raise TypeError(f"GradientTape.watch: only floating-point tensors have gradients, got {leaf.data.dtype}")
            self._tracked[id(leaf)] = leaf

    def watched_variables(self):
        """The variables this tape watches so far."""
        return tuple(tensor for tensor in self._tracked.values() if isinstance(tensor, Variable))

    def reset(self):
        """Forget everything recorded so far."""
        self._release()
        self._tracked.clear()

    def stop_recording(self):
        """A `with` block in which nothing is recorded."""
        return _Paused(self)

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        """d target / d sources.

        Args:
            target: Tensor, or a list of them, whose gradients are then added up. One that is not a scalar counts as the
                sum of its elements.
            sources: Tensor or Variable, or a list, tuple or dict of them.
            output_gradients: What to start from instead of ones, shaped as `target`.
            unconnected_gradients: 'none' gives None for a source that `target` does not depend on, 'zero' gives zeros.

        Returns:
            Tensors, in the structure of `sources`.

        Raises:
            RuntimeError: a second call on a tape that is not persistent.
        """
        if unconnected_gradients not in ("none", "zero"):
            raise ValueError(f"GradientTape.gradient: unconnected_gradients must be 'none' or 'zero', got {unconnected_gradients!r}")
        if self._played:
            raise RuntimeError(
                "GradientTape.gradient: this tape has been played already; make it with GradientTape(persistent=True) to call gradient "
                "more than once"
            )
        source_list = _flatten(sources)
        for source in source_list:
            if not isinstance(source, Tensor):
                raise TypeError(f"GradientTape.gradient: sources must be Tensors or Variables, got {type(source).__name__}")
        targets = _flatten(target)
        gradients = self._seed(targets, output_gradients)
        kept = {id(source) for source in source_list}
        was_open = self in _state.tapes
        if was_open:  # walking back is arithmetic on arrays: nothing to record
            _state.tapes.remove(self)
        try:
            self._walk_back(gradients, kept)
        finally:
            if was_open:
                _state.tapes.append(self)
        if not self._persistent:
            self._played = not was_open
            self._release()
            self._tracked.clear()
        results = []
        for source in source_list:
            gradient = gradients.get(id(source))
            if gradient is None and unconnected_gradients == "zero":
                gradient = np.zeros_like(source.data)
            results.append(None if gradient is None else self._result(gradient, targets, source))
        return _unflatten(sources, results)

    def _append(self, output, inputs, backward):
        tracked = self._tracked
        for tensor in inputs:
            if id(tensor) in tracked or (self._watch_variables and self._tracks(tensor)):
                break
        else:
            return
        if output.data.dtype.kind != "f":
            return
        tracked[id(output)] = output
        if not self._counted:
            global _unplayed
            _unplayed += 1
            self._counted = True
        self._nodes.append((output, inputs, backward))

    def _tracks(self, tensor):
        if id(tensor) in self._tracked:
            return True
        if self._watch_variables and type(tensor) is Variable and tensor.trainable and tensor.data.dtype.kind == "f":
            self._tracked[id(tensor)] = tensor
            return True
        return False

    def _seed(self, targets, output_gradients):
        starts = [None] * len(targets) if output_gradients is None else _flatten(output_gradients)
        if len(starts) != len(targets):
            raise ValueError(f"GradientTape.gradient: {len(targets)} targets but {len(starts)} output_gradients")
        gradients = {}
        for target, start in zip(targets, starts, strict=True):
            if not isinstance(target, Tensor):
                raise TypeError(f"GradientTape.gradient: target must be a Tensor, got {type(target).__name__}")
            if id(target) not in self._tracked:
                continue
            if start is None:
                start = np.ones_like(target.data)
            else:
                start = np.asarray(start, dtype=target.data.dtype)
                if start.shape != target.data.shape:
                    raise ValueError(f"GradientTape.gradient: output_gradients has shape {start.shape}, the target {target.data.shape}")
            _add(gradients, id(target), start)
        return gradients

    def _walk_back(self, gradients, kept):
        tracked = self._tracked
        nodes = reversed(self._nodes) if self._persistent else _pop_all(self._nodes)
        for output, inputs, backward in nodes:
            key = id(output)
            d_output = gradients.get(key) if key in kept else gradients.pop(key, None)
            if d_output is None:
                continue
            for tensor, d_input in zip(inputs, backward(d_output), strict=True):
                if d_input is not None and id(tensor) in tracked:
                    _add(gradients, id(tensor), d_input)

    def _result(self, gradient, targets, source):
        """Gradients are not differentiable themselves; another open tape that sees one says so instead of ignoring it."""
        if not _state.tapes:
            return Tensor.wrap(gradient)

        def backward(_):
            raise RuntimeError(
                "GradientTape: second-order gradients are not supported: a tape cannot differentiate what another tape's gradient() "
                "returned. Wrap it in stop_gradient(...) if it is meant as a constant."
            )

        return record(gradient, (*targets, source), backward)

    def _release(self):
        self._nodes = []
        if self._counted:
            global _unplayed
            _unplayed -= 1
            self._counted = False


class _Paused:
    def __init__(self, tape):
        self._tape = tape

    def __enter__(self):
        self._was_open = self._tape in _state.tapes
        if self._was_open:
            _state.tapes.remove(self._tape)

    def __exit__(self, *exception):
        if self._was_open:
            _state.tapes.append(self._tape)


def _pop_all(nodes):
    """Nodes from the last to the first, each let go of (with its arrays) before the next is looked at."""
    while nodes:
        yield nodes.pop()


def _add(gradients, key, gradient):
    present = gradients.get(key)
    # Not in place: an array may have been handed to several inputs.
    gradients[key] = gradient if present is None else present + gradient


def _flatten(structure):
    if isinstance(structure, list | tuple):
        return [leaf for part in structure for leaf in _flatten(part)]
    if isinstance(structure, dict):
        return [leaf for key in structure for leaf in _flatten(structure[key])]
    return [structure]


def _unflatten(structure, leaves):
    remaining = iter(leaves)

    def build(part):
        if isinstance(part, list | tuple):
            return type(part)(build(inner) for inner in part) if type(part) in (list, tuple) else [build(inner) for inner in part]
        if isinstance(part, dict):
            return {key: build(part[key]) for key in part}
        return next(remaining)

    return build(structure)
