// Softmax along rows: x[rows][classes]. The largest element of a row is subtracted first, so that no exponential
// overflows.
//
// With few classes a row is hardly longer than a vector. Then kRowsPerTile rows at a time are transposed, so that a
// lane holds a row and no sum runs across lanes: (128, 10) takes 1.9 us, row by row 9.3 us (AVX-512). With many
// classes, a lane holds a column.
#pragma once

#include "kernels.h"
#include "kernels/helpers.h"
#include "kernels/lanes.h"
#include "kernels/elementwise/math.h"

namespace tinynet::TINYNET_ISA {
namespace {

constexpr Index kRowsPerTile = 32;  // two AVX-512 vectors: the second hides the first one's latency
constexpr Index kTileClasses = 64;  // 8 KB of floats; longer rows fill vectors on their own
constexpr Index kRowLanes = 32;

// About 10,000 exponentials per block, about 5 us; a whole number of tiles.
inline Index softmax_grain(Index classes) {
  const Index rows = 10000 / (classes + 1) + 1;
  return helpers::ceil_div(rows, kRowsPerTile) * kRowsPerTile;
}

// Sums and maxima over a row in kRowLanes interleaved parts: a fixed order that vectorises.
template <class T, class Value>
inline T row_sum(Index size, const Value& value) {
  if (size < kRowLanes) {
    T sum = 0;
    for (Index k = 0; k < size; ++k) sum += value(k);
    return sum;
  }
  T lanes[kRowLanes] = {};
  Index k = 0;
  for (; k + kRowLanes <= size; k += kRowLanes)
    for (Index lane = 0; lane < kRowLanes; ++lane) lanes[lane] += value(k + lane);
  for (; k < size; ++k) lanes[k % kRowLanes] += value(k);
  for (Index width = kRowLanes / 2; width >= VectorOf<T>::lanes; width /= 2)
    for (Index lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  return sum_of_lanes<T>(load(lanes));
}

// May miss a NaN, which the exponentials propagate anyway.
template <class T>
inline T row_max(const T* x, Index size) {
  T lanes[kRowLanes];
  for (Index lane = 0; lane < kRowLanes; ++lane) lanes[lane] = x[lane < size ? lane : 0];
  Index k = kRowLanes;
  for (; k + kRowLanes <= size; k += kRowLanes)
    for (Index lane = 0; lane < kRowLanes; ++lane) lanes[lane] = math::max(lanes[lane], x[k + lane]);
  for (; k < size; ++k) lanes[0] = math::max(lanes[0], x[k]);
  for (Index width = kRowLanes / 2; width >= VectorOf<T>::lanes; width /= 2)
    for (Index lane = 0; lane < width; ++lane) lanes[lane] = math::max(lanes[lane], lanes[lane + width]);
  return largest_lane<T>(load(lanes));
}

// Softmax of rows [begin, end) into y. Calls finish(row, max, log of the sum) for each row when its y is complete.
template <class T, class Finish>
inline void softmax_rows(const T* x, T* y, Index begin, Index end, Index classes, const Finish& finish) {
  if (classes > kTileClasses) {
    for (Index row = begin; row < end; ++row) {
      const T* const from = x + row * classes;
      T* const to = y + row * classes;
      const T largest = row_max(from, classes);
      for (Index k = 0; k < classes; ++k) to[k] = math::exp(from[k] - largest);
      const T sum = row_sum<T>(classes, [=](Index k) { return to[k]; });
      const T scale = T(1) / sum;
      for (Index k = 0; k < classes; ++k) to[k] *= scale;
      finish(row, largest, math::log(sum));
    }
    return;
  }
  T tile[kTileClasses][kRowsPerTile];  // tile[class][row]
  T largest[kRowsPerTile], sum[kRowsPerTile];
  for (Index first = begin; first < end; first += kRowsPerTile) {
    const Index rows = end - first < kRowsPerTile ? end - first : kRowsPerTile;
    for (Index r = 0; r < kRowsPerTile; ++r) {
      const T* const from = x + (first + (r < rows ? r : 0)) * classes;  // the last tile is padded with copies
      for (Index k = 0; k < classes; ++k) tile[k][r] = from[k];
    }
    for (Index r = 0; r < kRowsPerTile; ++r) largest[r] = tile[0][r], sum[r] = 0;
    for (Index k = 1; k < classes; ++k)
      for (Index r = 0; r < kRowsPerTile; ++r) largest[r] = math::max(largest[r], tile[k][r]);
    for (Index k = 0; k < classes; ++k)
      for (Index r = 0; r < kRowsPerTile; ++r) tile[k][r] = math::exp(tile[k][r] - largest[r]);
    // A separate loop: otherwise exp's last multiplication is fused with the sum, and the bits of a row depend on the
    // number of rows.
    for (Index k = 0; k < classes; ++k)
      for (Index r = 0; r < kRowsPerTile; ++r) sum[r] += tile[k][r];
    T scale[kRowsPerTile];
    for (Index r = 0; r < kRowsPerTile; ++r) scale[r] = T(1) / sum[r];
    for (Index r = 0; r < kRowsPerTile; ++r) sum[r] = math::log(sum[r]);
    for (Index k = 0; k < classes; ++k)
      for (Index r = 0; r < kRowsPerTile; ++r) tile[k][r] *= scale[r];
    for (Index r = 0; r < rows; ++r) {
      T* const to = y + (first + r) * classes;
      for (Index k = 0; k < classes; ++k) to[k] = tile[k][r];
    }
    for (Index r = 0; r < rows; ++r) finish(first + r, largest[r], sum[r]);
  }
}

template <class T>
void softmax_forward(const T* x, T* y, Index rows, Index classes) {
  if (classes == 0) return;
  parallel_for(rows, softmax_grain(classes), [=](Index begin, Index end) {
    softmax_rows(x, y, begin, end, classes, [](Index, T, T) {});
  });
}

// dx = y (dy - sum dy y)
template <class T>
void softmax_backward(const T* dy, const T* y, T* dx, Index rows, Index classes) {
  parallel_for(rows, softmax_grain(classes), [=](Index begin, Index end) {
    for (Index i = begin * classes; i < end * classes; i += classes) {
      const T mean = row_sum<T>(classes, [=](Index k) { return dy[i + k] * y[i + k]; });
      for (Index k = 0; k < classes; ++k) dx[i + k] = y[i + k] * (dy[i + k] - mean);
    }
  });
}

template <class T>
void log_softmax_forward(const T* x, T* y, Index rows, Index classes) {
  if (classes == 0) return;
  parallel_for(rows, softmax_grain(classes), [=](Index begin, Index end) {
    softmax_rows(x, y, begin, end, classes, [=](Index row, T largest, T log_sum) {
      for (Index i = row * classes; i < (row + 1) * classes; ++i) y[i] = (x[i] - largest) - log_sum;
    });
  });
}

// dx = dy - e^y sum dy
template <class T>
void log_softmax_backward(const T* dy, const T* y, T* dx, Index rows, Index classes) {
  parallel_for(rows, softmax_grain(classes), [=](Index begin, Index end) {
    for (Index i = begin * classes; i < end * classes; i += classes) {
      const T total = row_sum<T>(classes, [=](Index k) { return dy[i + k]; });
      for (Index k = 0; k < classes; ++k) dx[i + k] = dy[i + k] - math::exp(y[i + k]) * total;
    }
  });
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
