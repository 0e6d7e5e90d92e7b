"""What each layer is in terms of ONNX's operators, one function a family; see `export.py`.

Each function takes (writer, layer, value, or a list of Values) and returns a Value. Only the layers listed here are
written: a subclass may compute something else.
"""

import functools

import numpy as np

from ... import layers
from ...ops.windows import same_padding
from .functions import same_shape, write_activation
from .writer import Value, unsupported


def write_layer(w, layer, value):
    """The result of a layer for a Value, or a list of them.

    Raises:
        NotImplementedError: the layer cannot be written; the message names it.
    """
    function = _FUNCTIONS.get(type(layer))
    if function is None:
        raise unsupported(layer, "it has no counterpart in ONNX here")
    w.scope = layer.name
    if layer.autocast and type(layer) not in (layers.Flatten, layers.Reshape, layers.Embedding):
        value = [w.cast(part, layer.dtype) for part in value] if isinstance(value, list) else w.cast(value, layer.dtype)
    return function(w, layer, value)


def _identity(w, layer, value):
    return value


def _pipeline(w, layer, x):
    return functools.reduce(lambda value, part: write_layer(w, part, value), layer.layers, x)


def _dense(w, layer, x):
    x, kernel, shape = w.last(x), layer.kernel.numpy(), (*x.shape[:-1], layer.units)
    if x.rank == 2:
        y = w.add("Gemm", x, kernel, *([layer.bias.numpy()] if layer.use_bias else []))
    else:
        y = w.add("MatMul", x, kernel)
        y = w.add("Add", y, layer.bias.numpy()) if layer.use_bias else y
    return write_activation(w, layer.activation, Value(y, shape, x.dtype), layer)


# Convolutions.


def _channels(w, layer, x):
    """The value with the channels as axis 1, whichever way the layer has them."""
    return w.first(x) if layer.data_format == "channels_last" else w.last(x)


def _result(layer, x, name, moved=None):
    """What a layer that keeps the channels where they are returns."""
    return Value(name, layer.compute_output_shape(x.shape), x.dtype, x.moved if moved is None else moved)


def _padding(layer, x):
    """Attributes of Conv for a layer's padding."""
    if layer.padding == "valid":
        return {}
    if layer.padding == "same":
        if max(layer.dilation_rate) == 1:
            return {"auto_pad": "SAME_UPPER"}
        return {"pads": _same_pads(layer, x)}  # ONNX Runtime does not know both at once
    if layer.padding == "causal":
        return {"pads": [layer.dilation_rate[0] * (layer.kernel_size[0] - 1), 0]}
    padding = layer.padding if isinstance(layer.padding, tuple | list) else (layer.padding,) * layer.rank
    pairs = [part if isinstance(part, tuple | list) else (part, part) for part in padding]
    return {"pads": [pair[0] for pair in pairs] + [pair[1] for pair in pairs]}


def _same_pads(layer, x):
    """The zeros of padding='same': before each axis, then after each."""
    sizes = x.shape[1:-1] if layer.data_format == "channels_last" else x.shape[2:]
    totals = []
    window = layer.pool_size if hasattr(layer, "pool_size") else layer.kernel_size
    dilations = getattr(layer, "dilation_rate", (1,) * len(window))
    for size, kernel, stride, dilation in zip(sizes, window, layer.strides, dilations, strict=True):
        reach = dilation * (kernel - 1) + 1
        if stride == 1 or reach == 1:
            totals.append(reach - 1)
        elif size is None:
            raise unsupported(layer, "padding='same' with strides, and dilation or a pool_size below them, needs known "
                                     f"lengths, got input {x.shape}")
        else:
            totals.append(sum(same_padding(size, kernel, stride, dilation)))
    return [total // 2 for total in totals] + [total - total // 2 for total in totals]


def _kernel(kernel):
    """(height, width, in, out) as ONNX has it: (out, in, height, width)."""
    kernel = kernel.numpy()
    rank = kernel.ndim - 2
    return np.ascontiguousarray(kernel.transpose(rank + 1, rank, *range(rank)))


def _depthwise_kernel(kernel):
    """(height, width, channels, multiplier) as (channels * multiplier, 1, height, width)."""
    kernel = kernel.numpy()
    rank = kernel.ndim - 2
    turned = kernel.transpose(rank, rank + 1, *range(rank))
    return np.ascontiguousarray(turned).reshape(-1, 1, *kernel.shape[:rank])


def _bias(layer):
    return [layer.bias.numpy()] if layer.use_bias else []


def _convolution(w, layer, x, kernel, group):
    x = _channels(w, layer, x)
    y = w.add("Conv", x, kernel, *_bias(layer), strides=layer.strides, dilations=layer.dilation_rate, group=group,
              **_padding(layer, x))
    return write_activation(w, layer.activation, _result(layer, x, y), layer)


def _conv(w, layer, x):
    return _convolution(w, layer, x, _kernel(layer.kernel), layer.groups)


def _depthwise(w, layer, x):
    return _convolution(w, layer, x, _depthwise_kernel(layer.kernel), layer._input_channels(x.shape))


def _separable(w, layer, x):
    x = _channels(w, layer, x)
    y = w.add("Conv", x, _depthwise_kernel(layer.depthwise_kernel), strides=layer.strides,
              dilations=layer.dilation_rate, group=layer._input_channels(x.shape), **_padding(layer, x))
    y = w.add("Conv", y, _kernel(layer.pointwise_kernel), *_bias(layer))
    return write_activation(w, layer.activation, _result(layer, x, y), layer)


def _conv_transpose(w, layer, x):
    from ...ops.conv2d_transpose import _axis_geometry

    x = _channels(w, layer, x)
    starts, ends, extra = [], [], []
    for axis in range(layer.rank):
        # Padding does not depend on the input's size; 1 stands for any.
        output_padding = None if layer.output_padding is None else layer.output_padding[axis]
        kernel, stride, dilation = layer.kernel_size[axis], layer.strides[axis], layer.dilation_rate[axis]
        output, (before, after) = _axis_geometry(1, kernel, stride, layer.padding, output_padding, dilation)
        starts.append(before)
        ends.append(after)
        extra.append(output - (dilation * (kernel - 1) + 1 - before - after))
    y = w.add("ConvTranspose", x, _kernel(layer.kernel), *_bias(layer), strides=layer.strides,
              dilations=layer.dilation_rate, pads=[*starts, *ends], output_padding=extra)
    return write_activation(w, layer.activation, _result(layer, x, y), layer)


# Pooling.


def _pool(op_type, w, layer, x):
    x = _channels(w, layer, x)
    attributes = {}
    if layer.padding == "same":
        # Where windows lie apart, ONNX Runtime 1.32 counts a negative padding: an error, or windows out of place.
        apart = any(stride > size for stride, size in zip(layer.strides, layer.pool_size, strict=True))
        attributes = {"pads": _same_pads(layer, x)} if apart else {"auto_pad": "SAME_UPPER"}
    y = w.add(op_type, x, kernel_shape=layer.pool_size, strides=layer.strides, **attributes)
    return _result(layer, x, y)


def _global_pool(op_type, w, layer, x):
    spatial = range(1, x.rank - 1) if layer.data_format == "channels_last" else range(2, x.rank)
    axes = np.array([x.axis(axis) for axis in spatial])
    y = w.add(op_type, x, axes, keepdims=int(layer.keepdims))
    return _result(layer, x, y, moved=x.moved and layer.keepdims)


# Normalization.


def _along(value, axis, array):
    """An array with one number for each place along some of tinynet's axes, so that it broadcasts in the file."""
    axes = [a % value.rank for a in (axis if isinstance(axis, list | tuple) else [axis])]
    shape = [1] * value.rank
    for a, length in zip(sorted(axes), array.shape, strict=True):
        shape[a] = length
    array = array.reshape(shape)
    return np.moveaxis(array, -1, 1) if value.moved else array


def _batch_normalization(w, layer, x):
    if layer.axis % x.rank == x.rank - 1:
        x = w.first(x)
    elif x.rank > 2:
        x = w.last(x)
    mean, variance = layer.moving_mean.numpy(), layer.moving_variance.numpy()
    gamma = layer.gamma.numpy() if layer.scale else np.ones_like(mean)
    beta = layer.beta.numpy() if layer.center else np.zeros_like(mean)
    if x.axis(layer.axis) == 1:
        return same_shape(x, w.add("BatchNormalization", x, gamma, beta, mean, variance, epsilon=layer.epsilon))
    scale = gamma / np.sqrt(variance + layer.epsilon).astype(mean.dtype)
    y = w.add("Mul", x, _along(x, layer.axis, scale))
    return same_shape(x, w.add("Add", y, _along(x, layer.axis, beta - mean * scale)))


def _scale_and_shift(w, layer, x, name):
    for op_type, used, weight in (("Mul", layer.scale, layer.gamma), ("Add", layer.center, layer.beta)):
        name = w.add(op_type, name, _along(x, layer.axis, weight.numpy())) if used else name
    return same_shape(x, name)


def _axes(x, axis):
    return np.array([x.axis(a) for a in (axis if isinstance(axis, list | tuple) else [axis])])


def _normalized(w, x, axes, epsilon):
    """x minus its mean, divided by its standard deviation."""
    centred = w.add("Sub", x, w.add("ReduceMean", x, axes))
    variance = w.add("ReduceMean", w.add("Mul", centred, centred), axes)
    return w.add("Div", centred, w.add("Sqrt", w.add("Add", variance, np.array(epsilon, x.dtype))))


def _layer_normalization(w, layer, x):
    return _scale_and_shift(w, layer, x, _normalized(w, x, _axes(x, layer.axis), layer.epsilon))


def _group_normalization(w, layer, x):
    x = w.first(x) if layer.axis % x.rank == x.rank - 1 else w.last(x)
    if x.axis(layer.axis) != 1:
        raise unsupported(layer, f"axis {layer.axis} is neither the first after the batch's nor the last")
    grouped = w.add("Reshape", x, np.array([0, layer.groups, -1]))
    name = _normalized(w, Value(grouped, (None, layer.groups, None), x.dtype), np.array([2]), layer.epsilon)
    return _scale_and_shift(w, layer, x, w.add("Reshape", name, w.add("Shape", x)))


def _rms_normalization(w, layer, x):
    mean = w.add("ReduceMean", w.add("Mul", x, x), _axes(x, layer.axis))
    y = w.add("Div", x, w.add("Sqrt", w.add("Add", mean, np.array(layer.epsilon, x.dtype))))
    return same_shape(x, w.add("Mul", y, _along(x, layer.axis, layer.scale.numpy())))


def _unit(w, x, axes, least):
    """x divided by its length along axes, or by `least` if that is more."""
    length = w.add("Sqrt", w.add("ReduceSum", w.add("Mul", x, x), axes))
    return w.add("Div", x, w.add("Max", length, np.array(least, x.dtype)))


def _unit_normalization(w, layer, x):
    return same_shape(x, _unit(w, x, _axes(x, layer.axis), 1e-12))


# Shapes.


def _flatten(w, layer, x):
    x = w.last(x)
    shape = layer.compute_output_shape(x.shape)
    if layer.data_format == "channels_first" and x.rank > 2:
        x = Value(w.add("Transpose", x, perm=[0, *range(2, x.rank), 1]), x.shape, x.dtype)
    return Value(w.add("Flatten", x, axis=1), shape, x.dtype)


def _reshape(w, layer, x):
    x = w.last(x)
    return Value(w.add("Reshape", x, np.array([0, *layer.target_shape])), layer.compute_output_shape(x.shape), x.dtype)


def _permute(w, layer, x):
    x = w.last(x)
    return _result(layer, x, w.add("Transpose", x, perm=[0, *layer.dims]))


def _repeat_vector(w, layer, x):
    y = w.add("Unsqueeze", x, np.array([1]))
    return _result(layer, x, w.add("Tile", y, np.array([1, layer.n, 1])))


def _spatial(layer, x):
    """The layer's spatial axes, as they are in the file."""
    axes = range(1, x.rank - 1) if layer.data_format == "channels_last" else range(2, x.rank)
    return [x.axis(axis) for axis in axes]


def _zero_padding(w, layer, x):
    pads = np.zeros((2, x.rank), np.int64)
    for axis, pair in zip(_spatial(layer, x), layer._pairs, strict=True):
        pads[:, axis] = pair
    return _result(layer, x, w.add("Pad", x, pads.ravel()))


def _cropping(w, layer, x):
    to_the_end = np.iinfo(np.int64).max
    starts = np.array([before for before, _ in layer._pairs])
    ends = np.array([-after if after else to_the_end for _, after in layer._pairs])
    return _result(layer, x, w.add("Slice", x, starts, ends, np.array(_spatial(layer, x))))


def _up_sampling(w, layer, x):
    x = _channels(w, layer, x)
    linear = getattr(layer, "interpolation", "nearest") == "bilinear"
    sizes = layer.size if isinstance(layer.size, tuple) else (layer.size,)
    scales = np.array([1, 1, *sizes], np.float32)
    how = ({"mode": "linear", "coordinate_transformation_mode": "half_pixel"} if linear else
           {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"})
    return _result(layer, x, w.add("Resize", x, "", scales, **how))


# Merging.


def _together(w, values):
    """Values in the same order of axes: channels first, if all of them are and have equally many axes."""
    if all(value.moved for value in values) and len({value.rank for value in values}) == 1:
        return values
    return [w.last(value) for value in values]


def _aligned(w, layer, values):
    """Values with equally many axes; those that lack some lack them after the batch's."""
    values = _together(w, values)
    rank = max(value.rank for value in values)
    return [value if value.rank == rank else
            Value(w.add("Unsqueeze", value, np.arange(1, 1 + rank - value.rank)),
                  (value.shape[0], *[1] * (rank - value.rank), *value.shape[1:]), value.dtype) for value in values]


def _merge(op_type, w, layer, values):
    shape = layer.compute_output_shape([value.shape for value in values])
    values = _aligned(w, layer, values)
    name = functools.reduce(functools.partial(w.add, op_type), values)
    if type(layer) is layers.Average:
        name = w.add("Div", name, np.array(len(values), values[0].dtype))
    return Value(name, shape, values[0].dtype, values[0].moved)


def _concatenate(w, layer, values):
    shape = layer.compute_output_shape([value.shape for value in values])
    values = _together(w, values)
    name = w.add("Concat", *values, axis=values[0].axis(layer.axis))
    return Value(name, shape, values[0].dtype, values[0].moved)


def _dot(w, layer, values):
    first, second = (w.last(value) for value in values)
    shape = layer.compute_output_shape([first.shape, second.shape])
    one, two = layer._axes_for([first.shape, second.shape])
    names = [first.name, second.name]
    if layer.normalize:
        from ...config import epsilon

        names = [_unit(w, value, np.array([axis]), epsilon()) for value, axis in ((first, one), (second, two))]
    length = first.shape[one]
    if length is None or None in shape[1:]:
        raise unsupported(layer, f"the lengths must be known, got inputs {first.shape} and {second.shape}")
    left = w.add("Transpose", names[0], perm=[axis for axis in range(first.rank) if axis != one] + [one])
    rest = [axis for axis in range(1, second.rank) if axis != two]
    right = w.add("Transpose", names[1], perm=[0, two, *rest])
    y = w.add("MatMul", w.add("Reshape", left, np.array([0, -1, length])),
              w.add("Reshape", right, np.array([0, length, -1])))
    return Value(w.add("Reshape", y, np.array([0, *shape[1:]])), shape, first.dtype)


# Activations, and what works on each number by itself.


def _activation(w, layer, x):
    return write_activation(w, layer.activation, x, layer)


def _relu(w, layer, x):
    if layer.threshold:  # x above the threshold, slope (x - threshold) below it
        threshold = np.array(layer.threshold, x.dtype)
        below = w.add("Mul", w.add("Sub", x, threshold), np.array(layer.negative_slope, x.dtype))
        y = w.add("Where", w.add("Greater", x, threshold), x, below)
    else:
        y = w.add("LeakyRelu", x, alpha=layer.negative_slope) if layer.negative_slope else w.add("Relu", x)
    if layer.max_value is not None:
        y = w.add("Min", y, np.array(layer.max_value, x.dtype))
    return same_shape(x, y)


def _leaky_relu(w, layer, x):
    return same_shape(x, w.add("LeakyRelu", x, alpha=layer.negative_slope))


def _elu(w, layer, x):
    return same_shape(x, w.add("Elu", x, alpha=layer.alpha))


def _prelu(w, layer, x):
    x = w.last(x)
    return same_shape(x, w.add("PRelu", x, layer.alpha.numpy()))


def _softmax(w, layer, x):
    axes = layer.axis if isinstance(layer.axis, list) else [layer.axis]
    if len(axes) == 1:
        return same_shape(x, w.add("Softmax", x, axis=x.axis(axes[0])))
    total = w.add("ReduceLogSumExp", x, _axes(x, axes))
    return same_shape(x, w.add("Exp", w.add("Sub", x, total)))


def _rescaling(w, layer, x):
    numbers = [np.asarray(number, x.dtype) for number in (layer.scale, layer.offset)]
    x = w.last(x) if any(number.ndim for number in numbers) else x
    return same_shape(x, w.add("Add", w.add("Mul", x, numbers[0]), numbers[1]))


def _normalization(w, layer, x):
    x = w.last(x)
    if layer.input_mean is None:
        layer._finalize(layer.adapt_mean.data, layer.adapt_variance.data)
    mean = np.asarray(layer.mean, x.dtype)
    deviation = np.maximum(np.sqrt(np.asarray(layer.variance, x.dtype)), np.array(1e-7, x.dtype))
    if layer.invert:
        return same_shape(x, w.add("Add", w.add("Mul", x, deviation), mean))
    return same_shape(x, w.add("Div", w.add("Sub", x, mean), deviation))


def _embedding(w, layer, x):
    numbers = w.cast(w.last(x), "int64")
    name = w.add("Gather", layer.embeddings.numpy(), numbers, axis=0)
    return Value(name, (*x.shape, layer.output_dim), layer.dtype)


_FUNCTIONS = {layers.Dense: _dense, layers.Conv2DTranspose: _conv_transpose, layers.Conv1DTranspose: _conv_transpose,
              layers.Concatenate: _concatenate, layers.Dot: _dot, layers.Activation: _activation, layers.ReLU: _relu,
              layers.LeakyReLU: _leaky_relu, layers.ELU: _elu, layers.PReLU: _prelu, layers.Softmax: _softmax,
              layers.Rescaling: _rescaling, layers.Normalization: _normalization, layers.Embedding: _embedding,
              layers.BatchNormalization: _batch_normalization, layers.LayerNormalization: _layer_normalization,
              layers.GroupNormalization: _group_normalization, layers.RMSNormalization: _rms_normalization,
              layers.UnitNormalization: _unit_normalization, layers.Flatten: _flatten, layers.Reshape: _reshape,
              layers.Permute: _permute, layers.RepeatVector: _repeat_vector, layers.Pipeline: _pipeline}
for _names, _function in (
    ("Conv1D Conv2D Conv3D", _conv),
    ("DepthwiseConv1D DepthwiseConv2D", _depthwise),
    ("SeparableConv1D SeparableConv2D", _separable),
    ("MaxPooling1D MaxPooling2D MaxPooling3D", functools.partial(_pool, "MaxPool")),
    ("AveragePooling1D AveragePooling2D AveragePooling3D", functools.partial(_pool, "AveragePool")),
    ("GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D", functools.partial(_global_pool, "ReduceMax")),
    ("GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D",
     functools.partial(_global_pool, "ReduceMean")),
    ("ZeroPadding1D ZeroPadding2D ZeroPadding3D", _zero_padding),
    ("Cropping1D Cropping2D Cropping3D", _cropping),
    ("UpSampling1D UpSampling2D UpSampling3D", _up_sampling),
    ("Add Average", functools.partial(_merge, "Add")),
    ("Subtract", functools.partial(_merge, "Sub")),
    ("Multiply", functools.partial(_merge, "Mul")),
    ("Maximum", functools.partial(_merge, "Max")),
    ("Minimum", functools.partial(_merge, "Min")),
    # What does nothing outside training.
    ("Identity Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianNoise GaussianDropout AlphaDropout "
     "ActivityRegularization RandomFlip RandomRotation RandomTranslation RandomZoom RandomShear RandomPerspective "
     "RandomElasticTransform RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomErasing "
     "RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPosterization RandomSaturation RandomSharpness "
     "Cutout Equalization Solarization PatchShuffle RandAugment AugMix MixUp CutMix", _identity),
):
    _FUNCTIONS.update((getattr(layers, name), _function) for name in _names.split())
