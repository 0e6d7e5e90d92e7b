// The simple recurrent layer: tinynet/ops/simple_rnn.py has the formulas.
#pragma once

#include "kernels/recurrent/steps.h"

namespace tinynet::TINYNET_ISA {
namespace {

template <class T>
void simple_rnn_forward(const RecurrenceShape& shape, const T* z, const T* h0, const T* recurrent_kernel,
                        const std::uint8_t* mask, const T* recurrent_mask, Activation activation, T* y, T* values) {
  const Index units = shape.units, steps = shape.steps, row = steps * units;
  const recurrent::GateProducts<T> products(recurrent_kernel, units, units, 0, 1, recurrent_mask, shape.batch, false);
  recurrent::each_group<T>(shape, 1, [&](Index sample, Index rows) {
    const recurrent::Scratch<T> scratch(recurrent_mask != nullptr ? rows * units : 0);
    for (Index t = 0; t < steps; ++t) {
      T* const v = values + sample * row + t * units;
      for (Index i = 0; i < rows; ++i) recurrent::copy(z + (sample + i) * row + t * units, v + i * row, units);
      const T* const h = t == 0 ? h0 + sample * units : y + sample * row + (t - 1) * units;
      const Index h_row = t == 0 ? units : row;
      products.forward(sample, rows, h, h_row, v, row, scratch);
      for (Index i = 0; i < rows; ++i) {
        recurrent::activate(activation, v + i * row, units);
        const bool kept = mask == nullptr || mask[(sample + i) * steps + t] != 0;
        if (y != values) recurrent::copy(kept ? v + i * row : h + i * h_row, y + (sample + i) * row + t * units, units);
      }
    }
  });
}

template <class T>
void simple_rnn_backward(const RecurrenceShape& shape, const T* dy, const T* dh_last, const T* recurrent_kernel,
                         const std::uint8_t* mask, const T* recurrent_mask, Activation activation, const T* values,
                         T* dz, T* dh0) {
  const Index units = shape.units, steps = shape.steps, row = steps * units;
  const recurrent::GateProducts<T> products(recurrent_kernel, units, units, 0, 1, recurrent_mask, shape.batch, true);
  recurrent::each_group<T>(shape, 1, [&](Index sample, Index rows) {
    const recurrent::Scratch<T> scratch(recurrent_mask != nullptr ? rows * units : 0);
    T* const dh = dh0 + sample * units;  // the gradient of h after step t, at the end that of h0
    for (Index i = 0; i < rows * units; ++i) dh[i] = dh_last != nullptr ? dh_last[sample * units + i] : T(0);
    for (Index t = steps - 1; t >= 0; --t) {
      T* const d = dz + sample * row + t * units;
      for (Index i = 0; i < rows; ++i) {
        const Index at = (sample + i) * row + t * units;
        if (dy != nullptr)
          for (Index j = 0; j < units; ++j) dh[i * units + j] += dy[at + j];
        if (mask != nullptr && mask[(sample + i) * steps + t] == 0) {
          for (Index j = 0; j < units; ++j) d[i * row + j] = 0;  // h is passed on: dh stays
          continue;
        }
        for (Index j = 0; j < units; ++j) d[i * row + j] = dh[i * units + j], dh[i * units + j] = 0;
        recurrent::multiply_by_derivative(activation, values + at, d + i * row, units);
      }
      products.backward(sample, rows, d, row, dh, scratch);
    }
  });
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
