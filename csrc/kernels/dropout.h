// Dropout with a mask that is never stored: element i is kept or not by 16 random bits that depend on i, the seed and
// the offset alone, so the backward pass makes them once more.
#pragma once

#include "kernels/philox.h"

namespace tinynet::TINYNET_ISA {
namespace {

// An integer as wide as T, for masks.
template <class T>
struct IntegerOf;
template <>
struct IntegerOf<float> {
  using type = std::int32_t;
};
template <>
struct IntegerOf<double> {
  using type = std::int64_t;
};

// Elements [256 group, 256 group + 256).
template <class T>
inline void dropout_group(const T* x, T* y, Word group, std::int32_t threshold, T scale, Word seed, Word offset) {
  using Integer = typename IntegerOf<T>::type;
  alignas(64) std::int32_t numbers[kPhiloxNumbers];
  alignas(64) Integer mask[kPhiloxNumbers];
  philox(group * kPhiloxBlocks, seed, offset, numbers);
  for (int i = 0; i < kPhiloxNumbers; ++i) mask[i] = numbers[i] >= threshold ? -1 : 0;
  for (int i = 0; i < kPhiloxNumbers; i += VectorOf<T>::lanes)
    store(y + i, load(mask + i) ? load(x + i) * scale : Vec<T>{});
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
