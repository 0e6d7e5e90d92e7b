// The peak performance of the machine, to which bench/ compares every kernel.
#pragma once

#include "kernels.h"
#include "simd.h"

namespace tinynet::TINYNET_ISA {
namespace {

// A multiply-add takes 4 cycles and two start in each, so at least 8 must be in flight. 24 of AVX-512's 32 registers
// hold three times that. With the 16 registers of AVX2 and SSE, 12 leave room for the two constants.
constexpr int kPeakAccumulators = TINYNET_VECTOR_BYTES == 64 ? 24 : 12;

// The loop of one thread: every accumulator stays in a register and depends only on itself.
template <class T>
T multiply_add_loop(Index iterations, T factor, T offset) {
  const Vec<T> a = broadcast<T>(factor), b = broadcast<T>(offset);
  Vec<T> accumulator[kPeakAccumulators];
#pragma GCC unroll 24
  for (int i = 0; i < kPeakAccumulators; ++i) accumulator[i] = broadcast<T>(T(i));
  for (Index step = 0; step < iterations; ++step) {
#pragma GCC unroll 24
    for (int i = 0; i < kPeakAccumulators; ++i) accumulator[i] = accumulator[i] * a + b;
  }
  Vec<T> sum{};
#pragma GCC unroll 24
  for (int i = 0; i < kPeakAccumulators; ++i) sum += accumulator[i];
  T total = 0;
  for (int lane = 0; lane < VectorOf<T>::lanes; ++lane) total += sum[lane];
  return total;
}

// Storing results[thread] keeps the compiler from removing the loop.
template <class T>
double multiply_add_peak(Index iterations, T factor, T offset, T* results) {
  const Index threads = num_threads();
  parallel_for(threads, 1, [=](Index begin, Index end) {
    for (Index thread = begin; thread < end; ++thread)
      results[thread] = multiply_add_loop<T>(iterations, factor, offset);
  });
  return 2.0 * kPeakAccumulators * VectorOf<T>::lanes * static_cast<double>(iterations) * static_cast<double>(threads);
}

// y[i] = x[i], as in a kernel: plain vector loads and stores, a contiguous range for each thread.
template <class T>
void copy_peak(const T* x, T* y, Index size) {
  const Index grain = (size + num_threads() - 1) / num_threads();
  parallel_for(size, grain, [=](Index begin, Index end) {
    constexpr Index lanes = VectorOf<T>::lanes;
    Index i = begin;
    for (; i + lanes <= end; i += lanes) store<T>(y + i, load<T>(x + i));
    for (; i < end; ++i) y[i] = x[i];
  });
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
