// Batch normalization, ReLU and a depthwise convolution of one filter a channel as one operation:
// tinynet/ops/batch_norm_depthwise_conv2d.py.
//
// Both do few operations for the memory they access. Forward, the rows that an output row reads are normalized into the
// L1 cache (depthwise_conv2d_band.h); what is normalized is never in memory. Backward there are two passes instead of
// four. The first computes d, the gradient of what is normalized. Each of its rows is masked by ReLU and summed up for
// dgamma and dbeta as it is stored. The same row of x, normalized, and the rows of dy that it was computed from give the
// weights' gradient. The second is what batch normalization makes of d, in its place:
//
//   dx = scale ((d - mean_dy) - (x - mean) slope)          as in batch_norm.h
//
// y has the bits of the two operations one after the other. The gradients are sums in another order; those of the weights
// have no products with the zeros around the image. A training step of four blocks of 64 to 256 filters
// (bench/networks.py, 64 images of 32x32) takes 0.92 of the time, with 42 MB less.
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

// What is done with a row of d that has just been computed.
template <class T>
struct Row {
  const Normalized<T>& normalized;
  const T* x;
  T* d;                      // becomes 0 where ReLU was flat
  Index pixels, step, next;  // `step` elements from one pixel to the next, `next` to the same pixel of the next row
  Index channels;
  T *sums, *sums_of_products;  // [whole vectors of channels]: of d, and of d (x - mean), are added
  T* z;                        // [pixel][whole vectors]: becomes x, normalized

  void finish() const {
    const Index vectors = ceil_div(channels, VectorOf<T>::lanes);
    const bool whole = channels >= VectorOf<T>::lanes;
    for (Index v = 0; v < vectors; v += 4) (whole ? vectors_from<true> : vectors_from<false>)(*this, v, vectors - v);
  }

 private:
  // Up to four vectors of channels from v = first on; the last one may overlap the one before it.
  template <bool whole>
  static void vectors_from(const Row& row, Index first, Index count) {
    static constexpr void (*functions[])(const Row&, Index) = {of<1, whole>, of<2, whole>, of<3, whole>, of<4, whole>};
    functions[min(count, 4) - 1](row, first);
  }

  // All vectors of a pixel, then the next pixel: memory is read in its order. What the next row reads of x is fetched
  // meanwhile: x is in no cache, and the convolution between two rows is too long for the processor to look ahead.
  template <int count, bool whole>
  static __attribute__((noinline)) void of(const Row& row, Index first) {
    constexpr Index lanes = VectorOf<T>::lanes;
    const Index used = whole ? lanes : row.channels, padded = whole_vectors<T>(row.channels);
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
    T* z = row.z + first * lanes;
    for (Index i = 0; i < row.pixels * row.step; i += row.step, z += padded)
#pragma GCC unroll 4
      for (int v = 0; v < count; ++v) {
        const T* const x = row.x + i + at[v];
        T* const d = row.d + i + at[v];
        __builtin_prefetch(x + row.next);
        const Vec<T> centred = columns[v].centred(load_columns(x, used)), zero{};
        Vec<T> scaled = columns[v].scaled(centred), value = load_columns(d, used);
        if (relu) {
          value = scaled > zero ? value : zero;
          scaled = scaled < zero ? zero : scaled;  // NaN stays NaN
          store_columns(d, value, used);
        }
        store(z + v * lanes, scaled);
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

// A phase's part of the weights' gradient: sums of a row's z times what the taps read of dy.
template <class T>
class PhaseTaps {
 public:
  explicit PhaseTaps(const Window<T>& w)  // of dy
      : w_(w), input_(w, 1), columns_(w.taps_w), inside_(w.grid_w * w.taps_w), padded_(whole_vectors<T>(w.channels)) {
    for (Index q = 0; q < w.taps_w; ++q) {
      columns_[q] = input_.column_offset(q);
      for (Index j = 0; j < w.grid_w; ++j) inside_[j * w.taps_w + q] = input_.is_inside(j, q);
    }
  }
  Index bands() const { return input_.bands().count; }

  // sums[taps_h][taps_w][padded] are added.
  void add(const T* z, const T* const* rows, T* sums) const {
    constexpr Index lanes = VectorOf<T>::lanes;
    for (Index v = 0; v < padded_ / lanes; ++v)
      for (Index p = 0; p < w_.taps_h; p += 3)
        for (Index q = 0; q < w_.taps_w; q += 3)
          TapSums<T>::add({rows + p, columns_ + q, inside_ + q, w_.taps_w, w_.grid_w, input_.inside_begin(),
                           input_.inside_end(), input_.pitch(), z + v * lanes, padded_,
                           sums + (p * w_.taps_w + q) * padded_ + v * lanes, w_.taps_w * padded_, padded_,
                           first_channel<T>(v, w_.channels)},
                          min(3, w_.taps_h - p), min(3, w_.taps_w - q));
  }

 private:
  const Window<T>& w_;
  const BandInput<T> input_;
  const Scratch<Index> columns_;
  const Scratch<bool> inside_;
  const Index padded_;
};

// d[batch][height][width][channels], the gradient of what is normalized, masked by ReLU; dgamma, dbeta, and dkernel,
// which may be null.
template <class T>
void first_pass(const Conv2dShape& s, const Normalized<T>& normalized, const T* dy, const T* x, const T* kernel,
                const T* inverse_std, T* d, T* dkernel, T* dgamma, T* dbeta) {
  constexpr Index lanes = VectorOf<T>::lanes;
  const Index padded = whole_vectors<T>(s.channels), vectors = padded / lanes;
  const auto by_channel = [&](const double* sums, const auto& use) {
    for (Index v = 0; v < vectors; ++v)
      for (Index lane = 0; lane < min(lanes, s.channels); ++lane)
        use(first_channel<T>(v, s.channels) + lane, sums[v * lanes + lane]);
  };
  const Scratch<double> both(2 * padded);  // sums of d, and of d (x - mean)
  for (Index i = 0; i < 2 * padded; ++i) both[i] = 0;
  depthwise_input_gradient<T>(s, dy, kernel, nullptr, d, [&](const DepthwisePhase<T>& phase, const auto& correlate) {
    const Window<T>& w = phase.window;
    const PhaseTaps<T> taps(w);
    const Index of_taps = dkernel == nullptr ? 0 : w.taps_h * w.taps_w * padded, size = 2 * padded + of_taps;
    const Index bands = taps.bands();
    const Scratch<T> sums(bands * size);  // of each band, whatever thread computes it
    for (Index i = 0; i < bands * size; ++i) sums[i] = 0;
    correlate([&](Index band, T* row, const T* const* rows) {
      T* const at = sums + band * size;
      const Scratch<T> z(w.grid_w * padded);
      Row<T>{normalized, x + (row - d), row, w.grid_w, phase.step, s.stride_h * s.width * s.channels, s.channels, at,
             at + padded, z}.finish();
      if (dkernel != nullptr) taps.add(z, rows, at + 2 * padded);
    });
    const Scratch<double> totals(size);
    for (Index i = 0; i < size; ++i) totals[i] = 0;
    for (Index band = 0; band < bands; ++band)
      for (Index i = 0; i < size; ++i) totals[i] += sums[band * size + i];
    for (Index i = 0; i < 2 * padded; ++i) both[i] += totals[i];
    for (Index tap = 0; tap < of_taps / padded; ++tap) {
      const Index p = phase.row[tap / w.taps_w], q = phase.col[tap % w.taps_w];
      T* const out = dkernel + (p * s.kernel_width + q) * s.channels;
      by_channel(totals + (2 + tap) * padded, [&](Index c, double sum) { out[c] = static_cast<T>(sum); });
    }
  });
  by_channel(both, [&](Index c, double sum) { dbeta[c] = static_cast<T>(sum); });
  by_channel(both + padded, [&](Index c, double sum) { dgamma[c] = static_cast<T>(sum) * inverse_std[c]; });
}

// total[c] = the sum of dy[pixel][c]
template <class T>
void sum_pixels(const T* dy, Index pixels, Index channels, T* total) {
  const Lines lines(pixels, channels);
  const Index size = lines.blocks * channels;
  const Scratch<T> partial(2 * size);
  parallel_for(lines.blocks, normalization::kGrain, [&](Index first, Index last) {
    for (Index block = first; block < last; ++block)
      normalization::column_sums(lines.begin(block), lines.end(block), lines, partial + block * channels,
                                 partial + size + block * channels,
                                 [=](Index) { return [=](Index i, T& sum, T&) { sum += dy[i]; }; });
  });
  normalization::add_blocks<T>(partial, lines.blocks, channels, total);
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
  const Index pixels = s.batch * s.height * s.width;
  if (dkernel != nullptr)
    for (Index i = 0; i < s.kernel_height * s.kernel_width * s.channels; ++i) dkernel[i] = 0;
  if (dbias != nullptr) norm_depthwise::sum_pixels(dy, s.batch * s.out_height * s.out_width, s.channels, dbias);
  if (pixels == 0) return;
  const Scratch<T> unneeded(dx == nullptr ? pixels * s.channels : 0);
  T* const d = dx == nullptr ? static_cast<T*>(unneeded) : dx;
  norm_depthwise::first_pass<T>(s, normalized, dy, x, kernel, inverse_std, d, dkernel, dgamma, dbeta);
  if (dx == nullptr) return;
  const Lines lines(pixels, s.channels);
  const Affine<T> affine(mean, inverse_std, gamma, beta, lines);
  input_gradient<T>(lines, affine, GradientStatistics<T>(dgamma, dbeta, inverse_std, lines),
                    unmasked<T>(d, x, affine.mean), dx);
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
