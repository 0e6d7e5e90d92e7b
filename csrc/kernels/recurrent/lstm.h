// Long short-term memory: tinynet/ops/lstm.py has the formulas.
#pragma once

#include "kernels/recurrent/steps.h"

namespace tinynet::TINYNET_ISA {
namespace {

// For prediction gates and shown are null, and c[batch][units] gets the last states alone: what a step needs of them
// stays in the L1 cache.
template <class T>
void lstm_forward(const RecurrenceShape& shape, const T* z, const T* h0, const T* c0, const T* recurrent_kernel,
                  const std::uint8_t* mask, const T* recurrent_mask, Activation activation,
                  Activation recurrent_activation, T* y, T* c, T* gates, T* shown) {
  const Index units = shape.units, steps = shape.steps, row = steps * units;
  const bool kept = gates != nullptr;
  const recurrent::GateProducts<T> products(recurrent_kernel, units, 4 * units, 0, 4, recurrent_mask, shape.batch,
                                            false);
  recurrent::each_group<T>(shape, 4, [&](Index sample, Index rows) {
    const recurrent::Scratch<T> masked_h(recurrent_mask != nullptr ? rows * units : 0);
    const recurrent::Scratch<T> of_step(kept ? 0 : 4 * rows * units), last(kept ? 0 : units);
    const Index gate_row = kept ? 4 * row : 4 * units;
    if (!kept) recurrent::copy(c0 + sample * units, c + sample * units, rows * units);
    for (Index t = 0; t < steps; ++t) {
      const Index first = sample * row + t * units;
      T* const gates_now = kept ? gates + 4 * first : static_cast<T*>(of_step);
      for (Index i = 0; i < rows; ++i) recurrent::copy(z + 4 * (first + i * row), gates_now + i * gate_row, 4 * units);
      products.forward(sample, rows, t == 0 ? h0 + sample * units : y + first - units, t == 0 ? units : row,
                       gates_now, gate_row, masked_h);
      for (Index i = 0; i < rows; ++i) {
        const Index n = sample + i, at = n * row + t * units;
        const T* const h_before = t == 0 ? h0 + n * units : y + at - units;
        const T* const c_before = !kept ? c + n * units : t == 0 ? c0 + n * units : c + at - units;
        T *const c_now = kept ? c + at : c + n * units, *const active = kept ? shown + at : static_cast<T*>(last);
        T* const gate = gates_now + i * gate_row;
        const bool counts = mask == nullptr || mask[n * steps + t] != 0;
        recurrent::activate(recurrent_activation, gate, 2 * units);
        recurrent::activate(activation, gate + 2 * units, units);
        recurrent::activate(recurrent_activation, gate + 3 * units, units);
        const T *const input = gate, *const forget = gate + units, *const candidate = gate + 2 * units,
                *const output = gate + 3 * units;
        for (Index j = 0; j < units; ++j) active[j] = forget[j] * c_before[j] + input[j] * candidate[j];
        if (counts || kept) recurrent::copy(counts ? active : c_before, c_now, units);
        recurrent::activate(activation, active, units);
        if (counts)
          for (Index j = 0; j < units; ++j) y[at + j] = output[j] * active[j];
        else
          recurrent::copy(h_before, y + at, units);
      }
    }
  });
}

template <class T>
void lstm_backward(const RecurrenceShape& shape, const T* dy, const T* dh_last, const T* dc_last, const T* c0,
                   const T* recurrent_kernel, const std::uint8_t* mask, const T* recurrent_mask, Activation activation,
                   Activation recurrent_activation, const T* c, const T* gates, const T* shown, T* dz, T* dh0,
                   T* dc0) {
  const Index units = shape.units, steps = shape.steps, row = steps * units;
  const recurrent::GateProducts<T> products(recurrent_kernel, units, 4 * units, 0, 4, recurrent_mask, shape.batch,
                                            true);
  recurrent::each_group<T>(shape, 4, [&](Index sample, Index rows) {
    const recurrent::Scratch<T> scratch((recurrent_mask != nullptr ? rows + 1 : 1) * units);
    T* const through = scratch + (recurrent_mask != nullptr ? rows * units : 0);  // the gradient that c gets from h
    T* const dh = dh0 + sample * units;  // the gradients of h and c after step t, at the end those of h0 and c0
    T* const dc = dc0 + sample * units;
    for (Index i = 0; i < rows * units; ++i) {
      dh[i] = dh_last != nullptr ? dh_last[sample * units + i] : T(0);
      dc[i] = dc_last != nullptr ? dc_last[sample * units + i] : T(0);
    }
    for (Index t = steps - 1; t >= 0; --t) {
      for (Index i = 0; i < rows; ++i) {
        const Index n = sample + i, at = n * row + t * units;
        T* const dh_row = dh + i * units;
        T* const dc_row = dc + i * units;
        T *const dinput = dz + 4 * at, *const dforget = dinput + units, *const dcandidate = dforget + units,
                 *const doutput = dcandidate + units;
        if (dy != nullptr)
          for (Index j = 0; j < units; ++j) dh_row[j] += dy[at + j];
        if (mask != nullptr && mask[n * steps + t] == 0) {
          for (Index j = 0; j < 4 * units; ++j) dinput[j] = 0;  // h and c are passed on: dh and dc stay
          continue;
        }
        const T *const input = gates + 4 * at, *const forget = input + units, *const candidate = forget + units,
                *const output = candidate + units;
        const T* const c_before = t == 0 ? c0 + n * units : c + at - units;
        for (Index j = 0; j < units; ++j) through[j] = dh_row[j] * output[j];
        recurrent::multiply_by_derivative(activation, shown + at, through, units);
        for (Index j = 0; j < units; ++j) {
          const T d = dc_row[j] + through[j];
          dinput[j] = d * candidate[j];
          dforget[j] = d * c_before[j];
          dcandidate[j] = d * input[j];
          doutput[j] = dh_row[j] * shown[at + j];
          dc_row[j] = d * forget[j];
          dh_row[j] = 0;
        }
        recurrent::multiply_by_derivative(recurrent_activation, input, dinput, 2 * units);
        recurrent::multiply_by_derivative(activation, candidate, dcandidate, units);
        recurrent::multiply_by_derivative(recurrent_activation, output, doutput, units);
      }
      products.backward(sample, rows, dz + 4 * (sample * row + t * units), 4 * row, dh, scratch);
    }
  });
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
