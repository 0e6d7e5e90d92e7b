// The sum of two arrays of one shape, and ReLU: how a residual block ends. NumPy's sum runs on one thread, and ReLU
// reads and writes the array once more.
#pragma once

#include "kernels.h"
#include "kernels/elementwise/activation.h"
#include "kernels/helpers.h"

namespace tinynet::TINYNET_ISA {
namespace {

// y may be a: each element is written after it has been read.
template <class T>
void add_forward(const T* a, const T* b, T* y, Index size, bool relu) {
  parallel_for(size, kElementwiseGrain, [=](Index begin, Index end) {
    if (relu) {
      TINYNET_NO_OVERLAP
      for (Index i = begin; i < end; ++i) y[i] = math::max(a[i] + b[i], T(0));
    } else {
      TINYNET_NO_OVERLAP
      for (Index i = begin; i < end; ++i) y[i] = a[i] + b[i];
    }
  });
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
