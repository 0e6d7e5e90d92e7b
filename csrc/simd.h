// Vectors of the width this object file is compiled for, in GCC's and Clang's portable vector notation: +, -, *,
// comparisons and c ? a : b work lane by lane. a*b + c becomes one fused multiply-add if the CPU has it.
//
// Most kernels need none of this, because the compiler vectorises a plain loop over floats at the same width. It is for
// kernels that must control which values stay in registers (matrix product, convolution).
#pragma once

#include "parallel.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#ifndef TINYNET_ISA
#error "include this from a unit of csrc/kernels/, which setup.py compiles with TINYNET_ISA and TINYNET_VECTOR_BYTES"
#endif

namespace tinynet::TINYNET_ISA {
namespace {

// The alignment is that of the element, so that any row of a matrix can be loaded. On today's CPUs an unaligned load
// from an aligned address is as fast as an aligned load.
template <class T>
struct VectorOf {
  typedef T type __attribute__((vector_size(TINYNET_VECTOR_BYTES), aligned(alignof(T)), may_alias));
  static constexpr int lanes = TINYNET_VECTOR_BYTES / sizeof(T);
};
template <class T>
using Vec = typename VectorOf<T>::type;

// What a comparison of two vectors gives: integers as wide as T.
template <class T>
using Lanes = decltype(Vec<T>{} < Vec<T>{});

template <class T>
inline Vec<T> load(const T* memory) {
  return *reinterpret_cast<const Vec<T>*>(memory);
}

template <class T>
inline void store(T* memory, Vec<T> value) {
  *reinterpret_cast<Vec<T>*>(memory) = value;
}

template <class T>
inline Vec<T> broadcast(T value) {
  return value - Vec<T>{};  // x - 0 is x for every x, also for -0 and NaN
}

// The vector of a[lane[0]], a[lane[1]], ... `lane` has integers of T's size, each below the number of lanes.
template <class T>
inline Vec<T> shuffle(Vec<T> a, Lanes<T> lane) {
#if defined(__clang__)
  Vec<T> result{};
  for (int i = 0; i < VectorOf<T>::lanes; ++i) result[i] = a[lane[i]];
  return result;
#else
  return __builtin_shuffle(a, lane);
#endif
}

// The same of two vectors: the lanes of b follow those of a.
template <class T>
inline Vec<T> shuffle(Vec<T> a, Vec<T> b, Lanes<T> lane) {
#if defined(__clang__)
  constexpr int lanes = VectorOf<T>::lanes;
  Vec<T> result{};
  for (int i = 0; i < lanes; ++i) result[i] = lane[i] < lanes ? a[lane[i]] : b[lane[i] - lanes];
  return result;
#else
  return __builtin_shuffle(a, b, lane);
#endif
}

// The first `count` lanes of a vector, for the last columns of a row. load returns 0 in the other lanes, and neither
// load nor store touches their memory. The vector notation cannot express this alone, hence the intrinsics.
template <class T>
struct FirstLanes;

#if defined(__AVX512F__)

template <>
struct FirstLanes<float> {
  explicit FirstLanes(Index count) : mask(static_cast<__mmask16>((1u << count) - 1)) {}
  Vec<float> load(const float* memory) const { return _mm512_maskz_loadu_ps(mask, memory); }
  void store(float* memory, Vec<float> value) const { _mm512_mask_storeu_ps(memory, mask, value); }
  __mmask16 mask;
};
template <>
struct FirstLanes<double> {
  explicit FirstLanes(Index count) : mask(static_cast<__mmask8>((1u << count) - 1)) {}
  Vec<double> load(const double* memory) const { return _mm512_maskz_loadu_pd(mask, memory); }
  void store(double* memory, Vec<double> value) const { _mm512_mask_storeu_pd(memory, mask, value); }
  __mmask8 mask;
};

#elif defined(__AVX2__)

template <>
struct FirstLanes<float> {
  explicit FirstLanes(Index count)
      : mask(_mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)),
                                _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))) {}
  Vec<float> load(const float* memory) const { return _mm256_maskload_ps(memory, mask); }
  void store(float* memory, Vec<float> value) const { _mm256_maskstore_ps(memory, mask, value); }
  __m256i mask;
};
template <>
struct FirstLanes<double> {
  explicit FirstLanes(Index count)
      : mask(_mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3))) {}
  Vec<double> load(const double* memory) const { return _mm256_maskload_pd(memory, mask); }
  void store(double* memory, Vec<double> value) const { _mm256_maskstore_pd(memory, mask, value); }
  __m256i mask;
};

#else

template <class T>
struct FirstLanes {
  explicit FirstLanes(Index count) : count(count) {}
  Vec<T> load(const T* memory) const {
    Vec<T> value{};
    for (Index lane = 0; lane < VectorOf<T>::lanes; ++lane)
      if (lane < count) value[lane] = memory[lane];
    return value;
  }
  void store(T* memory, Vec<T> value) const {
    for (Index lane = 0; lane < VectorOf<T>::lanes; ++lane)
      if (lane < count) memory[lane] = value[lane];
  }
  Index count;
};

#endif

}  // namespace
}  // namespace tinynet::TINYNET_ISA
