// Batch normalization, ReLU, max pooling with adjacent windows, and dropout: tinynet/ops/batch_norm_max_pool2d.py.
//
// The intermediate results are never in memory. The forward pass reads x once for its statistics and once for the
// pooled y. Besides y, it stores the argmax index and the x of each maximum. In the backward pass, the gradient at full
// size is zero except at the maxima. So dgamma and dbeta are sums over arrays of the pooled size, and dx takes one
// pass. x and dx are the only large arrays.
//
// Dropout is applied to rows of y that are still in the cache. A dropped element has no argmax index, like an element
// that ReLU set to 0. So the backward pass needs no random numbers, and it scales dy where it loads it.
#pragma once

#include "kernels/norm/batch_norm.h"
#include "kernels/elementwise/dropout.h"
#include "kernels/pooling/pooling.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace pooled_normalization {

using helpers::ceil_div;
using helpers::max;
using helpers::min;
using pooling::Indices;

constexpr int kNoArgmax = 255;  // argmax index of a maximum that ReLU or dropout set to 0: it gets no gradient

// A vector of adjacent channels: WholeVector is a full one, FewChannels holds all channels if there are fewer than
// lanes.
template <class T>
struct WholeVector {
  explicit WholeVector(Index) {}
  template <class Use>
  __attribute__((always_inline)) void for_channels(Index channels, const Use& use) const {
    pooling::for_channels<T>(channels, use);
  }
  Vec<T> load(const T* memory) const { return tinynet::TINYNET_ISA::load(memory); }
  void store(T* memory, Vec<T> value) const { tinynet::TINYNET_ISA::store(memory, value); }
  Indices<T> load_indices(const std::uint8_t* memory) const { return pooling::load_indices<T>(memory); }
  void store_indices(std::uint8_t* memory, Indices<T> indices) const { pooling::store_indices<T>(memory, indices); }
};

template <class T>
struct FewChannels {
  explicit FewChannels(Index channels) : count(channels), lanes(channels) {}
  template <class Use>
  __attribute__((always_inline)) void for_channels(Index, const Use& use) const {
    use(0);
  }
  Vec<T> load(const T* memory) const { return lanes.load(memory); }
  void store(T* memory, Vec<T> value) const { lanes.store(memory, value); }
  Indices<T> load_indices(const std::uint8_t* memory) const {
    std::uint8_t all[VectorOf<T>::lanes] = {};
    for (Index l = 0; l < count; ++l) all[l] = memory[l];
    return pooling::load_indices<T>(all);
  }
  void store_indices(std::uint8_t* memory, Indices<T> indices) const {
    std::uint8_t all[VectorOf<T>::lanes];
    pooling::store_indices<T>(all, indices);
    for (Index l = 0; l < count; ++l) memory[l] = all[l];
  }
  Index count;
  FirstLanes<T> lanes;
};

// Calls body(first row of windows, end, vector) for parts of the rows. Each thread starts with its last parts
// (normalization::for_blocks_reversed_per_thread).
template <class T, class Body>
void each_part(const Pool2dShape& s, const Body& body) {
  const Index rows = s.batch * s.out_height;
  const Index rows_per_task = max(1, kNormalizationBlock / max(1, s.pool_height * s.width * s.channels));
  const auto run = [&](auto vector) {
    normalization::for_blocks_reversed_per_thread(ceil_div(rows, rows_per_task), [=, &body](Index first, Index last) {
      body(first * rows_per_task, min(last * rows_per_task, rows), vector);
    });
  };
  if (s.channels < VectorOf<T>::lanes)
    run(FewChannels<T>(s.channels));
  else
    run(WholeVector<T>(s.channels));
}

// Unrolls the most common window, 2x2.
template <class Use>
__attribute__((always_inline)) inline void with_window(const Pool2dShape& s, const Use& use) {
  if (s.pool_height == 2 && s.pool_width == 2)
    use(Index(2), Index(2));
  else
    use(s.pool_height, s.pool_width);
}

// Offset in x of the first pixel of a row of windows.
inline Index first_pixel(const Pool2dShape& s, Index row) {
  return (row / s.out_height * s.height + row % s.out_height * s.pool_height) * s.width * s.channels;
}

// y, and with `argmax` the argmax index and the x of each maximum.
template <class T>
struct Maxima {
  T* y;
  std::uint8_t* argmax;
  T* x_at_max;
};

template <class T, class Vector>
__attribute__((always_inline)) inline void pool_window(const T* x, Index line, Index channels, Index pool_h,
                                                       Index pool_w, const normalization::Affine<T>& affine,
                                                       const Maxima<T>& maxima, Index at, const Vector& vector) {
  vector.for_channels(channels, [&](Index c) __attribute__((always_inline)) {
    const Vec<T> mean = vector.load(affine.mean + c), scale = vector.load(affine.scale + c);
    const Vec<T> beta = vector.load(affine.beta + c), zero{};
    const auto normalized = [&](Vec<T> value) __attribute__((always_inline)) {
      const Vec<T> y = (value - mean) * scale + beta;
      return y < zero ? zero : y;
    };
    Vec<T> x_at_max = vector.load(x + c), best = normalized(x_at_max);
    Indices<T> argmax{};
    for (Index p = 0; p < pool_h; ++p)
      for (Index q = 0; q < pool_w; ++q) {
        if (p + q == 0) continue;
        const Vec<T> value = vector.load(x + p * line + q * channels + c), y = normalized(value);
        const Indices<T> take = ~(y <= best) & (best == best);  // the first of equal values wins, and the first NaN
        best = take ? y : best;
        x_at_max = take ? value : x_at_max;
        argmax = take ? pooling::broadcast_index<T>(p * pool_w + q) : argmax;
      }
    vector.store(maxima.y + at + c, best);
    if (maxima.argmax == nullptr) return;
    vector.store(maxima.x_at_max + at + c, x_at_max);
    vector.store_indices(maxima.argmax + at + c, best > zero ? argmax : pooling::broadcast_index<T>(kNoArgmax));
  });
}

// Elements [begin, end) of y and of the argmax indices.
template <class T>
void apply_dropout(const Maxima<T>& maxima, Index begin, Index end, const Dropout& mask) {
  T* const y = maxima.y;
  std::uint8_t* const argmax = maxima.argmax;
  dropout_range(y, y, begin, end, mask);
  if (argmax == nullptr) return;
  TINYNET_NO_OVERLAP
  for (Index i = begin; i < end; ++i) argmax[i] = y[i] > 0 ? argmax[i] : std::uint8_t(kNoArgmax);
}

template <class T>
void pool(const Pool2dShape& s, const T* x, const normalization::Affine<T>& affine, const Dropout& mask,
          const Maxima<T>& maxima) {
  const Index line = s.width * s.channels, out_line = s.out_width * s.channels;
  each_part<T>(s, [=, &affine](Index begin, Index end, const auto& vector) {
    for (Index row = begin; row < end; ++row) {
      const T* const first = x + first_pixel(s, row);
      with_window(s, [&](Index pool_h, Index pool_w) __attribute__((always_inline)) {
        for (Index j = 0; j < s.out_width; ++j)
          pool_window(first + j * pool_w * s.channels, line, s.channels, pool_h, pool_w, affine, maxima,
                      row * out_line + j * s.channels, vector);
      });
    }
    if (mask.rate > 0) apply_dropout(maxima, begin * out_line, end * out_line, mask);
  });
}

// Computes dx from dy: scale ((dy - mean_dy) - (x - mean) slope), or scale dy if the statistics are constant.
template <class T>
struct Derivative {
  const T *x, *mean, *scale, *mean_dy, *slope;

  template <class Vector>
  struct Of {
    const T* x;
    const Vector& vector;
    Vec<T> mean, scale, mean_dy, slope;
    Vec<T> operator()(Vec<T> dy, Index i) const {
      return scale * ((dy - mean_dy) - (vector.load(x + i) - mean) * slope);
    }
  };
  template <class Vector>
  Of<Vector> of(const Vector& vector, Index c) const {
    return {x, vector, vector.load(mean + c), vector.load(scale + c), vector.load(mean_dy + c), vector.load(slope + c)};
  }
};

template <class T>
struct ConstantDerivative {
  const T* scale;

  struct Of {
    Vec<T> scale;
    Vec<T> operator()(Vec<T> dy, Index) const { return scale * dy; }
  };
  template <class Vector>
  Of of(const Vector& vector, Index c) const {
    return {vector.load(scale + c)};
  }
};

// `factor`, the scale of dropout, applies to dy.
template <class T, class Rule>
void spread(const Pool2dShape& s, const T* dy, const std::uint8_t* argmax, T factor, T* dx, const Rule& rule) {
  const Index channels = s.channels, line = s.width * channels;
  const auto spread_row = [=](Index row, const auto& vector) {
    const Index first = first_pixel(s, row);
    // Pixels [begin, end) of a line are in no window.
    const auto outside = [&](Index at, Index begin, Index end) {
      vector.for_channels(channels, [&](Index c) {
        const auto derivative = rule.of(vector, c);
        for (Index i = at + begin * channels + c; i < at + end * channels; i += channels)
          vector.store(dx + i, derivative(Vec<T>{}, i));
      });
    };
    with_window(s, [&](Index pool_h, Index pool_w) __attribute__((always_inline)) {
      for (Index j = 0; j < s.out_width; ++j) {
        const Index from = first + j * pool_w * channels, at = (row * s.out_width + j) * channels;
        vector.for_channels(channels, [&](Index c) __attribute__((always_inline)) {
          const auto derivative = rule.of(vector, c);
          const Vec<T> gradient = vector.load(dy + at + c) * factor;
          const Indices<T> index = vector.load_indices(argmax + at + c);
          for (Index p = 0; p < pool_h; ++p)
            for (Index q = 0; q < pool_w; ++q) {
              const Index i = from + p * line + q * channels + c;
              const Indices<T> here = index == pooling::broadcast_index<T>(p * pool_w + q);
              vector.store(dx + i, derivative(here ? gradient : Vec<T>{}, i));
            }
        });
      }
      for (Index p = 0; p < pool_h; ++p) outside(first + p * line, s.out_width * pool_w, s.width);
    });
    if ((row + 1) % s.out_height == 0)
      for (Index p = s.pool_height; p < s.height - (s.out_height - 1) * s.pool_height; ++p)
        outside(first + p * line, 0, s.width);
  };
  each_part<T>(s, [&](Index begin, Index end, const auto& vector) {
    for (Index row = begin; row < end; ++row) spread_row(row, vector);
  });
}

}  // namespace pooled_normalization

// Windows are adjacent and lie inside the image (the strides equal the sides of the window). They have at most 255
// pixels. Pixels at the bottom and at the right that are in no window count in the statistics.
template <class T>
void batch_norm_max_pool2d_inference(const Pool2dShape& s, const T* x, const T* gamma, const T* beta, const T* mean,
                                     const T* variance, double epsilon, const Dropout& mask, T* y,
                                     std::uint8_t* argmax, T* x_at_max, T* inverse_std) {
  normalization::invert(variance, epsilon, inverse_std, s.channels);
  const Index rows = s.batch * s.height * s.width;
  if (rows == 0 || s.channels == 0) return;
  const normalization::Affine<T> affine(mean, inverse_std, gamma, beta, normalization::Lines(rows, s.channels));
  pooled_normalization::pool(s, x, affine, mask, {y, argmax, x_at_max});
}

template <class T>
void batch_norm_max_pool2d_forward(const Pool2dShape& s, const T* x, const T* gamma, const T* beta, double epsilon,
                                   const Dropout& mask, T* y, std::uint8_t* argmax, T* x_at_max, T* mean, T* variance,
                                   T* inverse_std) {
  const Index rows = s.batch * s.height * s.width;
  if (rows == 0 || s.channels == 0) return;  // Lines divides by the number of channels
  const normalization::Lines lines(rows, s.channels);
  normalization::moments(normalization::InMemory<T>{x, s.channels}, lines, mean, variance);
  batch_norm_max_pool2d_inference(s, x, gamma, beta, mean, variance, epsilon, mask, y, argmax, x_at_max, inverse_std);
}

// dx may be null. `constant`: the mean and variance do not depend on x (inference).
template <class T>
void batch_norm_max_pool2d_backward(const Pool2dShape& s, const T* dy, const std::uint8_t* argmax, const T* x_at_max,
                                    const T* x, const T* gamma, const T* mean, const T* inverse_std, bool constant,
                                    double rate, T* dx, T* dgamma, T* dbeta) {
  using namespace normalization;
  for (Index c = 0; c < s.channels; ++c) dgamma[c] = dbeta[c] = 0;
  const Index rows = s.batch * s.height * s.width;
  if (rows == 0 || s.channels == 0) return;
  const Lines pooled(s.batch * s.out_height * s.out_width, s.channels), lines(rows, s.channels);
  const Affine<T> affine(mean, inverse_std, gamma, static_cast<const T*>(nullptr), lines);
  const T factor = dropout_scale<T>(rate);
  // select() instead of ?:, which GCC 12 compiles to a branch wherever it does not vectorise. With SSE2 and 0.3 of the
  // elements dropped, ?: takes 3.7 ms instead of 1.5.
  const auto masked = [=, m = affine.mean](Index j) {
    return [=, mean_j = m[j]](Index i, T& centred) {
      centred = x_at_max[i] - mean_j;
      return math::select(argmax[i] != pooled_normalization::kNoArgmax, dy[i] * factor, T(0));
    };
  };
  gradient_sums<T>(pooled, masked, inverse_std, dgamma, dbeta);
  if (dx == nullptr) return;
  if (constant) {
    pooled_normalization::spread(s, dy, argmax, factor, dx, pooled_normalization::ConstantDerivative<T>{affine.scale});
    return;
  }
  const GradientStatistics<T> statistics(dgamma, dbeta, inverse_std, lines);
  pooled_normalization::spread(
      s, dy, argmax, factor, dx,
      pooled_normalization::Derivative<T>{x, affine.mean, affine.scale, statistics.mean_dy, statistics.slope});
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
