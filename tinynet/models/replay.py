"""A step without Python: what a step calls is recorded once, and later steps make the same calls from native code.

A small network's step is a dozen kernel calls of some microseconds. Python takes longer to find out which they are: it
looks at layers, shapes and settings, and opens and plays a tape. The answer is the same in every step, so:

    the first step of some shapes        runs the ordinary way
    the second one                       runs the ordinary way too, and its kernel calls are recorded
    all others                           make these calls again (csrc/bindings/recording.h)

The kernels, their order and their bits are those of the ordinary step. What may change from step to step stays live:
the batch, the weights, dropout's seeds, the moving averages; and the optimizer, the metrics and the callbacks are not
part of a recording.

Where several processes share a batch, a recording holds for one share of it: for these rows of so many. Gradients are
sent between the recorded calls, each as soon as it is complete, as in the ordinary step.

What is recorded has to depend on nothing else. So only models of tinynet's own layers and losses are recorded, as long
as nobody watches or changes a layer; and a kernel that reads an array which no recorded call has computed ends it (see
core/recording.py). Then the steps run the ordinary way: slower, with the same result. `model.explain_steps()` reports
why.
"""

from __future__ import annotations

import contextlib
import operator
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import runtime, shares
from ..core import recording
from ..core.nest import flatten, map_structure
from ..core.types import Array
from ..layers.base_weights import changes
from ..layers.context import threads
from ..seeds import global_seed_generator
from ..tape import state as tape_state
from ..tensor import Tensor
from ..variable import Variable
from .replayable import Settings, reason_against

_NO_DRAWS: list[tuple[int, int]] = []
_GIVE_UP = 3  # recordings that were of no use
KEPT_BYTES = 1 << 24  # of a recording that is kept after a pass over data


class Recording:
    """The calls of one step.

    Args:
        step: Function without arguments that takes the step and returns a structure of Tensors.
        inputs: The arrays that are others in each step.
        variables: The model's variables.
        kept: Other arrays that the step may read, which stay where they are.

    Attributes:
        problem: Why it cannot be run again; "" if it can.
        results: What `step` returned. Running the calls again changes the numbers in its arrays.
        runs: How often it has been run.
    """

    __slots__ = ("_afterwards", "_calls", "_carried", "_equal", "_generators", "_is_plain", "_share", "problem",
                 "results", "runs")

    def __init__(self, step: Callable[[], Any], inputs: list[Array], variables: list[Variable],
                 kept: list[Array] | None = None) -> None:
        self._calls = runtime._native._Recording()
        recorder = recording.Recorder(self._calls)
        self._share = shares.share()
        arrays = [variable.data for variable in variables]
        self._calls.start(inputs, [*arrays, *(kept or [])])
        recording.state.active = recorder
        try:
            self.results = step()
        finally:
            recording.state.active = None
            self._calls.stop()
        for result in flatten(self.results):
            if result is not None and not self._calls.is_computed(result.data):
                recorder.refuse("a result of the step is not computed by kernels")
            if getattr(result, "_keras_mask", None) is not None:
                recorder.refuse("the outputs have a mask")
        # A weight stays in its array. A state, such as a moving average, is a new array after each step.
        self._carried = []
        before = []
        for variable, array in zip(variables, arrays, strict=True):
            if variable.data is not array:
                if not self._calls.is_known(variable.data):
                    recorder.refuse(f"{variable.path} is not computed by kernels")
                    break
                self._calls.carry(array, variable.data)
                self._carried.append((variable, variable.data))
                before.append(array)
        self._calls.set_owners([(i, variable) for i, variable in enumerate(variables) if variable.data is arrays[i]])
        self._afterwards = recorder.afterwards
        for _, arguments in self._afterwards:
            if not all(self._calls.is_known(one.data) for one in arguments if isinstance(one, Tensor)):
                recorder.refuse("a number that is shown is not computed by kernels")
        self._generators = [generator for generator, _ in recorder.drawn]
        if any(generator is global_seed_generator() for generator in self._generators):
            recorder.refuse("random numbers are drawn from the session's generator, which a new seed replaces")
        pairs = [pair for _, pair in recorder.drawn]
        self._calls.set_draws(pairs)
        # Generators with one seed, as in Dropout(0.5, seed=1) in two layers, draw equal pairs; the calls do not tell
        # which is whose.
        self._equal = [(self._generators[i], self._generators[j])
                       for i in range(len(pairs)) for j in range(i) if pairs[i] == pairs[j]]
        if not self._calls.problem and not self._gives_the_same(inputs, pairs, before):
            recorder.refuse("its calls give other numbers when they are made again: something else changes arrays")
        recorder.call_postponed()
        self._is_plain = not (self._equal or self._carried or self._generators)
        self.problem: str = self._calls.problem
        self.runs = 0

    def _gives_the_same(self, inputs: list[Array], draws: list[tuple[int, int]], before: list[Array]) -> bool:
        """Make the calls once more from where they began: NumPy may have changed an array in its place, unseen."""
        arrays = [result.data for result in flatten(self.results) if result is not None]
        arrays += [array for _, array in self._carried]
        expected = [array.copy() for array in arrays]
        for (_, array), old in zip(self._carried, before, strict=True):
            np.copyto(array, old)
        self._calls.run(inputs, draws)
        same = all(a.tobytes() == b.tobytes() for a, b in zip(arrays, expected, strict=True))
        for array, right in zip(arrays, expected, strict=True):
            np.copyto(array, right)
        return same

    def run(self, inputs: list[Any]) -> bool:
        """Take the step with other inputs; in `results` the numbers are new.

        Returns:
            False if the step has to be taken the ordinary way. The calls do not fit the inputs' types and shapes, or
            the weights, or this process's share of the batch; generators that drew equal numbers do so no more; or a
            call refuses the inputs.
        """
        calls = self._calls
        if shares.share() != self._share:
            return False
        if self._is_plain:
            draws = _NO_DRAWS
        else:
            if not (calls.fits(inputs) and calls.follow()):
                return False
            for one, other in self._equal:
                if one.next_pair != other.next_pair:
                    return False
            for variable, array in self._carried:
                if variable.data is not array:  # the user has assigned to it
                    np.copyto(array, variable.data)
                    variable.data = array
            draws = [generator.next() for generator in self._generators]
        try:
            if not calls.try_run(inputs, draws):
                return False
        except ValueError:  # such as a label that is no class: the ordinary step raises it in the operation's words
            return False
        for function, arguments in self._afterwards:
            function(*arguments)
        self.runs += 1
        return True

    @property
    def size(self) -> tuple[int, int]:
        """(calls, bytes of the arrays between them)"""
        return self._calls.calls, self._calls.bytes


class Replays:
    """What a model knows about its steps of one kind: training steps, or calls for prediction.

    Args:
        training: Whether they are training steps.
        kept: How many recordings are kept, of different shapes.

    Attributes:
        reason: Why steps are not run from a recording; "" if they are, or if that is not known yet.
        quick: What takes the whole of `train_on_batch` (quick_step.py), or None.
    """

    def __init__(self, training: bool, kept: int = 1) -> None:
        self._training = training
        self._kept = kept
        self._recordings: dict[Any, Recording] = {}
        self._last: Recording | None = None  # the one that was run last
        self._last_keys: dict[Any, Any] = {}  # of each kind
        self._changes = -1  # `changes.count` when the model was looked at
        self._settings: Settings | None = None
        self._kind: bool | None = None  # of the present call: training=None or False, where code may tell them apart
        self._last_kind: bool | None = None
        self._variables: Any = None
        self._factor: Any = None
        self._wasted = 0
        self._in_use = threading.Lock()  # a recording has one set of arrays: a second thread takes the ordinary way
        self.reason = ""
        self.quick: Any = None
        self._tried: Recording | None = None  # that `quick` was made for, or could not be

    def __reduce__(self) -> Any:
        return Replays, (self._training, self._kept)  # a copy of a model has recordings of its own

    def take(self, model: Any, step: Callable[[], Any], arguments: Any, variables: Any = None,
             factor: Any = None, training: bool | None = None) -> Any:
        """Take a step: from its recording if there is one, else the ordinary way.

        Args:
            model: The model.
            step: Function without arguments that takes it the ordinary way and returns a structure of Tensors. The
                first part of the structure of a training step, or the whole of a call, is what the model returns.
            arguments: What the step depends on: a structure of arrays, Tensors and None.
            variables: The list of the variables that the step differentiates with respect to.
            factor: The loss's factor.
            training: What a call of the model was given.

        Returns:
            What `step` returns. The next step changes the arrays of the loss and of the gradients.
        """
        if (self.reason and self._changes == changes.count or runtime._backend != "native"
                or threads.context.watch is not None or tape_state.tapes
                or not self._in_use.acquire(blocking=False)):
            return step()
        try:
            if self._changes != changes.count:
                self._look_at(model)
            if self.reason:
                return step()
            settings = self._settings
            if settings is not None and settings.changed():
                self._look_at(model)
                if self.reason:
                    return step()
            self._kind = training if settings is not None and settings.own_code else None
            if variables is not self._variables or factor != self._factor:
                self._compare(variables, factor)
            return self._take(model, step, arguments)
        finally:
            self._in_use.release()

    def _take(self, model: Any, step: Callable[[], Any], arguments: Any) -> Any:
        inputs = [leaf.data if type(leaf) is Tensor and leaf._keras_mask is None else leaf
                  for leaf in flatten(arguments) if leaf is not None]
        last = self._last
        if last is not None and self._last_kind is self._kind and last.run(inputs):
            return self._given_away(last.results)
        if not all(map(_is_plain, inputs)):
            self._last_keys.clear()
            return step()
        key = self._kind, shares.share(), tuple([(array.shape, array.dtype) for array in inputs])
        known = self._recordings.get(key)
        if known is not None:
            if known.run(inputs):
                self._last, self._last_kind = known, self._kind
                return self._given_away(known.results)
            self._drop(key)
        # The short last batch of an epoch is recorded at the end of the second one.
        if key != self._last_keys.get(self._kind):
            self._last_keys[self._kind] = key
            return step()
        made = Recording(step, inputs, model.variables, self._settings.kept if self._settings is not None else [])
        if made.problem:
            self.reason = made.problem
            return made.results
        while len(self._recordings) >= self._kept:
            self._recordings.pop(next(iter(self._recordings)))
        self.quick = self._tried = None
        self._recordings[key] = self._last = made
        self._last_kind = self._kind
        return self._given_away(made.results)

    def _given_away(self, results: Any) -> Any:
        """What the model returns, in arrays that the next step does not change: the user may keep it."""
        if self._training:
            return _copied(results[0]), *results[1:]
        return _copied(results)

    def after_batch(self, model: Any, quick_after: Callable[[Any], Any]) -> None:
        """Make `quick` by `quick_after(model)`, once for each recording, after a step of `train_on_batch`."""
        last = self._last
        if last is not None and last.runs and last is not self._tried:
            self._tried = last
            self.quick = quick_after(model)

    @contextlib.contextmanager
    def freed_at_end(self, larger_than: int = 0) -> Iterator[None]:
        """A block after which no recording is kept whose arrays have more bytes than this: the size of a step's
        activations.
        """
        try:
            yield
        finally:
            self._recordings = {key: one for key, one in self._recordings.items() if one.size[1] <= larger_than}
            self._last = self.quick = self._tried = None
            self._last_keys.clear()

    def _look_at(self, model: Any) -> None:
        """An attribute of a layer has been set since the last look: no recording holds any more."""
        self._forget()
        if self._training and not model._compiled_loss_is_known():
            self.reason = "the model has not taken a step yet"
            return
        self._changes = changes.count
        self.reason = reason_against(model, self._training)
        self._settings = Settings(model, self._training) if not self.reason else None
        self._give_up()

    def _compare(self, variables: Any, factor: Any) -> None:
        """Another list of variables, as in each epoch: the recordings hold if it has the same ones."""
        known = self._variables
        same = known is not None and len(known) == len(variables) and all(map(operator.is_, known, variables))
        if not same or factor != self._factor:
            self._forget()
        self._variables, self._factor = variables, factor

    def _forget(self) -> None:
        for key in list(self._recordings):
            self._drop(key)
        self._last_keys.clear()

    def _drop(self, key: Any) -> None:
        self._last = self.quick = self._tried = None
        self._wasted = 0 if self._recordings.pop(key).runs > 4 else self._wasted + 1
        self._give_up()

    def _give_up(self) -> None:
        if self._wasted >= _GIVE_UP and not self.reason:
            self.reason = "layers, weights or settings are changed between the steps"

    def describe(self) -> str:
        """One line: how steps of this kind run, and why."""
        if runtime._backend != "native":
            return "the ordinary way, since the NumPy references make no calls that can be recorded"
        if self.reason:
            return f"the ordinary way, since {self.reason}"
        if not self._recordings:
            return "not recorded yet: that takes two steps of the same shapes, one after the other"
        parts = []
        for (*_, arrays), known in self._recordings.items():
            calls, size = known.size
            shapes = ", ".join(str(shape) for shape, _ in arrays)
            parts.append(f"{calls} kernel calls, {size / 1e6:.1f} MB, for {shapes}")
        return "from recordings: " + "; ".join(parts)


def _is_plain(leaf: Any) -> bool:
    """Whether a step that is given this can be recorded."""
    return type(leaf) is np.ndarray and leaf.dtype.kind in "fiub" and leaf.flags.c_contiguous


def _copied(results: Any) -> Any:
    if type(results) is Tensor:
        return Tensor.wrap(results.data.copy())
    return map_structure(lambda tensor: Tensor.wrap(tensor.data.copy()), results)
