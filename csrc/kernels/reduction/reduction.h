// Sums, maxima and minima over one axis: y[o][i] = reduction over r of x[o][r][i]; tinynet/ops/reduction.py.
//
// Every reduction over several axes is a chain of these (csrc/bindings/reduction.cpp).
//
// Sums are pairwise: leaves of a few hundred terms, whose sums are added as a balanced tree. The error then grows like
// the logarithm of the number of terms instead of like the number. Leaves, blocks and the tree depend on sizes alone,
// so any number of threads and any instruction set give the same bits.
#pragma once

#include "kernels.h"
#include "kernels/helpers.h"
#include "simd.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace reduction {

using helpers::ceil_div;
using helpers::min;

struct Sum {
  template <class T>
  static constexpr T identity() { return T(0); }
  template <class V>
  static V combine(V a, V b) { return a + b; }
};
// If either side is NaN, the result is NaN. This is written as two selections so that it compiles to max and blend: a
// branch that depends on random data takes ten times as long.
struct Max {
  template <class T>
  static constexpr T identity() { return -T(__builtin_inf()); }
  template <class T>
  static T combine(T a, T b) {
    const T larger = a > b ? a : b;  // b if either is NaN
    return a != a ? a : larger;
  }
};
struct Min {
  template <class T>
  static constexpr T identity() { return T(__builtin_inf()); }
  template <class T>
  static T combine(T a, T b) {
    const T smaller = a < b ? a : b;
    return a != a ? a : smaller;
  }
};

template <class R, class T>
inline Vec<T> combine(Vec<T> a, Vec<T> b) {
  if constexpr (__is_same(R, Sum)) {
    return a + b;
  } else if constexpr (__is_same(R, Max)) {
    return ((a < b) | (b != b)) ? b : a;
  } else {
    return ((a > b) | (b != b)) ? b : a;
  }
}

constexpr Index kReductionGrain = 32768;  // elements per block: about 2 us of work if they are in the cache
constexpr Index kLanes = 32;              // running values of a leaf, for any vector width
constexpr Index kLeaf = 16 * kLanes;      // terms of a leaf along a row
constexpr Index kLeafRows = 16;           // terms of a leaf down a column
constexpr Index kMaxDepth = 64;           // levels of the tree: 2^63 rows

// --- along a row (inner == 1) ------------------------------------------------------------------------------------

// GCC 12 for aarch64 warns of what the last loop would do after 2^61 terms.
#pragma GCC diagnostic push
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Waggressive-loop-optimizations"
#endif
template <class R, class T>
inline T reduce_leaf(const T* x, Index size) {  // x[size], size <= kLeaf
  T result = R::template identity<T>();
  Index i = 0;
  if (size >= kLanes) {
    constexpr int width = VectorOf<T>::lanes;
    constexpr int vectors = kLanes / width;
    Vec<T> running[vectors];
    for (int v = 0; v < vectors; ++v) running[v] = load(x + v * width);
    for (i = kLanes; i + kLanes <= size; i += kLanes)
      for (int v = 0; v < vectors; ++v) running[v] = combine<R, T>(running[v], load(x + i + v * width));
    T lane[kLanes];
    for (int v = 0; v < vectors; ++v) store(lane + v * width, running[v]);
    for (Index half = kLanes / 2; half > 0; half /= 2)
      for (Index j = 0; j < half; ++j) lane[j] = R::combine(lane[j], lane[j + half]);
    result = lane[0];
  }
  for (; i < size; ++i) result = R::combine(result, x[i]);
  return result;
}
#pragma GCC diagnostic pop

template <class R, class T>
T reduce_row(const T* x, Index size) {  // x[size]
  if (size <= kLeaf) return reduce_leaf<R>(x, size);
  const Index half = (size / 2 + kLeaf - 1) / kLeaf * kLeaf;
  return R::combine(reduce_row<R>(x, half), reduce_row<R>(x + half, size - half));
}

template <class R, class T>
void reduce_rows(const T* x, T* y, Index outer, Index size, T divisor) {  // x[outer][size] -> y[outer]
  const Index blocks = ceil_div(size, kReductionGrain);
  if (blocks <= 1) {
    const Index grain = size > 0 ? ceil_div(kReductionGrain, size) : outer;
    parallel_for(outer, grain, [=](Index begin, Index end) {
      for (Index o = begin; o < end; ++o) y[o] = reduce_row<R>(x + o * size, size) / divisor;
    });
    return;
  }
  const helpers::Scratch<T> memory(outer * blocks);
  T* const partial = memory;  // partial[outer][blocks]
  parallel_for(outer * blocks, 1, [=](Index begin, Index end) {
    for (Index item = begin; item < end; ++item) {
      const Index start = item % blocks * kReductionGrain;
      const Index length = min(size - start, kReductionGrain);
      partial[item] = reduce_row<R>(x + item / blocks * size + start, length);
    }
  });
  for (Index o = 0; o < outer; ++o) y[o] = reduce_row<R>(partial + o * blocks, blocks) / divisor;
}

// --- down a column (inner > 1) -----------------------------------------------------------------------------------

// One strip of `vectors` x lanes columns, starting at x, with rows `stride` apart and rows >= 1. Leaves have kLeafRows
// rows. A finished leaf is merged with its neighbours in the way that carries propagate in a binary counter, so the
// tree is balanced.
template <class R, class T, int vectors>
inline void reduce_strip(const T* x, T* y, Index rows, Index stride) {
  constexpr int width = VectorOf<T>::lanes;
  Vec<T> pending[kMaxDepth][vectors];  // pending[d] covers 2^d leaves
  int depth = 0;
  Vec<T> running[vectors];
  Index row = 0, leaf = 1;
  do {
    const Index end = row + kLeafRows < rows ? row + kLeafRows : rows;
    for (int v = 0; v < vectors; ++v) running[v] = load(x + row * stride + v * width);
    for (Index r = row + 1; r < end; ++r)
      for (int v = 0; v < vectors; ++v) running[v] = combine<R, T>(running[v], load(x + r * stride + v * width));
    for (Index carry = leaf; carry % 2 == 0; carry /= 2, --depth)
      for (int v = 0; v < vectors; ++v) running[v] = combine<R, T>(pending[depth - 1][v], running[v]);
    for (int v = 0; v < vectors; ++v) pending[depth][v] = running[v];
    ++depth, ++leaf, row += kLeafRows;
  } while (row < rows);
  for (int d = depth - 2; d >= 0; --d)
    for (int v = 0; v < vectors; ++v) running[v] = combine<R, T>(pending[d][v], running[v]);
  for (int v = 0; v < vectors; ++v) store(y + v * width, running[v]);
}

// The same for one column, with the same tree.
template <class R, class T>
inline T reduce_column(const T* x, Index rows, Index stride) {
  T pending[kMaxDepth];
  int depth = 0;
  T running;
  Index row = 0, leaf = 1;
  do {
    const Index end = row + kLeafRows < rows ? row + kLeafRows : rows;
    running = x[row * stride];
    for (Index r = row + 1; r < end; ++r) running = R::combine(running, x[r * stride]);
    for (Index carry = leaf; carry % 2 == 0; carry /= 2, --depth) running = R::combine(pending[depth - 1], running);
    pending[depth] = running;
    ++depth, ++leaf, row += kLeafRows;
  } while (row < rows);
  for (int d = depth - 2; d >= 0; --d) running = R::combine(pending[d], running);
  return running;
}

// x[rows][stride] -> y[columns]. The first `columns` of each row are read. rows >= 1.
template <class R, class T>
void reduce_columns(const T* x, T* y, Index rows, Index columns, Index stride) {
  constexpr Index width = VectorOf<T>::lanes;
  Index c = 0;
  for (; c + 4 * width <= columns; c += 4 * width) reduce_strip<R, T, 4>(x + c, y + c, rows, stride);
  for (; c + width <= columns; c += width) reduce_strip<R, T, 1>(x + c, y + c, rows, stride);
  if (c < columns && columns >= width) {  // the last vector covers some finished columns again: same values
    reduce_strip<R, T, 1>(x + columns - width, y + columns - width, rows, stride);
    return;
  }
  for (; c < columns; ++c) y[c] = reduce_column<R>(x + c, rows, stride);
}

// Narrow rows, such as the 10 columns of class scores, do not fill a vector. So `group` consecutive rows form one wide
// row, and the groups are merged at the end.
constexpr Index kWide = 64;

template <class R, class T>
void reduce_block(const T* x, T* y, Index rows, Index columns, Index stride) {
  Index group = 1;
  if (columns == stride)
    while (group * columns < kWide) group *= 2;
  if (group == 1 || rows < 2 * group) return reduce_columns<R>(x, y, rows, columns, stride);
  T wide[2 * kWide];  // wide[group][columns]
  const Index wide_rows = rows / group;
  reduce_columns<R>(x, wide, wide_rows, group * columns, group * columns);
  for (Index half = group / 2; half > 0; half /= 2)
    for (Index j = 0; j < half * columns; ++j) wide[j] = R::combine(wide[j], wide[j + half * columns]);
  for (Index c = 0; c < columns; ++c) y[c] = wide[c];
  for (Index r = wide_rows * group; r < rows; ++r)
    for (Index c = 0; c < columns; ++c) y[c] = R::combine(y[c], x[r * columns + c]);
}

template <class R, class T>
void reduce_inner(const T* x, T* y, Index outer, Index size, Index inner, T divisor) {
  // The work is cut into (outer, block of rows, chunk of columns).
  constexpr Index kChunk = 1024;
  const Index columns = min(inner, kChunk);
  const Index rows = kReductionGrain / columns;
  const Index blocks = ceil_div(size, rows);
  const Index chunks = ceil_div(inner, columns);
  const Index grain = ceil_div(kReductionGrain, size * columns);
  const helpers::Scratch<T> memory(blocks > 1 ? outer * blocks * inner : 0);
  T* const partial = blocks > 1 ? memory : y;  // partial[outer][blocks][inner]
  parallel_for(outer * blocks * chunks, grain, [=](Index begin, Index end) {
    for (Index item = begin; item < end; ++item) {
      const Index chunk = item % chunks, block = item / chunks % blocks, o = item / chunks / blocks;
      const Index first = chunk * columns, width = min(inner - first, columns);
      const Index row = block * rows, height = min(size - row, rows);
      T* const out = partial + (o * blocks + block) * inner + first;
      reduce_block<R>(x + (o * size + row) * inner + first, out, height, width, inner);
      if (blocks == 1 && divisor != 1)
        for (Index c = 0; c < width; ++c) out[c] /= divisor;
    }
  });
  if (blocks == 1) return;
  for (Index o = 0; o < outer; ++o) {
    reduce_columns<R>(partial + o * blocks * inner, y + o * inner, blocks, inner, inner);
    for (Index i = 0; i < inner; ++i) y[o * inner + i] /= divisor;
  }
}

template <class R, class T>
void reduce_with(const T* x, T* y, Index outer, Index size, Index inner, T divisor) {
  if (size == 0) {
    for (Index i = 0; i < outer * inner; ++i) y[i] = R::template identity<T>() / divisor;
    return;
  }
  if (inner == 1) return reduce_rows<R>(x, y, outer, size, divisor);
  reduce_inner<R>(x, y, outer, size, inner, divisor);
}

}  // namespace reduction

template <class T>
void reduce(Reduction which, const T* x, T* y, Index outer, Index size, Index inner, T divisor) {
  using namespace reduction;
  if (outer == 0 || inner == 0) return;
  switch (which) {
    case Reduction::sum:
      return reduce_with<Sum>(x, y, outer, size, inner, divisor);
    case Reduction::max:
      return reduce_with<Max>(x, y, outer, size, inner, divisor);
    case Reduction::min:
      return reduce_with<Min>(x, y, outer, size, inner, divisor);
  }
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
