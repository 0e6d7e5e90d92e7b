"""Batch normalization after training: statistics of the whole population, and layers that are merged into others.

Algorithm 2 of Ioffe and Szegedy, ICML 2015. Training normalizes by each mini-batch's own mean and variance; for
predictions these are replaced by fixed numbers. Keras, and `BatchNormalization` here, keep moving averages of them
while the network is still changing. The paper estimates them afterwards, weights frozen, from many mini-batches:

    E[x]   = E_B[mu_B]                            average over mini-batches B
    Var[x] = m / (m - 1) E_B[var_B]               unbiased, m the number of values in a mini-batch
    y      = gamma / sqrt(Var[x] + epsilon) x + (beta - gamma E[x] / sqrt(Var[x] + epsilon))

`estimate_population` does the first two lines. The third is linear in x, so it can be merged with the linear
layer before it, and then costs nothing: `fold`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import activations
from ..core.checks import positive_int
from ..core.types import Array
from ..layers.base import Layer
from ..layers.normalization import BatchNormalization
from .sequential import Sequential


def estimate_population(model: Any, data: Any, batch_size: int = 32) -> int:
    """Set every batch normalization's statistics to the population's, as Algorithm 2 estimates them.

    The model runs over the data with its weights as they are: batch normalization uses each mini-batch's own
    statistics, and every other layer, such as Dropout, behaves as in prediction. A last mini-batch that is smaller than
    the others is left out, unless it is the only one. Layers with trainable = False keep their statistics.

    Args:
        model: A built model, or layer.
        data: Array of inputs (or list of arrays, for several inputs), or an iterable of mini-batches, each an array of
            inputs or a tuple that starts with one.
        batch_size: Samples of a mini-batch, when `data` is an array.

    Returns:
        How many mini-batches were averaged.

    Raises:
        ValueError: the model has no batch normalization to set, the data is empty, a list has another number of arrays
            than the model has inputs, or mini-batches have one value only, and so no variance.

    >>> model = Sequential([tn.Input((1,)), BatchNormalization()])
    >>> estimate_population(model, np.array([[1.0], [3.0], [5.0], [7.0]]), batch_size=2)
    2
    >>> model.layers[0].moving_mean.numpy()  # of the batches' means, 2 and 6
    array([4.], dtype=float32)
    """
    layers = [layer for layer in model._flatten_layers() if isinstance(layer, BatchNormalization) and layer.trainable]
    if not layers:
        raise ValueError(
            f"estimate_population: {model.name} has no BatchNormalization that may be changed (trainable=True)"
        )
    _check_number_of_inputs(model, data)
    sums: dict[int, list[Any]] = {}  # id of a layer -> [how many mini-batches, sum of mu_B, sum of m / (m - 1) var_B]

    def observe(layer: BatchNormalization, mean: Array, variance: Array, m: int) -> None:
        if m < 2:
            raise ValueError(
                f"estimate_population: {layer.name} was given a mini-batch with one value a channel, whose variance is "
                "unknown. Choose a larger batch_size."
            )
        entry = sums.setdefault(id(layer), [0, 0.0, 0.0])
        entry[0] += 1
        entry[1] = entry[1] + mean.astype(np.float64)
        entry[2] = entry[2] + m / (m - 1) * variance.astype(np.float64)

    count = 0
    try:
        for layer in layers:
            layer._observer = observe
        for batch in _mini_batches(data, positive_int(batch_size, "estimate_population", "batch_size")):
            model(batch, training=False)
            count += 1
    finally:
        for layer in layers:
            layer._observer = None
    if count == 0:
        raise ValueError("estimate_population: the data is empty")
    for layer in layers:
        if id(layer) in sums:
            times, mean, variance = sums[id(layer)]
            layer.moving_mean.assign(mean / times)
            layer.moving_variance.assign(variance / times)
    return count


def _check_number_of_inputs(model: Any, data: Any) -> None:
    """A list of arrays is one array an input. A list of mini-batches would pass for it, and be stacked to one batch."""
    if not isinstance(data, list | tuple) or not data or not all(hasattr(array, "shape") for array in data):
        return
    inputs = getattr(model, "inputs", None)  # None: a subclass of Model, or a layer
    if inputs is not None and len(inputs) != len(data) and len({len(array) for array in data}) == 1:
        raise ValueError(
            f"estimate_population: {model.name} has {len(inputs)} input(s), but the list has {len(data)} arrays, one "
            "an input. For mini-batches pass iter(list), or their concatenation and batch_size."
        )


def _mini_batches(data: Any, batch_size: int) -> Iterator[Any]:
    arrays = data if isinstance(data, list | tuple) else [data]
    if not all(hasattr(array, "shape") for array in arrays):
        for batch in data:
            yield batch[0] if isinstance(batch, tuple) else batch
        return
    samples = len(arrays[0]) if arrays else 0
    if any(len(array) != samples for array in arrays):
        raise ValueError(
            f"estimate_population: the inputs have {', '.join(str(len(array)) for array in arrays)} samples"
        )
    last = samples if samples < batch_size else samples - batch_size + 1  # only the starts of whole mini-batches
    for start in range(0, last, batch_size):
        batch = [array[start : start + batch_size] for array in arrays]
        yield batch if isinstance(data, list | tuple) else batch[0]


def fold(model: Any) -> Sequential:
    """Make a model that predicts the same without batch normalization: each is merged into the layer before it.

    With s = gamma / sqrt(moving_variance + epsilon), the layer's kernel becomes kernel s and its bias
    (bias - moving_mean) s + beta: one pass over memory less for each, and 4 numbers a channel. For predictions only:
    training the new model is training without normalization.

    Args:
        model: A built Sequential model. It is not changed.

    Returns:
        A new Sequential model with its own weights. Outputs agree within rounding.

    Raises:
        ValueError: a batch normalization that cannot be merged: no layer with a kernel (Dense, Conv2D, ...) is
            directly before it, there is an activation in between, or it normalizes another axis than the
            channels'.

    >>> from tinynet import Input, Sequential
    >>> from tinynet.layers import Dense
    >>> model = Sequential([Input((3,)), Dense(4, use_bias=False), BatchNormalization(), Dense(2)])
    >>> [type(layer).__name__ for layer in fold(model).layers]
    ['Dense', 'Dense']
    """
    if not isinstance(model, Sequential):
        raise ValueError(
            f"fold: expected a Sequential model, whose layers follow one another; got {type(model).__name__}"
        )
    if not model.built:
        raise ValueError(f"fold: {model.name} is not built yet: call it once, or start it with an Input")
    chain: list[list[Any]] = []  # [layer, kernel and bias or None]
    for layer in model.layers:
        if not isinstance(layer, BatchNormalization):
            chain.append([layer, None])
            continue
        before = chain[-1][0] if chain else None
        _check_foldable(layer, before)
        chain[-1][1] = _merged(layer, before, chain[-1][1])
    shape = (None, *model.input_shape[1:])
    copies = []
    for layer, merged in chain:
        if isinstance(layer, Sequential):
            copy = fold(layer)
        else:
            configuration = layer.get_config()
            if merged is not None:
                configuration["use_bias"] = True
            copy = type(layer).from_config(configuration)
            copy._build_with_shape(shape)
            copy.set_weights(layer.get_weights() if merged is None else merged)
        shape = layer.compute_output_shape(shape)
        copies.append(copy)
    folded = Sequential(copies, name=f"{model.name}_folded")
    folded.build((None, *model.input_shape[1:]))
    return folded


def _check_foldable(layer, before):
    if not isinstance(before, Layer):
        raise ValueError(f"fold: {layer.name} has no layer before it to be merged into")
    activation = getattr(before, "activation", None)
    if getattr(before, "kernel", None) is None:
        raise ValueError(
            f"fold: {layer.name} comes after {before.name} ({type(before).__name__}), which has no kernel to merge it "
            "into. It must come directly after a Dense or convolution layer."
        )
    if activation is not None and activation is not activations.linear:
        raise ValueError(
            f"fold: between {before.name} and {layer.name} is the activation "
            f"{getattr(activation, '__name__', activation)!r}, which is not linear. "
            f"Write {type(before).__name__}(...), BatchNormalization(), Activation(...) in this order."
        )
    rank = len(layer._built_input_shape)
    channels = 1 if getattr(before, "data_format", "channels_last") == "channels_first" else rank - 1
    if layer.axis % rank != channels:
        raise ValueError(
            f"fold: {layer.name} normalizes axis {layer.axis} of {rank}, but the channels of {before.name} are "
            f"axis {channels}"
        )


def _merged(layer, before, earlier):
    """[kernel, bias] of the two layers in one; `earlier` is what `before` was merged with already."""
    scale = 1 / np.sqrt(layer.moving_variance.numpy().astype(np.float64) + layer.epsilon)
    if layer.gamma is not None:
        scale = scale * layer.gamma.numpy()
    offset = layer.beta.numpy() if layer.beta is not None else 0.0
    kernel, bias = earlier or (before.kernel.numpy(), 0.0 if before.bias is None else before.bias.numpy())
    # A transposed convolution's kernel is that of the convolution it reverses: its outputs are the last axis but one.
    name, along = type(before).__name__, scale
    if "Transpose" in name:
        along = scale[:, None]
    elif "Depthwise" in name:  # (..., channels, multiplier)
        along = scale.reshape(kernel.shape[-2:])
    elif kernel.shape[-1] != len(scale):
        raise ValueError(
            f"fold: {before.name} ({name}) has a kernel of shape {kernel.shape} for {len(scale)} channels of "
            f"{layer.name}"
        )
    return [kernel * along, (bias - layer.moving_mean.numpy().astype(np.float64)) * scale + offset]
