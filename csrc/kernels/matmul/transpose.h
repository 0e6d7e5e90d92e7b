// Transposes a square of vectors in registers, in log2(lanes) rounds. Each round exchanges blocks.
#pragma once

#include "simd.h"

namespace tinynet::TINYNET_ISA {
namespace {

// Exchanges the off-diagonal blocks of `distance` x `distance` in a square of lanes x lanes.
template <class T, int distance>
inline void exchange_blocks(Vec<T>* rows) {
  constexpr int lanes = VectorOf<T>::lanes;
  Lanes<T> upper{}, lower{};
  for (int j = 0; j < lanes; ++j) {
    upper[j] = j & distance ? lanes + j - distance : j;
    lower[j] = j & distance ? lanes + j : j + distance;
  }
  for (int i = 0; i < lanes; ++i)
    if ((i & distance) == 0) {
      const Vec<T> first = rows[i], second = rows[i + distance];
      rows[i] = shuffle<T>(first, second, upper);
      rows[i + distance] = shuffle<T>(first, second, lower);
    }
}

template <class T>
inline void transpose(Vec<T>* rows) {
  constexpr int lanes = VectorOf<T>::lanes;
  if constexpr (lanes > 8) exchange_blocks<T, 8>(rows);
  if constexpr (lanes > 4) exchange_blocks<T, 4>(rows);
  if constexpr (lanes > 2) exchange_blocks<T, 2>(rows);
  exchange_blocks<T, 1>(rows);
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
