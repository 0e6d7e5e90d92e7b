# cython: boundscheck=False, wraparound=False, cdivision=True
"""The loops of the input pipeline: one pass over memory from the data set to the batch.

A batch is a choice of rows. `gather` reads each chosen row once, casts it, and writes it to the batch: an image that
is stored as 784 bytes is read as 784 bytes, and no converted copy of the data set ever exists.
"""

from cpython.buffer cimport (
    PyBUF_FORMAT, PyBUF_FULL_RO, PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer)
from libc.stdint cimport int64_t
from libc.string cimport memcpy

from ._parallel cimport run_blocks, use_native_threads

import numpy as np

cdef extern from *:
    """
    /* Compiled three times, chosen by the CPU when the module is loaded. A cast has the same bits in all three. */
    #if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__gnu_linux__)
    #define TINYNET_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
    #else
    #define TINYNET_CLONES
    #endif
    typedef void tinynet_void;
    #define TINYNET_CLONED_VOID TINYNET_CLONES tinynet_void
    #if defined(__GNUC__)
    #define TINYNET_PREFETCH(address) __builtin_prefetch((address), 0, 1)
    #else
    #define TINYNET_PREFETCH(address)
    #endif
    """
    ctypedef void cloned_void "TINYNET_CLONED_VOID"
    void prefetch "TINYNET_PREFETCH"(const void* address) noexcept nogil

use_native_threads()

ctypedef fused source_t:
    unsigned char
    int
    long long
    float
    double

ctypedef fused result_t:
    float
    double

ctypedef fused float_t:
    float
    double

# Rows lie anywhere in memory, so that the hardware's prefetcher finds none of them. Prefetching the row that is about
# 4 KB of reading ahead shortens a batch of 128 from 60000 x 784 bytes from 31 us to 9 us, and one of float32 from 31 to
# 23 us (the loop alone, with all rows in the cache, takes 5 us and 6 us).
cdef enum:
    PREFETCH_BYTES = 4096
    LINE = 64
    CHECK_BLOCK = 65536  # 256 KB of float32: a check stops soon after the first value out of range
    # Batches of this many bytes are divided among the threads: 128 images of 28 x 28 in blocks of 16. With two threads,
    # the first one copies the first half of the rows, as in the matrix product that follows.
    SHARED_BYTES = 200_000
    BLOCK_BYTES = 50_176


cdef inline void prefetch_row(const char* row, Py_ssize_t bytes) noexcept nogil:
    cdef Py_ssize_t offset = 0
    cdef Py_ssize_t end = bytes if bytes < PREFETCH_BYTES else PREFETCH_BYTES
    while offset < end:
        prefetch(row + offset)
        offset += LINE


cdef inline Py_ssize_t rows_ahead(Py_ssize_t bytes) noexcept nogil:
    """How many rows make PREFETCH_BYTES, at least 1 and at most 16."""
    if bytes >= PREFETCH_BYTES:
        return 1
    return PREFETCH_BYTES // bytes if bytes > PREFETCH_BYTES // 16 else 16


cdef cloned_void convert_row(const source_t* source, result_t* result, Py_ssize_t width, result_t scale) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(width):
        result[i] = <result_t>source[i] * scale


cdef void gather_rows(const char* source, Py_ssize_t stride, const long long* indices, Py_ssize_t count,
                      Py_ssize_t known, Py_ssize_t width, source_t* source_type, result_t* result,
                      result_t scale) noexcept nogil:
    """result[i, :] = scale * source[indices[i], :] for i below `count`; `source_type` only chooses the version.

    Of `indices` there are `known`: the rows after `count` are the next block's, of the same thread most often.
    """
    cdef Py_ssize_t i, bytes = width * <Py_ssize_t>sizeof(source_t)
    cdef Py_ssize_t ahead = rows_ahead(bytes)
    cdef const char* row
    for i in range(count):
        if i + ahead < known:
            prefetch_row(source + indices[i + ahead] * stride, bytes)
        row = source + indices[i] * stride
        convert_row[source_t, result_t](<const source_t*>row, result + i * width, width, scale)


cdef void copy_rows(const char* source, Py_ssize_t stride, const long long* indices, Py_ssize_t count, Py_ssize_t known,
                    Py_ssize_t bytes, char* result) noexcept nogil:
    """The same without a factor or a cast, for elements of any type."""
    cdef Py_ssize_t i, ahead = rows_ahead(bytes)
    if bytes == 8:  # labels: a call of memcpy per label would cost more than the label
        for i in range(count):
            (<long long*>result)[i] = (<const long long*>(source + indices[i] * stride))[0]
        return
    if bytes == 1:
        for i in range(count):
            result[i] = source[indices[i] * stride]
        return
    for i in range(count):
        if i + ahead < known:
            prefetch_row(source + indices[i + ahead] * stride, bytes)
        memcpy(result + i * bytes, source + indices[i] * stride, bytes)


cdef inline char kind_of(Py_buffer* view) noexcept:
    """One letter for the element types that have a loop of their own: B, i, q, f, d; 0 for all others.

    Byte-swapped elements (a format of two letters) and misaligned ones have none.
    """
    cdef char letter
    cdef int axis
    if view.format == NULL:
        return b'B'
    if view.format[0] == 0 or view.format[1] != 0:
        return 0
    if view.itemsize > 1 and <size_t>view.buf % <size_t>view.itemsize != 0:
        return 0
    for axis in range(view.ndim):
        if view.strides[axis] % view.itemsize != 0:
            return 0
    letter = view.format[0]
    if letter == b'?':
        return b'B'
    if letter == b'l':
        return b'q' if sizeof(long) == 8 else b'i'
    return letter if letter in b'Biqfd' else 0


cdef struct Batch:  # the source, the chosen rows and the result
    Py_buffer* source
    char kind
    char kind_out  # 0: bytes are copied
    const long long* indices
    Py_ssize_t count
    Py_ssize_t width  # elements of a row
    char* result
    double scale


cdef void gather_as(Batch* batch, Py_ssize_t begin, Py_ssize_t end, result_t* result) noexcept nogil:
    """Run the version for the source's element type; `result` is all of the batch."""
    cdef const char* data = <const char*>batch.source.buf
    cdef Py_ssize_t stride = batch.source.strides[0], count = end - begin, known = batch.count - begin
    cdef Py_ssize_t width = batch.width
    cdef const long long* indices = batch.indices + begin
    cdef result_t scale = <result_t>batch.scale
    result += begin * width
    if batch.kind == b'B':
        gather_rows(data, stride, indices, count, known, width, <unsigned char*>NULL, result, scale)
    elif batch.kind == b'i':
        gather_rows(data, stride, indices, count, known, width, <int*>NULL, result, scale)
    elif batch.kind == b'q':
        gather_rows(data, stride, indices, count, known, width, <long long*>NULL, result, scale)
    elif batch.kind == b'f':
        gather_rows(data, stride, indices, count, known, width, <float*>NULL, result, scale)
    else:
        gather_rows(data, stride, indices, count, known, width, <double*>NULL, result, scale)


cdef void gather_block(void* context, int64_t begin, int64_t end) noexcept nogil:
    """Rows begin to below end of a batch: a body for `run_blocks`."""
    cdef Batch* batch = <Batch*>context
    cdef Py_ssize_t bytes = batch.width * batch.source.itemsize
    if batch.kind_out == b'f':
        gather_as(batch, begin, end, <float*>batch.result)
    elif batch.kind_out == b'd':
        gather_as(batch, begin, end, <double*>batch.result)
    else:
        copy_rows(<const char*>batch.source.buf, batch.source.strides[0], batch.indices + begin, end - begin,
                  batch.count - begin, bytes, batch.result + begin * bytes)


cdef void gather_batch(Batch* batch, Py_ssize_t bytes) noexcept nogil:
    """All rows of a batch, of so many bytes each."""
    if batch.count * bytes < SHARED_BYTES:
        gather_block(batch, 0, batch.count)
    else:
        run_blocks(batch.count, 1 + (BLOCK_BYTES - 1) // bytes, gather_block, batch)


cdef bint is_dense_below(Py_buffer* view, int first_axis) noexcept nogil:
    """Whether the elements of one row (all axes from `first_axis` on) follow each other in memory."""
    cdef Py_ssize_t expected = view.itemsize
    cdef int axis
    for axis in range(view.ndim - 1, first_axis - 1, -1):
        if view.shape[axis] != 1 and view.strides[axis] != expected:
            return False
        expected *= view.shape[axis]
    return True


def gather(source, indices, out, double scale=1.0):
    """Write chosen rows to a batch: out[i] = scale * source[indices[i]], cast to the batch's element type.

    Integers and float64 are cast to float32 as NumPy casts them (rounded to nearest), then multiplied.

    Args:
        source: Array, shape (rows, ...). Each row must be dense; the step from row to row is free (`x[::-2]` is fine).
        indices: int64 array, shape (batch,), dense.
        out: Dense array, shape (batch, ...). float32 or float64, or the source's own dtype (a plain copy).
        scale: Factor, for example 1/255 for images.

    Returns:
        `out`.

    Raises:
        IndexError: an index is outside [0, rows).
        TypeError: no loop for these element types (`has_loop` tells), or a factor for integers.
        ValueError: shapes that do not fit, or rows that are not dense.

    >>> images = np.arange(12, dtype=np.uint8).reshape(4, 3)
    >>> gather(images, np.array([3, 0]), np.empty((2, 3), np.float32), scale=0.5)
    array([[4.5, 5. , 5.5],
           [0. , 0.5, 1. ]], dtype=float32)
    """
    cdef Py_buffer rows, chosen, result
    cdef Batch batch
    cdef Py_ssize_t i, width = 1, count, bad = -1
    cdef const long long* index
    cdef char kind, kind_out
    cdef bint same
    cdef int axis
    PyObject_GetBuffer(source, &rows, PyBUF_FULL_RO)
    try:
        PyObject_GetBuffer(indices, &chosen, PyBUF_FULL_RO)
        try:
            PyObject_GetBuffer(out, &result, PyBUF_STRIDES | PyBUF_WRITABLE | PyBUF_FORMAT)
            try:
                if chosen.ndim != 1 or kind_of(&chosen) != b'q' or not is_dense_below(&chosen, 0):
                    raise TypeError("gather: indices must be a dense int64 array of one dimension")
                count = chosen.shape[0]
                if rows.ndim < 1 or result.ndim != rows.ndim or result.shape[0] != count:
                    raise ValueError(
                        f"gather: {count} rows of an array of shape {np.shape(source)} do not fill {np.shape(out)}")
                for axis in range(1, rows.ndim):
                    if rows.shape[axis] != result.shape[axis]:
                        raise ValueError(
                            f"gather: rows of shape {np.shape(source)[1:]} do not fill "
                            f"rows of shape {np.shape(out)[1:]}")
                    width *= rows.shape[axis]
                if not is_dense_below(&rows, 1) or not is_dense_below(&result, 0):
                    raise ValueError("gather: rows must be dense; use np.ascontiguousarray on the source")
                index = <const long long*>chosen.buf
                for i in range(count):
                    if index[i] < 0 or index[i] >= rows.shape[0]:
                        bad = i
                        break
                if bad >= 0:
                    raise IndexError(f"gather: index {index[bad]} at position {bad} is outside [0, {rows.shape[0]})")
                kind = kind_of(&rows)
                kind_out = kind_of(&result)
                same = kind == kind_out if kind else source.dtype == out.dtype
                if same and scale == 1.0:
                    kind_out = 0
                elif kind == 0 or (kind_out != b'f' and kind_out != b'd'):
                    raise TypeError(f"gather: no loop from {source.dtype} to {out.dtype} with scale {scale}")
                batch = Batch(&rows, kind, kind_out, index, count, width, <char*>result.buf, scale)
                with nogil:
                    gather_batch(&batch, width * result.itemsize)
            finally:
                PyBuffer_Release(&result)
        finally:
            PyBuffer_Release(&chosen)
    finally:
        PyBuffer_Release(&rows)
    return out


cdef cloned_void all_below(const float_t* values, Py_ssize_t count, float_t limit, int* result) noexcept nogil:
    cdef Py_ssize_t i
    cdef int within = 1
    for i in range(count):
        within &= (values[i] <= limit) & (values[i] >= -limit)  # no branch, so that it is vectorised; NaN is not within
    result[0] = within


def all_within(values, double limit):
    """Whether every |value| <= limit, at the speed of reading them; NaN is not.

    Args:
        values: Dense array of float32 or float64.
        limit: The bound, finite.
    """
    cdef Py_buffer view
    cdef Py_ssize_t start = 0, count, block
    cdef char kind
    cdef int fine = 1
    PyObject_GetBuffer(values, &view, PyBUF_FULL_RO)
    try:
        kind = kind_of(&view)
        if (kind != b'f' and kind != b'd') or not is_dense_below(&view, 0):
            raise TypeError("all_within: expected a dense array of float32 or float64")
        count = view.len // view.itemsize
        with nogil:
            while fine and start < count:
                block = count - start if count - start < CHECK_BLOCK else CHECK_BLOCK
                if kind == b'f':
                    all_below(<const float*>view.buf + start, block, <float>limit, &fine)
                else:
                    all_below(<const double*>view.buf + start, block, limit, &fine)
                start += block
    finally:
        PyBuffer_Release(&view)
    return bool(fine)
