// Batch normalization, ReLU and a depthwise convolution of one filter a channel as one operation:
// tinynet/ops/batch_norm_depthwise_conv2d.py.
//
// Both do few operations for the memory they access. Forward, the rows that an output row reads are normalized into the
// L1 cache (depthwise_conv2d_band.h); what is normalized is never in memory. Backward there are three passes instead of
// four: the weights' gradient, from such rows again; the gradient d of what is normalized, whose rows are masked by ReLU
// and summed up for dgamma and dbeta as they are stored; and what batch normalization makes of d, in its place:
//
//   dx = scale ((d - mean_dy) - (x - mean) slope)          as in batch_norm.h
//
// y has the bits of the two operations one after the other. The gradients are sums in another order. A training step of
// four blocks of 64 to 256 filters (bench/networks.py, 64 images of 32x32) takes 0.93 of the time, with 42 MB less.
#pragma once

#include "kernels/conv/depthwise_conv2d.h"
#include "kernels/norm/batch_norm.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace norm_depthwise {

using normalization::Lines;

// Mean, scale and offset of each channel, in whole vectors, with zeros after them.
template <class T>
class ScaledChannels {
 public:
  ScaledChannels(const T* mean, const T* inverse_std, const T* gamma, const T* beta, Index channels, bool relu)
      : padded_(whole_vectors<T>(channels)), memory_(3 * padded_), relu_(relu) {
    for (Index i = 0; i < 3 * padded_; ++i) memory_[i] = 0;
    const normalization::Affine<T> line(mean, inverse_std, gamma, beta, Lines(1, channels));
    for (Index c = 0; c < channels; ++c) {
      memory_[c] = line.mean[c], memory_[padded_ + c] = line.scale[c], memory_[2 * padded_ + c] = line.beta[c];
    }
  }
  Normalized<T> normalized() const { return {memory_, memory_ + padded_, memory_ + 2 * padded_, relu_}; }

 private:
  const Index padded_;
  const Scratch<T> memory_;
  const bool relu_;
};

// Masks a row of d, which has just been computed, and adds it up: batch normalization's backward sums.
template <class T>
struct RowSums {
  const Normalized<T>& normalized;
  const T* x;
  T* d;                      // becomes 0 where ReLU was flat
  Index pixels, step, next;  // `step` elements from one pixel to the next, `next` to the same pixel of the next row
  Index channels;
  T *sums, *sums_of_products;  // [whole vectors of channels]: of d, and of d (x - mean)

  void add() const {
    const Index vectors = ceil_div(channels, VectorOf<T>::lanes);
    const bool whole = channels >= VectorOf<T>::lanes;
    for (Index v = 0; v < vectors; v += 4) (whole ? add_vectors<true> : add_vectors<false>)(v, vectors - v, *this);
  }

  // Up to four vectors of channels from v = first on; the last one may overlap the one before it.
  template <bool whole>
  static void add_vectors(Index first, Index count, const RowSums& row) {
    static constexpr void (*functions[])(const RowSums&, Index) = {of<1, whole>, of<2, whole>, of<3, whole>,
                                                                    of<4, whole>};
    functions[min(count, 4) - 1](row, first);
  }

  // All vectors of a pixel, then the next pixel: memory is read in its order. What the next row reads of x is fetched
  // meanwhile: x is in no cache, and the convolution between two rows is too long for the processor to look ahead.
  template <int count, bool whole>
  static __attribute__((noinline)) void of(const RowSums& row, Index first) {
    constexpr Index lanes = VectorOf<T>::lanes;
    const Index used = whole ? lanes : row.channels;
    Index at[count];
    Vec<T> sum[count], sum_of_products[count];
    typename Normalized<T>::Columns columns[count];
#pragma GCC unroll 4
    for (int v = 0; v < count; ++v) {
      at[v] = first_channel<T>(first + v, row.channels);
      columns[v] = row.normalized.columns(at[v]);
      sum[v] = load(row.sums + (first + v) * lanes);
      sum_of_products[v] = load(row.sums_of_products + (first + v) * lanes);
    }
    const bool relu = row.normalized.relu;
    for (Index i = 0; i < row.pixels * row.step; i += row.step)
#pragma GCC unroll 4
      for (int v = 0; v < count; ++v) {
        const T* const x = row.x + i + at[v];
        T* const d = row.d + i + at[v];
        __builtin_prefetch(x + row.next);
        const Vec<T> centred = columns[v].centred(load_columns(x, used));
        Vec<T> value = load_columns(d, used);
        if (relu) {
          value = columns[v].scaled(centred) > Vec<T>{} ? value : Vec<T>{};
          store_columns(d, value, used);
        }
        sum[v] += value;
        sum_of_products[v] += value * centred;
      }
#pragma GCC unroll 4
    for (int v = 0; v < count; ++v) {
      store(row.sums + (first + v) * lanes, sum[v]);
      store(row.sums_of_products + (first + v) * lanes, sum_of_products[v]);
    }
  }
};

// d[batch][height][width][channels], the gradient of what is normalized, masked by ReLU; dgamma and dbeta.
template <class T>
void gradient_of_normalized(const Conv2dShape& s, const Normalized<T>& normalized, const T* dy, const T* x,
                            const T* kernel, const T* inverse_std, T* d, T* dgamma, T* dbeta) {
  constexpr Index lanes = VectorOf<T>::lanes;
  const Index padded = whole_vectors<T>(s.channels);
  const Scratch<double> totals(2 * padded);
  for (Index i = 0; i < 2 * padded; ++i) totals[i] = 0;
  depthwise_input_gradient<T>(s, dy, kernel, nullptr, d, [&](const Window<T>& w, Index step, const auto& correlate) {
    const Index bands = BandInput<T>(w, 1).bands().count;
    const Scratch<T> sums(bands * 2 * padded);  // of each band, whatever thread computes it
    for (Index i = 0; i < bands * 2 * padded; ++i) sums[i] = 0;
    correlate([&](Index band, T* row) {
      T* const at = sums + band * 2 * padded;
      RowSums<T>{normalized, x + (row - d), row, w.grid_w, step, s.stride_h * s.width * s.channels, s.channels, at,
                 at + padded}.add();
    });
    for (Index band = 0; band < bands; ++band)
      for (Index i = 0; i < 2 * padded; ++i) totals[i] += sums[band * 2 * padded + i];
  });
  for (Index v = 0; v < padded / lanes; ++v)
    for (Index lane = 0; lane < min(lanes, s.channels); ++lane) {
      const Index c = first_channel<T>(v, s.channels) + lane;
      dbeta[c] = static_cast<T>(totals[v * lanes + lane]);
      dgamma[c] = static_cast<T>(totals[padded + v * lanes + lane]) * inverse_std[c];
    }
}

}  // namespace norm_depthwise

// x[batch][height][width][channels], kernel[kh][kw][channels][1]; gamma, beta and bias may be null ->
// y[batch][out_height][out_width][channels], inverse_std[channels]
template <class T>
void batch_norm_depthwise_conv2d_forward(const Conv2dShape& s, const T* x, const T* kernel, const T* bias,
                                         const T* gamma, const T* beta, const T* mean, const T* variance,
                                         double epsilon, bool relu, T* y, T* inverse_std) {
  normalization::invert(variance, epsilon, inverse_std, s.channels);
  if (s.channels == 0) return;
  const norm_depthwise::ScaledChannels<T> channels(mean, inverse_std, gamma, beta, s.channels, relu);
  const Normalized<T> normalized = channels.normalized();
  depthwise_forward<T>(s, x, &normalized, kernel, bias, y, false);
}

// dkernel and dbias may be null, and so may dx.
template <class T>
void batch_norm_depthwise_conv2d_backward(const Conv2dShape& s, const T* dy, const T* x, const T* kernel,
                                          const T* gamma, const T* beta, const T* mean, const T* inverse_std, bool relu,
                                          T* dx, T* dkernel, T* dbias, T* dgamma, T* dbeta) {
  using namespace normalization;
  for (Index c = 0; c < s.channels; ++c) dgamma[c] = dbeta[c] = 0;
  if (s.channels == 0) return;
  const norm_depthwise::ScaledChannels<T> channels(mean, inverse_std, gamma, beta, s.channels, relu);
  const Normalized<T> normalized = channels.normalized();
  if (dkernel != nullptr || dbias != nullptr)
    depthwise_weight_gradient<T>(s, dy, x, &normalized, nullptr, dkernel, dbias);
  const Index pixels = s.batch * s.height * s.width;
  if (pixels == 0) return;
  const Scratch<T> unneeded(dx == nullptr ? pixels * s.channels : 0);
  T* const d = dx == nullptr ? static_cast<T*>(unneeded) : dx;
  norm_depthwise::gradient_of_normalized<T>(s, normalized, dy, x, kernel, inverse_std, d, dgamma, dbeta);
  if (dx == nullptr) return;
  const Lines lines(pixels, s.channels);
  const Affine<T> affine(mean, inverse_std, gamma, beta, lines);
  input_gradient<T>(lines, affine, GradientStatistics<T>(dgamma, dbeta, inverse_std, lines),
                    unmasked<T>(d, x, affine.mean), dx);
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
