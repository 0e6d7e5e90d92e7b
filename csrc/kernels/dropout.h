// Dropout with a mask that is never stored: element i is kept or not by 16 random bits that depend on i, the seed and
// the offset alone, so the backward pass makes them once more.
#pragma once

#include <cstring>

#include "kernels/philox.h"

namespace tinynet::TINYNET_ISA {
namespace {

// y = x * scale where the number is at least the threshold, else 0: a vector of numbers, as many elements.
inline void drop(const float* x, float* y, Numbers numbers, std::int32_t threshold, float scale) {
  store(y, numbers >= threshold ? load(x) * scale : Vec<float>{});
}
inline void drop(const double* x, double* y, Numbers numbers, std::int32_t threshold, double scale) {
  typedef std::int32_t Half __attribute__((vector_size(TINYNET_VECTOR_BYTES / 2)));
  typedef std::int64_t Mask __attribute__((vector_size(TINYNET_VECTOR_BYTES)));
  Half half[2];
  std::memcpy(half, &numbers, sizeof half);
  for (int h = 0; h < 2; ++h) {
    const Mask kept = __builtin_convertvector(half[h], Mask) >= threshold;
    store(y + h * kWordLanes, kept ? load(x + h * kWordLanes) * scale : Vec<double>{});
  }
}

// Elements [256 group, 256 group + 256).
template <class T>
__attribute__((noinline)) void dropout_group(const T* x, T* y, Word group, std::int32_t threshold, T scale, Word seed,
                                             Word offset) {
  philox(group * kPhiloxBlocks, seed, offset, [=](int n, Numbers numbers) __attribute__((always_inline)) {
    drop(x + n, y + n, numbers, threshold, scale);
  });
}

template <class T>
void dropout(const T* x, T* y, Index size, double rate, std::uint64_t seed, std::uint64_t offset) {
  const std::int32_t threshold = static_cast<std::int32_t>(rate * 65536 + 0.5);
  const T scale = rate < 1 ? T(1 / (1 - rate)) : T(0);
  constexpr Index kGroup = kPhiloxNumbers;
  parallel_for(size, 64 * kGroup, [=](Index begin, Index end) {
    for (Index i = begin; i < end; i += kGroup) {
      const Word group = static_cast<Word>(i / kGroup);
      if (i + kGroup <= end) {
        dropout_group(x + i, y + i, group, threshold, scale, seed, offset);
      } else {
        T rest[kGroup] = {};
        for (Index k = i; k < end; ++k) rest[k - i] = x[k];
        dropout_group(rest, rest, group, threshold, scale, seed, offset);
        for (Index k = i; k < end; ++k) y[k] = rest[k - i];
      }
    }
  });
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
