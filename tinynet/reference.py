"""The NumPy references of all kernels, under the kernels' names: what `backend("numpy")` runs on.

Each is defined beside its operation, in tinynet/ops/; this file only lists them.
"""

from .ops.accuracy import count_correct
from .ops.activation_formulas import activation_backward, activation_forward
from .ops.add_relu import add_forward
from .ops.attention import attention_backward, attention_forward
from .ops.average_pool2d import average_pool2d_backward, average_pool2d_forward
from .ops.batch_norm import batch_norm_backward, batch_norm_forward, batch_norm_inference, moving_average
from .ops.batch_norm_depthwise_conv2d import (
    batch_norm_depthwise_conv2d_backward, batch_norm_depthwise_conv2d_forward,
)
from .ops.batch_norm_max_pool2d import (
    batch_norm_max_pool2d_backward, batch_norm_max_pool2d_forward, batch_norm_max_pool2d_inference,
)
from .ops.conv2d import conv2d_algorithm, conv2d_backward, conv2d_forward
from .ops.conv2d_batch_norm import (
    conv2d_batch_norm_backward, conv2d_batch_norm_forward, conv2d_batch_norm_inference,
)
from .ops.conv2d_max_pool2d import conv2d_max_pool2d_backward, conv2d_max_pool2d_forward
from .ops.conv2d_moments import conv2d_moments_forward
from .ops.conv2d_prepared import conv2d_prepared_forward, depthwise_pointwise_forward
from .ops.binary_cross_entropy import (
    binary_cross_entropy_backward, binary_cross_entropy_forward, sigmoid_cross_entropy_backward,
    sigmoid_cross_entropy_forward,
)
from .ops.cross_entropy import (
    cross_entropy_backward, cross_entropy_forward, softmax_cross_entropy_backward, softmax_cross_entropy_forward,
)
from .ops.sparse_cross_entropy import (
    sparse_cross_entropy_backward, sparse_cross_entropy_forward, sparse_softmax_cross_entropy_backward,
    sparse_softmax_cross_entropy_forward,
)
from .ops.dense import dense_backward, dense_forward
from .ops.depthwise_conv2d import depthwise_conv2d_backward, depthwise_conv2d_forward
from .ops.dropout import dropout_backward, dropout_forward
from .ops.gru import gru_backward, gru_forward
from .ops.group_norm import group_norm_backward, group_norm_forward
from .ops.layer_norm import layer_norm_backward, layer_norm_forward
from .ops.indexing import scatter_add
from .ops.lstm import lstm_backward, lstm_forward
from .ops.matmul import matmul_reference as matmul
from .ops.max_pool2d import max_pool2d_backward, max_pool2d_forward
from .ops.optimizer_steps import (
    adadelta_step, adagrad_step, adam_step, adamax_step, ftrl_step, lion_step, nadam_step, rmsprop_step, sgd_step,
)
from .ops.prepared_weights import prepare_weights, prepared_size
from .ops.reduction import reduce_max, reduce_mean, reduce_min, reduce_sum
from .ops.simple_rnn import simple_rnn_backward, simple_rnn_forward
from .ops.softmax import log_softmax_backward, log_softmax_forward, softmax_backward, softmax_forward

__all__ = [
    "activation_backward", "activation_forward", "adadelta_step", "adagrad_step", "adam_step", "adamax_step",
    "add_forward", "attention_backward", "attention_forward", "average_pool2d_backward",
    "average_pool2d_forward", "batch_norm_backward", "batch_norm_depthwise_conv2d_backward",
    "batch_norm_depthwise_conv2d_forward", "batch_norm_forward", "batch_norm_inference",
    "batch_norm_max_pool2d_backward", "batch_norm_max_pool2d_forward", "batch_norm_max_pool2d_inference",
    "binary_cross_entropy_backward", "binary_cross_entropy_forward", "conv2d_algorithm", "conv2d_backward",
    "conv2d_batch_norm_backward", "conv2d_batch_norm_forward", "conv2d_batch_norm_inference", "conv2d_forward",
    "conv2d_max_pool2d_backward", "conv2d_max_pool2d_forward", "conv2d_moments_forward",
    "conv2d_prepared_forward", "count_correct", "cross_entropy_backward", "cross_entropy_forward",
    "dense_backward", "dense_forward", "depthwise_conv2d_backward", "depthwise_conv2d_forward",
    "depthwise_pointwise_forward", "dropout_backward", "dropout_forward", "ftrl_step", "group_norm_backward",
    "group_norm_forward",
    "gru_backward", "gru_forward", "layer_norm_backward", "layer_norm_forward", "lion_step",
    "log_softmax_backward", "log_softmax_forward", "lstm_backward", "lstm_forward", "matmul",
    "max_pool2d_backward", "max_pool2d_forward", "moving_average", "nadam_step", "prepare_weights",
    "prepared_size", "reduce_max", "reduce_mean", "reduce_min", "reduce_sum", "rmsprop_step", "scatter_add",
    "sgd_step", "sigmoid_cross_entropy_backward", "sigmoid_cross_entropy_forward", "simple_rnn_backward",
    "simple_rnn_forward", "softmax_backward", "softmax_cross_entropy_backward", "softmax_cross_entropy_forward",
    "softmax_forward", "sparse_cross_entropy_backward", "sparse_cross_entropy_forward",
    "sparse_softmax_cross_entropy_backward", "sparse_softmax_cross_entropy_forward",
]
