// Vectors of the width this object file is compiled for, in GCC's and Clang's portable vector notation:
// +, -, *, comparisons and c ? a : b work lane by lane, and a*b + c becomes one fused multiply-add where the CPU has it.
//
// Most kernels need none of this: a plain loop over floats is vectorised by the compiler at the same width. It is for
// those that must say which values stay in registers (matrix product, convolution).
#pragma once

#include "parallel.h"

#ifndef TINYNET_ISA
#error "include this from csrc/isa/<isa>.cpp, which says TINYNET_ISA and TINYNET_VECTOR_BYTES"
#endif

namespace tinynet::TINYNET_ISA {
namespace {

// The element's own alignment, so that any row of a matrix can be loaded; on today's CPUs an aligned address is as fast
// either way.
template <class T>
struct VectorOf {
  typedef T type __attribute__((vector_size(TINYNET_VECTOR_BYTES), aligned(alignof(T)), may_alias));
  static constexpr int lanes = TINYNET_VECTOR_BYTES / sizeof(T);
};
template <class T>
using Vec = typename VectorOf<T>::type;

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

}  // namespace
}  // namespace tinynet::TINYNET_ISA
