// Every kernel, compiled for the instruction set that the including file names.
#pragma once

#include "kernels/activation.h"
#include "kernels/reduction.h"
#include "kernels/cross_entropy.h"
#include "kernels/softmax.h"

namespace tinynet::TINYNET_ISA {
namespace {

template <class T>
constexpr KernelTable<T> make_table() {
  KernelTable<T> table{};
  table.activation_forward = activation_forward<T>;
  table.activation_backward = activation_backward<T>;
  table.reduce = reduction::reduce<T>;
  table.softmax_forward = softmax_forward<T>;
  table.softmax_backward = softmax_backward<T>;
  table.log_softmax_forward = log_softmax_forward<T>;
  table.log_softmax_backward = log_softmax_backward<T>;
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
  return table;
}

#define TINYNET_STRING(name) #name
#define TINYNET_NAME_OF(name) TINYNET_STRING(name)

}  // namespace

extern const Kernels table;
const Kernels table = {TINYNET_NAME_OF(TINYNET_ISA), TINYNET_VECTOR_BYTES, make_table<float>(), make_table<double>()};

}  // namespace tinynet::TINYNET_ISA
