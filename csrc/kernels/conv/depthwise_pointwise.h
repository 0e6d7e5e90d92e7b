// Depthwise convolution and the pointwise (1x1) convolution after it, as in networks for phones, in one pass: what the
// first one gives is never stored.
//
// A thread computes the depthwise rows of a block of pixels, which stay in its L2 cache, and multiplies them with the
// packed pointwise kernel. Every bit is that of the two one after the other.
#pragma once

#include "kernels/conv/depthwise_conv2d.h"

namespace tinynet::TINYNET_ISA {
namespace {

// The depthwise rows of a block, computed where they are asked for.
template <class T>
struct ComputedRows {
  ComputedRows(const DepthwiseRows<T>& all, const Window<T>& w) : all_(all), w_(w), memory_(all) {}
  Index slab_size(const Blocks& blocks) const { return blocks.pixels * w_.channels; }
  const T* input(const Block& block, T* slab) {
    const Index line = w_.grid_w * w_.channels;
    for (Index n = 0; n < block.images; ++n) {
      T* const image = slab + n * block.rows * line;
      all_.compute(
          block.image + n, block.row, block.rows, memory_, w_.channels, [&](Index i) { return image + i * line; },
          [](Index, const T* const*) {});
    }
    return slab;
  }

 private:
  const DepthwiseRows<T>& all_;
  const Window<T>& w_;
  const typename DepthwiseRows<T>::Memory memory_;
};

// x[batch][height][width][channels], kernel and bias as of depthwise_conv2d_forward; panels[panel][channel][width]: the
// packed pointwise kernel; offset[filters] or null -> y[batch][out_height][out_width][filters]
template <class T>
void depthwise_pointwise_forward(const Conv2dShape& s, const T* x, const T* kernel, const T* bias, bool relu,
                                 Index filters, const T* panels, const T* offset, T* y, bool pointwise_relu) {
  if (s.batch * s.out_height * s.out_width * filters == 0) return;
  Conv2dShape pointwise{};
  pointwise.filters = filters, pointwise.groups = 1;
  const PaddedBias<T> bias_of(pointwise, offset);
  const Target<T> target{y, s.out_height * s.out_width * filters, s.out_width * filters, filters, bias_of.padded_bias,
                         pointwise_relu};
  constexpr Index origin = 0;
  Window<T> between{nullptr, nullptr, s.batch, s.out_height, s.out_width, s.filters, s.out_height,
                    s.out_width, 1, 1, 1, 1, &origin, &origin};
#if defined(__AMX_BF16__)
  if constexpr (std::is_same_v<T, float>)
    if (tiles::correlate_is_profitable(between, 1, s.filters, filters)) {  // it splits images that are stored
      const Scratch<T> z(s.batch * s.out_height * s.out_width * s.filters);
      depthwise_conv2d_forward<T>(s, x, kernel, bias, z, relu);
      between.x = z;
      return correlate<T>(between, 1, s.filters, filters, panels, target);
    }
#endif
  const DepthwiseWeights<T> weights(s, kernel, bias);
  const Taps tap(s);
  const Window<T> window{x, nullptr, s.batch, s.height, s.width, s.channels, s.out_height, s.out_width,
                         s.stride_h, s.stride_w, s.kernel_height, s.kernel_width, tap.row, tap.col};
  const DepthwiseRows<T> rows(window, s.filters / max(1, s.channels), weights.taps, weights.bias(), relu);
  correlate_blocks<T>(between, 1, s.filters, filters, panels, target, [&](const Blocks&) {
    return ComputedRows<T>(rows, between);
  });
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
