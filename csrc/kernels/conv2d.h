// Two-dimensional convolution: which algorithm a shape gets. tinynet/ops/conv2d.py has the formulas.
#pragma once

#include "kernels/conv2d_direct.h"
#include "kernels/conv2d_weight_gradient.h"

namespace tinynet::TINYNET_ISA {
namespace {

template <class T>
ConvAlgorithm conv2d_algorithm(const Conv2dShape&, ConvPass, ConvAlgorithm wanted) {
  if (wanted != ConvAlgorithm::automatic) return wanted;
  return ConvAlgorithm::direct;
}

template <class T>
void conv2d_forward(const Conv2dShape& s, const T* x, const T* kernel, const T* bias, T* y, bool relu, ConvAlgorithm) {
  conv2d_forward_direct(s, x, kernel, bias, y, relu);
}

template <class T>
void conv2d_input_gradient(const Conv2dShape& s, const T* dy, const T* y, const T* kernel, T* dx, ConvAlgorithm) {
  conv2d_input_gradient_direct(s, dy, y, kernel, dx);
}

template <class T>
void conv2d_weight_gradient(const Conv2dShape& s, const T* dy, const T* y, const T* x, T* dkernel, T* dbias,
                            ConvAlgorithm) {
  conv2d_weight_gradient_direct(s, dy, y, x, dkernel, dbias);
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
