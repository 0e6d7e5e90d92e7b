// A convolution, and the mean and variance of each filter's output, which batch normalization after it needs first.
// Winograd's tiles are summed as they are stored (winograd/transforms.h), so that z is not read again. Direct
// convolution is followed by a pass over z.
#pragma once

#include "kernels/norm/batch_norm.h"
#include "kernels/conv/conv2d.h"

namespace tinynet::TINYNET_ISA {
namespace {

// x[batch][height][width][channels], kernel[kh][kw][channels][filters], bias[filters] or null ->
// z[batch][out_height][out_width][filters], mean[filters], variance[filters]
template <class T>
void conv2d_moments_forward(const Conv2dShape& s, const T* x, const T* kernel, const T* bias, T* z, T* mean,
                            T* variance, ConvAlgorithm requested) {
  const Index pixels = s.batch * s.out_height * s.out_width;
  if (pixels == 0 || s.filters == 0) return;
  switch (conv2d_algorithm<T>(s, ConvPass::forward, requested)) {
    case ConvAlgorithm::winograd2:
      return conv2d_forward_winograd<T, F2>(s, x, kernel, bias, z, false, mean, variance);
    case ConvAlgorithm::winograd4:
      return conv2d_forward_winograd<T, F4>(s, x, kernel, bias, z, false, mean, variance);
    default:
      conv2d_forward_direct(s, x, kernel, bias, z, false);
      normalization::moments(normalization::InMemory<T>{z, s.filters}, normalization::Lines(pixels, s.filters), mean,
                             variance);
  }
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
