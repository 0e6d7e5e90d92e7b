// Every kernel, compiled for the instruction set that the including file names.
#pragma once

#include "kernels/activation.h"
#include "kernels/conv2d.h"
#include "kernels/depthwise_conv2d.h"

namespace tinynet::TINYNET_ISA {
namespace {

template <class T>
constexpr KernelTable<T> make_table() {
  KernelTable<T> table{};
  table.activation_forward = activation_forward<T>;
  table.activation_backward = activation_backward<T>;
  table.conv2d_forward = conv2d_forward<T>;
  table.conv2d_input_gradient = conv2d_input_gradient<T>;
  table.conv2d_weight_gradient = conv2d_weight_gradient<T>;
  table.conv2d_algorithm = conv2d_algorithm<T>;
  table.depthwise_conv2d_forward = depthwise_conv2d_forward<T>;
  table.depthwise_conv2d_input_gradient = depthwise_conv2d_input_gradient<T>;
  table.depthwise_conv2d_weight_gradient = depthwise_conv2d_weight_gradient<T>;
  return table;
}

#define TINYNET_STRING(name) #name
#define TINYNET_NAME_OF(name) TINYNET_STRING(name)

}  // namespace

extern const Kernels table;
const Kernels table = {TINYNET_NAME_OF(TINYNET_ISA), TINYNET_VECTOR_BYTES, make_table<float>(), make_table<double>()};

}  // namespace tinynet::TINYNET_ISA
