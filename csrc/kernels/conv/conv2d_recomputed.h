// A convolution with few channels that is recomputed wherever its output is needed: conv2d_batch_norm.h.
#pragma once

#include "kernels/norm/batch_norm.h"
#include "kernels/conv/conv2d_direct.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace conv_norm {

using normalization::Lines;

// Pixels whose sums are in registers together: 14x2 vectors, 2 of weights and 1 of x fill 31 of 32 registers; 6x2 fit
// 16. A row of 28 pixels is two strips.
#if TINYNET_VECTOR_BYTES == 64 || defined(__aarch64__)
constexpr Index kStrip = 14;
#else
constexpr Index kStrip = 6;
#endif
constexpr Index kPatches = 1024;  // pixels whose patches are in the cache together; rows have room for one more vector
constexpr Index kPatchRow = kPatches + VectorOf<float>::lanes;
constexpr Index kCentrePixels = 128;  // pixels whose mean is the centre of sums over all

// Computes y from z: max((z - mean) scale + beta, floor). The pointers are to whole vectors of a panel's filters.
template <class T>
struct Normalized {
  const T *mean, *scale, *beta;
  T floor;  // 0 for ReLU, else minus infinity
};

// The arguments that all sums of a panel of filters share.
template <class T>
struct Products {
  const Index* offset;  // offset of the input element of each product, from a pixel's first tap on
  Index count;
  Index step;      // from pixel to pixel
  const T* panel;  // panel[product][vectors * lanes]
  const T* bias;   // or null
  const Normalized<T>* normalized;  // null for z itself
  Index filters;
};

// Computes z or y of `pixels` adjacent pixels of a row -> out[pixel][stride]. It is the tile of conv2d_tile.h without
// the features that are not worth it for 9 products per output: with segments and pixels anywhere it took 1.7 times as
// long. prefetch_target[pixel][filters] is prefetched meanwhile, unless it is null.
template <class T, int pixels, int vectors>
void strip(const Products<T>& in, const T* x, T* out, Index stride, const T* prefetch_target) {
  constexpr int lanes = VectorOf<T>::lanes;
  Vec<T> sum[pixels][vectors];
#pragma GCC unroll 2
  for (int v = 0; v < vectors; ++v) {
    const Vec<T> start = in.bias != nullptr ? load(in.bias + v * lanes) : Vec<T>{};
#pragma GCC unroll 14
    for (int i = 0; i < pixels; ++i) sum[i][v] = start;
  }
  if (prefetch_target != nullptr) {
#pragma GCC unroll 14
    for (int i = 0; i < pixels; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) __builtin_prefetch(prefetch_target + i * in.filters + v * lanes);
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
using Strip = void (*)(const Products<T>&, const T* x, T* out, Index stride, const T* prefetch_target);

// The strips of a panel, by [pixels - 1].
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

// z[pixel][filters], the output of a convolution, computed on demand. Neither the batch nor the output is empty.
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
    // The images with their zero padding. All are copied at once: they are small compared to z.
    if (window_.in_place()) {
      input_ = block_input(window_, Block{0, 1, 0, s.out_height}, static_cast<T*>(nullptr));
      return;
    }
    input_ = padded_;
    parallel_for(s.batch, max(1, 8192 / max(1, image_pitch_)), [&, this](Index begin, Index end) {
      block_input(window_, Block{begin, end - begin, 0, s.out_height}, padded_ + begin * image_pitch_);
    });
  }

  // Computes z of the pixels [begin, end), or y, -> out[pixel][stride]: `columns` of the filters of a panel, from
  // `column` on. companion[pixel][filters], or null, is the array that is read or written together with it.
  // Prefetching it saves 0.1 ms of 1.3 for the gradient.
  void compute(Index begin, Index end, Index column, Index columns, const Normalized<T>* normalized, T* out,
               Index stride, const T* companion) const {
    const Index width = panel_width<T>(s_.filters, column);
    const Strip<T>* const strip_of = width == kPanel<T> ? strips<T, 2>() : strips<T, 1>();
    const T* const bias = weights_.padded_bias == nullptr ? nullptr : weights_.padded_bias + column;
    const Products<T> in{offset_, products_,  s_.stride_w * s_.channels, weights_.panels + column * products_,
                         bias,    normalized, s_.filters};
    const T* prefetch_target = companion == nullptr ? nullptr : companion + begin * s_.filters + column;
    T wide[kStrip * kPanel<T>];  // buffer for when not all columns are stored
    Index row = begin / s_.out_width, col = begin % s_.out_width;
    while (begin < end) {
      const T* const x = input_ + row / s_.out_height * image_pitch_ + row % s_.out_height * s_.stride_h * pitch_;
      const Index last = min(s_.out_width, col + end - begin);
      begin += last - col;
      for (Index remaining; (remaining = last - col) > 0;) {
        const Index pixels = remaining >= 2 * kStrip ? kStrip : remaining > kStrip ? remaining / 2 : remaining;
        if (columns >= width) {
          strip_of[pixels - 1](in, x + col * in.step, out, stride, prefetch_target);
        } else {
          strip_of[pixels - 1](in, x + col * in.step, wide, width, prefetch_target);
          for (Index i = 0; i < pixels; ++i)
            for (Index j = 0; j < columns; j += VectorOf<T>::lanes)
              store_columns(out + i * stride + j, load(wide + i * width + j), columns - j);
        }
        col += pixels;
        out += pixels * stride;
        if (prefetch_target != nullptr) prefetch_target += pixels * s_.filters;
      }
      ++row;
      col = 0;
    }
  }

  // Reads z in the way that batch normalization reads its input (normalization::InMemory).
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
  void normalize(const normalization::Affine<T>& affine, bool relu, T* y) const {
    const Index filters = s_.filters, padded = padded_columns<T>(filters);
    const Scratch<T> mean(padded), scale(padded), beta(padded);  // whole vectors
    for (Index f = 0; f < padded; ++f) {
      mean[f] = f < filters ? affine.mean[f] : T(0);
      scale[f] = f < filters ? affine.scale[f] : T(0);
      beta[f] = f < filters ? affine.beta[f] : T(0);
    }
    const T floor = relu ? T(0) : -static_cast<T>(__builtin_inf());
    // In pixels, the rows of the matrix z: whole rows of the image, so that no strip is short.
    const Index rows_per_task = ceil_div(lines_.rows_per_block, s_.out_width) * s_.out_width;
    parallel_for(lines_.rows, rows_per_task, [=, &mean, &scale, &beta](Index begin, Index end) {
      for (Index column = 0; column < filters; column += kPanel<T>) {
        const Normalized<T> normalized{mean + column, scale + column, beta + column, floor};
        compute(begin, end, column, filters - column, &normalized, y + begin * filters + column, filters, y);
      }
    });
  }

  // Let p[k] be the input element of product k, minus centres[k]. sums[k][j] = sum over all pixels of p[k] p[j], and
  // sums[k][products] = sum of p[k].
  void add_patches(const T* centres, double* sums) const {
    const Index rows = products_ + 1, size = products_ * rows, blocks = ceil_div(lines_.rows, kPatches);
    const Index parts = min(blocks, kTasks);
    const Scratch<double> partial(parts * size);
    parallel_for(parts, 1, [&, this](Index first_part, Index last_part) {
      const Scratch<T> patches(rows * kPatchRow);  // patches[product][pixel]; the last row is ones
      for (Index part = first_part; part < last_part; ++part) {
        double* const total = partial + part * size;
        for (Index i = 0; i < size; ++i) total[i] = 0;
        for (Index block = blocks * part / parts; block < blocks * (part + 1) / parts; ++block) {
          const Index begin = block * kPatches, count = min(kPatches, lines_.rows - begin);
          collect(begin, begin + count, centres, patches);
          for (Index k = 0; k < products_; ++k)
            for (Index j = 0; j < rows; ++j)
              if (j <= k || j == products_)
                total[k * rows + j] += dot(patches + k * kPatchRow, patches + j * kPatchRow, count);
        }
      }
    });
    for (Index i = 0; i < size; ++i) {
      sums[i] = 0;
      for (Index part = 0; part < parts; ++part) sums[i] += partial[part * size + i];
    }
    for (Index k = 0; k < products_; ++k)
      for (Index j = k + 1; j < products_; ++j) sums[k * rows + j] = sums[j * rows + k];
  }

  // centres[k]: the mean of the input elements of product k over a sample of the pixels. Each product has its own: one
  // that reads only padding has 0, and so its gradient is 0, as without a centre.
  void find_centres(T* centres) const {
    const Index step = max(1, lines_.rows / kCentrePixels), count = ceil_div(lines_.rows, step);
    const Scratch<double> sums(products_);
    for (Index k = 0; k < products_; ++k) sums[k] = 0;
    for (Index pixel = 0; pixel < lines_.rows; pixel += step) {
      const Index row = pixel / s_.out_width;
      const T* const x = input_ + row / s_.out_height * image_pitch_ + row % s_.out_height * s_.stride_h * pitch_ +
                         pixel % s_.out_width * s_.stride_w * s_.channels;
      for (Index k = 0; k < products_; ++k) sums[k] += static_cast<double>(x[offset_[k]]);
    }
    for (Index k = 0; k < products_; ++k) centres[k] = static_cast<T>(sums[k] / static_cast<double>(count));
  }

  Index products() const { return products_; }
  Index filters() const { return s_.filters; }
  Index pixels() const { return lines_.rows; }
  Blocks blocks() const { return weight_gradient_blocks(window_, s_.filters); }  // those of weight_gradient_of()

 private:
  void collect(Index begin, Index end, const T* centres, T* patches) const {
    const Index step = s_.stride_w * s_.channels;
    for (Index i = 0; i < kPatches; ++i) patches[products_ * kPatchRow + i] = 1;
    Index row = begin / s_.out_width, col = begin % s_.out_width;
    for (T* out = patches; begin < end; ++row, col = 0) {
      const T* const x = input_ + row / s_.out_height * image_pitch_ + row % s_.out_height * s_.stride_h * pitch_;
      const Index count = min(s_.out_width - col, end - begin);
      for (Index k = 0; k < products_; ++k) {
        const T* const in = x + col * step + offset_[k];
        T* const to = out + k * kPatchRow;
        const T centre = centres[k];
        if (step == 1)  // lanes past the end are overwritten by the next row, or not used
          for (Index i = 0; i < count; i += VectorOf<T>::lanes) store(to + i, load_columns(in + i, count - i) - centre);
        else
          for (Index i = 0; i < count; ++i) to[i] = in[i * step] - centre;
      }
      begin += count;
      out += count;
    }
  }

  static double dot(const T* a, const T* b, Index count) {
    constexpr Index lanes = VectorOf<T>::lanes;
    Vec<T> sum[4] = {};
    Index i = 0;
    for (; i + 4 * lanes <= count; i += 4 * lanes)
#pragma GCC unroll 4
      for (Index v = 0; v < 4; ++v) sum[v] += load(a + i + v * lanes) * load(b + i + v * lanes);
    const Vec<T> all = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    double total[2] = {};
    for (Index l = 0; l < lanes; ++l) total[l % 2] += static_cast<double>(all[l]);
    for (; i < count; ++i) total[0] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return total[0] + total[1];
  }

  const Conv2dShape& s_;
  const Lines& lines_;
  const Taps taps_;
  const PackedWeights<T> weights_;
  const Window<T> window_;
  const Index pitch_, image_pitch_;
  const Scratch<T> padded_;
  const Index products_;  // products of an output
  const Scratch<Index> offset_;
  const T* input_;
};

}  // namespace conv_norm
}  // namespace
}  // namespace tinynet::TINYNET_ISA
