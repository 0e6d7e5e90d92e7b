// Mean and variance of channels from sums over blocks of pixels. batch_norm.h uses it for arrays in memory,
// winograd/transforms.h for the outputs that a convolution is storing.
#pragma once

#include "kernels/helpers.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace normalization {

// Sums of each block on its own, [block][channel]. They are taken around `shift`, a value near the mean of the block,
// so that a large mean loses no precision.
template <class T>
struct BlockSums {
  T *shift, *deviation_sum, *squared_deviation_sum;  // sum (x - shift), sum (x - shift)^2

  static BlockSums in(T* memory, Index size) { return {memory, memory + size, memory + 2 * size}; }
};

// mean[c] and variance[c] from blocks of count(block) pixels. The variance is divided by the number of pixels. Blocks
// without pixels are skipped. The blocks are combined in float64.
template <class T, class Count>
void combine(const BlockSums<T>& sums, Index blocks, Index channels, const Count& count, T* mean, T* variance) {
  const T *const shift = sums.shift, *const deviation_sum = sums.deviation_sum;
  const T* const squared_deviation_sum = sums.squared_deviation_sum;
  const helpers::Scratch<double> totals(2 * channels);
  double *const total = totals, *const squared_deviations = total + channels;
  double all = 0;
  for (Index c = 0; c < channels; ++c) total[c] = squared_deviations[c] = 0;
  for (Index block = 0; block < blocks; ++block) {
    const double pixels = static_cast<double>(count(block));
    if (pixels == 0) continue;
    all += pixels;
    TINYNET_NO_OVERLAP
    for (Index c = 0; c < channels; ++c)
      total[c] += pixels * shift[block * channels + c] + deviation_sum[block * channels + c];
  }
  for (Index c = 0; c < channels; ++c) total[c] /= all;
  for (Index block = 0; block < blocks; ++block) {
    const double pixels = static_cast<double>(count(block));
    if (pixels == 0) continue;
    TINYNET_NO_OVERLAP
    for (Index c = 0; c < channels; ++c) {
      const Index at = block * channels + c;
      const double mean_deviation = deviation_sum[at] / pixels, distance = shift[at] - total[c] + mean_deviation;
      squared_deviations[c] +=
          (squared_deviation_sum[at] - mean_deviation * deviation_sum[at]) + pixels * distance * distance;
    }
  }
  for (Index c = 0; c < channels; ++c) {
    mean[c] = static_cast<T>(total[c]);
    const double value = squared_deviations[c] / all;
    variance[c] = static_cast<T>(value < 0 ? 0 : value);  // NaN stays NaN
  }
}

}  // namespace normalization
}  // namespace
}  // namespace tinynet::TINYNET_ISA
