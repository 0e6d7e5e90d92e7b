// Activations, element by element: tinynet/ops/activations.py has each formula.
#pragma once

#include "kernels.h"
#include "simd.h"

namespace tinynet::TINYNET_ISA {
namespace {

// 64 KB of floats a block: enough work to pay for waking a thread (1-2 us), small enough to share out evenly.
constexpr Index kElementwiseGrain = 16384;

template <class T, class Function>
inline void map(const T* x, T* y, Index size, const Function& f) {
  parallel_for(size, kElementwiseGrain, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) y[i] = f(x[i]);
  });
}

template <class T>
void activation_forward(Activation which, const T* x, T* y, Index size, T, T, T) {
  switch (which) {
    case Activation::linear:
      return map(x, y, size, [](T v) { return v; });
    case Activation::relu:
      return map(x, y, size, [](T v) { return v < 0 ? T(0) : v; });  // NaN stays NaN
  }
}

template <class T>
void activation_backward(Activation which, const T* dy, const T* x, T* dx, Index size, T, T, T) {
  const auto times = [=](const auto& derivative) {
    parallel_for(size, kElementwiseGrain, [=](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) dx[i] = dy[i] * derivative(x[i]);
    });
  };
  switch (which) {
    case Activation::linear:
      return times([](T) { return T(1); });
    case Activation::relu:
      return times([](T v) { return v > 0 ? T(1) : T(0); });
  }
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
