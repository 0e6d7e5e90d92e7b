"""The size of a convolution's output, and the convolution, written without seeing the detectors."""

import math

import numpy as np

import tinynet as tn

from . import right, wrong

# -- output_size


@right("output_size")
def output_size_with_integers(W, K, P, S):
    return (W - K + 2 * P) // S + 1


@right("output_size")
def output_size_with_floor(W, K, P, S):
    return math.floor((W - K + 2 * P) / S + 1)


@right("output_size")
def output_size_with_numpy(W, K, P, S):
    return np.floor_divide(W + 2 * P - K, S) + 1


@right("output_size")
def output_size_counts_windows(W, K, P, S):
    size, first = 0, -P
    while first + K <= W + P:
        size += 1
        first += S
    return size


@right("output_size")
def output_size_of_a_range(W, K, P, S):
    return len(range(0, W + 2 * P - K + 1, S))


@wrong("output_size", "rounded_up")
def output_size_rounds_up(W, K, P, S):
    # Rounded up, not down.
    return math.ceil((W - K + 2 * P) / S) + 1


@wrong("output_size", "plus_1_divided")
def output_size_divides_everything(W, K, P, S):
    # The 1 stands within the brackets.
    return (W - K + 2 * P + 1) // S


@wrong("output_size", "true_division")
def output_size_is_a_float(W, K, P, S):
    # True division: a float, and not rounded.
    return (W - K + 2 * P) / S + 1


# -- convolution


@right("convolution")
def convolution_with_seven_loops(x, kernel, stride, padding):
    height, width, channels = x.shape
    kernel_height, kernel_width, _, filters = kernel.shape
    padded = np.zeros((height + 2 * padding, width + 2 * padding, channels))
    padded[padding : padding + height, padding : padding + width] = x
    out_height = (height - kernel_height + 2 * padding) // stride + 1
    out_width = (width - kernel_width + 2 * padding) // stride + 1
    y = np.zeros((out_height, out_width, filters))
    for i in range(out_height):
        for j in range(out_width):
            for f in range(filters):
                for p in range(kernel_height):
                    for q in range(kernel_width):
                        for c in range(channels):
                            y[i, j, f] += padded[i * stride + p, j * stride + q, c] * kernel[p, q, c, f]
    return y


@right("convolution")
def convolution_with_windows_and_einsum(x, kernel, stride, padding):
    x = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2], axis=(0, 1))[::stride, ::stride]
    return np.einsum("ijcpq,pqcf->ijf", windows, kernel)


@right("convolution")
def convolution_as_a_matrix_product(x, kernel, stride, padding):
    # im2col.
    kh, kw, channels, filters = kernel.shape
    x = np.pad(x, [(padding, padding)] * 2 + [(0, 0)])
    oh, ow = (x.shape[0] - kh) // stride + 1, (x.shape[1] - kw) // stride + 1
    patches = [x[i * stride : i * stride + kh, j * stride : j * stride + kw].ravel()
               for i in range(oh) for j in range(ow)]
    return (np.array(patches) @ kernel.reshape(-1, filters)).reshape(oh, ow, filters)


@right("convolution")
def convolution_as_a_sum_of_shifted_images(x, kernel, stride, padding):
    kh, kw = kernel.shape[:2]
    h, w = ((n - k + 2 * padding) // stride + 1 for n, k in zip(x.shape, (kh, kw), strict=False))
    x = np.pad(x, ((padding,) * 2, (padding,) * 2, (0, 0)), mode="constant", constant_values=0)
    return sum(
        x[p : p + stride * (h - 1) + 1 : stride, q : q + stride * (w - 1) + 1 : stride] @ kernel[p, q]
        for p in range(kh) for q in range(kw)
    )


@right("convolution")
def convolution_like_pytorch(x, kernel, stride, padding):
    # Channels first and float32, with a batch of one; back at the end.
    image = tn.constant(np.asarray(x, np.float32)[None])
    image = tn.pad(image, [[0, 0], [padding, padding], [padding, padding], [0, 0]])
    y = tn.nn.conv2d(image, tn.constant(kernel, dtype="float32"), strides=stride, padding="VALID")
    return y.numpy().squeeze(0)


@wrong("convolution", "contiguous_windows")
def convolution_ignores_the_stride(x, kernel, stride, padding):
    # The window moves by 1, though as many windows are taken as with the stride.
    kh, kw, _, filters = kernel.shape
    x = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    oh, ow = (x.shape[0] - kh) // stride + 1, (x.shape[1] - kw) // stride + 1
    y = np.zeros((oh, ow, filters))
    for i in range(oh):
        for j in range(ow):
            for f in range(filters):
                y[i, j, f] = np.sum(x[i : i + kh, j : j + kw] * kernel[..., f])
    return y


@wrong("convolution", "size_without_padding")
def convolution_pads_after_the_size(x, kernel, stride, padding):
    # The size is computed without the padding: windows at the end are missing.
    kh, kw, _, filters = kernel.shape
    oh, ow = (x.shape[0] - kh) // stride + 1, (x.shape[1] - kw) // stride + 1
    x = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    y = np.zeros((oh, ow, filters))
    for i in range(oh):
        for j in range(ow):
            window = x[i * stride : i * stride + kh, j * stride : j * stride + kw]
            y[i, j] = np.tensordot(window, kernel, axes=3)
    return y


@wrong("convolution", "kernel_transposed")
def convolution_swaps_height_and_width(x, kernel, stride, padding):
    # The kernel's sides are exchanged: it is transposed where it is square, and the shape is wrong where not.
    x = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    kw, kh = kernel.shape[:2]
    oh, ow = (x.shape[0] - kh) // stride + 1, (x.shape[1] - kw) // stride + 1
    y = np.zeros((oh, ow, kernel.shape[3]))
    for i in range(oh):
        for j in range(ow):
            window = x[i * stride : i * stride + kh, j * stride : j * stride + kw]
            y[i, j] = np.einsum("pqc,qpcf->f", window, kernel)
    return y
