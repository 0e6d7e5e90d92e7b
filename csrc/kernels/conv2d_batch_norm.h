// Convolution of few channels, batch normalization and ReLU as one operation; tinynet/ops/conv2d_batch_norm.py.
//
// Normalization goes over its input twice in each direction, and the weight gradient once more. A first layer has so
// few products an output that computing it takes less time than to fetch it: (128, 28, 28, 1) to 32 filters of 3x3 are
// 12.8 MB of z, and 9 multiply-adds a number. So z is computed anew in each pass, block by block, into a buffer in the
// L1 cache or straight into y, and neither z nor its gradient are ever in memory.
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

// Pixels whose sums are in registers together: 14x2 vectors, 2 of weights and 1 of x fill 31 registers of 32; 6x2 fit
// 16. Rows of 28 are two strips.
#if TINYNET_VECTOR_BYTES == 64 || defined(__aarch64__)
constexpr Index kStrip = 14;
#else
constexpr Index kStrip = 6;
#endif
constexpr Index kChunk = 4 * kStrip;  // pixels whose z becomes its gradient while it is in the L1 cache

// What makes y of z: max((z - mean) scale + beta, floor), by pointers to whole vectors of a panel's filters.
template <class T>
struct Normalized {
  const T *mean, *scale, *beta;
  T floor;  // 0 for ReLU, else minus infinity
};

// What the sums of a panel of filters have in common.
template <class T>
struct Products {
  const Index* offset;  // where each product finds its number, from a pixel's first tap on
  Index count;
  Index step;      // from pixel to pixel
  const T* panel;  // panel[product][vectors * lanes]
  const T* bias;   // or null
  const Normalized<T>* normalized;  // or null: z itself
  Index filters;
};

// z or y of `pixels` neighbours in a row -> out[pixel][stride]: the tile of conv2d_tile.h without what 9 products an
// output do not pay for. Pixels anywhere, in segments, took 1.7 times as long. Meanwhile soon[pixel][filters] comes
// from far away, unless it is null.
template <class T, int pixels, int vectors>
void strip(const Products<T>& in, const T* x, T* out, Index stride, const T* soon) {
  constexpr int lanes = VectorOf<T>::lanes;
  Vec<T> sum[pixels][vectors];
#pragma GCC unroll 2
  for (int v = 0; v < vectors; ++v) {
    const Vec<T> start = in.bias != nullptr ? load(in.bias + v * lanes) : Vec<T>{};
#pragma GCC unroll 14
    for (int i = 0; i < pixels; ++i) sum[i][v] = start;
  }
  if (soon != nullptr) {
#pragma GCC unroll 14
    for (int i = 0; i < pixels; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) __builtin_prefetch(soon + i * in.filters + v * lanes);
  }
  const T* b = in.panel;
  for (Index k = 0; k < in.count; ++k, b += vectors * lanes) {
    const T* const a = x + in.offset[k];
    Vec<T> bv[vectors];
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) bv[v] = load(b + v * lanes);
#pragma GCC unroll 14
    for (int i = 0; i < pixels; ++i) {
      const Vec<T> av = broadcast(a[i * in.step]);
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) sum[i][v] += av * bv[v];
    }
  }
  if (in.normalized != nullptr) {
    const Vec<T> floor = broadcast(in.normalized->floor);
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) {
      const Vec<T> mean = load(in.normalized->mean + v * lanes), scale = load(in.normalized->scale + v * lanes);
      const Vec<T> beta = load(in.normalized->beta + v * lanes);
#pragma GCC unroll 14
      for (int i = 0; i < pixels; ++i) {
        const Vec<T> y = (sum[i][v] - mean) * scale + beta;
        sum[i][v] = y < floor ? floor : y;  // NaN stays NaN
      }
    }
  }
#pragma GCC unroll 14
  for (int i = 0; i < pixels; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) store(out + i * stride + v * lanes, sum[i][v]);
}

template <class T>
using Strip = void (*)(const Products<T>&, const T* x, T* out, Index stride, const T* soon);

// The strips of a panel: [pixels - 1].
template <class T, int vectors>
inline const Strip<T>* strips() {
  static constexpr Strip<T> all[kStrip] = {
      strip<T, 1, vectors>,  strip<T, 2, vectors>,  strip<T, 3, vectors>,  strip<T, 4, vectors>,
      strip<T, 5, vectors>,  strip<T, 6, vectors>,
#if TINYNET_VECTOR_BYTES == 64 || defined(__aarch64__)
      strip<T, 7, vectors>,  strip<T, 8, vectors>,  strip<T, 9, vectors>,  strip<T, 10, vectors>,
      strip<T, 11, vectors>, strip<T, 12, vectors>, strip<T, 13, vectors>, strip<T, 14, vectors>,
#endif
  };
  return all;
}

// z[pixel][filters], the output of the convolution, computed when it is asked for. Neither batch nor output are empty.
template <class T>
class Convolution {
 public:
  Convolution(const Conv2dShape& s, const T* x, const T* kernel, const T* bias, const Lines& lines)
      : s_(s),
        lines_(lines),
        taps_(s),
        weights_(s, kernel, bias),
        window_{x,           nullptr,    s.batch,    s.height,        s.width,        s.channels, s.out_height,
                s.out_width, s.stride_h, s.stride_w, s.kernel_height, s.kernel_width, taps_.row,  taps_.col},
        pitch_(window_.pitch()),
        image_pitch_(window_.image_pitch(s.out_height)),
        padded_(window_.in_place() ? 0 : s.batch * image_pitch_),
        products_(s.kernel_height * s.kernel_width * s.channels),
        offset_(products_) {
    for (Index k = 0; k < products_; ++k) {
      const Index tap = k / s.channels;
      offset_[k] =
          window_.row_offset(tap / s.kernel_width) + window_.col_offset(tap % s.kernel_width) + k % s.channels;
    }
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

  // z of the pixels [begin, end), or what becomes of it, -> out[pixel][stride]: `columns` of the filters of a panel,
  // from `column` on. with[pixel][filters], or null, is what is read or written with it: to fetch it meanwhile saves
  // 0.1 ms of 1.3 for the gradient.
  void compute(Index begin, Index end, Index column, Index columns, const Normalized<T>* normalized, T* out,
               Index stride, const T* with) const {
    const Index width = panel_width<T>(s_.filters, column);
    const Strip<T>* const strip_of = width == kPanel<T> ? strips<T, 2>() : strips<T, 1>();
    const T* const bias = weights_.padded_bias == nullptr ? nullptr : weights_.padded_bias + column;
    const Products<T> in{offset_, products_,  s_.stride_w * s_.channels, weights_.panels + column * products_,
                         bias,    normalized, s_.filters};
    const T* soon = with == nullptr ? nullptr : with + begin * s_.filters + column;
    T wide[kStrip * kPanel<T>];  // where not all columns are wanted
    Index row = begin / s_.out_width, col = begin % s_.out_width;
    while (begin < end) {
      const T* const x = input_ + row / s_.out_height * image_pitch_ + row % s_.out_height * s_.stride_h * pitch_;
      const Index last = smaller(s_.out_width, col + end - begin);
      begin += last - col;
      for (Index rest; (rest = last - col) > 0;) {
        const Index pixels = rest >= 2 * kStrip ? kStrip : rest > kStrip ? rest / 2 : rest;
        if (columns >= width) {
          strip_of[pixels - 1](in, x + col * in.step, out, stride, soon);
        } else {
          strip_of[pixels - 1](in, x + col * in.step, wide, width, soon);
          for (Index i = 0; i < pixels; ++i)
            for (Index j = 0; j < columns; j += VectorOf<T>::lanes)
              store_columns(out + i * stride + j, load(wide + i * width + j), columns - j);
        }
        col += pixels;
        out += pixels * stride;
        if (soon != nullptr) soon += pixels * s_.filters;
      }
      ++row;
      col = 0;
    }
  }

  // z as batch normalization takes its input (normalization::InMemory).
  struct Reader {
    const Convolution& convolution;
    const Scratch<T> buffer;
    const T* operator()(Index begin, Index end) const {
      const Index filters = convolution.s_.filters;
      for (Index column = 0; column < filters; column += kPanel<T>)
        convolution.compute(begin, end, column, filters - column, nullptr, buffer + column, filters, nullptr);
      return buffer;
    }
  };
  Reader reader() const { return {*this, Scratch<T>(lines_.rows_per_block * s_.filters)}; }

  // y[pixel][filters] = z normalized
  void normalize(const Affine<T>& affine, bool relu, T* y) const {
    const Index filters = s_.filters, padded = padded_columns<T>(filters);
    const Scratch<T> mean(padded), scale(padded), beta(padded);  // whole vectors
    for (Index f = 0; f < padded; ++f) {
      mean[f] = f < filters ? affine.mean[f] : T(0);
      scale[f] = f < filters ? affine.scale[f] : T(0);
      beta[f] = f < filters ? affine.beta[f] : T(0);
    }
    const T floor = relu ? T(0) : -static_cast<T>(__builtin_inf());
    parallel_for(lines_.rows, lines_.rows_per_block, [=, &mean, &scale, &beta, this](Index begin, Index end) {
      for (Index column = 0; column < filters; column += kPanel<T>) {
        const Normalized<T> normalized{mean + column, scale + column, beta + column, floor};
        compute(begin, end, column, filters - column, &normalized, y + begin * filters + column, filters, y);
      }
    });
  }

 private:
  const Conv2dShape& s_;
  const Lines& lines_;
  const Taps taps_;
  const PackedWeights<T> weights_;
  const Window<T> window_;
  const Index pitch_, image_pitch_;
  const Scratch<T> padded_;
  const Index products_;
  const Scratch<Index> offset_;
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
    constexpr Index width = vectors * VectorOf<T>::lanes;
    const auto differentiate = relu ? constant ? of_z<vectors, true, true> : of_z<vectors, true, false>
                                    : constant ? of_z<vectors, false, true> : of_z<vectors, false, false>;
    T sum[width] = {};
    const Index begin = (block.image * s.out_height + block.row) * s.out_width;
    const Index end = begin + block.images * block.rows * s.out_width;
    for (Index chunk = begin; chunk < end; chunk += kChunk, out += kChunk * width) {
      const Index pixels = smaller(kChunk, end - chunk);
      z.compute(chunk, chunk + pixels, first, width, nullptr, out, width, dy);
      differentiate(*this, dy + chunk * s.filters + first, s.filters, pixels, first, columns, out, sum);
    }
    if (sums != nullptr)
      for (Index j = 0; j < width; ++j) sums[j] += sum[j];
  }

  // out[pixel][vectors * lanes]: z becomes its gradient, which is added to sum. A function by itself, or GCC keeps all
  // in memory that it would have to save when another is called.
  template <int vectors, bool masked, bool constant>
  static __attribute__((noinline)) void of_z(const ConvolvedGradient& all, const T* dy, Index filters, Index pixels,
                                             Index first, Index columns, T* out, T* sums) {
    constexpr int lanes = VectorOf<T>::lanes;
    Vec<T> mean[vectors], scale[vectors], offset[vectors], level[vectors], slope[vectors], sum[vectors];
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) {
      const auto channels = [&](const T* line) { return load_columns(line + first + v * lanes, columns - v * lanes); };
      mean[v] = channels(all.affine.mean), scale[v] = channels(all.affine.scale), offset[v] = channels(all.affine.beta);
      level[v] = channels(all.slopes.level), slope[v] = channels(all.slopes.slope);
      sum[v] = load(sums + v * lanes);
    }
    for (Index k = 0; k < pixels; ++k, dy += filters, out += vectors * lanes)
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) {
        const Vec<T> centred = load(out + v * lanes) - mean[v], zero{};
        Vec<T> d = load_columns(dy + v * lanes, columns - v * lanes);
        if (masked) d = centred * scale[v] + offset[v] > zero ? d : zero;
        d = constant ? scale[v] * d : scale[v] * ((d - level[v]) - centred * slope[v]);
        sum[v] += d;
        store(out + v * lanes, d);
      }
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) store(sums + v * lanes, sum[v]);
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
