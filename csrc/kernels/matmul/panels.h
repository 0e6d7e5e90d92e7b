// Products of a few rows with a matrix that many of them read: the recurrent kernel in every step of a sequence, the
// keys of a sample for all blocks of queries. The caller packs the matrix once.
//
// Each element is one chain of multiply-adds in the order of k (microkernel.h), so how rows are grouped changes no bit.
#pragma once

#include "kernels/matmul/matmul.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace product {

// The right factor of a product, in panels of columns: element (k, j) of panel p is data[p * panel + k * step + j].
template <class T>
struct Panels {
  static constexpr Index width = Tile<T>::columns;
  const T* data;
  Index panel, step;
};

// A matrix whose rows are contiguous, `row` elements apart, as it is.
template <class T>
Panels<T> panels_of_rows(const T* data, Index row) {
  return {data, Panels<T>::width, row};
}

// Elements that a packed matrix of k x n takes.
template <class T>
Index packed_size(Index k, Index n) {
  return ceil_div(n, Panels<T>::width) * Panels<T>::width * k;
}

// Packs a matrix of k x n, in any layout, into `to`: [panel][k][Panels::width].
template <class T>
Panels<T> pack_panels(const Matrix<T>& matrix, Index k, Index n, T* to) {
  constexpr Index width = Panels<T>::width;
  for (Index j = 0; j < n; j += width)
    pack_panel<T>(matrix.data + j * matrix.column, matrix.column, matrix.row, min(width, n - j), k, to + j * k, width);
  return {to, width * k, width};
}

// c[i][j] = sum over k < depth of a(i, k) b(k, j), added to c[i][j] if `accumulate`; i < m, j < n. Row i of c begins at
// i * c_row. On one thread.
template <class T>
void multiply_panels(Index m, Index n, Index depth, const Matrix<T>& a, const Panels<T>& b, T* c, Index c_row,
                     bool accumulate) {
  constexpr Index width = Panels<T>::width, most = Tile<T>::rows;
  if (m == 0) return;
  const Index height = ceil_div(m, ceil_div(m, most));
  Index a_rows[most], c_rows[most];
  for (Index i = 0; i < height; ++i) a_rows[i] = i * a.row, c_rows[i] = i * c_row;
  for (Index j = 0, panels; j < n; j += panels * width) {  // a panel stays in the L1 cache while the rows pass
    panels = panels_together<T>(m, n - j);
    for (Index i = 0; i < m; i += height)
      compute_panels(TileProduct<T>{a.data + i * a.row, a.row == 1 ? nullptr : a_rows, a.column,
                                    b.data + j / width * b.panel, b.step, depth, c + i * c_row + j, c_rows, accumulate,
                                    nullptr, false},
                     static_cast<int>(min(height, m - i)), n - j, panels, b.panel);
  }
}

}  // namespace product
}  // namespace
}  // namespace tinynet::TINYNET_ISA
