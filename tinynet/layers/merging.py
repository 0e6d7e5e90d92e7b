"""Layers that make one tensor of several."""

import functools
import math

import numpy as np

from .. import ops
from .base import Layer
from .masks import get_mask


def _counts(x):
    """Where the elements of x count, in its shape; None if all do: it has no mask."""
    mask = get_mask(x)
    return None if mask is None else np.broadcast_to(np.asarray(mask)[..., None], x.shape)


def _choose(operation, inputs):
    """A maximum or minimum, for which an element that does not count gives way to the other's."""
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

    _at_least = 2

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, inputs, previous_mask=None):
        """A step counts if it counts in one of the inputs, and if all of them say which do."""
        if previous_mask is None or any(mask is None for mask in previous_mask):
            return None
        return functools.reduce(ops.logical_or, previous_mask)

    def _check(self, shapes):
        name = type(self).__name__
        if not isinstance(shapes, list) or len(shapes) < self._at_least:
            raise ValueError(f"{name}: expected a list of {self._at_least} or more inputs, got "
                             f"{'one of shape ' + str(shapes) if isinstance(shapes, tuple) else shapes}; "
                             f"write {name}()([a, b])")

    def build(self, input_shape):
        self._check(input_shape)
        self.compute_output_shape(input_shape)

    def call(self, inputs):
        if not isinstance(inputs, list | tuple):
            self._check(getattr(inputs, "shape", inputs))
        if len({len(x.shape) for x in inputs}) > 1:
            rank = max(len(x.shape) for x in inputs)
            inputs = [ops.reshape(x, (x.shape[0], *[1] * (rank - len(x.shape)), *x.shape[1:])) for x in inputs]
        return self._merge(inputs)

    def compute_output_shape(self, input_shape):
        rank = max(len(shape) for shape in input_shape)
        aligned = [(shape[0], *[1] * (rank - len(shape)), *shape[1:]) for shape in input_shape]
        result = [self._length(lengths, input_shape) for lengths in list(zip(*aligned, strict=True))[1:]]
        batch = {shape[0] for shape in input_shape} - {None}
        if len(batch) > 1:
            raise ValueError(f"{type(self).__name__}: the inputs must have the same batch size, got {input_shape}")
        return (None if any(shape[0] is None for shape in input_shape) else batch.pop(), *result)

    def _length(self, lengths, shapes):
        known = set(lengths) - {1, None}
        if len(known) > 1:
            raise ValueError(
                f"{type(self).__name__}: the inputs have shapes {shapes}, which do not fit together: along each axis "
                "lengths must be equal, or 1"
            )
        return known.pop() if known else None if None in lengths else 1


class Add(_Merge):
    """The sum of the inputs: the residual connection.

    >>> Add()([np.ones((2, 3)), np.ones((2, 3))]).numpy()[0]
    array([2., 2., 2.], dtype=float32)
    """

    def _merge(self, inputs):
        return functools.reduce(ops.add, inputs)


class Subtract(_Merge):
    """The first of two inputs minus the second."""

    def _check(self, shapes):
        super()._check(shapes)
        if len(shapes) != 2:
            raise ValueError(f"Subtract: expected two inputs, got {len(shapes)}")

    def _merge(self, inputs):
        return ops.subtract(*inputs)


class Multiply(_Merge):
    """The product of the inputs, element by element. What a mask says does not count is a factor of 1; where no input
    counts the product is 0.
    """

    def _merge(self, inputs):
        counts = [_counts(x) for x in inputs]
        y = functools.reduce(ops.multiply, [x if counted is None else ops.where(counted, x, x.dtype.type(1))
                                            for x, counted in zip(inputs, counts, strict=True)])
        if any(counted is None for counted in counts):
            return y
        return ops.where(functools.reduce(np.logical_or, counts), y, y.dtype.type(0))


class Average(_Merge):
    """The mean of the inputs."""

    def _merge(self, inputs):
        return functools.reduce(ops.add, inputs) / float(len(inputs))


class Maximum(_Merge):
    """The largest of the inputs, element by element."""

    def _merge(self, inputs):
        return _choose(ops.maximum, inputs)


class Minimum(_Merge):
    """The smallest of the inputs, element by element."""

    def _merge(self, inputs):
        return _choose(ops.minimum, inputs)


class Concatenate(_Merge):
    """The inputs one after the other along an axis.

    Args:
        axis: Which; the others must have equal lengths.

    >>> Concatenate()([np.ones((2, 3)), np.ones((2, 1))]).shape
    (2, 4)
    """

    _at_least = 1

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs):
        if not isinstance(inputs, list | tuple):
            self._check(getattr(inputs, "shape", inputs))
        return ops.concatenate(list(inputs), axis=self.axis)

    def compute_mask(self, inputs, previous_mask=None):
        """The masks along the steps one after the other; along another axis a step counts if it does in one input.
        All steps of an input without a mask count.
        """
        if previous_mask is None or all(mask is None for mask in previous_mask):
            return None
        masks = [ops.broadcast_to(np.bool_(True) if mask is None else ops.expand_dims(mask, -1), x.shape)
                 for x, mask in zip(inputs, previous_mask, strict=True)]
        return ops.any(ops.concatenate(masks, axis=self.axis), axis=-1)

    def compute_output_shape(self, input_shape):
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

    def get_config(self):
        return {**super().get_config(), "axis": self.axis}


class Dot(_Merge):
    """Sums of products of two inputs along one axis of each, sample by sample.

    Args:
        axes: The axis, or (axis of the first, axis of the second), counted with the batch axis 0.
        normalize: Scale to norm 1 along the axis first: the result is the cosine of the angle.

    >>> Dot(axes=1)([np.ones((2, 3)), np.ones((2, 3))]).numpy()
    array([[3.],
           [3.]], dtype=float32)
    """

    def __init__(self, axes, normalize=False, **kwargs):
        super().__init__(**kwargs)
        if isinstance(axes, int):
            pair = (axes, axes)
        elif isinstance(axes, list | tuple) and len(axes) == 2 and all(isinstance(axis, int) for axis in axes):
            pair = tuple(axes)
        else:
            raise TypeError(f"Dot: axes must be an int or two of them, got {axes!r}")
        self.axes, self._pair = axes, pair
        self.normalize = normalize

    def _axes_for(self, shapes):
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

    def build(self, input_shape):
        self._axes_for(input_shape)

    def call(self, inputs):
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

    def compute_mask(self, inputs, previous_mask=None):
        return None

    def compute_output_shape(self, input_shape):
        axes = self._axes_for(input_shape)
        rest = [n for shape, axis in zip(input_shape, axes, strict=True)
                for i, n in enumerate(shape) if i not in (0, axis)]
        return (input_shape[0][0], *(rest or (1,)))

    def get_config(self):
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def add(inputs, **kwargs):
    """`Add(**kwargs)(inputs)`."""
    return Add(**kwargs)(inputs)


def subtract(inputs, **kwargs):
    """`Subtract(**kwargs)(inputs)`."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs, **kwargs):
    """`Multiply(**kwargs)(inputs)`."""
    return Multiply(**kwargs)(inputs)


def average(inputs, **kwargs):
    """`Average(**kwargs)(inputs)`."""
    return Average(**kwargs)(inputs)


def maximum(inputs, **kwargs):
    """`Maximum(**kwargs)(inputs)`."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs, **kwargs):
    """`Minimum(**kwargs)(inputs)`."""
    return Minimum(**kwargs)(inputs)


def concatenate(inputs, axis=-1, **kwargs):
    """`Concatenate(axis, **kwargs)(inputs)`."""
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs, axes=-1, **kwargs):
    """`Dot(axes, **kwargs)(inputs)`."""
    return Dot(axes=axes, **kwargs)(inputs)
