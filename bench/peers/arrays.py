"""Inputs, the same for every library: from a seed, or from files that the coordinator wrote."""

import numpy as np
from networks import NETWORKS, weight_shapes


def matrices(m, k, n, dtype, seed):
    """a (m, k) and b (k, n), standard normal."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((m, k)).astype(dtype), rng.standard_normal((k, n)).astype(dtype)


def convolution(size, filters, side, stride, pad, depthwise=False):
    """x (batch, height, width, channels), kernel (side, side, channels, filters) and dy of the output's shape.
    A depthwise kernel is (side, side, channels, 1).
    """
    rng = np.random.default_rng(sum(size) + filters)
    out = [(n + 2 * pad - side) // stride + 1 for n in size[1:3]]
    shapes = size, (side, side, size[3], 1 if depthwise else filters), (size[0], *out, filters)
    return [rng.standard_normal(shape, dtype=np.float32) for shape in shapes]


def normalization(shape, seed):
    """x and dy (batch, ..., channels), gamma and beta (channels,), float32;
    each channel of x with a mean of its own.
    """
    rng = np.random.default_rng(seed)
    channels = shape[-1]
    x = rng.standard_normal(shape, np.float32) + rng.standard_normal(channels, np.float32)
    gamma = rng.uniform(0.5, 1.5, channels).astype(np.float32)
    return x, rng.standard_normal(shape, np.float32), gamma, rng.standard_normal(channels, np.float32)


def groups_of(shape):
    """The groups of group normalization: 32 as in Wu and He 2018, or fewer where the channels do not split."""
    return np.gcd(32, shape[-1]).item()


def images(folder, samples, case):
    """x float32 in [0, 1], shape (samples, 28, 28) or (samples, height, width, channels), and y int64, (samples,)."""
    if case.random_images:
        rng = np.random.default_rng(0)
        return rng.random((samples, *case.image), np.float32), rng.integers(0, case.classes, samples)
    x = np.load(f"{folder}/x.npy")[:samples].astype(np.float32) / np.float32(255)
    y = np.load(f"{folder}/y.npy")[:samples].astype(np.int64)
    return (x[..., None] if case.channels else x), y


def pooling(shape, pool, stride, seed):
    """x (batch, height, width, channels), whose values often tie as after ReLU, and dy for the pooled x,
    standard normal.
    """
    rng = np.random.default_rng(seed)
    batch, height, width, channels = shape
    x = np.maximum(rng.standard_normal(shape), 0).astype(np.float32)
    return x, rng.standard_normal(
        (batch, (height - pool) // stride + 1, (width - pool) // stride + 1, channels)
    ).astype(np.float32)


LEARNING_RATE, CHECKED_STEPS = 1e-3, 3
# Of a network's training step. Adam's first step moves all weights of a sum in one direction: with 1e-3, the loss of a
# layer of 2048 inputs rises before it falls.
SMALL_RATE = 1e-4


def adam(shapes, seed):
    """Weights and their gradients, standard normal float32, one of each a shape."""
    rng = np.random.default_rng(seed)
    return [[rng.standard_normal(tuple(shape), np.float32) for shape in shapes] for _ in range(2)]


def encoder(batch, steps, features, heads, hidden, classes, seed):
    """x (batch, steps, features), labels, and the weights of a transformer's encoder block with a dense layer after it,
    by name. Kernels are (inputs, units); the query's, key's and value's units are those of all heads side by side.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((batch, steps, features), np.float32)

    def dense(inputs, units):
        kernel = rng.standard_normal((inputs, units), np.float32) / np.float32(np.sqrt(inputs))
        return kernel, np.float32(0.1) * rng.standard_normal(units, np.float32)

    def norm():
        return rng.uniform(0.5, 1.5, features).astype(np.float32), rng.standard_normal(features, np.float32)

    weights = {name: dense(features, features) for name in ("query", "key", "value", "output")}
    weights |= {"norm1": norm(), "hidden": dense(features, hidden), "shown": dense(hidden, features), "norm2": norm(),
                "classes": dense(features, classes)}
    return x, rng.integers(0, classes, batch), weights


GATES = {"simple_rnn": 1, "lstm": 4, "gru": 3}


def recurrent(layer, batch, steps, features, units, classes, seed):
    """x (batch, steps, features), labels, and the weights of a recurrent layer and of a dense layer after it, by name.
    The gates' order, and a GRU's second bias, are Keras's.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((batch, steps, features), np.float32)

    def matrix(inputs, outputs):
        return rng.standard_normal((inputs, outputs), np.float32) / np.float32(np.sqrt(inputs))

    gates = GATES[layer] * units
    bias = np.float32(0.1) * rng.standard_normal((2, gates) if layer == "gru" else gates, np.float32)
    weights = {"recurrent": (matrix(features, gates), matrix(units, gates), bias),
               "classes": (matrix(units, classes), np.float32(0.1) * rng.standard_normal(classes, np.float32))}
    return x, rng.integers(0, classes, batch), weights


def network(name, batch):
    """x (batch, ...), labels, and the weights of a network of networks.py: lists of arrays by the names of its rows."""
    described = NETWORKS[name]
    rng = np.random.default_rng(len(described.rows))
    x, y = rng.standard_normal((batch, *described.shape), np.float32), rng.integers(0, described.classes, batch)
    weights = {}
    for row, shapes in weight_shapes(described).items():
        if row.startswith("batch_norm"):  # gamma, beta, moving mean, moving variance
            drawn = [rng.uniform(0.5, 1.5, shape) if i in (0, 3) else 0.1 * rng.standard_normal(shape)
                     for i, shape in enumerate(shapes)]
        else:
            kernel, *bias = shapes
            fan_in = np.prod(kernel[:2] if row.startswith("depthwise") else kernel[:-1])
            drawn = [np.sqrt(2 / fan_in) * rng.standard_normal(kernel), *(0.1 * rng.standard_normal(b) for b in bias)]
        weights[row] = [array.astype(np.float32) for array in drawn]
    return x, y, weights
