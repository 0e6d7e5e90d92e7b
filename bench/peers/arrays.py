"""Inputs, the same for every library: from a seed, or from files that the coordinator wrote."""

import numpy as np


def matrices(m, k, n, dtype, seed):
    """a (m, k) and b (k, n), standard normal."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((m, k)).astype(dtype), rng.standard_normal((k, n)).astype(dtype)


def images(folder, samples, channels):
    """x float32 in [0, 1], shape (samples, 28, 28) or (samples, 28, 28, 1), and y int64, shape (samples,)."""
    x = np.load(f"{folder}/x.npy")[:samples].astype(np.float32) / np.float32(255)
    y = np.load(f"{folder}/y.npy")[:samples].astype(np.int64)
    return (x[..., None] if channels else x), y


def pooling(shape, pool, stride, seed):
    """x (batch, height, width, channels), whose values often tie as after ReLU, and dy for the pooled x, standard normal."""
    rng = np.random.default_rng(seed)
    batch, height, width, channels = shape
    x = np.maximum(rng.standard_normal(shape), 0).astype(np.float32)
    return x, rng.standard_normal((batch, (height - pool) // stride + 1, (width - pool) // stride + 1, channels)).astype(np.float32)
