"""Operations that Keras names once for sequences and images: which one it is, the rank of the input says."""

import numpy as np

from ..tensor import convert_to_tensor, to_array
from .conv2d import conv1d, conv2d
from .conv2d_transpose import conv2d_transpose
from .depthwise_conv2d import depthwise_conv2d
from .indexing import take, where
from .matmul import matmul
from .shape import expand_dims, squeeze, swapaxes, transpose
from .softmax import softmax


def _rank(name, inputs):
    inputs = convert_to_tensor(inputs)
    if len(inputs.shape) not in (3, 4):
        raise ValueError(f"{name}: inputs must be sequences (batch, steps, channels) or images (batch, height, width, "
                         f"channels), got shape {inputs.shape}; for volumes use keras.layers.Conv3D")
    return inputs, len(inputs.shape)


def _on_images(operation, name, inputs, kernel, strides, data_format, dilation_rate, **kwargs):
    """An operation on images; sequences are images of height 1."""
    inputs, rank = _rank(name, inputs)
    data_format = data_format or "channels_last"
    if rank == 4:
        return operation(inputs, kernel, strides=strides, data_format=data_format, dilation_rate=dilation_rate,
                         **kwargs)
    first = data_format == "channels_first"
    images = expand_dims(transpose(inputs, (0, 2, 1)) if first else inputs, 1)
    stride, dilation = (one[0] if isinstance(one, list | tuple) else one for one in (strides, dilation_rate))
    y = squeeze(operation(images, expand_dims(kernel, 0), strides=stride if operation is depthwise_conv2d
                          else (1, stride), dilation_rate=(1, dilation), **kwargs), 1)
    return transpose(y, (0, 2, 1)) if first else y


def conv(inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """Convolution of sequences (`conv1d`) or images (`conv2d`).

    Args:
        inputs: (batch, steps, channels) or (batch, height, width, channels).
        kernel: (steps, channels / groups, filters) or (height, width, channels / groups, filters).
    """
    inputs, rank = _rank("conv", inputs)
    data_format = data_format or "channels_last"
    kernel = convert_to_tensor(kernel)
    groups = inputs.shape[1 if data_format == "channels_first" else -1] // kernel.shape[-2]
    if rank == 3:  # conv1d has lengths as numbers
        strides, dilation_rate = (one[0] if isinstance(one, list | tuple) else one for one in (strides, dilation_rate))
    return (conv1d if rank == 3 else conv2d)(inputs, kernel, strides=strides, padding=padding, groups=groups,
                                             dilation_rate=dilation_rate, data_format=data_format)


def conv_transpose(inputs, kernel, strides=1, padding="valid", output_padding=None, data_format=None,
                   dilation_rate=1):
    """Transposed convolution of sequences or images; kernel (..., filters, channels)."""
    if output_padding is not None and len(convert_to_tensor(inputs).shape) == 3:
        output_padding = (0, output_padding[0] if isinstance(output_padding, list | tuple) else output_padding)
    return _on_images(conv2d_transpose, "conv_transpose", inputs, kernel, strides, data_format, dilation_rate,
                      padding=padding, output_padding=output_padding)


def depthwise_conv(inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """Depthwise convolution of sequences or images; kernel (..., channels, multiplier)."""
    return _on_images(depthwise_conv2d, "depthwise_conv", inputs, kernel, strides, data_format, dilation_rate,
                      padding=padding)


def separable_conv(inputs, depthwise_kernel, pointwise_kernel, strides=1, padding="valid", data_format=None,
                   dilation_rate=1):
    """`depthwise_conv`, then a convolution with a window of 1."""
    y = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(y, pointwise_kernel, data_format=data_format)


def dot_product_attention(query, key, value, bias=None, mask=None, scale=None, is_causal=False, flash_attention=None,
                          attn_logits_soft_cap=None):
    """softmax(q k^T scale + bias) v, for each head.

    Args:
        query: (batch, queries, heads, dim).
        key, value: (batch, keys, heads, dim).
        bias: Added to the scores, (batch, heads, queries, keys) or what broadcasts to it.
        mask: True where a query may look; of the same shape.
        scale: 1 / sqrt(dim) if None.
        is_causal: Let each query see no later key.
        flash_attention: Makes no difference: there is one implementation.
        attn_logits_soft_cap: Not supported.

    Returns:
        (batch, queries, heads, dim).
    """
    query, key, value = (convert_to_tensor(x) for x in (query, key, value))
    if attn_logits_soft_cap is not None:
        raise ValueError("dot_product_attention: attn_logits_soft_cap is for large language models; leave it None")
    if not len(query.shape) == len(key.shape) == len(value.shape) == 4:
        raise ValueError("dot_product_attention: expected (batch, steps, heads, dim) three times, got "
                         f"{query.shape}, {key.shape}, {value.shape}")
    query, key, value = (swapaxes(x, 1, 2) for x in (query, key, value))  # (batch, heads, steps, dim)
    scores = matmul(query, swapaxes(key, 2, 3)) * (query.shape[-1] ** -0.5 if scale is None else scale)
    if bias is not None:
        scores = scores + bias
    seen = None if mask is None else to_array(mask).astype(bool)
    if is_causal:
        causal = np.tril(np.ones(scores.shape[2:], bool))
        seen = causal if seen is None else seen & causal
    if seen is not None:
        scores = where(np.broadcast_to(seen, scores.shape), scores, -0.7 * float(np.finfo(scores.dtype).max))
    return swapaxes(matmul(softmax(scores), value), 1, 2)


def extract_sequences(x, sequence_length, sequence_stride):
    """Windows of the last axis, (..., samples) -> (..., windows, sequence_length).

    >>> extract_sequences(np.arange(5), 3, 2).numpy()
    array([[0, 1, 2],
           [2, 3, 4]])
    """
    x = convert_to_tensor(x)
    starts = np.arange(0, x.shape[-1] - sequence_length + 1, sequence_stride)
    return take(x, starts[:, None] + np.arange(sequence_length), axis=len(x.shape) - 1)
