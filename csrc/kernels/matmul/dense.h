// The dense layer, y = f(x kernel + bias), and its gradients: tinynet/ops/dense.py has the formulas.
#pragma once

#include "kernels/elementwise/math.h"
#include "kernels/matmul/matmul.h"

namespace tinynet::TINYNET_ISA {
namespace {

// c = function(c), on a block that is still in the cache.
template <class T, T (*function)(T)>
void activate_block(T* c, Index rows, Index columns, Index row_stride) {
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < columns; ++j) c[i * row_stride + j] = function(c[i * row_stride + j]);
}

// x[rows][in], kernel[in][out], bias[out] or null, y[rows][out]
template <class T>
void dense_forward(const T* x, const T* kernel, const T* bias, T* y, Index rows, Index in, Index out,
                   Activation activation) {
  product::Epilogue<T> epilogue{bias, activation == Activation::relu, nullptr};
  if (activation == Activation::sigmoid) epilogue.activate = activate_block<T, math::sigmoid>;
  if (activation == Activation::tanh) epilogue.activate = activate_block<T, math::tanh>;
  const product::Matrix<T> left{x, in, 1}, right{kernel, out, 1};
  if (product::should_split_k(rows, out, in, left, right))
    product::multiply_split_k(rows, out, in, left, right, y, epilogue);
  else
    product::multiply(rows, out, in, left, right, y, epilogue);
}

// dbias[out] = the sum over rows of dz = dy * f'(z), where `derivative` computes f' from y = f(z). Stores dz[rows][out]
// unless `dz` is null. The sums run over fixed blocks of rows, which are then added in order.
template <class T, class Derivative>
void dense_output_gradient(const T* dy, const T* y, T* dz, T* dbias, Index rows, Index out,
                           const Derivative& derivative) {
  const Index block = helpers::max(32, 4096 / out), blocks = helpers::ceil_div(rows, block);
  const helpers::Scratch<T> partial(dbias != nullptr && blocks > 1 ? blocks * out : 0);
  if (dbias != nullptr)
    for (Index j = 0; j < out; ++j) dbias[j] = 0;
  parallel_for(rows, block, [&](Index begin, Index end) {
    T* const sum = partial != nullptr ? partial + begin / block * out : dbias;
    if (partial != nullptr)
      for (Index j = 0; j < out; ++j) sum[j] = 0;
    for (Index i = begin; i < end; ++i) {
      const T* const from = dy + i * out;
      const T* const value = y + i * out;
      if (dz != nullptr)
        for (Index j = 0; j < out; ++j) dz[i * out + j] = from[j] * derivative(value[j]);
      if (sum != nullptr) {
        const T* const summand = dz != nullptr ? dz + i * out : from;
        for (Index j = 0; j < out; ++j) sum[j] += summand[j];
      }
    }
  });
  if (partial != nullptr)
    for (Index b = 0; b < blocks; ++b)
      for (Index j = 0; j < out; ++j) dbias[j] += partial[b * out + j];
}

// dx[rows][in], dkernel[in][out], dbias[out]: each may be null and is then not computed.
template <class T>
void dense_backward(const T* dy, const T* x, const T* kernel, const T* y, T* dx, T* dkernel, T* dbias, Index rows,
                    Index in, Index out, Activation activation) {
  const bool linear = activation == Activation::linear;
  const helpers::Scratch<T> scratch(linear ? 0 : rows * out);
  if (out > 0) switch (activation) {
      case Activation::linear:
        if (dbias != nullptr) dense_output_gradient<T>(dy, y, nullptr, dbias, rows, out, [](T) { return T(1); });
        break;
      case Activation::relu:
        dense_output_gradient<T>(dy, y, scratch, dbias, rows, out, [](T v) { return v > 0 ? T(1) : T(0); });
        break;
      case Activation::sigmoid:
        dense_output_gradient<T>(dy, y, scratch, dbias, rows, out, [](T v) { return v * (1 - v); });
        break;
      case Activation::tanh:
        dense_output_gradient<T>(dy, y, scratch, dbias, rows, out, [](T v) { return 1 - v * v; });
        break;
      default:
        break;  // the binding rejects all other activations
    }
  const T* const dz = linear ? dy : scratch;
  using product::Matrix;
  const product::Epilogue<T> none{};
  if (dkernel != nullptr) product::multiply(in, out, rows, Matrix<T>{x, 1, in}, Matrix<T>{dz, out, 1}, dkernel, none);
  if (dx != nullptr) product::multiply(rows, in, out, Matrix<T>{dz, out, 1}, Matrix<T>{kernel, 1, out}, dx, none);
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
