// The inner loop of the matrix product: a small tile of C, kept in registers while A and B are streamed.
//
//   C[i][j] (+)= sum over k of  A[row[i] + k*a_step] * B[k*b_step + j]
//
// A is loaded one element at a time, so it may have any strides: a transposed matrix need not be copied first. B is
// loaded in vectors, so its rows must be contiguous. (Convolution has its own tile, conv2d_tile.h, whose sum runs over
// pieces of an image.)
//
// Each element of C is one chain of multiply-adds in the order of k. Its bits depend neither on the tile that contains
// it nor on the thread that computes it.
#pragma once

#include "simd.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace product {

// The CPU starts two multiply-adds per cycle and finishes each after four, so at least eight must be in flight. Each
// loaded vector of B and element of A should serve many of them. 32 registers hold 12x2 accumulators, 2 vectors of B
// and 1 of A to spare; 16 registers hold 6x2 accumulators and the same.
template <class T>
struct Tile {
#if defined(__AVX512F__) || defined(__aarch64__)
  static constexpr int rows = 12;
#else
  static constexpr int rows = 6;
#endif
  static constexpr bool low = rows < 12;
  static constexpr int vectors = 2;
  static constexpr int lanes = VectorOf<T>::lanes;
  static constexpr int columns = vectors * lanes;
};

// The factors of a tile, and where the result is stored.
template <class T>
struct TileProduct {
  const T* a;
  const Index* a_row;   // offset of each row of the tile in A; null for a packed panel, whose rows are adjacent
  Index a_step;         // from k to k + 1
  const T* b;
  Index b_step;
  Index depth;          // number of terms of the sum over k
  T* c;
  const Index* c_row;   // offset of each row of the tile in C
  bool accumulate;      // add to the stored C
  const T* bias;        // then add bias[j], unless null
  bool relu;            // then apply max(0, .), if set
};

template <class T, int rows, int vectors, bool partial, bool packed>
__attribute__((noinline)) void compute_tile(const TileProduct<T>& p, Index columns) {
  constexpr int lanes = VectorOf<T>::lanes;
  constexpr int last = vectors - 1;
  const FirstLanes<T> edge(columns - last * lanes);  // the valid lanes of the last vector, if it is partial
  const auto load_columns = [&](const T* memory, Vec<T>(&values)[vectors]) __attribute__((always_inline)) {
    for (int v = 0; v < last; ++v) values[v] = load(memory + v * lanes);
    values[last] = partial ? edge.load(memory + last * lanes) : load(memory + last * lanes);
  };

  // A packed panel needs one pointer. Twelve do not fit into 16 registers: with twelve, 1024x1024x1024 takes 8% longer.
  const T* row[rows];
  for (int i = 0; i < rows; ++i) row[i] = packed ? p.a + i : p.a + p.a_row[i];
  const Index a_step = p.a_step, b_step = p.b_step, depth = p.depth;
  Vec<T> sum[rows][vectors] = {};
  // Prefetches the cache lines of C while the sums are computed.
  if (Tile<T>::low) {
#pragma GCC unroll 6
    for (int i = 0; i < rows; ++i)
      for (int v = 0; v < vectors; ++v) __builtin_prefetch(p.c + p.c_row[i] + v * lanes, 1);
  }
  const T* b = p.b;
  for (Index k = 0, offset = 0; k < depth; ++k, offset += a_step, b += b_step) {
    Vec<T> values[vectors];
    load_columns(b, values);
    for (int i = 0; i < rows; ++i) {
      const Vec<T> a = broadcast(packed ? p.a[offset + i] : row[i][offset]);
      for (int v = 0; v < vectors; ++v) sum[i][v] += a * values[v];
    }
  }

  Vec<T> bias[vectors] = {};
  if (p.bias != nullptr) load_columns(p.bias, bias);
#pragma GCC unroll 12  // a loop would spill all sums to the stack, to index them
  for (int i = 0; i < rows; ++i) {
    T* const c = p.c + p.c_row[i];
    if (p.accumulate) {
      Vec<T> before[vectors];
      load_columns(c, before);
      for (int v = 0; v < vectors; ++v) sum[i][v] += before[v];
    }
    if (p.bias != nullptr)
      for (int v = 0; v < vectors; ++v) sum[i][v] += bias[v];
    if (p.relu)
      for (int v = 0; v < vectors; ++v) sum[i][v] = sum[i][v] < 0 ? Vec<T>{} : sum[i][v];  // NaN stays NaN
    for (int v = 0; v < last; ++v) store(c + v * lanes, sum[i][v]);
    if (partial)
      edge.store(c + last * lanes, sum[i][last]);
    else
      store(c + last * lanes, sum[i][last]);
  }
}

// One row of A by `panels` panels of B, which are `panel` elements apart. A tile of one row is the sums of two vectors,
// each of which waits four cycles for its last term; those of four panels fill the multipliers. Each element is the same
// chain as in a tile.
template <class T, int panels>
__attribute__((noinline)) void compute_row(const TileProduct<T>& p, Index panel) {
  constexpr int vectors = Tile<T>::vectors, lanes = Tile<T>::lanes;
  Vec<T> sum[panels][vectors] = {};
  const T *a = p.a_row != nullptr ? p.a + p.a_row[0] : p.a, *b = p.b;
  const Index a_step = p.a_step, b_step = p.b_step;
  for (Index k = 0; k < p.depth; ++k, a += a_step, b += b_step) {
    const Vec<T> value = broadcast(*a);
#pragma GCC unroll 4
    for (int i = 0; i < panels; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) sum[i][v] += value * load(b + i * panel + v * lanes);
  }
#pragma GCC unroll 4
  for (int i = 0; i < panels; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) {
      const Index at = (i * vectors + v) * lanes;
      T* const c = p.c + p.c_row[0] + at;
      if (p.accumulate) sum[i][v] += load(c);
      if (p.bias != nullptr) sum[i][v] += load(p.bias + at);
      if (p.relu) sum[i][v] = sum[i][v] < 0 ? Vec<T>{} : sum[i][v];  // NaN stays NaN
      store(c, sum[i][v]);
    }
}

// How many panels the row of a product of one row is multiplied by together, if `columns` are left: 4, 2 or 1.
template <class T>
inline Index panels_together(Index rows, Index columns) {
  return rows > 1 ? 1 : columns >= 4 * Tile<T>::columns ? 4 : columns >= 2 * Tile<T>::columns ? 2 : 1;
}

// Computes a tile of 1 <= rows <= Tile<T>::rows by 1 <= columns <= Tile<T>::columns.
template <class T, int max_rows = Tile<T>::rows>
inline void compute_tile(const TileProduct<T>& p, int rows, Index columns) {
  if constexpr (max_rows > 1)
    if (rows < max_rows) return compute_tile<T, max_rows - 1>(p, rows, columns);
  if (columns == Tile<T>::columns)
    p.a_row != nullptr ? compute_tile<T, max_rows, 2, false, false>(p, columns)
                       : compute_tile<T, max_rows, 2, false, true>(p, columns);
  else if (columns > Tile<T>::lanes)
    p.a_row != nullptr ? compute_tile<T, max_rows, 2, true, false>(p, columns)
                       : compute_tile<T, max_rows, 2, true, true>(p, columns);
  else
    p.a_row != nullptr ? compute_tile<T, max_rows, 1, true, false>(p, columns)
                       : compute_tile<T, max_rows, 1, true, true>(p, columns);
}

// The same for several panels of B: as many as panels_together() gives, `panel` elements apart. Then there is one row.
template <class T>
inline void compute_panels(const TileProduct<T>& p, int rows, Index columns, Index panels, Index panel) {
  if (panels == 4) return compute_row<T, 4>(p, panel);
  if (panels == 2) return compute_row<T, 2>(p, panel);
  compute_tile(p, rows, columns < Tile<T>::columns ? columns : Tile<T>::columns);
}

}  // namespace product
}  // namespace
}  // namespace tinynet::TINYNET_ISA
