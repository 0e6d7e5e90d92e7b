// The register tile of all convolutions: a small matrix product whose left factor is read from its place in the image.
//
//   C[i][j] = start[i][j] + sum over segments s, sum over k < length[s] of a[offset[s] + row[i] + k*step] * B[k'][j]
//
// k' counts on through all segments. `row` holds the offset of pixel i (forward pass) or of weight row i (weight
// gradient). A segment is a run of equal steps: the channels of one tap, or the pixels of one output row. So patches
// are never materialised; the image itself is the matrix.
#pragma once

#include "kernels.h"
#include "simd.h"

namespace tinynet::TINYNET_ISA {
namespace {

// 12x2 vectors: 24 accumulators, 2 of B and 1 of A fit 32 registers; 6x2 fit 16. An FMA has a latency of 4 cycles and
// two start per cycle, so at least 8 independent sums must be in flight.
#if TINYNET_VECTOR_BYTES == 64 || defined(__aarch64__)
constexpr int kTileRows = 12;
#else
constexpr int kTileRows = 6;
#endif
constexpr int kTileVectors = 2;

template <class T>
constexpr int kPanel = kTileVectors * VectorOf<T>::lanes;  // columns of a tile

struct Segment {
  Index offset;  // from the tile's base, in elements
  Index length;
};

// The arguments of a tile, except for its numbers of rows and columns.
template <class T>
struct TileInput {
  const T* a;
  const Index* row;  // [rows]
  Index step;
  const Segment* segments;
  Index segment_count;
  const T* b;  // b[k'][b_stride]; whole vectors are readable
  Index b_stride;
};

template <class T>
struct TileOutput {
  T* c;
  const Index* row;  // c + row[i] is C[i][0]
  Index columns;     // columns to be stored
  const T* bias;     // [columns], or null; whole vectors are readable
  bool accumulate;   // add to C instead of overwriting it
  bool relu;
};

// Stores the first `columns` lanes and does not touch the others. load_columns() loads them and returns 0 in the
// others.
template <class T>
inline void store_columns(T* memory, Vec<T> value, Index columns) {
  if (columns >= VectorOf<T>::lanes) return store(memory, value);
  FirstLanes<T>(columns).store(memory, value);
}

template <class T>
inline Vec<T> load_columns(const T* memory, Index columns) {
  if (columns >= VectorOf<T>::lanes) return load(memory);
  return FirstLanes<T>(columns).load(memory);
}

template <class T, int rows, int vectors>
void tile(const TileInput<T>& in, const TileOutput<T>& out) {
  constexpr int lanes = VectorOf<T>::lanes;
  Vec<T> sum[rows][vectors];
  if (out.accumulate) {
#pragma GCC unroll 12
    for (int i = 0; i < rows; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v)
        sum[i][v] = load_columns(out.c + out.row[i] + v * lanes, out.columns - v * lanes);
  } else {
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) {
      const Vec<T> start = out.bias != nullptr ? load(out.bias + v * lanes) : Vec<T>{};
#pragma GCC unroll 12
      for (int i = 0; i < rows; ++i) sum[i][v] = start;
    }
  }
  // Prefetches the cache lines of C while the sums are computed: up to 1.6 times as fast for a short sum.
  if (!out.accumulate) {
#pragma GCC unroll 12
    for (int i = 0; i < rows; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) __builtin_prefetch(out.c + out.row[i] + v * lanes, 1);
  }
  const T* b = in.b;
  Index row[rows];
#pragma GCC unroll 12
  for (int i = 0; i < rows; ++i) row[i] = in.row[i];
  for (Index s = 0; s < in.segment_count; ++s) {
    const T* a = in.a + in.segments[s].offset;
    for (Index k = in.segments[s].length; k > 0; --k) {
      Vec<T> bv[vectors];
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) bv[v] = load(b + v * lanes);
#pragma GCC unroll 12
      for (int i = 0; i < rows; ++i) {
        const Vec<T> av = broadcast(a[row[i]]);
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) sum[i][v] += av * bv[v];
      }
      a += in.step;
      b += in.b_stride;
    }
  }
#pragma GCC unroll 12
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) {
      Vec<T> value = sum[i][v];
      if (out.relu) value = value < Vec<T>{} ? Vec<T>{} : value;  // NaN stays NaN
      store_columns(out.c + out.row[i] + v * lanes, value, out.columns - v * lanes);
    }
}

template <class T>
using Tile = void (*)(const TileInput<T>&, const TileOutput<T>&);

// The tile for `rows` (1 to kTileRows) and `columns` (1 to kPanel<T>).
template <class T>
inline Tile<T> tile_for(Index rows, Index columns) {
#if TINYNET_VECTOR_BYTES == 64 || defined(__aarch64__)
  static constexpr Tile<T> tiles[kTileVectors][kTileRows] = {
      {tile<T, 1, 1>, tile<T, 2, 1>, tile<T, 3, 1>, tile<T, 4, 1>, tile<T, 5, 1>, tile<T, 6, 1>, tile<T, 7, 1>,
       tile<T, 8, 1>, tile<T, 9, 1>, tile<T, 10, 1>, tile<T, 11, 1>, tile<T, 12, 1>},
      {tile<T, 1, 2>, tile<T, 2, 2>, tile<T, 3, 2>, tile<T, 4, 2>, tile<T, 5, 2>, tile<T, 6, 2>, tile<T, 7, 2>,
       tile<T, 8, 2>, tile<T, 9, 2>, tile<T, 10, 2>, tile<T, 11, 2>, tile<T, 12, 2>}};
#else
  static constexpr Tile<T> tiles[kTileVectors][kTileRows] = {
      {tile<T, 1, 1>, tile<T, 2, 1>, tile<T, 3, 1>, tile<T, 4, 1>, tile<T, 5, 1>, tile<T, 6, 1>},
      {tile<T, 1, 2>, tile<T, 2, 2>, tile<T, 3, 2>, tile<T, 4, 2>, tile<T, 5, 2>, tile<T, 6, 2>}};
#endif
  return tiles[columns > VectorOf<T>::lanes ? 1 : 0][rows - 1];
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
