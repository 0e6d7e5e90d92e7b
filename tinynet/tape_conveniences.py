"""What tape.py needs beside its idea: checks of arguments, Jacobians, pauses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core.nest import flatten
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


def start_gradients(targets: list, output_gradients: TensorLike) -> Iterator[tuple[Tensor, Array]]:
    """Yield (target, d target) for each target.

    Args:
        targets: The targets, as a list.
        output_gradients: None for ones; or a gradient for each target, of its shape. One of them may be None: ones.

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
        else:
            start = _as_gradient(starts[i], target.data)
        yield target, start


def _as_gradient(value: TensorLike, data: Array) -> Array:
    gradient = np.asarray(value.data if isinstance(value, Tensor) else value, dtype=data.dtype)
    if gradient.shape != data.shape:
        raise ValueError(f"GradientTape.gradient: output_gradients has shape {gradient.shape}, the target {data.shape}")
    return gradient


def jacobian_of(target: Any, sources: list[Tensor], gradients_from: Callable[[Array], list[Array | None]],
                zero_unconnected: bool) -> list[Array | None]:
    """Return the derivative of each element of a target with respect to each source.

    Args:
        target: Tensor.
        sources: Tensors.
        gradients_from: Function from d target to a list of d source, None for a source that is not connected.
        zero_unconnected: Return zeros, not None, for a source that the target does not depend on.

    Returns:
        Arrays of shape target.shape + source.shape, or None, one for each source.

    Raises:
        TypeError: the target is no Tensor.
    """
    if not isinstance(target, Tensor):
        raise TypeError(f"GradientTape.jacobian: target must be one Tensor, got {type(target).__name__}")
    rows = []
    for i in range(target.data.size):
        start = np.zeros_like(target.data)
        start.flat[i] = 1
        rows.append(gradients_from(start))
    columns = zip(*rows, strict=True) if rows else [()] * len(sources)
    jacobians: list[Array | None] = []
    for source, column in zip(sources, columns, strict=True):
        shape, zero = target.data.shape + source.data.shape, np.zeros_like(source.data)
        connected = zero_unconnected or not all(row is None for row in column)
        full = [zero if row is None else row for row in column]
        jacobians.append(np.array(full, source.data.dtype).reshape(shape) if connected else None)
    return jacobians
