"""The steps of a `Dataset` that make one element of several, or several of one: batches, windows, groups."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core import checks
from ..core.types import Structure
from .elements import DatasetSpec, TensorSpec, leaves, map_leaves, pad_and_stack, row, spec_of, stack, wrap
from .pipeline import Pipeline, call, first_spec
from .streams import grouped, windows


class Batching(Pipeline):
    """Base of `Dataset`, which adds the sources and the steps from element to element."""

    def batch(self, batch_size: int, drop_remainder: bool = False, num_parallel_calls: int | None = None,
              deterministic: bool | None = None, name: str | None = None) -> Any:
        """Stack elements to batches, with a new first axis.

        Args:
            batch_size: Elements in a batch.
            drop_remainder: Whether to leave out a shorter last batch.
            num_parallel_calls, deterministic: Taken for TensorFlow's sake and ignored.

        Raises:
            ValueError: `batch_size` is below 1; (while iterating) the elements differ in shape.

        >>> [x.numpy().tolist() for x in tn.data.Dataset.range(5).batch(2)]
        [[0, 1], [2, 3], [4]]
        """
        size = checks.count(batch_size, "Dataset.batch", "batch_size")
        if self._rows is not None:
            def join(numbers):
                numbers = np.array(numbers)
                return map_leaves(lambda array: array[numbers], self._rows)
        else:
            def join(elements):
                return stack(elements, "batch")
        return self._grouped(self._iterate, join, size, drop_remainder)

    def padded_batch(self, batch_size: int, padded_shapes: Structure = None, padding_values: Any = None,
                     drop_remainder: bool = False, name: str | None = None) -> Any:
        """Stack elements of different lengths to batches, filled up at their ends.

        Args:
            batch_size: Elements in a batch.
            padded_shapes: Nested shapes to fill up to, None or -1 for the longest of the batch; all None if None.
            padding_values: What to fill with; 0, or the empty text, if None.
            drop_remainder: Whether to leave out a shorter last batch.

        Raises:
            ValueError: an element is larger than `padded_shapes`.

        >>> rows = tn.data.Dataset.range(1, 3).map(lambda n: np.ones(int(n), int))
        >>> [x.numpy().tolist() for x in rows.padded_batch(2)]
        [[[1, 0], [1, 1]]]
        """
        size = checks.count(batch_size, "Dataset.padded_batch", "batch_size")
        return self._grouped(self._elements, lambda elements: pad_and_stack(elements, padded_shapes, padding_values),
                             size, drop_remainder, ragged=True)

    def _grouped(self, iterate_parts, join, size, drop_remainder, ragged=False):
        def iterate():
            parts = iterate_parts()
            while group := list(itertools.islice(parts, size)):
                if len(group) < size and drop_remainder:
                    return
                yield join(group)

        def spec():
            first = size if drop_remainder else None
            return map_leaves(lambda leaf: leaf if leaf.shape is None else TensorSpec(
                (first, *(None if ragged else length for length in leaf.shape)), leaf.dtype), self.element_spec)

        def parts(rows_of):
            take, made_of = (iterate_parts, None) if self._unmapped is None else self._unmapped
            elements = iter(take())
            while group := list(itertools.islice(elements, size)):
                if len(group) < size and drop_remainder:
                    return
                first, rows = rows_of(len(group))
                own = group[first:first + rows]
                yield len(group), join(own if made_of is None else [made_of(element) for element in own])

        count = self._cardinality
        if count > 0:
            count = count // size if drop_remainder else -(-count // size)
        made = self._with(iterate, spec, count)
        made._parts = None if ragged else parts  # padding depends on the whole batch
        return made

    def unbatch(self, name: str | None = None) -> Any:
        """Make an element of each row of each element.

        >>> list(map(int, tn.data.Dataset.from_tensors([1, 2]).unbatch()))
        [1, 2]
        """
        def iterate():
            for element in self._elements():
                for i in range(len(leaves(element)[0])):
                    yield row(element, i)

        def spec():
            return map_leaves(lambda leaf: TensorSpec(leaf.shape and leaf.shape[1:], leaf.dtype), self.element_spec)

        return self._with(iterate, spec)

    def rebatch(self, batch_size: int, drop_remainder: bool = False, name: str | None = None) -> Any:
        """Make batches of another size of batches.

        Args:
            batch_size: Rows in a new batch.
            drop_remainder: Whether to leave out a shorter last batch.

        >>> [x.numpy().tolist() for x in tn.data.Dataset.range(6).batch(2).rebatch(4)]
        [[0, 1, 2, 3], [4, 5]]
        """
        return self.unbatch().batch(batch_size, drop_remainder)

    def window(self, size: int, shift: int | None = None, stride: int = 1, drop_remainder: bool = False,
               name: str | None = None) -> Any:
        """Make data sets of neighbouring elements. `flat_map` makes arrays of them, as below.

        Window number n has the elements n shift, n shift + stride, ..., n shift + (size - 1) stride. A tuple or dict of
        arrays becomes a tuple or dict of data sets.

        Args:
            size: Elements in a window.
            shift: How far the next window begins after this one; `size` if None.
            stride: The distance of neighbours in a window.
            drop_remainder: Whether to leave out the windows at the end that have fewer elements.

        Raises:
            ValueError: an argument is below 1.

        >>> windows = tn.data.Dataset.range(7).window(3, shift=2, drop_remainder=True)
        >>> [list(window.as_numpy_iterator()) for window in windows.take(1)]
        [[np.int64(0), np.int64(1), np.int64(2)]]
        >>> [x.numpy().tolist() for x in windows.flat_map(lambda window: window.batch(3))]
        [[0, 1, 2], [2, 3, 4], [4, 5, 6]]
        """
        size = checks.count(size, "Dataset.window", "size")
        shift = size if shift is None else checks.count(shift, "Dataset.window", "shift")
        stride = checks.count(stride, "Dataset.window", "stride")

        def iterate():
            return map(self._as_data_sets, windows(self._iterate(), size, shift, stride, drop_remainder))

        def spec():
            return map_leaves(DatasetSpec, self.element_spec)

        count = self._cardinality
        if count > 0:
            extent = (size - 1) * stride + 1
            count = len(range(0, count - extent + 1, shift)) if drop_remainder else -(-count // shift)
        return self._with(iterate, spec, count)

    def _as_data_sets(self, group):
        """Elements, or row numbers, in the nesting of one element: with a data set in place of each array."""
        if self._rows is not None:
            return map_leaves(lambda array: self._with(lambda: iter(group), TensorSpec(array.shape[1:], array.dtype),
                                                       len(group), array), self._rows)
        return map_leaves(lambda *parts: self._with(lambda: iter(parts), spec_of(parts[0]), len(parts)), *group)

    def group_by_window(self, key_func: Callable[..., Any], reduce_func: Callable[[Any, Any], Any],
                        window_size: int | None = None, window_size_func: Callable[[Any], Any] | None = None,
                        name: str | None = None) -> Any:
        """Collect the elements of each key; when there are enough, a function makes a data set of them.

        What is not enough in the end comes then, in the order of the keys.

        Args:
            key_func: Function of an element, key_func(*element) for tuples, that returns a whole number, the key.
            reduce_func: Function of the key and a data set of the elements; returns a data set.
            window_size: How many elements are enough.
            window_size_func: Or a function of the key that returns this.

        Raises:
            ValueError: neither, or both, of window_size and window_size_func; a size below 1.

        >>> parity = tn.data.Dataset.range(6).group_by_window(lambda x: x % 2, lambda key, part: part.batch(2), 2)
        >>> [x.numpy().tolist() for x in parity]
        [[0, 2], [1, 3], [4], [5]]
        """
        if (window_size is None) == (window_size_func is None):
            raise ValueError("Dataset.group_by_window: give window_size or window_size_func")
        fixed = None if window_size is None else checks.count(window_size, "Dataset.group_by_window", "window_size")

        def size_of(key):
            return fixed if fixed is not None else checks.count(
                int(window_size_func(wrap(np.asarray(key)))), "Dataset.group_by_window", "window_size_func(key)")

        def iterate():
            for key, elements in grouped(self._elements(), lambda element: int(call(key_func, element)), size_of):
                part = self._with(lambda elements=elements: iter(elements), lambda: self.element_spec, len(elements))
                yield from reduce_func(wrap(np.asarray(key, np.int64)), part)._elements()

        return self._with(iterate, lambda: first_spec(iterate))

    def bucket_by_sequence_length(self, element_length_func: Callable[..., Any], bucket_boundaries: list[int],
                                  bucket_batch_sizes: list[int], padded_shapes: Structure = None,
                                  padding_values: Any = None, pad_to_bucket_boundary: bool = False,
                                  no_padding: bool = False, drop_remainder: bool = False,
                                  name: str | None = None) -> Any:
        """Make padded batches of elements of similar length, so that little padding is needed.

        Bucket i has the lengths from bucket_boundaries[i - 1] to bucket_boundaries[i] - 1; the last has longer ones.

        Args:
            element_length_func: Function of an element, element_length_func(*element) for tuples, that returns its
                length.
            bucket_boundaries: Lengths, increasing.
            bucket_batch_sizes: Elements in a batch of each bucket; one more than boundaries.
            padded_shapes, padding_values: As for `padded_batch`.
            pad_to_bucket_boundary: Whether to fill up to the bucket's longest length instead of the batch's: all axes
                that `padded_shapes`, or the spec that `from_generator` was given, leaves open; without these the first.
            no_padding: Whether all elements of a bucket have the same length already.
            drop_remainder: Whether to leave out shorter batches at the end.

        Raises:
            ValueError: boundaries that do not increase, or another number of batch sizes; (while iterating) with
                `pad_to_bucket_boundary`, an element as long as the last boundary.

        >>> rows = tn.data.Dataset.from_tensor_slices([1, 5, 2, 4]).map(lambda n: np.ones(int(n), int))
        >>> [x.shape for x in rows.bucket_by_sequence_length(len, [3], [2, 2])]
        [(2, 2), (2, 5)]
        """
        where = "Dataset.bucket_by_sequence_length"
        boundaries = [int(boundary) for boundary in bucket_boundaries]
        sizes = [checks.count(size, where, "bucket_batch_sizes") for size in bucket_batch_sizes]
        if not boundaries or boundaries != sorted(set(boundaries)) or len(sizes) != len(boundaries) + 1:
            raise ValueError(f"{where}: bucket_boundaries must increase, and bucket_batch_sizes must have one more, "
                             f"got {boundaries} and {sizes}")

        def bucket_of(element):
            return bisect.bisect_right(boundaries, int(call(element_length_func, element)))

        def join(bucket, elements):
            if no_padding:
                return stack(elements, where)
            if not pad_to_bucket_boundary:
                return pad_and_stack(elements, padded_shapes, padding_values)
            if bucket == len(boundaries):
                raise ValueError(f"{where}: with pad_to_bucket_boundary, an element must be shorter than the last "
                                 f"boundary, {boundaries[-1]}, got {spec_of(elements[0])}")
            return pad_and_stack(elements, self._open_axes_filled(elements[0], padded_shapes, boundaries[bucket] - 1),
                                 padding_values)

        def iterate():
            for bucket, elements in grouped(self._elements(), bucket_of, sizes.__getitem__):
                if len(elements) == sizes[bucket] or not drop_remainder:
                    yield join(bucket, elements)

        def spec():
            return map_leaves(lambda leaf: TensorSpec(leaf.shape and (None,) * (1 + len(leaf.shape)), leaf.dtype),
                              self.element_spec)

        return self._with(iterate, spec)

    def _open_axes_filled(self, element, padded_shapes, length):
        """The shapes to pad to, nested like an element, with `length` for each axis that is open."""
        if padded_shapes is None and not callable(self._spec):  # given by the user, or known of arrays
            shapes = [leaf.shape for leaf in leaves(self._spec)]
            if any(shape and None in shape for shape in shapes):
                padded_shapes = map_leaves(lambda leaf: leaf.shape, self._spec)
        if padded_shapes is None:
            return map_leaves(lambda leaf: (length, *leaf.shape[1:]) if leaf.ndim else (), element)
        return map_leaves(lambda leaf, shape: [length if want in (None, -1) else want for want in shape], element,
                          padded_shapes)
