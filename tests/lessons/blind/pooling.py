"""Max pooling and its gradient, written without seeing the detectors."""

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

import tinynet as tn

from . import right, wrong

# -- max_pooling


@right("max_pooling")
def max_pooling_with_loops(x, size, stride):
    height, width, channels = x.shape
    out_height = (height - size) // stride + 1
    out_width = (width - size) // stride + 1
    y = np.zeros((out_height, out_width, channels))
    for i in range(out_height):
        for j in range(out_width):
            for c in range(channels):
                largest = -np.inf
                for p in range(size):
                    for q in range(size):
                        largest = max(largest, x[i * stride + p, j * stride + q, c])
                y[i, j, c] = largest
    return y


@right("max_pooling")
def max_pooling_with_windows(x, size, stride):
    return sliding_window_view(x, (size, size), axis=(0, 1))[::stride, ::stride].max((-2, -1))


@right("max_pooling")
def max_pooling_with_strides(x, size, stride):
    (height, width, channels), (a, b, c) = x.shape, x.strides
    shape = ((height - size) // stride + 1, (width - size) // stride + 1, size, size, channels)
    return as_strided(x, shape, (a * stride, b * stride, a, b, c)).max(axis=(2, 3))


@right("max_pooling")
def max_pooling_with_nested_lists(x, size, stride):
    rows = range(0, x.shape[0] - size + 1, stride)
    columns = range(0, x.shape[1] - size + 1, stride)
    return [[[max(x[i : i + size, j : j + size, c].flat) for c in range(x.shape[2])] for j in columns] for i in rows]


@right("max_pooling")
def max_pooling_like_keras(x, size, stride):
    image = tn.constant(np.expand_dims(x, 0), dtype="float32")
    return tn.layers.MaxPooling2D(pool_size=size, strides=stride)(image)[0]


@wrong("max_pooling", "starts_at_0")
def max_pooling_starts_from_zero(x, size, stride):
    # The largest so far begins with 0: windows with negative numbers only give 0.
    height, width, channels = x.shape
    y = np.zeros(((height - size) // stride + 1, (width - size) // stride + 1, channels))
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            for p in range(size):
                for q in range(size):
                    y[i, j] = np.maximum(y[i, j], x[i * stride + p, j * stride + q])
    return y


@wrong("max_pooling", "over_channels_repeated")
def max_pooling_over_the_channels(x, size, stride):
    # The largest of all channels, in each of them.
    height, width, channels = x.shape
    y = np.zeros(((height - size) // stride + 1, (width - size) // stride + 1, channels))
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            y[i, j] = np.max(x[i * stride : i * stride + size, j * stride : j * stride + size])
    return y


@wrong("max_pooling", None)
def max_pooling_steps_by_the_size(x, size, stride):
    # The windows lie side by side: the stride is taken only for the output's size.
    height, width, channels = x.shape
    y = np.zeros(((height - size) // stride + 1, (width - size) // stride + 1, channels))
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            window = x[i * size : (i + 1) * size, j * size : (j + 1) * size]
            y[i, j] = window.max(axis=(0, 1)) if window.size else 0
    return y


# -- max_pooling_gradient


@right("max_pooling_gradient")
def max_pooling_gradient_with_loops(dy, x, size, stride):
    dx = np.zeros(x.shape)
    out_height, out_width, channels = dy.shape
    for i in range(out_height):
        for j in range(out_width):
            for c in range(channels):
                row, column = i * stride, j * stride
                for p in range(i * stride, i * stride + size):
                    for q in range(j * stride, j * stride + size):
                        if x[p, q, c] > x[row, column, c]:
                            row, column = p, q
                dx[row, column, c] += dy[i, j, c]
    return dx


@right("max_pooling_gradient")
def max_pooling_gradient_with_argmax(dy, x, size, stride):
    dx = np.zeros_like(x)
    for i, j, c in np.ndindex(dy.shape):
        window = x[i * stride : i * stride + size, j * stride : j * stride + size, c]
        p, q = np.unravel_index(window.argmax(), window.shape)
        dx[i * stride + p, j * stride + q, c] += dy[i, j, c]
    return dx


@right("max_pooling_gradient")
def max_pooling_gradient_with_add_at(dy, x, size, stride):
    windows = sliding_window_view(x, (size, size), axis=(0, 1))[::stride, ::stride]
    best = windows.reshape(*dy.shape, size * size).argmax(axis=-1)
    i, j, c = np.indices(dy.shape)
    dx = np.zeros(x.shape, dtype=dy.dtype)
    np.add.at(dx, (i * stride + best // size, j * stride + best % size, c), dy)
    return dx


@right("max_pooling_gradient")
def max_pooling_gradient_with_masks(dy, x, size, stride):
    dx = np.zeros(x.shape)
    for i in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            part = (slice(i * stride, i * stride + size), slice(j * stride, j * stride + size))
            mask = (x[part] == x[part].max(axis=(0, 1))).reshape(size * size, -1)
            first = mask & (mask.cumsum(axis=0) == 1)
            dx[part] += first.reshape(size, size, -1) * dy[i, j]
    return dx


@right("max_pooling_gradient")
def max_pooling_gradient_with_bincount(dy, x, size, stride):
    flat = np.arange(x.size).reshape(x.shape)
    values = sliding_window_view(x, (size, size), (0, 1))[::stride, ::stride].reshape(dy.size, -1)
    targets = sliding_window_view(flat, (size, size), (0, 1))[::stride, ::stride].reshape(dy.size, -1)
    chosen = targets[np.arange(dy.size), values.argmax(1)]
    return np.bincount(chosen, weights=dy.ravel(), minlength=x.size).reshape(x.shape).astype(np.float32)


@wrong("max_pooling_gradient", "overwritten")
def max_pooling_gradient_overwrites(dy, x, size, stride):
    # Where windows overlap the last one remains: = in place of +=.
    dx = np.zeros_like(x)
    for i, j, c in np.ndindex(dy.shape):
        window = x[i * stride : i * stride + size, j * stride : j * stride + size, c]
        p, q = np.unravel_index(window.argmax(), window.shape)
        dx[i * stride + p, j * stride + q, c] = dy[i, j, c]
    return dx


@wrong("max_pooling_gradient", "tie_to_all")
def max_pooling_gradient_to_all_largest(dy, x, size, stride):
    # Every one of several equal largest values receives dy.
    dx = np.zeros_like(x)
    for i, j, c in np.ndindex(dy.shape):
        window = x[i * stride : i * stride + size, j * stride : j * stride + size, c]
        dx[i * stride : i * stride + size, j * stride : j * stride + size, c] += (window == window.max()) * dy[i, j, c]
    return dx


@wrong("max_pooling_gradient", "tie_to_last")
def max_pooling_gradient_to_the_last_largest(dy, x, size, stride):
    # >= in the comparison: the last of several equal values receives dy.
    dx = np.zeros(x.shape)
    for i, j, c in np.ndindex(dy.shape):
        row, column, largest = 0, 0, -np.inf
        for p in range(i * stride, i * stride + size):
            for q in range(j * stride, j * stride + size):
                if x[p, q, c] >= largest:
                    row, column, largest = p, q, x[p, q, c]
        dx[row, column, c] += dy[i, j, c]
    return dx
