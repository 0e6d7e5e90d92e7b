// Dropout with a mask that is never stored. 16 random bits decide whether element i is kept. They depend on i, the seed
// and the offset alone, so the backward pass generates them again.
#pragma once

#include <cstring>

#include "kernels.h"
#include "kernels/elementwise/philox.h"

namespace tinynet::TINYNET_ISA {
namespace {

// y = x * scale where the number is at least the threshold, else 0, for one vector of numbers and as many elements.
inline void apply_dropout(const float* x, float* y, Numbers numbers, std::int32_t threshold, float scale) {
  store(y, numbers >= threshold ? load(x) * scale : Vec<float>{});
}
inline void apply_dropout(const double* x, double* y, Numbers numbers, std::int32_t threshold, double scale) {
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
    apply_dropout(x + n, y + n, numbers, threshold, scale);
  });
}

// Kept elements are multiplied by this.
template <class T>
T dropout_scale(double rate) {
  return rate < 1 ? T(1 / (1 - rate)) : T(0);
}

// Elements [begin, end); y may be x. A part of a group takes as long as the whole group. Element i uses the number
// mask.first + i.
template <class T>
void dropout_range(const T* x, T* y, Index begin, Index end, const Dropout& mask) {
  const std::int32_t threshold = static_cast<std::int32_t>(mask.rate * 65536 + 0.5);
  const T scale = dropout_scale<T>(mask.rate);
  constexpr Index kGroup = kPhiloxNumbers;
  for (Index group = (mask.first + begin) / kGroup; group * kGroup < mask.first + end; ++group) {
    const Index start = group * kGroup - mask.first, from = start > begin ? start : begin;
    const Index to = start + kGroup < end ? start + kGroup : end;
    const Word which = static_cast<Word>(group);
    if (to - from == kGroup) {
      dropout_group(x + start, y + start, which, threshold, scale, mask.seed, mask.offset);
    } else {
      T part[kGroup] = {};
      for (Index i = from; i < to; ++i) part[i - start] = x[i];
      dropout_group(part, part, which, threshold, scale, mask.seed, mask.offset);
      for (Index i = from; i < to; ++i) y[i] = part[i - start];
    }
  }
}

template <class T>
void dropout(const T* x, T* y, Index size, const Dropout& mask) {
  parallel_for(size, 64 * kPhiloxNumbers, [=](Index begin, Index end) { dropout_range(x, y, begin, end, mask); });
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
