// Convolution of few channels, batch normalization and ReLU as one operation; tinynet/ops/conv2d_batch_norm.py.
//
// Normalization goes over its input twice in each direction, and the weight gradient once more. A first layer has so
// few products an output that computing it takes less time than to fetch it: (128, 28, 28, 1) to 32 filters of 3x3 are
// 12.8 MB of z, and 9 multiply-adds a number. So z is computed anew in each pass, block by block, into a buffer in the
// L1 cache, and neither z nor its gradient are ever in memory.
//
// Each sum takes its terms in the order of the direct algorithm, the moments see the same blocks (batch_norm.h), and
// the gradient of z is cut up as the weight gradient does it (conv2d_weight_gradient.h): the results are those of the
// operations one by one to the last bit.
#pragma once

#include "kernels/batch_norm.h"
#include "kernels/conv2d_weight_gradient.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace conv_norm {

using normalization::Affine;
using normalization::Lines;
using normalization::Slopes;

constexpr Index kChunk = 4 * kTileRows;  // pixels whose z becomes its gradient while it is in the L1 cache

// z[pixel][filters], the output of the convolution, computed when it is asked for. Neither batch nor output are empty.
template <class T>
class Convolution {
 public:
  Convolution(const Conv2dShape& s, const T* x, const T* kernel, const T* bias, const Lines& lines)
      : lines_(lines),
        area_(s.out_height * s.out_width),
        taps_(s),
        weights_(s, kernel, bias),
        window_{x,           nullptr,    s.batch,    s.height,        s.width,        s.channels, s.out_height,
                s.out_width, s.stride_h, s.stride_w, s.kernel_height, s.kernel_width, taps_.row,  taps_.col},
        image_pitch_(window_.image_pitch(s.out_height)),
        padded_(window_.in_place() ? 0 : s.batch * image_pitch_),
        run_(s.dilation_w == 1 ? s.kernel_width * s.channels : s.channels),
        runs_(s.dilation_w == 1 ? s.kernel_height : s.kernel_height * s.kernel_width),
        segments_(runs_),
        from_(area_) {
    const Index runs_a_row = runs_ / s.kernel_height;
    for (Index r = 0; r < runs_; ++r)
      segments_[r] = {window_.row_offset(r / runs_a_row) + window_.col_offset(r % runs_a_row), run_};
    for (Index i = 0; i < s.out_height; ++i)
      for (Index j = 0; j < s.out_width; ++j)
        from_[i * s.out_width + j] = i * s.stride_h * window_.pitch() + j * s.stride_w * s.channels;
    // The images with their zeros: all at once, they are small against z.
    if (window_.in_place()) {
      input_ = block_input(window_, Block{0, 1, 0, s.out_height}, static_cast<T*>(nullptr));
      return;
    }
    input_ = padded_;
    parallel_for(s.batch, larger(1, 8192 / larger(1, image_pitch_)), [&, this](Index begin, Index end) {
      block_input(window_, Block{begin, end - begin, 0, s.out_height}, padded_ + begin * image_pitch_);
    });
  }

  // z of the pixels [begin, end) -> out[pixel][stride]: `columns` of the filters of a panel, from `column` on.
  void compute(Index begin, Index end, Index column, Index columns, T* out, Index stride) const {
    Index to[kTileRows];
    for (Index i = 0; i < kTileRows; ++i) to[i] = i * stride;
    TileInput<T> in{nullptr, nullptr, 1, segments_, runs_, weights_.panels + column * runs_ * run_,
                    panel_width<T>(lines_.channels, column)};
    TileOutput<T> result{nullptr, to,    columns, weights_.padded_bias == nullptr ? nullptr : weights_.padded_bias + column,
                         false,   false};
    for (Index image = begin / area_; begin < end; ++image) {
      const Index first = begin - image * area_, pixels = smaller(end - begin, area_ - first);
      const Index tiles = ceil_div(pixels, kTileRows);
      in.a = input_ + image * image_pitch_;
      for (Index t = 0; t < tiles; ++t) {
        const Index pixel = pixels * t / tiles;
        in.row = from_ + first + pixel;
        result.c = out + pixel * stride;
        tile_for<T>(pixels * (t + 1) / tiles - pixel, columns)(in, result);
      }
      begin += pixels;
      out += pixels * stride;
    }
  }

  // z as batch normalization takes its input (normalization::InMemory).
  struct Reader {
    const Convolution& convolution;
    const Scratch<T> buffer;
    const T* operator()(Index begin, Index end) const {
      const Index filters = convolution.lines_.channels;
      for (Index column = 0; column < filters; column += kPanel<T>)
        convolution.compute(begin, end, column, filters - column, buffer + column, filters);
      return buffer;
    }
  };
  Reader reader() const { return {*this, Scratch<T>(lines_.rows_per_block * lines_.channels)}; }

 private:
  const Lines& lines_;
  const Index area_;
  const Taps taps_;
  const PackedWeights<T> weights_;
  const Window<T> window_;
  const Index image_pitch_;
  const Scratch<T> padded_;
  const Index run_, runs_;  // numbers side by side; how many times
  const Scratch<Segment> segments_;
  const Scratch<Index> from_;  // where in an image a pixel's first tap looks
  const T* input_;
};

// The gradient of z, as weight_gradient_of() takes it: scale ((dy - level) - (z - mean) slope), or scale dy with
// constant statistics; dy is 0 where ReLU was flat.
template <class T>
struct ConvolvedGradient {
  const Convolution<T>& z;
  const T* dy;  // dy[pixel][filters]
  const Affine<T>& affine;
  const Slopes<T>& slopes;
  bool relu, constant;

  const T* in_place() const { return nullptr; }

  // As OutputGradient::pack.
  template <int vectors>
  void pack(const Conv2dShape& s, const Block& block, Index first, Index columns, T* out, T* sums) const {
    constexpr int lanes = VectorOf<T>::lanes;
    constexpr Index width = vectors * lanes;
    Vec<T> mean[vectors], scale[vectors], offset[vectors], level[vectors], slope[vectors], sum[vectors] = {};
    for (int v = 0; v < vectors; ++v) {
      const auto channels = [&](const T* line) { return load_columns(line + first + v * lanes, columns - v * lanes); };
      mean[v] = channels(affine.mean), scale[v] = channels(affine.scale), offset[v] = channels(affine.beta);
      level[v] = channels(slopes.level), slope[v] = channels(slopes.slope);
    }
    const Index begin = (block.image * s.out_height + block.row) * s.out_width;
    const Index end = begin + block.images * block.rows * s.out_width;
    for (Index chunk = begin; chunk < end; chunk += kChunk) {
      const Index pixels = smaller(kChunk, end - chunk);
      z.compute(chunk, chunk + pixels, first, width, out, width);
      for (Index k = 0; k < pixels; ++k, out += width)
        for (int v = 0; v < vectors; ++v) {
          const Vec<T> centred = load(out + v * lanes) - mean[v], zero{};
          Vec<T> d = load_columns(dy + (chunk + k) * s.filters + first + v * lanes, columns - v * lanes);
          if (relu) d = centred * scale[v] + offset[v] > zero ? d : zero;
          d = constant ? scale[v] * d : scale[v] * ((d - level[v]) - centred * slope[v]);
          sum[v] += d;
          store(out + v * lanes, d);
        }
    }
    if (sums != nullptr)
      for (int v = 0; v < vectors; ++v) store(sums + v * lanes, load(sums + v * lanes) + sum[v]);
  }
};

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
  normalization::forward(z, lines, gamma, beta, epsilon, relu, y, mean, variance, inverse_std);
}

template <class T>
void conv2d_batch_norm_inference(const Conv2dShape& s, const T* x, const T* kernel, const T* bias, const T* gamma,
                                 const T* beta, const T* mean, const T* variance, double epsilon, bool relu, T* y,
                                 T* inverse_std) {
  if (conv_norm::pixels_of(s) == 0 || s.filters == 0)
    return normalization::invert(variance, epsilon, inverse_std, s.filters);
  const normalization::Lines lines(conv_norm::pixels_of(s), s.filters);
  const conv_norm::Convolution<T> z(s, x, kernel, bias, lines);
  normalization::inference(z, lines, gamma, beta, mean, variance, epsilon, relu, y, inverse_std);
}

// With `constant` the mean and variance do not depend on x (inference). dbias may be null; dkernel too, and with it
// dbias.
template <class T>
void conv2d_batch_norm_backward(const Conv2dShape& s, const T* dy, const T* x, const T* kernel, const T* bias,
                                const T* gamma, const T* beta, const T* mean, const T* inverse_std, bool relu,
                                bool constant, T* dkernel, T* dbias, T* dgamma, T* dbeta) {
  using namespace conv_norm;
  for (Index f = 0; f < s.filters; ++f) dgamma[f] = dbeta[f] = 0;
  if (pixels_of(s) == 0 || s.filters == 0) {
    if (dkernel != nullptr) weight_gradient_of(s, OutputGradient<T>{dy, nullptr}, x, dkernel, dbias);  // zeros
    return;
  }
  const Lines lines(pixels_of(s), s.filters);
  const Affine<T> affine(mean, inverse_std, gamma, beta, lines);
  const Convolution<T> z(s, x, kernel, bias, lines);
  normalization::with_mask(dy, affine, relu, [&](const auto& masked) {
    normalization::gradient_sums<T>(z, lines, masked, inverse_std, dgamma, dbeta);
  });
  if (dkernel == nullptr) return;
  const Slopes<T> slopes(dgamma, dbeta, inverse_std, lines);
  weight_gradient_of(s, ConvolvedGradient<T>{z, dy, affine, slopes, relu, constant}, x, dkernel, dbias);
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
