// What the recurrences share: activations of a few values, and the products of some rows with the recurrent kernel.
//
// The samples of a batch are independent. So each task takes some samples through all steps: threads meet once a
// sequence, not once a step, and the recurrent kernel is packed once. Which samples a task has changes no bit, because
// an element of a product is one chain of multiply-adds in the order of k (microkernel.h).
#pragma once

#include "kernels.h"
#include "kernels/elementwise/math.h"
#include "kernels/helpers.h"
#include "kernels/matmul/panels.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace recurrent {

using helpers::ceil_div;
using helpers::max;
using helpers::min;
using helpers::Scratch;

// values[i] = f(values[i])
template <class T>
void activate(Activation which, T* values, Index size) {
  switch (which) {
    case Activation::tanh:
      for (Index i = 0; i < size; ++i) values[i] = math::tanh(values[i]);
      break;
    case Activation::sigmoid:
      for (Index i = 0; i < size; ++i) values[i] = math::sigmoid(values[i]);
      break;
    case Activation::relu:
      for (Index i = 0; i < size; ++i) values[i] = math::max(values[i], T(0));
      break;
    case Activation::hard_sigmoid:
      for (Index i = 0; i < size; ++i) values[i] = math::clamp(values[i] / T(6) + T(0.5), T(0), T(1));
      break;
    default:
      break;  // linear; the binding rejects all other activations
  }
}

// d[i] *= f', written in terms of y[i], the value of f
template <class T>
void multiply_by_derivative(Activation which, const T* y, T* d, Index size) {
  using math::select;
  switch (which) {
    case Activation::tanh:
      for (Index i = 0; i < size; ++i) d[i] *= T(1) - y[i] * y[i];
      break;
    case Activation::sigmoid:
      for (Index i = 0; i < size; ++i) d[i] *= y[i] * (T(1) - y[i]);
      break;
    case Activation::relu:
      for (Index i = 0; i < size; ++i) d[i] *= select(y[i] > T(0), T(1), T(0));
      break;
    case Activation::hard_sigmoid:
      for (Index i = 0; i < size; ++i) d[i] *= select((y[i] > T(0)) & (y[i] < T(1)), T(1) / T(6), T(0));
      break;
    default:
      break;
  }
}

// The recurrent kernel [units][gates * units], or its transpose, as the factor of h or of dz. With dropout's masks
// [gates][batch][units] of h, each gate has a product of its own.
template <class T>
class GateProducts {
 public:
  GateProducts(const T* kernel, Index units, Index row, Index first, Index gates, const T* mask, Index batch,
               bool transposed)
      : units_(units),
        batch_(batch),
        parts_(mask == nullptr ? 1 : gates),
        mask_(mask),
        depth_(transposed ? units * gates / parts_ : units),
        columns_(transposed ? units : units * gates / parts_),
        part_size_(product::packed_size<T>(depth_, columns_)),
        packed_(parts_ * part_size_) {
    for (Index part = 0; part < parts_; ++part)
      product::pack_panels<T>({kernel + (first + part) * units, transposed ? 1 : row, transposed ? row : 1}, depth_,
                              columns_, packed_ + part * part_size_);
  }

  // z[i] += (h[i] masked) kernel for the samples sample, ..., sample + rows - 1, whose h begin at h + i * h_row.
  void forward(Index sample, Index rows, const T* h, Index h_row, T* z, Index z_row, T* scratch) const {
    if (mask_ == nullptr) return add_product(0, rows, h, h_row, z, z_row);
    for (Index part = 0; part < parts_; ++part) {
      const T* const mask = mask_ + (part * batch_ + sample) * units_;
      for (Index i = 0; i < rows; ++i)
        for (Index j = 0; j < units_; ++j) scratch[i * units_ + j] = h[i * h_row + j] * mask[i * units_ + j];
      add_product(part, rows, scratch, units_, z + part * units_, z_row);
    }
  }

  // dh[i] += (dz[i] kernel^T) masked
  void backward(Index sample, Index rows, const T* dz, Index dz_row, T* dh, T* scratch) const {
    if (mask_ == nullptr) return add_product(0, rows, dz, dz_row, dh, units_);
    for (Index part = 0; part < parts_; ++part) {
      const T* const mask = mask_ + (part * batch_ + sample) * units_;
      for (Index i = 0; i < rows * units_; ++i) scratch[i] = 0;
      add_product(part, rows, dz + part * units_, dz_row, scratch, units_);
      for (Index i = 0; i < rows * units_; ++i) dh[i] += scratch[i] * mask[i];
    }
  }

 private:
  void add_product(Index part, Index rows, const T* a, Index a_row, T* c, Index c_row) const {
    const product::Panels<T> factor{packed_ + part * part_size_, product::Panels<T>::width * depth_,
                                    product::Panels<T>::width};
    product::multiply_panels(rows, columns_, depth_, {a, a_row, 1}, factor, c, c_row, true);
  }

  Index units_, batch_, parts_;
  const T* mask_;
  Index depth_, columns_, part_size_;  // of a part's matrix, and the elements that it takes packed
  Scratch<T> packed_;                  // [part][panel][k][Panels::width]
};

// Calls body(sample, rows) for groups of samples, in parallel: enough groups for the threads, and as large as that
// allows, so that few passes over the packed kernel are made. Little arithmetic is not worth a second thread.
template <class T, class Body>
void each_group(const RecurrenceShape& shape, Index gates, const Body& body) {
  const double work = 2.0 * static_cast<double>(shape.batch * shape.steps) *
                      static_cast<double>(gates * shape.units * shape.units);
  const Index threads = work < product::Plan<T>::kSerial ? 1 : num_threads();
  const Index rows = min(kMostSamples, max(1, ceil_div(shape.batch, threads)));
  const Index groups_a_task = threads == 1 ? ceil_div(shape.batch, rows) : 1;
  parallel_for(ceil_div(shape.batch, rows), groups_a_task, [&](Index begin, Index end) {
    for (Index group = begin; group < end; ++group)
      body(group * rows, min(rows, shape.batch - group * rows));
  });
}

template <class T>
void copy(const T* from, T* to, Index size) {
  __builtin_memcpy(to, from, static_cast<std::size_t>(size) * sizeof(T));
}

}  // namespace recurrent
}  // namespace
}  // namespace tinynet::TINYNET_ISA
