// Every kernel, compiled for the instruction set that the including file names.
#pragma once

#include "kernels/activation.h"
#include "kernels/dropout.h"
#include "kernels/optimizer.h"

namespace tinynet::TINYNET_ISA {
namespace {

template <class T>
constexpr KernelTable<T> make_table() {
  KernelTable<T> table{};
  table.activation_forward = activation_forward<T>;
  table.activation_backward = activation_backward<T>;
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
  return table;
}

#define TINYNET_STRING(name) #name
#define TINYNET_NAME_OF(name) TINYNET_STRING(name)

}  // namespace

extern const Kernels table;
const Kernels table = {TINYNET_NAME_OF(TINYNET_ISA), TINYNET_VECTOR_BYTES, make_table<float>(), make_table<double>()};

}  // namespace tinynet::TINYNET_ISA
