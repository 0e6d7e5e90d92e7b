"""What tape.py needs beside its idea: checks of arguments, Jacobians, pauses, a refusal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import tensor as engine  # its `ops`, which Jacobians are put together with
from .core.nest import flatten, pack_like
from .core.recording import constant
from .core.types import Array, TensorLike
from .tensor import Tensor


class Paused:
    """A `with` block in which one tape is closed. `GradientTape.stop_recording` returns it.

    Args:
        tape: The tape.
        tapes: The list of the thread's open tapes.
    """

    def __init__(self, tape: Any, tapes: list) -> None:
        self._tape, self._tapes = tape, tapes

    def __enter__(self) -> None:
        self._was_open = self._tape in self._tapes
        if self._was_open:
            self._tapes.remove(self._tape)

    def __exit__(self, *exception: object) -> None:
        if self._was_open:
            self._tapes.append(self._tape)


def check_watched(leaf: Any) -> None:
    """Check one argument of `watch`.

    Raises:
        TypeError: it is no Tensor, or not of a floating-point type.
    """
    if not isinstance(leaf, Tensor):
        raise TypeError(
            f"GradientTape.watch: expected a Tensor, got {type(leaf).__name__}; wrap it in convert_to_tensor(...)"
        )
    if leaf.data.dtype.kind != "f":
        raise TypeError(
            f"GradientTape.watch: only floating-point tensors have gradients, got {leaf.data.dtype}; cast it first"
        )


def check_source(name: str, source: Any) -> None:
    """Check one source.

    Args:
        name: The method of the tape, for the message.
        source: The argument.

    Raises:
        TypeError: it is no Tensor.
    """
    if not isinstance(source, Tensor):
        raise TypeError(f"GradientTape.{name}: sources must be Tensors or Variables, got {type(source).__name__}")


def start_gradients(targets: list, output_gradients: TensorLike, recording: bool) -> Iterator[tuple[Tensor, Any]]:
    """Yield (target, d target) for each target.

    Args:
        targets: The targets, as a list.
        output_gradients: None for ones; or a gradient for each target, of its shape. One of them may be None: ones.
        recording: Whether another tape is open. Then the gradients are Tensors, else arrays.

    Raises:
        TypeError: a target is no Tensor.
        ValueError: `output_gradients` are not as many as the targets, or have other shapes.
    """
    if output_gradients is None:
        starts = None
    else:
        starts = flatten(output_gradients)
        if len(starts) != len(targets) and len(targets) == 1:
            starts = [output_gradients]  # numbers in a list
        if len(starts) != len(targets):
            raise ValueError(f"GradientTape.gradient: {len(targets)} targets but {len(starts)} output_gradients")
    for i, target in enumerate(targets):
        if not isinstance(target, Tensor):
            hint = ("; a NumPy function, or numpy(), has taken the numbers off the tape: use tinynet.ops"
                    if isinstance(target, np.ndarray | np.generic) else "")
            raise TypeError(f"GradientTape.gradient: target must be a Tensor, got {type(target).__name__}{hint}")
        if starts is None or starts[i] is None:
            start = np.empty_like(target.data)  # and fill: 0.6 us less than np.ones_like
            start.fill(1)
            constant(start)
        else:
            start = _as_gradient(starts[i], target.data)
            if recording and isinstance(starts[i], Tensor):  # the other tape may watch it
                yield target, starts[i] if starts[i].data.dtype == target.data.dtype else starts[i].astype(start.dtype)
                continue
        yield target, Tensor.wrap(start) if recording else start


def _as_gradient(value: TensorLike, data: Array) -> Array:
    gradient = np.asarray(value.data if isinstance(value, Tensor) else value, dtype=data.dtype)
    if gradient.shape != data.shape:
        raise ValueError(f"GradientTape.gradient: output_gradients has shape {gradient.shape}, the target {data.shape}")
    return gradient


def refusal(backward: Callable[..., Any]) -> Callable[[Array], Any]:
    """The backward function of a gradient that cannot be differentiated.

    Args:
        backward: The function that computed it. The operation in which it is defined is named in the error.
    """
    operation = getattr(backward, "__qualname__", repr(backward)).partition(".")[0].strip("_")

    def refuse(_: Array) -> Any:
        raise RuntimeError(
            f"GradientTape: second-order gradients of {operation} are not there yet: its gradient cannot be "
            "differentiated again. Write the formula in other operations, or wrap the gradient in stop_gradient(...) "
            "if it is meant as a constant."
        )

    return refuse


def tensors_like(sources: Any, source_list: list[Tensor], tensors: list) -> Any:
    """`tensors`, one for each source, in the structure of `sources`."""
    if sources is source_list:
        return tensors
    return tensors[0] if isinstance(sources, Tensor) else pack_like(sources, tensors)


def jacobians_of(name: str, target: Any, sources: list[Tensor],
                 gradients_from: Callable[[Array], list[Tensor | None]], zero_unconnected: bool) -> list[Tensor | None]:
    """Return the derivative of each element of a target with respect to each source.

    Args:
        name: 'jacobian', or 'batch_jacobian' for the derivatives of each sample with respect to the same sample.
        target: Tensor.
        sources: Tensors.
        gradients_from: Function from d target to a list of d source, None for a source that is not connected.
        zero_unconnected: Return zeros, not None, for a source that the target does not depend on.

    Returns:
        Tensors of shape target.shape + source.shape (of a batch: + source.shape[1:]), or None, one for each source.

    Raises:
        TypeError: the target is no Tensor.
        ValueError: target and source are of different batches.
    """
    if not isinstance(target, Tensor):
        raise TypeError(f"GradientTape.{name}: target must be one Tensor, got {type(target).__name__}")
    shape = target.data.shape
    batched = name == "batch_jacobian"
    if batched and (len(sources) != 1 or not shape or sources[0].data.shape[:1] != shape[:1]):
        raise ValueError(
            f"GradientTape.batch_jacobian: target and source need a first axis of one length, the batch. "
            f"Got target {shape}, source {', '.join(str(source.data.shape) for source in sources)}."
        )
    columns = shape[1:] if batched else shape  # of one backward pass each
    rows = []
    for i in range(math.prod(columns)):
        start = np.zeros(columns, target.data.dtype)
        start.flat[i] = 1
        rows.append(gradients_from(np.array(np.broadcast_to(start, shape))))
    jacobians: list[Tensor | None] = []
    for k, source in enumerate(sources):
        column = [row[k] for row in rows]
        if not zero_unconnected and rows and all(gradient is None for gradient in column):
            jacobians.append(None)
            continue
        zero = np.zeros_like(source.data)
        full = shape + source.data.shape[int(batched):]
        if rows:
            parts = [zero if gradient is None else gradient for gradient in column]
            jacobians.append(engine.ops.stack(parts, int(batched)).reshape(full))
        else:
            jacobians.append(Tensor.wrap(np.zeros(full, source.data.dtype)))
    return jacobians
