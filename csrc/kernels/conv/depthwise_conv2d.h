// Depthwise convolution: each channel has its own small filters and reads no other channel. It does few operations for
// the memory it accesses. The lanes of a vector are adjacent channels.
//
// The image is read in place. Rows and columns outside of it are read from a row of zeros: 0 times an infinite weight is
// NaN, as in the formula. Only three cases copy the input first: fewer channels than lanes, several filters a channel,
// and a mask.
#pragma once

#include "kernels/conv/depthwise_conv2d_rows.h"

namespace tinynet::TINYNET_ISA {
namespace {

// Multiplies each channel of the window, repeated `repeat` times, by its own taps[p][q][padded]. Then adds up groups of
// `reduce` adjacent channels. target.bias is padded too. Each row that is stored is given to
// after(band, row, input rows of its taps) at once.
template <class T, class After>
void depthwise_correlate(const Window<T>& w, Index repeat, Index reduce, const T* taps, const Target<T>& target,
                         const After& after) {
  const DepthwiseRows<T> all(w, repeat, taps, target.bias, target.relu);
  const Index used = all.input().channels(), padded = whole_vectors<T>(used);
  if (w.batch * w.grid_h * w.grid_w * used == 0) return;
  const auto bands = all.input().bands();
  parallel_for(bands.count, 1, [&](Index first_band, Index last_band) {
    const typename DepthwiseRows<T>::Memory memory(all);
    const Scratch<T> line(reduce > 1 ? w.grid_w * padded : 0);
    for (Index band = first_band; band < last_band; ++band) {
      const Index image = band / bands.each, first = band % bands.each * bands.rows;
      T* const begin = target.out + image * target.image + first * target.row;
      all.compute(
          image, first, min(bands.rows, w.grid_h - first), memory, reduce > 1 ? padded : target.col,
          [&](Index i) { return reduce > 1 ? static_cast<T*>(line) : begin + i * target.row; },
          [&](Index i, const T* const* rows) {
            if (reduce == 1) return after(band, begin + i * target.row, rows);
            for (Index k = 0; k < w.grid_w; ++k)
              for (Index c = 0; c < used / reduce; ++c) {
                T sum = 0;
                for (Index m = 0; m < reduce; ++m) sum += line[k * padded + c * reduce + m];
                begin[i * target.row + k * target.col + c] = sum;
              }
            after(band, begin + i * target.row, rows);
          });
    }
  });
}

// x[batch][height][width][channels], kernel[kh][kw][channels][multiplier], where s.filters = channels * multiplier. x
// counts as `normalized`, unless that is null.
template <class T>
void depthwise_forward(const Conv2dShape& s, const T* x, const Normalized<T>* normalized, const T* kernel,
                       const T* bias, T* y, bool relu) {
  const DepthwiseWeights<T> weights(s, kernel, bias);
  const Taps tap(s);
  const Window<T> window{x, nullptr, s.batch, s.height, s.width, s.channels, s.out_height, s.out_width,
                         s.stride_h, s.stride_w, s.kernel_height, s.kernel_width, tap.row, tap.col, normalized};
  depthwise_correlate<T>(window, s.filters / max(1, s.channels), 1, weights.taps,
                         {y, s.out_height * s.out_width * s.filters, s.out_width * s.filters, s.filters,
                          weights.bias(), relu},
                         [](Index, T*, const T* const*) {});
}

template <class T>
void depthwise_conv2d_forward(const Conv2dShape& s, const T* x, const T* kernel, const T* bias, T* y, bool relu) {
  depthwise_forward<T>(s, x, nullptr, kernel, bias, y, relu);
}

// A phase of the input gradient: pixels of dx that are read through the same taps of the kernel, `step` elements apart.
template <class T>
struct DepthwisePhase {
  const Window<T>& window;  // of dy
  const Index *row, *col;   // of the kernel: [window.taps_h], [window.taps_w]
  Index step;
};

// The input gradient in phases, as in conv2d_input_gradient_direct. with_phase(phase, correlate) calls correlate(after)
// once, with a function as of depthwise_correlate.
template <class T, class WithPhase>
void depthwise_input_gradient(const Conv2dShape& s, const T* dy, const T* kernel, const T* y, T* dx,
                              const WithPhase& with_phase) {
  const Index padded = whole_vectors<T>(s.filters), line = s.width * s.channels;
  const Scratch<Index> row(s.kernel_height), row_reach(s.kernel_height), col(s.kernel_width), col_reach(s.kernel_width);
  const Scratch<T> weights(s.kernel_height * s.kernel_width * padded);
  for (Index h = 0; h < min(s.stride_h, s.height); ++h)
    for (Index v = 0; v < min(s.stride_w, s.width); ++v) {
      const Index taps_h = taps_of_phase(h, s.kernel_height, s.stride_h, s.dilation_h, s.pad_top, row, row_reach);
      const Index taps_w = taps_of_phase(v, s.kernel_width, s.stride_w, s.dilation_w, s.pad_left, col, col_reach);
      T* const out = dx + h * line + v * s.channels;
      if (taps_h * taps_w == 0 || s.filters == 0) {
        zero_phase(s, h, v, dx);
        continue;
      }
      for (Index p = 0; p < taps_h; ++p)
        for (Index q = 0; q < taps_w; ++q)
          for (Index c = 0; c < padded; ++c)
            weights[(p * taps_w + q) * padded + c] =
                c < s.filters ? kernel[(row[p] * s.kernel_width + col[q]) * s.filters + c] : T(0);
      const Window<T> window{dy, y, s.batch, s.out_height, s.out_width, s.filters, ceil_div(s.height - h, s.stride_h),
                             ceil_div(s.width - v, s.stride_w), 1, 1, taps_h, taps_w, row_reach, col_reach};
      const Target<T> target{out, s.height * line, s.stride_h * line, s.stride_w * s.channels, nullptr, false};
      with_phase(DepthwisePhase<T>{window, row, col, target.col}, [&](const auto& after) {
        depthwise_correlate<T>(window, 1, s.filters / max(1, s.channels), weights, target, after);
      });
    }
}

template <class T>
void depthwise_conv2d_input_gradient(const Conv2dShape& s, const T* dy, const T* kernel, const T* y, T* dx) {
  depthwise_input_gradient<T>(s, dy, kernel, y, dx, [](const DepthwisePhase<T>&, const auto& correlate) {
    correlate([](Index, T*, const T* const*) {});
  });
}

// sums[p][q] += sum over a row's pixels of input * dy, for `taps_h` rows of `taps_w` taps and one vector of channels.
// The sums stay in registers, and each dy that is loaded serves all of them.
template <class T>
struct TapSums {
  const T* const* rows;    // [taps_h]
  const Index* columns;    // [taps_w], of the first output column
  const bool* inside;    // [width][inside_pitch]: whether a tap of this output column reads the image
  Index inside_pitch;
  Index width, begin, end, step;  // output columns; all taps of [begin, end) read the image
  const T* dy;
  Index dy_step;
  T* sums;  // sums[p * pitch_h + q * pitch_w]
  Index pitch_h, pitch_w;
  Index channel;  // of the first lane, in `rows`

  template <int taps_h, int taps_w>
  static __attribute__((noinline)) void add(const TapSums& s) {
    Vec<T> sum[taps_h][taps_w] = {};
    const auto edge = [&](Index j) __attribute__((always_inline)) {
      const Vec<T> d = load(s.dy + j * s.dy_step), zero{};
#pragma GCC unroll 3
      for (int q = 0; q < taps_w; ++q) {
        const bool is_inside = s.inside[j * s.inside_pitch + q];
        const Index at = j * s.step + s.columns[q] + s.channel;
#pragma GCC unroll 3
        for (int p = 0; p < taps_h; ++p) sum[p][q] += (is_inside ? load(s.rows[p] + at) : zero) * d;
      }
    };
    for (Index j = 0; j < s.begin; ++j) edge(j);
    const T* in[taps_h][taps_w];
#pragma GCC unroll 3
    for (int p = 0; p < taps_h; ++p)
#pragma GCC unroll 3
      for (int q = 0; q < taps_w; ++q) in[p][q] = s.rows[p] + s.columns[q] + s.channel;
    const T* d_at = s.dy + s.begin * s.dy_step;
    Index at = s.begin * s.step;
    for (Index j = s.begin; j < s.end; ++j, at += s.step, d_at += s.dy_step) {
      const Vec<T> d = load(d_at);
#pragma GCC unroll 3
      for (int p = 0; p < taps_h; ++p)
#pragma GCC unroll 3
        for (int q = 0; q < taps_w; ++q) sum[p][q] += load(in[p][q] + at) * d;
    }
    for (Index j = s.end; j < s.width; ++j) edge(j);
#pragma GCC unroll 3
    for (int p = 0; p < taps_h; ++p)
#pragma GCC unroll 3
      for (int q = 0; q < taps_w; ++q) {
        T* const out = s.sums + p * s.pitch_h + q * s.pitch_w;
        store(out, load(out) + sum[p][q]);
      }
  }

  // `add` for up to 3x3 taps: nine sums and a vector of dy fit the 16 registers of AVX2.
  static void add(const TapSums& s, Index taps_h, Index taps_w) {
    static constexpr void (*adders[3][3])(const TapSums&) = {{add<1, 1>, add<1, 2>, add<1, 3>},
                                                              {add<2, 1>, add<2, 2>, add<2, 3>},
                                                              {add<3, 1>, add<3, 2>, add<3, 3>}};
    adders[taps_h - 1][taps_w - 1](s);
  }
};

// dkernel[p][q][c][m] = sum over pixels of x[..p..q..][c] * dy[pixel][c*multiplier + m], dbias the sum of dy.
template <class T>
void depthwise_conv2d_weight_gradient(const Conv2dShape& s, const T* dy, const T* x, const T* y, T* dkernel, T* dbias) {
  constexpr Index lanes = VectorOf<T>::lanes;
  const Index padded = whole_vectors<T>(s.filters), taps = s.kernel_height * s.kernel_width;
  const Taps tap(s);
  const Window<T> w{x, nullptr, s.batch, s.height, s.width, s.channels, s.out_height, s.out_width,
                    s.stride_h, s.stride_w, s.kernel_height, s.kernel_width, tap.row, tap.col};
  const BandInput<T> input(w, s.filters / max(1, s.channels));
  const bool empty = s.batch * s.out_height * s.out_width * s.filters == 0;
  const auto bands = empty ? typename BandInput<T>::Bands{1, 1, 0} : input.bands();
  const Index parts = min(bands.count, kTasks), partial = (taps + 1) * padded;  // the last row is dbias
  const Scratch<T> partials(parts * partial);
  for (Index i = 0; i < parts * partial; ++i) partials[i] = 0;
  const bool copy_dy = y != nullptr || s.filters < lanes;
  const Index dy_pitch = copy_dy ? padded : s.filters, vectors = padded / lanes;
  const Zeros<T> zeros(empty ? 0 : input.zeros_size());
  const Scratch<Index> columns(s.kernel_width);
  const Scratch<bool> inside(w.grid_w * s.kernel_width);
  for (Index q = 0; q < s.kernel_width; ++q) {
    columns[q] = input.column_offset(q);
    for (Index j = 0; j < w.grid_w; ++j) inside[j * s.kernel_width + q] = input.is_inside(j, q);
  }
  parallel_for(parts, 1, [&](Index first_part, Index last_part) {
    const Scratch<T> slab(input.slab_size()), masked(copy_dy ? w.grid_w * padded : 0);
    const Scratch<const T*> rows(s.kernel_height);
    for (Index part = first_part; part < last_part; ++part)
      for (Index band = bands.count * part / parts; band < bands.count * (part + 1) / parts; ++band) {
        const Index image = band / bands.each, first = band % bands.each * bands.rows;
        const Index count = min(bands.rows, w.grid_h - first);
        for (Index i = 0; i < count; ++i) {
          input.find_rows(image, first, i, slab, zeros.memory, rows);
          const Index start = (image * w.grid_h + first + i) * w.grid_w * s.filters;
          if (copy_dy)
            for (Index j = 0; j < w.grid_w; ++j)
              for (Index c = 0; c < padded; c += lanes) {
                const Index at = start + j * s.filters + c;
                Vec<T> value = load_columns(dy + at, s.filters - c);
                if (y != nullptr) value = load_columns(y + at, s.filters - c) > Vec<T>{} ? value : Vec<T>{};
                store(masked + j * padded + c, value);
              }
          for (Index v = 0; v < vectors; ++v) {
            const Index c = first_channel<T>(v, s.filters);
            const T* const gradient = (copy_dy ? masked : dy + start) + c;
            T* const sums = partials + part * partial + v * lanes;
            TapSums<T> block{nullptr, nullptr, nullptr, s.kernel_width, w.grid_w, input.inside_begin(),
                             input.inside_end(), w.stride_w * input.pitch(), gradient, dy_pitch, nullptr,
                             s.kernel_width * padded, padded, c};
            for (Index p = 0; p < s.kernel_height; p += 3)
              for (Index q = 0; q < s.kernel_width; q += 3) {
                block.rows = rows + p, block.columns = columns + q, block.inside = inside + q;
                block.sums = sums + (p * s.kernel_width + q) * padded;
                TapSums<T>::add(block, min(3, s.kernel_height - p), min(3, s.kernel_width - q));
              }
            if (dbias != nullptr) {
              Vec<T> total{};
              for (Index j = 0; j < w.grid_w; ++j) total += load(gradient + j * dy_pitch);
              store(sums + taps * padded, load(sums + taps * padded) + total);
            }
          }
        }
      }
  });
  for (Index t = 0; t <= taps; ++t) {
    T* const out = t < taps ? dkernel == nullptr ? nullptr : dkernel + t * s.filters : dbias;
    if (out == nullptr) continue;
    for (Index v = 0; v < vectors; ++v) {
      const Index c = first_channel<T>(v, s.filters);
      for (Index lane = 0; lane < min(lanes, s.filters); ++lane) {
        T sum = 0;
        for (Index part = 0; part < parts; ++part) sum += partials[part * partial + t * padded + v * lanes + lane];
        out[c + lane] = sum;
      }
    }
  }
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
