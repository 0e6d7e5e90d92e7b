"""A call of the user's own runs as a graph, so that neighbouring layers are computed together as in other models.

    class Block(Layer):
        def call(self, x, training=None):
            return self.relu(self.bn(self.conv(x), training=training))

The first call of a kind runs `call` twice, without an effect: to build the layers inside, and to find out which layers
and operations it calls on what (trace.py). Then the graph runs in its place, and gives what `Model(inputs, outputs)` of
the same layers gives, in every bit. It does so as long as nothing has changed that the code depends on
(readable_calls.py), and nobody looks at single layers. If there is nothing to be computed together, or if the call
cannot be read, it runs as it is.
"""

from __future__ import annotations

import threading
from typing import Any

from ..core import recording
from ..core.nest import flatten, map_structure
from ..layers.base import Layer
from ..layers.base_weights import changes
from ..layers.context import call_context, threads
from ..layers.trial import Trial
from ..seeds import undrawn
from ..tape import state as tape_state
from ..tensor import Tensor
from .fusion import PATTERNS
from .readable_calls import reading_of_call
from .replayable import reason_against_layer
from .trace import Trace, TracedGraph, Untraceable

_NOTHING = "there are no neighbours that can be computed together"
_KEPT = 16  # graphs of a layer
_MOST = 100  # graphs that are made in all


def call_traced(layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What `layer.call(*args, **kwargs)` returns, for `Layer.__call__`."""
    context = threads.context
    if context.watch is not None or context.trial is not None or context.tracing or kwargs and (
            len(kwargs) > 1 or "training" not in kwargs):
        return layer.call(*args, **kwargs)
    traces = layer.__dict__.get("_own_traces")
    if traces is None or not traces.is_of(layer):
        traces = layer.__dict__["_own_traces"] = Traces(layer)
    return traces.call(layer, args, kwargs)


class Traces:
    """The graphs of the calls of one layer.

    Args:
        layer: The layer.

    Attributes:
        reason: Why its calls run as they are; "" if they need not.
        has_nothing_to_fuse: Whether its layers have no neighbours that could be computed together.
    """

    def __init__(self, layer: Layer) -> None:
        self._layer = id(layer)  # no reference: the layer keeps it
        self._changes = -1
        self._readings: list[Any] = []
        self._graphs: dict[Any, TracedGraph | None] = {}
        self._made = 0
        self._untraceable = ""
        self._reads_shapes = False
        self.has_nothing_to_fuse = True
        self._making = threading.Lock()
        self.reason = ""

    def __reduce__(self) -> Any:
        return type(None), ()  # a copy of a layer has graphs of its own

    def is_of(self, layer: Layer) -> bool:
        """Whether it belongs to this layer, and not to one that the layer is a copy of."""
        return self._layer == id(layer)

    def call(self, layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the call of the layer returns."""
        context = threads.context
        if self._changes != changes.count or not self.reason and not all(one.facts.hold() for one in self._readings):
            self._look_at(layer)
        if self.reason or getattr(context.outermost, "_is_eager", False):
            return layer.call(*args, **kwargs)
        inputs = args if len(args) == 1 and type(args[0]) is Tensor else flatten(args)
        for leaf in inputs:
            if type(leaf) is not Tensor or leaf._keras_mask is not None:
                return layer.call(*args, **kwargs)
        key: Any = (context.training, *[(one.data.dtype, one.data.shape if self._reads_shapes else one.data.ndim)
                                        for one in inputs])
        if inputs is not args:
            key = (*key, str(map_structure(lambda leaf: None, args)))
        if key not in self._graphs and not self._make(key, layer, args, kwargs):
            return layer.call(*args, **kwargs)
        graph = self._graphs.get(key)
        if graph is None:
            return layer.call(*args, **kwargs)
        try:
            return graph.run(inputs, context.training)
        except (TypeError, ValueError, IndexError):
            return layer.call(*args, **kwargs)  # raises an error that names the layer and the line

    def _look_at(self, layer: Layer) -> None:
        """Something has changed since the last call: what was found out may hold no more."""
        self._changes = changes.count
        self.has_nothing_to_fuse = not may_fuse(layer)
        self.reason, readings = (_NOTHING, []) if self.has_nothing_to_fuse else reason_against_tracing(layer)
        if len(readings) != len(self._readings) or any(
                one is not other for one, other in zip(readings, self._readings, strict=True)):
            self._graphs.clear()
            self._untraceable = ""
        self.reason = self.reason or self._untraceable
        self._readings = readings
        self._reads_shapes = any(one.facts.reads_shapes for one in readings)

    def _make(self, key: Any, layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Make the graph of a call. False if it cannot be done now."""
        if recording.state.active is not None or self._made >= _MOST or not self._making.acquire(blocking=False):
            return False
        self._made += 1
        untraceable = ""
        try:
            graph: TracedGraph | None = _graph_of(layer, args, kwargs, self._readings)
        except Untraceable as error:
            untraceable, graph = str(error), None
        except Exception:  # the call itself raises it, too, if it is the call's own
            return False
        finally:
            self._making.release()
        if self._changes != changes.count:  # the first call has built the layers inside
            self._look_at(layer)
        self._untraceable = untraceable
        self.reason = self.reason or untraceable
        while len(self._graphs) >= _KEPT:
            self._graphs.pop(next(iter(self._graphs)))
        self._graphs[key] = graph if graph is not None and graph.fused() else None
        return True

    def describe(self) -> str:
        """How the calls of the layer run, and why."""
        if self.reason:
            return f"layer by layer, since {self.reason}"
        graphs = [graph for graph in self._graphs.values() if graph is not None]
        if not graphs:
            return f"layer by layer, since {_NOTHING}"
        return f"as a graph, in which neighbours are computed together {max(one.fused() for one in graphs)} times"


def may_fuse(layer: Layer) -> bool:
    """Whether the kinds of the layers inside are those of a pattern."""
    kinds = {type(one) for one in layer._flatten_layers()}
    return any(all(kinds & {*kind} if isinstance(kind, tuple) else kind in kinds for kind in pattern.layers)
               for pattern in PATTERNS)


def reason_against_tracing(layer: Layer) -> tuple[str, list[Any]]:
    """(why the call of a layer runs as it is, or ""; the Readings of the user's own calls in it)"""
    inside = layer._flatten_layers()
    for one in inside:
        # A trace is two calls more, which other processes may not make at the same time.
        reason = reason_against_layer(one, True) or (
            f"{one.name} waits for other processes" if getattr(one, "synchronized", False) else "")
        if reason:
            return reason, []
    readings = [reading_of_call(one) for one in inside if one._is_traced]
    known = {id(one) for one in inside}
    for reading in readings:
        if reading.facts.draws:
            return "it draws random numbers", []
        for other in reading.facts.layers:
            if id(other) not in known:
                return f"{other.name} is called, which is not inside {layer.name}", []
    return "", readings


def _graph_of(layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any], readings: list[Any]) -> TracedGraph:
    """Run a call twice, without an effect, and make a graph of it."""
    context = call_context()
    tapes, tape_state.tapes = tape_state.tapes, []
    context.tracing = True
    outermost = context.outermost
    try:
        # Only training changes states. In prediction nothing is written back: another thread may train meanwhile.
        with Trial(layer) if context.training else undrawn():
            expected = layer.call(*args, **kwargs)
        trace = Trace(context.training, [one for reading in readings for one in reading.facts.kept])
        inputs = trace.inputs(args)
        try:
            with Trial(layer) if context.training else undrawn():
                outputs = layer.call(*inputs, **kwargs)
            same = [one.tensor.data.tobytes() for one in flatten(outputs)] == [
                one.data.tobytes() for one in flatten(expected)]
            if not same:
                raise Untraceable("its numbers differ while it is traced")
            return trace.graph(flatten(inputs), outputs)
        except (TypeError, ValueError, AttributeError, IndexError, KeyError) as error:
            raise Untraceable(f"it cannot be traced: {str(error).partition('. ')[0]}") from None
    finally:
        tape_state.tapes = tapes
        context.tracing, context.outermost = False, outermost
