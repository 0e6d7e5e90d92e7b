// One number from the lanes of a vector.
#pragma once

#include "simd.h"

namespace tinynet::TINYNET_ISA {
namespace {

// Combines the upper half of the lanes with the lower half, until one is left: log2(lanes) steps in registers. As a
// loop over an array in memory, the last steps are scalar, and a sum over a row of 64 floats takes 10 ns instead of 5.
template <class T, class Combine, int distance = VectorOf<T>::lanes / 2>
inline T across_lanes(Vec<T> v, const Combine& combine) {
  if constexpr (distance == 0) {
    return v[0];
  } else {
    Lanes<T> other{};
    for (int j = 0; j < VectorOf<T>::lanes; ++j) other[j] = (j + distance) % VectorOf<T>::lanes;
    return across_lanes<T, Combine, distance / 2>(combine(v, shuffle<T>(v, other)), combine);
  }
}

template <class T>
inline T sum_of_lanes(Vec<T> v) {
  return across_lanes<T>(v, [](Vec<T> a, Vec<T> b) { return a + b; });
}

// NaN in one lane may be lost.
template <class T>
inline T largest_lane(Vec<T> v) {
  return across_lanes<T>(v, [](Vec<T> a, Vec<T> b) { return a > b ? a : b; });
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
