// Gated recurrent units: tinynet/ops/gru.py has the formulas.
#pragma once

#include <optional>

#include "kernels/recurrent/steps.h"

namespace tinynet::TINYNET_ISA {
namespace {

namespace recurrent {

// The products of a GRU. With `reset_after` all three gates multiply h; else two do, and the candidate multiplies r h.
template <class T>
struct GruProducts {
  GruProducts(const RecurrenceShape& shape, const T* kernel, const T* mask, bool reset_after, bool transposed)
      : of_h(kernel, shape.units, 3 * shape.units, 0, reset_after ? 3 : 2, mask, shape.batch, transposed) {
    if (!reset_after)
      of_candidate.emplace(kernel, shape.units, 3 * shape.units, 2, 1, nullptr, shape.batch, transposed);
  }
  GateProducts<T> of_h;
  std::optional<GateProducts<T>> of_candidate;
};

}  // namespace recurrent

template <class T>
void gru_forward(const RecurrenceShape& shape, const T* z, const T* h0, const T* recurrent_kernel,
                 const T* recurrent_bias, const std::uint8_t* mask, const T* recurrent_mask, Activation activation,
                 Activation recurrent_activation, bool reset_after, T* y, T* gates, T* factor) {
  const Index units = shape.units, steps = shape.steps, row = steps * units;
  const recurrent::GruProducts<T> products(shape, recurrent_kernel, recurrent_mask, reset_after, false);
  const T* const candidate_mask =
      recurrent_mask != nullptr && !reset_after ? recurrent_mask + 2 * shape.batch * units : nullptr;
  recurrent::each_group<T>(shape, 3, [&](Index sample, Index rows) {
    // What is added to the gates: the product with h; and r h, whose product the candidate gets.
    const recurrent::Scratch<T> product(3 * rows * units), reset(rows * units);
    for (Index t = 0; t < steps; ++t) {
      const Index first = sample * row + t * units;
      const T* const h = t == 0 ? h0 + sample * units : y + first - units;
      const Index h_row = t == 0 ? units : row;
      for (Index i = 0; i < rows; ++i)
        for (Index j = 0; j < 3 * units; ++j)
          product[i * 3 * units + j] = reset_after && recurrent_bias != nullptr ? recurrent_bias[j] : T(0);
      products.of_h.forward(sample, rows, h, h_row, product, 3 * units, reset);
      for (Index i = 0; i < rows; ++i) {
        const Index at = first + i * row;
        T *const gate = gates + 3 * at, *const r = gate + units, *const g = r + units;
        const T* const added = product + i * 3 * units;
        for (Index j = 0; j < 2 * units; ++j) gate[j] = z[3 * at + j] + added[j];
        recurrent::activate(recurrent_activation, gate, 2 * units);
        if (reset_after) {
          for (Index j = 0; j < units; ++j) {
            factor[at + j] = added[2 * units + j];
            g[j] = z[3 * at + 2 * units + j] + r[j] * factor[at + j];
          }
        } else {
          for (Index j = 0; j < units; ++j) {
            factor[at + j] = h[i * h_row + j];
            if (candidate_mask != nullptr) factor[at + j] *= candidate_mask[(sample + i) * units + j];
            reset[i * units + j] = r[j] * factor[at + j];
            g[j] = z[3 * at + 2 * units + j];
          }
        }
      }
      if (!reset_after)
        products.of_candidate->forward(sample, rows, reset, units, gates + 3 * first + 2 * units, 3 * row, nullptr);
      for (Index i = 0; i < rows; ++i) {
        const Index at = first + i * row;
        T *const update = gates + 3 * at, *const g = update + 2 * units;
        recurrent::activate(activation, g, units);
        if (mask != nullptr && mask[(sample + i) * steps + t] == 0)
          recurrent::copy(h + i * h_row, y + at, units);
        else
          for (Index j = 0; j < units; ++j) y[at + j] = update[j] * h[i * h_row + j] + (T(1) - update[j]) * g[j];
      }
    }
  });
}

// dproduct is the gradient of the product with h. Without `reset_after` it is that of the gates, dz, and is not
// written.
template <class T>
void gru_backward(const RecurrenceShape& shape, const T* dy, const T* dh_last, const T* h0, const T* recurrent_kernel,
                  const std::uint8_t* mask, const T* recurrent_mask, Activation activation,
                  Activation recurrent_activation, bool reset_after, const T* y, const T* gates, const T* factor,
                  T* dz, T* dproduct, T* dh0) {
  const Index units = shape.units, steps = shape.steps, row = steps * units;
  const recurrent::GruProducts<T> products(shape, recurrent_kernel, recurrent_mask, reset_after, true);
  const T* const candidate_mask =
      recurrent_mask != nullptr && !reset_after ? recurrent_mask + 2 * shape.batch * units : nullptr;
  recurrent::each_group<T>(shape, 3, [&](Index sample, Index rows) {
    const recurrent::Scratch<T> scratch(rows * units), dreset(rows * units);
    T* const dh = dh0 + sample * units;  // the gradient of h after step t, at the end that of h0
    for (Index i = 0; i < rows * units; ++i) dh[i] = dh_last != nullptr ? dh_last[sample * units + i] : T(0);
    for (Index t = steps - 1; t >= 0; --t) {
      const Index first = sample * row + t * units;
      const T* const h = t == 0 ? h0 + sample * units : y + first - units;
      const Index h_row = t == 0 ? units : row;
      for (Index i = 0; i < rows; ++i) {
        const Index at = first + i * row;
        T* const dh_row = dh + i * units;
        T *const dupdate = dz + 3 * at, *const dr = dupdate + units, *const dg = dr + units;
        if (dy != nullptr)
          for (Index j = 0; j < units; ++j) dh_row[j] += dy[at + j];
        const T *const update = gates + 3 * at, *const r = update + units, *const g = r + units;
        if (mask != nullptr && mask[(sample + i) * steps + t] == 0) {
          for (Index j = 0; j < 3 * units; ++j) dupdate[j] = 0;  // h is passed on: dh stays
        } else {
          for (Index j = 0; j < units; ++j) {
            dupdate[j] = dh_row[j] * (h[i * h_row + j] - g[j]);
            dg[j] = dh_row[j] * (T(1) - update[j]);
            dh_row[j] *= update[j];
          }
          recurrent::multiply_by_derivative(recurrent_activation, update, dupdate, units);
          recurrent::multiply_by_derivative(activation, g, dg, units);
        }
        if (!reset_after) {
          for (Index j = 0; j < units; ++j) dreset[i * units + j] = 0;
          continue;
        }
        for (Index j = 0; j < units; ++j) dr[j] = dg[j] * factor[at + j];
        recurrent::multiply_by_derivative(recurrent_activation, r, dr, units);
        recurrent::copy(dupdate, dproduct + 3 * at, 2 * units);
        for (Index j = 0; j < units; ++j) dproduct[3 * at + 2 * units + j] = dg[j] * r[j];
      }
      if (!reset_after) {
        products.of_candidate->backward(sample, rows, dz + 3 * first + 2 * units, 3 * row, dreset, nullptr);
        for (Index i = 0; i < rows; ++i) {
          if (mask != nullptr && mask[(sample + i) * steps + t] == 0) continue;
          const Index at = first + i * row;
          const T* const r = gates + 3 * at + units;
          T* const dr = dz + 3 * at + units;
          for (Index j = 0; j < units; ++j) {
            const T d = dreset[i * units + j], mask_of_h = candidate_mask == nullptr
                ? T(1) : candidate_mask[(sample + i) * units + j];
            dr[j] = d * factor[at + j];
            dh[i * units + j] += d * r[j] * mask_of_h;
          }
          recurrent::multiply_by_derivative(recurrent_activation, r, dr, units);
        }
      }
      products.of_h.backward(sample, rows, (reset_after ? dproduct : dz) + 3 * first, 3 * row, dh, scratch);
    }
  });
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
