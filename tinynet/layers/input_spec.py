"""What a layer expects of its inputs: `self.input_spec = InputSpec(ndim=4)` in a layer of your own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.nest import flatten

if TYPE_CHECKING:
    from typing import Self

    from ..core.types import Config, DTypeLike, Shape, Structure


class InputSpec:
    """Shape, number of axes and element type that a layer expects; checked at each call of a layer that has one.

    Args:
        dtype: Element type.
        shape: Shape with the batch axis; None for lengths that may be any.
        ndim: Number of axes; that of `shape` if it is given.
        max_ndim, min_ndim: The most and the fewest axes.
        axes: {axis: length}.
        allow_last_axis_squeeze: Whether a last axis of length 1 may be there or not.
        name: Of the input, for a layer that is called on a dict.
        optional: Whether None may be passed instead.

    Raises:
        TypeError: the keys of `axes` are no numbers.
        ValueError: an axis is larger than `ndim` or `max_ndim` allows.

    >>> InputSpec(ndim=4, axes={-1: 3})
    InputSpec(ndim=4, axes={-1: 3})
    """

    def __init__(self, dtype: DTypeLike = None, shape: Shape | None = None, ndim: int | None = None,
                 max_ndim: int | None = None, min_ndim: int | None = None, axes: dict[int, int | None] | None = None,
                 allow_last_axis_squeeze: bool = False, name: str | None = None, optional: bool = False) -> None:
        self.dtype = None if dtype is None else np.dtype(dtype).name
        self.shape = None if shape is None else tuple(shape)
        self.ndim = ndim if shape is None else len(tuple(shape))
        self.max_ndim, self.min_ndim, self.name, self.optional = max_ndim, min_ndim, name, optional
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        try:
            self.axes = {int(axis): length for axis, length in (axes or {}).items()}
        except (ValueError, TypeError, AttributeError):
            raise TypeError(f"InputSpec: axes must be a dict {{axis: length}}, got {axes!r}") from None
        most = self.ndim if self.ndim is not None else max_ndim
        if self.axes and most is not None and max(self.axes) >= most:
            raise ValueError(f"InputSpec: axis {max(self.axes)} does not exist in {most} axes")

    def __repr__(self) -> str:
        parts = {name: getattr(self, name) for name in ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")}
        return f"InputSpec({', '.join(f'{name}={value}' for name, value in parts.items() if value)})"

    def get_config(self) -> Config:
        """The arguments, as plain values."""
        return {name: getattr(self, name)
                for name in ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes", "optional")}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Make one from what `get_config` returned."""
        return cls(**config)

    def fault(self, x: Any) -> str | None:
        """What is wrong with an input, as 'expected ..., got ...'; None if it fits.

        Args:
            x: A Tensor, KerasTensor or array.
        """
        if not hasattr(x, "shape"):
            return f"expected a tensor, got {x!r}"
        shape, dtype = tuple(x.shape), np.dtype(x.dtype).name
        rank = len(shape)
        if self.ndim is not None and not self.allow_last_axis_squeeze and rank != self.ndim:
            return f"expected ndim={self.ndim}, got ndim={rank} (shape {shape})"
        if self.max_ndim is not None and rank > self.max_ndim:
            return f"expected max_ndim={self.max_ndim}, got ndim={rank} (shape {shape})"
        if self.min_ndim is not None and rank < self.min_ndim:
            return f"expected min_ndim={self.min_ndim}, got ndim={rank} (shape {shape})"
        if self.dtype is not None and dtype != self.dtype:
            return f"expected dtype={self.dtype}, got dtype={dtype}"
        for axis, length in self.axes.items():
            if length is not None and shape[axis] not in (length, None):
                return f"expected axis {axis} to have length {length}, got shape {shape}"
        if self.shape is not None:
            expected, given = ((one[:-1] if self.allow_last_axis_squeeze and one[-1:] == (1,) else one)
                               for one in (self.shape, shape))
            if any(a is not None and b is not None and a != b for a, b in zip(expected, given, strict=False)):
                return f"expected shape={self.shape}, got shape {shape}"
        return None


def check_inputs(layer: Any, inputs: Structure) -> None:
    """Compare a layer's inputs with its `input_spec`.

    Args:
        layer: The layer.
        inputs: Tensors, KerasTensors or arrays, in a structure.

    Raises:
        ValueError: another number of inputs, or one that does not fit; the message names the layer.
    """
    specs = flatten(layer.input_spec)
    names = [spec.name for spec in specs if spec is not None]
    if isinstance(inputs, dict) and len(names) == len(specs) and all(names):
        missing = [name for name in names if name not in inputs]
        if missing:
            raise ValueError(f"layer {layer.name!r}: the inputs {missing} are missing, got {list(inputs)}")
        inputs = [inputs[name] for name in names]
    given = flatten(inputs)
    if len(given) != len(specs):
        raise ValueError(f"layer {layer.name!r} ({type(layer).__name__}): expected {len(specs)} inputs, got "
                         f"{len(given)}")
    for number, (x, spec) in enumerate(zip(given, specs, strict=True)):
        if spec is None or x is None and spec.optional:
            continue
        fault = spec.fault(x)
        if fault is not None:
            raise ValueError(f"layer {layer.name!r} ({type(layer).__name__}), input {number}: {fault}")
