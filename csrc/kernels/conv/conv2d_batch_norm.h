// Convolution of few channels, batch normalization and ReLU as one operation; tinynet/ops/conv2d_batch_norm.py.
//
// Normalization goes over its input twice in each direction, and the weight gradient once more. A first layer has so
// few products an output that computing it takes less time than to fetch it: (128, 28, 28, 1) to 32 filters of 3x3 are
// 12.8 MB of z, and 9 multiply-adds a number. So z is computed again where it is wanted, in the L1 cache, and neither z
// nor its gradient are ever in memory.
//
// Forward, one pass takes the moments and one writes y. Each sum takes its terms in the order of the direct algorithm
// (conv2d_direct.h), and the moments see the same blocks (batch_norm.h): all results are those of the operations one by
// one to the last bit.
//
// Back, one pass over dy is enough. With p[k] = what product k of an output sees, d = dy where ReLU was not flat, all
// sums over the pixels, and scale, level and slope as in batch_norm.h,
//
//   dz         = scale ((d - level) - (z - mean) slope)
//   dkernel[k] = sum p[k] dz = scale (sum p[k] d - level sum p[k] - slope sum p[k] (z - mean))
//   sum p[k] (z - mean)      = sum over j of (sum p[k] p[j]) kernel[j] + (bias - mean) sum p[k]
//
// where level and slope, which come of sum d and sum d (z - mean), may be known last, and the sums of p alone are few.
#pragma once

#include "kernels/conv/conv2d_recomputed.h"
#include "kernels/conv/conv2d_weight_gradient.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace conv_norm {

using normalization::Affine;

constexpr Index kChunk = 4 * kStrip;  // pixels whose z becomes a gradient while it is in the L1 cache

// dy, 0 where ReLU was flat, as weight_gradient_of() takes the gradient of an output; and the sums of batch
// normalization, of each block by itself.
template <class T>
struct MaskedGradient {
  const Convolution<T>& z;
  const T* dy;  // dy[pixel][filters]
  const Affine<T>& affine;
  bool relu;
  Blocks blocks;
  T *sums, *sums_of_products;  // [block][filters]: of d, and of d (z - mean)

  const T* in_place() const { return nullptr; }

  // As OutputGradient::pack. Of several threads that need a block's gradient, one is asked for its sums.
  template <int vectors>
  void pack(const Conv2dShape& s, const Block& block, Index first, Index columns, T* out, const T* wanted) const {
    constexpr Index width = vectors * VectorOf<T>::lanes;
    T sum[width] = {}, sum_of_products[width] = {};
    const Index begin = (block.image * s.out_height + block.row) * s.out_width;
    const Index end = begin + block.images * block.rows * s.out_width;
    for (Index chunk = begin; chunk < end; chunk += kChunk, out += kChunk * width) {
      const Index pixels = smaller(kChunk, end - chunk);
      z.compute(chunk, chunk + pixels, first, width, nullptr, out, width, dy);
      (relu ? of_z<vectors, true> : of_z<vectors, false>)(affine, dy + chunk * s.filters, s.filters, pixels, first, out,
                                                          sum, sum_of_products);
    }
    if (wanted == nullptr) return;
    const Index index = block.image / blocks.images * blocks.bands + block.row / blocks.rows;
    for (Index j = 0; j < smaller(width, columns); ++j) {
      sums[index * s.filters + first + j] = sum[j];
      sums_of_products[index * s.filters + first + j] = sum_of_products[j];
    }
  }

  // out[pixel][vectors * lanes]: z becomes d. A function by itself, or GCC keeps all in memory that it would have to
  // save when another is called.
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

// What the passes over dy have left -> the gradients of the weights; see above. dkernel[k][f] is sum p[k] d before.
template <class T>
void finish_weights(const Convolution<T>& z, const T* kernel, const T* bias, const Affine<T>& affine,
                    const T* inverse_std, const T* dgamma, const T* dbeta, T* dkernel, T* dbias) {
  const Index products = z.products(), filters = z.filters(), rows = products + 1;
  const double pixels = static_cast<double>(z.pixels());
  const T centre = z.centre();
  const Scratch<double> sums(products * rows);
  z.add_patches(centre, sums);  // around a centre, so that bright images cost no digits
  for (Index f = 0; f < filters; ++f) {
    const double scale = affine.scale[f], level = dbeta[f] / pixels, slope = dgamma[f] / pixels * inverse_std[f];
    double shift = (bias == nullptr ? 0.0 : static_cast<double>(bias[f])) - affine.mean[f];
    for (Index k = 0; k < products; ++k) shift += static_cast<double>(centre) * kernel[k * filters + f];
    double centred = pixels * shift;  // the sum of z - mean: what the mean's rounding leaves
    for (Index k = 0; k < products; ++k) centred += sums[k * rows + products] * kernel[k * filters + f];
    for (Index k = 0; k < products; ++k) {
      const double* const seen = sums + k * rows;
      double with_z = centre * centred + shift * seen[products];
      for (Index j = 0; j < products; ++j) with_z += seen[j] * kernel[j * filters + f];
      T& gradient = dkernel[k * filters + f];
      gradient = static_cast<T>(scale * ((gradient - level * (seen[products] + pixels * centre)) - slope * with_z));
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
// beta[filters] or null -> y[batch][out_height][out_width][filters] and the statistics of the convolution
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

// With `constant` the mean and variance do not depend on x (inference). dbias may be null; dkernel too, and with it
// dbias.
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
