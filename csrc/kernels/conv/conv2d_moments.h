// A convolution, and the mean and variance of each filter's output, which batch normalization after it needs first.
// Winograd's tiles are summed as they are stored (winograd/transforms.h), so that z is not read again. A 1x1 convolution
// is a matrix product: it computes the rows that the sums read next. Other direct convolutions are followed by a pass
// over z.
#pragma once

#include "kernels/norm/batch_norm.h"
#include "kernels/conv/conv2d.h"

namespace tinynet::TINYNET_ISA {
namespace {

// A 1x1 convolution, computed some rows (pixels) at a time: when moments() needs them. They have the bits that
// conv2d_forward_direct() gives them.
template <class T>
class PointwiseConvolution {
 public:
  // Without strides and padding the pixels are the rows of a matrix. A matrix unit has products of its own, with other
  // bits.
  static bool supports(const Conv2dShape& s) {
#if defined(__AMX_BF16__)
    if (sizeof(T) == sizeof(float)) return false;
#endif
    return s.kernel_height == 1 && s.kernel_width == 1 && s.stride_h == 1 && s.stride_w == 1 && s.groups == 1 &&
           s.out_height == s.height && s.out_width == s.width && s.channels > 0 && s.channels <= kBlockDepth;
  }
  PointwiseConvolution(const Conv2dShape& s, const T* x, const T* kernel, const T* bias, T* z)
      : s_(s), x_(x), z_(z), weights_(s, kernel, bias) {}

  // z as moments() reads it.
  normalization::InMemory<T> rows() const {
    return {z_, s_.filters,
            [](const void* self, Index begin, Index end) {
              static_cast<const PointwiseConvolution*>(self)->compute(begin, end);
            },
            this};
  }

 private:
  // Tiles of 12 rows take all panels before the next tile, if the panels stay in the cache: the rows of z are then stored
  // whole. Tiles of 6 rows, which load a panel twice as often, and many weights take all tiles before the next panel.
  void compute(Index begin, Index end) const {
    const Index pixels = end - begin, tiles = ceil_div(pixels, kTileRows), panels = ceil_div(s_.filters, kPanel<T>);
    const T* const bias = weights_.padded_bias;
    const Segment segment{0, s_.channels};
    Index from[kTileRows], to[kTileRows];
    for (Index i = 0; i < kTileRows; ++i) from[i] = i * s_.channels, to[i] = i * s_.filters;
    const auto compute = [&](Index t, Index panel) {
      const Index pixel = pixels * t / tiles, column = panel * kPanel<T>, columns = min(s_.filters - column, kPanel<T>);
      tile_for<T>(pixels * (t + 1) / tiles - pixel, columns)(
          {x_ + (begin + pixel) * s_.channels, from, 1, &segment, 1, weights_.panels + column * s_.channels,
           panel_width<T>(s_.filters, column)},
          {z_ + (begin + pixel) * s_.filters + column, to, columns, bias == nullptr ? nullptr : bias + column, false,
           false});
    };
    if (kTileRows == 12 && panels * s_.channels * kPanel<T> * Index(sizeof(T)) <= kPanelsOfTileBytes) {
      for (Index t = 0; t < tiles; ++t)
        for (Index panel = 0; panel < panels; ++panel) compute(t, panel);
    } else {
      for (Index panel = 0; panel < panels; ++panel)
        for (Index t = 0; t < tiles; ++t) compute(t, panel);
    }
  }

  const Conv2dShape& s_;
  const T* const x_;
  T* const z_;
  const PackedWeights<T> weights_;
};

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
      const normalization::Lines lines(pixels, s.filters);
      if (PointwiseConvolution<T>::supports(s))
        return normalization::moments(PointwiseConvolution<T>(s, x, kernel, bias, z).rows(), lines, mean, variance);
      conv2d_forward_direct(s, x, kernel, bias, z, false);
      normalization::moments(normalization::InMemory<T>{z, s.filters}, lines, mean, variance);
  }
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
