// Convolution with few channels, batch normalization and ReLU as one operation: tinynet/ops/conv2d_batch_norm.py.
//
// Normalization reads its input twice in each direction, and the weight gradient reads it once more. A first layer has
// so few products per output that computing an output takes less time than loading it: (128, 28, 28, 1) with 32 filters
// of 3x3 gives 12.8 MB of z, with 9 multiply-adds per element. So z is recomputed wherever it is needed, in the L1
// cache. Neither z nor its gradient is ever in memory.
//
// The forward pass takes one pass for the moments and one that stores y. Each sum takes its terms in the order of
// direct convolution (conv2d_direct.h), and the moments use the same blocks as in batch_norm.h. So all results equal
// those of the separate operations, bit for bit.
//
// The backward pass takes one pass over dy. Let p[k] be the input element of product k of an output, d = dy where ReLU
// was not flat and 0 elsewhere, and scale, mean_dy and slope as in batch_norm.h. All sums run over the pixels:
//
//   dz         = scale ((d - mean_dy) - (z - mean) slope)
//   dkernel[k] = sum p[k] dz = scale (sum p[k] d - mean_dy sum p[k] - slope sum p[k] (z - mean))
//   sum p[k] (z - mean)      = sum over j of (sum p[k] p[j]) kernel[j] + (bias - mean) sum p[k]
//
// mean_dy and slope depend on sum d and sum d (z - mean), so they may be known last. The sums of p alone are few.
#pragma once

#include "kernels/conv/conv2d_recomputed.h"
#include "kernels/conv/conv2d_weight_gradient.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace conv_norm {

using normalization::Affine;

constexpr Index kChunk = 4 * kStrip;  // pixels whose z becomes a gradient while it is in the L1 cache

// dy, or 0 where ReLU was flat, in the form that weight_gradient_of() takes. Also computes the sums of batch
// normalization, separately for each block.
template <class T>
struct MaskedGradient {
  const Convolution<T>& z;
  const T* dy;  // dy[pixel][filters]
  const Affine<T>& affine;
  bool relu;
  Blocks blocks;
  T *sums, *sums_of_products;  // [block][filters]: of d, and of d (z - mean)

  const T* in_place() const { return nullptr; }

  // Like OutputGradient::pack. If several threads need the gradient of a block, `bias_sums` is not null for only one of
  // them, which computes the sums.
  template <int vectors>
  void pack(const Conv2dShape& s, const Block& block, Index first, Index columns, T* out, const T* bias_sums) const {
    constexpr Index width = vectors * VectorOf<T>::lanes;
    T sum[width] = {}, sum_of_products[width] = {};
    const Index begin = (block.image * s.out_height + block.row) * s.out_width;
    const Index end = begin + block.images * block.rows * s.out_width;
    for (Index chunk = begin; chunk < end; chunk += kChunk, out += kChunk * width) {
      const Index pixels = min(kChunk, end - chunk);
      z.compute(chunk, chunk + pixels, first, width, nullptr, out, width, dy);
      (relu ? of_z<vectors, true> : of_z<vectors, false>)(affine, dy + chunk * s.filters, s.filters, pixels, first, out,
                                                          sum, sum_of_products);
    }
    if (bias_sums == nullptr) return;
    const Index index = block.image / blocks.images * blocks.bands + block.row / blocks.rows;
    for (Index j = 0; j < min(width, columns); ++j) {
      sums[index * s.filters + first + j] = sum[j];
      sums_of_products[index * s.filters + first + j] = sum_of_products[j];
    }
  }

  // out[pixel][vectors * lanes]: z is replaced by d. This is a separate function, because inside of a function that
  // calls others GCC keeps in memory all values that it would have to save across a call.
  template <int vectors, bool masked>
  static __attribute__((noinline)) void of_z(const Affine<T>& affine, const T* dy, Index filters, Index pixels,
                                             Index first, T* out, T* sums, T* sums_of_products) {
    constexpr int lanes = VectorOf<T>::lanes;
    Vec<T> mean[vectors], scale[vectors], offset[vectors], sum[vectors] = {}, sum_of_products[vectors] = {};
    const Index columns = filters - first;
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) {
      const auto channels = [&](const T* line) { return load_columns(line + first + v * lanes, columns - v * lanes); };
      mean[v] = channels(affine.mean), scale[v] = channels(affine.scale), offset[v] = channels(affine.beta);
    }
    dy += first;
    for (Index k = 0; k < pixels; ++k, dy += filters, out += vectors * lanes)
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) {
        const Vec<T> centred = load(out + v * lanes) - mean[v], zero{};
        Vec<T> d = load_columns(dy + v * lanes, columns - v * lanes);
        if (masked) d = centred * scale[v] + offset[v] > zero ? d : zero;
        sum[v] += d;
        sum_of_products[v] += d * centred;
        store(out + v * lanes, d);
      }
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) {
      store(sums + v * lanes, load(sums + v * lanes) + sum[v]);
      store(sums_of_products + v * lanes, load(sums_of_products + v * lanes) + sum_of_products[v]);
    }
  }
};

// Computes the weight gradients from the sums of the pass over dy; see above. On entry dkernel[k][f] is sum p[k] d.
template <class T>
void finish_weights(const Convolution<T>& z, const T* kernel, const T* bias, const Affine<T>& affine,
                    const T* inverse_std, const T* dgamma, const T* dbeta, T* dkernel, T* dbias) {
  const Index products = z.products(), filters = z.filters(), rows = products + 1;
  const double pixels = static_cast<double>(z.pixels());
  const Scratch<T> centres(products);  // sums around them: a large mean loses no precision
  z.find_centres(centres);
  const Scratch<double> sums(products * rows);
  z.add_patches(centres, sums);
  for (Index f = 0; f < filters; ++f) {
    const double scale = affine.scale[f], mean_dy = dbeta[f] / pixels, slope = dgamma[f] / pixels * inverse_std[f];
    double shift = (bias == nullptr ? 0.0 : static_cast<double>(bias[f])) - affine.mean[f];
    for (Index k = 0; k < products; ++k) shift += static_cast<double>(centres[k]) * kernel[k * filters + f];
    double centred = pixels * shift;  // sum of z - mean: nonzero only because the mean is rounded
    for (Index k = 0; k < products; ++k) centred += sums[k * rows + products] * kernel[k * filters + f];
    for (Index k = 0; k < products; ++k) {
      const double* const patch_sums = sums + k * rows;
      const double centre = centres[k];
      double with_z = centre * centred + shift * patch_sums[products];
      for (Index j = 0; j < products; ++j) with_z += patch_sums[j] * kernel[j * filters + f];
      T& gradient = dkernel[k * filters + f];
      const double with_dy = gradient - mean_dy * (patch_sums[products] + pixels * centre);
      gradient = static_cast<T>(scale * (with_dy - slope * with_z));
    }
    if (dbias != nullptr) dbias[f] = static_cast<T>(-scale * slope * centred);
  }
}

// The same with constant statistics: dz = scale d.
template <class T>
void scale_weights(const Convolution<T>& z, const Affine<T>& affine, const T* dbeta, T* dkernel, T* dbias) {
  const Index filters = z.filters();
  for (Index k = 0; k < z.products(); ++k)
    for (Index f = 0; f < filters; ++f) dkernel[k * filters + f] *= affine.scale[f];
  if (dbias != nullptr)
    for (Index f = 0; f < filters; ++f) dbias[f] = affine.scale[f] * dbeta[f];
}

inline Index pixels_of(const Conv2dShape& s) { return s.batch * s.out_height * s.out_width; }

}  // namespace conv_norm

// x[batch][height][width][channels], kernel[kh][kw][channels][filters], bias[filters] or null, gamma[filters] and
// beta[filters] or null -> y[batch][out_height][out_width][filters] and the statistics of the convolution's output
template <class T>
void conv2d_batch_norm_forward(const Conv2dShape& s, const T* x, const T* kernel, const T* bias, const T* gamma,
                               const T* beta, double epsilon, bool relu, T* y, T* mean, T* variance, T* inverse_std) {
  if (conv_norm::pixels_of(s) == 0 || s.filters == 0) return;
  const normalization::Lines lines(conv_norm::pixels_of(s), s.filters);
  const conv_norm::Convolution<T> z(s, x, kernel, bias, lines);
  normalization::moments(z, lines, mean, variance);
  normalization::invert(variance, epsilon, inverse_std, s.filters);
  z.normalize(conv_norm::Affine<T>(mean, inverse_std, gamma, beta, lines), relu, y);
}

template <class T>
void conv2d_batch_norm_inference(const Conv2dShape& s, const T* x, const T* kernel, const T* bias, const T* gamma,
                                 const T* beta, const T* mean, const T* variance, double epsilon, bool relu, T* y,
                                 T* inverse_std) {
  normalization::invert(variance, epsilon, inverse_std, s.filters);
  if (conv_norm::pixels_of(s) == 0 || s.filters == 0) return;
  const normalization::Lines lines(conv_norm::pixels_of(s), s.filters);
  const conv_norm::Convolution<T> z(s, x, kernel, bias, lines);
  z.normalize(conv_norm::Affine<T>(mean, inverse_std, gamma, beta, lines), relu, y);
}

// `constant`: the mean and variance do not depend on x (inference). dbias may be null. dkernel may be null too, if
// dbias is.
template <class T>
void conv2d_batch_norm_backward(const Conv2dShape& s, const T* dy, const T* x, const T* kernel, const T* bias,
                                const T* gamma, const T* beta, const T* mean, const T* inverse_std, bool relu,
                                bool constant, T* dkernel, T* dbias, T* dgamma, T* dbeta) {
  using namespace conv_norm;
  const Index filters = s.filters;
  for (Index f = 0; f < filters; ++f) dgamma[f] = dbeta[f] = 0;
  if (pixels_of(s) == 0 || filters == 0) {
    if (dkernel != nullptr) weight_gradient_of(s, OutputGradient<T>{dy, nullptr}, x, dkernel, dbias);  // zeros
    return;
  }
  const Lines lines(pixels_of(s), filters);
  const Affine<T> affine(mean, inverse_std, gamma, beta, lines);
  const Convolution<T> z(s, x, kernel, bias, lines);
  const Blocks blocks = z.blocks();
  const Scratch<T> sums(blocks.count * filters), sums_of_products(blocks.count * filters), unused(filters);
  weight_gradient_of<T>(s, MaskedGradient<T>{z, dy, affine, relu, blocks, sums, sums_of_products}, x, dkernel, unused);
  normalization::add_blocks<T>(sums, blocks.count, filters, dbeta);
  normalization::add_blocks<T>(sums_of_products, blocks.count, filters, dgamma);
  for (Index f = 0; f < filters; ++f) dgamma[f] *= inverse_std[f];
  if (dkernel == nullptr) return;
  if (constant)
    scale_weights(z, affine, dbeta, dkernel, dbias);
  else
    finish_weights(z, kernel, bias, affine, inverse_std, dgamma, dbeta, dkernel, dbias);
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
