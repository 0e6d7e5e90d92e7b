// Every kernel, compiled for the instruction set that the including file names.
#pragma once

#include "kernels/elementwise/activation.h"
#include "kernels/matmul/dense.h"
#include "kernels/matmul/matmul.h"
#include "kernels/loss/cross_entropy.h"
#include "kernels/loss/softmax.h"
#include "kernels/loss/accuracy.h"
#include "kernels/reduction/reduction.h"
#include "kernels/machine/peak.h"
#include "kernels/elementwise/dropout.h"
#include "kernels/optimizer/optimizer.h"
#include "kernels/conv/conv2d.h"
#include "kernels/conv/conv2d_max_pool2d.h"
#include "kernels/conv/depthwise_conv2d.h"
#include "kernels/norm/batch_norm.h"
#include "kernels/norm/layer_norm.h"
#include "kernels/pooling/pooling.h"
#include "kernels/norm/batch_norm_max_pool2d.h"
#include "kernels/conv/conv2d_batch_norm.h"
#include "kernels/conv/conv2d_moments.h"

namespace tinynet::TINYNET_ISA {
namespace {

template <class T>
constexpr KernelTable<T> make_table() {
  KernelTable<T> table{};
  table.activation_forward = activation_forward<T>;
  table.activation_backward = activation_backward<T>;
  table.matmul = matmul<T>;
  table.dense_forward = dense_forward<T>;
  table.dense_backward = dense_backward<T>;
  table.reduce = reduction::reduce<T>;
  table.softmax_forward = softmax_forward<T>;
  table.softmax_backward = softmax_backward<T>;
  table.log_softmax_forward = log_softmax_forward<T>;
  table.log_softmax_backward = log_softmax_backward<T>;
  table.count_hits = count_hits<T>;
  table.sparse_softmax_cross_entropy_forward = sparse_softmax_cross_entropy_forward<T>;
  table.sparse_softmax_cross_entropy_backward = sparse_softmax_cross_entropy_backward<T>;
  table.softmax_cross_entropy_forward = softmax_cross_entropy_forward<T>;
  table.softmax_cross_entropy_backward = softmax_cross_entropy_backward<T>;
  table.sigmoid_cross_entropy_forward = sigmoid_cross_entropy_forward<T>;
  table.sigmoid_cross_entropy_backward = sigmoid_cross_entropy_backward<T>;
  table.sparse_cross_entropy_forward = sparse_cross_entropy_forward<T>;
  table.sparse_cross_entropy_backward = sparse_cross_entropy_backward<T>;
  table.cross_entropy_forward = cross_entropy_forward<T>;
  table.cross_entropy_backward = cross_entropy_backward<T>;
  table.binary_cross_entropy_forward = binary_cross_entropy_forward<T>;
  table.binary_cross_entropy_backward = binary_cross_entropy_backward<T>;
  table.multiply_add_peak = multiply_add_peak<T>;
  table.copy_peak = copy_peak<T>;
  table.sgd_step = sgd_step<T>;
  table.adam_step = adam_step<T>;
  table.adamax_step = adamax_step<T>;
  table.nadam_step = nadam_step<T>;
  table.rmsprop_step = rmsprop_step<T>;
  table.adagrad_step = adagrad_step<T>;
  table.adadelta_step = adadelta_step<T>;
  table.lion_step = lion_step<T>;
  table.ftrl_step = ftrl_step<T>;
  table.dropout = dropout<T>;
  table.conv2d_forward = conv2d_forward<T>;
  table.conv2d_input_gradient = conv2d_input_gradient<T>;
  table.conv2d_weight_gradient = conv2d_weight_gradient<T>;
  table.conv2d_algorithm = conv2d_algorithm<T>;
  table.conv2d_max_pool2d_forward = conv2d_max_pool2d_forward<T>;
  table.conv2d_max_pool2d_weight_gradient = conv2d_max_pool2d_weight_gradient<T>;
  table.depthwise_conv2d_forward = depthwise_conv2d_forward<T>;
  table.depthwise_conv2d_input_gradient = depthwise_conv2d_input_gradient<T>;
  table.depthwise_conv2d_weight_gradient = depthwise_conv2d_weight_gradient<T>;
  table.batch_norm_forward = batch_norm_forward<T>;
  table.batch_norm_inference = batch_norm_inference<T>;
  table.batch_norm_backward = batch_norm_backward<T>;
  table.layer_norm_forward = layer_norm_forward<T>;
  table.layer_norm_backward = layer_norm_backward<T>;
  table.max_pool2d_forward = max_pool2d_forward<T>;
  table.max_pool2d_backward = max_pool2d_backward<T>;
  table.average_pool2d_forward = average_pool2d_forward<T>;
  table.average_pool2d_backward = average_pool2d_backward<T>;
  table.batch_norm_max_pool2d_forward = batch_norm_max_pool2d_forward<T>;
  table.batch_norm_max_pool2d_inference = batch_norm_max_pool2d_inference<T>;
  table.batch_norm_max_pool2d_backward = batch_norm_max_pool2d_backward<T>;
  table.conv2d_batch_norm_forward = conv2d_batch_norm_forward<T>;
  table.conv2d_batch_norm_inference = conv2d_batch_norm_inference<T>;
  table.conv2d_batch_norm_backward = conv2d_batch_norm_backward<T>;
  table.conv2d_moments_forward = conv2d_moments_forward<T>;
  return table;
}

#define TINYNET_STRING(name) #name
#define TINYNET_NAME_OF(name) TINYNET_STRING(name)

}  // namespace

extern const Kernels table;
const Kernels table = {TINYNET_NAME_OF(TINYNET_ISA), TINYNET_VECTOR_BYTES, make_table<float>(), make_table<double>()};

}  // namespace tinynet::TINYNET_ISA
