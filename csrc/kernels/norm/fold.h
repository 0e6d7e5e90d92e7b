// Batch normalization by given statistics, folded into the weights of the layer before it:
//
//   gamma (x kernel + bias - mean) / sqrt(variance + epsilon) + beta = x (kernel s) + (bias - mean) s + beta
//
// with s = gamma / sqrt(variance + epsilon). It is computed in double precision, so that each folded weight is rounded
// once.
#pragma once

#include <cmath>

#include "kernels.h"
#include "kernels/helpers.h"

namespace tinynet::TINYNET_ISA {
namespace {

// kernel[rows][channels], bias[channels]
template <class T>
void fold_batch_norm(const NormalizedWeights<T>& w, T* kernel, T* bias) {
  const Index channels = w.channels;
  if (channels == 0) return;
  const bool normalized = w.mean != nullptr;
  const helpers::Scratch<double> scale(channels);
  for (Index c = 0; c < channels; ++c) {
    scale[c] = normalized ? (w.gamma == nullptr ? 1.0 : double(w.gamma[c])) / std::sqrt(double(w.variance[c]) + w.epsilon)
                          : 1.0;
    double offset = w.bias == nullptr ? 0.0 : double(w.bias[c]);
    if (normalized) offset = (offset - double(w.mean[c])) * scale[c] + (w.beta == nullptr ? 0.0 : double(w.beta[c]));
    if (bias != nullptr) bias[c] = T(offset);
  }
  const double* const s = scale;
  parallel_for(w.rows, helpers::max(1, 16384 / channels), [=, in = w.kernel](Index begin, Index end) {
    for (Index row = begin; row < end; ++row)
      for (Index c = 0; c < channels; ++c) kernel[row * channels + c] = T(double(in[row * channels + c]) * s[c]);
  });
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
