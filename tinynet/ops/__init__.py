"""Operations on tensors, under Keras's names: `from tinynet import ops`."""

from ..symbolic import takes_symbolic
from ..tensor import convert_to_tensor
from .activation import (
    celu, elu, gelu, hard_shrink, hard_sigmoid, hard_silu, hard_swish, hard_tanh, leaky_relu, log_sigmoid, mish,
    relu, relu6, selu, sigmoid, silu, soft_shrink, softplus, softsign, sparse_plus, sparse_sigmoid, squareplus,
    swish, tanh, tanh_shrink, threshold,
)
from .any_rank import conv, conv_transpose, depthwise_conv, extract_sequences, separable_conv
from .arrangement import depth_to_space, flip, fliplr, flipud, meshgrid, pad, repeat, roll, rot90, space_to_depth, tile
from .attention import dot_product_attention
from .average_pool2d import average_pool, average_pool2d
from .batch_norm import batch_norm, batch_norm_with, batch_normalization
from .binary_cross_entropy import binary_crossentropy
from .control import (
    associative_scan, cond, custom_gradient, fori_loop, jvp, map, scan, switch, vectorize, vectorized_map, while_loop,
)
from .conv2d import conv1d, conv2d, conv2d_algorithms
from .conv2d_max_pool2d import conv2d_max_pool2d
from .conv2d_transpose import conv2d_transpose, conv_transpose_output_size
from .creation import (
    array, convert_to_numpy, dtype, empty, empty_like, eye, full, full_like, identity, is_tensor, ones, ones_like,
    stop_gradient, tri, view, zeros, zeros_like,
)
from .cross_entropy import categorical_crossentropy
from .cumulative import cumprod, cumsum
from .dense import dense
from .depthwise_conv2d import depthwise_conv2d
from .diagonal import diag, diagflat, diagonal, tril, triu
from .discrete_elementwise import (
    allclose, bitwise_and, bitwise_invert, bitwise_left_shift, bitwise_not, bitwise_or, bitwise_right_shift,
    bitwise_xor, ceil, equal, floor, floor_divide, gcd, greater, greater_equal, heaviside, isclose, isfinite, isinf,
    isnan, isneginf, isposinf, isreal, lcm, left_shift, less, less_equal, logical_and, logical_not, logical_or,
    logical_xor, nextafter, not_equal, right_shift, round, sign, signbit, trunc,
)
from .discrete_reduction import all, any, argmax, argmin, count_nonzero
from .dropout import dropout
from .elementwise import (
    abs, absolute, add, arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, cast, cbrt, clip, copy, cos,
    cosh, deg2rad, divide, divide_no_nan, erf, erfc, erfinv, exp, exp2, expm1, fabs, fmax, fmin, fmod, hypot, ldexp,
    log, log10, log1p, log2, logaddexp, logaddexp2, maximum, minimum, mod, multiply, nan_to_num, negative, positive,
    power, rad2deg, reciprocal, rsqrt, saturate_cast, sin, sinc, sinh, sqrt, square, subtract, tan, true_divide,
)
from .group_norm import group_normalization
from .gru import gru
from .indexing import get_item, nonzero, select, slice, slice_update, take, take_along_axis, where
from .joining import (
    append, array_split, concatenate, dsplit, dstack, hsplit, hstack, split, stack, unstack, vsplit, vstack,
)
from .layer_norm import layer_normalization, normalize, rms_normalization
from .linalg import (
    cholesky, cholesky_inverse, det, eig, eigh, inv, logdet, lstsq, matrix_rank, pinv, qr, slogdet, solve,
    solve_triangular, svd,
)
from .lstm import lstm
from .matmul import matmul
from .max_pool2d import max_pool, max_pool2d
from .moments import moments, std, var
from .nan_statistics import (
    nanargmax, nanargmin, nancumprod, nancumsum, nanmax, nanmean, nanmin, nanprod, nanstd, nansum, nanvar,
)
from .norm import logsumexp, norm
from .one_hot import multi_hot, one_hot
from .reduction import amax, amin, max, mean, min, prod, sum
from .scatter import scatter, scatter_update, segment_max, segment_min, segment_prod, segment_sum
from .sequences import arange, bartlett, blackman, geomspace, hamming, hanning, kaiser, linspace, logspace, vander
from .shape import broadcast_to, expand_dims, moveaxis, ndim, ravel, reshape, shape, size, squeeze, swapaxes, transpose
from .simple_rnn import simple_rnn
from .softmax import glu, log_softmax, softmax, sparsemax
from .sorting import (
    argpartition, argsort, bincount, diff, digitize, histogram, in_top_k, isin, searchsorted, sort, top_k,
    trapezoid, unique, unravel_index,
)
from .sparse_cross_entropy import sparse_categorical_crossentropy
from .statistics import (
    average, corrcoef, correlate, i0, median, nanmedian, nanpercentile, nanquantile, percentile, psnr, ptp,
    quantile,
)
from .tensor_products import cdist, cross, dot, einsum, inner, kron, outer, tensordot, trace, vdot
from .windows import conv_output_size

__all__ = [
    "abs", "absolute", "add", "all", "allclose", "amax", "amin", "any", "append", "arange", "arccos", "arccosh",
    "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "argmax", "argmin", "argpartition", "argsort", "array",
    "array_split", "associative_scan", "average", "average_pool", "average_pool2d", "bartlett", "batch_norm",
    "batch_norm_with", "batch_normalization", "binary_crossentropy", "bincount", "bitwise_and", "bitwise_invert",
    "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "blackman",
    "broadcast_to", "cast", "categorical_crossentropy", "cbrt", "cdist", "ceil", "celu", "cholesky",
    "cholesky_inverse", "clip", "concatenate", "cond", "conv", "conv1d", "conv2d", "conv2d_algorithms",
    "conv2d_max_pool2d", "conv2d_transpose", "conv_output_size", "conv_transpose", "conv_transpose_output_size",
    "convert_to_numpy", "convert_to_tensor",
    "copy", "corrcoef", "correlate", "cos", "cosh", "count_nonzero", "cross", "cumprod", "cumsum",
    "custom_gradient", "deg2rad", "dense", "depth_to_space", "depthwise_conv", "depthwise_conv2d", "det", "diag",
    "diagflat", "diagonal", "diff", "digitize", "divide", "divide_no_nan", "dot", "dot_product_attention",
    "dropout", "dsplit", "dstack", "dtype", "eig", "eigh", "einsum", "elu", "empty", "empty_like", "equal", "erf",
    "erfc", "erfinv", "exp", "exp2", "expand_dims", "expm1", "extract_sequences", "eye", "fabs", "flip", "fliplr",
    "flipud", "floor", "floor_divide", "fmax", "fmin", "fmod", "fori_loop", "full", "full_like", "gcd", "gelu",
    "geomspace", "get_item", "glu", "greater", "greater_equal", "group_normalization", "gru", "hamming", "hanning",
    "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "heaviside", "histogram", "hsplit",
    "hstack", "hypot", "i0", "identity", "in_top_k", "inner", "inv", "is_tensor", "isclose", "isfinite", "isin",
    "isinf", "isnan", "isneginf", "isposinf", "isreal", "jvp", "kaiser", "kron", "layer_normalization", "lcm", "ldexp",
    "leaky_relu", "left_shift", "less", "less_equal", "linspace", "log", "log10", "log1p", "log2", "log_sigmoid",
    "log_softmax", "logaddexp", "logaddexp2", "logdet", "logical_and", "logical_not", "logical_or", "logical_xor",
    "logspace", "logsumexp", "lstm", "lstsq", "map", "matmul", "matrix_rank", "max", "max_pool", "max_pool2d",
    "maximum", "mean", "median", "meshgrid", "min", "minimum", "mish", "mod", "moments", "moveaxis", "multi_hot",
    "multiply", "nan_to_num", "nanargmax", "nanargmin", "nancumprod", "nancumsum", "nanmax", "nanmean", "nanmedian",
    "nanmin", "nanpercentile", "nanprod", "nanquantile", "nanstd", "nansum", "nanvar", "ndim", "negative",
    "nextafter", "nonzero", "norm", "normalize", "not_equal", "one_hot", "ones", "ones_like", "outer", "pad",
    "percentile", "pinv", "positive", "power", "prod", "psnr", "ptp", "qr", "quantile", "rad2deg", "ravel",
    "reciprocal", "relu", "relu6", "repeat", "reshape", "right_shift", "rms_normalization", "roll", "rot90",
    "round", "rsqrt", "saturate_cast", "scan", "scatter", "scatter_update", "searchsorted", "segment_max",
    "segment_min", "segment_prod", "segment_sum", "select", "selu", "separable_conv", "shape", "sigmoid", "sign",
    "signbit", "silu", "simple_rnn", "sin", "sinc", "sinh", "size", "slice", "slice_update", "slogdet",
    "soft_shrink", "softmax", "softplus", "softsign", "solve", "solve_triangular", "sort", "space_to_depth",
    "sparse_categorical_crossentropy", "sparse_plus", "sparse_sigmoid", "sparsemax", "split", "sqrt", "square",
    "squareplus", "squeeze", "stack", "std", "stop_gradient", "subtract", "sum", "svd", "swapaxes", "swish",
    "switch", "take", "take_along_axis", "tan", "tanh", "tanh_shrink", "tensordot", "threshold", "tile", "top_k",
    "trace", "transpose", "trapezoid", "tri", "tril", "triu", "true_divide", "trunc", "unique", "unravel_index",
    "unstack", "vander", "var", "vdot", "vectorize", "vectorized_map", "view", "vsplit", "vstack", "where",
    "while_loop", "zeros", "zeros_like",
]

# Every operation accepts KerasTensors, the results of `Input`, and lets an error end at its caller's line. What layers
# call they import from the operation's own module, since the wrapper would cost time in every call of a layer.
for _name in __all__:
    if not hasattr(globals()[_name], "takes_symbolic"):
        globals()[_name] = takes_symbolic(globals()[_name])
