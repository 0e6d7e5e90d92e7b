"""Layers that make one tensor of several."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import ops
from .base import Layer
from .masks import get_mask

if TYPE_CHECKING:
    from ..core.types import Config, Shape
    from ..tensor import Tensor


def _counts(x: Tensor) -> Any:
    """Where the elements of x count, in its shape; None if all do: it has no mask."""
    mask = get_mask(x)
    return None if mask is None else np.broadcast_to(np.asarray(mask)[..., None], x.shape)


def _choose(operation: Callable[..., Tensor], inputs: list[Tensor]) -> Tensor:
    """A maximum or minimum that takes the other input's element where one does not count."""
    y, y_counts = inputs[0], _counts(inputs[0])
    for x in inputs[1:]:
        counts = _counts(x)
        x = x if counts is None else ops.where(counts, x, y)
        y = operation(y if y_counts is None else ops.where(y_counts, y, x), x)
        y_counts = None if counts is None or y_counts is None else counts | y_counts
    return y


class _Merge(Layer):
    """Combine a list of tensors element by element; shapes broadcast against each other, as in NumPy, except that an
    input with fewer axes is taken to lack axes after the batch's.
    """

    _at_least = 2  # how many inputs
    _needs_masks = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """A step counts if it counts in one of the inputs; there is no mask if one of the inputs has none."""
        if previous_mask is None or any(mask is None for mask in previous_mask):
            return None
        return functools.reduce(ops.logical_or, previous_mask)

    def _check(self, shapes: Any) -> None:
        name = type(self).__name__
        if not isinstance(shapes, list) or len(shapes) < self._at_least:
            raise ValueError(f"{name}: expected a list of {self._at_least} or more inputs, got "
                             f"{'one of shape ' + str(shapes) if isinstance(shapes, tuple) else shapes}; "
                             f"write {name}()([a, b])")

    def build(self, input_shape: list[Shape]) -> None:
        self._check(input_shape)
        self.compute_output_shape(input_shape)

    def call(self, inputs: Any) -> Tensor:
        if not isinstance(inputs, list | tuple):
            self._check(getattr(inputs, "shape", inputs))
        if len({len(x.shape) for x in inputs}) > 1:
            rank = max(len(x.shape) for x in inputs)
            inputs = [ops.reshape(x, (x.shape[0], *[1] * (rank - len(x.shape)), *x.shape[1:])) for x in inputs]
        return self._merge(inputs)

    def compute_output_shape(self, input_shape: list[Shape]) -> Shape:
        rank = max(len(shape) for shape in input_shape)
        aligned = [(shape[0], *[1] * (rank - len(shape)), *shape[1:]) for shape in input_shape]
        result = [self._length(lengths, input_shape) for lengths in list(zip(*aligned, strict=True))[1:]]
        batch = {shape[0] for shape in input_shape} - {None}
        if len(batch) > 1:
            raise ValueError(f"{type(self).__name__}: the inputs must have the same batch size, got {input_shape}")
        return (None if any(shape[0] is None for shape in input_shape) else batch.pop(), *result)

    def _merge(self, inputs: list[Tensor]) -> Tensor:
        """The formula, for inputs with equally many axes."""
        raise NotImplementedError

    def _length(self, lengths: tuple[Any, ...], shapes: list[Shape]) -> int | None:
        known = set(lengths) - {1, None}
        if len(known) > 1:
            raise ValueError(
                f"{type(self).__name__}: the inputs have shapes {shapes}, which do not fit together: along each axis "
                "lengths must be equal, or 1"
            )
        return known.pop() if known else None if None in lengths else 1


class Add(_Merge):
    """The sum of the inputs: the residual connection.

    Shapes: a list of two or more that broadcast against each other -> the common shape.

    Raises:
        ValueError: when called, on anything but a list of two or more, or on shapes that do not fit together.

    >>> Add()([np.ones((2, 3)), np.ones((2, 3))]).numpy()[0]
    array([2., 2., 2.], dtype=float32)
    """

    def _merge(self, inputs: list[Tensor]) -> Tensor:
        return functools.reduce(ops.add, inputs)


class Subtract(_Merge):
    """The first of two inputs minus the second.

    Shapes: a list of two that broadcast against each other -> the common shape.

    >>> Subtract()([np.full((1, 2), 5.0), np.ones((1, 2))]).numpy()
    array([[4., 4.]], dtype=float32)
    """

    def _check(self, shapes: Any) -> None:
        super()._check(shapes)
        if len(shapes) != 2:
            raise ValueError(f"Subtract: expected two inputs, got {len(shapes)}")

    def _merge(self, inputs: list[Tensor]) -> Tensor:
        return ops.subtract(*inputs)


class Multiply(_Merge):
    """The product of the inputs, element by element.

    An element that a mask leaves out is a factor of 1; where no input counts the product is 0.

    Shapes: a list of two or more that broadcast against each other -> the common shape.

    >>> Multiply()([np.full((1, 2), 5.0), np.full((1, 2), 2.0)]).numpy()
    array([[10., 10.]], dtype=float32)
    """

    def _merge(self, inputs: list[Tensor]) -> Tensor:
        counts = [_counts(x) for x in inputs]
        y = functools.reduce(ops.multiply, [x if counted is None else ops.where(counted, x, x.dtype.type(1))
                                            for x, counted in zip(inputs, counts, strict=True)])
        if any(counted is None for counted in counts):
            return y
        return ops.where(functools.reduce(np.logical_or, counts), y, y.dtype.type(0))


class Average(_Merge):
    """The mean of the inputs, element by element.

    Shapes: a list of two or more that broadcast against each other -> the common shape.

    >>> Average()([np.full((1, 2), 5.0), np.ones((1, 2))]).numpy()
    array([[3., 3.]], dtype=float32)
    """

    def _merge(self, inputs: list[Tensor]) -> Tensor:
        return functools.reduce(ops.add, inputs) / float(len(inputs))


class Maximum(_Merge):
    """The largest of the inputs, element by element.

    Shapes: a list of two or more that broadcast against each other -> the common shape.

    >>> Maximum()([np.array([[1.0, 4.0]]), np.array([[2.0, 3.0]])]).numpy()
    array([[2., 4.]], dtype=float32)
    """

    def _merge(self, inputs: list[Tensor]) -> Tensor:
        return _choose(ops.maximum, inputs)


class Minimum(_Merge):
    """The smallest of the inputs, element by element.

    Shapes: a list of two or more that broadcast against each other -> the common shape.

    >>> Minimum()([np.array([[1.0, 4.0]]), np.array([[2.0, 3.0]])]).numpy()
    array([[1., 3.]], dtype=float32)
    """

    def _merge(self, inputs: list[Tensor]) -> Tensor:
        return _choose(ops.minimum, inputs)


class Concatenate(_Merge):
    """The inputs one after the other along an axis.

    Args:
        axis: Along which; the other axes must have equal lengths.

    Shapes: a list of shapes that are equal but for `axis` -> the same, with the sum of the lengths there.

    Raises:
        ValueError: when called, the axis does not exist, or the other lengths differ.

    >>> Concatenate()([np.array([[1.0, 2.0]]), np.array([[3.0]])]).numpy()
    array([[1., 2., 3.]], dtype=float32)
    """

    _at_least = 1
    _needs_masks = True

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any) -> Tensor:
        if not isinstance(inputs, list | tuple):
            self._check(getattr(inputs, "shape", inputs))
        return ops.concatenate(list(inputs), axis=self.axis)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The masks along the steps one after the other; along another axis a step counts if it does in one input.
        All steps of an input without a mask count.
        """
        if previous_mask is None or all(mask is None for mask in previous_mask):
            return None
        masks = [ops.broadcast_to(np.bool_(True) if mask is None else ops.expand_dims(mask, -1), x.shape)
                 for x, mask in zip(inputs, previous_mask, strict=True)]
        return ops.any(ops.concatenate(masks, axis=self.axis), axis=-1)

    def compute_output_shape(self, input_shape: list[Shape]) -> Shape:
        first = input_shape[0]
        rank, axis = len(first), self.axis if self.axis >= 0 else self.axis + len(first)
        if not 0 <= axis < rank or any(len(shape) != rank for shape in input_shape):
            raise ValueError(f"Concatenate: axis {self.axis} of inputs of shapes {input_shape}: expected inputs with "
                             "equally many axes, this one among them")
        result = []
        for i, lengths in enumerate(zip(*input_shape, strict=True)):
            known = set(lengths) - {None}
            if i == axis:
                result.append(None if None in lengths else sum(lengths))
            elif len(known) > 1:
                raise ValueError(f"Concatenate: along axis {self.axis}, all other lengths must be equal, got inputs of "
                                 f"shapes {input_shape}")
            else:
                result.append(None if i == 0 and None in lengths else known.pop() if known else None)
        return tuple(result)

    def get_config(self) -> Config:
        return {**super().get_config(), "axis": self.axis}


class Dot(_Merge):
    """Sums of products of two inputs along one axis of each, sample by sample.

    Args:
        axes: The axis, or (axis of the first, axis of the second), counted with the batch axis 0.
        normalize: Scale to norm 1 along the axis first: the result is the cosine of the angle.

    Shapes: a list of two -> (batch, other axes of the first, other axes of the second); (batch, 1) if there are none.

    Raises:
        TypeError: `axes` is no int and no pair of ints.
        ValueError: when called, an axis does not exist, or the lengths along them differ.

    >>> Dot(axes=1)([np.ones((2, 3)), np.ones((2, 3))]).numpy()
    array([[3.],
           [3.]], dtype=float32)
    """

    _needs_masks = True

    def __init__(self, axes: int | tuple[int, int], normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pair: tuple[int, ...]
        if isinstance(axes, int):
            pair = (axes, axes)
        elif isinstance(axes, list | tuple) and len(axes) == 2 and all(isinstance(axis, int) for axis in axes):
            pair = tuple(axes)
        else:
            raise TypeError(f"Dot: axes must be an int or two of them, got {axes!r}")
        self.axes, self._pair = axes, pair
        self.normalize = normalize

    def _axes_for(self, shapes: Any) -> list[int]:
        if not isinstance(shapes, list) or len(shapes) != 2:
            raise ValueError(f"Dot: expected a list of two inputs, got {shapes}")
        axes = [axis if axis >= 0 else axis + len(shape) for axis, shape in zip(self._pair, shapes, strict=True)]
        for axis, shape in zip(axes, shapes, strict=True):
            if not 0 < axis < len(shape):
                raise ValueError(f"Dot: axes={self.axes!r} must name axes other than the batch's of inputs {shapes}")
        first, second = shapes[0][axes[0]], shapes[1][axes[1]]
        if None not in (first, second) and first != second:
            raise ValueError(f"Dot: the inputs have shapes {shapes}; the lengths along axes={self.axes!r} must be "
                             f"equal, they are {first} and {second}")
        return axes

    def build(self, input_shape: list[Shape]) -> None:
        self._axes_for(input_shape)

    def call(self, inputs: Any) -> Tensor:
        first, second = inputs
        one, two = self._axes_for([first.shape, second.shape])
        if self.normalize:
            first, second = ops.normalize(first, axis=one), ops.normalize(second, axis=two)
        # Rows of the first against columns of the second: one matrix product a sample.
        first, second = ops.moveaxis(first, one, -1), ops.moveaxis(second, two, 1)
        rest = first.shape[1:-1] + second.shape[2:]
        length = second.shape[1]
        rows, columns = math.prod(first.shape[1:-1]), math.prod(second.shape[2:])  # not -1: a batch may be empty
        first = ops.reshape(first, (first.shape[0], rows, length))
        y = ops.matmul(first, ops.reshape(second, (second.shape[0], length, columns)))
        return ops.reshape(y, (y.shape[0], *(rest or (1,))))

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return None

    def compute_output_shape(self, input_shape: list[Shape]) -> Shape:
        axes = self._axes_for(input_shape)
        rest = [n for shape, axis in zip(input_shape, axes, strict=True)
                for i, n in enumerate(shape) if i not in (0, axis)]
        return (input_shape[0][0], *(rest or (1,)))

    def get_config(self) -> Config:
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def add(inputs: list[Any], **kwargs: Any) -> Tensor:
    """The sum of tensors: the layer `Add` as a function.

    Args:
        inputs: List of two or more tensors (or KerasTensors) whose shapes broadcast against each other.
        **kwargs: Arguments of the layer, such as `name`.

    Returns:
        Tensor of the common shape.

    Raises:
        ValueError: there are fewer than two inputs, or their shapes do not fit together.

    >>> add([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])]).numpy()
    array([[11., 22.]], dtype=float32)
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: list[Any], **kwargs: Any) -> Tensor:
    """The first of two tensors minus the second: the layer `Subtract` as a function.

    Args:
        inputs: List of two tensors (or KerasTensors) whose shapes broadcast against each other.
        **kwargs: Arguments of the layer, such as `name`.

    Returns:
        Tensor of the common shape.

    Raises:
        ValueError: there are not two inputs, or their shapes do not fit together.

    >>> subtract([np.array([[10.0, 20.0]]), np.array([[1.0, 2.0]])]).numpy()
    array([[ 9., 18.]], dtype=float32)
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: list[Any], **kwargs: Any) -> Tensor:
    """The product of tensors, element by element: the layer `Multiply` as a function.

    Args:
        inputs: List of two or more tensors (or KerasTensors) whose shapes broadcast against each other.
        **kwargs: Arguments of the layer, such as `name`.

    Returns:
        Tensor of the common shape.

    Raises:
        ValueError: there are fewer than two inputs, or their shapes do not fit together.

    >>> multiply([np.array([[1.0, 2.0]]), np.array([[10.0]])]).numpy()  # the 10 is broadcast
    array([[10., 20.]], dtype=float32)
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: list[Any], **kwargs: Any) -> Tensor:
    """The mean of tensors, element by element: the layer `Average` as a function.

    Args:
        inputs: List of two or more tensors (or KerasTensors) whose shapes broadcast against each other.
        **kwargs: Arguments of the layer, such as `name`.

    Returns:
        Tensor of the common shape.

    Raises:
        ValueError: there are fewer than two inputs, or their shapes do not fit together.

    >>> average([np.array([[1.0, 2.0]]), np.array([[3.0, 6.0]])]).numpy()
    array([[2., 4.]], dtype=float32)
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: list[Any], **kwargs: Any) -> Tensor:
    """The largest of tensors, element by element: the layer `Maximum` as a function.

    Args:
        inputs: List of two or more tensors (or KerasTensors) whose shapes broadcast against each other.
        **kwargs: Arguments of the layer, such as `name`.

    Returns:
        Tensor of the common shape.

    Raises:
        ValueError: there are fewer than two inputs, or their shapes do not fit together.

    >>> maximum([np.array([[1.0, 6.0]]), np.array([[3.0, 2.0]])]).numpy()
    array([[3., 6.]], dtype=float32)
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: list[Any], **kwargs: Any) -> Tensor:
    """The smallest of tensors, element by element: the layer `Minimum` as a function.

    Args:
        inputs: List of two or more tensors (or KerasTensors) whose shapes broadcast against each other.
        **kwargs: Arguments of the layer, such as `name`.

    Returns:
        Tensor of the common shape.

    Raises:
        ValueError: there are fewer than two inputs, or their shapes do not fit together.

    >>> minimum([np.array([[1.0, 6.0]]), np.array([[3.0, 2.0]])]).numpy()
    array([[1., 2.]], dtype=float32)
    """
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: list[Any], axis: int = -1, **kwargs: Any) -> Tensor:
    """Tensors one after the other: the layer `Concatenate` as a function.

    Args:
        inputs: List of tensors (or KerasTensors) of shapes that are equal but for `axis`.
        axis: Along which axis.
        **kwargs: Arguments of the layer, such as `name`.

    Returns:
        Tensor, with the sum of the lengths along `axis`.

    Raises:
        ValueError: the axis does not exist, or the other lengths differ.

    >>> concatenate([np.array([[1.0, 2.0]]), np.array([[3.0]])]).numpy()
    array([[1., 2., 3.]], dtype=float32)
    """
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: list[Any], axes: int | tuple[int, int] = -1, **kwargs: Any) -> Tensor:
    """Sums of products of two tensors, sample by sample: the layer `Dot` as a function.

    Args:
        inputs: List of two tensors (or KerasTensors), of shape (batch, ...).
        axes: The axis, or (axis of the first, axis of the second), counted with the batch axis 0.
        **kwargs: Arguments of the layer, such as `normalize`.

    Returns:
        Tensor, shape (batch, other axes of the first, other axes of the second); (batch, 1) if there are none.

    Raises:
        TypeError: `axes` is no int and no pair of ints.
        ValueError: an axis does not exist, or the lengths along them differ.

    >>> dot([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])], axes=1).numpy()
    array([[11.]], dtype=float32)
    """
    return Dot(axes=axes, **kwargs)(inputs)
