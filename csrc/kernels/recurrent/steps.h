// What the recurrences share: activations of a few values, and the products of some rows with the recurrent kernel.
//
// The samples of a batch are independent. So each task takes some samples through all steps: threads meet once a
// sequence, not once a step, and the recurrent kernel is packed once. Which samples a task has changes no bit, because
// an element of a product is one chain of multiply-adds in the order of k (microkernel.h).
#pragma once

#include <optional>

#include "kernels.h"
#include "kernels/elementwise/math.h"
#include "kernels/helpers.h"
#include "kernels/matmul/matmul.h"

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

// Some columns of a matrix, packed: what a product with a few rows reads, [panel][k][Tile::columns].
template <class T>
class Factor {
 public:
  static constexpr Index width = product::Tile<T>::columns;

  // The matrix is k x n in any layout.
  Factor(const product::Matrix<T>& matrix, Index k, Index n) : k_(k), n_(n), packed_(ceil_div(n, width) * width * k) {
    for (Index j = 0; j < n; j += width)
      product::pack_panel<T>(matrix.data + j * matrix.column, matrix.column, matrix.row, min(width, n - j), k,
                             packed_ + j * k, width);
  }

  // c[i][...] += a[i][...] matrix for i < rows; row i of a and c begins at i * a_row and i * c_row.
  void add_product(Index rows, const T* a, Index a_row, T* c, Index c_row) const {
    constexpr Index most = product::Tile<T>::rows;
    const Index height = ceil_div(rows, ceil_div(rows, most));
    Index a_rows[most], c_rows[most];
    for (Index i = 0; i < height; ++i) a_rows[i] = i * a_row, c_rows[i] = i * c_row;
    for (Index j = 0; j < n_; j += width)  // a panel stays in the L1 cache while the rows pass
      for (Index i = 0; i < rows; i += height)
        product::compute_tile(product::TileProduct<T>{a + i * a_row, a_rows, 1, packed_ + j * k_, width, k_,
                                                      c + i * c_row + j, c_rows, true, nullptr, false},
                              static_cast<int>(min(height, rows - i)), min(width, n_ - j));
  }

 private:
  Index k_, n_;
  Scratch<T> packed_;
};

// The recurrent kernel [units][gates * units], or its transpose, as the factor of h or of dz. With dropout's masks
// [gates][batch][units] of h, each gate has a product of its own.
template <class T>
class GateProducts {
 public:
  GateProducts(const T* kernel, Index units, Index row, Index first, Index gates, const T* mask, Index batch,
               bool transposed)
      : units_(units), batch_(batch), parts_(mask == nullptr ? 1 : gates), mask_(mask) {
    const Index columns = units * (mask == nullptr ? gates : 1);
    for (Index part = 0; part < parts_; ++part) {
      const T* const data = kernel + (first + part) * units;
      if (transposed)
        factor_[part].emplace(product::Matrix<T>{data, 1, row}, columns, units);
      else
        factor_[part].emplace(product::Matrix<T>{data, row, 1}, units, columns);
    }
  }

  // z[i] += (h[i] masked) kernel for the samples sample, ..., sample + rows - 1, whose h begin at h + i * h_row.
  void forward(Index sample, Index rows, const T* h, Index h_row, T* z, Index z_row, T* scratch) const {
    if (mask_ == nullptr) return factor_[0]->add_product(rows, h, h_row, z, z_row);
    for (Index part = 0; part < parts_; ++part) {
      const T* const mask = mask_ + (part * batch_ + sample) * units_;
      for (Index i = 0; i < rows; ++i)
        for (Index j = 0; j < units_; ++j) scratch[i * units_ + j] = h[i * h_row + j] * mask[i * units_ + j];
      factor_[part]->add_product(rows, scratch, units_, z + part * units_, z_row);
    }
  }

  // dh[i] += (dz[i] kernel^T) masked
  void backward(Index sample, Index rows, const T* dz, Index dz_row, T* dh, T* scratch) const {
    if (mask_ == nullptr) return factor_[0]->add_product(rows, dz, dz_row, dh, units_);
    for (Index part = 0; part < parts_; ++part) {
      const T* const mask = mask_ + (part * batch_ + sample) * units_;
      for (Index i = 0; i < rows * units_; ++i) scratch[i] = 0;
      factor_[part]->add_product(rows, dz + part * units_, dz_row, scratch, units_);
      for (Index i = 0; i < rows * units_; ++i) dh[i] += scratch[i] * mask[i];
    }
  }

 private:
  Index units_, batch_, parts_;
  const T* mask_;
  std::optional<Factor<T>> factor_[4];
};

// Calls body(sample, rows) for groups of samples, in parallel: enough groups for the threads, and as large as that
// allows, so that few passes over the packed kernel are made. At most 48 samples, so that their gates stay in the L2
// cache. Little arithmetic is not worth a second thread.
template <class T, class Body>
void each_group(const RecurrenceShape& shape, Index gates, const Body& body) {
  const double work = 2.0 * static_cast<double>(shape.batch * shape.steps) *
                      static_cast<double>(gates * shape.units * shape.units);
  const Index threads = work < product::Plan<T>::kSerial ? 1 : num_threads();
  const Index rows = min(48, max(1, ceil_div(shape.batch, threads)));
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
